/*
 * Receive-side scaling and hash reports: virtio 1.2, 5.1.6.5.6 "Device configuration of receive
 * steering", 5.1.6.4.3, 5.1.6.5.7. A frame that came on one queue and belongs to another one is
 * copied to that pair's mail, which its own worker empties into the driver's buffers.
 */
#ifndef PNDIS_LIB_HW_STEER_H
#define PNDIS_LIB_HW_STEER_H

#include "hw/hash.h"
#include "nt/nt.h"

struct pndis_nic;
struct pndis_room;
struct pndis_slice;
struct pair;

enum {
    STEER_TABLE_LIMIT = 128,
    HASH_HEADER_BYTES = 20, /* struct virtio_net_hdr_v1_hash */
    HASH_HEADER_MORE = 8,   /* Of it, what other headers do not have. */
};

/* Changed with all receive queues locked, and so read with one of them. */
struct steering {
    struct hash hash;
    bool spreads; /* By the table; else a frame stays on the queue on which it came. */
    uint16_t mask;
    uint16_t unclassified;
    uint16_t table[STEER_TABLE_LIMIT];
};

/* Frames that other pairs had for this one. */
struct mail;

struct mail *pndis__mail_create(void);
void pndis__mail_destroy(struct mail *mail);

/* The driver's commands: the data as they came. False: they make no sense. */
bool pndis__steer_set_rss(struct pndis_nic *nic, const uint8_t *data, size_t bytes);
bool pndis__steer_set_hash(struct pndis_nic *nic, const uint8_t *data, size_t bytes);
/* Frames stay where they come, and nothing is hashed: after a reset. */
void pndis__steer_reset(struct pndis_nic *nic);
/* Frames stay where they come, by VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET. */
void pndis__steer_stop(struct pndis_nic *nic);

/* Hash the frame of @bytes at @slices. True: it is on its way to another pair, or was lost there.
 */
bool pndis__steer(struct pndis_room *room, const struct pndis_slice *slices, unsigned count,
                  uint32_t bytes);
/* What others had for the room's pair goes to the driver. */
void pndis__steer_deliver(struct pndis_room *room);
/*
 * The frame's header is the one of 12 bytes behind the first HASH_HEADER_MORE of @slices: move it
 * to the front, with @used buffers, and the hash behind it.
 */
void pndis__steer_header(const struct pndis_room *room, const struct pndis_slice *slices,
                         unsigned count, uint16_t used);

#endif
