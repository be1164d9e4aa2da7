/* Memory of an adapter: rings, frame buffers, packets. */
#include "adapter.h"

BOOLEAN
Vn51AllocateShared(VN51_ADAPTER *Adapter, VN51_SHARED *Shared, ULONG Bytes)
{
    Shared->Bytes = Bytes;
    NdisMAllocateSharedMemory(Adapter->Handle, Bytes, TRUE, (PVOID *)&Shared->Address,
                              &Shared->DeviceAddress);
    if (Shared->Address != NULL) {
        NdisZeroMemory(Shared->Address, Bytes);
    }
    return Shared->Address != NULL;
}

VOID
Vn51FreeShared(VN51_ADAPTER *Adapter, VN51_SHARED *Shared)
{
    if (Shared->Address != NULL) {
        NdisMFreeSharedMemory(Adapter->Handle, Shared->Bytes, TRUE, Shared->Address,
                              Shared->DeviceAddress);
        Shared->Address = NULL;
    }
}

static VOID
Describe(VN51_QUEUE *Queue, const VN51_SHARED *Memory, ULONG BufferBytes, ULONG Bytes, USHORT Flags)
{
    for (USHORT i = 0; i < Queue->Buffers; i++) {
        Queue->Desc[i].Address =
            (ULONG64)Memory->DeviceAddress.QuadPart + (ULONG64)i * BufferBytes + VN51_BUFFER_OFFSET;
        Queue->Desc[i].Length = Bytes;
        Queue->Desc[i].Flags = Flags;
    }
}

static NDIS_STATUS
AllocateReceive(VN51_ADAPTER *Adapter, USHORT Id)
{
    VN51_RECEIVE_BUFFER *Receive = &Adapter->Receives[Id];
    NDIS_STATUS Status;

    Receive->Id = Id;
    NdisAllocatePacket(&Status, &Receive->Packet, Adapter->PacketPool);
    if (Status != NDIS_STATUS_SUCCESS) {
        Receive->Packet = NULL;
        return Status;
    }
    *(VN51_RECEIVE_BUFFER **)Receive->Packet->MiniportReserved = Receive;
    NDIS_SET_PACKET_HEADER_SIZE(Receive->Packet, VN51_HEADER_BYTES);
    NdisAllocateBuffer(&Status, &Receive->Buffer, Adapter->BufferPool,
                       Adapter->ReceiveMemory.Address + Id * Adapter->BufferBytes +
                           VN51_FRAME_OFFSET,
                       Adapter->FrameMax + VN51_VLAN_BYTES);
    if (Status != NDIS_STATUS_SUCCESS) {
        Receive->Buffer = NULL;
        return Status;
    }
    NdisChainBufferAtFront(Receive->Packet, Receive->Buffer);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
AllocateReceives(VN51_ADAPTER *Adapter)
{
    UINT Count = Adapter->ReceiveQueue.Buffers;
    NDIS_STATUS Status;

    NdisAllocatePacketPool(&Status, &Adapter->PacketPool, Count, PROTOCOL_RESERVED_SIZE_IN_PACKET);
    if (Status != NDIS_STATUS_SUCCESS) {
        Adapter->PacketPool = NULL;
        return Status;
    }
    NdisAllocateBufferPool(&Status, &Adapter->BufferPool, Count);
    if (Status != NDIS_STATUS_SUCCESS) {
        Adapter->BufferPool = NULL;
        return Status;
    }
    for (USHORT i = 0; i < Count && Status == NDIS_STATUS_SUCCESS; i++) {
        Status = AllocateReceive(Adapter, i);
    }
    return Status;
}

NDIS_STATUS
Vn51AllocateMemory(VN51_ADAPTER *Adapter)
{
    VN51_QUEUE *Receive = &Adapter->ReceiveQueue;
    VN51_QUEUE *Send = &Adapter->SendQueue;
    NDIS_STATUS Status = Vn51QueueAllocate(Adapter, Receive, 0, VN51_BUFFER_LIMIT);

    Adapter->BufferBytes =
        (VN51_FRAME_OFFSET + Adapter->FrameMax + VN51_VLAN_BYTES + VN51_BUFFER_ALIGNMENT - 1) /
        VN51_BUFFER_ALIGNMENT * VN51_BUFFER_ALIGNMENT;
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = Vn51QueueAllocate(Adapter, Send, 1, VN51_BUFFER_LIMIT);
    }
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    if (!Vn51AllocateShared(Adapter, &Adapter->ReceiveMemory,
                            Receive->Buffers * Adapter->BufferBytes) ||
        !Vn51AllocateShared(Adapter, &Adapter->SendMemory, Send->Buffers * Adapter->BufferBytes)) {
        return NDIS_STATUS_RESOURCES;
    }
    /* A frame that is too long for the descriptor is the device's to drop. */
    Describe(Receive, &Adapter->ReceiveMemory, Adapter->BufferBytes,
             VIRTIO_NET_HDR_BYTES + Adapter->FrameMax + VN51_VLAN_BYTES, VIRTQ_DESC_F_WRITE);
    Describe(Send, &Adapter->SendMemory, Adapter->BufferBytes, 0, 0);
    return AllocateReceives(Adapter);
}

VOID
Vn51FreeMemory(VN51_ADAPTER *Adapter)
{
    for (ULONG i = 0; i < VN51_BUFFER_LIMIT; i++) {
        VN51_RECEIVE_BUFFER *Receive = &Adapter->Receives[i];

        if (Receive->Packet != NULL) {
            NdisReinitializePacket(Receive->Packet);
        }
        if (Receive->Buffer != NULL) {
            NdisFreeBuffer(Receive->Buffer);
        }
        if (Receive->Packet != NULL) {
            NdisFreePacket(Receive->Packet);
        }
    }
    if (Adapter->BufferPool != NULL) {
        NdisFreeBufferPool(Adapter->BufferPool);
    }
    if (Adapter->PacketPool != NULL) {
        NdisFreePacketPool(Adapter->PacketPool);
    }
    Vn51FreeShared(Adapter, &Adapter->SendMemory);
    Vn51FreeShared(Adapter, &Adapter->ReceiveMemory);
    Vn51QueueFree(Adapter, &Adapter->SendQueue);
    Vn51QueueFree(Adapter, &Adapter->ReceiveQueue);
}
