/* The driver itself: it registers with NDIS, and has no state of its own besides the handle. */
#include "adapter.h"

DRIVER_INITIALIZE DriverEntry;
static MINIPORT_UNLOAD Unload;

/* Kept with the driver object, so that the driver has no variable of static storage. */
typedef struct _VNET_DRIVER {
    NDIS_HANDLE Handle;
} VNET_DRIVER;

static VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    VNET_DRIVER *Driver = IoGetDriverObjectExtension(DriverObject, (PVOID)Unload);

    NdisMDeregisterMiniportDriver(Driver->Handle);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                   NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = VNET_NDIS_MAJOR,
        .MinorNdisVersion = VNET_NDIS_MINOR,
        .MajorDriverVersion = VNET_VERSION_MAJOR,
        .MinorDriverVersion = VNET_VERSION_MINOR,
        .InitializeHandlerEx = VnetInitialize,
        .HaltHandlerEx = VnetHalt,
        .UnloadHandler = Unload,
        .PauseHandler = VnetPause,
        .RestartHandler = VnetRestart,
        .OidRequestHandler = VnetOidRequest,
        .SendNetBufferListsHandler = VnetSendNetBufferLists,
        .ReturnNetBufferListsHandler = VnetReturnNetBufferLists,
        .CancelSendHandler = VnetCancelSend,
        .CheckForHangHandlerEx = VnetCheckForHang,
        .ResetHandlerEx = VnetReset,
        .DevicePnPEventNotifyHandler = VnetDevicePnPEvent,
        .ShutdownHandlerEx = VnetShutdown,
        .CancelOidRequestHandler = VnetCancelOidRequest,
    };
    VNET_DRIVER *Driver;
    NTSTATUS Status = IoAllocateDriverObjectExtension(DriverObject, (PVOID)Unload, sizeof(*Driver),
                                                      (PVOID *)&Driver);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
                                       &Driver->Handle);
}
