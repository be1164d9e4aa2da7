/* Check for hang, reset, and what happens to the hardware under the driver. */
#include "adapter.h"

/* NDIS calls MiniportReset for TRUE. */
BOOLEAN
Vn51CheckForHang(NDIS_HANDLE MiniportAdapterContext)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;

    return ReadNoFence(&Adapter->NeedsReset) && !ReadNoFence(&Adapter->IsGone);
}

BOOLEAN
Vn51Restart(VN51_ADAPTER *Adapter, BOOLEAN Start, NDIS_STATUS AbortStatus)
{
    BOOLEAN Started;

    Vn51Lock(Adapter);
    Vn51DeviceStop(Adapter);
    Vn51Unlock(Adapter);
    Vn51SendAbort(Adapter, AbortStatus);
    if (!Start) {
        return TRUE;
    }
    Vn51Lock(Adapter);
    Started = Vn51DeviceStart(Adapter);
    Vn51Unlock(Adapter);
    return Started;
}

/* The packet filter and the addresses are the driver's own and stay. */
NDIS_STATUS
Vn51Reset(PBOOLEAN AddressingReset, NDIS_HANDLE MiniportAdapterContext)
{
    *AddressingReset = FALSE;
    return Vn51Restart(MiniportAdapterContext, TRUE, NDIS_STATUS_REQUEST_ABORTED)
               ? NDIS_STATUS_SUCCESS
               : NDIS_STATUS_HARD_ERRORS;
}

VOID
Vn51PnPEventNotify(NDIS_HANDLE MiniportAdapterContext, NDIS_DEVICE_PNP_EVENT PnPEvent,
                   PVOID InformationBuffer, ULONG InformationBufferLength)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(InformationBuffer);
    UNREFERENCED_PARAMETER(InformationBufferLength);
    if (PnPEvent == NdisDevicePnPEventSurpriseRemoved) {
        WriteNoFence(&Adapter->IsGone, TRUE);
        Vn51Restart(Adapter, FALSE, NDIS_STATUS_FAILURE);
    }
}
