/* An adapter's hardware: its resources, and what NdisM functions claim of it. */
#ifndef PNDIS_LIB_NDIS_HARDWARE_H
#define PNDIS_LIB_NDIS_HARDWARE_H

#include "ndis/adapter.h"
#include "ndis/device.h"

/* Give @adapter its @device (may be NULL): device objects and the resource list. 0 or PNDIS_E*. */
int pndis__hardware_attach(struct pndis_adapter *adapter, struct pndis_device *device);
void pndis__hardware_detach(struct pndis_adapter *adapter);
/* The list that MiniportInitializeEx gets; NULL for an adapter without resources. */
PNDIS_RESOURCE_LIST pndis__hardware_resources(struct pndis_adapter *adapter);

/*
 * For functions that claim hardware: they need the registration attributes and run in
 * MiniportInitializeEx. Reports and returns NULL otherwise. @frame_too false: the attributes only.
 */
struct pndis_adapter *pndis__claim(struct context *context, NDIS_HANDLE handle, bool frame_too,
                                   const char *call, const void *caller);

/* MiniportSharedMemoryAllocateComplete of @adapter, or NULL. */
MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER
pndis__shared_memory_complete_of(const struct pndis_adapter *adapter);

/* NdisMAllocateSharedMemoryAsync(Ex): NDIS_STATUS_PENDING, NDIS_STATUS_RESOURCES. */
NDIS_STATUS pndis__shared_memory_later(struct context *context, struct pndis_adapter *adapter,
                                       ULONG bytes, void *request_context, const char *call,
                                       const void *caller);

/* The driver has come back from a halt or a failed initialize (adapter->halts has been counted up):
 * when this returns it is in none of these completions any more. PASSIVE_LEVEL. */
void pndis__shared_memory_settle(struct pndis_adapter *adapter);

/* All devices of a machine, at its end. */
void pndis__devices_destroy(struct ndis *ndis);

/* Accesses of registers and ports; device_window.c. */
uint64_t pndis__io_read(struct context *context, bool port, const volatile void *address,
                        unsigned width, const char *call, const void *caller);
void pndis__io_write(struct context *context, bool port, const volatile void *address,
                     unsigned width, uint64_t value, const char *call, const void *caller);

#endif
