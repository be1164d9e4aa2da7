/* Room for received frames, as receive.c makes it for a backend. */
#ifndef PNDIS_LIB_HW_ROOM_H
#define PNDIS_LIB_HW_ROOM_H

#include "hw/coalesce.h"
#include "hw/queue.h"

struct pair;

/* A buffer of the driver. */
struct buffer {
    uint16_t head;
    uint32_t slices;
    uint32_t hidden; /* Of them, in front: not for the backend. See legacy_frame.c. */
    uint64_t bytes;
};

/* Buffers are taken from the ring as they are needed; those not used go back at the end of a run.
 */
struct pndis_room {
    struct pair *pair;
    struct virtqueue *queue;
    bool merge;   /* A frame may go on in the next buffer. */
    bool starved; /* There were not enough of them. */
    bool broken;
    uint32_t longest; /* With header, the longest frame that the driver takes. */
    uint32_t want;    /* The longest that is to be expected. */
    unsigned frames;  /* Seen in this run, also those that were dropped. */
    unsigned frame_limit;
    unsigned delivered; /* Of them; */
    uint64_t delivered_bytes;
    unsigned first; /* Buffer that comes next. */
    unsigned count; /* Buffers taken. */
    unsigned first_slice;
    unsigned slice_count;
    unsigned slice_limit;
    uint64_t bytes; /* From the first buffer on. */
    bool coalesce;  /* Join datagrams. */
    unsigned joined;
    struct coalesced held;
    bool short_header;
    uint32_t hidden_bytes;             /* HASH_HEADER_MORE in front of each frame, or 0. */
    bool hashes;                       /* Look at the hash of each frame. */
    bool is_mail;                      /* Those that come now came on another queue. */
    uint32_t hash;                     /* Of the frame that came last. */
    uint16_t hash_report;              /* VIRTIO_NET_HASH_REPORT_*. */
    struct virtio_net_hdr_v1 *headers; /* Full ones, by buffer, in the place of short ones. */
    struct buffer *buffers;
    struct pndis_slice *slices;

    /* Of a private one: who gets the frame instead of the driver. */
    void (*on_frame)(void *user, uint8_t *bytes, uint32_t size);
    void *user;
    struct pndis_slice private_slice;
};

/* A room for one frame, in @buffer of PNDIS_FRAME_BYTES_LIMIT; @on_frame gets it, header first. */
void pndis__room_private(struct pndis_room *room, void *buffer,
                         void (*on_frame)(void *user, uint8_t *bytes, uint32_t size), void *user);

#endif
