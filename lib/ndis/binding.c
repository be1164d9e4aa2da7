/*
 * One binding: bind and unbind, and the completion calls that go with them. The stack lock of the
 * adapter is held around all of it, except the calls that drivers make.
 */
#include "ndis/binding.h"

#include "ndis/adapter.h"
#include "ndis/bind_parameters.h"
#include "ndis/receive_filter.h"
#include "ndis/uro.h"

#include <stdlib.h>

/* --- bind --- */

/* Wait out what a driver pended; PENDING again when time is up. */
static NDIS_STATUS
await(struct context *context, struct pending *operation, NDIS_STATUS status,
      struct binding *binding, enum rule rule, const char *call)
{
    bool twice;

    if (!pndis__pending_returned(operation, status, &status, &twice)) {
        if (pndis__pending_wait(context, operation, pndis__deadline(context), true, &status) !=
            SLEEP_WOKEN) {
            return NDIS_STATUS_PENDING;
        }
    } else if (twice) {
        pndis__report(context, rule, &binding->owner, call, NULL,
                      "%s was completed by a call and by the return value 0x%08x", call,
                      (unsigned)status);
    }
    return status;
}

static NDIS_STATUS
call_bind(struct context *context, struct binding *binding)
{
    struct protocol *protocol = binding->protocol;
    struct bind_parameters parameters;
    struct frame frame;
    NDIS_STATUS status;

    pndis__bind_parameters_fill(binding, &parameters);
    binding->binding_now = true;
    __atomic_store_n(&binding->parameters, &parameters.public, __ATOMIC_RELEASE);
    pndis__pending_ask(&binding->bind);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolBindAdapterEx");
    status = protocol->calls.BindAdapterHandlerEx(protocol->context, &binding->bind_handle,
                                                  &parameters.public);
    pndis__guest_leave_status(context, &frame, status);
    status =
        await(context, &binding->bind, status, binding, RULE_BD_BIND_3, "ProtocolBindAdapterEx");
    binding->binding_now = false;
    __atomic_store_n(&binding->parameters, NULL, __ATOMIC_RELEASE);
    pndis__bind_parameters_end(&parameters);
    return status;
}

/* A driver that did not wait for the open that it asked for: it ends before its binding does. */
static void
await_open(const struct binding *binding)
{
    LARGE_INTEGER moment = {.QuadPart = -1};

    while (__atomic_load_n(&binding->open_pends, __ATOMIC_SEQ_CST)) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
}

static void
check_bound(struct context *context, struct binding *binding, NDIS_STATUS *status)
{
    bool opening = __atomic_load_n(&binding->open_pends, __ATOMIC_SEQ_CST) && !binding->opened;
    bool open = (binding->opened || opening) && !binding->closing;

    if (*status == NDIS_STATUS_SUCCESS && (!open || opening)) {
        pndis__report(context, RULE_BD_BIND_1, &binding->owner, "ProtocolBindAdapterEx", NULL,
                      "ProtocolBindAdapterEx of %s succeeded without an open adapter",
                      binding->protocol->owner.name);
        *status = NDIS_STATUS_FAILURE;
    } else if (*status != NDIS_STATUS_SUCCESS && open) {
        pndis__report(context, RULE_BD_BIND_1, &binding->owner, "ProtocolBindAdapterEx", NULL,
                      "ProtocolBindAdapterEx of %s failed with 0x%08x and left the adapter open",
                      binding->protocol->owner.name, (unsigned)*status);
    }
}

static NDIS_STATUS
bind_in_turn(struct context *context, struct binding *binding)
{
    NDIS_STATUS status = call_bind(context, binding);

    if (status != NDIS_STATUS_PENDING) {
        check_bound(context, binding, &status);
        pndis__fire(context, &binding->at,
                    status == NDIS_STATUS_SUCCESS ? BD_EV_BIND_DONE : BD_EV_BIND_FAILED,
                    "ProtocolBindAdapterEx");
    }
    return status;
}

/* Other bindings than before: asleep, the miniport is told of them when it is awake. */
static void
bindings_changed(struct context *context, struct pndis_adapter *adapter)
{
    pndis__receive_filter_changed(context, adapter);
    if (adapter->power == NdisDeviceStateD0) {
        pndis__uro_settle(context, adapter);
    }
}

int
pndis__binding_bind(struct context *context, struct pndis_adapter *adapter,
                    struct protocol *protocol)
{
    struct binding *binding;
    NDIS_STATUS status;

    if (adapter_is_secondary(adapter)) {
        return pndis__fail(PNDIS_EBADSTATE, "%s is the secondary of another adapter",
                           adapter->owner.name);
    }
    binding = pndis__binding_create(context, adapter, protocol);
    if (binding == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a binding");
    }
    pndis__fire(context, &binding->at, BD_EV_BIND, "ProtocolBindAdapterEx");
    pndis__binding_turn_take(context, binding); /* Nobody else knows it yet. */
    pndis__binding_link(adapter, binding);
    if (adapter->power == NdisDeviceStateD0) {
        pndis__uro_settle(context, adapter);
    }
    status = bind_in_turn(context, binding);
    pndis__binding_turn_give(binding);
    if (status == NDIS_STATUS_PENDING) {
        return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name, "its bind");
    }
    if (status == NDIS_STATUS_SUCCESS) {
        return 0;
    }
    await_open(binding);
    pndis__binding_unlink(adapter, binding);
    bindings_changed(context, adapter);
    pndis__binding_end(context, binding, "ProtocolBindAdapterEx");
    return pndis__fail(PNDIS_EDRIVER, "%s did not bind to %s: 0x%08x", protocol->owner.name,
                       adapter->owner.name, (unsigned)status);
}

/*
 * "NdisCompleteBindAdapterEx function". IRQL <= DISPATCH_LEVEL.
 * Valid once after ProtocolBindAdapterEx returned NDIS_STATUS_PENDING; else BD_BIND_3.
 */
VOID
NdisCompleteBindAdapterEx(NDIS_HANDLE BindContext, NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *handle =
        pndis__handle(context, BindContext, HANDLE_BIT(BIND_CONTEXT), __func__, caller);
    struct binding *binding;

    if (handle == NULL) {
        return;
    }
    binding = CONTAINING_RECORD(handle, struct binding, bind_handle);
    if (Status == NDIS_STATUS_PENDING || !pndis__pending_claim(&binding->bind)) {
        pndis__report(context, RULE_BD_BIND_3, &binding->owner, __func__, caller,
                      "%s completes a bind that is not pending, or with NDIS_STATUS_PENDING",
                      binding->owner.name);
        return;
    }
    pndis__pending_complete(&binding->bind, Status);
}

/* --- unbind --- */

/* In its turn: what it hears of has ended before, and it hears of nothing more. */
static int
begin_unbind(struct context *context, struct binding *binding)
{
    enum sleep_result result = pndis__binding_turn_take(context, binding);
    bool begun;

    if (result != SLEEP_WOKEN) {
        return pndis__wait_error(result, binding->owner.name, "an event");
    }
    begun = pndis__fire(context, &binding->at, BD_EV_UNBIND, "ProtocolUnbindAdapterEx");
    pndis__binding_turn_give(binding);
    return begun ? 0
                 : pndis__fail(PNDIS_EBADSTATE, "%s is %s", binding->owner.name,
                               state_name(&binding->at));
}

int
pndis__binding_unbind(struct context *context, struct binding *binding)
{
    struct pndis_adapter *adapter = binding->adapter;
    struct frame frame;
    NDIS_STATUS status;
    int result = begin_unbind(context, binding);

    if (result != 0) {
        return result;
    }
    binding->unbinding_now = true;
    pndis__pending_ask(&binding->unbind);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolUnbindAdapterEx");
    status =
        binding->protocol->calls.UnbindAdapterHandlerEx(&binding->bind_handle, binding->context);
    pndis__guest_leave_status(context, &frame, status);
    status = await(context, &binding->unbind, status, binding, RULE_BD_UNBIND_4,
                   "ProtocolUnbindAdapterEx");
    if (status == NDIS_STATUS_PENDING) {
        return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name, "its unbind");
    }
    binding->unbinding_now = false;
    if (binding->closing &&
        pndis__wait(context, &binding->closed, pndis__deadline(context), true) != SLEEP_WOKEN) {
        return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name, "closing its binding");
    }
    if (status != NDIS_STATUS_SUCCESS || !binding->closing) {
        pndis__report(context, RULE_BD_UNBIND_1, &binding->owner, "ProtocolUnbindAdapterEx", NULL,
                      "the unbind of %s ended with 0x%08x%s", binding->owner.name, (unsigned)status,
                      binding->closing ? "" : " and did not close the adapter");
    }
    pndis__fire(context, &binding->at, BD_EV_UNBIND_DONE, "ProtocolUnbindAdapterEx");
    pndis__binding_unlink(adapter, binding);
    bindings_changed(context, adapter);
    pndis__binding_end(context, binding, "ProtocolUnbindAdapterEx");
    return 0;
}

/*
 * "NdisCompleteUnbindAdapterEx function". IRQL <= DISPATCH_LEVEL.
 * Valid once after ProtocolUnbindAdapterEx returned NDIS_STATUS_PENDING; else BD_UNBIND_4. The
 * handle is dead afterwards.
 */
VOID
NdisCompleteUnbindAdapterEx(NDIS_HANDLE UnbindContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *handle =
        pndis__handle(context, UnbindContext, HANDLE_BIT(BIND_CONTEXT), __func__, caller);
    struct binding *binding;

    if (handle == NULL) {
        return;
    }
    binding = CONTAINING_RECORD(handle, struct binding, bind_handle);
    if (!pndis__pending_claim(&binding->unbind)) {
        pndis__report(context, RULE_BD_UNBIND_4, &binding->owner, __func__, caller,
                      "%s completes an unbind that is not pending", binding->owner.name);
        return;
    }
    pndis__pending_complete(&binding->unbind, NDIS_STATUS_SUCCESS);
}

struct unbind_request {
    struct work work;
    struct binding *binding;
    struct pndis_adapter *adapter; /* Held. */
};

static int
unbind_change(struct context *context, struct pndis_adapter *adapter, void *user)
{
    struct binding *binding = adapter->bindings;

    while (binding != NULL && binding != user) {
        binding = binding->next;
    }
    return binding == NULL ? 0 : pndis__binding_unbind(context, binding);
}

static void
unbind_work(struct context *context, struct work *work)
{
    struct unbind_request *request = CONTAINING_RECORD(work, struct unbind_request, work);

    if (pndis__stack_lock(context, request->adapter) == 0) {
        pndis__stack_modify(context, request->adapter, unbind_change, request->binding);
        pndis__stack_unlock(request->adapter);
    }
    pndis__adapter_let_go(request->adapter);
    free(request);
}

/*
 * "NdisUnbindAdapter function". IRQL <= DISPATCH_LEVEL.
 * Schedules an unbind and returns; the handle may be dead by then. NDIS_STATUS_RESOURCES: no
 * memory.
 */
NDIS_STATUS
NdisUnbindAdapter(NDIS_HANDLE NdisBindingHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, NT_CALLER());
    struct unbind_request *request;

    if (binding == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    request = pndis__fault(context) ? NULL : calloc(1, sizeof(*request));
    if (request == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    request->binding = binding;
    request->adapter = binding->adapter;
    pndis__adapter_hold(request->adapter);
    work_later(context->machine, &request->work, unbind_work);
    return NDIS_STATUS_SUCCESS;
}
