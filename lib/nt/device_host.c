/* The host's door to control devices: include/pndis/control.h over file.c and request.c. */
#include "nt/device.h"

#include <pndis/control.h>
#include <stdlib.h>

static int
error_of(NTSTATUS status, const char *device)
{
    switch (status) {
    case STATUS_OBJECT_NAME_NOT_FOUND:
        return pndis__fail(PNDIS_ENOTFOUND, "there is no device %s", device);
    case STATUS_INSUFFICIENT_RESOURCES:
        return pndis__fail(PNDIS_ENOMEM, "no memory for a request to %s", device);
    default:
        return pndis__fail(PNDIS_EDRIVER, "%s answered with 0x%08x", device, (unsigned)status);
    }
}

static NTSTATUS
send(struct context *context, PCUNICODE_STRING name, struct pndis_control *control)
{
    struct device_request request = {
        .major = IRP_MJ_DEVICE_CONTROL,
        .code = control->code,
        .input = control->input,
        .input_bytes = (ULONG)control->input_bytes,
        .output = control->output,
        .output_bytes = (ULONG)control->output_bytes,
        .for_host = true,
    };
    NTSTATUS status =
        pndis__file_open(context, name, FILE_READ_DATA | FILE_WRITE_DATA, &request.file);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    request.device = request.file->DeviceObject;
    status = pndis__device_request(context, &request);
    control->returned_bytes = request.information;
    pndis__file_close(context, request.file);
    return status;
}

int
pndis_control_send(struct pndis_machine *machine, struct pndis_control *control)
{
    struct host_call call;
    UNICODE_STRING name;
    int result;

    control->returned_bytes = 0;
    control->status = STATUS_INSUFFICIENT_RESOURCES;
    if (control->device == NULL || control->input_bytes > MAXULONG ||
        control->output_bytes > MAXULONG) {
        return pndis__fail(PNDIS_EINVAL, "a request needs a device, and less than 4 GiB");
    }
    if (!pndis__unicode_of(control->device, &name)) {
        return error_of(control->status, control->device);
    }
    result = pndis__host_enter(machine, &call);
    if (result == 0) {
        control->status = send(context_current(), &name, control);
        pndis__host_leave(&call);
        /* Errors have both of the highest bits; a warning comes with data. */
        if (((ULONG)control->status >> 30) == 3) {
            result = error_of(control->status, control->device);
        }
    }
    free(name.Buffer);
    return result;
}
