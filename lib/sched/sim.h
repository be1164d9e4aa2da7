/*
 * Inside the sim scheduler: its state, and the half of it that decides who runs (sim_run.c). The
 * other half (sim.c) is the interface of sched.h on top of that.
 */
#ifndef PNDIS_LIB_SCHED_SIM_H
#define PNDIS_LIB_SCHED_SIM_H

#include "sched/sched.h"

/* Contexts that could run if they were picked. Order matters only to the seed. */
struct ready_list {
    struct context **contexts;
    unsigned count;
    unsigned capacity;
};

struct sim {
    struct sched base;
    uint64_t now;
    uint64_t random;
    uint32_t switch_chance; /* Of 256. */
    size_t stack_bytes;
    uint64_t stall_limit_ns;
    struct context *main; /* The host thread that is inside a call; NULL: none. */
    struct fiber *main_fiber;
    struct ready_list raised;  /* Hold a processor. */
    struct ready_list passive; /* Would need one. */
    struct context *waiting;   /* Asleep or spinning, for reports and spin_end. */
    struct context *idle;      /* Fibers that can drain a processor. */
    unsigned held_count;
    unsigned work_count; /* Free processors with queued work. */
    struct context *finished;
    uint64_t main_asleep_since;
};

static inline struct sim *
sim_of(struct sched *sched)
{
    return (struct sim *)sched;
}

/* The next number of the seed's sequence. */
uint64_t pndis__sim_random(struct sim *sim);
/* To be called when something became able, or unable, to run instead of the running context. */
void pndis__sim_update_attention(struct sim *sim);
void pndis__sim_ready_add(struct sim *sim, struct context *context);
void pndis__sim_waiting_add(struct sim *sim, struct context *context, enum context_state state);
/* From the waiting list to the ready ones. */
void pndis__sim_make_ready(struct sim *sim, struct context *context);
/* Take a context that does not run off whatever list it is on, and its processor from it. */
void pndis__sim_remove(struct sim *sim, struct context *context);
/* Give @context the free processor @cpu. */
void pndis__sim_hold(struct sim *sim, struct context *context, struct cpu *cpu);
/* How many could go on instead of the running context. */
unsigned pndis__sim_choices(const struct sim *sim);
/* Let @ns of virtual time go by, and expire what is due. */
void pndis__sim_advance(struct sim *sim, uint64_t ns);
uint64_t pndis__sim_cost_of_a_step(struct sim *sim);
/* The running context cannot go on, or is done: let somebody else, and return when it is its turn.
 */
void pndis__sim_leave(struct context *self);
/* Free the fibers of contexts that have ended. */
void pndis__sim_destroy_finished(struct sim *sim);

#endif
