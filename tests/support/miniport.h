/*
 * A correct miniport driver whose every answer a test decides. It is linked into the test, so that
 * the test can look into it; what it does by itself is what a careful driver would do.
 */
#ifndef PNDIS_TESTS_MINIPORT_H
#define PNDIS_TESTS_MINIPORT_H

#include "support/later.h"

#include <ndis.h>
#include <stdbool.h>
#include <stdint.h>

#include <pndis/driver.h>

/* What becomes of what the miniport is given to send. */
enum sending {
    SEND_COMPLETE, /* Completed as `send_when` says. */
    SEND_HOLD,     /* Kept until port_complete_sends(), a pause, or a cancel. */
    SEND_KEEP,     /* As SEND_HOLD, but a pause waits for the test to let go. */
    SEND_REFLECT,  /* Indicated back as a receive, and then completed. */
};

struct port;

/* The driver: its registration, and how its adapters answer. Change it before loading it. */
struct miniport {
    /* Registration. */
    ULONG version; /* 0x0006001E: 6.30. */
    void (*edit_characteristics)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics);
    void (*edit_registration)(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes);
    void (*edit_general)(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes);
    UINT check_for_hang_seconds;

    /* Answers. */
    NDIS_STATUS initialize_status;
    NDIS_STATUS (*on_initialize)(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters);
    void (*on_halt)(struct port *port, NDIS_HALT_ACTION action);
    enum when pause;
    enum when restart;
    NDIS_STATUS restart_status;
    NDIS_STATUS (*on_restart)(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters);
    enum sending sending;
    enum when send_when;
    NDIS_STATUS send_status;
    ULONG receive_flags; /* Of what it indicates. */
    enum when oid;
    NDIS_STATUS oid_status;
    /* Asked first; anything but NDIS_STATUS_NOT_RECOGNIZED is the answer. */
    NDIS_STATUS (*on_oid)(struct port *port, PNDIS_OID_REQUEST request);
    /* First of all that MiniportPause and MiniportResetEx do. */
    void (*on_pause)(struct port *port);
    void (*on_reset)(struct port *port);
    enum when reset;
    NDIS_STATUS reset_status;
    BOOLEAN addressing_reset;
    bool hung;
    void (*on_event)(struct port *port, PNET_DEVICE_PNP_EVENT event);
    /* One list that it was given to send, before anything becomes of it. */
    void (*on_send)(struct port *port, NET_BUFFER_LIST *nbl);
    /* One list that it is about to indicate: metadata, flags. */
    void (*dress)(struct port *port, NET_BUFFER_LIST *nbl);
    ULONG receive_piece_bytes; /* Cut what it indicates into MDLs of so many bytes; 0: one. */
    ULONG receive_headroom;    /* Bytes of unused data space in front of them. */
    /* One list that it indicated came back; frame_number() says which. */
    void (*on_returned)(struct port *port, NET_BUFFER_LIST *nbl);

    /* What it saw. */
    NDIS_HANDLE handle;
    struct port *ports; /* Latest first. */
    unsigned unloads;
};

/* One adapter. */
struct port {
    struct miniport *driver;
    struct port *next;
    NDIS_HANDLE handle;
    NDIS_HANDLE pool; /* Of lists that it indicates. */
    KSPIN_LOCK lock;
    bool halted;
    bool paused;
    bool pausing; /* Asked to pause and not done. */
    bool keeping; /* A SEND_KEEP has something that a pause waits for. */

    NET_BUFFER_LIST *held; /* Sends, oldest first. */
    NET_BUFFER_LIST *last_held;
    unsigned sends_in_hand;    /* NBLs that it has not completed. */
    unsigned indicated;        /* NBLs; the number of the next one. */
    unsigned receives_out;     /* NBLs that it indicated and has not got back. */
    PNDIS_OID_REQUEST request; /* That pends. */
    struct later pause_later;
    struct later restart_later;
    struct later oid_later;
    struct later reset_later;

    /* What it saw. */
    unsigned initializes;
    unsigned pauses;
    unsigned restarts;
    unsigned halts;
    unsigned shutdowns;
    unsigned resets;
    unsigned hang_checks;
    unsigned sends;     /* NBLs. */
    unsigned completes; /* NBLs. */
    unsigned returns;   /* NBLs. */
    unsigned cancels;
    unsigned oids;
    unsigned events;
    ULONG pause_reason;
    NDIS_HALT_ACTION halt_action;
    ULONG packet_filter;
    NDIS_DEVICE_POWER_STATE power;
};

enum { PORT_MTU = 1500, PORT_SPEED = 1000000000, ETHERNET_BYTES = 14 };

/* The one miniport of the test; miniport_reset() before each test. */
extern struct miniport miniport;

void miniport_reset(void);
/* Its DriverEntry, for pndis_driver_options.entry. */
pndis_driver_entry miniport_entry;

/* The latest adapter that was initialized. */
struct port *port_latest(void);
/* Complete up to @count held sends, oldest first. */
void port_complete_sends(struct port *port, unsigned count, NDIS_STATUS status);
/* Indicate @count frames of @bytes each, with @flags. Returns false when it has no memory. */
bool port_indicate(struct port *port, const void *frame, ULONG bytes, unsigned count, ULONG flags);
/* The same when it is neither paused nor pausing; false then and for want of memory. */
bool port_try_indicate(struct port *port, const void *frame, ULONG bytes, unsigned count,
                       ULONG flags);
/* Which of the frames that its port indicated it is, from 0. */
unsigned frame_number(const NET_BUFFER_LIST *nbl);
/* The pause was answered with NDIS_STATUS_PENDING and nothing is left: complete it. */
void port_complete_pause(struct port *port);

#endif
