/*
 * Pool memory, as the files of lib/nt and lib/ndis allocate it for drivers.
 *
 * A block lies between two guards that are checked when it is freed and when the machine ends. Live
 * blocks are in a table by address, so that a block that is freed twice, or never was one, is known
 * without touching it.
 */
#ifndef PNDIS_LIB_NT_POOL_H
#define PNDIS_LIB_NT_POOL_H

#include "nt/nt.h"

/* Or-ed together. */
enum pool_kind {
    POOL_NONPAGED = 0,
    POOL_PAGED = 1,
    POOL_CACHE_ALIGNED = 2,
};

enum pool_fill {
    POOL_FILL_PATTERN, /* Uninitialised memory: a pattern that is neither zero nor a pointer. */
    POOL_FILL_ZERO,
};

/*
 * Allocate for @owner (NULL: whoever is running) and put it on its account; @call and @caller go
 * into reports. NULL for want of memory or by an injected failure. A @tag of zero is for memory
 * that is freed without a tag.
 */
void *pndis__pool_take_for(struct context *context, struct owner *owner, enum pool_kind kind,
                           size_t bytes, ULONG tag, enum pool_fill fill, const char *call,
                           const void *caller);

static inline void *
pndis__pool_take(struct context *context, enum pool_kind kind, size_t bytes, ULONG tag,
                 enum pool_fill fill, const char *call, const void *caller)
{
    return pndis__pool_take_for(context, NULL, kind, bytes, tag, fill, call, caller);
}

/* Nonpaged memory that is not initialised, at a multiple of @alignment, a power of two. */
void *pndis__pool_take_aligned(struct context *context, size_t bytes, size_t alignment, ULONG tag,
                               const char *call, const void *caller);

/* Free what pndis__pool_take() gave. A @tag of zero fits any; misuse is reported and has no effect.
 */
void pndis__pool_give(struct context *context, void *memory, ULONG tag, const char *call,
                      const void *caller);

/* The tag of a live block; 0 for any other pointer. */
ULONG pndis__pool_tag_of(struct pndis_machine *machine, const void *memory);

/* Paged memory for text that the kernel allocates on behalf of a driver. */
void *pndis__string_allocate(struct context *context, size_t bytes, const char *call,
                             const void *caller);

/* Check the guards of every live block, as when the machine ends. */
void pndis__pool_check(struct context *context);

#endif
