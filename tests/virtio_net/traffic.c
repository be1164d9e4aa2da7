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
bursts_and_pauses(struct net_world *n, struct traffic *t)
{
    enum { CYCLES = 6 };

    for (unsigned i = 0; i < CYCLES; i++) {
        burst(n, t);
        expect_net(n, pndis_adapter_pause(n->adapters[0]) == 0);
        expect_net(n, pndis_adapter_state(n->adapters[0]) == PNDIS_PAUSED);
        expect_net(n, net_counts(n, 0).sent == net_counts(n, 0).completed);
        expect_net(n, pndis_adapter_restart(n->adapters[0]) == 0);
    }
    net_wait_completed(n, 0);
    net_wait_completed(n, 1);
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
