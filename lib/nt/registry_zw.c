/* Registry keys by handle ("Using the Registry in a Driver"). */
#include "nt/registry.h"

#include "nt/key_handle.h"
#include "nt/object.h"
#include "nt/wait.h"

#include <stdlib.h>

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

NTSTATUS
ZwDeleteKey(HANDLE KeyHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_object *object;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        status = pndis__key_delete(context->machine, object->key);
        pndis__object_dereference(context->machine, object);
    }
    return status;
}

/* Nothing is cached, so nothing waits to be written. */
NTSTATUS
ZwFlushKey(HANDLE KeyHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_object *object;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        pndis__object_dereference(context->machine, object);
    }
    return status;
}

/* --- answers: a fixed part, and behind it what is as long as it is --- */

/*
 * Give the caller as much of @answer as fits. Without room for the fixed part nothing is written,
 * with room for part of the rest that part is.
 */
static NTSTATUS
answer(const void *made, size_t fixed_bytes, size_t bytes, PVOID buffer, ULONG length,
       PULONG result_length)
{
    *result_length = (ULONG)bytes;
    if (length < fixed_bytes || buffer == NULL) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(buffer, made, length < bytes ? length : bytes);
    return length < bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
answer_value(KEY_VALUE_INFORMATION_CLASS class, const UNICODE_STRING *name,
             const struct value *value, PVOID buffer, ULONG length, PULONG result_length)
{
    union {
        KEY_VALUE_BASIC_INFORMATION basic;
        KEY_VALUE_FULL_INFORMATION full;
        KEY_VALUE_PARTIAL_INFORMATION partial;
        KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 partial_align64;
    } *made = calloc(1, sizeof(*made) + name->Length + (size_t)value->bytes);
    size_t fixed_bytes = 0;
    size_t bytes = 0;
    NTSTATUS status = STATUS_SUCCESS;

    if (made == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    switch (class) {
    case KeyValueBasicInformation:
        fixed_bytes = UFIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
        bytes = fixed_bytes + name->Length;
        made->basic.Type = value->type;
        made->basic.NameLength = name->Length;
        memcpy(made->basic.Name, name->Buffer, name->Length);
        break;
    case KeyValueFullInformation:
        fixed_bytes = UFIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
        made->full.DataOffset = (ULONG)ALIGN_UP_BY(fixed_bytes + name->Length, sizeof(ULONG));
        bytes = made->full.DataOffset + (size_t)value->bytes;
        made->full.Type = value->type;
        made->full.DataLength = value->bytes;
        made->full.NameLength = name->Length;
        memcpy(made->full.Name, name->Buffer, name->Length);
        memcpy((char *)made + made->full.DataOffset, value->data, value->bytes);
        break;
    case KeyValuePartialInformation:
        fixed_bytes = UFIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
        bytes = fixed_bytes + value->bytes;
        made->partial.Type = value->type;
        made->partial.DataLength = value->bytes;
        memcpy(made->partial.Data, value->data, value->bytes);
        break;
    case KeyValuePartialInformationAlign64:
        fixed_bytes = UFIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data);
        bytes = fixed_bytes + value->bytes;
        made->partial_align64.Type = value->type;
        made->partial_align64.DataLength = value->bytes;
        memcpy(made->partial_align64.Data, value->data, value->bytes);
        break;
    default:
        status = STATUS_INVALID_PARAMETER;
        break;
    }
    if (NT_SUCCESS(status)) {
        status = answer(made, fixed_bytes, bytes, buffer, length, result_length);
    }
    free(made);
    return status;
}

static NTSTATUS
answer_key(KEY_INFORMATION_CLASS class, const UNICODE_STRING *name,
           const struct key_information *information, PVOID buffer, ULONG length,
           PULONG result_length)
{
    union {
        KEY_BASIC_INFORMATION basic;
        KEY_NODE_INFORMATION node;
        KEY_FULL_INFORMATION full;
        KEY_NAME_INFORMATION name;
    } *made = calloc(1, sizeof(*made) + name->Length);
    const ULONG no_class = MAXULONG;
    size_t fixed_bytes = 0;
    size_t bytes = 0;
    NTSTATUS status = STATUS_SUCCESS;

    if (made == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    switch (class) {
    case KeyBasicInformation:
        fixed_bytes = UFIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
        bytes = fixed_bytes + name->Length;
        made->basic.LastWriteTime.QuadPart = information->last_write;
        made->basic.NameLength = name->Length;
        memcpy(made->basic.Name, name->Buffer, name->Length);
        break;
    case KeyNodeInformation:
        fixed_bytes = UFIELD_OFFSET(KEY_NODE_INFORMATION, Name);
        bytes = fixed_bytes + name->Length;
        made->node.LastWriteTime.QuadPart = information->last_write;
        made->node.ClassOffset = no_class;
        made->node.NameLength = name->Length;
        memcpy(made->node.Name, name->Buffer, name->Length);
        break;
    case KeyFullInformation:
        bytes = fixed_bytes = UFIELD_OFFSET(KEY_FULL_INFORMATION, Class);
        made->full.LastWriteTime.QuadPart = information->last_write;
        made->full.ClassOffset = no_class;
        made->full.SubKeys = information->subkeys;
        made->full.MaxNameLen = information->longest_subkey_name;
        made->full.Values = information->values;
        made->full.MaxValueNameLen = information->longest_value_name;
        made->full.MaxValueDataLen = information->longest_value_data;
        break;
    case KeyNameInformation:
        fixed_bytes = UFIELD_OFFSET(KEY_NAME_INFORMATION, Name);
        bytes = fixed_bytes + name->Length;
        made->name.NameLength = name->Length;
        memcpy(made->name.Name, name->Buffer, name->Length);
        break;
    default:
        status = STATUS_INVALID_PARAMETER;
        break;
    }
    if (NT_SUCCESS(status)) {
        status = answer(made, fixed_bytes, bytes, buffer, length, result_length);
    }
    free(made);
    return status;
}

/* --- values --- */

NTSTATUS
ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_object *object;
    struct value value;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = pndis__value_get(context->machine, object->key, ValueName, &value);
    if (NT_SUCCESS(status)) {
        status = answer_value(KeyValueInformationClass, ValueName, &value, KeyValueInformation,
                              Length, ResultLength);
        pndis__value_fini(&value);
    }
    pndis__object_dereference(context->machine, object);
    return status;
}

NTSTATUS
ZwEnumerateValueKey(HANDLE KeyHandle, ULONG Index,
                    KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                    ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_object *object;
    UNICODE_STRING name;
    struct value value;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = pndis__value_at(context->machine, object->key, Index, &name, &value);
    if (NT_SUCCESS(status)) {
        status = answer_value(KeyValueInformationClass, &name, &value, KeyValueInformation, Length,
                              ResultLength);
        pndis__value_fini(&value);
        free(name.Buffer);
    }
    pndis__object_dereference(context->machine, object);
    return status;
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

/* --- keys --- */

NTSTATUS
ZwQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
           ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_information information;
    struct key_object *object;
    UNICODE_STRING name;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = pndis__key_information(context->machine, object->key, &information);
    if (NT_SUCCESS(status)) {
        status = pndis__key_name(context->machine, object->key,
                                 KeyInformationClass == KeyNameInformation, &name);
    }
    if (NT_SUCCESS(status)) {
        status = answer_key(KeyInformationClass, &name, &information, KeyInformation, Length,
                            ResultLength);
        free(name.Buffer);
    }
    pndis__object_dereference(context->machine, object);
    return status;
}

NTSTATUS
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass,
               PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key_information information;
    struct key_object *object;
    UNICODE_STRING name;
    NTSTATUS status = pndis__key_handle_body(context, KeyHandle, &object, __func__, NT_CALLER());

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = KeyInformationClass == KeyNameInformation
                 ? STATUS_INVALID_PARAMETER
                 : pndis__key_subkey_at(context->machine, object->key, Index, &name, &information);
    if (NT_SUCCESS(status)) {
        status = answer_key(KeyInformationClass, &name, &information, KeyInformation, Length,
                            ResultLength);
        free(name.Buffer);
    }
    pndis__object_dereference(context->machine, object);
    return status;
}
