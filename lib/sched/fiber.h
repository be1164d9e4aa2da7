/*
 * Fibers: stacks that one host thread switches between. Used by the sim scheduler only.
 * The host thread's own stack takes part as a fiber without a mapping.
 */
#ifndef PNDIS_LIB_SCHED_FIBER_H
#define PNDIS_LIB_SCHED_FIBER_H

#include <stddef.h>

struct fiber;

/* A fiber that will run @entry(@user) when first switched to; @entry never returns. NULL: no
 * memory. */
struct fiber *pndis__fiber_create(size_t stack_bytes, void (*entry)(void *user), void *user);
/* The calling host thread's own stack. */
struct fiber *pndis__fiber_of_thread(void);
/* Another host thread may be calling now: forget where the stack is. */
void pndis__fiber_rebind(struct fiber *fiber);
/* The fiber is not running. NULL is accepted. */
void pndis__fiber_destroy(struct fiber *fiber);
/* Leave @from, which is the running fiber, and go on in @to. */
void pndis__fiber_switch(struct fiber *from, struct fiber *to);

#endif
