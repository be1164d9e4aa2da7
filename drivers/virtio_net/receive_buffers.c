/* The memory of receive queues: buffers that the device writes to, and the lists that show them. */
#include "adapter.h"

enum {
    MERGED_BUFFER_BYTES = 2048,
    COALESCED_BUFFER_BYTES = 4096, /* Where frames of up to 64 KiB come. */
    LARGE_RING_LIMIT = 256,        /* Where every buffer must hold one of them. */
    /* Neighbours begin in different sets of the processor's caches. */
    BUFFER_GAP_BYTES = SYSTEM_CACHE_ALIGNMENT_SIZE,
};

static BOOLEAN
HasLargeFrames(const VNET_ADAPTER *Adapter)
{
    return VnetHas(Adapter, VIRTIO_NET_F_GUEST_TSO4) || VnetHas(Adapter, VIRTIO_NET_F_GUEST_TSO6) ||
           VnetHas(Adapter, VIRTIO_NET_F_GUEST_USO4) || VnetHas(Adapter, VIRTIO_NET_F_GUEST_USO6);
}

static ULONG
BufferBytes(const VNET_ADAPTER *Adapter)
{
    ULONG Frame = HasLargeFrames(Adapter) ? VNET_IP_BYTES_LIMIT : Adapter->Mtu;

    if (VnetHas(Adapter, VIRTIO_NET_F_MRG_RXBUF)) {
        return HasLargeFrames(Adapter) ? COALESCED_BUFFER_BYTES : MERGED_BUFFER_BYTES;
    }
    Frame += VNET_HEADER_BYTES + VNET_ETHERNET_BYTES + VNET_VLAN_TAG_BYTES;
    return (Frame + SYSTEM_CACHE_ALIGNMENT_SIZE - 1) & ~(SYSTEM_CACHE_ALIGNMENT_SIZE - 1);
}

static ULONG
RingLimit(const VNET_ADAPTER *Adapter)
{
    BOOLEAN IsLarge = HasLargeFrames(Adapter) && !VnetHas(Adapter, VIRTIO_NET_F_MRG_RXBUF);

    return IsLarge ? min(Adapter->Config.ReceiveBuffers, LARGE_RING_LIMIT)
                   : Adapter->Config.ReceiveBuffers;
}

static NDIS_HANDLE
AllocatePool(VNET_ADAPTER *Adapter)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = TRUE,
        .ContextSize = sizeof(VNET_RECEIVE_CONTEXT),
        .PoolTag = VNET_TAG,
    };

    return NdisAllocateNetBufferListPool(Adapter->Handle, &Parameters);
}

static BOOLEAN
AllocateBuffer(VNET_ADAPTER *Adapter, VNET_RECEIVE_QUEUE *Queue, USHORT Index)
{
    VNET_RECEIVE_BUFFER *Buffer = &Queue->Buffers[Index];
    VNET_RECEIVE_CONTEXT *Context;

    Buffer->Queue = Queue;
    Buffer->Index = Index;
    Buffer->Data =
        Queue->Memory.Address + (SIZE_T)Index * (Adapter->ReceiveBufferBytes + BUFFER_GAP_BYTES);
    Buffer->Mdl = NdisAllocateMdl(Adapter->Handle, Buffer->Data, Adapter->ReceiveBufferBytes);
    if (Buffer->Mdl == NULL) {
        return FALSE;
    }
    Buffer->Nbl = NdisAllocateNetBufferAndNetBufferList(Adapter->Pool, sizeof(VNET_RECEIVE_CONTEXT),
                                                        0, Buffer->Mdl, 0, 0);
    if (Buffer->Nbl == NULL) {
        return FALSE;
    }
    Context = (VNET_RECEIVE_CONTEXT *)NET_BUFFER_LIST_CONTEXT_DATA_START(Buffer->Nbl);
    Context->Buffer = Buffer;
    return TRUE;
}

NDIS_STATUS
VnetReceiveAllocate(VNET_ADAPTER *Adapter, VNET_RECEIVE_QUEUE *Queue, USHORT Index)
{
    NDIS_STATUS Status =
        VnetQueueAllocate(Adapter, &Queue->Ring, Index, (USHORT)RingLimit(Adapter));

    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    Adapter->ReceiveBufferBytes = BufferBytes(Adapter);
    if (Adapter->Pool == NULL) {
        Adapter->Pool = AllocatePool(Adapter);
    }
    Queue->Buffers = VnetAllocate(Adapter, Queue->Ring.Size * sizeof(VNET_RECEIVE_BUFFER));
    if (Adapter->Pool == NULL || Queue->Buffers == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    Queue->BufferCount = Queue->Ring.Size;
    if (!VnetAllocateShared(Adapter, &Queue->Memory,
                            Queue->BufferCount *
                                (Adapter->ReceiveBufferBytes + BUFFER_GAP_BYTES))) {
        return NDIS_STATUS_RESOURCES;
    }
    for (USHORT i = 0; i < Queue->BufferCount; i++) {
        if (!AllocateBuffer(Adapter, Queue, i)) {
            return NDIS_STATUS_RESOURCES;
        }
    }
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetReceiveFree(VNET_ADAPTER *Adapter, VNET_RECEIVE_QUEUE *Queue)
{
    for (ULONG i = 0; Queue->Buffers != NULL && i < Queue->BufferCount; i++) {
        if (Queue->Buffers[i].Nbl != NULL) {
            NdisFreeNetBufferList(Queue->Buffers[i].Nbl);
        }
        if (Queue->Buffers[i].Mdl != NULL) {
            NdisFreeMdl(Queue->Buffers[i].Mdl);
        }
    }
    if (Queue->Buffers != NULL) {
        VnetFree(Queue->Buffers);
        Queue->Buffers = NULL;
    }
    VnetFreeShared(Adapter, &Queue->Memory);
    VnetQueueFree(Adapter, &Queue->Ring);
}
