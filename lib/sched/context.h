/*
 * Contexts and processors: what runs, and where.
 *
 * A context is anything that executes code: a host thread that is inside a pndis call, a system
 * thread of a driver, the fiber that drains a processor's DPC queue. A cpu is the right to run at
 * DISPATCH_LEVEL or above: a context holds at most one, and one context holds it at a time.
 * IRQL itself, DPC queues and interrupts belong to lib/nt, which is built on these.
 */
#ifndef PNDIS_LIB_SCHED_CONTEXT_H
#define PNDIS_LIB_SCHED_CONTEXT_H

#include "probe/probe.h"
#include "sched/timer.h"

struct sched;
struct pndis_machine;

enum { CPU_LIMIT = 64, LOCKS_REMEMBERED = 8 };

struct cpu {
    struct sched *sched;
    uint32_t number;
    uint32_t state;         /* Free, taken, or taken with somebody asleep for it. */
    struct context *holder; /* For reports and for sim; live never decides by it. */
    bool has_work;          /* sim: something is queued and nobody is draining it. */
};

/* A call into a driver that has not come back yet. Lives on the caller's stack. */
struct frame {
    struct frame *up;
    struct owner *owner;
    const char *callback;
    uint16_t locks_held; /* By this context at entry. */
    uint8_t irql;        /* At entry; the driver has to come back at the same. */
};

enum sleep_result {
    SLEEP_WOKEN,
    SLEEP_TIMED_OUT,
    SLEEP_STALLED, /* sim: nothing is left that could wake anybody. */
};

enum context_state {
    CONTEXT_RUNNING,
    CONTEXT_READY,
    CONTEXT_ASLEEP,
    CONTEXT_SPINNING,
    CONTEXT_IDLE, /* A fiber that waits to be given a processor to drain. */
    CONTEXT_DONE,
};

struct context {
    struct sched *sched;
    struct probe *probe;
    struct pndis_machine *machine;
    struct cpu *cpu;     /* Held; NULL below DISPATCH_LEVEL. */
    struct frame *frame; /* Innermost driver call. */
    void *thread;        /* lib/nt's thread object. */
    void *exceptions;    /* Innermost exception handler of a driver (lib/nt). */
    uint32_t number;
    uint8_t irql;
    const void *locks[LOCKS_REMEMBERED]; /* Spin locks, in the order of acquiring. */
    /* Not beside the level: a compiler would compare the two in one load, which is wider than the
     * stores that it has to wait for (a stall of some nanoseconds at the end of each callback). */
    uint16_t locks_held;
    uint64_t affinity;    /* Processors it may take; 0: any. */
    struct cpu *last_cpu; /* Where it was last, to go there again. */
    bool host_wait;       /* It sleeps in a host call, which can be told of a stall. */
    uint32_t awake;       /* live: the word it sleeps on. */
    enum context_state state;
    struct sched_timer alarm; /* sim: the end of a timed sleep. */
    enum sleep_result sleep_result;
    struct context *next;
    struct context *prev;
    uint32_t ready_index;
    const void *spin_key;
    struct fiber *fiber; /* sim */
    void (*entry)(struct context *context, void *user);
    void *user;
    char name[24];
};

/*
 * The context that the calling host thread is at this moment, or NULL outside of pndis. It is one
 * of the two variables with static storage; the other is the text behind pndis_last_error().
 */
extern _Thread_local struct context *pndis__current __attribute__((tls_model("initial-exec")));

static inline struct context *
context_current(void)
{
    return pndis__current;
}

/* Fill in where and when @event happens, and hand it to the observers. */
void pndis__emit(struct context *context, struct probe_event *event);

/* Say that something happens: PROBE(context, STATE, .owner = ..., .name = ...). */
#define PROBE(context_, kind_, ...)                                                                \
    do {                                                                                           \
        if (pndis__probe_wants((context_)->probe, PROBE_##kind_)) {                                \
            pndis__emit((context_), &(struct probe_event){.kind = PROBE_##kind_, __VA_ARGS__});    \
        }                                                                                          \
    } while (0)

#endif
