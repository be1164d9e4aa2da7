/*
 * Power. Going down: protocols are told (NetEventQueryPower, NetEventSetPower), the stack is paused
 * unless the miniport may stay running, and the miniport gets OID_PNP_SET_POWER; one that knows no
 * power management is halted instead, with its bindings left in place. Coming up is the reverse.
 */
#include "ndis/power.h"

#include "ndis/adapter.h"
#include "ndis/event.h"
#include "ndis/oid.h"
#include "ndis/oid_pm.h"
#include "ndis/receive_filter.h"
#include "ndis/uro.h"

static const LONGLONG retry_100ns = 100000;

static bool
knows_power(const struct pndis_adapter *adapter)
{
    return adapter->attributes.has_pm || adapter->attributes.has_pnp ||
           (adapter->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND) != 0;
}

/*
 * "The exception: when a protocol driver that supports NDIS 6.20 or earlier is bound, NDIS pauses
 * the miniport regardless."
 */
static bool
stays_running(const struct pndis_adapter *adapter)
{
    if ((adapter->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND) == 0) {
        return false;
    }
    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        if (binding->protocol->version < ndis_version(6, 30)) {
            return false;
        }
    }
    return true;
}

static void
tell_protocols(struct context *context, struct pndis_adapter *adapter, NET_PNP_EVENT_CODE event,
               NDIS_DEVICE_POWER_STATE state)
{
    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        pndis__binding_event(context, binding, event, &state, sizeof(state));
    }
}

/* "NDIS_STATUS_NOT_ACCEPTED: The miniport driver is resetting": it is asked again afterwards. */
static NDIS_STATUS
set_miniport_power(struct context *context, struct pndis_adapter *adapter,
                   NDIS_DEVICE_POWER_STATE state)
{
    LARGE_INTEGER moment = {.QuadPart = -retry_100ns};
    uint64_t deadline = pndis__deadline(context);
    NDIS_STATUS status;

    while ((status = pndis__oid_set_internal(context, adapter, OID_PNP_SET_POWER, &state,
                                             sizeof(state))) == NDIS_STATUS_NOT_ACCEPTED &&
           pndis__now_ns(context->sched) < deadline) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    return status;
}

/* No answer in the machine's time. */
static int
not_answered(const struct pndis_adapter *adapter)
{
    bool resets = __atomic_load_n(&adapter->reset.under_way, __ATOMIC_SEQ_CST) != 0;

    return pndis__wait_error(SLEEP_TIMED_OUT, adapter->owner.name,
                             resets ? "its reset" : "an OID request");
}

static int
ask_miniport(struct context *context, struct pndis_adapter *adapter, NDIS_DEVICE_POWER_STATE state)
{
    NDIS_STATUS status = set_miniport_power(context, adapter, state);

    if (status == NDIS_STATUS_PENDING) {
        return not_answered(adapter);
    }
    __atomic_store_n(&adapter->last_status, status, __ATOMIC_RELAXED);
    if (status == NDIS_STATUS_SUCCESS) {
        return 0;
    }
    pndis__report(context, RULE_POWER_3, &adapter->owner, "MiniportOidRequest", NULL,
                  "%s answered OID_PNP_SET_POWER with 0x%08x", adapter->owner.name,
                  (unsigned)status);
    return pndis__fail(PNDIS_EDRIVER, "%s answered OID_PNP_SET_POWER with 0x%08x",
                       adapter->owner.name, (unsigned)status);
}

static int
go_down(struct context *context, struct pndis_adapter *adapter, NDIS_DEVICE_POWER_STATE state)
{
    int result = 0;

    if (!adapter->started) {
        /* Halted for an earlier Dx, or unbound: nobody is there to be told. */
        __atomic_store_n(&adapter->power, state, __ATOMIC_RELAXED);
        return 0;
    }
    tell_protocols(context, adapter, NetEventQueryPower, state);
    if (knows_power(adapter) &&
        pndis__oid_internal(context, adapter, NdisRequestQueryInformation, OID_PNP_QUERY_POWER,
                            &state, sizeof(state), NULL) == NDIS_STATUS_PENDING) {
        return not_answered(adapter);
    }
    tell_protocols(context, adapter, NetEventSetPower, state);
    if (state_of(&adapter->at) == MP_RUNNING &&
        (!knows_power(adapter) || !stays_running(adapter))) {
        result = pndis__stack_pause(context, adapter, false);
        adapter->paused_for_power = result == 0;
    }
    if (result != 0) {
        return result;
    }
    if (!knows_power(adapter)) {
        pndis__adapter_halt(context, adapter, NdisHaltDevicePoweredDown);
        adapter->halted_for_power = true;
        __atomic_store_n(&adapter->power, state, __ATOMIC_RELAXED);
        return 0;
    }
    pndis__pm_parameters_tell(context, adapter);
    __atomic_store_n(&adapter->power, state, __ATOMIC_RELAXED);
    pndis__adapter_gates(adapter);
    pndis__processors_pass(context);
    return ask_miniport(context, adapter, state);
}

/* Bindings may have come and gone while it slept. */
static int
wake_miniport(struct context *context, struct pndis_adapter *adapter)
{
    int result = ask_miniport(context, adapter, NdisDeviceStateD0);

    if (result == 0) {
        __atomic_store_n(&adapter->power, NdisDeviceStateD0, __ATOMIC_RELAXED);
        pndis__receive_filter_changed(context, adapter);
        pndis__uro_settle(context, adapter);
        pndis__adapter_gates(adapter);
        pndis__device_event(context, adapter, NdisDevicePnPEventPowerProfileChanged, NULL, 0);
    }
    return result;
}

/* One that fails its initialization sleeps on: it may be woken again. */
static int
start_miniport(struct context *context, struct pndis_adapter *adapter)
{
    NDIS_DEVICE_POWER_STATE before = adapter->power;
    int result;

    if (adapter->started) {
        return wake_miniport(context, adapter);
    }
    result = pndis__stack_initialize(context, adapter);
    if (result != 0) {
        __atomic_store_n(&adapter->power, before, __ATOMIC_RELAXED);
    }
    return result;
}

/* Who came while it slept. */
static int
bind_wanted(struct context *context, struct pndis_adapter *adapter)
{
    bool wanted = adapter->wanted_asleep;

    adapter->wanted_asleep = false;
    return wanted ? pndis__stack_bind(context, adapter) : 0;
}

static int
come_up(struct context *context, struct pndis_adapter *adapter)
{
    int result;

    if (adapter->waits_to_bind) {
        __atomic_store_n(&adapter->power, NdisDeviceStateD0, __ATOMIC_RELAXED);
        return bind_wanted(context, adapter);
    }
    result = start_miniport(context, adapter);
    if (result != 0) {
        return result;
    }
    /* "Restart follows D0 only if a pause preceded Dx." */
    if (adapter->paused_for_power && adapter->bindings != NULL) {
        result = pndis__stack_restart(context, adapter);
    }
    adapter->paused_for_power = false;
    tell_protocols(context, adapter, NetEventSetPower, NdisDeviceStateD0);
    return result != 0 ? result : bind_wanted(context, adapter);
}

int
pndis__stack_set_power(struct context *context, struct pndis_adapter *adapter,
                       NDIS_DEVICE_POWER_STATE state)
{
    if (state == adapter->power) {
        return 0;
    }
    return state == NdisDeviceStateD0 ? come_up(context, adapter)
                                      : go_down(context, adapter, state);
}
