/* Receiving from NDIS 5 miniports: packets that come back in every way, and look-ahead receives. */
#include "miniport51.h"

enum { FRAME = 300, COUNT = 8 };

static uint8_t frame[FRAME];
static NDIS_STATUS packet_status;
static bool indicated_all;

static void
given(struct world *w, bool serialized, bool hold, uint64_t seed)
{
    miniport51_reset();
    if (serialized) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    packet_status = NDIS_STATUS_SUCCESS;
    for (unsigned i = 0; i < FRAME; i++) {
        frame[i] = (uint8_t)i;
    }
    memset(frame, 0xff, 6);
    world5_open(w, seed);
    world5_add(w);
    w->client =
        pndis_client_open(w->adapter, &(struct pndis_client_options){.hold_receives = hold});
    expect(w, w->client != NULL);
    expect_state(w, "Running");
}

static void
indicate(void *argument)
{
    (void)argument;
    indicated_all = nic_indicate(nic_latest(), frame, FRAME, COUNT, packet_status);
}

static void
packets_go_up_whole_and_come_back(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        bool serialized = seed % 2 != 0;
        uint8_t got[FRAME + 1];
        struct world w;

        given(&w, serialized, false, seed);
        world_as_driver(&w, indicate, NULL);
        world_settle(&w);
        expect(&w, indicated_all && world_counts(&w).received == COUNT);
        expect(&w, pndis_client_take(w.client, got, sizeof(got)) == FRAME);
        expect(&w, memcmp(got, frame, FRAME) == 0);
        /* A serialized miniport reads in their status that they are back. */
        expect(&w, SEEN(nic_latest()->returns) == (serialized ? 0 : COUNT));
        expect(&w, !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
packets_that_are_kept_come_back_later(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given(&w, seed % 2 != 0, true, seed);
        world_as_driver(&w, indicate, NULL);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->returns) == 0 && world_counts(&w).held == COUNT);
        expect(&w, pndis_client_return(w.client, 3) == 3);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->returns) == 3);
        expect(&w, pndis_client_return(w.client, SIZE_MAX) == COUNT - 3);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->returns) == COUNT && SEEN(nic_latest()->most_inside) <= 1);
        world_close(&w);
    }
}

static void
with_resources_a_packet_is_the_drivers_again(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed % 2 != 0, seed % 4 < 2, seed);
        packet_status = NDIS_STATUS_RESOURCES;
        world_as_driver(&w, indicate, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).received == COUNT && world_counts(&w).held == 0);
        expect(&w, SEEN(nic_latest()->returns) == 0);
        world_close(&w);
    }
}

static void
while_paused_packets_come_back_at_once(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        bool serialized = seed % 2 != 0;
        struct world w;

        given(&w, serialized, true, seed);
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        world_as_driver(&w, indicate, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).received == 0);
        expect(&w, SEEN(nic_latest()->returns) == (serialized ? 0 : COUNT));
        expect(&w, pndis_adapter_restart(w.adapter) == 0);
        world_as_driver(&w, indicate, NULL);
        expect(&w, world_counts(&w).received == COUNT);
        pndis_client_return(w.client, SIZE_MAX);
        world_close(&w);
    }
}

/* --- look-ahead --- */

static UINT lookahead;

static void
indicate_lookahead(void *argument)
{
    (void)argument;
    nic_indicate_lookahead(nic_latest(), frame, FRAME, lookahead);
}

static void
complete_transfer(void *argument)
{
    (void)argument;
    nic_complete_transfer(nic_latest());
}

static void
complete_transfer_again(void *argument)
{
    struct nic *nic = nic_latest();

    (void)argument;
    NdisMTransferDataComplete(nic->handle, nic->transfer_packet, NDIS_STATUS_SUCCESS, 0);
}

static void
a_lookahead_that_is_everything_goes_up_as_it_is(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(30); seed++) {
        uint8_t got[FRAME + 1];
        struct world w;

        given(&w, seed % 2 != 0, seed % 4 < 2, seed);
        lookahead = FRAME - 14;
        world_as_driver(&w, indicate_lookahead, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).held == 0 && SEEN(nic_latest()->transfers) == 0);
        expect(&w, pndis_client_take(w.client, got, sizeof(got)) == FRAME);
        expect(&w, memcmp(got, frame, FRAME) == 0);
        world_close(&w);
    }
}

static void
the_rest_of_a_longer_one_is_transferred(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        uint8_t got[FRAME + 1];
        struct world w;

        given(&w, seed % 2 != 0, false, seed);
        miniport51.pend_transfer = seed % 3 == 0;
        lookahead = 40;
        world_as_driver(&w, indicate_lookahead, NULL);
        expect(&w, SEEN(nic_latest()->transfers) == 1);
        if (miniport51.pend_transfer) {
            expect(&w, world_counts(&w).received == 0);
            world_as_driver(&w, complete_transfer, NULL);
        }
        world_settle(&w);
        expect(&w, pndis_client_take(w.client, got, sizeof(got)) == FRAME);
        expect(&w, memcmp(got, frame, FRAME) == 0);
        expect(&w, !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
a_transfer_that_pends_delays_a_pause(void **state)
{
    struct world w;

    (void)state;
    given(&w, false, false, 1);
    miniport51.pend_transfer = true;
    lookahead = 40;
    world_as_driver(&w, indicate_lookahead, NULL);
    expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(&w, "Pausing");
    world_as_driver(&w, complete_transfer, NULL);
    expect(&w, pndis_adapter_wait(w.adapter, 0) == 0);
    expect_state(&w, "Paused");
    expect(&w, world_counts(&w).received == 0);
    world_as_driver(&w, complete_transfer_again, NULL);
    world_expect_violation(&w, "PACKET_STATE");
    expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_RESTART) == 0);
    world_close(&w);
}

/* --- what a driver may not do --- */

static void
break_rules_of_packets(void *argument)
{
    struct world *w = argument;
    struct nic *nic = nic_latest();
    NDIS_PACKET *packet = nic->packet;
    NDIS_STATUS status;
    NDIS_HANDLE pool;

    NdisMIndicateReceivePacket(nic->handle, &packet, 1); /* It has no buffers. */
    expect(w, pndis_violation_of(w->machine, "PACKET_STATE") != NULL);
    pndis_violations_clear(w->machine);

    NdisChainBufferAtFront(packet, nic->buffer);
    NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_SUCCESS);
    NdisMIndicateReceivePacket(nic->handle, &packet, 1);
    NdisFreePacket(packet); /* The client has it. */
    expect(w, pndis_violation_of(w->machine, "PACKET_STATE") != NULL);
    pndis_violations_clear(w->machine);
    NdisMIndicateReceivePacket(nic->handle, &packet, 1);
    expect(w, pndis_violation_of(w->machine, "PACKET_STATE") != NULL);
    pndis_violations_clear(w->machine);

    NdisAllocatePacketPool(&status, &pool, 1, 0);
    NdisAllocatePacket(&status, &packet, pool);
    NdisFreePacketPool(pool);
    expect(w, pndis_violation_of(w->machine, "PACKET_POOL_FREE") != NULL);
    NdisFreePacket(packet);
    pndis_violations_clear(w->machine);
    NdisFreePacket(packet);
    expect(w, pndis_violation_of(w->machine, "OBJECT_HANDLE") != NULL);
    pndis_violations_clear(w->machine);
}

static void
take_back(NDIS_HANDLE context, PNDIS_PACKET packet)
{
    NDIS_BUFFER *buffer;

    saw(&((struct nic *)context)->returns);
    NdisUnchainBufferAtFront(packet, &buffer);
}

static void
own_return(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ReturnPacketHandler = take_back;
}

static void
packets_are_freed_and_indicated_by_whoever_has_them(void **state)
{
    struct world w;

    (void)state;
    given(&w, false, false, 0);
    world_close(&w);
    miniport51_reset();
    miniport51.edit = own_return;
    world5_open(&w, 1);
    world5_add(&w);
    w.client = pndis_client_open(
        w.adapter, &(struct pndis_client_options){.hold_receives = true, .packet_filter = 0x20});
    world_as_driver(&w, break_rules_of_packets, &w);
    pndis_client_return(w.client, SIZE_MAX);
    expect(&w, SEEN(nic_latest()->returns) == 1);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_go_up_whole_and_come_back),
        cmocka_unit_test(packets_that_are_kept_come_back_later),
        cmocka_unit_test(with_resources_a_packet_is_the_drivers_again),
        cmocka_unit_test(while_paused_packets_come_back_at_once),
        cmocka_unit_test(a_lookahead_that_is_everything_goes_up_as_it_is),
        cmocka_unit_test(the_rest_of_a_longer_one_is_transferred),
        cmocka_unit_test(a_transfer_that_pends_delays_a_pause),
        cmocka_unit_test(packets_are_freed_and_indicated_by_whoever_has_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
