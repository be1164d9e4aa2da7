/*
 * Devices, as NDIS and the miniports above see them: address windows, interrupts, configuration
 * space, and the map through which they reach memory. See <pndis/device.h> for the host's side.
 */
#ifndef PNDIS_LIB_NDIS_DEVICE_H
#define PNDIS_LIB_NDIS_DEVICE_H

#include "ndis/ndis_core.h"

/* A register window or a port range, in use. */
struct device_range {
    struct pndis_range public;
    uint32_t first_slot; /* Of the window table, or of the port table. */
    uint32_t slot_count;
    uint32_t claims; /* Of drivers; without one an access is out of place. */
};

/* One interrupt message of a device, or its line. */
struct device_message {
    struct interrupt *interrupt; /* Connected; NULL: nobody. */
    bool masked;
    bool raised; /* While it was masked or nobody was connected. */
};

struct pndis_device {
    struct ndis *ndis;
    struct pndis_device_options options;
    const struct pndis_device_ops *ops;
    void *user;
    struct pndis_adapter *adapter; /* Who has it; NULL: nobody. */
    uint32_t number;               /* Of the device on its machine, from 1. */
    uint32_t reaches_too; /* Atomic: the number of one whose memory it reaches as well; 0: none. */
    char name[40];
    struct device_range ranges[PNDIS_DEVICE_RANGE_LIMIT];
    struct brief_lock lists_lock;
    struct sg_out *lists_out; /* See sg_out.h. */
    struct brief_lock interrupt_lock;
    struct device_message line;
    bool line_level;
    bool line_lowered;  /* Since it was served last. */
    bool addresses_64;  /* Its driver said that it can use addresses above 4 GiB. */
    bool message_based; /* Connected by messages, not by the line. */
    struct device_message *messages;
    uint8_t config[256];
    uint32_t unplugged;
    uint64_t lost_accesses;
    struct pndis_device *next;
};

/* --- registers and ports (device_window.c) --- */

enum {
    WINDOW_SLOT_SHIFT = 20, /* A register window begins at a multiple of 1 MiB. */
    WINDOW_SLOTS = 1 << 16,
    WINDOW_SLOTS_MIN = 1 << 6,
    PORT_SLOT_SHIFT = 8, /* A port range begins at a multiple of 256. */
    PORT_SLOTS = 1 << 16,
};

/* Give the device's ranges addresses. Returns 0 or PNDIS_E*. */
int pndis__windows_assign(struct pndis_device *device);
void pndis__windows_release(struct pndis_device *device);
void pndis__windows_destroy(struct ndis *ndis);

/* Where drivers find range @index: its physical address, or its first port. */
uint64_t pndis__range_address(const struct pndis_device *device, unsigned index);
/* The virtual address of a register window's physical @address; NULL when there is no such window.
 */
void *pndis__window_map(struct ndis *ndis, const struct pndis_device *device, uint64_t address,
                        size_t bytes);
/* A driver claimed the range of a device at @address, or (@by -1) gave it back. */
void pndis__range_claimed(struct ndis *ndis, bool port, const void *address, int by);

/* --- memory access of devices (device_memory.c) --- */

/*
 * Let @device reach @bytes at @host, and return the address under which it does, which has the same
 * offset in its page; 0 when there is no room. 32-bit devices get addresses below 4 GiB.
 */
uint64_t pndis__dma_map(struct pndis_device *device, void *host, size_t bytes);
void pndis__dma_unmap(struct pndis_device *device, uint64_t address, size_t bytes);
void pndis__dma_destroy(struct ndis *ndis);

/* --- interrupts (device_interrupt.c) --- */

/* Connect @interrupt to message @message, or to the line when that is -1. False: there is none, or
 * taken. */
bool pndis__device_connect(struct pndis_device *device, int message, struct interrupt *interrupt);
void pndis__device_disconnect(struct pndis_device *device, int message);
void pndis__device_mask(struct pndis_device *device, unsigned message, bool masked);
/* A line's service routine has run: if the level is still there, it runs again. Returns whether the
 * level went away since the last time. */
bool pndis__device_line_served(struct pndis_device *device);

/* --- configuration space (device.c) --- */

ULONG pndis__device_config(struct pndis_device *device, bool write, ULONG offset, void *buffer,
                           ULONG bytes);
/* The attribute memory of a PC Card; 0: there is none at @offset. */
ULONG pndis__device_attributes(struct pndis_device *device, bool write, ULONG offset, void *buffer,
                               ULONG bytes);

#endif
