/*
 * OIDs that every binding sets for itself and NDIS combines: the packet filter, the multicast list,
 * the lookahead. The miniport gets the combination; the binding gets the miniport's answer as its
 * own.
 */
#include "ndis/oid.h"

#include "ndis/adapter.h"
#include "ndis/oid_pm.h"
#include "ndis/receive_filter.h"

#include <stdlib.h>

enum { ADDRESS_BYTES = 6 };

/* Have the miniport see @data instead of what the requester has. */
static bool
ask_instead(struct oid_work *work, const void *data, ULONG bytes)
{
    work->buffer = malloc(bytes + 1);
    if (work->buffer == NULL) {
        return false;
    }
    memcpy(work->buffer, data, bytes);
    work->own = *work->request;
    work->own.DATA.SET_INFORMATION.InformationBuffer = work->buffer;
    work->own.DATA.SET_INFORMATION.InformationBufferLength = bytes;
    work->below = &work->own;
    return true;
}

static void
read_all(struct oid_work *work, NDIS_STATUS status)
{
    if (status == NDIS_STATUS_SUCCESS) {
        work->request->DATA.SET_INFORMATION.BytesRead =
            work->request->DATA.SET_INFORMATION.InformationBufferLength;
    }
    work->request->DATA.SET_INFORMATION.BytesNeeded = work->own.DATA.SET_INFORMATION.BytesNeeded;
}

static bool
length_is(NDIS_OID_REQUEST *request, ULONG bytes, NDIS_STATUS *out_status)
{
    if (request->DATA.SET_INFORMATION.InformationBufferLength == bytes) {
        return true;
    }
    request->DATA.SET_INFORMATION.BytesRead = 0;
    request->DATA.SET_INFORMATION.BytesNeeded = bytes;
    *out_status = NDIS_STATUS_INVALID_LENGTH;
    return false;
}

/* Nothing is said about the alignment of the buffer. */
static ULONG
ulong_of(const NDIS_OID_REQUEST *request)
{
    ULONG value;

    memcpy(&value, request->DATA.SET_INFORMATION.InformationBuffer, sizeof(value));
    return value;
}

/* --- packet filter --- */

static NDIS_STATUS
filter_answered(struct oid_work *work, NDIS_STATUS status)
{
    pndis__packet_filter_answered(work->binding, work->setting, work->asked,
                                  status == NDIS_STATUS_SUCCESS, *(const ULONG *)work->buffer);
    read_all(work, status);
    return status;
}

static bool
set_packet_filter(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    NDIS_OID_REQUEST *request = work->request;
    struct pndis_adapter *adapter = work->adapter;
    ULONG supported = adapter->attributes.general.SupportedPacketFilters;
    ULONG filter;

    (void)context;
    if (!length_is(request, sizeof(ULONG), out_status)) {
        return true;
    }
    filter = ulong_of(request);
    supported |= NDIS_PACKET_TYPE_ALL_LOCAL | NDIS_PACKET_TYPE_NO_LOCAL; /* NDIS' own. */
    if ((filter & ~supported) != 0) {
        *out_status = NDIS_STATUS_NOT_SUPPORTED;
        return true;
    }
    work->asked = filter;
    if (!pndis__packet_filter_ask(work->binding, filter, &work->setting, &filter)) {
        read_all(work, NDIS_STATUS_SUCCESS);
        *out_status = NDIS_STATUS_SUCCESS;
        return true;
    }
    work->answered = filter_answered;
    if (!ask_instead(work, &filter, sizeof(filter))) {
        pndis__packet_filter_answered(work->binding, work->setting, work->asked, false, 0);
        *out_status = NDIS_STATUS_RESOURCES;
        return true;
    }
    return false;
}

/* --- multicast list --- */

static NDIS_STATUS
multicast_answered(struct oid_work *work, NDIS_STATUS status)
{
    pndis__multicast_answered(work->binding, work->multicast, status == NDIS_STATUS_SUCCESS);
    read_all(work, status);
    return status;
}

/* Set @addresses for the binding, and then ask the miniport for what all bindings have. */
static bool
change_and_ask(struct context *context, struct oid_work *work, const void *addresses,
               ULONG address_bytes, bool once, NDIS_STATUS *out_status)
{
    struct pndis_adapter *adapter = work->adapter;
    ULONG bytes = adapter->attributes.general.MaxMulticastListSize * ADDRESS_BYTES;
    UCHAR *all = malloc(bytes + 1);
    bool asked = false;

    *out_status = all == NULL ? NDIS_STATUS_RESOURCES
                              : pndis__multicast_set(context, work->binding, addresses,
                                                     address_bytes, once, &work->multicast);
    if (*out_status == NDIS_STATUS_SUCCESS) {
        bytes = pndis__multicast_of_all(adapter, all, bytes);
        asked = ask_instead(work, all, bytes);
        if (!asked) {
            pndis__multicast_answered(work->binding, work->multicast, false);
            *out_status = NDIS_STATUS_RESOURCES;
        }
    }
    free(all);
    if (!asked) {
        return true;
    }
    work->own.DATA.SET_INFORMATION.Oid = OID_802_3_MULTICAST_LIST;
    work->answered = multicast_answered;
    return false;
}

static bool
set_multicast_list(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    NDIS_OID_REQUEST *request = work->request;

    return change_and_ask(context, work, request->DATA.SET_INFORMATION.InformationBuffer,
                          request->DATA.SET_INFORMATION.InformationBufferLength, true, out_status);
}

/* One address more or less: the whole list is set again. "The driver must delete the address the
 * same number of times that it added the address." */
static bool
change_multicast(struct context *context, struct oid_work *work, bool add, NDIS_STATUS *out_status)
{
    const struct multicast_list *old = work->binding->filter.multicast;
    NDIS_OID_REQUEST *request = work->request;
    const UCHAR *address = request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG old_count = old == NULL ? 0 : old->count;
    ULONG used = 0;
    bool deleted = add;
    bool done = true;
    UCHAR *list;

    if (!length_is(request, ADDRESS_BYTES, out_status)) {
        return true;
    }
    list = malloc((size_t)(old_count + 1) * ADDRESS_BYTES);
    if (list == NULL) {
        *out_status = NDIS_STATUS_RESOURCES;
        return true;
    }
    for (ULONG i = 0; i < old_count; i++) {
        if (deleted || memcmp(old->addresses[i], address, ADDRESS_BYTES) != 0) {
            memcpy(list + used, old->addresses[i], ADDRESS_BYTES);
            used += ADDRESS_BYTES;
        } else {
            deleted = true;
        }
    }
    if (add) {
        memcpy(list + used, address, ADDRESS_BYTES);
        used += ADDRESS_BYTES;
    }
    *out_status = NDIS_STATUS_INVALID_DATA;
    if (deleted) {
        done = change_and_ask(context, work, list, used, false, out_status);
    }
    free(list);
    return done;
}

static bool
add_multicast_address(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    return change_multicast(context, work, true, out_status);
}

static bool
delete_multicast_address(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    return change_multicast(context, work, false, out_status);
}

/* --- lookahead --- */

static NDIS_STATUS
lookahead_answered(struct oid_work *work, NDIS_STATUS status)
{
    pndis__lookahead_answered(work->binding, work->setting, work->asked,
                              status == NDIS_STATUS_SUCCESS);
    read_all(work, status);
    return status;
}

/* "NDIS handles unsuccessful set requests": more than the miniport has is refused here. */
static bool
set_lookahead(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    NDIS_OID_REQUEST *request = work->request;
    ULONG lookahead;

    (void)context;
    if (!length_is(request, sizeof(ULONG), out_status)) {
        return true;
    }
    lookahead = ulong_of(request);
    if (lookahead > work->adapter->attributes.general.LookaheadSize) {
        *out_status = NDIS_STATUS_INVALID_DATA;
        return true;
    }
    work->asked = lookahead;
    work->setting = pndis__lookahead_set(work->binding, lookahead);
    lookahead = pndis__lookahead_of_all(work->adapter);
    work->answered = lookahead_answered;
    if (!ask_instead(work, &lookahead, sizeof(lookahead))) {
        pndis__lookahead_answered(work->binding, work->setting, work->asked, false);
        *out_status = NDIS_STATUS_RESOURCES;
        return true;
    }
    return false;
}

/* --- what protocols may not ask --- */

static bool
not_for_protocols(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    (void)context;
    (void)work;
    *out_status = NDIS_STATUS_NOT_SUPPORTED;
    return true;
}

/* "This OID is for protocol drivers": they tell NDIS how they want to be treated. */
static bool
set_protocol_options(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    NDIS_OID_REQUEST *request = work->request;

    (void)context;
    if (!length_is(request, sizeof(ULONG), out_status)) {
        return true;
    }
    work->binding->protocol_options = ulong_of(request);
    read_all(work, NDIS_STATUS_SUCCESS);
    *out_status = NDIS_STATUS_SUCCESS;
    return true;
}

static bool
set_pm_parameters(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    (void)context;
    *out_status = pndis__pm_parameters_set(work);
    return true;
}

static const struct {
    NDIS_OID oid;
    bool (*set)(struct context *context, struct oid_work *work, NDIS_STATUS *out_status);
} sets[] = {
    {OID_GEN_CURRENT_PACKET_FILTER, set_packet_filter},
    {OID_802_3_MULTICAST_LIST, set_multicast_list},
    {OID_802_3_ADD_MULTICAST_ADDRESS, add_multicast_address},
    {OID_802_3_DELETE_MULTICAST_ADDRESS, delete_multicast_address},
    {OID_GEN_CURRENT_LOOKAHEAD, set_lookahead},
    {OID_GEN_PROTOCOL_OPTIONS, set_protocol_options},
    {OID_PM_PARAMETERS, set_pm_parameters},
    /* Power is NDIS' business. */
    {OID_PNP_SET_POWER, not_for_protocols},
    {OID_PNP_QUERY_POWER, not_for_protocols},
};

bool
pndis__oid_combine(struct context *context, struct oid_work *work, NDIS_STATUS *out_status)
{
    NDIS_OID oid = work->request->DATA.SET_INFORMATION.Oid;

    if (work->request->RequestType != NdisRequestSetInformation) {
        return false;
    }
    for (size_t i = 0; i < RTL_NUMBER_OF(sets); i++) {
        if (sets[i].oid == oid) {
            return sets[i].set(context, work, out_status);
        }
    }
    return false;
}
