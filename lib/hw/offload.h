/*
 * Offloads resolved in software: a frame that asks for a checksum or for segmentation becomes the
 * frames that a wire would see.
 */
#ifndef PNDIS_LIB_HW_OFFLOAD_H
#define PNDIS_LIB_HW_OFFLOAD_H

#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

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
