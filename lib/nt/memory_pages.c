/*
 * Memory in pages: for MDLs, contiguous, reserved for mappings; and questions about addresses. The
 * physical address of memory is its address, so all memory is contiguous, and most of it lies above
 * 4 GiB: limits on physical addresses are not kept.
 */
#include "nt/nt.h"

#include "nt/mdl.h"
#include "nt/pool.h"

static const ULONG contiguous_tag = 0x746e6f43; /* 'Cont' */
static const ULONG mdl_tag = 0x206c644d;        /* 'Mdl ' */

/* --- pages for an MDL ("MmAllocatePagesForMdlEx function") --- */

static PMDL
allocate_pages(struct context *context, SIZE_T bytes, ULONG flags, const char *call,
               const void *caller)
{
    size_t size = ROUND_TO_PAGES(bytes);
    enum pool_fill fill =
        (flags & MM_DONT_ZERO_ALLOCATION) != 0 ? POOL_FILL_PATTERN : POOL_FILL_ZERO;
    void *pages;
    PMDL mdl;

    if (bytes == 0 || size > 0xffffffff - PAGE_SIZE) {
        return NULL;
    }
    mdl = pndis__pool_take(context, POOL_NONPAGED,
                           sizeof(MDL) + (size >> PAGE_SHIFT) * sizeof(PFN_NUMBER), mdl_tag,
                           POOL_FILL_ZERO, call, caller);
    if (mdl == NULL) {
        return NULL;
    }
    pages = pndis__pool_take(context, POOL_NONPAGED, size, mdl_tag, fill, call, caller);
    if (pages == NULL) {
        pndis__pool_give(context, mdl, mdl_tag, call, caller);
        return NULL;
    }
    /* Physical pages, which have no address until they are mapped. */
    MmInitializeMdl(mdl, NULL, size);
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    pndis__mdl_fill_pages(mdl, pages);
    return mdl;
}

PMDL
MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                        PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
                        MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)LowAddress;
    (void)HighAddress;
    (void)SkipBytes;
    (void)CacheType;
    return allocate_pages(context, TotalBytes, Flags, __func__, NT_CALLER());
}

PMDL
MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                      PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)LowAddress;
    (void)HighAddress;
    (void)SkipBytes;
    return allocate_pages(context, TotalBytes, 0, __func__, NT_CALLER());
}

/* The pages, not the MDL: that one the driver frees with ExFreePool. */
VOID
MmFreePagesFromMdl(PMDL MemoryDescriptorList)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = MemoryDescriptorList;

    if ((mdl->MdlFlags & MDL_PAGES_LOCKED) == 0 || mdl->StartVa != NULL) {
        pndis__report(context, RULE_MDL_STATE, NULL, __func__, NT_CALLER(),
                      "frees pages that were not allocated for the MDL");
        return;
    }
    if ((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0) {
        pndis__report(context, RULE_MDL_STATE, NULL, __func__, NT_CALLER(),
                      "frees pages that are still mapped");
        MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
    }
    mdl->MdlFlags &= (CSHORT)~MDL_PAGES_LOCKED;
    pndis__pool_give(context, (void *)(MmGetMdlPfnArray(mdl)[0] << PAGE_SHIFT), mdl_tag, __func__,
                     NT_CALLER());
}

/* --- reserved mappings: what is reserved is the right to map so many bytes --- */

struct reservation {
    SIZE_T bytes;
    ULONG tag;
    PMDL mapped;
};

/* The reservation at @address, or NULL, which has been reported. */
static struct reservation *
reservation_of(struct context *context, PVOID address, ULONG tag, const char *call,
               const void *caller)
{
    struct reservation *reservation = address;
    size_t bytes;

    if (!pndis__pool_owns(context->machine, address, &bytes) || bytes != sizeof(*reservation)) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "uses an address that is not one of MmAllocateMappingAddress");
        return NULL;
    }
    if (reservation->tag != tag) {
        pndis__report(context, RULE_POOL_TAG, NULL, call, caller,
                      "a mapping that was reserved with tag 0x%08x is used with tag 0x%08x",
                      reservation->tag, tag);
    }
    return reservation;
}

PVOID
MmAllocateMappingAddress(SIZE_T NumberOfBytes, ULONG PoolTag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct reservation *reservation =
        pndis__pool_take(context, POOL_NONPAGED, sizeof(*reservation), PoolTag, POOL_FILL_ZERO,
                         __func__, NT_CALLER());

    if (reservation != NULL) {
        reservation->bytes = NumberOfBytes;
        reservation->tag = PoolTag;
    }
    return reservation;
}

VOID
MmFreeMappingAddress(PVOID BaseAddress, ULONG PoolTag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct reservation *reservation =
        reservation_of(context, BaseAddress, PoolTag, __func__, NT_CALLER());

    if (reservation == NULL) {
        return;
    }
    if (reservation->mapped != NULL) {
        pndis__report(context, RULE_MDL_STATE, NULL, __func__, NT_CALLER(),
                      "frees a reserved mapping that is in use");
    }
    pndis__pool_give(context, reservation, 0, __func__, NT_CALLER());
}

PVOID
MmMapLockedPagesWithReservedMapping(PVOID MappingAddress, ULONG PoolTag, PMDL MemoryDescriptorList,
                                    MEMORY_CACHING_TYPE CacheType)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = MemoryDescriptorList;
    struct reservation *reservation =
        reservation_of(context, MappingAddress, PoolTag, __func__, NT_CALLER());
    char *start;

    (void)CacheType;
    if (reservation == NULL || mdl->ByteOffset + (size_t)mdl->ByteCount > reservation->bytes) {
        return NULL;
    }
    if (reservation->mapped != NULL || (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0) {
        pndis__report(context, RULE_MDL_STATE, NULL, __func__, NT_CALLER(),
                      "maps over a mapping that is in use");
        return NULL;
    }
    start = (char *)(MmGetMdlPfnArray(mdl)[0] << PAGE_SHIFT);
    reservation->mapped = mdl;
    mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    /* Without the byte offset, other than the address that is returned, as the page says. */
    mdl->MappedSystemVa = start;
    return start + mdl->ByteOffset;
}

VOID
MmUnmapReservedMapping(PVOID BaseAddress, ULONG PoolTag, PMDL MemoryDescriptorList)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct reservation *reservation =
        reservation_of(context, BaseAddress, PoolTag, __func__, NT_CALLER());

    if (reservation == NULL) {
        return;
    }
    if (reservation->mapped != MemoryDescriptorList) {
        pndis__report(context, RULE_MDL_STATE, NULL, __func__, NT_CALLER(),
                      "unmaps an MDL that the reserved mapping does not map");
        return;
    }
    reservation->mapped = NULL;
    MemoryDescriptorList->MdlFlags &= (CSHORT)~MDL_MAPPED_TO_SYSTEM_VA;
    MemoryDescriptorList->MappedSystemVa = NULL;
}

/* --- contiguous and noncached memory --- */

/* What begins at a multiple of a power of two that holds it crosses no multiple of a higher one. */
static PVOID
allocate_contiguous(struct context *context, SIZE_T bytes, size_t boundary, const char *call,
                    const void *caller)
{
    size_t size = ROUND_TO_PAGES(bytes);
    size_t alignment = PAGE_SIZE;

    while (boundary != 0 && alignment < size) {
        alignment *= 2;
    }
    if (boundary != 0 && size > boundary) {
        return NULL;
    }
    return pndis__pool_take_aligned(context, size, alignment, contiguous_tag, call, caller);
}

PVOID
MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)HighestAcceptableAddress;
    return allocate_contiguous(context, NumberOfBytes, 0, __func__, NT_CALLER());
}

PVOID
MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes,
                                       PHYSICAL_ADDRESS LowestAcceptableAddress,
                                       PHYSICAL_ADDRESS HighestAcceptableAddress,
                                       PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                       MEMORY_CACHING_TYPE CacheType)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)LowestAcceptableAddress;
    (void)HighestAcceptableAddress;
    (void)CacheType;
    return allocate_contiguous(context, NumberOfBytes, (size_t)BoundaryAddressMultiple.QuadPart,
                               __func__, NT_CALLER());
}

VOID
MmFreeContiguousMemory(PVOID BaseAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__pool_give(context, BaseAddress, contiguous_tag, __func__, NT_CALLER());
}

/* @bytes has to be what was allocated. */
static void
free_sized(struct context *context, PVOID memory, SIZE_T bytes, const char *call,
           const void *caller)
{
    size_t allocated;

    if (pndis__pool_owns(context->machine, memory, &allocated) &&
        allocated != ROUND_TO_PAGES(bytes)) {
        pndis__report(context, RULE_BUFFER_LENGTH, NULL, call, caller,
                      "frees %zu bytes of contiguous memory that has %zu", (size_t)bytes,
                      allocated);
    }
    pndis__pool_give(context, memory, contiguous_tag, call, caller);
}

VOID
MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes,
                                   MEMORY_CACHING_TYPE CacheType)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)CacheType;
    free_sized(context, BaseAddress, NumberOfBytes, __func__, NT_CALLER());
}

PVOID
MmAllocateNonCachedMemory(SIZE_T NumberOfBytes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return allocate_contiguous(context, NumberOfBytes, 0, __func__, NT_CALLER());
}

VOID
MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    free_sized(context, BaseAddress, NumberOfBytes, __func__, NT_CALLER());
}

/* --- addresses --- */

PHYSICAL_ADDRESS
MmGetPhysicalAddress(PVOID BaseAddress)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return (PHYSICAL_ADDRESS){.QuadPart = (LONGLONG)(ULONG_PTR)BaseAddress};
}

/* Ask the processor: an address is valid when reading it raises nothing. A sanitizer has no say. */
__attribute__((no_sanitize_address)) BOOLEAN
MmIsAddressValid(PVOID VirtualAddress)
{
    volatile BOOLEAN valid = FALSE;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    __try {
        (void)*(volatile const char *)VirtualAddress;
        valid = TRUE;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        valid = FALSE;
    }
    return valid;
}

static void
check_alignment(volatile VOID *address, ULONG alignment)
{
    if (alignment != 0 && ((ULONG_PTR)address & (alignment - 1)) != 0) {
        ExRaiseDatatypeMisalignment();
    }
}

/* "ProbeForRead function": checks the range and its alignment, and touches nothing. */
VOID
ProbeForRead(volatile VOID *Address, SIZE_T Length, ULONG Alignment)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (Length == 0) {
        return;
    }
    check_alignment(Address, Alignment);
    if (Address == NULL || (ULONG_PTR)Address + Length < (ULONG_PTR)Address) {
        ExRaiseAccessViolation();
    }
}

/* "ProbeForWrite function": writes every page, with what it holds. */
VOID
ProbeForWrite(volatile VOID *Address, SIZE_T Length, ULONG Alignment)
{
    volatile char *at = Address;
    volatile char *end = at + Length;

    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (Length == 0) {
        return;
    }
    check_alignment(Address, Alignment);
    if (end < at) {
        ExRaiseAccessViolation();
    }
    while (at < end) {
        *at = *at;
        at = (volatile char *)PAGE_ALIGN(at) + PAGE_SIZE;
    }
}

/* --- paging of code and data, none of which is ever paged out --- */

PVOID
MmLockPagableDataSection(PVOID AddressWithinSection)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return AddressWithinSection;
}

VOID
MmUnlockPagableImageSection(PVOID ImageSectionHandle)
{
    (void)ImageSectionHandle;
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
}

PVOID
MmPageEntireDriver(PVOID AddressWithinSection)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return AddressWithinSection;
}

VOID
MmResetDriverPaging(PVOID AddressWithinSection)
{
    (void)AddressWithinSection;
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
}
