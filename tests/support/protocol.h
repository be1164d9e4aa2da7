/*
 * A correct protocol driver whose every answer a test decides, linked into the test like the
 * programmable miniport.
 */
#ifndef PNDIS_TESTS_PROTOCOL_H
#define PNDIS_TESTS_PROTOCOL_H

#include "support/later.h"

#include <ndis.h>
#include <stdbool.h>

#include <pndis/driver.h>

struct opening;

struct protocol_driver {
    /* Registration. */
    ULONG version; /* 0x0006001E: 6.30. */
    void (*edit_characteristics)(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics);

    /* Answers. */
    enum when bind; /* When it completes the bind, once the adapter is open. */
    NDIS_STATUS bind_status;
    enum when unbind;
    enum when pause;
    enum when restart;
    NDIS_STATUS restart_status;
    NDIS_STATUS(*on_restart)
    (struct opening *opening, PNDIS_PROTOCOL_RESTART_PARAMETERS parameters);
    /* Other events; NULL: NDIS_STATUS_SUCCESS. */
    NDIS_STATUS (*on_event)(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event);
    ULONG packet_filter; /* Set when the adapter is open; 0: never. */
    bool keep_receives;  /* Until opening_return(). */

    /* What it saw. */
    NDIS_HANDLE handle;
    struct opening *openings; /* Latest first. */
    unsigned binds;
    unsigned unbinds;
    unsigned driver_events; /* Events without a binding. */
};

/* One binding. */
struct opening {
    struct protocol_driver *driver;
    struct opening *next;
    NDIS_HANDLE handle; /* NULL until it is open. */
    NDIS_HANDLE bind_context;
    NDIS_HANDLE unbind_context;
    NDIS_HANDLE pool;
    KSPIN_LOCK lock;
    KEVENT opened;
    NDIS_STATUS open_status;
    NET_BUFFER_LIST *kept;
    NET_BUFFER_LIST *last_kept;
    PNET_PNP_EVENT_NOTIFICATION pausing; /* Waits for sends, or for `pause`. */
    PNET_PNP_EVENT_NOTIFICATION restarting;
    struct later bind_later;
    struct later unbind_later;
    struct later event_later;
    bool running;
    bool unbound;

    /* What it saw. */
    unsigned sends_out; /* NBLs NDIS has. */
    unsigned sent;
    unsigned completed;
    unsigned received;
    unsigned pauses;
    unsigned restarts;
    unsigned statuses;
    unsigned oids_completed;
    NDIS_STATUS last_send_status;
    NDIS_STATUS last_oid_status;
    NDIS_STATUS last_status;
    ULONG last_receive_flags;
    KEVENT oid_done;
};

extern struct protocol_driver protocol;

void protocol_reset(void);
pndis_driver_entry protocol_entry;

struct opening *opening_latest(void);
/* Send @count copies of a frame as one chain; false when it is not running or has no memory. */
bool opening_send(struct opening *opening, const void *frame, ULONG bytes, unsigned count);
void opening_return(struct opening *opening, unsigned count);
/* An OID request, waited for. PASSIVE_LEVEL, in driver code. */
NDIS_STATUS opening_request(struct opening *opening, PNDIS_OID_REQUEST request);

#endif
