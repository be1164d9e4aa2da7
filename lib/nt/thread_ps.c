/* What a thread can ask and say of itself: identity, priority, affinity, delays. */
#include "nt/nt.h"

#include "nt/thread.h"
#include "nt/wait.h"

enum { SYSTEM_PROCESS_ID = 4 };

static struct thread *
of(PKTHREAD thread)
{
    return (struct thread *)thread;
}

/* --- identity --- */

PKTHREAD
KeGetCurrentThread(VOID)
{
    return (PKTHREAD)pndis__thread_of(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));
}

HANDLE
PsGetCurrentThreadId(VOID)
{
    return ULongToHandle(pndis__thread_of(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL))->id);
}

HANDLE
PsGetCurrentProcessId(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return ULongToHandle(SYSTEM_PROCESS_ID);
}

PEPROCESS
IoGetCurrentProcess(VOID)
{
    return pndis__system_process(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL)->machine);
}

KPROCESSOR_MODE
ExGetPreviousMode(VOID)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return KernelMode;
}

/* --- priority: remembered, and of no consequence to who runs --- */

KPRIORITY
KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    KPRIORITY before = of(Thread)->priority;

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    of(Thread)->priority = Priority;
    return before;
}

KPRIORITY
KeQueryPriorityThread(PKTHREAD Thread)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return of(Thread)->priority;
}

LONG
KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
    LONG before = of(Thread)->priority - NORMAL_THREAD_PRIORITY;

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    of(Thread)->priority = NORMAL_THREAD_PRIORITY + Increment;
    return before;
}

/* --- affinity ("KeSetSystemAffinityThreadEx function") --- */

static KAFFINITY
all_processors(const struct context *context)
{
    unsigned count = context->machine->processor_count;

    return count == CPU_LIMIT ? ~(KAFFINITY)0 : ((KAFFINITY)1 << count) - 1;
}

/* What the thread may run on from now on; 0 gives it back what it had as a user thread. */
static KAFFINITY
set_affinity(struct context *context, KAFFINITY affinity)
{
    KAFFINITY before = context->affinity;

    context->affinity = affinity & all_processors(context);
    return before;
}

VOID
KeSetSystemAffinityThread(KAFFINITY Affinity)
{
    set_affinity(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), Affinity);
}

KAFFINITY
KeSetSystemAffinityThreadEx(KAFFINITY Affinity)
{
    return set_affinity(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), Affinity);
}

VOID
KeRevertToUserAffinityThread(VOID)
{
    set_affinity(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), 0);
}

VOID
KeRevertToUserAffinityThreadEx(KAFFINITY Affinity)
{
    set_affinity(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), Affinity);
}

VOID
KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    GROUP_AFFINITY before = {.Mask = context->affinity};

    /* An affinity that is not one of the only group's leaves the thread where it is. */
    if (Affinity->Group == 0 && (Affinity->Mask & ~all_processors(context)) == 0) {
        set_affinity(context, Affinity->Mask);
    }
    if (PreviousAffinity != NULL) {
        *PreviousAffinity = before;
    }
}

VOID
KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity)
{
    set_affinity(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), PreviousAffinity->Mask);
}

/* --- delays --- */

NTSTATUS
KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct sched *sched = context->sched;
    uint64_t deadline = pndis__deadline_of(context, Interval);

    (void)WaitMode;
    (void)Alertable;
    if (pndis__wait_is_too_high(context, __func__, NT_CALLER())) {
        return STATUS_SUCCESS;
    }
    pndis__lock(sched);
    while (deadline > pndis__now_ns(sched)) {
        if (sched->ops->sleep(context, deadline) == SLEEP_STALLED) {
            break;
        }
    }
    pndis__unlock(sched);
    return STATUS_SUCCESS;
}
