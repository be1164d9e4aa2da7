/*
 * The registry by path, and by tables of values ("RtlQueryRegistryValues function"). There are no
 * environment variables, so a REG_EXPAND_SZ expands to itself.
 */
#include "nt/registry.h"

#include "nt/key_handle.h"
#include "nt/object.h"
#include "nt/pool.h"

#include <stdlib.h>

static const char *const beginnings[RTL_REGISTRY_MAXIMUM] = {
    [RTL_REGISTRY_ABSOLUTE] = "",
    [RTL_REGISTRY_SERVICES] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services",
    [RTL_REGISTRY_CONTROL] = "\\Registry\\Machine\\System\\CurrentControlSet\\Control",
    [RTL_REGISTRY_WINDOWS_NT] =
        ("\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion"),
    [RTL_REGISTRY_DEVICEMAP] = "\\Registry\\Machine\\Hardware\\DeviceMap",
    [RTL_REGISTRY_USER] = "\\Registry\\User\\.Default",
};

enum { RELATIVE_MASK = 0xff };

/* --- the key that @relative_to and @path name, referenced --- */

static NTSTATUS
open_by_handle(struct context *context, PCWSTR path, struct key **out_key, const char *call,
               const void *caller)
{
    struct key_object *object;
    UNICODE_STRING nothing = {0};
    NTSTATUS status =
        pndis__key_handle_body(context, (HANDLE)(ULONG_PTR)path, &object, call, caller);

    if (NT_SUCCESS(status)) {
        status = pndis__key_open(context->machine, object->key, &nothing, out_key);
        pndis__object_dereference(context->machine, object);
    }
    return status;
}

static NTSTATUS
open_relative(struct context *context, ULONG relative_to, PCWSTR path, bool create,
              struct key **out_key, const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    ULONG beginning = relative_to & RELATIVE_MASK;
    UNICODE_STRING rest;
    struct key *base;
    NTSTATUS status;

    if ((relative_to & RTL_REGISTRY_HANDLE) != 0) {
        return open_by_handle(context, path, out_key, call, caller);
    }
    if (beginning >= RTL_REGISTRY_MAXIMUM) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlInitUnicodeString(&rest, path);
    if (beginning == RTL_REGISTRY_ABSOLUTE) {
        return create ? pndis__key_create(machine, NULL, &rest, out_key, NULL)
                      : pndis__key_open(machine, NULL, &rest, out_key);
    }
    status = create ? pndis__key_create_utf8(machine, NULL, beginnings[beginning], &base)
                    : pndis__key_open_utf8(machine, NULL, beginnings[beginning], &base);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = create ? pndis__key_create(machine, base, &rest, out_key, NULL)
                    : pndis__key_open(machine, base, &rest, out_key);
    pndis__key_put(machine, base);
    return status;
}

NTSTATUS
RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key *key;
    NTSTATUS status = open_relative(context, RelativeTo, Path, false, &key, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        pndis__key_put(context->machine, key);
    }
    if ((RelativeTo & RTL_REGISTRY_HANDLE) != 0) {
        /* "RtlCheckRegistryKey function": a handle is closed by this. */
        pndis__handle_close(context, (HANDLE)Path, __func__, NT_CALLER());
    }
    return status;
}

NTSTATUS
RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct key *key;
    NTSTATUS status = open_relative(context, RelativeTo, Path, true, &key, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        pndis__key_put(context->machine, key);
    }
    return status;
}

NTSTATUS
RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType,
                      PVOID ValueData, ULONG ValueLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    UNICODE_STRING name;
    struct key *key;
    NTSTATUS status = open_relative(context, RelativeTo, Path, true, &key, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        RtlInitUnicodeString(&name, ValueName);
        status = pndis__value_set(context->machine, key, &name, ValueType, ValueData, ValueLength);
        pndis__key_put(context->machine, key);
    }
    return status;
}

NTSTATUS
RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    UNICODE_STRING name;
    struct key *key;
    NTSTATUS status = open_relative(context, RelativeTo, Path, false, &key, __func__, NT_CALLER());

    if (NT_SUCCESS(status)) {
        RtlInitUnicodeString(&name, ValueName);
        status = pndis__value_delete(context->machine, key, &name);
        pndis__key_put(context->machine, key);
    }
    return status;
}

/* --- tables --- */

struct query {
    struct context *context;
    struct key *top;
    struct key *current; /* NULL: a subkey that does not exist. */
    PVOID user;
    const void *caller;
};

static bool
is_text(ULONG type)
{
    return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}

/* A UNICODE_STRING gets the text without its terminator, in the caller's memory or in fresh. */
static NTSTATUS
store_text(struct query *query, const struct value *value, PUNICODE_STRING string)
{
    ULONG bytes = value->bytes;
    USHORT length;

    if (bytes > UNICODE_STRING_MAX_BYTES) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    length = (USHORT)(bytes >= sizeof(WCHAR) ? bytes - sizeof(WCHAR) : 0);
    if (string->Buffer == NULL) {
        string->Buffer =
            pndis__string_allocate(query->context, bytes, "RtlQueryRegistryValues", query->caller);
        if (string->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        string->MaximumLength = (USHORT)bytes;
    } else if (string->MaximumLength < bytes) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(string->Buffer, value->data, bytes);
    string->Length = length;
    return STATUS_SUCCESS;
}

/* Longer data than a ULONG goes to a buffer that begins with its own size, negative or not. */
static NTSTATUS
store_data(const struct value *value, void *buffer)
{
    LONG size;
    ULONG header[2] = {value->bytes, value->type};

    if (value->bytes <= sizeof(ULONG)) {
        memcpy(buffer, value->data, value->bytes);
        return STATUS_SUCCESS;
    }
    memcpy(&size, buffer, sizeof(size));
    if (size < 0) {
        if (value->bytes > 0u - (ULONG)size) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        memcpy(buffer, value->data, value->bytes);
        return STATUS_SUCCESS;
    }
    if ((ULONG)size < sizeof(header) || value->bytes > (ULONG)size - sizeof(header)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(buffer, header, sizeof(header));
    memcpy((char *)buffer + sizeof(header), value->data, value->bytes);
    return STATUS_SUCCESS;
}

static NTSTATUS
store(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry, const struct value *value)
{
    ULONG expected = entry->DefaultType >> RTL_QUERY_REGISTRY_TYPECHECK_SHIFT;

    if ((entry->Flags & RTL_QUERY_REGISTRY_TYPECHECK) != 0 && expected != value->type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (value->type == REG_MULTI_SZ && (entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND) == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return is_text(value->type) ? store_text(query, value, entry->EntryContext)
                                : store_data(value, entry->EntryContext);
}

static NTSTATUS
call_routine(const struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry, PWSTR name,
             ULONG type, PVOID data, ULONG bytes)
{
    NTSTATUS status =
        entry->QueryRoutine(name, type, data, bytes, query->user, entry->EntryContext);

    return status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS : status;
}

/* Each string of a REG_MULTI_SZ is told apart, as a REG_SZ. */
static NTSTATUS
tell_each(const struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry, PWSTR name,
          const struct value *value)
{
    PWSTR text = value->data;
    size_t left = value->bytes / sizeof(WCHAR);
    NTSTATUS status = STATUS_SUCCESS;

    while (NT_SUCCESS(status) && left > 0 && *text != 0) {
        size_t count = wcsnlen(text, left) + 1;

        status = call_routine(query, entry, name, REG_SZ, text, (ULONG)(count * sizeof(WCHAR)));
        text += count;
        left -= count < left ? count : left;
    }
    return status;
}

static NTSTATUS
tell(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry, PWSTR name,
     const struct value *value)
{
    bool expands = (entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND) == 0;

    if ((entry->Flags & RTL_QUERY_REGISTRY_DIRECT) != 0) {
        return store(query, entry, value);
    }
    if (value->type == REG_MULTI_SZ && expands) {
        return tell_each(query, entry, name, value);
    }
    return call_routine(query, entry, name,
                        value->type == REG_EXPAND_SZ && expands ? REG_SZ : value->type, value->data,
                        value->bytes);
}

/* Bytes of a default whose length the entry leaves out. */
static ULONG
default_bytes(const RTL_QUERY_REGISTRY_TABLE *entry, ULONG type)
{
    PCWSTR text = entry->DefaultData;
    size_t count = 0;

    if (entry->DefaultLength != 0 || !is_text(type) || text == NULL) {
        return entry->DefaultLength;
    }
    if (type == REG_MULTI_SZ) {
        while (text[count] != 0) {
            count += wcslen(text + count) + 1;
        }
        return (ULONG)((count + 1) * sizeof(WCHAR));
    }
    return (ULONG)((wcslen(text) + 1) * sizeof(WCHAR));
}

static NTSTATUS
tell_default(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry)
{
    struct value value = {.type = entry->DefaultType & RELATIVE_MASK, .data = entry->DefaultData};
    RTL_QUERY_REGISTRY_TABLE unchecked = *entry;

    if ((entry->Flags & RTL_QUERY_REGISTRY_REQUIRED) != 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (value.type == REG_NONE) {
        return STATUS_SUCCESS;
    }
    value.bytes = default_bytes(entry, value.type);
    /* What is checked is the stored value's type, and there is none. */
    unchecked.Flags &= ~(ULONG)RTL_QUERY_REGISTRY_TYPECHECK;
    return tell(query, &unchecked, entry->Name, &value);
}

static NTSTATUS
query_one(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry)
{
    struct pndis_machine *machine = query->context->machine;
    UNICODE_STRING name;
    struct value value;
    NTSTATUS status;

    RtlInitUnicodeString(&name, entry->Name);
    if (query->current == NULL ||
        !NT_SUCCESS(pndis__value_get(machine, query->current, &name, &value))) {
        return tell_default(query, entry);
    }
    status = tell(query, entry, entry->Name, &value);
    pndis__value_fini(&value);
    if (NT_SUCCESS(status) && (entry->Flags & RTL_QUERY_REGISTRY_DELETE) != 0) {
        pndis__value_delete(machine, query->current, &name);
    }
    return status;
}

static NTSTATUS
query_all(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry)
{
    struct pndis_machine *machine = query->context->machine;
    bool deletes = (entry->Flags & RTL_QUERY_REGISTRY_DELETE) != 0;
    NTSTATUS status = STATUS_SUCCESS;
    UNICODE_STRING name;
    struct value value;
    ULONG index = 0;

    while (query->current != NULL && NT_SUCCESS(status) &&
           NT_SUCCESS(pndis__value_at(machine, query->current, index, &name, &value))) {
        status = tell(query, entry, name.Buffer, &value);
        pndis__value_fini(&value);
        if (NT_SUCCESS(status) && deletes) {
            pndis__value_delete(machine, query->current, &name);
        } else {
            index++;
        }
        free(name.Buffer);
    }
    if (index == 0 && !deletes && NT_SUCCESS(status) &&
        (entry->Flags & RTL_QUERY_REGISTRY_REQUIRED) != 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return status;
}

/* Change the key that the entries are about. */
static NTSTATUS
change_key(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry)
{
    struct pndis_machine *machine = query->context->machine;
    UNICODE_STRING nothing = {0};
    UNICODE_STRING path;

    if (query->current != NULL) {
        pndis__key_put(machine, query->current);
        query->current = NULL;
    }
    if ((entry->Flags & RTL_QUERY_REGISTRY_SUBKEY) == 0) {
        return pndis__key_open(machine, query->top, &nothing, &query->current);
    }
    if (entry->Name == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlInitUnicodeString(&path, entry->Name);
    if (!NT_SUCCESS(pndis__key_open(machine, query->top, &path, &query->current))) {
        query->current = NULL;
        return (entry->Flags & RTL_QUERY_REGISTRY_REQUIRED) != 0 ? STATUS_OBJECT_NAME_NOT_FOUND
                                                                 : STATUS_SUCCESS;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
query_entry(struct query *query, const RTL_QUERY_REGISTRY_TABLE *entry)
{
    bool is_direct = (entry->Flags & RTL_QUERY_REGISTRY_DIRECT) != 0;
    bool is_subkey = (entry->Flags & RTL_QUERY_REGISTRY_SUBKEY) != 0;

    if (is_direct && (entry->Name == NULL || is_subkey || entry->QueryRoutine != NULL)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((entry->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_TOPKEY)) != 0) {
        NTSTATUS status = change_key(query, entry);

        if (!NT_SUCCESS(status) || is_subkey) {
            return !NT_SUCCESS(status) || entry->QueryRoutine == NULL ? status
                                                                      : query_all(query, entry);
        }
    }
    if (entry->QueryRoutine == NULL && !is_direct) {
        return (entry->Flags & RTL_QUERY_REGISTRY_TOPKEY) != 0 ? STATUS_SUCCESS
                                                               : STATUS_INVALID_PARAMETER;
    }
    if ((entry->Flags & RTL_QUERY_REGISTRY_NOVALUE) != 0) {
        return call_routine(query, entry, NULL, REG_NONE, NULL, 0);
    }
    return entry->Name == NULL ? query_all(query, entry) : query_one(query, entry);
}

NTSTATUS
RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                       PVOID Context, PVOID Environment)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct query query = {.context = context, .user = Context, .caller = NT_CALLER()};
    UNICODE_STRING nothing = {0};
    NTSTATUS status =
        open_relative(context, RelativeTo, Path, false, &query.top, __func__, NT_CALLER());

    (void)Environment;
    if (!NT_SUCCESS(status)) {
        return (RelativeTo & RTL_REGISTRY_OPTIONAL) != 0 ? STATUS_SUCCESS : status;
    }
    status = pndis__key_open(context->machine, query.top, &nothing, &query.current);
    for (const RTL_QUERY_REGISTRY_TABLE *entry = QueryTable;
         NT_SUCCESS(status) &&
         (entry->QueryRoutine != NULL || entry->Name != NULL ||
          (entry->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT)) != 0);
         entry++) {
        status = query_entry(&query, entry);
    }
    if (query.current != NULL) {
        pndis__key_put(context->machine, query.current);
    }
    pndis__key_put(context->machine, query.top);
    return status;
}
