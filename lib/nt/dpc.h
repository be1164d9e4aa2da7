/* DPC objects, as far as other files check them. */
#ifndef PNDIS_LIB_NT_DPC_H
#define PNDIS_LIB_NT_DPC_H

#include "nt/nt.h"

/* Whether @dpc has been initialised; reported if not. */
bool pndis__dpc_is_valid(struct context *context, const KDPC *dpc, const char *call,
                         const void *caller);

#endif
