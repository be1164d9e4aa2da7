/*
 * What an adapter cannot do with what it sends is done here: segments are cut, checksums computed
 * and VLAN tags inserted, in copies.
 */
#include "bridge.h"

enum { TCP_FIN = 0x01, TCP_PUSH = 0x08, TCP_CONGESTION_REDUCED = 0x80, TCP_FLAGS = 13 };

/* The frame's headers with the tag in its place, at @to. */
static void
copy_header(UCHAR *to, const struct needs *needs, ULONG bytes)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO tag;

    if (!needs->tagged) {
        RtlCopyMemory(to, needs->data, bytes);
        return;
    }
    tag.Value = (PVOID)needs->tag;
    RtlCopyMemory(to, needs->data, 2 * ADDRESS_BYTES);
    write16(to + 2 * ADDRESS_BYTES, 0x8100);
    write16(to + 2 * ADDRESS_BYTES + 2, (tag.TagHeader.UserPriority << 13) |
                                            (tag.TagHeader.CanonicalFormatId << 12) |
                                            tag.TagHeader.VlanId);
    RtlCopyMemory(to + 2 * ADDRESS_BYTES + VLAN_TAG, needs->data + 2 * ADDRESS_BYTES,
                  bytes - 2 * ADDRESS_BYTES);
}

/* --- a frame that stays whole --- */

static void
set_transport_checksum(UCHAR *data, const struct headers *headers, ULONG transport_bytes)
{
    UCHAR *at = data + headers_checksum_offset(headers);
    ULONG sum = headers_pseudo_sum(data, headers, transport_bytes);
    USHORT checksum;

    write16(at, 0);
    checksum = (USHORT)~sum_bytes(data + headers->transport, transport_bytes, sum);
    /* "no checksum" in UDP is a zero. */
    write16(at, checksum == 0 && headers->kind == TRANSPORT_UDP ? 0xffff : checksum);
}

static NET_BUFFER_LIST *
make_whole(NET_BUFFER_LIST *received, const struct needs *needs)
{
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(received);
    ULONG tag = needs->tagged ? VLAN_TAG : 0;
    ULONG bytes = needs->frame_bytes;
    UCHAR *data;
    NET_BUFFER_LIST *list = carrier_segment(bytes + tag, &data);

    if (list == NULL) {
        return NULL;
    }
    if (!frame_read(buffer, 2 * ADDRESS_BYTES, data + 2 * ADDRESS_BYTES + tag,
                    bytes - 2 * ADDRESS_BYTES)) {
        carrier_put(NULL, list);
        return NULL;
    }
    copy_header(data, needs, 2 * ADDRESS_BYTES);
    /* From here on offsets are those without the tag. */
    data += tag;
    if (needs->ip_sum) {
        headers_set_ip_checksum(data, &needs->headers);
    }
    if (needs->transport_sum) {
        set_transport_checksum(data, &needs->headers,
                               needs->headers.end - needs->headers.transport);
    }
    return list;
}

/* --- a frame that is cut --- */

static void
set_lengths(UCHAR *data, const struct headers *headers, ULONG payload, ULONG index)
{
    UCHAR *ip = data + headers->ip;
    ULONG transport = headers->payload - headers->transport + payload;

    if (headers->version == 4) {
        write16(ip + 2, headers->transport - headers->ip + transport);
        write16(ip + 4, read16(ip + 4) + index);
        headers_set_ip_checksum(data, headers);
    } else {
        write16(ip + 4, headers->transport - headers->ip - 40 + transport);
    }
    if (headers->kind == TRANSPORT_UDP) {
        write16(data + headers->transport + 4, transport);
    }
}

static void
set_sequence(UCHAR *data, const struct headers *headers, ULONG offset, BOOLEAN first, BOOLEAN last)
{
    UCHAR *tcp = data + headers->transport;
    ULONG sequence = ((ULONG)read16(tcp + 4) << 16 | read16(tcp + 6)) + offset;

    write16(tcp + 4, sequence >> 16);
    write16(tcp + 6, sequence);
    if (!first) {
        tcp[TCP_FLAGS] &= (UCHAR)~TCP_CONGESTION_REDUCED;
    }
    if (!last) {
        tcp[TCP_FLAGS] &= (UCHAR) ~(TCP_FIN | TCP_PUSH);
    }
}

static NET_BUFFER_LIST *
make_segment(NET_BUFFER_LIST *received, const struct needs *needs, ULONG index)
{
    const struct headers *headers = &needs->headers;
    ULONG offset = index * needs->segment_bytes;
    ULONG left = headers->end - headers->payload - offset;
    ULONG payload = min(left, needs->segment_bytes);
    ULONG tag = needs->tagged ? VLAN_TAG : 0;
    UCHAR *data;
    NET_BUFFER_LIST *list = carrier_segment(headers->payload + tag + payload, &data);

    if (list == NULL) {
        return NULL;
    }
    copy_header(data, needs, headers->payload);
    data += tag;
    if (!frame_read(NET_BUFFER_LIST_FIRST_NB(received), headers->payload + offset,
                    data + headers->payload, payload)) {
        carrier_put(NULL, list);
        return NULL;
    }
    set_lengths(data, headers, payload, index);
    if (headers->kind == TRANSPORT_TCP) {
        set_sequence(data, headers, offset, index == 0, payload == left);
    }
    set_transport_checksum(data, headers, headers->payload - headers->transport + payload);
    return list;
}

static void
put_all(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *list)
{
    while (list != NULL) {
        NET_BUFFER_LIST *next = list->Next;

        carrier_put(processor, list);
        list = next;
    }
}

NET_BUFFER_LIST *
segment_make(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *received, const struct needs *needs)
{
    NET_BUFFER_LIST *first = NULL;
    NET_BUFFER_LIST **end = &first;

    if (needs->segment_bytes == 0) {
        return make_whole(received, needs);
    }
    for (ULONG i = 0; i < needs->segments; i++) {
        *end = make_segment(received, needs, i);
        if (*end == NULL) {
            put_all(processor, first);
            return NULL;
        }
        end = &(*end)->Next;
    }
    return first;
}
