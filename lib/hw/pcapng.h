/*
 * Captures in the pcapng format, written without any library: one section, one Ethernet interface,
 * nanosecond times, and the direction of each frame. Offloads are resolved on the way.
 */
#ifndef PNDIS_LIB_HW_PCAPNG_H
#define PNDIS_LIB_HW_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

struct pndis_nic;
struct pndis_slice;
struct pcapng;

enum direction { DIRECTION_IN = 1, DIRECTION_OUT = 2 };

/* @interface: its name in the capture. Returns 0 or PNDIS_E* with the error set. */
int pndis__pcapng_open(const char *path, const char *interface, struct pcapng **out_capture);
/* Write a frame with its virtio header: @bytes in @slices. One thread at a time. */
void pndis__pcapng_write(struct pcapng *capture, enum direction direction, uint64_t wall_ns,
                         const struct pndis_slice *slices, unsigned slice_count, uint32_t bytes);
/* Returns 0, or PNDIS_EIO when not everything could be written. NULL is accepted. */
int pndis__pcapng_close(struct pcapng *capture);

/* The date of the nic's machine. */
uint64_t pndis__nic_wall_ns(const struct pndis_nic *nic);

#endif
