/* A first test of a driver: it lives its whole life, carries frames, and leaves nothing behind. */
#include <pndis/pndis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { SEEDS = 100 };
static const uint8_t frame[60] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

static struct pndis_adapter *new_adapter(unsigned seed)
{
    struct pndis_machine *machine =
        pndis_machine_create(&(struct pndis_machine_options){.seed = seed});
    struct pndis_driver *driver = pndis_driver_load(machine, YOUR_DRIVER, NULL);
    struct pndis_adapter *adapter = pndis_adapter_add(machine, driver, NULL);

    assert_string_equal(pndis_adapter_state_name(adapter), "Paused"); /* Halted: initialize failed. */
    return adapter;
}

static void end(struct pndis_adapter *adapter)
{
    struct pndis_machine *machine = pndis_adapter_machine(adapter);

    assert_int_equal(pndis_machine_stop(machine), 0); /* Unbinds, halts, unloads: nothing is left. */
    assert_int_equal(pndis_violation_count(machine), 0);
    pndis_machine_destroy(machine);
}

static void frames_survive_a_pause(void **state)
{
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct pndis_adapter *adapter = new_adapter(seed);
        struct pndis_client *client = pndis_client_open(adapter, NULL);
        uint64_t sent = 0;

        assert_string_equal(pndis_adapter_state_name(adapter), "Running");
        assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), 0);
        assert_int_equal(pndis_adapter_pause(adapter), 0);
        assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), PNDIS_EBADSTATE);
        assert_int_equal(pndis_adapter_restart(adapter), 0);
        assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), 0);
        assert_int_equal(pndis_client_query(client, OID_GEN_XMIT_OK, &sent, 8, NULL, NULL), 0);
        assert_int_equal(sent, 2);
        end(adapter);
    }
}

static void each_allocation_may_fail(void **state)
{
    struct pndis_adapter *adapter = new_adapter(0);
    struct pndis_machine *machine = pndis_adapter_machine(adapter);
    bool fired = true;

    for (unsigned skip = 0; fired; skip++) {
        pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED);
        pndis_fault_arm(machine, skip);
        pndis_adapter_start(adapter);
        fired = pndis_fault_fired(machine);
        pndis_fault_disarm(machine);
    }
    end(adapter);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(frames_survive_a_pause),
                                              cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
