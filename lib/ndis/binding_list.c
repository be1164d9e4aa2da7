/* The bindings of an adapter: making and ending one, and walking the list of them. */
#include "ndis/binding.h"

#include "ndis/adapter.h"
#include "ndis/client.h"
#include "ndis/receive_filter.h"

#include <stdio.h>
#include <stdlib.h>

struct binding *
pndis__binding_find(const struct pndis_adapter *adapter, const struct protocol *protocol)
{
    struct binding *binding = adapter->bindings;

    while (binding != NULL && binding->protocol != protocol) {
        binding = binding->next;
    }
    return binding;
}

static void
destroy(struct binding *binding)
{
    pndis__tally_destroy(binding->sends);
    pndis__tally_destroy(binding->receives);
    pndis__tally_destroy(binding->calls);
    pndis__multicast_free(binding->filter.lists);
    free(binding);
}

void
pndis__binding_hold(struct binding *binding)
{
    __atomic_add_fetch(&binding->holds, 1, __ATOMIC_ACQ_REL);
}

void
pndis__binding_let_go(struct binding *binding)
{
    if (__atomic_sub_fetch(&binding->holds, 1, __ATOMIC_ACQ_REL) == 0) {
        destroy(binding);
    }
}

/* Its tombstone was the first who held it. */
static void
binding_free_memory(struct handle *handle)
{
    pndis__binding_let_go(CONTAINING_RECORD(handle, struct binding, handle));
}

/* The bind context is part of the binding and goes with it. */
static void
bind_context_free_memory(struct handle *handle)
{
    (void)handle;
}

static void
name_binding(struct binding *binding)
{
    int limit = (int)sizeof(binding->owner.name) / 2 - 1;

    binding->owner.kind = "binding";
    snprintf(binding->owner.name, sizeof(binding->owner.name), "%.*s@%.*s", limit,
             binding->protocol->owner.name, limit, binding->adapter->owner.name);
    binding->owner.parent = binding->protocol->driver != NULL ? &binding->protocol->driver->owner
                                                              : &binding->protocol->owner;
}

struct binding *
pndis__binding_create(struct context *context, struct pndis_adapter *adapter,
                      struct protocol *protocol)
{
    struct binding *binding = calloc(1, sizeof(*binding));

    if (binding == NULL) {
        return NULL;
    }
    binding->sends = pndis__tally_create(context->machine);
    binding->receives = pndis__tally_create(context->machine);
    binding->calls = pndis__tally_create(context->machine);
    if (binding->sends == NULL || binding->receives == NULL || binding->calls == NULL) {
        destroy(binding);
        return NULL;
    }
    binding->holds = 1;
    binding->adapter = adapter;
    binding->protocol = protocol;
    binding->send_gate = NDIS_STATUS_PAUSED;
    binding->receive_gate = NDIS_STATUS_PAUSED;
    name_binding(binding);
    pndis__state_init(&binding->at, &pndis__binding_lifecycle, &binding->owner, BD_UNBOUND);
    pndis__pending_init(&binding->bind);
    pndis__pending_init(&binding->unbind);
    pndis__pending_init(&binding->event);
    KeInitializeEvent(&binding->turn, SynchronizationEvent, TRUE);
    KeInitializeEvent(&binding->quiet, NotificationEvent, FALSE);
    KeInitializeEvent(&binding->closed, NotificationEvent, FALSE);
    pndis__handle_add(&adapter->ndis->handles, &binding->handle, HANDLE_BINDING, &binding->owner,
                      context->machine, binding_free_memory);
    pndis__handle_add(&adapter->ndis->handles, &binding->bind_handle, HANDLE_BIND_CONTEXT,
                      &binding->owner, context->machine, bind_context_free_memory);
    return binding;
}

void
pndis__binding_end(struct context *context, struct binding *binding, const char *where)
{
    struct handles *handles = &binding->adapter->ndis->handles;

    PROBE(context, ENDS, .name = where, .owner = &binding->owner, .a = RULE_LEAK_UNBIND,
          .b = ENDS_INFERRED_TO_PARENT);
    /* The context first: it lies in the memory that goes with the other. */
    pndis__handle_retire(handles, &binding->bind_handle);
    pndis__handle_retire(handles, &binding->handle);
}

void
pndis__binding_link(struct pndis_adapter *adapter, struct binding *binding)
{
    struct binding **link = &adapter->bindings;

    brief_lock(&adapter->bindings_lock);
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = binding;
    __atomic_add_fetch(&adapter->binding_count, 1, __ATOMIC_RELEASE);
    binding->number = ++adapter->bindings_ever;
    brief_unlock(&adapter->bindings_lock);
    pndis__receive_paths_changed(adapter);
}

void
pndis__binding_unlink(struct pndis_adapter *adapter, struct binding *binding)
{
    struct binding **link = &adapter->bindings;

    __atomic_store_n(&binding->closing, true, __ATOMIC_SEQ_CST);
    brief_lock(&adapter->bindings_lock);
    while (*link != NULL && *link != binding) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = binding->next;
        __atomic_sub_fetch(&adapter->binding_count, 1, __ATOMIC_RELEASE);
    }
    brief_unlock(&adapter->bindings_lock);
    pndis__receive_paths_changed(adapter);
}

struct binding *
pndis__binding_next(struct pndis_adapter *adapter, struct binding *held)
{
    struct binding *next;

    brief_lock(&adapter->bindings_lock);
    next = adapter->bindings;
    while (next != NULL && held != NULL && next->number <= held->number) {
        next = next->next;
    }
    if (next != NULL) {
        pndis__binding_hold(next);
    }
    brief_unlock(&adapter->bindings_lock);
    if (held != NULL) {
        pndis__binding_let_go(held);
    }
    return next;
}

void
pndis__bindings_abandon(struct context *context, struct pndis_adapter *adapter)
{
    while (adapter->bindings != NULL) {
        struct binding *binding = adapter->bindings;

        pndis__binding_unlink(adapter, binding);
        if (binding->protocol->driver == NULL) {
            pndis__client_abandon(binding->context);
        }
        pndis__binding_end(context, binding, "removal");
    }
}
