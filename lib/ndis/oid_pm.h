/*
 * OID_PM_PARAMETERS: what protocols enable for low power. NDIS keeps it for each binding and tells
 * the miniport the combination before the adapter goes down.
 */
#ifndef PNDIS_LIB_NDIS_OID_PM_H
#define PNDIS_LIB_NDIS_OID_PM_H

#include "ndis/oid.h"

/* A binding's set; it ends here. Returns its status. */
NDIS_STATUS pndis__pm_parameters_set(struct oid_work *work);
/* What all bindings have enabled. Returns whether any has set anything. */
bool pndis__pm_parameters_combined(struct pndis_adapter *adapter, NDIS_PM_PARAMETERS *out_all);
/* The adapter is about to leave D0: tell the miniport. PASSIVE_LEVEL. */
void pndis__pm_parameters_tell(struct context *context, struct pndis_adapter *adapter);

#endif
