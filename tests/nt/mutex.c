/* Mutexes: "Introduction to Mutex Objects". */
#include "nt/nt_support.h"

static void
its_owner_acquires_it_again(void **state)
{
    struct world w;
    KMUTEX mutex;

    (void)state;
    world_start(&w, 0);
    KeInitializeMutex(&mutex, 0);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    assert_int_equal(wait_for(&mutex), STATUS_SUCCESS);
    assert_int_equal(wait_for(&mutex), STATUS_SUCCESS);
    assert_int_equal(KeReadStateMutex(&mutex), -1);
    assert_true(KeAreApcsDisabled());
    assert_int_equal(KeReleaseMutex(&mutex, FALSE), -1);
    assert_int_equal(KeReleaseMutex(&mutex, FALSE), 0);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    assert_false(KeAreApcsDisabled());
    close_clean(&w);
}

struct shared {
    KMUTEX mutex;
    struct exclusion exclusion;
    KEVENT owned;
    KEVENT enough;
    NTSTATUS status;
};

static VOID
own_and_end(PVOID user)
{
    wait_for(&((struct shared *)user)->mutex);
}

static VOID
own_until_told(PVOID user)
{
    struct shared *shared = user;

    wait_for(&shared->mutex);
    KeSetEvent(&shared->owned, IO_NO_INCREMENT, FALSE);
    wait_for(&shared->enough);
    KeReleaseMutex(&shared->mutex, FALSE);
}

static void
a_foreign_release_is_reported_and_does_nothing(void **state)
{
    struct runner runner;
    struct shared shared;
    struct world w;

    (void)state;
    world_start(&w, 0);
    KeInitializeMutex(&shared.mutex, 0);
    KeInitializeEvent(&shared.owned, NotificationEvent, FALSE);
    KeInitializeEvent(&shared.enough, NotificationEvent, FALSE);
    runner_start(&runner, own_until_told, &shared);
    wait_for(&shared.owned);
    assert_int_equal(wait_ms(&shared.mutex, 1), STATUS_TIMEOUT);
    KeReleaseMutex(&shared.mutex, FALSE);
    expect_broken(&w, "MUTEX_RELEASE");
    assert_int_equal(KeReadStateMutex(&shared.mutex), 0);
    KeSetEvent(&shared.enough, IO_NO_INCREMENT, FALSE);
    runner_join(&runner);
    KeReleaseMutex(&shared.mutex, FALSE);
    expect_broken(&w, "MUTEX_RELEASE");
    close_clean(&w);
}

static void
a_mutex_whose_owner_ends_is_abandoned(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct runner runner;
        struct shared shared;
        struct world w;

        world_start(&w, seed);
        KeInitializeMutex(&shared.mutex, 0);
        runner_start(&runner, own_and_end, &shared);
        runner_join(&runner);
        expect_broken(&w, "MUTEX_ABANDONED");
        expect(&w, wait_ms(&shared.mutex, 0) == STATUS_ABANDONED);
        KeReleaseMutex(&shared.mutex, FALSE);
        expect(&w, wait_ms(&shared.mutex, 0) == STATUS_SUCCESS);
        KeReleaseMutex(&shared.mutex, FALSE);
        close_clean(&w);
    }
}

static VOID
take_turns(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < 10; i++) {
        wait_for(&shared->mutex);
        exclusion_enter(&shared->exclusion);
        KeGetCurrentIrql();
        exclusion_leave(&shared->exclusion);
        KeReleaseMutex(&shared->mutex, FALSE);
    }
}

static void
run_mutex_excludes(struct world *w)
{
    struct shared shared = {.exclusion = {0}};
    struct runner runners[3];

    KeInitializeMutex(&shared.mutex, 0);
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
a_mutex_has_one_owner_at_a_time(void **state)
{
    (void)state;
    under_many_seeds(run_mutex_excludes);
}

static void
a_mutex_that_is_owned_is_not_freed_unnoticed(void **state)
{
    struct world w;
    PKMUTEX mutex;

    (void)state;
    world_start(&w, 0);
    mutex = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*mutex), TEST_TAG);
    KeInitializeMutex(mutex, 0);
    wait_for(mutex);
    ExFreePoolWithTag(mutex, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    KeReleaseMutex(mutex, FALSE);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_owner_acquires_it_again),
        cmocka_unit_test(a_foreign_release_is_reported_and_does_nothing),
        cmocka_unit_test(a_mutex_whose_owner_ends_is_abandoned),
        cmocka_unit_test(a_mutex_has_one_owner_at_a_time),
        cmocka_unit_test(a_mutex_that_is_owned_is_not_freed_unnoticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
