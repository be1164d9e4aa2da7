/*
 * Timers whose memory is the driver's. The functions of a miniport's timers are called like its
 * other functions, one at a time where it is serialized; those of plain timers are DPCs.
 */
#include "ndis5/ndis5.h"

#include "nt/timer.h"

static const uint64_t ns_per_ms = 1000000;

/* --- miniport timers --- */

void
pndis__n5_timer_call(struct context *context, struct miniport5 *miniport,
                     NDIS_MINIPORT_TIMER *timer)
{
    PNDIS_TIMER_FUNCTION function = timer->MiniportTimerFunction;
    void *function_context = timer->MiniportTimerContext;
    struct frame frame;

    __atomic_sub_fetch(&miniport->timers_due, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&timer->Timer.Period, __ATOMIC_RELAXED) == 0) {
        __atomic_sub_fetch(&miniport->timers_live, 1, __ATOMIC_SEQ_CST);
    }
    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportTimer");
    function(&timer->Dpc, function_context, NULL, NULL);
    pndis__guest_leave(context, &frame);
}

/* A timer that is in the queue already is called once for both. */
static void
queue_timer(struct miniport5 *miniport, NDIS_MINIPORT_TIMER *timer)
{
    struct serial *serial = &miniport->serial;

    brief_lock(&serial->lock);
    if (timer->NextTimer != NULL) {
        __atomic_sub_fetch(&miniport->timers_due, 1, __ATOMIC_SEQ_CST);
    } else {
        timer->NextTimer = timer;
        if (serial->last_timer == NULL) {
            serial->first_timer = timer;
        } else {
            serial->last_timer->NextTimer = timer;
        }
        serial->last_timer = timer;
    }
    brief_unlock(&serial->lock);
}

static VOID
expired(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    NDIS_MINIPORT_TIMER *timer = deferred_context;
    struct miniport5 *miniport = (struct miniport5 *)timer->Miniport;
    struct context *context = context_current();

    (void)dpc;
    (void)argument1;
    (void)argument2;
    if (!pndis__miniport5_lives(context, miniport)) {
        return; /* Its driver has been told of that at the halt. */
    }
    if (miniport->serialized) {
        queue_timer(miniport, timer);
        pndis__serial_drain(context, miniport);
    } else {
        pndis__n5_timer_call(context, miniport, timer);
    }
}

/* NdisMInitializeTimer. IRQL: PASSIVE_LEVEL. @Timer lasts until it is cancelled or has run. */
VOID
NdisMInitializeTimer(PNDIS_MINIPORT_TIMER Timer, NDIS_HANDLE MiniportAdapterHandle,
                     PNDIS_TIMER_FUNCTION TimerFunction, PVOID FunctionContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (miniport == NULL) {
        return;
    }
    memset(Timer, 0, sizeof(*Timer));
    KeInitializeTimer(&Timer->Timer);
    KeInitializeDpc(&Timer->Dpc, expired, Timer);
    Timer->MiniportTimerFunction = TimerFunction;
    Timer->MiniportTimerContext = FunctionContext;
    Timer->Miniport = (PNDIS_MINIPORT_BLOCK)miniport;
}

/* The miniport that a timer belongs to; NULL for a plain one. */
static struct miniport5 *
miniport_of(const NDIS_TIMER *timer)
{
    return timer->Dpc.DeferredRoutine == expired
               ? (struct miniport5 *)((const NDIS_MINIPORT_TIMER *)timer)->Miniport
               : NULL;
}

static bool
is_initialized(struct context *context, const NDIS_TIMER *timer, const char *call,
               const void *caller)
{
    if (timer->Dpc.DeferredRoutine == NULL) {
        pndis__report(context, RULE_DISPATCHER_INITIALIZE, NULL, call, caller,
                      "uses a timer that has not been initialized");
        return false;
    }
    return true;
}

static void
set(struct context *context, NDIS_TIMER *timer, UINT ms, bool periodic, const char *call,
    const void *caller)
{
    struct miniport5 *miniport = miniport_of(timer);
    struct timer_setting setting = {
        .due_ns = pndis__now_ns(context->sched) + ms * ns_per_ms,
        .period_ns = periodic ? ms * ns_per_ms : 0,
        .dpc = &timer->Dpc,
    };
    bool was_set;

    if (!is_initialized(context, timer, call, caller)) {
        return;
    }
    if (miniport != NULL && pndis__miniport5_lives(context, miniport)) {
        setting.pending = &miniport->timers_due;
        __atomic_add_fetch(&miniport->timers_live, 1, __ATOMIC_SEQ_CST);
    } else if (miniport != NULL) {
        pndis__report(context, RULE_MP_HALT_6, NULL, call, caller,
                      "a timer is set of an adapter that has been halted");
        return;
    }
    was_set = pndis__timer_set(context, &timer->Timer, &setting, call, caller);
    if (was_set && miniport != NULL) {
        __atomic_sub_fetch(&miniport->timers_live, 1, __ATOMIC_SEQ_CST);
    }
}

static void
cancel(struct context *context, NDIS_TIMER *timer, BOOLEAN *out_cancelled, const char *call,
       const void *caller)
{
    struct miniport5 *miniport = miniport_of(timer);

    *out_cancelled = FALSE;
    if (!is_initialized(context, timer, call, caller)) {
        return;
    }
    *out_cancelled = pndis__timer_cancel(context, &timer->Timer, call);
    if (*out_cancelled && miniport != NULL) {
        __atomic_sub_fetch(&miniport->timers_live, 1, __ATOMIC_SEQ_CST);
    }
}

/* NdisMSetPeriodicTimer. IRQL <= DISPATCH_LEVEL. Until NdisMCancelTimer. */
VOID
NdisMSetPeriodicTimer(PNDIS_MINIPORT_TIMER Timer, UINT MillisecondPeriod)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    set(context, (PNDIS_TIMER)Timer, max(MillisecondPeriod, 1u), true, __func__, NT_CALLER());
}

/*
 * NdisMCancelTimer. IRQL <= DISPATCH_LEVEL. @TimerCancelled is FALSE for a timer that was not set
 * (any more): then its function may be due still, and the driver has to wait for that before its
 * memory goes, and before MiniportHalt returns (N5_TIMER_DUE).
 */
VOID
NdisMCancelTimer(PNDIS_MINIPORT_TIMER Timer, PBOOLEAN TimerCancelled)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    cancel(context, (PNDIS_TIMER)Timer, TimerCancelled, __func__, NT_CALLER());
}

/* --- plain timers --- */

/* NdisInitializeTimer. IRQL: PASSIVE_LEVEL. The function is called as a DPC. */
VOID
NdisInitializeTimer(PNDIS_TIMER Timer, PNDIS_TIMER_FUNCTION TimerFunction, PVOID FunctionContext)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    memset(Timer, 0, sizeof(*Timer));
    KeInitializeTimer(&Timer->Timer);
    KeInitializeDpc(&Timer->Dpc, (PKDEFERRED_ROUTINE)(PVOID)TimerFunction, FunctionContext);
}

/* NdisSetTimer, NdisMSetTimer. IRQL <= DISPATCH_LEVEL. Once; a timer that is set starts anew. */
VOID
NdisSetTimer(PNDIS_TIMER Timer, UINT MillisecondsToDelay)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    set(context, Timer, MillisecondsToDelay, false, __func__, NT_CALLER());
}

/* NdisSetTimerEx. As NdisSetTimer, with another context for the function. */
VOID
NdisSetTimerEx(PNDIS_TIMER Timer, UINT MillisecondsToDelay, PVOID FunctionContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    if (miniport_of(Timer) != NULL) {
        ((PNDIS_MINIPORT_TIMER)Timer)->MiniportTimerContext = FunctionContext;
    } else {
        Timer->Dpc.DeferredContext = FunctionContext;
    }
    set(context, Timer, MillisecondsToDelay, false, __func__, NT_CALLER());
}

/* NdisCancelTimer. As NdisMCancelTimer. */
VOID
NdisCancelTimer(PNDIS_TIMER Timer, PBOOLEAN TimerCancelled)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    cancel(context, Timer, TimerCancelled, __func__, NT_CALLER());
}

/* NdisGetSystemUpTime. Any IRQL. In milliseconds. */
VOID
NdisGetSystemUpTime(PULONG pSystemUpTime)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    *pSystemUpTime = (ULONG)(pndis__now_ns(context->sched) / ns_per_ms);
}
