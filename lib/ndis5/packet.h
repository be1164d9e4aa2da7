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
    /* As PACKET_OUT, of a plain send (send_plain.c). A number that tells it from what is no packet.
     */
    PACKET_PLAIN = 0x4e49414c,
};

/* Room for the pages of a frame of 8 KiB that begins anywhere. */
enum { PART_PAGES = 3 };

struct part_mdl {
    MDL mdl;
    PFN_NUMBER pages[PART_PAGES];
};

struct packet_block {
    struct handle handle; /* In the table of handles only where drivers are watched closely. */
    MDL *described;       /* A chain that was made for it; NULL: none. */
    SCATTER_GATHER_LIST *list;
    union {
        struct nbl_block own;     /* Of an indicated packet. */
        struct {                  /* Of a sent one. */
            struct part_mdl part; /* In place of its first MDL. */
            /* Among the sends of a serialized miniport that are not complete, in their order. */
            struct packet_block *older;
            struct packet_block *younger;
            uint32_t hang_checks; /* That had been made when it came, or at the last reset. */
        };
    };
    struct packet_source *source;
    struct packet_block *next;
    enum packet_kind kind;
    NDIS_STATUS status;   /* Of a send that was completed inside the call. */
    NET_BUFFER_LIST *nbl; /* That it is a part of. */
    uint32_t state;
    /* Last: the reserved area, out-of-band block and the rest follow. */
    NDIS_PACKET packet __attribute__((aligned(16)));
};

/* With the length hidden from the compiler, which makes a string instruction of lengths it knows:
 * for what is cleared with each packet that takes as long as all the rest. */
static inline void
clear_bytes(void *memory, size_t bytes)
{
    __asm__("" : "+r"(bytes));
    memset(memory, 0, bytes);
}

enum { STASH_LIMIT = 255 };

/* Sends that came back, on the processor where they did: they are whole but for what changes. */
struct packet_stash {
    size_t count;
    NDIS_PACKET *packets[STASH_LIMIT];
} __attribute__((aligned(64)));

/* Where blocks of one size come from. */
struct packet_source {
    struct pndis_machine *machine;
    struct owner *owner;
    struct cache *cache; /* NULL where drivers are watched: each block is allocated for itself. */
    struct packet_stash *stashes; /* One a processor. NULL without a cache, and in pools. */
    size_t bytes;
    USHORT oob_offset;
};

/* The stash of the processor that @context is; NULL: it is none, or there are no stashes. */
static inline struct packet_stash *
stash_of(const struct context *context, const struct packet_source *source)
{
    return source->stashes == NULL || context->cpu == NULL ? NULL
                                                           : &source->stashes[context->cpu->number];
}

/* False: it is full. */
static inline bool
stash_put(struct packet_stash *stash, NDIS_PACKET *packet)
{
    size_t count = stash->count;

    if (count == STASH_LIMIT) {
        return false;
    }
    stash->packets[count] = packet;
    stash->count = count + 1;
    return true;
}

static inline struct packet_block *
block_of(NDIS_PACKET *packet)
{
    return CONTAINING_RECORD(packet, struct packet_block, packet);
}

/* False for want of memory. @sends: of a miniport's sends, not of a pool. */
bool pndis__packet_source_init(struct packet_source *source, struct pndis_machine *machine,
                               struct owner *owner, UINT protocol_reserved, bool sends);
void pndis__packet_source_fini(struct packet_source *source);
/* A packet, initialized as NdisAllocatePacket does it; NULL for want of memory. */
struct packet_block *pndis__packet_take(struct context *context, struct packet_source *source,
                                        enum packet_kind kind);
void pndis__packet_put(struct context *context, struct packet_block *block);
/* Fetch sends until @stash has @count. Returns how many it has. */
size_t pndis__stash_fill(struct context *context, struct packet_source *source,
                         struct packet_stash *stash, size_t count);
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

/* --- sending (send5.c, send_packet.c, send_plain.c) --- */

MINIPORT_SEND_NET_BUFFER_LISTS pndis__n5_send;
MINIPORT_CANCEL_SEND pndis__n5_cancel_send;

/* Packets that go to the driver in one call: what stays in the nearest cache until they are
 * complete. */
enum { PACKETS_AT_ONCE = 32 };

/* Around functions of the driver in which sends are completed: the lists that are complete then go
 * up together at its end. */
struct batch {
    struct frame frame;
    struct miniport5 *miniport;
    struct packet_stash *plain; /* Where plain sends go that it completes. */
    NDIS_HANDLE plain_handle;   /* Of the adapter; nobody's when there are no plain sends. */
    NET_BUFFER_LIST *first;     /* Valid when there is one. */
    NET_BUFFER_LIST **end;      /* What is to point to the next one. */
};

/* What batches are entered with, so that they are recognized. */
enum batch_name { BATCH_SEND, BATCH_SEND_PACKETS, BATCH_DPC, BATCH_NAMES };
enum { BATCH_NAME_BYTES = 32 };
extern const char pndis__batch_names[BATCH_NAMES][BATCH_NAME_BYTES];

void pndis__batch_enter(struct context *context, struct batch *batch, struct miniport5 *miniport,
                        enum batch_name name);
void pndis__batch_leave(struct context *context, struct batch *batch);
/* The one in which @context runs; NULL: none. */
static inline struct batch *
batch_of(const struct context *context)
{
    const struct frame *frame = context->frame;

    return frame != NULL && (uintptr_t)frame->callback - (uintptr_t)pndis__batch_names <
                                sizeof(pndis__batch_names)
               ? (struct batch *)frame
               : NULL;
}

static inline void
batch_add(struct batch *batch, NET_BUFFER_LIST *nbl)
{
    *batch->end = nbl;
    batch->end = &nbl->Next;
}

/* From the block's beginning, so that compilers see that there is something behind the packet. */
static inline NDIS_PACKET_OOB_DATA *
oob_of(struct packet_block *block, const struct packet_source *source)
{
    return (NDIS_PACKET_OOB_DATA *)((char *)block + offsetof(struct packet_block, packet) +
                                    source->oob_offset);
}

static inline PVOID *
information_of(struct packet_block *block, const struct packet_source *source)
{
    return ((NDIS_PACKET_EXTENSION *)(oob_of(block, source) + 1))->NdisPacketInfo;
}

/* Whether @nbl asks for a large send. */
static inline bool
is_large_send(const NET_BUFFER_LIST *nbl)
{
    return NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) != NULL;
}

/* Checksums and large sends to do, 802.1Q tag and cancel identifier; the other kinds are not
 * offered to who is above. */
static inline void
packet_information(PVOID *information, NET_BUFFER_LIST *nbl)
{
    const ULONG_PTR tag_bits = 0xffff;
    const ULONG_PTR checksum_bits = 0x1f; /* Of both structures, in the same places. */
    const ULONG_PTR mss_bits = 0xfffff;
    ULONG_PTR tag = (ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
    ULONG_PTR checksum = (ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo);
    ULONG_PTR large_send = (ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo);

    information[TcpIpChecksumPacketInfo] = (PVOID)(checksum & checksum_bits);
    information[TcpLargeSendPacketInfo] = (PVOID)(large_send & mss_bits);
    information[Ieee8021QInfo] = (PVOID)(tag & tag_bits);
    information[PacketCancelId] = NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl);
    information[OriginalNetBufferList] = nbl;
}

/* How many packets of a list are not complete. */
static inline uintptr_t *
left_of(NET_BUFFER_LIST *nbl)
{
    return (uintptr_t *)&NET_BUFFER_LIST_MINIPORT_RESERVED(nbl)[0];
}

/* Give the driver the plain sends from @nbl on, at most PACKETS_AT_ONCE. Returns the list behind
 * them: @nbl itself when it is no plain send. */
NET_BUFFER_LIST *pndis__send_plain(struct context *context, struct miniport5 *miniport,
                                   struct packet_stash *stash, NET_BUFFER_LIST *nbl);
/* A packet for @nb; NULL for want of memory. */
struct packet_block *pndis__packet_of_buffer(struct context *context, struct miniport5 *miniport,
                                             NET_BUFFER_LIST *nbl, NET_BUFFER *nb);
void pndis__packet_of_buffer_free(struct context *context, struct miniport5 *miniport,
                                  struct packet_block *block);
void pndis__packet_complete(struct context *context, struct miniport5 *miniport,
                            struct packet_block *block, NDIS_STATUS status);
/* One packet of @nbl is complete. */
void pndis__one_complete(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl,
                         NDIS_STATUS status);
/* Give @packets to the driver. Returns how many it took; the others have to wait. */
UINT pndis__packets_give(struct context *context, struct miniport5 *miniport, NDIS_PACKET **packets,
                         UINT count);

/* --- sends that wait for a serialized miniport (send_serial.c) --- */

/* Packets for @nbl, at the end of those that wait. */
void pndis__send_wait(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl);
/* @block is complete. */
void pndis__send_ended(struct miniport5 *miniport, struct packet_block *block);
/* The miniport is checked for hang: whether a send has taken as long as NDIS waits. */
bool pndis__sends_are_overdue(struct miniport5 *miniport);
/* The miniport is reset: what is not complete has as long again. */
void pndis__sends_have_time(struct miniport5 *miniport);
/* The driver has resources for what it could not take. */
void pndis__send_resupply(struct context *context, struct miniport5 *miniport);
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
