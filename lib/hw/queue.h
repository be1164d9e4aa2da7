/*
 * A split virtqueue, seen from the device. Knows descriptors and indexes; nothing of frames.
 *
 * Everything it reads was written by the driver and is checked before it is used; what is wrong is
 * told to the caller, who breaks the device.
 */
#ifndef PNDIS_LIB_HW_QUEUE_H
#define PNDIS_LIB_HW_QUEUE_H

#include "nt/nt.h"

#include <pndis/backend.h>
#include <pndis/device.h>

#include <linux/virtio_ring.h>

#include <endian.h>

struct pndis_nic;

enum { QUEUE_NO_VECTOR = 0xffff };

/* What different processors write does not share a cache line. */
#define CACHE_LINE __attribute__((aligned(64)))

struct virtqueue {
    struct pndis_nic *nic;
    uint16_t index;
    uint16_t size_limit;
    struct brief_lock lock; /* Of everything below, from enabling on. */

    /* What the driver has set up. */
    uint16_t size;
    uint16_t vector;
    bool enabled; /* Written under the lock; read without to see whether to look. */
    uint64_t desc_address;
    uint64_t avail_address;
    uint64_t used_address;

    /* While it is enabled: where the rings are. */
    bool event_idx;
    bool indirect;
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint16_t avail_seen;     /* avail->idx, as it was read last. */
    uint16_t next_avail;     /* Next entry of the available ring to be taken. */
    uint16_t next_used;      /* Next entry of the used ring to be written. */
    uint16_t used_published; /* used->idx. */
    uint16_t used_looked;    /* used->idx when the event index was looked at last. */
    bool never_looked;       /* There has been no such moment. */
} CACHE_LINE;

/* A descriptor chain: slices that the device reads, followed by slices that it writes. */
struct chain {
    uint16_t head;
    unsigned readable;
    unsigned writable;
    uint64_t readable_bytes;
    uint64_t writable_bytes;
};

void pndis__queue_init(struct virtqueue *queue, struct pndis_nic *nic, uint16_t index,
                       uint16_t size_limit);
/* After power on, or a reset. The lock is held. */
void pndis__queue_reset(struct virtqueue *queue);
/* The driver sets queue_enable. False: the device is broken now. The lock is held. */
bool pndis__queue_enable(struct virtqueue *queue, uint64_t features);
/* What of @features is for queues. The lock is held. */
void pndis__queue_features(struct virtqueue *queue, uint64_t features);
/*
 * Find the rings again, as their memory may have been taken back. Before a batch, under the lock.
 * False: the queue is not in use, or the device is broken now.
 */
bool pndis__queue_begin(struct virtqueue *queue);

/*
 * Take the next chain and write its slices to @slices, at most the queue's size. Returns 1, 0 when
 * there is none, or -1 when the device is broken now.
 */
int pndis__queue_take(struct virtqueue *queue, struct pndis_slice *slices, struct chain *out_chain);
/* Chains that wait. Breaks the device, and returns -1, when the index makes no sense. */
int pndis__queue_waiting(struct virtqueue *queue);

/* Give a chain back; the driver sees it with the next publish. */
static inline void
queue_give(struct virtqueue *queue, uint16_t head, uint32_t bytes)
{
    struct vring_used_elem *entry = &queue->used->ring[queue->next_used++ & (queue->size - 1)];

    entry->id = htole32(head);
    entry->len = htole32(bytes);
}

/* Let the driver see what was given. Returns whether it wants an interrupt for it. */
bool pndis__queue_publish(struct virtqueue *queue);
/*
 * Ask the driver to ring the doorbell for what it makes available beyond avail_seen. Returns
 * whether there is something already.
 */
bool pndis__queue_listen(struct virtqueue *queue);

/* Copy between slices and memory, from @offset on; returns bytes done. */
size_t pndis__slices_read(const struct pndis_slice *slices, unsigned count, size_t offset,
                          void *buffer, size_t bytes);
size_t pndis__slices_write(const struct pndis_slice *slices, unsigned count, size_t offset,
                           const void *buffer, size_t bytes);

#endif
