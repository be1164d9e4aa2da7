/* Buffers of NDIS 5: an NDIS_BUFFER is an MDL that came from a pool ("NDIS_BUFFER", "Allocating and
 * Freeing Buffer Descriptors"). */
#ifndef __NDIS_NDIS5_BUFFER_H
#define __NDIS_NDIS5_BUFFER_H

#include "types.h"
#include "mdlapi.h"
#include "../wdm/mdl.h"
#include "../wdm/dma.h"

EXTERN_C_START

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAllocateBufferPool(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_HANDLE PoolHandle,
                           _In_ UINT NumberOfDescriptors);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreeBufferPool(_In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAllocateBuffer(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_BUFFER *Buffer,
                       _In_opt_ NDIS_HANDLE PoolHandle, _In_ PVOID VirtualAddress,
                       _In_ UINT Length);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisCopyBuffer(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_BUFFER *Buffer,
                   _In_opt_ NDIS_HANDLE PoolHandle, _In_ PVOID MemoryDescriptor, _In_ UINT Offset,
                   _In_ UINT Length);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreeBuffer(_In_ PNDIS_BUFFER Buffer);

/* The safe form may give NULL for an address; the other one ends the system instead. */
#define NdisQueryBufferSafe(_Buffer, _VirtualAddress, _Length, _Priority)                          \
    NdisQueryMdl(_Buffer, _VirtualAddress, _Length, _Priority)
#define NdisQueryBuffer(_Buffer, _VirtualAddress, _Length)                                         \
    NdisQueryMdl(_Buffer, _VirtualAddress, _Length, HighPagePriority)
#define NdisQueryBufferOffset(_Buffer, _Offset, _Length)                                           \
    NdisQueryMdlOffset(_Buffer, _Offset, _Length)
#define NdisBufferLength(_Buffer)         MmGetMdlByteCount(_Buffer)
#define NdisBufferVirtualAddress(_Buffer) MmGetSystemAddressForMdlSafe(_Buffer, HighPagePriority)
#define NdisBufferVirtualAddressSafe(_Buffer, _Priority)                                           \
    MmGetSystemAddressForMdlSafe(_Buffer, _Priority)
#define NdisAdjustBufferLength(_Buffer, _Length)       NdisAdjustMdlLength(_Buffer, _Length)
#define NdisGetNextBuffer(_CurrentBuffer, _NextBuffer) NdisGetNextMdl(_CurrentBuffer, _NextBuffer)
#define NDIS_BUFFER_LINKAGE(_Buffer)                   ((_Buffer)->Next)
#define NDIS_BUFFER_TO_SPAN_PAGES(_Buffer)             NDIS_MDL_TO_SPAN_PAGES(_Buffer)
#define NdisGetBufferPhysicalArraySize(_Buffer, _ArraySize)                                        \
    NdisGetMdlPhysicalArraySize(_Buffer, _ArraySize)
#define NdisFlushBuffer(_Buffer, _WriteToDevice)                                                   \
    KeFlushIoBuffers((_Buffer), (BOOLEAN) !(_WriteToDevice), TRUE)

EXTERN_C_END

#endif
