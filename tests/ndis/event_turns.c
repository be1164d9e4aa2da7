/*
 * One event at a time: NetEventPause, NetEventRestart and what a miniport raises with
 * NdisMNetPnPEvent reach a binding in turns, also when the protocol pends them, and an unbind
 * begins after them. "PROTOCOL_NET_PNP_EVENT", "NdisCompleteNetPnPEvent", "NdisMNetPnPEvent".
 */
#include "support/protocol.h"
#include "support/worker.h"

enum { SEEDS = 100, ROUNDS = 6, TIMEOUT_NS = 200000000 };

static struct pndis_driver *driver; /* The protocol's. */
static NET_PNP_EVENT_HANDLER correct_event;
static UNBIND_HANDLER_EX correct_unbind;
static struct worker first, second;
static struct later later;

static struct {
    LONG under_way;
    unsigned overlaps;
    unsigned port_events;
    unsigned unbinds_early;
    NDIS_PORT_NUMBER ports[2];
    PNET_PNP_EVENT_NOTIFICATION pended;
    enum when answer; /* To events of ports. */
} seen;

/* --- the protocol, watched --- */

static NDIS_STATUS
watch_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    NDIS_STATUS status;

    if (context == NULL) {
        return correct_event(context, event);
    }
    if (InterlockedIncrement(&seen.under_way) != 1) {
        seen.overlaps++;
    }
    status = correct_event(context, event);
    if (status != NDIS_STATUS_PENDING) {
        InterlockedDecrement(&seen.under_way);
    }
    return status;
}

static NDIS_STATUS
watch_unbind(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    seen.unbinds_early += InterlockedCompareExchange(&seen.under_way, 0, 0) != 0;
    return correct_unbind(unbind_context, context);
}

static void
watch(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    correct_event = characteristics->NetPnPEventHandler;
    correct_unbind = characteristics->UnbindAdapterHandlerEx;
    characteristics->NetPnPEventHandler = watch_event;
    characteristics->UnbindAdapterHandlerEx = watch_unbind;
}

static void
complete_port_event(void *argument)
{
    LARGE_INTEGER moment = {.QuadPart = -10000};
    struct opening *opening = argument;
    PNET_PNP_EVENT_NOTIFICATION event = seen.pended;

    KeDelayExecutionThread(KernelMode, FALSE, &moment);
    InterlockedDecrement(&seen.under_way);
    NdisCompleteNetPnPEvent(opening->handle, event, NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS
answer_port_event(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    if (event->NetPnPEvent.NetEvent != NetEventPortActivation &&
        event->NetPnPEvent.NetEvent != NetEventPortDeactivation) {
        return NDIS_STATUS_SUCCESS;
    }
    seen.port_events++;
    if (seen.answer == AT_ONCE) {
        return NDIS_STATUS_SUCCESS;
    }
    seen.pended = event;
    do_later(&later, seen.answer, complete_port_event, opening);
    return NDIS_STATUS_PENDING;
}

/* --- the miniport, which has two ports --- */

static NDIS_STATUS
allocate_ports(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    (void)parameters;
    for (unsigned i = 0; i < 2 && status == NDIS_STATUS_SUCCESS; i++) {
        NDIS_PORT_CHARACTERISTICS characteristics = {
            .Header = {NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
                       NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1},
            .Flags = NDIS_PORT_CHAR_USE_DEFAULT_AUTH_SETTINGS,
        };

        status = NdisMAllocatePort(port->handle, &characteristics);
        seen.ports[i] = characteristics.PortNumber;
    }
    return status;
}

static void
raise(NDIS_PORT_NUMBER number, NET_PNP_EVENT_CODE code)
{
    NDIS_PORT port = {.PortCharacteristics = {.PortNumber = number}};
    NET_PNP_EVENT_NOTIFICATION notification = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
                   NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1},
        .NetPnPEvent = {.NetEvent = code, .Buffer = &port, .BufferLength = sizeof(port)},
    };

    if (code == NetEventPortDeactivation) {
        notification.NetPnPEvent.Buffer = &number;
        notification.NetPnPEvent.BufferLength = sizeof(number);
    }
    NdisMNetPnPEvent(port_latest()->handle, &notification);
}

static void
come_and_go(void *argument)
{
    NDIS_PORT_NUMBER number = *(const NDIS_PORT_NUMBER *)argument;

    for (unsigned round = 0; round < ROUNDS; round++) {
        raise(number, NetEventPortActivation);
        raise(number, NetEventPortDeactivation);
    }
}

static void
activate(void *argument)
{
    raise(*(const NDIS_PORT_NUMBER *)argument, NetEventPortActivation);
}

static void
deactivate(void *argument)
{
    raise(*(const NDIS_PORT_NUMBER *)argument, NetEventPortDeactivation);
}

static void
free_ports(struct port *port, NDIS_HALT_ACTION action)
{
    (void)action;
    NdisMFreePort(port->handle, seen.ports[0]);
    NdisMFreePort(port->handle, seen.ports[1]);
}

static void
start_first(void *argument)
{
    (void)argument;
    worker_start(&first, come_and_go, &seen.ports[0]);
}

static void
start_both(void *argument)
{
    start_first(argument);
    worker_start(&second, come_and_go, &seen.ports[1]);
}

static void
join(void *argument)
{
    worker_join(argument);
}

/* --- stories --- */

static void
given_ports(struct world *w, const struct pndis_machine_options *options, enum when answer)
{
    memset(&seen, 0, sizeof(seen));
    seen.answer = answer;
    miniport_reset();
    protocol_reset();
    miniport.on_initialize = allocate_ports;
    miniport.on_halt = free_ports;
    protocol.on_event = answer_port_event;
    protocol.edit_characteristics = watch;
    world_open_with(w, options);
    world_add_adapter(w);
    driver = world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

static void
given_ports_under(struct world *w, uint64_t seed, enum when answer)
{
    given_ports(w, &(struct pndis_machine_options){.seed = seed, .processors = 2}, answer);
}

static void
pauses_and_events_of_ports_come_in_turns(void **state)
{
    (void)state;
    for (enum when answer = AT_ONCE; answer <= FROM_THREAD; answer += FROM_THREAD) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            given_ports_under(&w, seed, answer);
            world_as_driver(&w, start_first, NULL);
            for (unsigned i = 0; i < 3; i++) {
                expect(&w, pndis_adapter_pause(w.adapter) == 0);
                expect(&w, pndis_adapter_restart(w.adapter) == 0);
            }
            world_as_driver(&w, join, &first);
            expect(&w, seen.overlaps == 0);
            expect(&w, seen.port_events == 2 * ROUNDS);
            world_close(&w);
        }
    }
}

static void
two_threads_of_a_miniport_raise_events_in_turns(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_ports_under(&w, seed, FROM_THREAD);
        world_as_driver(&w, start_both, NULL);
        world_as_driver(&w, join, &first);
        world_as_driver(&w, join, &second);
        expect(&w, seen.overlaps == 0);
        expect(&w, seen.port_events == 4 * ROUNDS);
        world_close(&w);
    }
}

/* What is raised while the binding goes reaches it before, or does not reach it. */
static void
an_unbind_begins_when_no_event_is_under_way(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_ports_under(&w, seed, FROM_THREAD);
        world_as_driver(&w, start_first, NULL);
        expect(&w, pndis_driver_unload(driver) == 0);
        world_as_driver(&w, join, &first);
        expect(&w, seen.overlaps == 0 && seen.unbinds_early == 0);
        expect(&w, protocol.unbinds == 1);
        world_close(&w);
    }
}

static void
complete_pause(void *argument)
{
    struct opening *opening = argument;

    InterlockedDecrement(&seen.under_way);
    NdisCompleteNetPnPEvent(opening->handle, opening->pausing, NDIS_STATUS_SUCCESS);
}

/* A pause that its host has given up on is still the protocol's: nothing overtakes it. */
static void
an_event_behind_one_that_is_never_answered_is_lost_and_named(void **state)
{
    struct world w;

    (void)state;
    given_ports(&w, &(struct pndis_machine_options){.processors = 2, .timeout_ns = TIMEOUT_NS},
                AT_ONCE);
    protocol.pause = BY_HAND;
    expect(&w, pndis_adapter_pause(w.adapter) != 0);
    world_as_driver(&w, activate, &seen.ports[0]);
    expect(&w, seen.port_events == 0 && seen.overlaps == 0);
    world_expect_violation_of(&w, "BD_EVENT_3", "does not hear of event", "");

    world_as_driver(&w, complete_pause, opening_latest());
    world_as_driver(&w, deactivate, &seen.ports[0]);
    expect(&w, seen.port_events == 1);
    expect(&w, pndis_adapter_pause(w.adapter) == 0);
    expect_state(&w, "Paused");
    expect(&w, opening_latest()->pauses == 1);
    expect(&w, pndis_adapter_restart(w.adapter) == 0);
    protocol.pause = AT_ONCE;
    expect(&w, seen.overlaps == 0);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_and_events_of_ports_come_in_turns),
        cmocka_unit_test(two_threads_of_a_miniport_raise_events_in_turns),
        cmocka_unit_test(an_unbind_begins_when_no_event_is_under_way),
        cmocka_unit_test(an_event_behind_one_that_is_never_answered_is_lost_and_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
