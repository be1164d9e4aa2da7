/*
 * Requests to devices, as the I/O manager makes them for applications ("Methods for Accessing Data
 * Buffers"): buffered, direct or neither, by the control code or by the device's flags.
 */
#include "nt/device.h"

#include "nt/irp.h"
#include "nt/mdl.h"
#include "nt/object.h"
#include "nt/thread.h"
#include "nt/wait.h"

enum transfer { TRANSFER_NONE, TRANSFER_BUFFERED, TRANSFER_DIRECT, TRANSFER_NEITHER };

static enum transfer
transfer_of(const struct device_request *request)
{
    ULONG flags = request->device->Flags;

    switch (request->major) {
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        switch (METHOD_FROM_CTL_CODE(request->code)) {
        case METHOD_BUFFERED:
            return TRANSFER_BUFFERED;
        case METHOD_NEITHER:
            return TRANSFER_NEITHER;
        default:
            return TRANSFER_DIRECT;
        }
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return (flags & DO_BUFFERED_IO) != 0 ? TRANSFER_BUFFERED
               : (flags & DO_DIRECT_IO) != 0 ? TRANSFER_DIRECT
                                             : TRANSFER_NEITHER;
    default:
        return TRANSFER_NONE;
    }
}

static bool
is_control(const struct device_request *request)
{
    return request->major == IRP_MJ_DEVICE_CONTROL ||
           request->major == IRP_MJ_INTERNAL_DEVICE_CONTROL;
}

/* --- building --- */

static bool
make_buffer(struct pndis_machine *machine, struct device_request *request)
{
    ULONG bytes =
        request->input_bytes > request->output_bytes ? request->input_bytes : request->output_bytes;

    if (bytes == 0) {
        return true;
    }
    request->buffer = pndis__pool_allocate(machine, bytes);
    if (request->buffer == NULL) {
        return false;
    }
    if (request->input_bytes != 0) {
        memcpy(request->buffer, request->input, request->input_bytes);
    }
    request->irp->AssociatedIrp.SystemBuffer = request->buffer;
    return true;
}

static bool
make_mdl(struct pndis_machine *machine, struct device_request *request, const void *memory,
         ULONG bytes)
{
    size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(memory, bytes);

    if (bytes == 0) {
        return true;
    }
    request->mdl = pndis__pool_allocate(machine, sizeof(MDL) + pages * sizeof(PFN_NUMBER));
    if (request->mdl == NULL) {
        return false;
    }
    MmInitializeMdl(request->mdl, (PVOID)(uintptr_t)memory, bytes);
    request->mdl->MdlFlags |= MDL_PAGES_LOCKED;
    pndis__mdl_fill_pages(request->mdl, memory);
    request->irp->MdlAddress = request->mdl;
    return true;
}

/* In a direct control the input is buffered and the output is not, whichever way that goes. */
static bool
make_direct(struct pndis_machine *machine, struct device_request *request)
{
    ULONG output_bytes = request->output_bytes;
    bool made;

    if (request->major == IRP_MJ_WRITE) {
        return make_mdl(machine, request, request->input, request->input_bytes);
    }
    if (!is_control(request)) {
        return make_mdl(machine, request, request->output, output_bytes);
    }
    request->output_bytes = 0;
    made = make_buffer(machine, request);
    request->output_bytes = output_bytes;
    return made && make_mdl(machine, request, request->output, output_bytes);
}

static bool
make_transfer(struct pndis_machine *machine, struct device_request *request)
{
    PIO_STACK_LOCATION location = IoGetNextIrpStackLocation(request->irp);

    switch (transfer_of(request)) {
    case TRANSFER_BUFFERED:
        request->irp->UserBuffer = request->output;
        return make_buffer(machine, request);
    case TRANSFER_DIRECT:
        return make_direct(machine, request);
    case TRANSFER_NEITHER:
        if (is_control(request)) {
            location->Parameters.DeviceIoControl.Type3InputBuffer =
                (PVOID)(uintptr_t)request->input;
        }
        request->irp->UserBuffer =
            request->major == IRP_MJ_WRITE ? (PVOID)(uintptr_t)request->input : request->output;
        return true;
    default:
        return true;
    }
}

static void
fill_parameters(struct device_request *request)
{
    PIO_STACK_LOCATION location = IoGetNextIrpStackLocation(request->irp);

    location->MajorFunction = request->major;
    location->MinorFunction = request->minor;
    location->FileObject = request->file;
    switch (request->major) {
    case IRP_MJ_CREATE:
        request->security.AccessState = &request->access_state;
        request->security.DesiredAccess = request->access;
        location->Parameters.Create.SecurityContext = &request->security;
        location->Parameters.Create.Options = FILE_OPEN << 24;
        break;
    case IRP_MJ_READ:
        location->Parameters.Read.Length = request->output_bytes;
        location->Parameters.Read.ByteOffset.QuadPart = request->offset;
        break;
    case IRP_MJ_WRITE:
        location->Parameters.Write.Length = request->input_bytes;
        location->Parameters.Write.ByteOffset.QuadPart = request->offset;
        break;
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        location->Parameters.DeviceIoControl.IoControlCode = request->code;
        location->Parameters.DeviceIoControl.InputBufferLength = request->input_bytes;
        location->Parameters.DeviceIoControl.OutputBufferLength = request->output_bytes;
        break;
    default:
        break;
    }
}

/* The last to hear of the IRP's completion; from here on it is ours again. */
static NTSTATUS
on_complete(PDEVICE_OBJECT device, PIRP irp, PVOID user)
{
    struct device_request *request = user;

    (void)device;
    /* Past its last location: another completion is one too many. */
    irp->CurrentLocation = (CHAR)(irp->StackCount + 2);
    pndis__event_set(context_current(), &request->done);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* Completes an IRP that nobody waits for any more; its memory goes with the machine. */
static NTSTATUS
on_orphan_complete(PDEVICE_OBJECT device, PIRP irp, PVOID user)
{
    (void)device;
    (void)irp;
    (void)user;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void
release(struct context *context, struct device_request *request)
{
    struct pndis_machine *machine = context->machine;

    if (request->mdl != NULL) {
        /* Unlocking the pages ends a mapping that the driver made of them. */
        pndis__mdl_unmap(context, request->mdl, "IoCompleteRequest");
    }
    pndis__pool_free(machine, request->mdl);
    pndis__pool_free(machine, request->buffer);
    pndis__pool_free(machine, request->irp);
    request->mdl = NULL;
    request->buffer = NULL;
    request->irp = NULL;
}

NTSTATUS
pndis__device_begin(struct context *context, struct device_request *request)
{
    PIRP irp = pndis__irp_new(context->machine, request->device->StackSize);

    request->irp = irp;
    request->mdl = NULL;
    request->buffer = NULL;
    pndis__header_init(&request->done.Header, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    if (irp == NULL || !make_transfer(context->machine, request)) {
        release(context, request);
        return request->status = STATUS_INSUFFICIENT_RESOURCES;
    }
    irp->RequestorMode = request->for_host ? UserMode : KernelMode;
    irp->Tail.Overlay.Thread = (PETHREAD)pndis__thread_of(context);
    irp->Tail.Overlay.OriginalFileObject = request->file;
    fill_parameters(request);
    IoSetCompletionRoutine(irp, on_complete, request, TRUE, TRUE, TRUE);
    request->returned = pndis__irp_send(context, request->device, irp, "IoCallDriver", NULL);
    if (request->returned != STATUS_PENDING && state_of(&request->done.Header) == 0) {
        pndis__report(context, RULE_IRP_PENDING,
                      pndis__device_owner(context->machine, request->device), "IoCallDriver", NULL,
                      "a dispatch routine returned 0x%08x and did not complete the IRP",
                      (unsigned)request->returned);
    }
    return request->returned;
}

/* --- ending --- */

static void
copy_back(const struct device_request *request)
{
    size_t bytes = request->information;

    if (request->buffer == NULL || request->output == NULL || NT_ERROR(request->status) ||
        transfer_of(request) != TRANSFER_BUFFERED) {
        return;
    }
    memcpy(request->output, request->buffer,
           bytes < request->output_bytes ? bytes : request->output_bytes);
}

static void
check_pending(struct context *context, const struct device_request *request)
{
    bool marked = request->irp->PendingReturned != FALSE;

    if (marked != (request->returned == STATUS_PENDING)) {
        pndis__report(context, RULE_IRP_PENDING,
                      pndis__device_owner(context->machine, request->device), "IoCallDriver", NULL,
                      marked ? "the IRP was marked pending and 0x%08x was returned"
                             : "0x%08x was returned for an IRP that was not marked pending",
                      (unsigned)request->returned);
    }
}

enum sleep_result
pndis__device_finish(struct context *context, struct device_request *request, uint64_t deadline_ns)
{
    enum sleep_result result = pndis__wait(context, &request->done, deadline_ns, request->for_host);

    if (result != SLEEP_WOKEN) {
        return result;
    }
    request->status = request->irp->IoStatus.Status;
    request->information = request->irp->IoStatus.Information;
    check_pending(context, request);
    copy_back(request);
    release(context, request);
    return SLEEP_WOKEN;
}

bool
pndis__device_cancel(struct context *context, struct device_request *request)
{
    return pndis__irp_cancel(context, request->irp);
}

NTSTATUS
pndis__device_request(struct context *context, struct device_request *request)
{
    pndis__device_begin(context, request);
    if (request->irp != NULL &&
        pndis__device_finish(context, request, SCHED_FOREVER) != SLEEP_WOKEN) {
        /* It does not complete, which has been reported, and the request is about to go. */
        PIO_STACK_LOCATION top = (PIO_STACK_LOCATION)(request->irp + 1);

        top[request->irp->StackCount - 1].CompletionRoutine = on_orphan_complete;
        request->status = STATUS_IO_TIMEOUT;
    }
    return request->status;
}
