/*
 * The legacy interface of a transitional device, and the short frame header that comes with it:
 * virtio 1.2, 4.1.4.10 "Legacy Interfaces: A Note on PCI Device Layout", 2.7.2, 5.1.6.1.
 */
#ifndef PNDIS_LIB_HW_LEGACY_H
#define PNDIS_LIB_HW_LEGACY_H

#include "hw/nic.h"
#include "hw/room.h"

enum { LEGACY_HEADER_BYTES = sizeof(struct virtio_net_hdr) };

/* The port range; others are the device window's. */
uint64_t pndis__legacy_read(struct pndis_nic *nic, uint64_t offset, unsigned width);
void pndis__legacy_write(struct pndis_nic *nic, uint64_t offset, unsigned width, uint64_t value);

/* Bytes of the header in front of each frame, in the memory of the driver. */
uint32_t pndis__header_bytes(const struct pndis_nic *nic);

/*
 * The chain at @slices has a short header: hide what is under it behind a full one of the room's
 * own. @buffer describes the outcome. Writes up to two slices more than the chain has.
 */
void pndis__legacy_buffer(struct pndis_room *room, struct pndis_slice *slices,
                          struct buffer *buffer);
/* The frame in @buffer, whose slices begin at @slices, goes to the driver: copy its header. */
void pndis__legacy_deliver(const struct pndis_slice *slices, const struct buffer *buffer);

#endif
