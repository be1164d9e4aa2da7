/*
 * Resources, configuration and configuration space as MiniportInitialize finds them, and accesses
 * of ports and adapter memory that have not been claimed yet.
 */
#include "ndis5/ndis5.h"

#include "ndis/hardware.h"

/* --- resources and configuration --- */

/*
 * NdisOpenConfiguration. IRQL: PASSIVE_LEVEL, from MiniportInitialize.
 * NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE. Undone with NdisCloseConfiguration.
 */
VOID
NdisOpenConfiguration(PNDIS_STATUS Status, PNDIS_HANDLE ConfigurationHandle,
                      NDIS_HANDLE WrapperConfigurationContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__configuring(context, WrapperConfigurationContext, __func__, caller);
    NDIS_CONFIGURATION_OBJECT object = {
        .Header = {.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
                   .Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1,
                   .Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1},
    };

    *Status = NDIS_STATUS_FAILURE;
    if (miniport == NULL) {
        return;
    }
    object.NdisHandle = &miniport->adapter->handle;
    *Status = NdisOpenConfigurationEx(&object, ConfigurationHandle);
    if (*Status == NDIS_STATUS_SUCCESS) {
        pndis__acquired_as(context, RESOURCE_CONFIGURATION, *ConfigurationHandle,
                           &miniport->adapter->owner, __func__, caller);
    }
}

static UINT
resource_bytes(const NDIS_RESOURCE_LIST *list)
{
    return (UINT)(FIELD_OFFSET(NDIS_RESOURCE_LIST, PartialDescriptors) +
                  (list == NULL ? 0 : list->Count) * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR));
}

/*
 * NdisMQueryAdapterResources. IRQL: PASSIVE_LEVEL, from MiniportInitialize.
 * @BufferSize: the buffer's, and on return what is needed or was written. NDIS_STATUS_RESOURCES: it
 * is too small.
 */
VOID
NdisMQueryAdapterResources(PNDIS_STATUS Status, NDIS_HANDLE WrapperConfigurationContext,
                           PNDIS_RESOURCE_LIST ResourceList, PUINT BufferSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport5 *miniport =
        pndis__configuring(context, WrapperConfigurationContext, __func__, NT_CALLER());
    const NDIS_RESOURCE_LIST *list;
    UINT bytes;

    *Status = NDIS_STATUS_FAILURE;
    if (miniport == NULL) {
        return;
    }
    list = pndis__hardware_resources(miniport->adapter);
    bytes = resource_bytes(list);
    *Status = *BufferSize < bytes ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    *BufferSize = bytes;
    if (*Status == NDIS_STATUS_SUCCESS) {
        memset(ResourceList, 0, bytes);
        if (list != NULL) {
            memcpy(ResourceList, list, bytes);
        }
    }
}

/* NdisMPciAssignResources. IRQL: PASSIVE_LEVEL, from MiniportInitialize. The list stays NDIS'.
 * NDIS_STATUS_FAILURE: the adapter has no resources. */
NDIS_STATUS
NdisMPciAssignResources(NDIS_HANDLE MiniportHandle, ULONG SlotNumber,
                        PNDIS_RESOURCE_LIST *AssignedResources)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportHandle, __func__, NT_CALLER());

    (void)SlotNumber;
    *AssignedResources = miniport == NULL ? NULL : pndis__hardware_resources(miniport->adapter);
    return *AssignedResources == NULL ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
}

/* --- configuration space: the slot is the adapter's own, whatever number is given --- */

static ULONG
config_space(const struct pndis_adapter *adapter, bool write, ULONG offset, void *buffer,
             ULONG bytes)
{
    return adapter == NULL || adapter->device == NULL
               ? 0
               : pndis__device_config(adapter->device, write, offset, buffer, bytes);
}

/* NdisReadPciSlotInformation. IRQL <= DISPATCH_LEVEL. Returns the bytes read. */
ULONG
NdisReadPciSlotInformation(NDIS_HANDLE NdisAdapterHandle, ULONG SlotNumber, ULONG Offset,
                           PVOID Buffer, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)SlotNumber;
    return config_space(pndis__adapter_of(context, NdisAdapterHandle, __func__, NT_CALLER()), false,
                        Offset, Buffer, Length);
}

/* NdisWritePciSlotInformation. IRQL <= DISPATCH_LEVEL. Returns the bytes written. */
ULONG
NdisWritePciSlotInformation(NDIS_HANDLE NdisAdapterHandle, ULONG SlotNumber, ULONG Offset,
                            PVOID Buffer, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)SlotNumber;
    return config_space(pndis__adapter_of(context, NdisAdapterHandle, __func__, NT_CALLER()), true,
                        Offset, Buffer, Length);
}

/* NdisImmediateReadPciSlotInformation. IRQL: PASSIVE_LEVEL, from MiniportInitialize. */
ULONG
NdisImmediateReadPciSlotInformation(NDIS_HANDLE WrapperConfigurationContext, ULONG SlotNumber,
                                    ULONG Offset, PVOID Buffer, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport5 *miniport =
        pndis__configuring(context, WrapperConfigurationContext, __func__, NT_CALLER());

    (void)SlotNumber;
    return miniport == NULL ? 0 : config_space(miniport->adapter, false, Offset, Buffer, Length);
}

/* NdisImmediateWritePciSlotInformation. IRQL: PASSIVE_LEVEL, from MiniportInitialize. */
ULONG
NdisImmediateWritePciSlotInformation(NDIS_HANDLE WrapperConfigurationContext, ULONG SlotNumber,
                                     ULONG Offset, PVOID Buffer, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport5 *miniport =
        pndis__configuring(context, WrapperConfigurationContext, __func__, NT_CALLER());

    (void)SlotNumber;
    return miniport == NULL ? 0 : config_space(miniport->adapter, true, Offset, Buffer, Length);
}

/* --- one access of what has not been claimed --- */

static bool
is_own_port(const struct pndis_adapter *adapter, ULONG port, unsigned width)
{
    const struct pndis_device *device = adapter->device;

    for (unsigned i = 0; device != NULL && i < device->options.range_count; i++) {
        uint64_t begin = pndis__range_address(device, i);

        if (device->ranges[i].public.kind == PNDIS_RANGE_PORT && port >= begin &&
            port + width <= begin + device->ranges[i].public.bytes) {
            return true;
        }
    }
    return false;
}

/* The port as an address, claimed for an access; NULL after a report when it is not the adapter's.
 */
static void *
claim_port(struct context *context, NDIS_HANDLE handle, ULONG port, unsigned width,
           const char *call, const void *caller)
{
    struct miniport5 *miniport = pndis__configuring(context, handle, call, caller);
    void *address = (void *)(uintptr_t)port;

    if (miniport == NULL) {
        return NULL;
    }
    if (!is_own_port(miniport->adapter, port, width)) {
        pndis__report(context, RULE_IO_ADDRESS, &miniport->adapter->owner, call, caller,
                      "%s accesses port 0x%x, which its device does not have",
                      miniport->adapter->owner.name, port);
        return NULL;
    }
    pndis__range_claimed(miniport->adapter->ndis, true, address, 1);
    return address;
}

static void
release_port(struct context *context, void *address)
{
    pndis__range_claimed(pndis__ndis_of(context->machine), true, address, -1);
}

static uint64_t
read_port(NDIS_HANDLE handle, ULONG port, unsigned width, const char *call, const void *caller)
{
    struct context *context = pndis__call(call, PASSIVE_LEVEL, PASSIVE_LEVEL, caller);
    void *address = claim_port(context, handle, port, width, call, caller);
    uint64_t value = UINT64_MAX;

    if (address != NULL) {
        value = pndis__io_read(context, true, address, width, call, caller);
        release_port(context, address);
    }
    return value;
}

static void
write_port(NDIS_HANDLE handle, ULONG port, unsigned width, uint64_t value, const char *call,
           const void *caller)
{
    struct context *context = pndis__call(call, PASSIVE_LEVEL, PASSIVE_LEVEL, caller);
    void *address = claim_port(context, handle, port, width, call, caller);

    if (address != NULL) {
        pndis__io_write(context, true, address, width, value, call, caller);
        release_port(context, address);
    }
}

/* NdisImmediateReadPortUchar and its relatives. IRQL: PASSIVE_LEVEL, from MiniportInitialize, of
 * ports in the adapter's resources that need not have been registered. */
VOID
NdisImmediateReadPortUchar(NDIS_HANDLE WrapperConfigurationContext, ULONG Port, PUCHAR Data)
{
    *Data =
        (UCHAR)read_port(WrapperConfigurationContext, Port, sizeof(UCHAR), __func__, NT_CALLER());
}

VOID
NdisImmediateReadPortUshort(NDIS_HANDLE WrapperConfigurationContext, ULONG Port, PUSHORT Data)
{
    *Data =
        (USHORT)read_port(WrapperConfigurationContext, Port, sizeof(USHORT), __func__, NT_CALLER());
}

VOID
NdisImmediateReadPortUlong(NDIS_HANDLE WrapperConfigurationContext, ULONG Port, PULONG Data)
{
    *Data =
        (ULONG)read_port(WrapperConfigurationContext, Port, sizeof(ULONG), __func__, NT_CALLER());
}

VOID
NdisImmediateWritePortUchar(NDIS_HANDLE WrapperConfigurationContext, ULONG Port, UCHAR Data)
{
    write_port(WrapperConfigurationContext, Port, sizeof(Data), Data, __func__, NT_CALLER());
}

VOID
NdisImmediateWritePortUshort(NDIS_HANDLE WrapperConfigurationContext, ULONG Port, USHORT Data)
{
    write_port(WrapperConfigurationContext, Port, sizeof(Data), Data, __func__, NT_CALLER());
}

VOID
NdisImmediateWritePortUlong(NDIS_HANDLE WrapperConfigurationContext, ULONG Port, ULONG Data)
{
    write_port(WrapperConfigurationContext, Port, sizeof(Data), Data, __func__, NT_CALLER());
}

static void
access_memory(struct context *context, NDIS_HANDLE handle, bool write, ULONG physical,
              UCHAR *buffer, ULONG bytes, const char *call, const void *caller)
{
    struct miniport5 *miniport = pndis__configuring(context, handle, call, caller);
    struct pndis_adapter *adapter = miniport == NULL ? NULL : miniport->adapter;
    uint8_t *address;

    if (adapter == NULL) {
        return;
    }
    address = adapter->device == NULL
                  ? NULL
                  : pndis__window_map(adapter->ndis, adapter->device, physical, bytes);
    if (address == NULL) {
        pndis__report(context, RULE_IO_ADDRESS, &adapter->owner, call, caller,
                      "%s accesses memory at 0x%x, which its device does not have",
                      adapter->owner.name, physical);
        return;
    }
    pndis__range_claimed(adapter->ndis, false, address, 1);
    for (ULONG i = 0; i < bytes; i++) {
        if (write) {
            pndis__io_write(context, false, address + i, 1, buffer[i], call, caller);
        } else {
            buffer[i] = (UCHAR)pndis__io_read(context, false, address + i, 1, call, caller);
        }
    }
    pndis__range_claimed(adapter->ndis, false, address, -1);
}

/* NdisImmediateReadSharedMemory. IRQL: PASSIVE_LEVEL, from MiniportInitialize. Memory on the
 * adapter, by its physical address. */
VOID
NdisImmediateReadSharedMemory(NDIS_HANDLE WrapperConfigurationContext, ULONG SharedMemoryAddress,
                              PUCHAR Buffer, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    access_memory(context, WrapperConfigurationContext, false, SharedMemoryAddress, Buffer, Length,
                  __func__, NT_CALLER());
}

/* NdisImmediateWriteSharedMemory. As NdisImmediateReadSharedMemory. */
VOID
NdisImmediateWriteSharedMemory(NDIS_HANDLE WrapperConfigurationContext, ULONG SharedMemoryAddress,
                               PUCHAR Buffer, ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    access_memory(context, WrapperConfigurationContext, true, SharedMemoryAddress, Buffer, Length,
                  __func__, NT_CALLER());
}
