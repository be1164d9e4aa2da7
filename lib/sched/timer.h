/*
 * The queue of everything that is due at some time: a pairing heap, ordered by due time and then by
 * the order of arming, so that equal times expire first come, first served.
 * Callers hold the scheduler's dispatcher lock.
 */
#ifndef PNDIS_LIB_SCHED_TIMER_H
#define PNDIS_LIB_SCHED_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct sched_timer {
    uint64_t due_ns;
    uint64_t order;
    struct sched_timer *child;
    struct sched_timer *next;
    struct sched_timer *prev; /* Previous sibling, or the parent of a first child. */
    bool armed;
    /* Called with the dispatcher lock held, when the timer is no longer armed. Must not block. */
    void (*expire)(struct sched_timer *timer);
};

struct timer_queue {
    struct sched_timer *first;
    uint64_t armed_so_far;
};

void pndis__timer_queue_add(struct timer_queue *queue, struct sched_timer *timer, uint64_t due_ns);
/* Returns whether it was armed. */
bool pndis__timer_queue_remove(struct timer_queue *queue, struct sched_timer *timer);
/* The first timer that is due at @now_ns, taken off the queue; NULL when there is none. */
struct sched_timer *pndis__timer_queue_due(struct timer_queue *queue, uint64_t now_ns);
/* When the first is due; UINT64_MAX when the queue is empty. */
uint64_t pndis__timer_queue_next(const struct timer_queue *queue);

#endif
