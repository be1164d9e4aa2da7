/* Lives of an adapter in which allocations of its driver fail. */
#ifndef PNDIS_TESTS_FAILING_H
#define PNDIS_TESTS_FAILING_H

#include "virtio_net/net_world.h"

/*
 * Add an adapter beside one that runs, with each allocation of its initialization failing in turn:
 * it is Halted and holds nothing, or it carries frames. Returns how many allocations there were.
 */
uint64_t net_fail_each_allocation(const struct net_options *options);

#endif
