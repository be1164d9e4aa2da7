/* Split virtqueues: virtio 1.2, 2.7 "Split Virtqueues". See queue.h. */
#include "hw/queue.h"

#include "hw/nic.h"

#include <endian.h>

enum { DESC_ALIGN = 16, AVAIL_ALIGN = 2, USED_ALIGN = 4 };

void
pndis__queue_init(struct virtqueue *queue, struct pndis_nic *nic, uint16_t index,
                  uint16_t size_limit)
{
    queue->nic = nic;
    queue->index = index;
    queue->size_limit = size_limit;
    pndis__queue_reset(queue);
}

void
pndis__queue_reset(struct virtqueue *queue)
{
    queue->size = queue->size_limit;
    __atomic_store_n(&queue->vector, QUEUE_NO_VECTOR, __ATOMIC_RELAXED);
    __atomic_store_n(&queue->enabled, false, __ATOMIC_RELAXED);
    queue->desc_address = queue->avail_address = queue->used_address = 0;
    queue->desc = NULL;
    queue->avail = NULL;
    queue->used = NULL;
    queue->avail_seen = queue->next_avail = 0;
    queue->next_used = queue->used_published = queue->used_looked = 0;
    queue->never_looked = true;
}

/* --- where the rings are --- */

/* With the two bytes of the event index behind the ring. */
static size_t
avail_bytes(const struct virtqueue *queue)
{
    return sizeof(struct vring_avail) + queue->size * sizeof(__virtio16) + sizeof(__virtio16);
}

static size_t
used_bytes(const struct virtqueue *queue)
{
    return sizeof(struct vring_used) + queue->size * sizeof(struct vring_used_elem) +
           sizeof(__virtio16);
}

static bool
find_ring(struct virtqueue *queue, const char *what, uint64_t address, size_t bytes, unsigned align,
          void *out_place)
{
    void *place =
        address % align != 0 ? NULL : pndis_device_memory(queue->nic->device, address, bytes);

    if (place == NULL || (uintptr_t)place % align != 0) {
        return pndis__nic_break(queue->nic,
                                "the %s of queue %u is at 0x%llx, where the device finds no %zu "
                                "bytes of aligned memory",
                                what, queue->index, (unsigned long long)address, bytes);
    }
    *(void **)out_place = place;
    return true;
}

static bool
find_rings(struct virtqueue *queue)
{
    return find_ring(queue, "descriptor table", queue->desc_address,
                     queue->size * sizeof(struct vring_desc), DESC_ALIGN, &queue->desc) &&
           find_ring(queue, "available ring", queue->avail_address, avail_bytes(queue), AVAIL_ALIGN,
                     &queue->avail) &&
           find_ring(queue, "used ring", queue->used_address, used_bytes(queue), USED_ALIGN,
                     &queue->used);
}

void
pndis__queue_features(struct virtqueue *queue, uint64_t features)
{
    queue->event_idx = (features & FEATURE(VIRTIO_RING_F_EVENT_IDX)) != 0;
    queue->indirect = (features & FEATURE(VIRTIO_RING_F_INDIRECT_DESC)) != 0;
}

bool
pndis__queue_enable(struct virtqueue *queue, uint64_t features)
{
    pndis__queue_features(queue, features);
    if (!find_rings(queue)) {
        return false;
    }
    __atomic_store_n(&queue->enabled, true, __ATOMIC_RELAXED);
    return true;
}

bool
pndis__queue_begin(struct virtqueue *queue)
{
    return queue->enabled && nic_is_live(queue->nic) && find_rings(queue);
}

/* --- chains --- */

int
pndis__queue_waiting(struct virtqueue *queue)
{
    uint16_t waiting;

    queue->avail_seen = le16toh(__atomic_load_n(&queue->avail->idx, __ATOMIC_SEQ_CST));
    waiting = (uint16_t)(queue->avail_seen - queue->next_avail);
    if (waiting > queue->size) {
        pndis__nic_break(queue->nic,
                         "queue %u of %u entries has %u available ones: its index is %u, and the "
                         "device has taken %u",
                         queue->index, queue->size, waiting, queue->avail_seen, queue->next_avail);
        return -1;
    }
    return waiting;
}

#define OUT_OF_REACH                                                                               \
    "a descriptor of queue %u has %u bytes at 0x%llx, which the device cannot reach"

static struct vring_desc
read_desc(const struct vring_desc *table, unsigned index)
{
    /* Read once: the driver can write to it at any time. */
    struct vring_desc desc = *(const volatile struct vring_desc *)&table[index];

    return (struct vring_desc){
        .addr = le64toh(desc.addr),
        .len = le32toh(desc.len),
        .flags = le16toh(desc.flags),
        .next = le16toh(desc.next),
    };
}

/* A walk along one chain. */
struct walk {
    struct virtqueue *queue;
    const struct vring_desc *table;
    unsigned table_size;
    bool indirect; /* It is an indirect table. */
    struct pndis_slice *slices;
    unsigned count;
    struct chain *chain;
};

static bool
add_slice(struct walk *walk, const struct vring_desc *desc)
{
    struct virtqueue *queue = walk->queue;
    struct chain *chain = walk->chain;
    void *data = pndis_device_memory(queue->nic->device, desc->addr, desc->len);

    if (data == NULL) {
        return pndis__nic_break(queue->nic, OUT_OF_REACH, queue->index, desc->len,
                                (unsigned long long)desc->addr);
    }
    if (walk->count == queue->size) {
        return pndis__nic_break(queue->nic,
                                "a chain of queue %u is a loop, or longer than the queue's %u "
                                "entries",
                                queue->index, queue->size);
    }
    walk->slices[walk->count++] = (struct pndis_slice){data, desc->len};
    if ((desc->flags & VRING_DESC_F_WRITE) != 0) {
        chain->writable++;
        chain->writable_bytes += desc->len;
        return true;
    }
    if (chain->writable != 0) {
        return pndis__nic_break(queue->nic,
                                "a chain of queue %u has something to read behind something to "
                                "write",
                                queue->index);
    }
    chain->readable++;
    chain->readable_bytes += desc->len;
    return true;
}

static bool
enter_indirect(struct walk *walk, const struct vring_desc *desc)
{
    struct virtqueue *queue = walk->queue;
    bool fits = desc->len != 0 && desc->len % sizeof(*desc) == 0 &&
                (desc->flags & VRING_DESC_F_NEXT) == 0 && !walk->indirect && queue->indirect;
    void *table = fits ? pndis_device_memory(queue->nic->device, desc->addr, desc->len) : NULL;

    if (table == NULL || (uintptr_t)table % _Alignof(struct vring_desc) != 0) {
        return pndis__nic_break(queue->nic,
                                "an indirect descriptor of queue %u is not allowed there, or its "
                                "table of %u bytes at 0x%llx is none",
                                queue->index, desc->len, (unsigned long long)desc->addr);
    }
    walk->indirect = true;
    walk->table = table;
    walk->table_size = desc->len / sizeof(*desc);
    return true;
}

static bool
walk_chain(struct walk *walk, unsigned index)
{
    for (;;) {
        struct vring_desc desc;

        if (index >= walk->table_size) {
            return pndis__nic_break(walk->queue->nic,
                                    "queue %u: there is no descriptor %u in a table of %u",
                                    walk->queue->index, index, walk->table_size);
        }
        desc = read_desc(walk->table, index);
        if ((desc.flags & VRING_DESC_F_INDIRECT) != 0) {
            if (!enter_indirect(walk, &desc)) {
                return false;
            }
            index = 0;
            continue;
        }
        if (!add_slice(walk, &desc)) {
            return false;
        }
        if ((desc.flags & VRING_DESC_F_NEXT) == 0) {
            return true;
        }
        index = desc.next;
    }
}

/* The usual chain: one descriptor. */
static int
take_single(struct virtqueue *queue, const struct vring_desc *desc, struct pndis_slice *slice,
            struct chain *chain)
{
    bool write = (desc->flags & VRING_DESC_F_WRITE) != 0;

    slice->data = pndis_device_memory(queue->nic->device, desc->addr, desc->len);
    slice->bytes = desc->len;
    if (__builtin_expect(slice->data == NULL, 0)) {
        pndis__nic_break(queue->nic, OUT_OF_REACH, queue->index, desc->len,
                         (unsigned long long)desc->addr);
        return -1;
    }
    chain->readable = !write;
    chain->writable = write;
    chain->readable_bytes = write ? 0 : desc->len;
    chain->writable_bytes = write ? desc->len : 0;
    queue->next_avail++;
    return 1;
}

static __attribute__((noinline, cold)) int
take_chain(struct virtqueue *queue, struct pndis_slice *slices, struct chain *chain)
{
    struct walk walk = {.queue = queue,
                        .table = queue->desc,
                        .table_size = queue->size,
                        .slices = slices,
                        .chain = chain};

    *chain = (struct chain){.head = chain->head};
    if (!walk_chain(&walk, chain->head)) {
        return -1;
    }
    queue->next_avail++;
    return 1;
}

/* There is one. */
static int
take_next(struct virtqueue *queue, struct pndis_slice *slices, struct chain *out_chain)
{
    struct vring_desc desc;
    unsigned place = queue->next_avail & (queue->size - 1u);

    out_chain->head = le16toh(__atomic_load_n(&queue->avail->ring[place], __ATOMIC_RELAXED));
    if (out_chain->head < queue->size) {
        desc = read_desc(queue->desc, out_chain->head);
        if ((desc.flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)) == 0) {
            return take_single(queue, &desc, slices, out_chain);
        }
    }
    return take_chain(queue, slices, out_chain);
}

int
pndis__queue_take(struct virtqueue *queue, struct pndis_slice *slices, struct chain *out_chain)
{
    if (__builtin_expect(queue->next_avail == queue->avail_seen, 0)) {
        int waiting = pndis__queue_waiting(queue);

        if (waiting <= 0) {
            return waiting;
        }
    }
    return take_next(queue, slices, out_chain);
}

/* --- telling the driver, being told --- */

bool
pndis__queue_publish(struct virtqueue *queue)
{
    uint16_t before = queue->used_looked;
    bool first = queue->never_looked;
    uint16_t event;

    if (queue->next_used == queue->used_published) {
        return false;
    }
    queue->used_published = queue->next_used;
    /* In one order with what follows, for all to see: the driver writes where it wants an
     * interrupt, and then looks at the index again. */
    __atomic_store_n(&queue->used->idx, htole16(queue->used_published), __ATOMIC_SEQ_CST);
    if (!queue->event_idx) {
        return (le16toh(__atomic_load_n(&queue->avail->flags, __ATOMIC_SEQ_CST)) &
                VRING_AVAIL_F_NO_INTERRUPT) == 0;
    }
    event = le16toh(__atomic_load_n(&queue->avail->ring[queue->size], __ATOMIC_SEQ_CST));
    queue->never_looked = false;
    queue->used_looked = queue->used_published;
    return first || vring_need_event(event, queue->used_published, before);
}

bool
pndis__queue_listen(struct virtqueue *queue)
{
    uint16_t seen = queue->avail_seen;

    if (queue->event_idx) {
        __virtio16 *event = (__virtio16 *)&queue->used->ring[queue->size];

        __atomic_store_n(event, htole16(seen), __ATOMIC_SEQ_CST);
    }
    return pndis__queue_waiting(queue) > 0 && queue->avail_seen != seen;
}

/* --- slices --- */

/* Between @buffer and the slices, the one way or the other; returns bytes done. */
static inline size_t
copy(const struct pndis_slice *slices, unsigned count, size_t offset, uint8_t *buffer, size_t bytes,
     bool into_slices)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < bytes; i++) {
        uint8_t *data;
        size_t here;

        if (offset >= slices[i].bytes) {
            offset -= slices[i].bytes;
            continue;
        }
        data = (uint8_t *)slices[i].data + offset;
        here = min(slices[i].bytes - offset, bytes - done);
        memcpy(into_slices ? data : buffer + done, into_slices ? buffer + done : data, here);
        done += here;
        offset = 0;
    }
    return done;
}

size_t
pndis__slices_read(const struct pndis_slice *slices, unsigned count, size_t offset, void *buffer,
                   size_t bytes)
{
    return copy(slices, count, offset, buffer, bytes, false);
}

size_t
pndis__slices_write(const struct pndis_slice *slices, unsigned count, size_t offset,
                    const void *buffer, size_t bytes)
{
    return copy(slices, count, offset, (uint8_t *)buffer, bytes, true);
}
