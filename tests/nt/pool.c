/* Pool memory: ExAllocatePool2 and its older relatives, tags, what is written outside of a block.
 */
#include "nt/nt_support.h"

#include <excpt.h>

enum { OTHER_TAG = 0x7265684f };

/* --- what a driver gets --- */

static bool
is_all(const UINT8 *memory, size_t bytes, UINT8 value)
{
    for (size_t i = 0; i < bytes; i++) {
        if (memory[i] != value) {
            return false;
        }
    }
    return true;
}

static void
pool2_memory_is_zeroed_unless_asked_not_to(void **state)
{
    UINT8 *memory;
    struct world w;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 500, TEST_TAG);
    assert_true(is_all(memory, 500, 0));
    ExFreePoolWithTag(memory, TEST_TAG);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, 500, TEST_TAG);
    assert_false(is_all(memory, 500, 0));
    ExFreePoolWithTag(memory, TEST_TAG);
    memory = ExAllocatePoolWithTag(NonPagedPoolNx, 500, TEST_TAG);
    assert_false(is_all(memory, 500, 0));
    ExFreePool(memory);
    memory =
        ExAllocatePoolWithTag((POOL_TYPE)(NonPagedPoolNx | POOL_ZERO_ALLOCATION), 500, TEST_TAG);
    assert_true(is_all(memory, 500, 0));
    ExFreePool(memory);
    close_clean(&w);
}

/* "ExAllocatePool2 function": a page and more is page-aligned, less does not cross a page. */
static void
blocks_lie_as_the_pool_promises(void **state)
{
    static const SIZE_T sizes[] = {1, 8, 16, 17, 100, 2000, 4095, 4096, 4097, 10000};
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            ULONG_PTR start = (ULONG_PTR)ExAllocatePool2(POOL_FLAG_NON_PAGED, sizes[i], TEST_TAG);

            assert_true(start != 0 && start % 16 == 0);
            if (sizes[i] >= PAGE_SIZE) {
                assert_true(start % PAGE_SIZE == 0);
            } else {
                assert_true(start / PAGE_SIZE == (start + sizes[i] - 1) / PAGE_SIZE);
            }
            memset((void *)start, 0xee, sizes[i]);
            ExFreePoolWithTag((void *)start, TEST_TAG);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        PVOID aligned =
            ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, 100 + i, TEST_TAG);

        assert_true((ULONG_PTR)aligned % SYSTEM_CACHE_ALIGNMENT_SIZE == 0);
        ExFreePoolWithTag(aligned, TEST_TAG);
    }
    close_clean(&w);
}

static void
impossible_requests_are_refused(void **state)
{
    static const POOL_FLAGS bad[] = {
        0,
        POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED,
        POOL_FLAG_UNINITIALIZED,
        POOL_FLAG_NON_PAGED | 0x10000000,
    };
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(ExAllocatePool2(bad[i], 8, TEST_TAG));
    }
    assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED, 0, TEST_TAG));
    assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED, (SIZE_T)-100, TEST_TAG));
    assert_null(ExAllocatePoolWithTag(NonPagedPoolNx, (SIZE_T)-100, TEST_TAG));
    expect_clean(&w);
    assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, 0));
    expect_broken(&w, "POOL_TAG");
    close_clean(&w);
}

static NTSTATUS
status_of_raising(struct world *w, bool with_quota)
{
    volatile NTSTATUS status = STATUS_SUCCESS;

    pndis_fault_arm(w->machine, 0);
    __try {
        if (with_quota) {
            ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 8, TEST_TAG);
        } else {
            ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 8, TEST_TAG);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    pndis_fault_disarm(w->machine);
    return status;
}

static void
who_wants_an_exception_gets_one(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(status_of_raising(&w, false), STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(status_of_raising(&w, true), STATUS_INSUFFICIENT_RESOURCES);
    pndis_fault_arm(w.machine, 0);
    assert_null(ExAllocatePoolWithQuotaTag(
        (POOL_TYPE)(NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), 8, TEST_TAG));
    assert_true(pndis_fault_fired(w.machine));
    close_clean(&w);
}

/* "ExAllocatePool3 function": what is not known is an error unless it is optional. */
static void
extended_parameters_are_understood_or_refused(void **state)
{
    POOL_EXTENDED_PARAMETER parameter = {.Type = PoolExtendedParameterPriority};
    PVOID memory;
    struct world w;

    (void)state;
    world_start(&w, 0);
    parameter.Priority = HighPoolPriority;
    memory = ExAllocatePool3(POOL_FLAG_NON_PAGED, 8, TEST_TAG, &parameter, 1);
    assert_non_null(memory);
    ExFreePool2(memory, TEST_TAG, NULL, 0);
    parameter.Type = PoolExtendedParameterInvalidType;
    assert_null(ExAllocatePool3(POOL_FLAG_NON_PAGED, 8, TEST_TAG, &parameter, 1));
    parameter.Optional = 1;
    memory = ExAllocatePool3(POOL_FLAG_NON_PAGED, 8, TEST_TAG, &parameter, 1);
    assert_non_null(memory);
    ExFreePool(memory);
    close_clean(&w);
}

/* --- writing where one must not --- */

static void
expect_corrupt(struct world *w, const char *words)
{
    const struct pndis_violation *first = pndis_violation_at(w->machine, 0);

    assert_non_null(first);
    assert_non_null(strstr(first->message, words));
    expect_broken(w, "POOL_CORRUPT");
}

/* The compiler is not to know that this is out of bounds. */
static void
write_at(volatile UINT8 *memory, ptrdiff_t offset)
{
    memory[offset] ^= 0x55;
}

static void
every_byte_around_a_block_is_watched(void **state)
{
    enum { BYTES = 20, WATCHED = 16 };
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (ptrdiff_t i = 0; i < WATCHED; i++) {
        UINT8 *memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);

        write_at(memory, BYTES + i);
        ExFreePoolWithTag(memory, TEST_TAG);
        expect_corrupt(&w, "memory behind the end of a block of 20 bytes");
        memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
        write_at(memory, -1 - i);
        ExFreePoolWithTag(memory, TEST_TAG);
        expect_corrupt(&w, "memory in front of a block of 20 bytes");
        memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
        write_at(memory, 0);
        write_at(memory, BYTES - 1);
        ExFreePoolWithTag(memory, TEST_TAG);
        expect_clean(&w);
    }
    close_clean(&w);
}

static void
what_is_never_freed_is_looked_at_in_the_end(void **state)
{
    UINT8 *memory;
    struct world w;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, TEST_TAG);
    write_at(memory, 8);
    world_end(&w);
    assert_string_equal(pndis_violation_at(w.machine, 0)->rule, "LEAK_UNLOAD");
    assert_string_equal(pndis_violation_at(w.machine, 1)->rule, "POOL_CORRUPT");
    assert_null(pndis_violation_at(w.machine, 2));
    pndis_machine_destroy(w.machine);
}

/* --- freeing what one must not --- */

static void
memory_is_freed_once(void **state)
{
    const struct pndis_violation *violation;
    PVOID memory;
    struct world w;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, TEST_TAG);
    ExFreePoolWithTag(memory, TEST_TAG);
    ExFreePoolWithTag(memory, TEST_TAG);
    violation = pndis_violation_at(w.machine, 0);
    assert_non_null(strstr(violation->message, "frees what was freed already, by "));
    assert_non_null(strstr(violation->message, "pool"));
    expect_broken(&w, "POOL_FREE");
    close_clean(&w);
}

static void
only_pool_memory_is_freed(void **state)
{
    UINT8 *memory;
    UINT8 local[32];
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExFreePool(local);
    expect_broken(&w, "POOL_FREE");
    ExFreePool(NULL);
    expect_broken(&w, "POOL_FREE");
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TEST_TAG);
    ExFreePool(memory + 16);
    expect_broken(&w, "POOL_FREE");
    ExFreePool(memory);
    close_clean(&w);
}

static void
memory_is_freed_with_its_tag(void **state)
{
    PVOID memory;
    struct world w;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, TEST_TAG);
    ExFreePoolWithTag(memory, OTHER_TAG);
    expect_broken(&w, "POOL_TAG");
    ExFreePoolWithTag(ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, TEST_TAG), 0);
    ExFreePool(ExAllocatePool(NonPagedPoolNx, 8));
    close_clean(&w);
}

static void
paged_pool_is_for_levels_below_dispatch(void **state)
{
    PVOID memory;
    struct world w;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeRaiseIrql(APC_LEVEL, &irql);
    memory = ExAllocatePool2(POOL_FLAG_PAGED, 8, TEST_TAG);
    assert_non_null(memory);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    ExFreePoolWithTag(memory, TEST_TAG);
    expect_broken(&w, "POOL_IRQL");
    memory = ExAllocatePool2(POOL_FLAG_PAGED, 8, TEST_TAG);
    expect_broken(&w, "POOL_IRQL");
    KeLowerIrql(PASSIVE_LEVEL);
    ExFreePoolWithTag(memory, TEST_TAG);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, TEST_TAG);
    ExFreePoolWithTag(memory, TEST_TAG);
    KeLowerIrql(irql);
    close_clean(&w);
}

/* --- many at once --- */

static VOID
allocate_and_free(PVOID user)
{
    enum { BLOCKS = 40 };
    UINT8 *blocks[BLOCKS];

    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = ExAllocatePool2(POOL_FLAG_NON_PAGED, 1 + i * 3, TEST_TAG);
        memset(blocks[i], (int)i, 1 + i * 3);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        InterlockedAdd(user, !is_all(blocks[i], 1 + i * 3, (UINT8)i));
        ExFreePoolWithTag(blocks[i], TEST_TAG);
    }
}

static void
run_threads_allocate(struct world *w)
{
    struct runner runners[3];
    LONG wrong = 0;

    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], allocate_and_free, &wrong);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, wrong == 0);
    close_clean(w);
}

static void
threads_have_blocks_of_their_own(void **state)
{
    (void)state;
    under_many_seeds(run_threads_allocate);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool2_memory_is_zeroed_unless_asked_not_to),
        cmocka_unit_test(blocks_lie_as_the_pool_promises),
        cmocka_unit_test(impossible_requests_are_refused),
        cmocka_unit_test(who_wants_an_exception_gets_one),
        cmocka_unit_test(extended_parameters_are_understood_or_refused),
        cmocka_unit_test(every_byte_around_a_block_is_watched),
        cmocka_unit_test(what_is_never_freed_is_looked_at_in_the_end),
        cmocka_unit_test(memory_is_freed_once),
        cmocka_unit_test(only_pool_memory_is_freed),
        cmocka_unit_test(memory_is_freed_with_its_tag),
        cmocka_unit_test(paged_pool_is_for_levels_below_dispatch),
        cmocka_unit_test(threads_have_blocks_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
