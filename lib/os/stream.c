/* Files that are written from front to back, through a buffer. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 256 * 1024 };

struct os_stream {
    int descriptor;
    int failure;
    size_t used;
    uint8_t buffer[BUFFER_BYTES];
};

int
pndis__os_stream_open(const char *path, struct os_stream **out_stream)
{
    struct os_stream *stream = malloc(sizeof(*stream));

    if (stream == NULL) {
        return -ENOMEM;
    }
    stream->failure = 0;
    stream->used = 0;
    stream->descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (stream->descriptor < 0) {
        int failure = -errno;

        free(stream);
        return failure;
    }
    *out_stream = stream;
    return 0;
}

static void
write_out(struct os_stream *stream, const uint8_t *bytes, size_t size)
{
    while (size > 0 && stream->failure == 0) {
        ssize_t count = write(stream->descriptor, bytes, size);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            stream->failure = -errno;
            return;
        }
        bytes += count;
        size -= (size_t)count;
    }
}

void
pndis__os_stream_write(struct os_stream *stream, const void *bytes, size_t size)
{
    if (size > BUFFER_BYTES - stream->used) {
        write_out(stream, stream->buffer, stream->used);
        stream->used = 0;
    }
    if (size > BUFFER_BYTES) {
        write_out(stream, bytes, size);
        return;
    }
    memcpy(stream->buffer + stream->used, bytes, size);
    stream->used += size;
}

int
pndis__os_stream_close(struct os_stream *stream)
{
    int failure;

    write_out(stream, stream->buffer, stream->used);
    if (close(stream->descriptor) != 0 && stream->failure == 0) {
        stream->failure = -errno;
    }
    failure = stream->failure;
    free(stream);
    return failure;
}
