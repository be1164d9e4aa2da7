#include "virtio_net/failing.h"

/* A whole life, as far as it goes. */
static bool
live_with_fault(const struct net_options *options, uint64_t skip)
{
    struct net_world n;
    bool fired;

    net_open(&n, options);
    net_add_adapter(&n, 1, options);
    net_add_client(&n, 1, options);
    pndis_fault_arm(n.w.machine, skip);
    n.adapters[0] = pndis_adapter_add(n.w.machine, n.w.driver,
                                      &(struct pndis_adapter_options){
                                          .device = pndis_nic_device(n.nics[0]),
                                      });
    fired = pndis_fault_fired(n.w.machine);
    pndis_fault_disarm(n.w.machine);
    if (n.adapters[0] != NULL && pndis_adapter_state(n.adapters[0]) == PNDIS_HALTED) {
        expect_net(&n, fired);
        expect_net(&n, pndis_adapter_status(n.adapters[0]) != 0);
        expect_net(&n, pndis_adapter_holdings(n.adapters[0]) == 0);
    } else if (n.adapters[0] != NULL) {
        net_add_client(&n, 0, options);
        net_send(&n, 0, 0, 20, 100, 4);
        net_wait_received(&n, 1, 20);
        net_expect(&n, 1, 0, 20, 100);
    }
    net_close(&n);
    return fired;
}

uint64_t
net_fail_each_allocation(const struct net_options *options)
{
    uint64_t skip = 0;

    while (live_with_fault(options, skip)) {
        skip++;
    }
    print_message("%llu allocations\n", (unsigned long long)skip);
    return skip;
}
