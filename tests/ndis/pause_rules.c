/*
 * Rules of pausing and restarting, broken one at a time: the named violation, and the machine goes
 * on. "Pausing an Adapter", MINIPORT_PAUSE, MINIPORT_RESTART, NdisMPauseComplete,
 * NdisMRestartComplete, "Pausing a Binding". MP_PAUSE_5 is in receive.c.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 60 };

static uint8_t frame[60];

/* A running adapter with a client and a protocol; @edit programs the miniport. */
static void
under_seeds(void (*edit)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics),
            void (*test)(struct world *w))
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        make_frame_bytes(frame, sizeof(frame), 1);
        miniport_reset();
        protocol_reset();
        miniport.edit_characteristics = edit;
        world_running(&w, seed);
        test(&w);
        world_close(&w);
    }
}

/* The adapter can still be paused and restarted, and frames go through. */
static void
goes_on(struct world *w)
{
    struct pndis_client_counts before;
    struct pndis_client_counts after;

    pndis_client_get_counts(w->client, &before);
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_settle(w);
    pndis_client_get_counts(w->client, &after);
    expect(w, after.completed_ok == before.completed_ok + 1);
    world_expect_clean(w);
}

static void
complete_pause(void *argument)
{
    (void)argument;
    NdisMPauseComplete(port_latest()->handle);
}

static void
complete_restart(void *argument)
{
    (void)argument;
    NdisMRestartComplete(port_latest()->handle, NDIS_STATUS_SUCCESS);
}

/* --- MP_PAUSE_1 --- */

static NDIS_STATUS
pause_regardless(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
pause_pending(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    return NDIS_STATUS_PENDING;
}

static void
use_pause_regardless(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->PauseHandler = pause_regardless;
}

static void
use_pause_pending(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->PauseHandler = pause_pending;
}

static void
indicate(void *argument)
{
    (void)argument;
    port_indicate(port_latest(), frame, sizeof(frame), 2, 0);
}

static void
let_sends_go(void *argument)
{
    (void)argument;
    port_complete_sends(port_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static void
paused_with_receives_out(struct world *w)
{
    pndis_client_hold(w->client, true);
    world_as_driver(w, indicate, NULL);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    world_expect_violation(w, "MP_PAUSE_1");
    expect_state(w, "Paused");
    pndis_client_hold(w->client, false);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    goes_on(w);
}

static void
completed_with_sends_out(struct world *w)
{
    miniport.sending = SEND_KEEP;
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Pausing");
    world_as_driver(w, complete_pause, NULL);
    world_expect_violation(w, "MP_PAUSE_1");
    expect_state(w, "Paused");
    world_as_driver(w, let_sends_go, NULL);
    miniport.sending = SEND_COMPLETE;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    goes_on(w);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    world_as_driver(w, complete_pause, NULL);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    /* The end of the machine pauses once more. */
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    world_as_driver(w, complete_pause, NULL);
}

static void
mp_pause_1_a_pause_is_complete_when_all_sends_and_receives_are_back(void **state)
{
    (void)state;
    under_seeds(use_pause_regardless, paused_with_receives_out);
    under_seeds(use_pause_pending, completed_with_sends_out);
}

/* --- MP_PAUSE_2 --- */

static NDIS_STATUS
pause_fails(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    return NDIS_STATUS_FAILURE;
}

static void
use_pause_fails(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->PauseHandler = pause_fails;
}

static void
failed_pause(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    world_expect_violation(w, "MP_PAUSE_2");
    expect_state(w, "Paused");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    goes_on(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(w, "MP_PAUSE_2");
}

/* "NDIS drivers cannot fail a pause request." */
static void
mp_pause_2_a_pause_does_not_fail(void **state)
{
    (void)state;
    under_seeds(use_pause_fails, failed_pause);
}

/* --- MP_PAUSE_3 --- */

static NDIS_STATUS
pause_both_ways(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    struct port *port = context;

    (void)parameters;
    NdisMPauseComplete(port->handle);
    return NDIS_STATUS_SUCCESS;
}

static void
use_pause_both_ways(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->PauseHandler = pause_both_ways;
}

static void
completed_by_call_and_return(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    world_expect_violation(w, "MP_PAUSE_3");
    expect_state(w, "Paused");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    goes_on(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(w, "MP_PAUSE_3");
}

static void
completed_twice(struct world *w)
{
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Paused");
    world_as_driver(w, complete_pause, NULL);
    world_expect_violation(w, "MP_PAUSE_3");
    expect_state(w, "Paused");
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    goes_on(w);
}

static void
completed_unasked(struct world *w)
{
    world_as_driver(w, complete_pause, NULL);
    world_expect_violation(w, "MP_PAUSE_3");
    expect_state(w, "Running");
    goes_on(w);
}

static void
completed_as_restart(struct world *w)
{
    miniport.pause = BY_HAND;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    world_as_driver(w, complete_restart, NULL);
    world_expect_violation(w, "MP_RESTART_1");
    expect_state(w, "Pausing");
    world_as_driver(w, (void (*)(void *))port_complete_pause, port_latest());
    expect_state(w, "Paused");
    miniport.pause = AT_ONCE;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    goes_on(w);
}

static void
mp_pause_3_a_pended_pause_is_completed_exactly_once(void **state)
{
    (void)state;
    under_seeds(use_pause_both_ways, completed_by_call_and_return);
    under_seeds(NULL, completed_twice);
    under_seeds(NULL, completed_unasked);
    under_seeds(NULL, completed_as_restart);
}

/* --- MP_RESTART_1 --- */

static NDIS_STATUS
complete_and_return(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)parameters;
    NdisMRestartComplete(port->handle, NDIS_STATUS_SUCCESS);
    return NDIS_STATUS_SUCCESS;
}

static void
restart_completed_both_ways(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    miniport.on_restart = complete_and_return;
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    world_expect_violation(w, "MP_RESTART_1");
    expect_state(w, "Running");
    miniport.on_restart = NULL;
    goes_on(w);
}

static void
restart_completed_unasked(struct world *w)
{
    world_as_driver(w, complete_restart, NULL);
    world_expect_violation(w, "MP_RESTART_1");
    expect_state(w, "Running");
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    world_as_driver(w, complete_restart, NULL);
    world_expect_violation(w, "MP_RESTART_1");
    expect_state(w, "Paused");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    goes_on(w);
}

static void
mp_restart_1_a_pended_restart_is_completed_exactly_once(void **state)
{
    (void)state;
    under_seeds(NULL, restart_completed_both_ways);
    under_seeds(NULL, restart_completed_unasked);
}

/* --- MP_RESTART_2 --- */

static void
restart_fails_oddly(struct world *w)
{
    for (enum when when = AT_ONCE; when <= FROM_DPC; when++) {
        expect(w, pndis_adapter_pause(w->adapter) == 0);
        miniport.restart = when;
        miniport.restart_status = NDIS_STATUS_NOT_SUPPORTED;
        expect(w, pndis_adapter_restart(w->adapter) == PNDIS_EDRIVER);
        world_expect_violation(w, "MP_RESTART_2");
        expect_state(w, "Paused");
        miniport.restart_status = NDIS_STATUS_SUCCESS;
        expect(w, pndis_adapter_restart(w->adapter) == 0);
        goes_on(w);
    }
}

static void
mp_restart_2_a_restart_ends_with_success_resources_or_failure(void **state)
{
    (void)state;
    under_seeds(NULL, restart_fails_oddly);
}

/* --- MP_INIT_STATUS --- */

static void
mp_init_status_initialize_does_not_pend(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        miniport.initialize_status = NDIS_STATUS_PENDING;
        world_open(&w, seed);
        world_add_adapter(&w);
        world_expect_violation(&w, "MP_INIT_STATUS");
        expect_state(&w, "Halted");
        miniport.initialize_status = NDIS_STATUS_SUCCESS;
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        world_close(&w);
    }
}

/* --- BD_PAUSE_1, BD_EVENT_3 --- */

static NDIS_STATUS
pause_binding_regardless(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    NET_PNP_EVENT_CODE code = event->NetPnPEvent.NetEvent;
    struct opening *opening = context;
    KIRQL irql;

    if (code == NetEventRestart || code == NetEventPause) {
        KeAcquireSpinLock(&opening->lock, &irql);
        opening->running = code == NetEventRestart;
        KeReleaseSpinLock(&opening->lock, irql);
    }
    return NDIS_STATUS_SUCCESS;
}

static void
use_pause_binding_regardless(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->NetPnPEventHandler = pause_binding_regardless;
}

static bool
is_running(void *adapter)
{
    return pndis_adapter_state(adapter) == PNDIS_RUNNING;
}

static void
send_two(void *argument)
{
    (void)argument;
    opening_send(opening_latest(), frame, sizeof(frame), 2);
}

/* Advice: NDIS waits for the sends itself, and pauses nothing below before they are back. */
static void
bd_pause_1_a_binding_waits_for_its_sends(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        protocol.edit_characteristics = use_pause_binding_regardless;
        miniport.send_when = FROM_TIMER;
        world_open(&w, seed);
        world_add_adapter(&w);
        world_load_protocol(&w);
        expect(&w, pndis_machine_run_until(w.machine, is_running, w.adapter, 0) == 0);
        world_settle(&w);
        world_as_driver(&w, send_two, NULL);
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        expect_state(&w, "Paused");
        expect(&w, opening_latest()->completed == 2);
        /* On live the sends may be back before the pause. */
        if (pndis_violation_of(w.machine, "BD_PAUSE_1") != NULL || !world_is_live()) {
            world_expect_violation(&w, "BD_PAUSE_1");
        }
        world_close(&w);
    }
}

static void
complete_event_unasked(void *argument)
{
    NET_PNP_EVENT_NOTIFICATION event = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
                   NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1},
    };

    (void)argument;
    NdisCompleteNetPnPEvent(opening_latest()->handle, &event, NDIS_STATUS_SUCCESS);
}

static void
bd_event_3_an_event_that_does_not_pend_is_not_completed(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        world_open(&w, seed);
        world_add_adapter(&w);
        world_load_protocol(&w);
        expect(&w, pndis_machine_run_until(w.machine, is_running, w.adapter, 0) == 0);
        world_settle(&w);
        world_as_driver(&w, complete_event_unasked, NULL);
        world_expect_violation(&w, "BD_EVENT_3");
        expect_state(&w, "Running");
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mp_pause_1_a_pause_is_complete_when_all_sends_and_receives_are_back),
        cmocka_unit_test(mp_pause_2_a_pause_does_not_fail),
        cmocka_unit_test(mp_pause_3_a_pended_pause_is_completed_exactly_once),
        cmocka_unit_test(mp_restart_1_a_pended_restart_is_completed_exactly_once),
        cmocka_unit_test(mp_restart_2_a_restart_ends_with_success_resources_or_failure),
        cmocka_unit_test(mp_init_status_initialize_does_not_pend),
        cmocka_unit_test(bd_pause_1_a_binding_waits_for_its_sends),
        cmocka_unit_test(bd_event_3_an_event_that_does_not_pend_is_not_completed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
