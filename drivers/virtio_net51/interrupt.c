/* The line interrupt, its DPC, and the timer that looks after what no interrupt tells. */
#include "adapter.h"

VOID
Vn51Isr(PBOOLEAN InterruptRecognized, PBOOLEAN QueueMiniportHandleInterrupt,
        NDIS_HANDLE MiniportAdapterContext)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;
    UCHAR Reasons = 0;

    if (!ReadNoFence(&Adapter->IsGone) && !ReadNoFence(&Adapter->IsStopped)) {
        NdisRawReadPortUchar((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_ISR, &Reasons);
    }
    *InterruptRecognized = Reasons != 0 && Reasons != VIRTIO_STATUS_GONE;
    *QueueMiniportHandleInterrupt = *InterruptRecognized;
    if (*InterruptRecognized) {
        InterlockedOr(&Adapter->Reasons, Reasons);
    }
}

static VOID
LookAtStatus(VN51_ADAPTER *Adapter)
{
    UCHAR Status = Vn51ReadStatus(Adapter);

    if (Status == VIRTIO_STATUS_GONE) {
        WriteNoFence(&Adapter->IsGone, TRUE);
    } else if ((Status & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        WriteNoFence(&Adapter->NeedsReset, TRUE);
    } else if ((Status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        Vn51CheckLink(Adapter, TRUE);
    }
}

static BOOLEAN
MayTouch(VN51_ADAPTER *Adapter)
{
    return ReadAcquire(&Adapter->IsRunning) && !ReadNoFence(&Adapter->IsGone);
}

VOID
Vn51HandleInterrupt(NDIS_HANDLE MiniportAdapterContext)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;
    LONG Reasons = InterlockedExchange(&Adapter->Reasons, 0);

    if ((Reasons & VIRTIO_ISR_CONFIG) != 0 && MayTouch(Adapter)) {
        LookAtStatus(Adapter);
    }
    if ((Reasons & VIRTIO_ISR_QUEUE) != 0) {
        Vn51SendPump(Adapter);
        Vn51Receive(Adapter);
    }
}

/* Sets itself again as its last act, so that who cancels it successfully has seen the end of it. */
VOID
Vn51Timer(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
          PVOID SystemSpecific3)
{
    VN51_ADAPTER *Adapter = FunctionContext;

    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(SystemSpecific2);
    UNREFERENCED_PARAMETER(SystemSpecific3);
    if (MayTouch(Adapter)) {
        LookAtStatus(Adapter);
        Vn51SendPump(Adapter);
    }
    if (ReadAcquire(&Adapter->IsHalting)) {
        NdisSetEvent(&Adapter->TimerEnded);
    } else {
        NdisMSetTimer(&Adapter->Timer, VN51_TIMER_MILLISECONDS);
    }
}
