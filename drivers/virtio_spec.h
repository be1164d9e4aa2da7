/*
 * Virtual I/O Device (VIRTIO) Version 1.2: what its drivers need whichever interface they find the
 * device through. All numbers are little endian.
 */
#ifndef VIRTIO_SPEC_H
#define VIRTIO_SPEC_H

#include <ndis.h>

/* --- 2.1 device status --- */

enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
    VIRTIO_STATUS_GONE = 0xFF, /* What a device that was pulled out reads as. */
};

/* 4.1.4.5 ISR status; reading it clears it and lowers the line. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* --- feature bits: 5.1.3 and 6 --- */

enum {
    VIRTIO_NET_F_CSUM = 0,
    VIRTIO_NET_F_GUEST_CSUM = 1,
    VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2,
    VIRTIO_NET_F_MTU = 3,
    VIRTIO_NET_F_MAC = 5,
    VIRTIO_NET_F_GUEST_TSO4 = 7,
    VIRTIO_NET_F_GUEST_TSO6 = 8,
    VIRTIO_NET_F_HOST_TSO4 = 11,
    VIRTIO_NET_F_HOST_TSO6 = 12,
    VIRTIO_NET_F_MRG_RXBUF = 15,
    VIRTIO_NET_F_STATUS = 16,
    VIRTIO_NET_F_CTRL_VQ = 17,
    VIRTIO_NET_F_CTRL_RX = 18,
    VIRTIO_NET_F_CTRL_VLAN = 19,
    VIRTIO_NET_F_GUEST_ANNOUNCE = 21,
    VIRTIO_NET_F_MQ = 22,
    VIRTIO_NET_F_CTRL_MAC_ADDR = 23,
    VIRTIO_F_ANY_LAYOUT = 27, /* Header and frame may share a descriptor. */
    VIRTIO_F_INDIRECT_DESC = 28,
    VIRTIO_F_EVENT_IDX = 29,
    VIRTIO_F_VERSION_1 = 32,
    VIRTIO_NET_F_GUEST_USO4 = 54,
    VIRTIO_NET_F_GUEST_USO6 = 55,
    VIRTIO_NET_F_HOST_USO = 56,
    VIRTIO_NET_F_RSS = 60,
    VIRTIO_NET_F_SPEED_DUPLEX = 63,
};

/* --- 2.7 split virtqueues --- */

enum {
    VIRTQ_DESC_F_NEXT = 1,
    VIRTQ_DESC_F_WRITE = 2,
    VIRTQ_DESC_F_INDIRECT = 4,
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

/* 5.1.4 Status of the device configuration */
enum { VIRTIO_NET_S_LINK_UP = 1, VIRTIO_NET_S_ANNOUNCE = 2 };

C_ASSERT(sizeof(VIRTQ_DESC) == 16);

#endif
