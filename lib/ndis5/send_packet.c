/*
 * A packet for a NET_BUFFER. Its buffers are the NET_BUFFER's MDLs. A packet's data fill its MDLs,
 * those of a NET_BUFFER need not: then an MDL in the packet's own block stands for a part of the
 * first one, or, where the data end inside a later MDL, a chain is described anew. No data move.
 */
#include "ndis5/packet.h"

#include "nt/mdl.h"

/* Whether the data from @offset of @mdl on end where a chain does. */
static bool
ends_with_chain(const MDL *mdl, SIZE_T offset, SIZE_T bytes)
{
    SIZE_T there = 0;

    for (; mdl != NULL; mdl = mdl->Next) {
        there += mdl->ByteCount;
    }
    return there == offset + bytes;
}

/* The MDL in @block, for @bytes of @source from @offset on. */
static MDL *
make_part(struct packet_block *block, MDL *source, ULONG offset, SIZE_T bytes)
{
    MDL *part = &block->part.mdl;
    char *mapped = MmGetSystemAddressForMdlSafe(source, NormalPagePriority);
    char *start = (char *)MmGetMdlVirtualAddress(source) + offset;

    if (mapped == NULL) {
        return NULL;
    }
    MmInitializeMdl(part, start, bytes);
    part->MdlFlags = MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL;
    part->Process = NULL;
    part->MappedSystemVa = mapped + offset;
    pndis__mdl_fill_pages(part, start);
    return part;
}

static bool
part_has_room(const MDL *source, ULONG offset, SIZE_T bytes)
{
    return ADDRESS_AND_SIZE_TO_SPAN_PAGES((ULONG_PTR)MmGetMdlVirtualAddress(source) + offset,
                                          bytes) <= PART_PAGES;
}

/* A chain with just the data of @nb in it; NULL for want of memory. */
static MDL *
chain_of(struct packet_block *block, NET_BUFFER *nb)
{
    MDL *first = NET_BUFFER_CURRENT_MDL(nb);
    ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb);
    SIZE_T bytes = nb->stDataLength;
    SIZE_T in_first = min((SIZE_T)first->ByteCount - offset, bytes);
    MDL *part;

    if (offset == 0 && first->Next == NULL && first->ByteCount == bytes) {
        return first;
    }
    if (in_first < bytes && !ends_with_chain(first, offset, bytes)) {
        block->described = pndis__mdl_chain_describe(nb, 0, bytes);
        return block->described;
    }
    if (offset == 0 && in_first == first->ByteCount && in_first < bytes) {
        return first;
    }
    if (!part_has_room(first, offset, in_first)) {
        block->described = pndis__mdl_chain_describe(nb, 0, bytes);
        return block->described;
    }
    part = make_part(block, first, offset, in_first);
    if (part != NULL && in_first < bytes) {
        part->Next = first->Next;
    }
    return part;
}

static void
count_buffers(NDIS_PACKET *packet, MDL *chain)
{
    packet->Private.Head = packet->Private.Tail = chain;
    if (chain->Next != NULL) {
        NdisRecalculatePacketCounts(packet);
        return;
    }
    packet->Private.Count = 1;
    packet->Private.PhysicalCount = (UINT)NDIS_BUFFER_TO_SPAN_PAGES(chain);
    packet->Private.TotalLength = chain->ByteCount;
    packet->Private.ValidCounts = TRUE;
}

static bool
add_list(struct miniport5 *miniport, struct packet_block *block)
{
    block->list = pndis__n5_list_build(miniport, block->packet.Private.Head);
    NDIS_PER_PACKET_INFO_FROM_PACKET(&block->packet, ScatterGatherListPacketInfo) = block->list;
    return block->list != NULL;
}

struct packet_block *
pndis__packet_of_buffer(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl,
                        NET_BUFFER *nb)
{
    struct packet_block *block = pndis__packet_take(context, miniport->sends, PACKET_OF_SEND);
    MDL *chain = block == NULL ? NULL : chain_of(block, nb);

    if (chain == NULL) {
        if (block != NULL) {
            pndis__packet_put(context, block);
        }
        return NULL;
    }
    block->nbl = nbl;
    count_buffers(&block->packet, chain);
    packet_information(information_of(block, miniport->sends), nbl);
    if (miniport->wants_lists && !add_list(miniport, block)) {
        pndis__packet_of_buffer_free(context, miniport, block);
        return NULL;
    }
    return block;
}

void
pndis__packet_of_buffer_free(struct context *context, struct miniport5 *miniport,
                             struct packet_block *block)
{
    if (__builtin_expect(block->list != NULL, 0)) {
        pndis__n5_list_free(miniport, block->list);
        block->list = NULL;
    }
    if (__builtin_expect(block->described != NULL, 0)) {
        pndis__mdl_chain_free(block->described);
        block->described = NULL;
    }
    pndis__packet_put(context, block);
}
