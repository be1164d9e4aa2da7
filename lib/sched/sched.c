/* What both schedulers share: contexts, events, the timer queue. */
#include "sched/sched.h"

#include <stdio.h>
#include <string.h>

_Thread_local struct context *pndis__current __attribute__((tls_model("initial-exec")));

void
pndis__emit(struct context *context, struct probe_event *event)
{
    event->time_ns = pndis__now_ns(context->sched);
    event->context = context->number;
    event->cpu = context->cpu == NULL ? -1 : (int16_t)context->cpu->number;
    event->irql = context->irql;
    if (event->callback == NULL && context->frame != NULL) {
        event->callback = context->frame->callback;
    }
    pndis__probe_emit(context->probe, event);
}

void
pndis__context_init(struct context *context, struct sched *sched, const char *name)
{
    memset(context, 0, sizeof(*context));
    context->sched = sched;
    context->probe = sched->probe;
    context->machine = sched->machine;
    context->number = __atomic_add_fetch(&sched->context_count, 1, __ATOMIC_RELAXED);
    context->state = CONTEXT_RUNNING;
    snprintf(context->name, sizeof(context->name), "%s", name);
}

void
pndis__sched_destroy(struct sched *sched)
{
    if (sched != NULL) {
        sched->ops->destroy(sched);
    }
}

void
pndis__attention_set(struct sched *sched, enum attention bit)
{
    __atomic_fetch_or(&sched->attention, (uint32_t)bit, __ATOMIC_SEQ_CST);
}

void
pndis__attention_clear(struct sched *sched, enum attention bit)
{
    __atomic_fetch_and(&sched->attention, ~(uint32_t)bit, __ATOMIC_SEQ_CST);
}

static uint64_t
take_kicks(struct sched *sched)
{
    uint64_t kicks = sched->kick_after_unlock;

    sched->kick_after_unlock = 0;
    return kicks;
}

static void
kick(struct sched *sched, uint64_t kicks)
{
    while (kicks != 0) {
        unsigned number = (unsigned)__builtin_ctzll(kicks);

        kicks &= kicks - 1;
        sched->ops->cpu_kick(sched, sched->cpus[number]);
    }
}

void
pndis__unlock(struct sched *sched)
{
    uint64_t kicks = take_kicks(sched);

    sched->ops->unlock(sched);
    kick(sched, kicks);
}

void
pndis__kick(struct sched *sched)
{
    kick(sched, take_kicks(sched));
}

void
pndis__timer_arm(struct sched *sched, struct sched_timer *timer, uint64_t due_ns)
{
    pndis__timer_queue_remove(&sched->timers, timer);
    pndis__timer_queue_add(&sched->timers, timer, due_ns);
    sched->ops->timers_changed(sched);
}

bool
pndis__timer_disarm(struct sched *sched, struct sched_timer *timer)
{
    bool was_armed = pndis__timer_queue_remove(&sched->timers, timer);

    if (was_armed) {
        sched->ops->timers_changed(sched);
    }
    return was_armed;
}

void
pndis__timers_expire(struct sched *sched, uint64_t now_ns)
{
    struct sched_timer *timer;

    while ((timer = pndis__timer_queue_due(&sched->timers, now_ns)) != NULL) {
        timer->expire(timer);
    }
}
