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
    /* One list came back, or came in. Its number is opening_number() or frame_number(). */
    void (*on_completed)(struct opening *opening, NET_BUFFER_LIST *nbl);
    /* True: the list is the test's again; else it is freed. NULL: all are freed. */
    bool (*take_completed)(struct opening *opening, NET_BUFFER_LIST *nbl);
    void (*on_received)(struct opening *opening, NET_BUFFER_LIST *nbl);
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
    NDIS_STATUS last_status;
    ULONG last_receive_flags;
};

extern struct protocol_driver protocol;

void protocol_reset(void);
pndis_driver_entry protocol_entry;

struct opening *opening_latest(void);
/* Send @count copies of a frame as one chain; false when it is not running or has no memory. */
bool opening_send(struct opening *opening, const void *frame, ULONG bytes, unsigned count);
/* Send a chain of lists that a test made; false, and they stay the test's, when it is not running.
 */
bool opening_send_lists(struct opening *opening, NET_BUFFER_LIST *chain);
/* Which of the opening's sends it is, from 0. */
unsigned opening_number(const NET_BUFFER_LIST *nbl);
void opening_return(struct opening *opening, unsigned count);
/* An OID request, waited for. PASSIVE_LEVEL, in driver code. */
NDIS_STATUS opening_request(struct opening *opening, PNDIS_OID_REQUEST request);
/* For a completion function of the test's own: the answer to opening_request(). */
void opening_answer(PNDIS_OID_REQUEST request, NDIS_STATUS status);

#endif
