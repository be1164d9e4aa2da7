/*
 * OIDs that each binding sets for itself and NDIS combines for the miniport: packet filter,
 * multicast list, lookahead.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 30, LIST_LIMIT = 4, ADDRESS = 6 };

static struct {
    unsigned sets;
    ULONG filter;
    ULONG lookahead;
    UCHAR multicast[32 * ADDRESS];
    ULONG multicast_bytes;
    NDIS_STATUS status; /* Of the next sets. */
} told;

static NDIS_STATUS
on_oid(struct port *port, PNDIS_OID_REQUEST request)
{
    const void *buffer = request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG bytes = request->DATA.SET_INFORMATION.InformationBufferLength;

    (void)port;
    if (request->RequestType != NdisRequestSetInformation) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
        told.filter = told.status == NDIS_STATUS_SUCCESS ? *(const ULONG *)buffer : told.filter;
        break;
    case OID_GEN_CURRENT_LOOKAHEAD:
        told.lookahead = *(const ULONG *)buffer;
        break;
    case OID_802_3_MULTICAST_LIST:
        if (told.status == NDIS_STATUS_SUCCESS && bytes <= sizeof(told.multicast)) {
            memcpy(told.multicast, buffer, bytes);
            told.multicast_bytes = bytes;
        }
        break;
    default:
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    told.sets++;
    request->DATA.SET_INFORMATION.BytesRead = bytes;
    return told.status;
}

static void
small_list(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MaxMulticastListSize = LIST_LIMIT;
}

/* Two bindings without any filter, one Running adapter. */
struct pair {
    struct world w;
    struct pndis_client *a;
    struct pndis_client *b;
};

static void
given_two_clients(struct pair *p, uint64_t seed)
{
    const struct pndis_client_options options = {.no_filter = true};

    miniport_reset();
    miniport.on_oid = on_oid;
    miniport.edit_general = small_list;
    world_open(&p->w, seed);
    world_add_adapter(&p->w);
    p->a = pndis_client_open(p->w.adapter, &options);
    p->b = pndis_client_open(p->w.adapter, &options);
    expect(&p->w, p->a != NULL && p->b != NULL);
    memset(&told, 0, sizeof(told));
}

static int
set(struct pndis_client *client, NDIS_OID oid, const void *data, size_t bytes)
{
    int status = -1;

    pndis_client_set(client, oid, data, bytes, &status);
    return status;
}

static int
set_ulong(struct pndis_client *client, NDIS_OID oid, ULONG value)
{
    return set(client, oid, &value, sizeof(value));
}

static ULONG
query_ulong(struct pndis_client *client, NDIS_OID oid)
{
    ULONG value = ~0u;

    pndis_client_query(client, oid, &value, sizeof(value), NULL, NULL);
    return value;
}

/* --- packet filter --- */

static void
the_miniport_gets_all_filters_together(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pair p;

        given_two_clients(&p, seed);
        assert_int_equal(set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_DIRECTED),
                         0);
        assert_int_equal(told.filter, NDIS_PACKET_TYPE_DIRECTED);
        assert_int_equal(set_ulong(p.b, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_BROADCAST),
                         0);
        assert_int_equal(told.filter, NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST);
        assert_int_equal(set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, 0), 0);
        assert_int_equal(told.filter, NDIS_PACKET_TYPE_BROADCAST);
        expect(&p.w, pndis_client_close(p.b) == 0);
        assert_int_equal(told.filter, 0);
        world_close(&p.w);
    }
}

/* "For a query, NDIS returns the binding filters that are combined using the OR operator." */
static void
a_query_returns_all_filters_together(void **state)
{
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_DIRECTED);
    set_ulong(p.b, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_BROADCAST);
    assert_int_equal(query_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER),
                     NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST);
    world_close(&p.w);
}

static void
each_binding_receives_by_its_own_filter(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_client_counts a;
        struct pndis_client_counts b;
        uint8_t frame[64];
        struct pair p;

        given_two_clients(&p, seed);
        set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_BROADCAST);
        set_ulong(p.b, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_DIRECTED);
        miniport.sending = SEND_REFLECT;
        make_frame_bytes(frame, sizeof(frame), 1);
        expect(&p.w, pndis_client_send(p.b, frame, sizeof(frame)) == 0);
        world_settle(&p.w);
        pndis_client_get_counts(p.a, &a);
        pndis_client_get_counts(p.b, &b);
        expect(&p.w, a.received == 1 && b.received == 0);
        world_close(&p.w);
    }
}

static void
a_filter_the_miniport_does_not_have_is_refused(void **state)
{
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    assert_int_not_equal(
        set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_SOURCE_ROUTING), 0);
    assert_int_equal(told.sets, 0);
    assert_int_equal(query_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER), 0);
    world_close(&p.w);
}

static void
a_filter_the_miniport_refuses_is_not_kept(void **state)
{
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_DIRECTED);
    told.status = NDIS_STATUS_NOT_ACCEPTED;
    assert_int_equal(set_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER, NDIS_PACKET_TYPE_PROMISCUOUS),
                     NDIS_STATUS_NOT_ACCEPTED);
    told.status = NDIS_STATUS_SUCCESS;
    assert_int_equal(query_ulong(p.a, OID_GEN_CURRENT_PACKET_FILTER), NDIS_PACKET_TYPE_DIRECTED);
    world_close(&p.w);
}

/* Requests that are under way at the same time, asked as a driver does. */
struct set_request {
    NDIS_OID_REQUEST request;
    ULONG value;
};

static NDIS_STATUS answers[3];
static unsigned answer_count;
static struct set_request requests[3];

/* The next of the answers, in the order of asking; later, so that the requests queue. */
static NDIS_STATUS
answer_in_order(struct port *port, PNDIS_OID_REQUEST request)
{
    NDIS_OID oid = request->DATA.SET_INFORMATION.Oid;

    if (request->RequestType != NdisRequestSetInformation ||
        (oid != OID_GEN_CURRENT_PACKET_FILTER && oid != OID_GEN_CURRENT_LOOKAHEAD) ||
        answer_count >= sizeof(answers) / sizeof(answers[0])) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    told.status = answers[answer_count++];
    on_oid(port, request);
    return told.status;
}

/* All from one DISPATCH_LEVEL, where none of them can be handed down. */
static void
ask_all(void *argument)
{
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct set_request *one = &requests[i];

        one->request.Header =
            (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                                 NDIS_SIZEOF_OID_REQUEST_REVISION_1};
        one->request.RequestType = NdisRequestSetInformation;
        one->request.DATA.SET_INFORMATION.Oid = *(const NDIS_OID *)argument;
        one->request.DATA.SET_INFORMATION.InformationBuffer = &one->value;
        one->request.DATA.SET_INFORMATION.InformationBufferLength = sizeof(one->value);
        NdisOidRequest(opening_latest()->handle, &one->request);
    }
    KeLowerIrql(irql);
}

static VOID
ignore_answer(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    (void)context;
    (void)request;
    (void)status;
}

static void
without_answers(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->OidRequestCompleteHandler = ignore_answer;
}

/* Ask for @values at once, of which the miniport refuses some; then @left is set. */
static void
sets_leave(NDIS_OID oid, const ULONG values[3], const NDIS_STATUS *statuses, ULONG left)
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_client *client;
        struct world w;
        ULONG found;

        miniport_reset();
        protocol_reset();
        protocol.packet_filter = 0;
        protocol.edit_characteristics = without_answers;
        world_open(&w, seed);
        world_add_adapter(&w);
        client = pndis_client_open(w.adapter, &(struct pndis_client_options){.no_filter = true});
        world_load_protocol(&w);
        world_settle(&w);
        memset(&told, 0, sizeof(told));
        memset(requests, 0, sizeof(requests));
        memcpy(answers, statuses, sizeof(answers));
        answer_count = 0;
        miniport.on_oid = answer_in_order;
        for (unsigned i = 0; i < 3; i++) {
            requests[i].value = values[i];
        }
        world_as_driver(&w, ask_all, &oid);
        world_settle(&w);
        assert_int_equal(answer_count, 3);
        found = query_ulong(client, oid);
        if (found != left) {
            fail_msg("%#x is left, not %#x (seed %u)", found, left, seed);
        }
        world_close(&w);
    }
}

enum { OK = NDIS_STATUS_SUCCESS };

/* Of sets under way together each that is refused gives way to what was accepted last, unless it
 * is not the latest. */
static void
a_refused_set_leaves_what_was_set_after_it(void **state)
{
    const NDIS_STATUS no = NDIS_STATUS_NOT_ACCEPTED;
    const ULONG filters[] = {NDIS_PACKET_TYPE_DIRECTED, NDIS_PACKET_TYPE_BROADCAST,
                             NDIS_PACKET_TYPE_MULTICAST};
    const ULONG lookaheads[] = {100, 200, 300};
    const struct {
        NDIS_STATUS statuses[3];
        int left; /* Which of the values; -1: what was before. */
    } cases[] = {
        {{OK, OK, OK}, 2}, {{no, OK, OK}, 2}, {{OK, no, OK}, 2}, {{OK, OK, no}, 1},
        {{no, OK, no}, 1}, {{OK, no, no}, 0}, {{no, no, OK}, 2}, {{no, no, no}, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int left = cases[i].left;

        sets_leave(OID_GEN_CURRENT_PACKET_FILTER, filters, cases[i].statuses,
                   left < 0 ? 0 : filters[left]);
        /* Without any lookahead of a binding the answer is what the adapter has. */
        sets_leave(OID_GEN_CURRENT_LOOKAHEAD, lookaheads, cases[i].statuses,
                   left < 0 ? PORT_MTU : lookaheads[left]);
    }
}

/* A set back to what the miniport has is asked for as well while another is under way. */
static void
a_set_behind_one_under_way_reaches_the_miniport(void **state)
{
    const ULONG filters[] = {NDIS_PACKET_TYPE_DIRECTED, 0, NDIS_PACKET_TYPE_DIRECTED};
    const NDIS_STATUS statuses[3] = {OK, OK, OK};

    (void)state;
    sets_leave(OID_GEN_CURRENT_PACKET_FILTER, filters, statuses, NDIS_PACKET_TYPE_DIRECTED);
    assert_int_equal(told.filter, NDIS_PACKET_TYPE_DIRECTED);
}

/* --- lengths --- */

static void
sets_of_another_length_are_refused(void **state)
{
    static const struct {
        NDIS_OID oid;
        size_t bytes;
    } lengths[] = {
        {OID_GEN_CURRENT_PACKET_FILTER, 0},
        {OID_GEN_CURRENT_PACKET_FILTER, 3},
        {OID_GEN_CURRENT_LOOKAHEAD, 0},
        {OID_GEN_CURRENT_LOOKAHEAD, 2},
        {OID_802_3_MULTICAST_LIST, 1},
        {OID_802_3_MULTICAST_LIST, 7},
        {OID_802_3_ADD_MULTICAST_ADDRESS, 0},
        {OID_802_3_ADD_MULTICAST_ADDRESS, 5},
        {OID_802_3_ADD_MULTICAST_ADDRESS, 12},
        {OID_802_3_DELETE_MULTICAST_ADDRESS, 0},
        {OID_802_3_DELETE_MULTICAST_ADDRESS, 12},
    };
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint8_t *exact = calloc(1, lengths[i].bytes + 1);
        int status;

        exact[0] = 1;
        status = set(p.a, lengths[i].oid, exact, lengths[i].bytes);
        if (status != (int)NDIS_STATUS_INVALID_LENGTH &&
            status != (int)NDIS_STATUS_BUFFER_TOO_SHORT) {
            fail_msg("%#x with %zu bytes: %#x", lengths[i].oid, lengths[i].bytes, status);
        }
        free(exact);
    }
    assert_int_equal(told.sets, 0);
    world_close(&p.w);
}

/* --- multicast list --- */

static const char one[] = "\x01\x00\x5e\x00\x00\x01";
static const char two[] = "\x01\x00\x5e\x00\x00\x02";
static const char four_of_them[] = "\x01\x00\x5e\x00\x00\x03\x01\x00\x5e\x00\x00\x04"
                                   "\x01\x00\x5e\x00\x00\x05\x01\x00\x5e\x00\x00\x06";

static bool
told_address(const char *address)
{
    unsigned times = 0;

    for (ULONG at = 0; at < told.multicast_bytes; at += ADDRESS) {
        times += memcmp(told.multicast + at, address, ADDRESS) == 0;
    }
    return times == 1;
}

static size_t
query_list(struct pndis_client *client, uint8_t *list, size_t room)
{
    size_t bytes = ~(size_t)0;

    assert_int_equal(pndis_client_query(client, OID_802_3_MULTICAST_LIST, list, room, &bytes, NULL),
                     0);
    return bytes;
}

static void
the_miniport_gets_the_union_of_all_lists(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        char twice[3 * ADDRESS];
        uint8_t list[64];
        struct pair p;

        memcpy(twice, one, ADDRESS);
        memcpy(twice + ADDRESS, two, ADDRESS);
        memcpy(twice + 2 * ADDRESS, one, ADDRESS);
        given_two_clients(&p, seed);
        assert_int_equal(set(p.a, OID_802_3_MULTICAST_LIST, one, ADDRESS), 0);
        expect(&p.w, told.multicast_bytes == ADDRESS && told_address(one));
        /* "NDIS removes the duplicates." */
        assert_int_equal(set(p.b, OID_802_3_MULTICAST_LIST, twice, sizeof(twice)), 0);
        expect(&p.w, told.multicast_bytes == 2 * ADDRESS && told_address(one) && told_address(two));
        /* "For a query request, NDIS returns [...] the union of all multicast address lists." */
        assert_int_equal(query_list(p.a, list, sizeof(list)), 2 * ADDRESS);
        assert_int_equal(set(p.b, OID_802_3_MULTICAST_LIST, NULL, 0), 0);
        expect(&p.w, told.multicast_bytes == ADDRESS && told_address(one));
        expect(&p.w, pndis_client_close(p.a) == 0);
        expect(&p.w, told.multicast_bytes == 0);
        world_close(&p.w);
    }
}

static void
a_list_that_is_too_long_is_full(void **state)
{
    char five[5 * ADDRESS];
    uint8_t list[64];
    struct pair p;

    (void)state;
    memcpy(five, four_of_them, 4 * ADDRESS);
    memcpy(five + 4 * ADDRESS, one, ADDRESS);
    given_two_clients(&p, 0);
    assert_int_equal(set(p.a, OID_802_3_MULTICAST_LIST, five, sizeof(five)),
                     NDIS_STATUS_MULTICAST_FULL);
    assert_int_equal(set(p.a, OID_802_3_MULTICAST_LIST, four_of_them, 4 * ADDRESS), 0);
    assert_int_equal(told.multicast_bytes, 4 * ADDRESS);
    /* "even if the number of elements in the list is less": the adapter's list is shared. */
    assert_int_equal(set(p.b, OID_802_3_MULTICAST_LIST, one, ADDRESS), NDIS_STATUS_MULTICAST_FULL);
    assert_int_equal(set(p.b, OID_802_3_ADD_MULTICAST_ADDRESS, one, ADDRESS),
                     NDIS_STATUS_MULTICAST_FULL);
    assert_int_equal(query_list(p.b, list, sizeof(list)), 4 * ADDRESS);
    /* What is there already needs no room. */
    assert_int_equal(set(p.b, OID_802_3_MULTICAST_LIST, four_of_them, ADDRESS), 0);
    world_close(&p.w);
}

/* "or if it specifies an invalid multicast address." */
static void
an_address_of_one_station_is_no_multicast_address(void **state)
{
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    assert_int_equal(set(p.a, OID_802_3_MULTICAST_LIST, "\x02\x00\x00\x00\x00\x01", ADDRESS),
                     NDIS_STATUS_MULTICAST_FULL);
    assert_int_equal(set(p.a, OID_802_3_ADD_MULTICAST_ADDRESS, "\x02\x00\x00\x00\x00\x01", ADDRESS),
                     NDIS_STATUS_MULTICAST_FULL);
    assert_int_equal(told.sets, 0);
    world_close(&p.w);
}

/* "The overlying driver must delete the address the same number of times that it added it." */
static void
an_address_added_twice_is_deleted_twice(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pair p;

        given_two_clients(&p, seed);
        for (unsigned i = 0; i < 2 * LIST_LIMIT; i++) {
            assert_int_equal(set(p.a, OID_802_3_ADD_MULTICAST_ADDRESS, one, ADDRESS), 0);
        }
        expect(&p.w, told.multicast_bytes == ADDRESS && told_address(one));
        for (unsigned i = 1; i < 2 * LIST_LIMIT; i++) {
            assert_int_equal(set(p.a, OID_802_3_DELETE_MULTICAST_ADDRESS, one, ADDRESS), 0);
            expect(&p.w, told.multicast_bytes == ADDRESS);
        }
        assert_int_equal(set(p.a, OID_802_3_DELETE_MULTICAST_ADDRESS, one, ADDRESS), 0);
        expect(&p.w, told.multicast_bytes == 0);
        assert_int_not_equal(set(p.a, OID_802_3_DELETE_MULTICAST_ADDRESS, one, ADDRESS), 0);
        world_close(&p.w);
    }
}

static void
a_list_the_miniport_refuses_is_not_kept(void **state)
{
    uint8_t list[64];
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    assert_int_equal(set(p.a, OID_802_3_MULTICAST_LIST, one, ADDRESS), 0);
    told.status = NDIS_STATUS_RESOURCES;
    assert_int_equal(set(p.a, OID_802_3_MULTICAST_LIST, two, ADDRESS), NDIS_STATUS_RESOURCES);
    told.status = NDIS_STATUS_SUCCESS;
    assert_int_equal(query_list(p.a, list, sizeof(list)), ADDRESS);
    assert_memory_equal(list, one, ADDRESS);
    world_close(&p.w);
}

/* --- lookahead --- */

/* "For a query, NDIS returns the largest lookahead size from among all the bindings." */
static void
the_largest_lookahead_counts(void **state)
{
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    assert_int_equal(set_ulong(p.a, OID_GEN_CURRENT_LOOKAHEAD, 200), 0);
    assert_int_equal(told.lookahead, 200);
    assert_int_equal(set_ulong(p.b, OID_GEN_CURRENT_LOOKAHEAD, 100), 0);
    assert_int_equal(told.lookahead, 200);
    assert_int_equal(query_ulong(p.b, OID_GEN_CURRENT_LOOKAHEAD), 200);
    /* "NDIS handles [...] unsuccessful set requests." */
    told.sets = 0;
    assert_int_not_equal(set_ulong(p.b, OID_GEN_CURRENT_LOOKAHEAD, PORT_MTU + 1), 0);
    assert_int_equal(told.sets, 0);
    assert_int_equal(query_ulong(p.a, OID_GEN_CURRENT_LOOKAHEAD), 200);
    world_close(&p.w);
}

/* --- no alignment is asked of buffers --- */

static void
buffers_need_no_alignment(void **state)
{
    union {
        ULONG64 aligned;
        uint8_t bytes[16];
    } memory = {0};
    const ULONG filter = NDIS_PACKET_TYPE_DIRECTED;
    const ULONG lookahead = 64;
    struct pair p;

    (void)state;
    given_two_clients(&p, 0);
    memcpy(memory.bytes + 1, &filter, sizeof(filter));
    assert_int_equal(set(p.a, OID_GEN_CURRENT_PACKET_FILTER, memory.bytes + 1, sizeof(filter)), 0);
    assert_int_equal(told.filter, filter);
    memcpy(memory.bytes + 1, &lookahead, sizeof(lookahead));
    assert_int_equal(set(p.a, OID_GEN_CURRENT_LOOKAHEAD, memory.bytes + 1, sizeof(lookahead)), 0);
    assert_int_equal(told.lookahead, lookahead);
    world_close(&p.w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_miniport_gets_all_filters_together),
        cmocka_unit_test(a_query_returns_all_filters_together),
        cmocka_unit_test(each_binding_receives_by_its_own_filter),
        cmocka_unit_test(a_filter_the_miniport_does_not_have_is_refused),
        cmocka_unit_test(a_filter_the_miniport_refuses_is_not_kept),
        cmocka_unit_test(a_refused_set_leaves_what_was_set_after_it),
        cmocka_unit_test(a_set_behind_one_under_way_reaches_the_miniport),
        cmocka_unit_test(sets_of_another_length_are_refused),
        cmocka_unit_test(the_miniport_gets_the_union_of_all_lists),
        cmocka_unit_test(a_list_that_is_too_long_is_full),
        cmocka_unit_test(an_address_of_one_station_is_no_multicast_address),
        cmocka_unit_test(an_address_added_twice_is_deleted_twice),
        cmocka_unit_test(a_list_the_miniport_refuses_is_not_kept),
        cmocka_unit_test(the_largest_lookahead_counts),
        cmocka_unit_test(buffers_need_no_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
