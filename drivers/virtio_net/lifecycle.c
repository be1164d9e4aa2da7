/* Pause, restart, removal, power. */
#include "adapter.h"

/* --- pause: over when every frame is back, in both directions --- */

VOID
VnetReleasePause(VNET_ADAPTER *Adapter)
{
    if (InterlockedDecrement(&Adapter->PauseReferences) == 0) {
        NdisMPauseComplete(Adapter->Handle);
    }
}

static VOID
PauseReceive(VNET_ADAPTER *Adapter, VNET_RECEIVE_QUEUE *Queue)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->IsOpen = FALSE;
    Queue->OwesPause = Queue->Outstanding != 0 || Queue->IsPolling;
    if (Queue->OwesPause) {
        InterlockedIncrement(&Adapter->PauseReferences);
    }
    NdisReleaseSpinLock(&Queue->Lock);
}

/* What is queued goes out; what comes from now on is refused. */
static VOID
PauseSend(VNET_ADAPTER *Adapter, VNET_SEND_QUEUE *Queue)
{
    InterlockedIncrement(&Adapter->PauseReferences);
    NdisAcquireSpinLock(&Queue->Lock);
    if (ReadNoFence(&Queue->Gate) == NDIS_STATUS_SUCCESS) {
        InterlockedExchange(&Queue->Gate, NDIS_STATUS_PAUSED);
    }
    InterlockedExchange(&Queue->OwesPause, TRUE);
    NdisReleaseSpinLock(&Queue->Lock);
    if (ReadAcquire(&Queue->Outstanding) == 0 && InterlockedExchange(&Queue->OwesPause, FALSE)) {
        InterlockedDecrement(&Adapter->PauseReferences);
    }
}

NDIS_STATUS
VnetPause(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(PauseParameters);
    InterlockedExchange(&Adapter->IsPaused, TRUE);
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        PauseReceive(Adapter, &Adapter->Pairs[i].Receive);
        PauseSend(Adapter, &Adapter->Pairs[i].Send);
    }
    return InterlockedDecrement(&Adapter->PauseReferences) == 0 ? NDIS_STATUS_SUCCESS
                                                                : NDIS_STATUS_PENDING;
}

/* --- restart --- */

static VOID
OpenReceive(VNET_RECEIVE_QUEUE *Queue)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->IsOpen = TRUE;
    NdisReleaseSpinLock(&Queue->Lock);
}

NDIS_STATUS
VnetRestart(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;

    /* "If RestartAttributes is NULL, the driver does not change, add or propagate any." */
    if (RestartParameters->RestartAttributes != NULL) {
        VnetUpdateRestartAttributes(Adapter, RestartParameters->RestartAttributes);
    }
    InterlockedExchange(&Adapter->PauseReferences, 1);
    InterlockedExchange(&Adapter->IsPaused, FALSE);
    if (!VnetIsGone(Adapter)) {
        VnetSetGate(Adapter, NDIS_STATUS_SUCCESS);
    }
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        OpenReceive(&Adapter->Pairs[i].Receive);
        /* Frames that came while it was paused are still in the ring. */
        VnetPollLater(Adapter, &Adapter->Pairs[i]);
    }
    return NDIS_STATUS_SUCCESS;
}

/* --- removal --- */

VOID
VnetDevicePnPEvent(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;

    if (NetDevicePnPEvent->DevicePnPEvent != NdisDevicePnPEventSurpriseRemoved) {
        return;
    }
    InterlockedExchange(&Adapter->IsGone, TRUE);
    VnetStopQueues(Adapter, NDIS_STATUS_NOT_ACCEPTED);
    VnetAbortSends(Adapter, NDIS_STATUS_NOT_ACCEPTED);
}

/* --- power --- */

static VOID
PowerDown(VNET_ADAPTER *Adapter)
{
    VnetStopQueues(Adapter, NDIS_STATUS_LOW_POWER_STATE);
    Adapter->IsPoweredDown = TRUE;
    if (!VnetResetDevice(Adapter)) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_HARDWARE_FAILURE, 0);
    }
    VnetAbortSends(Adapter, NDIS_STATUS_LOW_POWER_STATE);
    VnetForgetLink(Adapter);
}

static VOID
PowerUp(VNET_ADAPTER *Adapter)
{
    if (!Adapter->IsPoweredDown || VnetIsGone(Adapter)) {
        return;
    }
    Adapter->IsPoweredDown = FALSE;
    if (!VnetResetDevice(Adapter) || VnetNegotiateAgain(Adapter) != NDIS_STATUS_SUCCESS ||
        VnetStartDevice(Adapter) != NDIS_STATUS_SUCCESS) {
        NdisMRemoveMiniport(Adapter->Handle);
        return;
    }
    VnetSetGate(Adapter, Adapter->IsPaused ? NDIS_STATUS_PAUSED : NDIS_STATUS_SUCCESS);
    VnetCheckLink(Adapter, TRUE);
}

/* "The miniport driver must not fail this request." */
NDIS_STATUS
VnetSetPower(VNET_ADAPTER *Adapter, NDIS_DEVICE_POWER_STATE State)
{
    if (State == NdisDeviceStateD0) {
        PowerUp(Adapter);
    } else if (!Adapter->IsPoweredDown) {
        PowerDown(Adapter);
    }
    return NDIS_STATUS_SUCCESS;
}
