/*
 * One adapter of an NDIS 5 miniport: MiniportInitialize to MiniportHalt. It knows no pause: what it
 * indicates while the stack is paused comes back to it at once, and nothing is sent to it.
 */
#include "ndis5/packet.h"

#include "ndis/hardware.h"
#include "ndis/oid.h"

#include <stdlib.h>

/* What a driver may choose from. Only Ethernet goes on from there. */
static NDIS_MEDIUM media[] = {NdisMedium802_5, NdisMedium802_3, NdisMediumFddi, NdisMediumWan};

/* --- finding it --- */

struct miniport5 *
pndis__miniport5_of(struct context *context, NDIS_HANDLE handle, const char *call,
                    const void *caller)
{
    struct pndis_adapter *adapter = adapter_of_fast(context, handle, call, caller);

    if (adapter != NULL && !adapter->driver->legacy) {
        pndis__report(context, RULE_OBJECT_HANDLE, &adapter->owner, call, caller,
                      "%s is called with the handle of an NDIS 6 adapter", call);
        return NULL;
    }
    return adapter == NULL ? NULL : adapter->context;
}

struct miniport5 *
pndis__configuring(struct context *context, NDIS_HANDLE handle, const char *call,
                   const void *caller)
{
    struct miniport5 *miniport =
        (struct miniport5 *)pndis__handle(context, handle, HANDLE_BIT(MINIPORT5), call, caller);

    if (miniport != NULL && !miniport->in_initialize) {
        pndis__report(context, RULE_N5_INIT_CONTEXT, &miniport->adapter->owner, call, caller,
                      "%s uses the wrapper configuration context after MiniportInitialize",
                      miniport->adapter->owner.name);
        return NULL;
    }
    return miniport;
}

bool
pndis__miniport5_lives(struct context *context, const void *given)
{
    return pndis__handle_known(context->machine, (NDIS_HANDLE)given, HANDLE_BIT(MINIPORT5)) &&
           !__atomic_load_n(&((const struct miniport5 *)given)->ended, __ATOMIC_SEQ_CST);
}

void
pndis__acquired_as(struct context *context, enum resource resource, const void *object,
                   struct owner *owner, const char *call, const void *caller)
{
    pndis__released(context, resource, object, "NDIS");
    if (call != NULL) {
        pndis__acquired(context, resource, object, 0, 0, owner, call, caller);
    }
}

/* --- making and ending --- */

static void
free_parts(struct miniport5 *miniport)
{
    if (miniport->sends != NULL) {
        pndis__packet_source_fini(miniport->sends);
    }
    free(miniport->sends);
    free(miniport->map_registers);
    pndis__tally_destroy(miniport->receives);
    pndis__n5_questions_free(miniport);
    miniport->sends = NULL;
    miniport->map_registers = NULL;
    miniport->receives = NULL;
}

/* One that was never halted, because the system went down, has its parts still. */
static void
free_memory(struct handle *handle)
{
    struct miniport5 *miniport = CONTAINING_RECORD(handle, struct miniport5, handle);

    pndis__bundle_forget(miniport);
    free_parts(miniport);
    free(miniport);
}

/* Its memory goes with the driver: timers that are still set count in it. */
static void
keep_memory(struct handle *handle)
{
    (void)handle;
}

static struct miniport5 *
create(struct context *context, struct pndis_adapter *adapter, struct wrapper *wrapper)
{
    struct miniport5 *miniport = calloc(1, sizeof(*miniport));

    if (miniport == NULL) {
        return NULL;
    }
    miniport->receives = pndis__tally_create(context->machine);
    miniport->sends = calloc(1, sizeof(*miniport->sends));
    if (miniport->receives == NULL || miniport->sends == NULL ||
        !pndis__packet_source_init(miniport->sends, context->machine, &adapter->owner,
                                   PROTOCOL_RESERVED_SIZE_IN_PACKET, true)) {
        free_parts(miniport);
        free(miniport);
        return NULL;
    }
    miniport->adapter = adapter;
    miniport->wrapper = wrapper;
    miniport->calls = &wrapper->calls;
    miniport->closed = true;
    miniport->serialized = true;
    pndis__n5_link_init(miniport);
    pndis__handle_add(pndis__handles_of(context->machine), &miniport->handle, HANDLE_MINIPORT5,
                      &adapter->owner, context->machine, free_memory);
    adapter->context = miniport;
    __atomic_store_n(&adapter->leaving, false, __ATOMIC_SEQ_CST);
    return miniport;
}

static void
check_timers(struct context *context, struct miniport5 *miniport, const char *callback)
{
    uint32_t due = __atomic_load_n(&miniport->timers_due, __ATOMIC_SEQ_CST);

    if (due != 0) {
        pndis__report(context, RULE_N5_TIMER_DUE, &miniport->adapter->owner, callback, NULL,
                      "%s returned from %s with %u timers due whose functions have not run",
                      miniport->adapter->owner.name, callback, due);
    }
}

/* The driver has come back from undoing what it did, in MiniportHalt or a failed initialize. */
static void
end(struct context *context, struct miniport5 *miniport, const char *callback, enum rule rule)
{
    struct pndis_adapter *adapter = miniport->adapter;
    bool undead = __atomic_load_n(&miniport->timers_live, __ATOMIC_SEQ_CST) != 0;

    pndis__bundle_leave(miniport);
    pndis__shared_memory_settle(adapter);
    check_timers(context, miniport, callback);
    if (miniport->dma != NULL) {
        NdisMDeregisterScatterGatherDma(miniport->dma);
    }
    PROBE(context, ENDS, .name = callback, .owner = &adapter->owner, .a = rule, .b = ENDS_NO_HEIR);
    pndis__map_registers_free(miniport);
    if (undead) {
        miniport->handle.free_memory = keep_memory;
        miniport->next = miniport->wrapper->undead;
        miniport->wrapper->undead = miniport;
    }
    __atomic_store_n(&miniport->ended, true, __ATOMIC_SEQ_CST);
    /* Functions of timers, and of DPCs, that found it alive have come back after this. */
    pndis__dpc_flush(context);
    free_parts(miniport);
    pndis__handle_retire(pndis__handles_of(context->machine), &miniport->handle);
}

static void
call_halt(struct context *context, struct miniport5 *miniport)
{
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportHalt");
    miniport->calls->HaltHandler(miniport->context);
    __atomic_add_fetch(&miniport->adapter->halts, 1, __ATOMIC_SEQ_CST);
    pndis__guest_leave(context, &frame);
    end(context, miniport, "MiniportHalt", RULE_LEAK_HALT);
}

VOID
pndis__n5_halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    struct context *context = context_current();

    (void)HaltAction;
    pndis__n5_link_forget(context, MiniportAdapterContext);
    call_halt(context, MiniportAdapterContext);
}

/* --- initialize --- */

static NDIS_STATUS
call_initialize(struct context *context, struct miniport5 *miniport, UINT *out_medium)
{
    NDIS_STATUS open_error = NDIS_STATUS_SUCCESS;
    struct frame frame;
    NDIS_STATUS status;

    __atomic_store_n(&miniport->in_initialize, true, __ATOMIC_SEQ_CST);
    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportInitialize");
    status =
        miniport->calls->InitializeHandler(&open_error, out_medium, media, RTL_NUMBER_OF(media),
                                           &miniport->adapter->handle, &miniport->handle);
    pndis__guest_leave_status(context, &frame, status);
    __atomic_store_n(&miniport->in_initialize, false, __ATOMIC_SEQ_CST);
    if (status != NDIS_STATUS_SUCCESS) {
        __atomic_add_fetch(&miniport->adapter->halts, 1, __ATOMIC_SEQ_CST);
    }
    return status;
}

static NDIS_STATUS
check_medium(struct context *context, struct miniport5 *miniport, UINT selected)
{
    if (selected >= RTL_NUMBER_OF(media)) {
        pndis__report(context, RULE_N5_MEDIUM, &miniport->adapter->owner, "MiniportInitialize",
                      NULL, "%s selected medium %u of %zu", miniport->adapter->owner.name, selected,
                      RTL_NUMBER_OF(media));
        return NDIS_STATUS_FAILURE;
    }
    return media[selected] == NdisMedium802_3 ? NDIS_STATUS_SUCCESS : NDIS_STATUS_UNSUPPORTED_MEDIA;
}

NDIS_STATUS
pndis__n5_initialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
                     PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    struct context *context = context_current();
    struct pndis_adapter *adapter = NdisMiniportHandle;
    struct miniport5 *miniport =
        pndis__fault(context) ? NULL : create(context, adapter, MiniportDriverContext);
    UINT selected = MAXULONG;
    NDIS_STATUS status;

    (void)MiniportInitParameters;
    if (miniport == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    status = call_initialize(context, miniport, &selected);
    if (status != NDIS_STATUS_SUCCESS) {
        end(context, miniport, "MiniportInitialize", RULE_LEAK_INITIALIZE);
        return status;
    }
    if ((adapter->attributes.set & ATTRIBUTE_REGISTRATION) == 0) {
        /* There is no context that it could be halted with. */
        pndis__report(context, RULE_MP_ATTR_MISSING, &adapter->owner, "MiniportInitialize", NULL,
                      "%s succeeded without NdisMSetAttributes", adapter->owner.name);
        end(context, miniport, "MiniportInitialize", RULE_LEAK_INITIALIZE);
        return NDIS_STATUS_FAILURE;
    }
    status = check_medium(context, miniport, selected);
    if (status == NDIS_STATUS_SUCCESS) {
        status = pndis__n5_general_attributes(context, miniport, media[selected]);
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = pndis__n5_offload_attributes(miniport);
    }
    if (status != NDIS_STATUS_SUCCESS) {
        pndis__n5_link_forget(context, miniport);
        call_halt(context, miniport);
    }
    return status;
}

/* --- attributes --- */

static const struct {
    ULONG flag;
    ULONG in_ndis6;
} attribute_flags[] = {
    {NDIS_ATTRIBUTE_BUS_MASTER, NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER},
    {NDIS_ATTRIBUTE_NO_HALT_ON_SUSPEND, NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND},
    {NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK, NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK},
    {NDIS_ATTRIBUTE_NOT_CO_NDIS, NDIS_MINIPORT_ATTRIBUTES_NOT_CO_NDIS},
};

/*
 * NdisMSetAttributesEx, NdisMSetAttributes. IRQL: PASSIVE_LEVEL, from MiniportInitialize, once and
 * before anything is claimed of the hardware. NDIS_ATTRIBUTE_INTERMEDIATE_DRIVER is for
 * intermediate drivers, which are not here.
 */
VOID
NdisMSetAttributesEx(NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportAdapterContext,
                     UINT CheckForHangTimeInSeconds, ULONG AttributeFlags,
                     NDIS_INTERFACE_TYPE AdapterType)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    struct attributes *attributes;

    if (miniport == NULL) {
        return;
    }
    attributes = &miniport->adapter->attributes;
    if (!miniport->in_initialize || (attributes->set & ATTRIBUTE_REGISTRATION) != 0) {
        pndis__report(context, miniport->in_initialize ? RULE_MP_ATTR_ORDER : RULE_MP_ATTR_PLACE,
                      &miniport->adapter->owner, __func__, caller, "%s sets attributes %s",
                      miniport->adapter->owner.name,
                      miniport->in_initialize ? "twice" : "outside of MiniportInitialize");
        return;
    }
    miniport->context = MiniportAdapterContext;
    miniport->serialized = (AttributeFlags & NDIS_ATTRIBUTE_DESERIALIZE) == 0;
    miniport->bus_master = (AttributeFlags & NDIS_ATTRIBUTE_BUS_MASTER) != 0;
    miniport->ignores_packet_timeout = (AttributeFlags & NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT) != 0;
    miniport->ignores_request_timeout =
        (AttributeFlags & NDIS_ATTRIBUTE_IGNORE_REQUEST_TIMEOUT) != 0;
    for (size_t i = 0; i < RTL_NUMBER_OF(attribute_flags); i++) {
        if ((AttributeFlags & attribute_flags[i].flag) != 0) {
            attributes->flags |= attribute_flags[i].in_ndis6;
        }
    }
    attributes->check_for_hang_seconds = CheckForHangTimeInSeconds;
    attributes->interface_type = AdapterType;
    attributes->set |= ATTRIBUTE_REGISTRATION;
}

/* --- pausing --- */

static bool
nothing_out(const struct miniport5 *miniport)
{
    return pndis__tally_outstanding(miniport->adapter->sends) == 0 &&
           pndis__tally_outstanding(miniport->adapter->receives) == 0 &&
           pndis__tally_outstanding(miniport->receives) == 0;
}

/* One of all who see it takes the end of the pause. */
static bool
take_pause(struct miniport5 *miniport)
{
    return nothing_out(miniport) &&
           __atomic_exchange_n(&miniport->pausing, false, __ATOMIC_SEQ_CST) != 0;
}

void
pndis__n5_maybe_paused(struct context *context, struct miniport5 *miniport)
{
    (void)context;
    if (__builtin_expect(__atomic_load_n(&miniport->pausing, __ATOMIC_SEQ_CST), 0) &&
        take_pause(miniport)) {
        NdisMPauseComplete(&miniport->adapter->handle);
    }
}

NDIS_STATUS
pndis__n5_pause(NDIS_HANDLE MiniportAdapterContext,
                PNDIS_MINIPORT_PAUSE_PARAMETERS MiniportPauseParameters)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;

    (void)MiniportPauseParameters;
    __atomic_store_n(&miniport->closed, true, __ATOMIC_SEQ_CST);
    pndis__sends_abort(context, miniport, NULL, NDIS_STATUS_PAUSED);
    __atomic_store_n(&miniport->pausing, true, __ATOMIC_SEQ_CST);
    /* After this, whoever found it open has counted, and who comes back later sees the pause. */
    pndis__dpc_flush(context);
    if (!take_pause(miniport)) {
        return NDIS_STATUS_PENDING;
    }
    /* What functions that brought the last ones back did is seen after this. */
    pndis__dpc_flush(context);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
pndis__n5_restart(NDIS_HANDLE MiniportAdapterContext,
                  PNDIS_MINIPORT_RESTART_PARAMETERS MiniportRestartParameters)
{
    struct miniport5 *miniport = MiniportAdapterContext;

    (void)MiniportRestartParameters;
    __atomic_store_n(&miniport->closed, false, __ATOMIC_SEQ_CST);
    return NDIS_STATUS_SUCCESS;
}

/* --- shutdown, events --- */

/* MiniportHalt is not called while a packet that the driver indicated has not come back. */
static bool
receives_return(struct context *context, struct miniport5 *miniport)
{
    LARGE_INTEGER moment = {.QuadPart = -10000};
    uint64_t deadline = pndis__deadline(context);

    while (!nothing_out(miniport) && pndis__now_ns(context->sched) < deadline) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    pndis__dpc_flush(context);
    return nothing_out(miniport);
}

/* An orderly shutdown ends in MiniportHalt; a bug check calls the shutdown handler only. */
VOID
pndis__n5_shutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct shutdown_handler handler = miniport->shutdown;
    struct frame frame;

    if (handler.routine == NULL && miniport->calls->AdapterShutdownHandler != NULL) {
        handler.routine = miniport->calls->AdapterShutdownHandler;
        handler.context = miniport->context;
    }
    if (handler.routine != NULL) {
        pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportShutdown");
        handler.routine(handler.context);
        pndis__guest_leave(context, &frame);
    }
    if (ShutdownAction != NdisShutdownPowerOff) {
        return;
    }
    __atomic_store_n(&miniport->closed, true, __ATOMIC_SEQ_CST);
    pndis__sends_abort(context, miniport, NULL, NDIS_STATUS_PAUSED);
    pndis__dpc_flush(context);
    if (receives_return(context, miniport)) {
        call_halt(context, miniport);
        pndis__possessions_reclaim(context, miniport->adapter);
        miniport->adapter->alive = false;
    }
}

VOID
pndis__n5_device_event(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct frame frame;

    if (miniport->calls->PnPEventNotifyHandler == NULL) {
        return;
    }
    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportPnPEventNotify");
    miniport->calls->PnPEventNotifyHandler(miniport->context, NetDevicePnPEvent->DevicePnPEvent,
                                           NetDevicePnPEvent->InformationBuffer,
                                           NetDevicePnPEvent->InformationBufferLength);
    pndis__guest_leave(context, &frame);
}

/*
 * NdisMRegisterAdapterShutdownHandler. IRQL: PASSIVE_LEVEL. Called when the system goes down: at
 * PASSIVE_LEVEL, or at HIGH_LEVEL after a bug check. Undone with
 * NdisMDeregisterAdapterShutdownHandler.
 */
VOID
NdisMRegisterAdapterShutdownHandler(NDIS_HANDLE MiniportAdapterHandle, PVOID ShutdownContext,
                                    ADAPTER_SHUTDOWN_HANDLER ShutdownHandler)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);

    if (miniport == NULL) {
        return;
    }
    if (miniport->shutdown.routine != NULL || ShutdownHandler == NULL) {
        pndis__report(context, RULE_N5_SHUTDOWN_HANDLER, &miniport->adapter->owner, __func__,
                      caller, "%s registers %s", miniport->adapter->owner.name,
                      ShutdownHandler == NULL ? "NULL as its shutdown handler"
                                              : "a shutdown handler and has one");
        return;
    }
    miniport->shutdown = (struct shutdown_handler){ShutdownHandler, ShutdownContext};
    pndis__acquired(context, RESOURCE_SHUTDOWN_HANDLER, &miniport->shutdown, 0, 0,
                    &miniport->adapter->owner, __func__, caller);
}

/* NdisMDeregisterAdapterShutdownHandler. IRQL: PASSIVE_LEVEL, from MiniportHalt or a
 * MiniportInitialize that fails. */
VOID
NdisMDeregisterAdapterShutdownHandler(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);

    if (miniport == NULL) {
        return;
    }
    if (miniport->shutdown.routine == NULL) {
        pndis__report(context, RULE_N5_SHUTDOWN_HANDLER, &miniport->adapter->owner, __func__,
                      caller, "%s deregisters a shutdown handler and has none",
                      miniport->adapter->owner.name);
        return;
    }
    miniport->shutdown.routine = NULL;
    pndis__released(context, RESOURCE_SHUTDOWN_HANDLER, &miniport->shutdown, __func__);
}
