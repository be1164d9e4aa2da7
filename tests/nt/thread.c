/* System threads: PsCreateSystemThread, PsTerminateSystemThread, and what a thread asks of itself.
 */
#include "nt/nt_support.h"

struct seen {
    HANDLE id;
    PKTHREAD thread;
    KIRQL irql;
    LONG ran;
    LONG returned;
    KSPIN_LOCK lock;
};

static VOID
note_self(PVOID user)
{
    struct seen *seen = user;

    seen->id = PsGetCurrentThreadId();
    seen->thread = KeGetCurrentThread();
    seen->irql = KeGetCurrentIrql();
    InterlockedIncrement(&seen->ran);
}

static void
a_thread_runs_and_its_handle_leads_to_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct seen seen = {0};
        CLIENT_ID id;
        HANDLE handle;
        PVOID thread;
        struct world w;

        world_start(&w, seed);
        expect(&w, PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, &id, note_self,
                                        &seen) == STATUS_SUCCESS);
        expect(&w, ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                                             &thread, NULL) == STATUS_SUCCESS);
        ZwClose(handle);
        expect(&w, wait_for(thread) == STATUS_SUCCESS);
        /* It stays signalled. */
        expect(&w, wait_ms(thread, 0) == STATUS_SUCCESS);
        expect(&w, seen.ran == 1 && seen.irql == PASSIVE_LEVEL);
        expect(&w, seen.thread == thread);
        expect(&w, seen.id == id.UniqueThread && seen.id != PsGetCurrentThreadId());
        expect(&w, id.UniqueProcess == PsGetCurrentProcessId());
        expect(&w, KeGetCurrentThread() != thread);
        ObDereferenceObject(thread);
        close_clean(&w);
    }
}

static VOID
terminate_from_deep_inside(PVOID user)
{
    struct seen *seen = user;

    InterlockedIncrement(&seen->ran);
    PsTerminateSystemThread(STATUS_SUCCESS);
    InterlockedIncrement(&seen->returned);
}

static void
run_terminate_does_not_return(struct world *w)
{
    struct seen seen = {0};
    struct runner runner;

    runner_start(&runner, terminate_from_deep_inside, &seen);
    runner_join(&runner);
    expect(w, seen.ran == 1 && seen.returned == 0);
    close_clean(w);
}

static void
terminating_does_not_return(void **state)
{
    struct world w;

    (void)state;
    under_many_seeds(run_terminate_does_not_return);
    world_start(&w, 0);
    assert_int_equal(PsTerminateSystemThread(STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
    close_clean(&w);
}

static VOID
return_with_a_lock(PVOID user)
{
    KIRQL irql;

    KeAcquireSpinLock(&((struct seen *)user)->lock, &irql);
}

static void
a_thread_that_ends_at_dispatch_level_is_reported(void **state)
{
    struct seen seen = {0};
    struct runner runner;
    struct world w;

    (void)state;
    world_start(&w, 0);
    runner_start(&runner, return_with_a_lock, &seen);
    runner_join(&runner);
    assert_string_equal(pndis_violation_at(w.machine, 0)->rule, "SPIN_LOCK_RETURN");
    assert_string_equal(pndis_violation_at(w.machine, 1)->rule, "IRQL_RETURN");
    pndis_violations_clear(w.machine);
    assert_true(KeTestSpinLock(&seen.lock));
    close_clean(&w);
}

static VOID
sleep_long(PVOID user)
{
    delay_ms(50);
    InterlockedIncrement(&((struct seen *)user)->ran);
}

static void
a_thread_that_outlives_its_driver_is_reported(void **state)
{
    struct seen seen = {0};
    HANDLE handle;
    struct world w;

    (void)state;
    world_start(&w, 0);
    PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, sleep_long, &seen);
    ZwClose(handle);
    world_end(&w);
    expect_broken(&w, "THREAD_END");
    assert_int_equal(seen.ran, 1);
    pndis_machine_destroy(w.machine);
}

static VOID
never_end(PVOID user)
{
    wait_for(user);
}

static void
a_thread_that_never_ends_is_given_up_on_sim(void **state)
{
    struct world w;
    HANDLE handle;
    KEVENT never;

    (void)state;
    on_sim_only();
    world_start(&w, 0);
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, never_end, &never);
    ZwClose(handle);
    world_end(&w);
    assert_string_equal(pndis_violation_at(w.machine, 0)->rule, "THREAD_END");
    pndis_machine_destroy(w.machine);
}

static void
a_thread_that_cannot_be_made_is_told(void **state)
{
    struct seen seen = {0};
    HANDLE handle;
    struct world w;

    (void)state;
    world_start(&w, 0);
    pndis_fault_arm(w.machine, 0);
    assert_int_equal(
        PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, note_self, &seen),
        STATUS_INSUFFICIENT_RESOURCES);
    assert_true(pndis_fault_fired(w.machine));
    pndis_fault_disarm(w.machine);
    close_clean(&w);
}

static void
priorities_are_remembered(void **state)
{
    struct world w;
    KPRIORITY before;

    (void)state;
    world_start(&w, 0);
    before = KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    assert_int_equal(KeQueryPriorityThread(KeGetCurrentThread()), LOW_REALTIME_PRIORITY);
    assert_int_equal(KeSetPriorityThread(KeGetCurrentThread(), before), LOW_REALTIME_PRIORITY);
    close_clean(&w);
}

static void
affinity_decides_which_processor_a_thread_raises_on(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        struct world w;

        world_open(&w, &(struct pndis_machine_options){.seed = seed, .processors = 4});
        for (ULONG i = 0; i < 4; i++) {
            GROUP_AFFINITY affinity = {.Mask = (KAFFINITY)1 << i};
            GROUP_AFFINITY before;
            KAFFINITY old;
            KIRQL irql;

            old = KeSetSystemAffinityThreadEx((KAFFINITY)1 << i);
            KeRaiseIrql(DISPATCH_LEVEL, &irql);
            expect(&w, KeGetCurrentProcessorNumberEx(NULL) == i);
            KeLowerIrql(irql);
            expect(&w, KeGetCurrentProcessorNumberEx(NULL) == i);
            KeRevertToUserAffinityThreadEx(old);
            KeSetSystemGroupAffinityThread(&affinity, &before);
            KeRaiseIrql(DISPATCH_LEVEL, &irql);
            expect(&w, KeGetCurrentProcessorNumberEx(NULL) == i);
            KeLowerIrql(irql);
            KeRevertToUserGroupAffinityThread(&before);
        }
        close_clean(&w);
    }
}

static VOID
count_only(PVOID user)
{
    InterlockedIncrement(&((struct seen *)user)->ran);
}

/* Many threads at once, each ending in its own way. */
static void
run_many_threads_end(struct world *w)
{
    struct seen seen = {0};
    struct runner runners[12];

    for (unsigned i = 0; i < 12; i++) {
        runner_start(&runners[i], i % 2 == 0 ? terminate_from_deep_inside : count_only, &seen);
    }
    for (unsigned i = 0; i < 12; i++) {
        runner_join(&runners[i]);
    }
    expect(w, seen.ran == 12);
    close_clean(w);
}

static void
many_threads_run_and_end(void **state)
{
    (void)state;
    under_many_seeds(run_many_threads_end);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_runs_and_its_handle_leads_to_it),
        cmocka_unit_test(terminating_does_not_return),
        cmocka_unit_test(a_thread_that_ends_at_dispatch_level_is_reported),
        cmocka_unit_test(a_thread_that_outlives_its_driver_is_reported),
        cmocka_unit_test(a_thread_that_never_ends_is_given_up_on_sim),
        cmocka_unit_test(a_thread_that_cannot_be_made_is_told),
        cmocka_unit_test(priorities_are_remembered),
        cmocka_unit_test(affinity_decides_which_processor_a_thread_raises_on),
        cmocka_unit_test(many_threads_run_and_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
