/*
 * Lists that several processors use at once: those behind a driver's spin lock, and sequenced lists
 * ("Singly and Doubly Linked Lists").
 *
 * The driver's lock is taken at the caller's level, whatever it is, as the pages say ("callable at
 * any level"), so these do not go through the functions that raise.
 */
#include "nt/nt.h"

#include "nt/irql.h"

/* --- behind a spin lock --- */

/* Above DISPATCH_LEVEL the level stays: the caller's interrupts are masked already. */
static KIRQL
lock(struct context *context, PKSPIN_LOCK spin_lock)
{
    KIRQL before = context->irql;

    if (before < DISPATCH_LEVEL) {
        pndis__irql_raise(context, DISPATCH_LEVEL);
    }
    pndis__spin_acquire(context, spin_lock);
    return before;
}

static void
unlock(struct context *context, PKSPIN_LOCK spin_lock, KIRQL before)
{
    pndis__spin_release(context, spin_lock);
    if (before < DISPATCH_LEVEL) {
        pndis__irql_lower(context, before);
    }
}

static PLIST_ENTRY
null_if_head(PLIST_ENTRY entry, PLIST_ENTRY head)
{
    return entry == head ? NULL : entry;
}

PLIST_ENTRY
ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    PLIST_ENTRY first = ListHead->Flink;

    InsertHeadList(ListHead, ListEntry);
    unlock(context, Lock, before);
    return null_if_head(first, ListHead);
}

PLIST_ENTRY
ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    PLIST_ENTRY last = ListHead->Blink;

    InsertTailList(ListHead, ListEntry);
    unlock(context, Lock, before);
    return null_if_head(last, ListHead);
}

PLIST_ENTRY
ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    PLIST_ENTRY entry = IsListEmpty(ListHead) ? NULL : RemoveHeadList(ListHead);

    unlock(context, Lock, before);
    return entry;
}

PSINGLE_LIST_ENTRY
ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    PSINGLE_LIST_ENTRY entry = PopEntryList(ListHead);

    unlock(context, Lock, before);
    return entry;
}

PSINGLE_LIST_ENTRY
ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY ListEntry,
                           PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    PSINGLE_LIST_ENTRY first = ListHead->Next;

    PushEntryList(ListHead, ListEntry);
    unlock(context, Lock, before);
    return first;
}

LARGE_INTEGER
ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    LARGE_INTEGER initial = *Addend;

    Addend->QuadPart += Increment.QuadPart;
    unlock(context, Lock, before);
    return initial;
}

ULONG
ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = lock(context, Lock);
    ULONG initial = *Addend;

    *Addend += Increment;
    unlock(context, Lock, before);
    return initial;
}

/* --- sequenced lists: the lowest bit of the second half is a lock for a few instructions --- */

static const ULONGLONG depth_mask = 0xffff;
static const ULONGLONG one_change = 0x10000; /* The sequence number counts every change. */

enum { SLIST_LOCKED = 1, SPINS_BEFORE_YIELD = 256 };

static PSLIST_ENTRY
slist_lock(PSLIST_HEADER header)
{
    ULONGLONG region;
    unsigned turn = 0;

    while (((region = __atomic_fetch_or(&header->Region, SLIST_LOCKED, __ATOMIC_ACQUIRE)) &
            SLIST_LOCKED) != 0) {
        if (++turn % SPINS_BEFORE_YIELD == 0) {
            pndis__os_yield();
        } else {
            pndis__os_relax();
        }
    }
    return (PSLIST_ENTRY)(ULONG_PTR)region;
}

static void
slist_unlock(PSLIST_HEADER header, PSLIST_ENTRY first, LONG more)
{
    ULONGLONG depth = (header->Alignment + (ULONGLONG)more) & depth_mask;
    ULONGLONG sequence = (header->Alignment & ~depth_mask) + one_change;

    __atomic_store_n(&header->Alignment, sequence | depth, __ATOMIC_RELAXED);
    __atomic_store_n(&header->Region, (ULONGLONG)(ULONG_PTR)first, __ATOMIC_RELEASE);
}

VOID
InitializeSListHead(PSLIST_HEADER SListHead)
{
    __atomic_store_n(&SListHead->Alignment, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&SListHead->Region, 0, __ATOMIC_RELEASE);
}

USHORT
ExQueryDepthSList(PSLIST_HEADER SListHead)
{
    return (USHORT)(__atomic_load_n(&SListHead->Alignment, __ATOMIC_RELAXED) & depth_mask);
}

PSLIST_ENTRY
ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    PSLIST_ENTRY first;

    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    first = slist_lock(ListHead);
    slist_unlock(ListHead, first == NULL ? NULL : first->Next, first == NULL ? 0 : -1);
    return first;
}

PSLIST_ENTRY
ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    PSLIST_ENTRY first;

    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    first = slist_lock(ListHead);
    ListEntry->Next = first;
    slist_unlock(ListHead, ListEntry, 1);
    return first;
}

PSLIST_ENTRY
ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    PSLIST_ENTRY first;

    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    first = slist_lock(ListHead);
    slist_unlock(ListHead, NULL, -(LONG)(ListHead->Alignment & depth_mask));
    return first;
}

PSLIST_ENTRY
InterlockedPushListSList(PSLIST_HEADER ListHead, PSLIST_ENTRY List, PSLIST_ENTRY ListEnd,
                         ULONG Count)
{
    PSLIST_ENTRY first;

    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    first = slist_lock(ListHead);
    ListEnd->Next = first;
    slist_unlock(ListHead, List, (LONG)Count);
    return first;
}
