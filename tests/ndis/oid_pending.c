/*
 * Requests that are under way while something else happens to the adapter: a reset does not abort
 * them ("MINIPORT_RESET callback function"), a halt waits for them ("MINIPORT_HALT callback
 * function"), and what comes later is indicated to who asked ("NDIS_OID_REQUEST structure").
 */
#include "support/data_path.h"
#include "support/miniport_parts.h"

enum { SEEDS = 40, D3 = 3 };

static NDIS_OID_REQUEST request;
static ULONG value;

static void
request_init(void)
{
    memset(&request, 0, sizeof(request));
    request.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                                          NDIS_SIZEOF_OID_REQUEST_REVISION_1};
    request.RequestType = NdisRequestQueryInformation;
    request.RequestId = &request;
    request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    request.DATA.QUERY_INFORMATION.InformationBuffer = &value;
    request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(value);
}

/* --- resets --- */

static NDIS_STATUS
reset_and_answer(NDIS_HANDLE context, PBOOLEAN addressing)
{
    NDIS_STATUS status = port_reset(context, addressing);

    miniport.oid = AT_ONCE;
    return status;
}

static void (*edit_path)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics);

static void
with_reset(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path(characteristics);
    characteristics->ResetHandlerEx = reset_and_answer;
}

static void
manages_power(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
}

static NDIS_STATUS
answer_query_power(struct port *port, PNDIS_OID_REQUEST asked)
{
    (void)port;
    return asked->DATA.QUERY_INFORMATION.Oid == OID_PNP_QUERY_POWER ? NDIS_STATUS_SUCCESS
                                                                    : NDIS_STATUS_NOT_RECOGNIZED;
}

/* The miniport holds a request until it is reset; NDIS' own wait behind it. */
static void
ask_and_reset(void *argument)
{
    *(NDIS_STATUS *)argument = NdisOidRequest(opening_latest()->handle, &request);
    NdisMResetMiniport(port_latest()->handle);
}

static VOID
forget_answer(NDIS_HANDLE context, PNDIS_OID_REQUEST asked, NDIS_STATUS status)
{
    (void)context;
    if (asked != &request) {
        opening_answer(asked, status);
    }
}

static void (*edit_path_protocol)(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics);

static void
without_waiting(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path_protocol(characteristics);
    characteristics->OidRequestCompleteHandler = forget_answer;
}

static void
a_reset_does_not_abort_what_is_queued(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS status = NDIS_STATUS_SUCCESS;
        struct world w;

        data_path_reset();
        request_init();
        edit_path = miniport.edit_characteristics;
        edit_path_protocol = protocol.edit_characteristics;
        miniport.edit_characteristics = with_reset;
        miniport.edit_registration = manages_power;
        miniport.on_oid = answer_query_power;
        protocol.edit_characteristics = without_waiting;
        miniport.reset = FROM_TIMER;
        data_path_up(&w, seed);
        miniport.oid = BY_HAND;
        world_as_driver(&w, ask_and_reset, &status);
        expect(&w, status == NDIS_STATUS_PENDING);
        expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
        expect(&w, port_latest()->power == NdisDeviceStateD3 && port_latest()->resets == 1);
        world_close(&w);
    }
}

/* --- direct requests --- */

static PNDIS_OID_REQUEST with_miniport;
static unsigned halts;
static unsigned halted_with;

static NDIS_STATUS
keep_request(NDIS_HANDLE context, PNDIS_OID_REQUEST asked)
{
    (void)context;
    with_miniport = asked;
    return NDIS_STATUS_PENDING;
}

static VOID
no_cancel(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    (void)id;
}

static void
let_go(void *argument)
{
    PNDIS_OID_REQUEST asked = with_miniport;

    (void)argument;
    with_miniport = NULL;
    NdisMDirectOidRequestComplete(port_latest()->handle, asked, NDIS_STATUS_SUCCESS);
}

static void
with_direct(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path(characteristics);
    characteristics->Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    characteristics->Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    characteristics->DirectOidRequestHandler = keep_request;
    characteristics->CancelDirectOidRequestHandler = no_cancel;
}

static void
with_direct_answer(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path_protocol(characteristics);
    characteristics->DirectOidRequestCompleteHandler = forget_answer;
}

static void
look(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    (void)action;
    halts++;
    halted_with += with_miniport != NULL;
}

static void
ask_directly(void *argument)
{
    static struct later later;

    *(NDIS_STATUS *)argument = NdisDirectOidRequest(opening_latest()->handle, &request);
    do_later(&later, FROM_TIMER, let_go, NULL);
}

/* A miniport that knows no power management is halted, while its bindings stay. */
static void
a_halt_waits_for_direct_requests(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS status = NDIS_STATUS_SUCCESS;
        struct world w;

        data_path_reset();
        request_init();
        halts = halted_with = 0;
        with_miniport = NULL;
        edit_path = miniport.edit_characteristics;
        edit_path_protocol = protocol.edit_characteristics;
        miniport.edit_characteristics = with_direct;
        protocol.edit_characteristics = with_direct_answer;
        miniport.on_halt = look;
        data_path_up(&w, seed);
        world_as_driver(&w, ask_directly, &status);
        expect(&w, status == NDIS_STATUS_PENDING);
        expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
        expect_state(&w, "Halted");
        expect(&w, halts == 1 && halted_with == 0 && with_miniport == NULL);
        expect(&w, pndis_adapter_set_power(w.adapter, 0) == 0);
        world_close(&w);
    }
}

/* --- who asked --- */

static NDIS_HANDLE source;
static PVOID source_id;

static NDIS_STATUS
answer_later(struct port *port, PNDIS_OID_REQUEST asked)
{
    (void)port;
    if (asked->DATA.QUERY_INFORMATION.Oid != OID_GEN_VENDOR_ID) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    source = asked->RequestHandle;
    source_id = asked->RequestId;
    return NDIS_STATUS_INDICATION_REQUIRED;
}

static void
ask(void *argument)
{
    *(NDIS_STATUS *)argument = opening_request(opening_latest(), &request);
}

static void
indicate_answer(void *argument)
{
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port_latest()->handle,
        .StatusCode = NDIS_STATUS_MEDIA_SPECIFIC_INDICATION,
        .DestinationHandle = source,
        .RequestId = source_id,
    };

    (void)argument;
    NdisMIndicateStatusEx(port_latest()->handle, &indication);
}

static void
an_answer_indicated_later_goes_to_who_asked(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS status = NDIS_STATUS_SUCCESS;
        unsigned statuses;
        struct world w;

        data_path_reset();
        request_init();
        miniport.on_oid = answer_later;
        data_path_up(&w, seed);
        world_as_driver(&w, ask, &status);
        expect(&w, status == NDIS_STATUS_INDICATION_REQUIRED);
        expect(&w, source == opening_latest()->handle && source_id == &request);
        statuses = opening_latest()->statuses;
        world_as_driver(&w, indicate_answer, NULL);
        expect(&w, opening_latest()->statuses == statuses + 1);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_does_not_abort_what_is_queued),
        cmocka_unit_test(a_halt_waits_for_direct_requests),
        cmocka_unit_test(an_answer_indicated_later_goes_to_who_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
