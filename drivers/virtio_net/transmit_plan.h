/*
 * What becomes of one frame that is sent: where its virtio header goes, and which bytes follow it.
 * Where the frame has room in front the header is there, and header and data are one piece; else it
 * is in memory of the slot, together with those headers of the frame that the device needs
 * otherwise than the sender wrote them. All of it inline, in VnetSendPut: every frame comes through
 * here.
 */
#ifndef VNET_TRANSMIT_PLAN_H
#define VNET_TRANSMIT_PLAN_H

#include "adapter.h"
#include "packet.h"

/* A slot's memory: the virtio header, and behind it those of the frame's headers that change, or
 * all of a short frame. */
enum {
    VNET_SLOT_HEADER_BYTES = VNET_HEADER_BYTES + VNET_VLAN_TAG_BYTES + VNET_SEND_PREFIX_LIMIT,
    VNET_TYPE_VLAN = 0x8100,
};

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
    VnetWriteBig16(Copy + Addresses, VNET_TYPE_VLAN);
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

/* --- the plan --- */

/* The first @PrefixBytes of the frame, and its tag, are in the slot's memory: the rest is sent from
 * where it is. */
static FORCEINLINE VOID
PlanData(VNET_PLAN *Plan, ULONG PrefixBytes, ULONG TagBytes)
{
    ULONG Bytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer);

    Plan->Skip = NET_BUFFER_CURRENT_MDL_OFFSET(Plan->NetBuffer) + PrefixBytes;
    Plan->Bytes = Bytes - PrefixBytes;
    Plan->PadBytes = Bytes + TagBytes < VNET_MINIMUM_FRAME_BYTES
                         ? VNET_MINIMUM_FRAME_BYTES - Bytes - TagBytes
                         : 0;
}

/* Returns where the header goes. */
static FORCEINLINE UCHAR *
PlanHeader(VNET_PLAN *Plan, const NET_BUFFER_LIST *NetBufferList, ULONG PrefixBytes, ULONG TagBytes)
{
    UCHAR *Front = PrefixBytes != 0 ? NULL : RoomInFront(NetBufferList, Plan->NetBuffer, Plan->Sg);

    Plan->MemoryBytes = 0;
    if (Front == NULL) {
        Plan->MemoryBytes = VNET_HEADER_BYTES + PrefixBytes + TagBytes;
        return Plan->Memory;
    }
    Plan->Start = Front + VNET_HEADER_BYTES;
    Plan->Skip -= VNET_HEADER_BYTES;
    Plan->Bytes += VNET_HEADER_BYTES;
    return Front;
}

/*
 * Write the virtio header, and copy what has to be copied. The caller has set NetBuffer, Sg, Slot
 * and Memory. FALSE: this cannot be sent.
 */
static FORCEINLINE BOOLEAN
VnetSendPlan(const VNET_ADAPTER *Adapter, VNET_PLAN *Plan)
{
    NET_BUFFER_LIST *NetBufferList = VnetSendBufferOf(Plan->NetBuffer)->Nbl;
    BOOLEAN IsAsked = VnetSendAsksForOffloads(NetBufferList);
    BOOLEAN IsCopied = VnetSendIsCopied(Plan->NetBuffer);
    USHORT Tag = TagOf(&Adapter->Config, NetBufferList);
    ULONG TagBytes = Tag != 0 ? VNET_VLAN_TAG_BYTES : 0;
    VIRTIO_NET_HDR Header = {0};
    ULONG PrefixBytes = 0;
    UCHAR *Place;

    Plan->Start = NULL;
    Plan->Bounce = 0;
    if (IsAsked && !VnetSendPlanOffloads(Adapter, NetBufferList, Plan->NetBuffer, &Header,
                                         Plan->Memory + VNET_HEADER_BYTES, &PrefixBytes)) {
        return FALSE;
    }
    if (IsCopied) {
        if (!CopyFrame(Plan, IsAsked)) {
            return FALSE;
        }
        PrefixBytes = NET_BUFFER_DATA_LENGTH(Plan->NetBuffer);
    }
    Plan->SegmentBytes = Header.GsoSize;
    Plan->HeaderBytes = Header.HeaderLength;
    if (Tag != 0) {
        PrefixBytes = InsertTag(Plan, &Header, Tag, PrefixBytes);
    }
    PlanData(Plan, PrefixBytes, TagBytes);
    Place = PlanHeader(Plan, NetBufferList, PrefixBytes, TagBytes);
    if (IsCopied && Plan->PadBytes != 0) {
        PadCopy(Plan);
    }
    NdisMoveMemory(Place, &Header, sizeof(Header));
    return TRUE;
}

#endif
