/* Violations as data: the catalogue of rules, the records, the callback, and what policies do. */
#include "nt/nt_support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the catalogue --- */

static void
every_rule_has_an_id_of_its_own_a_requirement_and_a_page(void **state)
{
    const struct pndis_rule *rule;
    size_t count = 0;

    (void)state;
    for (; (rule = pndis_rule_at(count)) != NULL; count++) {
        assert_non_null(rule->id);
        assert_true(rule->id[strspn(rule->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] == 0);
        assert_true(strlen(rule->requirement) > 10);
        assert_true(rule->page[0] != 0);
        assert_true(rule->severity == PNDIS_ADVICE || rule->severity == PNDIS_ERROR);
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal(pndis_rule_at(i)->id, rule->id);
        }
    }
    assert_true(count > 40);
    assert_null(pndis_rule_at(count + 1));
}

/* --- records --- */

static void
break_a_rule(void)
{
    KSPIN_LOCK lock;

    KeInitializeSpinLock(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
}

static void
a_record_says_who_what_where_and_when(void **state)
{
    const struct pndis_violation *violation;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(pndis_violation_count(w.machine), 0);
    assert_null(pndis_violation_at(w.machine, 0));
    delay_ms(5);
    break_a_rule();
    violation = pndis_violation_at(w.machine, 0);
    assert_string_equal(violation->rule, "SPIN_LOCK_RELEASE");
    assert_string_equal(violation->subject, "test");
    assert_string_equal(violation->call, "KeReleaseSpinLockFromDpcLevel");
    assert_string_equal(violation->callback, "Test");
    assert_string_equal(violation->page, "SpinLockRelease rule (ndis)");
    assert_non_null(strstr(violation->broken_at, "violation"));
    assert_string_equal(violation->acquired_at, "");
    assert_int_equal(violation->severity, PNDIS_ERROR);
    assert_true(violation->time_ns <= pndis_machine_now_ns(w.machine));
    assert_true(violation->time_ns + 1000000 > pndis_machine_now_ns(w.machine));
    assert_ptr_equal(pndis_violation_of(w.machine, "SPIN_LOCK_RELEASE"), violation);
    assert_null(pndis_violation_of(w.machine, "SPIN_LOCK_RETURN"));
    assert_int_equal(pndis_violation_count(w.machine), 1);
    pndis_violations_clear(w.machine);
    assert_int_equal(pndis_violation_count(w.machine), 0);
    assert_null(pndis_violation_of(w.machine, "SPIN_LOCK_RELEASE"));
    close_clean(&w);
}

struct told {
    unsigned count;
    struct pndis_machine *machine;
};

static void
on_violation(struct pndis_machine *machine, const struct pndis_violation *violation, void *user)
{
    struct told *told = user;

    told->count += strcmp(violation->rule, "SPIN_LOCK_RELEASE") == 0;
    told->machine = machine;
    /* A host may look at the records from here. */
    told->count += pndis_violation_count(machine) == 0;
}

static void
the_host_is_told_on_the_spot(void **state)
{
    struct told told = {0};
    struct world w;

    (void)state;
    world_open(&w, &(struct pndis_machine_options){.on_violation = on_violation, .user = &told});
    break_a_rule();
    assert_int_equal(told.count, 1);
    assert_ptr_equal(told.machine, w.machine);
    pndis_violations_clear(w.machine);
    close_clean(&w);
}

/* --- policies, in a process of their own --- */

static int
entry_that_breaks_a_rule(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    break_a_rule();
    return STATUS_SUCCESS;
}

/* Load a driver that breaks a rule; what came on standard error, and how the process ended. */
static int
run_with(const struct pndis_machine_options *options, char *report, size_t bytes)
{
    int ends[2];
    ssize_t got;
    size_t used = 0;
    int status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct pndis_machine *machine;

        /* A core that nobody looks at takes long; a sanitizer's handler would change the end. */
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        machine = pndis_machine_create(options);
        pndis_driver_load(
            machine, NULL,
            &(struct pndis_driver_options){.name = "breaker", .entry = entry_that_breaks_a_rule});
        pndis_machine_destroy(machine);
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], report + used, bytes - 1 - used)) > 0) {
        used += (size_t)got;
    }
    report[used] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int
run_with_policy(enum pndis_policy policy, char *report, size_t bytes)
{
    return run_with(&(struct pndis_machine_options){.policy = policy}, report, bytes);
}

static void
a_report_says_how_to_have_the_same_run_again(void **state)
{
    char report[4096];

    (void)state;
    run_with(&(struct pndis_machine_options){.seed = 418, .processors = 3}, report, sizeof(report));
    assert_non_null(strstr(report, "again with: seed 418, 3 processors\n"));
    run_with(&(struct pndis_machine_options){.scheduler = PNDIS_LIVE}, report, sizeof(report));
    assert_non_null(strstr(report, "violation of rule"));
    assert_null(strstr(report, "seed"));
}

static void
the_stop_policy_reports_and_ends_the_process(void **state)
{
    char report[4096];
    int status = run_with_policy(PNDIS_POLICY_STOP, report, sizeof(report));

    (void)state;
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(report, "violation of rule SPIN_LOCK_RELEASE"));
    assert_non_null(strstr(report, "who: breaker, in KeReleaseSpinLockFromDpcLevel, called from "
                                   "DriverEntry"));
}

static void
the_report_policy_reports_and_goes_on(void **state)
{
    char report[4096];
    int status = run_with_policy(PNDIS_POLICY_REPORT, report, sizeof(report));

    (void)state;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(report, "violation of rule SPIN_LOCK_RELEASE"));
}

static void
the_record_policy_is_silent(void **state)
{
    char report[4096];
    int status = run_with_policy(PNDIS_POLICY_RECORD, report, sizeof(report));

    (void)state;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(report, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_an_id_of_its_own_a_requirement_and_a_page),
        cmocka_unit_test(a_record_says_who_what_where_and_when),
        cmocka_unit_test(the_host_is_told_on_the_spot),
        cmocka_unit_test(a_report_says_how_to_have_the_same_run_again),
        cmocka_unit_test(the_stop_policy_reports_and_ends_the_process),
        cmocka_unit_test(the_report_policy_reports_and_goes_on),
        cmocka_unit_test(the_record_policy_is_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
