/* Levels: "Managing Hardware Priorities", KeRaiseIrql, KeLowerIrql. */
#include "nt/nt_support.h"

static void
levels_are_raised_and_lowered(void **state)
{
    struct world w;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeRaiseIrql(APC_LEVEL, &irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    assert_int_equal(KeRaiseIrqlToDpcLevel(), APC_LEVEL);
    assert_int_equal(KeRaiseIrqlToSynchLevel(), DISPATCH_LEVEL);
    assert_true(KeGetCurrentIrql() > DISPATCH_LEVEL);
    KeLowerIrql(DISPATCH_LEVEL);
    KeLowerIrql(APC_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    KeLowerIrql(PASSIVE_LEVEL);
    close_clean(&w);
}

static void
raising_to_a_lower_level_is_reported_and_does_nothing(void **state)
{
    struct world w;
    KIRQL irql, before;

    (void)state;
    world_start(&w, 0);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeRaiseIrql(APC_LEVEL, &before);
    expect_broken(&w, "IRQL_RAISE");
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(irql);
    close_clean(&w);
}

static void
lowering_to_a_higher_level_is_reported_and_does_nothing(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    KeLowerIrql(DISPATCH_LEVEL);
    expect_broken(&w, "IRQL_LOWER");
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    close_clean(&w);
}

static void
a_callback_returns_at_the_level_it_was_called_at(void **state)
{
    struct world w;
    struct frame frame;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    pndis__guest_enter(w.context, &frame, &w.driver->owner, "Callback");
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    pndis__guest_leave(w.context, &frame);
    expect_broken(&w, "IRQL_RETURN");
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    pndis__guest_enter(w.context, &frame, &w.driver->owner, "Callback");
    KeLowerIrql(PASSIVE_LEVEL);
    pndis__guest_leave(w.context, &frame);
    expect_broken(&w, "IRQL_RETURN");
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(irql);
    close_clean(&w);
}

/* As many contexts at DISPATCH_LEVEL as there are processors, never more. */
struct crowd {
    LONG inside;
    LONG most;
};

static VOID
be_at_dispatch_level(PVOID user)
{
    struct crowd *crowd = user;

    for (unsigned i = 0; i < 10; i++) {
        KIRQL irql;
        LONG inside;

        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        inside = InterlockedIncrement(&crowd->inside);
        if (inside > ReadAcquire(&crowd->most)) {
            WriteRelease(&crowd->most, inside);
        }
        KeStallExecutionProcessor(1);
        InterlockedDecrement(&crowd->inside);
        KeLowerIrql(irql);
    }
}

static void
run_crowd(struct world *w, struct crowd *crowd)
{
    struct runner runners[5];

    for (unsigned i = 0; i < 5; i++) {
        runner_start(&runners[i], be_at_dispatch_level, crowd);
    }
    for (unsigned i = 0; i < 5; i++) {
        runner_join(&runners[i]);
    }
    expect(w, crowd->most <= 2);
    close_clean(w);
}

static void
run_two_processors(struct world *w)
{
    struct crowd crowd = {0};

    run_crowd(w, &crowd);
}

static void
there_are_no_more_at_dispatch_level_than_processors(void **state)
{
    (void)state;
    under_many_seeds(run_two_processors);
}

static void
both_processors_are_used_under_some_seed(void **state)
{
    LONG most = 0;

    (void)state;
    on_sim_only();
    for (uint64_t seed = 0; seed < 1000 && most < 2; seed++) {
        struct crowd crowd = {0};
        struct world w;

        world_start(&w, seed);
        run_crowd(&w, &crowd);
        most = crowd.most;
    }
    assert_int_equal(most, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_raised_and_lowered),
        cmocka_unit_test(raising_to_a_lower_level_is_reported_and_does_nothing),
        cmocka_unit_test(lowering_to_a_higher_level_is_reported_and_does_nothing),
        cmocka_unit_test(a_callback_returns_at_the_level_it_was_called_at),
        cmocka_unit_test(there_are_no_more_at_dispatch_level_than_processors),
        cmocka_unit_test(both_processors_are_used_under_some_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
