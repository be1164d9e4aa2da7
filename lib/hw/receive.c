/*
 * What arrives: buffers of a receive queue are laid out as room for the backend, which fills them
 * frame by frame; the filters look at each where it lies. One run ends with at most one interrupt.
 */
#include "hw/legacy.h"

#include <endian.h>
#include <pndis/error.h>
#include <stdlib.h>

enum {
    ETHERNET_HEADER_BYTES = 14,
    VLAN_TAG_BYTES = 4,
    NUM_BUFFERS_OFFSET = 10, /* In struct virtio_net_hdr_v1. */
    ROOM_SLICES = 2,         /* At first, for so many times the queue's size in slices. */
    DEFAULT_MTU = 1500,
};

int
pndis__room_create(struct pair *pair, struct pndis_room **out_room)
{
    unsigned size = pair->receive->size_limit;
    struct pndis_room *room = calloc(1, sizeof(*room));

    if (room == NULL) {
        return PNDIS_ENOMEM;
    }
    room->pair = pair;
    room->queue = pair->receive;
    room->slice_limit = ROOM_SLICES * size;
    room->buffers = calloc(size, sizeof(*room->buffers));
    room->slices = calloc(room->slice_limit, sizeof(*room->slices));
    room->headers = calloc(size, sizeof(*room->headers));
    if (room->buffers == NULL || room->slices == NULL || room->headers == NULL) {
        pndis__room_destroy(room);
        return PNDIS_ENOMEM;
    }
    *out_room = room;
    return 0;
}

void
pndis__room_destroy(struct pndis_room *room)
{
    if (room != NULL) {
        free(room->buffers);
        free(room->slices);
        free(room->headers);
        free(room);
    }
}

void
pndis__room_private(struct pndis_room *room, void *buffer,
                    void (*on_frame)(void *user, uint8_t *bytes, uint32_t size), void *user)
{
    *room = (struct pndis_room){
        .frame_limit = 1,
        .on_frame = on_frame,
        .user = user,
        .private_slice = {buffer, PNDIS_FRAME_BYTES_LIMIT},
    };
}

/* --- buffers --- */

static bool
check_buffer(struct pndis_nic *nic, const struct chain *chain)
{
    if (chain->readable != 0 || chain->writable_bytes < pndis__header_bytes(nic)) {
        return pndis__nic_break(nic, "a receive buffer of %llu bytes is %s",
                                (unsigned long long)chain->writable_bytes,
                                chain->readable != 0 ? "to be read" : "too short for the header");
    }
    return true;
}

/* For the longest chain: what makes a short or a long header a full one comes on top. */
static unsigned
slices_needed(const struct pndis_room *room)
{
    return room->queue->size + (room->short_header ? 2u : 0u) + (room->hidden_bytes != 0 ? 1u : 0u);
}

static bool
has_slices(const struct pndis_room *room)
{
    return room->slice_limit - room->slice_count >= slices_needed(room);
}

/* Indirect tables list more pieces than the ring has entries. None is empty, so there are not more
 * of them than bytes of a frame. */
static bool
grow_slices(struct pndis_room *room)
{
    unsigned limit = 2 * room->slice_limit;
    struct pndis_slice *slices = realloc(room->slices, limit * sizeof(*slices));

    if (slices != NULL) {
        room->slices = slices;
        room->slice_limit = limit;
    }
    return slices != NULL;
}

/* Have enough for one more buffer: those in use move to the front. */
static __attribute__((noinline, cold)) bool
make_slices(struct pndis_room *room)
{
    room->slice_count -= room->first_slice;
    memmove(room->slices, room->slices + room->first_slice,
            room->slice_count * sizeof(*room->slices));
    room->first_slice = 0;
    return has_slices(room) || grow_slices(room);
}

/* What is before the full header in a longer one is a slice of its own, or several, not for the
 * backend where a frame begins. */
static void
hide_front(const struct pndis_room *room, struct pndis_slice *slices, struct buffer *buffer)
{
    size_t left = room->hidden_bytes;
    unsigned last = 0;

    while (left >= slices[last].bytes) {
        left -= slices[last++].bytes;
    }
    buffer->hidden = last;
    if (left != 0) {
        memmove(slices + last + 1, slices + last, (buffer->slices - last) * sizeof(*slices));
        slices[last].bytes = left;
        slices[last + 1].data = (uint8_t *)slices[last + 1].data + left;
        slices[last + 1].bytes -= left;
        buffer->hidden++;
        buffer->slices++;
    }
}

/* One more buffer; false: there is none. */
static bool
take_buffer(struct pndis_room *room)
{
    struct chain chain;
    int taken;

    if (__builtin_expect(!has_slices(room), 0) && !make_slices(room)) {
        return false;
    }
    taken = pndis__queue_take(room->queue, room->slices + room->slice_count, &chain);
    if (taken > 0 && check_buffer(room->pair->nic, &chain)) {
        struct buffer *buffer = &room->buffers[room->count];

        *buffer = (struct buffer){chain.head, chain.writable, 0, chain.writable_bytes};
        if (__builtin_expect(room->short_header, 0)) {
            pndis__legacy_buffer(room, room->slices + room->slice_count, buffer);
        }
        if (__builtin_expect(room->hidden_bytes != 0, 0)) {
            hide_front(room, room->slices + room->slice_count, buffer);
        }
        room->count++;
        room->slice_count += buffer->slices;
        room->bytes += buffer->bytes;
        return true;
    }
    room->broken = taken != 0;
    return false;
}

/* Have enough buffers for a frame of @bytes, if the driver gave them. */
static void
take_buffers(struct pndis_room *room, uint64_t bytes)
{
    bool more = true;

    while (
        more && !room->broken &&
        (room->first == room->count || (room->merge && room->bytes < bytes + room->hidden_bytes))) {
        more = room->count < room->queue->size && take_buffer(room);
    }
}

static uint64_t
capacity(const struct pndis_room *room)
{
    return (room->merge ? room->bytes : room->buffers[room->first].bytes) - room->hidden_bytes;
}

/* What the next frame goes to. */
static const struct pndis_slice *
front(const struct pndis_room *room, unsigned *out_count)
{
    unsigned hidden = room->buffers[room->first].hidden;

    *out_count =
        (room->merge ? room->slice_count - room->first_slice : room->buffers[room->first].slices) -
        hidden;
    return room->slices + room->first_slice + hidden;
}

void
pndis_room_expect(struct pndis_room *room, uint32_t bytes)
{
    room->want = min(room->longest, bytes);
}

const struct pndis_slice *
pndis_room_next(struct pndis_room *room, unsigned *out_count)
{
    if (room->frames == room->frame_limit) {
        return NULL;
    }
    if (__builtin_expect(room->on_frame != NULL, 0)) {
        *out_count = 1;
        return &room->private_slice;
    }
    if (room->first == room->queue->size) {
        return NULL;
    }
    take_buffers(room, room->want);
    if (room->broken || room->first == room->count) {
        room->starved = !room->broken;
        return NULL;
    }
    return front(room, out_count);
}

/* --- frames --- */

static bool
drop(struct pndis_room *room, enum pndis_nic_drop why)
{
    count_add(&room->pair->received.drops[why], 1);
    return false;
}

static bool
is_wanted(const struct pndis_room *room, const struct pndis_slice *slices, unsigned count,
          uint32_t bytes)
{
    const struct filter *filter = &room->pair->nic->filter;
    uint8_t start[FILTER_BYTES];

    if (__builtin_expect(filter->open, 1)) {
        return true;
    }
    bytes -= PNDIS_FRAME_HEADER_BYTES;
    bytes = (uint32_t)pndis__slices_read(slices, count, PNDIS_FRAME_HEADER_BYTES, start,
                                         min(bytes, (uint32_t)sizeof(start)));
    return pndis__nic_filter_passes(filter, start, bytes);
}

/* Give back the buffers that hold a frame of @bytes; returns how many. */
static unsigned
consume(struct pndis_room *room, uint32_t bytes)
{
    unsigned used = 0;

    if (__builtin_expect(bytes <= room->buffers[room->first].bytes, 1)) {
        const struct buffer *buffer = &room->buffers[room->first++];

        queue_give(room->queue, buffer->head, bytes);
        room->bytes -= buffer->bytes;
        room->first_slice += buffer->slices;
        return 1;
    }
    while (bytes > 0) {
        const struct buffer *buffer = &room->buffers[room->first++];
        uint32_t here = (uint32_t)min((uint64_t)bytes, buffer->bytes);

        queue_give(room->queue, buffer->head, here);
        room->bytes -= buffer->bytes;
        room->first_slice += buffer->slices;
        bytes -= here;
        used++;
    }
    return used;
}

static void
count_delivered(struct pndis_room *room, uint32_t bytes)
{
    room->delivered++;
    room->delivered_bytes += bytes - PNDIS_FRAME_HEADER_BYTES;
}

/* The driver knows nothing of the longer header, and its frames lie in one buffer. */
static void
deliver_short(struct pndis_room *room, uint32_t bytes)
{
    const struct buffer *buffer = &room->buffers[room->first++];

    pndis__legacy_deliver(room->slices + room->first_slice, buffer);
    queue_give(room->queue, buffer->head, bytes - PNDIS_FRAME_HEADER_BYTES + LEGACY_HEADER_BYTES);
    room->bytes -= buffer->bytes;
    room->first_slice += buffer->slices;
    count_delivered(room, bytes);
}

/* The driver has room for a hash behind the header: see steer.h. */
static void
deliver_long(struct pndis_room *room, uint32_t bytes)
{
    const struct pndis_slice *slices = room->slices + room->first_slice;
    unsigned count = room->slice_count - room->first_slice;

    pndis__steer_header(room, slices, count, (uint16_t)consume(room, bytes + HASH_HEADER_MORE));
    count_delivered(room, bytes);
}

static void
deliver(struct pndis_room *room, const struct pndis_slice *slices, unsigned count, uint32_t bytes)
{
    __le16 used;

    if (__builtin_expect(room->short_header, 0)) {
        deliver_short(room, bytes);
        return;
    }
    if (__builtin_expect(room->hidden_bytes != 0, 0)) {
        deliver_long(room, bytes);
        return;
    }
    used = htole16((uint16_t)consume(room, bytes));
    if (slices[0].bytes >= sizeof(struct virtio_net_hdr_v1)) {
        memcpy((uint8_t *)slices[0].data + NUM_BUFFERS_OFFSET, &used, sizeof(used));
    } else {
        pndis__slices_write(slices, count, NUM_BUFFERS_OFFSET, &used, sizeof(used));
    }
    count_delivered(room, bytes);
}

/* False: the frame is to be delivered as it is. */
static inline bool
coalesce(struct pndis_room *room, const struct pndis_slice *slices, uint32_t bytes)
{
    const uint8_t *frame = (const uint8_t *)slices[0].data + PNDIS_FRAME_HEADER_BYTES;

    if (slices[0].bytes >= PNDIS_FRAME_HEADER_BYTES + DATAGRAM_LOOK_BYTES &&
        may_be_datagram(frame)) {
        return pndis__coalesce(room, bytes);
    }
    if (room->held.datagrams != 0) {
        pndis__coalesce_flush(room);
    }
    return false;
}

bool
pndis_room_commit(struct pndis_room *room, uint32_t bytes)
{
    const struct pndis_slice *slices;
    struct pndis_nic *nic;
    unsigned count;

    room->frames++;
    if (__builtin_expect(room->on_frame != NULL, 0)) {
        room->on_frame(room->user, room->private_slice.data, bytes);
        return true;
    }
    nic = room->pair->nic;
    slices = front(room, &count);
    if (bytes < PNDIS_FRAME_HEADER_BYTES + ETHERNET_HEADER_BYTES) {
        return drop(room, PNDIS_DROP_MALFORMED);
    }
    if (bytes > capacity(room)) {
        return drop(room, PNDIS_DROP_TOO_LONG);
    }
    if (__atomic_load_n(&nic->link, __ATOMIC_RELAXED) == 0) {
        return drop(room, PNDIS_DROP_LINK);
    }
    if (!is_wanted(room, slices, count, bytes)) {
        return drop(room, PNDIS_DROP_FILTERED);
    }
    if (__builtin_expect(room->hashes, 0) && pndis__steer(room, slices, count, bytes)) {
        return true;
    }
    if (is_recorded(nic)) {
        pndis__nic_record(nic, DIRECTION_IN, slices, count, bytes);
    }
    if (room->coalesce && coalesce(room, slices, bytes)) {
        count_delivered(room, bytes);
    } else {
        deliver(room, slices, count, bytes);
    }
    return true;
}

/* The driver has never had more buffers in the ring than now: waiting for more is no use. */
static bool
is_all_there_is(const struct pndis_room *room)
{
    return room->count - room->first >= room->pair->most_waiting;
}

/* A frame is longer than the room for it: it waits for more, or is dropped. Returns as room_put. */
static bool
refuse(struct pndis_room *room)
{
    if (room->on_frame == NULL && room->merge && !is_all_there_is(room)) {
        room->starved = true;
        return false;
    }
    room->frames++;
    if (room->on_frame == NULL) {
        drop(room, PNDIS_DROP_TOO_LONG);
    }
    return true;
}

bool
pndis_room_put(struct pndis_room *room, const void *header, const void *frame, uint32_t frame_bytes)
{
    static const uint8_t zeros[PNDIS_FRAME_HEADER_BYTES];
    uint32_t bytes = PNDIS_FRAME_HEADER_BYTES + frame_bytes;
    unsigned count;
    const struct pndis_slice *slices = pndis_room_next(room, &count);

    if (slices == NULL) {
        return false;
    }
    if (room->on_frame == NULL && bytes > capacity(room)) {
        take_buffers(room, bytes);
        slices = front(room, &count);
    }
    if (bytes > (room->on_frame == NULL ? capacity(room) : PNDIS_FRAME_BYTES_LIMIT)) {
        return refuse(room);
    }
    pndis__slices_write(slices, count, 0, header == NULL ? zeros : header,
                        PNDIS_FRAME_HEADER_BYTES);
    pndis__slices_write(slices, count, PNDIS_FRAME_HEADER_BYTES, frame, frame_bytes);
    pndis_room_commit(room, bytes);
    return true;
}

/* --- a run --- */

static uint32_t
longest_frame(const struct pndis_nic *nic)
{
    const uint32_t large = PNDIS_CAP_GUEST_TSO4 | PNDIS_CAP_GUEST_TSO6 | PNDIS_CAP_GUEST_USO;
    uint32_t mtu = le16toh(nic->config.mtu);

    if ((__atomic_load_n(&nic->guest_offloads, __ATOMIC_RELAXED) & large) != 0) {
        return PNDIS_FRAME_BYTES_LIMIT;
    }
    return PNDIS_FRAME_HEADER_BYTES + ETHERNET_HEADER_BYTES + VLAN_TAG_BYTES +
           max(mtu, (uint32_t)DEFAULT_MTU);
}

/* The driver takes what becomes of it, and what it takes has the long header. */
static bool
can_coalesce(const struct pndis_room *room)
{
    const struct pndis_nic *nic = room->pair->nic;
    uint32_t taken = __atomic_load_n(&nic->guest_offloads, __ATOMIC_RELAXED);

    return !room->short_header && room->hidden_bytes == 0 && (taken & PNDIS_CAP_GUEST_USO) != 0 &&
           (nic->options.flags & PNDIS_NIC_NO_COALESCING) == 0;
}

static void
begin(struct pndis_room *room, unsigned waiting)
{
    struct pndis_nic *nic = room->pair->nic;

    room->pair->most_waiting = max(room->pair->most_waiting, waiting);
    room->merge = pndis__nic_has(nic, VIRTIO_NET_F_MRG_RXBUF);
    room->short_header = pndis__header_bytes(nic) < PNDIS_FRAME_HEADER_BYTES;
    room->hidden_bytes = pndis__nic_has(nic, VIRTIO_NET_F_HASH_REPORT) ? HASH_HEADER_MORE : 0;
    room->hashes = nic->steering->spreads || room->hidden_bytes != 0;
    room->longest = room->want = longest_frame(nic);
    room->starved = room->broken = false;
    room->coalesce = can_coalesce(room);
    room->held.datagrams = 0;
    room->joined = 0;
    room->frames = 0;
    room->delivered = 0;
    room->delivered_bytes = 0;
    room->frame_limit = RECEIVE_BATCH;
    room->first = room->count = 0;
    room->first_slice = room->slice_count = 0;
    room->bytes = 0;
}

/* The backend has more, and the driver has no buffers: its next doorbell wakes the worker. */
static void
starve(struct pndis_room *room)
{
    struct pair *pair = room->pair;

    count_add(&pair->received.ring_empty, 1);
    __atomic_store_n(&pair->starved, 1, __ATOMIC_SEQ_CST);
    if (pndis__queue_listen(room->queue)) {
        __atomic_store_n(&pair->starved, 0, __ATOMIC_SEQ_CST);
    }
}

static void
fill(struct pndis_room *room)
{
    struct pair *pair = room->pair;
    struct pndis_backend *backend = pair->nic->backend;

    __atomic_store_n(&pair->starved, 0, __ATOMIC_RELAXED);
    pndis__steer_deliver(room);
    backend->ops->receive(backend, pair->index, room);
    pndis__coalesce_flush(room);
    room->queue->next_avail -= (uint16_t)(room->count - room->first);
    if (room->starved) {
        starve(room);
    }
    count_add(&pair->received.frames, room->delivered);
    count_add(&pair->received.bytes, room->delivered_bytes);
    count_add(&pair->received.joined, room->joined);
    count_add(&pair->received.batches, room->frames != 0);
}

unsigned
pndis__nic_receive(struct pair *pair)
{
    struct virtqueue *queue = pair->receive;
    struct pndis_room *room = pair->room;
    bool interrupt = false;
    unsigned moved = 0;
    int waiting;

    if (pair->nic->backend->ops->receive == NULL ||
        pair->index >= __atomic_load_n(&pair->nic->pairs_used, __ATOMIC_RELAXED)) {
        return 0;
    }
    brief_lock(&queue->lock);
    if (pndis__queue_begin(queue) && (waiting = pndis__queue_waiting(queue)) >= 0) {
        begin(room, (unsigned)waiting);
        fill(room);
        moved = room->frames;
        interrupt = pndis__queue_publish(queue);
        count_add(&pair->received.interrupts, interrupt);
    }
    brief_unlock(&queue->lock);
    if (interrupt) {
        pndis__nic_interrupt(pair->nic, queue);
    }
    pndis__nic_flush(pair->nic);
    return moved;
}
