/* "Fast Mutexes and Guarded Mutexes", "Critical Regions and Guarded Regions". */
#include "nt/nt_support.h"

static void
a_fast_mutex_raises_to_apc_level(void **state)
{
    struct world w;
    FAST_MUTEX mutex;

    (void)state;
    world_start(&w, 0);
    ExInitializeFastMutex(&mutex);
    ExAcquireFastMutex(&mutex);
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    assert_false(ExTryToAcquireFastMutex(&mutex));
    ExReleaseFastMutex(&mutex);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_true(ExTryToAcquireFastMutex(&mutex));
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    ExReleaseFastMutex(&mutex);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    close_clean(&w);
}

static void
a_guarded_mutex_enters_a_guarded_region(void **state)
{
    struct world w;
    KGUARDED_MUTEX mutex;

    (void)state;
    world_start(&w, 0);
    KeInitializeGuardedMutex(&mutex);
    KeAcquireGuardedMutex(&mutex);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_true(KeAreAllApcsDisabled());
    assert_false(KeTryToAcquireGuardedMutex(&mutex));
    KeReleaseGuardedMutex(&mutex);
    assert_false(KeAreAllApcsDisabled());
    assert_true(KeTryToAcquireGuardedMutex(&mutex));
    assert_true(KeAreAllApcsDisabled());
    KeReleaseGuardedMutex(&mutex);
    assert_false(KeAreAllApcsDisabled());
    close_clean(&w);
}

static void
the_unsafe_ones_want_a_critical_region(void **state)
{
    struct world w;
    FAST_MUTEX mutex;

    (void)state;
    world_start(&w, 0);
    ExInitializeFastMutex(&mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    ExReleaseFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
    expect_clean(&w);
    ExAcquireFastMutexUnsafe(&mutex);
    expect_broken(&w, "RESOURCE_REGION");
    ExReleaseFastMutexUnsafe(&mutex);
    close_clean(&w);
}

static void
recursion_is_reported_and_does_not_hang(void **state)
{
    struct world w;
    KGUARDED_MUTEX guarded;
    FAST_MUTEX fast;

    (void)state;
    world_start(&w, 0);
    ExInitializeFastMutex(&fast);
    KeInitializeGuardedMutex(&guarded);
    ExAcquireFastMutex(&fast);
    ExAcquireFastMutex(&fast);
    expect_broken(&w, "MUTEX_RECURSION");
    ExReleaseFastMutex(&fast);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeAcquireGuardedMutex(&guarded);
    KeAcquireGuardedMutex(&guarded);
    expect_broken(&w, "MUTEX_RECURSION");
    KeReleaseGuardedMutex(&guarded);
    assert_false(KeAreAllApcsDisabled());
    close_clean(&w);
}

static void
releasing_what_is_not_held_is_reported(void **state)
{
    struct world w;
    KGUARDED_MUTEX guarded;
    FAST_MUTEX fast;

    (void)state;
    world_start(&w, 0);
    ExInitializeFastMutex(&fast);
    KeInitializeGuardedMutex(&guarded);
    ExReleaseFastMutex(&fast);
    expect_broken(&w, "MUTEX_RELEASE");
    KeReleaseGuardedMutex(&guarded);
    expect_broken(&w, "MUTEX_RELEASE");
    /* They work as before. */
    assert_true(ExTryToAcquireFastMutex(&fast));
    ExReleaseFastMutex(&fast);
    assert_true(KeTryToAcquireGuardedMutex(&guarded));
    KeReleaseGuardedMutex(&guarded);
    close_clean(&w);
}

struct shared {
    FAST_MUTEX mutex;
    struct exclusion exclusion;
};

static VOID
take_turns(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < 10; i++) {
        ExAcquireFastMutex(&shared->mutex);
        exclusion_enter(&shared->exclusion);
        KeGetCurrentIrql();
        exclusion_leave(&shared->exclusion);
        ExReleaseFastMutex(&shared->mutex);
    }
}

static void
run_fast_mutex_excludes(struct world *w)
{
    struct shared shared = {.exclusion = {0}};
    struct runner runners[3];

    ExInitializeFastMutex(&shared.mutex);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], take_turns, &shared);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, shared.exclusion.turns == 30);
    expect(w, shared.exclusion.broken == 0);
    close_clean(w);
}

static void
a_fast_mutex_has_one_owner_at_a_time(void **state)
{
    (void)state;
    under_many_seeds(run_fast_mutex_excludes);
}

static void
regions_are_counted_and_balanced(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    KeEnterCriticalRegion();
    KeEnterCriticalRegion();
    KeLeaveCriticalRegion();
    assert_true(KeAreApcsDisabled());
    assert_false(KeAreAllApcsDisabled());
    KeLeaveCriticalRegion();
    assert_false(KeAreApcsDisabled());
    KeEnterGuardedRegion();
    assert_true(KeAreApcsDisabled());
    assert_true(KeAreAllApcsDisabled());
    KeLeaveGuardedRegion();
    expect_clean(&w);
    KeLeaveCriticalRegion();
    expect_broken(&w, "REGION_BALANCE");
    KeLeaveGuardedRegion();
    expect_broken(&w, "REGION_BALANCE");
    assert_false(KeAreApcsDisabled());
    close_clean(&w);
}

static VOID
stay_in_a_region(PVOID user)
{
    (void)user;
    KeEnterCriticalRegion();
}

static void
a_thread_that_ends_in_a_region_is_reported(void **state)
{
    struct runner runner;
    struct world w;

    (void)state;
    world_start(&w, 0);
    runner_start(&runner, stay_in_a_region, NULL);
    runner_join(&runner);
    expect_broken(&w, "REGION_BALANCE");
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_mutex_raises_to_apc_level),
        cmocka_unit_test(a_guarded_mutex_enters_a_guarded_region),
        cmocka_unit_test(the_unsafe_ones_want_a_critical_region),
        cmocka_unit_test(recursion_is_reported_and_does_not_hang),
        cmocka_unit_test(releasing_what_is_not_held_is_reported),
        cmocka_unit_test(a_fast_mutex_has_one_owner_at_a_time),
        cmocka_unit_test(regions_are_counted_and_balanced),
        cmocka_unit_test(a_thread_that_ends_in_a_region_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
