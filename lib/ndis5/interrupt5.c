/*
 * The interrupt of an NDIS 5 miniport: an NDIS 6 line interrupt whose handlers call MiniportISR and
 * MiniportHandleInterrupt.
 */
#include "ndis5/packet.h"

#include <stdlib.h>

struct interrupt5 {
    struct handle handle; /* What NDIS_MINIPORT_INTERRUPT.InterruptObject points to. */
    struct possession possession;
    struct miniport5 *miniport;
    NDIS_HANDLE interrupt; /* The NDIS 6 handle. */
    bool calls_isr;
    struct task dpc;
};

/* --- service --- */

static void
disable(struct context *context, struct miniport5 *miniport)
{
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportDisableInterrupt");
    miniport->calls->DisableInterruptHandler(miniport->context);
    pndis__guest_leave(context, &frame);
}

static BOOLEAN
enable(PVOID synchronize_context)
{
    struct miniport5 *miniport = synchronize_context;
    struct context *context = context_current();
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportEnableInterrupt");
    miniport->calls->EnableInterruptHandler(miniport->context);
    pndis__guest_leave(context, &frame);
    return TRUE;
}

/* A driver that asked for no MiniportISR has its interrupts disabled until its DPC has run. */
static BOOLEAN
serve(NDIS_HANDLE interrupt_context, PBOOLEAN queue, PULONG targets)
{
    struct interrupt5 *interrupt = interrupt_context;
    struct miniport5 *miniport = interrupt->miniport;
    struct context *context = context_current();
    BOOLEAN recognized = FALSE;
    struct frame frame;

    *targets = 0;
    if (!interrupt->calls_isr) {
        disable(context, miniport);
        *queue = TRUE;
        return TRUE;
    }
    *queue = FALSE;
    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportISR");
    miniport->calls->ISRHandler(&recognized, queue, miniport->context);
    pndis__guest_leave_status(context, &frame, recognized);
    return recognized;
}

static void
run_dpc(struct context *context, struct miniport5 *miniport, struct task *task)
{
    struct interrupt5 *interrupt = CONTAINING_RECORD(task, struct interrupt5, dpc);
    struct batch batch;

    pndis__batch_enter(context, &batch, miniport, BATCH_DPC);
    miniport->calls->HandleInterruptHandler(miniport->context);
    pndis__batch_leave(context, &batch);
    if (miniport->calls->EnableInterruptHandler != NULL) {
        NdisMSynchronizeWithInterruptEx(interrupt->interrupt, 0, enable, miniport);
    }
}

static VOID
queue_dpc(NDIS_HANDLE interrupt_context, PVOID dpc_context, PVOID throttle, PVOID reserved)
{
    struct interrupt5 *interrupt = interrupt_context;

    (void)dpc_context;
    (void)throttle;
    (void)reserved;
    pndis__task_run(context_current(), interrupt->miniport, &interrupt->dpc);
}

/* --- registering --- */

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct interrupt5, handle));
}

static void
forget(struct context *context, struct interrupt5 *interrupt)
{
    pndis__possession_remove(&interrupt->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &interrupt->handle);
}

/* The NDIS 6 interrupt is a possession of the adapter itself. */
static void
reclaim(struct context *context, struct possession *possession)
{
    struct interrupt5 *interrupt = CONTAINING_RECORD(possession, struct interrupt5, possession);

    pndis__handle_retire(pndis__handles_of(context->machine), &interrupt->handle);
}

static const char *
missing_handler(const NDIS51_MINIPORT_CHARACTERISTICS *calls, bool calls_isr)
{
    if (calls->HandleInterruptHandler == NULL) {
        return "MiniportHandleInterrupt";
    }
    if (calls_isr) {
        return calls->ISRHandler == NULL ? "MiniportISR" : NULL;
    }
    return calls->DisableInterruptHandler == NULL || calls->EnableInterruptHandler == NULL
               ? "MiniportDisableInterrupt and MiniportEnableInterrupt"
               : NULL;
}

static NDIS_STATUS
connect(struct context *context, struct miniport5 *miniport, struct interrupt5 *interrupt,
        const char *call, const void *caller)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS characteristics = {
        .Header = {.Type = NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
                   .Revision = NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   .Size = NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = serve,
        .InterruptDpcHandler = queue_dpc,
    };
    NDIS_STATUS status = NdisMRegisterInterruptEx(&miniport->adapter->handle, interrupt,
                                                  &characteristics, &interrupt->interrupt);

    if (status == NDIS_STATUS_SUCCESS) {
        pndis__acquired_as(context, RESOURCE_INTERRUPT, interrupt->interrupt,
                           &miniport->adapter->owner, call, caller);
    }
    return status;
}

/*
 * NdisMRegisterInterrupt. IRQL: PASSIVE_LEVEL, from MiniportInitialize after NdisMSetAttributes.
 * Vector, level and mode are those of the adapter's resources, whatever is given. The interrupt may
 * arrive before this returns. NDIS_STATUS_RESOURCES, NDIS_STATUS_RESOURCE_CONFLICT (the adapter has
 * none), NDIS_STATUS_FAILURE. Undone with NdisMDeregisterInterrupt.
 */
NDIS_STATUS
NdisMRegisterInterrupt(PNDIS_MINIPORT_INTERRUPT Interrupt, NDIS_HANDLE MiniportAdapterHandle,
                       UINT InterruptVector, UINT InterruptLevel, BOOLEAN RequestIsr,
                       BOOLEAN SharedInterrupt, NDIS_INTERRUPT_MODE InterruptMode)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    bool calls_isr = RequestIsr || SharedInterrupt;
    struct interrupt5 *interrupt;
    const char *missing;
    NDIS_STATUS status;

    (void)InterruptVector;
    (void)InterruptLevel;
    (void)InterruptMode;
    if (miniport == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    missing = missing_handler(miniport->calls, calls_isr);
    if (missing != NULL) {
        pndis__report(context, RULE_N5_HANDLER, &miniport->adapter->owner, __func__, caller,
                      "%s registers an interrupt and has no %s", miniport->adapter->owner.name,
                      missing);
        return NDIS_STATUS_FAILURE;
    }
    interrupt = calloc(1, sizeof(*interrupt));
    if (interrupt == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    interrupt->miniport = miniport;
    interrupt->calls_isr = calls_isr;
    interrupt->dpc.run = run_dpc;
    memset(Interrupt, 0, sizeof(*Interrupt));
    Interrupt->InterruptObject = (PKINTERRUPT)interrupt;
    Interrupt->SharedInterrupt = SharedInterrupt;
    Interrupt->IsrRequested = RequestIsr;
    pndis__handle_add(pndis__handles_of(context->machine), &interrupt->handle, HANDLE_INTERRUPT5,
                      &miniport->adapter->owner, context->machine, free_memory);
    pndis__possession_add(miniport->adapter, &interrupt->possession, reclaim);
    status = connect(context, miniport, interrupt, __func__, caller);
    if (status != NDIS_STATUS_SUCCESS) {
        Interrupt->InterruptObject = NULL;
        forget(context, interrupt);
    }
    return status;
}

static struct interrupt5 *
interrupt_of(struct context *context, NDIS_MINIPORT_INTERRUPT *given, const char *call,
             const void *caller)
{
    return (struct interrupt5 *)pndis__handle(context, given->InterruptObject,
                                              HANDLE_BIT(INTERRUPT5), call, caller);
}

/* NdisMDeregisterInterrupt. IRQL: PASSIVE_LEVEL, from MiniportHalt or a MiniportInitialize that
 * fails. Neither MiniportISR nor MiniportHandleInterrupt runs on return. */
VOID
NdisMDeregisterInterrupt(PNDIS_MINIPORT_INTERRUPT Interrupt)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct interrupt5 *interrupt = interrupt_of(context, Interrupt, __func__, NT_CALLER());

    if (interrupt != NULL) {
        NdisMDeregisterInterruptEx(interrupt->interrupt);
        forget(context, interrupt);
        Interrupt->InterruptObject = NULL;
    }
}

struct synchronized {
    struct miniport5 *miniport;
    MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER routine;
    PVOID argument;
};

static BOOLEAN
call_synchronized(PVOID synchronize_context)
{
    struct synchronized *call = synchronize_context;
    struct context *context = context_current();
    struct frame frame;
    BOOLEAN result;

    pndis__guest_enter(context, &frame, &call->miniport->adapter->owner, "MiniportSynchronizeISR");
    result = call->routine(call->argument);
    pndis__guest_leave_status(context, &frame, result);
    return result;
}

/* NdisMSynchronizeWithInterrupt. IRQL <= DIRQL. Calls the function while MiniportISR does not run,
 * and returns what it returns. */
BOOLEAN
NdisMSynchronizeWithInterrupt(PNDIS_MINIPORT_INTERRUPT Interrupt, PVOID SynchronizeFunction,
                              PVOID SynchronizeContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    struct interrupt5 *interrupt = interrupt_of(context, Interrupt, __func__, NT_CALLER());
    struct synchronized call = {
        .routine = (MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER)SynchronizeFunction,
        .argument = SynchronizeContext,
    };

    if (interrupt == NULL) {
        return FALSE;
    }
    call.miniport = interrupt->miniport;
    return NdisMSynchronizeWithInterruptEx(interrupt->interrupt, 0, call_synchronized, &call);
}
