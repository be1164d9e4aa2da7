/*
 * Out-of-band information of a receive becomes that of a send: coalesced segments (RSC, URO) are
 * handed to LSO and USO, sums that were found right but are not in the frame to checksum offload,
 * VLAN tags to whoever puts them back. Where the sending adapter cannot, segment.c can.
 */
#include "bridge.h"

static void
set_segmentation(struct segmentation *can, ULONG encapsulation, ULONG bytes, ULONG segments)
{
    BOOLEAN ethernet = (encapsulation & NDIS_ENCAPSULATION_IEEE_802_3) != 0;

    WriteNoFence(&can->bytes, ethernet ? (LONG)bytes : 0);
    WriteNoFence(&can->segments, (LONG)segments);
}

void
capabilities_from(struct capabilities *can, const NDIS_OFFLOAD *offload, ULONG bytes)
{
    const NDIS_TCP_IP_CHECKSUM_OFFLOAD *sums = &offload->Checksum;
    LONG flags = 0;

    if (bytes < NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1) {
        return;
    }
    if ((sums->IPv4Transmit.Encapsulation & NDIS_ENCAPSULATION_IEEE_802_3) != 0) {
        flags |= sums->IPv4Transmit.TcpChecksum ? CAN_TCP_SUM4 : 0;
        flags |= sums->IPv4Transmit.UdpChecksum ? CAN_UDP_SUM4 : 0;
        flags |= sums->IPv4Transmit.IpChecksum ? CAN_IP_SUM : 0;
    }
    if ((sums->IPv6Transmit.Encapsulation & NDIS_ENCAPSULATION_IEEE_802_3) != 0) {
        flags |= sums->IPv6Transmit.TcpChecksum ? CAN_TCP_SUM6 : 0;
        flags |= sums->IPv6Transmit.UdpChecksum ? CAN_UDP_SUM6 : 0;
    }
    WriteNoFence(&can->sums, flags);
    set_segmentation(&can->tcp[0], offload->LsoV2.IPv4.Encapsulation,
                     offload->LsoV2.IPv4.MaxOffLoadSize, offload->LsoV2.IPv4.MinSegmentCount);
    set_segmentation(&can->tcp[1], offload->LsoV2.IPv6.Encapsulation,
                     offload->LsoV2.IPv6.MaxOffLoadSize, offload->LsoV2.IPv6.MinSegmentCount);
    if (bytes >= NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_6) {
        const NDIS_UDP_SEGMENTATION_OFFLOAD *udp = &offload->UdpSegmentation;

        /* Datagrams are cut where they had been joined, so the last one may well be shorter. */
        set_segmentation(&can->udp[0],
                         udp->IPv4.SubMssFinalSegmentSupported ? udp->IPv4.Encapsulation : 0,
                         udp->IPv4.MaxOffLoadSize, udp->IPv4.MinSegmentCount);
        set_segmentation(&can->udp[1],
                         udp->IPv6.SubMssFinalSegmentSupported ? udp->IPv6.Encapsulation : 0,
                         udp->IPv6.MaxOffLoadSize, udp->IPv6.MinSegmentCount);
    }
}

/* --- what a frame needs --- */

/*
 * How long the segments were of which @payload bytes were put together. Their number says it only
 * roughly; full segments of the network they came from are the likeliest.
 */
static ULONG
segment_length(ULONG payload, ULONG segments, ULONG full)
{
    if (full != 0 && (payload + full - 1) / full == segments) {
        return full;
    }
    return (payload + segments - 1) / segments;
}

static void
find_segments(NET_BUFFER_LIST *received, const struct port *source, const struct port *to,
              struct needs *needs)
{
    const struct headers *headers = &needs->headers;
    ULONG head = headers->payload - ETHERNET_HEADER;
    ULONG payload = headers->end - headers->payload;
    ULONG segments;

    if (headers->kind == TRANSPORT_UDP) {
        ULONG bytes = NET_BUFFER_LIST_UDP_COALESCED_SEG_SIZE(received);

        needs->segment_bytes = bytes < payload ? bytes : 0;
    } else if (headers->kind == TRANSPORT_TCP) {
        ULONG mtu = (ULONG)ReadNoFence(&source->mtu);

        segments = NET_BUFFER_LIST_COALESCED_SEG_COUNT(received);
        if (segments > 1 && payload > segments) {
            needs->segment_bytes = segment_length(payload, segments, mtu > head ? mtu - head : 0);
        } else if (segments > 0 && head + payload > (ULONG)ReadNoFence(&to->mtu) && mtu > head) {
            needs->segment_bytes = mtu - head;
        }
    }
    if (needs->segment_bytes != 0) {
        needs->segments = (payload + needs->segment_bytes - 1) / needs->segment_bytes;
        needs->transport_sum = TRUE;
    }
}

/* FALSE: the frame has no such headers. */
static BOOLEAN
find_needs(NET_BUFFER_LIST *received, const struct port *source, const struct port *to,
           struct needs *needs)
{
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(received);
    ULONG bytes = min(needs->frame_bytes, (ULONG)HEADER_ROOM);
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sums;

    needs->data = NdisGetDataBuffer(buffer, bytes, needs->storage, 1, 0);
    if (needs->data == NULL ||
        !headers_parse(needs->data, bytes, needs->frame_bytes, &needs->headers)) {
        return FALSE;
    }
    sums.Value = NET_BUFFER_LIST_INFO(received, TcpIpChecksumNetBufferListInfo);
    needs->transport_sum = sums.Receive.TcpChecksumValueInvalid;
    needs->ip_sum = sums.Receive.IpChecksumValueInvalid && needs->headers.version == 4;
    find_segments(received, source, to, needs);
    return !needs->transport_sum || needs->headers.kind != TRANSPORT_NONE;
}

/* --- what the adapter can do of it --- */

static BOOLEAN
can_sum(const struct port *to, const struct needs *needs)
{
    LONG wanted = needs->ip_sum ? CAN_IP_SUM : 0;

    if (needs->transport_sum) {
        BOOLEAN v6 = needs->headers.version == 6;

        if (needs->headers.kind == TRANSPORT_TCP) {
            wanted |= v6 ? CAN_TCP_SUM6 : CAN_TCP_SUM4;
        } else {
            wanted |= v6 ? CAN_UDP_SUM6 : CAN_UDP_SUM4;
        }
    }
    return (ReadNoFence(&to->can.sums) & wanted) == wanted;
}

static BOOLEAN
can_cut(const struct port *to, const struct needs *needs)
{
    ULONG family = needs->headers.version == 6;
    const struct segmentation *can =
        needs->headers.kind == TRANSPORT_TCP ? &to->can.tcp[family] : &to->can.udp[family];

    return needs->headers.end - needs->headers.payload <= (ULONG)ReadNoFence(&can->bytes) &&
           needs->segments >= (ULONG)ReadNoFence(&can->segments);
}

/* The longest frame that will be on the cable, without Ethernet's header. */
static ULONG
packet_bytes(const struct needs *needs)
{
    ULONG bytes = needs->segment_bytes == 0 ? needs->frame_bytes
                                            : needs->headers.payload + needs->segment_bytes;

    return bytes - ETHERNET_HEADER;
}

/* A frame that nothing is to be done to: only its length and its tag matter. */
static enum treatment
examine_plain(const struct port *to, const struct needs *needs)
{
    ULONG limit = (ULONG)ReadNoFence(&to->mtu);

    /* A tag in the frame does not count against the MTU. */
    if (packet_bytes(needs) > limit + VLAN_TAG) {
        return TREAT_TOO_LONG;
    }
    if (packet_bytes(needs) > limit) {
        ULONG type = needs->data == NULL ? 0 : read16(needs->data + 2 * ADDRESS_BYTES);

        if (type != 0x8100 && type != 0x88a8) {
            return TREAT_TOO_LONG;
        }
    }
    return TREAT_PLAIN;
}

enum treatment
offload_examine(NET_BUFFER_LIST *received, const struct port *source, const struct port *to,
                struct needs *out)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sums;
    enum treatment treatment;
    BOOLEAN joined = NET_BUFFER_LIST_INFO(received, TcpRecvSegCoalesceInfo) != NULL ||
                     NET_BUFFER_LIST_INFO(received, UdpRecvSegCoalesceOffloadInfo) != NULL;

    out->frame_bytes = NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(received));
    out->segment_bytes = 0;
    out->segments = 1;
    out->transport_sum = out->ip_sum = FALSE;
    out->headers.kind = TRANSPORT_NONE;
    out->tag = (ULONG_PTR)NET_BUFFER_LIST_INFO(received, Ieee8021QNetBufferListInfo);
    out->tagged = out->tag != 0;
    sums.Value = NET_BUFFER_LIST_INFO(received, TcpIpChecksumNetBufferListInfo);
    if (joined || sums.Receive.TcpChecksumValueInvalid || sums.Receive.IpChecksumValueInvalid) {
        if (!find_needs(received, source, to, out)) {
            return TREAT_MALFORMED;
        }
    } else {
        out->data = NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(received), ETHERNET_HEADER,
                                      out->storage, 1, 0);
    }
    treatment = examine_plain(to, out);
    if (treatment != TREAT_PLAIN) {
        return treatment;
    }
    if (out->tagged && !ReadNoFence(&to->tags)) {
        return TREAT_SOFTWARE;
    }
    if (out->segment_bytes != 0) {
        return can_cut(to, out) ? TREAT_OFFLOAD : TREAT_SOFTWARE;
    }
    if (out->transport_sum || out->ip_sum) {
        return can_sum(to, out) ? TREAT_OFFLOAD : TREAT_SOFTWARE;
    }
    return out->tagged ? TREAT_OFFLOAD : TREAT_PLAIN;
}

/* --- telling it --- */

/*
 * The sum that the sender of a task has to leave in the checksum field: of the pseudo header, with
 * the length unless segments of other lengths are made of the frame.
 */
static BOOLEAN
leave_sum(NET_BUFFER_LIST *list, const struct needs *needs)
{
    const struct headers *headers = &needs->headers;
    ULONG at = headers_checksum_offset(headers);
    ULONG bytes = needs->segment_bytes == 0 ? headers->end - headers->transport : 0;
    USHORT sum = sum_fold(headers_pseudo_sum(needs->data, headers, bytes));
    UCHAR *header;

    if (needs->segment_bytes == 0 && read16(needs->data + at) == sum) {
        return TRUE;
    }
    /* The received data are not the bridge's to write to: others may be sending them as well. */
    header = carrier_own_header(list, headers->payload);
    if (header == NULL) {
        return FALSE;
    }
    write16(header + at, sum);
    if (needs->segment_bytes != 0 && headers->version == 4) {
        write16(header + headers->ip + 2, 0);
        write16(header + headers->ip + 10, 0);
    }
    return TRUE;
}

static void
set_cutting(NET_BUFFER_LIST *list, const struct needs *needs)
{
    const struct headers *headers = &needs->headers;

    if (headers->kind == TRANSPORT_TCP) {
        NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO info;

        info.Value = NULL;
        info.LsoV2Transmit.MSS = needs->segment_bytes;
        info.LsoV2Transmit.TcpHeaderOffset = headers->transport;
        info.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
        info.LsoV2Transmit.IPVersion = headers->version == 4 ? NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4
                                                             : NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6;
        NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo) = info.Value;
    } else {
        NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO info;

        info.Value = NULL;
        info.Transmit.MSS = needs->segment_bytes;
        info.Transmit.UdpHeaderOffset = headers->transport;
        info.Transmit.IPVersion = headers->version == 4 ? NDIS_UDP_SEGMENTATION_OFFLOAD_IPV4
                                                        : NDIS_UDP_SEGMENTATION_OFFLOAD_IPV6;
        NET_BUFFER_LIST_INFO(list, UdpSegmentationOffloadInfo) = info.Value;
    }
}

static void
set_sums(NET_BUFFER_LIST *list, const struct needs *needs)
{
    const struct headers *headers = &needs->headers;
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO info;

    info.Value = NULL;
    info.Transmit.IsIPv4 = headers->version == 4;
    info.Transmit.IsIPv6 = headers->version == 6;
    info.Transmit.IpHeaderChecksum = needs->ip_sum;
    if (needs->transport_sum) {
        info.Transmit.TcpChecksum = headers->kind == TRANSPORT_TCP;
        info.Transmit.UdpChecksum = headers->kind == TRANSPORT_UDP;
        info.Transmit.TcpHeaderOffset = headers->transport;
    }
    NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo) = info.Value;
}

BOOLEAN
offload_apply(NET_BUFFER_LIST *list, const struct needs *needs)
{
    if (needs->transport_sum && !leave_sum(list, needs)) {
        return FALSE;
    }
    if (needs->segment_bytes != 0) {
        set_cutting(list, needs);
    } else if (needs->transport_sum || needs->ip_sum) {
        set_sums(list, needs);
    }
    NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo) = (PVOID)needs->tag;
    return TRUE;
}
