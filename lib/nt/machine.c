/* The machine: building it, letting time go by, taking it down. */
#include "nt/nt.h"

#include "nt/bug_check.h"
#include "nt/callback.h"
#include "nt/parts.h"
#include "nt/pool.h"
#include "nt/system.h"
#include "nt/thread.h"
#include "nt/timer.h"
#include "nt/watch.h"
#include "probe/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PROCESSORS = 2, LEAST_STACK_BYTES = 65536 };
/* 6.0 and 6.89, as NdisGetVersion writes them. */
enum { OLDEST_NDIS = 0x00060000, LATEST_NDIS = 0x00060059 };

static const uint64_t default_timeout_ns = 30000000000u;
/* A driver that waits this long for something on sim waits for ever. */
static const uint64_t stall_limit_ns = 600000000000u;
/* System time on sim begins at 2026-01-01 00:00 UTC, so that every run sees the same dates. */
static const uint64_t sim_wall_ns = 1767225600000000000u;

/* --- building --- */

static int
create_processors(struct pndis_machine *machine)
{
    unsigned count = machine->processor_count;
    size_t bytes = count * sizeof(*machine->processors);

    machine->processors = aligned_alloc(_Alignof(struct processor), bytes);
    if (machine->processors == NULL) {
        return PNDIS_ENOMEM;
    }
    memset(machine->processors, 0, bytes);
    for (unsigned i = 0; i < count; i++) {
        machine->processors[i].cpu.number = i;
        machine->processors[i].machine = machine;
    }
    return 0;
}

static int
create_scheduler(struct pndis_machine *machine)
{
    const struct sched_options options = {
        .probe = &machine->probe,
        .machine = machine,
        .cpu_count = machine->processor_count,
        .seed = machine->options.seed,
        .stack_bytes = machine->options.stack_bytes,
        .stall_limit_ns = stall_limit_ns,
    };
    struct cpu *cpus[CPU_LIMIT];

    for (unsigned i = 0; i < machine->processor_count; i++) {
        cpus[i] = &machine->processors[i].cpu;
    }
    machine->sched = machine->options.scheduler == PNDIS_SIM
                         ? pndis__sched_sim(&options, &pndis__nt_hooks, cpus)
                         : pndis__sched_live(&options, &pndis__nt_hooks, cpus);
    if (machine->sched == NULL) {
        return PNDIS_ENOMEM;
    }
    machine->wall_ns_at_zero =
        (machine->options.scheduler == PNDIS_SIM ? sim_wall_ns : pndis__os_wall_ns()) -
        pndis__now_ns(machine->sched);
    return 0;
}

/* Parts of the machine, in the order of their creation; destroyed in reverse, also half-way. */
static const struct part {
    int (*create)(struct pndis_machine *machine);
    void (*destroy)(struct pndis_machine *machine);
} parts[] = {
    {pndis__crashes_create, pndis__crashes_destroy},
    {create_processors, NULL},
    {create_scheduler, NULL},
    {pndis__watch_create, pndis__watch_destroy},
    {pndis__pool_create, pndis__pool_destroy},
    {pndis__timers_create, pndis__timers_destroy},
    {pndis__registry_create, pndis__registry_destroy},
    {pndis__objects_create, pndis__objects_destroy},
    {pndis__callbacks_create, NULL},
    {pndis__threads_create, pndis__threads_destroy},
    {pndis__work_queue_create, pndis__work_queue_destroy},
};

enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

static void
destroy_parts(struct pndis_machine *machine, unsigned count)
{
    while (count-- > 0) {
        if (parts[count].destroy != NULL) {
            parts[count].destroy(machine);
        }
    }
    pndis__sched_destroy(machine->sched);
    free(machine->processors);
    pndis__ledger_close(machine->ledger);
    pndis__violations_fini(&machine->violations);
    pndis__probe_fini(&machine->probe);
    pndis__os_mutex_fini(&machine->subsystem_lock);
    free(machine);
}

static int
check_options(const struct pndis_machine_options *options)
{
    if (options->processors > PNDIS_PROCESSOR_LIMIT) {
        return pndis__fail(PNDIS_EINVAL, "a machine has at most %d processors, not %u",
                           PNDIS_PROCESSOR_LIMIT, options->processors);
    }
    if (options->scheduler != PNDIS_SIM && options->scheduler != PNDIS_LIVE) {
        return pndis__fail(PNDIS_EINVAL, "there is no scheduler %d", (int)options->scheduler);
    }
    if (options->ndis_version != 0 &&
        (options->ndis_version < OLDEST_NDIS || options->ndis_version > LATEST_NDIS)) {
        return pndis__fail(PNDIS_EINVAL,
                           "0x%08x is no version of NDIS from 6.0 to 6.89; 6.30 is 0x0006001e",
                           options->ndis_version);
    }
    if (options->stack_bytes != 0 && options->stack_bytes < LEAST_STACK_BYTES) {
        return pndis__fail(PNDIS_EINVAL, "a fiber's stack has at least %d bytes, not %zu",
                           LEAST_STACK_BYTES, options->stack_bytes);
    }
    return 0;
}

struct pndis_machine *
pndis_machine_create(const struct pndis_machine_options *options)
{
    const struct pndis_machine_options defaults = {0};
    struct pndis_machine *machine;

    options = options == NULL ? &defaults : options;
    if (check_options(options) != 0) {
        return NULL;
    }
    machine = calloc(1, sizeof(*machine));
    if (machine == NULL) {
        pndis__fail(PNDIS_ENOMEM, "no memory for a machine");
        return NULL;
    }
    machine->options = *options;
    if (machine->options.timeout_ns == 0) {
        machine->options.timeout_ns = default_timeout_ns;
    }
    machine->processor_count = options->processors == 0 ? DEFAULT_PROCESSORS : options->processors;
    pndis__random_init(machine);
    pndis__os_mutex_init(&machine->subsystem_lock);
    machine->owner.kind = "machine";
    snprintf(machine->owner.name, sizeof(machine->owner.name), "machine");
    pndis__probe_init(&machine->probe);
    pndis__violations_init(&machine->violations, machine, options->policy, options->on_violation,
                           options->user);
    if (options->scheduler == PNDIS_SIM) {
        machine->violations.seed = options->seed;
        machine->violations.processors = machine->processor_count;
    }
    if (!options->without_ledger) {
        machine->ledger = pndis__ledger_open(&machine->probe, &machine->violations);
    }
    for (unsigned i = 0; i < PART_COUNT; i++) {
        if (parts[i].create(machine) != 0) {
            destroy_parts(machine, i);
            pndis__fail(PNDIS_ENOMEM, "no memory for a machine");
            return NULL;
        }
    }
    return machine;
}

int
pndis__subsystem_add(struct pndis_machine *machine, const struct subsystem *subsystem, void **place,
                     void *state)
{
    int result = 0;

    pndis__os_mutex_lock(&machine->subsystem_lock);
    if (*place == NULL && machine->subsystem_count == SUBSYSTEM_LIMIT) {
        result = PNDIS_ELIMIT;
    } else if (*place == NULL) {
        machine->subsystems[machine->subsystem_count++] = subsystem;
        __atomic_store_n(place, state, __ATOMIC_RELEASE);
    }
    pndis__os_mutex_unlock(&machine->subsystem_lock);
    return result;
}

/* --- taking down --- */

static int
stop_everything(struct pndis_machine *machine, struct context *context)
{
    int result = 0;

    for (unsigned i = machine->subsystem_count; i-- > 0;) {
        int failure = machine->subsystems[i]->stop(machine);

        result = result == 0 ? failure : result;
    }
    while (machine->drivers != NULL) {
        pndis__driver_remove(context, machine->drivers);
    }
    pndis__threads_stop(context);
    /* Whoever drains a processor at this moment comes to an end. */
    pndis__dpc_flush(context);
    pndis__pool_check(context);
    return result;
}

int
pndis_machine_stop(struct pndis_machine *machine)
{
    struct host_call call;
    int result;

    if (machine->stopped) {
        return pndis__fail(PNDIS_EBADSTATE, "the machine has been stopped already");
    }
    result = pndis__host_enter(machine, &call);
    if (result == 0) {
        machine->stopped = true;
        result = stop_everything(machine, context_current());
        pndis__host_leave(&call);
    }
    return result;
}

void
pndis_machine_destroy(struct pndis_machine *machine)
{
    if (machine == NULL) {
        return;
    }
    if (!machine->stopped) {
        pndis_machine_stop(machine);
    }
    if (pndis__threads_are_left(machine) ||
        __atomic_load_n(&machine->crashed, __ATOMIC_RELAXED) != 0) {
        /* A driver's thread that does not end still uses all of it, or a call that faulted and was
         * left by longjmp; it has been reported. */
        return;
    }
    for (unsigned i = machine->subsystem_count; i-- > 0;) {
        machine->subsystems[i]->destroy(machine);
    }
    pndis__drivers_free_abandoned(machine);
    pndis__bug_checks_forget(machine, NULL);
    pndis__logs_close(&machine->probe);
    destroy_parts(machine, PART_COUNT);
}

/* --- time --- */

uint64_t
pndis_machine_now_ns(struct pndis_machine *machine)
{
    return pndis__now_ns(machine->sched);
}

int
pndis_machine_run(struct pndis_machine *machine, uint64_t ns)
{
    struct host_call call;
    struct context *context;
    int result = pndis__host_begin(machine, &call);

    if (result != 0) {
        return result;
    }
    context = context_current();
    pndis__lock(machine->sched);
    context->host_wait = true;
    machine->sched->ops->sleep(context, pndis__now_ns(machine->sched) + ns);
    context->host_wait = false;
    pndis__unlock(machine->sched);
    pndis__host_leave(&call);
    return 0;
}

int
pndis_machine_settle(struct pndis_machine *machine)
{
    struct host_call call;
    int result;

    if (machine->sched->ops->settle == NULL) {
        return pndis__fail(PNDIS_EUNSUPPORTED, "only a sim machine knows when it is settled");
    }
    result = pndis__host_begin(machine, &call);
    if (result == 0) {
        machine->sched->ops->settle(context_current());
        pndis__host_leave(&call);
    }
    return result;
}

/* Between two questions: long enough to be cheap, short enough not to be noticed. */
static const uint64_t question_interval_ns = 100000;

int
pndis_machine_run_until(struct pndis_machine *machine, bool (*done)(void *user), void *user,
                        uint64_t timeout_ns)
{
    struct host_call call;
    struct context *context;
    struct sched *sched = machine->sched;
    uint64_t deadline;
    int result = pndis__host_begin(machine, &call);

    if (result != 0) {
        return result;
    }
    context = context_current();
    deadline = pndis__now_ns(sched) + (timeout_ns == 0 ? machine->options.timeout_ns : timeout_ns);
    while (!done(user)) {
        uint64_t now = pndis__now_ns(sched);
        uint64_t next = now + question_interval_ns;

        if (now >= deadline) {
            result = pndis__fail(PNDIS_ETIMEDOUT, "time was up before it happened");
            break;
        }
        if (sched->ops->settle != NULL) {
            if (sched->ops->settle(context) && done(user)) {
                break;
            }
            next = pndis__timer_queue_next(&sched->timers);
            if (next == SCHED_FOREVER) {
                result = pndis__fail(PNDIS_ESTALLED, "nothing is left that could make it happen");
                break;
            }
        }
        pndis__lock(sched);
        context->host_wait = true;
        sched->ops->sleep(context, next < deadline ? next : deadline);
        context->host_wait = false;
        pndis__unlock(sched);
    }
    pndis__host_leave(&call);
    return result;
}

/* --- what was recorded --- */

size_t
pndis_violation_count(struct pndis_machine *machine)
{
    return pndis__violations_errors(&machine->violations);
}

const struct pndis_violation *
pndis_violation_at(struct pndis_machine *machine, size_t index)
{
    return pndis__violations_at(&machine->violations, index);
}

const struct pndis_violation *
pndis_violation_of(struct pndis_machine *machine, const char *rule)
{
    return pndis__violations_of(&machine->violations, rule);
}

void
pndis_violations_clear(struct pndis_machine *machine)
{
    pndis__violations_clear(&machine->violations);
}

struct pndis_log *
pndis_log_open(struct pndis_machine *machine, unsigned topics)
{
    struct pndis_log *log = pndis__log_open(&machine->probe, topics);

    if (log == NULL) {
        pndis__fail(PNDIS_ENOMEM, "no memory, or no place, for another log");
    } else if ((topics & PNDIS_LOG_CALLS) != 0) {
        pndis__attention_set(machine->sched, ATTENTION_CALLS);
    }
    return log;
}

void
pndis_log_note(struct pndis_machine *machine, const char *text)
{
    struct host_call call;

    if (pndis__host_enter(machine, &call) == 0) {
        PROBE(context_current(), NOTE, .detail = text);
        pndis__host_leave(&call);
    }
}
