/* What NDIS tells drivers about processors: topology, RSS set, load. One group, one node, one
 * package. */
#include "ndis/ndis_machine.h"

/* --- topology --- */

/*
 * "NdisGetRssProcessorInformation function". IRQL <= DISPATCH_LEVEL.
 * All processors serve RSS. NDIS_STATUS_BUFFER_TOO_SHORT with the needed size in @Size.
 */
NDIS_STATUS
NdisGetRssProcessorInformation(NDIS_HANDLE NdisHandle, PNDIS_RSS_PROCESSOR_INFO RssProcessorInfo,
                               PSIZE_T Size)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    unsigned count = context->machine->processor_count;
    SIZE_T head = (sizeof(NDIS_RSS_PROCESSOR_INFO) + 7) / 8 * 8;
    SIZE_T needed = head + count * sizeof(NDIS_RSS_PROCESSOR);
    NDIS_RSS_PROCESSOR *entries;
    struct owner *owner;

    if (!pndis__owner_of_handle(context, NdisHandle, __func__, NT_CALLER(), &owner)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (RssProcessorInfo == NULL || *Size < needed) {
        *Size = needed;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memset(RssProcessorInfo, 0, needed);
    RssProcessorInfo->Header.Type = NDIS_OBJECT_TYPE_RSS_PROCESSOR_INFO;
    RssProcessorInfo->Header.Revision = NDIS_RSS_PROCESSOR_INFO_REVISION_2;
    RssProcessorInfo->Header.Size = NDIS_SIZEOF_RSS_PROCESSOR_INFO_REVISION_2;
    RssProcessorInfo->MaxNumRssProcessors = count;
    RssProcessorInfo->RssProcessorArrayOffset = (ULONG)head;
    RssProcessorInfo->RssProcessorCount = count;
    RssProcessorInfo->RssProcessorEntrySize = sizeof(NDIS_RSS_PROCESSOR);
    RssProcessorInfo->RssMaxProcessor.Number = (UCHAR)(count - 1);
    entries = (NDIS_RSS_PROCESSOR *)((UCHAR *)RssProcessorInfo + head);
    for (unsigned i = 0; i < count; i++) {
        entries[i].ProcNum.Number = (UCHAR)i;
    }
    *Size = needed;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisGetProcessorInformation function". IRQL: PASSIVE_LEVEL. */
NDIS_STATUS
NdisGetProcessorInformation(PNDIS_SYSTEM_PROCESSOR_INFO SystemProcessorInfo)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    unsigned count = context->machine->processor_count;

    if (SystemProcessorInfo->Header.Size < NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_REVISION_1) {
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    SystemProcessorInfo->Flags = 0;
    SystemProcessorInfo->ProcessorVendor = NdisProcessorVendorUnknown;
    SystemProcessorInfo->NumPhysicalPackages = 1;
    SystemProcessorInfo->NumCores = count;
    SystemProcessorInfo->NumCoresPerPhysicalPackage = count;
    SystemProcessorInfo->MaxHyperThreadingCpusPerCore = 1;
    SystemProcessorInfo->RssBaseCpu = 0;
    SystemProcessorInfo->RssCpuCount = count;
    SystemProcessorInfo->RssProcessors = NULL;
    for (unsigned i = 0; i < RTL_NUMBER_OF(SystemProcessorInfo->CpuInfo); i++) {
        NDIS_PROCESSOR_INFO *info = &SystemProcessorInfo->CpuInfo[i];

        memset(info, 0, sizeof(*info));
        info->CpuNumber = i;
        info->CoreId = i;
    }
    return NDIS_STATUS_SUCCESS;
}

/* "NdisGetProcessorInformationEx function". IRQL <= DISPATCH_LEVEL. As above, per processor. */
NDIS_STATUS
NdisGetProcessorInformationEx(NDIS_HANDLE NdisHandle,
                              PNDIS_SYSTEM_PROCESSOR_INFO_EX SystemProcessorInfo, PSIZE_T Size)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    unsigned count = context->machine->processor_count;
    SIZE_T head = (sizeof(NDIS_SYSTEM_PROCESSOR_INFO_EX) + 7) / 8 * 8;
    SIZE_T needed = head + count * sizeof(NDIS_PROCESSOR_INFO_EX);
    NDIS_PROCESSOR_INFO_EX *entries;

    (void)NdisHandle;
    if (SystemProcessorInfo == NULL || *Size < needed) {
        *Size = needed;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memset(SystemProcessorInfo, 0, needed);
    SystemProcessorInfo->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    SystemProcessorInfo->Header.Revision = NDIS_SYSTEM_PROCESSOR_INFO_EX_REVISION_1;
    SystemProcessorInfo->Header.Size = NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_EX_REVISION_1;
    SystemProcessorInfo->ProcessorVendor = NdisProcessorVendorUnknown;
    SystemProcessorInfo->NumSockets = 1;
    SystemProcessorInfo->NumCores = count;
    SystemProcessorInfo->NumCoresPerSocket = count;
    SystemProcessorInfo->MaxHyperThreadingProcsPerCore = 1;
    SystemProcessorInfo->ProcessorInfoOffset = (ULONG)head;
    SystemProcessorInfo->NumberOfProcessors = count;
    SystemProcessorInfo->ProcessorInfoEntrySize = sizeof(NDIS_PROCESSOR_INFO_EX);
    entries = (NDIS_PROCESSOR_INFO_EX *)((UCHAR *)SystemProcessorInfo + head);
    for (unsigned i = 0; i < count; i++) {
        entries[i].ProcNum.Number = (UCHAR)i;
        entries[i].CoreId = i;
    }
    *Size = needed;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisGetHypervisorInfo function". IRQL <= DISPATCH_LEVEL. There is none. */
NDIS_STATUS
NdisGetHypervisorInfo(PNDIS_HYPERVISOR_INFO HypervisorInfo)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    HypervisorInfo->Flags = 0;
    HypervisorInfo->PartitionType = NdisHypervisorPartitionTypeUnknown;
    return NDIS_STATUS_SUCCESS;
}

/* --- counts --- */

/* "NdisSystemProcessorCount function". IRQL: PASSIVE_LEVEL. */
CCHAR
NdisSystemProcessorCount(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return (CCHAR)context->machine->processor_count;
}

/* "NdisSystemActiveProcessorCount function". Any IRQL. */
ULONG
NdisSystemActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    if (ActiveProcessors != NULL) {
        *ActiveProcessors = NdisGroupActiveProcessorMask(0);
    }
    return NdisGroupActiveProcessorCount(0);
}

/* "NdisActiveGroupCount function". Any IRQL. */
USHORT
NdisActiveGroupCount(VOID)
{
    return 1;
}

/* "NdisMaxGroupCount function". Any IRQL. */
USHORT
NdisMaxGroupCount(VOID)
{
    return 1;
}

/* "NdisGroupMaxProcessorCount function". Any IRQL. */
ULONG
NdisGroupMaxProcessorCount(USHORT Group)
{
    return NdisGroupActiveProcessorCount(Group);
}

/* "NdisGroupActiveProcessorCount function". Any IRQL. */
ULONG
NdisGroupActiveProcessorCount(USHORT Group)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return Group == 0 || Group == ALL_PROCESSOR_GROUPS ? context->machine->processor_count : 0;
}

/* "NdisGroupActiveProcessorMask function". Any IRQL. */
KAFFINITY
NdisGroupActiveProcessorMask(USHORT Group)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    unsigned count = context->machine->processor_count;

    if (Group != 0) {
        return 0;
    }
    return count == 64 ? ~(KAFFINITY)0 : ((KAFFINITY)1 << count) - 1;
}

/* "NdisCurrentGroupAndProcessor function". IRQL >= DISPATCH_LEVEL. */
PROCESSOR_NUMBER
NdisCurrentGroupAndProcessor(VOID)
{
    PROCESSOR_NUMBER number = {0};

    NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);
    KeGetCurrentProcessorNumberEx(&number);
    return number;
}

/* NdisProcessorNumberToIndex: any IRQL; without a page of its own. */
ULONG
NdisProcessorNumberToIndex(PROCESSOR_NUMBER ProcNum)
{
    return KeGetProcessorIndexFromNumber(&ProcNum);
}

/* NdisProcessorIndexToNumber: any IRQL; without a page of its own. */
NTSTATUS
NdisProcessorIndexToNumber(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNum)
{
    return KeGetProcessorNumberFromIndex(ProcIndex, ProcNum);
}

/* --- load --- */

/*
 * "NdisGetCurrentProcessorCounts function". IRQL <= DISPATCH_LEVEL.
 * In clock ticks. pndis does not measure how busy a virtual processor is: all time counts as used.
 */
VOID
NdisGetCurrentProcessorCounts(PULONG pIdleCount, PULONG pKernelAndUser, PULONG pIndex)
{
    LARGE_INTEGER ticks;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    KeQueryTickCount(&ticks);
    *pIdleCount = 0;
    *pKernelAndUser = ticks.LowPart;
    *pIndex = KeGetCurrentProcessorIndex();
}

/* "NdisGetCurrentProcessorCpuUsage function". Any IRQL. As NdisGetCurrentProcessorCounts: 100
 * percent. */
VOID
NdisGetCurrentProcessorCpuUsage(PULONG pCpuUsage)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    *pCpuUsage = 100;
}
