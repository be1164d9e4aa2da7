/* Memory descriptor lists ("Using MDLs"): describing, locking, mapping, parts of them. */
#include "nt/nt_support.h"

#include <excpt.h>

static const PHYSICAL_ADDRESS anywhere = {.QuadPart = MAXLONGLONG};
static const PHYSICAL_ADDRESS nowhere = {.QuadPart = 0};

static void
an_mdl_describes_its_buffer(void **state)
{
    UINT8 *memory;
    struct world w;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 3 * PAGE_SIZE, TEST_TAG);
    mdl = IoAllocateMdl(memory + 100, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    assert_int_equal(MmGetMdlByteCount(mdl), 2 * PAGE_SIZE);
    assert_int_equal(MmGetMdlByteOffset(mdl), 100);
    assert_ptr_equal(MmGetMdlVirtualAddress(mdl), memory + 100);
    assert_null(mdl->Next);
    /* Two pages from the middle of one touch three. */
    assert_true(MmSizeOfMdl(memory + 100, 2 * PAGE_SIZE) ==
                MmSizeOfMdl(memory, PAGE_SIZE) + 2 * sizeof(PFN_NUMBER));
    MmBuildMdlForNonPagedPool(mdl);
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), memory + 100);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(
            MmGetMdlPfnArray(mdl)[i] ==
            (PFN_NUMBER)(MmGetPhysicalAddress(memory + i * PAGE_SIZE).QuadPart >> PAGE_SHIFT));
    }
    expect_clean(&w);
    MmBuildMdlForNonPagedPool(mdl);
    expect_broken(&w, "MDL_STATE");
    IoFreeMdl(mdl);
    ExFreePoolWithTag(memory, TEST_TAG);
    close_clean(&w);
}

static void
mdls_are_chained_to_an_irp(void **state)
{
    UINT8 memory[64];
    struct world w;
    PMDL first;
    PMDL second;
    PMDL third;
    PIRP irp;

    (void)state;
    world_start(&w, 0);
    irp = IoAllocateIrp(1, FALSE);
    first = IoAllocateMdl(memory, 16, FALSE, FALSE, irp);
    second = IoAllocateMdl(memory + 16, 16, TRUE, FALSE, irp);
    third = IoAllocateMdl(memory + 32, 16, TRUE, FALSE, irp);
    assert_ptr_equal(irp->MdlAddress, first);
    assert_ptr_equal(first->Next, second);
    assert_ptr_equal(second->Next, third);
    IoFreeMdl(third);
    IoFreeMdl(second);
    IoFreeMdl(first);
    IoFreeIrp(irp);
    close_clean(&w);
}

static void
locked_pages_are_mapped_unmapped_and_unlocked(void **state)
{
    UINT8 memory[200];
    struct world w;
    PVOID address;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    mdl = IoAllocateMdl(memory, sizeof(memory), FALSE, FALSE, NULL);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    assert_true((mdl->MdlFlags & MDL_PAGES_LOCKED) != 0);
    address = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    assert_ptr_equal(address, memory);
    assert_true((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0);
    /* Asked again it is the same mapping. */
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), address);
    MmUnmapLockedPages(address, mdl);
    assert_true((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) == 0);
    MmUnlockPages(mdl);
    assert_true((mdl->MdlFlags & MDL_PAGES_LOCKED) == 0);
    IoFreeMdl(mdl);
    close_clean(&w);
}

static void
a_mapping_that_cannot_be_had_is_null(void **state)
{
    UINT8 memory[200];
    struct world w;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    pndis_fault_arm(w.machine, 0);
    assert_null(IoAllocateMdl(memory, sizeof(memory), FALSE, FALSE, NULL));
    mdl = IoAllocateMdl(memory, sizeof(memory), FALSE, FALSE, NULL);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    pndis_fault_arm(w.machine, 0);
    assert_null(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), memory);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    close_clean(&w);
}

/* "MmProbeAndLockPages function": what is not there raises an exception. */
static void
memory_that_is_not_there_is_not_locked(void **state)
{
    volatile NTSTATUS status = STATUS_SUCCESS;
    void *hole = pndis__os_reserve_inaccessible(PAGE_SIZE);
    struct world w;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    mdl = IoAllocateMdl(hole, 16, FALSE, FALSE, NULL);
    __try {
        MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    assert_int_equal(status, STATUS_ACCESS_VIOLATION);
    assert_true((mdl->MdlFlags & MDL_PAGES_LOCKED) == 0);
    assert_false(MmIsAddressValid(hole));
    assert_true(MmIsAddressValid(mdl));
    IoFreeMdl(mdl);
    close_clean(&w);
    pndis__os_release(hole, PAGE_SIZE);
}

/* --- parts --- */

static void
a_partial_mdl_describes_a_part(void **state)
{
    UINT8 *memory;
    PMDL source;
    PMDL target;
    struct world w;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 3 * PAGE_SIZE, TEST_TAG);
    source = IoAllocateMdl(memory, 3 * PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(source);
    target = IoAllocateMdl(memory, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    IoBuildPartialMdl(source, target, memory + PAGE_SIZE + 8, 500);
    assert_ptr_equal(MmGetMdlVirtualAddress(target), memory + PAGE_SIZE + 8);
    assert_int_equal(MmGetMdlByteCount(target), 500);
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(target, NormalPagePriority),
                     memory + PAGE_SIZE + 8);
    assert_true(MmGetMdlPfnArray(target)[0] == MmGetMdlPfnArray(source)[1]);
    MmPrepareMdlForReuse(target);
    /* A length of zero is the rest. */
    IoBuildPartialMdl(source, target, memory + 2 * PAGE_SIZE, 0);
    assert_int_equal(MmGetMdlByteCount(target), PAGE_SIZE);
    expect_clean(&w);
    IoBuildPartialMdl(source, target, memory + 2 * PAGE_SIZE, PAGE_SIZE + 1);
    expect_broken(&w, "BUFFER_LENGTH");
    IoFreeMdl(target);
    IoFreeMdl(source);
    ExFreePoolWithTag(memory, TEST_TAG);
    close_clean(&w);
}

/* "MmAdvanceMdl function". */
static void
advancing_moves_the_beginning(void **state)
{
    UINT8 *memory;
    struct world w;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 2 * PAGE_SIZE, TEST_TAG);
    mdl = IoAllocateMdl(memory, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    assert_int_equal(MmAdvanceMdl(mdl, PAGE_SIZE + 4), STATUS_SUCCESS);
    assert_int_equal(MmGetMdlByteCount(mdl), PAGE_SIZE - 4);
    assert_ptr_equal(MmGetMdlVirtualAddress(mdl), memory + PAGE_SIZE + 4);
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), memory + PAGE_SIZE + 4);
    assert_true(MmGetMdlPfnArray(mdl)[0] ==
                (PFN_NUMBER)((ULONG_PTR)(memory + PAGE_SIZE) >> PAGE_SHIFT));
    assert_int_equal(MmAdvanceMdl(mdl, PAGE_SIZE), STATUS_INVALID_PARAMETER_2);
    IoFreeMdl(mdl);
    ExFreePoolWithTag(memory, TEST_TAG);
    close_clean(&w);
}

/* --- pages without an address, reserved mappings --- */

static void
pages_are_allocated_mapped_and_freed(void **state)
{
    struct world w;
    UINT8 *address;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    mdl = MmAllocatePagesForMdlEx(nowhere, anywhere, nowhere, 2 * PAGE_SIZE, MmCached, 0);
    assert_non_null(mdl);
    assert_int_equal(MmGetMdlByteCount(mdl), 2 * PAGE_SIZE);
    address = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    for (unsigned i = 0; i < 2 * PAGE_SIZE; i++) {
        assert_true(address[i] == 0);
    }
    memset(address, 1, 2 * PAGE_SIZE);
    MmUnmapLockedPages(address, mdl);
    MmFreePagesFromMdl(mdl);
    expect_clean(&w);
    MmFreePagesFromMdl(mdl);
    expect_broken(&w, "MDL_STATE");
    ExFreePool(mdl);
    close_clean(&w);
}

static void
a_reserved_mapping_serves_one_mdl_at_a_time(void **state)
{
    UINT8 memory[64];
    PMDL mdls[2];
    PVOID reserved;
    struct world w;

    (void)state;
    world_start(&w, 0);
    reserved = MmAllocateMappingAddress(2 * PAGE_SIZE, TEST_TAG);
    for (unsigned i = 0; i < 2; i++) {
        mdls[i] = IoAllocateMdl(memory, sizeof(memory), FALSE, FALSE, NULL);
        MmProbeAndLockPages(mdls[i], KernelMode, IoModifyAccess);
    }
    assert_ptr_equal(MmMapLockedPagesWithReservedMapping(reserved, TEST_TAG, mdls[0], MmCached),
                     memory);
    expect_clean(&w);
    assert_null(MmMapLockedPagesWithReservedMapping(reserved, TEST_TAG, mdls[1], MmCached));
    expect_broken(&w, "MDL_STATE");
    MmUnmapReservedMapping(reserved, TEST_TAG, mdls[1]);
    expect_broken(&w, "MDL_STATE");
    MmUnmapReservedMapping(reserved, TEST_TAG, mdls[0]);
    assert_non_null(MmMapLockedPagesWithReservedMapping(reserved, TEST_TAG, mdls[1], MmCached));
    MmUnmapReservedMapping(reserved, TEST_TAG, mdls[1]);
    expect_clean(&w);
    MmFreeMappingAddress(reserved, TEST_TAG + 1);
    expect_broken(&w, "POOL_TAG");
    for (unsigned i = 0; i < 2; i++) {
        MmUnlockPages(mdls[i]);
        IoFreeMdl(mdls[i]);
    }
    close_clean(&w);
}

static void
contiguous_memory_is_page_aligned_and_freed_with_its_length(void **state)
{
    struct world w;
    PVOID memory;

    (void)state;
    world_start(&w, 0);
    memory = MmAllocateContiguousMemorySpecifyCache(100, nowhere, anywhere, nowhere, MmCached);
    assert_true((ULONG_PTR)memory % PAGE_SIZE == 0);
    MmFreeContiguousMemorySpecifyCache(memory, 100, MmCached);
    memory = MmAllocateNonCachedMemory(PAGE_SIZE);
    expect_clean(&w);
    MmFreeNonCachedMemory(memory, 2 * PAGE_SIZE);
    expect_broken(&w, "BUFFER_LENGTH");
    close_clean(&w);
}

/* --- misuse --- */

static void
the_order_of_things_is_checked(void **state)
{
    UINT8 memory[32];
    struct world w;
    PMDL mdl;

    (void)state;
    world_start(&w, 0);
    mdl = IoAllocateMdl(memory, sizeof(memory), FALSE, FALSE, NULL);
    MmUnlockPages(mdl);
    expect_broken(&w, "MDL_STATE");
    MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    expect_broken(&w, "MDL_STATE");
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    expect_broken(&w, "MDL_STATE");
    IoFreeMdl(mdl);
    expect_broken(&w, "MDL_STATE");
    IoFreeMdl(mdl);
    expect_broken(&w, "OBJECT_HANDLE");
    close_clean(&w);
}

/* "The physical address range of the allocated memory block will not cross" a multiple of it. */
static void
contiguous_memory_does_not_cross_its_boundary(void **state)
{
    enum { BOUNDARY = 0x10000, BLOCKS = 40 };
    PHYSICAL_ADDRESS nowhere = {.QuadPart = 0};
    PHYSICAL_ADDRESS anywhere = {.QuadPart = MAXLONGLONG};
    PHYSICAL_ADDRESS boundary = {.QuadPart = BOUNDARY};
    PVOID blocks[BLOCKS];
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (ULONG i = 0; i < BLOCKS; i++) {
        ULONG bytes = (i % (BOUNDARY / PAGE_SIZE) + 1) * PAGE_SIZE;
        ULONGLONG first;

        blocks[i] =
            MmAllocateContiguousMemorySpecifyCache(bytes, nowhere, anywhere, boundary, MmCached);
        assert_non_null(blocks[i]);
        first = (ULONGLONG)MmGetPhysicalAddress(blocks[i]).QuadPart;
        assert_int_equal(first / BOUNDARY, (first + bytes - 1) / BOUNDARY);
    }
    assert_null(MmAllocateContiguousMemorySpecifyCache(BOUNDARY + 1, nowhere, anywhere, boundary,
                                                       MmCached));
    for (ULONG i = 0; i < BLOCKS; i++) {
        MmFreeContiguousMemory(blocks[i]);
    }
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_mdl_describes_its_buffer),
        cmocka_unit_test(mdls_are_chained_to_an_irp),
        cmocka_unit_test(locked_pages_are_mapped_unmapped_and_unlocked),
        cmocka_unit_test(a_mapping_that_cannot_be_had_is_null),
        cmocka_unit_test(memory_that_is_not_there_is_not_locked),
        cmocka_unit_test(a_partial_mdl_describes_a_part),
        cmocka_unit_test(advancing_moves_the_beginning),
        cmocka_unit_test(pages_are_allocated_mapped_and_freed),
        cmocka_unit_test(a_reserved_mapping_serves_one_mdl_at_a_time),
        cmocka_unit_test(contiguous_memory_is_page_aligned_and_freed_with_its_length),
        cmocka_unit_test(the_order_of_things_is_checked),
        cmocka_unit_test(contiguous_memory_does_not_cross_its_boundary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
