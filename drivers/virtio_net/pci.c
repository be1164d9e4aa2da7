/* Where the device's registers are: virtio's capabilities in PCI configuration space. */
#include "adapter.h"

enum { CONFIG_SPACE_BYTES = 256, CAPABILITY_LIMIT = 48 };

/* What a capability says: a range of a BAR. */
typedef struct _VNET_REGION {
    BOOLEAN IsFound;
    UCHAR Bar;
    ULONG Offset;
    ULONG Bytes;
} VNET_REGION;

typedef struct _VNET_REGIONS {
    VNET_REGION ByType[VIRTIO_PCI_CAP_DEVICE_CFG + 1];
    ULONG NotifyMultiplier;
} VNET_REGIONS;

static BOOLEAN
ReadConfigSpace(VNET_ADAPTER *Adapter, ULONG Offset, PVOID Buffer, ULONG Bytes)
{
    return Offset + Bytes <= CONFIG_SPACE_BYTES &&
           NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, Offset, Buffer, Bytes) == Bytes;
}

static VOID
NoteCapability(VNET_ADAPTER *Adapter, ULONG Offset, VNET_REGIONS *Regions)
{
    VIRTIO_PCI_NOTIFY_CAP Notify;
    VNET_REGION *Region;

    if (!ReadConfigSpace(Adapter, Offset, &Notify.Cap, sizeof(Notify.Cap)) ||
        Notify.Cap.Type < VIRTIO_PCI_CAP_COMMON_CFG ||
        Notify.Cap.Type > VIRTIO_PCI_CAP_DEVICE_CFG) {
        return;
    }
    /* The device lists the ones it prefers first (4.1.4.1). */
    Region = &Regions->ByType[Notify.Cap.Type];
    if (Region->IsFound || Notify.Cap.Bar >= PCI_TYPE0_ADDRESSES) {
        return;
    }
    if (Notify.Cap.Type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
        if (!ReadConfigSpace(Adapter, Offset, &Notify, sizeof(Notify))) {
            return;
        }
        Regions->NotifyMultiplier = Notify.OffsetMultiplier;
    }
    Region->IsFound = TRUE;
    Region->Bar = Notify.Cap.Bar;
    Region->Offset = Notify.Cap.Offset;
    Region->Bytes = Notify.Cap.Bytes;
}

static BOOLEAN
FindRegions(VNET_ADAPTER *Adapter, const PCI_COMMON_HEADER *Header, VNET_REGIONS *Regions)
{
    UCHAR At = Header->u.type0.CapabilitiesPtr;

    if ((Header->Status & PCI_STATUS_CAPABILITIES_LIST) == 0) {
        return FALSE;
    }
    for (ULONG i = 0; At != 0 && i < CAPABILITY_LIMIT; i++) {
        PCI_CAPABILITIES_HEADER Capability;

        if (!ReadConfigSpace(Adapter, At, &Capability, sizeof(Capability))) {
            return FALSE;
        }
        if (Capability.CapabilityID == PCI_CAPABILITY_ID_VENDOR_SPECIFIC) {
            NoteCapability(Adapter, At, Regions);
        }
        At = Capability.Next;
    }
    return Regions->ByType[VIRTIO_PCI_CAP_COMMON_CFG].IsFound &&
           Regions->ByType[VIRTIO_PCI_CAP_NOTIFY_CFG].IsFound &&
           Regions->ByType[VIRTIO_PCI_CAP_ISR_CFG].IsFound &&
           Regions->ByType[VIRTIO_PCI_CAP_DEVICE_CFG].IsFound;
}

/* --- from BARs to resources --- */

static ULONG64
BarAddress(const PCI_COMMON_HEADER *Header, UCHAR Bar)
{
    ULONG Low = Header->u.type0.BaseAddresses[Bar];
    ULONG64 Address = Low & PCI_ADDRESS_MEMORY_ADDRESS_MASK;

    if ((Low & PCI_ADDRESS_MEMORY_TYPE_MASK) == PCI_TYPE_64BIT && Bar + 1 < PCI_TYPE0_ADDRESSES) {
        Address |= (ULONG64)Header->u.type0.BaseAddresses[Bar + 1] << 32;
    }
    return Address;
}

/* How many memory BARs are before @Bar. */
static ULONG
MemoryBarsBefore(const PCI_COMMON_HEADER *Header, UCHAR Bar)
{
    ULONG Count = 0;

    for (UCHAR i = 0; i < Bar; i++) {
        ULONG Low = Header->u.type0.BaseAddresses[i];

        if (Low == 0 || (Low & PCI_ADDRESS_IO_SPACE) != 0) {
            continue;
        }
        Count++;
        i += (Low & PCI_ADDRESS_MEMORY_TYPE_MASK) == PCI_TYPE_64BIT;
    }
    return Count;
}

/* The resource that is the BAR: by address, or by its place where the bus translates addresses. */
static const CM_PARTIAL_RESOURCE_DESCRIPTOR *
FindResource(PNDIS_RESOURCE_LIST Resources, const PCI_COMMON_HEADER *Header, UCHAR Bar)
{
    const CM_PARTIAL_RESOURCE_DESCRIPTOR *ByPlace = NULL;
    ULONG64 Address = BarAddress(Header, Bar);
    ULONG Place = MemoryBarsBefore(Header, Bar);
    ULONG Seen = 0;

    for (ULONG i = 0; Resources != NULL && i < Resources->Count; i++) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR *Descriptor = &Resources->PartialDescriptors[i];

        if (Descriptor->Type != CmResourceTypeMemory) {
            continue;
        }
        if ((ULONG64)Descriptor->u.Memory.Start.QuadPart == Address) {
            return Descriptor;
        }
        if (Seen++ == Place) {
            ByPlace = Descriptor;
        }
    }
    return ByPlace;
}

/* All of virtio's regions in one BAR: what every device of version 1 does. */
static BOOLEAN
RegionsFit(const VNET_REGIONS *Regions, ULONG WindowBytes)
{
    static const ULONG Needed[] = {
        [VIRTIO_PCI_CAP_COMMON_CFG] = FIELD_OFFSET(VIRTIO_PCI_COMMON_CFG, QueueNotifyData),
        [VIRTIO_PCI_CAP_NOTIFY_CFG] = sizeof(USHORT),
        [VIRTIO_PCI_CAP_ISR_CFG] = sizeof(UCHAR),
        [VIRTIO_PCI_CAP_DEVICE_CFG] = FIELD_OFFSET(VIRTIO_NET_CONFIG, MaxQueuePairs),
    };

    for (ULONG Type = VIRTIO_PCI_CAP_COMMON_CFG; Type <= VIRTIO_PCI_CAP_DEVICE_CFG; Type++) {
        const VNET_REGION *Region = &Regions->ByType[Type];

        if (Region->Bar != Regions->ByType[VIRTIO_PCI_CAP_COMMON_CFG].Bar ||
            Region->Bytes < Needed[Type] || Region->Offset > WindowBytes ||
            Region->Bytes > WindowBytes - Region->Offset) {
            return FALSE;
        }
    }
    return TRUE;
}

NDIS_STATUS
VnetMapDevice(VNET_ADAPTER *Adapter, PNDIS_RESOURCE_LIST Resources)
{
    const CM_PARTIAL_RESOURCE_DESCRIPTOR *Memory;
    PCI_COMMON_HEADER Header;
    VNET_REGIONS Regions;
    NDIS_STATUS Status;

    NdisZeroMemory(&Regions, sizeof(Regions));
    if (!ReadConfigSpace(Adapter, 0, &Header, sizeof(Header)) ||
        Header.VendorID != VIRTIO_PCI_VENDOR || Header.DeviceID != VIRTIO_PCI_DEVICE_NET ||
        !FindRegions(Adapter, &Header, &Regions)) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_ADAPTER_NOT_FOUND, 0);
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    }
    Memory = FindResource(Resources, &Header, Regions.ByType[VIRTIO_PCI_CAP_COMMON_CFG].Bar);
    if (Memory == NULL || !RegionsFit(&Regions, Memory->u.Memory.Length)) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_RESOURCE_CONFLICT, 0);
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    Status = NdisMMapIoSpace((PVOID *)&Adapter->Window, Adapter->Handle, Memory->u.Memory.Start,
                             Memory->u.Memory.Length);
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    Adapter->WindowBytes = Memory->u.Memory.Length;
    Adapter->Common = (VIRTIO_PCI_COMMON_CFG *)(Adapter->Window +
                                                Regions.ByType[VIRTIO_PCI_CAP_COMMON_CFG].Offset);
    Adapter->Notify = Adapter->Window + Regions.ByType[VIRTIO_PCI_CAP_NOTIFY_CFG].Offset;
    Adapter->NotifyMultiplier = Regions.NotifyMultiplier;
    Adapter->Isr = Adapter->Window + Regions.ByType[VIRTIO_PCI_CAP_ISR_CFG].Offset;
    Adapter->Device =
        (VIRTIO_NET_CONFIG *)(Adapter->Window + Regions.ByType[VIRTIO_PCI_CAP_DEVICE_CFG].Offset);
    Adapter->DeviceBytes = Regions.ByType[VIRTIO_PCI_CAP_DEVICE_CFG].Bytes;
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetUnmapDevice(VNET_ADAPTER *Adapter)
{
    if (Adapter->Window != NULL) {
        NdisMUnmapIoSpace(Adapter->Handle, Adapter->Window, Adapter->WindowBytes);
        Adapter->Window = NULL;
    }
}
