/*
 * Caches of equal blocks, for what comes and goes with every frame.
 *
 * Whoever holds a processor takes and puts on that processor's own list, without a lock; full lists
 * move half of their blocks to a shared one. In a checked cache every block comes from malloc and
 * goes back to it at once, so that a sanitizer sees late uses, and blocks that nobody put back go
 * with the cache.
 */
#ifndef PNDIS_LIB_NDIS_CACHE_H
#define PNDIS_LIB_NDIS_CACHE_H

#include "nt/nt.h"

struct cache;

/* NULL for want of memory. @dispose frees what belongs to a block that was never put back. */
struct cache *pndis__cache_create(struct pndis_machine *machine, size_t block_bytes, bool checked,
                                  void (*dispose)(void *block));
/* NULL is accepted. */
void pndis__cache_destroy(struct cache *cache);
/* A block of 16-byte alignment with undefined content; NULL for want of memory. */
void *pndis__cache_take(struct context *context, struct cache *cache);
void pndis__cache_put(struct context *context, struct cache *cache, void *block);
/* Free a block of a cache that is about to be destroyed. */
void pndis__cache_discard(struct cache *cache, void *block);
/* Blocks taken and not put back. */
uint64_t pndis__cache_outstanding(const struct cache *cache);
/* Of a checked cache: the address of the one among them that was taken first, or NULL. */
const void *pndis__cache_oldest(struct cache *cache);

#endif
