/* PCI configuration space: the header and the capabilities that say where everything is. */
#include "hw/nic.h"

#include <endian.h>
#include <linux/pci_regs.h>
#include <stddef.h>

#include <linux/virtio_pci.h>

enum {
    VENDOR = 0x1af4,
    DEVICE_NET = 0x1041,
    SUBSYSTEM = 0x1100,
    DEVICE_TRANSITIONAL = 0x1000,
    SUBSYSTEM_TRANSITIONAL = 1, /* The virtio device type: 4.1.2.3. */
    CLASS_ETHERNET = 0x0200,
    REVISION = 1,

    AT_MSIX = 0x40,
    AT_COMMON = 0x50,
    AT_NOTIFY = 0x60,
    AT_ISR = 0x74,
    AT_DEVICE = 0x84,
    AT_PCI = 0x94,
    AT_PCI_DATA = AT_PCI + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data),

    COMMAND_WRITABLE =
        PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE,
    BAR_OF_EVERYTHING = 0,
    BAR_BEHIND_LEGACY = 4,
};

/* The base address register of the window. */
static uint8_t
window_bar(const struct pndis_nic *nic)
{
    return is_transitional(nic) ? BAR_BEHIND_LEGACY : BAR_OF_EVERYTHING;
}

static bool
has_messages(const struct pndis_nic *nic)
{
    return (nic->options.flags & PNDIS_NIC_NO_MESSAGES) == 0;
}

static void
put16(uint8_t *place, uint16_t value)
{
    value = htole16(value);
    memcpy(place, &value, sizeof(value));
}

static void
put32(uint8_t *place, uint32_t value)
{
    value = htole32(value);
    memcpy(place, &value, sizeof(value));
}

static uint32_t
get32(const uint8_t *place)
{
    uint32_t value;

    memcpy(&value, place, sizeof(value));
    return le32toh(value);
}

static void
put_capability(struct pndis_nic *nic, uint8_t at, uint8_t next, uint8_t type, uint32_t offset,
               uint32_t length)
{
    struct virtio_pci_cap cap = {
        .cap_vndr = PCI_CAP_ID_VNDR,
        .cap_next = next,
        .cap_len = sizeof(cap),
        .cfg_type = type,
        .bar = window_bar(nic),
        .offset = htole32(offset),
        .length = htole32(length),
    };

    cap.cap_len += type == VIRTIO_PCI_CAP_NOTIFY_CFG || type == VIRTIO_PCI_CAP_PCI_CFG ? 4 : 0;
    memcpy(nic->pci + at, &cap, sizeof(cap));
}

static void
put_header(struct pndis_nic *nic)
{
    uint8_t *pci = nic->pci;

    put16(pci + PCI_VENDOR_ID, VENDOR);
    put16(pci + PCI_DEVICE_ID, DEVICE_NET);
    put16(pci + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci[PCI_REVISION_ID] = REVISION;
    put16(pci + PCI_CLASS_DEVICE, CLASS_ETHERNET);
    put16(pci + PCI_SUBSYSTEM_VENDOR_ID, VENDOR);
    put16(pci + PCI_SUBSYSTEM_ID, SUBSYSTEM);
    pci[PCI_INTERRUPT_PIN] = !has_messages(nic);
}

/* 4.1.2.1: how a legacy driver knows it, and finds its ports. */
static void
put_legacy(struct pndis_nic *nic)
{
    uint32_t ports = (uint32_t)pndis_device_range_address(nic->device, 0);
    uint8_t *pci = nic->pci;

    put16(pci + PCI_DEVICE_ID, DEVICE_TRANSITIONAL);
    put16(pci + PCI_COMMAND,
          PCI_COMMAND_IO | PCI_COMMAND_MASTER | (is_modern(nic) ? PCI_COMMAND_MEMORY : 0));
    pci[PCI_REVISION_ID] = 0;
    put32(pci + PCI_BASE_ADDRESS_0, ports | PCI_BASE_ADDRESS_SPACE_IO);
    put16(pci + PCI_SUBSYSTEM_ID, SUBSYSTEM_TRANSITIONAL);
}

static void
put_msix(uint8_t *pci, unsigned messages)
{
    pci[AT_MSIX] = PCI_CAP_ID_MSIX;
    pci[AT_MSIX + 1] = AT_COMMON;
    put16(pci + AT_MSIX + PCI_MSIX_FLAGS, (uint16_t)(PCI_MSIX_FLAGS_ENABLE | (messages - 1)));
    put32(pci + AT_MSIX + PCI_MSIX_TABLE, BAR_MSIX_TABLE | BAR_OF_EVERYTHING);
    put32(pci + AT_MSIX + PCI_MSIX_PBA, BAR_MSIX_PENDING | BAR_OF_EVERYTHING);
}

/* The window of the modern interface, and the capabilities that say what is where in it. */
static void
put_modern(struct pndis_nic *nic)
{
    uint64_t window = pndis_device_range_address(nic->device, window_range(nic));
    unsigned bar = PCI_BASE_ADDRESS_0 + 4u * window_bar(nic);
    uint8_t *pci = nic->pci;

    put16(pci + PCI_STATUS, PCI_STATUS_CAP_LIST);
    put32(pci + bar, (uint32_t)window | PCI_BASE_ADDRESS_MEM_TYPE_64);
    put32(pci + bar + 4, (uint32_t)(window >> 32));
    pci[PCI_CAPABILITY_LIST] = has_messages(nic) ? AT_MSIX : AT_COMMON;
    if (has_messages(nic)) {
        put_msix(pci, nic->queue_count + NIC_EXTRA_MESSAGES);
    }
    put_capability(nic, AT_COMMON, AT_NOTIFY, VIRTIO_PCI_CAP_COMMON_CFG, BAR_COMMON,
                   sizeof(struct virtio_pci_common_cfg));
    put_capability(nic, AT_NOTIFY, AT_ISR, VIRTIO_PCI_CAP_NOTIFY_CFG, BAR_NOTIFY,
                   nic->queue_count * NOTIFY_MULTIPLIER);
    put32(pci + AT_NOTIFY + offsetof(struct virtio_pci_notify_cap, notify_off_multiplier),
          NOTIFY_MULTIPLIER);
    put_capability(nic, AT_ISR, AT_DEVICE, VIRTIO_PCI_CAP_ISR_CFG, BAR_ISR, 1);
    put_capability(nic, AT_DEVICE, AT_PCI, VIRTIO_PCI_CAP_DEVICE_CFG, BAR_DEVICE,
                   sizeof(struct virtio_net_config));
    put_capability(nic, AT_PCI, 0, VIRTIO_PCI_CAP_PCI_CFG, 0, 0);
}

void
pndis__pci_init(struct pndis_nic *nic)
{
    put_header(nic);
    if (is_transitional(nic)) {
        put_legacy(nic);
    }
    if (is_modern(nic)) {
        put_modern(nic);
    }
}

/* --- the window through configuration space: virtio 1.2, 4.1.4.9 --- */

struct window {
    uint32_t offset;
    uint32_t length;
};

/* False: what the driver wrote into the capability is no access. */
static bool
window_of(struct pndis_nic *nic, struct window *out_window)
{
    const uint8_t *cap = nic->pci + AT_PCI;

    if (!is_modern(nic)) {
        return false;
    }
    brief_lock(&nic->lock);
    out_window->offset = get32(cap + VIRTIO_PCI_CAP_OFFSET);
    out_window->length = get32(cap + VIRTIO_PCI_CAP_LENGTH);
    brief_unlock(&nic->lock);
    return cap[VIRTIO_PCI_CAP_BAR] == window_bar(nic) &&
           (out_window->length == 1 || out_window->length == 2 || out_window->length == 4) &&
           out_window->offset % out_window->length == 0 &&
           out_window->offset <= BAR_BYTES - out_window->length;
}

static bool
covers_data(uint32_t offset, uint32_t bytes)
{
    return offset <= AT_PCI_DATA && offset + bytes > AT_PCI_DATA;
}

uint32_t
pndis__pci_read(void *user, uint32_t offset, void *buffer, uint32_t bytes)
{
    struct pndis_nic *nic = user;
    struct window window;
    uint32_t data = 0;
    bool has_data;

    if (offset >= sizeof(nic->pci)) {
        return 0;
    }
    bytes = min(bytes, (uint32_t)sizeof(nic->pci) - offset);
    has_data = covers_data(offset, bytes) && window_of(nic, &window);
    if (has_data) {
        data =
            (uint32_t)pndis__registers_read(nic, window_range(nic), window.offset, window.length);
    }
    brief_lock(&nic->lock);
    if (has_data) {
        put32(nic->pci + AT_PCI_DATA, data);
    }
    memcpy(buffer, nic->pci + offset, bytes);
    brief_unlock(&nic->lock);
    return bytes;
}

/* Bits of the byte at @offset that a driver can change. */
static uint8_t
writable_bits(const struct pndis_nic *nic, uint32_t offset)
{
    bool window = is_modern(nic);

    if (offset == PCI_COMMAND || offset == PCI_COMMAND + 1) {
        return (uint8_t)(COMMAND_WRITABLE >> 8 * (offset - PCI_COMMAND));
    }
    if (offset == PCI_CACHE_LINE_SIZE || offset == PCI_LATENCY_TIMER ||
        offset == PCI_INTERRUPT_LINE || (window && offset == AT_PCI + VIRTIO_PCI_CAP_BAR)) {
        return 0xff;
    }
    return window && offset >= AT_PCI + VIRTIO_PCI_CAP_OFFSET && offset < AT_PCI_DATA + 4 ? 0xff
                                                                                          : 0;
}

uint32_t
pndis__pci_write(void *user, uint32_t offset, const void *buffer, uint32_t bytes)
{
    struct pndis_nic *nic = user;
    struct window window;
    uint32_t data;

    if (offset >= sizeof(nic->pci)) {
        return 0;
    }
    bytes = min(bytes, (uint32_t)sizeof(nic->pci) - offset);
    brief_lock(&nic->lock);
    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t bits = writable_bits(nic, offset + i);

        nic->pci[offset + i] =
            (uint8_t)((nic->pci[offset + i] & ~bits) | (((const uint8_t *)buffer)[i] & bits));
    }
    data = get32(nic->pci + AT_PCI_DATA);
    brief_unlock(&nic->lock);
    if (covers_data(offset, bytes) && window_of(nic, &window)) {
        pndis__registers_write(nic, window_range(nic), window.offset, window.length, data);
    }
    return bytes;
}
