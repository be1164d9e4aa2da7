/*
 * Frames of the legacy interface without mergeable buffers have a header of 10 bytes; backends know
 * one of 12. Receive buffers get a full header of the room's own in the place of the short one,
 * which is copied when the frame is there. See legacy.h.
 */
#include "hw/legacy.h"

uint32_t
pndis__header_bytes(const struct pndis_nic *nic)
{
    if (pndis__nic_has(nic, VIRTIO_NET_F_HASH_REPORT)) {
        return HASH_HEADER_BYTES;
    }
    return !__atomic_load_n(&nic->legacy, __ATOMIC_RELAXED) ||
                   pndis__nic_has(nic, VIRTIO_NET_F_MRG_RXBUF)
               ? PNDIS_FRAME_HEADER_BYTES
               : LEGACY_HEADER_BYTES;
}

/* | header's pieces, hidden | full header | what remains of the last piece | the chain's others |
 */
void
pndis__legacy_buffer(struct pndis_room *room, struct pndis_slice *slices, struct buffer *buffer)
{
    unsigned count = buffer->slices;
    size_t left = LEGACY_HEADER_BYTES;
    unsigned last = 0;
    struct pndis_slice rest;

    while (left > slices[last].bytes) {
        left -= slices[last++].bytes;
    }
    rest = (struct pndis_slice){(uint8_t *)slices[last].data + left, slices[last].bytes - left};
    slices[last].bytes = left;
    memmove(slices + last + 3, slices + last + 1, (count - last - 1) * sizeof(*slices));
    slices[last + 1] = (struct pndis_slice){room->headers + room->count, PNDIS_FRAME_HEADER_BYTES};
    slices[last + 2] = rest;
    buffer->hidden = last + 1;
    buffer->slices = count + 2;
    buffer->bytes += PNDIS_FRAME_HEADER_BYTES - LEGACY_HEADER_BYTES;
}

void
pndis__legacy_deliver(const struct pndis_slice *slices, const struct buffer *buffer)
{
    pndis__slices_write(slices, buffer->hidden, 0, slices[buffer->hidden].data,
                        LEGACY_HEADER_BYTES);
}
