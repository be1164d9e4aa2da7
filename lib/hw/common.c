/*
 * The common configuration structure: virtio 1.2, 4.1.4.3. Here drivers negotiate features, set up
 * queues and change the device status.
 */
#include "hw/nic.h"

#include <endian.h>
#include <stddef.h>

#include <linux/virtio_pci.h>

/* --- reading --- */

static struct virtqueue *
selected(struct pndis_nic *nic)
{
    unsigned index;

    brief_lock(&nic->lock);
    index = nic->common.queue_select;
    brief_unlock(&nic->lock);
    return index < nic->queue_count ? &nic->queues[index] : NULL;
}

/* Offered or accepted feature bits 0 to 31, 32 to 63; there are no others. */
static uint32_t
feature_word(uint64_t features, uint32_t select)
{
    return select < 2 ? (uint32_t)(features >> 32 * select) : 0;
}

static void
read_device(struct pndis_nic *nic, struct virtio_pci_common_cfg *image)
{
    const struct common *common = &nic->common;

    brief_lock(&nic->lock);
    image->device_feature_select = htole32(common->device_feature_select);
    image->device_feature = htole32(feature_word(nic->offered, common->device_feature_select));
    image->guest_feature_select = htole32(common->driver_feature_select);
    image->guest_feature =
        htole32(feature_word(common->driver_features, common->driver_feature_select));
    image->msix_config = htole16(common->config_vector);
    image->num_queues = htole16((uint16_t)nic->queue_count);
    image->device_status = nic_status(nic);
    image->config_generation = common->generation;
    image->queue_select = htole16(common->queue_select);
    brief_unlock(&nic->lock);
}

static void
read_queue(struct virtqueue *queue, struct virtio_pci_common_cfg *image)
{
    brief_lock(&queue->lock);
    image->queue_size = htole16(queue->size);
    image->queue_msix_vector = htole16(queue->vector);
    image->queue_enable = htole16(queue->enabled);
    image->queue_notify_off = htole16(queue->index);
    image->queue_desc_lo = htole32((uint32_t)queue->desc_address);
    image->queue_desc_hi = htole32((uint32_t)(queue->desc_address >> 32));
    image->queue_avail_lo = htole32((uint32_t)queue->avail_address);
    image->queue_avail_hi = htole32((uint32_t)(queue->avail_address >> 32));
    image->queue_used_lo = htole32((uint32_t)queue->used_address);
    image->queue_used_hi = htole32((uint32_t)(queue->used_address >> 32));
    brief_unlock(&queue->lock);
}

void
pndis__common_read(struct pndis_nic *nic, uint32_t offset, unsigned width, void *bytes)
{
    struct virtio_pci_common_cfg image = {0};
    struct virtqueue *queue = selected(nic);

    memset(bytes, 0, width);
    if (offset >= sizeof(image)) {
        return;
    }
    read_device(nic, &image);
    if (queue != NULL) {
        read_queue(queue, &image);
    }
    memcpy(bytes, (const uint8_t *)&image + offset, min((size_t)width, sizeof(image) - offset));
}

/* --- device status: virtio 1.2, 2.1, 3.1.1 --- */

static void
note(const char *text)
{
    struct context *context = context_current();

    if (context != NULL) {
        PROBE(context, NOTE, .detail = text);
    }
}

/* The driver reads FEATURES_OK back to see whether it was accepted. */
static bool
accept_features(struct pndis_nic *nic)
{
    uint64_t chosen = nic->common.driver_features;
    const char *why;
    char text[96];

    if (pndis__features_fit(chosen, nic->offered, &why)) {
        pndis__nic_negotiated(nic, chosen);
        return true;
    }
    snprintf(text, sizeof(text), "virtio-net: features 0x%016llx are refused: %s",
             (unsigned long long)chosen, why);
    note(text);
    return false;
}

static void
write_status(struct pndis_nic *nic, uint64_t value)
{
    const uint8_t kept = VIRTIO_CONFIG_S_NEEDS_RESET;
    uint8_t before = nic_status(nic);
    uint8_t status = (uint8_t)(value & (uint8_t) ~(kept | NIC_IN_USE));
    uint8_t news = (uint8_t)(status & ~before);

    if (value == 0) {
        pndis__nic_driver_reset(nic);
        return;
    }
    if ((before & ~status & ~kept) != 0) {
        pndis__nic_break(nic,
                         "the driver takes back bits of the device status: 0x%02x after 0x%02x",
                         status, before);
        return;
    }
    if ((news & VIRTIO_CONFIG_S_FEATURES_OK) != 0 &&
        __atomic_load_n(&nic->legacy, __ATOMIC_RELAXED)) {
        pndis__nic_break(nic, "the driver sets FEATURES_OK after it has used the legacy interface");
        return;
    }
    if ((news & VIRTIO_CONFIG_S_FEATURES_OK) != 0 && !accept_features(nic)) {
        status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
    }
    if ((status & VIRTIO_CONFIG_S_DRIVER_OK) != 0 && (status & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
        pndis__nic_break(nic, "the driver sets DRIVER_OK without FEATURES_OK");
        return;
    }
    if ((news & VIRTIO_CONFIG_S_DRIVER_OK) == 0) {
        __atomic_fetch_or(&nic->status, status, __ATOMIC_ACQ_REL);
    } else {
        __atomic_fetch_or(&nic->status, status | NIC_IN_USE, __ATOMIC_ACQ_REL);
        pndis__nic_go(nic);
    }
}

/* --- fields of the device --- */

static void
write_device_feature_select(struct pndis_nic *nic, uint64_t value)
{
    nic->common.device_feature_select = (uint32_t)value;
}

static void
write_driver_feature_select(struct pndis_nic *nic, uint64_t value)
{
    nic->common.driver_feature_select = (uint32_t)value;
}

/* After FEATURES_OK they are what they are. */
static void
write_driver_feature(struct pndis_nic *nic, uint64_t value)
{
    struct common *common = &nic->common;
    unsigned shift = 32 * common->driver_feature_select;

    if (common->driver_feature_select < 2 && (nic->status & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
        common->driver_features = (common->driver_features & ~((uint64_t)UINT32_MAX << shift)) |
                                  (uint64_t)(uint32_t)value << shift;
    }
}

/* A driver that reads NO_VECTOR back knows that there is no such message. */
static uint16_t
vector_of(const struct pndis_nic *nic, uint64_t value)
{
    unsigned messages = (nic->options.flags & PNDIS_NIC_NO_MESSAGES) != 0
                            ? 0
                            : nic->queue_count + NIC_EXTRA_MESSAGES;

    return value < messages ? (uint16_t)value : QUEUE_NO_VECTOR;
}

static void
write_config_vector(struct pndis_nic *nic, uint64_t value)
{
    nic->common.config_vector = vector_of(nic, value);
}

static void
write_queue_select(struct pndis_nic *nic, uint64_t value)
{
    nic->common.queue_select = (uint16_t)value;
}

/* --- fields of the selected queue; its lock is held --- */

static void
write_queue_size(struct virtqueue *queue, uint64_t value)
{
    if (value == 0 || value > queue->size_limit || (value & (value - 1)) != 0) {
        pndis__nic_break(queue->nic, "queue %u gets %llu entries; a power of two up to %u is one",
                         queue->index, (unsigned long long)value, queue->size_limit);
        return;
    }
    queue->size = (uint16_t)value;
}

static void
write_queue_vector(struct virtqueue *queue, uint64_t value)
{
    __atomic_store_n(&queue->vector, vector_of(queue->nic, value), __ATOMIC_RELAXED);
}

static void
write_queue_enable(struct virtqueue *queue, uint64_t value)
{
    struct pndis_nic *nic = queue->nic;

    if (value != 1 || (nic->status & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
        pndis__nic_break(nic, "queue %u is enabled with %llu, or before FEATURES_OK", queue->index,
                         (unsigned long long)value);
        return;
    }
    pndis__queue_enable(queue, nic->features);
}

static void
put_low(uint64_t *address, uint64_t value)
{
    *address = (*address & ~(uint64_t)UINT32_MAX) | (uint32_t)value;
}

static void
put_high(uint64_t *address, uint64_t value)
{
    *address = (*address & UINT32_MAX) | (uint64_t)(uint32_t)value << 32;
}

static void
write_desc_low(struct virtqueue *queue, uint64_t value)
{
    put_low(&queue->desc_address, value);
}

static void
write_desc_high(struct virtqueue *queue, uint64_t value)
{
    put_high(&queue->desc_address, value);
}

static void
write_avail_low(struct virtqueue *queue, uint64_t value)
{
    put_low(&queue->avail_address, value);
}

static void
write_avail_high(struct virtqueue *queue, uint64_t value)
{
    put_high(&queue->avail_address, value);
}

static void
write_used_low(struct virtqueue *queue, uint64_t value)
{
    put_low(&queue->used_address, value);
}

static void
write_used_high(struct virtqueue *queue, uint64_t value)
{
    put_high(&queue->used_address, value);
}

/* --- writing --- */

#define FIELD(name_)                                                                               \
    .offset = offsetof(struct virtio_pci_common_cfg, name_),                                       \
    .width = sizeof(((struct virtio_pci_common_cfg *)NULL)->name_)

static const struct device_field {
    uint8_t offset;
    uint8_t width;
    void (*write)(struct pndis_nic *nic, uint64_t value); /* The lock is held. */
} device_fields[] = {
    {FIELD(device_feature_select), write_device_feature_select},
    {FIELD(guest_feature_select), write_driver_feature_select},
    {FIELD(guest_feature), write_driver_feature},
    {FIELD(msix_config), write_config_vector},
    {FIELD(queue_select), write_queue_select},
};

static const struct queue_field {
    uint8_t offset;
    uint8_t width;
    bool also_enabled; /* May be written while the queue is enabled. */
    void (*write)(struct virtqueue *queue, uint64_t value);
} queue_fields[] = {
    {FIELD(queue_size), false, write_queue_size},
    {FIELD(queue_msix_vector), true, write_queue_vector},
    {FIELD(queue_enable), false, write_queue_enable},
    {FIELD(queue_desc_lo), false, write_desc_low},
    {FIELD(queue_desc_hi), false, write_desc_high},
    {FIELD(queue_avail_lo), false, write_avail_low},
    {FIELD(queue_avail_hi), false, write_avail_high},
    {FIELD(queue_used_lo), false, write_used_low},
    {FIELD(queue_used_hi), false, write_used_high},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
write_queue_field(struct pndis_nic *nic, const struct queue_field *field, uint64_t value)
{
    struct virtqueue *queue = selected(nic);

    if (queue == NULL) {
        return;
    }
    brief_lock(&queue->lock);
    if (queue->enabled && !field->also_enabled) {
        pndis__nic_break(nic, "queue %u is changed while it is enabled (offset %u)", queue->index,
                         field->offset);
    } else {
        field->write(queue, value);
    }
    brief_unlock(&queue->lock);
}

static bool
write_field(struct pndis_nic *nic, uint32_t offset, unsigned width, uint64_t value)
{
    for (size_t i = 0; i < COUNT_OF(device_fields); i++) {
        if (device_fields[i].offset == offset && device_fields[i].width == width) {
            brief_lock(&nic->lock);
            device_fields[i].write(nic, value);
            brief_unlock(&nic->lock);
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(queue_fields); i++) {
        if (queue_fields[i].offset == offset && queue_fields[i].width == width) {
            write_queue_field(nic, &queue_fields[i], value);
            return true;
        }
    }
    if (offset == offsetof(struct virtio_pci_common_cfg, device_status) && width == 1) {
        write_status(nic, value);
        return true;
    }
    return false;
}

/* "4.1.3.1: the driver MUST access each field using the natural access method"; a 64-bit field in
 * one access is what some do. Writes of anything else, and of what can only be read, are dropped.
 */
void
pndis__common_write(struct pndis_nic *nic, uint32_t offset, unsigned width, uint64_t value)
{
    if (width == 8 && write_field(nic, offset, 4, value & UINT32_MAX)) {
        write_field(nic, offset + 4, 4, value >> 32);
    } else {
        write_field(nic, offset, width, value);
    }
    pndis__nic_flush(nic);
}
