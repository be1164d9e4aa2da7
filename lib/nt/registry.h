/*
 * The registry of a machine: a tree of keys with typed values, names without regard to case.
 *
 * Keys are referenced: every function that gives one out has the caller put it back. Paths are
 * separated by backslashes; a path that begins with one is absolute and begins with \Registry.
 */
#ifndef PNDIS_LIB_NT_REGISTRY_H
#define PNDIS_LIB_NT_REGISTRY_H

#include "nt/object.h"

struct key;

/* What a value holds, copied; free with pndis__value_fini(). */
struct value {
    ULONG type;
    ULONG bytes;
    void *data;
};

/* --- keys --- */

/* @base NULL: @path is absolute. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_NAME_INVALID. */
NTSTATUS pndis__key_open(struct pndis_machine *machine, struct key *base, PCUNICODE_STRING path,
                         struct key **out_key);
/* Open it, or create it with everything above it; @out_created may be NULL. */
NTSTATUS pndis__key_create(struct pndis_machine *machine, struct key *base, PCUNICODE_STRING path,
                           struct key **out_key, bool *out_created);
/* The same for UTF-8 paths, as hosts and pndis itself write them. */
NTSTATUS pndis__key_open_utf8(struct pndis_machine *machine, struct key *base, const char *path,
                              struct key **out_key);
NTSTATUS pndis__key_create_utf8(struct pndis_machine *machine, struct key *base, const char *path,
                                struct key **out_key);
void pndis__key_put(struct pndis_machine *machine, struct key *key);
/* STATUS_CANNOT_DELETE while it has subkeys; those who have it open find STATUS_KEY_DELETED. */
NTSTATUS pndis__key_delete(struct pndis_machine *machine, struct key *key);
/* With everything below it. */
NTSTATUS pndis__key_delete_tree(struct pndis_machine *machine, struct key *key);

/* Counts and sizes, in bytes, for ZwQueryKey. */
struct key_information {
    LONGLONG last_write;
    ULONG subkeys;
    ULONG longest_subkey_name;
    ULONG values;
    ULONG longest_value_name;
    ULONG longest_value_data;
};

NTSTATUS pndis__key_information(struct pndis_machine *machine, struct key *key,
                                struct key_information *out_information);
/* Name and last write of subkey @index, in alphabetical order; free the name's Buffer with free().
 */
NTSTATUS pndis__key_subkey_at(struct pndis_machine *machine, struct key *key, ULONG index,
                              UNICODE_STRING *out_name, struct key_information *out_information);
/* Its own name, or its whole path; free Buffer with free(). */
NTSTATUS pndis__key_name(struct pndis_machine *machine, struct key *key, bool whole_path,
                         UNICODE_STRING *out_name);

/* The answer of @use with its security descriptor. STATUS_KEY_DELETED. */
NTSTATUS pndis__key_security(struct pndis_machine *machine, struct key *key, security_use *use,
                             void *user);

/* --- values --- */

NTSTATUS pndis__value_set(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING name,
                          ULONG type, const void *data, ULONG bytes);
NTSTATUS pndis__value_get(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING name,
                          struct value *out_value);
NTSTATUS pndis__value_delete(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING name);
/* Value @index, in the order of creation. STATUS_NO_MORE_ENTRIES. */
NTSTATUS pndis__value_at(struct pndis_machine *machine, struct key *key, ULONG index,
                         UNICODE_STRING *out_name, struct value *out_value);
void pndis__value_fini(struct value *value);

/* A REG_SZ value with its NUL, from UTF-8. */
NTSTATUS pndis__value_set_string(struct pndis_machine *machine, struct key *key, const char *name,
                                 const char *text);
NTSTATUS pndis__value_set_dword(struct pndis_machine *machine, struct key *key, const char *name,
                                uint32_t number);
/* The value of that UTF-8 name. */
NTSTATUS pndis__value_get_utf8(struct pndis_machine *machine, struct key *key, const char *name,
                               struct value *out_value);

/* --- changes --- */

/* Called once, without the registry's lock, when @key changes or is given up (@gone). */
struct key_watch {
    ULONG filter; /* REG_NOTIFY_CHANGE_*. */
    bool whole_tree;
    void (*on_change)(struct key_watch *watch, bool gone);
    struct key *key;
    struct key_watch *next;
};

/* @watch stays where it is until it is called or removed. */
NTSTATUS pndis__key_watch(struct pndis_machine *machine, struct key *key, struct key_watch *watch);
/* Returns false when it has been called, or is about to be. */
bool pndis__key_unwatch(struct pndis_machine *machine, struct key_watch *watch);

/* @key has changed otherwise than by a function above: tell who asked for that. */
void pndis__key_changed(struct pndis_machine *machine, struct key *key, ULONG what);

/* --- INF files (inf_apply.c) --- */

/*
 * Do to @key what installing from the INF file at @path does to a driver's key: run the AddReg
 * directives of @section, or of the section that the first model of the file names, and set the
 * value of each parameter that has a default. Returns 0 or PNDIS_E*, with the error set.
 */
int pndis__inf_apply(struct pndis_machine *machine, const char *path, const char *section,
                     struct key *key);

#endif
