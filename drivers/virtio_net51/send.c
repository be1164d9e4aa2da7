/*
 * Sending. A frame is copied into one of the send queue's buffers and its packet completed when the
 * device has sent it; without a free buffer it waits.
 */
#include "adapter.h"

static PNDIS_PACKET *
LinkOf(PNDIS_PACKET Packet)
{
    return (PNDIS_PACKET *)Packet->MiniportReserved;
}

static VOID
Append(VN51_PACKET_LIST *List, PNDIS_PACKET Packet)
{
    *LinkOf(Packet) = NULL;
    if (List->First == NULL) {
        List->First = Packet;
    } else {
        *LinkOf(List->Last) = Packet;
    }
    List->Last = Packet;
}

static PNDIS_PACKET
TakeFirst(VN51_PACKET_LIST *List)
{
    PNDIS_PACKET Packet = List->First;

    if (Packet != NULL) {
        List->First = *LinkOf(Packet);
    }
    return Packet;
}

/* Each packet has its status with it. No lock is held. */
static VOID
Complete(VN51_ADAPTER *Adapter, VN51_PACKET_LIST *Done)
{
    PNDIS_PACKET Packet;

    while ((Packet = TakeFirst(Done)) != NULL) {
        NdisMSendComplete(Adapter->Handle, Packet, NDIS_GET_PACKET_STATUS(Packet));
    }
}

static VOID
Finish(VN51_PACKET_LIST *Done, PNDIS_PACKET Packet, NDIS_STATUS Status)
{
    NDIS_SET_PACKET_STATUS(Packet, Status);
    Append(Done, Packet);
}

/* --- to the device --- */

/* Copy the frame to @Place, padded to the medium's minimum; returns its length, 0: it is none. */
static ULONG
CopyFrame(const VN51_ADAPTER *Adapter, PNDIS_PACKET Packet, UCHAR *Place)
{
    PNDIS_BUFFER Buffer;
    UINT Total;
    ULONG Done = 0;

    NdisQueryPacket(Packet, NULL, NULL, &Buffer, &Total);
    if (Total < VN51_HEADER_BYTES || Total > Adapter->FrameMax + VN51_VLAN_BYTES) {
        return 0;
    }
    while (Buffer != NULL && Done < Total) {
        PVOID Address;
        UINT Bytes;

        NdisQueryBufferSafe(Buffer, &Address, &Bytes, NormalPagePriority);
        if (Address == NULL) {
            return 0;
        }
        Bytes = min(Bytes, Total - Done);
        NdisMoveMemory(Place + Done, Address, Bytes);
        Done += Bytes;
        NdisGetNextBuffer(Buffer, &Buffer);
    }
    if (Done < VN51_FRAME_MIN) {
        NdisZeroMemory(Place + Done, VN51_FRAME_MIN - Done);
        Done = VN51_FRAME_MIN;
    }
    return Done;
}

/* The rest of the header, which asks for nothing, is zero and stays so. */
static BOOLEAN
Post(VN51_ADAPTER *Adapter, PNDIS_PACKET Packet)
{
    USHORT Id = Adapter->FreeSends[Adapter->FreeSendCount - 1];
    ULONG Bytes =
        CopyFrame(Adapter, Packet,
                  Adapter->SendMemory.Address + Id * Adapter->BufferBytes + VN51_FRAME_OFFSET);

    if (Bytes == 0) {
        return FALSE;
    }
    Adapter->FreeSendCount--;
    Adapter->Sending[Id] = Packet;
    Adapter->SendQueue.Desc[Id].Length = VIRTIO_NET_HDR_BYTES + Bytes;
    Vn51QueuePut(&Adapter->SendQueue, Id);
    return TRUE;
}

static VOID
PostWaiting(VN51_ADAPTER *Adapter, VN51_PACKET_LIST *Done)
{
    while (Adapter->FreeSendCount > 0 && Adapter->Waiting.First != NULL) {
        PNDIS_PACKET Packet = TakeFirst(&Adapter->Waiting);

        if (!Post(Adapter, Packet)) {
            Adapter->Sent.Errors++;
            Finish(Done, Packet, NDIS_STATUS_INVALID_PACKET);
        }
    }
}

/* --- back from it --- */

static VOID
Reap(VN51_ADAPTER *Adapter, VN51_PACKET_LIST *Done)
{
    VN51_QUEUE *Queue = &Adapter->SendQueue;

    for (USHORT Count = Vn51QueueUsedCount(Queue); Count > 0; Count--) {
        ULONG Id = Vn51QueueTakeUsed(Queue).Id;

        if (Id >= Queue->Buffers || Adapter->Sending[Id] == NULL) {
            WriteNoFence(&Adapter->NeedsReset, TRUE);
            return;
        }
        Adapter->Sent.Frames++;
        Finish(Done, Adapter->Sending[Id], NDIS_STATUS_SUCCESS);
        Adapter->Sending[Id] = NULL;
        Adapter->FreeSends[Adapter->FreeSendCount++] = (USHORT)Id;
    }
}

static VOID
AbortAll(VN51_ADAPTER *Adapter, VN51_PACKET_LIST *Done, NDIS_STATUS Status)
{
    PNDIS_PACKET Packet;

    for (USHORT i = 0; i < Adapter->SendQueue.Buffers; i++) {
        if (Adapter->Sending[i] != NULL) {
            Finish(Done, Adapter->Sending[i], Status);
            Adapter->Sending[i] = NULL;
        }
    }
    while ((Packet = TakeFirst(&Adapter->Waiting)) != NULL) {
        Finish(Done, Packet, Status);
    }
}

/* What the device has not sent yet interrupts when half of it is. TRUE: it has by now. */
static BOOLEAN
Rearm(VN51_QUEUE *Queue)
{
    USHORT InFlight = Vn51QueueInFlight(Queue);

    return InFlight > 0 && Vn51QueueEnableInterrupt(Queue, (InFlight + 1) / 2);
}

/* One turn, with the lock held. TRUE: there is to be another one. */
static BOOLEAN
Turn(VN51_ADAPTER *Adapter, VN51_PACKET_LIST *Done, BOOLEAN *Notify)
{
    *Notify = FALSE;
    if (!ReadAcquire(&Adapter->IsRunning)) {
        AbortAll(Adapter, Done, NDIS_STATUS_FAILURE);
        return FALSE;
    }
    Reap(Adapter, Done);
    if (ReadNoFence(&Adapter->NeedsReset)) {
        return FALSE;
    }
    PostWaiting(Adapter, Done);
    *Notify = Vn51QueueShow(&Adapter->SendQueue);
    return *Notify || Rearm(&Adapter->SendQueue);
}

/* The device sends inside the doorbell, so that much is back when it returns. */
static VOID
Pump(VN51_ADAPTER *Adapter, PPNDIS_PACKET Packets, UINT Count)
{
    VN51_PACKET_LIST Done = {NULL, NULL};
    BOOLEAN Again = TRUE;

    while (Again) {
        BOOLEAN Notify;

        NdisAcquireSpinLock(&Adapter->SendLock);
        for (UINT i = 0; i < Count; i++) {
            Append(&Adapter->Waiting, Packets[i]);
        }
        Count = 0;
        Again = Turn(Adapter, &Done, &Notify);
        NdisReleaseSpinLock(&Adapter->SendLock);
        if (Notify) {
            Vn51Notify(Adapter, &Adapter->SendQueue);
        }
    }
    Complete(Adapter, &Done);
}

VOID
Vn51SendPump(VN51_ADAPTER *Adapter)
{
    Pump(Adapter, NULL, 0);
}

VOID
Vn51SendPackets(NDIS_HANDLE MiniportAdapterContext, PPNDIS_PACKET PacketArray, UINT NumberOfPackets)
{
    Pump(MiniportAdapterContext, PacketArray, NumberOfPackets);
}

VOID
Vn51SendAbort(VN51_ADAPTER *Adapter, NDIS_STATUS Status)
{
    VN51_PACKET_LIST Done = {NULL, NULL};

    NdisAcquireSpinLock(&Adapter->SendLock);
    AbortAll(Adapter, &Done, Status);
    NdisReleaseSpinLock(&Adapter->SendLock);
    Complete(Adapter, &Done);
}

VOID
Vn51SendStart(VN51_ADAPTER *Adapter)
{
    for (USHORT i = 0; i < Adapter->SendQueue.Buffers; i++) {
        Adapter->FreeSends[i] = i;
    }
    Adapter->FreeSendCount = Adapter->SendQueue.Buffers;
}

/* Those that the device has are on their way. */
VOID
Vn51CancelSendPackets(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;
    VN51_PACKET_LIST Done = {NULL, NULL};
    VN51_PACKET_LIST Kept = {NULL, NULL};
    PNDIS_PACKET Packet;

    NdisAcquireSpinLock(&Adapter->SendLock);
    while ((Packet = TakeFirst(&Adapter->Waiting)) != NULL) {
        if (NDIS_GET_PACKET_CANCEL_ID(Packet) == CancelId) {
            Finish(&Done, Packet, NDIS_STATUS_REQUEST_ABORTED);
        } else {
            Append(&Kept, Packet);
        }
    }
    Adapter->Waiting = Kept;
    NdisReleaseSpinLock(&Adapter->SendLock);
    Complete(Adapter, &Done);
}
