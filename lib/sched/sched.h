/*
 * Who runs next: one interface, two schedulers.
 *
 * live  runs contexts on host threads and the monotonic clock.
 * sim   runs every context as a fiber on the host thread that is inside a pndis call, on a virtual
 *       clock, and lets a seed decide who goes on at every point where somebody else could.
 *
 * Rooms above use the functions below and never ask which of the two it is.
 */
#ifndef PNDIS_LIB_SCHED_SCHED_H
#define PNDIS_LIB_SCHED_SCHED_H

#include "sched/context.h"

#define SCHED_FOREVER UINT64_MAX

/* Why pndis__point() has to look closer. */
enum attention {
    ATTENTION_SWITCH = 1u << 0, /* sim: somebody else could run, or time could bring something. */
    ATTENTION_CALLS = 1u << 1,  /* An observer wants CALL events. */
    ATTENTION_INTERRUPT = 1u << 2, /* live: an interrupt waits for a processor that is taken. */
};

/*
 * What a scheduler has to do. "Under the lock" means the caller holds the dispatcher lock, which
 * guards all waiting, waking and timers of one machine.
 */
struct sched_ops {
    const char *name;
    /* Release everything; no context is left. */
    void (*destroy)(struct sched *sched);
    uint64_t (*now_ns)(struct sched *sched);
    /* Make the calling host thread a context, until detach. Returns 0 or PNDIS_EBUSY. */
    int (*attach)(struct sched *sched, struct context *context);
    void (*detach)(struct context *context);
    /* Start a context at PASSIVE_LEVEL in context->entry. Returns 0 or PNDIS_ENOMEM. */
    int (*start)(struct context *context);
    /* Wait until a started context has left its entry, and release what runs it. */
    void (*join)(struct context *context);
    /*
     * Give up a started context that does not leave its entry, while nothing else of the machine
     * runs: it never runs again. NULL where that cannot be had.
     */
    void (*abandon)(struct context *context);
    /* Let others run here, if it pleases the scheduler. */
    void (*point)(struct context *context);
    void (*lock)(struct sched *sched);
    void (*unlock)(struct sched *sched);
    /* Under the lock, which is released while asleep and held again afterwards. */
    enum sleep_result (*sleep)(struct context *context, uint64_t deadline_ns);
    /* Under the lock: end the sleep of @context. */
    void (*wake)(struct context *context);
    /* Take @cpu for @context if it is free. */
    bool (*cpu_try)(struct context *context, struct cpu *cpu);
    /* Take any processor of @context's affinity, waiting for one if need be. */
    void (*cpu_take)(struct context *context);
    void (*cpu_give)(struct context *context);
    /* Something was queued to @cpu: see that somebody drains it soon. Not under the lock. */
    void (*cpu_kick)(struct sched *sched, struct cpu *cpu);
    /* @context finds the lock at @key taken; returns when it is worth looking again. */
    void (*spin)(struct context *context, const void *key, unsigned turn);
    /* The lock at @key is free again. */
    void (*spin_end)(struct sched *sched, const void *key);
    /* Under the lock: the first timer may have changed. */
    void (*timers_changed)(struct sched *sched);
    /*
     * Run until nothing can go on without time going by; returns whether anything ran. NULL where
     * nobody can know.
     */
    bool (*settle)(struct context *context);
    /* A number below @n as the seed has it. NULL where there is no seed. */
    unsigned (*choose)(struct context *context, unsigned n);
    /* Let @ns go by without letting the processor do anything else. */
    void (*stall)(struct context *context, uint64_t ns);
};

/* What lib/nt does for the scheduler. */
struct sched_hooks {
    /* @context holds a processor at DISPATCH_LEVEL: run what is queued to it. */
    void (*drain)(struct context *context);
    bool (*has_work)(struct cpu *cpu);
    /* sim: every context waits for another one. Report it. */
    void (*deadlock)(struct sched *sched, const char *who_waits);
    /* A context is about to run driver code for the first time, or has finished. */
    void (*thread_begin)(struct context *context);
    void (*thread_end)(struct context *context);
};

struct sched {
    const struct sched_ops *ops;
    const struct sched_hooks *hooks;
    uint32_t attention; /* Or-ed enum attention; see pndis__point(). */
    struct probe *probe;
    struct pndis_machine *machine;
    struct timer_queue timers;
    unsigned cpu_count;
    struct cpu *cpus[CPU_LIMIT];
    uint32_t context_count;
    uint32_t spinning_count; /* sim: contexts that wait for a spin_end(). */
    /* Processors to be kicked once the dispatcher lock is free: a timer queued a DPC to them. */
    uint64_t kick_after_unlock;
};

struct sched_options {
    struct probe *probe;
    struct pndis_machine *machine;
    unsigned cpu_count;
    uint64_t seed;
    size_t stack_bytes;      /* 0: a default. */
    uint64_t stall_limit_ns; /* sim: longest wait of a driver before it counts as a deadlock. */
};

/* The cpus in @cpus stay the caller's. Both return NULL for want of memory. */
struct sched *pndis__sched_live(const struct sched_options *options,
                                const struct sched_hooks *hooks, struct cpu *const *cpus);
struct sched *pndis__sched_sim(const struct sched_options *options, const struct sched_hooks *hooks,
                               struct cpu *const *cpus);
void pndis__sched_destroy(struct sched *sched);

static inline uint64_t
pndis__now_ns(struct sched *sched)
{
    return sched->ops->now_ns(sched);
}

/* Prepare @context for start() or attach(). */
void pndis__context_init(struct context *context, struct sched *sched, const char *name);

/* Set and clear attention bits; any thread. */
void pndis__attention_set(struct sched *sched, enum attention bit);
void pndis__attention_clear(struct sched *sched, enum attention bit);

/* A place where another processor could get ahead of this one: every NT and NDIS call. */
static inline bool
pndis__point_needed(const struct context *context)
{
    return __builtin_expect(__atomic_load_n(&context->sched->attention, __ATOMIC_RELAXED) != 0, 0);
}

static inline void
pndis__lock(struct sched *sched)
{
    sched->ops->lock(sched);
}

/* Release the dispatcher lock, and then kick the processors that got work under it. */
void pndis__unlock(struct sched *sched);
/* sim, where nothing is locked in truth: kick them at once. */
void pndis__kick(struct sched *sched);

/* Under the lock. */
void pndis__timer_arm(struct sched *sched, struct sched_timer *timer, uint64_t due_ns);
bool pndis__timer_disarm(struct sched *sched, struct sched_timer *timer);
/* Under the lock: expire everything due at @now_ns. */
void pndis__timers_expire(struct sched *sched, uint64_t now_ns);

#endif
