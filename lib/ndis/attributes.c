/* What a miniport says about its adapter with NdisMSetMiniportAttributes. */
#include "ndis/adapter.h"
#include "ndis/header.h"
#include "ndis/receive_filter.h"
#include "ndis/status.h"

#include <stdlib.h>

enum { MAC_BYTES_LIMIT = NDIS_MAX_PHYS_ADDRESS_LENGTH, ETHERNET_MAC_BYTES = 6 };

void
pndis__attributes_forget(struct attributes *attributes)
{
    NDIS_HANDLE add_device_context = attributes->add_device_context;

    free(attributes->oids);
    memset(attributes, 0, sizeof(*attributes));
    /* What MiniportAddDevice said holds until MiniportRemoveDevice. */
    attributes->add_device_context = add_device_context;
}

bool
pndis__attributes_needed(struct context *context, struct pndis_adapter *adapter, const char *call,
                         const void *caller)
{
    if ((adapter->attributes.set & ATTRIBUTE_REGISTRATION) != 0) {
        return true;
    }
    pndis__report(context, RULE_MP_ATTR_FIRST, &adapter->owner, call, caller,
                  "%s is called before %s has its registration attributes", call,
                  adapter->owner.name);
    return false;
}

/* --- registration attributes --- */

static NDIS_STATUS
set_registration(struct context *context, struct pndis_adapter *adapter, const void *given,
                 const void *caller)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES registration;

    (void)context;
    (void)caller;
    pndis__object_header_copy(&registration, sizeof(registration), given,
                              HEADER_REGISTRATION_ATTRIBUTES);
    adapter->context = registration.MiniportAdapterContext;
    adapter->attributes.flags = registration.AttributeFlags;
    adapter->attributes.check_for_hang_seconds = registration.CheckForHangTimeInSeconds;
    adapter->attributes.interface_type = registration.InterfaceType;
    return NDIS_STATUS_SUCCESS;
}

/* --- general attributes --- */

static const char *
impossible(const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general, ULONG version)
{
    static const UCHAR zero[MAC_BYTES_LIMIT];

    if (general->MacAddressLength > MAC_BYTES_LIMIT) {
        return "MacAddressLength is larger than the addresses";
    }
    if (general->MediaType == NdisMedium802_3 && general->MacAddressLength != ETHERNET_MAC_BYTES) {
        return "MacAddressLength is not that of an Ethernet adapter";
    }
    if (general->MtuSize == 0) {
        return "MtuSize is 0";
    }
    if (general->SupportedOidListLength % sizeof(NDIS_OID) != 0) {
        return "SupportedOidListLength is no multiple of 4";
    }
    if (general->SupportedOidList == NULL && general->SupportedOidListLength != 0) {
        return "SupportedOidList is NULL with a length";
    }
    if (general->MacAddressLength != 0 &&
        memcmp(general->CurrentMacAddress, zero, general->MacAddressLength) == 0) {
        return "CurrentMacAddress is all zero";
    }
    if (version >= ndis_version(6, 20) && general->PowerManagementCapabilities != NULL) {
        return "PowerManagementCapabilities is for NDIS 6.0 and 6.1";
    }
    return NULL;
}

/* Whether what general attributes point to has correct headers. */
static bool
pointed_to_is_sound(struct context *context,
                    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general, const void *caller)
{
    const char *call = "NdisMSetMiniportAttributes";

    return (general->RecvScaleCapabilities == NULL ||
            pndis__object_header_check(context, general->RecvScaleCapabilities,
                                       HEADER_RSS_CAPABILITIES, call, caller)) &&
           (general->PowerManagementCapabilitiesEx == NULL ||
            pndis__object_header_check(context, general->PowerManagementCapabilitiesEx,
                                       HEADER_PM_CAPABILITIES, call, caller));
}

/* "NDIS filters any supported statistics OIDs out of the list": OID_GEN_SUPPORTED_LIST. */
static void
list_for_bindings(struct attributes *attributes, ULONG count)
{
    const NDIS_OID kind = 0xffff0000;
    NDIS_OID *list = attributes->oids + count;
    ULONG used = 0;

    for (ULONG i = 0; i < count; i++) {
        NDIS_OID oid = attributes->oids[i];

        if ((oid & kind) != (OID_GEN_STATISTICS & kind) &&
            (oid & kind) != (OID_802_3_XMIT_ONE_COLLISION & kind)) {
            list[used++] = oid;
        }
    }
    attributes->oids_for_bindings = list;
    attributes->oids_for_bindings_bytes = used * sizeof(NDIS_OID);
}

/* Structures that general attributes point to: copied, so that the driver's may go. */
static NDIS_STATUS
copy_pointed_to(struct pndis_adapter *adapter, NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general)
{
    struct attributes *attributes = &adapter->attributes;

    if (general->SupportedOidListLength != 0) {
        free(attributes->oids);
        attributes->oids = malloc(2 * (size_t)general->SupportedOidListLength);
        if (attributes->oids == NULL) {
            return NDIS_STATUS_RESOURCES;
        }
        memcpy(attributes->oids, general->SupportedOidList, general->SupportedOidListLength);
        list_for_bindings(attributes, general->SupportedOidListLength / sizeof(NDIS_OID));
    }
    if (general->RecvScaleCapabilities != NULL) {
        pndis__object_header_copy(&attributes->rss, sizeof(attributes->rss),
                                  general->RecvScaleCapabilities, HEADER_RSS_CAPABILITIES);
    }
    if (general->PowerManagementCapabilities != NULL) {
        attributes->pnp = *general->PowerManagementCapabilities;
        attributes->has_pnp = true;
    }
    if (general->PowerManagementCapabilitiesEx != NULL) {
        pndis__object_header_copy(&attributes->pm, sizeof(attributes->pm),
                                  general->PowerManagementCapabilitiesEx, HEADER_PM_CAPABILITIES);
        attributes->has_pm = true;
    }
    general->SupportedOidList = attributes->oids;
    general->RecvScaleCapabilities = &attributes->rss;
    general->PowerManagementCapabilities = NULL;
    general->PowerManagementCapabilitiesEx = attributes->has_pm ? &attributes->pm : NULL;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
set_general(struct context *context, struct pndis_adapter *adapter, const void *given,
            const void *caller)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES general;
    const char *wrong;
    NDIS_STATUS status;

    pndis__object_header_copy(&general, sizeof(general), given, HEADER_GENERAL_ATTRIBUTES);
    wrong = impossible(&general, adapter->driver->version);
    if (wrong != NULL) {
        pndis__report(context, RULE_MP_ATTR_VALUES, &adapter->owner, "NdisMSetMiniportAttributes",
                      caller, "general attributes of %s: %s", adapter->owner.name, wrong);
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (!pointed_to_is_sound(context, &general, caller)) {
        return NDIS_STATUS_BAD_VERSION;
    }
    status = copy_pointed_to(adapter, &general);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    adapter->attributes.general = general;
    pndis__link_state_from_attributes(adapter);
    pndis__receive_paths_changed(adapter);
    return NDIS_STATUS_SUCCESS;
}

/* --- the others --- */

/* Structures that no table of headers knows: as long as they say. */
static void
copy_headed(void *to, size_t to_bytes, const void *from)
{
    pndis__headed_copy(to, to_bytes, from, to_bytes);
}

static NDIS_STATUS
set_offload(struct context *context, struct pndis_adapter *adapter, const void *given,
            const void *caller)
{
    const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *offload = given;
    struct attributes *attributes = &adapter->attributes;

    (void)context;
    (void)caller;
    if (offload->DefaultOffloadConfiguration != NULL) {
        copy_headed(&attributes->offload_default, sizeof(attributes->offload_default),
                    offload->DefaultOffloadConfiguration);
    }
    if (offload->HardwareOffloadCapabilities != NULL) {
        copy_headed(&attributes->offload_hardware, sizeof(attributes->offload_hardware),
                    offload->HardwareOffloadCapabilities);
    }
    return NDIS_STATUS_SUCCESS;
}

static void
take(void *to, size_t to_bytes, const void *given)
{
    if (given != NULL) {
        copy_headed(to, to_bytes, given);
    }
}

static NDIS_STATUS
set_hardware_assist(struct context *context, struct pndis_adapter *adapter, const void *given,
                    const void *caller)
{
    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES assist;
    struct attributes *attributes = &adapter->attributes;

    (void)context;
    (void)caller;
    pndis__object_header_copy(&assist, sizeof(assist), given, HEADER_HARDWARE_ASSIST_ATTRIBUTES);
    take(&attributes->hd_split, sizeof(attributes->hd_split), assist.HDSplitAttributes);
    take(&attributes->receive_filter_hardware, sizeof(attributes->receive_filter_hardware),
         assist.HardwareReceiveFilterCapabilities);
    take(&attributes->receive_filter_current, sizeof(attributes->receive_filter_current),
         assist.CurrentReceiveFilterCapabilities);
    take(&attributes->nic_switch_hardware, sizeof(attributes->nic_switch_hardware),
         assist.HardwareNicSwitchCapabilities);
    take(&attributes->nic_switch_current, sizeof(attributes->nic_switch_current),
         assist.CurrentNicSwitchCapabilities);
    take(&attributes->sriov_hardware, sizeof(attributes->sriov_hardware),
         assist.HardwareSriovCapabilities);
    take(&attributes->sriov_current, sizeof(attributes->sriov_current),
         assist.CurrentSriovCapabilities);
    take(&attributes->qos_hardware, sizeof(attributes->qos_hardware),
         assist.HardwareQosCapabilities);
    take(&attributes->qos_current, sizeof(attributes->qos_current), assist.CurrentQosCapabilities);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
set_add_device(struct context *context, struct pndis_adapter *adapter, const void *given,
               const void *caller)
{
    const NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES *add = given;

    (void)context;
    (void)caller;
    adapter->attributes.add_device_context = add->MiniportAddDeviceContext;
    adapter->attributes.flags = add->Flags;
    return NDIS_STATUS_SUCCESS;
}

static const struct {
    UCHAR type;
    enum header_structure header;
    unsigned kind;
    unsigned needs; /* What must have been set before. */
    NDIS_STATUS(*set)
    (struct context *context, struct pndis_adapter *adapter, const void *given, const void *caller);
} kinds[] = {
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, HEADER_REGISTRATION_ATTRIBUTES,
     ATTRIBUTE_REGISTRATION, 0, set_registration},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, HEADER_GENERAL_ATTRIBUTES,
     ATTRIBUTE_GENERAL, ATTRIBUTE_REGISTRATION, set_general},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES, HEADER_OFFLOAD_ATTRIBUTES,
     ATTRIBUTE_OFFLOAD, ATTRIBUTE_REGISTRATION | ATTRIBUTE_GENERAL, set_offload},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
     HEADER_HARDWARE_ASSIST_ATTRIBUTES, ATTRIBUTE_HARDWARE_ASSIST,
     ATTRIBUTE_REGISTRATION | ATTRIBUTE_GENERAL, set_hardware_assist},
    {NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES, HEADER_ADD_DEVICE_ATTRIBUTES,
     ATTRIBUTE_ADD_DEVICE, 0, set_add_device},
};

static bool
right_place(struct context *context, struct pndis_adapter *adapter, unsigned kind,
            const void *caller)
{
    bool add_device = kind == ATTRIBUTE_ADD_DEVICE;
    bool right = add_device ? adapter->adding_device : state_of(&adapter->at) == MP_INITIALIZING;

    if (!right) {
        pndis__report(context, RULE_MP_ATTR_PLACE, &adapter->owner, "NdisMSetMiniportAttributes",
                      caller, "%s sets attributes outside of %s", adapter->owner.name,
                      add_device ? "MiniportAddDevice" : "MiniportInitializeEx");
    }
    return right;
}

static bool
right_order(struct context *context, struct pndis_adapter *adapter, unsigned kind, unsigned needs,
            const void *caller)
{
    bool again = (adapter->attributes.set & kind) != 0 && kind == ATTRIBUTE_REGISTRATION;

    if ((adapter->attributes.set & needs) == needs && !again) {
        return true;
    }
    pndis__report(context, RULE_MP_ATTR_ORDER, &adapter->owner, "NdisMSetMiniportAttributes",
                  caller, "%s sets attributes %s", adapter->owner.name,
                  again ? "for registration twice" : "before the ones they build on");
    return false;
}

/*
 * "NdisMSetMiniportAttributes function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx (or
 * MiniportAddDevice). Everything is copied. Registration attributes come first, general ones next.
 * NDIS_STATUS_BAD_VERSION for a structure NDIS does not know.
 */
NDIS_STATUS
NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportHandle,
                           PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, NdisMiniportHandle, __func__, caller);
    const NDIS_OBJECT_HEADER *header = (const NDIS_OBJECT_HEADER *)MiniportAttributes;
    NDIS_STATUS status;

    if (adapter == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (header == NULL) {
        pndis__report(context, RULE_OBJECT_HEADER, &adapter->owner, __func__, caller,
                      "MiniportAttributes is NULL");
        return NDIS_STATUS_FAILURE;
    }
    for (size_t i = 0; i < RTL_NUMBER_OF(kinds); i++) {
        if (kinds[i].type != header->Type) {
            continue;
        }
        if (!pndis__object_header_check(context, header, kinds[i].header, __func__, caller) ||
            !pndis__revision_check(context, header, kinds[i].header, adapter->driver->version,
                                   __func__, caller)) {
            return NDIS_STATUS_BAD_VERSION;
        }
        if (!right_place(context, adapter, kinds[i].kind, caller) ||
            !right_order(context, adapter, kinds[i].kind, kinds[i].needs, caller)) {
            return NDIS_STATUS_FAILURE;
        }
        if (pndis__fault(context)) {
            return NDIS_STATUS_RESOURCES;
        }
        status = kinds[i].set(context, adapter, header, caller);
        if (status == NDIS_STATUS_SUCCESS) {
            adapter->attributes.set |= kinds[i].kind;
        }
        return status;
    }
    pndis__report(context, RULE_OBJECT_HEADER, &adapter->owner, __func__, caller,
                  "there are no attributes of type 0x%02x", header->Type);
    return NDIS_STATUS_BAD_VERSION;
}
