/* Names of statuses, for messages. */
#ifndef PNDIS_LIB_NT_STATUS_NAME_H
#define PNDIS_LIB_NT_STATUS_NAME_H

#include "nt/nt.h"

/* " (NDIS_STATUS_RESOURCES)", to stand behind the number; "" where there is no name. Static. */
const char *pndis__status_name(NTSTATUS status);

#endif
