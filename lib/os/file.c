/* Files, the environment and the way a report leaves the process. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_all(int descriptor, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t count = read(descriptor, bytes + done, size - done);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count == 0 ? -EIO : -errno;
        }
        done += (size_t)count;
    }
    return 0;
}

int
pndis__os_file_read(const char *path, uint8_t **out_bytes, size_t *out_size)
{
    struct stat about;
    uint8_t *bytes = NULL;
    int result = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0) {
        return -errno;
    }
    if (fstat(descriptor, &about) != 0) {
        result = -errno;
        goto undo_open;
    }
    bytes = malloc((size_t)about.st_size + 1);
    if (bytes == NULL) {
        result = -ENOMEM;
        goto undo_open;
    }
    result = read_all(descriptor, bytes, (size_t)about.st_size);
    if (result != 0) {
        free(bytes);
        goto undo_open;
    }
    bytes[about.st_size] = 0;
    *out_bytes = bytes;
    *out_size = (size_t)about.st_size;

undo_open:
    close(descriptor);
    return result;
}

void
pndis__os_report(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t count = write(STDERR_FILENO, text, left);

        if (count <= 0) {
            return;
        }
        text += count;
        left -= (size_t)count;
    }
}

void
pndis__os_die(void)
{
    abort();
}

const char *
pndis__os_environment(const char *name)
{
    return getenv(name);
}
