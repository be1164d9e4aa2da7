/* "Timer Objects and DPCs", KeSetTimer, KeCancelTimer. */
#include "nt/nt_support.h"

struct ticking {
    KTIMER timer;
    KDPC dpc;
    LONG runs;
    LONG limit;
    uint64_t at_ns[16];
    struct pndis_machine *machine;
};

static VOID
note_tick(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct ticking *ticking = deferred_context;
    LONG number = InterlockedIncrement(&ticking->runs);

    (void)dpc;
    (void)argument1;
    (void)argument2;
    if (number <= 16) {
        ticking->at_ns[number - 1] = pndis_machine_now_ns(ticking->machine);
    }
    if (number == ticking->limit) {
        KeCancelTimer(&ticking->timer);
    }
}

static void
ticking_init(struct world *w, struct ticking *ticking, TIMER_TYPE type)
{
    memset(ticking, 0, sizeof(*ticking));
    ticking->machine = w->machine;
    KeInitializeTimerEx(&ticking->timer, type);
    KeInitializeDpc(&ticking->dpc, note_tick, ticking);
}

static void
a_timer_fires_once_when_it_is_due(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct ticking ticking;
        struct world w;
        uint64_t start;

        world_start(&w, seed);
        ticking_init(&w, &ticking, NotificationTimer);
        start = pndis_machine_now_ns(w.machine);
        expect(&w, !KeSetTimer(&ticking.timer, relative_ms(20), &ticking.dpc));
        expect(&w, !KeReadStateTimer(&ticking.timer));
        pndis_machine_run(w.machine, 19000000);
        expect(&w, ReadAcquire(&ticking.runs) == 0 || is_past(&w, start + 20000000));
        pndis_machine_run(w.machine, 100000000);
        KeFlushQueuedDpcs();
        expect(&w, ticking.runs == 1);
        expect(&w, KeReadStateTimer(&ticking.timer));
        expect(&w, ticking.at_ns[0] - start >= 20000000);
        expect(&w, ticking.at_ns[0] - start < 20000000 + lateness_ns());
        expect(&w, !KeCancelTimer(&ticking.timer));
        close_clean(&w);
    }
}

static void
a_due_time_of_zero_fires_at_once(void **state)
{
    struct ticking ticking;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ticking_init(&w, &ticking, NotificationTimer);
    KeSetTimer(&ticking.timer, (LARGE_INTEGER){.QuadPart = 0}, &ticking.dpc);
    assert_true(KeReadStateTimer(&ticking.timer));
    KeFlushQueuedDpcs();
    assert_int_equal(ticking.runs, 1);
    close_clean(&w);
}

static void
an_absolute_due_time_is_a_system_time(void **state)
{
    struct ticking ticking;
    LARGE_INTEGER due;
    struct world w;
    uint64_t start;

    (void)state;
    world_start(&w, 0);
    ticking_init(&w, &ticking, NotificationTimer);
    KeQuerySystemTimePrecise(&due);
    start = pndis_machine_now_ns(w.machine);
    due.QuadPart += 10 * 10000;
    KeSetTimer(&ticking.timer, due, NULL);
    assert_true(wait_ms(&ticking.timer, 9) == STATUS_TIMEOUT || is_past(&w, start + 10000000));
    assert_int_equal(wait_ms(&ticking.timer, world_is_live() ? 1000 : 2), STATUS_SUCCESS);
    close_clean(&w);
}

static void
a_periodic_timer_fires_until_it_is_cancelled(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct ticking ticking;
        struct world w;

        world_start(&w, seed);
        ticking_init(&w, &ticking, SynchronizationTimer);
        ticking.limit = 5;
        KeSetTimerEx(&ticking.timer, relative_ms(3), 10, &ticking.dpc);
        for (unsigned i = 0; i < 5; i++) {
            /* On live two ticks may come before one of them is seen. */
            expect(&w, wait_ms(&ticking.timer, 100) == STATUS_SUCCESS || world_is_live());
        }
        KeFlushQueuedDpcs();
        expect(&w, ticking.runs == 5);
        for (unsigned i = 1; i < 5; i++) {
            uint64_t between = ticking.at_ns[i] - ticking.at_ns[0];

            expect(&w, between + lateness_ns() > i * 10000000u);
            expect(&w, between < i * 10000000u + lateness_ns());
        }
        expect(&w, wait_ms(&ticking.timer, 100) == STATUS_TIMEOUT);
        expect(&w, !KeCancelTimer(&ticking.timer));
        close_clean(&w);
    }
}

static void
setting_a_timer_again_replaces_what_was_set(void **state)
{
    struct ticking ticking;
    struct world w;
    uint64_t start;

    (void)state;
    world_start(&w, 0);
    ticking_init(&w, &ticking, NotificationTimer);
    start = pndis_machine_now_ns(w.machine);
    assert_false(KeSetTimer(&ticking.timer, relative_ms(500), &ticking.dpc));
    assert_true(KeSetTimer(&ticking.timer, relative_ms(50), &ticking.dpc));
    assert_true(KeSetCoalescableTimer(&ticking.timer, relative_ms(50), 0, 10, &ticking.dpc));
    pndis_machine_run(w.machine, 40000000);
    assert_true(ReadAcquire(&ticking.runs) == 0 || is_past(&w, start + 50000000));
    pndis_machine_run(w.machine, 40000000);
    KeFlushQueuedDpcs();
    assert_int_equal(ticking.runs, 1);
    /* What has fired is not set any more. */
    assert_false(KeSetTimer(&ticking.timer, relative_ms(5000), &ticking.dpc));
    assert_false(KeReadStateTimer(&ticking.timer));
    assert_true(KeCancelTimer(&ticking.timer));
    close_clean(&w);
}

static void
a_synchronization_timer_lets_one_thread_go(void **state)
{
    struct ticking ticking;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ticking_init(&w, &ticking, SynchronizationTimer);
    KeSetTimer(&ticking.timer, relative_ms(1), NULL);
    assert_int_equal(wait_ms(&ticking.timer, 10), STATUS_SUCCESS);
    assert_int_equal(wait_ms(&ticking.timer, 10), STATUS_TIMEOUT);
    ticking_init(&w, &ticking, NotificationTimer);
    KeSetTimer(&ticking.timer, relative_ms(1), NULL);
    assert_int_equal(wait_ms(&ticking.timer, 10), STATUS_SUCCESS);
    assert_int_equal(wait_ms(&ticking.timer, 10), STATUS_SUCCESS);
    close_clean(&w);
}

/* Either it was cancelled in time and the DPC never runs, or it runs once. */
static void
run_cancel_races_with_expiry(struct world *w)
{
    struct ticking ticking;
    BOOLEAN cancelled;

    ticking_init(w, &ticking, NotificationTimer);
    KeSetTimer(&ticking.timer, (LARGE_INTEGER){.QuadPart = -1000}, &ticking.dpc);
    KeStallExecutionProcessor(100);
    cancelled = KeCancelTimer(&ticking.timer);
    KeFlushQueuedDpcs();
    expect(w, ReadAcquire(&ticking.runs) == !cancelled);
    close_clean(w);
}

static void
a_timer_is_cancelled_or_fires(void **state)
{
    (void)state;
    under_many_seeds(run_cancel_races_with_expiry);
}

static VOID
set_and_cancel_often(PVOID user)
{
    struct ticking *ticking = user;

    for (unsigned i = 0; i < 30; i++) {
        KeSetTimer(&ticking->timer, (LARGE_INTEGER){.QuadPart = i % 3 == 0 ? 0 : -500},
                   &ticking->dpc);
        KeCancelTimer(&ticking->timer);
    }
}

static void
run_threads_share_a_timer(struct world *w)
{
    struct runner runners[3];
    struct ticking ticking;

    ticking_init(w, &ticking, NotificationTimer);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], set_and_cancel_often, &ticking);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, !KeCancelTimer(&ticking.timer));
    KeFlushQueuedDpcs();
    close_clean(w);
}

static void
threads_that_share_a_timer_leave_it_cancelled(void **state)
{
    (void)state;
    under_many_seeds(run_threads_share_a_timer);
}

/* --- misuse --- */

static void
memory_with_a_timer_that_is_set_is_not_freed_unnoticed(void **state)
{
    struct ticking *ticking;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ticking = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*ticking), TEST_TAG);
    ticking_init(&w, ticking, NotificationTimer);
    KeSetTimer(&ticking->timer, relative_ms(1000), &ticking->dpc);
    ExFreePoolWithTag(ticking, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    KeCancelTimer(&ticking->timer);
    world_close(&w);
}

static void
a_timer_that_was_not_initialised_is_reported(void **state)
{
    struct world w;
    KTIMER timer;

    (void)state;
    world_start(&w, 0);
    memset(&timer, 0, sizeof(timer));
    KeSetTimer(&timer, relative_ms(1), NULL);
    expect_broken(&w, "DISPATCHER_INITIALIZE");
    KeCancelTimer(&timer);
    close_clean(&w);
}

static void
a_dpc_that_was_not_initialised_is_not_queued(void **state)
{
    struct ticking ticking;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ticking_init(&w, &ticking, NotificationTimer);
    memset(&ticking.dpc, 0, sizeof(ticking.dpc));
    KeSetTimer(&ticking.timer, relative_ms(1), &ticking.dpc);
    expect_broken(&w, "DPC_INITIALIZE");
    assert_int_equal(wait_ms(&ticking.timer, 10), STATUS_SUCCESS);
    close_clean(&w);
}

static void
a_timer_that_is_set_at_unload_is_a_leak(void **state)
{
    struct ticking ticking;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ticking_init(&w, &ticking, NotificationTimer);
    KeSetTimer(&ticking.timer, relative_ms(1000), NULL);
    world_end(&w);
    expect_broken(&w, "LEAK_UNLOAD");
    pndis_machine_destroy(w.machine);
}

static void
delays_last_as_long_as_they_say(void **state)
{
    struct world w;
    uint64_t start;

    (void)state;
    world_start(&w, 0);
    start = pndis_machine_now_ns(w.machine);
    delay_ms(30);
    assert_true(pndis_machine_now_ns(w.machine) - start >= 30000000);
    assert_true(pndis_machine_now_ns(w.machine) - start < 30000000 + lateness_ns());
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_when_it_is_due),
        cmocka_unit_test(a_due_time_of_zero_fires_at_once),
        cmocka_unit_test(an_absolute_due_time_is_a_system_time),
        cmocka_unit_test(a_periodic_timer_fires_until_it_is_cancelled),
        cmocka_unit_test(setting_a_timer_again_replaces_what_was_set),
        cmocka_unit_test(a_synchronization_timer_lets_one_thread_go),
        cmocka_unit_test(a_timer_is_cancelled_or_fires),
        cmocka_unit_test(threads_that_share_a_timer_leave_it_cancelled),
        cmocka_unit_test(memory_with_a_timer_that_is_set_is_not_freed_unnoticed),
        cmocka_unit_test(a_timer_that_was_not_initialised_is_reported),
        cmocka_unit_test(a_dpc_that_was_not_initialised_is_not_queued),
        cmocka_unit_test(a_timer_that_is_set_at_unload_is_a_leak),
        cmocka_unit_test(delays_last_as_long_as_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
