/*
 * "Removing a NIC", "Stopping a NIC": the protocols are asked whether it may go, before anything is
 * paused; who cannot let it go fails NetEventQueryRemoveDevice, and all hear that it stays.
 */
#include "support/story.h"
#include "support/data_path.h"

enum { SEEDS = 40, D3 = 3 };

static struct {
    unsigned asked;
    unsigned cancelled;
    bool was_running; /* When it was asked. */
    bool has_buffer;
    NDIS_HALT_ACTION action;
} seen;

static struct story story;
static NDIS_STATUS answer;
static enum when answered;
static struct later answer_later;
static PNET_PNP_EVENT_NOTIFICATION pended;

static void
complete_event(void *argument)
{
    struct opening *opening = argument;

    NdisCompleteNetPnPEvent(opening->handle, pended, answer);
}

static NDIS_STATUS
see_event(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    const NET_PNP_EVENT *what = &event->NetPnPEvent;

    if (what->NetEvent == NetEventCancelRemoveDevice) {
        seen.cancelled++;
        seen.has_buffer |= what->Buffer != NULL || what->BufferLength != 0;
    }
    if (what->NetEvent != NetEventQueryRemoveDevice) {
        return NDIS_STATUS_SUCCESS;
    }
    seen.asked++;
    seen.was_running = opening->running;
    seen.has_buffer |= what->Buffer != NULL || what->BufferLength != 0;
    if (answered == AT_ONCE) {
        return answer;
    }
    pended = event;
    do_later(&answer_later, answered, complete_event, opening);
    return NDIS_STATUS_PENDING;
}

static void
see_halt(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    seen.action = action;
}

static void
under_seeds(NDIS_STATUS status, enum when when, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        memset(&seen, 0, sizeof(seen));
        answer = status;
        answered = when;
        protocol.on_event = see_event;
        miniport.on_halt = see_halt;
        world_open(&w, seed);
        story = story_open(&w, PNDIS_LOG_STORY);
        world_load_protocol(&w);
        world_add_adapter(&w);
        world_add_client(&w);
        expect_state(&w, "Running");
        world_settle(&w); /* What the driver without bindings is told comes by itself. */
        story_forget(&story);
        test(&w);
        world_close(&w);
    }
}

/* --- it may go --- */

static void
removed(struct world *w)
{
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.asked == 1 && seen.was_running && !seen.has_buffer && seen.cancelled == 0);
    expect(w, protocol.unbinds == 1 && seen.action == NdisHaltDeviceDisabled);
}

static void
protocols_are_asked_before_a_nic_is_removed(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_SUCCESS, AT_ONCE, removed);
    under_seeds(NDIS_STATUS_SUCCESS, FROM_THREAD, removed);
}

static void
stopped(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_STOPPED) == 0);
    expect(w, seen.asked == 1 && seen.was_running && seen.cancelled == 0);
    expect(w, seen.action == NdisHaltDeviceStopped);
}

static void
protocols_are_asked_before_a_nic_is_stopped(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_SUCCESS, AT_ONCE, stopped);
}

/* "An IRP_MN_REMOVE_DEVICE request is not always preceded by an IRP_MN_QUERY_REMOVE_DEVICE." */
static void
removed_unasked(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, seen.asked == 0 && seen.cancelled == 0 && protocol.unbinds == 1);
}

static void
a_stack_that_is_only_stopped_asks_nobody(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_FAILURE, AT_ONCE, removed_unasked);
}

static void
removed_asleep(struct world *w)
{
    expect(w, pndis_adapter_set_power(w->adapter, D3) == 0);
    expect_state(w, "Halted");
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.asked == 1 && protocol.unbinds == 1);
}

static void
protocols_of_a_sleeping_nic_are_asked_too(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_SUCCESS, AT_ONCE, removed_asleep);
}

/* --- it may not --- */

static void
refused(struct world *w)
{
    unsigned pauses = port_latest()->pauses;

    expect(w, pndis_adapter_remove(w->adapter) == PNDIS_EDRIVER);
    expect(w, strstr(pndis_last_error(), "does not let eth0 go") != NULL);
    expect(w, pndis_adapter_status(w->adapter) == NDIS_STATUS_FAILURE);
    expect(w, seen.asked == 1 && seen.cancelled == 1 && !seen.has_buffer);
    story_has_not(&story, " -> ");
    expect(w, port_latest()->pauses == pauses);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_STOPPED) == PNDIS_EDRIVER);
    expect(w, seen.asked == 2 && seen.cancelled == 2);
    expect_state(w, "Running");
    answer = NDIS_STATUS_SUCCESS;
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.asked == 3 && seen.cancelled == 2 && protocol.unbinds == 1);
}

static void
a_nic_that_a_protocol_does_not_let_go_stays(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_FAILURE, AT_ONCE, refused);
    under_seeds(NDIS_STATUS_FAILURE, FROM_THREAD, refused);
}

/* All are asked, and all are told: the client's binding came after the one that fails it. */
static void
all_hear(struct world *w)
{
    expect(w, pndis_adapter_remove(w->adapter) == PNDIS_EDRIVER);
    STORY_HAS_IN_ORDER(
        &story, "PROGRAMMABLE@eth0: > ProtocolNetPnPEvent", "client@eth0: > ProtocolNetPnPEvent",
        "PROGRAMMABLE@eth0: > ProtocolNetPnPEvent", "client@eth0: > ProtocolNetPnPEvent");
}

static void
every_protocol_is_asked_and_told_that_it_stays(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_FAILURE, AT_ONCE, all_hear);
}

/* "A protocol driver must be prepared to handle the removal even though it failed the event." */
static void
removed_all_the_same(struct world *w)
{
    expect(w, pndis_adapter_remove(w->adapter) == PNDIS_EDRIVER);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.asked == 1 && protocol.unbinds == 1);
}

static void
removed_by_surprise(struct world *w)
{
    expect(w, pndis_adapter_surprise_remove(w->adapter) == 0);
    expect(w, seen.asked == 1 && seen.cancelled == 0 && protocol.unbinds == 1);
}

static void
a_refusal_may_be_ignored(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_FAILURE, AT_ONCE, removed_all_the_same);
    under_seeds(NDIS_STATUS_FAILURE, AT_ONCE, removed_by_surprise);
}

/* --- what takes too long --- */

static void
expect_given_up(struct world *w, int result)
{
    expect(w, result == PNDIS_ETIMEDOUT || result == PNDIS_ESTALLED);
}

static void
complete_pause(void *argument)
{
    struct opening *opening = argument;
    PNET_PNP_EVENT_NOTIFICATION event = opening->pausing;

    opening->pausing = NULL;
    NdisCompleteNetPnPEvent(opening->handle, event, NDIS_STATUS_SUCCESS);
}

static void
pause_given_up(struct world *w)
{
    protocol.pause = BY_HAND;
    expect_given_up(w, pndis_adapter_remove(w->adapter));
    expect(w, seen.asked == 1 && seen.cancelled == 0);
    world_as_driver(w, complete_pause, opening_latest());
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.asked == 1 && protocol.unbinds == 1);
}

/* Who let it go is not asked again when the rest goes on. */
static void
a_removal_that_was_given_up_goes_on(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip(); /* The machine's timeout is half a minute. */
    }
    under_seeds(NDIS_STATUS_SUCCESS, AT_ONCE, pause_given_up);
}

static void
answer_given_up(struct world *w)
{
    unsigned pauses = port_latest()->pauses;

    expect_given_up(w, pndis_adapter_remove(w->adapter));
    expect(w, strstr(pndis_last_error(), "whether it lets its adapter go") != NULL);
    expect(w, seen.asked == 1 && port_latest()->pauses == pauses);
    expect_state(w, "Running");
    world_as_driver(w, complete_event, opening_latest());
    answered = AT_ONCE;
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, seen.asked == 2 && protocol.unbinds == 1);
}

static void
a_protocol_that_does_not_answer_is_asked_again(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    under_seeds(NDIS_STATUS_SUCCESS, BY_HAND, answer_given_up);
}

/* --- broken rules --- */

static NDIS_STATUS
fail_cancel(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    see_event(opening, event);
    return event->NetPnPEvent.NetEvent == NetEventQueryRemoveDevice ||
                   event->NetPnPEvent.NetEvent == NetEventCancelRemoveDevice
               ? NDIS_STATUS_FAILURE
               : NDIS_STATUS_SUCCESS;
}

static void
cancel_failed(struct world *w)
{
    protocol.on_event = fail_cancel;
    expect(w, pndis_adapter_remove(w->adapter) == PNDIS_EDRIVER);
    world_expect_violation_of(w, "BD_EVENT_4", "event 3", "");
}

static void
that_it_stays_is_not_failed(void **state)
{
    (void)state;
    under_seeds(NDIS_STATUS_FAILURE, AT_ONCE, cancel_failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_are_asked_before_a_nic_is_removed),
        cmocka_unit_test(protocols_are_asked_before_a_nic_is_stopped),
        cmocka_unit_test(a_stack_that_is_only_stopped_asks_nobody),
        cmocka_unit_test(protocols_of_a_sleeping_nic_are_asked_too),
        cmocka_unit_test(a_nic_that_a_protocol_does_not_let_go_stays),
        cmocka_unit_test(every_protocol_is_asked_and_told_that_it_stays),
        cmocka_unit_test(a_refusal_may_be_ignored),
        cmocka_unit_test(a_removal_that_was_given_up_goes_on),
        cmocka_unit_test(a_protocol_that_does_not_answer_is_asked_again),
        cmocka_unit_test(that_it_stays_is_not_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
