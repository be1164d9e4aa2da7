/*
 * The data path: what send.c, receive.c and loopback.c share. All of it runs at IRQL <=
 * DISPATCH_LEVEL, takes chains as they come, and counts per chain.
 */
#ifndef PNDIS_LIB_NDIS_DATA_H
#define PNDIS_LIB_NDIS_DATA_H

#include "ndis/nbl.h"

/* Whether drivers are watched closely: then every list of a chain is looked at. */
static inline bool
data_checked(const struct context *context)
{
    return __builtin_expect(!context->machine->options.without_ledger, 0);
}

static inline uint64_t
chain_length(const NET_BUFFER_LIST *nbl)
{
    uint64_t count = 0;

    for (; nbl != NULL; nbl = nbl->Next) {
        count++;
    }
    return count;
}

static inline NET_BUFFER_LIST *
chain_last(NET_BUFFER_LIST *nbl)
{
    while (nbl->Next != NULL) {
        nbl = nbl->Next;
    }
    return nbl;
}

/*
 * The first lists of @chain that came from the same source, cut off from it; the rest is left in
 * @chain. Lists of one source that are not next to each other come in several pieces.
 */
static inline NET_BUFFER_LIST *
chain_take_source(NET_BUFFER_LIST **chain, uint64_t *out_count)
{
    NET_BUFFER_LIST *first = *chain;
    NET_BUFFER_LIST *last = first;
    uint64_t count = 1;

    while (last->Next != NULL && last->Next->SourceHandle == first->SourceHandle) {
        last = last->Next;
        count++;
    }
    *chain = last->Next;
    last->Next = NULL;
    *out_count = count;
    return first;
}

/* Something of @binding came back: wake who waits for that. */
void pndis__binding_quiet(struct binding *binding);

static inline void
binding_maybe_quiet(struct binding *binding)
{
    if (__builtin_expect(__atomic_load_n(&binding->quiet_wanted, __ATOMIC_SEQ_CST), 0)) {
        pndis__binding_quiet(binding);
    }
}

/* A flag that says DISPATCH_LEVEL, where it is not: DISPATCH_FLAG is reported. */
void pndis__dispatch_flag_check(struct context *context, bool flag_set, const char *call,
                                const void *caller);

/* Complete @nbls to the binding that sent them, with @status in each. */
void pndis__refuse_sends(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls,
                         uint64_t count, NDIS_STATUS status);

/* Hand received lists that nobody wants, or that come back, to the miniport. */
void pndis__return_to_miniport(struct context *context, struct pndis_adapter *adapter,
                               NET_BUFFER_LIST *nbls, uint64_t count, ULONG flags);

/* Give @nbls to @binding; false when it takes nothing now and they are the caller's still. */
bool pndis__binding_receive(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls,
                            NDIS_PORT_NUMBER port, uint64_t count, ULONG flags);

/* Show what @sender sends to whoever on the same adapter wants to see it. */
void pndis__loop_back(struct context *context, struct binding *sender, NET_BUFFER_LIST *nbls,
                      NDIS_PORT_NUMBER port, ULONG send_flags);

/* --- who holds a list, watched in checked machines --- */

/* @nbls go to @holder now: an adapter or a binding. */
void pndis__holder_set(NET_BUFFER_LIST *nbls, const void *holder);
/*
 * @nbls come back from @holder: report those that it does not hold (@rule) and take them off the
 * chain, so that they are not counted or delivered twice. Returns what is left.
 */
NET_BUFFER_LIST *pndis__holder_check(struct context *context, NET_BUFFER_LIST *nbls,
                                     const void *holder, struct owner *owner, enum rule rule,
                                     const char *call, const void *caller);

#endif
