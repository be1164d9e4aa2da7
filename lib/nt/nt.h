/*
 * The kernel under NDIS, as lib/nt and the rooms above it share it: the machine, calls in both
 * directions between drivers and pndis, processors and levels, interrupts.
 *
 * Names of Windows structures come from include/wdk; nothing here is seen by drivers or hosts.
 */
#ifndef PNDIS_LIB_NT_NT_H
#define PNDIS_LIB_NT_NT_H

#include <ntifs.h>

#include "probe/ledger.h"
#include "probe/log.h"
#include "sched/sched.h"

#include <pndis/driver.h>
#include <pndis/machine.h>

struct interrupt;
struct processor;
struct work;

/* --- injected failures (fault.c) --- */

/* The countdown behind pndis_fault_arm(). */
struct fault {
    bool counting;
    bool fired;
    uint64_t attempts; /* Since it was armed. */
    uint64_t fail_at;  /* The attempt to fail, from 0. */
};

/* --- the machine (machine.c) --- */

/* A room above lib/nt that keeps something in the machine. Called in reverse order of adding. */
struct subsystem {
    /* Stop what can be stopped, so that drivers can be unloaded. Returns 0 or PNDIS_E*. */
    int (*stop)(struct pndis_machine *machine);
    void (*destroy)(struct pndis_machine *machine);
};

enum { SUBSYSTEM_LIMIT = 8 };

struct pndis_machine {
    struct owner owner; /* For what nobody in particular did. */
    struct probe probe;
    struct violations violations;
    struct ledger *ledger;
    struct sched *sched;
    struct pndis_machine_options options;
    unsigned processor_count;
    struct processor *processors;
    const struct subsystem *subsystems[SUBSYSTEM_LIMIT];
    unsigned subsystem_count;
    struct os_mutex subsystem_lock; /* Of the two above. */
    bool stopped;
    struct pndis_driver *drivers;   /* In the order of loading. */
    struct pndis_driver *abandoned; /* Unloaded, but for threads that run on. */
    int driver_status;
    uint64_t wall_ns_at_zero; /* System time when the machine's clock was zero. */
    struct fault fault;
    uint64_t random;  /* State of pndis__random(). */
    uint32_t crashed; /* 1: a driver has faulted; nobody comes in any more. */
    struct watch *watch;
    struct pool *pool;
    struct timers *timers;
    struct threads *threads;
    KSPIN_LOCK cancel_lock; /* The cancel spin lock. */
    struct bug_check_callback *bug_check_callbacks;
    LIST_ENTRY parked; /* Threads that wait for push locks; under the dispatcher lock. */
    struct registry *registry;
    struct objects *objects;
    struct work_queue *work_queue;
    void *ndis; /* lib/ndis' state; NULL until it is needed. */
    void *hw;   /* lib/hw's. */
};

/* Have @state at @place of the machine, unless another thread was first: then that one's stays.
 * Returns 0 or PNDIS_ELIMIT. */
int pndis__subsystem_add(struct pndis_machine *machine, const struct subsystem *subsystem,
                         void **place, void *state);

/* Set pndis_last_error() and return @error, so that failing reads `return pndis__fail(...)`. */
int pndis__fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool pndis__fault_slow(struct pndis_machine *machine);

/* Whether the allocation that is about to be made is to fail. Asked by every function that drivers
 * allocate with, before it has changed anything. */
static inline bool
pndis__fault(struct context *context)
{
    return __builtin_expect(__atomic_load_n(&context->machine->fault.counting, __ATOMIC_RELAXED),
                            0) &&
           pndis__fault_slow(context->machine);
}

/* --- being inside: hosts calling in, drivers calling, calling drivers (call.c) --- */

/* A thread, as drivers see it (PKTHREAD): every context that can wait is part of one. */
struct thread {
    DISPATCHER_HEADER header; /* Signalled when it has ended. */
    struct context context;
    struct owner *owner; /* The driver that started it; NULL for a host's thread or pndis' own. */
    PKSTART_ROUTINE routine;
    void *routine_context;
    void (*entry)(struct context *context, void *user); /* Of pndis' own threads. */
    void *user;
    void *exit_place; /* Where PsTerminateSystemThread goes: a sigjmp_buf. */
    NTSTATUS exit_status;
    KPRIORITY priority;
    LONG critical_regions;
    LONG guarded_regions;
    LONG regions_at_start; /* A system thread begins inside a critical region. */
    LIST_ENTRY mutexes;    /* KMUTEX.MutantListEntry of those it owns. */
    uint32_t id;
    uint32_t ended;      /* Nothing of it runs any more but its way out. */
    bool abandoned;      /* It does not end; see pndis__threads_end_of(). */
    struct thread *next; /* Of the machine's system threads. */
};

/* A host call in progress: makes the calling thread a context of the machine. On the stack. */
struct host_call {
    struct thread thread;
    struct context *outer; /* What the thread was before; put back on leaving. */
    bool attached;         /* False when the thread was inside this machine already. */
};

/* Returns 0 or PNDIS_EBUSY (a sim machine is in use by another thread), with the error set. */
int pndis__host_enter(struct pndis_machine *machine, struct host_call *call);
/* The same where something begins (a driver, an adapter, a client, a run): with a system call that
 * finds whether others have installed handlers of faults since. */
int pndis__host_begin(struct pndis_machine *machine, struct host_call *call);
void pndis__host_leave(struct host_call *call);

/*
 * Every exported NT and NDIS function begins with this: it finds out who is calling, lets others
 * overtake, and tells the observers. @low and @high are the documented IRQL range; a call outside
 * of it is reported (CALL_IRQL), and then goes on.
 */
#define NT_CALL(low, high) pndis__call(__func__, (low), (high), NT_CALLER())
/* Where the driver's call of this function returns to. */
#define NT_CALLER() __builtin_extract_return_addr(__builtin_return_address(0))

struct context *pndis__call_slow(struct context *context, const char *name, KIRQL low, KIRQL high,
                                 const void *caller);

static inline struct context *
pndis__call(const char *name, KIRQL low, KIRQL high, const void *caller)
{
    struct context *context = context_current();

    if (__builtin_expect(context == NULL, 0) || pndis__point_needed(context) ||
        __builtin_expect((KIRQL)(context->irql - low) > (KIRQL)(high - low), 0)) {
        return pndis__call_slow(context, name, low, high, caller);
    }
    return context;
}

/*
 * The same in a function that needs nothing of a machine, as one that compares strings: a host may
 * call it as well, on a thread that is inside none.
 */
#define NT_PURE_CALL(low, high)                                                                    \
    do {                                                                                           \
        if (context_current() != NULL) {                                                           \
            NT_CALL(low, high);                                                                    \
        }                                                                                          \
    } while (0)

/* Around every call of a driver's routine. @owner is whose routine it is. */
void pndis__guest_enter(struct context *context, struct frame *frame, struct owner *owner,
                        const char *callback);
/* Checks that level and locks are as they were, and puts them right if not. */
void pndis__guest_leave(struct context *context, struct frame *frame);
/* The same for a routine that answers with a status. */
void pndis__guest_leave_status(struct context *context, struct frame *frame, int status);

/* Whose code is running: the innermost frame's owner, or the machine. Never NULL. */
struct owner *pndis__running_owner(const struct context *context);

/* Report that @owner (NULL: whoever is running) broke @rule in @call. */
void pndis__report(struct context *context, enum rule rule, struct owner *owner, const char *call,
                   const void *caller, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The same about something that was acquired at @acquired. */
void pndis__report_acquired(struct context *context, enum rule rule, struct owner *owner,
                            const char *call, const void *caller, const void *acquired,
                            const char *format, ...) __attribute__((format(printf, 7, 8)));

/* Say that the running driver acquired or released something. @owner NULL: inferred from the frame.
 */
void pndis__acquired(struct context *context, enum resource resource, const void *object,
                     uint64_t bytes, uint32_t tag, struct owner *owner, const char *call,
                     const void *caller);
void pndis__released(struct context *context, enum resource resource, const void *object,
                     const char *call);

/* --- processors and levels (processor.c) --- */

/* A lock around a few instructions in which nobody waits, calls out or switches. */
struct brief_lock {
    uint32_t taken;
};

enum { BRIEF_SPINS_BEFORE_YIELD = 256 };

static inline void
brief_lock(struct brief_lock *lock)
{
    unsigned turn = 0;

    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0) {
        /* Its holder may have been preempted. */
        if (++turn % BRIEF_SPINS_BEFORE_YIELD == 0) {
            pndis__os_yield();
        } else {
            pndis__os_relax();
        }
    }
}

static inline void
brief_unlock(struct brief_lock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

struct processor {
    struct cpu cpu;
    struct pndis_machine *machine;
    struct brief_lock lock; /* Guards both queues. */
    KDPC *dpc_first;
    KDPC *dpc_last;
    struct interrupt *interrupts; /* Pending, first come first served. */
    uint32_t queued;              /* How many of either; read without the lock. */
    KDPC *dpc_running;
} __attribute__((aligned(64)));

/*
 * Something was taken off @processor's queues; its lock is held. Whoever sees the old number looks
 * once too often, so that only adding has to be in one order with giving processors back.
 */
static inline void
pndis__queued_less(struct processor *processor)
{
    __atomic_store_n(&processor->queued, __atomic_load_n(&processor->queued, __ATOMIC_RELAXED) - 1,
                     __ATOMIC_RELAXED);
}

extern const struct sched_hooks pndis__nt_hooks;

/* Raise the running context to @level (at least its own) and return where it was. */
KIRQL pndis__irql_raise(struct context *context, KIRQL level);
/* Lower it to @level; below DISPATCH_LEVEL the processor's queues are drained first. */
void pndis__irql_lower(struct context *context, KIRQL level);

/* Queue @dpc to its target (or the running) processor; false when it is queued already. */
bool pndis__dpc_insert(struct context *context, KDPC *dpc, void *argument1, void *argument2);
/* The processor that @context holds, or held last. */
struct processor *pndis__processor_near(const struct context *context);
/* Queue @dpc to its target (or @processor) under the dispatcher lock, as an expiring timer does. */
bool pndis__dpc_insert_locked(struct processor *processor, KDPC *dpc);
bool pndis__dpc_remove(struct pndis_machine *machine, KDPC *dpc);
/* A DPC object in @bytes at @start that is queued, or NULL. */
const KDPC *pndis__dpc_queued_in(struct pndis_machine *machine, const void *start, size_t bytes);
/* Return when every DPC that was queued before has finished. Below DISPATCH_LEVEL. */
void pndis__dpc_flush(struct context *context);
/*
 * Return when nobody is any more between two instructions that he was between before: who has
 * looked at a gate has counted himself as well. On sim contexts change in calls only, so this is so
 * at once, and what a DPC has begun goes on beside what follows. Below DISPATCH_LEVEL.
 */
void pndis__processors_pass(struct context *context);

static inline struct processor *
processor_of(struct cpu *cpu)
{
    return (struct processor *)cpu;
}

/* --- interrupts (interrupt.c) --- */

/* One interrupt source: a line or an MSI message, connected to an interrupt service routine. */
struct interrupt {
    struct pndis_machine *machine;
    struct owner *owner;
    /* Runs the driver's routine; @level is its DIRQL. Called with its lock held. */
    void (*service)(struct context *context, struct interrupt *interrupt);
    KIRQL level;
    struct processor *target;
    KSPIN_LOCK lock;         /* What NdisMSynchronizeWithInterruptEx takes as well. */
    KSPIN_LOCK *shared_lock; /* Of several interrupts, instead of @lock; NULL: its own. */
    uint32_t pending;        /* 0 or 1: edges that arrive while one is pending are one. */
    uint32_t connected;
    uint32_t servicing;
    struct interrupt *next;
};

/* Serve what is pending on @context's processor above its level. */
void pndis__interrupts_deliver(struct context *context);
/* Signal @interrupt, from any host thread or driver call of the machine. */
void pndis__interrupt_raise(struct interrupt *interrupt);
/* Run @routine at the interrupt's level with its lock held. */
BOOLEAN pndis__interrupt_synchronize(struct context *context, struct interrupt *interrupt,
                                     BOOLEAN (*routine)(void *argument), void *argument);
/* No service routine runs any more, and none will. PASSIVE_LEVEL. */
void pndis__interrupt_disconnect(struct context *context, struct interrupt *interrupt);

/* --- spin locks (spinlock.c) --- */

/*
 * At DISPATCH_LEVEL or above already. Both count in context->locks_held and check for misuse. The
 * word is 0 when the lock is free, else the number of the context that holds it.
 */
void pndis__spin_acquire(struct context *context, KSPIN_LOCK *lock);
bool pndis__spin_try(struct context *context, KSPIN_LOCK *lock);
void pndis__spin_release(struct context *context, KSPIN_LOCK *lock);
/* A driver came back with more locks than it came with: let go of those above @count. */
void pndis__spin_abandon(struct context *context, unsigned count);

/* --- threads and waiting (thread.c, wait.c) --- */

/* Make @thread one of @machine's that has not begun; fini when nothing runs in it any more. */
void pndis__thread_init(struct thread *thread, struct pndis_machine *machine, const char *name);
void pndis__thread_fini(struct context *context, struct thread *thread);
/* The thread that @context is, or the idle thread where it is none (a DPC on a processor's back).
 */
struct thread *pndis__thread_of(struct context *context);
void pndis__thread_begin(struct context *context);
void pndis__thread_end(struct context *context);
/*
 * Start a system thread of pndis' own at PASSIVE_LEVEL in @entry. Returns NULL for want of memory;
 * pndis__thread_join() waits for its end and frees it.
 */
struct thread *pndis__thread_start(struct pndis_machine *machine, const char *name,
                                   void (*entry)(struct context *context, void *user), void *user);
void pndis__thread_join(struct context *context, struct thread *thread);

/*
 * Wait for a dispatcher object on behalf of pndis itself: like KeWaitForSingleObject without a
 * driver to blame. In a host call (@for_host) a stall ends it. @deadline_ns is on the machine's
 * clock.
 */
enum sleep_result pndis__wait(struct context *context, void *object, uint64_t deadline_ns,
                              bool for_host);

/* --- work items (work.c) --- */

/* Something to be done by a worker thread at PASSIVE_LEVEL. The caller's memory, until it runs. */
struct work {
    void (*routine)(struct context *context, struct work *work);
    struct owner *owner; /* For whom; NULL: pndis itself. */
    struct work *next;
    uint32_t queued;
    uint64_t ticket; /* Its turn; the queue's. */
};

/* Queue @work; false when it is queued already. Any thread, at DISPATCH_LEVEL or below. */
bool pndis__work_queue(struct pndis_machine *machine, struct work *work);
/* Take @work out of the queue again; false when it is not in it: not queued, or running. */
bool pndis__work_cancel(struct pndis_machine *machine, struct work *work);
/* Return when everything that was queued before has been done. PASSIVE_LEVEL. */
void pndis__work_flush(struct context *context);

/* --- memory (pool.c) --- */

/* Pool memory for pndis itself; not on any driver's account. NULL for want of memory. */
void *pndis__pool_allocate(struct pndis_machine *machine, size_t bytes);
void pndis__pool_free(struct pndis_machine *machine, void *memory);
/*
 * Whether @memory is a live block of the machine's pool, and how long it is: lists that drivers
 * hand over (restart attributes) may hold nothing else.
 */
bool pndis__pool_owns(struct pndis_machine *machine, const void *memory, size_t *out_bytes);

/* --- drivers (driver.c) --- */

struct pndis_driver {
    struct owner owner;
    struct pndis_machine *machine;
    DRIVER_OBJECT object;
    DRIVER_EXTENSION extension;
    UNICODE_STRING registry_path;
    char *inf; /* Path, or NULL. */
    void *library;
    bool in_entry; /* DriverEntry is running. */
    struct driver_extension *extensions;
    /* lib/ndis: stop and forget everything of this driver before it is unloaded. */
    int (*before_unload)(struct pndis_driver *driver);
    /* lib/ndis: undo the registrations that it did not undo itself. */
    void (*after_unload)(struct pndis_driver *driver);
    void *ndis;
    struct pndis_driver *next;
};

/* The driver whose DRIVER_OBJECT this is; NULL if it is none of the machine's. */
struct pndis_driver *pndis__driver_of(struct pndis_machine *machine, const DRIVER_OBJECT *object);
/* "\Registry\Machine\System\CurrentControlSet\Services\<name>" in UTF-8. */
void pndis__driver_key(const struct pndis_driver *driver, char *text, size_t bytes);

/* --- strings (string.c) --- */

/* UTF-8 of @text, cut to fit; always ends in NUL. */
void pndis__utf8_of(const UNICODE_STRING *text, char *utf8, size_t bytes);
/* A UNICODE_STRING with a NUL behind it in fresh memory (free Buffer with free()). */
bool pndis__unicode_of(const char *utf8, UNICODE_STRING *out_text);
bool pndis__unicode_equal(const UNICODE_STRING *a, const UNICODE_STRING *b, bool ignore_case);
/* The body of RtlUnicodeStringToInteger (rtl_number.c), for pndis itself: at any level. */
NTSTATUS pndis__number_of(const UNICODE_STRING *text, ULONG base, ULONG *out_value);

/* --- what drivers look up by name (routine.c) --- */

/* The function of NT that is exported under @name, or NULL. */
void *pndis__routine_address(const char *name);

#endif
