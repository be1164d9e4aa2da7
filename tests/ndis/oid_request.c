/* OID requests of protocol drivers: the queue, completion, cancellation, the states they flow in.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 40, MANY = 5 };

/* A request and what became of it. */
struct asked {
    NDIS_OID_REQUEST request;
    NDIS_STATUS returned;
    NDIS_STATUS completed;
    unsigned completions;
    uint8_t buffer[32];
};

static struct {
    struct asked *order[64]; /* As they were completed. */
    unsigned completed;
} seen;

static VOID
note_completion(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    struct asked *asked = CONTAINING_RECORD(request, struct asked, request);

    (void)context;
    if (request->RequestId == NULL) { /* Of the fixture, which waits. */
        opening_answer(request, status);
        return;
    }
    asked->completed = status;
    asked->completions++;
    seen.order[seen.completed++ % 64] = asked;
}

static void
with_note(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->OidRequestCompleteHandler = note_completion;
}

static void
asked_init(struct asked *asked, NDIS_REQUEST_TYPE type, NDIS_OID oid)
{
    memset(asked, 0, sizeof(*asked));
    asked->request.Header =
        (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                             NDIS_SIZEOF_OID_REQUEST_REVISION_1};
    asked->request.RequestType = type;
    asked->request.RequestId = asked;
    asked->request.DATA.QUERY_INFORMATION.Oid = oid;
    asked->request.DATA.QUERY_INFORMATION.InformationBuffer = asked->buffer;
    asked->request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(asked->buffer);
}

static void
ask(void *argument)
{
    struct asked *asked = argument;

    asked->returned = NdisOidRequest(opening_latest()->handle, &asked->request);
}

static bool
is_done(const struct asked *asked)
{
    return asked->returned == NDIS_STATUS_PENDING ? asked->completions == 1
                                                  : asked->completions == 0;
}

static NDIS_STATUS
status_of(const struct asked *asked)
{
    return asked->returned == NDIS_STATUS_PENDING ? asked->completed : asked->returned;
}

static void
given_binding(struct world *w, uint64_t seed)
{
    miniport_reset();
    protocol_reset();
    memset(&seen, 0, sizeof(seen));
    protocol.edit_characteristics = with_note;
    world_open(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

static void
complete_held(void *argument)
{
    NDIS_STATUS *status = argument;
    struct port *port = port_latest();
    PNDIS_OID_REQUEST request = port->request;

    port->request = NULL;
    NdisMOidRequestComplete(port->handle, request, *status);
}

/* --- one at a time --- */

static void
the_miniport_has_one_request_at_a_time(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS success = NDIS_STATUS_SUCCESS;
        struct asked asked[MANY];
        unsigned before;
        struct world w;

        given_binding(&w, seed);
        before = port_latest()->oids;
        miniport.oid = BY_HAND;
        for (unsigned i = 0; i < MANY; i++) {
            asked_init(&asked[i], NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
            world_as_driver(&w, ask, &asked[i]);
            expect(&w, asked[i].returned == NDIS_STATUS_PENDING);
        }
        for (unsigned i = 0; i < MANY; i++) {
            world_settle(&w);
            expect(&w, port_latest()->oids == before + i + 1);
            expect(&w, port_latest()->request == &asked[i].request);
            world_as_driver(&w, complete_held, &success);
        }
        world_settle(&w);
        for (unsigned i = 0; i < MANY; i++) {
            expect(&w, seen.order[i] == &asked[i]);
            expect(&w, asked[i].completions == 1 && asked[i].completed == NDIS_STATUS_SUCCESS);
        }
        miniport.oid = AT_ONCE;
        world_close(&w);
    }
}

static NDIS_STATUS answer_status;
static KIRQL answer_irql;

static NDIS_STATUS
answer(struct port *port, PNDIS_OID_REQUEST request)
{
    static const ULONG value = 0x01020304;

    (void)port;
    if (request->DATA.QUERY_INFORMATION.Oid != OID_GEN_VENDOR_ID) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    answer_irql = KeGetCurrentIrql();
    if (answer_status == NDIS_STATUS_SUCCESS) {
        memcpy(request->DATA.QUERY_INFORMATION.InformationBuffer, &value, sizeof(value));
        request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(value);
    } else {
        request->DATA.QUERY_INFORMATION.BytesNeeded = 99;
    }
    return answer_status;
}

/* Whatever the way, the requester sees the miniport's status and counts, once. */
static void
every_answer_comes_back_once(void **state)
{
    static const NDIS_STATUS statuses[] = {
        NDIS_STATUS_SUCCESS,      NDIS_STATUS_INVALID_OID,       NDIS_STATUS_NOT_SUPPORTED,
        NDIS_STATUS_INVALID_DATA, NDIS_STATUS_BUFFER_TOO_SHORT,  NDIS_STATUS_INVALID_LENGTH,
        NDIS_STATUS_NOT_ACCEPTED, NDIS_STATUS_REQUEST_ABORTED,   NDIS_STATUS_RESOURCES,
        NDIS_STATUS_FAILURE,      NDIS_STATUS_RESET_IN_PROGRESS,
    };

    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
            for (unsigned seed = 0; seed < (world_is_live() ? 1 : world_seeds(4)); seed++) {
                struct asked asked;
                struct world w;

                given_binding(&w, seed);
                miniport.on_oid = answer;
                miniport.oid = when;
                answer_status = statuses[i];
                asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
                world_as_driver(&w, ask, &asked);
                world_settle(&w);
                expect(&w, is_done(&asked));
                expect(&w, status_of(&asked) == statuses[i]);
                expect(&w, statuses[i] == NDIS_STATUS_SUCCESS
                               ? asked.request.DATA.QUERY_INFORMATION.BytesWritten == 4
                               : asked.request.DATA.QUERY_INFORMATION.BytesNeeded == 99);
                world_close(&w);
            }
        }
    }
}

static void
ask_at_dispatch_level(void *argument)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    ask(argument);
    KeLowerIrql(irql);
}

/* MiniportOidRequest is called at PASSIVE_LEVEL, NdisOidRequest up to DISPATCH_LEVEL. */
static void
a_request_made_at_dispatch_level_is_handed_down_below_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct asked asked;
        struct world w;

        given_binding(&w, seed);
        miniport.on_oid = answer;
        answer_status = NDIS_STATUS_SUCCESS;
        answer_irql = HIGH_LEVEL;
        asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
        world_as_driver(&w, ask_at_dispatch_level, &asked);
        world_settle(&w);
        expect(&w, asked.returned == NDIS_STATUS_PENDING && asked.completions == 1);
        expect(&w, answer_irql == PASSIVE_LEVEL);
        world_close(&w);
    }
}

/* --- method requests --- */

static NDIS_STATUS
reverse(struct port *port, PNDIS_OID_REQUEST request)
{
    struct _METHOD *method = (struct _METHOD *)&request->DATA.METHOD_INFORMATION;
    UCHAR *bytes = method->InformationBuffer;

    (void)port;
    if (request->RequestType != NdisRequestMethod) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    for (ULONG i = 0; i < method->InputBufferLength / 2; i++) {
        UCHAR swap = bytes[i];

        bytes[i] = bytes[method->InputBufferLength - 1 - i];
        bytes[method->InputBufferLength - 1 - i] = swap;
    }
    method->BytesRead = method->InputBufferLength;
    method->BytesWritten = method->InputBufferLength;
    return NDIS_STATUS_SUCCESS;
}

static void
a_method_has_input_and_output(void **state)
{
    char text[16] = "abcdef";
    size_t bytes = 0;
    int status = -1;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    miniport.on_oid = reverse;
    world_add_client(&w);
    expect(&w, pndis_client_method(w.client, OID_GEN_VENDOR_DESCRIPTION, text, 6, sizeof(text),
                                   &bytes, &status) == 0);
    assert_int_equal(status, 0);
    assert_int_equal(bytes, 6);
    assert_memory_equal(text, "fedcba", 6);
    world_close(&w);
}

/* --- malformed requests --- */

static void
refused(struct world *w, struct asked *asked, const char *rule)
{
    unsigned before = port_latest()->oids;

    world_as_driver(w, ask, asked);
    world_settle(w);
    expect(w, asked->returned != NDIS_STATUS_SUCCESS && asked->returned != NDIS_STATUS_PENDING);
    expect(w, asked->completions == 0);
    expect(w, port_latest()->oids == before);
    world_expect_violation(w, rule);
}

static void
malformed_requests_are_refused(void **state)
{
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 1, NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        {NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        {NDIS_OBJECT_TYPE_OID_REQUEST, 0, NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        {NDIS_OBJECT_TYPE_OID_REQUEST, 1, NDIS_SIZEOF_OID_REQUEST_REVISION_1 - 1},
        {NDIS_OBJECT_TYPE_OID_REQUEST, 2, NDIS_SIZEOF_OID_REQUEST_REVISION_1},
    };
    static const int types[] = {-1, NdisRequestOpen, NdisRequestClose, NdisRequestSend, 1000};
    struct asked asked;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
        asked.request.Header = headers[i];
        refused(&w, &asked, "OBJECT_HEADER");
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        asked_init(&asked, (NDIS_REQUEST_TYPE)types[i], OID_GEN_VENDOR_ID);
        refused(&w, &asked, "OID_REQUEST");
    }
    asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
    asked.request.DATA.QUERY_INFORMATION.InformationBuffer = NULL;
    refused(&w, &asked, "OID_REQUEST");
    asked_init(&asked, NdisRequestSetInformation, OID_GEN_LINK_PARAMETERS);
    asked.request.DATA.SET_INFORMATION.InformationBuffer = NULL;
    refused(&w, &asked, "OID_REQUEST");
    asked_init(&asked, NdisRequestMethod, OID_GEN_VENDOR_ID);
    asked.request.DATA.METHOD_INFORMATION.InformationBuffer = NULL;
    asked.request.DATA.METHOD_INFORMATION.InputBufferLength = 0;
    asked.request.DATA.METHOD_INFORMATION.OutputBufferLength = 8;
    refused(&w, &asked, "OID_REQUEST");
    asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
    world_as_driver(&w, ask, &asked);
    world_settle(&w);
    expect(&w, is_done(&asked) && status_of(&asked) == NDIS_STATUS_SUCCESS);
    world_close(&w);
}

/* --- a miniport that answers wrongly --- */

static NDIS_STATUS
complete_and_return(struct port *port, PNDIS_OID_REQUEST request)
{
    if (request->DATA.QUERY_INFORMATION.Oid != OID_GEN_VENDOR_ID) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_SUCCESS);
    return answer_status;
}

static void
a_request_completed_by_call_and_by_return_is_completed_once(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct asked asked;
        struct world w;

        given_binding(&w, seed);
        miniport.on_oid = complete_and_return;
        answer_status = NDIS_STATUS_SUCCESS;
        asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
        world_as_driver(&w, ask, &asked);
        world_settle(&w);
        expect(&w, is_done(&asked));
        world_expect_violation(&w, "OID_TWICE");
        world_close(&w);
    }
}

static void
complete_again(void *argument)
{
    NdisMOidRequestComplete(port_latest()->handle, argument, NDIS_STATUS_SUCCESS);
}

static void
a_request_is_not_completed_again(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS success = NDIS_STATUS_SUCCESS;
        static NDIS_OID_REQUEST nobodys;
        struct asked asked;
        struct world w;

        given_binding(&w, seed);
        miniport.oid = BY_HAND;
        asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
        world_as_driver(&w, ask, &asked);
        world_settle(&w);
        world_as_driver(&w, complete_again, &nobodys);
        world_expect_violation(&w, "OID_TWICE");
        world_as_driver(&w, complete_again, NULL);
        world_expect_violation(&w, "OID_TWICE");
        expect(&w, asked.completions == 0);
        world_as_driver(&w, complete_held, &success);
        world_settle(&w);
        expect(&w, asked.completions == 1);
        world_as_driver(&w, complete_again, &asked.request);
        world_expect_violation(&w, "OID_TWICE");
        expect(&w, asked.completions == 1);
        miniport.oid = AT_ONCE;
        world_close(&w);
    }
}

static void
a_request_is_not_completed_with_pending(void **state)
{
    NDIS_STATUS pending = NDIS_STATUS_PENDING;
    struct asked asked;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    miniport.oid = BY_HAND;
    asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
    world_as_driver(&w, ask, &asked);
    world_settle(&w);
    world_as_driver(&w, complete_held, &pending);
    world_settle(&w);
    world_expect_violation(&w, "OID_PENDING");
    expect(&w, asked.completions == 1 && asked.completed != NDIS_STATUS_PENDING);
    miniport.oid = AT_ONCE;
    world_close(&w);
}

static NDIS_STATUS
write_too_much(struct port *port, PNDIS_OID_REQUEST request)
{
    (void)port;
    if (request->DATA.QUERY_INFORMATION.Oid != OID_GEN_VENDOR_ID) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    request->DATA.QUERY_INFORMATION.BytesWritten =
        request->DATA.QUERY_INFORMATION.InformationBufferLength + 1;
    return NDIS_STATUS_SUCCESS;
}

/* Bug check 0x7C, parameter 0x1D: "BytesWritten beyond the buffer". */
static void
a_miniport_does_not_write_more_than_there_is_room(void **state)
{
    struct asked asked;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    miniport.on_oid = write_too_much;
    asked_init(&asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
    world_as_driver(&w, ask, &asked);
    world_settle(&w);
    expect(&w, is_done(&asked));
    world_expect_violation(&w, "BUFFER_LENGTH");
    expect(&w, asked.request.DATA.QUERY_INFORMATION.BytesWritten <= sizeof(asked.buffer));
    world_close(&w);
}

/* --- cancelling --- */

static void
cancel(void *argument)
{
    NdisCancelOidRequest(opening_latest()->handle, argument);
}

static void
what_waits_is_aborted_and_what_the_miniport_has_is_its_to_cancel(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct asked asked[3];
        struct world w;

        given_binding(&w, seed);
        miniport.oid = BY_HAND;
        for (unsigned i = 0; i < 3; i++) {
            asked_init(&asked[i], NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
            world_as_driver(&w, ask, &asked[i]);
        }
        world_settle(&w);
        world_as_driver(&w, cancel, &asked[1]);
        expect(&w, asked[1].completions == 1);
        expect(&w, asked[1].completed == NDIS_STATUS_REQUEST_ABORTED);
        expect(&w, port_latest()->cancels == 0);
        world_as_driver(&w, cancel, &w); /* Nobody's. */
        expect(&w, port_latest()->cancels == 0 && asked[0].completions == 0);
        world_as_driver(&w, cancel, &asked[0]);
        expect(&w, port_latest()->cancels == 1);
        expect(&w, asked[0].completed == NDIS_STATUS_REQUEST_ABORTED);
        world_settle(&w);
        expect(&w, port_latest()->request == &asked[2].request);
        world_as_driver(&w, cancel, &asked[2]);
        world_settle(&w);
        for (unsigned i = 0; i < 3; i++) {
            expect(&w, asked[i].completions == 1);
        }
        miniport.oid = AT_ONCE;
        world_close(&w);
    }
}

/* A set that NDIS combines over the bindings leaves nothing behind when it never gets to the
 * miniport: neither with NDIS nor, later, with the miniport. */
static void
a_cancelled_packet_filter_is_not_kept(void **state)
{
    const ULONG other = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_ALL_MULTICAST;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS success = NDIS_STATUS_SUCCESS;
        struct asked held;
        struct asked set;
        struct asked query;
        struct world w;
        ULONG before;
        ULONG after;

        given_binding(&w, seed);
        before = port_latest()->packet_filter;
        miniport.oid = BY_HAND;
        asked_init(&held, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
        world_as_driver(&w, ask, &held);
        asked_init(&set, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER);
        set.request.DATA.SET_INFORMATION.InformationBufferLength = sizeof(other);
        memcpy(set.buffer, &other, sizeof(other));
        world_as_driver(&w, ask, &set);
        expect(&w, set.returned == NDIS_STATUS_PENDING && set.completions == 0);
        world_as_driver(&w, cancel, &set);
        expect(&w, set.completed == NDIS_STATUS_REQUEST_ABORTED);
        asked_init(&query, NdisRequestQueryInformation, OID_GEN_CURRENT_PACKET_FILTER);
        world_as_driver(&w, ask, &query);
        memcpy(&after, query.buffer, sizeof(after));
        expect(&w, query.returned == NDIS_STATUS_SUCCESS && after == before);
        world_settle(&w);
        world_as_driver(&w, complete_held, &success);
        miniport.oid = AT_ONCE;
        world_settle(&w);
        expect(&w, port_latest()->packet_filter == before);
        world_close(&w);
    }
}

/* "This identifier specifies the NDIS_OID_REQUEST structures that are being canceled." */
static void
requests_with_the_same_id_are_cancelled_together(void **state)
{
    static const char id = 'i';

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct asked asked[4];
        struct world w;

        given_binding(&w, seed);
        miniport.oid = BY_HAND;
        for (unsigned i = 0; i < 4; i++) {
            asked_init(&asked[i], NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
            asked[i].request.RequestId = (PVOID)&id;
            world_as_driver(&w, ask, &asked[i]);
        }
        world_settle(&w);
        world_as_driver(&w, cancel, (void *)&id);
        world_settle(&w);
        for (unsigned i = 0; i < 4; i++) {
            expect(&w, asked[i].completions == 1);
            expect(&w, asked[i].completed == NDIS_STATUS_REQUEST_ABORTED);
        }
        miniport.oid = AT_ONCE;
        world_close(&w);
    }
}

/* --- states --- */

static NDIS_STATUS
ask_now(struct world *w, struct asked *asked)
{
    asked_init(asked, NdisRequestQueryInformation, OID_GEN_VENDOR_ID);
    world_as_driver(w, ask, asked);
    world_settle(w);
    expect(w, is_done(asked));
    return status_of(asked);
}

static void
complete_pause(void *argument)
{
    port_complete_pause(argument);
}

static void
requests_flow_while_the_adapter_is_paused(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct asked asked;
        struct world w;

        given_binding(&w, seed);
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        expect_state(&w, "Paused");
        expect(&w, ask_now(&w, &asked) == NDIS_STATUS_SUCCESS);
        expect(&w, pndis_adapter_restart(w.adapter) == 0);
        miniport.pause = BY_HAND;
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_PAUSE) == 0);
        expect_state(&w, "Pausing");
        expect(&w, ask_now(&w, &asked) == NDIS_STATUS_SUCCESS);
        world_as_driver(&w, complete_pause, port_latest());
        world_settle(&w);
        expect_state(&w, "Paused");
        miniport.pause = AT_ONCE;
        world_close(&w);
    }
}

static void
complete_reset_by_hand(void *argument)
{
    (void)argument;
    NdisMResetComplete(port_latest()->handle, NDIS_STATUS_SUCCESS, FALSE);
}

static void
start_reset(void *argument)
{
    (void)argument;
    NdisMResetMiniport(port_latest()->handle);
}

/* "It is currently resetting the affected NIC." */
static void
requests_are_refused_during_a_reset(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct asked asked;
        struct world w;

        given_binding(&w, seed);
        miniport.reset = BY_HAND;
        world_as_driver(&w, start_reset, NULL);
        world_settle(&w);
        expect(&w, port_latest()->resets == 1);
        expect(&w, ask_now(&w, &asked) == NDIS_STATUS_RESET_IN_PROGRESS);
        world_as_driver(&w, complete_reset_by_hand, NULL);
        world_settle(&w);
        expect(&w, ask_now(&w, &asked) == NDIS_STATUS_SUCCESS);
        miniport.reset = AT_ONCE;
        world_close(&w);
    }
}

static void
requests_are_refused_in_low_power(void **state)
{
    struct asked asked;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    expect(&w, pndis_adapter_set_power(w.adapter, 3) == 0);
    expect(&w, ask_now(&w, &asked) != NDIS_STATUS_SUCCESS);
    expect(&w, pndis_adapter_set_power(w.adapter, 0) == 0);
    expect(&w, ask_now(&w, &asked) == NDIS_STATUS_SUCCESS);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_miniport_has_one_request_at_a_time),
        cmocka_unit_test(every_answer_comes_back_once),
        cmocka_unit_test(a_request_made_at_dispatch_level_is_handed_down_below_it),
        cmocka_unit_test(a_method_has_input_and_output),
        cmocka_unit_test(malformed_requests_are_refused),
        cmocka_unit_test(a_request_completed_by_call_and_by_return_is_completed_once),
        cmocka_unit_test(a_request_is_not_completed_again),
        cmocka_unit_test(a_request_is_not_completed_with_pending),
        cmocka_unit_test(a_miniport_does_not_write_more_than_there_is_room),
        cmocka_unit_test(what_waits_is_aborted_and_what_the_miniport_has_is_its_to_cancel),
        cmocka_unit_test(a_cancelled_packet_filter_is_not_kept),
        cmocka_unit_test(requests_with_the_same_id_are_cancelled_together),
        cmocka_unit_test(requests_flow_while_the_adapter_is_paused),
        cmocka_unit_test(requests_are_refused_during_a_reset),
        cmocka_unit_test(requests_are_refused_in_low_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
