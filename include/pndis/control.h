/*
 * Control requests: what a Windows program does with CreateFile and DeviceIoControl on the device
 * that a driver made with IoCreateDevice or NdisRegisterDeviceEx.
 */
#ifndef PNDIS_CONTROL_H
#define PNDIS_CONTROL_H

#include <pndis/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One request. The driver sees an open, the request, a cleanup and a close. */
struct pndis_control {
    const char *device; /* "\\Device\\Name", or a symbolic link to it. */
    uint32_t code;      /* As CTL_CODE makes it. */
    const void *input;
    size_t input_bytes;
    void *output; /* Filled with the answer. */
    size_t output_bytes;

    size_t returned_bytes; /* Written: what the driver put into @output. */
    int status;            /* Written: its NTSTATUS. */
};

/**
 * Open the device, make the request, wait for it, close.
 *
 * @param control  Borrowed; its last two members are written.
 * @return 0                 The driver answered with success, or with a warning: then some of the
 *                           answer may be missing.
 * @return PNDIS_ENOTFOUND   There is no such device.
 * @return PNDIS_EDRIVER     The driver refused; see @control->status.
 *
 * Context: a host thread outside of driver code. Guest IRQL: PASSIVE_LEVEL.
 * Models:  "DeviceIoControl", IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IRP_MJ_CLEANUP, IRP_MJ_CLOSE.
 */
PNDIS_API int pndis_control_send(struct pndis_machine *machine, struct pndis_control *control);

#ifdef __cplusplus
}
#endif

#endif
