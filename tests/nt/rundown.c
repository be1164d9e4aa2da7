/* "Run-Down Protection", plain and cache-aware. */
#include "nt/nt_support.h"

struct guarded {
    EX_RUNDOWN_REF reference;
    PEX_RUNDOWN_REF_CACHE_AWARE aware;
    LONG alive; /* What the references protect. */
    LONG broken;
    LONG uses;
};

static void
references_are_refused_once_it_has_run_down(void **state)
{
    EX_RUNDOWN_REF reference;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializeRundownProtection(&reference);
    assert_true(ExAcquireRundownProtection(&reference));
    assert_true(ExAcquireRundownProtectionEx(&reference, 3));
    ExReleaseRundownProtectionEx(&reference, 4);
    ExWaitForRundownProtectionRelease(&reference);
    assert_false(ExAcquireRundownProtection(&reference));
    /* Once more is allowed. */
    ExWaitForRundownProtectionRelease(&reference);
    ExReInitializeRundownProtection(&reference);
    assert_true(ExAcquireRundownProtection(&reference));
    ExReleaseRundownProtection(&reference);
    ExRundownCompleted(&reference);
    assert_false(ExAcquireRundownProtection(&reference));
    close_clean(&w);
}

static void
releasing_what_is_not_held_is_reported(void **state)
{
    EX_RUNDOWN_REF reference;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializeRundownProtection(&reference);
    ExReleaseRundownProtection(&reference);
    expect_broken(&w, "RESOURCE_RELEASE");
    ExAcquireRundownProtection(&reference);
    ExReleaseRundownProtectionEx(&reference, 2);
    expect_broken(&w, "RESOURCE_RELEASE");
    ExReleaseRundownProtection(&reference);
    ExWaitForRundownProtectionRelease(&reference);
    ExReleaseRundownProtection(&reference);
    expect_broken(&w, "RESOURCE_RELEASE");
    close_clean(&w);
}

static VOID
use_while_possible(PVOID user)
{
    struct guarded *guarded = user;

    while (ExAcquireRundownProtection(&guarded->reference)) {
        if (!ReadAcquire(&guarded->alive)) {
            InterlockedIncrement(&guarded->broken);
        }
        InterlockedIncrement(&guarded->uses);
        KeGetCurrentIrql();
        if (!ReadAcquire(&guarded->alive)) {
            InterlockedIncrement(&guarded->broken);
        }
        ExReleaseRundownProtection(&guarded->reference);
    }
}

static void
run_rundown_waits(struct world *w)
{
    struct guarded guarded = {.alive = TRUE};
    struct runner runners[3];

    ExInitializeRundownProtection(&guarded.reference);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], use_while_possible, &guarded);
    }
    while (ReadAcquire(&guarded.uses) < 3) {
        delay_ms(1);
    }
    ExWaitForRundownProtectionRelease(&guarded.reference);
    WriteRelease(&guarded.alive, FALSE);
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, guarded.broken == 0);
    close_clean(w);
}

static void
run_down_waits_for_every_reference(void **state)
{
    (void)state;
    under_many_seeds(run_rundown_waits);
}

static VOID
use_aware_while_possible(PVOID user)
{
    struct guarded *guarded = user;

    while (ExAcquireRundownProtectionCacheAware(guarded->aware)) {
        if (!ReadAcquire(&guarded->alive)) {
            InterlockedIncrement(&guarded->broken);
        }
        InterlockedIncrement(&guarded->uses);
        ExReleaseRundownProtectionCacheAware(guarded->aware);
    }
}

static void
run_aware_rundown_waits(struct world *w)
{
    struct guarded guarded = {.alive = TRUE};
    struct runner runners[3];

    guarded.aware = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, TEST_TAG);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], use_aware_while_possible, &guarded);
    }
    while (ReadAcquire(&guarded.uses) < 3) {
        delay_ms(1);
    }
    ExWaitForRundownProtectionReleaseCacheAware(guarded.aware);
    WriteRelease(&guarded.alive, FALSE);
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, guarded.broken == 0);
    ExFreeCacheAwareRundownProtection(guarded.aware);
    close_clean(w);
}

static void
the_cache_aware_one_waits_too(void **state)
{
    (void)state;
    under_many_seeds(run_aware_rundown_waits);
}

static void
the_cache_aware_one_lives_in_the_drivers_memory(void **state)
{
    PEX_RUNDOWN_REF_CACHE_AWARE aware;
    struct world w;
    SIZE_T bytes;

    (void)state;
    world_start(&w, 0);
    bytes = ExSizeOfRundownProtectionCacheAware();
    aware = ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, TEST_TAG);
    ExInitializeRundownProtectionCacheAware(aware, bytes);
    assert_true(ExAcquireRundownProtectionCacheAwareEx(aware, 2));
    ExReleaseRundownProtectionCacheAwareEx(aware, 2);
    ExWaitForRundownProtectionReleaseCacheAware(aware);
    assert_false(ExAcquireRundownProtectionCacheAware(aware));
    ExReInitializeRundownProtectionCacheAware(aware);
    assert_true(ExAcquireRundownProtectionCacheAware(aware));
    ExReleaseRundownProtectionCacheAware(aware);
    ExRundownCompletedCacheAware(aware);
    assert_false(ExAcquireRundownProtectionCacheAware(aware));
    expect_clean(&w);
    ExInitializeRundownProtectionCacheAware(aware, bytes - 1);
    expect_broken(&w, "BUFFER_LENGTH");
    ExFreePoolWithTag(aware, TEST_TAG);
    close_clean(&w);
}

static VOID
run_down(PVOID user)
{
    ExWaitForRundownProtectionRelease(user);
}

static void
memory_that_is_being_run_down_is_not_freed_unnoticed(void **state)
{
    PEX_RUNDOWN_REF reference;
    struct runner runner;
    struct world w;

    (void)state;
    world_start(&w, 0);
    reference = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*reference), TEST_TAG);
    ExInitializeRundownProtection(reference);
    ExAcquireRundownProtection(reference);
    runner_start(&runner, run_down, reference);
    settle(&w);
    ExFreePoolWithTag(reference, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    ExReleaseRundownProtection(reference);
    runner_join(&runner);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_refused_once_it_has_run_down),
        cmocka_unit_test(releasing_what_is_not_held_is_reported),
        cmocka_unit_test(run_down_waits_for_every_reference),
        cmocka_unit_test(the_cache_aware_one_waits_too),
        cmocka_unit_test(the_cache_aware_one_lives_in_the_drivers_memory),
        cmocka_unit_test(memory_that_is_being_run_down_is_not_freed_unnoticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
