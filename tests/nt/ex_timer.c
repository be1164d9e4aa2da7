/* "ExXxxTimer Routines and EX_TIMER Objects". */
#include "nt/nt_support.h"

struct seen {
    LONG calls;
    LONG deleted;
    KIRQL irql;
    PEX_TIMER timer;
};

static VOID
note_call(PEX_TIMER timer, PVOID user)
{
    struct seen *seen = user;

    seen->timer = timer;
    seen->irql = KeGetCurrentIrql();
    InterlockedIncrement(&seen->calls);
}

static VOID
note_delete(PVOID user)
{
    InterlockedIncrement(&((struct seen *)user)->deleted);
}

static EXT_DELETE_PARAMETERS
delete_parameters(struct seen *seen)
{
    EXT_DELETE_PARAMETERS parameters;

    ExInitializeDeleteTimerParameters(&parameters);
    parameters.DeleteCallback = note_delete;
    parameters.DeleteContext = seen;
    return parameters;
}

static void
it_calls_back_at_dispatch_level(void **state)
{
    struct seen seen = {0};
    PEX_TIMER timer;
    struct world w;
    uint64_t start;

    (void)state;
    world_start(&w, 0);
    timer = ExAllocateTimer(note_call, &seen, 0);
    assert_non_null(timer);
    assert_false(ExSetTimer(timer, -5000000, 0, NULL));
    start = pndis_machine_now_ns(w.machine);
    assert_true(ExSetTimer(timer, -200000, 0, NULL));
    pndis_machine_run(w.machine, 15000000);
    assert_true(ReadAcquire(&seen.calls) == 0 || is_past(&w, start + 20000000));
    assert_int_equal(wait_ms(timer, 10000), STATUS_SUCCESS);
    KeFlushQueuedDpcs();
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.irql, DISPATCH_LEVEL);
    assert_ptr_equal(seen.timer, timer);
    assert_false(ExCancelTimer(timer, NULL));
    assert_false(ExDeleteTimer(timer, TRUE, TRUE, NULL));
    close_clean(&w);
}

static void
it_repeats_and_can_be_waited_for(void **state)
{
    struct seen seen = {0};
    PEX_TIMER timer;
    struct world w;

    (void)state;
    /* On live two ticks may come before one of them is seen. */
    on_sim_only();
    world_start(&w, 0);
    timer = ExAllocateTimer(note_call, &seen, EX_TIMER_HIGH_RESOLUTION);
    ExSetTimer(timer, -10000, 10000, NULL);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(wait_ms(timer, 10), STATUS_SUCCESS);
    }
    assert_true(ExCancelTimer(timer, NULL));
    assert_int_equal(wait_ms(timer, 10), STATUS_TIMEOUT);
    KeFlushQueuedDpcs();
    assert_int_equal(seen.calls, 4);
    ExDeleteTimer(timer, TRUE, TRUE, NULL);
    timer = ExAllocateTimer(NULL, NULL, EX_TIMER_NOTIFICATION);
    ExSetTimer(timer, -10000, 0, NULL);
    assert_int_equal(wait_ms(timer, 10), STATUS_SUCCESS);
    assert_int_equal(wait_ms(timer, 10), STATUS_SUCCESS);
    ExDeleteTimer(timer, FALSE, FALSE, NULL);
    close_clean(&w);
}

/* With Cancel and Wait no call is running or to come when the function returns. */
static void
run_delete_waits(struct world *w)
{
    struct seen seen = {0};
    EXT_DELETE_PARAMETERS parameters = delete_parameters(&seen);
    PEX_TIMER timer = ExAllocateTimer(note_call, &seen, 0);
    LONG calls;

    ExSetTimer(timer, -500, 500, NULL);
    KeStallExecutionProcessor(60);
    ExDeleteTimer(timer, TRUE, TRUE, &parameters);
    calls = ReadAcquire(&seen.calls);
    expect(w, ReadAcquire(&seen.deleted) == 1);
    delay_ms(1);
    expect(w, ReadAcquire(&seen.calls) == calls);
    close_clean(w);
}

static void
deleting_with_wait_leaves_no_call_behind(void **state)
{
    (void)state;
    under_many_seeds(run_delete_waits);
}

static void
run_delete_does_not_wait(struct world *w)
{
    struct seen seen = {0};
    EXT_DELETE_PARAMETERS parameters = delete_parameters(&seen);
    PEX_TIMER timer = ExAllocateTimer(note_call, &seen, 0);

    ExSetTimer(timer, -500, 0, NULL);
    KeStallExecutionProcessor(50);
    ExDeleteTimer(timer, FALSE, FALSE, &parameters);
    for (unsigned i = 0; i < 1000 && ReadAcquire(&seen.deleted) == 0; i++) {
        delay_ms(1);
    }
    expect(w, ReadAcquire(&seen.calls) == 1);
    expect(w, ReadAcquire(&seen.deleted) == 1);
    world_close(w);
}

static void
deleting_without_cancel_frees_it_after_the_last_call(void **state)
{
    (void)state;
    under_many_seeds(run_delete_does_not_wait);
}

static void
use_after_deletion_is_reported(void **state)
{
    PEX_TIMER timer;
    struct world w;

    (void)state;
    world_start(&w, 0);
    timer = ExAllocateTimer(NULL, NULL, 0);
    ExDeleteTimer(timer, TRUE, FALSE, NULL);
    assert_false(ExDeleteTimer(timer, TRUE, FALSE, NULL));
    expect_broken(&w, "OBJECT_HANDLE");
    assert_false(ExSetTimer(timer, -1, 0, NULL));
    expect_broken(&w, "OBJECT_HANDLE");
    assert_false(ExCancelTimer(timer, NULL));
    expect_broken(&w, "OBJECT_HANDLE");
    close_clean(&w);
}

static void
deleting_with_wait_at_dispatch_level_is_reported(void **state)
{
    PEX_TIMER timer;
    struct world w;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    timer = ExAllocateTimer(NULL, NULL, 0);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    ExDeleteTimer(timer, TRUE, TRUE, NULL);
    expect_broken(&w, "WAIT_IRQL");
    KeLowerIrql(irql);
    close_clean(&w);
}

static void
one_that_is_left_is_a_leak(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_non_null(ExAllocateTimer(NULL, NULL, 0));
    pndis_fault_arm(w.machine, 0);
    assert_null(ExAllocateTimer(NULL, NULL, 0));
    world_end(&w);
    expect_broken(&w, "LEAK_UNLOAD");
    pndis_machine_destroy(w.machine);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_calls_back_at_dispatch_level),
        cmocka_unit_test(it_repeats_and_can_be_waited_for),
        cmocka_unit_test(deleting_with_wait_leaves_no_call_behind),
        cmocka_unit_test(deleting_without_cancel_frees_it_after_the_last_call),
        cmocka_unit_test(use_after_deletion_is_reported),
        cmocka_unit_test(deleting_with_wait_at_dispatch_level_is_reported),
        cmocka_unit_test(one_that_is_left_is_a_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
