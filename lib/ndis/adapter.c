/* Adapters: making and ending them, their gates and what they possess. */
#include "ndis/adapter.h"

#include "ndis/config.h"
#include "ndis/hardware.h"
#include "ndis/ndis_machine.h"
#include "ndis/oid.h"
#include "ndis/oid_memory.h"
#include "ndis/reset.h"

#include <stdio.h>
#include <stdlib.h>

/* --- finding --- */

struct pndis_adapter *
pndis__adapter_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    struct pndis_adapter *adapter =
        (struct pndis_adapter *)pndis__handle(context, handle, HANDLE_BIT(ADAPTER), call, caller);

    if (adapter != NULL && !adapter->alive) {
        pndis__report(context, RULE_MP_HALT_6, &adapter->owner, call, caller,
                      "%s is called for %s, which is %s", call, adapter->owner.name,
                      state_name(&adapter->at));
        return NULL;
    }
    return adapter;
}

/* --- gates --- */

static NDIS_STATUS
send_gate_of(struct pndis_adapter *adapter)
{
    if (__atomic_load_n(&adapter->removed, __ATOMIC_SEQ_CST)) {
        return NDIS_STATUS_ADAPTER_REMOVED;
    }
    if (__atomic_load_n(&adapter->reset.under_way, __ATOMIC_SEQ_CST)) {
        return NDIS_STATUS_RESET_IN_PROGRESS;
    }
    if (__atomic_load_n(&adapter->power, __ATOMIC_RELAXED) != NdisDeviceStateD0) {
        return NDIS_STATUS_LOW_POWER_STATE;
    }
    return state_of(&adapter->at) == MP_RUNNING ? NDIS_STATUS_SUCCESS : NDIS_STATUS_PAUSED;
}

/* "The miniport driver can resume indicating receives immediately after NDIS calls
 * MiniportRestart." */
static NDIS_STATUS
receive_gate_of(struct pndis_adapter *adapter)
{
    switch (state_of(&adapter->at)) {
    case MP_RESTARTING:
    case MP_RUNNING:
    case MP_PAUSING:
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_PAUSED;
    }
}

void
pndis__adapter_gates(struct pndis_adapter *adapter)
{
    /* A reset may end beside a pause that begins: the later of the two has to win. */
    brief_lock(&adapter->gates);
    __atomic_store_n(&adapter->send_gate, send_gate_of(adapter), __ATOMIC_SEQ_CST);
    __atomic_store_n(&adapter->receive_gate, receive_gate_of(adapter), __ATOMIC_SEQ_CST);
    brief_unlock(&adapter->gates);
}

/* --- possessions --- */

void
pndis__possession_add(struct pndis_adapter *adapter, struct possession *possession,
                      void (*reclaim)(struct context *context, struct possession *possession))
{
    possession->adapter = adapter;
    possession->reclaim = reclaim;
    possession->prev = NULL;
    brief_lock(&adapter->possession_lock);
    possession->next = adapter->possessions;
    if (adapter->possessions != NULL) {
        adapter->possessions->prev = possession;
    }
    adapter->possessions = possession;
    brief_unlock(&adapter->possession_lock);
}

void
pndis__possession_of_handle(struct context *context, NDIS_HANDLE handle,
                            struct possession *possession,
                            void (*reclaim)(struct context *context, struct possession *possession))
{
    if (pndis__handle_known(context->machine, handle, HANDLE_BIT(ADAPTER))) {
        pndis__possession_add(handle, possession, reclaim);
    }
}

void
pndis__possession_remove(struct possession *possession)
{
    struct pndis_adapter *adapter = possession->adapter;

    if (adapter == NULL) {
        return;
    }
    brief_lock(&adapter->possession_lock);
    if (possession->prev != NULL) {
        possession->prev->next = possession->next;
    } else {
        adapter->possessions = possession->next;
    }
    if (possession->next != NULL) {
        possession->next->prev = possession->prev;
    }
    brief_unlock(&adapter->possession_lock);
    possession->adapter = NULL;
}

void
pndis__possessions_reclaim(struct context *context, struct pndis_adapter *adapter)
{
    while (adapter->possessions != NULL) {
        struct possession *possession = adapter->possessions;

        pndis__possession_remove(possession);
        possession->reclaim(context, possession);
    }
}

/* --- making --- */

static void
free_memory(struct handle *handle)
{
    struct pndis_adapter *adapter = CONTAINING_RECORD(handle, struct pndis_adapter, handle);

    pndis__tally_destroy(adapter->sends);
    pndis__tally_destroy(adapter->receives);
    pndis__tally_destroy(adapter->calls);
    free(adapter);
}

static struct pndis_adapter *
allocate(struct pndis_machine *machine)
{
    struct pndis_adapter *adapter = calloc(1, sizeof(*adapter));

    if (adapter == NULL) {
        return NULL;
    }
    adapter->sends = pndis__tally_create(machine);
    adapter->receives = pndis__tally_create(machine);
    adapter->calls = pndis__tally_create(machine);
    if (adapter->sends == NULL || adapter->receives == NULL || adapter->calls == NULL) {
        free_memory(&adapter->handle);
        return NULL;
    }
    return adapter;
}

static void
link_last(struct ndis *ndis, struct pndis_adapter *adapter)
{
    if (ndis->last_adapter == NULL) {
        ndis->adapters = adapter;
    } else {
        ndis->last_adapter->next = adapter;
    }
    adapter->previous = ndis->last_adapter;
    ndis->last_adapter = adapter;
    adapter->listed = true;
}

static void
unlink_adapter(struct ndis *ndis, struct pndis_adapter *adapter)
{
    adapter->listed = false;
    if (adapter->previous != NULL) {
        adapter->previous->next = adapter->next;
    } else {
        ndis->adapters = adapter->next;
    }
    if (adapter->next != NULL) {
        adapter->next->previous = adapter->previous;
    } else {
        ndis->last_adapter = adapter->previous;
    }
}

/* --- keeping, for who works beside what its host does --- */

void
pndis__adapter_hold(struct pndis_adapter *adapter)
{
    __atomic_add_fetch(&adapter->holds, 1, __ATOMIC_ACQ_REL);
}

void
pndis__adapter_let_go(struct pndis_adapter *adapter)
{
    __atomic_sub_fetch(&adapter->holds, 1, __ATOMIC_ACQ_REL);
}

struct pndis_adapter *
pndis__adapter_next(struct context *context, struct ndis *ndis, struct pndis_adapter *held)
{
    struct pndis_adapter *next;

    pndis__list_lock(context, ndis);
    next = held != NULL && held->listed ? held->next : ndis->adapters;
    while (next != NULL && held != NULL && next->index <= held->index) {
        next = next->next;
    }
    if (next != NULL) {
        pndis__adapter_hold(next);
    }
    pndis__list_unlock(ndis);
    if (held != NULL) {
        pndis__adapter_let_go(held);
    }
    return next;
}

static void
wait_for_holders(struct pndis_adapter *adapter)
{
    LARGE_INTEGER moment = {.QuadPart = -1};

    while (__atomic_load_n(&adapter->holds, __ATOMIC_ACQUIRE) != 0) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
}

/* "MiniportAddDevice": before anything else happens to the device. */
static NDIS_STATUS
call_add_device(struct context *context, struct pndis_adapter *adapter)
{
    struct miniport_driver *driver = adapter->driver;
    struct frame frame;
    NDIS_STATUS status;

    if (driver->pnp.MiniportAddDeviceHandler == NULL) {
        return NDIS_STATUS_SUCCESS;
    }
    adapter->adding_device = adapter->alive = true;
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportAddDevice");
    status = driver->pnp.MiniportAddDeviceHandler(&adapter->handle, driver->context);
    pndis__guest_leave_status(context, &frame, status);
    adapter->adding_device = adapter->alive = false;
    return status;
}

static void
call_remove_device(struct context *context, struct pndis_adapter *adapter)
{
    struct frame frame;

    if (adapter->driver->pnp.MiniportRemoveDeviceHandler == NULL || !adapter->device_added) {
        return;
    }
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportRemoveDevice");
    adapter->driver->pnp.MiniportRemoveDeviceHandler(adapter->attributes.add_device_context);
    pndis__guest_leave(context, &frame);
}

static int
set_up(struct context *context, struct pndis_adapter *adapter,
       const struct pndis_adapter_options *options)
{
    NDIS_STATUS status;
    int result = pndis__adapter_name(context, adapter, options->name);

    if (result != 0) {
        return result;
    }
    result = pndis__configuration_install(adapter, options);
    if (result == 0) {
        result = pndis__hardware_attach(adapter, options->device);
    }
    if (result != 0) {
        return result;
    }
    status = call_add_device(context, adapter);
    adapter->device_added = status == NDIS_STATUS_SUCCESS;
    return status == NDIS_STATUS_SUCCESS
               ? 0
               : pndis__fail(PNDIS_EDRIVER, "MiniportAddDevice failed with 0x%08x",
                             (unsigned)status);
}

struct pndis_adapter *
pndis__adapter_create(struct context *context, struct miniport_driver *driver,
                      const struct pndis_adapter_options *options)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct pndis_adapter *adapter = allocate(context->machine);

    if (adapter == NULL) {
        pndis__fail(PNDIS_ENOMEM, "no memory for an adapter");
        return NULL;
    }
    adapter->machine = context->machine;
    adapter->ndis = ndis;
    adapter->driver = driver;
    adapter->index = __atomic_add_fetch(&ndis->adapter_count, 1, __ATOMIC_RELAXED);
    adapter->unbound = (options->flags & PNDIS_ADAPTER_UNBOUND) != 0;
    adapter->owner.kind = "adapter";
    adapter->owner.parent = &driver->driver->owner;
    pndis__state_init(&adapter->at, &pndis__adapter_lifecycle, &adapter->owner, MP_HALTED);
    pndis__pending_init(&adapter->operation);
    KeInitializeEvent(&adapter->stack_lock, SynchronizationEvent, TRUE);
    adapter->power = NdisDeviceStateD0;
    pndis__adapter_gates(adapter);
    pndis__oid_queue_init(adapter);
    pndis__reset_init(adapter);
    pndis__handle_add(&ndis->handles, &adapter->handle, HANDLE_ADAPTER, &adapter->owner,
                      context->machine, free_memory);
    if (set_up(context, adapter, options) != 0) {
        pndis__hardware_detach(adapter);
        pndis__configuration_uninstall(adapter);
        pndis__adapter_unname(context, adapter);
        pndis__handle_retire(&ndis->handles, &adapter->handle);
        return NULL;
    }
    driver->adapter_count++;
    pndis__list_lock(context, ndis);
    link_last(ndis, adapter);
    pndis__list_unlock(ndis);
    return adapter;
}

void
pndis__adapter_destroy(struct context *context, struct pndis_adapter *adapter)
{
    struct ndis *ndis = adapter->ndis;

    call_remove_device(context, adapter);
    pndis__bindings_abandon(context, adapter);
    pndis__adapter_unname(context, adapter);
    pndis__list_lock(context, ndis);
    unlink_adapter(ndis, adapter);
    pndis__list_unlock(ndis);
    wait_for_holders(adapter);
    adapter->driver->adapter_count--;
    pndis__attributes_forget(&adapter->attributes);
    pndis__oid_memory_forget(adapter);
    pndis__restart_lists_free(context, adapter);
    pndis__configuration_uninstall(adapter);
    PROBE(context, ENDS, .name = "removal", .owner = &adapter->owner, .a = RULE_LEAK_HALT,
          .b = ENDS_INFERRED_TO_PARENT);
    /* What a driver that was shut down still has is mapped for the device. */
    pndis__possessions_reclaim(context, adapter);
    pndis__hardware_detach(adapter);
    pndis__handle_retire(&ndis->handles, &adapter->handle);
}
