/*
 * Operations on whole driver stacks: the order in which bindings, filter modules and the adapter
 * are started, paused, restarted and stopped. "Starting / Pausing / Restarting / Stopping /
 * Modifying a Running Driver Stack".
 */
#include "ndis/adapter.h"

#include "ndis/event.h"
#include "ndis/filter_module.h"
#include "ndis/protocol.h"
#include "ndis/receive_filter.h"
#include "ndis/reset.h"
#include "nt/status_name.h"

/* --- waiting and locking --- */

uint64_t
pndis__deadline(struct context *context)
{
    return pndis__now_ns(context->sched) + context->machine->options.timeout_ns;
}

void
pndis__wait_for_none(const uint32_t *count)
{
    LARGE_INTEGER moment = {.QuadPart = -1000}; /* 0.1 ms */

    while (__atomic_load_n(count, __ATOMIC_SEQ_CST) != 0) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
}

int
pndis__wait_error(enum sleep_result result, const char *whom, const char *what)
{
    if (result == SLEEP_STALLED) {
        return pndis__fail(PNDIS_ESTALLED, "%s has not finished %s, and nothing is left that could",
                           whom, what);
    }
    return pndis__fail(PNDIS_ETIMEDOUT, "%s has not finished %s in time", whom, what);
}

int
pndis__stack_lock(struct context *context, struct pndis_adapter *adapter)
{
    enum sleep_result result =
        pndis__wait(context, &adapter->stack_lock, pndis__deadline(context), true);

    return result == SLEEP_WOKEN ? 0
                                 : pndis__wait_error(result, adapter->owner.name, "an operation");
}

void
pndis__stack_unlock(struct pndis_adapter *adapter)
{
    KeSetEvent(&adapter->stack_lock, IO_NO_INCREMENT, FALSE);
}

static int
finish_adapter(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS *status,
               const char *what)
{
    enum sleep_result result;

    if (*status != NDIS_STATUS_PENDING) {
        return 0;
    }
    result = pndis__adapter_finish_wait(context, adapter, pndis__deadline(context), status);
    return result == SLEEP_WOKEN ? 0 : pndis__wait_error(result, adapter->owner.name, what);
}

/* --- pausing, top to bottom --- */

static int
pause_bindings(struct context *context, struct pndis_adapter *adapter)
{
    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        enum sleep_result result = pndis__binding_settle(context, binding);

        if (result != SLEEP_WOKEN) {
            return pndis__wait_error(result, binding->owner.name, "an earlier pause or restart");
        }
        if (state_of(&binding->at) == BD_RUNNING &&
            pndis__binding_pause(context, binding) == NDIS_STATUS_PENDING) {
            return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name, "its pause");
        }
    }
    return 0;
}

static int
pause_filters(struct context *context, struct pndis_adapter *adapter)
{
    for (struct filter_module *module = adapter->top_filter; module != NULL;
         module = module->below) {
        if (state_of(&module->at) == FM_RUNNING) {
            int result = pndis__filter_pause(context, module);

            if (result != 0) {
                return result;
            }
        }
    }
    return 0;
}

static int
pause_adapter(struct context *context, struct pndis_adapter *adapter, bool for_removal)
{
    NDIS_STATUS status = NDIS_STATUS_PENDING;

    if (pndis__adapter_operation(adapter) != OPERATION_NONE) {
        int result = finish_adapter(context, adapter, &status, "an earlier operation");

        if (result != 0) {
            return result;
        }
    }
    if (state_of(&adapter->at) != MP_RUNNING) {
        return 0;
    }
    status = pndis__adapter_pause(context, adapter, for_removal);
    return finish_adapter(context, adapter, &status, "its pause");
}

int
pndis__stack_pause(struct context *context, struct pndis_adapter *adapter, bool for_removal)
{
    int result = pause_bindings(context, adapter);

    if (result == 0) {
        result = pause_filters(context, adapter);
    }
    if (result == 0) {
        result = pause_adapter(context, adapter, for_removal);
    }
    return result;
}

/* --- restarting, bottom to top --- */

static int
restart_adapter(struct context *context, struct pndis_adapter *adapter, struct restart_list *list)
{
    NDIS_STATUS status;
    int result;

    if (!pndis__restart_list_watch(context, list)) {
        return pndis__fail(PNDIS_ENOMEM, "no memory to watch the restart attributes");
    }
    status = pndis__adapter_restart(context, adapter, list);
    result = finish_adapter(context, adapter, &status, "its restart");
    if (result != 0) {
        return result;
    }
    list->first = adapter->restart_parameters.RestartAttributes;
    pndis__restart_list_check(context, list, &adapter->owner, "MiniportRestart", status);
    if (status != NDIS_STATUS_SUCCESS) {
        return pndis__fail(PNDIS_EDRIVER, "MiniportRestart of %s failed with 0x%08x%s",
                           adapter->owner.name, (unsigned)status, pndis__status_name(status));
    }
    return 0;
}

/* "A module whose restart fails is detached; a mandatory one takes the stack with it." */
static int
restart_filters(struct context *context, struct pndis_adapter *adapter, struct restart_list *list)
{
    struct filter_module *above;

    for (struct filter_module *module = adapter->bottom_filter; module != NULL; module = above) {
        int result;

        above = module->above;
        if (!pndis__restart_list_watch(context, list)) {
            return pndis__fail(PNDIS_ENOMEM, "no memory to watch the restart attributes");
        }
        result = pndis__filter_restart(context, module, list);
        if (result == PNDIS_EDRIVER && !module->mandatory) {
            pndis__filter_detach(context, module);
        } else if (result != 0) {
            return result;
        }
    }
    return 0;
}

static int
restart_bindings(struct context *context, struct pndis_adapter *adapter, struct restart_list *list)
{
    int result = 0;

    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        NDIS_STATUS status = pndis__binding_restart(context, binding, list);

        if (status == NDIS_STATUS_PENDING) {
            return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name, "its restart");
        }
        if (status != NDIS_STATUS_SUCCESS && result == 0) {
            result = pndis__fail(PNDIS_EDRIVER, "%s failed its restart with 0x%08x%s",
                                 binding->owner.name, (unsigned)status, pndis__status_name(status));
        }
    }
    return result;
}

/* "Handling a Set Power Request": asleep, the restart waits for OID_PNP_SET_POWER to D0. */
int
pndis__stack_restart(struct context *context, struct pndis_adapter *adapter)
{
    struct restart_list *list;
    int result;

    adapter->may_go = false;
    if (adapter->power != NdisDeviceStateD0) {
        adapter->paused_for_power = true;
        return 0;
    }
    list = pndis__restart_list_new(context, adapter);
    if (list == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for the restart attributes of %s",
                           adapter->owner.name);
    }
    result = restart_adapter(context, adapter, list);
    if (result == 0) {
        result = restart_filters(context, adapter, list);
    }
    if (result == 0) {
        pndis__restart_list_adopt(list);
        result = restart_bindings(context, adapter, list);
    }
    if (result == PNDIS_ETIMEDOUT || result == PNDIS_ESTALLED) {
        pndis__restart_list_give_up(list);
    } else {
        pndis__restart_list_free(context, list);
    }
    return result;
}

/* --- starting --- */

static int
bind_protocols(struct context *context, struct pndis_adapter *adapter)
{
    for (struct protocol *protocol = adapter->ndis->protocols; protocol != NULL;
         protocol = protocol->next) {
        if (pndis__protocol_wants(protocol, adapter)) {
            /* A protocol that does not want this adapter is no fault of the stack. */
            pndis__binding_bind(context, adapter, protocol);
        }
    }
    return 0;
}

int
pndis__stack_initialize(struct context *context, struct pndis_adapter *adapter)
{
    NDIS_STATUS status = pndis__adapter_initialize(context, adapter);

    if (status != NDIS_STATUS_SUCCESS) {
        return pndis__fail(PNDIS_EDRIVER, "MiniportInitialize%s of %s failed with 0x%08x%s",
                           adapter->driver->legacy ? "" : "Ex", adapter->owner.name,
                           (unsigned)status, pndis__status_name(status));
    }
    pndis__device_event(context, adapter, NdisDevicePnPEventPowerProfileChanged, NULL, 0);
    return 0;
}

/* All that comes before the first binding. */
static int
start_to_bind(struct context *context, struct pndis_adapter *adapter)
{
    int result = pndis__stack_initialize(context, adapter);

    if (result != 0) {
        return result;
    }
    result = pndis__filters_attach(context, adapter);
    if (result != 0) {
        /* "Initialize that succeeded but whose stack could not be built is halted." */
        pndis__filters_detach(context, adapter);
        pndis__adapter_halt(context, adapter, NdisHaltDeviceInitializationFailed);
    }
    return result;
}

int
pndis__stack_start(struct context *context, struct pndis_adapter *adapter)
{
    int result = start_to_bind(context, adapter);

    if (result != 0) {
        return result;
    }
    bind_protocols(context, adapter);
    return adapter->bindings == NULL ? 0 : pndis__stack_restart(context, adapter);
}

static bool
is_wanted(const struct pndis_adapter *adapter)
{
    const struct protocol *protocol = adapter->ndis->protocols;

    while (protocol != NULL && !pndis__protocol_wants(protocol, adapter)) {
        protocol = protocol->next;
    }
    return protocol != NULL;
}

static int
bind_change(struct context *context, struct pndis_adapter *adapter, void *unused)
{
    (void)unused;
    return bind_protocols(context, adapter);
}

int
pndis__stack_bind(struct context *context, struct pndis_adapter *adapter)
{
    return is_wanted(adapter) ? pndis__stack_modify(context, adapter, bind_change, NULL) : 0;
}

/* --- stopping --- */

static int
unbind_all(struct context *context, struct pndis_adapter *adapter)
{
    while (adapter->bindings != NULL) {
        int result = pndis__binding_unbind(context, adapter->bindings);

        if (result != 0) {
            return result;
        }
    }
    return 0;
}

int
pndis__stack_unbind(struct context *context, struct pndis_adapter *adapter)
{
    int result = pndis__stack_pause(context, adapter, false);

    return result != 0 ? result : unbind_all(context, adapter);
}

int
pndis__stack_stop(struct context *context, struct pndis_adapter *adapter, NDIS_HALT_ACTION action)
{
    int result = pndis__stack_pause(context, adapter, true);

    if (result == 0) {
        /* A reset tells the bindings of itself. */
        pndis__reset_stop(context, adapter);
        result = unbind_all(context, adapter);
    }
    if (result != 0) {
        return result;
    }
    pndis__filters_detach(context, adapter);
    if (adapter->started) {
        pndis__adapter_halt(context, adapter, action);
    }
    __atomic_store_n(&adapter->power, NdisDeviceStateD0, __ATOMIC_RELAXED);
    adapter->halted_for_power = adapter->paused_for_power = adapter->wanted_asleep = false;
    adapter->may_go = false;
    return 0;
}

/* --- changing a stack --- */

/* The last protocol has unbound: an occasion of MiniportHalt, but only for NDIS 5 miniports, and
 * not for one that works for its primary. */
static void
halt_if_unbound(struct context *context, struct pndis_adapter *adapter, bool was_bound)
{
    if (adapter->driver->legacy && was_bound && adapter->bindings == NULL &&
        !adapter_is_secondary(adapter) && state_of(&adapter->at) == MP_PAUSED) {
        pndis__filters_detach(context, adapter);
        pndis__adapter_halt(context, adapter, NdisHaltDeviceDisabled);
        adapter->waits_to_bind = true;
    }
}

int
pndis__stack_modify(struct context *context, struct pndis_adapter *adapter,
                    int (*change)(struct context *context, struct pndis_adapter *adapter,
                                  void *user),
                    void *user)
{
    bool was_bound = adapter->bindings != NULL;
    int result = adapter->waits_to_bind ? start_to_bind(context, adapter)
                                        : pndis__stack_pause(context, adapter, false);
    int restart_result;

    if (result != 0) {
        return result;
    }
    result = change(context, adapter, user);
    halt_if_unbound(context, adapter, was_bound);
    if (adapter->bindings == NULL || state_of(&adapter->at) != MP_PAUSED) {
        return result;
    }
    restart_result = pndis__stack_restart(context, adapter);
    return result != 0 ? result : restart_result;
}
