/*
 * The contract of a reset ("MiniportReset", "Hardware Reset (NDIS 5.1)") and of the check for hang
 * ("MiniportCheckForHang", "NdisMSetAttributesEx").
 */
#include "miniport51.h"

#include "support/data_path.h"

enum { SETS = 32, SECOND = 1000000000 };

static const uint8_t groups[12] = {0x01, 0, 0x5e, 0, 0, 1, 0x01, 0, 0x5e, 0, 0, 2};

/* What is set of the driver, in order. */
static struct {
    NDIS_OID oid;
    ULONG bytes;
    UCHAR data[64];
} sets[SETS];
static unsigned set_count;

static W_SET_INFORMATION_HANDLER set_information;
static W_RESET_HANDLER reset_handler;
static NDIS_STATUS reset_status;
static void (*in_reset)(struct nic *nic);

static NDIS_STATUS
note_set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    unsigned at = set_count++ % SETS;

    sets[at].oid = oid;
    sets[at].bytes = bytes;
    memcpy(sets[at].data, buffer, bytes < sizeof(sets[at].data) ? bytes : sizeof(sets[at].data));
    return set_information(context, oid, buffer, bytes, read, needed);
}

static NDIS_STATUS
reset_with_status(PBOOLEAN addressing, NDIS_HANDLE context)
{
    NDIS_STATUS status = reset_handler(addressing, context);

    if (in_reset != NULL) {
        in_reset(context);
    }
    return status == NDIS_STATUS_SUCCESS ? reset_status : status;
}

static void
own_functions(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    set_information = calls->SetInformationHandler;
    calls->SetInformationHandler = note_set;
    reset_handler = calls->ResetHandler;
    calls->ResetHandler = reset_with_status;
}

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.edit = own_functions;
    set_count = 0;
    reset_status = NDIS_STATUS_SUCCESS;
    in_reset = NULL;
}

/* How many sets of @oid there were, with @data in the last of them. */
static unsigned
sets_of(NDIS_OID oid, const void *data, ULONG bytes)
{
    unsigned count = 0;

    for (unsigned i = 0; i < set_count && i < SETS; i++) {
        count +=
            sets[i].oid == oid && sets[i].bytes == bytes && memcmp(sets[i].data, data, bytes) == 0;
    }
    return count;
}

/* --- what NDIS sets again --- */

static void
after_a_reset_that_lost_them_filter_and_addresses_are_set_as_they_were(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            const uint32_t filter = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST;
            struct world w;

            given(seed);
            miniport51.reset = when;
            miniport51.addressing_reset = TRUE;
            world5_running(&w, seed);
            expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, groups, sizeof(groups),
                                        NULL) == 0);
            expect(&w, pndis_client_set(w.client, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                                        sizeof(filter), NULL) == 0);
            set_count = 0;
            expect(&w, pndis_adapter_reset(w.adapter) == 0);
            expect(&w, sets_of(OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter)) == 1);
            expect(&w, sets_of(OID_802_3_MULTICAST_LIST, groups, sizeof(groups)) == 1);
            expect(&w, !SEEN(nic_latest()->wrong_level));
            world_close(&w);
        }
    }
}

static void
after_a_reset_that_kept_them_nothing_is_set(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        struct world w;

        given(when);
        miniport51.reset = when;
        miniport51.addressing_reset = FALSE;
        world5_running(&w, when);
        expect(&w, set_count > 0);
        set_count = 0;
        expect(&w, pndis_adapter_reset(w.adapter) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->resets) == 1 && set_count == 0);
        world_close(&w);
    }
}

/* --- what goes on meanwhile --- */

static int statuses[8];
static unsigned status_count;
static unsigned sets_at_end;

static void
note_status(struct pndis_client *client, int status, const void *data, size_t bytes, void *user)
{
    (void)client;
    (void)data;
    (void)bytes;
    (void)user;
    if (status == NDIS_STATUS_RESET_END) {
        sets_at_end = set_count;
    }
    statuses[status_count++ % RTL_NUMBER_OF(statuses)] = status;
}

static void
open_client(struct world *w)
{
    static const struct pndis_client_events events = {.on_status = note_status};

    status_count = 0;
    w->client = pndis_client_open(w->adapter, &(struct pndis_client_options){.events = &events});
    expect(w, w->client != NULL);
}

/* "NDIS_STATUS_RESET_START", "NDIS_STATUS_RESET_END": from NDIS, around the whole of it. */
static void
protocols_are_told_of_the_start_and_the_end(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(seed);
            miniport51.reset = when;
            miniport51.addressing_reset = TRUE;
            world5_open(&w, seed);
            world5_add(&w);
            open_client(&w);
            status_count = set_count = 0;
            expect(&w, pndis_adapter_reset(w.adapter) == 0);
            world_settle(&w);
            expect(&w, status_count == 2);
            expect(&w, statuses[0] == NDIS_STATUS_RESET_START);
            expect(&w, statuses[1] == NDIS_STATUS_RESET_END);
            expect(&w, set_count > 0 && sets_at_end == set_count);
            world_close(&w);
        }
    }
}

static void
begin_reset(void *argument)
{
    (void)argument;
    NdisMResetMiniport(nic_latest()->handle);
}

static void
end_reset(void *argument)
{
    (void)argument;
    NdisMResetComplete(nic_latest()->handle, NDIS_STATUS_SUCCESS, FALSE);
}

/* "Miniport Adapter Check-for-Hang and Reset Operations": refused, the driver is not called. */
static void
sends_and_requests_are_refused_until_it_has_completed(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_client_counts counts;
        uint8_t frame[64];
        uint32_t value = 0;
        unsigned queries;
        struct world w;
        int status = 0;

        given(seed);
        miniport51.reset = BY_HAND;
        world5_running(&w, seed);
        make_frame_bytes(frame, sizeof(frame), 1);
        world_as_driver(&w, begin_reset, NULL);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->resets) == 1);
        queries = SEEN(nic_latest()->queries);
        expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
        world_settle(&w);
        pndis_client_get_counts(w.client, &counts);
        expect(&w, counts.completed == 1);
        expect(&w, counts.last_send_status == NDIS_STATUS_RESET_IN_PROGRESS);
        expect(&w, pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL,
                                      &status) != 0);
        expect(&w, status == NDIS_STATUS_RESET_IN_PROGRESS);
        expect(&w, SEEN(nic_latest()->queries) == queries && SEEN(nic_latest()->sends) == 0);
        world_at_dispatch(&w, end_reset, NULL);
        world_settle(&w);
        expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 1);
        world_close(&w);
    }
}

static void
abort_sends(struct nic *nic)
{
    nic_complete(nic, ~0u, NDIS_STATUS_RESET_IN_PROGRESS);
}

static void
sends_that_the_reset_aborts_go_back_once(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct pndis_client_counts counts;
        uint8_t frame[64];
        struct world w;

        given(seed);
        miniport51.sending = seed % 2 != 0 ? SEND5_RESOURCES : SEND5_HOLD;
        miniport51.room = 2;
        in_reset = abort_sends;
        world5_running(&w, seed);
        make_frame_bytes(frame, sizeof(frame), 1);
        for (unsigned i = 0; i < 6; i++) {
            expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
        }
        world_settle(&w);
        expect(&w, pndis_adapter_reset(w.adapter) == 0);
        for (unsigned i = 0; i < 6; i++) {
            world_settle(&w);
            world_at_dispatch(&w, (void (*)(void *))abort_sends, nic_latest());
        }
        pndis_client_get_counts(w.client, &counts);
        expect(&w, counts.completed == 6 && counts.completed_ok == 0);
        world_close(&w);
    }
}

/* --- how it may end --- */

static void
the_driver_s_answer_is_the_status_of_the_reset(void **state)
{
    static const NDIS_STATUS answers[] = {NDIS_STATUS_NOT_RESETTABLE, NDIS_STATUS_SOFT_ERRORS,
                                          NDIS_STATUS_HARD_ERRORS, NDIS_STATUS_RESET_IN_PROGRESS,
                                          NDIS_STATUS_SUCCESS};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(answers); i++) {
        struct world w;

        given(i);
        reset_status = answers[i];
        world5_running(&w, i);
        pndis_adapter_reset(w.adapter);
        expect(&w, SEEN(nic_latest()->resets) == 1);
        expect(&w, pndis_adapter_status(w.adapter) == answers[i]);
        expect_state(&w, "Running");
        world_close(&w);
    }
}

static void
a_reset_is_completed_once_and_only_when_it_pends(void **state)
{
    struct world w;

    (void)state;
    given(0);
    world5_running(&w, 1);
    world_at_dispatch(&w, end_reset, NULL);
    world_expect_violation(&w, "RESET_1");
    miniport51.reset = BY_HAND;
    world_as_driver(&w, begin_reset, NULL);
    world_settle(&w);
    world_at_dispatch(&w, end_reset, NULL);
    world_settle(&w);
    world_expect_clean(&w);
    world_at_dispatch(&w, end_reset, NULL);
    world_expect_violation(&w, "RESET_1");
    world_close(&w);
}

/* --- the check for hang --- */

static ULONG check_seconds;

/* Of an adapter that needs nothing but a period. */
static NDIS_STATUS
initialize_with_period(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM array, UINT count,
                       NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    struct nic *nic = calloc(1, sizeof(*nic));

    (void)open_error;
    (void)count;
    nic->handle = handle;
    nic->wrapper_context = wrapper_context;
    nic->next = miniport51.nics;
    miniport51.nics = nic;
    *selected = 0;
    while (array[*selected] != NdisMedium802_3) {
        *selected += 1;
    }
    NdisMSetAttributesEx(handle, nic, check_seconds, miniport51.attributes, NdisInterfacePci);
    return NDIS_STATUS_SUCCESS;
}

static void
own_period(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_functions(calls);
    calls->InitializeHandler = initialize_with_period;
}

static void
given_period(uint64_t seed, ULONG seconds)
{
    given(seed);
    miniport51.edit = own_period;
    check_seconds = seconds;
}

/* "NdisMSetAttributesEx": the interval is always a multiple of two seconds; 5 are about 4. */
static void
the_driver_is_checked_every_two_seconds_or_as_it_says(void **state)
{
    static const struct {
        ULONG asked;
        unsigned seconds;
    } periods[] = {{0, 2}, {1, 2}, {2, 2}, {4, 4}, {5, 4}, {30, 30}};

    (void)state;
    if (world_is_live()) {
        skip(); /* Minutes of virtual time. */
    }
    for (unsigned i = 0; i < RTL_NUMBER_OF(periods); i++) {
        for (unsigned seed = 0; seed < world_seeds(4); seed++) {
            unsigned expected = 120 / periods[i].seconds;
            struct world w;

            given_period(seed, periods[i].asked);
            world5_running(&w, seed);
            expect(&w, pndis_machine_run(w.machine, 120ull * SECOND) == 0);
            expect(&w, SEEN(nic_latest()->checks) + 1 >= expected);
            expect(&w, SEEN(nic_latest()->checks) <= expected + 1);
            expect(&w, SEEN(nic_latest()->resets) == 0);
            expect(&w, !SEEN(nic_latest()->wrong_level));
            world_close(&w);
        }
    }
}

static void
each_check_that_finds_a_hang_leads_to_one_reset(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given_period(seed, 0);
        world5_running(&w, seed);
        for (unsigned i = 1; i <= 3; i++) {
            miniport51.hung = true;
            expect(&w, pndis_machine_run(w.machine, 10ull * SECOND) == 0);
            expect(&w, SEEN(nic_latest()->resets) == i);
        }
        world_close(&w);
    }
}

static void
during_a_reset_nothing_is_checked(void **state)
{
    unsigned checks;
    struct world w;

    (void)state;
    if (world_is_live()) {
        skip();
    }
    given_period(0, 1);
    miniport51.reset = BY_HAND;
    world5_running(&w, 1);
    world_as_driver(&w, begin_reset, NULL);
    world_settle(&w);
    checks = SEEN(nic_latest()->checks);
    miniport51.hung = true;
    expect(&w, pndis_machine_run(w.machine, 10ull * SECOND) == 0);
    expect(&w, SEEN(nic_latest()->checks) <= checks + 1 && SEEN(nic_latest()->resets) == 1);
    miniport51.hung = false;
    world_at_dispatch(&w, end_reset, NULL);
    expect(&w, pndis_machine_run(w.machine, 10ull * SECOND) == 0);
    expect(&w, SEEN(nic_latest()->checks) >= checks + 5 && SEEN(nic_latest()->resets) == 1);
    world_close(&w);
}

static void
after_its_halt_nothing_is_checked(void **state)
{
    struct nic *nic;
    unsigned checks;
    struct world w;

    (void)state;
    if (world_is_live()) {
        skip();
    }
    given_period(0, 0);
    world5_running(&w, 1);
    expect(&w, pndis_machine_run(w.machine, 10ull * SECOND) == 0);
    nic = nic_latest();
    checks = SEEN(nic->checks);
    expect(&w, checks >= 4);
    expect(&w, pndis_client_close(w.client) == 0);
    expect(&w, SEEN(nic->halts) == 1);
    expect(&w, pndis_machine_run(w.machine, 10ull * SECOND) == 0);
    expect(&w, SEEN(nic->checks) == checks);
    world_close(&w);
}

static void
without_a_check(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_period(calls);
    calls->CheckForHangHandler = NULL;
}

static void
a_driver_need_not_have_a_check(void **state)
{
    struct world w;

    (void)state;
    if (world_is_live()) {
        skip();
    }
    given_period(0, 0);
    miniport51.edit = without_a_check;
    world5_running(&w, 1);
    expect(&w, pndis_machine_run(w.machine, 30ull * SECOND) == 0);
    expect(&w, SEEN(nic_latest()->resets) == 0);
    expect(&w, pndis_adapter_reset(w.adapter) == 0);
    expect(&w, SEEN(nic_latest()->resets) == 1);
    world_close(&w);
}

static void
end_request(struct nic *nic)
{
    if (nic->answer_oid != 0) {
        nic->answer_oid = 0;
        NdisMQueryInformationComplete(nic->handle, NDIS_STATUS_REQUEST_ABORTED);
    }
}

/* "A request sent to MiniportQueryInformation has not completed in twice the timeout period." */
static void
a_request_that_takes_longer_than_two_periods_leads_to_a_reset(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    for (unsigned i = 0; i < 2; i++) {
        uint32_t value = 0;
        struct world w;
        int status = 0;

        given_period(i, 0);
        miniport51.attributes |= i == 0 ? 0 : NDIS_ATTRIBUTE_IGNORE_REQUEST_TIMEOUT;
        in_reset = end_request;
        world5_running(&w, i);
        miniport51.pended_oid = OID_GEN_VENDOR_ID;
        miniport51.answer_when = BY_HAND;
        pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL, &status);
        expect(&w, SEEN(nic_latest()->resets) == (i == 0 ? 1 : 0));
        if (i != 0) {
            world_at_dispatch(&w, (void (*)(void *))end_request, nic_latest());
        }
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_reset_that_lost_them_filter_and_addresses_are_set_as_they_were),
        cmocka_unit_test(after_a_reset_that_kept_them_nothing_is_set),
        cmocka_unit_test(protocols_are_told_of_the_start_and_the_end),
        cmocka_unit_test(sends_and_requests_are_refused_until_it_has_completed),
        cmocka_unit_test(sends_that_the_reset_aborts_go_back_once),
        cmocka_unit_test(the_driver_s_answer_is_the_status_of_the_reset),
        cmocka_unit_test(a_reset_is_completed_once_and_only_when_it_pends),
        cmocka_unit_test(the_driver_is_checked_every_two_seconds_or_as_it_says),
        cmocka_unit_test(each_check_that_finds_a_hang_leads_to_one_reset),
        cmocka_unit_test(during_a_reset_nothing_is_checked),
        cmocka_unit_test(after_its_halt_nothing_is_checked),
        cmocka_unit_test(a_driver_need_not_have_a_check),
        cmocka_unit_test(a_request_that_takes_longer_than_two_periods_leads_to_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
