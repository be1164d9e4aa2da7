#include "support/miniport.h"

#include <string.h>

struct miniport miniport;

static const UCHAR address[6] = {0x02, 0x50, 0x4e, 0x44, 0x49, 0x53};

static NDIS_OID oids[] = {
    OID_GEN_SUPPORTED_LIST,        OID_GEN_HARDWARE_STATUS,     OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,     OID_GEN_XMIT_OK,             OID_GEN_RCV_OK,
    OID_GEN_STATISTICS,            OID_GEN_INTERRUPT_MODERATION, OID_GEN_LINK_PARAMETERS,
    OID_GEN_VENDOR_ID,             OID_GEN_VENDOR_DESCRIPTION,  OID_GEN_VENDOR_DRIVER_VERSION,
    OID_802_3_PERMANENT_ADDRESS,   OID_802_3_CURRENT_ADDRESS,   OID_802_3_MULTICAST_LIST,
    OID_802_3_MAXIMUM_LIST_SIZE,   OID_PNP_SET_POWER,           OID_PNP_QUERY_POWER,
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
        .MacOptions = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA |
                      NDIS_MAC_OPTION_TRANSFERS_NOT_PEND | NDIS_MAC_OPTION_NO_LOOPBACK,
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
    struct port *port = NdisAllocateMemoryWithTagPriority(handle, sizeof(*port), 'tseT',
                                                          NormalPoolPriority);
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

/* Whether a pause that waits can end now; then it is the caller's to complete. */
static bool
take_finished_pause(struct port *port)
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
    finished = take_finished_pause(port);
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
    port->pause_reason = parameters->PauseReason;
    if (port->driver->sending == SEND_HOLD) {
        port_complete_sends(port, ~0u, NDIS_STATUS_PAUSED);
    }
    KeAcquireSpinLock(&port->lock, &irql);
    port->pausing = true;
    finished = when != BY_HAND && take_finished_pause(port);
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
complete_restart(void *argument)
{
    struct port *port = argument;

    if (port->driver->restart_status == NDIS_STATUS_SUCCESS) {
        port->paused = false;
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
    }
    if (driver->restart == AT_ONCE) {
        port->paused = status != NDIS_STATUS_SUCCESS;
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

/* --- sends --- */

static ULONG
level_flag(ULONG flag)
{
    return KeGetCurrentIrql() == DISPATCH_LEVEL ? flag : 0;
}

static unsigned
set_status(NET_BUFFER_LIST *chain, NDIS_STATUS status)
{
    unsigned count = 0;

    for (; chain != NULL; chain = NET_BUFFER_LIST_NEXT_NBL(chain)) {
        NET_BUFFER_LIST_STATUS(chain) = status;
        count++;
    }
    return count;
}

static void
complete_chain(struct port *port, NET_BUFFER_LIST *chain, NDIS_STATUS status)
{
    unsigned count = set_status(chain, status);
    KIRQL irql;
    bool finished;

    NdisMSendNetBufferListsComplete(port->handle, chain,
                                    level_flag(NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL));
    KeAcquireSpinLock(&port->lock, &irql);
    port->completes += count;
    port->sends_in_hand -= count;
    finished = port->driver->pause != BY_HAND && take_finished_pause(port);
    KeReleaseSpinLock(&port->lock, irql);
    if (finished) {
        NdisMPauseComplete(port->handle);
    }
}

void
port_complete_sends(struct port *port, unsigned count, NDIS_STATUS status)
{
    NET_BUFFER_LIST *chain;
    NET_BUFFER_LIST *last;
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    chain = last = port->held;
    for (unsigned i = 1; i < count && last != NULL && last->Next != NULL; i++) {
        last = last->Next;
    }
    if (count == 0) {
        chain = NULL;
    }
    if (chain != NULL) {
        port->held = last->Next;
        last->Next = NULL;
    }
    KeReleaseSpinLock(&port->lock, irql);
    if (chain != NULL) {
        complete_chain(port, chain, status);
    }
}

static void
hold(struct port *port, NET_BUFFER_LIST *chain)
{
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    if (port->held == NULL) {
        port->held = chain;
    } else {
        port->last_held->Next = chain;
    }
    while (chain->Next != NULL) {
        chain = chain->Next;
    }
    port->last_held = chain;
    KeReleaseSpinLock(&port->lock, irql);
}

/* A chain on its way to be completed later; lies in the room that senders leave to miniports. */
struct delayed_send {
    struct later later;
    struct port *port;
    NET_BUFFER_LIST *chain;
};

static void
complete_delayed(void *argument)
{
    struct delayed_send *delayed = argument;
    struct port *port = delayed->port;
    NET_BUFFER_LIST *chain = delayed->chain;

    NdisFreeMemory(delayed, 0, 0);
    complete_chain(port, chain, port->driver->send_status);
}

static void
complete_later(struct port *port, NET_BUFFER_LIST *chain)
{
    struct delayed_send *delayed =
        NdisAllocateMemoryWithTagPriority(port->handle, sizeof(*delayed), 'tseT', NormalPoolPriority);

    if (delayed == NULL) {
        complete_chain(port, chain, NDIS_STATUS_RESOURCES);
        return;
    }
    delayed->port = port;
    delayed->chain = chain;
    do_later(&delayed->later, port->driver->send_when, complete_delayed, delayed);
}

static void
reflect(struct port *port, NET_BUFFER_LIST *chain)
{
    for (NET_BUFFER_LIST *nbl = chain; nbl != NULL; nbl = nbl->Next) {
        NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(nbl);
        UCHAR storage[ETHERNET_BYTES + PORT_MTU];
        ULONG bytes = NET_BUFFER_DATA_LENGTH(buffer);
        void *data =
            bytes > sizeof(storage) ? NULL : NdisGetDataBuffer(buffer, bytes, storage, 1, 0);

        if (data != NULL) {
            port_indicate(port, data, bytes, 1, port->driver->receive_flags);
        }
    }
}

static VOID
send(NDIS_HANDLE context, PNET_BUFFER_LIST chain, NDIS_PORT_NUMBER number, ULONG flags)
{
    struct port *port = context;
    unsigned count = set_status(chain, NDIS_STATUS_SUCCESS);
    KIRQL irql;

    (void)number;
    (void)flags;
    KeAcquireSpinLock(&port->lock, &irql);
    port->sends += count;
    port->sends_in_hand += count;
    KeReleaseSpinLock(&port->lock, irql);
    switch (port->driver->sending) {
    case SEND_COMPLETE:
        if (port->driver->send_when == AT_ONCE) {
            complete_chain(port, chain, port->driver->send_status);
        } else {
            complete_later(port, chain);
        }
        break;
    case SEND_HOLD:
    case SEND_KEEP:
        hold(port, chain);
        break;
    case SEND_REFLECT:
        reflect(port, chain);
        complete_chain(port, chain, port->driver->send_status);
        break;
    }
}

static VOID
cancel_send(NDIS_HANDLE context, PVOID id)
{
    struct port *port = context;
    NET_BUFFER_LIST *cancelled = NULL;
    NET_BUFFER_LIST **end = &cancelled;
    NET_BUFFER_LIST **link = &port->held;
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    port->cancels++;
    port->last_held = NULL;
    while (*link != NULL) {
        NET_BUFFER_LIST *nbl = *link;

        if (NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) == id) {
            *link = nbl->Next;
            nbl->Next = NULL;
            *end = nbl;
            end = &nbl->Next;
        } else {
            port->last_held = nbl;
            link = &nbl->Next;
        }
    }
    KeReleaseSpinLock(&port->lock, irql);
    if (cancelled != NULL) {
        complete_chain(port, cancelled, NDIS_STATUS_SEND_ABORTED);
    }
}

/* --- receives --- */

static NET_BUFFER_LIST *
make_frame(struct port *port, const void *frame, ULONG bytes)
{
    void *memory =
        NdisAllocateMemoryWithTagPriority(port->handle, bytes, 'tseT', NormalPoolPriority);
    MDL *mdl = memory == NULL ? NULL : NdisAllocateMdl(port->handle, memory, bytes);
    NET_BUFFER_LIST *nbl =
        mdl == NULL ? NULL
                    : NdisAllocateNetBufferAndNetBufferList(port->pool, 0, 0, mdl, 0, bytes);

    if (nbl == NULL) {
        if (mdl != NULL) {
            NdisFreeMdl(mdl);
        }
        if (memory != NULL) {
            NdisFreeMemory(memory, 0, 0);
        }
        return NULL;
    }
    memcpy(memory, frame, bytes);
    nbl->SourceHandle = port->handle;
    nbl->MiniportReserved[0] = memory;
    return nbl;
}

static void
free_frame(NET_BUFFER_LIST *nbl)
{
    void *memory = nbl->MiniportReserved[0];
    MDL *mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(nbl));

    NdisFreeNetBufferList(nbl);
    NdisFreeMdl(mdl);
    NdisFreeMemory(memory, 0, 0);
}

static unsigned
free_frames(NET_BUFFER_LIST *chain)
{
    unsigned count = 0;

    while (chain != NULL) {
        NET_BUFFER_LIST *next = chain->Next;

        chain->Next = NULL;
        free_frame(chain);
        chain = next;
        count++;
    }
    return count;
}

bool
port_indicate(struct port *port, const void *frame, ULONG bytes, unsigned count, ULONG flags)
{
    NET_BUFFER_LIST *chain = NULL;
    NET_BUFFER_LIST **end = &chain;
    KIRQL irql;
    unsigned made = 0;

    while (made < count && (*end = make_frame(port, frame, bytes)) != NULL) {
        end = &(*end)->Next;
        made++;
    }
    if (made == 0) {
        return false;
    }
    flags |= level_flag(NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    KeAcquireSpinLock(&port->lock, &irql);
    port->receives_out += made;
    KeReleaseSpinLock(&port->lock, irql);
    NdisMIndicateReceiveNetBufferLists(port->handle, chain, NDIS_DEFAULT_PORT_NUMBER, made, flags);
    if ((flags & NDIS_RECEIVE_FLAGS_RESOURCES) != 0) {
        free_frames(chain);
        KeAcquireSpinLock(&port->lock, &irql);
        port->receives_out -= made;
        KeReleaseSpinLock(&port->lock, irql);
        port_complete_pause(port);
    }
    return made == count;
}

static VOID
return_lists(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    struct port *port = context;
    unsigned count = free_frames(chain);
    KIRQL irql;
    bool finished;

    (void)flags;
    KeAcquireSpinLock(&port->lock, &irql);
    port->returns += count;
    port->receives_out -= count;
    finished = port->driver->pause != BY_HAND && take_finished_pause(port);
    KeReleaseSpinLock(&port->lock, irql);
    if (finished) {
        NdisMPauseComplete(port->handle);
    }
}

/* --- requests --- */

static NDIS_STATUS
answer_ulong(PNDIS_OID_REQUEST request, ULONG value)
{
    if (request->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(value)) {
        request->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(value);
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memcpy(request->DATA.QUERY_INFORMATION.InformationBuffer, &value, sizeof(value));
    request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(value);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
answer_query(struct port *port, PNDIS_OID_REQUEST request)
{
    switch (request->DATA.QUERY_INFORMATION.Oid) {
    case OID_GEN_VENDOR_ID:
        return answer_ulong(request, 0x504e44);
    case OID_GEN_XMIT_OK:
        return answer_ulong(request, port->completes);
    case OID_GEN_INTERRUPT_MODERATION:
        return NDIS_STATUS_NOT_SUPPORTED;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static NDIS_STATUS
answer_set(struct port *port, PNDIS_OID_REQUEST request)
{
    const void *buffer = request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG bytes = request->DATA.SET_INFORMATION.InformationBufferLength;

    request->DATA.SET_INFORMATION.BytesRead = bytes;
    switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
        memcpy(&port->packet_filter, buffer, sizeof(port->packet_filter));
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_CURRENT_LOOKAHEAD:
    case OID_802_3_MULTICAST_LIST:
    case OID_GEN_LINK_PARAMETERS:
        return NDIS_STATUS_SUCCESS;
    case OID_PNP_SET_POWER:
        memcpy(&port->power, buffer, sizeof(port->power));
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static NDIS_STATUS
answer(struct port *port, PNDIS_OID_REQUEST request)
{
    NDIS_STATUS status = NDIS_STATUS_NOT_RECOGNIZED;

    if (port->driver->on_oid != NULL) {
        status = port->driver->on_oid(port, request);
    }
    if (status != NDIS_STATUS_NOT_RECOGNIZED) {
        return status;
    }
    if (port->driver->oid_status != NDIS_STATUS_SUCCESS) {
        return port->driver->oid_status;
    }
    switch (request->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return answer_query(port, request);
    case NdisRequestSetInformation:
        return answer_set(port, request);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static void
complete_oid(void *argument)
{
    struct port *port = argument;
    PNDIS_OID_REQUEST request = port->request;

    port->request = NULL;
    NdisMOidRequestComplete(port->handle, request, answer(port, request));
}

static NDIS_STATUS
oid_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    struct port *port = context;

    port->oids++;
    if (port->driver->oid == AT_ONCE) {
        return answer(port, request);
    }
    port->request = request;
    do_later(&port->oid_later, port->driver->oid, complete_oid, port);
    return NDIS_STATUS_PENDING;
}

static VOID
cancel_oid(NDIS_HANDLE context, PVOID id)
{
    struct port *port = context;
    PNDIS_OID_REQUEST request = port->request;

    port->cancels++;
    if (port->driver->oid == BY_HAND && request != NULL && request->RequestId == id) {
        port->request = NULL;
        NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_REQUEST_ABORTED);
    }
}

/* --- reset --- */

static BOOLEAN
check_for_hang(NDIS_HANDLE context)
{
    struct port *port = context;
    bool hung = port->driver->hung;

    port->hang_checks++;
    port->driver->hung = false;
    return (BOOLEAN)hung;
}

static void
complete_reset(void *argument)
{
    struct port *port = argument;
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    NdisMResetComplete(port->handle, port->driver->reset_status, port->driver->addressing_reset);
    KeLowerIrql(irql);
}

static NDIS_STATUS
reset(NDIS_HANDLE context, PBOOLEAN addressing)
{
    struct port *port = context;

    port->resets++;
    if (port->request != NULL && port->driver->oid == BY_HAND) {
        PNDIS_OID_REQUEST request = port->request;

        port->request = NULL;
        NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_REQUEST_ABORTED);
    }
    port_complete_sends(port, ~0u, NDIS_STATUS_RESET_IN_PROGRESS);
    if (port->driver->reset == AT_ONCE) {
        *addressing = port->driver->addressing_reset;
        return port->driver->reset_status;
    }
    do_later(&port->reset_later, port->driver->reset, complete_reset, port);
    return NDIS_STATUS_PENDING;
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
        .OidRequestHandler = oid_request,
        .SendNetBufferListsHandler = send,
        .ReturnNetBufferListsHandler = return_lists,
        .CancelSendHandler = cancel_send,
        .CheckForHangHandlerEx = check_for_hang,
        .ResetHandlerEx = reset,
        .DevicePnPEventNotifyHandler = device_event,
        .ShutdownHandlerEx = shutdown,
        .CancelOidRequestHandler = cancel_oid,
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
