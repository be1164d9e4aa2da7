/*
 * The loopback backend: a cable between two nics. What one end sends waits in a ring of copies for
 * the other end to receive it.
 */
#include "hw/offload.h"
#include "hw/queue.h"

#include <pndis/error.h>
#include <stdlib.h>

enum { DEFAULT_FRAMES = 1024, FRAMES_LIMIT = 1 << 20, QUEUE_LIMIT = 64, END_COUNT = 2 };
/* Bytes of a frame that tell flows apart: addresses and ports of IPv4 without options and of IPv6.
 */
enum { FLOW_BYTES = 58 };

/* A frame on its way. */
struct packet {
    uint8_t *bytes; /* Header and frame. */
    uint32_t size;
    uint32_t capacity;
    uint64_t due_ns;
};

/* Towards one queue of an end. */
struct pipe {
    struct brief_lock lock;
    struct packet *packets;
    unsigned first;
    unsigned count;
};

struct cable;

struct end {
    struct pndis_backend base;
    struct cable *cable;
    struct end *other;
    uint32_t caps; /* What its driver accepts; atomic. */
    uint32_t queues_used;
    bool gone;
    struct pipe *pipes; /* Towards this end. */
    uint8_t *frame;     /* Of one that is being sent: PNDIS_FRAME_BYTES_LIMIT each. */
    uint8_t *segment;
    struct brief_lock scratch; /* Around both. */
};

struct cable {
    struct pndis_loopback_options options;
    struct brief_lock lock; /* While an end's nic is called; of @gone. */
    struct end ends[END_COUNT];
};

static struct end *
end_of(struct pndis_backend *backend)
{
    return (struct end *)backend;
}

/* --- sending --- */

static bool
enqueue(struct pipe *pipe, unsigned limit, const struct virtio_net_hdr_v1 *header,
        const uint8_t *frame, size_t bytes, uint64_t due_ns)
{
    struct packet *packet;
    uint32_t size = (uint32_t)(PNDIS_FRAME_HEADER_BYTES + bytes);
    bool done = false;

    brief_lock(&pipe->lock);
    packet = &pipe->packets[(pipe->first + pipe->count) % limit];
    if (pipe->count < limit && packet->capacity < size) {
        uint8_t *grown = realloc(packet->bytes, size);

        packet->bytes = grown == NULL ? packet->bytes : grown;
        packet->capacity = grown == NULL ? packet->capacity : size;
    }
    if (pipe->count < limit && packet->capacity >= size) {
        memcpy(packet->bytes, header, PNDIS_FRAME_HEADER_BYTES);
        memcpy(packet->bytes + PNDIS_FRAME_HEADER_BYTES, frame, bytes);
        packet->size = size;
        packet->due_ns = due_ns;
        pipe->count++;
        done = true;
    }
    brief_unlock(&pipe->lock);
    return done;
}

/* One frame that leaves an end. */
struct sending {
    struct end *to;
    unsigned queue;
    uint64_t due_ns;
    unsigned lost;
    struct virtio_net_hdr_v1 header;
};

static void
emit(void *user, const uint8_t *frame, size_t bytes)
{
    struct sending *sending = user;
    struct pipe *pipe = &sending->to->pipes[sending->queue];

    sending->lost += !enqueue(pipe, sending->to->cable->options.frame_limit, &sending->header,
                              frame, bytes, sending->due_ns);
}

/* The same flow always takes the same queue: FNV-1a of what tells flows apart. */
static unsigned
queue_for(const struct end *to, const uint8_t *frame, size_t bytes)
{
    unsigned queues = __atomic_load_n(&to->queues_used, __ATOMIC_RELAXED);
    uint32_t hash = 2166136261u;

    if (queues == 1) {
        return 0;
    }
    for (size_t i = 0; i < bytes && i < FLOW_BYTES; i++) {
        /* Lengths, identifications and checksums of IPv4 change from frame to frame. */
        if (i < 16 || i >= 26) {
            hash = (hash ^ frame[i]) * 16777619u;
        }
    }
    return (hash ^ hash >> 16) % queues;
}

/* Returns whether it was lost. */
static bool
send_frame(struct end *end, const struct pndis_frame *frame, uint64_t due_ns, uint64_t *woken)
{
    struct sending sending = {.to = end->other, .due_ns = due_ns};
    uint8_t *bytes = end->frame + PNDIS_FRAME_HEADER_BYTES;
    size_t size = pndis_frame_copy(frame, end->frame, PNDIS_FRAME_BYTES_LIMIT);
    uint32_t accepted = __atomic_load_n(&sending.to->caps, __ATOMIC_RELAXED);

    size -= PNDIS_FRAME_HEADER_BYTES;
    memcpy(&sending.header, end->frame, sizeof(sending.header));
    sending.header.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
    sending.header.num_buffers = 0;
    sending.queue = queue_for(sending.to, bytes, size);
    *woken |= (uint64_t)1 << sending.queue;
    if ((pndis__offload_needs(&sending.header) & ~accepted) != 0) {
        struct virtio_net_hdr_v1 asked = sending.header;

        memset(&sending.header, 0, sizeof(sending.header));
        pndis__offload_resolve(&asked, bytes, size, end->segment, emit, &sending);
    } else {
        emit(&sending, bytes, size);
    }
    return sending.lost != 0;
}

static void
wake_other(struct end *end, uint64_t queues)
{
    struct cable *cable = end->cable;
    struct pndis_nic *nic;

    brief_lock(&cable->lock);
    nic = __atomic_load_n(&end->other->base.nic, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; nic != NULL && queues >> i != 0; i++) {
        if ((queues >> i & 1) != 0) {
            pndis_nic_receivable(nic, i);
        }
        if (i == QUEUE_LIMIT - 1) {
            break;
        }
    }
    brief_unlock(&cable->lock);
}

static unsigned
send_frames(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
            unsigned count, unsigned *lost)
{
    struct end *end = end_of(backend);
    uint64_t latency = end->cable->options.latency_ns;
    uint64_t due = latency == 0 ? 0 : pndis_nic_now_ns(backend->nic) + latency;
    uint64_t woken = 0;

    (void)queue;
    brief_lock(&end->scratch);
    for (unsigned i = 0; i < count; i++) {
        *lost += send_frame(end, &frames[i], due, &woken);
    }
    brief_unlock(&end->scratch);
    wake_other(end, woken);
    return count;
}

/* --- receiving --- */

static void
receive_frames(struct pndis_backend *backend, unsigned queue, struct pndis_room *room)
{
    struct end *end = end_of(backend);
    struct pipe *pipe = &end->pipes[queue];
    unsigned limit = end->cable->options.frame_limit;
    uint64_t now = end->cable->options.latency_ns == 0 ? 0 : pndis_nic_now_ns(backend->nic);
    bool room_left = true;

    brief_lock(&pipe->lock);
    while (room_left && pipe->count > 0 && pipe->packets[pipe->first].due_ns <= now) {
        const struct packet *packet = &pipe->packets[pipe->first];

        room_left = pndis_room_put(room, packet->bytes, packet->bytes + PNDIS_FRAME_HEADER_BYTES,
                                   packet->size - PNDIS_FRAME_HEADER_BYTES);
        if (room_left) {
            pipe->first = (pipe->first + 1) % limit;
            pipe->count--;
        }
    }
    brief_unlock(&pipe->lock);
}

static uint64_t
due_ns(struct pndis_backend *backend, unsigned queue)
{
    struct pipe *pipe = &end_of(backend)->pipes[queue];
    uint64_t due = UINT64_MAX;

    brief_lock(&pipe->lock);
    if (pipe->count > 0) {
        due = pipe->packets[pipe->first].due_ns;
    }
    brief_unlock(&pipe->lock);
    return due;
}

/* --- the rest --- */

static void
set_offloads(struct pndis_backend *backend, uint32_t caps)
{
    __atomic_store_n(&end_of(backend)->caps, caps, __ATOMIC_RELAXED);
}

static void
set_queues(struct pndis_backend *backend, unsigned queue_pairs)
{
    __atomic_store_n(&end_of(backend)->queues_used, queue_pairs, __ATOMIC_RELAXED);
}

/* A cable that is out at one end is out at both. */
static void
set_link(struct pndis_backend *backend, bool up)
{
    struct end *end = end_of(backend);
    struct pndis_nic *other;

    brief_lock(&end->cable->lock);
    other = __atomic_load_n(&end->other->base.nic, __ATOMIC_ACQUIRE);
    brief_unlock(&end->cable->lock);
    if (other != NULL) {
        pndis_nic_carrier(other, up);
    }
}

static void
close_end(struct pndis_backend *backend)
{
    struct end *end = end_of(backend);

    brief_lock(&end->cable->lock);
    __atomic_store_n(&backend->nic, NULL, __ATOMIC_RELEASE);
    brief_unlock(&end->cable->lock);
}

static void
free_pipes(struct end *end, const struct pndis_loopback_options *options)
{
    for (unsigned q = 0; end->pipes != NULL && q < options->queues; q++) {
        struct pipe *pipe = &end->pipes[q];

        for (unsigned i = 0; pipe->packets != NULL && i < options->frame_limit; i++) {
            free(pipe->packets[i].bytes);
        }
        free(pipe->packets);
    }
    free(end->pipes);
    free(end->frame);
    free(end->segment);
}

static void
free_cable(struct cable *cable)
{
    for (unsigned i = 0; i < END_COUNT; i++) {
        free_pipes(&cable->ends[i], &cable->options);
    }
    free(cable);
}

/* The second end to go takes the cable with it. */
static void
destroy(struct pndis_backend *backend)
{
    struct end *end = end_of(backend);
    bool last;

    brief_lock(&end->cable->lock);
    end->gone = true;
    last = end->other->gone;
    brief_unlock(&end->cable->lock);
    if (last) {
        free_cable(end->cable);
    }
}

static const struct pndis_backend_ops ops = {
    .name = "loopback",
    .close = close_end,
    .destroy = destroy,
    .send = send_frames,
    .receive = receive_frames,
    .due_ns = due_ns,
    .set_offloads = set_offloads,
    .set_queues = set_queues,
    .set_link = set_link,
};

static bool
create_end(struct cable *cable, unsigned index)
{
    struct end *end = &cable->ends[index];
    bool done = true;

    end->base = (struct pndis_backend){
        .ops = &ops,
        .caps = PNDIS_CAP_CSUM | PNDIS_CAP_TSO4 | PNDIS_CAP_TSO6 | PNDIS_CAP_USO |
                PNDIS_CAP_TSO_ECN | PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_TSO4 |
                PNDIS_CAP_GUEST_TSO6 | PNDIS_CAP_GUEST_USO | PNDIS_CAP_GUEST_ECN,
        .queues = cable->options.queues,
    };
    end->cable = cable;
    end->other = &cable->ends[1 - index];
    end->queues_used = 1;
    end->frame = malloc(PNDIS_FRAME_BYTES_LIMIT);
    end->segment = malloc(OFFLOAD_SEGMENT_BYTES);
    end->pipes = calloc(cable->options.queues, sizeof(*end->pipes));
    for (unsigned i = 0; end->pipes != NULL && i < cable->options.queues; i++) {
        end->pipes[i].packets = calloc(cable->options.frame_limit, sizeof(struct packet));
        done = done && end->pipes[i].packets != NULL;
    }
    return done && end->frame != NULL && end->segment != NULL && end->pipes != NULL;
}

int
pndis_backend_loopback(const struct pndis_loopback_options *options, struct pndis_backend **out_one,
                       struct pndis_backend **out_other)
{
    struct cable *cable;

    if (options != NULL && (options->queues > QUEUE_LIMIT || options->frame_limit > FRAMES_LIMIT)) {
        return pndis__fail(PNDIS_EINVAL, "a cable has at most %d queues of %d frames", QUEUE_LIMIT,
                           FRAMES_LIMIT);
    }
    cable = calloc(1, sizeof(*cable));
    if (cable == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a cable");
    }
    if (options != NULL) {
        cable->options = *options;
    }
    cable->options.queues = max(cable->options.queues, 1u);
    if (cable->options.frame_limit == 0) {
        cable->options.frame_limit = DEFAULT_FRAMES;
    }
    if (!create_end(cable, 0) || !create_end(cable, 1)) {
        free_cable(cable);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a cable");
    }
    *out_one = &cable->ends[0].base;
    *out_other = &cable->ends[1].base;
    return 0;
}
