/*
 * Joining datagrams. See coalesce.h. The frames lie in memory that the driver can write to: lengths
 * are taken from what has arrived, never from what the headers say.
 */
#include "hw/coalesce.h"

#include "hw/nic.h"
#include "hw/offload.h"
#include "hw/room.h"

#include <endian.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* Offsets in a frame. */
enum {
    TYPE = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    NETWORK = 14,
    PROTOCOL_UDP = 17,

    IPV4_LENGTH = NETWORK + 2,
    IPV4_ID = NETWORK + 4,
    IPV4_FRAGMENT = NETWORK + 6,
    IPV4_PROTOCOL = NETWORK + 9,
    IPV4_CHECKSUM = NETWORK + 10,
    IPV4_ADDRESSES = NETWORK + 12,
    IPV4_TRANSPORT = NETWORK + 20,
    NO_OPTIONS = 0x45,
    FRAGMENTED = 0x3fff, /* More fragments, or an offset. */

    IPV6_LENGTH = NETWORK + 4,
    IPV6_NEXT = NETWORK + 6,
    IPV6_ADDRESSES = NETWORK + 8,
    IPV6_TRANSPORT = NETWORK + 40,

    PORTS_BYTES = 4,
    UDP_LENGTH = 4,
    UDP_CHECKSUM = 6,
    UDP_BYTES = 8,

    IP_BYTES_LIMIT = 65535,
};

struct datagram {
    uint8_t *start; /* With the virtio header. */
    uint8_t *frame;
    uint32_t transport;
    uint32_t payload; /* Bytes of it. */
    bool ipv4;
};

static uint32_t
transport_of(bool ipv4)
{
    return ipv4 ? IPV4_TRANSPORT : IPV6_TRANSPORT;
}

/* --- what can be joined --- */

static bool
is_plain_ipv4(const uint8_t *frame, uint32_t bytes)
{
    return frame[NETWORK] == NO_OPTIONS && frame[IPV4_PROTOCOL] == PROTOCOL_UDP &&
           (get16(frame + IPV4_FRAGMENT) & FRAGMENTED) == 0 &&
           get16(frame + IPV4_LENGTH) == bytes - NETWORK;
}

static bool
is_plain_ipv6(const uint8_t *frame, uint32_t bytes)
{
    return frame[NETWORK] >> 4 == 6 && frame[IPV6_NEXT] == PROTOCOL_UDP &&
           get16(frame + IPV6_LENGTH) == bytes - IPV6_TRANSPORT;
}

/* Nothing is to be done to it but to finish its checksum, which it has to have. */
static bool
is_usual_task(const struct datagram *datagram)
{
    const struct virtio_net_hdr_v1 *header = (const struct virtio_net_hdr_v1 *)datagram->start;

    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        return false;
    }
    return (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0
               ? le16toh(header->csum_start) == datagram->transport &&
                     le16toh(header->csum_offset) == UDP_CHECKSUM
               : get16(datagram->frame + datagram->transport + UDP_CHECKSUM) != 0;
}

/* @bytes at @start: a virtio header and a frame. */
static bool
find_datagram(uint8_t *start, uint32_t bytes, struct datagram *out)
{
    uint8_t *frame = start + PNDIS_FRAME_HEADER_BYTES;
    uint32_t headers;

    bytes -= PNDIS_FRAME_HEADER_BYTES;
    if (bytes <= IPV4_TRANSPORT + UDP_BYTES) {
        return false;
    }
    out->ipv4 = get16(frame + TYPE) == TYPE_IPV4;
    if (!out->ipv4 && (get16(frame + TYPE) != TYPE_IPV6 || bytes <= IPV6_TRANSPORT + UDP_BYTES)) {
        return false;
    }
    if (!(out->ipv4 ? is_plain_ipv4(frame, bytes) : is_plain_ipv6(frame, bytes))) {
        return false;
    }
    out->start = start;
    out->frame = frame;
    out->transport = transport_of(out->ipv4);
    headers = out->transport + UDP_BYTES;
    out->payload = bytes - headers;
    return get16(frame + out->transport + UDP_LENGTH) == bytes - out->transport &&
           is_usual_task(out);
}

/* A datagram that no checksum protects any more must not travel under a new one. */
static bool
is_intact(const struct datagram *datagram)
{
    const struct virtio_net_hdr_v1 *header = (const struct virtio_net_hdr_v1 *)datagram->start;
    const uint8_t *frame = datagram->frame;
    uint32_t transport_bytes = UDP_BYTES + datagram->payload;
    uint64_t sum = PROTOCOL_UDP + transport_bytes;

    if (datagram->ipv4 && sum_fold(sum_add(frame + NETWORK, IPV4_TRANSPORT - NETWORK, 0)) != 0) {
        return false;
    }
    if ((header->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) != 0) {
        return true;
    }
    sum = datagram->ipv4 ? sum_add(frame + IPV4_ADDRESSES, 8, sum)
                         : sum_add(frame + IPV6_ADDRESSES, 32, sum);
    return sum_fold(sum_add(frame + datagram->transport, transport_bytes, sum)) == 0;
}

static bool
is_same(const uint8_t *one, const uint8_t *other, unsigned from, unsigned to)
{
    return memcmp(one + from, other + from, to - from) == 0;
}

/* Everything but lengths and checksums: also type of service, time to live, flow label. */
static bool
is_same_flow(const struct coalesced *held, const struct datagram *datagram)
{
    const uint8_t *first = held->start + PNDIS_FRAME_HEADER_BYTES;
    const uint8_t *next = datagram->frame;

    if (held->ipv4 != datagram->ipv4) {
        return false;
    }
    return held->ipv4
               ? is_same(first, next, 0, IPV4_LENGTH) && get16(next + IPV4_ID) == held->next_id &&
                     is_same(first, next, IPV4_FRAGMENT, IPV4_CHECKSUM) &&
                     is_same(first, next, IPV4_ADDRESSES, IPV4_TRANSPORT + PORTS_BYTES)
               : is_same(first, next, 0, IPV6_LENGTH) &&
                     is_same(first, next, IPV6_NEXT, IPV6_TRANSPORT + PORTS_BYTES);
}

/* --- holding --- */

/* The first buffer of @room leaves it, holding @bytes. */
static void
take_piece(struct pndis_room *room, uint8_t *data, uint32_t bytes)
{
    struct coalesced *held = &room->held;
    const struct buffer *buffer = &room->buffers[room->first++];

    room->bytes -= buffer->bytes;
    room->first_slice += buffer->slices;
    held->piece[held->pieces].head = buffer->head;
    held->piece[held->pieces].bytes = bytes;
    held->pieces++;
    held->end = data + bytes;
    held->room = (uint32_t)min((uint64_t)PNDIS_FRAME_BYTES_LIMIT, buffer->bytes) - bytes;
}

static void
hold(struct pndis_room *room, const struct datagram *datagram)
{
    struct coalesced *held = &room->held;

    held->datagrams = 1;
    held->ipv4 = datagram->ipv4;
    held->checked = held->closed = false;
    held->segment = held->payload = datagram->payload;
    held->start = datagram->start;
    held->next_id = (uint16_t)(get16(datagram->frame + IPV4_ID) + 1);
    held->pieces = 0;
    take_piece(room, datagram->start,
               PNDIS_FRAME_HEADER_BYTES + datagram->transport + UDP_BYTES + datagram->payload);
}

static bool
has_room(const struct pndis_room *room, const struct datagram *datagram)
{
    const struct coalesced *held = &room->held;
    uint32_t ip_bytes =
        datagram->transport - NETWORK + UDP_BYTES + held->payload + datagram->payload;

    return !held->closed && held->datagrams < COALESCED_DATAGRAMS &&
           datagram->payload <= held->segment && ip_bytes <= IP_BYTES_LIMIT &&
           (datagram->payload <= held->room || (room->merge && held->pieces < COALESCED_PIECES));
}

static bool
is_first_intact(struct coalesced *held)
{
    struct datagram first = {.start = held->start,
                             .frame = held->start + PNDIS_FRAME_HEADER_BYTES,
                             .transport = transport_of(held->ipv4),
                             .payload = held->payload,
                             .ipv4 = held->ipv4};

    held->checked = held->checked || is_intact(&first);
    return held->checked;
}

static void
join(struct pndis_room *room, const struct datagram *datagram)
{
    struct coalesced *held = &room->held;
    const uint8_t *payload = datagram->frame + datagram->transport + UDP_BYTES;
    uint32_t here = min(datagram->payload, held->room);
    uint32_t rest = datagram->payload - here;

    memcpy(held->end, payload, here);
    held->end += here;
    held->room -= here;
    held->piece[held->pieces - 1].bytes += here;
    if (rest != 0) {
        memmove(datagram->start, payload + here, rest);
        take_piece(room, datagram->start, rest);
    }
    held->closed = datagram->payload < held->segment;
    held->payload += datagram->payload;
    held->next_id++;
    held->datagrams++;
    room->joined++;
}

/* --- giving --- */

/* One datagram out of many: lengths, the sum of the pseudo header, and what to do with it. */
static void
finish_headers(const struct coalesced *held)
{
    uint8_t *frame = held->start + PNDIS_FRAME_HEADER_BYTES;
    uint32_t transport = transport_of(held->ipv4);
    uint32_t bytes = UDP_BYTES + held->payload;
    uint64_t sum = PROTOCOL_UDP + bytes;
    struct virtio_net_hdr_v1 header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
        .hdr_len = htole16((uint16_t)(transport + UDP_BYTES)),
        .gso_size = htole16((uint16_t)held->segment),
        .csum_start = htole16((uint16_t)transport),
        .csum_offset = htole16(UDP_CHECKSUM),
    };

    memcpy(held->start, &header, sizeof(header));
    put16(frame + transport + UDP_LENGTH, (uint16_t)bytes);
    if (held->ipv4) {
        put16(frame + IPV4_LENGTH, (uint16_t)(transport - NETWORK + bytes));
        put16(frame + IPV4_CHECKSUM, 0);
        put16(frame + IPV4_CHECKSUM, sum_fold(sum_add(frame + NETWORK, transport - NETWORK, 0)));
        sum = sum_add(frame + IPV4_ADDRESSES, 8, sum);
    } else {
        put16(frame + IPV6_LENGTH, (uint16_t)bytes);
        sum = sum_add(frame + IPV6_ADDRESSES, 32, sum);
    }
    put16(frame + transport + UDP_CHECKSUM, (uint16_t)~sum_fold(sum));
}

void
pndis__coalesce_flush(struct pndis_room *room)
{
    struct coalesced *held = &room->held;
    struct virtio_net_hdr_v1 *header = (struct virtio_net_hdr_v1 *)held->start;

    if (held->datagrams == 0) {
        return;
    }
    if (held->datagrams > 1) {
        finish_headers(held);
    }
    header->num_buffers = htole16((uint16_t)held->pieces);
    for (unsigned i = 0; i < held->pieces; i++) {
        queue_give(room->queue, held->piece[i].head, held->piece[i].bytes);
    }
    held->datagrams = 0;
}

/* In one piece, in a buffer that is one as well. */
static bool
is_contiguous(const struct pndis_room *room, uint32_t bytes)
{
    const struct buffer *buffer = &room->buffers[room->first];

    return buffer->slices == 1 && bytes <= buffer->bytes;
}

bool
pndis__coalesce(struct pndis_room *room, uint32_t bytes)
{
    struct coalesced *held = &room->held;
    struct datagram datagram;

    if (!is_contiguous(room, bytes) ||
        !find_datagram(room->slices[room->first_slice].data, bytes, &datagram)) {
        pndis__coalesce_flush(room);
        return false;
    }
    if (held->datagrams != 0 && is_same_flow(held, &datagram)) {
        if (!is_intact(&datagram)) {
            pndis__coalesce_flush(room);
            return false;
        }
        if (has_room(room, &datagram) && is_first_intact(held)) {
            join(room, &datagram);
            return true;
        }
    }
    pndis__coalesce_flush(room);
    hold(room, &datagram);
    return true;
}
