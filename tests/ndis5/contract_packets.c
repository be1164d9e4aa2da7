/*
 * Packets and their pools ("NdisAllocatePacketPoolEx", "NdisAllocatePacket", "NDIS_PACKET"), and
 * what becomes of a NET_BUFFER_LIST that is sent as packets, and of a packet that is indicated
 * ("Sending 802.1Q-Marked Packets (NDIS 5.1)").
 */
#include "miniport51.h"

#include "support/buffers.h"
#include "support/data_path.h"

enum { NORMAL = 2, OVERFLOW = 3, ALL = NORMAL + OVERFLOW, RESERVED = 100, MOST = 0xffff };

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
}

/* Routines of the driver check; the test fails with what did not hold. */
static char failure[160];

static void
note_failure(const char *condition, int line)
{
    if (failure[0] == 0) {
        snprintf(failure, sizeof(failure), "line %d: %s", line, condition);
    }
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            note_failure(#condition, __LINE__);                                                    \
        }                                                                                          \
    } while (0)

static void
run_as_driver(void (*routine)(void *argument))
{
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed);
        failure[0] = 0;
        world5_running(&w, seed);
        world_as_driver(&w, routine, NULL);
        if (failure[0] != 0) {
            fail_msg("%s (seed %u)", failure, seed);
        }
        world_close(&w);
    }
}

/* --- pools --- */

static void
use_up_pool(void *argument)
{
    NDIS_PACKET *packets[ALL + 1];
    NDIS_STATUS status;
    NDIS_HANDLE pool;

    (void)argument;
    NdisAllocatePacketPoolEx(&status, &pool, NORMAL, OVERFLOW, RESERVED);
    CHECK(status == NDIS_STATUS_SUCCESS);
    for (unsigned i = 0; i < ALL; i++) {
        CHECK(NdisPacketPoolUsage(pool) == i);
        NdisAllocatePacket(&status, &packets[i], pool);
        CHECK(status == NDIS_STATUS_SUCCESS);
        CHECK(NdisGetPoolFromPacket(packets[i]) == pool);
    }
    NdisAllocatePacket(&status, &packets[ALL], pool);
    CHECK(status == NDIS_STATUS_RESOURCES && NdisPacketPoolUsage(pool) == ALL);
    NdisFreePacket(packets[1]);
    CHECK(NdisPacketPoolUsage(pool) == ALL - 1);
    NdisAllocatePacket(&status, &packets[1], pool);
    CHECK(status == NDIS_STATUS_SUCCESS);
    for (unsigned i = 0; i < ALL; i++) {
        NdisFreePacket(packets[i]);
    }
    CHECK(NdisPacketPoolUsage(pool) == 0);
    NdisFreePacketPool(pool);
}

static void
a_pool_has_its_normal_and_its_overflow_descriptors_and_no_more(void **state)
{
    (void)state;
    run_as_driver(use_up_pool);
}

static void
fill_reserved(void *argument)
{
    NDIS_PACKET *packets[ALL];
    NDIS_STATUS status;
    NDIS_HANDLE pool;

    (void)argument;
    NdisAllocatePacketPool(&status, &pool, ALL, RESERVED);
    for (unsigned i = 0; i < ALL; i++) {
        NdisAllocatePacket(&status, &packets[i], pool);
        CHECK(status == NDIS_STATUS_SUCCESS);
        CHECK(packets[i]->Private.NdisPacketOobOffset >=
              offsetof(NDIS_PACKET, ProtocolReserved) + RESERVED);
        NDIS_SET_PACKET_STATUS(packets[i], (NDIS_STATUS)(100 + i));
        NDIS_SET_PACKET_CANCEL_ID(packets[i], packets[i]);
        memset(packets[i]->ProtocolReserved, (int)i + 1, RESERVED);
    }
    for (unsigned i = 0; i < ALL; i++) {
        CHECK(NDIS_GET_PACKET_STATUS(packets[i]) == (NDIS_STATUS)(100 + i));
        CHECK(NDIS_GET_PACKET_CANCEL_ID(packets[i]) == packets[i]);
        CHECK(packets[i]->ProtocolReserved[0] == i + 1);
        CHECK(packets[i]->ProtocolReserved[RESERVED - 1] == i + 1);
        NdisFreePacket(packets[i]);
    }
    NdisFreePacketPool(pool);
}

static void
a_packet_has_the_reserved_bytes_that_its_pool_was_made_with(void **state)
{
    (void)state;
    run_as_driver(fill_reserved);
}

static void
check_fresh(NDIS_PACKET *packet)
{
    CHECK(packet->Private.Head == NULL);
    CHECK((packet->Private.NdisPacketFlags & fPACKET_ALLOCATED_BY_NDIS) != 0);
    CHECK((packet->Private.NdisPacketFlags & fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO) == 0);
    CHECK(NDIS_GET_PACKET_TIME_SENT(packet) == 0 && NDIS_GET_PACKET_TIME_RECEIVED(packet) == 0);
    CHECK(NDIS_GET_PACKET_HEADER_SIZE(packet) == 0);
    for (unsigned i = 0; i < MaxPerPacketInfo; i++) {
        CHECK(NDIS_PER_PACKET_INFO_FROM_PACKET(packet, i) == NULL);
    }
}

static void
use_packet_twice(void *argument)
{
    NDIS_PACKET *packet;
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    KIRQL irql;

    (void)argument;
    NdisAllocatePacketPool(&status, &pool, 1, 16);
    for (unsigned i = 0; i < 3; i++) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        NdisDprAllocatePacket(&status, &packet, pool);
        KeLowerIrql(irql);
        CHECK(status == NDIS_STATUS_SUCCESS);
        check_fresh(packet);
        NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO(packet, &pool, sizeof(pool));
        NDIS_SET_PACKET_HEADER_SIZE(packet, 14);
        NDIS_SET_PACKET_TIME_SENT(packet, 77);
        NDIS_SET_PACKET_TIME_RECEIVED(packet, 78);
        for (unsigned kind = 0; kind < MaxPerPacketInfo; kind++) {
            NDIS_PER_PACKET_INFO_FROM_PACKET(packet, kind) = packet;
        }
        NdisFreePacket(packet);
    }
    NdisFreePacketPool(pool);
}

/* "NdisAllocatePacket" initializes the descriptor with its out-of-band block. */
static void
a_packet_that_is_allocated_has_nothing_of_the_one_before_it(void **state)
{
    (void)state;
    run_as_driver(use_packet_twice);
}

static void
copy_packets(void *argument)
{
    UCHAR from[60];
    UCHAR to[40];
    NDIS_PACKET *packets[2];
    NDIS_BUFFER *buffers[3];
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    NDIS_HANDLE buffer_handle;
    UINT copied;

    (void)argument;
    for (unsigned i = 0; i < sizeof(from); i++) {
        from[i] = (UCHAR)i;
    }
    memset(to, 0xee, sizeof(to));
    NdisAllocatePacketPool(&status, &pool, 2, 16);
    NdisAllocateBufferPool(&status, &buffer_handle, 3);
    NdisAllocatePacket(&status, &packets[0], pool);
    NdisAllocatePacket(&status, &packets[1], pool);
    NdisAllocateBuffer(&status, &buffers[0], buffer_handle, from, 25);
    NdisAllocateBuffer(&status, &buffers[1], buffer_handle, from + 25, 35);
    NdisAllocateBuffer(&status, &buffers[2], buffer_handle, to, sizeof(to));
    NdisChainBufferAtBack(packets[0], buffers[0]);
    NdisChainBufferAtBack(packets[0], buffers[1]);
    NdisChainBufferAtBack(packets[1], buffers[2]);
    NDIS_SET_PACKET_HEADER_SIZE(packets[0], 14);

    NdisCopyFromPacketToPacketSafe(packets[1], 10, 100, packets[0], 20, &copied,
                                   NormalPagePriority);
    CHECK(copied == 30 && to[9] == 0xee && to[10] == 20 && to[39] == 49);
    NdisCopyFromPacketToPacketSafe(packets[1], 0, 100, packets[0], 50, &copied, NormalPagePriority);
    CHECK(copied == 10 && to[0] == 50 && to[9] == 59 && to[10] == 20);
    CHECK(NDIS_GET_PACKET_HEADER_SIZE(packets[1]) == 0);
    for (unsigned i = 0; i < RTL_NUMBER_OF(buffers); i++) {
        NdisFreeBuffer(buffers[i]);
    }
    NdisFreePacket(packets[0]);
    NdisFreePacket(packets[1]);
    NdisFreeBufferPool(buffer_handle);
    NdisFreePacketPool(pool);
}

/* "NdisCopyFromPacketToPacketSafe": no out-of-band information, and no further than there is. */
static void
a_copy_ends_with_the_source_or_the_destination(void **state)
{
    (void)state;
    run_as_driver(copy_packets);
}

/* --- a list of several NET_BUFFERs --- */

enum { BUFFERS = 3 };

static NDIS_PACKET *sent[BUFFERS];
static UCHAR first_bytes[BUFFERS];
static UINT lengths[BUFFERS];
static unsigned sent_count;

static void
note_sent(struct nic *nic, NDIS_PACKET *packet)
{
    unsigned at = sent_count++ % BUFFERS;

    sent[at] = packet;
    first_bytes[at] = nic->last_frame[0];
    lengths[at] = nic->last_bytes;
}

static NET_BUFFER_LIST *list;
static NDIS_HANDLE lists;
static NDIS_HANDLE buffers;
static MDL *chains[BUFFERS];

static void
send_list(void *argument)
{
    NET_BUFFER *last;

    (void)argument;
    lists = list_pool(TRUE, 0, 0);
    buffers = buffer_pool(0);
    for (unsigned i = 0; i < BUFFERS; i++) {
        chains[i] = MDLS((UCHAR)(10 * (i + 1)), 60 + i);
    }
    list = NdisAllocateNetBufferAndNetBufferList(lists, 0, 0, chains[0], 0, 60);
    last = NET_BUFFER_LIST_FIRST_NB(list);
    for (unsigned i = 1; i < BUFFERS; i++) {
        NET_BUFFER_NEXT_NB(last) = NdisAllocateNetBuffer(buffers, chains[i], 0, 60 + i);
        last = NET_BUFFER_NEXT_NB(last);
    }
    list->SourceHandle = opening_latest()->handle;
    NdisSendNetBufferLists(list->SourceHandle, list, NDIS_DEFAULT_PORT_NUMBER, 0);
}

static void
free_list(void *argument)
{
    NET_BUFFER *buffer = NET_BUFFER_NEXT_NB(NET_BUFFER_LIST_FIRST_NB(list));

    (void)argument;
    NET_BUFFER_NEXT_NB(NET_BUFFER_LIST_FIRST_NB(list)) = NULL;
    while (buffer != NULL) {
        NET_BUFFER *next = NET_BUFFER_NEXT_NB(buffer);

        NdisFreeNetBuffer(buffer);
        buffer = next;
    }
    NdisFreeNetBufferList(list);
    for (unsigned i = 0; i < BUFFERS; i++) {
        mdl_chain_free(chains[i]);
    }
    NdisFreeNetBufferListPool(lists);
    NdisFreeNetBufferPool(buffers);
}

static NDIS_STATUS complete_with;

static void
complete_packet(void *argument)
{
    NdisMSendComplete(nic_latest()->handle, argument, complete_with);
}

static void
given_protocol(struct world *w, uint64_t seed)
{
    data_path_reset();
    data_path.keep_completed = true;
    given(seed);
    world5_open(w, seed);
    world_load_protocol(w);
    world5_add(w);
    expect_state(w, "Running");
}

/* A packet each, in order; the list is back when the last of them is, and says if one failed. */
static void
each_net_buffer_is_a_packet_and_the_list_completes_with_the_last(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        unsigned failing = seed % 4; /* 3: none. */
        struct world w;

        given_protocol(&w, seed);
        miniport51.sending = SEND5_HOLD;
        miniport51.on_send = note_sent;
        sent_count = 0;
        world_as_driver(&w, send_list, NULL);
        world_settle(&w);
        expect(&w, sent_count == BUFFERS);
        for (unsigned i = 0; i < BUFFERS; i++) {
            expect(&w, first_bytes[i] == 10 * (i + 1) && lengths[i] == 60 + i);
        }
        for (unsigned i = BUFFERS; i-- > 0;) {
            expect(&w, data_path.completed.lists == 0);
            complete_with = i == failing ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
            world_at_dispatch(&w, complete_packet, sent[i]);
            world_settle(&w);
        }
        expect(&w, data_path.completed.lists == 1 && data_path.completed.list[0] == list);
        expect(&w, (data_path.completed.status[0] == NDIS_STATUS_SUCCESS) == (failing == 3));
        nic_latest()->held_count = 0;
        world_as_driver(&w, free_list, NULL);
        world_close(&w);
    }
}

/* --- what travels beside the data --- */

static NDIS_PACKET_8021Q_INFO tag_seen;

static void
note_tag(struct nic *nic, NDIS_PACKET *packet)
{
    (void)nic;
    tag_seen.Value = NDIS_PER_PACKET_INFO_FROM_PACKET(packet, Ieee8021QInfo);
}

static void
send_tagged(void *argument)
{
    NET_BUFFER_LIST *nbl = path_list(opening_latest(), 64, 1);
    NDIS_NET_BUFFER_LIST_8021Q_INFO tag = {.Value = NULL};

    (void)argument;
    tag.TagHeader.UserPriority = 5;
    tag.TagHeader.VlanId = 0x123;
    NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
    NdisSendNetBufferLists(opening_latest()->handle, nbl, NDIS_DEFAULT_PORT_NUMBER, 0);
}

static void
free_completed(void *argument)
{
    (void)argument;
    path_free(data_path.completed.list[0]);
}

static void
priority_and_vlan_of_a_list_are_those_of_its_packet(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given_protocol(&w, seed);
        miniport51.on_send = note_tag;
        tag_seen.Value = NULL;
        world_as_driver(&w, send_tagged, NULL);
        world_settle(&w);
        expect(&w, tag_seen.TagHeader.UserPriority == 5);
        expect(&w, tag_seen.TagHeader.VlanId == 0x123 && tag_seen.TagHeader.CanonicalFormatId == 0);
        expect(&w, data_path.completed.lists == 1);
        world_as_driver(&w, free_completed, NULL);
        world_close(&w);
    }
}

static NDIS_NET_BUFFER_LIST_8021Q_INFO tag_received;
static UCHAR received_memory[64];

static void
look_at_received(struct pndis_client *client, const struct pndis_received *frame, void *user)
{
    (void)client;
    (void)user;
    tag_received.Value =
        NET_BUFFER_LIST_INFO((NET_BUFFER_LIST *)frame->nbl, Ieee8021QNetBufferListInfo);
}

static void
indicate_tagged(void *argument)
{
    NDIS_PACKET_8021Q_INFO tag = {.Value = NULL};
    struct nic *nic = nic_latest();
    NDIS_PACKET *packet = nic->packet;
    NDIS_BUFFER *buffer;
    NDIS_STATUS status;

    (void)argument;
    make_frame_bytes(received_memory, sizeof(received_memory), 1);
    NdisAllocateBuffer(&status, &buffer, nic->buffer_pool, received_memory,
                       sizeof(received_memory));
    NdisChainBufferAtFront(packet, buffer);
    tag.TagHeader.UserPriority = 3;
    tag.TagHeader.VlanId = 0xabc;
    NDIS_PER_PACKET_INFO_FROM_PACKET(packet, Ieee8021QInfo) = tag.Value;
    NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_RESOURCES);
    NdisMIndicateReceivePacket(nic->handle, &packet, 1);
    NdisUnchainBufferAtFront(packet, &buffer);
    NdisFreeBuffer(buffer);
}

static void
priority_and_vlan_of_a_packet_are_those_of_its_list(void **state)
{
    static const struct pndis_client_events events = {.on_receive = look_at_received};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed);
        tag_received.Value = NULL;
        world5_open(&w, seed);
        world5_add(&w);
        w.client = pndis_client_open(w.adapter, &(struct pndis_client_options){.events = &events});
        world_at_dispatch(&w, indicate_tagged, NULL);
        world_settle(&w);
        expect(&w, tag_received.TagHeader.UserPriority == 3);
        expect(&w, tag_received.TagHeader.VlanId == 0xabc);
        world_close(&w);
    }
}

static void
make_large_pools(void *argument)
{
    NDIS_STATUS status;
    NDIS_HANDLE pool;

    (void)argument;
    NdisAllocatePacketPoolEx(&status, &pool, MOST + 1, 0, 16);
    CHECK(status == NDIS_STATUS_RESOURCES);
    NdisAllocatePacketPoolEx(&status, &pool, 10, MOST, 16);
    CHECK(status == NDIS_STATUS_SUCCESS);
    NdisFreePacketPool(pool);
}

/* "The maximum is 0xFFFF"; an overflow beyond is reduced. */
static void
a_pool_of_more_than_65535_descriptors_is_refused(void **state)
{
    (void)state;
    run_as_driver(make_large_pools);
}

static void
set_cancel_id(void *argument)
{
    NDIS_PACKET *packet;
    NDIS_STATUS status;
    NDIS_HANDLE pool;

    (void)argument;
    NdisAllocatePacketPool(&status, &pool, 1, 0);
    NdisAllocatePacket(&status, &packet, pool);
    NdisSetPacketCancelId(packet, &pool);
    CHECK(NdisGetPacketCancelId(packet) == &pool);
    CHECK(NDIS_GET_PACKET_CANCEL_ID(packet) == &pool);
    NdisFreePacket(packet);
    NdisFreePacketPool(pool);
}

/* "NdisSetPacketCancelId", "NDIS_SET_PACKET_CANCEL_ID": the one is as good as the other. */
static void
a_cancel_id_has_two_spellings(void **state)
{
    (void)state;
    run_as_driver(set_cancel_id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_has_its_normal_and_its_overflow_descriptors_and_no_more),
        cmocka_unit_test(a_packet_has_the_reserved_bytes_that_its_pool_was_made_with),
        cmocka_unit_test(a_packet_that_is_allocated_has_nothing_of_the_one_before_it),
        cmocka_unit_test(a_copy_ends_with_the_source_or_the_destination),
        cmocka_unit_test(each_net_buffer_is_a_packet_and_the_list_completes_with_the_last),
        cmocka_unit_test(priority_and_vlan_of_a_list_are_those_of_its_packet),
        cmocka_unit_test(priority_and_vlan_of_a_packet_are_those_of_its_list),
        cmocka_unit_test(a_pool_of_more_than_65535_descriptors_is_refused),
        cmocka_unit_test(a_cancel_id_has_two_spellings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
