/* "System Worker Threads": I/O work items, WORK_QUEUE_ITEMs, and pndis' own work. */
#include "nt/nt_support.h"

struct seen {
    PDEVICE_OBJECT device;
    LONG runs;
    KIRQL irql;
    PVOID object;
    PIO_WORKITEM item;
    KEVENT done;
};

static void
seen_init(struct world *w, struct seen *seen)
{
    memset(seen, 0, sizeof(*seen));
    assert_int_equal(
        IoCreateDevice(w->object, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &seen->device),
        STATUS_SUCCESS);
    KeInitializeEvent(&seen->done, SynchronizationEvent, FALSE);
}

static VOID
note_run(PDEVICE_OBJECT device, PVOID user)
{
    struct seen *seen = user;

    seen->object = device;
    seen->irql = KeGetCurrentIrql();
    InterlockedIncrement(&seen->runs);
    KeSetEvent(&seen->done, IO_NO_INCREMENT, FALSE);
}

static VOID
note_run_ex(PVOID object, PVOID user, PIO_WORKITEM item)
{
    struct seen *seen = user;

    seen->item = item;
    note_run(object, user);
}

static void
run_item_at_passive_level(struct world *w)
{
    struct seen seen;
    PIO_WORKITEM item;
    KIRQL irql;

    seen_init(w, &seen);
    item = IoAllocateWorkItem(seen.device);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    IoQueueWorkItem(item, note_run, DelayedWorkQueue, &seen);
    KeLowerIrql(irql);
    wait_for(&seen.done);
    expect(w, seen.irql == PASSIVE_LEVEL);
    expect(w, seen.object == seen.device);
    IoQueueWorkItemEx(item, note_run_ex, CriticalWorkQueue, &seen);
    wait_for(&seen.done);
    expect(w, seen.item == item);
    expect(w, seen.runs == 2);
    IoFreeWorkItem(item);
    IoDeleteDevice(seen.device);
    close_clean(w);
}

static void
a_work_item_runs_at_passive_level(void **state)
{
    (void)state;
    under_many_seeds(run_item_at_passive_level);
}

static void
an_item_lives_in_the_drivers_memory_too(void **state)
{
    PIO_WORKITEM item;
    struct seen seen;
    struct world w;

    (void)state;
    world_start(&w, 0);
    seen_init(&w, &seen);
    item = ExAllocatePool2(POOL_FLAG_NON_PAGED, IoSizeofWorkItem(), TEST_TAG);
    IoInitializeWorkItem(seen.device, item);
    assert_true(IoTryQueueWorkItem(item, note_run_ex, DelayedWorkQueue, &seen));
    wait_for(&seen.done);
    ExFreePoolWithTag(item, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    IoUninitializeWorkItem(item);
    IoDeleteDevice(seen.device);
    world_close(&w);
}

static void
queueing_twice_is_reported_or_refused(void **state)
{
    PIO_WORKITEM item;
    struct seen seen;
    struct world w;
    KIRQL irql;

    (void)state;
    on_sim_only();
    world_open(&w, &(struct pndis_machine_options){.processors = 1});
    seen_init(&w, &seen);
    item = IoAllocateWorkItem(seen.device);
    /* At DISPATCH_LEVEL on the only processor no worker thread comes in between. */
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_true(IoTryQueueWorkItem(item, note_run_ex, DelayedWorkQueue, &seen));
    assert_false(IoTryQueueWorkItem(item, note_run_ex, DelayedWorkQueue, &seen));
    expect_clean(&w);
    IoQueueWorkItem(item, note_run, DelayedWorkQueue, &seen);
    expect_broken(&w, "WORK_ITEM_STATE");
    KeLowerIrql(irql);
    wait_for(&seen.done);
    assert_int_equal(seen.runs, 1);
    IoFreeWorkItem(item);
    IoFreeWorkItem(item);
    expect_broken(&w, "OBJECT_HANDLE");
    IoDeleteDevice(seen.device);
    close_clean(&w);
}

static void
freeing_a_queued_item_is_reported_and_it_does_not_run(void **state)
{
    PIO_WORKITEM item;
    struct seen seen;
    struct world w;
    KIRQL irql;

    (void)state;
    on_sim_only();
    world_open(&w, &(struct pndis_machine_options){.processors = 1});
    seen_init(&w, &seen);
    item = IoAllocateWorkItem(seen.device);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    IoQueueWorkItem(item, note_run, DelayedWorkQueue, &seen);
    IoFreeWorkItem(item);
    expect_broken(&w, "WORK_ITEM_STATE");
    KeLowerIrql(irql);
    pndis__work_flush(w.context);
    assert_int_equal(seen.runs, 0);
    /* The queue still works. */
    item = IoAllocateWorkItem(seen.device);
    IoQueueWorkItem(item, note_run, DelayedWorkQueue, &seen);
    wait_for(&seen.done);
    IoFreeWorkItem(item);
    IoDeleteDevice(seen.device);
    close_clean(&w);
}

struct again {
    struct seen seen;
    PIO_WORKITEM item;
};

static VOID
queue_itself_again(PVOID object, PVOID user, PIO_WORKITEM item)
{
    struct again *again = user;

    (void)object;
    if (InterlockedIncrement(&again->seen.runs) < 5) {
        IoQueueWorkItemEx(item, queue_itself_again, DelayedWorkQueue, again);
    } else {
        /* "IoFreeWorkItem function": a callback may free its own item. */
        IoFreeWorkItem(item);
        KeSetEvent(&again->seen.done, IO_NO_INCREMENT, FALSE);
    }
}

static void
run_item_queues_itself(struct world *w)
{
    struct again again;
    PIO_WORKITEM item;

    seen_init(w, &again.seen);
    item = IoAllocateWorkItem(again.seen.device);
    IoQueueWorkItemEx(item, queue_itself_again, DelayedWorkQueue, &again);
    wait_for(&again.seen.done);
    expect(w, again.seen.runs == 5);
    IoDeleteDevice(again.seen.device);
    close_clean(w);
}

static void
an_item_may_queue_and_free_itself(void **state)
{
    (void)state;
    under_many_seeds(run_item_queues_itself);
}

static VOID
work_slowly(PVOID object, PVOID user, PIO_WORKITEM item)
{
    (void)item;
    delay_ms(2);
    /* The item keeps its device object. */
    if (((PDEVICE_OBJECT)object)->Type == IO_TYPE_DEVICE) {
        InterlockedIncrement(&((struct seen *)user)->runs);
    }
}

static void
a_queued_item_keeps_its_device(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        PIO_WORKITEM item;
        struct seen seen;
        struct world w;

        world_start(&w, seed);
        seen_init(&w, &seen);
        item = IoAllocateWorkItem(seen.device);
        IoQueueWorkItemEx(item, work_slowly, DelayedWorkQueue, &seen);
        IoDeleteDevice(seen.device);
        pndis__work_flush(w.context);
        expect(&w, seen.runs == 1);
        IoFreeWorkItem(item);
        close_clean(&w);
    }
}

/* --- the older kind --- */

static VOID
note_plain_run(PVOID user)
{
    struct seen *seen = user;

    InterlockedIncrement(&seen->runs);
    KeSetEvent(&seen->done, IO_NO_INCREMENT, FALSE);
}

static void
the_older_kind_runs_and_is_checked(void **state)
{
    PWORK_QUEUE_ITEM item;
    struct seen seen = {0};
    struct world w;
    KIRQL irql;

    (void)state;
    on_sim_only();
    world_open(&w, &(struct pndis_machine_options){.processors = 1});
    KeInitializeEvent(&seen.done, SynchronizationEvent, FALSE);
    item = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*item), TEST_TAG);
    ExInitializeWorkItem(item, note_plain_run, &seen);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    ExQueueWorkItem(item, DelayedWorkQueue);
    ExQueueWorkItem(item, DelayedWorkQueue);
    expect_broken(&w, "WORK_ITEM_STATE");
    KeLowerIrql(irql);
    wait_for(&seen.done);
    ExQueueWorkItem(item, CriticalWorkQueue);
    wait_for(&seen.done);
    assert_int_equal(seen.runs, 2);
    ExFreePoolWithTag(item, TEST_TAG);
    expect_clean(&w);
    item = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*item), TEST_TAG);
    ExInitializeWorkItem(item, note_plain_run, &seen);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    ExQueueWorkItem(item, DelayedWorkQueue);
    ExFreePoolWithTag(item, TEST_TAG);
    expect_broken(&w, "POOL_ACTIVE");
    KeLowerIrql(irql);
    wait_for(&seen.done);
    world_close(&w);
}

/* --- pndis' own --- */

struct own_work {
    struct work work;
    LONG *runs;
};

static void
count_own(struct context *context, struct work *work)
{
    (void)context;
    delay_ms(1);
    InterlockedIncrement(((struct own_work *)work)->runs);
}

static void
run_flush_waits(struct world *w)
{
    struct own_work works[6];
    LONG runs = 0;
    LONG cancelled = 0;

    memset(works, 0, sizeof(works));
    for (unsigned i = 0; i < 6; i++) {
        works[i].work.routine = count_own;
        works[i].runs = &runs;
        expect(w, pndis__work_queue(w->machine, &works[i].work));
    }
    cancelled += pndis__work_cancel(w->machine, &works[5].work);
    cancelled += pndis__work_cancel(w->machine, &works[0].work);
    pndis__work_flush(w->context);
    expect(w, ReadAcquire(&runs) == 6 - cancelled);
    expect(w, !pndis__work_cancel(w->machine, &works[1].work));
    close_clean(w);
}

static void
a_flush_waits_for_what_was_queued_before(void **state)
{
    (void)state;
    under_many_seeds(run_flush_waits);
}

/* Work that waits for work behind it: the last one lets all the others go. */
enum { CHAIN = 12 };

struct link {
    struct seen seen;
    struct link *next;
};

static VOID
wait_for_next(PDEVICE_OBJECT device, PVOID user)
{
    struct link *link = user;

    if (link->next != NULL) {
        wait_for(&link->next->seen.done);
    }
    note_run(device, &link->seen);
}

static void
run_chain(struct world *w)
{
    struct link links[CHAIN];
    PIO_WORKITEM items[CHAIN];

    for (unsigned i = 0; i < CHAIN; i++) {
        seen_init(w, &links[i].seen);
        links[i].next = i + 1 < CHAIN ? &links[i + 1] : NULL;
    }
    for (unsigned i = 0; i < CHAIN; i++) {
        items[i] = IoAllocateWorkItem(links[i].seen.device);
        IoQueueWorkItem(items[i], wait_for_next, DelayedWorkQueue, &links[i]);
    }
    wait_for(&links[0].seen.done);
    pndis__work_flush(w->context);
    for (unsigned i = 0; i < CHAIN; i++) {
        expect(w, links[i].seen.runs == 1);
        IoFreeWorkItem(items[i]);
        IoDeleteDevice(links[i].seen.device);
    }
    close_clean(w);
}

static void
work_may_wait_for_work_behind_it(void **state)
{
    (void)state;
    under_many_seeds(run_chain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_work_item_runs_at_passive_level),
        cmocka_unit_test(an_item_lives_in_the_drivers_memory_too),
        cmocka_unit_test(queueing_twice_is_reported_or_refused),
        cmocka_unit_test(freeing_a_queued_item_is_reported_and_it_does_not_run),
        cmocka_unit_test(an_item_may_queue_and_free_itself),
        cmocka_unit_test(a_queued_item_keeps_its_device),
        cmocka_unit_test(the_older_kind_runs_and_is_checked),
        cmocka_unit_test(a_flush_waits_for_what_was_queued_before),
        cmocka_unit_test(work_may_wait_for_work_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
