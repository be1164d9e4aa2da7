/*
 * The ends of an adapter as its driver sees them: MiniportHaltEx and its HaltAction, what must not
 * be under way any more when it returns, MiniportShutdownEx, MiniportDriverUnload. MINIPORT_HALT,
 * MINIPORT_SHUTDOWN, MINIPORT_UNLOAD, "Halting a Miniport Adapter".
 */
#include "support/miniport_parts.h"
#include "support/protocol.h"
#include "support/story.h"
#include "support/worker.h"

enum { SEEDS = 40, TAG = 'tlaH', SOON_MS = 5 };

static struct {
    unsigned halts;
    NDIS_HALT_ACTION action;
    KIRQL level;
    bool request_pending;
    unsigned sends_in_hand;
} seen;

static void
see_halt(struct port *port, NDIS_HALT_ACTION action)
{
    seen.halts++;
    seen.action = action;
    seen.level = KeGetCurrentIrql();
    seen.request_pending = port->request != NULL;
    seen.sends_in_hand = port->sends_in_hand;
}

static void
under_seeds(void (*prepare)(void), void (*test)(struct world *w))
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        memset(&seen, 0, sizeof(seen));
        miniport.on_halt = see_halt;
        if (prepare != NULL) {
            prepare();
        }
        world_open(&w, seed);
        test(&w);
    }
}

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

/* --- timers and work items --- */

static struct {
    NDIS_HANDLE timer;
    NDIS_HANDLE item;
    KTIMER *kernel_timer;
    LONG period_ms;
    LONG fired;
    LONG halted; /* MiniportHaltEx has returned. */
    LONG fired_after_halt;
    LONG worked;
} objects;

static VOID
on_timer(PVOID specific1, PVOID context, PVOID specific2, PVOID specific3)
{
    (void)specific1;
    (void)context;
    (void)specific2;
    (void)specific3;
    InterlockedIncrement(InterlockedCompareExchange(&objects.halted, 0, 0) == 0
                             ? &objects.fired
                             : &objects.fired_after_halt);
}

static NDIS_STATUS
set_timer(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    LARGE_INTEGER due = {.QuadPart = -10000LL * SOON_MS};
    NDIS_TIMER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1},
        .AllocationTag = TAG,
        .TimerFunction = on_timer,
    };
    NDIS_STATUS status = NdisAllocateTimerObject(port->handle, &characteristics, &objects.timer);

    (void)parameters;
    if (status == NDIS_STATUS_SUCCESS) {
        NdisSetTimerObject(objects.timer, due, objects.period_ms, NULL);
    }
    return status;
}

static void
cancel_and_free(struct port *port, NDIS_HALT_ACTION action)
{
    NdisCancelTimerObject(objects.timer);
    see_halt(port, action);
    NdisFreeTimerObject(objects.timer);
}

static void
free_while_set(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisFreeTimerObject(objects.timer);
}

static void
prepare_timer(void)
{
    memset(&objects, 0, sizeof(objects));
    miniport.on_initialize = set_timer;
}

static void
prepare_periodic(void)
{
    prepare_timer();
    objects.period_ms = SOON_MS;
}

static void
stop_and_wait(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    InterlockedExchange(&objects.halted, 1);
    world_settle(w);
    expect(w, InterlockedCompareExchange(&objects.fired_after_halt, 0, 0) == 0);
}

static void
timer_at_once(struct world *w)
{
    miniport.on_halt = cancel_and_free;
    world_add_adapter(w);
    stop_and_wait(w);
    world_close(w);
}

static void
timer_after_a_while(struct world *w)
{
    miniport.on_halt = cancel_and_free;
    world_add_adapter(w);
    world_settle(w);
    expect(w, InterlockedCompareExchange(&objects.fired, 0, 0) >= (objects.period_ms == 0 ? 1 : 2));
    stop_and_wait(w);
    world_close(w);
}

static void
a_halt_that_cancels_its_timers_is_in_order(void **state)
{
    (void)state;
    under_seeds(prepare_timer, timer_at_once);
    under_seeds(prepare_timer, timer_after_a_while);
    under_seeds(prepare_periodic, timer_at_once);
    under_seeds(prepare_periodic, timer_after_a_while);
}

static void
timer_freed_while_set(struct world *w)
{
    miniport.on_halt = free_while_set;
    world_add_adapter(w);
    stop_and_wait(w);
    world_expect_violation(w, "TIMER_FREE");
    world_close(w);
}

static void
a_timer_that_is_set_is_not_freed(void **state)
{
    (void)state;
    under_seeds(prepare_periodic, timer_freed_while_set);
}

static void
timer_left_set(struct world *w)
{
    world_add_adapter(w);
    stop_and_wait(w);
    world_expect_violation_of(w, "LEAK_HALT", "a timer", "set_timer");
    world_close(w);
}

/* It is named, and never calls the driver again. */
static void
a_timer_that_is_left_set_is_reported_and_stopped(void **state)
{
    (void)state;
    under_seeds(prepare_timer, timer_left_set);
    under_seeds(prepare_periodic, timer_left_set);
}

static VOID
work(PVOID context, NDIS_HANDLE item)
{
    (void)context;
    (void)item;
    InterlockedIncrement(&objects.worked);
}

static NDIS_STATUS
allocate_item(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    objects.item = NdisAllocateIoWorkItem(port->handle);
    return objects.item == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

static void
queue_and_free(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisQueueIoWorkItem(objects.item, work, NULL);
    NdisFreeIoWorkItem(objects.item);
}

static void
queue_and_leave(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisQueueIoWorkItem(objects.item, work, NULL);
}

static void
queue_wait_and_free(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisQueueIoWorkItem(objects.item, work, NULL);
    while (InterlockedCompareExchange(&objects.worked, 0, 0) == 0) {
        NdisMSleep(100);
    }
    NdisFreeIoWorkItem(objects.item);
}

static void
prepare_item(void)
{
    memset(&objects, 0, sizeof(objects));
    miniport.on_initialize = allocate_item;
}

static void
item_waited_for(struct world *w)
{
    miniport.on_halt = queue_wait_and_free;
    world_add_adapter(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, objects.worked == 1);
    world_close(w);
}

static void
a_halt_that_waits_for_its_work_items_is_in_order(void **state)
{
    (void)state;
    under_seeds(prepare_item, item_waited_for);
}

static void
item_left(struct world *w)
{
    miniport.on_halt = queue_and_leave;
    world_add_adapter(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation_of(w, "LEAK_HALT", "a work item", "allocate_item");
    world_settle(w);
    world_close(w);
}

static void
a_work_item_that_is_left_queued_is_reported(void **state)
{
    (void)state;
    under_seeds(prepare_item, item_left);
}

/* On sim nothing runs between the two calls under at least one seed; on live it may. */
static void
a_work_item_that_is_queued_is_not_freed(void **state)
{
    unsigned reported = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        memset(&seen, 0, sizeof(seen));
        prepare_item();
        miniport.on_halt = queue_and_free;
        world_open(&w, seed);
        world_add_adapter(&w);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        if (pndis_violation_of(w.machine, "WORK_ITEM_QUEUED") != NULL) {
            reported++;
            pndis_violations_clear(w.machine);
        }
        world_close(&w);
    }
    assert_true(reported > 0 || world_is_live());
}

static NDIS_STATUS
set_kernel_timer(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    LARGE_INTEGER due = {.QuadPart = -10000LL * 1000 * 10};

    (void)parameters;
    objects.kernel_timer =
        NdisAllocateMemoryWithTagPriority(port->handle, sizeof(KTIMER), TAG, NormalPoolPriority);
    if (objects.kernel_timer == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    KeInitializeTimer(objects.kernel_timer);
    KeSetTimer(objects.kernel_timer, due, NULL);
    return NDIS_STATUS_SUCCESS;
}

static void
free_kernel_timer(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisFreeMemory(objects.kernel_timer, 0, 0);
}

static void
kernel_timer_in_freed_memory(struct world *w)
{
    miniport.on_initialize = set_kernel_timer;
    miniport.on_halt = free_kernel_timer;
    world_add_adapter(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(w, "POOL_ACTIVE");
    expect(w, pndis_machine_stop(w->machine) == 0);
    world_expect_violation(w, "LEAK_UNLOAD");
    world_discard(w);
}

static void
memory_with_a_timer_that_is_set_is_not_freed(void **state)
{
    (void)state;
    under_seeds(NULL, kernel_timer_in_freed_memory);
}

/* --- shutdown --- */

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
        cmocka_unit_test(a_halt_that_cancels_its_timers_is_in_order),
        cmocka_unit_test(a_timer_that_is_set_is_not_freed),
        cmocka_unit_test(a_timer_that_is_left_set_is_reported_and_stopped),
        cmocka_unit_test(a_halt_that_waits_for_its_work_items_is_in_order),
        cmocka_unit_test(a_work_item_that_is_left_queued_is_reported),
        cmocka_unit_test(a_work_item_that_is_queued_is_not_freed),
        cmocka_unit_test(memory_with_a_timer_that_is_set_is_not_freed),
        cmocka_unit_test(a_shutdown_of_the_system_is_told_at_passive_level),
        cmocka_unit_test(a_bug_check_is_told_at_a_high_level_to_who_asked),
        cmocka_unit_test(nothing_is_freed_in_a_bug_check),
        cmocka_unit_test(an_unload_deregisters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
