/*
 * Inside NDIS: what can be done with an adapter. lifecycle.c takes the miniport through single
 * transitions, stack.c the whole stack through operations, host_adapter.c is the host's door to
 * both.
 */
#ifndef PNDIS_LIB_NDIS_ADAPTER_H
#define PNDIS_LIB_NDIS_ADAPTER_H

#include "ndis/ndis_core.h"
#include "ndis/restart.h"

/* --- identity (adapter.c) --- */

/*
 * The adapter behind a MiniportAdapterHandle that is between MiniportInitializeEx and the end of
 * MiniportHaltEx; NULL after a report otherwise.
 */
struct pndis_adapter *pndis__adapter_of(struct context *context, NDIS_HANDLE handle,
                                        const char *call, const void *caller);

/* The same for hot paths. */
static inline struct pndis_adapter *
adapter_of_fast(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    struct pndis_adapter *adapter = handle;

    if (handle_trusted(context, handle, HANDLE_ADAPTER) && adapter->alive) {
        return adapter;
    }
    return pndis__adapter_of(context, handle, call, caller);
}

struct pndis_adapter *pndis__adapter_create(struct context *context, struct miniport_driver *driver,
                                            const struct pndis_adapter_options *options);
void pndis__adapter_destroy(struct context *context, struct pndis_adapter *adapter);

/* Keep an adapter from being freed, without keeping it from anything else. Any IRQL. */
void pndis__adapter_hold(struct pndis_adapter *adapter);
void pndis__adapter_let_go(struct pndis_adapter *adapter);
/* The adapter after @held (NULL: the first), held; lets @held go. NULL after the last. */
struct pndis_adapter *pndis__adapter_next(struct context *context, struct ndis *ndis,
                                          struct pndis_adapter *held);

/* --- names (adapter_name.c) --- */

/*
 * Give @adapter the name @wanted, or the next free one, and what follows from its index. Returns 0,
 * or PNDIS_EEXIST.
 */
int pndis__adapter_name(struct context *context, struct pndis_adapter *adapter, const char *wanted);
/* The name is free again. */
void pndis__adapter_unname(struct context *context, struct pndis_adapter *adapter);

/* Recompute what sends and receives are met with from state, reset, power and removal. */
void pndis__adapter_gates(struct pndis_adapter *adapter);

/* Something that has to go when the adapter halts, whether its driver remembers or not. */
struct possession {
    struct possession *next;
    struct possession *prev;
    struct pndis_adapter *adapter; /* NULL: not on any list. */
    void (*reclaim)(struct context *context, struct possession *possession);
};

void pndis__possession_add(struct pndis_adapter *adapter, struct possession *possession,
                           void (*reclaim)(struct context *context, struct possession *possession));
/* The same for something acquired with @handle: nothing when that is no adapter's. */
void pndis__possession_of_handle(struct context *context, NDIS_HANDLE handle,
                                 struct possession *possession,
                                 void (*reclaim)(struct context *context,
                                                 struct possession *possession));
void pndis__possession_remove(struct possession *possession);
/* Reclaim all that is left. */
void pndis__possessions_reclaim(struct context *context, struct pndis_adapter *adapter);

/* --- single transitions (lifecycle.c) --- */

/* All call the miniport at PASSIVE_LEVEL. The state of @adapter allows it, else MP_STATE is
 * reported. */
NDIS_STATUS pndis__adapter_initialize(struct context *context, struct pndis_adapter *adapter);
void pndis__adapter_halt(struct context *context, struct pndis_adapter *adapter,
                         NDIS_HALT_ACTION action);

/*
 * Ask the miniport to pause or restart. Returns NDIS_STATUS_PENDING while it has not finished; then
 * pndis__adapter_finish_wait() waits. @list NULL: restart without attributes.
 */
NDIS_STATUS pndis__adapter_pause(struct context *context, struct pndis_adapter *adapter,
                                 bool for_removal);
NDIS_STATUS pndis__adapter_restart(struct context *context, struct pndis_adapter *adapter,
                                   struct restart_list *list);
/* What the miniport has been asked for and has not finished. */
enum adapter_operation pndis__adapter_operation(const struct pndis_adapter *adapter);
enum sleep_result pndis__adapter_finish_wait(struct context *context, struct pndis_adapter *adapter,
                                             uint64_t deadline_ns, NDIS_STATUS *out_status);
void pndis__adapter_shutdown(struct context *context, struct pndis_adapter *adapter,
                             NDIS_SHUTDOWN_ACTION action);

/* --- the stack (stack.c) --- */

/* Whether there is a stack to stop, with an initialized miniport or one that was halted for power.
 */
static inline bool
stack_is_up(const struct pndis_adapter *adapter)
{
    return (adapter->started || adapter->halted_for_power) && state_of(&adapter->at) != MP_SHUTDOWN;
}

/* How a stack operation ended: 0 or PNDIS_E*, with pndis_last_error() set. The first initializes
 * the miniport and tells it of the power profile. */
int pndis__stack_initialize(struct context *context, struct pndis_adapter *adapter);
int pndis__stack_start(struct context *context, struct pndis_adapter *adapter);
int pndis__stack_stop(struct context *context, struct pndis_adapter *adapter,
                      NDIS_HALT_ACTION action);
int pndis__stack_pause(struct context *context, struct pndis_adapter *adapter, bool for_removal);
int pndis__stack_restart(struct context *context, struct pndis_adapter *adapter);

/* --- its end (removal.c) --- */

/*
 * Ask the protocols whether the adapter may go. PNDIS_EDRIVER: one of them does not let it, and all
 * have been told that it stays.
 */
int pndis__stack_ask_to_go(struct context *context, struct pndis_adapter *adapter);
/* It is gone: tell drivers, and stop the stack. */
int pndis__stack_remove(struct context *context, struct pndis_adapter *adapter,
                        NDIS_HALT_ACTION action);

/* The miniport says that its hardware failed: stop the stack from a system thread. An NDIS_STATUS.
 */
NDIS_STATUS pndis__remove_later(struct context *context, struct pndis_adapter *adapter);

/* --- changing the stack (stack.c) --- */

/* Take and give the adapter's stack lock. Taking returns 0 or PNDIS_ETIMEDOUT, PNDIS_ESTALLED. */
int pndis__stack_lock(struct context *context, struct pndis_adapter *adapter);
void pndis__stack_unlock(struct pndis_adapter *adapter);

/*
 * Change a stack that may be running: pause it if it runs, call @change, restart it if anything is
 * bound. The caller holds the stack lock.
 */
int pndis__stack_modify(struct context *context, struct pndis_adapter *adapter,
                        int (*change)(struct context *context, struct pndis_adapter *adapter,
                                      void *user),
                        void *user);

/* Bind every protocol that is not bound to @adapter and wants it, as a change of the stack. */
int pndis__stack_bind(struct context *context, struct pndis_adapter *adapter);

/* Pause the stack and unbind all that is bound. */
int pndis__stack_unbind(struct context *context, struct pndis_adapter *adapter);

/* Bind and unbind, with the stack lock held and the adapter not Running. */
int pndis__binding_bind(struct context *context, struct pndis_adapter *adapter,
                        struct protocol *protocol);
int pndis__binding_unbind(struct context *context, struct binding *binding);
/* The adapter goes, and drivers were not asked to let it go: none is asked any more. */
void pndis__bindings_abandon(struct context *context, struct pndis_adapter *adapter);
/* The binding of @protocol to @adapter, or NULL. */
struct binding *pndis__binding_find(const struct pndis_adapter *adapter,
                                    const struct protocol *protocol);
NDIS_STATUS pndis__binding_pause(struct context *context, struct binding *binding);
NDIS_STATUS pndis__binding_restart(struct context *context, struct binding *binding,
                                   struct restart_list *list);
/* Wait for an earlier pause or restart that nobody waits for any more. */
enum sleep_result pndis__binding_settle(struct context *context, struct binding *binding);
/* The protocol answered a NetEventPause or NetEventRestart, by its return value or by a call. */
void pndis__binding_answered(struct context *context, struct binding *binding, NDIS_STATUS status);

/* How long pndis itself waits for a driver: the machine's timeout from now. */
uint64_t pndis__deadline(struct context *context);
/* The PNDIS_E* for a wait that did not end well, with the error set. */
/* Return when @count, which others count down atomically, is 0: for what is over in a moment, and
 * may take the memory of an event with it. PASSIVE_LEVEL. */
void pndis__wait_for_none(const uint32_t *count);
int pndis__wait_error(enum sleep_result result, const char *whom, const char *what);

#endif
