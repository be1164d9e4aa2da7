/*
 * Receive-side scaling in the device, where it has it (virtio 1.2, 5.1.6.5.6): frames come on the
 * queue whose interrupts go to the processor that the indirection table names, so that few have to
 * be handed over. The hash that goes up with a frame is that of rss.c.
 */
#include "adapter.h"

/* VIRTIO_NET_RSS_HASH_TYPE_*, and what they are to NDIS. */
static const struct {
    ULONG Ndis;
    ULONG Virtio;
} HashTypes[] = {
    {NDIS_HASH_IPV4, 1u << 0},
    {NDIS_HASH_TCP_IPV4, 1u << 1},
    {NDIS_HASH_IPV6, 1u << 3},
    {NDIS_HASH_TCP_IPV6, 1u << 4},
};

enum {
    CONFIG_BYTES = sizeof(ULONG) + (2 + VNET_RSS_TABLE_ENTRIES + 1) * sizeof(USHORT) +
                   sizeof(UCHAR) + VNET_RSS_KEY_BYTES,
};

static ULONG
Append(UCHAR *Bytes, ULONG At, const VOID *Data, ULONG Count)
{
    NdisMoveMemory(Bytes + At, Data, Count);
    return At + Count;
}

static ULONG
AppendUshort(UCHAR *Bytes, ULONG At, ULONG Value)
{
    USHORT Short = (USHORT)Value;

    return Append(Bytes, At, &Short, sizeof(Short));
}

/* The queue whose interrupts come to @Processor; any, where there is none. */
static ULONG
QueueFor(VNET_ADAPTER *Adapter, ULONG Processor)
{
    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        if (VnetProcessorOf(Adapter, Adapter->Pairs[i].Message) == Processor) {
            return i;
        }
    }
    return Processor % Adapter->PairCount;
}

/* struct virtio_net_rss_config; returns its length. */
static ULONG
BuildConfig(VNET_ADAPTER *Adapter, UCHAR *Bytes)
{
    const VNET_RSS *Rss = &Adapter->Rss;
    UCHAR KeyBytes = VNET_RSS_KEY_BYTES;
    ULONG Types = 0;
    ULONG At;

    for (ULONG i = 0; i < RTL_NUMBER_OF(HashTypes); i++) {
        Types |= (Rss->HashTypes & HashTypes[i].Ndis) != 0 ? HashTypes[i].Virtio : 0;
    }
    At = Append(Bytes, 0, &Types, sizeof(Types));
    At = AppendUshort(Bytes, At, Rss->TableMask);
    At = AppendUshort(Bytes, At, 0);
    for (ULONG i = 0; i <= Rss->TableMask; i++) {
        At = AppendUshort(Bytes, At, QueueFor(Adapter, Rss->Table[i]));
    }
    At = AppendUshort(Bytes, At, Adapter->PairCount);
    At = Append(Bytes, At, &KeyBytes, sizeof(KeyBytes));
    return Append(Bytes, At, Rss->Key, VNET_RSS_KEY_BYTES);
}

/* After a reset the device uses one pair. */
static BOOLEAN
UsePairs(VNET_ADAPTER *Adapter)
{
    USHORT Pairs = (USHORT)Adapter->PairCount;

    return VnetControl(Adapter, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &Pairs,
                       sizeof(Pairs));
}

BOOLEAN
VnetApplyRss(VNET_ADAPTER *Adapter)
{
    UCHAR Config[CONFIG_BYTES];
    LOCK_STATE_EX LockState;
    BOOLEAN IsEnabled;
    ULONG Bytes = 0;

    if (Adapter->PairCount == 1) {
        return TRUE;
    }
    NdisAcquireRWLockRead(Adapter->SettingsLock, &LockState, 0);
    IsEnabled = Adapter->Rss.IsEnabled && VnetHas(Adapter, VIRTIO_NET_F_RSS);
    if (IsEnabled) {
        Bytes = BuildConfig(Adapter, Config);
    }
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    return IsEnabled ? VnetControl(Adapter, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG,
                                   Config, Bytes)
                     : UsePairs(Adapter);
}
