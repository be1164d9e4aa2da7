/*
 * The older way to receive: a header and the beginning of the data, which are the driver's and gone
 * when its call returns; the rest has to be fetched with MiniportTransferData. What is there as a
 * whole goes up where it lies; the rest of anything longer is fetched into memory of NDIS' own.
 */
#include "ndis/receive_filter.h"
#include "ndis5/packet.h"

#include <stdlib.h>

/* --- whole in the look-ahead --- */

enum { LOOKAHEAD_PAGES = 18, ETHERNET_HEADER = 14 };

struct piece {
    MDL mdl;
    PFN_NUMBER pages[LOOKAHEAD_PAGES];
};

static void
describe(struct piece *piece, void *memory, UINT bytes)
{
    MmInitializeMdl(&piece->mdl, memory, bytes);
    MmBuildMdlForNonPagedPool(&piece->mdl);
}

static void
indicate_in_place(struct context *context, struct miniport5 *miniport, void *header,
                  UINT header_bytes, void *data, UINT data_bytes)
{
    struct packet_block *block = pndis__packet_take(context, miniport->sends, PACKET_OF_TRANSFER);
    struct piece pieces[2];

    if (block == NULL) {
        return;
    }
    describe(&pieces[0], header, header_bytes);
    if (data_bytes != 0) {
        describe(&pieces[1], data, data_bytes);
        pieces[0].mdl.Next = &pieces[1].mdl;
    }
    block->packet.Private.Head = &pieces[0].mdl;
    pndis__packet_dress(context, miniport, block);
    NdisMIndicateReceiveNetBufferLists(
        &miniport->adapter->handle, &block->own.nbl, NDIS_DEFAULT_PORT_NUMBER, 1,
        NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL | NDIS_RECEIVE_FLAGS_RESOURCES);
    pndis__packet_undress(block);
    pndis__packet_put(context, block);
}

/* --- with a transfer --- */

/* A frame in memory of its own. Its packet is what MiniportTransferData fills. */
struct transfer {
    struct packet_block *block;
    struct transfer *next; /* Of those that are not complete. */
    MDL *whole;
    MDL *rest;
    UINT head_bytes; /* What was copied: the header and the look-ahead. */
    UINT bytes;
    uint8_t frame[];
};

static struct transfer **
transfer_of(struct packet_block *block)
{
    return (struct transfer **)&block->packet.MiniportReserved;
}

static MDL *
new_mdl(void *memory, UINT bytes)
{
    size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES((ULONG_PTR)memory, bytes);
    MDL *mdl = malloc(sizeof(MDL) + pages * sizeof(PFN_NUMBER));

    if (mdl != NULL) {
        MmInitializeMdl(mdl, memory, bytes);
        MmBuildMdlForNonPagedPool(mdl);
    }
    return mdl;
}

void
pndis__transfer_free(struct context *context, struct packet_block *block)
{
    struct transfer *transfer = *transfer_of(block);

    free(transfer->whole);
    free(transfer->rest);
    free(transfer);
    pndis__packet_put(context, block);
}

static struct transfer *
new_transfer(struct context *context, struct miniport5 *miniport, UINT head_bytes, UINT bytes)
{
    struct transfer *transfer = pndis__fault(context) ? NULL : calloc(1, sizeof(*transfer) + bytes);
    struct packet_block *block =
        transfer == NULL ? NULL : pndis__packet_take(context, miniport->sends, PACKET_OF_TRANSFER);

    if (block == NULL) {
        free(transfer);
        return NULL;
    }
    transfer->block = block;
    transfer->head_bytes = head_bytes;
    transfer->bytes = bytes;
    transfer->whole = new_mdl(transfer->frame, bytes);
    transfer->rest = new_mdl(transfer->frame + head_bytes, bytes - head_bytes);
    *transfer_of(block) = transfer;
    if (transfer->whole == NULL || transfer->rest == NULL) {
        pndis__transfer_free(context, block);
        return NULL;
    }
    block->packet.Private.Head = block->packet.Private.Tail = transfer->rest;
    return transfer;
}

static void
remember(struct miniport5 *miniport, struct transfer *transfer)
{
    brief_lock(&miniport->transfer_lock);
    transfer->next = miniport->transfers;
    miniport->transfers = transfer;
    brief_unlock(&miniport->transfer_lock);
}

/* The transfer whose packet this is, no longer among those that pend; NULL: none of them. */
static struct transfer *
take_transfer(struct miniport5 *miniport, const NDIS_PACKET *packet)
{
    struct transfer **link = &miniport->transfers;
    struct transfer *found;

    brief_lock(&miniport->transfer_lock);
    while (*link != NULL && &(*link)->block->packet != packet) {
        link = &(*link)->next;
    }
    found = *link;
    if (found != NULL) {
        *link = found->next;
    }
    brief_unlock(&miniport->transfer_lock);
    return found;
}

/* The driver has ended the transfer: it goes up if it is all there. It has been counted. */
static void
finish(struct context *context, struct miniport5 *miniport, struct transfer *transfer,
       NDIS_STATUS status, UINT bytes)
{
    struct packet_block *block = transfer->block;

    if (status != NDIS_STATUS_SUCCESS || bytes < transfer->bytes - transfer->head_bytes ||
        __atomic_load_n(&miniport->closed, __ATOMIC_SEQ_CST)) {
        pndis__transfer_free(context, block);
        tally_back(miniport->receives, context, 1);
        pndis__n5_maybe_paused(context, miniport);
        return;
    }
    block->packet.Private.Head = block->packet.Private.Tail = transfer->whole;
    block->packet.Private.ValidCounts = FALSE;
    pndis__packet_dress(context, miniport, block);
    NdisMIndicateReceiveNetBufferLists(&miniport->adapter->handle, &block->own.nbl,
                                       NDIS_DEFAULT_PORT_NUMBER, 1,
                                       NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

static void
call_transfer(struct context *context, struct miniport5 *miniport, struct transfer *transfer,
              NDIS_HANDLE receive_context, UINT offset)
{
    UINT transferred = 0;
    struct frame frame;
    NDIS_STATUS status;

    remember(miniport, transfer);
    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportTransferData");
    status = miniport->calls->TransferDataHandler(&transfer->block->packet, &transferred,
                                                  miniport->context, receive_context, offset,
                                                  transfer->bytes - transfer->head_bytes);
    pndis__guest_leave_status(context, &frame, status);
    if (status == NDIS_STATUS_PENDING) {
        return;
    }
    if (take_transfer(miniport, &transfer->block->packet) == NULL) {
        pndis__report(context, RULE_PACKET_STATE, &miniport->adapter->owner, "MiniportTransferData",
                      NULL, "%s completed a transfer by a call and by the return value 0x%08x",
                      miniport->adapter->owner.name, (unsigned)status);
        return;
    }
    finish(context, miniport, transfer, status, transferred);
}

/* Whether a binding is to see the frame of which the header and the look-ahead are there. */
static bool
is_wanted(struct context *context, struct miniport5 *miniport, const struct transfer *transfer)
{
    struct packet_block *block = transfer->block;
    struct binding *takers[TAKER_LIMIT];
    bool wanted;

    block->packet.Private.Head = block->packet.Private.Tail = transfer->whole;
    pndis__packet_dress(context, miniport, block);
    wanted = pndis__takers_of(miniport->adapter, &block->own.nbl, 0, takers) != 0;
    pndis__packet_undress(block);
    block->packet.Private.Head = block->packet.Private.Tail = transfer->rest;
    block->packet.Private.ValidCounts = FALSE;
    return wanted;
}

static void
indicate_transferred(struct context *context, struct miniport5 *miniport,
                     NDIS_HANDLE receive_context, const void *header, UINT header_bytes,
                     const void *data, UINT data_bytes, UINT packet_bytes)
{
    struct transfer *transfer =
        new_transfer(context, miniport, header_bytes + data_bytes, header_bytes + packet_bytes);

    if (transfer == NULL) {
        return;
    }
    memcpy(transfer->frame, header, header_bytes);
    memcpy(transfer->frame + header_bytes, data, data_bytes);
    tally_out(miniport->receives, context, 1); /* Before looking: a pause waits for it. */
    if (!__atomic_load_n(&miniport->closed, __ATOMIC_SEQ_CST) &&
        is_wanted(context, miniport, transfer)) {
        call_transfer(context, miniport, transfer, receive_context, data_bytes);
    } else {
        finish(context, miniport, transfer, NDIS_STATUS_NOT_ACCEPTED, 0);
    }
}

/* --- what the driver calls --- */

static void
indicate(struct context *context, struct miniport5 *miniport, NDIS_HANDLE receive_context,
         void *header, UINT header_bytes, void *data, UINT data_bytes, UINT packet_bytes,
         const void *caller)
{
    const size_t limit = (size_t)(LOOKAHEAD_PAGES - 1) * PAGE_SIZE;

    if (__atomic_load_n(&miniport->closed, __ATOMIC_SEQ_CST)) {
        return;
    }
    if (data_bytes == packet_bytes && data_bytes <= limit) {
        indicate_in_place(context, miniport, header, header_bytes, data, packet_bytes);
    } else if (miniport->calls->TransferDataHandler != NULL) {
        indicate_transferred(context, miniport, receive_context, header, header_bytes, data,
                             data_bytes, packet_bytes);
    } else {
        pndis__report(context, RULE_N5_HANDLER, &miniport->adapter->owner,
                      "NdisMEthIndicateReceive", caller,
                      "%s indicates %u bytes of %u and has no MiniportTransferData",
                      miniport->adapter->owner.name, data_bytes, packet_bytes);
    }
}

/*
 * NdisMEthIndicateReceive. IRQL <= DISPATCH_LEVEL.
 * @PacketSize is without the header, which has 14 bytes; else BUFFER_LENGTH. When the look-ahead is
 * shorter and a binding is to see the frame, MiniportTransferData is called inside for what is
 * missing.
 */
VOID
NdisMEthIndicateReceive(NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportReceiveContext,
                        PVOID HeaderBuffer, UINT HeaderBufferSize, PVOID LookaheadBuffer,
                        UINT LookaheadBufferSize, UINT PacketSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    KIRQL before;

    if (miniport == NULL) {
        return;
    }
    if (HeaderBufferSize != ETHERNET_HEADER || LookaheadBufferSize > PacketSize) {
        pndis__report(
            context, RULE_BUFFER_LENGTH, &miniport->adapter->owner, __func__, caller,
            "%s indicates a frame with %u bytes of header, %u of look-ahead and %u of data",
            miniport->adapter->owner.name, HeaderBufferSize, LookaheadBufferSize, PacketSize);
        return;
    }
    before = to_dispatch(context);
    indicate(context, miniport, MiniportReceiveContext, HeaderBuffer, HeaderBufferSize,
             LookaheadBuffer, LookaheadBufferSize, PacketSize, caller);
    from_dispatch(context, before);
}

/* NdisMEthIndicateReceiveComplete. IRQL <= DISPATCH_LEVEL. After the last of several look-ahead
 * indications; protocols of NDIS 6 have had each of them as a whole, so that nothing is left. */
VOID
NdisMEthIndicateReceiveComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());
}

/* NdisMTransferDataComplete. IRQL <= DISPATCH_LEVEL. Once after MiniportTransferData returned
 * NDIS_STATUS_PENDING; else PACKET_STATE. */
VOID
NdisMTransferDataComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_PACKET Packet,
                          NDIS_STATUS Status, UINT BytesTransferred)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    struct transfer *transfer = miniport == NULL ? NULL : take_transfer(miniport, Packet);
    KIRQL before;

    if (miniport == NULL) {
        return;
    }
    if (transfer == NULL) {
        pndis__report(context, RULE_PACKET_STATE, &miniport->adapter->owner, __func__, caller,
                      "%s completes a transfer that is not pending", miniport->adapter->owner.name);
        return;
    }
    before = to_dispatch(context);
    finish(context, miniport, transfer, Status, BytesTransferred);
    from_dispatch(context, before);
}
