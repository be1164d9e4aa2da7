/*
 * Fast mutexes and guarded mutexes, which are one structure ("Fast Mutexes and Guarded Mutexes").
 * The count is 1 when it is free, 0 when it is owned, and one less for every thread that waits for
 * the event.
 */
#include "nt/wait.h"

static bool
take_if_free(PFAST_MUTEX mutex)
{
    LONG is_free = 1;

    return __atomic_compare_exchange_n(&mutex->Count, &is_free, 0, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void
own(struct context *context, PFAST_MUTEX mutex, KIRQL before)
{
    __atomic_store_n(&mutex->Owner, (PVOID)pndis__thread_of(context), __ATOMIC_RELAXED);
    mutex->OldIrql = before;
}

static bool
is_owner(struct context *context, PFAST_MUTEX mutex)
{
    return __atomic_load_n(&mutex->Owner, __ATOMIC_RELAXED) == (PVOID)pndis__thread_of(context);
}

/* Returns false when it was not acquired, which has been reported. */
static bool
acquire(struct context *context, PFAST_MUTEX mutex, KIRQL before, const char *call,
        const void *caller)
{
    if (is_owner(context, mutex)) {
        pndis__report(context, RULE_MUTEX_RECURSION, NULL, call, caller,
                      "acquires a mutex that the thread holds already");
        return false;
    }
    if (pndis__wait_is_too_high(context, call, caller) && !take_if_free(mutex)) {
        return false;
    }
    pndis__header_check(context, &mutex->Event.Header, call, caller);
    if (context->irql < DISPATCH_LEVEL &&
        __atomic_fetch_sub(&mutex->Count, 1, __ATOMIC_ACQUIRE) != 1) {
        __atomic_fetch_add(&mutex->Contention, 1, __ATOMIC_RELAXED);
        pndis__wait_one(context, &mutex->Event.Header, SCHED_FOREVER);
    }
    own(context, mutex, before);
    return true;
}

static bool
release(struct context *context, PFAST_MUTEX mutex, const char *call, const void *caller)
{
    if (!is_owner(context, mutex)) {
        pndis__report(context, RULE_MUTEX_RELEASE, NULL, call, caller,
                      "releases a mutex that the thread does not hold");
        return false;
    }
    __atomic_store_n(&mutex->Owner, NULL, __ATOMIC_RELAXED);
    if (__atomic_fetch_add(&mutex->Count, 1, __ATOMIC_RELEASE) < 0) {
        pndis__event_set(context, &mutex->Event);
    }
    return true;
}

/* --- fast mutexes: at APC_LEVEL while held --- */

VOID
ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    KIRQL before = context->irql;

    if (before < APC_LEVEL) {
        pndis__irql_raise(context, APC_LEVEL);
    }
    if (!acquire(context, FastMutex, before, __func__, NT_CALLER())) {
        pndis__irql_lower(context, before);
    }
}

BOOLEAN
ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    KIRQL before = context->irql;

    if (!take_if_free(FastMutex)) {
        return FALSE;
    }
    if (before < APC_LEVEL) {
        pndis__irql_raise(context, APC_LEVEL);
    }
    own(context, FastMutex, before);
    return TRUE;
}

VOID
ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KIRQL before = (KIRQL)FastMutex->OldIrql;

    if (release(context, FastMutex, __func__, NT_CALLER()) && before < context->irql) {
        pndis__irql_lower(context, before);
    }
}

VOID
ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    pndis__region_check(context, __func__, NT_CALLER());
    acquire(context, FastMutex, context->irql, __func__, NT_CALLER());
}

VOID
ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    release(context, FastMutex, __func__, NT_CALLER());
}

/* --- guarded mutexes: in a guarded region while held --- */

VOID
KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    memset(Mutex, 0, sizeof(*Mutex));
    Mutex->Count = 1;
    pndis__header_init(&Mutex->Event.Header, KIND_SYNCHRONIZATION_EVENT, sizeof(KEVENT), 0);
}

VOID
KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    pndis__thread_of(context)->guarded_regions++;
    if (!acquire(context, Mutex, context->irql, __func__, NT_CALLER())) {
        pndis__thread_of(context)->guarded_regions--;
    }
}

BOOLEAN
KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    if (!take_if_free(Mutex)) {
        return FALSE;
    }
    pndis__thread_of(context)->guarded_regions++;
    own(context, Mutex, context->irql);
    return TRUE;
}

VOID
KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    if (release(context, Mutex, __func__, NT_CALLER())) {
        pndis__thread_of(context)->guarded_regions--;
    }
}

VOID
KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    pndis__region_check(context, __func__, NT_CALLER());
    acquire(context, FastMutex, context->irql, __func__, NT_CALLER());
}

VOID
KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX FastMutex)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    release(context, FastMutex, __func__, NT_CALLER());
}
