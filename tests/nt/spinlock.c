/* "Introduction to Spin Locks", "Queued Spin Locks", and the levels they are held at. */
#include "nt/nt_support.h"

static void
a_spin_lock_raises_and_lowers(void **state)
{
    struct world w;
    KSPIN_LOCK lock;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    assert_true(KeTestSpinLock(&lock));
    KeAcquireSpinLock(&lock, &irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_false(KeTestSpinLock(&lock));
    KeReleaseSpinLock(&lock, irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    close_clean(&w);
}

static void
it_is_held_within_another_at_dispatch_level(void **state)
{
    struct world w;
    KSPIN_LOCK outer, inner;
    KIRQL irql, inner_irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&outer);
    KeInitializeSpinLock(&inner);
    KeAcquireSpinLock(&outer, &irql);
    KeAcquireSpinLock(&inner, &inner_irql);
    assert_int_equal(inner_irql, DISPATCH_LEVEL);
    KeReleaseSpinLock(&inner, inner_irql);
    KeAcquireSpinLockAtDpcLevel(&inner);
    /* In whatever order they are released. */
    KeReleaseSpinLockFromDpcLevel(&outer);
    KeReleaseSpinLock(&inner, irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    close_clean(&w);
}

static void
a_try_takes_only_a_free_one(void **state)
{
    struct world w;
    KSPIN_LOCK lock;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_true(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    assert_false(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeLowerIrql(irql);
    close_clean(&w);
}

static void
a_queued_lock_keeps_the_level_in_its_handle(void **state)
{
    struct world w;
    KLOCK_QUEUE_HANDLE handle, inner;
    KSPIN_LOCK lock, other;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeInitializeSpinLock(&other);
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&other, &inner);
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&inner);
    KeReleaseInStackQueuedSpinLock(&handle);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    close_clean(&w);
}

/* --- misuse --- */

static void
recursion_is_reported_and_does_not_hang(void **state)
{
    struct world w;
    KSPIN_LOCK lock;
    KIRQL irql, again;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    KeAcquireSpinLock(&lock, &again);
    expect_broken(&w, "SPIN_LOCK_RECURSION");
    KeReleaseSpinLock(&lock, irql);
    assert_true(KeTestSpinLock(&lock));
    close_clean(&w);
}

static void
releasing_what_is_not_held_is_reported(void **state)
{
    struct world w;
    KSPIN_LOCK lock;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeReleaseSpinLockFromDpcLevel(&lock);
    expect_broken(&w, "SPIN_LOCK_RELEASE");
    KeLowerIrql(irql);
    assert_true(KeTestSpinLock(&lock));
    close_clean(&w);
}

struct shared {
    KSPIN_LOCK lock;
    struct exclusion exclusion;
    LONG held;
    LONG stop;
};

static VOID
hold_until_told(PVOID user)
{
    struct shared *shared = user;
    KIRQL irql;

    KeAcquireSpinLock(&shared->lock, &irql);
    WriteRelease(&shared->held, TRUE);
    while (!ReadAcquire(&shared->stop)) {
        KeStallExecutionProcessor(1);
    }
    KeReleaseSpinLock(&shared->lock, irql);
}

static void
a_foreign_release_is_reported_and_leaves_it_held(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct shared shared = {.held = FALSE};
        struct runner runner;
        struct world w;
        KIRQL irql;

        world_start(&w, seed);
        KeInitializeSpinLock(&shared.lock);
        runner_start(&runner, hold_until_told, &shared);
        while (!ReadAcquire(&shared.held)) {
            delay_ms(1);
        }
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        KeReleaseSpinLockFromDpcLevel(&shared.lock);
        expect_broken(&w, "SPIN_LOCK_RELEASE");
        expect(&w, !KeTestSpinLock(&shared.lock));
        WriteRelease(&shared.stop, TRUE);
        KeLowerIrql(irql);
        runner_join(&runner);
        expect(&w, KeTestSpinLock(&shared.lock));
        close_clean(&w);
    }
}

static void
a_lock_that_was_not_initialised_is_reported(void **state)
{
    struct world w;
    KSPIN_LOCK lock = 0xcdcdcdcdcdcdcdcd;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeAcquireSpinLock(&lock, &irql);
    expect_broken(&w, "SPIN_LOCK_INITIALIZE");
    KeReleaseSpinLock(&lock, irql);
    close_clean(&w);
}

static void
lowering_with_a_lock_held_is_reported(void **state)
{
    struct world w;
    KSPIN_LOCK lock;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    KeLowerIrql(PASSIVE_LEVEL);
    expect_broken(&w, "SPIN_LOCK_LEVEL");
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeReleaseSpinLock(&lock, irql);
    close_clean(&w);
}

static void
a_callback_that_returns_with_a_lock_is_reported_and_loses_it(void **state)
{
    struct world w;
    struct frame frame;
    KSPIN_LOCK lock;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    pndis__guest_enter(w.context, &frame, &w.driver->owner, "Callback");
    KeAcquireSpinLock(&lock, &irql);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeAcquireSpinLockAtDpcLevel(&lock);
    KeLowerIrql(DISPATCH_LEVEL);
    pndis__guest_leave(w.context, &frame);
    assert_string_equal(pndis_violation_at(w.machine, 0)->rule, "SPIN_LOCK_RETURN");
    assert_string_equal(pndis_violation_at(w.machine, 1)->rule, "IRQL_RETURN");
    pndis_violations_clear(w.machine);
    assert_true(KeTestSpinLock(&lock));
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    close_clean(&w);
}

/* --- several processors --- */

static VOID
take_turns(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < 10; i++) {
        KIRQL irql;

        KeAcquireSpinLock(&shared->lock, &irql);
        exclusion_enter(&shared->exclusion);
        KeGetCurrentIrql();
        exclusion_leave(&shared->exclusion);
        KeReleaseSpinLock(&shared->lock, irql);
    }
}

static VOID
take_queued_turns(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < 10; i++) {
        KLOCK_QUEUE_HANDLE handle;

        KeAcquireInStackQueuedSpinLock(&shared->lock, &handle);
        exclusion_enter(&shared->exclusion);
        KeGetCurrentIrql();
        exclusion_leave(&shared->exclusion);
        KeReleaseInStackQueuedSpinLock(&handle);
    }
}

static void
run_spin_lock_excludes(struct world *w)
{
    struct shared shared = {.held = FALSE};
    struct runner runners[4];

    KeInitializeSpinLock(&shared.lock);
    for (unsigned i = 0; i < 4; i++) {
        runner_start(&runners[i], i % 2 == 0 ? take_turns : take_queued_turns, &shared);
    }
    for (unsigned i = 0; i < 4; i++) {
        runner_join(&runners[i]);
    }
    expect(w, shared.exclusion.turns == 40);
    expect(w, shared.exclusion.broken == 0);
    close_clean(w);
}

static void
a_spin_lock_has_one_holder_at_a_time(void **state)
{
    (void)state;
    under_many_seeds(run_spin_lock_excludes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spin_lock_raises_and_lowers),
        cmocka_unit_test(it_is_held_within_another_at_dispatch_level),
        cmocka_unit_test(a_try_takes_only_a_free_one),
        cmocka_unit_test(a_queued_lock_keeps_the_level_in_its_handle),
        cmocka_unit_test(recursion_is_reported_and_does_not_hang),
        cmocka_unit_test(releasing_what_is_not_held_is_reported),
        cmocka_unit_test(a_foreign_release_is_reported_and_leaves_it_held),
        cmocka_unit_test(a_lock_that_was_not_initialised_is_reported),
        cmocka_unit_test(lowering_with_a_lock_held_is_reported),
        cmocka_unit_test(a_callback_that_returns_with_a_lock_is_reported_and_loses_it),
        cmocka_unit_test(a_spin_lock_has_one_holder_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
