/*
 * The NDIS 5 miniport edge, as its own files share it.
 *
 * An NDIS 5 miniport driver is registered as an NDIS 6 one whose entry points are this room's: they
 * call those of the driver, and turn NET_BUFFER_LISTs into packets and packets into
 * NET_BUFFER_LISTs. A MiniportAdapterHandle is the NDIS 6 handle of the adapter, so that what both
 * versions share works as it is.
 */
#ifndef PNDIS_LIB_NDIS5_NDIS5_H
#define PNDIS_LIB_NDIS5_NDIS5_H

#include "ndis/adapter.h"

#include <ndis/ndis5_buffer.h>
#include <ndis/ndis5_dma.h>
#include <ndis/ndis5_handlers.h>
#include <ndis/ndis5_interrupt.h>
#include <ndis/ndis5_io.h>
#include <ndis/ndis5_miniport.h>
#include <ndis/ndis5_packet.h>
#include <ndis/ndis5_packetinfo.h>
#include <ndis/ndis5_task.h>
#include <ndis/ndis5_timer.h>

struct bundle;
struct map_registers;
struct packet_block;
struct packet_source;

/* --- driver registration (wrapper.c) --- */

struct wrapper {
    struct handle handle; /* The NdisWrapperHandle. */
    struct pndis_driver *driver;
    NDIS_HANDLE miniport_driver;           /* The NDIS 6 handle; NULL until it has registered. */
    NDIS51_MINIPORT_CHARACTERISTICS calls; /* Zero beyond what its version has. */
    PDRIVER_UNLOAD unload;
    struct miniport5 *undead;  /* Halted with timers still set, which count in them. */
    struct brief_lock bundles; /* Guards its adapters' bundles. */
};

struct wrapper *pndis__wrapper_of(struct context *context, NDIS_HANDLE handle, const char *call,
                                  const void *caller);

/* --- one adapter (miniport5.c) --- */

/* Something that is to be done in the miniport at DISPATCH_LEVEL, and one at a time if it is
 * serialized. */
struct task {
    struct task *next;
    void (*run)(struct context *context, struct miniport5 *miniport, struct task *task);
    bool queued;
};

/* What waits for the miniport while something else of it runs. Only of serialized miniports. */
struct serial {
    struct brief_lock lock;
    bool taken;
    struct task *first_task;
    struct task *last_task;
    NDIS_MINIPORT_TIMER *first_timer; /* Linked by NextTimer; the last one points to itself. */
    NDIS_MINIPORT_TIMER *last_timer;
    struct packet_block *first_return;
    struct packet_block *last_return;
    struct packet_block *first_send;
    struct packet_block *last_send;
    bool stalled;                     /* The driver had no resources for the first send. */
    uint32_t resupplied;              /* How often it said that it has some. */
    ULONG most_packets;               /* That MiniportSendPackets takes in one call. */
    struct packet_block *oldest_send; /* Of all that are not complete, also in the driver. */
    uint32_t hang_checks;
};

struct shutdown_handler {
    ADAPTER_SHUTDOWN_HANDLER routine; /* NULL: none. */
    void *context;
};

/* What NDIS_TASK_TCP_IP_CHECKSUM and NDIS_TASK_TCP_LARGE_SEND say. */
struct tasks5 {
    ULONG checksum[4];
    NDIS_TASK_TCP_LARGE_SEND large_send; /* MaxOffLoadSize 0: none. */
};

struct offload5 {
    bool offered; /* The driver has tasks. */
    ULONG header_bytes;
    struct tasks5 capable;
    struct tasks5 configured;
};

struct miniport5 {
    struct handle handle; /* The wrapper configuration context. */
    struct pndis_adapter *adapter;
    struct wrapper *wrapper;
    const NDIS51_MINIPORT_CHARACTERISTICS *calls;
    NDIS_HANDLE context; /* MiniportAdapterContext. */
    bool in_initialize;
    bool ended; /* The driver has come back from MiniportHalt, or from an initialize that failed. */
    bool serialized;
    bool ignores_packet_timeout;
    bool ignores_request_timeout;
    bool bus_master;
    uint32_t closed;        /* What it indicates goes no further: the stack is paused. */
    uint32_t pausing;       /* A pause waits for what is outstanding. */
    struct tally *receives; /* Packets indicated whose return the driver has not been told. */
    struct serial serial;
    struct packet_source *sends;

    NDIS_OID_REQUEST *request; /* With the driver. */
    struct task request_task;
    uint32_t request_where;
    NDIS_STATUS request_status;
    struct question *abandoned; /* The driver did not answer in time, and may still write there. */

    struct shutdown_handler shutdown;
    uint32_t timers_due;  /* Expired, and their function has not been called yet. */
    uint32_t timers_live; /* Set and not cancelled, or due. */
    NDIS_HANDLE dma;
    bool wants_lists; /* Each packet comes with its scatter/gather list. */
    struct map_registers *map_registers;
    struct brief_lock transfer_lock;
    struct transfer *transfers; /* Look-ahead receives that MiniportTransferData has not ended. */
    struct offload5 offload;
    ULONG64 link_speed; /* Bits per second. */
    uint32_t connected;
    struct work ask_link;
    uint32_t links_asked;          /* How often it is queued, or running. */
    struct bundle *bundle;         /* NULL: it is in none. */
    struct miniport5 *next_member; /* Of the bundle. */
    struct miniport5 *next;        /* Of the undead. */
};

/* The miniport behind a MiniportAdapterHandle between MiniportInitialize and the end of
 * MiniportHalt; NULL after a report otherwise. */
struct miniport5 *pndis__miniport5_of(struct context *context, NDIS_HANDLE handle, const char *call,
                                      const void *caller);
/* The same for hot paths. */
static inline struct miniport5 *
miniport5_of_fast(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    struct pndis_adapter *adapter = handle;

    return handle_trusted(context, handle, HANDLE_ADAPTER) && adapter->alive &&
                   adapter->driver->legacy
               ? adapter->context
               : pndis__miniport5_of(context, handle, call, caller);
}
/* The one behind a wrapper configuration context, which has to be in MiniportInitialize. */
struct miniport5 *pndis__configuring(struct context *context, NDIS_HANDLE handle, const char *call,
                                     const void *caller);
/* Whether @given is a miniport that has not been halted. Any pointer is safe. */
bool pndis__miniport5_lives(struct context *context, const void *given);

/* The NDIS 6 entry points for the lifecycle. */
MINIPORT_INITIALIZE pndis__n5_initialize;
MINIPORT_HALT pndis__n5_halt;
MINIPORT_SHUTDOWN pndis__n5_shutdown;
MINIPORT_PAUSE pndis__n5_pause;
MINIPORT_RESTART pndis__n5_restart;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY pndis__n5_device_event;

/* Something came back while a pause waits: end it if nothing is out any more. */
void pndis__n5_maybe_paused(struct context *context, struct miniport5 *miniport);

/* Put a record of the ledger that a function of NDIS 6 has just made under the name that the driver
 * called; @call NULL: it is NDIS' own and nobody's to undo. */
void pndis__acquired_as(struct context *context, enum resource resource, const void *object,
                        struct owner *owner, const char *call, const void *caller);

/* --- bundles (bundle.c) --- */

/* It has been halted. */
void pndis__bundle_leave(struct miniport5 *miniport);
/* The same at the end of the machine, where nobody else is left to look. */
void pndis__bundle_forget(struct miniport5 *miniport);

/* --- general attributes (general.c) --- */

/* Ask the driver what an NDIS 6 miniport would have told. */
NDIS_STATUS pndis__n5_general_attributes(struct context *context, struct miniport5 *miniport,
                                         NDIS_MEDIUM medium);

/* --- task offload (offload5.c) --- */

/* Ask the driver for its tasks. */
void pndis__n5_offload_learn(struct context *context, struct miniport5 *miniport);
/* Tell what has been learned. */
NDIS_STATUS pndis__n5_offload_attributes(struct miniport5 *miniport);
/* OID_TCP_OFFLOAD_PARAMETERS or OID_OFFLOAD_ENCAPSULATION. PASSIVE_LEVEL. */
NDIS_STATUS pndis__n5_offload_set(struct context *context, struct miniport5 *miniport,
                                  NDIS_OID_REQUEST *request);

/* --- what an array of packets is at most (send_serial.c) --- */

/* What a serialized miniport answered to OID_GEN_MAXIMUM_SEND_PACKETS. */
void pndis__send_limit(struct miniport5 *miniport, ULONG most_packets);

/* --- status (status5.c) --- */

void pndis__n5_link_init(struct miniport5 *miniport);
/* Nobody asks for the link any more. PASSIVE_LEVEL. */
void pndis__n5_link_forget(struct context *context, struct miniport5 *miniport);
/* Indicate what the driver itself does not. */
void pndis__n5_status(struct miniport5 *miniport, NDIS_STATUS code, void *buffer, ULONG bytes);

/* --- calling the driver (serial.c) --- */

/* Raise to DISPATCH_LEVEL; the level to go back to. */
static inline KIRQL
to_dispatch(struct context *context)
{
    return context->irql >= DISPATCH_LEVEL ? context->irql
                                           : pndis__irql_raise(context, DISPATCH_LEVEL);
}

static inline void
from_dispatch(struct context *context, KIRQL before)
{
    if (before < DISPATCH_LEVEL) {
        pndis__irql_lower(context, before);
    }
}

/* Run @task now, or have whoever is in the miniport run it. @task is the caller's until it has. */
void pndis__task_run(struct context *context, struct miniport5 *miniport, struct task *task);
/* The same, and return when it has run. PASSIVE_LEVEL. */
void pndis__task_wait(struct context *context, struct miniport5 *miniport, struct task *task,
                      KEVENT *done);
/* Do all that waits, unless somebody is in the miniport, who will. At DISPATCH_LEVEL. */
void pndis__serial_drain(struct context *context, struct miniport5 *miniport);

/* --- requests (request.c) --- */

MINIPORT_OID_REQUEST pndis__n5_oid_request;
MINIPORT_CANCEL_OID_REQUEST pndis__n5_cancel_oid;

/* Query @oid and wait for the answer. PASSIVE_LEVEL. The driver finds in its buffer what is in
 * @buffer. @out_bytes (may be NULL): written or needed. */
NDIS_STATUS pndis__n5_query(struct context *context, struct miniport5 *miniport, NDIS_OID oid,
                            void *buffer, ULONG bytes, ULONG *out_bytes);
/* Set @oid and wait for the answer. PASSIVE_LEVEL. */
NDIS_STATUS pndis__n5_set(struct context *context, struct miniport5 *miniport, NDIS_OID oid,
                          const void *buffer, ULONG bytes);
void pndis__n5_questions_free(struct miniport5 *miniport);

/* --- reset and check for hang (reset5.c) --- */

MINIPORT_CHECK_FOR_HANG pndis__n5_check_for_hang;
MINIPORT_RESET pndis__n5_reset;

/* --- timers (timer5.c) --- */

/* Call the function of a timer that is due. At DISPATCH_LEVEL. */
void pndis__n5_timer_call(struct context *context, struct miniport5 *miniport,
                          NDIS_MINIPORT_TIMER *timer);

/* --- DMA (dma5.c) --- */

void pndis__map_registers_free(struct miniport5 *miniport);
/* The scatter/gather list of a packet; NULL for want of memory. */
SCATTER_GATHER_LIST *pndis__n5_list_build(struct miniport5 *miniport, MDL *chain);
void pndis__n5_list_free(struct miniport5 *miniport, SCATTER_GATHER_LIST *list);

#endif
