/* Deferred procedure calls: "Introduction to DPC Objects", KeInsertQueueDpc, KeFlushQueuedDpcs. */
#include "nt/nt_support.h"

enum { DPCS = 4 };

struct seen {
    LONG runs;
    KIRQL irql;
    ULONG processor;
    PVOID argument1;
    PVOID argument2;
    LOGICAL executing;
    LONG order[DPCS];
};

struct numbered {
    KDPC dpc;
    struct seen *seen;
    LONG number;
};

static VOID
note_run(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct seen *seen = deferred_context;

    (void)dpc;
    seen->runs++;
    seen->irql = KeGetCurrentIrql();
    seen->processor = KeGetCurrentProcessorNumberEx(NULL);
    seen->argument1 = argument1;
    seen->argument2 = argument2;
    seen->executing = KeIsExecutingDpc();
}

static VOID
note_order(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct numbered *numbered = deferred_context;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    numbered->seen->order[numbered->seen->runs++] = numbered->number;
}

static void
a_dpc_runs_at_dispatch_level_with_its_arguments(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct seen seen = {0};
        struct world w;
        KDPC dpc;

        world_start(&w, seed);
        KeInitializeDpc(&dpc, note_run, &seen);
        expect(&w, KeInsertQueueDpc(&dpc, &dpc, &seen));
        KeFlushQueuedDpcs();
        expect(&w, seen.runs == 1);
        expect(&w, seen.irql == DISPATCH_LEVEL);
        expect(&w, seen.argument1 == &dpc && seen.argument2 == &seen);
        expect(&w, seen.executing);
        close_clean(&w);
    }
}

static void
a_dpc_that_is_queued_is_not_queued_again(void **state)
{
    struct seen seen = {0};
    struct world w;
    KIRQL irql;
    KDPC dpc;

    (void)state;
    world_start(&w, 0);
    KeInitializeDpc(&dpc, note_run, &seen);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_true(KeInsertQueueDpc(&dpc, &seen, NULL));
    assert_false(KeInsertQueueDpc(&dpc, NULL, NULL));
    assert_int_equal(seen.runs, 0);
    KeLowerIrql(irql);
    /* Its own processor drains the queue on the way down. */
    assert_int_equal(seen.runs, 1);
    assert_ptr_equal(seen.argument1, &seen);
    assert_false(KeIsExecutingDpc());
    close_clean(&w);
}

static void
a_dpc_runs_on_its_target(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct seen seen = {0};
        struct world w;
        KDPC dpc;

        world_open(&w, &(struct pndis_machine_options){.seed = seed, .processors = 4});
        KeInitializeDpc(&dpc, note_run, &seen);
        KeSetTargetProcessorDpc(&dpc, 3);
        KeInsertQueueDpc(&dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        expect(&w, seen.processor == 3);
        expect(&w, KeSetTargetProcessorDpcEx(&dpc, &(PROCESSOR_NUMBER){.Number = 1}) == 0);
        KeInsertQueueDpc(&dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        expect(&w, seen.processor == 1);
        expect(&w, KeSetTargetProcessorDpcEx(&dpc, &(PROCESSOR_NUMBER){.Number = 4}) ==
                       STATUS_INVALID_PARAMETER);
        expect(&w, seen.runs == 2);
        close_clean(&w);
    }
}

static void
dpcs_of_one_processor_run_in_order_of_importance(void **state)
{
    struct numbered dpcs[DPCS];
    struct seen seen = {0};
    struct world w;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    for (LONG i = 0; i < DPCS; i++) {
        dpcs[i].seen = &seen;
        dpcs[i].number = i;
        KeInitializeDpc(&dpcs[i].dpc, note_order, &dpcs[i]);
    }
    KeSetImportanceDpc(&dpcs[2].dpc, HighImportance);
    KeSetImportanceDpc(&dpcs[3].dpc, LowImportance);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeInsertQueueDpc(&dpcs[3].dpc, NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        KeInsertQueueDpc(&dpcs[i].dpc, NULL, NULL);
    }
    KeLowerIrql(irql);
    assert_int_equal(seen.runs, DPCS);
    assert_int_equal(seen.order[0], 2);
    assert_int_equal(seen.order[1], 3);
    assert_int_equal(seen.order[2], 0);
    assert_int_equal(seen.order[3], 1);
    close_clean(&w);
}

static void
a_dpc_is_taken_off_the_queue_until_it_runs(void **state)
{
    struct seen seen = {0};
    struct world w;
    KIRQL irql;
    KDPC dpc;

    (void)state;
    world_start(&w, 0);
    KeInitializeDpc(&dpc, note_run, &seen);
    assert_false(KeRemoveQueueDpc(&dpc));
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    assert_true(KeRemoveQueueDpc(&dpc));
    assert_false(KeRemoveQueueDpc(&dpc));
    assert_true(KeInsertQueueDpc(&dpc, NULL, NULL));
    KeLowerIrql(irql);
    assert_int_equal(seen.runs, 1);
    close_clean(&w);
}

/* --- flushing, against DPCs that are still running --- */

struct slow {
    KDPC dpc;
    LONG begun;
    LONG ended;
};

static VOID
run_slowly(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct slow *slow = deferred_context;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    InterlockedIncrement(&slow->begun);
    for (unsigned i = 0; i < 5; i++) {
        KeStallExecutionProcessor(10);
    }
    InterlockedIncrement(&slow->ended);
}

static void
run_flush_waits(struct world *w)
{
    struct slow slow[2] = {0};

    for (unsigned i = 0; i < 2; i++) {
        KeInitializeDpc(&slow[i].dpc, run_slowly, &slow[i]);
        KeSetTargetProcessorDpc(&slow[i].dpc, (CCHAR)i);
        KeInsertQueueDpc(&slow[i].dpc, NULL, NULL);
    }
    KeFlushQueuedDpcs();
    for (unsigned i = 0; i < 2; i++) {
        expect(w, ReadAcquire(&slow[i].ended) == 1);
    }
    close_clean(w);
}

static void
a_flush_returns_when_all_have_ended(void **state)
{
    (void)state;
    under_many_seeds(run_flush_waits);
}

static void
run_remove_waits(struct world *w)
{
    struct slow slow = {0};
    BOOLEAN removed;

    KeInitializeDpc(&slow.dpc, run_slowly, &slow);
    KeInsertQueueDpc(&slow.dpc, NULL, NULL);
    removed = KeRemoveQueueDpcEx(&slow.dpc, TRUE);
    expect(w, ReadAcquire(&slow.begun) == ReadAcquire(&slow.ended));
    expect(w, ReadAcquire(&slow.ended) == !removed);
    close_clean(w);
}

static void
a_dpc_is_removed_or_waited_for(void **state)
{
    (void)state;
    under_many_seeds(run_remove_waits);
}

static void
flushing_at_dispatch_level_is_reported(void **state)
{
    struct world w;
    KIRQL irql;
    KDPC dpc;

    (void)state;
    world_start(&w, 0);
    KeInitializeDpc(&dpc, run_slowly, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeFlushQueuedDpcs();
    expect_broken(&w, "WAIT_IRQL");
    assert_false(KeRemoveQueueDpcEx(&dpc, TRUE));
    expect_broken(&w, "WAIT_IRQL");
    KeLowerIrql(irql);
    close_clean(&w);
}

/* --- misuse --- */

static void
a_dpc_that_was_not_initialised_is_reported(void **state)
{
    struct world w;
    KDPC dpc;

    (void)state;
    world_start(&w, 0);
    memset(&dpc, 0, sizeof(dpc));
    assert_false(KeInsertQueueDpc(&dpc, NULL, NULL));
    expect_broken(&w, "DPC_INITIALIZE");
    close_clean(&w);
}

static void
memory_with_a_queued_dpc_is_not_freed_unnoticed(void **state)
{
    struct seen seen = {0};
    struct world w;
    KIRQL irql;
    PKDPC dpc;

    (void)state;
    world_start(&w, 0);
    dpc = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*dpc), TEST_TAG);
    KeInitializeDpc(dpc, note_run, &seen);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeInsertQueueDpc(dpc, NULL, NULL);
    ExFreePoolWithTag(dpc, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    KeLowerIrql(irql);
    assert_int_equal(seen.runs, 1);
    world_close(&w);
}

static VOID
keep_the_level(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    KIRQL irql;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    KeAcquireSpinLock((PKSPIN_LOCK)deferred_context, &irql);
}

static void
a_dpc_that_returns_with_a_lock_is_reported(void **state)
{
    struct world w;
    KSPIN_LOCK lock;
    KDPC dpc;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeInitializeDpc(&dpc, keep_the_level, &lock);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    expect_broken(&w, "SPIN_LOCK_RETURN");
    assert_true(KeTestSpinLock(&lock));
    close_clean(&w);
}

static void
a_threaded_dpc_runs_too(void **state)
{
    struct seen seen = {0};
    struct world w;
    KDPC dpc;

    (void)state;
    world_start(&w, 0);
    KeInitializeThreadedDpc(&dpc, note_run, &seen);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    assert_int_equal(seen.runs, 1);
    close_clean(&w);
}

/* Queued from many places at once: as many runs as insertions that said yes. */
struct storm {
    KDPC dpc;
    LONG queued;
    LONG runs;
};

static VOID
count_run(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    (void)dpc;
    (void)argument1;
    (void)argument2;
    InterlockedIncrement(&((struct storm *)deferred_context)->runs);
}

static VOID
queue_often(PVOID user)
{
    struct storm *storm = user;

    for (unsigned i = 0; i < 20; i++) {
        if (KeInsertQueueDpc(&storm->dpc, NULL, NULL)) {
            InterlockedIncrement(&storm->queued);
        }
    }
}

static void
run_storm(struct world *w)
{
    struct storm storm = {.runs = 0};
    struct runner runners[3];

    KeInitializeDpc(&storm.dpc, count_run, &storm);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], queue_often, &storm);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    KeFlushQueuedDpcs();
    expect(w, storm.runs == storm.queued);
    expect(w, storm.runs > 0);
    close_clean(w);
}

static void
every_insertion_is_one_run(void **state)
{
    (void)state;
    under_many_seeds(run_storm);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dpc_runs_at_dispatch_level_with_its_arguments),
        cmocka_unit_test(a_dpc_that_is_queued_is_not_queued_again),
        cmocka_unit_test(a_dpc_runs_on_its_target),
        cmocka_unit_test(dpcs_of_one_processor_run_in_order_of_importance),
        cmocka_unit_test(a_dpc_is_taken_off_the_queue_until_it_runs),
        cmocka_unit_test(a_flush_returns_when_all_have_ended),
        cmocka_unit_test(a_dpc_is_removed_or_waited_for),
        cmocka_unit_test(flushing_at_dispatch_level_is_reported),
        cmocka_unit_test(a_dpc_that_was_not_initialised_is_reported),
        cmocka_unit_test(memory_with_a_queued_dpc_is_not_freed_unnoticed),
        cmocka_unit_test(a_dpc_that_returns_with_a_lock_is_reported),
        cmocka_unit_test(a_threaded_dpc_runs_too),
        cmocka_unit_test(every_insertion_is_one_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
