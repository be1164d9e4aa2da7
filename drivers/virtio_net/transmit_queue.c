/*
 * Send queues, from the lists that wait to those that are completed. One processor at a time pumps
 * a queue: it takes what the device has used, gives it what waits, notifies it once, completes.
 * Others append to the queue and go, so that completing a send may send again without end.
 */
#include "adapter.h"

/* --- done --- */

/* "The miniport driver sets the type; the rest is zero": NDIS_TCP_LARGE_SEND_OFFLOAD_... */
static VOID
FinishLso(NET_BUFFER_LIST *NetBufferList)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO Info = {.Value = NULL};

    if (NET_BUFFER_LIST_INFO(NetBufferList, TcpLargeSendNetBufferListInfo) != NULL) {
        Info.LsoV2TransmitComplete.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
        NET_BUFFER_LIST_INFO(NetBufferList, TcpLargeSendNetBufferListInfo) = Info.Value;
    }
}

static BOOLEAN
IsLastOfList(NET_BUFFER_LIST *NetBufferList)
{
    return NET_BUFFER_NEXT_NB(NET_BUFFER_LIST_FIRST_NB(NetBufferList)) == NULL ||
           InterlockedDecrement(&VnetSendListOf(NetBufferList)->Unfinished) == 0;
}

/* @Count lists are NDIS' again. */
static VOID
Release(VNET_SEND_QUEUE *Queue, LONG Count)
{
    if (InterlockedAdd(&Queue->Outstanding, -Count) == 0 && ReadNoFence(&Queue->OwesPause) &&
        InterlockedExchange(&Queue->OwesPause, FALSE)) {
        VnetReleasePause(Queue->Adapter);
    }
}

static VOID
Complete(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists, LONG Count)
{
    NdisMSendNetBufferListsComplete(Queue->Adapter->Handle, NetBufferLists,
                                    NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    Release(Queue, Count);
}

/* --- memory for scatter/gather lists --- */

/* Storages that are not in use, on their way back to the queue. */
typedef struct _VNET_STORAGES {
    ULONG First; /* From 1, as VNET_SEND_BUFFER.Storage. */
    ULONG Last;
} VNET_STORAGES;

ULONG
VnetSendTakeStorage(VNET_SEND_QUEUE *Queue)
{
    ULONG Storage = Queue->FreeStorage;

    if (Storage != 0) {
        Queue->FreeStorage = Queue->Storages[Storage - 1].Next;
    }
    return Storage;
}

FORCEINLINE VOID
AddStorage(VNET_SEND_QUEUE *Queue, VNET_STORAGES *Storages, ULONG Storage)
{
    if (Storage == 0) {
        return;
    }
    if (Storages->First == 0) {
        Storages->Last = Storage;
    }
    Queue->Storages[Storage - 1].Next = Storages->First;
    Storages->First = Storage;
}

/* With the lock held. */
static VOID
ReturnStorages(VNET_SEND_QUEUE *Queue, VNET_STORAGES *Storages)
{
    if (Storages->First != 0) {
        Queue->Storages[Storages->Last - 1].Next = Queue->FreeStorage;
        Queue->FreeStorage = Storages->First;
        Storages->First = 0;
    }
}

/*
 * The frames of @Done, linked through their VNET_SEND_BUFFERs, are done with. What they leave in
 * @Storages is the caller's to return. DISPATCH_LEVEL.
 */
static VOID
Finish(VNET_SEND_QUEUE *Queue, NET_BUFFER *Done, VNET_STORAGES *Storages)
{
    NET_BUFFER_LIST *First = NULL;
    NET_BUFFER_LIST **Link = &First;
    LONG Count = 0;

    while (Done != NULL) {
        VNET_SEND_BUFFER *Buffer = VnetSendBufferOf(Done);
        NET_BUFFER_LIST *NetBufferList = Buffer->Nbl;
        NET_BUFFER *Next = Buffer->Next;

        if (Buffer->Sg != NULL) {
            NdisMFreeNetBufferSGList(Queue->Adapter->Dma, Buffer->Sg, Done);
        }
        AddStorage(Queue, Storages, Buffer->Storage);
        if (IsLastOfList(NetBufferList)) {
            FinishLso(NetBufferList);
            *Link = NetBufferList;
            Link = &NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
            Count++;
        }
        Done = Next;
    }
    *Link = NULL;
    if (Count != 0) {
        Complete(Queue, First, Count);
    }
}

VOID
VnetSendFinish(VNET_SEND_QUEUE *Queue, NET_BUFFER *Done)
{
    VNET_STORAGES Storages = {0, 0};

    /* The queue outlives its last frame only as long as this holds: see WaitForAbandoned. */
    InterlockedIncrement(&Queue->Outstanding);
    Finish(Queue, Done, &Storages);
    NdisDprAcquireSpinLock(&Queue->Lock);
    ReturnStorages(Queue, &Storages);
    NdisDprReleaseSpinLock(&Queue->Lock);
    Release(Queue, 1);
}

/* --- with the lock held --- */

typedef struct _VNET_DONE {
    NET_BUFFER *First;
    NET_BUFFER *Last;
} VNET_DONE;

FORCEINLINE VOID
AddDone(VNET_DONE *Done, NET_BUFFER *NetBuffer)
{
    VnetSendBufferOf(NetBuffer)->Next = NULL;
    if (Done->First == NULL) {
        Done->First = NetBuffer;
    } else {
        VnetSendBufferOf(Done->Last)->Next = NetBuffer;
    }
    Done->Last = NetBuffer;
}

static NET_BUFFER *
TakeSlot(VNET_SEND_QUEUE *Queue, ULONG Slot)
{
    NET_BUFFER *NetBuffer = Queue->Slots[Slot].NetBuffer;

    Queue->Slots[Slot].NetBuffer = NULL;
    if (Queue->Slots[Slot].Bounce != 0) {
        Queue->BouncesInUse &= ~(1u << (Queue->Slots[Slot].Bounce - 1));
        Queue->Slots[Slot].Bounce = 0;
    }
    return NetBuffer;
}

/* Take what the device has used. FALSE: it used what it does not have. */
static BOOLEAN
Reap(VNET_SEND_QUEUE *Queue, VNET_DONE *Done)
{
    for (USHORT Count = VnetQueueUsedCount(&Queue->Ring); Count > 0; Count--) {
        ULONG Slot = VnetQueueTakeUsed(&Queue->Ring).Id;

        if (Slot >= Queue->Ring.Size || Queue->Slots[Slot].NetBuffer == NULL) {
            return FALSE;
        }
        AddDone(Done, TakeSlot(Queue, Slot));
        VnetQueueFreeChain(&Queue->Ring, (USHORT)Slot);
        Queue->Completed++;
    }
    return TRUE;
}

static VOID
Append(VNET_SEND_QUEUE *Queue, NET_BUFFER *NetBuffer)
{
    VnetSendBufferOf(NetBuffer)->Next = NULL;
    if (Queue->FirstWaiting == NULL) {
        Queue->FirstWaiting = NetBuffer;
    } else {
        VnetSendBufferOf(Queue->LastWaiting)->Next = NetBuffer;
    }
    Queue->LastWaiting = NetBuffer;
}

static VOID
AppendLists(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists)
{
    for (; NetBufferLists != NULL; NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists)) {
        NET_BUFFER *NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferLists);

        for (; NetBuffer != NULL; NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
            Append(Queue, NetBuffer);
        }
    }
}

/* FALSE: its scatter/gather list is not there; VnetProcessSgList will pump when it is. */
static BOOLEAN
IsReady(NET_BUFFER *NetBuffer)
{
    volatile LONG *State = &VnetSendBufferOf(NetBuffer)->State;

    return ReadAcquire(State) == VNET_SEND_READY ||
           InterlockedCompareExchange(State, VNET_SEND_WAITING, VNET_SEND_REQUESTED) ==
               VNET_SEND_READY;
}

static VOID
PutWaiting(VNET_SEND_QUEUE *Queue, VNET_DONE *Done)
{
    while (Queue->FirstWaiting != NULL && IsReady(Queue->FirstWaiting)) {
        NET_BUFFER *NetBuffer = Queue->FirstWaiting;
        NET_BUFFER *Next = VnetSendBufferOf(NetBuffer)->Next;
        VNET_PUT Result = VnetSendPut(Queue, NetBuffer);

        if (Result == VnetPutNoRoom) {
            return;
        }
        if (Result == VnetPutInvalid) {
            NET_BUFFER_LIST_STATUS(VnetSendBufferOf(NetBuffer)->Nbl) = NDIS_STATUS_INVALID_LENGTH;
            Queue->Counters.Errors++;
            AddDone(Done, NetBuffer);
        }
        Queue->FirstWaiting = Next;
    }
}

/* Completions are fetched by the next send; the interrupt is for when there is none. */
static BOOLEAN
WantInterrupt(VNET_SEND_QUEUE *Queue)
{
    USHORT InFlight = VnetQueueInFlight(&Queue->Ring);
    USHORT Count = Queue->Adapter->Moderation && InFlight > 3 ? InFlight / 4 * 3 : 1;

    if (InFlight == 0) {
        VnetQueueDisableInterrupt(&Queue->Ring);
        return TRUE;
    }
    return VnetQueueEnableInterrupt(&Queue->Ring, Count);
}

/* --- pumping --- */

typedef struct _VNET_ROUND {
    VNET_DONE Done;
    BOOLEAN Notify;
    BOOLEAN Failed;
    BOOLEAN IsLast;
} VNET_ROUND;

static VOID
Round(VNET_SEND_QUEUE *Queue, VNET_STORAGES *Storages, VNET_ROUND *This)
{
    NdisZeroMemory(This, sizeof(*This));
    NdisDprAcquireSpinLock(&Queue->Lock);
    ReturnStorages(Queue, Storages);
    if (!Queue->IsStopped) {
        This->Failed = !Reap(Queue, &This->Done);
        PutWaiting(Queue, &This->Done);
        This->Notify = VnetQueueShow(&Queue->Ring);
    }
    This->IsLast = This->Failed || (This->Done.First == NULL && !This->Notify &&
                                    (Queue->IsStopped || WantInterrupt(Queue)));
    if (This->IsLast) {
        Queue->IsPumping = FALSE;
    }
    NdisDprReleaseSpinLock(&Queue->Lock);
}

VOID
VnetSendPump(VNET_SEND_QUEUE *Queue)
{
    VNET_STORAGES Storages = {0, 0};
    VNET_ROUND This;

    do {
        Round(Queue, &Storages, &This);
        if (This.Notify) {
            VnetQueueNotify(&Queue->Ring);
        }
        Finish(Queue, This.Done.First, &Storages);
        if (This.Failed) {
            VnetDeviceFailed(Queue->Adapter);
        }
    } while (!This.IsLast);
}

BOOLEAN
VnetSendBeginPump(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists, BOOLEAN *IsStopped)
{
    BOOLEAN Begins;

    NdisDprAcquireSpinLock(&Queue->Lock);
    AppendLists(Queue, NetBufferLists);
    *IsStopped = Queue->IsStopped;
    Begins = !Queue->IsPumping && !Queue->IsStopped;
    if (Begins) {
        Queue->IsPumping = TRUE;
    }
    NdisDprReleaseSpinLock(&Queue->Lock);
    return Begins;
}

VOID
VnetSendPoll(VNET_SEND_QUEUE *Queue)
{
    BOOLEAN IsStopped;

    if (VnetSendBeginPump(Queue, NULL, &IsStopped)) {
        VnetSendPump(Queue);
    }
}

/* --- giving up --- */

/* A frame that is out of the queue: done at once, or when its scatter/gather list comes. */
static VOID
GiveUp(VNET_SEND_QUEUE *Queue, VNET_DONE *Done, NET_BUFFER *NetBuffer, NDIS_STATUS Status)
{
    VNET_SEND_BUFFER *Buffer = VnetSendBufferOf(NetBuffer);

    Queue->Counters.Discards++;
    NET_BUFFER_LIST_STATUS(Buffer->Nbl) = Status;
    if (InterlockedExchange(&Buffer->State, VNET_SEND_ABANDONED) == VNET_SEND_READY) {
        AddDone(Done, NetBuffer);
    }
}

VOID
VnetSendAbort(VNET_SEND_QUEUE *Queue, NDIS_STATUS Status)
{
    VNET_DONE Done = {NULL, NULL};
    NET_BUFFER *NetBuffer;

    NdisDprAcquireSpinLock(&Queue->Lock);
    for (ULONG Slot = 0; Slot < Queue->Ring.Size; Slot++) {
        if (Queue->Slots[Slot].NetBuffer != NULL) {
            GiveUp(Queue, &Done, TakeSlot(Queue, Slot), Status);
        }
    }
    while ((NetBuffer = Queue->FirstWaiting) != NULL) {
        Queue->FirstWaiting = VnetSendBufferOf(NetBuffer)->Next;
        GiveUp(Queue, &Done, NetBuffer, Status);
    }
    NdisDprReleaseSpinLock(&Queue->Lock);
    VnetSendFinish(Queue, Done.First);
}

VOID
VnetSendCancel(VNET_SEND_QUEUE *Queue, PVOID CancelId)
{
    VNET_DONE Done = {NULL, NULL};
    NET_BUFFER *NetBuffer;

    NdisDprAcquireSpinLock(&Queue->Lock);
    NetBuffer = Queue->FirstWaiting;
    Queue->FirstWaiting = NULL;
    while (NetBuffer != NULL) {
        NET_BUFFER *Next = VnetSendBufferOf(NetBuffer)->Next;

        if (NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(VnetSendBufferOf(NetBuffer)->Nbl) == CancelId) {
            GiveUp(Queue, &Done, NetBuffer, NDIS_STATUS_SEND_ABORTED);
        } else {
            Append(Queue, NetBuffer);
        }
        NetBuffer = Next;
    }
    NdisDprReleaseSpinLock(&Queue->Lock);
    VnetSendFinish(Queue, Done.First);
}

BOOLEAN
VnetSendIsStalled(VNET_SEND_QUEUE *Queue)
{
    BOOLEAN Moves;

    NdisAcquireSpinLock(&Queue->Lock);
    Moves = Queue->IsStopped || VnetQueueInFlight(&Queue->Ring) == 0 ||
            Queue->Completed != Queue->CompletedAtCheck;
    Queue->CompletedAtCheck = Queue->Completed;
    Queue->ChecksWithoutCompletion = Moves ? 0 : Queue->ChecksWithoutCompletion + 1;
    NdisReleaseSpinLock(&Queue->Lock);
    return Queue->ChecksWithoutCompletion >= VNET_STALLED_CHECKS;
}
