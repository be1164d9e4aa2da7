/* Status indications: those of NDIS 5 about the link become NDIS_STATUS_LINK_STATE. */
#include "ndis5/ndis5.h"

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
    ULONG64 speed = miniport->connected ? miniport->link_speed : NDIS_LINK_SPEED_UNKNOWN;
    NDIS_LINK_STATE state = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_LINK_STATE_REVISION_1,
                   .Size = NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState =
            miniport->connected ? MediaConnectStateConnected : MediaConnectStateDisconnected,
        .MediaDuplexState = MediaDuplexStateUnknown,
        .XmitLinkSpeed = speed,
        .RcvLinkSpeed = speed,
        .PauseFunctions = NdisPauseFunctionsUnknown,
    };

    pndis__n5_status(miniport, NDIS_STATUS_LINK_STATE, &state, sizeof(state));
}

static void
link_speed_changed(struct miniport5 *miniport, const void *buffer, UINT bytes)
{
    ULONG hundreds;

    if (bytes >= sizeof(hundreds)) {
        memcpy(&hundreds, buffer, sizeof(hundreds));
        miniport->link_speed = (ULONG64)hundreds * UNITS_OF_LINK_SPEED;
        indicate_link(miniport);
    }
}

/*
 * NdisMIndicateStatus. IRQL <= DISPATCH_LEVEL, from NdisMSetAttributes to the end of MiniportHalt.
 * NDIS_STATUS_MEDIA_CONNECT, NDIS_STATUS_MEDIA_DISCONNECT and NDIS_STATUS_LINK_SPEED_CHANGE go up
 * as NDIS_STATUS_LINK_STATE. A reset is NDIS' to announce.
 */
VOID
NdisMIndicateStatus(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS GeneralStatus,
                    PVOID StatusBuffer, UINT StatusBufferSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (miniport == NULL) {
        return;
    }
    switch (GeneralStatus) {
    case NDIS_STATUS_MEDIA_CONNECT:
    case NDIS_STATUS_MEDIA_DISCONNECT:
        miniport->connected = GeneralStatus == NDIS_STATUS_MEDIA_CONNECT;
        indicate_link(miniport);
        break;
    case NDIS_STATUS_LINK_SPEED_CHANGE:
        link_speed_changed(miniport, StatusBuffer, StatusBufferSize);
        break;
    case NDIS_STATUS_RESET_START:
    case NDIS_STATUS_RESET_END:
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
