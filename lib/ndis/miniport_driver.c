/* Registration of miniport drivers. */
#include "ndis/adapter.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"

#include <stdlib.h>

/* --- what is registered --- */

static const char *
bad_handlers(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *calls)
{
    const struct {
        bool wrong;
        const char *what;
    } checks[] = {
        {calls->InitializeHandlerEx == NULL, "InitializeHandlerEx is NULL"},
        {calls->HaltHandlerEx == NULL, "HaltHandlerEx is NULL"},
        {calls->UnloadHandler == NULL, "UnloadHandler is NULL"},
        {calls->PauseHandler == NULL, "PauseHandler is NULL"},
        {calls->RestartHandler == NULL, "RestartHandler is NULL"},
        {calls->OidRequestHandler == NULL, "OidRequestHandler is NULL"},
        {calls->SendNetBufferListsHandler == NULL, "SendNetBufferListsHandler is NULL"},
        {calls->ReturnNetBufferListsHandler == NULL, "ReturnNetBufferListsHandler is NULL"},
        {calls->CancelSendHandler == NULL, "CancelSendHandler is NULL"},
        {calls->DevicePnPEventNotifyHandler == NULL, "DevicePnPEventNotifyHandler is NULL"},
        {calls->ShutdownHandlerEx == NULL, "ShutdownHandlerEx is NULL"},
        {calls->CancelOidRequestHandler == NULL, "CancelOidRequestHandler is NULL"},
        {calls->CheckForHangHandlerEx != NULL && calls->ResetHandlerEx == NULL,
         "CheckForHangHandlerEx comes without ResetHandlerEx"},
        {(calls->Flags & NDIS_INTERMEDIATE_DRIVER) != 0 &&
             (calls->CheckForHangHandlerEx != NULL || calls->ResetHandlerEx != NULL),
         "an intermediate driver has no CheckForHangHandlerEx and no ResetHandlerEx"},
        {(calls->DirectOidRequestHandler == NULL) != (calls->CancelDirectOidRequestHandler == NULL),
         "DirectOidRequestHandler and CancelDirectOidRequestHandler come together"},
    };

    for (size_t i = 0; i < RTL_NUMBER_OF(checks); i++) {
        if (checks[i].wrong) {
            return checks[i].what;
        }
    }
    return NULL;
}

/* Which argument is NULL that may not be, or NULL. */
static const char *
bad_argument(const struct pndis_driver *driver, const UNICODE_STRING *path,
             const NDIS_HANDLE *out_handle)
{
    if (driver == NULL) {
        return "DriverObject is not the driver's";
    }
    if (path == NULL) {
        return "RegistryPath is NULL";
    }
    return out_handle == NULL ? "NdisMiniportDriverHandle is NULL" : NULL;
}

static NDIS_STATUS
check_characteristics(struct context *context, const struct pndis_driver *driver,
                      const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *given,
                      NDIS_MINIPORT_DRIVER_CHARACTERISTICS *out_calls, const void *caller)
{
    const char *call = "NdisMRegisterMiniportDriver";
    const char *wrong;

    if (!pndis__object_header_check(context, given, HEADER_MINIPORT_CHARACTERISTICS, call,
                                    caller)) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    pndis__object_header_copy(out_calls, sizeof(*out_calls), given,
                              HEADER_MINIPORT_CHARACTERISTICS);
    if (!pndis__version_exists(out_calls->MajorNdisVersion, out_calls->MinorNdisVersion) ||
        ndis_version(out_calls->MajorNdisVersion, out_calls->MinorNdisVersion) >
            pndis__ndis_of(context->machine)->version) {
        pndis__report(context, RULE_REG_VERSION, NULL, call, caller, "there is no NDIS %u.%u here",
                      out_calls->MajorNdisVersion, out_calls->MinorNdisVersion);
        return NDIS_STATUS_BAD_VERSION;
    }
    if (!pndis__revision_check(
            context, given, HEADER_MINIPORT_CHARACTERISTICS,
            ndis_version(out_calls->MajorNdisVersion, out_calls->MinorNdisVersion), call, caller)) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    wrong = bad_handlers(out_calls);
    if (wrong != NULL) {
        pndis__report(context, RULE_REG_HANDLERS, NULL, call, caller, "%s", wrong);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (driver->ndis != NULL) {
        pndis__report(context, RULE_REG_TWICE, NULL, call, caller, "%s has registered already",
                      driver->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    if (!driver->in_entry) {
        pndis__report(context, RULE_REG_PLACE, NULL, call, caller,
                      "%s registers outside of DriverEntry", driver->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    return NDIS_STATUS_SUCCESS;
}

/* --- registering --- */

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct miniport_driver, handle));
}

/* NDIS puts this into the driver object; the miniport's own handler is called from it. */
static VOID
unload(struct _DRIVER_OBJECT *object)
{
    struct context *context = context_current();
    struct pndis_driver *driver = pndis__driver_of(context->machine, object);
    struct miniport_driver *miniport = driver->ndis;
    struct frame frame;

    if (miniport == NULL) {
        return;
    }
    pndis__guest_enter(context, &frame, &driver->owner, "MiniportDriverUnload");
    miniport->calls.UnloadHandler(object);
    pndis__guest_leave(context, &frame);
}

static NDIS_STATUS
call_set_options(struct context *context, struct miniport_driver *miniport)
{
    struct frame frame;
    NDIS_STATUS status;

    if (miniport->calls.SetOptionsHandler == NULL) {
        return NDIS_STATUS_SUCCESS;
    }
    miniport->in_set_options = true;
    pndis__guest_enter(context, &frame, &miniport->driver->owner, "MiniportSetOptions");
    status = miniport->calls.SetOptionsHandler(&miniport->handle, miniport->context);
    pndis__guest_leave_status(context, &frame, status);
    miniport->in_set_options = false;
    return status;
}

void
pndis__miniport_driver_forget(struct context *context, struct miniport_driver *miniport)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct miniport_driver **link = &ndis->miniport_drivers;

    pndis__list_lock(context, ndis);
    while (*link != NULL && *link != miniport) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = miniport->next;
    }
    pndis__list_unlock(ndis);
    miniport->driver->ndis = NULL;
    pndis__handle_retire(&ndis->handles, &miniport->handle);
}

/*
 * "NdisMRegisterMiniportDriver function". IRQL: PASSIVE_LEVEL, from DriverEntry.
 * The characteristics are copied. MiniportSetOptions is called inside, everything else after
 * DriverEntry. NDIS_STATUS_BAD_VERSION, NDIS_STATUS_BAD_CHARACTERISTICS and NDIS_STATUS_FAILURE (a
 * second registration) are reported as well.
 */
NDIS_STATUS
NdisMRegisterMiniportDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath,
                            NDIS_HANDLE MiniportDriverContext,
                            PNDIS_MINIPORT_DRIVER_CHARACTERISTICS MiniportDriverCharacteristics,
                            PNDIS_HANDLE NdisMiniportDriverHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct pndis_driver *driver = pndis__driver_of(context->machine, DriverObject);
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS calls;
    struct miniport_driver *miniport;
    const char *wrong = bad_argument(driver, RegistryPath, NdisMiniportDriverHandle);
    NDIS_STATUS status;

    if (ndis == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    if (wrong != NULL) {
        pndis__report(context, RULE_REG_NULL_ARGUMENT, NULL, __func__, caller, "%s", wrong);
        return NDIS_STATUS_FAILURE;
    }
    status = check_characteristics(context, driver, MiniportDriverCharacteristics, &calls, caller);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    miniport = pndis__fault(context) ? NULL : calloc(1, sizeof(*miniport));
    if (miniport == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    miniport->driver = driver;
    miniport->context = MiniportDriverContext;
    miniport->calls = calls;
    miniport->version = ndis_version(calls.MajorNdisVersion, calls.MinorNdisVersion);
    pndis__handle_add(&ndis->handles, &miniport->handle, HANDLE_MINIPORT_DRIVER, &driver->owner,
                      context->machine, free_memory);
    driver->ndis = miniport;
    *NdisMiniportDriverHandle = &miniport->handle;
    status = call_set_options(context, miniport);
    if (status != NDIS_STATUS_SUCCESS) {
        *NdisMiniportDriverHandle = NULL;
        driver->ndis = NULL;
        pndis__handle_retire(&ndis->handles, &miniport->handle);
        return status;
    }
    pndis__list_lock(context, ndis);
    miniport->next = ndis->miniport_drivers;
    ndis->miniport_drivers = miniport;
    pndis__list_unlock(ndis);
    driver->object.DriverUnload = unload;
    pndis__hook_driver(driver);
    pndis__acquired(context, RESOURCE_MINIPORT_DRIVER, miniport, 0, 0, &driver->owner, __func__,
                    caller);
    return NDIS_STATUS_SUCCESS;
}

/*
 * "NdisMDeregisterMiniportDriver function". IRQL: PASSIVE_LEVEL.
 * From MiniportDriverUnload, or from a DriverEntry that fails. The handle is dead afterwards.
 */
VOID
NdisMDeregisterMiniportDriver(NDIS_HANDLE NdisMiniportDriverHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport_driver *miniport = (struct miniport_driver *)pndis__handle(
        context, NdisMiniportDriverHandle, HANDLE_BIT(MINIPORT_DRIVER), __func__, NT_CALLER());

    if (miniport == NULL) {
        return;
    }
    pndis__released(context, RESOURCE_MINIPORT_DRIVER, miniport, __func__);
    pndis__miniport_driver_forget(context, miniport);
}

struct miniport_driver *
pndis__miniport_driver_of(struct pndis_driver *driver)
{
    return driver->ndis;
}

/* --- optional handlers --- */

static NDIS_STATUS
set_miniport_handlers(struct context *context, struct miniport_driver *miniport,
                      PNDIS_DRIVER_OPTIONAL_HANDLERS handlers, const void *caller)
{
    const char *call = "NdisSetOptionalHandlers";

    if (!miniport->in_set_options) {
        pndis__report(context, RULE_REG_PLACE, &miniport->driver->owner, call, caller,
                      "%s calls it outside of MiniportSetOptions", miniport->driver->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    if (handlers->Header.Type != NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (!pndis__object_header_check(context, handlers, HEADER_MINIPORT_PNP_CHARACTERISTICS, call,
                                    caller)) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    pndis__object_header_copy(&miniport->pnp, sizeof(miniport->pnp), handlers,
                              HEADER_MINIPORT_PNP_CHARACTERISTICS);
    return NDIS_STATUS_SUCCESS;
}

/*
 * "NdisSetOptionalHandlers function". IRQL: PASSIVE_LEVEL, from MiniportSetOptions or
 * ProtocolSetOptions. Known: NDIS_MINIPORT_PNP_CHARACTERISTICS. NDIS_STATUS_NOT_SUPPORTED for other
 * sets of handlers.
 */
NDIS_STATUS
NdisSetOptionalHandlers(NDIS_HANDLE NdisHandle, PNDIS_DRIVER_OPTIONAL_HANDLERS OptionalHandlers)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *handle = pndis__handle(
        context, NdisHandle,
        HANDLE_BIT(MINIPORT_DRIVER) | HANDLE_BIT(PROTOCOL) | HANDLE_BIT(BINDING), __func__, caller);

    if (handle == NULL || OptionalHandlers == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (handle->kind != HANDLE_MINIPORT_DRIVER) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    return set_miniport_handlers(context, (struct miniport_driver *)handle, OptionalHandlers,
                                 caller);
}
