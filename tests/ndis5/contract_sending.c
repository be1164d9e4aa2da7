/*
 * The contract of a send ("MiniportSendPackets", "Sending Packets (NDIS 5.1)"): whose a packet is
 * and until when, in which order packets come, and what of a serialized miniport's answer counts.
 */
#include "miniport51.h"

#include "support/data_path.h"

enum { FRAME = 100, FRAMES = 12 };

static uint8_t frame[FRAME];
static UCHAR order[64];
static unsigned ordered;

static void
given(bool serialized, bool single)
{
    miniport51_reset();
    if (serialized) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.single_send = single;
    ordered = 0;
}

/* Each frame says which one it is. */
static void
send_numbered(struct world *w, unsigned count)
{
    const void *frames[FRAMES];
    size_t bytes[FRAMES];
    uint8_t each[FRAMES][FRAME];

    for (unsigned i = 0; i < count; i++) {
        make_frame_bytes(each[i], FRAME, (uint8_t)(i + 1));
        frames[i] = each[i];
        bytes[i] = FRAME;
    }
    expect(w, pndis_client_send_chain(w->client, frames, bytes, count, NULL) == 0);
}

static void
note_order(struct nic *nic, NDIS_PACKET *packet)
{
    (void)packet;
    order[ordered++ % sizeof(order)] = nic->last_frame[FRAME - 1];
}

static void
expect_in_order(struct world *w)
{
    expect(w, ordered == FRAMES);
    for (unsigned i = 0; i < FRAMES; i++) {
        expect(w, order[i] == i + 1);
    }
}

static void
complete_one(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), 1, NDIS_STATUS_SUCCESS);
}

/* "NDIS queues incoming send requests in FIFO order" (NdisMSendResourcesAvailable). */
static void
packets_that_were_refused_for_resources_come_again_in_their_order(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given(true, seed % 2 != 0);
        miniport51.sending = SEND5_RESOURCES;
        miniport51.room = 1 + seed % 5;
        miniport51.on_send = note_order;
        world5_running(&w, seed);
        send_numbered(&w, FRAMES);
        for (unsigned i = 0; i < FRAMES; i++) {
            world_settle(&w);
            world_at_dispatch(&w, complete_one, NULL);
        }
        world_settle(&w);
        expect_in_order(&w);
        expect(&w, world_counts(&w).completed_ok == FRAMES);
        world_close(&w);
    }
}

/* --- NDIS_STATUS_RESOURCES of one packet of an array --- */

static bool refused;
static UINT first_array;
static unsigned calls_after_refusal;

/* The first array's second packet is refused, and of those behind it nothing is said. */
static VOID
refuse_second(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count)
{
    struct nic *nic = context;

    if (refused) {
        calls_after_refusal++;
    }
    for (UINT i = 0; i < count; i++) {
        NDIS_BUFFER *buffer;
        UINT bytes;

        if (!refused && count > 2 && i == 1) {
            refused = true;
            first_array = count;
            NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_RESOURCES);
            return;
        }
        NdisQueryPacket(packets[i], NULL, NULL, &buffer, &bytes);
        order[ordered++ % sizeof(order)] =
            ((UCHAR *)NdisBufferVirtualAddress(buffer))[NdisBufferLength(buffer) - 1];
        NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_SUCCESS);
        saw(&nic->sends);
    }
}

static void
own_refusal(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->SendPacketsHandler = refuse_second;
}

static void
resources_available(void *argument)
{
    (void)argument;
    NdisMSendResourcesAvailable(nic_latest()->handle);
}

/* "NDIS assumes that, if this status is set for one element, it is set in all subsequent ones." */
static void
resources_for_one_packet_of_an_array_holds_for_the_rest_of_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(true, false);
        refused = false;
        first_array = calls_after_refusal = 0;
        miniport51.edit = own_refusal;
        world5_running(&w, seed);
        send_numbered(&w, FRAMES);
        world_settle(&w);
        expect(&w, refused && first_array > 2);
        /* Nothing pends whose completion would be a reason to send again. */
        expect(&w, ordered == 1 && calls_after_refusal == 0);
        expect(&w, world_counts(&w).completed == 1);
        world_at_dispatch(&w, resources_available, NULL);
        world_settle(&w);
        expect_in_order(&w);
        expect(&w, world_counts(&w).completed_ok == FRAMES);
        world_close(&w);
    }
}

/* --- what a deserialized miniport leaves in a packet --- */

static NDIS_PACKET *kept[FRAMES];
static unsigned kept_count;

static VOID
keep_with_a_status(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count)
{
    (void)context;
    for (UINT i = 0; i < count; i++) {
        NDIS_SET_PACKET_STATUS(packets[i], i % 2 == 0 ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS);
        kept[kept_count++ % FRAMES] = packets[i];
    }
}

static void
own_keeping(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->SendPacketsHandler = keep_with_a_status;
}

static void
complete_kept_backwards(void *argument)
{
    (void)argument;
    while (kept_count > 0) {
        NdisMSendComplete(nic_latest()->handle, kept[--kept_count], NDIS_STATUS_SUCCESS);
    }
}

/* "Multipacket Sends (NDIS 5.1)": such a miniport always completes with NdisMSendComplete. */
static void
of_a_deserialized_miniport_only_the_completion_counts_not_the_status_in_the_packet(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(false, false);
        kept_count = 0;
        miniport51.edit = own_keeping;
        world5_running(&w, seed);
        send_numbered(&w, FRAMES);
        world_settle(&w);
        expect(&w, kept_count == FRAMES && world_counts(&w).completed == 0);
        world_at_dispatch(&w, complete_kept_backwards, NULL);
        world_settle(&w);
        expect(&w, world_counts(&w).completed_ok == FRAMES);
        world_close(&w);
    }
}

/* --- what is the miniport's --- */

static void
write_reserved(struct nic *nic, NDIS_PACKET *packet)
{
    (void)nic;
    memset(packet->MiniportReserved, nic->last_frame[FRAME - 1], sizeof(packet->MiniportReserved));
    kept[kept_count++ % FRAMES] = packet;
}

static bool reserved_changed;

static void
check_reserved(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < kept_count; i++) {
        UCHAR expected = (UCHAR)(i + 1);

        for (unsigned b = 0; b < sizeof(kept[i]->MiniportReserved); b++) {
            reserved_changed |= kept[i]->MiniportReserved[b] != expected;
        }
    }
}

/* "NDIS_PACKET": MiniportReserved is the miniport's for as long as it has the packet. */
static void
the_reserved_area_stays_as_the_miniport_left_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed % 2 != 0, seed % 4 < 2);
        kept_count = 0;
        reserved_changed = false;
        miniport51.sending = SEND5_HOLD;
        miniport51.on_send = write_reserved;
        world5_running(&w, seed);
        send_numbered(&w, FRAMES);
        world_settle(&w);
        expect(&w, kept_count == FRAMES);
        world_as_driver(&w, check_reserved, NULL);
        expect(&w, !reserved_changed);
        for (unsigned i = 0; i < FRAMES; i++) {
            world_at_dispatch(&w, complete_one, NULL);
        }
        world_settle(&w);
        expect(&w, world_counts(&w).completed_ok == FRAMES);
        world_close(&w);
    }
}

static unsigned wrong_headers;

static void
look_at_header(struct nic *nic, NDIS_PACKET *packet)
{
    NDIS_BUFFER *buffer = NULL;
    PVOID information = packet;
    UINT size = 1;
    UINT physical = 0;
    UINT count = 0;
    UINT bytes = 0;

    (void)nic;
    NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(packet, &information, &size);
    wrong_headers += (packet->Private.NdisPacketFlags & fPACKET_ALLOCATED_BY_NDIS) == 0;
    wrong_headers += packet->Private.NdisPacketOobOffset < sizeof(NDIS_PACKET) - sizeof(PVOID);
    wrong_headers += information != NULL || size != 0;
    NdisQueryPacket(packet, &physical, &count, &buffer, &bytes);
    wrong_headers += bytes != FRAME || count == 0 || physical < count || buffer == NULL;
    wrong_headers += NDIS_PACKET_FIRST_NDIS_BUFFER(packet) != buffer;
    wrong_headers += NDIS_PACKET_LAST_NDIS_BUFFER(packet) == NULL ||
                     NDIS_PACKET_LAST_NDIS_BUFFER(packet)->Next != NULL;
}

static void
a_packet_is_whole_for_the_macros_that_read_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed % 2 != 0, seed % 4 < 2);
        wrong_headers = 0;
        miniport51.on_send = look_at_header;
        world5_running(&w, seed);
        send_numbered(&w, FRAMES);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == FRAMES && wrong_headers == 0);
        world_close(&w);
    }
}

/* --- who is called when --- */

static void
note_send_level(struct nic *nic, NDIS_PACKET *packet)
{
    (void)packet;
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
}

/* "MiniportSend": a serialized one runs at DISPATCH_LEVEL. */
static void
a_serialized_miniport_sends_at_dispatch_level(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(true, seed % 2 != 0);
        miniport51.on_send = note_send_level;
        world5_running(&w, seed);
        send_numbered(&w, 4);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 4 && !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static unsigned sends_left;

static void
send_again(struct pndis_client *client, int status, void *tag, void *user)
{
    (void)status;
    (void)tag;
    (void)user;
    if (sends_left > 0) {
        sends_left--;
        pndis_client_send(client, frame, FRAME);
    }
}

/* A completion inside MiniportSend leads to the next send, and not into MiniportSend again. */
static void
a_serialized_miniport_is_not_entered_again_from_its_own_completion(void **state)
{
    static const struct pndis_client_events events = {.on_sent = send_again};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(true, seed % 2 != 0);
        miniport51.sending = SEND5_BY_CALL;
        make_frame_bytes(frame, FRAME, 7);
        sends_left = 20;
        world5_open(&w, seed);
        world5_add(&w);
        w.client = pndis_client_open(w.adapter, &(struct pndis_client_options){.events = &events});
        expect(&w, w.client != NULL);
        expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 21);
        expect(&w, SEEN(nic_latest()->most_inside) == 1);
        world_close(&w);
    }
}

/* --- from where a packet may not be completed --- */

static VOID
completing_isr(PBOOLEAN recognized, PBOOLEAN queue, NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->isrs);
    pndis_device_interrupt_clear(card.device);
    *recognized = TRUE;
    *queue = FALSE;
    if (nic->held_count > 0) {
        NdisMSendComplete(nic->handle, nic->held[0], NDIS_STATUS_SUCCESS);
    }
}

static void
own_isr(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ISRHandler = completing_isr;
}

/* "NdisMSendComplete": callers run at or below DISPATCH_LEVEL. */
static void
a_packet_that_an_isr_completes_is_a_violation(void **state)
{
    struct world w;

    (void)state;
    given(false, false);
    miniport51.edit = own_isr;
    miniport51.sending = SEND5_HOLD;
    world5_running(&w, 1);
    send_numbered(&w, 1);
    world_settle(&w);
    world_expect_clean(&w);
    pndis_device_interrupt(card.device, 0);
    world_settle(&w);
    expect(&w, SEEN(nic_latest()->isrs) == 1);
    world_expect_violation_of(&w, "CALL_IRQL", "NdisMSendComplete", "");
    world_discard(&w);
}

/* --- the final status --- */

static void
complete_as_pending(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), 1, NDIS_STATUS_PENDING);
}

/* "NdisMSendComplete": the status is that with which the send ended. */
static void
a_send_does_not_end_with_pending(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed % 2 != 0, seed % 4 < 2);
        miniport51.sending = SEND5_HOLD;
        world5_running(&w, seed);
        send_numbered(&w, 1);
        world_settle(&w);
        world_at_dispatch(&w, complete_as_pending, NULL);
        world_settle(&w);
        world_expect_violation(&w, "N5_SEND_COMPLETE");
        expect(&w, world_counts(&w).completed == 1 && world_counts(&w).completed_ok == 0);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_that_were_refused_for_resources_come_again_in_their_order),
        cmocka_unit_test(resources_for_one_packet_of_an_array_holds_for_the_rest_of_it),
        cmocka_unit_test(
            of_a_deserialized_miniport_only_the_completion_counts_not_the_status_in_the_packet),
        cmocka_unit_test(the_reserved_area_stays_as_the_miniport_left_it),
        cmocka_unit_test(a_packet_is_whole_for_the_macros_that_read_it),
        cmocka_unit_test(a_serialized_miniport_sends_at_dispatch_level),
        cmocka_unit_test(a_serialized_miniport_is_not_entered_again_from_its_own_completion),
        cmocka_unit_test(a_packet_that_an_isr_completes_is_a_violation),
        cmocka_unit_test(a_send_does_not_end_with_pending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
