/*
 * What a driver of a network device needs of the legacy interface: I/O ports (4.1.4.10), the layout
 * of queues (2.7.2). Numbers have the byte order of the processor, which has to be little endian.
 */
#ifndef VN51_VIRTIO_H
#define VN51_VIRTIO_H

#include "../virtio_spec.h"

enum {
    VIRTIO_PCI_IDENTITY = 0x10001AF4, /* Device and vendor, as the first register has them. */
    VIRTIO_PCI_LEGACY_REVISION = 0,
};

/* --- 4.1.4.10 registers of BAR 0, while MSI-X is off --- */

enum {
    VIRTIO_PORT_DEVICE_FEATURES = 0, /* 32 bits */
    VIRTIO_PORT_DRIVER_FEATURES = 4, /* 32 bits */
    VIRTIO_PORT_QUEUE_PAGE = 8,      /* 32 bits */
    VIRTIO_PORT_QUEUE_SIZE = 12,     /* 16 bits */
    VIRTIO_PORT_QUEUE_SELECT = 14,   /* 16 bits */
    VIRTIO_PORT_QUEUE_NOTIFY = 16,   /* 16 bits */
    VIRTIO_PORT_STATUS = 18,         /* 8 bits */
    VIRTIO_PORT_ISR = 19,            /* 8 bits; reading clears it and lowers the line. */
    VIRTIO_PORT_MAC = 20,            /* 6 times 8 bits */
    VIRTIO_PORT_LINK = 26,           /* 16 bits, with VIRTIO_NET_F_STATUS */
    VIRTIO_PORT_COUNT = 28,
};

/* --- 2.7.2 a queue is one block, the used ring on a page of its own --- */

enum { VIRTQ_PAGE_SHIFT = 12, VIRTQ_PAGE_BYTES = 1 << VIRTQ_PAGE_SHIFT };

/* --- 5.1.6.1 the header of every frame; without mergeable buffers a legacy one ends here --- */

enum { VIRTIO_NET_HDR_BYTES = 10 };

#endif
