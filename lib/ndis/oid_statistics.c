/*
 * Counters that protocol drivers ask for one by one and NDIS 6 miniports have all in one: their
 * pages say "Not requested. Use OID_GEN_STATISTICS instead", or that NDIS handles them. The
 * miniport is asked for its statistics, and the requester gets the one counter.
 */
#include "ndis/oid.h"

#include <stdlib.h>

static const struct statistic {
    NDIS_OID oid;
    ULONG flag; /* Whether the miniport counts it; 0: every miniport does. */
    ULONG offset;
} statistics[] = {
#define STATISTIC(oid, flag, member)                                                               \
    {                                                                                              \
        oid, flag, FIELD_OFFSET(NDIS_STATISTICS_INFO, member)                                      \
    }
    STATISTIC(OID_GEN_BYTES_RCV, 0, ifHCInOctets),
    STATISTIC(OID_GEN_BYTES_XMIT, 0, ifHCOutOctets),
    STATISTIC(OID_GEN_RCV_DISCARDS, 0, ifInDiscards),
    STATISTIC(OID_GEN_XMIT_DISCARDS, 0, ifOutDiscards),
    STATISTIC(OID_GEN_RCV_NO_BUFFER, NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS, ifInDiscards),
#define COUNTER(name, member) STATISTIC(OID_GEN_##name, NDIS_STATISTICS_FLAGS_VALID_##name, member)
    COUNTER(RCV_ERROR, ifInErrors),
    COUNTER(XMIT_ERROR, ifOutErrors),
    COUNTER(DIRECTED_FRAMES_RCV, ifHCInUcastPkts),
    COUNTER(MULTICAST_FRAMES_RCV, ifHCInMulticastPkts),
    COUNTER(BROADCAST_FRAMES_RCV, ifHCInBroadcastPkts),
    COUNTER(DIRECTED_FRAMES_XMIT, ifHCOutUcastPkts),
    COUNTER(MULTICAST_FRAMES_XMIT, ifHCOutMulticastPkts),
    COUNTER(BROADCAST_FRAMES_XMIT, ifHCOutBroadcastPkts),
    COUNTER(DIRECTED_BYTES_RCV, ifHCInUcastOctets),
    COUNTER(MULTICAST_BYTES_RCV, ifHCInMulticastOctets),
    COUNTER(BROADCAST_BYTES_RCV, ifHCInBroadcastOctets),
    COUNTER(DIRECTED_BYTES_XMIT, ifHCOutUcastOctets),
    COUNTER(MULTICAST_BYTES_XMIT, ifHCOutMulticastOctets),
    COUNTER(BROADCAST_BYTES_XMIT, ifHCOutBroadcastOctets),
#undef COUNTER
#undef STATISTIC
};

static const struct statistic *
statistic_of(NDIS_OID oid)
{
    for (size_t i = 0; i < RTL_NUMBER_OF(statistics); i++) {
        if (statistics[i].oid == oid) {
            return &statistics[i];
        }
    }
    return NULL;
}

static NDIS_STATUS
answered(struct oid_work *work, NDIS_STATUS status)
{
    const struct statistic *statistic = statistic_of(work->request->DATA.QUERY_INFORMATION.Oid);
    const NDIS_STATISTICS_INFO *info = work->buffer;

    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    return statistic->flag != 0 && (info->SupportedStatistics & statistic->flag) == 0
               ? NDIS_STATUS_NOT_SUPPORTED
               : pndis__oid_reply(work->request, (const UCHAR *)info + statistic->offset,
                                  sizeof(ULONG64));
}

bool
pndis__oid_statistic(struct oid_work *work, NDIS_STATUS *out_status)
{
    if (statistic_of(work->request->DATA.QUERY_INFORMATION.Oid) == NULL) {
        return false;
    }
    if (!oid_is_query(work->request)) {
        *out_status = NDIS_STATUS_NOT_SUPPORTED;
        return true;
    }
    work->buffer = calloc(1, sizeof(NDIS_STATISTICS_INFO));
    if (work->buffer == NULL) {
        *out_status = NDIS_STATUS_RESOURCES;
        return true;
    }
    work->own = *work->request;
    work->own.RequestType = NdisRequestQueryInformation;
    work->own.DATA.QUERY_INFORMATION.Oid = OID_GEN_STATISTICS;
    work->own.DATA.QUERY_INFORMATION.InformationBuffer = work->buffer;
    work->own.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(NDIS_STATISTICS_INFO);
    work->below = &work->own;
    work->answered = answered;
    return false;
}
