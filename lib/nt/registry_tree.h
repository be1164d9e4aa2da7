/*
 * The tree of the registry from inside: registry.c has the keys, registry_value.c their values,
 * registry_watch.c those who are told of changes. Everything here is under the registry's lock.
 */
#ifndef PNDIS_LIB_NT_REGISTRY_TREE_H
#define PNDIS_LIB_NT_REGISTRY_TREE_H

#include "nt/registry.h"
#include "nt/unicode.h"

struct named_value {
    struct named_value *next;
    UNICODE_STRING name;
    struct value value;
};

struct key {
    struct key *parent; /* Referenced. */
    UNICODE_STRING name;
    struct key **children; /* Sorted by name. */
    size_t child_count;
    size_t child_capacity;
    struct named_value *values; /* In the order of creation. */
    size_t references;          /* One of them the tree's. */
    bool deleted;
    LONGLONG last_write;
    struct key_watch *watches;
    void *security; /* Its security descriptor; NULL: the default one. */
};

struct registry {
    struct os_mutex lock;
    struct key *root;
};

/* How @a sorts to the @b_count characters of @b; names have no case. */
static inline LONG
registry_compare(const UNICODE_STRING *a, const WCHAR *b, size_t b_count)
{
    return pndis__wide_compare(a->Buffer, a->Length / sizeof(WCHAR), b, b_count, true);
}

/* A copy with a NUL behind it; free Buffer with free(). False for want of memory. */
bool pndis__registry_text(UNICODE_STRING *to, const WCHAR *characters, size_t count);
/* Now, as keys are stamped with it. */
LONGLONG pndis__registry_time(struct pndis_machine *machine);
void pndis__values_free(struct key *key);
/* Unlock, and tell those who watch @key, which the caller holds a reference of, of the change. */
void pndis__registry_tell(struct pndis_machine *machine, struct key *key, ULONG what);

#endif
