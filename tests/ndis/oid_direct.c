/*
 * Direct and synchronous OID requests, which pass the queue by, and cloned requests: "Direct OID
 * Requests", "Synchronous OID Request Interface in NDIS 6.80", "NdisAllocateCloneOidRequest".
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 40, MANY = 4 };

static struct {
    PNDIS_OID_REQUEST with_miniport[MANY];
    unsigned handed_down;
    unsigned cancels;
    KIRQL irql;
    bool pends;
    NDIS_STATUS status;
    PNDIS_OID_REQUEST completed[MANY];
    unsigned completions;
    NDIS_STATUS last_status;
} seen;

static NDIS_STATUS
direct_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    (void)context;
    seen.irql = KeGetCurrentIrql();
    seen.with_miniport[seen.handed_down++ % MANY] = request;
    return seen.pends ? NDIS_STATUS_PENDING : seen.status;
}

static VOID
cancel_direct_request(NDIS_HANDLE context, PVOID id)
{
    struct port *port = context;

    seen.cancels++;
    for (unsigned i = 0; i < MANY; i++) {
        PNDIS_OID_REQUEST request = seen.with_miniport[i];

        if (request != NULL && request->RequestId == id) {
            seen.with_miniport[i] = NULL;
            NdisMDirectOidRequestComplete(port->handle, request, NDIS_STATUS_REQUEST_ABORTED);
        }
    }
}

static NDIS_STATUS
synchronous_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    (void)context;
    seen.irql = KeGetCurrentIrql();
    seen.with_miniport[0] = request;
    seen.handed_down++;
    return seen.status;
}

static void
with_handlers(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3;
    characteristics->Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3;
    characteristics->MinorNdisVersion = 80;
    characteristics->DirectOidRequestHandler = direct_request;
    characteristics->CancelDirectOidRequestHandler = cancel_direct_request;
    characteristics->SynchronousOidRequestHandler = synchronous_request;
}

static VOID
direct_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    (void)context;
    seen.completed[seen.completions++ % MANY] = request;
    seen.last_status = status;
}

static void
with_completion(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->DirectOidRequestCompleteHandler = direct_complete;
}

static NDIS_OID_REQUEST requests[MANY];
static NDIS_STATUS returned[MANY];
static uint8_t information[MANY][16];

static void
requests_init(void)
{
    memset(requests, 0, sizeof(requests));
    for (unsigned i = 0; i < MANY; i++) {
        requests[i].Header =
            (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                                 NDIS_SIZEOF_OID_REQUEST_REVISION_1};
        requests[i].RequestType = NdisRequestQueryInformation;
        requests[i].RequestId = &requests[i];
        requests[i].DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
        requests[i].DATA.QUERY_INFORMATION.InformationBuffer = information[i];
        requests[i].DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(information[i]);
    }
}

static void
given_drivers(struct world *w, uint64_t seed,
              void (*edit_miniport)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics),
              void (*edit_protocol)(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics))
{
    miniport_reset();
    protocol_reset();
    memset(&seen, 0, sizeof(seen));
    requests_init();
    miniport.edit_characteristics = edit_miniport;
    protocol.edit_characteristics = edit_protocol;
    world_open(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

/* A binding whose drivers have all the handlers. */
static void
given_binding(struct world *w, uint64_t seed)
{
    given_drivers(w, seed, with_handlers, with_completion);
}

static void
ask_directly(void *argument)
{
    unsigned *index = argument;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    returned[*index] = NdisDirectOidRequest(opening_latest()->handle, &requests[*index]);
    KeLowerIrql(irql);
}

static void
ask_synchronously(void *argument)
{
    unsigned *index = argument;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    returned[*index] = NdisSynchronousOidRequest(opening_latest()->handle, &requests[*index]);
    KeLowerIrql(irql);
}

/* What was returned for a request that was made at DISPATCH_LEVEL. */
static NDIS_STATUS
directly(struct world *w, unsigned index)
{
    world_as_driver(w, ask_directly, &index);
    return returned[index];
}

static NDIS_STATUS
synchronously(struct world *w, unsigned index)
{
    world_as_driver(w, ask_synchronously, &index);
    return returned[index];
}

/* --- direct --- */

static void
a_direct_request_is_handed_down_at_its_callers_level(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    assert_int_equal(directly(&w, 0), NDIS_STATUS_SUCCESS);
    assert_int_equal(seen.irql, DISPATCH_LEVEL);
    assert_ptr_equal(seen.with_miniport[0], &requests[0]);
    seen.status = NDIS_STATUS_INVALID_DATA;
    assert_int_equal(directly(&w, 0), NDIS_STATUS_INVALID_DATA);
    assert_int_equal(seen.completions, 0);
    world_close(&w);
}

static void
complete_direct(void *argument)
{
    NdisMDirectOidRequestComplete(port_latest()->handle, argument, NDIS_STATUS_SUCCESS);
}

/* NDIS does not serialize them: not among themselves, not with the queue. */
static void
several_direct_requests_may_pend(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_binding(&w, seed);
        seen.pends = true;
        for (unsigned i = 0; i < MANY; i++) {
            expect(&w, directly(&w, i) == NDIS_STATUS_PENDING);
        }
        expect(&w, seen.handed_down == MANY && seen.completions == 0);
        for (unsigned i = MANY; i-- > 0;) {
            world_as_driver(&w, complete_direct, &requests[i]);
            expect(&w, seen.completed[MANY - 1 - i] == &requests[i]);
            expect(&w, seen.last_status == NDIS_STATUS_SUCCESS);
        }
        world_as_driver(&w, complete_direct, &requests[0]);
        world_expect_violation(&w, "OID_TWICE");
        expect(&w, seen.completions == MANY);
        world_close(&w);
    }
}

static void
cancel(void *argument)
{
    NdisCancelDirectOidRequest(opening_latest()->handle, argument);
}

static void
a_direct_request_can_be_cancelled(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_binding(&w, seed);
        seen.pends = true;
        expect(&w, directly(&w, 1) == NDIS_STATUS_PENDING);
        world_as_driver(&w, cancel, &requests[1]);
        expect(&w, seen.cancels == 1 && seen.completions == 1);
        expect(&w, seen.last_status == NDIS_STATUS_REQUEST_ABORTED);
        world_close(&w);
    }
}

static NDIS_STATUS
complete_and_succeed(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    struct port *port = context;

    NdisMDirectOidRequestComplete(port->handle, request, NDIS_STATUS_SUCCESS);
    return NDIS_STATUS_SUCCESS;
}

static void
with_double_completion(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    with_handlers(characteristics);
    characteristics->DirectOidRequestHandler = complete_and_succeed;
}

static void
a_direct_request_is_completed_once(void **state)
{
    struct world w;

    (void)state;
    given_drivers(&w, 0, with_double_completion, with_completion);
    assert_int_equal(directly(&w, 0), NDIS_STATUS_PENDING);
    world_expect_violation(&w, "OID_TWICE");
    assert_int_equal(seen.completions, 1);
    world_close(&w);
}

static void
without_handlers_there_are_neither(void **state)
{
    struct world w;

    (void)state;
    given_drivers(&w, 0, NULL, with_completion);
    assert_int_equal(directly(&w, 0), NDIS_STATUS_NOT_SUPPORTED);
    assert_int_equal(synchronously(&w, 0), NDIS_STATUS_NOT_SUPPORTED);
    world_close(&w);
}

static void
without_completion(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->DirectOidRequestCompleteHandler = NULL;
}

static void
who_asks_directly_has_a_completion_handler(void **state)
{
    struct world w;

    (void)state;
    given_drivers(&w, 0, with_handlers, without_completion);
    assert_int_equal(directly(&w, 0), NDIS_STATUS_FAILURE);
    assert_int_equal(seen.handed_down, 0);
    world_expect_violation(&w, "REG_HANDLERS");
    world_close(&w);
}

static void
written_beyond_the_buffer(void *argument)
{
    PNDIS_OID_REQUEST request = argument;

    request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(information[0]) + 1;
    complete_direct(request);
}

/* As for those of the queue: bug check 0x7C, OID_REQUEST_INVALID_BUFFER. */
static void
what_a_direct_request_is_completed_with_is_checked(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    seen.pends = true;
    assert_int_equal(directly(&w, 0), NDIS_STATUS_PENDING);
    world_as_driver(&w, written_beyond_the_buffer, &requests[0]);
    world_expect_violation(&w, "BUFFER_LENGTH");
    assert_int_equal(seen.completions, 1);
    assert_int_equal(requests[0].DATA.QUERY_INFORMATION.BytesWritten, sizeof(information[0]));
    world_close(&w);
}

/* A miniport without power management is halted in D3, its bindings stay. */
static void
a_halted_miniport_gets_neither(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    assert_int_equal(pndis_adapter_set_power(w.adapter, 3), 0);
    expect_state(&w, "Halted");
    assert_int_not_equal(directly(&w, 0), NDIS_STATUS_SUCCESS);
    assert_int_not_equal(synchronously(&w, 0), NDIS_STATUS_SUCCESS);
    world_as_driver(&w, cancel, &requests[0]);
    assert_int_equal(seen.handed_down + seen.cancels, 0);
    assert_int_equal(pndis_adapter_set_power(w.adapter, 0), 0);
    assert_int_equal(directly(&w, 0), NDIS_STATUS_SUCCESS);
    world_close(&w);
}

/* --- synchronous --- */

static void
a_synchronous_request_is_answered_at_once(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    assert_int_equal(synchronously(&w, 0), NDIS_STATUS_SUCCESS);
    assert_int_equal(seen.irql, DISPATCH_LEVEL);
    assert_ptr_equal(seen.with_miniport[0], &requests[0]);
    assert_int_equal(seen.completions, 0);
    seen.status = NDIS_STATUS_PENDING;
    assert_int_not_equal(synchronously(&w, 0), NDIS_STATUS_PENDING);
    world_expect_violation(&w, "OID_PENDING");
    world_close(&w);
}

/* --- malformed --- */

static void
refused(struct world *w, const char *rule)
{
    NDIS_STATUS (*const ways[])(struct world * w, unsigned index) = {directly, synchronously};

    for (size_t i = 0; i < RTL_NUMBER_OF(ways); i++) {
        NDIS_STATUS status = ways[i](w, 0);

        expect(w, status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_PENDING);
        world_expect_violation(w, rule);
    }
}

static void
malformed_requests_are_refused(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    requests[0].Header.Size--;
    refused(&w, "OBJECT_HEADER");
    requests_init();
    requests[0].RequestType = (NDIS_REQUEST_TYPE)77;
    refused(&w, "OID_REQUEST");
    requests_init();
    requests[0].DATA.QUERY_INFORMATION.InformationBuffer = NULL;
    refused(&w, "OID_REQUEST");
    assert_int_equal(seen.handed_down, 0);
    world_close(&w);
}

/* --- clones --- */

static struct {
    NDIS_HANDLE source;
    PNDIS_OID_REQUEST clone;
    NDIS_STATUS status;
} cloned;

static void
allocate_clone(void *argument)
{
    cloned.clone = (PNDIS_OID_REQUEST)&cloned;
    cloned.status = NdisAllocateCloneOidRequest(cloned.source, argument, 'enlC', &cloned.clone);
}

static void
free_clone(void *argument)
{
    NdisFreeCloneOidRequest(cloned.source, argument);
}

static void
a_clone_is_a_request_of_its_own(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    requests[2].PortNumber = 7;
    requests[2].Timeout = 9;
    cloned.source = opening_latest()->handle;
    world_as_driver(&w, allocate_clone, &requests[2]);
    assert_int_equal(cloned.status, NDIS_STATUS_SUCCESS);
    assert_ptr_not_equal(cloned.clone, &requests[2]);
    assert_int_equal(cloned.clone->RequestType, requests[2].RequestType);
    assert_int_equal(cloned.clone->PortNumber, 7);
    assert_int_equal(cloned.clone->Timeout, 9);
    assert_memory_equal(&cloned.clone->DATA, &requests[2].DATA, sizeof(requests[2].DATA));
    world_as_driver(&w, free_clone, cloned.clone);
    world_expect_clean(&w);
    world_as_driver(&w, free_clone, cloned.clone);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_as_driver(&w, free_clone, &requests[2]);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

/* "Otherwise, NDIS sets the pointer value to NULL." */
static void
a_clone_that_cannot_be_made_is_null(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    cloned.source = NULL;
    world_as_driver(&w, allocate_clone, &requests[0]);
    assert_int_equal(cloned.status, NDIS_STATUS_INVALID_PARAMETER);
    assert_null(cloned.clone);
    world_expect_violation(&w, "OBJECT_HANDLE");
    cloned.source = opening_latest()->handle;
    pndis_fault_arm(w.machine, 0);
    world_as_driver(&w, allocate_clone, &requests[0]);
    pndis_fault_disarm(w.machine);
    assert_int_equal(cloned.status, NDIS_STATUS_RESOURCES);
    assert_null(cloned.clone);
    requests[0].Header.Type = 0;
    world_as_driver(&w, allocate_clone, &requests[0]);
    assert_int_equal(cloned.status, NDIS_STATUS_FAILURE);
    assert_null(cloned.clone);
    world_expect_violation(&w, "OBJECT_HEADER");
    world_close(&w);
}

static void
a_clone_that_is_never_freed_is_reported(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    cloned.source = opening_latest()->handle;
    world_as_driver(&w, allocate_clone, &requests[0]);
    expect(&w, pndis_machine_stop(w.machine) == 0);
    expect(&w, pndis_violation_count(w.machine) == 1);
    world_expect_violation(&w, "LEAK_UNBIND");
    world_discard(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_direct_request_is_handed_down_at_its_callers_level),
        cmocka_unit_test(several_direct_requests_may_pend),
        cmocka_unit_test(a_direct_request_can_be_cancelled),
        cmocka_unit_test(a_direct_request_is_completed_once),
        cmocka_unit_test(without_handlers_there_are_neither),
        cmocka_unit_test(who_asks_directly_has_a_completion_handler),
        cmocka_unit_test(what_a_direct_request_is_completed_with_is_checked),
        cmocka_unit_test(a_halted_miniport_gets_neither),
        cmocka_unit_test(a_synchronous_request_is_answered_at_once),
        cmocka_unit_test(malformed_requests_are_refused),
        cmocka_unit_test(a_clone_is_a_request_of_its_own),
        cmocka_unit_test(a_clone_that_cannot_be_made_is_null),
        cmocka_unit_test(a_clone_that_is_never_freed_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
