/*
 * What does not go on while an adapter sleeps: requests, also those that NDIS could answer
 * ("Handling a Set Power Request"), checks for hang and resets; and a miniport that is resetting
 * when it is told to sleep (OID_PNP_SET_POWER).
 */
#include "support/data_path.h"

enum { SEEDS = 40, D3 = 3, REFUSALS = 3 };

static const uint64_t second_ns = 1000000000;
static ULONG attribute_flags;
static unsigned refusals;

static void
edit_attributes(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= attribute_flags;
}

static NDIS_STATUS
refuse_while_resetting(struct port *port, PNDIS_OID_REQUEST request)
{
    (void)port;
    if (request->DATA.SET_INFORMATION.Oid == OID_PNP_QUERY_POWER) {
        return NDIS_STATUS_SUCCESS;
    }
    if (request->DATA.SET_INFORMATION.Oid == OID_PNP_SET_POWER && refusals != 0) {
        refusals--;
        return NDIS_STATUS_NOT_ACCEPTED;
    }
    return NDIS_STATUS_NOT_RECOGNIZED;
}

static void
with_flags(ULONG flags, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        attribute_flags = flags;
        refusals = 0;
        miniport.on_oid = refuse_while_resetting;
        miniport.edit_registration = edit_attributes;
        data_path_up(&w, seed);
        test(&w);
        world_close(&w);
    }
}

static void
set_power(struct world *w, unsigned state)
{
    expect(w, pndis_adapter_set_power(w->adapter, state) == 0);
}

/* --- requests --- */

static void
query_speed(void *argument)
{
    static NDIS_LINK_SPEED speed;
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestQueryInformation,
    };

    request.DATA.QUERY_INFORMATION.Oid = OID_GEN_MAX_LINK_SPEED;
    request.DATA.QUERY_INFORMATION.InformationBuffer = &speed;
    request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(speed);
    *(NDIS_STATUS *)argument = opening_request(opening_latest(), &request);
}

static void
asked_asleep(struct world *w)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;

    world_as_driver(w, query_speed, &status);
    expect(w, status == NDIS_STATUS_SUCCESS);
    set_power(w, D3);
    world_as_driver(w, query_speed, &status);
    expect(w, status == NDIS_STATUS_LOW_POWER_STATE);
    set_power(w, 0);
    world_as_driver(w, query_speed, &status);
    expect(w, status == NDIS_STATUS_SUCCESS);
}

static void
ndis_answers_nothing_for_a_sleeping_adapter(void **state)
{
    (void)state;
    with_flags(NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND, asked_asleep);
    with_flags(0, asked_asleep);
}

/* --- resets --- */

static void
ask_for_reset(void *argument)
{
    (void)argument;
    NdisMResetMiniport(port_latest()->handle);
}

static void
hung_asleep(struct world *w)
{
    unsigned checks;

    set_power(w, D3);
    checks = port_latest()->hang_checks;
    miniport.hung = true;
    world_as_driver(w, ask_for_reset, NULL);
    expect(w, pndis_machine_run(w->machine, 10 * second_ns) == 0);
    expect(w, port_latest()->hang_checks == checks && port_latest()->resets == 0);
    set_power(w, 0);
    expect(w, pndis_machine_run(w->machine, 10 * second_ns) == 0);
    expect(w, port_latest()->hang_checks > checks && port_latest()->resets == 1);
}

static void
a_sleeping_miniport_is_neither_checked_nor_reset(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip(); /* Seconds of real time. */
    }
    with_flags(NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND, hung_asleep);
}

static void
resets_before_sleep(struct world *w)
{
    refusals = REFUSALS;
    set_power(w, D3);
    expect(w, refusals == 0 && port_latest()->power == NdisDeviceStateD3);
    refusals = 1;
    set_power(w, 0);
    expect(w, refusals == 0 && port_latest()->power == NdisDeviceStateD0);
}

static void
a_miniport_that_is_resetting_is_told_again(void **state)
{
    (void)state;
    with_flags(NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND, resets_before_sleep);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ndis_answers_nothing_for_a_sleeping_adapter),
        cmocka_unit_test(a_sleeping_miniport_is_neither_checked_nor_reset),
        cmocka_unit_test(a_miniport_that_is_resetting_is_told_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
