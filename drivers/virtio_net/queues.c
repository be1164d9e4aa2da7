/* All queues of an adapter together: how many there are, and when the device has them. */
#include "adapter.h"

/* One pair for each processor that can take part in RSS, at most. */
static ULONG
DecidePairCount(const VNET_ADAPTER *Adapter)
{
    ULONG Count = min(Adapter->DevicePairs, VNET_PAIR_LIMIT);

    if (Adapter->Config.Rss == 0) {
        return 1;
    }
    Count = min(Count, Adapter->Config.RssQueues);
    Count = min(Count, NdisSystemActiveProcessorCount(NULL));
    /* The first message is for changes of the configuration. */
    if (Adapter->HasMessages && Adapter->MessageCount > 1) {
        Count = min(Count, Adapter->MessageCount - 1);
    } else {
        Count = 1;
    }
    return max(Count, 1);
}

VOID
VnetDecidePairs(VNET_ADAPTER *Adapter)
{
    Adapter->PairCount = DecidePairCount(Adapter);
}

static NDIS_STATUS
AllocatePair(VNET_ADAPTER *Adapter, ULONG Number)
{
    VNET_PAIR *Pair = &Adapter->Pairs[Number];
    NDIS_STATUS Status;

    Pair->Message = Adapter->HasMessages && Adapter->MessageCount > 1 ? 1 + Number : 0;
    Status = VnetReceiveAllocate(Adapter, &Pair->Receive, (USHORT)(2 * Number));
    return Status != NDIS_STATUS_SUCCESS
               ? Status
               : VnetSendAllocate(Adapter, &Pair->Send, (USHORT)(2 * Number + 1));
}

NDIS_STATUS
VnetAllocateQueues(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;
    VNET_PAIR *Pairs = VnetAllocate(Adapter, Adapter->PairCount * sizeof(VNET_PAIR));

    if (Pairs == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        NdisAllocateSpinLock(&Pairs[i].Receive.Lock);
        NdisAllocateSpinLock(&Pairs[i].Send.Lock);
        Pairs[i].Receive.Adapter = Adapter;
        Pairs[i].Send.Adapter = Adapter;
        Pairs[i].Receive.IsStopped = TRUE;
        Pairs[i].Send.IsStopped = TRUE;
        Pairs[i].Send.Gate = NDIS_STATUS_PAUSED;
    }
    WritePointerRelease((PVOID volatile *)&Adapter->Pairs, Pairs);
    for (ULONG i = 0; i < Adapter->PairCount && Status == NDIS_STATUS_SUCCESS; i++) {
        Status = AllocatePair(Adapter, i);
    }
    if (Status == NDIS_STATUS_SUCCESS && VnetHas(Adapter, VIRTIO_NET_F_CTRL_VQ)) {
        Status = VnetControlAllocate(Adapter, (USHORT)(2 * Adapter->DevicePairs));
    }
    return Status;
}

VOID
VnetFreeQueues(VNET_ADAPTER *Adapter)
{
    if (Adapter->Pairs == NULL) {
        return;
    }
    VnetControlFree(Adapter);
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        VnetSendFree(Adapter, &Adapter->Pairs[i].Send);
        VnetReceiveFree(Adapter, &Adapter->Pairs[i].Receive);
        NdisFreeSpinLock(&Adapter->Pairs[i].Send.Lock);
        NdisFreeSpinLock(&Adapter->Pairs[i].Receive.Lock);
    }
    VnetFree(Adapter->Pairs);
    Adapter->Pairs = NULL;
}

/* --- giving them to the device --- */

static NDIS_STATUS
EnableQueues(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    for (ULONG i = 0; i < Adapter->PairCount && Status == NDIS_STATUS_SUCCESS; i++) {
        VNET_PAIR *Pair = &Adapter->Pairs[i];

        Status = VnetQueueEnable(Adapter, &Pair->Receive.Ring, (USHORT)Pair->Message);
        if (Status == NDIS_STATUS_SUCCESS) {
            Status = VnetQueueEnable(Adapter, &Pair->Send.Ring, (USHORT)Pair->Message);
        }
    }
    if (Status == NDIS_STATUS_SUCCESS && Adapter->HasControl) {
        /* Whoever asks waits for the answer: no interrupt. */
        Status = VnetQueueEnable(Adapter, &Adapter->Control.Ring, VIRTIO_MSI_NO_VECTOR);
    }
    if (Adapter->HasMessages) {
        WRITE_REGISTER_USHORT(&Adapter->Common->ConfigMsixVector, 0);
    }
    return Status;
}

static VOID
StartReceive(VNET_RECEIVE_QUEUE *Queue)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->IsStopped = FALSE;
    VnetReceiveFill(Queue);
    VnetQueueEnableInterrupt(&Queue->Ring, 1);
    NdisReleaseSpinLock(&Queue->Lock);
    VnetQueueNotify(&Queue->Ring);
}

static VOID
StartSend(VNET_SEND_QUEUE *Queue)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->IsStopped = FALSE;
    NdisReleaseSpinLock(&Queue->Lock);
}

NDIS_STATUS
VnetStartDevice(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = EnableQueues(Adapter);

    if (Status != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_HARDWARE_FAILURE, 0);
        return Status;
    }
    InterlockedExchange(&Adapter->NeedsReset, FALSE);
    VnetAddStatus(Adapter, VIRTIO_STATUS_DRIVER_OK);
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        StartSend(&Adapter->Pairs[i].Send);
        StartReceive(&Adapter->Pairs[i].Receive);
    }
    Adapter->Control.IsStopped = FALSE;
    return VnetControlRestore(Adapter) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

static VOID
StopReceive(VNET_RECEIVE_QUEUE *Queue)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->IsStopped = TRUE;
    NdisReleaseSpinLock(&Queue->Lock);
}

static VOID
StopSend(VNET_SEND_QUEUE *Queue, NDIS_STATUS Gate)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->IsStopped = TRUE;
    InterlockedExchange(&Queue->Gate, Gate);
    NdisReleaseSpinLock(&Queue->Lock);
}

VOID
VnetStopQueues(VNET_ADAPTER *Adapter, NDIS_STATUS Gate)
{
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        StopReceive(&Adapter->Pairs[i].Receive);
        StopSend(&Adapter->Pairs[i].Send, Gate);
    }
    Adapter->Control.IsStopped = TRUE;
}

VOID
VnetAbortSends(VNET_ADAPTER *Adapter, NDIS_STATUS Status)
{
    KIRQL Irql;

    NDIS_RAISE_IRQL_TO_DISPATCH(&Irql);
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        VnetSendAbort(&Adapter->Pairs[i].Send, Status);
    }
    NDIS_LOWER_IRQL(Irql, DISPATCH_LEVEL);
}

VOID
VnetSetGate(VNET_ADAPTER *Adapter, NDIS_STATUS Gate)
{
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        InterlockedExchange(&Adapter->Pairs[i].Send.Gate, Gate);
    }
}
