/* Extensions of driver objects; they go with the driver. */
#ifndef PNDIS_LIB_NT_DRIVER_EXTENSION_H
#define PNDIS_LIB_NT_DRIVER_EXTENSION_H

#include "nt/nt.h"

void pndis__driver_extensions_free(struct pndis_driver *driver);

#endif
