/* See lives.h. All NET_BUFFER_LISTs come back: the machine's end would report them. */
#include "virtio_net/lives.h"

#include "virtio_net/traffic.h"

static void
running(void **state, struct net_world *n, struct net_options options)
{
    const struct lives *lives = *state;

    options = lives->with == NULL ? options : lives->with(options);
    net_running(n, &options);
}

/* What comes while the adapter is paused stays with the device; nobody is shown it before the
 * restart. */
void
a_paused_adapter_is_silent(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed});
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

/* "A pause is over only when every receive indication has returned." */
void
a_pause_waits_for_held_frames(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed});
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

void
resets_under_load(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(30); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        running(state, &n,
                (struct net_options){
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

/* Frames that NDIS has across a reset come back to a ring that is new. */
void
held_frames_survive_a_reset(void **state)
{
    enum { RING = 16 };

    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed, .nic = {.queue_size = RING}});
        pndis_client_hold(n.clients[1], true);
        net_send(&n, 0, 0, 10, FRAME_BYTES, 3);
        net_wait_received(&n, 1, 10);
        expect_net(&n, pndis_adapter_reset(n.adapters[1]) == 0);
        pndis_client_hold(n.clients[1], false);
        net_expect(&n, 1, 0, 10, FRAME_BYTES);
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
void
a_broken_device_is_reset(void **state)
{
    const struct lives *lives = *state;
    /* On live the driver is asked whether it hangs every two real seconds. */
    bool slow = world_is_live() && lives->checks_for_hang;

    for (unsigned seed = 0; seed < (slow ? 1 : world_seeds(20)); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed});
        for (unsigned i = 0; i < (slow ? 1 : 3); i++) {
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

void
halts_under_load(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const struct net_options options = {.seed = seed};
        struct traffic t = {{0, 0}};
        struct net_world n;

        running(state, &n, options);
        for (unsigned i = 0; i < 3; i++) {
            burst(&n, &t);
            expect_net(&n, pndis_adapter_stop(n.adapters[0], PNDIS_HALT_DISABLED) == 0);
            expect_net(&n, pndis_adapter_state(n.adapters[0]) == PNDIS_HALTED);
            expect_net(&n, pndis_adapter_holdings(n.adapters[0]) == 0);
            expect_net(&n, net_info(&n, 0).device_status == 0);
            pndis_client_close(n.clients[0]);
            expect_net(&n, pndis_adapter_start(n.adapters[0]) == 0);
            net_add_client(&n, 0, &options);
            t.next[0] = 0;
        }
        expect_traffic_again(&n);
        net_close(&n);
    }
}

void
surprise_removals_under_load(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        running(state, &n,
                (struct net_options){
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

void
sleep_and_wake_under_load(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed});
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

void
link_flaps_under_load(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed});
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

/* --- frames --- */

void
frames_arrive_as_they_were_sent(void **state)
{
    static const size_t sizes[] = {14, 59, 60, 61, 64, 128, 1000, 1513, 1514};

    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_world n;
        uint64_t received = 0;

        running(state, &n, (struct net_options){.seed = seed});
        for (unsigned i = 0; i < RTL_NUMBER_OF(sizes); i++) {
            net_send(&n, 0, i, 1, sizes[i], 1);
            net_send(&n, 1, i, 1, sizes[i], 1);
            received++;
            net_wait_received(&n, 1, received);
            net_wait_received(&n, 0, received);
            net_expect(&n, 1, i, 1, sizes[i]);
            net_expect(&n, 0, i, 1, sizes[i]);
        }
        net_wait_completed(&n, 0);
        expect_net(&n, net_counts(&n, 0).completed_ok == RTL_NUMBER_OF(sizes));
        net_close(&n);
    }
}

void
chains_keep_their_order(void **state)
{
    enum { FRAMES = 900 };

    for (unsigned seed = 0; seed < world_seeds(12); seed++) {
        struct net_world n;

        running(state, &n, (struct net_options){.seed = seed});
        net_send(&n, 0, 0, FRAMES, 300, 1 + seed % 12 * 5);
        net_send(&n, 1, 5000, FRAMES, 77, 64);
        net_wait_received(&n, 1, FRAMES);
        net_wait_received(&n, 0, FRAMES);
        net_expect(&n, 1, 0, FRAMES, 300);
        net_expect(&n, 0, 5000, FRAMES, 77);
        net_wait_completed(&n, 0);
        net_wait_completed(&n, 1);
        net_close(&n);
    }
}
