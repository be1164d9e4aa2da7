/* MmGetSystemRoutineAddress, IoAllocateDriverObjectExtension: what drivers find by name or by key.
 */
#include "nt/nt_support.h"

static PVOID
look_up(const char *name)
{
    ANSI_STRING ansi;
    UNICODE_STRING unicode;
    PVOID address;

    RtlInitAnsiString(&ansi, name);
    assert_int_equal(RtlAnsiStringToUnicodeString(&unicode, &ansi, TRUE), STATUS_SUCCESS);
    address = MmGetSystemRoutineAddress(&unicode);
    RtlFreeUnicodeString(&unicode);
    return address;
}

static void
every_routine_of_the_table_is_found_by_its_name(void **state)
{
    static const struct {
        const char *name;
        void *address;
    } routines[] = {
#define ROUTINE(name) {#name, (void *)name},
#include "nt/routines.def"
#undef ROUTINE
    };
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (size_t i = 0; i < sizeof(routines) / sizeof(routines[0]); i++) {
        if (look_up(routines[i].name) != routines[i].address) {
            fail_msg("%s was not found", routines[i].name);
        }
        assert_true(i == 0 || strcmp(routines[i - 1].name, routines[i].name) < 0);
    }
    close_clean(&w);
}

static void
what_is_not_exported_is_null(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_null(look_up("KeDoesNotExist"));
    assert_null(look_up(""));
    assert_null(look_up("pndis_machine_create"));
    assert_null(look_up("KeSetEven"));
    assert_null(look_up("KeSetEventX"));
    assert_ptr_equal(look_up("KeSetEvent"), (PVOID)KeSetEvent);
    close_clean(&w);
}

static void
a_driver_object_extension_is_found_by_its_key(void **state)
{
    PDRIVER_OBJECT driver;
    struct world w;
    PVOID first;
    PVOID second;
    PVOID again;

    (void)state;
    world_start(&w, 0);
    driver = w.object;
    assert_null(IoGetDriverObjectExtension(driver, &first));
    assert_int_equal(IoAllocateDriverObjectExtension(driver, &first, 40, &first), STATUS_SUCCESS);
    assert_int_equal(IoAllocateDriverObjectExtension(driver, &second, 80, &second), STATUS_SUCCESS);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(((UINT8 *)first)[i], 0);
    }
    assert_ptr_equal(IoGetDriverObjectExtension(driver, &first), first);
    assert_ptr_equal(IoGetDriverObjectExtension(driver, &second), second);
    assert_int_equal(IoAllocateDriverObjectExtension(driver, &first, 40, &again),
                     STATUS_OBJECT_NAME_COLLISION);
    pndis_fault_arm(w.machine, 0);
    assert_int_equal(IoAllocateDriverObjectExtension(driver, &again, 40, &again),
                     STATUS_INSUFFICIENT_RESOURCES);
    /* It goes with the driver; nobody has to free it. */
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_routine_of_the_table_is_found_by_its_name),
        cmocka_unit_test(what_is_not_exported_is_null),
        cmocka_unit_test(a_driver_object_extension_is_found_by_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
