/*
 * Virtual processors: IRQL, DPC queues, and draining them.
 *
 * A context at DISPATCH_LEVEL or above holds a processor. When it goes below, the processor's
 * pending interrupts and DPCs run first, on its back, as on Windows. Work that is queued to a
 * processor nobody holds is drained by whoever the scheduler finds.
 */
#include "nt/nt.h"

/* --- the queue --- */

static KDPC *
next_of(const KDPC *dpc)
{
    return (KDPC *)dpc->DpcListEntry.Next;
}

static void
set_next(KDPC *dpc, KDPC *next)
{
    dpc->DpcListEntry.Next = (PSINGLE_LIST_ENTRY)next;
}

struct processor *
pndis__processor_near(const struct context *context)
{
    if (context->cpu != NULL) {
        return processor_of(context->cpu);
    }
    return context->last_cpu != NULL ? processor_of(context->last_cpu)
                                     : &context->machine->processors[0];
}

/* "KDPC object": the target is 0 for the running processor, else its number + 1 here. */
static struct processor *
target_of(struct pndis_machine *machine, struct processor *running, const KDPC *dpc)
{
    return dpc->Number != 0 && dpc->Number <= machine->processor_count
               ? &machine->processors[dpc->Number - 1]
               : running;
}

static void
queue_insert(struct processor *processor, KDPC *dpc)
{
    set_next(dpc, NULL);
    if (processor->dpc_last == NULL) {
        processor->dpc_first = processor->dpc_last = dpc;
    } else if (dpc->Importance == HighImportance) {
        set_next(dpc, processor->dpc_first);
        processor->dpc_first = dpc;
    } else {
        set_next(processor->dpc_last, dpc);
        processor->dpc_last = dpc;
    }
    __atomic_fetch_add(&processor->queued, 1, __ATOMIC_SEQ_CST);
}

static struct processor *
try_insert(struct pndis_machine *machine, struct processor *running, KDPC *dpc, void *argument1,
           void *argument2)
{
    struct processor *processor = target_of(machine, running, dpc);
    PVOID nowhere = NULL;

    /* DpcData tells that it is queued, and where; the one who sets it owns the insertion. */
    if (!__atomic_compare_exchange_n(&dpc->DpcData, &nowhere, (PVOID)processor, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return NULL;
    }
    dpc->SystemArgument1 = argument1;
    dpc->SystemArgument2 = argument2;
    brief_lock(&processor->lock);
    queue_insert(processor, dpc);
    brief_unlock(&processor->lock);
    return processor;
}

/* What a DPC calls. Its object is free for the next insertion, or to be freed, once it is taken. */
struct dpc_call {
    struct owner *owner;
    PKDEFERRED_ROUTINE routine;
    PVOID deferred_context;
    PVOID argument1;
    PVOID argument2;
};

static KDPC *
queue_take(struct processor *processor, struct dpc_call *out_call)
{
    KDPC *dpc;

    brief_lock(&processor->lock);
    dpc = processor->dpc_first;
    if (dpc != NULL) {
        *out_call = (struct dpc_call){
            .owner = (struct owner *)dpc->ProcessorHistory,
            .routine = dpc->DeferredRoutine,
            .deferred_context = dpc->DeferredContext,
            .argument1 = dpc->SystemArgument1,
            .argument2 = dpc->SystemArgument2,
        };
        processor->dpc_first = next_of(dpc);
        if (processor->dpc_first == NULL) {
            processor->dpc_last = NULL;
        }
        pndis__queued_less(processor);
        __atomic_store_n(&dpc->DpcData, NULL, __ATOMIC_RELEASE);
    }
    brief_unlock(&processor->lock);
    return dpc;
}

bool
pndis__dpc_insert(struct context *context, KDPC *dpc, void *argument1, void *argument2)
{
    struct processor *processor =
        try_insert(context->machine, pndis__processor_near(context), dpc, argument1, argument2);

    if (processor == NULL) {
        return false;
    }
    if (context->cpu != &processor->cpu) {
        context->sched->ops->cpu_kick(context->sched, &processor->cpu);
    }
    return true;
}

bool
pndis__dpc_insert_locked(struct processor *processor, KDPC *dpc)
{
    struct pndis_machine *machine = processor->machine;

    processor = try_insert(machine, processor, dpc, NULL, NULL);
    if (processor == NULL) {
        return false;
    }
    machine->sched->kick_after_unlock |= (uint64_t)1 << processor->cpu.number;
    return true;
}

static bool
queue_unlink(struct processor *processor, KDPC *dpc)
{
    KDPC *before = NULL;

    for (KDPC *at = processor->dpc_first; at != NULL; before = at, at = next_of(at)) {
        if (at != dpc) {
            continue;
        }
        if (before == NULL) {
            processor->dpc_first = next_of(at);
        } else {
            set_next(before, next_of(at));
        }
        if (processor->dpc_last == at) {
            processor->dpc_last = before;
        }
        return true;
    }
    return false;
}

bool
pndis__dpc_remove(struct pndis_machine *machine, KDPC *dpc)
{
    struct processor *processor = __atomic_load_n(&dpc->DpcData, __ATOMIC_SEQ_CST);
    bool removed = false;

    if (processor < machine->processors ||
        processor >= machine->processors + machine->processor_count) {
        return false;
    }
    brief_lock(&processor->lock);
    if (queue_unlink(processor, dpc)) {
        pndis__queued_less(processor);
        __atomic_store_n(&dpc->DpcData, NULL, __ATOMIC_RELEASE);
        removed = true;
    }
    brief_unlock(&processor->lock);
    return removed;
}

static const KDPC *
queued_in(struct processor *processor, const void *start, size_t bytes)
{
    const KDPC *found = NULL;

    if (__atomic_load_n(&processor->queued, __ATOMIC_SEQ_CST) == 0) {
        return NULL;
    }
    brief_lock(&processor->lock);
    for (const KDPC *at = processor->dpc_first; at != NULL && found == NULL; at = next_of(at)) {
        if ((uintptr_t)at - (uintptr_t)start < bytes) {
            found = at;
        }
    }
    brief_unlock(&processor->lock);
    return found;
}

const KDPC *
pndis__dpc_queued_in(struct pndis_machine *machine, const void *start, size_t bytes)
{
    const KDPC *found = NULL;

    for (unsigned i = 0; i < machine->processor_count && found == NULL; i++) {
        found = queued_in(&machine->processors[i], start, bytes);
    }
    return found;
}

/* --- draining --- */

static void
run_dpc(struct context *context, struct processor *processor, KDPC *dpc,
        const struct dpc_call *call)
{
    struct owner *owner = call->owner != NULL ? call->owner : &context->machine->owner;
    struct frame frame;

    PROBE(context, RUN, .name = "DPC", .owner = owner);
    processor->dpc_running = dpc;
    pndis__guest_enter(context, &frame, owner, "DeferredRoutine");
    call->routine(dpc, call->deferred_context, call->argument1, call->argument2);
    pndis__guest_leave(context, &frame);
    processor->dpc_running = NULL;
}

/* @context holds a processor: leave its queues empty. */
static void
drain(struct context *context)
{
    struct processor *processor = processor_of(context->cpu);
    KIRQL before = context->irql;
    struct frame *frame = context->frame;
    uint16_t locks_held = context->locks_held;
    struct dpc_call call;
    KDPC *dpc;

    context->irql = DISPATCH_LEVEL;
    context->frame = NULL;
    context->locks_held = 0;
    while (__atomic_load_n(&processor->queued, __ATOMIC_SEQ_CST) != 0) {
        pndis__interrupts_deliver(context);
        dpc = queue_take(processor, &call);
        if (dpc != NULL) {
            run_dpc(context, processor, dpc, &call);
            context->sched->ops->point(context);
        }
    }
    context->frame = frame;
    context->locks_held = locks_held;
    context->irql = before;
}

static bool
has_work(struct cpu *cpu)
{
    return __atomic_load_n(&processor_of(cpu)->queued, __ATOMIC_SEQ_CST) != 0;
}

/* --- levels --- */

KIRQL
pndis__irql_raise(struct context *context, KIRQL level)
{
    KIRQL before = context->irql;

    if (level >= DISPATCH_LEVEL && context->cpu == NULL) {
        context->sched->ops->cpu_take(context);
    }
    context->irql = level;
    PROBE(context, IRQL, .a = before, .b = level);
    return before;
}

void
pndis__irql_lower(struct context *context, KIRQL level)
{
    PROBE(context, IRQL, .a = context->irql, .b = level);
    if (level >= DISPATCH_LEVEL || context->cpu == NULL) {
        context->irql = level;
        return;
    }
    do {
        struct cpu *cpu = context->cpu;

        if (has_work(cpu)) {
            drain(context);
        }
        context->irql = level;
        context->sched->ops->cpu_give(context);
        /* What came between the last look and giving it back would otherwise wait for nobody. */
        if (!has_work(cpu) || !context->sched->ops->cpu_try(context, cpu)) {
            return;
        }
        context->irql = DISPATCH_LEVEL;
    } while (true);
}

void
pndis__dpc_flush(struct context *context)
{
    uint64_t affinity = context->affinity;

    for (unsigned i = 0; i < context->machine->processor_count; i++) {
        KIRQL before;

        context->affinity = (uint64_t)1 << i;
        before = pndis__irql_raise(context, DISPATCH_LEVEL);
        pndis__irql_lower(context, before);
    }
    context->affinity = affinity;
}

void
pndis__processors_pass(struct context *context)
{
    if (context->machine->options.scheduler == PNDIS_LIVE) {
        pndis__dpc_flush(context);
    }
}

static void
deadlock(struct sched *sched, const char *who_waits)
{
    struct context *context = context_current();

    pndis__report(context, RULE_DEADLOCK, &sched->machine->owner, "KeWaitForSingleObject", NULL,
                  "nothing can run any more: %s", who_waits);
}

const struct sched_hooks pndis__nt_hooks = {
    .drain = drain,
    .has_work = has_work,
    .deadlock = deadlock,
    .thread_begin = pndis__thread_begin,
    .thread_end = pndis__thread_end,
};
