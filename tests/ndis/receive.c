/*
 * Receives from end to end: "NdisMIndicateReceiveNetBufferLists", "ProtocolReceiveNetBufferLists",
 * "NdisReturnNetBufferLists", "MiniportReturnNetBufferLists", "Dispatch IRQL Tracking".
 */
#include "support/data_path.h"

enum { SEEDS = 60, COUNT = 4, FRAME_BYTES = 60 };

struct indication {
    unsigned count;
    ULONG flags;
};

static void
indicate(void *argument)
{
    const struct indication *indication = argument;
    uint8_t frame[FRAME_BYTES];

    make_frame_bytes(frame, sizeof(frame), 9);
    port_indicate(port_latest(), frame, sizeof(frame), indication->count, indication->flags);
}

static void
indicate_in(struct world *w, unsigned count, ULONG flags)
{
    struct indication indication = {count, flags};

    world_as_driver(w, indicate, &indication);
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

/* --- the way up and back --- */

static void
up_and_back(struct world *w)
{
    const ULONG flags = NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE | NDIS_RECEIVE_FLAGS_SINGLE_VLAN |
                        NDIS_RECEIVE_FLAGS_PERFECT_FILTERED;

    indicate_in(w, COUNT, flags);
    expect(w, data_path.received.calls == 1 && data_path.received.count == COUNT);
    expect(w, data_path.received.lists == COUNT && data_path.received.flags == flags);
    expect(w, data_path.received.port == NDIS_DEFAULT_PORT_NUMBER);
    expect(w, data_path.returned.lists == COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        expect(w, data_path.returned.list[i] == data_path.received.list[i]);
    }
    expect(w, port_latest()->receives_out == 0);
}

static void
a_receiver_sees_what_was_indicated(void **state)
{
    (void)state;
    for_each_seed(up_and_back);
}

/* What a miniport left in its lists is there when they come back. */
static void
check_marks(NET_BUFFER_LIST *chain)
{
    for (NET_BUFFER_LIST *nbl = chain; nbl != NULL; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
        data_path.received.flag_wrong = data_path.received.flag_wrong ||
                                        nbl->SourceHandle != port_latest()->handle ||
                                        nbl->MiniportReserved[0] == NULL;
    }
}

static void
return_in_driver(void *argument)
{
    opening_return(opening_latest(), *(unsigned *)argument);
}

static void
return_some(struct world *w, unsigned count)
{
    world_as_driver(w, return_in_driver, &count);
}

static void
kept(struct world *w)
{
    data_path.on_received = check_marks;
    protocol.keep_receives = true;
    indicate_in(w, COUNT, 0);
    indicate_in(w, COUNT, 0);
    expect(w, data_path.received.lists == 2 * COUNT && data_path.returned.lists == 0);
    expect(w, port_latest()->receives_out == 2 * COUNT && !data_path.received.flag_wrong);

    return_some(w, 3);
    expect(w, data_path.returned.lists == 3);
    return_some(w, 2 * COUNT);
    expect(w, data_path.returned.lists == 2 * COUNT && port_latest()->receives_out == 0);
}

static void
a_receiver_may_keep_lists_and_return_them_in_other_groups(void **state)
{
    (void)state;
    for_each_seed(kept);
}

/* "NDIS does not call MiniportReturnNetBufferLists ... reclaim immediately after it returns" */
static void
resources(struct world *w)
{
    protocol.keep_receives = true;
    indicate_in(w, COUNT, NDIS_RECEIVE_FLAGS_RESOURCES);
    expect(w, data_path.received.lists == COUNT);
    expect(w, data_path.received.flags == NDIS_RECEIVE_FLAGS_RESOURCES);
    expect(w, data_path.returned.calls == 0 && port_latest()->receives_out == 0);
}

static void
lists_that_are_short_are_not_kept(void **state)
{
    (void)state;
    for_each_seed(resources);
}

static void
levels(struct world *w)
{
    struct indication indication = {COUNT, 0};

    world_at_dispatch(w, indicate, &indication);
    expect(w, data_path.received.at_dispatch && data_path.returned.at_dispatch);
    world_as_driver(w, indicate, &indication);
    expect(w, data_path.returned.lists == 2 * COUNT);
    expect(w, !data_path.received.flag_wrong && !data_path.returned.flag_wrong);
}

static void
the_dispatch_flag_is_true_where_it_is_set(void **state)
{
    (void)state;
    for_each_seed(levels);
}

/* --- several receivers --- */

static void
with_client(struct world *w)
{
    struct pndis_client_counts counts;

    world_add_client(w);
    protocol.keep_receives = true;
    pndis_client_hold(w->client, true);
    indicate_in(w, COUNT, 0);
    pndis_client_get_counts(w->client, &counts);
    expect(w, data_path.received.lists == COUNT && counts.received == COUNT);
    expect(w, data_path.returned.lists == 0 && counts.held == COUNT);

    return_some(w, COUNT);
    expect(w, data_path.returned.lists == 0);
    pndis_client_return(w->client, SIZE_MAX);
    world_settle(w);
    expect(w, data_path.returned.lists == COUNT && port_latest()->receives_out == 0);
}

/* A list comes back to the miniport once, when the last receiver has done with it. */
static void
all_receivers_see_a_list_and_it_returns_once(void **state)
{
    (void)state;
    for_each_seed(with_client);
}

static void
with_client_short(struct world *w)
{
    struct pndis_client_counts counts;

    world_add_client(w);
    pndis_client_hold(w->client, true);
    indicate_in(w, COUNT, NDIS_RECEIVE_FLAGS_RESOURCES);
    pndis_client_get_counts(w->client, &counts);
    expect(w, data_path.received.lists == COUNT && counts.received == COUNT && counts.held == 0);
    expect(w, data_path.received.flags == NDIS_RECEIVE_FLAGS_RESOURCES);
    expect(w, data_path.returned.calls == 0);
}

static void
no_receiver_keeps_lists_that_are_short(void **state)
{
    (void)state;
    for_each_seed(with_client_short);
}

/* --- broken rules --- */

/* @routine breaks @rule as driver code, after which receives still work. */
static void
break_for_each_seed(void (*routine)(void *argument), const char *rule)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        unsigned returned;
        struct world w;

        data_path_reset();
        data_path_up(&w, seed);
        world_as_driver(&w, routine, &w);
        world_expect_violation(&w, rule);
        data_path.hold_receives = false;
        returned = data_path.returned.lists;
        indicate_in(&w, COUNT, 0);
        expect(&w, data_path.returned.lists == returned + COUNT);
        world_close(&w);
    }
}

static void
lie_about_level(void *argument)
{
    struct indication indication = {COUNT, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL};

    (void)argument;
    indicate(&indication);
}

static void
an_indication_that_lies_about_its_level_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(lie_about_level, "DISPATCH_FLAG");
}

/* A list of the miniport's pool without the helper's care. */
static NET_BUFFER_LIST *
bare_list(void)
{
    struct port *port = port_latest();
    NET_BUFFER_LIST *nbl = NdisAllocateNetBufferList(port->pool, 0, 0);

    nbl->SourceHandle = port->handle;
    return nbl;
}

static void
wrong_source(void *argument)
{
    NET_BUFFER_LIST *nbl = bare_list();

    (void)argument;
    nbl->SourceHandle = NULL;
    NdisMIndicateReceiveNetBufferLists(port_latest()->handle, nbl, NDIS_DEFAULT_PORT_NUMBER, 1,
                                       NDIS_RECEIVE_FLAGS_RESOURCES);
    NdisFreeNetBufferList(nbl);
}

static void
an_indication_without_its_source_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(wrong_source, "RECV_SOURCE");
}

static void
wrong_count(void *argument)
{
    NET_BUFFER_LIST *nbl = bare_list();

    (void)argument;
    NdisMIndicateReceiveNetBufferLists(port_latest()->handle, nbl, NDIS_DEFAULT_PORT_NUMBER, 2,
                                       NDIS_RECEIVE_FLAGS_RESOURCES);
    NdisFreeNetBufferList(nbl);
}

static void
an_indication_that_is_miscounted_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(wrong_count, "RECV_COUNT");
}

static void
wrong_port(void *argument)
{
    NET_BUFFER_LIST *nbl = bare_list();

    (void)argument;
    NdisMIndicateReceiveNetBufferLists(port_latest()->handle, nbl, 17, 1,
                                       NDIS_RECEIVE_FLAGS_RESOURCES);
    NdisFreeNetBufferList(nbl);
}

static void
an_indication_on_a_port_that_does_not_exist_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(wrong_port, "RECV_PORT");
}

static void
return_stranger(void *argument)
{
    NET_BUFFER_LIST *nbl = bare_list();

    (void)argument;
    NdisReturnNetBufferLists(opening_latest()->handle, nbl, 0);
    NdisFreeNetBufferList(nbl);
}

static void
returning_what_was_never_received_is_reported(void **state)
{
    (void)state;
    break_for_each_seed(return_stranger, "RECV_RETURN");
}

/* A list of the miniport's own that it keeps, so that a second return is of living memory. */
static NET_BUFFER_LIST *kept_list;

static VOID
keep_returned(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    (void)context;
    (void)flags;
    data_path.returned.lists += chain == kept_list;
}

static void
edit_miniport(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->ReturnNetBufferListsHandler = keep_returned;
}

static void
return_twice(void *argument)
{
    (void)argument;
    kept_list = bare_list();
    NdisMIndicateReceiveNetBufferLists(port_latest()->handle, kept_list, NDIS_DEFAULT_PORT_NUMBER,
                                       1, 0);
    NdisReturnNetBufferLists(opening_latest()->handle, kept_list, 0);
    NdisFreeNetBufferList(kept_list);
}

static void
the_second_return_of_a_list_is_reported(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        miniport.edit_characteristics = edit_miniport;
        data_path_up(&w, seed);
        world_as_driver(&w, return_twice, NULL);
        expect(&w, data_path.returned.lists == 1);
        world_expect_violation(&w, "RECV_RETURN");
        world_close(&w);
    }
}

/* --- indications that cannot be --- */

static void
while_paused(struct world *w)
{
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    indicate_in(w, COUNT, 0);
    world_expect_violation(w, "MP_PAUSE_5");
    expect(w, data_path.received.lists == 0 && port_latest()->receives_out == 0);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    indicate_in(w, COUNT, 0);
    expect(w, data_path.received.lists == COUNT);
}

static void
an_adapter_that_is_paused_indicates_nothing(void **state)
{
    (void)state;
    for_each_seed(while_paused);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receiver_sees_what_was_indicated),
        cmocka_unit_test(a_receiver_may_keep_lists_and_return_them_in_other_groups),
        cmocka_unit_test(lists_that_are_short_are_not_kept),
        cmocka_unit_test(the_dispatch_flag_is_true_where_it_is_set),
        cmocka_unit_test(all_receivers_see_a_list_and_it_returns_once),
        cmocka_unit_test(no_receiver_keeps_lists_that_are_short),
        cmocka_unit_test(an_indication_that_lies_about_its_level_is_reported),
        cmocka_unit_test(an_indication_without_its_source_is_reported),
        cmocka_unit_test(an_indication_that_is_miscounted_is_reported),
        cmocka_unit_test(an_indication_on_a_port_that_does_not_exist_is_reported),
        cmocka_unit_test(returning_what_was_never_received_is_reported),
        cmocka_unit_test(the_second_return_of_a_list_is_reported),
        cmocka_unit_test(an_adapter_that_is_paused_indicates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
