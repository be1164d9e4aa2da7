/*
 * More of "Halt Handler (NDIS 5.1)": what MiniportHalt waits for besides packets, sets that fail
 * later, and adapters that are stopped while they sleep.
 */
#include "miniport51.h"

#include "support/data_path.h"
#include "support/protocol.h"

enum { FRAME = 64, D0 = 0, D3 = 3 };

static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 1};
static uint8_t frame[FRAME];

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    make_frame_bytes(frame, FRAME, 1);
}

/* --- sets that fail --- */

static W_SET_INFORMATION_HANDLER set_information;
static enum when fail_when;
static NDIS_STATUS fail_with;
static struct later fail_later;

static void
fail_set(void *argument)
{
    NdisMSetInformationComplete(((struct nic *)argument)->handle, fail_with);
}

static NDIS_STATUS
set_that_pends(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read,
               PULONG needed)
{
    if (oid != miniport51.failed_oid || oid == 0) {
        return set_information(context, oid, buffer, bytes, read, needed);
    }
    *read = 0;
    do_later(&fail_later, fail_when, fail_set, context);
    return NDIS_STATUS_PENDING;
}

static void
own_set(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    set_information = calls->SetInformationHandler;
    calls->SetInformationHandler = set_that_pends;
}

static void
a_set_of_addresses_that_fails_later_halts_as_well(void **state)
{
    (void)state;
    for (enum when when = INSIDE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            struct world w;
            int status = 0;

            given(seed);
            miniport51.edit = own_set;
            fail_when = when;
            fail_with = NDIS_STATUS_FAILURE;
            world5_running(&w, seed);
            miniport51.failed_oid = OID_802_3_MULTICAST_LIST;
            expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, group, sizeof(group),
                                        &status) != 0);
            expect(&w, status == NDIS_STATUS_FAILURE);
            world_settle(&w);
            expect_state(&w, "Halted");
            expect(&w, SEEN(nic_latest()->halts) == 1);
            world_close(&w);
        }
    }
}

/* The set is NDIS' own then, for it restores the addresses. */
static void
addresses_that_cannot_be_restored_after_a_reset_halt_it(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(seed);
            miniport51.reset = when;
            miniport51.addressing_reset = TRUE;
            world5_running(&w, seed);
            expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, group, sizeof(group),
                                        NULL) == 0);
            miniport51.failed_oid = OID_802_3_MULTICAST_LIST;
            pndis_adapter_reset(w.adapter);
            world_settle(&w);
            expect_state(&w, "Halted");
            expect(&w, SEEN(nic_latest()->halts) == 1);
            world_close(&w);
        }
    }
}

/* Another set that fails is no occasion. */
static void
a_packet_filter_that_fails_does_not_halt(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        const uint32_t filter = NDIS_PACKET_TYPE_DIRECTED;
        struct world w;

        given(seed);
        world5_running(&w, seed);
        miniport51.failed_oid = OID_GEN_CURRENT_PACKET_FILTER;
        expect(&w, pndis_client_set(w.client, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                                    sizeof(filter), NULL) != 0);
        world_settle(&w);
        expect_state(&w, "Running");
        expect(&w, SEEN(nic_latest()->halts) == 0);
        miniport51.failed_oid = 0;
        world_close(&w);
    }
}

/* --- what it waits for --- */

static unsigned held_at_halt;
static unsigned answers_at_halt;
static unsigned answers;
static struct later later;

static void
look_at_halt(struct nic *nic)
{
    held_at_halt = nic->held_count;
    answers_at_halt = SEEN(answers);
}

static void
complete_all(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static void
complete_later(void *argument)
{
    do_later(&later, *(const enum when *)argument, complete_all, NULL);
}

/* What the driver has comes back from it; what NDIS keeps for it does not go to it any more. */
static void
sends_are_back_before_it(void **state)
{
    (void)state;
    for (enum when when = FROM_DPC; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            unsigned taken;
            struct world w;

            given(seed);
            miniport51.sending = seed % 2 != 0 ? SEND5_RESOURCES : SEND5_HOLD;
            miniport51.room = 2;
            miniport51.on_halt = look_at_halt;
            held_at_halt = ~0u;
            world5_running(&w, seed);
            for (unsigned i = 0; i < 6; i++) {
                expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
            }
            world_settle(&w);
            taken = SEEN(nic_latest()->sends);
            expect(&w, taken == (seed % 2 != 0 ? 2 : 6));
            world_as_driver(&w, complete_later, &when);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            expect(&w, held_at_halt == 0 && SEEN(nic_latest()->halts) == 1);
            world_close(&w);
        }
    }
}

static NDIS_OID_REQUEST request;
static ULONG answer;

static void
ask(void *argument)
{
    (void)argument;
    memset(&request, 0, sizeof(request));
    request.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                                          NDIS_SIZEOF_OID_REQUEST_REVISION_1};
    request.RequestType = NdisRequestQueryInformation;
    request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    request.DATA.QUERY_INFORMATION.InformationBuffer = &answer;
    request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(answer);
    if (NdisOidRequest(opening_latest()->handle, &request) != NDIS_STATUS_PENDING) {
        saw(&answers);
    }
}

static VOID
note_answer(NDIS_HANDLE context, PNDIS_OID_REQUEST asked, NDIS_STATUS status)
{
    (void)context;
    if (asked == &request) {
        saw(&answers);
    } else {
        opening_answer(asked, status);
    }
}

static void
own_answers(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->OidRequestCompleteHandler = note_answer;
}

/* "NDIS does not halt while an OID request is outstanding." */
static void
a_request_is_answered_before_it(void **state)
{
    (void)state;
    for (enum when when = FROM_DPC; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            struct world w;

            given(seed);
            protocol_reset();
            protocol.edit_characteristics = own_answers;
            miniport51.on_halt = look_at_halt;
            answers = answers_at_halt = 0;
            world5_open(&w, seed);
            world_load_protocol(&w);
            world5_add(&w);
            miniport51.pended_oid = OID_GEN_VENDOR_ID;
            miniport51.answer_when = when;
            world_as_driver(&w, ask, NULL);
            /* For sleep it is halted with its bindings in place. */
            expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
            expect(&w, SEEN(answers) == 1 && answers_at_halt == 1);
            expect(&w, SEEN(nic_latest()->halts) == 1);
            miniport51.pended_oid = 0;
            expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
            world_close(&w);
        }
    }
}

/* --- asleep --- */

static void
what_sleeps_is_halted_once(void **state)
{
    enum { STOP, REMOVE, SURPRISE, UNLOAD, WAYS };

    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(seed);
            miniport51.power = seed % 4 < 2; /* The others are halted when they go to sleep. */
            world5_running(&w, seed);
            expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
            expect(&w, SEEN(nic_latest()->halts) == (miniport51.power ? 0 : 1));
            switch (way) {
            case STOP:
                expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
                expect_state(&w, "Halted");
                break;
            case REMOVE:
                expect(&w, pndis_client_close(w.client) == 0);
                expect(&w, pndis_adapter_remove(w.adapter) == 0);
                break;
            case SURPRISE:
                expect(&w, pndis_adapter_surprise_remove(w.adapter) == 0);
                expect_state(&w, "Halted");
                break;
            default:
                expect(&w, pndis_driver_unload(w.driver) == 0);
                break;
            }
            expect(&w, SEEN(nic_latest()->halts) == 1 && SEEN(nic_latest()->initializes) == 1);
            world_close(&w);
        }
    }
}

static void
what_was_stopped_asleep_starts_awake(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct nic *first;
        struct world w;

        given(seed);
        miniport51.power = seed % 4 < 2;
        world5_running(&w, seed);
        first = nic_latest();
        expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        expect(&w, nic_latest() != first && SEEN(nic_latest()->initializes) == 1);
        pndis_client_close(w.client);
        world_add_client(&w);
        expect_state(&w, "Running");
        expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 1 && world_counts(&w).completed_ok == 1);
        world_close(&w);
    }
}

/* The halt of an old driver before it sleeps waits for packets as any halt does. */
static unsigned returns_at_halt;

static void
look_at_returns(struct nic *nic)
{
    returns_at_halt = SEEN(nic->returns);
}

static struct world *world;

static void
return_all(void *argument)
{
    (void)argument;
    pndis_client_return(world->client, SIZE_MAX);
}

static void
return_later(void *argument)
{
    (void)argument;
    do_later(&later, FROM_TIMER, return_all, NULL);
}

static void
indicate(void *argument)
{
    (void)argument;
    nic_indicate(nic_latest(), frame, FRAME, 4, NDIS_STATUS_SUCCESS);
}

static void
packets_are_back_before_the_halt_for_sleep(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed);
        miniport51.on_halt = look_at_returns;
        returns_at_halt = 0;
        world = &w;
        world5_running(&w, seed);
        pndis_client_hold(w.client, true);
        world_at_dispatch(&w, indicate, NULL);
        expect(&w, world_counts(&w).held == 4);
        world_as_driver(&w, return_later, NULL);
        expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
        expect(&w, SEEN(nic_latest()->halts) == 1 && returns_at_halt == 4);
        expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
        expect_state(&w, "Running");
        world_close(&w);
    }
}

/* --- what the driver gives up itself --- */

static void
remove_itself(void *argument)
{
    *(NDIS_STATUS *)argument = NdisMRemoveMiniport(nic_latest()->handle);
}

/* "NdisMRemoveMiniport": the adapter "that the miniport driver has determined is unrecoverable". */
static void
an_adapter_that_its_driver_gives_up_is_halted(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        NDIS_STATUS status = NDIS_STATUS_FAILURE;
        struct world w;

        given(seed);
        world5_running(&w, seed);
        world_as_driver(&w, remove_itself, &status);
        expect(&w, status == NDIS_STATUS_SUCCESS);
        world_settle(&w);
        expect_state(&w, "Halted");
        expect(&w, SEEN(nic_latest()->halts) == 1);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_of_addresses_that_fails_later_halts_as_well),
        cmocka_unit_test(addresses_that_cannot_be_restored_after_a_reset_halt_it),
        cmocka_unit_test(a_packet_filter_that_fails_does_not_halt),
        cmocka_unit_test(sends_are_back_before_it),
        cmocka_unit_test(a_request_is_answered_before_it),
        cmocka_unit_test(what_sleeps_is_halted_once),
        cmocka_unit_test(what_was_stopped_asleep_starts_awake),
        cmocka_unit_test(packets_are_back_before_the_halt_for_sleep),
        cmocka_unit_test(an_adapter_that_its_driver_gives_up_is_halted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
