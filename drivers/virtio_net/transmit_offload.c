/*
 * What a frame's out-of-band data ask of the device: checksums and segmentation. Where the device
 * needs headers otherwise than the sender wrote them, they are copied and changed in the copy.
 */
#include "adapter.h"
#include "packet.h"

enum { TCP_CHECKSUM_OFFSET = 16, UDP_CHECKSUM_OFFSET = 6 };

static NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO
LsoInfoOf(const NET_BUFFER_LIST *NetBufferList)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO Info;

    Info.Value = NET_BUFFER_LIST_INFO(NetBufferList, TcpLargeSendNetBufferListInfo);
    return Info;
}

BOOLEAN
VnetSendIsLengthValid(const VNET_ADAPTER *Adapter, const NET_BUFFER_LIST *NetBufferList,
                      const NET_BUFFER *NetBuffer)
{
    SIZE_T Bytes = NetBuffer->stDataLength;
    SIZE_T Limit = Adapter->Mtu;

    if (LsoInfoOf(NetBufferList).LsoV2Transmit.MSS != 0) {
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

static VOID
AskForChecksum(VIRTIO_NET_HDR *Header, const VNET_PACKET *Packet)
{
    Header->Flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    Header->ChecksumStart = Packet->TransportOffset;
    Header->ChecksumOffset =
        Packet->Protocol == VNET_PROTOCOL_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
}

/*
 * The sender left the lengths out of the IP header and of the sum of the pseudo header
 * ("Offloading the Segmentation of Large TCP Packets"); the device wants them in.
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
    VnetWriteBig16(Frame + Packet->TransportOffset + TCP_CHECKSUM_OFFSET, VnetFold(Sum));
}

/* FALSE: this cannot be sent. On success the first *PrefixBytes of @Copy replace the frame's. */
static BOOLEAN
PlanSegments(VIRTIO_NET_HDR *Header, UCHAR *Copy, const VNET_PACKET *Packet, ULONG FrameBytes,
             ULONG Mss, ULONG *PrefixBytes)
{
    ULONG Headers = Packet->TransportOffset + Packet->TransportBytes;

    if (Packet->Protocol != VNET_PROTOCOL_TCP || Packet->IsFragment || Headers > *PrefixBytes ||
        FrameBytes - Packet->IpOffset > VNET_IP_BYTES_LIMIT || Mss > MAXUSHORT) {
        return FALSE;
    }
    CompleteHeaders(Copy, Packet, FrameBytes);
    AskForChecksum(Header, Packet);
    if (FrameBytes - Headers > Mss) {
        Header->GsoType =
            Packet->IpVersion == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
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
VnetSendPlanOffloads(NET_BUFFER_LIST *NetBufferList, NET_BUFFER *NetBuffer, VIRTIO_NET_HDR *Header,
                     UCHAR *Copy, ULONG *PrefixBytes)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO Lso = LsoInfoOf(NetBufferList);
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Checksum;
    ULONG FrameBytes = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ULONG Bytes = min(FrameBytes, (ULONG)VNET_SEND_PREFIX_LIMIT);
    VNET_PACKET Packet;
    UCHAR *Start;

    *PrefixBytes = 0;
    Checksum.Value = NET_BUFFER_LIST_INFO(NetBufferList, TcpIpChecksumNetBufferListInfo);
    if (Lso.LsoV2Transmit.MSS == 0 && !Checksum.Transmit.TcpChecksum &&
        !Checksum.Transmit.UdpChecksum && !Checksum.Transmit.IpHeaderChecksum) {
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
    return Lso.LsoV2Transmit.MSS != 0
               ? PlanSegments(Header, Copy, &Packet, FrameBytes, Lso.LsoV2Transmit.MSS, PrefixBytes)
               : PlanChecksum(Header, Copy, &Packet, Checksum, PrefixBytes);
}
