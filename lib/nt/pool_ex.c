/* The pool functions that drivers call ("ExAllocatePool2 function", "POOL_TYPE enumeration"). */
#include "nt/nt.h"

#include "nt/pool.h"

/* What Windows shows for memory that was allocated without a tag: 'None'. */
static const ULONG no_tag = 0x656e6f4e;

/* Bits of POOL_TYPE: the base type says paged by its lowest bit, cache-aligned by bit 2. */
enum { TYPE_PAGED = 1, TYPE_CACHE_ALIGNED = 4 };

static unsigned
kind_of_type(POOL_TYPE type)
{
    return ((type & TYPE_PAGED) != 0 ? POOL_PAGED : POOL_NONPAGED) |
           ((type & TYPE_CACHE_ALIGNED) != 0 ? POOL_CACHE_ALIGNED : 0);
}

static void
check_tag(struct context *context, ULONG tag, const char *call, const void *caller)
{
    if (tag == 0) {
        pndis__report(context, RULE_POOL_TAG, NULL, call, caller, "allocates with a tag of zero");
    }
}

static PVOID
allocate(struct context *context, POOL_TYPE type, SIZE_T bytes, ULONG tag, bool raise,
         const char *call, const void *caller)
{
    PVOID memory;

    check_tag(context, tag, call, caller);
    memory = pndis__pool_take(
        context, kind_of_type(type), bytes, tag,
        (type & POOL_ZERO_ALLOCATION) != 0 ? POOL_FILL_ZERO : POOL_FILL_PATTERN, call, caller);
    if (memory == NULL && raise) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return memory;
}

PVOID
ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return allocate(context, PoolType, NumberOfBytes, Tag,
                    (PoolType & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0, __func__, NT_CALLER());
}

PVOID
ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                              EX_POOL_PRIORITY Priority)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Priority; /* Which requests fail first when memory is short; it is not. */
    return allocate(context, PoolType, NumberOfBytes, Tag,
                    (PoolType & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0, __func__, NT_CALLER());
}

/* "ExAllocatePoolWithQuotaTag function": raises unless it is told not to. */
PVOID
ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return allocate(context, PoolType, NumberOfBytes, Tag,
                    (PoolType & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) == 0, __func__, NT_CALLER());
}

PVOID
ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return allocate(context, PoolType, NumberOfBytes, no_tag, false, __func__, NT_CALLER());
}

/* The kind that @flags ask for, or false when they name none, or more than one, or what is unknown.
 */
static bool
kind_of_flags(POOL_FLAGS flags, unsigned *out_kind)
{
    const POOL_FLAGS types = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    const POOL_FLAGS known = types | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED |
                             POOL_FLAG_SESSION | POOL_FLAG_CACHE_ALIGNED |
                             POOL_FLAG_RAISE_ON_FAILURE;
    POOL_FLAGS type = flags & types;

    if (type == 0 || (type & (type - 1)) != 0 || (flags & POOL_FLAG_REQUIRED_MASK & ~known) != 0) {
        return false;
    }
    *out_kind = (type == POOL_FLAG_PAGED ? POOL_PAGED : POOL_NONPAGED) |
                ((flags & POOL_FLAG_CACHE_ALIGNED) != 0 ? POOL_CACHE_ALIGNED : 0);
    return true;
}

static PVOID
allocate_by_flags(struct context *context, POOL_FLAGS flags, SIZE_T bytes, ULONG tag,
                  const char *call, const void *caller)
{
    NTSTATUS status = STATUS_INVALID_PARAMETER;
    PVOID memory = NULL;
    unsigned kind;

    check_tag(context, tag, call, caller);
    if (tag != 0 && bytes != 0 && kind_of_flags(flags, &kind)) {
        status = STATUS_INSUFFICIENT_RESOURCES;
        memory = pndis__pool_take(context, kind, bytes, tag,
                                  (flags & POOL_FLAG_UNINITIALIZED) != 0 ? POOL_FILL_PATTERN
                                                                         : POOL_FILL_ZERO,
                                  call, caller);
    }
    if (memory == NULL && (flags & POOL_FLAG_RAISE_ON_FAILURE) != 0) {
        ExRaiseStatus(status);
    }
    return memory;
}

PVOID
ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return allocate_by_flags(context, Flags, NumberOfBytes, Tag, __func__, NT_CALLER());
}

/* Priority, node and secure pool are what extended parameters ask for; only the first two make
 * sense. */
PVOID
ExAllocatePool3(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag,
                PCPOOL_EXTENDED_PARAMETER ExtendedParameters, ULONG ExtendedParametersCount)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    for (ULONG i = 0; i < ExtendedParametersCount; i++) {
        if (!ExtendedParameters[i].Optional &&
            ExtendedParameters[i].Type != PoolExtendedParameterPriority &&
            ExtendedParameters[i].Type != PoolExtendedParameterNumaNode) {
            return NULL;
        }
    }
    return allocate_by_flags(context, Flags, NumberOfBytes, Tag, __func__, NT_CALLER());
}

VOID
ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__pool_give(context, P, Tag, __func__, NT_CALLER());
}

VOID
ExFreePool(PVOID P)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__pool_give(context, P, 0, __func__, NT_CALLER());
}

VOID
ExFreePool2(PVOID P, ULONG Tag, PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
            ULONG ExtendedParametersCount)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)ExtendedParameters;
    (void)ExtendedParametersCount;
    pndis__pool_give(context, P, Tag, __func__, NT_CALLER());
}

MM_SYSTEMSIZE
MmQuerySystemSize(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return MmLargeSystem;
}
