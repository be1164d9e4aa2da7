/*
 * Check-for-hang and reset: "MiniportCheckForHangEx", "MiniportResetEx", "NdisMResetComplete",
 * "NdisMResetMiniport", "Miniport Adapter Check-for-Hang and Reset Operations",
 * NDIS_STATUS_RESET_START. How resets and pauses overlap is in pause_data.c.
 */
#include "support/data_path.h"
#include "support/miniport_parts.h"

enum { SEEDS = 40, FRAME_BYTES = 60 };

static const uint64_t second_ns = 1000000000;

static bool
is_resetting(struct world *w)
{
    struct pndis_adapter_info info;

    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0);
    return info.resetting;
}

/* MiniportResetEx has returned so many times. */
static LONG answers;

static NDIS_STATUS
answer_reset(NDIS_HANDLE context, PBOOLEAN addressing)
{
    NDIS_STATUS status = port_reset(context, addressing);

    InterlockedIncrement(&answers);
    return status;
}

static void (*edit_path)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics);

static void
count_answers(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path(characteristics);
    characteristics->ResetHandlerEx = answer_reset;
}

/* @test with both drivers, whose reset pends as @when says. */
static void
with_reset(enum when when, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        edit_path = miniport.edit_characteristics;
        miniport.edit_characteristics = count_answers;
        answers = 0;
        miniport.reset = when;
        data_path_up(&w, seed);
        test(&w);
        world_close(&w);
    }
}

static bool
has_answered(void *user)
{
    (void)user;
    return __atomic_load_n(&answers, __ATOMIC_ACQUIRE) != 0;
}

static void
ask_for_reset(void *argument)
{
    (void)argument;
    NdisMResetMiniport(port_latest()->handle);
}

static void
complete_reset(void *argument)
{
    (void)argument;
    NdisMResetComplete(port_latest()->handle, miniport.reset_status, miniport.addressing_reset);
}

static bool
is_over(void *user)
{
    return !is_resetting(user);
}

/* A reset that waits for the test to complete it. */
static void
begin_reset(struct world *w)
{
    world_as_driver(w, ask_for_reset, NULL);
    expect(w, pndis_machine_run_until(w->machine, has_answered, NULL, 0) == 0);
}

static void
end_reset(struct world *w)
{
    world_at_dispatch(w, complete_reset, NULL);
    expect(w, pndis_machine_run_until(w->machine, is_over, w, 0) == 0);
}

/* --- the whole of it --- */

static void
complete(struct world *w)
{
    unsigned statuses = opening_latest()->statuses;

    expect(w, pndis_adapter_reset(w->adapter) == 0);
    expect(w, port_latest()->resets == 1 && !is_resetting(w));
    expect(w, pndis_adapter_status(w->adapter) == NDIS_STATUS_SUCCESS);
    expect_state(w, "Running");
    /* "NDIS notifies bound protocol drivers when a reset begins and ends." */
    expect(w, opening_latest()->statuses == statuses + 2);
    expect(w, opening_latest()->last_status == NDIS_STATUS_RESET_END);
}

static void
a_reset_is_completed_in_every_way(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        print_message("MiniportResetEx: %s\n", when_names[when]);
        with_reset(when, complete);
    }
}

static void
failed(struct world *w)
{
    miniport.reset_status = NDIS_STATUS_HARD_ERRORS;
    pndis_adapter_reset(w->adapter);
    expect(w, port_latest()->resets == 1 && !is_resetting(w));
    expect(w, pndis_adapter_status(w->adapter) == NDIS_STATUS_HARD_ERRORS);
}

static void
a_reset_may_fail(void **state)
{
    (void)state;
    with_reset(AT_ONCE, failed);
    with_reset(FROM_DPC, failed);
}

static void
without_handler(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->CheckForHangHandlerEx = NULL;
    characteristics->ResetHandlerEx = NULL;
}

static void
a_miniport_without_a_handler_is_not_reset(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        miniport.edit_characteristics = without_handler;
        world_running(&w, seed);
        expect(&w, pndis_adapter_reset(w.adapter) == PNDIS_EUNSUPPORTED);
        world_as_driver(&w, ask_for_reset, NULL);
        world_settle(&w);
        expect(&w, port_latest()->resets == 0);
        world_close(&w);
    }
}

/* --- addressing --- */

static ULONG filter_before;

static void
lose_filter(struct port *port)
{
    filter_before = port->packet_filter;
    port->packet_filter = 0;
}

static void
addressing_lost(struct world *w)
{
    unsigned oids = port_latest()->oids;

    miniport.addressing_reset = TRUE;
    lose_filter(port_latest());
    expect(w, pndis_adapter_reset(w->adapter) == 0);
    world_settle(w);
    expect(w, filter_before != 0 && port_latest()->packet_filter == filter_before);
    expect(w, port_latest()->oids > oids);
}

static void
addressing_kept(struct world *w)
{
    unsigned oids = port_latest()->oids;

    lose_filter(port_latest());
    expect(w, pndis_adapter_reset(w->adapter) == 0);
    world_settle(w);
    expect(w, port_latest()->packet_filter == 0 && port_latest()->oids == oids);
    port_latest()->packet_filter = filter_before;
}

static void
ndis_restores_the_addressing_that_a_reset_lost(void **state)
{
    (void)state;
    with_reset(AT_ONCE, addressing_lost);
    with_reset(FROM_DPC, addressing_lost);
    with_reset(AT_ONCE, addressing_kept);
    with_reset(FROM_DPC, addressing_kept);
}

/* --- while it is under way --- */

static void
send_one(void *argument)
{
    struct opening *opening = opening_latest();

    (void)argument;
    NdisSendNetBufferLists(opening->handle, path_list(opening, FRAME_BYTES, 3),
                           NDIS_DEFAULT_PORT_NUMBER, 0);
}

static void
query_vendor(void *argument)
{
    static ULONG id;
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestQueryInformation,
    };

    request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    request.DATA.QUERY_INFORMATION.InformationBuffer = &id;
    request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(id);
    *(NDIS_STATUS *)argument = opening_request(opening_latest(), &request);
}

static void
refused(struct world *w)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    begin_reset(w);
    expect_state(w, "Running");
    world_as_driver(w, send_one, NULL);
    expect(w, data_path.sent.lists == 0 && data_path.completed.lists == 1);
    expect(w, data_path.completed.status[0] == NDIS_STATUS_RESET_IN_PROGRESS);
    world_as_driver(w, query_vendor, &status);
    expect(w, status == NDIS_STATUS_RESET_IN_PROGRESS);
    end_reset(w);
    world_as_driver(w, send_one, NULL);
    world_settle(w);
    expect(w, data_path.sent.lists == 1);
    expect(w, data_path.completed.status[1] == NDIS_STATUS_SUCCESS);
    world_as_driver(w, query_vendor, &status);
    expect(w, status == NDIS_STATUS_SUCCESS);
}

static void
sends_and_requests_are_refused_during_a_reset(void **state)
{
    (void)state;
    with_reset(BY_HAND, refused);
}

static void
held_sends(struct world *w)
{
    miniport.sending = SEND_HOLD;
    world_as_driver(w, send_one, NULL);
    world_as_driver(w, send_one, NULL);
    expect(w, data_path.sent.lists == 2 && data_path.completed.lists == 0);
    expect(w, pndis_adapter_reset(w->adapter) == 0);
    expect(w, data_path.completed.lists == 2);
    expect(w, data_path.completed.status[1] == NDIS_STATUS_RESET_IN_PROGRESS);
}

static void
a_miniport_completes_what_it_holds(void **state)
{
    (void)state;
    with_reset(AT_ONCE, held_sends);
    with_reset(FROM_TIMER, held_sends);
}

/* --- check for hang --- */

static void
checks(unsigned seconds, unsigned expected)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        unsigned seen;
        struct world w;

        data_path_reset();
        miniport.check_for_hang_seconds = seconds;
        data_path_up(&w, seed);
        expect(&w, pndis_machine_run(w.machine, 60 * second_ns) == 0);
        seen = port_latest()->hang_checks;
        if (seen + 1 < expected || seen > expected + 1) {
            fail_msg("%u checks in a minute, not %u", seen, expected);
        }
        expect(&w, port_latest()->resets == 0);
        world_close(&w);
    }
}

static void
on_sim_only(void)
{
    if (world_is_live()) {
        skip(); /* Minutes of real time. */
    }
}

static void
a_miniport_is_asked_every_two_seconds_or_as_often_as_it_wants(void **state)
{
    (void)state;
    on_sim_only();
    checks(0, 30);
    checks(2, 30);
    checks(10, 6);
}

static void
hangs(struct world *w)
{
    miniport.hung = true;
    expect(w, pndis_machine_run(w->machine, 5 * second_ns) == 0);
    expect(w, port_latest()->resets == 1 && !is_resetting(w));
    expect(w, pndis_machine_run(w->machine, 10 * second_ns) == 0);
    expect(w, port_latest()->resets == 1);
}

static void
a_miniport_that_hangs_is_reset_once(void **state)
{
    (void)state;
    on_sim_only();
    with_reset(AT_ONCE, hangs);
    with_reset(FROM_THREAD, hangs);
}

/* "... does not complete an OID request within two successive calls to MiniportCheckForHangEx" */
static void
request_hangs(struct world *w)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    uint64_t begin = pndis_machine_now_ns(w->machine);

    miniport.oid = BY_HAND;
    world_as_driver(w, query_vendor, &status);
    expect(w, status == NDIS_STATUS_REQUEST_ABORTED && port_latest()->resets == 1);
    expect(w, pndis_machine_now_ns(w->machine) - begin >= 2 * second_ns);
    expect(w, pndis_machine_now_ns(w->machine) - begin <= 10 * second_ns);
    miniport.oid = AT_ONCE;
}

static void
a_request_that_hangs_leads_to_a_reset(void **state)
{
    (void)state;
    on_sim_only();
    with_reset(AT_ONCE, request_hangs);
}

/* --- broken rules --- */

static void
never_asked(struct world *w)
{
    world_at_dispatch(w, complete_reset, NULL);
    world_expect_violation(w, "RESET_1");
    complete(w);
}

static void
twice(struct world *w)
{
    begin_reset(w);
    end_reset(w);
    world_at_dispatch(w, complete_reset, NULL);
    world_expect_violation(w, "RESET_1");
    expect(w, !is_resetting(w));
}

static void
a_reset_is_completed_once(void **state)
{
    (void)state;
    with_reset(AT_ONCE, never_asked);
    with_reset(BY_HAND, twice);
}

static void
complete_sends(void *argument)
{
    (void)argument;
    NET_BUFFER_LIST_STATUS(data_path.sent.list[0]) = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(port_latest()->handle, data_path.sent.list[0], 0);
}

static void
send_kept(struct world *w)
{
    data_path.hold_sends = true;
    world_as_driver(w, send_one, NULL);
    expect(w, pndis_adapter_reset(w->adapter) == 0);
    if (miniport.version >= 0x0006001e) {
        world_expect_violation(w, "RESET_2");
    }
    world_expect_clean(w);
    expect(w, data_path.completed.lists == 0);
    world_as_driver(w, complete_sends, NULL);
    expect(w, data_path.completed.lists == 1);
    data_path.hold_sends = false;
}

/* "Starting with NDIS 6.30"; before it a driver may keep them over the reset. */
static void
sends_are_completed_before_the_reset(void **state)
{
    (void)state;
    with_reset(AT_ONCE, send_kept);
    with_reset(FROM_DPC, send_kept);
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        miniport.version = 0x00060014;
        data_path_up(&w, seed);
        send_kept(&w);
        world_close(&w);
    }
}

static void
complete_with_lock(void *argument)
{
    static NDIS_SPIN_LOCK lock;

    (void)argument;
    NdisAllocateSpinLock(&lock);
    NdisAcquireSpinLock(&lock);
    NdisMResetComplete(port_latest()->handle, NDIS_STATUS_SUCCESS, FALSE);
    NdisReleaseSpinLock(&lock);
    NdisFreeSpinLock(&lock);
}

static void
with_lock(struct world *w)
{
    begin_reset(w);
    world_as_driver(w, complete_with_lock, NULL);
    world_expect_violation(w, "RESET_4");
    expect(w, pndis_machine_run_until(w->machine, is_over, w, 0) == 0);
}

static void
no_spin_lock_is_held_at_the_completion(void **state)
{
    (void)state;
    with_reset(BY_HAND, with_lock);
}

static void
indicate_reset(void *argument)
{
    struct port *port = port_latest();
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port->handle,
        .StatusCode = NDIS_STATUS_RESET_START,
    };

    (void)argument;
    NdisMIndicateStatusEx(port->handle, &indication);
}

static void
own_indication(struct world *w)
{
    const struct pndis_violation *violation;

    world_as_driver(w, indicate_reset, NULL);
    violation = pndis_violation_of(w->machine, "STATUS_RESET");
    expect(w, violation != NULL && violation->severity == PNDIS_ADVICE);
}

static void
indications_of_resets_are_left_to_ndis(void **state)
{
    (void)state;
    with_reset(AT_ONCE, own_indication);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_is_completed_in_every_way),
        cmocka_unit_test(a_reset_may_fail),
        cmocka_unit_test(a_miniport_without_a_handler_is_not_reset),
        cmocka_unit_test(ndis_restores_the_addressing_that_a_reset_lost),
        cmocka_unit_test(sends_and_requests_are_refused_during_a_reset),
        cmocka_unit_test(a_miniport_completes_what_it_holds),
        cmocka_unit_test(a_miniport_is_asked_every_two_seconds_or_as_often_as_it_wants),
        cmocka_unit_test(a_miniport_that_hangs_is_reset_once),
        cmocka_unit_test(a_request_that_hangs_leads_to_a_reset),
        cmocka_unit_test(a_reset_is_completed_once),
        cmocka_unit_test(sends_are_completed_before_the_reset),
        cmocka_unit_test(no_spin_lock_is_held_at_the_completion),
        cmocka_unit_test(indications_of_resets_are_left_to_ndis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
