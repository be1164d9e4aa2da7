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

static uint32_t
take_run_for(struct dma_map *map, const struct pndis_device *device, unsigned class)
{
    bool high = device->addresses_64 && !device->options.dma_32_bits;
    struct spares *spares = high && class == 0 ? spares_here(map) : NULL;
    uint32_t run = 0;

    if (spares != NULL && spares->count != 0) {
        return spares->runs[--spares->count];
    }
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
    struct spares *spares = class == 0 && run >= LOW_PAGES ? spares_here(map) : NULL;

    if (spares != NULL && spares->count < SPARE_LIMIT) {
        spares->runs[spares->count++] = run;
        return;
    }
    brief_lock(&map->lock);
    map->pages[run].next = arena->free_runs[class];
    arena->free_runs[class] = run;
    brief_unlock(&map->lock);
}

static void
map_run(struct dma_map *map, uint32_t run, uint32_t device, uint8_t *host, size_t bytes)
{
    size_t offset = (uintptr_t)host & (MAP_PAGE - 1);
    uint8_t *page_host = host - offset;

    for (size_t done = 0; done < bytes; run++, page_host += MAP_PAGE, offset = 0) {
        size_t here = min((size_t)MAP_PAGE - offset, bytes - done);
        struct map_page *page = &map->pages[run];

        page->host = page_host;
        page->low = (uint16_t)offset;
        page->high = (uint16_t)(offset + here);
        __atomic_store_n(&page->device, device, __ATOMIC_RELEASE);
        done += here;
    }
}

uint64_t
pndis__dma_map(struct pndis_device *device, void *host, size_t bytes)
{
    struct dma_map *map = map_of(device->ndis);
    size_t offset = (uintptr_t)host & (MAP_PAGE - 1);
    unsigned class = class_of((offset + bytes + MAP_PAGE - 1) >> MAP_PAGE_SHIFT);
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

void
pndis__dma_unmap(struct pndis_device *device, uint64_t address, size_t bytes)
{
    struct dma_map *map = device->ndis->dma;
    uint32_t run = (uint32_t)(address >> MAP_PAGE_SHIFT);
    size_t pages = ((address & (MAP_PAGE - 1)) + bytes + MAP_PAGE - 1) >> MAP_PAGE_SHIFT;

    for (size_t i = 0; i < pages; i++) {
        __atomic_store_n(&map->pages[run + i].device, 0, __ATOMIC_RELEASE);
    }
    give_run(map, run, class_of(pages));
}

static bool
reaches(const struct map_page *page, uint32_t device, size_t low, size_t high)
{
    return __atomic_load_n(&page->device, __ATOMIC_ACQUIRE) == device && low >= page->low &&
           high <= page->high;
}

/* A range of several pages, the first of which is @first. */
static void *
pages_of(const struct pndis_device *device, const struct dma_map *map, uint64_t first,
         size_t offset, size_t bytes)
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
        if (!reaches(page, device->number, at, at + here) || page->host != expected) {
            return NULL;
        }
        done += here;
    }
    return place;
}

void *
pndis_device_memory(struct pndis_device *device, uint64_t address, size_t bytes)
{
    const struct dma_map *map = device->ndis->dma;
    uint64_t first = address >> MAP_PAGE_SHIFT;
    size_t offset = address & (MAP_PAGE - 1);
    const struct map_page *page;

    if (map == NULL || first >= MAP_PAGES || bytes == 0) {
        return NULL;
    }
    if (bytes > MAP_PAGE - offset) {
        return pages_of(device, map, first, offset, bytes);
    }
    page = &map->pages[first];
    return reaches(page, device->number, offset, offset + bytes) ? page->host + offset : NULL;
}
