/*
 * The virtio-net device as the files of lib/hw share it: its registers, its queues, its work.
 *
 * Locks, outermost first: a queue's, then the configuration's. A queue's lock is held while frames
 * move through it, never while an interrupt is raised: that may run the driver.
 */
#ifndef PNDIS_LIB_HW_NIC_H
#define PNDIS_LIB_HW_NIC_H

#include "nt/nt.h"

#include "hw/filter.h"
#include "hw/pcapng.h"
#include "hw/queue.h"
#include "hw/steer.h"

#include <pndis/virtio_net.h>

#include <linux/virtio_net.h>

struct worker;

enum {
    NIC_EXTRA_MESSAGES = 2, /* Of the control queue and the configuration. */
    TRANSMIT_BATCH = 64,    /* Frames that are handed to the backend at once. */
    TRANSMIT_SLICES = 2,    /* Room for so many times a queue's size in slices. */
    RECEIVE_BATCH = 64,     /* Frames between interrupts. */
    CONTROL_BYTES_LIMIT = 16384,
    NIC_IN_USE = 0x10, /* In the status, and never shown: the device serves its queues. */
    NIC_BREAKDOWN_BYTES = 200,
};

/* virtio 1.2 has these; older copies of <linux/virtio_net.h> do not. */
#ifndef VIRTIO_NET_F_GUEST_USO4
#define VIRTIO_NET_F_GUEST_USO4 54
#define VIRTIO_NET_F_GUEST_USO6 55
#define VIRTIO_NET_F_HOST_USO   56
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#ifndef VIRTIO_NET_F_HASH_REPORT
#define VIRTIO_NET_F_HASH_REPORT 57
#define VIRTIO_NET_F_RSS         60
#endif

#define FEATURE(bit) ((uint64_t)1 << (bit))

/* A receive queue and its transmit queue. */
struct pair {
    struct pndis_nic *nic;
    unsigned index;
    struct virtqueue *receive;
    struct virtqueue *send;
    /* Both directions may be at work at the same time, on two processors. */
    struct pndis_nic_counts received CACHE_LINE; /* Written under the receive queue's lock. */
    struct pndis_nic_counts sent CACHE_LINE;     /* Under the send queue's. */
    uint32_t blocked;      /* Atomic, as the next one: the backend did not take everything. */
    uint32_t starved;      /* Frames wait for buffers of the driver. */
    uint32_t most_waiting; /* Buffers that the driver has had in the receive queue at one time. */
    struct pndis_frame *frames;
    uint16_t *heads;
    struct pndis_slice *send_slices;
    struct virtio_net_hdr_v1 *headers; /* Those that the driver cut into pieces. */
    struct pndis_room *room;
    struct mail *mail;     /* Frames that came on other queues. */
    struct worker *worker; /* Atomic. */
} CACHE_LINE;

/* What the driver sees under "common configuration". */
struct common {
    uint32_t device_feature_select;
    uint32_t driver_feature_select;
    uint64_t driver_features;
    uint16_t config_vector;
    uint16_t queue_select;
    uint8_t generation;
};

struct pndis_nic {
    struct pndis_machine *machine;
    struct pndis_device *device;
    struct pndis_backend *backend;
    struct pndis_virtio_net_options options;
    struct pndis_nic *next; /* Of the machine's nics. */
    bool opened;            /* The backend is. */

    struct brief_lock lock;         /* Of the configuration: everything down to @filter. */
    struct brief_lock backend_lock; /* Around the backend's functions that are not a queue's. */
    struct common common;
    uint8_t status;        /* VIRTIO_CONFIG_S_* and NIC_IN_USE; read without the lock. */
    uint32_t isr;          /* Atomic. */
    uint32_t config_event; /* Atomic: a configuration interrupt is to be raised. */
    uint64_t offered;
    uint64_t features; /* Accepted; valid with FEATURES_OK. */
    struct virtio_net_config config;
    uint8_t legacy; /* Atomic: the features were accepted through the legacy interface. */
    struct brief_lock first_use; /* A legacy driver's first use, or a reset. */
    bool plugged;
    bool carrier;
    uint32_t link; /* Atomic: both of them. */
    unsigned pairs_used;
    uint32_t guest_offloads; /* PNDIS_CAP_GUEST_*. */
    uint64_t resets;
    uint64_t breakdowns;
    char breakdown[NIC_BREAKDOWN_BYTES];
    uint8_t pci[256];

    struct filter filter;      /* Changed with all receive queues locked. */
    struct steering *steering; /* As well. */
    unsigned pair_count;
    struct pair *pairs;
    unsigned queue_count;
    struct virtqueue *queues;
    /* Atomic, as negotiated: NULL, the third queue, or the last one. */
    struct virtqueue *control;
    uint8_t *command; /* CONTROL_BYTES_LIMIT, under the control queue's lock. */
    struct pndis_slice *command_slices;
    struct pcapng *recorder; /* Written under its lock; read without to see whether there is one. */
    struct os_mutex recorder_lock;
};

/* --- nic.c --- */

/* The device needs a reset: DEVICE_NEEDS_RESET, and all queues stand still. Any lock may be held
 * but the configuration's. Returns false, so that failing reads `return nic_break(...)`. */
bool pndis__nic_break(struct pndis_nic *nic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Raise the configuration interrupt if one is due; no lock is held. */
void pndis__nic_flush(struct pndis_nic *nic);
/* The same for one who is outside of the machine. */
void pndis__nic_flush_outside(struct pndis_nic *nic);
/* Raise @queue's interrupt; no lock is held. */
void pndis__nic_interrupt(struct pndis_nic *nic, const struct virtqueue *queue);
/* The driver sees a changed device configuration; the lock is held. */
void pndis__nic_config_changed(struct pndis_nic *nic);
bool pndis__nic_has(const struct pndis_nic *nic, unsigned feature);
/* Put everything back to where it was after power on. */
void pndis__nic_reset(struct pndis_nic *nic);
/* The same, as the driver asked for it. */
void pndis__nic_driver_reset(struct pndis_nic *nic);
/* The driver accepted @features. */
void pndis__nic_negotiated(struct pndis_nic *nic, uint64_t features);
/* The driver has set DRIVER_OK. */
void pndis__nic_go(struct pndis_nic *nic);
/* Frames for the driver may use these PNDIS_CAP_GUEST_*. */
void pndis__nic_set_offloads(struct pndis_nic *nic, uint32_t caps);
void pndis__nic_set_pairs(struct pndis_nic *nic, unsigned pairs);
/* Hold all receive queues still, so that their filter can be changed. */
void pndis__nic_lock_receive(struct pndis_nic *nic);
void pndis__nic_unlock_receive(struct pndis_nic *nic);

/* It has the legacy interface, in a port range in front of the window of everything else. */
static inline bool
is_transitional(const struct pndis_nic *nic)
{
    return (nic->options.flags & PNDIS_NIC_TRANSITIONAL) != 0;
}

/* It has the window, too. */
static inline bool
is_modern(const struct pndis_nic *nic)
{
    return (nic->options.flags & PNDIS_NIC_LEGACY) == 0;
}

/* The window's number among the device's ranges. */
static inline unsigned
window_range(const struct pndis_nic *nic)
{
    return is_transitional(nic) ? 1 : 0;
}

static inline bool
nic_is_live(const struct pndis_nic *nic)
{
    uint8_t status = __atomic_load_n(&nic->status, __ATOMIC_ACQUIRE);

    return (status & (NIC_IN_USE | VIRTIO_CONFIG_S_NEEDS_RESET)) == NIC_IN_USE;
}

/* As drivers and hosts see it. */
static inline uint8_t
nic_status(const struct pndis_nic *nic)
{
    return __atomic_load_n(&nic->status, __ATOMIC_ACQUIRE) & (uint8_t)~NIC_IN_USE;
}

/* One writer, any number of readers. */
static inline void
count_add(uint64_t *count, uint64_t n)
{
    __atomic_store_n(count, *count + n, __ATOMIC_RELAXED);
}

/* --- features.c --- */

uint64_t pndis__features_offered(const struct pndis_virtio_net_options *options, uint32_t caps);
/* Whether a driver may accept exactly @features; @why tells which rule it breaks. */
bool pndis__features_fit(uint64_t features, uint64_t offered, const char **why);
/* What the backend may deliver to a driver with @features. */
uint32_t pndis__features_guest_caps(uint64_t features);
uint64_t pndis__features_guest_offloads(void);

/* --- pci.c, registers.c --- */

enum {
    LEGACY_BYTES = 0x40, /* Of the port range. */
    BAR_COMMON = 0x0000,
    BAR_ISR = 0x1000,
    BAR_DEVICE = 0x2000,
    BAR_NOTIFY = 0x3000,
    BAR_MSIX_TABLE = 0x8000,
    BAR_MSIX_PENDING = 0x10000,
    BAR_BYTES = 0x20000,
    NOTIFY_MULTIPLIER = 4,
};

void pndis__pci_init(struct pndis_nic *nic);
uint32_t pndis__pci_read(void *user, uint32_t offset, void *buffer, uint32_t bytes);
uint32_t pndis__pci_write(void *user, uint32_t offset, const void *buffer, uint32_t bytes);
uint64_t pndis__registers_read(void *user, unsigned range, uint64_t offset, unsigned width);
void pndis__registers_write(void *user, unsigned range, uint64_t offset, unsigned width,
                            uint64_t value);
uint64_t pndis__isr_read(struct pndis_nic *nic);
/* The doorbell of queue @index. */
void pndis__nic_ring(struct pndis_nic *nic, uint64_t index);

/* --- common.c --- */

void pndis__common_read(struct pndis_nic *nic, uint32_t offset, unsigned width, void *bytes);
void pndis__common_write(struct pndis_nic *nic, uint32_t offset, unsigned width, uint64_t value);

/* --- transmit.c, receive.c, control.c --- */

/* Frames moved. No lock is held. */
unsigned pndis__nic_transmit(struct pair *pair);
unsigned pndis__nic_receive(struct pair *pair);
void pndis__nic_control(struct pndis_nic *nic, struct virtqueue *queue);

int pndis__room_create(struct pair *pair, struct pndis_room **out_room);
void pndis__room_destroy(struct pndis_room *room);

/* --- worker.c: who calls the above --- */

int pndis__workers_start(struct pndis_nic *nic);
/* They do nothing any more, but can be woken: until the backend is closed somebody may. */
void pndis__workers_stop(struct pndis_nic *nic);
void pndis__workers_free(struct pndis_nic *nic);
/* There may be something to do for the pair. Any thread. */
void pndis__worker_wake(struct pair *pair);

/* --- recorder.c --- */

void pndis__nic_record(struct pndis_nic *nic, enum direction direction,
                       const struct pndis_slice *slices, unsigned slice_count, uint32_t bytes);

static inline bool
is_recorded(const struct pndis_nic *nic)
{
    return __builtin_expect(__atomic_load_n(&nic->recorder, __ATOMIC_RELAXED) != NULL, 0);
}

#endif
