/* NDIS 5 miniports as a host program has them: modules, compiled with nothing but the 5.0 or 5.1
 * face of ndis.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pndis/pndis.h>

enum { FRAME = 200 };

static void
echo(const char *module, uint16_t version)
{
    struct pndis_machine *machine = pndis_machine_create(
        &(struct pndis_machine_options){.seed = 1, .policy = PNDIS_POLICY_RECORD});
    struct pndis_driver *driver;
    struct pndis_adapter *adapter;
    struct pndis_client *client;
    uint16_t answered = 0;
    uint8_t frame[FRAME];
    uint8_t got[FRAME];
    size_t bytes = 0;

    assert_non_null(machine);
    driver = pndis_driver_load(machine, module, NULL);
    assert_non_null(driver);
    adapter = pndis_adapter_add(machine, driver, NULL);
    assert_non_null(adapter);
    client = pndis_client_open(adapter, NULL);
    assert_non_null(client);
    memset(frame, 0x37, sizeof(frame));
    memset(frame, 0xff, 6);
    assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), 0);
    assert_int_equal(pndis_machine_run(machine, 5000000000ull), 0);
    assert_int_equal(pndis_client_take(client, got, sizeof(got)), FRAME);
    assert_memory_equal(got, frame, FRAME);
    assert_int_equal(pndis_client_query(client, 0x00010110 /* OID_GEN_DRIVER_VERSION */, &answered,
                                        sizeof(answered), &bytes, NULL),
                     0);
    assert_int_equal(answered, version);
    assert_int_equal(pndis_client_close(client), 0);
    assert_string_equal(pndis_adapter_state_name(adapter), "Halted");
    assert_int_equal(pndis_driver_unload(driver), 0);
    assert_int_equal(pndis_violation_count(machine), 0);
    pndis_machine_destroy(machine);
}

static void
an_ndis_5_1_module_lives_its_whole_life(void **state)
{
    (void)state;
    echo(TEST_ECHO51, 0x0501);
}

static void
an_ndis_5_0_module_too(void **state)
{
    (void)state;
    echo(TEST_ECHO50, 0x0500);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ndis_5_1_module_lives_its_whole_life),
        cmocka_unit_test(an_ndis_5_0_module_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
