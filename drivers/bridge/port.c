/* Ports: binding to adapters and letting go of them, their links. */
#include "bridge.h"

/* --- slots --- */

NDIS_STATUS
ports_init(void)
{
    KeInitializeSpinLock(&bridge.ports_lock);
    for (ULONG i = 0; i < BRIDGE_PORT_LIMIT; i++) {
        struct port *port = &bridge.ports[i];

        port->number = (UCHAR)i;
        port->sending = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, BRIDGE_TAG);
        if (port->sending == NULL) {
            return NDIS_STATUS_RESOURCES;
        }
        /* Nothing is sent before the first restart. */
        ExWaitForRundownProtectionReleaseCacheAware(port->sending);
        ExRundownCompletedCacheAware(port->sending);
    }
    return NDIS_STATUS_SUCCESS;
}

void
ports_fini(void)
{
    for (ULONG i = 0; i < BRIDGE_PORT_LIMIT; i++) {
        if (bridge.ports[i].sending != NULL) {
            ExFreeCacheAwareRundownProtection(bridge.ports[i].sending);
            bridge.ports[i].sending = NULL;
        }
    }
}

static struct port *
slot_take(void)
{
    struct port *port = NULL;
    KIRQL irql;

    KeAcquireSpinLock(&bridge.ports_lock, &irql);
    for (ULONG i = 0; i < BRIDGE_PORT_LIMIT && port == NULL; i++) {
        if (!bridge.ports[i].used) {
            port = &bridge.ports[i];
            WriteNoFence(&port->used, TRUE);
            if (i >= bridge.port_count) {
                WriteULongNoFence(&bridge.port_count, i + 1);
            }
        }
    }
    if (port != NULL && bridge.used_count++ == 0) {
        table_start();
    }
    KeReleaseSpinLock(&bridge.ports_lock, irql);
    return port;
}

static void
slot_put(struct port *port)
{
    KIRQL irql;

    table_flush(port->number);
    KeAcquireSpinLock(&bridge.ports_lock, &irql);
    WriteNoFence(&port->used, FALSE);
    if (--bridge.used_count == 0) {
        table_stop();
    }
    KeReleaseSpinLock(&bridge.ports_lock, irql);
}

static void
counters_reset(const struct port *port)
{
    for (ULONG i = 0; i < bridge.processor_count; i++) {
        RtlZeroMemory(&bridge.processors[i].counters[port->number],
                      sizeof(struct bridge_port_counters));
    }
}

/* --- opening and closing --- */

static NDIS_STATUS
wait_for(struct port *port, NDIS_STATUS status)
{
    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&port->opened, Executive, KernelMode, FALSE, NULL);
        status = port->open_status;
    }
    return status;
}

VOID
BridgeOpenComplete(NDIS_HANDLE context, NDIS_STATUS status)
{
    struct port *port = context;

    port->open_status = status;
    KeSetEvent(&port->opened, IO_NO_INCREMENT, FALSE);
}

VOID
BridgeCloseComplete(NDIS_HANDLE context)
{
    BridgeOpenComplete(context, NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS
open(struct port *port, NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS bind)
{
    NDIS_MEDIUM medium = NdisMedium802_3;
    UINT selected;
    NDIS_OPEN_PARAMETERS parameters;

    RtlZeroMemory(&parameters, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_OPEN_PARAMETERS;
    parameters.Header.Revision = NDIS_OPEN_PARAMETERS_REVISION_1;
    parameters.Header.Size = NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1;
    parameters.AdapterName = bind->AdapterName;
    parameters.MediumArray = &medium;
    parameters.MediumArraySize = 1;
    parameters.SelectedMediumIndex = &selected;
    KeInitializeEvent(&port->opened, SynchronizationEvent, FALSE);
    return wait_for(
        port, NdisOpenAdapterEx(bridge.protocol, port, &parameters, bind_context, &port->binding));
}

static void
close(struct port *port)
{
    wait_for(port, NdisCloseAdapterEx(port->binding));
}

static void
describe(struct port *port, const NDIS_BIND_PARAMETERS *bind)
{
    WriteNoFence(&port->mtu, (LONG)bind->MtuSize);
    WriteNoFence(&port->tags, (bind->MacOptions & NDIS_MAC_OPTION_8021Q_VLAN) != 0);
    WriteNoFence(&port->connected, bind->MediaConnectState != MediaConnectStateDisconnected);
    port->interface_index = bind->BoundIfIndex;
    RtlCopyMemory(port->address, bind->CurrentMacAddress, ADDRESS_BYTES);
    RtlZeroMemory(&port->can, sizeof(port->can));
    if (bind->DefaultOffloadConfiguration != NULL) {
        capabilities_from(&port->can, bind->DefaultOffloadConfiguration,
                          bind->DefaultOffloadConfiguration->Header.Size);
    }
    counters_reset(port);
}

NDIS_STATUS
BridgeBindAdapter(NDIS_HANDLE context, NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS bind)
{
    struct port *port;
    NDIS_STATUS status;

    UNREFERENCED_PARAMETER(context);
    if (bind->MediaType != NdisMedium802_3 || bind->MacAddressLength != ADDRESS_BYTES) {
        return NDIS_STATUS_UNSUPPORTED_MEDIA;
    }
    port = slot_take();
    if (port == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    describe(port, bind);
    status = open(port, bind_context, bind);
    if (status == NDIS_STATUS_SUCCESS) {
        status = request_packet_filter(port, TRUE);
        if (status != NDIS_STATUS_SUCCESS) {
            close(port);
        }
    }
    if (status != NDIS_STATUS_SUCCESS) {
        slot_put(port);
        return status;
    }
    request_offloads(port);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
BridgeUnbindAdapter(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    struct port *port = context;

    UNREFERENCED_PARAMETER(unbind_context);
    /* The binding is Paused: nothing of it is out. An adapter that is gone may refuse. */
    request_packet_filter(port, FALSE);
    close(port);
    slot_put(port);
    return NDIS_STATUS_SUCCESS;
}

/* --- what adapters indicate --- */

static void
link_state(struct port *port, const NDIS_LINK_STATE *state)
{
    BOOLEAN connected = state->MediaConnectState != MediaConnectStateDisconnected;

    WriteNoFence(&port->connected, connected);
    if (!connected) {
        table_flush(port->number);
    }
}

VOID
BridgeStatus(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
    struct port *port = context;

    switch (indication->StatusCode) {
    case NDIS_STATUS_LINK_STATE:
        if (indication->StatusBufferSize >= NDIS_SIZEOF_LINK_STATE_REVISION_1) {
            link_state(port, indication->StatusBuffer);
        }
        break;
    case NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG:
        capabilities_from(&port->can, indication->StatusBuffer, indication->StatusBufferSize);
        break;
    default:
        break;
    }
}
