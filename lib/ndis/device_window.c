/*
 * Registers and ports. A driver's virtual address of a register is a place in one large
 * inaccessible reservation; its slot tells the device and the range, so that an access is one table
 * look-up and a call of the model. A driver that dereferences such an address instead of using the
 * register functions faults.
 */
#include "ndis/device.h"

#include "ndis/hardware.h"
#include "ndis/ndis_machine.h"

#include <stdlib.h>

struct slot {
    struct pndis_device *device;
    uint32_t range;
    uint32_t first; /* Slot of the range's beginning. */
};

struct windows {
    uint8_t *base; /* Virtual address of window slot 0. */
    uint32_t slots;
    struct slot *memory;
    struct slot *ports;
    uint32_t memory_used;
    uint32_t ports_used;
};

/* Physical addresses of register windows begin here: above any memory a driver could mean. */
static const uint64_t physical_base = 0xfd00000000u;
/* Ports begin above the ones that PCs have always used. */
enum { FIRST_PORT_SLOT = 0x10 };

/* As many as there are addresses for: tools that emulate memory have fewer than a processor. */
static void
reserve_base(struct windows *windows)
{
    windows->slots = WINDOW_SLOTS;
    windows->base = pndis__os_reserve_inaccessible((size_t)windows->slots << WINDOW_SLOT_SHIFT);
    while (windows->base == NULL && windows->slots > WINDOW_SLOTS_MIN) {
        windows->slots /= 2;
        windows->base = pndis__os_reserve_inaccessible((size_t)windows->slots << WINDOW_SLOT_SHIFT);
    }
}

static struct windows *
windows_of(struct ndis *ndis)
{
    struct windows *windows = ndis->windows;

    if (windows != NULL) {
        return windows;
    }
    windows = calloc(1, sizeof(*windows));
    if (windows == NULL) {
        return NULL;
    }
    reserve_base(windows);
    windows->memory = pndis__os_reserve(WINDOW_SLOTS * sizeof(struct slot));
    windows->ports = pndis__os_reserve(PORT_SLOTS * sizeof(struct slot));
    windows->ports_used = FIRST_PORT_SLOT;
    ndis->windows = windows;
    if (windows->base == NULL || windows->memory == NULL || windows->ports == NULL) {
        pndis__windows_destroy(ndis);
        return NULL;
    }
    return windows;
}

void
pndis__windows_destroy(struct ndis *ndis)
{
    struct windows *windows = ndis->windows;

    if (windows == NULL) {
        return;
    }
    if (windows->base != NULL) {
        pndis__os_release(windows->base, (size_t)windows->slots << WINDOW_SLOT_SHIFT);
    }
    if (windows->memory != NULL) {
        pndis__os_release(windows->memory, WINDOW_SLOTS * sizeof(struct slot));
    }
    if (windows->ports != NULL) {
        pndis__os_release(windows->ports, PORT_SLOTS * sizeof(struct slot));
    }
    free(windows);
    ndis->windows = NULL;
}

/* First fit from the free ones; devices are few and rarely go. */
static bool
take_slots(struct slot *table, uint32_t *used, uint32_t first, uint32_t limit, uint32_t count,
           uint32_t *out_first)
{
    uint32_t run = 0;

    for (uint32_t at = first; at < limit; at++) {
        run = at < *used && table[at].device != NULL ? 0 : run + 1;
        if (run == count) {
            *out_first = at + 1 - count;
            /* Who looks for a register of another device reads it meanwhile. */
            __atomic_store_n(used, max(*used, at + 1), __ATOMIC_RELAXED);
            return true;
        }
    }
    return false;
}

int
pndis__windows_assign(struct pndis_device *device)
{
    struct windows *windows = windows_of(device->ndis);

    if (windows == NULL) {
        return PNDIS_ENOMEM;
    }
    for (unsigned i = 0; i < device->options.range_count; i++) {
        struct device_range *range = &device->ranges[i];
        bool port = range->public.kind == PNDIS_RANGE_PORT;
        unsigned shift = port ? PORT_SLOT_SHIFT : WINDOW_SLOT_SHIFT;
        struct slot *table = port ? windows->ports : windows->memory;

        range->slot_count = (uint32_t)((range->public.bytes + (1u << shift) - 1) >> shift);
        if (!take_slots(table, port ? &windows->ports_used : &windows->memory_used,
                        port ? FIRST_PORT_SLOT : 0, port ? PORT_SLOTS : windows->slots,
                        range->slot_count, &range->first_slot)) {
            range->slot_count = 0;
            pndis__windows_release(device);
            return PNDIS_ELIMIT;
        }
        for (uint32_t s = 0; s < range->slot_count; s++) {
            table[range->first_slot + s] = (struct slot){device, i, range->first_slot};
        }
    }
    return 0;
}

void
pndis__windows_release(struct pndis_device *device)
{
    struct windows *windows = device->ndis->windows;

    for (unsigned i = 0; windows != NULL && i < device->options.range_count; i++) {
        struct device_range *range = &device->ranges[i];
        struct slot *table =
            range->public.kind == PNDIS_RANGE_PORT ? windows->ports : windows->memory;

        memset(table + range->first_slot, 0, range->slot_count * sizeof(*table));
        range->slot_count = 0;
    }
}

uint64_t
pndis__range_address(const struct pndis_device *device, unsigned index)
{
    const struct device_range *range = &device->ranges[index];

    return range->public.kind == PNDIS_RANGE_PORT
               ? (uint64_t)range->first_slot << PORT_SLOT_SHIFT
               : physical_base + ((uint64_t)range->first_slot << WINDOW_SLOT_SHIFT);
}

void *
pndis__window_map(struct ndis *ndis, const struct pndis_device *device, uint64_t address,
                  size_t bytes)
{
    struct windows *windows = ndis->windows;

    for (unsigned i = 0; i < device->options.range_count; i++) {
        const struct device_range *range = &device->ranges[i];
        uint64_t begin = pndis__range_address(device, i);

        if (range->public.kind == PNDIS_RANGE_MEMORY && address >= begin &&
            address - begin < range->public.bytes &&
            bytes <= range->public.bytes - (address - begin)) {
            return windows->base + (address - physical_base);
        }
    }
    return NULL;
}

/* --- one access --- */

/* The slot behind @address, and the offset in its range; NULL: there is no device. */
static const struct slot *
find(const struct slot *table, uint32_t used, unsigned shift, uint64_t place, uint64_t *out_offset)
{
    uint64_t index = place >> shift;
    const struct slot *slot = index < used ? &table[index] : NULL;

    if (slot == NULL || slot->device == NULL) {
        return NULL;
    }
    *out_offset = place - ((uint64_t)slot->first << shift);
    return slot;
}

static const struct slot *
find_register(struct ndis *ndis, const volatile void *address, uint64_t *out_offset)
{
    const struct windows *windows = ndis->windows;

    if (windows == NULL || (const volatile uint8_t *)address < windows->base) {
        return NULL;
    }
    return find(windows->memory, __atomic_load_n(&windows->memory_used, __ATOMIC_RELAXED),
                WINDOW_SLOT_SHIFT, (uint64_t)((const volatile uint8_t *)address - windows->base),
                out_offset);
}

static const struct slot *
find_port(struct ndis *ndis, const volatile void *port, uint64_t *out_offset)
{
    const struct windows *windows = ndis->windows;

    return windows == NULL
               ? NULL
               : find(windows->ports, __atomic_load_n(&windows->ports_used, __ATOMIC_RELAXED),
                      PORT_SLOT_SHIFT, (uint64_t)(uintptr_t)port, out_offset);
}

void
pndis__range_claimed(struct ndis *ndis, bool port, const void *address, int by)
{
    uint64_t offset;
    const struct slot *slot =
        port ? find_port(ndis, address, &offset) : find_register(ndis, address, &offset);

    if (slot != NULL) {
        __atomic_fetch_add(&slot->device->ranges[slot->range].claims, by, __ATOMIC_RELAXED);
    }
}

static const char *
obstacle(const struct slot *slot, uint64_t offset, unsigned width)
{
    const struct device_range *range;

    if (slot == NULL) {
        return "where no device of this machine is";
    }
    range = &slot->device->ranges[slot->range];
    if (offset + width > range->public.bytes) {
        return "beyond the range of the device";
    }
    return __atomic_load_n(&range->claims, __ATOMIC_RELAXED) > 0
               ? NULL
               : "in a range of the device that no driver has claimed";
}

/* Whether the model is to be asked. */
static bool
answers(struct context *context, const struct slot *slot, uint64_t offset, unsigned width,
        const char *call, const void *caller)
{
    const char *why = obstacle(slot, offset, width);

    if (__builtin_expect(why != NULL, 0)) {
        pndis__report(context, RULE_IO_ADDRESS, NULL, call, caller, "%s %s", call, why);
        return false;
    }
    if (__builtin_expect(__atomic_load_n(&slot->device->unplugged, __ATOMIC_RELAXED), 0)) {
        __atomic_fetch_add(&slot->device->lost_accesses, 1, __ATOMIC_RELAXED);
        return false;
    }
    return true;
}

uint64_t
pndis__io_read(struct context *context, bool port, const volatile void *address, unsigned width,
               const char *call, const void *caller)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    uint64_t offset = 0;
    const struct slot *slot =
        port ? find_port(ndis, address, &offset) : find_register(ndis, address, &offset);

    return answers(context, slot, offset, width, call, caller)
               ? slot->device->ops->read(slot->device->user, slot->range, offset, width)
               : UINT64_MAX;
}

void
pndis__io_write(struct context *context, bool port, const volatile void *address, unsigned width,
                uint64_t value, const char *call, const void *caller)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    uint64_t offset = 0;
    const struct slot *slot =
        port ? find_port(ndis, address, &offset) : find_register(ndis, address, &offset);

    if (answers(context, slot, offset, width, call, caller)) {
        slot->device->ops->write(slot->device->user, slot->range, offset, width, value);
    }
}
