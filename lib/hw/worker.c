/*
 * Who does the device's work. On live a host thread per queue pair, its own or shared with other
 * nics, which polls while there is something to move and sleeps when there is not. On sim a DPC of
 * the machine, queued when something happens and by a timer when the backend has something later.
 * Polled nics have neither.
 */
#include "hw/nic.h"

#include <pndis/error.h>
#include <stdio.h>
#include <stdlib.h>

/* sim: a backend that is due and gave nothing is asked again after this. */
static const uint64_t retry_ns = 1000;

/* live: a thread, and the pairs of one or several nics that it serves. */
struct crew {
    struct os_thread thread;
    struct os_event event;
    struct pndis_machine *machine;
    uint32_t woken;
    uint32_t asleep;
    uint32_t stopping;
    /* The thread stands still while its pairs are changed. */
    uint32_t hold;
    uint32_t held;
    struct pair *pairs[PNDIS_NIC_SHARE_LIMIT];
    unsigned count;
    uint32_t workers; /* Atomic: who may wake it. The last one frees it. */
};

/* What a pair has. */
struct worker {
    struct pair *pair;
    bool stopped;
    struct crew *crew; /* live */

    /* sim */
    KDPC dpc;
    struct sched_timer timer;
};

/* Move what can be moved; returns how many frames. */
static unsigned
step(struct pair *pair)
{
    unsigned moved = pndis__nic_receive(pair);

    if (__atomic_load_n(&pair->blocked, __ATOMIC_ACQUIRE) != 0) {
        moved += pndis__nic_transmit(pair);
    }
    return moved;
}

/* Whether frames could be received now if the backend had some. */
static bool
is_listening(const struct pair *pair)
{
    const struct pndis_nic *nic = pair->nic;

    return nic_is_live(nic) && nic->backend->ops->receive != NULL &&
           __atomic_load_n(&pair->receive->enabled, __ATOMIC_RELAXED) &&
           pair->index < __atomic_load_n(&nic->pairs_used, __ATOMIC_RELAXED) &&
           __atomic_load_n(&pair->starved, __ATOMIC_SEQ_CST) == 0;
}

static uint64_t
due_ns(struct pair *pair)
{
    struct pndis_backend *backend = pair->nic->backend;

    return backend->ops->due_ns == NULL || !is_listening(pair)
               ? UINT64_MAX
               : backend->ops->due_ns(backend, pair->index);
}

/* --- live --- */

static struct os_watch
watch_of(struct pair *pair)
{
    struct pndis_backend *backend = pair->nic->backend;
    struct os_watch watch = {-1, 0};

    if (backend->ops->descriptor != NULL) {
        watch.wanted |= is_listening(pair) ? OS_READABLE : 0;
        watch.wanted |= __atomic_load_n(&pair->blocked, __ATOMIC_ACQUIRE) != 0 ? OS_WRITABLE : 0;
        watch.descriptor = watch.wanted == 0 ? -1 : backend->ops->descriptor(backend, pair->index);
    }
    return watch;
}

static void
rest(struct crew *crew)
{
    struct os_watch watches[PNDIS_NIC_SHARE_LIMIT];
    uint64_t due = UINT64_MAX;

    for (unsigned i = 0; i < crew->count; i++) {
        watches[i] = watch_of(crew->pairs[i]);
        due = min(due, due_ns(crew->pairs[i]));
    }
    __atomic_store_n(&crew->asleep, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&crew->woken, __ATOMIC_SEQ_CST) == 0) {
        pndis__os_event_wait(&crew->event, watches, crew->count, due);
    }
    __atomic_store_n(&crew->asleep, 0, __ATOMIC_SEQ_CST);
}

static void
stand_still(struct crew *crew)
{
    __atomic_store_n(&crew->held, 1, __ATOMIC_SEQ_CST);
    pndis__os_wake(&crew->held, 1);
    while (__atomic_load_n(&crew->hold, __ATOMIC_SEQ_CST) != 0) {
        pndis__os_wait(&crew->hold, 1, OS_FOREVER);
    }
    __atomic_store_n(&crew->held, 0, __ATOMIC_SEQ_CST);
}

static void
thread_main(void *user)
{
    struct crew *crew = user;
    struct host_call call;

    if (pndis__host_enter(crew->machine, &call) != 0) {
        return;
    }
    while (__atomic_load_n(&crew->stopping, __ATOMIC_ACQUIRE) == 0) {
        unsigned moved = 0;

        __atomic_store_n(&crew->woken, 0, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&crew->hold, __ATOMIC_SEQ_CST) != 0) {
            stand_still(crew);
        }
        for (unsigned i = 0; i < crew->count; i++) {
            moved += step(crew->pairs[i]);
        }
        if (moved == 0) {
            rest(crew);
        }
    }
    pndis__host_leave(&call);
}

static void
wake_crew(struct crew *crew)
{
    __atomic_store_n(&crew->woken, 1, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&crew->asleep, 0, __ATOMIC_SEQ_CST) != 0) {
        pndis__os_event_signal(&crew->event);
    }
}

/* The thread stands still from now until release(). Of two callers one waits for the other. */
static void
hold(struct crew *crew)
{
    uint32_t nobody = 0;

    while (!__atomic_compare_exchange_n(&crew->hold, &nobody, 1, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
        nobody = 0;
        pndis__os_yield();
    }
    wake_crew(crew);
    while (__atomic_load_n(&crew->held, __ATOMIC_SEQ_CST) == 0) {
        pndis__os_wait(&crew->held, 0, OS_FOREVER);
    }
}

/* The thread says that it moves again before another can hold it. */
static void
release(struct crew *crew)
{
    __atomic_store_n(&crew->hold, 0, __ATOMIC_SEQ_CST);
    pndis__os_wake(&crew->hold, 1);
    while (__atomic_load_n(&crew->held, __ATOMIC_SEQ_CST) != 0) {
        pndis__os_yield();
    }
}

static int
join_crew(struct worker *worker, struct crew *crew)
{
    bool joined = false;

    hold(crew);
    if (crew->count < PNDIS_NIC_SHARE_LIMIT) {
        crew->pairs[crew->count++] = worker->pair;
        __atomic_fetch_add(&crew->workers, 1, __ATOMIC_RELAXED);
        joined = true;
    }
    release(crew);
    if (!joined) {
        return pndis__fail(PNDIS_ELIMIT, "at most %d nics share their threads",
                           PNDIS_NIC_SHARE_LIMIT);
    }
    worker->crew = crew;
    return 0;
}

static int
start_crew(struct worker *worker)
{
    struct crew *crew = calloc(1, sizeof(*crew));
    char name[16];

    if (crew == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a nic");
    }
    if (pndis__os_event_init(&crew->event) != 0) {
        free(crew);
        return pndis__fail(PNDIS_EIO, "the host has no more descriptors for an event");
    }
    crew->machine = worker->pair->nic->machine;
    crew->pairs[crew->count++] = worker->pair;
    crew->workers = 1;
    snprintf(name, sizeof(name), "nic queue %u", worker->pair->index);
    if (pndis__os_thread_start(&crew->thread, name, thread_main, crew) != 0) {
        pndis__os_event_fini(&crew->event);
        free(crew);
        return pndis__fail(PNDIS_ENOMEM, "the host has no more threads for a queue");
    }
    worker->crew = crew;
    return 0;
}

static int
start_live(struct worker *worker)
{
    const struct pndis_nic *nic = worker->pair->nic;
    const struct pndis_nic *host = nic->options.share_threads;
    unsigned index = worker->pair->index;

    return host != NULL && index < host->pair_count && host->pairs[index].worker != NULL
               ? join_crew(worker, host->pairs[index].worker->crew)
               : start_crew(worker);
}

static void
leave_crew(struct worker *worker)
{
    struct crew *crew = worker->crew;
    unsigned left = 0;
    bool last;

    hold(crew);
    for (unsigned i = 0; i < crew->count; i++) {
        if (crew->pairs[i] != worker->pair) {
            crew->pairs[left++] = crew->pairs[i];
        }
    }
    crew->count = left;
    last = left == 0;
    __atomic_store_n(&crew->stopping, last, __ATOMIC_RELEASE);
    release(crew);
    if (last) {
        wake_crew(crew);
        pndis__os_thread_join(&crew->thread);
    }
}

static void
forget_crew(struct crew *crew)
{
    if (__atomic_sub_fetch(&crew->workers, 1, __ATOMIC_ACQ_REL) == 0) {
        pndis__os_event_fini(&crew->event);
        free(crew);
    }
}

/* --- sim --- */

static void
run_dpc(struct _KDPC *dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct worker *worker = deferred_context;
    struct context *context = context_current();
    struct sched *sched = context->sched;
    uint64_t due;

    (void)argument1;
    (void)argument2;
    if (step(worker->pair) != 0) {
        pndis__dpc_insert(context, dpc, NULL, NULL);
        return;
    }
    due = due_ns(worker->pair);
    pndis__lock(sched);
    pndis__timer_disarm(sched, &worker->timer);
    if (due != UINT64_MAX) {
        pndis__timer_arm(sched, &worker->timer, max(due, pndis__now_ns(sched) + retry_ns));
    }
    pndis__unlock(sched);
}

static struct processor *
processor_for(const struct worker *worker)
{
    struct pndis_machine *machine = worker->pair->nic->machine;

    return &machine->processors[worker->pair->index % machine->processor_count];
}

static void
expire(struct sched_timer *timer)
{
    struct worker *worker = CONTAINING_RECORD(timer, struct worker, timer);

    pndis__dpc_insert_locked(processor_for(worker), &worker->dpc);
}

static void
wake_dpc(struct worker *worker)
{
    struct host_call call;

    if (!worker->stopped && pndis__host_enter(worker->pair->nic->machine, &call) == 0) {
        pndis__dpc_insert(context_current(), &worker->dpc, NULL, NULL);
        pndis__host_leave(&call);
    }
}

static int
start_dpc(struct worker *worker)
{
    struct host_call call;
    int result = pndis__host_enter(worker->pair->nic->machine, &call);

    if (result == 0) {
        KeInitializeDpc(&worker->dpc, run_dpc, worker);
        KeSetTargetProcessorDpc(&worker->dpc, (CCHAR)processor_for(worker)->cpu.number);
        worker->timer.expire = expire;
        pndis__host_leave(&call);
    }
    return result;
}

static void
stop_dpc(struct worker *worker)
{
    struct pndis_machine *machine = worker->pair->nic->machine;

    pndis__lock(machine->sched);
    pndis__timer_disarm(machine->sched, &worker->timer);
    pndis__unlock(machine->sched);
    pndis__dpc_remove(machine, &worker->dpc);
}

/* --- all of them --- */

static bool
is_sim(const struct pndis_nic *nic)
{
    return nic->machine->options.scheduler == PNDIS_SIM;
}

static bool
is_polled(const struct pndis_nic *nic)
{
    return (nic->options.flags & PNDIS_NIC_POLLED) != 0;
}

void
pndis__worker_wake(struct pair *pair)
{
    struct worker *worker = __atomic_load_n(&pair->worker, __ATOMIC_ACQUIRE);

    if (worker == NULL) {
        return; /* Polled, or not started yet. */
    }
    if (is_sim(pair->nic)) {
        wake_dpc(worker);
    } else {
        wake_crew(worker->crew);
    }
}

int
pndis__workers_start(struct pndis_nic *nic)
{
    int result = 0;

    for (unsigned i = 0; i < nic->pair_count && result == 0 && !is_polled(nic); i++) {
        struct worker *worker = calloc(1, sizeof(*worker));

        if (worker == NULL) {
            return pndis__fail(PNDIS_ENOMEM, "no memory for a nic");
        }
        worker->pair = &nic->pairs[i];
        result = is_sim(nic) ? start_dpc(worker) : start_live(worker);
        if (result != 0) {
            free(worker);
        } else {
            __atomic_store_n(&nic->pairs[i].worker, worker, __ATOMIC_RELEASE);
        }
    }
    nic->options.share_threads = NULL;
    return result;
}

static void
stop_worker(struct worker *worker, bool sim)
{
    worker->stopped = true;
    if (sim) {
        stop_dpc(worker);
    } else {
        leave_crew(worker);
    }
}

void
pndis__workers_stop(struct pndis_nic *nic)
{
    for (unsigned i = 0; nic->pairs != NULL && i < nic->pair_count; i++) {
        if (nic->pairs[i].worker != NULL && !nic->pairs[i].worker->stopped) {
            stop_worker(nic->pairs[i].worker, is_sim(nic));
        }
    }
}

void
pndis__workers_free(struct pndis_nic *nic)
{
    for (unsigned i = 0; nic->pairs != NULL && i < nic->pair_count; i++) {
        struct worker *worker = nic->pairs[i].worker;

        if (worker != NULL && worker->crew != NULL) {
            forget_crew(worker->crew);
        }
        free(worker);
        nic->pairs[i].worker = NULL;
    }
}

int
pndis_nic_poll(struct pndis_nic *nic)
{
    struct host_call call;
    unsigned moved = 0;
    int result;

    if (!is_sim(nic) && !is_polled(nic)) {
        return pndis__fail(PNDIS_EBADSTATE, "the nic has threads that do its work");
    }
    result = pndis__host_enter(nic->machine, &call);
    if (result != 0) {
        return result;
    }
    for (unsigned i = 0; i < nic->pair_count; i++) {
        moved += step(&nic->pairs[i]);
    }
    pndis__host_leave(&call);
    return (int)moved;
}
