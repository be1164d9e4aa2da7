/*
 * NDIS ports: "Allocating an NDIS Port", "Activating an NDIS Port", "Deactivating an NDIS Port",
 * "Freeing an NDIS Port", "NdisMNetPnPEvent".
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 20 };

static struct {
    NDIS_PORT_NUMBER number;
    NDIS_STATUS status;
    unsigned activations; /* That the protocol heard of. */
    unsigned deactivations;
    NDIS_PORT_NUMBER heard; /* In the latest. */
} seen;

static NDIS_STATUS
allocate_port(NDIS_HANDLE adapter)
{
    NDIS_PORT_CHARACTERISTICS port = {
        .Header = {NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1},
        .Flags = NDIS_PORT_CHAR_USE_DEFAULT_AUTH_SETTINGS,
    };

    seen.status = NdisMAllocatePort(adapter, &port);
    seen.number = port.PortNumber;
    return seen.status;
}

static NDIS_STATUS
allocate_one(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    return allocate_port(port->handle);
}

static void
free_one(struct port *port, NDIS_HALT_ACTION action)
{
    (void)action;
    seen.status = NdisMFreePort(port->handle, seen.number);
}

static void
raise(NET_PNP_EVENT_CODE code, void *buffer, ULONG bytes)
{
    NET_PNP_EVENT_NOTIFICATION notification = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
                   NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1},
    };

    notification.NetPnPEvent.NetEvent = code;
    notification.NetPnPEvent.Buffer = buffer;
    notification.NetPnPEvent.BufferLength = bytes;
    seen.status = NdisMNetPnPEvent(port_latest()->handle, &notification);
}

static void
activate(void *argument)
{
    NDIS_PORT port = {.Next = NULL};

    (void)argument;
    port.PortCharacteristics.PortNumber = seen.number;
    raise(NetEventPortActivation, &port, sizeof(port));
}

static void
deactivate(void *argument)
{
    (void)argument;
    raise(NetEventPortDeactivation, &seen.number, sizeof(seen.number));
}

static void
raise_another(void *argument)
{
    (void)argument;
    raise(NetEventPause, NULL, 0);
}

static void
free_now(void *argument)
{
    (void)argument;
    free_one(port_latest(), NdisHaltDeviceDisabled);
}

static NDIS_STATUS
hear(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    (void)opening;
    if (event->NetPnPEvent.NetEvent == NetEventPortActivation) {
        seen.activations++;
        seen.heard = ((const NDIS_PORT *)event->NetPnPEvent.Buffer)->PortCharacteristics.PortNumber;
    } else if (event->NetPnPEvent.NetEvent == NetEventPortDeactivation) {
        seen.deactivations++;
        seen.heard = *(const NDIS_PORT_NUMBER *)event->NetPnPEvent.Buffer;
    }
    return NDIS_STATUS_SUCCESS;
}

static void
given_port(struct world *w, uint64_t seed, bool freed)
{
    memset(&seen, 0, sizeof(seen));
    miniport_reset();
    protocol_reset();
    miniport.on_initialize = allocate_one;
    miniport.on_halt = freed ? free_one : NULL;
    protocol.on_event = hear;
    world_open(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
    expect(w, seen.status == NDIS_STATUS_SUCCESS && seen.number != NDIS_DEFAULT_PORT_NUMBER);
}

static void
protocols_hear_of_ports_that_come_and_go(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_port(&w, seed, true);
        world_as_driver(&w, activate, NULL);
        expect(&w, seen.status == NDIS_STATUS_SUCCESS && seen.activations == 1);
        expect(&w, seen.heard == seen.number);
        world_as_driver(&w, activate, NULL);
        expect(&w, seen.status == NDIS_STATUS_INVALID_PORT_STATE && seen.activations == 1);
        seen.heard = 0;
        world_as_driver(&w, deactivate, NULL);
        expect(&w, seen.status == NDIS_STATUS_SUCCESS && seen.deactivations == 1);
        expect(&w, seen.heard == seen.number);
        world_as_driver(&w, deactivate, NULL);
        expect(&w, seen.status == NDIS_STATUS_INVALID_PORT_STATE && seen.deactivations == 1);
        world_close(&w);
    }
}

static void
a_port_that_is_not_there_is_refused(void **state)
{
    struct world w;

    (void)state;
    given_port(&w, 0, true);
    seen.number++;
    world_as_driver(&w, activate, NULL);
    expect(&w, seen.status == NDIS_STATUS_INVALID_PORT);
    world_as_driver(&w, deactivate, NULL);
    expect(&w, seen.status == NDIS_STATUS_INVALID_PORT);
    world_as_driver(&w, free_now, NULL);
    expect(&w, seen.status == NDIS_STATUS_INVALID_PORT);
    expect(&w, seen.activations + seen.deactivations == 0);
    seen.number--;
    world_close(&w);
}

static void
an_active_port_is_not_freed(void **state)
{
    struct world w;

    (void)state;
    given_port(&w, 0, true);
    world_as_driver(&w, activate, NULL);
    world_as_driver(&w, free_now, NULL);
    expect(&w, seen.status == NDIS_STATUS_INVALID_PORT_STATE);
    world_expect_violation(&w, "PORT_1");
    world_as_driver(&w, deactivate, NULL);
    world_close(&w);
}

static void
other_events_are_not_for_miniports(void **state)
{
    struct world w;

    (void)state;
    given_port(&w, 0, true);
    world_as_driver(&w, raise_another, NULL);
    expect(&w, seen.status == NDIS_STATUS_NOT_SUPPORTED);
    world_expect_violation(&w, "PNP_EVENT");
    world_close(&w);
}

/* A port that was forgotten ends with its adapter: the next life has its own only. */
static void
a_forgotten_port_is_a_leak_and_is_gone(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_PORT_NUMBER forgotten;
        struct world w;

        given_port(&w, seed, false);
        forgotten = seen.number;
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_expect_violation_of(&w, "LEAK_HALT", "port", "port.c");
        miniport.on_halt = free_one;
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        expect(&w, seen.status == NDIS_STATUS_SUCCESS && seen.number != forgotten);
        world_as_driver(&w, activate, NULL);
        expect(&w, seen.status == NDIS_STATUS_SUCCESS);
        world_as_driver(&w, deactivate, NULL);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_hear_of_ports_that_come_and_go),
        cmocka_unit_test(a_port_that_is_not_there_is_refused),
        cmocka_unit_test(an_active_port_is_not_freed),
        cmocka_unit_test(other_events_are_not_for_miniports),
        cmocka_unit_test(a_forgotten_port_is_a_leak_and_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
