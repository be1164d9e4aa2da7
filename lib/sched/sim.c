/*
 * The sim scheduler: one host thread, a virtual clock, and a seed.
 *
 * A context that could be overtaken by another processor reaches a point (every NT and NDIS call).
 * The clock moves a little, timers that are due expire, and the seed decides who goes on: this
 * context, another one that is ready, or a free processor with queued work. A context at
 * DISPATCH_LEVEL holds its processor while others run, exactly as if they ran beside it; below that
 * level a context can run only while some processor is not held, because it needs one too.
 */
#include "sched/sim.h"

#include "sched/fiber.h"

#include <pndis/error.h>
#include <stdlib.h>

enum { DEFAULT_STACK_BYTES = 256 * 1024 };

static void
sim_point(struct context *context)
{
    struct sim *sim = sim_of(context->sched);

    if ((sim->base.attention & ATTENTION_SWITCH) == 0) {
        return;
    }
    pndis__sim_advance(sim, pndis__sim_cost_of_a_step(sim));
    if (pndis__sim_choices(sim) == 0 || (pndis__sim_random(sim) & 0xff) >= sim->switch_chance) {
        return;
    }
    pndis__sim_ready_add(sim, context);
    pndis__sim_leave(context);
}

static uint64_t
sim_now(struct sched *sched)
{
    return sim_of(sched)->now;
}

static int
sim_attach(struct sched *sched, struct context *context)
{
    struct sim *sim = sim_of(sched);
    struct context *nobody = NULL;

    if (!__atomic_compare_exchange_n(&sim->main, &nobody, context, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        return PNDIS_EBUSY;
    }
    context->fiber = sim->main_fiber;
    pndis__fiber_rebind(sim->main_fiber);
    pndis__current = context;
    return 0;
}

static void
sim_detach(struct context *context)
{
    __atomic_store_n(&sim_of(context->sched)->main, NULL, __ATOMIC_RELEASE);
    pndis__current = NULL;
}

static void
context_main(void *user)
{
    struct context *self = user;
    struct sim *sim = sim_of(self->sched);

    sim->base.hooks->thread_begin(self);
    self->entry(self, self->user);
    sim->base.hooks->thread_end(self);
    self->state = CONTEXT_DONE;
    sim->base.ops->spin_end(&sim->base, self);
    self->next = sim->finished;
    sim->finished = self;
    pndis__sim_leave(self);
}

static int
sim_start(struct context *context)
{
    struct sim *sim = sim_of(context->sched);

    context->fiber = pndis__fiber_create(sim->stack_bytes, context_main, context);
    if (context->fiber == NULL) {
        return PNDIS_ENOMEM;
    }
    pndis__sim_ready_add(sim, context);
    return 0;
}

static void
alarm_expires(struct sched_timer *timer)
{
    struct context *context = (struct context *)((char *)timer - offsetof(struct context, alarm));

    context->sleep_result = SLEEP_TIMED_OUT;
    pndis__sim_make_ready(sim_of(context->sched), context);
}

static enum sleep_result
sim_sleep(struct context *context, uint64_t deadline_ns)
{
    struct sim *sim = sim_of(context->sched);

    if (deadline_ns <= sim->now) {
        return SLEEP_TIMED_OUT;
    }
    if (deadline_ns != SCHED_FOREVER) {
        context->alarm.expire = alarm_expires;
        pndis__timer_arm(&sim->base, &context->alarm, deadline_ns);
    }
    if (context == sim->main) {
        sim->main_asleep_since = sim->now;
    }
    pndis__sim_waiting_add(sim, context, CONTEXT_ASLEEP);
    pndis__sim_leave(context);
    pndis__timer_disarm(&sim->base, &context->alarm);
    return context->sleep_result;
}

static void
sim_wake(struct context *context)
{
    if (context->state == CONTEXT_ASLEEP) {
        context->sleep_result = SLEEP_WOKEN;
        pndis__sim_make_ready(sim_of(context->sched), context);
    }
}

static void
sim_spin(struct context *context, const void *key, unsigned turn)
{
    struct sim *sim = sim_of(context->sched);

    (void)turn;
    context->spin_key = key;
    sim->base.spinning_count++;
    pndis__sim_waiting_add(sim, context, CONTEXT_SPINNING);
    pndis__sim_leave(context);
}

static void
sim_spin_end(struct sched *sched, const void *key)
{
    struct sim *sim = sim_of(sched);
    struct context *next;

    if (sim->base.spinning_count == 0) {
        return;
    }
    for (struct context *context = sim->waiting; context != NULL; context = next) {
        next = context->next;
        if (context->state == CONTEXT_SPINNING && context->spin_key == key) {
            sim->base.spinning_count--;
            pndis__sim_make_ready(sim, context);
        }
    }
}

static void
sim_join(struct context *context)
{
    while (context->state != CONTEXT_DONE) {
        sim_spin(pndis__current, context, 0);
    }
    pndis__sim_destroy_finished(sim_of(context->sched));
}

static void
sim_abandon(struct context *context)
{
    struct sim *sim = sim_of(context->sched);

    pndis__timer_disarm(&sim->base, &context->alarm);
    pndis__sim_remove(sim, context);
    pndis__fiber_destroy(context->fiber);
    context->fiber = NULL;
}

static bool
sim_cpu_try(struct context *context, struct cpu *cpu)
{
    if (cpu->holder != NULL) {
        return false;
    }
    pndis__sim_hold(sim_of(context->sched), context, cpu);
    return true;
}

static void
sim_cpu_take(struct context *context)
{
    struct sim *sim = sim_of(context->sched);

    for (;;) {
        unsigned free_count = 0;
        struct cpu *chosen = NULL;

        for (unsigned i = 0; i < sim->base.cpu_count; i++) {
            struct cpu *cpu = sim->base.cpus[i];
            bool allowed = context->affinity == 0 || (context->affinity >> i & 1) != 0;

            /* Reservoir sampling: each free processor is equally likely. */
            if (cpu->holder == NULL && allowed && pndis__sim_random(sim) % ++free_count == 0) {
                chosen = cpu;
            }
        }
        if (chosen != NULL) {
            pndis__sim_hold(sim, context, chosen);
            return;
        }
        sim_spin(context, &sim->held_count, 0);
    }
}

static void
sim_cpu_kick(struct sched *sched, struct cpu *cpu)
{
    struct sim *sim = sim_of(sched);

    if (cpu->holder == NULL && !cpu->has_work) {
        cpu->has_work = true;
        sim->work_count++;
        pndis__sim_update_attention(sim);
    }
}

static void
sim_cpu_give(struct context *context)
{
    struct sim *sim = sim_of(context->sched);
    struct cpu *cpu = context->cpu;

    context->last_cpu = cpu;
    context->cpu = NULL;
    cpu->holder = NULL;
    cpu->state = 0;
    sim->held_count--;
    if (sim->base.hooks->has_work(cpu)) {
        sim_cpu_kick(&sim->base, cpu);
    }
    sim_spin_end(&sim->base, &sim->held_count);
}

static void
sim_lock(struct sched *sched)
{
    (void)sched; /* One host thread, and no point inside: nobody can come in between. */
}

static void
sim_timers_changed(struct sched *sched)
{
    pndis__sim_update_attention(sim_of(sched));
}

static void
sim_stall(struct context *context, uint64_t ns)
{
    pndis__sim_advance(sim_of(context->sched), ns);
    sim_point(context);
}

static bool
sim_settle(struct context *context)
{
    struct sim *sim = sim_of(context->sched);
    bool ran = false;

    while (pndis__sim_choices(sim) > 0) {
        pndis__sim_ready_add(sim, context);
        pndis__sim_leave(context);
        ran = true;
    }
    return ran;
}

static unsigned
sim_choose(struct context *context, unsigned n)
{
    return (unsigned)(pndis__sim_random(sim_of(context->sched)) % n);
}

static void
sim_destroy(struct sched *sched)
{
    struct sim *sim = sim_of(sched);

    pndis__sim_destroy_finished(sim);
    while (sim->idle != NULL) {
        struct context *context = sim->idle;

        sim->idle = context->next;
        pndis__fiber_destroy(context->fiber);
        free(context);
    }
    pndis__fiber_destroy(sim->main_fiber);
    free(sim->raised.contexts);
    free(sim->passive.contexts);
    free(sim);
}

static const struct sched_ops sim_ops = {
    .name = "sim",
    .destroy = sim_destroy,
    .now_ns = sim_now,
    .attach = sim_attach,
    .detach = sim_detach,
    .start = sim_start,
    .join = sim_join,
    .abandon = sim_abandon,
    .point = sim_point,
    .lock = sim_lock,
    .unlock = sim_lock,
    .sleep = sim_sleep,
    .wake = sim_wake,
    .cpu_try = sim_cpu_try,
    .cpu_take = sim_cpu_take,
    .cpu_give = sim_cpu_give,
    .cpu_kick = sim_cpu_kick,
    .spin = sim_spin,
    .spin_end = sim_spin_end,
    .timers_changed = sim_timers_changed,
    .settle = sim_settle,
    .choose = sim_choose,
    .stall = sim_stall,
};

struct sched *
pndis__sched_sim(const struct sched_options *options, const struct sched_hooks *hooks,
                 struct cpu *const *cpus)
{
    /* Coarse and fine interleavings find different races, so the seed decides about that as well.
     */
    static const uint16_t chances[] = {128, 64, 64, 32, 16, 4};
    struct sim *sim = calloc(1, sizeof(*sim));

    if (sim == NULL) {
        return NULL;
    }
    sim->main_fiber = pndis__fiber_of_thread();
    if (sim->main_fiber == NULL) {
        free(sim);
        return NULL;
    }
    sim->base.ops = &sim_ops;
    sim->base.hooks = hooks;
    sim->base.probe = options->probe;
    sim->base.machine = options->machine;
    sim->base.cpu_count = options->cpu_count;
    for (unsigned i = 0; i < options->cpu_count; i++) {
        sim->base.cpus[i] = cpus[i];
        cpus[i]->sched = &sim->base;
    }
    sim->random = options->seed;
    sim->switch_chance = chances[pndis__sim_random(sim) % (sizeof(chances) / sizeof(chances[0]))];
    sim->stack_bytes = options->stack_bytes == 0 ? DEFAULT_STACK_BYTES : options->stack_bytes;
    sim->stall_limit_ns = options->stall_limit_ns;
    /* Zero means "never" to enough code that a clock should not start there. */
    sim->now = 1000000000u;
    return &sim->base;
}
