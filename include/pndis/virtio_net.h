/*
 * A virtio-net adapter: the virtual hardware that drivers/virtio_net drives, by the virtio 1.2
 * specification (PCI transport, split virtqueues).
 *
 * A nic is a PCI device on the machine's bus with a backend on its cable side. Give its device to
 * pndis_adapter_add(), and the driver finds a memory window (BAR 0, 64 bits wide) that holds the
 * common, notify, ISR and device configuration, vendor capabilities in PCI configuration space that
 * say where, and MSI-X messages.
 *
 * On live a nic has one host thread per queue pair. It moves received frames into the driver's
 * buffers, raises the interrupt, and so becomes the processor on which the driver's interrupt
 * service routine, its DPC and all that follows run. What the driver sends is sent inside its
 * doorbell write. On sim there are no threads: the nic's own work is a DPC of the machine, on the
 * virtual clock, so that runs repeat.
 */
#ifndef PNDIS_VIRTIO_NET_H
#define PNDIS_VIRTIO_NET_H

#include <pndis/backend.h>
#include <pndis/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_nic;

enum {
    PNDIS_NIC_QUEUE_PAIR_LIMIT = 64,
    PNDIS_NIC_SHARE_LIMIT = 16,        /* Nics that share their threads. */
    PNDIS_NIC_QUEUE_SIZE_LIMIT = 4096, /* Descriptors. */
    PNDIS_NIC_MTU_MIN = 68,
    PNDIS_NIC_MTU_MAX = 65535,
};

enum pndis_nic_flags {
    PNDIS_NIC_NO_MESSAGES = 1u << 0, /* A line interrupt and the ISR register instead of MSI-X. */
    PNDIS_NIC_UNPLUGGED = 1u << 1,   /* The cable is not plugged in at first. */
    PNDIS_NIC_POLLED = 1u << 2,      /* It does nothing of its own accord: pndis_nic_poll(). */
    /**
     * It has the legacy interface too, for drivers from before virtio 1.0: PCI device 0x1000 with
     * I/O ports in BAR 0; the memory window becomes BAR 4. Implies PNDIS_NIC_NO_MESSAGES. Not on
     * hosts that are big-endian: PNDIS_EINVAL.
     */
    PNDIS_NIC_TRANSITIONAL = 1u << 3,
    /**
     * UDP datagrams reach the driver one by one. Without it those of one flow that follow each
     * other are joined for a driver that has accepted VIRTIO_NET_F_GUEST_USO4 and _USO6, by the
     * rules of "UDP Receive Segment Coalescing Offload (URO)", and only where cutting them again
     * gives the same frames.
     */
    PNDIS_NIC_NO_COALESCING = 1u << 4,
    /**
     * It has the legacy interface alone, as devices from before virtio 1.0: no memory window and no
     * capabilities. Implies PNDIS_NIC_TRANSITIONAL and what that does.
     */
    PNDIS_NIC_LEGACY = 1u << 5,
};

/** How a nic is built. All zero is a good default. */
struct pndis_virtio_net_options {
    const char *name;     /* Of the device in reports; NULL: "virtio-net". */
    uint8_t mac[6];       /* All zero: 52:54:00:.. made from the device's place on the machine. */
    unsigned queue_pairs; /* 1 to PNDIS_NIC_QUEUE_PAIR_LIMIT; 0: as many as the backend has. */
    unsigned queue_size;  /* Most descriptors of a queue, a power of two; 0: 1024. */
    unsigned mtu;         /* Offered to the driver; 0: the backend's, or 1500. */
    unsigned speed_mbps;  /* Offered to the driver; 0: 10000. */
    /**
     * Feature bits (1 << VIRTIO_NET_F_*) that are not offered although backend and nic have them.
     * VIRTIO_F_VERSION_1 is always offered.
     */
    uint64_t features_off;
    unsigned flags; /* PNDIS_NIC_*. */
    /**
     * live: have the queues served by the threads of that nic, queue by queue, instead of by
     * threads of their own. Where frames go from one of them to the other and answers come back,
     * this saves a change of threads each way; more than one processor cannot be used for a queue
     * then. Borrowed during the call; either nic can be destroyed first.
     */
    struct pndis_nic *share_threads;
};

/**
 * Build a nic and plug it into the machine's bus.
 *
 * @param machine  Borrowed; owns the nic, which lives until pndis_nic_destroy() or the machine's
 * end.
 * @param options  Copied; NULL for all defaults.
 * @param backend  Taken, also on failure.
 * @param out_nic  Borrowed from the machine. Written on success only.
 * @return 0
 * @return PNDIS_EINVAL  An option makes no sense; a backend that waits for the outside (tap) on
 * sim.
 * @return PNDIS_ENOMEM, PNDIS_EIO, PNDIS_ELIMIT, or what the backend's open answered
 *
 * Context: a host's thread. Models: virtio 1.2, 4.1 "Virtio Over PCI Bus", 5.1 "Network Device".
 */
PNDIS_API int pndis_virtio_net_create(struct pndis_machine *machine,
                                      const struct pndis_virtio_net_options *options,
                                      struct pndis_backend *backend, struct pndis_nic **out_nic);

/**
 * Pull the nic out and free it with its backend.
 *
 * @param nic  Taken on success.
 * @return 0, or PNDIS_EBUSY while an adapter uses its device.
 */
PNDIS_API int pndis_nic_destroy(struct pndis_nic *nic);

/** For pndis_adapter_options.device. Borrowed from the nic. */
PNDIS_API struct pndis_device *pndis_nic_device(struct pndis_nic *nic);

/** Borrowed from the nic. */
PNDIS_API struct pndis_backend *pndis_nic_backend(struct pndis_nic *nic);

/**
 * Plug the cable in or out. Without it nothing is received, and what is sent is lost and counted,
 * as with a card. The driver gets a configuration interrupt and finds VIRTIO_NET_S_LINK_UP changed.
 * Nothing happens when it is so already. Any host thread; from the sim machine's own thread on sim.
 */
PNDIS_API void pndis_nic_set_link(struct pndis_nic *nic, bool up);
PNDIS_API bool pndis_nic_link(const struct pndis_nic *nic);

/** Ask the driver to announce itself (VIRTIO_NET_S_ANNOUNCE). False: it has not negotiated that. */
PNDIS_API bool pndis_nic_announce(struct pndis_nic *nic);

/** The hardware breaks: DEVICE_NEEDS_RESET, as after a driver's mistake. @reason is copied. */
PNDIS_API void pndis_nic_break(struct pndis_nic *nic, const char *reason);

/**
 * Do what there is to do at once: send what waits, receive a batch on each queue pair, interrupt.
 *
 * For PNDIS_NIC_POLLED nics, and for any on sim.
 *
 * @return How many frames were moved, or PNDIS_EBADSTATE on a nic with threads of its own.
 */
PNDIS_API int pndis_nic_poll(struct pndis_nic *nic);

/* --- recording --- */

/**
 * Record every frame of both directions to a pcapng file, with nanosecond times on the machine's
 * clock (as dates), direction flags, and offloads resolved: checksums are complete and segments are
 * cut as the wire would see them. A recording that is under way ends first.
 *
 * @param path  NULL: end the recording.
 * @return 0, PNDIS_EIO when the file cannot be written, PNDIS_ENOMEM
 */
PNDIS_API int pndis_nic_record(struct pndis_nic *nic, const char *path);

/* --- questions; any host thread --- */

/** Why a frame did not get to the other side. name, text */
#define PNDIS_NIC_DROPS(X)                                                                         \
    X(PNDIS_DROP_LINK, "no cable")                                                                 \
    X(PNDIS_DROP_FILTERED, "not for this adapter")                                                 \
    X(PNDIS_DROP_TOO_LONG, "longer than the driver's buffers")                                     \
    X(PNDIS_DROP_MALFORMED, "not an Ethernet frame")                                               \
    X(PNDIS_DROP_BACKEND, "the backend lost it")                                                   \
    X(PNDIS_DROP_STEERED, "too many wait for the queue that its hash names")

enum pndis_nic_drop {
#define X(name, text) name,
    PNDIS_NIC_DROPS(X)
#undef X
        PNDIS_DROP_COUNT
};

/** Of one direction, as the driver sees it: receive is from the cable to the driver. */
struct pndis_nic_counts {
    uint64_t frames;
    uint64_t bytes; /* Without virtio headers. */
    uint64_t batches;
    uint64_t interrupts; /* That were raised. */
    uint64_t doorbells;  /* Of the driver. */
    uint64_t joined;     /* receive: of the frames, those that are part of the one before. */
    uint64_t ring_empty; /* receive: how often frames had to wait for buffers of the driver. */
    uint64_t drops[PNDIS_DROP_COUNT];
};

struct pndis_nic_queue {
    unsigned size;    /* Descriptors; 0: not in use. */
    unsigned waiting; /* Buffers the driver has given and not got back. */
};

struct pndis_nic_info {
    uint8_t mac[6]; /* That the driver uses now. */
    bool link;
    uint8_t device_status; /* VIRTIO_CONFIG_S_*. */
    uint64_t features_offered;
    uint64_t features; /* That the driver accepted; 0 before FEATURES_OK. */
    unsigned queue_pairs;
    unsigned queue_pairs_used;
    uint64_t resets;     /* By the driver. */
    uint64_t breakdowns; /* Times DEVICE_NEEDS_RESET was set. */
    struct pndis_nic_counts receive;
    struct pndis_nic_counts send;
    struct pndis_nic_queue receive_queues[PNDIS_NIC_QUEUE_PAIR_LIMIT];
    struct pndis_nic_queue send_queues[PNDIS_NIC_QUEUE_PAIR_LIMIT];
};

PNDIS_API void pndis_nic_get_info(struct pndis_nic *nic, struct pndis_nic_info *out_info);

/** "no cable" for PNDIS_DROP_LINK. Static; "?" for anything else. */
PNDIS_API const char *pndis_nic_drop_text(enum pndis_nic_drop drop);

/**
 * Why the device needed a reset last: one sentence that names what the driver did. Also a line in
 * the machine's log. Copied; "" when it never did.
 *
 * @return Bytes written, without the NUL.
 */
PNDIS_API size_t pndis_nic_breakdown(struct pndis_nic *nic, char *text, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
