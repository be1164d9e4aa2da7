/*
 * The tree of keys: finding, making, deleting and describing them. See registry.h; what is
 * "_locked" is under the registry's lock.
 */
#include "nt/registry_tree.h"

#include "nt/parts.h"

#include <pndis/error.h>
#include <stdlib.h>

enum { NAME_CHARACTERS_LIMIT = 255 };

/* --- memory --- */

bool
pndis__registry_text(UNICODE_STRING *to, const WCHAR *characters, size_t count)
{
    to->Length = (USHORT)(count * sizeof(WCHAR));
    to->MaximumLength = (USHORT)(to->Length + sizeof(WCHAR));
    to->Buffer = malloc(to->MaximumLength);
    if (to->Buffer == NULL) {
        return false;
    }
    memcpy(to->Buffer, characters, to->Length);
    to->Buffer[count] = 0;
    return true;
}

static struct key *
key_new(const WCHAR *name, size_t count)
{
    struct key *key = calloc(1, sizeof(*key));

    if (key == NULL || !pndis__registry_text(&key->name, name, count)) {
        free(key);
        return NULL;
    }
    key->references = 1;
    return key;
}

static void
key_free(struct key *key)
{
    pndis__values_free(key);
    free(key->children);
    free(key->name.Buffer);
    free(key->security);
    free(key);
}

static void
put_locked(struct key *key)
{
    while (key != NULL && --key->references == 0) {
        struct key *parent = key->parent;

        key_free(key);
        key = parent;
    }
}

static void
tree_free(struct key *key)
{
    for (size_t i = 0; i < key->child_count; i++) {
        tree_free(key->children[i]);
    }
    key_free(key);
}

/* --- finding --- */

/* Where the child of that name is, or would be. */
static size_t
child_index(const struct key *key, const WCHAR *name, size_t count)
{
    size_t low = 0;
    size_t high = key->child_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (registry_compare(&key->children[middle]->name, name, count) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct key *
find_child(const struct key *key, const WCHAR *name, size_t count)
{
    size_t index = child_index(key, name, count);

    return index < key->child_count &&
                   registry_compare(&key->children[index]->name, name, count) == 0
               ? key->children[index]
               : NULL;
}

LONGLONG
pndis__registry_time(struct pndis_machine *machine)
{
    return (LONGLONG)(116444736000000000u +
                      (machine->wall_ns_at_zero + pndis__now_ns(machine->sched)) / 100);
}

static struct key *
add_child(struct pndis_machine *machine, struct key *parent, const WCHAR *name, size_t count)
{
    size_t index = child_index(parent, name, count);
    struct key *key;

    if (parent->child_count == parent->child_capacity) {
        size_t capacity = parent->child_capacity == 0 ? 4 : parent->child_capacity * 2;
        struct key **grown = realloc(parent->children, capacity * sizeof(struct key *));

        if (grown == NULL) {
            return NULL;
        }
        parent->children = grown;
        parent->child_capacity = capacity;
    }
    key = key_new(name, count);
    if (key == NULL) {
        return NULL;
    }
    memmove(parent->children + index + 1, parent->children + index,
            (parent->child_count - index) * sizeof(struct key *));
    parent->children[index] = key;
    parent->child_count++;
    parent->references++;
    key->parent = parent;
    key->last_write = parent->last_write = pndis__registry_time(machine);
    return key;
}

/* The next part of a path: *@path moves on. Returns how many characters it has; 0 at the end. */
static size_t
next_part(PCUNICODE_STRING path, size_t *at, const WCHAR **out_part)
{
    size_t count = path->Length / sizeof(WCHAR);
    size_t start;

    while (*at < count && path->Buffer[*at] == '\\') {
        ++*at;
    }
    start = *at;
    while (*at < count && path->Buffer[*at] != '\\') {
        ++*at;
    }
    *out_part = path->Buffer + start;
    return *at - start;
}

/* --- the machine's part --- */

int
pndis__registry_create(struct pndis_machine *machine)
{
    static const char *const first_keys[] = {
        "\\Registry\\Machine\\System\\CurrentControlSet\\Services",
        "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class",
        "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
        "\\Registry\\Machine\\Hardware\\DeviceMap",
        "\\Registry\\User",
    };
    struct registry *registry = calloc(1, sizeof(*registry));

    if (registry == NULL) {
        return PNDIS_ENOMEM;
    }
    pndis__os_mutex_init(&registry->lock);
    machine->registry = registry;
    registry->root = key_new(L"", 0);
    for (unsigned i = 0; i < sizeof(first_keys) / sizeof(first_keys[0]); i++) {
        struct key *key;

        if (registry->root == NULL ||
            !NT_SUCCESS(pndis__key_create_utf8(machine, NULL, first_keys[i], &key))) {
            pndis__registry_destroy(machine);
            return PNDIS_ENOMEM;
        }
        pndis__key_put(machine, key);
    }
    return 0;
}

void
pndis__registry_destroy(struct pndis_machine *machine)
{
    if (machine->registry->root != NULL) {
        tree_free(machine->registry->root);
    }
    pndis__os_mutex_fini(&machine->registry->lock);
    free(machine->registry);
}

/* --- keys --- */

static NTSTATUS
walk_locked(struct pndis_machine *machine, struct key *base, PCUNICODE_STRING path, bool create,
            struct key **out_key, struct key **out_changed)
{
    struct key *key = base == NULL ? machine->registry->root : base;
    const WCHAR *part;
    size_t at = 0;
    size_t count;

    *out_changed = NULL;
    if (base == NULL && (path->Length == 0 || path->Buffer[0] != '\\')) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    if (key->deleted) {
        return STATUS_KEY_DELETED;
    }
    while ((count = next_part(path, &at, &part)) != 0) {
        struct key *child = find_child(key, part, count);

        if (count > NAME_CHARACTERS_LIMIT) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        if (child == NULL && !create) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        if (child == NULL) {
            child = add_child(machine, key, part, count);
            if (child == NULL) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            *out_changed = *out_changed == NULL ? key : *out_changed;
        }
        key = child;
    }
    key->references++;
    *out_key = key;
    return STATUS_SUCCESS;
}

static NTSTATUS
open_or_create(struct pndis_machine *machine, struct key *base, PCUNICODE_STRING path, bool create,
               struct key **out_key, bool *out_created)
{
    struct key *changed;
    NTSTATUS status;

    pndis__os_mutex_lock(&machine->registry->lock);
    status = walk_locked(machine, base, path, create, out_key, &changed);
    if (out_created != NULL) {
        *out_created = changed != NULL;
    }
    if (changed == NULL) {
        pndis__os_mutex_unlock(&machine->registry->lock);
        return status;
    }
    changed->references++;
    pndis__registry_tell(machine, changed, REG_NOTIFY_CHANGE_NAME);
    pndis__key_put(machine, changed);
    return status;
}

NTSTATUS
pndis__key_open(struct pndis_machine *machine, struct key *base, PCUNICODE_STRING path,
                struct key **out_key)
{
    return open_or_create(machine, base, path, false, out_key, NULL);
}

NTSTATUS
pndis__key_create(struct pndis_machine *machine, struct key *base, PCUNICODE_STRING path,
                  struct key **out_key, bool *out_created)
{
    return open_or_create(machine, base, path, true, out_key, out_created);
}

static NTSTATUS
with_utf8_path(struct pndis_machine *machine, struct key *base, const char *path, bool create,
               struct key **out_key)
{
    UNICODE_STRING wide;
    NTSTATUS status;

    if (!pndis__unicode_of(path, &wide)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = open_or_create(machine, base, &wide, create, out_key, NULL);
    free(wide.Buffer);
    return status;
}

NTSTATUS
pndis__key_open_utf8(struct pndis_machine *machine, struct key *base, const char *path,
                     struct key **out_key)
{
    return with_utf8_path(machine, base, path, false, out_key);
}

NTSTATUS
pndis__key_create_utf8(struct pndis_machine *machine, struct key *base, const char *path,
                       struct key **out_key)
{
    return with_utf8_path(machine, base, path, true, out_key);
}

void
pndis__key_put(struct pndis_machine *machine, struct key *key)
{
    pndis__os_mutex_lock(&machine->registry->lock);
    put_locked(key);
    pndis__os_mutex_unlock(&machine->registry->lock);
}

/* Take @key out of its parent. The tree's reference goes with it. */
static void
detach_locked(struct pndis_machine *machine, struct key *key)
{
    struct key *parent = key->parent;
    size_t index = child_index(parent, key->name.Buffer, key->name.Length / sizeof(WCHAR));

    memmove(parent->children + index, parent->children + index + 1,
            (parent->child_count - index - 1) * sizeof(struct key *));
    parent->child_count--;
    parent->last_write = pndis__registry_time(machine);
    key->deleted = true;
    put_locked(key);
}

static void
detach_tree_locked(struct pndis_machine *machine, struct key *key)
{
    while (key->child_count > 0) {
        detach_tree_locked(machine, key->children[key->child_count - 1]);
    }
    detach_locked(machine, key);
}

static NTSTATUS
delete_key(struct pndis_machine *machine, struct key *key, bool whole_tree)
{
    struct key *parent;
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&machine->registry->lock);
    parent = key->parent;
    if (key->deleted) {
        status = STATUS_KEY_DELETED;
    } else if (parent == NULL || (key->child_count > 0 && !whole_tree)) {
        status = STATUS_CANNOT_DELETE;
    }
    if (!NT_SUCCESS(status)) {
        pndis__os_mutex_unlock(&machine->registry->lock);
        return status;
    }
    parent->references++;
    detach_tree_locked(machine, key);
    pndis__registry_tell(machine, parent, REG_NOTIFY_CHANGE_NAME);
    pndis__key_put(machine, parent);
    return STATUS_SUCCESS;
}

NTSTATUS
pndis__key_delete(struct pndis_machine *machine, struct key *key)
{
    return delete_key(machine, key, false);
}

NTSTATUS
pndis__key_delete_tree(struct pndis_machine *machine, struct key *key)
{
    return delete_key(machine, key, true);
}

static void
describe_locked(const struct key *key, struct key_information *information)
{
    memset(information, 0, sizeof(*information));
    information->last_write = key->last_write;
    information->subkeys = (ULONG)key->child_count;
    for (size_t i = 0; i < key->child_count; i++) {
        information->longest_subkey_name =
            max(information->longest_subkey_name, key->children[i]->name.Length);
    }
    for (const struct named_value *at = key->values; at != NULL; at = at->next) {
        information->values++;
        information->longest_value_name = max(information->longest_value_name, at->name.Length);
        information->longest_value_data = max(information->longest_value_data, at->value.bytes);
    }
}

NTSTATUS
pndis__key_information(struct pndis_machine *machine, struct key *key,
                       struct key_information *out_information)
{
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&machine->registry->lock);
    if (key->deleted) {
        status = STATUS_KEY_DELETED;
    } else {
        describe_locked(key, out_information);
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}

NTSTATUS
pndis__key_subkey_at(struct pndis_machine *machine, struct key *key, ULONG index,
                     UNICODE_STRING *out_name, struct key_information *out_information)
{
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&machine->registry->lock);
    if (key->deleted) {
        status = STATUS_KEY_DELETED;
    } else if (index >= key->child_count) {
        status = STATUS_NO_MORE_ENTRIES;
    } else {
        const struct key *child = key->children[index];

        describe_locked(child, out_information);
        if (!pndis__registry_text(out_name, child->name.Buffer,
                                  child->name.Length / sizeof(WCHAR))) {
            status = STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}

NTSTATUS
pndis__key_name(struct pndis_machine *machine, struct key *key, bool whole_path,
                UNICODE_STRING *out_name)
{
    size_t characters = 0;
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&machine->registry->lock);
    for (struct key *at = key; whole_path && at->parent != NULL; at = at->parent) {
        characters += at->name.Length / sizeof(WCHAR) + 1;
    }
    characters = whole_path ? characters : key->name.Length / sizeof(WCHAR);
    out_name->Buffer = calloc(characters + 1, sizeof(WCHAR));
    if (out_name->Buffer == NULL) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        out_name->Length = (USHORT)(characters * sizeof(WCHAR));
        out_name->MaximumLength = (USHORT)(out_name->Length + sizeof(WCHAR));
        /* From the last part to the first. */
        for (struct key *at = key; characters > 0; at = at->parent) {
            characters -= at->name.Length / sizeof(WCHAR);
            memcpy(out_name->Buffer + characters, at->name.Buffer, at->name.Length);
            if (whole_path) {
                out_name->Buffer[--characters] = '\\';
            }
        }
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}

NTSTATUS
pndis__key_security(struct pndis_machine *machine, struct key *key, security_use *use, void *user)
{
    NTSTATUS status;

    pndis__os_mutex_lock(&machine->registry->lock);
    status = key->deleted ? STATUS_KEY_DELETED : use(&key->security, user);
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}
