/*
 * In what order a stack starts, pauses, restarts and stops: "Starting a Driver Stack", "Pausing a
 * Driver Stack", "Restarting a Driver Stack", "Stopping a Driver Stack", "Processing the Surprise
 * Removal of a NIC".
 */
#include "support/protocol.h"
#include "support/story.h"

enum { SEEDS = 100, VARIANT_SEEDS = 25 };

/* What happens from the start on: states, and states with calls. */
static struct story states;
static struct story calls;

static bool
is_running(void *adapter)
{
    return pndis_adapter_state(adapter) == PNDIS_RUNNING;
}

static void
open_bound(struct world *w, uint64_t seed)
{
    world_open(w, seed);
    states = story_open(w, PNDIS_LOG_STATES);
    calls = story_open(w, PNDIS_LOG_STORY);
    world_add_adapter(w);
    world_load_protocol(w);
    pndis_machine_run_until(w->machine, is_running, w->adapter, 0);
    world_settle(w);
    expect_state(w, "Running");
}

/* Run @test with fresh drivers under many seeds. */
static void
under_seeds(void (*test)(struct world *w))
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        open_bound(&w, seed);
        test(&w);
    }
}

/* --- transcripts: nothing pends --- */

static void
start(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_STOPPED) == 0);
    story_forget(&states);
    expect(w, pndis_adapter_start(w->adapter) == 0);
    world_settle(w);

    story_is(&states, "eth0: Halted -> Initializing\n"
                      "eth0: Initializing -> Paused\n"
                      "PROGRAMMABLE@eth0: Unbound -> Opening\n"
                      "PROGRAMMABLE@eth0: Opening -> Paused\n"
                      "eth0: Paused -> Restarting\n"
                      "eth0: Restarting -> Running\n"
                      "PROGRAMMABLE@eth0: Paused -> Restarting\n"
                      "PROGRAMMABLE@eth0: Restarting -> Running\n");
    world_close(w);
}

static void
a_stack_starts_from_the_adapter_up(void **state)
{
    (void)state;
    under_seeds(start);
}

static void
pause(struct world *w)
{
    story_forget(&calls);
    expect(w, pndis_adapter_pause(w->adapter) == 0);

    story_is(&calls, "PROGRAMMABLE@eth0: Running -> Pausing\n"
                     "PROGRAMMABLE@eth0: > ProtocolNetPnPEvent\n"
                     "PROGRAMMABLE@eth0: < ProtocolNetPnPEvent returns 0x00000000\n"
                     "PROGRAMMABLE@eth0: Pausing -> Paused\n"
                     "eth0: Running -> Pausing\n"
                     "eth0: > MiniportPause\n"
                     "eth0: < MiniportPause returns 0x00000000\n"
                     "eth0: Pausing -> Paused\n");
    world_close(w);
}

static void
a_stack_pauses_from_the_bindings_down(void **state)
{
    (void)state;
    under_seeds(pause);
}

static void
restart(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    story_forget(&calls);
    expect(w, pndis_adapter_restart(w->adapter) == 0);

    story_is(&calls, "eth0: Paused -> Restarting\n"
                     "eth0: > MiniportRestart\n"
                     "eth0: < MiniportRestart returns 0x00000000\n"
                     "eth0: Restarting -> Running\n"
                     "PROGRAMMABLE@eth0: Paused -> Restarting\n"
                     "PROGRAMMABLE@eth0: > ProtocolNetPnPEvent\n"
                     "PROGRAMMABLE@eth0: < ProtocolNetPnPEvent returns 0x00000000\n"
                     "PROGRAMMABLE@eth0: Restarting -> Running\n");
    world_close(w);
}

static void
a_stack_restarts_from_the_adapter_up(void **state)
{
    (void)state;
    under_seeds(restart);
}

static const char stopped[] = "PROGRAMMABLE@eth0: Running -> Pausing\n"
                              "PROGRAMMABLE@eth0: Pausing -> Paused\n"
                              "eth0: Running -> Pausing\n"
                              "eth0: Pausing -> Paused\n"
                              "PROGRAMMABLE@eth0: Paused -> Closing\n"
                              "PROGRAMMABLE@eth0: Closing -> Unbound\n"
                              "eth0: Paused -> Halted\n";

static void
stop(struct world *w)
{
    story_forget(&states);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);

    story_is(&states, stopped);
    expect(w, protocol.unbinds == 1);
    world_close(w);
}

static void
a_stack_stops_paused_unbound_halted(void **state)
{
    (void)state;
    under_seeds(stop);
}

static void
unload(struct world *w)
{
    story_forget(&calls);
    expect(w, pndis_driver_unload(w->driver) == 0);

    STORY_HAS_IN_ORDER(&calls, "PROGRAMMABLE@eth0: Running -> Pausing",
                       "PROGRAMMABLE@eth0: Pausing -> Paused", "eth0: Running -> Pausing",
                       "eth0: Pausing -> Paused", "PROGRAMMABLE@eth0: Paused -> Closing",
                       "PROGRAMMABLE@eth0: Closing -> Unbound", "eth0: Paused -> Halted",
                       "eth0: > MiniportHaltEx", "eth0: < MiniportHaltEx",
                       "programmable: > MiniportDriverUnload");
    world_close(w);
}

/* "If all the miniport adapters that a miniport driver manages are halted ... can unload". */
static void
a_driver_is_unloaded_after_its_adapters_are_halted(void **state)
{
    (void)state;
    under_seeds(unload);
}

/* --- surprise removal --- */

static struct {
    bool query_remove;       /* The protocol was asked. */
    bool asked_before_told;  /* Before the miniport was told. */
    bool told;               /* NdisDevicePnPEventSurpriseRemoved. */
    bool told_before_paused; /* Before anything was paused. */
    NDIS_HALT_ACTION action;
} removal;

static NDIS_STATUS
see_query_remove(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    (void)opening;
    if (event->NetPnPEvent.NetEvent == NetEventQueryRemoveDevice) {
        removal.query_remove = true;
    }
    return NDIS_STATUS_SUCCESS;
}

static void
see_surprise(struct port *port, PNET_DEVICE_PNP_EVENT event)
{
    if (event->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved) {
        removal.told = true;
        removal.asked_before_told = removal.query_remove;
        removal.told_before_paused = port->pauses == 0 && opening_latest()->pauses == 0;
    }
}

static void
see_halt(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    removal.action = action;
}

static void
remove_by_surprise(struct world *w)
{
    story_forget(&states);
    memset(&removal, 0, sizeof(removal));
    protocol.on_event = see_query_remove;
    miniport.on_event = see_surprise;
    miniport.on_halt = see_halt;
    expect(w, pndis_adapter_surprise_remove(w->adapter) == 0);

    expect(w, removal.told && removal.asked_before_told && removal.told_before_paused);
    expect(w, removal.action == NdisHaltDeviceSurpriseRemoved);
    story_is(&states, stopped);
    world_close(w);
}

static void
a_surprise_removal_tells_drivers_and_then_stops_the_stack(void **state)
{
    (void)state;
    under_seeds(remove_by_surprise);
}

/* --- the same order, however long each driver takes --- */

static void
walk(struct world *w)
{
    story_forget(&states);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    story_is(&states, "PROGRAMMABLE@eth0: Running -> Pausing\n"
                      "PROGRAMMABLE@eth0: Pausing -> Paused\n"
                      "eth0: Running -> Pausing\n"
                      "eth0: Pausing -> Paused\n");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    story_is(&states, "eth0: Paused -> Restarting\n"
                      "eth0: Restarting -> Running\n"
                      "PROGRAMMABLE@eth0: Paused -> Restarting\n"
                      "PROGRAMMABLE@eth0: Restarting -> Running\n");
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    story_is(&states, stopped);
    expect(w, pndis_adapter_start(w->adapter) == 0);
    world_settle(w);
    story_is(&states, "eth0: Halted -> Initializing\n"
                      "eth0: Initializing -> Paused\n"
                      "PROGRAMMABLE@eth0: Unbound -> Opening\n"
                      "PROGRAMMABLE@eth0: Opening -> Paused\n"
                      "eth0: Paused -> Restarting\n"
                      "eth0: Restarting -> Running\n"
                      "PROGRAMMABLE@eth0: Paused -> Restarting\n"
                      "PROGRAMMABLE@eth0: Restarting -> Running\n");
}

static void
pending_changes_no_order(void **state)
{
    enum when *const answers[] = {&miniport.pause,  &miniport.restart, &protocol.bind,
                                  &protocol.unbind, &protocol.pause,   &protocol.restart};

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
            for (unsigned seed = 0; seed < (world_is_live() ? 1 : world_seeds(VARIANT_SEEDS));
                 seed++) {
                struct world w;

                miniport_reset();
                protocol_reset();
                *answers[i] = when;
                open_bound(&w, seed);
                walk(&w);
                world_close(&w);
            }
        }
    }
}

/* --- several bindings --- */

/* "Adding a binding": pause the stack, bind, restart the stack. */
static void
add_and_remove_binding(struct world *w)
{
    story_forget(&states);
    world_add_client(w);
    STORY_HAS_IN_ORDER(&states, "PROGRAMMABLE@eth0: Running -> Pausing",
                       "PROGRAMMABLE@eth0: Pausing -> Paused", "eth0: Running -> Pausing",
                       "eth0: Pausing -> Paused", "client@eth0: Unbound -> Opening",
                       "client@eth0: Opening -> Paused", "eth0: Paused -> Restarting",
                       "eth0: Restarting -> Running", "client@eth0: Restarting -> Running");
    STORY_HAS_IN_ORDER(&states, "eth0: Restarting -> Running",
                       "PROGRAMMABLE@eth0: Restarting -> Running");
    story_forget(&states);

    expect(w, pndis_client_close(w->client) == 0);
    STORY_HAS_IN_ORDER(&states, "client@eth0: Running -> Pausing", "client@eth0: Pausing -> Paused",
                       "eth0: Running -> Pausing", "eth0: Pausing -> Paused",
                       "client@eth0: Paused -> Closing", "client@eth0: Closing -> Unbound",
                       "eth0: Paused -> Restarting", "eth0: Restarting -> Running",
                       "PROGRAMMABLE@eth0: Restarting -> Running");
    STORY_HAS_IN_ORDER(&states, "PROGRAMMABLE@eth0: Pausing -> Paused", "eth0: Running -> Pausing",
                       "eth0: Restarting -> Running", "PROGRAMMABLE@eth0: Paused -> Restarting");
    expect_state(w, "Running");
    expect(w, opening_latest()->running);
    world_close(w);
}

static void
a_binding_comes_and_goes_in_a_paused_stack(void **state)
{
    (void)state;
    under_seeds(add_and_remove_binding);
}

static void
pause_several(struct world *w)
{
    for (unsigned i = 0; i < 3; i++) {
        world_add_client(w);
    }
    story_forget(&states);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const names[] = {"PROGRAMMABLE", "client", "client#2", "client#3"};
        char paused[64];
        char restarting[64];

        snprintf(paused, sizeof(paused), "%s@eth0: Pausing -> Paused", names[i]);
        snprintf(restarting, sizeof(restarting), "%s@eth0: Paused -> Restarting", names[i]);
        STORY_HAS_IN_ORDER(&states, paused, "eth0: Running -> Pausing",
                           "eth0: Restarting -> Running", restarting);
    }
    world_close(w);
}

static void
every_binding_pauses_before_the_adapter_and_restarts_after_it(void **state)
{
    (void)state;
    under_seeds(pause_several);
}

/* --- nothing else begins while something is under way --- */

static void
overlap(struct world *w)
{
    struct port *port = port_latest();

    miniport.pause = BY_HAND;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Pausing");

    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_HALT) == PNDIS_EBUSY);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == PNDIS_EBUSY);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == PNDIS_EBUSY);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_INITIALIZE) == PNDIS_EBUSY);
    expect(w, port->pauses == 1 && port->restarts == 1 && port->halts == 0);
    expect_state(w, "Pausing");

    world_as_driver(w, (void (*)(void *))port_complete_pause, port);
    expect_state(w, "Paused");
    world_expect_clean(w);
    miniport.pause = AT_ONCE;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    expect_state(w, "Running");
    world_close(w);
}

/* "NDIS does not initiate other Plug and Play operations ... in the Pausing state." */
static void
no_other_operation_begins_while_pausing(void **state)
{
    (void)state;
    under_seeds(overlap);
}

static void
step_out_of_turn(struct world *w)
{
    struct port *port = port_latest();

    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_HALT) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_INITIALIZE) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_restart(w->adapter) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, pndis_adapter_pause(w->adapter) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == PNDIS_EBADSTATE);
    expect(w, port->initializes == 1 && port->pauses == 1 && port->restarts == 1);
    world_close(w);
}

static void
what_the_state_does_not_allow_calls_no_driver(void **state)
{
    (void)state;
    under_seeds(step_out_of_turn);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_starts_from_the_adapter_up),
        cmocka_unit_test(a_stack_pauses_from_the_bindings_down),
        cmocka_unit_test(a_stack_restarts_from_the_adapter_up),
        cmocka_unit_test(a_stack_stops_paused_unbound_halted),
        cmocka_unit_test(a_driver_is_unloaded_after_its_adapters_are_halted),
        cmocka_unit_test(a_surprise_removal_tells_drivers_and_then_stops_the_stack),
        cmocka_unit_test(pending_changes_no_order),
        cmocka_unit_test(a_binding_comes_and_goes_in_a_paused_stack),
        cmocka_unit_test(every_binding_pauses_before_the_adapter_and_restarts_after_it),
        cmocka_unit_test(no_other_operation_begins_while_pausing),
        cmocka_unit_test(what_the_state_does_not_allow_calls_no_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
