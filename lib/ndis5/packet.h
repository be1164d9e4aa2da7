/*
 * Packets as this room makes them: what stands in front of each, where they come from, and how they
 * travel. A packet that is sent carries the MDLs of its NET_BUFFER; a packet that is indicated has
 * a NET_BUFFER_LIST of its own in the same block, over the packet's buffers.
 */
#ifndef PNDIS_LIB_NDIS5_PACKET_H
#define PNDIS_LIB_NDIS5_PACKET_H

#include "ndis/cache.h"
#include "ndis/nbl.h"
#include "ndis5/ndis5.h"

enum packet_kind {
    PACKET_OF_POOL,
    PACKET_OF_SEND,
    PACKET_OF_TRANSFER, /* NDIS' own, for the rest of a look-ahead receive. */
};

/* Who has it. */
enum packet_state {
    PACKET_AT_HOME,   /* A packet of a pool: with its driver. A send: with NDIS. */
    PACKET_IN_CALL,   /* The driver's function that was given it has not returned. */
    PACKET_OUT,       /* Indicated, or pending in the driver. */
    PACKET_CAME_BACK, /* While it was PACKET_IN_CALL. */
};

/* Room for the pages of a frame of 8 KiB that begins anywhere. */
enum { PART_PAGES = 3 };

struct part_mdl {
    MDL mdl;
    PFN_NUMBER pages[PART_PAGES];
};

struct packet_block {
    struct handle handle; /* In the table of handles only where drivers are watched closely. */
    enum packet_kind kind;
    uint32_t state;
    struct packet_source *source;
    struct packet_block *next;
    NET_BUFFER_LIST *nbl; /* That it is a part of. */
    NDIS_STATUS status;   /* Of a send that was completed inside the call. */
    MDL *described;       /* A chain that was made for it; NULL: none. */
    SCATTER_GATHER_LIST *list;
    union {
        struct nbl_block own; /* Of an indicated packet. */
        struct part_mdl part; /* Of a sent one: in place of its first MDL. */
    };
    NDIS_PACKET packet; /* Last: the reserved area, out-of-band block and the rest follow. */
};

/* With the length hidden from the compiler, which makes a string instruction of lengths it knows:
 * for what is cleared with each packet that takes as long as all the rest. */
static inline void
clear_bytes(void *memory, size_t bytes)
{
    __asm__("" : "+r"(bytes));
    memset(memory, 0, bytes);
}

/* Where blocks of one size come from. */
struct packet_source {
    struct pndis_machine *machine;
    struct owner *owner;
    struct cache *cache; /* NULL where drivers are watched: each block is allocated for itself. */
    size_t bytes;
    USHORT oob_offset;
};

static inline struct packet_block *
block_of(NDIS_PACKET *packet)
{
    return CONTAINING_RECORD(packet, struct packet_block, packet);
}

/* False for want of memory. */
bool pndis__packet_source_init(struct packet_source *source, struct pndis_machine *machine,
                               struct owner *owner, UINT protocol_reserved);
void pndis__packet_source_fini(struct packet_source *source);
/* A packet, initialized as NdisAllocatePacket does it; NULL for want of memory. */
struct packet_block *pndis__packet_take(struct context *context, struct packet_source *source,
                                        enum packet_kind kind);
void pndis__packet_put(struct context *context, struct packet_block *block);
/* Whether @packet is alive; reports if not. */
bool pndis__packet_lives(struct context *context, NDIS_PACKET *packet, const char *call,
                         const void *caller);

static inline bool
packet_ok(struct context *context, NDIS_PACKET *packet, const char *call, const void *caller)
{
    if (__builtin_expect(context->machine->options.without_ledger && packet != NULL &&
                             block_of(packet)->handle.magic == HANDLE_MAGIC &&
                             block_of(packet)->handle.kind == HANDLE_PACKET,
                         1)) {
        return true;
    }
    return pndis__packet_lives(context, packet, call, caller);
}

/* --- sending (send5.c, send_packet.c) --- */

MINIPORT_SEND_NET_BUFFER_LISTS pndis__n5_send;
MINIPORT_CANCEL_SEND pndis__n5_cancel_send;

/* Around functions of the driver in which sends are completed: the lists that are complete then go
 * up together at its end. */
struct batch {
    struct frame frame;
    struct miniport5 *miniport;
    NET_BUFFER_LIST *first;
    NET_BUFFER_LIST *last;
};

void pndis__batch_enter(struct context *context, struct batch *batch, struct miniport5 *miniport,
                        const char *callback);
void pndis__batch_leave(struct context *context, struct batch *batch);
/* What batches are entered with, so that they are recognized. */
extern const char pndis__in_send[];
extern const char pndis__in_dpc[];

/* A packet for @nb; NULL for want of memory. */
struct packet_block *pndis__packet_of_buffer(struct context *context, struct miniport5 *miniport,
                                             NET_BUFFER_LIST *nbl, NET_BUFFER *nb);
void pndis__packet_of_buffer_free(struct context *context, struct miniport5 *miniport,
                                  struct packet_block *block);
/* Give the driver the first sends that wait. The serial lock is taken. */
void pndis__send_queued(struct context *context, struct miniport5 *miniport);
/* Complete what waits and, if @cancel_id is not NULL, has that identifier. */
void pndis__sends_abort(struct context *context, struct miniport5 *miniport, void *cancel_id,
                        NDIS_STATUS status);

/* --- receiving (receive5.c, lookahead.c) --- */

MINIPORT_RETURN_NET_BUFFER_LISTS pndis__n5_return;

/* MiniportReturnPacket for packets of a serialized miniport. At DISPATCH_LEVEL. */
void pndis__return_packets(struct context *context, struct miniport5 *miniport,
                           struct packet_block *first);
/* Set up @block's own list over the packet's buffers. False: it has none. */
bool pndis__packet_dress(struct context *context, struct miniport5 *miniport,
                         struct packet_block *block);
/* The list of @block came back. */
void pndis__packet_undress(struct packet_block *block);
/* A look-ahead receive came back. */
void pndis__transfer_free(struct context *context, struct packet_block *block);

#endif
