/* The driver itself: it registers with NDIS. */
#include "adapter.h"

DRIVER_INITIALIZE DriverEntry;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS Characteristics = {
        .MajorNdisVersion = 5,
        .MinorNdisVersion = 1,
        .CheckForHangHandler = Vn51CheckForHang,
        .HaltHandler = Vn51Halt,
        .HandleInterruptHandler = Vn51HandleInterrupt,
        .InitializeHandler = Vn51Initialize,
        .ISRHandler = Vn51Isr,
        .QueryInformationHandler = Vn51QueryInformation,
        .ResetHandler = Vn51Reset,
        .SetInformationHandler = Vn51SetInformation,
        .ReturnPacketHandler = Vn51ReturnPacket,
        .SendPacketsHandler = Vn51SendPackets,
        .CancelSendPacketsHandler = Vn51CancelSendPackets,
        .PnPEventNotifyHandler = Vn51PnPEventNotify,
    };
    NDIS_HANDLE Wrapper;
    NDIS_STATUS Status;

    NdisMInitializeWrapper(&Wrapper, DriverObject, RegistryPath, NULL);
    if (Wrapper == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = NdisMRegisterMiniport(Wrapper, &Characteristics, sizeof(Characteristics));
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(Wrapper, NULL);
    }
    return Status;
}
