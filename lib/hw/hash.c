#include "hw/hash.h"

#include "hw/offload.h"

#include <string.h>

enum {
    TYPE = 12,
    VLAN_TAG = 4,
    ETHERNET = 14,
    TYPE_VLAN = 0x8100,
    TYPE_SERVICE_VLAN = 0x88a8,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    TAG_LIMIT = 2,

    IPV4_BYTES = 20,
    IPV4_FRAGMENT = 6, /* Offsets in the header. */
    IPV4_PROTOCOL = 9,
    IPV4_ADDRESSES = 12,
    IPV4_ADDRESS_BYTES = 8,
    FRAGMENTED = 0x3fff,

    IPV6_BYTES = 40,
    IPV6_NEXT = 6,
    IPV6_ADDRESSES = 8,
    IPV6_ADDRESS_BYTES = 32,
    EXTENSION_LIMIT = 8,

    PORTS_BYTES = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    HOP_BY_HOP = 0,
    ROUTING = 43,
    DESTINATION = 60,
};

/* virtio 1.2 has these; older copies of <linux/virtio_net.h> do not. */
#ifndef VIRTIO_NET_RSS_HASH_TYPE_IPv4
#define VIRTIO_NET_RSS_HASH_TYPE_IPv4  (1 << 0)
#define VIRTIO_NET_RSS_HASH_TYPE_TCPv4 (1 << 1)
#define VIRTIO_NET_RSS_HASH_TYPE_UDPv4 (1 << 2)
#define VIRTIO_NET_RSS_HASH_TYPE_IPv6  (1 << 3)
#define VIRTIO_NET_RSS_HASH_TYPE_TCPv6 (1 << 4)
#define VIRTIO_NET_RSS_HASH_TYPE_UDPv6 (1 << 5)
#endif

/* What of a frame can be hashed. */
struct flow {
    const uint8_t *addresses; /* NULL: it is not IP. */
    unsigned address_bytes;
    const uint8_t *ports; /* NULL: there are none, or a fragment hides them. */
    uint8_t protocol;
};

/* --- the key --- */

/* The 32 bits of the key from bit @bit on. */
static uint32_t
key_at(const uint8_t key[HASH_KEY_BYTES], unsigned bit)
{
    uint64_t window = 0;

    for (unsigned i = 0; i < 5; i++) {
        unsigned byte = bit / 8 + i;

        window = window << 8 | (byte < HASH_KEY_BYTES ? key[byte] : 0);
    }
    return (uint32_t)(window >> (8 - bit % 8));
}

void
pndis__hash_set(struct hash *hash, uint32_t types, const uint8_t *key, size_t key_bytes)
{
    uint8_t whole[HASH_KEY_BYTES] = {0};

    memcpy(whole, key, key_bytes);
    hash->types = types;
    for (unsigned place = 0; place < 2 * HASH_INPUT_BYTES; place++) {
        for (unsigned value = 0; value < 16; value++) {
            uint32_t sum = 0;

            for (unsigned bit = 0; bit < 4; bit++) {
                sum ^= (value >> (3 - bit) & 1) != 0 ? key_at(whole, 4 * place + bit) : 0;
            }
            hash->nibbles[place][value] = sum;
        }
    }
}

static uint32_t
add(const struct hash *hash, unsigned place, const uint8_t *bytes, unsigned count)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum ^= hash->nibbles[2 * (place + i)][bytes[i] >> 4];
        sum ^= hash->nibbles[2 * (place + i) + 1][bytes[i] & 0x0f];
    }
    return sum;
}

/* --- the frame --- */

static void
find_ports(struct flow *flow, const uint8_t *packet, size_t at, size_t bytes, uint8_t protocol)
{
    if ((protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && bytes >= at + PORTS_BYTES) {
        flow->ports = packet + at;
        flow->protocol = protocol;
    }
}

static void
look_at_ipv4(struct flow *flow, const uint8_t *packet, size_t bytes)
{
    size_t header = bytes == 0 ? 0 : (packet[0] & 0x0f) * 4u;

    if (bytes < IPV4_BYTES || packet[0] >> 4 != 4 || header < IPV4_BYTES) {
        return;
    }
    flow->addresses = packet + IPV4_ADDRESSES;
    flow->address_bytes = IPV4_ADDRESS_BYTES;
    if ((get16(packet + IPV4_FRAGMENT) & FRAGMENTED) == 0) {
        find_ports(flow, packet, header, bytes, packet[IPV4_PROTOCOL]);
    }
}

static bool
is_extension(uint8_t next)
{
    return next == HOP_BY_HOP || next == ROUTING || next == DESTINATION;
}

static void
look_at_ipv6(struct flow *flow, const uint8_t *packet, size_t bytes)
{
    size_t at = IPV6_BYTES;
    uint8_t next;

    if (bytes < IPV6_BYTES || packet[0] >> 4 != 6) {
        return;
    }
    flow->addresses = packet + IPV6_ADDRESSES;
    flow->address_bytes = IPV6_ADDRESS_BYTES;
    next = packet[IPV6_NEXT];
    for (unsigned i = 0; i < EXTENSION_LIMIT && is_extension(next) && bytes >= at + 2; i++) {
        next = packet[at];
        at += (packet[at + 1] + 1u) * 8u;
    }
    find_ports(flow, packet, at, bytes, next);
}

static struct flow
flow_of(const uint8_t *frame, size_t bytes)
{
    struct flow flow = {0};
    size_t at = TYPE;
    unsigned type;

    for (unsigned tags = 0;; tags++, at += VLAN_TAG) {
        if (bytes < at + 2) {
            return flow;
        }
        type = get16(frame + at);
        if ((type != TYPE_VLAN && type != TYPE_SERVICE_VLAN) || tags == TAG_LIMIT) {
            break;
        }
    }
    at += ETHERNET - TYPE;
    if (type == TYPE_IPV4) {
        look_at_ipv4(&flow, frame + at, bytes - at);
    } else if (type == TYPE_IPV6) {
        look_at_ipv6(&flow, frame + at, bytes - at);
    }
    return flow;
}

/* The first that fits is the one, so those with ports come first. */
static const struct {
    uint32_t type;
    uint16_t report;
    uint8_t protocol; /* 0: addresses only. */
    uint8_t address_bytes;
} kinds[] = {
    {VIRTIO_NET_RSS_HASH_TYPE_TCPv4, 2, PROTOCOL_TCP, IPV4_ADDRESS_BYTES},
    {VIRTIO_NET_RSS_HASH_TYPE_UDPv4, 3, PROTOCOL_UDP, IPV4_ADDRESS_BYTES},
    {VIRTIO_NET_RSS_HASH_TYPE_IPv4, 1, 0, IPV4_ADDRESS_BYTES},
    {VIRTIO_NET_RSS_HASH_TYPE_TCPv6, 5, PROTOCOL_TCP, IPV6_ADDRESS_BYTES},
    {VIRTIO_NET_RSS_HASH_TYPE_UDPv6, 6, PROTOCOL_UDP, IPV6_ADDRESS_BYTES},
    {VIRTIO_NET_RSS_HASH_TYPE_IPv6, 4, 0, IPV6_ADDRESS_BYTES},
};

uint32_t
pndis__hash_frame(const struct hash *hash, const uint8_t *frame, size_t bytes, uint16_t *out_report)
{
    struct flow flow = flow_of(frame, bytes);
    uint32_t sum;

    *out_report = 0;
    for (size_t i = 0; flow.addresses != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if ((hash->types & kinds[i].type) == 0 || flow.address_bytes != kinds[i].address_bytes ||
            (kinds[i].protocol != 0 &&
             (flow.ports == NULL || flow.protocol != kinds[i].protocol))) {
            continue;
        }
        *out_report = kinds[i].report;
        sum = add(hash, 0, flow.addresses, flow.address_bytes);
        return kinds[i].protocol == 0
                   ? sum
                   : sum ^ add(hash, flow.address_bytes, flow.ports, PORTS_BYTES);
    }
    return 0;
}
