/* Push locks: "ExInitializePushLock function". */
#include "nt/nt_support.h"

struct shared {
    EX_PUSH_LOCK lock;
    LONG readers;
    LONG most_readers;
    LONG writers;
    LONG broken;
    LONG turns;
};

static void
readers_share_and_a_writer_is_alone_in_the_word(void **state)
{
    EX_PUSH_LOCK lock;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializePushLock(&lock);
    KeEnterCriticalRegion();
    ExAcquirePushLockShared(&lock);
    ExAcquirePushLockShared(&lock);
    ExReleasePushLockShared(&lock);
    ExReleasePushLockShared(&lock);
    assert_int_equal(lock, 0);
    ExAcquirePushLockExclusive(&lock);
    assert_int_not_equal(lock, 0);
    ExReleasePushLockExclusive(&lock);
    assert_int_equal(lock, 0);
    KeLeaveCriticalRegion();
    close_clean(&w);
}

static void
misuse_is_reported_and_does_not_hang(void **state)
{
    EX_PUSH_LOCK lock;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializePushLock(&lock);
    ExAcquirePushLockShared(&lock);
    expect_broken(&w, "RESOURCE_REGION");
    ExReleasePushLockShared(&lock);
    KeEnterCriticalRegion();
    ExReleasePushLockShared(&lock);
    expect_broken(&w, "RESOURCE_RELEASE");
    ExAcquirePushLockExclusive(&lock);
    ExAcquirePushLockExclusive(&lock);
    expect_broken(&w, "MUTEX_RECURSION");
    ExAcquirePushLockShared(&lock);
    expect_broken(&w, "MUTEX_RECURSION");
    ExReleasePushLockShared(&lock);
    expect_broken(&w, "RESOURCE_RELEASE");
    ExReleasePushLockExclusive(&lock);
    ExReleasePushLockExclusive(&lock);
    expect_broken(&w, "RESOURCE_RELEASE");
    KeLeaveCriticalRegion();
    close_clean(&w);
}

static VOID
read_and_write(PVOID user)
{
    struct shared *s = user;

    for (unsigned i = 0; i < 12; i++) {
        KeEnterCriticalRegion();
        if (i % 4 == 3) {
            ExAcquirePushLockExclusive(&s->lock);
            if (++s->writers != 1 || ReadAcquire(&s->readers) != 0) {
                InterlockedIncrement(&s->broken);
            }
            KeGetCurrentIrql();
            s->writers--;
            ExReleasePushLockExclusive(&s->lock);
        } else {
            LONG readers;

            ExAcquirePushLockShared(&s->lock);
            readers = InterlockedIncrement(&s->readers);
            if (s->writers != 0) {
                InterlockedIncrement(&s->broken);
            }
            if (readers > 1) {
                InterlockedExchange(&s->most_readers, readers);
            }
            KeGetCurrentIrql();
            InterlockedDecrement(&s->readers);
            ExReleasePushLockShared(&s->lock);
        }
        KeLeaveCriticalRegion();
        InterlockedIncrement(&s->turns);
    }
}

static void
play(struct world *w, struct shared *s)
{
    struct runner runners[4];

    ExInitializePushLock(&s->lock);
    for (unsigned i = 0; i < 4; i++) {
        runner_start(&runners[i], read_and_write, s);
    }
    for (unsigned i = 0; i < 4; i++) {
        runner_join(&runners[i]);
    }
    expect(w, s->turns == 48);
    expect(w, s->broken == 0);
    expect(w, s->lock == 0);
    close_clean(w);
}

static void
run_push_lock_excludes(struct world *w)
{
    struct shared shared = {.turns = 0};

    play(w, &shared);
}

static void
a_writer_is_alone(void **state)
{
    (void)state;
    under_many_seeds(run_push_lock_excludes);
}

static void
readers_are_in_at_once_under_some_seed(void **state)
{
    bool seen = false;

    (void)state;
    on_sim_only();
    for (uint64_t seed = 0; seed < 1000 && !seen; seed++) {
        struct shared shared = {.turns = 0};
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
        cmocka_unit_test(readers_share_and_a_writer_is_alone_in_the_word),
        cmocka_unit_test(misuse_is_reported_and_does_not_hang),
        cmocka_unit_test(a_writer_is_alone),
        cmocka_unit_test(readers_are_in_at_once_under_some_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
