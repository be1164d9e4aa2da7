/*
 * Drivers as loadable modules, in a program that is linked with the shared library and knows
 * nothing of Windows: what tests/drivers/acquirer.c forgets is named with the place that acquired
 * it, and copies of a module do not share their variables.
 */
#include <pndis/pndis.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 1000 };

/* A step that the driver forgets to undo: what is said of it, and under which rules. */
struct forgotten {
    const char *step;
    const char *words;
    const char *rule_of_failure; /* After a failed MiniportInitializeEx ... */
    const char *rule_of_halt;    /* ... and after MiniportHaltEx. */
    const char *before;          /* What is reported first; mostly nothing. */
    bool placed;                 /* With the place that acquired it. */
};

#define LEAKS "LEAK_INITIALIZE", "LEAK_HALT"

static const struct forgotten forgotten[] = {
    {"MEMORY", "memory of 100 bytes, tag 'Acui'", LEAKS, NULL, false},
    {"LIST_POOL", "a NET_BUFFER_LIST pool", LEAKS, NULL, false},
    {"LIST", "a NET_BUFFER_LIST", LEAKS, "NBL_POOL_FREE", true},
    {"BUFFER_POOL", "a NET_BUFFER pool", LEAKS, NULL, false},
    {"MDL_", "an MDL", LEAKS, NULL, false},
    {"TIMER", "a timer", LEAKS, NULL, false},
    {"RW_LOCK", "lock", LEAKS, NULL, false},
    {"WORK_ITEM", "a work item", LEAKS, NULL, false},
    {"CONFIGURATION", "configuration", LEAKS, NULL, false},
    {"LOOKASIDE", "a lookaside list", "LEAK_INITIALIZE", "LEAK_UNLOAD", "POOL_ACTIVE", false},
    {"IO_SPACE", "I/O space", LEAKS, NULL, false},
    {"SCATTER_GATHER", "DMA", LEAKS, NULL, false},
    {"SHARED_MEMORY", "shared memory", LEAKS, NULL, false},
    {"INTERRUPT", "an interrupt", LEAKS, NULL, false},
    {"DEVICE", "a device object", "LEAK_INITIALIZE", "LEAK_UNLOAD", NULL, false},
};

/* --- a machine with the driver's device --- */

static uint64_t
read_zero(void *user, unsigned range, uint64_t offset, unsigned width)
{
    (void)user;
    (void)range;
    (void)offset;
    (void)width;
    return 0;
}

static void
write_nothing(void *user, unsigned range, uint64_t offset, unsigned width, uint64_t value)
{
    (void)user;
    (void)range;
    (void)offset;
    (void)width;
    (void)value;
}

static const struct pndis_device_ops quiet = {.read = read_zero, .write = write_nothing};

static struct pndis_machine *
make_machine(void)
{
    struct pndis_machine *machine =
        pndis_machine_create(&(struct pndis_machine_options){.policy = PNDIS_POLICY_RECORD});

    assert_non_null(machine);
    return machine;
}

static struct pndis_driver *
load(struct pndis_machine *machine, const char *module)
{
    char path[PATH_BYTES];
    struct pndis_driver *driver;

    snprintf(path, sizeof(path), "%s/%s.so", TEST_DRIVERS, module);
    driver = pndis_driver_load(machine, path, NULL);
    if (driver == NULL) {
        fail_msg("%s", pndis_last_error());
    }
    return driver;
}

/* @fail_at NULL: MiniportInitializeEx succeeds. */
static struct pndis_adapter *
add(struct pndis_machine *machine, struct pndis_driver *driver, const char *fail_at)
{
    const struct pndis_parameter parameter = {"FailAt", fail_at};
    const struct pndis_device_options device = {.ranges = {{PNDIS_RANGE_MEMORY, 4096}},
                                                .range_count = 1};
    const struct pndis_adapter_options options = {
        .device = pndis_device_create(machine, &device, &quiet, NULL),
        .parameters = &parameter,
        .parameter_count = fail_at != NULL,
    };
    struct pndis_adapter *adapter;

    assert_non_null(options.device);
    adapter = pndis_adapter_add(machine, driver, &options);
    assert_non_null(adapter);
    assert_int_equal(pndis_adapter_state(adapter), fail_at != NULL ? PNDIS_HALTED : PNDIS_PAUSED);
    return adapter;
}

static void
end_clean(struct pndis_machine *machine)
{
    assert_int_equal(pndis_machine_stop(machine), 0);
    if (pndis_violation_at(machine, 0) != NULL) {
        fail_msg("%s", pndis_violation_at(machine, 0)->message);
    }
    pndis_machine_destroy(machine);
}

/* --- what is forgotten --- */

/* The line of the fixture whose comment names @step: where the step acquires. */
static unsigned
line_of(const char *step)
{
    char wanted[80];
    char line[200];
    FILE *source = fopen(TEST_ACQUIRER_SOURCE, "r");
    unsigned number = 0;

    assert_non_null(source);
    snprintf(wanted, sizeof(wanted), "/* %s */", step);
    do {
        number++;
        if (fgets(line, sizeof(line), source) == NULL) {
            fail_msg("no line of acquirer.c is marked %s", wanted);
        }
    } while (strstr(line, wanted) == NULL);
    fclose(source);
    return number;
}

/* @violation blames @rule, and names what was acquired at @line. */
static void
expect_place(const struct pndis_violation *violation, const char *rule, unsigned line)
{
    unsigned reported = 0;

    print_message("%s: %s (%s)\n", violation->rule, violation->message, violation->acquired_at);
    assert_string_equal(violation->rule, rule);
    assert_int_equal(sscanf(violation->acquired_at, "acquirer.c:%u (", &reported), 1);
    /* A call may begin a line or two above its end. */
    if (reported > line || reported + 2 < line) {
        fail_msg("reported at line %u, not %u", reported, line);
    }
}

/* One thing may be several to the kernel: a device has a link. All have the same place. */
static void
expect_report(struct pndis_machine *machine, const struct forgotten *what, const char *rule)
{
    const struct pndis_violation *violation;
    unsigned line = line_of(what->step);
    bool named = false;
    size_t i = 0;

    if (what->before != NULL) {
        assert_non_null(pndis_violation_at(machine, 0));
        assert_string_equal(pndis_violation_at(machine, 0)->rule, what->before);
        if (what->placed) {
            expect_place(pndis_violation_at(machine, 0), what->before, line);
        }
        i = 1;
    }
    while ((violation = pndis_violation_at(machine, i++)) != NULL) {
        expect_place(violation, rule, line);
        named = named || strstr(violation->message, what->words) != NULL;
    }
    if (!named) {
        fail_msg("%s was forgotten, and is not in the report", what->step);
    }
}

static void
forget(const struct forgotten *what, const char *fail_at, const char *rule)
{
    struct pndis_machine *machine = make_machine();
    char module[80];

    snprintf(module, sizeof(module), "acquirer_forgets_%s", what->step);
    add(machine, load(machine, module), fail_at);
    assert_int_equal(pndis_machine_stop(machine), 0);
    expect_report(machine, what, rule);
    pndis_machine_destroy(machine);
}

/* Lines come out of debug information, which pndis reads with libdw. */
static void
needs_source_lines(void)
{
#ifndef TEST_SOURCE_LINES
    print_message("skipped: pndis is built without libdw, so that reports name no lines\n");
    skip();
#endif
}

static void
what_a_failed_initialize_forgets_is_named_with_its_place(void **state)
{
    (void)state;
    needs_source_lines();
    for (size_t i = 0; i < sizeof(forgotten) / sizeof(*forgotten); i++) {
        forget(&forgotten[i], "15", forgotten[i].rule_of_failure);
    }
}

static void
what_a_halt_forgets_is_named_with_its_place(void **state)
{
    (void)state;
    needs_source_lines();
    for (size_t i = 0; i < sizeof(forgotten) / sizeof(*forgotten); i++) {
        forget(&forgotten[i], NULL, forgotten[i].rule_of_halt);
    }
}

static void
a_driver_that_forgets_nothing_is_not_reported(void **state)
{
    static const char *const failures[] = {NULL, "15", "7", "0"};

    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        struct pndis_machine *machine = make_machine();

        add(machine, load(machine, "acquirer"), failures[i]);
        end_clean(machine);
    }
}

/* --- copies --- */

static void
pass_a_frame(struct pndis_adapter *adapter)
{
    static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct pndis_client *client = pndis_client_open(adapter, NULL);
    struct pndis_client_counts counts;

    assert_non_null(client);
    assert_int_equal(pndis_client_send(client, frame, sizeof(frame)), 0);
    pndis_client_get_counts(client, &counts);
    assert_int_equal(counts.completed_ok, 1);
    assert_int_equal(pndis_client_close(client), 0);
}

/* Each has a driver handle of its own in a static variable. */
static void
a_module_can_be_loaded_twice_into_a_machine(void **state)
{
    struct pndis_machine *machine = make_machine();
    struct pndis_driver *first = load(machine, "acquirer");
    struct pndis_driver *second = load(machine, "acquirer");
    struct pndis_adapter *adapter;

    (void)state;
    assert_ptr_not_equal(first, second);
    assert_string_not_equal(pndis_driver_name(first), pndis_driver_name(second));
    pass_a_frame(add(machine, first, NULL));
    assert_int_equal(pndis_driver_unload(first), 0);
    adapter = add(machine, second, NULL);
    pass_a_frame(adapter);
    first = load(machine, "acquirer");
    assert_int_equal(pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED), 0);
    pass_a_frame(add(machine, first, NULL));
    end_clean(machine);
}

static void
a_module_can_be_loaded_into_two_machines(void **state)
{
    struct pndis_machine *machines[2];
    struct pndis_adapter *adapters[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        machines[i] = make_machine();
        adapters[i] = add(machines[i], load(machines[i], "acquirer"), NULL);
    }
    pass_a_frame(adapters[0]);
    pass_a_frame(adapters[1]);
    end_clean(machines[0]);
    pass_a_frame(adapters[1]);
    end_clean(machines[1]);
}

static void
what_is_no_module_is_not_loaded(void **state)
{
    struct pndis_machine *machine = make_machine();

    (void)state;
    assert_null(pndis_driver_load(machine, TEST_DRIVERS "/no_such_driver.so", NULL));
    assert_non_null(strstr(pndis_last_error(), "no_such_driver"));
    assert_null(pndis_driver_load(machine, TEST_ACQUIRER_SOURCE, NULL));
    pass_a_frame(add(machine, load(machine, "acquirer"), NULL));
    end_clean(machine);
}

/* "mine.inf" beside "mine.so", unless the host says that there is none. */
static void
an_inf_file_beside_the_module_is_found(void **state)
{
    char directory[] = "/tmp/pndis-module-XXXXXX";
    char target[PATH_BYTES];
    char module[PATH_BYTES];
    char inf[PATH_BYTES];
    struct pndis_machine *machine = make_machine();
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(target, sizeof(target), "%s/acquirer.so", TEST_DRIVERS);
    snprintf(module, sizeof(module), "%s/mine.so", directory);
    snprintf(inf, sizeof(inf), "%s/mine.inf", directory);
    assert_int_equal(symlink(target, module), 0);
    file = fopen(inf, "w");
    assert_non_null(file);
    fputs("no INF file", file);
    fclose(file);
    assert_null(pndis_driver_load(machine, module, NULL));
    assert_non_null(strstr(pndis_last_error(), inf));
    assert_non_null(pndis_driver_load(machine, module, &(struct pndis_driver_options){.inf = ""}));
    unlink(inf);
    assert_non_null(pndis_driver_load(machine, module, NULL));
    end_clean(machine);
    unlink(module);
    rmdir(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_failed_initialize_forgets_is_named_with_its_place),
        cmocka_unit_test(what_a_halt_forgets_is_named_with_its_place),
        cmocka_unit_test(a_driver_that_forgets_nothing_is_not_reported),
        cmocka_unit_test(a_module_can_be_loaded_twice_into_a_machine),
        cmocka_unit_test(a_module_can_be_loaded_into_two_machines),
        cmocka_unit_test(what_is_no_module_is_not_loaded),
        cmocka_unit_test(an_inf_file_beside_the_module_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
