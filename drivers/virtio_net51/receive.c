/*
 * Receiving. One processor at a time takes frames from the ring and indicates them, a batch at a
 * time; what comes back meanwhile is shown to the device by its next turn.
 */
#include "adapter.h"

enum { BATCH = 32, LAST_PART = 4 /* A quarter of the ring. */ };

typedef struct _VN51_BATCH {
    PNDIS_PACKET Packets[BATCH];
    UINT Count;
    UINT Lent; /* The first of them, which come back through MiniportReturnPacket. */
} VN51_BATCH;

static VN51_RECEIVE_BUFFER *
ReceiveOf(PNDIS_PACKET Packet)
{
    return *(VN51_RECEIVE_BUFFER **)Packet->MiniportReserved;
}

static VOID
Post(VN51_ADAPTER *Adapter, VN51_RECEIVE_BUFFER *Receive)
{
    Receive->Posted = TRUE;
    Vn51QueuePut(&Adapter->ReceiveQueue, Receive->Id);
}

VOID
Vn51ReceiveStart(VN51_ADAPTER *Adapter)
{
    for (USHORT i = 0; i < Adapter->ReceiveQueue.Buffers; i++) {
        if (!Adapter->Receives[i].Indicated) {
            Post(Adapter, &Adapter->Receives[i]);
        }
    }
    Vn51QueueShow(&Adapter->ReceiveQueue);
    Vn51QueueEnableInterrupt(&Adapter->ReceiveQueue, 1);
}

/* --- which frames --- */

static BOOLEAN
IsListed(const VN51_ADAPTER *Adapter, const UCHAR *Address)
{
    for (ULONG i = 0; i < Adapter->MulticastCount; i++) {
        if (NdisEqualMemory(Adapter->Multicast[i], Address, VN51_MAC_BYTES)) {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN
IsWanted(const VN51_ADAPTER *Adapter, const UCHAR *Frame)
{
    static const UCHAR Broadcast[VN51_MAC_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    ULONG Filter = Adapter->PacketFilter;

    if ((Filter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0) {
        return TRUE;
    }
    if ((Frame[0] & 1) == 0) {
        return (Filter & NDIS_PACKET_TYPE_DIRECTED) != 0 &&
               NdisEqualMemory(Frame, Adapter->CurrentAddress, VN51_MAC_BYTES);
    }
    if (NdisEqualMemory(Frame, Broadcast, VN51_MAC_BYTES)) {
        return (Filter & NDIS_PACKET_TYPE_BROADCAST) != 0;
    }
    return (Filter & NDIS_PACKET_TYPE_ALL_MULTICAST) != 0 ||
           ((Filter & NDIS_PACKET_TYPE_MULTICAST) != 0 && IsListed(Adapter, Frame));
}

/* --- from the ring to NDIS; the lock is held --- */

/* NULL: what the device says makes no sense. */
static VN51_RECEIVE_BUFFER *
TakeUsed(VN51_ADAPTER *Adapter, ULONG *Bytes)
{
    VIRTQ_USED_ELEMENT Element = Vn51QueueTakeUsed(&Adapter->ReceiveQueue);
    VN51_RECEIVE_BUFFER *Receive =
        Element.Id < Adapter->ReceiveQueue.Buffers ? &Adapter->Receives[Element.Id] : NULL;

    if (Receive == NULL || !Receive->Posted ||
        Element.Length > Adapter->ReceiveQueue.Desc[Element.Id].Length) {
        WriteNoFence(&Adapter->NeedsReset, TRUE);
        return NULL;
    }
    Receive->Posted = FALSE;
    *Bytes = Element.Length < VIRTIO_NET_HDR_BYTES ? 0 : Element.Length - VIRTIO_NET_HDR_BYTES;
    return Receive;
}

static BOOLEAN
Accept(VN51_ADAPTER *Adapter, VN51_RECEIVE_BUFFER *Receive, ULONG Bytes)
{
    const UCHAR *Frame =
        Adapter->ReceiveMemory.Address + Receive->Id * Adapter->BufferBytes + VN51_FRAME_OFFSET;

    if (Bytes < VN51_HEADER_BYTES) {
        Adapter->Received.Errors++;
        return FALSE;
    }
    if (!IsWanted(Adapter, Frame)) {
        return FALSE;
    }
    Adapter->Received.Frames++;
    NdisAdjustBufferLength(Receive->Buffer, Bytes);
    NdisRecalculatePacketCounts(Receive->Packet);
    return TRUE;
}

/* Of the last buffers NDIS is asked to make copies, so that it never has them all. */
static NDIS_STATUS
StatusOfNext(const VN51_ADAPTER *Adapter)
{
    ULONG Buffers = Adapter->ReceiveQueue.Buffers;

    return Adapter->Indicated < Buffers - max(Buffers / LAST_PART, 1) ? NDIS_STATUS_SUCCESS
                                                                      : NDIS_STATUS_RESOURCES;
}

static VOID
TakeBatch(VN51_ADAPTER *Adapter, VN51_BATCH *Batch)
{
    USHORT Available = Vn51QueueUsedCount(&Adapter->ReceiveQueue);

    Batch->Count = 0;
    Batch->Lent = 0;
    while (Available-- > 0 && Batch->Count < BATCH && !ReadNoFence(&Adapter->NeedsReset)) {
        ULONG Bytes;
        VN51_RECEIVE_BUFFER *Receive = TakeUsed(Adapter, &Bytes);

        if (Receive != NULL && !Accept(Adapter, Receive, Bytes)) {
            Post(Adapter, Receive);
        } else if (Receive != NULL) {
            NDIS_STATUS Status = StatusOfNext(Adapter);

            NDIS_SET_PACKET_STATUS(Receive->Packet, Status);
            Receive->Indicated = TRUE;
            Adapter->Indicated++;
            Batch->Packets[Batch->Count++] = Receive->Packet;
            Batch->Lent += Status == NDIS_STATUS_SUCCESS;
        }
    }
}

/* It is posted now, unless the device stands still: then when it starts. */
static VOID
TakeBack(VN51_ADAPTER *Adapter, PNDIS_PACKET Packet)
{
    VN51_RECEIVE_BUFFER *Receive = ReceiveOf(Packet);

    Receive->Indicated = FALSE;
    Adapter->Indicated--;
    if (ReadNoFence(&Adapter->IsRunning)) {
        Post(Adapter, Receive);
    }
}

/* --- the loop --- */

/* Indicate a batch; those with RESOURCES are back at once. */
static VOID
Indicate(VN51_ADAPTER *Adapter, VN51_BATCH *Batch)
{
    NdisMIndicateReceivePacket(Adapter->Handle, Batch->Packets, Batch->Count);
    if (Batch->Lent < Batch->Count) {
        NdisDprAcquireSpinLock(&Adapter->ReceiveLock);
        for (UINT i = Batch->Lent; i < Batch->Count; i++) {
            TakeBack(Adapter, Batch->Packets[i]);
        }
        NdisDprReleaseSpinLock(&Adapter->ReceiveLock);
    }
}

/* TRUE: frames were taken, or there are more by now. The lock is held. */
static BOOLEAN
Turn(VN51_ADAPTER *Adapter, VN51_BATCH *Batch, BOOLEAN *Notify)
{
    Batch->Count = 0;
    *Notify = FALSE;
    if (!ReadAcquire(&Adapter->IsRunning) || ReadNoFence(&Adapter->NeedsReset)) {
        return FALSE;
    }
    TakeBatch(Adapter, Batch);
    *Notify = Vn51QueueShow(&Adapter->ReceiveQueue);
    return Batch->Count > 0 || Vn51QueueEnableInterrupt(&Adapter->ReceiveQueue, 1);
}

/* At DISPATCH_LEVEL. */
VOID
Vn51Receive(VN51_ADAPTER *Adapter)
{
    VN51_BATCH Batch;
    BOOLEAN Again = TRUE;

    NdisDprAcquireSpinLock(&Adapter->ReceiveLock);
    if (Adapter->IsReceiving) {
        NdisDprReleaseSpinLock(&Adapter->ReceiveLock);
        return;
    }
    while (Again) {
        BOOLEAN Notify;

        Again = Turn(Adapter, &Batch, &Notify);
        Adapter->IsReceiving = Again;
        NdisDprReleaseSpinLock(&Adapter->ReceiveLock);
        if (Notify) {
            Vn51Notify(Adapter, &Adapter->ReceiveQueue);
        }
        if (Batch.Count > 0) {
            Indicate(Adapter, &Batch);
        }
        if (Again) {
            NdisDprAcquireSpinLock(&Adapter->ReceiveLock);
        }
    }
}

VOID
Vn51ReturnPacket(NDIS_HANDLE MiniportAdapterContext, PNDIS_PACKET Packet)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;
    BOOLEAN Notify;

    NdisAcquireSpinLock(&Adapter->ReceiveLock);
    TakeBack(Adapter, Packet);
    Notify = !Adapter->IsReceiving && ReadNoFence(&Adapter->IsRunning) &&
             Vn51QueueShow(&Adapter->ReceiveQueue);
    NdisReleaseSpinLock(&Adapter->ReceiveLock);
    if (Notify) {
        Vn51Notify(Adapter, &Adapter->ReceiveQueue);
    }
}
