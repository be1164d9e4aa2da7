/* Sends and receives of the programmable miniport. */
#include "support/miniport_parts.h"

#include <string.h>

/* --- sends --- */

static ULONG
level_flag(ULONG flag)
{
    return KeGetCurrentIrql() == DISPATCH_LEVEL ? flag : 0;
}

static unsigned
set_status(NET_BUFFER_LIST *chain, NDIS_STATUS status)
{
    unsigned count = 0;

    for (; chain != NULL; chain = NET_BUFFER_LIST_NEXT_NBL(chain)) {
        NET_BUFFER_LIST_STATUS(chain) = status;
        count++;
    }
    return count;
}

static void
complete_chain(struct port *port, NET_BUFFER_LIST *chain, NDIS_STATUS status)
{
    unsigned count = set_status(chain, status);
    KIRQL irql;
    bool finished;

    NdisMSendNetBufferListsComplete(port->handle, chain,
                                    level_flag(NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL));
    KeAcquireSpinLock(&port->lock, &irql);
    port->completes += count;
    port->sends_in_hand -= count;
    finished = port->driver->pause != BY_HAND && port_take_finished_pause(port);
    KeReleaseSpinLock(&port->lock, irql);
    if (finished) {
        NdisMPauseComplete(port->handle);
    }
}

void
port_complete_sends(struct port *port, unsigned count, NDIS_STATUS status)
{
    NET_BUFFER_LIST *chain;
    NET_BUFFER_LIST *last;
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    chain = last = port->held;
    for (unsigned i = 1; i < count && last != NULL && last->Next != NULL; i++) {
        last = last->Next;
    }
    if (count == 0) {
        chain = NULL;
    }
    if (chain != NULL) {
        port->held = last->Next;
        last->Next = NULL;
    }
    KeReleaseSpinLock(&port->lock, irql);
    if (chain != NULL) {
        complete_chain(port, chain, status);
    }
}

static void
hold(struct port *port, NET_BUFFER_LIST *chain)
{
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    if (port->held == NULL) {
        port->held = chain;
    } else {
        port->last_held->Next = chain;
    }
    while (chain->Next != NULL) {
        chain = chain->Next;
    }
    port->last_held = chain;
    KeReleaseSpinLock(&port->lock, irql);
}

/* A chain on its way to be completed later; lies in the room that senders leave to miniports. */
struct delayed_send {
    struct later later;
    struct port *port;
    NET_BUFFER_LIST *chain;
};

static void
complete_delayed(void *argument)
{
    struct delayed_send *delayed = argument;
    struct port *port = delayed->port;
    NET_BUFFER_LIST *chain = delayed->chain;

    NdisFreeMemory(delayed, 0, 0);
    complete_chain(port, chain, port->driver->send_status);
}

static void
complete_later(struct port *port, NET_BUFFER_LIST *chain)
{
    struct delayed_send *delayed = NdisAllocateMemoryWithTagPriority(port->handle, sizeof(*delayed),
                                                                     'tseT', NormalPoolPriority);

    if (delayed == NULL) {
        complete_chain(port, chain, NDIS_STATUS_RESOURCES);
        return;
    }
    delayed->port = port;
    delayed->chain = chain;
    do_later(&delayed->later, port->driver->send_when, complete_delayed, delayed);
}

static void
reflect(struct port *port, NET_BUFFER_LIST *chain)
{
    for (NET_BUFFER_LIST *nbl = chain; nbl != NULL; nbl = nbl->Next) {
        NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(nbl);
        UCHAR storage[ETHERNET_BYTES + PORT_MTU];
        ULONG bytes = NET_BUFFER_DATA_LENGTH(buffer);
        void *data =
            bytes > sizeof(storage) ? NULL : NdisGetDataBuffer(buffer, bytes, storage, 1, 0);

        if (data != NULL) {
            port_indicate(port, data, bytes, 1, port->driver->receive_flags);
        }
    }
}

VOID
port_send(NDIS_HANDLE context, PNET_BUFFER_LIST chain, NDIS_PORT_NUMBER number, ULONG flags)
{
    struct port *port = context;
    unsigned count = set_status(chain, NDIS_STATUS_SUCCESS);
    KIRQL irql;

    (void)number;
    (void)flags;
    for (NET_BUFFER_LIST *nbl = chain; nbl != NULL && port->driver->on_send != NULL;
         nbl = nbl->Next) {
        port->driver->on_send(port, nbl);
    }
    KeAcquireSpinLock(&port->lock, &irql);
    port->sends += count;
    port->sends_in_hand += count;
    KeReleaseSpinLock(&port->lock, irql);
    switch (port->driver->sending) {
    case SEND_COMPLETE:
        if (port->driver->send_when == AT_ONCE) {
            complete_chain(port, chain, port->driver->send_status);
        } else {
            complete_later(port, chain);
        }
        break;
    case SEND_HOLD:
    case SEND_KEEP:
        hold(port, chain);
        break;
    case SEND_REFLECT:
        reflect(port, chain);
        complete_chain(port, chain, port->driver->send_status);
        break;
    }
}

VOID
port_cancel_send(NDIS_HANDLE context, PVOID id)
{
    struct port *port = context;
    NET_BUFFER_LIST *cancelled = NULL;
    NET_BUFFER_LIST **end = &cancelled;
    NET_BUFFER_LIST **link = &port->held;
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    port->cancels++;
    port->last_held = NULL;
    while (*link != NULL) {
        NET_BUFFER_LIST *nbl = *link;

        if (NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) == id) {
            *link = nbl->Next;
            nbl->Next = NULL;
            *end = nbl;
            end = &nbl->Next;
        } else {
            port->last_held = nbl;
            link = &nbl->Next;
        }
    }
    KeReleaseSpinLock(&port->lock, irql);
    if (cancelled != NULL) {
        complete_chain(port, cancelled, NDIS_STATUS_SEND_ABORTED);
    }
}

/* --- receives --- */

static void
free_mdls(MDL *chain)
{
    while (chain != NULL) {
        MDL *next = chain->Next;

        NdisFreeMdl(chain);
        chain = next;
    }
}

/* MDLs for @bytes at @memory, of at most @piece bytes each. */
static MDL *
describe(struct port *port, UCHAR *memory, ULONG bytes, ULONG piece)
{
    MDL *chain = NULL;
    MDL **end = &chain;

    while (bytes > 0) {
        ULONG here = piece == 0 || piece > bytes ? bytes : piece;

        *end = NdisAllocateMdl(port->handle, memory, here);
        if (*end == NULL) {
            free_mdls(chain);
            return NULL;
        }
        (*end)->Next = NULL;
        end = &(*end)->Next;
        memory += here;
        bytes -= here;
    }
    return chain;
}

static NET_BUFFER_LIST *
make_frame(struct port *port, const void *frame, ULONG bytes)
{
    ULONG headroom = port->driver->receive_headroom;
    UCHAR *memory = NdisAllocateMemoryWithTagPriority(port->handle, headroom + bytes, 'tseT',
                                                      NormalPoolPriority);
    MDL *mdl = memory == NULL
                   ? NULL
                   : describe(port, memory, headroom + bytes, port->driver->receive_piece_bytes);
    NET_BUFFER_LIST *nbl =
        mdl == NULL ? NULL
                    : NdisAllocateNetBufferAndNetBufferList(port->pool, 0, 0, mdl, headroom, bytes);

    if (nbl == NULL) {
        free_mdls(mdl);
        if (memory != NULL) {
            NdisFreeMemory(memory, 0, 0);
        }
        return NULL;
    }
    memcpy(memory + headroom, frame, bytes);
    nbl->SourceHandle = port->handle;
    nbl->MiniportReserved[0] = memory;
    if (port->driver->dress != NULL) {
        port->driver->dress(port, nbl);
    }
    return nbl;
}

static void
free_frame(NET_BUFFER_LIST *nbl)
{
    void *memory = nbl->MiniportReserved[0];
    MDL *chain = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(nbl));

    NdisFreeNetBufferList(nbl);
    free_mdls(chain);
    NdisFreeMemory(memory, 0, 0);
}

static unsigned
free_frames(NET_BUFFER_LIST *chain)
{
    unsigned count = 0;

    while (chain != NULL) {
        NET_BUFFER_LIST *next = chain->Next;

        chain->Next = NULL;
        free_frame(chain);
        chain = next;
        count++;
    }
    return count;
}

static NET_BUFFER_LIST *
make_frames(struct port *port, const void *frame, ULONG bytes, unsigned count, unsigned *out_made)
{
    NET_BUFFER_LIST *chain = NULL;
    NET_BUFFER_LIST **end = &chain;

    *out_made = 0;
    while (*out_made < count && (*end = make_frame(port, frame, bytes)) != NULL) {
        end = &(*end)->Next;
        (*out_made)++;
    }
    return chain;
}

static void
receives_begin(struct port *port, NET_BUFFER_LIST *chain)
{
    for (; chain != NULL; chain = chain->Next) {
        chain->MiniportReserved[1] = (PVOID)(ULONG_PTR)port->indicated++;
        port->receives_out++;
    }
}

static void
indicate(struct port *port, NET_BUFFER_LIST *chain, unsigned count, ULONG flags)
{
    KIRQL irql;

    flags |= level_flag(NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    NdisMIndicateReceiveNetBufferLists(port->handle, chain, NDIS_DEFAULT_PORT_NUMBER, count, flags);
    if ((flags & NDIS_RECEIVE_FLAGS_RESOURCES) != 0) {
        free_frames(chain);
        KeAcquireSpinLock(&port->lock, &irql);
        port->receives_out -= count;
        KeReleaseSpinLock(&port->lock, irql);
        port_complete_pause(port);
    }
}

bool
port_indicate(struct port *port, const void *frame, ULONG bytes, unsigned count, ULONG flags)
{
    unsigned made;
    NET_BUFFER_LIST *chain = make_frames(port, frame, bytes, count, &made);
    KIRQL irql;

    if (made == 0) {
        return false;
    }
    KeAcquireSpinLock(&port->lock, &irql);
    receives_begin(port, chain);
    KeReleaseSpinLock(&port->lock, irql);
    indicate(port, chain, made, flags);
    return made == count;
}

bool
port_try_indicate(struct port *port, const void *frame, ULONG bytes, unsigned count, ULONG flags)
{
    unsigned made;
    NET_BUFFER_LIST *chain = make_frames(port, frame, bytes, count, &made);
    bool running;
    KIRQL irql;

    KeAcquireSpinLock(&port->lock, &irql);
    running = made > 0 && !port->paused && !port->pausing;
    if (running) {
        receives_begin(port, chain);
    }
    KeReleaseSpinLock(&port->lock, irql);
    if (!running) {
        free_frames(chain);
        return false;
    }
    indicate(port, chain, made, flags);
    return made == count;
}

unsigned
frame_number(const NET_BUFFER_LIST *nbl)
{
    return (unsigned)(ULONG_PTR)nbl->MiniportReserved[1];
}

VOID
port_return_lists(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    struct port *port = context;
    unsigned count;
    KIRQL irql;
    bool finished;

    (void)flags;
    if (port->driver->on_returned != NULL) {
        for (NET_BUFFER_LIST *nbl = chain; nbl != NULL; nbl = nbl->Next) {
            port->driver->on_returned(port, nbl);
        }
    }
    count = free_frames(chain);
    KeAcquireSpinLock(&port->lock, &irql);
    port->returns += count;
    port->receives_out -= count;
    finished = port->driver->pause != BY_HAND && port_take_finished_pause(port);
    KeReleaseSpinLock(&port->lock, irql);
    if (finished) {
        NdisMPauseComplete(port->handle);
    }
}
