/* Stack operations: "Starting, Pausing, Restarting and Stopping a Driver Stack". */
#include "support/world.h"

/* A started adapter that nothing is bound to waits in Paused; binding restarts the stack. */
static void
binding_makes_it_run(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(200); seed++) {
        struct world w;

        miniport_reset();
        world_open(&w, seed);
        world_add_adapter(&w);
        expect_state(&w, "Paused");
        expect(&w, port_latest()->restarts == 0);
        world_add_client(&w);
        expect_state(&w, "Running");
        expect(&w, port_latest()->restarts == 1);
        expect(&w, strcmp(pndis_client_state_name(w.client), "Running") == 0);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binding_makes_it_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
