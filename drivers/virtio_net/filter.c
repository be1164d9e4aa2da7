/*
 * Which frames are received: packet filter, multicast list, VLAN. The device filters as well as it
 * can (virtio 1.2, 5.1.6.5.1); what it lets through too much is dropped here.
 */
#include "adapter.h"

/* --- the device's filter --- */

static BOOLEAN
SetMode(VNET_ADAPTER *Adapter, UCHAR Mode, BOOLEAN On)
{
    return VnetControl(Adapter, VIRTIO_NET_CTRL_RX, Mode, &On, sizeof(On));
}

/* Two tables, for unicast and for multicast addresses, each with its length before it. */
static BOOLEAN
SetAddressTable(VNET_ADAPTER *Adapter)
{
    struct {
        ULONG UnicastCount;
        ULONG MulticastCount;
        UCHAR Multicast[VNET_MULTICAST_LIMIT][VNET_ADDRESS_BYTES];
    } Table;
    ULONG Count = Adapter->Filter.MulticastCount;

    Table.UnicastCount = 0;
    Table.MulticastCount = Count;
    NdisMoveMemory(Table.Multicast, Adapter->Filter.Multicast, Count * VNET_ADDRESS_BYTES);
    return VnetControl(Adapter, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, &Table,
                       2 * sizeof(ULONG) + Count * VNET_ADDRESS_BYTES);
}

BOOLEAN
VnetApplyFilter(VNET_ADAPTER *Adapter)
{
    ULONG PacketFilter = Adapter->Filter.PacketFilter;
    USHORT VlanId = (USHORT)Adapter->Config.VlanId;
    BOOLEAN Done = TRUE;

    if (VnetHas(Adapter, VIRTIO_NET_F_CTRL_RX)) {
        Done = SetAddressTable(Adapter) &&
               SetMode(Adapter, VIRTIO_NET_CTRL_RX_PROMISC,
                       (PacketFilter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0) &&
               SetMode(Adapter, VIRTIO_NET_CTRL_RX_ALLMULTI,
                       (PacketFilter & NDIS_PACKET_TYPE_ALL_MULTICAST) != 0);
    }
    if (Done && VnetHas(Adapter, VIRTIO_NET_F_CTRL_VLAN) && VlanId != 0) {
        Done = VnetControl(Adapter, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &VlanId,
                           sizeof(VlanId));
    }
    return Done;
}

/* --- what OID requests ask for --- */

NDIS_STATUS
VnetSetPacketFilter(VNET_ADAPTER *Adapter, ULONG PacketFilter)
{
    LOCK_STATE_EX LockState;

    if ((PacketFilter & ~(ULONG)VNET_SUPPORTED_FILTERS) != 0) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    NdisAcquireRWLockWrite(Adapter->SettingsLock, &LockState, 0);
    Adapter->Filter.PacketFilter = PacketFilter;
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    return VnetApplyFilter(Adapter) || VnetIsGone(Adapter) ? NDIS_STATUS_SUCCESS
                                                           : NDIS_STATUS_FAILURE;
}

NDIS_STATUS
VnetSetMulticastList(VNET_ADAPTER *Adapter, const UCHAR *Addresses, ULONG Count)
{
    LOCK_STATE_EX LockState;

    if (Count > VNET_MULTICAST_LIMIT) {
        return NDIS_STATUS_MULTICAST_FULL;
    }
    NdisAcquireRWLockWrite(Adapter->SettingsLock, &LockState, 0);
    Adapter->Filter.MulticastCount = Count;
    NdisMoveMemory(Adapter->Filter.Multicast, Addresses, Count * VNET_ADDRESS_BYTES);
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    return VnetApplyFilter(Adapter) || VnetIsGone(Adapter) ? NDIS_STATUS_SUCCESS
                                                           : NDIS_STATUS_FAILURE;
}

NDIS_STATUS
VnetSetVlanId(VNET_ADAPTER *Adapter, ULONG VlanId)
{
    USHORT Before = (USHORT)Adapter->Config.VlanId;
    LOCK_STATE_EX LockState;

    if (VlanId > 4094) {
        return NDIS_STATUS_INVALID_DATA;
    }
    NdisAcquireRWLockWrite(Adapter->SettingsLock, &LockState, 0);
    Adapter->Config.VlanId = VlanId;
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    if (Before != 0 && VnetHas(Adapter, VIRTIO_NET_F_CTRL_VLAN)) {
        VnetControl(Adapter, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, &Before,
                    sizeof(Before));
    }
    return VnetApplyFilter(Adapter) || VnetIsGone(Adapter) ? NDIS_STATUS_SUCCESS
                                                           : NDIS_STATUS_FAILURE;
}

/* --- one frame --- */

static BOOLEAN
IsInList(const VNET_FILTER *Filter, const UCHAR *Address)
{
    for (ULONG i = 0; i < Filter->MulticastCount; i++) {
        if (NdisEqualMemory(Filter->Multicast[i], Address, VNET_ADDRESS_BYTES)) {
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN
VnetIsWanted(const VNET_ADAPTER *Adapter, const UCHAR *Destination)
{
    ULONG PacketFilter = Adapter->Filter.PacketFilter;

    if ((PacketFilter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0) {
        return TRUE;
    }
    if (!ETH_IS_MULTICAST(Destination)) {
        return (PacketFilter & NDIS_PACKET_TYPE_DIRECTED) != 0 &&
               NdisEqualMemory(Destination, Adapter->CurrentAddress, VNET_ADDRESS_BYTES);
    }
    if (ETH_IS_BROADCAST(Destination)) {
        return (PacketFilter & NDIS_PACKET_TYPE_BROADCAST) != 0;
    }
    return (PacketFilter & NDIS_PACKET_TYPE_ALL_MULTICAST) != 0 ||
           ((PacketFilter & NDIS_PACKET_TYPE_MULTICAST) != 0 &&
            IsInList(&Adapter->Filter, Destination));
}
