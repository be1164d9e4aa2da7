/* The device as a whole: its status, its features, its configuration (virtio 1.2, 3.1). */
#include "adapter.h"

enum { RESET_TRIES = 100, RESET_POLL_US = 1000, CONFIGURATION_TRIES = 16 };

#define FEATURE(Name) (1ull << (Name))

UCHAR
VnetReadStatus(VNET_ADAPTER *Adapter)
{
    return VnetIsGone(Adapter) ? VIRTIO_STATUS_GONE
                               : READ_REGISTER_UCHAR(&Adapter->Common->DeviceStatus);
}

VOID
VnetAddStatus(VNET_ADAPTER *Adapter, UCHAR Bits)
{
    UCHAR Status = READ_REGISTER_UCHAR(&Adapter->Common->DeviceStatus);

    WRITE_REGISTER_UCHAR(&Adapter->Common->DeviceStatus, Status | Bits);
}

BOOLEAN
VnetResetDevice(VNET_ADAPTER *Adapter)
{
    if (VnetIsGone(Adapter)) {
        return TRUE;
    }
    WRITE_REGISTER_UCHAR(&Adapter->Common->DeviceStatus, 0);
    for (ULONG i = 0; i < RESET_TRIES; i++) {
        UCHAR Status = READ_REGISTER_UCHAR(&Adapter->Common->DeviceStatus);

        if (Status == 0) {
            return TRUE;
        }
        if (Status == VIRTIO_STATUS_GONE) {
            InterlockedExchange(&Adapter->IsGone, TRUE);
            return TRUE;
        }
        NdisMSleep(RESET_POLL_US);
    }
    return FALSE;
}

/* The device did what no device may do, or does not do what it is told. */
VOID
VnetDeviceFailed(VNET_ADAPTER *Adapter)
{
    if (InterlockedExchange(&Adapter->NeedsReset, TRUE) == FALSE && !VnetIsGone(Adapter)) {
        NdisMResetMiniport(Adapter->Handle);
    }
}

/* --- features --- */

static ULONG64
WantedFeatures(const VNET_CONFIG *Config)
{
    ULONG64 Wanted = FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_EVENT_IDX) |
                     FEATURE(VIRTIO_F_INDIRECT_DESC) | FEATURE(VIRTIO_NET_F_MRG_RXBUF) |
                     FEATURE(VIRTIO_NET_F_MAC) | FEATURE(VIRTIO_NET_F_MTU) |
                     FEATURE(VIRTIO_NET_F_STATUS) | FEATURE(VIRTIO_NET_F_SPEED_DUPLEX) |
                     FEATURE(VIRTIO_NET_F_CTRL_VQ) | FEATURE(VIRTIO_NET_F_CTRL_RX) |
                     FEATURE(VIRTIO_NET_F_CTRL_MAC_ADDR) | FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE) |
                     FEATURE(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
    const struct {
        ULONG Asked;
        ULONG64 Features;
    } ByConfig[] = {
        {(Config->TcpChecksumIPv4 | Config->TcpChecksumIPv6 | Config->UdpChecksumIPv4 |
          Config->UdpChecksumIPv6) &
             VNET_CHECKSUM_TRANSMIT,
         FEATURE(VIRTIO_NET_F_CSUM)},
        {(Config->TcpChecksumIPv4 | Config->TcpChecksumIPv6 | Config->UdpChecksumIPv4 |
          Config->UdpChecksumIPv6) &
             VNET_CHECKSUM_RECEIVE,
         FEATURE(VIRTIO_NET_F_GUEST_CSUM)},
        {Config->LsoV2IPv4, FEATURE(VIRTIO_NET_F_HOST_TSO4) | FEATURE(VIRTIO_NET_F_CSUM)},
        {Config->LsoV2IPv6, FEATURE(VIRTIO_NET_F_HOST_TSO6) | FEATURE(VIRTIO_NET_F_CSUM)},
        {Config->RscIPv4, FEATURE(VIRTIO_NET_F_GUEST_TSO4) | FEATURE(VIRTIO_NET_F_GUEST_CSUM)},
        {Config->RscIPv6, FEATURE(VIRTIO_NET_F_GUEST_TSO6) | FEATURE(VIRTIO_NET_F_GUEST_CSUM)},
        {Config->UsoIPv4 | Config->UsoIPv6,
         FEATURE(VIRTIO_NET_F_HOST_USO) | FEATURE(VIRTIO_NET_F_CSUM)},
        {Config->UdpRsc, FEATURE(VIRTIO_NET_F_GUEST_USO4) | FEATURE(VIRTIO_NET_F_GUEST_USO6) |
                             FEATURE(VIRTIO_NET_F_GUEST_CSUM)},
        {Config->Rss, FEATURE(VIRTIO_NET_F_MQ) | FEATURE(VIRTIO_NET_F_RSS)},
        /* An adapter without a VLAN of its own gets the frames of all. */
        {Config->VlanId, FEATURE(VIRTIO_NET_F_CTRL_VLAN)},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(ByConfig); i++) {
        if (ByConfig[i].Asked != 0) {
            Wanted |= ByConfig[i].Features;
        }
    }
    return Wanted;
}

/* 5.1.3.1: features that cannot be without another one. */
static ULONG64
WithoutOrphans(ULONG64 Features)
{
    static const struct {
        UCHAR Feature;
        UCHAR Needs;
    } Dependencies[] = {
        {VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_USO6, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_HOST_USO, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_RSS, VIRTIO_NET_F_MQ},
        {VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_STATUS},
        {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_GUEST_CSUM},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Dependencies); i++) {
        if ((Features & FEATURE(Dependencies[i].Needs)) == 0) {
            Features &= ~FEATURE(Dependencies[i].Feature);
        }
    }
    return Features;
}

static ULONG64
ReadDeviceFeatures(VNET_ADAPTER *Adapter)
{
    ULONG64 Features;

    WRITE_REGISTER_ULONG(&Adapter->Common->DeviceFeatureSelect, 1);
    Features = (ULONG64)READ_REGISTER_ULONG(&Adapter->Common->DeviceFeature) << 32;
    WRITE_REGISTER_ULONG(&Adapter->Common->DeviceFeatureSelect, 0);
    return Features | READ_REGISTER_ULONG(&Adapter->Common->DeviceFeature);
}

static NDIS_STATUS
AcceptFeatures(VNET_ADAPTER *Adapter)
{
    VnetAddStatus(Adapter, VIRTIO_STATUS_ACKNOWLEDGE);
    VnetAddStatus(Adapter, VIRTIO_STATUS_DRIVER);
    WRITE_REGISTER_ULONG(&Adapter->Common->DriverFeatureSelect, 1);
    WRITE_REGISTER_ULONG(&Adapter->Common->DriverFeature, (ULONG)(Adapter->Features >> 32));
    WRITE_REGISTER_ULONG(&Adapter->Common->DriverFeatureSelect, 0);
    WRITE_REGISTER_ULONG(&Adapter->Common->DriverFeature, (ULONG)Adapter->Features);
    VnetAddStatus(Adapter, VIRTIO_STATUS_FEATURES_OK);
    /* The device clears the bit again if it cannot work with this choice. */
    return (VnetReadStatus(Adapter) & VIRTIO_STATUS_FEATURES_OK) != 0 ? NDIS_STATUS_SUCCESS
                                                                      : NDIS_STATUS_FAILURE;
}

NDIS_STATUS
VnetNegotiate(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_FAILURE;

    if (VnetResetDevice(Adapter) && !VnetIsGone(Adapter)) {
        Adapter->Features =
            WithoutOrphans(ReadDeviceFeatures(Adapter) & WantedFeatures(&Adapter->Config));
        if (VnetHas(Adapter, VIRTIO_F_VERSION_1)) {
            Status = AcceptFeatures(Adapter);
        }
    }
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_HARDWARE_FAILURE, 0);
    }
    return Status;
}

NDIS_STATUS
VnetNegotiateAgain(VNET_ADAPTER *Adapter)
{
    return (ReadDeviceFeatures(Adapter) & Adapter->Features) == Adapter->Features
               ? AcceptFeatures(Adapter)
               : NDIS_STATUS_FAILURE;
}

/* --- configuration --- */

static VOID
ReadConfigurationBytes(VNET_ADAPTER *Adapter, UCHAR *Bytes, ULONG Count)
{
    const UCHAR *Registers = (const UCHAR *)Adapter->Device;
    UCHAR Generation = READ_REGISTER_UCHAR(&Adapter->Common->ConfigGeneration);

    /* Fields that belong together are read again when they changed meanwhile (4.1.4.3.2). */
    for (ULONG i = 0; i < CONFIGURATION_TRIES; i++) {
        UCHAR After;

        for (ULONG Byte = 0; Byte < Count; Byte++) {
            Bytes[Byte] = READ_REGISTER_UCHAR((volatile UCHAR *)(Registers + Byte));
        }
        After = READ_REGISTER_UCHAR(&Adapter->Common->ConfigGeneration);
        if (After == Generation) {
            return;
        }
        Generation = After;
    }
}

static VOID
DecideAddress(VNET_ADAPTER *Adapter, const VIRTIO_NET_CONFIG *Device)
{
    static const UCHAR Fallback[VNET_ADDRESS_BYTES] = {0x02, 0x15, 0x5D, 0x00, 0x00, 0x01};

    NdisMoveMemory(Adapter->PermanentAddress,
                   VnetHas(Adapter, VIRTIO_NET_F_MAC) ? Device->Mac : Fallback, VNET_ADDRESS_BYTES);
    NdisMoveMemory(Adapter->CurrentAddress,
                   Adapter->Config.HasAddress ? Adapter->Config.Address : Adapter->PermanentAddress,
                   VNET_ADDRESS_BYTES);
}

static VOID
DecideMtu(VNET_ADAPTER *Adapter, const VIRTIO_NET_CONFIG *Device)
{
    ULONG Mtu = Adapter->Config.JumboPacket - VNET_ETHERNET_BYTES;

    if (Adapter->Config.JumboPacket == 0) {
        Mtu = VnetHas(Adapter, VIRTIO_NET_F_MTU) ? Device->Mtu : VNET_MTU_DEFAULT;
    } else if (VnetHas(Adapter, VIRTIO_NET_F_MTU)) {
        Mtu = min(Mtu, (ULONG)Device->Mtu);
    }
    Adapter->Mtu = Mtu;
}

static VOID
DecideSpeed(VNET_ADAPTER *Adapter, const VIRTIO_NET_CONFIG *Device)
{
    const ULONG64 Megabit = 1000000;
    const ULONG Default = 10000;
    BOOLEAN Says = VnetHas(Adapter, VIRTIO_NET_F_SPEED_DUPLEX);

    /* All ones: unknown. */
    Adapter->LinkSpeed = (Says && Device->Speed != MAXULONG ? Device->Speed : Default) * Megabit;
    Adapter->Duplex = Says && Device->Duplex == VIRTIO_NET_DUPLEX_HALF ? MediaDuplexStateHalf
                                                                       : MediaDuplexStateFull;
}

/* After the negotiation: which fields there are depends on it. */
VOID
VnetReadDeviceConfiguration(VNET_ADAPTER *Adapter)
{
    VIRTIO_NET_CONFIG Device;

    NdisZeroMemory(&Device, sizeof(Device));
    ReadConfigurationBytes(
        Adapter, (UCHAR *)&Device,
        min(Adapter->DeviceBytes, (ULONG)RTL_SIZEOF_THROUGH_FIELD(VIRTIO_NET_CONFIG, Duplex)));
    DecideAddress(Adapter, &Device);
    DecideMtu(Adapter, &Device);
    DecideSpeed(Adapter, &Device);
    Adapter->DevicePairs = VnetHas(Adapter, VIRTIO_NET_F_MQ) ? max(Device.MaxQueuePairs, 1) : 1;
}
