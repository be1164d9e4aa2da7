/*
 * Out-of-band information across the bridge. What the sending adapter can do it is told to do; what
 * it cannot the bridge does, and then what is on the cable has to be right by itself.
 */
#include "bridge/bridge_world.h"

enum { TCP = 6, UDP = 17, MSS = 1000 };

/* --- frames --- */

struct packet {
    uint8_t data[FRAME_LIMIT];
    size_t bytes;
    size_t ip;
    size_t transport;
    size_t payload;
    bool v6;
    uint8_t protocol;
};

static void
put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned
get16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

static unsigned
get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static uint32_t
add_words(const uint8_t *data, size_t bytes, uint32_t sum)
{
    for (size_t i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static size_t
address_bytes(const struct packet *p)
{
    return p->v6 ? 32 : 8;
}

static uint32_t
pseudo(const struct packet *p, size_t length)
{
    return add_words(p->data + p->ip + (p->v6 ? 8 : 12), address_bytes(p),
                     (uint32_t)(p->protocol + (length >> 16) + (length & 0xffff)));
}

static uint8_t *
checksum_of(struct packet *p)
{
    return p->data + p->transport + (p->protocol == TCP ? 16 : 6);
}

/* A packet of @payload bytes between hosts @from and @to, with right lengths and checksums. */
static void
make_packet(struct packet *p, bool v6, uint8_t protocol, size_t payload, unsigned to, unsigned from)
{
    size_t header = protocol == TCP ? 32 : 8;
    uint8_t *ip;

    memset(p, 0, sizeof(*p));
    bridge_host_frame(p->data, to, from);
    p->v6 = v6;
    p->protocol = protocol;
    p->ip = 14;
    p->transport = p->ip + (v6 ? 40 : 20);
    p->payload = p->transport + header;
    p->bytes = p->payload + payload;
    ip = p->data + p->ip;
    put16(p->data + 12, v6 ? 0x86dd : 0x0800);
    for (size_t i = 0; i < address_bytes(p); i++) {
        ip[(v6 ? 8 : 12) + i] = (uint8_t)(0x20 + i);
    }
    if (v6) {
        ip[0] = 0x60;
        put16(ip + 4, (unsigned)(header + payload));
        ip[6] = protocol;
        ip[7] = 64;
    } else {
        ip[0] = 0x45;
        put16(ip + 2, (unsigned)(20 + header + payload));
        put16(ip + 4, 0xfffe);
        ip[8] = 64;
        ip[9] = protocol;
        put16(ip + 10, ~add_words(ip, 20, 0) & 0xffff);
    }
    if (protocol == TCP) {
        memcpy(p->data + p->transport, "\x12\x34\x56\x78\xff\xff\xff\x00\x01\x02\x03\x04\x80\x99",
               14);
    } else {
        memcpy(p->data + p->transport, "\x12\x34\x56\x78", 4);
        put16(p->data + p->transport + 4, (unsigned)(header + payload));
    }
    for (size_t i = 0; i < payload; i++) {
        p->data[p->payload + i] = (uint8_t)(i * 13 + (i >> 8));
    }
    put16(checksum_of(p), ~add_words(p->data + p->transport, p->bytes - p->transport,
                                     pseudo(p, p->bytes - p->transport)) &
                              0xffff);
}

/* As a TCP stack leaves it that knows of checksum offload. */
static void
leave_pseudo_sum(struct packet *p)
{
    put16(checksum_of(p), pseudo(p, p->bytes - p->transport));
}

/* What is on the cable: read back from a frame that was sent. */
static void
read_packet(struct packet *p, const struct sent *frame, size_t tag_bytes)
{
    memcpy(p->data, frame->data, frame->bytes);
    p->bytes = frame->bytes;
    p->ip = 14 + tag_bytes;
    p->v6 = get16(p->data + p->ip - 2) == 0x86dd;
    p->protocol = p->v6 ? p->data[p->ip + 6] : p->data[p->ip + 9];
    p->transport = p->ip + (p->v6 ? 40 : 20);
    p->payload = p->transport + (p->protocol == TCP ? 32 : 8);
}

static void
assert_sound(const struct packet *p)
{
    size_t length = p->bytes - p->transport;

    assert_int_equal(add_words(p->data + p->transport, length, pseudo(p, length)), 0xffff);
    if (p->v6) {
        assert_int_equal(get16(p->data + p->ip + 4), length);
    } else {
        assert_int_equal(add_words(p->data + p->ip, 20, 0), 0xffff);
        assert_int_equal(get16(p->data + p->ip + 2), length + 20);
    }
}

/* --- what the adapters report --- */

static NDIS_OFFLOAD offload;
static NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO given_sums;
static uint16_t given_segments;
static uint16_t given_udp_bytes;
static uintptr_t given_tag;

static NDIS_STATUS
report_offload(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;

    (void)parameters;
    memset(&attributes, 0, sizeof(attributes));
    attributes.OffloadAttributes = (NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES){
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
                   NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1},
        .DefaultOffloadConfiguration = &offload,
        .HardwareOffloadCapabilities = &offload,
    };
    return NdisMSetMiniportAttributes(port->handle, &attributes);
}

static void
dress(struct port *port, NET_BUFFER_LIST *nbl)
{
    (void)port;
    NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = given_sums.Value;
    NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = (void *)given_tag;
    NET_BUFFER_LIST_COALESCED_SEG_COUNT(nbl) = given_segments;
    if (given_udp_bytes != 0) {
        NET_BUFFER_LIST_UDP_COALESCED_SEG_SIZE(nbl) = given_udp_bytes;
        NET_BUFFER_LIST_UDP_COALESCED_SEG_COUNT(nbl) = given_segments;
        NET_BUFFER_LIST_COALESCED_SEG_COUNT(nbl) = 0;
    }
}

static void
prepare(void)
{
    bridge_prepare();
    miniport.version = NDIS_RUNTIME_VERSION_689;
    miniport.dress = dress;
    memset(&offload, 0, sizeof(offload));
    offload.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_8,
                                          NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_8};
    given_sums.Value = NULL;
    given_segments = 0;
    given_udp_bytes = 0;
    given_tag = 0;
}

static void
prepare_capable(void)
{
    prepare();
    miniport.on_initialize = report_offload;
    offload.Checksum.IPv4Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    offload.Checksum.IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    offload.Checksum.IPv4Transmit.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    offload.Checksum.IPv4Transmit.IpChecksum = NDIS_OFFLOAD_SUPPORTED;
    offload.Checksum.IPv6Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    offload.Checksum.IPv6Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    offload.Checksum.IPv6Transmit.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    offload.LsoV2.IPv4.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    offload.LsoV2.IPv4.MaxOffLoadSize = 0xffff;
    offload.LsoV2.IPv4.MinSegmentCount = 2;
    offload.LsoV2.IPv6.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    offload.LsoV2.IPv6.MaxOffLoadSize = 0xffff;
    offload.LsoV2.IPv6.MinSegmentCount = 2;
    offload.UdpSegmentation.IPv4.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    offload.UdpSegmentation.IPv4.MaxOffLoadSize = 0xffff;
    offload.UdpSegmentation.IPv4.MinSegmentCount = 2;
    offload.UdpSegmentation.IPv4.SubMssFinalSegmentSupported = TRUE;
    offload.UdpSegmentation.IPv6.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    offload.UdpSegmentation.IPv6.MaxOffLoadSize = 0xffff;
    offload.UdpSegmentation.IPv6.MinSegmentCount = 2;
    offload.UdpSegmentation.IPv6.SubMssFinalSegmentSupported = TRUE;
}

static struct packet packet;
static struct packet out;

static void
receive_packet(struct bridge_world *b)
{
    bridge_receive(b, 0, packet.data, packet.bytes, 1, 0);
    assert_int_equal(bridge_receives_out(b), 0);
}

/* Every kind of packet: IPv4 and IPv6, TCP and UDP, in one MDL or in small ones. */
struct kind {
    bool v6;
    uint8_t protocol;
    ULONG piece;
};

static struct kind
kind_of(unsigned i)
{
    return (struct kind){i & 1, (i & 2) != 0 ? UDP : TCP, (i & 4) != 0 ? 16 : 0};
}

/* --- checksums --- */

/* A checksum that the receiver found right and that is in the frame is nobody's task. */
static void
a_good_checksum_is_left_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct kind kind = kind_of(i);
        struct bridge_world b;

        prepare_capable();
        given_sums.Receive.TcpChecksumSucceeded = given_sums.Receive.UdpChecksumSucceeded = 1;
        given_sums.Receive.IpChecksumSucceeded = 1;
        miniport.receive_piece_bytes = kind.piece;
        bridge_open(&b, i, 2);
        make_packet(&packet, kind.v6, kind.protocol, 500, 9, 1);
        receive_packet(&b);
        assert_int_equal(sent_count, 1);
        assert_memory_equal(sent[0].data, packet.data, packet.bytes);
        assert_null(sent[0].info[TcpIpChecksumNetBufferListInfo]);
        bridge_close(&b);
    }
}

/* "TcpChecksumValueInvalid": the adapter is told to put it there, and finds the pseudo header's
 * sum. */
static void
an_open_checksum_becomes_a_task(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        struct kind kind = kind_of(i);
        struct bridge_world b;
        NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO info;

        prepare_capable();
        given_sums.Receive.TcpChecksumValueInvalid = 1;
        miniport.receive_piece_bytes = kind.piece;
        bridge_open(&b, i, 2);
        make_packet(&packet, kind.v6, kind.protocol, 500, 9, 1);
        leave_pseudo_sum(&packet);
        memcpy(out.data, packet.data, packet.bytes);
        if (i >= 8) {
            put16(checksum_of(&packet), 0xdead); /* Or anything else, as RSC may leave it. */
        }
        receive_packet(&b);
        assert_int_equal(sent_count, 1);
        assert_memory_equal(sent[0].data, out.data, packet.bytes);
        info.Value = sent[0].info[TcpIpChecksumNetBufferListInfo];
        assert_int_equal(info.Transmit.IsIPv4, !kind.v6);
        assert_int_equal(info.Transmit.IsIPv6, kind.v6);
        assert_int_equal(info.Transmit.TcpChecksum, kind.protocol == TCP);
        assert_int_equal(info.Transmit.UdpChecksum, kind.protocol == UDP);
        assert_int_equal(info.Transmit.TcpHeaderOffset, packet.transport);
        assert_int_equal(bridge_info(&b, 1).counters.segmented, 0);
        bridge_close(&b);
    }
}

static void
an_open_checksum_is_computed_for_an_adapter_that_cannot(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct kind kind = kind_of(i);
        struct bridge_world b;

        prepare();
        given_sums.Receive.TcpChecksumValueInvalid = 1;
        given_sums.Receive.IpChecksumValueInvalid = 1;
        miniport.receive_piece_bytes = kind.piece;
        bridge_open(&b, i, 3);
        make_packet(&packet, kind.v6, kind.protocol, 501, 9, 1);
        memcpy(out.data, packet.data, packet.bytes);
        leave_pseudo_sum(&packet);
        if (!kind.v6) {
            put16(packet.data + packet.ip + 10, 0);
        }
        receive_packet(&b);
        assert_int_equal(sent_count, 2);
        for (unsigned n = 0; n < 2; n++) {
            assert_memory_equal(sent[n].data, out.data, packet.bytes);
            assert_null(sent[n].info[TcpIpChecksumNetBufferListInfo]);
        }
        assert_int_equal(bridge_info(&b, 1).counters.segmented, 1);
        bridge_close(&b);
    }
}

/* Padding of a short frame is not part of the packet. */
static void
padding_is_not_summed(void **state)
{
    struct bridge_world b;

    (void)state;
    prepare();
    given_sums.Receive.TcpChecksumValueInvalid = 1;
    bridge_open(&b, 1, 2);
    make_packet(&packet, false, UDP, 4, 9, 1);
    memcpy(out.data, packet.data, packet.bytes);
    leave_pseudo_sum(&packet);
    memset(packet.data + packet.bytes, 0xaa, 60 - packet.bytes);
    memset(out.data + packet.bytes, 0xaa, 60 - packet.bytes);
    packet.bytes = 60;
    receive_packet(&b);
    assert_memory_equal(sent[0].data, out.data, 60);
    bridge_close(&b);
}

/* --- large segments --- */

/* A coalesced segment goes out as a large send; the segments will be as long as they had been. */
static void
coalesced_tcp_becomes_a_large_send(void **state)
{
    static const struct {
        unsigned payload;
        unsigned segments;
        unsigned mss; /* What they were cut to: MSS by MSS, or a full network's. */
    } cases[] = {
        {4 * MSS, 4, MSS}, {2 * 1448 + 5, 3, 1448}, {45 * 1448, 45, 1448}, {2000, 2, 1448}};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        unsigned mtu_less = i % 2 == 0 ? 0 : 20; /* Of IPv6. */
        unsigned which = i / 2;
        bool v6 = i % 2 != 0;
        struct bridge_world b;
        NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO info;
        unsigned mss = cases[which].mss == 1448 ? 1448 - mtu_less : cases[which].mss;
        unsigned payload = which == 2 ? 45 * mss : which == 1 ? 2 * mss + 5 : cases[which].payload;

        prepare_capable();
        given_sums.Receive.TcpChecksumValueInvalid = given_sums.Receive.TcpChecksumSucceeded = 1;
        given_segments = (uint16_t)cases[which].segments;
        bridge_open(&b, i, 2);
        make_packet(&packet, v6, TCP, payload, 9, 1);
        leave_pseudo_sum(&packet);
        receive_packet(&b);
        assert_int_equal(sent_count, 1);
        info.Value = sent[0].info[TcpLargeSendNetBufferListInfo];
        assert_int_equal(info.LsoV2Transmit.Type, NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE);
        assert_int_equal(info.LsoV2Transmit.MSS, mss);
        assert_int_equal(info.LsoV2Transmit.TcpHeaderOffset, packet.transport);
        assert_int_equal(info.LsoV2Transmit.IPVersion, v6);
        /* "Offload the segmentation of large TCP packets": sum without length, IPv4 length 0, all
         * headers in the first MDL. */
        put16(checksum_of(&packet), pseudo(&packet, 0));
        if (!v6) {
            put16(packet.data + packet.ip + 2, 0);
            put16(packet.data + packet.ip + 10, 0);
        }
        assert_memory_equal(sent[0].data, packet.data, packet.bytes);
        assert_true(sent[0].first_mdl_bytes >= packet.payload);
        assert_int_equal(bridge_info(&b, 1).counters.segmented, 0);
        bridge_close(&b);
    }
}

static void
assert_cut(const struct packet *whole, unsigned port, unsigned cut, size_t tag_bytes)
{
    size_t offset = 0;
    unsigned index = 0;

    for (unsigned i = 0; i < sent_count; i++) {
        size_t left = whole->bytes - whole->payload - offset;
        bool last = left <= cut;

        if (sent[i].port != port) {
            continue;
        }
        read_packet(&out, &sent[i], tag_bytes);
        assert_sound(&out);
        assert_int_equal(out.bytes - out.payload, last ? left : cut);
        assert_memory_equal(out.data + out.payload, whole->data + whole->payload + offset,
                            out.bytes - out.payload);
        if (!whole->v6) {
            assert_int_equal(get16(out.data + out.ip + 4), (0xfffe + index) & 0xffff);
        }
        if (whole->protocol == TCP) {
            uint8_t flags = out.data[out.transport + 13];

            assert_int_equal(get32(out.data + out.transport + 4),
                             get32(whole->data + whole->transport + 4) + (unsigned)offset);
            /* CWR in the first, PSH and FIN in the last, the rest in all. */
            assert_int_equal(flags, 0x10 | (index == 0 ? 0x80 : 0) | (last ? 0x09 : 0));
        } else {
            assert_int_equal(get16(out.data + out.transport + 4), out.bytes - out.transport);
        }
        offset += out.bytes - out.payload;
        index++;
    }
    assert_int_equal(offset, whole->bytes - whole->payload);
}

/* The same for an adapter that cannot, or of which too little is left: segments by the bridge. */
static void
coalesced_segments_are_cut_for_an_adapter_that_cannot(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 24; i++) {
        struct kind kind = kind_of(i);
        unsigned ports = i % 3 == 0 ? 3 : 2;
        unsigned segments = 4 + i % 7; /* Fewer could be full ones as well. */
        struct bridge_world b;

        prepare();
        given_sums.Receive.TcpChecksumValueInvalid = 1;
        given_segments = (uint16_t)segments;
        given_udp_bytes = kind.protocol == UDP ? MSS : 0;
        miniport.receive_piece_bytes = kind.piece == 0 ? 0 : 700;
        if (i >= 16) {
            given_tag = 0x0005 << 4 | 3; /* Priority 3, VLAN 5. */
        }
        bridge_open(&b, i, ports);
        make_packet(&packet, kind.v6, kind.protocol, MSS * segments, 9, 1);
        leave_pseudo_sum(&packet);
        receive_packet(&b);
        assert_int_equal(sent_count, segments * (ports - 1));
        for (unsigned port = 1; port < ports; port++) {
            assert_cut(&packet, port, MSS, given_tag == 0 ? 0 : 4);
        }
        if (given_tag != 0) {
            assert_int_equal(get16(sent[0].data + 12), 0x8100);
            assert_int_equal(get16(sent[0].data + 14), 3 << 13 | 5);
        }
        assert_int_equal(bridge_info(&b, 1).counters.segmented, segments);
        bridge_close(&b);
    }
}

/* A flooded large frame has more than one reader; none of them sees another's header. */
static void
a_flooded_large_frame_is_right_everywhere(void **state)
{
    struct bridge_world b;

    (void)state;
    prepare_capable();
    given_sums.Receive.TcpChecksumValueInvalid = 1;
    given_segments = 4;
    bridge_open(&b, 5, 4);
    make_packet(&packet, false, TCP, 4 * MSS, 9, 1);
    leave_pseudo_sum(&packet);
    receive_packet(&b);
    for (unsigned port = 1; port < 4; port++) {
        assert_cut(&packet, port, MSS, 0);
    }
    bridge_close(&b);
}

static void
coalesced_datagrams_become_a_udp_segmentation(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct bridge_world b;
        NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO info;

        prepare_capable();
        given_sums.Receive.TcpChecksumValueInvalid = 1;
        given_segments = 5;
        given_udp_bytes = 700;
        bridge_open(&b, i, 2);
        make_packet(&packet, i != 0, UDP, 4 * 700 + 30, 9, 1);
        leave_pseudo_sum(&packet);
        receive_packet(&b);
        assert_int_equal(sent_count, 1);
        info.Value = sent[0].info[UdpSegmentationOffloadInfo];
        assert_int_equal(info.Transmit.MSS, 700);
        assert_int_equal(info.Transmit.UdpHeaderOffset, packet.transport);
        assert_int_equal(info.Transmit.IPVersion, i);
        assert_int_equal(get16(sent[0].data + packet.transport + 6), pseudo(&packet, 0));
        bridge_close(&b);
    }
}

/* --- VLANs --- */

static void
allow_tags(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MacOptions |= NDIS_MAC_OPTION_8021Q_VLAN | NDIS_MAC_OPTION_8021P_PRIORITY;
}

static void
a_tag_goes_along(void **state)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO tag = {.Value = NULL};
    struct bridge_world b;
    uint8_t frame[60];

    (void)state;
    tag.TagHeader.VlanId = 0x123;
    tag.TagHeader.UserPriority = 5;
    for (unsigned i = 0; i < 2; i++) {
        prepare();
        if (i == 0) {
            miniport.edit_general = allow_tags;
        }
        given_tag = (uintptr_t)tag.Value;
        bridge_open(&b, i, 2);
        bridge_host_frame(frame, 9, 1);
        bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
        assert_int_equal(sent_count, 1);
        if (i == 0) {
            assert_ptr_equal(sent[0].info[Ieee8021QNetBufferListInfo], tag.Value);
            assert_memory_equal(sent[0].data, frame, sizeof(frame));
        } else {
            /* Nobody else will put it there. */
            assert_null(sent[0].info[Ieee8021QNetBufferListInfo]);
            assert_int_equal(sent[0].bytes, 64);
            assert_memory_equal(sent[0].data, frame, 12);
            assert_memory_equal(sent[0].data + 12, "\x81\x00\xa1\x23", 4);
            assert_memory_equal(sent[0].data + 16, frame + 12, 48);
        }
        bridge_close(&b);
    }
}

/* --- what makes no sense --- */

/* Metadata that promise headers the frame does not have: the frame is dropped, and nothing is read
 * beyond its end (run under AddressSanitizer). */
static void
metadata_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(400); seed++) {
        struct bridge_world b;
        uint32_t random = seed * 2654435761u + 12345;

        prepare_capable();
        given_sums.Receive.TcpChecksumValueInvalid = 1;
        given_sums.Receive.IpChecksumValueInvalid = seed & 1;
        given_segments = (uint16_t)(random >> 8 & 0xff);
        given_udp_bytes = (seed & 2) != 0 ? (uint16_t)(random >> 16) : 0;
        bridge_open(&b, seed, 2);
        make_packet(&packet, (seed & 4) != 0, (seed & 8) != 0 ? TCP : UDP, random >> 24, 9, 1);
        for (unsigned i = 0; i < 6; i++) {
            random = random * 1664525u + 1013904223u;
            packet.data[12 + (random >> 8) % 60] = (uint8_t)(random >> 24);
        }
        packet.bytes = 14 + (random >> 4) % (packet.bytes - 13);
        receive_packet(&b);
        bridge_close(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_checksum_is_left_alone),
        cmocka_unit_test(an_open_checksum_becomes_a_task),
        cmocka_unit_test(an_open_checksum_is_computed_for_an_adapter_that_cannot),
        cmocka_unit_test(padding_is_not_summed),
        cmocka_unit_test(coalesced_tcp_becomes_a_large_send),
        cmocka_unit_test(coalesced_segments_are_cut_for_an_adapter_that_cannot),
        cmocka_unit_test(a_flooded_large_frame_is_right_everywhere),
        cmocka_unit_test(coalesced_datagrams_become_a_udp_segmentation),
        cmocka_unit_test(a_tag_goes_along),
        cmocka_unit_test(metadata_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
