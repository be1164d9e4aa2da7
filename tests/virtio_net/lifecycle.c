/*
 * Every lifecycle operation with frames on their way in both directions. All NET_BUFFER_LISTs come
 * back (the machine's end would report them), and what was sent successfully has arrived.
 */
#include "virtio_net/traffic.h"

/* A pause loses nothing that was sent: what is queued goes out. (What comes in after the bindings
 * above have paused has no taker.) */
static void
sends_are_not_lost_by_pauses(void **state)
{
    enum { CYCLES = 6 };

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){
                            .seed = seed,
                            .cable = {.latency_ns = seed % 3 * 20000},
                        });
        for (unsigned i = 0; i < CYCLES; i++) {
            burst(&n, &t);
            expect_net(&n, pndis_adapter_pause(n.adapters[0]) == 0);
            expect_net(&n, pndis_adapter_state(n.adapters[0]) == PNDIS_PAUSED);
            expect_net(&n, net_counts(&n, 0).sent == net_counts(&n, 0).completed);
            expect_net(&n, pndis_adapter_restart(n.adapters[0]) == 0);
        }
        net_wait_completed(&n, 0);
        net_wait_completed(&n, 1);
        expect_net(&n, net_counts(&n, 0).completed_ok == t.next[0]);
        expect_net(&n, net_counts(&n, 1).completed_ok == t.next[1]);
        net_wait_received(&n, 1, t.next[0]);
        net_expect(&n, 1, 0, t.next[0], FRAME_BYTES);
        net_close(&n);
    }
}

/* What comes while the adapter is paused stays with the device; nobody is shown it before the
 * restart. */
static void
a_paused_adapter_is_silent(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_world n;

        net_running(&n, &(struct net_options){.seed = seed});
        expect_net(&n, pndis_adapter_pause(n.adapters[1]) == 0);
        net_send(&n, 0, 0, BURST, FRAME_BYTES, 4);
        net_wait_completed(&n, 0);
        world_settle(&n.w);
        expect_net(&n, net_counts(&n, 1).received == 0);
        expect_net(&n, pndis_adapter_restart(n.adapters[1]) == 0);
        expect_traffic_again(&n);
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

/* "A pause is over only when every receive indication has returned." */
static void
a_pause_waits_for_held_frames(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_world n;

        net_running(&n, &(struct net_options){.seed = seed});
        pndis_client_hold(n.clients[1], true);
        net_send(&n, 0, 0, 10, FRAME_BYTES, 10);
        net_wait_received(&n, 1, 10);
        expect_net(&n, net_counts(&n, 1).held == 10);
        expect_net(&n, pndis_adapter_step(n.adapters[1], PNDIS_STEP_PAUSE) == 0);
        expect_net(&n, pndis_adapter_state(n.adapters[1]) == PNDIS_PAUSING);
        expect_net(&n, pndis_client_return(n.clients[1], 9) == 9);
        expect_net(&n, pndis_adapter_state(n.adapters[1]) == PNDIS_PAUSING);
        expect_net(&n, pndis_client_return(n.clients[1], 1) == 1);
        expect_net(&n, pndis_adapter_wait(n.adapters[1], 0) == 0);
        expect_net(&n, pndis_adapter_state(n.adapters[1]) == PNDIS_PAUSED);
        expect_net(&n, pndis_adapter_step(n.adapters[1], PNDIS_STEP_RESTART) == 0);
        pndis_client_hold(n.clients[1], false);
        expect_traffic_again(&n);
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
resets_under_load(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(30); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){
                            .seed = seed,
                            .cable = {.latency_ns = seed % 2 * 50000},
                        });
        for (unsigned i = 0; i < 3; i++) {
            burst(&n, &t);
            expect_net(&n, pndis_adapter_reset(n.adapters[i % SIDES]) == 0);
            expect_net(&n, pndis_adapter_status(n.adapters[i % SIDES]) == 0);
        }
        net_wait_completed(&n, 0);
        net_wait_completed(&n, 1);
        expect_net(&n, net_info(&n, 0).resets >= 2);
        expect_traffic_again(&n);
        net_close(&n);
    }
}

static bool
is_repaired(void *user)
{
    struct net_world *n = user;
    struct pndis_adapter_info info;

    pndis_adapter_get_info(n->adapters[0], &info);
    return (net_info(n, 0).device_status & 0x44) == 4 && !info.resetting;
}

/* DEVICE_NEEDS_RESET: the driver has NDIS reset the adapter, and goes on. */
static void
a_broken_device_is_reset(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){.seed = seed});
        for (unsigned i = 0; i < 3; i++) {
            uint64_t resets = net_info(&n, 0).resets;

            burst(&n, &t);
            pndis_nic_break(n.nics[0], "on purpose");
            expect_net(&n, net_info(&n, 0).breakdowns == i + 1);
            expect_net(&n, pndis_machine_run_until(n.w.machine, is_repaired, &n, 0) == 0);
            expect_net(&n, net_info(&n, 0).resets > resets);
        }
        net_wait_completed(&n, 0);
        net_wait_completed(&n, 1);
        expect_traffic_again(&n);
        net_close(&n);
    }
}

static void
halts_under_load(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const struct net_options options = {.seed = seed};
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &options);
        for (unsigned i = 0; i < 3; i++) {
            burst(&n, &t);
            expect_net(&n, pndis_adapter_stop(n.adapters[0], PNDIS_HALT_DISABLED) == 0);
            expect_net(&n, pndis_adapter_state(n.adapters[0]) == PNDIS_HALTED);
            expect_net(&n, pndis_adapter_holdings(n.adapters[0]) == 0);
            pndis_client_close(n.clients[0]);
            expect_net(&n, pndis_adapter_start(n.adapters[0]) == 0);
            net_add_client(&n, 0, &options);
            t.next[0] = 0;
        }
        expect_traffic_again(&n);
        net_close(&n);
    }
}

static void
surprise_removals_under_load(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){
                            .seed = seed,
                            .cable = {.latency_ns = seed % 2 * 50000},
                        });
        burst(&n, &t);
        expect_net(&n, pndis_adapter_surprise_remove(n.adapters[0]) == 0);
        expect_net(&n, pndis_adapter_state(n.adapters[0]) == PNDIS_HALTED);
        expect_net(&n, pndis_adapter_holdings(n.adapters[0]) == 0);
        net_wait_completed(&n, 1);
        net_close(&n);
    }
}

static void
sleep_and_wake_under_load(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){.seed = seed});
        for (unsigned i = 0; i < 3; i++) {
            burst(&n, &t);
            expect_net(&n, pndis_adapter_set_power(n.adapters[0], 3) == 0);
            expect_net(&n, net_info(&n, 0).device_status == 0);
            expect_net(&n, pndis_adapter_set_power(n.adapters[0], 0) == 0);
            expect_net(&n, pndis_adapter_state(n.adapters[0]) == PNDIS_RUNNING);
        }
        net_wait_completed(&n, 0);
        expect_traffic_again(&n);
        net_close(&n);
    }
}

static bool
is_connected(struct net_world *n)
{
    struct pndis_adapter_info info;

    expect_net(n, pndis_adapter_get_info(n->adapters[0], &info) == 0);
    return info.connected;
}

static void
link_flaps_under_load(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        net_running(&n, &(struct net_options){.seed = seed});
        expect_net(&n, is_connected(&n));
        for (unsigned i = 0; i < 4; i++) {
            burst(&n, &t);
            pndis_nic_set_link(n.nics[0], false);
            world_settle(&n.w);
            expect_net(&n, !is_connected(&n));
            burst(&n, &t);
            pndis_nic_set_link(n.nics[0], true);
            world_settle(&n.w);
            expect_net(&n, is_connected(&n));
        }
        net_wait_completed(&n, 0);
        net_wait_completed(&n, 1);
        expect_traffic_again(&n);
        net_close(&n);
    }
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_are_not_lost_by_pauses),
        cmocka_unit_test(a_paused_adapter_is_silent),
        cmocka_unit_test(of_the_frames_held_over_a_pause_the_last_arrive),
        cmocka_unit_test(a_pause_waits_for_held_frames),
        cmocka_unit_test(held_frames_do_not_stop_the_adapter),
        cmocka_unit_test(resets_under_load),
        cmocka_unit_test(a_broken_device_is_reset),
        cmocka_unit_test(halts_under_load),
        cmocka_unit_test(surprise_removals_under_load),
        cmocka_unit_test(sleep_and_wake_under_load),
        cmocka_unit_test(link_flaps_under_load),
        cmocka_unit_test(shutdown_stops_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
