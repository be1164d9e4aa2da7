/* Protocol drivers: who is registered, and which adapters they bind to. */
#ifndef PNDIS_LIB_NDIS_PROTOCOL_H
#define PNDIS_LIB_NDIS_PROTOCOL_H

#include "ndis/ndis_core.h"

/*
 * Register a protocol; the common part of NdisRegisterProtocolDriver and of pndis' own clients.
 * @manual protocols bind only where somebody says so. Returns an NDIS_STATUS.
 */
NDIS_STATUS pndis__protocol_register(struct context *context, struct pndis_driver *driver,
                                     NDIS_HANDLE protocol_context,
                                     const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *calls,
                                     const char *name, bool manual, NDIS_HANDLE *out_handle);
/* Unbind all its bindings and forget it. Returns 0 or PNDIS_E*. */
int pndis__protocol_deregister(struct context *context, struct protocol *protocol);
/* The same for all that @driver left registered. */
void pndis__protocols_forget_of(struct context *context, const struct pndis_driver *driver);

/* Whether NDIS binds @protocol to @adapter of its own accord: started, not bound yet, not manual.
 */
bool pndis__protocol_wants(const struct protocol *protocol, const struct pndis_adapter *adapter);

/* Bind @protocol to every adapter it wants and is not bound to; the stacks are restarted around it.
 */
void pndis__protocol_bind_all(struct context *context, struct protocol *protocol);

#endif
