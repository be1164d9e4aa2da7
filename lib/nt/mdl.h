/* MDLs, as far as other files make them. */
#ifndef PNDIS_LIB_NT_MDL_H
#define PNDIS_LIB_NT_MDL_H

#include "nt/nt.h"

/* Fill in the page frames of @mdl, whose ByteCount bytes begin at @start. */
void pndis__mdl_fill_pages(PMDL mdl, const void *start);

#endif
