/* Raising exceptions in drivers, and catching the processor's. */
#ifndef PNDIS_LIB_NT_EXCEPTION_H
#define PNDIS_LIB_NT_EXCEPTION_H

#include "nt/nt.h"

/* Raise @status in the running driver; @caller is where. */
void pndis__raise(struct context *context, NTSTATUS status, const void *caller)
    __attribute__((noreturn));

/* Deliver a fault of the processor to the innermost __try of the running driver; returns when there
 * is none. */
void pndis__exception_catch(const struct os_fault *fault);

#endif
