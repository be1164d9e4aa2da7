/*
 * Pauses, restarts, removals and unloading of either side while frames are on their way: what the
 * bridge holds goes back, and nothing is sent where nothing may be sent.
 */
#include "bridge/bridge_world.h"
#include "support/dice.h"
#include "support/worker.h"

static void
expect_no_sends(void *argument)
{
    struct port *port = argument;
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    assert_int_equal(port->sends_in_hand, 0);
    KeReleaseSpinLock(&port->lock, irql);
}

/* "Pausing a Binding": the pause of the sending side waits for its sends. */
static void
a_pause_waits_for_the_sends_of_the_port(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct bridge_world b;
        uint8_t frame[60];

        bridge_prepare();
        miniport.send_when = seed % 2 == 0 ? FROM_TIMER : FROM_THREAD;
        bridge_open(&b, seed, 3);
        bridge_host_frame(frame, 9, 1);
        bridge_receive(&b, 0, frame, sizeof(frame), 5, 0);
        assert_int_equal(pndis_adapter_pause(b.adapters[1 + seed % 2]), 0);
        world_as_driver(&b.w, expect_no_sends, b.ports[1 + seed % 2]);
        bridge_close(&b);
    }
}

/* The pause of the receiving side waits for what others are still sending of it. */
static void
a_pause_waits_for_what_was_received_on_the_port(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct bridge_world b;
        uint8_t frame[60];

        bridge_prepare();
        miniport.send_when = FROM_TIMER;
        bridge_open(&b, seed, 3);
        bridge_host_frame(frame, 9, 1);
        bridge_receive(&b, 0, frame, sizeof(frame), 5, 0);
        assert_int_equal(pndis_adapter_pause(b.adapters[0]), 0);
        assert_int_equal(bridge_receives_out(&b), 0);
        assert_int_equal(pndis_adapter_restart(b.adapters[0]), 0);
        bridge_close(&b);
    }
}

static void
a_paused_port_gets_nothing_and_the_others_go_on(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(50); seed++) {
        struct bridge_world b;

        bridge_prepare();
        bridge_open(&b, seed, 3);
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        bridge_forget();
        assert_int_equal(pndis_adapter_pause(b.adapters[1]), 0);
        assert_int_equal(bridge_info(&b, 1).running, 0);
        bridge_receive_host(&b, 0, 5, 1);
        bridge_receive_host(&b, 0, ALL_HOSTS, 1);
        assert_int_equal(bridge_sent_on(1), 0);
        assert_int_equal(bridge_sent_on(2), 1);
        assert_int_equal(bridge_info(&b, 1).counters.dropped[BRIDGE_DROP_PAUSED], 2);
        assert_int_equal(bridge_receives_out(&b), 0);

        /* What it has learned outlives the pause. */
        assert_int_equal(pndis_adapter_restart(b.adapters[1]), 0);
        bridge_receive_host(&b, 0, 5, 1);
        assert_int_equal(bridge_sent_on(1), 1);
        bridge_close(&b);
    }
}

/* "Restarting a Binding": the stack below may be another one; its attributes say so. */
static NDIS_STATUS
shrink(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_GENERAL_ATTRIBUTES *general;

    (void)port;
    if (parameters->RestartAttributes != NULL) {
        general = (NDIS_RESTART_GENERAL_ATTRIBUTES *)parameters->RestartAttributes->Data;
        general->MtuSize = 1000;
    }
    return NDIS_STATUS_SUCCESS;
}

static void
a_restart_brings_the_mtu(void **state)
{
    struct bridge_world b;
    uint8_t frame[1100];

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    bridge_host_frame(frame, 9, 1);
    bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
    assert_int_equal(sent_count, 1);
    miniport.on_restart = shrink;
    assert_int_equal(pndis_adapter_pause(b.adapters[1]), 0);
    assert_int_equal(pndis_adapter_restart(b.adapters[1]), 0);
    assert_int_equal(bridge_info(&b, 1).mtu, 1000);
    bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
    assert_int_equal(sent_count, 1);
    bridge_close(&b);
}

static void
the_packet_filter_is_promiscuous_while_bound(void **state)
{
    struct bridge_world b;

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    assert_int_equal(b.ports[0]->packet_filter, NDIS_PACKET_TYPE_PROMISCUOUS);
    assert_int_equal(pndis_driver_unload(b.bridge), 0);
    assert_int_equal(b.ports[0]->packet_filter, 0);
    bridge_close(&b);
}

/* Whatever completes late: opening, requests, pauses, restarts of the adapters. */
static void
slow_adapters_are_waited_for(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bridge_world b;

        bridge_prepare();
        miniport.oid = seed % WHEN_COUNT;
        miniport.pause = (seed + 1) % WHEN_COUNT;
        miniport.restart = (seed + 2) % WHEN_COUNT;
        miniport.send_when = (seed + 3) % WHEN_COUNT;
        bridge_open(&b, seed, 3);
        bridge_receive_host(&b, 0, 9, 1);
        assert_int_equal(pndis_adapter_pause(b.adapters[2]), 0);
        assert_int_equal(pndis_adapter_restart(b.adapters[2]), 0);
        bridge_receive_host(&b, 2, 1, 9);
        bridge_wait_until_quiet(&b);
        assert_int_equal(bridge_sent_on(0), 1);
        bridge_close(&b);
    }
}

static void
more_adapters_than_ports_are_left_unbound(void **state)
{
    struct bridge_world b;

    (void)state;
    bridge_prepare();
    miniport.edit_general = NULL;
    bridge_open_empty(&b, 1);
    for (unsigned i = 0; i <= BRIDGE_PORT_LIMIT; i++) {
        world_add_adapter(&b.w);
        expect_state(&b.w, i < BRIDGE_PORT_LIMIT ? "Running" : "Paused");
    }
    bridge_close(&b);
}

/* --- all of it at once --- */

enum { STORM_PORTS = 3, STORM_CHAINS = 24, STORM_OPERATIONS = 6, STORM_HOSTS = 6 };

/* A cable that can be pulled: frames come in only while the adapter is initialized. */
struct cable {
    EX_RUNDOWN_REF plugged;
    struct port *port;
    struct worker worker;
    struct dice dice;
};

static struct cable cables[STORM_PORTS];

/* What all storms have met: one that disturbs nothing shows nothing. */
static struct {
    uint64_t sent;
    uint64_t copied;
    uint64_t stopped_by_pauses;
} met;

static struct cable *
cable_of(const struct port *port)
{
    for (unsigned i = 0; i < STORM_PORTS; i++) {
        if (cables[i].port == port) {
            return &cables[i];
        }
    }
    return NULL;
}

static NDIS_STATUS
plug(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    for (unsigned i = 0; i < STORM_PORTS; i++) {
        if (cables[i].port == NULL) {
            cables[i].port = port;
            ExReInitializeRundownProtection(&cables[i].plugged);
            return NDIS_STATUS_SUCCESS;
        }
    }
    return NDIS_STATUS_SUCCESS;
}

static void
unplug(struct port *port, NDIS_HALT_ACTION action)
{
    struct cable *cable = cable_of(port);

    (void)action;
    ExWaitForRundownProtectionRelease(&cable->plugged);
    ExRundownCompleted(&cable->plugged);
    cable->port = NULL;
}

static void
traffic(void *argument)
{
    struct cable *cable = argument;

    for (unsigned i = 0; i < STORM_CHAINS; i++) {
        LARGE_INTEGER rest = {.QuadPart = -(LONGLONG)dice_roll(&cable->dice, 3000)};
        unsigned to = dice_roll(&cable->dice, STORM_HOSTS + 1);
        ULONG flags = dice_roll(&cable->dice, 5) == 0 ? NDIS_RECEIVE_FLAGS_RESOURCES : 0;
        uint8_t frame[60];

        bridge_host_frame(frame, to == STORM_HOSTS ? ALL_HOSTS : to,
                          dice_roll(&cable->dice, STORM_HOSTS));
        if (ExAcquireRundownProtection(&cable->plugged)) {
            port_try_indicate(cable->port, frame, sizeof(frame), 1 + dice_roll(&cable->dice, 4),
                              flags);
            ExReleaseRundownProtection(&cable->plugged);
        }
        KeDelayExecutionThread(KernelMode, FALSE, &rest);
    }
}

static void
start_traffic(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < STORM_PORTS; i++) {
        worker_start(&cables[i].worker, traffic, &cables[i]);
    }
}

static void
join_traffic(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < STORM_PORTS; i++) {
        worker_join(&cables[i].worker);
    }
}

/* An operation on an adapter that is Running, after which it is Running again. */
static void
disturb(struct bridge_world *b, struct dice *dice)
{
    struct pndis_adapter *adapter = b->adapters[dice_roll(dice, STORM_PORTS)];
    static const enum pndis_halt_action actions[] = {PNDIS_HALT_DISABLED, PNDIS_HALT_STOPPED};
    int result;

    switch (dice_roll(dice, 6)) {
    case 0:
        result = pndis_adapter_stop(adapter, actions[dice_roll(dice, 2)]);
        expect(&b->w, result == 0);
        expect(&b->w, pndis_adapter_start(adapter) == 0);
        break;
    case 1:
        expect(&b->w, pndis_adapter_surprise_remove(adapter) == 0);
        expect(&b->w, pndis_adapter_start(adapter) == 0);
        break;
    case 2:
        expect(&b->w, bridge_control(b, BRIDGE_IOCTL_FLUSH, NULL, 0) == 0);
        break;
    case 3:
        expect(&b->w, pndis_adapter_set_power(adapter, 3) == 0);
        expect(&b->w, pndis_adapter_set_power(adapter, 0) == 0);
        break;
    default:
        expect(&b->w, pndis_adapter_pause(adapter) == 0);
        pndis_machine_run(b->w.machine, dice_roll(dice, 300000));
        expect(&b->w, pndis_adapter_restart(adapter) == 0);
        break;
    }
    pndis_machine_run(b->w.machine, dice_roll(dice, 500000));
}

static void
storm(unsigned seed, bool unload)
{
    struct bridge_world b;
    struct dice dice;

    dice = dice_of(seed);
    bridge_prepare();
    memset(cables, 0, sizeof(cables));
    miniport.on_initialize = plug;
    miniport.on_halt = unplug;
    miniport.send_when = dice_roll(&dice, WHEN_COUNT);
    miniport.pause = dice_roll(&dice, WHEN_COUNT);
    bridge_open(&b, seed, STORM_PORTS);
    for (unsigned i = 0; i < STORM_PORTS; i++) {
        cables[i].dice = dice_of(seed * 16 + i);
    }
    world_as_driver(&b.w, start_traffic, NULL);
    for (unsigned i = 0; i < STORM_OPERATIONS; i++) {
        disturb(&b, &dice);
    }
    for (unsigned i = 0; i < STORM_PORTS; i++) {
        struct bridge_port_info info = bridge_info(&b, i);

        met.sent += info.counters.sent_frames;
        met.copied += info.counters.copied;
        met.stopped_by_pauses += info.counters.dropped[BRIDGE_DROP_PAUSED];
    }
    if (unload) {
        expect(&b.w, pndis_driver_unload(b.bridge) == 0);
    }
    world_as_driver(&b.w, join_traffic, NULL);
    bridge_wait_until_quiet(&b);
    bridge_close(&b);
}

static void
nothing_is_lost_in_a_storm(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(600); seed++) {
        storm(seed, false);
    }
    assert_true(met.sent > 0 && met.copied > 0 && met.stopped_by_pauses > 0);
    print_message("%llu sent, %llu of copies, %llu stopped by pauses\n",
                  (unsigned long long)met.sent, (unsigned long long)met.copied,
                  (unsigned long long)met.stopped_by_pauses);
}

static void
the_bridge_unloads_under_traffic(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(200); seed++) {
        storm(seed + 100000, true);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_waits_for_the_sends_of_the_port),
        cmocka_unit_test(a_pause_waits_for_what_was_received_on_the_port),
        cmocka_unit_test(a_paused_port_gets_nothing_and_the_others_go_on),
        cmocka_unit_test(a_restart_brings_the_mtu),
        cmocka_unit_test(the_packet_filter_is_promiscuous_while_bound),
        cmocka_unit_test(slow_adapters_are_waited_for),
        cmocka_unit_test(more_adapters_than_ports_are_left_unbound),
        cmocka_unit_test(nothing_is_lost_in_a_storm),
        cmocka_unit_test(the_bridge_unloads_under_traffic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
