/* MDLs, as far as other files make them. */
#ifndef PNDIS_LIB_NT_MDL_H
#define PNDIS_LIB_NT_MDL_H

#include "nt/nt.h"

/*
 * An MDL of its own for @length bytes at @start, on @owner's account (NULL: whoever is running).
 * NULL for want of memory.
 */
PMDL pndis__mdl_take(struct context *context, struct owner *owner, PVOID start, SIZE_T length,
                     const char *call, const void *caller);
void pndis__mdl_give(struct context *context, PMDL mdl, const char *call, const void *caller);

/* Fill in the page frames of @mdl, whose ByteCount bytes begin at @start. */
void pndis__mdl_fill_pages(PMDL mdl, const void *start);

/* End the mapping of @mdl into the system's address space, if there is one. */
void pndis__mdl_unmap(struct context *context, PMDL mdl, const char *call);

#endif
