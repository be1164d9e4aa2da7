/*
 * Callback objects ("Callback Objects"). Routines are called in the order of their registration, at
 * the level and on the thread of whoever notifies; unregistering waits until the routine runs
 * nowhere.
 */
#include "nt/callback.h"

#include "nt/object.h"
#include "nt/wait.h"

#include <pndis/error.h>
#include <stdlib.h>

struct registration {
    struct registration *next;
    PCALLBACK_OBJECT object;
    PCALLBACK_FUNCTION function;
    PVOID context;
    struct owner *driver;
    unsigned running; /* Under the dispatcher lock, as everything here. */
    bool unregistering;
    KEVENT idle; /* Set when it stops running while unregistering. */
};

struct _CALLBACK_OBJECT {
    bool allows_many;
    struct registration *first; /* In the order of registration. */
};

static struct owner *
driver_of(struct owner *owner)
{
    while (owner->parent != NULL) {
        owner = owner->parent;
    }
    return owner;
}

/* --- objects --- */

static void
destroy(struct pndis_machine *machine, void *body)
{
    PCALLBACK_OBJECT object = body;

    (void)machine;
    /* A registration references the object, so none is left but when the machine ends. */
    while (object->first != NULL) {
        struct registration *registration = object->first;

        object->first = registration->next;
        free(registration);
    }
}

static PCALLBACK_OBJECT
object_new(struct pndis_machine *machine, PCUNICODE_STRING name, bool allows_many)
{
    PCALLBACK_OBJECT object =
        pndis__object_create(machine, OBJECT_CALLBACK, sizeof(*object), destroy);

    if (object == NULL) {
        return NULL;
    }
    object->allows_many = allows_many;
    if (!NT_SUCCESS(pndis__object_name(machine, object, name))) {
        pndis__object_dereference(machine, object);
        return NULL;
    }
    return object;
}

int
pndis__callbacks_create(struct pndis_machine *machine)
{
    static const UNICODE_STRING names[] = {
        RTL_CONSTANT_STRING(L"\\Callback\\PowerState"),
        RTL_CONSTANT_STRING(L"\\Callback\\SetSystemTime"),
        RTL_CONSTANT_STRING(L"\\Callback\\ProcessorAdd"),
    };

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (object_new(machine, &names[i], true) == NULL) {
            return PNDIS_ENOMEM;
        }
    }
    return 0;
}

NTSTATUS
ExCreateCallback(PCALLBACK_OBJECT *CallbackObject, POBJECT_ATTRIBUTES ObjectAttributes,
                 BOOLEAN Create, BOOLEAN AllowMultipleCallbacks)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    PUNICODE_STRING name = ObjectAttributes->ObjectName;
    PCALLBACK_OBJECT object;

    if (name == NULL || name->Length == 0) {
        return STATUS_UNSUCCESSFUL;
    }
    object = pndis__object_find(context->machine, name, OBJECT_CALLBACK);
    if (object == NULL && !Create) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (object == NULL) {
        object = pndis__fault(context)
                     ? NULL
                     : object_new(context->machine, name, AllowMultipleCallbacks != FALSE);
        if (object == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    pndis__acquired(context, RESOURCE_OBJECT_REFERENCE, object, 0, 0, NULL, __func__, NT_CALLER());
    *CallbackObject = object;
    return STATUS_SUCCESS;
}

/* --- registrations --- */

static bool
is_callback_object(struct context *context, const void *object, const char *call,
                   const void *caller)
{
    if (pndis__object_type_of(context->machine, object) == OBJECT_CALLBACK) {
        return true;
    }
    pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                  "uses what is no callback object");
    return false;
}

/* Put @registration at the end of its object's list; false when that takes only one and has it. */
static bool
link_last(struct context *context, struct registration *registration)
{
    struct registration **link = &registration->object->first;
    bool accepted;

    pndis__lock(context->sched);
    accepted = registration->object->allows_many || *link == NULL;
    while (accepted && *link != NULL) {
        link = &(*link)->next;
    }
    if (accepted) {
        *link = registration;
    }
    pndis__unlock(context->sched);
    return accepted;
}

PVOID
ExRegisterCallback(PCALLBACK_OBJECT CallbackObject, PCALLBACK_FUNCTION CallbackFunction,
                   PVOID CallbackContext)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct registration *registration;

    if (!is_callback_object(context, CallbackObject, __func__, NT_CALLER()) ||
        pndis__fault(context)) {
        return NULL;
    }
    registration = calloc(1, sizeof(*registration));
    if (registration == NULL) {
        return NULL;
    }
    registration->object = CallbackObject;
    registration->function = CallbackFunction;
    registration->context = CallbackContext;
    registration->driver = driver_of(pndis__running_owner(context));
    pndis__header_init(&registration->idle.Header, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    if (!link_last(context, registration)) {
        free(registration);
        return NULL;
    }
    pndis__object_reference(context->machine, CallbackObject);
    pndis__acquired(context, RESOURCE_CALLBACK_REGISTRATION, registration, 0, 0, NULL, __func__,
                    NT_CALLER());
    return registration;
}

/* What to look for in all callback objects: one registration, or any of a driver's. */
struct search {
    const struct registration *wanted;
    const struct owner *driver;
    struct registration *found;
};

static void
look(void *body, void *user)
{
    PCALLBACK_OBJECT object = body;
    struct search *search = user;

    for (struct registration *at = object->first; at != NULL && search->found == NULL;
         at = at->next) {
        if (at == search->wanted || (search->driver != NULL && at->driver == search->driver)) {
            search->found = at;
        }
    }
}

static struct registration *
find(struct context *context, const struct registration *wanted, const struct owner *driver)
{
    struct search search = {.wanted = wanted, .driver = driver};

    pndis__lock(context->sched);
    pndis__objects_visit(context->machine, OBJECT_CALLBACK, look, &search);
    pndis__unlock(context->sched);
    return search.found;
}

static void
unlink_registration(struct context *context, struct registration *registration)
{
    struct registration **link = &registration->object->first;
    bool runs;

    pndis__lock(context->sched);
    registration->unregistering = true;
    runs = registration->running != 0;
    pndis__unlock(context->sched);
    if (runs) {
        pndis__wait_one(context, &registration->idle.Header, SCHED_FOREVER);
    }
    pndis__lock(context->sched);
    while (*link != registration) {
        link = &(*link)->next;
    }
    *link = registration->next;
    pndis__unlock(context->sched);
    pndis__object_dereference(context->machine, registration->object);
    free(registration);
}

VOID
ExUnregisterCallback(PVOID CallbackRegistration)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct registration *registration = find(context, CallbackRegistration, NULL);

    if (registration == NULL) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, __func__, NT_CALLER(),
                      "unregisters what is not registered");
        return;
    }
    pndis__released(context, RESOURCE_CALLBACK_REGISTRATION, registration, __func__);
    unlink_registration(context, registration);
}

void
pndis__callbacks_forget(struct context *context, const struct owner *driver)
{
    struct registration *registration;

    while ((registration = find(context, NULL, driver)) != NULL) {
        unlink_registration(context, registration);
    }
}

/* --- notifying --- */

/* The first from @from on that is to be called, kept from going away meanwhile. Under the lock. */
static struct registration *
hold_next_locked(struct registration *from)
{
    while (from != NULL && from->unregistering) {
        from = from->next;
    }
    if (from != NULL) {
        from->running++;
    }
    return from;
}

static void
let_go_locked(struct context *context, struct registration *registration)
{
    if (--registration->running == 0 && registration->unregistering) {
        set_state(&registration->idle.Header, 1);
        pndis__wake_waiters_locked(context->machine, &registration->idle.Header);
    }
}

VOID
ExNotifyCallback(PVOID CallbackObject, PVOID Argument1, PVOID Argument2)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    PCALLBACK_OBJECT object = CallbackObject;
    struct registration *at;

    if (!is_callback_object(context, object, __func__, NT_CALLER())) {
        return;
    }
    pndis__lock(context->sched);
    at = hold_next_locked(object->first);
    pndis__unlock(context->sched);
    while (at != NULL) {
        struct registration *called = at;
        struct frame frame;

        pndis__guest_enter(context, &frame, called->driver, "CallbackFunction");
        called->function(called->context, Argument1, Argument2);
        pndis__guest_leave(context, &frame);
        pndis__lock(context->sched);
        at = hold_next_locked(called->next);
        let_go_locked(context, called);
        pndis__unlock(context->sched);
    }
}
