/*
 * Receive queues. Buffer i of a queue belongs to descriptor i for good, so that giving it to the
 * device again is one index in the available ring. Frames are taken with the queue's lock held, and
 * indicated without it.
 */
#include "adapter.h"

enum { SETTLE_POLL_US = 100 };

static VNET_RECEIVE_BUFFER *
BufferOf(NET_BUFFER_LIST *NetBufferList)
{
    return ((VNET_RECEIVE_CONTEXT *)NET_BUFFER_LIST_CONTEXT_DATA_START(NetBufferList))->Buffer;
}

/* --- buffers to the device; the lock is held --- */

VOID
VnetReceiveFill(VNET_RECEIVE_QUEUE *Queue)
{
    ULONG64 Memory = (ULONG64)Queue->Memory.DeviceAddress.QuadPart;

    Queue->Wanted = 1;
    for (USHORT i = 0; i < Queue->BufferCount; i++) {
        VIRTQ_DESC *Desc = &Queue->Ring.Desc[i];

        Desc->Address = Memory + (ULONG64)(Queue->Buffers[i].Data - Queue->Memory.Address);
        Desc->Length = Queue->Adapter->ReceiveBufferBytes;
        Desc->Flags = VIRTQ_DESC_F_WRITE;
        if (!Queue->Buffers[i].IsOut) {
            VnetQueuePut(&Queue->Ring, i);
        }
    }
    VnetQueueShow(&Queue->Ring);
}

static VOID
PutFrameBack(VNET_RECEIVE_QUEUE *Queue, VNET_RECEIVE_BUFFER *Buffer)
{
    while (Buffer != NULL) {
        VNET_RECEIVE_BUFFER *More = Buffer->More;

        if (More != NULL) {
            Buffer->Mdl->Next = NULL;
            NdisAdjustMdlLength(Buffer->Mdl, Queue->Adapter->ReceiveBufferBytes);
        }
        Buffer->More = NULL;
        Buffer->IsOut = FALSE;
        if (!Queue->IsStopped) {
            VnetQueuePut(&Queue->Ring, Buffer->Index);
        }
        Buffer = More;
    }
}

/* The last frame that a pause waits for has come back, and no indication is under way. */
static BOOLEAN
SettlesPause(VNET_RECEIVE_QUEUE *Queue)
{
    BOOLEAN Settles = Queue->OwesPause && Queue->Outstanding == 0 && !Queue->IsPolling;

    if (Settles) {
        Queue->OwesPause = FALSE;
    }
    return Settles;
}

/* Take the frames at the head of @NetBufferLists that are of one queue. DISPATCH_LEVEL. */
static NET_BUFFER_LIST *
GiveRunBack(VNET_RECEIVE_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists)
{
    BOOLEAN Notify;
    BOOLEAN Settles;

    NdisDprAcquireSpinLock(&Queue->Lock);
    do {
        VNET_RECEIVE_BUFFER *Buffer = BufferOf(NetBufferLists);

        if (Buffer->Queue != Queue) {
            break;
        }
        NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
        PutFrameBack(Queue, Buffer);
        Queue->Outstanding--;
    } while (NetBufferLists != NULL);
    Notify = !Queue->IsPolling && !Queue->IsStopped && VnetQueueShow(&Queue->Ring);
    Settles = SettlesPause(Queue);
    NdisDprReleaseSpinLock(&Queue->Lock);
    if (Notify) {
        VnetQueueNotify(&Queue->Ring);
    }
    if (Settles) {
        VnetReleasePause(Queue->Adapter);
    }
    return NetBufferLists;
}

VOID
VnetReceiveGiveBack(NET_BUFFER_LIST *NetBufferLists)
{
    while (NetBufferLists != NULL) {
        NetBufferLists = GiveRunBack(BufferOf(NetBufferLists)->Queue, NetBufferLists);
    }
}

VOID
VnetReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                         ULONG ReturnFlags)
{
    KIRQL Irql = DISPATCH_LEVEL;

    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    if (!NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(ReturnFlags)) {
        NDIS_RAISE_IRQL_TO_DISPATCH(&Irql);
    }
    VnetReceiveGiveBack(NetBufferLists);
    if (!NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(ReturnFlags)) {
        NDIS_LOWER_IRQL(Irql, DISPATCH_LEVEL);
    }
}

/* --- frames from the device; the lock is held --- */

static VNET_RECEIVE_BUFFER *
TakeBuffer(VNET_RECEIVE_QUEUE *Queue)
{
    VIRTQ_USED_ELEMENT Used = VnetQueueTakeUsed(&Queue->Ring);
    VNET_RECEIVE_BUFFER *Buffer = Used.Id < Queue->BufferCount ? &Queue->Buffers[Used.Id] : NULL;

    if (Buffer == NULL || Buffer->IsOut || Used.Length > Queue->Adapter->ReceiveBufferBytes) {
        return NULL;
    }
    Buffer->IsOut = TRUE;
    Buffer->Bytes = Used.Length;
    return Buffer;
}

/* How many buffers the frame has that begins in the oldest used one. */
static USHORT
PiecesOfNext(VNET_RECEIVE_QUEUE *Queue)
{
    ULONG Id = Queue->Ring.Used->Ring[Queue->Ring.LastUsed & Queue->Ring.Mask].Id;

    if (!VnetHas(Queue->Adapter, VIRTIO_NET_F_MRG_RXBUF) || Id >= Queue->BufferCount) {
        return 1;
    }
    return ((const VIRTIO_NET_HDR *)Queue->Buffers[Id].Data)->NumBuffers;
}

/* What was taken of a frame whose rest is not there; the ring is of no use before a reset. */
static VNET_RECEIVE_BUFFER *
Abandon(VNET_RECEIVE_BUFFER *First, BOOLEAN *Failed)
{
    while (First != NULL) {
        VNET_RECEIVE_BUFFER *More = First->More;

        First->IsOut = FALSE;
        First->More = NULL;
        First = More;
    }
    *Failed = TRUE;
    return NULL;
}

/* NULL: no whole frame is there, or the device broke the rules (then *Failed). */
static VNET_RECEIVE_BUFFER *
TakeFrame(VNET_RECEIVE_QUEUE *Queue, USHORT Available, BOOLEAN *Failed)
{
    USHORT Pieces = PiecesOfNext(Queue);
    VNET_RECEIVE_BUFFER *First;

    if (Pieces > Available && Pieces <= Queue->Ring.Size) {
        Queue->Wanted = Pieces;
        return NULL;
    }
    Queue->Wanted = 1;
    First = Pieces == 0 || Pieces > Available ? NULL : TakeBuffer(Queue);
    if (First == NULL || First->Bytes < VNET_HEADER_BYTES) {
        return Abandon(First, Failed);
    }
    for (VNET_RECEIVE_BUFFER *Last = First; Pieces > 1; Pieces--, Last = Last->More) {
        Last->More = TakeBuffer(Queue);
        if (Last->More == NULL) {
            return Abandon(First, Failed);
        }
    }
    return First;
}

static VNET_RECEIVE_BUFFER *
TakeFrames(VNET_RECEIVE_QUEUE *Queue, ULONG Budget, BOOLEAN *Failed)
{
    VNET_RECEIVE_BUFFER *First = NULL;
    VNET_RECEIVE_BUFFER **Link = &First;
    USHORT Available = VnetQueueUsedCount(&Queue->Ring);

    *Failed = FALSE;
    for (; Budget > 0 && Available > 0; Budget--) {
        USHORT Before = Queue->Ring.LastUsed;
        VNET_RECEIVE_BUFFER *Buffer = TakeFrame(Queue, Available, Failed);

        if (Buffer == NULL) {
            break;
        }
        Available -= (USHORT)(Queue->Ring.LastUsed - Before);
        Queue->Outstanding++;
        *Link = Buffer;
        Link = &Buffer->Next;
    }
    *Link = NULL;
    return First;
}

/* --- up --- */

VOID
VnetReceiveIndicate(VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferLists, ULONG Count)
{
    NdisMIndicateReceiveNetBufferLists(Adapter->Handle, NetBufferLists, NDIS_DEFAULT_PORT_NUMBER,
                                       Count, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

static VOID
Deliver(VNET_ADAPTER *Adapter, VNET_RECEIVE_BUFFER *Frames)
{
    NET_BUFFER_LIST *Wanted = NULL;
    NET_BUFFER_LIST **WantedEnd = &Wanted;
    NET_BUFFER_LIST *Dropped = NULL;
    LOCK_STATE_EX LockState;
    ULONG Count = 0;

    NdisAcquireRWLockRead(Adapter->SettingsLock, &LockState, NDIS_RWL_AT_DISPATCH_LEVEL);
    while (Frames != NULL) {
        VNET_RECEIVE_BUFFER *Buffer = Frames;

        Frames = Buffer->Next;
        if (VnetReceiveFrame(Adapter, Buffer) != NULL) {
            *WantedEnd = Buffer->Nbl;
            WantedEnd = &NET_BUFFER_LIST_NEXT_NBL(Buffer->Nbl);
            Count++;
        } else {
            NET_BUFFER_LIST_NEXT_NBL(Buffer->Nbl) = Dropped;
            Dropped = Buffer->Nbl;
        }
    }
    *WantedEnd = NULL;
    if (Adapter->Rss.IsEnabled) {
        VnetRssDistribute(Adapter, &Wanted, &Count);
    }
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    if (Wanted != NULL) {
        VnetReceiveIndicate(Adapter, Wanted, Count);
    }
    VnetReceiveGiveBack(Dropped);
}

/* Nobody else polls now. FALSE: somebody does, and will see what has come. */
static BOOLEAN
BeginPoll(VNET_RECEIVE_QUEUE *Queue, ULONG Budget, VNET_RECEIVE_BUFFER **Frames, BOOLEAN *Failed)
{
    BOOLEAN Begins;

    NdisDprAcquireSpinLock(&Queue->Lock);
    Begins = Queue->IsOpen && !Queue->IsStopped && !Queue->IsPolling;
    if (Begins) {
        Queue->IsPolling = TRUE;
        VnetQueueDisableInterrupt(&Queue->Ring);
        *Frames = TakeFrames(Queue, Budget, Failed);
    }
    NdisDprReleaseSpinLock(&Queue->Lock);
    return Begins;
}

static BOOLEAN
EndPoll(VNET_RECEIVE_QUEUE *Queue, BOOLEAN Failed)
{
    BOOLEAN Settles;
    BOOLEAN IsLive;
    BOOLEAN Notify;
    BOOLEAN More;

    NdisDprAcquireSpinLock(&Queue->Lock);
    VnetAddCounters(&Queue->Counters, &Queue->Fresh);
    NdisZeroMemory(&Queue->Fresh, sizeof(Queue->Fresh));
    Queue->IsPolling = FALSE;
    IsLive = !Queue->IsStopped && !Failed;
    Notify = IsLive && VnetQueueShow(&Queue->Ring);
    More = IsLive && Queue->IsOpen &&
           (VnetQueueUsedCount(&Queue->Ring) >= Queue->Wanted ||
            !VnetQueueEnableInterrupt(&Queue->Ring, Queue->Wanted));
    Settles = SettlesPause(Queue);
    NdisDprReleaseSpinLock(&Queue->Lock);
    if (Notify) {
        VnetQueueNotify(&Queue->Ring);
    }
    if (Settles) {
        VnetReleasePause(Queue->Adapter);
    }
    return More;
}

static BOOLEAN
IsSettled(VNET_RECEIVE_QUEUE *Queue, USHORT Target)
{
    BOOLEAN Settled;

    NdisAcquireSpinLock(&Queue->Lock);
    Settled = !Queue->IsOpen || Queue->IsStopped ||
              (!Queue->IsPolling && (SHORT)(Queue->Ring.LastUsed - Target) >= 0);
    NdisReleaseSpinLock(&Queue->Lock);
    return Settled;
}

/*
 * Wait until everything has been indicated that the device has given so far: "the NIC must wait to
 * complete the request until all existing coalesced segments and outstanding URO indications are
 * indicated". PASSIVE_LEVEL.
 */
VOID
VnetReceiveSettle(VNET_ADAPTER *Adapter)
{
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        VNET_RECEIVE_QUEUE *Queue = &Adapter->Pairs[i].Receive;
        USHORT Target;

        NdisAcquireSpinLock(&Queue->Lock);
        Target = (USHORT)(Queue->Ring.LastUsed + VnetQueueUsedCount(&Queue->Ring));
        NdisReleaseSpinLock(&Queue->Lock);
        while (!VnetIsGone(Adapter) && !IsSettled(Queue, Target)) {
            NdisMSleep(SETTLE_POLL_US);
        }
    }
}

BOOLEAN
VnetReceivePoll(VNET_RECEIVE_QUEUE *Queue, ULONG Budget)
{
    VNET_RECEIVE_BUFFER *Frames = NULL;
    BOOLEAN Failed = FALSE;

    if (!BeginPoll(Queue, Budget, &Frames, &Failed)) {
        return FALSE;
    }
    if (Frames != NULL) {
        Deliver(Queue->Adapter, Frames);
    }
    if (Failed) {
        VnetDeviceFailed(Queue->Adapter);
    }
    return EndPoll(Queue, Failed);
}
