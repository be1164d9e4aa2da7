/*
 * Calling the driver. A deserialized miniport is called by whoever has something for it. In a
 * serialized one there is somebody at a time; what others have for it meanwhile waits, and is done
 * by whoever is in it on the way out. So nobody ever spins, and a driver that calls up from inside
 * one of its functions is not entered again.
 */
#include "ndis5/packet.h"

static struct task *
pop_task(struct serial *serial)
{
    struct task *task = serial->first_task;

    if (task != NULL) {
        serial->first_task = task->next;
        if (serial->first_task == NULL) {
            serial->last_task = NULL;
        }
        task->queued = false;
    }
    return task;
}

static NDIS_MINIPORT_TIMER *
pop_timer(struct serial *serial)
{
    NDIS_MINIPORT_TIMER *timer = serial->first_timer;

    if (timer != NULL) {
        serial->first_timer = timer->NextTimer == timer ? NULL : timer->NextTimer;
        if (serial->first_timer == NULL) {
            serial->last_timer = NULL;
        }
        timer->NextTimer = NULL;
    }
    return timer;
}

static struct packet_block *
take_returns(struct serial *serial)
{
    struct packet_block *first = serial->first_return;

    serial->first_return = serial->last_return = NULL;
    return first;
}

/* One thing that waits. False: there is nothing. The lock is held, and let go of meanwhile. */
static bool
do_one(struct context *context, struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    struct task *task = pop_task(serial);
    NDIS_MINIPORT_TIMER *timer = task != NULL ? NULL : pop_timer(serial);
    struct packet_block *returns = task != NULL || timer != NULL ? NULL : take_returns(serial);
    bool sends = task == NULL && timer == NULL && returns == NULL && serial->first_send != NULL &&
                 !serial->stalled;

    if (task == NULL && timer == NULL && returns == NULL && !sends) {
        return false;
    }
    brief_unlock(&serial->lock);
    if (task != NULL) {
        task->run(context, miniport, task);
    } else if (timer != NULL) {
        pndis__n5_timer_call(context, miniport, timer);
    } else if (returns != NULL) {
        pndis__return_packets(context, miniport, returns);
    } else {
        pndis__send_queued(context, miniport);
    }
    brief_lock(&serial->lock);
    return true;
}

void
pndis__serial_drain(struct context *context, struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;

    brief_lock(&serial->lock);
    if (!serial->taken) {
        serial->taken = true;
        while (do_one(context, miniport)) {
        }
        serial->taken = false;
    }
    brief_unlock(&serial->lock);
}

static void
queue_task(struct serial *serial, struct task *task)
{
    brief_lock(&serial->lock);
    if (!task->queued) {
        task->queued = true;
        task->next = NULL;
        if (serial->last_task == NULL) {
            serial->first_task = task;
        } else {
            serial->last_task->next = task;
        }
        serial->last_task = task;
    }
    brief_unlock(&serial->lock);
}

void
pndis__task_run(struct context *context, struct miniport5 *miniport, struct task *task)
{
    KIRQL before = to_dispatch(context);

    if (miniport->serialized) {
        queue_task(&miniport->serial, task);
        pndis__serial_drain(context, miniport);
    } else {
        task->run(context, miniport, task);
    }
    from_dispatch(context, before);
}

void
pndis__task_wait(struct context *context, struct miniport5 *miniport, struct task *task,
                 KEVENT *done)
{
    KeInitializeEvent(done, NotificationEvent, FALSE);
    pndis__task_run(context, miniport, task);
    pndis__wait(context, done, SCHED_FOREVER, false);
}
