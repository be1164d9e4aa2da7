/*
 * The default port of a miniport that controls it (NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT),
 * what a protocol is told of ports when it binds, and whose link a port's status is: "Activating an
 * NDIS Port", "Deactivating an NDIS Port", "Handling NDIS Ports Status Indications".
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 20, ACTIVE_LIMIT = 4 };

static struct {
    NDIS_STATUS status;
    NDIS_PORT_NUMBER number; /* Of the port that was allocated. */
    NDIS_PORT_NUMBER active[ACTIVE_LIMIT];
    unsigned actives; /* In NDIS_BIND_PARAMETERS. */
} seen;

static bool controls;

static void
edit_attributes(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    if (controls) {
        attributes->AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT;
    }
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

    port.PortCharacteristics.PortNumber = *(NDIS_PORT_NUMBER *)argument;
    raise(NetEventPortActivation, &port, sizeof(port));
}

static void
deactivate(void *argument)
{
    raise(NetEventPortDeactivation, argument, sizeof(NDIS_PORT_NUMBER));
}

static void
activate_beside_another(void *argument)
{
    NDIS_PORT ports[2] = {{.Next = &ports[1]}};

    (void)argument;
    ports[1].PortCharacteristics.PortNumber = seen.number;
    raise(NetEventPortActivation, ports, sizeof(ports));
}

static NDIS_STATUS
allocate_port(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_PORT_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1},
    };
    NDIS_STATUS status = NdisMAllocatePort(port->handle, &characteristics);

    (void)parameters;
    seen.number = characteristics.PortNumber;
    return status;
}

static void
free_port(struct port *port, NDIS_HALT_ACTION action)
{
    (void)action;
    NdisMFreePort(port->handle, seen.number);
}

static PROTOCOL_BIND_ADAPTER_EX *bind_of_protocol;

static NDIS_STATUS
look_and_bind(NDIS_HANDLE driver, NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    seen.actives = 0;
    for (const NDIS_PORT *port = parameters->ActivePorts; port != NULL; port = port->Next) {
        seen.active[seen.actives++ % ACTIVE_LIMIT] = port->PortCharacteristics.PortNumber;
    }
    return bind_of_protocol(driver, bind_context, parameters);
}

static void
edit_protocol(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    bind_of_protocol = characteristics->BindAdapterHandlerEx;
    characteristics->BindAdapterHandlerEx = look_and_bind;
}

static void
with_port(bool controlled, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        memset(&seen, 0, sizeof(seen));
        miniport_reset();
        protocol_reset();
        controls = controlled;
        miniport.edit_registration = edit_attributes;
        miniport.on_initialize = allocate_port;
        miniport.on_halt = free_port;
        protocol.edit_characteristics = edit_protocol;
        world_open(&w, seed);
        test(&w);
        world_close(&w);
    }
}

/* --- the default port --- */

static void
default_port(struct world *w)
{
    NDIS_PORT_NUMBER number = NDIS_DEFAULT_PORT_NUMBER;

    world_load_protocol(w);
    world_add_adapter(w);
    world_settle(w);
    expect(w, protocol.binds == 0);
    expect(w, pndis_client_open(w->adapter, NULL) == NULL);
    expect_state(w, "Paused");
    world_as_driver(w, activate_beside_another, NULL);
    expect(w, seen.status == NDIS_STATUS_INVALID_PORT);
    world_as_driver(w, deactivate, &number);
    expect(w, seen.status == NDIS_STATUS_INVALID_PORT_STATE);
    world_as_driver(w, activate, &number);
    expect(w, seen.status == NDIS_STATUS_SUCCESS);
    world_settle(w);
    expect(w, protocol.binds == 1);
    expect_state(w, "Running");
    world_as_driver(w, activate, &number);
    expect(w, seen.status == NDIS_STATUS_INVALID_PORT_STATE);
    world_as_driver(w, deactivate, &number);
    expect(w, seen.status == NDIS_STATUS_SUCCESS);
    world_settle(w);
    expect(w, protocol.unbinds == 1);
    expect_state(w, "Paused");
}

static void
nothing_is_bound_without_an_active_default_port(void **state)
{
    (void)state;
    with_port(true, default_port);
}

static void
not_controlled(struct world *w)
{
    NDIS_PORT_NUMBER number = NDIS_DEFAULT_PORT_NUMBER;

    world_add_adapter(w);
    world_as_driver(w, activate, &number);
    expect(w, seen.status == NDIS_STATUS_INVALID_PORT_STATE);
    world_as_driver(w, deactivate, &number);
    expect(w, seen.status == NDIS_STATUS_INVALID_PORT);
}

static void
the_default_port_is_ndis_unless_the_miniport_asked_for_it(void **state)
{
    (void)state;
    with_port(false, not_controlled);
}

/* --- what protocols are told --- */

static void
binds_to_ports(struct world *w)
{
    world_add_adapter(w);
    world_as_driver(w, activate, &seen.number);
    world_load_protocol(w);
    world_settle(w);
    expect(w, protocol.binds == 1 && seen.actives == 2);
    expect(w, seen.active[0] == NDIS_DEFAULT_PORT_NUMBER && seen.active[1] == seen.number);
    world_as_driver(w, deactivate, &seen.number);
}

static void
a_protocol_that_binds_is_told_of_the_active_ports(void **state)
{
    (void)state;
    with_port(false, binds_to_ports);
}

/* --- status --- */

static void
link_lost(void *argument)
{
    NDIS_LINK_STATE link = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
                   NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState = MediaConnectStateDisconnected,
    };
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port_latest()->handle,
        .PortNumber = *(NDIS_PORT_NUMBER *)argument,
        .StatusCode = NDIS_STATUS_LINK_STATE,
        .StatusBuffer = &link,
        .StatusBufferSize = sizeof(link),
    };

    NdisMIndicateStatusEx(port_latest()->handle, &indication);
}

static bool
is_connected(struct world *w)
{
    struct pndis_adapter_info info;

    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0);
    return info.connected;
}

static void
link_of_a_port(struct world *w)
{
    NDIS_PORT_NUMBER number = NDIS_DEFAULT_PORT_NUMBER;

    world_load_protocol(w);
    world_add_adapter(w);
    expect(w, is_connected(w));
    world_as_driver(w, link_lost, &seen.number);
    world_expect_violation(w, "STATUS_PORT");
    expect(w, is_connected(w) && opening_latest()->statuses == 0);
    world_as_driver(w, activate, &seen.number);
    world_as_driver(w, link_lost, &seen.number);
    expect(w, is_connected(w) && opening_latest()->last_status == NDIS_STATUS_LINK_STATE);
    world_as_driver(w, deactivate, &seen.number);
    world_as_driver(w, link_lost, &number);
    expect(w, !is_connected(w));
}

static void
the_link_of_a_port_is_not_the_adapters(void **state)
{
    (void)state;
    with_port(false, link_of_a_port);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_bound_without_an_active_default_port),
        cmocka_unit_test(the_default_port_is_ndis_unless_the_miniport_asked_for_it),
        cmocka_unit_test(a_protocol_that_binds_is_told_of_the_active_ports),
        cmocka_unit_test(the_link_of_a_port_is_not_the_adapters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
