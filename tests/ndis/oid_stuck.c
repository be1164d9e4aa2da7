/*
 * OID_STUCK: a miniport completes every request that it was given, and RESET_1: its resets. NDIS
 * waits as long as the machine's timeout says and goes on without the answer; the request stays the
 * miniport's.
 */
#include "support/world.h"

enum { D0 = 0, D3 = 3, LIVE_TIMEOUT_NS = 100000000 };

static void
stays_initialized(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
}

static void
given_adapter(struct world *w,
              void (*edited)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics))
{
    miniport_reset();
    miniport.edit_characteristics = edited;
    miniport.edit_registration = stays_initialized;
    world_open_with(
        w, &(struct pndis_machine_options){.processors = 2, .timeout_ns = LIVE_TIMEOUT_NS});
    world_add_adapter(w);
}

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

/* On sim nothing is left that could happen. */
static void
expect_given_up(struct world *w, int result)
{
    expect(w, result == PNDIS_ETIMEDOUT || result == PNDIS_ESTALLED);
}

static void
a_request_of_ndis_is_completed(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w, NULL);
    miniport.oid = BY_HAND;
    expect_given_up(&w, pndis_adapter_set_power(w.adapter, D3));
    expect(&w, pndis_violation_at(w.machine, 1) == NULL);
    world_expect_violation_of(&w, "OID_STUCK", "has not completed OID 0xfd010102", "");

    world_as_driver(&w, complete_all, port_latest());
    world_settle(&w);
    miniport.oid = AT_ONCE;
    world_expect_clean(&w);
    expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
    world_close(&w);
}

/* --- who is to blame --- */

static VOID
cancel_nothing(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    (void)id;
}

static void
edit(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->CancelOidRequestHandler = cancel_nothing;
}

/* A request that the miniport has not seen is not the one that it does not complete. */
static void
the_request_in_front_is_the_one_that_is_named(void **state)
{
    struct world w;
    uint32_t id;

    (void)state;
    given_adapter(&w, edit);
    world_add_client(&w);
    miniport.oid = BY_HAND;
    expect_given_up(&w,
                    pndis_client_query(w.client, OID_GEN_VENDOR_ID, &id, sizeof(id), NULL, NULL));
    world_expect_clean(&w);
    expect_given_up(&w, pndis_adapter_set_power(w.adapter, D3));
    expect(&w, pndis_violation_at(w.machine, 1) == NULL);
    world_expect_violation_of(&w, "OID_STUCK", "has not completed OID 0x0001010c", "");

    miniport.oid = AT_ONCE;
    world_as_driver(&w, complete_all, port_latest());
    world_settle(&w);
    expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
    world_close(&w);
}

static void
complete_reset(void *argument)
{
    NdisMResetComplete(((struct port *)argument)->handle, NDIS_STATUS_SUCCESS, FALSE);
}

/* RESET_1: what waits for the end of a reset is held up by the reset. */
static void
a_reset_that_does_not_end_is_named_for_what_waits_for_it(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w, NULL);
    world_add_client(&w);
    miniport.reset = BY_HAND;
    expect_given_up(&w, pndis_adapter_reset(w.adapter));
    world_expect_clean(&w);
    expect_given_up(&w, pndis_adapter_set_power(w.adapter, D3));
    expect(&w, strstr(pndis_last_error(), "its reset") != NULL);
    expect(&w, pndis_violation_at(w.machine, 1) == NULL);
    world_expect_violation_of(&w, "RESET_1", "has not completed its reset", "");
    expect_given_up(&w, pndis_adapter_set_power(w.adapter, D3));
    world_expect_clean(&w);

    world_as_driver(&w, complete_reset, port_latest());
    world_settle(&w);
    expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
    world_close(&w);
}

static void
a_reset_is_completed_before_the_halt(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w, NULL);
    miniport.reset = BY_HAND;
    expect_given_up(&w, pndis_adapter_reset(w.adapter));
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation_of(&w, "RESET_1", "has not completed its reset", "");
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
    given_adapter(&w, NULL);
    miniport.oid = BY_HAND;
    expect_given_up(&w, pndis_adapter_set_power(w.adapter, D3));
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
        cmocka_unit_test(the_request_in_front_is_the_one_that_is_named),
        cmocka_unit_test(a_reset_that_does_not_end_is_named_for_what_waits_for_it),
        cmocka_unit_test(a_reset_is_completed_before_the_halt),
        cmocka_unit_test(a_request_is_completed_before_the_halt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
