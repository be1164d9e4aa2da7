/* Timers, work items and interrupts of NDIS 5 miniports; resets beside a halt. */
#include "miniport51.h"

static void
given(struct world *w, uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    (void)w;
}

/* --- timers --- */

static void
set_soon(void *argument)
{
    NdisMSetTimer(&nic_latest()->timer, *(const UINT *)argument);
}

static void
a_timer_runs_once_after_its_delay(void **state)
{
    const UINT ms = 5;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        world_as_driver(&w, set_soon, (void *)&ms);
        world_settle(&w);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->timers) == 1 && !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
set_periodic(void *argument)
{
    (void)argument;
    NdisMSetPeriodicTimer(&nic_latest()->periodic, 2);
}

static void
a_periodic_timer_runs_until_it_is_cancelled(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        world_as_driver(&w, set_periodic, NULL);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->periodics) >= 3);
        world_close(&w);
    }
}

/* The timer expires around the time of the halt; the driver cancels, and waits where it must. */
static void
a_timer_that_fired_while_it_was_cancelled_is_waited_for(void **state)
{
    const UINT ms = 0;
    unsigned late = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(200); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        world_as_driver(&w, set_soon, (void *)&ms);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        late += SEEN(nic_latest()->timers);
        world_close(&w);
    }
    assert_true(late > 0);
}

/* Cancels without looking whether it was in time, with this processor's DPCs still to come. */
static void
cancel_carelessly(struct nic *nic)
{
    BOOLEAN cancelled;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisMSetTimer(&nic->timer, 0);
    NdisMCancelTimer(&nic->timer, &cancelled);
    nic->acquired &= ~(1u << ACQUIRE_TIMER);
    KeLowerIrql(irql);
}

static void
a_timer_that_is_due_at_the_end_of_the_halt_is_told(void **state)
{
    unsigned told = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct world w;

        given(&w, seed);
        miniport51.acquire = 1u << ACQUIRE_TIMER;
        miniport51.on_halt = cancel_carelessly;
        world5_open(&w, seed);
        world5_add(&w);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        told += pndis_violation_of(w.machine, "N5_TIMER_DUE") != NULL;
        /* Either it ran in time, or it was told of and did not run at all. */
        expect(&w, SEEN(nic_latest()->timers) +
                               (pndis_violation_of(w.machine, "N5_TIMER_DUE") != NULL) ==
                           1 ||
                       world_is_live());
        pndis_violations_clear(w.machine);
        world_close(&w);
    }
    (void)told;
}

static unsigned plain_runs;

static VOID
plain_function(PVOID unused1, PVOID context, PVOID unused2, PVOID unused3)
{
    (void)unused1;
    (void)unused2;
    (void)unused3;
    __atomic_add_fetch(&plain_runs, *(const unsigned *)context, __ATOMIC_SEQ_CST);
}

static NDIS_TIMER plain;

static void
use_plain_timer(void *argument)
{
    static unsigned one = 1;
    static unsigned ten = 10;
    BOOLEAN cancelled;

    (void)argument;
    NdisInitializeTimer(&plain, plain_function, &one);
    NdisSetTimer(&plain, 1000);
    NdisCancelTimer(&plain, &cancelled);
    __atomic_add_fetch(&plain_runs, cancelled ? 100 : 0, __ATOMIC_SEQ_CST);
    NdisSetTimerEx(&plain, 1, &ten);
}

static void
plain_timers_take_another_context(void **state)
{
    struct world w;

    (void)state;
    given(&w, 0);
    plain_runs = 0;
    world5_running(&w, 1);
    world_as_driver(&w, use_plain_timer, NULL);
    world_settle(&w);
    expect(&w, SEEN(plain_runs) == 110);
    world_close(&w);
}

/* --- work items --- */

static NDIS_WORK_ITEM work_item;
static unsigned works;
static bool work_level_wrong;

static void
work_routine(NDIS_WORK_ITEM *item, PVOID context)
{
    work_level_wrong |= item != &work_item || KeGetCurrentIrql() != PASSIVE_LEVEL;
    __atomic_add_fetch((unsigned *)context, 1, __ATOMIC_SEQ_CST);
}

static void
schedule(struct nic *nic)
{
    (void)nic;
    NdisInitializeWorkItem(&work_item, work_routine, &works);
    NdisScheduleWorkItem(&work_item);
}

static void
schedule_as_driver(void *argument)
{
    schedule(argument);
}

static void
a_work_item_runs_at_passive_level(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed);
        works = 0;
        work_level_wrong = false;
        world5_running(&w, seed);
        world_as_driver(&w, schedule_as_driver, NULL);
        world_settle(&w);
        expect(&w, SEEN(works) == 1 && !work_level_wrong);
        world_close(&w);
    }
}

static void
a_work_item_that_has_not_run_at_the_end_of_the_halt_is_told(void **state)
{
    unsigned told = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        const struct pndis_violation *violation;
        struct world w;

        given(&w, seed);
        works = 0;
        miniport51.on_halt = schedule;
        miniport51.acquire = 0;
        world5_open(&w, seed);
        world5_add(&w);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        violation = pndis_violation_of(w.machine, "LEAK_HALT");
        told += violation != NULL && strstr(violation->message, "a work item") != NULL;
        world_settle(&w);
        pndis_violations_clear(w.machine);
        world_close(&w);
    }
    assert_true(told > 0 || world_is_live());
}

/* --- interrupts --- */

static void
an_interrupt_reaches_isr_and_dpc(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        miniport51.enables = seed % 4 < 2;
        world5_running(&w, seed);
        for (unsigned i = 1; i <= 5; i++) {
            pndis_device_interrupt(card.device, 0);
            world_settle(&w);
            expect(&w, SEEN(nic_latest()->isrs) >= i && SEEN(nic_latest()->dpcs) >= 1);
        }
        expect(&w,
               SEEN(nic_latest()->enables) == (miniport51.enables ? SEEN(nic_latest()->dpcs) : 0));
        expect(&w, SEEN(nic_latest()->disables) == 0 && !SEEN(nic_latest()->wrong_level));
        expect(&w, seed % 2 == 0 || SEEN(nic_latest()->most_inside) <= 1);
        world_close(&w);
    }
}

static void
without_an_isr_the_interrupt_is_disabled_until_its_dpc_has_run(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed);
        miniport51.asks_no_isr = true;
        world5_running(&w, seed);
        pndis_device_interrupt(card.device, 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->isrs) == 0 && SEEN(nic_latest()->disables) == 1);
        expect(&w, SEEN(nic_latest()->dpcs) == 1 && SEEN(nic_latest()->enables) == 1);
        world_close(&w);
    }
}

static BOOLEAN
synchronized(PVOID context)
{
    *(KIRQL *)context = KeGetCurrentIrql();
    return TRUE;
}

static void
synchronize(void *argument)
{
    if (!NdisMSynchronizeWithInterrupt(&nic_latest()->interrupt, (PVOID)synchronized, argument)) {
        *(KIRQL *)argument = 0;
    }
}

static void
a_function_synchronizes_with_the_isr(void **state)
{
    struct world w;
    KIRQL irql = 0;

    (void)state;
    given(&w, 0);
    world5_running(&w, 1);
    world_as_driver(&w, synchronize, &irql);
    expect(&w, irql > DISPATCH_LEVEL);
    world_close(&w);
}

static void
no_isr(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ISRHandler = NULL;
    calls->HandleInterruptHandler = NULL;
}

static void
an_interrupt_needs_its_entry_points(void **state)
{
    struct world w;

    (void)state;
    given(&w, 0);
    miniport51.edit = no_isr;
    world5_open(&w, 1);
    world5_add(&w);
    expect_state(&w, "Halted");
    world_expect_violation(&w, "N5_HANDLER");
    world_close(&w);
}

/* --- reset --- */

static void
a_reset_completes_however_it_does(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(&w, seed);
            miniport51.reset = when;
            miniport51.addressing_reset = seed % 4 < 2;
            world5_running(&w, seed);
            nic_latest()->packet_filter = 0;
            expect(&w, pndis_adapter_reset(w.adapter) == 0);
            expect(&w, SEEN(nic_latest()->resets) == 1 && !SEEN(nic_latest()->wrong_level));
            /* With the addresses lost NDIS sets the filter again. */
            expect(&w, (nic_latest()->packet_filter != 0) == (miniport51.addressing_reset != 0));
            world_close(&w);
        }
    }
}

static void
a_driver_that_hangs_is_reset(void **state)
{
    struct world w;

    (void)state;
    if (world_is_live()) {
        return; /* Two seconds of virtual time. */
    }
    given(&w, 1);
    world5_running(&w, 1);
    miniport51.hung = true;
    expect(&w, pndis_machine_run(w.machine, 5000000000ull) == 0);
    expect(&w, SEEN(nic_latest()->checks) >= 2 && SEEN(nic_latest()->resets) == 1);
    world_close(&w);
}

static void
reset_from_driver(void *argument)
{
    (void)argument;
    NdisMResetMiniport(nic_latest()->handle);
}

static void
a_reset_beside_a_halt_ends_before_it(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            struct world w;

            given(&w, seed);
            miniport51.reset = when;
            world5_running(&w, seed);
            world_as_driver(&w, reset_from_driver, NULL);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            expect(&w, SEEN(nic_latest()->halts) == 1);
            world_close(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_runs_once_after_its_delay),
        cmocka_unit_test(a_periodic_timer_runs_until_it_is_cancelled),
        cmocka_unit_test(a_timer_that_fired_while_it_was_cancelled_is_waited_for),
        cmocka_unit_test(a_timer_that_is_due_at_the_end_of_the_halt_is_told),
        cmocka_unit_test(plain_timers_take_another_context),
        cmocka_unit_test(a_work_item_runs_at_passive_level),
        cmocka_unit_test(a_work_item_that_has_not_run_at_the_end_of_the_halt_is_told),
        cmocka_unit_test(an_interrupt_reaches_isr_and_dpc),
        cmocka_unit_test(without_an_isr_the_interrupt_is_disabled_until_its_dpc_has_run),
        cmocka_unit_test(a_function_synchronizes_with_the_isr),
        cmocka_unit_test(an_interrupt_needs_its_entry_points),
        cmocka_unit_test(a_reset_completes_however_it_does),
        cmocka_unit_test(a_driver_that_hangs_is_reset),
        cmocka_unit_test(a_reset_beside_a_halt_ends_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
