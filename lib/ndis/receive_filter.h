/*
 * Who receives what: packet filters and multicast lists of bindings, and what the miniport is told.
 *
 * Each binding sets OID_GEN_CURRENT_PACKET_FILTER, OID_802_3_MULTICAST_LIST and
 * OID_GEN_CURRENT_LOOKAHEAD for itself. NDIS keeps them, sends the combination of all bindings to
 * the miniport, and lets each binding see only the frames that its own filter lets through.
 */
#ifndef PNDIS_LIB_NDIS_RECEIVE_FILTER_H
#define PNDIS_LIB_NDIS_RECEIVE_FILTER_H

#include "ndis/ndis_core.h"

/* More bindings of one adapter than this do not all receive the same frame. */
enum { TAKER_LIMIT = 32 };

/* The bindings that are to see the first frame of @nbl, in binding order. Returns how many. */
unsigned pndis__takers_of(struct pndis_adapter *adapter, NET_BUFFER_LIST *nbl, ULONG receive_flags,
                          struct binding *takers[TAKER_LIMIT]);
/* Whether exactly @takers are to see @nbl. */
bool pndis__takers_are(struct pndis_adapter *adapter, NET_BUFFER_LIST *nbl, ULONG receive_flags,
                       struct binding *const *takers, unsigned count);
/* Whether the medium of @adapter is one whose frames NDIS filters and loops back. */
bool pndis__packet_type_is_checked(const struct pndis_adapter *adapter);
/* Whether @binding's filter lets a frame to @address through. */
bool pndis__filter_passes(const struct binding *binding, const UCHAR *address);

/* Bindings or their filters changed: recompute the shortcuts of the data path. */
void pndis__receive_paths_changed(struct pndis_adapter *adapter);

/* Tell the miniport the combination of all filters, where it is not what it was told last; one that
 * sleeps is told when it is awake. */
void pndis__receive_filter_changed(struct context *context, struct pndis_adapter *adapter);
/* The same after a reset that lost them: tell everything again. */
void pndis__receive_filter_again(struct context *context, struct pndis_adapter *adapter);
/* @binding closes: it wants nothing any more. */
void pndis__receive_filter_forget(struct binding *binding);

/*
 * New values from @binding's OIDs. Each may be set again before the miniport has answered: what it
 * refuses gives way to what it took last, unless the binding has set another since.
 */

/*
 * Set the packet filter. Returns whether the miniport has to be asked for @out_combined; then
 * pndis__packet_filter_answered() follows, with the number of this set and what was @asked and
 * @combined.
 */
bool pndis__packet_filter_ask(struct binding *binding, ULONG packet_filter, uint32_t *out_setting,
                              ULONG *out_combined);
void pndis__packet_filter_answered(struct binding *binding, uint32_t setting, ULONG asked,
                                   bool accepted, ULONG combined);
uint32_t pndis__lookahead_set(struct binding *binding, ULONG lookahead);
void pndis__lookahead_answered(struct binding *binding, uint32_t setting, ULONG asked,
                               bool accepted);
/* Returns an NDIS_STATUS; with @once each address is taken once. */
NDIS_STATUS pndis__multicast_set(struct context *context, struct binding *binding,
                                 const void *addresses, ULONG bytes, bool once,
                                 struct multicast_list **out_list);
void pndis__multicast_answered(struct binding *binding, struct multicast_list *list, bool accepted);
void pndis__multicast_free(struct multicast_list *list);

/* The filters of all bindings, or-ed. */
ULONG pndis__packet_filter_combined(struct pndis_adapter *adapter);
/* What the miniport has to be told for all bindings together. */
ULONG pndis__packet_filter_of_all(struct pndis_adapter *adapter);
ULONG pndis__lookahead_of_all(struct pndis_adapter *adapter);
/* The union of all multicast lists, each address once. Returns bytes written, at most @bytes. */
ULONG pndis__multicast_of_all(struct pndis_adapter *adapter, UCHAR *addresses, ULONG bytes);

#endif
