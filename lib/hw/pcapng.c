/* Writing captures: "PCAP Next Generation (pcapng) Capture File Format". See pcapng.h. */
#include "hw/pcapng.h"

#include "hw/offload.h"
#include "hw/queue.h"

#include <pndis/error.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINK_ETHERNET = 1,
    OPTION_END = 0,
    OPTION_NAME = 2,
    OPTION_RESOLUTION = 9,
    RESOLUTION_NANOSECONDS = 9,
    OPTION_PACKET_FLAGS = 2,
    NAME_BYTES_LIMIT = 64,
};

struct pcapng {
    struct os_stream *stream;
    enum direction direction;
    uint64_t wall_ns;
    uint8_t frame[PNDIS_FRAME_BYTES_LIMIT];
    uint8_t segment[OFFLOAD_SEGMENT_BYTES];
};

struct section_block {
    uint32_t type, length, magic;
    uint16_t major, minor;
    uint64_t section_bytes;
    uint32_t length_again;
} __attribute__((packed));

struct option {
    uint16_t code, bytes;
} __attribute__((packed));

struct interface_block {
    uint32_t type, length;
    uint16_t link_type, reserved;
    uint32_t snap_bytes;
    struct option resolution;
    uint8_t resolution_value[4];
    struct option name; /* Its text, the end of the options and the length follow. */
} __attribute__((packed));

struct packet_block {
    uint32_t type, length, interface;
    uint32_t time_high, time_low;
    uint32_t captured, original;
} __attribute__((packed));

struct packet_trailer {
    struct option flags;
    uint32_t flags_value;
    struct option end;
    uint32_t length_again;
} __attribute__((packed));

static size_t
padded(size_t bytes)
{
    return (bytes + 3) & ~(size_t)3;
}

static void
write_section(struct pcapng *capture)
{
    const struct section_block block = {
        .type = BLOCK_SECTION,
        .length = sizeof(block),
        .magic = BYTE_ORDER_MAGIC,
        .major = 1,
        .section_bytes = UINT64_MAX,
        .length_again = sizeof(block),
    };

    pndis__os_stream_write(capture->stream, &block, sizeof(block));
}

static void
write_interface(struct pcapng *capture, const char *name)
{
    size_t name_bytes = min(strlen(name), (size_t)NAME_BYTES_LIMIT);
    char text[NAME_BYTES_LIMIT + 4] = {0};
    const struct option end = {OPTION_END, 0};
    struct interface_block block = {
        .type = BLOCK_INTERFACE,
        .link_type = LINK_ETHERNET,
        .resolution = {OPTION_RESOLUTION, 1},
        .resolution_value = {RESOLUTION_NANOSECONDS},
        .name = {OPTION_NAME, (uint16_t)name_bytes},
    };

    memcpy(text, name, name_bytes);
    block.length =
        (uint32_t)(sizeof(block) + padded(name_bytes) + sizeof(end) + sizeof(block.length));
    pndis__os_stream_write(capture->stream, &block, sizeof(block));
    pndis__os_stream_write(capture->stream, text, padded(name_bytes));
    pndis__os_stream_write(capture->stream, &end, sizeof(end));
    pndis__os_stream_write(capture->stream, &block.length, sizeof(block.length));
}

int
pndis__pcapng_open(const char *path, const char *interface, struct pcapng **out_capture)
{
    struct pcapng *capture = malloc(sizeof(*capture));
    int failure;

    if (capture == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory to write a capture");
    }
    failure = pndis__os_stream_open(path, &capture->stream);
    if (failure != 0) {
        free(capture);
        return pndis__fail(PNDIS_EIO, "%s cannot be written: %s", path, strerror(-failure));
    }
    write_section(capture);
    write_interface(capture, interface);
    *out_capture = capture;
    return 0;
}

static void
write_packet(void *user, const uint8_t *frame, size_t bytes)
{
    static const uint8_t zeros[4];
    struct pcapng *capture = user;
    struct packet_trailer trailer = {
        .flags = {OPTION_PACKET_FLAGS, sizeof(trailer.flags_value)},
        .flags_value = capture->direction,
    };
    struct packet_block block = {
        .type = BLOCK_PACKET,
        .length = (uint32_t)(sizeof(block) + padded(bytes) + sizeof(trailer)),
        .time_high = (uint32_t)(capture->wall_ns >> 32),
        .time_low = (uint32_t)capture->wall_ns,
        .captured = (uint32_t)bytes,
        .original = (uint32_t)bytes,
    };

    trailer.length_again = block.length;
    pndis__os_stream_write(capture->stream, &block, sizeof(block));
    pndis__os_stream_write(capture->stream, frame, bytes);
    pndis__os_stream_write(capture->stream, zeros, padded(bytes) - bytes);
    pndis__os_stream_write(capture->stream, &trailer, sizeof(trailer));
}

void
pndis__pcapng_write(struct pcapng *capture, enum direction direction, uint64_t wall_ns,
                    const struct pndis_slice *slices, unsigned slice_count, uint32_t bytes)
{
    struct virtio_net_hdr_v1 header;
    size_t frame_bytes;

    capture->direction = direction;
    capture->wall_ns = wall_ns;
    pndis__slices_read(slices, slice_count, 0, &header, sizeof(header));
    frame_bytes = pndis__slices_read(slices, slice_count, sizeof(header), capture->frame,
                                     min((size_t)bytes - sizeof(header), sizeof(capture->frame)));
    pndis__offload_resolve(&header, capture->frame, frame_bytes, capture->segment, write_packet,
                           capture);
}

int
pndis__pcapng_close(struct pcapng *capture)
{
    int failure;

    if (capture == NULL) {
        return 0;
    }
    failure = pndis__os_stream_close(capture->stream);
    free(capture);
    return failure == 0
               ? 0
               : pndis__fail(PNDIS_EIO, "a capture is not complete: %s", strerror(-failure));
}
