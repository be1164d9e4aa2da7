/*
 * An NDIS 5 miniport as a driver's own source is compiled: with the 5.0 or 5.1 face of ndis.h and
 * nothing else. What it sends it receives.
 */
#include "echo51.h"

static VOID
EchoTimer(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
          PVOID SystemSpecific3)
{
    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(FunctionContext);
    UNREFERENCED_PARAMETER(SystemSpecific2);
    UNREFERENCED_PARAMETER(SystemSpecific3);
}

static NDIS_STATUS
EchoInitialize(PNDIS_STATUS OpenErrorStatus, PUINT SelectedMediumIndex, PNDIS_MEDIUM MediumArray,
               UINT MediumArraySize, NDIS_HANDLE MiniportAdapterHandle,
               NDIS_HANDLE WrapperConfigurationContext)
{
    NDIS_HANDLE configuration;
    NDIS_STATUS status;
    PECHO echo;
    UINT i;

    UNREFERENCED_PARAMETER(OpenErrorStatus);
    for (i = 0; i < MediumArraySize && MediumArray[i] != NdisMedium802_3; i++) {
    }
    if (i == MediumArraySize) {
        return NDIS_STATUS_UNSUPPORTED_MEDIA;
    }
    *SelectedMediumIndex = i;
    status = NdisAllocateMemoryWithTag((PVOID *)&echo, sizeof(*echo), ECHO_TAG);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    NdisZeroMemory(echo, sizeof(*echo));
    echo->Handle = MiniportAdapterHandle;
    NdisMSetAttributes(MiniportAdapterHandle, echo, FALSE, NdisInterfaceInternal);
    NdisOpenConfiguration(&status, &configuration, WrapperConfigurationContext);
    if (status != NDIS_STATUS_SUCCESS) {
        NdisFreeMemory(echo, sizeof(*echo), 0);
        return status;
    }
    NdisCloseConfiguration(configuration);
    NdisAllocateSpinLock(&echo->Lock);
    NdisMInitializeTimer(&echo->Timer, MiniportAdapterHandle, EchoTimer, echo);
    NdisMSetPeriodicTimer(&echo->Timer, 1000);
    return NDIS_STATUS_SUCCESS;
}

static VOID
EchoHalt(NDIS_HANDLE MiniportAdapterContext)
{
    PECHO echo = MiniportAdapterContext;
    BOOLEAN cancelled;

    NdisMCancelTimer(&echo->Timer, &cancelled);
    NdisFreeSpinLock(&echo->Lock);
    NdisFreeMemory(echo, sizeof(*echo), 0);
}

static NDIS_STATUS
EchoReset(PBOOLEAN AddressingReset, NDIS_HANDLE MiniportAdapterContext)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    *AddressingReset = FALSE;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
EchoQuery(NDIS_HANDLE MiniportAdapterContext, NDIS_OID Oid, PVOID InformationBuffer,
          ULONG InformationBufferLength, PULONG BytesWritten, PULONG BytesNeeded)
{
    static const UCHAR address[] = {0x02, 0, 0, 0, 0, 0x50};
    ULONG number;

    switch (Oid) {
    case OID_802_3_CURRENT_ADDRESS:
    case OID_802_3_PERMANENT_ADDRESS:
        if (InformationBufferLength < sizeof(address)) {
            *BytesNeeded = sizeof(address);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        NdisMoveMemory(InformationBuffer, address, sizeof(address));
        *BytesWritten = sizeof(address);
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_MAXIMUM_FRAME_SIZE:
    case OID_GEN_MAXIMUM_LOOKAHEAD:
        number = EchoHasRoom(MiniportAdapterContext, HEADER_BYTES, MTU) ? MTU : 0;
        break;
    case OID_GEN_LINK_SPEED:
        number = SPEED_IN_HUNDREDS;
        break;
    case OID_GEN_XMIT_OK:
        number = ((PECHO)MiniportAdapterContext)->Sent;
        break;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (InformationBufferLength < sizeof(number)) {
        *BytesNeeded = sizeof(number);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisMoveMemory(InformationBuffer, &number, sizeof(number));
    *BytesWritten = sizeof(number);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
EchoSet(NDIS_HANDLE MiniportAdapterContext, NDIS_OID Oid, PVOID InformationBuffer,
        ULONG InformationBufferLength, PULONG BytesRead, PULONG BytesNeeded)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(InformationBuffer);
    UNREFERENCED_PARAMETER(BytesNeeded);
    *BytesRead = InformationBufferLength;
    return Oid == OID_GEN_CURRENT_PACKET_FILTER ? NDIS_STATUS_SUCCESS : NDIS_STATUS_NOT_SUPPORTED;
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS characteristics;
    NDIS_HANDLE wrapper;
    NDIS_STATUS status;

    NdisMInitializeWrapper(&wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&characteristics, sizeof(characteristics));
    characteristics.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    characteristics.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
    characteristics.InitializeHandler = EchoInitialize;
    characteristics.HaltHandler = EchoHalt;
    characteristics.ResetHandler = EchoReset;
    characteristics.QueryInformationHandler = EchoQuery;
    characteristics.SetInformationHandler = EchoSet;
    characteristics.SendHandler = EchoSend;
    status = NdisMRegisterMiniport(wrapper, &characteristics, sizeof(characteristics));
    if (status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(wrapper, NULL);
    }
    return status;
}
