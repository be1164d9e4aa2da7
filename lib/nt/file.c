/*
 * File objects: devices that are open ("IRP_MJ_CREATE", "IRP_MJ_CLEANUP", "IRP_MJ_CLOSE"). Closing
 * the file sends the cleanup; the last reference, which may be a driver's, sends the close.
 */
#include "nt/device.h"

#include "nt/object.h"
#include "nt/wait.h"

enum { KIND_FILE = 5 };

struct file {
    FILE_OBJECT object;
    bool created; /* The driver has agreed to the IRP_MJ_CREATE. */
    WCHAR name[];
};

static NTSTATUS
send(struct context *context, struct file *file, UCHAR major, ACCESS_MASK access)
{
    struct device_request request = {
        .device = file->object.DeviceObject,
        .file = &file->object,
        .major = major,
        .access = access,
    };

    return pndis__device_request(context, &request);
}

/* The last reference has gone; the driver still sees the file in its close. */
static void
file_destroy(struct pndis_machine *machine, void *body)
{
    struct context *context = context_current();
    struct file *file = body;

    if (file->created && context != NULL && context->machine == machine) {
        send(context, file, IRP_MJ_CLOSE, 0);
        __atomic_fetch_sub(&file->object.DeviceObject->ReferenceCount, 1, __ATOMIC_SEQ_CST);
        pndis__object_dereference(machine, file->object.DeviceObject);
    }
}

/* The device whose name @name begins with, referenced, and in *@out_rest what follows. */
static PDEVICE_OBJECT
find_device(struct pndis_machine *machine, PCUNICODE_STRING name, UNICODE_STRING *out_rest)
{
    UNICODE_STRING part = *name;

    for (;;) {
        PDEVICE_OBJECT device = pndis__object_find(machine, &part, OBJECT_DEVICE);

        if (device != NULL) {
            *out_rest = (UNICODE_STRING){
                .Buffer = part.Buffer + part.Length / sizeof(WCHAR),
                .Length = (USHORT)(name->Length - part.Length),
                .MaximumLength = (USHORT)(name->Length - part.Length),
            };
            return device;
        }
        do {
            if (part.Length <= sizeof(WCHAR)) {
                return NULL;
            }
            part.Length = (USHORT)(part.Length - sizeof(WCHAR));
        } while (part.Buffer[part.Length / sizeof(WCHAR)] != '\\');
    }
}

static struct file *
file_new(struct pndis_machine *machine, PDEVICE_OBJECT device, const UNICODE_STRING *name)
{
    struct file *file =
        pndis__object_create(machine, OBJECT_FILE, sizeof(*file) + name->Length, file_destroy);

    if (file == NULL) {
        return NULL;
    }
    file->object.Type = KIND_FILE;
    file->object.Size = sizeof(FILE_OBJECT);
    file->object.DeviceObject = device;
    file->object.FileName.Buffer = file->name;
    file->object.FileName.Length = file->object.FileName.MaximumLength = name->Length;
    memcpy(file->name, name->Buffer, name->Length);
    pndis__header_init(&file->object.Lock.Header, KIND_SYNCHRONIZATION_EVENT, sizeof(KEVENT), 0);
    pndis__header_init(&file->object.Event.Header, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    InitializeListHead(&file->object.IrpList);
    return file;
}

static NTSTATUS
create(struct context *context, PDEVICE_OBJECT device, const UNICODE_STRING *name,
       ACCESS_MASK access, struct file **out_file)
{
    struct pndis_machine *machine = context->machine;
    struct file *file;
    NTSTATUS status;

    if ((device->Flags & DO_DEVICE_INITIALIZING) != 0) {
        return STATUS_NO_SUCH_DEVICE;
    }
    if ((device->Flags & DO_EXCLUSIVE) != 0 &&
        __atomic_load_n(&device->ReferenceCount, __ATOMIC_SEQ_CST) != 0) {
        return STATUS_ACCESS_DENIED;
    }
    file = file_new(machine, device, name);
    if (file == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __atomic_fetch_add(&device->ReferenceCount, 1, __ATOMIC_SEQ_CST);
    status = send(context, file, IRP_MJ_CREATE, access);
    if (!NT_SUCCESS(status)) {
        __atomic_fetch_sub(&device->ReferenceCount, 1, __ATOMIC_SEQ_CST);
        pndis__object_dereference(machine, file);
        return status;
    }
    file->created = true;
    *out_file = file;
    return STATUS_SUCCESS;
}

NTSTATUS
pndis__file_open(struct context *context, PCUNICODE_STRING name, ACCESS_MASK access,
                 PFILE_OBJECT *out_file)
{
    UNICODE_STRING rest;
    PDEVICE_OBJECT device = find_device(context->machine, name, &rest);
    struct file *file;
    NTSTATUS status;

    if (device == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    status = create(context, device, &rest, access, &file);
    if (!NT_SUCCESS(status)) {
        pndis__object_dereference(context->machine, device);
        return status;
    }
    *out_file = &file->object;
    return STATUS_SUCCESS;
}

void
pndis__file_close(struct context *context, PFILE_OBJECT file)
{
    send(context, (struct file *)file, IRP_MJ_CLEANUP, 0);
    file->Flags |= FO_CLEANUP_COMPLETE;
    pndis__object_dereference(context->machine, file);
}

/* --- for drivers --- */

/*
 * "ZwOpenFile function": devices only, there are no files. Handles are those of the kernel, and
 * what access is asked for reaches the device's driver in the create request.
 */
NTSTATUS
ZwOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
           PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    PFILE_OBJECT file;
    NTSTATUS status;

    (void)ShareAccess; /* Of devices their own drivers decide. */
    (void)OpenOptions;
    if (ObjectAttributes->RootDirectory != NULL || ObjectAttributes->ObjectName == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    status = pndis__fault(context)
                 ? STATUS_INSUFFICIENT_RESOURCES
                 : pndis__file_open(context, ObjectAttributes->ObjectName, DesiredAccess, &file);
    if (NT_SUCCESS(status)) {
        status =
            pndis__handle_open(context, file, DesiredAccess, FileHandle, __func__, NT_CALLER());
        if (NT_SUCCESS(status)) {
            pndis__object_dereference(context->machine, file);
        } else {
            pndis__file_close(context, file);
        }
    }
    IoStatusBlock->Status = status;
    IoStatusBlock->Information = NT_SUCCESS(status) ? FILE_OPENED : 0;
    return status;
}

NTSTATUS
IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess,
                         PFILE_OBJECT *FileObject, PDEVICE_OBJECT *DeviceObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    NTSTATUS status = pndis__file_open(context, ObjectName, DesiredAccess, FileObject);

    if (NT_SUCCESS(status)) {
        /* "IoGetDeviceObjectPointer function": the handle is closed again, the reference remains.
         */
        send(context, (struct file *)*FileObject, IRP_MJ_CLEANUP, 0);
        *DeviceObject = (*FileObject)->DeviceObject;
        pndis__acquired(context, RESOURCE_OBJECT_REFERENCE, *FileObject, 0, 0, NULL, __func__,
                        NT_CALLER());
    }
    return status;
}

PDEVICE_OBJECT
IoGetRelatedDeviceObject(PFILE_OBJECT FileObject)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return FileObject->DeviceObject;
}
