/*
 * Sends and receives around a pause and a restart: "Pausing an Adapter", "Starting an Adapter",
 * "Pausing a Binding", "Miniport Adapter Check-for-Hang and Reset Operations". The races of these
 * are in pause_race.c.
 */
#include "support/protocol.h"
#include "support/story.h"
#include "support/worker.h"

enum { SEEDS = 60, CHAINS = 4, LIVE_TIMEOUT_NS = 40000000 };

static uint8_t frame[60];

/* --- worlds --- */

/* On live a host call that cannot end is not worth thirty seconds. */
static void
open_impatient(struct world *w, uint64_t seed)
{
    world_open_with(w, &(struct pndis_machine_options){
                           .seed = seed, .timeout_ns = world_is_live() ? LIVE_TIMEOUT_NS : 0});
}

static void
with_client(struct world *w, uint64_t seed)
{
    open_impatient(w, seed);
    world_add_adapter(w);
    world_add_client(w);
    expect_state(w, "Running");
}

static void
with_protocol(struct world *w, uint64_t seed)
{
    open_impatient(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

static void
under_seeds(void (*open)(struct world *w, uint64_t seed), void (*test)(struct world *w))
{
    memset(frame, 0xff, sizeof(frame));
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        open(&w, seed);
        test(&w);
        world_close(&w);
    }
}

static bool
gave_up(int result)
{
    return result == PNDIS_ETIMEDOUT || result == PNDIS_ESTALLED;
}

/* --- what driver code does for a test --- */

static void
let_sends_go(void *argument)
{
    (void)argument;
    port_complete_sends(port_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static void
indicate_three(void *argument)
{
    (void)argument;
    port_indicate(port_latest(), frame, sizeof(frame), 3, 0);
}

static void
complete_pause(void *argument)
{
    (void)argument;
    port_complete_pause(port_latest());
}

static void
complete_restart(void *argument)
{
    struct port *port = port_latest();

    (void)argument;
    port->paused = false;
    NdisMRestartComplete(port->handle, NDIS_STATUS_SUCCESS);
}

/* --- sends --- */

static unsigned completions[CHAINS];

static void
count_completion(struct pndis_client *client, int status, void *tag, void *user)
{
    (void)client;
    (void)user;
    if (status == NDIS_STATUS_SUCCESS) {
        __atomic_add_fetch(&completions[(uintptr_t)tag - 1], 1, __ATOMIC_SEQ_CST);
    }
}

/* Chain i is of i + 1 lists. */
static void
send_chains(struct world *w)
{
    const void *frames[CHAINS] = {frame, frame, frame, frame};
    const size_t bytes[CHAINS] = {sizeof(frame), sizeof(frame), sizeof(frame), sizeof(frame)};

    memset(completions, 0, sizeof(completions));
    for (uintptr_t i = 0; i < CHAINS; i++) {
        expect(w, pndis_client_send_chain(w->client, frames, bytes, i + 1, (void *)(i + 1)) == 0);
    }
}

static void
pause_behind_sends(struct world *w)
{
    static const struct pndis_client_events events = {.on_sent = count_completion};
    struct story story = story_open(w, PNDIS_LOG_STATES);

    world_add_adapter(w);
    w->client = pndis_client_open(w->adapter, &(struct pndis_client_options){.events = &events});
    expect(w, w->client != NULL);
    story_forget(&story);
    send_chains(w);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    for (unsigned i = 0; i < CHAINS; i++) {
        expect(w, completions[i] == i + 1);
    }
    story_is(&story, "client@eth0: Running -> Pausing\n"
                     "client@eth0: Pausing -> Paused\n"
                     "eth0: Running -> Pausing\n"
                     "eth0: Pausing -> Paused\n");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    send_chains(w);
    expect(w, pndis_client_close(w->client) == 0);
    for (unsigned i = 0; i < CHAINS; i++) {
        expect(w, completions[i] == i + 1);
    }
}

static void
sends_complete_before_the_binding_is_paused(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            miniport.send_when = when;
            world_open(&w, seed);
            pause_behind_sends(&w);
            world_close(&w);
        }
    }
}

static void
keep_sends(struct world *w)
{
    miniport.sending = SEND_KEEP;
    for (unsigned i = 0; i < 3; i++) {
        expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    }

    expect(w, gave_up(pndis_adapter_pause(w->adapter)));
    expect(w, strcmp(pndis_client_state_name(w->client), "Pausing") == 0);
    expect_state(w, "Running");
    expect(w, port_latest()->pauses == 0);
    expect(w, gave_up(pndis_adapter_pause(w->adapter)));
    expect(w, port_latest()->pauses == 0);

    world_as_driver(w, let_sends_go, NULL);
    world_settle(w);
    expect(w, strcmp(pndis_client_state_name(w->client), "Paused") == 0);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect_state(w, "Paused");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect_state(w, "Running");
}

static void
a_send_that_the_miniport_keeps_keeps_the_binding_pausing(void **state)
{
    (void)state;
    under_seeds(with_client, keep_sends);
}

static void
pause_under_sends(struct world *w)
{
    struct port *port = port_latest();
    struct pndis_client_counts counts;

    miniport.sending = SEND_KEEP;
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Pausing");

    world_as_driver(w, let_sends_go, NULL);
    expect_state(w, "Paused");
    pndis_client_get_counts(w->client, &counts);
    expect(w, counts.completed_ok == 1 && port->completes == 1);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
}

static void
an_adapter_pauses_when_its_sends_have_completed(void **state)
{
    (void)state;
    under_seeds(with_client, pause_under_sends);
}

static void
expect_refused(struct world *w, uint64_t so_far)
{
    unsigned sends = port_latest()->sends;
    struct pndis_client_counts counts;

    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_settle(w);
    pndis_client_get_counts(w->client, &counts);
    expect(w, counts.completed == so_far + 1 && counts.completed_ok == 0);
    expect(w, counts.last_send_status == (int)NDIS_STATUS_PAUSED);
    expect(w, port_latest()->sends == sends);
}

static void
send_at_wrong_times(struct world *w)
{
    struct pndis_client_counts counts;

    miniport.pause = BY_HAND;
    miniport.restart = BY_HAND;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Pausing");
    expect_refused(w, 0);
    world_as_driver(w, complete_pause, NULL);
    expect_state(w, "Paused");
    expect_refused(w, 1);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    expect_state(w, "Restarting");
    expect_refused(w, 2);
    world_as_driver(w, complete_restart, NULL);
    expect_state(w, "Running");
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_settle(w);
    pndis_client_get_counts(w->client, &counts);
    expect(w, counts.completed == 4 && counts.completed_ok == 1);
    expect(w, port_latest()->sends == 1);
    miniport.pause = AT_ONCE;
}

/* Pausing, Paused and Restarting: the binding is Running, the adapter under it is not. */
static void
sends_are_refused_at_the_edge_until_the_restart_has_completed(void **state)
{
    (void)state;
    under_seeds(with_client, send_at_wrong_times);
}

static void
send_after_completing(void *argument)
{
    struct opening *opening = opening_latest();

    (void)argument;
    opening->running = true;
    NdisCompleteNetPnPEvent(opening->handle, opening->restarting, NDIS_STATUS_SUCCESS);
    opening_send(opening, frame, sizeof(frame), 1);
}

static void
restart_by_hand(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    protocol.restart = BY_HAND;
    expect(w, gave_up(pndis_adapter_restart(w->adapter)));
    expect_state(w, "Running");
    world_as_driver(w, send_after_completing, NULL);
    world_settle(w);
    expect(w, opening_latest()->completed == 1 && port_latest()->sends == 1);
    expect(w, opening_latest()->last_send_status == NDIS_STATUS_SUCCESS);
}

/* "After the driver is ready to handle send and receive operations, ... is in the Running state."
 */
static void
a_protocol_may_send_as_soon_as_it_has_completed_the_restart(void **state)
{
    (void)state;
    under_seeds(with_protocol, restart_by_hand);
}

/* --- receives --- */

static void
hold_receives(struct world *w)
{
    struct port *port = port_latest();

    pndis_client_hold(w->client, true);
    world_as_driver(w, indicate_three, NULL);
    expect(w, port->receives_out == 3);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    for (unsigned left = 3; left > 0; left--) {
        expect_state(w, "Pausing");
        expect(w, port->returns == 3 - left);
        expect(w, pndis_client_return(w->client, 1) == 1);
    }
    expect_state(w, "Paused");
    expect(w, port->returns == 3);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
}

static void
an_adapter_pauses_when_its_receives_have_returned(void **state)
{
    (void)state;
    under_seeds(with_client, hold_receives);
}

static void
indicate_while_pausing(struct world *w)
{
    struct port *port = port_latest();
    struct pndis_client_counts counts;

    pndis_client_hold(w->client, true);
    world_as_driver(w, indicate_three, NULL);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Pausing");
    world_as_driver(w, indicate_three, NULL);
    pndis_client_get_counts(w->client, &counts);
    expect(w, counts.received == 6 && counts.held == 6);
    expect(w, pndis_client_return(w->client, 5) == 5);
    expect_state(w, "Pausing");
    expect(w, pndis_client_return(w->client, SIZE_MAX) == 1);
    expect_state(w, "Paused");
    expect(w, port->returns == 6);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
}

static void
what_is_received_while_pausing_is_waited_for_too(void **state)
{
    (void)state;
    under_seeds(with_client, indicate_while_pausing);
}

static struct later return_later;

static void
return_all(void *argument)
{
    (void)argument;
    opening_return(opening_latest(), ~0u);
}

static void
return_then(void *argument)
{
    do_later(&return_later, *(enum when *)argument, return_all, NULL);
}

/* The stack's pause waits in MiniportPause for what the protocol keeps. */
static void
receives_that_a_protocol_keeps_come_back_while_the_stack_pauses(void **state)
{
    (void)state;
    for (enum when when = FROM_DPC; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            protocol_reset();
            protocol.keep_receives = true;
            with_protocol(&w, seed);
            world_as_driver(&w, indicate_three, NULL);
            world_as_driver(&w, return_then, &when);
            expect(&w, pndis_adapter_pause(w.adapter) == 0);
            expect_state(&w, "Paused");
            expect(&w, port_latest()->returns == 3 && port_latest()->receives_out == 0);
            world_close(&w);
        }
    }
}

static NDIS_STATUS
indicate_in_restart(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)parameters;
    port_indicate(port, frame, sizeof(frame), 3, 0);
    return NDIS_STATUS_SUCCESS;
}

static void
restart_with_receives(struct world *w)
{
    struct pndis_client_counts counts;

    miniport.on_restart = indicate_in_restart;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    pndis_client_get_counts(w->client, &counts);
    expect(w, counts.received == 3);
    expect(w, port_latest()->returns == 3);

    /* The stack's restart comes to the bindings last: there is nobody to receive yet. */
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    pndis_client_get_counts(w->client, &counts);
    expect(w, counts.received == 3);
    expect(w, port_latest()->returns == 6);
}

/* "The driver can resume indicating received data immediately after NDIS calls MiniportRestart". */
static void
a_miniport_may_indicate_while_restarting(void **state)
{
    (void)state;
    under_seeds(with_client, restart_with_receives);
}

/* --- a pause that takes its time --- */

static void
pause_for_ever(struct world *w)
{
    miniport.pause = BY_HAND;
    expect(w, gave_up(pndis_adapter_pause(w->adapter)));
    expect_state(w, "Pausing");
    expect(w, pndis_adapter_wait(w->adapter, LIVE_TIMEOUT_NS) != 0);
    world_as_driver(w, complete_pause, NULL);
    expect(w, pndis_adapter_wait(w->adapter, LIVE_TIMEOUT_NS) == 0);
    expect_state(w, "Paused");
    miniport.pause = AT_ONCE;
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect_state(w, "Running");
}

static void
a_pause_that_was_given_up_goes_on(void **state)
{
    (void)state;
    under_seeds(with_client, pause_for_ever);
}

static void
reset_while_pausing(struct world *w)
{
    struct port *port = port_latest();

    miniport.pause = BY_HAND;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect(w, pndis_adapter_reset(w->adapter) == 0);
    expect(w, port->resets == 1);
    expect_state(w, "Pausing");
    world_as_driver(w, complete_pause, NULL);
    expect_state(w, "Paused");
    expect(w, pndis_adapter_reset(w->adapter) == 0);
    expect(w, port->resets == 2);
    expect_state(w, "Paused");
    miniport.pause = AT_ONCE;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
}

static void
complete_reset(void *argument)
{
    (void)argument;
    NdisMResetComplete(port_latest()->handle, NDIS_STATUS_SUCCESS, FALSE);
}

static void
pause_while_resetting(struct world *w)
{
    struct pndis_adapter_info info;

    miniport.reset = BY_HAND;
    expect(w, gave_up(pndis_adapter_reset(w->adapter)));
    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0 && info.resetting);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect_state(w, "Paused");
    world_as_driver(w, complete_reset, NULL);
    expect(w, pndis_adapter_wait(w->adapter, LIVE_TIMEOUT_NS) == 0);
    expect_state(w, "Paused");
    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0 && !info.resetting);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect_state(w, "Running");
}

/* "Reset changes no state and may overlap a pause": either ends first. */
static void
a_reset_may_begin_and_end_within_a_pause(void **state)
{
    (void)state;
    under_seeds(with_client, reset_while_pausing);
}

static void
a_pause_may_begin_and_end_within_a_reset(void **state)
{
    (void)state;
    under_seeds(with_client, pause_while_resetting);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_complete_before_the_binding_is_paused),
        cmocka_unit_test(a_send_that_the_miniport_keeps_keeps_the_binding_pausing),
        cmocka_unit_test(an_adapter_pauses_when_its_sends_have_completed),
        cmocka_unit_test(sends_are_refused_at_the_edge_until_the_restart_has_completed),
        cmocka_unit_test(a_protocol_may_send_as_soon_as_it_has_completed_the_restart),
        cmocka_unit_test(an_adapter_pauses_when_its_receives_have_returned),
        cmocka_unit_test(what_is_received_while_pausing_is_waited_for_too),
        cmocka_unit_test(receives_that_a_protocol_keeps_come_back_while_the_stack_pauses),
        cmocka_unit_test(a_miniport_may_indicate_while_restarting),
        cmocka_unit_test(a_pause_that_was_given_up_goes_on),
        cmocka_unit_test(a_reset_may_begin_and_end_within_a_pause),
        cmocka_unit_test(a_pause_may_begin_and_end_within_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
