/* ERESOURCEs: "Introduction to ERESOURCE Routines". */
#include "nt/nt_support.h"

struct shared {
    ERESOURCE resource;
    KEVENT go;
    LONG readers;
    LONG most_readers;
    LONG writers;
    LONG broken;
    LONG turns;
    BOOLEAN acquired;
};

static void
shared_init(struct shared *shared)
{
    memset(shared, 0, sizeof(*shared));
    assert_int_equal(ExInitializeResourceLite(&shared->resource), STATUS_SUCCESS);
    KeInitializeEvent(&shared->go, NotificationEvent, FALSE);
}

static void
its_owner_acquires_it_again(void **state)
{
    struct shared s;
    struct world w;

    (void)state;
    world_start(&w, 0);
    shared_init(&s);
    KeEnterCriticalRegion();
    assert_true(ExAcquireResourceExclusiveLite(&s.resource, TRUE));
    assert_true(ExAcquireResourceExclusiveLite(&s.resource, FALSE));
    /* An exclusive owner may share with itself. */
    assert_true(ExAcquireResourceSharedLite(&s.resource, FALSE));
    assert_true(ExIsResourceAcquiredExclusiveLite(&s.resource));
    assert_int_equal(ExIsResourceAcquiredSharedLite(&s.resource), 3);
    for (unsigned i = 0; i < 3; i++) {
        ExReleaseResourceLite(&s.resource);
    }
    assert_false(ExIsResourceAcquiredExclusiveLite(&s.resource));
    KeLeaveCriticalRegion();
    assert_int_equal(ExDeleteResourceLite(&s.resource), STATUS_SUCCESS);
    close_clean(&w);
}

static void
the_region_functions_enter_and_leave(void **state)
{
    struct shared s;
    struct world w;

    (void)state;
    world_start(&w, 0);
    shared_init(&s);
    ExEnterCriticalRegionAndAcquireResourceExclusive(&s.resource);
    assert_true(KeAreApcsDisabled());
    ExReleaseResourceAndLeaveCriticalRegion(&s.resource);
    assert_false(KeAreApcsDisabled());
    ExEnterCriticalRegionAndAcquireResourceShared(&s.resource);
    assert_int_equal(ExIsResourceAcquiredSharedLite(&s.resource), 1);
    ExReleaseResourceAndLeaveCriticalRegion(&s.resource);
    expect_clean(&w);
    assert_true(ExAcquireResourceSharedLite(&s.resource, TRUE));
    expect_broken(&w, "RESOURCE_REGION");
    ExReleaseResourceLite(&s.resource);
    ExDeleteResourceLite(&s.resource);
    close_clean(&w);
}

static VOID
try_exclusive(PVOID user)
{
    struct shared *s = user;

    KeEnterCriticalRegion();
    s->acquired = ExAcquireResourceExclusiveLite(&s->resource, FALSE);
    if (s->acquired) {
        ExReleaseResourceLite(&s->resource);
    }
    KeLeaveCriticalRegion();
}

static VOID
try_shared(PVOID user)
{
    struct shared *s = user;

    KeEnterCriticalRegion();
    s->acquired = ExAcquireResourceSharedLite(&s->resource, FALSE);
    if (s->acquired) {
        ExReleaseResourceLite(&s->resource);
    }
    KeLeaveCriticalRegion();
}

static BOOLEAN
another_thread_can(struct shared *s, PKSTART_ROUTINE try)
{
    struct runner runner;

    runner_start(&runner, try, s);
    runner_join(&runner);
    return s->acquired;
}

static void
owning_exclusively_becomes_sharing(void **state)
{
    struct shared s;
    struct world w;

    (void)state;
    world_start(&w, 0);
    shared_init(&s);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&s.resource, TRUE);
    assert_false(another_thread_can(&s, try_shared));
    ExConvertExclusiveToSharedLite(&s.resource);
    assert_true(another_thread_can(&s, try_shared));
    assert_false(another_thread_can(&s, try_exclusive));
    ExReleaseResourceLite(&s.resource);
    assert_true(another_thread_can(&s, try_exclusive));
    ExConvertExclusiveToSharedLite(&s.resource);
    expect_broken(&w, "RESOURCE_RELEASE");
    KeLeaveCriticalRegion();
    ExDeleteResourceLite(&s.resource);
    close_clean(&w);
}

static VOID
wait_exclusively(PVOID user)
{
    struct shared *s = user;

    ExEnterCriticalRegionAndAcquireResourceExclusive(&s->resource);
    InterlockedIncrement(&s->turns);
    ExReleaseResourceAndLeaveCriticalRegion(&s->resource);
}

static void
readers_differ_in_how_they_treat_a_writer_that_waits(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct runner writer;
        struct shared s;
        struct world w;

        world_start(&w, seed);
        shared_init(&s);
        KeEnterCriticalRegion();
        ExAcquireResourceSharedLite(&s.resource, TRUE);
        runner_start(&writer, wait_exclusively, &s);
        settle(&w);
        expect(&w, ExGetExclusiveWaiterCount(&s.resource) == 1);
        /* Others queue behind the writer; who shares already does not, unless it asks for that. */
        expect(&w, !another_thread_can(&s, try_shared));
        expect(&w, ExAcquireResourceSharedLite(&s.resource, FALSE));
        ExReleaseResourceLite(&s.resource);
        expect(&w, !ExAcquireSharedWaitForExclusive(&s.resource, FALSE));
        expect(&w, ExAcquireSharedStarveExclusive(&s.resource, FALSE));
        ExReleaseResourceLite(&s.resource);
        expect(&w, s.turns == 0);
        ExReleaseResourceLite(&s.resource);
        KeLeaveCriticalRegion();
        runner_join(&writer);
        expect(&w, s.turns == 1);
        ExDeleteResourceLite(&s.resource);
        close_clean(&w);
    }
}

static VOID
release_for_another(PVOID user)
{
    struct shared *s = user;

    ExReleaseResourceForThreadLite(&s->resource, (ERESOURCE_THREAD)&s->go | 3);
}

static void
ownership_is_passed_on_to_whoever_is_named(void **state)
{
    struct runner runner;
    struct shared s;
    struct world w;

    (void)state;
    world_start(&w, 0);
    shared_init(&s);
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&s.resource, TRUE);
    ExSetResourceOwnerPointer(&s.resource, (PVOID)((ULONG_PTR)&s.go | 3));
    assert_int_equal(ExIsResourceAcquiredSharedLite(&s.resource), 0);
    runner_start(&runner, release_for_another, &s);
    runner_join(&runner);
    assert_true(another_thread_can(&s, try_exclusive));
    ExSetResourceOwnerPointer(&s.resource, &s);
    expect_broken(&w, "RESOURCE_RELEASE");
    KeLeaveCriticalRegion();
    ExDeleteResourceLite(&s.resource);
    close_clean(&w);
}

/* --- misuse --- */

static void
misuse_is_reported(void **state)
{
    struct shared s;
    struct world w;

    (void)state;
    world_start(&w, 0);
    shared_init(&s);
    KeEnterCriticalRegion();
    ExReleaseResourceLite(&s.resource);
    expect_broken(&w, "RESOURCE_RELEASE");
    ExAcquireResourceSharedLite(&s.resource, TRUE);
    assert_false(ExAcquireResourceExclusiveLite(&s.resource, TRUE));
    expect_broken(&w, "RESOURCE_UPGRADE");
    assert_int_equal(ExDeleteResourceLite(&s.resource), STATUS_RESOURCE_IN_USE);
    expect_broken(&w, "RESOURCE_RELEASE");
    ExReleaseResourceLite(&s.resource);
    ExDeleteResourceLite(&s.resource);
    assert_false(ExAcquireResourceSharedLite(&s.resource, TRUE));
    expect_broken(&w, "DISPATCHER_INITIALIZE");
    KeLeaveCriticalRegion();
    close_clean(&w);
}

static void
one_that_is_not_deleted_is_seen_when_its_memory_is_freed(void **state)
{
    PERESOURCE resource;
    struct world w;

    (void)state;
    world_start(&w, 0);
    resource = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*resource), TEST_TAG);
    ExInitializeResourceLite(resource);
    ExFreePoolWithTag(resource, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    ExDeleteResourceLite(resource);
    world_close(&w);
}

/* --- several threads --- */

static VOID
read_and_write(PVOID user)
{
    struct shared *s = user;

    for (unsigned i = 0; i < 8; i++) {
        KeEnterCriticalRegion();
        if (i % 4 == 3) {
            ExAcquireResourceExclusiveLite(&s->resource, TRUE);
            if (++s->writers != 1 || ReadAcquire(&s->readers) != 0) {
                InterlockedIncrement(&s->broken);
            }
            KeGetCurrentIrql();
            s->writers--;
        } else {
            LONG readers;

            ExAcquireResourceSharedLite(&s->resource, TRUE);
            readers = InterlockedIncrement(&s->readers);
            if (s->writers != 0) {
                InterlockedIncrement(&s->broken);
            }
            if (readers > 1) {
                InterlockedExchange(&s->most_readers, readers);
            }
            KeGetCurrentIrql();
            InterlockedDecrement(&s->readers);
        }
        ExReleaseResourceLite(&s->resource);
        KeLeaveCriticalRegion();
        InterlockedIncrement(&s->turns);
    }
}

static void
run_resource_excludes(struct world *w)
{
    struct runner runners[4];
    struct shared s;

    shared_init(&s);
    for (unsigned i = 0; i < 4; i++) {
        runner_start(&runners[i], read_and_write, &s);
    }
    for (unsigned i = 0; i < 4; i++) {
        runner_join(&runners[i]);
    }
    expect(w, s.turns == 32);
    expect(w, s.broken == 0);
    expect(w, ExDeleteResourceLite(&s.resource) == STATUS_SUCCESS);
    close_clean(w);
}

static void
a_writer_is_alone(void **state)
{
    (void)state;
    under_many_seeds(run_resource_excludes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_owner_acquires_it_again),
        cmocka_unit_test(the_region_functions_enter_and_leave),
        cmocka_unit_test(owning_exclusively_becomes_sharing),
        cmocka_unit_test(readers_differ_in_how_they_treat_a_writer_that_waits),
        cmocka_unit_test(ownership_is_passed_on_to_whoever_is_named),
        cmocka_unit_test(misuse_is_reported),
        cmocka_unit_test(one_that_is_not_deleted_is_seen_when_its_memory_is_freed),
        cmocka_unit_test(a_writer_is_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
