/* MiniportShutdownEx, when the system goes down and when it crashes: MINIPORT_SHUTDOWN. */
#include "ndis/halt_world.h"

static struct {
    unsigned calls;
    NDIS_SHUTDOWN_ACTION action;
    KIRQL level;
} shutdown_seen;

static VOID
see_shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
    (void)context;
    shutdown_seen.calls++;
    shutdown_seen.action = action;
    shutdown_seen.level = KeGetCurrentIrql();
}

static VOID
free_in_shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
    struct port *port = context;

    see_shutdown(context, action);
    NdisFreeNetBufferListPool(port->pool);
}

static void
use_see_shutdown(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->ShutdownHandlerEx = see_shutdown;
}

static void
use_free_in_shutdown(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->ShutdownHandlerEx = free_in_shutdown;
}

static void
ask_for_bug_checks(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK;
}

static void
prepare_shutdown(void)
{
    memset(&shutdown_seen, 0, sizeof(shutdown_seen));
    miniport.edit_characteristics = use_see_shutdown;
}

static void
power_off(struct world *w)
{
    world_add_adapter(w);
    expect(w, pndis_adapter_shutdown(w->adapter, false) == 0);
    expect(w, shutdown_seen.calls == 1 && shutdown_seen.action == NdisShutdownPowerOff);
    expect(w, shutdown_seen.level == PASSIVE_LEVEL);
    expect_state(w, "Shutdown");
    world_close(w);
    expect(w, seen.halts == 0 && miniport.unloads == 0);
}

static void
a_shutdown_of_the_system_is_told_at_passive_level(void **state)
{
    (void)state;
    under_seeds(prepare_shutdown, power_off);
}

static void
bug_check(struct world *w)
{
    miniport.edit_registration = ask_for_bug_checks;
    world_add_adapter(w);
    expect(w, pndis_adapter_shutdown(w->adapter, true) == 0);
    expect(w, shutdown_seen.calls == 1 && shutdown_seen.action == NdisShutdownBugCheck);
    expect(w, shutdown_seen.level > DISPATCH_LEVEL);
    world_close(w);
}

static void
bug_check_unasked(struct world *w)
{
    world_add_adapter(w);
    expect(w, pndis_adapter_shutdown(w->adapter, true) == PNDIS_EUNSUPPORTED);
    expect(w, shutdown_seen.calls == 0);
    expect_state(w, "Paused");
    world_close(w);
}

static void
prepare_old_shutdown(void)
{
    prepare_shutdown();
    miniport.version = 0x00060014;
}

static void
bug_check_of_old(struct world *w)
{
    world_add_adapter(w);
    expect(w, pndis_adapter_shutdown(w->adapter, true) == 0);
    expect(w, shutdown_seen.calls == 1 && shutdown_seen.action == NdisShutdownBugCheck);
    world_close(w);
}

/* From NDIS 6.30 on it has to be asked for in the registration attributes. */
static void
a_bug_check_is_told_at_a_high_level_to_who_asked(void **state)
{
    (void)state;
    under_seeds(prepare_shutdown, bug_check);
    under_seeds(prepare_shutdown, bug_check_unasked);
    under_seeds(prepare_old_shutdown, bug_check_of_old);
}

static void
bug_check_that_frees(struct world *w)
{
    miniport.edit_characteristics = use_free_in_shutdown;
    miniport.edit_registration = ask_for_bug_checks;
    world_add_adapter(w);
    expect(w, pndis_adapter_shutdown(w->adapter, true) == 0);
    world_expect_violation(w, "CALL_IRQL");
    world_close(w);
}

/* "Must not call any NdisXxx functions except those functions that can be called at any IRQL." */
static void
nothing_is_freed_in_a_bug_check(void **state)
{
    (void)state;
    under_seeds(prepare_shutdown, bug_check_that_frees);
}

static void
asked_after_shutdown(struct world *w)
{
    ULONG id;
    unsigned oids;

    miniport.edit_registration = ask_for_bug_checks;
    world_add_adapter(w);
    world_add_client(w);
    expect(w, pndis_adapter_shutdown(w->adapter, w->seed % 2) == 0);
    oids = port_latest()->oids;
    expect(w, pndis_client_query(w->client, OID_GEN_VENDOR_ID, &id, sizeof(id), NULL, NULL) ==
                  PNDIS_EDRIVER);
    expect(w, port_latest()->oids == oids);
    world_close(w);
}

/* "Miniport Adapter States and Operations": in Shutdown there are no OID requests. */
static void
after_its_shutdown_a_miniport_gets_no_requests(void **state)
{
    (void)state;
    under_seeds(prepare_shutdown, asked_after_shutdown);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shutdown_of_the_system_is_told_at_passive_level),
        cmocka_unit_test(a_bug_check_is_told_at_a_high_level_to_who_asked),
        cmocka_unit_test(nothing_is_freed_in_a_bug_check),
        cmocka_unit_test(after_its_shutdown_a_miniport_gets_no_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
