/* NDIS ports. */
#ifndef PNDIS_LIB_NDIS_PORT_H
#define PNDIS_LIB_NDIS_PORT_H

#include "ndis/ndis_core.h"

/* Whether data may carry port @number: the default port, or one that was activated. */
bool pndis__port_is_active(const struct pndis_adapter *adapter, NDIS_PORT_NUMBER number);

#endif
