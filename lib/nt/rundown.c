/*
 * Run-down protection ("Run-Down Protection"). The word counts references in steps of two; its
 * lowest bit says that run down has begun, and then the rest is the waiter, who counts what is
 * still out.
 *
 * The cache-aware form has one word as well: what it saves on Windows, traffic between processors,
 * is not saved here.
 */
#include "nt/nt.h"

#include "nt/pool.h"
#include "nt/wait.h"
#include "nt/watch.h"

#include <pndis/error.h>

enum { RUN_DOWN = 1, ONE_REFERENCE = 2 };

struct rundown_waiter {
    ULONG_PTR left; /* References. */
    DISPATCHER_HEADER done;
    struct watched watched;
} __attribute__((aligned(16)));

struct _EX_RUNDOWN_REF_CACHE_AWARE {
    EX_RUNDOWN_REF reference;
};

static bool
acquire(PEX_RUNDOWN_REF reference, ULONG count)
{
    ULONG_PTR word = __atomic_load_n(&reference->Count, __ATOMIC_RELAXED);

    while ((word & RUN_DOWN) == 0) {
        if (__atomic_compare_exchange_n(&reference->Count, &word,
                                        word + (ULONG_PTR)count * ONE_REFERENCE, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

static void
report_release(struct context *context, const char *call, const void *caller)
{
    pndis__report(context, RULE_RESOURCE_RELEASE, NULL, call, caller,
                  "releases run-down protection that is not held");
}

/* The rundown has begun: tell the waiter. Its memory is gone once the last reference is. */
static void
release_to_waiter(struct context *context, ULONG_PTR word, ULONG count, const char *call,
                  const void *caller)
{
    struct rundown_waiter *waiter = (struct rundown_waiter *)(word & ~(ULONG_PTR)RUN_DOWN);
    bool fits;

    pndis__lock(context->sched);
    fits = waiter != NULL && waiter->left >= count;
    if (fits) {
        waiter->left -= count;
        if (waiter->left == 0) {
            set_state(&waiter->done, 1);
            pndis__wake_waiters_locked(context->machine, &waiter->done);
        }
    }
    pndis__unlock(context->sched);
    if (!fits) {
        report_release(context, call, caller);
    }
}

static void
release(struct context *context, PEX_RUNDOWN_REF reference, ULONG count, const char *call,
        const void *caller)
{
    ULONG_PTR step = (ULONG_PTR)count * ONE_REFERENCE;
    ULONG_PTR word = __atomic_load_n(&reference->Count, __ATOMIC_ACQUIRE);

    while ((word & RUN_DOWN) == 0) {
        if (word < step) {
            report_release(context, call, caller);
            return;
        }
        if (__atomic_compare_exchange_n(&reference->Count, &word, word - step, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return;
        }
    }
    release_to_waiter(context, word, count, call, caller);
}

static void
wait_for_release(struct context *context, PEX_RUNDOWN_REF reference, const char *call,
                 const void *caller)
{
    struct rundown_waiter waiter;
    ULONG_PTR word = __atomic_load_n(&reference->Count, __ATOMIC_ACQUIRE);
    ULONG_PTR next;

    pndis__header_init(&waiter.done, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    do {
        if ((word & RUN_DOWN) != 0) {
            return; /* Running down twice is allowed. */
        }
        waiter.left = word / ONE_REFERENCE;
        next = waiter.left == 0 ? RUN_DOWN : (ULONG_PTR)&waiter | RUN_DOWN;
    } while (!__atomic_compare_exchange_n(&reference->Count, &word, next, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    if (next == RUN_DOWN) {
        return;
    }
    if (!pndis__wait_is_too_high(context, call, caller)) {
        pndis__watch_add(context->machine, &waiter.watched, reference, WATCH_RUNDOWN);
        pndis__wait_one(context, &waiter.done, SCHED_FOREVER);
        pndis__watch_remove(context->machine, &waiter.watched);
    }
    __atomic_store_n(&reference->Count, RUN_DOWN, __ATOMIC_RELEASE);
}

/* --- plain --- */

VOID
ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    __atomic_store_n(&RunRef->Count, 0, __ATOMIC_RELEASE);
}

VOID
ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    __atomic_store_n(&RunRef->Count, 0, __ATOMIC_RELEASE);
}

VOID
ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    __atomic_store_n(&RunRef->Count, RUN_DOWN, __ATOMIC_RELEASE);
}

BOOLEAN
ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return acquire(RunRef, 1);
}

BOOLEAN
ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return acquire(RunRef, Count);
}

VOID
ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    release(context, RunRef, 1, __func__, NT_CALLER());
}

VOID
ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    release(context, RunRef, Count, __func__, NT_CALLER());
}

VOID
ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    wait_for_release(context, RunRef, __func__, NT_CALLER());
}

/* --- cache-aware --- */

SIZE_T
ExSizeOfRundownProtectionCacheAware(VOID)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return sizeof(struct _EX_RUNDOWN_REF_CACHE_AWARE);
}

PEX_RUNDOWN_REF_CACHE_AWARE
ExAllocateCacheAwareRundownProtection(POOL_TYPE PoolType, ULONG PoolTag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return pndis__pool_take(context, (PoolType & 1) != 0 ? POOL_PAGED : POOL_NONPAGED,
                            sizeof(struct _EX_RUNDOWN_REF_CACHE_AWARE), PoolTag, POOL_FILL_ZERO,
                            __func__, NT_CALLER());
}

VOID
ExFreeCacheAwareRundownProtection(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    pndis__pool_give(context, RunRefCacheAware, 0, __func__, NT_CALLER());
}

VOID
ExInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
                                        SIZE_T RunRefSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    if (RunRefSize < sizeof(*RunRefCacheAware)) {
        pndis__report(context, RULE_BUFFER_LENGTH, NULL, __func__, NT_CALLER(),
                      "gives %zu bytes, and ExSizeOfRundownProtectionCacheAware asks for %zu",
                      (size_t)RunRefSize, sizeof(*RunRefCacheAware));
    }
    __atomic_store_n(&RunRefCacheAware->reference.Count, 0, __ATOMIC_RELEASE);
}

VOID
ExReInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    __atomic_store_n(&RunRefCacheAware->reference.Count, 0, __ATOMIC_RELEASE);
}

VOID
ExRundownCompletedCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    __atomic_store_n(&RunRefCacheAware->reference.Count, RUN_DOWN, __ATOMIC_RELEASE);
}

BOOLEAN
ExAcquireRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return acquire(&RunRefCacheAware->reference, 1);
}

BOOLEAN
ExAcquireRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware, ULONG Count)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return acquire(&RunRefCacheAware->reference, Count);
}

VOID
ExReleaseRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    release(context, &RunRefCacheAware->reference, 1, __func__, NT_CALLER());
}

VOID
ExReleaseRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRef, ULONG Count)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    release(context, &RunRef->reference, Count, __func__, NT_CALLER());
}

VOID
ExWaitForRundownProtectionReleaseCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRef)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    wait_for_release(context, &RunRef->reference, __func__, NT_CALLER());
}
