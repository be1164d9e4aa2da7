/* Sending through NDIS 5 miniports: packets, their buffers, completion in every way there is. */
#include "miniport51.h"

#include "support/buffers.h"
#include "support/data_path.h"

enum { FRAME = 200 };

static uint8_t frame[FRAME];

struct kind {
    bool serialized;
    bool single;
    enum sending5 sending;
};

static const struct kind kinds[] = {
    {false, false, SEND5_DONE},   {false, false, SEND5_HOLD},  {false, true, SEND5_DONE},
    {false, true, SEND5_BY_CALL}, {false, true, SEND5_HOLD},   {true, false, SEND5_DONE},
    {true, false, SEND5_BY_CALL}, {true, false, SEND5_HOLD},   {true, false, SEND5_RESOURCES},
    {true, true, SEND5_DONE},     {true, true, SEND5_BY_CALL}, {true, true, SEND5_RESOURCES},
};

static void
given(struct world *w, const struct kind *kind, uint64_t seed)
{
    miniport51_reset();
    if (kind->serialized) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.single_send = kind->single;
    miniport51.sending = kind->sending;
    miniport51.room = 3;
    make_frame_bytes(frame, FRAME, 0x42);
    world5_running(w, seed);
}

static void
complete_one(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), 1, NDIS_STATUS_SUCCESS);
}

static void
each_kind_of_miniport_gets_and_completes_every_frame(void **state)
{
    enum { FRAMES = 8 };

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(kinds); i++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            const void *frames[FRAMES];
            size_t bytes[FRAMES];
            struct world w;

            given(&w, &kinds[i], seed);
            for (unsigned f = 0; f < FRAMES; f++) {
                frames[f] = frame;
                bytes[f] = FRAME;
            }
            expect(&w, pndis_client_send_chain(w.client, frames, bytes, FRAMES, NULL) == 0);
            world_settle(&w);
            for (unsigned f = 0; f < FRAMES && kinds[i].sending >= SEND5_HOLD; f++) {
                expect(&w, world_counts(&w).completed == f);
                world_as_driver(&w, complete_one, NULL);
                world_settle(&w);
            }
            expect(&w, world_counts(&w).completed_ok == FRAMES);
            expect(&w, SEEN(nic_latest()->sends) == FRAMES && nic_latest()->last_bytes == FRAME);
            expect(&w, memcmp(nic_latest()->last_frame, frame, FRAME) == 0);
            expect(&w, !SEEN(nic_latest()->wrong_level));
            expect(&w, !kinds[i].serialized || SEEN(nic_latest()->most_inside) <= 1);
            world_close(&w);
        }
    }
}

static void
a_failed_send_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(kinds); i++) {
        struct world w;

        if (kinds[i].sending >= SEND5_HOLD) {
            continue;
        }
        given(&w, &kinds[i], i);
        miniport51.send_status = NDIS_STATUS_FAILURE;
        expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        world_settle(&w);
        expect(&w, world_counts(&w).last_send_status == NDIS_STATUS_FAILURE);
        world_close(&w);
    }
}

static void
resources_available(void *argument)
{
    (void)argument;
    miniport51.room = 100;
    NdisMSendResourcesAvailable(nic_latest()->handle);
}

static void
what_a_serialized_miniport_cannot_take_waits_for_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        const struct kind kind = {true, seed % 2 != 0, SEND5_RESOURCES};
        struct world w;

        given(&w, &kind, seed);
        for (unsigned f = 0; f < 10; f++) {
            expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        }
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 3);
        world_as_driver(&w, resources_available, NULL);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 10);
        for (unsigned f = 0; f < 10; f++) {
            world_as_driver(&w, complete_one, NULL);
        }
        world_settle(&w);
        expect(&w, world_counts(&w).completed_ok == 10);
        world_close(&w);
    }
}

static void
a_pause_gives_back_what_waits_and_waits_for_the_rest(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        const struct kind kind = {true, false, SEND5_RESOURCES};
        struct world w;

        given(&w, &kind, seed);
        for (unsigned f = 0; f < 10; f++) {
            expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        }
        world_settle(&w);
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_PAUSE) == 0);
        expect_state(&w, "Pausing");
        expect(&w, world_counts(&w).completed == 7 && world_counts(&w).completed_ok == 0);
        for (unsigned f = 0; f < 3; f++) {
            world_as_driver(&w, complete_one, NULL);
        }
        expect(&w, pndis_adapter_wait(w.adapter, 0) == 0);
        expect_state(&w, "Paused");
        expect(&w, world_counts(&w).completed_ok == 3);
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_RESTART) == 0);
        world_close(&w);
    }
}

static void
sends_are_cancelled_by_their_identifier(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const struct kind kind = {true, false, SEND5_RESOURCES};
        const void *frames[1] = {frame};
        const size_t bytes[1] = {FRAME};
        int tag;
        struct world w;

        given(&w, &kind, seed);
        for (unsigned f = 0; f < 5; f++) {
            expect(&w, pndis_client_send_chain(w.client, frames, bytes, 1,
                                               f % 2 == 0 ? &tag : NULL) == 0);
        }
        world_settle(&w);
        expect(&w, pndis_client_cancel(w.client, &tag) == 0);
        expect(&w, SEEN(nic_latest()->cancels) == 1);
        expect(&w, world_counts(&w).last_send_status == NDIS_STATUS_REQUEST_ABORTED);
        for (unsigned f = 0; f < 5; f++) {
            world_as_driver(&w, complete_one, NULL);
        }
        world_settle(&w);
        expect(&w, world_counts(&w).completed == 5);
        world_close(&w);
    }
}

/* --- buffers: a packet's data are its buffers', whatever the NET_BUFFER looks like --- */

static void
check_buffers(struct world *w, MDL *chain, ULONG offset, ULONG bytes, UCHAR first, unsigned buffers)
{
    NDIS_HANDLE pool = list_pool(TRUE, 0, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, offset, bytes);
    struct nic *nic = nic_latest();

    list->SourceHandle = opening_latest()->handle;
    NdisSendNetBufferLists(list->SourceHandle, list, NDIS_DEFAULT_PORT_NUMBER, 0);
    expect(w, nic->last_bytes == bytes);
    for (ULONG i = 0; i < bytes; i++) {
        expect(w, nic->last_frame[i] == (UCHAR)(first + offset + i));
    }
    expect(w, nic->buffers == buffers);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
    mdl_chain_free(chain);
}

static void
try_buffers(void *argument)
{
    struct world *w = argument;

    check_buffers(w, MDLS(1, 100), 0, 100, 1, 1);
    check_buffers(w, MDLS(2, 100), 20, 80, 2, 1);
    check_buffers(w, MDLS(3, 100), 20, 60, 3, 1);
    check_buffers(w, MDLS(4, 100), 0, 60, 4, 1);
    check_buffers(w, MDLS(5, 40, 50, 60), 0, 150, 5, 3);
    check_buffers(w, MDLS(6, 40, 50, 60), 10, 140, 6, 3);
    check_buffers(w, MDLS(7, 40, 50, 60), 10, 100, 7, 3);
    check_buffers(w, MDLS(8, 40, 50, 60), 60, 70, 8, 2);
    check_buffers(w, MDLS(9, 40, 50, 60), 45, 30, 9, 1);
    check_buffers(w, MDLS(10, 1600, 100), 100, 1550, 10, 2);
}

static void
partial_mdls_stand_where_data_and_mdls_do_not_end_together(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        data_path_reset();
        data_path.keep_completed = true;
        miniport51_reset();
        world5_open(&w, seed);
        world_load_protocol(&w);
        world5_add(&w);
        expect_state(&w, "Running");
        world_as_driver(&w, try_buffers, &w);
        world_close(&w);
    }
}

/* --- scatter/gather --- */

static SCATTER_GATHER_LIST last_list;
static UCHAR first_byte;

static void
look_at_list(struct nic *nic, NDIS_PACKET *packet)
{
    SCATTER_GATHER_LIST *list =
        NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo);

    (void)nic;
    if (list != NULL) {
        const UCHAR *memory = pndis_device_memory(
            card.device, (uint64_t)list->Elements[0].Address.QuadPart, list->Elements[0].Length);

        last_list.NumberOfElements = list->NumberOfElements;
        last_list.Reserved = list->Elements[0].Length;
        first_byte = memory == NULL ? 0 : memory[14];
    }
}

static void
packets_come_with_their_scatter_gather_list(void **state)
{
    struct world w;

    (void)state;
    miniport51_reset();
    memset(&last_list, 0, sizeof(last_list));
    miniport51.scatter_gather = true;
    miniport51.acquire &= ~(1u << ACQUIRE_MAP_REGISTERS | 1u << ACQUIRE_BUFFER_MAPPING);
    miniport51.on_send = look_at_list;
    make_frame_bytes(frame, FRAME, 0x42);
    world5_running(&w, 1);
    expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
    world_settle(&w);
    expect(&w, last_list.NumberOfElements == 1 && last_list.Reserved == FRAME);
    expect(&w, first_byte == 0x42);
    world_close(&w);
}

/* --- what a driver may not do --- */

static NDIS_PACKET *kept;

static void
keep(struct nic *nic, NDIS_PACKET *packet)
{
    (void)nic;
    kept = packet;
}

static void
complete_kept(void *argument)
{
    (void)argument;
    NdisMSendComplete(nic_latest()->handle, kept, NDIS_STATUS_SUCCESS);
}

static void
a_packet_is_completed_once(void **state)
{
    const struct kind kind = {false, false, SEND5_DONE};
    struct world w;

    (void)state;
    given(&w, &kind, 1);
    miniport51.on_send = keep;
    expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
    world_settle(&w);
    world_as_driver(&w, complete_kept, NULL);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

static void
complete_and_answer(struct nic *nic, NDIS_PACKET *packet)
{
    NdisMSendComplete(nic->handle, packet, NDIS_STATUS_SUCCESS);
}

static void
a_packet_is_completed_by_a_call_or_by_its_status(void **state)
{
    const struct kind kind = {true, true, SEND5_DONE};
    struct world w;

    (void)state;
    given(&w, &kind, 1);
    miniport51.on_send = complete_and_answer;
    expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
    world_settle(&w);
    world_expect_violation(&w, "N5_SEND_COMPLETE");
    expect(&w, world_counts(&w).completed == 1);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_miniport_gets_and_completes_every_frame),
        cmocka_unit_test(a_failed_send_is_told),
        cmocka_unit_test(what_a_serialized_miniport_cannot_take_waits_for_it),
        cmocka_unit_test(a_pause_gives_back_what_waits_and_waits_for_the_rest),
        cmocka_unit_test(sends_are_cancelled_by_their_identifier),
        cmocka_unit_test(partial_mdls_stand_where_data_and_mdls_do_not_end_together),
        cmocka_unit_test(packets_come_with_their_scatter_gather_list),
        cmocka_unit_test(a_packet_is_completed_once),
        cmocka_unit_test(a_packet_is_completed_by_a_call_or_by_its_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
