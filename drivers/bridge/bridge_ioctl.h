/*
 * The bridge driver's control device: what a program can ask it. Needs no Windows header.
 *
 * Every request is METHOD_BUFFERED. The numbers of a structure only grow at its end, and `bytes`
 * says how long the driver knows it, so that a program may have been compiled with another version.
 */
#ifndef BRIDGE_IOCTL_H
#define BRIDGE_IOCTL_H

#include <stdint.h>

#define BRIDGE_DEVICE_NAME "\\Device\\EthernetBridge"
#define BRIDGE_DOS_NAME    "\\DosDevices\\EthernetBridge"

/* CTL_CODE(FILE_DEVICE_NETWORK, 0x800 + n, METHOD_BUFFERED, FILE_ANY_ACCESS) */
#define BRIDGE_IOCTL(n) ((uint32_t)((0x12u << 16) | ((0x800u + (n)) << 2)))

/* Output: an array of struct bridge_port_info, one for each port there is. */
#define BRIDGE_IOCTL_QUERY_PORTS BRIDGE_IOCTL(0)
/* Output: an array of struct bridge_address_info, in no order. */
#define BRIDGE_IOCTL_QUERY_ADDRESSES BRIDGE_IOCTL(1)
/* Input: a uint32_t, for how many seconds an address is believed that is not seen; 0: for ever. */
#define BRIDGE_IOCTL_SET_AGEING BRIDGE_IOCTL(2)
/* Forget every address. */
#define BRIDGE_IOCTL_FLUSH BRIDGE_IOCTL(3)

enum {
    BRIDGE_PORT_LIMIT = 64,
    BRIDGE_ADDRESS_LIMIT = 8192,
    BRIDGE_AGEING_DEFAULT = 300,
};

/* Why a frame that came in did not go out, or not everywhere. */
#define BRIDGE_DROPS(X)                                                                            \
    X(NO_MEMORY, "no memory")                                                                      \
    X(PAUSED, "a port was paused")                                                                 \
    X(LINK_DOWN, "a port's link was down")                                                         \
    X(TOO_LONG, "longer than a port's MTU")                                                        \
    X(MALFORMED, "no Ethernet frame, or metadata that does not fit it")

enum bridge_drop {
#define X(name, text) BRIDGE_DROP_##name,
    BRIDGE_DROPS(X)
#undef X
        BRIDGE_DROP_COUNT
};

struct bridge_port_counters {
    uint64_t received_frames;
    uint64_t received_bytes;
    uint64_t sent_frames; /* Given to the port's adapter. */
    uint64_t sent_bytes;
    uint64_t send_errors; /* Of those: completed with another status than success. */
    uint64_t filtered;    /* Received, and its destination is on the same side. */
    uint64_t flooded;     /* Received, and its destination is not known, or is a group. */
    uint64_t copied;      /* Received, and had to be copied instead of forwarded as it was. */
    uint64_t segmented;   /* Sent in pieces that the bridge made, or with a checksum it computed. */
    uint64_t dropped[BRIDGE_DROP_COUNT]; /* By reason; of sends to a port except for MALFORMED. */
};

struct bridge_port_info {
    uint32_t bytes; /* Of this structure. */
    uint32_t port;  /* Its number, from 0. */
    uint32_t interface_index;
    uint32_t mtu;
    uint8_t address[6];
    uint8_t running;    /* Not paused. */
    uint8_t connected;  /* Its link is up. */
    uint32_t addresses; /* Learned on it. */
    uint32_t reserved;
    struct bridge_port_counters counters;
};

struct bridge_address_info {
    uint8_t address[6];
    uint16_t port;
    uint32_t age_seconds;
};

#endif
