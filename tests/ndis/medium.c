/*
 * What NDIS checks of frames by the adapter's medium, and by a filter that wants everything:
 * OID_GEN_CURRENT_PACKET_FILTER, "Looping Back NDIS Packets".
 */
#include "support/data_path.h"

enum { SEEDS = 20, FRAME_BYTES = 60 };

static NDIS_MEDIUM medium;

static void
edit_general(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MediaType = medium;
    attributes->MacOptions |= NDIS_MAC_OPTION_NO_LOOPBACK;
}

/* A frame to the station of somebody else. */
static void
indicate(void *unused)
{
    static const uint8_t frame[FRAME_BYTES] = {0x02, 0xde, 0xad, 0xbe, 0xef, 0x01};

    (void)unused;
    port_indicate(port_latest(), frame, sizeof(frame), 1, 0);
}

static void
send_one(void *unused)
{
    struct opening *opening = opening_latest();

    (void)unused;
    NdisSendNetBufferLists(opening->handle, path_list(opening, FRAME_BYTES, 3),
                           NDIS_DEFAULT_PORT_NUMBER, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK);
}

/* How many lists the protocol with @packet_filter gets of one that the NIC indicates and one that
 * it sends itself. */
static void
frames_of(NDIS_MEDIUM of, ULONG packet_filter, unsigned received, unsigned looped_back)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        medium = of;
        miniport.edit_general = edit_general;
        protocol.packet_filter = packet_filter;
        data_path_up(&w, seed);
        world_as_driver(&w, indicate, NULL);
        world_settle(&w);
        expect(&w, data_path.received.lists == received);
        world_as_driver(&w, send_one, NULL);
        world_settle(&w);
        expect(&w, data_path.received.lists == received + looped_back);
        world_close(&w);
    }
}

static void
packet_types_are_checked_on_ethernet(void **state)
{
    (void)state;
    frames_of(NdisMedium802_3, NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST, 0, 1);
}

/* "For these media types, a protocol driver cannot disable packet reception." */
static void
packet_types_are_not_checked_on_other_media(void **state)
{
    (void)state;
    frames_of(NdisMediumIP, NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST, 1, 0);
    frames_of(NdisMediumIP, 0, 1, 0);
}

/* "All packets sent by installed protocols and all packets indicated by the NIC." */
static void
all_that_is_local_is_also_what_the_nic_indicates(void **state)
{
    (void)state;
    frames_of(NdisMedium802_3, NDIS_PACKET_TYPE_ALL_LOCAL, 1, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_types_are_checked_on_ethernet),
        cmocka_unit_test(packet_types_are_not_checked_on_other_media),
        cmocka_unit_test(all_that_is_local_is_also_what_the_nic_indicates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
