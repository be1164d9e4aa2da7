/* NDIS spin locks and read/write locks. */
#include "ndis/adapter.h"

#include <stdlib.h>

/* --- spin locks --- */

/* "NdisAllocateSpinLock function". Any IRQL. The storage stays the caller's. */
VOID
NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    KeInitializeSpinLock(&SpinLock->SpinLock);
    SpinLock->OldIrql = PASSIVE_LEVEL;
    pndis__acquired(context, RESOURCE_SPIN_LOCK, SpinLock, 0, 0, NULL, __func__, NT_CALLER());
}

/* "NdisFreeSpinLock function". Any IRQL. Nobody holds it. */
VOID
NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (__atomic_load_n(&SpinLock->SpinLock, __ATOMIC_RELAXED) != 0) {
        pndis__report(context, RULE_SPIN_LOCK_RELEASE, NULL, __func__, NT_CALLER(),
                      "a spin lock is freed while it is held");
    }
    pndis__released(context, RESOURCE_SPIN_LOCK, SpinLock, __func__);
}

/* --- read/write locks --- */

/*
 * Readers count in @readers; a writer sets @writer and waits until there are none. Waiting writers
 * keep new readers out, except those that read already: recursion is allowed.
 */
struct rw_lock {
    uint32_t readers;
    uint32_t writer; /* The number of the context that has it, or waits first in line for it. */
    uint32_t depth;  /* Of the writer's recursion. */
    uint32_t processors[CPU_LIMIT]; /* Read acquisitions per processor, for recursion. */
};

struct _NDIS_RW_LOCK_EX {
    struct handle handle;
    struct possession possession;
    struct rw_lock lock;
};

/* What LOCK_STATE_EX.LockState says between acquire and release. */
enum lock_state { LOCK_STATE_FREE = 0, LOCK_STATE_READ = 3, LOCK_STATE_WRITE = 2 };

static uint32_t *
own_reads(struct rw_lock *lock, const struct context *context)
{
    return &lock->processors[context->cpu->number];
}

static bool
try_read(struct rw_lock *lock, struct context *context)
{
    uint32_t writer = __atomic_load_n(&lock->writer, __ATOMIC_SEQ_CST);

    if (writer != 0 && writer != context->number && *own_reads(lock, context) == 0) {
        return false;
    }
    __atomic_fetch_add(&lock->readers, 1, __ATOMIC_SEQ_CST);
    writer = __atomic_load_n(&lock->writer, __ATOMIC_SEQ_CST);
    if (writer != 0 && writer != context->number && *own_reads(lock, context) == 0) {
        __atomic_fetch_sub(&lock->readers, 1, __ATOMIC_SEQ_CST);
        context->sched->ops->spin_end(context->sched, lock);
        return false;
    }
    ++*own_reads(lock, context);
    return true;
}

static void
acquire_read(struct rw_lock *lock, struct context *context)
{
    for (unsigned turn = 0; !try_read(lock, context); turn++) {
        context->sched->ops->spin(context, lock, turn);
    }
}

static void
acquire_write(struct rw_lock *lock, struct context *context)
{
    uint32_t nobody = 0;

    if (__atomic_load_n(&lock->writer, __ATOMIC_SEQ_CST) == context->number) {
        lock->depth++;
        return;
    }
    for (unsigned turn = 0; !__atomic_compare_exchange_n(&lock->writer, &nobody, context->number,
                                                         false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
         turn++) {
        nobody = 0;
        context->sched->ops->spin(context, lock, turn);
    }
    for (unsigned turn = 0; __atomic_load_n(&lock->readers, __ATOMIC_SEQ_CST) != 0; turn++) {
        context->sched->ops->spin(context, lock, turn);
    }
    lock->depth = 1;
}

static bool
release_read(struct rw_lock *lock, struct context *context)
{
    if (*own_reads(lock, context) == 0) {
        return false;
    }
    --*own_reads(lock, context);
    __atomic_fetch_sub(&lock->readers, 1, __ATOMIC_SEQ_CST);
    context->sched->ops->spin_end(context->sched, lock);
    return true;
}

static bool
release_write(struct rw_lock *lock, struct context *context)
{
    if (__atomic_load_n(&lock->writer, __ATOMIC_SEQ_CST) != context->number) {
        return false;
    }
    if (--lock->depth == 0) {
        __atomic_store_n(&lock->writer, 0, __ATOMIC_SEQ_CST);
        context->sched->ops->spin_end(context->sched, lock);
    }
    return true;
}

/* "No upgrade from read to write": it would wait for itself. */
static bool
upgrades(struct rw_lock *lock, struct context *context, const char *call, const void *caller)
{
    if (*own_reads(lock, context) == 0 ||
        __atomic_load_n(&lock->writer, __ATOMIC_SEQ_CST) == context->number) {
        return false;
    }
    pndis__report(context, RULE_RW_LOCK_UPGRADE, NULL, call, caller,
                  "a read/write lock is acquired for writing by a processor that reads");
    return true;
}

static void
report_release(struct context *context, const char *call, const void *caller)
{
    pndis__report(context, RULE_RW_LOCK_RELEASE, NULL, call, caller,
                  "a read/write lock is released that this processor has not acquired so");
}

/* --- NDIS 6.20 and later --- */

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct _NDIS_RW_LOCK_EX, handle));
}

static void
reclaim(struct context *context, struct possession *possession)
{
    struct _NDIS_RW_LOCK_EX *lock =
        CONTAINING_RECORD(possession, struct _NDIS_RW_LOCK_EX, possession);

    pndis__handle_retire(pndis__handles_of(context->machine), &lock->handle);
}

/* "NdisAllocateRWLock function". IRQL <= DISPATCH_LEVEL. NULL: no memory. */
PNDIS_RW_LOCK_EX
NdisAllocateRWLock(NDIS_HANDLE NdisHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct _NDIS_RW_LOCK_EX *lock;
    struct owner *owner;

    if (!pndis__owner_of_handle(context, NdisHandle, __func__, caller, &owner) ||
        pndis__fault(context)) {
        return NULL;
    }
    lock = calloc(1, sizeof(*lock));
    if (lock == NULL) {
        return NULL;
    }
    pndis__handle_add(pndis__handles_of(context->machine), &lock->handle, HANDLE_RW_LOCK,
                      owner != NULL ? owner : pndis__running_owner(context), context->machine,
                      free_memory);
    pndis__possession_of_handle(context, NdisHandle, &lock->possession, reclaim);
    pndis__acquired(context, RESOURCE_RW_LOCK, lock, 0, 0, owner, __func__, caller);
    return lock;
}

/* "NdisFreeRWLock function". IRQL <= DISPATCH_LEVEL. Nobody holds it. */
VOID
NdisFreeRWLock(PNDIS_RW_LOCK_EX Lock)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();

    if (pndis__handle(context, Lock, HANDLE_BIT(RW_LOCK), __func__, caller) == NULL) {
        return;
    }
    if (Lock->lock.writer != 0 || Lock->lock.readers != 0) {
        report_release(context, __func__, caller);
    }
    pndis__released(context, RESOURCE_RW_LOCK, Lock, __func__);
    pndis__possession_remove(&Lock->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &Lock->handle);
}

/* A lock that is none is reported, and then not there: the level stays as it is. */
static bool
lock_ok(struct context *context, PNDIS_RW_LOCK_EX lock, PLOCK_STATE_EX state, const char *call,
        const void *caller)
{
    if (handle_ok(context, lock, HANDLE_RW_LOCK, call, caller)) {
        return true;
    }
    state->OldIrql = context->irql;
    state->LockState = LOCK_STATE_FREE;
    return false;
}

static KIRQL
raise_for(struct context *context, UCHAR flags, const char *call, const void *caller)
{
    bool at_dispatch = (flags & NDIS_RWL_AT_DISPATCH_LEVEL) != 0;

    if (at_dispatch && context->irql < DISPATCH_LEVEL) {
        pndis__report(context, RULE_DISPATCH_FLAG, NULL, call, caller,
                      "NDIS_RWL_AT_DISPATCH_LEVEL at IRQL %u", context->irql);
    }
    return pndis__irql_raise(context, max(context->irql, (KIRQL)DISPATCH_LEVEL));
}

/*
 * "NdisAcquireRWLockRead function". IRQL <= DISPATCH_LEVEL; DISPATCH_LEVEL afterwards.
 * @LockState is the acquisition's own, for NdisReleaseRWLock. Recursion is allowed.
 */
VOID
NdisAcquireRWLockRead(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    if (!lock_ok(context, Lock, LockState, __func__, NT_CALLER())) {
        return;
    }
    LockState->OldIrql = raise_for(context, Flags, __func__, NT_CALLER());
    LockState->LockState = LOCK_STATE_READ;
    LockState->Flags = Flags;
    acquire_read(&Lock->lock, context);
    context->locks_held++;
}

/* "NdisAcquireRWLockWrite function". As NdisAcquireRWLockRead; not while this processor reads. */
VOID
NdisAcquireRWLockWrite(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    if (!lock_ok(context, Lock, LockState, __func__, NT_CALLER())) {
        return;
    }
    LockState->OldIrql = raise_for(context, Flags, __func__, NT_CALLER());
    LockState->Flags = Flags;
    if (upgrades(&Lock->lock, context, __func__, NT_CALLER())) {
        LockState->LockState = LOCK_STATE_READ;
        acquire_read(&Lock->lock, context);
    } else {
        LockState->LockState = LOCK_STATE_WRITE;
        acquire_write(&Lock->lock, context);
    }
    context->locks_held++;
}

static void
let_go(struct context *context, KIRQL old_irql)
{
    if (context->locks_held > 0) {
        context->locks_held--;
    }
    pndis__irql_lower(context, old_irql);
}

static void
release(struct rw_lock *lock, struct context *context, UCHAR state, KIRQL old_irql,
        const char *call, const void *caller)
{
    bool released =
        state == LOCK_STATE_WRITE ? release_write(lock, context) : release_read(lock, context);

    if (!released) {
        report_release(context, call, caller);
        return;
    }
    let_go(context, old_irql);
}

/*
 * "NdisReleaseRWLock function". IRQL: DISPATCH_LEVEL, on the processor that acquired it.
 * A lock that was freed in between is reported; the level is what it was before it was acquired.
 */
VOID
NdisReleaseRWLock(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (!handle_ok(context, Lock, HANDLE_RW_LOCK, __func__, NT_CALLER())) {
        if (context->cpu != NULL && LockState->LockState != LOCK_STATE_FREE) {
            let_go(context, LockState->OldIrql);
        }
        LockState->LockState = LOCK_STATE_FREE;
        return;
    }
    if (context->cpu == NULL || LockState->LockState == LOCK_STATE_FREE) {
        report_release(context, __func__, NT_CALLER());
        return;
    }
    release(&Lock->lock, context, LockState->LockState, LockState->OldIrql, __func__, NT_CALLER());
    LockState->LockState = LOCK_STATE_FREE;
}

/* --- NDIS 6.0 and 6.1 --- */

/* NDIS_RW_LOCK lies in the driver's memory and is large enough for the lock itself. */
static struct rw_lock *
lock_in(PNDIS_RW_LOCK Lock)
{
    return (struct rw_lock *)Lock;
}

C_ASSERT(sizeof(struct rw_lock) <= sizeof(NDIS_RW_LOCK));

/* "NdisInitializeReadWriteLock function". Any IRQL. Deprecated from NDIS 6.20. */
VOID
NdisInitializeReadWriteLock(PNDIS_RW_LOCK Lock)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    memset(Lock, 0, sizeof(*Lock));
}

static void
acquire_old(struct context *context, PNDIS_RW_LOCK Lock, BOOLEAN write, PLOCK_STATE LockState,
            const char *call, const void *caller)
{
    struct rw_lock *lock = lock_in(Lock);

    LockState->OldIrql = pndis__irql_raise(context, max(context->irql, (KIRQL)DISPATCH_LEVEL));
    if (write && !upgrades(lock, context, call, caller)) {
        LockState->LockState = LOCK_STATE_WRITE;
        acquire_write(lock, context);
    } else {
        LockState->LockState = LOCK_STATE_READ;
        acquire_read(lock, context);
    }
    context->locks_held++;
}

static void
release_old(struct context *context, PNDIS_RW_LOCK Lock, PLOCK_STATE LockState, const char *call,
            const void *caller)
{
    if (context->cpu == NULL || LockState->LockState == LOCK_STATE_FREE) {
        report_release(context, call, caller);
        return;
    }
    release(lock_in(Lock), context, (UCHAR)LockState->LockState, LockState->OldIrql, call, caller);
    LockState->LockState = LOCK_STATE_FREE;
}

/* "NdisAcquireReadWriteLock function". IRQL <= DISPATCH_LEVEL; DISPATCH_LEVEL afterwards. */
VOID
NdisAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN fWrite, PLOCK_STATE LockState)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    acquire_old(context, Lock, fWrite, LockState, __func__, NT_CALLER());
}

/* "NdisReleaseReadWriteLock function". IRQL: DISPATCH_LEVEL. */
VOID
NdisReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    release_old(context, Lock, LockState, __func__, NT_CALLER());
}

/* "NdisDprAcquireReadWriteLock function". IRQL: DISPATCH_LEVEL. */
VOID
NdisDprAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN fWrite, PLOCK_STATE LockState)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    acquire_old(context, Lock, fWrite, LockState, __func__, NT_CALLER());
}

/* "NdisDprReleaseReadWriteLock function". IRQL: DISPATCH_LEVEL. */
VOID
NdisDprReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    release_old(context, Lock, LockState, __func__, NT_CALLER());
}
