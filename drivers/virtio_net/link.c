/* The link: what the device says about its cable, and telling NDIS. */
#include "adapter.h"

static USHORT
ReadLinkStatus(VNET_ADAPTER *Adapter)
{
    return VnetHas(Adapter, VIRTIO_NET_F_STATUS) ? READ_REGISTER_USHORT(&Adapter->Device->Status)
                                                 : VIRTIO_NET_S_LINK_UP;
}

VOID
VnetIndicateStatus(VNET_ADAPTER *Adapter, NDIS_STATUS StatusCode, PVOID Buffer, ULONG Bytes)
{
    NDIS_STATUS_INDICATION Indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = Adapter->Handle,
        .StatusCode = StatusCode,
        .StatusBuffer = Buffer,
        .StatusBufferSize = Bytes,
    };

    NdisMIndicateStatusEx(Adapter->Handle, &Indication);
}

static VOID
IndicateLinkState(VNET_ADAPTER *Adapter, NDIS_MEDIA_CONNECT_STATE Connected)
{
    BOOLEAN Up = Connected == MediaConnectStateConnected;
    NDIS_LINK_STATE State = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
                   NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState = Connected,
        .MediaDuplexState = Up ? Adapter->Duplex : MediaDuplexStateUnknown,
        .XmitLinkSpeed = Up ? Adapter->LinkSpeed : NDIS_LINK_SPEED_UNKNOWN,
        .RcvLinkSpeed = Up ? Adapter->LinkSpeed : NDIS_LINK_SPEED_UNKNOWN,
        .PauseFunctions = NdisPauseFunctionsUnsupported,
    };

    VnetIndicateStatus(Adapter, NDIS_STATUS_LINK_STATE, &State, sizeof(State));
}

VOID
VnetCheckLink(VNET_ADAPTER *Adapter, BOOLEAN MayIndicate)
{
    USHORT Status;
    LONG Connected;

    if (VnetIsGone(Adapter)) {
        return;
    }
    Status = ReadLinkStatus(Adapter);
    Connected = (Status & VIRTIO_NET_S_LINK_UP) != 0 ? MediaConnectStateConnected
                                                     : MediaConnectStateDisconnected;
    if (InterlockedExchange(&Adapter->Connected, Connected) != Connected && MayIndicate) {
        IndicateLinkState(Adapter, (NDIS_MEDIA_CONNECT_STATE)Connected);
    }
    if ((Status & VIRTIO_NET_S_ANNOUNCE) != 0 && VnetHas(Adapter, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
        VnetWorkLater(Adapter, VNET_WORK_ANNOUNCE);
    }
}

/*
 * "NDIS_STATUS_LINK_STATE": "a miniport driver must indicate a connection state of
 * MediaConnectStateUnknown during a low power transition, if it is impossible to detect and wake on
 * a connection state change".
 */
VOID
VnetForgetLink(VNET_ADAPTER *Adapter)
{
    InterlockedExchange(&Adapter->Connected, MediaConnectStateUnknown);
    IndicateLinkState(Adapter, MediaConnectStateUnknown);
}

/* The network behind the link is another one, or moved: who is above finds out where it is now. */
VOID
VnetAnnounce(VNET_ADAPTER *Adapter)
{
    NDIS_NETWORK_CHANGE_TYPE Change = NdisNetworkChangeFromMediaConnect;

    if (VnetControl(Adapter, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0)) {
        VnetIndicateStatus(Adapter, NDIS_STATUS_NETWORK_CHANGE, &Change, sizeof(Change));
    }
}
