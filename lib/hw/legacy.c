/* The registers of the legacy interface: I/O ports in BAR 0. See legacy.h. */
#include "hw/legacy.h"

#include <endian.h>

#include <linux/virtio_pci.h>

enum {
    LEGACY_CONFIG = 20, /* Without MSI-X, which a transitional device does not have. */
    LEGACY_STATUS_KEPT = VIRTIO_CONFIG_S_NEEDS_RESET | NIC_IN_USE,
};

/* --- reading --- */

/* What a driver of the legacy interface may choose from; more than 32 bits it cannot see. */
static uint32_t
offered(const struct pndis_nic *nic)
{
    return (uint32_t)nic->offered | (uint32_t)FEATURE(VIRTIO_F_ANY_LAYOUT);
}

static struct virtqueue *
selected(struct pndis_nic *nic)
{
    unsigned index = __atomic_load_n(&nic->common.queue_select, __ATOMIC_RELAXED);

    return index < nic->queue_count ? &nic->queues[index] : NULL;
}

static void
put16(uint8_t *image, unsigned offset, uint16_t value)
{
    value = htole16(value);
    memcpy(image + offset, &value, sizeof(value));
}

static void
put32(uint8_t *image, unsigned offset, uint32_t value)
{
    value = htole32(value);
    memcpy(image + offset, &value, sizeof(value));
}

static void
read_registers(struct pndis_nic *nic, uint8_t *image)
{
    struct virtqueue *queue = selected(nic);

    if (queue != NULL) {
        brief_lock(&queue->lock);
        put32(image, VIRTIO_PCI_QUEUE_PFN,
              (uint32_t)(queue->desc_address >> VIRTIO_PCI_QUEUE_ADDR_SHIFT));
        put16(image, VIRTIO_PCI_QUEUE_NUM, queue->size);
        brief_unlock(&queue->lock);
    }
    brief_lock(&nic->lock);
    put32(image, VIRTIO_PCI_HOST_FEATURES, offered(nic));
    put32(image, VIRTIO_PCI_GUEST_FEATURES, (uint32_t)nic->common.driver_features);
    put16(image, VIRTIO_PCI_QUEUE_SEL, nic->common.queue_select);
    image[VIRTIO_PCI_STATUS] = nic_status(nic);
    memcpy(image + LEGACY_CONFIG, &nic->config, sizeof(nic->config));
    brief_unlock(&nic->lock);
}

/* Nothing but an access of the ISR register alone reads and clears it. */
uint64_t
pndis__legacy_read(struct pndis_nic *nic, uint64_t offset, unsigned width)
{
    uint8_t image[LEGACY_CONFIG + sizeof(nic->config)] = {0};
    uint64_t value = 0;

    if (offset == VIRTIO_PCI_ISR && width == 1) {
        return pndis__isr_read(nic);
    }
    if (offset < sizeof(image)) {
        read_registers(nic, image);
        memcpy(&value, image + offset, min((size_t)width, sizeof(image) - (size_t)offset));
    }
    return le64toh(value);
}

/* --- device status --- */

/*
 * "3.1.2 Legacy Interface: Device Initialization": there is no FEATURES_OK, and queues may be there
 * before the features are; so it is the first use of the device that settles them.
 */
static bool
settle(struct pndis_nic *nic)
{
    const uint64_t version = FEATURE(VIRTIO_F_VERSION_1);
    uint64_t chosen = (uint32_t)nic->common.driver_features;
    const char *why;

    if (!pndis__features_fit(chosen | version, offered(nic) | version, &why)) {
        return pndis__nic_break(nic, "legacy features 0x%08llx are refused: %s",
                                (unsigned long long)chosen, why);
    }
    __atomic_store_n(&nic->legacy, true, __ATOMIC_RELAXED);
    pndis__nic_negotiated(nic, chosen);
    for (unsigned i = 0; i < nic->queue_count; i++) {
        brief_lock(&nic->queues[i].lock);
        pndis__queue_features(&nic->queues[i], chosen);
        brief_unlock(&nic->queues[i].lock);
    }
    return true;
}

/* The driver has begun, and with this interface. */
static bool
may_begin_use(const struct pndis_nic *nic)
{
    const uint8_t none = VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_NEEDS_RESET | NIC_IN_USE;
    uint8_t status = __atomic_load_n(&nic->status, __ATOMIC_ACQUIRE);

    return status != 0 && (status & none) == 0;
}

static void
begin_use(struct pndis_nic *nic)
{
    bool begins;

    brief_lock(&nic->first_use);
    begins = may_begin_use(nic) && settle(nic);
    if (begins) {
        __atomic_fetch_or(&nic->status, NIC_IN_USE, __ATOMIC_ACQ_REL);
    }
    brief_unlock(&nic->first_use);
    if (begins) {
        pndis__nic_go(nic);
    }
}

/* A driver that has set FEATURES_OK through the other interface goes on as it began. */
static void
write_status(struct pndis_nic *nic, uint64_t value)
{
    uint8_t before = nic_status(nic) & (uint8_t)~LEGACY_STATUS_KEPT;
    uint8_t status = (uint8_t)value & (uint8_t)~LEGACY_STATUS_KEPT;
    uint8_t news = (uint8_t)(status & ~before);
    bool modern = (before & VIRTIO_CONFIG_S_FEATURES_OK) != 0;

    if (value == 0) {
        pndis__nic_driver_reset(nic);
    } else if ((before & ~status) != 0 || (news & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
        pndis__nic_break(nic, "a legacy driver writes 0x%02x to the device status after 0x%02x",
                         status, before);
    } else if ((news & VIRTIO_CONFIG_S_DRIVER_OK) != 0 && modern) {
        __atomic_fetch_or(&nic->status, status | NIC_IN_USE, __ATOMIC_ACQ_REL);
        pndis__nic_go(nic);
    } else {
        __atomic_fetch_or(&nic->status, status, __ATOMIC_ACQ_REL);
        if ((news & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
            begin_use(nic);
        }
    }
}

/* --- queues: 2.7.2 "Legacy Interfaces: A Note on Virtqueue Layout" --- */

static uint64_t
page_up(uint64_t address)
{
    return (address + VIRTIO_PCI_VRING_ALIGN - 1) & ~(uint64_t)(VIRTIO_PCI_VRING_ALIGN - 1);
}

static void
lay_out(struct virtqueue *queue, uint64_t address)
{
    queue->desc_address = address;
    queue->avail_address = address + queue->size * sizeof(struct vring_desc);
    queue->used_address = page_up(queue->avail_address + sizeof(struct vring_avail) +
                                  (queue->size + 1u) * sizeof(__virtio16));
}

/* Page 0 takes the queue out of use. */
static void
write_page(struct pndis_nic *nic, uint64_t page)
{
    struct virtqueue *queue = selected(nic);

    if (queue == NULL) {
        return;
    }
    brief_lock(&queue->lock);
    if (page == 0) {
        pndis__queue_reset(queue);
    } else if (queue->enabled) {
        pndis__nic_break(nic, "queue %u is moved while it is enabled", queue->index);
    } else {
        lay_out(queue, page << VIRTIO_PCI_QUEUE_ADDR_SHIFT);
        pndis__queue_enable(queue, nic->features);
    }
    brief_unlock(&queue->lock);
}

/* --- the rest --- */

static void
write_features(struct pndis_nic *nic, uint64_t value)
{
    brief_lock(&nic->lock);
    if ((__atomic_load_n(&nic->status, __ATOMIC_ACQUIRE) &
         (NIC_IN_USE | VIRTIO_CONFIG_S_FEATURES_OK)) == 0) {
        nic->common.driver_features = (uint32_t)value;
    }
    brief_unlock(&nic->lock);
}

static void
write_select(struct pndis_nic *nic, uint64_t value)
{
    brief_lock(&nic->lock);
    __atomic_store_n(&nic->common.queue_select, (uint16_t)value, __ATOMIC_RELAXED);
    brief_unlock(&nic->lock);
}

/* 5.1.4: a legacy driver sets the address here, byte by byte, unless CTRL_MAC_ADDR was negotiated.
 */
static void
write_config(struct pndis_nic *nic, uint64_t offset, unsigned width, uint64_t value)
{
    if (offset + width > sizeof(nic->config.mac) ||
        pndis__nic_has(nic, VIRTIO_NET_F_CTRL_MAC_ADDR)) {
        return;
    }
    value = htole64(value);
    pndis__nic_lock_receive(nic);
    brief_lock(&nic->lock);
    memcpy(nic->config.mac + offset, &value, width);
    memcpy(nic->filter.mac, nic->config.mac, sizeof(nic->filter.mac));
    pndis__nic_filter_update(&nic->filter);
    brief_unlock(&nic->lock);
    pndis__nic_unlock_receive(nic);
}

/* 3.1.2: "the transitional device MUST support the driver using the device before" DRIVER_OK. */
static void
write_notify(struct pndis_nic *nic, uint64_t index)
{
    if (!nic_is_live(nic) && index < nic->queue_count &&
        __atomic_load_n(&nic->queues[index].enabled, __ATOMIC_RELAXED)) {
        begin_use(nic);
    }
    pndis__nic_ring(nic, index);
}

static const struct {
    uint8_t offset;
    uint8_t width;
    void (*write)(struct pndis_nic *nic, uint64_t value);
} registers[] = {
    {VIRTIO_PCI_QUEUE_NOTIFY, 2, write_notify}, {VIRTIO_PCI_GUEST_FEATURES, 4, write_features},
    {VIRTIO_PCI_QUEUE_PFN, 4, write_page},      {VIRTIO_PCI_QUEUE_SEL, 2, write_select},
    {VIRTIO_PCI_STATUS, 1, write_status},
};

/* Writes of anything else, and of what can only be read, are dropped. */
void
pndis__legacy_write(struct pndis_nic *nic, uint64_t offset, unsigned width, uint64_t value)
{
    if (offset >= LEGACY_CONFIG) {
        write_config(nic, offset - LEGACY_CONFIG, width, value);
        return;
    }
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        if (registers[i].offset == offset && registers[i].width == width) {
            registers[i].write(nic, value);
            break;
        }
    }
    pndis__nic_flush(nic);
}
