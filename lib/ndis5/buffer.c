/* NDIS_BUFFERs: MDLs that come from a pool. The pool is remembered in the MDL's Process, which
 * means nothing for memory of the kernel. */
#include "ndis5/ndis5.h"

#include "nt/mdl.h"

#include <stdlib.h>

struct buffer_pool {
    struct handle handle;
    uint32_t used;
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct buffer_pool, handle));
}

/*
 * NdisAllocateBufferPool. IRQL <= DISPATCH_LEVEL. @NumberOfDescriptors limits nothing, as on
 * Windows. NDIS_STATUS_RESOURCES. Undone with NdisFreeBufferPool once all buffers are back.
 */
VOID
NdisAllocateBufferPool(PNDIS_STATUS Status, PNDIS_HANDLE PoolHandle, UINT NumberOfDescriptors)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct buffer_pool *pool = pndis__fault(context) ? NULL : calloc(1, sizeof(*pool));
    struct owner *owner = pndis__running_owner(context);

    (void)NumberOfDescriptors;
    *PoolHandle = pool;
    *Status = pool == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    if (pool != NULL) {
        pndis__handle_add(pndis__handles_of(context->machine), &pool->handle, HANDLE_BUFFER_POOL,
                          owner, context->machine, free_memory);
        pndis__acquired(context, RESOURCE_BUFFER_POOL, pool, 0, 0, owner, __func__, caller);
    }
}

/* NdisFreeBufferPool. IRQL <= DISPATCH_LEVEL. With buffers out BUFFER_POOL_FREE is reported, and
 * the pool stays. */
VOID
NdisFreeBufferPool(NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct buffer_pool *pool = (struct buffer_pool *)pndis__handle(
        context, PoolHandle, HANDLE_BIT(BUFFER_POOL), __func__, caller);
    uint32_t used = pool == NULL ? 0 : __atomic_load_n(&pool->used, __ATOMIC_SEQ_CST);

    if (pool == NULL) {
        return;
    }
    pndis__released(context, RESOURCE_BUFFER_POOL, pool, __func__);
    if (used != 0) {
        pndis__report(context, RULE_BUFFER_POOL_FREE, NULL, __func__, caller,
                      "a buffer pool is freed with %u of its buffers out", used);
        return;
    }
    pndis__handle_retire(pndis__handles_of(context->machine), &pool->handle);
}

static struct buffer_pool *
pool_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return handle_ok(context, handle, HANDLE_BUFFER_POOL, call, caller) ? handle : NULL;
}

static MDL *
take(struct context *context, struct buffer_pool *pool, void *address, UINT bytes, const char *call,
     const void *caller)
{
    MDL *mdl = pndis__mdl_take(context, pool->handle.owner, address, bytes, call, caller);

    if (mdl != NULL) {
        __atomic_add_fetch(&pool->used, 1, __ATOMIC_SEQ_CST);
    }
    return mdl;
}

/* NdisAllocateBuffer. IRQL <= DISPATCH_LEVEL. Describes nonpaged memory, which stays the caller's.
 * NDIS_STATUS_RESOURCES. */
VOID
NdisAllocateBuffer(PNDIS_STATUS Status, PNDIS_BUFFER *Buffer, NDIS_HANDLE PoolHandle,
                   PVOID VirtualAddress, UINT Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct buffer_pool *pool = pool_of(context, PoolHandle, __func__, caller);
    MDL *mdl = pool == NULL ? NULL : take(context, pool, VirtualAddress, Length, __func__, caller);

    if (mdl != NULL) {
        MmBuildMdlForNonPagedPool(mdl);
        mdl->Process = (struct _EPROCESS *)pool;
    }
    *Buffer = mdl;
    *Status = mdl == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

/* NdisCopyBuffer. IRQL <= DISPATCH_LEVEL. A buffer for a part of what another one describes. */
VOID
NdisCopyBuffer(PNDIS_STATUS Status, PNDIS_BUFFER *Buffer, NDIS_HANDLE PoolHandle,
               PVOID MemoryDescriptor, UINT Offset, UINT Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct buffer_pool *pool = pool_of(context, PoolHandle, __func__, caller);
    MDL *source = MemoryDescriptor;
    char *start = (char *)MmGetMdlVirtualAddress(source) + Offset;
    MDL *mdl = NULL;

    if (pool != NULL && (uint64_t)Offset + Length > MmGetMdlByteCount(source)) {
        pndis__report(context, RULE_BUFFER_LENGTH, NULL, __func__, caller,
                      "asks for %u bytes at offset %u of a buffer of %u", Length, Offset,
                      MmGetMdlByteCount(source));
    } else if (pool != NULL) {
        mdl = take(context, pool, start, Length, __func__, caller);
    }
    if (mdl != NULL) {
        IoBuildPartialMdl(source, mdl, start, Length);
        mdl->Process = (struct _EPROCESS *)pool;
    }
    *Buffer = mdl;
    *Status = mdl == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

/* NdisFreeBuffer. IRQL <= DISPATCH_LEVEL. The memory that it describes stays. */
VOID
NdisFreeBuffer(PNDIS_BUFFER Buffer)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct buffer_pool *pool = NULL;

    if (pndis__pool_owns(context->machine, Buffer, NULL) &&
        pndis__handle_known(context->machine, Buffer->Process, HANDLE_BIT(BUFFER_POOL))) {
        pool = (struct buffer_pool *)Buffer->Process;
    }
    pndis__mdl_give(context, Buffer, __func__, NT_CALLER());
    if (pool != NULL) {
        __atomic_sub_fetch(&pool->used, 1, __ATOMIC_SEQ_CST);
    }
}
