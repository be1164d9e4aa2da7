#include "support/restart_list.h"

struct found miniport_found;
struct found protocol_found;

void
restart_list_look(struct found *found, NDIS_RESTART_ATTRIBUTES *list)
{
    memset(found, 0, sizeof(*found));
    found->list = list;
    for (NDIS_RESTART_ATTRIBUTES *entry = list; entry != NULL; entry = entry->Next) {
        ULONG bytes = entry->DataLength;

        found->first_oid = found->entries++ == 0 ? entry->Oid : found->first_oid;
        if (entry->Oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
            found->general_length = bytes;
            bytes = bytes < sizeof(found->general) ? bytes : sizeof(found->general);
            memcpy(&found->general, entry->Data, bytes);
            found->scaling_given = found->general.RecvScaleCapabilities != NULL;
            if (found->scaling_given) {
                found->scaling = *found->general.RecvScaleCapabilities;
            }
            memcpy(found->oids, found->general.SupportedOidList,
                   found->general.SupportedOidListLength);
        } else if (entry->Oid == ENTRY_OID) {
            found->extra_length = bytes;
            memcpy(found->extra, entry->Data, bytes < EXTRA_BYTES ? bytes : EXTRA_BYTES);
        }
    }
}

static NDIS_STATUS
restart_protocol_looks(struct opening *opening, PNDIS_PROTOCOL_RESTART_PARAMETERS parameters)
{
    (void)opening;
    restart_list_look(&protocol_found, parameters->RestartAttributes);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
restart_miniport_looks(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)port;
    restart_list_look(&miniport_found, parameters->RestartAttributes);
    return NDIS_STATUS_SUCCESS;
}

void
restart_program(void)
{
    miniport_reset();
    protocol_reset();
    memset(&miniport_found, 0, sizeof(miniport_found));
    memset(&protocol_found, 0, sizeof(protocol_found));
    miniport.on_restart = restart_miniport_looks;
    protocol.on_restart = restart_protocol_looks;
}

void
restart_open(struct world *w, uint64_t seed)
{
    restart_open_with(w, &(struct pndis_machine_options){.seed = seed, .processors = 2});
}

void
restart_open_with(struct world *w, const struct pndis_machine_options *options)
{
    world_open_with(w, options);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    world_add_client(w);
    expect_state(w, "Running");
}

void
restart_again(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
}

void
restart_under_seeds(void (*prepare)(void), void (*test)(struct world *w))
{
    for (unsigned seed = 0; seed < world_seeds(RESTART_SEEDS); seed++) {
        struct world w;

        restart_program();
        if (prepare != NULL) {
            prepare();
        }
        restart_open(&w, seed);
        test(&w);
        world_close(&w);
    }
}

NDIS_RESTART_ATTRIBUTES *
restart_entry_new(struct port *port, NDIS_OID oid, ULONG bytes, UCHAR fill)
{
    NDIS_RESTART_ATTRIBUTES *entry = NdisAllocateMemoryWithTagPriority(
        port->handle, FIELD_OFFSET(NDIS_RESTART_ATTRIBUTES, Data) + bytes, RESTART_TAG,
        NormalPoolPriority);

    if (entry != NULL) {
        entry->Next = NULL;
        entry->Oid = oid;
        entry->DataLength = bytes;
        memset(entry->Data, fill, bytes);
    }
    return entry;
}

NDIS_RESTART_ATTRIBUTES **
restart_last_link(PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_ATTRIBUTES **link = &parameters->RestartAttributes;

    while (*link != NULL) {
        link = &(*link)->Next;
    }
    return link;
}

NDIS_RESTART_GENERAL_ATTRIBUTES *
restart_general_of(PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    return (NDIS_RESTART_GENERAL_ATTRIBUTES *)parameters->RestartAttributes->Data;
}

NDIS_STATUS
restart_edit(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_GENERAL_ATTRIBUTES *general = restart_general_of(parameters);

    (void)port;
    general->MtuSize = 1400;
    general->MaxXmitLinkSpeed = 3000000000;
    general->MaxRcvLinkSpeed = 2000000000;
    general->MaxMulticastListSize = 9;
    general->MacOptions |= NDIS_MAC_OPTION_8021Q_VLAN;
    return NDIS_STATUS_SUCCESS;
}

static void
expect_ulong(struct world *w, NDIS_OID oid, ULONG expected)
{
    ULONG value = ~expected;

    expect(w, pndis_client_query(w->client, oid, &value, sizeof(value), NULL, NULL) == 0);
    expect(w, value == expected);
}

static bool
lists(const NDIS_OID *oids, size_t bytes, NDIS_OID oid)
{
    for (size_t i = 0; i < bytes / sizeof(*oids); i++) {
        if (oids[i] == oid) {
            return true;
        }
    }
    return false;
}

/* "NDIS filters any supported statistics OIDs out of the list" of OID_GEN_SUPPORTED_LIST. */
static bool
is_statistics(NDIS_OID oid)
{
    return oid == OID_GEN_STATISTICS || oid == OID_GEN_XMIT_OK || oid == OID_GEN_RCV_OK;
}

/* "Agreement with the OIDs": each field against the OID that its page names. */
void
restart_expect_oids_agree(struct world *w)
{
    const NDIS_RESTART_GENERAL_ATTRIBUTES *general = &protocol_found.general;
    NDIS_RECEIVE_SCALE_CAPABILITIES scaling = {0};
    NDIS_LINK_SPEED speed;
    NDIS_OID oids[OID_LIMIT] = {0};
    size_t bytes;

    expect_ulong(w, OID_GEN_MAXIMUM_FRAME_SIZE, general->MtuSize);
    expect_ulong(w, OID_GEN_MAC_OPTIONS, general->MacOptions);
    expect_ulong(w, OID_802_3_MAXIMUM_LIST_SIZE, general->MaxMulticastListSize);
    expect(w, pndis_client_query(w->client, OID_GEN_MAX_LINK_SPEED, &speed, sizeof(speed), NULL,
                                 NULL) == 0);
    expect(w, speed.XmitLinkSpeed == general->MaxXmitLinkSpeed / 100 ||
                  speed.XmitLinkSpeed == general->MaxXmitLinkSpeed);
    expect(w, pndis_client_query(w->client, OID_GEN_SUPPORTED_LIST, oids, sizeof(oids), &bytes,
                                 NULL) == 0);
    for (size_t i = 0; i < general->SupportedOidListLength / sizeof(NDIS_OID); i++) {
        expect(w,
               lists(oids, bytes, protocol_found.oids[i]) || is_statistics(protocol_found.oids[i]));
    }
    for (size_t i = 0; i < bytes / sizeof(NDIS_OID); i++) {
        expect(w, lists(protocol_found.oids, general->SupportedOidListLength, oids[i]));
    }
    expect(w, pndis_client_query(w->client, OID_GEN_RECEIVE_SCALE_CAPABILITIES, &scaling,
                                 sizeof(scaling), NULL, NULL) == 0 ||
                  general->RecvScaleCapabilities->NumberOfReceiveQueues == 0);
    expect(w, scaling.NumberOfReceiveQueues == protocol_found.scaling.NumberOfReceiveQueues);
}

NDIS_STATUS
restart_add(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_ATTRIBUTES *entry = restart_entry_new(port, ENTRY_OID, EXTRA_BYTES, 0x5a);

    if (entry == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    *restart_last_link(parameters) = entry;
    return NDIS_STATUS_SUCCESS;
}

/* The adapter holds the same after a restart as before it: the entries are freed, once. */
void
restart_holds_nothing(struct world *w)
{
    size_t holdings = pndis_adapter_holdings(w->adapter);

    restart_again(w);
    world_expect_clean(w);
    expect(w, pndis_adapter_holdings(w->adapter) == holdings);
}

NDIS_STATUS
restart_add_in_front(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_ATTRIBUTES *entry = restart_entry_new(port, ENTRY_OID, EXTRA_BYTES, 0x11);

    if (entry == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    entry->Next = parameters->RestartAttributes;
    parameters->RestartAttributes = entry;
    return NDIS_STATUS_SUCCESS;
}

/* "If it requires more memory space, it can free the structure and allocate a new one." */
NDIS_STATUS
restart_enlarge(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_ATTRIBUTES *old = parameters->RestartAttributes;
    NDIS_RESTART_ATTRIBUTES *larger =
        restart_entry_new(port, old->Oid, old->DataLength + EXTRA_BYTES, 0);

    if (larger == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    memcpy(larger->Data, old->Data, old->DataLength);
    larger->Next = old->Next;
    parameters->RestartAttributes = larger;
    NdisFreeMemory(old, 0, 0);
    restart_general_of(parameters)->MtuSize = 1300;
    return NDIS_STATUS_SUCCESS;
}
