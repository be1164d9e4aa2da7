/* Bug-check callbacks, as far as the end of a driver or machine concerns them. */
#ifndef PNDIS_LIB_NT_BUG_CHECK_H
#define PNDIS_LIB_NT_BUG_CHECK_H

#include "nt/nt.h"

/* Forget the callbacks that @driver has left registered; NULL: all. */
void pndis__bug_checks_forget(struct pndis_machine *machine, const struct owner *driver);

#endif
