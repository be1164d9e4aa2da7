/* A device goes: asking whether it may ("Removing a NIC"), by surprise, and when its hardware
 * failed. */
#include "ndis/adapter.h"

#include "ndis/event.h"

#include <stdlib.h>

/* --- asking --- */

static void
tell_that_it_stays(struct context *context, struct pndis_adapter *adapter)
{
    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        pndis__binding_event(context, binding, NetEventCancelRemoveDevice, NULL, 0);
    }
}

int
pndis__stack_ask_to_go(struct context *context, struct pndis_adapter *adapter)
{
    const struct binding *refuses = NULL;
    NDIS_STATUS refusal = NDIS_STATUS_SUCCESS;

    if (adapter->may_go) {
        return 0; /* What was given up after that goes on. */
    }
    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        NDIS_STATUS status =
            pndis__binding_event(context, binding, NetEventQueryRemoveDevice, NULL, 0);

        if (status == NDIS_STATUS_PENDING) {
            return pndis__wait_error(SLEEP_TIMED_OUT, binding->owner.name,
                                     "whether it lets its adapter go");
        }
        if (status != NDIS_STATUS_SUCCESS && refuses == NULL) {
            refuses = binding;
            refusal = status;
        }
    }
    adapter->may_go = refuses == NULL;
    if (adapter->may_go) {
        return 0;
    }
    tell_that_it_stays(context, adapter);
    __atomic_store_n(&adapter->last_status, refusal, __ATOMIC_RELAXED);
    return pndis__fail(PNDIS_EDRIVER, "%s does not let %s go: 0x%08x", refuses->owner.name,
                       adapter->owner.name, (unsigned)refusal);
}

/* --- without asking --- */

/*
 * "Processing the Surprise Removal of a NIC": the protocols are asked, whatever they answer; the
 * miniport is told; then the stack stops.
 */
int
pndis__stack_remove(struct context *context, struct pndis_adapter *adapter, NDIS_HALT_ACTION action)
{
    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        pndis__binding_event(context, binding, NetEventQueryRemoveDevice, NULL, 0);
    }
    __atomic_store_n(&adapter->removed, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&adapter->leaving, true, __ATOMIC_SEQ_CST);
    pndis__adapter_gates(adapter);
    if (action == NdisHaltDeviceSurpriseRemoved && adapter->started) {
        pndis__device_event(context, adapter, NdisDevicePnPEventSurpriseRemoved, NULL, 0);
    }
    return pndis__stack_stop(context, adapter, action);
}

struct removal {
    struct work work;
    struct pndis_adapter *adapter;
};

static void
remove_work(struct context *context, struct work *work)
{
    struct removal *removal = CONTAINING_RECORD(work, struct removal, work);
    struct pndis_adapter *adapter = removal->adapter;

    free(removal);
    if (pndis__stack_lock(context, adapter) == 0) {
        if (adapter->started) {
            pndis__stack_remove(context, adapter, NdisHaltDeviceFailed);
        }
        pndis__stack_unlock(adapter);
    }
    pndis__adapter_let_go(adapter);
}

NDIS_STATUS
pndis__remove_later(struct context *context, struct pndis_adapter *adapter)
{
    struct removal *removal = malloc(sizeof(*removal));

    if (removal == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    *removal = (struct removal){.adapter = adapter};
    __atomic_store_n(&adapter->leaving, true, __ATOMIC_SEQ_CST);
    pndis__adapter_hold(adapter);
    work_later(context->machine, &removal->work, remove_work);
    return NDIS_STATUS_SUCCESS;
}
