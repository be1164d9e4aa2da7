/* Structured exceptions ("Handling Exceptions"): __try, __except, __finally, and what raises. */
#include "nt/nt_support.h"

#include <excpt.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static NTSTATUS
raise_and_catch(NTSTATUS status)
{
    volatile NTSTATUS seen = STATUS_SUCCESS;

    __try {
        ExRaiseStatus(status);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    return seen;
}

static void
what_is_raised_is_caught_with_its_code(void **state)
{
    volatile NTSTATUS seen = STATUS_SUCCESS;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(raise_and_catch(STATUS_INSUFFICIENT_RESOURCES), STATUS_INSUFFICIENT_RESOURCES);
    __try {
        ExRaiseAccessViolation();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    assert_int_equal(seen, STATUS_ACCESS_VIOLATION);
    __try {
        ExRaiseDatatypeMisalignment();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    assert_int_equal(seen, STATUS_DATATYPE_MISALIGNMENT);
    close_clean(&w);
}

static void
a_body_that_raises_nothing_runs_to_its_end(void **state)
{
    volatile int reached = 0;
    struct world w;

    (void)state;
    world_start(&w, 0);
    __try {
        reached = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        reached = 2;
    }
    assert_int_equal(reached, 1);
    assert_null(w.context->exceptions);
    close_clean(&w);
}

static void
a_filter_decides_who_handles(void **state)
{
    volatile char order[4] = "";
    volatile int used = 0;
    struct world w;

    (void)state;
    world_start(&w, 0);
    __try {
        __try {
            RtlRaiseStatus(STATUS_TIMEOUT);
        } __except (GetExceptionCode() == STATUS_CANCELLED ? EXCEPTION_EXECUTE_HANDLER
                                                           : EXCEPTION_CONTINUE_SEARCH) {
            order[used++] = 'i';
        }
        order[used++] = 'n';
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        order[used++] = 'o';
    }
    assert_int_equal(used, 1);
    assert_int_equal(order[0], 'o');
    assert_null(w.context->exceptions);
    close_clean(&w);
}

static void
a_finally_block_runs_in_both_cases(void **state)
{
    volatile int runs = 0;
    volatile int handled = 0;
    struct world w;

    (void)state;
    world_start(&w, 0);
    __try {
        handled = 0;
    } __finally {
        runs++;
    }
    assert_int_equal(runs, 1);
    __try {
        __try {
            ExRaiseStatus(STATUS_UNSUCCESSFUL);
        } __finally {
            runs++;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        handled = 1;
    }
    assert_int_equal(runs, 2);
    assert_int_equal(handled, 1);
    close_clean(&w);
}

/* --- faults of the processor --- */

static NTSTATUS
touch(volatile char *address)
{
    volatile NTSTATUS seen = STATUS_SUCCESS;

    __try {
        *address = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    return seen;
}

static void
memory_faults_are_exceptions(void **state)
{
    char *hole = pndis__os_reserve_inaccessible(PAGE_SIZE);
    struct world w;
    char here;

    (void)state;
    world_start(&w, 0);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(touch(hole + i), STATUS_ACCESS_VIOLATION);
        assert_int_equal(touch(&here), STATUS_SUCCESS);
    }
    close_clean(&w);
    pndis__os_release(hole, PAGE_SIZE);
}

static VOID
fault_in_a_thread(PVOID user)
{
    char *hole = pndis__os_reserve_inaccessible(PAGE_SIZE);

    for (unsigned i = 0; i < 5; i++) {
        InterlockedAdd(user, touch(hole) == STATUS_ACCESS_VIOLATION);
        delay_ms(0);
    }
    pndis__os_release(hole, PAGE_SIZE);
}

static void
run_threads_fault(struct world *w)
{
    struct runner runners[3];
    LONG caught = 0;

    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], fault_in_a_thread, &caught);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    expect(w, caught == 15);
    close_clean(w);
}

static void
each_thread_catches_its_own(void **state)
{
    (void)state;
    under_many_seeds(run_threads_fault);
}

static void
probing_raises_where_the_page_says(void **state)
{
    volatile NTSTATUS seen = STATUS_SUCCESS;
    char *hole = pndis__os_reserve_inaccessible(PAGE_SIZE);
    ULONG numbers[2] = {0};
    struct world w;

    (void)state;
    world_start(&w, 0);
    __try {
        ProbeForRead(numbers, sizeof(numbers), sizeof(ULONG));
        ProbeForWrite(numbers, sizeof(numbers), sizeof(ULONG));
        ProbeForRead(hole, 0, 1);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    assert_int_equal(seen, STATUS_SUCCESS);
    __try {
        ProbeForRead((char *)numbers + 1, 4, sizeof(ULONG));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    assert_int_equal(seen, STATUS_DATATYPE_MISALIGNMENT);
    __try {
        ProbeForWrite(hole, 8, 1);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    assert_int_equal(seen, STATUS_ACCESS_VIOLATION);
    close_clean(&w);
    pndis__os_release(hole, PAGE_SIZE);
}

/* --- nobody handles it: the process ends, so that is seen in another one --- */

static int
entry_that_raises(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    ExRaiseStatus(STATUS_UNSUCCESSFUL);
    return STATUS_SUCCESS;
}

static int
entry_that_bug_checks(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    KeBugCheckEx(0x7c, 1, 2, 3, 4);
    return STATUS_SUCCESS;
}

static int
entry_that_asserts(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    RtlAssert("one == two", "driver.c", 12, NULL);
    return STATUS_SUCCESS;
}

static KBUGCHECK_CALLBACK_RECORD record;

static VOID
on_bug_check(PVOID buffer, ULONG length)
{
    char text[64];

    (void)length;
    snprintf(text, sizeof(text), "the callback ran at %u\n", KeGetCurrentIrql());
    pndis__os_report(text);
    *(char *)buffer = 1;
}

static int
entry_with_a_callback(void *driver_object, void *registry_path)
{
    static char buffer[8];

    (void)driver_object;
    (void)registry_path;
    KeInitializeCallbackRecord(&record);
    KeRegisterBugCheckCallback(&record, on_bug_check, buffer, sizeof(buffer), (PUCHAR) "test");
    KeBugCheck(0xe2);
    return STATUS_SUCCESS;
}

static void
expect_death(pndis_driver_entry *entry, const char *rule, const char *words)
{
    char report[4096];
    size_t used = 0;
    ssize_t got;
    int ends[2];
    int status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        pndis_driver_load(pndis_machine_create(NULL), NULL,
                          &(struct pndis_driver_options){.name = "bad", .entry = entry});
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], report + used, sizeof(report) - 1 - used)) > 0) {
        used += (size_t)got;
    }
    report[used] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if (strstr(report, rule) == NULL || strstr(report, words) == NULL) {
        fail_msg("%s and \"%s\" were expected in %s", rule, words, report);
    }
}

static void
an_exception_that_nobody_handles_ends_the_process(void **state)
{
    (void)state;
    expect_death(entry_that_raises, "rule EXCEPTION", "exception 0xc0000001 is not handled");
}

static void
a_bug_check_ends_the_process(void **state)
{
    (void)state;
    expect_death(entry_that_bug_checks, "rule BUG_CHECK",
                 "bug check 0x0000007c (0x1, 0x2, 0x3, 0x4)");
}

static void
callbacks_run_at_high_level_before_the_end(void **state)
{
    (void)state;
    expect_death(entry_with_a_callback, "rule BUG_CHECK", "the callback ran at 15");
}

static void
an_assertion_that_fails_is_reported(void **state)
{
    (void)state;
    expect_death(entry_that_asserts, "rule ASSERTION", "one == two");
}

/* A report is all that the record policy makes of an assertion; a bug check ends it all the same.
 */
static void
with_the_record_policy_an_assertion_is_a_record(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    RtlAssert("one == two", "driver.c", 12, NULL);
    assert_non_null(strstr(pndis_violation_at(w.machine, 0)->message, "one == two"));
    expect_broken(&w, "ASSERTION");
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_raised_is_caught_with_its_code),
        cmocka_unit_test(a_body_that_raises_nothing_runs_to_its_end),
        cmocka_unit_test(a_filter_decides_who_handles),
        cmocka_unit_test(a_finally_block_runs_in_both_cases),
        cmocka_unit_test(memory_faults_are_exceptions),
        cmocka_unit_test(each_thread_catches_its_own),
        cmocka_unit_test(probing_raises_where_the_page_says),
        cmocka_unit_test(an_exception_that_nobody_handles_ends_the_process),
        cmocka_unit_test(a_bug_check_ends_the_process),
        cmocka_unit_test(callbacks_run_at_high_level_before_the_end),
        cmocka_unit_test(an_assertion_that_fails_is_reported),
        cmocka_unit_test(with_the_record_policy_an_assertion_is_a_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
