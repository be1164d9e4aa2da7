/* What ndis.h itself does with NDIS 5 packets: chains, counts, and the information behind a packet.
 * Packets and buffers are made by hand here, as a pool lays them out. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ndis.h>
#include <cmocka.h>

#define BUFFER_COUNT 4

struct bench {
    NDIS_BUFFER buffers[BUFFER_COUNT];
    NDIS_PACKET *packet;
    /* A packet, its protocol's bytes, the out-of-band block, the slots. */
    DECLSPEC_ALIGN(16)
    UCHAR room[sizeof(NDIS_PACKET) + PROTOCOL_RESERVED_SIZE_IN_PACKET +
               sizeof(NDIS_PACKET_OOB_DATA) + sizeof(NDIS_PACKET_EXTENSION)];
};

/* Buffer i is 100 * (i + 1) bytes long; buffer 3 crosses a page. */
static int
set_up(void **state)
{
    static struct bench bench;

    memset(&bench, 0, sizeof(bench));
    for (ULONG i = 0; i < BUFFER_COUNT; i++) {
        bench.buffers[i].StartVa = (PVOID)(ULONG_PTR)0x100000;
        bench.buffers[i].ByteOffset = i == 3 ? PAGE_SIZE - 1 : 0;
        bench.buffers[i].ByteCount = 100 * (i + 1);
        bench.buffers[i].MappedSystemVa = (PVOID)(ULONG_PTR)(0x200000 + i);
        bench.buffers[i].MdlFlags = MDL_SOURCE_IS_NONPAGED_POOL;
    }
    bench.packet = (NDIS_PACKET *)bench.room;
    bench.packet->Private.NdisPacketOobOffset =
        sizeof(NDIS_PACKET) + PROTOCOL_RESERVED_SIZE_IN_PACKET;
    *state = &bench;
    return 0;
}

static void
a_chain_at_the_back_goes_behind_the_whole_packet(void **state)
{
    struct bench *b = *state;
    b->buffers[1].Next = &b->buffers[2];

    NdisChainBufferAtBack(b->packet, &b->buffers[0]);
    NdisChainBufferAtBack(b->packet, &b->buffers[1]);

    assert_ptr_equal(NDIS_PACKET_FIRST_NDIS_BUFFER(b->packet), &b->buffers[0]);
    assert_ptr_equal(NDIS_BUFFER_LINKAGE(&b->buffers[0]), &b->buffers[1]);
    assert_ptr_equal(NDIS_PACKET_LAST_NDIS_BUFFER(b->packet), &b->buffers[2]);
    assert_null(b->buffers[2].Next);
}

static void
a_chain_at_the_front_keeps_the_tail(void **state)
{
    struct bench *b = *state;
    b->buffers[1].Next = &b->buffers[2];

    NdisChainBufferAtFront(b->packet, &b->buffers[0]);
    NdisChainBufferAtFront(b->packet, &b->buffers[1]);

    assert_ptr_equal(NDIS_PACKET_FIRST_NDIS_BUFFER(b->packet), &b->buffers[1]);
    assert_ptr_equal(b->buffers[2].Next, &b->buffers[0]);
    assert_ptr_equal(NDIS_PACKET_LAST_NDIS_BUFFER(b->packet), &b->buffers[0]);
}

static void
a_query_counts_buffers_pages_and_bytes(void **state)
{
    struct bench *b = *state;
    UINT pages, count, bytes;
    PNDIS_BUFFER first;
    NdisChainBufferAtBack(b->packet, &b->buffers[0]);
    NdisChainBufferAtBack(b->packet, &b->buffers[3]);

    NdisQueryPacket(b->packet, &pages, &count, &first, &bytes);

    assert_int_equal(count, 2);
    assert_int_equal(pages, 3);
    assert_int_equal(bytes, 500);
    assert_ptr_equal(first, &b->buffers[0]);
    assert_true(NDIS_PACKET_VALID_COUNTS(b->packet));
}

static void
counts_are_taken_again_after_a_change(void **state)
{
    struct bench *b = *state;
    UINT bytes;
    NdisChainBufferAtBack(b->packet, &b->buffers[0]);
    NdisQueryPacketLength(b->packet, &bytes);
    assert_int_equal(bytes, 100);

    NdisChainBufferAtBack(b->packet, &b->buffers[1]);
    assert_false(NDIS_PACKET_VALID_COUNTS(b->packet));
    NdisQueryPacketLength(b->packet, &bytes);
    assert_int_equal(bytes, 300);

    NdisReinitializePacket(b->packet);
    NdisQueryPacketLength(b->packet, &bytes);
    assert_int_equal(bytes, 0);
}

static void
the_first_buffer_comes_with_the_length_of_all(void **state)
{
    struct bench *b = *state;
    PNDIS_BUFFER first;
    PVOID address;
    UINT length, total;
    NdisChainBufferAtBack(b->packet, &b->buffers[1]);
    NdisChainBufferAtBack(b->packet, &b->buffers[2]);

    NdisGetFirstBufferFromPacket(b->packet, &first, &address, &length, &total);

    assert_ptr_equal(first, &b->buffers[1]);
    assert_ptr_equal(address, (PVOID)(ULONG_PTR)0x200001);
    assert_int_equal(length, 200);
    assert_int_equal(total, 500);
}

static void
an_empty_packet_has_no_first_buffer(void **state)
{
    struct bench *b = *state;
    PNDIS_BUFFER first;
    PVOID address;
    UINT length, total;

    NdisGetFirstBufferFromPacketSafe(b->packet, &first, &address, &length, &total,
                                     NormalPagePriority);

    assert_null(first);
    assert_null(address);
    assert_int_equal(length, 0);
    assert_int_equal(total, 0);
}

/* 96 + 32 bytes of packet, then the block of 40, then slots of 8; see the facts of NDIS 5. */
static void
information_lies_behind_the_packet(void **state)
{
    struct bench *b = *state;
    UCHAR *oob = b->room + sizeof(NDIS_PACKET) + 32;
    UCHAR other;
    PVOID information = NULL;
    UINT size = 1;

    NDIS_SET_PACKET_STATUS(b->packet, NDIS_STATUS_RESOURCES);
    NDIS_SET_PACKET_HEADER_SIZE(b->packet, 14);
    NDIS_SET_ORIGINAL_PACKET(b->packet, (PNDIS_PACKET)&other);
    NDIS_PER_PACKET_INFO_FROM_PACKET(b->packet, ShortPacketPaddingInfo) = &other;

    assert_int_equal(*(NDIS_STATUS *)(oob + 32), NDIS_STATUS_RESOURCES);
    assert_int_equal(*(UINT *)(oob + 16), 14);
    assert_ptr_equal(*(PVOID *)(oob + 40 + 7 * 8), &other);
    assert_ptr_equal(*(PVOID *)(oob + 40 + 11 * 8), &other);
    assert_ptr_equal(NDIS_GET_ORIGINAL_PACKET(b->packet), &other);
    NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(b->packet, &information, &size);
    assert_null(information);
    assert_int_equal(size, 0);
    NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO(b->packet, &other, 5);
    NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(b->packet, &information, &size);
    assert_ptr_equal(information, &other);
    assert_int_equal(size, 5);
}

static void
flags_are_added_and_taken_away(void **state)
{
    struct bench *b = *state;
    UINT flags;

    NdisSetPacketFlags(b->packet, NDIS_FLAGS_DONT_LOOPBACK | NDIS_PROTOCOL_ID_TCP_IP);
    NdisSetPacketFlags(b->packet, NDIS_FLAGS_MULTICAST_PACKET);
    NdisClearPacketFlags(b->packet, NDIS_FLAGS_DONT_LOOPBACK);

    assert_int_equal(NdisGetPacketFlags(b->packet), 0x12);
    assert_int_equal(NDIS_GET_PACKET_PROTOCOL_TYPE(b->packet), NDIS_PROTOCOL_ID_TCP_IP);
    NdisQuerySendFlags(b->packet, &flags);
    assert_int_equal(flags, 0x12);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_chain_at_the_back_goes_behind_the_whole_packet, set_up),
        cmocka_unit_test_setup(a_chain_at_the_front_keeps_the_tail, set_up),
        cmocka_unit_test_setup(a_query_counts_buffers_pages_and_bytes, set_up),
        cmocka_unit_test_setup(counts_are_taken_again_after_a_change, set_up),
        cmocka_unit_test_setup(the_first_buffer_comes_with_the_length_of_all, set_up),
        cmocka_unit_test_setup(an_empty_packet_has_no_first_buffer, set_up),
        cmocka_unit_test_setup(information_lies_behind_the_packet, set_up),
        cmocka_unit_test_setup(flags_are_added_and_taken_away, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
