/*
 * The contract of a miniport's timers ("NdisMSetTimer", "NdisMSetPeriodicTimer",
 * "NdisMCancelTimer": only one instantiation of a timer is queued at any moment), and of memory
 * that is allocated later ("NdisMAllocateSharedMemoryAsync").
 */
#include "miniport51.h"

enum { MS = 1000000, LENGTH = 4096 };

static struct world *world;
static uint64_t set_at;
static uint64_t ran_at;

static void
given(struct world *w, uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    world = w;
    set_at = ran_at = 0;
}

static void
run_ms(struct world *w, uint64_t ms)
{
    expect(w, pndis_machine_run(w->machine, ms * MS) == 0);
}

static void
note_time(struct nic *nic)
{
    (void)nic;
    ran_at = pndis_machine_now_ns(world->machine);
}

static void
set_timer(void *argument)
{
    set_at = pndis_machine_now_ns(world->machine);
    NdisMSetTimer(&nic_latest()->timer, *(const UINT *)argument);
}

static void
set_at_ms(struct world *w, UINT ms)
{
    world_as_driver(w, set_timer, &ms);
}

static void
set_periodic(void *argument)
{
    NdisMSetPeriodicTimer(&nic_latest()->periodic, *(const UINT *)argument);
}

static BOOLEAN cancelled;

static void
cancel_timer(void *argument)
{
    (void)argument;
    NdisMCancelTimer(&nic_latest()->timer, &cancelled);
}

static void
cancel_periodic(void *argument)
{
    (void)argument;
    NdisMCancelTimer(&nic_latest()->periodic, &cancelled);
}

/* --- one that runs once --- */

static void
a_timer_does_not_run_before_its_time(void **state)
{
    static const UINT delays[] = {1, 2, 10, 55, 500, 3000};

    (void)state;
    if (world_is_live()) {
        skip(); /* Measured on the virtual clock. */
    }
    for (unsigned i = 0; i < RTL_NUMBER_OF(delays); i++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(&w, seed);
            miniport51.on_timer = note_time;
            world5_running(&w, seed);
            set_at_ms(&w, delays[i]);
            run_ms(&w, delays[i] + 100);
            expect(&w, SEEN(nic_latest()->timers) == 1);
            expect(&w, ran_at >= set_at + (uint64_t)delays[i] * MS);
            expect(&w, ran_at < set_at + (uint64_t)(delays[i] + 20) * MS);
            world_close(&w);
        }
    }
}

/* Set again, the timer has the new time only. */
static void
a_timer_that_is_set_again_runs_once_at_the_later_setting(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed);
        miniport51.on_timer = note_time;
        world5_running(&w, seed);
        set_at_ms(&w, 20);
        run_ms(&w, 10);
        set_at_ms(&w, 200);
        run_ms(&w, 100);
        expect(&w, SEEN(nic_latest()->timers) == 0);
        run_ms(&w, 400);
        expect(&w, SEEN(nic_latest()->timers) == 1 && ran_at >= set_at + 200ull * MS);
        set_at_ms(&w, 1000);
        set_at_ms(&w, 5);
        run_ms(&w, 3000);
        expect(&w, SEEN(nic_latest()->timers) == 2 && ran_at < set_at + 100ull * MS);
        world_close(&w);
    }
}

/* TimerCancelled: TRUE if it was queued, FALSE if it was not set, or has fired. */
static void
cancelling_says_whether_the_timer_was_queued(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        world_as_driver(&w, cancel_timer, NULL);
        expect(&w, cancelled); /* Set in MiniportInitialize, for far away. */
        world_as_driver(&w, cancel_timer, NULL);
        expect(&w, !cancelled);
        set_at_ms(&w, 1);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->timers) == 1);
        world_as_driver(&w, cancel_timer, NULL);
        expect(&w, !cancelled);
        set_at_ms(&w, 60000);
        world_as_driver(&w, cancel_timer, NULL);
        expect(&w, cancelled);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->timers) == 1);
        set_at_ms(&w, 60000); /* The halt expects to find it set, or that it ran. */
        world_close(&w);
    }
}

static unsigned again;

static void
set_itself(struct nic *nic)
{
    if (again > 0) {
        again--;
        NdisMSetTimer(&nic->timer, 2);
    }
}

static void
a_timer_function_may_set_its_own_timer(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        again = 5;
        miniport51.on_timer = set_itself;
        world5_running(&w, seed);
        set_at_ms(&w, 2);
        world_settle(&w);
        if (world_is_live()) {
            world_settle(&w);
        }
        expect(&w, SEEN(nic_latest()->timers) == 6);
        expect(&w, SEEN(nic_latest()->most_inside) <= 1 || seed % 2 == 0);
        world_close(&w);
    }
}

/* --- periodic ones --- */

static void
a_periodic_timer_runs_once_in_each_period(void **state)
{
    static const UINT periods[] = {10, 50, 250};

    (void)state;
    if (world_is_live()) {
        skip();
    }
    for (unsigned i = 0; i < RTL_NUMBER_OF(periods); i++) {
        for (unsigned seed = 0; seed < world_seeds(5); seed++) {
            UINT period = periods[i];
            unsigned runs;
            struct world w;

            given(&w, seed);
            world5_running(&w, seed);
            world_as_driver(&w, set_periodic, &period);
            run_ms(&w, 20ull * period);
            runs = SEEN(nic_latest()->periodics);
            expect(&w, runs >= 18 && runs <= 21);
            world_as_driver(&w, cancel_periodic, NULL);
            expect(&w, cancelled); /* It is queued between two runs. */
            run_ms(&w, 1);         /* A DPC that is queued already runs. */
            runs = SEEN(nic_latest()->periodics);
            run_ms(&w, 20ull * period);
            expect(&w, SEEN(nic_latest()->periodics) == runs);
            period = 60000;
            world_as_driver(&w, set_periodic, &period);
            world_close(&w);
        }
    }
}

static void
a_periodic_timer_that_is_set_again_has_the_new_period(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip();
    }
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        UINT period = 10;
        unsigned runs;
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        world_as_driver(&w, set_periodic, &period);
        run_ms(&w, 100);
        period = 100;
        world_as_driver(&w, set_periodic, &period);
        runs = SEEN(nic_latest()->periodics);
        run_ms(&w, 1000);
        expect(&w, SEEN(nic_latest()->periodics) - runs >= 9);
        expect(&w, SEEN(nic_latest()->periodics) - runs <= 11);
        world_close(&w);
    }
}

/* --- shared memory, later --- */

static ULONG allocated_bytes;
static PVOID allocation_context;
static bool allocated_after_halt;
static W_HALT_HANDLER halt;
static bool halt_is_over;
static NDIS_STATUS allocate_status;
static int marker;

static VOID
allocate_complete(NDIS_HANDLE context, PVOID memory, PNDIS_PHYSICAL_ADDRESS address, ULONG length,
                  PVOID request)
{
    struct nic *nic = context;

    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    allocated_after_halt |= SEEN(halt_is_over);
    allocated_bytes = length;
    allocation_context = request;
    nic->shared_later = memory;
    nic->shared_later_address = *address;
    saw(&nic->allocations);
}

static void
allocate_at_dispatch(void *argument)
{
    KIRQL irql;

    (void)argument;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    allocate_status = NdisMAllocateSharedMemoryAsync(nic_latest()->handle, LENGTH, TRUE, &marker);
    KeLowerIrql(irql);
}

static void
free_allocation(struct nic *nic)
{
    NdisMFreeSharedMemory(nic->handle, LENGTH, TRUE, nic->shared_later, nic->shared_later_address);
}

static void
wait_and_free(struct nic *nic)
{
    while (SEEN(nic->allocations) == 0) {
        NdisMSleep(100);
    }
    free_allocation(nic);
}

static VOID
halt_and_note(NDIS_HANDLE context)
{
    halt(context);
    __atomic_store_n(&halt_is_over, true, __ATOMIC_SEQ_CST);
}

static void
own_allocation(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    halt = calls->HaltHandler;
    calls->HaltHandler = halt_and_note;
    calls->AllocateCompleteHandler = allocate_complete;
}

static void
given_allocation(struct world *w, uint64_t seed)
{
    given(w, seed);
    miniport51.edit = own_allocation;
    miniport51.acquire &= ~(1u << ACQUIRE_ASYNC_MEMORY);
    allocated_after_halt = halt_is_over = false;
    allocated_bytes = 0;
    allocation_context = NULL;
}

static void
free_as_driver(void *argument)
{
    (void)argument;
    free_allocation(nic_latest());
}

/* It may be asked for at DISPATCH_LEVEL; MiniportAllocateComplete tells what there is. */
static void
memory_that_is_allocated_later_comes_with_its_length_and_context(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct nic *nic;
        struct world w;

        given_allocation(&w, seed);
        world5_running(&w, seed);
        nic = nic_latest();
        world_as_driver(&w, allocate_at_dispatch, NULL);
        expect(&w, allocate_status == NDIS_STATUS_PENDING);
        world_settle(&w);
        expect(&w, SEEN(nic->allocations) == 1 && !SEEN(nic->wrong_level));
        expect(&w, allocated_bytes == LENGTH && allocation_context == &marker);
        expect(&w, pndis_device_memory(card.device, (uint64_t)nic->shared_later_address.QuadPart,
                                       LENGTH) == nic->shared_later);
        world_as_driver(&w, free_as_driver, NULL);
        world_close(&w);
    }
}

/* "MiniportHalt" frees what came, after it has come. */
static void
a_halt_may_wait_for_memory_that_is_on_its_way(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given_allocation(&w, seed);
        miniport51.on_halt = wait_and_free;
        world5_running(&w, seed);
        world_as_driver(&w, allocate_at_dispatch, NULL);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, SEEN(nic_latest()->halts) == 1 && SEEN(nic_latest()->allocations) == 1);
        expect(&w, pndis_adapter_holdings(w.adapter) == 0);
        world_close(&w);
    }
}

static void
allocate_in_halt(struct nic *nic)
{
    allocate_status = NdisMAllocateSharedMemoryAsync(nic->handle, LENGTH, TRUE, &marker);
}

/* Nobody is called after the halt, and what was left behind is named. */
static void
memory_that_a_halt_does_not_wait_for_is_named(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given_allocation(&w, seed);
        miniport51.on_halt = allocate_in_halt;
        world5_running(&w, seed);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, allocate_status == NDIS_STATUS_PENDING);
        allocated_after_halt = false; /* What had begun before its end runs beside it. */
        world_settle(&w);
        expect(&w, !allocated_after_halt);
        world_expect_violation_of(&w, "LEAK_HALT", "shared memory", "");
        world_close(&w);
    }
}

/* --- a timer that is none --- */

static NDIS_MINIPORT_TIMER raw;

static void
set_raw(void *argument)
{
    (void)argument;
    NdisMSetTimer(&raw, 1);
}

static void
set_raw_period(void *argument)
{
    (void)argument;
    NdisMSetPeriodicTimer(&raw, 1);
}

static void
cancel_raw(void *argument)
{
    BOOLEAN was;

    (void)argument;
    NdisMCancelTimer(&raw, &was);
}

/* "NdisMInitializeTimer": before the timer is passed to any other of these functions. */
static void
a_timer_is_initialized_before_it_is_used(void **state)
{
    static void (*const uses[])(void *argument) = {set_raw, set_raw_period, cancel_raw};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(uses); i++) {
        struct world w;

        given(&w, 0);
        world5_running(&w, 1);
        world_as_driver(&w, uses[i], NULL);
        world_expect_violation(&w, "DISPATCHER_INITIALIZE");
        world_close(&w);
    }
}

/* --- set while its function runs --- */

static void
set_again_and_again(void *argument)
{
    (void)argument;
    for (UINT i = 0; i < 50; i++) {
        NdisMSetPeriodicTimer(&nic_latest()->periodic, 1 + i % 2);
        NdisMSleep(1700 + i % 7 * 100);
    }
}

/* "NdisMSetPeriodicTimer": a timer that is set is set anew, whoever runs its function meanwhile. */
static void
a_periodic_timer_may_be_set_while_its_function_runs(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        world_as_driver(&w, set_again_and_again, NULL);
        expect(&w, SEEN(nic_latest()->periodics) > 0);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_does_not_run_before_its_time),
        cmocka_unit_test(a_timer_that_is_set_again_runs_once_at_the_later_setting),
        cmocka_unit_test(cancelling_says_whether_the_timer_was_queued),
        cmocka_unit_test(a_timer_function_may_set_its_own_timer),
        cmocka_unit_test(a_periodic_timer_runs_once_in_each_period),
        cmocka_unit_test(a_periodic_timer_that_is_set_again_has_the_new_period),
        cmocka_unit_test(memory_that_is_allocated_later_comes_with_its_length_and_context),
        cmocka_unit_test(a_halt_may_wait_for_memory_that_is_on_its_way),
        cmocka_unit_test(memory_that_a_halt_does_not_wait_for_is_named),
        cmocka_unit_test(a_timer_is_initialized_before_it_is_used),
        cmocka_unit_test(a_periodic_timer_may_be_set_while_its_function_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
