/*
 * The queue of OID requests in front of a miniport. "Miniport Adapter OID Request Serialization":
 * one regular request at a time, at PASSIVE_LEVEL, answered at once or later by
 * NdisMOidRequestComplete.
 */
#include "ndis/oid.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/data.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"
#include "ndis/oid_memory.h"
#include "ndis/reset.h"

#include <stdlib.h>

/* --- completion --- */

static void
free_work(struct oid_work *work)
{
    free(work->buffer);
    free(work);
}

/* "BytesWritten beyond the buffer" and its like: bug check 0x7C, OID_REQUEST_INVALID_BUFFER. */
void
pndis__oid_check_result(struct context *context, struct oid_work *work, NDIS_STATUS *status,
                        const char *call, const void *caller)
{
    NDIS_OID_REQUEST *request = work->below;
    struct owner *owner = &work->adapter->owner;
    ULONG *written = NULL;
    ULONG limit = 0;

    if (*status == NDIS_STATUS_PENDING) {
        pndis__report(context, RULE_OID_PENDING, owner, call, caller,
                      "OID 0x%08x is completed with NDIS_STATUS_PENDING",
                      request->DATA.QUERY_INFORMATION.Oid);
        *status = NDIS_STATUS_FAILURE;
    }
    if (oid_is_query(request)) {
        written = &request->DATA.QUERY_INFORMATION.BytesWritten;
        limit = request->DATA.QUERY_INFORMATION.InformationBufferLength;
    } else if (request->RequestType == NdisRequestMethod) {
        written = &request->DATA.METHOD_INFORMATION.BytesWritten;
        limit = request->DATA.METHOD_INFORMATION.OutputBufferLength;
    }
    if (written != NULL && *written > limit) {
        pndis__report(context, RULE_BUFFER_LENGTH, owner, call, caller,
                      "BytesWritten of OID 0x%08x is %u for a buffer of %u bytes",
                      request->DATA.QUERY_INFORMATION.Oid, *written, limit);
        *written = limit;
    }
}

/* NDIS' own request: let whoever waits go on, or free it if nobody does any more. */
static void
deliver_own(struct oid_work *work, NDIS_STATUS status)
{
    struct oid_queue *queue = &work->adapter->oids;
    KEVENT *done;

    brief_lock(&queue->lock);
    work->status = status;
    done = work->done;
    brief_unlock(&queue->lock);
    if (done != NULL) {
        KeSetEvent(done, IO_NO_INCREMENT, FALSE);
    } else {
        free_work(work);
    }
}

void
pndis__oid_deliver(struct context *context, struct oid_work *work, NDIS_STATUS status)
{
    struct binding *binding = work->binding;
    NDIS_OID_REQUEST *request = work->request;
    bool direct = work->direct;
    struct frame frame;

    if (binding == NULL) {
        deliver_own(work, status);
        return;
    }
    free_work(work);
    /* What the callback wakes may close the binding, which then has no request out any more. */
    tally_out(binding->calls, context, 1);
    __atomic_fetch_sub(&binding->oids_outstanding, 1, __ATOMIC_SEQ_CST);
    pndis__guest_enter(context, &frame, &binding->owner,
                       direct ? "ProtocolDirectOidRequestComplete" : "ProtocolOidRequestComplete");
    if (direct) {
        binding->protocol->calls.DirectOidRequestCompleteHandler(binding->context, request, status);
    } else {
        binding->protocol->calls.OidRequestCompleteHandler(binding->context, request, status);
    }
    pndis__guest_leave(context, &frame);
    tally_back(binding->calls, context, 1);
    binding_maybe_quiet(binding);
}

static NDIS_STATUS
translate(struct oid_work *work, NDIS_STATUS status)
{
    return work->answered == NULL ? status : work->answered(work, status);
}

/* A request that the miniport has not seen ends without it. */
void
pndis__oid_abort(struct context *context, struct oid_work *work)
{
    pndis__oid_deliver(context, work, translate(work, NDIS_STATUS_REQUEST_ABORTED));
}

/* --- running the queue --- */

/* The lock is held. */
static bool
can_hand_down(const struct oid_queue *queue)
{
    return !queue->held && queue->current == NULL && queue->first != NULL;
}

static struct oid_work *
take_next(struct oid_queue *queue)
{
    struct oid_work *work = NULL;

    brief_lock(&queue->lock);
    if (can_hand_down(queue)) {
        work = queue->first;
        queue->first = work->next;
        if (queue->first == NULL) {
            queue->last = NULL;
        }
        __atomic_store_n(&queue->current, work, __ATOMIC_SEQ_CST);
    }
    brief_unlock(&queue->lock);
    return work;
}

/* Take @work out of the miniport's hands, if it is there. */
static bool
release_current(struct oid_queue *queue, const struct oid_work *work)
{
    bool was_current;

    brief_lock(&queue->lock);
    was_current = queue->current == work;
    if (was_current) {
        __atomic_store_n(&queue->current, NULL, __ATOMIC_SEQ_CST);
    }
    brief_unlock(&queue->lock);
    return was_current;
}

static bool
is_idle(struct oid_queue *queue)
{
    bool idle;

    brief_lock(&queue->lock);
    idle =
        queue->current == NULL && queue->first == NULL && queue->direct == NULL && !queue->running;
    brief_unlock(&queue->lock);
    return idle;
}

static NDIS_STATUS
call_miniport(struct context *context, struct oid_work *work)
{
    struct pndis_adapter *adapter = work->adapter;
    struct frame frame;
    NDIS_STATUS status;

    PROBE(context, REQUEST, .name = "MiniportOidRequest", .owner = &adapter->owner,
          .a = work->below->DATA.QUERY_INFORMATION.Oid);
    __atomic_store_n(&adapter->reset.hang_checks_since_oid, 0, __ATOMIC_SEQ_CST);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportOidRequest");
    status = adapter->driver->calls.OidRequestHandler(adapter->context, work->below);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

/*
 * Hand requests down until one pends or none is left. @mine is answered by return value when it
 * does not pend: then its status is in @out_status and it is freed. PASSIVE_LEVEL.
 */
static bool
run_queue(struct context *context, struct pndis_adapter *adapter, const struct oid_work *mine,
          NDIS_STATUS *out_status)
{
    struct oid_queue *queue = &adapter->oids;
    struct oid_work *work;
    bool mine_done = false;

    while ((work = take_next(queue)) != NULL) {
        NDIS_STATUS status = call_miniport(context, work);

        if (status == NDIS_STATUS_PENDING) {
            break;
        }
        if (!release_current(queue, work)) {
            pndis__report(context, RULE_OID_TWICE, &adapter->owner, "MiniportOidRequest", NULL,
                          "%s completed an OID by a call and by the return value 0x%08x",
                          adapter->owner.name, (unsigned)status);
            continue;
        }
        pndis__oid_check_result(context, work, &status, "MiniportOidRequest", NULL);
        status = translate(work, status);
        if (work == mine) {
            *out_status = status;
            mine_done = true;
            free_work(work);
        } else {
            pndis__oid_deliver(context, work, status);
        }
    }
    return mine_done;
}

void
pndis__oid_maybe_idle(struct pndis_adapter *adapter)
{
    if (is_idle(&adapter->oids)) {
        KeSetEvent(&adapter->oids.idle, IO_NO_INCREMENT, FALSE);
    }
}

static void
run_work(struct context *context, struct work *item)
{
    struct pndis_adapter *adapter = CONTAINING_RECORD(item, struct pndis_adapter, oids.work);
    NDIS_STATUS unused;
    bool more;

    run_queue(context, adapter, NULL, &unused);
    brief_lock(&adapter->oids.lock);
    more = can_hand_down(&adapter->oids);
    adapter->oids.running = more;
    brief_unlock(&adapter->oids.lock);
    if (more) {
        work_later(context->machine, &adapter->oids.work, run_work);
    }
    pndis__oid_maybe_idle(adapter);
}

/* Have a system thread run the queue, unless one is about to. */
static void
kick_queue(struct context *context, struct pndis_adapter *adapter)
{
    struct oid_queue *queue = &adapter->oids;
    bool start;

    brief_lock(&queue->lock);
    start = !queue->running && can_hand_down(queue);
    queue->running |= start;
    brief_unlock(&queue->lock);
    if (start) {
        work_later(context->machine, &queue->work, run_work);
    }
}

/* --- in --- */

NDIS_STATUS
pndis__oid_refusal(const struct pndis_adapter *adapter)
{
    if (__atomic_load_n(&adapter->oids.closed, __ATOMIC_SEQ_CST) || !adapter->started) {
        return NDIS_STATUS_CLOSING;
    }
    if (__atomic_load_n(&adapter->reset.under_way, __ATOMIC_SEQ_CST)) {
        return NDIS_STATUS_RESET_IN_PROGRESS;
    }
    if (__atomic_load_n(&adapter->power, __ATOMIC_RELAXED) != NdisDeviceStateD0) {
        return NDIS_STATUS_LOW_POWER_STATE;
    }
    return NDIS_STATUS_SUCCESS;
}

/* The lock is held. */
static void
link_last(struct oid_queue *queue, struct oid_work *work)
{
    work->next = NULL;
    if (queue->last == NULL) {
        queue->first = work;
    } else {
        queue->last->next = work;
    }
    queue->last = work;
}

static void
enqueue(struct oid_queue *queue, struct oid_work *work)
{
    brief_lock(&queue->lock);
    link_last(queue, work);
    brief_unlock(&queue->lock);
}

/* False: the adapter halts, and does not wait for one more. */
static bool
enqueue_own(struct oid_queue *queue, struct oid_work *work)
{
    bool open;

    brief_lock(&queue->lock);
    open = !queue->closed;
    if (open) {
        link_last(queue, work);
    }
    brief_unlock(&queue->lock);
    return open;
}

/* How long the request says that its buffer is. */
static ULONG
buffer_bytes(const NDIS_OID_REQUEST *request)
{
    if (request->RequestType == NdisRequestMethod) {
        return max(request->DATA.METHOD_INFORMATION.InputBufferLength,
                   request->DATA.METHOD_INFORMATION.OutputBufferLength);
    }
    return request->DATA.QUERY_INFORMATION.InformationBufferLength;
}

bool
pndis__oid_request_ok(struct context *context, const NDIS_OID_REQUEST *request, const char *call,
                      const void *caller)
{
    if (!pndis__object_header_check(context, request, HEADER_OID_REQUEST, call, caller)) {
        return false;
    }
    switch (request->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
    case NdisRequestSetInformation:
    case NdisRequestMethod:
        break;
    default:
        pndis__report(context, RULE_OID_REQUEST, NULL, call, caller,
                      "RequestType %d is not for protocol drivers", (int)request->RequestType);
        return false;
    }
    if (request->DATA.QUERY_INFORMATION.InformationBuffer == NULL && buffer_bytes(request) != 0) {
        pndis__report(context, RULE_OID_REQUEST, NULL, call, caller,
                      "InformationBuffer is NULL with a length of %u", buffer_bytes(request));
        return false;
    }
    return true;
}

static struct oid_work *
work_new(struct pndis_adapter *adapter, struct binding *binding, NDIS_OID_REQUEST *request)
{
    struct oid_work *work = calloc(1, sizeof(*work));

    if (work != NULL) {
        work->adapter = adapter;
        work->binding = binding;
        work->request = work->below = request;
    }
    return work;
}

/* "A protocol driver can initiate OID requests from all states, except Unbound and Opening." */
static bool
binding_may_ask(struct context *context, struct binding *binding, const char *call,
                const void *caller)
{
    if (binding_is_open(binding)) {
        return true;
    }
    pndis__report(context, RULE_BD_STATE, &binding->owner, call, caller,
                  "an OID request while the binding is %s", state_name(&binding->at));
    return false;
}

static NDIS_STATUS
submit(struct context *context, struct pndis_adapter *adapter, struct oid_work *work)
{
    struct binding *binding = work->binding;
    NDIS_STATUS status;
    bool idle;

    __atomic_fetch_add(&binding->oids_outstanding, 1, __ATOMIC_SEQ_CST);
    pndis__oid_timeout_begin(context, work);
    /* Requests are handed down at PASSIVE_LEVEL; others can do that as well as the requester. */
    idle = context->irql == PASSIVE_LEVEL && !pndis__chance(context, 4);
    brief_lock(&adapter->oids.lock);
    idle = idle && adapter->oids.current == NULL && adapter->oids.first == NULL &&
           !adapter->oids.running;
    adapter->oids.running |= idle;
    brief_unlock(&adapter->oids.lock);
    enqueue(&adapter->oids, work);
    if (!idle) {
        kick_queue(context, adapter);
        return NDIS_STATUS_PENDING;
    }
    if (run_queue(context, adapter, work, &status)) {
        __atomic_fetch_sub(&binding->oids_outstanding, 1, __ATOMIC_SEQ_CST);
        binding_maybe_quiet(binding);
    } else {
        status = NDIS_STATUS_PENDING;
    }
    brief_lock(&adapter->oids.lock);
    adapter->oids.running = false;
    brief_unlock(&adapter->oids.lock);
    kick_queue(context, adapter);
    pndis__oid_maybe_idle(adapter);
    return status;
}

/*
 * "NdisOidRequest function". IRQL <= DISPATCH_LEVEL.
 * NDIS answers some OIDs itself and combines others over all bindings; the rest goes to the
 * miniport, at PASSIVE_LEVEL. After NDIS_STATUS_PENDING the request is NDIS' until
 * ProtocolOidRequestComplete, which may come before this returns.
 */
NDIS_STATUS
NdisOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, caller);
    struct oid_work *work;
    NDIS_STATUS status;

    if (binding == NULL || !pndis__oid_request_ok(context, OidRequest, __func__, caller) ||
        !binding_may_ask(context, binding, __func__, caller)) {
        return NDIS_STATUS_FAILURE;
    }
    /* "In a low-power state, the protocol driver cannot issue any OID requests": not even one that
     * NDIS could answer. */
    if (__atomic_load_n(&binding->adapter->power, __ATOMIC_RELAXED) != NdisDeviceStateD0) {
        return NDIS_STATUS_LOW_POWER_STATE;
    }
    OidRequest->RequestHandle = NdisBindingHandle;
    if (pndis__oid_answer(context, binding, OidRequest, &status)) {
        return status;
    }
    status = pndis__oid_refusal(binding->adapter);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    work = pndis__fault(context) ? NULL : work_new(binding->adapter, binding, OidRequest);
    if (work == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    if (pndis__oid_combine(context, work, &status) || pndis__oid_statistic(work, &status) ||
        pndis__oid_remember(work, &status)) {
        free_work(work);
        return status;
    }
    return submit(context, binding->adapter, work);
}

/* --- out --- */

/*
 * "NdisMOidRequestComplete function". IRQL <= DISPATCH_LEVEL.
 * Valid once for the request that MiniportOidRequest returned NDIS_STATUS_PENDING for; else
 * OID_TWICE (bug check 0x7C, INVALID_OID_COMPLETION).
 */
VOID
NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
                        NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);
    struct oid_work *work;

    if (adapter == NULL) {
        return;
    }
    brief_lock(&adapter->oids.lock);
    work = adapter->oids.current;
    if (work != NULL && work->below == OidRequest) {
        __atomic_store_n(&adapter->oids.current, NULL, __ATOMIC_SEQ_CST);
    } else {
        work = NULL;
    }
    brief_unlock(&adapter->oids.lock);
    if (work == NULL) {
        pndis__report(context, RULE_OID_TWICE, &adapter->owner, __func__, caller,
                      "%s completes an OID request that is not pending", adapter->owner.name);
        return;
    }
    pndis__oid_check_result(context, work, &Status, __func__, caller);
    pndis__oid_deliver(context, work, translate(work, Status));
    kick_queue(context, adapter);
    pndis__oid_maybe_idle(adapter);
}

/* --- opening, closing, NDIS' own requests --- */

void
pndis__oid_queue_init(struct pndis_adapter *adapter)
{
    adapter->oids.closed = true;
    KeInitializeEvent(&adapter->oids.idle, NotificationEvent, FALSE);
    pndis__oid_timeouts_init(adapter);
}

void
pndis__oid_queue_open(struct pndis_adapter *adapter)
{
    brief_lock(&adapter->oids.lock);
    adapter->oids.closed = adapter->oids.held = false;
    brief_unlock(&adapter->oids.lock);
}

void
pndis__oid_queue_hold(struct context *context, struct pndis_adapter *adapter, bool held)
{
    brief_lock(&adapter->oids.lock);
    adapter->oids.held = held;
    brief_unlock(&adapter->oids.lock);
    if (!held) {
        kick_queue(context, adapter);
    }
}

void
pndis__oid_queue_shut(struct context *context, struct pndis_adapter *adapter)
{
    pndis__oid_timeouts_stop(context, adapter);
    brief_lock(&adapter->oids.lock);
    adapter->oids.closed = adapter->oids.held = true;
    brief_unlock(&adapter->oids.lock);
}

static void
abort_queue(struct context *context, struct pndis_adapter *adapter)
{
    struct oid_work *work;

    brief_lock(&adapter->oids.lock);
    work = adapter->oids.first;
    adapter->oids.first = adapter->oids.last = NULL;
    brief_unlock(&adapter->oids.lock);
    while (work != NULL) {
        struct oid_work *next = work->next;

        pndis__oid_abort(context, work);
        work = next;
    }
}

enum sleep_result
pndis__oid_queue_drain(struct context *context, struct pndis_adapter *adapter)
{
    enum sleep_result result = SLEEP_WOKEN;

    while (!is_idle(&adapter->oids) && result == SLEEP_WOKEN) {
        KeClearEvent(&adapter->oids.idle);
        if (!is_idle(&adapter->oids)) {
            result = pndis__wait(context, &adapter->oids.idle, pndis__deadline(context), true);
        }
    }
    return result;
}

void
pndis__oid_queue_close(struct context *context, struct pndis_adapter *adapter)
{
    brief_lock(&adapter->oids.lock);
    adapter->oids.closed = true;
    brief_unlock(&adapter->oids.lock);
    abort_queue(context, adapter);
    if (pndis__oid_queue_drain(context, adapter) != SLEEP_WOKEN) {
        pndis__report(context, RULE_OID_STUCK, &adapter->owner, "MiniportOidRequest", NULL,
                      "%s has not completed an OID request before its halt", adapter->owner.name);
    }
    pndis__oid_timeouts_stop(context, adapter);
}

/* With a copy of @buffer, which may be needed longer than its owner waits. */
static struct oid_work *
work_new_own(struct pndis_adapter *adapter, const void *buffer, ULONG bytes)
{
    struct oid_work *work = work_new(adapter, NULL, NULL);

    if (work == NULL) {
        return NULL;
    }
    work->buffer = malloc(bytes + 1);
    if (work->buffer == NULL) {
        free(work);
        return NULL;
    }
    if (bytes != 0) {
        memcpy(work->buffer, buffer, bytes);
    }
    return work;
}

/*
 * Leave @work and its buffer to whoever completes it, and say what holds it up: the request that
 * the miniport has, which may be another one, or a reset.
 */
static void
give_up(struct context *context, struct oid_work *work)
{
    struct pndis_adapter *adapter = work->adapter;
    struct oid_queue *queue = &adapter->oids;
    struct oid_work *current;
    NDIS_OID stuck = 0;
    bool held;

    brief_lock(&queue->lock);
    work->done = NULL;
    held = queue->held;
    current = queue->current;
    if (current != NULL && !current->overdue) {
        current->overdue = true;
        stuck = current->below->DATA.QUERY_INFORMATION.Oid;
    }
    brief_unlock(&queue->lock);
    if (stuck != 0) {
        pndis__report(context, RULE_OID_STUCK, &adapter->owner, "MiniportOidRequest", NULL,
                      "%s has not completed OID 0x%08x", adapter->owner.name, stuck);
    } else if (held) {
        pndis__reset_overdue(context, adapter);
    }
}

NDIS_STATUS
pndis__oid_internal(struct context *context, struct pndis_adapter *adapter, NDIS_REQUEST_TYPE kind,
                    NDIS_OID oid, void *buffer, ULONG bytes, ULONG *out_bytes)
{
    struct oid_work *work;
    NDIS_STATUS status;
    KEVENT done;

    if (__atomic_load_n(&adapter->power, __ATOMIC_RELAXED) != NdisDeviceStateD0 &&
        oid != OID_PNP_SET_POWER) {
        return NDIS_STATUS_LOW_POWER_STATE;
    }
    work = work_new_own(adapter, buffer, bytes);
    if (work == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    work->request = work->below = &work->own;
    work->own.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    work->own.Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    work->own.Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    work->own.RequestType = kind;
    work->own.DATA.QUERY_INFORMATION.Oid = oid;
    work->own.DATA.QUERY_INFORMATION.InformationBuffer = work->buffer;
    work->own.DATA.QUERY_INFORMATION.InformationBufferLength = bytes;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    work->done = &done;
    if (!enqueue_own(&adapter->oids, work)) {
        free_work(work);
        return NDIS_STATUS_CLOSING;
    }
    kick_queue(context, adapter);
    if (pndis__wait(context, &done, pndis__deadline(context), true) != SLEEP_WOKEN) {
        give_up(context, work);
        return NDIS_STATUS_PENDING;
    }
    status = work->status;
    if (bytes != 0) {
        memcpy(buffer, work->buffer, bytes);
    }
    if (out_bytes != NULL) {
        *out_bytes = status == NDIS_STATUS_SUCCESS ? work->own.DATA.QUERY_INFORMATION.BytesWritten
                                                   : work->own.DATA.QUERY_INFORMATION.BytesNeeded;
    }
    free_work(work);
    return status;
}

NDIS_STATUS
pndis__oid_set_internal(struct context *context, struct pndis_adapter *adapter, NDIS_OID oid,
                        void *buffer, ULONG bytes)
{
    return pndis__oid_internal(context, adapter, NdisRequestSetInformation, oid, buffer, bytes,
                               NULL);
}
