/* Status indications: those of NDIS 5 about the link become NDIS_STATUS_LINK_STATE. */
#include "ndis5/ndis5.h"

#include "ndis/oid.h"
#include "ndis/status.h"

enum { UNITS_OF_LINK_SPEED = 100 };

void
pndis__n5_status(struct miniport5 *miniport, NDIS_STATUS code, void *buffer, ULONG bytes)
{
    NDIS_STATUS_INDICATION indication = {
        .Header = {.Type = NDIS_OBJECT_TYPE_STATUS_INDICATION,
                   .Revision = NDIS_STATUS_INDICATION_REVISION_1,
                   .Size = NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = &miniport->adapter->handle,
        .StatusCode = code,
        .StatusBuffer = buffer,
        .StatusBufferSize = bytes,
    };

    NdisMIndicateStatusEx(&miniport->adapter->handle, &indication);
}

static void
indicate_link(struct miniport5 *miniport)
{
    bool connected = __atomic_load_n(&miniport->connected, __ATOMIC_SEQ_CST);
    ULONG64 speed = connected ? __atomic_load_n(&miniport->link_speed, __ATOMIC_SEQ_CST)
                              : NDIS_LINK_SPEED_UNKNOWN;
    NDIS_LINK_STATE state = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_LINK_STATE_REVISION_1,
                   .Size = NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState = connected ? MediaConnectStateConnected : MediaConnectStateDisconnected,
        .MediaDuplexState = MediaDuplexStateUnknown,
        .XmitLinkSpeed = speed,
        .RcvLinkSpeed = speed,
        .PauseFunctions = NdisPauseFunctionsUnknown,
    };

    pndis__n5_status(miniport, NDIS_STATUS_LINK_STATE, &state, sizeof(state));
}

/* --- the speed of a link that is there --- */

static void
ask_link(struct context *context, struct work *work)
{
    struct miniport5 *miniport = CONTAINING_RECORD(work, struct miniport5, ask_link);
    ULONG hundreds = 0;

    if (pndis__oid_internal(context, miniport->adapter, NdisRequestQueryInformation,
                            OID_GEN_LINK_SPEED, &hundreds, sizeof(hundreds),
                            NULL) == NDIS_STATUS_SUCCESS) {
        __atomic_store_n(&miniport->link_speed, (ULONG64)hundreds * UNITS_OF_LINK_SPEED,
                         __ATOMIC_SEQ_CST);
    }
    if (__atomic_load_n(&miniport->connected, __ATOMIC_SEQ_CST)) {
        indicate_link(miniport);
    }
    __atomic_sub_fetch(&miniport->links_asked, 1, __ATOMIC_SEQ_CST);
}

void
pndis__n5_link_init(struct miniport5 *miniport)
{
    miniport->ask_link.routine = ask_link;
}

/* After MiniportInitialize NDIS asks for the link anyway. */
static void
link_changed(struct context *context, struct miniport5 *miniport)
{
    if (__atomic_load_n(&miniport->in_initialize, __ATOMIC_SEQ_CST)) {
        return;
    }
    __atomic_add_fetch(&miniport->links_asked, 1, __ATOMIC_SEQ_CST);
    if (!pndis__work_queue(context->machine, &miniport->ask_link)) {
        __atomic_sub_fetch(&miniport->links_asked, 1, __ATOMIC_SEQ_CST);
    }
}

void
pndis__n5_link_forget(struct context *context, struct miniport5 *miniport)
{
    if (pndis__work_cancel(context->machine, &miniport->ask_link)) {
        __atomic_sub_fetch(&miniport->links_asked, 1, __ATOMIC_SEQ_CST);
    }
    pndis__wait_for_none(&miniport->links_asked);
}

/* --- what the driver may say, and where --- */

/* The function of its own that a driver is in; NULL: none that matters. */
static const char *
forbidden_place(const struct context *context, const struct miniport5 *miniport)
{
    static const char *const places[] = {"MiniportHalt", "MiniportShutdown"};

    for (const struct frame *frame = context->frame; frame != NULL; frame = frame->up) {
        for (size_t i = 0; i < RTL_NUMBER_OF(places); i++) {
            if (strcmp(frame->callback, places[i]) == 0) {
                return places[i];
            }
        }
        if (miniport->serialized && strcmp(frame->callback, "MiniportInitialize") == 0) {
            return "MiniportInitialize of a serialized driver";
        }
    }
    return NULL;
}

static bool
may_indicate(struct context *context, const struct miniport5 *miniport, NDIS_STATUS code,
             const void *caller)
{
    const char *place = forbidden_place(context, miniport);

    if (place != NULL) {
        pndis__report(context, RULE_N5_STATUS, &miniport->adapter->owner, "NdisMIndicateStatus",
                      caller, "%s indicates status 0x%08x in %s", miniport->adapter->owner.name,
                      (unsigned)code, place);
        return false;
    }
    return true;
}

/*
 * NdisMIndicateStatus. IRQL <= DISPATCH_LEVEL, from NdisMSetAttributes to the end of MiniportHalt.
 * NDIS_STATUS_MEDIA_CONNECT, NDIS_STATUS_MEDIA_DISCONNECT and NDIS_STATUS_LINK_SPEED_CHANGE go up
 * as NDIS_STATUS_LINK_STATE; where there is a link, when the driver has answered
 * OID_GEN_LINK_SPEED. Not from MiniportHalt, a shutdown handler, or MiniportInitialize of a
 * serialized driver: N5_STATUS. A reset is NDIS' to announce (STATUS_RESET).
 */
VOID
NdisMIndicateStatus(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS GeneralStatus,
                    PVOID StatusBuffer, UINT StatusBufferSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (miniport == NULL || !may_indicate(context, miniport, GeneralStatus, NT_CALLER())) {
        return;
    }
    switch (GeneralStatus) {
    case NDIS_STATUS_MEDIA_CONNECT:
        __atomic_store_n(&miniport->connected, true, __ATOMIC_SEQ_CST);
        link_changed(context, miniport);
        break;
    case NDIS_STATUS_MEDIA_DISCONNECT:
        __atomic_store_n(&miniport->connected, false, __ATOMIC_SEQ_CST);
        indicate_link(miniport);
        break;
    case NDIS_STATUS_LINK_SPEED_CHANGE:
        link_changed(context, miniport);
        break;
    default:
        pndis__n5_status(miniport, GeneralStatus, StatusBuffer, StatusBufferSize);
        break;
    }
}

/* NdisMIndicateStatusComplete. IRQL <= DISPATCH_LEVEL. After the last of several indications;
 * protocols of NDIS 6 have no entry point that it would lead to. */
VOID
NdisMIndicateStatusComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());
}
