/* Registration of NDIS 5 miniport drivers: the wrapper handle, the characteristics, unloading. */
#include "ndis5/packet.h"

#include "ndis/ndis_machine.h"

#include <stdlib.h>

static void
free_memory(struct handle *handle)
{
    struct wrapper *wrapper = CONTAINING_RECORD(handle, struct wrapper, handle);

    while (wrapper->undead != NULL) {
        struct miniport5 *next = wrapper->undead->next;

        free(wrapper->undead);
        wrapper->undead = next;
    }
    free(wrapper);
}

struct wrapper *
pndis__wrapper_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct wrapper *)pndis__handle(context, handle, HANDLE_BIT(WRAPPER), call, caller);
}

/*
 * NdisInitializeWrapper, NdisMInitializeWrapper. IRQL: PASSIVE_LEVEL, from DriverEntry.
 * The handle is NULL when @SystemSpecific1 is not the driver's object or there is no memory. Undone
 * with NdisTerminateWrapper, but only where DriverEntry fails afterwards.
 */
VOID
NdisInitializeWrapper(PNDIS_HANDLE NdisWrapperHandle, PVOID SystemSpecific1, PVOID SystemSpecific2,
                      PVOID SystemSpecific3)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_driver *driver = pndis__driver_of(context->machine, SystemSpecific1);
    struct wrapper *wrapper;

    (void)SystemSpecific3;
    *NdisWrapperHandle = NULL;
    if (driver == NULL || SystemSpecific2 == NULL) {
        pndis__report(context, RULE_REG_NULL_ARGUMENT, NULL, __func__, caller,
                      driver == NULL ? "the first argument is not the driver's object"
                                     : "the registry path is NULL");
        return;
    }
    wrapper = pndis__fault(context) ? NULL : calloc(1, sizeof(*wrapper));
    if (wrapper == NULL) {
        return;
    }
    wrapper->driver = driver;
    pndis__handle_add(pndis__handles_of(context->machine), &wrapper->handle, HANDLE_WRAPPER,
                      &driver->owner, context->machine, free_memory);
    pndis__acquired(context, RESOURCE_WRAPPER, wrapper, 0, 0, &driver->owner, __func__, caller);
    *NdisWrapperHandle = wrapper;
}

static void
end_wrapper(struct context *context, struct wrapper *wrapper, const char *call)
{
    if (wrapper->miniport_driver != NULL) {
        NdisMDeregisterMiniportDriver(wrapper->miniport_driver);
        wrapper->miniport_driver = NULL;
    }
    pndis__released(context, RESOURCE_WRAPPER, wrapper, call);
    pndis__handle_retire(pndis__handles_of(context->machine), &wrapper->handle);
}

/* NdisTerminateWrapper. IRQL: PASSIVE_LEVEL, from a DriverEntry that fails. */
VOID
NdisTerminateWrapper(NDIS_HANDLE NdisWrapperHandle, PVOID SystemSpecific)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct wrapper *wrapper = pndis__wrapper_of(context, NdisWrapperHandle, __func__, NT_CALLER());

    (void)SystemSpecific;
    if (wrapper != NULL) {
        end_wrapper(context, wrapper, __func__);
    }
}

/* --- registering --- */

/* The versions that have a table of their own, and how long it is. */
static const struct {
    UCHAR major;
    UCHAR minor;
    UINT bytes;
} versions[] = {
    {4, 0, sizeof(NDIS40_MINIPORT_CHARACTERISTICS)},
    {5, 0, sizeof(NDIS50_MINIPORT_CHARACTERISTICS)},
    {5, 1, sizeof(NDIS51_MINIPORT_CHARACTERISTICS)},
};

static const char *
missing_handler(const NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    const struct {
        bool missing;
        const char *what;
    } required[] = {
        {calls->InitializeHandler == NULL, "InitializeHandler is NULL"},
        {calls->HaltHandler == NULL, "HaltHandler is NULL"},
        {calls->ResetHandler == NULL, "ResetHandler is NULL"},
        {calls->QueryInformationHandler == NULL, "QueryInformationHandler is NULL"},
        {calls->SetInformationHandler == NULL, "SetInformationHandler is NULL"},
        {calls->SendHandler == NULL && calls->SendPacketsHandler == NULL,
         "SendHandler and SendPacketsHandler are NULL"},
        {(calls->ISRHandler == NULL) != (calls->HandleInterruptHandler == NULL) &&
             calls->DisableInterruptHandler == NULL,
         "ISRHandler and HandleInterruptHandler come together"},
    };

    for (size_t i = 0; i < RTL_NUMBER_OF(required); i++) {
        if (required[i].missing) {
            return required[i].what;
        }
    }
    return NULL;
}

static NDIS_STATUS
copy_characteristics(struct context *context, struct wrapper *wrapper, const void *given,
                     UINT bytes, const char *call, const void *caller)
{
    const NDIS40_MINIPORT_CHARACTERISTICS *head = given;
    const char *wrong;

    for (size_t i = 0; i < RTL_NUMBER_OF(versions); i++) {
        if (versions[i].major != head->MajorNdisVersion ||
            versions[i].minor != head->MinorNdisVersion) {
            continue;
        }
        if (bytes < versions[i].bytes) {
            pndis__report(context, RULE_REG_HANDLERS, &wrapper->driver->owner, call, caller,
                          "the characteristics of NDIS %u.%u have %u bytes, not %u",
                          head->MajorNdisVersion, head->MinorNdisVersion, versions[i].bytes, bytes);
            return NDIS_STATUS_BAD_CHARACTERISTICS;
        }
        memset(&wrapper->calls, 0, sizeof(wrapper->calls));
        memcpy(&wrapper->calls, given, versions[i].bytes);
        wrong = missing_handler(&wrapper->calls);
        if (wrong != NULL) {
            pndis__report(context, RULE_REG_HANDLERS, &wrapper->driver->owner, call, caller, "%s",
                          wrong);
            return NDIS_STATUS_BAD_CHARACTERISTICS;
        }
        return NDIS_STATUS_SUCCESS;
    }
    pndis__report(context, RULE_REG_VERSION, &wrapper->driver->owner, call, caller,
                  "NdisMRegisterMiniport is not for NDIS %u.%u", head->MajorNdisVersion,
                  head->MinorNdisVersion);
    return NDIS_STATUS_BAD_VERSION;
}

/* The driver's own unload handler first; NDIS 5 drivers deregister nothing. */
static VOID
unload(PDRIVER_OBJECT object)
{
    struct context *context = context_current();
    struct pndis_driver *driver = pndis__driver_of(context->machine, object);
    struct wrapper *wrapper = pndis__miniport_driver_of(driver)->context;

    if (wrapper->unload != NULL) {
        wrapper->unload(object);
    }
    end_wrapper(context, wrapper, "MiniportDriverUnload");
}

static NDIS_STATUS
register_driver(struct context *context, struct wrapper *wrapper, const char *call,
                const void *caller)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics = {
        .Header = {.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                   .Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
                   .Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1},
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 0,
        .InitializeHandlerEx = pndis__n5_initialize,
        .HaltHandlerEx = pndis__n5_halt,
        .UnloadHandler = unload,
        .PauseHandler = pndis__n5_pause,
        .RestartHandler = pndis__n5_restart,
        .OidRequestHandler = pndis__n5_oid_request,
        .SendNetBufferListsHandler = pndis__n5_send,
        .ReturnNetBufferListsHandler = pndis__n5_return,
        .CancelSendHandler = pndis__n5_cancel_send,
        .CheckForHangHandlerEx = pndis__n5_check_for_hang,
        .ResetHandlerEx = pndis__n5_reset,
        .DevicePnPEventNotifyHandler = pndis__n5_device_event,
        .ShutdownHandlerEx = pndis__n5_shutdown,
        .CancelOidRequestHandler = pndis__n5_cancel_oid,
    };
    NDIS_STATUS status =
        NdisMRegisterMiniportDriver(&wrapper->driver->object, &wrapper->driver->registry_path,
                                    wrapper, &characteristics, &wrapper->miniport_driver);
    struct miniport_driver *driver = wrapper->miniport_driver;

    (void)call;
    (void)caller;
    if (status != NDIS_STATUS_SUCCESS) {
        wrapper->miniport_driver = NULL;
        return status;
    }
    /* The wrapper handle stands for it. */
    pndis__acquired_as(context, RESOURCE_MINIPORT_DRIVER, driver, &wrapper->driver->owner, NULL,
                       NULL);
    driver->legacy = true;
    driver->calls.MajorNdisVersion = wrapper->calls.MajorNdisVersion;
    driver->calls.MinorNdisVersion = wrapper->calls.MinorNdisVersion;
    return NDIS_STATUS_SUCCESS;
}

/*
 * NdisMRegisterMiniport. IRQL: PASSIVE_LEVEL, from DriverEntry. Miniports of NDIS 4.0, 5.0 and 5.1;
 * the characteristics are copied. NDIS_STATUS_BAD_VERSION, NDIS_STATUS_BAD_CHARACTERISTICS and
 * NDIS_STATUS_FAILURE (registered already, or outside of DriverEntry) are reported as well.
 */
NDIS_STATUS
NdisMRegisterMiniport(NDIS_HANDLE NdisWrapperHandle,
                      PNDIS_MINIPORT_CHARACTERISTICS MiniportCharacteristics,
                      UINT CharacteristicsLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct wrapper *wrapper = pndis__wrapper_of(context, NdisWrapperHandle, __func__, caller);
    NDIS_STATUS status;

    if (wrapper == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (wrapper->miniport_driver != NULL) {
        pndis__report(context, RULE_REG_TWICE, &wrapper->driver->owner, __func__, caller,
                      "%s has registered already", wrapper->driver->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    status = copy_characteristics(context, wrapper, MiniportCharacteristics, CharacteristicsLength,
                                  __func__, caller);
    return status != NDIS_STATUS_SUCCESS ? status
                                         : register_driver(context, wrapper, __func__, caller);
}

/* NdisMRegisterUnloadHandler. IRQL: PASSIVE_LEVEL, from DriverEntry. Called after the last halt. */
VOID
NdisMRegisterUnloadHandler(NDIS_HANDLE NdisWrapperHandle, PDRIVER_UNLOAD UnloadHandler)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct wrapper *wrapper = pndis__wrapper_of(context, NdisWrapperHandle, __func__, NT_CALLER());

    if (wrapper != NULL) {
        wrapper->unload = UnloadHandler;
    }
}
