/* DriverEntry, registration with NDIS, unload. */
#include "bridge.h"

struct bridge bridge;

static NDIS_STATUS
processors_init(void)
{
    ULONG bytes;

    bridge.processor_count = KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS);
    bytes = bridge.processor_count * sizeof(*bridge.processors);
    bridge.processors = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, bytes, BRIDGE_TAG);
    if (bridge.processors == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    RtlZeroMemory(bridge.processors, bytes);
    return NDIS_STATUS_SUCCESS;
}

static void
processors_fini(void)
{
    if (bridge.processors != NULL) {
        ExFreePoolWithTag(bridge.processors, BRIDGE_TAG);
        bridge.processors = NULL;
    }
}

/* The highest version that both the bridge and the system know. */
static void
choose_version(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    UINT version = NdisGetVersion();

    if (version > NDIS_RUNTIME_VERSION_689) {
        version = NDIS_RUNTIME_VERSION_689;
    }
    characteristics->MajorNdisVersion = (UCHAR)(version >> 16);
    characteristics->MinorNdisVersion = (UCHAR)version;
}

static NDIS_STATUS
register_protocol(void)
{
    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS characteristics;

    RtlZeroMemory(&characteristics, sizeof(characteristics));
    characteristics.Header.Type = NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS;
    characteristics.Header.Revision = NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2;
    characteristics.Header.Size = NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2;
    choose_version(&characteristics);
    characteristics.MajorDriverVersion = 1;
    RtlInitUnicodeString(&characteristics.Name, L"EthernetBridge");
    characteristics.BindAdapterHandlerEx = BridgeBindAdapter;
    characteristics.UnbindAdapterHandlerEx = BridgeUnbindAdapter;
    characteristics.OpenAdapterCompleteHandlerEx = BridgeOpenComplete;
    characteristics.CloseAdapterCompleteHandlerEx = BridgeCloseComplete;
    characteristics.NetPnPEventHandler = BridgeNetPnPEvent;
    characteristics.OidRequestCompleteHandler = BridgeOidComplete;
    characteristics.StatusHandlerEx = BridgeStatus;
    characteristics.ReceiveNetBufferListsHandler = BridgeReceive;
    characteristics.SendNetBufferListsCompleteHandler = BridgeSendComplete;
    return NdisRegisterProtocolDriver(NULL, &characteristics, &bridge.protocol);
}

static void
fini(void)
{
    control_fini();
    table_fini();
    carriers_fini();
    ports_fini();
    processors_fini();
}

static DRIVER_UNLOAD unload;

static VOID
unload(PDRIVER_OBJECT driver)
{
    UNREFERENCED_PARAMETER(driver);
    /* Unbinds every port; everything that was lent comes back before that. */
    NdisDeregisterProtocolDriver(bridge.protocol);
    fini();
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS
DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
    NDIS_STATUS status;

    UNREFERENCED_PARAMETER(registry_path);
    RtlZeroMemory(&bridge, sizeof(bridge));
    table_init();
    driver->DriverUnload = unload;
    status = processors_init();
    if (status == NDIS_STATUS_SUCCESS) {
        status = ports_init();
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = carriers_init();
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = control_init(driver);
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = register_protocol();
    }
    if (status != NDIS_STATUS_SUCCESS) {
        fini();
    }
    return status;
}
