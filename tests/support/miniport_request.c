/* OID requests and resets of the programmable miniport. */
#include "support/miniport_parts.h"

#include <string.h>

/* --- requests --- */

static NDIS_STATUS
answer_ulong(PNDIS_OID_REQUEST request, ULONG value)
{
    if (request->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(value)) {
        request->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(value);
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memcpy(request->DATA.QUERY_INFORMATION.InformationBuffer, &value, sizeof(value));
    request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(value);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
answer_query(struct port *port, PNDIS_OID_REQUEST request)
{
    switch (request->DATA.QUERY_INFORMATION.Oid) {
    case OID_GEN_VENDOR_ID:
        return answer_ulong(request, 0x504e44);
    case OID_GEN_XMIT_OK:
        return answer_ulong(request, port->completes);
    case OID_GEN_INTERRUPT_MODERATION:
        return NDIS_STATUS_NOT_SUPPORTED;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static NDIS_STATUS
answer_set(struct port *port, PNDIS_OID_REQUEST request)
{
    const void *buffer = request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG bytes = request->DATA.SET_INFORMATION.InformationBufferLength;

    request->DATA.SET_INFORMATION.BytesRead = bytes;
    switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
        memcpy(&port->packet_filter, buffer, sizeof(port->packet_filter));
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_CURRENT_LOOKAHEAD:
    case OID_802_3_MULTICAST_LIST:
    case OID_GEN_LINK_PARAMETERS:
        return NDIS_STATUS_SUCCESS;
    case OID_PNP_SET_POWER:
        memcpy(&port->power, buffer, sizeof(port->power));
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static NDIS_STATUS
answer(struct port *port, PNDIS_OID_REQUEST request)
{
    NDIS_STATUS status = NDIS_STATUS_NOT_RECOGNIZED;

    if (port->driver->on_oid != NULL) {
        status = port->driver->on_oid(port, request);
    }
    if (status != NDIS_STATUS_NOT_RECOGNIZED) {
        return status;
    }
    if (port->driver->oid_status != NDIS_STATUS_SUCCESS) {
        return port->driver->oid_status;
    }
    switch (request->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return answer_query(port, request);
    case NdisRequestSetInformation:
        return answer_set(port, request);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static void
complete_oid(void *argument)
{
    struct port *port = argument;
    PNDIS_OID_REQUEST request = port->request;

    port->request = NULL;
    NdisMOidRequestComplete(port->handle, request, answer(port, request));
}

NDIS_STATUS
port_oid_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    struct port *port = context;

    port->oids++;
    if (port->driver->oid == AT_ONCE) {
        return answer(port, request);
    }
    port->request = request;
    do_later(&port->oid_later, port->driver->oid, complete_oid, port);
    return NDIS_STATUS_PENDING;
}

VOID
port_cancel_oid(NDIS_HANDLE context, PVOID id)
{
    struct port *port = context;
    PNDIS_OID_REQUEST request = port->request;

    port->cancels++;
    if (port->driver->oid == BY_HAND && request != NULL && request->RequestId == id) {
        port->request = NULL;
        NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_REQUEST_ABORTED);
    }
}

/* --- reset --- */

BOOLEAN
port_check_for_hang(NDIS_HANDLE context)
{
    struct port *port = context;
    bool hung = port->driver->hung;

    port->hang_checks++;
    port->driver->hung = false;
    return (BOOLEAN)hung;
}

static void
complete_reset(void *argument)
{
    struct port *port = argument;
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    NdisMResetComplete(port->handle, port->driver->reset_status, port->driver->addressing_reset);
    KeLowerIrql(irql);
}

NDIS_STATUS
port_reset(NDIS_HANDLE context, PBOOLEAN addressing)
{
    struct port *port = context;

    port->resets++;
    if (port->driver->on_reset != NULL) {
        port->driver->on_reset(port);
    }
    if (port->request != NULL && port->driver->oid == BY_HAND) {
        PNDIS_OID_REQUEST request = port->request;

        port->request = NULL;
        NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_REQUEST_ABORTED);
    }
    port_complete_sends(port, ~0u, NDIS_STATUS_RESET_IN_PROGRESS);
    if (port->driver->reset == AT_ONCE) {
        *addressing = port->driver->addressing_reset;
        return port->driver->reset_status;
    }
    do_later(&port->reset_later, port->driver->reset, complete_reset, port);
    return NDIS_STATUS_PENDING;
}
