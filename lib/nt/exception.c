/*
 * Exceptions: the runtime side of the __try macros in <excpt.h>, and what raises them.
 *
 * The frames of a context are linked through context->exceptions. Delivering an exception takes the
 * innermost off, and the calls into drivers that lie deeper on the stack with it, and jumps. An
 * exception that nobody handles ends the machine, as bug check 0x1E does.
 */
#include "nt/exception.h"

#include <signal.h>
#include <stdio.h>

static struct __seh_frame *
innermost(struct context *context)
{
    return context->exceptions;
}

/* Stacks grow downwards: a driver call that lies below the handler's frame is left by the jump. */
static void
unwind_calls(struct context *context, const struct __seh_frame *frame)
{
    while (context->frame != NULL && (const char *)context->frame < (const char *)frame) {
        context->frame = context->frame->up;
    }
}

static void __attribute__((noreturn))
deliver(struct context *context, struct __seh_frame *frame, const EXCEPTION_RECORD *record)
{
    context->exceptions = frame->outer;
    unwind_calls(context, frame);
    frame->record = *record;
    frame->pointers.ExceptionRecord = &frame->record;
    frame->pointers.ContextRecord = NULL;
    frame->raised = 1;
    siglongjmp(frame->jump, 1);
}

static void __attribute__((noreturn))
unhandled(struct context *context, const EXCEPTION_RECORD *record)
{
    pndis__report(context, RULE_EXCEPTION, NULL, "RtlRaiseStatus", record->ExceptionAddress,
                  "exception 0x%08x is not handled", (unsigned)record->ExceptionCode);
    pndis__os_report("pndis: nothing can go on after an exception that is not handled\n");
    pndis__os_die();
}

void
pndis__raise(struct context *context, NTSTATUS status, const void *caller)
{
    EXCEPTION_RECORD record = {
        .ExceptionCode = status,
        .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
        .ExceptionAddress = (void *)(uintptr_t)caller,
    };

    if (context->exceptions == NULL) {
        unhandled(context, &record);
    }
    deliver(context, innermost(context), &record);
}

/* --- faults of the processor --- */

static NTSTATUS
status_of_signal(int signal_number)
{
    switch (signal_number) {
    case SIGFPE:
        return STATUS_INTEGER_DIVIDE_BY_ZERO;
    case SIGILL:
        return STATUS_ILLEGAL_INSTRUCTION;
    case SIGBUS:
        return STATUS_DATATYPE_MISALIGNMENT;
    default:
        return STATUS_ACCESS_VIOLATION;
    }
}

void
pndis__exception_catch(const struct os_fault *fault)
{
    struct context *context = context_current();
    EXCEPTION_RECORD record = {
        .ExceptionCode = status_of_signal(fault->signal_number),
        .ExceptionAddress = (void *)(uintptr_t)fault->instruction,
        .NumberParameters = 2,
        .ExceptionInformation = {0, (uintptr_t)fault->address},
    };

    if (context != NULL && context->exceptions != NULL) {
        deliver(context, innermost(context), &record);
    }
}

/* --- hooks of <excpt.h> --- */

void
__seh_enter(struct __seh_frame *frame)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    frame->outer = context->exceptions;
    context->exceptions = frame;
}

void
__seh_leave(struct __seh_frame *frame)
{
    struct context *context = context_current();
    struct __seh_frame *at = context == NULL ? NULL : innermost(context);

    /* Frames that were jumped over are still on the list in front of it. */
    while (at != NULL && at != frame) {
        at = at->outer;
    }
    if (at == frame && at != NULL) {
        context->exceptions = frame->outer;
    }
}

void
__seh_continue(struct __seh_frame *frame)
{
    struct context *context = context_current();
    EXCEPTION_RECORD record = frame->record;

    __seh_leave(frame);
    if (context->exceptions == NULL) {
        unhandled(context, &record);
    }
    deliver(context, innermost(context), &record);
}

int
__seh_filter(struct __seh_frame *frame, int answer)
{
    if (answer > 0) {
        return 1;
    }
    if (answer < 0) {
        /* The instruction that faulted is gone; Windows says this to who continues the impossible.
         */
        frame->record.ExceptionCode = STATUS_NONCONTINUABLE_EXCEPTION;
    }
    __seh_continue(frame);
}

/* --- raising --- */

VOID
RtlRaiseStatus(NTSTATUS Status)
{
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), Status, NT_CALLER());
}

VOID
ExRaiseStatus(NTSTATUS Status)
{
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), Status, NT_CALLER());
}

VOID
ExRaiseAccessViolation(VOID)
{
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), STATUS_ACCESS_VIOLATION, NT_CALLER());
}

VOID
ExRaiseDatatypeMisalignment(VOID)
{
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), STATUS_DATATYPE_MISALIGNMENT, NT_CALLER());
}
