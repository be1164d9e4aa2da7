/* Blocks of pool memory over malloc. See pool.h; the functions drivers call are in pool_ex.c. */
#include "nt/pool.h"

#include "nt/parts.h"
#include "nt/wait.h"
#include "nt/watch.h"

#include <pndis/error.h>
#include <stdlib.h>

enum {
    SHARD_COUNT = 64,
    FIRST_BUCKETS = 64,
    FREED_REMEMBERED = 32,
    GUARD_BYTES = 16,
    BLOCK_ALIGNMENT = 16,
    FRONT_GUARD = 0xfd,
    BACK_GUARD = 0xfe,
    FRESH_PATTERN = 0xcd,
    FREED_PATTERN = 0xdd,
    STRING_TAG = 0x67727453, /* 'Strg' */
};

/* In front of every block. Its size keeps the block aligned to 16 bytes. */
struct block {
    struct block *next; /* In the same bucket. */
    void *base;         /* What malloc gave. */
    size_t bytes;
    const void *caller;
    const char *call;
    uint32_t tag;
    uint8_t kind;
    bool accounted; /* On some owner's account. */
    bool retained;  /* Freed while something in it was in use; goes with the machine. */
    uint8_t guard[GUARD_BYTES] __attribute__((aligned(16))); /* Ends where the memory begins. */
};

_Static_assert(offsetof(struct block, guard) + GUARD_BYTES == sizeof(struct block) &&
                   sizeof(struct block) % BLOCK_ALIGNMENT == 0,
               "nothing lies between the guard and the memory");

struct freed {
    const void *memory;
    const void *caller;
    uint32_t tag;
};

/* Live blocks, divided by address so that processors rarely meet at one lock. */
struct shard {
    struct brief_lock lock;
    struct block **buckets;
    size_t bucket_count; /* A power of two. */
    size_t block_count;
    struct freed freed[FREED_REMEMBERED];
    unsigned freed_count;
} __attribute__((aligned(64)));

struct pool {
    struct pndis_machine *machine;
    bool fills;
    struct shard shards[SHARD_COUNT];
};

static void *
memory_of(struct block *block)
{
    return block + 1;
}

static struct block *
block_of(void *memory)
{
    return (struct block *)memory - 1;
}

static uint64_t
hash_of(const void *memory)
{
    return ((uintptr_t)memory >> 4) * 0x9e3779b97f4a7c15u;
}

static struct shard *
shard_of(struct pool *pool, const void *memory)
{
    return &pool->shards[hash_of(memory) >> 58];
}

static struct block **
bucket_of(struct shard *shard, const void *memory)
{
    return &shard->buckets[(hash_of(memory) >> 24) & (shard->bucket_count - 1)];
}

/* --- the table --- */

static void
grow(struct shard *shard)
{
    size_t old_count = shard->bucket_count;
    struct block **old = shard->buckets;
    struct block **grown = calloc(old_count * 4, sizeof(struct block *));

    if (grown == NULL) {
        return; /* Longer chains are slower, not wrong. */
    }
    shard->buckets = grown;
    shard->bucket_count = old_count * 4;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i] != NULL) {
            struct block *block = old[i];
            struct block **bucket = bucket_of(shard, memory_of(block));

            old[i] = block->next;
            block->next = *bucket;
            *bucket = block;
        }
    }
    free(old);
}

static void
table_add(struct pool *pool, struct block *block)
{
    struct shard *shard = shard_of(pool, memory_of(block));
    struct block **bucket;

    brief_lock(&shard->lock);
    if (++shard->block_count > shard->bucket_count * 2) {
        grow(shard);
    }
    bucket = bucket_of(shard, memory_of(block));
    block->next = *bucket;
    *bucket = block;
    brief_unlock(&shard->lock);
}

static struct block **
table_find(struct shard *shard, const void *memory)
{
    struct block **link = bucket_of(shard, memory);

    while (*link != NULL && memory_of(*link) != memory) {
        link = &(*link)->next;
    }
    return link;
}

/* Take the block at @memory off the table; NULL when there is none, or it counts as freed. */
static struct block *
table_remove(struct pool *pool, const void *memory, const void *caller)
{
    struct shard *shard = shard_of(pool, memory);
    struct block **link;
    struct block *block;

    brief_lock(&shard->lock);
    link = table_find(shard, memory);
    block = *link != NULL && !(*link)->retained ? *link : NULL;
    if (block != NULL) {
        *link = block->next;
        shard->block_count--;
        if (pool->fills) {
            shard->freed[shard->freed_count++ % FREED_REMEMBERED] =
                (struct freed){.memory = memory, .caller = caller, .tag = block->tag};
        }
    }
    brief_unlock(&shard->lock);
    return block;
}

int
pndis__pool_create(struct pndis_machine *machine)
{
    struct pool *pool = aligned_alloc(_Alignof(struct pool), sizeof(*pool));

    if (pool == NULL) {
        return PNDIS_ENOMEM;
    }
    memset(pool, 0, sizeof(*pool));
    machine->pool = pool;
    pool->machine = machine;
    pool->fills = !machine->options.without_ledger;
    for (unsigned i = 0; i < SHARD_COUNT; i++) {
        pool->shards[i].bucket_count = FIRST_BUCKETS;
        pool->shards[i].buckets = calloc(FIRST_BUCKETS, sizeof(struct block *));
        if (pool->shards[i].buckets == NULL) {
            pndis__pool_destroy(machine);
            return PNDIS_ENOMEM;
        }
    }
    return 0;
}

void
pndis__pool_destroy(struct pndis_machine *machine)
{
    struct pool *pool = machine->pool;

    for (unsigned i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &pool->shards[i];

        for (size_t j = 0; shard->buckets != NULL && j < shard->bucket_count; j++) {
            while (shard->buckets[j] != NULL) {
                struct block *block = shard->buckets[j];

                shard->buckets[j] = block->next;
                free(block->base);
            }
        }
        free(shard->buckets);
    }
    free(pool);
    machine->pool = NULL;
}

/* --- blocks --- */

/*
 * Where a block of @bytes can begin in @base: on its alignment, a page and more on a page boundary,
 * and less than a page within one page ("ExAllocatePool2 function").
 */
static struct block *
place(char *base, size_t bytes, size_t alignment)
{
    uintptr_t start = ALIGN_UP_BY((uintptr_t)base + sizeof(struct block), alignment);

    if (bytes >= PAGE_SIZE) {
        start = ROUND_TO_PAGES(start);
    } else if (bytes != 0 && start >> PAGE_SHIFT != (start + bytes - 1) >> PAGE_SHIFT) {
        start = ROUND_TO_PAGES(start);
    }
    return block_of((void *)start);
}

static struct block *
block_new(size_t bytes, size_t alignment)
{
    size_t total = sizeof(struct block) + bytes + GUARD_BYTES + alignment - BLOCK_ALIGNMENT;
    size_t slack = bytes >= PAGE_SIZE ? PAGE_SIZE : bytes;
    struct block *block;
    char *base;

    if (total + slack < bytes) {
        return NULL;
    }
    base = malloc(bytes >= PAGE_SIZE ? total + slack : total);
    if (base == NULL) {
        return NULL;
    }
    block = place(base, bytes, alignment);
    if (bytes < PAGE_SIZE && (char *)memory_of(block) + bytes + GUARD_BYTES > base + total) {
        /* It would cross a page: with as much again it need not. */
        free(base);
        base = malloc(total + slack);
        if (base == NULL) {
            return NULL;
        }
        block = place(base, bytes, alignment);
    }
    block->base = base;
    block->bytes = bytes;
    memset(block->guard, FRONT_GUARD, GUARD_BYTES);
    memset((char *)memory_of(block) + bytes, BACK_GUARD, GUARD_BYTES);
    return block;
}

/* Whether @guard still holds @byte everywhere. */
static bool
guard_is_intact(const uint8_t *guard, uint8_t byte)
{
    uint64_t expected = byte * 0x0101010101010101u;
    uint64_t halves[2];

    memcpy(halves, guard, sizeof(halves));
    return halves[0] == expected && halves[1] == expected;
}

static void
check_guards(struct context *context, struct block *block, const char *call, const void *caller)
{
    bool front = guard_is_intact(block->guard, FRONT_GUARD);
    bool back = guard_is_intact((uint8_t *)memory_of(block) + block->bytes, BACK_GUARD);

    if (front && back) {
        return;
    }
    pndis__report(context, RULE_POOL_CORRUPT, NULL, call, caller,
                  "the %s of a block of %zu bytes was overwritten; it came from %s",
                  back ? "memory in front" : "memory behind the end", block->bytes, block->call);
    memset(block->guard, FRONT_GUARD, GUARD_BYTES);
    memset((char *)memory_of(block) + block->bytes, BACK_GUARD, GUARD_BYTES);
}

static size_t
alignment_of(unsigned kind)
{
    return (kind & POOL_CACHE_ALIGNED) != 0 ? SYSTEM_CACHE_ALIGNMENT_SIZE : BLOCK_ALIGNMENT;
}

static struct block *
allocate(struct pool *pool, unsigned kind, size_t bytes, size_t alignment, ULONG tag,
         enum pool_fill fill)
{
    struct block *block = block_new(bytes, alignment);

    if (block == NULL) {
        return NULL;
    }
    block->tag = tag;
    block->kind = (uint8_t)kind;
    block->accounted = false;
    block->retained = false;
    if (fill == POOL_FILL_ZERO) {
        memset(memory_of(block), 0, bytes);
    } else if (pool->fills) {
        memset(memory_of(block), FRESH_PATTERN, bytes);
    }
    table_add(pool, block);
    return block;
}

static void
release(struct pool *pool, struct block *block)
{
    if (pool->fills) {
        memset(memory_of(block), FREED_PATTERN, block->bytes);
    }
    free(block->base);
}

/* --- for drivers --- */

static void
check_level(struct context *context, unsigned kind, const char *what, const char *call,
            const void *caller)
{
    if ((kind & POOL_PAGED) != 0 && context->irql >= DISPATCH_LEVEL) {
        pndis__report(context, RULE_POOL_IRQL, NULL, call, caller, "%s paged pool at IRQL %u", what,
                      context->irql);
    }
}

static void *
take(struct context *context, struct owner *owner, enum pool_kind kind, size_t bytes,
     size_t alignment, ULONG tag, enum pool_fill fill, const char *call, const void *caller)
{
    struct block *block;

    check_level(context, kind, "allocates", call, caller);
    if (pndis__fault(context)) {
        return NULL;
    }
    block = allocate(context->machine->pool, kind, bytes, alignment, tag, fill);
    if (block == NULL) {
        return NULL;
    }
    block->call = call;
    block->caller = caller;
    block->accounted = true;
    pndis__acquired(context, RESOURCE_MEMORY, memory_of(block), bytes, tag, owner, call, caller);
    return memory_of(block);
}

void *
pndis__pool_take_for(struct context *context, struct owner *owner, enum pool_kind kind,
                     size_t bytes, ULONG tag, enum pool_fill fill, const char *call,
                     const void *caller)
{
    return take(context, owner, kind, bytes, alignment_of(kind), tag, fill, call, caller);
}

void *
pndis__pool_take_aligned(struct context *context, size_t bytes, size_t alignment, ULONG tag,
                         const char *call, const void *caller)
{
    return take(context, NULL, POOL_NONPAGED, bytes, max(alignment, (size_t)BLOCK_ALIGNMENT), tag,
                POOL_FILL_PATTERN, call, caller);
}

static void
report_bad_free(struct context *context, const void *memory, const char *call, const void *caller)
{
    struct shard *shard = shard_of(context->machine->pool, memory);
    const void *freed_by = NULL;
    char place[160] = "";

    brief_lock(&shard->lock);
    for (unsigned i = 0; i < FREED_REMEMBERED; i++) {
        if (shard->freed[i].memory == memory && memory != NULL) {
            freed_by = shard->freed[i].caller;
        }
    }
    brief_unlock(&shard->lock);
    if (freed_by != NULL) {
        pndis__os_symbol_of(freed_by, place, sizeof(place));
    }
    pndis__report(context, RULE_POOL_FREE, NULL, call, caller, "%s%s",
                  freed_by != NULL ? "frees what was freed already, by "
                                   : "frees what is not allocated pool memory",
                  place);
}

/* Memory that the kernel still uses cannot go; it stays until the machine ends. */
static bool
retain_if_in_use(struct context *context, struct block *block, const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    const char *what = pndis__watch_find(machine, memory_of(block), block->bytes);

    if (what == NULL && pndis__dpc_queued_in(machine, memory_of(block), block->bytes) != NULL) {
        what = "a DPC that is still queued";
    }
    if (what == NULL && pndis__mutex_owned_in(context, memory_of(block), block->bytes)) {
        what = "a mutex that the thread owns";
    }
    if (what == NULL) {
        return false;
    }
    pndis__report(context, RULE_POOL_ACTIVE, NULL, call, caller,
                  "a block of %zu bytes holds %s; it came from %s", block->bytes, what,
                  block->call);
    block->retained = true;
    table_add(machine->pool, block);
    return true;
}

static void
check_tag(struct context *context, const struct block *block, ULONG tag, const char *call,
          const void *caller)
{
    if (tag != 0 && block->tag != 0 && tag != block->tag) {
        pndis__report(context, RULE_POOL_TAG, NULL, call, caller,
                      "memory with tag 0x%08x is freed with tag 0x%08x", block->tag, tag);
    }
}

void
pndis__pool_give(struct context *context, void *memory, ULONG tag, const char *call,
                 const void *caller)
{
    struct pool *pool = context->machine->pool;
    struct block *block = table_remove(pool, memory, caller);

    if (block == NULL) {
        report_bad_free(context, memory, call, caller);
        return;
    }
    if (block->accounted) {
        pndis__released(context, RESOURCE_MEMORY, memory, call);
    }
    check_guards(context, block, call, caller);
    check_tag(context, block, tag, call, caller);
    check_level(context, block->kind, "frees", call, caller);
    if (!retain_if_in_use(context, block, call, caller)) {
        release(pool, block);
    }
}

void *
pndis__string_allocate(struct context *context, size_t bytes, const char *call, const void *caller)
{
    return pndis__pool_take(context, POOL_PAGED, bytes, STRING_TAG, POOL_FILL_PATTERN, call,
                            caller);
}

/* --- for pndis itself --- */

void *
pndis__pool_allocate(struct pndis_machine *machine, size_t bytes)
{
    struct block *block = allocate(machine->pool, POOL_NONPAGED, bytes, alignment_of(POOL_NONPAGED),
                                   0, POOL_FILL_ZERO);

    if (block == NULL) {
        return NULL;
    }
    block->call = "NDIS";
    block->caller = NULL;
    return memory_of(block);
}

void
pndis__pool_free(struct pndis_machine *machine, void *memory)
{
    struct context *context = context_current();
    struct block *block;

    if (memory == NULL) {
        return;
    }
    /* A driver's block that pndis frees by contract (a restart attribute) is checked like any. */
    if (context != NULL && context->machine == machine) {
        pndis__pool_give(context, memory, 0, "NDIS", NULL);
        return;
    }
    block = table_remove(machine->pool, memory, NULL);
    if (block != NULL) {
        release(machine->pool, block);
    }
}

bool
pndis__pool_owns(struct pndis_machine *machine, const void *memory, size_t *out_bytes)
{
    struct shard *shard = shard_of(machine->pool, memory);
    const struct block *block;
    bool owns;

    brief_lock(&shard->lock);
    block = *table_find(shard, memory);
    owns = block != NULL && !block->retained;
    if (owns && out_bytes != NULL) {
        *out_bytes = block->bytes;
    }
    brief_unlock(&shard->lock);
    return owns;
}

ULONG
pndis__pool_tag_of(struct pndis_machine *machine, const void *memory)
{
    struct shard *shard = shard_of(machine->pool, memory);
    const struct block *block;
    ULONG tag;

    brief_lock(&shard->lock);
    block = *table_find(shard, memory);
    tag = block != NULL && !block->retained ? block->tag : 0;
    brief_unlock(&shard->lock);
    return tag;
}

/* The machine is quiet: no driver is left that could allocate or free meanwhile. */
void
pndis__pool_check(struct context *context)
{
    struct pool *pool = context->machine->pool;

    for (unsigned i = 0; i < SHARD_COUNT; i++) {
        for (size_t j = 0; j < pool->shards[i].bucket_count; j++) {
            for (struct block *at = pool->shards[i].buckets[j]; at != NULL; at = at->next) {
                check_guards(context, at, at->call, at->caller);
            }
        }
    }
}
