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
    struct restart_list *next; /* Of the adapter's, when its restart was given up. */
    struct pndis_adapter *adapter;
    NDIS_RESTART_ATTRIBUTES *first; /* What drivers are handed; they may replace it. */
    struct snapshot *before;        /* As it was before the driver that is restarting now. */
};

/* A fresh list for the miniport of @adapter. NULL for want of memory. */
struct restart_list *pndis__restart_list_new(struct context *context,
                                             struct pndis_adapter *adapter);

/* A driver is about to be handed the list: remember what it looks like. False for want of memory.
 */
bool pndis__restart_list_watch(struct context *context, struct restart_list *list);

/*
 * The driver (@owner, in @call) answered with @status: check what it did to the list. A list that
 * is broken is cut back to what is sound, so that going on and freeing are safe.
 */
void pndis__restart_list_check(struct context *context, struct restart_list *list,
                               struct owner *owner, const char *call, NDIS_STATUS status);

/* @list is what a driver made that was handed no list: report it, and free it. */
void pndis__restart_list_refuse(struct context *context, struct restart_list *list,
                                struct owner *owner, const char *call);

/* The general attributes in the list, or NULL when a driver dropped them. */
NDIS_RESTART_GENERAL_ATTRIBUTES *pndis__restart_general(NDIS_RESTART_ATTRIBUTES *list);

/* Take over what drivers changed in the general attributes, so that OIDs give the same answers. */
void pndis__restart_list_adopt(struct restart_list *list);

void pndis__restart_list_free(struct context *context, struct restart_list *list);

/* Nobody waits for the restart any more, but drivers may edit @list until they have completed it.
 */
void pndis__restart_list_give_up(struct restart_list *list);
/* @adapter goes, and with it the lists of restarts that were given up. */
void pndis__restart_lists_free(struct context *context, struct pndis_adapter *adapter);

#endif
