/* What becomes of the data and of the lists that carry them. */
#include "bridge/bridge_world.h"

static void
fill(uint8_t *frame, size_t bytes, unsigned to, unsigned from, uint64_t seed)
{
    uint8_t header[60];

    bridge_host_frame(header, to, from);
    for (size_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
    }
    memcpy(frame, header, 14);
}

/* Any length, any cut of the data into MDLs, any space in front: the same bytes come out. */
static void
frames_arrive_byte_for_byte(void **state)
{
    static const ULONG pieces[] = {0, 1, 7, 14, 60, 512};
    static const size_t lengths[] = {14, 15, 60, 64, 511, 1000, 1514};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(84); seed++) {
        struct bridge_world b;
        uint8_t frame[1514];
        size_t bytes = lengths[seed % 7];

        bridge_prepare();
        miniport.receive_piece_bytes = pieces[seed / 7 % 6];
        miniport.receive_headroom = seed % 3 * 5;
        bridge_open(&b, seed, 3);
        fill(frame, bytes, 9, 1, seed);
        bridge_receive(&b, 0, frame, bytes, 2, 0);
        assert_int_equal(sent_count, 4);
        for (unsigned i = 0; i < sent_count; i++) {
            assert_int_equal(sent[i].bytes, bytes);
            assert_memory_equal(sent[i].data, frame, bytes);
        }
        assert_int_equal(bridge_receives_out(&b), 0);
        bridge_close(&b);
    }
}

/* "No copy on the path from a bridge's receive to its send": the received MDLs are sent. */
static MDL *received_mdl;

static void
remember_mdl(struct port *port, NET_BUFFER_LIST *nbl)
{
    (void)port;
    received_mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(nbl));
}

static void
received_mdls_are_sent(void **state)
{
    struct bridge_world b;

    (void)state;
    bridge_prepare();
    miniport.dress = remember_mdl;
    bridge_open(&b, 1, 2);
    bridge_receive_host(&b, 0, 9, 1);
    assert_int_equal(sent_count, 1);
    assert_ptr_equal(sent[0].first_mdl, received_mdl);
    assert_int_equal(bridge_info(&b, 0).counters.copied, 0);
    bridge_close(&b);
}

/* "NDIS_RECEIVE_FLAGS_RESOURCES": the data are copied, and the lists are the miniport's at once. */
static void
lent_receives_are_copied(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(50); seed++) {
        struct bridge_world b;
        uint8_t frame[900];

        bridge_prepare();
        miniport.sending = SEND_HOLD;
        miniport.receive_piece_bytes = seed % 4 * 100;
        bridge_open(&b, seed, 3);
        fill(frame, sizeof(frame), 9, 1, seed);
        bridge_receive(&b, 0, frame, sizeof(frame), 3, NDIS_RECEIVE_FLAGS_RESOURCES);
        assert_int_equal(bridge_receives_out(&b), 0);
        assert_int_equal(sent_count, 6);
        for (unsigned i = 0; i < sent_count; i++) {
            assert_memory_equal(sent[i].data, frame, sizeof(frame));
        }
        assert_int_equal(bridge_info(&b, 0).counters.copied, 3);
        bridge_release(&b);
        bridge_close(&b);
    }
}

/* The list goes back when the last of the sends of its data has completed, not before. */
static void
complete_one(void *argument)
{
    port_complete_sends(argument, 1, NDIS_STATUS_SUCCESS);
}

static void
a_flooded_list_is_returned_with_its_last_send(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bridge_world b;

        bridge_prepare();
        miniport.sending = SEND_HOLD;
        bridge_open(&b, seed, 4);
        bridge_receive_host(&b, 0, 9, 1);
        for (unsigned i = 0; i < 3; i++) {
            unsigned port = 1 + (i + seed) % 3;

            assert_int_equal(bridge_receives_out(&b), 1);
            world_as_driver(&b.w, complete_one, b.ports[port]);
        }
        assert_int_equal(bridge_receives_out(&b), 0);
        assert_int_equal(b.ports[0]->returns, 1);
        bridge_close(&b);
    }
}

/* One indication: one send for each port that has something of it, in the order of arrival. */
static unsigned send_calls;
static NET_BUFFER_LIST *expected_next;

static void
count_calls(struct port *port, NET_BUFFER_LIST *nbl)
{
    (void)port;
    send_calls += nbl != expected_next;
    expected_next = nbl->Next;
}

static void
an_indication_is_sent_as_one_chain(void **state)
{
    struct bridge_world b;
    uint8_t frame[60];

    (void)state;
    bridge_prepare();
    bridge_open(&b, 3, 2);
    miniport.on_send = count_calls;
    send_calls = 0;
    expected_next = NULL;
    bridge_host_frame(frame, 9, 1);
    bridge_receive(&b, 0, frame, sizeof(frame), 32, 0);
    assert_int_equal(send_calls, 1);
    assert_int_equal(b.ports[1]->sends, 32);
    bridge_close(&b);
}

static unsigned dressed;

static void
stamp(struct port *port, NET_BUFFER_LIST *nbl)
{
    MDL *mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(nbl));

    (void)port;
    ((uint8_t *)mdl->MappedSystemVa)[20] = (uint8_t)dressed++;
}

static void
frames_stay_in_order(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct bridge_world b;
        uint8_t frame[60];

        bridge_prepare();
        miniport.dress = stamp;
        dressed = 0;
        bridge_open(&b, seed, 3);
        bridge_host_frame(frame, 9, 1);
        bridge_receive(&b, 0, frame, sizeof(frame), 20, 0);
        for (unsigned port = 1; port < 3; port++) {
            uint8_t next = 0;

            for (unsigned i = 0; i < sent_count; i++) {
                if (sent[i].port == port) {
                    assert_int_equal(sent[i].data[20], next);
                    next++;
                }
            }
            assert_int_equal(next, 20);
        }
        bridge_close(&b);
    }
}

/* --- what goes wrong --- */

static void
failed_sends_are_counted_and_returned(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct bridge_world b;

        bridge_prepare();
        miniport.send_status = NDIS_STATUS_FAILURE;
        miniport.send_when = seed % WHEN_COUNT;
        bridge_open(&b, seed, 2);
        bridge_receive_host(&b, 0, 9, 1);
        bridge_wait_until_quiet(&b);
        assert_int_equal(bridge_info(&b, 1).counters.send_errors, 1);
        bridge_close(&b);
    }
}

static void
a_frame_longer_than_a_port_takes_is_dropped_there(void **state)
{
    struct bridge_world b;
    uint8_t frame[1600];

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    fill(frame, sizeof(frame), 9, 1, 1);
    bridge_receive(&b, 0, frame, 1515, 1, 0);
    assert_int_equal(sent_count, 0);
    assert_int_equal(bridge_info(&b, 1).counters.dropped[BRIDGE_DROP_TOO_LONG], 1);
    /* A VLAN tag in the frame does not count. */
    frame[12] = 0x81;
    frame[13] = 0x00;
    bridge_receive(&b, 0, frame, 1518, 1, 0);
    assert_int_equal(sent_count, 1);
    bridge_receive(&b, 0, frame, 1519, 1, 0);
    assert_int_equal(sent_count, 1);
    assert_int_equal(bridge_receives_out(&b), 0);
    bridge_close(&b);
}

static void
a_frame_without_a_header_is_dropped(void **state)
{
    struct bridge_world b;
    uint8_t frame[60];

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    bridge_host_frame(frame, 9, 1);
    bridge_receive(&b, 0, frame, 13, 1, 0);
    bridge_receive(&b, 0, frame, 1, 1, 0);
    assert_int_equal(sent_count, 0);
    assert_int_equal(bridge_info(&b, 0).counters.dropped[BRIDGE_DROP_MALFORMED], 2);
    assert_int_equal(bridge_receives_out(&b), 0);
    bridge_close(&b);
}

/* --- no memory --- */

/* Each allocation of loading and binding in turn fails; the bridge is there whole or not at all. */
static void
loading_without_memory_leaves_nothing_behind(void **state)
{
    bool fired = true;

    (void)state;
    for (unsigned skip = 0; fired; skip += world_is_live() || world_seeds(20) < 20 ? 37 : 5) {
        struct bridge_world b;

        bridge_prepare();
        memset(&b, 0, sizeof(b));
        world_open(&b.w, skip);
        pndis_fault_arm(b.w.machine, skip);
        bridge_load(&b);
        fired = pndis_fault_fired(b.w.machine);
        pndis_fault_disarm(b.w.machine);
        bridge_close(&b);
    }
}

/* Floods, copies and the carriers beyond those made in advance need memory: without it frames drop.
 */
static void
forwarding_without_memory_drops_frames_and_nothing_else(void **state)
{
    bool fired = true;

    (void)state;
    for (unsigned skip = 0; fired && skip < 4000; skip++) {
        struct bridge_world b;
        uint8_t frame[60];

        bridge_prepare();
        miniport.sending = SEND_HOLD;
        bridge_open(&b, skip, 3);
        bridge_host_frame(frame, 9, 1);
        pndis_fault_arm(b.w.machine, skip);
        bridge_receive(&b, 0, frame, sizeof(frame), 2, 0);
        bridge_receive(&b, 1, frame, sizeof(frame), 1, NDIS_RECEIVE_FLAGS_RESOURCES);
        fired = pndis_fault_fired(b.w.machine);
        pndis_fault_disarm(b.w.machine);
        bridge_release(&b);
        assert_int_equal(bridge_receives_out(&b), 0);
        bridge_close(&b);
    }
    assert_false(fired);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_arrive_byte_for_byte),
        cmocka_unit_test(received_mdls_are_sent),
        cmocka_unit_test(lent_receives_are_copied),
        cmocka_unit_test(a_flooded_list_is_returned_with_its_last_send),
        cmocka_unit_test(an_indication_is_sent_as_one_chain),
        cmocka_unit_test(frames_stay_in_order),
        cmocka_unit_test(failed_sends_are_counted_and_returned),
        cmocka_unit_test(a_frame_longer_than_a_port_takes_is_dropped_there),
        cmocka_unit_test(a_frame_without_a_header_is_dropped),
        cmocka_unit_test(loading_without_memory_leaves_nothing_behind),
        cmocka_unit_test(forwarding_without_memory_drops_frames_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
