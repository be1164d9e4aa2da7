#include "support/miniport.h"

#include "support/miniport_parts.h"

#include <string.h>

struct miniport miniport;

static const UCHAR address[6] = {0x02, 0x50, 0x4e, 0x44, 0x49, 0x53};

static NDIS_OID oids[] = {
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_HARDWARE_STATUS,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_STATISTICS,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_LINK_PARAMETERS,
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_802_3_PERMANENT_ADDRESS,
    OID_802_3_CURRENT_ADDRESS,
    OID_802_3_MULTICAST_LIST,
    OID_802_3_MAXIMUM_LIST_SIZE,
    OID_PNP_SET_POWER,
    OID_PNP_QUERY_POWER,
};

struct port *
port_latest(void)
{
    return miniport.ports;
}

/* --- lifecycle --- */

static NDIS_STATUS
set_attributes(struct port *port)
{
    struct miniport *driver = port->driver;
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;
    NDIS_STATUS status;

    memset(&attributes, 0, sizeof(attributes));
    attributes.RegistrationAttributes = (NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES){
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                   NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1},
        .MiniportAdapterContext = port,
        .AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE |
                          NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER |
                          NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK,
        .CheckForHangTimeInSeconds = driver->check_for_hang_seconds,
        .InterfaceType = NdisInterfacePci,
    };
    if (driver->edit_registration != NULL) {
        driver->edit_registration(&attributes.RegistrationAttributes);
    }
    status = NdisMSetMiniportAttributes(port->handle, &attributes);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    memset(&attributes, 0, sizeof(attributes));
    attributes.GeneralAttributes = (NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES){
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
                   NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1},
        .MediaType = NdisMedium802_3,
        .PhysicalMediumType = NdisPhysicalMedium802_3,
        .MtuSize = PORT_MTU,
        .MaxXmitLinkSpeed = PORT_SPEED,
        .XmitLinkSpeed = PORT_SPEED,
        .MaxRcvLinkSpeed = PORT_SPEED,
        .RcvLinkSpeed = PORT_SPEED,
        .MediaConnectState = MediaConnectStateConnected,
        .MediaDuplexState = MediaDuplexStateFull,
        .LookaheadSize = PORT_MTU,
        .MacOptions = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
                      NDIS_MAC_OPTION_NO_LOOPBACK,
        .SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                                  NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_BROADCAST |
                                  NDIS_PACKET_TYPE_PROMISCUOUS,
        .MaxMulticastListSize = 32,
        .MacAddressLength = sizeof(address),
        .AccessType = NET_IF_ACCESS_BROADCAST,
        .DirectionType = NET_IF_DIRECTION_SENDRECEIVE,
        .ConnectionType = NET_IF_CONNECTION_DEDICATED,
        .IfType = IF_TYPE_ETHERNET_CSMACD,
        .IfConnectorPresent = TRUE,
        .SupportedStatistics = NDIS_STATISTICS_XMIT_OK_SUPPORTED | NDIS_STATISTICS_RCV_OK_SUPPORTED,
        .SupportedOidList = oids,
        .SupportedOidListLength = sizeof(oids),
    };
    memcpy(attributes.GeneralAttributes.PermanentMacAddress, address, sizeof(address));
    memcpy(attributes.GeneralAttributes.CurrentMacAddress, address, sizeof(address));
    if (driver->edit_general != NULL) {
        driver->edit_general(&attributes.GeneralAttributes);
    }
    return NdisMSetMiniportAttributes(port->handle, &attributes);
}

static void
port_free(struct port *port)
{
    struct port **link = &port->driver->ports;

    while (*link != NULL && *link != port) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = port->next;
    }
    if (port->pool != NULL) {
        NdisFreeNetBufferListPool(port->pool);
    }
    NdisFreeMemory(port, 0, 0);
}

static NDIS_STATUS
create_pool(struct port *port)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = TRUE,
        .PoolTag = 'tseT',
    };

    port->pool = NdisAllocateNetBufferListPool(port->handle, &parameters);
    return port->pool == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
initialize(NDIS_HANDLE handle, NDIS_HANDLE context, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    struct miniport *driver = context;
    struct port *port =
        NdisAllocateMemoryWithTagPriority(handle, sizeof(*port), 'tseT', NormalPoolPriority);
    NDIS_STATUS status;

    if (port == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    memset(port, 0, sizeof(*port));
    port->driver = driver;
    port->handle = handle;
    port->paused = true;
    port->initializes++;
    KeInitializeSpinLock(&port->lock);
    port->next = driver->ports;
    driver->ports = port;
    status = set_attributes(port);
    if (status == NDIS_STATUS_SUCCESS) {
        status = create_pool(port);
    }
    if (status == NDIS_STATUS_SUCCESS && driver->on_initialize != NULL) {
        status = driver->on_initialize(port, parameters);
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = driver->initialize_status;
    }
    if (status != NDIS_STATUS_SUCCESS) {
        port_free(port);
    }
    return status;
}

static VOID
halt(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
    struct port *port = context;

    port->halts++;
    port->halt_action = action;
    if (port->driver->on_halt != NULL) {
        port->driver->on_halt(port, action);
    }
    port_free(port);
}

static void
complete_pause(void *argument)
{
    struct port *port = argument;

    NdisMPauseComplete(port->handle);
}

bool
port_take_finished_pause(struct port *port)
{
    bool finished = port->pausing && port->receives_out == 0 && port->sends_in_hand == 0;

    if (finished) {
        port->pausing = false;
        port->paused = true;
    }
    return finished;
}

void
port_complete_pause(struct port *port)
{
    KIRQL irql;
    bool finished;

    KeAcquireSpinLock(&port->lock, &irql);
    finished = port_take_finished_pause(port);
    KeReleaseSpinLock(&port->lock, irql);
    if (finished) {
        NdisMPauseComplete(port->handle);
    }
}

static NDIS_STATUS
pause(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    struct port *port = context;
    enum when when = port->driver->pause;
    KIRQL irql;
    bool finished;

    port->pauses++;
    if (port->driver->on_pause != NULL) {
        port->driver->on_pause(port);
    }
    port->pause_reason = parameters->PauseReason;
    if (port->driver->sending == SEND_HOLD) {
        port_complete_sends(port, ~0u, NDIS_STATUS_PAUSED);
    }
    KeAcquireSpinLock(&port->lock, &irql);
    port->pausing = true;
    finished = when != BY_HAND && port_take_finished_pause(port);
    KeReleaseSpinLock(&port->lock, irql);
    if (!finished) {
        return NDIS_STATUS_PENDING;
    }
    if (when == AT_ONCE) {
        return NDIS_STATUS_SUCCESS;
    }
    do_later(&port->pause_later, when, complete_pause, port);
    return NDIS_STATUS_PENDING;
}

static void
set_paused(struct port *port, bool paused)
{
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    port->paused = paused;
    KeReleaseSpinLock(&port->lock, irql);
}

static void
complete_restart(void *argument)
{
    struct port *port = argument;

    if (port->driver->restart_status == NDIS_STATUS_SUCCESS) {
        set_paused(port, false);
    }
    NdisMRestartComplete(port->handle, port->driver->restart_status);
}

static NDIS_STATUS
restart(NDIS_HANDLE context, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    struct port *port = context;
    struct miniport *driver = port->driver;
    NDIS_STATUS status = driver->restart_status;

    port->restarts++;
    if (driver->on_restart != NULL) {
        status = driver->on_restart(port, parameters);
        if (status != NDIS_STATUS_SUCCESS) {
            return status;
        }
        status = driver->restart_status;
    }
    if (driver->restart == AT_ONCE) {
        set_paused(port, status != NDIS_STATUS_SUCCESS);
        return status;
    }
    do_later(&port->restart_later, driver->restart, complete_restart, port);
    return NDIS_STATUS_PENDING;
}

static VOID
shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
    struct port *port = context;

    (void)action;
    port->shutdowns++;
}

static VOID
device_event(NDIS_HANDLE context, PNET_DEVICE_PNP_EVENT event)
{
    struct port *port = context;

    port->events++;
    if (port->driver->on_event != NULL) {
        port->driver->on_event(port, event);
    }
}

/* --- the driver --- */

static VOID
unload(PDRIVER_OBJECT object)
{
    (void)object;
    miniport.unloads++;
    NdisMDeregisterMiniportDriver(miniport.handle);
}

int
miniport_entry(void *driver_object, void *registry_path)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                   NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = (UCHAR)(miniport.version >> 16),
        .MinorNdisVersion = (UCHAR)miniport.version,
        .MajorDriverVersion = 1,
        .InitializeHandlerEx = initialize,
        .HaltHandlerEx = halt,
        .UnloadHandler = unload,
        .PauseHandler = pause,
        .RestartHandler = restart,
        .OidRequestHandler = port_oid_request,
        .SendNetBufferListsHandler = port_send,
        .ReturnNetBufferListsHandler = port_return_lists,
        .CancelSendHandler = port_cancel_send,
        .CheckForHangHandlerEx = port_check_for_hang,
        .ResetHandlerEx = port_reset,
        .DevicePnPEventNotifyHandler = device_event,
        .ShutdownHandlerEx = shutdown,
        .CancelOidRequestHandler = port_cancel_oid,
    };

    if (miniport.version < 0x00060001) {
        characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
        characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
    }
    if (miniport.edit_characteristics != NULL) {
        miniport.edit_characteristics(&characteristics);
    }
    return NdisMRegisterMiniportDriver(driver_object, registry_path, &miniport, &characteristics,
                                       &miniport.handle);
}

void
miniport_reset(void)
{
    memset(&miniport, 0, sizeof(miniport));
    miniport.version = 0x0006001E;
    miniport.sending = SEND_COMPLETE;
}
