/* See oid_pm.h. "OID_PM_PARAMETERS", "NDIS_PM_PARAMETERS structure". */
#include "ndis/oid_pm.h"

#include "ndis/binding.h"

/* What @parameters enables and the adapter cannot do. */
static bool
asks_too_much(const struct pndis_adapter *adapter, const NDIS_PM_PARAMETERS *parameters)
{
    const NDIS_PM_CAPABILITIES *able = &adapter->attributes.pm;

    return (parameters->EnabledWoLPacketPatterns & ~able->SupportedWoLPacketPatterns) != 0 ||
           (parameters->EnabledProtocolOffloads & ~able->SupportedProtocolOffloads) != 0;
}

NDIS_STATUS
pndis__pm_parameters_set(struct oid_work *work)
{
    const NDIS_OID_REQUEST *request = work->request;
    ULONG bytes = request->DATA.SET_INFORMATION.InformationBufferLength;
    struct pndis_adapter *adapter = work->adapter;
    NDIS_PM_PARAMETERS wanted;

    if (bytes < NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1) {
        work->request->DATA.SET_INFORMATION.BytesNeeded = NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memset(&wanted, 0, sizeof(wanted));
    memcpy(&wanted, request->DATA.SET_INFORMATION.InformationBuffer,
           min(bytes, (ULONG)sizeof(wanted)));
    if (asks_too_much(adapter, &wanted)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    brief_lock(&adapter->bindings_lock);
    work->binding->pm_parameters = wanted;
    work->binding->has_pm_parameters = true;
    brief_unlock(&adapter->bindings_lock);
    work->request->DATA.SET_INFORMATION.BytesRead = bytes;
    return NDIS_STATUS_SUCCESS;
}

bool
pndis__pm_parameters_combined(struct pndis_adapter *adapter, NDIS_PM_PARAMETERS *out_all)
{
    bool any = false;

    memset(out_all, 0, sizeof(*out_all));
    out_all->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    out_all->Header.Revision = NDIS_PM_PARAMETERS_REVISION_1;
    out_all->Header.Size = NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1;
    if (adapter->driver->version >= ndis_version(6, 30)) {
        out_all->Header.Revision = NDIS_PM_PARAMETERS_REVISION_2;
        out_all->Header.Size = NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_2;
    }
    brief_lock(&adapter->bindings_lock);
    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        const NDIS_PM_PARAMETERS *one = &binding->pm_parameters;

        if (binding->has_pm_parameters && !binding_is_closing(binding)) {
            any = true;
            out_all->EnabledWoLPacketPatterns |= one->EnabledWoLPacketPatterns;
            out_all->EnabledProtocolOffloads |= one->EnabledProtocolOffloads;
            out_all->WakeUpFlags |= one->WakeUpFlags;
            out_all->MediaSpecificWakeUpEvents |= one->MediaSpecificWakeUpEvents;
        }
    }
    brief_unlock(&adapter->bindings_lock);
    return any;
}

void
pndis__pm_parameters_tell(struct context *context, struct pndis_adapter *adapter)
{
    NDIS_PM_PARAMETERS all;

    if (pndis__pm_parameters_combined(adapter, &all)) {
        pndis__oid_set_internal(context, adapter, OID_PM_PARAMETERS, &all, all.Header.Size);
    }
}
