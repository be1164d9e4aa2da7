/* Pausing and restarting one binding: its NetEventPause and NetEventRestart. */
#include "ndis/adapter.h"

#include "ndis/binding.h"
#include "ndis/event.h"

/* Closing the gate and flushing the processors makes the tally exact: nobody is half-way into a
 * send. */
static void
close_gates(struct context *context, struct binding *binding)
{
    __atomic_store_n(&binding->send_gate, NDIS_STATUS_PAUSED, __ATOMIC_SEQ_CST);
    __atomic_store_n(&binding->receive_gate, NDIS_STATUS_PAUSED, __ATOMIC_SEQ_CST);
    pndis__processors_pass(context);
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

    if (state == BD_PAUSING || state == BD_RESTARTING) {
        result = pndis__binding_turn_take(context, binding);
        if (result == SLEEP_WOKEN) {
            pndis__binding_turn_give(binding);
            result = end_pause(context, binding);
        }
    }
    return result;
}

/* Make the transition @begins and tell the protocol of it, in one turn. */
static NDIS_STATUS
change(struct context *context, struct binding *binding, enum bd_event begins,
       NET_PNP_EVENT_CODE event, void *parameters, ULONG bytes)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;

    if (pndis__binding_turn_take(context, binding) != SLEEP_WOKEN) {
        return NDIS_STATUS_PENDING;
    }
    if (pndis__fire(context, &binding->at, begins, "ProtocolNetPnPEvent")) {
        status = pndis__binding_event_in_turn(context, binding, event, parameters, bytes);
    }
    pndis__binding_turn_give(binding);
    return status;
}

NDIS_STATUS
pndis__binding_pause(struct context *context, struct binding *binding)
{
    NDIS_PROTOCOL_PAUSE_PARAMETERS *parameters = &binding->pause_parameters;
    NDIS_STATUS status;

    *parameters = (NDIS_PROTOCOL_PAUSE_PARAMETERS){
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_PROTOCOL_PAUSE_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_PROTOCOL_PAUSE_PARAMETERS_REVISION_1},
        .PauseReason = NDIS_PAUSE_NDIS_INTERNAL,
    };
    status = change(context, binding, BD_EV_PAUSE, NetEventPause, parameters, sizeof(*parameters));
    if (status == NDIS_STATUS_PENDING) {
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
    return change(context, binding, BD_EV_RESTART, NetEventRestart, parameters,
                  sizeof(*parameters));
}
