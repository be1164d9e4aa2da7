// The smallest useful NDIS 6.30 miniport: an Ethernet adapter whose cable ends behind its connector.
#include <ndis.h>

typedef struct {
    NDIS_HANDLE Handle;
    ULONG64 FramesSent;
} ADAPTER;

static NDIS_HANDLE DriverHandle;
static NDIS_OID Oids[] = {OID_GEN_CURRENT_PACKET_FILTER, OID_GEN_XMIT_OK};

static NDIS_STATUS SetAttributes(ADAPTER *Adapter)
{
    static const UCHAR Address[6] = {0x02, 0, 0, 0, 0, 1};
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Registration = {.RegistrationAttributes = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                   NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1},
        .MiniportAdapterContext = Adapter,
        .AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM,
        .InterfaceType = NdisInterfaceInternal}};
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES General = {.GeneralAttributes = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
                   NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2},
        .MediaType = NdisMedium802_3, .PhysicalMediumType = NdisPhysicalMedium802_3,
        .MtuSize = 1500, .LookaheadSize = 1500,
        .MaxXmitLinkSpeed = 1000000000, .XmitLinkSpeed = 1000000000,
        .MaxRcvLinkSpeed = 1000000000, .RcvLinkSpeed = 1000000000,
        .MediaConnectState = MediaConnectStateConnected, .MediaDuplexState = MediaDuplexStateFull,
        .MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK, .MaxMulticastListSize = 32,
        .SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                                  NDIS_PACKET_TYPE_BROADCAST,
        .MacAddressLength = sizeof(Address), .AccessType = NET_IF_ACCESS_BROADCAST,
        .DirectionType = NET_IF_DIRECTION_SENDRECEIVE, .IfType = IF_TYPE_ETHERNET_CSMACD,
        .ConnectionType = NET_IF_CONNECTION_DEDICATED, .IfConnectorPresent = TRUE,
        .SupportedOidList = Oids, .SupportedOidListLength = sizeof(Oids)}};
    NDIS_STATUS Status = NdisMSetMiniportAttributes(Adapter->Handle, &Registration);

    NdisMoveMemory(General.GeneralAttributes.PermanentMacAddress, Address, sizeof(Address));
    NdisMoveMemory(General.GeneralAttributes.CurrentMacAddress, Address, sizeof(Address));
    return Status == NDIS_STATUS_SUCCESS ? NdisMSetMiniportAttributes(Adapter->Handle, &General) : Status;
}

static NDIS_STATUS Initialize(NDIS_HANDLE Handle, NDIS_HANDLE Context, PNDIS_MINIPORT_INIT_PARAMETERS P)
{
    ADAPTER *Adapter = NdisAllocateMemoryWithTagPriority(Handle, sizeof(*Adapter), 'ruoY', NormalPoolPriority);
    NDIS_STATUS Status;

    if (Adapter == NULL) return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = Handle;
    Status = SetAttributes(Adapter);
    if (Status != NDIS_STATUS_SUCCESS) NdisFreeMemory(Adapter, 0, 0);
    return Status;
}

static VOID Send(NDIS_HANDLE Context, PNET_BUFFER_LIST Lists, NDIS_PORT_NUMBER Port, ULONG Flags)
{
    ADAPTER *Adapter = Context;

    for (PNET_BUFFER_LIST List = Lists; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List)) {
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
        Adapter->FramesSent++;
    }
    NdisMSendNetBufferListsComplete(Adapter->Handle, Lists, NDIS_TEST_SEND_AT_DISPATCH_LEVEL(Flags)
        ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

static NDIS_STATUS OidRequest(NDIS_HANDLE Context, PNDIS_OID_REQUEST Request)
{
    ADAPTER *Adapter = Context;

    if (Request->RequestType == NdisRequestSetInformation &&
        Request->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_PACKET_FILTER) return NDIS_STATUS_SUCCESS;
    if (Request->RequestType != NdisRequestQueryInformation ||
        Request->DATA.QUERY_INFORMATION.Oid != OID_GEN_XMIT_OK) return NDIS_STATUS_NOT_SUPPORTED;
    Request->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(ULONG64);
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(ULONG64)) return NDIS_STATUS_BUFFER_TOO_SHORT;
    NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, &Adapter->FramesSent, sizeof(ULONG64));
    Request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(ULONG64);
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(NDIS_HANDLE Adapter, NDIS_HALT_ACTION Action) { NdisFreeMemory(Adapter, 0, 0); }
static NDIS_STATUS Pause(NDIS_HANDLE Adapter, PNDIS_MINIPORT_PAUSE_PARAMETERS P) { return NDIS_STATUS_SUCCESS; }
static NDIS_STATUS Restart(NDIS_HANDLE Adapter, PNDIS_MINIPORT_RESTART_PARAMETERS P) { return NDIS_STATUS_SUCCESS; }
static VOID Return(NDIS_HANDLE Adapter, PNET_BUFFER_LIST Lists, ULONG Flags) {}
static VOID CancelSend(NDIS_HANDLE Adapter, PVOID CancelId) {}
static VOID CancelOid(NDIS_HANDLE Adapter, PVOID RequestId) {}
static VOID PnPEvent(NDIS_HANDLE Adapter, PNET_DEVICE_PNP_EVENT Event) {}
static VOID Shutdown(NDIS_HANDLE Adapter, NDIS_SHUTDOWN_ACTION Action) {}
static VOID Unload(PDRIVER_OBJECT DriverObject) { NdisMDeregisterMiniportDriver(DriverHandle); }

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Driver = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                   NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION, .MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION,
        .InitializeHandlerEx = Initialize, .HaltHandlerEx = Halt, .UnloadHandler = Unload,
        .PauseHandler = Pause, .RestartHandler = Restart, .OidRequestHandler = OidRequest,
        .SendNetBufferListsHandler = Send, .ReturnNetBufferListsHandler = Return,
        .CancelSendHandler = CancelSend, .DevicePnPEventNotifyHandler = PnPEvent,
        .ShutdownHandlerEx = Shutdown, .CancelOidRequestHandler = CancelOid};

    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Driver, &DriverHandle);
}
