/* NDIS work items: a driver's routine on a system thread at PASSIVE_LEVEL. */
#include "ndis/adapter.h"

#include <stdlib.h>

struct io_work_item {
    struct handle handle;
    struct possession possession;
    struct work work;
    NDIS_IO_WORKITEM_FUNCTION *routine;
    PVOID routine_context;
    uint32_t queued;
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct io_work_item, handle));
}

static void
end_item(struct context *context, struct io_work_item *item)
{
    pndis__possession_remove(&item->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &item->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    struct io_work_item *item = CONTAINING_RECORD(possession, struct io_work_item, possession);

    pndis__work_cancel(context->machine, &item->work);
    end_item(context, item);
}

static void
run(struct context *context, struct work *work)
{
    struct io_work_item *item = CONTAINING_RECORD(work, struct io_work_item, work);
    NDIS_IO_WORKITEM_FUNCTION *routine = item->routine;
    PVOID routine_context = item->routine_context;
    struct frame frame;

    /* From here on it may be queued again, with another routine; its own may free it. */
    __atomic_store_n(&item->queued, 0, __ATOMIC_SEQ_CST);
    PROBE(context, RUN, .name = "work item", .owner = item->handle.owner);
    pndis__guest_enter(context, &frame, item->handle.owner, "NdisIoWorkItemRoutine");
    routine(routine_context, item);
    pndis__guest_leave(context, &frame);
}

static struct io_work_item *
item_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct io_work_item *)pndis__handle(context, handle, HANDLE_BIT(WORK_ITEM), call,
                                                caller);
}

/*
 * "NdisAllocateIoWorkItem function". IRQL <= DISPATCH_LEVEL.
 * @NdisObjectHandle: a miniport driver, adapter or device handle; "protocol drivers cannot use"
 * work items, as they have no device object. NULL: no memory, or another handle. Freed with
 * NdisFreeIoWorkItem before its owner goes.
 */
NDIS_HANDLE
NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    const unsigned kinds = HANDLE_BIT(ADAPTER) | HANDLE_BIT(MINIPORT_DRIVER) | HANDLE_BIT(DEVICE);
    struct io_work_item *item;
    struct owner *owner;

    if (pndis__handle(context, NdisObjectHandle, kinds, __func__, caller) == NULL ||
        !pndis__owner_of_handle(context, NdisObjectHandle, __func__, caller, &owner) ||
        pndis__fault(context)) {
        return NULL;
    }
    item = calloc(1, sizeof(*item));
    if (item == NULL) {
        return NULL;
    }
    pndis__handle_add(pndis__handles_of(context->machine), &item->handle, HANDLE_WORK_ITEM,
                      owner != NULL ? owner : pndis__running_owner(context), context->machine,
                      free_memory);
    pndis__possession_of_handle(context, NdisObjectHandle, &item->possession, reclaim);
    pndis__acquired(context, RESOURCE_WORK_ITEM, item, 0, 0, owner, __func__, caller);
    return item;
}

/*
 * "NdisQueueIoWorkItem function". IRQL <= DISPATCH_LEVEL.
 * Runs @Routine once, with @WorkItemContext. Queuing one that is queued already is reported
 * (WORK_ITEM_QUEUED) and has no effect.
 */
VOID
NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_ROUTINE Routine,
                    PVOID WorkItemContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct io_work_item *item = item_of(context, NdisIoWorkItemHandle, __func__, caller);

    if (item == NULL) {
        return;
    }
    if (__atomic_exchange_n(&item->queued, 1, __ATOMIC_SEQ_CST) != 0) {
        pndis__report(context, RULE_WORK_ITEM_QUEUED, item->handle.owner, __func__, caller,
                      "a work item is queued that is queued already");
        return;
    }
    item->routine = Routine;
    item->routine_context = WorkItemContext;
    work_later(context->machine, &item->work, run);
}

/* "NdisFreeIoWorkItem function". IRQL <= DISPATCH_LEVEL. Not while it is queued; its own routine
 * may. */
VOID
NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct io_work_item *item = item_of(context, NdisIoWorkItemHandle, __func__, caller);

    if (item == NULL) {
        return;
    }
    if (__atomic_load_n(&item->queued, __ATOMIC_SEQ_CST) != 0) {
        pndis__report(context, RULE_WORK_ITEM_QUEUED, item->handle.owner, __func__, caller,
                      "a work item is freed while it is queued");
        pndis__work_cancel(context->machine, &item->work);
    }
    pndis__released(context, RESOURCE_WORK_ITEM, item, __func__);
    end_item(context, item);
}
