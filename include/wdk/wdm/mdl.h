/* Memory descriptor lists and mappings ("Using MDLs"). The physical page numbers follow the MDL in
 * memory. */
#ifndef __WDK_WDM_MDL_H
#define __WDK_WDM_MDL_H

#include "types.h"
#include "interlocked.h"

EXTERN_C_START

typedef struct _MDL {
    struct _MDL *Next;
    CSHORT Size;
    CSHORT MdlFlags;
    struct _EPROCESS *Process;
    PVOID MappedSystemVa;
    PVOID StartVa;
    ULONG ByteCount;
    ULONG ByteOffset;
} MDL, *PMDL, *PMDLX;

#define MDL_MAPPED_TO_SYSTEM_VA     0x0001
#define MDL_PAGES_LOCKED            0x0002
#define MDL_SOURCE_IS_NONPAGED_POOL 0x0004
#define MDL_ALLOCATED_FIXED_SIZE    0x0008
#define MDL_PARTIAL                 0x0010
#define MDL_PARTIAL_HAS_BEEN_MAPPED 0x0020
#define MDL_IO_PAGE_READ            0x0040
#define MDL_WRITE_OPERATION         0x0080
#define MDL_LOCKED_PAGE_TABLES      0x0100
#define MDL_PARENT_MAPPED_SYSTEM_VA MDL_LOCKED_PAGE_TABLES
#define MDL_FREE_EXTRA_PTES         0x0200
#define MDL_DESCRIBES_AWE           0x0400
#define MDL_IO_SPACE                0x0800
#define MDL_NETWORK_HEADER          0x1000
#define MDL_MAPPING_CAN_FAIL        0x2000
#define MDL_PAGE_CONTENTS_INVARIANT 0x4000
#define MDL_ALLOCATED_MUST_SUCCEED  MDL_PAGE_CONTENTS_INVARIANT
#define MDL_INTERNAL                0x8000
#define MDL_MAPPING_FLAGS                                                                          \
    (MDL_MAPPED_TO_SYSTEM_VA | MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL |                    \
     MDL_PARTIAL_HAS_BEEN_MAPPED | MDL_PARENT_MAPPED_SYSTEM_VA | MDL_IO_SPACE)

typedef enum _MEMORY_CACHING_TYPE {
    MmNonCached,
    MmCached,
    MmWriteCombined,
    MmHardwareCoherentCached,
    MmNonCachedUnordered,
    MmUSWCCached,
    MmMaximumCacheType,
    MmNotMapped = -1
} MEMORY_CACHING_TYPE;

typedef enum _MM_PAGE_PRIORITY {
    LowPagePriority,
    NormalPagePriority = 16,
    HighPagePriority = 32
} MM_PAGE_PRIORITY;

typedef enum _LOCK_OPERATION { IoReadAccess, IoWriteAccess, IoModifyAccess } LOCK_OPERATION;

typedef enum _MEMORY_CACHING_TYPE_ORIG { MmFrameBufferCached = 2 } MEMORY_CACHING_TYPE_ORIG;

#define MdlMappingNoWrite       0x80000000
#define MdlMappingNoExecute     0x40000000
#define MdlMappingWithGuardPtes 0x20000000

#define MmGetMdlByteCount(Mdl)            ((Mdl)->ByteCount)
#define MmGetMdlByteOffset(Mdl)           ((Mdl)->ByteOffset)
#define MmGetMdlBaseVa(Mdl)               ((Mdl)->StartVa)
#define MmGetMdlVirtualAddress(Mdl)       ((PVOID)((PCHAR)((Mdl)->StartVa) + (Mdl)->ByteOffset))
#define MmGetMdlPfnArray(Mdl)             ((PPFN_NUMBER)((Mdl) + 1))
#define MmGetProcedureAddress(Address)    (Address)
#define MmLockPagableCodeSection(Address) MmLockPagableDataSection(Address)

__wdk_inline VOID
MmInitializeMdl(_Out_ PMDL MemoryDescriptorList, _In_ PVOID BaseVa, _In_ SIZE_T Length)
{
    MemoryDescriptorList->Next = NULL;
    MemoryDescriptorList->Size =
        (CSHORT)(sizeof(MDL) + sizeof(PFN_NUMBER) * ADDRESS_AND_SIZE_TO_SPAN_PAGES(BaseVa, Length));
    MemoryDescriptorList->MdlFlags = 0;
    MemoryDescriptorList->StartVa = PAGE_ALIGN(BaseVa);
    MemoryDescriptorList->ByteOffset = BYTE_OFFSET(BaseVa);
    MemoryDescriptorList->ByteCount = (ULONG)Length;
}

NTKERNELAPI SIZE_T MmSizeOfMdl(_In_ PVOID Base, _In_ SIZE_T Length);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    MmBuildMdlForNonPagedPool(_Inout_ PMDL MemoryDescriptorList);
NTKERNELAPI VOID MmProbeAndLockPages(_Inout_ PMDL MemoryDescriptorList,
                                     _In_ KPROCESSOR_MODE AccessMode,
                                     _In_ LOCK_OPERATION Operation);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    MmUnlockPages(_Inout_ PMDL MemoryDescriptorList);
NTKERNELAPI PVOID MmMapLockedPages(_In_ PMDL MemoryDescriptorList, _In_ KPROCESSOR_MODE AccessMode);
NTKERNELAPI PVOID MmMapLockedPagesSpecifyCache(_In_ PMDL MemoryDescriptorList,
                                               _In_ KPROCESSOR_MODE AccessMode,
                                               _In_ MEMORY_CACHING_TYPE CacheType,
                                               _In_opt_ PVOID RequestedAddress,
                                               _In_ ULONG BugCheckOnFailure, _In_ ULONG Priority);
NTKERNELAPI VOID MmUnmapLockedPages(_In_ PVOID BaseAddress, _In_ PMDL MemoryDescriptorList);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI NTSTATUS
    MmProtectMdlSystemAddress(_In_ PMDL MemoryDescriptorList, _In_ ULONG NewProtect);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI NTSTATUS
    MmAdvanceMdl(_Inout_ PMDL Mdl, _In_ ULONG NumberOfBytes);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PVOID
    MmAllocateMappingAddress(_In_ SIZE_T NumberOfBytes, _In_ ULONG PoolTag);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    MmFreeMappingAddress(_In_ PVOID BaseAddress, _In_ ULONG PoolTag);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    MmMapLockedPagesWithReservedMapping(_In_ PVOID MappingAddress, _In_ ULONG PoolTag,
                                        _In_ PMDL MemoryDescriptorList,
                                        _In_ MEMORY_CACHING_TYPE CacheType);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    MmUnmapReservedMapping(_In_ PVOID BaseAddress, _In_ ULONG PoolTag,
                           _In_ PMDL MemoryDescriptorList);
NTKERNELAPI PMDL MmAllocatePagesForMdl(_In_ PHYSICAL_ADDRESS LowAddress,
                                       _In_ PHYSICAL_ADDRESS HighAddress,
                                       _In_ PHYSICAL_ADDRESS SkipBytes, _In_ SIZE_T TotalBytes);

#define MM_DONT_ZERO_ALLOCATION               0x00000001
#define MM_ALLOCATE_FROM_LOCAL_NODE_ONLY      0x00000002
#define MM_ALLOCATE_FULLY_REQUIRED            0x00000004
#define MM_ALLOCATE_NO_WAIT                   0x00000008
#define MM_ALLOCATE_PREFER_CONTIGUOUS         0x00000010
#define MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS 0x00000020
#define MM_ALLOCATE_FAST_LARGE_PAGES          0x00000040
#define MM_ALLOCATE_TRIM_IF_NECESSARY         0x00000080
#define MM_ALLOCATE_AND_HOT_REMOVE            0x00000100

NTKERNELAPI PMDL MmAllocatePagesForMdlEx(_In_ PHYSICAL_ADDRESS LowAddress,
                                         _In_ PHYSICAL_ADDRESS HighAddress,
                                         _In_ PHYSICAL_ADDRESS SkipBytes, _In_ SIZE_T TotalBytes,
                                         _In_ MEMORY_CACHING_TYPE CacheType, _In_ ULONG Flags);
NTKERNELAPI VOID MmFreePagesFromMdl(_In_ PMDL MemoryDescriptorList);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PMDL
    IoAllocateMdl(_In_opt_ PVOID VirtualAddress, _In_ ULONG Length, _In_ BOOLEAN SecondaryBuffer,
                  _In_ BOOLEAN ChargeQuota, _Inout_opt_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID IoFreeMdl(_In_ PMDL Mdl);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoBuildPartialMdl(_In_ PMDL SourceMdl, _Inout_ PMDL TargetMdl, _In_ PVOID VirtualAddress,
                      _In_ ULONG Length);

/* Reuses an MDL for another buffer: undoes the mapping that IoBuildPartialMdl's target may have. */
__wdk_inline VOID
MmPrepareMdlForReuse(_Inout_ PMDL Mdl)
{
    if ((Mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) != 0) {
        MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl);
    }
}

/* NULL when the pages could not be mapped. */
_Must_inspect_result_ __wdk_inline PVOID
MmGetSystemAddressForMdlSafe(_Inout_ PMDL Mdl, _In_ ULONG Priority)
{
    if (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) {
        return Mdl->MappedSystemVa;
    }
    return MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, Priority);
}

#define MmGetSystemAddressForMdl(Mdl) MmGetSystemAddressForMdlSafe(Mdl, HighPagePriority)

/* Memory that is not described by an MDL. */
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    MmAllocateContiguousMemory(_In_ SIZE_T NumberOfBytes,
                               _In_ PHYSICAL_ADDRESS HighestAcceptableAddress);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    MmAllocateContiguousMemorySpecifyCache(_In_ SIZE_T NumberOfBytes,
                                           _In_ PHYSICAL_ADDRESS LowestAcceptableAddress,
                                           _In_ PHYSICAL_ADDRESS HighestAcceptableAddress,
                                           _In_opt_ PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                           _In_ MEMORY_CACHING_TYPE CacheType);
NTKERNELAPI VOID MmFreeContiguousMemory(_In_ PVOID BaseAddress);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    MmFreeContiguousMemorySpecifyCache(_In_ PVOID BaseAddress, _In_ SIZE_T NumberOfBytes,
                                       _In_ MEMORY_CACHING_TYPE CacheType);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PVOID
    MmAllocateNonCachedMemory(_In_ SIZE_T NumberOfBytes);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    MmFreeNonCachedMemory(_In_ PVOID BaseAddress, _In_ SIZE_T NumberOfBytes);
NTKERNELAPI PHYSICAL_ADDRESS MmGetPhysicalAddress(_In_ PVOID BaseAddress);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI BOOLEAN MmIsAddressValid(_In_ PVOID VirtualAddress);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    MmMapIoSpace(_In_ PHYSICAL_ADDRESS PhysicalAddress, _In_ SIZE_T NumberOfBytes,
                 _In_ MEMORY_CACHING_TYPE CacheType);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    MmMapIoSpaceEx(_In_ PHYSICAL_ADDRESS PhysicalAddress, _In_ SIZE_T NumberOfBytes,
                   _In_ ULONG Protect);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    MmUnmapIoSpace(_In_ PVOID BaseAddress, _In_ SIZE_T NumberOfBytes);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PVOID
    MmLockPagableDataSection(_In_ PVOID AddressWithinSection);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    MmUnlockPagableImageSection(_In_ PVOID ImageSectionHandle);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PVOID
    MmPageEntireDriver(_In_ PVOID AddressWithinSection);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    MmResetDriverPaging(_In_ PVOID AddressWithinSection);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    ProbeForRead(_In_ volatile VOID *Address, _In_ SIZE_T Length, _In_ ULONG Alignment);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    ProbeForWrite(_Inout_ volatile VOID *Address, _In_ SIZE_T Length, _In_ ULONG Alignment);

EXTERN_C_END

#endif
