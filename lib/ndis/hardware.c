/* Resources of an adapter and its device objects, and the functions that tell a driver about them.
 */
#include "ndis/hardware.h"

#include "ndis/header.h"

#include <stdlib.h>

/* --- resources --- */

static void
describe_range(const struct pndis_device *device, unsigned index,
               CM_PARTIAL_RESOURCE_DESCRIPTOR *descriptor)
{
    const struct pndis_range *range = &device->ranges[index].public;
    uint64_t address = pndis__range_address(device, index);

    descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    if (range->kind == PNDIS_RANGE_PORT) {
        descriptor->Type = CmResourceTypePort;
        descriptor->Flags = CM_RESOURCE_PORT_IO;
        descriptor->u.Port.Start.QuadPart = (LONGLONG)address;
        descriptor->u.Port.Length = (ULONG)range->bytes;
    } else {
        descriptor->Type = CmResourceTypeMemory;
        descriptor->Flags = CM_RESOURCE_MEMORY_READ_WRITE;
        descriptor->u.Memory.Start.QuadPart = (LONGLONG)address;
        descriptor->u.Memory.Length = (ULONG)range->bytes;
    }
}

static void
describe_interrupt(const struct pndis_device *device, CM_PARTIAL_RESOURCE_DESCRIPTOR *descriptor)
{
    descriptor->Type = CmResourceTypeInterrupt;
    if (device->options.messages != 0) {
        descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
        descriptor->Flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE;
        descriptor->u.MessageInterrupt.Raw.MessageCount = (USHORT)device->options.messages;
        descriptor->u.MessageInterrupt.Raw.Vector = 0x50 + device->number % 0x80;
        descriptor->u.MessageInterrupt.Raw.Affinity = (KAFFINITY)-1;
    } else {
        descriptor->ShareDisposition = CmResourceShareShared;
        descriptor->Flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
        descriptor->u.Interrupt.Level = 0x10 + device->number % 8;
        descriptor->u.Interrupt.Vector = 0x50 + device->number % 0x80;
        descriptor->u.Interrupt.Affinity = (KAFFINITY)-1;
    }
}

/* One full descriptor: what the device has is both raw and translated here. */
static CM_RESOURCE_LIST *
build_resources(const struct pndis_device *device)
{
    bool interrupt = device->options.messages != 0 || !device->options.no_line;
    ULONG count = device->options.range_count + interrupt;
    CM_RESOURCE_LIST *whole =
        calloc(1, sizeof(*whole) + count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR));
    NDIS_RESOURCE_LIST *list;

    if (whole == NULL) {
        return NULL;
    }
    whole->Count = 1;
    whole->List[0].InterfaceType = PCIBus;
    list = &whole->List[0].PartialResourceList;
    list->Version = 1;
    list->Revision = 1;
    list->Count = count;
    for (unsigned i = 0; i < device->options.range_count; i++) {
        describe_range(device, i, &list->PartialDescriptors[i]);
    }
    if (interrupt) {
        describe_interrupt(device, &list->PartialDescriptors[count - 1]);
    }
    return whole;
}

PNDIS_RESOURCE_LIST
pndis__hardware_resources(struct pndis_adapter *adapter)
{
    return adapter->resources == NULL ? NULL : &adapter->resources->List[0].PartialResourceList;
}

static void
init_device_object(DEVICE_OBJECT *object, DRIVER_OBJECT *driver)
{
    memset(object, 0, sizeof(*object));
    object->Type = 3 /* IO_TYPE_DEVICE */;
    object->Size = sizeof(*object);
    object->ReferenceCount = 1;
    object->DriverObject = driver;
    object->StackSize = 1;
}

int
pndis__hardware_attach(struct pndis_adapter *adapter, struct pndis_device *device)
{
    init_device_object(&adapter->physical_device, NULL);
    init_device_object(&adapter->functional_device, &adapter->driver->driver->object);
    if (device == NULL) {
        return 0;
    }
    if (device->adapter != NULL) {
        return pndis__fail(PNDIS_EBUSY, "%s is the hardware of %s already", device->name,
                           device->adapter->owner.name);
    }
    adapter->resources = build_resources(device);
    if (adapter->resources == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a resource list");
    }
    adapter->device = device;
    device->adapter = adapter;
    return 0;
}

void
pndis__hardware_detach(struct pndis_adapter *adapter)
{
    if (adapter->device != NULL) {
        adapter->device->adapter = NULL;
        adapter->device = NULL;
    }
    free(adapter->resources);
    adapter->resources = NULL;
}

struct pndis_adapter *
pndis__claim(struct context *context, NDIS_HANDLE handle, bool frame_too, const char *call,
             const void *caller)
{
    struct pndis_adapter *adapter = pndis__adapter_of(context, handle, call, caller);

    if (adapter == NULL || !pndis__attributes_needed(context, adapter, call, caller)) {
        return NULL;
    }
    if (frame_too && state_of(&adapter->at) != MP_INITIALIZING) {
        pndis__report(context, RULE_MP_INIT_FRAME, &adapter->owner, call, caller,
                      "%s is called while %s is %s", call, adapter->owner.name,
                      state_name(&adapter->at));
        return NULL;
    }
    return adapter;
}

/* --- telling the driver --- */

/*
 * "NdisMGetDeviceProperty function". IRQL: PASSIVE_LEVEL. Each pointer may be NULL. The device
 * objects and lists are borrowed from NDIS until the halt; an adapter without hardware has no
 * lists.
 */
VOID
NdisMGetDeviceProperty(NDIS_HANDLE MiniportAdapterHandle, PDEVICE_OBJECT *PhysicalDeviceObject,
                       PDEVICE_OBJECT *FunctionalDeviceObject, PDEVICE_OBJECT *NextDeviceObject,
                       PCM_RESOURCE_LIST *AllocatedResources,
                       PCM_RESOURCE_LIST *AllocatedResourcesTranslated)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (adapter == NULL) {
        return;
    }
    if (PhysicalDeviceObject != NULL) {
        *PhysicalDeviceObject = &adapter->physical_device;
    }
    if (FunctionalDeviceObject != NULL) {
        *FunctionalDeviceObject = &adapter->functional_device;
    }
    if (NextDeviceObject != NULL) {
        *NextDeviceObject = &adapter->physical_device;
    }
    if (AllocatedResources != NULL) {
        *AllocatedResources = adapter->resources;
    }
    if (AllocatedResourcesTranslated != NULL) {
        *AllocatedResourcesTranslated = adapter->resources;
    }
}

static ULONG
bus_data(NDIS_HANDLE handle, bool write, ULONG space, ULONG offset, void *buffer, ULONG bytes,
         const char *call, const void *caller)
{
    struct context *context = pndis__call(call, PASSIVE_LEVEL, HIGH_LEVEL, caller);
    struct pndis_adapter *adapter = pndis__adapter_of(context, handle, call, caller);

    if (adapter == NULL || adapter->device == NULL || space != PCI_WHICHSPACE_CONFIG) {
        return 0;
    }
    return pndis__device_config(adapter->device, write, offset, buffer, bytes);
}

/* "NdisMGetBusData function". Any IRQL. Returns the bytes read; 0 without a bus. */
ULONG
NdisMGetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset, PVOID Buffer,
                ULONG Length)
{
    return bus_data(NdisMiniportHandle, false, WhichSpace, Offset, Buffer, Length, __func__,
                    NT_CALLER());
}

/* "NdisMSetBusData function". Any IRQL. Returns the bytes written. */
ULONG
NdisMSetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset, PVOID Buffer,
                ULONG Length)
{
    return bus_data(NdisMiniportHandle, true, WhichSpace, Offset, Buffer, Length, __func__,
                    NT_CALLER());
}

/*
 * "NdisMRemoveMiniport function". IRQL <= DISPATCH_LEVEL.
 * The hardware failed: NDIS stops the stack from a system thread, with NdisHaltDeviceFailed.
 */
NDIS_STATUS
NdisMRemoveMiniport(NDIS_HANDLE MiniportHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportHandle, __func__, NT_CALLER());

    return adapter == NULL ? NDIS_STATUS_FAILURE : pndis__remove_later(context, adapter);
}
