#include "virtio_net/traffic.h"

void
burst(struct net_world *n, struct traffic *t)
{
    for (unsigned side = 0; side < SIDES; side++) {
        net_send(n, side, t->next[side], BURST, FRAME_BYTES, 7);
        t->next[side] += BURST;
    }
}

void
expect_traffic_again(struct net_world *n)
{
    uint64_t before[SIDES];

    world_settle(&n->w);
    for (unsigned side = 0; side < SIDES; side++) {
        before[side] = net_counts(n, side).received;
    }
    for (unsigned side = 0; side < SIDES; side++) {
        net_send(n, side, 7000, BURST, FRAME_BYTES, 5);
        net_wait_received(n, !side, before[!side] + BURST);
        net_wait_completed(n, side);
    }
}
