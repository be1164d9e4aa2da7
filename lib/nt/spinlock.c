/*
 * Spin locks: plain and queued ones ("Introduction to Spin Locks", "Queued Spin Locks").
 *
 * The word of a lock holds the number of its owner, so that taking a lock twice, giving back a
 * foreign one and using one that was never initialised are told apart. Queued locks keep their
 * handle, but not the order of a queue: on sim the seed decides who is next, on live the host's
 * processors do.
 */
#include "nt/nt.h"

#include "nt/irql.h"
#include "nt/spinlock.h"

void
pndis__lock_forget(struct context *context, const void *lock)
{
    unsigned count =
        context->locks_held < LOCKS_REMEMBERED ? context->locks_held : LOCKS_REMEMBERED;

    context->locks_held--;
    /* Nearly always the last one. */
    for (unsigned i = count; i-- > 0;) {
        if (context->locks[i] == lock) {
            for (; i + 1 < count; i++) {
                context->locks[i] = context->locks[i + 1];
            }
            return;
        }
    }
}

bool
pndis__lock_is_held(const struct context *context, const void *lock)
{
    unsigned count =
        context->locks_held < LOCKS_REMEMBERED ? context->locks_held : LOCKS_REMEMBERED;

    for (unsigned i = 0; i < count; i++) {
        if (context->locks[i] == lock) {
            return true;
        }
    }
    return false;
}

static bool
take_if_free(struct context *context, KSPIN_LOCK *lock)
{
    KSPIN_LOCK nobody = 0;

    return __atomic_compare_exchange_n(lock, &nobody, context->number, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Whether @word cannot be the word of a lock: contexts are numbered from 1. */
static bool
is_garbage(const struct context *context, KSPIN_LOCK word)
{
    return word > __atomic_load_n(&context->sched->context_count, __ATOMIC_RELAXED);
}

static void __attribute__((noinline))
acquire_slowly(struct context *context, KSPIN_LOCK *lock, const char *call, const void *caller)
{
    KSPIN_LOCK word = __atomic_load_n(lock, __ATOMIC_RELAXED);

    if (word == context->number) {
        pndis__report(context, RULE_SPIN_LOCK_RECURSION, NULL, call, caller,
                      "acquires a spin lock that it holds already");
        return;
    }
    if (is_garbage(context, word)) {
        pndis__report(context, RULE_SPIN_LOCK_INITIALIZE, NULL, call, caller,
                      "acquires a spin lock that was not initialised, or was overwritten");
        __atomic_store_n(lock, context->number, __ATOMIC_RELAXED);
        pndis__lock_remember(context, lock);
        return;
    }
    for (unsigned turn = 0; !take_if_free(context, lock); turn++) {
        context->sched->ops->spin(context, lock, turn);
    }
    pndis__lock_remember(context, lock);
}

static inline void
acquire(struct context *context, KSPIN_LOCK *lock, const char *call, const void *caller)
{
    if (__builtin_expect(take_if_free(context, lock), 1)) {
        pndis__lock_remember(context, lock);
    } else {
        acquire_slowly(context, lock, call, caller);
    }
    PROBE(context, LOCK, .name = "acquire", .object = lock);
}

static inline void
release(struct context *context, KSPIN_LOCK *lock, const char *call, const void *caller)
{
    KSPIN_LOCK word = __atomic_load_n(lock, __ATOMIC_RELAXED);

    if (__builtin_expect(word != context->number, 0)) {
        pndis__report(context, RULE_SPIN_LOCK_RELEASE, NULL, call, caller,
                      word == 0 ? "releases a spin lock that nobody holds"
                                : "releases a spin lock that another context holds");
        return;
    }
    PROBE(context, LOCK, .name = "release", .object = lock);
    pndis__lock_forget(context, lock);
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    if (__builtin_expect(context->sched->spinning_count != 0, 0)) {
        context->sched->ops->spin_end(context->sched, lock);
    }
}

/* --- for pndis --- */

void
pndis__spin_acquire(struct context *context, KSPIN_LOCK *lock)
{
    acquire(context, lock, "KeAcquireSpinLock", NULL);
}

bool
pndis__spin_try(struct context *context, KSPIN_LOCK *lock)
{
    if (!take_if_free(context, lock)) {
        return false;
    }
    pndis__lock_remember(context, lock);
    PROBE(context, LOCK, .name = "acquire", .object = lock);
    return true;
}

void
pndis__spin_release(struct context *context, KSPIN_LOCK *lock)
{
    release(context, lock, "KeReleaseSpinLock", NULL);
}

void
pndis__spin_abandon(struct context *context, unsigned count)
{
    while (context->locks_held > count && context->locks_held <= LOCKS_REMEMBERED) {
        unsigned before = context->locks_held;
        const void *held = context->locks[before - 1];

        if (((uintptr_t)held & RW_TAGS) != 0) {
            pndis__rw_spin_abandon(context, held);
        } else {
            pndis__spin_release(context, (KSPIN_LOCK *)(uintptr_t)held);
        }
        if (context->locks_held == before) {
            break; /* Its memory says otherwise by now. */
        }
    }
    context->locks_held = (uint16_t)count;
}

/* --- plain locks --- */

VOID
KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    __atomic_store_n(SpinLock, 0, __ATOMIC_RELAXED);
}

static inline KIRQL
raise_and_acquire(struct context *context, PKSPIN_LOCK lock, const char *call, const void *caller)
{
    KIRQL before = context->irql;

    if (before != DISPATCH_LEVEL) {
        before = pndis__irql_raise_checked(context, DISPATCH_LEVEL, call, caller);
    }
    acquire(context, lock, call, caller);
    return before;
}

static inline void
release_and_lower(struct context *context, PKSPIN_LOCK lock, KIRQL level, const char *call,
                  const void *caller)
{
    release(context, lock, call, caller);
    if (level != context->irql) {
        pndis__irql_lower_checked(context, level, call, caller);
    }
}

KIRQL
KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return raise_and_acquire(context, SpinLock, __func__, NT_CALLER());
}

VOID
KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    release_and_lower(context, SpinLock, NewIrql, __func__, NT_CALLER());
}

VOID
KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    acquire(context, SpinLock, __func__, NT_CALLER());
}

VOID
KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    release(context, SpinLock, __func__, NT_CALLER());
}

BOOLEAN
KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    return pndis__spin_try(context, SpinLock);
}

BOOLEAN
KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return __atomic_load_n(SpinLock, __ATOMIC_ACQUIRE) == 0;
}

/* For threaded DPCs, which run at DISPATCH_LEVEL here as they may on Windows. */
KIRQL
KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return raise_and_acquire(context, SpinLock, __func__, NT_CALLER());
}

VOID
KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    release_and_lower(context, SpinLock, OldIrql, __func__, NT_CALLER());
}

/* --- queued locks --- */

static void
handle_init(PKLOCK_QUEUE_HANDLE handle, PKSPIN_LOCK lock)
{
    handle->LockQueue.Next = NULL;
    handle->LockQueue.Lock = lock;
    handle->OldIrql = DISPATCH_LEVEL;
}

VOID
KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    handle_init(LockHandle, SpinLock);
    LockHandle->OldIrql = raise_and_acquire(context, SpinLock, __func__, NT_CALLER());
}

VOID
KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    release_and_lower(context, LockHandle->LockQueue.Lock, LockHandle->OldIrql, __func__,
                      NT_CALLER());
}

VOID
KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    handle_init(LockHandle, SpinLock);
    acquire(context, SpinLock, __func__, NT_CALLER());
}

VOID
KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, HIGH_LEVEL);

    release(context, LockHandle->LockQueue.Lock, __func__, NT_CALLER());
}

VOID
KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    handle_init(LockHandle, SpinLock);
    LockHandle->OldIrql = raise_and_acquire(context, SpinLock, __func__, NT_CALLER());
}

VOID
KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    release_and_lower(context, LockHandle->LockQueue.Lock, LockHandle->OldIrql, __func__,
                      NT_CALLER());
}
