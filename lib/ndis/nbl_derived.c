/*
 * Derived lists: clones, fragments, reassembled ones. They describe the original's data with
 * structures of their own and copy none of it.
 */
#include "ndis/nbl.h"

#include <stdlib.h>

/* --- chains of their own --- */

static MDL *
describe_part(const MDL *mdl, ULONG offset, ULONG bytes)
{
    uint8_t *data = (uint8_t *)MmGetSystemAddressForMdlSafe((MDL *)mdl, NormalPagePriority);
    size_t size = sizeof(MDL) + sizeof(PFN_NUMBER) * (bytes / PAGE_SIZE + 2);
    MDL *part = calloc(1, size);

    if (part != NULL) {
        MmInitializeMdl(part, data + offset, bytes);
        MmBuildMdlForNonPagedPool(part);
    }
    return part;
}

void
pndis__mdl_chain_free(MDL *chain)
{
    while (chain != NULL) {
        MDL *next = chain->Next;

        free(chain);
        chain = next;
    }
}

MDL *
pndis__mdl_chain_describe(NET_BUFFER *nb, SIZE_T offset, SIZE_T length)
{
    MDL *mdl = NET_BUFFER_CURRENT_MDL(nb);
    MDL *chain = NULL;
    MDL **end = &chain;

    offset += NET_BUFFER_CURRENT_MDL_OFFSET(nb);
    for (; mdl != NULL && length > 0; mdl = mdl->Next) {
        ULONG bytes;

        if (offset >= mdl->ByteCount) {
            offset -= mdl->ByteCount;
            continue;
        }
        bytes = mdl->ByteCount - (ULONG)offset;
        bytes = bytes < length ? bytes : (ULONG)length;
        *end = describe_part(mdl, (ULONG)offset, bytes);
        if (*end == NULL) {
            pndis__mdl_chain_free(chain);
            return NULL;
        }
        end = &(*end)->Next;
        length -= bytes;
        offset = 0;
    }
    if (length > 0) {
        pndis__mdl_chain_free(chain);
        return NULL;
    }
    return chain;
}

/* --- building and taking apart --- */

struct pools {
    struct nbl_pool *lists;
    struct nb_pool *buffers;
};

static bool
choose_pools(struct context *context, NDIS_HANDLE lists, NDIS_HANDLE buffers, const char *call,
             const void *caller, struct pools *out_pools)
{
    if ((lists != NULL && !handle_ok(context, lists, HANDLE_NBL_POOL, call, caller)) ||
        (buffers != NULL && !handle_ok(context, buffers, HANDLE_NB_POOL, call, caller))) {
        return false;
    }
    out_pools->lists = lists != NULL ? lists : pndis__nbl_pool_internal(context->machine);
    out_pools->buffers = buffers != NULL ? buffers : pndis__nb_pool_internal(context->machine);
    return !pndis__fault(context);
}

static void
free_derived(struct context *context, NET_BUFFER_LIST *nbl)
{
    NET_BUFFER *next;

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb != NULL; nb = next) {
        next = NET_BUFFER_NEXT_NB(nb);
        pndis__nb_put(context, nb);
    }
    pndis__nbl_contexts_free(context, nbl, "freeing a derived list", NULL);
    pndis__nbl_put(context, nbl);
}

/* Append a NET_BUFFER with a chain of its own (@own), or with the original's. */
static NET_BUFFER *
append(struct context *context, struct nb_pool *pool, NET_BUFFER ***end, MDL *chain, ULONG offset,
       SIZE_T length, bool own)
{
    NET_BUFFER *nb = chain == NULL ? NULL : pndis__nb_take(context, pool, chain, offset, length);

    if (nb == NULL) {
        if (own) {
            pndis__mdl_chain_free(chain);
        }
        return NULL;
    }
    nb_note_of(nb)->own_mdls = own;
    **end = nb;
    *end = &NET_BUFFER_NEXT_NB(nb);
    return nb;
}

static bool
clone_buffers(struct context *context, NET_BUFFER_LIST *original, NET_BUFFER_LIST *clone,
              struct nb_pool *pool, bool original_mdls)
{
    NET_BUFFER **end = &NET_BUFFER_LIST_FIRST_NB(clone);

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(original); nb != NULL;
         nb = NET_BUFFER_NEXT_NB(nb)) {
        bool own = !original_mdls && nb->stDataLength > 0;
        MDL *chain =
            own ? pndis__mdl_chain_describe(nb, 0, nb->stDataLength) : NET_BUFFER_CURRENT_MDL(nb);
        ULONG offset = own ? 0 : NET_BUFFER_CURRENT_MDL_OFFSET(nb);

        if (append(context, pool, &end, chain, offset, nb->stDataLength, own) == NULL) {
            return false;
        }
    }
    return true;
}

/*
 * "NdisAllocateCloneNetBufferList function". IRQL <= DISPATCH_LEVEL.
 * The clone begins at the original's used data and has no context. The caller keeps the original
 * until the clone is freed, and itself sets ParentNetBufferList and counts children. NULL: no
 * memory.
 */
PNET_BUFFER_LIST
NdisAllocateCloneNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
                               NDIS_HANDLE NetBufferListPoolHandle, NDIS_HANDLE NetBufferPoolHandle,
                               ULONG AllocateCloneFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pools pools;
    NET_BUFFER_LIST *clone;

    if (!choose_pools(context, NetBufferListPoolHandle, NetBufferPoolHandle, __func__, caller,
                      &pools)) {
        return NULL;
    }
    clone = pndis__nbl_take(context, pools.lists, NBL_CLONE);
    if (clone == NULL) {
        return NULL;
    }
    nbl_note_of(clone)->flags = (uint16_t)AllocateCloneFlags;
    if (!clone_buffers(context, OriginalNetBufferList, clone, pools.buffers,
                       (AllocateCloneFlags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS) != 0)) {
        free_derived(context, clone);
        return NULL;
    }
    pndis__acquired(context, RESOURCE_CLONE_NBL, clone, 0, 0, NULL, __func__, caller);
    return clone;
}

static bool
fragment_one(struct context *context, NET_BUFFER *nb, struct nb_pool *pool, NET_BUFFER ***end,
             ULONG start, ULONG maximum, ULONG delta, ULONG back_fill)
{
    for (SIZE_T at = start; at < nb->stDataLength;) {
        SIZE_T length = nb->stDataLength - at;
        NET_BUFFER *fragment;

        length = length < maximum ? length : maximum;
        fragment =
            append(context, pool, end, pndis__mdl_chain_describe(nb, at, length), 0, length, true);
        if (fragment == NULL ||
            (delta != 0 && NdisRetreatNetBufferDataStart(fragment, delta, back_fill, NULL) !=
                               NDIS_STATUS_SUCCESS)) {
            return false;
        }
        at += length;
    }
    return true;
}

/*
 * "NdisAllocateFragmentNetBufferList function". IRQL <= DISPATCH_LEVEL.
 * One NET_BUFFER for every @MaximumLength bytes of each of the original's, beginning @StartOffset
 * bytes into it, with @DataOffsetDelta bytes of fresh space in front. NULL: no memory.
 */
PNET_BUFFER_LIST
NdisAllocateFragmentNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
                                  NDIS_HANDLE NetBufferListPool, NDIS_HANDLE NetBufferPool,
                                  ULONG StartOffset, ULONG MaximumLength, ULONG DataOffsetDelta,
                                  ULONG DataBackFill, ULONG AllocateFragmentFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pools pools;
    NET_BUFFER_LIST *fragments;
    NET_BUFFER **end;

    if (!choose_pools(context, NetBufferListPool, NetBufferPool, __func__, caller, &pools)) {
        return NULL;
    }
    if (MaximumLength == 0) {
        pndis__report(context, RULE_NB_LENGTH, NULL, __func__, caller,
                      "fragments of at most 0 bytes");
        return NULL;
    }
    fragments = pndis__nbl_take(context, pools.lists, NBL_FRAGMENT);
    if (fragments == NULL) {
        return NULL;
    }
    nbl_note_of(fragments)->delta = DataOffsetDelta;
    nbl_note_of(fragments)->flags = (uint16_t)AllocateFragmentFlags;
    end = &NET_BUFFER_LIST_FIRST_NB(fragments);
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(OriginalNetBufferList); nb != NULL;
         nb = NET_BUFFER_NEXT_NB(nb)) {
        if (!fragment_one(context, nb, pools.buffers, &end, StartOffset, MaximumLength,
                          DataOffsetDelta, DataBackFill)) {
            free_derived(context, fragments);
            return NULL;
        }
    }
    pndis__acquired(context, RESOURCE_FRAGMENT_NBL, fragments, 0, 0, NULL, __func__, caller);
    return fragments;
}

/* The data of all of @list's NET_BUFFERs, less @start bytes of each, as one chain. */
static bool
concatenate(NET_BUFFER_LIST *list, ULONG start, MDL **out_chain, SIZE_T *out_bytes)
{
    MDL *chain = NULL;
    MDL **end = &chain;
    SIZE_T total = 0;

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(list); nb != NULL; nb = NET_BUFFER_NEXT_NB(nb)) {
        SIZE_T bytes = nb->stDataLength > start ? nb->stDataLength - start : 0;

        if (bytes == 0) {
            continue;
        }
        *end = pndis__mdl_chain_describe(nb, start, bytes);
        if (*end == NULL) {
            pndis__mdl_chain_free(chain);
            return false;
        }
        while (*end != NULL) {
            end = &(*end)->Next;
        }
        total += bytes;
    }
    *out_chain = chain;
    *out_bytes = total;
    return chain != NULL;
}

/*
 * "NdisAllocateReassembledNetBufferList function". IRQL <= DISPATCH_LEVEL.
 * One NET_BUFFER with the data of all fragments, less @StartOffset bytes of each, and
 * @DataOffsetDelta bytes of fresh space in front. NULL: no memory, or no data.
 */
PNET_BUFFER_LIST
NdisAllocateReassembledNetBufferList(PNET_BUFFER_LIST FragmentNetBufferList,
                                     NDIS_HANDLE NetBufferAndNetBufferListPoolHandle,
                                     ULONG StartOffset, ULONG DataOffsetDelta, ULONG DataBackFill,
                                     ULONG AllocateReassembleFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pools pools;
    NET_BUFFER_LIST *whole;
    NET_BUFFER **end;
    NET_BUFFER *nb;
    MDL *chain;
    SIZE_T bytes;

    if (!choose_pools(context, NetBufferAndNetBufferListPoolHandle, NULL, __func__, caller,
                      &pools) ||
        !concatenate(FragmentNetBufferList, StartOffset, &chain, &bytes)) {
        return NULL;
    }
    whole = pndis__nbl_take(context, pools.lists, NBL_REASSEMBLED);
    if (whole == NULL) {
        pndis__mdl_chain_free(chain);
        return NULL;
    }
    nbl_note_of(whole)->delta = DataOffsetDelta;
    nbl_note_of(whole)->flags = (uint16_t)AllocateReassembleFlags;
    end = &NET_BUFFER_LIST_FIRST_NB(whole);
    nb = append(context, pools.buffers, &end, chain, 0, bytes, true);
    if (nb == NULL ||
        (DataOffsetDelta != 0 && NdisRetreatNetBufferDataStart(nb, DataOffsetDelta, DataBackFill,
                                                               NULL) != NDIS_STATUS_SUCCESS)) {
        free_derived(context, whole);
        return NULL;
    }
    pndis__acquired(context, RESOURCE_REASSEMBLED_NBL, whole, 0, 0, NULL, __func__, caller);
    return whole;
}

/* --- freeing --- */

static void
free_checked(struct context *context, NET_BUFFER_LIST *nbl, enum nbl_kind kind,
             enum resource resource, ULONG flags, ULONG delta, const char *call, const void *caller)
{
    const struct nbl_note *note;

    if (!pndis__nbl_is_ours(context, nbl)) {
        pndis__report(context, RULE_NBL_ORIGIN, NULL, call, caller,
                      "%s was given a NET_BUFFER_LIST that is free or from no pool", call);
        return;
    }
    note = nbl_note_of(nbl);
    if (note->kind != kind) {
        pndis__report(context, RULE_NBL_ORIGIN, NULL, call, caller,
                      "%s was given a NET_BUFFER_LIST that was allocated otherwise", call);
        return;
    }
    if (note->flags != flags || note->delta != delta) {
        pndis__report(context, RULE_NBL_DERIVED_FREE, NULL, call, caller,
                      "allocated with flags 0x%x and DataOffsetDelta %u, freed with 0x%x and %u",
                      note->flags, note->delta, flags, delta);
    }
    pndis__released(context, resource, nbl, call);
    free_derived(context, nbl);
}

/* "NdisFreeCloneNetBufferList function". IRQL <= DISPATCH_LEVEL. With the flags of its allocation.
 */
VOID
NdisFreeCloneNetBufferList(PNET_BUFFER_LIST CloneNetBufferList, ULONG FreeCloneFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    free_checked(context, CloneNetBufferList, NBL_CLONE, RESOURCE_CLONE_NBL, FreeCloneFlags, 0,
                 __func__, NT_CALLER());
}

/* "NdisFreeFragmentNetBufferList function". IRQL <= DISPATCH_LEVEL. With the delta of its
 * allocation. */
VOID
NdisFreeFragmentNetBufferList(PNET_BUFFER_LIST FragmentNetBufferList, ULONG DataOffsetDelta,
                              ULONG FreeFragmentFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    free_checked(context, FragmentNetBufferList, NBL_FRAGMENT, RESOURCE_FRAGMENT_NBL,
                 FreeFragmentFlags, DataOffsetDelta, __func__, NT_CALLER());
}

/* "NdisFreeReassembledNetBufferList function". IRQL <= DISPATCH_LEVEL. As for fragments. */
VOID
NdisFreeReassembledNetBufferList(PNET_BUFFER_LIST ReassembledNetBufferList, ULONG DataOffsetDelta,
                                 ULONG FreeReassembleFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    free_checked(context, ReassembledNetBufferList, NBL_REASSEMBLED, RESOURCE_REASSEMBLED_NBL,
                 FreeReassembleFlags, DataOffsetDelta, __func__, NT_CALLER());
}
