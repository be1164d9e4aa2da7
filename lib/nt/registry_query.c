/*
 * What drivers ask of registry keys by handle: ZwQueryKey, ZwEnumerateKey, ZwQueryValueKey,
 * ZwEnumerateValueKey. An answer is a fixed part, and behind it what is as long as it is.
 */
#include "nt/registry.h"

#include "nt/key_handle.h"
#include "nt/object.h"
#include "nt/registry_tree.h"

#include <stdlib.h>

/* A question: about what, in which shape, and where the answer goes. */
struct question {
    PCUNICODE_STRING name; /* Of a value ... */
    ULONG index;           /* ... or the number of a value or subkey. */
    int class;
    PVOID buffer;
    ULONG length;
    PULONG result_length;
};

/* What was found; copies. */
struct found {
    UNICODE_STRING name;
    struct value value;
    struct key_information information;
};

/* The answer as it is when there is room for all of it. */
struct answer {
    union {
        KEY_VALUE_BASIC_INFORMATION value_basic;
        KEY_VALUE_FULL_INFORMATION value_full;
        KEY_VALUE_PARTIAL_INFORMATION value_partial;
        KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 value_partial_align64;
        KEY_BASIC_INFORMATION key_basic;
        KEY_NODE_INFORMATION key_node;
        KEY_FULL_INFORMATION key_full;
        KEY_NAME_INFORMATION key_name;
    } * made;
    size_t fixed_bytes;
    size_t bytes;
};

typedef NTSTATUS find_answer(struct pndis_machine *machine, struct key *key,
                             const struct question *question, struct found *found);
/* Returns STATUS_INVALID_PARAMETER for a class that does not exist. */
typedef NTSTATUS shape_answer(int class, const struct found *found, struct answer *answer);

/* @fixed_bytes, and behind them @bytes of @text. */
static void
end_with(struct answer *answer, size_t fixed_bytes, const void *text, size_t bytes)
{
    answer->fixed_bytes = fixed_bytes;
    answer->bytes = fixed_bytes + bytes;
    if (bytes != 0) {
        memcpy((char *)answer->made + fixed_bytes, text, bytes);
    }
}

/*
 * Without room for the fixed part nothing is written, with room for part of the rest that part is.
 */
static NTSTATUS
give(const struct answer *answer, const struct question *question)
{
    *question->result_length = (ULONG)answer->bytes;
    if (question->length < answer->fixed_bytes || question->buffer == NULL) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(question->buffer, answer->made, min((size_t)question->length, answer->bytes));
    return question->length < answer->bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
shape_and_give(const struct question *question, const struct found *found, shape_answer *shape)
{
    struct answer answer = {0};
    NTSTATUS status;

    answer.made = calloc(1, sizeof(*answer.made) + found->name.Length + (size_t)found->value.bytes);
    if (answer.made == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = shape(question->class, found, &answer);
    if (NT_SUCCESS(status)) {
        status = give(&answer, question);
    }
    free(answer.made);
    return status;
}

static NTSTATUS
ask(struct context *context, HANDLE handle, const struct question *question, find_answer *find,
    shape_answer *shape, const char *call, const void *caller)
{
    struct found found = {0};
    struct key_object *object;
    NTSTATUS status = pndis__key_handle_body(context, handle, &object, call, caller);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = find(context->machine, object->key, question, &found);
    if (NT_SUCCESS(status)) {
        status = shape_and_give(question, &found, shape);
        pndis__value_fini(&found.value);
        free(found.name.Buffer);
    }
    pndis__object_dereference(context->machine, object);
    return status;
}

/* --- values --- */

static NTSTATUS
shape_value(int class, const struct found *found, struct answer *answer)
{
    const UNICODE_STRING *name = &found->name;
    const struct value *value = &found->value;

    switch (class) {
    case KeyValueBasicInformation:
        answer->made->value_basic.Type = value->type;
        answer->made->value_basic.NameLength = name->Length;
        end_with(answer, UFIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name), name->Buffer,
                 name->Length);
        return STATUS_SUCCESS;
    case KeyValueFullInformation: {
        size_t name_at = UFIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
        size_t data_at = ALIGN_UP_BY(name_at + name->Length, sizeof(ULONG));

        answer->made->value_full.Type = value->type;
        answer->made->value_full.NameLength = name->Length;
        answer->made->value_full.DataOffset = (ULONG)data_at;
        answer->made->value_full.DataLength = value->bytes;
        end_with(answer, name_at, name->Buffer, name->Length);
        end_with(answer, data_at, value->data, value->bytes);
        answer->fixed_bytes = name_at;
        return STATUS_SUCCESS;
    }
    case KeyValuePartialInformation:
        answer->made->value_partial.Type = value->type;
        answer->made->value_partial.DataLength = value->bytes;
        end_with(answer, UFIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data), value->data,
                 value->bytes);
        return STATUS_SUCCESS;
    case KeyValuePartialInformationAlign64:
        answer->made->value_partial_align64.Type = value->type;
        answer->made->value_partial_align64.DataLength = value->bytes;
        end_with(answer, UFIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data), value->data,
                 value->bytes);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

static NTSTATUS
find_value_by_name(struct pndis_machine *machine, struct key *key, const struct question *question,
                   struct found *found)
{
    NTSTATUS status = pndis__value_get(machine, key, question->name, &found->value);

    if (NT_SUCCESS(status) && !pndis__registry_text(&found->name, question->name->Buffer,
                                                    question->name->Length / sizeof(WCHAR))) {
        pndis__value_fini(&found->value);
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    return status;
}

static NTSTATUS
find_value_by_number(struct pndis_machine *machine, struct key *key,
                     const struct question *question, struct found *found)
{
    return pndis__value_at(machine, key, question->index, &found->name, &found->value);
}

NTSTATUS
ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct question question = {.name = ValueName,
                                .class = KeyValueInformationClass,
                                .buffer = KeyValueInformation,
                                .length = Length,
                                .result_length = ResultLength};

    return ask(context, KeyHandle, &question, find_value_by_name, shape_value, __func__,
               NT_CALLER());
}

NTSTATUS
ZwEnumerateValueKey(HANDLE KeyHandle, ULONG Index,
                    KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                    ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct question question = {.index = Index,
                                .class = KeyValueInformationClass,
                                .buffer = KeyValueInformation,
                                .length = Length,
                                .result_length = ResultLength};

    return ask(context, KeyHandle, &question, find_value_by_number, shape_value, __func__,
               NT_CALLER());
}

/* --- keys --- */

static NTSTATUS
shape_key(int class, const struct found *found, struct answer *answer)
{
    const ULONG no_class = MAXULONG;
    const UNICODE_STRING *name = &found->name;
    const struct key_information *information = &found->information;

    switch (class) {
    case KeyBasicInformation:
        answer->made->key_basic.LastWriteTime.QuadPart = information->last_write;
        answer->made->key_basic.NameLength = name->Length;
        end_with(answer, UFIELD_OFFSET(KEY_BASIC_INFORMATION, Name), name->Buffer, name->Length);
        return STATUS_SUCCESS;
    case KeyNodeInformation:
        answer->made->key_node.LastWriteTime.QuadPart = information->last_write;
        answer->made->key_node.ClassOffset = no_class;
        answer->made->key_node.NameLength = name->Length;
        end_with(answer, UFIELD_OFFSET(KEY_NODE_INFORMATION, Name), name->Buffer, name->Length);
        return STATUS_SUCCESS;
    case KeyFullInformation:
        answer->made->key_full.LastWriteTime.QuadPart = information->last_write;
        answer->made->key_full.ClassOffset = no_class;
        answer->made->key_full.SubKeys = information->subkeys;
        answer->made->key_full.MaxNameLen = information->longest_subkey_name;
        answer->made->key_full.Values = information->values;
        answer->made->key_full.MaxValueNameLen = information->longest_value_name;
        answer->made->key_full.MaxValueDataLen = information->longest_value_data;
        end_with(answer, UFIELD_OFFSET(KEY_FULL_INFORMATION, Class), NULL, 0);
        return STATUS_SUCCESS;
    case KeyNameInformation:
        answer->made->key_name.NameLength = name->Length;
        end_with(answer, UFIELD_OFFSET(KEY_NAME_INFORMATION, Name), name->Buffer, name->Length);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

static NTSTATUS
find_key(struct pndis_machine *machine, struct key *key, const struct question *question,
         struct found *found)
{
    NTSTATUS status = pndis__key_information(machine, key, &found->information);

    return NT_SUCCESS(status)
               ? pndis__key_name(machine, key, question->class == KeyNameInformation, &found->name)
               : status;
}

static NTSTATUS
find_subkey(struct pndis_machine *machine, struct key *key, const struct question *question,
            struct found *found)
{
    return question->class == KeyNameInformation
               ? STATUS_INVALID_PARAMETER
               : pndis__key_subkey_at(machine, key, question->index, &found->name,
                                      &found->information);
}

NTSTATUS
ZwQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
           ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct question question = {.class = KeyInformationClass,
                                .buffer = KeyInformation,
                                .length = Length,
                                .result_length = ResultLength};

    return ask(context, KeyHandle, &question, find_key, shape_key, __func__, NT_CALLER());
}

NTSTATUS
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass,
               PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct question question = {.index = Index,
                                .class = KeyInformationClass,
                                .buffer = KeyInformation,
                                .length = Length,
                                .result_length = ResultLength};

    return ask(context, KeyHandle, &question, find_subkey, shape_key, __func__, NT_CALLER());
}
