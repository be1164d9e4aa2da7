/*
 * The list of NDIS_RESTART_ATTRIBUTES that travels up a stack on a full restart.
 *
 * NDIS builds it from what the miniport registered, hands the same list to the miniport, to each
 * filter module and to each binding, looks after each of them what has become of it, and frees
 * every entry exactly once, whoever allocated it.
 */
#ifndef PNDIS_LIB_NDIS_RESTART_H
#define PNDIS_LIB_NDIS_RESTART_H

#include "ndis/ndis_core.h"

struct restart_list {
    struct pndis_adapter *adapter;
    NDIS_RESTART_ATTRIBUTES *first; /* What drivers are handed; they may replace it. */
    struct snapshot *before;        /* As it was before the driver that is restarting now. */
};

/* A fresh list for a miniport (or filter) of @version. False for want of memory; @list is then
 * empty. */
bool pndis__restart_list_build(struct context *context, struct pndis_adapter *adapter,
                               struct restart_list *list);

/* A driver is about to be handed the list: remember what it looks like. False for want of memory.
 */
bool pndis__restart_list_watch(struct context *context, struct restart_list *list);

/*
 * The driver (@owner, in @call) answered with @status: check what it did to the list. A list that
 * is broken is cut back to what is sound, so that going on and freeing are safe.
 */
void pndis__restart_list_check(struct context *context, struct restart_list *list,
                               struct owner *owner, const char *call, NDIS_STATUS status);

/* The general attributes in the list, or NULL when a driver dropped them. */
NDIS_RESTART_GENERAL_ATTRIBUTES *pndis__restart_general(NDIS_RESTART_ATTRIBUTES *list);

/* Take over what drivers changed in the general attributes, so that OIDs give the same answers. */
void pndis__restart_list_adopt(struct restart_list *list);

void pndis__restart_list_free(struct context *context, struct restart_list *list);

#endif
