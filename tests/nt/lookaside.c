/* Lookaside lists ("Using Lookaside Lists"): nonpaged, paged, and the extended kind. */
#include "nt/nt_support.h"

#include <excpt.h>

enum { ENTRY_BYTES = 48, ENTRIES = 10 };

static void
entries_are_as_long_as_the_list_says_and_differ(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    UINT8 *entries[ENTRIES];
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, ENTRY_BYTES, TEST_TAG, 0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
        assert_non_null(entries[i]);
        memset(entries[i], (int)i, ENTRY_BYTES);
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(entries[i][0] == i && entries[i][ENTRY_BYTES - 1] == i);
        ExFreeToNPagedLookasideList(&list, entries[i]);
    }
    ExDeleteNPagedLookasideList(&list);
    close_clean(&w);
}

/* Without the ledger entries are kept, which is what such lists are for. */
static void
a_freed_entry_is_used_again_when_nobody_keeps_accounts(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    struct world w;
    PVOID first;

    (void)state;
    world_open(&w, &(struct pndis_machine_options){.without_ledger = true});
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, ENTRY_BYTES, TEST_TAG, 0);
    first = ExAllocateFromNPagedLookasideList(&list);
    ExFreeToNPagedLookasideList(&list, first);
    assert_ptr_equal(ExAllocateFromNPagedLookasideList(&list), first);
    ExFreeToNPagedLookasideList(&list, first);
    assert_int_equal(list.L.TotalAllocates, 2);
    assert_int_equal(list.L.AllocateMisses, 1);
    ExDeleteNPagedLookasideList(&list);
    close_clean(&w);
}

/* --- a driver's own routines --- */

static LONG allocated;
static LONG freed;

static PVOID
own_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    InterlockedIncrement(&allocated);
    return ExAllocatePoolWithTag(type, bytes, tag);
}

static VOID
own_free(PVOID entry)
{
    InterlockedIncrement(&freed);
    ExFreePool(entry);
}

static PVOID
own_allocate_ex(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    (void)list;
    return own_allocate(type, bytes, tag);
}

static VOID
own_free_ex(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    (void)list;
    own_free(entry);
}

static void
a_drivers_own_routines_are_called(void **state)
{
    PAGED_LOOKASIDE_LIST paged;
    LOOKASIDE_LIST_EX extended;
    struct world w;

    (void)state;
    allocated = freed = 0;
    world_start(&w, 0);
    ExInitializePagedLookasideList(&paged, own_allocate, own_free, 0, ENTRY_BYTES, TEST_TAG, 0);
    ExFreeToPagedLookasideList(&paged, ExAllocateFromPagedLookasideList(&paged));
    ExDeletePagedLookasideList(&paged);
    assert_int_equal(allocated, 1);
    assert_int_equal(freed, 1);
    assert_int_equal(ExInitializeLookasideListEx(&extended, own_allocate_ex, own_free_ex,
                                                 NonPagedPoolNx, 0, ENTRY_BYTES, TEST_TAG, 0),
                     STATUS_SUCCESS);
    ExFreeToLookasideListEx(&extended, ExAllocateFromLookasideListEx(&extended));
    ExFlushLookasideListEx(&extended);
    ExDeleteLookasideListEx(&extended);
    assert_int_equal(allocated, 2);
    assert_int_equal(freed, 2);
    close_clean(&w);
}

/* "ExInitializeLookasideListEx function": statuses of bad parameters. */
static void
bad_parameters_have_their_status(void **state)
{
    LOOKASIDE_LIST_EX list;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(
        ExInitializeLookasideListEx(&list, NULL, NULL, (POOL_TYPE)99, 0, 8, TEST_TAG, 0),
        STATUS_INVALID_PARAMETER_4);
    assert_int_equal(
        ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0x80, 8, TEST_TAG, 0),
        STATUS_INVALID_PARAMETER_5);
    assert_int_equal(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx,
                                                 EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL |
                                                     EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
                                                 8, TEST_TAG, 0),
                     STATUS_INVALID_PARAMETER_5);
    close_clean(&w);
}

static void
a_failing_allocation_is_null_or_an_exception(void **state)
{
    volatile NTSTATUS status = STATUS_SUCCESS;
    LOOKASIDE_LIST_EX list;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0, ENTRY_BYTES, TEST_TAG, 0);
    pndis_fault_arm(w.machine, 0);
    assert_null(ExAllocateFromLookasideListEx(&list));
    ExDeleteLookasideListEx(&list);
    ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx,
                                EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, ENTRY_BYTES, TEST_TAG, 0);
    pndis_fault_arm(w.machine, 0);
    __try {
        ExAllocateFromLookasideListEx(&list);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    assert_int_equal(status, STATUS_INSUFFICIENT_RESOURCES);
    ExDeleteLookasideListEx(&list);
    close_clean(&w);
}

/* --- misuse --- */

static void
a_list_that_was_deleted_is_not_used(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, ENTRY_BYTES, TEST_TAG, 0);
    ExDeleteNPagedLookasideList(&list);
    assert_null(ExAllocateFromNPagedLookasideList(&list));
    expect_broken(&w, "OBJECT_HANDLE");
    ExDeleteNPagedLookasideList(&list);
    expect_broken(&w, "OBJECT_HANDLE");
    memset(&list, 0, sizeof(list));
    assert_null(ExAllocateFromNPagedLookasideList(&list));
    expect_broken(&w, "OBJECT_HANDLE");
    close_clean(&w);
}

static void
entries_outlive_neither_list_nor_driver(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, ENTRY_BYTES, TEST_TAG, 0);
    ExAllocateFromNPagedLookasideList(&list);
    ExDeleteNPagedLookasideList(&list);
    world_end(&w);
    expect_broken(&w, "LEAK_UNLOAD");
    pndis_machine_destroy(w.machine);
}

static void
memory_with_a_list_in_it_is_not_freed_unnoticed(void **state)
{
    PNPAGED_LOOKASIDE_LIST list;
    struct world w;

    (void)state;
    world_start(&w, 0);
    list = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*list), TEST_TAG);
    ExInitializeNPagedLookasideList(list, NULL, NULL, 0, ENTRY_BYTES, TEST_TAG, 0);
    ExFreePoolWithTag(list, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    ExDeleteNPagedLookasideList(list);
    close_clean(&w);
}

/* --- many at once --- */

static VOID
take_and_give(PVOID user)
{
    for (unsigned i = 0; i < 30; i++) {
        UINT8 *first = ExAllocateFromNPagedLookasideList(user);
        UINT8 *second = ExAllocateFromNPagedLookasideList(user);

        memset(first, 1, ENTRY_BYTES);
        memset(second, 2, ENTRY_BYTES);
        ExFreeToNPagedLookasideList(user, first);
        ExFreeToNPagedLookasideList(user, second);
    }
}

static void
play(struct world *w)
{
    NPAGED_LOOKASIDE_LIST list;
    struct runner runners[3];

    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, ENTRY_BYTES, TEST_TAG, 0);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], take_and_give, &list);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, list.L.TotalAllocates == 180 && list.L.TotalFrees == 180);
    ExDeleteNPagedLookasideList(&list);
    close_clean(w);
}

static void
threads_share_a_list(void **state)
{
    (void)state;
    under_many_seeds(play);
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct world w;

        world_open(&w, &(struct pndis_machine_options){.seed = seed, .without_ledger = true});
        play(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_as_long_as_the_list_says_and_differ),
        cmocka_unit_test(a_freed_entry_is_used_again_when_nobody_keeps_accounts),
        cmocka_unit_test(a_drivers_own_routines_are_called),
        cmocka_unit_test(bad_parameters_have_their_status),
        cmocka_unit_test(a_failing_allocation_is_null_or_an_exception),
        cmocka_unit_test(a_list_that_was_deleted_is_not_used),
        cmocka_unit_test(entries_outlive_neither_list_nor_driver),
        cmocka_unit_test(memory_with_a_list_in_it_is_not_freed_unnoticed),
        cmocka_unit_test(threads_share_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
