/*
 * What must not be under way any more when MiniportHaltEx returns: timers and work items.
 * MINIPORT_HALT, "NdisFreeTimerObject", "NdisFreeIoWorkItem".
 */
#include "ndis/halt_world.h"

enum { TAG = 'tlaH', SOON_MS = 5 };

static struct {
    NDIS_HANDLE timer;
    NDIS_HANDLE item;
    KTIMER *kernel_timer;
    LONG period_ms;
    LONG fired;
    LONG halted; /* MiniportHaltEx has returned. */
    LONG fired_after_halt;
    LONG worked;
} objects;

static VOID
on_timer(PVOID specific1, PVOID context, PVOID specific2, PVOID specific3)
{
    (void)specific1;
    (void)context;
    (void)specific2;
    (void)specific3;
    InterlockedIncrement(InterlockedCompareExchange(&objects.halted, 0, 0) == 0
                             ? &objects.fired
                             : &objects.fired_after_halt);
}

static NDIS_STATUS
set_timer(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    LARGE_INTEGER due = {.QuadPart = -10000LL * SOON_MS};
    NDIS_TIMER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1},
        .AllocationTag = TAG,
        .TimerFunction = on_timer,
    };
    NDIS_STATUS status = NdisAllocateTimerObject(port->handle, &characteristics, &objects.timer);

    (void)parameters;
    if (status == NDIS_STATUS_SUCCESS) {
        NdisSetTimerObject(objects.timer, due, objects.period_ms, NULL);
    }
    return status;
}

static void
cancel_and_free(struct port *port, NDIS_HALT_ACTION action)
{
    NdisCancelTimerObject(objects.timer);
    see_halt(port, action);
    NdisFreeTimerObject(objects.timer);
}

static void
free_while_set(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisFreeTimerObject(objects.timer);
}

static void
prepare_timer(void)
{
    memset(&objects, 0, sizeof(objects));
    miniport.on_initialize = set_timer;
}

static void
prepare_periodic(void)
{
    prepare_timer();
    objects.period_ms = SOON_MS;
}

static void
stop_and_wait(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    InterlockedExchange(&objects.halted, 1);
    world_settle(w);
    expect(w, InterlockedCompareExchange(&objects.fired_after_halt, 0, 0) == 0);
}

static void
timer_at_once(struct world *w)
{
    miniport.on_halt = cancel_and_free;
    world_add_adapter(w);
    stop_and_wait(w);
    world_close(w);
}

static void
timer_after_a_while(struct world *w)
{
    miniport.on_halt = cancel_and_free;
    world_add_adapter(w);
    world_settle(w);
    expect(w, InterlockedCompareExchange(&objects.fired, 0, 0) >= (objects.period_ms == 0 ? 1 : 2));
    stop_and_wait(w);
    world_close(w);
}

static void
a_halt_that_cancels_its_timers_is_in_order(void **state)
{
    (void)state;
    under_seeds(prepare_timer, timer_at_once);
    under_seeds(prepare_timer, timer_after_a_while);
    under_seeds(prepare_periodic, timer_at_once);
    under_seeds(prepare_periodic, timer_after_a_while);
}

static void
timer_freed_while_set(struct world *w)
{
    miniport.on_halt = free_while_set;
    world_add_adapter(w);
    stop_and_wait(w);
    world_expect_violation(w, "TIMER_FREE");
    world_close(w);
}

static void
a_timer_that_is_set_is_not_freed(void **state)
{
    (void)state;
    under_seeds(prepare_periodic, timer_freed_while_set);
}

static void
timer_left_set(struct world *w)
{
    world_add_adapter(w);
    stop_and_wait(w);
    world_expect_violation_of(w, "LEAK_HALT", "a timer", "set_timer");
    world_close(w);
}

/* It is named, and never calls the driver again. */
static void
a_timer_that_is_left_set_is_reported_and_stopped(void **state)
{
    (void)state;
    under_seeds(prepare_timer, timer_left_set);
    under_seeds(prepare_periodic, timer_left_set);
}

static VOID
work(PVOID context, NDIS_HANDLE item)
{
    (void)context;
    (void)item;
    InterlockedIncrement(&objects.worked);
}

static NDIS_STATUS
allocate_item(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    objects.item = NdisAllocateIoWorkItem(port->handle);
    return objects.item == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

static void
queue_and_free(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisQueueIoWorkItem(objects.item, work, NULL);
    NdisFreeIoWorkItem(objects.item);
}

static void
queue_and_leave(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisQueueIoWorkItem(objects.item, work, NULL);
}

static void
queue_wait_and_free(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisQueueIoWorkItem(objects.item, work, NULL);
    while (InterlockedCompareExchange(&objects.worked, 0, 0) == 0) {
        NdisMSleep(100);
    }
    NdisFreeIoWorkItem(objects.item);
}

static void
prepare_item(void)
{
    memset(&objects, 0, sizeof(objects));
    miniport.on_initialize = allocate_item;
}

static void
item_waited_for(struct world *w)
{
    miniport.on_halt = queue_wait_and_free;
    world_add_adapter(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, objects.worked == 1);
    world_close(w);
}

static void
a_halt_that_waits_for_its_work_items_is_in_order(void **state)
{
    (void)state;
    under_seeds(prepare_item, item_waited_for);
}

static void
item_left(struct world *w)
{
    miniport.on_halt = queue_and_leave;
    world_add_adapter(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation_of(w, "LEAK_HALT", "a work item", "allocate_item");
    world_settle(w);
    world_close(w);
}

static void
a_work_item_that_is_left_queued_is_reported(void **state)
{
    (void)state;
    under_seeds(prepare_item, item_left);
}

/* On sim nothing runs between the two calls under at least one seed; on live it may. */
static void
a_work_item_that_is_queued_is_not_freed(void **state)
{
    unsigned reported = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        memset(&seen, 0, sizeof(seen));
        prepare_item();
        miniport.on_halt = queue_and_free;
        world_open(&w, seed);
        world_add_adapter(&w);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        if (pndis_violation_of(w.machine, "WORK_ITEM_QUEUED") != NULL) {
            reported++;
            pndis_violations_clear(w.machine);
        }
        world_close(&w);
    }
    assert_true(reported > 0 || world_is_live());
}

static NDIS_STATUS
set_kernel_timer(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    LARGE_INTEGER due = {.QuadPart = -10000LL * 1000 * 10};

    (void)parameters;
    objects.kernel_timer =
        NdisAllocateMemoryWithTagPriority(port->handle, sizeof(KTIMER), TAG, NormalPoolPriority);
    if (objects.kernel_timer == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    KeInitializeTimer(objects.kernel_timer);
    KeSetTimer(objects.kernel_timer, due, NULL);
    return NDIS_STATUS_SUCCESS;
}

static void
free_kernel_timer(struct port *port, NDIS_HALT_ACTION action)
{
    see_halt(port, action);
    NdisFreeMemory(objects.kernel_timer, 0, 0);
}

static void
kernel_timer_in_freed_memory(struct world *w)
{
    miniport.on_initialize = set_kernel_timer;
    miniport.on_halt = free_kernel_timer;
    world_add_adapter(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(w, "POOL_ACTIVE");
    expect(w, pndis_machine_stop(w->machine) == 0);
    world_expect_violation(w, "LEAK_UNLOAD");
    world_discard(w);
}

static void
memory_with_a_timer_that_is_set_is_not_freed(void **state)
{
    (void)state;
    under_seeds(NULL, kernel_timer_in_freed_memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_halt_that_cancels_its_timers_is_in_order),
        cmocka_unit_test(a_timer_that_is_set_is_not_freed),
        cmocka_unit_test(a_timer_that_is_left_set_is_reported_and_stopped),
        cmocka_unit_test(a_halt_that_waits_for_its_work_items_is_in_order),
        cmocka_unit_test(a_work_item_that_is_left_queued_is_reported),
        cmocka_unit_test(a_work_item_that_is_queued_is_not_freed),
        cmocka_unit_test(memory_with_a_timer_that_is_set_is_not_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
