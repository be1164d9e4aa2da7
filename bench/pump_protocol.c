#include "pump_protocol.h"

enum { PUMP_TAG = 'pmuP', FRAME_BYTES = 60, ETHERTYPE_TEST = 0x88B5 };

struct pump {
    NDIS_HANDLE binding;
    NDIS_HANDLE pool;
    NET_BUFFER_LIST *lists[PUMP_BATCH_LIMIT];
    NET_BUFFER_LIST *back; /* What the miniport completed last. */
    ULONG64 completed;
    BOOLEAN running;
    UCHAR frame[FRAME_BYTES];
    MDL *mdl;
};

static NDIS_HANDLE protocol_handle;
static struct pump pump;

static PROTOCOL_BIND_ADAPTER_EX bind_adapter;
static PROTOCOL_UNBIND_ADAPTER_EX unbind_adapter;
static PROTOCOL_OPEN_ADAPTER_COMPLETE_EX open_complete;
static PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX close_complete;
static PROTOCOL_NET_PNP_EVENT pnp_event;
static PROTOCOL_OID_REQUEST_COMPLETE oid_complete;
static PROTOCOL_STATUS_EX status_indication;
static PROTOCOL_RECEIVE_NET_BUFFER_LISTS receive_lists;
static PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE send_complete;
static DRIVER_UNLOAD unload;

static void
free_lists(void)
{
    for (ULONG i = 0; i < PUMP_BATCH_LIMIT && pump.lists[i] != NULL; i++) {
        NdisFreeNetBufferList(pump.lists[i]);
        pump.lists[i] = NULL;
    }
    if (pump.mdl != NULL) {
        NdisFreeMdl(pump.mdl);
        pump.mdl = NULL;
    }
    if (pump.pool != NULL) {
        NdisFreeNetBufferListPool(pump.pool);
        pump.pool = NULL;
    }
}

static NDIS_STATUS
make_lists(void)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .fAllocateNetBuffer = TRUE,
        .PoolTag = PUMP_TAG,
    };

    pump.pool = NdisAllocateNetBufferListPool(protocol_handle, &parameters);
    pump.frame[12] = ETHERTYPE_TEST >> 8;
    pump.frame[13] = ETHERTYPE_TEST & 0xFF;
    pump.mdl = NdisAllocateMdl(protocol_handle, pump.frame, FRAME_BYTES);
    if (pump.pool == NULL || pump.mdl == NULL) {
        free_lists();
        return NDIS_STATUS_RESOURCES;
    }
    for (ULONG i = 0; i < PUMP_BATCH_LIMIT; i++) {
        pump.lists[i] =
            NdisAllocateNetBufferAndNetBufferList(pump.pool, 0, 0, pump.mdl, 0, FRAME_BYTES);
        if (pump.lists[i] == NULL) {
            free_lists();
            return NDIS_STATUS_RESOURCES;
        }
        pump.lists[i]->SourceHandle = pump.binding;
    }
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
set_filter(void)
{
    ULONG filter = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST;
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestSetInformation,
        .DATA.SET_INFORMATION = {.Oid = OID_GEN_CURRENT_PACKET_FILTER,
                                 .InformationBuffer = &filter,
                                 .InformationBufferLength = sizeof(filter)},
    };

    return NdisOidRequest(pump.binding, &request);
}

static NDIS_STATUS
bind_adapter(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
             PNDIS_BIND_PARAMETERS BindParameters)
{
    NDIS_MEDIUM medium = NdisMedium802_3;
    UINT selected = 0;
    NDIS_OPEN_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        .AdapterName = BindParameters->AdapterName,
        .MediumArray = &medium,
        .MediumArraySize = 1,
        .SelectedMediumIndex = &selected,
    };
    NDIS_STATUS status;

    (void)ProtocolDriverContext;
    status = NdisOpenAdapterEx(protocol_handle, &pump, &parameters, BindContext, &pump.binding);
    if (status == NDIS_STATUS_SUCCESS) {
        status = set_filter();
        if (status == NDIS_STATUS_SUCCESS) {
            status = make_lists();
        }
        if (status != NDIS_STATUS_SUCCESS) {
            NdisCloseAdapterEx(pump.binding);
        }
    }
    return status;
}

static NDIS_STATUS
unbind_adapter(NDIS_HANDLE UnbindContext, NDIS_HANDLE ProtocolBindingContext)
{
    (void)UnbindContext;
    (void)ProtocolBindingContext;
    free_lists();
    return NdisCloseAdapterEx(pump.binding);
}

static void
open_complete(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
    (void)ProtocolBindingContext;
    (void)Status;
}

static void
close_complete(NDIS_HANDLE ProtocolBindingContext)
{
    (void)ProtocolBindingContext;
}

static NDIS_STATUS
pnp_event(NDIS_HANDLE ProtocolBindingContext, PNET_PNP_EVENT_NOTIFICATION NetPnPEvent)
{
    if (ProtocolBindingContext != NULL) {
        if (NetPnPEvent->NetPnPEvent.NetEvent == NetEventRestart) {
            pump.running = TRUE;
        } else if (NetPnPEvent->NetPnPEvent.NetEvent == NetEventPause) {
            pump.running = FALSE;
        }
    }
    return NDIS_STATUS_SUCCESS;
}

static void
oid_complete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest, NDIS_STATUS Status)
{
    (void)ProtocolBindingContext;
    (void)OidRequest;
    (void)Status;
}

static void
status_indication(NDIS_HANDLE ProtocolBindingContext, PNDIS_STATUS_INDICATION StatusIndication)
{
    (void)ProtocolBindingContext;
    (void)StatusIndication;
}

static void
receive_lists(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
              NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
    (void)ProtocolBindingContext;
    (void)PortNumber;
    (void)NumberOfNetBufferLists;
    if ((ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES) == 0) {
        NdisReturnNetBufferLists(pump.binding, NetBufferLists, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
    }
}

static void
send_complete(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
              ULONG SendCompleteFlags)
{
    (void)ProtocolBindingContext;
    (void)SendCompleteFlags;
    pump.back = NetBufferLists;
    for (; NetBufferLists != NULL; NetBufferLists = NetBufferLists->Next) {
        pump.completed++;
    }
}

static void
unload(PDRIVER_OBJECT DriverObject)
{
    (void)DriverObject;
    NdisDeregisterProtocolDriver(protocol_handle);
}

int
pump_protocol_entry(void *driver_object, void *registry_path)
{
    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
                   NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 30,
        .Name = NDIS_STRING_CONST("pump"),
        .BindAdapterHandlerEx = bind_adapter,
        .UnbindAdapterHandlerEx = unbind_adapter,
        .OpenAdapterCompleteHandlerEx = open_complete,
        .CloseAdapterCompleteHandlerEx = close_complete,
        .NetPnPEventHandler = pnp_event,
        .OidRequestCompleteHandler = oid_complete,
        .StatusHandlerEx = status_indication,
        .ReceiveNetBufferListsHandler = receive_lists,
        .SendNetBufferListsCompleteHandler = send_complete,
    };
    PDRIVER_OBJECT object = driver_object;

    (void)registry_path;
    object->DriverUnload = unload;
    return NdisRegisterProtocolDriver(NULL, &characteristics, &protocol_handle);
}

BOOLEAN
pump_is_running(void)
{
    return pump.running;
}

ULONG64
pump_completed(void)
{
    return pump.completed;
}

void
pump_send(ULONG batch, ULONG64 rounds)
{
    for (ULONG i = 0; i < batch; i++) {
        pump.lists[i]->Next = i + 1 < batch ? pump.lists[i + 1] : NULL;
    }
    pump.back = pump.lists[0];
    while (rounds-- != 0) {
        NdisSendNetBufferLists(pump.binding, pump.back, NDIS_DEFAULT_PORT_NUMBER,
                               NDIS_SEND_FLAGS_DISPATCH_LEVEL);
    }
}
