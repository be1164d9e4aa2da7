/*
 * Waiting, for everything in lib/nt: all of it comes down to one sleep in wait.c.
 *
 * A signal is handed over: whoever signals an object gives it to the first waiter that can go on
 * with it, under the dispatcher lock, so that nobody can take it away before that waiter runs. What
 * is "_locked" is called under the dispatcher lock (pndis__lock).
 */
#ifndef PNDIS_LIB_NT_WAIT_H
#define PNDIS_LIB_NT_WAIT_H

#include "nt/nt.h"

/* DISPATCHER_HEADER.Type, as the kernel numbers its objects. */
enum object_kind {
    KIND_NOTIFICATION_EVENT = 0,
    KIND_SYNCHRONIZATION_EVENT = 1,
    KIND_MUTANT = 2,
    KIND_SEMAPHORE = 5,
    KIND_THREAD = 6,
    KIND_NOTIFICATION_TIMER = 8,
    KIND_SYNCHRONIZATION_TIMER = 9,
};

void pndis__header_init(DISPATCHER_HEADER *header, enum object_kind kind, size_t bytes, LONG state);
/* Report an object that was never initialised, and make it one. */
void pndis__header_check(struct context *context, DISPATCHER_HEADER *header, const char *call,
                         const void *caller);

static inline LONG
state_of(const DISPATCHER_HEADER *header)
{
    return __atomic_load_n(&header->SignalState, __ATOMIC_SEQ_CST);
}

static inline void
set_state(DISPATCHER_HEADER *header, LONG state)
{
    __atomic_store_n(&header->SignalState, state, __ATOMIC_SEQ_CST);
}

/* @header is signalled now: let those go on that wait for it. */
void pndis__wake_waiters_locked(struct pndis_machine *machine, DISPATCHER_HEADER *header);

/*
 * When a driver's timeout ends, on the machine's clock: negative is relative, positive a system
 * time, in units of 100 ns. NULL is SCHED_FOREVER, and what has passed is 0.
 */
uint64_t pndis__deadline_of(struct context *context, const LARGE_INTEGER *timeout);

/*
 * The driver's wait for one object, after its checks. Returns what KeWaitForSingleObject does.
 * @deadline 0 does not wait.
 */
NTSTATUS pndis__wait_one(struct context *context, DISPATCHER_HEADER *header, uint64_t deadline_ns);

/* Report a wait at DISPATCH_LEVEL or above; false when there is nothing to report. */
bool pndis__wait_is_too_high(struct context *context, const char *call, const void *caller);

/* Set or reset an event of pndis' own. */
void pndis__event_set(struct context *context, KEVENT *event);
void pndis__event_reset(struct context *context, KEVENT *event);

/* --- queues of locks that are not dispatcher objects --- */

/* A thread in such a queue; on its own stack. */
struct parked {
    LIST_ENTRY entry; /* The lock's. */
    const void *lock;
    struct thread *thread;
    bool exclusive;
    DISPATCHER_HEADER turn; /* Signalled when it may go on. */
};

/*
 * Wait, with @parked in a queue already, until somebody unparks it. Called under the dispatcher
 * lock and returns without it. False: it waits in vain, which has been reported; @parked is still
 * in the queue.
 */
bool pndis__park_locked(struct context *context, struct parked *parked);
/* Let @parked go on; the caller has taken it off its queue. */
void pndis__unpark_locked(struct pndis_machine *machine, struct parked *parked);

/* --- mutexes (mutex.c) --- */

/* Give @mutex, which nobody else owns, to @thread. Returns STATUS_SUCCESS or STATUS_ABANDONED. */
NTSTATUS pndis__mutex_take_locked(KMUTEX *mutex, struct thread *thread);
/* @thread ends: whoever waits for a mutex of it gets it, abandoned. */
void pndis__mutexes_abandon(struct context *context, struct thread *thread);
/* Whether the running thread owns a mutex that lies in the @bytes at @start. */
bool pndis__mutex_owned_in(struct context *context, const void *start, size_t bytes);

/* --- regions (region.c) --- */

/* Whether normal kernel APCs are disabled, as locks of threads ask for; reported if not. */
void pndis__region_check(struct context *context, const char *call, const void *caller);

#endif
