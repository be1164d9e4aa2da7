/* "UDP Receive Segment Coalescing Offload (URO)": which datagrams are joined, and which never. */
#include "hw/rig.h"

#include "hw/offload.h"

#include <support/dice.h>

enum {
    LIMIT = 512,
    FRAME_LIMIT = 2048,
    HEADERS_V4 = 14 + 20 + 8,
    HEADERS_V6 = 14 + 40 + 8,
    BUFFER = 4096,
    BUFFERS = 60, /* In the ring, of 64. */
};

struct sample {
    struct virtio_net_hdr_v1 header;
    size_t bytes;
    uint8_t data[FRAME_LIMIT];
};

/* --- a backend that has a list of frames --- */

static struct sample script[LIMIT];
static unsigned script_count;
static unsigned script_next;

static void
play(struct pndis_backend *backend, unsigned queue, struct pndis_room *room)
{
    (void)backend;
    (void)queue;
    while (script_next < script_count &&
           pndis_room_put(room, &script[script_next].header, script[script_next].data,
                          (uint32_t)script[script_next].bytes)) {
        script_next++;
    }
}

static unsigned
swallow(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
        unsigned count, unsigned *lost)
{
    (void)backend;
    (void)queue;
    (void)frames;
    (void)lost;
    return count;
}

static void
destroy(struct pndis_backend *backend)
{
    free(backend);
}

static const struct pndis_backend_ops ops = {
    .name = "script",
    .destroy = destroy,
    .send = swallow,
    .receive = play,
};

static void
open_script(struct rig *rig, unsigned flags)
{
    struct rig_options options = {.nic.flags = PNDIS_NIC_POLLED | flags,
                                  .backend = calloc(1, sizeof(struct pndis_backend))};

    assert_non_null(options.backend);
    *options.backend = (struct pndis_backend){
        .ops = &ops,
        .queues = 1,
        .caps = PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_USO,
    };
    rig_open(rig, &options);
    rig_start_plain(rig);
}

/* --- datagrams --- */

static void
set16(uint8_t *place, unsigned value)
{
    place[0] = (uint8_t)(value >> 8);
    place[1] = (uint8_t)value;
}

static unsigned long
add_words(const uint8_t *bytes, size_t count, unsigned long total)
{
    for (size_t i = 0; i < count; i++) {
        total += i % 2 == 0 ? (unsigned long)bytes[i] << 8 : bytes[i];
    }
    return total;
}

static unsigned
complement(unsigned long total)
{
    while (total > 0xffff) {
        total = total / 0x10000 + total % 0x10000;
    }
    return (unsigned)~total & 0xffff;
}

static bool
is_ipv4(const struct sample *frame)
{
    return frame->data[12] == 0x08;
}

/* Checksums as they have to be now; the transport's is left to the receiver when @partial. */
static void
finish(struct sample *frame, bool partial)
{
    bool v4 = is_ipv4(frame);
    uint8_t *udp = frame->data + (v4 ? HEADERS_V4 : HEADERS_V6) - 8;
    size_t udp_bytes = frame->bytes - (size_t)(udp - frame->data);
    unsigned long sum =
        add_words(frame->data + (v4 ? 26 : 22), v4 ? 8 : 32, 17 + (unsigned long)udp_bytes);

    if (v4) {
        set16(frame->data + 24, 0);
        set16(frame->data + 24, complement(add_words(frame->data + 14, 20, 0)));
    }
    set16(udp + 6, 0);
    frame->header = (struct virtio_net_hdr_v1){0};
    if (partial) {
        frame->header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        frame->header.csum_start = htole16((uint16_t)(udp - frame->data));
        frame->header.csum_offset = htole16(6);
        set16(udp + 6, (unsigned)~complement(sum) & 0xffff);
    } else {
        unsigned checksum = complement(add_words(udp, udp_bytes, sum));

        set16(udp + 6, checksum == 0 ? 0xffff : checksum);
    }
}

/* Datagram @number of a flow, with @payload bytes that depend on it. */
static struct sample *
add_datagram(bool v4, unsigned flow, unsigned number, size_t payload)
{
    struct sample *frame = &script[script_count++];
    size_t headers = v4 ? HEADERS_V4 : HEADERS_V6;
    uint8_t *udp = frame->data + headers - 8;

    assert_true(script_count <= LIMIT);
    memset(frame, 0, sizeof(*frame));
    frame->bytes = headers + payload;
    memcpy(frame->data, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x86\xdd\x60", 15);
    if (v4) {
        memcpy(frame->data + 12, "\x08\x00\x45", 3);
        set16(frame->data + 16, (unsigned)(frame->bytes - 14));
        set16(frame->data + 18, number);
        frame->data[20] = 0x40;
        frame->data[22] = 64;
        frame->data[23] = 17;
        memcpy(frame->data + 26, "\x0a\0\0\x01\x0a\0\0\x02", 8);
    } else {
        set16(frame->data + 18, (unsigned)(payload + 8));
        frame->data[20] = 17;
        frame->data[21] = 64;
        memset(frame->data + 22, 0xfd, 32);
    }
    set16(udp, 1000 + flow);
    set16(udp + 2, 7);
    set16(udp + 4, (unsigned)(payload + 8));
    for (size_t i = 0; i < payload; i++) {
        frame->data[headers + i] = (uint8_t)(i + number * 31);
    }
    finish(frame, false);
    return frame;
}

static void
begin_script(void)
{
    script_count = script_next = 0;
}

/* --- what arrives --- */

static uint8_t arrived[PNDIS_FRAME_BYTES_LIMIT];
static unsigned cut_next;

/* Frames cut out of what arrived are those that were sent, in their order and byte by byte. */
static void
compare_cut(void *user, const uint8_t *bytes, size_t count)
{
    static uint8_t segment[OFFLOAD_SEGMENT_BYTES];
    struct sample sent;

    if (user == NULL) { /* What was sent, with its checksum complete. */
        memcpy(script[cut_next].data, bytes, count);
        return;
    }
    assert_true(cut_next < script_count);
    sent = script[cut_next];
    pndis__offload_resolve(&sent.header, sent.data, sent.bytes, segment, compare_cut, NULL);
    assert_int_equal(count, script[cut_next].bytes);
    assert_memory_equal(bytes, script[cut_next].data, count);
    cut_next++;
}

static unsigned
take_frames(struct rig *rig)
{
    static uint8_t segment[OFFLOAD_SEGMENT_BYTES];
    struct virtio_net_hdr_v1 header;
    unsigned frames = 0;
    size_t bytes;

    while ((bytes = rig_receive(rig, arrived, sizeof(arrived))) != 0) {
        memcpy(&header, arrived, sizeof(header));
        pndis__offload_resolve(&header, arrived + RIG_HEADER, bytes - RIG_HEADER, segment,
                               compare_cut, rig);
        frames++;
    }
    return frames;
}

/* Play the script; returns in how many frames it reached the driver. */
static unsigned
run(struct rig *rig, uint32_t buffer_bytes)
{
    unsigned frames = 0;
    uint16_t given = 0;

    cut_next = 0;
    do {
        uint16_t missing = (uint16_t)(BUFFERS - (uint16_t)(given - rig->queues[0].used_seen));

        rig_give_buffers(rig, missing, buffer_bytes);
        given += missing;
        pndis_nic_poll(rig->nic);
        frames += take_frames(rig);
    } while (script_next < script_count);
    assert_int_equal(cut_next, script_count);
    assert_int_equal(rig_info(rig).receive.frames, script_count);
    assert_int_equal(rig_info(rig).receive.joined, script_count - frames);
    return frames;
}

/* In how many frames the script reaches a driver with large buffers. */
static unsigned
frames_of_script(void)
{
    struct rig rig;
    unsigned frames;

    open_script(&rig, 0);
    frames = run(&rig, BUFFER);
    rig_close(&rig);
    return frames;
}

/* --- joined --- */

static void
datagrams_of_one_flow_become_one_frame(void **state)
{
    (void)state;
    for (unsigned v4 = 0; v4 < 2; v4++) {
        struct virtio_net_hdr_v1 header;

        begin_script();
        for (unsigned i = 0; i < 20; i++) {
            add_datagram(v4, 0, i, 18);
        }
        assert_int_equal(frames_of_script(), 1);
        memcpy(&header, arrived, sizeof(header));
        assert_int_equal(header.gso_type, 5); /* VIRTIO_NET_HDR_GSO_UDP_L4 */
        assert_int_equal(le16toh(header.gso_size), 18);
        assert_int_equal(le16toh(header.hdr_len), v4 ? HEADERS_V4 : HEADERS_V6);
        assert_int_equal(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    }
}

static void
a_shorter_datagram_is_the_last(void **state)
{
    (void)state;
    begin_script();
    add_datagram(true, 0, 0, 100);
    add_datagram(true, 0, 1, 100);
    add_datagram(true, 0, 2, 60);
    add_datagram(true, 0, 3, 60);
    add_datagram(true, 0, 4, 100);
    assert_int_equal(frames_of_script(), 3); /* 100 100 60, 60, 100 */
}

static void
incomplete_checksums_are_as_good(void **state)
{
    (void)state;
    begin_script();
    for (unsigned i = 0; i < 4; i++) {
        finish(add_datagram(true, 0, i, 40), i % 2 == 0);
    }
    assert_int_equal(frames_of_script(), 1);
}

static void
identifications_wrap(void **state)
{
    (void)state;
    begin_script();
    for (unsigned i = 0; i < 4; i++) {
        add_datagram(true, 0, (0xfffe + i) & 0xffff, 18);
    }
    assert_int_equal(frames_of_script(), 1);
}

static void
a_frame_has_as_many_as_kernels_take(void **state)
{
    (void)state;
    begin_script();
    for (unsigned i = 0; i < 130; i++) {
        add_datagram(false, 0, i, 1);
    }
    assert_int_equal(frames_of_script(), 3); /* 64, 64, 2 */
}

static void
an_ip_packet_is_not_longer_than_it_can_be(void **state)
{
    (void)state;
    begin_script();
    for (unsigned i = 0; i < 60; i++) {
        add_datagram(true, 0, i, 1472);
    }
    assert_int_equal(frames_of_script(), 2); /* 44 of them are 64,768 bytes. */
}

/* --- not joined --- */

/* Two datagrams, of which the second differs in one bit: a row for each rule. */
static const struct {
    const char *rule;
    bool v4;
    unsigned offset;
    uint8_t flip;
} differences[] = {
    {"layer 2 headers: destination", true, 5, 0x04},
    {"layer 2 headers: source", true, 11, 0x04},
    {"IPv4: header length is 5", true, 14, 0x03},
    {"IPv4: type of service", true, 15, 0x20},
    {"IPv4: ECN", true, 15, 0x01},
    {"IPv4: do not fragment", true, 20, 0x40},
    {"IPv4: no fragment", true, 20, 0x20},
    {"IPv4: no offset", true, 21, 0x01},
    {"IPv4: time to live", true, 22, 0x01},
    {"IPv4: the protocol is UDP", true, 23, 0x01},
    {"IPv4: source", true, 29, 0x02},
    {"IPv4: destination", true, 33, 0x02},
    {"IPv4: identification counts up", true, 19, 0x10},
    {"UDP: source port", true, 35, 0x01},
    {"UDP: destination port", true, 37, 0x01},
    {"IPv6: version", false, 14, 0x10},
    {"IPv6: traffic class", false, 14, 0x01},
    {"IPv6: ECN", false, 15, 0x10},
    {"IPv6: flow label", false, 17, 0x01},
    {"IPv6: no extension headers", false, 20, 0x11},
    {"IPv6: hop limit", false, 21, 0x01},
    {"IPv6: source", false, 37, 0x01},
    {"IPv6: destination", false, 53, 0x01},
    {"IPv6, UDP: destination port", false, 57, 0x01},
};

static void
what_differs_is_not_joined(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        struct sample *second;

        begin_script();
        add_datagram(differences[i].v4, 0, 0, 32);
        second = add_datagram(differences[i].v4, 0, 1, 32);
        second->data[differences[i].offset] ^= differences[i].flip;
        finish(second, false);
        if (frames_of_script() != 2) {
            fail_msg("joined in spite of %s", differences[i].rule);
        }
    }
}

/* Changed after the checksums were made. */
static void
a_damaged_datagram_stays_alone_and_parts_the_others(void **state)
{
    static const unsigned places[] = {24, 40, HEADERS_V4 + 3}; /* IP's sum, UDP's, the payload. */

    (void)state;
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (unsigned damaged = 0; damaged < 5; damaged++) {
            begin_script();
            for (unsigned n = 0; n < 5; n++) {
                add_datagram(true, 0, n, 32);
            }
            script[damaged].data[places[i]] ^= 0x40;
            assert_int_equal(frames_of_script(), damaged == 0 || damaged == 4 ? 2 : 3);
        }
    }
}

static void
without_a_checksum_there_is_nothing_to_restore(void **state)
{
    (void)state;
    begin_script();
    for (unsigned i = 0; i < 3; i++) {
        set16(add_datagram(true, 0, i, 32)->data + 40, 0);
    }
    assert_int_equal(frames_of_script(), 3);
}

static void
padding_is_not_payload(void **state)
{
    (void)state;
    begin_script();
    for (unsigned i = 0; i < 3; i++) {
        add_datagram(true, 0, i, 4)->bytes = 60;
    }
    assert_int_equal(frames_of_script(), 3);
}

static void
a_driver_that_takes_no_large_datagrams_gets_none(void **state)
{
    struct rig rig;

    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        begin_script();
        for (unsigned i = 0; i < 3; i++) {
            add_datagram(true, 0, i, 32);
        }
        open_script(&rig, way == 0 ? PNDIS_NIC_NO_COALESCING : 0);
        if (way == 1) {
            uint64_t checksums = htole64(FEATURE(VIRTIO_NET_F_GUEST_CSUM));

            assert_int_equal(rig_command(&rig, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
                                         VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &checksums,
                                         sizeof(checksums)),
                             VIRTIO_NET_OK);
        }
        assert_int_equal(run(&rig, BUFFER), 3);
        rig_close(&rig);
    }
}

/* --- any stream --- */

/* Flows, sizes, damage, tasks and buffers as the dice fall: what is cut is always what was sent. */
static void
every_stream_comes_out_as_it_went_in(void **state)
{
    unsigned joined = 0;

    (void)state;
    for (unsigned seed = 1; seed <= 2000; seed++) {
        struct dice dice = dice_of(seed);
        unsigned count = 1 + dice_roll(&dice, 100);
        unsigned buffer = 600 + 64 * dice_roll(&dice, 60);
        unsigned ids[2] = {dice_roll(&dice, 0x10000), 0};
        struct rig rig;

        begin_script();
        for (unsigned i = 0; i < count; i++) {
            unsigned flow = dice_roll(&dice, 8) == 0;
            size_t payload =
                dice_roll(&dice, 5) == 0 ? 1 + dice_roll(&dice, 1400) : 40 + seed % 200;
            struct sample *frame = add_datagram(seed % 2, flow, ids[flow]++ & 0xffff, payload);

            finish(frame, dice_roll(&dice, 3) == 0);
            if (dice_roll(&dice, 20) == 0 && frame->header.flags == 0) {
                frame->data[14 + dice_roll(&dice, (uint32_t)frame->bytes - 14)] ^= 1;
            }
        }
        open_script(&rig, 0);
        joined += count - run(&rig, buffer);
        rig_close(&rig);
    }
    assert_true(joined > 10000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_of_one_flow_become_one_frame),
        cmocka_unit_test(a_shorter_datagram_is_the_last),
        cmocka_unit_test(incomplete_checksums_are_as_good),
        cmocka_unit_test(identifications_wrap),
        cmocka_unit_test(a_frame_has_as_many_as_kernels_take),
        cmocka_unit_test(an_ip_packet_is_not_longer_than_it_can_be),
        cmocka_unit_test(what_differs_is_not_joined),
        cmocka_unit_test(a_damaged_datagram_stays_alone_and_parts_the_others),
        cmocka_unit_test(without_a_checksum_there_is_nothing_to_restore),
        cmocka_unit_test(padding_is_not_payload),
        cmocka_unit_test(a_driver_that_takes_no_large_datagrams_gets_none),
        cmocka_unit_test(every_stream_comes_out_as_it_went_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
