/*
 * Cancelling OID requests: for who made them, and when their Timeout is over. What is still queued
 * ends here; what the miniport has is its to cancel.
 */
#include "ndis/oid.h"

#include "ndis/adapter.h"

/* Which requests. */
struct cancel {
    const struct binding *binding; /* NULL: those whose time was over at @now_ns. */
    PVOID id;
    uint64_t now_ns;
};

static bool
is_meant(const struct oid_work *work, const struct cancel *cancel)
{
    if (cancel->binding != NULL) {
        return work->binding == cancel->binding && work->request->RequestId == cancel->id;
    }
    return work->due_ns != 0 && work->due_ns <= cancel->now_ns;
}

static struct oid_work *
remove_queued(struct oid_queue *queue, const struct cancel *cancel)
{
    struct oid_work **link = &queue->first;
    struct oid_work *before = NULL;
    struct oid_work *found = NULL;

    brief_lock(&queue->lock);
    while (*link != NULL && !is_meant(*link, cancel)) {
        before = *link;
        link = &before->next;
    }
    found = *link;
    if (found != NULL) {
        *link = found->next;
        if (queue->last == found) {
            queue->last = before;
        }
    }
    brief_unlock(&queue->lock);
    return found;
}

/* The miniport is told once. */
static void
tell_miniport(struct context *context, struct pndis_adapter *adapter, const struct cancel *cancel)
{
    struct oid_queue *queue = &adapter->oids;
    struct oid_work *work;
    struct frame frame;
    bool with_miniport;
    PVOID id = NULL;

    brief_lock(&queue->lock);
    work = queue->current;
    with_miniport = work != NULL && !work->cancelled && is_meant(work, cancel);
    if (with_miniport) {
        work->cancelled = true;
        id = work->request->RequestId;
    }
    brief_unlock(&queue->lock);
    if (with_miniport) {
        pndis__guest_enter(context, &frame, &adapter->owner, "MiniportCancelOidRequest");
        adapter->driver->calls.CancelOidRequestHandler(adapter->context, id);
        pndis__guest_leave(context, &frame);
    }
}

static void
cancel_all(struct context *context, struct pndis_adapter *adapter, const struct cancel *cancel)
{
    struct oid_work *work;

    while ((work = remove_queued(&adapter->oids, cancel)) != NULL) {
        pndis__oid_abort(context, work);
    }
    pndis__oid_maybe_idle(adapter);
    tell_miniport(context, adapter, cancel);
}

/*
 * "NdisCancelOidRequest function". IRQL <= DISPATCH_LEVEL.
 * What is still queued is completed with NDIS_STATUS_REQUEST_ABORTED; for what the miniport has,
 * MiniportCancelOidRequest is called. Either way the request is completed once, maybe successfully.
 */
VOID
NdisCancelOidRequest(NDIS_HANDLE NdisBindingHandle, PVOID RequestId)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, NT_CALLER());
    struct cancel cancel = {.binding = binding, .id = RequestId};

    if (binding != NULL) {
        cancel_all(context, binding->adapter, &cancel);
    }
}

/* --- time-outs --- */

static const uint64_t ns_per_second = 1000000000;

/* Under the dispatcher lock. */
static void
expire(struct sched_timer *timer)
{
    struct oid_queue *queue = CONTAINING_RECORD(timer, struct oid_queue, timer);

    pndis__dpc_insert_locked(pndis__processor_near(context_current()), &queue->timer_dpc);
}

static void
set_timer(struct context *context, struct oid_queue *queue, uint64_t due_ns)
{
    struct sched *sched = context->sched;

    pndis__lock(sched);
    if (!queue->timer.armed || due_ns < queue->timer.due_ns) {
        pndis__timer_disarm(sched, &queue->timer);
        pndis__timer_arm(sched, &queue->timer, due_ns);
    }
    pndis__unlock(sched);
}

static uint64_t
earlier(uint64_t due_ns, const struct oid_work *work)
{
    return work->due_ns == 0 || work->cancelled || work->due_ns > due_ns ? due_ns : work->due_ns;
}

/* UINT64_MAX: nothing that is left has a time-out. */
static uint64_t
next_due(struct oid_queue *queue)
{
    uint64_t due_ns = UINT64_MAX;

    brief_lock(&queue->lock);
    for (const struct oid_work *work = queue->first; work != NULL; work = work->next) {
        due_ns = earlier(due_ns, work);
    }
    if (queue->current != NULL) {
        due_ns = earlier(due_ns, queue->current);
    }
    brief_unlock(&queue->lock);
    return due_ns;
}

static VOID
time_is_over(struct _KDPC *dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct pndis_adapter *adapter = deferred_context;
    struct context *context = context_current();
    struct cancel cancel = {.now_ns = pndis__now_ns(context->sched)};
    uint64_t due_ns;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    cancel_all(context, adapter, &cancel);
    due_ns = next_due(&adapter->oids);
    if (due_ns != UINT64_MAX) {
        set_timer(context, &adapter->oids, due_ns);
    }
}

void
pndis__oid_timeouts_init(struct pndis_adapter *adapter)
{
    adapter->oids.timer.expire = expire;
    KeInitializeDpc(&adapter->oids.timer_dpc, time_is_over, adapter);
}

void
pndis__oid_timeout_begin(struct context *context, struct oid_work *work)
{
    if (work->request->Timeout != 0) {
        work->due_ns =
            pndis__now_ns(context->sched) + (uint64_t)work->request->Timeout * ns_per_second;
        set_timer(context, &work->adapter->oids, work->due_ns);
    }
}

void
pndis__oid_timeouts_stop(struct context *context, struct pndis_adapter *adapter)
{
    pndis__lock(context->sched);
    pndis__timer_disarm(context->sched, &adapter->oids.timer);
    pndis__unlock(context->sched);
    pndis__dpc_flush(context);
}
