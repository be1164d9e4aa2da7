/*
 * Requests: one at a time to MiniportQueryInformation or MiniportSetInformation, at DISPATCH_LEVEL.
 * NDIS itself asks in the same way, for what an NDIS 6 miniport tells unasked.
 */
#include "ndis5/ndis5.h"

#include "ndis/oid.h"

#include <stdlib.h>

/* Where a request is: who finds it answered, its asker or its answer. */
enum { REQUEST_ASKED, REQUEST_LEFT, REQUEST_ANSWERED };

/* --- asking --- */

static NDIS_STATUS
call_query(struct context *context, struct miniport5 *miniport, NDIS_OID_REQUEST *request)
{
    struct frame frame;
    NDIS_STATUS status;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportQueryInformation");
    status = miniport->calls->QueryInformationHandler(
        miniport->context, request->DATA.QUERY_INFORMATION.Oid,
        request->DATA.QUERY_INFORMATION.InformationBuffer,
        request->DATA.QUERY_INFORMATION.InformationBufferLength,
        (PULONG)&request->DATA.QUERY_INFORMATION.BytesWritten,
        (PULONG)&request->DATA.QUERY_INFORMATION.BytesNeeded);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

static NDIS_STATUS
call_set(struct context *context, struct miniport5 *miniport, NDIS_OID_REQUEST *request)
{
    struct frame frame;
    NDIS_STATUS status;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportSetInformation");
    status = miniport->calls->SetInformationHandler(
        miniport->context, request->DATA.SET_INFORMATION.Oid,
        request->DATA.SET_INFORMATION.InformationBuffer,
        request->DATA.SET_INFORMATION.InformationBufferLength,
        (PULONG)&request->DATA.SET_INFORMATION.BytesRead,
        (PULONG)&request->DATA.SET_INFORMATION.BytesNeeded);
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

/* Answers that say no more than that the miniport does not do this. */
static bool
is_failure(NDIS_STATUS status)
{
    return status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_NOT_SUPPORTED &&
           status != NDIS_STATUS_INVALID_OID && status != NDIS_STATUS_MULTICAST_FULL;
}

/* One of the occasions of MiniportHalt: setting multicast addresses or MAC options fails. */
static void
look_at_answer(struct context *context, struct miniport5 *miniport, const NDIS_OID_REQUEST *request,
               NDIS_STATUS status)
{
    NDIS_OID oid = request->DATA.SET_INFORMATION.Oid;

    if (request->RequestType == NdisRequestSetInformation && is_failure(status) &&
        (oid == OID_802_3_MULTICAST_LIST || oid == OID_GEN_MAC_OPTIONS)) {
        pndis__remove_later(context, miniport->adapter);
    }
}

/* --- answers --- */

/* An asker of NDIS' own, which waits. */
struct question {
    NDIS_OID_REQUEST request; /* First. */
    struct question *next;
    KEVENT done;
    NDIS_STATUS status;
    uint8_t buffer[];
};

static bool
is_question(const NDIS_OID_REQUEST *request)
{
    return request->Timeout == MAXULONG && request->RequestHandle == request;
}

/* The driver answered, in its function or by a call. */
static void
answer(struct context *context, struct miniport5 *miniport, NDIS_OID_REQUEST *request,
       NDIS_STATUS status)
{
    if (is_question(request)) {
        struct question *question = (struct question *)request;

        question->status = status;
        KeSetEvent(&question->done, IO_NO_INCREMENT, FALSE);
        return;
    }
    look_at_answer(context, miniport, request, status);
    miniport->request_status = status;
    if (__atomic_exchange_n(&miniport->request_where, REQUEST_ANSWERED, __ATOMIC_SEQ_CST) ==
        REQUEST_LEFT) {
        NdisMOidRequestComplete(&miniport->adapter->handle, request, status);
    }
}

static NDIS_OID_REQUEST *
claim(struct miniport5 *miniport)
{
    return __atomic_exchange_n(&miniport->request, NULL, __ATOMIC_SEQ_CST);
}

static void
run(struct context *context, struct miniport5 *miniport, struct task *task)
{
    NDIS_OID_REQUEST *request = __atomic_load_n(&miniport->request, __ATOMIC_SEQ_CST);
    NDIS_STATUS status = request->RequestType == NdisRequestSetInformation
                             ? call_set(context, miniport, request)
                             : call_query(context, miniport, request);

    (void)task;
    if (status == NDIS_STATUS_PENDING) {
        return;
    }
    if (claim(miniport) == NULL) {
        pndis__report(context, RULE_OID_TWICE, &miniport->adapter->owner,
                      "MiniportQueryInformation", NULL,
                      "%s completed a request by a call and by the return value 0x%08x",
                      miniport->adapter->owner.name, (unsigned)status);
        return;
    }
    answer(context, miniport, request, status);
}

static void
complete(struct context *context, NDIS_HANDLE handle, NDIS_STATUS status, const char *call,
         const void *caller)
{
    struct miniport5 *miniport = pndis__miniport5_of(context, handle, call, caller);
    NDIS_OID_REQUEST *request = miniport == NULL ? NULL : claim(miniport);

    if (request != NULL) {
        answer(context, miniport, request, status);
    } else if (miniport != NULL) {
        pndis__report(context, RULE_OID_TWICE, &miniport->adapter->owner, call, caller,
                      "%s completes a request that is not pending", miniport->adapter->owner.name);
    }
}

/* NdisMQueryInformationComplete. IRQL <= DISPATCH_LEVEL. Once after MiniportQueryInformation
 * returned NDIS_STATUS_PENDING; else OID_TWICE. */
VOID
NdisMQueryInformationComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    complete(context, MiniportAdapterHandle, Status, __func__, NT_CALLER());
}

/* NdisMSetInformationComplete. As NdisMQueryInformationComplete, for MiniportSetInformation. */
VOID
NdisMSetInformationComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    complete(context, MiniportAdapterHandle, Status, __func__, NT_CALLER());
}

/* --- NDIS' own questions --- */

/* Queries and sets have their buffer in the same place of a request. */
_Static_assert(FIELD_OFFSET(NDIS_OID_REQUEST, DATA.QUERY_INFORMATION.InformationBufferLength) ==
                   FIELD_OFFSET(NDIS_OID_REQUEST, DATA.SET_INFORMATION.InformationBufferLength),
               "");

/* A question with the answer in it, for the caller to free; NULL after @out_status otherwise. */
static struct question *
ask(struct context *context, struct miniport5 *miniport, NDIS_REQUEST_TYPE type, NDIS_OID oid,
    const void *buffer, ULONG bytes, NDIS_STATUS *out_status)
{
    struct question *question = calloc(1, sizeof(*question) + bytes);

    if (question == NULL) {
        *out_status = NDIS_STATUS_RESOURCES;
        return NULL;
    }
    if (bytes != 0) {
        memcpy(question->buffer, buffer, bytes);
    }
    KeInitializeEvent(&question->done, NotificationEvent, FALSE);
    question->request.RequestType = type;
    question->request.Timeout = MAXULONG;
    question->request.RequestHandle = question;
    question->request.DATA.QUERY_INFORMATION.Oid = oid;
    question->request.DATA.QUERY_INFORMATION.InformationBuffer = question->buffer;
    question->request.DATA.QUERY_INFORMATION.InformationBufferLength = bytes;
    __atomic_store_n(&miniport->request, &question->request, __ATOMIC_SEQ_CST);
    miniport->request_task.run = run;
    pndis__task_run(context, miniport, &miniport->request_task);
    if (pndis__wait(context, &question->done, pndis__deadline(context), true) != SLEEP_WOKEN) {
        pndis__report(context, RULE_OID_STUCK, &miniport->adapter->owner,
                      type == NdisRequestSetInformation ? "MiniportSetInformation"
                                                        : "MiniportQueryInformation",
                      NULL, "%s has not completed OID 0x%08x", miniport->adapter->owner.name, oid);
        question->next = miniport->abandoned;
        miniport->abandoned = question;
        *out_status = NDIS_STATUS_FAILURE;
        return NULL;
    }
    *out_status = question->status;
    return question;
}

NDIS_STATUS
pndis__n5_set(struct context *context, struct miniport5 *miniport, NDIS_OID oid, const void *buffer,
              ULONG bytes)
{
    NDIS_STATUS status;

    free(ask(context, miniport, NdisRequestSetInformation, oid, buffer, bytes, &status));
    return status;
}

NDIS_STATUS
pndis__n5_query(struct context *context, struct miniport5 *miniport, NDIS_OID oid, void *buffer,
                ULONG bytes, ULONG *out_bytes)
{
    NDIS_STATUS status;
    struct question *question =
        ask(context, miniport, NdisRequestQueryInformation, oid, buffer, bytes, &status);

    if (question == NULL) {
        return status;
    }
    if (status == NDIS_STATUS_SUCCESS) {
        memcpy(buffer, question->buffer,
               min(bytes, (ULONG)question->request.DATA.QUERY_INFORMATION.BytesWritten));
    }
    if (out_bytes != NULL) {
        *out_bytes = status == NDIS_STATUS_SUCCESS
                         ? question->request.DATA.QUERY_INFORMATION.BytesWritten
                         : question->request.DATA.QUERY_INFORMATION.BytesNeeded;
    }
    free(question);
    return status;
}

void
pndis__n5_questions_free(struct miniport5 *miniport)
{
    while (miniport->abandoned != NULL) {
        struct question *next = miniport->abandoned->next;

        free(miniport->abandoned);
        miniport->abandoned = next;
    }
}

/* --- what NDIS 6 asks --- */

/* A member of the statistics of NDIS 6, and the OID that an NDIS 5 miniport counts it under. */
static const struct {
    NDIS_OID oid;
    ULONG flag;
    size_t offset;
} counters[] = {
#define COUNTER(oid, flag, member)                                                                 \
    {                                                                                              \
        oid, NDIS_STATISTICS_FLAGS_VALID_##flag, FIELD_OFFSET(NDIS_STATISTICS_INFO, member)        \
    }
    COUNTER(OID_GEN_RCV_NO_BUFFER, RCV_DISCARDS, ifInDiscards),
    COUNTER(OID_GEN_RCV_ERROR, RCV_ERROR, ifInErrors),
    COUNTER(OID_GEN_DIRECTED_BYTES_RCV, DIRECTED_BYTES_RCV, ifHCInUcastOctets),
    COUNTER(OID_GEN_MULTICAST_BYTES_RCV, MULTICAST_BYTES_RCV, ifHCInMulticastOctets),
    COUNTER(OID_GEN_BROADCAST_BYTES_RCV, BROADCAST_BYTES_RCV, ifHCInBroadcastOctets),
    COUNTER(OID_GEN_DIRECTED_FRAMES_RCV, DIRECTED_FRAMES_RCV, ifHCInUcastPkts),
    COUNTER(OID_GEN_MULTICAST_FRAMES_RCV, MULTICAST_FRAMES_RCV, ifHCInMulticastPkts),
    COUNTER(OID_GEN_BROADCAST_FRAMES_RCV, BROADCAST_FRAMES_RCV, ifHCInBroadcastPkts),
    COUNTER(OID_GEN_XMIT_ERROR, XMIT_ERROR, ifOutErrors),
    COUNTER(OID_GEN_DIRECTED_BYTES_XMIT, DIRECTED_BYTES_XMIT, ifHCOutUcastOctets),
    COUNTER(OID_GEN_MULTICAST_BYTES_XMIT, MULTICAST_BYTES_XMIT, ifHCOutMulticastOctets),
    COUNTER(OID_GEN_BROADCAST_BYTES_XMIT, BROADCAST_BYTES_XMIT, ifHCOutBroadcastOctets),
    COUNTER(OID_GEN_DIRECTED_FRAMES_XMIT, DIRECTED_FRAMES_XMIT, ifHCOutUcastPkts),
    COUNTER(OID_GEN_MULTICAST_FRAMES_XMIT, MULTICAST_FRAMES_XMIT, ifHCOutMulticastPkts),
    COUNTER(OID_GEN_BROADCAST_FRAMES_XMIT, BROADCAST_FRAMES_XMIT, ifHCOutBroadcastPkts),
#undef COUNTER
};

/* Where a driver counts all frames together only. */
static void
add_totals(struct context *context, struct miniport5 *miniport, NDIS_STATISTICS_INFO *info)
{
    ULONG64 value = 0;

    if ((info->SupportedStatistics & NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV) == 0 &&
        pndis__n5_query(context, miniport, OID_GEN_RCV_OK, &value, sizeof(value), NULL) ==
            NDIS_STATUS_SUCCESS) {
        info->ifHCInUcastPkts = value;
        info->SupportedStatistics |= NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV;
    }
    value = 0;
    if ((info->SupportedStatistics & NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT) == 0 &&
        pndis__n5_query(context, miniport, OID_GEN_XMIT_OK, &value, sizeof(value), NULL) ==
            NDIS_STATUS_SUCCESS) {
        info->ifHCOutUcastPkts = value;
        info->SupportedStatistics |= NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT;
    }
    info->ifHCInOctets =
        info->ifHCInUcastOctets + info->ifHCInMulticastOctets + info->ifHCInBroadcastOctets;
    info->ifHCOutOctets =
        info->ifHCOutUcastOctets + info->ifHCOutMulticastOctets + info->ifHCOutBroadcastOctets;
}

static NDIS_STATUS
statistics(struct context *context, struct miniport5 *miniport, NDIS_OID_REQUEST *request)
{
    NDIS_STATISTICS_INFO info;

    memset(&info, 0, sizeof(info));
    info.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    info.Header.Revision = NDIS_STATISTICS_INFO_REVISION_1;
    info.Header.Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
    for (size_t i = 0; i < RTL_NUMBER_OF(counters); i++) {
        ULONG64 value = 0;

        /* A driver may count in 32 bits or in 64. */
        if (pndis__n5_query(context, miniport, counters[i].oid, &value, sizeof(value), NULL) ==
            NDIS_STATUS_SUCCESS) {
            memcpy((uint8_t *)&info + counters[i].offset, &value, sizeof(value));
            info.SupportedStatistics |= counters[i].flag;
        }
    }
    add_totals(context, miniport, &info);
    return pndis__oid_reply(request, &info, sizeof(info));
}

NDIS_STATUS
pndis__n5_oid_request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;

    /* A shutdown has halted it; bindings go on until they are closed. */
    if (__atomic_load_n(&miniport->ended, __ATOMIC_SEQ_CST)) {
        return NDIS_STATUS_ADAPTER_NOT_READY;
    }
    if (!oid_is_query(OidRequest) && OidRequest->RequestType != NdisRequestSetInformation) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (oid_is_query(OidRequest) && OidRequest->DATA.QUERY_INFORMATION.Oid == OID_GEN_STATISTICS) {
        return statistics(context, miniport, OidRequest);
    }
    if (miniport->offload.offered && OidRequest->RequestType == NdisRequestSetInformation &&
        (OidRequest->DATA.SET_INFORMATION.Oid == OID_TCP_OFFLOAD_PARAMETERS ||
         OidRequest->DATA.SET_INFORMATION.Oid == OID_OFFLOAD_ENCAPSULATION)) {
        return pndis__n5_offload_set(context, miniport, OidRequest);
    }
    __atomic_store_n(&miniport->request_where, REQUEST_ASKED, __ATOMIC_SEQ_CST);
    __atomic_store_n(&miniport->request, OidRequest, __ATOMIC_SEQ_CST);
    miniport->request_task.run = run;
    pndis__task_run(context, miniport, &miniport->request_task);
    return __atomic_exchange_n(&miniport->request_where, REQUEST_LEFT, __ATOMIC_SEQ_CST) ==
                   REQUEST_ANSWERED
               ? miniport->request_status
               : NDIS_STATUS_PENDING;
}

/* NDIS 5 has no entry point for this: a request that is with the driver takes its time. */
VOID
pndis__n5_cancel_oid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    (void)MiniportAdapterContext;
    (void)RequestId;
}
