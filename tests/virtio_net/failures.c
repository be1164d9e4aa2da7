/* Allocations that fail, one after the other: initialization undoes all it did, and sends go on. */
#include "virtio_net/failing.h"

enum { RING = 16 };

static const struct net_options small = {.nic = {.queue_size = RING}};

static void
nothing_is_left_of_an_initialization_that_fails(void **state)
{
    (void)state;
    assert_true(net_fail_each_allocation(&small) > 50);
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
