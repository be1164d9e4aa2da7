/*
 * The contract of a receive: packets of which some come back at once and some later
 * ("NdisMIndicateReceivePacket"), and a look-ahead with whatever MiniportTransferData adds to it
 * ("NdisMEthIndicateReceive", "MiniportTransferData").
 */
#include "miniport51.h"

#include "support/data_path.h"

enum { FRAME = 400, HEADER = 14, DATA = FRAME - HEADER, COUNT = 6 };

static uint8_t frame[FRAME];

static void
given(bool serialized)
{
    miniport51_reset();
    if (serialized) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    for (unsigned i = 0; i < FRAME; i++) {
        frame[i] = (uint8_t)(i * 7 + i / 256);
    }
    memset(frame, 0xff, 6);
}

static void
running(struct world *w, uint64_t seed, const struct pndis_client_options *options)
{
    world5_open(w, seed);
    world5_add(w);
    w->client = pndis_client_open(w->adapter, options);
    expect(w, w->client != NULL);
    expect_state(w, "Running");
}

/* --- packets of the test's own, that stay where they are --- */

static NDIS_HANDLE packets_pool;
static NDIS_HANDLE buffers_pool;
static NDIS_PACKET *packets[COUNT];
static UCHAR memory[COUNT][FRAME];
static unsigned returned[COUNT];
static NDIS_STATUS wanted[COUNT];
static NDIS_STATUS found[COUNT];

static VOID
note_return(NDIS_HANDLE context, PNDIS_PACKET packet)
{
    struct nic *nic = context;

    saw(&nic->returns);
    for (unsigned i = 0; i < COUNT; i++) {
        returned[i] += packets[i] == packet;
    }
}

static void
own_return(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ReturnPacketHandler = note_return;
}

/* The header in one buffer, the data in the next. */
static void
make_packets(void *argument)
{
    NDIS_STATUS status;

    (void)argument;
    memset(returned, 0, sizeof(returned));
    NdisAllocatePacketPool(&status, &packets_pool, COUNT, PROTOCOL_RESERVED_SIZE_IN_PACKET);
    NdisAllocateBufferPool(&status, &buffers_pool, 2 * COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        NDIS_BUFFER *header;
        NDIS_BUFFER *data;

        memcpy(memory[i], frame, FRAME);
        memory[i][FRAME - 1] = (UCHAR)(i + 1);
        NdisAllocatePacket(&status, &packets[i], packets_pool);
        NdisAllocateBuffer(&status, &header, buffers_pool, memory[i], HEADER);
        NdisAllocateBuffer(&status, &data, buffers_pool, memory[i] + HEADER, DATA);
        NdisChainBufferAtBack(packets[i], header);
        NdisChainBufferAtBack(packets[i], data);
        NDIS_SET_PACKET_HEADER_SIZE(packets[i], HEADER);
    }
}

static void
free_packets(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < COUNT; i++) {
        NDIS_BUFFER *buffer;

        for (NdisUnchainBufferAtFront(packets[i], &buffer); buffer != NULL;
             NdisUnchainBufferAtFront(packets[i], &buffer)) {
            NdisFreeBuffer(buffer);
        }
        NdisFreePacket(packets[i]);
    }
    NdisFreeBufferPool(buffers_pool);
    NdisFreePacketPool(packets_pool);
}

/* What has NDIS_STATUS_RESOURCES is the driver's again on return, and is written over. */
static void
indicate_packets(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < COUNT; i++) {
        NDIS_SET_PACKET_STATUS(packets[i], wanted[i]);
    }
    NdisMIndicateReceivePacket(nic_latest()->handle, packets, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        found[i] = NDIS_GET_PACKET_STATUS(packets[i]);
        if (wanted[i] == NDIS_STATUS_RESOURCES) {
            memset(memory[i], 0xdd, FRAME);
        }
    }
}

static void
expect_frames_in_order(struct world *w)
{
    uint8_t got[FRAME + 1];

    for (unsigned i = 0; i < COUNT; i++) {
        expect(w, pndis_client_take(w->client, got, sizeof(got)) == FRAME);
        expect(w, memcmp(got, frame, FRAME - 1) == 0 && got[FRAME - 1] == i + 1);
    }
    expect(w, pndis_client_take(w->client, got, sizeof(got)) == 0);
}

static void
packets_of_both_kinds_go_up_together_and_in_order(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given(seed % 2 != 0);
        miniport51.edit = own_return;
        running(&w, seed, &(struct pndis_client_options){.hold_receives = seed % 4 < 2});
        for (unsigned i = 0; i < COUNT; i++) {
            wanted[i] = (seed >> i & 1) != 0 ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
        }
        world_as_driver(&w, make_packets, NULL);
        world_at_dispatch(&w, indicate_packets, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).received == COUNT);
        pndis_client_return(w.client, SIZE_MAX);
        world_settle(&w);
        expect_frames_in_order(&w);
        for (unsigned i = 0; i < COUNT; i++) {
            bool at_once = seed % 2 != 0 && found[i] != NDIS_STATUS_PENDING;

            /* Through MiniportReturnPacket once, or by the return of the call, and never both. */
            expect(&w, returned[i] == (wanted[i] != NDIS_STATUS_RESOURCES && !at_once ? 1 : 0));
        }
        world_as_driver(&w, free_packets, NULL);
        world_close(&w);
    }
}

/* "NdisMIndicateReceivePacket": a serialized miniport reads each packet's status on return. */
static void
the_status_says_to_a_serialized_miniport_whose_a_packet_is(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        bool hold = seed % 2 != 0;
        struct world w;

        given(true);
        miniport51.edit = own_return;
        running(&w, seed, &(struct pndis_client_options){.hold_receives = hold});
        memset(wanted, 0, sizeof(wanted));
        world_as_driver(&w, make_packets, NULL);
        world_at_dispatch(&w, indicate_packets, NULL);
        for (unsigned i = 0; i < COUNT; i++) {
            expect(&w, found[i] == (hold ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS));
        }
        pndis_client_return(w.client, SIZE_MAX);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->returns) == (hold ? COUNT : 0));
        world_as_driver(&w, free_packets, NULL);
        world_close(&w);
    }
}

static void
a_packet_that_came_back_may_be_indicated_again(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed % 2 != 0);
        miniport51.edit = own_return;
        running(&w, seed, NULL);
        memset(wanted, 0, sizeof(wanted));
        world_as_driver(&w, make_packets, NULL);
        for (unsigned round = 0; round < 5; round++) {
            world_at_dispatch(&w, indicate_packets, NULL);
            world_settle(&w);
            expect_frames_in_order(&w);
        }
        world_as_driver(&w, free_packets, NULL);
        world_close(&w);
    }
}

/* What nobody asked for with a packet filter comes back all the same. */
static void
packets_that_nobody_wants_come_back(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed % 2 != 0);
        miniport51.edit = own_return;
        running(&w, seed,
                &(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_DIRECTED});
        memset(wanted, 0, sizeof(wanted));
        world_as_driver(&w, make_packets, NULL);
        world_at_dispatch(&w, indicate_packets, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).received == 0);
        expect(&w, SEEN(nic_latest()->returns) == (seed % 2 != 0 ? 0 : COUNT));
        world_as_driver(&w, free_packets, NULL);
        world_close(&w);
    }
}

/* --- from where nothing may be indicated --- */

static VOID
indicating_isr(PBOOLEAN recognized, PBOOLEAN queue, NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->isrs);
    pndis_device_interrupt_clear(card.device);
    *recognized = TRUE;
    *queue = FALSE;
    NdisMEthIndicateReceiveComplete(nic->handle);
}

static void
own_isr(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ISRHandler = indicating_isr;
}

static void
an_indication_from_an_isr_is_a_violation(void **state)
{
    struct world w;

    (void)state;
    given(false);
    miniport51.edit = own_isr;
    running(&w, 1, NULL);
    world_expect_clean(&w);
    pndis_device_interrupt(card.device, 0);
    world_settle(&w);
    expect(&w, SEEN(nic_latest()->isrs) == 1);
    world_expect_violation_of(&w, "CALL_IRQL", "NdisMEthIndicateReceiveComplete", "");
    world_close(&w);
}

/* --- look-ahead --- */

static UINT lookahead;
static UINT bytes_of_frame;
static int context_of_frame;
static NDIS_STATUS transfer_status;
static unsigned transfers;
static unsigned wrong_transfers;

static void
indicate_lookahead(void *argument)
{
    (void)argument;
    NdisMEthIndicateReceive(nic_latest()->handle, &context_of_frame, frame, HEADER, frame + HEADER,
                            lookahead, bytes_of_frame - HEADER);
    NdisMEthIndicateReceiveComplete(nic_latest()->handle);
}

/* Into as many buffers as the packet has. */
static VOID
fill(NDIS_PACKET *packet, UINT offset, UINT bytes)
{
    NDIS_BUFFER *buffer;
    UINT total;

    NdisQueryPacket(packet, NULL, NULL, &buffer, &total);
    wrong_transfers += total < bytes;
    for (; buffer != NULL && bytes > 0; buffer = buffer->Next) {
        UINT part = NdisBufferLength(buffer) < bytes ? NdisBufferLength(buffer) : bytes;

        memcpy(NdisBufferVirtualAddress(buffer), frame + HEADER + offset, part);
        offset += part;
        bytes -= part;
    }
}

static NDIS_STATUS
checked_transfer(PNDIS_PACKET packet, PUINT transferred, NDIS_HANDLE context,
                 NDIS_HANDLE receive_context, UINT offset, UINT bytes)
{
    (void)context;
    transfers++;
    wrong_transfers += receive_context != &context_of_frame;
    wrong_transfers += offset + bytes > bytes_of_frame - HEADER;
    wrong_transfers += KeGetCurrentIrql() != DISPATCH_LEVEL;
    *transferred = 0;
    if (transfer_status == NDIS_STATUS_SUCCESS) {
        fill(packet, offset, bytes);
        *transferred = bytes;
    }
    return transfer_status;
}

static void
own_transfer(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->TransferDataHandler = checked_transfer;
}

static void
given_lookahead(bool serialized)
{
    given(serialized);
    miniport51.edit = own_transfer;
    transfer_status = NDIS_STATUS_SUCCESS;
    transfers = wrong_transfers = 0;
    bytes_of_frame = FRAME;
}

/* "ByteOffset": within the data, never the header; together not beyond PacketSize. */
static void
however_short_the_look_ahead_is_the_frame_arrives_whole(void **state)
{
    static const UINT lengths[] = {0, 1, 2, 13, 14, 46, 60, DATA / 2, DATA - 1};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(lengths); i++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            uint8_t got[FRAME + 1];
            struct world w;

            given_lookahead(seed % 2 != 0);
            lookahead = lengths[i];
            running(&w, seed, NULL);
            world_at_dispatch(&w, indicate_lookahead, NULL);
            world_settle(&w);
            expect(&w, transfers >= 1 && wrong_transfers == 0);
            expect(&w, pndis_client_take(w.client, got, sizeof(got)) == FRAME);
            expect(&w, memcmp(got, frame, FRAME) == 0);
            world_close(&w);
        }
    }
}

/* Each binding that wants the frame gets all of it. */
static void
of_a_short_look_ahead_every_binding_gets_the_whole_frame(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_client *second;
        uint8_t got[FRAME + 1];
        struct world w;

        given_lookahead(seed % 2 != 0);
        lookahead = 40;
        running(&w, seed, NULL);
        second = pndis_client_open(w.adapter, NULL);
        expect(&w, second != NULL);
        world_at_dispatch(&w, indicate_lookahead, NULL);
        world_settle(&w);
        expect(&w, wrong_transfers == 0);
        expect(&w, pndis_client_take(w.client, got, sizeof(got)) == FRAME);
        expect(&w, memcmp(got, frame, FRAME) == 0);
        expect(&w, pndis_client_take(second, got, sizeof(got)) == FRAME);
        expect(&w, memcmp(got, frame, FRAME) == 0);
        expect(&w, pndis_client_take(second, got, sizeof(got)) == 0);
        world_close(&w);
    }
}

static void
a_frame_of_nothing_but_its_header_arrives(void **state)
{
    uint8_t got[FRAME];
    struct world w;

    (void)state;
    given_lookahead(false);
    lookahead = 0;
    bytes_of_frame = HEADER;
    running(&w, 1, NULL);
    world_at_dispatch(&w, indicate_lookahead, NULL);
    world_settle(&w);
    expect(&w, transfers == 0);
    expect(&w, pndis_client_take(w.client, got, sizeof(got)) == HEADER);
    expect(&w, memcmp(got, frame, HEADER) == 0);
    world_close(&w);
}

/* "MiniportTransferData": NDIS_STATUS_FAILURE when the data could not be copied. */
static void
a_frame_whose_transfer_fails_does_not_arrive(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        uint8_t got[FRAME + 1];
        struct world w;

        given_lookahead(seed % 2 != 0);
        lookahead = 60;
        running(&w, seed, NULL);
        transfer_status = NDIS_STATUS_FAILURE;
        world_at_dispatch(&w, indicate_lookahead, NULL);
        world_settle(&w);
        expect(&w, transfers == 1 && world_counts(&w).received == 0);
        transfer_status = NDIS_STATUS_SUCCESS;
        world_at_dispatch(&w, indicate_lookahead, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).received == 1);
        expect(&w, pndis_client_take(w.client, got, sizeof(got)) == FRAME);
        world_close(&w);
    }
}

/* --- a driver without the entry point that its indications lead to --- */

static void
without_transfer(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->TransferDataHandler = NULL;
}

static void
a_look_ahead_that_is_short_needs_a_transfer_function(void **state)
{
    struct world w;

    (void)state;
    given_lookahead(false);
    miniport51.edit = without_transfer;
    lookahead = 60;
    running(&w, 1, NULL);
    world_at_dispatch(&w, indicate_lookahead, NULL);
    world_settle(&w);
    expect(&w, world_counts(&w).received == 0);
    world_expect_violation(&w, "N5_HANDLER");
    lookahead = DATA;
    world_at_dispatch(&w, indicate_lookahead, NULL);
    world_settle(&w);
    expect(&w, world_counts(&w).received == 1);
    world_close(&w);
}

/* NDIS calls MiniportTransferData for a protocol that wants the data. */
static void
of_a_frame_that_nobody_wants_nothing_is_transferred(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given_lookahead(seed % 2 != 0);
        lookahead = 60;
        running(&w, seed,
                &(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_DIRECTED});
        world_at_dispatch(&w, indicate_lookahead, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).received == 0 && transfers == 0);
        world_close(&w);
    }
}

/* --- lengths that cannot be --- */

static UINT header_bytes;
static UINT data_bytes;
static UINT packet_bytes;

static void
indicate_lengths(void *argument)
{
    (void)argument;
    NdisMEthIndicateReceive(nic_latest()->handle, nic_latest(), frame, header_bytes, frame + HEADER,
                            data_bytes, packet_bytes);
}

/* "NdisMEthIndicateReceive": a header of 14 bytes, and a look-ahead within the packet. */
static void
a_look_ahead_is_part_of_its_packet(void **state)
{
    static const struct {
        UINT header;
        UINT data;
        UINT packet;
    } impossible[] = {{HEADER, 80, 40}, {6, 60, 60}, {0, 0, 0}, {HEADER + 4, 60, 60}};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(impossible); i++) {
        struct world w;

        given_lookahead(false);
        running(&w, i, NULL);
        header_bytes = impossible[i].header;
        data_bytes = impossible[i].data;
        packet_bytes = impossible[i].packet;
        world_at_dispatch(&w, indicate_lengths, NULL);
        world_expect_violation(&w, "BUFFER_LENGTH");
        expect(&w, world_counts(&w).received == 0 && transfers == 0);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_both_kinds_go_up_together_and_in_order),
        cmocka_unit_test(the_status_says_to_a_serialized_miniport_whose_a_packet_is),
        cmocka_unit_test(a_packet_that_came_back_may_be_indicated_again),
        cmocka_unit_test(packets_that_nobody_wants_come_back),
        cmocka_unit_test(an_indication_from_an_isr_is_a_violation),
        cmocka_unit_test(however_short_the_look_ahead_is_the_frame_arrives_whole),
        cmocka_unit_test(of_a_short_look_ahead_every_binding_gets_the_whole_frame),
        cmocka_unit_test(a_frame_of_nothing_but_its_header_arrives),
        cmocka_unit_test(a_frame_whose_transfer_fails_does_not_arrive),
        cmocka_unit_test(a_look_ahead_that_is_short_needs_a_transfer_function),
        cmocka_unit_test(of_a_frame_that_nobody_wants_nothing_is_transferred),
        cmocka_unit_test(a_look_ahead_is_part_of_its_packet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
