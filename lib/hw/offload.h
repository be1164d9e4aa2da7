/*
 * Offloads resolved in software: a frame that asks for a checksum or for segmentation becomes the
 * frames that a wire would see.
 */
#ifndef PNDIS_LIB_HW_OFFLOAD_H
#define PNDIS_LIB_HW_OFFLOAD_H

#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

/* --- big endian words, and the checksum over them: RFC 1071 --- */

static inline uint16_t
get16(const uint8_t *place)
{
    return (uint16_t)(place[0] << 8 | place[1]);
}

static inline void
put16(uint8_t *place, uint16_t value)
{
    place[0] = (uint8_t)(value >> 8);
    place[1] = (uint8_t)value;
}

static inline uint64_t
sum_add(const uint8_t *bytes, size_t count, uint64_t sum)
{
    for (; count > 1; bytes += 2, count -= 2) {
        sum += get16(bytes);
    }
    return count == 0 ? sum : sum + ((uint64_t)bytes[0] << 8);
}

/* The checksum of what was added; 0 when the right one was among it. */
static inline uint16_t
sum_fold(uint64_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* --- offloads --- */

typedef void offload_emit(void *user, const uint8_t *frame, size_t bytes);

/* Room for one segment; never longer than the frame it is cut from. */
enum { OFFLOAD_SEGMENT_BYTES = 65535 + 18 };

/* Which PNDIS_CAP_GUEST_* a receiver needs to take a frame with @header as it is. */
uint32_t pndis__offload_needs(const struct virtio_net_hdr_v1 *header);

/*
 * Hand @frame to @emit as one or more complete frames. @frame is changed. @segment has room for
 * OFFLOAD_SEGMENT_BYTES. What a malformed @header asks for is not done.
 */
void pndis__offload_resolve(const struct virtio_net_hdr_v1 *header, uint8_t *frame, size_t bytes,
                            uint8_t *segment, offload_emit *emit, void *user);

#endif
