/* References and handles as drivers use them ("Windows Kernel-Mode Object Manager"). */
#include "nt/object.h"

#include "nt/wait.h"

#include <pndis/error.h>

/* What POBJECT_TYPE points to. */
struct _OBJECT_TYPE {
    enum object_type type;
};

static const struct _OBJECT_TYPE types[OBJECT_TYPE_COUNT] = {
#define X(name, words) [OBJECT_##name] = {OBJECT_##name},
    OBJECT_TYPES(X)
#undef X
};

/* Drivers say *ExEventObjectType. The variables never change, so they live where they cannot. */
#define CONSTANT __attribute__((section(".data.rel.ro")))

static CONSTANT POBJECT_TYPE type_pointers[OBJECT_TYPE_COUNT] = {
#define X(name, words) [OBJECT_##name] = (POBJECT_TYPE)&types[OBJECT_##name],
    OBJECT_TYPES(X)
#undef X
};

CONSTANT POBJECT_TYPE *CmKeyObjectType = &type_pointers[OBJECT_KEY];
CONSTANT POBJECT_TYPE *IoFileObjectType = &type_pointers[OBJECT_FILE];
CONSTANT POBJECT_TYPE *ExEventObjectType = &type_pointers[OBJECT_EVENT];
CONSTANT POBJECT_TYPE *ExSemaphoreObjectType = &type_pointers[OBJECT_SEMAPHORE];
CONSTANT POBJECT_TYPE *PsProcessType = &type_pointers[OBJECT_PROCESS];
CONSTANT POBJECT_TYPE *PsThreadType = &type_pointers[OBJECT_THREAD];
CONSTANT POBJECT_TYPE *SeTokenObjectType = &type_pointers[OBJECT_TOKEN];

static enum object_type
type_of(POBJECT_TYPE type)
{
    return type == NULL ? OBJECT_ANY : type->type;
}

/*
 * Objects that are not counted: a driver's DRIVER_OBJECT lives until it is unloaded, and the thread
 * of a host's call until that call is over.
 */
static bool
is_uncounted(struct context *context, const void *body)
{
    return body == (const void *)pndis__thread_of(context) ||
           pndis__driver_of(context->machine, body) != NULL;
}

static LONG_PTR
reference(struct context *context, PVOID body, const char *call, const void *caller)
{
    LONG_PTR count = pndis__object_reference(context->machine, body);

    if (count != 0) {
        pndis__acquired(context, RESOURCE_OBJECT_REFERENCE, body, 0, 0, NULL, call, caller);
        return count;
    }
    if (is_uncounted(context, body)) {
        return 1;
    }
    pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller, "references what is no object");
    return 0;
}

static LONG_PTR
dereference(struct context *context, PVOID body, const char *call, const void *caller)
{
    if (pndis__object_type_of(context->machine, body) != OBJECT_ANY) {
        pndis__released(context, RESOURCE_OBJECT_REFERENCE, body, call);
        return pndis__object_dereference(context->machine, body);
    }
    if (!is_uncounted(context, body)) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "dereferences what is no object");
    }
    return 0;
}

NTSTATUS
ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                          KPROCESSOR_MODE AccessMode, PVOID *Object,
                          POBJECT_HANDLE_INFORMATION HandleInformation)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    NTSTATUS status;

    (void)AccessMode; /* All code is kernel code. */
    *Object = NULL;
    if (HandleInformation != NULL) {
        HandleInformation->HandleAttributes = 0;
        HandleInformation->GrantedAccess = DesiredAccess;
    }
    status = pndis__handle_body(context->machine, Handle, type_of(ObjectType), Object);
    if (NT_SUCCESS(status)) {
        pndis__acquired(context, RESOURCE_OBJECT_REFERENCE, *Object, 0, 0, NULL, __func__,
                        NT_CALLER());
    }
    if (status == STATUS_INVALID_HANDLE) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, __func__, NT_CALLER(),
                      "uses handle %p, which is not open", Handle);
    }
    return status;
}

NTSTATUS
ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                           KPROCESSOR_MODE AccessMode)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    enum object_type type = pndis__object_type_of(context->machine, Object);

    (void)DesiredAccess;
    (void)AccessMode;
    if (type != OBJECT_ANY && ObjectType != NULL && type_of(ObjectType) != type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return reference(context, Object, __func__, NT_CALLER()) != 0 ? STATUS_SUCCESS
                                                                  : STATUS_INVALID_PARAMETER;
}

LONG_PTR
ObfReferenceObject(PVOID Object)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return reference(context, Object, __func__, NT_CALLER());
}

LONG_PTR
ObfReferenceObjectWithTag(PVOID Object, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Tag; /* For debuggers. */
    return reference(context, Object, __func__, NT_CALLER());
}

LONG_PTR
ObfDereferenceObject(PVOID Object)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return dereference(context, Object, __func__, NT_CALLER());
}

LONG_PTR
ObfDereferenceObjectWithTag(PVOID Object, ULONG Tag)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    (void)Tag;
    return dereference(context, Object, __func__, NT_CALLER());
}

/* Deferring matters where deleting could deadlock; nothing is locked here while an object goes. */
VOID
ObDereferenceObjectDeferDelete(PVOID Object)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    dereference(context, Object, __func__, NT_CALLER());
}

NTSTATUS
ZwClose(HANDLE Handle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return pndis__handle_close(context, Handle, __func__, NT_CALLER());
}

NTSTATUS
ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    (void)PreviousMode;
    return pndis__handle_close(context, Handle, __func__, NT_CALLER());
}

/* --- events with names and handles ("Event Objects") --- */

static NTSTATUS
open_event(struct context *context, PCUNICODE_STRING name, EVENT_TYPE type, bool state,
           ULONG attributes, PHANDLE out_handle, PKEVENT *out_event, const char *call,
           const void *caller)
{
    struct pndis_machine *machine = context->machine;
    bool has_name = name != NULL && name->Length != 0;
    KEVENT *event = has_name ? pndis__object_find(machine, name, OBJECT_EVENT) : NULL;
    bool exists = event != NULL;
    NTSTATUS status = STATUS_SUCCESS;

    if (exists && (attributes & OBJ_OPENIF) == 0) {
        pndis__object_dereference(machine, event);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (!exists) {
        event = pndis__fault(context)
                    ? NULL
                    : pndis__object_create(machine, OBJECT_EVENT, sizeof(*event), NULL);
        if (event == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        pndis__header_init(&event->Header,
                           type == NotificationEvent ? KIND_NOTIFICATION_EVENT
                                                     : KIND_SYNCHRONIZATION_EVENT,
                           sizeof(*event), state);
        status = has_name ? pndis__object_name(machine, event, name) : STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status)) {
        status = pndis__handle_open(context, event, EVENT_ALL_ACCESS, out_handle, call, caller);
    }
    /* From here on the handle keeps it alive. */
    pndis__object_dereference(machine, event);
    *out_event = event;
    return NT_SUCCESS(status) && exists ? STATUS_OBJECT_NAME_EXISTS : status;
}

PKEVENT
IoCreateNotificationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    PKEVENT event;

    /* One that is new begins signalled. */
    return NT_SUCCESS(open_event(context, EventName, NotificationEvent, true, OBJ_OPENIF,
                                 EventHandle, &event, __func__, NT_CALLER()))
               ? event
               : NULL;
}

PKEVENT
IoCreateSynchronizationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    PKEVENT event;

    return NT_SUCCESS(open_event(context, EventName, SynchronizationEvent, true, OBJ_OPENIF,
                                 EventHandle, &event, __func__, NT_CALLER()))
               ? event
               : NULL;
}

NTSTATUS
ZwCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
              EVENT_TYPE EventType, BOOLEAN InitialState)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    PKEVENT event;

    (void)DesiredAccess;
    return open_event(context, ObjectAttributes == NULL ? NULL : ObjectAttributes->ObjectName,
                      EventType, InitialState,
                      ObjectAttributes == NULL ? 0 : ObjectAttributes->Attributes, EventHandle,
                      &event, __func__, NT_CALLER());
}

NTSTATUS
ZwSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    void *event;
    NTSTATUS status = pndis__handle_body(context->machine, EventHandle, OBJECT_EVENT, &event);

    if (NT_SUCCESS(status)) {
        if (PreviousState != NULL) {
            *PreviousState = state_of(&((KEVENT *)event)->Header);
        }
        pndis__event_set(context, event);
        pndis__object_dereference(context->machine, event);
    }
    return status;
}

NTSTATUS
ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    uint64_t deadline = pndis__deadline_of(context, Timeout);
    enum object_type type;
    void *body;
    NTSTATUS status = pndis__handle_body(context->machine, Handle, OBJECT_ANY, &body);

    (void)Alertable;
    if (!NT_SUCCESS(status)) {
        return status;
    }
    type = pndis__object_type_of(context->machine, body);
    if (type != OBJECT_EVENT && type != OBJECT_THREAD) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    } else if (deadline != 0 && pndis__wait_is_too_high(context, __func__, NT_CALLER())) {
        status = STATUS_TIMEOUT;
    } else {
        status = pndis__wait_one(context, body, deadline);
    }
    pndis__object_dereference(context->machine, body);
    return status;
}
