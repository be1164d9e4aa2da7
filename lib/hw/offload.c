/* Checksums and segmentation in software. See offload.h. */
#include "hw/offload.h"

#include <endian.h>
#include <pndis/backend.h>
#include <stdbool.h>
#include <string.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
    ETHERNET_BYTES = 14,
    TYPE_OFFSET = 12,
    TAG_BYTES = 4,
    TYPE_VLAN = 0x8100,
    TYPE_SERVICE_VLAN = 0x88a8,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,

    IPV4_BYTES = 20,
    IPV4_LENGTH = 2,
    IPV4_ID = 4,
    IPV4_PROTOCOL = 9,
    IPV4_CHECKSUM = 10,
    IPV4_ADDRESSES = 12,
    IPV6_BYTES = 40,
    IPV6_LENGTH = 4,
    IPV6_NEXT = 6,
    IPV6_ADDRESSES = 8,

    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TCP_BYTES = 20,
    TCP_SEQUENCE = 4,
    TCP_DATA_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_CHECKSUM = 16,
    TCP_FIN_PSH = 0x09,
    TCP_CWR = 0x80,
    UDP_BYTES = 8,
    UDP_LENGTH = 4,
    UDP_CHECKSUM = 6,
};

static uint32_t
get32(const uint8_t *place)
{
    return (uint32_t)get16(place) << 16 | get16(place + 2);
}

static void
put32(uint8_t *place, uint32_t value)
{
    put16(place, (uint16_t)(value >> 16));
    put16(place + 2, (uint16_t)value);
}

/* --- checksums --- */

/* The field holds the sum of the pseudo header already. UDP's 0 would mean "none". */
static void
complete_checksum(uint8_t *frame, size_t bytes, size_t start, size_t offset)
{
    uint16_t checksum;

    if (start + offset + 2 > bytes) {
        return;
    }
    checksum = sum_fold(sum_add(frame + start, bytes - start, 0));
    put16(frame + start + offset, checksum == 0 && offset == UDP_CHECKSUM ? 0xffff : checksum);
}

/* --- where the headers are --- */

struct layout {
    bool ipv4;
    uint8_t protocol;
    size_t network;
    size_t transport;
    size_t payload;
};

static bool
find_ipv4(const uint8_t *frame, size_t bytes, struct layout *layout)
{
    const uint8_t *header = frame + layout->network;
    size_t length;

    if (bytes < layout->network + IPV4_BYTES) {
        return false;
    }
    length = (size_t)(header[0] & 0x0f) * 4;
    layout->ipv4 = true;
    layout->protocol = header[IPV4_PROTOCOL];
    layout->transport = layout->network + length;
    return length >= IPV4_BYTES;
}

/* Extension headers that may stand before TCP or UDP: hop-by-hop, routing, destination options. */
static bool
is_extension(uint8_t protocol)
{
    return protocol == 0 || protocol == 43 || protocol == 60;
}

static bool
find_ipv6(const uint8_t *frame, size_t bytes, struct layout *layout)
{
    size_t at = layout->network + IPV6_BYTES;

    if (bytes < at) {
        return false;
    }
    layout->protocol = frame[layout->network + IPV6_NEXT];
    while (is_extension(layout->protocol)) {
        if (at + 8 > bytes) {
            return false;
        }
        layout->protocol = frame[at];
        at += 8 + (size_t)frame[at + 1] * 8;
    }
    layout->transport = at;
    return true;
}

static bool
find_transport(const uint8_t *frame, size_t bytes, struct layout *layout)
{
    size_t at = layout->transport;

    if (layout->protocol == PROTOCOL_UDP) {
        layout->payload = at + UDP_BYTES;
    } else if (layout->protocol == PROTOCOL_TCP && at + TCP_BYTES <= bytes) {
        size_t length = (size_t)(frame[at + TCP_DATA_OFFSET] >> 4) * 4;

        if (length < TCP_BYTES) {
            return false;
        }
        layout->payload = at + length;
    } else {
        return false;
    }
    return layout->payload <= bytes;
}

static bool
find_headers(const uint8_t *frame, size_t bytes, struct layout *layout)
{
    size_t at = TYPE_OFFSET;
    uint16_t type = 0;

    while (at + 2 <= bytes) {
        type = get16(frame + at);
        if (type != TYPE_VLAN && type != TYPE_SERVICE_VLAN) {
            break;
        }
        at += TAG_BYTES;
    }
    *layout = (struct layout){.network = at + 2};
    if (type != TYPE_IPV4 && type != TYPE_IPV6) {
        return false;
    }
    return (type == TYPE_IPV4 ? find_ipv4(frame, bytes, layout)
                              : find_ipv6(frame, bytes, layout)) &&
           find_transport(frame, bytes, layout);
}

/* --- segments --- */

static uint64_t
pseudo_header(const uint8_t *frame, const struct layout *layout, size_t transport_bytes)
{
    const uint8_t *network = frame + layout->network;
    uint64_t sum = layout->ipv4 ? sum_add(network + IPV4_ADDRESSES, 8, 0)
                                : sum_add(network + IPV6_ADDRESSES, 32, 0);

    return sum + layout->protocol + transport_bytes;
}

static void
finish_network(uint8_t *segment, const struct layout *layout, size_t bytes, unsigned index)
{
    uint8_t *network = segment + layout->network;

    if (!layout->ipv4) {
        put16(network + IPV6_LENGTH, (uint16_t)(bytes - layout->network - IPV6_BYTES));
        return;
    }
    put16(network + IPV4_LENGTH, (uint16_t)(bytes - layout->network));
    put16(network + IPV4_ID, (uint16_t)(get16(network + IPV4_ID) + index));
    put16(network + IPV4_CHECKSUM, 0);
    put16(network + IPV4_CHECKSUM,
          sum_fold(sum_add(network, layout->transport - layout->network, 0)));
}

static void
finish_transport(uint8_t *segment, const struct layout *layout, size_t bytes, size_t done,
                 bool last)
{
    uint8_t *transport = segment + layout->transport;
    size_t transport_bytes = bytes - layout->transport;
    size_t field = layout->protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
    uint16_t checksum;

    if (layout->protocol == PROTOCOL_TCP) {
        put32(transport + TCP_SEQUENCE, get32(transport + TCP_SEQUENCE) + (uint32_t)done);
        transport[TCP_FLAGS] &= (uint8_t) ~(last ? 0 : TCP_FIN_PSH);
        transport[TCP_FLAGS] &= (uint8_t) ~(done == 0 ? 0 : TCP_CWR);
    } else {
        put16(transport + UDP_LENGTH, (uint16_t)transport_bytes);
    }
    put16(transport + field, 0);
    checksum = sum_fold(
        sum_add(transport, transport_bytes, pseudo_header(segment, layout, transport_bytes)));
    put16(transport + field, checksum == 0 && field == UDP_CHECKSUM ? 0xffff : checksum);
}

static bool
cut(const uint8_t *frame, size_t bytes, size_t size, uint8_t *segment, offload_emit *emit,
    void *user)
{
    struct layout layout;
    size_t total;
    unsigned index = 0;

    if (size == 0 || bytes > OFFLOAD_SEGMENT_BYTES || !find_headers(frame, bytes, &layout)) {
        return false;
    }
    total = bytes - layout.payload;
    for (size_t done = 0; done < total; index++) {
        size_t here = total - done < size ? total - done : size;

        memcpy(segment, frame, layout.payload);
        memcpy(segment + layout.payload, frame + layout.payload + done, here);
        finish_network(segment, &layout, layout.payload + here, index);
        finish_transport(segment, &layout, layout.payload + here, done, done + here == total);
        emit(user, segment, layout.payload + here);
        done += here;
    }
    return total != 0;
}

/* --- from outside --- */

uint32_t
pndis__offload_needs(const struct virtio_net_hdr_v1 *header)
{
    uint32_t caps = (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 ? PNDIS_CAP_GUEST_CSUM : 0;

    switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        return caps;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        caps |= PNDIS_CAP_GUEST_TSO4;
        break;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        caps |= PNDIS_CAP_GUEST_TSO6;
        break;
    default:
        caps |= PNDIS_CAP_GUEST_USO;
        break;
    }
    return (header->gso_type & VIRTIO_NET_HDR_GSO_ECN) != 0 ? caps | PNDIS_CAP_GUEST_ECN : caps;
}

void
pndis__offload_resolve(const struct virtio_net_hdr_v1 *header, uint8_t *frame, size_t bytes,
                       uint8_t *segment, offload_emit *emit, void *user)
{
    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE &&
        cut(frame, bytes, le16toh(header->gso_size), segment, emit, user)) {
        return;
    }
    if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
        complete_checksum(frame, bytes, le16toh(header->csum_start), le16toh(header->csum_offset));
    }
    emit(user, frame, bytes);
}
