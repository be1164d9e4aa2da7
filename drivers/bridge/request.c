/* OID requests that are waited for, and what the bridge asks of an adapter. PASSIVE_LEVEL. */
#include "bridge.h"

struct request {
    NDIS_OID_REQUEST oid;
    KEVENT done;
    NDIS_STATUS status;
};

VOID
BridgeOidComplete(NDIS_HANDLE context, PNDIS_OID_REQUEST oid, NDIS_STATUS status)
{
    struct request *request = CONTAINING_RECORD(oid, struct request, oid);

    UNREFERENCED_PARAMETER(context);
    request->status = status;
    KeSetEvent(&request->done, IO_NO_INCREMENT, FALSE);
}

static void
prepare(struct request *request, NDIS_REQUEST_TYPE type)
{
    RtlZeroMemory(request, sizeof(*request));
    request->oid.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    request->oid.Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    request->oid.Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    request->oid.RequestType = type;
    KeInitializeEvent(&request->done, NotificationEvent, FALSE);
}

static NDIS_STATUS
make(struct port *port, struct request *request)
{
    NDIS_STATUS status = NdisOidRequest(port->binding, &request->oid);

    if (status != NDIS_STATUS_PENDING) {
        return status;
    }
    KeWaitForSingleObject(&request->done, Executive, KernelMode, FALSE, NULL);
    return request->status;
}

NDIS_STATUS
request_set(struct port *port, NDIS_OID oid, PVOID data, ULONG bytes)
{
    struct request request;

    prepare(&request, NdisRequestSetInformation);
    request.oid.DATA.SET_INFORMATION.Oid = oid;
    request.oid.DATA.SET_INFORMATION.InformationBuffer = data;
    request.oid.DATA.SET_INFORMATION.InformationBufferLength = bytes;
    return make(port, &request);
}

NDIS_STATUS
request_query(struct port *port, NDIS_OID oid, PVOID data, ULONG bytes)
{
    struct request request;

    prepare(&request, NdisRequestQueryInformation);
    request.oid.DATA.QUERY_INFORMATION.Oid = oid;
    request.oid.DATA.QUERY_INFORMATION.InformationBuffer = data;
    request.oid.DATA.QUERY_INFORMATION.InformationBufferLength = bytes;
    return make(port, &request);
}

NDIS_STATUS
request_packet_filter(struct port *port, BOOLEAN on)
{
    ULONG filter = on ? NDIS_PACKET_TYPE_PROMISCUOUS : 0;

    return request_set(port, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter));
}

/* "OID_OFFLOAD_ENCAPSULATION": no checksum or segmentation task is active before it. */
static void
announce_encapsulation(struct port *port)
{
    NDIS_OFFLOAD_ENCAPSULATION encapsulation;

    RtlZeroMemory(&encapsulation, sizeof(encapsulation));
    encapsulation.Header.Type = NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION;
    encapsulation.Header.Revision = NDIS_OFFLOAD_ENCAPSULATION_REVISION_1;
    encapsulation.Header.Size = NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1;
    encapsulation.IPv4.Enabled = NDIS_OFFLOAD_SET_ON;
    encapsulation.IPv4.EncapsulationType = NDIS_ENCAPSULATION_IEEE_802_3;
    encapsulation.IPv4.HeaderSize = ETHERNET_HEADER;
    encapsulation.IPv6.Enabled = NDIS_OFFLOAD_SET_ON;
    encapsulation.IPv6.EncapsulationType = NDIS_ENCAPSULATION_IEEE_802_3;
    encapsulation.IPv6.HeaderSize = ETHERNET_HEADER;
    request_set(port, OID_OFFLOAD_ENCAPSULATION, &encapsulation, sizeof(encapsulation));
}

/* "Querying and Changing RSC State": nothing is coalesced until somebody above asks for it. */
static void
enable_coalescing(struct port *port)
{
    NDIS_OFFLOAD_PARAMETERS parameters;

    RtlZeroMemory(&parameters, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_OFFLOAD_PARAMETERS_REVISION_3;
    parameters.Header.Size = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3;
    parameters.Flags = NDIS_OFFLOAD_PARAMETERS_SKIP_REGISTRY_UPDATE;
    parameters.RscIPv4 = NDIS_OFFLOAD_PARAMETERS_RSC_ENABLED;
    parameters.RscIPv6 = NDIS_OFFLOAD_PARAMETERS_RSC_ENABLED;
    request_set(port, OID_TCP_OFFLOAD_PARAMETERS, &parameters,
                NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3);
}

void
request_offloads(struct port *port)
{
    NDIS_OFFLOAD offload;

    announce_encapsulation(port);
    enable_coalescing(port);
    RtlZeroMemory(&offload, sizeof(offload));
    if (request_query(port, OID_TCP_OFFLOAD_CURRENT_CONFIG, &offload, sizeof(offload)) ==
        NDIS_STATUS_SUCCESS) {
        capabilities_from(&port->can, &offload, offload.Header.Size);
    }
}

void
request_link_state(struct port *port)
{
    NDIS_LINK_STATE state;

    RtlZeroMemory(&state, sizeof(state));
    if (request_query(port, OID_GEN_LINK_STATE, &state, sizeof(state)) == NDIS_STATUS_SUCCESS) {
        WriteNoFence(&port->connected, state.MediaConnectState != MediaConnectStateDisconnected);
    }
}
