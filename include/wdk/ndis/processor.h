/* Processors, groups and the hypervisor ("NdisGetRssProcessorInformation",
 * "NdisGroupActiveProcessorCount"). */
#ifndef __NDIS_PROCESSOR_H
#define __NDIS_PROCESSOR_H

#include "types.h"
#include "objectheader.h"
#include "status.h"
#include "rss.h"
#include "../wdm/processor.h"

EXTERN_C_START

typedef struct _NDIS_PROCESSOR_INFO {
    ULONG CpuNumber;
    ULONG PhysicalPackageId;
    ULONG CoreId;
    ULONG HyperThreadID;
} NDIS_PROCESSOR_INFO, *PNDIS_PROCESSOR_INFO;

#define NDIS_SYSTEM_PROCESSOR_INFO_REVISION_1 1

typedef struct _NDIS_SYSTEM_PROCESSOR_INFO {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_PROCESSOR_VENDOR ProcessorVendor;
    ULONG NumPhysicalPackages;
    ULONG NumCores;
    ULONG NumCoresPerPhysicalPackage;
    ULONG MaxHyperThreadingCpusPerCore;
    ULONG RssBaseCpu;
    ULONG RssCpuCount;
    PUCHAR RssProcessors;
    NDIS_PROCESSOR_INFO CpuInfo[64];
} NDIS_SYSTEM_PROCESSOR_INFO, *PNDIS_SYSTEM_PROCESSOR_INFO;

#define NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_REVISION_1                                               \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SYSTEM_PROCESSOR_INFO, CpuInfo)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI CCHAR NdisSystemProcessorCount(VOID);
NDISAPI ULONG NdisSystemActiveProcessorCount(_In_ PKAFFINITY ActiveProcessors);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisGetProcessorInformation(_Inout_ PNDIS_SYSTEM_PROCESSOR_INFO SystemProcessorInfo);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisGetCurrentProcessorCounts(_Out_ PULONG pIdleCount, _Out_ PULONG pKernelAndUser,
                                  _Out_ PULONG pIndex);
NDISAPI VOID NdisGetCurrentProcessorCpuUsage(_Out_ PULONG pCpuUsage);

#if (NDIS_SUPPORT_NDIS620)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisGetProcessorInformationEx(_In_opt_ NDIS_HANDLE NdisHandle,
                                  _Out_opt_ PNDIS_SYSTEM_PROCESSOR_INFO_EX SystemProcessorInfo,
                                  _Inout_ PSIZE_T Size);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisGetRssProcessorInformation(_In_ NDIS_HANDLE NdisHandle,
                                   _Out_opt_ PNDIS_RSS_PROCESSOR_INFO RssProcessorInfo,
                                   _Inout_ PSIZE_T Size);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisGetHypervisorInfo(_Inout_ PNDIS_HYPERVISOR_INFO HypervisorInfo);
NDISAPI USHORT NdisActiveGroupCount(VOID);
NDISAPI USHORT NdisMaxGroupCount(VOID);
NDISAPI ULONG NdisGroupActiveProcessorCount(_In_ USHORT Group);
NDISAPI ULONG NdisGroupMaxProcessorCount(_In_ USHORT Group);
NDISAPI KAFFINITY NdisGroupActiveProcessorMask(_In_ USHORT Group);
NDISAPI PROCESSOR_NUMBER NdisCurrentGroupAndProcessor(VOID);
NDISAPI ULONG NdisProcessorNumberToIndex(_In_ PROCESSOR_NUMBER ProcNum);
NDISAPI NTSTATUS NdisProcessorIndexToNumber(_In_ ULONG ProcIndex, _In_ PPROCESSOR_NUMBER ProcNum);
#define NdisCurrentProcessorIndex() KeGetCurrentProcessorIndex()
#endif

#define NDIS_CURRENT_PROCESSOR_NUMBER ((ULONG)KeGetCurrentProcessorNumber())

EXTERN_C_END

#endif
