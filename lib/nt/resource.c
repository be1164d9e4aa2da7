/*
 * ERESOURCEs: reader/writer locks that a thread may take again ("Introduction to ERESOURCE
 * Routines").
 *
 * Who owns one, and who waits, is kept in memory of its own from ExInitializeResourceLite to
 * ExDeleteResourceLite, which OwnerTable points to; the counts that debuggers and drivers look at
 * are kept up to date in the structure. Everything is guarded by the dispatcher lock.
 */
#include "nt/wait.h"
#include "nt/watch.h"

#include <stdlib.h>

struct resource_owner {
    ERESOURCE_THREAD id; /* A thread, or what ExSetResourceOwnerPointer was given. */
    ULONG count;
};

struct resource_state {
    struct watched watched;
    LIST_ENTRY queue; /* struct parked. */
    bool exclusive;   /* The first owner is the only one, and owns it exclusively. */
    size_t owner_count;
    size_t capacity;
    struct resource_owner *owners;
};

/* How readers behave while a writer waits. */
enum reader_manner { READER_FAIR, READER_STARVES_WRITERS, READER_WAITS_FOR_WRITERS };

static struct resource_state *
state_of_resource(const ERESOURCE *resource)
{
    return (struct resource_state *)resource->OwnerTable;
}

/* NULL, and reported, for a resource that was not initialised. */
static struct resource_state *
checked_state(struct context *context, PERESOURCE resource, const char *call, const void *caller)
{
    if (resource->OwnerTable == NULL) {
        pndis__report(context, RULE_DISPATCHER_INITIALIZE, NULL, call, caller,
                      "uses an ERESOURCE that has not been initialised, or was deleted");
    }
    return state_of_resource(resource);
}

static ERESOURCE_THREAD
id_of(struct thread *thread)
{
    return (ERESOURCE_THREAD)thread;
}

/* --- owners, under the dispatcher lock --- */

static struct resource_owner *
find_owner(struct resource_state *state, ERESOURCE_THREAD id)
{
    for (size_t i = 0; i < state->owner_count; i++) {
        if (state->owners[i].id == id) {
            return &state->owners[i];
        }
    }
    return NULL;
}

static void
publish(PERESOURCE resource)
{
    struct resource_state *state = state_of_resource(resource);

    resource->ActiveEntries = (ULONG)state->owner_count;
    resource->ActiveCount = state->owner_count > 0;
    resource->Flag = state->exclusive ? ResourceOwnedExclusive : 0;
    resource->OwnerEntry.OwnerThread = state->exclusive ? state->owners[0].id : 0;
}

static void
add_owner(PERESOURCE resource, ERESOURCE_THREAD id, bool exclusive)
{
    struct resource_state *state = state_of_resource(resource);
    struct resource_owner *owner = find_owner(state, id);

    if (owner != NULL) {
        owner->count++;
        return;
    }
    if (state->owner_count == state->capacity) {
        size_t capacity = state->capacity == 0 ? 4 : state->capacity * 2;
        struct resource_owner *grown = realloc(state->owners, capacity * sizeof(*grown));

        if (grown == NULL) {
            pndis__os_report("pndis: no memory for the owners of an ERESOURCE\n");
            pndis__os_die();
        }
        state->owners = grown;
        state->capacity = capacity;
    }
    state->owners[state->owner_count++] = (struct resource_owner){.id = id, .count = 1};
    state->exclusive = exclusive;
    publish(resource);
}

static struct parked *
first_in_queue(struct resource_state *state)
{
    return IsListEmpty(&state->queue) ? NULL
                                      : CONTAINING_RECORD(state->queue.Flink, struct parked, entry);
}

static void
grant(struct pndis_machine *machine, PERESOURCE resource, struct parked *parked)
{
    RemoveEntryList(&parked->entry);
    if (parked->exclusive) {
        resource->NumberOfExclusiveWaiters--;
    } else {
        resource->NumberOfSharedWaiters--;
    }
    add_owner(resource, id_of(parked->thread), parked->exclusive);
    pndis__unpark_locked(machine, parked);
}

/* It became free, or shared: let those on that can go on now, in their order. */
static void
hand_over(struct pndis_machine *machine, PERESOURCE resource)
{
    struct resource_state *state = state_of_resource(resource);
    struct parked *parked;

    while (!state->exclusive && (parked = first_in_queue(state)) != NULL &&
           (!parked->exclusive || state->owner_count == 0)) {
        grant(machine, resource, parked);
    }
}

/* --- acquiring --- */

static bool
can_share(const ERESOURCE *resource, const struct resource_owner *mine, enum reader_manner manner)
{
    const struct resource_state *state = state_of_resource(resource);
    bool writer_waits = resource->NumberOfExclusiveWaiters > 0;

    if (state->exclusive) {
        return mine != NULL;
    }
    if (manner == READER_STARVES_WRITERS || !writer_waits) {
        return true;
    }
    return manner == READER_FAIR && mine != NULL;
}

static bool
can_acquire(const ERESOURCE *resource, const struct resource_owner *mine, bool exclusive,
            enum reader_manner manner)
{
    const struct resource_state *state = state_of_resource(resource);

    if (!exclusive) {
        return can_share(resource, mine, manner);
    }
    return state->owner_count == 0 ? resource->NumberOfExclusiveWaiters == 0
                                   : state->exclusive && mine != NULL;
}

static BOOLEAN
wait_in_queue(struct context *context, PERESOURCE resource, bool exclusive)
{
    struct resource_state *state = state_of_resource(resource);
    struct parked parked = {
        .lock = resource,
        .thread = pndis__thread_of(context),
        .exclusive = exclusive,
    };
    ULONG *waiters =
        exclusive ? &resource->NumberOfExclusiveWaiters : &resource->NumberOfSharedWaiters;

    ++*waiters;
    resource->ContentionCount++;
    InsertTailList(&state->queue, &parked.entry);
    if (pndis__park_locked(context, &parked)) {
        return TRUE;
    }
    pndis__lock(context->sched);
    RemoveEntryList(&parked.entry);
    --*waiters;
    pndis__unlock(context->sched);
    return FALSE;
}

static BOOLEAN
acquire(struct context *context, PERESOURCE resource, bool exclusive, enum reader_manner manner,
        bool wait, const char *call, const void *caller)
{
    struct resource_state *state = checked_state(context, resource, call, caller);
    ERESOURCE_THREAD id = id_of(pndis__thread_of(context));
    struct resource_owner *mine;
    bool upgrade;

    if (state == NULL) {
        return FALSE;
    }
    pndis__region_check(context, call, caller);
    wait = wait && !pndis__wait_is_too_high(context, call, caller);
    pndis__lock(context->sched);
    mine = find_owner(state, id);
    upgrade = exclusive && wait && mine != NULL && !state->exclusive;
    if (can_acquire(resource, mine, exclusive, manner)) {
        add_owner(resource, id, exclusive);
        pndis__unlock(context->sched);
        return TRUE;
    }
    if (wait && !upgrade) {
        return wait_in_queue(context, resource, exclusive);
    }
    pndis__unlock(context->sched);
    if (upgrade) {
        pndis__report(context, RULE_RESOURCE_UPGRADE, NULL, call, caller,
                      "waits for exclusive access while it has shared access");
    }
    return FALSE;
}

/* --- releasing --- */

static void
release(struct context *context, PERESOURCE resource, ERESOURCE_THREAD id, const char *call,
        const void *caller)
{
    struct resource_state *state = checked_state(context, resource, call, caller);
    struct resource_owner *owner;

    if (state == NULL) {
        return;
    }
    pndis__lock(context->sched);
    owner = find_owner(state, id);
    if (owner != NULL && --owner->count == 0) {
        *owner = state->owners[--state->owner_count];
        state->exclusive = false;
        publish(resource);
        hand_over(context->machine, resource);
    }
    pndis__unlock(context->sched);
    if (owner == NULL) {
        pndis__report(context, RULE_RESOURCE_RELEASE, NULL, call, caller,
                      "releases an ERESOURCE that the thread does not own");
    }
}

/* --- for drivers --- */

static void
state_destroy(struct watched *watched)
{
    struct resource_state *state =
        (struct resource_state *)((char *)watched - offsetof(struct resource_state, watched));

    free(state->owners);
    free(state);
}

NTSTATUS
ExInitializeResourceLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct resource_state *state;

    memset(Resource, 0, sizeof(*Resource));
    state = pndis__fault(context) ? NULL : calloc(1, sizeof(*state));
    if (state == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    InitializeListHead(&state->queue);
    Resource->OwnerTable = (POWNER_ENTRY)(void *)state;
    pndis__watch_own(context->machine, &state->watched, Resource, WATCH_ERESOURCE, state_destroy);
    pndis__acquired(context, RESOURCE_ERESOURCE, Resource, 0, 0, NULL, __func__, NT_CALLER());
    return STATUS_SUCCESS;
}

NTSTATUS
ExReinitializeResourceLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct resource_state *state = checked_state(context, Resource, __func__, NT_CALLER());

    if (state == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    pndis__lock(context->sched);
    state->owner_count = 0;
    state->exclusive = false;
    Resource->ContentionCount = 0;
    publish(Resource);
    hand_over(context->machine, Resource);
    pndis__unlock(context->sched);
    return STATUS_SUCCESS;
}

NTSTATUS
ExDeleteResourceLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct resource_state *state = checked_state(context, Resource, __func__, NT_CALLER());

    if (state == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (state->owner_count != 0 || !IsListEmpty(&state->queue)) {
        pndis__report(context, RULE_RESOURCE_RELEASE, NULL, __func__, NT_CALLER(),
                      "deletes an ERESOURCE that is owned or waited for");
        return STATUS_RESOURCE_IN_USE;
    }
    pndis__released(context, RESOURCE_ERESOURCE, Resource, __func__);
    pndis__watch_remove(context->machine, &state->watched);
    Resource->OwnerTable = NULL;
    state_destroy(&state->watched);
    return STATUS_SUCCESS;
}

BOOLEAN
ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return acquire(context, Resource, true, READER_FAIR, Wait, __func__, NT_CALLER());
}

BOOLEAN
ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return acquire(context, Resource, false, READER_FAIR, Wait, __func__, NT_CALLER());
}

BOOLEAN
ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return acquire(context, Resource, false, READER_STARVES_WRITERS, Wait, __func__, NT_CALLER());
}

BOOLEAN
ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return acquire(context, Resource, false, READER_WAITS_FOR_WRITERS, Wait, __func__, NT_CALLER());
}

PVOID
ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    pndis__thread_of(context)->critical_regions++;
    acquire(context, Resource, true, READER_FAIR, true, __func__, NT_CALLER());
    return pndis__thread_of(context);
}

PVOID
ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    pndis__thread_of(context)->critical_regions++;
    acquire(context, Resource, false, READER_FAIR, true, __func__, NT_CALLER());
    return pndis__thread_of(context);
}

VOID
ExReleaseResourceLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    release(context, Resource, id_of(pndis__thread_of(context)), __func__, NT_CALLER());
}

VOID
ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    release(context, Resource, ResourceThreadId, __func__, NT_CALLER());
}

VOID
ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    release(context, Resource, id_of(pndis__thread_of(context)), __func__, NT_CALLER());
    pndis__thread_of(context)->critical_regions--;
}

VOID
ExConvertExclusiveToSharedLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct resource_state *state = checked_state(context, Resource, __func__, NT_CALLER());
    bool owned;

    if (state == NULL) {
        return;
    }
    pndis__lock(context->sched);
    owned = state->exclusive && find_owner(state, id_of(pndis__thread_of(context))) != NULL;
    if (owned) {
        state->exclusive = false;
        publish(Resource);
        hand_over(context->machine, Resource);
    }
    pndis__unlock(context->sched);
    if (!owned) {
        pndis__report(context, RULE_RESOURCE_RELEASE, NULL, __func__, NT_CALLER(),
                      "converts an ERESOURCE that the thread does not own exclusively");
    }
}

/* Passes ownership to a user thread that the caller acts for. */
VOID
ExSetResourceOwnerPointer(PERESOURCE Resource, PVOID OwnerPointer)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct resource_state *state = checked_state(context, Resource, __func__, NT_CALLER());
    struct resource_owner *owner;

    if (state == NULL) {
        return;
    }
    pndis__lock(context->sched);
    owner = find_owner(state, id_of(pndis__thread_of(context)));
    if (owner != NULL) {
        owner->id = (ERESOURCE_THREAD)OwnerPointer;
        publish(Resource);
    }
    pndis__unlock(context->sched);
    if (owner == NULL) {
        pndis__report(context, RULE_RESOURCE_RELEASE, NULL, __func__, NT_CALLER(),
                      "passes on an ERESOURCE that the thread does not own");
    }
}

/* --- looking --- */

BOOLEAN
ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct resource_state *state = checked_state(context, Resource, __func__, NT_CALLER());
    bool owned;

    if (state == NULL) {
        return FALSE;
    }
    pndis__lock(context->sched);
    owned = state->exclusive && find_owner(state, id_of(pndis__thread_of(context))) != NULL;
    pndis__unlock(context->sched);
    return owned;
}

ULONG
ExIsResourceAcquiredSharedLite(PERESOURCE Resource)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct resource_state *state = checked_state(context, Resource, __func__, NT_CALLER());
    const struct resource_owner *owner;
    ULONG count;

    if (state == NULL) {
        return 0;
    }
    pndis__lock(context->sched);
    owner = find_owner(state, id_of(pndis__thread_of(context)));
    count = owner == NULL ? 0 : owner->count;
    pndis__unlock(context->sched);
    return count;
}

static ULONG
read_locked(struct context *context, const ULONG *value)
{
    ULONG result;

    pndis__lock(context->sched);
    result = *value;
    pndis__unlock(context->sched);
    return result;
}

ULONG
ExGetExclusiveWaiterCount(PERESOURCE Resource)
{
    return read_locked(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), &Resource->NumberOfExclusiveWaiters);
}

ULONG
ExGetSharedWaiterCount(PERESOURCE Resource)
{
    return read_locked(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL), &Resource->NumberOfSharedWaiters);
}
