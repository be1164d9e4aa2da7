/*
 * Every end of an adapter from every state: stop, surprise removal, removal, unload, shutdown and
 * the end of the machine. Restarts that fail. Two adapters of one driver.
 */
#include "support/protocol.h"
#include "support/story.h"

enum { SEEDS = 40, LIVE_TIMEOUT_NS = 40000000 };

/* What the driver saw of its halts; a port is gone by the time anybody could ask it. */
static struct {
    unsigned halts;
    unsigned shutdowns;
    NDIS_HALT_ACTION action;
} seen;

static void
see_halt(struct port *port, NDIS_HALT_ACTION action)
{
    seen.halts++;
    seen.shutdowns += port->shutdowns;
    seen.action = action;
}

/* --- states --- */

static void
halted(struct world *w)
{
    world_add_halted(w);
}

static void
paused_without_bindings(struct world *w)
{
    world_add_adapter(w);
}

static void
running(struct world *w)
{
    world_add_adapter(w);
    world_add_client(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

static void
paused(struct world *w)
{
    running(w);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
}

static void
pausing(struct world *w)
{
    running(w);
    miniport.pause = FROM_TIMER;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
}

static void
restarting(struct world *w)
{
    paused(w);
    miniport.restart = FROM_TIMER;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
}

static void
resetting(struct world *w)
{
    running(w);
    miniport.reset = BY_HAND;
    expect(w, pndis_adapter_reset(w->adapter) == PNDIS_ETIMEDOUT);
}

static void
shut_down(struct world *w)
{
    running(w);
    expect(w, pndis_adapter_shutdown(w->adapter, false) == 0);
}

struct start {
    const char *state;
    void (*enter)(struct world *w);
    bool alive; /* MiniportHaltEx is still to come. */
};

static const struct start starts[] = {
    {"Halted", halted, false},      {"Paused", paused_without_bindings, true},
    {"Paused", paused, true},       {"Restarting", restarting, true},
    {"Running", running, true},     {"Pausing", pausing, true},
    {"Shutdown", shut_down, false},
};

static void
from_each_state(void (*end)(struct world *w, const struct start *start))
{
    for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            protocol_reset();
            memset(&seen, 0, sizeof(seen));
            miniport.on_halt = see_halt;
            world_open(&w, seed);
            starts[i].enter(&w);
            if (!world_is_live()) {
                expect_state(&w, starts[i].state);
            }
            end(&w, &starts[i]);
            world_close(&w);
            expect(&w, seen.halts == starts[i].alive);
        }
    }
}

/* --- ends --- */

static void
expect_ended(struct world *w, const struct start *start, int result, NDIS_HALT_ACTION action)
{
    if (!start->alive) {
        expect(w, result == PNDIS_EBADSTATE && seen.halts == 0);
        expect_state(w, start->state);
        return;
    }
    expect(w, result == 0 && seen.halts == 1 && seen.action == action);
    expect_state(w, "Halted");
    expect(w, protocol.openings == NULL);
}

static void
stop(struct world *w, const struct start *start)
{
    expect_ended(w, start, pndis_adapter_stop(w->adapter, PNDIS_HALT_STOPPED),
                 NdisHaltDeviceStopped);
}

static void
an_adapter_is_stopped_from_any_state(void **state)
{
    (void)state;
    from_each_state(stop);
}

static void
remove_by_surprise(struct world *w, const struct start *start)
{
    expect_ended(w, start, pndis_adapter_surprise_remove(w->adapter),
                 NdisHaltDeviceSurpriseRemoved);
}

static void
an_adapter_is_removed_by_surprise_from_any_state(void **state)
{
    (void)state;
    from_each_state(remove_by_surprise);
}

static void
remove_adapter(struct world *w, const struct start *start)
{
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.halts == start->alive);
    expect(w, !start->alive || seen.action == NdisHaltDeviceDisabled);
}

static void
an_adapter_is_removed_from_any_state(void **state)
{
    (void)state;
    from_each_state(remove_adapter);
}

static void
unload(struct world *w, const struct start *start)
{
    expect(w, pndis_driver_unload(w->driver) == 0);
    expect(w, seen.halts == start->alive);
    expect(w, miniport.unloads == (start->enter != shut_down));
}

static void
a_driver_is_unloaded_from_any_state_of_its_adapter(void **state)
{
    (void)state;
    from_each_state(unload);
}

static void
end_machine(struct world *w, const struct start *start)
{
    (void)w;
    (void)start;
}

static void
a_machine_ends_in_any_state_of_its_adapter(void **state)
{
    (void)state;
    from_each_state(end_machine);
}

static unsigned shutdowns;

static VOID
count_shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
    (void)context;
    shutdowns += action == NdisShutdownPowerOff;
}

static void
count_shutdowns(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->ShutdownHandlerEx = count_shutdown;
}

/* "Shutdown is legal in Paused, Restarting, Running and Pausing", and it is the end. */
static void
after_a_shutdown_no_entry_point_is_called(void **state)
{
    (void)state;
    for (size_t i = 1; i + 1 < sizeof(starts) / sizeof(*starts); i++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct story calls;
            struct world w;

            miniport_reset();
            protocol_reset();
            miniport.edit_characteristics = count_shutdowns;
            shutdowns = 0;
            world_open(&w, seed);
            calls = story_open(&w, PNDIS_LOG_CALLBACKS);
            starts[i].enter(&w);
            expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
            expect(&w, shutdowns == 1);
            expect_state(&w, "Shutdown");
            story_forget(&calls);
            expect(&w, pndis_adapter_shutdown(w.adapter, false) == PNDIS_EBADSTATE);
            expect(&w, pndis_adapter_start(w.adapter) == PNDIS_EBADSTATE);
            expect(&w, pndis_adapter_pause(w.adapter) == PNDIS_EBADSTATE);
            expect(&w, pndis_adapter_restart(w.adapter) == PNDIS_EBADSTATE);
            expect(&w, pndis_machine_stop(w.machine) == 0);
            story_has_not(&calls, "> Miniport");
            expect(&w, shutdowns == 1);
            world_expect_clean(&w);
            world_discard(&w);
        }
    }
}

/* --- an operation that does not end --- */

static void
complete_pause(void *argument)
{
    (void)argument;
    port_complete_pause(port_latest());
}

static void
stop_while_pausing(struct world *w)
{
    unsigned pauses;

    running(w);
    pauses = port_latest()->pauses;
    miniport.pause = BY_HAND;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == PNDIS_ETIMEDOUT);
    expect_state(w, "Pausing");
    expect(w, seen.halts == 0 && port_latest()->pauses == pauses + 1);

    world_as_driver(w, complete_pause, NULL);
    expect_state(w, "Paused");
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, seen.halts == 1);
}

/* "NDIS does not initiate other Plug and Play operations ... in the Pausing state." */
static void
an_adapter_is_not_halted_before_its_pause_is_complete(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        memset(&seen, 0, sizeof(seen));
        miniport.on_halt = see_halt;
        world_open_with(
            &w, &(struct pndis_machine_options){.seed = seed, .timeout_ns = LIVE_TIMEOUT_NS});
        stop_while_pausing(&w);
        world_close(&w);
    }
}

static void
complete_reset(void *argument)
{
    (void)argument;
    NdisMResetComplete(port_latest()->handle, NDIS_STATUS_SUCCESS, FALSE);
}

static void
an_adapter_stops_after_a_reset_that_took_too_long(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        memset(&seen, 0, sizeof(seen));
        miniport.on_halt = see_halt;
        world_open_with(
            &w, &(struct pndis_machine_options){.seed = seed, .timeout_ns = LIVE_TIMEOUT_NS});
        resetting(&w);
        world_as_driver(&w, complete_reset, NULL);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_FAILED) == 0);
        expect(&w, seen.halts == 1 && seen.action == NdisHaltDeviceFailed);
        world_close(&w);
    }
}

/* --- restarts that fail --- */

static void
fail_miniport_restart(struct world *w, NDIS_STATUS status)
{
    unsigned restarts;

    paused(w);
    restarts = opening_latest()->restarts;
    miniport.restart_status = status;
    expect(w, pndis_adapter_restart(w->adapter) == PNDIS_EDRIVER);
    expect(w, pndis_adapter_status(w->adapter) == (int)status);
    expect_state(w, "Paused");
    expect(w, strcmp(pndis_client_state_name(w->client), "Paused") == 0);
    expect(w, opening_latest()->restarts == restarts);

    miniport.restart_status = NDIS_STATUS_SUCCESS;
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect_state(w, "Running");
    expect(w, strcmp(pndis_client_state_name(w->client), "Running") == 0);
    expect(w, opening_latest()->restarts == restarts + 1);
}

static void
a_restart_that_the_miniport_fails_leaves_everything_paused(void **state)
{
    static const NDIS_STATUS statuses[] = {NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE};

    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            protocol_reset();
            miniport.restart = when;
            world_open(&w, seed);
            fail_miniport_restart(&w, statuses[seed % 2]);
            world_close(&w);
        }
    }
}

static void
fail_protocol_restart(struct world *w)
{
    paused(w);
    protocol.restart_status = NDIS_STATUS_RESOURCES;
    expect(w, pndis_adapter_restart(w->adapter) == PNDIS_EDRIVER);
    world_expect_violation(w, "BD_EVENT_4");
    expect_state(w, "Running");
    expect(w, strcmp(pndis_client_state_name(w->client), "Running") == 0);
    expect(w, !opening_latest()->running);

    protocol.restart_status = NDIS_STATUS_SUCCESS;
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect(w, opening_latest()->running);
}

/* It "should always succeed" NetEventRestart; the others run all the same. */
static void
a_restart_that_a_protocol_fails_leaves_its_binding_paused(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            protocol_reset();
            protocol.restart = when;
            world_open(&w, seed);
            fail_protocol_restart(&w);
            world_close(&w);
        }
    }
}

/* --- two adapters --- */

struct pair {
    struct pndis_adapter *adapters[2];
    struct pndis_client *clients[2];
    struct port *ports[2];
};

static void
open_pair(struct world *w, struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        world_add_adapter(w);
        world_add_client(w);
        pair->adapters[i] = w->adapter;
        pair->clients[i] = w->client;
        pair->ports[i] = port_latest();
    }
    expect(w, pair->ports[0] != pair->ports[1]);
    expect(w, strcmp(pndis_adapter_name(pair->adapters[0]),
                     pndis_adapter_name(pair->adapters[1])) != 0);
}

static void
pass_one(struct world *w, struct pair *pair, unsigned i)
{
    unsigned sends = pair->ports[i]->sends;
    unsigned other_sends = pair->ports[1 - i]->sends;
    uint8_t frame[60];

    make_frame_bytes(frame, sizeof(frame), 1);
    expect(w, pndis_client_send(pair->clients[i], frame, sizeof(frame)) == 0);
    expect(w, pair->ports[i]->sends == sends + 1 && pair->ports[1 - i]->sends == other_sends);
}

static void
walk_pair(struct world *w)
{
    struct pair pair;

    open_pair(w, &pair);
    pass_one(w, &pair, 0);
    pass_one(w, &pair, 1);
    miniport.pause = BY_HAND;
    expect(w, pndis_adapter_step(pair.adapters[0], PNDIS_STEP_PAUSE) == 0);
    miniport.pause = AT_ONCE;
    expect(w, pndis_adapter_pause(pair.adapters[1]) == 0);
    expect(w, pndis_adapter_state(pair.adapters[0]) == PNDIS_PAUSING);
    expect(w, pndis_adapter_state(pair.adapters[1]) == PNDIS_PAUSED);
    world_as_driver(w, (void (*)(void *))port_complete_pause, pair.ports[0]);
    expect(w, pndis_adapter_state(pair.adapters[0]) == PNDIS_PAUSED);
    expect(w, pndis_adapter_restart(pair.adapters[1]) == 0);
    expect(w, pndis_adapter_state(pair.adapters[0]) == PNDIS_PAUSED);
    pass_one(w, &pair, 1);
    expect(w, pndis_adapter_surprise_remove(pair.adapters[0]) == 0);
    expect(w, seen.halts == 1 && pndis_adapter_state(pair.adapters[1]) == PNDIS_RUNNING);
    expect(w, pndis_adapter_start(pair.adapters[0]) == 0);
    expect(w, pndis_adapter_remove(pair.adapters[1]) == 0);
    expect(w, seen.halts == 2);
    expect(w, pndis_driver_unload(w->driver) == 0);
    expect(w, seen.halts == 3 && miniport.unloads == 1);
}

static void
two_adapters_of_a_driver_live_their_own_lives(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        memset(&seen, 0, sizeof(seen));
        miniport.on_halt = see_halt;
        world_open(&w, seed);
        walk_pair(&w);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_adapter_is_stopped_from_any_state),
        cmocka_unit_test(an_adapter_is_removed_by_surprise_from_any_state),
        cmocka_unit_test(an_adapter_is_removed_from_any_state),
        cmocka_unit_test(a_driver_is_unloaded_from_any_state_of_its_adapter),
        cmocka_unit_test(a_machine_ends_in_any_state_of_its_adapter),
        cmocka_unit_test(after_a_shutdown_no_entry_point_is_called),
        cmocka_unit_test(an_adapter_is_not_halted_before_its_pause_is_complete),
        cmocka_unit_test(an_adapter_stops_after_a_reset_that_took_too_long),
        cmocka_unit_test(a_restart_that_the_miniport_fails_leaves_everything_paused),
        cmocka_unit_test(a_restart_that_a_protocol_fails_leaves_its_binding_paused),
        cmocka_unit_test(two_adapters_of_a_driver_live_their_own_lives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
