/* The event log: what each topic keeps, and how lines look. */
#include "nt/nt_support.h"

static VOID
count_up(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    (void)dpc;
    (void)argument1;
    (void)argument2;
    ++*(LONG *)deferred_context;
}

/* A DPC, a block of memory, a line of debug output. */
static void
do_a_little(void)
{
    LONG runs = 0;
    PVOID memory;
    KDPC dpc;

    KeInitializeDpc(&dpc, count_up, &runs);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 40, TEST_TAG);
    ExFreePoolWithTag(memory, TEST_TAG);
    DbgPrint("answer %d\n", 42);
}

static void
expect_text(unsigned topics, const char *expected)
{
    struct pndis_log *log;
    struct world w;

    world_start(&w, 0);
    log = pndis_log_open(w.machine, topics | PNDIS_LOG_WITHOUT_TIMES);
    assert_non_null(log);
    do_a_little();
    assert_string_equal(pndis_log_text(log), expected);
    assert_int_equal(pndis_log_bytes(log), strlen(expected));
    pndis_log_clear(log);
    assert_string_equal(pndis_log_text(log), "");
    assert_int_equal(pndis_log_bytes(log), 0);
    pndis_log_close(log);
    close_clean(&w);
}

static void
resources_are_what_is_acquired_and_released(void **state)
{
    (void)state;
    expect_text(PNDIS_LOG_RESOURCES, "test: ExAllocatePool2: + memory, 40 bytes\n"
                                     "test: ExFreePoolWithTag: - memory\n");
}

static void
callbacks_are_calls_of_the_drivers_routines(void **state)
{
    (void)state;
    expect_text(PNDIS_LOG_CALLBACKS, "test: > DeferredRoutine\n"
                                     "test: < DeferredRoutine\n");
}

static void
calls_are_what_a_driver_calls(void **state)
{
    (void)state;
    expect_text(PNDIS_LOG_CALLS, "test: KeInitializeDpc\n"
                                 "test: KeInsertQueueDpc\n"
                                 "test: KeFlushQueuedDpcs\n"
                                 "test: ExAllocatePool2\n"
                                 "test: ExFreePoolWithTag\n"
                                 "test: DbgPrint\n");
}

static void
notes_are_what_is_printed_and_what_the_host_says(void **state)
{
    struct pndis_log *log;
    struct world w;

    (void)state;
    world_start(&w, 0);
    log = pndis_log_open(w.machine, PNDIS_LOG_NOTES | PNDIS_LOG_WITHOUT_TIMES);
    do_a_little();
    pndis_log_note(w.machine, "the host was here");
    assert_string_equal(pndis_log_text(log), "test: answer 42\nthe host was here\n");
    pndis_log_close(log);
    close_clean(&w);
}

static void
violations_are_told_with_their_rule(void **state)
{
    struct pndis_log *log;
    struct world w;

    (void)state;
    world_start(&w, 0);
    log = pndis_log_open(w.machine, PNDIS_LOG_VIOLATIONS | PNDIS_LOG_WITHOUT_TIMES);
    ExAllocatePool2(POOL_FLAG_NON_PAGED, 40, TEST_TAG);
    world_end(&w);
    assert_string_equal(pndis_log_text(log),
                        "test: violation LEAK_UNLOAD: test left memory of 40 bytes, tag 'Test' "
                        "behind, acquired for test with ExAllocatePool2 in Test\n");
    pndis_log_close(log);
    pndis_machine_destroy(w.machine);
}

static void
a_line_begins_with_time_place_and_kind(void **state)
{
    uint64_t time_ns;
    unsigned context;
    struct pndis_log *log;
    char kind[16];
    struct world w;

    (void)state;
    world_start(&w, 0);
    log = pndis_log_open(w.machine, PNDIS_LOG_RESOURCES);
    do_a_little();
    assert_int_equal(sscanf(pndis_log_text(log), "%llu c%u %15s", (unsigned long long *)&time_ns,
                            &context, kind),
                     3);
    assert_true(time_ns <= pndis_machine_now_ns(w.machine));
    assert_int_equal(context, w.context->number);
    assert_string_equal(kind, "ACQUIRE");
    pndis_log_close(log);
    close_clean(&w);
}

static void
there_are_as_many_logs_as_observers_and_no_more(void **state)
{
    struct pndis_log *logs[PROBE_OBSERVER_LIMIT];
    unsigned opened = 0;
    struct world w;

    (void)state;
    world_start(&w, 0);
    while (opened < PROBE_OBSERVER_LIMIT &&
           (logs[opened] = pndis_log_open(w.machine, PNDIS_LOG_NOTES)) != NULL) {
        opened++;
    }
    /* The ledger is one. */
    assert_int_equal(opened, PROBE_OBSERVER_LIMIT - 1);
    do_a_little();
    for (unsigned i = 0; i < opened; i++) {
        assert_string_equal(pndis_log_text(logs[i]), pndis_log_text(logs[0]));
        assert_true(i != 0 || pndis_log_bytes(logs[0]) > 0);
    }
    while (opened > 0) {
        pndis_log_close(logs[--opened]);
    }
    pndis_log_close(NULL);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_are_what_is_acquired_and_released),
        cmocka_unit_test(callbacks_are_calls_of_the_drivers_routines),
        cmocka_unit_test(calls_are_what_a_driver_calls),
        cmocka_unit_test(notes_are_what_is_printed_and_what_the_host_says),
        cmocka_unit_test(violations_are_told_with_their_rule),
        cmocka_unit_test(a_line_begins_with_time_place_and_kind),
        cmocka_unit_test(there_are_as_many_logs_as_observers_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
