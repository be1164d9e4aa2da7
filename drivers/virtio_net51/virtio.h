/*
 * Virtual I/O Device (VIRTIO) Version 1.2: what a driver of a network device needs of the legacy
 * interface. I/O ports (4.1.4.10), split virtqueues (2.7, 2.7.2), network device (5.1). All numbers
 * have the byte order of the processor, which has to be little endian.
 */
#ifndef VN51_VIRTIO_H
#define VN51_VIRTIO_H

#include <ndis.h>

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

enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_GONE = 0xFF, /* What a device that was pulled out reads as. */
};

enum { VIRTIO_NET_S_LINK_UP = 1 };

/* --- feature bits: 5.1.3 and 6 --- */

enum {
    VIRTIO_NET_F_MAC = 5,
    VIRTIO_NET_F_STATUS = 16,
    VIRTIO_F_ANY_LAYOUT = 27, /* Header and frame may share a descriptor. */
    VIRTIO_F_EVENT_IDX = 29,
};

/* --- 2.7 split virtqueues; 2.7.2: one block, the used ring on a page of its own --- */

enum {
    VIRTQ_PAGE_SHIFT = 12,
    VIRTQ_PAGE_BYTES = 1 << VIRTQ_PAGE_SHIFT,
    VIRTQ_DESC_F_WRITE = 2,
    VIRTQ_AVAIL_F_NO_INTERRUPT = 1,
    VIRTQ_USED_F_NO_NOTIFY = 1,
};

typedef struct _VIRTQ_DESC {
    ULONG64 Address;
    ULONG Length;
    USHORT Flags;
    USHORT Next;
} VIRTQ_DESC;

typedef struct _VIRTQ_AVAIL {
    USHORT Flags;
    USHORT Index;
    USHORT Ring[]; /* Behind it: used_event. */
} VIRTQ_AVAIL;

typedef struct _VIRTQ_USED_ELEMENT {
    ULONG Id;
    ULONG Length;
} VIRTQ_USED_ELEMENT;

typedef struct _VIRTQ_USED {
    USHORT Flags;
    USHORT Index;
    VIRTQ_USED_ELEMENT Ring[]; /* Behind it: avail_event. */
} VIRTQ_USED;

/* --- 5.1.6.1 the header of every frame; without mergeable buffers a legacy one ends here --- */

enum { VIRTIO_NET_HDR_BYTES = 10 };

C_ASSERT(sizeof(VIRTQ_DESC) == 16);

#endif
