/* Direct memory access and shared memory ("NDIS Scatter/Gather DMA", "NdisMAllocateSharedMemory").
 */
#ifndef __NDIS_DMA_H
#define __NDIS_DMA_H

#include "types.h"
#include "objectheader.h"
#include "status.h"
#include "memory.h"
#include "nbl.h"
#include "mdlapi.h"
#include "receivefilter.h"
#include "../wdm/dma.h"

EXTERN_C_START

typedef _Function_class_(MINIPORT_PROCESS_SG_LIST) _IRQL_requires_(DISPATCH_LEVEL) VOID
    MINIPORT_PROCESS_SG_LIST(_In_ PDEVICE_OBJECT pDO, _In_ PVOID Reserved,
                             _In_ PSCATTER_GATHER_LIST pSGL, _In_ PVOID Context);
typedef MINIPORT_PROCESS_SG_LIST *MINIPORT_PROCESS_SG_LIST_HANDLER;
typedef _Function_class_(MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE)
    _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE(_In_ NDIS_HANDLE MiniportAdapterContext,
                                          _In_ PVOID VirtualAddress,
                                          _In_ PNDIS_PHYSICAL_ADDRESS PhysicalAddress,
                                          _In_ ULONG Length, _In_ PVOID Context);
typedef MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE *MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER;
#define NDIS_SG_DMA_64_BIT_ADDRESS 0x00000001
#if (NDIS_SUPPORT_NDIS650)
#define NDIS_SG_DMA_V3_HAL_API 0x00000002
#endif

#if (NDIS_SUPPORT_NDIS685)
#define NDIS_SG_DMA_HYBRID_DMA 0x00000004
#endif

#define NDIS_SG_DMA_DESCRIPTION_REVISION_1 1
#if (NDIS_SUPPORT_NDIS685)
#define NDIS_SG_DMA_DESCRIPTION_REVISION_2 2
#endif

typedef struct _NDIS_SG_DMA_DESCRIPTION {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG MaximumPhysicalMapping;
    MINIPORT_PROCESS_SG_LIST_HANDLER ProcessSGListHandler;
    MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER SharedMemAllocateCompleteHandler;
    ULONG ScatterGatherListSize;
#if (NDIS_SUPPORT_NDIS685)
    DEVICE_OBJECT *PdoOverride;
#endif
} NDIS_SG_DMA_DESCRIPTION, *PNDIS_SG_DMA_DESCRIPTION;

#define NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1                                                  \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SG_DMA_DESCRIPTION, ScatterGatherListSize)
#if (NDIS_SUPPORT_NDIS685)
#define NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_2                                                  \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SG_DMA_DESCRIPTION, PdoOverride)
#endif

#define NDIS_SG_LIST_WRITE_TO_DEVICE 0x000000001
typedef UCHAR NDIS_DMA_SIZE;
#define NDIS_DMA_24BITS ((NDIS_DMA_SIZE)0)
#define NDIS_DMA_32BITS ((NDIS_DMA_SIZE)1)
#define NDIS_DMA_64BITS ((NDIS_DMA_SIZE)2)

typedef struct _NDIS_DMA_DESCRIPTION {
    BOOLEAN DemandMode;
    BOOLEAN AutoInitialize;
    BOOLEAN DmaChannelSpecified;
    DMA_WIDTH DmaWidth;
    DMA_SPEED DmaSpeed;
    ULONG DmaPort;
    ULONG DmaChannel;
} NDIS_DMA_DESCRIPTION, *PNDIS_DMA_DESCRIPTION;

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMRegisterScatterGatherDma(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                  _Inout_ PNDIS_SG_DMA_DESCRIPTION DmaDescription,
                                  _Out_ PNDIS_HANDLE NdisMiniportDmaHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMDeregisterScatterGatherDma(_In_ NDIS_HANDLE NdisMiniportDmaHandle);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMAllocateNetBufferSGList(_In_ NDIS_HANDLE NdisMiniportDmaHandle, _In_ PNET_BUFFER NetBuffer,
                                 _In_ PVOID Context, _In_ ULONG Flags,
                                 _In_opt_ PVOID ScatterGatherListBuffer,
                                 _In_ ULONG ScatterGatherListBufferSize);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMFreeNetBufferSGList(_In_ NDIS_HANDLE NdisMiniportDmaHandle, _In_ PSCATTER_GATHER_LIST pSGL,
                             _In_ PNET_BUFFER NetBuffer);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI ULONG
    NdisMGetDmaAlignment(_In_ NDIS_HANDLE MiniportAdapterHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG NdisGetSharedDataAlignment(VOID);

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMAllocateSharedMemory(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ ULONG Length,
                              _In_ BOOLEAN Cached, _Out_ PVOID *VirtualAddress,
                              _Out_ PNDIS_PHYSICAL_ADDRESS PhysicalAddress);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMAllocateSharedMemoryAsyncEx(_In_ NDIS_HANDLE MiniportDmaHandle, _In_ ULONG Length,
                                     _In_ BOOLEAN Cached, _In_ PVOID Context);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMFreeSharedMemory(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ ULONG Length,
                          _In_ BOOLEAN Cached, _In_ PVOID VirtualAddress,
                          _In_ NDIS_PHYSICAL_ADDRESS PhysicalAddress);

/* System and subordinate-mode DMA. */
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMRegisterDmaChannel(_Out_ PNDIS_HANDLE MiniportDmaHandle,
                            _In_ NDIS_HANDLE MiniportAdapterHandle, _In_ UINT DmaChannel,
                            _In_ BOOLEAN Dma32BitAddresses,
                            _In_ PNDIS_DMA_DESCRIPTION DmaDescription, _In_ ULONG MaximumLength);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMDeregisterDmaChannel(_In_ NDIS_HANDLE MiniportDmaHandle);
NDISAPI VOID NdisSetupDmaTransfer(_In_ PNDIS_STATUS Status, _In_ NDIS_HANDLE NdisDmaHandle,
                                  _In_ PNDIS_BUFFER Buffer, _In_ ULONG Offset, _In_ ULONG Length,
                                  _In_ BOOLEAN WriteToDevice);
NDISAPI VOID NdisCompleteDmaTransfer(_In_ PNDIS_STATUS Status, _In_ NDIS_HANDLE NdisDmaHandle,
                                     _In_ PNDIS_BUFFER Buffer, _In_ ULONG Offset, _In_ ULONG Length,
                                     _In_ BOOLEAN WriteToDevice);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG
    NdisMReadDmaCounter(_In_ NDIS_HANDLE MiniportDmaHandle);
#define NdisMSetupDmaTransfer(_S, _H, _B, _O, _L, _M_) NdisSetupDmaTransfer(_S, _H, _B, _O, _L, _M_)
#define NdisMCompleteDmaTransfer(_S, _H, _B, _O, _L, _M_)                                          \
    NdisCompleteDmaTransfer(_S, _H, _B, _O, _L, _M_)

/* Scatter/gather lists for memory that is not a NET_BUFFER, and memory that queues share. */
#if (NDIS_SUPPORT_NDIS620)
typedef _Function_class_(NDIS_PROCESS_SG_LIST) _IRQL_requires_(DISPATCH_LEVEL) VOID
    NDIS_PROCESS_SG_LIST(_In_ PDEVICE_OBJECT DeviceObject, _In_ PVOID Reserved,
                         _In_ PSCATTER_GATHER_LIST ScatterGatherListBuffer, _In_ PVOID Context);
typedef NDIS_PROCESS_SG_LIST *NDIS_PROCESS_SG_LIST_HANDLER;

typedef enum _NDIS_SHARED_MEMORY_USAGE {
    NdisSharedMemoryUsageUndefined,
    NdisSharedMemoryUsageXmit,
    NdisSharedMemoryUsageXmitHeader,
    NdisSharedMemoryUsageXmitData,
    NdisSharedMemoryUsageReceive,
    NdisSharedMemoryUsageReceiveLookahead,
    NdisSharedMemoryUsageReceivePostLookahead,
    NdisSharedMemoryUsageReceiveHeader,
    NdisSharedMemoryUsageReceiveData,
    NdisSharedMemoryUsageOther,
    NdisSharedMemoryUsageMax
} NDIS_SHARED_MEMORY_USAGE;
typedef NDIS_SHARED_MEMORY_USAGE *PNDIS_SHARED_MEMORY_USAGE;

#define NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 1

typedef struct _NDIS_SCATTER_GATHER_LIST_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_RECEIVE_QUEUE_ID QueueId;
    NDIS_SHARED_MEMORY_USAGE SharedMemoryUsage;
    PMDL Mdl;
    PVOID CurrentVa;
    ULONG Length;
    NDIS_PROCESS_SG_LIST_HANDLER ProcessSGListHandler;
    PVOID Context;
    PSCATTER_GATHER_LIST ScatterGatherListBuffer;
    ULONG ScatterGatherListBufferSize;
    ULONG ScatterGatherListBufferSizeNeeded;
} NDIS_SCATTER_GATHER_LIST_PARAMETERS, *PNDIS_SCATTER_GATHER_LIST_PARAMETERS;

#define NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1                                      \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBufferSizeNeeded)

_IRQL_requires_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisBuildScatterGatherList(_In_ NDIS_HANDLE NdisHandle,
                               _In_ PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeScatterGatherList(_In_ NDIS_HANDLE NdisHandle,
                              _In_ PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                              _In_ BOOLEAN WriteToDevice);
#define NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS               0x00000001
#define NDIS_SHARED_MEM_PARAMETERS_CONTIGOUS                NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS
#define NDIS_SHARED_MEM_HANDLE_HAL_ALLOCATED                ((NDIS_HANDLE)(NULL))
#define NDIS_SHARED_MEMORY_PROVIDER_CHAR_SUPPORTS_PF_VPORTS 0x00000001

#define NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_SHARED_MEMORY_PARAMETERS_REVISION_2 2
#endif

typedef struct _NDIS_SHARED_MEMORY_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_RECEIVE_QUEUE_ID QueueId;
    NDIS_HANDLE SharedMemoryHandle;
    NODE_REQUIREMENT PreferredNode;
    NDIS_SHARED_MEMORY_USAGE Usage;
    ULONG Length;
    PVOID VirtualAddress;
    ULONG SGListBufferLength;
    PSCATTER_GATHER_LIST SGListBuffer;
#if (NDIS_SUPPORT_NDIS630)
    NDIS_NIC_SWITCH_VPORT_ID VPortId;
#endif
} NDIS_SHARED_MEMORY_PARAMETERS, *PNDIS_SHARED_MEMORY_PARAMETERS;

#define NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PARAMETERS, SGListBuffer)
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PARAMETERS, VPortId)
#endif

typedef NDIS_STATUS (*ALLOCATE_SHARED_MEMORY_HANDLER)(
    _In_ NDIS_HANDLE ProviderContext, _In_ PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
    _Inout_ PNDIS_HANDLE pSharedMemoryProviderContext);
typedef VOID (*FREE_SHARED_MEMORY_HANDLER)(_In_ NDIS_HANDLE ProviderContext,
                                           _In_ NDIS_HANDLE SharedMemoryProviderContext);

#define NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1 1

typedef struct _NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_HANDLE ProviderContext;
    ALLOCATE_SHARED_MEMORY_HANDLER AllocateSharedMemoryHandler;
    FREE_SHARED_MEMORY_HANDLER FreeSharedMemoryHandler;
} NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, *PNDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS;

#define NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1                              \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, FreeSharedMemoryHandler)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisAllocateSharedMemory(_In_ NDIS_HANDLE NdisHandle,
                             _In_ PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
                             _Inout_ PNDIS_HANDLE pAllocationHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisFreeSharedMemory(_In_ NDIS_HANDLE NdisHandle, _In_ NDIS_HANDLE AllocationHandle);
#endif

EXTERN_C_END

#endif
