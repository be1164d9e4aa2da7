/*
 * OID requests: the queue in front of each miniport (oid.c), the OIDs that NDIS answers itself
 * (oid_answers.c) and those it keeps for each binding (oid_binding.c).
 */
#ifndef PNDIS_LIB_NDIS_OID_H
#define PNDIS_LIB_NDIS_OID_H

#include "ndis/ndis_core.h"

/* A request on its way to the miniport. */
struct oid_work {
    struct oid_work *next;
    struct pndis_adapter *adapter;
    struct binding *binding;   /* NULL: NDIS' own. */
    NDIS_OID_REQUEST *request; /* The requester's. */
    NDIS_OID_REQUEST *below;   /* What the miniport sees: @request, or @own. */
    NDIS_OID_REQUEST own;      /* Where NDIS asks something else than the requester did. */
    void *buffer;              /* Of @own. */
    /* What NDIS does with the miniport's answer before the requester gets its own; may be NULL. */
    NDIS_STATUS (*answered)(struct oid_work *work, NDIS_STATUS status);
    bool direct;
    bool cancelled;
    bool overdue;     /* Reported as OID_STUCK. */
    uint64_t due_ns;  /* When its Timeout is over; 0: never. */
    ULONG asked;      /* The filter or lookahead that the binding wants ... */
    uint32_t setting; /* ... and which of its sets that is. */
    struct multicast_list *multicast;
    NDIS_STATUS status;
    KEVENT *done; /* NDIS' own: set at completion. */
};

/* Whether a protocol driver may make @request: its header, type and buffer; reports if not. */
bool pndis__oid_request_ok(struct context *context, const NDIS_OID_REQUEST *request,
                           const char *call, const void *caller);

/* Why the miniport of @adapter takes no requests now; NDIS_STATUS_SUCCESS when it does. */
NDIS_STATUS pndis__oid_refusal(const struct pndis_adapter *adapter);
/* The miniport ended @work with @status: reports and corrects what it may not say. */
void pndis__oid_check_result(struct context *context, struct oid_work *work, NDIS_STATUS *status,
                             const char *call, const void *caller);
/* The answer goes to whoever asked; takes @work. */
void pndis__oid_deliver(struct context *context, struct oid_work *work, NDIS_STATUS status);
/* @work, which the miniport has not seen, ends without it; takes @work. */
void pndis__oid_abort(struct context *context, struct oid_work *work);

/* --- the queue --- */

void pndis__oid_queue_init(struct pndis_adapter *adapter);
void pndis__oid_queue_open(struct pndis_adapter *adapter);
/* Let nothing more in, complete what is queued with NDIS_STATUS_REQUEST_ABORTED, wait for the rest.
 */
void pndis__oid_queue_close(struct context *context, struct pndis_adapter *adapter);
/* The miniport gets no more requests, and nobody waits for those that it has: it is shut down. */
void pndis__oid_queue_shut(struct context *context, struct pndis_adapter *adapter);
/* A request has gone: wake who waits for the last of them. */
void pndis__oid_maybe_idle(struct pndis_adapter *adapter);
/* Wait until no request is with the miniport, direct ones among them. */
enum sleep_result pndis__oid_queue_drain(struct context *context, struct pndis_adapter *adapter);
/* "NDIS will not abort any pending OID requests": a reset holds what is queued, and lets it go. */
void pndis__oid_queue_hold(struct context *context, struct pndis_adapter *adapter, bool held);

/*
 * NDIS asks the miniport itself and waits for the answer. PASSIVE_LEVEL. @kind
 * NdisRequestQueryInformation or NdisRequestSetInformation; @out_bytes what was written or would be
 * needed, may be NULL. NDIS_STATUS_PENDING: no answer in the machine's time.
 */
NDIS_STATUS pndis__oid_internal(struct context *context, struct pndis_adapter *adapter,
                                NDIS_REQUEST_TYPE kind, NDIS_OID oid, void *buffer, ULONG bytes,
                                ULONG *out_bytes);
NDIS_STATUS pndis__oid_set_internal(struct context *context, struct pndis_adapter *adapter,
                                    NDIS_OID oid, void *buffer, ULONG bytes);

/* --- time-outs (oid_cancel.c) --- */

void pndis__oid_timeouts_init(struct pndis_adapter *adapter);
/* The time of @work, which is about to be queued, begins. */
void pndis__oid_timeout_begin(struct context *context, struct oid_work *work);
/* No time-out ends any more. PASSIVE_LEVEL. */
void pndis__oid_timeouts_stop(struct context *context, struct pndis_adapter *adapter);

/* --- who answers --- */

/*
 * Whether NDIS answers @request of @binding without the miniport; then its status is in @out_status
 * and the request's result members are filled.
 */
bool pndis__oid_answer(struct context *context, struct binding *binding, NDIS_OID_REQUEST *request,
                       NDIS_STATUS *out_status);
/*
 * Where NDIS combines what all bindings ask: check @work's request, and set up @work->own. Returns
 * true when the request ends here, with @out_status.
 */
bool pndis__oid_combine(struct context *context, struct oid_work *work, NDIS_STATUS *out_status);

/* Where a counter of the miniport's statistics is asked for: the same for OID_GEN_STATISTICS. */
bool pndis__oid_statistic(struct oid_work *work, NDIS_STATUS *out_status);

/* Fill the result members of a query: BytesWritten, or BytesNeeded and a status. */
NDIS_STATUS pndis__oid_reply(NDIS_OID_REQUEST *request, const void *data, ULONG bytes);

static inline bool
oid_is_query(const NDIS_OID_REQUEST *request)
{
    return request->RequestType == NdisRequestQueryInformation ||
           request->RequestType == NdisRequestQueryStatistics;
}

#endif
