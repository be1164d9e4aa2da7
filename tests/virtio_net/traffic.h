/* Frames both ways while something happens to the adapters. */
#ifndef PNDIS_TESTS_VIRTIO_NET_TRAFFIC_H
#define PNDIS_TESTS_VIRTIO_NET_TRAFFIC_H

#include "virtio_net/net_world.h"

enum { BURST = 40, FRAME_BYTES = 120 };

/* The number of the next frame, each way. */
struct traffic {
    uint32_t next[SIDES];
};

/* Send BURST frames each way, in chains. */
void burst(struct net_world *n, struct traffic *t);
/* A burst, and a pause of side 0 with it under way, several times; all sends are completed then. */
void bursts_and_pauses(struct net_world *n, struct traffic *t);
/* Whatever was done, frames arrive both ways now. */
void expect_traffic_again(struct net_world *n);

#endif
