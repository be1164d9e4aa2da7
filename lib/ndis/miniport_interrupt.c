/* A miniport's interrupts: connecting line or messages, service routines, and their DPCs. */
#include "ndis/hardware.h"
#include "ndis/header.h"

#include <stdlib.h>

/* A line that stays asserted while nobody claims it this often is a storm. */
enum { IN_VAIN_LIMIT = 1000 };

struct miniport_interrupt;

/* A DPC of one message for one processor. */
struct interrupt_dpc {
    KDPC dpc;
    struct message *message;
};

struct message {
    struct interrupt interrupt; /* First: the service routine gets back to it. */
    struct miniport_interrupt *owner;
    ULONG id;
    struct interrupt_dpc *dpcs; /* One for each processor. */
};

struct miniport_interrupt {
    struct handle handle;
    struct possession possession;
    struct pndis_adapter *adapter;
    NDIS_HANDLE context; /* MiniportInterruptContext. */
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS calls;
    bool by_message;
    unsigned in_vain;       /* Services in a row that were not claimed, or left the line raised. */
    KSPIN_LOCK lock_of_all; /* With MsiSyncWithAllMessages. */
    unsigned count;
    struct message *messages;
    IO_INTERRUPT_MESSAGE_INFO *info;
};

/* --- DPCs --- */

static VOID
run_dpc(struct _KDPC *dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct interrupt_dpc *entry = deferred_context;
    struct miniport_interrupt *interrupt = entry->message->owner;
    struct pndis_adapter *adapter = interrupt->adapter;
    NDIS_RECEIVE_THROTTLE_PARAMETERS throttle = {.MaxNblsToIndicate = NDIS_INDICATE_ALL_NBLS};
    struct context *context = context_current();
    struct frame frame;

    (void)argument2;
    pndis__guest_enter(context, &frame, &adapter->owner,
                       interrupt->by_message ? "MiniportMessageInterruptDPC"
                                             : "MiniportInterruptDPC");
    if (interrupt->by_message) {
        interrupt->calls.MessageInterruptDpcHandler(interrupt->context, entry->message->id,
                                                    argument1, &throttle, NULL);
    } else {
        interrupt->calls.InterruptDpcHandler(interrupt->context, argument1, &throttle, NULL);
    }
    pndis__guest_leave(context, &frame);
    /* "If MoreNblsPending is TRUE, NDIS queues another DPC." */
    if (throttle.MoreNblsPending) {
        pndis__dpc_insert(context, dpc, argument1, NULL);
    }
}

static KAFFINITY
queue_dpcs(struct context *context, struct message *message, KAFFINITY targets, void *argument)
{
    unsigned count = context->machine->processor_count;
    KAFFINITY queued = 0;

    for (unsigned i = 0; i < count; i++) {
        if ((targets >> i & 1) != 0 &&
            pndis__dpc_insert(context, &message->dpcs[i].dpc, argument, NULL)) {
            queued |= (KAFFINITY)1 << i;
        }
    }
    return queued;
}

static void
queue_default(struct context *context, struct message *message)
{
    unsigned here = context->cpu == NULL ? 0 : context->cpu->number;

    queue_dpcs(context, message, (KAFFINITY)1 << here, NULL);
}

/* --- service --- */

static void
serve_message(struct context *context, struct interrupt *source)
{
    struct message *message = (struct message *)source;
    struct miniport_interrupt *interrupt = message->owner;
    BOOLEAN queue = FALSE;
    ULONG targets = 0;
    struct frame frame;
    BOOLEAN claimed;

    pndis__guest_enter(context, &frame, &interrupt->adapter->owner, "MiniportMessageInterrupt");
    claimed =
        interrupt->calls.MessageInterruptHandler(interrupt->context, message->id, &queue, &targets);
    pndis__guest_leave_status(context, &frame, claimed);
    if (queue) {
        queue_default(context, message);
    } else if (targets != 0) {
        queue_dpcs(context, message, targets, NULL);
    }
}

static void
after_line(struct context *context, struct miniport_interrupt *interrupt, BOOLEAN claimed)
{
    struct pndis_device *device = interrupt->adapter->device;

    bool lowered = pndis__device_line_served(device);

    interrupt->in_vain = claimed && lowered ? 0 : interrupt->in_vain + 1;
    if (interrupt->in_vain >= IN_VAIN_LIMIT) {
        pndis__report(
            context, RULE_INTERRUPT_STORM, &interrupt->adapter->owner, "MiniportInterrupt", NULL,
            "%s has not %s the interrupt of its device %u times in a row",
            interrupt->adapter->owner.name, claimed ? "quieted" : "claimed", interrupt->in_vain);
        interrupt->in_vain = 0;
        pndis_device_interrupt_clear(device);
    }
}

static void
serve_line(struct context *context, struct interrupt *source)
{
    struct message *message = (struct message *)source;
    struct miniport_interrupt *interrupt = message->owner;
    BOOLEAN queue = FALSE;
    ULONG targets = 0;
    struct frame frame;
    BOOLEAN claimed;

    pndis__guest_enter(context, &frame, &interrupt->adapter->owner, "MiniportInterrupt");
    claimed = interrupt->calls.InterruptHandler(interrupt->context, &queue, &targets);
    pndis__guest_leave_status(context, &frame, claimed);
    if (queue) {
        queue_default(context, message);
    } else if (targets != 0) {
        queue_dpcs(context, message, targets, NULL);
    }
    after_line(context, interrupt, claimed);
}

/* --- making and ending --- */

static void
free_memory(struct handle *handle)
{
    struct miniport_interrupt *interrupt =
        CONTAINING_RECORD(handle, struct miniport_interrupt, handle);

    for (unsigned i = 0; i < interrupt->count; i++) {
        free(interrupt->messages[i].dpcs);
    }
    free(interrupt->messages);
    free(interrupt->info);
    free(interrupt);
}

static bool
init_message(struct miniport_interrupt *interrupt, ULONG id)
{
    struct pndis_machine *machine = interrupt->adapter->machine;
    struct message *message = &interrupt->messages[id];

    message->owner = interrupt;
    message->id = id;
    message->interrupt.machine = machine;
    message->interrupt.owner = &interrupt->adapter->owner;
    message->interrupt.service = interrupt->by_message ? serve_message : serve_line;
    message->interrupt.level = DISPATCH_LEVEL + 3;
    message->interrupt.target = &machine->processors[id % machine->processor_count];
    message->interrupt.connected = 1;
    message->interrupt.shared_lock =
        interrupt->by_message && interrupt->calls.MsiSyncWithAllMessages ? &interrupt->lock_of_all
                                                                         : NULL;
    message->dpcs = calloc(machine->processor_count, sizeof(*message->dpcs));
    for (unsigned i = 0; message->dpcs != NULL && i < machine->processor_count; i++) {
        KeInitializeDpc(&message->dpcs[i].dpc, run_dpc, &message->dpcs[i]);
        KeSetTargetProcessorDpc(&message->dpcs[i].dpc, (CCHAR)i);
        message->dpcs[i].message = message;
    }
    return message->dpcs != NULL;
}

static bool
build_info(struct miniport_interrupt *interrupt)
{
    IO_INTERRUPT_MESSAGE_INFO *info =
        calloc(1, sizeof(*info) + interrupt->count * sizeof(info->MessageInfo[0]));

    if (info == NULL) {
        return false;
    }
    info->UnifiedIrql = DISPATCH_LEVEL + 3;
    info->MessageCount = interrupt->count;
    for (ULONG i = 0; i < interrupt->count; i++) {
        struct processor *target = interrupt->messages[i].interrupt.target;

        info->MessageInfo[i].MessageData = i;
        info->MessageInfo[i].Vector = 0x50 + i;
        info->MessageInfo[i].Irql = DISPATCH_LEVEL + 3;
        info->MessageInfo[i].Mode = Latched;
        info->MessageInfo[i].TargetProcessorSet = (KAFFINITY)1 << target->cpu.number;
    }
    interrupt->info = info;
    return true;
}

static struct miniport_interrupt *
create(struct pndis_adapter *adapter, NDIS_HANDLE interrupt_context,
       const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *calls)
{
    struct miniport_interrupt *interrupt = calloc(1, sizeof(*interrupt));
    bool ready;

    if (interrupt == NULL) {
        return NULL;
    }
    interrupt->adapter = adapter;
    interrupt->context = interrupt_context;
    interrupt->calls = *calls;
    interrupt->by_message = calls->MsiSupported && adapter->device->options.messages != 0;
    interrupt->count = interrupt->by_message ? adapter->device->options.messages : 1;
    interrupt->messages = calloc(interrupt->count, sizeof(*interrupt->messages));
    ready = interrupt->messages != NULL;
    for (unsigned i = 0; ready && i < interrupt->count; i++) {
        ready = init_message(interrupt, i);
    }
    if (!ready || (interrupt->by_message && !build_info(interrupt))) {
        interrupt->count = interrupt->messages == NULL ? 0 : interrupt->count;
        free_memory(&interrupt->handle);
        return NULL;
    }
    return interrupt;
}

static int
message_number(const struct miniport_interrupt *interrupt, unsigned index)
{
    return interrupt->by_message ? (int)index : -1;
}

static bool
connect(struct miniport_interrupt *interrupt)
{
    for (unsigned i = 0; i < interrupt->count; i++) {
        if (!pndis__device_connect(interrupt->adapter->device, message_number(interrupt, i),
                                   &interrupt->messages[i].interrupt)) {
            while (i-- > 0) {
                pndis__device_disconnect(interrupt->adapter->device, message_number(interrupt, i));
            }
            return false;
        }
    }
    return true;
}

static void
end_interrupt(struct context *context, struct miniport_interrupt *interrupt)
{
    for (unsigned i = 0; i < interrupt->count; i++) {
        pndis__device_disconnect(interrupt->adapter->device, message_number(interrupt, i));
        pndis__interrupt_disconnect(context, &interrupt->messages[i].interrupt);
    }
    /* "NdisMDeregisterInterruptEx does not return until the driver finishes all the scheduled
     * DPCs." */
    pndis__dpc_flush(context);
    pndis__possession_remove(&interrupt->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &interrupt->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    end_interrupt(context, CONTAINING_RECORD(possession, struct miniport_interrupt, possession));
}

static const char *
bad_handlers(const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *calls)
{
    if (calls->InterruptHandler == NULL || calls->InterruptDpcHandler == NULL) {
        return "InterruptHandler and InterruptDpcHandler are required";
    }
    if (calls->MsiSupported &&
        (calls->MessageInterruptHandler == NULL || calls->MessageInterruptDpcHandler == NULL)) {
        return "MsiSupported needs MessageInterruptHandler and MessageInterruptDpcHandler";
    }
    return NULL;
}

/*
 * "NdisMRegisterInterruptEx function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx.
 * Interrupts may arrive before it returns. Writes InterruptType and MessageInfoTable back. Undone
 * with NdisMDeregisterInterruptEx. NDIS_STATUS_RESOURCE_CONFLICT: the adapter has no interrupt.
 */
NDIS_STATUS
NdisMRegisterInterruptEx(NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportInterruptContext,
                         PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS MiniportInterruptCharacteristics,
                         PNDIS_HANDLE NdisInterruptHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, true, __func__, caller);
    struct miniport_interrupt *interrupt;
    const char *wrong;

    if (adapter == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (!pndis__object_header_check(context, MiniportInterruptCharacteristics,
                                    HEADER_INTERRUPT_CHARACTERISTICS, __func__, caller)) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    wrong = bad_handlers(MiniportInterruptCharacteristics);
    if (wrong != NULL) {
        pndis__report(context, RULE_REG_HANDLERS, &adapter->owner, __func__, caller, "%s", wrong);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (adapter->device == NULL) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    interrupt = pndis__fault(context)
                    ? NULL
                    : create(adapter, MiniportInterruptContext, MiniportInterruptCharacteristics);
    if (interrupt == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    MiniportInterruptCharacteristics->InterruptType =
        interrupt->by_message ? NDIS_CONNECT_MESSAGE_BASED : NDIS_CONNECT_LINE_BASED;
    MiniportInterruptCharacteristics->MessageInfoTable = interrupt->info;
    *NdisInterruptHandle = interrupt;
    pndis__handle_add(pndis__handles_of(context->machine), &interrupt->handle, HANDLE_INTERRUPT,
                      &adapter->owner, context->machine, free_memory);
    if (!connect(interrupt)) {
        *NdisInterruptHandle = NULL;
        pndis__handle_retire(pndis__handles_of(context->machine), &interrupt->handle);
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    pndis__possession_add(adapter, &interrupt->possession, reclaim);
    pndis__acquired(context, RESOURCE_INTERRUPT, interrupt, 0, 0, &adapter->owner, __func__,
                    caller);
    return NDIS_STATUS_SUCCESS;
}

static struct miniport_interrupt *
interrupt_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct miniport_interrupt *)pndis__handle(context, handle, HANDLE_BIT(INTERRUPT), call,
                                                      caller);
}

/* "NdisMDeregisterInterruptEx function". IRQL: PASSIVE_LEVEL. No routine of it runs on return. */
VOID
NdisMDeregisterInterruptEx(NDIS_HANDLE NdisInterruptHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport_interrupt *interrupt =
        interrupt_of(context, NdisInterruptHandle, __func__, NT_CALLER());

    if (interrupt != NULL) {
        pndis__released(context, RESOURCE_INTERRUPT, interrupt, __func__);
        end_interrupt(context, interrupt);
    }
}

/* --- what a driver does with it --- */

/* The message that @id names; NULL after a report. A line has one: "NDIS ignores this parameter."
 */
static struct message *
message_of(struct context *context, struct miniport_interrupt *interrupt, ULONG id,
           const char *call, const void *caller)
{
    id = interrupt->by_message ? id : 0;
    if (id < interrupt->count) {
        return &interrupt->messages[id];
    }
    pndis__report(context, RULE_INTERRUPT_MESSAGE, &interrupt->adapter->owner, call, caller,
                  "%s names message %u of %u", interrupt->adapter->owner.name, id,
                  interrupt->count);
    return NULL;
}

struct synchronized {
    struct miniport_interrupt *interrupt;
    MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER routine;
    void *argument;
};

static BOOLEAN
call_synchronized(void *argument)
{
    struct synchronized *call = argument;
    struct context *context = context_current();
    struct frame frame;
    BOOLEAN result;

    pndis__guest_enter(context, &frame, &call->interrupt->adapter->owner,
                       "MiniportSynchronizeInterrupt");
    result = call->routine(call->argument);
    pndis__guest_leave_status(context, &frame, result);
    return result;
}

/*
 * "NdisMSynchronizeWithInterruptEx function". IRQL <= DIRQL.
 * Calls @SynchronizeFunction at DIRQL while the service routine of message @MessageId (for a line:
 * ignored) does not run, and returns what it returns; FALSE and INTERRUPT_MESSAGE when there is no
 * such message.
 */
BOOLEAN
NdisMSynchronizeWithInterruptEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
                                MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER SynchronizeFunction,
                                PVOID SynchronizeContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL + 3);
    struct miniport_interrupt *interrupt =
        interrupt_of(context, NdisInterruptHandle, __func__, NT_CALLER());
    struct message *message =
        interrupt == NULL ? NULL : message_of(context, interrupt, MessageId, __func__, NT_CALLER());
    struct synchronized call = {interrupt, SynchronizeFunction, SynchronizeContext};

    return message == NULL ? FALSE
                           : pndis__interrupt_synchronize(context, &message->interrupt,
                                                          call_synchronized, &call);
}

static KAFFINITY
queue_dpc(NDIS_HANDLE handle, ULONG id, KAFFINITY targets, void *argument, struct context *context,
          const char *call, const void *caller)
{
    struct miniport_interrupt *interrupt = interrupt_of(context, handle, call, caller);
    struct message *message =
        interrupt == NULL ? NULL : message_of(context, interrupt, id, call, caller);

    return message == NULL ? 0 : queue_dpcs(context, message, targets, argument);
}

/*
 * "NdisMQueueDpc function". Any IRQL. Returns the processors on which a DPC was queued; none, and
 * INTERRUPT_MESSAGE, when there is no such message.
 */
ULONG
NdisMQueueDpc(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId, ULONG TargetProcessors,
              PVOID MiniportDpcContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return (ULONG)queue_dpc(NdisInterruptHandle, MessageId, TargetProcessors, MiniportDpcContext,
                            context, __func__, NT_CALLER());
}

/* "NdisMQueueDpcEx function". Any IRQL. There is one processor group. */
KAFFINITY
NdisMQueueDpcEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId, PGROUP_AFFINITY TargetProcessors,
                PVOID MiniportDpcContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return TargetProcessors->Group != 0
               ? 0
               : queue_dpc(NdisInterruptHandle, MessageId, TargetProcessors->Mask,
                           MiniportDpcContext, context, __func__, NT_CALLER());
}

/*
 * "NdisMConfigMSIXTableEntry function". Mask and unmask at any IRQL.
 * Setting a table entry maps a device-assigned entry to an assigned message one to one only, as it
 * is here from the start; other mappings are NDIS_STATUS_NOT_SUPPORTED.
 */
NDIS_STATUS
NdisMConfigMSIXTableEntry(NDIS_HANDLE NdisMiniportHandle,
                          PNDIS_MSIX_CONFIG_PARAMETERS MSIXConfigParameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, NdisMiniportHandle, __func__, NT_CALLER());
    ULONG entry = MSIXConfigParameters->TableEntry;

    if (adapter == NULL || adapter->device == NULL || entry >= adapter->device->options.messages) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    switch (MSIXConfigParameters->ConfigOperation) {
    case NdisMSIXTableConfigSetTableEntry:
        return MSIXConfigParameters->MessageNumber == entry ? NDIS_STATUS_SUCCESS
                                                            : NDIS_STATUS_NOT_SUPPORTED;
    case NdisMSIXTableConfigMaskTableEntry:
        pndis__device_mask(adapter->device, entry, true);
        return NDIS_STATUS_SUCCESS;
    case NdisMSIXTableConfigUnmaskTableEntry:
        pndis__device_mask(adapter->device, entry, false);
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_INVALID_PARAMETER;
    }
}
