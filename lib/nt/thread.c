/*
 * Threads: what every context that can wait is part of, and the system threads that drivers start
 * ("PsCreateSystemThread function").
 *
 * The thread of a host's call lives on that call's stack. A system thread is an object; the machine
 * keeps a reference until it has ended and been joined.
 */
#include "nt/nt.h"

#include "nt/object.h"
#include "nt/parts.h"
#include "nt/thread.h"
#include "nt/wait.h"

#include <pndis/error.h>
#include <setjmp.h>
#include <stdlib.h>

enum { ID_STEP = 4, SYSTEM_PROCESS_ID = 4 };

struct threads {
    struct thread idle; /* Of contexts that are nobody's thread: DPCs on a processor's back. */
    struct thread *first;
    void *process;
    uint32_t ids;
};

int
pndis__threads_create(struct pndis_machine *machine)
{
    struct threads *threads = calloc(1, sizeof(*threads));

    if (threads == NULL) {
        return PNDIS_ENOMEM;
    }
    machine->threads = threads;
    InitializeListHead(&machine->parked);
    threads->process = pndis__object_create(machine, OBJECT_PROCESS, sizeof(HANDLE), NULL);
    if (threads->process == NULL) {
        free(threads);
        return PNDIS_ENOMEM;
    }
    threads->ids = SYSTEM_PROCESS_ID;
    pndis__thread_init(&threads->idle, machine, "idle");
    return 0;
}

void
pndis__threads_destroy(struct pndis_machine *machine)
{
    free(machine->threads);
}

void *
pndis__system_process(struct pndis_machine *machine)
{
    return machine->threads->process;
}

struct thread *
pndis__thread_of(struct context *context)
{
    return context->thread != NULL ? context->thread : &context->machine->threads->idle;
}

void
pndis__thread_init(struct thread *thread, struct pndis_machine *machine, const char *name)
{
    memset(thread, 0, sizeof(*thread));
    pndis__context_init(&thread->context, machine->sched, name);
    thread->context.thread = thread;
    pndis__header_init(&thread->header, KIND_THREAD, sizeof(thread->header), 0);
    InitializeListHead(&thread->mutexes);
    thread->priority = NORMAL_THREAD_PRIORITY;
    thread->id = __atomic_add_fetch(&machine->threads->ids, ID_STEP, __ATOMIC_RELAXED);
}

void
pndis__thread_fini(struct context *context, struct thread *thread)
{
    if (!IsListEmpty(&thread->mutexes)) {
        pndis__mutexes_abandon(context, thread);
    }
    if (thread->critical_regions != thread->regions_at_start || thread->guarded_regions != 0) {
        pndis__report(context, RULE_REGION_BALANCE, thread->owner, "PsTerminateSystemThread", NULL,
                      "a thread ends inside %d critical and %d guarded regions",
                      thread->critical_regions - thread->regions_at_start, thread->guarded_regions);
    }
}

/* --- hooks of the scheduler --- */

void
pndis__thread_begin(struct context *context)
{
    PROBE(context, RUN, .name = "thread", .detail = context->name);
}

void
pndis__thread_end(struct context *context)
{
    struct thread *thread = context->thread;

    pndis__thread_fini(context, thread);
    pndis__lock(context->sched);
    __atomic_store_n(&thread->ended, 1, __ATOMIC_SEQ_CST);
    set_state(&thread->header, 1);
    pndis__wake_waiters_locked(context->machine, &thread->header);
    pndis__unlock(context->sched);
}

/* --- threads of pndis' own --- */

static void
run_own(struct context *context, void *user)
{
    struct thread *thread = user;

    thread->entry(context, thread->user);
}

struct thread *
pndis__thread_start(struct pndis_machine *machine, const char *name,
                    void (*entry)(struct context *context, void *user), void *user)
{
    struct thread *thread = malloc(sizeof(*thread));

    if (thread == NULL) {
        return NULL;
    }
    pndis__thread_init(thread, machine, name);
    thread->entry = entry;
    thread->user = user;
    thread->context.entry = run_own;
    thread->context.user = thread;
    thread->critical_regions = thread->regions_at_start = 1;
    if (machine->sched->ops->start(&thread->context) != 0) {
        free(thread);
        return NULL;
    }
    return thread;
}

void
pndis__thread_join(struct context *context, struct thread *thread)
{
    pndis__wait(context, thread, SCHED_FOREVER, true);
    context->sched->ops->join(&thread->context);
    free(thread);
}

/* --- system threads of drivers --- */

static void
run_driver_routine(struct context *context, void *user)
{
    struct thread *thread = user;
    struct frame frame;
    sigjmp_buf place;

    thread->exit_place = &place;
    pndis__guest_enter(context, &frame, thread->owner, "StartRoutine");
    if (sigsetjmp(place, 0) == 0) {
        thread->routine(thread->routine_context);
    }
    /* After PsTerminateSystemThread the frames of whatever called it are gone. */
    context->exceptions = NULL;
    context->frame = &frame;
    pndis__guest_leave(context, &frame);
    pndis__released(context, RESOURCE_THREAD, thread, "PsTerminateSystemThread");
}

static void
link_thread(struct context *context, struct thread *thread)
{
    struct threads *threads = context->machine->threads;

    pndis__lock(context->sched);
    thread->next = threads->first;
    threads->first = thread;
    pndis__unlock(context->sched);
}

/* The first thread of the machine that has ended, taken off the list, or NULL. */
static struct thread *
take_ended(struct context *context)
{
    struct thread **link = &context->machine->threads->first;
    struct thread *found;

    pndis__lock(context->sched);
    while (*link != NULL && __atomic_load_n(&(*link)->ended, __ATOMIC_SEQ_CST) == 0) {
        link = &(*link)->next;
    }
    found = *link;
    if (found != NULL) {
        *link = found->next;
    }
    pndis__unlock(context->sched);
    return found;
}

static void
reap(struct context *context)
{
    struct thread *thread;

    while ((thread = take_ended(context)) != NULL) {
        context->sched->ops->join(&thread->context);
        pndis__object_dereference(context->machine, thread);
    }
}

static struct thread *
new_system_thread(struct context *context, PKSTART_ROUTINE routine, PVOID start_context)
{
    struct pndis_machine *machine = context->machine;
    struct owner *owner = pndis__running_owner(context);
    struct thread *thread;

    if (pndis__fault(context)) {
        return NULL;
    }
    thread = pndis__object_create(machine, OBJECT_THREAD, sizeof(*thread), NULL);
    if (thread == NULL) {
        return NULL;
    }
    pndis__thread_init(thread, machine, owner->name);
    while (owner->parent != NULL) {
        owner = owner->parent;
    }
    thread->owner = owner;
    thread->routine = routine;
    thread->routine_context = start_context;
    thread->context.entry = run_driver_routine;
    thread->context.user = thread;
    thread->critical_regions = thread->regions_at_start = 1;
    return thread;
}

NTSTATUS
PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                     HANDLE ProcessHandle, PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine,
                     PVOID StartContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct pndis_machine *machine = context->machine;
    struct thread *thread;
    NTSTATUS status;

    (void)ObjectAttributes; /* Every handle is a kernel handle, and threads have no names. */
    (void)ProcessHandle;    /* There is one process. */
    reap(context);
    thread = new_system_thread(context, StartRoutine, StartContext);
    if (thread == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status =
        pndis__handle_open(context, thread, DesiredAccess, ThreadHandle, __func__, NT_CALLER());
    if (!NT_SUCCESS(status)) {
        pndis__object_dereference(machine, thread);
        return status;
    }
    if (ClientId != NULL) {
        ClientId->UniqueProcess = ULongToHandle(SYSTEM_PROCESS_ID);
        ClientId->UniqueThread = ULongToHandle(thread->id);
    }
    pndis__acquired(context, RESOURCE_THREAD, thread, 0, 0, NULL, __func__, NT_CALLER());
    if (machine->sched->ops->start(&thread->context) != 0) {
        pndis__released(context, RESOURCE_THREAD, thread, __func__);
        pndis__handle_close(context, *ThreadHandle, __func__, NT_CALLER());
        pndis__object_dereference(machine, thread);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    link_thread(context, thread);
    return STATUS_SUCCESS;
}

NTSTATUS
PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct thread *thread = pndis__thread_of(context);

    if (thread->exit_place == NULL) {
        return STATUS_INVALID_PARAMETER; /* Not a system thread. */
    }
    thread->exit_status = ExitStatus;
    siglongjmp(*(sigjmp_buf *)thread->exit_place, 1);
}

/* --- when drivers and machines end --- */

/* A thread of @owner that runs, referenced, or NULL; how many there are in *@out_count. */
static struct thread *
running_thread_of(struct context *context, const struct owner *owner, unsigned *out_count)
{
    struct thread *found = NULL;

    *out_count = 0;
    pndis__lock(context->sched);
    for (struct thread *at = context->machine->threads->first; at != NULL; at = at->next) {
        if (at->owner == owner && !at->abandoned &&
            __atomic_load_n(&at->ended, __ATOMIC_SEQ_CST) == 0) {
            found = at;
            ++*out_count;
        }
    }
    if (found != NULL) {
        /* Another driver's thread may reap it while its end is waited for. */
        pndis__object_reference(context->machine, found);
    }
    pndis__unlock(context->sched);
    return found;
}

bool
pndis__threads_end_of(struct context *context, struct pndis_driver *driver)
{
    struct owner *owner = &driver->owner;
    uint64_t deadline = pndis__now_ns(context->sched) + context->machine->options.timeout_ns;
    bool all = true;
    unsigned count;
    struct thread *thread = running_thread_of(context, owner, &count);

    if (thread != NULL) {
        pndis__report(context, RULE_THREAD_END, owner, "DriverUnload", NULL,
                      "%s has unloaded, and %u of its threads still run", owner->name, count);
    }
    while (thread != NULL) {
        if (pndis__wait(context, thread, deadline, true) != SLEEP_WOKEN) {
            thread->abandoned = true;
            all = false;
        }
        pndis__object_dereference(context->machine, thread);
        thread = running_thread_of(context, owner, &count);
    }
    reap(context);
    return all;
}

void
pndis__threads_stop(struct context *context)
{
    struct sched *sched = context->sched;

    pndis__work_stop(context);
    reap(context);
    while (sched->ops->abandon != NULL && context->machine->threads->first != NULL) {
        struct thread *thread = context->machine->threads->first;

        context->machine->threads->first = thread->next;
        sched->ops->abandon(&thread->context);
    }
}

bool
pndis__threads_are_left(const struct pndis_machine *machine)
{
    return machine->threads->first != NULL;
}
