/* Filter modules: their transitions and their order in a stack. Their edge is not here yet. */
#ifndef PNDIS_LIB_NDIS_FILTER_MODULE_H
#define PNDIS_LIB_NDIS_FILTER_MODULE_H

#include "ndis/ndis_core.h"
#include "ndis/restart.h"

/* Put @module on top of @adapter's filters, Detached. Memory stays the caller's until it is
 * removed. */
void pndis__filter_add(struct pndis_adapter *adapter, struct filter_module *module,
                       const struct filter_ops *ops, void *module_context, const char *name,
                       bool mandatory);
/* Take a Detached module out of the stack. */
void pndis__filter_remove(struct filter_module *module);

/* Bottom to top. An optional module that fails is taken out; a mandatory one ends the stack. */
int pndis__filters_attach(struct context *context, struct pndis_adapter *adapter);
/* Top to bottom, those that are attached. */
void pndis__filters_detach(struct context *context, struct pndis_adapter *adapter);

void pndis__filter_detach(struct context *context, struct filter_module *module);
int pndis__filter_pause(struct context *context, struct filter_module *module);
/* PNDIS_EDRIVER when the module failed: it is Paused, and stays. */
int pndis__filter_restart(struct context *context, struct filter_module *module,
                          struct restart_list *list);
/* The bodies of NdisFPauseComplete and NdisFRestartComplete. */
void pndis__filter_pause_complete(struct context *context, struct filter_module *module);
void pndis__filter_restart_complete(struct context *context, struct filter_module *module,
                                    NDIS_STATUS status);

#endif
