/* Timers ("Timer Objects and DPCs"). See timer.h. They expire on time, not at the next clock tick.
 */
#include "nt/timer.h"

#include "nt/dpc.h"
#include "nt/wait.h"
#include "nt/watch.h"

#include <pndis/error.h>
#include <stdlib.h>

static const uint64_t ns_per_ms = 1000000;

/* What a KTIMER has while it is set. */
struct companion {
    struct sched_timer timer;
    struct pndis_machine *machine;
    KTIMER *ktimer;
    struct owner *owner;         /* The driver that set it. */
    struct processor *processor; /* Where it was set; its DPC runs there as on Windows. */
    uint64_t period_ns;
    uint32_t *pending;
    struct watched watched;
    struct companion *next;
    struct companion *prev;
};

/* Guarded by the dispatcher lock. */
struct timers {
    struct companion *set;
    struct companion *spare;
};

int
pndis__timers_create(struct pndis_machine *machine)
{
    machine->timers = calloc(1, sizeof(*machine->timers));
    return machine->timers == NULL ? PNDIS_ENOMEM : 0;
}

static void
free_all(struct companion *companion)
{
    while (companion != NULL) {
        struct companion *next = companion->next;

        free(companion);
        companion = next;
    }
}

void
pndis__timers_destroy(struct pndis_machine *machine)
{
    struct sched *sched = machine->sched;

    pndis__lock(sched);
    for (struct companion *at = machine->timers->set; at != NULL; at = at->next) {
        pndis__timer_disarm(sched, &at->timer);
    }
    pndis__unlock(sched);
    free_all(machine->timers->set);
    free_all(machine->timers->spare);
    free(machine->timers);
}

static struct companion *
companion_of(const KTIMER *timer)
{
    return (struct companion *)timer->TimerListEntry.Flink;
}

/* --- under the dispatcher lock --- */

static struct companion *
companion_new(struct timers *timers)
{
    struct companion *companion = timers->spare;

    if (companion != NULL) {
        timers->spare = companion->next;
        return companion;
    }
    companion = malloc(sizeof(*companion));
    if (companion == NULL) {
        /* KeSetTimer cannot fail. */
        pndis__os_report("pndis: no memory to set a timer\n");
        pndis__os_die();
    }
    return companion;
}

static void
companion_attach(struct pndis_machine *machine, struct companion *companion, KTIMER *timer)
{
    struct timers *timers = machine->timers;

    companion->machine = machine;
    companion->ktimer = timer;
    companion->timer.armed = false;
    companion->prev = NULL;
    companion->next = timers->set;
    if (timers->set != NULL) {
        timers->set->prev = companion;
    }
    timers->set = companion;
    timer->TimerListEntry.Flink = (PLIST_ENTRY)companion;
    pndis__watch_add(machine, &companion->watched, timer, WATCH_TIMER);
}

static void
companion_detach(struct companion *companion)
{
    struct timers *timers = companion->machine->timers;

    pndis__watch_remove(companion->machine, &companion->watched);
    companion->ktimer->TimerListEntry.Flink = NULL;
    if (companion->prev != NULL) {
        companion->prev->next = companion->next;
    } else {
        timers->set = companion->next;
    }
    if (companion->next != NULL) {
        companion->next->prev = companion->prev;
    }
    companion->next = timers->spare;
    timers->spare = companion;
}

/* The next time of a periodic timer; on live, times that have been missed are left out. */
static uint64_t
next_due(const struct companion *companion, uint64_t now)
{
    uint64_t next = companion->timer.due_ns + companion->period_ns;

    if (next <= now) {
        next = now + companion->period_ns - (now - companion->timer.due_ns) % companion->period_ns;
    }
    return next;
}

static void
queue_dpc(struct processor *processor, KDPC *dpc, uint32_t *pending)
{
    if (pending != NULL) {
        __atomic_fetch_add(pending, 1, __ATOMIC_SEQ_CST);
    }
    if (!pndis__dpc_insert_locked(processor, dpc) && pending != NULL) {
        __atomic_fetch_sub(pending, 1, __ATOMIC_SEQ_CST);
    }
}

static void
expire(struct sched_timer *sched_timer)
{
    struct companion *companion = (struct companion *)sched_timer;
    struct pndis_machine *machine = companion->machine;
    struct context *context = context_current();
    KTIMER *timer = companion->ktimer;
    KDPC *dpc = timer->Dpc;
    struct processor *processor = companion->processor;
    uint32_t *pending = companion->pending;

    PROBE(context, RUN, .name = "timer", .owner = companion->owner);
    if (companion->period_ns != 0) {
        uint64_t due = next_due(companion, pndis__now_ns(machine->sched));

        timer->DueTime.QuadPart = due / 100;
        pndis__timer_arm(machine->sched, sched_timer, due);
    } else {
        companion_detach(companion);
        pndis__released(context, RESOURCE_ARMED_TIMER, timer, "expired");
    }
    set_state(&timer->Header, 1);
    pndis__wake_waiters_locked(machine, &timer->Header);
    /* Last: the DPC may free a timer that is not periodic. */
    if (dpc != NULL) {
        queue_dpc(processor, dpc, pending);
    }
}

static bool
cancel_locked(struct sched *sched, KTIMER *timer)
{
    struct companion *companion = companion_of(timer);

    if (companion == NULL) {
        return false;
    }
    pndis__timer_disarm(sched, &companion->timer);
    companion_detach(companion);
    return true;
}

/* --- setting and cancelling --- */

static struct owner *
driver_of(struct owner *owner)
{
    while (owner->parent != NULL) {
        owner = owner->parent;
    }
    return owner;
}

bool
pndis__timer_set(struct context *context, KTIMER *timer, const struct timer_setting *setting,
                 const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    struct sched *sched = context->sched;
    struct companion *companion;
    bool was_set;

    pndis__header_check(context, &timer->Header, call, caller);
    pndis__lock(sched);
    was_set = cancel_locked(sched, timer);
    if (!was_set) {
        pndis__acquired(context, RESOURCE_ARMED_TIMER, timer, 0, 0, NULL, call, caller);
    }
    companion = companion_new(machine->timers);
    memset(companion, 0, sizeof(*companion));
    companion_attach(machine, companion, timer);
    companion->owner = driver_of(pndis__running_owner(context));
    companion->processor = pndis__processor_near(context);
    companion->period_ns = setting->period_ns;
    companion->pending = setting->pending;
    companion->timer.expire = expire;
    set_state(&timer->Header, 0);
    timer->Dpc = setting->dpc;
    /* NDIS looks at it while the timer's function runs. */
    __atomic_store_n(&timer->Period, (ULONG)(setting->period_ns / ns_per_ms), __ATOMIC_RELAXED);
    timer->DueTime.QuadPart = setting->due_ns / 100;
    if (setting->due_ns <= pndis__now_ns(sched)) {
        /* What is due already does not wait for the clock. */
        companion->timer.due_ns = pndis__now_ns(sched);
        expire(&companion->timer);
    } else {
        pndis__timer_arm(sched, &companion->timer, setting->due_ns);
    }
    pndis__unlock(sched);
    return was_set;
}

bool
pndis__timer_cancel(struct context *context, KTIMER *timer, const char *call)
{
    bool was_set;

    pndis__lock(context->sched);
    was_set = cancel_locked(context->sched, timer);
    pndis__unlock(context->sched);
    if (was_set) {
        pndis__released(context, RESOURCE_ARMED_TIMER, timer, call);
    }
    return was_set;
}

void
pndis__timers_cancel_of(struct context *context, const struct owner *driver)
{
    struct companion *next;

    pndis__lock(context->sched);
    for (struct companion *at = context->machine->timers->set; at != NULL; at = next) {
        next = at->next;
        if (at->owner == driver) {
            cancel_locked(context->sched, at->ktimer);
        }
    }
    pndis__unlock(context->sched);
}

/* --- for drivers --- */

VOID
KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    memset(Timer, 0, sizeof(*Timer));
    pndis__header_init(&Timer->Header,
                       Type == NotificationTimer ? KIND_NOTIFICATION_TIMER
                                                 : KIND_SYNCHRONIZATION_TIMER,
                       sizeof(KTIMER), 0);
}

VOID
KeInitializeTimer(PKTIMER Timer)
{
    KeInitializeTimerEx(Timer, NotificationTimer);
}

static BOOLEAN
set_timer(struct context *context, PKTIMER timer, LARGE_INTEGER due, ULONG period_ms, PKDPC dpc,
          const char *call, const void *caller)
{
    struct timer_setting setting = {
        .due_ns = pndis__deadline_of(context, &due),
        .period_ns = period_ms * ns_per_ms,
        .dpc = dpc,
    };

    if (dpc != NULL && !pndis__dpc_is_valid(context, dpc, call, caller)) {
        setting.dpc = NULL;
    }
    return pndis__timer_set(context, timer, &setting, call, caller);
}

BOOLEAN
KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return set_timer(context, Timer, DueTime, 0, Dpc, __func__, NT_CALLER());
}

BOOLEAN
KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return set_timer(context, Timer, DueTime, Period < 0 ? 0 : (ULONG)Period, Dpc, __func__,
                     NT_CALLER());
}

/* A tolerance of zero is allowed, and is what every caller gets. */
BOOLEAN
KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG TolerableDelay,
                      PKDPC Dpc)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)TolerableDelay;
    return set_timer(context, Timer, DueTime, Period, Dpc, __func__, NT_CALLER());
}

BOOLEAN
KeCancelTimer(PKTIMER Timer)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__header_check(context, &Timer->Header, __func__, NT_CALLER());
    return pndis__timer_cancel(context, Timer, __func__);
}

BOOLEAN
KeReadStateTimer(PKTIMER Timer)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return state_of(&Timer->Header) != 0;
}
