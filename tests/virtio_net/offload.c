/*
 * Offloads, seen from both ends of the cable: what one driver asks its device for, the other gets
 * from its own. And sends of every shape.
 */
#include "virtio_net/packets.h"
#include "virtio_net/shapes.h"

static uint8_t frame[NET_FRAME_LIMIT];

/* Side 1 without any receive offload: what it gets has to be right as it is. */
static const struct pndis_parameter plain[] = {
    {"*TCPChecksumOffloadIPv4", "1"},
    {"*TCPChecksumOffloadIPv6", "1"},
    {"*UDPChecksumOffloadIPv4", "1"},
    {"*UDPChecksumOffloadIPv6", "1"},
    {"*RscIPv4", "0"},
    {"*RscIPv6", "0"},
};

static const struct net_options to_plain = {
    .parameters = {NULL, plain},
    .parameter_count = {0, RTL_NUMBER_OF(plain)},
};

static PVOID
checksum_info(const struct packet *packet)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO info = {.Value = NULL};

    info.Transmit.IsIPv4 = !packet->ipv6;
    info.Transmit.IsIPv6 = packet->ipv6;
    info.Transmit.TcpChecksum = !packet->udp;
    info.Transmit.UdpChecksum = packet->udp;
    info.Transmit.IpHeaderChecksum = packet->bad_ip_sum;
    info.Transmit.TcpHeaderOffset = packet->ipv6 ? 54 : 34;
    return info.Value;
}

static PVOID
lso_info(const struct packet *packet, ULONG mss)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO info = {.Value = NULL};

    info.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
    info.LsoV2Transmit.IPVersion = packet->ipv6;
    info.LsoV2Transmit.MSS = mss;
    info.LsoV2Transmit.TcpHeaderOffset = packet->ipv6 ? 54 : 34;
    return info.Value;
}

static PVOID
vlan_info(unsigned priority, unsigned vlan)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO info = {.Value = NULL};

    info.TagHeader.UserPriority = priority;
    info.TagHeader.VlanId = vlan;
    return info.Value;
}

static void
send_one(struct net_world *n, size_t bytes, size_t room, size_t piece, unsigned slot, PVOID value)
{
    struct shape shape = {frame, bytes, room, piece};
    struct list list = {&shape, 1, {NULL}};

    list.info[slot] = value;
    shapes_send(n, &list);
}

/* --- checksums --- */

static void
checksums_are_completed_for_others(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        const struct packet packet = {.ipv6 = (i & 1) != 0,
                                      .udp = (i & 2) != 0,
                                      .payload = (i & 4) != 0 ? 1001 : 64,
                                      .sums = SUMS_PARTIAL,
                                      .bad_ip_sum = (i & 1) == 0 && (i & 8) != 0};
        struct net_world n;
        size_t bytes = packet_make(frame, &packet);

        assert_false(packet_is_right(frame, bytes));
        shapes_running(&n, &to_plain);
        for (unsigned room = 0; room < 3; room++) {
            send_one(&n, bytes, room * 12, room == 2 ? 30 : 0, TcpIpChecksumNetBufferListInfo,
                     checksum_info(&packet));
        }
        shapes_wait(&n, 3);
        for (unsigned k = 0; k < 3; k++) {
            expect_net(&n, arrived[k].bytes == bytes);
            expect_net(&n, packet_is_right(arrived[k].data, bytes));
            expect_net(&n, arrived[k].info[TcpIpChecksumNetBufferListInfo] == NULL);
        }
        net_close(&n);
    }
}

static NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO
received_sums(unsigned k)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO info;

    info.Value = arrived[k].info[TcpIpChecksumNetBufferListInfo];
    return info;
}

/* Between two that can, nobody computes it. */
static void
checksums_are_reported_as_right(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const struct packet packet = {
            .ipv6 = (i & 1) != 0, .udp = (i & 2) != 0, .payload = 500, .sums = SUMS_PARTIAL};
        struct net_world n;
        size_t bytes = packet_make(frame, &packet);

        shapes_running(&n, &(struct net_options){0});
        send_one(&n, bytes, 64, 0, TcpIpChecksumNetBufferListInfo, checksum_info(&packet));
        shapes_wait(&n, 1);
        assert_memory_equal(arrived[0].data, frame, bytes);
        expect_net(&n, received_sums(0).Receive.TcpChecksumSucceeded == !packet.udp);
        expect_net(&n, received_sums(0).Receive.UdpChecksumSucceeded == packet.udp);
        expect_net(&n, received_sums(0).Receive.TcpChecksumValueInvalid);
        expect_net(&n, received_sums(0).Receive.IpChecksumSucceeded == !packet.ipv6);
        expect_net(&n, !received_sums(0).Receive.TcpChecksumFailed &&
                           !received_sums(0).Receive.IpChecksumFailed);
        net_close(&n);
    }
}

static void
offload_parameters(struct net_world *n, UCHAR tcp4, UCHAR rsc)
{
    NDIS_OFFLOAD_PARAMETERS parameters;
    int status;

    memset(&parameters, 0, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_OFFLOAD_PARAMETERS_REVISION_3;
    parameters.Header.Size = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3;
    parameters.TCPIPv4Checksum = tcp4;
    parameters.RscIPv4 = rsc;
    pndis_client_set(n->clients[1], OID_TCP_OFFLOAD_PARAMETERS, &parameters,
                     NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3, &status);
    expect_net(n, status == 0);
}

/* A checksum that the driver may no longer report it completes itself. */
static void
checksum_offload_can_be_switched_off(void **state)
{
    const struct packet packet = {.payload = 777, .sums = SUMS_PARTIAL};
    size_t bytes = packet_make(frame, &packet);

    (void)state;
    for (unsigned control = 0; control < 2; control++) {
        struct net_world n;

        shapes_running(
            &n, &(struct net_options){.nic = {.features_off = control == 0 ? 0 : 1ull << 2}});
        offload_parameters(&n, NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED,
                           NDIS_OFFLOAD_PARAMETERS_NO_CHANGE);
        send_one(&n, bytes, 12, 0, TcpIpChecksumNetBufferListInfo, checksum_info(&packet));
        shapes_wait(&n, 1);
        expect_net(&n, packet_is_right(arrived[0].data, bytes));
        expect_net(&n, !received_sums(0).Receive.TcpChecksumSucceeded);
        net_close(&n);
    }
}

static void
asking_for_the_impossible_is_refused(void **state)
{
    const struct packet packet = {.payload = 100, .udp = true, .sums = SUMS_PARTIAL};
    const struct packet tcp = {.payload = 100, .sums = SUMS_PARTIAL};
    struct net_world n;
    size_t bytes = packet_make(frame, &packet);

    (void)state;
    shapes_running(&n, &(struct net_options){0});
    send_one(&n, bytes, 0, 0, TcpIpChecksumNetBufferListInfo, checksum_info(&tcp));
    assert_int_not_equal(shapes_wait_sent(&n), NDIS_STATUS_SUCCESS);
    send_one(&n, bytes, 0, 0, TcpLargeSendNetBufferListInfo, lso_info(&packet, 50));
    assert_int_not_equal(shapes_wait_sent(&n), NDIS_STATUS_SUCCESS);
    memset(frame, 0, sizeof(frame));
    send_one(&n, 200, 0, 0, TcpIpChecksumNetBufferListInfo, checksum_info(&tcp));
    assert_int_not_equal(shapes_wait_sent(&n), NDIS_STATUS_SUCCESS);
    expect_net(&n, net_info(&n, 0).send.frames == 0 && net_info(&n, 0).breakdowns == 0);
    net_close(&n);
}

/* --- large sends --- */

static void
large_sends_are_cut_for_others(void **state)
{
    enum { MSS = 1400, PAYLOAD = 10 * MSS + 123 };

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        const struct packet packet = {
            .ipv6 = i % 2 != 0, .payload = PAYLOAD, .sums = SUMS_LARGE, .bad_ip_sum = true};
        NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO done;
        size_t bytes = packet_make(frame, &packet);
        size_t headers = packet_headers(&packet);
        struct net_world n;

        shapes_running(&n, &to_plain);
        send_one(&n, bytes, i * 10, i / 2 * 900, TcpLargeSendNetBufferListInfo,
                 lso_info(&packet, MSS));
        shapes_wait(&n, 11);
        for (unsigned k = 0; k < 11; k++) {
            size_t payload = k < 10 ? MSS : 123;

            expect_net(&n, arrived[k].bytes == headers + payload);
            expect_net(&n, packet_is_right(arrived[k].data, arrived[k].bytes));
            for (size_t b = 0; b < payload; b++) {
                assert_int_equal(arrived[k].data[headers + b], packet_byte((size_t)k * MSS + b));
            }
        }
        done.Value = shapes_lso_info();
        expect_net(&n, done.LsoV2TransmitComplete.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE &&
                           done.LsoV2TransmitComplete.Reserved == 0);
        net_close(&n);
    }
}

/* A receiver that can take it gets it whole, as coalesced segments, until it is told not to. */
static void
large_sends_arrive_as_coalesced_segments(void **state)
{
    enum { MSS = 1460, PAYLOAD = 40 * MSS };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const struct packet packet = {.ipv6 = i % 2 != 0, .payload = PAYLOAD, .sums = SUMS_LARGE};
        size_t bytes = packet_make(frame, &packet);
        size_t headers = packet_headers(&packet);
        NDIS_RSC_NBL_INFO rsc;
        struct net_world n;

        shapes_running(&n, &(struct net_options){.nic = {.features_off = i < 2 ? 0 : 1ull << 15}});
        send_one(&n, bytes, 0, 4096, TcpLargeSendNetBufferListInfo, lso_info(&packet, MSS));
        shapes_wait(&n, 1);
        expect_net(&n, arrived[0].bytes == bytes);
        assert_memory_equal(arrived[0].data + headers, frame + headers, PAYLOAD);
        rsc.Value = arrived[0].info[TcpRecvSegCoalesceInfo];
        expect_net(&n, rsc.Info.CoalescedSegCount == 40 && rsc.Info.DupAckCount == 0);
        expect_net(&n, received_sums(0).Receive.TcpChecksumSucceeded);
        if (!packet.ipv6) {
            offload_parameters(&n, NDIS_OFFLOAD_PARAMETERS_NO_CHANGE,
                               NDIS_OFFLOAD_PARAMETERS_RSC_DISABLED);
            send_one(&n, bytes, 0, 0, TcpLargeSendNetBufferListInfo, lso_info(&packet, MSS));
            shapes_wait(&n, 41);
            expect_net(&n, arrived[1].bytes == headers + MSS);
            expect_net(&n, arrived[1].info[TcpRecvSegCoalesceInfo] == NULL);
        }
        net_close(&n);
    }
}

/* --- VLAN --- */

static void
vlan_tags_travel_out_of_band(void **state)
{
    static const struct pndis_parameter in_band = {"*PriorityVLANTag", "0"};
    const struct packet packet = {.payload = 300, .sums = SUMS_PARTIAL};
    size_t bytes = packet_make(frame, &packet);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct shape shape = {frame, bytes, 0, 0};
        struct list list = {&shape, 1, {NULL}};
        struct net_world n;

        list.info[Ieee8021QNetBufferListInfo] = vlan_info(5, 123);
        list.info[TcpIpChecksumNetBufferListInfo] = checksum_info(&packet);
        shapes_running(
            &n, &(struct net_options){.parameters = {NULL, &in_band}, .parameter_count = {0, i}});
        shapes_send(&n, &list);
        shapes_wait(&n, 1);
        if (i == 0) {
            expect_net(&n, arrived[0].bytes == bytes);
            assert_memory_equal(arrived[0].data, frame, bytes);
            assert_ptr_equal(arrived[0].info[Ieee8021QNetBufferListInfo], vlan_info(5, 123));
        } else {
            expect_net(&n, arrived[0].bytes == bytes + 4);
            assert_memory_equal(arrived[0].data + 12, "\x81\x00\xa0\x7b", 4);
            assert_memory_equal(arrived[0].data + 16, frame + 12, bytes - 12);
            assert_ptr_equal(arrived[0].info[Ieee8021QNetBufferListInfo], NULL);
        }
        expect_net(&n, received_sums(0).Receive.TcpChecksumSucceeded);
        net_close(&n);
    }
}

static void
an_adapter_of_one_vlan_sees_no_other(void **state)
{
    static const struct pndis_parameter vlan = {"VlanID", "7"};
    const struct packet packet = {.payload = 100};
    size_t bytes = packet_make(frame, &packet);
    struct net_world n;

    (void)state;
    shapes_running(&n,
                   &(struct net_options){.parameters = {NULL, &vlan}, .parameter_count = {0, 1}});
    send_one(&n, bytes, 0, 0, Ieee8021QNetBufferListInfo, vlan_info(0, 8));
    send_one(&n, bytes, 0, 0, Ieee8021QNetBufferListInfo, vlan_info(3, 7));
    shapes_wait(&n, 1);
    world_settle(&n.w);
    expect_net(&n, net_counts(&n, 1).received == 1);
    assert_ptr_equal(arrived[0].info[Ieee8021QNetBufferListInfo], vlan_info(3, 7));
    net_close(&n);
}

/* --- shapes --- */

/* Many NET_BUFFERs in a list, many MDLs in a NET_BUFFER, offsets of all kinds. */
static void
any_shape_can_be_sent(void **state)
{
    enum { FRAMES = 6 };
    static const size_t pieces[] = {0, 1, 7, 12, 13, 100, 1000};

    (void)state;
    for (unsigned run = 0; run < world_seeds(60); run++) {
        struct shape shapes[FRAMES];
        struct list list = {shapes, FRAMES, {NULL}};
        struct net_world n;

        for (size_t i = 0; i < sizeof(frame); i++) {
            frame[i] = (uint8_t)(i * 11 + run);
        }
        for (unsigned i = 0; i < FRAMES; i++) {
            shapes[i] = (struct shape){frame + i * 1600, 60 + (run * 97 + i * 311) % 1450,
                                       (run + i) % 40, pieces[(run + i) % RTL_NUMBER_OF(pieces)]};
            memset(frame + i * 1600, 0xff, 6);
            memcpy(frame + i * 1600 + 12, "\x88\xb5", 2);
        }
        shapes_running(&n,
                       &(struct net_options){.seed = run,
                                             .nic = {.features_off = run % 3 == 0 ? 1ull << 28 : 0,
                                                     .queue_size = run % 5 == 0 ? 16 : 0}});
        for (unsigned k = 0; k < 3; k++) {
            shapes_send(&n, &list);
        }
        shapes_wait(&n, 3 * FRAMES);
        for (unsigned k = 0; k < 3 * FRAMES; k++) {
            const struct shape *shape = &shapes[k % FRAMES];

            expect_net(&n, arrived[k].bytes == shape->bytes);
            assert_memory_equal(arrived[k].data, shape->data, shape->bytes);
        }
        net_close(&n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_completed_for_others),
        cmocka_unit_test(checksums_are_reported_as_right),
        cmocka_unit_test(checksum_offload_can_be_switched_off),
        cmocka_unit_test(asking_for_the_impossible_is_refused),
        cmocka_unit_test(large_sends_are_cut_for_others),
        cmocka_unit_test(large_sends_arrive_as_coalesced_segments),
        cmocka_unit_test(vlan_tags_travel_out_of_band),
        cmocka_unit_test(an_adapter_of_one_vlan_sees_no_other),
        cmocka_unit_test(any_shape_can_be_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
