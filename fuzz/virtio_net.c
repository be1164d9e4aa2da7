/*
 * A driver gone mad, for a fuzzer: the input is a program of register accesses, descriptors and
 * doorbells. The device may break as often as it likes; it must not reach beyond its memory, hang,
 * or stay broken after a reset.
 */
#include "fuzz.h"

#include "hw/nic.h"
#include "ndis/device.h"

#include <endian.h>
#include <stdlib.h>

#include <linux/virtio_pci.h>

enum {
    ARENA_BYTES = 1 << 16, /* Half of it rings, half of it buffers. */
    BUFFERS = 1 << 15,
    QUEUE_BYTES = 4096,
    QUEUES = 5,
    QUEUE_SIZE = 16,
    AVAIL_OFFSET = 1024,
    USED_OFFSET = 2048,
    OPERATION_LIMIT = 2000,
    FIRST_TRANSITIONAL = 192, /* Of the kinds of device. */
    LEGACY_QUEUES = 3,
    LEGACY_QUEUE_SIZE = 64,
    LEGACY_QUEUE_BYTES = 8192,
};

/* --- the input --- */

struct input {
    const uint8_t *at;
    size_t left;
};

static uint64_t
take(struct input *input, size_t bytes)
{
    uint64_t value = 0;

    if (input->left < bytes) {
        input->left = 0;
        return 0;
    }
    memcpy(&value, input->at, bytes);
    input->at += bytes;
    input->left -= bytes;
    return le64toh(value);
}

/* --- the mad driver --- */

struct bench {
    struct pndis_machine *machine;
    struct pndis_nic *nic;
    struct pndis_device *device;
    uint8_t *arena;
    uint64_t base; /* Of the arena, for the device. */
};

static void
write_register(struct bench *bench, uint64_t offset, unsigned width, uint64_t value)
{
    bench->device->ops->write(bench->device->user, window_range(bench->nic), offset, width, value);
}

static uint64_t
read_register(struct bench *bench, uint64_t offset, unsigned width)
{
    return bench->device->ops->read(bench->device->user, window_range(bench->nic), offset, width);
}

#define WRITE(field, value)                                                                        \
    write_register(bench, offsetof(struct virtio_pci_common_cfg, field),                           \
                   sizeof(((struct virtio_pci_common_cfg *)NULL)->field), (value))

static void
add_status(struct bench *bench, uint8_t bits)
{
    WRITE(device_status, read_register(bench, VIRTIO_PCI_COMMON_STATUS, 1) | bits);
}

static void
set_up_queue(struct bench *bench, unsigned index)
{
    uint64_t at = bench->base + index * QUEUE_BYTES;

    WRITE(queue_select, index);
    WRITE(queue_size, QUEUE_SIZE);
    WRITE(queue_msix_vector, index);
    WRITE(queue_desc_lo, (uint32_t)at);
    WRITE(queue_desc_hi, at >> 32);
    WRITE(queue_avail_lo, (uint32_t)(at + AVAIL_OFFSET));
    WRITE(queue_avail_hi, at >> 32);
    WRITE(queue_used_lo, (uint32_t)(at + USED_OFFSET));
    WRITE(queue_used_hi, at >> 32);
    WRITE(queue_enable, 1);
}

/* A reset and a sane initialization, but for the features. */
static void
op_start(struct bench *bench, struct input *input)
{
    uint64_t refused = take(input, 8);
    uint64_t features = (bench->nic->offered & ~refused) | FEATURE(VIRTIO_F_VERSION_1);

    WRITE(device_status, 0);
    add_status(bench, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    WRITE(guest_feature_select, 0);
    WRITE(guest_feature, (uint32_t)features);
    WRITE(guest_feature_select, 1);
    WRITE(guest_feature, features >> 32);
    add_status(bench, VIRTIO_CONFIG_S_FEATURES_OK);
    memset(bench->arena, 0, BUFFERS);
    for (unsigned i = 0; i < QUEUES; i++) {
        set_up_queue(bench, i);
    }
    add_status(bench, VIRTIO_CONFIG_S_DRIVER_OK);
}

static void
op_register(struct bench *bench, struct input *input)
{
    uint64_t offset = take(input, 3) % BAR_BYTES;
    unsigned width = 1u << take(input, 1) % 4;

    if (offset + width <= BAR_BYTES) {
        write_register(bench, offset, width, take(input, width));
        read_register(bench, offset, width);
    }
}

static void
op_common(struct bench *bench, struct input *input)
{
    static const uint8_t fields[][2] = {
        {0, 4},  {8, 4},  {12, 4}, {16, 2}, {20, 1}, {22, 2}, {24, 2}, {26, 2},
        {28, 2}, {32, 8}, {32, 4}, {36, 4}, {40, 8}, {44, 4}, {48, 8}, {52, 4},
    };
    unsigned field = (unsigned)take(input, 1) % (sizeof(fields) / sizeof(fields[0]));

    write_register(bench, fields[field][0], fields[field][1], take(input, fields[field][1]));
}

static void
op_config_space(struct bench *bench, struct input *input)
{
    uint32_t offset = (uint32_t)take(input, 1);
    uint32_t value = (uint32_t)take(input, 4);

    bench->device->ops->config_write(bench->device->user, offset, &value, 4);
    bench->device->ops->config_read(bench->device->user, offset, &value, 4);
}

/* --- the legacy interface, of those that have it --- */

static void
out(struct bench *bench, uint64_t port, unsigned width, uint64_t value)
{
    bench->device->ops->write(bench->device->user, 0, port, width, value);
    bench->device->ops->read(bench->device->user, 0, port, width);
}

static void
op_legacy_start(struct bench *bench, struct input *input)
{
    uint32_t features = (uint32_t)(bench->nic->offered & ~take(input, 4));
    uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    out(bench, VIRTIO_PCI_STATUS, 1, 0);
    out(bench, VIRTIO_PCI_STATUS, 1, status);
    out(bench, VIRTIO_PCI_GUEST_FEATURES, 4, features);
    memset(bench->arena, 0, BUFFERS);
    for (unsigned i = 0; i < LEGACY_QUEUES; i++) {
        out(bench, VIRTIO_PCI_QUEUE_SEL, 2, i);
        out(bench, VIRTIO_PCI_QUEUE_PFN, 4,
            (bench->base + i * LEGACY_QUEUE_BYTES) >> VIRTIO_PCI_QUEUE_ADDR_SHIFT);
    }
    out(bench, VIRTIO_PCI_STATUS, 1, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void
op_legacy_register(struct bench *bench, struct input *input)
{
    static const uint8_t fields[][2] = {
        {0, 4}, {4, 4}, {8, 4}, {12, 2}, {14, 2}, {16, 2}, {18, 1}, {19, 1}, {20, 1}, {22, 4},
    };
    unsigned field = (unsigned)take(input, 1);
    uint64_t offset = field % LEGACY_BYTES;
    unsigned width = 1u << field / LEGACY_BYTES;

    if (field < sizeof(fields) / sizeof(fields[0])) {
        out(bench, fields[field][0], fields[field][1], take(input, fields[field][1]));
    } else if (offset + width <= LEGACY_BYTES) {
        out(bench, offset, width, take(input, width));
    }
}

/* A descriptor and its place in the available ring, of a legacy queue. */
static void
op_legacy_buffer(struct bench *bench, struct input *input)
{
    uint8_t *ring = bench->arena + take(input, 1) % LEGACY_QUEUES * LEGACY_QUEUE_BYTES;
    struct vring_avail *avail =
        (struct vring_avail *)(ring + LEGACY_QUEUE_SIZE * sizeof(struct vring_desc));
    unsigned index = (unsigned)take(input, 1) % LEGACY_QUEUE_SIZE;
    struct vring_desc desc = {
        .addr = htole64(bench->base + take(input, 2)),
        .len = htole32((uint32_t)take(input, 2) % 2048),
        .flags = htole16((uint16_t)(take(input, 1) % 8)),
        .next = htole16((uint16_t)((index + 1) % LEGACY_QUEUE_SIZE)),
    };

    memcpy(ring + index * sizeof(desc), &desc, sizeof(desc));
    if (take(input, 1) % 2 != 0) {
        avail->ring[le16toh(avail->idx) % LEGACY_QUEUE_SIZE] = htole16((uint16_t)index);
        avail->idx = htole16((uint16_t)(le16toh(avail->idx) + 1));
    }
}

/* A descriptor of a queue or of an indirect table; its address is mostly one of the arena's. */
static void
op_descriptor(struct bench *bench, struct input *input)
{
    unsigned place = (unsigned)take(input, 1);
    unsigned index = (unsigned)take(input, 1) % QUEUE_SIZE;
    uint64_t address = take(input, 2);
    struct vring_desc desc = {
        .addr = htole64((place & 0x80) != 0 ? address << 48 | address : bench->base + address),
        .len = htole32((uint32_t)take(input, 2)),
        .flags = htole16((uint16_t)(take(input, 1) % 8)),
        .next = htole16((uint16_t)take(input, 1)),
    };
    uint8_t *table = bench->arena + ((place & 0x40) != 0 ? BUFFERS : place % QUEUES * QUEUE_BYTES);

    memcpy(table + index * sizeof(desc), &desc, sizeof(desc));
}

static void
op_available(struct bench *bench, struct input *input)
{
    unsigned queue = (unsigned)take(input, 1) % QUEUES;
    struct vring_avail *avail =
        (struct vring_avail *)(bench->arena + queue * QUEUE_BYTES + AVAIL_OFFSET);

    avail->ring[le16toh(avail->idx) % QUEUE_SIZE] = htole16((uint16_t)take(input, 1));
    avail->idx = htole16((uint16_t)(le16toh(avail->idx) + 1));
}

static void
op_memory(struct bench *bench, struct input *input)
{
    size_t offset = take(input, 2);
    size_t bytes = take(input, 1) % 64;

    for (size_t i = 0; i < bytes; i++) {
        bench->arena[(offset + i) % ARENA_BYTES] = (uint8_t)take(input, 1);
    }
}

static void
op_ring(struct bench *bench, struct input *input)
{
    unsigned queue = (unsigned)take(input, 1) % (QUEUES + 1);

    write_register(bench, BAR_NOTIFY + queue * NOTIFY_MULTIPLIER, 2, queue);
}

/* A command of receive-side scaling, nearly right: its lengths fit, or not by much. */
static void
op_scale(struct bench *bench, struct input *input)
{
    enum { CONTROL = 4, PLACE = BUFFERS + 4096, DATA_LIMIT = 512 };
    static const uint8_t number[] = {1, 2};
    uint8_t *ring = bench->arena + CONTROL * QUEUE_BYTES;
    struct vring_avail *avail = (struct vring_avail *)(ring + AVAIL_OFFSET);
    struct vring_desc desc[] = {
        {htole64(bench->base + PLACE), 0, htole16(VRING_DESC_F_NEXT), htole16(1)},
        {htole64(bench->base + PLACE + DATA_LIMIT), htole32(1), htole16(VRING_DESC_F_WRITE), 0},
    };
    uint8_t *data = bench->arena + PLACE;
    unsigned entries = 1u << take(input, 1) % 9;
    size_t bytes;

    data[0] = VIRTIO_NET_CTRL_MQ;
    data[1] = number[take(input, 1) % 2];
    for (bytes = 2; bytes < 6; bytes++) {
        data[bytes] = (uint8_t)take(input, 1);
    }
    entries = data[1] == 1 ? entries : 1;
    data[bytes++] = (uint8_t)(entries - 1);
    data[bytes++] = 0;
    for (unsigned i = 0; i < (entries + 1) * 2 && bytes < DATA_LIMIT / 2; i++) {
        data[bytes++] = (uint8_t)(i % 2 == 0 ? take(input, 1) % 3 : 0);
    }
    data[bytes++] = 2;
    data[bytes++] = 0;
    data[bytes++] = 40;
    bytes += 40 + take(input, 1) % 3 - 1;
    desc[0].len = htole32((uint32_t)bytes);
    memcpy(ring, desc, sizeof(desc));
    avail->ring[le16toh(avail->idx) % QUEUE_SIZE] = 0;
    avail->idx = htole16((uint16_t)(le16toh(avail->idx) + 1));
    write_register(bench, BAR_NOTIFY + CONTROL * NOTIFY_MULTIPLIER, 2, CONTROL);
}

static void
op_poll(struct bench *bench, struct input *input)
{
    (void)input;
    pndis_nic_poll(bench->nic);
}

static void
op_link(struct bench *bench, struct input *input)
{
    pndis_nic_set_link(bench->nic, take(input, 1) % 2 != 0);
    pndis_nic_announce(bench->nic);
}

static void (*const operations[])(struct bench *bench, struct input *input) = {
    op_start,         op_register,  op_common,       op_config_space,    op_descriptor,
    op_descriptor,    op_available, op_available,    op_memory,          op_ring,
    op_ring,          op_poll,      op_link,         op_descriptor,      op_available,
    op_ring,          op_scale,     op_legacy_start, op_legacy_register, op_legacy_buffer,
    op_legacy_buffer,
};

enum {
    OPERATIONS_TRANSITIONAL = sizeof(operations) / sizeof(operations[0]),
    OPERATIONS_MODERN = OPERATIONS_TRANSITIONAL - 4, /* Without those at the end. */
};

/* --- one run --- */

static struct pndis_backend *
make_backend(unsigned kind)
{
    const struct pndis_null_options source = {
        .frame_bytes = kind % 2 == 0 ? 60 : 5000, .frame_count = 100, .queues = 2};
    const struct pndis_fault_rates rates = {200000, 200000, 200000, 200000};
    struct pndis_backend *backend;
    struct pndis_backend *faulty;

    if (pndis_backend_null(&source, &backend) != 0) {
        abort();
    }
    if (kind % 4 < 2) {
        return backend;
    }
    if (pndis_backend_faulty(
            &(struct pndis_faulty_options){.seed = kind, .receive = rates, .send = rates}, backend,
            &faulty) != 0) {
        abort();
    }
    return faulty;
}

static void
open_bench(struct bench *bench, unsigned kind)
{
    const struct pndis_virtio_net_options options = {
        .flags = PNDIS_NIC_POLLED | (kind % 8 < 4 ? 0 : PNDIS_NIC_NO_MESSAGES) |
                 (kind < FIRST_TRANSITIONAL ? 0 : PNDIS_NIC_TRANSITIONAL),
        .queue_size = LEGACY_QUEUE_SIZE,
    };

    bench->machine = pndis_machine_create(
        &(struct pndis_machine_options){.policy = PNDIS_POLICY_RECORD, .processors = 1});
    bench->arena = aligned_alloc(4096, ARENA_BYTES);
    if (bench->machine == NULL || bench->arena == NULL ||
        pndis_virtio_net_create(bench->machine, &options, make_backend(kind), &bench->nic) != 0) {
        abort();
    }
    memset(bench->arena, 0, ARENA_BYTES);
    bench->device = pndis_nic_device(bench->nic);
    bench->device->addresses_64 = true;
    bench->base = pndis__dma_map(bench->device, bench->arena, ARENA_BYTES);
}

/* Whatever happened: after a reset it is as new. */
static void
expect_alive(struct bench *bench)
{
    struct input nothing = {NULL, 0};

    op_start(bench, &nothing);
    if (read_register(bench, VIRTIO_PCI_COMMON_STATUS, 1) !=
        (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |
         VIRTIO_CONFIG_S_DRIVER_OK)) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct bench bench;
    unsigned count;

    open_bench(&bench, (unsigned)take(&input, 1));
    count = is_transitional(bench.nic) ? OPERATIONS_TRANSITIONAL : OPERATIONS_MODERN;
    for (unsigned i = 0; i < OPERATION_LIMIT && input.left > 0; i++) {
        operations[take(&input, 1) % count](&bench, &input);
    }
    expect_alive(&bench);
    pndis_machine_destroy(bench.machine);
    free(bench.arena);
    return 0;
}
