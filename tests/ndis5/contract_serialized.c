/*
 * What NDIS does for a serialized miniport ("Serialized NDIS Miniport Drivers"): of all of its
 * functions but MiniportISR no two run at a time, whoever has something for it, and none is entered
 * again by what it calls.
 */
#include "miniport51.h"
#include "miniport51_parts.h"

#include "support/data_path.h"

enum { FRAME = 100, MANY = 12, ROUNDS = 8 };

static uint8_t frame[FRAME];

static W_QUERY_INFORMATION_HANDLER query_information;
static W_SET_INFORMATION_HANDLER set_information;
static W_RESET_HANDLER reset_handler;
static W_CHECK_FOR_HANG_HANDLER check_for_hang;
static W_CANCEL_SEND_PACKETS_HANDLER cancel;
static W_TRANSFER_DATA_HANDLER transfer_data;

/* Inside every function the driver calls NT, where another processor may be let run. */
static void
dawdle(void)
{
    LARGE_INTEGER now;

    KeQuerySystemTime(&now);
    KeStallExecutionProcessor(1);
}

static NDIS_STATUS
query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written, PULONG needed)
{
    NDIS_STATUS status;

    nic_enter(context);
    dawdle();
    status = query_information(context, oid, buffer, bytes, written, needed);
    nic_leave(context);
    return status;
}

static NDIS_STATUS
set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    NDIS_STATUS status;

    nic_enter(context);
    dawdle();
    status = set_information(context, oid, buffer, bytes, read, needed);
    nic_leave(context);
    return status;
}

static NDIS_STATUS
reset(PBOOLEAN addressing, NDIS_HANDLE context)
{
    NDIS_STATUS status;

    nic_enter(context);
    dawdle();
    status = reset_handler(addressing, context);
    nic_leave(context);
    return status;
}

static BOOLEAN
check(NDIS_HANDLE context)
{
    BOOLEAN hung;

    nic_enter(context);
    dawdle();
    hung = check_for_hang(context);
    nic_leave(context);
    return hung;
}

static VOID
cancel_sends(NDIS_HANDLE context, PVOID id)
{
    nic_enter(context);
    dawdle();
    cancel(context, id);
    nic_leave(context);
}

static NDIS_STATUS
transfer(PNDIS_PACKET packet, PUINT transferred, NDIS_HANDLE context, NDIS_HANDLE receive_context,
         UINT offset, UINT bytes)
{
    NDIS_STATUS status;

    dawdle(); /* It runs inside the function that indicates. */
    status = transfer_data(packet, transferred, context, receive_context, offset, bytes);
    return status;
}

static void
own_functions(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = query;
    set_information = calls->SetInformationHandler;
    calls->SetInformationHandler = set;
    reset_handler = calls->ResetHandler;
    calls->ResetHandler = reset;
    check_for_hang = calls->CheckForHangHandler;
    calls->CheckForHangHandler = check;
    cancel = calls->CancelSendPacketsHandler;
    calls->CancelSendPacketsHandler = cancel_sends;
    transfer_data = calls->TransferDataHandler;
    calls->TransferDataHandler = transfer;
}

static void
given(bool single)
{
    miniport51_reset();
    miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    miniport51.single_send = single;
    miniport51.edit = own_functions;
    make_frame_bytes(frame, FRAME, 5);
}

/* --- everything at once --- */

static void
work_in_dpc(struct nic *nic)
{
    dawdle();
    nic_indicate(nic, frame, FRAME, 2, NDIS_STATUS_SUCCESS);
    nic_complete(nic, 3, NDIS_STATUS_SUCCESS);
}

static bool timer_ends;

static void
work_in_timer(struct nic *nic)
{
    dawdle();
    nic_indicate(nic, frame, FRAME, 1, NDIS_STATUS_RESOURCES);
    nic_complete(nic, 1, NDIS_STATUS_SUCCESS);
    if (!SEEN(timer_ends)) {
        NdisMSetTimer(&nic->timer, 1);
    }
}

static void
dawdle_in_send(struct nic *nic, NDIS_PACKET *packet)
{
    (void)nic;
    (void)packet;
    dawdle();
}

static void
start_timers(void *argument)
{
    struct nic *nic = nic_latest();

    (void)argument;
    NdisMSetTimer(&nic->timer, 0);
    NdisMSetPeriodicTimer(&nic->periodic, 1);
}

static void
complete_all(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static void
one_round(struct world *w, unsigned round)
{
    const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, (uint8_t)round};
    uint32_t value;

    for (unsigned i = 0; i < 5; i++) {
        pndis_client_send(w->client, frame, FRAME);
    }
    pndis_device_interrupt(card.device, 0);
    pndis_client_query(w->client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL, NULL);
    pndis_device_interrupt(card.device, 0);
    pndis_client_set(w->client, OID_802_3_MULTICAST_LIST, group, sizeof(group), NULL);
    pndis_client_return(w->client, 3);
    pndis_client_cancel(w->client, w);
    if (round % 4 == 3) {
        expect(w, pndis_adapter_reset(w->adapter) == 0);
    }
    pndis_machine_run(w->machine, 1500000);
}

static void
of_all_its_functions_no_two_run_at_a_time(void **state)
{
    unsigned timers = 0;
    unsigned dpcs = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct world w;

        given(seed % 2 != 0);
        miniport51.sending = SEND5_RESOURCES;
        miniport51.room = 4;
        miniport51.reset = (enum when)(seed % WHEN_COUNT);
        miniport51.addressing_reset = TRUE;
        miniport51.on_dpc = work_in_dpc;
        miniport51.on_timer = work_in_timer;
        timer_ends = false;
        miniport51.on_send = dawdle_in_send;
        world5_running(&w, seed);
        pndis_client_hold(w.client, seed % 4 < 2);
        world_as_driver(&w, start_timers, NULL);
        for (unsigned round = 0; round < ROUNDS; round++) {
            one_round(&w, round);
        }
        __atomic_store_n(&timer_ends, true, __ATOMIC_SEQ_CST);
        world_settle(&w);
        pndis_client_return(w.client, SIZE_MAX);
        for (unsigned i = 0; i < 5 * ROUNDS; i++) {
            world_at_dispatch(&w, complete_all, NULL);
        }
        world_settle(&w);
        expect(&w, world_counts(&w).completed == world_counts(&w).sent);
        expect(&w, SEEN(nic_latest()->most_inside) == 1 && !SEEN(nic_latest()->wrong_level));
        timers += SEEN(nic_latest()->timers) + SEEN(nic_latest()->periodics);
        dpcs += SEEN(nic_latest()->dpcs);
        world_close(&w);
    }
    assert_true(timers > 0 && dpcs > 0);
}

/* --- calls up from inside --- */

static unsigned indicated;

static void
indicate_in_send(struct nic *nic, NDIS_PACKET *packet)
{
    (void)packet;
    if (indicated < MANY) {
        indicated++;
        nic_indicate(nic, frame, FRAME, 1, NDIS_STATUS_SUCCESS);
    }
}

static void
answer_each(struct pndis_client *client, const struct pndis_received *received, void *user)
{
    (void)received;
    (void)user;
    pndis_client_send(client, frame, FRAME);
}

/* A frame that MiniportSend indicates is answered with the next send. */
static void
what_it_indicates_in_a_send_does_not_enter_it_again(void **state)
{
    static const struct pndis_client_events events = {.on_receive = answer_each};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed % 2 != 0);
        miniport51.on_send = indicate_in_send;
        indicated = 0;
        world5_open(&w, seed);
        world5_add(&w);
        w.client = pndis_client_open(w.adapter, &(struct pndis_client_options){.events = &events});
        expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == MANY + 1 && world_counts(&w).received == MANY);
        expect(&w, SEEN(nic_latest()->most_inside) == 1);
        world_close(&w);
    }
}

static NDIS_STATUS
query_that_calls_up(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
                    PULONG needed)
{
    struct nic *nic = context;
    NDIS_STATUS status;

    nic_enter(nic);
    if (oid == OID_GEN_VENDOR_ID) {
        nic_complete(nic, ~0u, NDIS_STATUS_SUCCESS);
        nic_indicate(nic, frame, FRAME, 1, NDIS_STATUS_SUCCESS);
        NdisMIndicateStatus(nic->handle, NDIS_STATUS_MEDIA_DISCONNECT, NULL, 0);
        NdisMIndicateStatusComplete(nic->handle);
    }
    status = query_information(context, oid, buffer, bytes, written, needed);
    nic_leave(nic);
    return status;
}

static void
own_query(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = query_that_calls_up;
}

/* Completions, packets and status of MiniportQueryInformation reach their bindings. */
static void
what_it_says_up_in_a_request_arrives_and_does_not_enter_it(void **state)
{
    static const struct pndis_client_events events = {.on_receive = answer_each};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        uint32_t value = 0;
        struct world w;

        given(seed % 2 != 0);
        miniport51.edit = own_query;
        miniport51.sending = SEND5_HOLD;
        world5_open(&w, seed);
        world5_add(&w);
        w.client = pndis_client_open(w.adapter, &(struct pndis_client_options){.events = &events});
        for (unsigned i = 0; i < 4; i++) {
            expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        }
        world_settle(&w);
        expect(&w, pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL,
                                      NULL) == 0);
        world_settle(&w);
        expect(&w, value == 0x515151 && world_counts(&w).completed_ok == 4);
        expect(&w, world_counts(&w).received == 1 && world_counts(&w).statuses == 1);
        expect(&w, SEEN(nic_latest()->sends) == 5 && SEEN(nic_latest()->most_inside) == 1);
        world_at_dispatch(&w, complete_all, NULL);
        world_close(&w);
    }
}

/* --- OID_GEN_MAXIMUM_SEND_PACKETS --- */

static ULONG most_packets;
static UINT longest_array;
static W_SEND_PACKETS_HANDLER send_packets;

static NDIS_STATUS
say_most_packets(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
                 PULONG needed)
{
    if (oid != OID_GEN_MAXIMUM_SEND_PACKETS) {
        return query_information(context, oid, buffer, bytes, written, needed);
    }
    memcpy(buffer, &most_packets, sizeof(ULONG));
    *written = sizeof(ULONG);
    return NDIS_STATUS_SUCCESS;
}

static VOID
note_array(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count)
{
    longest_array = count > longest_array ? count : longest_array;
    send_packets(context, packets, count);
}

static void
own_arrays(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = say_most_packets;
    send_packets = calls->SendPacketsHandler;
    calls->SendPacketsHandler = note_array;
}

/* "The maximum number of packet descriptors that MiniportSendPackets can accept." */
static void
its_send_arrays_are_no_longer_than_it_says(void **state)
{
    static const ULONG limits[] = {1, 2, 5, MANY};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(limits); i++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            const void *frames[MANY];
            size_t bytes[MANY];
            struct world w;

            given(false);
            miniport51.edit = own_arrays;
            most_packets = limits[i];
            longest_array = 0;
            world5_running(&w, seed);
            for (unsigned f = 0; f < MANY; f++) {
                frames[f] = frame;
                bytes[f] = FRAME;
            }
            expect(&w, pndis_client_send_chain(w.client, frames, bytes, MANY, NULL) == 0);
            world_settle(&w);
            expect(&w, world_counts(&w).completed_ok == MANY && longest_array > 0);
            expect(&w, longest_array <= most_packets);
            world_close(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_all_its_functions_no_two_run_at_a_time),
        cmocka_unit_test(what_it_indicates_in_a_send_does_not_enter_it_again),
        cmocka_unit_test(what_it_says_up_in_a_request_arrives_and_does_not_enter_it),
        cmocka_unit_test(its_send_arrays_are_no_longer_than_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
