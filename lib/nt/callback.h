/* Callback objects, as far as others deal with them. */
#ifndef PNDIS_LIB_NT_CALLBACK_H
#define PNDIS_LIB_NT_CALLBACK_H

#include "nt/nt.h"

/* Create the callback objects that the system has: PowerState, SetSystemTime, ProcessorAdd. */
int pndis__callbacks_create(struct pndis_machine *machine);

/* Forget the routines that @driver has left registered with any object. */
void pndis__callbacks_forget(struct context *context, const struct owner *driver);

#endif
