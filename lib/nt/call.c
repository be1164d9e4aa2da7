/*
 * Going in and out: hosts that call pndis, drivers that call pndis, pndis that calls drivers.
 * Who is to blame for what, and where it happened, is decided here.
 */
#include "nt/nt.h"

#include <stdio.h>
#include <string.h>

static _Thread_local char last_error[512];

int
pndis__fail(int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(last_error, sizeof(last_error), format, arguments);
    va_end(arguments);
    return error;
}

const char *
pndis_last_error(void)
{
    return last_error;
}

const char *
pndis_error_name(int error)
{
    switch (error) {
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return #name;
        PNDIS_ERRORS(X)
#undef X
    default:
        return "0";
    }
}

int
pndis__host_begin(struct pndis_machine *machine, struct host_call *call)
{
    /* A test framework installs its handlers anew for each test. */
    if (context_current() == NULL) {
        pndis__os_fault_keep();
    }
    return pndis__host_enter(machine, call);
}

int
pndis__host_enter(struct pndis_machine *machine, struct host_call *call)
{
    struct context *outer = context_current();

    if (outer != NULL && outer->machine == machine) {
        call->attached = false;
        return 0;
    }
    if (__atomic_load_n(&machine->crashed, __ATOMIC_RELAXED) != 0) {
        return pndis__fail(PNDIS_EBADSTATE, "a driver has crashed in this machine");
    }
    pndis__os_fault_stack();
    pndis__thread_init(&call->thread, machine, "host");
    call->outer = outer;
    call->attached = true;
    if (machine->sched->ops->attach(machine->sched, &call->thread.context) != 0) {
        return pndis__fail(PNDIS_EBUSY, "a sim machine is used from one thread at a time, and "
                                        "another thread is inside this one");
    }
    return 0;
}

void
pndis__host_leave(struct host_call *call)
{
    if (call->attached) {
        struct context *context = &call->thread.context;

        pndis__thread_fini(context, &call->thread);
        context->sched->ops->detach(context);
        pndis__current = call->outer;
    }
}

struct context *
pndis__call_slow(struct context *context, const char *name, KIRQL low, KIRQL high,
                 const void *caller)
{
    if (context == NULL) {
        char text[160];

        snprintf(text, sizeof(text),
                 "pndis: %s called on a thread that is not inside any machine\n", name);
        pndis__os_report(text);
        pndis__os_die();
    }
    if (context->irql < low || context->irql > high) {
        pndis__report(context, RULE_CALL_IRQL, NULL, name, caller,
                      "%s is called at IRQL %u; it may be called at %u to %u", name, context->irql,
                      low, high);
    }
    if ((__atomic_load_n(&context->sched->attention, __ATOMIC_RELAXED) & ATTENTION_CALLS) != 0 &&
        !pndis__probe_wants(context->probe, PROBE_CALL)) {
        pndis__attention_clear(context->sched, ATTENTION_CALLS);
    }
    PROBE(context, CALL, .name = name, .a = low, .b = high, .caller = caller,
          .owner = pndis__running_owner(context));
    if ((__atomic_load_n(&context->sched->attention, __ATOMIC_RELAXED) & ATTENTION_INTERRUPT) !=
        0) {
        pndis__attention_clear(context->sched, ATTENTION_INTERRUPT);
        pndis__interrupts_deliver(context);
    }
    context->sched->ops->point(context);
    return context;
}

void
pndis__guest_enter(struct context *context, struct frame *frame, struct owner *owner,
                   const char *callback)
{
    frame->up = context->frame;
    frame->owner = owner;
    frame->callback = callback;
    frame->irql = context->irql;
    frame->locks_held = context->locks_held;
    context->frame = frame;
    PROBE(context, ENTER, .name = callback, .owner = owner);
}

static void
check_return(struct context *context, const struct frame *frame)
{
    if (context->locks_held != frame->locks_held) {
        pndis__report(context, RULE_SPIN_LOCK_RETURN, frame->owner, frame->callback, NULL,
                      "%s was called with %u spin locks held and returned with %u", frame->callback,
                      frame->locks_held, context->locks_held);
        pndis__spin_abandon(context, frame->locks_held);
    }
    if (context->irql != frame->irql) {
        pndis__report(context, RULE_IRQL_RETURN, frame->owner, frame->callback, NULL,
                      "%s was called at IRQL %u and returned at IRQL %u", frame->callback,
                      frame->irql, context->irql);
        if (context->irql > frame->irql) {
            pndis__irql_lower(context, frame->irql);
        } else {
            pndis__irql_raise(context, frame->irql);
        }
    }
}

static void
guest_leave(struct context *context, struct frame *frame, int status, bool has_status)
{
    PROBE(context, LEAVE, .name = frame->callback, .owner = frame->owner, .a = (uint32_t)status,
          .b = has_status);
    if (__builtin_expect(context->irql != frame->irql || context->locks_held != frame->locks_held,
                         0)) {
        check_return(context, frame);
    }
    context->frame = frame->up;
}

void
pndis__guest_leave(struct context *context, struct frame *frame)
{
    guest_leave(context, frame, 0, false);
}

void
pndis__guest_leave_status(struct context *context, struct frame *frame, int status)
{
    guest_leave(context, frame, status, true);
}

struct owner *
pndis__running_owner(const struct context *context)
{
    return context->frame != NULL ? context->frame->owner : &context->machine->owner;
}

static void
report(struct context *context, enum rule rule, struct owner *owner, const char *call,
       const void *caller, const void *acquired, const char *format, va_list arguments)
{
    struct pndis_machine *machine = context->machine;
    struct probe_event event = {
        .kind = PROBE_VIOLATION,
        .name = call,
        .owner = owner != NULL ? owner : pndis__running_owner(context),
        .caller = caller,
        .callback = context->frame != NULL ? context->frame->callback : NULL,
        .time_ns = pndis__now_ns(machine->sched),
        .context = context->number,
        .cpu = context->cpu == NULL ? -1 : (int16_t)context->cpu->number,
        .irql = context->irql,
    };

    pndis__violation(&machine->violations, &machine->probe, rule, &event, acquired, format,
                     arguments);
}

void
pndis__report(struct context *context, enum rule rule, struct owner *owner, const char *call,
              const void *caller, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(context, rule, owner, call, caller, NULL, format, arguments);
    va_end(arguments);
}

void
pndis__report_acquired(struct context *context, enum rule rule, struct owner *owner,
                       const char *call, const void *caller, const void *acquired,
                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(context, rule, owner, call, caller, acquired, format, arguments);
    va_end(arguments);
}

void
pndis__acquired(struct context *context, enum resource resource, const void *object, uint64_t bytes,
                uint32_t tag, struct owner *owner, const char *call, const void *caller)
{
    PROBE(context, ACQUIRE, .name = call, .resource = resource, .object = object, .a = bytes,
          .b = tag, .owner = owner != NULL ? owner : pndis__running_owner(context),
          .inferred = owner == NULL, .caller = caller);
}

void
pndis__released(struct context *context, enum resource resource, const void *object,
                const char *call)
{
    PROBE(context, RELEASE, .name = call, .resource = resource, .object = object,
          .owner = pndis__running_owner(context));
}
