/* Clocks: KeQuerySystemTime, KeQueryInterruptTime, KeQueryPerformanceCounter and their relatives.
 */
#include "nt/nt_support.h"

enum { TICK = 156250 }; /* In units of 100 ns. */

static LONGLONG
system_time(void)
{
    LARGE_INTEGER now;

    KeQuerySystemTime(&now);
    return now.QuadPart;
}

static LONGLONG
precise_time(void)
{
    LARGE_INTEGER now;

    KeQuerySystemTimePrecise(&now);
    return now.QuadPart;
}

static void
the_system_time_goes_in_ticks_and_the_precise_one_does_not(void **state)
{
    struct world w;
    LONGLONG coarse;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(KeQueryTimeIncrement(), TICK);
    for (unsigned i = 0; i < 20; i++) {
        LONGLONG precise = precise_time();

        coarse = system_time();
        assert_true(coarse <= precise_time());
        assert_true(coarse > precise - TICK);
        delay_ms(3);
        assert_true((system_time() - coarse) % TICK == 0);
        assert_true(precise_time() - precise >= 30000);
    }
    close_clean(&w);
}

/* Every sim run begins on the same day; a live one has the host's date. */
static void
the_date_is_todays_or_always_the_same(void **state)
{
    struct world w;
    LARGE_INTEGER now;
    TIME_FIELDS fields;

    (void)state;
    world_start(&w, 5);
    KeQuerySystemTimePrecise(&now);
    RtlTimeToTimeFields(&now, &fields);
    if (world_is_live()) {
        uint64_t seconds = pndis__os_wall_ns() / 1000000000;

        assert_true(now.QuadPart / 10000000 - 11644473600 <= (LONGLONG)seconds);
        assert_true(now.QuadPart / 10000000 - 11644473600 + 60 >= (LONGLONG)seconds);
    } else {
        assert_int_equal(fields.Year, 2026);
        assert_int_equal(fields.Month, 1);
        assert_int_equal(fields.Day, 1);
    }
    close_clean(&w);
}

static void
counters_agree_with_each_other(void **state)
{
    LARGE_INTEGER frequency;
    LARGE_INTEGER before;
    LARGE_INTEGER after;
    LARGE_INTEGER ticks;
    ULONG64 counter;
    struct world w;

    (void)state;
    world_start(&w, 0);
    before = KeQueryPerformanceCounter(&frequency);
    delay_ms(100);
    after = KeQueryPerformanceCounter(NULL);
    assert_true(after.QuadPart - before.QuadPart >= frequency.QuadPart / 10);
    assert_true(after.QuadPart - before.QuadPart <
                frequency.QuadPart / 10 +
                    (LONGLONG)lateness_ns() / (1000000000 / frequency.QuadPart));
    assert_true(KeQueryInterruptTimePrecise(&counter) >= KeQueryInterruptTime());
    assert_true(counter <= (ULONG64)KeQueryPerformanceCounter(NULL).QuadPart);
    assert_true(KeQueryUnbiasedInterruptTimePrecise(&counter) >= KeQueryUnbiasedInterruptTime());
    KeQueryTickCount(&ticks);
    assert_true((ULONGLONG)ticks.QuadPart * TICK <= KeQueryInterruptTimePrecise(&counter));
    assert_true(((ULONGLONG)ticks.QuadPart + 1) * TICK > KeQueryInterruptTime());
    close_clean(&w);
}

static void
stalling_lets_that_much_time_go_by(void **state)
{
    struct world w;
    uint64_t start;
    KIRQL irql;

    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        world_start(&w, seed);
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        start = pndis_machine_now_ns(w.machine);
        KeStallExecutionProcessor(50);
        expect(&w, pndis_machine_now_ns(w.machine) - start >= 50000);
        expect(&w, pndis_machine_now_ns(w.machine) - start < 50000 + lateness_ns());
        KeLowerIrql(irql);
        close_clean(&w);
    }
}

static VOID
raise_flag(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    (void)dpc;
    (void)argument1;
    (void)argument2;
    InterlockedIncrement(deferred_context);
}

/* A processor that stalls still has its timers expire, on another processor or after the stall. */
static void
timers_expire_while_a_processor_stalls(void **state)
{
    struct world w;

    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        LONG flag = 0;
        KTIMER timer;
        KDPC dpc;

        world_start(&w, seed);
        KeInitializeTimer(&timer);
        KeInitializeDpc(&dpc, raise_flag, &flag);
        KeSetTimer(&timer, (LARGE_INTEGER){.QuadPart = -100}, &dpc);
        KeStallExecutionProcessor(1000);
        KeFlushQueuedDpcs();
        expect(&w, KeReadStateTimer(&timer) || world_is_live());
        expect(&w, ReadAcquire(&flag) == 1 || world_is_live());
        KeCancelTimer(&timer);
        KeFlushQueuedDpcs();
        close_clean(&w);
    }
}

static void
the_resolution_is_one_tick(void **state)
{
    ULONG longest;
    ULONG shortest;
    ULONG current;
    struct world w;

    (void)state;
    world_start(&w, 0);
    ExQueryTimerResolution(&longest, &shortest, &current);
    assert_true(shortest <= current && current <= longest);
    assert_int_equal(ExSetTimerResolution(5000, TRUE), current);
    ExSetTimerResolution(0, FALSE);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_time_goes_in_ticks_and_the_precise_one_does_not),
        cmocka_unit_test(the_date_is_todays_or_always_the_same),
        cmocka_unit_test(counters_agree_with_each_other),
        cmocka_unit_test(stalling_lets_that_much_time_go_by),
        cmocka_unit_test(timers_expire_while_a_processor_stalls),
        cmocka_unit_test(the_resolution_is_one_tick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
