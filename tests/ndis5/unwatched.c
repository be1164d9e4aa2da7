/*
 * Sends while nobody looks after the drivers: plain ones have a path of their own then (their
 * completion only where no scheduler wants a say: on live), and others go beside them.
 */
#include "miniport51.h"

#include "support/buffers.h"
#include "support/data_path.h"

enum { CHAIN = 40, ROUNDS = 4 };

static const enum sending5 answers[] = {SEND5_DONE, SEND5_BY_CALL, SEND5_HOLD};

/* The lists that are sent again and again. */
static NDIS_HANDLE pool;
static NET_BUFFER_LIST *lists[CHAIN];

/* Some of them begin inside their MDL, some have two: those are not plain. */
static bool mixed;

static ULONG
offset_of(unsigned i)
{
    return mixed && i % 3 == 1 ? 20 : 0;
}

static void
make_lists(void *argument)
{
    (void)argument;
    pool = list_pool(TRUE, 0, 0);
    for (unsigned i = 0; i < CHAIN; i++) {
        MDL *mdls = mixed && i % 3 == 2 ? MDLS((UCHAR)i, 60, 60) : MDLS((UCHAR)i, 100);

        lists[i] = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, mdls, offset_of(i),
                                                         mdl_chain_bytes(mdls) - offset_of(i));
        lists[i]->SourceHandle = opening_latest()->handle;
    }
}

static void
free_lists(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < CHAIN; i++) {
        list_free_with_chain(lists[i]);
    }
    NdisFreeNetBufferListPool(pool);
}

static void
given(struct world *w, enum sending5 sending, uint64_t seed)
{
    data_path_reset();
    data_path.keep_completed = true;
    miniport51_reset();
    miniport51.sending = sending;
    world_open_with(w, &(struct pndis_machine_options){.seed = seed, .without_ledger = true});
    w->driver = pndis_driver_load(
        w->machine, NULL,
        &(struct pndis_driver_options){.name = "legacy", .entry = miniport51_entry});
    expect(w, w->driver != NULL);
    world_load_protocol(w);
    world5_add(w);
    expect_state(w, "Running");
    world_as_driver(w, make_lists, NULL);
}

static void
done(struct world *w)
{
    world_as_driver(w, free_lists, NULL);
    world_close(w);
}

static void
send_chain(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < CHAIN; i++) {
        NET_BUFFER_LIST_NEXT_NBL(lists[i]) = i + 1 < CHAIN ? lists[i + 1] : NULL;
    }
    NdisSendNetBufferLists(opening_latest()->handle, lists[0], NDIS_DEFAULT_PORT_NUMBER, 0);
}

static void
complete_some(struct nic *nic)
{
    nic_complete(nic, CHAIN / 4, NDIS_STATUS_SUCCESS);
}

static void
complete_rest(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

/* In the call, from a DPC, and from elsewhere. */
static void
frames_go_and_come_back(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(30); seed++) {
        struct world w;

        given(&w, answers[seed % RTL_NUMBER_OF(answers)], seed);
        miniport51.on_dpc = complete_some;
        for (unsigned i = 1; i <= ROUNDS; i++) {
            world_at_dispatch(&w, send_chain, NULL);
            pndis_device_interrupt(card.device, 0);
            world_settle(&w);
            world_at_dispatch(&w, complete_rest, NULL);
            expect(&w, data_path.completed.lists == (2 * i - 1) * CHAIN);
            world_as_driver(&w, send_chain, NULL);
            world_as_driver(&w, complete_rest, NULL);
            expect(&w, data_path.completed.lists == 2 * i * CHAIN);
        }
        expect(&w, SEEN(nic_latest()->sends) == 2 * ROUNDS * CHAIN);
        expect(&w, nic_latest()->last_bytes > 0 && nic_latest()->buffers == 1);
        expect(&w, !data_path.completed.flag_wrong);
        done(&w);
    }
}

/* --- what the driver finds in a packet that others have had before it --- */

static unsigned soiled;

static void
look_and_scribble(struct nic *nic, NDIS_PACKET *packet)
{
    const NDIS_PACKET_OOB_DATA *oob = NDIS_OOB_DATA_FROM_PACKET(packet);
    PVOID *information = NDIS_PACKET_EXTENSION_FROM_PACKET(packet)->NdisPacketInfo;
    const void *list = NDIS_PER_PACKET_INFO_FROM_PACKET(packet, OriginalNetBufferList);

    (void)nic;
    for (unsigned i = 0; i < MaxPerPacketInfo; i++) {
        soiled += i != OriginalNetBufferList && information[i] != NULL;
    }
    for (unsigned i = 0; i < sizeof(packet->MacReserved); i++) {
        soiled += packet->MacReserved[i] != 0;
    }
    soiled += oob->TimeToSend != 0 || oob->TimeReceived != 0 || oob->HeaderSize != 0 ||
              oob->SizeMediaSpecificInfo != 0 || oob->MediaSpecificInformation != NULL ||
              oob->Status != NDIS_STATUS_PENDING || list == NULL;
    soiled += packet->Private.Flags != 0 || packet->Private.Pool != NULL ||
              packet->Private.Tail != packet->Private.Head ||
              packet->Private.PhysicalCount != NDIS_BUFFER_TO_SPAN_PAGES(packet->Private.Head);
    memset(packet->MacReserved, 0x5a, sizeof(packet->MacReserved));
    memset(information, 0x5a, sizeof(NDIS_PACKET_EXTENSION));
    NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_FAILURE);
    NDIS_SET_PACKET_HEADER_SIZE(packet, 14);
    NDIS_SET_PACKET_TIME_SENT(packet, 1);
    packet->Private.Flags = ~0u;
}

static void
a_packet_that_is_used_again_is_as_new(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(answers); i++) {
        struct world w;

        soiled = 0;
        given(&w, answers[i], i);
        miniport51.on_send = look_and_scribble;
        for (unsigned round = 0; round < ROUNDS; round++) {
            world_at_dispatch(&w, send_chain, NULL);
            world_at_dispatch(&w, complete_rest, NULL);
        }
        expect(&w, data_path.completed.lists == ROUNDS * CHAIN && soiled == 0);
        done(&w);
    }
}

/* --- plain and others --- */

static UCHAR seen[CHAIN];
static unsigned seen_count;

static void
note_first_byte(struct nic *nic, NDIS_PACKET *packet)
{
    (void)packet;
    seen[seen_count++ % CHAIN] = nic->last_frame[0];
}

static void
plain_and_other_sends_keep_their_order(void **state)
{
    (void)state;
    mixed = true;
    for (unsigned i = 0; i < RTL_NUMBER_OF(answers); i++) {
        struct world w;

        given(&w, answers[i], i);
        miniport51.on_send = note_first_byte;
        for (unsigned round = 0; round < ROUNDS; round++) {
            data_path.completed.lists = seen_count = 0;
            world_at_dispatch(&w, send_chain, NULL);
            world_at_dispatch(&w, complete_rest, NULL);
            expect(&w, data_path.completed.lists == CHAIN && seen_count == CHAIN);
            for (unsigned f = 0; f < CHAIN; f++) {
                expect(&w, seen[f] == f + offset_of(f));
                expect(&w, data_path.completed.list[f] == lists[f]);
            }
        }
        done(&w);
    }
    mixed = false;
}

/* --- status --- */

static void
every_send_has_its_status(void **state)
{
    struct world w;

    (void)state;
    given(&w, SEND5_BY_CALL, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        miniport51.send_status = round % 2 == 0 ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
        data_path.completed.lists = 0;
        world_at_dispatch(&w, send_chain, NULL);
        for (unsigned i = 0; i < CHAIN; i++) {
            expect(&w, data_path.completed.status[i] == miniport51.send_status);
        }
    }
    done(&w);
}

static void
complete_again(struct nic *nic, NDIS_PACKET *packet)
{
    NdisMSendComplete(nic->handle, packet, NDIS_STATUS_SUCCESS);
}

static void
a_second_completion_is_seen(void **state)
{
    struct world w;

    (void)state;
    given(&w, SEND5_BY_CALL, 1);
    world_at_dispatch(&w, send_chain, NULL);
    world_expect_clean(&w);
    miniport51.on_send = complete_again;
    world_at_dispatch(&w, send_chain, NULL);
    world_expect_violation(&w, "N5_SEND_COMPLETE");
    expect(&w, data_path.completed.lists == 2 * CHAIN);
    done(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_go_and_come_back),
        cmocka_unit_test(a_packet_that_is_used_again_is_as_new),
        cmocka_unit_test(plain_and_other_sends_keep_their_order),
        cmocka_unit_test(every_send_has_its_status),
        cmocka_unit_test(a_second_completion_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
