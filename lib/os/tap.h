/* TAP interfaces of the host, and moving frames through their descriptors. */
#ifndef PNDIS_LIB_OS_TAP_H
#define PNDIS_LIB_OS_TAP_H

#include "os/os.h"

enum { OS_TAP_QUEUE_LIMIT = 64, OS_TAP_NAME_BYTES = 16, OS_TAP_HEADER_BYTES = 12 };

/* Segmentation and checksums, as the kernel may leave them to whoever reads. */
enum os_tap_offload {
    OS_TAP_CSUM = 1,
    OS_TAP_TSO4 = 2,
    OS_TAP_TSO6 = 4,
    OS_TAP_ECN = 8,
    OS_TAP_USO = 16,
};

struct os_tap_options {
    const char *name; /* NULL: the next free one. */
    unsigned queues;
    bool persistent;
    bool must_exist;
    bool with_header;
    bool leave_down;
    unsigned mtu;       /* 0: leave it. */
    const uint8_t *mac; /* NULL: leave it. */
};

struct os_tap {
    char name[OS_TAP_NAME_BYTES];
    unsigned queues;
    int descriptors[OS_TAP_QUEUE_LIMIT];
    unsigned offloads; /* What the kernel can do. */
    unsigned mtu;
};

/* Returns 0, or a negative errno with one sentence in @error. */
int pndis__os_tap_open(const struct os_tap_options *options, struct os_tap *out_tap, char *error,
                       size_t error_bytes);
void pndis__os_tap_close(struct os_tap *tap);
/* All return 0 or a negative errno. */
int pndis__os_tap_set_offloads(const struct os_tap *tap, unsigned offloads);
int pndis__os_tap_set_carrier(const struct os_tap *tap, bool up);
int pndis__os_tap_attach(const struct os_tap *tap, unsigned queue, bool attach);

/* A piece of memory: the layout of struct iovec. */
struct os_slice {
    void *data;
    size_t bytes;
};

enum { OS_SLICE_LIMIT = 1024 };

/* Bytes of a frame, or a negative errno; -EAGAIN: not now. At most OS_SLICE_LIMIT slices. */
long pndis__os_read_slices(int descriptor, const struct os_slice *slices, unsigned count);
long pndis__os_write_slices(int descriptor, const struct os_slice *slices, unsigned count);

#endif
