/*
 * The live scheduler: contexts are host threads, time is the host's monotonic clock.
 *
 * A processor is a small lock. Whoever queues work to a processor that nobody holds drains it in
 * place when it may (below DISPATCH_LEVEL), else a service thread does. Whoever holds the processor
 * looks again after giving it back, so that nothing queued in between stays behind.
 */
#include "sched/sched.h"

#include <pndis/error.h>
#include <stdlib.h>
#include <string.h>

enum cpu_state { CPU_FREE, CPU_TAKEN, CPU_WANTED };
enum { SPINS_BEFORE_YIELD = 64, SPINS_BEFORE_SLEEP = 100 };

/* A thread that sleeps until told, or until a time. */
struct helper {
    struct os_thread thread;
    struct live *live;
    uint32_t signal;
    uint64_t deadline_ns;
    struct context context;
    bool started;
};

struct live {
    struct sched base;
    struct os_mutex lock;
    bool stopping;
    struct helper clock;   /* Expires timers. */
    struct helper service; /* Drains processors for callers that may not. */
    uint64_t to_serve;     /* Processor numbers, one bit each. */
};

/* One for each started context; its thread. */
struct runner {
    struct os_thread thread;
};

static struct live *
live_of(struct sched *sched)
{
    return (struct live *)sched;
}

static uint64_t
live_now(struct sched *sched)
{
    (void)sched;
    return pndis__os_now_ns();
}

static void
live_lock(struct sched *sched)
{
    pndis__os_mutex_lock(&live_of(sched)->lock);
}

static void
live_unlock(struct sched *sched)
{
    pndis__os_mutex_unlock(&live_of(sched)->lock);
}

/* --- contexts --- */

static int
live_attach(struct sched *sched, struct context *context)
{
    (void)sched;
    pndis__current = context;
    return 0;
}

static void
live_detach(struct context *context)
{
    (void)context;
    pndis__current = NULL;
}

static void
thread_main(void *user)
{
    struct context *self = user;

    pndis__current = self;
    self->sched->hooks->thread_begin(self);
    self->entry(self, self->user);
    self->sched->hooks->thread_end(self);
    pndis__current = NULL;
}

static int
live_start(struct context *context)
{
    struct runner *runner = malloc(sizeof(*runner));

    if (runner == NULL) {
        return PNDIS_ENOMEM;
    }
    context->fiber = (struct fiber *)runner;
    if (pndis__os_thread_start(&runner->thread, context->name, thread_main, context) != 0) {
        context->fiber = NULL;
        free(runner);
        return PNDIS_ENOMEM;
    }
    return 0;
}

static void
live_join(struct context *context)
{
    struct runner *runner = (struct runner *)context->fiber;

    pndis__os_thread_join(&runner->thread);
    free(runner);
    context->fiber = NULL;
}

static void
live_point(struct context *context)
{
    (void)context; /* The host's processors do the overtaking. */
}

static enum sleep_result
live_sleep(struct context *context, uint64_t deadline_ns)
{
    struct live *live = live_of(context->sched);
    bool in_time = true;

    __atomic_store_n(&context->awake, 0, __ATOMIC_RELAXED);
    while (in_time && __atomic_load_n(&context->awake, __ATOMIC_ACQUIRE) == 0) {
        if (deadline_ns <= pndis__os_now_ns()) {
            break;
        }
        pndis__os_mutex_unlock(&live->lock);
        in_time = pndis__os_wait(&context->awake, 0, deadline_ns);
        pndis__os_mutex_lock(&live->lock);
    }
    return __atomic_load_n(&context->awake, __ATOMIC_ACQUIRE) != 0 ? SLEEP_WOKEN : SLEEP_TIMED_OUT;
}

static void
live_wake(struct context *context)
{
    __atomic_store_n(&context->awake, 1, __ATOMIC_RELEASE);
    pndis__os_wake(&context->awake, 1);
}

/* --- processors --- */

static bool
live_cpu_try(struct context *context, struct cpu *cpu)
{
    uint32_t expected = CPU_FREE;

    if (!__atomic_compare_exchange_n(&cpu->state, &expected, CPU_TAKEN, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED)) {
        return false;
    }
    __atomic_store_n(&cpu->holder, context, __ATOMIC_RELAXED);
    context->cpu = cpu;
    return true;
}

static bool
allowed_on(const struct context *context, const struct cpu *cpu)
{
    return context->affinity == 0 || (context->affinity >> cpu->number & 1) != 0;
}

/* Where to wait when all are taken: where it was last, else spread by number. */
static struct cpu *
preferred(const struct context *context)
{
    const struct sched *sched = context->sched;
    unsigned start = context->last_cpu != NULL ? context->last_cpu->number : context->number;

    for (unsigned i = 0; i < sched->cpu_count; i++) {
        struct cpu *cpu = sched->cpus[(start + i) % sched->cpu_count];

        if (allowed_on(context, cpu)) {
            return cpu;
        }
    }
    return sched->cpus[0];
}

static void
wait_for_cpu(struct context *context, struct cpu *cpu)
{
    for (unsigned i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (live_cpu_try(context, cpu)) {
            return;
        }
        pndis__os_relax();
    }
    while (__atomic_exchange_n(&cpu->state, CPU_WANTED, __ATOMIC_SEQ_CST) != CPU_FREE) {
        pndis__os_wait(&cpu->state, CPU_WANTED, OS_FOREVER);
    }
    __atomic_store_n(&cpu->holder, context, __ATOMIC_RELAXED);
    context->cpu = cpu;
}

static void
live_cpu_take(struct context *context)
{
    const struct sched *sched = context->sched;
    struct cpu *first = context->last_cpu;

    if (first != NULL && allowed_on(context, first) && live_cpu_try(context, first)) {
        return;
    }
    first = preferred(context);
    for (unsigned i = 0; i < sched->cpu_count; i++) {
        struct cpu *cpu = sched->cpus[(first->number + i) % sched->cpu_count];

        if (allowed_on(context, cpu) && live_cpu_try(context, cpu)) {
            return;
        }
    }
    wait_for_cpu(context, first);
}

static void
live_cpu_give(struct context *context)
{
    struct cpu *cpu = context->cpu;

    context->last_cpu = cpu;
    context->cpu = NULL;
    __atomic_store_n(&cpu->holder, NULL, __ATOMIC_RELAXED);
    if (__atomic_exchange_n(&cpu->state, CPU_FREE, __ATOMIC_SEQ_CST) == CPU_WANTED) {
        pndis__os_wake(&cpu->state, 1);
    }
}

static void
helper_signal(struct helper *helper)
{
    __atomic_fetch_add(&helper->signal, 1, __ATOMIC_SEQ_CST);
    pndis__os_wake(&helper->signal, 1);
}

/* Drain @cpu here and now, unless somebody holds it: then that one looks again after giving it
 * back. */
static void
drain_here(struct context *context, struct cpu *cpu)
{
    const struct sched_hooks *hooks = context->sched->hooks;

    while (hooks->has_work(cpu) && live_cpu_try(context, cpu)) {
        hooks->drain(context);
        live_cpu_give(context);
    }
}

static void
live_cpu_kick(struct sched *sched, struct cpu *cpu)
{
    struct live *live = live_of(sched);
    struct context *context = pndis__current;

    if (context != NULL && context->sched == sched && context->cpu == NULL) {
        drain_here(context, cpu);
    } else if (__atomic_load_n(&cpu->state, __ATOMIC_SEQ_CST) == CPU_FREE) {
        __atomic_fetch_or(&live->to_serve, (uint64_t)1 << cpu->number, __ATOMIC_SEQ_CST);
        helper_signal(&live->service);
    }
}

static void
live_spin(struct context *context, const void *key, unsigned turn)
{
    (void)context;
    (void)key;
    /* With more virtual processors than host ones the holder may need this one to get on. */
    if (turn % SPINS_BEFORE_YIELD == SPINS_BEFORE_YIELD - 1) {
        pndis__os_yield();
    } else {
        pndis__os_relax();
    }
}

static void
live_spin_end(struct sched *sched, const void *key)
{
    (void)sched;
    (void)key; /* Spinners look for themselves. */
}

/* --- time --- */

static void
live_timers_changed(struct sched *sched)
{
    struct live *live = live_of(sched);
    uint64_t next = pndis__timer_queue_next(&sched->timers);

    if (next < live->clock.deadline_ns) {
        helper_signal(&live->clock);
    }
}

static void
live_stall(struct context *context, uint64_t ns)
{
    uint64_t until = pndis__os_now_ns() + ns;

    (void)context;
    while (pndis__os_now_ns() < until) {
        pndis__os_relax();
    }
}

static void
clock_main(void *user)
{
    struct helper *self = user;
    struct live *live = self->live;

    pndis__current = &self->context;
    pndis__os_mutex_lock(&live->lock);
    while (!live->stopping) {
        uint32_t signal = __atomic_load_n(&self->signal, __ATOMIC_SEQ_CST);

        pndis__timers_expire(&live->base, pndis__os_now_ns());
        self->deadline_ns = pndis__timer_queue_next(&live->base.timers);
        pndis__unlock(&live->base);
        pndis__os_wait(&self->signal, signal, self->deadline_ns);
        pndis__os_mutex_lock(&live->lock);
        /* While awake there is nothing to wake it for. */
        self->deadline_ns = 0;
    }
    pndis__os_mutex_unlock(&live->lock);
    pndis__current = NULL;
}

static void
service_main(void *user)
{
    struct helper *self = user;
    struct live *live = self->live;

    pndis__current = &self->context;
    for (;;) {
        uint32_t signal = __atomic_load_n(&self->signal, __ATOMIC_SEQ_CST);
        uint64_t cpus = __atomic_exchange_n(&live->to_serve, 0, __ATOMIC_SEQ_CST);

        while (cpus != 0) {
            unsigned number = (unsigned)__builtin_ctzll(cpus);

            cpus &= cpus - 1;
            drain_here(&self->context, live->base.cpus[number]);
        }
        if (__atomic_load_n(&live->stopping, __ATOMIC_SEQ_CST)) {
            break;
        }
        pndis__os_wait(&self->signal, signal, OS_FOREVER);
    }
    pndis__current = NULL;
}

static int
helper_start(struct live *live, struct helper *helper, const char *name, void (*entry)(void *user))
{
    helper->live = live;
    pndis__context_init(&helper->context, &live->base, name);
    if (pndis__os_thread_start(&helper->thread, name, entry, helper) != 0) {
        return PNDIS_ENOMEM;
    }
    helper->started = true;
    return 0;
}

static void
helper_stop(struct helper *helper)
{
    if (helper->started) {
        helper_signal(helper);
        pndis__os_thread_join(&helper->thread);
    }
}

static void
live_destroy(struct sched *sched)
{
    struct live *live = live_of(sched);

    pndis__os_mutex_lock(&live->lock);
    __atomic_store_n(&live->stopping, true, __ATOMIC_SEQ_CST);
    pndis__os_mutex_unlock(&live->lock);
    helper_stop(&live->clock);
    helper_stop(&live->service);
    pndis__os_mutex_fini(&live->lock);
    free(live);
}

static const struct sched_ops live_ops = {
    .name = "live",
    .destroy = live_destroy,
    .now_ns = live_now,
    .attach = live_attach,
    .detach = live_detach,
    .start = live_start,
    .join = live_join,
    .point = live_point,
    .lock = live_lock,
    .unlock = live_unlock,
    .sleep = live_sleep,
    .wake = live_wake,
    .cpu_try = live_cpu_try,
    .cpu_take = live_cpu_take,
    .cpu_give = live_cpu_give,
    .cpu_kick = live_cpu_kick,
    .spin = live_spin,
    .spin_end = live_spin_end,
    .timers_changed = live_timers_changed,
    .stall = live_stall,
};

struct sched *
pndis__sched_live(const struct sched_options *options, const struct sched_hooks *hooks,
                  struct cpu *const *cpus)
{
    struct live *live = calloc(1, sizeof(*live));

    if (live == NULL) {
        return NULL;
    }
    pndis__os_mutex_init(&live->lock);
    live->base.ops = &live_ops;
    live->base.hooks = hooks;
    live->base.probe = options->probe;
    live->base.machine = options->machine;
    live->base.cpu_count = options->cpu_count;
    for (unsigned i = 0; i < options->cpu_count; i++) {
        live->base.cpus[i] = cpus[i];
        cpus[i]->sched = &live->base;
    }
    if (helper_start(live, &live->clock, "pndis clock", clock_main) != 0 ||
        helper_start(live, &live->service, "pndis service", service_main) != 0) {
        live_destroy(&live->base);
        return NULL;
    }
    return &live->base;
}
