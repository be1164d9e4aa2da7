/*
 * The list of NDIS_RESTART_ATTRIBUTES: what it holds, and what drivers may do to it.
 * NDIS_RESTART_ATTRIBUTES, NDIS_RESTART_GENERAL_ATTRIBUTES, MINIPORT_RESTART, "Restarting a
 * Binding". Restarts that fail and lists that are broken are in restart_failures.c.
 */
#include "support/restart_list.h"

/* --- the first entry --- */

struct version {
    ULONG version;
    UCHAR revision;
};

/* "Revision 1: NDIS 6.0 and 6.1. Revision 2 adds MaxLookaheadSizeAccessed for NDIS 6.20." */
static void
the_general_attributes_come_first_in_the_revision_of_the_driver(void **state)
{
    static const struct version versions[] = {
        {0x00060000, 1}, {0x00060001, 1}, {0x00060014, 2}, {0x0006001E, 2},
        {0x00060028, 2}, {0x00060032, 2}, {0x00060050, 2}, {0x00060059, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        USHORT size = versions[i].revision == 1 ? NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_1
                                                : NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2;
        struct world w;

        restart_program();
        miniport.version = versions[i].version;
        restart_open(&w, 0);
        expect(&w, miniport_found.first_oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES);
        expect(&w,
               miniport_found.general.Header.Type == NDIS_OBJECT_TYPE_RESTART_GENERAL_ATTRIBUTES);
        expect(&w, miniport_found.general.Header.Revision == versions[i].revision);
        expect(&w, miniport_found.general.Header.Size == size);
        expect(&w, miniport_found.general_length == size);
        world_close(&w);
    }
}

static const NDIS_RECEIVE_SCALE_CAPABILITIES no_scaling;

static NDIS_OID special_oids[] = {OID_GEN_STATISTICS, OID_802_3_PERMANENT_ADDRESS,
                                  OID_802_3_CURRENT_ADDRESS};

static void
register_unusual_values(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general)
{
    general->MtuSize = 4096;
    general->MaxXmitLinkSpeed = 40000000000;
    general->MaxRcvLinkSpeed = 25000000000;
    general->LookaheadSize = 512;
    general->MacOptions |= NDIS_MAC_OPTION_8021P_PRIORITY;
    general->SupportedPacketFilters |= NDIS_PACKET_TYPE_ALL_LOCAL;
    general->MaxMulticastListSize = 77;
    general->DataBackFillSize = 40;
    general->ContextBackFillSize = 32;
    general->AccessType = NET_IF_ACCESS_POINT_TO_POINT;
    general->ConnectionType = NET_IF_CONNECTION_PASSIVE;
    general->SupportedStatistics = NDIS_STATISTICS_XMIT_ERROR_SUPPORTED;
    general->SupportedOidList = special_oids;
    general->SupportedOidListLength = sizeof(special_oids);
}

static void
prepare_unusual(void)
{
    miniport.edit_general = register_unusual_values;
}

static void
expect_unusual(struct world *w, const NDIS_RESTART_GENERAL_ATTRIBUTES *general)
{
    expect(w, general->MtuSize == 4096);
    expect(w, general->MaxXmitLinkSpeed == 40000000000);
    expect(w, general->MaxRcvLinkSpeed == 25000000000);
    expect(w, general->LookaheadSize == 512);
    expect(w, general->MacOptions & NDIS_MAC_OPTION_8021P_PRIORITY);
    expect(w, general->SupportedPacketFilters & NDIS_PACKET_TYPE_ALL_LOCAL);
    expect(w, general->MaxMulticastListSize == 77);
    expect(w, general->DataBackFillSize == 40 && general->ContextBackFillSize == 32);
    expect(w, general->AccessType == NET_IF_ACCESS_POINT_TO_POINT);
    expect(w, general->ConnectionType == NET_IF_CONNECTION_PASSIVE);
    expect(w, general->SupportedStatistics == NDIS_STATISTICS_XMIT_ERROR_SUPPORTED);
    expect(w, general->SupportedOidListLength == sizeof(special_oids));
}

static void
see_unusual(struct world *w)
{
    expect_unusual(w, &miniport_found.general);
    expect_unusual(w, &protocol_found.general);
    expect(w, miniport_found.list == protocol_found.list);
    expect(w, miniport_found.entries == 1 && protocol_found.entries == 1);
    /* "... a pointer to a structure that is filled with zeros." */
    expect(w, miniport_found.scaling_given && protocol_found.scaling_given);
    expect(w, memcmp(&miniport_found.scaling, &no_scaling, sizeof(no_scaling)) == 0);
}

static void
every_driver_is_handed_what_the_miniport_registered(void **state)
{
    (void)state;
    restart_under_seeds(prepare_unusual, see_unusual);
}

static NDIS_RECEIVE_SCALE_CAPABILITIES capabilities = {
    .Header = {NDIS_OBJECT_TYPE_RSS_CAPABILITIES, NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1,
               NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1},
    .CapabilitiesFlags = NDIS_RSS_CAPS_MESSAGE_SIGNALED_INTERRUPTS |
                         NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4 | NdisHashFunctionToeplitz,
    .NumberOfInterruptMessages = 5,
    .NumberOfReceiveQueues = 4,
};

static void
register_scaling(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general)
{
    general->RecvScaleCapabilities = &capabilities;
}

static void
prepare_scaling(void)
{
    miniport.edit_general = register_scaling;
}

static void
see_scaling(struct world *w)
{
    expect(w, protocol_found.scaling.NumberOfReceiveQueues == 4);
    expect(w, protocol_found.scaling.NumberOfInterruptMessages == 5);
    expect(w, protocol_found.scaling.CapabilitiesFlags == capabilities.CapabilitiesFlags);
}

static void
rss_capabilities_are_in_the_list(void **state)
{
    (void)state;
    restart_under_seeds(prepare_scaling, see_scaling);
}

/* --- no list --- */

static void
step_through(struct world *w)
{
    restart_list_look(&miniport_found, (NDIS_RESTART_ATTRIBUTES *)NULL);
    miniport_found.entries = 99;
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    expect(w, miniport_found.list == NULL && miniport_found.entries == 0);
}

static void
a_restart_of_the_adapter_alone_has_no_list(void **state)
{
    (void)state;
    restart_under_seeds(NULL, step_through);
}

/* --- what drivers do to the list --- */

static void
edited(struct world *w)
{
    restart_expect_oids_agree(w);
    miniport.on_restart = restart_edit;
    restart_again(w);
    expect(w, protocol_found.general.MtuSize == 1400);
    expect(w, protocol_found.general.MaxXmitLinkSpeed == 3000000000);
    expect(w, protocol_found.general.MaxMulticastListSize == 9);
    restart_expect_oids_agree(w);
    /* The next list is built from what the miniport registered and has said since. */
    miniport.on_restart = restart_miniport_looks;
    restart_again(w);
    expect(w, protocol_found.general.MtuSize == miniport_found.general.MtuSize);
    restart_expect_oids_agree(w);
}

static void
a_driver_may_edit_any_general_field_and_the_oids_agree(void **state)
{
    (void)state;
    restart_under_seeds(NULL, edited);
    restart_under_seeds(prepare_unusual, edited);
    restart_under_seeds(prepare_scaling, edited);
}

static void
added(struct world *w)
{
    miniport.on_restart = restart_add;
    restart_holds_nothing(w);
    expect(w, protocol_found.entries == 2);
    expect(w, protocol_found.extra_length == EXTRA_BYTES);
    expect(w, protocol_found.extra[0] == 0x5a && protocol_found.extra[EXTRA_BYTES - 1] == 0x5a);
}

static void
a_driver_may_add_an_entry_that_ndis_frees(void **state)
{
    (void)state;
    restart_under_seeds(NULL, added);
}

static void
added_in_front(struct world *w)
{
    miniport.on_restart = restart_add_in_front;
    restart_holds_nothing(w);
    expect(w, protocol_found.entries == 2 && protocol_found.first_oid == ENTRY_OID);
    expect(w, protocol_found.general.MtuSize == PORT_MTU);
}

static void
an_entry_may_be_added_at_the_head_of_the_list(void **state)
{
    (void)state;
    restart_under_seeds(NULL, added_in_front);
}

static void
enlarged(struct world *w)
{
    miniport.on_restart = restart_enlarge;
    restart_holds_nothing(w);
    expect(w, protocol_found.entries == 1);
    expect(w, protocol_found.general.MtuSize == 1300);
    expect(w, protocol_found.general_length ==
                  NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2 + EXTRA_BYTES);
    restart_expect_oids_agree(w);
}

static void
an_entry_may_be_replaced_by_a_larger_one(void **state)
{
    (void)state;
    restart_under_seeds(NULL, enlarged);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_general_attributes_come_first_in_the_revision_of_the_driver),
        cmocka_unit_test(every_driver_is_handed_what_the_miniport_registered),
        cmocka_unit_test(rss_capabilities_are_in_the_list),
        cmocka_unit_test(a_restart_of_the_adapter_alone_has_no_list),
        cmocka_unit_test(a_driver_may_edit_any_general_field_and_the_oids_agree),
        cmocka_unit_test(a_driver_may_add_an_entry_that_ndis_frees),
        cmocka_unit_test(an_entry_may_be_added_at_the_head_of_the_list),
        cmocka_unit_test(an_entry_may_be_replaced_by_a_larger_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
