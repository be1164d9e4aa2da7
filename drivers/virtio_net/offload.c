/* Task offload: what the adapter can, what of it is in use, and changing that. */
#include "adapter.h"

enum {
    /* TCP payload of one large send: the IP packet has at most 65535 bytes. */
    LSO_BYTES_LIMIT = VNET_IP_BYTES_LIMIT - 40,
    LSO_SEGMENTS_MINIMUM = 2,
    USO_BYTES_LIMIT = VNET_IP_BYTES_LIMIT - 28,
    USO_SEGMENTS_MINIMUM = 2,
    ENCAPSULATION = NDIS_ENCAPSULATION_IEEE_802_3 | NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB,
};

/*
 * LSO that is switched off is still done for what is on its way; USO is not, by "UDP Segmentation
 * Offload (USO)".
 */
static VOID
AllowLargeSends(VNET_ADAPTER *Adapter)
{
    LONG Allowed = 0;

    for (ULONG i = 0; i < 2; i++) {
        Allowed |= Adapter->Capable.Lso[i] ? VNET_LARGE_SEND(0, i) : 0;
        Allowed |= Adapter->Offloads.Uso[i] ? VNET_LARGE_SEND(1, i) : 0;
    }
    InterlockedExchange(&Adapter->LargeSends, Allowed);
}

VOID
VnetDecideOffloads(VNET_ADAPTER *Adapter)
{
    const VNET_CONFIG *Config = &Adapter->Config;
    BOOLEAN Transmit = VnetHas(Adapter, VIRTIO_NET_F_CSUM);
    BOOLEAN Receive = VnetHas(Adapter, VIRTIO_NET_F_GUEST_CSUM);
    ULONG Tcp[2] = {Config->TcpChecksumIPv4, Config->TcpChecksumIPv6};
    ULONG Udp[2] = {Config->UdpChecksumIPv4, Config->UdpChecksumIPv6};
    VNET_OFFLOADS *Capable = &Adapter->Capable;

    for (ULONG i = 0; i < 2; i++) {
        Capable->TcpTransmit[i] = Transmit && (Tcp[i] & VNET_CHECKSUM_TRANSMIT) != 0;
        Capable->UdpTransmit[i] = Transmit && (Udp[i] & VNET_CHECKSUM_TRANSMIT) != 0;
        Capable->TcpReceive[i] = Receive && (Tcp[i] & VNET_CHECKSUM_RECEIVE) != 0;
        Capable->UdpReceive[i] = Receive && (Udp[i] & VNET_CHECKSUM_RECEIVE) != 0;
    }
    /* The IP header's checksum is the driver's own work. */
    Capable->IpChecksumTransmit = (Config->IpChecksumIPv4 & VNET_CHECKSUM_TRANSMIT) != 0;
    Capable->IpChecksumReceive = Receive && (Config->IpChecksumIPv4 & VNET_CHECKSUM_RECEIVE) != 0;
    Capable->Lso[0] = Config->LsoV2IPv4 != 0 && VnetHas(Adapter, VIRTIO_NET_F_HOST_TSO4);
    Capable->Lso[1] = Config->LsoV2IPv6 != 0 && VnetHas(Adapter, VIRTIO_NET_F_HOST_TSO6);
    Capable->Rsc[0] = VnetHas(Adapter, VIRTIO_NET_F_GUEST_TSO4);
    Capable->Rsc[1] = VnetHas(Adapter, VIRTIO_NET_F_GUEST_TSO6);
    Capable->Uso[0] = Config->UsoIPv4 != 0 && VnetHas(Adapter, VIRTIO_NET_F_HOST_USO);
    Capable->Uso[1] = Config->UsoIPv6 != 0 && VnetHas(Adapter, VIRTIO_NET_F_HOST_USO);
    Capable->Uro = VnetHas(Adapter, VIRTIO_NET_F_GUEST_USO4) &&
                   VnetHas(Adapter, VIRTIO_NET_F_GUEST_USO6) &&
                   VnetHas(Adapter, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
    Adapter->Offloads = *Capable;
    AllowLargeSends(Adapter);
}

/* --- NDIS_OFFLOAD --- */

static VOID
FillChecksum(const VNET_OFFLOADS *Offloads, NDIS_TCP_IP_CHECKSUM_OFFLOAD *Checksum)
{
    Checksum->IPv4Transmit.Encapsulation = ENCAPSULATION;
    Checksum->IPv4Transmit.IpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Transmit.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Transmit.TcpChecksum = Offloads->TcpTransmit[0];
    Checksum->IPv4Transmit.UdpChecksum = Offloads->UdpTransmit[0];
    Checksum->IPv4Transmit.IpChecksum = Offloads->IpChecksumTransmit;
    Checksum->IPv4Receive.Encapsulation = ENCAPSULATION;
    Checksum->IPv4Receive.IpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Receive.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Receive.TcpChecksum = Offloads->TcpReceive[0];
    Checksum->IPv4Receive.UdpChecksum = Offloads->UdpReceive[0];
    Checksum->IPv4Receive.IpChecksum = Offloads->IpChecksumReceive;
    Checksum->IPv6Transmit.Encapsulation = ENCAPSULATION;
    Checksum->IPv6Transmit.IpExtensionHeadersSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Transmit.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Transmit.TcpChecksum = Offloads->TcpTransmit[1];
    Checksum->IPv6Transmit.UdpChecksum = Offloads->UdpTransmit[1];
    Checksum->IPv6Receive.Encapsulation = ENCAPSULATION;
    Checksum->IPv6Receive.IpExtensionHeadersSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Receive.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Receive.TcpChecksum = Offloads->TcpReceive[1];
    Checksum->IPv6Receive.UdpChecksum = Offloads->UdpReceive[1];
}

static VOID
FillLso(const VNET_OFFLOADS *Offloads, NDIS_TCP_LARGE_SEND_OFFLOAD_V2 *Lso)
{
    if (Offloads->Lso[0]) {
        Lso->IPv4.Encapsulation = ENCAPSULATION;
        Lso->IPv4.MaxOffLoadSize = LSO_BYTES_LIMIT;
        Lso->IPv4.MinSegmentCount = LSO_SEGMENTS_MINIMUM;
    }
    if (Offloads->Lso[1]) {
        Lso->IPv6.Encapsulation = ENCAPSULATION;
        Lso->IPv6.MaxOffLoadSize = LSO_BYTES_LIMIT;
        Lso->IPv6.MinSegmentCount = LSO_SEGMENTS_MINIMUM;
        Lso->IPv6.IpExtensionHeadersSupported = NDIS_OFFLOAD_SUPPORTED;
        Lso->IPv6.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
    }
}

/* The last segment may be shorter: the device cuts where the payload ends. */
static VOID
FillUso(const VNET_OFFLOADS *Offloads, NDIS_UDP_SEGMENTATION_OFFLOAD *Uso)
{
    if (Offloads->Uso[0]) {
        Uso->IPv4.Encapsulation = ENCAPSULATION;
        Uso->IPv4.MaxOffLoadSize = USO_BYTES_LIMIT;
        Uso->IPv4.MinSegmentCount = USO_SEGMENTS_MINIMUM;
        Uso->IPv4.SubMssFinalSegmentSupported = TRUE;
    }
    if (Offloads->Uso[1]) {
        Uso->IPv6.Encapsulation = ENCAPSULATION;
        Uso->IPv6.MaxOffLoadSize = USO_BYTES_LIMIT;
        Uso->IPv6.MinSegmentCount = USO_SEGMENTS_MINIMUM;
        Uso->IPv6.SubMssFinalSegmentSupported = TRUE;
        Uso->IPv6.IpExtensionHeadersSupported = NDIS_OFFLOAD_SUPPORTED;
    }
}

static VOID
FillOffload(const VNET_OFFLOADS *Offloads, NDIS_OFFLOAD *Offload)
{
    NdisZeroMemory(Offload, sizeof(*Offload));
    Offload->Header.Type = NDIS_OBJECT_TYPE_OFFLOAD;
    Offload->Header.Revision = NDIS_OFFLOAD_REVISION_8;
    Offload->Header.Size = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_8;
    FillChecksum(Offloads, &Offload->Checksum);
    FillLso(Offloads, &Offload->LsoV2);
    Offload->Rsc.IPv4.Enabled = Offloads->Rsc[0];
    Offload->Rsc.IPv6.Enabled = Offloads->Rsc[1];
    FillUso(Offloads, &Offload->UdpSegmentation);
    Offload->UdpRsc.Enabled = Offloads->Uro;
}

NDIS_STATUS
VnetSetOffloadAttributes(VNET_ADAPTER *Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Attributes;
    NDIS_OFFLOAD Current;
    NDIS_OFFLOAD Hardware;

    FillOffload(&Adapter->Offloads, &Current);
    FillOffload(&Adapter->Capable, &Hardware);
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.OffloadAttributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES;
    Attributes.OffloadAttributes.Header.Revision =
        NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    Attributes.OffloadAttributes.Header.Size =
        NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    Attributes.OffloadAttributes.DefaultOffloadConfiguration = &Current;
    Attributes.OffloadAttributes.HardwareOffloadCapabilities = &Hardware;
    return NdisMSetMiniportAttributes(Adapter->Handle, &Attributes);
}

static VOID
IndicateCurrent(VNET_ADAPTER *Adapter)
{
    NDIS_OFFLOAD Offload;

    FillOffload(&Adapter->Offloads, &Offload);
    VnetIndicateStatus(Adapter, NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, &Offload,
                       NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_8);
}

/* --- the device's side --- */

/* What the device may do to received frames (virtio 1.2, 5.1.6.5.6). */
BOOLEAN
VnetApplyGuestOffloads(VNET_ADAPTER *Adapter)
{
    const VNET_OFFLOADS *Offloads = &Adapter->Offloads;
    BOOLEAN Checksum = FALSE;
    ULONG64 Guest = 0;

    if (!VnetHas(Adapter, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)) {
        return TRUE;
    }
    for (ULONG i = 0; i < 2; i++) {
        Checksum |= Offloads->TcpReceive[i] | Offloads->UdpReceive[i] | Offloads->Rsc[i];
    }
    Checksum |= Offloads->Uro;
    Guest |= Checksum ? 1ull << VIRTIO_NET_F_GUEST_CSUM : 0;
    Guest |= Offloads->Rsc[0] ? 1ull << VIRTIO_NET_F_GUEST_TSO4 : 0;
    Guest |= Offloads->Rsc[1] ? 1ull << VIRTIO_NET_F_GUEST_TSO6 : 0;
    if (Offloads->Uro) {
        Guest |= 1ull << VIRTIO_NET_F_GUEST_USO4 | 1ull << VIRTIO_NET_F_GUEST_USO6;
    }
    return VnetControl(Adapter, VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
                       &Guest, sizeof(Guest));
}

/* --- OID_TCP_OFFLOAD_PARAMETERS --- */

/* FALSE: the value asks for what the adapter cannot. */
static BOOLEAN
SetChecksum(UCHAR Value, BOOLEAN CanTransmit, BOOLEAN CanReceive, BOOLEAN *Transmit,
            BOOLEAN *Receive)
{
    BOOLEAN WantTransmit = Value == NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED ||
                           Value == NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;
    BOOLEAN WantReceive = Value == NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED ||
                          Value == NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;

    if (Value == NDIS_OFFLOAD_PARAMETERS_NO_CHANGE) {
        return TRUE;
    }
    *Transmit = WantTransmit;
    *Receive = WantReceive;
    return Value <= NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED && (!WantTransmit || CanTransmit) &&
           (!WantReceive || CanReceive);
}

/* LSO, RSC, USO and URO have the same values: 1 is off, 2 is on. */
static BOOLEAN
SetSwitch(UCHAR Value, BOOLEAN Can, BOOLEAN *InUse)
{
    if (Value == NDIS_OFFLOAD_PARAMETERS_NO_CHANGE) {
        return TRUE;
    }
    *InUse = Value == NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED;
    return Value <= NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED && (!*InUse || Can);
}

static BOOLEAN
TakeParameters(const NDIS_OFFLOAD_PARAMETERS *Parameters, const VNET_OFFLOADS *Can,
               VNET_OFFLOADS *Wanted)
{
    UCHAR Tcp[2] = {Parameters->TCPIPv4Checksum, Parameters->TCPIPv6Checksum};
    UCHAR Udp[2] = {Parameters->UDPIPv4Checksum, Parameters->UDPIPv6Checksum};
    UCHAR Lso[2] = {Parameters->LsoV2IPv4, Parameters->LsoV2IPv6};
    BOOLEAN Good =
        SetChecksum(Parameters->IPv4Checksum, Can->IpChecksumTransmit, Can->IpChecksumReceive,
                    &Wanted->IpChecksumTransmit, &Wanted->IpChecksumReceive);

    for (ULONG i = 0; i < 2; i++) {
        Good = Good &&
               SetChecksum(Tcp[i], Can->TcpTransmit[i], Can->TcpReceive[i], &Wanted->TcpTransmit[i],
                           &Wanted->TcpReceive[i]) &&
               SetChecksum(Udp[i], Can->UdpTransmit[i], Can->UdpReceive[i], &Wanted->UdpTransmit[i],
                           &Wanted->UdpReceive[i]) &&
               SetSwitch(Lso[i], Can->Lso[i], &Wanted->Lso[i]);
    }
    if (Parameters->Header.Revision >= NDIS_OFFLOAD_PARAMETERS_REVISION_3) {
        Good = Good && SetSwitch(Parameters->RscIPv4, Can->Rsc[0], &Wanted->Rsc[0]) &&
               SetSwitch(Parameters->RscIPv6, Can->Rsc[1], &Wanted->Rsc[1]);
    }
    if (Parameters->Header.Revision >= NDIS_OFFLOAD_PARAMETERS_REVISION_5) {
        Good = Good && SetSwitch(Parameters->UdpSegmentation.IPv4, Can->Uso[0], &Wanted->Uso[0]) &&
               SetSwitch(Parameters->UdpSegmentation.IPv6, Can->Uso[1], &Wanted->Uso[1]);
    }
    if (Parameters->Header.Revision >= NDIS_OFFLOAD_PARAMETERS_REVISION_6) {
        Good = Good && SetSwitch(Parameters->UdpRsc.Enabled, Can->Uro, &Wanted->Uro);
    }
    return Good && Parameters->LsoV1 != NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED;
}

static BOOLEAN
IsLongEnough(const NDIS_OFFLOAD_PARAMETERS *Parameters, ULONG Bytes)
{
    static const struct {
        UCHAR Revision;
        ULONG Bytes;
    } Sizes[] = {
        {NDIS_OFFLOAD_PARAMETERS_REVISION_3, NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3},
        {NDIS_OFFLOAD_PARAMETERS_REVISION_5, NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_5},
        {NDIS_OFFLOAD_PARAMETERS_REVISION_6, NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_6},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
        if (Parameters->Header.Revision >= Sizes[i].Revision && Bytes < Sizes[i].Bytes) {
            return FALSE;
        }
    }
    return TRUE;
}

NDIS_STATUS
VnetSetOffloadParameters(VNET_ADAPTER *Adapter, const NDIS_OFFLOAD_PARAMETERS *Parameters,
                         ULONG Bytes)
{
    VNET_OFFLOADS Before = Adapter->Offloads;
    VNET_OFFLOADS Wanted = Before;
    LOCK_STATE_EX LockState;

    if (!IsLongEnough(Parameters, Bytes)) {
        return NDIS_STATUS_INVALID_LENGTH;
    }
    if (!TakeParameters(Parameters, &Adapter->Capable, &Wanted)) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    /* Without that command the device coalesces as it was told at the beginning. */
    if (!VnetHas(Adapter, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) &&
        (Wanted.Rsc[0] != Before.Rsc[0] || Wanted.Rsc[1] != Before.Rsc[1])) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    NdisAcquireRWLockWrite(Adapter->SettingsLock, &LockState, 0);
    Adapter->Offloads = Wanted;
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    AllowLargeSends(Adapter);
    if (!VnetApplyGuestOffloads(Adapter) && !VnetIsGone(Adapter)) {
        return NDIS_STATUS_FAILURE;
    }
    if (Before.Uro && !Wanted.Uro) {
        VnetReceiveSettle(Adapter);
    }
    IndicateCurrent(Adapter);
    return NDIS_STATUS_SUCCESS;
}

/* --- OID_OFFLOAD_ENCAPSULATION --- */

NDIS_STATUS
VnetSetEncapsulation(VNET_ADAPTER *Adapter, const NDIS_OFFLOAD_ENCAPSULATION *Encapsulation)
{
    BOOLEAN Good = TRUE;

    if (Encapsulation->IPv4.Enabled == NDIS_OFFLOAD_SET_ON) {
        Good = (Encapsulation->IPv4.EncapsulationType & ~(ULONG)ENCAPSULATION) == 0;
    }
    if (Encapsulation->IPv6.Enabled == NDIS_OFFLOAD_SET_ON) {
        Good = Good && (Encapsulation->IPv6.EncapsulationType & ~(ULONG)ENCAPSULATION) == 0;
    }
    if (!Good) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    IndicateCurrent(Adapter);
    return NDIS_STATUS_SUCCESS;
}
