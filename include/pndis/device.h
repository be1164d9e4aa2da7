/*
 * A device: the hardware of an adapter, as a model that a host supplies.
 *
 * A driver finds it through its resources: memory and port ranges whose every access calls the
 * model, interrupts that the model raises, and memory of the driver that the model reads and writes
 * by DMA. The model's callbacks run on the thread of the driver that makes the access, at its IRQL;
 * on live they may therefore run at the same time as the device's own thread.
 */
#ifndef PNDIS_DEVICE_H
#define PNDIS_DEVICE_H

#include <pndis/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_device;

enum { PNDIS_DEVICE_RANGE_LIMIT = 8, PNDIS_DEVICE_MESSAGE_LIMIT = 2048 };

enum pndis_range_kind {
    PNDIS_RANGE_MEMORY = 0, /* A memory BAR: NdisMMapIoSpace, NdisReadRegisterUlong ... */
    PNDIS_RANGE_PORT, /* An I/O port range: NdisMRegisterIoPortRange, NdisRawReadPortUlong ... */
};

struct pndis_range {
    enum pndis_range_kind kind;
    uint64_t bytes;
};

/** What the model answers. All callbacks get the pointer that pndis_device_create() was given. */
struct pndis_device_ops {
    /* Read @width (1, 2, 4 or 8) bytes at @offset of range @range. Both are required when there are
     * ranges; all others may be NULL. */
    uint64_t (*read)(void *user, unsigned range, uint64_t offset, unsigned width);
    void (*write)(void *user, unsigned range, uint64_t offset, unsigned width, uint64_t value);
    /* PCI configuration space; NULL: a constant one made from the options. Return bytes done. */
    uint32_t (*config_read)(void *user, uint32_t offset, void *buffer, uint32_t bytes);
    uint32_t (*config_write)(void *user, uint32_t offset, const void *buffer, uint32_t bytes);
    /* MSI-X: the driver masked or unmasked a message. May be NULL. */
    void (*message_masked)(void *user, unsigned message, bool masked);
    /* It was pulled out. On return it uses no memory of its driver any more. May be NULL. */
    void (*unplugged)(void *user);
};

struct pndis_device_options {
    const char *name;
    uint16_t vendor_id;
    uint16_t device_id;
    uint16_t subsystem_vendor_id;
    uint16_t subsystem_id;
    uint32_t class_code; /* 0: 0x020000, an Ethernet controller. */
    uint8_t revision;
    struct pndis_range ranges[PNDIS_DEVICE_RANGE_LIMIT];
    unsigned range_count;
    unsigned messages; /* MSI or MSI-X messages; 0: a line interrupt only. */
    bool no_line;      /* No line interrupt. */
    bool dma_32_bits;  /* It cannot address beyond 4 GiB. */
    /* Of a PC Card: its attribute memory, with the card information structure from the beginning,
     * as it is at even addresses; what is at odd ones means nothing and is left out. The driver
     * reads and writes it with NdisReadPcmciaAttributeMemory and its counterpart. Borrowed until
     * the device is destroyed. NULL: it is no PC Card. */
    void *attribute_memory;
    uint32_t attribute_bytes;
};

/**
 * Build a device and plug it into the machine's bus.
 *
 * @param machine  Borrowed; owns the device.
 * @param ops      Borrowed until the device is destroyed.
 * @param user     Handed to the callbacks.
 * @return         Borrowed from the machine; NULL on failure, see pndis_last_error().
 */
PNDIS_API struct pndis_device *pndis_device_create(struct pndis_machine *machine,
                                                   const struct pndis_device_options *options,
                                                   const struct pndis_device_ops *ops, void *user);

/**
 * Where the machine's bus has put a range: what a base address register holds, for models that have
 * a configuration space of their own. A port range's first port.
 *
 * @return 0 when there is no range @index.
 */
PNDIS_API uint64_t pndis_device_range_address(const struct pndis_device *device, unsigned index);

/** Whether an adapter has the device. */
PNDIS_API bool pndis_device_is_in_use(const struct pndis_device *device);

/** Unplug and free a device that no adapter uses any more. Returns PNDIS_EBUSY otherwise. */
PNDIS_API int pndis_device_destroy(struct pndis_device *device);

/**
 * Raise an interrupt.
 *
 * May be called from any host thread on live, and from the model's own callbacks. Without a driver
 * connected to it, or while it is masked, it stays pending.
 *
 * @param message  A message number; 0 is also the line interrupt.
 */
PNDIS_API void pndis_device_interrupt(struct pndis_device *device, unsigned message);

/** Lower the line interrupt: its level goes away. Messages are edges and need no lowering. */
PNDIS_API void pndis_device_interrupt_clear(struct pndis_device *device);

/**
 * The host's address of @bytes of memory that the driver gave the device by a physical address.
 *
 * @param address  As the driver wrote it into the device.
 * @return         NULL when any part of the range is not mapped for this device right now, nor for
 * that of the primary when its adapter is in a bundle (NdisMSetMiniportSecondary): the driver gave
 * a wrong address, or took it back. Nothing is reported; the model decides.
 */
PNDIS_API void *pndis_device_memory(struct pndis_device *device, uint64_t address, size_t bytes);

/**
 * Have the system's DMA controller move data on a channel that the driver set up, as a NIC without
 * bus mastering asks for it.
 *
 * @param channel  The channel's number.
 * @param buffer   Filled on a transfer to the device; read on one to memory.
 * @return         Bytes moved: 0 when nothing is set up, and at most what remains.
 */
PNDIS_API size_t pndis_device_transfer(struct pndis_device *device, unsigned channel, void *buffer,
                                       size_t bytes);

/**
 * After this every read of the device gives all ones and every write is dropped and counted, as of
 * a card that was pulled out.
 */
PNDIS_API void pndis_device_unplug(struct pndis_device *device);

/** Accesses of an unplugged device so far. */
PNDIS_API uint64_t pndis_device_lost_accesses(const struct pndis_device *device);

#ifdef __cplusplus
}
#endif

#endif
