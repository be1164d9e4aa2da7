/* Handles of registry keys, and who is told of changes through them. */
#ifndef PNDIS_LIB_NT_KEY_HANDLE_H
#define PNDIS_LIB_NT_KEY_HANDLE_H

#include "nt/registry.h"

/* What a handle of a key is a handle of. */
struct key_object {
    struct key *key;
    struct notification *notifications; /* registry_notify.c */
};

/* Open a handle of @key, whose reference goes with it, also on failure. */
NTSTATUS pndis__key_handle_open(struct context *context, struct key *key, ACCESS_MASK access,
                                PHANDLE out_handle, const char *call, const void *caller);
/* The object behind @handle, referenced. An invalid handle is reported. */
NTSTATUS pndis__key_handle_body(struct context *context, HANDLE handle,
                                struct key_object **out_object, const char *call,
                                const void *caller);

/* The handle has been closed: what was asked for through it ends as a cleanup. */
void pndis__notifications_end(struct pndis_machine *machine, struct key_object *object);

#endif
