/* Check-for-hang and reset. "Miniport Adapter Check-for-Hang and Reset Operations". */
#ifndef PNDIS_LIB_NDIS_RESET_H
#define PNDIS_LIB_NDIS_RESET_H

#include "ndis/ndis_core.h"

/* What has been under way for more checks than this, two intervals at least, is a hang. */
enum { CHECKS_BEFORE_RESET = 2 };

void pndis__reset_init(struct pndis_adapter *adapter);
/* The adapter was initialized: call MiniportCheckForHangEx from now on, if there is one. */
void pndis__reset_start(struct context *context, struct pndis_adapter *adapter);
/* The adapter will be halted: no check runs any more, and no reset is under way. */
void pndis__reset_stop(struct context *context, struct pndis_adapter *adapter);

/* Reset @adapter and wait. PASSIVE_LEVEL. NDIS_STATUS_NOT_SUPPORTED: it has no MiniportResetEx.
 * NDIS_STATUS_LOW_POWER_STATE: it sleeps. */
NDIS_STATUS pndis__reset_adapter(struct context *context, struct pndis_adapter *adapter);

/* Somebody has waited for the end of a reset as long as the machine's timeout says: report it, once
 * a reset. */
void pndis__reset_overdue(struct context *context, struct pndis_adapter *adapter);

#endif
