/*
 * The two drivers of the tests with the data path between them laid open: a test sends lists of its
 * own making, and sees what each of the four entry points of the data path is given.
 */
#ifndef PNDIS_TESTS_DATA_PATH_H
#define PNDIS_TESTS_DATA_PATH_H

#include "support/protocol.h"
#include "support/world.h"

enum { PATH_LISTS = 64 };

/* What an entry point has been given so far. */
struct path_end {
    unsigned calls;
    unsigned lists;
    NET_BUFFER_LIST *list[PATH_LISTS];
    NDIS_STATUS status[PATH_LISTS];
    NDIS_PORT_NUMBER port;
    ULONG count;      /* As the last receive said. */
    ULONG flags;      /* Of the last call, without the dispatch-level flag ... */
    bool at_dispatch; /* ... which this is. */
    bool flag_wrong;  /* Some call had it set below DISPATCH_LEVEL. */
};

struct data_path {
    struct path_end sent;      /* MiniportSendNetBufferLists. */
    struct path_end completed; /* ProtocolSendNetBufferListsComplete. */
    struct path_end received;  /* ProtocolReceiveNetBufferLists. */
    struct path_end returned;  /* MiniportReturnNetBufferLists. */
    bool hold_sends;           /* Until the test completes them itself. */
    bool hold_receives;        /* Until the test returns them itself. */
    bool keep_completed;       /* The test frees what has completed. */
    /* Asked of every chain that is sent, or has come in. */
    void (*on_sent)(NET_BUFFER_LIST *chain);
    void (*on_received)(NET_BUFFER_LIST *chain);
    void (*on_completed)(NET_BUFFER_LIST *chain);
};

extern struct data_path data_path;

/* Reset both drivers, and put the data path between them. Before they are loaded. */
void data_path_reset(void);
/* Both drivers, and an adapter that is Running. */
void data_path_up(struct world *w, uint64_t seed);

/* A list to send: @bytes of a broadcast frame, in the name of @opening. Driver code. */
NET_BUFFER_LIST *path_list(struct opening *opening, ULONG bytes, uint8_t fill);
/* A chain of @count of them. */
NET_BUFFER_LIST *path_chain(struct opening *opening, unsigned count);
void path_free(NET_BUFFER_LIST *chain);

/* Routines for world_as_driver(): one of the test's own, at DISPATCH_LEVEL. */
void world_at_dispatch(struct world *w, void (*routine)(void *argument), void *argument);

#endif
