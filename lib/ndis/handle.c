/* Handles and their tombstones. See handle.h. */
#include "ndis/handle.h"

static const char *const kind_words[] = {[HANDLE_NONE] = "nothing",
#define X(name, words) [HANDLE_##name] = words,
                                         HANDLE_KINDS(X)
#undef X
};

void
pndis__handle_add(struct handles *handles, struct handle *handle, enum handle_kind kind,
                  struct owner *owner, struct pndis_machine *machine,
                  void (*free_memory)(struct handle *handle))
{
    pndis__handle_add_as(handles, handle, handle, kind, owner, machine, free_memory);
}

void
pndis__handle_add_as(struct handles *handles, struct handle *handle, const void *self,
                     enum handle_kind kind, struct owner *owner, struct pndis_machine *machine,
                     void (*free_memory)(struct handle *handle))
{
    handle->magic = HANDLE_MAGIC;
    handle->kind = (uint16_t)kind;
    handle->dead = false;
    handle->owner = owner;
    handle->machine = machine;
    handle->free_memory = free_memory;
    handle->next_dead = NULL;
    handle->self = self;
    brief_lock(&handles->lock);
    HASH_ADD_PTR(handles->known, self, handle);
    brief_unlock(&handles->lock);
}

static struct handle *
take_oldest_dead(struct handles *handles)
{
    struct handle *oldest = handles->oldest_dead;

    handles->oldest_dead = oldest->next_dead;
    if (handles->oldest_dead == NULL) {
        handles->newest_dead = NULL;
    }
    handles->dead_count--;
    HASH_DEL(handles->known, oldest);
    return oldest;
}

static void
bury(struct handles *handles, struct handle *handle)
{
    handle->dead = true;
    if (handles->newest_dead == NULL) {
        handles->oldest_dead = handle;
    } else {
        handles->newest_dead->next_dead = handle;
    }
    handles->newest_dead = handle;
    handles->dead_count++;
}

void
pndis__handle_retire(struct handles *handles, struct handle *handle)
{
    struct handle *evicted = NULL;

    brief_lock(&handles->lock);
    bury(handles, handle);
    if (handles->dead_count > TOMBSTONE_LIMIT) {
        evicted = take_oldest_dead(handles);
    }
    brief_unlock(&handles->lock);
    if (evicted != NULL) {
        evicted->magic = 0;
        evicted->free_memory(evicted);
    }
}

/* What no driver gave back. A bind context lies in the memory of its binding: it goes first. */
static void
bury_living(struct handles *handles, bool bind_contexts)
{
    struct handle *handle;
    struct handle *next;

    HASH_ITER (hh, handles->known, handle, next) {
        if (!handle->dead && (handle->kind == HANDLE_BIND_CONTEXT) == bind_contexts) {
            bury(handles, handle);
        }
    }
}

void
pndis__handles_fini(struct handles *handles)
{
    bury_living(handles, true);
    bury_living(handles, false);
    while (handles->oldest_dead != NULL) {
        struct handle *handle = take_oldest_dead(handles);

        handle->magic = 0;
        handle->free_memory(handle);
    }
    HASH_CLEAR(hh, handles->known);
}

static struct handle *
find(struct handles *handles, NDIS_HANDLE given)
{
    const void *key = given;
    struct handle *handle;

    brief_lock(&handles->lock);
    HASH_FIND_PTR(handles->known, &key, handle);
    brief_unlock(&handles->lock);
    return handle;
}

static const char *
words_for(unsigned kinds)
{
    unsigned kind = kinds == 0 ? 0 : (unsigned)__builtin_ctz(kinds);

    return kind < HANDLE_KIND_COUNT ? kind_words[kind] : kind_words[0];
}

struct handle *
pndis__handle(struct context *context, NDIS_HANDLE given, unsigned kinds, const char *call,
              const void *caller)
{
    struct handles *handles = pndis__handles_of(context->machine);
    struct handle *handle = handles == NULL ? NULL : find(handles, given);

    if (handle == NULL) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "%s was given %s instead of %s", call,
                      given == NULL ? "NULL" : "something that is no handle", words_for(kinds));
        return NULL;
    }
    if ((kinds >> handle->kind & 1) == 0) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "%s was given %s instead of %s", call, kind_words[handle->kind],
                      words_for(kinds));
        return NULL;
    }
    if (handle->dead) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "%s was given %s that is no longer valid", call, kind_words[handle->kind]);
        return NULL;
    }
    return handle;
}

bool
pndis__handle_slow(struct context *context, NDIS_HANDLE given, enum handle_kind kind,
                   const char *call, const void *caller)
{
    return pndis__handle(context, given, 1u << kind, call, caller) != NULL;
}

bool
pndis__handle_known(struct pndis_machine *machine, NDIS_HANDLE given, unsigned kinds)
{
    struct handles *handles = pndis__handles_of(machine);
    const struct handle *handle = handles == NULL ? NULL : find(handles, given);

    return handle != NULL && !handle->dead && (kinds >> handle->kind & 1) != 0;
}

bool
pndis__handle_remembered(struct pndis_machine *machine, NDIS_HANDLE given, unsigned kinds)
{
    struct handles *handles = pndis__handles_of(machine);
    const struct handle *handle = handles == NULL ? NULL : find(handles, given);

    return handle != NULL && (kinds >> handle->kind & 1) != 0;
}

bool
pndis__owner_of_handle(struct context *context, NDIS_HANDLE given, const char *call,
                       const void *caller, struct owner **out_owner)
{
    const unsigned kinds = HANDLE_BIT(ADAPTER) | HANDLE_BIT(MINIPORT_DRIVER) |
                           HANDLE_BIT(PROTOCOL) | HANDLE_BIT(BINDING) | HANDLE_BIT(BIND_CONTEXT) |
                           HANDLE_BIT(GENERIC_OBJECT) | HANDLE_BIT(DEVICE);
    const struct handle *handle;

    *out_owner = NULL;
    if (given == NULL) {
        return true;
    }
    handle = pndis__handle(context, given, kinds, call, caller);
    if (handle == NULL) {
        return false;
    }
    *out_owner = handle->owner;
    return true;
}
