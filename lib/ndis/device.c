/* Devices: plugging them in and out, and PCI configuration space. */
#include "ndis/device.h"

#include "ndis/hardware.h"
#include "ndis/ndis_machine.h"
#include "ndis/sg_out.h"

#include <stdio.h>
#include <stdlib.h>

static const uint32_t ethernet_class = 0x020000;

/* Offsets of the PCI header, "PCI_COMMON_HEADER". */
enum {
    CONFIG_VENDOR = 0x00,
    CONFIG_DEVICE = 0x02,
    CONFIG_COMMAND = 0x04,
    CONFIG_REVISION = 0x08,
    CONFIG_CLASS = 0x09,
    CONFIG_BAR = 0x10,
    CONFIG_SUBSYSTEM_VENDOR = 0x2c,
    CONFIG_SUBSYSTEM = 0x2e,
    CONFIG_INTERRUPT_PIN = 0x3d,
    BAR_COUNT = 6,
};

static void
put(uint8_t *config, unsigned offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        config[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

/* A constant header for devices whose model has no configuration space of its own. */
static void
build_config(struct pndis_device *device)
{
    const struct pndis_device_options *options = &device->options;
    uint8_t *config = device->config;

    put(config, CONFIG_VENDOR, options->vendor_id, 2);
    put(config, CONFIG_DEVICE, options->device_id, 2);
    put(config, CONFIG_COMMAND, 0x0007, 2); /* Memory, ports, bus master. */
    put(config, CONFIG_REVISION, options->revision, 1);
    put(config, CONFIG_CLASS, options->class_code == 0 ? ethernet_class : options->class_code, 3);
    put(config, CONFIG_SUBSYSTEM_VENDOR, options->subsystem_vendor_id, 2);
    put(config, CONFIG_SUBSYSTEM, options->subsystem_id, 2);
    put(config, CONFIG_INTERRUPT_PIN, options->no_line ? 0 : 1, 1);
    for (unsigned i = 0; i < options->range_count && i < BAR_COUNT; i++) {
        bool port = options->ranges[i].kind == PNDIS_RANGE_PORT;

        put(config, CONFIG_BAR + 4 * i,
            (pndis__range_address(device, i) & 0xfffffff0u) | (port ? 1 : 0), 4);
    }
}

ULONG
pndis__device_config(struct pndis_device *device, bool write, ULONG offset, void *buffer,
                     ULONG bytes)
{
    if (__atomic_load_n(&device->unplugged, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&device->lost_accesses, 1, __ATOMIC_RELAXED);
        memset(buffer, write ? 0 : 0xff, write ? 0 : bytes);
        return bytes;
    }
    if (write) {
        return device->ops->config_write == NULL
                   ? 0
                   : device->ops->config_write(device->user, offset, buffer, bytes);
    }
    if (device->ops->config_read != NULL) {
        return device->ops->config_read(device->user, offset, buffer, bytes);
    }
    if (offset >= sizeof(device->config)) {
        return 0;
    }
    bytes = min(bytes, (ULONG)sizeof(device->config) - offset);
    memcpy(buffer, device->config + offset, bytes);
    return bytes;
}

ULONG
pndis__device_attributes(struct pndis_device *device, bool write, ULONG offset, void *buffer,
                         ULONG bytes)
{
    const struct pndis_device_options *options = &device->options;
    uint8_t *memory = options->attribute_memory;

    if (offset >= options->attribute_bytes) {
        return 0;
    }
    bytes = min(bytes, (ULONG)(options->attribute_bytes - offset));
    if (__atomic_load_n(&device->unplugged, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&device->lost_accesses, 1, __ATOMIC_RELAXED);
        memset(buffer, write ? 0 : 0xff, write ? 0 : bytes);
    } else if (write) {
        memcpy(memory + offset, buffer, bytes);
    } else {
        memcpy(buffer, memory + offset, bytes);
    }
    return bytes;
}

/* --- the host's side --- */

static int
check_options(const struct pndis_device_options *options, const struct pndis_device_ops *ops)
{
    if (options == NULL || ops == NULL) {
        return pndis__fail(PNDIS_EINVAL, "a device has options and a model");
    }
    if (options->range_count > PNDIS_DEVICE_RANGE_LIMIT) {
        return pndis__fail(PNDIS_EINVAL, "a device has at most %d ranges",
                           PNDIS_DEVICE_RANGE_LIMIT);
    }
    if (options->messages > PNDIS_DEVICE_MESSAGE_LIMIT) {
        return pndis__fail(PNDIS_EINVAL, "a device has at most %d messages",
                           PNDIS_DEVICE_MESSAGE_LIMIT);
    }
    if (options->attribute_bytes != 0 && options->attribute_memory == NULL) {
        return pndis__fail(PNDIS_EINVAL, "attribute memory of %u bytes has none",
                           options->attribute_bytes);
    }
    for (unsigned i = 0; i < options->range_count; i++) {
        if (options->ranges[i].bytes == 0) {
            return pndis__fail(PNDIS_EINVAL, "range %u has no bytes", i);
        }
    }
    if (options->range_count > 0 && (ops->read == NULL || ops->write == NULL)) {
        return pndis__fail(PNDIS_EINVAL, "a model with ranges has read and write");
    }
    return 0;
}

/* The list lock is held. */
static struct pndis_device *
create(struct ndis *ndis, const struct pndis_device_options *options,
       const struct pndis_device_ops *ops, void *user)
{
    struct pndis_device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return NULL;
    }
    device->ndis = ndis;
    device->options = *options;
    device->ops = ops;
    device->user = user;
    device->number = ++ndis->device_count;
    snprintf(device->name, sizeof(device->name), "%s",
             options->name == NULL ? "device" : options->name);
    device->options.name = device->name;
    device->messages = calloc(options->messages + 1, sizeof(*device->messages));
    for (unsigned i = 0; i < options->range_count; i++) {
        device->ranges[i].public = options->ranges[i];
    }
    if (device->messages == NULL || pndis__windows_assign(device) != 0) {
        free(device->messages);
        free(device);
        return NULL;
    }
    build_config(device);
    device->next = ndis->devices;
    ndis->devices = device;
    return device;
}

struct pndis_device *
pndis_device_create(struct pndis_machine *machine, const struct pndis_device_options *options,
                    const struct pndis_device_ops *ops, void *user)
{
    struct host_call call;
    struct pndis_device *device = NULL;
    struct ndis *ndis;

    if (check_options(options, ops) != 0 || pndis__host_enter(machine, &call) != 0) {
        return NULL;
    }
    ndis = pndis__ndis_of(machine);
    if (ndis != NULL) {
        pndis__list_lock(context_current(), ndis);
        device = create(ndis, options, ops, user);
        pndis__list_unlock(ndis);
    }
    if (device == NULL) {
        pndis__fail(PNDIS_ENOMEM, "no memory or no addresses for a device");
    }
    pndis__host_leave(&call);
    return device;
}

static void
destroy(struct pndis_device *device)
{
    pndis__windows_release(device);
    pndis__sg_out_fini(device);
    free(device->messages);
    free(device);
}

int
pndis_device_destroy(struct pndis_device *device)
{
    struct ndis *ndis = device->ndis;
    struct pndis_device **link = &ndis->devices;
    struct host_call call;
    int result;

    if (device->adapter != NULL) {
        return pndis__fail(PNDIS_EBUSY, "%s is the hardware of %s", device->name,
                           device->adapter->owner.name);
    }
    result = pndis__host_enter(ndis->machine, &call);
    if (result != 0) {
        return result;
    }
    pndis__list_lock(context_current(), ndis);
    while (*link != device) {
        link = &(*link)->next;
    }
    *link = device->next;
    destroy(device);
    pndis__list_unlock(ndis);
    pndis__host_leave(&call);
    return 0;
}

void
pndis__devices_destroy(struct ndis *ndis)
{
    while (ndis->devices != NULL) {
        struct pndis_device *device = ndis->devices;

        ndis->devices = device->next;
        destroy(device);
    }
    pndis__windows_destroy(ndis);
    pndis__dma_destroy(ndis);
}

bool
pndis_device_is_in_use(const struct pndis_device *device)
{
    return device->adapter != NULL;
}

uint64_t
pndis_device_range_address(const struct pndis_device *device, unsigned index)
{
    return index < device->options.range_count ? pndis__range_address(device, index) : 0;
}

void
pndis_device_unplug(struct pndis_device *device)
{
    if (__atomic_exchange_n(&device->unplugged, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    /* Nobody holds the line up any more. */
    pndis_device_interrupt_clear(device);
    if (device->ops->unplugged != NULL) {
        device->ops->unplugged(device->user);
    }
}

uint64_t
pndis_device_lost_accesses(const struct pndis_device *device)
{
    return __atomic_load_n(&device->lost_accesses, __ATOMIC_RELAXED);
}
