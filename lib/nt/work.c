/*
 * The work queue of a machine and its worker threads, which start when they are first needed: two,
 * and another whenever all are at work and more is queued, for work may wait for other work. NDIS'
 * own work and drivers' work items (work_item.c) are the same to it.
 */
#include "nt/nt.h"

#include "nt/parts.h"
#include "nt/wait.h"

#include <pndis/error.h>
#include <stdlib.h>

enum { WORKERS_AT_FIRST = 2, WORKER_LIMIT = 32 };

struct worker {
    struct work_queue *queue;
    struct thread *thread;
    uint64_t ticket; /* Of the work that it does; 0: none. */
};

/* Guarded by the dispatcher lock, but for started. */
struct work_queue {
    struct pndis_machine *machine;
    struct work *first;
    struct work *last;
    uint64_t tickets;
    uint32_t started;
    unsigned worker_count;
    bool stopping;
    KSEMAPHORE
    available;       /* One for each work in the queue, and one for each worker when stopping. */
    KEVENT progress; /* Set whenever some work has been done. */
    struct worker workers[WORKER_LIMIT];
};

int
pndis__work_queue_create(struct pndis_machine *machine)
{
    struct work_queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL) {
        return PNDIS_ENOMEM;
    }
    queue->machine = machine;
    pndis__header_init(&queue->available.Header, KIND_SEMAPHORE, sizeof(KSEMAPHORE), 0);
    queue->available.Limit = MAXLONG;
    pndis__header_init(&queue->progress.Header, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    machine->work_queue = queue;
    return 0;
}

void
pndis__work_queue_destroy(struct pndis_machine *machine)
{
    free(machine->work_queue);
}

/* --- doing it --- */

static void
signal_locked(struct work_queue *queue, LONG count)
{
    set_state(&queue->available.Header, state_of(&queue->available.Header) + count);
    pndis__wake_waiters_locked(queue->machine, &queue->available.Header);
}

static void worker_main(struct context *context, void *user);

static void
start_worker(struct work_queue *queue, struct worker *worker)
{
    worker->queue = queue;
    worker->thread = pndis__thread_start(queue->machine, "worker", worker_main, worker);
    if (worker->thread == NULL) {
        pndis__os_report("pndis: no memory for the system worker threads\n");
        pndis__os_die();
    }
}

/* Under the lock: one more worker to start if there is work and nobody to do it, else NULL. */
static struct worker *
another_locked(struct work_queue *queue)
{
    if (queue->first == NULL || queue->worker_count < WORKERS_AT_FIRST ||
        queue->worker_count == WORKER_LIMIT) {
        return NULL;
    }
    for (unsigned i = 0; i < queue->worker_count; i++) {
        if (queue->workers[i].ticket == 0) {
            return NULL;
        }
    }
    return &queue->workers[queue->worker_count++];
}

/* The next work, or NULL when there is none left and the queue stops. */
static struct work *
take(struct context *context, struct worker *worker)
{
    struct work_queue *queue = worker->queue;
    struct worker *another;
    struct work *work;
    bool stopping;

    do {
        pndis__wait_one(context, &queue->available.Header, SCHED_FOREVER);
        pndis__lock(context->sched);
        stopping = queue->stopping;
        work = queue->first;
        if (work != NULL) {
            queue->first = work->next;
            queue->last = queue->first == NULL ? NULL : queue->last;
            worker->ticket = work->ticket;
        }
        another = another_locked(queue);
        pndis__unlock(context->sched);
        if (another != NULL) {
            start_worker(queue, another);
        }
        /* It may have been cancelled between waking and looking. */
    } while (work == NULL && !stopping);
    return work;
}

static void
worker_main(struct context *context, void *user)
{
    struct worker *worker = user;
    struct work *work;

    while ((work = take(context, worker)) != NULL) {
        /* From here on it may be queued again, by its own routine too. */
        __atomic_store_n(&work->queued, 0, __ATOMIC_SEQ_CST);
        PROBE(context, RUN, .name = "work item", .owner = work->owner);
        work->routine(context, work);
        pndis__lock(context->sched);
        worker->ticket = 0;
        set_state(&worker->queue->progress.Header, 1);
        pndis__wake_waiters_locked(context->machine, &worker->queue->progress.Header);
        pndis__unlock(context->sched);
    }
}

static void
start_workers(struct work_queue *queue)
{
    uint32_t not_started = 0;

    if (!__atomic_compare_exchange_n(&queue->started, &not_started, 1, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        return;
    }
    for (unsigned i = 0; i < WORKERS_AT_FIRST; i++) {
        start_worker(queue, &queue->workers[i]);
    }
    pndis__lock(queue->machine->sched);
    queue->worker_count = WORKERS_AT_FIRST;
    pndis__unlock(queue->machine->sched);
}

/* --- asking for it --- */

bool
pndis__work_queue(struct pndis_machine *machine, struct work *work)
{
    struct work_queue *queue = machine->work_queue;
    struct worker *another;

    if (__atomic_exchange_n(&work->queued, 1, __ATOMIC_SEQ_CST) != 0) {
        return false;
    }
    if (__atomic_load_n(&queue->started, __ATOMIC_RELAXED) == 0) {
        start_workers(queue);
    }
    work->next = NULL;
    pndis__lock(machine->sched);
    work->ticket = ++queue->tickets;
    if (queue->last == NULL) {
        queue->first = work;
    } else {
        queue->last->next = work;
    }
    queue->last = work;
    signal_locked(queue, 1);
    another = another_locked(queue);
    pndis__unlock(machine->sched);
    if (another != NULL) {
        start_worker(queue, another);
    }
    return true;
}

bool
pndis__work_cancel(struct pndis_machine *machine, struct work *work)
{
    struct work_queue *queue = machine->work_queue;
    struct work *before = NULL;
    struct work *at;

    pndis__lock(machine->sched);
    for (at = queue->first; at != NULL && at != work; at = at->next) {
        before = at;
    }
    if (at != NULL) {
        if (before == NULL) {
            queue->first = work->next;
        } else {
            before->next = work->next;
        }
        queue->last = queue->last == work ? before : queue->last;
        if (state_of(&queue->available.Header) > 0) {
            set_state(&queue->available.Header, state_of(&queue->available.Header) - 1);
        }
        __atomic_store_n(&work->queued, 0, __ATOMIC_SEQ_CST);
    }
    pndis__unlock(machine->sched);
    return at != NULL;
}

/* Under the lock: whether everything up to @ticket has been done. */
static bool
is_done_locked(const struct work_queue *queue, uint64_t ticket)
{
    bool done = queue->first == NULL || queue->first->ticket > ticket;

    for (unsigned i = 0; i < queue->worker_count; i++) {
        uint64_t doing = queue->workers[i].ticket;

        done = done && (doing == 0 || doing > ticket);
    }
    return done;
}

void
pndis__work_flush(struct context *context)
{
    struct work_queue *queue = context->machine->work_queue;
    uint64_t ticket;
    bool done;

    pndis__lock(context->sched);
    ticket = queue->tickets;
    pndis__unlock(context->sched);
    do {
        pndis__lock(context->sched);
        done = is_done_locked(queue, ticket);
        if (!done) {
            set_state(&queue->progress.Header, 0);
        }
        pndis__unlock(context->sched);
    } while (!done && pndis__wait(context, &queue->progress, SCHED_FOREVER, false) == SLEEP_WOKEN);
}

void
pndis__work_stop(struct context *context)
{
    struct work_queue *queue = context->machine->work_queue;

    if (queue->started == 0) {
        return;
    }
    pndis__work_flush(context);
    pndis__lock(context->sched);
    queue->stopping = true;
    signal_locked(queue, (LONG)queue->worker_count);
    pndis__unlock(context->sched);
    for (unsigned i = 0; i < queue->worker_count; i++) {
        pndis__thread_join(context, queue->workers[i].thread);
    }
    queue->started = 0;
}
