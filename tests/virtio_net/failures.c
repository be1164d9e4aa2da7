/* Allocations that fail, one after the other: initialization undoes all it did, and sends go on. */
#include "virtio_net/net_world.h"

enum { RING = 16 };

static const struct net_options small = {.nic = {.queue_size = RING}};

/* A whole life, as far as it goes. */
static bool
live_with_fault(uint64_t skip)
{
    struct net_world n;
    bool fired;

    net_open(&n, &small);
    net_add_adapter(&n, 1, &small);
    net_add_client(&n, 1, &small);
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
        net_add_client(&n, 0, &small);
        net_send(&n, 0, 0, 20, 100, 4);
        net_wait_received(&n, 1, 20);
        net_expect(&n, 1, 0, 20, 100);
    }
    net_close(&n);
    return fired;
}

static void
nothing_is_left_of_an_initialization_that_fails(void **state)
{
    uint64_t skip = 0;

    (void)state;
    while (live_with_fault(skip)) {
        skip++;
    }
    print_message("%llu allocations\n", (unsigned long long)skip);
    assert_true(skip > 50);
}

/* A frame whose scatter/gather list cannot be had is copied. */
static void
sends_need_no_memory(void **state)
{
    enum { FRAMES = 12, BYTES = 1000 };
    unsigned faults = 0;

    (void)state;
    for (uint64_t skip = 0; skip < 4; skip++) {
        uint8_t frame[BYTES];
        unsigned sent = 0;
        struct net_world n;

        net_running(&n, &small);
        for (unsigned i = 0; i < FRAMES; i++) {
            const void *frames[] = {frame};
            size_t bytes = net_frame(&n, 0, frame, BYTES, sent);

            pndis_fault_arm(n.w.machine, skip);
            /* The client needs memory of its own before the frame gets to the driver. */
            if (pndis_client_send_chain(n.clients[0], frames, &bytes, 1, NULL) == 0) {
                faults += pndis_fault_fired(n.w.machine);
                sent++;
            }
            pndis_fault_disarm(n.w.machine);
        }
        net_wait_completed(&n, 0);
        net_wait_received(&n, 1, sent);
        expect_net(&n, net_counts(&n, 0).completed_ok == sent);
        net_expect(&n, 1, 0, sent, BYTES);
        net_close(&n);
    }
    assert_true(faults > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_an_initialization_that_fails),
        cmocka_unit_test(sends_need_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
