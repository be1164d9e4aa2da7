/* What a driver of a network device needs of the PCI transport (4.1) and of the device (5.1). */
#ifndef VNET_VIRTIO_H
#define VNET_VIRTIO_H

#include "../virtio_spec.h"

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
C_ASSERT(FIELD_OFFSET(VIRTIO_NET_CONFIG, Speed) == 12);
C_ASSERT(sizeof(VIRTIO_NET_HDR) == 12);

#endif
