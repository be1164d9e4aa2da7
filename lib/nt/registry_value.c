/* The values of keys. See registry.h; what is "_locked" is under the registry's lock. */
#include "nt/registry_tree.h"

#include <stdlib.h>

enum { VALUE_NAME_CHARACTERS_LIMIT = 16383 };

/* --- memory --- */

void
pndis__value_fini(struct value *value)
{
    free(value->data);
    value->data = NULL;
}

static void
value_free(struct named_value *value)
{
    pndis__value_fini(&value->value);
    free(value->name.Buffer);
    free(value);
}

void
pndis__values_free(struct key *key)
{
    while (key->values != NULL) {
        struct named_value *value = key->values;

        key->values = value->next;
        value_free(value);
    }
}

static bool
value_copy(struct value *to, ULONG type, const void *data, ULONG bytes)
{
    to->type = type;
    to->bytes = bytes;
    /* Two zero bytes behind it, so that text is terminated even where its writer left that out. */
    to->data = calloc(1, (size_t)bytes + sizeof(WCHAR));
    if (to->data != NULL && bytes != 0) {
        memcpy(to->data, data, bytes);
    }
    return to->data != NULL;
}

/* --- by name and by number --- */

static struct named_value **
find_value(struct key *key, PCUNICODE_STRING name)
{
    struct named_value **link = &key->values;

    while (*link != NULL &&
           registry_compare(&(*link)->name, name->Buffer, name->Length / sizeof(WCHAR)) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static NTSTATUS
set_locked(struct key *key, PCUNICODE_STRING name, ULONG type, const void *data, ULONG bytes)
{
    struct named_value **link = find_value(key, name);
    struct value copy;

    if (!value_copy(&copy, type, data, bytes)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (*link == NULL) {
        struct named_value *value = calloc(1, sizeof(*value));

        if (value == NULL ||
            !pndis__registry_text(&value->name, name->Buffer, name->Length / sizeof(WCHAR))) {
            free(value);
            pndis__value_fini(&copy);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *link = value;
    }
    pndis__value_fini(&(*link)->value);
    (*link)->value = copy;
    return STATUS_SUCCESS;
}

NTSTATUS
pndis__value_set(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING name, ULONG type,
                 const void *data, ULONG bytes)
{
    NTSTATUS status;

    if (name->Length / sizeof(WCHAR) > VALUE_NAME_CHARACTERS_LIMIT) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    pndis__os_mutex_lock(&machine->registry->lock);
    status = key->deleted ? STATUS_KEY_DELETED : set_locked(key, name, type, data, bytes);
    if (!NT_SUCCESS(status)) {
        pndis__os_mutex_unlock(&machine->registry->lock);
        return status;
    }
    key->last_write = pndis__registry_time(machine);
    pndis__registry_tell(machine, key, REG_NOTIFY_CHANGE_LAST_SET);
    return STATUS_SUCCESS;
}

NTSTATUS
pndis__value_get(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING name,
                 struct value *out_value)
{
    NTSTATUS status = STATUS_SUCCESS;
    const struct named_value *value;

    pndis__os_mutex_lock(&machine->registry->lock);
    value = *find_value(key, name);
    if (key->deleted) {
        status = STATUS_KEY_DELETED;
    } else if (value == NULL) {
        status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else if (!value_copy(out_value, value->value.type, value->value.data, value->value.bytes)) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}

NTSTATUS
pndis__value_delete(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING name)
{
    struct named_value **link;
    struct named_value *value;

    pndis__os_mutex_lock(&machine->registry->lock);
    link = find_value(key, name);
    value = *link;
    if (key->deleted || value == NULL) {
        NTSTATUS status = key->deleted ? STATUS_KEY_DELETED : STATUS_OBJECT_NAME_NOT_FOUND;

        pndis__os_mutex_unlock(&machine->registry->lock);
        return status;
    }
    *link = value->next;
    value_free(value);
    key->last_write = pndis__registry_time(machine);
    pndis__registry_tell(machine, key, REG_NOTIFY_CHANGE_LAST_SET);
    return STATUS_SUCCESS;
}

NTSTATUS
pndis__value_at(struct pndis_machine *machine, struct key *key, ULONG index,
                UNICODE_STRING *out_name, struct value *out_value)
{
    const struct named_value *value;
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&machine->registry->lock);
    value = key->values;
    while (value != NULL && index-- > 0) {
        value = value->next;
    }
    if (key->deleted) {
        status = STATUS_KEY_DELETED;
    } else if (value == NULL) {
        status = STATUS_NO_MORE_ENTRIES;
    } else if (!pndis__registry_text(out_name, value->name.Buffer,
                                     value->name.Length / sizeof(WCHAR))) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else if (!value_copy(out_value, value->value.type, value->value.data, value->value.bytes)) {
        free(out_name->Buffer);
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}
