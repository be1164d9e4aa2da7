#include "hw/rig.h"

#include "ndis/device.h"
#include "ndis/ndis_machine.h"

static const unsigned default_size = 64;

void
rig_open(struct rig *rig, const struct rig_options *options)
{
    struct pndis_virtio_net_options nic = options->nic;
    struct pndis_backend *backend = options->backend;

    memset(rig, 0, sizeof(*rig));
    rig->machine = options->machine;
    if (rig->machine == NULL) {
        rig->machine = pndis_machine_create(&(struct pndis_machine_options){
            .scheduler = options->live ? PNDIS_LIVE : PNDIS_SIM, .policy = PNDIS_POLICY_RECORD});
    }
    assert_non_null(rig->machine);
    if (backend == NULL) {
        assert_int_equal(pndis_backend_null(NULL, &backend), 0);
    }
    if (pndis_virtio_net_create(rig->machine, &nic, backend, &rig->nic) != 0) {
        fail_msg("%s", pndis_last_error());
    }
    rig->device = pndis_nic_device(rig->nic);
    rig->device->addresses_64 = true;
    rig->device->message_based = (rig->nic->options.flags & PNDIS_NIC_NO_MESSAGES) == 0;
}

void
rig_detach(struct rig *rig)
{
    assert_int_equal(pndis_nic_destroy(rig->nic), 0);
    for (unsigned i = 0; i < rig->block_count; i++) {
        free(rig->blocks[i]);
    }
}

void
rig_close(struct rig *rig)
{
    rig_detach(rig);
    pndis_machine_destroy(rig->machine);
}

void *
rig_memory(struct rig *rig, size_t bytes, uint64_t *out_address)
{
    void *block = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);

    assert_non_null(block);
    assert_true(rig->block_count < RIG_BLOCKS);
    memset(block, 0, (bytes + 4095) / 4096 * 4096);
    rig->blocks[rig->block_count++] = block;
    *out_address = pndis__dma_map(rig->device, block, bytes);
    assert_true(*out_address != 0);
    return block;
}

/* --- registers --- */

uint64_t
rig_read(struct rig *rig, uint64_t offset, unsigned width)
{
    return rig->device->ops->read(rig->device->user, window_range(rig->nic), offset, width);
}

void
rig_write(struct rig *rig, uint64_t offset, unsigned width, uint64_t value)
{
    rig->device->ops->write(rig->device->user, window_range(rig->nic), offset, width, value);
}

uint64_t
rig_offered(struct rig *rig)
{
    uint64_t features;

    rig_set_common(rig, device_feature_select, 0);
    features = rig_common(rig, device_feature);
    rig_set_common(rig, device_feature_select, 1);
    features |= rig_common(rig, device_feature) << 32;
    return features & ~FEATURE(VIRTIO_NET_F_HASH_REPORT);
}

uint8_t
rig_status(struct rig *rig)
{
    return (uint8_t)rig_common(rig, device_status);
}

bool
rig_is_broken(struct rig *rig)
{
    return (rig_status(rig) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0;
}

void
rig_expect_broken(struct rig *rig, const char *why)
{
    uint8_t frame[64];
    char text[256];

    pndis_nic_breakdown(rig->nic, text, sizeof(text));
    if (!rig_is_broken(rig) || strstr(text, why) == NULL) {
        fail_msg("the device is to need a reset because of \"%s\"; status 0x%02x, \"%s\"", why,
                 rig_status(rig), text);
    }
    rig_start_plain(rig);
    assert_false(rig_is_broken(rig));
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(rig, frame, sizeof(frame));
    assert_true(rig_take_used(&rig->queues[1], &(uint32_t){0}, &(uint32_t){0}));
}

/* --- bringing it up --- */

static void
set_status(struct rig *rig, uint8_t bits)
{
    rig_set_common(rig, device_status, rig_status(rig) | bits);
}

bool
rig_negotiate(struct rig *rig, uint64_t features)
{
    rig_set_common(rig, device_status, 0);
    set_status(rig, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    set_status(rig, VIRTIO_CONFIG_S_DRIVER);
    rig_set_common(rig, guest_feature_select, 0);
    rig_set_common(rig, guest_feature, (uint32_t)features);
    rig_set_common(rig, guest_feature_select, 1);
    rig_set_common(rig, guest_feature, features >> 32);
    set_status(rig, VIRTIO_CONFIG_S_FEATURES_OK);
    rig->features = features;
    return (rig_status(rig) & VIRTIO_CONFIG_S_FEATURES_OK) != 0;
}

static void
describe_queue(struct rig *rig, const struct rig_queue *queue)
{
    rig_set_common(rig, queue_select, queue->index);
    rig_set_common(rig, queue_size, queue->size);
    rig_set_common(rig, queue_msix_vector, queue->index);
    rig_set_common(rig, queue_desc_lo, (uint32_t)queue->desc_at);
    rig_set_common(rig, queue_desc_hi, queue->desc_at >> 32);
    rig_set_common(rig, queue_avail_lo, (uint32_t)queue->avail_at);
    rig_set_common(rig, queue_avail_hi, queue->avail_at >> 32);
    rig_set_common(rig, queue_used_lo, (uint32_t)queue->used_at);
    rig_set_common(rig, queue_used_hi, queue->used_at >> 32);
}

struct rig_queue *
rig_make_queue(struct rig *rig, unsigned index, unsigned size)
{
    struct rig_queue *queue = &rig->queues[index];

    memset(queue, 0, sizeof(*queue));
    queue->rig = rig;
    queue->index = index;
    queue->size = size;
    queue->desc = rig_memory(rig, size * sizeof(struct vring_desc), &queue->desc_at);
    queue->avail = rig_memory(rig, 6 + size * 2, &queue->avail_at);
    queue->used = rig_memory(rig, 6 + size * 8, &queue->used_at);
    describe_queue(rig, queue);
    rig_set_common(rig, queue_enable, 1);
    return queue;
}

void
rig_start(struct rig *rig, uint64_t features, unsigned pairs, unsigned size)
{
    bool many = (features & FEATURE(VIRTIO_NET_F_MQ)) != 0;

    assert_true(rig_negotiate(rig, features));
    rig_set_common(rig, msix_config, rig_common(rig, num_queues));
    for (unsigned i = 0; i < 2 * pairs; i++) {
        rig_make_queue(rig, i, size);
    }
    rig->control = many ? 2 * (unsigned)rig_config(rig, max_virtqueue_pairs) : 2;
    if ((features & FEATURE(VIRTIO_NET_F_CTRL_VQ)) != 0) {
        rig_make_queue(rig, rig->control, size);
    }
    set_status(rig, VIRTIO_CONFIG_S_DRIVER_OK);
}

void
rig_start_plain(struct rig *rig)
{
    const uint64_t without = FEATURE(VIRTIO_RING_F_EVENT_IDX) | FEATURE(VIRTIO_NET_F_CTRL_VLAN);

    rig_start(rig, rig_offered(rig) & ~without, 1, default_size);
}

/* --- queues --- */

uint16_t
rig_chain(struct rig_queue *queue, const struct rig_part *parts, unsigned count)
{
    uint16_t head = (uint16_t)(queue->next_desc % queue->size);

    for (unsigned i = 0; i < count; i++) {
        unsigned at = (head + i) % queue->size;

        queue->desc[at] = (struct vring_desc){
            .addr = htole64(parts[i].address),
            .len = htole32(parts[i].bytes),
            .flags = htole16((uint16_t)(parts[i].flags | (i + 1 < count ? VRING_DESC_F_NEXT : 0))),
            .next = htole16((uint16_t)((at + 1) % queue->size)),
        };
    }
    queue->next_desc += count;
    return head;
}

void
rig_make_available(struct rig_queue *queue, uint16_t head)
{
    uint16_t index = le16toh(queue->avail->idx);

    queue->avail->ring[index % queue->size] = htole16(head);
    __atomic_store_n(&queue->avail->idx, htole16((uint16_t)(index + 1)), __ATOMIC_SEQ_CST);
}

void
rig_ring(struct rig_queue *queue)
{
    rig_write(queue->rig, BAR_NOTIFY + queue->index * NOTIFY_MULTIPLIER, 2, queue->index);
}

bool
rig_take_used(struct rig_queue *queue, uint32_t *out_head, uint32_t *out_bytes)
{
    const struct vring_used_elem *entry = &queue->used->ring[queue->used_seen % queue->size];

    if (le16toh(__atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE)) == queue->used_seen) {
        return false;
    }
    *out_head = le32toh(entry->id);
    *out_bytes = le32toh(entry->len);
    queue->used_seen++;
    return true;
}

bool
rig_interrupted(struct rig *rig, unsigned vector)
{
    struct device_message *message;
    bool raised;

    if (vector == RIG_CONFIG_VECTOR) {
        vector = rig->nic->queue_count;
    }
    message = &rig->device->messages[vector];
    brief_lock(&rig->device->interrupt_lock);
    raised = message->raised;
    message->raised = false;
    brief_unlock(&rig->device->interrupt_lock);
    return raised;
}

/* --- frames --- */

void
rig_give_buffers(struct rig *rig, unsigned count, uint32_t bytes)
{
    struct rig_queue *queue = &rig->queues[0];

    for (unsigned i = 0; i < count; i++) {
        struct rig_part part = {.bytes = bytes, .flags = RIG_IN};
        void *buffer = rig_memory(rig, bytes, &part.address);
        uint16_t head = rig_chain(queue, &part, 1);

        queue->buffers[head] = buffer;
        rig_make_available(queue, head);
    }
    rig_ring(queue);
}

size_t
rig_receive(struct rig *rig, uint8_t *frame, size_t limit)
{
    struct rig_queue *queue = &rig->queues[0];
    unsigned left = 1;
    size_t done = 0;
    uint32_t head;
    uint32_t bytes;

    for (bool first = true; left > 0 && rig_take_used(queue, &head, &bytes); first = false) {
        if (first) {
            const struct virtio_net_hdr_v1 *header = queue->buffers[head];

            left = le16toh(header->num_buffers);
        }
        assert_true(done + bytes <= limit);
        memcpy(frame + done, queue->buffers[head], bytes);
        done += bytes;
        left--;
    }
    return done;
}

void
rig_send_with(struct rig *rig, const struct virtio_net_hdr_v1 *header, const void *frame,
              size_t bytes)
{
    struct rig_queue *queue = &rig->queues[1];
    struct rig_part part = {.bytes = (uint32_t)(RIG_HEADER + bytes), .flags = RIG_OUT};
    uint8_t *buffer = rig_memory(rig, RIG_HEADER + bytes, &part.address);

    memcpy(buffer, header, RIG_HEADER);
    memcpy(buffer + RIG_HEADER, frame, bytes);
    rig_make_available(queue, rig_chain(queue, &part, 1));
    rig_ring(queue);
}

void
rig_send(struct rig *rig, const void *frame, size_t bytes)
{
    const struct virtio_net_hdr_v1 header = {0};

    rig_send_with(rig, &header, frame, bytes);
}

int
rig_command(struct rig *rig, uint8_t class, uint8_t number, const void *data, size_t bytes)
{
    struct rig_queue *queue = &rig->queues[rig->control];
    struct rig_part parts[2] = {{.bytes = (uint32_t)(2 + bytes), .flags = RIG_OUT},
                                {.bytes = 1, .flags = RIG_IN}};
    uint8_t *command = rig_memory(rig, 2 + bytes, &parts[0].address);
    uint8_t *answer = rig_memory(rig, 1, &parts[1].address);
    uint32_t head;
    uint32_t used;

    command[0] = class;
    command[1] = number;
    memcpy(command + 2, data, bytes);
    *answer = 0xff;
    rig_make_available(queue, rig_chain(queue, parts, 2));
    rig_ring(queue);
    return rig_take_used(queue, &head, &used) && used == 1 ? *answer : -1;
}

void
rig_frame(uint8_t *frame, size_t bytes, uint8_t first_octet, uint8_t last_octet, uint8_t fill)
{
    static const uint8_t source[] = {0x02, 0, 0, 0, 0, 0x99};

    memset(frame, fill, bytes);
    memset(frame, 0, 6);
    frame[0] = first_octet;
    frame[5] = last_octet;
    memcpy(frame + 6, source, sizeof(source));
    frame[12] = 0x88;
    frame[13] = 0xb5;
}

struct pndis_nic_info
rig_info(struct rig *rig)
{
    struct pndis_nic_info info;

    pndis_nic_get_info(rig->nic, &info);
    return info;
}
