/* Packet pools and the packets that drivers allocate from them. */
#include "ndis5/packet.h"

#include <stdlib.h>

enum { DESCRIPTORS_LIMIT = 0xffff };

struct _NDIS_PACKET_POOL {
    struct handle handle;
    struct packet_source source;
    UINT limit;
    uint32_t used;
    ULONG protocol_id;
};

/* --- pools --- */

static void
free_memory(struct handle *handle)
{
    PNDIS_PACKET_POOL pool = (PNDIS_PACKET_POOL)handle;

    pndis__packet_source_fini(&pool->source);
    free(pool);
}

static PNDIS_PACKET_POOL
pool_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return handle_ok(context, handle, HANDLE_PACKET_POOL, call, caller) ? handle : NULL;
}

static void
allocate_pool(struct context *context, NDIS_STATUS *out_status, NDIS_HANDLE *out_handle, UINT limit,
              UINT reserved, const char *call, const void *caller)
{
    PNDIS_PACKET_POOL pool = pndis__fault(context) ? NULL : calloc(1, sizeof(*pool));
    struct owner *owner = pndis__running_owner(context);

    *out_handle = NULL;
    *out_status = NDIS_STATUS_RESOURCES;
    if (pool == NULL || limit > DESCRIPTORS_LIMIT) {
        free(pool);
        return;
    }
    if (!pndis__packet_source_init(&pool->source, context->machine, owner, reserved, false)) {
        free(pool);
        return;
    }
    pool->limit = limit;
    pndis__handle_add(pndis__handles_of(context->machine), &pool->handle, HANDLE_PACKET_POOL, owner,
                      context->machine, free_memory);
    pndis__acquired(context, RESOURCE_PACKET_POOL, pool, 0, 0, owner, call, caller);
    *out_handle = pool;
    *out_status = NDIS_STATUS_SUCCESS;
}

/*
 * NdisAllocatePacketPool. IRQL <= DISPATCH_LEVEL. A pool of @NumberOfDescriptors packets, each with
 * @ProtocolReservedLength bytes for the driver. NDIS_STATUS_RESOURCES. Undone with
 * NdisFreePacketPool once all packets are back.
 */
VOID
NdisAllocatePacketPool(PNDIS_STATUS Status, PNDIS_HANDLE PoolHandle, UINT NumberOfDescriptors,
                       UINT ProtocolReservedLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    allocate_pool(context, Status, PoolHandle, NumberOfDescriptors, ProtocolReservedLength,
                  __func__, NT_CALLER());
}

/*
 * "NdisAllocatePacketPoolEx". As NdisAllocatePacketPool, with packets for when these are used up.
 * More than 65535 descriptors are NDIS_STATUS_RESOURCES; of the others as many are added as make
 * 65535 together.
 */
VOID
NdisAllocatePacketPoolEx(PNDIS_STATUS Status, PNDIS_HANDLE PoolHandle, UINT NumberOfDescriptors,
                         UINT NumberOfOverflowDescriptors, UINT ProtocolReservedLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    if (NumberOfDescriptors < DESCRIPTORS_LIMIT) {
        NumberOfDescriptors +=
            min(NumberOfOverflowDescriptors, DESCRIPTORS_LIMIT - NumberOfDescriptors);
    }
    allocate_pool(context, Status, PoolHandle, NumberOfDescriptors, ProtocolReservedLength,
                  __func__, NT_CALLER());
}

/* NdisFreePacketPool. IRQL <= DISPATCH_LEVEL. With packets out PACKET_POOL_FREE is reported, and
 * the pool stays. */
VOID
NdisFreePacketPool(NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    PNDIS_PACKET_POOL pool = (PNDIS_PACKET_POOL)pndis__handle(
        context, PoolHandle, HANDLE_BIT(PACKET_POOL), __func__, caller);
    uint32_t used = pool == NULL ? 0 : __atomic_load_n(&pool->used, __ATOMIC_SEQ_CST);

    if (pool == NULL) {
        return;
    }
    pndis__released(context, RESOURCE_PACKET_POOL, pool, __func__);
    if (used != 0) {
        pndis__report(context, RULE_PACKET_POOL_FREE, NULL, __func__, caller,
                      "a packet pool is freed with %u of its packets out", used);
        return;
    }
    pndis__handle_retire(pndis__handles_of(context->machine), &pool->handle);
}

/* NdisPacketPoolUsage. IRQL <= DISPATCH_LEVEL. How many packets are allocated. */
UINT
NdisPacketPoolUsage(NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PNDIS_PACKET_POOL pool = pool_of(context, PoolHandle, __func__, NT_CALLER());

    return pool == NULL ? 0 : __atomic_load_n(&pool->used, __ATOMIC_SEQ_CST);
}

/* NdisSetPacketPoolProtocolId. Any IRQL. What packets say in NDIS_GET_PACKET_PROTOCOL_TYPE. */
VOID
NdisSetPacketPoolProtocolId(NDIS_HANDLE PacketPoolHandle, UINT ProtocolId)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PNDIS_PACKET_POOL pool = pool_of(context, PacketPoolHandle, __func__, NT_CALLER());

    if (pool != NULL) {
        pool->protocol_id = ProtocolId & NDIS_FLAGS_PROTOCOL_ID_MASK;
    }
}

/* NdisGetPoolFromPacket. Any IRQL. NULL for a packet of NDIS' own. */
NDIS_HANDLE
NdisGetPoolFromPacket(PNDIS_PACKET Packet)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return Packet->Private.Pool;
}

/* --- packets --- */

static void
allocate(struct context *context, NDIS_STATUS *out_status, NDIS_PACKET **out_packet,
         NDIS_HANDLE handle, const char *call, const void *caller)
{
    PNDIS_PACKET_POOL pool = pool_of(context, handle, call, caller);
    struct packet_block *block = NULL;

    *out_packet = NULL;
    *out_status = NDIS_STATUS_RESOURCES;
    if (pool == NULL || pndis__fault(context)) {
        return;
    }
    if (__atomic_add_fetch(&pool->used, 1, __ATOMIC_SEQ_CST) <= pool->limit) {
        block = pndis__packet_take(context, &pool->source, PACKET_OF_POOL);
    }
    if (block == NULL) {
        __atomic_sub_fetch(&pool->used, 1, __ATOMIC_SEQ_CST);
        return;
    }
    block->packet.Private.Pool = pool;
    block->packet.Private.Flags = pool->protocol_id;
    pndis__acquired(context, RESOURCE_PACKET, &block->packet, 0, 0, pool->handle.owner, call,
                    caller);
    *out_packet = &block->packet;
    *out_status = NDIS_STATUS_SUCCESS;
}

static bool
may_be_freed(struct context *context, NDIS_PACKET *packet, const char *call, const void *caller)
{
    const char *wrong = NULL;

    if (!packet_ok(context, packet, call, caller)) {
        return false;
    }
    if (block_of(packet)->kind != PACKET_OF_POOL) {
        wrong = "a packet that it did not allocate";
    } else if (__atomic_load_n(&block_of(packet)->state, __ATOMIC_SEQ_CST) == PACKET_OUT) {
        wrong = "a packet that has not come back";
    }
    if (wrong != NULL) {
        pndis__report(context, RULE_PACKET_STATE, NULL, call, caller, "%s frees %s",
                      pndis__running_owner(context)->name, wrong);
    }
    return wrong == NULL;
}

static void
give_back(struct context *context, NDIS_PACKET *packet, const char *call, const void *caller)
{
    PNDIS_PACKET_POOL pool;

    if (!may_be_freed(context, packet, call, caller)) {
        return;
    }
    pool = packet->Private.Pool;
    pndis__released(context, RESOURCE_PACKET, packet, call);
    pndis__packet_put(context, block_of(packet));
    __atomic_sub_fetch(&pool->used, 1, __ATOMIC_SEQ_CST);
}

/* NdisAllocatePacket. IRQL <= DISPATCH_LEVEL. All of it is zero. NDIS_STATUS_RESOURCES when the
 * pool is used up. */
VOID
NdisAllocatePacket(PNDIS_STATUS Status, PNDIS_PACKET *Packet, NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    allocate(context, Status, Packet, PoolHandle, __func__, NT_CALLER());
}

/* NdisDprAllocatePacket. IRQL: DISPATCH_LEVEL. */
VOID
NdisDprAllocatePacket(PNDIS_STATUS Status, PNDIS_PACKET *Packet, NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    allocate(context, Status, Packet, PoolHandle, __func__, NT_CALLER());
}

/* NdisDprAllocatePacketNonInterlocked. IRQL: DISPATCH_LEVEL. */
VOID
NdisDprAllocatePacketNonInterlocked(PNDIS_STATUS Status, PNDIS_PACKET *Packet,
                                    NDIS_HANDLE PoolHandle)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    allocate(context, Status, Packet, PoolHandle, __func__, NT_CALLER());
}

/* NdisFreePacket. IRQL <= DISPATCH_LEVEL. Buffers that are still chained stay the driver's. */
VOID
NdisFreePacket(PNDIS_PACKET Packet)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    give_back(context, Packet, __func__, NT_CALLER());
}

/* NdisDprFreePacket. IRQL: DISPATCH_LEVEL. */
VOID
NdisDprFreePacket(PNDIS_PACKET Packet)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    give_back(context, Packet, __func__, NT_CALLER());
}

/* NdisDprFreePacketNonInterlocked. IRQL: DISPATCH_LEVEL. */
VOID
NdisDprFreePacketNonInterlocked(PNDIS_PACKET Packet)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    give_back(context, Packet, __func__, NT_CALLER());
}

/* --- their buffers --- */

/* NdisUnchainBufferAtFront. IRQL <= DISPATCH_LEVEL. NULL when there is none. */
VOID
NdisUnchainBufferAtFront(PNDIS_PACKET Packet, PNDIS_BUFFER *Buffer)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    *Buffer = Packet->Private.Head;
    if (*Buffer != NULL) {
        Packet->Private.Head = (*Buffer)->Next;
        (*Buffer)->Next = NULL;
        Packet->Private.ValidCounts = FALSE;
    }
}

/* NdisUnchainBufferAtBack. IRQL <= DISPATCH_LEVEL. NULL when there is none. */
VOID
NdisUnchainBufferAtBack(PNDIS_PACKET Packet, PNDIS_BUFFER *Buffer)
{
    PNDIS_BUFFER before = NULL;
    PNDIS_BUFFER last = Packet->Private.Head;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    while (last != NULL && last->Next != NULL) {
        before = last;
        last = last->Next;
    }
    *Buffer = last;
    if (before != NULL) {
        before->Next = NULL;
        Packet->Private.Tail = before;
    } else {
        Packet->Private.Head = NULL;
    }
    Packet->Private.ValidCounts = FALSE;
}

/* A place in a chain of buffers. */
struct place {
    PNDIS_BUFFER buffer;
    UINT offset;
};

static struct place
find_place(NDIS_PACKET *packet, UINT offset)
{
    struct place place = {packet->Private.Head, offset};

    while (place.buffer != NULL && place.offset >= MmGetMdlByteCount(place.buffer)) {
        place.offset -= MmGetMdlByteCount(place.buffer);
        place.buffer = place.buffer->Next;
    }
    return place;
}

/* What is left of the buffer at @place, which skips those that are used up; 0 at the end. */
static UINT
left_at(struct place *place)
{
    while (place->buffer != NULL && place->offset == MmGetMdlByteCount(place->buffer)) {
        place->buffer = place->buffer->Next;
        place->offset = 0;
    }
    return place->buffer == NULL ? 0 : MmGetMdlByteCount(place->buffer) - place->offset;
}

static void
copy(NDIS_PACKET *destination, UINT destination_offset, UINT bytes, NDIS_PACKET *source,
     UINT source_offset, UINT *out_copied, ULONG priority)
{
    struct place to = find_place(destination, destination_offset);
    struct place from = find_place(source, source_offset);
    UINT room;
    UINT there;

    *out_copied = 0;
    while (*out_copied < bytes && (room = left_at(&to)) != 0 && (there = left_at(&from)) != 0) {
        UINT now = min(min(room, there), bytes - *out_copied);
        UCHAR *target = MmGetSystemAddressForMdlSafe(to.buffer, priority);
        UCHAR *origin = MmGetSystemAddressForMdlSafe(from.buffer, priority);

        if (target == NULL || origin == NULL) {
            return;
        }
        memmove(target + to.offset, origin + from.offset, now);
        to.offset += now;
        from.offset += now;
        *out_copied += now;
    }
}

/* NdisCopyFromPacketToPacket. IRQL <= DISPATCH_LEVEL. As much as both have. */
VOID
NdisCopyFromPacketToPacket(PNDIS_PACKET Destination, UINT DestinationOffset, UINT BytesToCopy,
                           PNDIS_PACKET Source, UINT SourceOffset, PUINT BytesCopied)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    copy(Destination, DestinationOffset, BytesToCopy, Source, SourceOffset, BytesCopied,
         HighPagePriority);
}

/* NdisCopyFromPacketToPacketSafe. As NdisCopyFromPacketToPacket; less is copied where a buffer
 * cannot be mapped. */
VOID
NdisCopyFromPacketToPacketSafe(PNDIS_PACKET Destination, UINT DestinationOffset, UINT BytesToCopy,
                               PNDIS_PACKET Source, UINT SourceOffset, PUINT BytesCopied,
                               MM_PAGE_PRIORITY Priority)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    copy(Destination, DestinationOffset, BytesToCopy, Source, SourceOffset, BytesCopied,
         (ULONG)Priority);
}
