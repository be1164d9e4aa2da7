/*
 * "UDP Receive Segment Coalescing Offload (URO)": "NDIS disables URO on the miniport during binding
 * if an LWF or protocol driver that doesn't support URO is present."
 */
#ifndef PNDIS_LIB_NDIS_URO_H
#define PNDIS_LIB_NDIS_URO_H

#include "ndis/ndis_core.h"

/*
 * Have the miniport do what all bindings on @adapter's list can take. The stack lock is held;
 * PASSIVE_LEVEL.
 */
void pndis__uro_settle(struct context *context, struct pndis_adapter *adapter);

#endif
