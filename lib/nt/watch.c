/* The watched objects of a machine, in a table by page, with a counter to skip most lookups. */
#include "nt/watch.h"

#include <pndis/error.h>
#include <stdlib.h>

enum { BUCKET_COUNT = 1024, PAGES_LOOKED_UP = 64 };

struct watch {
    struct brief_lock lock;
    uint32_t counts[BUCKET_COUNT]; /* Read without the lock. */
    struct watched *buckets[BUCKET_COUNT];
    struct watched *owned;
};

static const char *const words[] = {
#define X(name, text) [WATCH_##name] = text,
    WATCH_KINDS(X)
#undef X
};

static unsigned
bucket_of(uintptr_t page)
{
    return (unsigned)((page * 0x9e3779b97f4a7c15u) >> 54) % BUCKET_COUNT;
}

static uintptr_t
page_of(const void *address)
{
    return (uintptr_t)address >> PAGE_SHIFT;
}

int
pndis__watch_create(struct pndis_machine *machine)
{
    machine->watch = calloc(1, sizeof(*machine->watch));
    return machine->watch == NULL ? PNDIS_ENOMEM : 0;
}

void
pndis__watch_destroy(struct pndis_machine *machine)
{
    struct watch *watch = machine->watch;

    while (watch->owned != NULL) {
        struct watched *watched = watch->owned;

        watch->owned = watched->next_owned;
        watched->destroy(watched);
    }
    free(watch);
}

void
pndis__watch_add(struct pndis_machine *machine, struct watched *watched, const void *object,
                 enum watch_kind kind)
{
    struct watch *watch = machine->watch;
    unsigned index = bucket_of(page_of(object));

    watched->object = object;
    watched->kind = kind;
    watched->destroy = NULL;
    brief_lock(&watch->lock);
    watched->next = watch->buckets[index];
    watched->link = &watch->buckets[index];
    if (watched->next != NULL) {
        watched->next->link = &watched->next;
    }
    watch->buckets[index] = watched;
    __atomic_fetch_add(&watch->counts[index], 1, __ATOMIC_RELEASE);
    brief_unlock(&watch->lock);
}

void
pndis__watch_own(struct pndis_machine *machine, struct watched *watched, const void *object,
                 enum watch_kind kind, void (*destroy)(struct watched *watched))
{
    struct watch *watch = machine->watch;

    pndis__watch_add(machine, watched, object, kind);
    brief_lock(&watch->lock);
    watched->destroy = destroy;
    watched->next_owned = watch->owned;
    watched->owned_link = &watch->owned;
    if (watched->next_owned != NULL) {
        watched->next_owned->owned_link = &watched->next_owned;
    }
    watch->owned = watched;
    brief_unlock(&watch->lock);
}

void
pndis__watch_remove(struct pndis_machine *machine, struct watched *watched)
{
    struct watch *watch = machine->watch;

    brief_lock(&watch->lock);
    if (watched->destroy != NULL) {
        *watched->owned_link = watched->next_owned;
        if (watched->next_owned != NULL) {
            watched->next_owned->owned_link = watched->owned_link;
        }
    }
    *watched->link = watched->next;
    if (watched->next != NULL) {
        watched->next->link = watched->link;
    }
    __atomic_fetch_sub(&watch->counts[bucket_of(page_of(watched->object))], 1, __ATOMIC_RELEASE);
    brief_unlock(&watch->lock);
}

static const char *
find_in_bucket(struct watch *watch, unsigned index, const void *start, size_t bytes)
{
    const char *found = NULL;

    if (__atomic_load_n(&watch->counts[index], __ATOMIC_ACQUIRE) == 0) {
        return NULL;
    }
    brief_lock(&watch->lock);
    for (const struct watched *at = watch->buckets[index]; at != NULL; at = at->next) {
        if ((uintptr_t)at->object - (uintptr_t)start < bytes) {
            found = words[at->kind];
        }
    }
    brief_unlock(&watch->lock);
    return found;
}

const char *
pndis__watch_find(struct pndis_machine *machine, const void *start, size_t bytes)
{
    struct watch *watch = machine->watch;
    uintptr_t first = page_of(start);
    uintptr_t last = page_of((const char *)start + (bytes == 0 ? 0 : bytes - 1));
    const char *found = NULL;

    if (last - first < PAGES_LOOKED_UP) {
        for (uintptr_t page = first; page <= last && found == NULL; page++) {
            found = find_in_bucket(watch, bucket_of(page), start, bytes);
        }
        return found;
    }
    for (unsigned i = 0; i < BUCKET_COUNT && found == NULL; i++) {
        found = find_in_bucket(watch, i, start, bytes);
    }
    return found;
}
