/*
 * Being told of changes ("ZwNotifyChangeKey function"): once for each call, by an event or, as
 * kernel code asks for it, by a work item in the place of the APC routine.
 */
#include "nt/key_handle.h"
#include "nt/object.h"
#include "nt/wait.h"

#include <stdlib.h>

struct notification {
    struct key_watch watch;
    struct pndis_machine *machine;
    struct key_object *object;
    KEVENT *event; /* Referenced; or NULL. */
    PWORK_QUEUE_ITEM work_item;
    WORK_QUEUE_TYPE queue;
    PIO_STATUS_BLOCK status_block;
    KEVENT *done; /* Of a caller who waits. */
    struct notification *next;
};

static void
unlink_notification(struct notification *notification)
{
    struct notification **link = &notification->object->notifications;

    pndis__lock(notification->machine->sched);
    while (*link != NULL && *link != notification) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = notification->next;
    }
    pndis__unlock(notification->machine->sched);
}

static void
finish(struct notification *notification, NTSTATUS status)
{
    struct context *context = context_current();

    notification->status_block->Status = status;
    notification->status_block->Information = 0;
    if (notification->done != NULL) {
        pndis__event_set(context, notification->done);
    }
    if (notification->event != NULL) {
        pndis__event_set(context, notification->event);
        pndis__object_dereference(notification->machine, notification->event);
    }
    if (notification->work_item != NULL) {
        ExQueueWorkItem(notification->work_item, notification->queue);
    }
    free(notification);
}

static void
on_change(struct key_watch *watch, bool gone)
{
    struct notification *notification = (struct notification *)watch;

    unlink_notification(notification);
    finish(notification, gone ? STATUS_NOTIFY_CLEANUP : STATUS_NOTIFY_ENUM_DIR);
}

void
pndis__notifications_end(struct pndis_machine *machine, struct key_object *object)
{
    struct notification *notification;

    while ((notification = object->notifications) != NULL) {
        unlink_notification(notification);
        if (!pndis__key_unwatch(machine, &notification->watch)) {
            continue; /* It changes at this moment, and on_change() has it. */
        }
        if (context_current() != NULL) {
            finish(notification, STATUS_NOTIFY_CLEANUP);
        } else {
            free(notification); /* The machine ends. */
        }
    }
}

static NTSTATUS
watch_key(struct pndis_machine *machine, struct notification *notification)
{
    struct key_object *object = notification->object;
    NTSTATUS status;

    notification->watch.on_change = on_change;
    pndis__lock(machine->sched);
    notification->next = object->notifications;
    object->notifications = notification;
    pndis__unlock(machine->sched);
    status = pndis__key_watch(machine, object->key, &notification->watch);
    if (!NT_SUCCESS(status)) {
        unlink_notification(notification);
    }
    return status;
}

NTSTATUS
ZwNotifyChangeKey(HANDLE KeyHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                  PIO_STATUS_BLOCK IoStatusBlock, ULONG CompletionFilter, BOOLEAN WatchTree,
                  PVOID Buffer, ULONG BufferSize, BOOLEAN Asynchronous)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct pndis_machine *machine = context->machine;
    struct notification *notification;
    struct key_object *object;
    void *event = NULL;
    KEVENT done;
    NTSTATUS status;

    (void)Buffer; /* Reserved, as its size. */
    (void)BufferSize;
    status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (Event != NULL) {
        status = pndis__handle_body(machine, Event, OBJECT_EVENT, &event);
    }
    notification = pndis__fault(context) ? NULL : calloc(1, sizeof(*notification));
    if (!NT_SUCCESS(status) || notification == NULL) {
        goto undo_event;
    }
    pndis__header_init(&done.Header, KIND_NOTIFICATION_EVENT, sizeof(KEVENT), 0);
    if (event != NULL) {
        pndis__event_reset(context, event);
    }
    *notification = (struct notification){
        .watch = {.filter = CompletionFilter, .whole_tree = WatchTree != FALSE},
        .machine = machine,
        .object = object,
        .event = event,
        /* "ZwNotifyChangeKey function": kernel code passes a work item and its queue. */
        .work_item = (PWORK_QUEUE_ITEM)(ULONG_PTR)ApcRoutine,
        .queue = (WORK_QUEUE_TYPE)(ULONG_PTR)ApcContext,
        .status_block = IoStatusBlock,
        .done = Asynchronous ? NULL : &done,
    };
    status = watch_key(machine, notification);
    if (!NT_SUCCESS(status)) {
        goto undo_event;
    }
    if (Asynchronous) {
        status = STATUS_PENDING;
    } else {
        pndis__wait_one(context, &done.Header, SCHED_FOREVER);
        status = STATUS_SUCCESS;
    }
    pndis__object_dereference(machine, object);
    return status;

undo_event:
    if (event != NULL) {
        pndis__object_dereference(machine, event);
    }
    pndis__object_dereference(machine, object);
    free(notification);
    return NT_SUCCESS(status) ? STATUS_INSUFFICIENT_RESOURCES : status;
}
