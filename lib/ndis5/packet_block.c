/* The memory of packets. See packet.h. */
#include "ndis5/packet.h"

#include <stdlib.h>

enum { PACKET_ALIGNMENT = 8 };

static size_t
aligned(size_t bytes)
{
    return (bytes + PACKET_ALIGNMENT - 1) / PACKET_ALIGNMENT * PACKET_ALIGNMENT;
}

/* A packet with its reserved area, out-of-band block and per-packet information. */
static size_t
packet_bytes(UINT protocol_reserved, USHORT *out_oob_offset)
{
    size_t oob = aligned(offsetof(NDIS_PACKET, ProtocolReserved) + protocol_reserved);

    oob = oob < sizeof(NDIS_PACKET) ? aligned(sizeof(NDIS_PACKET)) : oob;
    *out_oob_offset = (USHORT)oob;
    return oob + sizeof(NDIS_PACKET_OOB_DATA) + sizeof(NDIS_PACKET_EXTENSION);
}

/* NdisPacketSize. Any IRQL. Bytes of a packet with @ProtocolReservedSize bytes reserved. */
UINT
NdisPacketSize(UINT ProtocolReservedSize)
{
    USHORT oob;

    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return (UINT)packet_bytes(ProtocolReservedSize, &oob);
}

static struct packet_stash *
make_stashes(const struct pndis_machine *machine)
{
    size_t bytes = machine->processor_count * sizeof(struct packet_stash);
    struct packet_stash *stashes = aligned_alloc(_Alignof(struct packet_stash), bytes);

    if (stashes != NULL) {
        memset(stashes, 0, bytes);
    }
    return stashes;
}

bool
pndis__packet_source_init(struct packet_source *source, struct pndis_machine *machine,
                          struct owner *owner, UINT protocol_reserved, bool sends)
{
    source->machine = machine;
    source->owner = owner;
    source->stashes = NULL;
    source->bytes = packet_bytes(protocol_reserved, &source->oob_offset);
    if (!machine->options.without_ledger) {
        return true;
    }
    source->cache = pndis__cache_create(
        machine, offsetof(struct packet_block, packet) + source->bytes, false, NULL);
    if (source->cache != NULL && sends) {
        source->stashes = make_stashes(machine);
    }
    if (source->cache == NULL || (sends && source->stashes == NULL)) {
        pndis__packet_source_fini(source);
        return false;
    }
    return true;
}

static void
empty_stash(struct packet_source *source, struct packet_stash *stash)
{
    while (stash->count != 0) {
        pndis__cache_discard(source->cache, block_of(stash->packets[--stash->count]));
    }
}

void
pndis__packet_source_fini(struct packet_source *source)
{
    for (unsigned i = 0; source->stashes != NULL && i < source->machine->processor_count; i++) {
        empty_stash(source, &source->stashes[i]);
    }
    free(source->stashes);
    source->stashes = NULL;
    pndis__cache_destroy(source->cache);
    source->cache = NULL;
}

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct packet_block, handle));
}

static struct packet_block *
take_block(struct context *context, struct packet_source *source)
{
    struct packet_block *block;

    if (source->cache != NULL) {
        block = pndis__cache_take(context, source->cache);
        if (block != NULL) {
            block->handle.magic = HANDLE_MAGIC;
            block->handle.kind = HANDLE_PACKET;
        }
        return block;
    }
    block = calloc(1, offsetof(struct packet_block, packet) + source->bytes);
    if (block != NULL) {
        pndis__handle_add_as(pndis__handles_of(source->machine), &block->handle, &block->packet,
                             HANDLE_PACKET, source->owner, source->machine, free_memory);
    }
    return block;
}

static struct packet_block *
make_block(struct context *context, struct packet_source *source, enum packet_kind kind)
{
    struct packet_block *block = take_block(context, source);

    if (block != NULL) {
        block->kind = kind;
        block->source = source;
        block->described = NULL;
        block->list = NULL;
        if (kind != PACKET_OF_SEND) {
            block->own.nbl.NdisPoolHandle = NULL;
        }
    }
    return block;
}

size_t
pndis__stash_fill(struct context *context, struct packet_source *source, struct packet_stash *stash,
                  size_t count)
{
    while (stash->count < count) {
        struct packet_block *block = make_block(context, source, PACKET_OF_SEND);

        if (block == NULL) {
            break;
        }
        block->state = PACKET_AT_HOME;
        stash_put(stash, &block->packet);
    }
    return stash->count;
}

struct packet_block *
pndis__packet_take(struct context *context, struct packet_source *source, enum packet_kind kind)
{
    struct packet_stash *stash = stash_of(context, source);
    struct packet_block *block = stash != NULL && stash->count != 0
                                     ? block_of(stash->packets[--stash->count])
                                     : make_block(context, source, kind);

    if (block == NULL) {
        return NULL;
    }
    block->state = PACKET_AT_HOME;
    memset(&block->packet, 0, source->bytes);
    block->packet.Private.NdisPacketFlags = fPACKET_ALLOCATED_BY_NDIS;
    block->packet.Private.NdisPacketOobOffset = source->oob_offset;
    return block;
}

void
pndis__packet_put(struct context *context, struct packet_block *block)
{
    struct packet_source *source = block->source;
    struct packet_stash *stash = stash_of(context, source);

    block->state = PACKET_AT_HOME;
    if (block->kind == PACKET_OF_SEND && stash != NULL && stash_put(stash, &block->packet)) {
        return;
    }
    if (source->cache != NULL) {
        block->handle.magic = 0;
        pndis__cache_put(context, source->cache, block);
    } else {
        pndis__handle_retire(pndis__handles_of(source->machine), &block->handle);
    }
}

bool
pndis__packet_lives(struct context *context, NDIS_PACKET *packet, const char *call,
                    const void *caller)
{
    return pndis__handle(context, packet, HANDLE_BIT(PACKET), call, caller) != NULL;
}
