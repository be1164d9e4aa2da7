/* IRPs: allocating, sending, completing, cancelling ("Handling IRPs"). */
#include "nt/irp.h"

#include "nt/device.h"
#include "nt/thread.h"

enum { KIND_IRP = 6 };

static const char *const major_names[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    "IRP_MJ_CREATE",
    "IRP_MJ_CREATE_NAMED_PIPE",
    "IRP_MJ_CLOSE",
    "IRP_MJ_READ",
    "IRP_MJ_WRITE",
    "IRP_MJ_QUERY_INFORMATION",
    "IRP_MJ_SET_INFORMATION",
    "IRP_MJ_QUERY_EA",
    "IRP_MJ_SET_EA",
    "IRP_MJ_FLUSH_BUFFERS",
    "IRP_MJ_QUERY_VOLUME_INFORMATION",
    "IRP_MJ_SET_VOLUME_INFORMATION",
    "IRP_MJ_DIRECTORY_CONTROL",
    "IRP_MJ_FILE_SYSTEM_CONTROL",
    "IRP_MJ_DEVICE_CONTROL",
    "IRP_MJ_INTERNAL_DEVICE_CONTROL",
    "IRP_MJ_SHUTDOWN",
    "IRP_MJ_LOCK_CONTROL",
    "IRP_MJ_CLEANUP",
    "IRP_MJ_CREATE_MAILSLOT",
    "IRP_MJ_QUERY_SECURITY",
    "IRP_MJ_SET_SECURITY",
    "IRP_MJ_POWER",
    "IRP_MJ_SYSTEM_CONTROL",
    "IRP_MJ_DEVICE_CHANGE",
    "IRP_MJ_QUERY_QUOTA",
    "IRP_MJ_SET_QUOTA",
    "IRP_MJ_PNP",
};

/* --- allocating --- */

static void
irp_init(PIRP irp, USHORT bytes, CCHAR stack_size)
{
    memset(irp, 0, bytes);
    irp->Type = KIND_IRP;
    irp->Size = bytes;
    irp->StackCount = stack_size;
    irp->CurrentLocation = (CHAR)(stack_size + 1);
    InitializeListHead(&irp->ThreadListEntry);
    irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(irp + 1) + stack_size;
}

PIRP
pndis__irp_new(struct pndis_machine *machine, CCHAR stack_size)
{
    PIRP irp = pndis__pool_allocate(machine, IoSizeOfIrp(stack_size));

    if (irp != NULL) {
        irp_init(irp, IoSizeOfIrp(stack_size), stack_size);
    }
    return irp;
}

PIRP
IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PIRP irp;

    (void)ChargeQuota;
    irp = pndis__fault(context) ? NULL : pndis__irp_new(context->machine, StackSize);
    if (irp != NULL) {
        irp->Tail.Overlay.Thread = (PETHREAD)pndis__thread_of(context);
        pndis__acquired(context, RESOURCE_IRP, irp, 0, 0, NULL, __func__, NT_CALLER());
    }
    return irp;
}

VOID
IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    irp_init(Irp, PacketSize, StackSize);
}

VOID
IoReuseIrp(PIRP Irp, NTSTATUS Iostatus)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    irp_init(Irp, Irp->Size, Irp->StackCount);
    Irp->IoStatus.Status = Iostatus;
}

VOID
IoFreeIrp(PIRP Irp)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    if (!pndis__pool_owns(context->machine, Irp, NULL)) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, __func__, NT_CALLER(),
                      "frees what is no IRP of IoAllocateIrp, or was freed");
        return;
    }
    pndis__released(context, RESOURCE_IRP, Irp, __func__);
    pndis__pool_free(context->machine, Irp);
}

/* --- sending --- */

/* The owner for a call into the driver of @device; whoever runs, where that is nobody known. */
static struct owner *
owner_for(struct context *context, PDEVICE_OBJECT device)
{
    struct owner *owner = device == NULL ? NULL : pndis__device_owner(context->machine, device);

    return owner != NULL ? owner : pndis__running_owner(context);
}

NTSTATUS
pndis__irp_send(struct context *context, PDEVICE_OBJECT device, PIRP irp, const char *call,
                const void *caller)
{
    PIO_STACK_LOCATION location = irp->Tail.Overlay.CurrentStackLocation - 1;
    PDRIVER_DISPATCH dispatch;
    struct frame frame;
    NTSTATUS status;

    if (irp->CurrentLocation <= 1) {
        pndis__report(context, RULE_IRP_STACK, NULL, call, caller,
                      "sends an IRP that has no stack location left of %d", irp->StackCount);
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    irp->CurrentLocation--;
    irp->Tail.Overlay.CurrentStackLocation = location;
    location->DeviceObject = device;
    dispatch = pndis__device_dispatch(device, location->MajorFunction);
    pndis__guest_enter(context, &frame, owner_for(context, device),
                       major_names[location->MajorFunction]);
    status = dispatch(device, irp);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

NTSTATUS
IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return pndis__irp_send(context, DeviceObject, Irp, __func__, NT_CALLER());
}

/* --- completing ("IoCompleteRequest function") --- */

static bool
is_invoked(const IRP *irp, UCHAR control)
{
    /* Who cancels may come at any time: IoCancelIrp does not wait for a completion. */
    if (__atomic_load_n(&irp->Cancel, __ATOMIC_RELAXED) && (control & SL_INVOKE_ON_CANCEL) != 0) {
        return true;
    }
    return NT_SUCCESS(irp->IoStatus.Status) ? (control & SL_INVOKE_ON_SUCCESS) != 0
                                            : (control & SL_INVOKE_ON_ERROR) != 0;
}

static NTSTATUS
call_completion(struct context *context, PIRP irp, PIO_COMPLETION_ROUTINE routine, PVOID argument)
{
    /* The routine belongs to the driver above, whose stack location is the current one by now. */
    PDEVICE_OBJECT device = irp->CurrentLocation == irp->StackCount + 1
                                ? NULL
                                : irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
    struct frame frame;
    NTSTATUS status;

    pndis__guest_enter(context, &frame, owner_for(context, device), "CompletionRoutine");
    status = routine(device, irp, argument);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

static bool
can_complete(struct context *context, PIRP irp, const char *call, const void *caller)
{
    if (irp->Type != KIND_IRP || irp->CurrentLocation > irp->StackCount + 1) {
        pndis__report(context, RULE_IRP_COMPLETE, NULL, call, caller,
                      "completes an IRP that has been completed");
        return false;
    }
    if (irp->IoStatus.Status == STATUS_PENDING) {
        pndis__report(context, RULE_IRP_COMPLETE, NULL, call, caller,
                      "completes an IRP with STATUS_PENDING");
        irp->IoStatus.Status = STATUS_UNSUCCESSFUL;
    }
    if (IoSetCancelRoutine(irp, NULL) != NULL) {
        pndis__report(context, RULE_IRP_COMPLETE, NULL, call, caller,
                      "completes an IRP that still has a cancel routine");
    }
    return true;
}

static void
complete(struct context *context, PIRP irp, const char *call, const void *caller)
{
    if (!can_complete(context, irp, call, caller)) {
        return;
    }
    while (irp->CurrentLocation <= irp->StackCount) {
        PIO_STACK_LOCATION below = irp->Tail.Overlay.CurrentStackLocation;
        PIO_COMPLETION_ROUTINE routine = below->CompletionRoutine;
        UCHAR control = below->Control;

        irp->PendingReturned = (control & SL_PENDING_RETURNED) != 0;
        irp->CurrentLocation++;
        irp->Tail.Overlay.CurrentStackLocation++;
        below->CompletionRoutine = NULL;
        below->Control = 0;
        if (routine != NULL && is_invoked(irp, control)) {
            if (call_completion(context, irp, routine, below->Context) ==
                STATUS_MORE_PROCESSING_REQUIRED) {
                return;
            }
        } else if (irp->PendingReturned && irp->CurrentLocation <= irp->StackCount) {
            IoMarkIrpPending(irp);
        }
    }
    /* Past its last location: the next completion is one too many. */
    irp->CurrentLocation = (CHAR)(irp->StackCount + 2);
}

VOID
IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)PriorityBoost;
    complete(context, Irp, __func__, NT_CALLER());
}

/* The driver goes away with its completion routine, but not before this IRP: drivers are unloaded
 * when their files are closed. So the routine can be set as IoSetCompletionRoutine does. */
NTSTATUS
IoSetCompletionRoutineEx(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                         PIO_COMPLETION_ROUTINE CompletionRoutine, PVOID Context,
                         BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError, BOOLEAN InvokeOnCancel)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    (void)DeviceObject;
    IoSetCompletionRoutine(Irp, CompletionRoutine, Context, InvokeOnSuccess, InvokeOnError,
                           InvokeOnCancel);
    return STATUS_SUCCESS;
}

/* --- cancelling ("Canceling IRPs") --- */

VOID
IoAcquireCancelSpinLock(PKIRQL Irql)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    *Irql = context->irql;
    if (context->irql < DISPATCH_LEVEL) {
        pndis__irql_raise(context, DISPATCH_LEVEL);
    }
    pndis__spin_acquire(context, &context->machine->cancel_lock);
}

VOID
IoReleaseCancelSpinLock(KIRQL Irql)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    pndis__spin_release(context, &context->machine->cancel_lock);
    if (Irql < context->irql) {
        pndis__irql_lower(context, Irql);
    }
}

bool
pndis__irp_cancel(struct context *context, PIRP irp)
{
    PDRIVER_CANCEL routine;
    PDEVICE_OBJECT device;
    struct frame frame;
    KIRQL before = context->irql;

    if (before < DISPATCH_LEVEL) {
        pndis__irql_raise(context, DISPATCH_LEVEL);
    }
    pndis__spin_acquire(context, &context->machine->cancel_lock);
    __atomic_store_n(&irp->Cancel, TRUE, __ATOMIC_SEQ_CST);
    routine = IoSetCancelRoutine(irp, NULL);
    if (routine == NULL) {
        pndis__spin_release(context, &context->machine->cancel_lock);
        pndis__irql_lower(context, before);
        return false;
    }
    irp->CancelIrql = before;
    device = irp->CurrentLocation > irp->StackCount
                 ? NULL
                 : irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
    pndis__guest_enter(context, &frame, owner_for(context, device), "Cancel");
    /* It is called with the cancel spin lock and returns without it, at the level it came from. */
    frame.irql = before;
    frame.locks_held--;
    routine(device, irp);
    pndis__guest_leave(context, &frame);
    return true;
}

BOOLEAN
IoCancelIrp(PIRP Irp)
{
    return pndis__irp_cancel(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), Irp);
}

/* --- who asks: there are only the kernel's own requests --- */

enum { SYSTEM_PROCESS_ID = 4 };

BOOLEAN
IoIs32bitProcess(PIRP Irp)
{
    (void)Irp;
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return FALSE;
}

PEPROCESS
IoGetRequestorProcess(PIRP Irp)
{
    (void)Irp;
    return pndis__system_process(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL)->machine);
}

ULONG
IoGetRequestorProcessId(PIRP Irp)
{
    (void)Irp;
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return SYSTEM_PROCESS_ID;
}
