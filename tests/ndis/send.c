/*
 * Sends from end to end: "NdisSendNetBufferLists", "MiniportSendNetBufferLists",
 * "NdisMSendNetBufferListsComplete", "ProtocolSendNetBufferListsComplete",
 * "NdisCancelSendNetBufferLists", "Dispatch IRQL Tracking".
 */
#include "support/data_path.h"

enum { SEEDS = 60, CHAIN = 5 };

/* What a test sends, and how. */
struct sending_of {
    NET_BUFFER_LIST *chain;
    NDIS_PORT_NUMBER port;
    ULONG flags;
};

static void
send_chain(void *argument)
{
    const struct sending_of *sending = argument;

    NdisSendNetBufferLists(opening_latest()->handle, sending->chain, sending->port, sending->flags);
}

static void
make_chain(void *argument)
{
    ((struct sending_of *)argument)->chain = path_chain(opening_latest(), CHAIN);
}

/* A chain of CHAIN lists, sent and on its way. */
static struct sending_of
sent_chain(struct world *w)
{
    struct sending_of sending = {.chain = NULL};

    world_as_driver(w, make_chain, &sending);
    world_as_driver(w, send_chain, &sending);
    return sending;
}

static void
for_each_seed(void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        data_path_up(&w, seed);
        test(&w);
        world_close(&w);
    }
}

/* --- what arrives --- */

/* What a sender writes into a list, and what it finds there afterwards. */
static void
check_as_sent(NET_BUFFER_LIST *chain)
{
    unsigned number = 0;

    for (NET_BUFFER_LIST *nbl = chain; nbl != NULL; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
        const UCHAR *data =
            NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(nbl), ETHERNET_BYTES + 1, NULL, 1, 0);

        number = (unsigned)(ULONG_PTR)NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[0];
        if (nbl->SourceHandle != opening_latest()->handle || data[ETHERNET_BYTES] != number ||
            NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[3] != nbl ||
            NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) !=
                (PVOID)(ULONG_PTR)(16 * number) ||
            (nbl->Flags & NBL_FLAGS_PROTOCOL_RESERVED) != 0x00100000) {
            data_path.sent.flag_wrong = true;
        }
    }
}

static void
mark_and_send(void *argument)
{
    struct sending_of *sending = argument;
    unsigned number = 0;

    make_chain(sending);
    for (NET_BUFFER_LIST *nbl = sending->chain; nbl != NULL;
         nbl = NET_BUFFER_LIST_NEXT_NBL(nbl), number++) {
        NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[0] = (PVOID)(ULONG_PTR)number;
        NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[3] = nbl;
        NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = (PVOID)(ULONG_PTR)(16 * number);
        NBL_SET_PROTOCOL_RSVD_FLAG(nbl, 0x00100000);
    }
    send_chain(sending);
}

static void
as_sent(struct world *w)
{
    struct sending_of sending = {.chain = NULL};
    NET_BUFFER_LIST *sent[CHAIN];

    data_path.on_sent = check_as_sent;
    data_path.on_completed = check_as_sent;
    world_as_driver(w, mark_and_send, &sending);
    world_settle(w);

    memcpy(sent, data_path.sent.list, sizeof(sent));
    expect(w, data_path.sent.lists == CHAIN && data_path.sent.list[0] == sending.chain);
    expect(w, data_path.sent.port == NDIS_DEFAULT_PORT_NUMBER && data_path.sent.flags == 0);
    expect(w, data_path.completed.lists == CHAIN && !data_path.sent.flag_wrong);
    for (unsigned i = 0; i < CHAIN; i++) {
        expect(w, data_path.completed.list[i] == sent[i]);
        expect(w, data_path.completed.status[i] == NDIS_STATUS_SUCCESS);
    }
}

static void
a_miniport_and_the_completion_see_what_was_sent(void **state)
{
    (void)state;
    for_each_seed(as_sent);
}

static void
complete_each_its_own(void *argument)
{
    static const NDIS_STATUS statuses[CHAIN] = {NDIS_STATUS_SUCCESS, NDIS_STATUS_INVALID_LENGTH,
                                                NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE,
                                                NDIS_STATUS_SUCCESS};

    (void)argument;
    for (unsigned i = 0; i < CHAIN; i++) {
        NET_BUFFER_LIST_STATUS(data_path.sent.list[i]) = statuses[i];
    }
    NdisMSendNetBufferListsComplete(port_latest()->handle, data_path.sent.list[0], 0);
}

static void
own_status(struct world *w)
{
    data_path.hold_sends = true;
    sent_chain(w);
    expect(w, data_path.sent.lists == CHAIN && data_path.completed.lists == 0);
    world_as_driver(w, complete_each_its_own, NULL);

    expect(w, data_path.completed.lists == CHAIN);
    expect(w, data_path.completed.status[0] == NDIS_STATUS_SUCCESS);
    expect(w, data_path.completed.status[1] == NDIS_STATUS_INVALID_LENGTH);
    expect(w, data_path.completed.status[2] == NDIS_STATUS_RESOURCES);
    expect(w, data_path.completed.status[3] == NDIS_STATUS_FAILURE);
    expect(w, data_path.completed.status[4] == NDIS_STATUS_SUCCESS);
}

static void
each_list_has_a_status_of_its_own(void **state)
{
    (void)state;
    for_each_seed(own_status);
}

/* "in any order ... concatenate the lists from multiple calls or split up a list" */
static void
complete_rearranged(void *argument)
{
    NET_BUFFER_LIST **list = data_path.sent.list;
    static const unsigned order[2 * CHAIN] = {7, 0, 9, 2, 5, 4, 1, 8, 3, 6};

    (void)argument;
    for (unsigned i = 0; i < 2 * CHAIN; i++) {
        NET_BUFFER_LIST_STATUS(list[order[i]]) = NDIS_STATUS_SUCCESS;
        NET_BUFFER_LIST_NEXT_NBL(list[order[i]]) = i % 4 == 3 || i == 9 ? NULL : list[order[i + 1]];
    }
    for (unsigned i = 0; i < 2 * CHAIN; i += 4) {
        NdisMSendNetBufferListsComplete(port_latest()->handle, list[order[i]], 0);
    }
}

static void
rearranged(struct world *w)
{
    data_path.hold_sends = true;
    sent_chain(w);
    sent_chain(w);
    world_as_driver(w, complete_rearranged, NULL);

    expect(w, data_path.completed.lists == 2 * CHAIN);
}

static void
sends_complete_in_any_order_and_grouping(void **state)
{
    (void)state;
    for_each_seed(rearranged);
}

static void
levels(struct world *w)
{
    struct sending_of sending = {.flags = NDIS_SEND_FLAGS_DISPATCH_LEVEL};

    world_as_driver(w, make_chain, &sending);
    world_at_dispatch(w, send_chain, &sending);
    world_settle(w);
    expect(w, data_path.sent.lists == CHAIN && data_path.completed.lists == CHAIN);
    expect(w, data_path.sent.at_dispatch && data_path.completed.at_dispatch);
    sent_chain(w);
    world_settle(w);
    expect(w, data_path.completed.lists == 2 * CHAIN);
    expect(w, !data_path.sent.flag_wrong && !data_path.completed.flag_wrong);
}

static void
the_dispatch_flag_is_true_where_it_is_set(void **state)
{
    (void)state;
    for_each_seed(levels);
}

/* --- broken rules --- */

/* Like for_each_seed(): @test breaks @rule, after which sends still work. */
static void
break_for_each_seed(void (*test)(struct world *w), const char *rule)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        unsigned completed;
        struct world w;

        data_path_reset();
        data_path_up(&w, seed);
        test(&w);
        world_expect_violation(&w, rule);
        data_path.hold_sends = false;
        completed = data_path.completed.lists;
        sent_chain(&w);
        world_settle(&w);
        expect(&w, data_path.completed.lists == completed + CHAIN);
        world_close(&w);
    }
}

static void
wrong_flag(struct world *w)
{
    struct sending_of sending = {.flags = NDIS_SEND_FLAGS_DISPATCH_LEVEL};

    world_as_driver(w, make_chain, &sending);
    world_as_driver(w, send_chain, &sending);
    world_settle(w);
    expect(w, data_path.completed.lists == CHAIN);
}

static void
a_send_that_lies_about_its_level_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(wrong_flag, "DISPATCH_FLAG");
}

static void
complete_with(void *argument)
{
    const struct sending_of *sending = argument;

    NdisMSendNetBufferListsComplete(port_latest()->handle, sending->chain, sending->flags);
}

static void
wrong_complete_flag(struct world *w)
{
    struct sending_of sending;

    data_path.hold_sends = true;
    sending = sent_chain(w);
    sending.flags = NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL;
    world_as_driver(w, complete_with, &sending);
    expect(w, data_path.completed.lists == CHAIN);
}

static void
a_completion_that_lies_about_its_level_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(wrong_complete_flag, "DISPATCH_FLAG");
}

static void
free_chain(void *argument)
{
    path_free(((struct sending_of *)argument)->chain);
}

/* The sender keeps the lists, so that the second completion is of memory that still is one. */
static void
complete_twice(struct world *w)
{
    struct sending_of sending;

    data_path.hold_sends = true;
    sending = sent_chain(w);
    sending.flags = 0;
    data_path.keep_completed = true;
    world_as_driver(w, complete_with, &sending);
    world_as_driver(w, complete_with, &sending);
    expect(w, data_path.completed.lists == CHAIN);
    world_as_driver(w, free_chain, &sending);
    data_path.keep_completed = false;
}

static void
the_second_completion_of_a_send_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(complete_twice, "SEND_COMPLETE");
}

static void
complete_stranger(void *argument)
{
    struct port *port = port_latest();
    NET_BUFFER_LIST *nbl = NdisAllocateNetBufferList(port->pool, 0, 0);

    (void)argument;
    nbl->SourceHandle = port->handle;
    NdisMSendNetBufferListsComplete(port->handle, nbl, 0);
    NdisFreeNetBufferList(nbl);
}

static void
never_sent(struct world *w)
{
    world_as_driver(w, complete_stranger, NULL);
    expect(w, data_path.completed.lists == 0);
}

static void
completing_what_was_never_sent_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(never_sent, "SEND_COMPLETE");
}

static void
send_with_foreign_source(void *argument)
{
    struct sending_of *sending = argument;

    make_chain(sending);
    sending->chain->SourceHandle = port_latest()->handle;
    send_chain(sending);
}

static void
foreign_source(struct world *w)
{
    struct sending_of sending = {.chain = NULL};

    world_as_driver(w, send_with_foreign_source, &sending);
    world_settle(w);
    expect(w, data_path.completed.lists == CHAIN);
}

static void
a_send_with_a_foreign_source_handle_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(foreign_source, "SEND_SOURCE");
}

/* --- sends that cannot be --- */

static void
while_paused(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    sent_chain(w);
    world_settle(w);
    expect(w, data_path.sent.lists == 0 && data_path.completed.lists == CHAIN);
    expect(w, data_path.completed.status[0] == NDIS_STATUS_PAUSED);
    expect(w, data_path.completed.status[CHAIN - 1] == NDIS_STATUS_PAUSED);
    world_expect_violation(w, "BD_SEND_STATE");
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    sent_chain(w);
    world_settle(w);
    expect(w, data_path.completed.lists == 2 * CHAIN);
}

static void
a_binding_that_is_paused_does_not_send(void **state)
{
    (void)state;
    for_each_seed(while_paused);
}

/* The binding runs, the adapter below it does not: NDIS answers for it. */
static void
adapter_paused(struct world *w)
{
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(w, "Paused");
    sent_chain(w);
    world_settle(w);
    expect(w, data_path.sent.lists == 0 && data_path.completed.lists == CHAIN);
    expect(w, data_path.completed.status[0] == NDIS_STATUS_PAUSED);
    expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    sent_chain(w);
    world_settle(w);
    expect(w, data_path.sent.lists == CHAIN);
    expect(w, data_path.completed.status[2 * CHAIN - 1] == NDIS_STATUS_SUCCESS);
}

static void
ndis_fails_sends_to_a_paused_adapter(void **state)
{
    (void)state;
    for_each_seed(adapter_paused);
}

/* --- cancel --- */

static void
send_with_ids(void *argument)
{
    struct sending_of *sending = argument;
    unsigned number = 0;

    make_chain(sending);
    for (NET_BUFFER_LIST *nbl = sending->chain; nbl != NULL;
         nbl = NET_BUFFER_LIST_NEXT_NBL(nbl), number++) {
        NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, (PVOID)(ULONG_PTR)(0x1000 + number % 2));
    }
    send_chain(sending);
}

static void
cancel(void *argument)
{
    NdisCancelSendNetBufferLists(opening_latest()->handle, argument);
}

static void
complete_held(void *argument)
{
    (void)argument;
    port_complete_sends(port_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static void
cancelled(struct world *w)
{
    struct sending_of sending = {.chain = NULL};

    miniport.sending = SEND_KEEP;
    world_as_driver(w, send_with_ids, &sending);
    world_as_driver(w, cancel, (void *)0x7777);
    expect(w, port_latest()->cancels == 1 && data_path.completed.lists == 0);
    world_as_driver(w, cancel, (void *)0x1001);
    expect(w, port_latest()->cancels == 2 && data_path.completed.lists == 2);
    expect(w, data_path.completed.status[0] == NDIS_STATUS_SEND_ABORTED);
    expect(w, data_path.completed.status[1] == NDIS_STATUS_SEND_ABORTED);
    expect(w, data_path.completed.list[0] == data_path.sent.list[1]);
    expect(w, data_path.completed.list[1] == data_path.sent.list[3]);
    world_as_driver(w, complete_held, NULL);
    expect(w, data_path.completed.lists == CHAIN);
    expect(w, data_path.completed.status[CHAIN - 1] == NDIS_STATUS_SUCCESS);
}

static void
a_cancel_ends_the_sends_with_its_id(void **state)
{
    (void)state;
    for_each_seed(cancelled);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_miniport_and_the_completion_see_what_was_sent),
        cmocka_unit_test(each_list_has_a_status_of_its_own),
        cmocka_unit_test(sends_complete_in_any_order_and_grouping),
        cmocka_unit_test(the_dispatch_flag_is_true_where_it_is_set),
        cmocka_unit_test(a_send_that_lies_about_its_level_is_reported),
        cmocka_unit_test(a_completion_that_lies_about_its_level_is_reported),
        cmocka_unit_test(the_second_completion_of_a_send_is_reported),
        cmocka_unit_test(completing_what_was_never_sent_is_reported),
        cmocka_unit_test(a_send_with_a_foreign_source_handle_is_reported),
        cmocka_unit_test(a_binding_that_is_paused_does_not_send),
        cmocka_unit_test(ndis_fails_sends_to_a_paused_adapter),
        cmocka_unit_test(a_cancel_ends_the_sends_with_its_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
