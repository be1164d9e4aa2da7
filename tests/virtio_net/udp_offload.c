/*
 * "UDP Segmentation Offload (USO)" on one side of the cable, "UDP Receive Segment Coalescing
 * Offload (URO)" on the other.
 */
#include "virtio_net/packets.h"
#include "virtio_net/shapes.h"

enum { MSS = 1400, SEGMENTS = 11, LAST = 123, PAYLOAD = (SEGMENTS - 1) * MSS + LAST };

static uint8_t frame[NET_FRAME_LIMIT];

/* Both drivers on the machine, and the client, take coalesced datagrams. */
static void
uro_running(struct net_world *n, const struct net_options *options)
{
    struct net_options with_uro = *options;

    with_uro.clients_take_uro = true;
    shapes_running(n, &with_uro);
}

static PVOID
uso_info(const struct packet *packet, ULONG mss)
{
    NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO info = {.Value = NULL};

    info.Transmit.MSS = mss;
    info.Transmit.UdpHeaderOffset = packet->ipv6 ? 54 : 34;
    info.Transmit.IPVersion =
        packet->ipv6 ? NDIS_UDP_SEGMENTATION_OFFLOAD_IPV6 : NDIS_UDP_SEGMENTATION_OFFLOAD_IPV4;
    return info.Value;
}

static void
send_large(struct net_world *n, const struct packet *packet, size_t room, size_t piece)
{
    struct shape shape = {frame, packet_make(frame, packet), room, piece};
    struct list list = {&shape, 1, {NULL}};

    list.info[UdpSegmentationOffloadInfo] = uso_info(packet, MSS);
    shapes_send(n, &list);
}

static struct packet
large_packet(bool ipv6)
{
    return (struct packet){
        .ipv6 = ipv6, .udp = true, .payload = PAYLOAD, .sums = SUMS_LARGE, .bad_ip_sum = true};
}

static UCHAR
current_uro(struct net_world *n)
{
    NDIS_OFFLOAD offload;
    int status;

    memset(&offload, 0, sizeof(offload));
    pndis_client_query(n->clients[1], OID_TCP_OFFLOAD_CURRENT_CONFIG, &offload, sizeof(offload),
                       NULL, &status);
    expect_net(n, status == 0);
    return offload.UdpRsc.Enabled;
}

static void
set_udp(struct net_world *n, UCHAR segmentation, UCHAR coalescing)
{
    NDIS_OFFLOAD_PARAMETERS parameters;
    int status;

    memset(&parameters, 0, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_OFFLOAD_PARAMETERS_REVISION_6;
    parameters.Header.Size = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_6;
    parameters.UdpSegmentation.IPv4 = parameters.UdpSegmentation.IPv6 = segmentation;
    parameters.UdpRsc.Enabled = coalescing;
    pndis_client_set(n->clients[1], OID_TCP_OFFLOAD_PARAMETERS, &parameters,
                     NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_6, &status);
    expect_net(n, status == 0);
}

/* --- sending --- */

/* The client does not know URO, so NDIS has switched it off, and the cable cuts. */
static void
large_sends_are_cut_for_others(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        const struct packet packet = large_packet(i % 2 != 0);
        size_t headers = packet_headers(&packet);
        struct net_world n;

        shapes_running(&n, &(struct net_options){0});
        expect_net(&n, !current_uro(&n));
        send_large(&n, &packet, i * 10, i / 2 * 900);
        shapes_wait(&n, SEGMENTS);
        for (unsigned k = 0; k < SEGMENTS; k++) {
            size_t payload = k < SEGMENTS - 1 ? MSS : LAST;

            expect_net(&n, arrived[k].bytes == headers + payload);
            expect_net(&n, packet_is_right(arrived[k].data, arrived[k].bytes));
            for (size_t b = 0; b < payload; b++) {
                assert_int_equal(arrived[k].data[headers + b], packet_byte((size_t)k * MSS + b));
            }
        }
        net_close(&n);
    }
}

/* "the packet count is the number of MSS-sized segments, not 1" */
static void
statistics_count_segments(void **state)
{
    const struct packet packet = large_packet(false);
    NDIS_STATISTICS_INFO statistics;
    struct net_world n;
    int status;

    (void)state;
    shapes_running(&n, &(struct net_options){0});
    send_large(&n, &packet, 0, 0);
    shapes_wait(&n, SEGMENTS);
    memset(&statistics, 0, sizeof(statistics));
    n.clients[0] = pndis_client_open(n.adapters[0], NULL);
    pndis_client_query(n.clients[0], OID_GEN_STATISTICS, &statistics, sizeof(statistics), NULL,
                       &status);
    expect_net(&n, status == 0 && statistics.ifHCOutUcastPkts == SEGMENTS);
    expect_net(&n, statistics.ifHCOutOctets == PAYLOAD + SEGMENTS * packet_headers(&packet));
    net_close(&n);
}

/* "it should reject and return any NET_BUFFER_LIST that has the USO OOB field set" */
static void
switched_off_they_are_refused(void **state)
{
    const struct packet packet = large_packet(false);
    struct net_world n;
    struct pndis_client *other;

    (void)state;
    shapes_running(&n, &(struct net_options){0});
    other = n.clients[1];
    n.clients[1] = pndis_client_open(n.adapters[0], NULL);
    set_udp(&n, NDIS_OFFLOAD_PARAMETERS_USO_DISABLED, NDIS_OFFLOAD_PARAMETERS_UDP_RSC_NO_CHANGE);
    send_large(&n, &packet, 0, 0);
    assert_int_not_equal(shapes_wait_sent(&n), NDIS_STATUS_SUCCESS);
    set_udp(&n, NDIS_OFFLOAD_PARAMETERS_USO_ENABLED, NDIS_OFFLOAD_PARAMETERS_UDP_RSC_NO_CHANGE);
    send_large(&n, &packet, 0, 0);
    shapes_wait(&n, SEGMENTS);
    pndis_client_close(n.clients[1]);
    n.clients[1] = other;
    net_close(&n);
}

static void
a_device_that_cannot_is_not_asked(void **state)
{
    const struct packet packet = large_packet(false);
    struct net_world n;

    (void)state;
    shapes_running(&n, &(struct net_options){.nic = {.features_off = 1ull << 56}});
    send_large(&n, &packet, 0, 0);
    assert_int_not_equal(shapes_wait_sent(&n), NDIS_STATUS_SUCCESS);
    expect_net(&n, net_info(&n, 0).breakdowns == 0);
    net_close(&n);
}

/* --- receiving --- */

static void
expect_coalesced(struct net_world *n, const struct packet *packet, unsigned segments,
                 unsigned segment_bytes)
{
    size_t headers = packet_headers(packet);
    NDIS_UDP_RSC_OFFLOAD_NET_BUFFER_LIST_INFO uro;
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sums;

    uro.Value = arrived[0].info[UdpRecvSegCoalesceOffloadInfo];
    sums.Value = arrived[0].info[TcpIpChecksumNetBufferListInfo];
    expect_net(n, uro.Receive.SegCount == segments && uro.Receive.SegSize == segment_bytes);
    expect_net(n, sums.Receive.UdpChecksumSucceeded && !sums.Receive.UdpChecksumFailed);
    expect_net(n, sums.Receive.IpChecksumSucceeded == !packet->ipv6);
    expect_net(n, arrived[0].data[headers - 2] == 0 && arrived[0].data[headers - 1] == 0);
    expect_net(n, packet->ipv6 || (arrived[0].data[24] == 0 && arrived[0].data[25] == 0));
}

static void
large_sends_arrive_as_coalesced_datagrams(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const struct packet packet = large_packet(i % 2 != 0);
        size_t headers = packet_headers(&packet);
        struct net_world n;

        uro_running(&n, &(struct net_options){.nic = {.features_off = i < 2 ? 0 : 1ull << 15}});
        expect_net(&n, current_uro(&n));
        send_large(&n, &packet, 0, 4096);
        shapes_wait(&n, 1);
        expect_net(&n, arrived[0].bytes == headers + PAYLOAD);
        assert_memory_equal(arrived[0].data + headers, frame + headers, PAYLOAD);
        expect_coalesced(&n, &packet, SEGMENTS, MSS);
        net_close(&n);
    }
}

/* One list of many NET_BUFFERs: the device at the other end joins them again. */
static void
separate_datagrams_are_coalesced(void **state)
{
    enum { COUNT = 8, SMALL = 18 };

    (void)state;
    for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
        static uint8_t frames[COUNT][128];
        const struct packet packet = {.ipv6 = ipv6 != 0, .udp = true, .payload = SMALL};
        struct shape shapes[COUNT];
        struct list list = {shapes, COUNT, {NULL}};
        size_t headers = packet_headers(&packet);
        struct net_world n;

        for (unsigned i = 0; i < COUNT; i++) {
            shapes[i] = (struct shape){frames[i], packet_make(frames[i], &packet), 0, 0};
            if (!packet.ipv6) {
                packet_number(frames[i], i);
            }
        }
        uro_running(&n, &(struct net_options){0});
        shapes_send(&n, &list);
        shapes_wait(&n, 1);
        expect_net(&n, arrived[0].bytes == headers + COUNT * SMALL);
        expect_coalesced(&n, &packet, COUNT, SMALL);
        expect_net(&n, net_info(&n, 1).receive.joined == COUNT - 1);
        set_udp(&n, NDIS_OFFLOAD_PARAMETERS_NO_CHANGE, NDIS_OFFLOAD_PARAMETERS_UDP_RSC_DISABLED);
        expect_net(&n, !current_uro(&n));
        shapes_send(&n, &list);
        shapes_wait(&n, 1 + COUNT);
        expect_net(&n, arrived[1].bytes == headers + SMALL);
        expect_net(&n, arrived[1].info[UdpRecvSegCoalesceOffloadInfo] == NULL);
        net_close(&n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_sends_are_cut_for_others),
        cmocka_unit_test(statistics_count_segments),
        cmocka_unit_test(switched_off_they_are_refused),
        cmocka_unit_test(a_device_that_cannot_is_not_asked),
        cmocka_unit_test(large_sends_arrive_as_coalesced_datagrams),
        cmocka_unit_test(separate_datagrams_are_coalesced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
