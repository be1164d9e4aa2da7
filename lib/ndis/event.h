/* PnP events: NET_PNP_EVENT_NOTIFICATIONs to protocols, device events to miniports. */
#ifndef PNDIS_LIB_NDIS_EVENT_H
#define PNDIS_LIB_NDIS_EVENT_H

#include "ndis/ndis_core.h"

/*
 * Deliver an event to @binding in its turn and wait for the answer, also a pended one. @buffer is
 * borrowed for that long. A binding that is being bound or unbound hears of nothing and succeeds.
 * NDIS_STATUS_PENDING: the protocol has not answered this or the event before in the machine's
 * time.
 */
NDIS_STATUS pndis__binding_event(struct context *context, struct binding *binding,
                                 NET_PNP_EVENT_CODE event, void *buffer, ULONG bytes);
/* The same for who has taken the turn, in every state. */
NDIS_STATUS pndis__binding_event_in_turn(struct context *context, struct binding *binding,
                                         NET_PNP_EVENT_CODE event, void *buffer, ULONG bytes);
/* The same to the protocol as such, with a NULL binding context. */
NDIS_STATUS pndis__protocol_event(struct context *context, struct protocol *protocol,
                                  NET_PNP_EVENT_CODE event, void *buffer, ULONG bytes);
/* Tell the miniport. */
void pndis__device_event(struct context *context, struct pndis_adapter *adapter,
                         NDIS_DEVICE_PNP_EVENT event, void *buffer, ULONG bytes);

#endif
