/* The legacy interface of a transitional device: virtio 1.2, 4.1.4.10 and the sections named so. */
#include "hw/rig.h"

#include "ndis/device.h"

#include <linux/pci_regs.h>

enum {
    QUEUE_SIZE = 16,
    FRAME_BYTES = 80,
    SHORT_HEADER = sizeof(struct virtio_net_hdr),
    CONFIG = 20
};

static const struct rig_options transitional = {
    .nic = {.flags = PNDIS_NIC_TRANSITIONAL, .queue_size = QUEUE_SIZE},
};

/* --- ports --- */

static uint64_t
in(struct rig *rig, unsigned port, unsigned width)
{
    return rig->device->ops->read(rig->device->user, 0, port, width);
}

static void
out(struct rig *rig, unsigned port, unsigned width, uint64_t value)
{
    rig->device->ops->write(rig->device->user, 0, port, width, value);
}

static uint8_t
status(struct rig *rig)
{
    return (uint8_t)in(rig, VIRTIO_PCI_STATUS, 1);
}

static void
add_status(struct rig *rig, uint8_t bits)
{
    out(rig, VIRTIO_PCI_STATUS, 1, status(rig) | bits);
}

/* The line is up; reading the ISR lowers it. */
static bool
line(struct rig *rig)
{
    return rig->device->line_level;
}

/* A queue in one piece, used ring on a page of its own. */
static struct rig_queue *
make_queue(struct rig *rig, unsigned index)
{
    struct rig_queue *queue = &rig->queues[index];
    uint8_t *pages;

    memset(queue, 0, sizeof(*queue));
    queue->rig = rig;
    queue->index = index;
    out(rig, VIRTIO_PCI_QUEUE_SEL, 2, index);
    queue->size = (unsigned)in(rig, VIRTIO_PCI_QUEUE_NUM, 2);
    pages = rig_memory(rig, 2 * VIRTIO_PCI_VRING_ALIGN, &queue->desc_at);
    queue->desc = (struct vring_desc *)pages;
    queue->avail = (struct vring_avail *)(pages + queue->size * sizeof(struct vring_desc));
    queue->used = (struct vring_used *)(pages + VIRTIO_PCI_VRING_ALIGN);
    out(rig, VIRTIO_PCI_QUEUE_PFN, 4, queue->desc_at >> VIRTIO_PCI_QUEUE_ADDR_SHIFT);
    return queue;
}

static void
ring(struct rig *rig, unsigned queue)
{
    out(rig, VIRTIO_PCI_QUEUE_NOTIFY, 2, queue);
}

static void
begin(struct rig *rig, uint32_t features)
{
    out(rig, VIRTIO_PCI_STATUS, 1, 0);
    add_status(rig, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    out(rig, VIRTIO_PCI_GUEST_FEATURES, 4, features);
}

static void
start(struct rig *rig, uint32_t features)
{
    begin(rig, features);
    make_queue(rig, 0);
    make_queue(rig, 1);
    add_status(rig, VIRTIO_CONFIG_S_DRIVER_OK);
}

static void
expect_broken(struct rig *rig, const char *why)
{
    char text[256];

    pndis_nic_breakdown(rig->nic, text, sizeof(text));
    if ((status(rig) & VIRTIO_CONFIG_S_NEEDS_RESET) == 0 || strstr(text, why) == NULL) {
        fail_msg("to be broken because of \"%s\"; status 0x%02x, \"%s\"", why, status(rig), text);
    }
    start(rig, 0);
    assert_int_equal(status(rig), VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
                                      VIRTIO_CONFIG_S_DRIVER_OK);
}

/* --- frames; the other end of the cable is a modern device --- */

struct cable {
    struct rig here;
    struct rig there;
};

static void
cable_open(struct cable *c, uint32_t features)
{
    struct pndis_backend *ends[2];
    struct rig_options options = transitional;

    assert_int_equal(pndis_backend_loopback(NULL, &ends[0], &ends[1]), 0);
    options.backend = ends[0];
    rig_open(&c->here, &options);
    rig_open(&c->there, &(struct rig_options){.machine = c->here.machine, .backend = ends[1]});
    start(&c->here, features);
    rig_start_plain(&c->there);
}

static void
cable_close(struct cable *c)
{
    rig_detach(&c->there);
    rig_close(&c->here);
}

static void
settle(struct cable *c)
{
    for (unsigned i = 0; i < 4; i++) {
        pndis_nic_poll(c->here.nic);
        pndis_nic_poll(c->there.nic);
    }
}

/* Give one receive buffer in pieces of @bytes each; returns its head. */
static uint16_t
give(struct rig *rig, const uint32_t *bytes, unsigned pieces, uint8_t **out_pieces)
{
    struct rig_part parts[8] = {{0}};
    uint16_t head;

    for (unsigned i = 0; i < pieces; i++) {
        parts[i].bytes = bytes[i];
        parts[i].flags = RIG_IN;
        out_pieces[i] = rig_memory(rig, bytes[i], &parts[i].address);
        memset(out_pieces[i], 0xee, bytes[i]);
    }
    head = rig_chain(&rig->queues[0], parts, pieces);
    rig_make_available(&rig->queues[0], head);
    ring(rig, 0);
    return head;
}

static size_t
gather(uint8_t *const *pieces, const uint32_t *bytes, unsigned count, uint8_t *all)
{
    size_t done = 0;

    for (unsigned i = 0; i < count; i++) {
        memcpy(all + done, pieces[i], bytes[i]);
        done += bytes[i];
    }
    return done;
}

/* Whatever way the driver cuts its buffer: 10 bytes of header, then the frame. */
static void
short_headers_are_received_in_any_layout(void **state)
{
    static const uint32_t layouts[][5] = {
        {SHORT_HEADER, 1514, 0, 0, 0},
        {1600, 0, 0, 0, 0},
        {3, 4, 5, 1600, 0},
        {1, 9, 40, 1, 1600},
        {SHORT_HEADER, 1, FRAME_BYTES - 1, 0, 0},
        {11, 9, 0, 1600, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct cable c;
        uint8_t frame[FRAME_BYTES];
        uint8_t all[4096];
        uint8_t *pieces[5];
        uint32_t bytes[5];
        unsigned count = 0;
        uint32_t head;
        uint32_t used;

        cable_open(&c, (uint32_t)FEATURE(VIRTIO_F_ANY_LAYOUT));
        for (unsigned k = 0; k < 5; k++) {
            if (layouts[i][k] != 0) {
                bytes[count++] = layouts[i][k];
            }
        }
        for (unsigned round = 0; round < 3 * QUEUE_SIZE; round++) {
            uint16_t given = give(&c.here, bytes, count, pieces);

            rig_frame(frame, sizeof(frame), 0x02, 1, (uint8_t)(i + round));
            rig_send(&c.there, frame, sizeof(frame));
            settle(&c);
            assert_true(rig_take_used(&c.here.queues[0], &head, &used));
            assert_int_equal(head, given);
            assert_int_equal(used, SHORT_HEADER + FRAME_BYTES);
            gather(pieces, bytes, count, all);
            assert_memory_equal(all, "\0\0\0\0\0\0\0\0\0\0", SHORT_HEADER);
            assert_memory_equal(all + SHORT_HEADER, frame, FRAME_BYTES);
        }
        cable_close(&c);
    }
}

/* Several buffers at once, each with its own header; one frame too long for its buffer is lost. */
static void
many_short_buffers_wait_at_once(void **state)
{
    static const uint32_t layout[] = {SHORT_HEADER, FRAME_BYTES};
    struct cable c;
    uint8_t frame[FRAME_BYTES + 1];
    uint8_t *pieces[QUEUE_SIZE / 2][2];
    uint32_t head;
    uint32_t used;

    (void)state;
    cable_open(&c, 0);
    for (unsigned i = 0; i < QUEUE_SIZE / 2; i++) {
        give(&c.here, layout, 2, pieces[i]);
    }
    for (unsigned i = 0; i <= QUEUE_SIZE / 2; i++) {
        rig_frame(frame, sizeof(frame), 0x02, 1, (uint8_t)i);
        rig_send(&c.there, frame, i == 3 ? FRAME_BYTES + 1 : FRAME_BYTES);
    }
    settle(&c);
    for (unsigned i = 0; i < QUEUE_SIZE / 2; i++) {
        rig_frame(frame, sizeof(frame), 0x02, 1, (uint8_t)(i < 3 ? i : i + 1));
        assert_true(rig_take_used(&c.here.queues[0], &head, &used));
        assert_int_equal(used, SHORT_HEADER + FRAME_BYTES);
        assert_memory_equal(pieces[i][1], frame, FRAME_BYTES);
    }
    assert_int_equal(rig_info(&c.here).receive.drops[PNDIS_DROP_TOO_LONG], 1);
    assert_int_equal(rig_info(&c.here).receive.bytes, FRAME_BYTES * QUEUE_SIZE / 2);
    cable_close(&c);
}

/* With mergeable buffers the header has 12 bytes here too. */
static void
mergeable_buffers_have_the_full_header(void **state)
{
    static const uint32_t layout[] = {RIG_HEADER + 30};
    struct cable c;
    uint8_t frame[FRAME_BYTES];
    uint8_t all[256];
    uint8_t *piece;
    uint32_t head;
    uint32_t used;

    (void)state;
    cable_open(&c, (uint32_t)FEATURE(VIRTIO_NET_F_MRG_RXBUF));
    for (unsigned i = 0; i < 4; i++) {
        uint16_t given = give(&c.here, layout, 1, &piece);

        c.here.queues[0].buffers[given] = piece;
    }
    rig_frame(frame, sizeof(frame), 0x02, 1, 0x5a);
    rig_send(&c.there, frame, sizeof(frame));
    settle(&c);
    assert_int_equal(rig_receive(&c.here, all, sizeof(all)), RIG_HEADER + FRAME_BYTES);
    assert_memory_equal(all + RIG_HEADER, frame, FRAME_BYTES);
    assert_true(rig_take_used(&c.here.queues[0], &head, &used) == false);
    cable_close(&c);
}

static void
short_headers_are_sent_in_any_layout(void **state)
{
    static const uint32_t layouts[][4] = {{SHORT_HEADER, FRAME_BYTES, 0, 0},
                                          {SHORT_HEADER + FRAME_BYTES, 0, 0, 0},
                                          {4, 6, FRAME_BYTES, 0},
                                          {11, 1, FRAME_BYTES - 2, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct cable c;
        uint8_t flat[SHORT_HEADER + FRAME_BYTES] = {0};
        uint8_t got[2048];
        struct rig_part parts[4] = {{0}};
        unsigned count = 0;
        size_t at = 0;
        uint32_t head;
        uint32_t used;

        cable_open(&c, 0);
        rig_give_buffers(&c.there, 4, 2048);
        rig_frame(flat + SHORT_HEADER, FRAME_BYTES, 0x02, 1, (uint8_t)(0x30 + i));
        for (; count < 4 && layouts[i][count] != 0; count++) {
            void *piece = rig_memory(&c.here, layouts[i][count], &parts[count].address);

            parts[count].bytes = layouts[i][count];
            memcpy(piece, flat + at, layouts[i][count]);
            at += layouts[i][count];
        }
        rig_make_available(&c.here.queues[1], rig_chain(&c.here.queues[1], parts, count));
        ring(&c.here, 1);
        settle(&c);
        assert_true(rig_take_used(&c.here.queues[1], &head, &used));
        assert_int_equal(rig_receive(&c.there, got, sizeof(got)), RIG_HEADER + FRAME_BYTES);
        assert_memory_equal(got + RIG_HEADER, flat + SHORT_HEADER, FRAME_BYTES);
        assert_int_equal(rig_info(&c.here).send.bytes, FRAME_BYTES);
        cable_close(&c);
    }
}

/* --- discovery --- */

static uint32_t
pci(struct rig *rig, uint32_t offset, unsigned bytes)
{
    uint32_t value = 0;

    rig->device->ops->config_read(rig->device->user, offset, &value, bytes);
    return le32toh(value);
}

static void
a_legacy_driver_knows_it_by_its_identity(void **state)
{
    struct rig rig;
    unsigned at;

    (void)state;
    rig_open(&rig, &transitional);
    assert_int_equal(pci(&rig, PCI_VENDOR_ID, 4), 0x10001af4);
    assert_int_equal(pci(&rig, PCI_REVISION_ID, 1), 0);
    assert_int_equal(pci(&rig, PCI_SUBSYSTEM_ID, 2), 1);
    assert_int_equal(pci(&rig, PCI_INTERRUPT_PIN, 1), 1);
    assert_int_equal(pci(&rig, PCI_BASE_ADDRESS_0, 4) & 3, PCI_BASE_ADDRESS_SPACE_IO);
    assert_int_equal(pci(&rig, PCI_BASE_ADDRESS_0, 4) & ~3u,
                     pndis_device_range_address(rig.device, 0));
    for (at = pci(&rig, PCI_CAPABILITY_LIST, 1); at != 0; at = pci(&rig, at + 1, 1)) {
        assert_int_equal(pci(&rig, at, 1), PCI_CAP_ID_VNDR);
        if (pci(&rig, at + VIRTIO_PCI_CAP_CFG_TYPE, 1) != VIRTIO_PCI_CAP_PCI_CFG) {
            assert_int_equal(pci(&rig, at + VIRTIO_PCI_CAP_BAR, 1), 4);
        }
    }
    rig_close(&rig);
}

/* A device from before virtio 1.0: what a driver of both would look for is not there. */
static void
a_legacy_device_has_nothing_else(void **state)
{
    static const struct rig_options alone = {
        .nic = {.flags = PNDIS_NIC_LEGACY, .queue_size = QUEUE_SIZE},
    };
    const uint32_t ones = ~0u;
    struct rig rig;

    (void)state;
    rig_open(&rig, &alone);
    assert_int_equal(pci(&rig, PCI_VENDOR_ID, 4), 0x10001af4);
    assert_int_equal(pci(&rig, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, 0);
    assert_int_equal(pci(&rig, PCI_BASE_ADDRESS_0, 4) & 3, PCI_BASE_ADDRESS_SPACE_IO);
    for (unsigned at = PCI_BASE_ADDRESS_1; at < PCI_CARDBUS_CIS; at += 4) {
        assert_int_equal(pci(&rig, at, 4), 0);
    }
    for (unsigned at = PCI_STD_HEADER_SIZEOF; at < 256; at += 4) {
        rig.device->ops->config_write(rig.device->user, at, &ones, sizeof(ones));
        assert_int_equal(pci(&rig, at, 4), 0);
    }
    start(&rig, 0);
    assert_int_equal(status(&rig) & VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK);
    rig_close(&rig);
}

static void
the_modern_interface_works_beside_it(void **state)
{
    struct rig rig;
    uint8_t frame[FRAME_BYTES];

    (void)state;
    rig_open(&rig, &transitional);
    rig_start(&rig, rig_offered(&rig) & ~FEATURE(VIRTIO_RING_F_EVENT_IDX), 1, QUEUE_SIZE);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&rig, frame, sizeof(frame));
    assert_true(rig_take_used(&rig.queues[1], &(uint32_t){0}, &(uint32_t){0}));
    assert_int_equal(rig_info(&rig).send.bytes, FRAME_BYTES);
    rig_close(&rig);
}

static void
registers_answer_as_the_specification_says(void **state)
{
    struct rig rig;
    struct rig_queue *queue;
    uint64_t features;

    (void)state;
    rig_open(&rig, &transitional);
    features = in(&rig, VIRTIO_PCI_HOST_FEATURES, 4);
    assert_int_equal(features, ((uint32_t)rig_offered(&rig) | FEATURE(VIRTIO_F_ANY_LAYOUT)));
    begin(&rig, (uint32_t)features & 0xff);
    assert_int_equal(in(&rig, VIRTIO_PCI_GUEST_FEATURES, 4), features & 0xff);
    queue = make_queue(&rig, 1);
    assert_int_equal(queue->size, QUEUE_SIZE);
    assert_int_equal(in(&rig, VIRTIO_PCI_QUEUE_PFN, 4), queue->desc_at >> 12);
    out(&rig, VIRTIO_PCI_QUEUE_PFN, 4, 0);
    assert_int_equal(in(&rig, VIRTIO_PCI_QUEUE_PFN, 4), 0);
    out(&rig, VIRTIO_PCI_QUEUE_SEL, 2, 500);
    assert_int_equal(in(&rig, VIRTIO_PCI_QUEUE_SEL, 2), 500);
    assert_int_equal(in(&rig, VIRTIO_PCI_QUEUE_NUM, 2), 0);
    out(&rig, VIRTIO_PCI_QUEUE_PFN, 4, 77);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(in(&rig, CONFIG + i, 1), rig_info(&rig).mac[i]);
    }
    assert_int_equal(in(&rig, CONFIG + 6, 2), VIRTIO_NET_S_LINK_UP);
    assert_int_equal(in(&rig, CONFIG + 40, 4), 0);
    /* Writes of a wrong width, and of what can only be read. */
    out(&rig, VIRTIO_PCI_STATUS, 4, 0);
    out(&rig, VIRTIO_PCI_HOST_FEATURES, 4, 0);
    assert_int_equal(status(&rig), VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    assert_int_equal(in(&rig, VIRTIO_PCI_HOST_FEATURES, 4), features);
    rig_close(&rig);
}

/* 5.1.4: "... the driver MAY write the MAC address", byte by byte. */
static void
the_address_is_written_into_the_configuration(void **state)
{
    struct rig rig;
    static const uint8_t mac[] = {0x02, 1, 2, 3, 4, 5};

    (void)state;
    rig_open(&rig, &transitional);
    start(&rig, 0);
    for (unsigned i = 0; i < sizeof(mac); i++) {
        out(&rig, CONFIG + i, 1, mac[i]);
    }
    out(&rig, CONFIG + 4, 4, 0xffffffff); /* Reaches beyond it. */
    assert_memory_equal(rig_info(&rig).mac, mac, sizeof(mac));
    out(&rig, VIRTIO_PCI_STATUS, 1, 0);
    assert_memory_not_equal(rig_info(&rig).mac, mac, sizeof(mac));
    rig_close(&rig);
}

/* --- interrupt --- */

static void
reading_the_isr_clears_it(void **state)
{
    static const uint32_t layout[] = {SHORT_HEADER, FRAME_BYTES};
    struct cable c;
    uint8_t frame[FRAME_BYTES];
    uint8_t *pieces[2];

    (void)state;
    cable_open(&c, (uint32_t)FEATURE(VIRTIO_NET_F_STATUS));
    give(&c.here, layout, 2, pieces);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&c.there, frame, sizeof(frame));
    settle(&c);
    assert_true(line(&c.here));
    assert_int_equal(in(&c.here, VIRTIO_PCI_ISR, 1), 1);
    assert_int_equal(in(&c.here, VIRTIO_PCI_ISR, 1), 0);
    assert_false(line(&c.here));
    pndis_nic_set_link(c.here.nic, false);
    assert_true(line(&c.here));
    assert_int_equal(in(&c.here, VIRTIO_PCI_STATUS, 2) >> 8, 0); /* Not by a wide access. */
    assert_int_equal(in(&c.here, VIRTIO_PCI_ISR, 1), VIRTIO_PCI_ISR_CONFIG);
    assert_int_equal(in(&c.here, CONFIG + 6, 2), 0);
    cable_close(&c);
}

/* --- 3.1.2 "Legacy Interface: Device Initialization" --- */

static int
turn_promiscuous_off(struct rig *rig)
{
    struct rig_queue *queue = &rig->queues[2];
    struct rig_part parts[] = {{.bytes = 3, .flags = RIG_OUT}, {.bytes = 1, .flags = RIG_IN}};
    uint8_t *command = rig_memory(rig, 3, &parts[0].address);
    uint8_t *answer = rig_memory(rig, 1, &parts[1].address);

    memcpy(command, (uint8_t[]){VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 0}, 3);
    *answer = 0xff;
    rig_make_available(queue, rig_chain(queue, parts, 2));
    ring(rig, 2);
    return rig_take_used(queue, &(uint32_t){0}, &(uint32_t){0}) ? *answer : -1;
}

static uint16_t
send_one(struct rig *rig)
{
    struct rig_part part = {.bytes = SHORT_HEADER + FRAME_BYTES, .flags = RIG_OUT};
    uint16_t head;

    rig_memory(rig, SHORT_HEADER + FRAME_BYTES, &part.address);
    head = rig_chain(&rig->queues[1], &part, 1);
    rig_make_available(&rig->queues[1], head);
    ring(rig, 1);
    return head;
}

/* "The transitional device MUST support the driver using the device before the step 8." */
static void
the_device_is_used_before_driver_ok(void **state)
{
    const uint32_t features =
        (uint32_t)(FEATURE(VIRTIO_NET_F_CTRL_VQ) | FEATURE(VIRTIO_NET_F_CTRL_RX));
    static const uint32_t layout[] = {SHORT_HEADER, FRAME_BYTES};
    struct cable c;
    uint8_t frame[FRAME_BYTES];
    uint8_t *pieces[2];
    uint32_t head;
    uint32_t used;

    (void)state;
    cable_open(&c, 0);
    begin(&c.here, features);
    for (unsigned i = 0; i < 3; i++) {
        make_queue(&c.here, i);
    }
    assert_int_equal(turn_promiscuous_off(&c.here), VIRTIO_NET_OK);
    send_one(&c.here);
    assert_true(rig_take_used(&c.here.queues[1], &head, &used));
    give(&c.here, layout, 2, pieces);
    rig_frame(frame, sizeof(frame), 0xff, 0xff, 0);
    memset(frame, 0xff, 6);
    rig_send(&c.there, frame, sizeof(frame));
    settle(&c);
    assert_true(rig_take_used(&c.here.queues[0], &head, &used));
    assert_int_equal(used, SHORT_HEADER + FRAME_BYTES);
    assert_true(line(&c.here));
    assert_int_equal(status(&c.here), VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);

    /* What was done stays done: the frame is for somebody else. */
    add_status(&c.here, VIRTIO_CONFIG_S_DRIVER_OK);
    give(&c.here, layout, 2, pieces);
    rig_frame(frame, sizeof(frame), 0x02, 0x55, 0);
    rig_send(&c.there, frame, sizeof(frame));
    settle(&c);
    assert_false(rig_take_used(&c.here.queues[0], &head, &used));
    assert_int_equal(rig_info(&c.here).features, features);
    cable_close(&c);
}

/* "... devices finalized features on first-use"; a doorbell of a queue that is not there is none.
 */
static void
the_first_use_settles_the_features(void **state)
{
    const uint32_t first = (uint32_t)FEATURE(VIRTIO_NET_F_STATUS);
    const uint32_t later = (uint32_t)FEATURE(VIRTIO_NET_F_MAC);
    struct rig rig;

    (void)state;
    rig_open(&rig, &transitional);
    begin(&rig, later);
    ring(&rig, 1);
    out(&rig, VIRTIO_PCI_GUEST_FEATURES, 4, first);
    make_queue(&rig, 0);
    make_queue(&rig, 1);
    ring(&rig, 1);
    out(&rig, VIRTIO_PCI_GUEST_FEATURES, 4, later);
    add_status(&rig, VIRTIO_CONFIG_S_DRIVER_OK);
    assert_int_equal(in(&rig, VIRTIO_PCI_GUEST_FEATURES, 4), first);
    assert_int_equal(rig_info(&rig).features, first);
    rig_close(&rig);
}

/* --- what it does not accept --- */

static void
bad_features_are_refused(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &transitional);
    start(&rig, UINT32_MAX);
    expect_broken(&rig, "not offered");
    rig_close(&rig);
}

static void
bad_queues_break_it(void **state)
{
    struct rig rig;
    struct rig_part part = {.bytes = SHORT_HEADER, .flags = RIG_OUT};

    (void)state;
    rig_open(&rig, &transitional);
    start(&rig, 0);
    out(&rig, VIRTIO_PCI_QUEUE_SEL, 2, 1);
    out(&rig, VIRTIO_PCI_QUEUE_PFN, 4, 0x1234);
    expect_broken(&rig, "moved while it is enabled");

    begin(&rig, 0);
    out(&rig, VIRTIO_PCI_QUEUE_SEL, 2, 0);
    out(&rig, VIRTIO_PCI_QUEUE_PFN, 4, UINT32_MAX);
    expect_broken(&rig, "descriptor table");

    ring(&rig, 99);
    expect_broken(&rig, "rings for queue 99");

    rig_memory(&rig, SHORT_HEADER, &part.address);
    rig_make_available(&rig.queues[1], rig_chain(&rig.queues[1], &part, 1));
    ring(&rig, 1);
    expect_broken(&rig, "a frame to be sent is 10 bytes long");
    rig_close(&rig);
}

static void
a_short_receive_buffer_breaks_it(void **state)
{
    static const uint32_t layout[] = {SHORT_HEADER - 1};
    struct cable c;
    uint8_t frame[FRAME_BYTES];
    uint8_t *piece;

    (void)state;
    cable_open(&c, 0);
    give(&c.here, layout, 1, &piece);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&c.there, frame, sizeof(frame));
    settle(&c);
    expect_broken(&c.here, "too short for the header");
    cable_close(&c);
}

static void
the_two_interfaces_are_not_mixed(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &transitional);
    start(&rig, 0);
    rig_set_common(&rig, device_status, status(&rig) | VIRTIO_CONFIG_S_FEATURES_OK);
    expect_broken(&rig, "legacy interface");
    out(&rig, VIRTIO_PCI_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    expect_broken(&rig, "to the device status");
    assert_true(rig_negotiate(&rig, FEATURE(VIRTIO_F_VERSION_1)));
    add_status(&rig, VIRTIO_CONFIG_S_DRIVER_OK);
    assert_int_equal(rig_info(&rig).features, FEATURE(VIRTIO_F_VERSION_1));
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_legacy_driver_knows_it_by_its_identity),
        cmocka_unit_test(a_legacy_device_has_nothing_else),
        cmocka_unit_test(the_modern_interface_works_beside_it),
        cmocka_unit_test(registers_answer_as_the_specification_says),
        cmocka_unit_test(the_address_is_written_into_the_configuration),
        cmocka_unit_test(short_headers_are_received_in_any_layout),
        cmocka_unit_test(many_short_buffers_wait_at_once),
        cmocka_unit_test(mergeable_buffers_have_the_full_header),
        cmocka_unit_test(short_headers_are_sent_in_any_layout),
        cmocka_unit_test(reading_the_isr_clears_it),
        cmocka_unit_test(the_device_is_used_before_driver_ok),
        cmocka_unit_test(the_first_use_settles_the_features),
        cmocka_unit_test(bad_features_are_refused),
        cmocka_unit_test(bad_queues_break_it),
        cmocka_unit_test(a_short_receive_buffer_breaks_it),
        cmocka_unit_test(the_two_interfaces_are_not_mixed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
