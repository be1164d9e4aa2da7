/* Setting a virtqueue up (virtio 1.2, 4.1.5.1.3). */
#include "adapter.h"

/* The rings begin on cache lines of their own: the device writes one of them, the driver the other.
 */
#define ALIGNED(Bytes)                                                                             \
    (((Bytes) + SYSTEM_CACHE_ALIGNMENT_SIZE - 1) & ~(SYSTEM_CACHE_ALIGNMENT_SIZE - 1))

static ULONG
DescBytes(const VIRTQUEUE *Queue)
{
    return ALIGNED(Queue->Size * (ULONG)sizeof(VIRTQ_DESC));
}

static ULONG
AvailBytes(const VIRTQUEUE *Queue)
{
    return ALIGNED((ULONG)sizeof(VIRTQ_AVAIL) + (Queue->Size + 1) * (ULONG)sizeof(USHORT));
}

static ULONG
UsedBytes(const VIRTQUEUE *Queue)
{
    return ALIGNED((ULONG)sizeof(VIRTQ_USED) + Queue->Size * (ULONG)sizeof(VIRTQ_USED_ELEMENT) +
                   (ULONG)sizeof(USHORT));
}

static USHORT
PowerOfTwoUpTo(ULONG Limit)
{
    ULONG Size = 1;

    while (Size * 2 <= Limit) {
        Size *= 2;
    }
    return (USHORT)Size;
}

NDIS_STATUS
VnetQueueAllocate(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue, USHORT Index, USHORT SizeLimit)
{
    USHORT DeviceLimit;

    WRITE_REGISTER_USHORT(&Adapter->Common->QueueSelect, Index);
    DeviceLimit = READ_REGISTER_USHORT(&Adapter->Common->QueueSize);
    if (DeviceLimit == 0) {
        return NDIS_STATUS_FAILURE;
    }
    Queue->Index = Index;
    Queue->Size = PowerOfTwoUpTo(min(SizeLimit, DeviceLimit));
    Queue->Mask = Queue->Size - 1;
    if (!VnetAllocateShared(Adapter, &Queue->Memory,
                            DescBytes(Queue) + AvailBytes(Queue) + UsedBytes(Queue))) {
        return NDIS_STATUS_RESOURCES;
    }
    Queue->Desc = (VIRTQ_DESC *)Queue->Memory.Address;
    Queue->Avail = (VIRTQ_AVAIL *)(Queue->Memory.Address + DescBytes(Queue));
    Queue->Used = (VIRTQ_USED *)((UCHAR *)Queue->Avail + AvailBytes(Queue));
    Queue->UsedEvent = &Queue->Avail->Ring[Queue->Size];
    Queue->AvailEvent = (USHORT *)&Queue->Used->Ring[Queue->Size];
    return NDIS_STATUS_SUCCESS;
}

static VOID
Empty(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue)
{
    NdisZeroMemory(Queue->Memory.Address, Queue->Memory.Bytes);
    for (USHORT i = 0; i < Queue->Size; i++) {
        Queue->Desc[i].Next = i + 1;
    }
    Queue->FreeHead = 0;
    Queue->FreeCount = Queue->Size;
    Queue->Ready = 0;
    Queue->Shown = 0;
    Queue->LastUsed = 0;
    Queue->EventIndex = VnetHas(Adapter, VIRTIO_F_EVENT_IDX);
    VnetQueueDisableInterrupt(Queue);
}

static BOOLEAN
SetVector(VNET_ADAPTER *Adapter, USHORT Vector)
{
    WRITE_REGISTER_USHORT(&Adapter->Common->QueueMsixVector, Vector);
    /* A device that has no room for the mapping says NO_VECTOR (4.1.5.1.2). */
    return READ_REGISTER_USHORT(&Adapter->Common->QueueMsixVector) == Vector;
}

NDIS_STATUS
VnetQueueEnable(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue, USHORT Vector)
{
    VIRTIO_PCI_COMMON_CFG *Common = Adapter->Common;
    ULONG64 Desc = (ULONG64)Queue->Memory.DeviceAddress.QuadPart;
    ULONG64 Avail = Desc + DescBytes(Queue);
    ULONG64 Used = Avail + AvailBytes(Queue);
    ULONG64 Doorbell;

    Empty(Adapter, Queue);
    WRITE_REGISTER_USHORT(&Common->QueueSelect, Queue->Index);
    WRITE_REGISTER_USHORT(&Common->QueueSize, Queue->Size);
    if (Adapter->HasMessages && !SetVector(Adapter, Vector)) {
        return NDIS_STATUS_FAILURE;
    }
    WRITE_REGISTER_ULONG(&Common->QueueDescLow, (ULONG)Desc);
    WRITE_REGISTER_ULONG(&Common->QueueDescHigh, (ULONG)(Desc >> 32));
    WRITE_REGISTER_ULONG(&Common->QueueDriverLow, (ULONG)Avail);
    WRITE_REGISTER_ULONG(&Common->QueueDriverHigh, (ULONG)(Avail >> 32));
    WRITE_REGISTER_ULONG(&Common->QueueDeviceLow, (ULONG)Used);
    WRITE_REGISTER_ULONG(&Common->QueueDeviceHigh, (ULONG)(Used >> 32));
    Doorbell = (ULONG64)READ_REGISTER_USHORT(&Common->QueueNotifyOff) * Adapter->NotifyMultiplier +
               (ULONG64)(Adapter->Notify - Adapter->Window);
    if (Doorbell + sizeof(USHORT) > Adapter->WindowBytes) {
        return NDIS_STATUS_FAILURE;
    }
    Queue->Doorbell = (volatile USHORT *)(Adapter->Window + Doorbell);
    WRITE_REGISTER_USHORT(&Common->QueueEnable, 1);
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetQueueFree(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue)
{
    VnetFreeShared(Adapter, &Queue->Memory);
}
