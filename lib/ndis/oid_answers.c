/*
 * The OIDs that NDIS answers for NDIS 6 miniports, from their attributes, their status indications
 * and its own state. The pages of these OIDs say "NDIS handles this OID" or "Not requested".
 */
#include "ndis/oid.h"

#include "ndis/adapter.h"
#include "ndis/receive_filter.h"
#include "ndis/status.h"

#include <stdlib.h>

/* Room for the longest fixed-size answer; longer ones are pointed to. */
union answer_storage {
    ULONG number;
    ULONG64 number64;
    NDIS_LINK_STATE link_state;
    NDIS_LINK_SPEED link_speed;
    NDIS_PORT_STATE port_state;
};

struct answer {
    const void *data;
    ULONG bytes;
    void *owned; /* Memory of the answer's own, or NULL. */
    union answer_storage storage;
};

typedef NDIS_STATUS answer_function(struct context *context, struct binding *binding,
                                    struct answer *answer);

NDIS_STATUS
pndis__oid_reply(NDIS_OID_REQUEST *request, const void *data, ULONG bytes)
{
    if (request->DATA.QUERY_INFORMATION.InformationBufferLength < bytes) {
        request->DATA.QUERY_INFORMATION.BytesWritten = 0;
        request->DATA.QUERY_INFORMATION.BytesNeeded = bytes;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    if (bytes != 0) {
        memcpy(request->DATA.QUERY_INFORMATION.InformationBuffer, data, bytes);
    }
    request->DATA.QUERY_INFORMATION.BytesWritten = bytes;
    request->DATA.QUERY_INFORMATION.BytesNeeded = bytes;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
number(struct answer *answer, ULONG value)
{
    answer->storage.number = value;
    answer->data = &answer->storage.number;
    answer->bytes = sizeof(ULONG);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
number64(struct answer *answer, ULONG64 value)
{
    answer->storage.number64 = value;
    answer->data = &answer->storage.number64;
    answer->bytes = sizeof(ULONG64);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
bytes_at(struct answer *answer, const void *data, ULONG bytes)
{
    answer->data = data;
    answer->bytes = bytes;
    return NDIS_STATUS_SUCCESS;
}

static const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *
general_of(const struct binding *binding)
{
    return &binding->adapter->attributes.general;
}

/* --- from attributes --- */

static NDIS_STATUS
supported_list(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return bytes_at(answer, binding->adapter->attributes.oids_for_bindings,
                    binding->adapter->attributes.oids_for_bindings_bytes);
}

static NDIS_STATUS
medium(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, general_of(binding)->MediaType);
}

static NDIS_STATUS
physical_medium(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, general_of(binding)->PhysicalMediumType);
}

static NDIS_STATUS
frame_size(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, general_of(binding)->MtuSize);
}

static NDIS_STATUS
lookahead(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, general_of(binding)->LookaheadSize);
}

static NDIS_STATUS
mac_options(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, general_of(binding)->MacOptions);
}

static NDIS_STATUS
maximum_list_size(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, general_of(binding)->MaxMulticastListSize);
}

static NDIS_STATUS
maximum_link_speed(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    answer->storage.link_speed.XmitLinkSpeed = general_of(binding)->MaxXmitLinkSpeed;
    answer->storage.link_speed.RcvLinkSpeed = general_of(binding)->MaxRcvLinkSpeed;
    return bytes_at(answer, &answer->storage, sizeof(NDIS_LINK_SPEED));
}

static NDIS_STATUS
rss_capabilities(struct context *context, struct binding *binding, struct answer *answer)
{
    const NDIS_RECEIVE_SCALE_CAPABILITIES *rss = &binding->adapter->attributes.rss;

    (void)context;
    return rss->Header.Size == 0 ? NDIS_STATUS_NOT_SUPPORTED
                                 : bytes_at(answer, rss, rss->Header.Size);
}

static NDIS_STATUS
offload_of(const NDIS_OFFLOAD *offload, struct answer *answer)
{
    return offload->Header.Size == 0 ? NDIS_STATUS_NOT_SUPPORTED
                                     : bytes_at(answer, offload, offload->Header.Size);
}

static NDIS_STATUS
offload_current(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return offload_of(&binding->adapter->attributes.offload_default, answer);
}

static NDIS_STATUS
offload_hardware(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return offload_of(&binding->adapter->attributes.offload_hardware, answer);
}

static NDIS_STATUS
pm_capabilities(struct context *context, struct binding *binding, struct answer *answer)
{
    const struct attributes *attributes = &binding->adapter->attributes;

    (void)context;
    return attributes->has_pm ? bytes_at(answer, &attributes->pm, attributes->pm.Header.Size)
                              : NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS
hd_split_config(struct context *context, struct binding *binding, struct answer *answer)
{
    const struct attributes *attributes = &binding->adapter->attributes;

    (void)context;
    return attributes->has_hd_split
               ? bytes_at(answer, &attributes->hd_split, attributes->hd_split.Header.Size)
               : NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS
receive_filter_hardware(struct context *context, struct binding *binding, struct answer *answer)
{
    const NDIS_RECEIVE_FILTER_CAPABILITIES *filters =
        &binding->adapter->attributes.receive_filter_hardware;

    (void)context;
    return filters->Header.Size == 0 ? NDIS_STATUS_NOT_SUPPORTED
                                     : bytes_at(answer, filters, filters->Header.Size);
}

static NDIS_STATUS
receive_filter_current(struct context *context, struct binding *binding, struct answer *answer)
{
    const NDIS_RECEIVE_FILTER_CAPABILITIES *filters =
        &binding->adapter->attributes.receive_filter_current;

    (void)context;
    return filters->Header.Size == 0 ? NDIS_STATUS_NOT_SUPPORTED
                                     : bytes_at(answer, filters, filters->Header.Size);
}

/* --- from the link --- */

static NDIS_STATUS
connect_status(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, binding->adapter->link.connect == MediaConnectStateConnected
                              ? NdisMediaStateConnected
                              : NdisMediaStateDisconnected);
}

static NDIS_STATUS
connect_state(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, binding->adapter->link.connect);
}

static NDIS_STATUS
duplex_state(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, binding->adapter->link.duplex);
}

/* OID_GEN_LINK_SPEED counts in units of 100 bits per second, in a ULONG. */
static NDIS_STATUS
link_speed_in_hundreds(struct context *context, struct binding *binding, struct answer *answer)
{
    ULONG64 hundreds = binding->adapter->link.transmit_speed / 100;

    (void)context;
    return number(answer, hundreds > MAXULONG ? MAXULONG : (ULONG)hundreds);
}

static NDIS_STATUS
link_speed(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    answer->storage.link_speed.XmitLinkSpeed = binding->adapter->link.transmit_speed;
    answer->storage.link_speed.RcvLinkSpeed = binding->adapter->link.receive_speed;
    return bytes_at(answer, &answer->storage, sizeof(NDIS_LINK_SPEED));
}

static NDIS_STATUS
transmit_speed(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number64(answer, binding->adapter->link.transmit_speed);
}

static NDIS_STATUS
receive_speed(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number64(answer, binding->adapter->link.receive_speed);
}

static NDIS_STATUS
link_state(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    pndis__link_state_fill(binding->adapter, &answer->storage.link_state);
    return bytes_at(answer, &answer->storage, NDIS_SIZEOF_LINK_STATE_REVISION_1);
}

static NDIS_STATUS
oper_status(struct context *context, struct binding *binding, struct answer *answer)
{
    bool up = binding->adapter->link.connect == MediaConnectStateConnected;

    (void)context;
    return number(answer, up ? NET_IF_OPER_STATUS_UP : NET_IF_OPER_STATUS_DOWN);
}

static NDIS_STATUS
admin_status(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    (void)binding;
    return number(answer, NET_IF_ADMIN_STATUS_UP);
}

static NDIS_STATUS
port_state(struct context *context, struct binding *binding, struct answer *answer)
{
    NDIS_PORT_STATE *state = &answer->storage.port_state;

    (void)context;
    memset(state, 0, sizeof(*state));
    state->Header.Type = NDIS_OBJECT_TYPE_PORT_STATE;
    state->Header.Revision = NDIS_PORT_STATE_REVISION_1;
    state->Header.Size = NDIS_SIZEOF_PORT_STATE_REVISION_1;
    state->MediaConnectState = binding->adapter->link.connect;
    state->XmitLinkSpeed = binding->adapter->link.transmit_speed;
    state->RcvLinkSpeed = binding->adapter->link.receive_speed;
    state->Direction = NET_IF_DIRECTION_SENDRECEIVE;
    state->SendControlState = NdisPortControlStateUncontrolled;
    state->RcvControlState = NdisPortControlStateUncontrolled;
    state->SendAuthorizationState = NdisPortAuthorized;
    state->RcvAuthorizationState = NdisPortAuthorized;
    return bytes_at(answer, state, NDIS_SIZEOF_PORT_STATE_REVISION_1);
}

/* --- from NDIS' own state --- */

static NDIS_STATUS
driver_version(struct context *context, struct binding *binding, struct answer *answer)
{
    const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *calls = &binding->adapter->driver->calls;

    (void)context;
    /* Two bytes: the NDIS version the miniport was built for. */
    answer->storage.number = (ULONG)calls->MajorNdisVersion << 8 | calls->MinorNdisVersion;
    return bytes_at(answer, &answer->storage, sizeof(USHORT));
}

static NDIS_STATUS
packet_filter(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return number(answer, pndis__packet_filter_combined(binding->adapter));
}

static NDIS_STATUS
current_lookahead(struct context *context, struct binding *binding, struct answer *answer)
{
    ULONG largest = pndis__lookahead_of_all(binding->adapter);

    (void)context;
    return number(answer, largest != 0 ? largest : general_of(binding)->LookaheadSize);
}

/* General attributes have both, and a miniport is not asked for them. */
static NDIS_STATUS
permanent_address(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return bytes_at(answer, general_of(binding)->PermanentMacAddress, ETH_LENGTH_OF_ADDRESS);
}

static NDIS_STATUS
current_address(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    return bytes_at(answer, general_of(binding)->CurrentMacAddress, ETH_LENGTH_OF_ADDRESS);
}

/* "NDIS returns a multicast address list that is the union of all multicast address lists." */
static NDIS_STATUS
multicast_list(struct context *context, struct binding *binding, struct answer *answer)
{
    ULONG bytes = general_of(binding)->MaxMulticastListSize * ETH_LENGTH_OF_ADDRESS;

    (void)context;
    answer->owned = malloc(bytes + 1);
    return answer->owned == NULL
               ? NDIS_STATUS_RESOURCES
               : bytes_at(answer, answer->owned,
                          pndis__multicast_of_all(binding->adapter, answer->owned, bytes));
}

static NDIS_STATUS
promiscuous_mode(struct context *context, struct binding *binding, struct answer *answer)
{
    ULONG filter = pndis__packet_filter_of_all(binding->adapter);

    (void)context;
    answer->storage.number = (filter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0;
    return bytes_at(answer, &answer->storage, sizeof(BOOLEAN));
}

static NDIS_STATUS
not_requested(struct context *context, struct binding *binding, struct answer *answer)
{
    (void)context;
    (void)binding;
    (void)answer;
    return NDIS_STATUS_NOT_SUPPORTED;
}

static const struct {
    NDIS_OID oid;
    answer_function *answer;
    bool settable; /* By its page; else a set goes no further. */
} queries[] = {
    {OID_GEN_SUPPORTED_LIST, supported_list, false},
    {OID_GEN_MEDIA_SUPPORTED, medium, false},
    {OID_GEN_MEDIA_IN_USE, medium, false},
    {OID_GEN_PHYSICAL_MEDIUM, physical_medium, false},
    {OID_GEN_PHYSICAL_MEDIUM_EX, physical_medium, false},
    {OID_GEN_MAXIMUM_FRAME_SIZE, frame_size, false},
    {OID_GEN_MAXIMUM_LOOKAHEAD, lookahead, false},
    {OID_GEN_MAC_OPTIONS, mac_options, false},
    {OID_GEN_MAX_LINK_SPEED, maximum_link_speed, false},
    {OID_GEN_RECEIVE_SCALE_CAPABILITIES, rss_capabilities, false},
    {OID_802_3_MAXIMUM_LIST_SIZE, maximum_list_size, true},
    {OID_TCP_OFFLOAD_CURRENT_CONFIG, offload_current, false},
    {OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES, offload_hardware, false},
    {OID_PM_CURRENT_CAPABILITIES, pm_capabilities, false},
    {OID_PM_HARDWARE_CAPABILITIES, pm_capabilities, false},
    {OID_GEN_HD_SPLIT_CURRENT_CONFIG, hd_split_config, false},
    {OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, receive_filter_hardware, false},
    {OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, receive_filter_current, false},
    {OID_GEN_MEDIA_CONNECT_STATUS, connect_status, false},
    {OID_GEN_MEDIA_CONNECT_STATUS_EX, connect_state, false},
    {OID_GEN_MEDIA_DUPLEX_STATE, duplex_state, false},
    {OID_GEN_LINK_SPEED, link_speed_in_hundreds, false},
    {OID_GEN_LINK_SPEED_EX, link_speed, false},
    {OID_GEN_XMIT_LINK_SPEED, transmit_speed, false},
    {OID_GEN_RCV_LINK_SPEED, receive_speed, false},
    {OID_GEN_LINK_STATE, link_state, false},
    {OID_GEN_OPERATIONAL_STATUS, oper_status, false},
    {OID_GEN_ADMIN_STATUS, admin_status, true},
    {OID_GEN_PORT_STATE, port_state, false},
    {OID_GEN_DRIVER_VERSION, driver_version, false},
    {OID_GEN_CURRENT_PACKET_FILTER, packet_filter, true},
    {OID_GEN_CURRENT_LOOKAHEAD, current_lookahead, true},
    {OID_802_3_PERMANENT_ADDRESS, permanent_address, false},
    {OID_802_3_CURRENT_ADDRESS, current_address, false},
    {OID_802_3_MULTICAST_LIST, multicast_list, true},
    {OID_GEN_PROMISCUOUS_MODE, promiscuous_mode, true},
    {OID_GEN_MINIPORT_RESTART_ATTRIBUTES, not_requested, false},
};

static bool
refuse_set(const struct binding *binding, const NDIS_OID_REQUEST *request, NDIS_STATUS *out_status)
{
    /* MAC options could be set once, and an NDIS 5 miniport is halted when it fails. */
    if (request->DATA.Oid == OID_GEN_MAC_OPTIONS && binding->adapter->driver->legacy) {
        return false;
    }
    for (size_t i = 0;
         request->RequestType == NdisRequestSetInformation && i < RTL_NUMBER_OF(queries); i++) {
        if (queries[i].oid == request->DATA.Oid && !queries[i].settable) {
            *out_status = NDIS_STATUS_NOT_SUPPORTED;
            return true;
        }
    }
    return false;
}

bool
pndis__oid_answer(struct context *context, struct binding *binding, NDIS_OID_REQUEST *request,
                  NDIS_STATUS *out_status)
{
    NDIS_OID oid = request->DATA.QUERY_INFORMATION.Oid;

    if (!oid_is_query(request)) {
        return refuse_set(binding, request, out_status);
    }
    for (size_t i = 0; i < RTL_NUMBER_OF(queries); i++) {
        struct answer answer;

        if (queries[i].oid != oid) {
            continue;
        }
        memset(&answer, 0, sizeof(answer));
        *out_status = queries[i].answer(context, binding, &answer);
        if (*out_status == NDIS_STATUS_SUCCESS) {
            *out_status = pndis__oid_reply(request, answer.data, answer.bytes);
        }
        free(answer.owned);
        return true;
    }
    return false;
}
