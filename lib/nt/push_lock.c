/*
 * Push locks ("ExInitializePushLock function"): a pointer-sized lock for readers and writers.
 * Threads that have to wait are in one queue of the machine, first come, first served; while one is
 * there the lock says so, and nobody gets past it.
 */
#include "nt/wait.h"

/* The word: a writer's bit, a bit for the queue, and above them the readers or the writer's number.
 */
enum { WRITER = 1, QUEUED = 2, READER_SHIFT = 2, ONE_READER = 1 << READER_SHIFT };

static ULONG_PTR
load(PULONG_PTR lock)
{
    return __atomic_load_n(lock, __ATOMIC_RELAXED);
}

static bool
replace(PULONG_PTR lock, ULONG_PTR from, ULONG_PTR to)
{
    return __atomic_compare_exchange_n(lock, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static ULONG_PTR
owned_by(const struct thread *thread)
{
    return (ULONG_PTR)thread->id << READER_SHIFT | WRITER;
}

static bool
try_acquire(PULONG_PTR lock, const struct thread *thread, bool exclusive)
{
    ULONG_PTR word = load(lock);

    while (exclusive ? word == 0 : (word & (WRITER | QUEUED)) == 0) {
        if (replace(lock, word, exclusive ? owned_by(thread) : word + ONE_READER)) {
            return true;
        }
        word = load(lock);
    }
    return false;
}

/* Under the dispatcher lock: the next in the queue of @lock, or NULL. */
static struct parked *
first_parked(struct pndis_machine *machine, const void *lock)
{
    for (LIST_ENTRY *at = machine->parked.Flink; at != &machine->parked; at = at->Flink) {
        struct parked *parked = CONTAINING_RECORD(at, struct parked, entry);

        if (parked->lock == lock) {
            return parked;
        }
    }
    return NULL;
}

/* Under the dispatcher lock, with nobody holding @lock: hand it to a writer, or to readers. */
static void
hand_over(struct pndis_machine *machine, PULONG_PTR lock)
{
    struct parked *parked = first_parked(machine, lock);
    ULONG_PTR word = 0;

    while (parked != NULL && (word == 0 || !parked->exclusive) && (word & WRITER) == 0) {
        word = parked->exclusive ? owned_by(parked->thread) : word + ONE_READER;
        RemoveEntryList(&parked->entry);
        pndis__unpark_locked(machine, parked);
        parked = first_parked(machine, lock);
    }
    __atomic_store_n(lock, word | (parked != NULL ? QUEUED : 0), __ATOMIC_RELEASE);
}

static void
acquire_slowly(struct context *context, PULONG_PTR lock, bool exclusive)
{
    struct thread *thread = pndis__thread_of(context);
    struct parked parked = {.lock = lock, .thread = thread, .exclusive = exclusive};

    pndis__lock(context->sched);
    for (;;) {
        ULONG_PTR word = load(lock);

        if (try_acquire(lock, thread, exclusive)) {
            pndis__unlock(context->sched);
            return;
        }
        if (word != 0 && replace(lock, word, word | QUEUED)) {
            break;
        }
    }
    InsertTailList(&context->machine->parked, &parked.entry);
    if (!pndis__park_locked(context, &parked)) {
        pndis__lock(context->sched);
        RemoveEntryList(&parked.entry);
        if (first_parked(context->machine, lock) == NULL) {
            __atomic_fetch_and(lock, ~(ULONG_PTR)QUEUED, __ATOMIC_RELAXED);
        }
        pndis__unlock(context->sched);
    }
}

static void
acquire(struct context *context, PULONG_PTR lock, bool exclusive, const char *call,
        const void *caller)
{
    struct thread *thread = pndis__thread_of(context);

    pndis__region_check(context, call, caller);
    if (try_acquire(lock, thread, exclusive)) {
        return;
    }
    if ((load(lock) & ~(ULONG_PTR)QUEUED) == owned_by(thread)) {
        pndis__report(context, RULE_MUTEX_RECURSION, NULL, call, caller,
                      "acquires a push lock that the thread holds already");
        return;
    }
    if (!pndis__wait_is_too_high(context, call, caller)) {
        acquire_slowly(context, lock, exclusive);
    }
}

/* Under the dispatcher lock, since somebody waits: the last one out hands over. */
static void
release_slowly(struct context *context, PULONG_PTR lock)
{
    ULONG_PTR word;

    pndis__lock(context->sched);
    word = load(lock);
    while ((word & WRITER) == 0 && word >> READER_SHIFT > 1) {
        if (replace(lock, word, word - ONE_READER)) {
            pndis__unlock(context->sched);
            return;
        }
        word = load(lock);
    }
    hand_over(context->machine, lock);
    pndis__unlock(context->sched);
}

static void
release(struct context *context, PULONG_PTR lock, bool exclusive, const char *call,
        const void *caller)
{
    ULONG_PTR word = load(lock);
    ULONG_PTR owned = owned_by(pndis__thread_of(context));
    bool held = exclusive ? (word & ~(ULONG_PTR)QUEUED) == owned
                          : (word & WRITER) == 0 && word >> READER_SHIFT != 0;

    if (!held) {
        pndis__report(context, RULE_RESOURCE_RELEASE, NULL, call, caller,
                      "releases a push lock that it does not hold for %s access",
                      exclusive ? "exclusive" : "shared");
        return;
    }
    while ((word & QUEUED) == 0) {
        if (replace(lock, word, exclusive ? 0 : word - ONE_READER)) {
            return;
        }
        word = load(lock);
    }
    release_slowly(context, lock);
}

VOID
ExInitializePushLock(PULONG_PTR PushLock)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    __atomic_store_n(PushLock, 0, __ATOMIC_RELAXED);
}

VOID
ExAcquirePushLockExclusiveEx(PULONG_PTR PushLock, ULONG Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    (void)Flags; /* Reserved: EX_DEFAULT_PUSH_LOCK_FLAGS. */
    acquire(context, PushLock, true, __func__, NT_CALLER());
}

VOID
ExAcquirePushLockSharedEx(PULONG_PTR PushLock, ULONG Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    (void)Flags;
    acquire(context, PushLock, false, __func__, NT_CALLER());
}

VOID
ExReleasePushLockExclusiveEx(PULONG_PTR PushLock, ULONG Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    (void)Flags;
    release(context, PushLock, true, __func__, NT_CALLER());
}

VOID
ExReleasePushLockSharedEx(PULONG_PTR PushLock, ULONG Flags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    (void)Flags;
    release(context, PushLock, false, __func__, NT_CALLER());
}
