/*
 * Interrupts: a device signals, a processor serves.
 *
 * A signal that finds its processor free is served by whoever the scheduler sends, at once on live
 * by the device's own thread. One that finds it held is served by the holder at its next call into
 * NT or NDIS when the interrupt's level is above the holder's, or on its way down; just as a
 * processor takes an interrupt between two instructions.
 */
#include "nt/nt.h"

static KSPIN_LOCK *
lock_of(struct interrupt *interrupt)
{
    return interrupt->shared_lock != NULL ? interrupt->shared_lock : &interrupt->lock;
}

static void
serve(struct context *context, struct interrupt *interrupt)
{
    KIRQL before = context->irql;
    struct frame *frame = context->frame;

    context->irql = interrupt->level;
    context->frame = NULL;
    PROBE(context, RUN, .name = "interrupt", .owner = interrupt->owner);
    pndis__spin_acquire(context, lock_of(interrupt));
    __atomic_store_n(&interrupt->pending, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&interrupt->connected, __ATOMIC_SEQ_CST) != 0) {
        interrupt->service(context, interrupt);
    }
    pndis__spin_release(context, lock_of(interrupt));
    context->frame = frame;
    context->irql = before;
}

/* Take the first pending interrupt above @level off the processor's list. */
static struct interrupt *
take_pending(struct processor *processor, KIRQL level)
{
    struct interrupt **link;
    struct interrupt *found = NULL;

    brief_lock(&processor->lock);
    for (link = &processor->interrupts; *link != NULL && found == NULL;) {
        if ((*link)->level > level) {
            found = *link;
            *link = found->next;
            __atomic_fetch_add(&found->servicing, 1, __ATOMIC_SEQ_CST);
            pndis__queued_less(processor);
        } else {
            link = &(*link)->next;
        }
    }
    brief_unlock(&processor->lock);
    return found;
}

void
pndis__interrupts_deliver(struct context *context)
{
    struct processor *processor;
    struct interrupt *interrupt;

    if (context->cpu == NULL) {
        return;
    }
    processor = processor_of(context->cpu);
    while (__atomic_load_n(&processor->interrupts, __ATOMIC_SEQ_CST) != NULL &&
           (interrupt = take_pending(processor, context->irql)) != NULL) {
        serve(context, interrupt);
        __atomic_fetch_sub(&interrupt->servicing, 1, __ATOMIC_SEQ_CST);
        context->sched->ops->spin_end(context->sched, &interrupt->servicing);
    }
}

void
pndis__interrupt_raise(struct interrupt *interrupt)
{
    struct processor *processor = interrupt->target;
    struct context *context = context_current();
    struct sched *sched = processor->machine->sched;
    struct interrupt **link;

    if (__atomic_exchange_n(&interrupt->pending, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    brief_lock(&processor->lock);
    interrupt->next = NULL;
    for (link = &processor->interrupts; *link != NULL; link = &(*link)->next) {
    }
    __atomic_store_n(link, interrupt, __ATOMIC_RELEASE);
    __atomic_fetch_add(&processor->queued, 1, __ATOMIC_SEQ_CST);
    brief_unlock(&processor->lock);
    /* A processor that is held serves it at its next call, or on its way down at the latest. */
    if (__atomic_load_n(&processor->cpu.state, __ATOMIC_RELAXED) != 0) {
        pndis__attention_set(sched, ATTENTION_INTERRUPT);
    }
    if (context == NULL || context->cpu != &processor->cpu) {
        sched->ops->cpu_kick(sched, &processor->cpu);
    }
}

BOOLEAN
pndis__interrupt_synchronize(struct context *context, struct interrupt *interrupt,
                             BOOLEAN (*routine)(void *argument), void *argument)
{
    KIRQL before = pndis__irql_raise(context, interrupt->level);
    BOOLEAN result;

    pndis__spin_acquire(context, lock_of(interrupt));
    result = routine(argument);
    pndis__spin_release(context, lock_of(interrupt));
    pndis__irql_lower(context, before);
    return result;
}

void
pndis__interrupt_disconnect(struct context *context, struct interrupt *interrupt)
{
    struct processor *processor = interrupt->target;
    struct interrupt **link;

    __atomic_store_n(&interrupt->connected, 0, __ATOMIC_SEQ_CST);
    brief_lock(&processor->lock);
    for (link = &processor->interrupts; *link != NULL; link = &(*link)->next) {
        if (*link == interrupt) {
            *link = interrupt->next;
            pndis__queued_less(processor);
            break;
        }
    }
    brief_unlock(&processor->lock);
    for (unsigned turn = 0; __atomic_load_n(&interrupt->servicing, __ATOMIC_SEQ_CST) != 0; turn++) {
        context->sched->ops->spin(context, &interrupt->servicing, turn);
    }
}
