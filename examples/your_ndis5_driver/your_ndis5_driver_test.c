/* A test of an NDIS 5 driver: it carries frames, is halted on each occasion, and leaves nothing behind. */
#include <pndis/pndis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { SEEDS = 100, MS = 1000000 };
static const uint8_t frame[60] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

static struct pndis_adapter *new_adapter(unsigned seed, const char *module, enum pndis_policy policy)
{
    struct pndis_machine *machine =
        pndis_machine_create(&(struct pndis_machine_options){.seed = seed, .policy = policy});
    struct pndis_driver *driver = pndis_driver_load(machine, module, NULL);
    struct pndis_adapter *adapter = pndis_adapter_add(machine, driver, NULL);

    assert_string_equal(pndis_adapter_state_name(adapter), "Paused"); /* Halted: initialize failed. */
    return adapter;
}

static void end(struct pndis_machine *machine)
{
    assert_int_equal(pndis_machine_stop(machine), 0);
    assert_int_equal(pndis_violation_count(machine), 0);
    pndis_machine_destroy(machine);
}

static void send_and_receive(struct pndis_client *client)
{
    struct pndis_machine *machine = pndis_adapter_machine(pndis_client_adapter(client));
    uint8_t received[sizeof(frame)];

    assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), 0);
    assert_int_equal(pndis_machine_run(machine, 2 * MS), 0);
    assert_int_equal(pndis_client_take(client, received, sizeof(received)), sizeof(frame));
    assert_memory_equal(received, frame, sizeof(frame));
}

static void frames_survive_pause_reset_and_sleep(void **state)
{
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct pndis_adapter *adapter = new_adapter(seed, YOUR_DRIVER, PNDIS_POLICY_STOP);
        struct pndis_client *client = pndis_client_open(adapter, NULL);

        send_and_receive(client);
        assert_int_equal(pndis_adapter_pause(adapter), 0); /* The driver knows nothing of it. */
        assert_int_equal(pndis_adapter_restart(adapter), 0);
        send_and_receive(client);
        assert_int_equal(pndis_adapter_reset(adapter), 0); /* MiniportReset */
        send_and_receive(client);
        assert_int_equal(pndis_adapter_set_power(adapter, 3), 0); /* MiniportHalt: it has no power OIDs ... */
        assert_int_equal(pndis_adapter_set_power(adapter, 0), 0); /* ... MiniportInitialize */
        send_and_receive(client);
        end(pndis_adapter_machine(adapter));
    }
}

/* What makes NDIS halt it. Each is called while a frame is on its way. */
static void last_unbind(struct pndis_client *client) { pndis_client_close(client); }
static void disable(struct pndis_client *client) { pndis_adapter_stop(pndis_client_adapter(client), PNDIS_HALT_DISABLED); }
static void remove_it(struct pndis_client *client) { pndis_adapter_remove(pndis_client_adapter(client)); }
static void pull_it_out(struct pndis_client *client) { pndis_adapter_surprise_remove(pndis_client_adapter(client)); }
static void shut_down(struct pndis_client *client) { pndis_adapter_shutdown(pndis_client_adapter(client), false); }

static void it_is_halted_on_each_occasion(void **state)
{
    static void (*const occasions[])(struct pndis_client *client) = {last_unbind, disable, remove_it, pull_it_out, shut_down};

    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct pndis_adapter *adapter = new_adapter(seed, YOUR_DRIVER, PNDIS_POLICY_STOP);
        struct pndis_machine *machine = pndis_adapter_machine(adapter);
        struct pndis_client *client = pndis_client_open(adapter, NULL);
        struct pndis_log *log = pndis_log_open(machine, PNDIS_LOG_CALLBACKS);

        assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), 0);
        assert_int_equal(pndis_machine_run(machine, MS - 20000 + seed * 400), 0); /* Its timer is due about now. */
        occasions[seed % 5](client);
        assert_non_null(strstr(pndis_log_text(log), "< MiniportHalt\n"));
        end(machine);
    }
}

static void each_allocation_may_fail(void **state)
{
    struct pndis_adapter *adapter = new_adapter(0, YOUR_DRIVER, PNDIS_POLICY_STOP);
    struct pndis_machine *machine = pndis_adapter_machine(adapter);
    bool fired = true;

    for (unsigned skip = 0; fired; skip++) {
        pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED);
        pndis_fault_arm(machine, skip);
        pndis_adapter_start(adapter);
        fired = pndis_fault_fired(machine);
        pndis_fault_disarm(machine);
    }
    end(machine);
}

static void what_it_forgets_is_named(void **state)
{
    struct pndis_adapter *adapter = new_adapter(0, YOUR_FORGETFUL_DRIVER, PNDIS_POLICY_RECORD);
    struct pndis_machine *machine = pndis_adapter_machine(adapter);
    const struct pndis_violation *leak;

    pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED);
    leak = pndis_violation_of(machine, "LEAK_HALT");
    assert_non_null(leak);
    assert_string_equal(leak->message, "eth0 left a packet pool behind, acquired for eth0 with "
                                       "NdisAllocatePacketPool in MiniportInitialize");
    assert_string_equal(leak->call, "MiniportHalt");
    pndis_machine_destroy(machine);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(frames_survive_pause_reset_and_sleep),
                                              cmocka_unit_test(it_is_halted_on_each_occasion),
                                              cmocka_unit_test(each_allocation_may_fail),
                                              cmocka_unit_test(what_it_forgets_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
