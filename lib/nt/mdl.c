/*
 * Memory descriptor lists ("Using MDLs"). Memory is where it is: a page frame number is an address
 * without its low bits, locking pages makes them no less movable than they were, and mapping them
 * gives the address they have. What is kept are the states of an MDL and their order.
 */
#include "nt/nt.h"

#include "nt/mdl.h"

enum { FLAGS_OF_ALLOCATION = MDL_ALLOCATED_FIXED_SIZE | MDL_ALLOCATED_MUST_SUCCEED };

static const ULONG_PTR length_limit = 0xffffffff - PAGE_SIZE;

static void
report(struct context *context, const char *call, const void *caller, const char *what)
{
    pndis__report(context, RULE_MDL_STATE, NULL, call, caller, "%s", what);
}

static PVOID
address_of(PMDL mdl)
{
    /* Pages that were allocated for an MDL have frames and no address of their own. */
    char *start =
        mdl->StartVa != NULL ? mdl->StartVa : (char *)(MmGetMdlPfnArray(mdl)[0] << PAGE_SHIFT);

    return start + mdl->ByteOffset;
}

void
pndis__mdl_fill_pages(PMDL mdl, const void *start)
{
    PPFN_NUMBER frames = MmGetMdlPfnArray(mdl);
    size_t count = ADDRESS_AND_SIZE_TO_SPAN_PAGES((ULONG_PTR)start, mdl->ByteCount);

    for (size_t i = 0; i < count; i++) {
        frames[i] = ((ULONG_PTR)start >> PAGE_SHIFT) + i;
    }
}

/* --- allocating --- */

SIZE_T
MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

/* "IoAllocateMdl function": the first MDL of an IRP, or one more at the end of its chain. */
static void
attach_to_irp(PIRP irp, PMDL mdl, BOOLEAN secondary)
{
    PMDL *link = &irp->MdlAddress;

    while (secondary && *link != NULL) {
        link = &(*link)->Next;
    }
    *link = mdl;
}

PMDL
pndis__mdl_take(struct context *context, struct owner *owner, PVOID start, SIZE_T length,
                const char *call, const void *caller)
{
    size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(start, length);
    PMDL mdl;

    if (length > length_limit || pndis__fault(context)) {
        return NULL;
    }
    mdl = pndis__pool_allocate(context->machine, sizeof(MDL) + pages * sizeof(PFN_NUMBER));
    if (mdl != NULL) {
        MmInitializeMdl(mdl, start, length);
        pndis__acquired(context, RESOURCE_MDL, mdl, length, 0, owner, call, caller);
    }
    return mdl;
}

PMDL
IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota,
              PIRP Irp)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = pndis__mdl_take(context, NULL, VirtualAddress, Length, __func__, NT_CALLER());

    (void)ChargeQuota; /* Nobody is charged. */
    if (mdl != NULL && Irp != NULL) {
        attach_to_irp(Irp, mdl, SecondaryBuffer);
    }
    return mdl;
}

void
pndis__mdl_unmap(struct context *context, PMDL mdl, const char *call)
{
    if ((mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED)) != 0) {
        pndis__released(context, RESOURCE_MAPPING, mdl, call);
        mdl->MdlFlags &= (CSHORT) ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
        mdl->MappedSystemVa = NULL;
    }
}

void
pndis__mdl_give(struct context *context, PMDL mdl, const char *call, const void *caller)
{
    if (!pndis__pool_owns(context->machine, mdl, NULL)) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "frees an MDL that was not allocated, or was freed already");
        return;
    }
    if ((mdl->MdlFlags & MDL_PAGES_LOCKED) != 0) {
        report(context, call, caller, "frees an MDL whose pages are locked");
    }
    pndis__mdl_unmap(context, mdl, call);
    pndis__released(context, RESOURCE_MDL, mdl, call);
    pndis__pool_free(context->machine, mdl);
}

VOID
IoFreeMdl(PMDL Mdl)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__mdl_give(context, Mdl, __func__, NT_CALLER());
}

/* --- describing memory --- */

VOID
MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = MemoryDescriptorList;

    if ((mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL |
                          MDL_PARTIAL)) != 0) {
        report(context, __func__, NT_CALLER(), "builds an MDL that has been built already");
    }
    mdl->Process = NULL;
    mdl->MappedSystemVa = MmGetMdlVirtualAddress(mdl);
    mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    pndis__mdl_fill_pages(mdl, MmGetMdlVirtualAddress(mdl));
}

/* Touch every page, so that memory that is not there faults here, inside the driver's try block. */
static void
probe(PMDL mdl, LOCK_OPERATION operation)
{
    volatile char *at = MmGetMdlVirtualAddress(mdl);
    volatile char *end = at + mdl->ByteCount;

    while (at < end) {
        char byte = *at;

        if (operation != IoReadAccess) {
            *at = byte;
        }
        at = (volatile char *)PAGE_ALIGN(at) + PAGE_SIZE;
    }
}

VOID
MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = MemoryDescriptorList;

    (void)AccessMode; /* All memory is the kernel's. */
    if ((mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)) != 0) {
        report(context, __func__, NT_CALLER(), "locks the pages of an MDL that has them already");
        return;
    }
    probe(mdl, Operation);
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    if (Operation != IoReadAccess) {
        mdl->MdlFlags |= MDL_WRITE_OPERATION;
    }
    pndis__mdl_fill_pages(mdl, MmGetMdlVirtualAddress(mdl));
}

VOID
MmUnlockPages(PMDL MemoryDescriptorList)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = MemoryDescriptorList;

    if ((mdl->MdlFlags & MDL_PAGES_LOCKED) == 0) {
        report(context, __func__, NT_CALLER(), "unlocks the pages of an MDL that are not locked");
        return;
    }
    pndis__mdl_unmap(context, mdl, __func__);
    mdl->MdlFlags &= (CSHORT) ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
}

static size_t
room_for_pages(const MDL *mdl)
{
    return ((size_t)(USHORT)mdl->Size - sizeof(MDL)) / sizeof(PFN_NUMBER);
}

VOID
IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    size_t offset = (size_t)((char *)VirtualAddress - (char *)MmGetMdlVirtualAddress(SourceMdl));
    size_t left = offset <= SourceMdl->ByteCount ? SourceMdl->ByteCount - offset : 0;
    size_t bytes = Length == 0 ? left : Length;
    size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, bytes);

    if (offset > SourceMdl->ByteCount || bytes > left || pages > room_for_pages(TargetMdl)) {
        pndis__report(context, RULE_BUFFER_LENGTH, NULL, __func__, NT_CALLER(),
                      "asks for %zu bytes at offset %zu of %u, for an MDL of at most %zu pages",
                      bytes, offset, SourceMdl->ByteCount, room_for_pages(TargetMdl));
        return;
    }
    TargetMdl->Process = SourceMdl->Process;
    TargetMdl->StartVa = PAGE_ALIGN(VirtualAddress);
    TargetMdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
    TargetMdl->ByteCount = (ULONG)bytes;
    TargetMdl->MdlFlags &= FLAGS_OF_ALLOCATION;
    /* A mapping of the source serves the part as well. */
    TargetMdl->MdlFlags |= MDL_PARTIAL | (SourceMdl->MdlFlags &
                                          (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA));
    TargetMdl->MappedSystemVa =
        (TargetMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA)) != 0
            ? (char *)SourceMdl->MappedSystemVa + offset
            : NULL;
    memmove(MmGetMdlPfnArray(TargetMdl),
            MmGetMdlPfnArray(SourceMdl) + ((SourceMdl->ByteOffset + offset) >> PAGE_SHIFT),
            pages * sizeof(PFN_NUMBER));
}

NTSTATUS
MmAdvanceMdl(PMDL Mdl, ULONG NumberOfBytes)
{
    size_t pages;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (NumberOfBytes >= Mdl->ByteCount) {
        return STATUS_INVALID_PARAMETER_2;
    }
    pages = (Mdl->ByteOffset + NumberOfBytes) >> PAGE_SHIFT;
    Mdl->ByteCount -= NumberOfBytes;
    Mdl->ByteOffset = (Mdl->ByteOffset + NumberOfBytes) & (PAGE_SIZE - 1);
    Mdl->StartVa = (char *)Mdl->StartVa + pages * PAGE_SIZE;
    if (Mdl->MappedSystemVa != NULL) {
        Mdl->MappedSystemVa = (char *)Mdl->MappedSystemVa + NumberOfBytes;
    }
    memmove(MmGetMdlPfnArray(Mdl), MmGetMdlPfnArray(Mdl) + pages,
            ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(Mdl), Mdl->ByteCount) *
                sizeof(PFN_NUMBER));
    return STATUS_SUCCESS;
}

/* --- mapping --- */

/* Whether the pages of @mdl can be mapped, as far as its state goes; reported if not. */
static bool
is_mappable(struct context *context, PMDL mdl, const char *call, const void *caller)
{
    if ((mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL)) == 0) {
        report(context, call, caller, "maps an MDL whose pages are not locked");
        return false;
    }
    if ((mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
        report(context, call, caller, "maps an MDL that is mapped already");
        return false;
    }
    return true;
}

static PVOID
map(struct context *context, PMDL mdl, KPROCESSOR_MODE mode, const char *call, const void *caller)
{
    if (mode == UserMode) {
        /* There is one address space; MappedSystemVa and its flag speak of the system's mapping. */
        return address_of(mdl);
    }
    if (is_mappable(context, mdl, call, caller)) {
        if (pndis__fault(context)) {
            return NULL;
        }
        mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
        if ((mdl->MdlFlags & MDL_PARTIAL) != 0) {
            mdl->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
        }
        mdl->MappedSystemVa = address_of(mdl);
        pndis__acquired(context, RESOURCE_MAPPING, mdl, mdl->ByteCount, 0, NULL, call, caller);
    }
    return address_of(mdl);
}

PVOID
MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                             MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
                             ULONG BugCheckOnFailure, ULONG Priority)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)CacheType;
    (void)RequestedAddress;
    (void)BugCheckOnFailure;
    (void)Priority;
    return map(context, MemoryDescriptorList, AccessMode, __func__, NT_CALLER());
}

PVOID
MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return map(context, MemoryDescriptorList, AccessMode, __func__, NT_CALLER());
}

VOID
MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PMDL mdl = MemoryDescriptorList;

    if ((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) == 0) {
        if (BaseAddress != address_of(mdl)) {
            report(context, __func__, NT_CALLER(), "unmaps an address that no mapping has");
        }
        return; /* A mapping for user mode. */
    }
    if (BaseAddress != mdl->MappedSystemVa) {
        report(context, __func__, NT_CALLER(), "unmaps an address that the MDL is not mapped at");
        return;
    }
    pndis__mdl_unmap(context, mdl, __func__);
}
