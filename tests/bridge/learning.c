/* Which port a frame goes to: learning, flooding, ageing. */
#include "bridge/bridge_world.h"

#define each_seed(b, seeds, ports)                                                                 \
    for (unsigned seed_ = 0; seed_ < world_seeds(seeds) &&                                         \
                             (bridge_prepare(), bridge_open(&(b), seed_, (ports)), true);          \
         seed_++)

/* A destination that was never seen is looked for everywhere but where the frame came from. */
static void
an_unknown_destination_is_flooded(void **state)
{
    struct bridge_world b;

    (void)state;
    each_seed(b, 100, 4)
    {
        bridge_receive_host(&b, 1, 9, 1);
        assert_int_equal(sent_count, 3);
        for (unsigned port = 0; port < 4; port++) {
            assert_int_equal(bridge_sent_on(port), port != 1);
        }
        assert_int_equal(bridge_receives_out(&b), 0);
        assert_int_equal(bridge_info(&b, 1).counters.flooded, 1);
        bridge_close(&b);
    }
}

static void
a_known_destination_gets_its_frames_alone(void **state)
{
    struct bridge_world b;

    (void)state;
    each_seed(b, 100, 4)
    {
        bridge_receive_host(&b, 2, ALL_HOSTS, 7);
        bridge_forget();
        bridge_receive_host(&b, 0, 7, 1);
        assert_int_equal(sent_count, 1);
        assert_int_equal(sent[0].port, 2);
        assert_int_equal(bridge_port_of(&b, 7), 2);
        bridge_close(&b);
    }
}

/* A frame never leaves by the port it came in on. */
static void
neighbours_on_one_port_are_left_alone(void **state)
{
    struct bridge_world b;

    (void)state;
    each_seed(b, 50, 3)
    {
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        bridge_forget();
        bridge_receive_host(&b, 1, 5, 6);
        assert_int_equal(sent_count, 0);
        assert_int_equal(bridge_receives_out(&b), 0);
        assert_int_equal(bridge_info(&b, 1).counters.filtered, 1);
        bridge_close(&b);
    }
}

static void
a_host_that_moves_is_followed(void **state)
{
    struct bridge_world b;

    (void)state;
    each_seed(b, 50, 3)
    {
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        bridge_receive_host(&b, 2, ALL_HOSTS, 5);
        bridge_forget();
        bridge_receive_host(&b, 0, 5, 6);
        assert_int_equal(bridge_sent_on(2), 1);
        assert_int_equal(sent_count, 1);
        bridge_close(&b);
    }
}

static void
groups_are_flooded_and_never_learned(void **state)
{
    static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1};
    struct bridge_world b;

    (void)state;
    each_seed(b, 50, 3)
    {
        uint8_t frame[60];

        bridge_host_frame(frame, 1, 2);
        memcpy(frame, group, 6);
        bridge_receive(&b, 0, frame, sizeof(frame), 2, 0);
        assert_int_equal(bridge_sent_on(1), 2);
        assert_int_equal(bridge_sent_on(2), 2);

        bridge_forget();
        memcpy(frame + 6, group, 6);
        bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
        assert_int_equal(sent_count, 0);
        assert_int_equal(bridge_info(&b, 0).counters.dropped[BRIDGE_DROP_MALFORMED], 1);
        bridge_close(&b);
    }
}

/* IEEE 802.1Q: what is meant for bridges ends here. */
static void
reserved_groups_are_not_relayed(void **state)
{
    static const uint8_t spanning_tree[6] = {0x01, 0x80, 0xc2, 0, 0, 0};
    static const uint8_t beyond[6] = {0x01, 0x80, 0xc2, 0, 0, 0x10};
    struct bridge_world b;

    (void)state;
    each_seed(b, 20, 2)
    {
        uint8_t frame[60];

        bridge_host_frame(frame, 1, 2);
        memcpy(frame, spanning_tree, 6);
        bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
        assert_int_equal(sent_count, 0);
        memcpy(frame, beyond, 6);
        bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
        assert_int_equal(sent_count, 1);
        bridge_close(&b);
    }
}

/* --- forgetting --- */

static void
an_address_that_is_silent_is_forgotten(void **state)
{
    struct bridge_world b;

    (void)state;
    if (world_is_live()) {
        return; /* Virtual time only. */
    }
    each_seed(b, 10, 3)
    {
        const uint32_t ageing = 20;

        assert_int_equal(bridge_control(&b, BRIDGE_IOCTL_SET_AGEING, &ageing, sizeof(ageing)), 0);
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        bridge_receive_host(&b, 2, ALL_HOSTS, 6);
        assert_int_equal(pndis_machine_run(b.w.machine, 12000000000ull), 0);
        bridge_receive_host(&b, 2, ALL_HOSTS, 6);
        assert_int_equal(bridge_port_of(&b, 5), 1);
        assert_int_equal(pndis_machine_run(b.w.machine, 10000000000ull), 0);
        assert_int_equal(bridge_port_of(&b, 5), -1);
        assert_int_equal(bridge_port_of(&b, 6), 2);
        bridge_forget();
        bridge_receive_host(&b, 0, 5, 1);
        assert_int_equal(sent_count, 2);
        bridge_close(&b);
    }
}

static void
the_default_age_is_five_minutes(void **state)
{
    struct bridge_world b;

    (void)state;
    if (world_is_live()) {
        return;
    }
    each_seed(b, 2, 2)
    {
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        assert_int_equal(pndis_machine_run(b.w.machine, 298000000000ull), 0);
        assert_int_equal(bridge_port_of(&b, 5), 1);
        assert_int_equal(pndis_machine_run(b.w.machine, 4000000000ull), 0);
        assert_int_equal(bridge_port_of(&b, 5), -1);
        bridge_close(&b);
    }
}

static void
unbinding_and_flushing_forget(void **state)
{
    struct bridge_world b;

    (void)state;
    each_seed(b, 30, 3)
    {
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        bridge_receive_host(&b, 2, ALL_HOSTS, 6);
        assert_int_equal(pndis_adapter_stop(b.adapters[1], PNDIS_HALT_DISABLED), 0);
        assert_int_equal(bridge_port_of(&b, 5), -1);
        assert_int_equal(bridge_port_of(&b, 6), 2);
        assert_int_equal(bridge_control(&b, BRIDGE_IOCTL_FLUSH, NULL, 0), 0);
        assert_int_equal(bridge_port_of(&b, 6), -1);
        bridge_close(&b);
    }
}

static void
indicate_link(void *argument)
{
    struct port *port = argument;
    NDIS_LINK_STATE link = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
                   NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState =
            port->power == 0xff ? MediaConnectStateDisconnected : MediaConnectStateConnected,
        .MediaDuplexState = MediaDuplexStateFull,
    };
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port->handle,
        .StatusCode = NDIS_STATUS_LINK_STATE,
        .StatusBuffer = &link,
        .StatusBufferSize = sizeof(link),
    };

    NdisMIndicateStatusEx(port->handle, &indication);
}

static void
set_link(struct bridge_world *b, unsigned port, bool up)
{
    b->ports[port]->power = up ? 0 : 0xff;
    world_as_driver(&b->w, indicate_link, b->ports[port]);
}

static void
a_port_whose_link_is_down_gets_nothing(void **state)
{
    struct bridge_world b;

    (void)state;
    each_seed(b, 30, 3)
    {
        bridge_receive_host(&b, 1, ALL_HOSTS, 5);
        bridge_forget();
        set_link(&b, 1, false);
        bridge_receive_host(&b, 0, 5, 1);
        assert_int_equal(bridge_sent_on(1), 0);
        assert_int_equal(bridge_sent_on(2), 1);
        assert_int_equal(bridge_info(&b, 1).counters.dropped[BRIDGE_DROP_LINK_DOWN], 1);
        set_link(&b, 1, true);
        bridge_receive_host(&b, 0, 5, 1);
        assert_int_equal(bridge_sent_on(1), 1);
        bridge_close(&b);
    }
}

/* More hosts than there is room for: the least recently seen give way, and nothing else happens. */
static void
the_table_stays_within_its_limit(void **state)
{
    static struct bridge_address_info infos[BRIDGE_ADDRESS_LIMIT + 1];
    struct bridge_world b;

    (void)state;
    each_seed(b, 1, 2)
    {
        struct pndis_control control = {
            .device = BRIDGE_DEVICE_NAME,
            .code = BRIDGE_IOCTL_QUERY_ADDRESSES,
            .output = infos,
            .output_bytes = sizeof(infos),
        };
        uint8_t frame[60];
        size_t known;

        miniport.on_send = NULL;
        bridge_host_frame(frame, ALL_HOSTS, 1);
        for (unsigned i = 0; i < 3 * BRIDGE_ADDRESS_LIMIT; i++) {
            frame[9] = (uint8_t)(i >> 16);
            frame[10] = (uint8_t)(i >> 8);
            frame[11] = (uint8_t)i;
            bridge_receive(&b, 0, frame, sizeof(frame), 1, 0);
        }
        assert_int_equal(pndis_control_send(b.w.machine, &control), 0);
        known = control.returned_bytes / sizeof(infos[0]);
        assert_true(known <= BRIDGE_ADDRESS_LIMIT && known > BRIDGE_ADDRESS_LIMIT / 2);
        assert_int_equal(bridge_info(&b, 0).addresses, known);
        bridge_close(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_destination_is_flooded),
        cmocka_unit_test(a_known_destination_gets_its_frames_alone),
        cmocka_unit_test(neighbours_on_one_port_are_left_alone),
        cmocka_unit_test(a_host_that_moves_is_followed),
        cmocka_unit_test(groups_are_flooded_and_never_learned),
        cmocka_unit_test(reserved_groups_are_not_relayed),
        cmocka_unit_test(an_address_that_is_silent_is_forgotten),
        cmocka_unit_test(the_default_age_is_five_minutes),
        cmocka_unit_test(unbinding_and_flushing_forget),
        cmocka_unit_test(a_port_whose_link_is_down_gets_nothing),
        cmocka_unit_test(the_table_stays_within_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
