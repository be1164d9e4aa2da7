/* Versions, time, strings and names: small questions that drivers ask NDIS. */
#include "ndis/adapter.h"
#include "ndis/ndis_machine.h"

#include "nt/pool.h"

/* "NdisGetVersion function". IRQL <= DISPATCH_LEVEL. The machine's NDIS, as NDIS_RUNTIME_VERSION_*.
 */
UINT
NdisGetVersion(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return pndis__ndis_of(context->machine)->version;
}

/*
 * "NdisGetRoutineAddress function". IRQL: PASSIVE_LEVEL.
 * Knows what this library exports. NULL for other names.
 */
PVOID
NdisGetRoutineAddress(PNDIS_STRING NdisRoutineName)
{
    char name[80];

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    pndis__utf8_of(NdisRoutineName, name, sizeof(name));
    return pndis__routine_address(name);
}

/* "NdisGetSystemUpTimeEx function". Any IRQL. In milliseconds. */
VOID
NdisGetSystemUpTimeEx(PLARGE_INTEGER pSystemUpTime)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    pSystemUpTime->QuadPart = (LONGLONG)(pndis__now_ns(context->sched) / 1000000);
}

/*
 * "NdisInitializeString function". IRQL: PASSIVE_LEVEL.
 * A Unicode copy of @Source in fresh memory, freed with NdisFreeString; an empty string for want of
 * memory.
 */
VOID
NdisInitializeString(PNDIS_STRING Destination, PUCHAR Source)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    size_t length = strlen((const char *)Source);
    WCHAR *buffer = pndis__pool_take(context, POOL_NONPAGED, (length + 1) * sizeof(WCHAR), 'ssDN',
                                     POOL_FILL_PATTERN, __func__, NT_CALLER());

    Destination->Buffer = buffer;
    Destination->Length = 0;
    Destination->MaximumLength = 0;
    if (buffer == NULL) {
        return;
    }
    for (size_t i = 0; i <= length; i++) {
        buffer[i] = Source[i];
    }
    Destination->Length = (USHORT)(length * sizeof(WCHAR));
    Destination->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
}

/* --- instance names --- */

/* A copy of @name for the driver, which frees its Buffer with NdisFreeMemory. */
static NDIS_STATUS
give_name(struct context *context, PNDIS_STRING out_name, const UNICODE_STRING *name,
          const char *call, const void *caller)
{
    WCHAR *buffer = pndis__pool_take(context, POOL_NONPAGED, name->Length + sizeof(WCHAR), 'niDN',
                                     POOL_FILL_ZERO, call, caller);

    if (buffer == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    memcpy(buffer, name->Buffer, name->Length);
    out_name->Buffer = buffer;
    out_name->Length = name->Length;
    out_name->MaximumLength = (USHORT)(name->Length + sizeof(WCHAR));
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMQueryAdapterInstanceName function". IRQL: PASSIVE_LEVEL. The buffer is the driver's to
 * free. */
NDIS_STATUS
NdisMQueryAdapterInstanceName(PNDIS_STRING pAdapterInstanceName, NDIS_HANDLE NdisMiniportHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, NdisMiniportHandle, __func__, NT_CALLER());

    return adapter == NULL ? NDIS_STATUS_FAILURE
                           : give_name(context, pAdapterInstanceName, &adapter->instance_string,
                                       __func__, NT_CALLER());
}

/* "NdisQueryAdapterInstanceName function". IRQL <= DISPATCH_LEVEL. For a binding; as above. */
NDIS_STATUS
NdisQueryAdapterInstanceName(PNDIS_STRING pAdapterInstanceName, NDIS_HANDLE NdisBindingHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, NT_CALLER());

    return binding == NULL ? NDIS_STATUS_FAILURE
                           : give_name(context, pAdapterInstanceName,
                                       &binding->adapter->instance_string, __func__, NT_CALLER());
}

/* "NdisQueryBindInstanceName function". IRQL <= DISPATCH_LEVEL. While binding; as above. */
NDIS_STATUS
NdisQueryBindInstanceName(PNDIS_STRING pAdapterInstanceName, NDIS_HANDLE BindContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct handle *handle =
        pndis__handle(context, BindContext, HANDLE_BIT(BIND_CONTEXT), __func__, NT_CALLER());

    return handle == NULL ? NDIS_STATUS_FAILURE
                          : give_name(context, pAdapterInstanceName,
                                      &CONTAINING_RECORD(handle, struct binding, bind_handle)
                                           ->adapter->instance_string,
                                      __func__, NT_CALLER());
}
