/* Registry keys by handle ("Using the Registry in a Driver"). */
#include "nt/registry.h"

#include "nt/key_handle.h"
#include "nt/object.h"

/* --- handles --- */

static void
key_object_destroy(struct pndis_machine *machine, void *body)
{
    struct key_object *object = body;

    pndis__notifications_end(machine, object);
    pndis__key_put(machine, object->key);
}

NTSTATUS
pndis__key_handle_open(struct context *context, struct key *key, ACCESS_MASK access,
                       PHANDLE out_handle, const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    struct key_object *object =
        pndis__object_create(machine, OBJECT_KEY, sizeof(*object), key_object_destroy);
    NTSTATUS status;

    if (object == NULL) {
        pndis__key_put(machine, key);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    object->key = key;
    status = pndis__handle_open(context, object, access, out_handle, call, caller);
    pndis__object_dereference(machine, object);
    return status;
}

NTSTATUS
pndis__key_handle_body(struct context *context, HANDLE handle, struct key_object **out_object,
                       const char *call, const void *caller)
{
    void *body = NULL;
    NTSTATUS status = pndis__handle_body(context->machine, handle, OBJECT_KEY, &body);

    if (status == STATUS_INVALID_HANDLE) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "uses a registry handle that is not open");
    }
    *out_object = body;
    return status;
}

/* --- opening --- */

static NTSTATUS
open_key(struct context *context, POBJECT_ATTRIBUTES attributes, ACCESS_MASK access, bool create,
         bool *out_created, PHANDLE out_handle, const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    struct key_object *root = NULL;
    struct key *key;
    NTSTATUS status;

    if (create && pndis__fault(context)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (attributes->RootDirectory != NULL) {
        status = pndis__key_handle_body(context, attributes->RootDirectory, &root, call, caller);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    status = create ? pndis__key_create(machine, root == NULL ? NULL : root->key,
                                        attributes->ObjectName, &key, out_created)
                    : pndis__key_open(machine, root == NULL ? NULL : root->key,
                                      attributes->ObjectName, &key);
    if (root != NULL) {
        pndis__object_dereference(machine, root);
    }
    if (NT_SUCCESS(status)) {
        status = pndis__key_handle_open(context, key, access, out_handle, call, caller);
    }
    return status;
}

NTSTATUS
ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return open_key(context, ObjectAttributes, DesiredAccess, false, NULL, KeyHandle, __func__,
                    NT_CALLER());
}

NTSTATUS
ZwOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
            ULONG OpenOptions)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    (void)OpenOptions; /* Links and backups, neither of which there are. */
    return open_key(context, ObjectAttributes, DesiredAccess, false, NULL, KeyHandle, __func__,
                    NT_CALLER());
}

NTSTATUS
ZwCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
            ULONG TitleIndex, PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    bool created = false;
    NTSTATUS status;

    (void)TitleIndex;
    (void)Class;
    (void)CreateOptions; /* No key outlives its machine, volatile or not. */
    status = open_key(context, ObjectAttributes, DesiredAccess, true, &created, KeyHandle, __func__,
                      NT_CALLER());
    if (NT_SUCCESS(status) && Disposition != NULL) {
        *Disposition = created ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    }
    return status;
}

/* --- changing --- */

static NTSTATUS
change_key(struct context *context, HANDLE handle,
           NTSTATUS (*change)(struct pndis_machine *machine, struct key *key), const char *call,
           const void *caller)
{
    struct key_object *object;
    NTSTATUS status = pndis__key_handle_body(context, handle, &object, call, caller);

    if (NT_SUCCESS(status)) {
        status = change(context->machine, object->key);
        pndis__object_dereference(context->machine, object);
    }
    return status;
}

NTSTATUS
ZwDeleteKey(HANDLE KeyHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return change_key(context, KeyHandle, pndis__key_delete, __func__, NT_CALLER());
}

/* Nothing is cached, so nothing waits to be written. */
static NTSTATUS
flush(struct pndis_machine *machine, struct key *key)
{
    (void)machine;
    (void)key;
    return STATUS_SUCCESS;
}

NTSTATUS
ZwFlushKey(HANDLE KeyHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return change_key(context, KeyHandle, flush, __func__, NT_CALLER());
}

NTSTATUS
ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
              ULONG DataSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_object *object;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    (void)TitleIndex;
    if (NT_SUCCESS(status)) {
        status = pndis__fault(context) ? STATUS_INSUFFICIENT_RESOURCES
                                       : pndis__value_set(context->machine, object->key, ValueName,
                                                          Type, Data, DataSize);
        pndis__object_dereference(context->machine, object);
    }
    return status;
}

NTSTATUS
ZwDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_object *object;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        status = pndis__value_delete(context->machine, object->key, ValueName);
        pndis__object_dereference(context->machine, object);
    }
    return status;
}
