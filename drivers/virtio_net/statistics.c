/* Counters of all queues together ("OID_GEN_STATISTICS"). */
#include "adapter.h"

VOID
VnetAddCounters(VNET_COUNTERS *Sum, const VNET_COUNTERS *Addend)
{
    ULONG64 *To = (ULONG64 *)Sum;
    const ULONG64 *From = (const ULONG64 *)Addend;

    for (ULONG i = 0; i < sizeof(*Sum) / sizeof(*To); i++) {
        To[i] += From[i];
    }
}

static VOID
AddLocked(VNET_COUNTERS *Sum, NDIS_SPIN_LOCK *Lock, const VNET_COUNTERS *Counters)
{
    NdisAcquireSpinLock(Lock);
    VnetAddCounters(Sum, Counters);
    NdisReleaseSpinLock(Lock);
}

VOID
VnetSumCounters(VNET_ADAPTER *Adapter, VNET_COUNTERS *Receive, VNET_COUNTERS *Send)
{
    NdisZeroMemory(Receive, sizeof(*Receive));
    NdisZeroMemory(Send, sizeof(*Send));
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        VNET_PAIR *Pair = &Adapter->Pairs[i];

        AddLocked(Receive, &Pair->Receive.Lock, &Pair->Receive.Counters);
        AddLocked(Send, &Pair->Send.Lock, &Pair->Send.Counters);
    }
}

VOID
VnetFillStatistics(VNET_ADAPTER *Adapter, NDIS_STATISTICS_INFO *Statistics)
{
    VNET_COUNTERS Receive;
    VNET_COUNTERS Send;

    VnetSumCounters(Adapter, &Receive, &Send);
    NdisZeroMemory(Statistics, sizeof(*Statistics));
    Statistics->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Statistics->Header.Revision = NDIS_STATISTICS_INFO_REVISION_1;
    Statistics->Header.Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
    Statistics->SupportedStatistics = VNET_SUPPORTED_STATISTICS;
    Statistics->ifInDiscards = Receive.Discards;
    Statistics->ifInErrors = Receive.Errors;
    Statistics->ifHCInOctets =
        Receive.UnicastBytes + Receive.MulticastBytes + Receive.BroadcastBytes;
    Statistics->ifHCInUcastPkts = Receive.UnicastFrames;
    Statistics->ifHCInMulticastPkts = Receive.MulticastFrames;
    Statistics->ifHCInBroadcastPkts = Receive.BroadcastFrames;
    Statistics->ifHCOutOctets = Send.UnicastBytes + Send.MulticastBytes + Send.BroadcastBytes;
    Statistics->ifHCOutUcastPkts = Send.UnicastFrames;
    Statistics->ifHCOutMulticastPkts = Send.MulticastFrames;
    Statistics->ifHCOutBroadcastPkts = Send.BroadcastFrames;
    Statistics->ifOutErrors = Send.Errors;
    Statistics->ifOutDiscards = Send.Discards;
    Statistics->ifHCInUcastOctets = Receive.UnicastBytes;
    Statistics->ifHCInMulticastOctets = Receive.MulticastBytes;
    Statistics->ifHCInBroadcastOctets = Receive.BroadcastBytes;
    Statistics->ifHCOutUcastOctets = Send.UnicastBytes;
    Statistics->ifHCOutMulticastOctets = Send.MulticastBytes;
    Statistics->ifHCOutBroadcastOctets = Send.BroadcastBytes;
}
