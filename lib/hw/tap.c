/*
 * The TAP backend. With the vnet header the kernel speaks the same header as the driver, so frames
 * go between the driver's buffers and the kernel as they are, unsegmented and without checksums
 * where both sides take them.
 */
#include "hw/queue.h"
#include "os/tap.h"

#include <errno.h>
#include <pndis/error.h>
#include <stdlib.h>

_Static_assert((int)OS_TAP_HEADER_BYTES == (int)PNDIS_FRAME_HEADER_BYTES,
               "the kernel speaks our header");
_Static_assert(sizeof(struct os_slice) == sizeof(struct pndis_slice), "slices are slices");

/* Sending and receiving share nothing: they go on at the same time. */
struct tap_queue {
    struct os_slice send_slices[OS_SLICE_LIMIT];
    struct os_slice receive_slices[OS_SLICE_LIMIT];
    uint8_t header[PNDIS_FRAME_HEADER_BYTES];
    uint32_t large; /* So many frames may be longer than the MTU. */
    uint32_t held;  /* Bytes in @spill, header first: a frame that waits for room. */
    uint32_t idle;  /* Atomic: detached, or the interface is gone. */
    uint8_t spill[PNDIS_FRAME_BYTES_LIMIT];
    uint8_t flat[PNDIS_FRAME_BYTES_LIMIT];
} __attribute__((aligned(64)));

struct tap {
    struct pndis_backend base;
    struct os_tap os;
    bool with_header;
    struct tap_queue *queues;
};

enum {
    ETHERNET_BYTES = 18, /* With a VLAN tag. */
    LARGE_MEMORY = 256,
};

static const struct pndis_backend_ops ops;

static const struct {
    enum os_tap_offload offload;
    uint32_t cap;
    uint32_t guest_cap;
} offload_caps[] = {
    {OS_TAP_CSUM, PNDIS_CAP_CSUM, PNDIS_CAP_GUEST_CSUM},
    {OS_TAP_TSO4, PNDIS_CAP_TSO4, PNDIS_CAP_GUEST_TSO4},
    {OS_TAP_TSO6, PNDIS_CAP_TSO6, PNDIS_CAP_GUEST_TSO6},
    {OS_TAP_ECN, PNDIS_CAP_TSO_ECN, PNDIS_CAP_GUEST_ECN},
    {OS_TAP_USO, PNDIS_CAP_USO, PNDIS_CAP_GUEST_USO},
};

enum { OFFLOAD_COUNT = sizeof(offload_caps) / sizeof(offload_caps[0]) };

static struct tap *
tap_of(struct pndis_backend *backend)
{
    return (struct tap *)backend;
}

/* --- sending --- */

/* @frame without its header, or in one piece when it has too many. Returns how many slices. */
static unsigned
lay_out(const struct tap *tap, struct tap_queue *queue, const struct pndis_frame *frame)
{
    size_t skip = tap->with_header ? 0 : PNDIS_FRAME_HEADER_BYTES;

    if (frame->slice_count > OS_SLICE_LIMIT) {
        size_t bytes = pndis_frame_copy(frame, queue->flat, sizeof(queue->flat));

        queue->send_slices[0] = (struct os_slice){queue->flat + skip, bytes - skip};
        return 1;
    }
    memcpy(queue->send_slices, frame->slices, frame->slice_count * sizeof(queue->send_slices[0]));
    queue->send_slices[0].data = (uint8_t *)queue->send_slices[0].data + skip;
    queue->send_slices[0].bytes -= skip;
    return frame->slice_count;
}

static long
send_frame(const struct tap *tap, unsigned queue, const struct pndis_frame *frame)
{
    int descriptor = tap->os.descriptors[queue];
    unsigned count;

    if (tap->with_header && frame->slice_count <= OS_SLICE_LIMIT) {
        return pndis__os_write_slices(descriptor, (const struct os_slice *)frame->slices,
                                      frame->slice_count);
    }
    count = lay_out(tap, &tap->queues[queue], frame);
    return pndis__os_write_slices(descriptor, tap->queues[queue].send_slices, count);
}

static unsigned
send_frames(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
            unsigned count, unsigned *lost)
{
    const struct tap *tap = tap_of(backend);

    for (unsigned i = 0; i < count; i++) {
        long sent = send_frame(tap, queue, &frames[i]);

        if (sent == -EAGAIN) {
            return i;
        }
        *lost += sent < 0;
    }
    return count;
}

/* --- receiving --- */

static uint32_t
usual_bytes(const struct tap *tap)
{
    return PNDIS_FRAME_HEADER_BYTES + ETHERNET_BYTES + tap->base.mtu;
}

/* The driver's room, and behind it our own, so that no frame is cut off. Returns how many slices.
 */
static unsigned
lay_room(const struct tap *tap, struct tap_queue *queue, const struct pndis_slice *room,
         unsigned count, size_t *out_bytes)
{
    size_t skip = tap->with_header ? 0 : PNDIS_FRAME_HEADER_BYTES;
    unsigned used = 0;
    size_t bytes = 0;

    for (unsigned i = 0; i < count && used < OS_SLICE_LIMIT - 1; i++) {
        size_t here = min(skip, room[i].bytes);

        skip -= here;
        bytes += room[i].bytes;
        if (here < room[i].bytes) {
            queue->receive_slices[used++] =
                (struct os_slice){(uint8_t *)room[i].data + here, room[i].bytes - here};
        }
    }
    queue->receive_slices[used++] = (struct os_slice){queue->spill, sizeof(queue->spill)};
    *out_bytes = bytes;
    return used;
}

/* A frame is longer than the driver's room: its first part goes in front of the rest. */
static void
gather(struct tap_queue *queue, const struct pndis_slice *room, unsigned count, size_t room_bytes,
       size_t bytes)
{
    if (bytes > sizeof(queue->spill)) {
        bytes = sizeof(queue->spill);
    }
    memmove(queue->spill + room_bytes, queue->spill, bytes - room_bytes);
    pndis__slices_read(room, count, 0, queue->spill, room_bytes);
    queue->held = (uint32_t)bytes;
}

/* Returns false when the frame in hand has to stay there. */
static bool
put_held(struct tap_queue *queue, struct pndis_room *room)
{
    if (queue->held != 0 &&
        !pndis_room_put(room, queue->spill, queue->spill + PNDIS_FRAME_HEADER_BYTES,
                        queue->held - PNDIS_FRAME_HEADER_BYTES)) {
        return false;
    }
    queue->held = 0;
    return true;
}

/*
 * The kernel sets up every slice that a read could fill, so a read that is to take any frame costs
 * more than one for what the MTU allows. Frames that are longer come in numbers, when they come:
 * after one that had to be copied there is room for more of them for a while.
 */
static void
expect_frame(const struct tap *tap, const struct tap_queue *queue, struct pndis_room *room)
{
    pndis_room_expect(room, queue->large > 0 ? PNDIS_FRAME_BYTES_LIMIT : usual_bytes(tap));
}

static void
note_length(const struct tap *tap, struct tap_queue *queue, uint32_t bytes)
{
    if (bytes > usual_bytes(tap)) {
        queue->large = LARGE_MEMORY;
    } else if (queue->large > 0) {
        queue->large--;
    }
}

/* Returns false when there is nothing more to do. */
static bool
receive_frame(struct tap *tap, unsigned index, struct pndis_room *room)
{
    struct tap_queue *queue = &tap->queues[index];
    const struct pndis_slice *slices;
    unsigned count;
    size_t room_bytes;
    long bytes;

    expect_frame(tap, queue, room);
    slices = pndis_room_next(room, &count);
    if (slices == NULL) {
        return false;
    }
    if (!tap->with_header) {
        pndis__slices_write(slices, count, 0, queue->header, PNDIS_FRAME_HEADER_BYTES);
    }
    bytes = pndis__os_read_slices(tap->os.descriptors[index], queue->receive_slices,
                                  lay_room(tap, queue, slices, count, &room_bytes));
    if (bytes <= 0) {
        if (bytes == -EBADFD || bytes == -EIO) {
            __atomic_store_n(&queue->idle, 1, __ATOMIC_RELAXED);
        }
        return false;
    }
    bytes += tap->with_header ? 0 : PNDIS_FRAME_HEADER_BYTES;
    note_length(tap, queue, (uint32_t)bytes);
    if ((size_t)bytes > room_bytes) {
        gather(queue, slices, count, room_bytes, (size_t)bytes);
        return put_held(queue, room);
    }
    pndis_room_commit(room, (uint32_t)bytes);
    return true;
}

static void
receive_frames(struct pndis_backend *backend, unsigned queue, struct pndis_room *room)
{
    struct tap *tap = tap_of(backend);

    if (!put_held(&tap->queues[queue], room)) {
        return;
    }
    while (receive_frame(tap, queue, room)) {
    }
}

static int
descriptor(struct pndis_backend *backend, unsigned queue)
{
    const struct tap *tap = tap_of(backend);

    return __atomic_load_n(&tap->queues[queue].idle, __ATOMIC_RELAXED) != 0
               ? -1
               : tap->os.descriptors[queue];
}

/* --- the rest --- */

static void
set_offloads(struct pndis_backend *backend, uint32_t caps)
{
    unsigned offloads = 0;

    if (!tap_of(backend)->with_header) {
        return;
    }
    for (unsigned i = 0; i < OFFLOAD_COUNT; i++) {
        if ((offload_caps[i].guest_cap & caps) != 0) {
            offloads |= offload_caps[i].offload;
        }
    }
    pndis__os_tap_set_offloads(&tap_of(backend)->os, offloads);
}

static void
set_queues(struct pndis_backend *backend, unsigned queue_pairs)
{
    struct tap *tap = tap_of(backend);

    for (unsigned i = 1; i < tap->os.queues; i++) {
        bool used = i < queue_pairs;
        bool was_used = __atomic_load_n(&tap->queues[i].idle, __ATOMIC_RELAXED) == 0;

        if (used != was_used && pndis__os_tap_attach(&tap->os, i, used) == 0) {
            __atomic_store_n(&tap->queues[i].idle, !used, __ATOMIC_RELAXED);
        }
    }
}

/* The host's interface shows it; frames it would receive meanwhile are dropped by the kernel. */
static void
set_link(struct pndis_backend *backend, bool up)
{
    pndis__os_tap_set_carrier(&tap_of(backend)->os, up);
}

static void
destroy(struct pndis_backend *backend)
{
    struct tap *tap = tap_of(backend);

    pndis__os_tap_close(&tap->os);
    free(tap->queues);
    free(tap);
}

static const struct pndis_backend_ops ops = {
    .name = "tap",
    .destroy = destroy,
    .send = send_frames,
    .receive = receive_frames,
    .descriptor = descriptor,
    .set_offloads = set_offloads,
    .set_queues = set_queues,
    .set_link = set_link,
};

const char *
pndis_backend_tap_name(const struct pndis_backend *backend)
{
    return backend->ops == &ops ? ((const struct tap *)backend)->os.name : NULL;
}

static uint32_t
caps_of(unsigned offloads)
{
    uint32_t caps = 0;

    for (unsigned i = 0; i < OFFLOAD_COUNT; i++) {
        if ((offload_caps[i].offload & offloads) != 0) {
            caps |= offload_caps[i].cap | offload_caps[i].guest_cap;
        }
    }
    return caps;
}

static int
open_tap(struct tap *tap, const struct pndis_tap_options *options)
{
    const struct os_tap_options os_options = {
        .name = options->name,
        .queues = options->queues == 0 ? 1 : options->queues,
        .persistent = options->persistent,
        .must_exist = options->must_exist,
        .with_header = !options->without_offloads,
        .leave_down = options->leave_down,
        .mtu = options->mtu,
        .mac = options->mac,
    };
    char error[256];
    int failure = pndis__os_tap_open(&os_options, &tap->os, error, sizeof(error));

    if (failure != 0) {
        bool missing = options->must_exist && failure == -ENOENT;

        return pndis__fail(missing ? PNDIS_ENOTFOUND : PNDIS_EIO, "%s", error);
    }
    return 0;
}

int
pndis_backend_tap(const struct pndis_tap_options *options, struct pndis_backend **out_backend)
{
    const struct pndis_tap_options defaults = {0};
    struct tap *tap;
    int result;

    options = options == NULL ? &defaults : options;
    if (options->queues > PNDIS_TAP_QUEUE_LIMIT ||
        (options->name != NULL && strlen(options->name) >= PNDIS_INTERFACE_NAME_BYTES)) {
        return pndis__fail(PNDIS_EINVAL,
                           "a TAP interface has at most %d queues and a name of less than %d bytes",
                           PNDIS_TAP_QUEUE_LIMIT, PNDIS_INTERFACE_NAME_BYTES);
    }
    tap = calloc(1, sizeof(*tap));
    if (tap == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a TAP backend");
    }
    result = open_tap(tap, options);
    if (result != 0) {
        free(tap);
        return result;
    }
    tap->with_header = !options->without_offloads;
    tap->base = (struct pndis_backend){.ops = &ops,
                                       .caps = caps_of(tap->os.offloads),
                                       .queues = tap->os.queues,
                                       .mtu = tap->os.mtu};
    tap->queues = aligned_alloc(_Alignof(struct tap_queue), tap->os.queues * sizeof(*tap->queues));
    if (tap->queues == NULL) {
        pndis__os_tap_close(&tap->os);
        free(tap);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a TAP backend");
    }
    memset(tap->queues, 0, tap->os.queues * sizeof(*tap->queues));
    *out_backend = &tap->base;
    return 0;
}
