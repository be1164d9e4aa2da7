/* The data of a NET_BUFFER: moving its start, finding it, copying it. */
#include "ndis/nbl.h"

#include <stdlib.h>

SIZE_T
pndis__mdl_chain_bytes(const MDL *chain)
{
    SIZE_T bytes = 0;

    for (; chain != NULL; chain = chain->Next) {
        bytes += chain->ByteCount;
    }
    return bytes;
}

/* --- where the data starts --- */

/*
 * "NdisAdjustNetBufferCurrentMdl function". Any IRQL.
 * CurrentMdl and CurrentMdlOffset follow from DataOffset; an offset at the very end stays in the
 * last MDL.
 */
VOID
NdisAdjustNetBufferCurrentMdl(PNET_BUFFER NetBuffer)
{
    MDL *mdl = NET_BUFFER_FIRST_MDL(NetBuffer);
    ULONG offset = NET_BUFFER_DATA_OFFSET(NetBuffer);

    while (mdl != NULL && offset >= mdl->ByteCount && mdl->Next != NULL) {
        offset -= mdl->ByteCount;
        mdl = mdl->Next;
    }
    NET_BUFFER_CURRENT_MDL(NetBuffer) = mdl;
    NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer) = mdl == NULL ? 0 : offset;
}

/* What NDIS allocates when no NetAllocateMdl function is given: an MDL and its data in one block.
 */
static MDL *
allocate_mdl_and_data(ULONG bytes)
{
    size_t mdl_bytes = sizeof(MDL) + sizeof(PFN_NUMBER) * (bytes / PAGE_SIZE + 2);
    MDL *mdl;

    mdl_bytes = (mdl_bytes + 15) / 16 * 16;
    mdl = calloc(1, mdl_bytes + bytes);
    if (mdl != NULL) {
        MmInitializeMdl(mdl, (uint8_t *)mdl + mdl_bytes, bytes);
        MmBuildMdlForNonPagedPool(mdl);
    }
    return mdl;
}

/* An MDL that a retreat had to put in front of the chain. */
struct retreat_record {
    struct retreat_record *earlier;
    MDL *mdl;
    bool from_driver; /* Allocated by the driver's NetAllocateMdl function. */
};

void
pndis__nb_retreats_free(struct nb_note *note)
{
    while (note->retreats != NULL) {
        struct retreat_record *record = note->retreats;

        note->retreats = record->earlier;
        if (!record->from_driver) {
            free(record->mdl);
        }
        free(record);
    }
}

static NDIS_STATUS
put_in_front(struct context *context, NET_BUFFER *nb, ULONG delta, ULONG back_fill,
             NET_BUFFER_ALLOCATE_MDL_HANDLER allocate)
{
    ULONG missing = delta - NET_BUFFER_DATA_OFFSET(nb);
    ULONG bytes = missing + back_fill;
    struct retreat_record *record;
    MDL *mdl;

    if (!pndis__nb_is_ours(context, nb)) {
        pndis__report(context, RULE_NBL_ORIGIN, NULL, "NdisRetreatNetBufferDataStart", NULL,
                      "the NET_BUFFER is free or from no NDIS pool");
        return NDIS_STATUS_FAILURE;
    }
    record = pndis__fault(context) ? NULL : malloc(sizeof(*record));
    if (record == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    mdl = allocate != NULL ? allocate(&bytes) : allocate_mdl_and_data(bytes);
    if (mdl == NULL) {
        free(record);
        return NDIS_STATUS_RESOURCES;
    }
    *record = (struct retreat_record){nb_note_of(nb)->retreats, mdl, allocate != NULL};
    nb_note_of(nb)->retreats = record;
    mdl->Next = NET_BUFFER_FIRST_MDL(nb);
    NET_BUFFER_FIRST_MDL(nb) = mdl;
    NET_BUFFER_DATA_OFFSET(nb) = bytes - missing;
    nb->stDataLength += delta;
    NdisAdjustNetBufferCurrentMdl(nb);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
retreat(struct context *context, NET_BUFFER *nb, ULONG delta, ULONG back_fill,
        NET_BUFFER_ALLOCATE_MDL_HANDLER allocate)
{
    if (NET_BUFFER_DATA_OFFSET(nb) < delta) {
        return put_in_front(context, nb, delta, back_fill, allocate);
    }
    NET_BUFFER_DATA_OFFSET(nb) -= delta;
    nb->stDataLength += delta;
    if (NET_BUFFER_CURRENT_MDL_OFFSET(nb) >= delta) {
        NET_BUFFER_CURRENT_MDL_OFFSET(nb) -= delta;
    } else {
        NdisAdjustNetBufferCurrentMdl(nb);
    }
    return NDIS_STATUS_SUCCESS;
}

/* Take the MDLs of earlier retreats off the front that hold no used data any more. */
static void
free_unused(struct context *context, NET_BUFFER *nb, NET_BUFFER_FREE_MDL_HANDLER free_mdl)
{
    struct nb_note *note = nb_note_of(nb);
    struct retreat_record *record;

    while ((record = note->retreats) != NULL && record->mdl == NET_BUFFER_FIRST_MDL(nb) &&
           NET_BUFFER_DATA_OFFSET(nb) >= record->mdl->ByteCount) {
        MDL *mdl = record->mdl;

        if (record->from_driver && free_mdl == NULL) {
            pndis__report(context, RULE_NBL_RETREAT, NULL, "NdisAdvanceNetBufferDataStart", NULL,
                          "an MDL that the driver's NetAllocateMdl function allocated is to be "
                          "freed without a NetFreeMdl function");
            return;
        }
        NET_BUFFER_DATA_OFFSET(nb) -= mdl->ByteCount;
        NET_BUFFER_FIRST_MDL(nb) = mdl->Next;
        mdl->Next = NULL;
        note->retreats = record->earlier;
        if (record->from_driver) {
            free_mdl(mdl);
        } else {
            free(mdl);
        }
        free(record);
    }
}

static void
advance(struct context *context, NET_BUFFER *nb, ULONG delta, BOOLEAN free_unused_mdls,
        NET_BUFFER_FREE_MDL_HANDLER free_mdl, const char *call, const void *caller)
{
    if (delta > nb->stDataLength) {
        pndis__report(context, RULE_NB_LENGTH, NULL, call, caller,
                      "the data start is advanced by %u bytes past %llu bytes of data", delta,
                      (unsigned long long)nb->stDataLength);
        return;
    }
    NET_BUFFER_DATA_OFFSET(nb) += delta;
    nb->stDataLength -= delta;
    if (free_unused_mdls && pndis__nb_is_ours(context, nb)) {
        free_unused(context, nb, free_mdl);
    }
    NdisAdjustNetBufferCurrentMdl(nb);
}

/*
 * "NdisRetreatNetBufferDataStart function". IRQL <= DISPATCH_LEVEL.
 * Makes @DataOffsetDelta more bytes in front of the data part of it, with a new MDL when there is
 * no room. NDIS_STATUS_RESOURCES: no memory, and nothing changed.
 */
NDIS_STATUS
NdisRetreatNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, ULONG DataBackFill,
                              NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return retreat(context, NetBuffer, DataOffsetDelta, DataBackFill, AllocateMdlHandler);
}

/*
 * "NdisAdvanceNetBufferDataStart function". IRQL <= DISPATCH_LEVEL.
 * The reverse. With @FreeMdl, MDLs that a retreat allocated and that became unused are freed,
 * through
 * @FreeMdlHandler if the driver allocated them.
 */
VOID
NdisAdvanceNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
                              NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    advance(context, NetBuffer, DataOffsetDelta, FreeMdl, FreeMdlHandler, __func__, NT_CALLER());
}

/*
 * "NdisRetreatNetBufferListDataStart function". IRQL <= DISPATCH_LEVEL.
 * Retreats every NET_BUFFER of the list, or none: what was done is undone on failure.
 */
NDIS_STATUS
NdisRetreatNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                  ULONG DataBackFill,
                                  NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler,
                                  NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(NetBufferList); nb != NULL;
         nb = NET_BUFFER_NEXT_NB(nb)) {
        NDIS_STATUS status =
            retreat(context, nb, DataOffsetDelta, DataBackFill, AllocateMdlHandler);

        if (status == NDIS_STATUS_SUCCESS) {
            continue;
        }
        for (NET_BUFFER *done = NET_BUFFER_LIST_FIRST_NB(NetBufferList); done != nb;
             done = NET_BUFFER_NEXT_NB(done)) {
            advance(context, done, DataOffsetDelta, TRUE, FreeMdlHandler, __func__, NT_CALLER());
        }
        return status;
    }
    return NDIS_STATUS_SUCCESS;
}

/* "NdisAdvanceNetBufferListDataStart function". IRQL <= DISPATCH_LEVEL. */
VOID
NdisAdvanceNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                  BOOLEAN FreeMdl, NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(NetBufferList); nb != NULL;
         nb = NET_BUFFER_NEXT_NB(nb)) {
        advance(context, nb, DataOffsetDelta, FreeMdl, FreeMdlHandler, __func__, NT_CALLER());
    }
}

/* --- reading and copying --- */

/* A place in the data: an MDL and an offset in it. */
struct place {
    MDL *mdl;
    ULONG offset;
};

static struct place
place_at(const NET_BUFFER *nb, SIZE_T offset)
{
    struct place place = {NET_BUFFER_CURRENT_MDL(nb), NET_BUFFER_CURRENT_MDL_OFFSET(nb)};

    offset += place.offset;
    while (place.mdl != NULL && offset >= place.mdl->ByteCount) {
        offset -= place.mdl->ByteCount;
        place.mdl = place.mdl->Next;
    }
    place.offset = (ULONG)offset;
    return place;
}

/* The bytes from @place to the end of its MDL; moves @place to the next MDL that has any. */
static uint8_t *
next_piece(struct place *place, SIZE_T *out_bytes)
{
    while (place->mdl != NULL && place->offset >= place->mdl->ByteCount) {
        place->mdl = place->mdl->Next;
        place->offset = 0;
    }
    if (place->mdl == NULL) {
        *out_bytes = 0;
        return NULL;
    }
    *out_bytes = place->mdl->ByteCount - place->offset;
    return (uint8_t *)MmGetSystemAddressForMdlSafe(place->mdl, NormalPagePriority) + place->offset;
}

/*
 * "NdisGetDataBuffer function". IRQL <= DISPATCH_LEVEL.
 * The first @BytesNeeded bytes in one piece: in place when they are contiguous and aligned as
 * asked, else copied to @Storage; NULL when there are fewer, or a copy is needed and there is no
 * @Storage.
 */
PVOID
NdisGetDataBuffer(PNET_BUFFER NetBuffer, ULONG BytesNeeded, PVOID Storage, ULONG AlignMultiple,
                  ULONG AlignOffset)
{
    struct place place = {NET_BUFFER_CURRENT_MDL(NetBuffer),
                          NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer)};
    SIZE_T bytes;
    uint8_t *data;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (BytesNeeded == 0 || BytesNeeded > NetBuffer->stDataLength) {
        return NULL;
    }
    data = next_piece(&place, &bytes);
    if (bytes >= BytesNeeded &&
        (AlignMultiple <= 1 || ((uintptr_t)data - AlignOffset) % AlignMultiple == 0)) {
        return data;
    }
    if (Storage == NULL) {
        return NULL;
    }
    for (SIZE_T done = 0; done < BytesNeeded; done += bytes) {
        data = next_piece(&place, &bytes);
        if (data == NULL) {
            return NULL;
        }
        bytes = bytes < BytesNeeded - done ? bytes : BytesNeeded - done;
        memcpy((uint8_t *)Storage + done, data, bytes);
        place.offset += (ULONG)bytes;
    }
    return Storage;
}

/*
 * "NdisCopyFromNetBufferToNetBuffer function". IRQL <= DISPATCH_LEVEL.
 * Both offsets count from the current data start. Stops where the source's data or the
 * destination's MDL chain ends and tells in @BytesCopied; lengths and offsets of the destination
 * stay as they are.
 */
NDIS_STATUS
NdisCopyFromNetBufferToNetBuffer(PNET_BUFFER Destination, ULONG DestinationOffset,
                                 ULONG BytesToCopy, const NET_BUFFER *Source, ULONG SourceOffset,
                                 ULONG *BytesCopied)
{
    struct place from = place_at(Source, SourceOffset);
    struct place to = place_at(Destination, DestinationOffset);
    SIZE_T available =
        Source->stDataLength > SourceOffset ? Source->stDataLength - SourceOffset : 0;
    SIZE_T left = BytesToCopy < available ? BytesToCopy : available;
    SIZE_T copied = 0;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    while (left > 0) {
        SIZE_T from_bytes;
        SIZE_T to_bytes;
        uint8_t *from_data = next_piece(&from, &from_bytes);
        uint8_t *to_data = next_piece(&to, &to_bytes);
        SIZE_T bytes = from_bytes < to_bytes ? from_bytes : to_bytes;

        bytes = bytes < left ? bytes : left;
        if (bytes == 0) {
            break;
        }
        memmove(to_data, from_data, bytes);
        from.offset += (ULONG)bytes;
        to.offset += (ULONG)bytes;
        copied += bytes;
        left -= bytes;
    }
    *BytesCopied = (ULONG)copied;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisQueryNetBufferPhysicalCount function". IRQL <= DISPATCH_LEVEL. Pages that the data touches.
 */
ULONG
NdisQueryNetBufferPhysicalCount(PNET_BUFFER NetBuffer)
{
    struct place place = {NET_BUFFER_CURRENT_MDL(NetBuffer),
                          NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer)};
    SIZE_T left = NetBuffer->stDataLength;
    ULONG count = 0;

    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    while (left > 0) {
        SIZE_T bytes;
        uint8_t *data = next_piece(&place, &bytes);

        if (data == NULL) {
            break;
        }
        bytes = bytes < left ? bytes : left;
        count += ADDRESS_AND_SIZE_TO_SPAN_PAGES(data, bytes);
        place.offset += (ULONG)bytes;
        left -= bytes;
    }
    return count;
}
