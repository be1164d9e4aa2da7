/* The world of tests/virtio_net with the NDIS 5.1 driver on transitional adapters. */
#ifndef PNDIS_TESTS_WORLD51_H
#define PNDIS_TESTS_WORLD51_H

#include "virtio_net/net_world.h"

/* @options with the driver and the devices for it. */
struct net_options with_51(struct net_options options);
/* All of it, running. */
void running_51(struct net_world *n, struct net_options options);

#endif
