/* A backend around another one that loses, repeats, reorders and damages frames as a seed has it.
 */
#include "hw/room.h"

#include <pndis/error.h>
#include <stdlib.h>

enum {
    MILLION = 1000000,
    DEPTH_LIMIT = 64,
    QUEUE_LIMIT = 64,
    /* Frames that a direction of a queue can have in hand: held back ones, and one that is
       repeated. */
    HAND_LIMIT = DEPTH_LIMIT + 2,
    DIRECTION_COUNT = 2,
};

/* A frame in hand, with its header. */
struct copy {
    uint8_t *bytes;
    uint32_t size;
    unsigned after; /* Goes on when so many others have gone by; 0: as soon as it can. */
};

/* One direction of a queue. Its randomness is its own, so that other queues do not disturb it. */
struct stream {
    uint64_t random;
    struct copy hand[HAND_LIMIT];
    unsigned count;
    uint8_t *scratch; /* PNDIS_FRAME_BYTES_LIMIT */
};

struct faulty {
    struct pndis_backend base;
    struct pndis_faulty_options options;
    struct pndis_backend *inner;
    struct pndis_fault_counts counts; /* Atomic. */
    struct stream *receive;
    struct stream *send;
};

static struct faulty *
faulty_of(struct pndis_backend *backend)
{
    return (struct faulty *)backend;
}

/* --- decisions --- */

/* splitmix64 */
static uint64_t
next_random(struct stream *stream)
{
    uint64_t z = stream->random += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool
happens(struct stream *stream, uint32_t rate)
{
    return next_random(stream) % MILLION < rate;
}

static void
note(uint64_t *count)
{
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

static bool
add_copy(struct stream *stream, const uint8_t *bytes, uint32_t size, unsigned after)
{
    struct copy *copy = &stream->hand[stream->count];
    uint8_t *memory = malloc(size);

    if (memory == NULL) {
        return false;
    }
    memcpy(memory, bytes, size);
    *copy = (struct copy){memory, size, after};
    stream->count++;
    return true;
}

static void
damage(struct stream *stream, uint8_t *bytes, uint32_t size)
{
    uint64_t bit = next_random(stream) % ((uint64_t)(size - PNDIS_FRAME_HEADER_BYTES) * 8);

    bytes[PNDIS_FRAME_HEADER_BYTES + bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* A frame comes by: take it in hand as often, and for as long, as chance decides. The numbers are
 * drawn in every case, so that one rate does not change what another does. False: there is no
 * memory. */
static bool
take(struct faulty *faulty, struct stream *stream, const struct pndis_fault_rates *rates,
     uint8_t *bytes, uint32_t size)
{
    bool lose = happens(stream, rates->lose);
    bool repeat = happens(stream, rates->duplicate);
    bool hold = happens(stream, rates->reorder) && stream->count + 2 < HAND_LIMIT;
    bool harm = happens(stream, rates->corrupt) && size > PNDIS_FRAME_HEADER_BYTES;

    if (lose) {
        note(&faulty->counts.lost);
        return true;
    }
    if (harm) {
        note(&faulty->counts.corrupted);
        damage(stream, bytes, size);
    }
    if (hold) {
        note(&faulty->counts.reordered);
    }
    if (!add_copy(stream, bytes, size, hold ? faulty->options.reorder_depth + 1 : 0)) {
        return false;
    }
    if (repeat) {
        note(&faulty->counts.duplicated);
        return add_copy(stream, bytes, size, 0);
    }
    return true;
}

/* The first frame that may go on; NULL when there is none. */
static struct copy *
ready(struct stream *stream)
{
    for (unsigned i = 0; i < stream->count; i++) {
        if (stream->hand[i].after == 0) {
            return &stream->hand[i];
        }
    }
    return NULL;
}

/* @copy has gone on: the others that are held back are one step nearer. */
static void
gone(struct stream *stream, struct copy *copy)
{
    free(copy->bytes);
    memmove(copy, copy + 1, (size_t)(&stream->hand[stream->count] - (copy + 1)) * sizeof(*copy));
    stream->count--;
    for (unsigned i = 0; i < stream->count; i++) {
        stream->hand[i].after -= stream->hand[i].after > 1;
        stream->hand[i].after = stream->hand[i].after == 1 ? 0 : stream->hand[i].after;
    }
}

/* --- sending --- */

/* False: the inner backend takes no more now. */
static bool
send_ready(struct faulty *faulty, unsigned queue, unsigned *lost)
{
    struct stream *stream = &faulty->send[queue];
    struct copy *copy;

    while ((copy = ready(stream)) != NULL) {
        const struct pndis_slice slice = {copy->bytes, copy->size};
        const struct pndis_frame frame = {&slice, 1, copy->size};

        if (faulty->inner->ops->send(faulty->inner, queue, &frame, 1, lost) == 0) {
            return false;
        }
        gone(stream, copy);
    }
    return true;
}

static unsigned
send_frames(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
            unsigned count, unsigned *lost)
{
    struct faulty *faulty = faulty_of(backend);
    struct stream *stream = &faulty->send[queue];
    unsigned done = 0;

    while (done < count && send_ready(faulty, queue, lost)) {
        size_t size = pndis_frame_copy(&frames[done], stream->scratch, PNDIS_FRAME_BYTES_LIMIT);

        *lost += !take(faulty, stream, &faulty->options.send, stream->scratch, (uint32_t)size);
        done++;
    }
    send_ready(faulty, queue, lost);
    return done;
}

/* --- receiving --- */

struct arrival {
    struct faulty *faulty;
    struct stream *stream;
};

static void
on_arrival(void *user, uint8_t *bytes, uint32_t size)
{
    struct arrival *arrival = user;

    take(arrival->faulty, arrival->stream, &arrival->faulty->options.receive, bytes, size);
}

/* The inner backend fills a room of our own, for one frame. Returns whether there was one. */
static bool
receive_one(struct faulty *faulty, unsigned queue)
{
    struct arrival arrival = {faulty, &faulty->receive[queue]};
    struct pndis_room room;

    pndis__room_private(&room, arrival.stream->scratch, on_arrival, &arrival);
    faulty->inner->ops->receive(faulty->inner, queue, &room);
    return room.frames != 0;
}

static void
receive_frames(struct pndis_backend *backend, unsigned queue, struct pndis_room *room)
{
    struct faulty *faulty = faulty_of(backend);
    struct stream *stream = &faulty->receive[queue];
    struct copy *copy;

    if (faulty->inner->ops->receive == NULL) {
        return;
    }
    do {
        while ((copy = ready(stream)) != NULL) {
            if (!pndis_room_put(room, copy->bytes, copy->bytes + PNDIS_FRAME_HEADER_BYTES,
                                copy->size - PNDIS_FRAME_HEADER_BYTES)) {
                return;
            }
            gone(stream, copy);
        }
    } while (receive_one(faulty, queue));
}

static uint64_t
due_ns(struct pndis_backend *backend, unsigned queue)
{
    struct faulty *faulty = faulty_of(backend);
    const struct pndis_backend_ops *ops = faulty->inner->ops;

    if (ready(&faulty->receive[queue]) != NULL) {
        return 0;
    }
    return ops->due_ns == NULL ? UINT64_MAX : ops->due_ns(faulty->inner, queue);
}

/* --- handed on --- */

static int
open_inner(struct pndis_backend *backend, struct pndis_nic *nic, unsigned queue_pairs)
{
    struct pndis_backend *inner = faulty_of(backend)->inner;

    inner->nic = nic;
    return inner->ops->open == NULL ? 0 : inner->ops->open(inner, nic, queue_pairs);
}

static void
close_inner(struct pndis_backend *backend)
{
    struct pndis_backend *inner = faulty_of(backend)->inner;

    if (inner->ops->close != NULL) {
        inner->ops->close(inner);
    }
}

static int
descriptor(struct pndis_backend *backend, unsigned queue)
{
    struct pndis_backend *inner = faulty_of(backend)->inner;

    return inner->ops->descriptor == NULL ? -1 : inner->ops->descriptor(inner, queue);
}

static void
set_offloads(struct pndis_backend *backend, uint32_t caps)
{
    struct pndis_backend *inner = faulty_of(backend)->inner;

    if (inner->ops->set_offloads != NULL) {
        inner->ops->set_offloads(inner, caps);
    }
}

static void
set_queues(struct pndis_backend *backend, unsigned queue_pairs)
{
    struct pndis_backend *inner = faulty_of(backend)->inner;

    if (inner->ops->set_queues != NULL) {
        inner->ops->set_queues(inner, queue_pairs);
    }
}

static void
set_link(struct pndis_backend *backend, bool up)
{
    struct pndis_backend *inner = faulty_of(backend)->inner;

    if (inner->ops->set_link != NULL) {
        inner->ops->set_link(inner, up);
    }
}

static void
free_streams(struct stream *streams, unsigned count)
{
    for (unsigned i = 0; streams != NULL && i < count; i++) {
        while (streams[i].count > 0) {
            free(streams[i].hand[--streams[i].count].bytes);
        }
        free(streams[i].scratch);
    }
    free(streams);
}

static void
destroy(struct pndis_backend *backend)
{
    struct faulty *faulty = faulty_of(backend);

    pndis_backend_destroy(faulty->inner);
    free_streams(faulty->receive, backend->queues);
    free_streams(faulty->send, backend->queues);
    free(faulty);
}

static const struct pndis_backend_ops ops = {
    .name = "faulty",
    .open = open_inner,
    .close = close_inner,
    .destroy = destroy,
    .send = send_frames,
    .receive = receive_frames,
    .due_ns = due_ns,
    .descriptor = descriptor,
    .set_offloads = set_offloads,
    .set_queues = set_queues,
    .set_link = set_link,
};

/* --- making --- */

static struct stream *
create_streams(unsigned count, uint64_t seed)
{
    struct stream *streams = calloc(count, sizeof(*streams));

    for (unsigned i = 0; streams != NULL && i < count; i++) {
        streams[i].random = seed + i * DIRECTION_COUNT;
        streams[i].random = next_random(&streams[i]);
        streams[i].scratch = malloc(PNDIS_FRAME_BYTES_LIMIT);
        if (streams[i].scratch == NULL) {
            free_streams(streams, count);
            return NULL;
        }
    }
    return streams;
}

static bool
rates_make_sense(const struct pndis_fault_rates *rates)
{
    return rates->lose <= MILLION && rates->duplicate <= MILLION && rates->reorder <= MILLION &&
           rates->corrupt <= MILLION;
}

int
pndis_backend_faulty(const struct pndis_faulty_options *options, struct pndis_backend *inner,
                     struct pndis_backend **out_backend)
{
    struct faulty *faulty;

    if (options->reorder_depth > DEPTH_LIMIT || inner->queues > QUEUE_LIMIT ||
        !rates_make_sense(&options->receive) || !rates_make_sense(&options->send)) {
        pndis_backend_destroy(inner);
        return pndis__fail(PNDIS_EINVAL,
                           "chances are parts of %d, and frames are held back for at "
                           "most %d others",
                           MILLION, DEPTH_LIMIT);
    }
    faulty = calloc(1, sizeof(*faulty));
    if (faulty == NULL) {
        pndis_backend_destroy(inner);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a faulty backend");
    }
    faulty->base = (struct pndis_backend){
        .ops = &ops, .caps = inner->caps, .queues = inner->queues, .mtu = inner->mtu};
    faulty->options = *options;
    faulty->options.reorder_depth = max(options->reorder_depth, 1u);
    faulty->inner = inner;
    faulty->receive = create_streams(inner->queues, options->seed);
    faulty->send = create_streams(inner->queues, options->seed + 1);
    if (faulty->receive == NULL || faulty->send == NULL) {
        destroy(&faulty->base);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a faulty backend");
    }
    *out_backend = &faulty->base;
    return 0;
}

int
pndis_backend_fault_counts(const struct pndis_backend *backend,
                           struct pndis_fault_counts *out_counts)
{
    const struct faulty *faulty = (const struct faulty *)backend;

    if (backend->ops != &ops) {
        return pndis__fail(PNDIS_EINVAL, "a %s backend injects no faults", backend->ops->name);
    }
    out_counts->lost = __atomic_load_n(&faulty->counts.lost, __ATOMIC_RELAXED);
    out_counts->duplicated = __atomic_load_n(&faulty->counts.duplicated, __ATOMIC_RELAXED);
    out_counts->reordered = __atomic_load_n(&faulty->counts.reordered, __ATOMIC_RELAXED);
    out_counts->corrupted = __atomic_load_n(&faulty->counts.corrupted, __ATOMIC_RELAXED);
    return 0;
}
