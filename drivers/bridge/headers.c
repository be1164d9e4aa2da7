/* Where the headers of an Ethernet frame are, and the Internet checksum over parts of it. */
#include "bridge.h"

enum {
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    TYPE_VLAN = 0x8100,
    TYPE_SERVICE_VLAN = 0x88a8,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    UDP_HEADER = 8,
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_DESTINATION = 60,
    TAG_LIMIT = 2,
    EXTENSION_LIMIT = 8,
};

static BOOLEAN
parse_ipv4(const UCHAR *data, ULONG bytes, struct headers *headers, ULONG *out_protocol)
{
    const UCHAR *ip = data + headers->ip;
    ULONG length;

    if (bytes - headers->ip < IPV4_HEADER || (ip[0] >> 4) != 4) {
        return FALSE;
    }
    length = (ip[0] & 0x0f) * 4u;
    if (length < IPV4_HEADER || bytes - headers->ip < length) {
        return FALSE;
    }
    headers->version = 4;
    headers->fragment = (read16(ip + 6) & 0x3fff) != 0;
    headers->transport = headers->ip + length;
    *out_protocol = ip[9];
    return TRUE;
}

static BOOLEAN
parse_ipv6(const UCHAR *data, ULONG bytes, struct headers *headers, ULONG *out_protocol)
{
    ULONG at = headers->ip + IPV6_HEADER;
    ULONG protocol;

    if (bytes < at || (data[headers->ip] >> 4) != 6) {
        return FALSE;
    }
    protocol = data[headers->ip + 6];
    for (ULONG i = 0; i < EXTENSION_LIMIT; i++) {
        if (protocol == PROTOCOL_FRAGMENT) {
            headers->fragment = TRUE;
            break;
        }
        if (protocol != PROTOCOL_HOP_BY_HOP && protocol != PROTOCOL_ROUTING &&
            protocol != PROTOCOL_DESTINATION) {
            break;
        }
        if (bytes < at + 8) {
            return FALSE;
        }
        protocol = data[at];
        at += (data[at + 1] + 1u) * 8;
    }
    headers->version = 6;
    headers->transport = at;
    *out_protocol = protocol;
    return bytes >= at;
}

static void
parse_transport(const UCHAR *data, ULONG bytes, struct headers *headers, ULONG protocol)
{
    const UCHAR *transport = data + headers->transport;
    ULONG room = bytes - headers->transport;

    if (headers->fragment) {
        return;
    }
    if (protocol == PROTOCOL_TCP && room >= TCP_HEADER) {
        ULONG length = (transport[12] >> 4) * 4u;

        if (length >= TCP_HEADER && room >= length) {
            headers->kind = TRANSPORT_TCP;
            headers->payload = headers->transport + length;
        }
    } else if (protocol == PROTOCOL_UDP && room >= UDP_HEADER) {
        headers->kind = TRANSPORT_UDP;
        headers->payload = headers->transport + UDP_HEADER;
    }
}

/* Where the packet ends: behind it there may be padding. */
static ULONG
packet_end(const UCHAR *data, const struct headers *headers, ULONG frame_bytes)
{
    const UCHAR *ip = data + headers->ip;
    ULONG bytes = headers->version == 4 ? read16(ip + 2) : read16(ip + 4);

    if (bytes == 0) {
        return frame_bytes;
    }
    bytes += headers->ip + (headers->version == 4 ? 0 : IPV6_HEADER);
    return min(bytes, frame_bytes);
}

BOOLEAN
headers_parse(const UCHAR *data, ULONG bytes, ULONG frame_bytes, struct headers *out_headers)
{
    ULONG at = 2 * ADDRESS_BYTES;
    ULONG protocol = 0;
    ULONG type;
    BOOLEAN is_ip;

    RtlZeroMemory(out_headers, sizeof(*out_headers));
    if (bytes < ETHERNET_HEADER) {
        return FALSE;
    }
    type = read16(data + at);
    for (ULONG i = 0; i < TAG_LIMIT && (type == TYPE_VLAN || type == TYPE_SERVICE_VLAN); i++) {
        at += VLAN_TAG;
        if (bytes < at + 2) {
            return FALSE;
        }
        type = read16(data + at);
    }
    out_headers->ip = at + 2;
    if (type == TYPE_IPV4) {
        is_ip = parse_ipv4(data, bytes, out_headers, &protocol);
    } else {
        is_ip = type == TYPE_IPV6 && parse_ipv6(data, bytes, out_headers, &protocol);
    }
    if (!is_ip) {
        out_headers->version = 0;
        return FALSE;
    }
    parse_transport(data, bytes, out_headers, protocol);
    out_headers->end = packet_end(data, out_headers, frame_bytes);
    return out_headers->end >= out_headers->payload;
}

/* --- sums --- */

ULONG
sum_bytes(const UCHAR *data, ULONG bytes, ULONG sum)
{
    ULONG64 wide = sum;

    for (; bytes >= 2; bytes -= 2, data += 2) {
        wide += read16(data);
    }
    if (bytes != 0) {
        wide += (ULONG)data[0] << 8;
    }
    while ((wide >> 16) != 0) {
        wide = (wide & 0xffff) + (wide >> 16);
    }
    return (ULONG)wide;
}

USHORT
sum_fold(ULONG sum)
{
    while ((sum >> 16) != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (USHORT)sum;
}

ULONG
headers_pseudo_sum(const UCHAR *data, const struct headers *headers, ULONG bytes)
{
    ULONG sum = headers->kind == TRANSPORT_TCP ? PROTOCOL_TCP : PROTOCOL_UDP;

    sum += (bytes >> 16) + (bytes & 0xffff);
    return headers->version == 4 ? sum_bytes(data + headers->ip + 12, 8, sum)
                                 : sum_bytes(data + headers->ip + 8, 32, sum);
}

void
headers_set_ip_checksum(UCHAR *data, const struct headers *headers)
{
    UCHAR *ip = data + headers->ip;

    if (headers->version == 4) {
        write16(ip + 10, 0);
        write16(ip + 10, (USHORT)~sum_bytes(ip, headers->transport - headers->ip, 0));
    }
}

ULONG
headers_checksum_offset(const struct headers *headers)
{
    return headers->transport + (headers->kind == TRANSPORT_TCP ? 16 : 6);
}
