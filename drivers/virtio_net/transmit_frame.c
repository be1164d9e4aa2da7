/*
 * From a NET_BUFFER to descriptors: of the memory of its slot and of its scatter/gather list, or of
 * memory to which it is copied when that list has too many pieces.
 */
#include "adapter.h"
#include "transmit_plan.h"

enum {
    DIRECT_LIMIT = 4, /* More descriptors than this go into the slot's table. */
    TABLE_ENTRIES = 64,
    TABLE_BYTES = TABLE_ENTRIES * sizeof(VIRTQ_DESC),
    BOUNCE_COUNT = 4,
    BOUNCE_BYTES = 69632, /* Any frame there can be, in whole pages. */
};

NDIS_STATUS
VnetSendAllocate(VNET_ADAPTER *Adapter, VNET_SEND_QUEUE *Queue, USHORT Index)
{
    NDIS_STATUS Status =
        VnetQueueAllocate(Adapter, &Queue->Ring, Index, (USHORT)Adapter->Config.TransmitBuffers);
    ULONG Size = Queue->Ring.Size;

    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    Queue->Slots = VnetAllocate(Adapter, Size * sizeof(VNET_SEND_SLOT));
    Queue->Storages = VnetAllocate(Adapter, Size * sizeof(VNET_SG_STORAGE));
    if (Queue->Slots == NULL || Queue->Storages == NULL ||
        !VnetAllocateShared(Adapter, &Queue->Headers,
                            Size * VNET_SLOT_HEADER_BYTES + VNET_MINIMUM_FRAME_BYTES) ||
        !VnetAllocateShared(Adapter, &Queue->Bounces, BOUNCE_COUNT * BOUNCE_BYTES)) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Queue->Headers.Address, Queue->Headers.Bytes);
    for (ULONG i = 0; i < Size; i++) {
        Queue->Storages[i].Next = i;
    }
    Queue->FreeStorage = Size;
    if (VnetHas(Adapter, VIRTIO_F_INDIRECT_DESC) &&
        !VnetAllocateShared(Adapter, &Queue->Tables, Size * TABLE_BYTES)) {
        return NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetSendFree(VNET_ADAPTER *Adapter, VNET_SEND_QUEUE *Queue)
{
    VnetFreeShared(Adapter, &Queue->Tables);
    VnetFreeShared(Adapter, &Queue->Bounces);
    VnetFreeShared(Adapter, &Queue->Headers);
    if (Queue->Storages != NULL) {
        VnetFree(Queue->Storages);
        Queue->Storages = NULL;
    }
    if (Queue->Slots != NULL) {
        VnetFree(Queue->Slots);
        Queue->Slots = NULL;
    }
    VnetQueueFree(Adapter, &Queue->Ring);
}

/* --- descriptors --- */

/* Where descriptors are written: along the free list, or one after the other into a table. */
typedef struct _VNET_WRITER {
    VIRTQ_DESC *Base;
    USHORT At;
    USHORT Count;
    USHORT Last;
    BOOLEAN IsTable;
} VNET_WRITER;

FORCEINLINE VOID
Write(VNET_WRITER *Writer, ULONG64 Address, ULONG Bytes)
{
    VIRTQ_DESC *Desc = &Writer->Base[Writer->At];

    Desc->Address = Address;
    Desc->Length = Bytes;
    Desc->Flags = VIRTQ_DESC_F_NEXT;
    if (Writer->IsTable) {
        Desc->Next = Writer->At + 1;
    }
    Writer->Last = Writer->At;
    Writer->At = Desc->Next;
    Writer->Count++;
}

static VOID
WriteList(VNET_WRITER *Writer, const SCATTER_GATHER_LIST *Sg, ULONG Skip, ULONG Bytes)
{
    for (ULONG i = 0; i < Sg->NumberOfElements && Bytes > 0; i++) {
        ULONG Length = Sg->Elements[i].Length;

        if (Skip >= Length) {
            Skip -= Length;
            continue;
        }
        Length = min(Length - Skip, Bytes);
        Write(Writer, (ULONG64)Sg->Elements[i].Address.QuadPart + Skip, Length);
        Bytes -= Length;
        Skip = 0;
    }
}

static VOID
WriteFrame(VNET_SEND_QUEUE *Queue, const VNET_PLAN *Plan, VNET_WRITER *Writer)
{
    ULONG64 Headers = (ULONG64)Queue->Headers.DeviceAddress.QuadPart;

    if (Plan->MemoryBytes != 0) {
        Write(Writer, Headers + (ULONG)Plan->Slot * VNET_SLOT_HEADER_BYTES, Plan->MemoryBytes);
    }
    if (Plan->Bounce != 0) {
        Write(Writer,
              (ULONG64)Queue->Bounces.DeviceAddress.QuadPart +
                  (Plan->Bounce - 1) * (ULONG64)BOUNCE_BYTES + Plan->Skip,
              Plan->Bytes);
    } else {
        WriteList(Writer, Plan->Sg, Plan->Skip, Plan->Bytes);
    }
    if (Plan->PadBytes != 0) {
        Write(Writer, Headers + (ULONG)Queue->Ring.Size * VNET_SLOT_HEADER_BYTES, Plan->PadBytes);
    }
    Writer->Base[Writer->Last].Flags = 0;
}

static VOID
WriteDirect(VNET_SEND_QUEUE *Queue, const VNET_PLAN *Plan)
{
    VNET_WRITER Writer = {.Base = Queue->Ring.Desc, .At = Plan->Slot};

    WriteFrame(Queue, Plan, &Writer);
    Queue->Ring.FreeHead = Writer.At;
    Queue->Ring.FreeCount -= Writer.Count;
}

static VOID
WriteIndirect(VNET_SEND_QUEUE *Queue, const VNET_PLAN *Plan)
{
    ULONG Offset = (ULONG)Plan->Slot * TABLE_BYTES;
    VNET_WRITER Writer = {.Base = (VIRTQ_DESC *)(Queue->Tables.Address + Offset), .IsTable = TRUE};
    VIRTQ_DESC *Desc = &Queue->Ring.Desc[VnetQueueTakeDescriptor(&Queue->Ring)];

    WriteFrame(Queue, Plan, &Writer);
    Desc->Address = (ULONG64)Queue->Tables.DeviceAddress.QuadPart + Offset;
    Desc->Length = Writer.Count * (ULONG)sizeof(VIRTQ_DESC);
    Desc->Flags = VIRTQ_DESC_F_INDIRECT;
}

/* Header and data are one piece. */
static VOID
WriteOne(VNET_SEND_QUEUE *Queue, const VNET_PLAN *Plan, ULONG64 Address, ULONG Bytes)
{
    VIRTQ_DESC *Desc = &Queue->Ring.Desc[Plan->Slot];

    Queue->Ring.FreeHead = Desc->Next;
    Queue->Ring.FreeCount--;
    Desc->Address = Address;
    Desc->Length = Bytes;
    Desc->Flags = 0;
}

/* --- too many pieces, or no list of them --- */

static VNET_PUT
Bounce(VNET_SEND_QUEUE *Queue, VNET_PLAN *Plan)
{
    ULONG Bytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer);
    ULONG Free = 0;
    UCHAR *Memory;
    UCHAR *Data;

    while (Free < BOUNCE_COUNT && (Queue->BouncesInUse >> Free & 1) != 0) {
        Free++;
    }
    if (Free == BOUNCE_COUNT || Queue->Ring.FreeCount < DIRECT_LIMIT) {
        return VnetPutNoRoom;
    }
    Memory = Queue->Bounces.Address + (SIZE_T)Free * BOUNCE_BYTES;
    Data = NdisGetDataBuffer(Plan->NetBuffer, Bytes, Memory, 1, 0);
    if (Data == NULL) {
        return VnetPutInvalid;
    }
    if (Data != Memory) {
        NdisMoveMemory(Memory, Data, Bytes);
    }
    Plan->Skip -= NET_BUFFER_CURRENT_MDL_OFFSET(Plan->NetBuffer);
    Plan->Bounce = Free + 1;
    Queue->BouncesInUse |= 1u << Free;
    WriteDirect(Queue, Plan);
    return VnetPutDone;
}

/* The frame's list, if a chain may have so many pieces: no more than the ring (2.7.5.3.1). */
static SCATTER_GATHER_LIST *
UsableList(const VNET_SEND_QUEUE *Queue, NET_BUFFER *NetBuffer)
{
    SCATTER_GATHER_LIST *Sg = VnetSendBufferOf(NetBuffer)->Sg;
    ULONG Limit;

    if (Sg == NULL) {
        return NULL;
    }
    Limit = Queue->Tables.Address != NULL ? min(TABLE_ENTRIES, (ULONG)Queue->Ring.Size)
                                          : Queue->Ring.Size / 2u;
    return Sg->NumberOfElements + 2 > Limit ? NULL : Sg;
}

static VNET_PUT
Place(VNET_SEND_QUEUE *Queue, VNET_PLAN *Plan)
{
    BOOLEAN HasTables = Queue->Tables.Address != NULL;
    ULONG Most;

    if (Plan->Bytes == 0) {
        WriteOne(Queue, Plan,
                 (ULONG64)Queue->Headers.DeviceAddress.QuadPart +
                     (ULONG)Plan->Slot * VNET_SLOT_HEADER_BYTES,
                 Plan->MemoryBytes);
        return VnetPutDone;
    }
    if (Plan->Sg == NULL) {
        return Bounce(Queue, Plan);
    }
    Most = Plan->Sg->NumberOfElements + 2;
    if (HasTables && Most > DIRECT_LIMIT) {
        WriteIndirect(Queue, Plan);
        return VnetPutDone;
    }
    if (Queue->Ring.FreeCount < Most) {
        return VnetPutNoRoom;
    }
    if (Plan->MemoryBytes == 0 && Plan->PadBytes == 0 && Plan->Sg->NumberOfElements == 1) {
        WriteOne(Queue, Plan, (ULONG64)Plan->Sg->Elements[0].Address.QuadPart + Plan->Skip,
                 Plan->Bytes);
        return VnetPutDone;
    }
    WriteDirect(Queue, Plan);
    return VnetPutDone;
}

/* "Increment transmit statistics based on the segmented packets." */
static VOID
CountFrame(VNET_SEND_QUEUE *Queue, const VNET_PLAN *Plan)
{
    ULONG Bytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer);
    UCHAR Storage[VNET_ADDRESS_BYTES];
    const UCHAR *Destination =
        Plan->Start != NULL ? Plan->Start
                            : VnetSendFrameStart(Plan->NetBuffer, VNET_ADDRESS_BYTES, Storage);
    ULONG Segments = 1;

    if (Plan->SegmentBytes != 0) {
        Segments = (Bytes - Plan->HeaderBytes + Plan->SegmentBytes - 1) / Plan->SegmentBytes;
    }
    if (Destination != NULL) {
        VnetCount(&Queue->Counters, Destination, Segments,
                  Bytes + (Segments - 1) * Plan->HeaderBytes);
    }
}

VNET_PUT
VnetSendPut(VNET_SEND_QUEUE *Queue, NET_BUFFER *NetBuffer)
{
    VNET_PLAN Plan;
    VNET_PUT Result;

    if (!VnetSendIsLengthValid(Queue->Adapter, VnetSendBufferOf(NetBuffer)->Nbl, NetBuffer)) {
        return VnetPutInvalid;
    }
    if (Queue->Ring.FreeCount == 0) {
        return VnetPutNoRoom;
    }
    Plan.NetBuffer = NetBuffer;
    Plan.Sg = UsableList(Queue, NetBuffer);
    Plan.Slot = Queue->Ring.FreeHead;
    Plan.Memory = Queue->Headers.Address + (ULONG)Plan.Slot * VNET_SLOT_HEADER_BYTES;
    if (!VnetSendPlan(Queue->Adapter, &Plan)) {
        return VnetPutInvalid;
    }
    Result = Place(Queue, &Plan);
    if (Result == VnetPutDone) {
        Queue->Slots[Plan.Slot].NetBuffer = NetBuffer;
        Queue->Slots[Plan.Slot].Bounce = Plan.Bounce;
        VnetQueuePut(&Queue->Ring, Plan.Slot);
        CountFrame(Queue, &Plan);
    }
    return Result;
}
