/* The control queue: one command at a time, at PASSIVE_LEVEL (virtio 1.2, 5.1.6.5). */
#include "adapter.h"

enum {
    DATA_BYTES = 4096,
    DATA_OFFSET = 16, /* Behind class and command. */
    ACK_OFFSET = DATA_OFFSET + DATA_BYTES,
    MEMORY_BYTES = ACK_OFFSET + 16,
    RING_ENTRIES = 64,
    CHAIN_LENGTH = 3,
    ANSWER_TRIES = 1000,
    ANSWER_POLL_US = 1000,
};

NDIS_STATUS
VnetControlAllocate(VNET_ADAPTER *Adapter, USHORT Index)
{
    VNET_CONTROL *Control = &Adapter->Control;
    NDIS_STATUS Status = VnetQueueAllocate(Adapter, &Control->Ring, Index, RING_ENTRIES);

    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    if (Control->Ring.Size < CHAIN_LENGTH ||
        !VnetAllocateShared(Adapter, &Control->Memory, MEMORY_BYTES)) {
        return NDIS_STATUS_RESOURCES;
    }
    NDIS_INIT_MUTEX(&Control->Mutex);
    Control->IsStopped = TRUE;
    Adapter->HasControl = TRUE;
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetControlFree(VNET_ADAPTER *Adapter)
{
    VnetFreeShared(Adapter, &Adapter->Control.Memory);
    VnetQueueFree(Adapter, &Adapter->Control.Ring);
    Adapter->HasControl = FALSE;
}

static VOID
Describe(VNET_CONTROL *Control, ULONG Entry, ULONG Offset, ULONG Bytes, USHORT Flags)
{
    VIRTQ_DESC *Desc = &Control->Ring.Desc[Entry];

    Desc->Address = (ULONG64)Control->Memory.DeviceAddress.QuadPart + Offset;
    Desc->Length = Bytes;
    Desc->Flags = Flags;
    Desc->Next = (USHORT)(Entry + 1);
}

static BOOLEAN
WaitForAnswer(VNET_ADAPTER *Adapter)
{
    for (ULONG i = 0; i < ANSWER_TRIES; i++) {
        if (VnetQueueUsedCount(&Adapter->Control.Ring) != 0) {
            VnetQueueTakeUsed(&Adapter->Control.Ring);
            return TRUE;
        }
        if (VnetIsGone(Adapter) || Adapter->Control.IsStopped) {
            return FALSE;
        }
        NdisMSleep(ANSWER_POLL_US);
    }
    VnetDeviceFailed(Adapter);
    return FALSE;
}

static BOOLEAN
Command(VNET_ADAPTER *Adapter, UCHAR Class, UCHAR CommandCode, const VOID *Data, ULONG Bytes)
{
    VNET_CONTROL *Control = &Adapter->Control;
    UCHAR *Memory = Control->Memory.Address;
    ULONG Entry = 0;

    Memory[0] = Class;
    Memory[1] = CommandCode;
    Memory[ACK_OFFSET] = VIRTIO_NET_ERR;
    Describe(Control, Entry++, 0, 2, VIRTQ_DESC_F_NEXT);
    if (Bytes != 0) {
        NdisMoveMemory(Memory + DATA_OFFSET, Data, Bytes);
        Describe(Control, Entry++, DATA_OFFSET, Bytes, VIRTQ_DESC_F_NEXT);
    }
    Describe(Control, Entry, ACK_OFFSET, 1, VIRTQ_DESC_F_WRITE);
    VnetQueuePut(&Control->Ring, 0);
    VnetQueueShow(&Control->Ring);
    VnetQueueNotify(&Control->Ring);
    return WaitForAnswer(Adapter) && Memory[ACK_OFFSET] == VIRTIO_NET_OK;
}

BOOLEAN
VnetControl(VNET_ADAPTER *Adapter, UCHAR Class, UCHAR CommandCode, const VOID *Data, ULONG Bytes)
{
    BOOLEAN Done = FALSE;

    if (!Adapter->HasControl || Bytes > DATA_BYTES) {
        return FALSE;
    }
    NDIS_WAIT_FOR_MUTEX(&Adapter->Control.Mutex);
    if (!Adapter->Control.IsStopped && !VnetIsGone(Adapter)) {
        Done = Command(Adapter, Class, CommandCode, Data, Bytes);
    }
    NDIS_RELEASE_MUTEX(&Adapter->Control.Mutex);
    return Done;
}

static BOOLEAN
RestoreAddress(VNET_ADAPTER *Adapter)
{
    return !VnetHas(Adapter, VIRTIO_NET_F_CTRL_MAC_ADDR) ||
           VnetControl(Adapter, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
                       Adapter->CurrentAddress, VNET_ADDRESS_BYTES);
}

BOOLEAN
VnetControlRestore(VNET_ADAPTER *Adapter)
{
    return VnetApplyRss(Adapter) && RestoreAddress(Adapter) && VnetApplyFilter(Adapter) &&
           VnetApplyGuestOffloads(Adapter);
}
