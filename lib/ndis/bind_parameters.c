/* NDIS_BIND_PARAMETERS from an adapter's attributes. */
#include "ndis/bind_parameters.h"

#include "ndis/port.h"

#include <stdlib.h>

/* "NDIS sets the Revision member": by the protocol's NDIS version. */
static void
fill_header(NDIS_OBJECT_HEADER *header, ULONG version)
{
    static const struct {
        ULONG version;
        UCHAR revision;
        USHORT bytes;
    } revisions[] = {
        {0x00060000 | 30, NDIS_BIND_PARAMETERS_REVISION_4, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_4},
        {0x00060000 | 20, NDIS_BIND_PARAMETERS_REVISION_3, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_3},
        {0x00060000 | 1, NDIS_BIND_PARAMETERS_REVISION_2, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_2},
        {0x00060000, NDIS_BIND_PARAMETERS_REVISION_1, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_1},
    };

    header->Type = NDIS_OBJECT_TYPE_BIND_PARAMETERS;
    for (size_t i = 0; i < RTL_NUMBER_OF(revisions); i++) {
        if (version >= revisions[i].version) {
            header->Revision = revisions[i].revision;
            header->Size = revisions[i].bytes;
            return;
        }
    }
}

/* "Tcpip\Parameters\Adapters\<adapter>": below the services key. */
static void
fill_section(const struct binding *binding, struct bind_parameters *parameters)
{
    static const char middle[] = "\\Parameters\\Adapters\\";
    const char *protocol = binding->protocol->owner.name;
    const WCHAR *guid = binding->adapter->device_name + sizeof("\\DEVICE\\") - 1;
    WCHAR *at = parameters->section_buffer;

    while (*protocol != 0) {
        *at++ = (UCHAR)*protocol++;
    }
    for (const char *c = middle; *c != 0; c++) {
        *at++ = (UCHAR)*c;
    }
    while (*guid != 0) {
        *at++ = *guid++;
    }
    *at = 0;
    RtlInitUnicodeString(&parameters->section, parameters->section_buffer);
}

static void
fill_capabilities(const struct attributes *attributes, struct bind_parameters *parameters)
{
    NDIS_BIND_PARAMETERS *public = &parameters->public;

    parameters->pnp = attributes->pnp;
    public->PowerManagementCapabilities = attributes->has_pnp ? &parameters->pnp : NULL;
    public->PowerManagementCapabilitiesEx =
        attributes->has_pm ? (PNDIS_PM_CAPABILITIES)&attributes->pm : NULL;
    public->RcvScaleCapabilities = attributes->rss.Header.Size != 0
                                       ? (PNDIS_RECEIVE_SCALE_CAPABILITIES)&attributes->rss
                                       : NULL;
    public->DefaultOffloadConfiguration = attributes->offload_default.Header.Size != 0
                                              ? (PNDIS_OFFLOAD)&attributes->offload_default
                                              : NULL;
    public->ReceiveFilterCapabilities =
        attributes->receive_filter_current.Header.Size != 0
            ? (PNDIS_RECEIVE_FILTER_CAPABILITIES)&attributes->receive_filter_current
            : NULL;
    public->NicSwitchCapabilities =
        attributes->nic_switch_current.Header.Size != 0
            ? (PNDIS_NIC_SWITCH_CAPABILITIES)&attributes->nic_switch_current
            : NULL;
}

void
pndis__bind_parameters_fill(struct binding *binding, struct bind_parameters *parameters)
{
    struct pndis_adapter *adapter = binding->adapter;
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &adapter->attributes.general;
    NDIS_BIND_PARAMETERS *public = &parameters->public;

    memset(parameters, 0, sizeof(*parameters));
    fill_header(&public->Header, binding->protocol->version);
    fill_section(binding, parameters);
    fill_capabilities(&adapter->attributes, parameters);
    public->ProtocolSection = &parameters->section;
    public->AdapterName = &adapter->device_string;
    public->BoundAdapterName = &adapter->device_string;
    public->PhysicalDeviceObject = &adapter->physical_device;
    public->MediaType = general->MediaType;
    public->PhysicalMediumType = general->PhysicalMediumType;
    public->MtuSize = general->MtuSize;
    public->MaxXmitLinkSpeed = general->MaxXmitLinkSpeed;
    public->XmitLinkSpeed = adapter->link.transmit_speed;
    public->MaxRcvLinkSpeed = general->MaxRcvLinkSpeed;
    public->RcvLinkSpeed = adapter->link.receive_speed;
    public->MediaConnectState = adapter->link.connect;
    public->MediaDuplexState = adapter->link.duplex;
    public->LookaheadSize = general->LookaheadSize;
    public->SupportedPacketFilters = general->SupportedPacketFilters;
    public->MaxMulticastListSize = general->MaxMulticastListSize;
    public->MacAddressLength = general->MacAddressLength;
    memcpy(public->CurrentMacAddress, general->CurrentMacAddress, NDIS_MAX_PHYS_ADDRESS_LENGTH);
    public->BoundIfIndex = public->LowestIfIndex = adapter->interface_index;
    public->BoundIfNetluid = public->LowestIfNetluid = adapter->luid;
    public->AccessType = general->AccessType;
    public->DirectionType = general->DirectionType;
    public->ConnectionType = general->ConnectionType;
    public->IfType = general->IfType;
    public->IfConnectorPresent = general->IfConnectorPresent;
    public->DataBackFillSize = general->DataBackFillSize;
    public->ContextBackFillSize = general->ContextBackFillSize;
    public->MacOptions = general->MacOptions;
    public->CompartmentId = NET_IF_COMPARTMENT_ID_PRIMARY;
    public->ActivePorts = parameters->ports = pndis__ports_list(adapter);
}

void
pndis__bind_parameters_end(struct bind_parameters *parameters)
{
    free(parameters->ports);
}
