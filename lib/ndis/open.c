/*
 * NdisOpenAdapterEx and NdisCloseAdapterEx. Either may pend: NDIS then completes it from a system
 * thread. On the sim scheduler the seed decides whether an open that could complete at once pends
 * all the same, since a protocol driver has to be ready for both.
 */
#include "ndis/adapter.h"

#include "ndis/binding.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"
#include "ndis/protocol.h"
#include "ndis/receive_filter.h"

/* --- open --- */

static bool
choose_medium(const NDIS_OPEN_PARAMETERS *parameters, NDIS_MEDIUM medium)
{
    for (UINT i = 0; i < parameters->MediumArraySize; i++) {
        if (parameters->MediumArray[i] == medium) {
            *parameters->SelectedMediumIndex = i;
            return true;
        }
    }
    return false;
}

static void
finish_open(struct binding *binding, NDIS_HANDLE *out_handle)
{
    *out_handle = &binding->handle;
    __atomic_store_n(&binding->opened, true, __ATOMIC_SEQ_CST);
}

static void
complete_open(struct context *context, struct work *work)
{
    struct binding *binding = CONTAINING_RECORD(work, struct binding, open_work);
    struct frame frame;

    finish_open(binding, binding->open_handle);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolOpenAdapterCompleteEx");
    binding->protocol->calls.OpenAdapterCompleteHandlerEx(binding->context, NDIS_STATUS_SUCCESS);
    pndis__guest_leave(context, &frame);
    __atomic_store_n(&binding->open_pends, false, __ATOMIC_SEQ_CST);
}

static NDIS_STATUS
open_binding(struct context *context, struct binding *binding, NDIS_HANDLE *out_handle)
{
    if (!pndis__chance(context, 4)) {
        finish_open(binding, out_handle);
        return NDIS_STATUS_SUCCESS;
    }
    binding->open_handle = out_handle;
    __atomic_store_n(&binding->open_pends, true, __ATOMIC_SEQ_CST);
    work_later(context->machine, &binding->open_work, complete_open);
    return NDIS_STATUS_PENDING;
}

static struct binding *
binding_of_bind(struct context *context, struct protocol *protocol, NDIS_HANDLE bind_context,
                const char *call, const void *caller)
{
    struct handle *handle =
        pndis__handle(context, bind_context, HANDLE_BIT(BIND_CONTEXT), call, caller);
    struct binding *binding;

    if (handle == NULL) {
        return NULL;
    }
    binding = CONTAINING_RECORD(handle, struct binding, bind_handle);
    if (!binding->binding_now || binding->protocol != protocol || binding->opened) {
        pndis__report(context, RULE_BD_OPEN_PLACE, &protocol->owner, call, caller,
                      "%s opens an adapter %s", protocol->owner.name,
                      binding->opened ? "that this bind has opened already"
                                      : "outside of ProtocolBindAdapterEx");
        return NULL;
    }
    return binding;
}

static bool
parameters_ok(struct context *context, const NDIS_OPEN_PARAMETERS *parameters, const char *call,
              const void *caller)
{
    if (!pndis__object_header_check(context, parameters, HEADER_OPEN_PARAMETERS, call, caller)) {
        return false;
    }
    if (parameters->AdapterName == NULL || parameters->MediumArray == NULL ||
        parameters->SelectedMediumIndex == NULL ||
        parameters->FrameTypeArraySize > FRAME_TYPE_LIMIT) {
        pndis__report(context, RULE_REG_NULL_ARGUMENT, NULL, call, caller,
                      "NDIS_OPEN_PARAMETERS lacks a name or media, or has more than %d frame types",
                      FRAME_TYPE_LIMIT);
        return false;
    }
    return true;
}

/*
 * "NdisOpenAdapterEx function". IRQL: PASSIVE_LEVEL, from ProtocolBindAdapterEx with its
 * BindContext (BD_OPEN_PLACE). On NDIS_STATUS_PENDING @NdisBindingHandle and SelectedMediumIndex
 * are written before ProtocolOpenAdapterCompleteEx is called, and have to stay valid until then.
 */
NDIS_STATUS
NdisOpenAdapterEx(NDIS_HANDLE NdisProtocolHandle, NDIS_HANDLE ProtocolBindingContext,
                  PNDIS_OPEN_PARAMETERS OpenParameters, NDIS_HANDLE BindContext,
                  PNDIS_HANDLE NdisBindingHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct protocol *protocol = (struct protocol *)pndis__handle(
        context, NdisProtocolHandle, HANDLE_BIT(PROTOCOL), __func__, caller);
    struct binding *binding;
    NDIS_STATUS status;

    if (protocol == NULL || NdisBindingHandle == NULL ||
        !parameters_ok(context, OpenParameters, __func__, caller)) {
        return NDIS_STATUS_FAILURE;
    }
    binding = binding_of_bind(context, protocol, BindContext, __func__, caller);
    if (binding == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (!pndis__unicode_equal(&binding->adapter->device_string, OpenParameters->AdapterName,
                              true)) {
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    }
    if (!choose_medium(OpenParameters, binding->adapter->attributes.general.MediaType)) {
        return NDIS_STATUS_UNSUPPORTED_MEDIA;
    }
    if (pndis__fault(context)) {
        return NDIS_STATUS_RESOURCES;
    }
    binding->context = ProtocolBindingContext;
    binding->frame_type_count = OpenParameters->FrameTypeArraySize;
    if (binding->frame_type_count != 0) {
        memcpy(binding->frame_types, OpenParameters->FrameTypeArray,
               binding->frame_type_count * sizeof(binding->frame_types[0]));
    }
    status = open_binding(context, binding, NdisBindingHandle);
    if (status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_PENDING) {
        pndis__acquired(context, RESOURCE_BINDING, binding, 0, 0, &binding->owner, __func__,
                        caller);
    }
    return status;
}

/* --- close --- */

static bool
nothing_is_out(const struct binding *binding)
{
    return pndis__tally_outstanding(binding->sends) == 0 &&
           pndis__tally_outstanding(binding->receives) == 0 &&
           __atomic_load_n(&binding->oids_outstanding, __ATOMIC_SEQ_CST) == 0;
}

static void
check_quiet(struct context *context, const struct binding *binding, const char *call,
            const void *caller)
{
    if (!nothing_is_out(binding)) {
        pndis__report(context, RULE_BD_CLOSE_1, (struct owner *)&binding->owner, call, caller,
                      "%s closes its binding with %llu sends, %u requests and %llu receives "
                      "outstanding",
                      binding->owner.name,
                      (unsigned long long)pndis__tally_outstanding(binding->sends),
                      __atomic_load_n(&binding->oids_outstanding, __ATOMIC_SEQ_CST),
                      (unsigned long long)pndis__tally_outstanding(binding->receives));
    }
}

/* Nor does any callback run, on whatever processor. */
static bool
is_quiet(const struct binding *binding)
{
    return nothing_is_out(binding) && pndis__tally_outstanding(binding->calls) == 0;
}

static void
finish_close(struct context *context, struct binding *binding)
{
    pndis__released(context, RESOURCE_BINDING, binding, "NdisCloseAdapterEx");
    KeSetEvent(&binding->closed, IO_NO_INCREMENT, FALSE);
}

static void
complete_close(struct context *context, struct work *work)
{
    struct binding *binding = CONTAINING_RECORD(work, struct binding, close_work);
    struct frame frame;

    while (!is_quiet(binding)) {
        KeClearEvent(&binding->quiet);
        __atomic_store_n(&binding->quiet_wanted, true, __ATOMIC_SEQ_CST);
        if (!is_quiet(binding)) {
            pndis__wait(context, &binding->quiet, SCHED_FOREVER, false);
        }
    }
    finish_close(context, binding);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolCloseAdapterCompleteEx");
    binding->protocol->calls.CloseAdapterCompleteHandlerEx(binding->context);
    pndis__guest_leave(context, &frame);
}

/*
 * "NdisCloseAdapterEx function". IRQL: PASSIVE_LEVEL, from ProtocolUnbindAdapterEx or
 * ProtocolBindAdapterEx. The handle is dead at once. What is still outstanding is reported
 * (BD_CLOSE_1) and waited for, as are callbacks that run: NDIS_STATUS_PENDING, then
 * ProtocolCloseAdapterCompleteEx. It needs no memory, and cannot fail.
 */
NDIS_STATUS
NdisCloseAdapterEx(NDIS_HANDLE NdisBindingHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, caller);

    if (binding == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (binding->closing || (!binding->binding_now && !binding->unbinding_now)) {
        pndis__report(context, RULE_BD_OPEN_PLACE, &binding->owner, __func__, caller,
                      "%s closes a binding %s", binding->owner.name,
                      binding->closing ? "that it has closed already"
                                       : "outside of bind and unbind; NdisUnbindAdapter is for "
                                         "that");
        return NDIS_STATUS_FAILURE;
    }
    __atomic_store_n(&binding->closing, true, __ATOMIC_SEQ_CST);
    /* After this nobody is left who saw it open and has not counted its callback yet. */
    pndis__processors_pass(context);
    check_quiet(context, binding, __func__, caller);
    pndis__receive_filter_forget(binding);
    if (is_quiet(binding) && !pndis__chance(context, 4)) {
        finish_close(context, binding);
        return NDIS_STATUS_SUCCESS;
    }
    work_later(context->machine, &binding->close_work, complete_close);
    return NDIS_STATUS_PENDING;
}
