/* Allocating and freeing NET_BUFFER_LISTs and NET_BUFFERs. Derived lists are in nbl_derived.c. */
#include "ndis/nbl.h"

/* --- where they come from --- */

/*
 * The pool handle in the structure is looked up before the note in front of it is read, so that a
 * structure on a driver's stack is recognized and not touched. Without a ledger drivers are
 * trusted.
 */
static bool
comes_from_pool(struct context *context, NDIS_HANDLE pool)
{
    return context->machine->options.without_ledger ||
           pndis__handle_known(context->machine, pool, HANDLE_BIT(NBL_POOL) | HANDLE_BIT(NB_POOL));
}

bool
pndis__nbl_is_ours(struct context *context, NET_BUFFER_LIST *nbl)
{
    return nbl != NULL && comes_from_pool(context, nbl->NdisPoolHandle) &&
           nbl_note_of(nbl)->magic == NOTE_MAGIC;
}

bool
pndis__nb_is_ours(struct context *context, NET_BUFFER *nb)
{
    return nb != NULL && comes_from_pool(context, nb->NdisPoolHandle) &&
           nb_note_of(nb)->magic == NOTE_MAGIC;
}

/* --- NET_BUFFERs --- */

void
pndis__nb_init(NET_BUFFER *nb, MDL *chain, ULONG offset, SIZE_T length)
{
    memset(nb, 0, sizeof(*nb));
    NET_BUFFER_FIRST_MDL(nb) = chain;
    NET_BUFFER_DATA_OFFSET(nb) = offset;
    nb->stDataLength = length;
    NdisAdjustNetBufferCurrentMdl(nb);
}

static void
note_nb(struct nb_note *note, struct nb_pool *pool, MDL *chain)
{
    memset(note, 0, sizeof(*note));
    note->magic = NOTE_MAGIC;
    note->pool = pool;
    note->first_mdl = chain;
}

NET_BUFFER *
pndis__nb_take(struct context *context, struct nb_pool *pool, MDL *chain, ULONG offset,
               SIZE_T length)
{
    struct nb_block *block = pndis__cache_take(context, pool->cache);

    if (block == NULL) {
        return NULL;
    }
    note_nb(&block->note, pool, chain);
    pndis__nb_init(&block->nb, chain, offset, length);
    block->nb.NdisPoolHandle = pool;
    return &block->nb;
}

void
pndis__nb_mdls_free(struct nb_note *note)
{
    pndis__nb_retreats_free(note);
    if (note->own_mdls) {
        pndis__mdl_chain_free(note->first_mdl);
    }
}

void
pndis__nb_put(struct context *context, NET_BUFFER *nb)
{
    struct nb_note *note = nb_note_of(nb);

    pndis__nb_mdls_free(note);
    note->magic = 0;
    pndis__cache_put(context, note->pool->cache, CONTAINING_RECORD(nb, struct nb_block, nb));
}

static struct nb_pool *
nb_pool_for(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return handle_ok(context, handle, HANDLE_NB_POOL, call, caller) ? handle : NULL;
}

/* "With a NULL MDL chain offset and length are 0": NdisAllocateNetBuffer and its relatives. */
static bool
chain_fits(struct context *context, MDL *chain, ULONG offset, SIZE_T length, const char *call,
           const void *caller)
{
    SIZE_T available;

    if (context->machine->options.without_ledger) {
        return true;
    }
    available = pndis__mdl_chain_bytes(chain);
    if (offset + length <= available) {
        return true;
    }
    pndis__report(context, RULE_NB_LENGTH, NULL, call, caller,
                  "offset %u and length %llu do not fit an MDL chain of %llu bytes", offset,
                  (unsigned long long)length, (unsigned long long)available);
    return false;
}

/*
 * "NdisAllocateNetBuffer function". IRQL <= DISPATCH_LEVEL.
 * The MDL chain stays the caller's. The NET_BUFFER is the caller's, to be freed with
 * NdisFreeNetBuffer.
 */
PNET_BUFFER
NdisAllocateNetBuffer(NDIS_HANDLE PoolHandle, PMDL MdlChain, ULONG DataOffset, SIZE_T DataLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct nb_pool *pool = nb_pool_for(context, PoolHandle, __func__, caller);
    NET_BUFFER *nb;

    if (pool == NULL || !chain_fits(context, MdlChain, DataOffset, DataLength, __func__, caller) ||
        pndis__fault(context)) {
        return NULL;
    }
    if (pool->data_bytes != 0) {
        pndis__report(context, RULE_NBL_POOL_KIND, pool->owner, __func__, caller,
                      "the pool was created with a DataSize, for NdisAllocateNetBufferMdlAndData");
        return NULL;
    }
    nb = pndis__nb_take(context, pool, MdlChain, DataOffset, DataLength);
    if (nb != NULL) {
        pndis__acquired(context, RESOURCE_NB, nb, 0, pool->tag, pool->owner, __func__, caller);
    }
    return nb;
}

/* Describe @bytes at @data with the MDL at @memory. */
static MDL *
mdl_at(void *memory, void *data, ULONG bytes)
{
    MDL *mdl = memory;

    MmInitializeMdl(mdl, data, bytes);
    MmBuildMdlForNonPagedPool(mdl);
    return mdl;
}

/*
 * "NdisAllocateNetBufferMdlAndData function". IRQL <= DISPATCH_LEVEL.
 * The MDL and its data belong to the NET_BUFFER and go with it in NdisFreeNetBuffer. All of the
 * data space is unused: DataOffset is the pool's DataSize, and a retreat claims what is needed.
 */
PNET_BUFFER
NdisAllocateNetBufferMdlAndData(NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct nb_pool *pool = nb_pool_for(context, PoolHandle, __func__, caller);
    struct nb_block *block;
    uint8_t *mdl;

    if (pool == NULL || pndis__fault(context)) {
        return NULL;
    }
    if (pool->data_bytes == 0) {
        pndis__report(context, RULE_NBL_POOL_KIND, pool->owner, __func__, caller,
                      "the pool was created without a DataSize");
        return NULL;
    }
    block = pndis__cache_take(context, pool->cache);
    if (block == NULL) {
        return NULL;
    }
    mdl = (uint8_t *)block + (sizeof(*block) + 15) / 16 * 16;
    note_nb(&block->note, pool, mdl_at(mdl, mdl + pool->mdl_bytes, pool->data_bytes));
    pndis__nb_init(&block->nb, block->note.first_mdl, pool->data_bytes, 0);
    block->nb.NdisPoolHandle = pool;
    pndis__acquired(context, RESOURCE_NB, &block->nb, pool->data_bytes, pool->tag, pool->owner,
                    __func__, caller);
    return &block->nb;
}

static bool
nb_may_be_freed(struct context *context, NET_BUFFER *nb, const char *call, const void *caller)
{
    if (pndis__nb_is_ours(context, nb)) {
        return true;
    }
    pndis__report(context, RULE_NBL_ORIGIN, NULL, call, caller,
                  nb == NULL ? "%s was given NULL"
                             : "%s was given a NET_BUFFER that is free or from no NDIS pool",
                  call);
    return false;
}

/* "NdisFreeNetBuffer function". IRQL <= DISPATCH_LEVEL. Not for one that was allocated with its
 * list. */
VOID
NdisFreeNetBuffer(PNET_BUFFER NetBuffer)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();

    if (!nb_may_be_freed(context, NetBuffer, __func__, caller)) {
        return;
    }
    if (nb_note_of(NetBuffer)->part_of_list) {
        pndis__report(context, RULE_NBL_ORIGIN, NULL, __func__, caller,
                      "a NET_BUFFER that was allocated together with its NET_BUFFER_LIST is freed "
                      "on its own");
        return;
    }
    pndis__released(context, RESOURCE_NB, NetBuffer, __func__);
    pndis__nb_put(context, NetBuffer);
}

/* --- NET_BUFFER_LISTs --- */

NET_BUFFER_LIST *
pndis__nbl_take(struct context *context, struct nbl_pool *pool, enum nbl_kind kind)
{
    struct nbl_block *block = pndis__cache_take(context, pool->cache);

    if (block == NULL) {
        return NULL;
    }
    memset(&block->note, 0, sizeof(block->note));
    memset(&block->nbl, 0, sizeof(block->nbl));
    block->note.magic = NOTE_MAGIC;
    block->note.kind = (uint16_t)kind;
    block->note.pool = pool;
    block->nbl.NdisPoolHandle = pool;
    return &block->nbl;
}

void
pndis__nbl_put(struct context *context, NET_BUFFER_LIST *nbl)
{
    struct nbl_note *note = nbl_note_of(nbl);

    note->magic = 0;
    pndis__cache_put(context, note->pool->cache, CONTAINING_RECORD(nbl, struct nbl_block, nbl));
}

/* The context area that the pool or the caller asked for; false for want of memory. */
static bool
give_context(struct nbl_pool *pool, struct nbl_block *block, ULONG size, ULONG back_fill)
{
    ULONG total = size + back_fill;
    NET_BUFFER_LIST_CONTEXT *area = NULL;

    if (total == 0) {
        return true;
    }
    if (total <= pool->parameters.ContextSize) {
        total = pool->parameters.ContextSize;
        area = (NET_BUFFER_LIST_CONTEXT *)((uint8_t *)block + pool->context_at);
        memset(area, 0, sizeof(*area) + total);
    } else {
        area = calloc(1, sizeof(*area) + total);
        if (area == NULL) {
            return false;
        }
        block->note.context_first = area;
    }
    area->Size = (USHORT)total;
    area->Offset = (USHORT)(total - size);
    block->nbl.Context = area;
    return true;
}

static bool
context_sizes_ok(struct context *context, ULONG size, ULONG back_fill, const char *call,
                 const void *caller)
{
    if (size % MEMORY_ALLOCATION_ALIGNMENT == 0 && back_fill % MEMORY_ALLOCATION_ALIGNMENT == 0 &&
        size + back_fill <= MAXUSHORT) {
        return true;
    }
    pndis__report(context, RULE_NBL_CONTEXT, NULL, call, caller,
                  "ContextSize %u and ContextBackFill %u must be multiples of %u and fit in a "
                  "USHORT together",
                  size, back_fill, (unsigned)MEMORY_ALLOCATION_ALIGNMENT);
    return false;
}

static NET_BUFFER_LIST *
allocate_list(struct context *context, struct nbl_pool *pool, ULONG size, ULONG back_fill)
{
    NET_BUFFER_LIST *nbl = pndis__nbl_take(context, pool, NBL_PLAIN);

    if (nbl != NULL &&
        !give_context(pool, CONTAINING_RECORD(nbl, struct nbl_block, nbl), size, back_fill)) {
        pndis__nbl_put(context, nbl);
        return NULL;
    }
    return nbl;
}

static void
attach_own_nb(struct nbl_block *block, MDL *chain, ULONG offset, SIZE_T length)
{
    note_nb(&block->nb.note, NULL, chain);
    block->nb.note.part_of_list = true;
    pndis__nb_init(&block->nb.nb, chain, offset, length);
    block->nb.nb.NdisPoolHandle = block->note.pool;
    NET_BUFFER_LIST_FIRST_NB(&block->nbl) = &block->nb.nb;
}

/*
 * "NdisAllocateNetBufferList function". IRQL <= DISPATCH_LEVEL.
 * From a pool with fAllocateNetBuffer the list has one NET_BUFFER, with an MDL and data if the pool
 * has a DataSize. The list is the caller's, to be freed with NdisFreeNetBufferList. NULL: no
 * memory.
 */
PNET_BUFFER_LIST
NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize, USHORT ContextBackFill)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct nbl_pool *pool = PoolHandle;
    NET_BUFFER_LIST *nbl;

    if (!handle_ok(context, PoolHandle, HANDLE_NBL_POOL, __func__, caller) ||
        !context_sizes_ok(context, ContextSize, ContextBackFill, __func__, caller) ||
        pndis__fault(context)) {
        return NULL;
    }
    nbl = allocate_list(context, pool, ContextSize, ContextBackFill);
    if (nbl == NULL) {
        return NULL;
    }
    if (pool->parameters.fAllocateNetBuffer) {
        struct nbl_block *block = CONTAINING_RECORD(nbl, struct nbl_block, nbl);
        uint8_t *base = (uint8_t *)block;
        ULONG bytes = pool->parameters.DataSize;

        attach_own_nb(block,
                      bytes == 0 ? NULL : mdl_at(base + pool->mdl_at, base + pool->data_at, bytes),
                      bytes, 0);
    }
    pndis__acquired(context, RESOURCE_NBL, nbl, 0, pool->parameters.PoolTag, pool->owner, __func__,
                    caller);
    return nbl;
}

/*
 * "NdisAllocateNetBufferAndNetBufferList function". IRQL <= DISPATCH_LEVEL.
 * Only from a pool with fAllocateNetBuffer and without DataSize. The MDL chain stays the caller's.
 */
PNET_BUFFER_LIST
NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
                                      USHORT ContextBackFill, PMDL MdlChain, ULONG DataOffset,
                                      SIZE_T DataLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct nbl_pool *pool = PoolHandle;
    NET_BUFFER_LIST *nbl;

    if (!handle_ok(context, PoolHandle, HANDLE_NBL_POOL, __func__, caller) ||
        !context_sizes_ok(context, ContextSize, ContextBackFill, __func__, caller) ||
        !chain_fits(context, MdlChain, DataOffset, DataLength, __func__, caller) ||
        pndis__fault(context)) {
        return NULL;
    }
    if (!pool->parameters.fAllocateNetBuffer || pool->parameters.DataSize != 0) {
        pndis__report(context, RULE_NBL_POOL_KIND, pool->owner, __func__, caller,
                      "the pool must have fAllocateNetBuffer TRUE and DataSize 0");
        return NULL;
    }
    nbl = allocate_list(context, pool, ContextSize, ContextBackFill);
    if (nbl == NULL) {
        return NULL;
    }
    attach_own_nb(CONTAINING_RECORD(nbl, struct nbl_block, nbl), MdlChain, DataOffset, DataLength);
    pndis__acquired(context, RESOURCE_NBL, nbl, 0, pool->parameters.PoolTag, pool->owner, __func__,
                    caller);
    return nbl;
}

static bool
may_be_freed(struct context *context, NET_BUFFER_LIST *nbl, const char *call, const void *caller)
{
    static const char *const right_function[] = {
        [NBL_PLAIN] = "NdisFreeNetBufferList",
        [NBL_CLONE] = "NdisFreeCloneNetBufferList",
        [NBL_FRAGMENT] = "NdisFreeFragmentNetBufferList",
        [NBL_REASSEMBLED] = "NdisFreeReassembledNetBufferList",
    };

    if (!pndis__nbl_is_ours(context, nbl)) {
        pndis__report(context, RULE_NBL_ORIGIN, NULL, call, caller,
                      nbl == NULL ? "%s was given NULL"
                                  : "%s was given a NET_BUFFER_LIST that is free or from no pool",
                      call);
        return false;
    }
    if (nbl_note_of(nbl)->kind != NBL_PLAIN) {
        pndis__report(context, RULE_NBL_ORIGIN, NULL, call, caller,
                      "this NET_BUFFER_LIST has to be freed with %s",
                      right_function[nbl_note_of(nbl)->kind]);
        return false;
    }
    return true;
}

/*
 * "NdisFreeNetBufferList function". IRQL <= DISPATCH_LEVEL. Frees one list (Next is not followed)
 * with what was allocated together with it. NET_BUFFERs that the driver queued on it itself it
 * frees itself.
 */
VOID
NdisFreeNetBufferList(PNET_BUFFER_LIST NetBufferList)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct nbl_note *note;

    if (!may_be_freed(context, NetBufferList, __func__, NT_CALLER())) {
        return;
    }
    note = nbl_note_of(NetBufferList);
    pndis__released(context, RESOURCE_NBL, NetBufferList, __func__);
    if (note->pool->parameters.fAllocateNetBuffer) {
        struct nb_note *nb = &CONTAINING_RECORD(NetBufferList, struct nbl_block, nbl)->nb.note;

        pndis__nb_retreats_free(nb);
        nb->magic = 0;
    }
    pndis__nbl_contexts_free(context, NetBufferList, __func__, NT_CALLER());
    pndis__nbl_put(context, NetBufferList);
}

/* "NdisGetPoolFromNetBufferList function". IRQL <= DISPATCH_LEVEL. */
NDIS_HANDLE
NdisGetPoolFromNetBufferList(const NET_BUFFER_LIST *NetBufferList)
{
    return NetBufferList->NdisPoolHandle;
}

/* "NdisGetPoolFromNetBuffer function". IRQL <= DISPATCH_LEVEL. One that came with its list: the
 * list's. */
NDIS_HANDLE
NdisGetPoolFromNetBuffer(const NET_BUFFER *NetBuffer)
{
    return NetBuffer->NdisPoolHandle;
}
