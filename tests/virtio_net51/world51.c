#include "virtio_net51/world51.h"

pndis_driver_entry virtio_net51_linked_DriverEntry;

static const struct pndis_driver_options driver51 = {
    .name = "virtio_net51",
    .entry = virtio_net51_linked_DriverEntry,
    .inf = VIRTIO_NET51_INF,
};

struct net_options
with_51(struct net_options options)
{
    options.driver = &driver51;
    options.nic.flags |= PNDIS_NIC_TRANSITIONAL;
    return options;
}

void
running_51(struct net_world *n, struct net_options options)
{
    options = with_51(options);
    net_running(n, &options);
}
