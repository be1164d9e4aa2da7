/* Context space of NET_BUFFER_LISTs: a stack that grows downwards, in areas that are chained. */
#include "ndis/nbl.h"

#include <stdlib.h>

/* Whether the innermost context area was allocated by NdisAllocateNetBufferListContext. */
static bool
is_extra(const struct nbl_note *note, const struct nbl_pool *pool, NET_BUFFER_LIST *nbl)
{
    const uint8_t *block = (const uint8_t *)CONTAINING_RECORD(nbl, struct nbl_block, nbl);
    const void *area = nbl->Context;

    return area != NULL && area != note->context_first && area != block + pool->context_at;
}

static void
drop_extra(NET_BUFFER_LIST *nbl)
{
    NET_BUFFER_LIST_CONTEXT *area = nbl->Context;

    nbl->Context = area->Next;
    free(area);
}

void
pndis__nbl_contexts_drop(NET_BUFFER_LIST *nbl)
{
    struct nbl_note *note = nbl_note_of(nbl);

    while (is_extra(note, note->pool, nbl)) {
        drop_extra(nbl);
    }
    free(note->context_first);
    note->context_first = NULL;
}

void
pndis__nbl_contexts_free(struct context *context, NET_BUFFER_LIST *nbl, const char *call,
                         const void *caller)
{
    struct nbl_note *note = nbl_note_of(nbl);

    if (is_extra(note, note->pool, nbl)) {
        pndis__report(context, RULE_NBL_CONTEXT, NULL, call, caller,
                      "a NET_BUFFER_LIST is freed with context space that was not given back with "
                      "NdisFreeNetBufferListContext");
    }
    pndis__nbl_contexts_drop(nbl);
}

static NDIS_STATUS
add_area(NET_BUFFER_LIST *nbl, ULONG size, ULONG back_fill)
{
    NET_BUFFER_LIST_CONTEXT *area = calloc(1, sizeof(*area) + size + back_fill);

    if (area == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    area->Next = nbl->Context;
    area->Size = (USHORT)(size + back_fill);
    area->Offset = (USHORT)back_fill;
    nbl->Context = area;
    return NDIS_STATUS_SUCCESS;
}

/*
 * "NdisAllocateNetBufferListContext function". IRQL <= DISPATCH_LEVEL.
 * Afterwards NET_BUFFER_LIST_CONTEXT_DATA_START is the caller's @ContextSize bytes, until it gives
 * them back. NDIS_STATUS_FAILURE for sizes that are no multiple of sizeof(void*), which are
 * reported.
 */
NDIS_STATUS
NdisAllocateNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize,
                                 USHORT ContextBackFill, ULONG PoolTag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    NET_BUFFER_LIST_CONTEXT *area = NetBufferList->Context;

    if (ContextSize % sizeof(void *) != 0 || ContextBackFill % sizeof(void *) != 0 ||
        ContextSize + ContextBackFill > MAXUSHORT) {
        pndis__report(context, RULE_NBL_CONTEXT, NULL, __func__, NT_CALLER(),
                      "ContextSize %u and ContextBackFill %u must be multiples of %zu", ContextSize,
                      ContextBackFill, sizeof(void *));
        return NDIS_STATUS_FAILURE;
    }
    if (pndis__fault(context)) {
        return NDIS_STATUS_RESOURCES;
    }
    if (area != NULL && area->Offset >= ContextSize) {
        area->Offset = (USHORT)(area->Offset - ContextSize);
    } else if (add_area(NetBufferList, ContextSize, ContextBackFill) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_RESOURCES;
    }
    pndis__acquired(context, RESOURCE_NBL_CONTEXT,
                    (void *)NET_BUFFER_LIST_CONTEXT_DATA_START(NetBufferList), ContextSize, PoolTag,
                    NULL, __func__, NT_CALLER());
    return NDIS_STATUS_SUCCESS;
}

/* "NdisFreeNetBufferListContext function". IRQL <= DISPATCH_LEVEL. The reverse, innermost first. */
VOID
NdisFreeNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct nbl_note *note = nbl_note_of(NetBufferList);
    NET_BUFFER_LIST_CONTEXT *area = NetBufferList->Context;

    if (area == NULL || area->Size - area->Offset < ContextSize) {
        pndis__report(context, RULE_NBL_CONTEXT, NULL, __func__, NT_CALLER(),
                      "%u bytes of context are given back where %d are in use", ContextSize,
                      area == NULL ? 0 : area->Size - area->Offset);
        return;
    }
    pndis__released(context, RESOURCE_NBL_CONTEXT,
                    (void *)NET_BUFFER_LIST_CONTEXT_DATA_START(NetBufferList), __func__);
    area->Offset = (USHORT)(area->Offset + ContextSize);
    if (area->Offset == area->Size && is_extra(note, note->pool, NetBufferList)) {
        drop_extra(NetBufferList);
    }
}
