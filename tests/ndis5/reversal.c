/*
 * What MiniportInitialize acquires, MiniportHalt undoes ("Halt Handler (NDIS 5.1)"): row by row, a
 * driver that forgets just that one is told so, one that forgets nothing is not; and a
 * MiniportInitialize that fails owes the same.
 */
#include "miniport51.h"

static const struct {
    const char *words;
    const char *rule;
    const char *function;
} rows[] = {
#define X(name, words, rule, function) {words, rule, function},
    ACQUISITIONS(X)
#undef X
};

static void
a_driver_that_undoes_everything_is_clean(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        miniport51_reset();
        miniport51.attributes ^= seed % 2 != 0 ? NDIS_ATTRIBUTE_DESERIALIZE : 0;
        world5_running(&w, seed);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, SEEN(nic_latest()->halts) == 1 && !SEEN(nic_latest()->wrong_level));
        expect(&w, pndis_adapter_holdings(w.adapter) == 0);
        world_close(&w);
    }
}

/* What else cannot be undone any more once @what is forgotten. */
static int
also_left(int what)
{
    switch (what) {
    case ACQUIRE_PACKET: /* Its pool stays. */
    case ACQUIRE_BUFFER:
        return 1;
    default:
        return 0;
    }
}

static void
a_driver_that_forgets_one_thing_is_told_which(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        for (int what = 0; what < ACQUIRE_COUNT; what++) {
            const struct pndis_violation *violation;
            struct world w;

            miniport51_reset();
            miniport51.forget = what;
            world5_open(&w, seed);
            world5_add(&w);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            violation = pndis_violation_of(w.machine, rows[what].rule);
            expect(&w, violation != NULL);
            expect(&w, strstr(violation->message, rows[what].words) != NULL);
            expect(&w, strstr(violation->message, rows[what].function) != NULL);
            expect(&w, strstr(violation->message, "MiniportInitialize") != NULL ||
                           what == ACQUIRE_ASYNC_MEMORY);
            /* A spin lock that is not freed is advice, not an error. */
            if ((int)pndis_violation_count(w.machine) !=
                (what == ACQUIRE_SPIN_LOCK ? 0 : 1) + also_left(what)) {
                world_print_violations(&w);
                fail_msg("%s: %zu violations", rows[what].function,
                         pndis_violation_count(w.machine));
            }
            pndis_violations_clear(w.machine);
            world_close(&w);
        }
    }
}

static void
a_failing_initialize_owes_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        for (int step = 0; step <= ACQUIRE_COUNT; step++) {
            struct world w;

            miniport51_reset();
            miniport51.fail = step == ACQUIRE_COUNT ? -1 : step;
            miniport51.initialize_status = NDIS_STATUS_RESOURCES;
            world5_open(&w, seed);
            world5_add(&w);
            expect_state(&w, "Halted");
            expect(&w, pndis_adapter_status(w.adapter) ==
                           (step == ACQUIRE_COUNT ? NDIS_STATUS_RESOURCES : NDIS_STATUS_FAILURE));
            expect(&w, SEEN(nic_latest()->halts) == 0);
            world_expect_clean(&w);
            world_close(&w);
        }
    }
}

static void
a_failing_initialize_that_forgets_is_told(void **state)
{
    (void)state;
    for (int what = 0; what < ACQUIRE_COUNT; what++) {
        const struct pndis_violation *violation;
        struct world w;

        miniport51_reset();
        miniport51.initialize_status = NDIS_STATUS_FAILURE;
        miniport51.forget = what;
        world5_open(&w, 1);
        world5_add(&w);
        violation = pndis_violation_of(w.machine, what == ACQUIRE_SPIN_LOCK ? "LEAK_SPIN_LOCK"
                                                                            : "LEAK_INITIALIZE");
        expect(&w, violation != NULL && strstr(violation->message, rows[what].words) != NULL);
        pndis_violations_clear(w.machine);
        world_close(&w);
    }
}

/* Each allocation of NT and NDIS fails in turn, wherever it is. */
static void
every_allocation_may_fail(void **state)
{
    bool fired = true;

    (void)state;
    for (uint64_t skip = 0; fired; skip++) {
        struct world w;

        miniport51_reset();
        world5_open(&w, skip);
        card_plug(&w, NULL);
        pndis_fault_arm(w.machine, skip);
        w.adapter = pndis_adapter_add(w.machine, w.driver,
                                      &(struct pndis_adapter_options){.device = card.device});
        fired = pndis_fault_fired(w.machine);
        pndis_fault_disarm(w.machine);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_that_undoes_everything_is_clean),
        cmocka_unit_test(a_driver_that_forgets_one_thing_is_told_which),
        cmocka_unit_test(a_failing_initialize_owes_the_same),
        cmocka_unit_test(a_failing_initialize_that_forgets_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
