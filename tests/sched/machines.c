/* Machines beside each other, and machines that leave nothing behind. */
#include "nt/nt_support.h"

#include <dirent.h>
#include <pndis/registry.h>
#include <pthread.h>
#include <unistd.h>

static size_t
entries_of(const char *directory)
{
    DIR *open = opendir(directory);
    size_t count = 0;

    assert_non_null(open);
    while (readdir(open) != NULL) {
        count++;
    }
    closedir(open);
    return count;
}

static size_t
pages_in_use(void)
{
    unsigned long total = 0;
    unsigned long resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");

    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%lu %lu", &total, &resident), 2);
    fclose(statm);
    return total;
}

/* --- nothing is left behind --- */

static VOID
wait_a_moment(PVOID user)
{
    (void)user;
    delay_ms(1);
}

static VOID
do_nothing(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    (void)dpc;
    (void)deferred_context;
    (void)argument1;
    (void)argument2;
}

static void
live_and_end(uint64_t seed)
{
    struct runner runner;
    struct world w;
    KTIMER timer;
    KDPC dpc;

    world_start(&w, seed);
    KeInitializeDpc(&dpc, do_nothing, NULL);
    KeInitializeTimer(&timer);
    KeSetTimer(&timer, (LARGE_INTEGER){.QuadPart = -10}, &dpc);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    runner_start(&runner, wait_a_moment, NULL);
    ExFreePoolWithTag(ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TEST_TAG), TEST_TAG);
    runner_join(&runner);
    KeCancelTimer(&timer);
    KeFlushQueuedDpcs();
    close_clean(&w);
}

static void
a_thousand_machines_leave_no_thread_descriptor_or_mapping(void **state)
{
    enum { MACHINES = 1000, FIRST = 50 };
    size_t descriptors = 0;
    size_t threads = 0;
    size_t pages = 0;

    (void)state;
    for (unsigned i = 0; i < MACHINES; i++) {
        if (i == FIRST) {
            /* By now the C library has what it keeps for itself. */
            descriptors = entries_of("/proc/self/fd");
            threads = entries_of("/proc/self/task");
            pages = pages_in_use();
        }
        live_and_end(i);
    }
    assert_int_equal(entries_of("/proc/self/fd"), descriptors);
    assert_int_equal(entries_of("/proc/self/task"), threads);
    /* One stack of a fiber per machine would be fifteen times as much. */
    assert_true(pages_in_use() < pages + 16 * 256);
}

static void
a_machine_that_never_did_anything_ends_too(void **state)
{
    struct pndis_machine *machine;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        machine = pndis_machine_create(NULL);
        assert_non_null(machine);
        pndis_machine_destroy(machine);
    }
    pndis_machine_destroy(NULL);
}

/* --- they do not see each other --- */

static UNICODE_STRING
name_of_the_device(void)
{
    return (UNICODE_STRING)RTL_CONSTANT_STRING(L"\\Device\\Same");
}

static void
names_blocks_violations_and_clocks_are_each_machines_own(void **state)
{
    UNICODE_STRING name = name_of_the_device();
    struct host_call back;
    struct world second;
    struct world first;
    PDEVICE_OBJECT devices[2];
    PVOID memory;
    uint64_t now;

    (void)state;
    on_sim_only();
    world_start(&first, 1);
    assert_int_equal(
        IoCreateDevice(first.object, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &devices[0]),
        STATUS_SUCCESS);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 32, TEST_TAG);
    now = pndis_machine_now_ns(first.machine);

    /* Nested: the thread is inside both, and in the second for what follows. */
    world_start(&second, 2);
    assert_int_equal(
        IoCreateDevice(second.object, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &devices[1]),
        STATUS_SUCCESS);
    delay_ms(1000);
    ExFreePoolWithTag(memory, TEST_TAG);
    expect_broken(&second, "POOL_FREE");
    expect_clean(&first);
    IoDeleteDevice(devices[1]);
    close_clean(&second);

    assert_true(context_current() == first.context);
    assert_true(pndis_machine_now_ns(first.machine) - now < 100000000);
    assert_int_equal(pndis__host_enter(first.machine, &back), 0);
    pndis__host_leave(&back);
    ExFreePoolWithTag(memory, TEST_TAG);
    IoDeleteDevice(devices[0]);
    close_clean(&first);
}

/* Each on a thread of its own, at the same time. */
static void *
live_many_times(void *user)
{
    for (unsigned i = 0; i < 50; i++) {
        live_and_end((uintptr_t)user * 1000 + i);
    }
    return NULL;
}

static void
machines_on_different_threads_do_not_meet(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (uintptr_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, live_many_times, (void *)i), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void *
try_to_enter(void *user)
{
    return (void *)(intptr_t)pndis_machine_run(user, 1);
}

static void
a_sim_machine_is_entered_by_one_thread_at_a_time(void **state)
{
    pthread_t thread;
    struct world w;
    void *result;

    (void)state;
    on_sim_only();
    world_start(&w, 0);
    assert_int_equal(pthread_create(&thread, NULL, try_to_enter, w.machine), 0);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, PNDIS_EBUSY);
    close_clean(&w);
}

static void
options_that_no_machine_can_have_are_refused(void **state)
{
    static const struct pndis_machine_options wrong[] = {
        {.ndis_version = 0x00070000}, {.ndis_version = 0x0006005a},
        {.ndis_version = 0x00050001}, {.stack_bytes = 100},
        {.stack_bytes = 65535},       {.processors = PNDIS_PROCESSOR_LIMIT + 1},
    };
    static const struct pndis_machine_options right[] = {
        {.ndis_version = 0x00060000},
        {.ndis_version = 0x00060059},
        {.stack_bytes = 65536},
    };

    (void)state;
    for (size_t i = 0; i < RTL_NUMBER_OF(wrong); i++) {
        assert_null(pndis_machine_create(&wrong[i]));
    }
    for (size_t i = 0; i < RTL_NUMBER_OF(right); i++) {
        struct pndis_machine *machine = pndis_machine_create(&right[i]);

        assert_non_null(machine);
        pndis_machine_destroy(machine);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_machines_leave_no_thread_descriptor_or_mapping),
        cmocka_unit_test(a_machine_that_never_did_anything_ends_too),
        cmocka_unit_test(names_blocks_violations_and_clocks_are_each_machines_own),
        cmocka_unit_test(machines_on_different_threads_do_not_meet),
        cmocka_unit_test(a_sim_machine_is_entered_by_one_thread_at_a_time),
        cmocka_unit_test(options_that_no_machine_can_have_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
