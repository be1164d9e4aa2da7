/*
 * Who receives what: packet filters of bindings, and NDIS' loopback of sends.
 * "OID_GEN_CURRENT_PACKET_FILTER", "OID_802_3_MULTICAST_LIST", "Looping Back NDIS Packets".
 */
#include "support/data_path.h"

enum {
    SEEDS = 20,
    FRAME_BYTES = 60,
    USUAL = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST,
};

/* --- packet filters --- */

enum destination { TO_US, TO_OTHERS, TO_ALL, TO_OUR_GROUP, TO_OTHER_GROUP, DESTINATIONS };

static const uint8_t addresses[DESTINATIONS][6] = {
    [TO_US] = {0x02, 0x50, 0x4e, 0x44, 0x49, 0x53},
    [TO_OTHERS] = {0x02, 0x50, 0x4e, 0x44, 0x49, 0x54},
    [TO_ALL] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    [TO_OUR_GROUP] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01},
    [TO_OTHER_GROUP] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x02},
};

static const struct {
    ULONG packet_filter;
    const char *receives; /* One letter a destination, in order: x is received. */
} filters[] = {
    {NDIS_PACKET_TYPE_DIRECTED, "x----"},
    {NDIS_PACKET_TYPE_BROADCAST, "--x--"},
    {NDIS_PACKET_TYPE_MULTICAST, "---x-"},
    {NDIS_PACKET_TYPE_ALL_MULTICAST, "---xx"},
    {NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST, "x-x--"},
    {USUAL, "x-xx-"},
    {USUAL | NDIS_PACKET_TYPE_ALL_MULTICAST, "x-xxx"},
    {NDIS_PACKET_TYPE_PROMISCUOUS, "xxxxx"},
};

static void
join_group(void *argument)
{
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestSetInformation,
    };

    request.DATA.SET_INFORMATION.Oid = OID_802_3_MULTICAST_LIST;
    request.DATA.SET_INFORMATION.InformationBuffer = (PVOID)addresses[TO_OUR_GROUP];
    request.DATA.SET_INFORMATION.InformationBufferLength = 6;
    *(NDIS_STATUS *)argument = opening_request(opening_latest(), &request);
}

static void
indicate(void *argument)
{
    uint8_t frame[FRAME_BYTES];

    make_frame_bytes(frame, sizeof(frame), 1);
    memcpy(frame, argument, 6);
    port_indicate(port_latest(), frame, sizeof(frame), 1, 0);
}

/* Beside the binding under test there is one that receives everything. */
static void
filter_row(size_t row, uint64_t seed)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    struct world w;

    data_path_reset();
    protocol.packet_filter = filters[row].packet_filter;
    data_path_up(&w, seed);
    w.client = pndis_client_open(
        w.adapter, &(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_PROMISCUOUS});
    expect(&w, w.client != NULL);
    world_as_driver(&w, join_group, &status);
    expect(&w, status == NDIS_STATUS_SUCCESS);
    for (int to = 0; to < DESTINATIONS; to++) {
        unsigned before = data_path.received.lists;
        bool seen;

        world_as_driver(&w, indicate, (void *)addresses[to]);
        seen = data_path.received.lists != before;
        if (seen != (filters[row].receives[to] == 'x')) {
            fail_msg("filter 0x%x, destination %d: %s", filters[row].packet_filter, to,
                     seen ? "received" : "not received");
        }
    }
    expect(&w, data_path.returned.lists == DESTINATIONS);
    world_close(&w);
}

static void
a_binding_receives_what_its_filter_lets_through(void **state)
{
    (void)state;
    for (size_t row = 0; row < RTL_NUMBER_OF(filters); row++) {
        for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
            filter_row(row, seed);
        }
    }
}

/* --- loopback --- */

static const struct {
    const char *what;
    ULONG sender; /* Packet filters ... */
    ULONG other;  /* ... 0: there is no other binding. */
    ULONG send_flags;
    bool sender_sees;
    bool other_sees;
} loops[] = {
    {"nobody asks for it", USUAL, USUAL, 0, false, false},
    {"the sender asks for its own", USUAL, USUAL, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK, true, false},
    {"the only binding asks", USUAL, 0, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK, true, false},
    {"the only binding does not ask", USUAL | NDIS_PACKET_TYPE_PROMISCUOUS, 0, 0, false, false},
    {"it is not for the sender", NDIS_PACKET_TYPE_DIRECTED, 0, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK,
     false, false},
    {"the other is promiscuous", USUAL, NDIS_PACKET_TYPE_PROMISCUOUS, 0, false, true},
    {"the other wants all that is local", USUAL, NDIS_PACKET_TYPE_ALL_LOCAL, 0, false, true},
    {"the other wants nothing local", USUAL,
     NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_NO_LOCAL, 0, false, false},
    {"the sender is promiscuous", USUAL | NDIS_PACKET_TYPE_PROMISCUOUS, USUAL, 0, false, true},
    {"both see it", USUAL, NDIS_PACKET_TYPE_PROMISCUOUS, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK, true,
     true},
};

static bool loop_flag;

static void
note_loop_flag(NET_BUFFER_LIST *chain)
{
    loop_flag = loop_flag && NdisTestNblFlag(chain, NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET);
}

static void
send_broadcast(void *argument)
{
    NdisSendNetBufferLists(opening_latest()->handle, path_list(opening_latest(), FRAME_BYTES, 0x5a),
                           NDIS_DEFAULT_PORT_NUMBER, *(ULONG *)argument);
}

static void
loop_row(size_t row, uint64_t seed)
{
    struct pndis_client_counts counts = {.received = 0};
    ULONG flags = loops[row].send_flags;
    struct world w;

    data_path_reset();
    data_path.on_received = note_loop_flag;
    loop_flag = true;
    protocol.packet_filter = loops[row].sender;
    data_path_up(&w, seed);
    if (loops[row].other != 0) {
        w.client = pndis_client_open(
            w.adapter, &(struct pndis_client_options){.packet_filter = loops[row].other});
        expect(&w, w.client != NULL);
    }
    world_as_driver(&w, send_broadcast, &flags);
    world_settle(&w);
    if (w.client != NULL) {
        pndis_client_get_counts(w.client, &counts);
    }
    if (data_path.received.lists != loops[row].sender_sees ||
        counts.received != loops[row].other_sees) {
        fail_msg("%s: the sender sees it %u times, the other %u times", loops[row].what,
                 data_path.received.lists, (unsigned)counts.received);
    }
    expect(&w, loop_flag && data_path.completed.lists == 1 && data_path.returned.lists == 0);
    world_close(&w);
}

static void
sends_are_looped_back_to_whom_the_page_says(void **state)
{
    (void)state;
    for (size_t row = 0; row < RTL_NUMBER_OF(loops); row++) {
        for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
            loop_row(row, seed);
        }
    }
}

/* --- several frames in one list --- */

static struct {
    NDIS_HANDLE pool;
    NET_BUFFER *second;
    unsigned frames;      /* Shown to the sender. */
    unsigned most_a_list; /* Frames in one list. */
} several;

static void
count_frames(NET_BUFFER_LIST *chain)
{
    unsigned here = 0;

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(chain); nb != NULL;
         nb = NET_BUFFER_NEXT_NB(nb)) {
        here++;
    }
    several.frames += here;
    several.most_a_list = max(several.most_a_list, here);
}

static void
take_second_off(NET_BUFFER_LIST *chain)
{
    NET_BUFFER_NEXT_NB(NET_BUFFER_LIST_FIRST_NB(chain)) = NULL;
}

static void
send_two_in_one(void *argument)
{
    NET_BUFFER_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1},
        .PoolTag = 'owTN',
    };
    NET_BUFFER_LIST *list = path_list(opening_latest(), FRAME_BYTES, 0x5a);
    NET_BUFFER *first = NET_BUFFER_LIST_FIRST_NB(list);

    several.pool = NdisAllocateNetBufferPool(NULL, &parameters);
    several.second = NdisAllocateNetBuffer(several.pool, NET_BUFFER_FIRST_MDL(first),
                                           NET_BUFFER_DATA_OFFSET(first), FRAME_BYTES);
    NET_BUFFER_NEXT_NB(first) = several.second;
    NdisSendNetBufferLists(opening_latest()->handle, list, NDIS_DEFAULT_PORT_NUMBER,
                           *(ULONG *)argument);
}

static void
free_second(void *argument)
{
    (void)argument;
    NdisFreeNetBuffer(several.second);
    NdisFreeNetBufferPool(several.pool);
}

/* "Indicating Received Ethernet Frames": one a list. */
static void
each_frame_is_looped_back_in_a_list_of_its_own(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        ULONG flags = NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK;
        struct world w;

        data_path_reset();
        memset(&several, 0, sizeof(several));
        data_path.on_received = count_frames;
        data_path.on_completed = take_second_off;
        data_path_up(&w, seed);
        world_as_driver(&w, send_two_in_one, &flags);
        world_settle(&w);
        expect(&w, data_path.sent.lists == 1 && data_path.completed.lists == 1);
        expect(&w, several.frames == 2 && several.most_a_list == 1);
        world_as_driver(&w, free_second, NULL);
        world_close(&w);
    }
}

/* "miniport drivers that do not set NDIS_MAC_OPTION_NO_LOOPBACK loop back themselves" */
static void
loops_itself(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MacOptions &= ~(ULONG)NDIS_MAC_OPTION_NO_LOOPBACK;
}

static void
a_miniport_that_loops_back_is_left_to_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        ULONG flags = NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK;
        struct world w;

        data_path_reset();
        miniport.edit_general = loops_itself;
        data_path_up(&w, seed);
        world_as_driver(&w, send_broadcast, &flags);
        world_settle(&w);
        expect(&w, data_path.received.lists == 0 && data_path.completed.lists == 1);
        expect(&w, (data_path.sent.flags & NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK) != 0);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binding_receives_what_its_filter_lets_through),
        cmocka_unit_test(sends_are_looped_back_to_whom_the_page_says),
        cmocka_unit_test(each_frame_is_looped_back_in_a_list_of_its_own),
        cmocka_unit_test(a_miniport_that_loops_back_is_left_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
