/*
 * Virtual I/O Device (VIRTIO) Version 1.2: what a driver of a network device needs of it. PCI
 * transport (4.1), split virtqueues (2.7), network device (5.1). All numbers are little endian.
 */
#ifndef VNET_VIRTIO_H
#define VNET_VIRTIO_H

#include <ndis.h>

enum {
    VIRTIO_PCI_VENDOR = 0x1AF4,
    VIRTIO_PCI_DEVICE_NET = 0x1041,
};

/* --- 4.1.4 PCI capabilities --- */

enum {
    VIRTIO_PCI_CAP_COMMON_CFG = 1,
    VIRTIO_PCI_CAP_NOTIFY_CFG,
    VIRTIO_PCI_CAP_ISR_CFG,
    VIRTIO_PCI_CAP_DEVICE_CFG,
    VIRTIO_PCI_CAP_PCI_CFG,
};

typedef struct _VIRTIO_PCI_CAP {
    PCI_CAPABILITIES_HEADER Header;
    UCHAR Length;
    UCHAR Type;
    UCHAR Bar;
    UCHAR Id;
    UCHAR Padding[2];
    ULONG Offset; /* In the BAR. */
    ULONG Bytes;
} VIRTIO_PCI_CAP;

typedef struct _VIRTIO_PCI_NOTIFY_CAP {
    VIRTIO_PCI_CAP Cap;
    ULONG OffsetMultiplier;
} VIRTIO_PCI_NOTIFY_CAP;

typedef struct _VIRTIO_PCI_COMMON_CFG {
    ULONG DeviceFeatureSelect;
    ULONG DeviceFeature;
    ULONG DriverFeatureSelect;
    ULONG DriverFeature;
    USHORT ConfigMsixVector;
    USHORT NumQueues;
    UCHAR DeviceStatus;
    UCHAR ConfigGeneration;
    USHORT QueueSelect;
    USHORT QueueSize;
    USHORT QueueMsixVector;
    USHORT QueueEnable;
    USHORT QueueNotifyOff;
    ULONG QueueDescLow;
    ULONG QueueDescHigh;
    ULONG QueueDriverLow;
    ULONG QueueDriverHigh;
    ULONG QueueDeviceLow;
    ULONG QueueDeviceHigh;
    USHORT QueueNotifyData;
    USHORT QueueReset;
} VIRTIO_PCI_COMMON_CFG;

enum { VIRTIO_MSI_NO_VECTOR = 0xFFFF };

/* 4.1.4.5 ISR status; reading it clears it and lowers the line. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

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

/* --- 5.1.4 device configuration --- */

typedef struct _VIRTIO_NET_CONFIG {
    UCHAR Mac[6];
    USHORT Status;
    USHORT MaxQueuePairs;
    USHORT Mtu;
    ULONG Speed; /* In Mbit/s; all ones: unknown. */
    UCHAR Duplex;
} VIRTIO_NET_CONFIG;

enum {
    VIRTIO_NET_S_LINK_UP = 1,
    VIRTIO_NET_S_ANNOUNCE = 2,
    VIRTIO_NET_DUPLEX_HALF = 0,
    VIRTIO_NET_DUPLEX_FULL = 1,
};

/* --- 5.1.6 the header of every frame --- */

typedef struct _VIRTIO_NET_HDR {
    UCHAR Flags;
    UCHAR GsoType;
    USHORT HeaderLength;
    USHORT GsoSize;
    USHORT ChecksumStart;
    USHORT ChecksumOffset;
    USHORT NumBuffers;
} VIRTIO_NET_HDR;

enum {
    VIRTIO_NET_HDR_F_NEEDS_CSUM = 1,
    VIRTIO_NET_HDR_F_DATA_VALID = 2,
    VIRTIO_NET_HDR_GSO_NONE = 0,
    VIRTIO_NET_HDR_GSO_TCPV4 = 1,
    VIRTIO_NET_HDR_GSO_TCPV6 = 4,
    VIRTIO_NET_HDR_GSO_UDP_L4 = 5,
    VIRTIO_NET_HDR_GSO_ECN = 0x80,
};

/* --- 5.1.6.5 the control queue --- */

enum {
    VIRTIO_NET_CTRL_RX = 0,
    VIRTIO_NET_CTRL_RX_PROMISC = 0,
    VIRTIO_NET_CTRL_RX_ALLMULTI = 1,
    VIRTIO_NET_CTRL_MAC = 1,
    VIRTIO_NET_CTRL_MAC_TABLE_SET = 0,
    VIRTIO_NET_CTRL_MAC_ADDR_SET = 1,
    VIRTIO_NET_CTRL_VLAN = 2,
    VIRTIO_NET_CTRL_VLAN_ADD = 0,
    VIRTIO_NET_CTRL_VLAN_DEL = 1,
    VIRTIO_NET_CTRL_ANNOUNCE = 3,
    VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0,
    VIRTIO_NET_CTRL_MQ = 4,
    VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0,
    VIRTIO_NET_CTRL_MQ_RSS_CONFIG = 1,
    VIRTIO_NET_CTRL_GUEST_OFFLOADS = 5,
    VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET = 0,
    VIRTIO_NET_OK = 0,
    VIRTIO_NET_ERR = 1,
};

C_ASSERT(sizeof(VIRTIO_PCI_CAP) == 16);
C_ASSERT(FIELD_OFFSET(VIRTIO_PCI_COMMON_CFG, QueueDeviceHigh) == 52);
C_ASSERT(sizeof(VIRTQ_DESC) == 16);
C_ASSERT(FIELD_OFFSET(VIRTIO_NET_CONFIG, Speed) == 12);
C_ASSERT(sizeof(VIRTIO_NET_HDR) == 12);

#endif
