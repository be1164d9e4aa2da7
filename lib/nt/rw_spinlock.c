/*
 * Reader/writer spin locks ("Reader/Writer Spin Locks"). A writer that waits keeps new readers out.
 * Acquiring one that the context holds already is reported, for readers too.
 */
#include "nt/nt.h"

#include "nt/irql.h"
#include "nt/spinlock.h"

/* The word: a writer's bit, the bit of a writer that waits, and the number of readers. */
static const LONG writer_bit = (LONG)0x80000000;
static const LONG waiting_bit = 0x40000000;
static const LONG reader_mask = 0x3fffffff;

static const void *
tagged(PEX_SPIN_LOCK lock, unsigned tag)
{
    return (const char *)lock + tag;
}

static bool
is_recursion(struct context *context, PEX_SPIN_LOCK lock, const char *call, const void *caller)
{
    if (context->locks_held == 0 || (!pndis__lock_is_held(context, tagged(lock, RW_SHARED)) &&
                                     !pndis__lock_is_held(context, tagged(lock, RW_EXCLUSIVE)))) {
        return false;
    }
    pndis__report(context, RULE_SPIN_LOCK_RECURSION, NULL, call, caller,
                  "acquires a reader/writer spin lock that it holds already");
    return true;
}

static bool
try_shared(PEX_SPIN_LOCK lock)
{
    LONG word = __atomic_load_n(lock, __ATOMIC_RELAXED);

    return (word & (writer_bit | waiting_bit)) == 0 &&
           __atomic_compare_exchange_n(lock, &word, word + 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static bool
try_exclusive(PEX_SPIN_LOCK lock)
{
    LONG word = __atomic_load_n(lock, __ATOMIC_RELAXED);

    return (word & ~waiting_bit) == 0 &&
           __atomic_compare_exchange_n(lock, &word, writer_bit, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void
acquire_shared(struct context *context, PEX_SPIN_LOCK lock, const char *call, const void *caller)
{
    if (is_recursion(context, lock, call, caller)) {
        return;
    }
    for (unsigned turn = 0; !try_shared(lock); turn++) {
        context->sched->ops->spin(context, (const void *)lock, turn);
    }
    pndis__lock_remember(context, tagged(lock, RW_SHARED));
    PROBE(context, LOCK, .name = "acquire", .object = (const void *)lock);
}

static void
acquire_exclusive(struct context *context, PEX_SPIN_LOCK lock, const char *call, const void *caller)
{
    if (is_recursion(context, lock, call, caller)) {
        return;
    }
    for (unsigned turn = 0; !try_exclusive(lock); turn++) {
        __atomic_fetch_or(lock, waiting_bit, __ATOMIC_RELAXED);
        /* It may have become free before the bit was set. */
        if (try_exclusive(lock)) {
            break;
        }
        context->sched->ops->spin(context, (const void *)lock, turn);
    }
    pndis__lock_remember(context, tagged(lock, RW_EXCLUSIVE));
    PROBE(context, LOCK, .name = "acquire", .object = (const void *)lock);
}

static void
release(struct context *context, PEX_SPIN_LOCK lock, unsigned tag, const char *call,
        const void *caller)
{
    LONG word = __atomic_load_n(lock, __ATOMIC_RELAXED);
    bool held = tag == RW_EXCLUSIVE ? (word & writer_bit) != 0
                                    : (word & writer_bit) == 0 && (word & reader_mask) != 0;

    if (!held || (context->locks_held <= LOCKS_REMEMBERED &&
                  !pndis__lock_is_held(context, tagged(lock, tag)))) {
        pndis__report(context, RULE_SPIN_LOCK_RELEASE, NULL, call, caller,
                      "releases a reader/writer spin lock that it does not hold for %s access",
                      tag == RW_EXCLUSIVE ? "exclusive" : "shared");
        return;
    }
    PROBE(context, LOCK, .name = "release", .object = (const void *)lock);
    pndis__lock_forget(context, tagged(lock, tag));
    if (tag == RW_EXCLUSIVE) {
        __atomic_fetch_and(lock, ~writer_bit, __ATOMIC_RELEASE);
    } else {
        __atomic_fetch_sub(lock, 1, __ATOMIC_RELEASE);
    }
    context->sched->ops->spin_end(context->sched, (const void *)lock);
}

void
pndis__rw_spin_abandon(struct context *context, const void *tagged_lock)
{
    unsigned tag = (unsigned)((uintptr_t)tagged_lock & RW_TAGS);

    release(context, (PEX_SPIN_LOCK)((uintptr_t)tagged_lock - tag), tag, "ExReleaseSpinLock", NULL);
}

/* --- raising --- */

KIRQL
ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    KIRQL before = pndis__irql_raise_checked(context, DISPATCH_LEVEL, __func__, NT_CALLER());

    acquire_exclusive(context, SpinLock, __func__, NT_CALLER());
    return before;
}

KIRQL
ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    KIRQL before = pndis__irql_raise_checked(context, DISPATCH_LEVEL, __func__, NT_CALLER());

    acquire_shared(context, SpinLock, __func__, NT_CALLER());
    return before;
}

VOID
ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    release(context, SpinLock, RW_EXCLUSIVE, __func__, NT_CALLER());
    pndis__irql_lower_checked(context, OldIrql, __func__, NT_CALLER());
}

VOID
ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    release(context, SpinLock, RW_SHARED, __func__, NT_CALLER());
    pndis__irql_lower_checked(context, OldIrql, __func__, NT_CALLER());
}

/* --- at DISPATCH_LEVEL already --- */

VOID
ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    acquire_exclusive(context, SpinLock, __func__, NT_CALLER());
}

VOID
ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    acquire_shared(context, SpinLock, __func__, NT_CALLER());
}

VOID
ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    release(context, SpinLock, RW_EXCLUSIVE, __func__, NT_CALLER());
}

VOID
ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    release(context, SpinLock, RW_SHARED, __func__, NT_CALLER());
}

/* --- only if it is free --- */

LOGICAL
ExTryAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    if (!try_exclusive(SpinLock)) {
        return FALSE;
    }
    pndis__lock_remember(context, tagged(SpinLock, RW_EXCLUSIVE));
    return TRUE;
}

LOGICAL
ExTryAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    if (is_recursion(context, SpinLock, __func__, NT_CALLER()) || !try_shared(SpinLock)) {
        return FALSE;
    }
    pndis__lock_remember(context, tagged(SpinLock, RW_SHARED));
    return TRUE;
}

/* The caller is the only reader and no writer waits, or nothing changes. */
LOGICAL
ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);
    LONG one_reader = 1;

    if (!pndis__lock_is_held(context, tagged(SpinLock, RW_SHARED))) {
        pndis__report(context, RULE_SPIN_LOCK_RELEASE, NULL, __func__, NT_CALLER(),
                      "converts a reader/writer spin lock that it does not hold for shared access");
        return FALSE;
    }
    if (!__atomic_compare_exchange_n(SpinLock, &one_reader, writer_bit, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        return FALSE;
    }
    pndis__lock_forget(context, tagged(SpinLock, RW_SHARED));
    pndis__lock_remember(context, tagged(SpinLock, RW_EXCLUSIVE));
    return TRUE;
}
