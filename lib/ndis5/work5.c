/* Work items whose memory is the driver's: its WrapperReserved is their place in the queue. */
#include "ndis5/ndis5.h"

C_ASSERT(sizeof(struct work) <= sizeof(((NDIS_WORK_ITEM *)0)->WrapperReserved));

static void
run(struct context *context, struct work *work)
{
    NDIS_WORK_ITEM *item = CONTAINING_RECORD(work, NDIS_WORK_ITEM, WrapperReserved);
    struct owner *owner = work->owner;
    struct frame frame;

    /* From here on the driver may queue it again, or free it. */
    pndis__released(context, RESOURCE_QUEUED_WORK, item, "NdisScheduleWorkItem");
    pndis__guest_enter(context, &frame, owner, "WorkItem");
    item->Routine(item, item->Context);
    pndis__guest_leave(context, &frame);
}

/*
 * NdisScheduleWorkItem. IRQL <= DISPATCH_LEVEL. The routine is called once at PASSIVE_LEVEL; until
 * then the item is NDIS', and MiniportHalt has to wait for it.
 */
NDIS_STATUS
NdisScheduleWorkItem(PNDIS_WORK_ITEM WorkItem)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct work *work = (struct work *)(PVOID)WorkItem->WrapperReserved;

    memset(WorkItem->WrapperReserved, 0, sizeof(WorkItem->WrapperReserved));
    work->owner = pndis__running_owner(context);
    work->routine = run;
    pndis__acquired(context, RESOURCE_QUEUED_WORK, WorkItem, 0, 0, work->owner, __func__, caller);
    pndis__work_queue(context->machine, work);
    return NDIS_STATUS_SUCCESS;
}
