/* MiniportReset and MiniportCheckForHang, at DISPATCH_LEVEL. */
#include "ndis5/packet.h"

/* A call whose result somebody waits for. */
struct awaited {
    struct task task; /* First. */
    KEVENT done;
    BOOLEAN flag;
    NDIS_STATUS status;
};

static void
run_reset(struct context *context, struct miniport5 *miniport, struct task *task)
{
    struct awaited *call = (struct awaited *)task;
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportReset");
    call->status = miniport->calls->ResetHandler(&call->flag, miniport->context);
    pndis__guest_leave_status(context, &frame, call->status);
    KeSetEvent(&call->done, IO_NO_INCREMENT, FALSE);
}

/* What NDIS still has of a serialized miniport is not sent after the reset either. */
NDIS_STATUS
pndis__n5_reset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct awaited call = {.task = {.run = run_reset}};

    pndis__sends_abort(context, miniport, NULL, NDIS_STATUS_REQUEST_ABORTED);
    pndis__sends_have_time(miniport);
    pndis__task_wait(context, miniport, &call.task, &call.done);
    *AddressingReset = call.flag;
    return call.status;
}

static void
run_check(struct context *context, struct miniport5 *miniport, struct task *task)
{
    struct awaited *call = (struct awaited *)task;
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportCheckForHang");
    call->flag = miniport->calls->CheckForHangHandler(miniport->context);
    pndis__guest_leave_status(context, &frame, call->flag);
    KeSetEvent(&call->done, IO_NO_INCREMENT, FALSE);
}

/*
 * "NdisMSetAttributesEx function". A send of a serialized miniport or a request that takes twice
 * the interval of the checks is a reason for a reset, unless NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT
 * or NDIS_ATTRIBUTE_IGNORE_REQUEST_TIMEOUT says that it is none.
 */
BOOLEAN
pndis__n5_check_for_hang(NDIS_HANDLE MiniportAdapterContext)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct awaited call = {.task = {.run = run_check}};
    bool overdue = pndis__sends_are_overdue(miniport);

    if (miniport->ignores_request_timeout) {
        __atomic_store_n(&miniport->adapter->reset.hang_checks_since_oid, 0, __ATOMIC_SEQ_CST);
    }
    if (miniport->calls->CheckForHangHandler != NULL) {
        pndis__task_wait(context, miniport, &call.task, &call.done);
    }
    return call.flag || overdue;
}
