/*
 * Every lifecycle operation with frames on their way in both directions. All NET_BUFFER_LISTs come
 * back (the machine's end would report them), and what was sent successfully has arrived.
 */
#include "virtio_net/lives.h"
#include "virtio_net/traffic.h"

/* A pause loses nothing that was sent: what is queued goes out. (What comes in after the bindings
 * above have paused has no taker.) */
static void
sends_are_not_lost_by_pauses(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){
                            .seed = seed,
                            .cable = {.latency_ns = seed % 3 * 20000},
                        });
        bursts_and_pauses(&n, &t);
        expect_net(&n, net_counts(&n, 0).completed_ok == t.next[0]);
        expect_net(&n, net_counts(&n, 1).completed_ok == t.next[1]);
        net_wait_received(&n, 1, t.next[0]);
        net_expect(&n, 1, 0, t.next[0], FRAME_BYTES);
        net_close(&n);
    }
}

/*
 * "Restarting a Driver Stack": the miniport first, its bindings last; "the driver can resume
 * indicating received data immediately after NDIS calls MiniportRestart". So of the frames that the
 * device held over a pause those reach nobody that the miniport indicates before the binding is
 * Running: they come back to it. What reaches the binding is the end of what was sent, in order.
 */
static void
of_the_frames_held_over_a_pause_the_last_arrive(void **state)
{
    enum { HELD = 20, LATER = 20, ALL = HELD + LATER };

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct net_world n;
        uint64_t received;

        net_running(&n, &(struct net_options){.seed = seed});
        expect_net(&n, pndis_adapter_pause(n.adapters[1]) == 0);
        net_send(&n, 0, 0, HELD, FRAME_BYTES, 4);
        net_wait_completed(&n, 0);
        world_settle(&n.w);
        expect_net(&n, net_info(&n, 1).receive.frames == HELD && net_counts(&n, 1).received == 0);
        expect_net(&n, pndis_adapter_restart(n.adapters[1]) == 0);
        net_send(&n, 0, HELD, LATER, FRAME_BYTES, 4);
        net_wait_received(&n, 1, LATER);
        net_wait_completed(&n, 0);
        world_settle(&n.w);
        received = net_counts(&n, 1).received;
        expect_net(&n, received <= ALL && net_info(&n, 1).receive.frames == ALL);
        net_expect(&n, 1, (uint32_t)(ALL - received), (unsigned)received, FRAME_BYTES);
        net_close(&n);
    }
}

/* With every buffer held the device has no room; frames wait, and come when buffers do. */
static void
held_frames_do_not_stop_the_adapter(void **state)
{
    enum { RING = 16 };
    struct net_world n;

    (void)state;
    net_running(&n, &(struct net_options){.nic = {.queue_size = RING}});
    pndis_client_hold(n.clients[1], true);
    net_send(&n, 0, 0, 3 * RING, FRAME_BYTES, 1);
    net_wait_received(&n, 1, RING);
    world_settle(&n.w);
    expect_net(&n, net_counts(&n, 1).received == RING);
    pndis_client_hold(n.clients[1], false);
    net_wait_received(&n, 1, 3 * RING);
    net_expect(&n, 1, 0, 3 * RING, FRAME_BYTES);
    net_close(&n);
}

static void
shutdown_stops_the_device(void **state)
{
    struct traffic t = {{0, 0}};
    struct net_world n;

    (void)state;
    net_running(&n, &(struct net_options){0});
    burst(&n, &t);
    expect_net(&n, pndis_adapter_shutdown(n.adapters[0], false) == 0);
    expect_net(&n, net_info(&n, 0).device_status == 0);
    world_discard(&n.w);
}

int
main(void)
{
    static struct lives lives = {.with = NULL};
#define LIFE(name) cmocka_unit_test_prestate(name, &lives)
    const struct CMUnitTest tests[] = {
        LIVES(LIFE),
        cmocka_unit_test(sends_are_not_lost_by_pauses),
        cmocka_unit_test(of_the_frames_held_over_a_pause_the_last_arrive),
        cmocka_unit_test(held_frames_do_not_stop_the_adapter),
        cmocka_unit_test(shutdown_stops_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
