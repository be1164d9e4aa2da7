/*
 * What protocols have set and NDIS answers itself when it is asked for: "NDIS handles the query for
 * miniport drivers". The sets go to the miniport; what it has accepted is remembered.
 */
#ifndef PNDIS_LIB_NDIS_OID_MEMORY_H
#define PNDIS_LIB_NDIS_OID_MEMORY_H

#include "ndis/oid.h"

/* Give up all that @adapter remembers. */
void pndis__oid_memory_forget(struct pndis_adapter *adapter);

/*
 * Where @work sets something that is remembered: prepare for the miniport's answer. Returns true
 * when the request ends here, with @out_status.
 */
bool pndis__oid_remember(struct oid_work *work, NDIS_STATUS *out_status);

/*
 * Whether @request asks for something that is remembered; then it is answered, with @out_status.
 */
bool pndis__oid_recall(struct pndis_adapter *adapter, NDIS_OID_REQUEST *request,
                       NDIS_STATUS *out_status);

/*
 * A reset lost what the miniport had been told: set it again, where that is NDIS' to do: the
 * encapsulation, and before NDIS 6.20 the wake-up patterns.
 */
void pndis__oid_memory_again(struct context *context, struct pndis_adapter *adapter);

/* The miniport gave up, by itself, what NDIS numbered @id in the list that @list asks for. */
void pndis__oid_memory_rejected(struct pndis_adapter *adapter, NDIS_OID list, ULONG id);

#endif
