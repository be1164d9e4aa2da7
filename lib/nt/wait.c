/* Waiting for dispatcher objects ("KeWaitForSingleObject function"). See wait.h. */
#include "nt/wait.h"

#include "nt/watch.h"

/* 1601-01-01 to 1970-01-01, in units of 100 ns. */
static const uint64_t unix_epoch = 116444736000000000u;

/* One object that somebody waits for, in that object's list; on the waiter's stack. */
struct wait_block {
    LIST_ENTRY entry;
    struct waiter *waiter;
    DISPATCHER_HEADER *header;
    struct watched watched;
};

struct waiter {
    struct context *context;
    struct thread *thread;
    WAIT_TYPE type;
    ULONG count;
    struct wait_block *blocks;
    bool done;
    NTSTATUS status;
};

/* --- objects --- */

void
pndis__header_init(DISPATCHER_HEADER *header, enum object_kind kind, size_t bytes, LONG state)
{
    header->LockNV = 0;
    header->Type = (UCHAR)kind;
    header->Size = (UCHAR)(bytes / sizeof(LONG));
    set_state(header, state);
    InitializeListHead(&header->WaitListHead);
}

/* Asks only what never changes, since nothing is locked here. */
static bool
looks_initialised(const DISPATCHER_HEADER *header)
{
    static const uint32_t kinds = 1u << KIND_NOTIFICATION_EVENT | 1u << KIND_SYNCHRONIZATION_EVENT |
                                  1u << KIND_MUTANT | 1u << KIND_SEMAPHORE | 1u << KIND_THREAD |
                                  1u << KIND_NOTIFICATION_TIMER | 1u << KIND_SYNCHRONIZATION_TIMER;

    return header->Size != 0 && header->Type < 32 && ((kinds >> header->Type) & 1) != 0;
}

void
pndis__header_check(struct context *context, DISPATCHER_HEADER *header, const char *call,
                    const void *caller)
{
    if (__builtin_expect(!looks_initialised(header), 0)) {
        pndis__report(context, RULE_DISPATCHER_INITIALIZE, NULL, call, caller,
                      "uses an object that has not been initialised");
        pndis__header_init(header, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    }
}

static bool
is_signalled(const DISPATCHER_HEADER *header, const struct thread *thread)
{
    if (state_of(header) > 0) {
        return true;
    }
    return header->Type == KIND_MUTANT &&
           ((const KMUTEX *)header)->OwnerThread == (const struct _KTHREAD *)thread;
}

/* What a satisfied wait does to the object; returns STATUS_SUCCESS or STATUS_ABANDONED. */
static NTSTATUS
consume(DISPATCHER_HEADER *header, struct thread *thread)
{
    switch (header->Type) {
    case KIND_SYNCHRONIZATION_EVENT:
    case KIND_SYNCHRONIZATION_TIMER:
        set_state(header, 0);
        return STATUS_SUCCESS;
    case KIND_SEMAPHORE:
        set_state(header, state_of(header) - 1);
        return STATUS_SUCCESS;
    case KIND_MUTANT:
        return pndis__mutex_take_locked((KMUTEX *)header, thread);
    default:
        return STATUS_SUCCESS;
    }
}

/* --- satisfying waits --- */

/* The status of a wait that was satisfied by object @index. */
static NTSTATUS
status_of(NTSTATUS consumed, ULONG index)
{
    return consumed == STATUS_ABANDONED ? STATUS_ABANDONED_WAIT_0 + (NTSTATUS)index
                                        : STATUS_WAIT_0 + (NTSTATUS)index;
}

static bool
satisfy_any(struct waiter *waiter)
{
    for (ULONG i = 0; i < waiter->count; i++) {
        DISPATCHER_HEADER *header = waiter->blocks[i].header;

        if (is_signalled(header, waiter->thread)) {
            waiter->status = status_of(consume(header, waiter->thread), i);
            return true;
        }
    }
    return false;
}

/* All of them at once, or none: nothing is taken while one is missing. */
static bool
satisfy_all(struct waiter *waiter)
{
    for (ULONG i = 0; i < waiter->count; i++) {
        if (!is_signalled(waiter->blocks[i].header, waiter->thread)) {
            return false;
        }
    }
    waiter->status = STATUS_SUCCESS;
    for (ULONG i = 0; i < waiter->count; i++) {
        if (consume(waiter->blocks[i].header, waiter->thread) == STATUS_ABANDONED) {
            waiter->status = STATUS_ABANDONED;
        }
    }
    return true;
}

static bool
satisfy(struct waiter *waiter)
{
    return waiter->type == WaitAll ? satisfy_all(waiter) : satisfy_any(waiter);
}

static void
link_blocks(struct waiter *waiter)
{
    for (ULONG i = 0; i < waiter->count; i++) {
        struct wait_block *block = &waiter->blocks[i];

        InsertTailList(&block->header->WaitListHead, &block->entry);
        pndis__watch_add(waiter->context->machine, &block->watched, block->header, WATCH_WAITED);
    }
}

static void
unlink_blocks(struct waiter *waiter)
{
    for (ULONG i = 0; i < waiter->count; i++) {
        RemoveEntryList(&waiter->blocks[i].entry);
        pndis__watch_remove(waiter->context->machine, &waiter->blocks[i].watched);
    }
}

void
pndis__wake_waiters_locked(struct pndis_machine *machine, DISPATCHER_HEADER *header)
{
    LIST_ENTRY *head = &header->WaitListHead;
    LIST_ENTRY *entry = head->Flink;

    while (entry != head && state_of(header) > 0) {
        struct waiter *waiter = CONTAINING_RECORD(entry, struct wait_block, entry)->waiter;

        if (!satisfy(waiter)) {
            entry = entry->Flink;
            continue;
        }
        unlink_blocks(waiter);
        waiter->done = true;
        machine->sched->ops->wake(waiter->context);
        entry = head->Flink;
    }
}

/* --- waiting --- */

/* Under the lock, which it leaves. */
static enum sleep_result
sleep_until_done(struct waiter *waiter, uint64_t deadline_ns)
{
    struct context *context = waiter->context;
    enum sleep_result result = SLEEP_WOKEN;

    if (satisfy(waiter)) {
        pndis__unlock(context->sched);
        return SLEEP_WOKEN;
    }
    waiter->status = STATUS_TIMEOUT;
    if (deadline_ns == 0) {
        pndis__unlock(context->sched);
        return SLEEP_TIMED_OUT;
    }
    link_blocks(waiter);
    PROBE(context, WAIT, .name = "begins to wait");
    while (!waiter->done && result == SLEEP_WOKEN) {
        result = context->sched->ops->sleep(context, deadline_ns);
    }
    if (waiter->done) {
        result = SLEEP_WOKEN;
    } else {
        unlink_blocks(waiter);
    }
    pndis__unlock(context->sched);
    PROBE(context, WAIT, .name = result == SLEEP_WOKEN ? "has waited" : "has waited in vain");
    return result;
}

NTSTATUS
pndis__wait_one(struct context *context, DISPATCHER_HEADER *header, uint64_t deadline_ns)
{
    struct wait_block block = {.header = header};
    struct waiter waiter = {
        .context = context,
        .thread = pndis__thread_of(context),
        .type = WaitAny,
        .count = 1,
        .blocks = &block,
    };

    block.waiter = &waiter;
    pndis__lock(context->sched);
    sleep_until_done(&waiter, deadline_ns);
    return waiter.status;
}

enum sleep_result
pndis__wait(struct context *context, void *object, uint64_t deadline_ns, bool for_host)
{
    struct wait_block block = {.header = object};
    struct waiter waiter = {
        .context = context,
        .thread = pndis__thread_of(context),
        .type = WaitAny,
        .count = 1,
        .blocks = &block,
    };
    bool outer = context->host_wait;
    enum sleep_result result;

    block.waiter = &waiter;
    pndis__lock(context->sched);
    context->host_wait = for_host;
    result = sleep_until_done(&waiter, deadline_ns);
    context->host_wait = outer;
    return result;
}

void
pndis__event_set(struct context *context, KEVENT *event)
{
    pndis__lock(context->sched);
    set_state(&event->Header, 1);
    pndis__wake_waiters_locked(context->machine, &event->Header);
    pndis__unlock(context->sched);
}

void
pndis__event_reset(struct context *context, KEVENT *event)
{
    pndis__lock(context->sched);
    set_state(&event->Header, 0);
    pndis__unlock(context->sched);
}

bool
pndis__park_locked(struct context *context, struct parked *parked)
{
    struct wait_block block = {.header = &parked->turn};
    struct waiter waiter = {
        .context = context,
        .thread = parked->thread,
        .type = WaitAny,
        .count = 1,
        .blocks = &block,
    };

    block.waiter = &waiter;
    pndis__header_init(&parked->turn, KIND_SYNCHRONIZATION_EVENT, sizeof(KEVENT), 0);
    return sleep_until_done(&waiter, SCHED_FOREVER) == SLEEP_WOKEN;
}

void
pndis__unpark_locked(struct pndis_machine *machine, struct parked *parked)
{
    set_state(&parked->turn, 1);
    pndis__wake_waiters_locked(machine, &parked->turn);
}

uint64_t
pndis__deadline_of(struct context *context, const LARGE_INTEGER *timeout)
{
    uint64_t now = pndis__now_ns(context->sched);
    uint64_t units;
    uint64_t wall;

    if (timeout == NULL) {
        return SCHED_FOREVER;
    }
    if (timeout->QuadPart == 0) {
        return 0;
    }
    if (timeout->QuadPart < 0) {
        units = 0 - (uint64_t)timeout->QuadPart;
        return units > (SCHED_FOREVER - now) / 100 ? SCHED_FOREVER - 1 : now + units * 100;
    }
    /* Times before 1970 have passed. */
    units = (uint64_t)timeout->QuadPart;
    units = units > unix_epoch ? units - unix_epoch : 0;
    wall = units > SCHED_FOREVER / 100 ? SCHED_FOREVER - 1 : units * 100;
    return wall <= context->machine->wall_ns_at_zero + now
               ? 0
               : wall - context->machine->wall_ns_at_zero;
}

bool
pndis__wait_is_too_high(struct context *context, const char *call, const void *caller)
{
    if (context->irql < DISPATCH_LEVEL) {
        return false;
    }
    pndis__report(context, RULE_WAIT_IRQL, NULL, call, caller, "waits at IRQL %u", context->irql);
    return true;
}

NTSTATUS
KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                      BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    uint64_t deadline = pndis__deadline_of(context, Timeout);

    (void)WaitReason;
    (void)WaitMode;
    (void)Alertable; /* There are no user threads and so no alerts. */
    pndis__header_check(context, Object, __func__, NT_CALLER());
    if ((Timeout == NULL || Timeout->QuadPart != 0) &&
        pndis__wait_is_too_high(context, __func__, NT_CALLER())) {
        deadline = 0;
    }
    return pndis__wait_one(context, Object, deadline);
}

NTSTATUS
KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                         KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                         PKWAIT_BLOCK WaitBlockArray)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct wait_block blocks[MAXIMUM_WAIT_OBJECTS];
    struct waiter waiter = {
        .context = context,
        .thread = pndis__thread_of(context),
        .type = WaitType,
        .count = Count,
        .blocks = blocks,
    };
    uint64_t deadline = pndis__deadline_of(context, Timeout);

    (void)WaitReason;
    (void)WaitMode;
    (void)Alertable;
    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS ||
        (WaitBlockArray == NULL && Count > THREAD_WAIT_OBJECTS)) {
        pndis__report(context, RULE_WAIT_COUNT, NULL, __func__, NT_CALLER(),
                      "waits for %u objects %s an array of wait blocks", Count,
                      WaitBlockArray == NULL ? "without" : "with");
        if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS) {
            return STATUS_INVALID_PARAMETER_1;
        }
    }
    for (ULONG i = 0; i < Count; i++) {
        blocks[i] = (struct wait_block){.waiter = &waiter, .header = Object[i]};
        pndis__header_check(context, Object[i], __func__, NT_CALLER());
    }
    if ((Timeout == NULL || Timeout->QuadPart != 0) &&
        pndis__wait_is_too_high(context, __func__, NT_CALLER())) {
        deadline = 0;
    }
    pndis__lock(context->sched);
    sleep_until_done(&waiter, deadline);
    return waiter.status;
}
