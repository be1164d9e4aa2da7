/*
 * OID_STUCK: a miniport completes every request that it was given. NDIS waits as long as the
 * machine's timeout says and goes on without the answer; the request stays the miniport's.
 */
#include "support/world.h"

enum { D0 = 0, D3 = 3, LIVE_TIMEOUT_NS = 100000000 };

static void
stays_initialized(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
}

static void
given_adapter(struct world *w)
{
    miniport_reset();
    miniport.edit_registration = stays_initialized;
    world_open_with(
        w, &(struct pndis_machine_options){.processors = 2, .timeout_ns = LIVE_TIMEOUT_NS});
    world_add_adapter(w);
}

/* OID_PNP_QUERY_POWER, and OID_PNP_SET_POWER that waits behind it. */
static void
complete_all(void *argument)
{
    struct port *port = argument;

    while (port->request != NULL) {
        PNDIS_OID_REQUEST request = port->request;

        port->request = NULL;
        NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_SUCCESS);
    }
}

static void
a_request_of_ndis_is_completed(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    miniport.oid = BY_HAND;
    expect(&w, pndis_adapter_set_power(w.adapter, D3) == PNDIS_EDRIVER);
    world_expect_violation_of(&w, "OID_STUCK", "has not completed OID 0xfd010102", "");

    world_as_driver(&w, complete_all, port_latest());
    world_settle(&w);
    world_as_driver(&w, complete_all, port_latest());
    miniport.oid = AT_ONCE;
    world_expect_clean(&w);
    expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
    world_close(&w);
}

/* What a driver never gives back is not freed, also when its machine is destroyed. */
static PNDIS_OID_REQUEST volatile kept_for_ever;

/* "NDIS does not call MiniportHaltEx if there are outstanding OID requests": not without a word. */
static void
a_request_is_completed_before_the_halt(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    miniport.oid = BY_HAND;
    expect(&w, pndis_adapter_set_power(w.adapter, D3) == PNDIS_EDRIVER);
    pndis_violations_clear(w.machine);
    kept_for_ever = port_latest()->request;
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation_of(&w, "OID_STUCK", "before its halt", "");
    expect_state(&w, "Halted");
    world_discard(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_ndis_is_completed),
        cmocka_unit_test(a_request_is_completed_before_the_halt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
