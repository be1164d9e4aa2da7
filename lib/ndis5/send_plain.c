/*
 * Plain sends, the usual ones: to a deserialized miniport that takes arrays of packets without
 * scatter/gather lists, at DISPATCH_LEVEL, while nobody watches; a list with one NET_BUFFER that
 * fills its one MDL and is no large send. There is nothing to undo and nothing to count.
 */
#include "ndis5/packet.h"

/* The MDL that is all of @nbl; NULL: it is not so simple. */
static inline MDL *
only_mdl(const NET_BUFFER_LIST *nbl)
{
    const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
    MDL *mdl;

    if (nb == NULL || NET_BUFFER_NEXT_NB(nb) != NULL || is_large_send(nbl)) {
        return NULL;
    }
    mdl = NET_BUFFER_CURRENT_MDL(nb);
    return NET_BUFFER_CURRENT_MDL_OFFSET(nb) == 0 && mdl->Next == NULL &&
                   mdl->ByteCount == nb->stDataLength
               ? mdl
               : NULL;
}

/*
 * A packet of a send, from its beginning to its end, as the words that are written two at a time:
 * everything that the driver may have changed when it had the packet last. Field by field the
 * compiler clears all of it first and then writes over that, which takes a third longer.
 */
typedef uint64_t two_words __attribute__((vector_size(16), may_alias));

struct plain_image {
    two_words counts_head;
    two_words tail_pool;
    two_words count_flags;
    two_words reserved[3];
    two_words reserved_times;
    two_words times_sizes;
    two_words media_status;
    two_words information[MaxPerPacketInfo / 2];
};

#define WORD(value)       ((uint64_t)(uintptr_t)(value))
#define INFORMATION(slot) (offsetof(struct plain_image, information) + (slot) * sizeof(PVOID))
#define OOB_OFFSET        sizeof(NDIS_PACKET)

_Static_assert(offsetof(NDIS_PACKET, Private.Tail) == offsetof(struct plain_image, tail_pool), "");
_Static_assert(offsetof(NDIS_PACKET, Private.Count) == offsetof(struct plain_image, count_flags),
               "");
_Static_assert(offsetof(NDIS_PACKET, MacReserved) == offsetof(struct plain_image, reserved), "");
_Static_assert(OOB_OFFSET + offsetof(NDIS_PACKET_OOB_DATA, Status) ==
                   offsetof(struct plain_image, media_status) + sizeof(PVOID),
               "");
_Static_assert(OOB_OFFSET + sizeof(NDIS_PACKET_OOB_DATA) == INFORMATION(0), "");
_Static_assert(Ieee8021QInfo == 6 && PacketCancelId == 8 && OriginalNetBufferList == 9, "");

static inline void
fill(struct packet_block *block, NET_BUFFER_LIST *nbl, MDL *mdl)
{
    struct plain_image *image = (struct plain_image *)&block->packet;
    const two_words zero = {0, 0};
    const uint64_t flags =
        (uint64_t)TRUE |
        (uint64_t)fPACKET_ALLOCATED_BY_NDIS << 8 * (offsetof(NDIS_PACKET_PRIVATE, NdisPacketFlags) -
                                                    offsetof(NDIS_PACKET_PRIVATE, ValidCounts)) |
        (uint64_t)OOB_OFFSET << 8 * (offsetof(NDIS_PACKET_PRIVATE, NdisPacketOobOffset) -
                                     offsetof(NDIS_PACKET_PRIVATE, ValidCounts));
    PVOID information[MaxPerPacketInfo] = {NULL};

    packet_information(information, nbl);
    image->counts_head =
        (two_words){NDIS_BUFFER_TO_SPAN_PAGES(mdl) | (uint64_t)mdl->ByteCount << 32, WORD(mdl)};
    image->tail_pool = (two_words){WORD(mdl), 0};
    image->count_flags = (two_words){1, flags};
    image->reserved[0] = image->reserved[1] = image->reserved[2] = zero;
    image->reserved_times = image->times_sizes = zero;
    image->media_status = (two_words){0, NDIS_STATUS_PENDING};
    for (unsigned i = 0; i < MaxPerPacketInfo; i += 2) {
        image->information[i / 2] = (two_words){WORD(information[i]), WORD(information[i + 1])};
    }
    *left_of(nbl) = 1;
    block->nbl = nbl;
    block->state = PACKET_PLAIN;
}

NET_BUFFER_LIST *
pndis__send_plain(struct context *context, struct miniport5 *miniport, struct packet_stash *stash,
                  NET_BUFFER_LIST *nbl)
{
    NDIS_PACKET *packets[PACKETS_AT_ONCE];
    size_t at_hand = stash->count;
    UINT count = 0;
    MDL *mdl;

    if (at_hand < PACKETS_AT_ONCE) {
        at_hand = pndis__stash_fill(context, miniport->sends, stash, PACKETS_AT_ONCE);
    }
    while (nbl != NULL && at_hand != 0 && count < PACKETS_AT_ONCE &&
           (mdl = only_mdl(nbl)) != NULL) {
        NDIS_PACKET *packet = stash->packets[--at_hand];

        NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
        fill(block_of(packet), nbl, mdl);
        packets[count++] = packet;
        nbl = nbl->Next;
    }
    stash->count = at_hand;
    if (count != 0) {
        pndis__packets_give(context, miniport, packets, count);
    }
    return nbl;
}
