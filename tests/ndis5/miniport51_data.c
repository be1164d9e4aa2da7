/* The programmable NDIS 5.1 miniport: packets and interrupts. */
#include "miniport51_parts.h"

void
nic_enter(struct nic *nic)
{
    unsigned inside = __atomic_add_fetch(&nic->inside, 1, __ATOMIC_SEQ_CST);

    if (inside > nic->most_inside) {
        nic->most_inside = inside;
    }
}

void
nic_leave(struct nic *nic)
{
    __atomic_sub_fetch(&nic->inside, 1, __ATOMIC_SEQ_CST);
}

static bool
is_serialized(void)
{
    return (miniport51.attributes & NDIS_ATTRIBUTE_DESERIALIZE) == 0;
}

/* --- sending --- */

static void
look_at(struct nic *nic, NDIS_PACKET *packet)
{
    NDIS_BUFFER *buffer;
    UINT count;
    UINT used = 0;

    NdisQueryPacket(packet, NULL, &count, &buffer, &nic->last_bytes);
    nic->buffers = count;
    for (; buffer != NULL; buffer = buffer->Next) {
        UINT bytes = NdisBufferLength(buffer);

        if (used + bytes <= sizeof(nic->last_frame)) {
            memcpy(nic->last_frame + used, NdisBufferVirtualAddress(buffer), bytes);
        }
        used += bytes;
    }
    saw(&nic->sends);
    if (miniport51.on_send != NULL) {
        miniport51.on_send(nic, packet);
    }
}

static bool
has_room(struct nic *nic)
{
    unsigned room =
        miniport51.sending == SEND5_RESOURCES ? miniport51.room : RTL_NUMBER_OF(nic->held);
    unsigned used;
    KIRQL irql;

    KeAcquireSpinLock(&nic->held_lock, &irql);
    used = nic->held_count;
    KeReleaseSpinLock(&nic->held_lock, irql);
    return used < room;
}

/* From here on somebody else may complete it. */
static void
hold(struct nic *nic, NDIS_PACKET *packet)
{
    KIRQL irql;

    KeAcquireSpinLock(&nic->held_lock, &irql);
    nic->held[nic->held_count++] = packet;
    KeReleaseSpinLock(&nic->held_lock, irql);
}

void
nic_complete(struct nic *nic, unsigned count, NDIS_STATUS status)
{
    while (count-- > 0) {
        NDIS_PACKET *packet = NULL;
        KIRQL irql;

        KeAcquireSpinLock(&nic->held_lock, &irql);
        if (nic->held_count > 0) {
            packet = nic->held[0];
            nic->held_count--;
            memmove(nic->held, nic->held + 1, nic->held_count * sizeof(packet));
        }
        KeReleaseSpinLock(&nic->held_lock, irql);
        if (packet == NULL) {
            return;
        }
        NdisMSendComplete(nic->handle, packet, status);
    }
}

/* NDIS_STATUS_PENDING: the packet is kept, or has been completed by a call. */
static NDIS_STATUS
send_one(struct nic *nic, NDIS_PACKET *packet, bool status_counts)
{
    if (miniport51.sending == SEND5_HOLD || miniport51.sending == SEND5_RESOURCES) {
        if (!has_room(nic)) {
            return NDIS_STATUS_RESOURCES;
        }
        look_at(nic, packet);
        hold(nic, packet);
        return NDIS_STATUS_PENDING;
    }
    look_at(nic, packet);
    if (miniport51.sending == SEND5_DONE && status_counts) {
        return miniport51.send_status;
    }
    NdisMSendComplete(nic->handle, packet, miniport51.send_status);
    return NDIS_STATUS_PENDING;
}

static VOID
nic_send_packets(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count)
{
    struct nic *nic = context;

    nic_enter(nic);
    saw(&nic->send_calls);
    note_level(nic, is_serialized() && KeGetCurrentIrql() != DISPATCH_LEVEL);
    for (UINT i = 0; i < count; i++) {
        NDIS_STATUS status = send_one(nic, packets[i], is_serialized());

        /* A serialized miniport's packets are there until its function returns. */
        if (is_serialized()) {
            NDIS_SET_PACKET_STATUS(packets[i], status);
        }
        if (status == NDIS_STATUS_RESOURCES) {
            break;
        }
    }
    nic_leave(nic);
}

static NDIS_STATUS
nic_send(NDIS_HANDLE context, PNDIS_PACKET packet, UINT flags)
{
    struct nic *nic = context;
    NDIS_STATUS status;

    (void)flags;
    nic_enter(nic);
    saw(&nic->send_calls);
    status = send_one(nic, packet, true);
    nic_leave(nic);
    return status;
}

static VOID
nic_cancel(NDIS_HANDLE context, PVOID id)
{
    struct nic *nic = context;

    saw(&nic->cancels);
    for (unsigned i = 0; i < nic->held_count;) {
        NDIS_PACKET *packet = nic->held[i];

        if (NDIS_GET_PACKET_CANCEL_ID(packet) != id) {
            i++;
            continue;
        }
        nic->held_count--;
        memmove(nic->held + i, nic->held + i + 1, (nic->held_count - i) * sizeof(packet));
        NdisMSendComplete(nic->handle, packet, NDIS_STATUS_REQUEST_ABORTED);
    }
}

/* --- receiving --- */

/* A packet with a copy of a frame in one buffer. */
static NDIS_PACKET *
new_packet(struct nic *nic, const void *frame, UINT bytes)
{
    NDIS_PACKET *packet;
    NDIS_BUFFER *buffer;
    NDIS_STATUS status;
    PVOID memory;

    NdisAllocatePacket(&status, &packet, nic->packet_pool);
    if (status != NDIS_STATUS_SUCCESS) {
        return NULL;
    }
    if (NdisAllocateMemoryWithTag(&memory, bytes, 'vcR5') != NDIS_STATUS_SUCCESS) {
        NdisFreePacket(packet);
        return NULL;
    }
    memcpy(memory, frame, bytes);
    NdisAllocateBuffer(&status, &buffer, nic->buffer_pool, memory, bytes);
    if (status != NDIS_STATUS_SUCCESS) {
        NdisFreeMemory(memory, bytes, 0);
        NdisFreePacket(packet);
        return NULL;
    }
    NdisChainBufferAtFront(packet, buffer);
    return packet;
}

static void
free_packet(NDIS_PACKET *packet)
{
    NDIS_BUFFER *buffer;

    NdisUnchainBufferAtFront(packet, &buffer);
    NdisFreeMemory(NdisBufferVirtualAddress(buffer), 0, 0);
    NdisFreeBuffer(buffer);
    NdisFreePacket(packet);
}

static VOID
nic_return(NDIS_HANDLE context, PNDIS_PACKET packet)
{
    struct nic *nic = context;

    nic_enter(nic);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    saw(&nic->returns);
    free_packet(packet);
    nic_leave(nic);
}

bool
nic_indicate(struct nic *nic, const void *frame, UINT bytes, unsigned count, NDIS_STATUS status)
{
    NDIS_PACKET *packets[64];
    unsigned made = 0;

    while (made < count && made < RTL_NUMBER_OF(packets) &&
           (packets[made] = new_packet(nic, frame, bytes)) != NULL) {
        NDIS_SET_PACKET_STATUS(packets[made], status);
        made++;
    }
    NdisMIndicateReceivePacket(nic->handle, packets, made);
    for (unsigned i = 0; i < made; i++) {
        if (status == NDIS_STATUS_RESOURCES ||
            (is_serialized() && NDIS_GET_PACKET_STATUS(packets[i]) != NDIS_STATUS_PENDING)) {
            free_packet(packets[i]);
        }
    }
    return made == count;
}

void
nic_indicate_lookahead(struct nic *nic, const void *frame, UINT bytes, UINT lookahead)
{
    enum { HEADER = 14 };
    UCHAR header[HEADER];
    UCHAR data[2048];

    memcpy(header, frame, HEADER);
    memcpy(data, (const UCHAR *)frame + HEADER, lookahead);
    nic->transfer_frame = frame;
    NdisMEthIndicateReceive(nic->handle, nic, header, HEADER, data, lookahead, bytes - HEADER);
    memset(header, 0xdd, sizeof(header));
    memset(data, 0xdd, sizeof(data));
    NdisMEthIndicateReceiveComplete(nic->handle);
}

static UINT
transfer(struct nic *nic, NDIS_PACKET *packet, UINT offset)
{
    enum { HEADER = 14 };
    NDIS_BUFFER *buffer;
    UINT bytes;

    NdisQueryPacket(packet, NULL, NULL, &buffer, &bytes);
    memcpy(NdisBufferVirtualAddress(buffer), nic->transfer_frame + HEADER + offset, bytes);
    return bytes;
}

static NDIS_STATUS
nic_transfer(PNDIS_PACKET packet, PUINT transferred, NDIS_HANDLE context,
             NDIS_HANDLE receive_context, UINT offset, UINT bytes)
{
    struct nic *nic = context;

    (void)receive_context;
    (void)bytes;
    saw(&nic->transfers);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    if (miniport51.pend_transfer) {
        nic->transfer_packet = packet;
        nic->transfer_offset = offset;
        return NDIS_STATUS_PENDING;
    }
    *transferred = transfer(nic, packet, offset);
    return NDIS_STATUS_SUCCESS;
}

void
nic_complete_transfer(struct nic *nic)
{
    UINT bytes = transfer(nic, nic->transfer_packet, nic->transfer_offset);

    NdisMTransferDataComplete(nic->handle, nic->transfer_packet, NDIS_STATUS_SUCCESS, bytes);
}

/* --- interrupts --- */

static VOID
nic_isr(PBOOLEAN recognized, PBOOLEAN queue, NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->isrs);
    note_level(nic, KeGetCurrentIrql() <= DISPATCH_LEVEL);
    pndis_device_interrupt_clear(card.device);
    *recognized = TRUE;
    *queue = TRUE;
}

static VOID
nic_disable(NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->disables);
    pndis_device_interrupt_clear(card.device);
}

static VOID
nic_enable(NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->enables);
    note_level(nic, KeGetCurrentIrql() <= DISPATCH_LEVEL);
}

static VOID
nic_dpc(NDIS_HANDLE context)
{
    struct nic *nic = context;

    nic_enter(nic);
    saw(&nic->dpcs);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    if (miniport51.on_dpc != NULL) {
        miniport51.on_dpc(nic);
    }
    nic_leave(nic);
}

void
nic_data_handlers(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    if (miniport51.single_send) {
        calls->SendHandler = nic_send;
    } else {
        calls->SendPacketsHandler = nic_send_packets;
    }
    calls->ReturnPacketHandler = nic_return;
    calls->TransferDataHandler = nic_transfer;
    calls->AllocateCompleteHandler = nic_allocate_complete;
    calls->ISRHandler = nic_isr;
    calls->HandleInterruptHandler = nic_dpc;
    if (miniport51.asks_no_isr || miniport51.enables) {
        calls->DisableInterruptHandler = nic_disable;
        calls->EnableInterruptHandler = nic_enable;
    }
    if (miniport51.minor == 1) {
        calls->CancelSendPacketsHandler = nic_cancel;
    }
}
