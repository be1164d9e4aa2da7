/* Cancel-safe IRP queues ("Cancel-Safe IRP Queues"): inserted, then removed or cancelled, once. */
#include "nt/nt_support.h"

enum { IRPS = 6 };

struct queue {
    IO_CSQ csq;
    KSPIN_LOCK lock;
    LIST_ENTRY irps;
    LONG cancelled;
};

static struct queue *
queue_of(PIO_CSQ csq)
{
    return CONTAINING_RECORD(csq, struct queue, csq);
}

static VOID
insert(PIO_CSQ csq, PIRP irp)
{
    InsertTailList(&queue_of(csq)->irps, &irp->Tail.Overlay.ListEntry);
}

static NTSTATUS
insert_ex(PIO_CSQ csq, PIRP irp, PVOID insert_context)
{
    if (insert_context != NULL && --*(LONG *)insert_context < 0) {
        return STATUS_DEVICE_BUSY;
    }
    insert(csq, irp);
    return STATUS_SUCCESS;
}

static VOID
take_out(PIO_CSQ csq, PIRP irp)
{
    (void)csq;
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

static PIRP
peek(PIO_CSQ csq, PIRP irp, PVOID peek_context)
{
    struct queue *queue = queue_of(csq);
    PLIST_ENTRY next = irp == NULL ? queue->irps.Flink : irp->Tail.Overlay.ListEntry.Flink;

    (void)peek_context;
    return next == &queue->irps ? NULL : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}

static VOID
acquire(PIO_CSQ csq, PKIRQL irql)
{
    KeAcquireSpinLock(&queue_of(csq)->lock, irql);
}

static VOID
release(PIO_CSQ csq, KIRQL irql)
{
    KeReleaseSpinLock(&queue_of(csq)->lock, irql);
}

static VOID
complete_cancelled(PIO_CSQ csq, PIRP irp)
{
    irp->IoStatus.Status = STATUS_CANCELLED;
    InterlockedIncrement(&queue_of(csq)->cancelled);
}

static void
queue_init(struct queue *queue, bool extended)
{
    memset(queue, 0, sizeof(*queue));
    KeInitializeSpinLock(&queue->lock);
    InitializeListHead(&queue->irps);
    assert_int_equal(extended ? IoCsqInitializeEx(&queue->csq, insert_ex, take_out, peek, acquire,
                                                  release, complete_cancelled)
                              : IoCsqInitialize(&queue->csq, insert, take_out, peek, acquire,
                                                release, complete_cancelled),
                     STATUS_SUCCESS);
}

/* As a driver has it in its dispatch routine: with a stack location of its own. */
static PIRP
new_irp(void)
{
    PIRP irp = IoAllocateIrp(1, FALSE);

    IoSetNextIrpStackLocation(irp);
    return irp;
}

static void
irps_come_out_in_the_order_of_the_drivers_list(void **state)
{
    PIRP irps[IRPS];
    struct queue queue;
    struct world w;

    (void)state;
    world_start(&w, 0);
    queue_init(&queue, false);
    assert_null(IoCsqRemoveNextIrp(&queue.csq, NULL));
    for (unsigned i = 0; i < IRPS; i++) {
        irps[i] = new_irp();
        IoCsqInsertIrp(&queue.csq, irps[i], NULL);
        assert_true((IoGetCurrentIrpStackLocation(irps[i])->Control & SL_PENDING_RETURNED) != 0);
    }
    for (unsigned i = 0; i < IRPS; i++) {
        assert_ptr_equal(IoCsqRemoveNextIrp(&queue.csq, NULL), irps[i]);
        assert_false(IoCancelIrp(irps[i]));
        IoFreeIrp(irps[i]);
    }
    assert_null(IoCsqRemoveNextIrp(&queue.csq, NULL));
    close_clean(&w);
}

static void
a_cancelled_irp_is_completed_and_gone(void **state)
{
    IO_CSQ_IRP_CONTEXT context;
    struct queue queue;
    struct world w;
    PIRP irp;

    (void)state;
    world_start(&w, 0);
    queue_init(&queue, false);
    irp = new_irp();
    IoCsqInsertIrp(&queue.csq, irp, &context);
    assert_true(IoCancelIrp(irp));
    assert_int_equal(queue.cancelled, 1);
    assert_int_equal(irp->IoStatus.Status, STATUS_CANCELLED);
    assert_null(IoCsqRemoveIrp(&queue.csq, &context));
    assert_null(IoCsqRemoveNextIrp(&queue.csq, NULL));
    IoFreeIrp(irp);
    /* One that was cancelled before it came is not kept either. */
    irp = new_irp();
    IoCancelIrp(irp);
    IoCsqInsertIrp(&queue.csq, irp, NULL);
    assert_int_equal(queue.cancelled, 2);
    assert_true(IsListEmpty(&queue.irps));
    IoFreeIrp(irp);
    close_clean(&w);
}

static void
a_particular_irp_is_removed_by_its_context(void **state)
{
    IO_CSQ_IRP_CONTEXT contexts[2];
    struct queue queue;
    struct world w;
    PIRP irps[2];

    (void)state;
    world_start(&w, 0);
    queue_init(&queue, false);
    for (unsigned i = 0; i < 2; i++) {
        irps[i] = new_irp();
        IoCsqInsertIrp(&queue.csq, irps[i], &contexts[i]);
    }
    assert_ptr_equal(IoCsqRemoveIrp(&queue.csq, &contexts[1]), irps[1]);
    assert_null(IoCsqRemoveIrp(&queue.csq, &contexts[1]));
    assert_ptr_equal(IoCsqRemoveNextIrp(&queue.csq, NULL), irps[0]);
    assert_null(IoCsqRemoveIrp(&queue.csq, &contexts[0]));
    IoFreeIrp(irps[0]);
    IoFreeIrp(irps[1]);
    close_clean(&w);
}

static void
an_extended_queue_may_turn_irps_away(void **state)
{
    struct queue queue;
    LONG places = 1;
    struct world w;
    PIRP irps[2];

    (void)state;
    world_start(&w, 0);
    queue_init(&queue, true);
    irps[0] = new_irp();
    irps[1] = new_irp();
    assert_int_equal(IoCsqInsertIrpEx(&queue.csq, irps[0], NULL, &places), STATUS_SUCCESS);
    assert_int_equal(IoCsqInsertIrpEx(&queue.csq, irps[1], NULL, &places), STATUS_DEVICE_BUSY);
    assert_true((IoGetCurrentIrpStackLocation(irps[1])->Control & SL_PENDING_RETURNED) == 0);
    assert_ptr_equal(IoCsqRemoveNextIrp(&queue.csq, NULL), irps[0]);
    IoFreeIrp(irps[0]);
    IoFreeIrp(irps[1]);
    close_clean(&w);
}

/* --- one thread removes, another cancels --- */

struct race {
    struct queue queue;
    PIRP irps[IRPS];
    LONG removed;
};

static VOID
remove_all(PVOID user)
{
    struct race *race = user;

    for (unsigned i = 0; i < IRPS; i++) {
        PIRP irp = IoCsqRemoveNextIrp(&race->queue.csq, NULL);

        if (irp != NULL) {
            irp->IoStatus.Status = STATUS_SUCCESS;
            InterlockedIncrement(&race->removed);
        }
    }
}

static void
run_race(struct world *w)
{
    struct runner runner;
    struct race race;

    race.removed = 0;
    queue_init(&race.queue, false);
    for (unsigned i = 0; i < IRPS; i++) {
        race.irps[i] = new_irp();
        race.irps[i]->IoStatus.Status = STATUS_PENDING;
        IoCsqInsertIrp(&race.queue.csq, race.irps[i], NULL);
    }
    runner_start(&runner, remove_all, &race);
    for (unsigned i = 0; i < IRPS; i++) {
        IoCancelIrp(race.irps[IRPS - 1 - i]);
    }
    runner_join(&runner);
    expect(w, race.removed + race.queue.cancelled == IRPS);
    expect(w, IsListEmpty(&race.queue.irps));
    for (unsigned i = 0; i < IRPS; i++) {
        expect(w, race.irps[i]->IoStatus.Status != STATUS_PENDING);
        IoFreeIrp(race.irps[i]);
    }
    close_clean(w);
}

static void
an_irp_is_removed_or_cancelled_once(void **state)
{
    (void)state;
    under_many_seeds(run_race);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(irps_come_out_in_the_order_of_the_drivers_list),
        cmocka_unit_test(a_cancelled_irp_is_completed_and_gone),
        cmocka_unit_test(a_particular_irp_is_removed_by_its_context),
        cmocka_unit_test(an_extended_queue_may_turn_irps_away),
        cmocka_unit_test(an_irp_is_removed_or_cancelled_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
