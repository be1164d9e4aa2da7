/* Caches of equal blocks. See cache.h. */
#include "ndis/cache.h"

#include "ndis/tally.h"

#include <stdlib.h>

enum { LIST_LIMIT = 512, MOVED_AT_ONCE = 256 };

struct free_block {
    struct free_block *next;
    struct free_block *next_batch; /* On the shared list: the first block of the next batch. */
};

/* In front of every block of a checked cache. */
struct live_block {
    struct live_block *next;
    struct live_block **link; /* What points to it. */
};

struct cache_list {
    struct free_block *first;
    unsigned count;
} __attribute__((aligned(64)));

struct cache {
    size_t block_bytes;
    bool checked;
    unsigned list_count;
    struct tally *tally;
    void (*dispose)(void *block);
    struct brief_lock lock; /* Guards @shared, @live and list 0. */
    struct free_block *shared;
    struct live_block *live; /* Of a checked cache: taken and not put back. */
    struct cache_list lists[];
};

struct cache *
pndis__cache_create(struct pndis_machine *machine, size_t block_bytes, bool checked,
                    void (*dispose)(void *block))
{
    unsigned lists = machine->processor_count + 1;
    size_t bytes = sizeof(struct cache) + lists * sizeof(struct cache_list);
    struct cache *cache = aligned_alloc(64, (bytes + 63) / 64 * 64);

    if (cache == NULL) {
        return NULL;
    }
    memset(cache, 0, bytes);
    cache->tally = pndis__tally_create(machine);
    if (cache->tally == NULL) {
        free(cache);
        return NULL;
    }
    if (block_bytes < sizeof(struct free_block)) {
        block_bytes = sizeof(struct free_block);
    }
    cache->block_bytes = (block_bytes + 15) / 16 * 16;
    cache->checked = checked;
    cache->dispose = dispose;
    cache->list_count = lists;
    return cache;
}

static void
free_blocks(struct free_block *block)
{
    while (block != NULL) {
        struct free_block *next = block->next;

        free(block);
        block = next;
    }
}

static void
dispose_of_live(struct cache *cache)
{
    while (cache->live != NULL) {
        struct live_block *live = cache->live;

        cache->live = live->next;
        cache->dispose(live + 1);
        free(live);
    }
}

void
pndis__cache_destroy(struct cache *cache)
{
    if (cache == NULL) {
        return;
    }
    dispose_of_live(cache);
    for (unsigned i = 0; i < cache->list_count; i++) {
        free_blocks(cache->lists[i].first);
    }
    while (cache->shared != NULL) {
        struct free_block *batch = cache->shared;

        cache->shared = batch->next_batch;
        free_blocks(batch);
    }
    pndis__tally_destroy(cache->tally);
    free(cache);
}

/* Fill an empty list with a batch from the shared one, if there is any. The lock is held. */
static void
refill(struct cache *cache, struct cache_list *list)
{
    if (cache->shared != NULL) {
        list->first = cache->shared;
        list->count = MOVED_AT_ONCE;
        cache->shared = list->first->next_batch;
    }
}

/* Move a batch from a full list to the shared one. The lock is held. */
static void
spill(struct cache *cache, struct cache_list *list)
{
    struct free_block *batch = list->first;
    struct free_block *last = batch;

    for (unsigned i = 1; i < MOVED_AT_ONCE; i++) {
        last = last->next;
    }
    list->first = last->next;
    list->count -= MOVED_AT_ONCE;
    last->next = NULL;
    batch->next_batch = cache->shared;
    cache->shared = batch;
}

static void *
pop(struct cache_list *list)
{
    struct free_block *block = list->first;

    if (block != NULL) {
        list->first = block->next;
        list->count--;
    }
    return block;
}

static void *
take_checked(struct cache *cache)
{
    struct live_block *live = malloc(sizeof(*live) + cache->block_bytes);

    if (live == NULL) {
        return NULL;
    }
    brief_lock(&cache->lock);
    live->next = cache->live;
    live->link = &cache->live;
    if (live->next != NULL) {
        live->next->link = &live->next;
    }
    cache->live = live;
    brief_unlock(&cache->lock);
    return live + 1;
}

static void
put_checked(struct cache *cache, void *block)
{
    struct live_block *live = (struct live_block *)block - 1;

    brief_lock(&cache->lock);
    *live->link = live->next;
    if (live->next != NULL) {
        live->next->link = live->link;
    }
    brief_unlock(&cache->lock);
    free(live);
}

/* A block that was put back, or a new one. */
static void *
take_cached(struct context *context, struct cache *cache)
{
    struct cache_list *list = &cache->lists[context->cpu == NULL ? 0 : context->cpu->number + 1];
    void *block;

    if (context->cpu != NULL && list->first != NULL) {
        block = pop(list);
    } else {
        brief_lock(&cache->lock);
        if (list->first == NULL) {
            refill(cache, list);
        }
        block = pop(list);
        brief_unlock(&cache->lock);
    }
    return block != NULL ? block : malloc(cache->block_bytes);
}

void *
pndis__cache_take(struct context *context, struct cache *cache)
{
    void *block = cache->checked ? take_checked(cache) : take_cached(context, cache);

    if (block != NULL) {
        tally_out(cache->tally, context, 1);
    }
    return block;
}

void
pndis__cache_put(struct context *context, struct cache *cache, void *memory)
{
    struct cache_list *list = &cache->lists[context->cpu == NULL ? 0 : context->cpu->number + 1];
    struct free_block *block = memory;

    tally_back(cache->tally, context, 1);
    if (cache->checked) {
        put_checked(cache, memory);
        return;
    }
    if (context->cpu != NULL && list->count < LIST_LIMIT) {
        block->next = list->first;
        list->first = block;
        list->count++;
        return;
    }
    brief_lock(&cache->lock);
    block->next = list->first;
    list->first = block;
    list->count++;
    if (list->count > LIST_LIMIT) {
        spill(cache, list);
    }
    brief_unlock(&cache->lock);
}

void
pndis__cache_discard(struct cache *cache, void *block)
{
    if (cache->checked) {
        put_checked(cache, block);
    } else {
        free(block);
    }
}

uint64_t
pndis__cache_outstanding(const struct cache *cache)
{
    return pndis__tally_outstanding(cache->tally);
}

const void *
pndis__cache_oldest(struct cache *cache)
{
    const struct live_block *oldest;

    brief_lock(&cache->lock);
    oldest = cache->live;
    while (oldest != NULL && oldest->next != NULL) {
        oldest = oldest->next;
    }
    brief_unlock(&cache->lock);
    return oldest == NULL ? NULL : oldest + 1;
}
