/* Caches of equal blocks. See cache.h. */
#include "ndis/cache.h"

#include "ndis/tally.h"

#include <stdlib.h>

enum { LIST_LIMIT = 512, MOVED_AT_ONCE = 256 };

struct free_block {
    struct free_block *next;
    struct free_block *next_batch; /* On the shared list: the first block of the next batch. */
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
    struct brief_lock lock; /* Guards @shared and list 0. */
    struct free_block *shared;
    struct cache_list lists[];
};

struct cache *
pndis__cache_create(struct pndis_machine *machine, size_t block_bytes, bool checked)
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

void
pndis__cache_destroy(struct cache *cache)
{
    if (cache == NULL) {
        return;
    }
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

void *
pndis__cache_take(struct context *context, struct cache *cache)
{
    struct cache_list *list = &cache->lists[context->cpu == NULL ? 0 : context->cpu->number + 1];
    void *block = NULL;

    if (!cache->checked) {
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
    }
    if (block == NULL) {
        block = malloc(cache->block_bytes);
    }
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
        free(block);
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

uint64_t
pndis__cache_outstanding(const struct cache *cache)
{
    return pndis__tally_outstanding(cache->tally);
}
