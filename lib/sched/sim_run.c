/* The sim scheduler: who is ready, who goes on, and how virtual time passes. See sim.c. */
#include "sched/sim.h"

#include "sched/fiber.h"

#include <stdio.h>
#include <stdlib.h>

/* splitmix64: every seed, 0 included, gives a full-period sequence. */
uint64_t
pndis__sim_random(struct sim *sim)
{
    uint64_t z = sim->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void
pndis__sim_update_attention(struct sim *sim)
{
    bool wanted = sim->raised.count + sim->passive.count + sim->work_count > 0 ||
                  sim->base.timers.first != NULL;

    if (wanted) {
        sim->base.attention |= ATTENTION_SWITCH;
    } else {
        sim->base.attention &= ~(uint32_t)ATTENTION_SWITCH;
    }
}

/* --- lists --- */

void
pndis__sim_ready_add(struct sim *sim, struct context *context)
{
    struct ready_list *list = context->cpu != NULL ? &sim->raised : &sim->passive;

    if (list->count == list->capacity) {
        unsigned capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct context **grown = realloc(list->contexts, capacity * sizeof(*grown));

        if (grown == NULL) {
            pndis__os_report("pndis: no memory for the run queue\n");
            pndis__os_die();
        }
        list->contexts = grown;
        list->capacity = capacity;
    }
    context->state = CONTEXT_READY;
    context->ready_index = list->count;
    list->contexts[list->count++] = context;
    pndis__sim_update_attention(sim);
}

static struct context *
ready_take(struct sim *sim, struct ready_list *list, unsigned index)
{
    struct context *context = list->contexts[index];

    list->contexts[index] = list->contexts[--list->count];
    list->contexts[index]->ready_index = index;
    pndis__sim_update_attention(sim);
    return context;
}

void
pndis__sim_waiting_add(struct sim *sim, struct context *context, enum context_state state)
{
    context->state = state;
    context->prev = NULL;
    context->next = sim->waiting;
    if (sim->waiting != NULL) {
        sim->waiting->prev = context;
    }
    sim->waiting = context;
}

static void
waiting_remove(struct sim *sim, struct context *context)
{
    if (context->prev != NULL) {
        context->prev->next = context->next;
    } else {
        sim->waiting = context->next;
    }
    if (context->next != NULL) {
        context->next->prev = context->prev;
    }
}

void
pndis__sim_make_ready(struct sim *sim, struct context *context)
{
    waiting_remove(sim, context);
    pndis__sim_ready_add(sim, context);
}

void
pndis__sim_remove(struct sim *sim, struct context *context)
{
    if (context->state == CONTEXT_READY) {
        ready_take(sim, context->cpu != NULL ? &sim->raised : &sim->passive, context->ready_index);
    } else if (context->state == CONTEXT_ASLEEP || context->state == CONTEXT_SPINNING) {
        sim->base.spinning_count -= context->state == CONTEXT_SPINNING;
        waiting_remove(sim, context);
    }
    if (context->cpu != NULL) {
        sim->base.ops->cpu_give(context);
    }
}

/* --- switching --- */

void
pndis__sim_destroy_finished(struct sim *sim)
{
    while (sim->finished != NULL) {
        struct context *context = sim->finished;

        sim->finished = context->next;
        pndis__fiber_destroy(context->fiber);
        context->fiber = NULL;
    }
}

static void
switch_to(struct context *from, struct context *to)
{
    struct sim *sim = sim_of(from->sched);

    if (from == to) {
        from->state = CONTEXT_RUNNING;
        return;
    }
    to->state = CONTEXT_RUNNING;
    PROBE(to, SWITCH, .name = to->name);
    pndis__current = to;
    pndis__fiber_switch(from->fiber, to->fiber);
    pndis__current = from;
    pndis__sim_destroy_finished(sim);
}

void
pndis__sim_hold(struct sim *sim, struct context *context, struct cpu *cpu)
{
    if (cpu->has_work) {
        cpu->has_work = false;
        sim->work_count--;
    }
    cpu->holder = context;
    cpu->state = 1;
    context->cpu = cpu;
    sim->held_count++;
    pndis__sim_update_attention(sim);
}

static void
drain_forever(void *user)
{
    struct context *self = user;
    struct sim *sim = sim_of(self->sched);

    for (;;) {
        sim->base.hooks->drain(self);
        sim->base.ops->cpu_give(self);
        self->state = CONTEXT_IDLE;
        self->next = sim->idle;
        sim->idle = self;
        /* Whoever picks this fiber again has given it a processor first. */
        pndis__sim_leave(self);
    }
}

/* A fiber to drain @cpu on, which it now holds. */
static struct context *
drainer_for(struct sim *sim, struct cpu *cpu)
{
    struct context *context = sim->idle;

    if (context != NULL) {
        sim->idle = context->next;
    } else {
        char name[24];

        context = malloc(sizeof(*context));
        snprintf(name, sizeof(name), "processor %u", cpu->number);
        if (context != NULL) {
            pndis__context_init(context, &sim->base, name);
            context->fiber = pndis__fiber_create(sim->stack_bytes, drain_forever, context);
        }
        if (context == NULL || context->fiber == NULL) {
            pndis__os_report("pndis: no memory for a processor's fiber\n");
            pndis__os_die();
        }
    }
    pndis__sim_hold(sim, context, cpu);
    return context;
}

static struct cpu *
free_cpu_with_work(struct sim *sim, unsigned index)
{
    for (unsigned i = 0; i < sim->base.cpu_count; i++) {
        struct cpu *cpu = sim->base.cpus[i];

        if (cpu->has_work && cpu->holder == NULL && index-- == 0) {
            return cpu;
        }
    }
    return NULL;
}

/* How many could go on instead of the running context. */
unsigned
pndis__sim_choices(const struct sim *sim)
{
    unsigned count = sim->raised.count;

    if (sim->held_count < sim->base.cpu_count) {
        count += sim->passive.count + sim->work_count;
    }
    return count;
}

static struct context *
pick(struct sim *sim, unsigned index)
{
    if (index < sim->raised.count) {
        return ready_take(sim, &sim->raised, index);
    }
    index -= sim->raised.count;
    if (index < sim->passive.count) {
        return ready_take(sim, &sim->passive, index);
    }
    return drainer_for(sim, free_cpu_with_work(sim, index - sim->passive.count));
}

void
pndis__sim_advance(struct sim *sim, uint64_t ns)
{
    sim->now += ns;
    if (pndis__timer_queue_next(&sim->base.timers) <= sim->now) {
        pndis__lock(&sim->base);
        pndis__timers_expire(&sim->base, sim->now);
        pndis__unlock(&sim->base);
        pndis__sim_update_attention(sim);
    }
}

/*
 * What executing up to this point has cost. Mostly nothing much; sometimes a cache miss, rarely a
 * long detour, so that timers meet code in the middle of its work.
 */
uint64_t
pndis__sim_cost_of_a_step(struct sim *sim)
{
    uint64_t dice = pndis__sim_random(sim);
    uint64_t scale = (dice & 0xfff) == 0 ? 2000000 : (dice & 0x3f) == 0 ? 20000 : 200;

    return 1 + (dice >> 16) % scale;
}

/* --- when nobody can go on --- */

static void
list_waiting(const struct sim *sim, char *text, size_t bytes)
{
    size_t used = 0;

    text[0] = 0;
    for (const struct context *c = sim->waiting; c != NULL && used < bytes; c = c->next) {
        used += (size_t)snprintf(text + used, bytes - used, "%s%s %s%s%s", used == 0 ? "" : ", ",
                                 c->name, c->state == CONTEXT_SPINNING ? "spins" : "waits",
                                 c->frame == NULL ? "" : " in ",
                                 c->frame == NULL ? "" : c->frame->callback);
    }
}

/*
 * A host call that waits can be told that it waits in vain. A driver that waits in vain is a
 * deadlock: after the report its wait ends as a timeout, so that a test can go on and look at the
 * report.
 */
static void
resolve_stall(struct sim *sim)
{
    struct context *main = sim->main;

    if (main == NULL || main->state != CONTEXT_ASLEEP || !main->host_wait) {
        char text[400];

        list_waiting(sim, text, sizeof(text));
        sim->base.hooks->deadlock(&sim->base, text);
        if (main == NULL || main->state != CONTEXT_ASLEEP) {
            pndis__os_report("pndis: a deadlock that involves a lock cannot be undone\n");
            pndis__os_die();
        }
    }
    main->sleep_result = SLEEP_STALLED;
    pndis__sim_make_ready(sim, main);
}

static void
pass_idle_time(struct sim *sim)
{
    const struct context *main = sim->main;
    uint64_t next = pndis__timer_queue_next(&sim->base.timers);
    bool waits_in_driver = main != NULL && main->state == CONTEXT_ASLEEP && !main->host_wait;

    if (next == SCHED_FOREVER ||
        (waits_in_driver && next - sim->main_asleep_since > sim->stall_limit_ns)) {
        resolve_stall(sim);
    } else {
        pndis__sim_advance(sim, next > sim->now ? next - sim->now : 0);
    }
}

/* The running context cannot go on, or is done: let somebody else, and return when it is its turn.
 */
void
pndis__sim_leave(struct context *self)
{
    struct sim *sim = sim_of(self->sched);

    while (pndis__sim_choices(sim) == 0) {
        pass_idle_time(sim);
    }
    switch_to(self, pick(sim, (unsigned)(pndis__sim_random(sim) % pndis__sim_choices(sim))));
}
