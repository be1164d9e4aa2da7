/* Changes of the level that a driver asks for, and may ask for wrongly. */
#ifndef PNDIS_LIB_NT_IRQL_H
#define PNDIS_LIB_NT_IRQL_H

#include "nt/nt.h"

/* SYNCH_LEVEL of x64. */
enum { SYNCHRONIZE_LEVEL = IPI_LEVEL - 2 };

/* Lower to @level; asking for a higher one is reported and has no effect. */
void pndis__irql_lower_checked(struct context *context, KIRQL level, const char *call,
                               const void *caller);
/* Raise to @level and return the level before; asking for a lower one has no effect. */
KIRQL pndis__irql_raise_checked(struct context *context, KIRQL level, const char *call,
                                const void *caller);

#endif
