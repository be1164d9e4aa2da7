/* Raising exceptions in drivers, and the end of catching the processor's. */
#ifndef PNDIS_LIB_NT_EXCEPTION_H
#define PNDIS_LIB_NT_EXCEPTION_H

#include "nt/nt.h"

/* Raise @status in the running driver; @caller is where. */
void pndis__raise(struct context *context, NTSTATUS status, const void *caller)
    __attribute__((noreturn));

void pndis__exceptions_destroy(struct pndis_machine *machine);

#endif
