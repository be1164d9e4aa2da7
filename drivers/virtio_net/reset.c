/* Check-for-hang, and the reset that follows ("Miniport Adapter Check-for-Hang and Reset
 * Operations"). */
#include "adapter.h"

enum { ABANDONED_POLL_US = 1000 };

BOOLEAN
VnetCheckForHang(NDIS_HANDLE MiniportAdapterContext)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;
    BOOLEAN Hangs = ReadNoFence(&Adapter->NeedsReset) != 0;
    UCHAR Status;

    if (VnetIsGone(Adapter) || Adapter->IsPoweredDown) {
        return FALSE;
    }
    Status = VnetReadStatus(Adapter);
    if (Status == VIRTIO_STATUS_GONE) {
        InterlockedExchange(&Adapter->IsGone, TRUE);
        return FALSE;
    }
    Hangs |= (Status & VIRTIO_STATUS_NEEDS_RESET) != 0;
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        Hangs |= VnetSendIsStalled(&Adapter->Pairs[i].Send);
    }
    return Hangs;
}

/* The device is waited for, and asked through its control queue: not at the caller's IRQL. */
NDIS_STATUS
VnetReset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;

    *AddressingReset = FALSE;
    VnetStopQueues(Adapter, NDIS_STATUS_RESET_IN_PROGRESS);
    VnetWorkLater(Adapter, VNET_WORK_RESET);
    return NDIS_STATUS_PENDING;
}

/* Sends whose scatter/gather list has still not come. */
static VOID
WaitForAbandoned(VNET_ADAPTER *Adapter)
{
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        while (ReadAcquire(&Adapter->Pairs[i].Send.Outstanding) != 0) {
            NdisMSleep(ABANDONED_POLL_US);
        }
    }
}

static NDIS_STATUS
Restore(VNET_ADAPTER *Adapter)
{
    if (VnetIsGone(Adapter)) {
        return NDIS_STATUS_SUCCESS;
    }
    if (VnetNegotiateAgain(Adapter) != NDIS_STATUS_SUCCESS ||
        VnetStartDevice(Adapter) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_HARD_ERRORS;
    }
    VnetSetGate(Adapter, Adapter->IsPaused ? NDIS_STATUS_PAUSED : NDIS_STATUS_SUCCESS);
    VnetCheckLink(Adapter, TRUE);
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetResetWork(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_HARD_ERRORS;
    BOOLEAN IsReset = VnetResetDevice(Adapter);

    VnetAbortSends(Adapter, NDIS_STATUS_RESET_IN_PROGRESS);
    WaitForAbandoned(Adapter);
    if (IsReset) {
        Status = Restore(Adapter);
    }
    /* Filter, address and offloads are as they were: NDIS has nothing to set again. */
    NdisMResetComplete(Adapter->Handle, Status, FALSE);
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_HARDWARE_FAILURE, 0);
        NdisMRemoveMiniport(Adapter->Handle);
    }
}
