/* Waiting: KeWaitForSingleObject, KeWaitForMultipleObjects. */
#include "nt/nt_support.h"

enum { OBJECTS = 4 };

struct set {
    KEVENT events[MAXIMUM_WAIT_OBJECTS];
    PVOID objects[MAXIMUM_WAIT_OBJECTS];
    KWAIT_BLOCK blocks[MAXIMUM_WAIT_OBJECTS];
};

static void
set_init(struct set *set, EVENT_TYPE type)
{
    for (unsigned i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        KeInitializeEvent(&set->events[i], type, FALSE);
        set->objects[i] = &set->events[i];
    }
}

static NTSTATUS
wait_many(struct set *set, ULONG count, WAIT_TYPE type, LONGLONG ms)
{
    LARGE_INTEGER timeout = relative_ms(ms);

    return KeWaitForMultipleObjects(count, set->objects, type, Executive, KernelMode, FALSE,
                                    &timeout, set->blocks);
}

/* --- timeouts --- */

static void
a_relative_timeout_lasts_as_long_as_it_says(void **state)
{
    struct world w;
    KEVENT event;
    uint64_t start;

    (void)state;
    world_start(&w, 0);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    start = pndis_machine_now_ns(w.machine);
    assert_int_equal(wait_ms(&event, 250), STATUS_TIMEOUT);
    assert_true(pndis_machine_now_ns(w.machine) - start >= 250000000);
    assert_true(pndis_machine_now_ns(w.machine) - start < 250000000 + lateness_ns());
    close_clean(&w);
}

static void
an_absolute_timeout_is_a_system_time(void **state)
{
    LARGE_INTEGER then;
    LARGE_INTEGER now;
    struct world w;
    KEVENT event;

    (void)state;
    world_start(&w, 0);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    KeQuerySystemTimePrecise(&then);
    then.QuadPart += 5000000;
    assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &then),
                     STATUS_TIMEOUT);
    KeQuerySystemTimePrecise(&now);
    assert_true(now.QuadPart >= then.QuadPart);
    /* It has passed by now. */
    assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &then),
                     STATUS_TIMEOUT);
    close_clean(&w);
}

static void
a_zero_timeout_only_tries(void **state)
{
    struct world w;
    KEVENT event;
    uint64_t start;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    start = pndis_machine_now_ns(w.machine);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_int_equal(wait_ms(&event, 0), STATUS_SUCCESS);
    assert_int_equal(wait_ms(&event, 0), STATUS_TIMEOUT);
    KeLowerIrql(irql);
    assert_true(pndis_machine_now_ns(w.machine) - start < lateness_ns());
    close_clean(&w);
}

static void
waiting_at_dispatch_level_is_reported_and_does_not_hang(void **state)
{
    struct world w;
    struct set set;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    set_init(&set, NotificationEvent);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_int_equal(wait_for(&set.events[0]), STATUS_TIMEOUT);
    expect_broken(&w, "WAIT_IRQL");
    assert_int_equal(wait_many(&set, 2, WaitAny, 1), STATUS_TIMEOUT);
    expect_broken(&w, "WAIT_IRQL");
    KeLowerIrql(irql);
    close_clean(&w);
}

/* --- several objects --- */

static void
any_tells_which_object_it_was(void **state)
{
    struct world w;
    struct set set;

    (void)state;
    world_start(&w, 0);
    set_init(&set, SynchronizationEvent);
    assert_int_equal(wait_many(&set, OBJECTS, WaitAny, 1), STATUS_TIMEOUT);
    for (LONG i = 0; i < OBJECTS; i++) {
        KeSetEvent(&set.events[i], IO_NO_INCREMENT, FALSE);
        assert_int_equal(wait_many(&set, OBJECTS, WaitAny, 1), STATUS_WAIT_0 + i);
        assert_int_equal(KeReadStateEvent(&set.events[i]), 0);
    }
    /* Of two that are signalled only the first is taken. */
    KeSetEvent(&set.events[1], IO_NO_INCREMENT, FALSE);
    KeSetEvent(&set.events[2], IO_NO_INCREMENT, FALSE);
    assert_int_equal(wait_many(&set, OBJECTS, WaitAny, 1), STATUS_WAIT_0 + 1);
    assert_int_equal(KeReadStateEvent(&set.events[2]), 1);
    close_clean(&w);
}

static void
all_takes_everything_or_nothing(void **state)
{
    struct world w;
    struct set set;

    (void)state;
    world_start(&w, 0);
    set_init(&set, SynchronizationEvent);
    for (unsigned i = 0; i < OBJECTS; i++) {
        assert_int_equal(wait_many(&set, OBJECTS, WaitAll, 1), STATUS_TIMEOUT);
        KeSetEvent(&set.events[i], IO_NO_INCREMENT, FALSE);
        assert_int_equal(KeReadStateEvent(&set.events[0]), 1);
    }
    assert_int_equal(wait_many(&set, OBJECTS, WaitAll, 1), STATUS_SUCCESS);
    for (unsigned i = 0; i < OBJECTS; i++) {
        assert_int_equal(KeReadStateEvent(&set.events[i]), 0);
    }
    close_clean(&w);
}

static void
sixty_four_objects_can_be_waited_for(void **state)
{
    struct world w;
    struct set set;

    (void)state;
    world_start(&w, 0);
    set_init(&set, SynchronizationEvent);
    KeSetEvent(&set.events[63], IO_NO_INCREMENT, FALSE);
    assert_int_equal(wait_many(&set, 64, WaitAny, 1), STATUS_WAIT_0 + 63);
    close_clean(&w);
}

static void
counts_out_of_range_are_reported(void **state)
{
    struct world w;
    struct set set;

    (void)state;
    world_start(&w, 0);
    set_init(&set, NotificationEvent);
    assert_int_equal(wait_many(&set, 65, WaitAny, 1), STATUS_INVALID_PARAMETER_1);
    expect_broken(&w, "WAIT_COUNT");
    assert_int_equal(wait_many(&set, 0, WaitAny, 1), STATUS_INVALID_PARAMETER_1);
    expect_broken(&w, "WAIT_COUNT");
    KeSetEvent(&set.events[3], IO_NO_INCREMENT, FALSE);
    assert_int_equal(
        KeWaitForMultipleObjects(4, set.objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL),
        STATUS_WAIT_0 + 3);
    expect_broken(&w, "WAIT_COUNT");
    assert_int_equal(KeWaitForMultipleObjects(3, set.objects + 3, WaitAny, Executive, KernelMode,
                                              FALSE, NULL, NULL),
                     STATUS_WAIT_0);
    close_clean(&w);
}

/* --- several threads --- */

struct meeting {
    struct set set;
    LONG taken[OBJECTS];
    LONG all;
};

static VOID
take_all(PVOID user)
{
    struct meeting *meeting = user;

    if (KeWaitForMultipleObjects(OBJECTS, meeting->set.objects, WaitAll, Executive, KernelMode,
                                 FALSE, NULL, meeting->set.blocks) == STATUS_SUCCESS) {
        InterlockedIncrement(&meeting->all);
    }
}

static VOID
take_any(PVOID user)
{
    struct meeting *meeting = user;
    KWAIT_BLOCK blocks[OBJECTS];
    NTSTATUS status = KeWaitForMultipleObjects(OBJECTS, meeting->set.objects, WaitAny, Executive,
                                               KernelMode, FALSE, NULL, blocks);

    InterlockedIncrement(&meeting->taken[status - STATUS_WAIT_0]);
}

static void
run_any_is_woken_once_for_each_set(struct world *w)
{
    struct meeting meeting = {.all = 0};
    struct runner runners[OBJECTS];

    set_init(&meeting.set, SynchronizationEvent);
    for (unsigned i = 0; i < OBJECTS; i++) {
        runner_start(&runners[i], take_any, &meeting);
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        KeSetEvent(&meeting.set.events[i], IO_NO_INCREMENT, FALSE);
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        runner_join(&runners[i]);
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        expect(w, meeting.taken[i] == 1);
        expect(w, KeReadStateEvent(&meeting.set.events[i]) == 0);
    }
    close_clean(w);
}

static void
every_set_wakes_one_of_those_who_wait_for_any(void **state)
{
    (void)state;
    under_many_seeds(run_any_is_woken_once_for_each_set);
}

static void
run_all_needs_all_at_one_moment(struct world *w)
{
    struct meeting meeting = {.all = 0};
    struct runner runner;

    set_init(&meeting.set, SynchronizationEvent);
    runner_start(&runner, take_all, &meeting);
    for (unsigned i = 0; i + 1 < OBJECTS; i++) {
        KeSetEvent(&meeting.set.events[i], IO_NO_INCREMENT, FALSE);
    }
    /* Whoever waits for one of them alone can still have it. */
    expect(w, wait_ms(&meeting.set.events[0], 1000) == STATUS_SUCCESS);
    KeSetEvent(&meeting.set.events[OBJECTS - 1], IO_NO_INCREMENT, FALSE);
    delay_ms(2);
    expect(w, ReadAcquire(&meeting.all) == 0);
    KeSetEvent(&meeting.set.events[0], IO_NO_INCREMENT, FALSE);
    runner_join(&runner);
    expect(w, meeting.all == 1);
    close_clean(w);
}

static void
who_waits_for_all_reserves_none(void **state)
{
    (void)state;
    under_many_seeds(run_all_needs_all_at_one_moment);
}

/* A timeout and a set race; the event is never lost, whichever wins. */
static VOID
set_after_a_millisecond(PVOID user)
{
    delay_ms(1);
    KeSetEvent(user, IO_NO_INCREMENT, FALSE);
}

static void
run_timeout_races_with_set(struct world *w)
{
    struct runner runner;
    KEVENT event;
    NTSTATUS status;

    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    runner_start(&runner, set_after_a_millisecond, &event);
    status = wait_ms(&event, 1);
    runner_join(&runner);
    expect(w, KeReadStateEvent(&event) == (status == STATUS_TIMEOUT));
    close_clean(w);
}

static void
a_timeout_that_races_with_a_set_loses_nothing(void **state)
{
    (void)state;
    under_many_seeds(run_timeout_races_with_set);
}

static VOID
wait_for_event(PVOID event)
{
    wait_for(event);
}

static void
memory_that_a_thread_waits_for_is_not_freed_unnoticed(void **state)
{
    struct runner runner;
    struct world w;
    PKEVENT event;

    (void)state;
    world_start(&w, 0);
    event = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*event), TEST_TAG);
    KeInitializeEvent(event, SynchronizationEvent, FALSE);
    runner_start(&runner, wait_for_event, event);
    settle(&w);
    ExFreePoolWithTag(event, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    KeSetEvent(event, IO_NO_INCREMENT, FALSE);
    runner_join(&runner);
    world_close(&w);
}

/* On sim it is known that nobody is left who could set the event. */
static void
waiting_for_what_nobody_can_give_is_reported_and_ends(void **state)
{
    struct world w;
    KEVENT event;

    (void)state;
    on_sim_only();
    world_start(&w, 0);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    assert_int_equal(wait_for(&event), STATUS_TIMEOUT);
    assert_non_null(strstr(pndis_violation_at(w.machine, 0)->message, "waits in Test"));
    expect_broken(&w, "DEADLOCK");
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relative_timeout_lasts_as_long_as_it_says),
        cmocka_unit_test(an_absolute_timeout_is_a_system_time),
        cmocka_unit_test(a_zero_timeout_only_tries),
        cmocka_unit_test(waiting_at_dispatch_level_is_reported_and_does_not_hang),
        cmocka_unit_test(any_tells_which_object_it_was),
        cmocka_unit_test(all_takes_everything_or_nothing),
        cmocka_unit_test(sixty_four_objects_can_be_waited_for),
        cmocka_unit_test(counts_out_of_range_are_reported),
        cmocka_unit_test(every_set_wakes_one_of_those_who_wait_for_any),
        cmocka_unit_test(who_waits_for_all_reserves_none),
        cmocka_unit_test(a_timeout_that_races_with_a_set_loses_nothing),
        cmocka_unit_test(memory_that_a_thread_waits_for_is_not_freed_unnoticed),
        cmocka_unit_test(waiting_for_what_nobody_can_give_is_reported_and_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
