/*
 * The OIDs that NDIS answers for NDIS 6 miniports, from their attributes, their status indications
 * and its own state. The pages of these OIDs say "NDIS handles this OID" or "Not requested".
 */
#include "ndis/oid.h"

#include "ndis/adapter.h"
#include "ndis/oid_memory.h"
#include "ndis/oid_pm.h"
#include "ndis/port.h"
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
    NDIS_PM_PARAMETERS pm_parameters;
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
pm_parameters(struct context *context, struct binding *binding, struct answer *answer)
{
    NDIS_PM_PARAMETERS *all = &answer->storage.pm_parameters;

    (void)context;
    pndis__pm_parameters_combined(binding->adapter, all);
    return bytes_at(answer, all, all->Header.Size);
}

/* "NumberOfPorts contains the number of active ports [...]." */
static NDIS_STATUS
ports(struct context *context, struct binding *binding, struct answer *answer)
{
    NDIS_PORT_ARRAY *array;
    ULONG bytes = pndis__ports_describe(binding->adapter, &array);

    (void)context;
    answer->owned = array;
    return array == NULL ? NDIS_STATUS_RESOURCES : bytes_at(answer, array, bytes);
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
    {OID_802_3_MAXIMUM_LIST_SIZE, maximum_list_size, true},
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
    {OID_GEN_ENUMERATE_PORTS, ports, false},
    {OID_PM_PARAMETERS, pm_parameters, true},
    {OID_GEN_DRIVER_VERSION, driver_version, false},
    {OID_GEN_CURRENT_PACKET_FILTER, packet_filter, true},
    {OID_GEN_CURRENT_LOOKAHEAD, current_lookahead, true},
    {OID_802_3_PERMANENT_ADDRESS, permanent_address, false},
    {OID_802_3_CURRENT_ADDRESS, current_address, false},
    {OID_802_3_MULTICAST_LIST, multicast_list, true},
    {OID_GEN_PROMISCUOUS_MODE, promiscuous_mode, true},
};

/* Structures of the attributes that are answered as the miniport gave them. */
static const struct {
    NDIS_OID oid;
    size_t offset;
} structures[] = {
#define STRUCTURE(oid, member)                                                                     \
    {                                                                                              \
        oid, offsetof(struct attributes, member)                                                   \
    }
    STRUCTURE(OID_GEN_RECEIVE_SCALE_CAPABILITIES, rss),
    STRUCTURE(OID_TCP_OFFLOAD_CURRENT_CONFIG, offload_default),
    STRUCTURE(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES, offload_hardware),
    STRUCTURE(OID_PM_CURRENT_CAPABILITIES, pm),
    STRUCTURE(OID_PM_HARDWARE_CAPABILITIES, pm),
    STRUCTURE(OID_GEN_HD_SPLIT_CURRENT_CONFIG, hd_split),
    STRUCTURE(OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, receive_filter_hardware),
    STRUCTURE(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, receive_filter_current),
    STRUCTURE(OID_NIC_SWITCH_HARDWARE_CAPABILITIES, nic_switch_hardware),
    STRUCTURE(OID_NIC_SWITCH_CURRENT_CAPABILITIES, nic_switch_current),
    STRUCTURE(OID_SRIOV_HARDWARE_CAPABILITIES, sriov_hardware),
    STRUCTURE(OID_SRIOV_CURRENT_CAPABILITIES, sriov_current),
    STRUCTURE(OID_QOS_HARDWARE_CAPABILITIES, qos_hardware),
    STRUCTURE(OID_QOS_CURRENT_CAPABILITIES, qos_current),
#undef STRUCTURE
};

/*
 * Never asked of a miniport, and nothing that pndis models: NDIS would answer some of them from
 * what its own users of virtual functions, queues and traffic classes had set up; the rest is "for
 * NDIS interface providers only" or, of a set, for protocols.
 */
static const NDIS_OID not_requested[] = {
    OID_GEN_MINIPORT_RESTART_ATTRIBUTES,
    OID_GEN_ALIAS,
    OID_GEN_DISCONTINUITY_TIME,
    OID_GEN_INTERFACE_INFO,
    OID_GEN_LAST_CHANGE,
    OID_GEN_UNKNOWN_PROTOS,
    OID_GEN_RCV_CRC_ERROR,
    OID_GEN_PCI_DEVICE_CUSTOM_PROPERTIES,
    OID_NIC_SWITCH_ENUM_SWITCHES,
    OID_NIC_SWITCH_ENUM_VFS,
    OID_NIC_SWITCH_ENUM_VPORTS,
    OID_NIC_SWITCH_VF_PARAMETERS,
    OID_RECEIVE_FILTER_ENUM_FILTERS,
    OID_RECEIVE_FILTER_ENUM_QUEUES,
    OID_RECEIVE_FILTER_PARAMETERS,
    OID_SRIOV_PF_LUID,
    OID_SRIOV_VF_SERIAL_NUMBER,
    OID_QOS_OPERATIONAL_PARAMETERS,
    OID_QOS_REMOTE_PARAMETERS,
    OID_QOS_OFFLOAD_HARDWARE_CAPABILITIES,
    OID_QOS_OFFLOAD_CURRENT_CAPABILITIES,
};

static bool
is_not_requested(const struct binding *binding, NDIS_OID oid)
{
    /* Of NDIS 5 miniports some were asked. */
    for (size_t i = binding->adapter->driver->legacy ? RTL_NUMBER_OF(not_requested) : 0;
         i < RTL_NUMBER_OF(not_requested); i++) {
        if (not_requested[i] == oid) {
            return true;
        }
    }
    return false;
}

/* The structure of @binding's adapter that @oid asks for; NULL: it asks for none. */
static const NDIS_OBJECT_HEADER *
structure_of(const struct binding *binding, NDIS_OID oid)
{
    for (size_t i = 0; i < RTL_NUMBER_OF(structures); i++) {
        if (structures[i].oid == oid) {
            return (const NDIS_OBJECT_HEADER *)((const char *)&binding->adapter->attributes +
                                                structures[i].offset);
        }
    }
    return NULL;
}

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
    *out_status = NDIS_STATUS_NOT_SUPPORTED;
    return request->RequestType == NdisRequestSetInformation &&
           structure_of(binding, request->DATA.Oid) != NULL;
}

bool
pndis__oid_answer(struct context *context, struct binding *binding, NDIS_OID_REQUEST *request,
                  NDIS_STATUS *out_status)
{
    NDIS_OID oid = request->DATA.QUERY_INFORMATION.Oid;
    const NDIS_OBJECT_HEADER *structure = structure_of(binding, oid);

    if (is_not_requested(binding, oid)) {
        *out_status = NDIS_STATUS_NOT_SUPPORTED;
        return true;
    }
    if (!oid_is_query(request)) {
        return refuse_set(binding, request, out_status);
    }
    if (structure != NULL) {
        *out_status = structure->Size == 0 ? NDIS_STATUS_NOT_SUPPORTED
                                           : pndis__oid_reply(request, structure, structure->Size);
        return true;
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
    return pndis__oid_recall(binding->adapter, request, out_status);
}
