/*
 * Interrupts and their DPC. With MSI-X message 0 is for changes of the configuration and each pair
 * of queues has one of its own; with one message or a line everything shares it.
 */
#include "adapter.h"

static MINIPORT_ISR LineInterrupt;
static MINIPORT_INTERRUPT_DPC LineDpc;
static MINIPORT_MESSAGE_INTERRUPT MessageInterrupt;
static MINIPORT_MESSAGE_INTERRUPT_DPC MessageDpc;

/* --- service routines: they only note who asked --- */

/* Interrupts may come before there are any queues. */
static VOID
WantPolls(VNET_ADAPTER *Adapter, ULONG Message)
{
    VNET_PAIR *Pairs = ReadPointerAcquire((PVOID volatile *)&Adapter->Pairs);

    for (ULONG i = 0; Pairs != NULL && i < Adapter->PairCount; i++) {
        if (Pairs[i].Message == Message) {
            WriteRelease(&Pairs[i].PollWanted, TRUE);
        }
    }
}

static BOOLEAN
MessageInterrupt(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                 PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    VNET_ADAPTER *Adapter = MiniportInterruptContext;

    if (MessageId == 0) {
        WriteRelease(&Adapter->ConfigChanged, TRUE);
    }
    WantPolls(Adapter, MessageId);
    *QueueDefaultInterruptDpc = TRUE;
    *TargetProcessors = 0;
    return TRUE;
}

static BOOLEAN
LineInterrupt(NDIS_HANDLE MiniportInterruptContext, PBOOLEAN QueueDefaultInterruptDpc,
              PULONG TargetProcessors)
{
    VNET_ADAPTER *Adapter = MiniportInterruptContext;
    UCHAR Isr = VnetIsGone(Adapter) ? 0 : READ_REGISTER_UCHAR(Adapter->Isr);

    *TargetProcessors = 0;
    *QueueDefaultInterruptDpc = Isr != 0 && Isr != VIRTIO_STATUS_GONE;
    if (!*QueueDefaultInterruptDpc) {
        return FALSE;
    }
    if ((Isr & VIRTIO_ISR_CONFIG) != 0) {
        WriteRelease(&Adapter->ConfigChanged, TRUE);
    }
    if ((Isr & VIRTIO_ISR_QUEUE) != 0) {
        WantPolls(Adapter, 0);
    }
    return TRUE;
}

/* --- the DPC --- */

static VOID
ConfigurationChanged(VNET_ADAPTER *Adapter)
{
    UCHAR Status = VnetReadStatus(Adapter);

    if (Status == VIRTIO_STATUS_GONE) {
        InterlockedExchange(&Adapter->IsGone, TRUE);
    } else if ((Status & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        VnetDeviceFailed(Adapter);
    } else if ((Status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        VnetCheckLink(Adapter, TRUE);
    }
}

/* TRUE: there is more to do. */
static BOOLEAN
PollPair(VNET_PAIR *Pair, ULONG Budget)
{
    BOOLEAN More;

    if (InterlockedExchange(&Pair->PollWanted, FALSE) == FALSE) {
        return FALSE;
    }
    VnetSendPoll(&Pair->Send);
    More = VnetReceivePoll(&Pair->Receive, Budget);
    if (More) {
        WriteRelease(&Pair->PollWanted, TRUE);
    }
    return More;
}

static VOID
Dpc(VNET_ADAPTER *Adapter, ULONG Message, NDIS_RECEIVE_THROTTLE_PARAMETERS *Throttle)
{
    ULONG Limit = Throttle->MaxNblsToIndicate;
    ULONG Budget = min(Limit, (ULONG)VNET_RECEIVE_BUDGET);
    VNET_PAIR *Pairs = ReadPointerAcquire((PVOID volatile *)&Adapter->Pairs);
    BOOLEAN More = FALSE;

    Throttle->MoreNblsPending = FALSE;
    if (ReadNoFence(&Adapter->ConfigChanged) &&
        InterlockedExchange(&Adapter->ConfigChanged, FALSE)) {
        ConfigurationChanged(Adapter);
    }
    for (ULONG i = 0; Pairs != NULL && i < Adapter->PairCount; i++) {
        if (Pairs[i].Message == Message) {
            More |= PollPair(&Pairs[i], Budget);
        }
    }
    VnetRssIndicateBacklog(Adapter);
    if (!More) {
        return;
    }
    /* NDIS calls again only where the limit was its own. */
    if (Limit != (ULONG)NDIS_INDICATE_ALL_NBLS) {
        Throttle->MoreNblsPending = TRUE;
    } else {
        VnetQueueDpc(Adapter, Message, NdisCurrentProcessorIndex());
    }
}

static VOID
MessageDpc(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId, PVOID MiniportDpcContext,
           PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(NdisReserved2);
    Dpc(MiniportInterruptContext, MessageId, ReceiveThrottleParameters);
}

static VOID
LineDpc(NDIS_HANDLE MiniportInterruptContext, PVOID MiniportDpcContext,
        PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(NdisReserved2);
    Dpc(MiniportInterruptContext, 0, ReceiveThrottleParameters);
}

/* --- asking for the DPC --- */

VOID
VnetQueueDpc(VNET_ADAPTER *Adapter, ULONG Message, ULONG Processor)
{
    PROCESSOR_NUMBER Number;
    GROUP_AFFINITY Target;

    NdisZeroMemory(&Target, sizeof(Target));
    if (NT_SUCCESS(NdisProcessorIndexToNumber(Processor, &Number))) {
        Target.Group = Number.Group;
        Target.Mask = (KAFFINITY)1 << Number.Number;
        NdisMQueueDpcEx(Adapter->Interrupt, Message, &Target, NULL);
    }
}

ULONG
VnetProcessorOf(const VNET_ADAPTER *Adapter, ULONG Message)
{
    KAFFINITY Set =
        Adapter->HasMessages ? Adapter->MessageInfo->MessageInfo[Message].TargetProcessorSet : 1;
    ULONG Processor = 0;

    while (Processor + 1 < VNET_PROCESSOR_LIMIT && (Set >> Processor & 1) == 0) {
        Processor++;
    }
    return Set == 0 ? 0 : Processor;
}

/* Where the pair's interrupts come: its DPCs do not run side by side. */
VOID
VnetPollLater(VNET_ADAPTER *Adapter, VNET_PAIR *Pair)
{
    WriteRelease(&Pair->PollWanted, TRUE);
    VnetQueueDpc(Adapter, Pair->Message, VnetProcessorOf(Adapter, Pair->Message));
}

/* --- registration --- */

NDIS_STATUS
VnetRegisterInterrupt(VNET_ADAPTER *Adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = LineInterrupt,
        .InterruptDpcHandler = LineDpc,
        .MsiSupported = TRUE,
        .MessageInterruptHandler = MessageInterrupt,
        .MessageInterruptDpcHandler = MessageDpc,
    };
    NDIS_STATUS Status =
        NdisMRegisterInterruptEx(Adapter->Handle, Adapter, &Characteristics, &Adapter->Interrupt);

    if (Status != NDIS_STATUS_SUCCESS) {
        Adapter->Interrupt = NULL;
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_INTERRUPT_CONNECT, 0);
        return Status;
    }
    Adapter->HasMessages = Characteristics.InterruptType == NDIS_CONNECT_MESSAGE_BASED;
    if (Adapter->HasMessages) {
        Adapter->MessageInfo = Characteristics.MessageInfoTable;
        Adapter->MessageCount = Adapter->MessageInfo->MessageCount;
    }
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetDeregisterInterrupt(VNET_ADAPTER *Adapter)
{
    if (Adapter->Interrupt != NULL) {
        NdisMDeregisterInterruptEx(Adapter->Interrupt);
        Adapter->Interrupt = NULL;
    }
}
