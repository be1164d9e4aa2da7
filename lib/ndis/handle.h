/*
 * Handles: what drivers hold of NDIS objects. Each object begins with a struct handle and is known
 * to its machine, so that a handle that is wild, dead or of another kind is recognized and named.
 */
#ifndef PNDIS_LIB_NDIS_HANDLE_H
#define PNDIS_LIB_NDIS_HANDLE_H

#include "nt/nt.h"

#include <ndis.h>

#include <uthash.h>

#define HANDLE_KINDS(X)                                                                            \
    X(MINIPORT_DRIVER, "a miniport driver handle")                                                 \
    X(ADAPTER, "a miniport adapter handle")                                                        \
    X(PROTOCOL, "a protocol handle")                                                               \
    X(BINDING, "a binding handle")                                                                 \
    X(BIND_CONTEXT, "a bind or unbind context")                                                    \
    X(CONFIGURATION, "a configuration handle")                                                     \
    X(NBL_POOL, "a NET_BUFFER_LIST pool handle")                                                   \
    X(NB_POOL, "a NET_BUFFER pool handle")                                                         \
    X(TIMER, "a timer object handle")                                                              \
    X(WORK_ITEM, "a work item handle")                                                             \
    X(RW_LOCK, "a read/write lock")                                                                \
    X(INTERRUPT, "an interrupt handle")                                                            \
    X(SG_DMA, "a scatter/gather DMA handle")                                                       \
    X(DMA_CHANNEL, "a DMA channel handle")                                                         \
    X(SHARED_MEMORY, "a shared memory handle")                                                     \
    X(EVENT_LOG, "a log handle")                                                                   \
    X(FILE, "a file handle")                                                                       \
    X(GENERIC_OBJECT, "a generic object")                                                          \
    X(DEVICE, "a device handle")                                                                   \
    X(OID_CLONE, "a cloned OID request")                                                           \
    X(WRAPPER, "an NDIS wrapper handle")                                                           \
    X(MINIPORT5, "a wrapper configuration context")                                                \
    X(INTERRUPT5, "a registered NDIS_MINIPORT_INTERRUPT")                                          \
    X(PACKET_POOL, "a packet pool handle")                                                         \
    X(BUFFER_POOL, "a buffer pool handle")                                                         \
    X(PACKET, "a packet")

enum handle_kind {
    HANDLE_NONE,
#define X(name, words) HANDLE_##name,
    HANDLE_KINDS(X)
#undef X
        HANDLE_KIND_COUNT
};

#define HANDLE_BIT(kind) (1u << HANDLE_##kind)

struct handle {
    uint32_t magic;
    uint16_t kind;
    bool dead; /* A tombstone: the object is gone, its memory is kept to say so. */
    struct owner *owner;
    struct pndis_machine *machine;
    const void *self; /* The hash key: the address that drivers hold. */
    UT_hash_handle hh;
    struct handle *next_dead;
    void (*free_memory)(struct handle *handle);
};

enum { HANDLE_MAGIC = 0x4e444953, TOMBSTONE_LIMIT = 512 };

struct handles {
    struct brief_lock lock;
    struct handle *known; /* By address; tombstones included. */
    struct handle *oldest_dead;
    struct handle *newest_dead;
    unsigned dead_count;
};

/* The handles of @machine; NULL while it has no NDIS. */
struct handles *pndis__handles_of(struct pndis_machine *machine);

/* Make @handle known. @free_memory releases the object it is part of, when its tombstone goes. */
void pndis__handle_add(struct handles *handles, struct handle *handle, enum handle_kind kind,
                       struct owner *owner, struct pndis_machine *machine,
                       void (*free_memory)(struct handle *handle));
/* The same for an object whose drivers hold another address of it: @self. */
void pndis__handle_add_as(struct handles *handles, struct handle *handle, const void *self,
                          enum handle_kind kind, struct owner *owner, struct pndis_machine *machine,
                          void (*free_memory)(struct handle *handle));
/* The object's life is over. Its memory is freed later, so that late uses are recognized. */
void pndis__handle_retire(struct handles *handles, struct handle *handle);
/* Free all tombstones, and forget everything. */
void pndis__handles_fini(struct handles *handles);

/*
 * The object behind @given if it is alive and of a kind in @kinds, else NULL after a report under
 * OBJECT_HANDLE. Any pointer value is safe.
 */
struct handle *pndis__handle(struct context *context, NDIS_HANDLE given, unsigned kinds,
                             const char *call, const void *caller);

/* Whether @given is a live handle of a kind in @kinds. Reports nothing. */
bool pndis__handle_known(struct pndis_machine *machine, NDIS_HANDLE given, unsigned kinds);

/* The same for what is or was one, as long as its tombstone is kept. */
bool pndis__handle_remembered(struct pndis_machine *machine, NDIS_HANDLE given, unsigned kinds);

/*
 * Whom something belongs to that a driver acquires with @given: an adapter, a driver, a protocol, a
 * binding ... NULL is allowed where the documentation allows it and gives a NULL owner (inferred).
 * Returns false after a report when it is none of these.
 */
bool pndis__owner_of_handle(struct context *context, NDIS_HANDLE given, const char *call,
                            const void *caller, struct owner **out_owner);

/* Whether @given is alive and of @kind; reports if not. Any pointer value is safe. */
bool pndis__handle_slow(struct context *context, NDIS_HANDLE given, enum handle_kind kind,
                        const char *call, const void *caller);

/*
 * Without a ledger handles are taken on trust, as far as their memory says what it should. False:
 * it has to be looked up.
 */
static inline bool
handle_trusted(const struct context *context, NDIS_HANDLE given, enum handle_kind kind)
{
    const struct handle *handle = given;

    return __builtin_expect(context->machine->options.without_ledger && handle != NULL &&
                                handle->magic == HANDLE_MAGIC && handle->kind == kind &&
                                !handle->dead,
                            1);
}

/* The form for data paths: quick without a ledger, else as pndis__handle_slow(). */
static inline bool
handle_ok(struct context *context, NDIS_HANDLE given, enum handle_kind kind, const char *call,
          const void *caller)
{
    return handle_trusted(context, given, kind) ||
           pndis__handle_slow(context, given, kind, call, caller);
}

#endif
