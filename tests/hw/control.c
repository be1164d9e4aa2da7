/* The control queue: virtio 1.2, 5.1.6.5. */
#include "hw/rig.h"

/* A nic at one end of a cable; the other end sends it frames. */
struct lab {
    struct rig rig;
    struct rig sender;
};

static void
open_lab(struct lab *lab, uint64_t without)
{
    struct pndis_backend *backends[2];

    assert_int_equal(pndis_backend_loopback(&(struct pndis_loopback_options){.queues = 4},
                                            &backends[0], &backends[1]),
                     0);
    rig_open(&lab->rig,
             &(struct rig_options){.backend = backends[0], .nic.mac = {0x02, 0, 0, 0, 0, 7}});
    rig_open(&lab->sender,
             &(struct rig_options){.backend = backends[1], .machine = lab->rig.machine});
    rig_start(&lab->rig, rig_offered(&lab->rig) & ~without & ~FEATURE(VIRTIO_RING_F_EVENT_IDX), 4,
              64);
    rig_start_plain(&lab->sender);
}

static void
close_lab(struct lab *lab)
{
    assert_false(rig_is_broken(&lab->rig));
    rig_detach(&lab->sender);
    rig_close(&lab->rig);
}

/* Whether a frame to @first:00:00:00:00:@last, in VLAN @vlan if that is not 0, gets through. */
static bool
passes(struct lab *lab, uint8_t first, uint8_t last, unsigned vlan)
{
    uint8_t frame[80];

    rig_frame(frame, sizeof(frame), first, last, 0);
    if (first == 0xff) {
        memset(frame, 0xff, 6);
    }
    if (vlan != 0) {
        frame[12] = 0x81;
        frame[13] = 0x00;
        frame[14] = (uint8_t)(vlan >> 8);
        frame[15] = (uint8_t)vlan;
    }
    rig_give_buffers(&lab->rig, 1, 256);
    rig_send(&lab->sender, frame, sizeof(frame));
    pndis_nic_poll(lab->rig.nic);
    return rig_receive(&lab->rig, (uint8_t[512]){0}, 512) != 0;
}

static int
set_flag(struct lab *lab, uint8_t number, uint8_t value)
{
    return rig_command(&lab->rig, VIRTIO_NET_CTRL_RX, number, &value, 1);
}

static const uint64_t no_vlan = FEATURE(VIRTIO_NET_F_CTRL_VLAN);

/* --- filters --- */

static void
a_device_begins_promiscuous(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    assert_true(passes(&lab, 0x02, 99, 0));
    assert_true(passes(&lab, 0x03, 99, 0));
    assert_true(passes(&lab, 0xff, 0xff, 0));
    close_lab(&lab);
}

/* flags in the order of their numbers, PROMISC ALLMULTI ALLUNI NOMULTI NOUNI NOBCAST; what passes.
 */
static void
the_receive_modes_decide(void **state)
{
    static const struct {
        uint8_t flags[6];
        bool own, other, multicast, broadcast;
    } rows[] = {
        {{1, 0, 0, 0, 0, 0}, true, true, true, true},
        {{0, 0, 0, 0, 0, 0}, true, false, false, true},
        {{0, 1, 0, 0, 0, 0}, true, false, true, true},
        {{0, 0, 1, 0, 0, 0}, true, true, false, true},
        {{0, 1, 1, 0, 0, 0}, true, true, true, true},
        {{0, 1, 0, 1, 0, 0}, true, false, false, true},
        {{0, 0, 1, 0, 1, 0}, false, false, false, true},
        {{0, 0, 0, 0, 0, 1}, true, false, false, false},
        {{1, 0, 0, 1, 1, 1}, true, true, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab;

        open_lab(&lab, no_vlan);
        for (uint8_t number = 0; number < 6; number++) {
            assert_int_equal(set_flag(&lab, number, rows[i].flags[number]), VIRTIO_NET_OK);
        }
        assert_int_equal(passes(&lab, 0x02, 7, 0), rows[i].own);
        assert_int_equal(passes(&lab, 0x02, 99, 0), rows[i].other);
        assert_int_equal(passes(&lab, 0x03, 99, 0), rows[i].multicast);
        assert_int_equal(passes(&lab, 0xff, 0xff, 0), rows[i].broadcast);
        close_lab(&lab);
    }
}

/* A table of unicast addresses 02:..:@unicast[i] and of multicast addresses 03:..:@multicast[i]. */
static int
set_table(struct lab *lab, unsigned unicast_count, unsigned multicast_count, unsigned first)
{
    uint8_t data[8 + 6 * 300] = {0};
    uint32_t count = htole32(unicast_count);
    uint8_t *at = data;

    memcpy(at, &count, 4);
    at += 4;
    for (unsigned i = 0; i < unicast_count; i++, at += 6) {
        at[0] = 0x02;
        at[5] = (uint8_t)(first + i);
    }
    count = htole32(multicast_count);
    memcpy(at, &count, 4);
    at += 4;
    for (unsigned i = 0; i < multicast_count; i++, at += 6) {
        at[0] = 0x03;
        at[5] = (uint8_t)(first + i);
    }
    return rig_command(&lab->rig, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data,
                       (size_t)(at - data));
}

static void
the_address_table_lets_pass_what_it_holds(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    set_flag(&lab, VIRTIO_NET_CTRL_RX_PROMISC, 0);
    assert_int_equal(set_table(&lab, 3, 2, 20), VIRTIO_NET_OK);
    assert_true(passes(&lab, 0x02, 20, 0));
    assert_true(passes(&lab, 0x02, 22, 0));
    assert_false(passes(&lab, 0x02, 23, 0));
    assert_true(passes(&lab, 0x03, 21, 0));
    assert_false(passes(&lab, 0x03, 22, 0));
    assert_true(passes(&lab, 0x02, 7, 0));
    assert_true(rig_info(&lab.rig).receive.drops[PNDIS_DROP_FILTERED] == 2);

    /* A new table replaces the old one. */
    assert_int_equal(set_table(&lab, 0, 0, 0), VIRTIO_NET_OK);
    assert_false(passes(&lab, 0x02, 20, 0));
    close_lab(&lab);
}

/* "Filtering may be non-perfect": what does not fit into the table lets all of its kind pass. */
static void
a_table_that_is_too_long_lets_all_pass(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    set_flag(&lab, VIRTIO_NET_CTRL_RX_PROMISC, 0);
    assert_int_equal(set_table(&lab, 1, FILTER_ADDRESS_LIMIT + 1, 20), VIRTIO_NET_OK);
    assert_true(passes(&lab, 0x03, 200, 0));
    assert_false(passes(&lab, 0x02, 200, 0));
    close_lab(&lab);
}

static void
a_table_that_is_cut_off_is_refused(void **state)
{
    static const uint8_t cut[] = {2, 0, 0, 0, 0x02, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    for (size_t bytes = 0; bytes <= sizeof(cut); bytes++) {
        assert_int_equal(
            rig_command(&lab.rig, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, cut, bytes),
            VIRTIO_NET_ERR);
    }
    assert_int_equal(rig_command(&lab.rig, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, huge,
                                 sizeof(huge)),
                     VIRTIO_NET_ERR);
    close_lab(&lab);
}

static void
the_address_can_be_changed(void **state)
{
    static const uint8_t mac[] = {0x02, 0, 0, 0, 0, 55};
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    set_flag(&lab, VIRTIO_NET_CTRL_RX_PROMISC, 0);
    assert_int_equal(
        rig_command(&lab.rig, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, sizeof(mac)),
        VIRTIO_NET_OK);
    assert_true(passes(&lab, 0x02, 55, 0));
    assert_false(passes(&lab, 0x02, 7, 0));
    assert_int_equal(rig_read(&lab.rig, BAR_DEVICE + 5, 1), 55);
    assert_int_equal(
        rig_command(&lab.rig, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 5),
        VIRTIO_NET_ERR);

    /* A reset brings the old one back. */
    rig_set_common(&lab.rig, device_status, 0);
    assert_int_equal(rig_read(&lab.rig, BAR_DEVICE + 5, 1), 7);
    close_lab(&lab);
}

static int
change_vlan(struct lab *lab, uint8_t number, uint16_t vlan)
{
    vlan = htole16(vlan);
    return rig_command(&lab->rig, VIRTIO_NET_CTRL_VLAN, number, &vlan, sizeof(vlan));
}

static void
vlans_pass_when_they_were_added(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, 0);
    assert_true(passes(&lab, 0x02, 7, 0));
    assert_false(passes(&lab, 0x02, 7, 5));
    assert_int_equal(change_vlan(&lab, VIRTIO_NET_CTRL_VLAN_ADD, 5), VIRTIO_NET_OK);
    assert_int_equal(change_vlan(&lab, VIRTIO_NET_CTRL_VLAN_ADD, 4095), VIRTIO_NET_OK);
    assert_true(passes(&lab, 0x02, 7, 5));
    assert_true(passes(&lab, 0x02, 7, 4095));
    assert_int_equal(change_vlan(&lab, VIRTIO_NET_CTRL_VLAN_DEL, 5), VIRTIO_NET_OK);
    assert_false(passes(&lab, 0x02, 7, 5));
    assert_int_equal(change_vlan(&lab, VIRTIO_NET_CTRL_VLAN_ADD, 4096), VIRTIO_NET_ERR);
    close_lab(&lab);
}

static void
without_vlan_filtering_every_tag_passes(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    assert_true(passes(&lab, 0x02, 7, 5));
    assert_int_equal(change_vlan(&lab, VIRTIO_NET_CTRL_VLAN_ADD, 5), VIRTIO_NET_ERR);
    close_lab(&lab);
}

/* --- the rest --- */

static int
set_pairs(struct lab *lab, uint16_t pairs)
{
    pairs = htole16(pairs);
    return rig_command(&lab->rig, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs,
                       sizeof(pairs));
}

static void
the_number_of_queue_pairs_is_set(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    assert_int_equal(rig_info(&lab.rig).queue_pairs_used, 1);
    assert_int_equal(set_pairs(&lab, 4), VIRTIO_NET_OK);
    assert_int_equal(rig_info(&lab.rig).queue_pairs_used, 4);
    assert_int_equal(set_pairs(&lab, 0), VIRTIO_NET_ERR);
    assert_int_equal(set_pairs(&lab, 5), VIRTIO_NET_ERR);
    assert_int_equal(rig_info(&lab.rig).queue_pairs_used, 4);
    assert_int_equal(set_pairs(&lab, 1), VIRTIO_NET_OK);
    close_lab(&lab);
}

/* virtio 1.2, 5.1.2: without MQ and RSS the control queue is queue 2, and there is one pair. */
static void
without_mq_the_control_queue_is_the_third(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    rig_start(&lab.rig,
              rig_offered(&lab.rig) &
                  ~(no_vlan | FEATURE(VIRTIO_NET_F_MQ) | FEATURE(VIRTIO_NET_F_RSS) |
                    FEATURE(VIRTIO_RING_F_EVENT_IDX)),
              1, 64);
    assert_int_equal(lab.rig.control, 2);
    assert_int_equal(set_flag(&lab, VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
    assert_int_equal(set_pairs(&lab, 1), VIRTIO_NET_ERR);
    close_lab(&lab);
}

static void
an_announcement_is_acknowledged(void **state)
{
    struct lab lab;

    (void)state;
    open_lab(&lab, no_vlan);
    assert_true(pndis_nic_announce(lab.rig.nic));
    assert_true(rig_interrupted(&lab.rig, lab.rig.nic->queue_count));
    assert_int_equal(rig_config(&lab.rig, status), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
    assert_int_equal(
        rig_command(&lab.rig, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, "", 0),
        VIRTIO_NET_OK);
    assert_int_equal(rig_config(&lab.rig, status), VIRTIO_NET_S_LINK_UP);
    close_lab(&lab);
}

static void
offloads_are_switched_within_what_was_negotiated(void **state)
{
    struct lab lab;
    uint64_t offloads = htole64(FEATURE(VIRTIO_NET_F_GUEST_CSUM));

    (void)state;
    open_lab(&lab, no_vlan | FEATURE(VIRTIO_NET_F_GUEST_USO4));
    assert_int_equal(rig_command(&lab.rig, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
                                 VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads, 8),
                     VIRTIO_NET_OK);
    assert_int_equal(lab.rig.nic->guest_offloads, PNDIS_CAP_GUEST_CSUM);
    offloads = htole64(FEATURE(VIRTIO_NET_F_GUEST_USO4));
    assert_int_equal(rig_command(&lab.rig, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
                                 VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads, 8),
                     VIRTIO_NET_ERR);
    offloads = htole64(FEATURE(VIRTIO_NET_F_MAC));
    assert_int_equal(rig_command(&lab.rig, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
                                 VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads, 8),
                     VIRTIO_NET_ERR);
    close_lab(&lab);
}

/* Every class and number with data of every short length: an answer, and nothing breaks. */
static void
every_command_is_answered(void **state)
{
    static const uint8_t data[20];
    struct lab lab;

    (void)state;
    open_lab(&lab, 0);
    for (unsigned class = 0; class < 9; class ++) {
        for (unsigned number = 0; number < 8; number++) {
            for (size_t bytes = 0; bytes < sizeof(data); bytes += 3) {
                assert_true(rig_command(&lab.rig, (uint8_t) class, (uint8_t)number, data, bytes) >=
                            0);
            }
        }
    }
    assert_int_equal(rig_command(&lab.rig, 200, 200, data, 4), VIRTIO_NET_ERR);
    close_lab(&lab);
}

static void
a_command_longer_than_any_is_refused(void **state)
{
    static const uint8_t data[CONTROL_BYTES_LIMIT];
    struct lab lab;

    (void)state;
    open_lab(&lab, 0);
    assert_int_equal(rig_command(&lab.rig, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data,
                                 sizeof(data)),
                     VIRTIO_NET_ERR);
    close_lab(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_begins_promiscuous),
        cmocka_unit_test(the_receive_modes_decide),
        cmocka_unit_test(the_address_table_lets_pass_what_it_holds),
        cmocka_unit_test(a_table_that_is_too_long_lets_all_pass),
        cmocka_unit_test(a_table_that_is_cut_off_is_refused),
        cmocka_unit_test(the_address_can_be_changed),
        cmocka_unit_test(vlans_pass_when_they_were_added),
        cmocka_unit_test(without_vlan_filtering_every_tag_passes),
        cmocka_unit_test(the_number_of_queue_pairs_is_set),
        cmocka_unit_test(without_mq_the_control_queue_is_the_third),
        cmocka_unit_test(an_announcement_is_acknowledged),
        cmocka_unit_test(offloads_are_switched_within_what_was_negotiated),
        cmocka_unit_test(every_command_is_answered),
        cmocka_unit_test(a_command_longer_than_any_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
