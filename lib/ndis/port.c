/*
 * NDIS ports of an adapter, and the events with which a miniport activates and deactivates them.
 * "Allocating / Activating / Deactivating / Freeing an NDIS Port".
 */
#include "ndis/port.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/event.h"
#include "ndis/hardware.h"
#include "ndis/header.h"
#include "ndis/status.h"

#include <stdlib.h>

struct ndis_port {
    struct possession possession;
    struct pndis_adapter *adapter;
    struct ndis_port *next;
    NDIS_PORT_NUMBER number;
    bool active;
    NDIS_PORT_CHARACTERISTICS characteristics;
};

/* The lock of the ports is held where nothing else is said. */
static struct ndis_port *
find(const struct pndis_adapter *adapter, NDIS_PORT_NUMBER number)
{
    struct ndis_port *port = adapter->ports;

    while (port != NULL && port->number != number) {
        port = port->next;
    }
    return port;
}

bool
pndis__port_is_active(struct pndis_adapter *adapter, NDIS_PORT_NUMBER number)
{
    const struct ndis_port *port;
    bool active;

    brief_lock(&adapter->ports_lock);
    port = find(adapter, number);
    active = number == NDIS_DEFAULT_PORT_NUMBER ? default_port_is_active(adapter)
                                                : port != NULL && port->active;
    brief_unlock(&adapter->ports_lock);
    return active;
}

static void
unlink_port(struct pndis_adapter *adapter, struct ndis_port *port)
{
    struct ndis_port **link = &adapter->ports;

    while (*link != port) {
        link = &(*link)->next;
    }
    *link = port->next;
}

static void
reclaim(struct context *context, struct possession *possession)
{
    struct ndis_port *port = CONTAINING_RECORD(possession, struct ndis_port, possession);

    (void)context;
    brief_lock(&port->adapter->ports_lock);
    unlink_port(port->adapter, port);
    brief_unlock(&port->adapter->ports_lock);
    free(port);
}

/*
 * "NdisMAllocatePort function". IRQL <= DISPATCH_LEVEL, after the registration attributes.
 * Writes the new port's number into @PortCharacteristics. It is not active yet.
 */
NDIS_STATUS
NdisMAllocatePort(NDIS_HANDLE NdisMiniportHandle, PNDIS_PORT_CHARACTERISTICS PortCharacteristics)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, NdisMiniportHandle, false, __func__, caller);
    struct ndis_port *port;

    if (adapter == NULL ||
        !pndis__object_header_check(context, PortCharacteristics, HEADER_PORT_CHARACTERISTICS,
                                    __func__, caller)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    port = pndis__fault(context) ? NULL : calloc(1, sizeof(*port));
    if (port == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    port->adapter = adapter;
    brief_lock(&adapter->ports_lock);
    port->number = ++adapter->port_count;
    PortCharacteristics->PortNumber = port->number;
    port->characteristics = *PortCharacteristics;
    port->next = adapter->ports;
    adapter->ports = port;
    brief_unlock(&adapter->ports_lock);
    pndis__possession_add(adapter, &port->possession, reclaim);
    pndis__acquired(context, RESOURCE_PORT, port, 0, 0, &adapter->owner, __func__, caller);
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMFreePort function". IRQL <= DISPATCH_LEVEL. Not active, and not the default port. */
NDIS_STATUS
NdisMFreePort(NDIS_HANDLE NdisMiniportHandle, NDIS_PORT_NUMBER PortNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, NdisMiniportHandle, __func__, caller);
    struct ndis_port *port;
    bool active;

    if (adapter == NULL) {
        return NDIS_STATUS_INVALID_PORT;
    }
    brief_lock(&adapter->ports_lock);
    port = find(adapter, PortNumber);
    active = port != NULL && port->active;
    if (port != NULL && !active) {
        unlink_port(adapter, port);
    }
    brief_unlock(&adapter->ports_lock);
    if (port == NULL) {
        return NDIS_STATUS_INVALID_PORT;
    }
    if (active) {
        pndis__report(context, RULE_PORT_1, &adapter->owner, __func__, caller,
                      "%s frees port %u while it is active", adapter->owner.name, PortNumber);
        return NDIS_STATUS_INVALID_PORT_STATE;
    }
    pndis__released(context, RESOURCE_PORT, port, __func__);
    pndis__possession_remove(&port->possession);
    free(port);
    return NDIS_STATUS_SUCCESS;
}

/* --- what ports there are --- */

static void
describe_default(const struct pndis_adapter *adapter, NDIS_PORT_CHARACTERISTICS *port)
{
    NDIS_LINK_STATE link;

    pndis__link_state_fill(adapter, &link);
    port->Header.Type = NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS;
    port->Header.Revision = NDIS_PORT_CHARACTERISTICS_REVISION_1;
    port->Header.Size = NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1;
    port->PortNumber = NDIS_DEFAULT_PORT_NUMBER;
    port->Type = NdisPortTypeUndefined;
    port->MediaConnectState = link.MediaConnectState;
    port->XmitLinkSpeed = link.XmitLinkSpeed;
    port->RcvLinkSpeed = link.RcvLinkSpeed;
    port->Direction = NET_IF_DIRECTION_SENDRECEIVE;
    port->SendControlState = port->RcvControlState = NdisPortControlStateUncontrolled;
    port->SendAuthorizationState = port->RcvAuthorizationState = NdisPortAuthorized;
}

ULONG
pndis__ports_describe(struct pndis_adapter *adapter, NDIS_PORT_ARRAY **out_array)
{
    const ULONG first = FIELD_OFFSET(NDIS_PORT_ARRAY, Ports);
    NDIS_PORT_ARRAY *array;
    const ULONG others = default_port_is_active(adapter);
    ULONG count = others;
    ULONG at = others;

    brief_lock(&adapter->ports_lock);
    for (const struct ndis_port *port = adapter->ports; port != NULL; port = port->next) {
        count += port->active;
    }
    array = calloc(1, first + count * sizeof(array->Ports[0]));
    for (const struct ndis_port *port = adapter->ports; array != NULL && port != NULL;
         port = port->next) {
        if (port->active) {
            array->Ports[at++] = port->characteristics;
        }
    }
    brief_unlock(&adapter->ports_lock);
    *out_array = array;
    if (array == NULL) {
        return 0;
    }
    if (others != 0) {
        describe_default(adapter, &array->Ports[0]);
    }
    array->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    array->Header.Revision = NDIS_PORT_ARRAY_REVISION_1;
    array->Header.Size = NDIS_SIZEOF_PORT_ARRAY_REVISION_1;
    array->NumberOfPorts = count;
    array->OffsetFirstPort = first;
    array->ElementSize = sizeof(array->Ports[0]);
    return first + count * (ULONG)sizeof(array->Ports[0]);
}

NDIS_PORT *
pndis__ports_list(struct pndis_adapter *adapter)
{
    NDIS_PORT_ARRAY *array;
    NDIS_PORT *ports;

    if (pndis__ports_describe(adapter, &array) == 0) {
        return NULL;
    }
    ports = calloc(array->NumberOfPorts, sizeof(*ports));
    for (ULONG i = 0; ports != NULL && i < array->NumberOfPorts; i++) {
        ports[i].PortCharacteristics = array->Ports[i];
        ports[i].Next = i + 1 < array->NumberOfPorts ? &ports[i + 1] : NULL;
    }
    free(array);
    return ports;
}

/* --- the default port --- */

struct rebinding {
    struct work work;
    struct pndis_adapter *adapter; /* Held. */
};

/* "NDIS does not initiate the binding until [it is active]"; without it "NDIS closes all of the
 * bindings". */
static void
rebind_work(struct context *context, struct work *work)
{
    struct rebinding *rebinding = CONTAINING_RECORD(work, struct rebinding, work);
    struct pndis_adapter *adapter = rebinding->adapter;

    free(rebinding);
    if (pndis__stack_lock(context, adapter) == 0) {
        if (adapter->started && default_port_is_active(adapter)) {
            pndis__stack_bind(context, adapter);
        } else if (adapter->started) {
            pndis__stack_unbind(context, adapter);
        }
        pndis__stack_unlock(adapter);
    }
    pndis__adapter_let_go(adapter);
}

static NDIS_STATUS
set_default_port(struct context *context, struct pndis_adapter *adapter, bool active)
{
    struct rebinding *rebinding;

    if ((adapter->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT) == 0) {
        return active ? NDIS_STATUS_INVALID_PORT_STATE : NDIS_STATUS_INVALID_PORT;
    }
    if (adapter->attributes.default_port_active == active) {
        return NDIS_STATUS_INVALID_PORT_STATE;
    }
    rebinding = malloc(sizeof(*rebinding));
    if (rebinding == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    *rebinding = (struct rebinding){.adapter = adapter};
    adapter->attributes.default_port_active = active;
    pndis__adapter_hold(adapter);
    work_later(context->machine, &rebinding->work, rebind_work);
    return NDIS_STATUS_SUCCESS;
}

/* --- events --- */

static void
tell_bindings(struct context *context, struct pndis_adapter *adapter, const NET_PNP_EVENT *event)
{
    struct binding *binding = NULL;

    while ((binding = pndis__binding_next(adapter, binding)) != NULL) {
        pndis__binding_event(context, binding, event->NetEvent, event->Buffer, event->BufferLength);
    }
}

static NDIS_STATUS
activate(struct pndis_adapter *adapter, const NDIS_PORT *ports)
{
    for (const NDIS_PORT *at = ports; at != NULL; at = at->Next) {
        struct ndis_port *port = find(adapter, at->PortCharacteristics.PortNumber);

        if (port == NULL) {
            return NDIS_STATUS_INVALID_PORT;
        }
        if (port->active) {
            return NDIS_STATUS_INVALID_PORT_STATE;
        }
    }
    for (const NDIS_PORT *at = ports; at != NULL; at = at->Next) {
        find(adapter, at->PortCharacteristics.PortNumber)->active = true;
    }
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
deactivate(struct pndis_adapter *adapter, const NDIS_PORT_NUMBER *numbers, ULONG count)
{
    for (ULONG i = 0; i < count; i++) {
        const struct ndis_port *port = find(adapter, numbers[i]);

        if (port == NULL) {
            return NDIS_STATUS_INVALID_PORT;
        }
        if (!port->active) {
            return NDIS_STATUS_INVALID_PORT_STATE;
        }
    }
    for (ULONG i = 0; i < count; i++) {
        find(adapter, numbers[i])->active = false;
    }
    return NDIS_STATUS_SUCCESS;
}

/* "The default port must be the only port in the list." In a longer one it is no port. */
static bool
is_default_port(const NET_PNP_EVENT *event)
{
    const NDIS_PORT *port = event->Buffer;

    return event->NetEvent == NetEventPortActivation
               ? port->Next == NULL &&
                     port->PortCharacteristics.PortNumber == NDIS_DEFAULT_PORT_NUMBER
               : event->BufferLength == sizeof(NDIS_PORT_NUMBER) &&
                     *(const NDIS_PORT_NUMBER *)event->Buffer == NDIS_DEFAULT_PORT_NUMBER;
}

/*
 * "NdisMNetPnPEvent function". IRQL: PASSIVE_LEVEL.
 * A miniport raises NetEventPortActivation (with an NDIS_PORT list) and NetEventPortDeactivation
 * (with an array of port numbers); other events are for intermediate drivers (PNP_EVENT).
 */
NDIS_STATUS
NdisMNetPnPEvent(NDIS_HANDLE MiniportAdapterHandle,
                 PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, false, __func__, caller);
    const NET_PNP_EVENT *event;
    NDIS_STATUS status;

    if (adapter == NULL ||
        !pndis__object_header_check(context, NetPnPEventNotification,
                                    HEADER_NET_PNP_EVENT_NOTIFICATION, __func__, caller)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    event = &NetPnPEventNotification->NetPnPEvent;
    if (event->NetEvent != NetEventPortActivation && event->NetEvent != NetEventPortDeactivation) {
        pndis__report(context, RULE_PNP_EVENT, &adapter->owner, __func__, caller,
                      "%s raises event %d, which miniports do not", adapter->owner.name,
                      (int)event->NetEvent);
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (event->Buffer == NULL ||
        (event->NetEvent == NetEventPortDeactivation && event->BufferLength == 0)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (is_default_port(event)) {
        return set_default_port(context, adapter, event->NetEvent == NetEventPortActivation);
    }
    brief_lock(&adapter->ports_lock);
    status = event->NetEvent == NetEventPortActivation
                 ? activate(adapter, event->Buffer)
                 : deactivate(adapter, event->Buffer,
                              event->BufferLength / (ULONG)sizeof(NDIS_PORT_NUMBER));
    brief_unlock(&adapter->ports_lock);
    if (status == NDIS_STATUS_SUCCESS) {
        tell_bindings(context, adapter, event);
    }
    return status;
}
