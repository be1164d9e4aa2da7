/*
 * Closing a binding and completing its unbind: "NdisCloseAdapterEx", "NdisCompleteUnbindAdapterEx",
 * PROTOCOL_UNBIND_ADAPTER_EX.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 20 };

static UNBIND_HANDLER_EX correct_unbind;
static UNBIND_HANDLER_EX unbind;
static OID_REQUEST_COMPLETE_HANDLER correct_completion;

static struct {
    NDIS_OID_REQUEST request;
    ULONG value;
    NDIS_STATUS asked;
    NDIS_STATUS closed;
    NDIS_STATUS completed;
    bool completed_before_closed;
} seen;

static VOID
request_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    struct opening *opening = context;

    if (request != &seen.request) {
        correct_completion(context, request, status);
        return;
    }
    seen.completed = status;
    seen.completed_before_closed = KeReadStateEvent(&opening->opened) == 0;
}

/* The handler of the test in hand. */
static NDIS_STATUS
call_unbind(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    return unbind(unbind_context, context);
}

static void
edit(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    correct_unbind = characteristics->UnbindAdapterHandlerEx;
    correct_completion = characteristics->OidRequestCompleteHandler;
    characteristics->UnbindAdapterHandlerEx = call_unbind;
    characteristics->OidRequestCompleteHandler = request_complete;
}

static void
given_bound(struct world *w, uint64_t seed, UNBIND_HANDLER_EX unbind_handler)
{
    miniport_reset();
    protocol_reset();
    memset(&seen, 0, sizeof(seen));
    unbind = unbind_handler;
    protocol.edit_characteristics = edit;
    world_open(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

/* The stack comes up again, and goes without a fault when the driver does it right. */
static void
recovers(struct world *w)
{
    unbind = correct_unbind;
    expect(w, pndis_adapter_start(w->adapter) == 0);
    world_settle(w);
    expect_state(w, "Running");
    world_close(w);
}

/* --- closing --- */

static void
ask(struct opening *opening)
{
    seen.request.Header =
        (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                             NDIS_SIZEOF_OID_REQUEST_REVISION_1};
    seen.request.RequestType = NdisRequestQueryInformation;
    seen.request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    seen.request.DATA.QUERY_INFORMATION.InformationBuffer = &seen.value;
    seen.request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(seen.value);
    seen.asked = NdisOidRequest(opening->handle, &seen.request);
}

static NDIS_STATUS
close_with_a_request_out(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    struct opening *opening = context;
    struct port *port = port_latest();

    miniport.oid = BY_HAND;
    ask(opening);
    while (__atomic_load_n(&port->request, __ATOMIC_SEQ_CST) == NULL) {
        NdisMSleep(10); /* It may reach the miniport on another thread. */
    }
    KeClearEvent(&opening->opened);
    seen.closed = NdisCloseAdapterEx(opening->handle);
    opening->handle = NULL;
    miniport.oid = AT_ONCE;
    NdisMOidRequestComplete(port->handle, port->request, NDIS_STATUS_FAILURE);
    KeWaitForSingleObject(&opening->opened, Executive, KernelMode, FALSE, NULL);
    return correct_unbind(unbind_context, context);
}

/*
 * BD_CLOSE_1, "NdisCloseAdapterEx": what is outstanding has to be complete. The driver gets it back
 * all the same, and before ProtocolCloseAdapterCompleteEx.
 */
static void
a_binding_is_closed_when_its_requests_are_back(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_bound(&w, seed, close_with_a_request_out);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, seen.asked == NDIS_STATUS_PENDING && seen.closed == NDIS_STATUS_PENDING);
        expect(&w, seen.completed == NDIS_STATUS_FAILURE && seen.completed_before_closed);
        world_expect_violation_of(&w, "BD_CLOSE_1", "0 sends, 1 requests and 0 receives", "");
        recovers(&w);
    }
}

/* --- completing an unbind --- */

static NDIS_STATUS
complete_twice(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    correct_unbind(unbind_context, context);
    NdisCompleteUnbindAdapterEx(unbind_context);
    NdisCompleteUnbindAdapterEx(unbind_context);
    return NDIS_STATUS_PENDING;
}

static NDIS_STATUS
complete_and_return(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    NDIS_STATUS status = correct_unbind(unbind_context, context);

    NdisCompleteUnbindAdapterEx(unbind_context);
    return status;
}

/* BD_UNBIND_4, "NdisCompleteUnbindAdapterEx". */
static void
an_unbind_is_completed_once(void **state)
{
    static const UNBIND_HANDLER_EX wrong[] = {complete_twice, complete_and_return};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
            struct world w;

            given_bound(&w, seed, wrong[i]);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            expect(&w, pndis_violation_count(w.machine) == 1);
            world_expect_violation(&w, "BD_UNBIND_4");
            expect_state(&w, "Halted");
            recovers(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binding_is_closed_when_its_requests_are_back),
        cmocka_unit_test(an_unbind_is_completed_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
