/*
 * What a frame's out-of-band data ask of the device: checksums and segmentation. Where the device
 * needs headers otherwise than the sender wrote them, they are copied and changed in the copy.
 */
#include "adapter.h"
#include "packet.h"

enum { TCP_CHECKSUM_OFFSET = 16, UDP_LENGTH_OFFSET = 4, UDP_CHECKSUM_OFFSET = 6 };

static NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO
LsoInfoOf(const NET_BUFFER_LIST *NetBufferList)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO Info;

    Info.Value = NET_BUFFER_LIST_INFO(NetBufferList, TcpLargeSendNetBufferListInfo);
    return Info;
}

static NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO
UsoInfoOf(const NET_BUFFER_LIST *NetBufferList)
{
    NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO Info;

    Info.Value = NET_BUFFER_LIST_INFO(NetBufferList, UdpSegmentationOffloadInfo);
    return Info;
}

/* What is asked for, of one of the two kinds of segmentation. */
typedef struct _VNET_SEGMENTS {
    UCHAR Protocol;
    ULONG Mss; /* 0: nothing. */
} VNET_SEGMENTS;

static VNET_SEGMENTS
SegmentsOf(const NET_BUFFER_LIST *NetBufferList)
{
    VNET_SEGMENTS Tcp = {VNET_PROTOCOL_TCP, LsoInfoOf(NetBufferList).LsoV2Transmit.MSS};
    VNET_SEGMENTS Udp = {VNET_PROTOCOL_UDP, UsoInfoOf(NetBufferList).Transmit.MSS};

    return Udp.Mss != 0 ? Udp : Tcp;
}

BOOLEAN
VnetSendIsLengthValid(const VNET_ADAPTER *Adapter, const NET_BUFFER_LIST *NetBufferList,
                      const NET_BUFFER *NetBuffer)
{
    SIZE_T Bytes = NetBuffer->stDataLength;
    SIZE_T Limit = Adapter->Mtu;

    if (SegmentsOf(NetBufferList).Mss != 0) {
        Limit = VNET_IP_BYTES_LIMIT;
    }
    return Bytes >= VNET_ETHERNET_BYTES &&
           Bytes <= Limit + VNET_ETHERNET_BYTES + VNET_VLAN_TAG_BYTES;
}

UCHAR *
VnetSendFrameStart(NET_BUFFER *NetBuffer, ULONG Bytes, UCHAR *Storage)
{
    MDL *Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    UCHAR *Address;

    if (MmGetMdlByteCount(Mdl) - Offset < Bytes) {
        return NdisGetDataBuffer(NetBuffer, Bytes, Storage, 1, 0);
    }
    Address = MmGetSystemAddressForMdlSafe(Mdl, LowPagePriority | MdlMappingNoExecute);
    return Address == NULL ? NULL : Address + Offset;
}

/* --- checksum and segmentation --- */

static ULONG
ChecksumOffsetOf(const VNET_PACKET *Packet)
{
    return Packet->Protocol == VNET_PROTOCOL_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
}

static VOID
AskForChecksum(VIRTIO_NET_HDR *Header, const VNET_PACKET *Packet)
{
    Header->Flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    Header->ChecksumStart = Packet->TransportOffset;
    Header->ChecksumOffset = (USHORT)ChecksumOffsetOf(Packet);
}

/*
 * The sender left the lengths out of the IP header and of the sum of the pseudo header
 * ("Offloading the Segmentation of Large TCP Packets", "UDP Segmentation Offload (USO)"); the
 * device wants them in.
 */
static VOID
CompleteHeaders(UCHAR *Frame, const VNET_PACKET *Packet, ULONG FrameBytes)
{
    UCHAR *Ip = Frame + Packet->IpOffset;
    ULONG Sum = VnetSumPseudoHeader(Frame, Packet, FrameBytes - Packet->TransportOffset);

    if (Packet->IpVersion == 4) {
        VnetWriteBig16(Ip + 2, (USHORT)(FrameBytes - Packet->IpOffset));
        VnetWriteBig16(Ip + 10, VnetIpChecksum(Ip));
    } else {
        VnetWriteBig16(Ip + 4, (USHORT)(FrameBytes - Packet->IpOffset - 40));
    }
    if (Packet->Protocol == VNET_PROTOCOL_UDP) {
        VnetWriteBig16(Frame + Packet->TransportOffset + UDP_LENGTH_OFFSET,
                       (USHORT)(FrameBytes - Packet->TransportOffset));
    }
    VnetWriteBig16(Frame + Packet->TransportOffset + ChecksumOffsetOf(Packet), VnetFold(Sum));
}

static UCHAR
GsoTypeOf(const VNET_PACKET *Packet)
{
    if (Packet->Protocol == VNET_PROTOCOL_UDP) {
        return VIRTIO_NET_HDR_GSO_UDP_L4;
    }
    return Packet->IpVersion == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

/* "Drivers must fail any send request they can't perform": also what is switched off. */
static BOOLEAN
MaySegment(const VNET_ADAPTER *Adapter, const VNET_PACKET *Packet)
{
    return (ReadNoFence(&Adapter->LargeSends) &
            VNET_LARGE_SEND(Packet->Protocol == VNET_PROTOCOL_UDP, Packet->IpVersion == 6)) != 0;
}

/*
 * FALSE: this cannot be sent. On success the first *PrefixBytes of @Copy replace the frame's. The
 * device cuts nothing without completing checksums, so datagrams that had none get one.
 */
static BOOLEAN
PlanSegments(const VNET_ADAPTER *Adapter, VIRTIO_NET_HDR *Header, UCHAR *Copy,
             const VNET_PACKET *Packet, ULONG FrameBytes, VNET_SEGMENTS Asked, ULONG *PrefixBytes)
{
    ULONG Headers = Packet->TransportOffset + Packet->TransportBytes;
    ULONG Mss = Asked.Mss;

    if (Packet->Protocol != Asked.Protocol || !MaySegment(Adapter, Packet) || Packet->IsFragment ||
        Headers > *PrefixBytes || FrameBytes - Packet->IpOffset > VNET_IP_BYTES_LIMIT ||
        Mss > MAXUSHORT) {
        return FALSE;
    }
    CompleteHeaders(Copy, Packet, FrameBytes);
    AskForChecksum(Header, Packet);
    if (FrameBytes - Headers > Mss) {
        Header->GsoType = GsoTypeOf(Packet);
        Header->GsoSize = (USHORT)Mss;
        Header->HeaderLength = (USHORT)Headers;
    }
    *PrefixBytes = Headers;
    return TRUE;
}

/* FALSE: this cannot be sent. *PrefixBytes becomes 0 when the frame can go as it is. */
static BOOLEAN
PlanChecksum(VIRTIO_NET_HDR *Header, UCHAR *Copy, const VNET_PACKET *Packet,
             NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Asked, ULONG *PrefixBytes)
{
    BOOLEAN Transport = Asked.Transmit.TcpChecksum || Asked.Transmit.UdpChecksum;

    if (Transport) {
        if (Packet->TransportBytes == 0 ||
            Packet->Protocol !=
                (Asked.Transmit.TcpChecksum ? VNET_PROTOCOL_TCP : VNET_PROTOCOL_UDP)) {
            return FALSE;
        }
        AskForChecksum(Header, Packet);
    }
    *PrefixBytes = 0;
    if (Asked.Transmit.IpHeaderChecksum && Packet->IpVersion == 4) {
        UCHAR *Ip = Copy + Packet->IpOffset;

        VnetWriteBig16(Ip + 10, VnetIpChecksum(Ip));
        *PrefixBytes = Packet->TransportOffset;
    }
    return TRUE;
}

BOOLEAN
VnetSendPlanOffloads(const VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferList,
                     NET_BUFFER *NetBuffer, VIRTIO_NET_HDR *Header, UCHAR *Copy, ULONG *PrefixBytes)
{
    VNET_SEGMENTS Asked = SegmentsOf(NetBufferList);
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Checksum;
    ULONG FrameBytes = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ULONG Bytes = min(FrameBytes, (ULONG)VNET_SEND_PREFIX_LIMIT);
    VNET_PACKET Packet;
    UCHAR *Start;

    *PrefixBytes = 0;
    Checksum.Value = NET_BUFFER_LIST_INFO(NetBufferList, TcpIpChecksumNetBufferListInfo);
    if (Asked.Mss == 0 && !Checksum.Transmit.TcpChecksum && !Checksum.Transmit.UdpChecksum &&
        !Checksum.Transmit.IpHeaderChecksum) {
        return TRUE;
    }
    Start = VnetSendFrameStart(NetBuffer, Bytes, Copy);
    if (Start == NULL || !VnetParsePacket(Start, Bytes, &Packet)) {
        return FALSE;
    }
    if (Start != Copy) {
        NdisMoveMemory(Copy, Start, Bytes);
    }
    *PrefixBytes = Bytes;
    return Asked.Mss != 0
               ? PlanSegments(Adapter, Header, Copy, &Packet, FrameBytes, Asked, PrefixBytes)
               : PlanChecksum(Header, Copy, &Packet, Checksum, PrefixBytes);
}
