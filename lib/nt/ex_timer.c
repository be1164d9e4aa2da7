/*
 * Timers that the system allocates ("ExXxxTimer Routines and EX_TIMER Objects"). One is a KTIMER,
 * so that it can be waited for, with a DPC that calls the driver's callback. Deleting one that is
 * about to call back leaves it to that call, or to the last expiration, to free it.
 */
#include "nt/timer.h"

#include "nt/wait.h"

struct _EX_TIMER {
    KTIMER timer;
    KDPC dpc;
    PEXT_CALLBACK callback;
    PVOID callback_context;
    ULONG attributes;
    uint32_t pending; /* Calls of the DPC that are queued or running. */
    bool deleted;     /* Under the dispatcher lock. */
    EXT_DELETE_PARAMETERS delete_parameters;
};

static void
destroy(struct context *context, PEX_TIMER timer)
{
    EXT_DELETE_PARAMETERS parameters = timer->delete_parameters;

    pndis__pool_free(context->machine, timer);
    if (parameters.DeleteCallback != NULL) {
        parameters.DeleteCallback(parameters.DeleteContext);
    }
}

/* Whether the last reason to keep a deleted timer has just gone. */
static bool
is_finished_locked(const struct _EX_TIMER *timer)
{
    return timer->deleted && timer->pending == 0 && timer->timer.TimerListEntry.Flink == NULL;
}

static VOID
on_expired(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct context *context = context_current();
    PEX_TIMER timer = deferred_context;
    bool finished;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    if (timer->callback != NULL) {
        timer->callback(timer, timer->callback_context);
    }
    pndis__lock(context->sched);
    __atomic_fetch_sub(&timer->pending, 1, __ATOMIC_SEQ_CST);
    finished = is_finished_locked(timer);
    pndis__unlock(context->sched);
    if (finished) {
        destroy(context, timer);
    }
}

PEX_TIMER
ExAllocateTimer(PEXT_CALLBACK Callback, PVOID CallbackContext, ULONG Attributes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PEX_TIMER timer;

    if (pndis__fault(context)) {
        return NULL;
    }
    timer = pndis__pool_allocate(context->machine, sizeof(*timer));
    if (timer == NULL) {
        return NULL;
    }
    pndis__header_init(&timer->timer.Header,
                       (Attributes & EX_TIMER_NOTIFICATION) != 0 ? KIND_NOTIFICATION_TIMER
                                                                 : KIND_SYNCHRONIZATION_TIMER,
                       sizeof(KTIMER), 0);
    KeInitializeDpc(&timer->dpc, on_expired, timer);
    timer->callback = Callback;
    timer->callback_context = CallbackContext;
    timer->attributes = Attributes;
    pndis__acquired(context, RESOURCE_TIMER, timer, sizeof(*timer), 0, NULL, __func__, NT_CALLER());
    return timer;
}

/* A timer that was deleted, or never allocated, is known by its memory. */
static bool
is_alive(struct context *context, PEX_TIMER timer, const char *call, const void *caller)
{
    size_t bytes;

    if (pndis__pool_owns(context->machine, timer, &bytes) && bytes == sizeof(*timer) &&
        !timer->deleted) {
        return true;
    }
    pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                  "uses an EX_TIMER that is none, or that was deleted");
    return false;
}

BOOLEAN
ExSetTimer(PEX_TIMER Timer, LONGLONG DueTime, LONGLONG Period, PEXT_SET_PARAMETERS Parameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    LARGE_INTEGER due = {.QuadPart = DueTime};
    struct timer_setting setting = {
        .due_ns = pndis__deadline_of(context, &due),
        .period_ns = Period < 0 ? 0 : (uint64_t)Period * 100,
        .dpc = &Timer->dpc,
        .pending = &Timer->pending,
    };

    (void)Parameters; /* How late it may be: never late is within every tolerance. */
    if (!is_alive(context, Timer, __func__, NT_CALLER())) {
        return FALSE;
    }
    return pndis__timer_set(context, &Timer->timer, &setting, __func__, NT_CALLER());
}

BOOLEAN
ExCancelTimer(PEX_TIMER Timer, PEXT_CANCEL_PARAMETERS Parameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Parameters; /* Reserved. */
    return is_alive(context, Timer, __func__, NT_CALLER()) &&
           pndis__timer_cancel(context, &Timer->timer, __func__);
}

BOOLEAN
ExDeleteTimer(PEX_TIMER Timer, BOOLEAN Cancel, BOOLEAN Wait, PEXT_DELETE_PARAMETERS Parameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    bool cancelled;
    bool finished;

    if (!is_alive(context, Timer, __func__, NT_CALLER())) {
        return FALSE;
    }
    if (Wait && pndis__wait_is_too_high(context, __func__, NT_CALLER())) {
        Wait = FALSE;
    }
    cancelled = Cancel && pndis__timer_cancel(context, &Timer->timer, __func__);
    if (Wait) {
        pndis__dpc_flush(context);
    }
    pndis__lock(context->sched);
    if (Parameters != NULL) {
        Timer->delete_parameters = *Parameters;
    }
    Timer->deleted = true;
    finished = is_finished_locked(Timer);
    pndis__unlock(context->sched);
    pndis__released(context, RESOURCE_TIMER, Timer, __func__);
    if (finished) {
        destroy(context, Timer);
    }
    return cancelled;
}
