/* The pcap backend: plays a capture to the driver, and records what the driver sends. */
#include "hw/pcapng.h"
#include "hw/queue.h"
#include "os/capture.h"

#include <errno.h>
#include <pndis/error.h>
#include <stdlib.h>

static const uint64_t ns_per_second = 1000000000;

/* Receiving and sending have nothing in common but the struct. */
struct replay {
    struct pndis_backend base;
    struct pndis_pcap_options options;
    char *path;
    char *filter;
    struct os_capture *capture; /* NULL: nothing is left to be played. */
    struct os_captured frame;   /* The next one. */
    unsigned rounds;            /* Still to be played, this one included. */
    uint64_t played;            /* Frames. */
    uint64_t start_ns;          /* When the round began; 0: not yet. */
    uint64_t first_ns;          /* The first frame's time in the capture. */
    uint32_t done;              /* Atomic. */
    struct pcapng *recording;
};

static const struct pndis_backend_ops ops;

static struct replay *
replay_of(struct pndis_backend *backend)
{
    return (struct replay *)backend;
}

/* --- playing --- */

static int
open_capture(struct replay *replay)
{
    char error[256];
    int failure = pndis__os_capture_open(replay->path, replay->filter, &replay->capture, error,
                                         sizeof(error));

    if (failure == 0) {
        return 0;
    }
    replay->capture = NULL;
    return pndis__fail(failure == -EINVAL   ? PNDIS_EINVAL
                       : failure == -ENOSYS ? PNDIS_EUNSUPPORTED
                                            : PNDIS_EIO,
                       "%s", error);
}

static void
finish(struct replay *replay)
{
    pndis__os_capture_close(replay->capture);
    replay->capture = NULL;
    __atomic_store_n(&replay->done, 1, __ATOMIC_RELEASE);
}

/* The next whole frame of this round; false at its end. */
static bool
read_frame(struct replay *replay)
{
    while (pndis__os_capture_next(replay->capture, &replay->frame)) {
        if (replay->frame.captured == replay->frame.original) {
            return true;
        }
    }
    return false;
}

/* Have the next frame ready, from the next round if need be. */
static void
advance(struct replay *replay)
{
    if (read_frame(replay)) {
        return;
    }
    pndis__os_capture_close(replay->capture);
    replay->capture = NULL;
    replay->rounds--;
    if (replay->rounds == 0 || open_capture(replay) != 0 || !read_frame(replay)) {
        finish(replay);
        return;
    }
    replay->start_ns = 0;
}

static uint64_t
due(struct replay *replay)
{
    const struct pndis_pcap_options *options = &replay->options;

    if (replay->capture == NULL) {
        return UINT64_MAX;
    }
    if (options->pace == PNDIS_REPLAY_FAST) {
        return 0;
    }
    if (replay->start_ns == 0) {
        replay->start_ns = pndis_nic_now_ns(replay->base.nic);
        replay->first_ns = replay->frame.time_ns;
        replay->played = 0;
    }
    if (options->pace == PNDIS_REPLAY_RATE) {
        uint64_t rate = options->frames_per_second;

        return replay->start_ns + replay->played / rate * ns_per_second +
               replay->played % rate * ns_per_second / rate;
    }
    /* Captures of several processors are not always in order. */
    return replay->frame.time_ns < replay->first_ns
               ? replay->start_ns
               : replay->start_ns + (uint64_t)((double)(replay->frame.time_ns - replay->first_ns) /
                                               options->speed);
}

static void
receive_frames(struct pndis_backend *backend, unsigned queue, struct pndis_room *room)
{
    struct replay *replay = replay_of(backend);
    bool timed = replay->options.pace != PNDIS_REPLAY_FAST;

    (void)queue;
    while (replay->capture != NULL && due(replay) <= (timed ? pndis_nic_now_ns(backend->nic) : 0) &&
           pndis_room_put(room, NULL, replay->frame.bytes, replay->frame.captured)) {
        replay->played++;
        advance(replay);
    }
}

static uint64_t
due_ns(struct pndis_backend *backend, unsigned queue)
{
    (void)queue;
    return due(replay_of(backend));
}

/* --- recording --- */

static unsigned
send_frames(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
            unsigned count, unsigned *lost)
{
    struct replay *replay = replay_of(backend);

    (void)queue;
    (void)lost;
    for (unsigned i = 0; replay->recording != NULL && i < count; i++) {
        pndis__pcapng_write(replay->recording, DIRECTION_OUT, pndis__nic_wall_ns(backend->nic),
                            frames[i].slices, frames[i].slice_count, frames[i].bytes);
    }
    return count;
}

static void
destroy(struct pndis_backend *backend)
{
    struct replay *replay = replay_of(backend);

    pndis__os_capture_close(replay->capture);
    pndis__pcapng_close(replay->recording);
    free(replay->path);
    free(replay->filter);
    free(replay);
}

static const struct pndis_backend_ops ops = {
    .name = "pcap",
    .destroy = destroy,
    .send = send_frames,
    .receive = receive_frames,
    .due_ns = due_ns,
};

bool
pndis_backend_is_played(const struct pndis_backend *backend)
{
    return backend->ops != &ops ||
           __atomic_load_n(&((const struct replay *)backend)->done, __ATOMIC_ACQUIRE) != 0;
}

/* --- making --- */

static int
check_options(const struct pndis_pcap_options *options)
{
    if (options->pace > PNDIS_REPLAY_RATE ||
        (options->pace == PNDIS_REPLAY_RATE && options->frames_per_second == 0) ||
        options->speed < 0) {
        return pndis__fail(PNDIS_EINVAL, "a capture is played fast, at its own pace times a speed, "
                                         "or at so many frames a second");
    }
    return 0;
}

static int
start(struct replay *replay)
{
    const struct pndis_pcap_options *options = &replay->options;
    int result = 0;

    if (options->record != NULL) {
        result = pndis__pcapng_open(options->record, "pcap", &replay->recording);
    }
    if (result != 0 || options->replay == NULL) {
        replay->done = 1;
        return result;
    }
    replay->path = strdup(options->replay);
    replay->filter = options->filter == NULL ? NULL : strdup(options->filter);
    if (replay->path == NULL || (options->filter != NULL && replay->filter == NULL)) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a pcap backend");
    }
    result = open_capture(replay);
    if (result == 0 && !read_frame(replay)) {
        finish(replay);
    }
    return result;
}

int
pndis_backend_pcap(const struct pndis_pcap_options *options, struct pndis_backend **out_backend)
{
    struct replay *replay;
    int result = check_options(options);

    if (result != 0) {
        return result;
    }
    replay = calloc(1, sizeof(*replay));
    if (replay == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a pcap backend");
    }
    replay->base = (struct pndis_backend){
        .ops = &ops,
        .caps =
            PNDIS_CAP_CSUM | PNDIS_CAP_TSO4 | PNDIS_CAP_TSO6 | PNDIS_CAP_USO | PNDIS_CAP_TSO_ECN,
        .queues = 1,
    };
    replay->options = *options;
    replay->options.speed = options->speed == 0 ? 1 : options->speed;
    replay->rounds = options->repeat == 0 ? 1 : options->repeat;
    result = start(replay);
    if (result != 0) {
        destroy(&replay->base);
        return result;
    }
    *out_backend = &replay->base;
    return 0;
}
