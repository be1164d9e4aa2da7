/* DMA of NDIS 5: map registers, scatter/gather lists that come with packets, and shared memory
 * ("NDIS 5.x Bus-Master DMA Functions"). */
#ifndef __NDIS_NDIS5_DMA_H
#define __NDIS_NDIS5_DMA_H

#include "types.h"
#include "dma.h"
#include "io.h"
#include "memory.h"
#include "ndis5_buffer.h"

EXTERN_C_START

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMInitializeScatterGatherDma(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                    _In_ BOOLEAN Dma64BitAddresses,
                                    _In_ ULONG MaximumPhysicalMapping);

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMAllocateMapRegisters(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ UINT DmaChannel,
                              _In_ NDIS_DMA_SIZE DmaSize, _In_ ULONG PhysicalMapRegistersNeeded,
                              _In_ ULONG MaximumPhysicalMapping);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMFreeMapRegisters(_In_ NDIS_HANDLE MiniportAdapterHandle);
NDISAPI NDIS_STATUS NdisQueryMapRegisterCount(_In_ NDIS_INTERFACE_TYPE BusType,
                                              _Out_ PUINT MapRegisterCount);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMStartBufferPhysicalMapping(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                    _In_ PNDIS_BUFFER Buffer, _In_ ULONG PhysicalMapRegister,
                                    _In_ BOOLEAN WriteToDevice,
                                    _Out_ PNDIS_PHYSICAL_ADDRESS_UNIT PhysicalAddressArray,
                                    _Out_ PUINT ArraySize);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMCompleteBufferPhysicalMapping(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                       _In_ PNDIS_BUFFER Buffer, _In_ ULONG PhysicalMapRegister);

/* Ends in AllocateCompleteHandler. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMAllocateSharedMemoryAsync(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ ULONG Length,
                                   _In_ BOOLEAN Cached, _In_ PVOID Context);
NDISAPI VOID NdisUpdateSharedMemory(_In_ NDIS_HANDLE NdisAdapterHandle, _In_ ULONG Length,
                                    _In_ PVOID VirtualAddress,
                                    _In_ NDIS_PHYSICAL_ADDRESS PhysicalAddress);
#define NdisMUpdateSharedMemory(_Handle, _Length, _VirtualAddress, _PhysicalAddress)               \
    NdisUpdateSharedMemory(_Handle, _Length, _VirtualAddress, _PhysicalAddress)

EXTERN_C_END

#endif
