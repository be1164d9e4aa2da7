/* Which spin locks a context holds: so many that leaving one behind can be named and undone. */
#ifndef PNDIS_LIB_NT_SPINLOCK_H
#define PNDIS_LIB_NT_SPINLOCK_H

#include "nt/nt.h"

/* Low bits of a remembered EX_SPIN_LOCK, which has no word for its owner. */
enum { RW_SHARED = 1, RW_EXCLUSIVE = 2, RW_TAGS = 3 };

static inline void
pndis__lock_remember(struct context *context, const void *lock)
{
    if (context->locks_held < LOCKS_REMEMBERED) {
        context->locks[context->locks_held] = lock;
    }
    context->locks_held++;
}

void pndis__lock_forget(struct context *context, const void *lock);
bool pndis__lock_is_held(const struct context *context, const void *lock);

/* Release the EX_SPIN_LOCK remembered as @tagged. */
void pndis__rw_spin_abandon(struct context *context, const void *tagged);

#endif
