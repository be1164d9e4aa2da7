/* Memory, as NDIS hands it out: the kernel's pool under NDIS names. */
#include "ndis/ndis_core.h"

#include "ndis/memory.h"
#include "nt/lookaside.h"
#include "nt/mdl.h"
#include "nt/pool.h"

/*
 * "NdisAllocateMemoryWithTagPriority function". IRQL <= DISPATCH_LEVEL.
 * Nonpaged and not zeroed. On the account of @NdisHandle's adapter, driver or binding. NULL: no
 * memory. A tag of zero is reported (POOL_TAG).
 */
PVOID
NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
                                  EX_POOL_PRIORITY Priority)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct owner *owner;

    (void)Priority;
    if (!pndis__owner_of_handle(context, NdisHandle, __func__, caller, &owner)) {
        return NULL;
    }
    if (Tag == 0) {
        pndis__report(context, RULE_POOL_TAG, owner, __func__, caller,
                      "memory is allocated with a tag of zero");
    }
    return pndis__pool_take_for(context, owner, POOL_NONPAGED, Length, Tag, POOL_FILL_PATTERN,
                                __func__, caller);
}

/*
 * NdisAllocateMemoryWithTag: kept for drivers of older versions, without a page of its own. IRQL <=
 * DISPATCH_LEVEL. As NdisAllocateMemoryWithTagPriority, on the running driver's account.
 */
NDIS_STATUS
NdisAllocateMemoryWithTag(PVOID *VirtualAddress, UINT Length, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    *VirtualAddress = pndis__pool_take(context, POOL_NONPAGED, Length, Tag, POOL_FILL_PATTERN,
                                       __func__, NT_CALLER());
    return *VirtualAddress == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

/*
 * "NdisFreeMemory function". IRQL <= DISPATCH_LEVEL for this memory. @MemoryFlags are those of the
 * allocation: 0. @Length may be 0.
 */
VOID
NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    ULONG tag = pndis__pool_tag_of(context->machine, VirtualAddress);
    UINT allocated = (tag & ~(ULONG)MEMORY5_FLAGS) == MEMORY5_TAG ? tag & MEMORY5_FLAGS : 0;

    (void)Length;
    if (MemoryFlags != allocated) {
        pndis__report(context, RULE_POOL_FREE, NULL, __func__, NT_CALLER(),
                      "MemoryFlags is 0x%x for memory that was allocated with 0x%x", MemoryFlags,
                      allocated);
    }
    pndis__pool_give(context, VirtualAddress, 0, __func__, NT_CALLER());
}

/* "NdisFreeMemoryWithTagPriority function". IRQL <= DISPATCH_LEVEL. With the tag of the allocation.
 */
VOID
NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct owner *owner;

    if (pndis__owner_of_handle(context, NdisHandle, __func__, NT_CALLER(), &owner)) {
        pndis__pool_give(context, VirtualAddress, Tag, __func__, NT_CALLER());
    }
}

/* "NdisFreeMemoryWithTag function". As NdisFreeMemory, with the tag of the allocation. */
VOID
NdisFreeMemoryWithTag(PVOID VirtualAddress, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__pool_give(context, VirtualAddress, Tag, __func__, NT_CALLER());
}

/*
 * "NdisInitializeNPagedLookasideList function". IRQL <= DISPATCH_LEVEL.
 * The kernel's lookaside list; deleted with NdisDeleteNPagedLookasideList.
 */
VOID
NdisInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                  PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                                  USHORT Depth)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const GENERAL_LOOKASIDE_POOL values = {
        .Type = (POOL_TYPE)((ULONG)NonPagedPoolNx | Flags),
        .Tag = Tag,
        .Size = (ULONG)Size,
        .Allocate = Allocate,
        .Free = Free,
    };

    (void)Depth; /* Reserved. */
    pndis__lookaside_init(context, Lookaside, &values, __func__, NT_CALLER());
}

/* --- MDLs --- */

/*
 * NdisAllocateMdl: describes @Length bytes of nonpaged memory at @VirtualAddress, which stay the
 * caller's. IRQL <= DISPATCH_LEVEL. Without a page of its own; freed with NdisFreeMdl. NULL: no
 * memory.
 */
PMDL
NdisAllocateMdl(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, UINT Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct owner *owner;
    MDL *mdl;

    if (!pndis__owner_of_handle(context, NdisHandle, __func__, caller, &owner)) {
        return NULL;
    }
    mdl = pndis__mdl_take(context, owner, VirtualAddress, Length, __func__, caller);
    if (mdl != NULL) {
        MmBuildMdlForNonPagedPool(mdl);
    }
    return mdl;
}

/* NdisFreeMdl: frees what NdisAllocateMdl gave, not the memory it describes. IRQL <=
 * DISPATCH_LEVEL. */
VOID
NdisFreeMdl(PMDL Mdl)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__mdl_give(context, Mdl, __func__, NT_CALLER());
}
