/* The registry for hosts, and for pndis itself where names are UTF-8. See <pndis/registry.h>. */
#include "nt/registry.h"

#include "nt/unicode.h"

#include <pndis/error.h>
#include <pndis/registry.h>
#include <stdio.h>
#include <stdlib.h>

/* --- inside pndis --- */

NTSTATUS
pndis__value_get_utf8(struct pndis_machine *machine, struct key *key, const char *name,
                      struct value *out_value)
{
    UNICODE_STRING wide;
    NTSTATUS status;

    if (!pndis__unicode_of(name, &wide)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = pndis__value_get(machine, key, &wide, out_value);
    free(wide.Buffer);
    return status;
}

static NTSTATUS
set_utf8(struct pndis_machine *machine, struct key *key, const char *name, ULONG type,
         const void *data, ULONG bytes)
{
    UNICODE_STRING wide;
    NTSTATUS status;

    if (!pndis__unicode_of(name, &wide)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = pndis__value_set(machine, key, &wide, type, data, bytes);
    free(wide.Buffer);
    return status;
}

NTSTATUS
pndis__value_set_string(struct pndis_machine *machine, struct key *key, const char *name,
                        const char *text)
{
    UNICODE_STRING wide;
    NTSTATUS status;

    if (!pndis__unicode_of(text, &wide)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = set_utf8(machine, key, name, REG_SZ, wide.Buffer, wide.MaximumLength);
    free(wide.Buffer);
    return status;
}

NTSTATUS
pndis__value_set_dword(struct pndis_machine *machine, struct key *key, const char *name,
                       uint32_t number)
{
    return set_utf8(machine, key, name, REG_DWORD, &number, sizeof(number));
}

/* --- for hosts --- */

static int
error_of(NTSTATUS status, const char *key, const char *name)
{
    switch (status) {
    case STATUS_SUCCESS:
        return 0;
    case STATUS_OBJECT_NAME_NOT_FOUND:
    case STATUS_KEY_DELETED:
        return pndis__fail(PNDIS_ENOTFOUND, "the registry has no %s%s%s", key,
                           name == NULL ? "" : "\\", name == NULL ? "" : name);
    case STATUS_INSUFFICIENT_RESOURCES:
        return pndis__fail(PNDIS_ENOMEM, "no memory for %s", key);
    default:
        return pndis__fail(PNDIS_EINVAL, "%s is no registry key that can be used so (0x%08x)", key,
                           (unsigned)status);
    }
}

/* A host may write while no call is in progress; watchers of drivers need a context to be told in.
 */
static int
set(struct pndis_machine *machine, const char *key, const char *name, ULONG type, const void *data,
    ULONG bytes)
{
    struct host_call call;
    struct key *opened;
    NTSTATUS status;
    int result = pndis__host_enter(machine, &call);

    if (result != 0) {
        return result;
    }
    status = pndis__key_create_utf8(machine, NULL, key, &opened);
    if (NT_SUCCESS(status)) {
        status = set_utf8(machine, opened, name, type, data, bytes);
        pndis__key_put(machine, opened);
    }
    result = error_of(status, key, name);
    pndis__host_leave(&call);
    return result;
}

int
pndis_registry_set_string(struct pndis_machine *machine, const char *key, const char *name,
                          const char *value)
{
    UNICODE_STRING wide;
    int result;

    if (!pndis__unicode_of(value, &wide)) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a string, or it is too long");
    }
    result = set(machine, key, name, REG_SZ, wide.Buffer, wide.MaximumLength);
    free(wide.Buffer);
    return result;
}

int
pndis_registry_set_dword(struct pndis_machine *machine, const char *key, const char *name,
                         uint32_t value)
{
    return set(machine, key, name, REG_DWORD, &value, sizeof(value));
}

int
pndis_registry_set_binary(struct pndis_machine *machine, const char *key, const char *name,
                          const void *value, size_t bytes)
{
    if (bytes > MAXLONG) {
        return pndis__fail(PNDIS_EINVAL, "a registry value has at most 2 GiB");
    }
    return set(machine, key, name, REG_BINARY, value, (ULONG)bytes);
}

static int
get(struct pndis_machine *machine, const char *key, const char *name, struct value *out_value)
{
    struct key *opened;
    NTSTATUS status = pndis__key_open_utf8(machine, NULL, key, &opened);

    if (NT_SUCCESS(status)) {
        status = pndis__value_get_utf8(machine, opened, name, out_value);
        pndis__key_put(machine, opened);
    }
    return error_of(status, key, name);
}

static bool
is_number(const struct value *value)
{
    return value->type == REG_DWORD && value->bytes == sizeof(uint32_t);
}

int
pndis_registry_get_string(struct pndis_machine *machine, const char *key, const char *name,
                          char *text, size_t bytes)
{
    struct value value;
    uint32_t number;
    int result = get(machine, key, name, &value);

    if (result != 0) {
        return result;
    }
    if (is_number(&value)) {
        memcpy(&number, value.data, sizeof(number));
        snprintf(text, bytes, "%u", number);
    } else {
        const WCHAR *wide = value.data;
        UNICODE_STRING string = {.Buffer = value.data};

        string.Length = (USHORT)(wcsnlen(wide, value.bytes / sizeof(WCHAR)) * sizeof(WCHAR));
        pndis__utf8_of(&string, text, bytes);
    }
    pndis__value_fini(&value);
    return 0;
}

int
pndis_registry_get_dword(struct pndis_machine *machine, const char *key, const char *name,
                         uint32_t *out_value)
{
    struct value value;
    int result = get(machine, key, name, &value);

    if (result != 0) {
        return result;
    }
    if (is_number(&value)) {
        memcpy(out_value, value.data, sizeof(*out_value));
    } else {
        result = pndis__fail(PNDIS_EINVAL, "%s\\%s is not a number", key, name);
    }
    pndis__value_fini(&value);
    return result;
}

static NTSTATUS
delete_from(struct pndis_machine *machine, struct key *key, const char *name)
{
    UNICODE_STRING wide;
    NTSTATUS status;

    if (name == NULL) {
        return pndis__key_delete_tree(machine, key);
    }
    if (!pndis__unicode_of(name, &wide)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = pndis__value_delete(machine, key, &wide);
    free(wide.Buffer);
    return status;
}

int
pndis_registry_delete(struct pndis_machine *machine, const char *key, const char *name)
{
    struct host_call call;
    struct key *opened;
    NTSTATUS status;
    int result = pndis__host_enter(machine, &call);

    if (result != 0) {
        return result;
    }
    status = pndis__key_open_utf8(machine, NULL, key, &opened);
    if (NT_SUCCESS(status)) {
        status = delete_from(machine, opened, name);
        pndis__key_put(machine, opened);
    }
    result = error_of(status, key, name);
    pndis__host_leave(&call);
    return result;
}
