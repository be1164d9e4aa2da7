/* Memory ("NdisAllocateMemoryWithTagPriority", "NdisInitializeNPagedLookasideList"). */
#ifndef __NDIS_MEMORY_H
#define __NDIS_MEMORY_H

#include "types.h"
#include "objectheader.h"
#include "status.h"
#include "../wdm/memory.h"
#include "../wdm/lookaside.h"

EXTERN_C_START

typedef PHYSICAL_ADDRESS NDIS_PHYSICAL_ADDRESS, *PNDIS_PHYSICAL_ADDRESS;
typedef struct _NDIS_PHYSICAL_ADDRESS_UNIT {
    NDIS_PHYSICAL_ADDRESS PhysicalAddress;
    UINT Length;
} NDIS_PHYSICAL_ADDRESS_UNIT, *PNDIS_PHYSICAL_ADDRESS_UNIT;

#define NDIS_PHYSICAL_ADDRESS_CONST(_Low, _High)                                                   \
    {                                                                                              \
        {                                                                                          \
            (ULONG)(_Low), (LONG)(_High)                                                           \
        }                                                                                          \
    }
#define NdisGetPhysicalAddressHigh(_PhysicalAddress) ((_PhysicalAddress).HighPart)
#define NdisSetPhysicalAddressHigh(_PhysicalAddress, _Value)                                       \
    ((_PhysicalAddress).HighPart = (_Value))
#define NdisGetPhysicalAddressLow(_PhysicalAddress)         ((_PhysicalAddress).LowPart)
#define NdisSetPhysicalAddressLow(_PhysicalAddress, _Value) ((_PhysicalAddress).LowPart = (_Value))

#define NdisMoveMemory(Destination, Source, Length) RtlCopyMemory((Destination), (Source), (Length))
#define NdisZeroMemory(Destination, Length)         RtlZeroMemory((Destination), (Length))
#define NdisEqualMemory(Source1, Source2, Length)   RtlEqualMemory((Source1), (Source2), (Length))
#define NdisFillMemory(Destination, Length, Fill)   RtlFillMemory((Destination), (Length), (Fill))
#define NdisMoveMappedMemory(Destination, Source, Length)                                          \
    RtlCopyMemory((Destination), (Source), (Length))
/* Memory of a device can be read like any other. */
#define NdisCreateLookaheadBufferFromSharedMemory(SharedMemory, Length, LookaheadBuffer)           \
    (*(LookaheadBuffer) = (SharedMemory))
#define NdisDestroyLookaheadBufferFromSharedMemory(LookaheadBuffer) ((void)(LookaheadBuffer))
#define NdisZeroMappedMemory(Destination, Length)                   RtlZeroMemory((Destination), (Length))
#define NdisMoveToMappedMemory(Destination, Source, Length)                                        \
    NdisMoveMappedMemory((Destination), (Source), (Length))
#define NdisMoveFromMappedMemory(Destination, Source, Length)                                      \
    NdisMoveMemory((Destination), (Source), (Length))
#define NdisRetrieveUlong(Destination, Source) RtlRetrieveUlong((Destination), (Source))
#define NdisStoreUlong(Destination, Value)     RtlStoreUlong((Destination), (Value))

#define NDIS_MEMORY_CONTIGUOUS 0x00000001
#define NDIS_MEMORY_NONCACHED  0x00000002

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI PVOID
    NdisAllocateMemoryWithTagPriority(_In_ NDIS_HANDLE NdisHandle, _In_ UINT Length, _In_ ULONG Tag,
                                      _In_ EX_POOL_PRIORITY Priority);
NDISAPI NDIS_STATUS NdisAllocateMemoryWithTag(_Inout_ PVOID *VirtualAddress, _In_ UINT Length,
                                              _In_ ULONG Tag);
NDISAPI VOID NdisFreeMemory(_In_ PVOID VirtualAddress, _In_ UINT Length, _In_ UINT MemoryFlags);
#if (NDIS_SUPPORT_NDIS620)
NDISAPI VOID NdisFreeMemoryWithTag(_In_ PVOID VirtualAddress, _In_ ULONG Tag);
NDISAPI VOID NdisFreeMemoryWithTagPriority(_In_ NDIS_HANDLE NdisHandle, _In_ PVOID VirtualAddress,
                                           _In_ ULONG Tag);
#endif

/* Blocks of one size. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisInitializeNPagedLookasideList(_In_ PNPAGED_LOOKASIDE_LIST Lookaside,
                                      _In_opt_ PALLOCATE_FUNCTION Allocate,
                                      _In_opt_ PFREE_FUNCTION Free, _In_ ULONG Flags,
                                      _In_ SIZE_T Size, _In_ ULONG Tag, _In_ USHORT Depth);
#define NdisDeleteNPagedLookasideList(_L)       ExDeleteNPagedLookasideList(_L)
#define NdisAllocateFromNPagedLookasideList(_L) ExAllocateFromNPagedLookasideList(_L)
#define NdisFreeToNPagedLookasideList(_L, _E)   ExFreeToNPagedLookasideList((_L), (_E))

/* An object that only names its owner: the handle for callers that are no NDIS driver. */
typedef struct _NDIS_GENERIC_OBJECT {
    NDIS_OBJECT_HEADER Header;
    PVOID Caller;
    PVOID CallersCaller;
    PDRIVER_OBJECT DriverObject;
} NDIS_GENERIC_OBJECT, *PNDIS_GENERIC_OBJECT;

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI PNDIS_GENERIC_OBJECT
    NdisAllocateGenericObject(_In_ PDRIVER_OBJECT DriverObject, _In_ ULONG Tag, _In_ USHORT Size);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeGenericObject(_In_ PNDIS_GENERIC_OBJECT NdisObject);

EXTERN_C_END

#endif
