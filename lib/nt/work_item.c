/*
 * Work items of drivers ("System Worker Threads"). A queued one keeps its device object alive. The
 * older WORK_QUEUE_ITEM has no room for that, nor for a place in the queue: it gets a companion
 * while queued.
 */
#include "nt/nt.h"

#include "nt/device.h"
#include "nt/object.h"
#include "nt/watch.h"

#include <stdlib.h>

struct _IO_WORKITEM {
    struct work work;
    struct watched watched;
    PVOID io_object;
    PIO_WORKITEM_ROUTINE routine;
    PIO_WORKITEM_ROUTINE_EX routine_ex;
    PVOID context;
    uint32_t claimed; /* From before the fields are set for a call until that has read them. */
    bool allocated;
};

/* A WORK_QUEUE_ITEM that is queued. */
struct item_work {
    struct work work;
    struct watched watched;
    PWORK_QUEUE_ITEM item;
};

/* The driver that an I/O object (a device or a driver object) belongs to, or whoever runs. */
static struct owner *
owner_of(struct context *context, PVOID io_object)
{
    struct pndis_driver *driver = pndis__driver_of(context->machine, io_object);
    struct owner *owner;

    if (driver == NULL && pndis__device_is_known(context->machine, io_object)) {
        driver = pndis__driver_of(context->machine, ((PDEVICE_OBJECT)io_object)->DriverObject);
    }
    if (driver != NULL) {
        return &driver->owner;
    }
    for (owner = pndis__running_owner(context); owner->parent != NULL; owner = owner->parent) {
    }
    return owner;
}

/* --- I/O work items --- */

static void
run_io_item(struct context *context, struct work *work)
{
    PIO_WORKITEM item = (PIO_WORKITEM)work;
    PIO_WORKITEM_ROUTINE_EX routine_ex = item->routine_ex;
    PIO_WORKITEM_ROUTINE routine = item->routine;
    PVOID item_context = item->context;
    PVOID io_object = item->io_object;
    struct frame frame;

    pndis__guest_enter(context, &frame, work->owner, "WorkItem");
    /* From here on it may be queued again; the routine may free it, too. */
    __atomic_store_n(&item->claimed, 0, __ATOMIC_SEQ_CST);
    if (routine_ex != NULL) {
        routine_ex(io_object, item_context, item);
    } else {
        routine(io_object, item_context);
    }
    pndis__guest_leave(context, &frame);
    pndis__object_dereference(context->machine, io_object);
}

static void
io_item_init(struct context *context, PIO_WORKITEM item, PVOID io_object)
{
    memset(item, 0, sizeof(*item));
    item->work.routine = run_io_item;
    item->work.owner = owner_of(context, io_object);
    item->io_object = io_object;
}

PIO_WORKITEM
IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PIO_WORKITEM item;

    if (pndis__fault(context)) {
        return NULL;
    }
    item = pndis__pool_allocate(context->machine, sizeof(*item));
    if (item != NULL) {
        io_item_init(context, item, DeviceObject);
        item->allocated = true;
        pndis__acquired(context, RESOURCE_WORK_ITEM, item, 0, 0, NULL, __func__, NT_CALLER());
    }
    return item;
}

ULONG
IoSizeofWorkItem(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return sizeof(struct _IO_WORKITEM);
}

VOID
IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    io_item_init(context, IoWorkItem, IoObject);
    pndis__watch_add(context->machine, &IoWorkItem->watched, IoWorkItem, WATCH_WORK_ITEM);
    pndis__acquired(context, RESOURCE_WORK_ITEM, IoWorkItem, 0, 0, NULL, __func__, NT_CALLER());
}

/* An item that goes while it is queued is taken out of the queue. */
static void
check_not_queued(struct context *context, PIO_WORKITEM item, const char *what, const char *call,
                 const void *caller)
{
    if (pndis__work_cancel(context->machine, &item->work)) {
        __atomic_store_n(&item->claimed, 0, __ATOMIC_SEQ_CST);
        pndis__object_dereference(context->machine, item->io_object);
        pndis__report(context, RULE_WORK_ITEM_STATE, NULL, call, caller, "%s a queued work item",
                      what);
    }
}

VOID
IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    size_t bytes;

    if (!pndis__pool_owns(context->machine, IoWorkItem, &bytes) || bytes != sizeof(*IoWorkItem) ||
        !IoWorkItem->allocated) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, __func__, NT_CALLER(),
                      "frees what is not an allocated work item");
        return;
    }
    check_not_queued(context, IoWorkItem, "frees", __func__, NT_CALLER());
    pndis__released(context, RESOURCE_WORK_ITEM, IoWorkItem, __func__);
    pndis__pool_free(context->machine, IoWorkItem);
}

VOID
IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    check_not_queued(context, IoWorkItem, "uninitializes", __func__, NT_CALLER());
    pndis__watch_remove(context->machine, &IoWorkItem->watched);
    pndis__released(context, RESOURCE_WORK_ITEM, IoWorkItem, __func__);
}

static bool
queue_io_item(struct context *context, PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine,
              PIO_WORKITEM_ROUTINE_EX routine_ex, PVOID item_context)
{
    if (__atomic_exchange_n(&item->claimed, 1, __ATOMIC_SEQ_CST) != 0) {
        return false;
    }
    item->routine = routine;
    item->routine_ex = routine_ex;
    item->context = item_context;
    pndis__object_reference(context->machine, item->io_object);
    pndis__work_queue(context->machine, &item->work);
    return true;
}

static void
report_queued(struct context *context, const char *call, const void *caller)
{
    pndis__report(context, RULE_WORK_ITEM_STATE, NULL, call, caller,
                  "queues a work item that is queued already");
}

VOID
IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
                WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)QueueType; /* One queue serves all priorities. */
    if (!queue_io_item(context, IoWorkItem, WorkerRoutine, NULL, Context)) {
        report_queued(context, __func__, NT_CALLER());
    }
}

VOID
IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                  WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)QueueType;
    if (!queue_io_item(context, IoWorkItem, NULL, WorkerRoutine, Context)) {
        report_queued(context, __func__, NT_CALLER());
    }
}

BOOLEAN
IoTryQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                   WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)QueueType;
    return queue_io_item(context, IoWorkItem, NULL, WorkerRoutine, Context);
}

/* --- WORK_QUEUE_ITEM: List.Flink is set while it is queued --- */

static void
run_item(struct context *context, struct work *work)
{
    struct item_work *item_work = (struct item_work *)work;
    PWORK_QUEUE_ITEM item = item_work->item;
    PWORKER_THREAD_ROUTINE routine = item->WorkerRoutine;
    struct owner *owner = work->owner;
    PVOID parameter = item->Parameter;
    struct frame frame;

    pndis__watch_remove(context->machine, &item_work->watched);
    free(item_work);
    __atomic_store_n(&item->List.Flink, NULL, __ATOMIC_SEQ_CST);
    pndis__guest_enter(context, &frame, owner, "WorkerRoutine");
    routine(parameter);
    pndis__guest_leave(context, &frame);
}

VOID
ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PLIST_ENTRY not_queued = NULL;
    struct item_work *work;

    (void)QueueType;
    if (!__atomic_compare_exchange_n(&WorkItem->List.Flink, &not_queued, &WorkItem->List, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        report_queued(context, __func__, NT_CALLER());
        return;
    }
    work = calloc(1, sizeof(*work));
    if (work == NULL) {
        pndis__os_report("pndis: no memory to queue a work item\n");
        pndis__os_die();
    }
    work->work.routine = run_item;
    work->work.owner = owner_of(context, NULL);
    work->item = WorkItem;
    pndis__watch_add(context->machine, &work->watched, WorkItem, WATCH_QUEUED_WORK);
    pndis__work_queue(context->machine, &work->work);
}
