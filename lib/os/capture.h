/* Reading capture files, with libpcap. */
#ifndef PNDIS_LIB_OS_CAPTURE_H
#define PNDIS_LIB_OS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct os_capture;

/* A frame of a capture; @bytes is borrowed until the next one. */
struct os_captured {
    const uint8_t *bytes;
    uint32_t captured;
    uint32_t original;
    uint64_t time_ns; /* Since 1970. */
};

/* Whether this build has libpcap. Without it the rest fails. */
bool pndis__os_capture_is_there(void);
/*
 * Open an Ethernet capture. Returns 0, -EINVAL when @filter (NULL: none) is no BPF expression, or
 * -EIO; with one sentence in @error.
 */
int pndis__os_capture_open(const char *path, const char *filter, struct os_capture **out_capture,
                           char *error, size_t error_bytes);
/* The next frame that passes the filter; false at the end. */
bool pndis__os_capture_next(struct os_capture *capture, struct os_captured *out_frame);
void pndis__os_capture_close(struct os_capture *capture);

#endif
