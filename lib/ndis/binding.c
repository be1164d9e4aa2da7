/*
 * One binding: open, close, pause, restart, and the completion calls that go with them.
 * The stack lock of the adapter is held around all of it, except the calls that drivers make.
 */
#include "ndis/adapter.h"

#include "ndis/bind_parameters.h"
#include "ndis/client.h"
#include "ndis/event.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"
#include "ndis/oid.h"
#include "ndis/protocol.h"
#include "ndis/receive_filter.h"

#include <stdio.h>
#include <stdlib.h>

/* --- making and ending one --- */

struct binding *
pndis__binding_find(const struct pndis_adapter *adapter, const struct protocol *protocol)
{
    struct binding *binding = adapter->bindings;

    while (binding != NULL && binding->protocol != protocol) {
        binding = binding->next;
    }
    return binding;
}

static void
destroy(struct binding *binding)
{
    pndis__tally_destroy(binding->sends);
    pndis__tally_destroy(binding->receives);
    pndis__tally_destroy(binding->calls);
    pndis__multicast_free(binding->filter.lists);
    free(binding);
}

static void
binding_free_memory(struct handle *handle)
{
    destroy(CONTAINING_RECORD(handle, struct binding, handle));
}

/* The bind context is part of the binding and goes with it. */
static void
bind_context_free_memory(struct handle *handle)
{
    (void)handle;
}

static void
name_binding(struct binding *binding)
{
    int limit = (int)sizeof(binding->owner.name) / 2 - 1;

    binding->owner.kind = "binding";
    snprintf(binding->owner.name, sizeof(binding->owner.name), "%.*s@%.*s", limit,
             binding->protocol->owner.name, limit, binding->adapter->owner.name);
    binding->owner.parent = binding->protocol->driver != NULL ? &binding->protocol->driver->owner
                                                              : &binding->protocol->owner;
}

static struct binding *
binding_create(struct context *context, struct pndis_adapter *adapter, struct protocol *protocol)
{
    struct binding *binding = calloc(1, sizeof(*binding));

    if (binding == NULL) {
        return NULL;
    }
    binding->sends = pndis__tally_create(context->machine);
    binding->receives = pndis__tally_create(context->machine);
    binding->calls = pndis__tally_create(context->machine);
    if (binding->sends == NULL || binding->receives == NULL || binding->calls == NULL) {
        destroy(binding);
        return NULL;
    }
    binding->adapter = adapter;
    binding->protocol = protocol;
    binding->send_gate = NDIS_STATUS_PAUSED;
    binding->receive_gate = NDIS_STATUS_PAUSED;
    name_binding(binding);
    pndis__state_init(&binding->at, &pndis__binding_lifecycle, &binding->owner, BD_UNBOUND);
    pndis__pending_init(&binding->bind);
    pndis__pending_init(&binding->unbind);
    pndis__pending_init(&binding->event);
    KeInitializeEvent(&binding->quiet, NotificationEvent, FALSE);
    KeInitializeEvent(&binding->closed, NotificationEvent, FALSE);
    pndis__handle_add(&adapter->ndis->handles, &binding->handle, HANDLE_BINDING, &binding->owner,
                      context->machine, binding_free_memory);
    pndis__handle_add(&adapter->ndis->handles, &binding->bind_handle, HANDLE_BIND_CONTEXT,
                      &binding->owner, context->machine, bind_context_free_memory);
    return binding;
}

static void
binding_end(struct context *context, struct binding *binding, const char *where)
{
    struct handles *handles = &binding->adapter->ndis->handles;

    PROBE(context, ENDS, .name = where, .owner = &binding->owner, .a = RULE_LEAK_UNBIND,
          .b = ENDS_INFERRED_TO_PARENT);
    /* The context first: it lies in the memory that goes with the other. */
    pndis__handle_retire(handles, &binding->bind_handle);
    pndis__handle_retire(handles, &binding->handle);
}

static void
link_binding(struct pndis_adapter *adapter, struct binding *binding)
{
    struct binding **link = &adapter->bindings;

    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = binding;
    adapter->binding_count++;
    pndis__receive_paths_changed(adapter);
}

static void
unlink_binding(struct pndis_adapter *adapter, struct binding *binding)
{
    struct binding **link = &adapter->bindings;

    while (*link != NULL && *link != binding) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = binding->next;
        adapter->binding_count--;
    }
    pndis__receive_paths_changed(adapter);
}

void
pndis__bindings_abandon(struct context *context, struct pndis_adapter *adapter)
{
    while (adapter->bindings != NULL) {
        struct binding *binding = adapter->bindings;

        unlink_binding(adapter, binding);
        if (binding->protocol->driver == NULL) {
            pndis__client_abandon(binding->context);
        }
        binding_end(context, binding, "removal");
    }
}

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
    binding->parameters = &parameters.public;
    pndis__pending_ask(&binding->bind);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolBindAdapterEx");
    status = protocol->calls.BindAdapterHandlerEx(protocol->context, &binding->bind_handle,
                                                  &parameters.public);
    pndis__guest_leave_status(context, &frame, status);
    status =
        await(context, &binding->bind, status, binding, RULE_BD_BIND_3, "ProtocolBindAdapterEx");
    binding->binding_now = false;
    binding->parameters = NULL;
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

int
pndis__binding_bind(struct context *context, struct pndis_adapter *adapter,
                    struct protocol *protocol)
{
    struct binding *binding = binding_create(context, adapter, protocol);
    NDIS_STATUS status;

    if (binding == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a binding");
    }
    pndis__fire(context, &binding->at, BD_EV_BIND, "ProtocolBindAdapterEx");
    link_binding(adapter, binding);
    status = call_bind(context, binding);
    if (status == NDIS_STATUS_PENDING) {
        return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name, "its bind");
    }
    check_bound(context, binding, &status);
    if (status == NDIS_STATUS_SUCCESS) {
        pndis__fire(context, &binding->at, BD_EV_BIND_DONE, "ProtocolBindAdapterEx");
        return 0;
    }
    pndis__fire(context, &binding->at, BD_EV_BIND_FAILED, "ProtocolBindAdapterEx");
    await_open(binding);
    unlink_binding(adapter, binding);
    pndis__receive_filter_changed(context, adapter);
    binding_end(context, binding, "ProtocolBindAdapterEx");
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

int
pndis__binding_unbind(struct context *context, struct binding *binding)
{
    struct pndis_adapter *adapter = binding->adapter;
    struct frame frame;
    NDIS_STATUS status;

    if (!pndis__fire(context, &binding->at, BD_EV_UNBIND, "ProtocolUnbindAdapterEx")) {
        return pndis__fail(PNDIS_EBADSTATE, "%s is %s", binding->owner.name,
                           state_name(&binding->at));
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
    unlink_binding(adapter, binding);
    pndis__receive_filter_changed(context, adapter);
    binding_end(context, binding, "ProtocolUnbindAdapterEx");
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

/* --- pause and restart --- */

/* Closing the gate and flushing the processors makes the tally exact: nobody is half-way into a
 * send. */
static void
close_gates(struct context *context, struct binding *binding)
{
    __atomic_store_n(&binding->send_gate, NDIS_STATUS_PAUSED, __ATOMIC_SEQ_CST);
    __atomic_store_n(&binding->receive_gate, NDIS_STATUS_PAUSED, __ATOMIC_SEQ_CST);
    pndis__dpc_flush(context);
}

/* Wait until the sends of @binding are back. */
static enum sleep_result
await_sends(struct context *context, struct binding *binding)
{
    enum sleep_result result = SLEEP_WOKEN;

    while (pndis__tally_outstanding(binding->sends) != 0 && result == SLEEP_WOKEN) {
        KeClearEvent(&binding->quiet);
        __atomic_store_n(&binding->quiet_wanted, true, __ATOMIC_SEQ_CST);
        if (pndis__tally_outstanding(binding->sends) != 0) {
            result = pndis__wait(context, &binding->quiet, pndis__deadline(context), true);
        }
        __atomic_store_n(&binding->quiet_wanted, false, __ATOMIC_SEQ_CST);
    }
    return result;
}

static void
restart_answered(struct context *context, struct binding *binding, NDIS_STATUS status)
{
    if (status != NDIS_STATUS_SUCCESS) {
        pndis__fire(context, &binding->at, BD_EV_RESTART_FAILED, "ProtocolNetPnPEvent");
        return;
    }
    /* Gates first: no sender finds the binding Running and its gate closed. */
    __atomic_store_n(&binding->send_gate, NDIS_STATUS_SUCCESS, __ATOMIC_SEQ_CST);
    __atomic_store_n(&binding->receive_gate, NDIS_STATUS_SUCCESS, __ATOMIC_SEQ_CST);
    pndis__fire(context, &binding->at, BD_EV_RESTART_DONE, "ProtocolNetPnPEvent");
}

/* "The binding will enter the Paused state after NDIS has completed all sends." */
static void
pause_answered(struct context *context, struct binding *binding)
{
    uint64_t left;

    close_gates(context, binding);
    left = pndis__tally_outstanding(binding->sends);
    if (left == 0) {
        pndis__fire(context, &binding->at, BD_EV_PAUSE_DONE, "ProtocolNetPnPEvent");
        return;
    }
    pndis__report(context, RULE_BD_PAUSE_1, &binding->owner, "ProtocolNetPnPEvent", NULL,
                  "%s completed its pause with %llu sends outstanding", binding->owner.name,
                  (unsigned long long)left);
}

void
pndis__binding_answered(struct context *context, struct binding *binding, NDIS_STATUS status)
{
    switch (binding->notification.public.NetPnPEvent.NetEvent) {
    case NetEventRestart:
        restart_answered(context, binding, status);
        break;
    case NetEventPause:
        pause_answered(context, binding);
        break;
    default:
        break;
    }
}

/* Make the end of a pause that the protocol has answered. */
static enum sleep_result
end_pause(struct context *context, struct binding *binding)
{
    enum sleep_result result = SLEEP_WOKEN;

    if (state_of(&binding->at) == BD_PAUSING) {
        result = await_sends(context, binding);
        if (result == SLEEP_WOKEN) {
            pndis__fire(context, &binding->at, BD_EV_PAUSE_DONE, "ProtocolNetPnPEvent");
        }
    }
    return result;
}

enum sleep_result
pndis__binding_settle(struct context *context, struct binding *binding)
{
    unsigned state = state_of(&binding->at);
    enum sleep_result result = SLEEP_WOKEN;
    NDIS_STATUS status;

    if (state == BD_PAUSING || state == BD_RESTARTING) {
        result =
            pndis__pending_wait(context, &binding->event, pndis__deadline(context), true, &status);
    }
    return result == SLEEP_WOKEN ? end_pause(context, binding) : result;
}

NDIS_STATUS
pndis__binding_pause(struct context *context, struct binding *binding)
{
    NDIS_PROTOCOL_PAUSE_PARAMETERS *parameters = &binding->pause_parameters;

    *parameters = (NDIS_PROTOCOL_PAUSE_PARAMETERS){
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_PROTOCOL_PAUSE_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_PROTOCOL_PAUSE_PARAMETERS_REVISION_1},
        .PauseReason = NDIS_PAUSE_NDIS_INTERNAL,
    };

    if (!pndis__fire(context, &binding->at, BD_EV_PAUSE, "ProtocolNetPnPEvent")) {
        return NDIS_STATUS_FAILURE;
    }
    if (pndis__binding_event(context, binding, NetEventPause, parameters, sizeof(*parameters)) ==
        NDIS_STATUS_PENDING) {
        return NDIS_STATUS_PENDING;
    }
    return end_pause(context, binding) == SLEEP_WOKEN ? NDIS_STATUS_SUCCESS : NDIS_STATUS_PENDING;
}

NDIS_STATUS
pndis__binding_restart(struct context *context, struct binding *binding, struct restart_list *list)
{
    NDIS_PROTOCOL_RESTART_PARAMETERS *parameters = &binding->restart_parameters;

    *parameters = (NDIS_PROTOCOL_RESTART_PARAMETERS){
        .Header = {.Type = NDIS_OBJECT_TYPE_PROTOCOL_RESTART_PARAMETERS,
                   .Revision = NDIS_PROTOCOL_RESTART_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_PROTOCOL_RESTART_PARAMETERS_REVISION_1},
        .RestartAttributes = list == NULL ? NULL : list->first,
        .BoundIfIndex = binding->adapter->interface_index,
        .BoundIfNetluid = binding->adapter->luid,
    };

    if (!pndis__fire(context, &binding->at, BD_EV_RESTART, "ProtocolNetPnPEvent")) {
        return NDIS_STATUS_FAILURE;
    }
    return pndis__binding_event(context, binding, NetEventRestart, parameters, sizeof(*parameters));
}
