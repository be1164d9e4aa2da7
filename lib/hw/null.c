/* The null backend: swallows what is sent, and makes the same frame again and again. */
#include "nt/nt.h"

#include <pndis/backend.h>
#include <pndis/error.h>
#include <stdlib.h>

enum { SHORTEST_FRAME = 14, LONGEST_FRAME = 65535, QUEUE_LIMIT = 64 };

static const uint64_t ns_per_second = 1000000000;

/* Written by its queue's receive() alone. */
struct source {
    uint64_t made;
    uint64_t first_ns;
} __attribute__((aligned(64)));

struct null_backend {
    struct pndis_backend base;
    struct pndis_null_options options;
    struct source sources[QUEUE_LIMIT];
    uint32_t bytes;  /* Of the header and the frame. */
    uint8_t frame[]; /* Both of them. */
};

static const struct pndis_backend_ops ops;

static struct null_backend *
null_of(struct pndis_backend *backend)
{
    return (struct null_backend *)backend;
}

static unsigned
send_frames(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
            unsigned count, unsigned *lost)
{
    (void)backend;
    (void)queue;
    (void)frames;
    (void)lost;
    return count;
}

/* When frame number @index of a paced source is to be made. */
static uint64_t
time_of(const struct null_backend *null, const struct source *source, uint64_t index)
{
    uint64_t rate = null->options.frames_per_second;

    return source->first_ns + index / rate * ns_per_second + index % rate * ns_per_second / rate;
}

static bool
is_exhausted(const struct null_backend *null, const struct source *source)
{
    return null->options.frame_bytes == 0 ||
           (null->options.frame_count != 0 && source->made == null->options.frame_count);
}

static uint64_t
due(const struct null_backend *null, struct source *source)
{
    if (is_exhausted(null, source)) {
        return UINT64_MAX;
    }
    if (null->options.frames_per_second == 0) {
        return 0;
    }
    if (source->first_ns == 0) {
        source->first_ns = pndis_nic_now_ns(null->base.nic);
    }
    return time_of(null, source, source->made);
}

static bool
make_frame(const struct null_backend *null, struct pndis_room *room)
{
    unsigned count;
    const struct pndis_slice *slices = pndis_room_next(room, &count);

    if (slices == NULL) {
        return false;
    }
    if (slices[0].bytes < null->bytes) {
        return pndis_room_put(room, NULL, null->frame + PNDIS_FRAME_HEADER_BYTES,
                              null->bytes - PNDIS_FRAME_HEADER_BYTES);
    }
    memcpy(slices[0].data, null->frame, null->bytes);
    pndis_room_commit(room, null->bytes);
    return true;
}

static void
receive_frames(struct pndis_backend *backend, unsigned queue, struct pndis_room *room)
{
    struct null_backend *null = null_of(backend);
    struct source *source = &null->sources[queue];
    uint64_t now = null->options.frames_per_second == 0 ? 0 : pndis_nic_now_ns(backend->nic);

    pndis_room_expect(room, PNDIS_FRAME_HEADER_BYTES + null->options.frame_bytes);
    while (due(null, source) <= now && make_frame(null, room)) {
        source->made++;
    }
}

static uint64_t
due_ns(struct pndis_backend *backend, unsigned queue)
{
    struct null_backend *null = null_of(backend);

    return due(null, &null->sources[queue]);
}

static void
destroy(struct pndis_backend *backend)
{
    free(backend);
}

static const struct pndis_backend_ops ops = {
    .name = "null",
    .destroy = destroy,
    .send = send_frames,
    .receive = receive_frames,
    .due_ns = due_ns,
};

static void
fill_frame(struct null_backend *null)
{
    static const uint8_t header[] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x88, 0xb5};
    uint8_t *frame = null->frame + PNDIS_FRAME_HEADER_BYTES;

    if (null->options.frame != NULL) {
        memcpy(frame, null->options.frame, null->options.frame_bytes);
    } else if (null->options.frame_bytes != 0) {
        memcpy(frame, header, sizeof(header));
    }
    null->options.frame = NULL;
}

int
pndis_backend_null(const struct pndis_null_options *options, struct pndis_backend **out_backend)
{
    const struct pndis_null_options defaults = {0};
    struct null_backend *null;

    options = options == NULL ? &defaults : options;
    if ((options->frame_bytes != 0 && options->frame_bytes < SHORTEST_FRAME) ||
        options->frame_bytes > LONGEST_FRAME || options->queues > QUEUE_LIMIT) {
        return pndis__fail(PNDIS_EINVAL,
                           "a null backend makes frames of %d to %d bytes on up to %d queues",
                           SHORTEST_FRAME, LONGEST_FRAME, QUEUE_LIMIT);
    }
    null = aligned_alloc(_Alignof(struct null_backend),
                         (sizeof(*null) + PNDIS_FRAME_BYTES_LIMIT + 63) / 64 * 64);
    if (null == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a null backend");
    }
    memset(null, 0, sizeof(*null) + PNDIS_FRAME_BYTES_LIMIT);
    null->base = (struct pndis_backend){
        .ops = &ops,
        .caps = PNDIS_CAP_CSUM | PNDIS_CAP_TSO4 | PNDIS_CAP_TSO6 | PNDIS_CAP_USO |
                PNDIS_CAP_TSO_ECN | PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_TSO4 |
                PNDIS_CAP_GUEST_TSO6 | PNDIS_CAP_GUEST_USO | PNDIS_CAP_GUEST_ECN,
        .queues = options->queues == 0 ? 1 : options->queues,
    };
    null->options = *options;
    null->bytes = PNDIS_FRAME_HEADER_BYTES + options->frame_bytes;
    fill_frame(null);
    *out_backend = &null->base;
    return 0;
}
