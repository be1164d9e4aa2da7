/*
 * Kernel objects: what drivers reference, name and open handles of ("Life Cycle of an Object").
 *
 * An object is known by the address of its body, which is what drivers hold. Looking a body up
 * never touches it, so that a stale pointer is reported and not followed.
 */
#ifndef PNDIS_LIB_NT_OBJECT_H
#define PNDIS_LIB_NT_OBJECT_H

#include "nt/nt.h"

#define OBJECT_TYPES(X)                                                                            \
    X(ANY, "object")                                                                               \
    X(THREAD, "thread")                                                                            \
    X(PROCESS, "process")                                                                          \
    X(EVENT, "event")                                                                              \
    X(SEMAPHORE, "semaphore")                                                                      \
    X(KEY, "registry key")                                                                         \
    X(DEVICE, "device")                                                                            \
    X(FILE, "file")                                                                                \
    X(CALLBACK, "callback object")                                                                 \
    X(SYMBOLIC_LINK, "symbolic link")                                                              \
    X(DIRECTORY, "directory")                                                                      \
    X(TOKEN, "token")

enum object_type {
#define X(name, words) OBJECT_##name,
    OBJECT_TYPES(X)
#undef X
        OBJECT_TYPE_COUNT
};

/* Called without locks when the last reference is gone; the body is freed afterwards. */
typedef void object_destroy(struct pndis_machine *machine, void *body);

/* A zeroed body of @bytes with one reference. NULL for want of memory. */
void *pndis__object_create(struct pndis_machine *machine, enum object_type type, size_t bytes,
                           object_destroy *destroy);
/*
 * Make memory of pndis' own an object, so that drivers can reference it; until it is forgotten.
 * Returns false for want of memory.
 */
bool pndis__object_adopt(struct pndis_machine *machine, enum object_type type, void *body);
void pndis__object_forget(struct pndis_machine *machine, void *body);

/* Call @visit for every object of that type, with the table locked. */
void pndis__objects_visit(struct pndis_machine *machine, enum object_type type,
                          void (*visit)(void *body, void *user), void *user);

/* OBJECT_ANY when @body is none of the machine's. */
enum object_type pndis__object_type_of(struct pndis_machine *machine, const void *body);
/* Return the new count, or 0 when @body is no object. */
LONG_PTR pndis__object_reference(struct pndis_machine *machine, const void *body);
LONG_PTR pndis__object_dereference(struct pndis_machine *machine, void *body);

/* --- security descriptors --- */

/*
 * Look at or replace the descriptor in @slot: self-relative, from malloc(); NULL while there is
 * none. Called with a lock held.
 */
typedef NTSTATUS security_use(void **slot, void *user);

/* The answer of @use with the descriptor of @body; STATUS_INVALID_HANDLE if it is no object. */
NTSTATUS pndis__object_security(struct pndis_machine *machine, const void *body, security_use *use,
                                void *user);

/* --- names --- */

/* STATUS_OBJECT_NAME_COLLISION when the name is taken, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS pndis__object_name(struct pndis_machine *machine, const void *body, PCUNICODE_STRING name);
/* Take the name of @body away. */
void pndis__object_unname(struct pndis_machine *machine, const void *body);
/* The object of that name and type, referenced; symbolic links are followed unless asked for. */
void *pndis__object_find(struct pndis_machine *machine, PCUNICODE_STRING name,
                         enum object_type type);

/* --- handles --- */

/* A handle of @body, which it references. Goes on the account of the running driver. */
NTSTATUS pndis__handle_open(struct context *context, void *body, ACCESS_MASK access,
                            PHANDLE out_handle, const char *call, const void *caller);
/* The body behind @handle, referenced. STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH. */
NTSTATUS pndis__handle_body(struct pndis_machine *machine, HANDLE handle, enum object_type type,
                            void **out_body);
NTSTATUS pndis__handle_close(struct context *context, HANDLE handle, const char *call,
                             const void *caller);

#endif
