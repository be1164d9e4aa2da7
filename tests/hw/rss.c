/*
 * Receive-side scaling in the device: virtio 1.2, 5.1.6.4.3 "Hash calculation for incoming
 * packets", 5.1.6.5.6 and 5.1.6.5.7 "Hash reporting".
 */
#include "hw/rig.h"

#include "hw/offload.h"

#include <arpa/inet.h>

enum { PAIRS = 4, SIZE = 64, TABLE = 8, LIMIT = 512, RSS_CONFIG = 1, HASH_CONFIG = 2 };

#define IPV4_TYPES (VIRTIO_NET_RSS_HASH_TYPE_IPv4 | VIRTIO_NET_RSS_HASH_TYPE_TCPv4)
#define IPV6_TYPES (VIRTIO_NET_RSS_HASH_TYPE_IPv6 | VIRTIO_NET_RSS_HASH_TYPE_TCPv6)

/* The key and the results of "Verifying the RSS Hash Calculation". */
static const uint8_t key[HASH_KEY_BYTES] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static const struct vector {
    int family;
    const char *to;
    uint16_t to_port;
    const char *from;
    uint16_t from_port;
    uint32_t addresses; /* The hash of them alone, */
    uint32_t tcp;       /* and with the ports. */
} vectors[] = {
    {AF_INET, "161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2, 0x51ccc178},
    {AF_INET, "65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262a, 0xc626b0ea},
    {AF_INET, "12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5de, 0x5c2b394a},
    {AF_INET, "209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176, 0xafc7327f},
    {AF_INET, "202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5, 0x10e828a2},
    {AF_INET6, "3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5, 0x40207d3d},
    {AF_INET6, "ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461c, 0xdde51bbf},
    {AF_INET6, "fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251,
     0x4b61e985, 0x02d1feef},
};

enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

/* --- frames --- */

struct shape {
    uint8_t protocol;
    bool fragment;
    unsigned tags;
    bool extension; /* IPv6: destination options in front of the ports. */
};

static const struct shape tcp = {.protocol = IPPROTO_TCP};
static const struct shape udp = {.protocol = IPPROTO_UDP};

static size_t
put_ip(uint8_t *at, const struct vector *vector, const struct shape *shape)
{
    if (vector->family == AF_INET) {
        memset(at, 0, 20);
        at[0] = 0x45;
        put16(at + 2, 20 + 20);
        put16(at + 6, shape->fragment ? 0x2000 : 0);
        at[9] = shape->protocol;
        inet_pton(AF_INET, vector->from, at + 12);
        inet_pton(AF_INET, vector->to, at + 16);
        return 20;
    }
    memset(at, 0, 48);
    at[0] = 0x60;
    at[6] = shape->extension ? IPPROTO_DSTOPTS : shape->protocol;
    at[40] = shape->protocol;
    inet_pton(AF_INET6, vector->from, at + 8);
    inet_pton(AF_INET6, vector->to, at + 24);
    return shape->extension ? 48 : 40;
}

static size_t
make_frame(uint8_t *frame, const struct vector *vector, const struct shape *shape)
{
    size_t at = 12;

    rig_frame(frame, 128, 0x02, 0x07, 0);
    for (unsigned i = 0; i < shape->tags; i++, at += 4) {
        put16(frame + at, i + 1 < shape->tags ? 0x88a8 : 0x8100);
        put16(frame + at + 2, 5);
    }
    put16(frame + at, vector->family == AF_INET ? 0x0800 : 0x86dd);
    at += 2;
    at += put_ip(frame + at, vector, shape);
    put16(frame + at, vector->from_port);
    put16(frame + at + 2, vector->to_port);
    return 128;
}

/* --- a nic at one end of a cable, which spreads flows over its queues in its own way --- */

struct lab {
    struct rig rig;
    struct rig sender;
};

static void
open_lab(struct lab *lab, uint64_t more, uint64_t without)
{
    struct pndis_backend *backends[2];

    assert_int_equal(pndis_backend_loopback(&(struct pndis_loopback_options){.queues = PAIRS},
                                            &backends[0], &backends[1]),
                     0);
    rig_open(&lab->rig,
             &(struct rig_options){.backend = backends[0], .nic.mac = {0x02, 0, 0, 0, 0, 7}});
    rig_open(&lab->sender,
             &(struct rig_options){.backend = backends[1], .machine = lab->rig.machine});
    rig_start(&lab->rig,
              (rig_offered(&lab->rig) | more) & ~without & ~FEATURE(VIRTIO_RING_F_EVENT_IDX), PAIRS,
              SIZE);
    rig_start_plain(&lab->sender);
}

static void
close_lab(struct lab *lab)
{
    assert_false(rig_is_broken(&lab->rig));
    rig_detach(&lab->sender);
    rig_close(&lab->rig);
}

/* VIRTIO_NET_CTRL_MQ_RSS_CONFIG, as a sane driver makes it; a test changes a field or two. */
struct config {
    uint32_t types;
    uint16_t mask;
    uint16_t unclassified;
    uint16_t table[STEER_TABLE_LIMIT + 1];
    uint16_t send_queues;
    uint8_t key_bytes;
    size_t more; /* Bytes behind the end; */
    size_t less; /* bytes cut off. */
};

static struct config
sane_config(void)
{
    struct config config = {.types = IPV4_TYPES | IPV6_TYPES,
                            .mask = TABLE - 1,
                            .unclassified = 3,
                            .send_queues = PAIRS,
                            .key_bytes = sizeof(key)};

    for (unsigned i = 0; i <= STEER_TABLE_LIMIT; i++) {
        config.table[i] = (uint16_t)(i % PAIRS);
    }
    return config;
}

static size_t
add(uint8_t *data, size_t at, uint32_t value, size_t bytes)
{
    value = htole32(value);
    memcpy(data + at, &value, bytes);
    return at + bytes;
}

static int
set_rss(struct lab *lab, const struct config *config)
{
    uint8_t data[1024] = {0};
    size_t at = add(data, 0, config->types, 4);

    at = add(data, at, config->mask, 2);
    at = add(data, at, config->unclassified, 2);
    for (unsigned i = 0; i <= config->mask && i <= STEER_TABLE_LIMIT; i++) {
        at = add(data, at, config->table[i], 2);
    }
    at = add(data, at, config->send_queues, 2);
    at = add(data, at, config->key_bytes, 1);
    memcpy(data + at, key, sizeof(key));
    at += config->key_bytes;
    return rig_command(&lab->rig, VIRTIO_NET_CTRL_MQ, RSS_CONFIG, data,
                       at + config->more - config->less);
}

static int
set_hash(struct lab *lab, uint32_t types, size_t key_bytes, size_t less)
{
    uint8_t data[64 + HASH_KEY_BYTES] = {0};
    size_t at = add(data, 0, types, 4) + 8;

    at = add(data, at, (uint32_t)key_bytes, 1);
    memcpy(data + at, key, sizeof(key));
    return rig_command(&lab->rig, VIRTIO_NET_CTRL_MQ, HASH_CONFIG, data, at + key_bytes - less);
}

/* Buffers for queue @index, of each @bytes. */
static void
give_buffers(struct rig *rig, unsigned index, unsigned count, uint32_t bytes)
{
    struct rig_queue *queue = &rig->queues[2 * index];

    for (unsigned i = 0; i < count; i++) {
        struct rig_part part = {.bytes = bytes, .flags = RIG_IN};
        void *buffer = rig_memory(rig, bytes, &part.address);
        uint16_t head = rig_chain(queue, &part, 1);

        queue->buffers[head] = buffer;
        rig_make_available(queue, head);
    }
    rig_ring(queue);
}

static void
run(struct lab *lab)
{
    assert_int_equal(pndis_machine_run(lab->rig.machine, 1000000), 0);
}

/* The queue on which the next frame comes, with its header and all its buffers' bytes in a row. */
static int
next_frame(struct rig *rig, uint8_t *frame, size_t *out_bytes)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        struct rig_queue *queue = &rig->queues[2 * i];
        uint32_t head;
        uint32_t bytes;
        unsigned left = 1;

        for (*out_bytes = 0; left > 0 && rig_take_used(queue, &head, &bytes); left--) {
            if (*out_bytes == 0) {
                left = le16toh(((struct virtio_net_hdr_v1 *)queue->buffers[head])->num_buffers);
            }
            memcpy(frame + *out_bytes, queue->buffers[head], bytes);
            *out_bytes += bytes;
        }
        if (*out_bytes != 0) {
            return (int)i;
        }
    }
    return -1;
}

static int
pass(struct lab *lab, const struct vector *vector, const struct shape *shape)
{
    uint8_t frame[LIMIT];
    uint8_t got[LIMIT];
    size_t bytes = make_frame(frame, vector, shape);
    size_t got_bytes;
    int queue;

    rig_send(&lab->sender, frame, bytes);
    run(lab);
    queue = next_frame(&lab->rig, got, &got_bytes);
    if (queue >= 0) {
        assert_int_equal(got_bytes, RIG_HEADER + bytes);
        assert_memory_equal(got + RIG_HEADER, frame, bytes);
    }
    return queue;
}

/* --- hashing --- */

static void
the_hash_is_the_published_one(void **state)
{
    struct hash hash;
    uint8_t frame[LIMIT];
    uint16_t report;

    (void)state;
    pndis__hash_set(&hash,
                    HASH_TYPES & ~(VIRTIO_NET_RSS_HASH_TYPE_UDPv4 | VIRTIO_NET_RSS_HASH_TYPE_UDPv6),
                    key, sizeof(key));
    for (unsigned i = 0; i < VECTORS; i++) {
        bool ipv4 = vectors[i].family == AF_INET;
        size_t bytes = make_frame(frame, &vectors[i], &tcp);

        assert_int_equal(pndis__hash_frame(&hash, frame, bytes, &report), vectors[i].tcp);
        assert_int_equal(report,
                         ipv4 ? VIRTIO_NET_HASH_REPORT_TCPv4 : VIRTIO_NET_HASH_REPORT_TCPv6);
        make_frame(frame, &vectors[i], &udp);
        assert_int_equal(pndis__hash_frame(&hash, frame, bytes, &report), vectors[i].addresses);
        assert_int_equal(report, ipv4 ? VIRTIO_NET_HASH_REPORT_IPv4 : VIRTIO_NET_HASH_REPORT_IPv6);
    }
}

/* "The device calculates the hash on ... if the type is set and the packet has such a header." */
static void
the_type_in_use_that_fits_best_is_taken(void **state)
{
    static const struct shape fragment = {.protocol = IPPROTO_TCP, .fragment = true};
    static const struct shape tagged = {.protocol = IPPROTO_TCP, .tags = 1};
    static const struct shape twice = {.protocol = IPPROTO_TCP, .tags = 2};
    static const struct shape options = {.protocol = IPPROTO_TCP, .extension = true};
    static const struct {
        const char *what;
        uint32_t types;
        unsigned vector;
        const struct shape *shape;
        uint16_t report;
    } rows[] = {
        {"no type", 0, 0, &tcp, 0},
        {"addresses only", VIRTIO_NET_RSS_HASH_TYPE_IPv4, 0, &tcp, 1},
        {"ports only, and it has some", VIRTIO_NET_RSS_HASH_TYPE_TCPv4, 0, &tcp, 2},
        {"TCP only, and it is UDP", VIRTIO_NET_RSS_HASH_TYPE_TCPv4, 0, &udp, 0},
        {"UDP", VIRTIO_NET_RSS_HASH_TYPE_UDPv4, 0, &udp, 3},
        {"a fragment", IPV4_TYPES, 0, &fragment, 1},
        {"a fragment, ports only", VIRTIO_NET_RSS_HASH_TYPE_TCPv4, 0, &fragment, 0},
        {"behind a tag", IPV4_TYPES, 0, &tagged, 2},
        {"behind two", IPV4_TYPES, 0, &twice, 2},
        {"the other version", IPV6_TYPES, 0, &tcp, 0},
        {"IPv6", VIRTIO_NET_RSS_HASH_TYPE_IPv6, 5, &tcp, 4},
        {"IPv6, TCP", IPV6_TYPES, 5, &tcp, 5},
        {"IPv6, UDP", VIRTIO_NET_RSS_HASH_TYPE_UDPv6, 5, &udp, 6},
        {"behind options", IPV6_TYPES, 5, &options, 5},
    };
    struct hash hash;
    uint8_t frame[LIMIT];
    uint16_t report;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t bytes = make_frame(frame, &vectors[rows[i].vector], rows[i].shape);
        uint32_t value;

        pndis__hash_set(&hash, rows[i].types, key, sizeof(key));
        value = pndis__hash_frame(&hash, frame, bytes, &report);
        if (report != rows[i].report || (report == 0 && value != 0)) {
            fail_msg("%s: report %u, hash %08x", rows[i].what, report, value);
        }
        /* However short it is cut, nothing behind the end is looked at. */
        for (size_t cut = 0; cut < bytes; cut++) {
            uint8_t *exact = malloc(cut + 1);

            memcpy(exact, frame, cut);
            pndis__hash_frame(&hash, exact, cut, &report);
            free(exact);
        }
    }
}

/* --- steering --- */

static void
a_frame_comes_on_the_queue_of_its_hash(void **state)
{
    static const struct shape arp = {.protocol = IPPROTO_TCP};
    struct config config = sane_config();
    struct lab lab;

    (void)state;
    open_lab(&lab, 0, 0);
    for (unsigned i = 0; i < PAIRS; i++) {
        give_buffers(&lab.rig, i, 16, 256);
    }
    assert_int_equal(set_rss(&lab, &config), VIRTIO_NET_OK);
    for (unsigned i = 0; i < VECTORS; i++) {
        assert_int_equal(pass(&lab, &vectors[i], &tcp), vectors[i].tcp % TABLE % PAIRS);
        assert_int_equal(pass(&lab, &vectors[i], &udp), vectors[i].addresses % TABLE % PAIRS);
    }
    /* "unclassified_queue": what no type in use fits. */
    config.types = IPV6_TYPES;
    assert_int_equal(set_rss(&lab, &config), VIRTIO_NET_OK);
    assert_int_equal(pass(&lab, &vectors[0], &arp), config.unclassified);
    assert_int_equal(rig_info(&lab.rig).queue_pairs_used, PAIRS);
    close_lab(&lab);
}

/* "VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET" goes back to automatic steering, and a reset to one queue. */
static void
other_commands_end_it(void **state)
{
    const uint16_t one = htole16(1);
    struct config config = sane_config();
    struct lab lab;

    (void)state;
    open_lab(&lab, 0, 0);
    for (unsigned i = 0; i < PAIRS; i++) {
        give_buffers(&lab.rig, i, 16, 256);
    }
    for (unsigned i = 0; i < TABLE; i++) {
        config.table[i] = 2;
    }
    assert_int_equal(set_rss(&lab, &config), VIRTIO_NET_OK);
    assert_int_equal(pass(&lab, &vectors[0], &tcp), 2);
    assert_int_equal(
        rig_command(&lab.rig, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &one, 2),
        VIRTIO_NET_OK);
    assert_int_equal(pass(&lab, &vectors[0], &tcp), 0);
    assert_int_equal(set_rss(&lab, &config), VIRTIO_NET_OK);
    rig_start_plain(&lab.rig);
    give_buffers(&lab.rig, 0, 16, 256);
    assert_int_equal(pass(&lab, &vectors[0], &tcp), 0);
    close_lab(&lab);
}

/* Many frames for @queue alone, which has no buffers. Returns how many were lost. */
static uint64_t
flood(struct lab *lab, unsigned queue)
{
    enum { SENT = 400 };
    struct config config = sane_config();
    uint8_t frame[LIMIT];
    size_t bytes = make_frame(frame, &vectors[0], &tcp);

    for (unsigned i = 0; i < PAIRS; i++) {
        config.table[i] = config.table[i + PAIRS] = (uint16_t)queue;
        if (i != queue) {
            give_buffers(&lab->rig, i, 16, 256);
        }
    }
    assert_int_equal(set_rss(lab, &config), VIRTIO_NET_OK);
    for (unsigned i = 0; i < SENT; i++) {
        rig_send(&lab->sender, frame, bytes);
        run(lab);
    }
    assert_int_equal(next_frame(&lab->rig, frame, &bytes), -1);
    return rig_info(&lab->rig).receive.drops[PNDIS_DROP_STEERED];
}

/* Frames wait for buffers of their queue; what is too much is lost and counted, and a reset forgets
 * what waits. */
static void
frames_wait_for_buffers_of_their_queue(void **state)
{
    uint64_t lost = 0;

    (void)state;
    for (unsigned queue = 0; queue < PAIRS; queue++) {
        struct lab lab;
        uint8_t frame[LIMIT];
        size_t bytes;

        open_lab(&lab, 0, 0);
        lost += flood(&lab, queue);
        give_buffers(&lab.rig, queue, 16, 256);
        run(&lab);
        for (unsigned i = 0; i < 16; i++) {
            assert_int_equal(next_frame(&lab.rig, frame, &bytes), queue);
        }
        assert_int_equal(next_frame(&lab.rig, frame, &bytes), -1);
        close_lab(&lab);
    }
    /* The cable's own choice of a queue was another one at least three times. */
    assert_true(lost >= 3 * (400 - 256 - 16) && lost <= 4 * (400 - 256));
}

static void
a_reset_forgets_what_waits(void **state)
{
    (void)state;
    for (unsigned queue = 0; queue < PAIRS; queue++) {
        struct lab lab;
        uint64_t frames;

        open_lab(&lab, 0, 0);
        if (flood(&lab, queue) != 0) {
            frames = rig_info(&lab.rig).receive.frames;
            rig_start(&lab.rig, rig_offered(&lab.rig) & ~FEATURE(VIRTIO_RING_F_EVENT_IDX), PAIRS,
                      SIZE);
            give_buffers(&lab.rig, 0, 16, 256);
            give_buffers(&lab.rig, queue, 16, 256);
            run(&lab);
            assert_int_equal(rig_info(&lab.rig).receive.frames, frames);
        }
        close_lab(&lab);
    }
}

/* --- hash reports --- */

static void
expect_report(struct lab *lab, const struct vector *vector, const struct shape *shape,
              uint32_t value, uint16_t report)
{
    uint8_t frame[LIMIT];
    uint8_t got[LIMIT];
    struct virtio_net_hdr_v1_hash header;
    size_t bytes = make_frame(frame, vector, shape);
    size_t got_bytes;

    rig_send(&lab->sender, frame, bytes);
    run(lab);
    assert_true(next_frame(&lab->rig, got, &got_bytes) >= 0);
    assert_int_equal(got_bytes, sizeof(header) + bytes);
    memcpy(&header, got, sizeof(header));
    assert_memory_equal(got + sizeof(header), frame, bytes);
    assert_int_equal(le32toh(header.hash_value), value);
    assert_int_equal(le16toh(header.hash_report), report);
    assert_int_equal(header.padding, 0);
    assert_int_equal(header.hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
}

/* With buffers of every size, merged or not: the header may lie in several, as the frame may. */
static void
the_header_has_the_hash(void **state)
{
    static const uint32_t sizes[] = {256, 20, 21, 27, 64};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (unsigned merged = sizes[i] == 256 ? 0 : 1; merged < 2; merged++) {
            struct lab lab;

            open_lab(&lab, FEATURE(VIRTIO_NET_F_HASH_REPORT),
                     merged != 0 ? 0 : FEATURE(VIRTIO_NET_F_MRG_RXBUF));
            give_buffers(&lab.rig, 0, SIZE, sizes[i]);
            expect_report(&lab, &vectors[0], &tcp, 0, VIRTIO_NET_HASH_REPORT_NONE);
            assert_int_equal(set_hash(&lab, IPV4_TYPES | IPV6_TYPES, sizeof(key), 0),
                             VIRTIO_NET_OK);
            expect_report(&lab, &vectors[1], &tcp, vectors[1].tcp, VIRTIO_NET_HASH_REPORT_TCPv4);
            expect_report(&lab, &vectors[5], &udp, vectors[5].addresses,
                          VIRTIO_NET_HASH_REPORT_IPv6);
            close_lab(&lab);
        }
    }
}

/* A chain of several descriptors, cut inside the header. */
static void
the_header_can_lie_in_pieces(void **state)
{
    static const uint32_t cuts[][3] = {{8, 12, 236}, {1, 7, 248},  {3, 9, 244},
                                       {10, 2, 244}, {12, 8, 236}, {19, 1, 236}};

    (void)state;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct rig_part parts[3];
        struct rig_queue *queue;
        struct lab lab;
        uint8_t *memory;
        uint64_t address;

        open_lab(&lab, FEATURE(VIRTIO_NET_F_HASH_REPORT), 0);
        assert_int_equal(set_hash(&lab, IPV4_TYPES, sizeof(key), 0), VIRTIO_NET_OK);
        memory = rig_memory(&lab.rig, 256, &address);
        for (unsigned p = 0; p < 3; p++) {
            parts[p] = (struct rig_part){address, cuts[i][p], RIG_IN};
            address += cuts[i][p];
        }
        queue = &lab.rig.queues[0];
        queue->buffers[0] = memory;
        rig_make_available(queue, rig_chain(queue, parts, 3));
        rig_ring(queue);
        expect_report(&lab, &vectors[2], &tcp, vectors[2].tcp, VIRTIO_NET_HASH_REPORT_TCPv4);
        close_lab(&lab);
    }
}

/* Both together: on its queue, with its hash. And out goes a frame behind the longer header. */
static void
a_steered_frame_has_its_hash(void **state)
{
    struct config config = sane_config();
    struct lab lab;
    struct rig_part part = {.bytes = sizeof(struct virtio_net_hdr_v1_hash) + 128, .flags = RIG_OUT};
    uint8_t *out;
    uint8_t got[LIMIT];

    (void)state;
    open_lab(&lab, FEATURE(VIRTIO_NET_F_HASH_REPORT), 0);
    for (unsigned i = 0; i < PAIRS; i++) {
        give_buffers(&lab.rig, i, 16, 100);
    }
    assert_int_equal(set_rss(&lab, &config), VIRTIO_NET_OK);
    for (unsigned i = 0; i < VECTORS; i++) {
        expect_report(&lab, &vectors[i], &tcp, vectors[i].tcp,
                      vectors[i].family == AF_INET ? VIRTIO_NET_HASH_REPORT_TCPv4
                                                   : VIRTIO_NET_HASH_REPORT_TCPv6);
    }
    rig_give_buffers(&lab.sender, 1, 256);
    out = rig_memory(&lab.rig, part.bytes, &part.address);
    make_frame(out + sizeof(struct virtio_net_hdr_v1_hash), &vectors[0], &tcp);
    rig_make_available(&lab.rig.queues[1], rig_chain(&lab.rig.queues[1], &part, 1));
    rig_ring(&lab.rig.queues[1]);
    run(&lab);
    assert_int_equal(rig_receive(&lab.sender, got, sizeof(got)), RIG_HEADER + 128);
    assert_memory_equal(got + RIG_HEADER, out + sizeof(struct virtio_net_hdr_v1_hash), 128);
    close_lab(&lab);
}

/* --- what a driver may not ask --- */

static void
commands_that_make_no_sense_are_refused(void **state)
{
    struct config wrong[10];
    struct config sane = sane_config();
    struct lab lab;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        wrong[i] = sane;
    }
    wrong[0].types = 1u << 6; /* Not offered. */
    wrong[1].mask = 4;        /* Five entries. */
    wrong[2].mask = 0xffff;   /* More than there are, and than there is data for. */
    wrong[3].mask = STEER_TABLE_LIMIT * 2 - 1;
    wrong[4].unclassified = PAIRS;
    wrong[5].table[TABLE - 1] = PAIRS;
    wrong[6].send_queues = 0;
    wrong[7].send_queues = PAIRS + 1;
    wrong[8].key_bytes = HASH_KEY_BYTES + 1;
    wrong[9].more = 1;
    open_lab(&lab, FEATURE(VIRTIO_NET_F_HASH_REPORT), 0);
    give_buffers(&lab.rig, 0, 4, 256);
    for (size_t i = 0; i < 10; i++) {
        if (set_rss(&lab, &wrong[i]) != VIRTIO_NET_ERR) {
            fail_msg("command %zu was taken", i);
        }
    }
    for (size_t less = 1; less < 67; less++) {
        sane.less = less;
        assert_int_equal(set_rss(&lab, &sane), VIRTIO_NET_ERR);
    }
    assert_int_equal(set_hash(&lab, 1u << 9, sizeof(key), 0), VIRTIO_NET_ERR);
    assert_int_equal(set_hash(&lab, IPV4_TYPES, sizeof(key) + 1, 0), VIRTIO_NET_ERR);
    for (size_t less = 1; less < 53; less++) {
        assert_int_equal(set_hash(&lab, IPV4_TYPES, sizeof(key), less), VIRTIO_NET_ERR);
    }
    /* None of them had any effect. */
    expect_report(&lab, &vectors[0], &tcp, 0, VIRTIO_NET_HASH_REPORT_NONE);
    close_lab(&lab);
}

static void
what_was_not_negotiated_cannot_be_asked(void **state)
{
    struct config config = sane_config();
    struct lab lab;

    (void)state;
    open_lab(&lab, 0, FEATURE(VIRTIO_NET_F_RSS));
    assert_int_equal(set_rss(&lab, &config), VIRTIO_NET_ERR);
    assert_int_equal(set_hash(&lab, IPV4_TYPES, sizeof(key), 0), VIRTIO_NET_ERR);
    close_lab(&lab);
}

static void
the_configuration_says_what_there_is(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, 0, 0);
    assert_int_equal(rig_config(&lab.rig, rss_max_key_size), HASH_KEY_BYTES);
    assert_int_equal(rig_config(&lab.rig, rss_max_indirection_table_length), STEER_TABLE_LIMIT);
    assert_int_equal(rig_config(&lab.rig, supported_hash_types), HASH_TYPES);
    assert_true((rig_offered(&lab.rig) & FEATURE(VIRTIO_NET_F_RSS)) != 0);
    close_lab(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_the_published_one),
        cmocka_unit_test(the_type_in_use_that_fits_best_is_taken),
        cmocka_unit_test(a_frame_comes_on_the_queue_of_its_hash),
        cmocka_unit_test(other_commands_end_it),
        cmocka_unit_test(frames_wait_for_buffers_of_their_queue),
        cmocka_unit_test(a_reset_forgets_what_waits),
        cmocka_unit_test(the_header_has_the_hash),
        cmocka_unit_test(the_header_can_lie_in_pieces),
        cmocka_unit_test(a_steered_frame_has_its_hash),
        cmocka_unit_test(commands_that_make_no_sense_are_refused),
        cmocka_unit_test(what_was_not_negotiated_cannot_be_asked),
        cmocka_unit_test(the_configuration_says_what_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
