/* OID requests: what the driver answers and what it does when it is told. */
#include "virtio_net/net_world.h"

static int
set_number(struct net_world *n, uint32_t oid, uint32_t value)
{
    int status = 0;

    pndis_client_set(n->clients[0], oid, &value, sizeof(value), &status);
    return status;
}

static uint32_t
query_number(struct net_world *n, uint32_t oid)
{
    uint32_t value = 0;

    expect_net(n, pndis_client_query(n->clients[0], oid, &value, sizeof(value), NULL, NULL) == 0);
    return value;
}

static NDIS_STATISTICS_INFO
query_statistics(struct net_world *n, unsigned side)
{
    NDIS_STATISTICS_INFO info;

    memset(&info, 0, sizeof(info));
    expect_net(n, pndis_client_query(n->clients[side], OID_GEN_STATISTICS, &info, sizeof(info),
                                     NULL, NULL) == 0);
    return info;
}

/* Every OID in the list of supported ones can be queried or set. */
static void
supported_oids_are_supported(void **state)
{
    NDIS_OID oids[128];
    struct net_world n;
    size_t bytes;

    (void)state;
    net_running(&n, &(struct net_options){0});
    expect_net(&n, pndis_client_query(n.clients[0], OID_GEN_SUPPORTED_LIST, oids, sizeof(oids),
                                      &bytes, NULL) == 0);
    assert_true(bytes > 16 * sizeof(NDIS_OID));
    for (size_t i = 0; i < bytes / sizeof(NDIS_OID); i++) {
        uint8_t answer[1024];
        int query_status = 0;
        int set_status = 0;

        if (oids[i] == OID_PNP_SET_POWER || oids[i] == OID_PNP_QUERY_POWER) {
            continue; /* NDIS' own. */
        }
        pndis_client_query(n.clients[0], oids[i], answer, sizeof(answer), NULL, &query_status);
        memset(answer, 0, sizeof(answer));
        pndis_client_set(n.clients[0], oids[i], answer, 2, &set_status);
        if (query_status == (int)NDIS_STATUS_NOT_SUPPORTED &&
            set_status == (int)NDIS_STATUS_NOT_SUPPORTED) {
            fail_msg("OID 0x%08x is in the list and is not supported", oids[i]);
        }
    }
    expect_net(&n, query_number(&n, OID_GEN_MAXIMUM_TOTAL_SIZE) == 1514);
    expect_net(&n, query_number(&n, OID_GEN_MAXIMUM_FRAME_SIZE) == 1500);
    net_close(&n);
}

static void
statistics_count_frames(void **state)
{
    struct net_world n;
    NDIS_STATISTICS_INFO sent;
    NDIS_STATISTICS_INFO received;
    uint8_t frame[200];

    (void)state;
    net_running(&n, &(struct net_options){0});
    net_send(&n, 0, 0, 10, 100, 3);
    make_frame_bytes(frame, sizeof(frame), 1);
    expect_net(&n, pndis_client_send(n.clients[0], frame, sizeof(frame)) == 0);
    net_wait_received(&n, 1, 11);
    net_wait_completed(&n, 0);
    world_settle(&n.w);
    sent = query_statistics(&n, 0);
    received = query_statistics(&n, 1);
    expect_net(&n, sent.ifHCOutUcastPkts == 10 && sent.ifHCOutUcastOctets == 1000);
    expect_net(&n, sent.ifHCOutBroadcastPkts == 1 && sent.ifHCOutBroadcastOctets == 200);
    expect_net(&n, sent.ifHCOutOctets == 1200 && sent.ifOutErrors == 0);
    expect_net(&n, received.ifHCInUcastPkts == 10 && received.ifHCInUcastOctets == 1000);
    expect_net(&n, received.ifHCInBroadcastPkts == 1 && received.ifHCInOctets == 1200);
    expect_net(&n, query_number(&n, OID_GEN_XMIT_OK) == 11);
    net_close(&n);
}

/* --- filters --- */

static void
send_to(struct net_world *n, const uint8_t *destination)
{
    uint8_t frame[80];

    net_frame(n, 1, frame, sizeof(frame), 1);
    memcpy(frame, destination, 6);
    expect_net(n, pndis_client_send(n->clients[1], frame, sizeof(frame)) == 0);
    net_wait_completed(n, 1);
    world_settle(&n->w);
}

static bool
gets(struct net_world *n, const char *destination)
{
    uint64_t before = net_counts(n, 0).received;

    send_to(n, (const uint8_t *)destination);
    return net_counts(n, 0).received > before;
}

static void
the_packet_filter_is_obeyed(void **state)
{
    static const char list[] = "\x01\x00\x5e\x00\x00\x01\x33\x33\x00\x00\x00\x05";

    (void)state;
    for (unsigned control = 0; control < 2; control++) {
        char own[6];
        struct net_world n;

        /* The driver filters by itself where the device cannot be told. */
        net_running(&n,
                    &(struct net_options){.nic = {.features_off = control == 0 ? 0 : 1ull << 18}});
        memcpy(own, net_info(&n, 0).mac, sizeof(own));
        expect_net(&n, set_number(&n, OID_GEN_CURRENT_PACKET_FILTER, 0) == 0);
        expect_net(&n, !gets(&n, own) && !gets(&n, "\xff\xff\xff\xff\xff\xff"));
        expect_net(&n,
                   set_number(&n, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_DIRECTED) == 0);
        expect_net(&n, gets(&n, own) && !gets(&n, "\xff\xff\xff\xff\xff\xff"));
        expect_net(&n, !gets(&n, "\x02\x00\x00\x00\x00\x77"));
        expect_net(&n, set_number(&n, OID_GEN_CURRENT_PACKET_FILTER,
                                  NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST |
                                      NDIS_PACKET_TYPE_MULTICAST) == 0);
        expect_net(&n, gets(&n, "\xff\xff\xff\xff\xff\xff"));
        expect_net(&n, !gets(&n, "\x01\x00\x5e\x00\x00\x01"));
        expect_net(&n,
                   pndis_client_set(n.clients[0], OID_802_3_MULTICAST_LIST, list, 12, NULL) == 0);
        expect_net(&n, gets(&n, "\x01\x00\x5e\x00\x00\x01"));
        expect_net(&n, gets(&n, "\x33\x33\x00\x00\x00\x05"));
        expect_net(&n, !gets(&n, "\x01\x00\x5e\x00\x00\x02"));
        expect_net(
            &n, set_number(&n, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_ALL_MULTICAST) == 0);
        expect_net(&n, gets(&n, "\x01\x00\x5e\x00\x00\x02") && !gets(&n, own));
        expect_net(
            &n, set_number(&n, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_PROMISCUOUS) == 0);
        expect_net(&n, gets(&n, own) && gets(&n, "\x02\x00\x00\x00\x00\x77"));
        /* A reset changes none of it. */
        expect_net(&n, pndis_adapter_reset(n.adapters[0]) == 0);
        expect_net(&n, gets(&n, own) && gets(&n, "\x02\x00\x00\x00\x00\x77"));
        net_close(&n);
    }
}

static void
nonsense_is_refused(void **state)
{
    struct net_world n;
    uint8_t list[1600] = {1};
    int status;

    (void)state;
    net_running(&n, &(struct net_options){0});
    assert_int_not_equal(set_number(&n, OID_GEN_CURRENT_PACKET_FILTER, 0x80000000), 0);
    assert_int_not_equal(set_number(&n, OID_GEN_CURRENT_LOOKAHEAD, 100000), 0);
    assert_int_not_equal(set_number(&n, OID_GEN_VLAN_ID, 5000), 0);
    pndis_client_set(n.clients[0], OID_802_3_MULTICAST_LIST, list, 7, &status);
    assert_int_not_equal(status, 0);
    pndis_client_set(n.clients[0], OID_TCP_OFFLOAD_PARAMETERS, list, 4, &status);
    assert_int_not_equal(status, 0);
    pndis_client_set(n.clients[0], OID_GEN_RECEIVE_SCALE_PARAMETERS, list, 8, &status);
    assert_int_not_equal(status, 0);
    pndis_client_query(n.clients[0], 0x7f123456, list, sizeof(list), NULL, &status);
    assert_int_equal(status, (int)NDIS_STATUS_NOT_SUPPORTED);
    net_close(&n);
}

static void
interrupt_moderation_can_be_switched(void **state)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS parameters;
    struct net_world n;

    (void)state;
    net_running(&n, &(struct net_options){0});
    for (unsigned i = 0; i < 2; i++) {
        NDIS_INTERRUPT_MODERATION wanted =
            i == 0 ? NdisInterruptModerationDisabled : NdisInterruptModerationEnabled;

        expect_net(&n, pndis_client_query(n.clients[0], OID_GEN_INTERRUPT_MODERATION, &parameters,
                                          sizeof(parameters), NULL, NULL) == 0);
        assert_int_not_equal(parameters.InterruptModeration, wanted);
        parameters.InterruptModeration = wanted;
        expect_net(&n, pndis_client_set(n.clients[0], OID_GEN_INTERRUPT_MODERATION, &parameters,
                                        sizeof(parameters), NULL) == 0);
        net_send(&n, 0, 0, 50, 100, 10);
        net_wait_completed(&n, 0);
    }
    net_close(&n);
}

/* The address that the administrator set is the one that is used. */
static void
the_network_address_can_be_set(void **state)
{
    struct pndis_adapter_info info;
    const struct net_options options = {0};
    struct net_world n;
    uint8_t address[6];

    (void)state;
    net_open(&n, &options);
    n.adapters[0] = pndis_adapter_add(n.w.machine, n.w.driver,
                                      &(struct pndis_adapter_options){
                                          .device = pndis_nic_device(n.nics[0]),
                                          .network_address = "02-00-00-00-12-34",
                                      });
    expect_net(&n, n.adapters[0] != NULL);
    net_add_adapter(&n, 1, &options);
    net_add_client(&n, 0, &options);
    net_add_client(&n, 1, &options);
    expect_net(&n, pndis_adapter_get_info(n.adapters[0], &info) == 0);
    assert_memory_equal(info.address, "\x02\0\0\0\x12\x34", 6);
    assert_memory_equal(net_info(&n, 0).mac, "\x02\0\0\0\x12\x34", 6);
    assert_memory_not_equal(info.permanent_address, info.address, 6);
    expect_net(&n, pndis_client_query(n.clients[0], OID_802_3_PERMANENT_ADDRESS, address, 6, NULL,
                                      NULL) == 0);
    assert_memory_equal(address, info.permanent_address, 6);
    net_send(&n, 1, 0, 3, 100, 1);
    net_wait_received(&n, 0, 3);
    net_close(&n);
}

/* "a cached value that miniport drivers supply during initialization" (OID_GEN_MAXIMUM_LOOKAHEAD)
 */
static void
the_maximum_lookahead_stays_what_it_was(void **state)
{
    struct net_world n;

    (void)state;
    net_running(&n, &(struct net_options){0});
    assert_int_equal(query_number(&n, OID_GEN_MAXIMUM_LOOKAHEAD), 1500);
    assert_int_equal(set_number(&n, OID_GEN_CURRENT_LOOKAHEAD, 128), 0);
    expect_net(&n, pndis_adapter_pause(n.adapters[0]) == 0);
    expect_net(&n, pndis_adapter_restart(n.adapters[0]) == 0);
    assert_int_equal(query_number(&n, OID_GEN_MAXIMUM_LOOKAHEAD), 1500);
    assert_int_equal(set_number(&n, OID_GEN_CURRENT_LOOKAHEAD, 1000), 0);
    net_close(&n);
}

static NDIS_MEDIA_CONNECT_STATE link_states[8];
static unsigned link_state_count;

static void
on_status(struct pndis_client *client, int status, const void *data, size_t bytes, void *user)
{
    (void)client;
    (void)user;
    if (status == (int)NDIS_STATUS_LINK_STATE && bytes >= NDIS_SIZEOF_LINK_STATE_REVISION_1) {
        link_states[link_state_count++ % 8] = ((const NDIS_LINK_STATE *)data)->MediaConnectState;
    }
}

/* "NDIS_STATUS_LINK_STATE": unknown on the way down, as it is where nothing can wake the machine.
 */
static void
asleep_the_link_is_unknown(void **state)
{
    static const struct pndis_client_events events = {.on_status = on_status};
    struct net_world n;

    (void)state;
    link_state_count = 0;
    net_running(&n, &(struct net_options){.events = &events});
    link_state_count = 0;
    expect_net(&n, pndis_adapter_set_power(n.adapters[0], 3) == 0);
    expect_net(&n, link_state_count == 1 && link_states[0] == MediaConnectStateUnknown);
    expect_net(&n, pndis_adapter_set_power(n.adapters[0], 0) == 0);
    expect_net(&n, link_state_count == 2 && link_states[1] == MediaConnectStateConnected);
    net_close(&n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supported_oids_are_supported),
        cmocka_unit_test(statistics_count_frames),
        cmocka_unit_test(the_packet_filter_is_obeyed),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(interrupt_moderation_can_be_switched),
        cmocka_unit_test(the_network_address_can_be_set),
        cmocka_unit_test(the_maximum_lookahead_stays_what_it_was),
        cmocka_unit_test(asleep_the_link_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
