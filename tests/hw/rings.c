/* Frames through the rings: chains of any shape, mergeable buffers, event indexes, interrupts. */
#include "hw/rig.h"

enum { SIZE = 64 };

/* A nic with a null backend that makes @count frames of @bytes; byte i of a frame is i. */
static void
open_source(struct rig *rig, unsigned bytes, unsigned count, const struct rig_options *options)
{
    static uint8_t frame[65535];
    struct rig_options with = options == NULL ? (struct rig_options){0} : *options;

    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    for (unsigned i = 14; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)i;
    }
    assert_int_equal(pndis_backend_null(&(struct pndis_null_options){.frame_bytes = bytes,
                                                                     .frame_count = count,
                                                                     .frame = frame},
                                        &with.backend),
                     0);
    rig_open(rig, &with);
}

static void
expect_frame(struct rig *rig, unsigned bytes)
{
    static uint8_t frame[PNDIS_FRAME_BYTES_LIMIT];

    assert_int_equal(rig_receive(rig, frame, sizeof(frame)), RIG_HEADER + bytes);
    for (unsigned i = 14; i < bytes; i++) {
        if (frame[RIG_HEADER + i] != (uint8_t)i) {
            fail_msg("byte %u of %u is 0x%02x", i, bytes, frame[RIG_HEADER + i]);
        }
    }
}

/* --- receiving --- */

static void
a_frame_lands_in_one_buffer(void **state)
{
    struct rig rig;

    (void)state;
    open_source(&rig, 60, 1, NULL);
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 1, 2048);
    pndis_nic_poll(rig.nic);
    expect_frame(&rig, 60);
    assert_true(rig_interrupted(&rig, 0));
    assert_int_equal(rig_info(&rig).receive.frames, 1);
    assert_int_equal(rig_info(&rig).receive.bytes, 60);
    rig_close(&rig);
}

/* Every buffer size against every frame size around it. */
static void
a_frame_spreads_over_mergeable_buffers(void **state)
{
    (void)state;
    for (unsigned buffer = 12; buffer < 200; buffer += 7) {
        for (unsigned bytes = 60; bytes <= 260; bytes += 50) {
            unsigned needed = (RIG_HEADER + bytes + buffer - 1) / buffer;
            struct rig rig;

            open_source(&rig, bytes, 2, NULL);
            rig_start_plain(&rig);
            rig_give_buffers(&rig, 2 * needed, buffer);
            pndis_nic_poll(rig.nic);
            expect_frame(&rig, bytes);
            expect_frame(&rig, bytes);
            rig_close(&rig);
        }
    }
}

static void
the_longest_frame_fits_when_the_driver_takes_segments(void **state)
{
    struct rig rig;

    (void)state;
    open_source(&rig, 65535, 1, NULL);
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 40, 2048);
    pndis_nic_poll(rig.nic);
    expect_frame(&rig, 65535);
    rig_close(&rig);
}

/* A receive buffer of @count pieces that an indirect table lists. */
static void
give_pieces(struct rig *rig, unsigned count, uint32_t bytes)
{
    struct rig_queue *queue = &rig->queues[0];
    struct rig_part table = {.bytes = (uint32_t)(count * sizeof(struct vring_desc)),
                             .flags = VRING_DESC_F_INDIRECT};
    struct vring_desc *desc = rig_memory(rig, table.bytes, &table.address);
    uint64_t at;
    void *buffer = rig_memory(rig, (size_t)count * bytes, &at);
    uint16_t head = rig_chain(queue, &table, 1);

    for (unsigned i = 0; i < count; i++) {
        desc[i] = (struct vring_desc){
            .addr = htole64(at + (uint64_t)i * bytes),
            .len = htole32(bytes),
            .flags = htole16(VRING_DESC_F_WRITE | (i + 1 < count ? VRING_DESC_F_NEXT : 0)),
            .next = htole16((uint16_t)(i + 1)),
        };
    }
    queue->buffers[head] = buffer;
    rig_make_available(queue, head);
}

/* Far more pieces than the queue has entries: a table each, and a frame in all of them. */
static void
a_frame_fills_all_buffers_whatever_their_pieces(void **state)
{
    enum { ENTRIES = 16, PIECES = 16, BYTES = 4, ALL = ENTRIES * PIECES * BYTES - RIG_HEADER };
    const uint64_t without = FEATURE(VIRTIO_RING_F_EVENT_IDX) | FEATURE(VIRTIO_NET_F_CTRL_VLAN);
    struct rig rig;

    (void)state;
    open_source(&rig, ALL, 2, &(struct rig_options){.nic = {.queue_size = ENTRIES}});
    rig_start(&rig, rig_offered(&rig) & ~without, 1, ENTRIES);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < ENTRIES; i++) {
            give_pieces(&rig, PIECES, BYTES);
        }
        rig_ring(&rig.queues[0]);
        pndis_nic_poll(rig.nic);
        expect_frame(&rig, ALL);
    }
    rig_close(&rig);
}

/* A frame that needs more buffers than there are waits for them, and those behind it wait as well.
 */
static void
a_frame_waits_for_buffers(void **state)
{
    struct rig rig;
    uint8_t frame[2048];

    (void)state;
    open_source(&rig, 1000, 3, NULL);
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 3, 512);
    pndis_nic_poll(rig.nic);
    expect_frame(&rig, 1000);
    assert_int_equal(rig_receive(&rig, frame, sizeof(frame)), 0);
    rig_give_buffers(&rig, 3, 512);
    pndis_nic_poll(rig.nic);
    expect_frame(&rig, 1000);
    expect_frame(&rig, 1000);
    assert_true(rig_info(&rig).receive.ring_empty > 0);
    rig_close(&rig);
}

static void
a_frame_longer_than_all_buffers_is_dropped(void **state)
{
    struct rig rig;
    uint8_t frame[2048];

    (void)state;
    open_source(&rig, 1000, 3, NULL);
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 1, 512);
    while (pndis_nic_poll(rig.nic) > 0) {
    }
    assert_int_equal(rig_receive(&rig, frame, sizeof(frame)), 0);
    assert_int_equal(rig_info(&rig).receive.drops[PNDIS_DROP_TOO_LONG], 3);
    rig_close(&rig);
}

static void
without_mergeable_buffers_a_frame_has_one(void **state)
{
    struct rig rig;
    uint8_t frame[2048];

    (void)state;
    open_source(&rig, 1000, 4, NULL);
    rig_start(&rig, FEATURE(VIRTIO_F_VERSION_1), 1, SIZE);
    rig_give_buffers(&rig, 1, 2048);
    rig_give_buffers(&rig, 1, 512);
    while (pndis_nic_poll(rig.nic) > 0) {
    }
    expect_frame(&rig, 1000);
    assert_int_equal(rig_receive(&rig, frame, sizeof(frame)), 0);
    assert_int_equal(rig_info(&rig).receive.drops[PNDIS_DROP_TOO_LONG], 3);
    rig_close(&rig);
}

/* Header and data in descriptors of their own, cut anywhere. */
static void
a_receive_buffer_can_be_a_chain(void **state)
{
    (void)state;
    for (unsigned cut = 1; cut < 40; cut++) {
        struct rig rig;
        struct rig_part parts[3];
        uint8_t frame[256];
        uint8_t *memory;
        uint64_t at;
        uint32_t head;
        uint32_t bytes;

        open_source(&rig, 60, 1, NULL);
        rig_start_plain(&rig);
        memory = rig_memory(&rig, 256, &at);
        parts[0] = (struct rig_part){at, cut, RIG_IN};
        parts[1] = (struct rig_part){at + cut, 1, RIG_IN};
        parts[2] = (struct rig_part){at + cut + 1, 200 - cut, RIG_IN};
        rig_make_available(&rig.queues[0], rig_chain(&rig.queues[0], parts, 3));
        pndis_nic_poll(rig.nic);
        assert_true(rig_take_used(&rig.queues[0], &head, &bytes));
        assert_int_equal(bytes, RIG_HEADER + 60);
        memcpy(frame, memory, sizeof(frame));
        assert_int_equal(le16toh(((struct virtio_net_hdr_v1 *)frame)->num_buffers), 1);
        for (unsigned i = 14; i < 60; i++) {
            assert_int_equal(frame[RIG_HEADER + i], i);
        }
        rig_close(&rig);
    }
}

/* Many times around a small ring. */
static void
the_indexes_wrap_around(void **state)
{
    enum { FRAMES = 70000, ENTRIES = 4 };
    struct rig rig;
    struct rig_queue *queue;
    uint32_t head;
    uint32_t bytes;

    (void)state;
    open_source(&rig, 60, FRAMES, NULL);
    rig_start(&rig, rig_offered(&rig), 1, ENTRIES);
    queue = &rig.queues[0];
    rig_give_buffers(&rig, ENTRIES, 256);
    for (unsigned done = 0; done < FRAMES; done++) {
        while (!rig_take_used(queue, &head, &bytes)) {
            assert_true(pndis_nic_poll(rig.nic) > 0);
        }
        assert_int_equal(bytes, RIG_HEADER + 60);
        rig_make_available(queue, (uint16_t)head);
    }
    assert_int_equal(rig_info(&rig).receive.frames, FRAMES);
    rig_close(&rig);
}

/* --- sending: a loopback cable shows what arrives --- */

struct ends {
    struct rig one;
    struct rig other;
};

static void
open_ends(struct ends *ends)
{
    struct pndis_backend *backends[2];

    assert_int_equal(pndis_backend_loopback(NULL, &backends[0], &backends[1]), 0);
    rig_open(&ends->one, &(struct rig_options){.backend = backends[0]});
    rig_open(&ends->other,
             &(struct rig_options){.backend = backends[1], .machine = ends->one.machine});
    rig_start_plain(&ends->one);
    rig_start_plain(&ends->other);
}

static void
close_ends(struct ends *ends)
{
    rig_detach(&ends->other);
    rig_close(&ends->one);
}

/* The chain in @parts, as it arrives. */
static size_t
send_chain(struct ends *ends, const struct rig_part *parts, unsigned count, uint8_t *frame,
           size_t limit)
{
    struct rig_queue *queue = &ends->one.queues[1];
    uint32_t head;
    uint32_t bytes;

    rig_give_buffers(&ends->other, 1, 4096);
    rig_make_available(queue, rig_chain(queue, parts, count));
    rig_ring(queue);
    assert_true(rig_take_used(queue, &head, &bytes));
    assert_int_equal(bytes, 0);
    pndis_nic_poll(ends->other.nic);
    return rig_receive(&ends->other, frame, limit);
}

/* virtio 1.2, 2.7.4: framing is the driver's business; the header may be cut anywhere. */
static void
a_frame_to_be_sent_can_be_cut_anywhere(void **state)
{
    (void)state;
    for (unsigned cut = 1; cut < 60; cut++) {
        struct ends ends;
        struct rig_part parts[3];
        uint8_t arrived[256];
        uint8_t *memory;
        uint64_t at;

        open_ends(&ends);
        memory = rig_memory(&ends.one, 256, &at);
        rig_frame(memory + RIG_HEADER, 100, 0x02, 1, 0x5a);
        parts[0] = (struct rig_part){at, cut, RIG_OUT};
        parts[1] = (struct rig_part){at + cut, 3, RIG_OUT};
        parts[2] = (struct rig_part){at + cut + 3, RIG_HEADER + 100 - cut - 3, RIG_OUT};
        assert_int_equal(send_chain(&ends, parts, 3, arrived, sizeof(arrived)), RIG_HEADER + 100);
        assert_memory_equal(arrived + RIG_HEADER, memory + RIG_HEADER, 100);
        close_ends(&ends);
    }
}

static void
an_indirect_chain_is_sent_like_any_other(void **state)
{
    struct ends ends;
    struct rig_part table = {.flags = VRING_DESC_F_INDIRECT};
    struct vring_desc *desc;
    uint8_t arrived[256];
    uint8_t *memory;
    uint64_t at;

    (void)state;
    open_ends(&ends);
    memory = rig_memory(&ends.one, 256, &at);
    rig_frame(memory + RIG_HEADER, 100, 0x02, 1, 0x5a);
    table.bytes = 2 * sizeof(*desc);
    desc = rig_memory(&ends.one, table.bytes, &table.address);
    /* Not in the order of the table. */
    desc[0] = (struct vring_desc){htole64(at), htole32(RIG_HEADER), htole16(VRING_DESC_F_NEXT),
                                  htole16(1)};
    desc[1] = (struct vring_desc){htole64(at + RIG_HEADER), htole32(100), 0, 0};
    assert_int_equal(send_chain(&ends, &table, 1, arrived, sizeof(arrived)), RIG_HEADER + 100);
    assert_memory_equal(arrived + RIG_HEADER, memory + RIG_HEADER, 100);
    close_ends(&ends);
}

/* --- interrupts --- */

static void
start_with_events(struct rig *rig)
{
    rig_start(rig, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_RING_F_EVENT_IDX), 1, SIZE);
}

static void
set_used_event(struct rig_queue *queue, uint16_t index)
{
    queue->avail->ring[queue->size] = htole16(index);
}

static uint16_t
avail_event(const struct rig_queue *queue)
{
    const __virtio16 *event = (const __virtio16 *)&queue->used->ring[queue->size];

    return le16toh(__atomic_load_n(event, __ATOMIC_SEQ_CST));
}

/* virtio 1.2, 2.7.7: an interrupt when used_event is passed, and none before. */
static void
an_event_index_says_when_to_interrupt(void **state)
{
    struct rig rig;
    uint8_t frame[64];

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    start_with_events(&rig);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&rig, frame, sizeof(frame));
    assert_true(rig_interrupted(&rig, 1));

    set_used_event(&rig.queues[1], 4);
    for (unsigned sent = 1; sent < 4; sent++) {
        rig_send(&rig, frame, sizeof(frame));
        assert_false(rig_interrupted(&rig, 1));
    }
    rig_send(&rig, frame, sizeof(frame));
    assert_true(rig_interrupted(&rig, 1));
    rig_send(&rig, frame, sizeof(frame));
    assert_false(rig_interrupted(&rig, 1));
    rig_close(&rig);
}

static void
without_event_indexes_a_flag_says_whether_to_interrupt(void **state)
{
    struct rig rig;
    uint8_t frame[64];

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    rig.queues[1].avail->flags = htole16(VRING_AVAIL_F_NO_INTERRUPT);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&rig, frame, sizeof(frame));
    assert_false(rig_interrupted(&rig, 1));
    rig.queues[1].avail->flags = 0;
    rig_send(&rig, frame, sizeof(frame));
    assert_true(rig_interrupted(&rig, 1));
    rig_close(&rig);
}

/* The device wants to hear of the next frame to be sent, and of buffers once it has none. */
static void
the_device_asks_for_doorbells(void **state)
{
    struct rig rig;
    uint8_t frame[64];

    (void)state;
    open_source(&rig, 60, 100, NULL);
    start_with_events(&rig);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    for (uint16_t sent = 1; sent < 5; sent++) {
        rig_send(&rig, frame, sizeof(frame));
        assert_int_equal(avail_event(&rig.queues[1]), sent);
    }
    rig_give_buffers(&rig, 3, 256);
    while (pndis_nic_poll(rig.nic) > 0) {
    }
    assert_int_equal(avail_event(&rig.queues[0]), 3);
    rig_close(&rig);
}

static void
a_batch_is_one_interrupt(void **state)
{
    struct rig rig;

    (void)state;
    open_source(&rig, 60, 32, NULL);
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 32, 256);
    assert_int_equal(pndis_nic_poll(rig.nic), 32);
    assert_int_equal(rig_info(&rig).receive.interrupts, 1);
    rig_close(&rig);
}

/* --- on its own --- */

/* On sim the device works by itself as soon as the machine runs. */
static void
a_doorbell_starts_the_device(void **state)
{
    struct rig rig;

    (void)state;
    open_source(&rig, 60, 5, NULL);
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 5, 256);
    pndis_machine_settle(rig.machine);
    for (unsigned i = 0; i < 5; i++) {
        expect_frame(&rig, 60);
    }
    rig_close(&rig);
}

/* A paced source runs on the virtual clock. */
static void
a_rate_is_kept_on_the_virtual_clock(void **state)
{
    struct pndis_backend *backend;
    struct rig rig;

    (void)state;
    assert_int_equal(
        pndis_backend_null(
            &(struct pndis_null_options){.frame_bytes = 60, .frames_per_second = 1000}, &backend),
        0);
    rig_open(&rig, &(struct rig_options){.backend = backend});
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 50, 256);
    pndis_machine_run(rig.machine, 20500000);
    assert_int_equal(rig_info(&rig).receive.frames, 21);
    rig_close(&rig);
}

static void
on_live_a_thread_does_the_work(void **state)
{
    enum { FRAMES = 20000 };
    struct rig rig;
    struct rig_queue *queue;
    uint32_t head;
    uint32_t bytes;

    (void)state;
    open_source(&rig, 60, FRAMES, &(struct rig_options){.live = true});
    rig_start(&rig, rig_offered(&rig), 1, SIZE);
    queue = &rig.queues[0];
    rig_give_buffers(&rig, SIZE, 256);
    for (unsigned done = 0; done < FRAMES;) {
        uint16_t before = le16toh(queue->avail->idx);

        while (rig_take_used(queue, &head, &bytes)) {
            assert_int_equal(bytes, RIG_HEADER + 60);
            rig_make_available(queue, (uint16_t)head);
            done++;
        }
        if (vring_need_event(avail_event(queue), le16toh(queue->avail->idx), before)) {
            rig_ring(queue);
        }
    }
    assert_int_equal(rig_info(&rig).receive.frames, FRAMES);
    rig_close(&rig);
}

/* Resets while a thread of the device is at work. */
static void
a_reset_stops_the_thread(void **state)
{
    struct rig rig;

    (void)state;
    open_source(&rig, 60, 0, &(struct rig_options){.live = true});
    for (unsigned i = 0; i < 50; i++) {
        rig_start(&rig, rig_offered(&rig), 1, SIZE);
        rig_give_buffers(&rig, 16, 256);
        rig_set_common(&rig, device_status, 0);
        memset(rig.queues[0].used, 0xee, 6 + SIZE * 8);
        memset(rig.queues[0].desc, 0xee, SIZE * sizeof(struct vring_desc));
        for (unsigned b = 0; b < 6 + SIZE * 8; b++) {
            assert_int_equal(((uint8_t *)rig.queues[0].used)[b], 0xee);
        }
        assert_false(rig_is_broken(&rig));
    }
    rig_close(&rig);
}

/* Three nics, the thread of one. */
static void
nics_share_a_thread(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 3; first++) {
        struct pndis_machine *machine;
        struct rig rigs[3];

        open_source(&rigs[0], 60, 10, &(struct rig_options){.live = true});
        machine = rigs[0].machine;
        for (unsigned i = 1; i < 3; i++) {
            open_source(
                &rigs[i], 60, 10,
                &(struct rig_options){.machine = machine, .nic.share_threads = rigs[0].nic});
        }
        for (unsigned i = 0; i < 3; i++) {
            unsigned at = (first + i) % 3;

            rig_start_plain(&rigs[at]);
            rig_give_buffers(&rigs[at], 10, 256);
            while (rig_info(&rigs[at]).receive.frames < 10) {
            }
            rig_detach(&rigs[at]);
        }
        pndis_machine_destroy(machine);
    }
}

static void
only_so_many_share_a_thread(void **state)
{
    struct pndis_backend *backend;
    struct rig rig;
    struct pndis_nic *nic;

    (void)state;
    rig_open(&rig, &(struct rig_options){.live = true});
    for (unsigned i = 1; i <= PNDIS_NIC_SHARE_LIMIT; i++) {
        int expected = i < PNDIS_NIC_SHARE_LIMIT ? 0 : PNDIS_ELIMIT;

        assert_int_equal(pndis_backend_null(NULL, &backend), 0);
        assert_int_equal(
            pndis_virtio_net_create(rig.machine,
                                    &(struct pndis_virtio_net_options){.share_threads = rig.nic},
                                    backend, &nic),
            expected);
    }
    pndis_machine_destroy(rig.machine);
    for (unsigned i = 0; i < rig.block_count; i++) {
        free(rig.blocks[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_lands_in_one_buffer),
        cmocka_unit_test(a_frame_spreads_over_mergeable_buffers),
        cmocka_unit_test(the_longest_frame_fits_when_the_driver_takes_segments),
        cmocka_unit_test(a_frame_fills_all_buffers_whatever_their_pieces),
        cmocka_unit_test(a_frame_waits_for_buffers),
        cmocka_unit_test(a_frame_longer_than_all_buffers_is_dropped),
        cmocka_unit_test(without_mergeable_buffers_a_frame_has_one),
        cmocka_unit_test(a_receive_buffer_can_be_a_chain),
        cmocka_unit_test(the_indexes_wrap_around),
        cmocka_unit_test(a_frame_to_be_sent_can_be_cut_anywhere),
        cmocka_unit_test(an_indirect_chain_is_sent_like_any_other),
        cmocka_unit_test(an_event_index_says_when_to_interrupt),
        cmocka_unit_test(without_event_indexes_a_flag_says_whether_to_interrupt),
        cmocka_unit_test(the_device_asks_for_doorbells),
        cmocka_unit_test(a_batch_is_one_interrupt),
        cmocka_unit_test(a_doorbell_starts_the_device),
        cmocka_unit_test(a_rate_is_kept_on_the_virtual_clock),
        cmocka_unit_test(on_live_a_thread_does_the_work),
        cmocka_unit_test(a_reset_stops_the_thread),
        cmocka_unit_test(nics_share_a_thread),
        cmocka_unit_test(only_so_many_share_a_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
