/*
 * Events and semaphores ("Event Objects", "Semaphore Objects"). A priority boost means nothing
 * here; and a caller that says it will wait next (Wait is TRUE) gets the same as one that does not,
 * since no processor is lost in between.
 */
#include "nt/wait.h"

/* --- events --- */

VOID
KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    pndis__header_init(&Event->Header,
                       Type == NotificationEvent ? KIND_NOTIFICATION_EVENT
                                                 : KIND_SYNCHRONIZATION_EVENT,
                       sizeof(KEVENT), State != FALSE);
}

/* Signal @event, and unless it shall @stay, take what is left of the signal back. */
static LONG
signal_event(struct context *context, PRKEVENT event, bool stay)
{
    LONG before;

    pndis__lock(context->sched);
    before = state_of(&event->Header);
    set_state(&event->Header, 1);
    if (!IsListEmpty(&event->Header.WaitListHead)) {
        pndis__wake_waiters_locked(context->machine, &event->Header);
    }
    if (!stay) {
        set_state(&event->Header, 0);
    }
    pndis__unlock(context->sched);
    return before;
}

LONG
KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, Wait ? APC_LEVEL : DISPATCH_LEVEL);

    (void)Increment;
    pndis__header_check(context, &Event->Header, __func__, NT_CALLER());
    return signal_event(context, Event, true);
}

LONG
KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Increment;
    (void)Wait;
    pndis__header_check(context, &Event->Header, __func__, NT_CALLER());
    return signal_event(context, Event, false);
}

LONG
KeResetEvent(PRKEVENT Event)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    LONG before;

    pndis__lock(context->sched);
    before = state_of(&Event->Header);
    set_state(&Event->Header, 0);
    pndis__unlock(context->sched);
    return before;
}

VOID
KeClearEvent(PRKEVENT Event)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    set_state(&Event->Header, 0);
}

LONG
KeReadStateEvent(PRKEVENT Event)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return state_of(&Event->Header);
}

/* --- semaphores --- */

VOID
KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    pndis__header_init(&Semaphore->Header, KIND_SEMAPHORE, sizeof(KSEMAPHORE), Count);
    Semaphore->Limit = Limit;
}

/* "KeReleaseSemaphore function": going beyond the limit is an exception there, and undone here. */
LONG
KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, Wait ? PASSIVE_LEVEL : DISPATCH_LEVEL);
    LONG before;
    bool fits;

    (void)Increment;
    pndis__header_check(context, &Semaphore->Header, __func__, NT_CALLER());
    pndis__lock(context->sched);
    before = state_of(&Semaphore->Header);
    fits = Adjustment > 0 && Adjustment <= Semaphore->Limit - before;
    if (fits) {
        set_state(&Semaphore->Header, before + Adjustment);
        pndis__wake_waiters_locked(context->machine, &Semaphore->Header);
    }
    pndis__unlock(context->sched);
    if (!fits) {
        pndis__report(context, RULE_SEMAPHORE_LIMIT, NULL, __func__, NT_CALLER(),
                      "releases a semaphore of limit %d and count %d by %d", Semaphore->Limit,
                      before, Adjustment);
    }
    return before;
}

LONG
KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return state_of(&Semaphore->Header);
}
