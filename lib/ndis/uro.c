/* Whether a miniport may coalesce received datagrams. See uro.h. */
#include "ndis/uro.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/oid.h"

/* From this version on a protocol knows URO, unless it says that it does not. */
enum { URO_MAJOR = 6, URO_MINOR = 89 };

static bool
takes_uro(const struct protocol *protocol)
{
    const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *calls = &protocol->calls;
    bool knows_it = calls->MajorNdisVersion > URO_MAJOR ||
                    (calls->MajorNdisVersion == URO_MAJOR && calls->MinorNdisVersion >= URO_MINOR);

    return knows_it && (calls->Flags & NDIS_PROTOCOL_DRIVER_UDP_RSC_NOT_SUPPORTED) == 0;
}

static bool
all_take_uro(const struct pndis_adapter *adapter)
{
    const struct binding *binding = adapter->bindings;

    while (binding != NULL && takes_uro(binding->protocol)) {
        binding = binding->next;
    }
    return binding == NULL;
}

static bool
can_uro(const NDIS_OFFLOAD *offload)
{
    return offload->Header.Revision >= NDIS_OFFLOAD_REVISION_8 && offload->UdpRsc.Enabled;
}

static void
set_uro(struct context *context, struct pndis_adapter *adapter, UCHAR value)
{
    NDIS_OFFLOAD_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_OFFLOAD_PARAMETERS_REVISION_6,
                   NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_6},
        .Flags = NDIS_OFFLOAD_PARAMETERS_SKIP_REGISTRY_UPDATE,
        .UdpRsc.Enabled = value,
    };

    pndis__oid_set_internal(context, adapter, OID_TCP_OFFLOAD_PARAMETERS, &parameters,
                            NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_6);
}

void
pndis__uro_settle(struct context *context, struct pndis_adapter *adapter)
{
    bool all = all_take_uro(adapter);

    if (!all && can_uro(&adapter->attributes.offload_default)) {
        adapter->uro_withheld = true;
        set_uro(context, adapter, NDIS_OFFLOAD_PARAMETERS_UDP_RSC_DISABLED);
    } else if (all && adapter->uro_withheld) {
        adapter->uro_withheld = false;
        set_uro(context, adapter, NDIS_OFFLOAD_PARAMETERS_UDP_RSC_ENABLED);
    }
}
