/*
 * Device objects and requests to them, for lib/ndis (NdisRegisterDeviceEx) and the host.
 */
#ifndef PNDIS_LIB_NT_DEVICE_H
#define PNDIS_LIB_NT_DEVICE_H

#include "nt/nt.h"

/* What IoCreateDevice makes. @dispatch replaces the driver's own table for this device; NULL: none.
 */
struct device_options {
    PDRIVER_OBJECT driver;
    ULONG extension_bytes;
    PCUNICODE_STRING name; /* NULL: none. */
    DEVICE_TYPE type;
    ULONG characteristics;
    bool exclusive;
    const PDRIVER_DISPATCH *dispatch; /* IRP_MJ_MAXIMUM_FUNCTION + 1 entries, borrowed. */
};

NTSTATUS pndis__device_create(struct context *context, const struct device_options *options,
                              PDEVICE_OBJECT *out_device, const char *call, const void *caller);
void pndis__device_delete(struct context *context, PDEVICE_OBJECT device, const char *call,
                          const void *caller);
NTSTATUS pndis__link_create(struct context *context, PCUNICODE_STRING name, PCUNICODE_STRING target,
                            const char *call, const void *caller);
NTSTATUS pndis__link_delete(struct context *context, PCUNICODE_STRING name, const char *call);

/* Whether @device is a device object that can be looked into. */
bool pndis__device_is_known(struct pndis_machine *machine, const void *device);
/* Whom @device belongs to; NULL: nobody that pndis knows. */
struct owner *pndis__device_owner(struct pndis_machine *machine, PDEVICE_OBJECT device);
/* The routine that @device's IRPs of @major go to now. */
PDRIVER_DISPATCH pndis__device_dispatch(PDEVICE_OBJECT device, UCHAR major);

/* DriverEntry of @driver has returned: its devices can be opened. */
void pndis__devices_initialized(struct pndis_driver *driver);
/* @driver is about to go: delete what it has left. */
void pndis__devices_remove_of(struct context *context, struct pndis_driver *driver);

/* --- files: an opened device (file.c) --- */

/*
 * Open the device called @name, with what follows its name as the file's name, by an IRP_MJ_CREATE.
 * The file is referenced once; pndis__file_close() sends the cleanup and gives that back, and the
 * last reference sends the close.
 */
NTSTATUS pndis__file_open(struct context *context, PCUNICODE_STRING name, ACCESS_MASK access,
                          PFILE_OBJECT *out_file);
void pndis__file_close(struct context *context, PFILE_OBJECT file);

/* --- requests (request.c) --- */

/* One request to a device. Everything but the last group is filled in by the caller. */
struct device_request {
    PDEVICE_OBJECT device;
    PFILE_OBJECT file; /* May be NULL. */
    UCHAR major;
    UCHAR minor;
    ULONG code; /* IRP_MJ_DEVICE_CONTROL. */
    const void *input;
    ULONG input_bytes; /* Of a write: what to write. */
    void *output;
    ULONG output_bytes; /* Of a read: how much. */
    LONGLONG offset;
    ACCESS_MASK access; /* IRP_MJ_CREATE. */
    bool for_host;      /* A stall ends the wait; see pndis__wait(). */

    NTSTATUS status;
    ULONG_PTR information;

    PIRP irp; /* request.c's, as what follows. */
    PMDL mdl;
    void *buffer;
    KEVENT done;
    IO_SECURITY_CONTEXT security;
    ACCESS_STATE access_state;
    NTSTATUS returned;
};

/*
 * Build an IRP as the I/O manager does (buffered, direct or neither), send it, wait for its
 * completion and copy the result back. Returns the request's status.
 */
NTSTATUS pndis__device_request(struct context *context, struct device_request *request);

/* The same in two halves, for what pends: @request stays where it is until it is finished. */
NTSTATUS pndis__device_begin(struct context *context, struct device_request *request);
/* Wait for it; SLEEP_TIMED_OUT and SLEEP_STALLED leave it under way. */
enum sleep_result pndis__device_finish(struct context *context, struct device_request *request,
                                       uint64_t deadline_ns);
/* Cancel one that is under way, as IoCancelIrp does. */
bool pndis__device_cancel(struct context *context, struct device_request *request);

#endif
