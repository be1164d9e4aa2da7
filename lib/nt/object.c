/* The machine's objects, their names and their handles. See object.h. */
#include "nt/object.h"

#include "nt/device.h"
#include "nt/parts.h"
#include "nt/unicode.h"

#include <pndis/error.h>
#include <stdlib.h>

enum { BUCKET_COUNT = 256, FIRST_HANDLES = 64, LINK_LIMIT = 8 };

/* A handle is 4 times an index, with a generation above it that grows with each reuse. */
enum { HANDLE_INDEX_SHIFT = 2, HANDLE_GENERATION_SHIFT = 20, HANDLE_GENERATION_MASK = 0x7ff };

struct object {
    struct object *next; /* In the bucket. */
    void *body;
    enum object_type type;
    LONG_PTR references;
    object_destroy *destroy;
    bool adopted;
    UNICODE_STRING name; /* Buffer NULL: it has none. */
    void *security;      /* Its security descriptor; NULL: the default one. */
} __attribute__((aligned(16)));

struct handle_entry {
    struct object *object; /* NULL: free. */
    unsigned generation;
};

struct objects {
    struct os_mutex lock;
    struct object *buckets[BUCKET_COUNT];
    struct handle_entry *handles;
    size_t handle_count;
};

int
pndis__objects_create(struct pndis_machine *machine)
{
    struct objects *objects = calloc(1, sizeof(*objects));

    if (objects == NULL) {
        return PNDIS_ENOMEM;
    }
    objects->handles = calloc(FIRST_HANDLES, sizeof(struct handle_entry));
    if (objects->handles == NULL) {
        free(objects);
        return PNDIS_ENOMEM;
    }
    objects->handle_count = FIRST_HANDLES;
    pndis__os_mutex_init(&objects->lock);
    machine->objects = objects;
    return 0;
}

static void
object_free(struct object *object)
{
    free(object->name.Buffer);
    free(object->security);
    free(object);
}

void
pndis__objects_destroy(struct pndis_machine *machine)
{
    struct objects *objects = machine->objects;

    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        while (objects->buckets[i] != NULL) {
            struct object *object = objects->buckets[i];

            objects->buckets[i] = object->next;
            if (object->destroy != NULL) {
                object->destroy(machine, object->body);
            }
            object_free(object);
        }
    }
    free(objects->handles);
    pndis__os_mutex_fini(&objects->lock);
    free(objects);
}

/* --- objects; what is "_locked" is under the objects' lock --- */

static struct object **
bucket_of(struct objects *objects, const void *body)
{
    return &objects->buckets[((uintptr_t)body >> 4) * 0x9e3779b97f4a7c15u >> 56];
}

static struct object *
find_locked(struct objects *objects, const void *body)
{
    struct object *object = *bucket_of(objects, body);

    while (object != NULL && object->body != body) {
        object = object->next;
    }
    return object;
}

static void
add(struct objects *objects, struct object *object)
{
    struct object **bucket;

    pndis__os_mutex_lock(&objects->lock);
    bucket = bucket_of(objects, object->body);
    object->next = *bucket;
    *bucket = object;
    pndis__os_mutex_unlock(&objects->lock);
}

static void
remove_locked(struct objects *objects, struct object *object)
{
    struct object **link = bucket_of(objects, object->body);

    while (*link != object) {
        link = &(*link)->next;
    }
    *link = object->next;
}

void *
pndis__object_create(struct pndis_machine *machine, enum object_type type, size_t bytes,
                     object_destroy *destroy)
{
    struct object *object = calloc(1, sizeof(*object) + bytes);

    if (object == NULL) {
        return NULL;
    }
    object->body = object + 1;
    object->type = type;
    object->references = 1;
    object->destroy = destroy;
    add(machine->objects, object);
    return object->body;
}

bool
pndis__object_adopt(struct pndis_machine *machine, enum object_type type, void *body)
{
    struct object *object = calloc(1, sizeof(*object));

    if (object == NULL) {
        return false;
    }
    object->body = body;
    object->type = type;
    object->references = 1;
    object->adopted = true;
    add(machine->objects, object);
    return true;
}

void
pndis__object_forget(struct pndis_machine *machine, void *body)
{
    struct objects *objects = machine->objects;
    struct object *object;

    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    if (object != NULL) {
        remove_locked(objects, object);
    }
    pndis__os_mutex_unlock(&objects->lock);
    if (object != NULL) {
        object_free(object);
    }
}

void
pndis__objects_visit(struct pndis_machine *machine, enum object_type type,
                     void (*visit)(void *body, void *user), void *user)
{
    struct objects *objects = machine->objects;

    pndis__os_mutex_lock(&objects->lock);
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        for (struct object *at = objects->buckets[i]; at != NULL; at = at->next) {
            if (at->type == type) {
                visit(at->body, user);
            }
        }
    }
    pndis__os_mutex_unlock(&objects->lock);
}

enum object_type
pndis__object_type_of(struct pndis_machine *machine, const void *body)
{
    struct objects *objects = machine->objects;
    const struct object *object;
    enum object_type type;

    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    type = object == NULL ? OBJECT_ANY : object->type;
    pndis__os_mutex_unlock(&objects->lock);
    return type;
}

LONG_PTR
pndis__object_reference(struct pndis_machine *machine, const void *body)
{
    struct objects *objects = machine->objects;
    struct object *object;
    LONG_PTR count;

    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    count = object == NULL ? 0 : ++object->references;
    pndis__os_mutex_unlock(&objects->lock);
    return count;
}

/* One reference less; an object whose last it was is off the table and in @out_dead. */
static LONG_PTR
dereference_locked(struct objects *objects, struct object *object, struct object **out_dead)
{
    LONG_PTR count = --object->references;

    if (count == 0 && !object->adopted) {
        remove_locked(objects, object);
        *out_dead = object;
    }
    return count;
}

static void
bury(struct pndis_machine *machine, struct object *dead)
{
    if (dead != NULL) {
        if (dead->destroy != NULL) {
            dead->destroy(machine, dead->body);
        }
        object_free(dead);
    }
}

LONG_PTR
pndis__object_dereference(struct pndis_machine *machine, void *body)
{
    struct objects *objects = machine->objects;
    struct object *dead = NULL;
    struct object *object;
    LONG_PTR count = 0;

    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    if (object != NULL) {
        count = dereference_locked(objects, object, &dead);
    }
    pndis__os_mutex_unlock(&objects->lock);
    bury(machine, dead);
    return count;
}

/* --- security descriptors --- */

NTSTATUS
pndis__object_security(struct pndis_machine *machine, const void *body, security_use *use,
                       void *user)
{
    struct objects *objects = machine->objects;
    struct object *object;
    NTSTATUS status;

    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    status = object == NULL ? STATUS_INVALID_HANDLE : use(&object->security, user);
    pndis__os_mutex_unlock(&objects->lock);
    return status;
}

/* --- names --- */

static bool
same_name(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
    return pndis__wide_compare(a->Buffer, a->Length / sizeof(WCHAR), b->Buffer,
                               b->Length / sizeof(WCHAR), true) == 0;
}

static struct object *
find_by_name_locked(struct objects *objects, const UNICODE_STRING *name)
{
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        for (struct object *at = objects->buckets[i]; at != NULL; at = at->next) {
            if (at->name.Buffer != NULL && same_name(&at->name, name)) {
                return at;
            }
        }
    }
    return NULL;
}

static bool
begins_with(const UNICODE_STRING *name, const WCHAR *prefix)
{
    size_t count = wcslen(prefix);

    return name->Length / sizeof(WCHAR) >= count &&
           pndis__wide_compare(name->Buffer, count, prefix, count, true) == 0;
}

/* "\DosDevices\X" and "\GLOBAL??\X" are other ways to say "\??\X", which links are filed under. */
static bool
canonical_name(const UNICODE_STRING *name, UNICODE_STRING *out_name)
{
    static const WCHAR *const aliases[] = {L"\\DosDevices\\Global\\", L"\\DosDevices\\",
                                           L"\\GLOBAL??\\", L"\\??\\Global\\"};
    const WCHAR *prefix = L"";
    size_t skipped = 0;
    size_t count;

    for (unsigned i = 0; i < sizeof(aliases) / sizeof(aliases[0]) && skipped == 0; i++) {
        if (begins_with(name, aliases[i])) {
            skipped = wcslen(aliases[i]);
            prefix = L"\\??\\";
        }
    }
    count = name->Length / sizeof(WCHAR) - skipped;
    out_name->MaximumLength = (USHORT)((wcslen(prefix) + count) * sizeof(WCHAR));
    out_name->Length = out_name->MaximumLength;
    out_name->Buffer = malloc(out_name->MaximumLength + sizeof(WCHAR));
    if (out_name->Buffer == NULL) {
        return false;
    }
    memcpy(out_name->Buffer, prefix, wcslen(prefix) * sizeof(WCHAR));
    memcpy(out_name->Buffer + wcslen(prefix), name->Buffer + skipped, count * sizeof(WCHAR));
    out_name->Buffer[out_name->Length / sizeof(WCHAR)] = 0;
    return true;
}

NTSTATUS
pndis__object_name(struct pndis_machine *machine, const void *body, PCUNICODE_STRING name)
{
    struct objects *objects = machine->objects;
    UNICODE_STRING canonical;
    struct object *object;
    NTSTATUS status = STATUS_SUCCESS;

    if (!canonical_name(name, &canonical)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    if (find_by_name_locked(objects, &canonical) != NULL) {
        status = STATUS_OBJECT_NAME_COLLISION;
    } else {
        object->name = canonical;
    }
    pndis__os_mutex_unlock(&objects->lock);
    if (!NT_SUCCESS(status)) {
        free(canonical.Buffer);
    }
    return status;
}

void
pndis__object_unname(struct pndis_machine *machine, const void *body)
{
    struct objects *objects = machine->objects;
    struct object *object;

    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    if (object != NULL) {
        free(object->name.Buffer);
        object->name.Buffer = NULL;
    }
    pndis__os_mutex_unlock(&objects->lock);
}

void *
pndis__object_find(struct pndis_machine *machine, PCUNICODE_STRING name, enum object_type type)
{
    struct objects *objects = machine->objects;
    UNICODE_STRING canonical;
    struct object *object;

    if (!canonical_name(name, &canonical)) {
        return NULL;
    }
    pndis__os_mutex_lock(&objects->lock);
    object = find_by_name_locked(objects, &canonical);
    /* The body of a symbolic link is the name it stands for. */
    for (unsigned i = 0; object != NULL && object->type == OBJECT_SYMBOLIC_LINK &&
                         type != OBJECT_SYMBOLIC_LINK && i < LINK_LIMIT;
         i++) {
        object = find_by_name_locked(objects, object->body);
    }
    if (object != NULL && (type == OBJECT_ANY || object->type == type)) {
        object->references++;
    } else {
        object = NULL;
    }
    pndis__os_mutex_unlock(&objects->lock);
    free(canonical.Buffer);
    return object == NULL ? NULL : object->body;
}

/* --- handles --- */

static struct handle_entry *
entry_of_locked(struct objects *objects, HANDLE handle)
{
    ULONG_PTR value = (ULONG_PTR)handle;
    size_t index = (value & ((1u << HANDLE_GENERATION_SHIFT) - 1)) >> HANDLE_INDEX_SHIFT;
    struct handle_entry *entry = &objects->handles[index];

    if (value >> 31 != 0 || index == 0 || index >= objects->handle_count || entry->object == NULL ||
        entry->generation != value >> HANDLE_GENERATION_SHIFT) {
        return NULL;
    }
    return entry;
}

/* A free entry; entry 0 is never used, so that no handle is NULL. NULL: no memory, or too many. */
static struct handle_entry *
free_entry_locked(struct objects *objects)
{
    size_t limit = (size_t)1 << (HANDLE_GENERATION_SHIFT - HANDLE_INDEX_SHIFT);
    size_t count = objects->handle_count;
    struct handle_entry *grown;

    for (size_t i = 1; i < count; i++) {
        if (objects->handles[i].object == NULL) {
            return &objects->handles[i];
        }
    }
    if (count * 2 > limit) {
        return NULL;
    }
    grown = realloc(objects->handles, count * 2 * sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    memset(grown + count, 0, count * sizeof(*grown));
    objects->handles = grown;
    objects->handle_count = count * 2;
    return &grown[count];
}

static enum resource
resource_of(enum object_type type)
{
    return type == OBJECT_KEY ? RESOURCE_KEY : RESOURCE_HANDLE;
}

NTSTATUS
pndis__handle_open(struct context *context, void *body, ACCESS_MASK access, PHANDLE out_handle,
                   const char *call, const void *caller)
{
    struct objects *objects = context->machine->objects;
    struct handle_entry *entry;
    struct object *object;
    enum resource resource;

    (void)access; /* Kernel code is not checked. */
    pndis__os_mutex_lock(&objects->lock);
    object = find_locked(objects, body);
    entry = free_entry_locked(objects);
    if (object == NULL || entry == NULL) {
        pndis__os_mutex_unlock(&objects->lock);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    entry->object = object;
    object->references++;
    resource = resource_of(object->type);
    *out_handle = (HANDLE)(((size_t)(entry - objects->handles) << HANDLE_INDEX_SHIFT) |
                           ((size_t)entry->generation << HANDLE_GENERATION_SHIFT));
    pndis__os_mutex_unlock(&objects->lock);
    pndis__acquired(context, resource, *out_handle, 0, 0, NULL, call, caller);
    return STATUS_SUCCESS;
}

NTSTATUS
pndis__handle_body(struct pndis_machine *machine, HANDLE handle, enum object_type type,
                   void **out_body)
{
    struct objects *objects = machine->objects;
    struct handle_entry *entry;
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&objects->lock);
    entry = entry_of_locked(objects, handle);
    if (entry == NULL) {
        status = STATUS_INVALID_HANDLE;
    } else if (type != OBJECT_ANY && entry->object->type != type) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    } else {
        entry->object->references++;
        *out_body = entry->object->body;
    }
    pndis__os_mutex_unlock(&objects->lock);
    return status;
}

NTSTATUS
pndis__handle_close(struct context *context, HANDLE handle, const char *call, const void *caller)
{
    struct objects *objects = context->machine->objects;
    struct handle_entry *entry;
    struct object *dead = NULL;
    PFILE_OBJECT file = NULL;
    enum resource resource = RESOURCE_HANDLE;

    pndis__os_mutex_lock(&objects->lock);
    entry = entry_of_locked(objects, handle);
    if (entry != NULL) {
        resource = resource_of(entry->object->type);
        if (entry->object->type == OBJECT_FILE) {
            file = entry->object->body; /* Its driver is told, without the lock. */
        } else {
            dereference_locked(objects, entry->object, &dead);
        }
        entry->object = NULL;
        entry->generation = (entry->generation + 1) & HANDLE_GENERATION_MASK;
    }
    pndis__os_mutex_unlock(&objects->lock);
    if (entry == NULL) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "closes handle %p, which is not open", handle);
        return STATUS_INVALID_HANDLE;
    }
    pndis__released(context, resource, handle, call);
    bury(context->machine, dead);
    if (file != NULL) {
        pndis__file_close(context, file);
    }
    return STATUS_SUCCESS;
}
