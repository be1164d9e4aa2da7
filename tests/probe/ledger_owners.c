/* Whose account it is: the order of leaks, several drivers, a DriverEntry that fails, no ledger. */
#include "nt/nt_support.h"

enum { BYTES = 96 };

/* Oldest first: what a driver did is read from top to bottom. */
static void
leaks_are_told_in_the_order_of_acquiring(void **state)
{
    enum { BLOCKS = 5 };
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (unsigned i = 1; i <= BLOCKS; i++) {
        ExAllocatePool2(POOL_FLAG_NON_PAGED, i, TEST_TAG);
    }
    world_end(&w);
    assert_int_equal(pndis_violation_count(w.machine), BLOCKS);
    for (unsigned i = 1; i <= BLOCKS; i++) {
        char words[40];

        snprintf(words, sizeof(words), "memory of %u bytes", i);
        assert_non_null(strstr(pndis_violation_at(w.machine, i - 1)->message, words));
    }
    pndis_machine_destroy(w.machine);
}

/* A second driver's blocks are not the first one's. */
static VOID
unload_nothing(PDRIVER_OBJECT driver)
{
    (void)driver;
}

static int
forgetful_entry(void *driver_object, void *registry_path)
{
    (void)registry_path;
    ((PDRIVER_OBJECT)driver_object)->DriverUnload = unload_nothing;
    ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
    return STATUS_SUCCESS;
}

static int
failing_entry(void *driver_object, void *registry_path)
{
    (void)driver_object;
    (void)registry_path;
    ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
    return STATUS_UNSUCCESSFUL;
}

static void
each_driver_answers_for_its_own(void **state)
{
    const struct pndis_violation *leak;
    struct pndis_driver *other;
    struct world w;
    PVOID memory;

    (void)state;
    world_start(&w, 0);
    memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
    other = pndis_driver_load(
        w.machine, NULL,
        &(struct pndis_driver_options){.name = "forgetful", .entry = forgetful_entry});
    assert_non_null(other);
    assert_int_equal(pndis_driver_unload(other), 0);
    leak = pndis_violation_at(w.machine, 0);
    assert_non_null(leak);
    assert_string_equal(leak->subject, "forgetful");
    assert_non_null(strstr(leak->message, "in DriverEntry"));
    expect_broken(&w, "LEAK_UNLOAD");
    ExFreePoolWithTag(memory, TEST_TAG);
    close_clean(&w);
}

static void
a_driver_entry_that_fails_has_to_undo_everything(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_null(pndis_driver_load(
        w.machine, NULL, &(struct pndis_driver_options){.name = "bad", .entry = failing_entry}));
    assert_int_equal(pndis_machine_driver_status(w.machine), STATUS_UNSUCCESSFUL);
    assert_string_equal(pndis_violation_at(w.machine, 0)->subject, "bad");
    expect_broken(&w, "LEAK_UNLOAD");
    close_clean(&w);
}

static void
without_a_ledger_nothing_is_told(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, &(struct pndis_machine_options){.without_ledger = true});
    ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaks_are_told_in_the_order_of_acquiring),
        cmocka_unit_test(each_driver_answers_for_its_own),
        cmocka_unit_test(a_driver_entry_that_fails_has_to_undo_everything),
        cmocka_unit_test(without_a_ledger_nothing_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
