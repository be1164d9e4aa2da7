/*
 * From a NET_BUFFER to descriptors. Where the frame has room in front, its virtio header goes there
 * and header and data are one piece; else the header goes into memory of the slot, together with
 * those headers of the frame that the device needs otherwise than the sender wrote them.
 */
#include "adapter.h"
#include "packet.h"

enum {
    SLOT_HEADER_BYTES = VNET_HEADER_BYTES + VNET_VLAN_TAG_BYTES + VNET_SEND_PREFIX_LIMIT,
    DIRECT_LIMIT = 4, /* More descriptors than this go into the slot's table. */
    TABLE_ENTRIES = 64,
    TABLE_BYTES = TABLE_ENTRIES * sizeof(VIRTQ_DESC),
    BOUNCE_COUNT = 4,
    BOUNCE_BYTES = 69632, /* Any frame there can be, in whole pages. */
    TYPE_VLAN = 0x8100,
};

/* What becomes of one frame. */
typedef struct _VNET_PLAN {
    NET_BUFFER *NetBuffer;
    SCATTER_GATHER_LIST *Sg;
    USHORT Slot;
    UCHAR *Memory;     /* Of the slot's header. */
    ULONG MemoryBytes; /* Used of it; 0: the header is in front of the frame. */
    ULONG Skip;        /* Bytes of the scatter/gather list before what is sent of it. */
    ULONG Bytes;       /* Sent of it. */
    ULONG PadBytes;
    ULONG Bounce;       /* From 1; 0: none. */
    const UCHAR *Start; /* Of the frame, where it is known to be in one piece with the header. */
    ULONG SegmentBytes; /* Of a frame that the device cuts; 0: it does not. */
    ULONG HeaderBytes;  /* In front of each segment. */
} VNET_PLAN;

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
                            Size * SLOT_HEADER_BYTES + VNET_MINIMUM_FRAME_BYTES) ||
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

/* --- VLAN --- */

/* The tag that the frame gets, or 0. "The miniport driver inserts the tag." */
static USHORT
TagOf(const VNET_CONFIG *Config, const NET_BUFFER_LIST *NetBufferList)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO Info;
    ULONG Priority;
    ULONG VlanId;

    Info.Value = NET_BUFFER_LIST_INFO(NetBufferList, Ieee8021QNetBufferListInfo);
    if (Info.Value == NULL && Config->VlanId == 0) {
        return 0;
    }
    Priority = (Config->PriorityVlanTag & 1) != 0 ? Info.TagHeader.UserPriority : 0;
    VlanId = (Config->PriorityVlanTag & 2) != 0 ? Info.TagHeader.VlanId : 0;
    if (VlanId == 0 && (Config->PriorityVlanTag & 2) != 0) {
        VlanId = Config->VlanId;
    }
    return (USHORT)(Priority << 13 | Info.TagHeader.CanonicalFormatId << 12 | VlanId);
}

/* --- where the header goes --- */

/*
 * In front of the frame, where it is one piece with it: unused data space that DataBackFillSize
 * asked for. Not where another list may use the same memory (clones), nor where it must not be
 * written.
 */
static UCHAR *
RoomInFront(const NET_BUFFER_LIST *NetBufferList, NET_BUFFER *NetBuffer,
            const SCATTER_GATHER_LIST *Sg)
{
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    UCHAR *Address;

    if (Sg == NULL || Offset < VNET_HEADER_BYTES || Sg->Elements[0].Length < Offset ||
        NetBufferList->ParentNetBufferList != NULL ||
        NdisTestNblFlag(NetBufferList,
                        NDIS_NBL_FLAGS_SEND_READ_ONLY | NDIS_NBL_FLAGS_RECV_READ_ONLY)) {
        return NULL;
    }
    Address = MmGetSystemAddressForMdlSafe(NET_BUFFER_CURRENT_MDL(NetBuffer),
                                           LowPagePriority | MdlMappingNoExecute);
    return Address == NULL ? NULL : Address + Offset - VNET_HEADER_BYTES;
}

/* The tag goes behind the addresses, and everything behind it moves. */
static ULONG
InsertTag(VNET_PLAN *Plan, VIRTIO_NET_HDR *Header, USHORT Tag, ULONG PrefixBytes)
{
    UCHAR *Copy = Plan->Memory + VNET_HEADER_BYTES;
    const ULONG Addresses = 2 * VNET_ADDRESS_BYTES;

    if (PrefixBytes == 0) {
        UCHAR *Start = VnetSendFrameStart(Plan->NetBuffer, Addresses, Copy);

        if (Start != Copy) {
            NdisMoveMemory(Copy, Start, Addresses);
        }
        PrefixBytes = Addresses;
    } else {
        RtlMoveMemory(Copy + Addresses + VNET_VLAN_TAG_BYTES, Copy + Addresses,
                      PrefixBytes - Addresses);
    }
    VnetWriteBig16(Copy + Addresses, TYPE_VLAN);
    VnetWriteBig16(Copy + Addresses + 2, Tag);
    if (Header->Flags != 0) {
        Header->ChecksumStart += VNET_VLAN_TAG_BYTES;
    }
    if (Header->HeaderLength != 0) {
        Header->HeaderLength += VNET_VLAN_TAG_BYTES;
    }
    return PrefixBytes;
}

/* The whole frame behind its header, unless it is there already. FALSE: its data are too short. */
static BOOLEAN
CopyFrame(VNET_PLAN *Plan, BOOLEAN IsThere)
{
    ULONG Bytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer);
    UCHAR *Copy = Plan->Memory + VNET_HEADER_BYTES;
    const UCHAR *Data = IsThere ? Copy : VnetSendFrameStart(Plan->NetBuffer, Bytes, Copy);

    if (Data != NULL && Data != Copy) {
        NdisMoveMemory(Copy, Data, Bytes);
    }
    Plan->Start = Copy;
    return Data != NULL;
}

static VOID
PadCopy(VNET_PLAN *Plan)
{
    NdisZeroMemory(Plan->Memory + Plan->MemoryBytes, Plan->PadBytes);
    Plan->MemoryBytes += Plan->PadBytes;
    Plan->PadBytes = 0;
}

static BOOLEAN
PlanHeader(const VNET_ADAPTER *Adapter, VNET_PLAN *Plan)
{
    BOOLEAN IsCopied = VnetSendIsCopied(Plan->NetBuffer);
    NET_BUFFER_LIST *NetBufferList = VnetSendBufferOf(Plan->NetBuffer)->Nbl;
    ULONG FrameBytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer);
    USHORT Tag = TagOf(&Adapter->Config, NetBufferList);
    VIRTIO_NET_HDR Header = {0};
    ULONG PrefixBytes = 0;
    UCHAR *Front;
    BOOLEAN IsAsked = VnetSendAsksForOffloads(NetBufferList);

    if (IsAsked && !VnetSendPlanOffloads(Adapter, NetBufferList, Plan->NetBuffer, &Header,
                                         Plan->Memory + VNET_HEADER_BYTES, &PrefixBytes)) {
        return FALSE;
    }
    if (IsCopied) {
        if (!CopyFrame(Plan, IsAsked)) {
            return FALSE;
        }
        PrefixBytes = FrameBytes;
    }
    Plan->SegmentBytes = Header.GsoSize;
    Plan->HeaderBytes = Header.HeaderLength;
    if (Tag != 0) {
        PrefixBytes = InsertTag(Plan, &Header, Tag, PrefixBytes);
        FrameBytes += VNET_VLAN_TAG_BYTES;
    }
    Front = PrefixBytes != 0 ? NULL : RoomInFront(NetBufferList, Plan->NetBuffer, Plan->Sg);
    Plan->Skip = NET_BUFFER_CURRENT_MDL_OFFSET(Plan->NetBuffer) + PrefixBytes;
    Plan->Bytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer) - PrefixBytes;
    Plan->PadBytes =
        FrameBytes < VNET_MINIMUM_FRAME_BYTES ? VNET_MINIMUM_FRAME_BYTES - FrameBytes : 0;
    if (Front != NULL) {
        Plan->Start = Front + VNET_HEADER_BYTES;
        Plan->Skip -= VNET_HEADER_BYTES;
        Plan->Bytes += VNET_HEADER_BYTES;
    } else {
        Plan->MemoryBytes = VNET_HEADER_BYTES + PrefixBytes + (Tag != 0 ? VNET_VLAN_TAG_BYTES : 0);
        Front = Plan->Memory;
    }
    if (IsCopied && Plan->PadBytes != 0) {
        PadCopy(Plan);
    }
    NdisMoveMemory(Front, &Header, sizeof(Header));
    return TRUE;
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
        Write(Writer, Headers + (ULONG)Plan->Slot * SLOT_HEADER_BYTES, Plan->MemoryBytes);
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
        Write(Writer, Headers + (ULONG)Queue->Ring.Size * SLOT_HEADER_BYTES, Plan->PadBytes);
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
    ULONG Limit = Queue->Tables.Address != NULL ? min(TABLE_ENTRIES, (ULONG)Queue->Ring.Size)
                                                : Queue->Ring.Size / 2u;

    return Sg == NULL || Sg->NumberOfElements + 2 > Limit ? NULL : Sg;
}

static VNET_PUT
Place(VNET_SEND_QUEUE *Queue, VNET_PLAN *Plan)
{
    BOOLEAN HasTables = Queue->Tables.Address != NULL;
    ULONG Most;

    if (Plan->Bytes == 0) {
        WriteOne(Queue, Plan,
                 (ULONG64)Queue->Headers.DeviceAddress.QuadPart +
                     (ULONG)Plan->Slot * SLOT_HEADER_BYTES,
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
    VNET_PLAN Plan = {
        .NetBuffer = NetBuffer,
        .Sg = UsableList(Queue, NetBuffer),
        .Slot = Queue->Ring.FreeHead,
        .Memory = Queue->Headers.Address + (ULONG)Queue->Ring.FreeHead * SLOT_HEADER_BYTES,
    };
    VNET_PUT Result;

    if (!VnetSendIsLengthValid(Queue->Adapter, VnetSendBufferOf(NetBuffer)->Nbl, NetBuffer)) {
        return VnetPutInvalid;
    }
    if (Queue->Ring.FreeCount == 0) {
        return VnetPutNoRoom;
    }
    if (!PlanHeader(Queue->Adapter, &Plan)) {
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
