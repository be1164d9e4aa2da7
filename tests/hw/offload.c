/* Offloads resolved in software: checksums and segments against a second, plain computation. */
#include "hw/rig.h"

#include "hw/offload.h"

enum { PIECES = 64, HEADERS_V4 = 14 + 20, HEADERS_V6 = 14 + 40, TCP = 20, UDP = 8 };

struct pieces {
    unsigned count;
    size_t bytes[PIECES];
    uint8_t frames[PIECES][2048];
};

static void
collect(void *user, const uint8_t *frame, size_t bytes)
{
    struct pieces *pieces = user;

    assert_true(pieces->count < PIECES && bytes <= sizeof(pieces->frames[0]));
    memcpy(pieces->frames[pieces->count], frame, bytes);
    pieces->bytes[pieces->count++] = bytes;
}

static struct pieces *
resolve(const struct virtio_net_hdr_v1 *header, const uint8_t *frame, size_t bytes)
{
    static struct pieces pieces;
    static uint8_t copy[OFFLOAD_SEGMENT_BYTES];
    static uint8_t segment[OFFLOAD_SEGMENT_BYTES];

    pieces.count = 0;
    memcpy(copy, frame, bytes);
    pndis__offload_resolve(header, copy, bytes, segment, collect, &pieces);
    return &pieces;
}

/* --- a second opinion --- */

static unsigned
word(const uint8_t *bytes)
{
    return (unsigned)(bytes[0] << 8 | bytes[1]);
}

/* The one's complement sum over everything that a checksum covers is 0xffff when it is right. */
static unsigned
ones_sum(const uint8_t *bytes, size_t count, unsigned long total)
{
    for (size_t i = 0; i < count; i++) {
        total += i % 2 == 0 ? (unsigned long)bytes[i] << 8 : bytes[i];
    }
    while (total > 0xffff) {
        total = total / 0x10000 + total % 0x10000;
    }
    return (unsigned)total;
}

static void
expect_checksums(const uint8_t *frame, size_t bytes, bool ipv4, unsigned protocol)
{
    size_t at = ipv4 ? HEADERS_V4 : HEADERS_V6;
    const uint8_t *addresses = ipv4 ? frame + 26 : frame + 22;
    unsigned long pseudo = ones_sum(addresses, ipv4 ? 8 : 32, protocol + bytes - at);

    if (ipv4) {
        assert_int_equal(ones_sum(frame + 14, 20, 0), 0xffff);
        assert_int_equal(word(frame + 16), bytes - 14);
    } else {
        assert_int_equal(word(frame + 18), bytes - HEADERS_V6);
    }
    assert_int_equal(ones_sum(frame + at, bytes - at, pseudo), 0xffff);
}

/* --- frames --- */

static size_t
make_frame(uint8_t *frame, bool ipv4, unsigned protocol, size_t payload)
{
    size_t at = ipv4 ? HEADERS_V4 : HEADERS_V6;
    size_t transport = protocol == 6 ? TCP : UDP;

    memset(frame, 0, at + transport);
    frame[12] = ipv4 ? 0x08 : 0x86;
    frame[13] = ipv4 ? 0x00 : 0xdd;
    if (ipv4) {
        frame[14] = 0x45;
        frame[18] = 0x12;
        frame[19] = 0x34;
        frame[22] = 64;
        frame[23] = (uint8_t)protocol;
        memcpy(frame + 26, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
    } else {
        frame[14] = 0x60;
        frame[20] = (uint8_t)protocol;
        memset(frame + 22, 0x11, 16);
        memset(frame + 38, 0x22, 16);
    }
    if (protocol == 6) {
        memcpy(frame + at + 4, "\xff\xff\xff\x00", 4); /* Wraps around soon. */
        frame[at + 12] = 0x50;
        frame[at + 13] = 0x80 | 0x10 | 0x08 | 0x01; /* CWR ACK PSH FIN */
    }
    for (size_t i = 0; i < payload; i++) {
        frame[at + transport + i] = (uint8_t)(i * 7);
    }
    return at + transport + payload;
}

static struct virtio_net_hdr_v1
make_header(bool ipv4, unsigned protocol, unsigned size)
{
    return (struct virtio_net_hdr_v1){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = protocol == 17 ? VIRTIO_NET_HDR_GSO_UDP_L4
                    : ipv4         ? VIRTIO_NET_HDR_GSO_TCPV4
                                   : VIRTIO_NET_HDR_GSO_TCPV6,
        .gso_size = htole16((uint16_t)size),
        .csum_start = htole16(ipv4 ? HEADERS_V4 : HEADERS_V6),
        .csum_offset = htole16(protocol == 6 ? 16 : 6),
    };
}

/* --- tests --- */

static void
segments_add_up_and_have_right_checksums(void **state)
{
    static uint8_t frame[65535];
    static const size_t payloads[] = {1, 999, 1000, 1001, 2000, 20001};

    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        bool ipv4 = (kind & 1) == 0;
        unsigned protocol = (kind & 2) == 0 ? 6 : 17;
        size_t headers = (ipv4 ? HEADERS_V4 : HEADERS_V6) + (protocol == 6 ? TCP : UDP);

        for (size_t p = 0; p < sizeof(payloads) / sizeof(payloads[0]); p++) {
            struct virtio_net_hdr_v1 header = make_header(ipv4, protocol, 1000);
            size_t bytes = make_frame(frame, ipv4, protocol, payloads[p]);
            struct pieces *pieces = resolve(&header, frame, bytes);
            size_t done = 0;

            assert_int_equal(pieces->count, (payloads[p] + 999) / 1000);
            for (unsigned i = 0; i < pieces->count; i++) {
                size_t here = pieces->bytes[i] - headers;

                assert_memory_equal(pieces->frames[i] + headers, frame + headers + done, here);
                expect_checksums(pieces->frames[i], pieces->bytes[i], ipv4, protocol);
                done += here;
            }
            assert_int_equal(done, payloads[p]);
        }
    }
}

static void
tcp_segments_count_on_and_flag_the_ends(void **state)
{
    struct virtio_net_hdr_v1 header = make_header(true, 6, 1000);
    static uint8_t frame[4096];
    struct pieces *pieces = resolve(&header, frame, make_frame(frame, true, 6, 2500));
    static const uint8_t flags[] = {0x90, 0x10, 0x19};

    (void)state;
    assert_int_equal(pieces->count, 3);
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *tcp = pieces->frames[i] + HEADERS_V4;
        uint32_t sequence = (uint32_t)word(tcp + 4) << 16 | word(tcp + 6);

        assert_int_equal(sequence, 0xffffff00u + i * 1000);
        assert_int_equal(tcp[13], flags[i]);
        assert_int_equal(word(pieces->frames[i] + 18), 0x1234 + i);
    }
}

static void
a_tagged_frame_is_cut_like_any_other(void **state)
{
    struct virtio_net_hdr_v1 header = make_header(true, 6, 1000);
    static uint8_t plain[4096];
    static uint8_t frame[4096];
    size_t bytes = make_frame(plain, true, 6, 1500);
    struct pieces *pieces;

    (void)state;
    memcpy(frame, plain, 12);
    memcpy(frame + 12, "\x81\x00\x00\x05", 4);
    memcpy(frame + 16, plain + 12, bytes - 12);
    header.csum_start = htole16(HEADERS_V4 + 4);
    pieces = resolve(&header, frame, bytes + 4);
    assert_int_equal(pieces->count, 2);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t untagged[2048];

        memcpy(untagged, pieces->frames[i], 12);
        memcpy(untagged + 12, pieces->frames[i] + 16, pieces->bytes[i] - 16);
        expect_checksums(untagged, pieces->bytes[i] - 4, true, 6);
    }
}

static void
a_checksum_alone_is_completed(void **state)
{
    struct virtio_net_hdr_v1 header = make_header(true, 17, 0);
    static uint8_t frame[256];
    size_t bytes = make_frame(frame, true, 17, 101);
    unsigned pseudo = ones_sum(frame + 26, 8, 17 + bytes - HEADERS_V4);
    struct pieces *pieces;

    (void)state;
    header.gso_type = VIRTIO_NET_HDR_GSO_NONE;
    frame[HEADERS_V4 + 6] = (uint8_t)(pseudo >> 8);
    frame[HEADERS_V4 + 7] = (uint8_t)pseudo;
    pieces = resolve(&header, frame, bytes);
    assert_int_equal(pieces->count, 1);
    assert_int_equal(pieces->bytes[0], bytes);
    assert_int_equal(ones_sum(pieces->frames[0] + HEADERS_V4, bytes - HEADERS_V4, pseudo), 0xffff);
}

/* What makes no sense is handed on as it is, in one piece. */
static void
nonsense_is_left_alone(void **state)
{
    static uint8_t frame[2048];
    size_t bytes = make_frame(frame, true, 6, 1000);
    struct virtio_net_hdr_v1 header = make_header(true, 6, 0);

    (void)state;
    header.flags = 0;
    assert_int_equal(resolve(&header, frame, bytes)->count, 1);
    header = make_header(true, 6, 100);
    header.csum_start = htole16(0xffff);
    for (size_t cut = 0; cut < HEADERS_V4 + TCP; cut++) {
        assert_int_equal(resolve(&header, frame, cut)->count, 1);
    }
    frame[HEADERS_V4 + 12] = 0x10;
    assert_int_equal(resolve(&header, frame, bytes)->count, 1);
    frame[14] = 0x41;
    assert_int_equal(resolve(&header, frame, bytes)->count, 1);
}

/* A driver that takes no offloads gets finished frames over the cable. */
static void
a_cable_resolves_what_the_other_driver_does_not_take(void **state)
{
    const struct virtio_net_hdr_v1 header = make_header(true, 6, 1000);
    struct pndis_backend *backends[2];
    struct rig one;
    struct rig other;
    static uint8_t frame[65535];
    static uint8_t seen[PNDIS_FRAME_BYTES_LIMIT];
    size_t bytes = make_frame(frame, true, 6, 5000);

    (void)state;
    assert_int_equal(pndis_backend_loopback(NULL, &backends[0], &backends[1]), 0);
    rig_open(&one, &(struct rig_options){.backend = backends[0]});
    rig_open(&other, &(struct rig_options){.backend = backends[1], .machine = one.machine});
    rig_start_plain(&one);
    rig_start(&other, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_MRG_RXBUF), 1, 64);
    rig_give_buffers(&other, 20, 2048);
    rig_send_with(&one, &header, frame, bytes);
    pndis_machine_settle(one.machine);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(rig_receive(&other, seen, sizeof(seen)),
                         RIG_HEADER + HEADERS_V4 + TCP + 1000);
        expect_checksums(seen + RIG_HEADER, HEADERS_V4 + TCP + 1000, true, 6);
        assert_int_equal(seen[0] | seen[1], 0);
    }

    /* One that takes them gets the frame in one piece, with what it asks for. */
    rig_start_plain(&other);
    rig_give_buffers(&other, 40, 2048);
    rig_send_with(&one, &header, frame, bytes);
    pndis_machine_settle(one.machine);
    assert_int_equal(rig_receive(&other, seen, sizeof(seen)), RIG_HEADER + bytes);
    assert_int_equal(seen[0], VIRTIO_NET_HDR_F_NEEDS_CSUM);
    assert_int_equal(seen[1], VIRTIO_NET_HDR_GSO_TCPV4);
    rig_detach(&other);
    rig_close(&one);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_add_up_and_have_right_checksums),
        cmocka_unit_test(tcp_segments_count_on_and_flag_the_ends),
        cmocka_unit_test(a_tagged_frame_is_cut_like_any_other),
        cmocka_unit_test(a_checksum_alone_is_completed),
        cmocka_unit_test(nonsense_is_left_alone),
        cmocka_unit_test(a_cable_resolves_what_the_other_driver_does_not_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
