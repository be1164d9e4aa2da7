/*
 * The ready-made protocol behind <pndis/client.h>. It stands on the protocol edge of NDIS like any
 * other driver: nothing here knows more of an adapter than its binding tells.
 */
#ifndef PNDIS_LIB_NDIS_CLIENT_H
#define PNDIS_LIB_NDIS_CLIENT_H

#include "ndis/adapter.h"

enum {
    CLIENT_SENDS_LIMIT = 8192, /* Frames outstanding at a time. */
    CLIENT_FRAMES_KEPT = 1024, /* For pndis_client_take(). */
    CLIENT_FRAME_LIMIT = 262144,
};

/* A received frame, copied. */
struct client_frame {
    struct client_frame *next;
    size_t bytes;
    uint8_t data[];
};

struct pndis_client {
    struct pndis_machine *machine;
    struct pndis_adapter *adapter;
    struct pndis_client *next; /* Of the machine's. */
    struct pndis_client_options options;
    struct pndis_client_events events;
    char name[40];
    NDIS_HANDLE protocol;
    NDIS_HANDLE binding;
    NDIS_HANDLE bind_context; /* While a bind or unbind pends. */
    NDIS_HANDLE pool;
    UINT medium_index;

    struct brief_lock lock;              /* Guards everything below. */
    bool running;                        /* Between restart and pause. */
    NET_PNP_EVENT_NOTIFICATION *pausing; /* A pended NetEventPause, until the sends are back. */
    struct work pause_work;
    bool holding;
    NET_BUFFER_LIST *held; /* Oldest first. */
    NET_BUFFER_LIST *last_held;
    KTIMER return_timer; /* With options.return_after_ns, while something is held. */
    KDPC return_dpc;
    struct client_frame *frames; /* Oldest first. */
    struct client_frame *last_frame;
    size_t frame_count;
    size_t sends_outstanding;
    struct pndis_client_counts counts;
};

/* The handlers of the data path and of requests, for the registration in client.c. */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS pndis__client_receive;
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE pndis__client_send_complete;
PROTOCOL_OID_REQUEST_COMPLETE pndis__client_oid_complete;
PROTOCOL_STATUS_EX pndis__client_status;

/* All sends of a pausing client are back: let the pause be completed. */
void pndis__client_paused(struct pndis_client *client);
/* Before anything is received: what gives back by itself. */
void pndis__client_returns_init(struct pndis_client *client);
/* Give back everything held and forget everything kept. */
void pndis__client_forget(struct pndis_client *client);

/* Its binding goes without having been closed: it sends and returns nothing any more. */
void pndis__client_abandon(void *binding_context);
/* Close every client of the machine, which is stopping. */
void pndis__clients_close(struct context *context, struct ndis *ndis);

#endif
