/* Devices of their own that NDIS drivers register, for applications to open. */
#include "ndis/header.h"
#include "ndis/ndis_machine.h"
#include "nt/device.h"

#include <stdlib.h>

enum { DISPATCH_COUNT = IRP_MJ_MAXIMUM_FUNCTION + 1 };

struct ndis_device {
    struct handle handle;
    DEVICE_OBJECT *object;
    NDIS_STRING link; /* Buffer NULL: none. */
    PDRIVER_DISPATCH dispatch[DISPATCH_COUNT];
};

/* What NDIS itself keeps in DeviceExtension; what the driver asked for follows. */
struct reserved_extension {
    struct ndis_device *device;
    ULONG bytes;
    UCHAR driver[] __attribute__((aligned(16)));
};

static void
free_memory(struct handle *handle)
{
    struct ndis_device *device = CONTAINING_RECORD(handle, struct ndis_device, handle);

    free(device->link.Buffer);
    free(device);
}

/* For IRPs that the driver has no routine for. */
static NTSTATUS
refuse(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_NOT_SUPPORTED;
}

static bool
copy_string(NDIS_STRING *to, const NDIS_STRING *from)
{
    to->Buffer = malloc(from->Length + sizeof(WCHAR));
    if (to->Buffer == NULL) {
        return false;
    }
    memcpy(to->Buffer, from->Buffer, from->Length);
    to->Length = from->Length;
    to->MaximumLength = (USHORT)(from->Length + sizeof(WCHAR));
    return true;
}

static struct ndis_device *
allocate(const NDIS_DEVICE_OBJECT_ATTRIBUTES *attributes)
{
    struct ndis_device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < DISPATCH_COUNT; i++) {
        PDRIVER_DISPATCH routine =
            attributes->MajorFunctions == NULL ? NULL : attributes->MajorFunctions[i];

        device->dispatch[i] = routine == NULL ? refuse : routine;
    }
    if (attributes->SymbolicName != NULL && !copy_string(&device->link, attributes->SymbolicName)) {
        free(device);
        return NULL;
    }
    return device;
}

static NTSTATUS
create(struct context *context, struct ndis_device *device, PDRIVER_OBJECT driver,
       const NDIS_DEVICE_OBJECT_ATTRIBUTES *attributes, const char *call, const void *caller)
{
    const struct device_options options = {
        .driver = driver,
        .extension_bytes = (ULONG)sizeof(struct reserved_extension) + attributes->ExtensionSize,
        .name = attributes->DeviceName,
        .type = FILE_DEVICE_NETWORK,
        .characteristics = FILE_DEVICE_SECURE_OPEN,
        .dispatch = device->dispatch,
    };
    struct reserved_extension *extension;
    NTSTATUS status = pndis__device_create(context, &options, &device->object, call, caller);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    extension = device->object->DeviceExtension;
    extension->device = device;
    extension->bytes = attributes->ExtensionSize;
    if (device->link.Buffer != NULL) {
        status = pndis__link_create(context, &device->link, attributes->DeviceName, call, caller);
    }
    if (!NT_SUCCESS(status)) {
        pndis__device_delete(context, device->object, call, caller);
        return status;
    }
    device->object->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

/*
 * "NdisRegisterDeviceEx function". IRQL: PASSIVE_LEVEL.
 * The attributes are copied. The device goes with NdisDeregisterDeviceEx.
 * NDIS_STATUS_NOT_SUPPORTED: the caller is no NDIS driver; NDIS_STATUS_RESOURCES;
 * STATUS_OBJECT_NAME_COLLISION.
 */
NDIS_STATUS
NdisRegisterDeviceEx(NDIS_HANDLE NdisHandle, PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                     PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *handle =
        pndis__handle(context, NdisHandle, HANDLE_BIT(MINIPORT_DRIVER), __func__, caller);
    struct ndis_device *device;
    NTSTATUS status;

    *pDeviceObject = NULL;
    *NdisDeviceHandle = NULL;
    if (handle == NULL) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (!pndis__object_header_check(context, DeviceObjectAttributes,
                                    HEADER_DEVICE_OBJECT_ATTRIBUTES, __func__, caller)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    device = allocate(DeviceObjectAttributes);
    if (device == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    status = create(context, device,
                    &CONTAINING_RECORD(handle, struct miniport_driver, handle)->driver->object,
                    DeviceObjectAttributes, __func__, caller);
    if (!NT_SUCCESS(status)) {
        free_memory(&device->handle);
        return status;
    }
    pndis__handle_add(pndis__handles_of(context->machine), &device->handle, HANDLE_DEVICE,
                      handle->owner, context->machine, free_memory);
    *pDeviceObject = device->object;
    *NdisDeviceHandle = device;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisDeregisterDeviceEx function". IRQL: PASSIVE_LEVEL. The link goes with the device. */
VOID
NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *handle =
        pndis__handle(context, NdisDeviceHandle, HANDLE_BIT(DEVICE), __func__, caller);
    struct ndis_device *device;

    if (handle == NULL) {
        return;
    }
    device = CONTAINING_RECORD(handle, struct ndis_device, handle);
    if (device->link.Buffer != NULL) {
        pndis__link_delete(context, &device->link, __func__);
    }
    pndis__device_delete(context, device->object, __func__, caller);
    pndis__handle_retire(pndis__handles_of(context->machine), &device->handle);
}

/*
 * "NdisGetDeviceReservedExtension function". Any IRQL. Borrowed from the device object. NULL: the
 * device is not one that NdisRegisterDeviceEx made, or it was made without an extension.
 */
PVOID
NdisGetDeviceReservedExtension(PDEVICE_OBJECT DeviceObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    struct reserved_extension *extension;

    if (!pndis__device_is_known(context->machine, DeviceObject)) {
        return NULL;
    }
    extension = DeviceObject->DeviceExtension;
    if (DeviceObject->DeviceType != FILE_DEVICE_NETWORK || extension == NULL ||
        !pndis__handle_known(context->machine, extension->device, HANDLE_BIT(DEVICE))) {
        return NULL;
    }
    return extension->bytes == 0 ? NULL : extension->driver;
}
