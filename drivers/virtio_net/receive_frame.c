/*
 * From a frame in receive buffers to a NET_BUFFER_LIST: what is wanted of it, its MDL chain, and
 * its out-of-band data. The caller is the poller of the frame's queue and holds the settings lock.
 */
#include "adapter.h"
#include "packet.h"

enum {
    TYPE_OFFSET = 2 * VNET_ADDRESS_BYTES,
    TYPE_VLAN = 0x8100,
    IPV4_CHECKSUM_OFFSET = 10,
    UDP_CHECKSUM_OFFSET = 6,
};

/* --- VLAN --- */

/* FALSE: the frame is of another VLAN than the adapter. */
static BOOLEAN
IsOurVlan(const VNET_CONFIG *Config, ULONG VlanId)
{
    return Config->VlanId == 0 || VlanId == 0 || VlanId == Config->VlanId;
}

/*
 * "The miniport driver removes the tag from the frame and puts it into Ieee8021QNetBufferListInfo."
 * The addresses move over it. Returns the frame's new beginning.
 */
static UCHAR *
StripVlanTag(UCHAR *Frame, NDIS_NET_BUFFER_LIST_8021Q_INFO *Info)
{
    USHORT Tag = VnetReadBig16(Frame + TYPE_OFFSET + 2);

    Info->Value = NULL;
    Info->TagHeader.UserPriority = Tag >> 13;
    Info->TagHeader.CanonicalFormatId = Tag >> 12 & 1;
    Info->TagHeader.VlanId = Tag & 0x0FFF;
    RtlMoveMemory(Frame + VNET_VLAN_TAG_BYTES, Frame, TYPE_OFFSET);
    return Frame + VNET_VLAN_TAG_BYTES;
}

/* --- checksums and coalesced segments --- */

static BOOLEAN
MayReport(const VNET_OFFLOADS *Offloads, const VNET_PACKET *Packet)
{
    BOOLEAN IsIpv6 = Packet->IpVersion == 6;

    if (Packet->IpVersion == 0 || Packet->IsFragment) {
        return FALSE;
    }
    return (Packet->Protocol == VNET_PROTOCOL_TCP && Offloads->TcpReceive[IsIpv6]) ||
           (Packet->Protocol == VNET_PROTOCOL_UDP && Offloads->UdpReceive[IsIpv6]);
}

static VOID
ReportIpHeader(const UCHAR *Frame, const VNET_PACKET *Packet,
               NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO *Info)
{
    const UCHAR *Ip = Frame + Packet->IpOffset;

    if (VnetReadBig16(Ip + 10) == VnetIpChecksum(Ip)) {
        Info->Receive.IpChecksumSucceeded = TRUE;
    } else {
        Info->Receive.IpChecksumFailed = TRUE;
    }
}

/* The device says that the transport checksum is right, or would be if it were complete. */
static VOID
ReportChecksum(const VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferList, const UCHAR *Frame,
               const VNET_PACKET *Packet, const VIRTIO_NET_HDR *Header)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Info = {.Value = NULL};
    BOOLEAN IsPartial = (Header->Flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;

    if (MayReport(&Adapter->Offloads, Packet)) {
        if (Packet->Protocol == VNET_PROTOCOL_TCP) {
            Info.Receive.TcpChecksumSucceeded = TRUE;
        } else {
            Info.Receive.UdpChecksumSucceeded = TRUE;
        }
        Info.Receive.TcpChecksumValueInvalid = IsPartial;
    } else if (IsPartial) {
        VnetFinishChecksum(NET_BUFFER_LIST_FIRST_NB(NetBufferList), Header->ChecksumStart,
                           Header->ChecksumOffset);
    }
    if (Packet->IpVersion == 4 && Adapter->Offloads.IpChecksumReceive) {
        ReportIpHeader(Frame, Packet, &Info);
    }
    NET_BUFFER_LIST_INFO(NetBufferList, TcpIpChecksumNetBufferListInfo) = Info.Value;
}

/* "Indicating Coalesced Segments". */
static VOID
ReportCoalesced(NET_BUFFER_LIST *NetBufferList, const VNET_PACKET *Packet,
                const VIRTIO_NET_HDR *Header, ULONG FrameBytes, VNET_COUNTERS *Counters)
{
    ULONG Headers = Packet->TransportOffset + Packet->TransportBytes;
    ULONG Payload = FrameBytes > Headers ? FrameBytes - Headers : 0;
    ULONG Segments = (Payload + Header->GsoSize - 1) / Header->GsoSize;

    NET_BUFFER_LIST_COALESCED_SEG_COUNT(NetBufferList) = (USHORT)Segments;
    NET_BUFFER_LIST_DUP_ACK_COUNT(NetBufferList) = 0;
    Counters->CoalescedFrames += Segments;
    Counters->CoalescedBytes += Payload;
    Counters->CoalesceEvents++;
}

/*
 * "URO indications must set the IPv4Header.HeaderChecksum and UdpHeader.Checksum fields to zero and
 * fill out the checksum offload out-of-band information".
 */
static VOID
ReportCoalescedDatagrams(NET_BUFFER_LIST *NetBufferList, UCHAR *Frame, const VNET_PACKET *Packet,
                         const VIRTIO_NET_HDR *Header, ULONG FrameBytes)
{
    ULONG Payload = FrameBytes - Packet->TransportOffset - Packet->TransportBytes;
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Info = {.Value = NULL};

    NET_BUFFER_LIST_UDP_COALESCED_SEG_COUNT(NetBufferList) =
        (USHORT)((Payload + Header->GsoSize - 1) / Header->GsoSize);
    NET_BUFFER_LIST_UDP_COALESCED_SEG_SIZE(NetBufferList) = Header->GsoSize;
    VnetWriteBig16(Frame + Packet->TransportOffset + UDP_CHECKSUM_OFFSET, 0);
    Info.Receive.UdpChecksumSucceeded = TRUE;
    if (Packet->IpVersion == 4) {
        VnetWriteBig16(Frame + Packet->IpOffset + IPV4_CHECKSUM_OFFSET, 0);
        Info.Receive.IpChecksumSucceeded = TRUE;
    }
    NET_BUFFER_LIST_INFO(NetBufferList, TcpIpChecksumNetBufferListInfo) = Info.Value;
}

static BOOLEAN
HasCoalescedDatagrams(const VNET_ADAPTER *Adapter, const VNET_PACKET *Packet,
                      const VIRTIO_NET_HDR *Header, ULONG FrameBytes)
{
    return VnetHas(Adapter, VIRTIO_NET_F_GUEST_USO4) && Packet->Protocol == VNET_PROTOCOL_UDP &&
           !Packet->IsFragment && Header->GsoSize != 0 &&
           FrameBytes > (ULONG)Packet->TransportOffset + Packet->TransportBytes;
}

/* FALSE: the device says what cannot be. */
static BOOLEAN
TakeOffloads(const VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferList, UCHAR *Frame,
             ULONG Contiguous, ULONG FrameBytes, const VIRTIO_NET_HDR *Header,
             VNET_COUNTERS *Counters)
{
    UCHAR Gso = Header->GsoType & ~VIRTIO_NET_HDR_GSO_ECN;
    VNET_PACKET Packet;
    BOOLEAN IsKnown = VnetParsePacket(Frame, Contiguous, &Packet);

    if (Gso == VIRTIO_NET_HDR_GSO_UDP_L4) {
        if (!IsKnown || !HasCoalescedDatagrams(Adapter, &Packet, Header, FrameBytes)) {
            return FALSE;
        }
        ReportCoalescedDatagrams(NetBufferList, Frame, &Packet, Header, FrameBytes);
        return TRUE;
    }
    if (Gso != VIRTIO_NET_HDR_GSO_NONE) {
        if (!IsKnown || Packet.Protocol != VNET_PROTOCOL_TCP || Header->GsoSize == 0 ||
            Gso != (Packet.IpVersion == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6)) {
            return FALSE;
        }
        ReportCoalesced(NetBufferList, &Packet, Header, FrameBytes, Counters);
    }
    if (!IsKnown) {
        Packet.IpVersion = 0;
    }
    ReportChecksum(Adapter, NetBufferList, Frame, &Packet, Header);
    return TRUE;
}

/*
 * Whoever had the list may have left something anywhere in its out-of-band data. By pieces that
 * compilers clear with a few stores; for all at once they take a slower instruction.
 */
static VOID
ClearInfo(NET_BUFFER_LIST *NetBufferList)
{
    enum { PIECE = 8, WHOLE = MaxNetBufferListInfo / PIECE * PIECE };
    PVOID *Info = NetBufferList->NetBufferListInfo;

    for (ULONG i = 0; i < WHOLE; i += PIECE) {
        NdisZeroMemory(&Info[i], PIECE * sizeof(PVOID));
    }
    NdisZeroMemory(&Info[WHOLE], (MaxNetBufferListInfo - WHOLE) * sizeof(PVOID));
}

/* --- the chain --- */

/* Link the pieces; their MDLs describe whole buffers, and all but the last must be full. */
static ULONG
LinkPieces(VNET_RECEIVE_BUFFER *Buffer, ULONG BufferBytes)
{
    ULONG Bytes = Buffer->Bytes;

    for (VNET_RECEIVE_BUFFER *Piece = Buffer; Piece->More != NULL; Piece = Piece->More) {
        if (Piece->Bytes != BufferBytes) {
            NdisAdjustMdlLength(Piece->Mdl, Piece->Bytes);
        }
        Piece->Mdl->Next = Piece->More->Mdl;
        Bytes += Piece->More->Bytes;
    }
    return Bytes;
}

static VOID
SetData(NET_BUFFER *NetBuffer, MDL *Mdl, ULONG Offset, ULONG Bytes)
{
    NET_BUFFER_FIRST_MDL(NetBuffer) = Mdl;
    NET_BUFFER_DATA_OFFSET(NetBuffer) = Offset;
    NET_BUFFER_CURRENT_MDL(NetBuffer) = Mdl;
    NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer) = Offset;
    NetBuffer->stDataLength = Bytes;
}

static BOOLEAN
IsLengthRight(const VNET_ADAPTER *Adapter, const VIRTIO_NET_HDR *Header, ULONG FrameBytes)
{
    ULONG Limit = Header->GsoType == VIRTIO_NET_HDR_GSO_NONE ? Adapter->Mtu : VNET_IP_BYTES_LIMIT;

    return FrameBytes <= Limit + VNET_ETHERNET_BYTES + VNET_VLAN_TAG_BYTES;
}

NET_BUFFER_LIST *
VnetReceiveFrame(VNET_ADAPTER *Adapter, VNET_RECEIVE_BUFFER *Buffer)
{
    const VIRTIO_NET_HDR *Header = (const VIRTIO_NET_HDR *)Buffer->Data;
    NET_BUFFER_LIST *NetBufferList = Buffer->Nbl;
    VNET_COUNTERS *Counters = &Buffer->Queue->Fresh;
    UCHAR *Frame = Buffer->Data + VNET_HEADER_BYTES;
    NDIS_NET_BUFFER_LIST_8021Q_INFO Tag = {.Value = NULL};
    ULONG Bytes = LinkPieces(Buffer, Adapter->ReceiveBufferBytes) - VNET_HEADER_BYTES;
    BOOLEAN HasOffloads = Header->Flags != 0 || Header->GsoType != VIRTIO_NET_HDR_GSO_NONE;

    if (Buffer->Bytes < VNET_HEADER_BYTES + VNET_ETHERNET_BYTES ||
        !IsLengthRight(Adapter, Header, Bytes)) {
        Counters->Errors++;
        return NULL;
    }
    if (!VnetIsWanted(Adapter, Frame)) {
        return NULL;
    }
    ClearInfo(NetBufferList);
    SetData(NET_BUFFER_LIST_FIRST_NB(NetBufferList), Buffer->Mdl, VNET_HEADER_BYTES, Bytes);
    if (HasOffloads && !TakeOffloads(Adapter, NetBufferList, Frame,
                                     Buffer->Bytes - VNET_HEADER_BYTES, Bytes, Header, Counters)) {
        Counters->Errors++;
        return NULL;
    }
    if (Adapter->Config.PriorityVlanTag != 0 && VnetReadBig16(Frame + TYPE_OFFSET) == TYPE_VLAN &&
        Buffer->Bytes >= VNET_HEADER_BYTES + VNET_ETHERNET_BYTES + VNET_VLAN_TAG_BYTES) {
        Frame = StripVlanTag(Frame, &Tag);
        Bytes -= VNET_VLAN_TAG_BYTES;
        SetData(NET_BUFFER_LIST_FIRST_NB(NetBufferList), Buffer->Mdl,
                VNET_HEADER_BYTES + VNET_VLAN_TAG_BYTES, Bytes);
        NET_BUFFER_LIST_INFO(NetBufferList, Ieee8021QNetBufferListInfo) = Tag.Value;
    }
    if (!IsOurVlan(&Adapter->Config, Tag.TagHeader.VlanId)) {
        Counters->Discards++;
        return NULL;
    }
    NetBufferList->SourceHandle = Adapter->Handle;
    VnetCount(Counters, Frame, 1, Bytes);
    return NetBufferList;
}
