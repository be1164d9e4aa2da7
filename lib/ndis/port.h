/* NDIS ports. */
#ifndef PNDIS_LIB_NDIS_PORT_H
#define PNDIS_LIB_NDIS_PORT_H

#include "ndis/ndis_core.h"

/* Whether data may carry port @number: it was activated, or is a default port that NDIS controls.
 */
bool pndis__port_is_active(struct pndis_adapter *adapter, NDIS_PORT_NUMBER number);

/*
 * An NDIS_PORT_ARRAY of the active ports of @adapter, the default port first when it is
 * active. Returns its bytes and
 * memory of its own in @out_array; 0 for want of memory.
 */
ULONG pndis__ports_describe(struct pndis_adapter *adapter, NDIS_PORT_ARRAY **out_array);

/*
 * The active ports of @adapter in a list for NDIS_BIND_PARAMETERS, the default port first. One
 * block of memory, to be freed; NULL for want of memory.
 */
NDIS_PORT *pndis__ports_list(struct pndis_adapter *adapter);

#endif
