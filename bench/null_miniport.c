#include "null_miniport.h"

enum { NULL_TAG = 'lluN', SCRATCH_BYTES = 512 };

/* What one adapter holds: ten resources, the first of them this structure. */
struct null_adapter {
    NDIS_HANDLE handle;
    NDIS_HANDLE pool;
    NET_BUFFER_LIST *list;
    NDIS_HANDLE timer;
    NDIS_SPIN_LOCK lock;
    PNDIS_RW_LOCK_EX rw_lock;
    NDIS_HANDLE work_item;
    LOOKASIDE_LIST_EX blocks;
    BOOLEAN has_blocks;
    void *scratch;
    MDL *mdl;
};

static NDIS_HANDLE driver_handle;
static struct null_adapter *latest;
static NET_BUFFER_LIST *returned; /* What came back last. */
static ULONG64 returned_count;

static NDIS_TIMER_FUNCTION tick;
static MINIPORT_INITIALIZE initialize;
static MINIPORT_HALT halt;
static MINIPORT_PAUSE pause_adapter;
static MINIPORT_RESTART restart;
static MINIPORT_OID_REQUEST oid_request;
static MINIPORT_SEND_NET_BUFFER_LISTS send_lists;
static MINIPORT_RETURN_NET_BUFFER_LISTS return_lists;
static MINIPORT_CANCEL_SEND cancel_send;
static MINIPORT_CANCEL_OID_REQUEST cancel_oid;
static MINIPORT_DEVICE_PNP_EVENT_NOTIFY pnp_event;
static MINIPORT_SHUTDOWN shut_down;
static MINIPORT_UNLOAD unload;

static void
tick(PVOID SystemSpecific1, PVOID Context, PVOID SystemSpecific2, PVOID SystemSpecific3)
{
    (void)SystemSpecific1;
    (void)Context;
    (void)SystemSpecific2;
    (void)SystemSpecific3;
}

static void
give_back(struct null_adapter *adapter)
{
    if (adapter->mdl != NULL) {
        NdisFreeMdl(adapter->mdl);
    }
    if (adapter->scratch != NULL) {
        NdisFreeMemory(adapter->scratch, 0, 0);
    }
    if (adapter->has_blocks) {
        ExDeleteLookasideListEx(&adapter->blocks);
    }
    if (adapter->work_item != NULL) {
        NdisFreeIoWorkItem(adapter->work_item);
    }
    if (adapter->rw_lock != NULL) {
        NdisFreeRWLock(adapter->rw_lock);
    }
    NdisFreeSpinLock(&adapter->lock);
    if (adapter->timer != NULL) {
        NdisFreeTimerObject(adapter->timer);
    }
    if (adapter->list != NULL) {
        NdisFreeNetBufferList(adapter->list);
    }
    if (adapter->pool != NULL) {
        NdisFreeNetBufferListPool(adapter->pool);
    }
    NdisFreeMemory(adapter, 0, 0);
}

static NDIS_HANDLE
make_pool(NDIS_HANDLE handle)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .fAllocateNetBuffer = TRUE,
        .PoolTag = NULL_TAG,
    };

    return NdisAllocateNetBufferListPool(handle, &parameters);
}

static NDIS_HANDLE
make_timer(NDIS_HANDLE handle)
{
    NDIS_TIMER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1},
        .AllocationTag = NULL_TAG,
        .TimerFunction = tick,
    };
    NDIS_HANDLE timer = NULL;

    return NdisAllocateTimerObject(handle, &characteristics, &timer) == NDIS_STATUS_SUCCESS ? timer
                                                                                            : NULL;
}

static BOOLEAN
acquire(struct null_adapter *adapter)
{
    NDIS_HANDLE handle = adapter->handle;

    NdisAllocateSpinLock(&adapter->lock);
    adapter->pool = make_pool(handle);
    if (adapter->pool == NULL) {
        return FALSE;
    }
    adapter->list = NdisAllocateNetBufferAndNetBufferList(adapter->pool, 0, 0, NULL, 0, 0);
    adapter->timer = make_timer(handle);
    adapter->rw_lock = NdisAllocateRWLock(handle);
    adapter->work_item = NdisAllocateIoWorkItem(handle);
    adapter->has_blocks = NT_SUCCESS(ExInitializeLookasideListEx(
        &adapter->blocks, NULL, NULL, NonPagedPoolNx, 0, SCRATCH_BYTES, NULL_TAG, 0));
    adapter->scratch =
        NdisAllocateMemoryWithTagPriority(handle, SCRATCH_BYTES, NULL_TAG, NormalPoolPriority);
    if (adapter->scratch != NULL) {
        adapter->mdl = NdisAllocateMdl(handle, adapter->scratch, SCRATCH_BYTES);
    }
    return adapter->list != NULL && adapter->timer != NULL && adapter->rw_lock != NULL &&
           adapter->work_item != NULL && adapter->has_blocks && adapter->mdl != NULL;
}

static NDIS_STATUS
set_registration(struct null_adapter *adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes = {0};

    attributes.RegistrationAttributes.Header.Type =
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    attributes.RegistrationAttributes.Header.Revision =
        NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    attributes.RegistrationAttributes.Header.Size =
        NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    attributes.RegistrationAttributes.MiniportAdapterContext = adapter;
    attributes.RegistrationAttributes.AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM | NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
    attributes.RegistrationAttributes.InterfaceType = NdisInterfaceInternal;
    return NdisMSetMiniportAttributes(adapter->handle, &attributes);
}

static NDIS_STATUS
set_general(struct null_adapter *adapter)
{
    static const UCHAR address[] = {0x02, 0, 0, 0, 0, 1};
    static NDIS_OID oids[] = {OID_GEN_CURRENT_PACKET_FILTER, OID_GEN_STATISTICS};
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes = {0};
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &attributes.GeneralAttributes;

    general->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    general->Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    general->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    general->MediaType = NdisMedium802_3;
    general->PhysicalMediumType = NdisPhysicalMedium802_3;
    general->MtuSize = NULL_MTU;
    general->MaxXmitLinkSpeed = general->XmitLinkSpeed = 10000000000u;
    general->MaxRcvLinkSpeed = general->RcvLinkSpeed = 10000000000u;
    general->MediaConnectState = MediaConnectStateConnected;
    general->MediaDuplexState = MediaDuplexStateFull;
    general->LookaheadSize = NULL_MTU;
    general->MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK;
    general->SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                                      NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_PROMISCUOUS;
    general->MaxMulticastListSize = 32;
    general->MacAddressLength = sizeof(address);
    NdisMoveMemory(general->PermanentMacAddress, address, sizeof(address));
    NdisMoveMemory(general->CurrentMacAddress, address, sizeof(address));
    general->AccessType = NET_IF_ACCESS_BROADCAST;
    general->DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    general->ConnectionType = NET_IF_CONNECTION_DEDICATED;
    general->IfType = IF_TYPE_ETHERNET_CSMACD;
    general->IfConnectorPresent = TRUE;
    general->SupportedOidList = oids;
    general->SupportedOidListLength = sizeof(oids);
    return NdisMSetMiniportAttributes(adapter->handle, &attributes);
}

static NDIS_STATUS
initialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
           PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    struct null_adapter *adapter = NdisAllocateMemoryWithTagPriority(
        NdisMiniportHandle, sizeof(*adapter), NULL_TAG, NormalPoolPriority);
    NDIS_STATUS status;

    (void)MiniportDriverContext;
    (void)MiniportInitParameters;
    if (adapter == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(adapter, sizeof(*adapter));
    adapter->handle = NdisMiniportHandle;
    status = acquire(adapter) ? set_registration(adapter) : NDIS_STATUS_RESOURCES;
    if (status == NDIS_STATUS_SUCCESS) {
        status = set_general(adapter);
    }
    if (status != NDIS_STATUS_SUCCESS) {
        give_back(adapter);
        return status;
    }
    latest = adapter;
    return NDIS_STATUS_SUCCESS;
}

static void
halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    (void)HaltAction;
    latest = NULL;
    give_back(MiniportAdapterContext);
}

static NDIS_STATUS
pause_adapter(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_PAUSE_PARAMETERS Parameters)
{
    (void)MiniportAdapterContext;
    (void)Parameters;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
restart(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_RESTART_PARAMETERS Parameters)
{
    (void)MiniportAdapterContext;
    (void)Parameters;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
oid_request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    (void)MiniportAdapterContext;
    return OidRequest->RequestType == NdisRequestSetInformation &&
                   OidRequest->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_PACKET_FILTER
               ? NDIS_STATUS_SUCCESS
               : NDIS_STATUS_NOT_SUPPORTED;
}

static void
send_lists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
           NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    struct null_adapter *adapter = MiniportAdapterContext;

    (void)PortNumber;
    for (NET_BUFFER_LIST *list = NetBufferLists; list != NULL; list = list->Next) {
        list->Status = NDIS_STATUS_SUCCESS;
    }
    NdisMSendNetBufferListsComplete(adapter->handle, NetBufferLists,
                                    (SendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL) != 0
                                        ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL
                                        : 0);
}

static void
return_lists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
    (void)MiniportAdapterContext;
    (void)ReturnFlags;
    returned = NetBufferLists;
    for (; NetBufferLists != NULL; NetBufferLists = NetBufferLists->Next) {
        returned_count++;
    }
}

UCHAR null_frame[NULL_FRAME_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2,
                                      0,    0,    0,    0,    2,    0x88, 0xB5};

ULONG64
null_miniport_indicate(ULONG batch, ULONG64 rounds)
{
    NET_BUFFER_LIST *lists[NULL_BATCH_LIMIT] = {0};
    MDL *mdl = NdisAllocateMdl(latest->handle, null_frame, sizeof(null_frame));

    returned_count = 0;
    for (ULONG i = 0; i < batch; i++) {
        lists[i] =
            NdisAllocateNetBufferAndNetBufferList(latest->pool, 0, 0, mdl, 0, sizeof(null_frame));
        lists[i]->SourceHandle = latest->handle;
        if (i != 0) {
            lists[i - 1]->Next = lists[i];
        }
    }
    returned = lists[0];
    while (rounds-- != 0) {
        NdisMIndicateReceiveNetBufferLists(latest->handle, returned, NDIS_DEFAULT_PORT_NUMBER,
                                           batch, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    }
    for (ULONG i = 0; i < batch; i++) {
        lists[i]->Next = NULL;
        NdisFreeNetBufferList(lists[i]);
    }
    NdisFreeMdl(mdl);
    return returned_count;
}

static void
cancel_send(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    (void)MiniportAdapterContext;
    (void)CancelId;
}

static void
cancel_oid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    (void)MiniportAdapterContext;
    (void)RequestId;
}

static void
pnp_event(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    (void)MiniportAdapterContext;
    (void)NetDevicePnPEvent;
}

static void
shut_down(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    (void)MiniportAdapterContext;
    (void)ShutdownAction;
}

static void
unload(PDRIVER_OBJECT DriverObject)
{
    (void)DriverObject;
    NdisMDeregisterMiniportDriver(driver_handle);
}

int
null_miniport_entry(void *driver_object, void *registry_path)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                   NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 30,
        .MajorDriverVersion = 1,
        .InitializeHandlerEx = initialize,
        .HaltHandlerEx = halt,
        .UnloadHandler = unload,
        .PauseHandler = pause_adapter,
        .RestartHandler = restart,
        .OidRequestHandler = oid_request,
        .SendNetBufferListsHandler = send_lists,
        .ReturnNetBufferListsHandler = return_lists,
        .CancelSendHandler = cancel_send,
        .DevicePnPEventNotifyHandler = pnp_event,
        .ShutdownHandlerEx = shut_down,
        .CancelOidRequestHandler = cancel_oid,
    };

    return NdisMRegisterMiniportDriver(driver_object, registry_path, NULL, &characteristics,
                                       &driver_handle);
}
