/* NDIS of one machine: its lists, versions, and small services that several files need. */
#ifndef PNDIS_LIB_NDIS_NDIS_MACHINE_H
#define PNDIS_LIB_NDIS_NDIS_MACHINE_H

#include "ndis/ndis_core.h"

/* Around changes of the lists of drivers, protocols and adapters. PASSIVE_LEVEL. */
void pndis__list_lock(struct context *context, struct ndis *ndis);
void pndis__list_unlock(struct ndis *ndis);

/* Whether there is an NDIS of that version: 6.0, 6.1, 6.20 ... 6.89. */
bool pndis__version_exists(UCHAR major, UCHAR minor);

/* The driver whose code is running, found through the frames; NULL in NDIS itself and in clients.
 */
struct pndis_driver *pndis__running_driver(const struct context *context);

/* See that NDIS stops everything of @driver before it is unloaded. NULL is accepted. */
void pndis__hook_driver(struct pndis_driver *driver);

/* On the sim scheduler: true once in @n on average, as the seed has it. Never on live. */
bool pndis__chance(struct context *context, unsigned n);

/* Made and ended with NDIS itself; nbl_pool.c. */
int pndis__nbl_pools_create(struct ndis *ndis);
void pndis__nbl_pools_destroy(struct ndis *ndis);

#endif
