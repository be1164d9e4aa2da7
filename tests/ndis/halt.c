/*
 * The ends of an adapter as its driver sees them: MiniportHaltEx and its HaltAction, what NDIS
 * waits for before it, MiniportDriverUnload. MINIPORT_HALT, MINIPORT_UNLOAD, "Halting a Miniport
 * Adapter".
 */
#include "ndis/halt_world.h"
#include "support/story.h"
#include "support/worker.h"

/* --- HaltAction --- */

static void
halt_with_each_action(struct world *w)
{
    static const NDIS_HALT_ACTION expected[] = {
        [PNDIS_HALT_DISABLED] = 0,              /* NdisHaltDeviceDisabled */
        [PNDIS_HALT_DEINITIALIZED] = 1,         /* NdisHaltDeviceInstanceDeInitialized */
        [PNDIS_HALT_POWERED_DOWN] = 2,          /* NdisHaltDevicePoweredDown */
        [PNDIS_HALT_SURPRISE_REMOVED] = 3,      /* NdisHaltDeviceSurpriseRemoved */
        [PNDIS_HALT_FAILED] = 4,                /* NdisHaltDeviceFailed */
        [PNDIS_HALT_INITIALIZATION_FAILED] = 5, /* NdisHaltDeviceInitializationFailed */
        [PNDIS_HALT_STOPPED] = 6,               /* NdisHaltDeviceStopped */
    };

    world_add_adapter(w);
    for (unsigned i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        expect(w, pndis_adapter_stop(w->adapter, (enum pndis_halt_action)i) == 0);
        expect(w, seen.halts == i + 1 && seen.action == expected[i]);
        expect(w, seen.level == PASSIVE_LEVEL);
        expect(w, pndis_adapter_start(w->adapter) == 0);
    }
    expect(w, pndis_adapter_stop(w->adapter, (enum pndis_halt_action)99) == PNDIS_EINVAL);
    world_close(w);
}

static void
the_halt_action_says_why(void **state)
{
    (void)state;
    under_seeds(NULL, halt_with_each_action);
}

static void
ask_for_removal(void *argument)
{
    (void)argument;
    NdisMRemoveMiniport(port_latest()->handle);
}

static void
remove_miniport(struct world *w)
{
    world_add_adapter(w);
    world_add_client(w);
    world_as_driver(w, ask_for_removal, NULL);
    world_settle(w);
    expect(w, seen.halts == 1 && seen.action == NdisHaltDeviceFailed);
    expect_state(w, "Halted");
    world_close(w);
}

/* "Either the miniport driver called NdisMRemoveMiniport or ..." */
static void
a_driver_can_have_its_failed_device_removed(void **state)
{
    (void)state;
    under_seeds(NULL, remove_miniport);
}

/* --- what NDIS waits for --- */

static void
query_vendor(void *argument)
{
    ULONG value;
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestQueryInformation,
    };

    request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    request.DATA.QUERY_INFORMATION.InformationBuffer = &value;
    request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(value);
    opening_request(argument, &request);
}

static struct worker querier;

static void
begin_query(void *argument)
{
    worker_start(&querier, query_vendor, argument);
}

static void
end_query(void *argument)
{
    (void)argument;
    worker_join(&querier);
}

static bool
is_running(void *user)
{
    return pndis_adapter_state(user) == PNDIS_RUNNING;
}

static LONG asked;

static NDIS_STATUS
note_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    NDIS_STATUS status = port_oid_request(context, request);

    if (request->RequestType == NdisRequestQueryInformation) {
        InterlockedExchange(&asked, 1);
    }
    return status;
}

static void
use_note_request(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->OidRequestHandler = note_request;
}

static bool
was_asked(void *user)
{
    (void)user;
    return InterlockedCompareExchange(&asked, 0, 0) != 0;
}

static void
prepare_requests(void)
{
    asked = 0;
    miniport.edit_characteristics = use_note_request;
}

static void
halt_with_request(struct world *w)
{
    uint8_t frame[60];

    make_frame_bytes(frame, sizeof(frame), 1);
    world_add_adapter(w);
    world_load_protocol(w);
    expect(w, pndis_machine_run_until(w->machine, is_running, w->adapter, 0) == 0);
    world_add_client(w);
    world_settle(w);
    miniport.oid = FROM_TIMER;
    miniport.send_when = FROM_TIMER;
    world_as_driver(w, begin_query, opening_latest());
    expect(w, pndis_machine_run_until(w->machine, was_asked, NULL, 0) == 0);
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, seen.halts == 1 && !seen.request_pending && seen.sends_in_hand == 0);
    world_as_driver(w, end_query, NULL);
    world_close(w);
}

/* "NDIS does not call MiniportHaltEx if there are outstanding OID requests or send requests." */
static void
a_halt_comes_after_all_requests_and_sends(void **state)
{
    (void)state;
    under_seeds(prepare_requests, halt_with_request);
}

static void
nothing_after_halt(struct world *w)
{
    struct story calls = story_open(w, PNDIS_LOG_CALLBACKS);

    world_add_adapter(w);
    world_add_client(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    STORY_HAS_IN_ORDER(&calls, "eth0: > MiniportInitializeEx", "eth0: > MiniportRestart",
                       "eth0: > MiniportPause", "eth0: > MiniportHaltEx", "eth0: < MiniportHaltEx");
    story_forget(&calls);
    world_settle(w);
    expect(w, pndis_adapter_reset(w->adapter) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_power_profile(w->adapter, true) == PNDIS_EBADSTATE);
    story_has_not(&calls, "eth0: >");
    world_close(w);
}

static void
after_a_halt_the_adapter_is_left_alone(void **state)
{
    (void)state;
    under_seeds(NULL, nothing_after_halt);
}

/* --- unload --- */

static VOID
forget_to_deregister(PDRIVER_OBJECT object)
{
    (void)object;
    miniport.unloads++;
}

static void
use_forgetful_unload(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->UnloadHandler = forget_to_deregister;
}

static void
unload_registered(struct world *w)
{
    miniport.edit_characteristics = use_forgetful_unload;
    world_add_adapter(w);
    expect(w, pndis_driver_unload(w->driver) == 0);
    expect(w, seen.halts == 1 && miniport.unloads == 1);
    world_expect_violation_of(w, "LEAK_UNLOAD", "registration", "miniport_entry");
    world_close(w);
}

static void
an_unload_deregisters(void **state)
{
    (void)state;
    under_seeds(NULL, unload_registered);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_halt_action_says_why),
        cmocka_unit_test(a_driver_can_have_its_failed_device_removed),
        cmocka_unit_test(a_halt_comes_after_all_requests_and_sends),
        cmocka_unit_test(after_a_halt_the_adapter_is_left_alone),
        cmocka_unit_test(an_unload_deregisters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
