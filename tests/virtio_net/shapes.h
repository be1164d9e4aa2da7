/*
 * NET_BUFFER_LISTs of any shape, sent as a protocol driver would: several NET_BUFFERs, data spread
 * over MDLs of given lengths, with unused room in front or without, and out-of-band data.
 */
#ifndef PNDIS_TESTS_SHAPES_H
#define PNDIS_TESTS_SHAPES_H

#include "support/protocol.h"
#include "virtio_net/net_world.h"

/* One frame of a list. */
struct shape {
    const uint8_t *data;
    size_t bytes;
    size_t room;  /* Unused bytes before the data. */
    size_t piece; /* Bytes of each MDL, the last excepted; 0: all in one. */
};

struct list {
    const struct shape *frames;
    unsigned frame_count;
    PVOID info[MaxNetBufferListInfo];
};

/* What side 1 has received. */
struct arrived {
    size_t bytes;
    PVOID info[MaxNetBufferListInfo];
    uint8_t data[NET_FRAME_LIMIT];
};

enum { ARRIVED_LIMIT = 64 };
extern struct arrived arrived[ARRIVED_LIMIT]; /* Of frame number n at n % ARRIVED_LIMIT. */

/* A world whose side 0 has the programmable protocol, and side 1 a client that keeps `arrived`. */
void shapes_running(struct net_world *n, const struct net_options *options);
void shapes_send(struct net_world *n, const struct list *list);
/* Run until @count frames have arrived and all that was sent is completed. */
void shapes_wait(struct net_world *n, uint64_t count);
/* The same without frames; the status of the send that was completed last. */
NDIS_STATUS shapes_wait_sent(struct net_world *n);
/* TcpLargeSendNetBufferListInfo of the list that was completed last. */
PVOID shapes_lso_info(void);

#endif
