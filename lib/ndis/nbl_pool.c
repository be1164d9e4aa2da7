/* Pools of NET_BUFFER_LISTs and NET_BUFFERs. What is allocated from them is in nbl.c and
 * net_buffer.c. */
#include "ndis/nbl.h"

#include "ndis/header.h"
#include "ndis/ndis_machine.h"

#include <stdlib.h>

enum { BLOCK_ALIGNMENT = 16 };

static size_t
aligned(size_t bytes)
{
    return (bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
}

/* An MDL for @bytes that may start anywhere in a page. */
static size_t
mdl_bytes_for(size_t bytes)
{
    return sizeof(MDL) + sizeof(PFN_NUMBER) * (bytes / PAGE_SIZE + 2);
}

static bool
checked(const struct pndis_machine *machine)
{
    return !machine->options.without_ledger;
}

static void
nbl_pool_free_memory(struct handle *handle)
{
    struct nbl_pool *pool = (struct nbl_pool *)handle;

    pndis__cache_destroy(pool->cache);
    free(pool);
}

static void
nb_pool_free_memory(struct handle *handle)
{
    struct nb_pool *pool = (struct nb_pool *)handle;

    pndis__cache_destroy(pool->cache);
    free(pool);
}

/* What a driver never freed: its leak has been reported, its memory goes with the pool. */
static void
dispose_of_list(void *memory)
{
    struct nbl_block *block = memory;

    pndis__nbl_contexts_drop(&block->nbl);
    if (block->note.kind == NBL_PLAIN && block->note.pool->parameters.fAllocateNetBuffer) {
        pndis__nb_mdls_free(&block->nb.note);
    }
}

static void
dispose_of_buffer(void *memory)
{
    pndis__nb_mdls_free(&((struct nb_block *)memory)->note);
}

static struct nbl_pool *
nbl_pool_create(struct ndis *ndis, struct owner *owner,
                const NET_BUFFER_LIST_POOL_PARAMETERS *parameters)
{
    struct nbl_pool *pool = calloc(1, sizeof(*pool));
    size_t bytes;

    if (pool == NULL) {
        return NULL;
    }
    pool->owner = owner;
    pndis__object_header_copy(&pool->parameters, sizeof(pool->parameters), parameters,
                              HEADER_NBL_POOL_PARAMETERS);
    bytes =
        parameters->fAllocateNetBuffer ? sizeof(struct nbl_block) : offsetof(struct nbl_block, nb);
    pool->context_at = aligned(bytes);
    bytes = pool->context_at;
    if (parameters->ContextSize != 0) {
        bytes += aligned(sizeof(NET_BUFFER_LIST_CONTEXT) + parameters->ContextSize);
    }
    pool->mdl_at = bytes;
    if (parameters->DataSize != 0) {
        bytes += aligned(mdl_bytes_for(parameters->DataSize));
        pool->data_at = bytes;
        bytes += parameters->DataSize;
    }
    pool->cache =
        pndis__cache_create(ndis->machine, bytes, checked(ndis->machine), dispose_of_list);
    if (pool->cache == NULL) {
        free(pool);
        return NULL;
    }
    pndis__handle_add(&ndis->handles, &pool->handle, HANDLE_NBL_POOL, owner, ndis->machine,
                      nbl_pool_free_memory);
    return pool;
}

static struct nb_pool *
nb_pool_create(struct ndis *ndis, struct owner *owner, ULONG tag, ULONG data_bytes)
{
    struct nb_pool *pool = calloc(1, sizeof(*pool));
    size_t bytes = aligned(sizeof(struct nb_block));

    if (pool == NULL) {
        return NULL;
    }
    pool->owner = owner;
    pool->tag = tag;
    pool->data_bytes = data_bytes;
    if (data_bytes != 0) {
        pool->mdl_bytes = (ULONG)aligned(mdl_bytes_for(data_bytes));
        bytes += pool->mdl_bytes + data_bytes;
    }
    pool->cache =
        pndis__cache_create(ndis->machine, bytes, checked(ndis->machine), dispose_of_buffer);
    if (pool->cache == NULL) {
        free(pool);
        return NULL;
    }
    pndis__handle_add(&ndis->handles, &pool->handle, HANDLE_NB_POOL, owner, ndis->machine,
                      nb_pool_free_memory);
    return pool;
}

/*
 * "NdisAllocateNetBufferListPool function". IRQL <= DISPATCH_LEVEL.
 * @NdisHandle is any handle NDIS gave the driver (NULL: the running driver). The pool is the
 * caller's, to be freed with NdisFreeNetBufferListPool after every list has come back. NULL for
 * want of memory and for malformed parameters, which are reported.
 */
NDIS_HANDLE
NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle,
                              NET_BUFFER_LIST_POOL_PARAMETERS const *Parameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct owner *owner;
    struct nbl_pool *pool;

    if (!pndis__object_header_check(context, Parameters, HEADER_NBL_POOL_PARAMETERS, __func__,
                                    caller) ||
        !pndis__owner_of_handle(context, NdisHandle, __func__, caller, &owner) ||
        pndis__fault(context)) {
        return NULL;
    }
    pool = nbl_pool_create(pndis__ndis_of(context->machine), owner, Parameters);
    if (pool != NULL) {
        pndis__acquired(context, RESOURCE_NBL_POOL, pool, 0, Parameters->PoolTag, owner, __func__,
                        caller);
    }
    return pool;
}

/* Two kinds of pool: what comes out of them, and where it is in a block. */
struct pool_kind {
    enum resource pool;
    size_t at;
    unsigned count;
    enum resource contents[4];
};

static const struct pool_kind list_pools = {
    .pool = RESOURCE_NBL_POOL,
    .at = offsetof(struct nbl_block, nbl),
    .count = 4,
    .contents = {RESOURCE_NBL, RESOURCE_CLONE_NBL, RESOURCE_FRAGMENT_NBL, RESOURCE_REASSEMBLED_NBL},
};

static const struct pool_kind buffer_pools = {
    .pool = RESOURCE_NB_POOL,
    .at = offsetof(struct nb_block, nb),
    .count = 1,
    .contents = {RESOURCE_NB},
};

/* Where the first of what is left was allocated; all NULL when nobody wrote that down. */
static struct ledger_place
place_of_first(struct context *context, struct cache *cache, const struct pool_kind *kind)
{
    const uint8_t *block = pndis__cache_oldest(cache);
    struct ledger_place place = {0};
    bool found = block == NULL;

    for (unsigned i = 0; i < kind->count && !found; i++) {
        found = pndis__ledger_find(context->machine->ledger, block + kind->at, kind->contents[i],
                                   &place);
    }
    return place;
}

static void
report_left(struct context *context, const struct handle *handle, struct cache *cache,
            const struct pool_kind *kind, const char *call, const void *caller)
{
    uint64_t left = pndis__cache_outstanding(cache);
    struct ledger_place first = place_of_first(context, cache, kind);

    pndis__report_acquired(
        context, RULE_NBL_POOL_FREE, handle->owner, call, caller, first.caller,
        "a pool is freed while %llu of its structures are still "
        "allocated%s%s%s%s",
        (unsigned long long)left, first.function == NULL ? "" : ", the first with ",
        first.function == NULL ? "" : first.function, first.callback == NULL ? "" : " in ",
        first.callback == NULL ? "" : first.callback);
}

static void
pool_close(struct context *context, struct handle *handle, struct cache *cache,
           const struct pool_kind *kind, const char *call, const void *caller)
{
    uint64_t left = pndis__cache_outstanding(cache);

    if (left != 0) {
        report_left(context, handle, cache, kind, call, caller);
    }
    pndis__released(context, kind->pool, handle, call);
    if (left == 0) {
        pndis__handle_retire(pndis__handles_of(context->machine), handle);
    }
}

/* "NdisFreeNetBufferListPool function". IRQL <= DISPATCH_LEVEL. All lists have been freed before.
 */
VOID
NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct nbl_pool *pool = (struct nbl_pool *)pndis__handle(
        context, PoolHandle, HANDLE_BIT(NBL_POOL), __func__, NT_CALLER());

    if (pool != NULL) {
        pool_close(context, &pool->handle, pool->cache, &list_pools, __func__, NT_CALLER());
    }
}

/*
 * "NdisAllocateNetBufferPool function". IRQL <= DISPATCH_LEVEL. As NdisAllocateNetBufferListPool; a
 * pool with a DataSize serves NdisAllocateNetBufferMdlAndData only.
 */
NDIS_HANDLE
NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle, NET_BUFFER_POOL_PARAMETERS const *Parameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct owner *owner;
    struct nb_pool *pool;

    if (!pndis__object_header_check(context, Parameters, HEADER_NB_POOL_PARAMETERS, __func__,
                                    caller) ||
        !pndis__owner_of_handle(context, NdisHandle, __func__, caller, &owner) ||
        pndis__fault(context)) {
        return NULL;
    }
    pool = nb_pool_create(pndis__ndis_of(context->machine), owner, Parameters->PoolTag,
                          Parameters->DataSize);
    if (pool != NULL) {
        pndis__acquired(context, RESOURCE_NB_POOL, pool, 0, Parameters->PoolTag, owner, __func__,
                        caller);
    }
    return pool;
}

/* "NdisFreeNetBufferPool function". IRQL <= DISPATCH_LEVEL. All NET_BUFFERs have been freed before.
 */
VOID
NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct nb_pool *pool = (struct nb_pool *)pndis__handle(context, PoolHandle, HANDLE_BIT(NB_POOL),
                                                           __func__, NT_CALLER());

    if (pool != NULL) {
        pool_close(context, &pool->handle, pool->cache, &buffer_pools, __func__, NT_CALLER());
    }
}

/* --- NDIS' own --- */

int
pndis__nbl_pools_create(struct ndis *ndis)
{
    const NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .PoolTag = 'sidN',
    };

    ndis->nbl_pool = nbl_pool_create(ndis, &ndis->machine->owner, &parameters);
    ndis->nb_pool = nb_pool_create(ndis, &ndis->machine->owner, 'sidN', 0);
    return ndis->nbl_pool == NULL || ndis->nb_pool == NULL ? PNDIS_ENOMEM : 0;
}

void
pndis__nbl_pools_destroy(struct ndis *ndis)
{
    if (ndis->nbl_pool != NULL) {
        pndis__handle_retire(&ndis->handles, &ndis->nbl_pool->handle);
    }
    if (ndis->nb_pool != NULL) {
        pndis__handle_retire(&ndis->handles, &ndis->nb_pool->handle);
    }
}

struct nbl_pool *
pndis__nbl_pool_internal(struct pndis_machine *machine)
{
    return pndis__ndis_of(machine)->nbl_pool;
}

struct nb_pool *
pndis__nb_pool_internal(struct pndis_machine *machine)
{
    return pndis__ndis_of(machine)->nb_pool;
}
