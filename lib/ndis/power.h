/* Device power states of an adapter and its stack. */
#ifndef PNDIS_LIB_NDIS_POWER_H
#define PNDIS_LIB_NDIS_POWER_H

#include "ndis/ndis_core.h"

/* With the stack lock held. Returns 0 or PNDIS_E*. */
int pndis__stack_set_power(struct context *context, struct pndis_adapter *adapter,
                           NDIS_DEVICE_POWER_STATE state);

#endif
