/*
 * Receiving: packets that the driver indicates go up as NET_BUFFER_LISTs over their own buffers,
 * and come back as packets. While the stack is paused they come back at once.
 */
#include "ndis5/packet.h"

#include "ndis/data.h"

/* --- a packet's list --- */

bool
pndis__packet_dress(struct context *context, struct miniport5 *miniport, struct packet_block *block)
{
    NDIS_PACKET_PRIVATE *private = &block->packet.Private;
    NET_BUFFER_LIST *nbl = &block->own.nbl;
    NET_BUFFER *nb = &block->own.nb.nb;

    if (private->Head == NULL) {
        return false;
    }
    if (nbl->NdisPoolHandle == NULL) {
        struct nbl_pool *pool = pndis__nbl_pool_internal(context->machine);

        memset(&block->own, 0, sizeof(block->own));
        block->own.note.pool = pool;
        block->own.note.kind = NBL_PLAIN;
        block->own.nb.note.part_of_list = true;
        block->own.nb.note.magic = NOTE_MAGIC;
        nbl->NdisPoolHandle = nb->NdisPoolHandle = pool;
        nbl->FirstNetBuffer = nb;
    } else {
        clear_bytes(nbl->NetBufferListInfo, sizeof(nbl->NetBufferListInfo));
    }
    if (!private->ValidCounts) {
        NdisRecalculatePacketCounts(&block->packet);
    }
    block->own.note.magic = NOTE_MAGIC;
    nbl->Next = NULL;
    nbl->SourceHandle = &miniport->adapter->handle;
    nbl->Status = NDIS_STATUS_SUCCESS;
    nb->MdlChain = nb->CurrentMdl = private->Head;
    nb->CurrentMdlOffset = nb->DataOffset = 0;
    nb->stDataLength = private->TotalLength;
    return true;
}

/* Checksums that the driver has verified, and the 802.1Q tag. */
static void
copy_information(struct packet_block *block)
{
    const ULONG_PTR tag_bits = 0xffff;
    const ULONG_PTR checksum_bits = 0x3f; /* Of both structures, in the same places. */
    NET_BUFFER_LIST *nbl = &block->own.nbl;
    ULONG_PTR tag = (ULONG_PTR)NDIS_PER_PACKET_INFO_FROM_PACKET(&block->packet, Ieee8021QInfo);
    ULONG_PTR checksum =
        (ULONG_PTR)NDIS_PER_PACKET_INFO_FROM_PACKET(&block->packet, TcpIpChecksumPacketInfo);

    NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = (PVOID)(tag & tag_bits);
    NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = (PVOID)(checksum & checksum_bits);
}

void
pndis__packet_undress(struct packet_block *block)
{
    block->own.note.magic = 0;
    if (__builtin_expect(block->own.nbl.Context != NULL, 0)) {
        pndis__nbl_contexts_drop(&block->own.nbl);
    }
}

/* --- back down --- */

static void
call_return(struct miniport5 *miniport, struct packet_block *block)
{
    __atomic_store_n(&block->state, PACKET_AT_HOME, __ATOMIC_RELEASE);
    miniport->calls->ReturnPacketHandler(miniport->context, &block->packet);
}

void
pndis__return_packets(struct context *context, struct miniport5 *miniport,
                      struct packet_block *first)
{
    struct frame frame;
    uint64_t count = 0;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportReturnPacket");
    while (first != NULL) {
        struct packet_block *next = first->next;

        call_return(miniport, first);
        first = next;
        count++;
    }
    pndis__guest_leave(context, &frame);
    tally_back(miniport->receives, context, count);
    pndis__n5_maybe_paused(context, miniport);
}

static void
queue_returns(struct serial *serial, struct packet_block *first, struct packet_block *last)
{
    brief_lock(&serial->lock);
    if (serial->last_return == NULL) {
        serial->first_return = first;
    } else {
        serial->last_return->next = first;
    }
    serial->last_return = last;
    brief_unlock(&serial->lock);
}

/* Whether the driver is to be told that @block came back: not while a serialized miniport waits for
 * its call to return, after which it reads the packet's status. */
static bool
is_to_be_told(struct context *context, struct miniport5 *miniport, struct packet_block *block)
{
    if (!miniport->serialized ||
        __atomic_exchange_n(&block->state, PACKET_CAME_BACK, __ATOMIC_SEQ_CST) == PACKET_OUT) {
        return true;
    }
    tally_back(miniport->receives, context, 1);
    return false;
}

/* The packets of @nbls that the driver is to be told of, in their order. */
static struct packet_block *
take_packets(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbls,
             struct packet_block **out_last)
{
    struct packet_block *first = NULL;
    NET_BUFFER_LIST *next;

    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = next) {
        struct packet_block *block = CONTAINING_RECORD(nbl, struct packet_block, own.nbl);

        next = nbl->Next;
        pndis__packet_undress(block);
        if (block->kind == PACKET_OF_TRANSFER) {
            pndis__transfer_free(context, block);
            tally_back(miniport->receives, context, 1);
        } else if (is_to_be_told(context, miniport, block)) {
            block->next = NULL;
            if (first == NULL) {
                first = block;
            } else {
                (*out_last)->next = block;
            }
            *out_last = block;
        }
    }
    return first;
}

/* The packets of @nbls, to a deserialized miniport that has no look-ahead receives. */
static void
return_lists(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbls)
{
    struct frame frame;
    uint64_t count = 0;
    NET_BUFFER_LIST *next;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportReturnPacket");
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = next) {
        struct packet_block *block = CONTAINING_RECORD(nbl, struct packet_block, own.nbl);

        next = nbl->Next;
        pndis__packet_undress(block);
        call_return(miniport, block);
        count++;
    }
    pndis__guest_leave(context, &frame);
    tally_back(miniport->receives, context, count);
}

/* The same to any other. */
static void
sort_and_return(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbls)
{
    struct packet_block *last = NULL;
    struct packet_block *first = take_packets(context, miniport, nbls, &last);

    if (first != NULL && miniport->serialized) {
        queue_returns(&miniport->serial, first, last);
        pndis__serial_drain(context, miniport);
    } else if (first != NULL) {
        pndis__return_packets(context, miniport, first);
    }
}

VOID
pndis__n5_return(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                 ULONG ReturnFlags)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    KIRQL before = to_dispatch(context);

    (void)ReturnFlags;
    if (miniport->serialized || miniport->calls->TransferDataHandler != NULL) {
        sort_and_return(context, miniport, NetBufferLists);
    } else {
        return_lists(context, miniport, NetBufferLists);
    }
    pndis__n5_maybe_paused(context, miniport);
    from_dispatch(context, before);
}

/* --- up --- */

static bool
has_no_way_back(struct context *context, struct miniport5 *miniport, const char *call,
                const void *caller)
{
    if (miniport->calls->ReturnPacketHandler != NULL) {
        return false;
    }
    pndis__report(context, RULE_N5_HANDLER, &miniport->adapter->owner, call, caller,
                  "%s indicates packets and has no MiniportReturnPacket",
                  miniport->adapter->owner.name);
    return true;
}

static bool
may_be_indicated(struct context *context, struct miniport5 *miniport, NDIS_PACKET *packet,
                 const char *call, const void *caller)
{
    const char *wrong = NULL;

    if (!packet_ok(context, packet, call, caller)) {
        return false;
    }
    if (block_of(packet)->kind != PACKET_OF_POOL) {
        wrong = "a packet that is NDIS'";
    } else if (__atomic_load_n(&block_of(packet)->state, __ATOMIC_SEQ_CST) != PACKET_AT_HOME) {
        wrong = "a packet that has not come back";
    } else if (packet->Private.Head == NULL) {
        wrong = "a packet without buffers";
    }
    if (wrong != NULL) {
        pndis__report(context, RULE_PACKET_STATE, &miniport->adapter->owner, call, caller,
                      "%s indicates %s", miniport->adapter->owner.name, wrong);
    }
    return wrong == NULL;
}

/* The stack is paused: the packet has been as far as it gets. */
static void
bounce(struct context *context, struct miniport5 *miniport, NDIS_PACKET *packet)
{
    struct frame frame;

    if (NDIS_GET_PACKET_STATUS(packet) == NDIS_STATUS_RESOURCES) {
        return;
    }
    if (miniport->serialized) {
        NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_SUCCESS);
        return;
    }
    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportReturnPacket");
    miniport->calls->ReturnPacketHandler(miniport->context, packet);
    pndis__guest_leave(context, &frame);
}

/* A chain of packets that go up together. */
struct run {
    NET_BUFFER_LIST *first;
    NET_BUFFER_LIST *last;
    ULONG count;
    bool resources;
};

static void
indicate_run(struct context *context, struct miniport5 *miniport, struct run *run)
{
    ULONG flags =
        NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL | (run->resources ? NDIS_RECEIVE_FLAGS_RESOURCES : 0);
    NET_BUFFER_LIST *next;

    if (run->count == 0) {
        return;
    }
    if (!run->resources) {
        tally_out(miniport->receives, context, run->count);
    }
    NdisMIndicateReceiveNetBufferLists(&miniport->adapter->handle, run->first,
                                       NDIS_DEFAULT_PORT_NUMBER, run->count, flags);
    for (NET_BUFFER_LIST *nbl = run->resources ? run->first : NULL; nbl != NULL; nbl = next) {
        struct packet_block *block = CONTAINING_RECORD(nbl, struct packet_block, own.nbl);

        next = nbl->Next;
        pndis__packet_undress(block);
        __atomic_store_n(&block->state, PACKET_AT_HOME, __ATOMIC_RELEASE);
    }
    run->count = 0;
    run->first = NULL;
}

static void
add_to_run(struct context *context, struct miniport5 *miniport, struct run *run,
           NDIS_PACKET *packet)
{
    struct packet_block *block = block_of(packet);
    bool resources = NDIS_GET_PACKET_STATUS(packet) == NDIS_STATUS_RESOURCES;

    if (run->count != 0 && run->resources != resources) {
        indicate_run(context, miniport, run);
    }
    pndis__packet_dress(context, miniport, block);
    copy_information(block);
    block->state = miniport->serialized && !resources ? PACKET_IN_CALL : PACKET_OUT;
    if (!resources && miniport->serialized) {
        NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_PENDING);
    }
    if (run->count++ == 0) {
        run->first = &block->own.nbl;
    } else {
        run->last->Next = &block->own.nbl;
    }
    run->last = &block->own.nbl;
    run->resources = resources;
}

/* What has come back meanwhile a serialized miniport has again; its status says so. */
static void
settle_statuses(NDIS_PACKET **packets, UINT count)
{
    for (UINT i = 0; i < count; i++) {
        struct packet_block *block = block_of(packets[i]);
        uint32_t in_call = PACKET_IN_CALL;

        if (NDIS_GET_PACKET_STATUS(packets[i]) == NDIS_STATUS_PENDING &&
            !__atomic_compare_exchange_n(&block->state, &in_call, PACKET_OUT, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
            in_call == PACKET_CAME_BACK) {
            __atomic_store_n(&block->state, PACKET_AT_HOME, __ATOMIC_RELEASE);
            NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_SUCCESS);
        }
    }
}

static void
indicate(struct context *context, struct miniport5 *miniport, NDIS_PACKET **packets, UINT count,
         const char *call, const void *caller)
{
    struct run run = {.count = 0};

    for (UINT i = 0; i < count; i++) {
        if (!may_be_indicated(context, miniport, packets[i], call, caller)) {
            continue;
        }
        if (__atomic_load_n(&miniport->closed, __ATOMIC_SEQ_CST)) {
            bounce(context, miniport, packets[i]);
        } else {
            add_to_run(context, miniport, &run, packets[i]);
        }
    }
    indicate_run(context, miniport, &run);
    if (miniport->serialized) {
        settle_statuses(packets, count);
    }
}

/*
 * NdisMIndicateReceivePacket. IRQL <= DISPATCH_LEVEL.
 * A packet with status NDIS_STATUS_RESOURCES is the driver's again on return. Of a deserialized
 * miniport every other one comes back to MiniportReturnPacket, maybe inside this call; a serialized
 * one reads the status on return, and NDIS_STATUS_PENDING means that it comes back later.
 */
VOID
NdisMIndicateReceivePacket(NDIS_HANDLE MiniportAdapterHandle, PPNDIS_PACKET ReceivePackets,
                           UINT NumberOfPackets)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        miniport5_of_fast(context, MiniportAdapterHandle, __func__, caller);
    KIRQL before;

    if (miniport == NULL || has_no_way_back(context, miniport, __func__, caller)) {
        return;
    }
    before = to_dispatch(context);
    indicate(context, miniport, ReceivePackets, NumberOfPackets, __func__, caller);
    from_dispatch(context, before);
}
