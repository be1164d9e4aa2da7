/*
 * The Timeout of a request, in seconds ("NDIS_OID_REQUEST structure"): what the miniport has then
 * is cancelled ("MINIPORT_CANCEL_OID_REQUEST callback function"), what waits is aborted. Of direct
 * requests NDIS leaves it to their miniport ("MINIPORT_CANCEL_DIRECT_OID_REQUEST").
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 20, LATE = 100 };

static const uint64_t second_ns = 1000000000;

/* A request and what became of it. */
struct asked {
    NDIS_OID_REQUEST request;
    NDIS_STATUS returned;
    NDIS_STATUS completed;
    unsigned completions;
    ULONG value;
};

static struct {
    unsigned cancels;
    KIRQL level;
    PVOID id;
} seen;

static struct asked asked[2];
static MINIPORT_CANCEL_OID_REQUEST_HANDLER cancel_in_port;
static bool ignores_cancels;

/* What drivers count the test reads at any time; what else they note comes before. */
#define SEEN(counter) __atomic_load_n(&(counter), __ATOMIC_SEQ_CST)

static void
saw(unsigned *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static VOID
note_completion(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    struct asked *completed = CONTAINING_RECORD(request, struct asked, request);

    (void)context;
    if (request->RequestId == NULL) { /* Of the fixture, which waits. */
        opening_answer(request, status);
        return;
    }
    completed->completed = status;
    saw(&completed->completions);
}

static void
with_note(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->OidRequestCompleteHandler = note_completion;
    characteristics->DirectOidRequestCompleteHandler = note_completion;
}

static VOID
see_cancel(NDIS_HANDLE context, PVOID id)
{
    seen.level = KeGetCurrentIrql();
    seen.id = id;
    saw(&seen.cancels);
    if (!ignores_cancels) {
        cancel_in_port(context, id);
    }
}

static NDIS_STATUS
pend_direct(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    (void)context;
    (void)request;
    return NDIS_STATUS_PENDING;
}

static void
with_cancel(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    cancel_in_port = characteristics->CancelOidRequestHandler;
    characteristics->CancelOidRequestHandler = see_cancel;
    characteristics->DirectOidRequestHandler = pend_direct;
    characteristics->CancelDirectOidRequestHandler = see_cancel;
}

static void
asked_init(struct asked *it, ULONG timeout_seconds)
{
    memset(it, 0, sizeof(*it));
    it->request.Header =
        (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                             NDIS_SIZEOF_OID_REQUEST_REVISION_1};
    it->request.RequestType = NdisRequestQueryInformation;
    it->request.RequestId = it;
    it->request.Timeout = timeout_seconds;
    it->request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    it->request.DATA.QUERY_INFORMATION.InformationBuffer = &it->value;
    it->request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(it->value);
}

static void
ask(void *argument)
{
    struct asked *it = argument;

    it->returned = NdisOidRequest(opening_latest()->handle, &it->request);
}

static void
ask_directly(void *argument)
{
    struct asked *it = argument;

    it->returned = NdisDirectOidRequest(opening_latest()->handle, &it->request);
}

static void
complete(void *argument)
{
    struct port *port = port_latest();
    PNDIS_OID_REQUEST request = port->request;

    (void)argument;
    port->request = NULL;
    NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_SUCCESS);
}

static void
complete_directly(void *argument)
{
    NdisMDirectOidRequestComplete(port_latest()->handle, &((struct asked *)argument)->request,
                                  NDIS_STATUS_SUCCESS);
}

static void
pass(struct world *w, uint64_t tenths)
{
    expect(w, pndis_machine_run(w->machine, tenths * (second_ns / 10)) == 0);
}

/* The first request has been with the miniport for a moment. */
static void
given_pending(struct world *w, ULONG timeout_seconds)
{
    asked_init(&asked[0], timeout_seconds);
    world_as_driver(w, ask, &asked[0]);
    world_settle(w);
    expect(w, asked[0].returned == NDIS_STATUS_PENDING && SEEN(asked[0].completions) == 0);
}

static void
under_seeds(void (*test)(struct world *w))
{
    /* Seconds are seconds on live. */
    for (uint64_t seed = 0; seed < (world_is_live() ? 1 : world_seeds(SEEDS)); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        memset(&seen, 0, sizeof(seen));
        ignores_cancels = false;
        miniport.check_for_hang_seconds = LATE; /* It does not come into this. */
        miniport.edit_characteristics = with_cancel;
        protocol.edit_characteristics = with_note;
        world_open(&w, seed);
        world_add_adapter(&w);
        world_load_protocol(&w);
        world_settle(&w);
        miniport.oid = BY_HAND;
        test(&w);
        miniport.oid = AT_ONCE;
        world_close(&w);
    }
}

static void
on_sim_only(void)
{
    if (world_is_live()) {
        skip();
    }
}

/* --- with the miniport --- */

static void
held(struct world *w)
{
    given_pending(w, 1);
    pass(w, 8);
    expect(w, SEEN(seen.cancels) == 0 && SEEN(asked[0].completions) == 0);
    pass(w, 4);
    expect(w, SEEN(seen.cancels) == 1 && seen.id == &asked[0] && seen.level <= DISPATCH_LEVEL);
    expect(w, SEEN(asked[0].completions) == 1 && asked[0].completed == NDIS_STATUS_REQUEST_ABORTED);
}

static void
what_the_miniport_holds_too_long_is_cancelled(void **state)
{
    (void)state;
    under_seeds(held);
}

static void
held_on(struct world *w)
{
    ignores_cancels = true;
    given_pending(w, 1);
    pass(w, 40);
    expect(w, SEEN(seen.cancels) == 1 && SEEN(asked[0].completions) == 0);
    world_as_driver(w, complete, NULL);
    expect(w, SEEN(asked[0].completions) == 1 && asked[0].completed == NDIS_STATUS_SUCCESS);
    pass(w, 20);
    expect(w, SEEN(seen.cancels) == 1);
}

/* "Should attempt to call NdisMOidRequestComplete as soon as possible": it is told once. */
static void
a_miniport_that_does_not_heed_it_is_told_once(void **state)
{
    (void)state;
    on_sim_only();
    under_seeds(held_on);
}

static void
in_time(struct world *w)
{
    given_pending(w, 1);
    world_as_driver(w, complete, NULL);
    expect(w, SEEN(asked[0].completions) == 1 && asked[0].completed == NDIS_STATUS_SUCCESS);
    given_pending(w, 3); /* Another, in the same place, with a time of its own. */
    pass(w, 20);
    expect(w, SEEN(seen.cancels) == 0 && SEEN(asked[0].completions) == 0);
    pass(w, 15);
    expect(w, SEEN(seen.cancels) == 1 && asked[0].completed == NDIS_STATUS_REQUEST_ABORTED);
}

static void
what_is_completed_in_time_is_not_cancelled(void **state)
{
    (void)state;
    on_sim_only();
    under_seeds(in_time);
}

static void
for_ever(struct world *w)
{
    given_pending(w, 0);
    pass(w, 300);
    expect(w, SEEN(seen.cancels) == 0 && SEEN(asked[0].completions) == 0);
    world_as_driver(w, complete, NULL);
}

static void
a_timeout_of_zero_is_none(void **state)
{
    (void)state;
    on_sim_only();
    under_seeds(for_ever);
}

/* --- in the queue --- */

static void
queued(struct world *w)
{
    unsigned oids;

    given_pending(w, 0);
    oids = port_latest()->oids;
    asked_init(&asked[1], 1);
    world_as_driver(w, ask, &asked[1]);
    pass(w, 8);
    expect(w, asked[1].returned == NDIS_STATUS_PENDING && SEEN(asked[1].completions) == 0);
    pass(w, 4);
    expect(w, SEEN(asked[1].completions) == 1 && asked[1].completed == NDIS_STATUS_REQUEST_ABORTED);
    expect(w, SEEN(seen.cancels) == 0 && SEEN(asked[0].completions) == 0);
    world_as_driver(w, complete, NULL);
    world_settle(w);
    expect(w, port_latest()->oids == oids && SEEN(asked[0].completions) == 1);
}

static void
what_waits_too_long_is_aborted_and_the_miniport_does_not_see_it(void **state)
{
    (void)state;
    under_seeds(queued);
}

static void
handed_down_late(struct world *w)
{
    given_pending(w, 0);
    asked_init(&asked[1], 1);
    world_as_driver(w, ask, &asked[1]);
    pass(w, 5);
    world_as_driver(w, complete, NULL);
    pass(w, 2);
    expect(w, port_latest()->request == &asked[1].request);
    pass(w, 5);
    expect(w, SEEN(seen.cancels) == 1 && seen.id == &asked[1] && SEEN(asked[1].completions) == 1);
}

static void
the_time_in_the_queue_counts(void **state)
{
    (void)state;
    under_seeds(handed_down_late);
}

/* --- direct ones --- */

static void
direct(struct world *w)
{
    asked_init(&asked[0], 1);
    world_as_driver(w, ask_directly, &asked[0]);
    expect(w, asked[0].returned == NDIS_STATUS_PENDING);
    pass(w, 20);
    expect(w, SEEN(seen.cancels) == 0 && SEEN(asked[0].completions) == 0);
    world_as_driver(w, complete_directly, &asked[0]);
    expect(w, SEEN(asked[0].completions) == 1);
}

static void
a_direct_request_is_not_cancelled(void **state)
{
    (void)state;
    under_seeds(direct);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_miniport_holds_too_long_is_cancelled),
        cmocka_unit_test(a_miniport_that_does_not_heed_it_is_told_once),
        cmocka_unit_test(what_is_completed_in_time_is_not_cancelled),
        cmocka_unit_test(a_timeout_of_zero_is_none),
        cmocka_unit_test(what_waits_too_long_is_aborted_and_the_miniport_does_not_see_it),
        cmocka_unit_test(the_time_in_the_queue_counts),
        cmocka_unit_test(a_direct_request_is_not_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
