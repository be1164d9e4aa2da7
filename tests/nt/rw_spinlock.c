/* "Reader/Writer Spin Locks". */
#include "nt/nt_support.h"

static void
both_kinds_of_access_raise_and_lower(void **state)
{
    struct world w;
    EX_SPIN_LOCK lock = 0;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    irql = ExAcquireSpinLockShared(&lock);
    assert_int_equal(irql, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    ExReleaseSpinLockShared(&lock, irql);
    irql = ExAcquireSpinLockExclusive(&lock);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    ExReleaseSpinLockExclusive(&lock, irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(lock, 0);
    close_clean(&w);
}

static void
a_single_reader_becomes_the_writer(void **state)
{
    struct world w;
    EX_SPIN_LOCK lock = 0;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    irql = ExAcquireSpinLockShared(&lock);
    assert_true(ExTryConvertSharedSpinLockExclusive(&lock));
    assert_false(ExTryAcquireSpinLockExclusiveAtDpcLevel(&lock));
    ExReleaseSpinLockExclusive(&lock, irql);
    assert_int_equal(lock, 0);
    close_clean(&w);
}

static void
tries_take_only_what_is_free(void **state)
{
    struct world w;
    EX_SPIN_LOCK lock = 0;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_true(ExTryAcquireSpinLockExclusiveAtDpcLevel(&lock));
    assert_false(ExTryAcquireSpinLockExclusiveAtDpcLevel(&lock));
    ExReleaseSpinLockExclusiveFromDpcLevel(&lock);
    assert_true(ExTryAcquireSpinLockSharedAtDpcLevel(&lock));
    assert_false(ExTryAcquireSpinLockExclusiveAtDpcLevel(&lock));
    ExReleaseSpinLockSharedFromDpcLevel(&lock);
    KeLowerIrql(irql);
    close_clean(&w);
}

static void
recursion_is_reported_for_readers_too(void **state)
{
    struct world w;
    EX_SPIN_LOCK lock = 0;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    irql = ExAcquireSpinLockShared(&lock);
    ExAcquireSpinLockSharedAtDpcLevel(&lock);
    expect_broken(&w, "SPIN_LOCK_RECURSION");
    ExAcquireSpinLockExclusiveAtDpcLevel(&lock);
    expect_broken(&w, "SPIN_LOCK_RECURSION");
    ExReleaseSpinLockShared(&lock, irql);
    assert_int_equal(lock, 0);
    close_clean(&w);
}

static void
a_release_of_the_other_kind_is_reported(void **state)
{
    struct world w;
    EX_SPIN_LOCK lock = 0;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    irql = ExAcquireSpinLockShared(&lock);
    ExReleaseSpinLockExclusiveFromDpcLevel(&lock);
    expect_broken(&w, "SPIN_LOCK_RELEASE");
    ExReleaseSpinLockShared(&lock, irql);
    irql = ExAcquireSpinLockExclusive(&lock);
    ExReleaseSpinLockSharedFromDpcLevel(&lock);
    expect_broken(&w, "SPIN_LOCK_RELEASE");
    assert_false(ExTryConvertSharedSpinLockExclusive(&lock));
    expect_broken(&w, "SPIN_LOCK_RELEASE");
    ExReleaseSpinLockExclusive(&lock, irql);
    assert_int_equal(lock, 0);
    close_clean(&w);
}

struct shared {
    EX_SPIN_LOCK lock;
    LONG readers;
    LONG most_readers;
    LONG writers;
    LONG broken;
};

static VOID
read_ten_times(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < 10; i++) {
        KIRQL irql = ExAcquireSpinLockShared(&shared->lock);
        LONG readers = InterlockedIncrement(&shared->readers);

        if (shared->writers != 0) {
            InterlockedIncrement(&shared->broken);
        }
        if (readers > 1) {
            InterlockedExchange(&shared->most_readers, readers);
        }
        KeStallExecutionProcessor(1);
        InterlockedDecrement(&shared->readers);
        ExReleaseSpinLockShared(&shared->lock, irql);
    }
}

static VOID
write_ten_times(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < 10; i++) {
        KIRQL irql = ExAcquireSpinLockExclusive(&shared->lock);

        if (++shared->writers != 1 || ReadAcquire(&shared->readers) != 0) {
            InterlockedIncrement(&shared->broken);
        }
        KeStallExecutionProcessor(1);
        shared->writers--;
        ExReleaseSpinLockExclusive(&shared->lock, irql);
    }
}

static void
play(struct world *w, struct shared *shared)
{
    struct runner runners[4];

    for (unsigned i = 0; i < 4; i++) {
        runner_start(&runners[i], i % 2 == 0 ? read_ten_times : write_ten_times, shared);
    }
    for (unsigned i = 0; i < 4; i++) {
        runner_join(&runners[i]);
    }
    expect(w, shared->broken == 0);
    expect(w, shared->lock == 0);
    close_clean(w);
}

static void
run_rw_lock_excludes(struct world *w)
{
    struct shared shared = {.lock = 0};

    play(w, &shared);
}

static void
a_writer_is_alone(void **state)
{
    (void)state;
    under_many_seeds(run_rw_lock_excludes);
}

static void
readers_are_in_at_once_under_some_seed(void **state)
{
    bool seen = false;

    (void)state;
    on_sim_only();
    for (uint64_t seed = 0; seed < 1000 && !seen; seed++) {
        struct shared shared = {.lock = 0};
        struct world w;

        world_start(&w, seed);
        play(&w, &shared);
        seen = shared.most_readers > 1;
    }
    assert_true(seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_of_access_raise_and_lower),
        cmocka_unit_test(a_single_reader_becomes_the_writer),
        cmocka_unit_test(tries_take_only_what_is_free),
        cmocka_unit_test(recursion_is_reported_for_readers_too),
        cmocka_unit_test(a_release_of_the_other_kind_is_reported),
        cmocka_unit_test(a_writer_is_alone),
        cmocka_unit_test(readers_are_in_at_once_under_some_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
