/*
 * The ready-made protocol driver of hosts, <pndis/client.h>: sending, receiving, holding lists
 * back, requests, events, counts.
 */
#include "support/world.h"

enum { SEEDS = 40, FRAME_BYTES = 60, TAKE_LIMIT = 1024 };

static uint8_t frame[FRAME_BYTES];

/* What a client told. */
static struct {
    unsigned received;
    unsigned sent;
    int sent_status;
    void *tag[8];
    unsigned statuses;
    int status;
    unsigned events;
    size_t bytes;
    uint8_t first;
    bool whole;
    bool counted_early;
} told;

static void
on_receive(struct pndis_client *client, const struct pndis_received *received, void *user)
{
    struct pndis_client_counts counts;

    pndis_client_get_counts(client, &counts);
    told.counted_early |= counts.received != told.received;
    told.received++;
    told.bytes = received->bytes;
    told.whole = user == &told && received->nbl != NULL && received->data[0] == 0xff &&
                 received->data[received->bytes - 1] == received->data[ETHERNET_BYTES];
    told.first = received->data[ETHERNET_BYTES];
}

static void
on_sent(struct pndis_client *client, int status, void *tag, void *user)
{
    struct pndis_client_counts counts;

    (void)user;
    pndis_client_get_counts(client, &counts);
    told.counted_early |= counts.completed != told.sent;
    told.sent_status = status;
    told.tag[told.sent % 8] = tag;
    told.sent++;
}

static void
on_status(struct pndis_client *client, int status, const void *data, size_t bytes, void *user)
{
    (void)client;
    (void)data;
    (void)bytes;
    (void)user;
    told.statuses++;
    told.status = status;
}

static int
on_pnp_event(struct pndis_client *client, int event, void *user)
{
    (void)client;
    (void)event;
    (void)user;
    told.events++;
    return 0;
}

static const struct pndis_client_events events = {
    .on_receive = on_receive,
    .on_sent = on_sent,
    .on_status = on_status,
    .on_pnp_event = on_pnp_event,
};

/* --- the world --- */

static void
with_client(const struct pndis_client_options *options, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        memset(&told, 0, sizeof(told));
        make_frame_bytes(frame, sizeof(frame), 7);
        world_open(&w, seed);
        world_add_adapter(&w);
        w.client = pndis_client_open(w.adapter, options);
        expect(&w, w.client != NULL && pndis_client_adapter(w.client) == w.adapter);
        expect_state(&w, "Running");
        test(&w);
        world_close(&w);
    }
}

static const struct pndis_client_options talkative = {.events = &events, .user = &told};

struct frames {
    uint8_t fill;
    unsigned count;
    ULONG bytes;
};

static void
indicate(void *argument)
{
    const struct frames *frames = argument;
    uint8_t data[ETHERNET_BYTES + PORT_MTU];

    for (unsigned i = 0; i < frames->count; i++) {
        make_frame_bytes(data, frames->bytes, (uint8_t)(frames->fill + i));
        port_indicate(port_latest(), data, frames->bytes, 1, 0);
    }
}

/* @count frames, each filled with the number after that of the one before. */
static void
indicate_in(struct world *w, uint8_t fill, unsigned count)
{
    struct frames frames = {fill, count, FRAME_BYTES};

    world_as_driver(w, indicate, &frames);
}

/* --- life --- */

static void
opened_and_closed(struct world *w)
{
    expect(w, strcmp(pndis_client_state_name(w->client), "Running") == 0);
    expect(w, pndis_client_close(w->client) == 0);
    expect(w, pndis_client_close(NULL) == 0);
    expect(w, port_latest()->packet_filter == 0);
    w->client = pndis_client_open(w->adapter, NULL);
    expect(w, w->client != NULL);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, pndis_client_open(w->adapter, NULL) == NULL && pndis_last_error()[0] != 0);
}

static void
a_client_binds_to_an_adapter_that_is_started(void **state)
{
    (void)state;
    with_client(NULL, opened_and_closed);
}

static void
usual_filter(struct world *w)
{
    expect(w,
           port_latest()->packet_filter == (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                                            NDIS_PACKET_TYPE_BROADCAST));
}

static void
promiscuous(struct world *w)
{
    expect(w, port_latest()->packet_filter == NDIS_PACKET_TYPE_PROMISCUOUS);
}

static void
deaf(struct world *w)
{
    expect(w, port_latest()->packet_filter == 0);
    indicate_in(w, 0, 3);
    expect(w, world_counts(w).received == 0 && port_latest()->receives_out == 0);
}

static void
the_packet_filter_is_what_the_options_say(void **state)
{
    (void)state;
    with_client(NULL, usual_filter);
    with_client(&(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_PROMISCUOUS},
                promiscuous);
    with_client(&(struct pndis_client_options){.no_filter = true}, deaf);
}

/* --- sending --- */

static void
sends(struct world *w)
{
    struct pndis_client_counts counts;

    for (unsigned i = 0; i < 5; i++) {
        expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    }
    world_settle(w);
    counts = world_counts(w);
    expect(w, counts.sent == 5 && counts.completed == 5 && counts.completed_ok == 5);
    expect(w, port_latest()->sends == 5 && told.sent == 5);
    miniport.send_status = NDIS_STATUS_FAILURE;
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_settle(w);
    counts = world_counts(w);
    expect(w, counts.completed == 6 && counts.completed_ok == 5);
    expect(w, counts.last_send_status == NDIS_STATUS_FAILURE);
    expect(w, told.sent_status == NDIS_STATUS_FAILURE && !told.counted_early);
}

static void
sends_are_counted_and_told(void **state)
{
    (void)state;
    with_client(&talkative, sends);
}

static void
paused(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, strcmp(pndis_client_state_name(w->client), "Paused") == 0);
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == PNDIS_EBADSTATE);
    expect(w, world_counts(w).sent == 0);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
}

static void
a_paused_client_sends_nothing(void **state)
{
    (void)state;
    with_client(NULL, paused);
}

static void
complete_held(void *argument)
{
    (void)argument;
    port_complete_sends(port_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static void
chains(struct world *w)
{
    const void *frames[4] = {frame, frame, frame, frame};
    const size_t bytes[4] = {20, 30, 40, FRAME_BYTES};
    int tags[2];

    miniport.sending = SEND_KEEP;
    expect(w, pndis_client_send_chain(w->client, frames, bytes, 4, &tags[0]) == 0);
    expect(w, pndis_client_send_chain(w->client, frames, bytes, 2, &tags[1]) == 0);
    expect(w, port_latest()->sends == 6 && told.sent == 0);
    expect(w, pndis_client_cancel(w->client, &tags[0]) == 0);
    world_settle(w);
    expect(w, port_latest()->cancels == 1 && told.sent == 4);
    for (unsigned i = 0; i < 4; i++) {
        expect(w, told.tag[i] == &tags[0]);
    }
    expect(w, told.sent_status == NDIS_STATUS_SEND_ABORTED);
    world_as_driver(w, complete_held, NULL);
    expect(w, told.sent == 6 && told.tag[5] == &tags[1]);
    expect(w, told.sent_status == NDIS_STATUS_SUCCESS);
    expect(w, world_counts(w).completed == 6 && world_counts(w).completed_ok == 2);
}

static void
a_chain_is_cancelled_by_its_tag(void **state)
{
    (void)state;
    with_client(&talkative, chains);
}

static void
too_many(struct world *w)
{
    unsigned sent = 0;
    int result;

    miniport.sending = SEND_HOLD;
    while ((result = pndis_client_send(w->client, frame, sizeof(frame))) == 0) {
        sent++;
        expect(w, sent < 1000000);
    }
    expect(w, result == PNDIS_ELIMIT && sent >= 100 && world_counts(w).sent == sent);
    world_as_driver(w, complete_held, NULL);
    expect(w, world_counts(w).completed == sent);
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_as_driver(w, complete_held, NULL);
}

static void
a_client_keeps_memory_for_so_many_sends(void **state)
{
    (void)state;
    with_client(NULL, too_many);
}

/* --- receiving --- */

static void
receives(struct world *w)
{
    struct frames large = {.fill = 9, .count = 1, .bytes = ETHERNET_BYTES + PORT_MTU};

    indicate_in(w, 1, 3);
    expect(w, told.received == 3 && told.bytes == FRAME_BYTES && told.whole && told.first == 3);
    world_as_driver(w, indicate, &large);
    expect(w, told.received == 4 && told.bytes == large.bytes && told.whole && told.first == 9);
    expect(w, world_counts(w).received == 4);
    expect(w, world_counts(w).received_bytes == 3 * FRAME_BYTES + large.bytes);
    expect(w, world_counts(w).held == 0 && port_latest()->receives_out == 0);
    expect(w, !told.counted_early);
}

static void
a_received_frame_comes_in_one_piece(void **state)
{
    (void)state;
    with_client(&talkative, receives);
}

static void
takes(struct world *w)
{
    uint8_t taken[FRAME_BYTES + 8];

    expect(w, pndis_client_take(w->client, taken, sizeof(taken)) == 0);
    indicate_in(w, 1, 3);
    for (uint8_t i = 1; i <= 3; i++) {
        expect(w, pndis_client_take(w->client, taken, sizeof(taken)) == FRAME_BYTES);
        expect(w, taken[0] == 0xff && taken[FRAME_BYTES - 1] == i);
    }
    expect(w, pndis_client_take(w->client, taken, sizeof(taken)) == 0);
    indicate_in(w, 8, 1);
    expect(w, pndis_client_take(w->client, taken, ETHERNET_BYTES + 1) == ETHERNET_BYTES + 1);
    expect(w, taken[ETHERNET_BYTES] == 8);
}

static void
frames_are_taken_oldest_first(void **state)
{
    (void)state;
    with_client(NULL, takes);
}

static void
takes_last(struct world *w)
{
    uint8_t taken[FRAME_BYTES];
    unsigned count = 0;

    indicate_in(w, 0, TAKE_LIMIT + 10);
    expect(w, pndis_client_take(w->client, taken, sizeof(taken)) == FRAME_BYTES);
    expect(w, taken[ETHERNET_BYTES] == 10);
    for (count = 1; pndis_client_take(w->client, taken, sizeof(taken)) != 0; count++) {
    }
    expect(w, count == TAKE_LIMIT && taken[ETHERNET_BYTES] == (TAKE_LIMIT + 9) % 256);
}

static void
the_last_frames_are_kept(void **state)
{
    (void)state;
    with_client(NULL, takes_last);
}

/* --- holding back --- */

static void
holds(struct world *w)
{
    indicate_in(w, 1, 5);
    expect(w, world_counts(w).held == 5 && port_latest()->receives_out == 5);
    expect(w, pndis_client_return(w->client, 2) == 2);
    expect(w, world_counts(w).held == 3 && port_latest()->receives_out == 3);
    expect(w, pndis_client_return(w->client, SIZE_MAX) == 3);
    expect(w, pndis_client_return(w->client, SIZE_MAX) == 0);
    expect(w, world_counts(w).held == 0 && port_latest()->receives_out == 0);

    indicate_in(w, 1, 2);
    pndis_client_hold(w->client, false);
    expect(w, world_counts(w).held == 0 && port_latest()->receives_out == 0);
    indicate_in(w, 1, 1);
    expect(w, port_latest()->receives_out == 0);
    pndis_client_hold(w->client, true);
    indicate_in(w, 1, 1);
    expect(w, port_latest()->receives_out == 1);
    expect(w, pndis_client_close(w->client) == 0);
    expect(w, port_latest()->receives_out == 0 && port_latest()->returns == 9);
}

static void
a_client_holds_lists_until_it_is_told(void **state)
{
    (void)state;
    with_client(&(struct pndis_client_options){.hold_receives = true}, holds);
}

static unsigned removals_told;

static void
count_removal(struct port *port, PNET_DEVICE_PNP_EVENT event)
{
    (void)port;
    removals_told += event->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved;
}

/* What was given up is asked for again, and goes on where it stood. */
static void
holds_over_removal(struct world *w)
{
    removals_told = 0;
    miniport.on_event = count_removal;
    indicate_in(w, 1, 3);
    expect(w, pndis_adapter_surprise_remove(w->adapter) == PNDIS_ETIMEDOUT);
    expect(w, strstr(pndis_last_error(), "is Pausing, its miniport has 0 sends and misses 3 "
                                         "receives; client@") != NULL);
    expect(w, strstr(pndis_last_error(), "waits for 0 sends and has 3 receives") != NULL);
    expect(w, pndis_adapter_wait(w->adapter, 1000000) == PNDIS_ETIMEDOUT);
    expect(w, strstr(pndis_last_error(), "misses 3 receives") != NULL);
    expect(w, pndis_client_return(w->client, 3) == 3);
    expect(w, pndis_adapter_wait(w->adapter, 0) == 0);
    expect_state(w, "Paused");
    expect(w, pndis_adapter_surprise_remove(w->adapter) == 0);
    expect_state(w, "Halted");
    expect(w, removals_told == 1);
}

static void
a_removal_that_was_given_up_can_be_finished(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    with_client(&(struct pndis_client_options){.hold_receives = true}, holds_over_removal);
}

/* A pause waits for what is held; on live it would take the whole timeout. */
static void
holds_over_pause(struct world *w)
{
    indicate_in(w, 1, 2);
    expect(w, pndis_adapter_pause(w->adapter) == PNDIS_ETIMEDOUT);
    expect_state(w, "Pausing");
    expect(w, pndis_client_return(w->client, 1) == 1);
    expect_state(w, "Pausing");
    expect(w, pndis_client_return(w->client, 1) == 1);
    expect(w, pndis_adapter_wait(w->adapter, 0) == 0);
    expect_state(w, "Paused");
}

static void
a_pause_waits_for_what_a_client_holds(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    with_client(&(struct pndis_client_options){.hold_receives = true}, holds_over_pause);
}

/* What is held comes back by itself, from a DPC, while the pause waits for it. */
static void
returns_over_pause(struct world *w)
{
    struct pndis_client_counts counts;

    indicate_in(w, 1, 2);
    pndis_client_get_counts(w->client, &counts);
    expect(w, world_is_live() || counts.held == 2);
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect_state(w, "Paused");
    expect(w, port_latest()->returns == 2);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    indicate_in(w, 1, 3);
    expect(w, pndis_client_close(w->client) == 0);
    expect(w, port_latest()->returns == 5);
}

static void
a_client_returns_by_itself(void **state)
{
    (void)state;
    with_client(&(struct pndis_client_options){.return_after_ns = 50000}, returns_over_pause);
}

/* --- requests and events --- */

static void
requests(struct world *w)
{
    uint8_t answer[64];
    size_t bytes = 0;
    int status = 1;
    uint32_t filter = NDIS_PACKET_TYPE_BROADCAST;

    expect(w, pndis_client_query(w->client, OID_GEN_VENDOR_ID, answer, sizeof(answer), &bytes,
                                 &status) == 0);
    expect(w, status == NDIS_STATUS_SUCCESS && bytes == 4);
    expect(w, pndis_client_query(w->client, OID_GEN_VENDOR_ID, answer, 2, &bytes, &status) ==
                  PNDIS_EDRIVER);
    expect(w, status == (int)NDIS_STATUS_BUFFER_TOO_SHORT && bytes == 4);
    expect(w, pndis_client_set(w->client, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter),
                               &status) == 0);
    expect(w, port_latest()->packet_filter == filter);
    expect(w, pndis_client_set(w->client, OID_GEN_VENDOR_ID, &filter, sizeof(filter), &status) ==
                  PNDIS_EDRIVER);
    expect(w, status != NDIS_STATUS_SUCCESS);
    expect(w, pndis_client_method(w->client, OID_GEN_VENDOR_ID, answer, 4, sizeof(answer), NULL,
                                  NULL) == PNDIS_EDRIVER);
}

static void
in_every_way(struct world *w)
{
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        miniport.oid = when;
        requests(w);
    }
    miniport.oid = AT_ONCE;
}

static void
a_client_asks_and_gets_the_drivers_answer(void **state)
{
    (void)state;
    with_client(NULL, in_every_way);
}

static void
indicate_link(void *argument)
{
    struct port *port = port_latest();
    NDIS_LINK_STATE link = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
                   NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState = MediaConnectStateDisconnected,
    };
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port->handle,
        .StatusCode = NDIS_STATUS_LINK_STATE,
        .StatusBuffer = &link,
        .StatusBufferSize = sizeof(link),
    };

    (void)argument;
    NdisMIndicateStatusEx(port->handle, &indication);
}

static void
hears(struct world *w)
{
    unsigned before = told.events;

    world_as_driver(w, indicate_link, NULL);
    world_settle(w);
    expect(w, told.statuses == 1 && told.status == (int)NDIS_STATUS_LINK_STATE);
    expect(w, world_counts(w).statuses == 1);
    expect(w, pndis_adapter_set_power(w->adapter, 3) == 0);
    expect(w, told.events > before);
    expect(w, pndis_adapter_set_power(w->adapter, 0) == 0);
}

static void
a_client_hears_of_statuses_and_events(void **state)
{
    (void)state;
    with_client(&talkative, hears);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_binds_to_an_adapter_that_is_started),
        cmocka_unit_test(the_packet_filter_is_what_the_options_say),
        cmocka_unit_test(sends_are_counted_and_told),
        cmocka_unit_test(a_paused_client_sends_nothing),
        cmocka_unit_test(a_chain_is_cancelled_by_its_tag),
        cmocka_unit_test(a_client_keeps_memory_for_so_many_sends),
        cmocka_unit_test(a_received_frame_comes_in_one_piece),
        cmocka_unit_test(frames_are_taken_oldest_first),
        cmocka_unit_test(the_last_frames_are_kept),
        cmocka_unit_test(a_client_holds_lists_until_it_is_told),
        cmocka_unit_test(a_pause_waits_for_what_a_client_holds),
        cmocka_unit_test(a_removal_that_was_given_up_can_be_finished),
        cmocka_unit_test(a_client_returns_by_itself),
        cmocka_unit_test(a_client_asks_and_gets_the_drivers_answer),
        cmocka_unit_test(a_client_hears_of_statuses_and_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
