/* What the files of the programmable NDIS 5.1 miniport have of each other. */
#ifndef PNDIS_TESTS_MINIPORT51_PARTS_H
#define PNDIS_TESTS_MINIPORT51_PARTS_H

#include "miniport51.h"

/* Each step in turn; NDIS_STATUS_FAILURE at the one that a test has fail. */
NDIS_STATUS nic_acquire_all(struct nic *nic);
/* What is acquired, in reverse order, but for the one that is forgotten. */
void nic_undo_all(struct nic *nic);
void nic_shutdown(PVOID context);
void nic_data_handlers(NDIS51_MINIPORT_CHARACTERISTICS *calls);
void nic_allocate_complete(NDIS_HANDLE context, PVOID memory, PNDIS_PHYSICAL_ADDRESS address,
                           ULONG length, PVOID request);
/* Around each function that NDIS calls one at a time of a serialized miniport. */
void nic_enter(struct nic *nic);
void nic_leave(struct nic *nic);

#endif
