/*
 * Direct and synchronous OID requests: they pass the queue by, any number at a time, at the
 * caller's level. "Direct OID Requests", "Synchronous OID Request Interface in NDIS 6.80".
 */
#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/data.h"
#include "ndis/oid.h"

#include <stdlib.h>

/* False: the adapter halts, and does not wait for one more. */
static bool
link_direct(struct pndis_adapter *adapter, struct oid_work *work)
{
    bool open;

    brief_lock(&adapter->oids.lock);
    open = !adapter->oids.closed;
    if (open) {
        work->next = adapter->oids.direct;
        adapter->oids.direct = work;
    }
    brief_unlock(&adapter->oids.lock);
    return open;
}

/* Take the direct request that @request belongs to off the list; NULL if the miniport has no such.
 */
static struct oid_work *
unlink_direct(struct pndis_adapter *adapter, const NDIS_OID_REQUEST *request)
{
    struct oid_work **link = &adapter->oids.direct;
    struct oid_work *work;

    brief_lock(&adapter->oids.lock);
    while (*link != NULL && (*link)->request != request) {
        link = &(*link)->next;
    }
    work = *link;
    if (work != NULL) {
        *link = work->next;
    }
    brief_unlock(&adapter->oids.lock);
    return work;
}

static struct binding *
binding_for(struct context *context, NDIS_HANDLE handle, NDIS_OID_REQUEST *request,
            const char *call, const void *caller)
{
    struct binding *binding =
        (struct binding *)pndis__handle(context, handle, HANDLE_BIT(BINDING), call, caller);

    if (binding == NULL || !pndis__oid_request_ok(context, request, call, caller)) {
        return NULL;
    }
    if (!binding_is_open(binding)) {
        pndis__report(context, RULE_BD_STATE, &binding->owner, call, caller,
                      "an OID request while the binding is %s", state_name(&binding->at));
        return NULL;
    }
    return binding;
}

static void
came_back(struct binding *binding)
{
    __atomic_fetch_sub(&binding->oids_outstanding, 1, __ATOMIC_SEQ_CST);
    binding_maybe_quiet(binding);
}

/* Takes @work. MiniportHaltEx waits for the call, and for the request when it pends. */
static NDIS_STATUS
hand_down(struct context *context, struct oid_work *work)
{
    struct pndis_adapter *adapter = work->adapter;
    struct binding *binding = work->binding;
    NDIS_OID_REQUEST *request = work->request;
    struct frame frame;
    NDIS_STATUS status;

    __atomic_fetch_add(&binding->oids_outstanding, 1, __ATOMIC_SEQ_CST);
    if (!link_direct(adapter, work)) {
        free(work);
        came_back(binding);
        return NDIS_STATUS_CLOSING;
    }
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportDirectOidRequest");
    status = adapter->driver->calls.DirectOidRequestHandler(adapter->context, request);
    pndis__guest_leave_status(context, &frame, status);
    if (status == NDIS_STATUS_PENDING) {
        return status;
    }
    work = unlink_direct(adapter, request);
    if (work == NULL) {
        pndis__report(context, RULE_OID_TWICE, &adapter->owner, "MiniportDirectOidRequest", NULL,
                      "%s completed a direct OID by a call and by the return value 0x%08x",
                      adapter->owner.name, (unsigned)status);
        return NDIS_STATUS_PENDING;
    }
    pndis__oid_check_result(context, work, &status, "MiniportDirectOidRequest", NULL);
    free(work);
    came_back(binding);
    pndis__oid_maybe_idle(adapter);
    return status;
}

/*
 * "NdisDirectOidRequest function". IRQL <= DISPATCH_LEVEL.
 * As NdisOidRequest, but not queued: MiniportDirectOidRequest is called here.
 * NDIS_STATUS_NOT_SUPPORTED when the miniport has no such handler.
 */
NDIS_STATUS
NdisDirectOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding =
        binding_for(context, NdisBindingHandle, OidRequest, __func__, NT_CALLER());
    struct pndis_adapter *adapter;
    struct oid_work *work;
    NDIS_STATUS status;

    if (binding == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (binding->protocol->calls.DirectOidRequestCompleteHandler == NULL) {
        pndis__report(context, RULE_REG_HANDLERS, &binding->owner, __func__, NT_CALLER(),
                      "%s makes direct OID requests without DirectOidRequestCompleteHandler",
                      binding->protocol->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    adapter = binding->adapter;
    if (adapter->driver->calls.DirectOidRequestHandler == NULL) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    status = pndis__oid_refusal(adapter);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    work = pndis__fault(context) ? NULL : calloc(1, sizeof(*work));
    if (work == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    work->adapter = adapter;
    work->binding = binding;
    work->request = work->below = OidRequest;
    work->direct = true;
    OidRequest->RequestHandle = NdisBindingHandle;
    tally_out(adapter->calls, context, 1);
    status = hand_down(context, work);
    tally_back(adapter->calls, context, 1);
    return status;
}

/*
 * "NdisMDirectOidRequestComplete function". IRQL <= DISPATCH_LEVEL.
 * Valid once for a request that MiniportDirectOidRequest returned NDIS_STATUS_PENDING for; else
 * OID_TWICE.
 */
VOID
NdisMDirectOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
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
    work = unlink_direct(adapter, OidRequest);
    if (work == NULL) {
        pndis__report(context, RULE_OID_TWICE, &adapter->owner, __func__, caller,
                      "%s completes a direct OID request that is not pending", adapter->owner.name);
        return;
    }
    pndis__oid_check_result(context, work, &Status, __func__, caller);
    pndis__oid_deliver(context, work, Status);
    pndis__oid_maybe_idle(adapter);
}

/* "NdisCancelDirectOidRequest function". IRQL <= DISPATCH_LEVEL. Best effort. */
VOID
NdisCancelDirectOidRequest(NDIS_HANDLE NdisBindingHandle, PVOID RequestId)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, NT_CALLER());
    struct pndis_adapter *adapter = binding == NULL ? NULL : binding->adapter;
    struct frame frame;

    if (adapter == NULL || !adapter->started ||
        adapter->driver->calls.CancelDirectOidRequestHandler == NULL) {
        return;
    }
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportCancelDirectOidRequest");
    adapter->driver->calls.CancelDirectOidRequestHandler(adapter->context, RequestId);
    pndis__guest_leave(context, &frame);
}

/*
 * "NdisSynchronousOidRequest function". IRQL <= DISPATCH_LEVEL.
 * MiniportSynchronousOidRequest answers before this returns, never with NDIS_STATUS_PENDING
 * (OID_PENDING). NDIS_STATUS_NOT_SUPPORTED when the miniport has no such handler.
 */
NDIS_STATUS
NdisSynchronousOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding =
        binding_for(context, NdisBindingHandle, OidRequest, __func__, NT_CALLER());
    struct pndis_adapter *adapter;
    struct frame frame;
    NDIS_STATUS status;

    if (binding == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    adapter = binding->adapter;
    if (adapter->driver->calls.SynchronousOidRequestHandler == NULL) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    tally_out(adapter->calls, context, 1);
    status = pndis__oid_refusal(adapter);
    if (status != NDIS_STATUS_SUCCESS) {
        tally_back(adapter->calls, context, 1);
        return status;
    }
    OidRequest->RequestHandle = NdisBindingHandle;
    __atomic_fetch_add(&binding->oids_outstanding, 1, __ATOMIC_SEQ_CST);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportSynchronousOidRequest");
    status = adapter->driver->calls.SynchronousOidRequestHandler(adapter->context, OidRequest);
    pndis__guest_leave_status(context, &frame, status);
    if (status == NDIS_STATUS_PENDING || status == NDIS_STATUS_REQUEST_ABORTED) {
        pndis__report(context, RULE_OID_PENDING, &adapter->owner, "MiniportSynchronousOidRequest",
                      NULL, "%s answered a synchronous OID with 0x%08x", adapter->owner.name,
                      (unsigned)status);
        status = NDIS_STATUS_FAILURE;
    }
    came_back(binding);
    tally_back(adapter->calls, context, 1);
    return status;
}
