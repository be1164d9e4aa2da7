/* Resources, configuration space, memory and the registry as an NDIS 5 miniport finds them: in
 * MiniportInitialize through the wrapper configuration context, which is how "immediate" functions
 * work before the adapter's attributes are set ("NdisImmediateReadPortUchar"). */
#ifndef __NDIS_NDIS5_IO_H
#define __NDIS_NDIS5_IO_H

#include "types.h"
#include "io.h"
#include "memory.h"

EXTERN_C_START

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMQueryAdapterResources(_Out_ PNDIS_STATUS Status,
                               _In_ NDIS_HANDLE WrapperConfigurationContext,
                               _Out_ PNDIS_RESOURCE_LIST ResourceList, _Inout_ PUINT BufferSize);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMPciAssignResources(_In_ NDIS_HANDLE MiniportHandle, _In_ ULONG SlotNumber,
                            _Out_ PNDIS_RESOURCE_LIST *AssignedResources);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG
    NdisReadPciSlotInformation(_In_ NDIS_HANDLE NdisAdapterHandle, _In_ ULONG SlotNumber,
                               _In_ ULONG Offset, _Out_ PVOID Buffer, _In_ ULONG Length);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG
    NdisWritePciSlotInformation(_In_ NDIS_HANDLE NdisAdapterHandle, _In_ ULONG SlotNumber,
                                _In_ ULONG Offset, _In_ PVOID Buffer, _In_ ULONG Length);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI ULONG
    NdisImmediateReadPciSlotInformation(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                        _In_ ULONG SlotNumber, _In_ ULONG Offset,
                                        _Out_ PVOID Buffer, _In_ ULONG Length);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI ULONG
    NdisImmediateWritePciSlotInformation(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                         _In_ ULONG SlotNumber, _In_ ULONG Offset,
                                         _In_ PVOID Buffer, _In_ ULONG Length);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG
    NdisReadPcmciaAttributeMemory(_In_ NDIS_HANDLE NdisAdapterHandle, _In_ ULONG Offset,
                                  _Out_ PVOID Buffer, _In_ ULONG Length);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG
    NdisWritePcmciaAttributeMemory(_In_ NDIS_HANDLE NdisAdapterHandle, _In_ ULONG Offset,
                                   _In_ PVOID Buffer, _In_ ULONG Length);

NDISAPI VOID NdisImmediateReadPortUchar(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                        _In_ ULONG Port, _Out_ PUCHAR Data);
NDISAPI VOID NdisImmediateReadPortUshort(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                         _In_ ULONG Port, _Out_ PUSHORT Data);
NDISAPI VOID NdisImmediateReadPortUlong(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                        _In_ ULONG Port, _Out_ PULONG Data);
NDISAPI VOID NdisImmediateWritePortUchar(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                         _In_ ULONG Port, _In_ UCHAR Data);
NDISAPI VOID NdisImmediateWritePortUshort(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                          _In_ ULONG Port, _In_ USHORT Data);
NDISAPI VOID NdisImmediateWritePortUlong(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                         _In_ ULONG Port, _In_ ULONG Data);
NDISAPI VOID NdisImmediateReadSharedMemory(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                           _In_ ULONG SharedMemoryAddress, _Out_ PUCHAR Buffer,
                                           _In_ ULONG Length);
NDISAPI VOID NdisImmediateWriteSharedMemory(_In_ NDIS_HANDLE WrapperConfigurationContext,
                                            _In_ ULONG SharedMemoryAddress, _In_ PUCHAR Buffer,
                                            _In_ ULONG Length);

#define NdisReadPortUchar(_Handle, _Port, _Data)                                                   \
    (UNREFERENCED_PARAMETER(_Handle), NdisRawReadPortUchar(_Port, _Data))
#define NdisReadPortUshort(_Handle, _Port, _Data)                                                  \
    (UNREFERENCED_PARAMETER(_Handle), NdisRawReadPortUshort(_Port, _Data))
#define NdisReadPortUlong(_Handle, _Port, _Data)                                                   \
    (UNREFERENCED_PARAMETER(_Handle), NdisRawReadPortUlong(_Port, _Data))
#define NdisWritePortUchar(_Handle, _Port, _Data)                                                  \
    (UNREFERENCED_PARAMETER(_Handle), NdisRawWritePortUchar(_Port, _Data))
#define NdisWritePortUshort(_Handle, _Port, _Data)                                                 \
    (UNREFERENCED_PARAMETER(_Handle), NdisRawWritePortUshort(_Port, _Data))
#define NdisWritePortUlong(_Handle, _Port, _Data)                                                  \
    (UNREFERENCED_PARAMETER(_Handle), NdisRawWritePortUlong(_Port, _Data))

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisOpenConfiguration(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_HANDLE ConfigurationHandle,
                          _In_ NDIS_HANDLE WrapperConfigurationContext);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisAllocateMemory(_Out_ PVOID *VirtualAddress, _In_ UINT Length, _In_ UINT MemoryFlags,
                       _In_ NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress);

EXTERN_C_END

#endif
