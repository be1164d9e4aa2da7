/* An NDIS 5 miniport's calls up: registration, attributes, indications and completions
 * ("NdisMRegisterMiniport", "NdisMSetAttributesEx"). On Windows many are macros that reach into the
 * miniport block; here all are functions. */
#ifndef __NDIS_NDIS5_MINIPORT_H
#define __NDIS_NDIS5_MINIPORT_H

#include "types.h"
#include "io.h"
#include "string.h"
#include "ndis5_handlers.h"
#include "ndis5_packetinfo.h"
#include "../wdm/device.h"

EXTERN_C_START

/* AttributeFlags of NdisMSetAttributesEx. */
#define NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT    0x00000001
#define NDIS_ATTRIBUTE_IGNORE_REQUEST_TIMEOUT   0x00000002
#define NDIS_ATTRIBUTE_IGNORE_TOKEN_RING_ERRORS 0x00000004
#define NDIS_ATTRIBUTE_BUS_MASTER               0x00000008
#define NDIS_ATTRIBUTE_INTERMEDIATE_DRIVER      0x00000010
#define NDIS_ATTRIBUTE_DESERIALIZE              0x00000020
#define NDIS_ATTRIBUTE_NO_HALT_ON_SUSPEND       0x00000040
#define NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK       0x00000080
#define NDIS_ATTRIBUTE_NOT_CO_NDIS              0x00000100
#define NDIS_ATTRIBUTE_USES_SAFE_BUFFER_APIS    0x00000200

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisInitializeWrapper(_Out_ PNDIS_HANDLE NdisWrapperHandle, _In_ PVOID SystemSpecific1,
                          _In_ PVOID SystemSpecific2, _In_opt_ PVOID SystemSpecific3);
#define NdisMInitializeWrapper(_NdisWrapperHandle, _DriverObject, _RegistryPath, _Reserved)        \
    NdisInitializeWrapper(_NdisWrapperHandle, _DriverObject, _RegistryPath, _Reserved)
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisTerminateWrapper(_In_ NDIS_HANDLE NdisWrapperHandle, _In_opt_ PVOID SystemSpecific);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMRegisterMiniport(_In_ NDIS_HANDLE NdisWrapperHandle,
                          _In_ PNDIS_MINIPORT_CHARACTERISTICS MiniportCharacteristics,
                          _In_ UINT CharacteristicsLength);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMRegisterUnloadHandler(_In_ NDIS_HANDLE NdisWrapperHandle,
                               _In_ PDRIVER_UNLOAD UnloadHandler);
NDISAPI VOID NdisGetDriverHandle(_In_ NDIS_HANDLE NdisBindingHandle,
                                 _Out_ PNDIS_HANDLE NdisDriverHandle);

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMSetAttributesEx(_In_ NDIS_HANDLE MiniportAdapterHandle,
                         _In_ NDIS_HANDLE MiniportAdapterContext,
                         _In_ UINT CheckForHangTimeInSeconds, _In_ ULONG AttributeFlags,
                         _In_ NDIS_INTERFACE_TYPE AdapterType);
#define NdisMSetAttributes(_MiniportAdapterHandle, _MiniportAdapterContext, _BusMaster,            \
                           _AdapterType)                                                           \
    NdisMSetAttributesEx(_MiniportAdapterHandle, _MiniportAdapterContext, 0,                       \
                         (_BusMaster) ? NDIS_ATTRIBUTE_BUS_MASTER : 0, _AdapterType)
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMSetMiniportSecondary(_In_ NDIS_HANDLE MiniportAdapterHandle,
                              _In_ NDIS_HANDLE PrimaryMiniportAdapterHandle);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMPromoteMiniport(_In_ NDIS_HANDLE MiniportAdapterHandle);

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMRegisterAdapterShutdownHandler(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                        _In_ PVOID ShutdownContext,
                                        _In_ ADAPTER_SHUTDOWN_HANDLER ShutdownHandler);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMDeregisterAdapterShutdownHandler(_In_ NDIS_HANDLE MiniportAdapterHandle);

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMRegisterDevice(_In_ NDIS_HANDLE NdisWrapperHandle, _In_ PNDIS_STRING DeviceName,
                        _In_ PNDIS_STRING SymbolicName, _In_ PDRIVER_DISPATCH MajorFunctions[],
                        _Out_ PDEVICE_OBJECT *pDeviceObject, _Out_ NDIS_HANDLE *NdisDeviceHandle);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMDeregisterDevice(_In_ NDIS_HANDLE NdisDeviceHandle);

/* Receiving. A packet whose status is NDIS_STATUS_RESOURCES is the miniport's again on return. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMIndicateReceivePacket(_In_ NDIS_HANDLE MiniportAdapterHandle,
                               _In_ PPNDIS_PACKET ReceivePackets, _In_ UINT NumberOfPackets);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMEthIndicateReceive(_In_ NDIS_HANDLE MiniportAdapterHandle,
                            _In_ NDIS_HANDLE MiniportReceiveContext, _In_ PVOID HeaderBuffer,
                            _In_ UINT HeaderBufferSize, _In_ PVOID LookaheadBuffer,
                            _In_ UINT LookaheadBufferSize, _In_ UINT PacketSize);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMEthIndicateReceiveComplete(_In_ NDIS_HANDLE MiniportAdapterHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMTransferDataComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ PNDIS_PACKET Packet,
                              _In_ NDIS_STATUS Status, _In_ UINT BytesTransferred);

/* Sending. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMSendComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ PNDIS_PACKET Packet,
                      _In_ NDIS_STATUS Status);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMSendResourcesAvailable(_In_ NDIS_HANDLE MiniportAdapterHandle);

/* Status and requests. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMIndicateStatus(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ NDIS_STATUS GeneralStatus,
                        _In_opt_ PVOID StatusBuffer, _In_ UINT StatusBufferSize);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMIndicateStatusComplete(_In_ NDIS_HANDLE MiniportAdapterHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMQueryInformationComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ NDIS_STATUS Status);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMSetInformationComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ NDIS_STATUS Status);

/* The same in NDIS 6. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMResetComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ NDIS_STATUS Status,
                       _In_ BOOLEAN AddressingReset);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMRemoveMiniport(_In_ NDIS_HANDLE MiniportHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMQueryAdapterInstanceName(_In_ PNDIS_STRING pAdapterInstanceName,
                                  _In_ NDIS_HANDLE NdisAdapterHandle);

EXTERN_C_END

#endif
