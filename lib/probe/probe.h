/*
 * The seam through which anything watches a machine.
 *
 * Rooms above say what happens, in one line each, with PROBE() (sched/context.h). An observer names
 * the kinds of event it wants; while nobody wants a kind, saying it costs one predictable branch.
 * Observers never change what they see, and are called on the thread on which it happens.
 */
#ifndef PNDIS_LIB_PROBE_PROBE_H
#define PNDIS_LIB_PROBE_PROBE_H

#include "os/os.h"

#include <stdbool.h>
#include <stdint.h>

/* kind, meaning of name / detail / a / b */
#define PROBE_KINDS(X)                                                                             \
    X(STATE)   /* a lifecycle transition; name: event, detail: "from -> to" */                     \
    X(ENTER)   /* NDIS or NT calls a driver; name: entry point */                                  \
    X(LEAVE)   /* it came back; a: its status, b: 1 when it has one */                             \
    X(CALL)    /* a driver calls NT or NDIS; name: function, a, b: lowest and highest IRQL */      \
    X(ACQUIRE) /* name: function, resource, object, a: bytes, b: tag */                            \
    X(RELEASE) /* name: function, resource, object */                                              \
    X(ENDS)    /* an owner's life ends; name: where, a: rule for leaks, b: enum ends_heir */       \
    X(NBL)     /* a chain crosses an edge; name: function, a: how many, b: flags, object */        \
    X(REQUEST) /* an OID, status or PnP event; name: function, detail: what, a: status or code */  \
    X(IRQL)    /* a: from, b: to */                                                                \
    X(LOCK)    /* name: acquire or release, object */                                              \
    X(SWITCH)  /* another context runs; name: it */                                                \
    X(RUN)     /* a DPC, timer, interrupt or work item runs; name: which, object */                \
    X(WAIT)    /* a context waits or has waited; name: how */                                      \
    X(NOTE)    /* detail: a line of text */                                                        \
    X(VIOLATION) /* object: struct pndis_violation */

enum probe_kind {
#define X(name) PROBE_##name,
    PROBE_KINDS(X)
#undef X
        PROBE_KIND_COUNT
};

/* What a driver can hold. The words are used in leak reports. */
#define RESOURCES(X)                                                                               \
    X(MEMORY, "memory")                                                                            \
    X(LOOKASIDE, "a lookaside list")                                                               \
    X(MDL, "an MDL")                                                                               \
    X(MAPPING, "a mapping of locked pages")                                                        \
    X(THREAD, "a system thread")                                                                   \
    X(TIMER, "a timer")                                                                            \
    X(ARMED_TIMER, "a timer that is still set")                                                    \
    X(WORK_ITEM, "a work item")                                                                    \
    X(SPIN_LOCK, "a spin lock")                                                                    \
    X(RW_LOCK, "a read/write lock")                                                                \
    X(ERESOURCE, "an ERESOURCE")                                                                   \
    X(CALLBACK_REGISTRATION, "a callback registration")                                            \
    X(OBJECT_REFERENCE, "a reference to an object")                                                \
    X(KEY, "an open registry key")                                                                 \
    X(DEVICE, "a device object")                                                                   \
    X(SYMBOLIC_LINK, "a symbolic link")                                                            \
    X(MINIPORT_DRIVER, "a miniport driver registration")                                           \
    X(PROTOCOL_DRIVER, "a protocol driver registration")                                           \
    X(FILTER_DRIVER, "a filter driver registration")                                               \
    X(CONFIGURATION, "a configuration handle")                                                     \
    X(FILE, "a file")                                                                              \
    X(FILE_MAPPING, "a file mapping")                                                              \
    X(EVENT_LOG, "a log")                                                                          \
    X(INTERRUPT, "an interrupt")                                                                   \
    X(IO_SPACE, "mapped I/O space")                                                                \
    X(IO_PORTS, "an I/O port range")                                                               \
    X(SG_DMA, "a scatter/gather DMA registration")                                                 \
    X(SG_LIST, "a scatter/gather list")                                                            \
    X(DMA_CHANNEL, "a DMA channel")                                                                \
    X(SHARED_MEMORY, "shared memory")                                                              \
    X(PORT, "an NDIS port")                                                                        \
    X(GENERIC_OBJECT, "a generic object")                                                          \
    X(NBL_POOL, "a NET_BUFFER_LIST pool")                                                          \
    X(NB_POOL, "a NET_BUFFER pool")                                                                \
    X(NBL, "a NET_BUFFER_LIST")                                                                    \
    X(CLONE_NBL, "a clone NET_BUFFER_LIST")                                                        \
    X(FRAGMENT_NBL, "a fragment NET_BUFFER_LIST")                                                  \
    X(REASSEMBLED_NBL, "a reassembled NET_BUFFER_LIST")                                            \
    X(NB, "a NET_BUFFER")                                                                          \
    X(NBL_CONTEXT, "a NET_BUFFER_LIST context")                                                    \
    X(CLONE_OID, "a cloned OID request")                                                           \
    X(BINDING, "an open binding")                                                                  \
    X(HANDLE, "an open handle")                                                                    \
    X(IRP, "an IRP")                                                                               \
    X(WRAPPER, "an NDIS wrapper handle")                                                           \
    X(SHUTDOWN_HANDLER, "an adapter shutdown handler")                                             \
    X(PACKET_POOL, "a packet pool")                                                                \
    X(PACKET, "a packet")                                                                          \
    X(BUFFER_POOL, "a buffer pool")                                                                \
    X(MAP_REGISTERS, "map registers")                                                              \
    X(BUFFER_MAPPING, "a mapping of a buffer for the device")                                      \
    X(QUEUED_WORK, "a work item that has not run")

enum resource {
#define X(name, words) RESOURCE_##name,
    RESOURCES(X)
#undef X
        RESOURCE_COUNT
};

/* What happens to an account when its owner ends. */
enum ends_heir {
    ENDS_NO_HEIR,            /* Everything that is left is a leak. */
    ENDS_INFERRED_TO_PARENT, /* What was acquired without naming the owner may be meant for longer.
                              */
    ENDS_ALL_TO_PARENT,      /* A name for the driver itself ends, not the driver. */
};

#define PROBE_BIT(kind) (1u << (kind))

/*
 * Whoever can own something or be to blame: a driver, an adapter, a filter module, a binding. Rooms
 * embed it in their own object. @ledger belongs to the ledger.
 */
struct owner {
    const char *kind;     /* "driver", "adapter" ... */
    char name[40];        /* "eth0"; unique among its kind on its machine. */
    struct owner *parent; /* An adapter's driver; NULL at the top. */
    struct ledger_entry *ledger;
    bool past_end; /* The system has shut down under it: what it still holds is no leak. */
};

/* One thing that happened. All pointers are borrowed for the call. */
struct probe_event {
    enum probe_kind kind;
    const char *name;
    const char *detail;
    uint64_t a;
    uint64_t b;
    const void *object;
    enum resource resource;
    struct owner *owner;  /* Whom it concerns; NULL: the machine itself. */
    bool inferred;        /* @owner was not named by a handle but by who was running. */
    const void *caller;   /* Where the driver's call returns to, or NULL. */
    const char *callback; /* The driver's entry point that is running, or NULL. */
    uint64_t time_ns;
    uint32_t context; /* Number of the context that is running. */
    int16_t cpu;      /* Processor number at DISPATCH_LEVEL and above, else -1. */
    uint8_t irql;
};

typedef void probe_observe(const struct probe_event *event, void *user);

enum { PROBE_OBSERVER_LIMIT = 16 };

/* One per machine. */
struct probe {
    uint32_t mask; /* The kinds somebody wants. Read without a lock on every path. */
    struct os_mutex lock;
    struct {
        uint32_t mask;
        probe_observe *observe;
        void *user;
    } observers[PROBE_OBSERVER_LIMIT];
};

void pndis__probe_init(struct probe *probe);
void pndis__probe_fini(struct probe *probe);

/*
 * Add an observer for the kinds in @mask. Returns 0 or PNDIS_ELIMIT. Observers come and go only
 * while the machine is quiet: no driver code runs.
 */
int pndis__probe_add(struct probe *probe, uint32_t mask, probe_observe *observe, void *user);
void pndis__probe_remove(struct probe *probe, probe_observe *observe, void *user);

static inline bool
pndis__probe_wants(const struct probe *probe, enum probe_kind kind)
{
    return __builtin_expect((probe->mask & PROBE_BIT(kind)) != 0, 0);
}

/* Hand @event to everyone who wants its kind. Reached only behind pndis__probe_wants(). */
void pndis__probe_emit(struct probe *probe, const struct probe_event *event);

const char *pndis__probe_kind_name(enum probe_kind kind);
const char *pndis__resource_words(enum resource resource);

#endif
