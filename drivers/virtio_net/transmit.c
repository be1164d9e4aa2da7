/*
 * MiniportSendNetBufferLists. A frame's way: its scatter/gather list is asked for, or it is so
 * short that it is copied; it waits in a queue, in order; it gets descriptors; the device uses
 * them; its list is freed; and with the last frame of a NET_BUFFER_LIST that is completed. The
 * second half is in transmit_queue.c.
 */
#include "adapter.h"

/* --- scatter/gather lists --- */

VOID
VnetProcessSgList(PDEVICE_OBJECT pDO, PVOID Reserved, PSCATTER_GATHER_LIST pSGL, PVOID Context)
{
    NET_BUFFER *NetBuffer = Context;
    VNET_SEND_BUFFER *Buffer = VnetSendBufferOf(NetBuffer);
    VNET_SEND_QUEUE *Queue = VnetSendListOf(Buffer->Nbl)->Queue;

    UNREFERENCED_PARAMETER(pDO);
    UNREFERENCED_PARAMETER(Reserved);
    Buffer->Sg = pSGL;
    switch (InterlockedExchange(&Buffer->State, VNET_SEND_READY)) {
    case VNET_SEND_WAITING:
        VnetSendPoll(Queue);
        break;
    case VNET_SEND_ABANDONED:
        Buffer->Next = NULL;
        VnetSendFinish(Queue, NetBuffer);
        break;
    default:
        break;
    }
}

static VOID
RequestList(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferList, NET_BUFFER *NetBuffer)
{
    VNET_SEND_BUFFER *Buffer = VnetSendBufferOf(NetBuffer);
    VNET_SG_STORAGE *Storage;

    if (VnetSendIsCopied(NetBuffer)) {
        Buffer->State = VNET_SEND_READY;
        return;
    }
    Storage = Buffer->Storage == 0 ? NULL : &Queue->Storages[Buffer->Storage - 1];

    if (!VnetSendIsLengthValid(Queue->Adapter, NetBufferList, NetBuffer) ||
        NdisMAllocateNetBufferSGList(
            Queue->Adapter->Dma, NetBuffer, NetBuffer, NDIS_SG_LIST_WRITE_TO_DEVICE, Storage,
            Storage == NULL ? 0 : sizeof(*Storage)) != NDIS_STATUS_SUCCESS) {
        Buffer->State = VNET_SEND_READY;
    }
}

static VOID
RequestLists(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists)
{
    for (; NetBufferLists != NULL; NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists)) {
        NET_BUFFER *NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferLists);

        for (; NetBuffer != NULL; NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
            RequestList(Queue, NetBufferLists, NetBuffer);
        }
    }
}

/* --- MiniportSendNetBufferLists --- */

/* With the lock held: what the driver keeps in the lists and their frames. Returns how many lists.
 */
static LONG
Prepare(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists)
{
    LONG Count = 0;

    for (; NetBufferLists != NULL; NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists)) {
        VNET_SEND_LIST *List = VnetSendListOf(NetBufferLists);
        NET_BUFFER *NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferLists);

        NET_BUFFER_LIST_STATUS(NetBufferLists) = NDIS_STATUS_SUCCESS;
        List->Queue = Queue;
        List->Unfinished = 0;
        for (; NetBuffer != NULL; NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
            VNET_SEND_BUFFER *Buffer = VnetSendBufferOf(NetBuffer);

            Buffer->Nbl = NetBufferLists;
            Buffer->Sg = NULL;
            Buffer->State = VNET_SEND_REQUESTED;
            Buffer->Storage = VnetSendIsCopied(NetBuffer) ? 0 : VnetSendTakeStorage(Queue);
            List->Unfinished++;
        }
        Count++;
    }
    return Count;
}

/* SUCCESS: the lists are the queue's. */
static NDIS_STATUS
Accept(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists)
{
    NDIS_STATUS Gate;

    NdisDprAcquireSpinLock(&Queue->Lock);
    Gate = ReadNoFence(&Queue->Gate);
    if (Gate == NDIS_STATUS_SUCCESS) {
        InterlockedAdd(&Queue->Outstanding, Prepare(Queue, NetBufferLists));
    }
    NdisDprReleaseSpinLock(&Queue->Lock);
    return Gate;
}

static VOID
Refuse(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists, NDIS_STATUS Status)
{
    for (NET_BUFFER_LIST *At = NetBufferLists; At != NULL; At = NET_BUFFER_LIST_NEXT_NBL(At)) {
        NET_BUFFER_LIST_STATUS(At) = Status;
    }
    NdisMSendNetBufferListsComplete(Queue->Adapter->Handle, NetBufferLists,
                                    NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

static VOID
Send(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists)
{
    NDIS_STATUS Gate = Accept(Queue, NetBufferLists);
    BOOLEAN IsStopped;

    if (Gate != NDIS_STATUS_SUCCESS) {
        Refuse(Queue, NetBufferLists, Gate);
        return;
    }
    RequestLists(Queue, NetBufferLists);
    if (VnetSendBeginPump(Queue, NetBufferLists, &IsStopped)) {
        VnetSendPump(Queue);
    } else if (IsStopped) {
        /* The adapter was stopped meanwhile; a restart may have opened the gate again since. */
        Gate = ReadAcquire(&Queue->Gate);
        VnetSendAbort(Queue, Gate == NDIS_STATUS_SUCCESS ? NDIS_STATUS_RESET_IN_PROGRESS : Gate);
    }
}

/* A flow stays on one queue: by its hash, or else by the processor. */
static VNET_SEND_QUEUE *
QueueFor(VNET_ADAPTER *Adapter, const NET_BUFFER_LIST *NetBufferList)
{
    ULONG Hash;

    if (Adapter->PairCount == 1) {
        return &Adapter->Pairs[0].Send;
    }
    Hash = NET_BUFFER_LIST_GET_HASH_VALUE(NetBufferList);
    return &Adapter->Pairs[(Hash != 0 ? Hash : NdisCurrentProcessorIndex()) % Adapter->PairCount]
                .Send;
}

/* Cut off the lists at the head of @NetBufferLists that go to one queue. */
static NET_BUFFER_LIST *
TakeRun(VNET_ADAPTER *Adapter, NET_BUFFER_LIST **NetBufferLists, const VNET_SEND_QUEUE *Queue)
{
    NET_BUFFER_LIST *First = *NetBufferLists;
    NET_BUFFER_LIST *Last = First;

    if (Adapter->PairCount == 1) {
        *NetBufferLists = NULL;
        return First;
    }
    while (NET_BUFFER_LIST_NEXT_NBL(Last) != NULL &&
           QueueFor(Adapter, NET_BUFFER_LIST_NEXT_NBL(Last)) == Queue) {
        Last = NET_BUFFER_LIST_NEXT_NBL(Last);
    }
    *NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(Last);
    NET_BUFFER_LIST_NEXT_NBL(Last) = NULL;
    return First;
}

VOID
VnetSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;
    KIRQL Irql = DISPATCH_LEVEL;

    UNREFERENCED_PARAMETER(PortNumber);
    if (!NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags)) {
        NDIS_RAISE_IRQL_TO_DISPATCH(&Irql);
    }
    while (NetBufferList != NULL) {
        VNET_SEND_QUEUE *Queue = QueueFor(Adapter, NetBufferList);

        Send(Queue, TakeRun(Adapter, &NetBufferList, Queue));
    }
    if (!NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags)) {
        NDIS_LOWER_IRQL(Irql, DISPATCH_LEVEL);
    }
}

VOID
VnetCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;
    KIRQL Irql;

    NDIS_RAISE_IRQL_TO_DISPATCH(&Irql);
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        VnetSendCancel(&Adapter->Pairs[i].Send, CancelId);
    }
    NDIS_LOWER_IRQL(Irql, DISPATCH_LEVEL);
}
