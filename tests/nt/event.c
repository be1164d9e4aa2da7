/* Events and semaphores: "Event Objects", "Semaphore Objects", KeSetEvent, KePulseEvent. */
#include "nt/nt_support.h"

static void
states_are_as_set(void **state)
{
    struct world w;
    KEVENT event;

    (void)state;
    world_start(&w, 0);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    assert_int_equal(KeReadStateEvent(&event), 0);
    assert_int_equal(KeSetEvent(&event, IO_NO_INCREMENT, FALSE), 0);
    assert_int_equal(KeSetEvent(&event, IO_NO_INCREMENT, FALSE), 1);
    assert_int_equal(KeReadStateEvent(&event), 1);
    assert_int_equal(KeResetEvent(&event), 1);
    assert_int_equal(KeResetEvent(&event), 0);
    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    assert_int_equal(KeReadStateEvent(&event), 1);
    KeClearEvent(&event);
    assert_int_equal(KeReadStateEvent(&event), 0);
    close_clean(&w);
}

static void
a_notification_event_stays_and_a_synchronization_event_resets(void **state)
{
    struct world w;
    KEVENT event;

    (void)state;
    world_start(&w, 0);
    KeInitializeEvent(&event, NotificationEvent, TRUE);
    assert_int_equal(wait_ms(&event, 0), STATUS_SUCCESS);
    assert_int_equal(wait_ms(&event, 0), STATUS_SUCCESS);
    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    assert_int_equal(wait_ms(&event, 0), STATUS_SUCCESS);
    assert_int_equal(wait_ms(&event, 0), STATUS_TIMEOUT);
    close_clean(&w);
}

/* --- several threads --- */

enum { WAITERS = 4 };

struct waiting {
    KEVENT ready;
    KEVENT event;
    LONG waiting;
    LONG woken;
};

static VOID
wait_once(PVOID user)
{
    struct waiting *waiting = user;

    if (InterlockedIncrement(&waiting->waiting) == WAITERS) {
        KeSetEvent(&waiting->ready, IO_NO_INCREMENT, FALSE);
    }
    if (wait_for(&waiting->event) == STATUS_SUCCESS) {
        InterlockedIncrement(&waiting->woken);
    }
}

static void
start_waiters(struct waiting *waiting, struct runner runners[WAITERS], EVENT_TYPE type)
{
    KeInitializeEvent(&waiting->ready, NotificationEvent, FALSE);
    KeInitializeEvent(&waiting->event, type, FALSE);
    for (unsigned i = 0; i < WAITERS; i++) {
        runner_start(&runners[i], wait_once, waiting);
    }
    wait_for(&waiting->ready);
}

static void
run_notification_wakes_all(struct world *w)
{
    struct runner runners[WAITERS];
    struct waiting waiting = {0};

    start_waiters(&waiting, runners, NotificationEvent);
    KeSetEvent(&waiting.event, IO_NO_INCREMENT, FALSE);
    for (unsigned i = 0; i < WAITERS; i++) {
        runner_join(&runners[i]);
    }
    expect(w, waiting.woken == WAITERS);
    expect(w, KeReadStateEvent(&waiting.event) == 1);
    close_clean(w);
}

static void
a_notification_event_wakes_everyone(void **state)
{
    (void)state;
    under_many_seeds(run_notification_wakes_all);
}

static void
run_synchronization_wakes_one_each(struct world *w)
{
    struct runner runners[WAITERS];
    struct waiting waiting = {0};

    start_waiters(&waiting, runners, SynchronizationEvent);
    for (LONG i = 1; i <= WAITERS; i++) {
        KeSetEvent(&waiting.event, IO_NO_INCREMENT, FALSE);
        while (ReadAcquire(&waiting.woken) < i) {
            LARGE_INTEGER delay = relative_ms(1);

            KeDelayExecutionThread(KernelMode, FALSE, &delay);
        }
        expect(w, ReadAcquire(&waiting.woken) == i);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        runner_join(&runners[i]);
    }
    expect(w, KeReadStateEvent(&waiting.event) == 0);
    close_clean(w);
}

static void
a_synchronization_event_wakes_one_for_each_set(void **state)
{
    (void)state;
    under_many_seeds(run_synchronization_wakes_one_each);
}

/* Who waits when an event is pulsed goes on; who comes later does not. */
static void
a_pulse_wakes_those_who_wait_and_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct runner runners[WAITERS];
        struct waiting waiting = {0};
        struct world w;

        world_start(&w, seed);
        start_waiters(&waiting, runners, NotificationEvent);
        /* Nothing is left that could run, so all of them wait by now. */
        settle(&w);
        KePulseEvent(&waiting.event, IO_NO_INCREMENT, FALSE);
        expect(&w, KeReadStateEvent(&waiting.event) == 0);
        for (unsigned i = 0; i < WAITERS; i++) {
            runner_join(&runners[i]);
        }
        expect(&w, waiting.woken == WAITERS);
        expect(&w, wait_ms(&waiting.event, 0) == STATUS_TIMEOUT);
        close_clean(&w);
    }
}

static void
an_event_that_was_not_initialised_is_reported(void **state)
{
    struct world w;
    KEVENT event;

    (void)state;
    world_start(&w, 0);
    memset(&event, 0, sizeof(event));
    KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
    expect_broken(&w, "DISPATCHER_INITIALIZE");
    memset(&event, 0, sizeof(event));
    assert_int_equal(wait_ms(&event, 1), STATUS_TIMEOUT);
    expect_broken(&w, "DISPATCHER_INITIALIZE");
    close_clean(&w);
}

/* --- semaphores --- */

static void
a_semaphore_counts_up_to_its_limit(void **state)
{
    KSEMAPHORE semaphore;
    struct world w;

    (void)state;
    world_start(&w, 0);
    KeInitializeSemaphore(&semaphore, 1, 3);
    assert_int_equal(wait_ms(&semaphore, 0), STATUS_SUCCESS);
    assert_int_equal(wait_ms(&semaphore, 0), STATUS_TIMEOUT);
    assert_int_equal(KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 3, FALSE), 0);
    assert_int_equal(KeReadStateSemaphore(&semaphore), 3);
    expect_clean(&w);
    assert_int_equal(KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 1, FALSE), 3);
    expect_broken(&w, "SEMAPHORE_LIMIT");
    assert_int_equal(KeReadStateSemaphore(&semaphore), 3);
    close_clean(&w);
}

struct producers {
    KSEMAPHORE semaphore;
    LONG taken;
};

static VOID
take_ten(PVOID user)
{
    struct producers *producers = user;

    for (unsigned i = 0; i < 10; i++) {
        wait_for(&producers->semaphore);
        InterlockedIncrement(&producers->taken);
    }
}

static void
run_semaphore_hands_out_each_count_once(struct world *w)
{
    struct producers producers = {.taken = 0};
    struct runner runners[3];

    KeInitializeSemaphore(&producers.semaphore, 0, 100);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], take_ten, &producers);
    }
    for (unsigned i = 0; i < 10; i++) {
        KeReleaseSemaphore(&producers.semaphore, IO_NO_INCREMENT, 3, FALSE);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, producers.taken == 30);
    expect(w, KeReadStateSemaphore(&producers.semaphore) == 0);
    close_clean(w);
}

static void
a_semaphore_hands_out_each_count_once(void **state)
{
    (void)state;
    under_many_seeds(run_semaphore_hands_out_each_count_once);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_as_set),
        cmocka_unit_test(a_notification_event_stays_and_a_synchronization_event_resets),
        cmocka_unit_test(a_notification_event_wakes_everyone),
        cmocka_unit_test(a_synchronization_event_wakes_one_for_each_set),
        cmocka_unit_test(a_pulse_wakes_those_who_wait_and_leaves_nothing),
        cmocka_unit_test(an_event_that_was_not_initialised_is_reported),
        cmocka_unit_test(a_semaphore_counts_up_to_its_limit),
        cmocka_unit_test(a_semaphore_hands_out_each_count_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
