/* IRPs, as the I/O manager itself sends and cancels them. */
#ifndef PNDIS_LIB_NT_IRP_H
#define PNDIS_LIB_NT_IRP_H

#include "nt/nt.h"

/* Not on any driver's account; free with pndis__pool_free(). NULL for want of memory. */
PIRP pndis__irp_new(struct pndis_machine *machine, CCHAR stack_size);
/* IoCallDriver: the next stack location becomes the current one, and @device's. */
NTSTATUS pndis__irp_send(struct context *context, PDEVICE_OBJECT device, PIRP irp, const char *call,
                         const void *caller);
/* IoCancelIrp: whether there was a cancel routine, which has been called. */
bool pndis__irp_cancel(struct context *context, PIRP irp);

#endif
