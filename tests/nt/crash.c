/*
 * Faults in driver code that no __try covers. Each happens in a process of its own, since it ends
 * that: what it wrote on standard error is looked at, and how it ended.
 */
#include "nt/nt_support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 418, PROCESSORS = 3, REPORT_BYTES = 16384 };

struct end {
    int status;
    char report[REPORT_BYTES];
};

static void
run_in_a_child(void (*run)(void), struct end *end)
{
    size_t used = 0;
    ssize_t got;
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Those of cmocka, or of a sanitizer. */
        signal(SIGSEGV, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
        signal(SIGILL, SIG_DFL);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        run();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], end->report + used, sizeof(end->report) - 1 - used)) > 0) {
        used += (size_t)got;
    }
    end->report[used] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &end->status, 0), child);
}

static unsigned
count_of(const char *text, const char *words)
{
    unsigned count = 0;

    for (; (text = strstr(text, words)) != NULL; text++) {
        count++;
    }
    return count;
}

static void
expect_words(const struct end *end, const char *words)
{
    if (count_of(end->report, words) != 1) {
        fail_msg("\"%s\" is expected once in: %s", words, end->report);
    }
}

static void
expect_signal(const struct end *end, int signal_number)
{
    if (!WIFSIGNALED(end->status) || WTERMSIG(end->status) != signal_number) {
        fail_msg("signal %d was expected, not the status 0x%x: %s", signal_number,
                 (unsigned)end->status, end->report);
    }
}

/* --- drivers that crash --- */

static char *volatile nowhere;

static int
write_nowhere(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    nowhere[16] = 1;
    return STATUS_SUCCESS;
}

static int
stop_at_nonsense(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    __builtin_trap();
}

static int
be_sent_one(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    raise(SIGSEGV);
    return STATUS_SUCCESS;
}

/* Its own functions run on the stack that overflows, and it knows no way out of a handler into a
 * framework that it has not compiled. */
static void
not_under_thread_sanitizer(void)
{
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
    skip();
#endif
}

/* By steps that are smaller than the guard; not too many, for ThreadSanitizer counts calls. */
static unsigned
recurse(unsigned volatile depth)
{
    char volatile step[2048];

    step[0] = (char)depth;
    return depth == 0 ? 0 : recurse(depth - 1) + (unsigned)step[0];
}

static VOID
thread_without_an_end(PVOID user)
{
    (void)user;
    recurse(UINT32_MAX);
}

static int
start_such_a_thread(void *driver_object, void *registry_path)
{
    struct runner runner;

    (void)driver_object;
    (void)registry_path;
    runner_start(&runner, thread_without_an_end, NULL);
    runner_join(&runner);
    return STATUS_SUCCESS;
}

static int
catch_one(void *driver_object, void *registry_path)
{
    volatile NTSTATUS seen = STATUS_SUCCESS;

    __try {
        write_nowhere(driver_object, registry_path);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        seen = GetExceptionCode();
    }
    return seen == STATUS_ACCESS_VIOLATION ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static struct pndis_machine *
a_machine(void)
{
    return pndis_machine_create(&(struct pndis_machine_options){
        .seed = SEED,
        .processors = PROCESSORS,
        .policy = PNDIS_POLICY_RECORD,
        .scheduler = world_is_live() ? PNDIS_LIVE : PNDIS_SIM,
    });
}

static struct pndis_driver *
load_into(struct pndis_machine *machine, pndis_driver_entry *entry)
{
    return pndis_driver_load(machine, NULL,
                             &(struct pndis_driver_options){.name = "crasher", .entry = entry});
}

/* --- the report --- */

static void
crash_in_driver_entry(void)
{
    load_into(a_machine(), write_nowhere);
}

static void
a_report_names_driver_callback_place_and_seed(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(crash_in_driver_entry, &end);
    expect_signal(&end, SIGSEGV);
    expect_words(&end, "pndis: a fault in driver code: SIGSEGV at address 0x10\n");
    expect_words(&end, "  who: driver crasher, in DriverEntry\n");
    expect_words(&end, "  at: nt_crash+0x");
    if (world_is_live()) {
        assert_null(strstr(end.report, "seed"));
    } else {
        expect_words(&end, "  again with: seed 418, 3 processors\n");
    }
}

static void
crash_in_an_adapter(void)
{
    struct owner adapter = {.kind = "adapter", .name = "eth0"};
    struct frame frame;
    struct world w;

    world_start(&w, SEED);
    adapter.parent = &w.driver->owner;
    pndis__guest_enter(w.context, &frame, &adapter, "MiniportPause");
    write_nowhere(NULL, NULL);
}

static void
a_report_names_the_adapter(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(crash_in_an_adapter, &end);
    expect_signal(&end, SIGSEGV);
    expect_words(&end, "  who: driver test, adapter eth0, in MiniportPause\n");
}

static void
crash_of_poisoned_memory(void)
{
    nowhere = (char *)(uintptr_t)0xdddddddddddddddd;
    crash_in_driver_entry();
}

/* The processor tells no address for such, and 0 would mislead. */
static void
an_address_that_no_memory_can_have_is_not_told_as_null(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(crash_of_poisoned_memory, &end);
    assert_true(WIFSIGNALED(end.status));
    assert_null(strstr(end.report, "at address 0x0\n"));
    expect_words(&end, "pndis: a fault in driver code: SIG");
}

static void
crash_at_nonsense(void)
{
    load_into(a_machine(), stop_at_nonsense);
}

static void
an_instruction_that_is_none_is_a_fault(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(crash_at_nonsense, &end);
    assert_true(WIFSIGNALED(end.status));
    expect_words(&end, "  who: driver crasher, in DriverEntry\n");
    expect_words(&end, "  at: nt_crash+0x");
}

static void
send_one(void)
{
    load_into(a_machine(), be_sent_one);
}

static void
a_signal_that_is_sent_is_no_fault_and_goes_on(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(send_one, &end);
    expect_signal(&end, SIGSEGV);
    assert_string_equal(end.report, "");
}

static void
run_off_a_stack(void)
{
    load_into(a_machine(), start_such_a_thread);
}

static void
a_stack_that_overflows_is_reported(void **state)
{
    struct end end;

    (void)state;
    not_under_thread_sanitizer();
    run_in_a_child(run_off_a_stack, &end);
    expect_signal(&end, SIGSEGV);
    expect_words(&end, "  who: driver crasher, in StartRoutine\n");
}

/* --- who else has a word --- */

static void
catch_and_crash_outside(void)
{
    struct pndis_machine *machine = a_machine();

    if (load_into(machine, catch_one) == NULL) {
        printf("it was not caught\n");
    }
    write_nowhere(NULL, NULL);
}

static void
what_a_try_catches_is_not_reported_nor_what_happens_outside_of_drivers(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(catch_and_crash_outside, &end);
    expect_signal(&end, SIGSEGV);
    assert_string_equal(end.report, "");
}

static struct pndis_machine *machine_of_group;

static int
set_up_machine(void **state)
{
    (void)state;
    machine_of_group = a_machine();
    return 0;
}

static int
tear_machine_down(void **state)
{
    (void)state;
    pndis_machine_destroy(machine_of_group);
    return 0;
}

static void
test_that_crashes(void **state)
{
    (void)state;
    load_into(machine_of_group, write_nowhere);
}

static void
test_that_finds_nobody_inside(void **state)
{
    (void)state;
    assert_null(context_current());
    assert_non_null(load_into(machine_of_group, catch_one));
}

static void
run_tests_that_crash(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_that_crashes, set_up_machine, tear_machine_down),
        cmocka_unit_test_setup_teardown(test_that_crashes, set_up_machine, tear_machine_down),
        cmocka_unit_test_setup_teardown(test_that_finds_nobody_inside, set_up_machine,
                                        tear_machine_down),
    };
    int failed = cmocka_run_group_tests_name("crashing", tests, NULL, NULL);

    fflush(NULL);
    _exit(failed);
}

/* The framework installs its handlers for each test, after the machine was made, and is left with
 * longjmp by a call that never returns. */
static void
a_test_framework_sees_each_crash_and_the_tests_go_on(void **state)
{
    struct end end;

    (void)state;
    not_under_thread_sanitizer();
    run_in_a_child(run_tests_that_crash, &end);
    if (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != 2) {
        fail_msg("two failed tests were expected, not the status 0x%x: %s", (unsigned)end.status,
                 end.report);
    }
    assert_int_equal(count_of(end.report, "  who: driver crasher, in DriverEntry\n"), 2);
    assert_int_equal(count_of(end.report, "Test failed with exception: Segmentation fault"), 2);
}

static void
crash_after_the_machines(void)
{
    struct pndis_machine *first = a_machine();
    struct sigaction now;

    pndis_machine_destroy(a_machine());
    sigaction(SIGSEGV, NULL, &now);
    printf("%s while there is one\n", now.sa_handler == SIG_DFL ? "none" : "some");
    pndis_machine_destroy(first);
    sigaction(SIGSEGV, NULL, &now);
    printf("%s after the last\n", now.sa_handler == SIG_DFL ? "none" : "some");
    fflush(stdout);
}

static void
handlers_go_with_the_last_machine(void **state)
{
    struct end end;

    (void)state;
    run_in_a_child(crash_after_the_machines, &end);
    assert_string_equal(end.report, "some while there is one\nnone after the last\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_names_driver_callback_place_and_seed),
        cmocka_unit_test(a_report_names_the_adapter),
        cmocka_unit_test(an_address_that_no_memory_can_have_is_not_told_as_null),
        cmocka_unit_test(an_instruction_that_is_none_is_a_fault),
        cmocka_unit_test(a_signal_that_is_sent_is_no_fault_and_goes_on),
        cmocka_unit_test(a_stack_that_overflows_is_reported),
        cmocka_unit_test(what_a_try_catches_is_not_reported_nor_what_happens_outside_of_drivers),
        cmocka_unit_test(a_test_framework_sees_each_crash_and_the_tests_go_on),
        cmocka_unit_test(handlers_go_with_the_last_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
