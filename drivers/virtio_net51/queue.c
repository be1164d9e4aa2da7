/* Setting a virtqueue up: 2.7.2 "Legacy Interfaces: A Note on Virtqueue Layout". */
#include "adapter.h"

#define PAGES_OF(Bytes) (((Bytes) + VIRTQ_PAGE_BYTES - 1) & ~(ULONG)(VIRTQ_PAGE_BYTES - 1))

static ULONG
DriverBytes(const VN51_QUEUE *Queue)
{
    return PAGES_OF(Queue->Size * (ULONG)sizeof(VIRTQ_DESC) + (ULONG)sizeof(VIRTQ_AVAIL) +
                    (Queue->Size + 1) * (ULONG)sizeof(USHORT));
}

static ULONG
DeviceBytes(const VN51_QUEUE *Queue)
{
    return PAGES_OF((ULONG)sizeof(VIRTQ_USED) + Queue->Size * (ULONG)sizeof(VIRTQ_USED_ELEMENT) +
                    (ULONG)sizeof(USHORT));
}

NDIS_STATUS
Vn51QueueAllocate(VN51_ADAPTER *Adapter, VN51_QUEUE *Queue, USHORT Index, USHORT BufferLimit)
{
    ULONG_PTR Ports = (ULONG_PTR)Adapter->Ports;
    ULONG64 DeviceAddress;
    ULONG Skip;

    NdisRawWritePortUshort(Ports + VIRTIO_PORT_QUEUE_SELECT, Index);
    NdisRawReadPortUshort(Ports + VIRTIO_PORT_QUEUE_SIZE, &Queue->Size);
    if (Queue->Size == 0 || (Queue->Size & (Queue->Size - 1)) != 0) {
        return NDIS_STATUS_FAILURE;
    }
    Queue->Index = Index;
    Queue->Mask = Queue->Size - 1;
    Queue->Buffers = min(Queue->Size, BufferLimit);
    Queue->RingBytes = DriverBytes(Queue) + DeviceBytes(Queue);
    if (!Vn51AllocateShared(Adapter, &Queue->Memory, Queue->RingBytes + VIRTQ_PAGE_BYTES)) {
        return NDIS_STATUS_RESOURCES;
    }
    DeviceAddress = (ULONG64)Queue->Memory.DeviceAddress.QuadPart;
    Skip = (ULONG)(0 - DeviceAddress) & (VIRTQ_PAGE_BYTES - 1);
    /* The register has 32 bits for the number of the page. */
    if ((DeviceAddress + Skip) >> VIRTQ_PAGE_SHIFT > MAXULONG) {
        return NDIS_STATUS_RESOURCES;
    }
    Queue->Page = (ULONG)((DeviceAddress + Skip) >> VIRTQ_PAGE_SHIFT);
    Queue->Desc = (VIRTQ_DESC *)(Queue->Memory.Address + Skip);
    Queue->Avail = (VIRTQ_AVAIL *)(Queue->Desc + Queue->Size);
    Queue->Used = (VIRTQ_USED *)((UCHAR *)Queue->Desc + DriverBytes(Queue));
    return NDIS_STATUS_SUCCESS;
}

VOID
Vn51QueueFree(VN51_ADAPTER *Adapter, VN51_QUEUE *Queue)
{
    Vn51FreeShared(Adapter, &Queue->Memory);
}

VOID
Vn51QueueStart(VN51_ADAPTER *Adapter, VN51_QUEUE *Queue)
{
    ULONG_PTR Ports = (ULONG_PTR)Adapter->Ports;

    NdisZeroMemory(Queue->Avail, sizeof(VIRTQ_AVAIL) + (Queue->Size + 1) * sizeof(USHORT));
    NdisZeroMemory(Queue->Used, DeviceBytes(Queue));
    Queue->Ready = 0;
    Queue->Shown = 0;
    Queue->LastUsed = 0;
    Queue->EventIndex = Vn51Has(Adapter, VIRTIO_F_EVENT_IDX);
    Vn51QueueDisableInterrupt(Queue);
    NdisRawWritePortUshort(Ports + VIRTIO_PORT_QUEUE_SELECT, Queue->Index);
    NdisRawWritePortUlong(Ports + VIRTIO_PORT_QUEUE_PAGE, Queue->Page);
}
