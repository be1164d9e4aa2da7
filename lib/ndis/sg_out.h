/*
 * The scatter/gather lists of a device that are out, where drivers are watched closely: so that one
 * that is freed twice is known without a look at its memory.
 */
#ifndef PNDIS_LIB_NDIS_SG_OUT_H
#define PNDIS_LIB_NDIS_SG_OUT_H

#include "ndis/device.h"

/* @own: its memory is NDIS'. False for want of memory. */
bool pndis__sg_out_add(struct pndis_device *device, SCATTER_GATHER_LIST *list, bool own);
bool pndis__sg_out_is(struct pndis_device *device, const SCATTER_GATHER_LIST *list);
void pndis__sg_out_remove(struct pndis_device *device, const SCATTER_GATHER_LIST *list);
/* The device goes; lists that its driver never freed go with it. */
void pndis__sg_out_fini(struct pndis_device *device);

#endif
