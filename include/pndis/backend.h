/*
 * A backend: what is on the cable side of a virtual network adapter.
 *
 * The constructors below make the ones that come with pndis: a TAP interface of the host, a capture
 * that is played back, a cable to another adapter, nothing at all, and a wrapper around any of them
 * that loses and damages frames. Hand the result to pndis_virtio_net_create(), which takes it.
 *
 * The second half is the contract for those who write a backend of their own; others can stop
 * reading at that line.
 *
 * Frames are Ethernet frames without their checksum (FCS). Sizes are bytes, times are nanoseconds.
 */
#ifndef PNDIS_BACKEND_H
#define PNDIS_BACKEND_H

#include <pndis/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_backend;

/* --- tap: an interface of the host --- */

enum { PNDIS_TAP_QUEUE_LIMIT = 64, PNDIS_INTERFACE_NAME_BYTES = 16 };

/** Every field that is zero means "as it is", or the default of a new interface. */
struct pndis_tap_options {
    const char *name; /* "tap0"; opened if it exists, else created. NULL: the next free one. */
    unsigned queues;  /* Queues of a multi-queue interface, 1 to PNDIS_TAP_QUEUE_LIMIT; 0: 1. */
    bool persistent;  /* An interface that is created here stays when the backend is closed. */
    bool must_exist;  /* Do not create it. */
    bool without_offloads; /* No vnet header: no checksum and no segmentation offload. */
    bool leave_down;       /* Do not set the interface up. */
    unsigned mtu;          /* Set the interface's MTU; 0: leave it. */
    const uint8_t *mac;    /* Six bytes: the host interface's own address; NULL: leave it. */
};

/**
 * Open or create a TAP interface.
 *
 * @param options      Copied; NULL for all defaults.
 * @param out_backend  Hand it to a nic, or give it back with pndis_backend_destroy().
 * @return 0
 * @return PNDIS_EIO          The host refused; pndis_last_error() says what is missing and how it
 * is granted (no /dev/net/tun, no CAP_NET_ADMIN, the name is taken).
 * @return PNDIS_ENOTFOUND    @must_exist, and it does not.
 * @return PNDIS_EUNSUPPORTED This build has no TAP.
 * @return PNDIS_EINVAL, PNDIS_ENOMEM
 */
PNDIS_API int pndis_backend_tap(const struct pndis_tap_options *options,
                                struct pndis_backend **out_backend);

/** The name of a TAP backend's interface. Borrowed; NULL when it is another kind of backend. */
PNDIS_API const char *pndis_backend_tap_name(const struct pndis_backend *backend);

/* --- pcap: a capture is played back, and what is sent can be recorded --- */

enum pndis_replay_pace {
    PNDIS_REPLAY_FAST = 0, /* As fast as the driver takes them. */
    PNDIS_REPLAY_OWN,      /* With the intervals of the capture, divided by `speed`. */
    PNDIS_REPLAY_RATE,     /* `frames_per_second`, evenly. */
};

struct pndis_pcap_options {
    const char *replay; /* pcap or pcapng file to play; NULL: nothing is received. */
    const char *filter; /* BPF expression on the replayed frames; NULL: all. */
    enum pndis_replay_pace pace;
    double speed;               /* PNDIS_REPLAY_OWN: 2 is twice as fast; 0: 1. */
    uint64_t frames_per_second; /* PNDIS_REPLAY_RATE. */
    unsigned repeat;            /* How often the file is played; 0: once. */
    const char *record;         /* Write what is sent to this pcapng file; NULL: it is dropped. */
};

/**
 * Play a capture to the driver, on the machine's clock, from the moment the driver has set up its
 * receive queue for the first time. Frames longer than their capture are skipped and counted.
 *
 * @return 0
 * @return PNDIS_EUNSUPPORTED  Something is to be replayed and this build has no libpcap.
 * @return PNDIS_EIO           The file cannot be read or written, or is not an Ethernet capture.
 * @return PNDIS_EINVAL        The filter or an option makes no sense. PNDIS_ENOMEM.
 */
PNDIS_API int pndis_backend_pcap(const struct pndis_pcap_options *options,
                                 struct pndis_backend **out_backend);

/** Whether a pcap backend has played everything. True for other backends. Any thread. */
PNDIS_API bool pndis_backend_is_played(const struct pndis_backend *backend);

/* --- loopback: a cable between two adapters --- */

struct pndis_loopback_options {
    unsigned queues; /* Of each end; 0: 1. Flows are spread over them by a hash. */
    unsigned
        frame_limit; /* Frames on the way in each direction and queue; 0: 1024. More are lost. */
    uint64_t latency_ns; /* On the machine's clock; 0: at once. */
};

/**
 * Two ends of a cable. Each is used by one nic, of the same machine or of two machines on live;
 * either can be destroyed first. A frame of one end that asks for an offload (checksum,
 * segmentation) which the driver at the other has not accepted is resolved on the way.
 *
 * @return 0, PNDIS_EINVAL, PNDIS_ENOMEM
 */
PNDIS_API int pndis_backend_loopback(const struct pndis_loopback_options *options,
                                     struct pndis_backend **out_one,
                                     struct pndis_backend **out_other);

/* --- null: swallows, and can be a source --- */

struct pndis_null_options {
    unsigned frame_bytes;       /* Of the frames it makes; 0: it makes none. 14 to 65535. */
    uint64_t frame_count;       /* On each queue; 0: no end. */
    uint64_t frames_per_second; /* On each queue; 0: as fast as the driver takes them. */
    unsigned queues;            /* 0: 1. */
    const uint8_t *frame; /* What they hold, @frame_bytes long, copied; NULL: an Ethernet header
                             from 02:00:00:00:00:02 to 02:00:00:00:00:01 of type 0x88b5. */
};

/** @param options  Copied; NULL: a plain sink. @return 0, PNDIS_EINVAL, PNDIS_ENOMEM */
PNDIS_API int pndis_backend_null(const struct pndis_null_options *options,
                                 struct pndis_backend **out_backend);

/* --- faulty: wraps another one --- */

/** Chances are in parts per million of the frames; a direction's chances are independent. */
struct pndis_fault_rates {
    uint32_t lose;
    uint32_t duplicate;
    uint32_t reorder; /* A frame is held back until `reorder_depth` others have gone by. */
    uint32_t corrupt; /* One bit of the frame is inverted. */
};

struct pndis_faulty_options {
    uint64_t seed; /* The same seed and frames give the same faults. */
    struct pndis_fault_rates receive;
    struct pndis_fault_rates send;
    unsigned reorder_depth; /* 0: 1. At most 64. */
};

/** What a faulty backend has done, in both directions. */
struct pndis_fault_counts {
    uint64_t lost;
    uint64_t duplicated;
    uint64_t reordered;
    uint64_t corrupted;
};

/**
 * Wrap @inner.
 *
 * @param inner  Taken, also on failure.
 * @return 0, PNDIS_EINVAL, PNDIS_ENOMEM
 */
PNDIS_API int pndis_backend_faulty(const struct pndis_faulty_options *options,
                                   struct pndis_backend *inner, struct pndis_backend **out_backend);

/** @return 0, or PNDIS_EINVAL when @backend is not a faulty one. Any thread. */
PNDIS_API int pndis_backend_fault_counts(const struct pndis_backend *backend,
                                         struct pndis_fault_counts *out_counts);

/** Close a backend that no nic has taken. @backend is taken; NULL is accepted. */
PNDIS_API void pndis_backend_destroy(struct pndis_backend *backend);

/* ================================================================================================
 * For those who write a backend.
 * ================================================================================================
 */

/** A piece of memory. Has the layout of POSIX' struct iovec. */
struct pndis_slice {
    void *data;
    size_t bytes;
};

/**
 * What stands before every frame that goes between a nic and its backend: struct virtio_net_hdr_v1
 * of <linux/virtio_net.h>, little endian, which a TAP with IFF_VNET_HDR speaks as well. All zero
 * for a frame that asks for nothing.
 */
enum { PNDIS_FRAME_HEADER_BYTES = 12 };

/** The longest frame, with its header. */
enum { PNDIS_FRAME_BYTES_LIMIT = PNDIS_FRAME_HEADER_BYTES + 65535 + 18 };

/**
 * A frame to be sent. It lies in the driver's memory, which the driver can change at any time: read
 * each byte once, or copy it before trusting it.
 */
struct pndis_frame {
    const struct pndis_slice *slices; /* Header first. The header is whole in the first slice. */
    unsigned slice_count;
    uint32_t bytes; /* Of the header and the frame. */
};

/** What a backend can do. */
enum pndis_backend_caps {
    PNDIS_CAP_CSUM = 1u << 0, /* Completes checksums of frames that it is given to send. */
    PNDIS_CAP_TSO4 = 1u << 1, /* Segments TCP over IPv4 ... */
    PNDIS_CAP_TSO6 = 1u << 2,
    PNDIS_CAP_USO = 1u << 3, /* UDP segmentation, VIRTIO_NET_HDR_GSO_UDP_L4. */
    PNDIS_CAP_TSO_ECN = 1u << 4,
    PNDIS_CAP_GUEST_CSUM = 1u << 8, /* Can deliver frames without a complete checksum ... */
    PNDIS_CAP_GUEST_TSO4 = 1u << 9, /* ... and longer than the MTU. */
    PNDIS_CAP_GUEST_TSO6 = 1u << 10,
    PNDIS_CAP_GUEST_USO = 1u << 11,
    PNDIS_CAP_GUEST_ECN = 1u << 12,
};

struct pndis_nic;
struct pndis_room;

/**
 * The functions of a backend. Those with a queue number are called for one queue by one thread at a
 * time, send and receive of the same queue possibly at the same time; the others never at the same
 * time as each other. The order is: open, (anything else)*, close, destroy. None of them blocks.
 */
struct pndis_backend_ops {
    const char *name;
    /**
     * @nic has taken the backend and will call it; @queue_pairs is at most `queues`.
     * Returns 0 or PNDIS_E* with the error set. NULL: nothing to do.
     */
    int (*open)(struct pndis_backend *backend, struct pndis_nic *nic, unsigned queue_pairs);
    /** The nic is gone: call nothing of it any more. NULL: nothing to do. */
    void (*close)(struct pndis_backend *backend);
    /** Free the backend. */
    void (*destroy)(struct pndis_backend *backend);
    /**
     * Send @count frames in order, and return how many were dealt with, sent or lost; the rest is
     * offered again after pndis_nic_sendable(), or when the descriptor is writable. Add frames that
     * were lost to
     * @lost.
     */
    unsigned (*send)(struct pndis_backend *backend, unsigned queue,
                     const struct pndis_frame *frames, unsigned count, unsigned *lost);
    /**
     * Put what has arrived into @room, until there is no more or no more room (pndis_room_next()).
     * NULL: nothing ever arrives.
     */
    void (*receive)(struct pndis_backend *backend, unsigned queue, struct pndis_room *room);
    /**
     * When receive() is worth calling again, on the machine's clock: 0 at once, UINT64_MAX not
     * before pndis_nic_receivable() or the descriptor is readable. NULL: UINT64_MAX.
     */
    uint64_t (*due_ns)(struct pndis_backend *backend, unsigned queue);
    /** What poll() can wait for on behalf of the queue; -1 or NULL: nothing. */
    int (*descriptor)(struct pndis_backend *backend, unsigned queue);
    /** The driver accepts these PNDIS_CAP_GUEST_* of received frames from now on. NULL: none is
     * used. */
    void (*set_offloads)(struct pndis_backend *backend, uint32_t caps);
    /** The driver uses so many queues; queues above receive nothing. NULL: it makes no difference.
     */
    void (*set_queues)(struct pndis_backend *backend, unsigned queue_pairs);
    /** The cable was plugged in or out at this end. NULL: nobody outside is told. */
    void (*set_link)(struct pndis_backend *backend, bool up);
};

/** What every backend begins with. */
struct pndis_backend {
    const struct pndis_backend_ops *ops;
    uint32_t caps;         /* PNDIS_CAP_*. */
    unsigned queues;       /* Queue pairs it can serve, at least 1. */
    unsigned mtu;          /* Of the outside; 0: it has none. */
    struct pndis_nic *nic; /* Whose it is; the nic's to set. */
};

/**
 * Where the next received frame goes: slices of the driver's memory, header first, that hold any
 * frame the driver must expect, or less where it gave less.
 *
 * @param out_count  How many slices.
 * @return           NULL when there is no room for another frame now.
 */
PNDIS_API const struct pndis_slice *pndis_room_next(struct pndis_room *room, unsigned *out_count);

/**
 * Frames that are longer than @bytes, with their header, are not likely: pndis_room_next() need not
 * have room for them, which costs the less the less it has. Holds until the end of this receive();
 * without it the longest frame is expected that the driver takes.
 */
PNDIS_API void pndis_room_expect(struct pndis_room *room, uint32_t bytes);

/**
 * The frame has been written there: header and frame are @bytes long. It may be filtered out, as
 * the driver asked; the next one then goes to the same place. The nic fills in the header's
 * num_buffers.
 *
 * @return Whether the driver gets it.
 */
PNDIS_API bool pndis_room_commit(struct pndis_room *room, uint32_t bytes);

/**
 * Copy a frame in: pndis_room_next() and pndis_room_commit() in one.
 *
 * @param header  PNDIS_FRAME_HEADER_BYTES; NULL: zeros.
 * @return        False when there is no room for it now; offer it again later. A frame that is
 * longer than anything the driver gave room for is dropped, counted, and true.
 */
PNDIS_API bool pndis_room_put(struct pndis_room *room, const void *header, const void *frame,
                              uint32_t frame_bytes);

/** Copy a frame that is to be sent, header first; returns bytes copied, at most @limit. */
PNDIS_API size_t pndis_frame_copy(const struct pndis_frame *frame, void *buffer, size_t limit);

/** Something has arrived for @queue. Any thread; not while holding a lock that receive() takes. */
PNDIS_API void pndis_nic_receivable(struct pndis_nic *nic, unsigned queue);

/** Frames can be sent on @queue again. Any thread. */
PNDIS_API void pndis_nic_sendable(struct pndis_nic *nic, unsigned queue);

/** The other end of the cable was plugged in or out. Any thread; not from a function of a queue. */
PNDIS_API void pndis_nic_carrier(struct pndis_nic *nic, bool up);

/** The machine's clock, for due_ns. */
PNDIS_API uint64_t pndis_nic_now_ns(struct pndis_nic *nic);

#ifdef __cplusplus
}
#endif

#endif
