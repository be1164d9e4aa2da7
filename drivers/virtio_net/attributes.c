/* What NDIS is told about an adapter ("NdisMSetMiniportAttributes"). */
#include "adapter.h"

NDIS_STATUS
VnetSetRegistrationAttributes(VNET_ADAPTER *Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Attributes;
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *Registration =
        &Attributes.RegistrationAttributes;

    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Registration->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    Registration->Header.Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2;
    Registration->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2;
    Registration->MiniportAdapterContext = Adapter;
    Registration->AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE |
                                   NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK |
                                   NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    Registration->CheckForHangTimeInSeconds = VNET_CHECK_FOR_HANG_SECONDS;
    Registration->InterfaceType = NdisInterfacePci;
    return NdisMSetMiniportAttributes(Adapter->Handle, &Attributes);
}

static ULONG
MacOptions(const VNET_ADAPTER *Adapter)
{
    ULONG Options = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
                    NDIS_MAC_OPTION_NO_LOOPBACK;

    if ((Adapter->Config.PriorityVlanTag & 1) != 0) {
        Options |= NDIS_MAC_OPTION_8021P_PRIORITY;
    }
    if ((Adapter->Config.PriorityVlanTag & 2) != 0) {
        Options |= NDIS_MAC_OPTION_8021Q_VLAN;
    }
    return Options;
}

static VOID
FillLink(const VNET_ADAPTER *Adapter, NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *General)
{
    BOOLEAN Up = Adapter->Connected == MediaConnectStateConnected;

    General->MaxXmitLinkSpeed = Adapter->LinkSpeed;
    General->MaxRcvLinkSpeed = Adapter->LinkSpeed;
    General->XmitLinkSpeed = Up ? Adapter->LinkSpeed : NDIS_LINK_SPEED_UNKNOWN;
    General->RcvLinkSpeed = Up ? Adapter->LinkSpeed : NDIS_LINK_SPEED_UNKNOWN;
    General->MediaConnectState = (NDIS_MEDIA_CONNECT_STATE)Adapter->Connected;
    General->MediaDuplexState = Up ? Adapter->Duplex : MediaDuplexStateUnknown;
    General->SupportedPauseFunctions = NdisPauseFunctionsUnsupported;
}

NDIS_STATUS
VnetSetGeneralAttributes(VNET_ADAPTER *Adapter)
{
    NDIS_PM_CAPABILITIES Power = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_PM_CAPABILITIES_REVISION_2,
                   NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2},
        .MinMagicPacketWakeUp = NdisDeviceStateUnspecified,
        .MinPatternWakeUp = NdisDeviceStateUnspecified,
        .MinLinkChangeWakeUp = NdisDeviceStateUnspecified,
    };
    NDIS_RECEIVE_SCALE_CAPABILITIES Rss;
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Attributes;
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *General = &Attributes.GeneralAttributes;

    VnetRssFillCapabilities(Adapter, &Rss);
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    General->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    General->Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    General->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    General->MediaType = NdisMedium802_3;
    General->PhysicalMediumType = NdisPhysicalMedium802_3;
    General->MtuSize = Adapter->Mtu;
    FillLink(Adapter, General);
    General->LookaheadSize = Adapter->Mtu;
    General->MacOptions = MacOptions(Adapter);
    General->SupportedPacketFilters = VNET_SUPPORTED_FILTERS;
    General->MaxMulticastListSize = VNET_MULTICAST_LIMIT;
    General->MacAddressLength = VNET_ADDRESS_BYTES;
    NdisMoveMemory(General->PermanentMacAddress, Adapter->PermanentAddress, VNET_ADDRESS_BYTES);
    NdisMoveMemory(General->CurrentMacAddress, Adapter->CurrentAddress, VNET_ADDRESS_BYTES);
    General->RecvScaleCapabilities = Rss.Header.Size == 0 ? NULL : &Rss;
    General->AccessType = NET_IF_ACCESS_BROADCAST;
    General->DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    General->ConnectionType = NET_IF_CONNECTION_DEDICATED;
    General->IfType = IF_TYPE_ETHERNET_CSMACD;
    General->IfConnectorPresent = TRUE;
    General->SupportedStatistics = VNET_SUPPORTED_STATISTICS;
    /* Where the frame's virtio header goes: see transmit_frame.c. */
    General->DataBackFillSize = VNET_HEADER_BYTES;
    General->SupportedOidList = (NDIS_OID *)VnetSupportedOids(&General->SupportedOidListLength);
    General->PowerManagementCapabilitiesEx = &Power;
    return NdisMSetMiniportAttributes(Adapter->Handle, &Attributes);
}

static NDIS_RESTART_GENERAL_ATTRIBUTES *
GeneralRestartAttributes(PNDIS_RESTART_ATTRIBUTES Attributes)
{
    while (Attributes != NULL && Attributes->Oid != OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
        Attributes = Attributes->Next;
    }
    if (Attributes == NULL ||
        Attributes->DataLength < NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_1) {
        return NULL;
    }
    return (NDIS_RESTART_GENERAL_ATTRIBUTES *)Attributes->Data;
}

/* What is not as it was at initialization. Entries of others stay as they are. */
VOID
VnetUpdateRestartAttributes(VNET_ADAPTER *Adapter, PNDIS_RESTART_ATTRIBUTES Attributes)
{
    NDIS_RESTART_GENERAL_ATTRIBUTES *General = GeneralRestartAttributes(Attributes);

    if (General == NULL || General->Header.Revision < NDIS_RESTART_GENERAL_ATTRIBUTES_REVISION_1) {
        return;
    }
    General->LookaheadSize = Adapter->Mtu;
    General->MaxXmitLinkSpeed = Adapter->LinkSpeed;
    General->MaxRcvLinkSpeed = Adapter->LinkSpeed;
    General->DataBackFillSize = max(General->DataBackFillSize, (ULONG)VNET_HEADER_BYTES);
}
