/* Lookaside lists, as lib/ndis initialises them for drivers. */
#ifndef PNDIS_LIB_NT_LOOKASIDE_H
#define PNDIS_LIB_NT_LOOKASIDE_H

#include "nt/nt.h"

/* Of @values: Type, Tag, Size, Allocate and Free. @call and @caller go into reports. */
void pndis__lookaside_init(struct context *context, PNPAGED_LOOKASIDE_LIST lookaside,
                           const GENERAL_LOOKASIDE_POOL *values, const char *call,
                           const void *caller);

#endif
