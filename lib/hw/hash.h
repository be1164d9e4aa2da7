/*
 * The hash of a frame: Toeplitz over addresses and ports, as virtio 1.2, 5.1.6.4.3 "Hash
 * calculation for incoming packets" names the types. Knows nothing of queues.
 */
#ifndef PNDIS_LIB_HW_HASH_H
#define PNDIS_LIB_HW_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HASH_KEY_BYTES = 40,
    HASH_INPUT_BYTES = 36,  /* Two IPv6 addresses and two ports. */
    HASH_FRAME_BYTES = 256, /* Of a frame, that are looked at. */
    HASH_TYPES = 0x3f,      /* VIRTIO_NET_RSS_HASH_TYPE_*: all but those of extension headers. */
};

struct hash {
    uint32_t types;                             /* That are in use; 0: nothing is hashed. */
    uint32_t nibbles[2 * HASH_INPUT_BYTES][16]; /* What each nibble of the input adds. */
};

/* A hash with @key of at most HASH_KEY_BYTES; it goes on with zeros. */
void pndis__hash_set(struct hash *hash, uint32_t types, const uint8_t *key, size_t key_bytes);
/*
 * The hash of the frame that begins with @bytes at @frame. *out_report is its
 * VIRTIO_NET_HASH_REPORT_*: NONE, and the hash 0, when no type in use fits.
 */
uint32_t pndis__hash_frame(const struct hash *hash, const uint8_t *frame, size_t bytes,
                           uint16_t *out_report);

#endif
