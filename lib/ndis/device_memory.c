/*
 * The map through which devices reach memory, as an IOMMU does it. A driver gets addresses from
 * shared memory and scatter/gather lists; a device's access to anything else, or to what was given
 * back, finds nothing. Pages are mapped to the byte, so that a device that goes one byte too far is
 * seen.
 */
#include "ndis/device.h"

#include "ndis/ndis_machine.h"

#include <stdlib.h>

enum {
    MAP_PAGE_SHIFT = 12,
    MAP_PAGE = 1 << MAP_PAGE_SHIFT,
    MAP_PAGES = 1 << 22, /* 16 GiB of addresses. */
    LOW_PAGES = 1 << 20, /* Below 4 GiB. */
    FIRST_PAGE = 1 << 4, /* Address 0 is nothing. */
    CLASS_COUNT = 16,    /* Runs of 1, 2, 4 ... pages. */
    ARENA_LOW = 0,
    ARENA_HIGH,
    ARENA_COUNT,
    SPARE_LIMIT = 255,
};

/* One page of addresses. A free run is linked through @next of its first page. */
struct map_page {
    union {
        uint8_t *host; /* Where the page would begin. */
        uint32_t next;
    };
    uint16_t low; /* Mapped bytes: from low to high - 1. */
    uint16_t high;
    uint32_t device; /* Its index + 1; 0: not mapped. */
};

/* Addresses below and above 4 GiB are kept apart, so that many of the latter leave room for the
 * former. */
struct arena {
    uint32_t next_page;
    uint32_t limit;
    uint32_t free_runs[CLASS_COUNT];
};

/* Free single pages above 4 GiB that a processor keeps for itself: most fragments of frames. */
struct spares {
    uint32_t count;
    uint32_t runs[SPARE_LIMIT];
} __attribute__((aligned(64)));

struct dma_map {
    struct brief_lock lock;
    struct map_page *pages;
    struct arena arenas[ARENA_COUNT];
    struct spares spares[PNDIS_PROCESSOR_LIMIT];
};

static void
map_free(struct dma_map *map)
{
    pndis__os_release(map->pages, MAP_PAGES * sizeof(struct map_page));
    free(map);
}

static struct dma_map *
map_of(struct ndis *ndis)
{
    struct dma_map *map = __atomic_load_n(&ndis->dma, __ATOMIC_ACQUIRE);
    struct dma_map *first = NULL;

    if (map != NULL) {
        return map;
    }
    map = aligned_alloc(_Alignof(struct dma_map), sizeof(*map));
    if (map == NULL) {
        return NULL;
    }
    memset(map, 0, sizeof(*map));
    map->pages = pndis__os_reserve(MAP_PAGES * sizeof(struct map_page));
    if (map->pages == NULL) {
        free(map);
        return NULL;
    }
    map->arenas[ARENA_LOW] = (struct arena){.next_page = FIRST_PAGE, .limit = LOW_PAGES};
    map->arenas[ARENA_HIGH] = (struct arena){.next_page = LOW_PAGES, .limit = MAP_PAGES};
    if (!__atomic_compare_exchange_n(&ndis->dma, &first, map, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        map_free(map);
        return first;
    }
    return map;
}

void
pndis__dma_destroy(struct ndis *ndis)
{
    if (ndis->dma != NULL) {
        map_free(ndis->dma);
        ndis->dma = NULL;
    }
}

static unsigned
class_of(size_t pages)
{
    unsigned class = 0;

    while (((size_t)1 << class) < pages) {
        class ++;
    }
    return class;
}

/* The first page of a run of 2^@class pages; 0: none is left. */
static uint32_t
take_run(struct dma_map *map, struct arena *arena, unsigned class)
{
    uint32_t run = arena->free_runs[class];

    if (run != 0) {
        arena->free_runs[class] = map->pages[run].next;
    } else if (arena->limit - arena->next_page >= (1u << class)) {
        run = arena->next_page;
        arena->next_page += 1u << class;
    }
    return run;
}

/* The spares of the processor that the caller holds; NULL: it holds none. */
static struct spares *
spares_here(struct dma_map *map)
{
    const struct context *context = context_current();

    return context == NULL || context->cpu == NULL ? NULL : &map->spares[context->cpu->number];
}

static bool
reaches_high(const struct pndis_device *device)
{
    return device->addresses_64 && !device->options.dma_32_bits;
}

static uint32_t
take_run_for(struct dma_map *map, const struct pndis_device *device, unsigned class)
{
    bool high = reaches_high(device);
    uint32_t run = 0;

    brief_lock(&map->lock);
    if (high) {
        run = take_run(map, &map->arenas[ARENA_HIGH], class);
    }
    if (run == 0) {
        run = take_run(map, &map->arenas[ARENA_LOW], class);
    }
    brief_unlock(&map->lock);
    return run;
}

static void
give_run(struct dma_map *map, uint32_t run, unsigned class)
{
    struct arena *arena = &map->arenas[run < LOW_PAGES ? ARENA_LOW : ARENA_HIGH];

    brief_lock(&map->lock);
    map->pages[run].next = arena->free_runs[class];
    arena->free_runs[class] = run;
    brief_unlock(&map->lock);
}

static inline void
map_page(struct map_page *page, uint32_t device, uint8_t *page_host, size_t offset, size_t bytes)
{
    page->host = page_host;
    page->low = (uint16_t)offset;
    page->high = (uint16_t)(offset + bytes);
    __atomic_store_n(&page->device, device, __ATOMIC_RELEASE);
}

static void
map_run(struct dma_map *map, uint32_t run, uint32_t device, uint8_t *host, size_t bytes)
{
    size_t offset = (uintptr_t)host & (MAP_PAGE - 1);
    uint8_t *page_host = host - offset;

    for (size_t done = 0; done < bytes; run++, page_host += MAP_PAGE, offset = 0) {
        size_t here = min((size_t)MAP_PAGE - offset, bytes - done);

        map_page(&map->pages[run], device, page_host, offset, here);
        done += here;
    }
}

/* Pages of addresses that @bytes take which begin @offset bytes into one. */
static size_t
pages_across(size_t offset, size_t bytes)
{
    return (offset + bytes + MAP_PAGE - 1) >> MAP_PAGE_SHIFT;
}

/* Any size, any address. */
static __attribute__((noinline)) uint64_t
map_any(struct pndis_device *device, void *host, size_t offset, size_t bytes)
{
    struct dma_map *map = map_of(device->ndis);
    unsigned class = class_of(pages_across(offset, bytes));
    uint32_t run;

    if (map == NULL || class >= CLASS_COUNT) {
        return 0;
    }
    run = take_run_for(map, device, class);
    if (run == 0) {
        return 0;
    }
    map_run(map, run, device->number, host, bytes);
    return ((uint64_t)run << MAP_PAGE_SHIFT) | offset;
}

uint64_t
pndis__dma_map(struct pndis_device *device, void *host, size_t bytes)
{
    struct dma_map *map = __atomic_load_n(&device->ndis->dma, __ATOMIC_ACQUIRE);
    size_t offset = (uintptr_t)host & (MAP_PAGE - 1);
    struct spares *spares;
    uint32_t run;

    if (map == NULL || bytes > MAP_PAGE - offset || !reaches_high(device)) {
        return map_any(device, host, offset, bytes);
    }
    spares = spares_here(map);
    if (spares == NULL || spares->count == 0) {
        return map_any(device, host, offset, bytes);
    }
    run = spares->runs[--spares->count];
    map_page(&map->pages[run], device->number, (uint8_t *)host - offset, offset, bytes);
    return ((uint64_t)run << MAP_PAGE_SHIFT) | offset;
}

static __attribute__((noinline)) void
unmap_any(struct dma_map *map, uint32_t run, size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        __atomic_store_n(&map->pages[run + i].device, 0, __ATOMIC_RELEASE);
    }
    give_run(map, run, class_of(pages));
}

void
pndis__dma_unmap(struct pndis_device *device, uint64_t address, size_t bytes)
{
    struct dma_map *map = device->ndis->dma;
    uint32_t run = (uint32_t)(address >> MAP_PAGE_SHIFT);
    size_t pages = pages_across(address & (MAP_PAGE - 1), bytes);
    struct spares *spares = pages == 1 && run >= LOW_PAGES ? spares_here(map) : NULL;

    if (spares == NULL || spares->count == SPARE_LIMIT) {
        unmap_any(map, run, pages);
        return;
    }
    __atomic_store_n(&map->pages[run].device, 0, __ATOMIC_RELEASE);
    spares->runs[spares->count++] = run;
}

static bool
reaches(const struct map_page *page, uint32_t device, size_t low, size_t high)
{
    return __atomic_load_n(&page->device, __ATOMIC_ACQUIRE) == device && low >= page->low &&
           high <= page->high;
}

/* The usual range that crosses the end of a page: it ends in the next one. */
static void *
two_pages_of(uint32_t device, const struct map_page *page, size_t offset, size_t bytes)
{
    return reaches(page, device, offset, MAP_PAGE) &&
                   reaches(page + 1, device, 0, offset + bytes - MAP_PAGE) &&
                   page[1].host == page->host + MAP_PAGE
               ? page->host + offset
               : NULL;
}

/* A range of several pages, the first of which is @first. */
static __attribute__((noinline)) void *
pages_of(uint32_t device, const struct dma_map *map, uint64_t first, size_t offset, size_t bytes)
{
    const uint8_t *expected = map->pages[first].host;
    uint8_t *place = map->pages[first].host + offset;

    if (bytes > (uint64_t)(MAP_PAGES - first) * MAP_PAGE - offset) {
        return NULL;
    }
    for (size_t done = 0, at = offset; done < bytes; at = 0, first++, expected += MAP_PAGE) {
        size_t here = min((size_t)MAP_PAGE - at, bytes - done);
        const struct map_page *page = &map->pages[first];

        /* Pages next to each other may belong to different mappings. */
        if (!reaches(page, device, at, at + here) || page->host != expected) {
            return NULL;
        }
        done += here;
    }
    return place;
}

/* A range within one page or two: NULL for others, too. */
static inline void *
near_memory_of(uint32_t device, const struct dma_map *map, uint64_t address, size_t bytes)
{
    uint64_t first = address >> MAP_PAGE_SHIFT;
    size_t offset = address & (MAP_PAGE - 1);
    const struct map_page *page;

    if (map == NULL || bytes == 0 || first >= MAP_PAGES) {
        return NULL;
    }
    page = &map->pages[first];
    if (bytes <= MAP_PAGE - offset) {
        return reaches(page, device, offset, offset + bytes) ? page->host + offset : NULL;
    }
    return bytes <= 2 * MAP_PAGE - offset && first + 1 < MAP_PAGES
               ? two_pages_of(device, page, offset, bytes)
               : NULL;
}

static void *
memory_of(uint32_t device, const struct dma_map *map, uint64_t address, size_t bytes)
{
    uint64_t first = address >> MAP_PAGE_SHIFT;
    size_t offset = address & (MAP_PAGE - 1);
    void *memory = near_memory_of(device, map, address, bytes);

    return memory != NULL || map == NULL || bytes <= MAP_PAGE - offset || first >= MAP_PAGES
               ? memory
               : pages_of(device, map, first, offset, bytes);
}

/* What is not the device's own may be that of another, which it works for. */
static __attribute__((noinline)) void *
far_memory_of(const struct pndis_device *device, uint64_t address, size_t bytes)
{
    uint32_t other = __atomic_load_n(&device->reaches_too, __ATOMIC_RELAXED);
    void *memory = memory_of(device->number, device->ndis->dma, address, bytes);

    return memory != NULL || other == 0 ? memory
                                        : memory_of(other, device->ndis->dma, address, bytes);
}

void *
pndis_device_memory(struct pndis_device *device, uint64_t address, size_t bytes)
{
    void *memory = near_memory_of(device->number, device->ndis->dma, address, bytes);

    return __builtin_expect(memory != NULL, 1) ? memory : far_memory_of(device, address, bytes);
}
