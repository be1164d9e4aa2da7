/* What an NDIS 6 miniport tells in its general attributes, asked of an NDIS 5 one in OIDs. */
#include "ndis5/ndis5.h"

#include <stdlib.h>

enum {
    ADDRESS_BYTES = 6,
    DEFAULT_MTU = 1500,
    DEFAULT_LOOKAHEAD = 256,
    UNITS_OF_LINK_SPEED = 100,
};

/* NDIS filters itself what a miniport lets through too much of, so there is no OID that asks. */
static const ULONG packet_filters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                                    NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_BROADCAST |
                                    NDIS_PACKET_TYPE_PROMISCUOUS;

static ULONG
number(struct context *context, struct miniport5 *miniport, NDIS_OID oid, ULONG otherwise)
{
    ULONG value = 0;

    return pndis__n5_query(context, miniport, oid, &value, sizeof(value), NULL) ==
                   NDIS_STATUS_SUCCESS
               ? value
               : otherwise;
}

/* What NDIS answers from other OIDs. Those of task offload only where the driver has tasks. */
static const NDIS_OID ndis_oids[] = {OID_GEN_STATISTICS, OID_TCP_OFFLOAD_PARAMETERS,
                                     OID_OFFLOAD_ENCAPSULATION};

/* The driver's list, and what NDIS adds to it; NULL: no list. */
static NDIS_OID *
oid_list(struct context *context, struct miniport5 *miniport, ULONG *out_bytes)
{
    NDIS_OID *list = NULL;
    ULONG bytes = 0;
    ULONG added = miniport->offload.offered ? sizeof(ndis_oids) : sizeof(ndis_oids[0]);

    /* The first query tells how long the list is. */
    pndis__n5_query(context, miniport, OID_GEN_SUPPORTED_LIST, NULL, 0, &bytes);
    bytes = bytes / sizeof(NDIS_OID) * sizeof(NDIS_OID);
    if (bytes == 0 || bytes > MAXUSHORT) {
        return NULL;
    }
    list = calloc(1, bytes + added);
    if (list == NULL || pndis__n5_query(context, miniport, OID_GEN_SUPPORTED_LIST, list, bytes,
                                        NULL) != NDIS_STATUS_SUCCESS) {
        free(list);
        return NULL;
    }
    memcpy(list + bytes / sizeof(NDIS_OID), ndis_oids, added);
    *out_bytes = bytes + added;
    return list;
}

static void
fill_link(struct context *context, struct miniport5 *miniport,
          NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general)
{
    ULONG64 speed = (ULONG64)number(context, miniport, OID_GEN_LINK_SPEED, 0) * UNITS_OF_LINK_SPEED;
    bool connected = number(context, miniport, OID_GEN_MEDIA_CONNECT_STATUS,
                            NdisMediaStateConnected) == NdisMediaStateConnected;

    /* Its interrupts may tell of a change already. */
    __atomic_store_n(&miniport->link_speed, speed, __ATOMIC_SEQ_CST);
    __atomic_store_n(&miniport->connected, connected, __ATOMIC_SEQ_CST);
    general->MaxXmitLinkSpeed = general->MaxRcvLinkSpeed = speed;
    general->XmitLinkSpeed = general->RcvLinkSpeed = speed;
    general->MediaConnectState =
        connected ? MediaConnectStateConnected : MediaConnectStateDisconnected;
    general->MediaDuplexState = MediaDuplexStateUnknown;
}

static NDIS_STATUS
fill_addresses(struct context *context, struct miniport5 *miniport,
               NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general)
{
    NDIS_STATUS status = pndis__n5_query(context, miniport, OID_802_3_CURRENT_ADDRESS,
                                         general->CurrentMacAddress, ADDRESS_BYTES, NULL);

    general->MacAddressLength = ADDRESS_BYTES;
    if (status == NDIS_STATUS_SUCCESS &&
        pndis__n5_query(context, miniport, OID_802_3_PERMANENT_ADDRESS,
                        general->PermanentMacAddress, ADDRESS_BYTES, NULL) != status) {
        memcpy(general->PermanentMacAddress, general->CurrentMacAddress, ADDRESS_BYTES);
    }
    return status;
}

static void
fill_numbers(struct context *context, struct miniport5 *miniport,
             NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general)
{
    general->PhysicalMediumType = (NDIS_PHYSICAL_MEDIUM)number(
        context, miniport, OID_GEN_PHYSICAL_MEDIUM, NdisPhysicalMediumUnspecified);
    general->MtuSize = number(context, miniport, OID_GEN_MAXIMUM_FRAME_SIZE, DEFAULT_MTU);
    general->LookaheadSize =
        number(context, miniport, OID_GEN_MAXIMUM_LOOKAHEAD, DEFAULT_LOOKAHEAD);
    general->MacOptions = number(context, miniport, OID_GEN_MAC_OPTIONS, 0);
    general->MaxMulticastListSize = number(context, miniport, OID_802_3_MAXIMUM_LIST_SIZE, 0);
    general->SupportedPacketFilters = packet_filters;
    if (miniport->serialized) {
        pndis__send_limit(miniport,
                          number(context, miniport, OID_GEN_MAXIMUM_SEND_PACKETS, MAXULONG));
    }
}

NDIS_STATUS
pndis__n5_general_attributes(struct context *context, struct miniport5 *miniport,
                             NDIS_MEDIUM medium)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &attributes.GeneralAttributes;
    NDIS_PNP_CAPABILITIES power;
    NDIS_STATUS status;

    memset(&attributes, 0, sizeof(attributes));
    memset(&power, 0, sizeof(power));
    general->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    general->Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    general->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    general->MediaType = medium;
    general->AccessType = NET_IF_ACCESS_BROADCAST;
    general->DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    general->ConnectionType = NET_IF_CONNECTION_DEDICATED;
    general->IfType = IF_TYPE_ETHERNET_CSMACD;
    general->IfConnectorPresent = TRUE;
    status = fill_addresses(context, miniport, general);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    fill_numbers(context, miniport, general);
    fill_link(context, miniport, general);
    if (pndis__n5_query(context, miniport, OID_PNP_CAPABILITIES, &power, sizeof(power), NULL) ==
        NDIS_STATUS_SUCCESS) {
        general->PowerManagementCapabilities = &power;
    }
    pndis__n5_offload_learn(context, miniport);
    general->SupportedOidList = oid_list(context, miniport, &general->SupportedOidListLength);
    status = NdisMSetMiniportAttributes(&miniport->adapter->handle, &attributes);
    free(general->SupportedOidList);
    return status;
}
