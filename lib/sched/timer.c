/* A pairing heap of timers. See timer.h. */
#include "sched/timer.h"

#include <stddef.h>

static bool
before(const struct sched_timer *a, const struct sched_timer *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static struct sched_timer *
meld(struct sched_timer *a, struct sched_timer *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (before(b, a)) {
        struct sched_timer *swap = a;

        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child != NULL) {
        a->child->prev = b;
    }
    a->child = b;
    return a;
}

/* Join a list of siblings into one heap: left to right in pairs, then right to left. */
static struct sched_timer *
meld_pairs(struct sched_timer *first)
{
    struct sched_timer *pairs = NULL;
    struct sched_timer *heap = NULL;

    while (first != NULL) {
        struct sched_timer *second = first->next;
        struct sched_timer *rest = second == NULL ? NULL : second->next;
        struct sched_timer *pair;

        first->next = first->prev = NULL;
        if (second != NULL) {
            second->next = second->prev = NULL;
        }
        pair = meld(first, second);
        pair->next = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs != NULL) {
        struct sched_timer *rest = pairs->next;

        pairs->next = NULL;
        heap = meld(heap, pairs);
        pairs = rest;
    }
    return heap;
}

void
pndis__timer_queue_add(struct timer_queue *queue, struct sched_timer *timer, uint64_t due_ns)
{
    timer->due_ns = due_ns;
    timer->order = queue->armed_so_far++;
    timer->child = timer->next = timer->prev = NULL;
    timer->armed = true;
    queue->first = meld(queue->first, timer);
}

bool
pndis__timer_queue_remove(struct timer_queue *queue, struct sched_timer *timer)
{
    struct sched_timer *children;

    if (!timer->armed) {
        return false;
    }
    timer->armed = false;
    children = meld_pairs(timer->child);
    if (timer == queue->first) {
        queue->first = children;
        return true;
    }
    if (timer->prev->child == timer) {
        timer->prev->child = timer->next;
    } else {
        timer->prev->next = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->prev = timer->prev;
    }
    queue->first = meld(queue->first, children);
    return true;
}

struct sched_timer *
pndis__timer_queue_due(struct timer_queue *queue, uint64_t now_ns)
{
    struct sched_timer *first = queue->first;

    if (first == NULL || first->due_ns > now_ns) {
        return NULL;
    }
    pndis__timer_queue_remove(queue, first);
    return first;
}

uint64_t
pndis__timer_queue_next(const struct timer_queue *queue)
{
    return queue->first == NULL ? UINT64_MAX : queue->first->due_ns;
}
