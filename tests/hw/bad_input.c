/*
 * The device trusts nothing. Each kind of nonsense in a ring or a register ends in
 * DEVICE_NEEDS_RESET with a reason, and a reset makes everything work again.
 */
#include "hw/rig.h"

#include "ndis/device.h"

enum { SIZE = 64, BUFFER = 2048 };

static const uint64_t nowhere = 0x7fffffff000;

/* A frame to be sent, of one descriptor; the test spoils it. */
struct spoiled {
    struct rig rig;
    struct rig_queue *send;
    struct rig_part part;
    uint16_t head;
};

static void
open_spoiled(struct spoiled *s)
{
    rig_open(&s->rig, &(struct rig_options){0});
    rig_start_plain(&s->rig);
    s->send = &s->rig.queues[1];
    s->part = (struct rig_part){.bytes = BUFFER, .flags = RIG_OUT};
    rig_memory(&s->rig, BUFFER, &s->part.address);
    s->head = rig_chain(s->send, &s->part, 1);
}

static void
expect_broken(struct spoiled *s, const char *why)
{
    rig_make_available(s->send, s->head);
    rig_ring(s->send);
    rig_expect_broken(&s->rig, why);
    rig_close(&s->rig);
}

static void
an_address_that_is_not_mapped(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].addr = htole64(nowhere);
    expect_broken(&s, "cannot reach");
}

static void
a_buffer_that_runs_off_its_mapping(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].len = htole32(BUFFER + 1);
    expect_broken(&s, "cannot reach");
}

static void
an_address_that_wraps_around(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].addr = htole64(UINT64_MAX - 100);
    expect_broken(&s, "cannot reach");
}

static void
an_empty_descriptor(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].len = 0;
    expect_broken(&s, "0 bytes");
}

static void
memory_that_was_taken_back(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    pndis__dma_unmap(s.rig.device, s.part.address, BUFFER);
    expect_broken(&s, "cannot reach");
}

static void
a_chain_that_is_a_loop(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].flags = htole16(VRING_DESC_F_NEXT);
    s.send->desc[s.head].next = htole16(s.head);
    s.send->desc[s.head].len = htole32(1);
    expect_broken(&s, "loop");
}

static void
a_next_that_is_outside_of_the_table(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].flags = htole16(VRING_DESC_F_NEXT);
    s.send->desc[s.head].next = htole16(SIZE);
    expect_broken(&s, "no descriptor 64");
}

static void
a_head_that_is_outside_of_the_table(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.head = 0xffff;
    expect_broken(&s, "no descriptor 65535");
}

static void
an_index_that_runs_ahead(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->avail->idx = htole16(SIZE + 5);
    expect_broken(&s, "available");
}

static void
an_index_that_goes_back(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->avail->idx = htole16((uint16_t)-2);
    expect_broken(&s, "available");
}

static void
something_to_write_in_a_transmit_chain(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].flags = htole16(VRING_DESC_F_WRITE);
    expect_broken(&s, "to be written");
}

static void
a_frame_shorter_than_its_header(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    s.send->desc[s.head].len = htole32(RIG_HEADER);
    expect_broken(&s, "12 bytes long");
}

static void
a_frame_longer_than_any(void **state)
{
    struct spoiled s;
    struct rig_part parts[40];

    (void)state;
    open_spoiled(&s);
    for (unsigned i = 0; i < 40; i++) {
        parts[i] = s.part;
    }
    s.head = rig_chain(s.send, parts, 40);
    expect_broken(&s, "81920 bytes long");
}

static void
reading_behind_writing(void **state)
{
    struct spoiled s;
    struct rig_part parts[2];

    (void)state;
    open_spoiled(&s);
    parts[0] = parts[1] = s.part;
    parts[0].flags = RIG_IN;
    s.head = rig_chain(s.send, parts, 2);
    expect_broken(&s, "behind something to write");
}

/* --- indirect descriptors --- */

/* A chain of @count parts in an indirect table that is given as @bytes long. */
static struct vring_desc *
make_indirect(struct spoiled *s, unsigned count, uint32_t bytes)
{
    struct rig_part table = {.bytes = bytes, .flags = VRING_DESC_F_INDIRECT};
    struct vring_desc *desc = rig_memory(&s->rig, count * sizeof(*desc) + bytes, &table.address);

    for (unsigned i = 0; i < count; i++) {
        desc[i] = (struct vring_desc){
            .addr = htole64(s->part.address),
            .len = htole32(100),
            .flags = htole16(i + 1 < count ? VRING_DESC_F_NEXT : 0),
            .next = htole16((uint16_t)(i + 1)),
        };
    }
    s->head = rig_chain(s->send, &table, 1);
    return desc;
}

static void
an_indirect_table_that_is_none(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc) + 3);
    expect_broken(&s, "indirect");
}

static void
an_indirect_table_in_an_indirect_table(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc))->flags = htole16(VRING_DESC_F_INDIRECT);
    expect_broken(&s, "indirect");
}

/* Its first entry is the one that points at it. */
static void
an_indirect_table_that_is_the_descriptor_table(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    assert_int_equal(s.head, 0);
    s.send->desc[0] = (struct vring_desc){
        .addr = htole64(s.send->desc_at),
        .len = htole32(SIZE * sizeof(struct vring_desc)),
        .flags = htole16(VRING_DESC_F_INDIRECT),
    };
    expect_broken(&s, "indirect");
}

static void
an_indirect_table_at_nowhere(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc));
    s.send->desc[s.head].addr = htole64(nowhere);
    expect_broken(&s, "indirect");
}

static void
an_indirect_descriptor_with_a_next(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc));
    s.send->desc[s.head].flags = htole16(VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT);
    expect_broken(&s, "indirect");
}

static void
a_next_that_leaves_the_indirect_table(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc))[0].next = htole16(2);
    expect_broken(&s, "no descriptor 2 in a table of 2");
}

static void
an_indirect_loop(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc))[0].next = 0;
    expect_broken(&s, "loop");
}

static void
an_indirect_table_longer_than_the_queue(void **state)
{
    struct spoiled s;

    (void)state;
    open_spoiled(&s);
    make_indirect(&s, SIZE + 1, (SIZE + 1) * sizeof(struct vring_desc));
    expect_broken(&s, "longer than the queue");
}

static void
indirect_descriptors_that_were_not_negotiated(void **state)
{
    struct spoiled s;

    (void)state;
    rig_open(&s.rig, &(struct rig_options){0});
    rig_start(&s.rig, FEATURE(VIRTIO_F_VERSION_1), 1, SIZE);
    s.send = &s.rig.queues[1];
    rig_memory(&s.rig, BUFFER, &s.part.address);
    make_indirect(&s, 2, 2 * sizeof(struct vring_desc));
    expect_broken(&s, "indirect");
}

/* --- receive buffers --- */

static void
expect_receive_broken(struct rig_part part, const char *why)
{
    struct pndis_backend *backend;
    struct rig rig;
    uint64_t address;

    assert_int_equal(
        pndis_backend_null(&(struct pndis_null_options){.frame_bytes = 60, .frame_count = 1},
                           &backend),
        0);
    rig_open(&rig, &(struct rig_options){.backend = backend});
    rig_start_plain(&rig);
    rig_memory(&rig, BUFFER, &address);
    part.address = part.address == 0 ? address : part.address;
    rig_make_available(&rig.queues[0], rig_chain(&rig.queues[0], &part, 1));
    pndis_nic_poll(rig.nic);
    rig_expect_broken(&rig, why);
    rig_close(&rig);
}

static void
a_receive_buffer_to_be_read(void **state)
{
    (void)state;
    expect_receive_broken((struct rig_part){.bytes = BUFFER, .flags = RIG_OUT}, "to be read");
}

static void
a_receive_buffer_without_room_for_the_header(void **state)
{
    (void)state;
    expect_receive_broken((struct rig_part){.bytes = 11, .flags = RIG_IN}, "too short");
}

static void
a_receive_buffer_at_nowhere(void **state)
{
    (void)state;
    expect_receive_broken((struct rig_part){.address = nowhere, .bytes = BUFFER, .flags = RIG_IN},
                          "cannot reach");
}

/* --- queues --- */

static void
rings_at_nowhere(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    assert_true(rig_negotiate(&rig, FEATURE(VIRTIO_F_VERSION_1)));
    rig_set_common(&rig, queue_select, 0);
    rig_set_common(&rig, queue_enable, 1);
    rig_expect_broken(&rig, "descriptor table of queue 0");
    rig_close(&rig);
}

static void
rings_that_are_not_aligned(void **state)
{
    struct rig rig;
    uint64_t at;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    assert_true(rig_negotiate(&rig, FEATURE(VIRTIO_F_VERSION_1)));
    rig_memory(&rig, 65536, &at);
    rig_set_common(&rig, queue_select, 0);
    rig_set_common(&rig, queue_size, 16);
    rig_set_common(&rig, queue_desc_lo, (uint32_t)at + 8);
    rig_set_common(&rig, queue_desc_hi, at >> 32);
    rig_set_common(&rig, queue_enable, 1);
    rig_expect_broken(&rig, "aligned");
    rig_close(&rig);
}

static void
a_size_that_is_no_power_of_two(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_set_common(&rig, queue_size, 100);
    rig_expect_broken(&rig, "100 entries");
    rig_set_common(&rig, device_status, 0);
    rig_set_common(&rig, queue_size, 2048);
    rig_expect_broken(&rig, "2048 entries");
    rig_close(&rig);
}

static void
a_queue_that_is_changed_while_enabled(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    rig_set_common(&rig, queue_select, 0);
    rig_set_common(&rig, queue_desc_lo, 0);
    rig_expect_broken(&rig, "while it is enabled");
    rig_close(&rig);
}

static void
a_queue_enabled_before_features_ok(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_set_common(&rig, queue_select, 0);
    rig_set_common(&rig, queue_enable, 1);
    rig_expect_broken(&rig, "before FEATURES_OK");
    rig_close(&rig);
}

static void
rings_that_were_taken_back(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    pndis__dma_unmap(rig.device, rig.queues[1].used_at, 6 + SIZE * 8);
    rig_ring(&rig.queues[1]);
    rig_expect_broken(&rig, "used ring of queue 1");
    rig_close(&rig);
}

static void
a_doorbell_of_a_queue_that_is_not_there(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    rig_write(&rig, BAR_NOTIFY + 400, 2, 100);
    rig_expect_broken(&rig, "queue 100 of 3");
    rig_close(&rig);
}

/* Before DRIVER_OK nothing is there that could be rung for, and nothing happens. */
static void
doorbells_and_writes_where_nothing_is_are_harmless(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    for (uint64_t offset = 0x40; offset < BAR_BYTES - 8; offset += 61) {
        rig_write(&rig, offset, 4, 0xffffffff);
        rig_read(&rig, offset, 8);
    }
    assert_false(rig_is_broken(&rig));
    rig_start_plain(&rig);
    rig_close(&rig);
}

/* A broken device does nothing at all until it is reset. */
static void
a_broken_device_stands_still(void **state)
{
    struct rig rig;
    uint8_t frame[64];
    uint32_t head;
    uint32_t bytes;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    pndis_nic_break(rig.nic, "for a test");
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&rig, frame, sizeof(frame));
    assert_false(rig_take_used(&rig.queues[1], &head, &bytes));
    assert_int_equal(rig_command(&rig, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, "", 1), -1);
    assert_int_equal(rig_info(&rig).send.frames, 0);
    rig_expect_broken(&rig, "for a test");
    rig_close(&rig);
}

/* --- the control queue --- */

static void
a_command_without_room_for_the_answer(void **state)
{
    struct rig rig;
    struct rig_part part = {.bytes = 3, .flags = RIG_OUT};

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    rig_memory(&rig, 3, &part.address);
    rig_make_available(&rig.queues[2], rig_chain(&rig.queues[2], &part, 1));
    rig_ring(&rig.queues[2]);
    rig_expect_broken(&rig, "its answer");
    rig_close(&rig);
}

static void
a_command_without_a_header(void **state)
{
    struct rig rig;
    struct rig_part parts[] = {{.bytes = 1, .flags = RIG_OUT}, {.bytes = 1, .flags = RIG_IN}};

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    rig_memory(&rig, 1, &parts[0].address);
    rig_memory(&rig, 1, &parts[1].address);
    rig_make_available(&rig.queues[2], rig_chain(&rig.queues[2], parts, 2));
    rig_ring(&rig.queues[2]);
    rig_expect_broken(&rig, "its header");
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_is_not_mapped),
        cmocka_unit_test(a_buffer_that_runs_off_its_mapping),
        cmocka_unit_test(an_address_that_wraps_around),
        cmocka_unit_test(an_empty_descriptor),
        cmocka_unit_test(memory_that_was_taken_back),
        cmocka_unit_test(a_chain_that_is_a_loop),
        cmocka_unit_test(a_next_that_is_outside_of_the_table),
        cmocka_unit_test(a_head_that_is_outside_of_the_table),
        cmocka_unit_test(an_index_that_runs_ahead),
        cmocka_unit_test(an_index_that_goes_back),
        cmocka_unit_test(something_to_write_in_a_transmit_chain),
        cmocka_unit_test(a_frame_shorter_than_its_header),
        cmocka_unit_test(a_frame_longer_than_any),
        cmocka_unit_test(reading_behind_writing),
        cmocka_unit_test(an_indirect_table_that_is_none),
        cmocka_unit_test(an_indirect_table_in_an_indirect_table),
        cmocka_unit_test(an_indirect_table_that_is_the_descriptor_table),
        cmocka_unit_test(an_indirect_table_at_nowhere),
        cmocka_unit_test(an_indirect_descriptor_with_a_next),
        cmocka_unit_test(a_next_that_leaves_the_indirect_table),
        cmocka_unit_test(an_indirect_loop),
        cmocka_unit_test(an_indirect_table_longer_than_the_queue),
        cmocka_unit_test(indirect_descriptors_that_were_not_negotiated),
        cmocka_unit_test(a_receive_buffer_to_be_read),
        cmocka_unit_test(a_receive_buffer_without_room_for_the_header),
        cmocka_unit_test(a_receive_buffer_at_nowhere),
        cmocka_unit_test(rings_at_nowhere),
        cmocka_unit_test(rings_that_are_not_aligned),
        cmocka_unit_test(a_size_that_is_no_power_of_two),
        cmocka_unit_test(a_queue_that_is_changed_while_enabled),
        cmocka_unit_test(a_queue_enabled_before_features_ok),
        cmocka_unit_test(rings_that_were_taken_back),
        cmocka_unit_test(a_doorbell_of_a_queue_that_is_not_there),
        cmocka_unit_test(doorbells_and_writes_where_nothing_is_are_harmless),
        cmocka_unit_test(a_broken_device_stands_still),
        cmocka_unit_test(a_command_without_room_for_the_answer),
        cmocka_unit_test(a_command_without_a_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
