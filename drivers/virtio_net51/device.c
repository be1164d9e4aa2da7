/* The device's registers: identity, status, starting and stopping (3.1.2), link. */
#include "adapter.h"

#define BIT(Feature) (1u << (Feature))

static const ULONG Wanted = BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) |
                            BIT(VIRTIO_F_ANY_LAYOUT) | BIT(VIRTIO_F_EVENT_IDX);

BOOLEAN
Vn51Has(const VN51_ADAPTER *Adapter, ULONG Feature)
{
    return (Adapter->Features & BIT(Feature)) != 0;
}

static VOID
WriteStatus(VN51_ADAPTER *Adapter, UCHAR Status)
{
    NdisRawWritePortUchar((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_STATUS, Status);
}

UCHAR
Vn51ReadStatus(VN51_ADAPTER *Adapter)
{
    UCHAR Status;

    NdisRawReadPortUchar((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_STATUS, &Status);
    return Status;
}

VOID
Vn51Lock(VN51_ADAPTER *Adapter)
{
    NdisAcquireSpinLock(&Adapter->SendLock);
    NdisDprAcquireSpinLock(&Adapter->ReceiveLock);
}

VOID
Vn51Unlock(VN51_ADAPTER *Adapter)
{
    NdisDprReleaseSpinLock(&Adapter->ReceiveLock);
    NdisReleaseSpinLock(&Adapter->SendLock);
}

NDIS_STATUS
Vn51DeviceIdentify(VN51_ADAPTER *Adapter)
{
    ULONG_PTR Ports = (ULONG_PTR)Adapter->Ports;
    ULONG Offered;

    WriteStatus(Adapter, 0);
    WriteStatus(Adapter, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    NdisRawReadPortUlong(Ports + VIRTIO_PORT_DEVICE_FEATURES, &Offered);
    Adapter->Features = Offered & Wanted;
    if (!Vn51Has(Adapter, VIRTIO_F_ANY_LAYOUT) || !Vn51Has(Adapter, VIRTIO_NET_F_MAC)) {
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    }
    NdisRawWritePortUlong(Ports + VIRTIO_PORT_DRIVER_FEATURES, Adapter->Features);
    for (ULONG i = 0; i < VN51_MAC_BYTES; i++) {
        NdisRawReadPortUchar(Ports + VIRTIO_PORT_MAC + i, &Adapter->PermanentAddress[i]);
    }
    NdisMoveMemory(Adapter->CurrentAddress, Adapter->PermanentAddress, VN51_MAC_BYTES);
    return NDIS_STATUS_SUCCESS;
}

static VOID
WriteAddress(VN51_ADAPTER *Adapter)
{
    for (ULONG i = 0; i < VN51_MAC_BYTES; i++) {
        NdisRawWritePortUchar((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_MAC + i,
                              Adapter->CurrentAddress[i]);
    }
}

BOOLEAN
Vn51DeviceStart(VN51_ADAPTER *Adapter)
{
    const UCHAR Status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

    if (ReadNoFence(&Adapter->IsGone) || ReadNoFence(&Adapter->IsStopped)) {
        return FALSE;
    }
    WriteStatus(Adapter, 0);
    WriteStatus(Adapter, Status);
    NdisRawWritePortUlong((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_DRIVER_FEATURES,
                          Adapter->Features);
    Vn51QueueStart(Adapter, &Adapter->ReceiveQueue);
    Vn51QueueStart(Adapter, &Adapter->SendQueue);
    Vn51SendStart(Adapter);
    Vn51ReceiveStart(Adapter);
    WriteAddress(Adapter);
    WriteStatus(Adapter, Status | VIRTIO_STATUS_DRIVER_OK);
    if (Vn51ReadStatus(Adapter) != (Status | VIRTIO_STATUS_DRIVER_OK)) {
        return FALSE;
    }
    WriteNoFence(&Adapter->NeedsReset, FALSE);
    WriteRelease(&Adapter->IsRunning, TRUE);
    Vn51Notify(Adapter, &Adapter->ReceiveQueue);
    return TRUE;
}

VOID
Vn51DeviceStop(VN51_ADAPTER *Adapter)
{
    WriteRelease(&Adapter->IsRunning, FALSE);
    if (!ReadNoFence(&Adapter->IsGone) && !ReadNoFence(&Adapter->IsStopped)) {
        WriteStatus(Adapter, 0);
    }
}

/* At any level, even HIGH_LEVEL: no locks. */
VOID
Vn51DeviceLeaveAlone(VN51_ADAPTER *Adapter)
{
    Vn51DeviceStop(Adapter);
    WriteRelease(&Adapter->IsStopped, TRUE);
}

VOID
Vn51CheckLink(VN51_ADAPTER *Adapter, BOOLEAN MayIndicate)
{
    USHORT Link = VIRTIO_NET_S_LINK_UP;
    LONG Connected;

    if (Vn51Has(Adapter, VIRTIO_NET_F_STATUS)) {
        NdisRawReadPortUshort((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_LINK, &Link);
    }
    Connected = (Link & VIRTIO_NET_S_LINK_UP) != 0;
    if (InterlockedExchange(&Adapter->Connected, Connected) != Connected && MayIndicate) {
        NdisMIndicateStatus(Adapter->Handle,
                            Connected ? NDIS_STATUS_MEDIA_CONNECT : NDIS_STATUS_MEDIA_DISCONNECT,
                            NULL, 0);
        NdisMIndicateStatusComplete(Adapter->Handle);
    }
}
