/*
 * The miniport's own transitions: initialize, restart, pause, halt, shutdown, and their completion
 * calls. Which of them happens when, and what the rest of the stack does meanwhile, is stack.c's
 * business.
 */
#include "ndis/adapter.h"

#include "ndis/hardware.h"
#include "ndis/oid.h"
#include "ndis/oid_memory.h"
#include "ndis/receive_filter.h"
#include "ndis/reset.h"
#include "ndis/restart.h"
#include "ndis/uro.h"

/* --- initialize --- */

static const char *
missing_attributes(const struct pndis_adapter *adapter)
{
    if ((adapter->attributes.set & ATTRIBUTE_REGISTRATION) == 0) {
        return "registration attributes";
    }
    if ((adapter->attributes.set & ATTRIBUTE_GENERAL) == 0) {
        return "general attributes";
    }
    return NULL;
}

static NDIS_STATUS
call_initialize(struct context *context, struct pndis_adapter *adapter)
{
    NDIS_PORT_AUTHENTICATION_PARAMETERS port = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_PORT_AUTHENTICATION_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_PORT_AUTHENTICATION_PARAMETERS_REVISION_1},
        .SendControlState = NdisPortControlStateUncontrolled,
        .RcvControlState = NdisPortControlStateUncontrolled,
        .SendAuthorizationState = NdisPortAuthorized,
        .RcvAuthorizationState = NdisPortAuthorized,
    };
    NDIS_MINIPORT_INIT_PARAMETERS parameters = {
        .Header = {.Type = NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS,
                   .Revision = NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_MINIPORT_INIT_PARAMETER_REVISION_1},
        .AllocatedResources = pndis__hardware_resources(adapter),
        .MiniportAddDeviceContext = adapter->attributes.add_device_context,
        .IfIndex = adapter->interface_index,
        .NetLuid = adapter->luid,
        .DefaultPortAuthStates = &port,
    };
    struct frame frame;
    NDIS_STATUS status;

    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportInitializeEx");
    status = adapter->driver->calls.InitializeHandlerEx(&adapter->handle, adapter->driver->context,
                                                        &parameters);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

static void
initialize_failed(struct context *context, struct pndis_adapter *adapter)
{
    __atomic_add_fetch(&adapter->halts, 1, __ATOMIC_SEQ_CST);
    pndis__shared_memory_settle(adapter);
    pndis__fire(context, &adapter->at, MP_EV_INITIALIZE_FAILED, "MiniportInitializeEx");
    PROBE(context, ENDS, .name = "MiniportInitializeEx", .owner = &adapter->owner,
          .a = RULE_LEAK_INITIALIZE, .b = ENDS_NO_HEIR);
    pndis__possessions_reclaim(context, adapter);
    adapter->alive = false;
    pndis__attributes_forget(&adapter->attributes);
    pndis__oid_memory_forget(adapter);
}

/* Bindings outlive a halt for power: what they take the miniport has to be told again. */
static void
tell_filters(struct context *context, struct pndis_adapter *adapter)
{
    adapter->told_packet_filter = 0;
    adapter->multicast_stale = adapter->bindings != NULL;
    pndis__receive_filter_changed(context, adapter);
    adapter->uro_withheld = false;
    pndis__uro_settle(context, adapter);
}

NDIS_STATUS
pndis__adapter_initialize(struct context *context, struct pndis_adapter *adapter)
{
    const char *missing;
    NDIS_STATUS status;

    if (!pndis__fire(context, &adapter->at, MP_EV_INITIALIZE, "MiniportInitializeEx")) {
        return NDIS_STATUS_FAILURE;
    }
    adapter->alive = true;
    adapter->waits_to_bind = false;
    __atomic_store_n(&adapter->removed, false, __ATOMIC_SEQ_CST);
    adapter->power = NdisDeviceStateD0;
    status = call_initialize(context, adapter);
    if (status == NDIS_STATUS_PENDING) {
        pndis__report(context, RULE_MP_INIT_STATUS, &adapter->owner, "MiniportInitializeEx", NULL,
                      "MiniportInitializeEx returned NDIS_STATUS_PENDING");
        status = NDIS_STATUS_FAILURE;
    }
    missing = status == NDIS_STATUS_SUCCESS ? missing_attributes(adapter) : NULL;
    if (missing != NULL) {
        pndis__report(context, RULE_MP_ATTR_MISSING, &adapter->owner, "MiniportInitializeEx", NULL,
                      "MiniportInitializeEx of %s succeeded without %s", adapter->owner.name,
                      missing);
    }
    /* Without registration attributes there is no context that MiniportHaltEx could be given. */
    if (missing != NULL && (adapter->attributes.set & ATTRIBUTE_REGISTRATION) == 0) {
        status = NDIS_STATUS_FAILURE;
    }
    __atomic_store_n(&adapter->last_status, status, __ATOMIC_RELAXED);
    if (status != NDIS_STATUS_SUCCESS) {
        initialize_failed(context, adapter);
        return status;
    }
    pndis__fire(context, &adapter->at, MP_EV_INITIALIZE_DONE, "MiniportInitializeEx");
    adapter->started = true;
    adapter->halted_for_power = false;
    if (missing != NULL) {
        pndis__adapter_halt(context, adapter, NdisHaltDeviceInitializationFailed);
        __atomic_store_n(&adapter->last_status, NDIS_STATUS_FAILURE, __ATOMIC_RELAXED);
        return NDIS_STATUS_FAILURE;
    }
    pndis__oid_queue_open(adapter);
    pndis__reset_start(context, adapter);
    tell_filters(context, adapter);
    return NDIS_STATUS_SUCCESS;
}

/* --- halt --- */

/* A function of the miniport may still run on another processor after the last list came back. */
static void
wait_for_calls(struct pndis_adapter *adapter)
{
    LARGE_INTEGER moment = {.QuadPart = -1};

    while (pndis__tally_outstanding(adapter->calls) != 0) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
}

void
pndis__adapter_halt(struct context *context, struct pndis_adapter *adapter, NDIS_HALT_ACTION action)
{
    struct frame frame;

    pndis__reset_stop(context, adapter);
    /* "NDIS does not call MiniportHaltEx if there are outstanding OID requests or send requests."
     */
    pndis__oid_queue_close(context, adapter);
    wait_for_calls(adapter);
    if (!pndis__fire(context, &adapter->at, MP_EV_HALT, "MiniportHaltEx")) {
        return;
    }
    pndis__adapter_gates(adapter);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportHaltEx");
    adapter->driver->calls.HaltHandlerEx(adapter->context, action);
    __atomic_add_fetch(&adapter->halts, 1, __ATOMIC_SEQ_CST);
    pndis__guest_leave(context, &frame);
    pndis__shared_memory_settle(adapter);
    PROBE(context, ENDS, .name = "MiniportHaltEx", .owner = &adapter->owner, .a = RULE_LEAK_HALT,
          .b = ENDS_INFERRED_TO_PARENT);
    pndis__possessions_reclaim(context, adapter);
    adapter->alive = false;
    adapter->started = false;
    pndis__attributes_forget(&adapter->attributes);
    pndis__oid_memory_forget(adapter);
}

/* --- pause and restart --- */

enum adapter_operation
pndis__adapter_operation(const struct pndis_adapter *adapter)
{
    return __atomic_load_n(&adapter->operation_kind, __ATOMIC_SEQ_CST);
}

static void
set_operation(struct pndis_adapter *adapter, enum adapter_operation kind)
{
    __atomic_store_n(&adapter->operation_kind, kind, __ATOMIC_SEQ_CST);
}

static void
check_paused(struct context *context, struct pndis_adapter *adapter, const char *call)
{
    uint64_t sends = pndis__tally_outstanding(adapter->sends);
    uint64_t receives = pndis__tally_outstanding(adapter->receives);

    if (sends != 0 || receives != 0) {
        pndis__report(context, RULE_MP_PAUSE_1, &adapter->owner, call, NULL,
                      "%s completed its pause with %llu sends and %llu receives outstanding",
                      adapter->owner.name, (unsigned long long)sends, (unsigned long long)receives);
    }
}

static void
check_no_list(struct context *context, struct pndis_adapter *adapter, const char *call)
{
    struct restart_list list = {.adapter = adapter,
                                .first = adapter->restart_parameters.RestartAttributes};

    if (adapter->restarts_without_list && list.first != NULL) {
        pndis__restart_list_refuse(context, &list, &adapter->owner, call);
        adapter->restart_parameters.RestartAttributes = NULL;
    }
}

/* The one place where a pause or restart ends, however the driver said so. */
static void
finish(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS status, const char *call)
{
    if (state_of(&adapter->at) == MP_SHUTDOWN) {
        /* A driver may finish what it had begun; it changes nothing any more. */
    } else if (pndis__adapter_operation(adapter) == OPERATION_PAUSE) {
        check_paused(context, adapter, call);
        pndis__fire(context, &adapter->at, MP_EV_PAUSE_DONE, call);
    } else {
        check_no_list(context, adapter, call);
        pndis__fire(context, &adapter->at,
                    status == NDIS_STATUS_SUCCESS ? MP_EV_RESTART_DONE : MP_EV_RESTART_FAILED,
                    call);
    }
    __atomic_store_n(&adapter->last_status, status, __ATOMIC_RELAXED);
    pndis__adapter_gates(adapter);
}

enum sleep_result
pndis__adapter_finish_wait(struct context *context, struct pndis_adapter *adapter,
                           uint64_t deadline_ns, NDIS_STATUS *out_status)
{
    LARGE_INTEGER moment = {.QuadPart = -1};
    enum sleep_result result =
        pndis__pending_wait(context, &adapter->operation, deadline_ns, true, out_status);

    /* Whoever completed it is about to let go of it. */
    while (result == SLEEP_WOKEN && pndis__adapter_operation(adapter) != OPERATION_NONE) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    return result;
}

static NDIS_STATUS
after_callback(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS status,
               const char *call, enum rule twice_rule)
{
    NDIS_STATUS final;
    NDIS_STATUS completed;
    bool twice;

    if (!pndis__pending_returned(&adapter->operation, status, &final, &twice)) {
        return NDIS_STATUS_PENDING;
    }
    if (twice) {
        pndis__adapter_finish_wait(context, adapter, pndis__deadline(context), &completed);
        pndis__report(context, twice_rule, &adapter->owner, call, NULL,
                      "%s of %s returned 0x%08x after the operation was completed by a call", call,
                      adapter->owner.name, (unsigned)status);
    } else {
        finish(context, adapter, final, call);
        set_operation(adapter, OPERATION_NONE);
    }
    return final;
}

NDIS_STATUS
pndis__adapter_pause(struct context *context, struct pndis_adapter *adapter, bool for_removal)
{
    /* NDIS_PAUSE_MINIPORT_DEVICE_REMOVE exists for miniports of NDIS 6.40 and later. */
    NDIS_MINIPORT_PAUSE_PARAMETERS parameters = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1},
        .PauseReason = for_removal && adapter->driver->version >= ndis_version(6, 40)
                           ? NDIS_PAUSE_MINIPORT_DEVICE_REMOVE
                           : NDIS_PAUSE_NDIS_INTERNAL,
    };
    struct frame frame;
    NDIS_STATUS status;

    if (!pndis__fire(context, &adapter->at, MP_EV_PAUSE, "MiniportPause")) {
        return NDIS_STATUS_FAILURE;
    }
    pndis__adapter_gates(adapter);
    /* After this no sender is left that saw the gate open and has not counted yet. */
    pndis__processors_pass(context);
    set_operation(adapter, OPERATION_PAUSE);
    pndis__pending_ask(&adapter->operation);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportPause");
    status = adapter->driver->calls.PauseHandler(adapter->context, &parameters);
    pndis__guest_leave_status(context, &frame, status);
    if (status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_PENDING) {
        pndis__report(context, RULE_MP_PAUSE_2, &adapter->owner, "MiniportPause", NULL,
                      "MiniportPause of %s returned 0x%08x", adapter->owner.name, (unsigned)status);
        status = NDIS_STATUS_SUCCESS;
    }
    return after_callback(context, adapter, status, "MiniportPause", RULE_MP_PAUSE_3);
}

static bool
is_restart_status(NDIS_STATUS status)
{
    return status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_RESOURCES ||
           status == NDIS_STATUS_FAILURE;
}

static void
check_restart_status(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS status,
                     const char *call, const void *caller)
{
    if (!is_restart_status(status)) {
        pndis__report(context, RULE_MP_RESTART_2, &adapter->owner, call, caller,
                      "%s ended the restart of %s with 0x%08x", call, adapter->owner.name,
                      (unsigned)status);
    }
}

NDIS_STATUS
pndis__adapter_restart(struct context *context, struct pndis_adapter *adapter,
                       struct restart_list *list)
{
    NDIS_MINIPORT_RESTART_PARAMETERS *parameters = &adapter->restart_parameters;
    struct frame frame;
    NDIS_STATUS status;

    *parameters = (NDIS_MINIPORT_RESTART_PARAMETERS){
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1},
        .RestartAttributes = list == NULL ? NULL : list->first,
    };
    if (!pndis__fire(context, &adapter->at, MP_EV_RESTART, "MiniportRestart")) {
        return NDIS_STATUS_FAILURE;
    }
    pndis__adapter_gates(adapter);
    adapter->restarts_without_list = list == NULL;
    set_operation(adapter, OPERATION_RESTART);
    pndis__pending_ask(&adapter->operation);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportRestart");
    status = adapter->driver->calls.RestartHandler(adapter->context, parameters);
    pndis__guest_leave_status(context, &frame, status);
    if (status != NDIS_STATUS_PENDING) {
        check_restart_status(context, adapter, status, "MiniportRestart", NULL);
    }
    return after_callback(context, adapter, status, "MiniportRestart", RULE_MP_RESTART_1);
}

static void
complete(NDIS_HANDLE handle, NDIS_STATUS status, enum adapter_operation kind, enum rule rule,
         struct context *context, const char *call, const void *caller)
{
    struct pndis_adapter *adapter = pndis__adapter_of(context, handle, call, caller);

    if (adapter == NULL) {
        return;
    }
    /* State first, event second: whoever waits finds the new state. */
    if (pndis__adapter_operation(adapter) != kind || !pndis__pending_claim(&adapter->operation)) {
        pndis__report(context, rule, &adapter->owner, call, caller,
                      "%s for %s, which is %s and has no such operation pending", call,
                      adapter->owner.name, state_name(&adapter->at));
        return;
    }
    if (kind == OPERATION_RESTART) {
        check_restart_status(context, adapter, status, call, caller);
    }
    finish(context, adapter, status, call);
    pndis__pending_complete(&adapter->operation, status);
    /* Last: from now on the next operation may begin. */
    set_operation(adapter, OPERATION_NONE);
}

/*
 * "NdisMPauseComplete function". IRQL <= DISPATCH_LEVEL.
 * Valid once after MiniportPause returned (or is about to return) NDIS_STATUS_PENDING; elsewhere
 * MP_PAUSE_3 is reported and nothing happens.
 */
VOID
NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    complete(MiniportAdapterHandle, NDIS_STATUS_SUCCESS, OPERATION_PAUSE, RULE_MP_PAUSE_3, context,
             __func__, NT_CALLER());
}

/*
 * "NdisMRestartComplete function". IRQL <= DISPATCH_LEVEL.
 * As NdisMPauseComplete, for MiniportRestart (MP_RESTART_1). @Status: NDIS_STATUS_SUCCESS, or
 * NDIS_STATUS_RESOURCES or NDIS_STATUS_FAILURE, after which the adapter is Paused.
 */
VOID
NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    complete(MiniportAdapterHandle, Status, OPERATION_RESTART, RULE_MP_RESTART_1, context, __func__,
             NT_CALLER());
}

/* --- shutdown --- */

/* No entry point will be called in which these drivers could give back what they hold. */
static void
let_drivers_rest(struct pndis_adapter *adapter)
{
    adapter->owner.past_end = true;
    adapter->driver->driver->owner.past_end = true;
    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        binding->owner.past_end = true;
        binding->protocol->owner.past_end = true;
        if (binding->protocol->driver != NULL) {
            binding->protocol->driver->owner.past_end = true;
        }
    }
}

void
pndis__adapter_shutdown(struct context *context, struct pndis_adapter *adapter,
                        NDIS_SHUTDOWN_ACTION action)
{
    struct frame frame;
    KIRQL before = context->irql;

    if (!pndis__fire(context, &adapter->at, MP_EV_SHUTDOWN, "MiniportShutdownEx")) {
        return;
    }
    pndis__adapter_gates(adapter);
    pndis__oid_queue_shut(context, adapter);
    if (action == NdisShutdownBugCheck) {
        /* "MiniportShutdownEx runs at high IRQL" when the system crashes. */
        before = pndis__irql_raise(context, HIGH_LEVEL);
    }
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportShutdownEx");
    adapter->driver->calls.ShutdownHandlerEx(adapter->context, action);
    pndis__guest_leave(context, &frame);
    if (action == NdisShutdownBugCheck) {
        pndis__irql_lower(context, before);
    }
    let_drivers_rest(adapter);
}
