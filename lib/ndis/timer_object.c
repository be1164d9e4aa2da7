/* NDIS timer objects: a kernel timer and a DPC that calls the driver's NetTimerCallback. */
#include "ndis/adapter.h"
#include "ndis/header.h"

#include <stdlib.h>

struct timer_object {
    struct handle handle;
    struct possession possession;
    KTIMER timer;
    KDPC dpc;
    NDIS_TIMER_FUNCTION *function;
    PVOID default_context;
    PVOID function_context;
    LONG period_ms;
    ULONG tag;
};

static VOID
on_dpc(struct _KDPC *dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct timer_object *timer = deferred_context;
    struct context *context = context_current();
    struct frame frame;

    (void)dpc;
    pndis__guest_enter(context, &frame, timer->handle.owner, "NetTimerCallback");
    timer->function(argument1, __atomic_load_n(&timer->function_context, __ATOMIC_ACQUIRE),
                    argument2, NULL);
    pndis__guest_leave(context, &frame);
}

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct timer_object, handle));
}

static void
end_timer(struct context *context, struct timer_object *timer)
{
    KeCancelTimer(&timer->timer);
    pndis__dpc_remove(context->machine, &timer->dpc);
    pndis__possession_remove(&timer->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &timer->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    end_timer(context, CONTAINING_RECORD(possession, struct timer_object, possession));
}

static struct timer_object *
timer_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct timer_object *)pndis__handle(context, handle, HANDLE_BIT(TIMER), call, caller);
}

/*
 * "NdisAllocateTimerObject function". IRQL <= DISPATCH_LEVEL.
 * The timer is the caller's, on the account of @NdisHandle, until NdisFreeTimerObject. An
 * allocation tag is required. NDIS_STATUS_BAD_CHARACTERISTICS without a function.
 */
NDIS_STATUS
NdisAllocateTimerObject(NDIS_HANDLE NdisHandle, PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
                        PNDIS_HANDLE pTimerObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct timer_object *timer;
    struct owner *owner;

    if (!pndis__object_header_check(context, TimerCharacteristics, HEADER_TIMER_CHARACTERISTICS,
                                    __func__, caller) ||
        TimerCharacteristics->TimerFunction == NULL) {
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (!pndis__owner_of_handle(context, NdisHandle, __func__, caller, &owner)) {
        return NDIS_STATUS_FAILURE;
    }
    if (TimerCharacteristics->AllocationTag == 0) {
        pndis__report(context, RULE_POOL_TAG, owner, __func__, caller,
                      "a timer object is allocated with a tag of zero");
    }
    timer = pndis__fault(context) ? NULL : calloc(1, sizeof(*timer));
    if (timer == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    KeInitializeTimer(&timer->timer);
    KeInitializeDpc(&timer->dpc, on_dpc, timer);
    timer->function = TimerCharacteristics->TimerFunction;
    timer->default_context = TimerCharacteristics->FunctionContext;
    timer->tag = TimerCharacteristics->AllocationTag;
    pndis__handle_add(pndis__handles_of(context->machine), &timer->handle, HANDLE_TIMER,
                      owner != NULL ? owner : pndis__running_owner(context), context->machine,
                      free_memory);
    pndis__possession_of_handle(context, NdisHandle, &timer->possession, reclaim);
    pndis__acquired(context, RESOURCE_TIMER, timer, 0, timer->tag, owner, __func__, caller);
    *pTimerObject = timer;
    return NDIS_STATUS_SUCCESS;
}

static BOOLEAN
set_timer(struct context *context, NDIS_HANDLE handle, LARGE_INTEGER due, LONG period_ms,
          PVOID function_context, ULONG tolerance, const char *call, const void *caller)
{
    struct timer_object *timer = timer_of(context, handle, call, caller);

    if (timer == NULL) {
        return FALSE;
    }
    /* The callback of an earlier setting may be about to read it. */
    __atomic_store_n(&timer->function_context,
                     function_context != NULL ? function_context : timer->default_context,
                     __ATOMIC_RELEASE);
    timer->period_ms = period_ms;
    return KeSetCoalescableTimer(&timer->timer, due, (ULONG)period_ms, tolerance, &timer->dpc);
}

/*
 * "NdisSetTimerObject function". IRQL <= DISPATCH_LEVEL.
 * @DueTime in units of 100 ns, relative when negative; @MillisecondsPeriod 0 for once. Returns TRUE
 * when the timer was set already; it is then set anew.
 */
BOOLEAN
NdisSetTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime, LONG MillisecondsPeriod,
                   PVOID FunctionContext)
{
    return set_timer(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), TimerObject, DueTime,
                     MillisecondsPeriod, FunctionContext, 0, __func__, NT_CALLER());
}

/* "NdisSetCoalescableTimerObject function". As NdisSetTimerObject; @Tolerance in milliseconds. */
BOOLEAN
NdisSetCoalescableTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
                              LONG MillisecondsPeriod, PVOID FunctionContext, ULONG Tolerance)
{
    return set_timer(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), TimerObject, DueTime,
                     MillisecondsPeriod, FunctionContext, Tolerance, __func__, NT_CALLER());
}

/*
 * "NdisCancelTimerObject function". A one-shot timer: IRQL <= DISPATCH_LEVEL, and a callback may
 * still be running. A periodic one: PASSIVE_LEVEL (TIMER_PERIODIC), and none is on return. Returns
 * TRUE when the timer was set.
 */
BOOLEAN
NdisCancelTimerObject(NDIS_HANDLE TimerObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct timer_object *timer = timer_of(context, TimerObject, __func__, caller);
    BOOLEAN was_set;

    if (timer == NULL) {
        return FALSE;
    }
    if (timer->period_ms != 0 && context->irql > PASSIVE_LEVEL) {
        pndis__report(context, RULE_TIMER_PERIODIC, timer->handle.owner, __func__, caller,
                      "a periodic timer is cancelled at IRQL %u", context->irql);
        return KeCancelTimer(&timer->timer);
    }
    was_set = KeCancelTimer(&timer->timer);
    if (timer->period_ms != 0) {
        pndis__dpc_flush(context);
    }
    return was_set;
}

/* "NdisFreeTimerObject function". IRQL <= DISPATCH_LEVEL. The timer is not set (TIMER_FREE). */
VOID
NdisFreeTimerObject(NDIS_HANDLE TimerObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct timer_object *timer = timer_of(context, TimerObject, __func__, caller);

    if (timer == NULL) {
        return;
    }
    if (KeCancelTimer(&timer->timer)) {
        pndis__report(context, RULE_TIMER_FREE, timer->handle.owner, __func__, caller,
                      "a timer object is freed while it is set");
    }
    pndis__released(context, RESOURCE_TIMER, timer, __func__);
    end_timer(context, timer);
}
