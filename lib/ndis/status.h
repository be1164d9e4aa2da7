/* Status indications to protocols, and what NDIS itself learns from them. */
#ifndef PNDIS_LIB_NDIS_STATUS_H
#define PNDIS_LIB_NDIS_STATUS_H

#include "ndis/ndis_core.h"

/* Indicate @code to every open binding of @adapter, as coming from NDIS. */
void pndis__status_indicate(struct context *context, struct pndis_adapter *adapter,
                            NDIS_STATUS code, void *buffer, ULONG bytes);

/* The adapter's link state as NDIS knows it. */
void pndis__link_state_fill(const struct pndis_adapter *adapter, NDIS_LINK_STATE *state);
/* General attributes were set: they say what the link is like until an indication does. */
void pndis__link_state_from_attributes(struct pndis_adapter *adapter);

#endif
