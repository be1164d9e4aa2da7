/* Timer objects, work items, events and time of NDIS: "NDIS Timer Services", "NDIS I/O Work Items".
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 30, MS = 10000 /* In units of 100 ns. */ };

static struct {
    NDIS_TIMER_CHARACTERISTICS characteristics;
    NDIS_HANDLE handle;
    NDIS_STATUS status;
    LONG due_ms;
    LONG period_ms;
    PVOID context;
    BOOLEAN result;
    bool at_dispatch_level;
    /* What the callback saw. */
    LONG fired; /* Last, by fired(). */
    PVOID fired_with;
    KIRQL fired_at;
    ULONGLONG fired_time;
    ULONGLONG set_time;
} t;

static ULONGLONG
now(void)
{
    ULONG64 counter;

    return KeQueryInterruptTimePrecise(&counter);
}

static int some_context;
static int other_context;

static VOID
on_timer(PVOID specific1, PVOID context, PVOID specific2, PVOID specific3)
{
    (void)specific1;
    (void)specific2;
    (void)specific3;
    t.fired_with = context;
    t.fired_at = KeGetCurrentIrql();
    t.fired_time = now();
    InterlockedIncrement(&t.fired);
}

/* How often the callback has run; what it left can be read after that. */
static LONG
fired(void)
{
    return ReadAcquire(&t.fired);
}

static void
call_allocate(void *argument)
{
    (void)argument;
    t.status = NdisAllocateTimerObject(port_latest()->handle, &t.characteristics, &t.handle);
}

static void
call_set(void *argument)
{
    LARGE_INTEGER due = {.QuadPart = -(LONGLONG)t.due_ms * MS};

    (void)argument;
    t.set_time = now();
    t.result = NdisSetTimerObject(t.handle, due, t.period_ms, t.context);
}

static void
call_cancel(void *argument)
{
    KIRQL irql = PASSIVE_LEVEL;

    (void)argument;
    if (t.at_dispatch_level) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
    }
    t.result = NdisCancelTimerObject(t.handle);
    if (t.at_dispatch_level) {
        KeLowerIrql(irql);
    }
}

static void
call_free(void *argument)
{
    (void)argument;
    NdisFreeTimerObject(t.handle);
}

static void
characteristics_init(void)
{
    memset(&t, 0, sizeof(t));
    t.characteristics.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
                                                    NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                                                    NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1};
    t.characteristics.AllocationTag = 'remT';
    t.characteristics.TimerFunction = on_timer;
    t.characteristics.FunctionContext = &some_context;
}

static void
given_timer(struct world *w, uint64_t seed)
{
    miniport_reset();
    world_open(w, seed);
    world_add_adapter(w);
    characteristics_init();
    world_as_driver(w, call_allocate, NULL);
    expect(w, t.status == NDIS_STATUS_SUCCESS);
}

static void
run_ms(struct world *w, unsigned ms)
{
    expect(w, pndis_machine_run(w->machine, (uint64_t)ms * 1000000) == 0);
}

/* --- timers --- */

static void
a_timer_fires_once_when_it_is_due(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_timer(&w, seed);
        t.due_ms = 20;
        world_as_driver(&w, call_set, NULL);
        expect(&w, !t.result);
        run_ms(&w, 200);
        expect(&w, fired() == 1 && t.fired_at == DISPATCH_LEVEL);
        expect(&w, t.fired_with == &some_context);
        expect(&w, t.fired_time - t.set_time >= 20 * MS);
        t.context = &other_context;
        world_as_driver(&w, call_set, NULL);
        run_ms(&w, 200);
        expect(&w, fired() == 2 && t.fired_with == &other_context);
        world_as_driver(&w, call_free, NULL);
        world_close(&w);
    }
}

/* "TRUE if the timer object was already in the system timer queue." */
static void
a_timer_that_is_set_again_fires_once(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_timer(&w, seed);
        t.due_ms = 5000;
        world_as_driver(&w, call_set, NULL);
        t.due_ms = 10;
        world_as_driver(&w, call_set, NULL);
        expect(&w, t.result);
        run_ms(&w, 100);
        expect(&w, fired() == 1);
        world_as_driver(&w, call_cancel, NULL);
        expect(&w, !t.result);
        world_as_driver(&w, call_free, NULL);
        world_close(&w);
    }
}

static void
a_cancelled_timer_does_not_fire(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_timer(&w, seed);
        t.due_ms = 3000;
        world_as_driver(&w, call_set, NULL);
        t.at_dispatch_level = seed % 2 == 0; /* A one-shot timer: at either level. */
        world_as_driver(&w, call_cancel, NULL);
        expect(&w, t.result);
        world_as_driver(&w, call_cancel, NULL);
        expect(&w, !t.result);
        run_ms(&w, world_is_live() ? 20 : 10000);
        expect(&w, fired() == 0);
        world_as_driver(&w, call_free, NULL);
        world_close(&w);
    }
}

static void
a_periodic_timer_fires_until_it_is_cancelled(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        LONG before;
        struct world w;

        given_timer(&w, seed);
        t.due_ms = 5;
        t.period_ms = 10;
        world_as_driver(&w, call_set, NULL);
        run_ms(&w, 100);
        expect(&w, fired() >= 3 && fired() <= 11);
        world_as_driver(&w, call_cancel, NULL);
        expect(&w, t.result);
        before = fired(); /* "NdisCancelTimerObject ensures that the timer is not running." */
        run_ms(&w, 100);
        expect(&w, fired() == before);
        world_as_driver(&w, call_free, NULL);
        world_close(&w);
    }
}

static void
a_periodic_timer_is_cancelled_at_passive_level(void **state)
{
    struct world w;

    (void)state;
    given_timer(&w, 0);
    t.due_ms = t.period_ms = 5000;
    world_as_driver(&w, call_set, NULL);
    t.at_dispatch_level = true;
    world_as_driver(&w, call_cancel, NULL);
    world_expect_violation(&w, "TIMER_PERIODIC");
    run_ms(&w, world_is_live() ? 20 : 20000);
    expect(&w, fired() == 0);
    world_as_driver(&w, call_free, NULL);
    world_close(&w);
}

static void
a_timer_is_freed_when_it_is_not_set(void **state)
{
    struct world w;

    (void)state;
    given_timer(&w, 0);
    t.due_ms = 1000;
    world_as_driver(&w, call_set, NULL);
    world_as_driver(&w, call_free, NULL);
    world_expect_violation(&w, "TIMER_FREE");
    run_ms(&w, world_is_live() ? 20 : 5000);
    expect(&w, fired() == 0);
    world_close(&w);
}

static void
a_timer_that_is_never_freed_is_reported(void **state)
{
    struct world w;

    (void)state;
    given_timer(&w, 0);
    t.due_ms = 1000;
    world_as_driver(&w, call_set, NULL);
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(&w, "LEAK_HALT");
    run_ms(&w, world_is_live() ? 20 : 5000);
    expect(&w, fired() == 0);
    world_close(&w);
}

static void
malformed_characteristics_are_refused(void **state)
{
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 1, NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1},
        {NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, 0, NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1},
        {NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, 1,
         NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 - 1},
    };
    struct world w;

    (void)state;
    given_timer(&w, 0);
    world_as_driver(&w, call_free, NULL);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        characteristics_init();
        t.characteristics.Header = headers[i];
        world_as_driver(&w, call_allocate, NULL);
        assert_int_equal(t.status, NDIS_STATUS_BAD_CHARACTERISTICS);
        world_expect_violation(&w, "OBJECT_HEADER");
    }
    characteristics_init();
    t.characteristics.TimerFunction = NULL;
    world_as_driver(&w, call_allocate, NULL);
    assert_int_equal(t.status, NDIS_STATUS_BAD_CHARACTERISTICS);
    characteristics_init();
    t.characteristics.AllocationTag = 0;
    world_as_driver(&w, call_allocate, NULL);
    world_expect_violation(&w, "POOL_TAG");
    if (t.status == NDIS_STATUS_SUCCESS) {
        world_as_driver(&w, call_free, NULL);
    }
    characteristics_init();
    pndis_fault_arm(w.machine, 0);
    world_as_driver(&w, call_allocate, NULL);
    pndis_fault_disarm(w.machine);
    assert_int_equal(t.status, NDIS_STATUS_RESOURCES);
    world_close(&w);
}

/* --- work items --- */

static struct {
    NDIS_HANDLE of;
    NDIS_HANDLE item;
    LONG runs; /* Last, by runs(). */
    KIRQL irql;
    PVOID context;
    NDIS_HANDLE given;
    bool frees_itself;
} work;

static VOID
on_work(PVOID context, NDIS_HANDLE item)
{
    work.irql = KeGetCurrentIrql();
    work.context = context;
    work.given = item;
    if (work.frees_itself) {
        NdisFreeIoWorkItem(item);
    }
    InterlockedIncrement(&work.runs);
}

static LONG
runs(void)
{
    return ReadAcquire(&work.runs);
}

static void
call_allocate_work(void *argument)
{
    (void)argument;
    work.item = NdisAllocateIoWorkItem(work.of);
}

static void
call_queue_work(void *argument)
{
    KIRQL irql;

    (void)argument;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisQueueIoWorkItem(work.item, on_work, &some_context);
    KeLowerIrql(irql);
}

static void
call_queue_work_twice(void *argument)
{
    KIRQL irql;

    (void)argument;
    KeRaiseIrql(DISPATCH_LEVEL, &irql); /* So that on sim it cannot run in between. */
    NdisQueueIoWorkItem(work.item, on_work, &some_context);
    NdisQueueIoWorkItem(work.item, on_work, &some_context);
    KeLowerIrql(irql);
}

static void
call_free_work(void *argument)
{
    (void)argument;
    NdisFreeIoWorkItem(work.item);
}

static void
call_queue_and_free_work(void *argument)
{
    KIRQL irql;

    (void)argument;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisQueueIoWorkItem(work.item, on_work, &some_context);
    NdisFreeIoWorkItem(work.item);
    KeLowerIrql(irql);
}

static void
given_work_item(struct world *w, uint64_t seed, bool of_adapter)
{
    miniport_reset();
    memset(&work, 0, sizeof(work));
    world_open(w, seed);
    world_add_adapter(w);
    work.of = of_adapter ? port_latest()->handle : miniport.handle;
    world_as_driver(w, call_allocate_work, NULL);
    expect(w, work.item != NULL);
}

static void
work_runs_at_passive_level(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_work_item(&w, seed, seed % 2 == 0);
        for (LONG i = 1; i <= 3; i++) {
            work.frees_itself = i == 3;
            world_as_driver(&w, call_queue_work, NULL);
            world_settle(&w);
            expect(&w, runs() == i && work.irql == PASSIVE_LEVEL);
            expect(&w, work.context == &some_context && work.given == work.item);
        }
        world_close(&w);
    }
}

static void
a_work_item_is_queued_once(void **state)
{
    struct world w;

    (void)state;
    if (world_is_live()) {
        return; /* Another processor may run it in between. */
    }
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        LONG reports;

        given_work_item(&w, seed, true);
        world_as_driver(&w, call_queue_work_twice, NULL);
        world_settle(&w);
        /* The other processor may run it between the two. */
        reports = pndis_violation_of(w.machine, "WORK_ITEM_QUEUED") != NULL;
        expect(&w, runs() + reports == 2);
        expect(&w, pndis_violation_count(w.machine) == (size_t)reports);
        pndis_violations_clear(w.machine);
        world_as_driver(&w, call_free_work, NULL);
        world_close(&w);
    }
}

static void
a_work_item_is_not_freed_while_it_is_queued(void **state)
{
    (void)state;
    if (world_is_live()) {
        return; /* As above. */
    }
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        LONG reports;
        struct world w;

        given_work_item(&w, seed, true);
        world_as_driver(&w, call_queue_and_free_work, NULL);
        world_settle(&w);
        reports = pndis_violation_of(w.machine, "WORK_ITEM_QUEUED") != NULL;
        expect(&w, runs() + reports >= 1);
        pndis_violations_clear(w.machine);
        world_close(&w);
    }
}

static void
a_work_item_that_is_never_freed_is_reported(void **state)
{
    struct world w;

    (void)state;
    given_work_item(&w, 0, true);
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(&w, "LEAK_HALT");
    world_close(&w);
    given_work_item(&w, 0, false);
    expect(&w, pndis_adapter_remove(w.adapter) == 0);
    world_expect_clean(&w);
    expect(&w, pndis_driver_unload(w.driver) == 0);
    world_expect_violation(&w, "LEAK_UNLOAD");
    world_close(&w);
}

/* "Protocol drivers cannot use NdisAllocateIoWorkItem." */
static void
protocols_have_no_work_items(void **state)
{
    struct world w;

    (void)state;
    miniport_reset();
    protocol_reset();
    world_open(&w, 0);
    world_add_adapter(&w);
    world_load_protocol(&w);
    world_settle(&w);
    work.of = protocol.handle;
    world_as_driver(&w, call_allocate_work, NULL);
    assert_null(work.item);
    world_expect_violation(&w, "OBJECT_HANDLE");
    work.of = NULL;
    world_as_driver(&w, call_allocate_work, NULL);
    assert_null(work.item);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

/* --- events and time --- */

static struct {
    NDIS_EVENT event;
    BOOLEAN unset;
    BOOLEAN set;
    BOOLEAN still_set;
    BOOLEAN reset;
    ULONGLONG waited;
    ULONGLONG slept;
    LARGE_INTEGER up_before;
    LARGE_INTEGER up_after;
} e;

static void
use_events(void *argument)
{
    ULONGLONG begin = now();

    (void)argument;
    NdisInitializeEvent(&e.event);
    e.unset = NdisWaitEvent(&e.event, 15);
    e.waited = now() - begin;
    NdisSetEvent(&e.event);
    e.set = NdisWaitEvent(&e.event, 0); /* 0: forever. */
    e.still_set = NdisWaitEvent(&e.event, 1);
    NdisResetEvent(&e.event);
    e.reset = NdisWaitEvent(&e.event, 1);
    NdisGetSystemUpTimeEx(&e.up_before);
    begin = now();
    NdisMSleep(40000);
    e.slept = now() - begin;
    NdisGetSystemUpTimeEx(&e.up_after);
}

static void
events_stay_set_until_they_are_reset(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        world_open(&w, seed);
        world_add_adapter(&w);
        world_as_driver(&w, use_events, NULL);
        expect(&w, !e.unset && e.waited >= 15 * MS);
        expect(&w, e.set && e.still_set && !e.reset);
        expect(&w, e.slept >= 40 * MS);
        /* In milliseconds since the system started. */
        expect(&w, e.up_after.QuadPart - e.up_before.QuadPart >= 39);
        expect(&w, world_is_live() || e.up_after.QuadPart - e.up_before.QuadPart <= 60);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_when_it_is_due),
        cmocka_unit_test(a_timer_that_is_set_again_fires_once),
        cmocka_unit_test(a_cancelled_timer_does_not_fire),
        cmocka_unit_test(a_periodic_timer_fires_until_it_is_cancelled),
        cmocka_unit_test(a_periodic_timer_is_cancelled_at_passive_level),
        cmocka_unit_test(a_timer_is_freed_when_it_is_not_set),
        cmocka_unit_test(a_timer_that_is_never_freed_is_reported),
        cmocka_unit_test(malformed_characteristics_are_refused),
        cmocka_unit_test(work_runs_at_passive_level),
        cmocka_unit_test(a_work_item_is_queued_once),
        cmocka_unit_test(a_work_item_is_not_freed_while_it_is_queued),
        cmocka_unit_test(a_work_item_that_is_never_freed_is_reported),
        cmocka_unit_test(protocols_have_no_work_items),
        cmocka_unit_test(events_stay_set_until_they_are_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
