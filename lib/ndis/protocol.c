/* Registration of protocol drivers. Single bindings are in binding.c. */
#include "ndis/protocol.h"

#include "ndis/adapter.h"
#include "ndis/event.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"

#include <stdio.h>
#include <stdlib.h>

/* --- which adapters --- */

static bool
is_deregistering(const struct protocol *protocol)
{
    return __atomic_load_n(&protocol->deregistering, __ATOMIC_SEQ_CST);
}

static bool
is_candidate(const struct protocol *protocol, const struct pndis_adapter *adapter)
{
    return !protocol->manual && !is_deregistering(protocol) && !adapter->unbound &&
           !adapter_is_secondary(adapter) && pndis__binding_find(adapter, protocol) == NULL;
}

bool
pndis__protocol_wants(const struct protocol *protocol, const struct pndis_adapter *adapter)
{
    return is_candidate(protocol, adapter) && adapter_takes_bindings(adapter) &&
           adapter->power == NdisDeviceStateD0;
}

static int
bind_one(struct context *context, struct pndis_adapter *adapter, void *user)
{
    return pndis__binding_bind(context, adapter, user);
}

void
pndis__protocol_bind_all(struct context *context, struct protocol *protocol)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct pndis_adapter *adapter = NULL;

    while ((adapter = pndis__adapter_next(context, ndis, adapter)) != NULL) {
        if (pndis__stack_lock(context, adapter) != 0) {
            continue;
        }
        if (pndis__protocol_wants(protocol, adapter)) {
            pndis__stack_modify(context, adapter, bind_one, protocol);
        } else if (adapter->power != NdisDeviceStateD0 && is_candidate(protocol, adapter)) {
            adapter->wanted_asleep = true;
        }
        pndis__stack_unlock(adapter);
    }
}

/* --- registering --- */

static const char *
missing_handler(const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *calls)
{
    const struct {
        bool missing;
        const char *name;
    } required[] = {
        {calls->BindAdapterHandlerEx == NULL, "BindAdapterHandlerEx"},
        {calls->UnbindAdapterHandlerEx == NULL, "UnbindAdapterHandlerEx"},
        {calls->OpenAdapterCompleteHandlerEx == NULL, "OpenAdapterCompleteHandlerEx"},
        {calls->CloseAdapterCompleteHandlerEx == NULL, "CloseAdapterCompleteHandlerEx"},
        {calls->NetPnPEventHandler == NULL, "NetPnPEventHandler"},
        {calls->OidRequestCompleteHandler == NULL, "OidRequestCompleteHandler"},
        {calls->ReceiveNetBufferListsHandler == NULL, "ReceiveNetBufferListsHandler"},
        {calls->SendNetBufferListsCompleteHandler == NULL, "SendNetBufferListsCompleteHandler"},
    };

    for (size_t i = 0; i < RTL_NUMBER_OF(required); i++) {
        if (required[i].missing) {
            return required[i].name;
        }
    }
    return NULL;
}

static void
protocol_free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct protocol, handle));
}

static NDIS_STATUS
call_set_options(struct context *context, struct protocol *protocol)
{
    struct frame frame;
    NDIS_STATUS status;

    if (protocol->calls.SetOptionsHandler == NULL) {
        return NDIS_STATUS_SUCCESS;
    }
    pndis__guest_enter(context, &frame, &protocol->owner, "ProtocolSetOptions");
    status = protocol->calls.SetOptionsHandler(&protocol->handle, protocol->context);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

static void
link_last(struct ndis *ndis, struct protocol *protocol)
{
    struct protocol **link = &ndis->protocols;

    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = protocol;
}

static void
forget(struct ndis *ndis, struct protocol *protocol)
{
    struct protocol **link = &ndis->protocols;

    while (*link != NULL && *link != protocol) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = protocol->next;
    }
    pndis__handle_retire(&ndis->handles, &protocol->handle);
}

NDIS_STATUS
pndis__protocol_register(struct context *context, struct pndis_driver *driver,
                         NDIS_HANDLE protocol_context,
                         const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *calls, const char *name,
                         bool manual, NDIS_HANDLE *out_handle)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct protocol *protocol = calloc(1, sizeof(*protocol));
    NDIS_STATUS status;

    if (ndis == NULL || protocol == NULL) {
        free(protocol);
        return NDIS_STATUS_RESOURCES;
    }
    protocol->driver = driver;
    protocol->context = protocol_context;
    pndis__object_header_copy(&protocol->calls, sizeof(protocol->calls), calls,
                              HEADER_PROTOCOL_CHARACTERISTICS);
    protocol->version = ndis_version(calls->MajorNdisVersion, calls->MinorNdisVersion);
    protocol->manual = manual;
    protocol->owner.kind = "protocol";
    protocol->owner.parent = driver == NULL ? &context->machine->owner : &driver->owner;
    snprintf(protocol->owner.name, sizeof(protocol->owner.name), "%s", name);
    pndis__handle_add(&ndis->handles, &protocol->handle, HANDLE_PROTOCOL, &protocol->owner,
                      context->machine, protocol_free_memory);
    /* "Drivers must be prepared for an immediate call": the handle is there before anything else.
     */
    *out_handle = &protocol->handle;
    status = call_set_options(context, protocol);
    if (status != NDIS_STATUS_SUCCESS) {
        *out_handle = NULL;
        pndis__handle_retire(&ndis->handles, &protocol->handle);
        return status;
    }
    pndis__list_lock(context, ndis);
    link_last(ndis, protocol);
    pndis__list_unlock(ndis);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
check_characteristics(struct context *context, PNDIS_PROTOCOL_DRIVER_CHARACTERISTICS calls,
                      NDIS_HANDLE *out_handle, const void *caller)
{
    const char *call = "NdisRegisterProtocolDriver";
    const char *missing;

    if (out_handle == NULL) {
        pndis__report(context, RULE_REG_NULL_ARGUMENT, NULL, call, caller,
                      "NdisProtocolHandle is NULL");
        return NDIS_STATUS_FAILURE;
    }
    *out_handle = NULL;
    if (!pndis__object_header_check(context, calls, HEADER_PROTOCOL_CHARACTERISTICS, call,
                                    caller)) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (!pndis__version_exists(calls->MajorNdisVersion, calls->MinorNdisVersion) ||
        ndis_version(calls->MajorNdisVersion, calls->MinorNdisVersion) >
            pndis__ndis_of(context->machine)->version) {
        pndis__report(context, RULE_REG_VERSION, NULL, call, caller, "there is no NDIS %u.%u here",
                      calls->MajorNdisVersion, calls->MinorNdisVersion);
        return NDIS_STATUS_BAD_VERSION;
    }
    if (!pndis__revision_check(context, calls, HEADER_PROTOCOL_CHARACTERISTICS,
                               ndis_version(calls->MajorNdisVersion, calls->MinorNdisVersion), call,
                               caller)) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    missing = missing_handler(calls);
    if (missing != NULL) {
        pndis__report(context, RULE_REG_HANDLERS, NULL, call, caller, "%s is NULL", missing);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    return NDIS_STATUS_SUCCESS;
}

/* First bindings: after the registration, on a system thread, as on Windows. */
struct first_bindings {
    struct work work;
    NDIS_HANDLE protocol;
};

/* The protocol, held, if it is registered still. */
static struct protocol *
hold(struct context *context, const struct first_bindings *first)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct protocol *protocol = NULL;

    pndis__list_lock(context, ndis);
    if (pndis__handle_known(context->machine, first->protocol, HANDLE_BIT(PROTOCOL)) &&
        !is_deregistering(first->protocol)) {
        protocol = first->protocol;
        __atomic_add_fetch(&protocol->holds, 1, __ATOMIC_SEQ_CST);
    }
    pndis__list_unlock(ndis);
    return protocol;
}

static void
bind_first(struct context *context, struct work *work)
{
    struct first_bindings *first = CONTAINING_RECORD(work, struct first_bindings, work);
    struct protocol *protocol = hold(context, first);

    free(first);
    if (protocol != NULL) {
        pndis__protocol_bind_all(context, protocol);
        pndis__protocol_event(context, protocol, NetEventBindsComplete, NULL, 0);
        __atomic_sub_fetch(&protocol->holds, 1, __ATOMIC_SEQ_CST);
    }
}

/* Who deregisters while the first bindings are made waits until they are. */
static void
wait_for_holders(const struct protocol *protocol)
{
    LARGE_INTEGER moment = {.QuadPart = -1};

    while (__atomic_load_n(&protocol->holds, __ATOMIC_SEQ_CST) != 0) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
}

/*
 * "NdisRegisterProtocolDriver function". IRQL: PASSIVE_LEVEL, from DriverEntry.
 * The characteristics are copied. ProtocolBindAdapterEx is called for every adapter that is there,
 * on a system thread, possibly before this returns; NdisProtocolHandle has been written by then.
 */
NDIS_STATUS
NdisRegisterProtocolDriver(NDIS_HANDLE ProtocolDriverContext,
                           PNDIS_PROTOCOL_DRIVER_CHARACTERISTICS ProtocolCharacteristics,
                           PNDIS_HANDLE NdisProtocolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_driver *driver = pndis__running_driver(context);
    struct first_bindings *first;
    char name[40];
    NDIS_STATUS status =
        check_characteristics(context, ProtocolCharacteristics, NdisProtocolHandle, caller);

    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    first = pndis__fault(context) ? NULL : calloc(1, sizeof(*first));
    if (first == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    pndis__utf8_of(&ProtocolCharacteristics->Name, name, sizeof(name));
    status = pndis__protocol_register(context, driver, ProtocolDriverContext,
                                      ProtocolCharacteristics, name, false, NdisProtocolHandle);
    if (status != NDIS_STATUS_SUCCESS) {
        free(first);
        return status;
    }
    pndis__acquired(context, RESOURCE_PROTOCOL_DRIVER, *NdisProtocolHandle, 0, 0,
                    driver == NULL ? NULL : &driver->owner, __func__, caller);
    pndis__hook_driver(driver);
    first->protocol = *NdisProtocolHandle;
    work_later(context->machine, &first->work, bind_first);
    return NDIS_STATUS_SUCCESS;
}

/* --- deregistering --- */

static int
unbind_one(struct context *context, struct pndis_adapter *adapter, void *user)
{
    return pndis__binding_unbind(context, pndis__binding_find(adapter, user));
}

/* Nothing binds any more; what is bound goes, adapter after adapter. */
static int
unbind_all(struct context *context, struct protocol *protocol)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct pndis_adapter *adapter = NULL;
    int first = 0;

    while ((adapter = pndis__adapter_next(context, ndis, adapter)) != NULL) {
        int result = pndis__stack_lock(context, adapter);

        if (result == 0) {
            if (pndis__binding_find(adapter, protocol) != NULL) {
                result = pndis__stack_modify(context, adapter, unbind_one, protocol);
            }
            pndis__stack_unlock(adapter);
        }
        first = first == 0 ? result : first;
    }
    return first;
}

int
pndis__protocol_deregister(struct context *context, struct protocol *protocol)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    int result;

    pndis__list_lock(context, ndis);
    __atomic_store_n(&protocol->deregistering, true, __ATOMIC_SEQ_CST);
    pndis__list_unlock(ndis);
    wait_for_holders(protocol);
    result = unbind_all(context, protocol);
    PROBE(context, ENDS, .name = "NdisDeregisterProtocolDriver", .owner = &protocol->owner,
          .a = RULE_LEAK_UNLOAD, .b = ENDS_ALL_TO_PARENT);
    pndis__list_lock(context, ndis);
    forget(ndis, protocol);
    pndis__list_unlock(ndis);
    return result;
}

void
pndis__protocols_forget_of(struct context *context, const struct pndis_driver *driver)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct protocol *protocol = ndis->protocols;

    while (protocol != NULL) {
        struct protocol *next = protocol->next;

        if (protocol->driver == driver) {
            pndis__protocol_deregister(context, protocol);
        }
        protocol = next;
    }
}

/*
 * "NdisDeregisterProtocolDriver function". IRQL: PASSIVE_LEVEL, from Unload, or from DriverEntry
 * after an error; never from a ProtocolXxx function (REG_DEREGISTER). Unbinds every open binding
 * inside the call.
 */
VOID
NdisDeregisterProtocolDriver(NDIS_HANDLE NdisProtocolHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct protocol *protocol = (struct protocol *)pndis__handle(
        context, NdisProtocolHandle, HANDLE_BIT(PROTOCOL), __func__, caller);

    if (protocol == NULL) {
        return;
    }
    if (context->frame != NULL && strncmp(context->frame->callback, "Protocol", 8) == 0) {
        pndis__report(context, RULE_REG_DEREGISTER, &protocol->owner, __func__, caller,
                      "%s deregisters from %s", protocol->owner.name, context->frame->callback);
        return;
    }
    pndis__released(context, RESOURCE_PROTOCOL_DRIVER, NdisProtocolHandle, __func__);
    pndis__protocol_deregister(context, protocol);
}

/*
 * "NdisReEnumerateProtocolBindings function". IRQL: PASSIVE_LEVEL, not from ProtocolBindAdapterEx,
 * ProtocolUnbindAdapterEx or an event of one binding. ProtocolBindAdapterEx is called inside the
 * call, once for each adapter that is not bound.
 */
VOID
NdisReEnumerateProtocolBindings(NDIS_HANDLE NdisProtocolHandle)
{
    static const char *const forbidden[] = {"ProtocolBindAdapterEx", "ProtocolUnbindAdapterEx",
                                            "ProtocolNetPnPEvent"};
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct protocol *protocol = (struct protocol *)pndis__handle(
        context, NdisProtocolHandle, HANDLE_BIT(PROTOCOL), __func__, caller);
    const struct frame *frame = context->frame;

    if (protocol == NULL) {
        return;
    }
    for (size_t i = 0; frame != NULL && i < RTL_NUMBER_OF(forbidden); i++) {
        /* An event for all bindings runs in the protocol's name, one for a binding in the
         * binding's. */
        if (strcmp(frame->callback, forbidden[i]) == 0 &&
            (i < 2 || frame->owner != &protocol->owner)) {
            pndis__report(context, RULE_BD_ENUMERATE, &protocol->owner, __func__, caller,
                          "%s calls it from %s", protocol->owner.name, frame->callback);
            return;
        }
    }
    pndis__protocol_bind_all(context, protocol);
}
