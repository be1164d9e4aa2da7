/*
 * Lookaside lists ("Using Lookaside Lists"). While drivers are accounted for a list keeps nothing
 * back: every entry comes from the pool and goes back to it, as under Driver Verifier, so that each
 * has its own guards and its own place in leak reports. Without the ledger freed entries are kept
 * for the next caller.
 */
#include "nt/lookaside.h"

#include "nt/pool.h"
#include "nt/watch.h"

#include <stdlib.h>

enum { KEPT_ENTRIES = 256, RAISE_FLAGS = POOL_RAISE_IF_ALLOCATION_FAILURE };

/* Both kinds of list have the same fields; only their alignment differs. */
typedef GENERAL_LOOKASIDE_POOL LIST;

/* What a list has from its initialisation to its deletion; ListEntry.Flink points to it. */
struct companion {
    struct watched watched;
    LIST *list;
    bool extended; /* LOOKASIDE_LIST_EX: the driver's functions get the list as well. */
};

static struct companion *
companion_of(const LIST *list)
{
    return (struct companion *)list->ListEntry.Flink;
}

/* False, and reported, for a list that was not initialised or was deleted. */
static bool
is_alive(struct context *context, LIST *list, const char *call, const void *caller)
{
    if (companion_of(list) != NULL) {
        return true;
    }
    pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                  "uses a lookaside list that has not been initialised, or was deleted");
    return false;
}

static void
companion_destroy(struct watched *watched)
{
    free((struct companion *)watched);
}

static void
init(struct context *context, LIST *list, const LIST *values, bool extended, const char *call,
     const void *caller)
{
    struct companion *companion = malloc(sizeof(*companion));

    if (companion == NULL) {
        pndis__os_report("pndis: no memory for a lookaside list\n");
        pndis__os_die();
    }
    *list = *values;
    list->Size = list->Size < sizeof(SLIST_ENTRY) ? sizeof(SLIST_ENTRY) : list->Size;
    list->Depth = context->machine->options.without_ledger ? KEPT_ENTRIES : 0;
    list->MaximumDepth = KEPT_ENTRIES;
    InitializeSListHead(&list->ListHead);
    list->ListEntry.Flink = (PLIST_ENTRY)companion;
    companion->list = list;
    companion->extended = extended;
    pndis__watch_own(context->machine, &companion->watched, list, WATCH_LOOKASIDE,
                     companion_destroy);
    pndis__acquired(context, RESOURCE_LOOKASIDE, list, values->Size, values->Tag, NULL, call,
                    caller);
}

/* --- entries --- */

static PVOID
entry_new(struct context *context, LIST *list, const char *call, const void *caller)
{
    const struct companion *companion = companion_of(list);
    PVOID entry;

    __atomic_fetch_add(&list->AllocateMisses, 1, __ATOMIC_RELAXED);
    if (list->AllocateEx == NULL) {
        entry = pndis__pool_take(context, (list->Type & 1) != 0 ? POOL_PAGED : POOL_NONPAGED,
                                 list->Size, list->Tag, POOL_FILL_PATTERN, call, caller);
        if (entry == NULL && (list->Type & RAISE_FLAGS) != 0) {
            ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
        }
        return entry;
    }
    if (companion->extended) {
        return list->AllocateEx(list->Type, list->Size, list->Tag, (PLOOKASIDE_LIST_EX)list);
    }
    return list->Allocate(list->Type, list->Size, list->Tag);
}

static void
entry_free(struct context *context, LIST *list, PVOID entry, const char *call, const void *caller)
{
    __atomic_fetch_add(&list->FreeMisses, 1, __ATOMIC_RELAXED);
    if (list->FreeEx == NULL) {
        pndis__pool_give(context, entry, list->Tag, call, caller);
    } else if (companion_of(list)->extended) {
        list->FreeEx(entry, (PLOOKASIDE_LIST_EX)list);
    } else {
        list->Free(entry);
    }
}

static PVOID
allocate(struct context *context, LIST *list, const char *call, const void *caller)
{
    PVOID entry = NULL;

    if (!is_alive(context, list, call, caller)) {
        return NULL;
    }
    __atomic_fetch_add(&list->TotalAllocates, 1, __ATOMIC_RELAXED);
    if (list->Depth != 0) {
        entry = ExpInterlockedPopEntrySList(&list->ListHead);
    }
    return entry != NULL ? entry : entry_new(context, list, call, caller);
}

static void
give_back(struct context *context, LIST *list, PVOID entry, const char *call, const void *caller)
{
    if (!is_alive(context, list, call, caller)) {
        return;
    }
    __atomic_fetch_add(&list->TotalFrees, 1, __ATOMIC_RELAXED);
    if (ExQueryDepthSList(&list->ListHead) < list->Depth) {
        ExpInterlockedPushEntrySList(&list->ListHead, entry);
    } else {
        entry_free(context, list, entry, call, caller);
    }
}

static void
flush(struct context *context, LIST *list, const char *call, const void *caller)
{
    PSLIST_ENTRY entry = ExpInterlockedFlushSList(&list->ListHead);

    while (entry != NULL) {
        PSLIST_ENTRY next = entry->Next;

        entry_free(context, list, entry, call, caller);
        entry = next;
    }
}

static void
fini(struct context *context, LIST *list, const char *call, const void *caller)
{
    struct companion *companion = companion_of(list);

    if (!is_alive(context, list, call, caller)) {
        return;
    }
    flush(context, list, call, caller);
    pndis__released(context, RESOURCE_LOOKASIDE, list, call);
    pndis__watch_remove(context->machine, &companion->watched);
    list->ListEntry.Flink = NULL;
    free(companion);
}

static LIST *
list_of(PGENERAL_LOOKASIDE list)
{
    return (LIST *)(void *)list;
}

/* --- nonpaged --- */

void
pndis__lookaside_init(struct context *context, PNPAGED_LOOKASIDE_LIST lookaside,
                      const GENERAL_LOOKASIDE_POOL *values, const char *call, const void *caller)
{
    init(context, list_of(&lookaside->L), values, false, call, caller);
}

VOID
ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                                USHORT Depth)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const LIST values = {
        .Type = (POOL_TYPE)((ULONG)NonPagedPoolNx | Flags),
        .Tag = Tag,
        .Size = (ULONG)Size,
        .Allocate = Allocate,
        .Free = Free,
    };

    (void)Depth; /* Reserved. */
    pndis__lookaside_init(context, Lookaside, &values, __func__, NT_CALLER());
}

VOID
ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    fini(context, list_of(&Lookaside->L), __func__, NT_CALLER());
}

PVOID
ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return allocate(context, list_of(&Lookaside->L), __func__, NT_CALLER());
}

VOID
ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    give_back(context, list_of(&Lookaside->L), Entry, __func__, NT_CALLER());
}

/* --- paged --- */

VOID
ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                               PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                               USHORT Depth)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    const LIST values = {
        .Type = (POOL_TYPE)((ULONG)PagedPool | Flags),
        .Tag = Tag,
        .Size = (ULONG)Size,
        .Allocate = Allocate,
        .Free = Free,
    };

    (void)Depth;
    init(context, list_of(&Lookaside->L), &values, false, __func__, NT_CALLER());
}

VOID
ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    fini(context, list_of(&Lookaside->L), __func__, NT_CALLER());
}

PVOID
ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return allocate(context, list_of(&Lookaside->L), __func__, NT_CALLER());
}

VOID
ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    give_back(context, list_of(&Lookaside->L), Entry, __func__, NT_CALLER());
}

/* --- either, with the driver's functions getting the list ("ExInitializeLookasideListEx") --- */

/* The types are made of bits: paged, cache-aligned, session, not executable. */
static bool
is_pool_type(POOL_TYPE type)
{
    const ULONG known = (ULONG)NonPagedPoolNxCacheAligned | (ULONG)PagedPoolCacheAlignedSession;

    return ((ULONG)type & ~known) == 0;
}

NTSTATUS
ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate,
                            PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags, SIZE_T Size,
                            ULONG Tag, USHORT Depth)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const ULONG both =
        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL | EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE;
    LIST values = {
        .Type = PoolType,
        .Tag = Tag,
        .Size = (ULONG)Size,
        .AllocateEx = Allocate,
        .FreeEx = Free,
    };

    (void)Depth;
    if (!is_pool_type(PoolType)) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if ((Flags & ~both) != 0 || Flags == both) {
        return STATUS_INVALID_PARAMETER_5;
    }
    if ((Flags & EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL) != 0) {
        values.Type = (POOL_TYPE)(values.Type | POOL_RAISE_IF_ALLOCATION_FAILURE);
    }
    if ((Flags & EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE) != 0) {
        values.Type = (POOL_TYPE)(values.Type | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
    }
    if (pndis__fault(context)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    init(context, &Lookaside->L, &values, true, __func__, NT_CALLER());
    return STATUS_SUCCESS;
}

VOID
ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    fini(context, &Lookaside->L, __func__, NT_CALLER());
}

VOID
ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    if (is_alive(context, &Lookaside->L, __func__, NT_CALLER())) {
        flush(context, &Lookaside->L, __func__, NT_CALLER());
    }
}

PVOID
ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return allocate(context, &Lookaside->L, __func__, NT_CALLER());
}

VOID
ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    give_back(context, &Lookaside->L, Entry, __func__, NT_CALLER());
}
