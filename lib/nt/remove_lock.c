/* Remove locks ("Using Remove Locks"): how many requests are under way before a device may go. */
#include "nt/wait.h"

VOID
IoInitializeRemoveLockEx(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes,
                         ULONG HighWatermark, ULONG RemlockSize)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    (void)AllocateTag; /* The last four are for checked builds. */
    (void)MaxLockedMinutes;
    (void)HighWatermark;
    (void)RemlockSize;
    Lock->Common.Removed = FALSE;
    Lock->Common.IoCount = 1;
    pndis__header_init(&Lock->Common.RemoveEvent.Header, KIND_SYNCHRONIZATION_EVENT, sizeof(KEVENT),
                       0);
}

static void
release(struct context *context, PIO_REMOVE_LOCK lock, const char *call, const void *caller)
{
    LONG left = __atomic_sub_fetch(&lock->Common.IoCount, 1, __ATOMIC_SEQ_CST);

    if (left == 0) {
        pndis__event_set(context, &lock->Common.RemoveEvent);
    } else if (left < 0) {
        pndis__report(context, RULE_RESOURCE_RELEASE, NULL, call, caller,
                      "releases a remove lock more often than it was acquired");
    }
}

NTSTATUS
IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, PCSTR File, ULONG Line,
                      ULONG RemlockSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Tag;
    (void)File;
    (void)Line;
    (void)RemlockSize;
    __atomic_fetch_add(&RemoveLock->Common.IoCount, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&RemoveLock->Common.Removed, __ATOMIC_SEQ_CST)) {
        return STATUS_SUCCESS;
    }
    release(context, RemoveLock, __func__, NT_CALLER());
    return STATUS_DELETE_PENDING;
}

VOID
IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Tag;
    (void)RemlockSize;
    release(context, RemoveLock, __func__, NT_CALLER());
}

/* Gives back the caller's own and the first count, and waits for the rest. */
VOID
IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    (void)Tag;
    (void)RemlockSize;
    __atomic_store_n(&RemoveLock->Common.Removed, TRUE, __ATOMIC_SEQ_CST);
    release(context, RemoveLock, __func__, NT_CALLER());
    if (__atomic_sub_fetch(&RemoveLock->Common.IoCount, 1, __ATOMIC_SEQ_CST) > 0 &&
        !pndis__wait_is_too_high(context, __func__, NT_CALLER())) {
        pndis__wait_one(context, &RemoveLock->Common.RemoveEvent.Header, SCHED_FOREVER);
    }
}
