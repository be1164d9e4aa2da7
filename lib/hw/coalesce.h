/*
 * UDP datagrams of one flow that follow each other become one large frame, which the driver gets
 * with VIRTIO_NET_HDR_GSO_UDP_L4. The rules are those of "UDP Receive Segment Coalescing Offload
 * (URO)", and one more: cutting the frame again gives the very frames that came, so the
 * identification of IPv4 has to count up.
 */
#ifndef PNDIS_LIB_HW_COALESCE_H
#define PNDIS_LIB_HW_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

struct pndis_room;
struct pndis_slice;

enum {
    COALESCED_PIECES = 40,    /* Buffers of the driver. */
    COALESCED_DATAGRAMS = 64, /* What kernels take apart. */
};

/* What is held back to see whether the next frame belongs to it. Its buffers are out of the room.
 */
struct coalesced {
    unsigned datagrams; /* 0: nothing is held. */
    bool ipv4;
    bool checked; /* The first one's checksums are right. */
    bool closed;  /* A shorter one was the last. */
    uint16_t next_id;
    uint32_t segment; /* Bytes of payload in each but the last. */
    uint32_t payload; /* Of all. */
    uint8_t *start;   /* Of the first piece, with the virtio header. */
    uint8_t *end;     /* Of the data in the last one. */
    uint32_t room;    /* Behind @end, in the same buffer. */
    unsigned pieces;
    struct {
        uint16_t head;
        uint32_t bytes;
    } piece[COALESCED_PIECES];
};

enum { DATAGRAM_LOOK_BYTES = 24 };

/* Whether @frame could be a UDP datagram: by its type, and the protocol in its IP header,
 * for which DATAGRAM_LOOK_BYTES have to be there. */
static inline bool
may_be_datagram(const uint8_t *frame)
{
    return (frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == 17) ||
           (frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 17);
}

/*
 * The frame of @bytes lies in the first buffer of @room. True: it has been taken. False: it is to
 * be delivered as it is, and nothing is held.
 */
bool pndis__coalesce(struct pndis_room *room, uint32_t bytes);
/* Give the driver what is held. */
void pndis__coalesce_flush(struct pndis_room *room);

#endif
