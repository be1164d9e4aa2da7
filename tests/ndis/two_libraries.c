/*
 * A program with pndis linked into it is refused a module that brings the shared library along: the
 * driver would talk to the other copy.
 */
#include "support/world.h"

static void
a_module_of_another_library_is_refused(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 0);
    assert_null(pndis_driver_load(w.machine, ACQUIRER, NULL));
    assert_non_null(strstr(pndis_last_error(), "another copy of pndis"));
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_of_another_library_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
