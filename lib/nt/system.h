/* Numbers nobody can foresee, which on sim follow from the seed. */
#ifndef PNDIS_LIB_NT_SYSTEM_H
#define PNDIS_LIB_NT_SYSTEM_H

#include "nt/nt.h"

void pndis__random_init(struct pndis_machine *machine);
uint64_t pndis__random(struct pndis_machine *machine);

#endif
