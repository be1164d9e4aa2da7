/*
 * Mutexes: owned by a thread, which may take one again ("Introduction to Mutex Objects"). The owner
 * runs with normal kernel APCs disabled. A mutex whose owner ends goes to the next thread as
 * abandoned.
 */
#include "nt/wait.h"

static struct _KTHREAD *
as_owner(struct thread *thread)
{
    return (struct _KTHREAD *)thread;
}

VOID
KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    (void)Level; /* Reserved since Windows 2000. */
    pndis__header_init(&Mutex->Header, KIND_MUTANT, sizeof(KMUTEX), 1);
    Mutex->MutantListEntry.Flink = NULL;
    Mutex->MutantListEntry.Blink = NULL;
    Mutex->OwnerThread = NULL;
    Mutex->MutantFlags = 0;
    Mutex->ApcDisable = 1;
}

NTSTATUS
pndis__mutex_take_locked(KMUTEX *mutex, struct thread *thread)
{
    NTSTATUS status = mutex->Abandoned ? STATUS_ABANDONED : STATUS_SUCCESS;

    set_state(&mutex->Header, state_of(&mutex->Header) - 1);
    if (mutex->OwnerThread == NULL) {
        mutex->OwnerThread = as_owner(thread);
        mutex->Abandoned = 0;
        InsertTailList(&thread->mutexes, &mutex->MutantListEntry);
        thread->critical_regions += mutex->ApcDisable;
    }
    return status;
}

/* The last release: nobody owns it any more. */
static void
disown(struct pndis_machine *machine, KMUTEX *mutex, struct thread *thread)
{
    mutex->OwnerThread = NULL;
    RemoveEntryList(&mutex->MutantListEntry);
    thread->critical_regions -= mutex->ApcDisable;
    set_state(&mutex->Header, 1);
    pndis__wake_waiters_locked(machine, &mutex->Header);
}

LONG
KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct thread *thread = pndis__thread_of(context);
    LONG before;
    bool owned;

    (void)Wait;
    pndis__lock(context->sched);
    before = state_of(&Mutex->Header);
    owned = Mutex->OwnerThread == as_owner(thread);
    if (owned && before == 0) {
        disown(context->machine, Mutex, thread);
    } else if (owned) {
        set_state(&Mutex->Header, before + 1);
    }
    pndis__unlock(context->sched);
    if (!owned) {
        pndis__report(context, RULE_MUTEX_RELEASE, NULL, __func__, NT_CALLER(),
                      before > 0 ? "releases a mutex that nobody owns"
                                 : "releases a mutex that another thread owns");
    }
    return before;
}

LONG
KeReadStateMutex(PRKMUTEX Mutex)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return state_of(&Mutex->Header);
}

void
pndis__mutexes_abandon(struct context *context, struct thread *thread)
{
    unsigned count = 0;

    pndis__lock(context->sched);
    while (!IsListEmpty(&thread->mutexes)) {
        KMUTEX *mutex = CONTAINING_RECORD(thread->mutexes.Flink, KMUTEX, MutantListEntry);

        mutex->Abandoned = 1;
        disown(context->machine, mutex, thread);
        count++;
    }
    pndis__unlock(context->sched);
    if (count > 0) {
        pndis__report(context, RULE_MUTEX_ABANDONED, thread->owner, "PsTerminateSystemThread", NULL,
                      "a thread ends and still owns %u mutexes", count);
    }
}

bool
pndis__mutex_owned_in(struct context *context, const void *start, size_t bytes)
{
    struct thread *thread = pndis__thread_of(context);
    bool found = false;

    if (IsListEmpty(&thread->mutexes)) {
        return false;
    }
    pndis__lock(context->sched);
    for (LIST_ENTRY *at = thread->mutexes.Flink; at != &thread->mutexes; at = at->Flink) {
        found = found || (uintptr_t)at - (uintptr_t)start < bytes;
    }
    pndis__unlock(context->sched);
    return found;
}
