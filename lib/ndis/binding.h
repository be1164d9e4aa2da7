/*
 * Inside NDIS: bindings as objects. An adapter's list of them changes with its stack lock held,
 * while it is not Running; who walks it without that lock takes the bindings by reference.
 */
#ifndef PNDIS_LIB_NDIS_BINDING_H
#define PNDIS_LIB_NDIS_BINDING_H

#include "ndis/ndis_core.h"

/* --- the list (binding_list.c) --- */

/* A new binding that is on no list; NULL for want of memory. */
struct binding *pndis__binding_create(struct context *context, struct pndis_adapter *adapter,
                                      struct protocol *protocol);
void pndis__binding_link(struct pndis_adapter *adapter, struct binding *binding);
void pndis__binding_unlink(struct pndis_adapter *adapter, struct binding *binding);
/* Its life ended in @where. Its memory goes with its tombstone, or with who still holds it. */
void pndis__binding_end(struct context *context, struct binding *binding, const char *where);

/* Keep a binding's memory, without keeping it from being closed. Any IRQL. */
void pndis__binding_hold(struct binding *binding);
void pndis__binding_let_go(struct binding *binding);
/*
 * The binding after @held (NULL: the first), held; lets @held go, which may have left the list.
 * NULL after the last. IRQL <= DISPATCH_LEVEL.
 */
struct binding *pndis__binding_next(struct pndis_adapter *adapter, struct binding *held);

static inline bool
binding_is_closing(const struct binding *binding)
{
    return __atomic_load_n(&binding->closing, __ATOMIC_SEQ_CST);
}

/* Whether its protocol may be called for it. */
static inline bool
binding_is_open(const struct binding *binding)
{
    return __atomic_load_n(&binding->opened, __ATOMIC_SEQ_CST) && !binding_is_closing(binding);
}

/* --- turns (event.c) --- */

/*
 * What happens to one binding happens in turns: its bind, the begin of its unbind, each event. An
 * event that nobody waits for any more keeps others waiting until the protocol has completed it.
 * Returns why the turn did not come, when it did not.
 */
enum sleep_result pndis__binding_turn_take(struct context *context, struct binding *binding);
void pndis__binding_turn_give(struct binding *binding);

#endif
