/* Pool memory ("ExAllocatePool2", "POOL_TYPE", "Updating Deprecated ExAllocatePool Calls"). The
 * functions whose names say Zero or Uninitialized are inline on Windows too, over the tagged ones.
 */
#ifndef __WDK_WDM_POOL_H
#define __WDK_WDM_POOL_H

#include "types.h"

EXTERN_C_START

typedef enum _POOL_TYPE {
    NonPagedPool,
    NonPagedPoolExecute = 0,
    PagedPool,
    NonPagedPoolMustSucceed,
    DontUseThisType,
    NonPagedPoolCacheAligned,
    PagedPoolCacheAligned,
    NonPagedPoolCacheAlignedMustS,
    MaxPoolType,
    NonPagedPoolBase = 0,
    NonPagedPoolBaseMustSucceed = 2,
    NonPagedPoolBaseCacheAligned = 4,
    NonPagedPoolBaseCacheAlignedMustS = 6,
    NonPagedPoolSession = 32,
    PagedPoolSession,
    NonPagedPoolMustSucceedSession,
    DontUseThisTypeSession,
    NonPagedPoolCacheAlignedSession,
    PagedPoolCacheAlignedSession,
    NonPagedPoolCacheAlignedMustSSession,
    NonPagedPoolNx = 0x200,
    NonPagedPoolNxCacheAligned = 0x204,
    NonPagedPoolSessionNx = 0x220
} POOL_TYPE;

#define POOL_COLD_ALLOCATION             256
#define POOL_NX_ALLOCATION               512
#define POOL_ZERO_ALLOCATION             1024
#define POOL_QUOTA_FAIL_INSTEAD_OF_RAISE 8
#define POOL_RAISE_IF_ALLOCATION_FAILURE 16

typedef enum _EX_POOL_PRIORITY {
    LowPoolPriority,
    LowPoolPrioritySpecialPoolOverrun = 8,
    LowPoolPrioritySpecialPoolUnderrun,
    NormalPoolPriority = 16,
    NormalPoolPrioritySpecialPoolOverrun = 24,
    NormalPoolPrioritySpecialPoolUnderrun,
    HighPoolPriority = 32,
    HighPoolPrioritySpecialPoolOverrun = 40,
    HighPoolPrioritySpecialPoolUnderrun
} EX_POOL_PRIORITY;

typedef ULONG64 POOL_FLAGS;
#define POOL_FLAG_REQUIRED_START      0x0000000000000001ULL
#define POOL_FLAG_USE_QUOTA           0x0000000000000001ULL
#define POOL_FLAG_UNINITIALIZED       0x0000000000000002ULL
#define POOL_FLAG_SESSION             0x0000000000000004ULL
#define POOL_FLAG_CACHE_ALIGNED       0x0000000000000008ULL
#define POOL_FLAG_RESERVED1           0x0000000000000010ULL
#define POOL_FLAG_RAISE_ON_FAILURE    0x0000000000000020ULL
#define POOL_FLAG_NON_PAGED           0x0000000000000040ULL
#define POOL_FLAG_NON_PAGED_EXECUTE   0x0000000000000080ULL
#define POOL_FLAG_PAGED               0x0000000000000100ULL
#define POOL_FLAG_RESERVED2           0x0000000000000200ULL
#define POOL_FLAG_RESERVED3           0x0000000000000400ULL
#define POOL_FLAG_LAST_KNOWN_REQUIRED POOL_FLAG_RESERVED3
#define POOL_FLAG_REQUIRED_END        0x0000000080000000ULL
#define POOL_FLAG_OPTIONAL_START      0x0000000100000000ULL
#define POOL_FLAG_SPECIAL_POOL        0x0000000100000000ULL
#define POOL_FLAG_OPTIONAL_END        0x8000000000000000ULL
#define POOL_FLAG_REQUIRED_MASK       0x00000000FFFFFFFFULL
#define POOL_FLAG_UNUSED_REQUIRED_BITS                                                             \
    (POOL_FLAG_REQUIRED_MASK &                                                                     \
     ~(POOL_FLAG_LAST_KNOWN_REQUIRED | (POOL_FLAG_LAST_KNOWN_REQUIRED - 1)))

typedef enum POOL_EXTENDED_PARAMETER_TYPE {
    PoolExtendedParameterInvalidType,
    PoolExtendedParameterPriority,
    PoolExtendedParameterSecurePool,
    PoolExtendedParameterNumaNode,
    PoolExtendedParameterMax
} POOL_EXTENDED_PARAMETER_TYPE,
    *PPOOL_EXTENDED_PARAMETER_TYPE;

#define POOL_EXTENDED_PARAMETER_TYPE_BITS           8
#define POOL_EXTENDED_PARAMETER_REQUIRED_FIELD_BITS 1
#define POOL_EXTENDED_PARAMETER_RESERVED_BITS                                                      \
    (64 - POOL_EXTENDED_PARAMETER_TYPE_BITS - POOL_EXTENDED_PARAMETER_REQUIRED_FIELD_BITS)

#define SECURE_POOL_FLAGS_NONE       0x0
#define SECURE_POOL_FLAGS_FREEABLE   0x1
#define SECURE_POOL_FLAGS_MODIFIABLE 0x2

typedef struct _POOL_EXTENDED_PARAMS_SECURE_POOL {
    HANDLE SecurePoolHandle;
    PVOID Buffer;
    ULONG_PTR Cookie;
    ULONG SecurePoolFlags;
} POOL_EXTENDED_PARAMS_SECURE_POOL;

typedef ULONG POOL_NODE_REQUIREMENT;

typedef struct _POOL_EXTENDED_PARAMETER {
    struct {
        ULONG64 Type : POOL_EXTENDED_PARAMETER_TYPE_BITS;
        ULONG64 Optional : POOL_EXTENDED_PARAMETER_REQUIRED_FIELD_BITS;
        ULONG64 Reserved : POOL_EXTENDED_PARAMETER_RESERVED_BITS;
    };
    union {
        ULONG64 Reserved2;
        PVOID Reserved3;
        EX_POOL_PRIORITY Priority;
        POOL_EXTENDED_PARAMS_SECURE_POOL *SecurePoolParams;
        POOL_NODE_REQUIREMENT PreferredNode;
    };
} POOL_EXTENDED_PARAMETER, *PPOOL_EXTENDED_PARAMETER;
typedef const POOL_EXTENDED_PARAMETER *PCPOOL_EXTENDED_PARAMETER;

typedef enum _DRIVER_RUNTIME_INIT_FLAGS {
    DrvRtPoolNxOptIn = 1,
    LastDrvRtFlag
} DRIVER_RUNTIME_INIT_FLAGS;
typedef DRIVER_RUNTIME_INIT_FLAGS *PDRIVER_RUNTIME_INIT_FLAGS;

_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    ExAllocatePool2(_In_ POOL_FLAGS Flags, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    ExAllocatePool3(_In_ POOL_FLAGS Flags, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag,
                    _In_opt_ PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                    _In_ ULONG ExtendedParametersCount);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    ExFreePool2(_In_ PVOID P, _In_ ULONG Tag, _In_opt_ PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                _In_ ULONG ExtendedParametersCount);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    ExAllocatePool(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    ExAllocatePoolWithTag(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    ExAllocatePoolWithTagPriority(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes,
                                  _In_ ULONG Tag, _In_ EX_POOL_PRIORITY Priority);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    ExAllocatePoolWithQuotaTag(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID ExFreePool(_In_ PVOID P);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    ExFreePoolWithTag(_In_ PVOID P, _In_ ULONG Tag);

/* A driver that opts in gets memory that is not executable where it says NonPagedPool ("Single
 * Binary Opt-In: POOL_NX_OPTIN"). POOL_ZERO_DOWN_LEVEL_SUPPORT changes nothing: this kernel zeroes
 * what is asked to be zero. */
#if defined(POOL_NX_OPTIN) && POOL_NX_OPTIN
DECLSPEC_SELECTANY POOL_TYPE ExDefaultNonPagedPoolType = NonPagedPool;
#endif

__wdk_inline VOID
ExInitializeDriverRuntime(_In_ ULONG RuntimeFlags)
{
#if defined(POOL_NX_OPTIN) && POOL_NX_OPTIN
    if (RuntimeFlags & DrvRtPoolNxOptIn) {
        ExDefaultNonPagedPoolType = NonPagedPoolNx;
    }
#else
    UNREFERENCED_PARAMETER(RuntimeFlags);
#endif
}

#if defined(POOL_NX_OPTIN) && POOL_NX_OPTIN
#define NonPagedPool ExDefaultNonPagedPoolType
#endif

_Must_inspect_result_ __wdk_inline PVOID
ExAllocatePoolUninitialized(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

_Must_inspect_result_ __wdk_inline PVOID
ExAllocatePoolZero(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag)
{
    return ExAllocatePoolWithTag((POOL_TYPE)(PoolType | POOL_ZERO_ALLOCATION), NumberOfBytes, Tag);
}

_Must_inspect_result_ __wdk_inline PVOID
ExAllocatePoolQuotaUninitialized(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag)
{
    return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
}

_Must_inspect_result_ __wdk_inline PVOID
ExAllocatePoolQuotaZero(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag)
{
    return ExAllocatePoolWithQuotaTag((POOL_TYPE)(PoolType | POOL_ZERO_ALLOCATION), NumberOfBytes,
                                      Tag);
}

_Must_inspect_result_ __wdk_inline PVOID
ExAllocatePoolPriorityUninitialized(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes,
                                    _In_ ULONG Tag, _In_ EX_POOL_PRIORITY Priority)
{
    return ExAllocatePoolWithTagPriority(PoolType, NumberOfBytes, Tag, Priority);
}

_Must_inspect_result_ __wdk_inline PVOID
ExAllocatePoolPriorityZero(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag,
                           _In_ EX_POOL_PRIORITY Priority)
{
    return ExAllocatePoolWithTagPriority((POOL_TYPE)(PoolType | POOL_ZERO_ALLOCATION),
                                         NumberOfBytes, Tag, Priority);
}

typedef enum _MM_SYSTEM_SIZE { MmSmallSystem, MmMediumSystem, MmLargeSystem } MM_SYSTEMSIZE;

_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI MM_SYSTEMSIZE MmQuerySystemSize(VOID);

EXTERN_C_END

#endif
