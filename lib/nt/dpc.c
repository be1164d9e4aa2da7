/*
 * Deferred procedure calls as drivers queue them ("Introduction to DPC Objects"). The queues are in
 * processor.c. Threaded DPCs run as ordinary ones do, at DISPATCH_LEVEL, which their routines have
 * to allow for on Windows as well.
 */
#include "nt/dpc.h"

#include "nt/system.h"

/* KDPC.Type, as the kernel numbers its objects. */
enum { KIND_DPC = 19, KIND_THREADED_DPC = 24 };

/* One time in so many a driver on sim is advised to yield. */
enum { YIELD_ADVICE = 16 };

bool
pndis__dpc_is_valid(struct context *context, const KDPC *dpc, const char *call, const void *caller)
{
    if ((dpc->Type == KIND_DPC || dpc->Type == KIND_THREADED_DPC) && dpc->DeferredRoutine != NULL) {
        return true;
    }
    pndis__report(context, RULE_DPC_INITIALIZE, NULL, call, caller,
                  "queues a DPC object that has not been initialised");
    return false;
}

static void
dpc_init(struct context *context, PRKDPC dpc, UCHAR type, PKDEFERRED_ROUTINE routine,
         PVOID deferred_context)
{
    struct owner *owner = pndis__running_owner(context);

    /* Whose routine it is: the driver, which lives longer than an adapter of it. */
    while (owner->parent != NULL) {
        owner = owner->parent;
    }
    memset(dpc, 0, sizeof(*dpc));
    dpc->Type = type;
    dpc->Importance = MediumImportance;
    dpc->DeferredRoutine = routine;
    dpc->DeferredContext = deferred_context;
    dpc->ProcessorHistory = (KAFFINITY)owner;
}

VOID
KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    dpc_init(context, Dpc, KIND_DPC, DeferredRoutine, DeferredContext);
}

VOID
KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    dpc_init(context, Dpc, KIND_THREADED_DPC, DeferredRoutine, DeferredContext);
}

BOOLEAN
KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return pndis__dpc_is_valid(context, Dpc, __func__, NT_CALLER()) &&
           pndis__dpc_insert(context, Dpc, SystemArgument1, SystemArgument2);
}

BOOLEAN
KeRemoveQueueDpc(PRKDPC Dpc)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return pndis__dpc_remove(context->machine, Dpc);
}

BOOLEAN
KeRemoveQueueDpcEx(PRKDPC Dpc, BOOLEAN WaitIfActive)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    BOOLEAN removed = pndis__dpc_remove(context->machine, Dpc);

    if (WaitIfActive && !removed) {
        if (context->irql >= DISPATCH_LEVEL) {
            pndis__report(context, RULE_WAIT_IRQL, NULL, __func__, NT_CALLER(),
                          "waits for a DPC at IRQL %u", context->irql);
        } else {
            pndis__dpc_flush(context);
        }
    }
    return removed;
}

VOID
KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    Dpc->Importance = (UCHAR)Importance;
}

/* "KeSetTargetProcessorDpc function": a number that is not one of a processor changes nothing. */
VOID
KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (Number >= 0 && (unsigned)Number < context->machine->processor_count) {
        Dpc->Number = (USHORT)(Number + 1);
    }
}

NTSTATUS
KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (ProcNumber->Group != 0 || ProcNumber->Reserved != 0 ||
        ProcNumber->Number >= context->machine->processor_count) {
        return STATUS_INVALID_PARAMETER;
    }
    Dpc->Number = (USHORT)(ProcNumber->Number + 1);
    return STATUS_SUCCESS;
}

VOID
KeFlushQueuedDpcs(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (context->irql >= DISPATCH_LEVEL) {
        pndis__report(context, RULE_WAIT_IRQL, NULL, __func__, NT_CALLER(),
                      "waits for DPCs at IRQL %u", context->irql);
        return;
    }
    pndis__dpc_flush(context);
}

LOGICAL
KeIsExecutingDpc(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return context->cpu != NULL && processor_of(context->cpu)->dpc_running != NULL;
}

/* No watchdog runs here, which this structure says with limits of zero. */
NTSTATUS
KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    if (context->irql < DISPATCH_LEVEL) {
        return STATUS_UNSUCCESSFUL;
    }
    memset(WatchdogInformation, 0, sizeof(*WatchdogInformation));
    return STATUS_SUCCESS;
}

/* Nothing here starves; the advice is given now and then on sim, so that it is followed in tests.
 */
LOGICAL
KeShouldYieldProcessor(VOID)
{
    struct context *context = NT_CALL(DISPATCH_LEVEL, DISPATCH_LEVEL);

    return context->machine->options.scheduler == PNDIS_SIM &&
           pndis__random(context->machine) % YIELD_ADVICE == 0;
}
