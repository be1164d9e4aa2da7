/* Cancel-safe IRP queues ("Cancel-Safe IRP Queues"): the driver keeps the list, these keep the
 * order of things between its queue and a cancellation. */
#include "nt/nt.h"

/* IO_CSQ.Type and IO_CSQ_IRP_CONTEXT.Type. */
enum { KIND_CSQ_CONTEXT = 1, KIND_CSQ = 2, KIND_CSQ_EX = 3 };

/* The driver context that the page reserves for these functions. */
enum { CSQ_DRIVER_CONTEXT = 3 };

static NTSTATUS
init(PIO_CSQ csq, ULONG type, PVOID insert, PIO_CSQ_REMOVE_IRP remove, PIO_CSQ_PEEK_NEXT_IRP peek,
     PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release,
     PIO_CSQ_COMPLETE_CANCELED_IRP complete)
{
    csq->Type = type;
    csq->CsqInsertIrp = (PIO_CSQ_INSERT_IRP)insert;
    csq->CsqRemoveIrp = remove;
    csq->CsqPeekNextIrp = peek;
    csq->CsqAcquireLock = acquire;
    csq->CsqReleaseLock = release;
    csq->CsqCompleteCanceledIrp = complete;
    csq->ReservePointer = NULL;
    return STATUS_SUCCESS;
}

NTSTATUS
IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return init(Csq, KIND_CSQ, CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock,
                CsqReleaseLock, CsqCompleteCanceledIrp);
}

NTSTATUS
IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                  PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                  PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                  PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return init(Csq, KIND_CSQ_EX, CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock,
                CsqReleaseLock, CsqCompleteCanceledIrp);
}

/* What is stored in the IRP is the queue, or the context that leads to it. */
static PIO_CSQ
queue_of(PIRP irp, PIO_CSQ_IRP_CONTEXT *out_context)
{
    PVOID stored = irp->Tail.Overlay.DriverContext[CSQ_DRIVER_CONTEXT];
    PIO_CSQ_IRP_CONTEXT irp_context = stored;

    *out_context = NULL;
    if (irp_context->Type != KIND_CSQ_CONTEXT) {
        return stored;
    }
    *out_context = irp_context;
    return irp_context->Csq;
}

static void
remove_and_complete(PIO_CSQ csq, PIRP irp, PIO_CSQ_IRP_CONTEXT irp_context, KIRQL irql)
{
    csq->CsqRemoveIrp(csq, irp);
    if (irp_context != NULL) {
        irp_context->Irp = NULL;
    }
    csq->CsqReleaseLock(csq, irql);
    csq->CsqCompleteCanceledIrp(csq, irp);
}

static VOID
on_cancel(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_CSQ_IRP_CONTEXT irp_context;
    PIO_CSQ csq = queue_of(irp, &irp_context);
    KIRQL irql;

    (void)device;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    csq->CsqAcquireLock(csq, &irql);
    remove_and_complete(csq, irp, irp_context, irql);
}

static NTSTATUS
insert(PIO_CSQ csq, PIRP irp, PVOID insert_context)
{
    if (csq->Type == KIND_CSQ_EX) {
        return ((PIO_CSQ_INSERT_IRP_EX)(PVOID)csq->CsqInsertIrp)(csq, irp, insert_context);
    }
    csq->CsqInsertIrp(csq, irp);
    return STATUS_SUCCESS;
}

NTSTATUS
IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext)
{
    NTSTATUS status;
    KIRQL irql;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    Irp->Tail.Overlay.DriverContext[CSQ_DRIVER_CONTEXT] = Csq;
    if (Context != NULL) {
        Irp->Tail.Overlay.DriverContext[CSQ_DRIVER_CONTEXT] = Context;
        Context->Type = KIND_CSQ_CONTEXT;
        Context->Irp = Irp;
        Context->Csq = Csq;
    }
    Csq->CsqAcquireLock(Csq, &irql);
    status = insert(Csq, Irp, InsertContext);
    if (!NT_SUCCESS(status)) {
        Csq->CsqReleaseLock(Csq, irql);
        return status;
    }
    IoMarkIrpPending(Irp);
    IoSetCancelRoutine(Irp, on_cancel);
    /* Cancelled before the routine was there: whoever takes the routine off again completes it. */
    if (__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST) && IoSetCancelRoutine(Irp, NULL) != NULL) {
        remove_and_complete(Csq, Irp, Context, irql);
        return status;
    }
    Csq->CsqReleaseLock(Csq, irql);
    return status;
}

VOID
IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context)
{
    IoCsqInsertIrpEx(Csq, Irp, Context, NULL);
}

/* Take @irp out under the queue's lock; false when a cancellation is already about to. */
static bool
take(PIO_CSQ csq, PIRP irp)
{
    PIO_CSQ_IRP_CONTEXT irp_context;

    if (IoSetCancelRoutine(irp, NULL) == NULL) {
        return false;
    }
    queue_of(irp, &irp_context);
    if (irp_context != NULL) {
        irp_context->Irp = NULL;
    }
    csq->CsqRemoveIrp(csq, irp);
    return true;
}

PIRP
IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
    PIRP irp = NULL;
    KIRQL irql;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    Csq->CsqAcquireLock(Csq, &irql);
    do {
        irp = Csq->CsqPeekNextIrp(Csq, irp, PeekContext);
    } while (irp != NULL && !take(Csq, irp));
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}

PIRP
IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
    PIRP irp;
    KIRQL irql;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    Csq->CsqAcquireLock(Csq, &irql);
    irp = Context->Irp;
    if (irp != NULL && !take(Csq, irp)) {
        irp = NULL;
    }
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}
