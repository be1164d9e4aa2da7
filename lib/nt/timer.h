/*
 * Timers of drivers on the scheduler's queue.
 *
 * A KTIMER has 64 bytes, too few for the links of the queue. While it is set it has a companion,
 * which TimerListEntry.Flink points to; a timer that is not set has none, so nothing is left behind
 * by a driver that never heard of uninitialising a timer.
 */
#ifndef PNDIS_LIB_NT_TIMER_H
#define PNDIS_LIB_NT_TIMER_H

#include "nt/nt.h"

int pndis__timers_create(struct pndis_machine *machine);
void pndis__timers_destroy(struct pndis_machine *machine);

struct timer_setting {
    uint64_t due_ns;    /* Of the machine's clock; 0: at once. */
    uint64_t period_ns; /* 0: once. */
    KDPC *dpc;          /* May be NULL. */
    uint32_t *pending;  /* Counted up for each time the DPC is queued; may be NULL. */
};

/* Set @timer, whether it is set or not; returns whether it was. */
bool pndis__timer_set(struct context *context, KTIMER *timer, const struct timer_setting *setting,
                      const char *call, const void *caller);
/* Returns whether it was set. */
bool pndis__timer_cancel(struct context *context, KTIMER *timer, const char *call);
/* Cancel every timer that was set by @driver or something of it, which is about to go. */
void pndis__timers_cancel_of(struct context *context, const struct owner *driver);

#endif
