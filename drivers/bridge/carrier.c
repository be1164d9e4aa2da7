/*
 * The NET_BUFFER_LISTs in which received data are sent on. A protocol driver sends lists of its own
 * ("NdisSendNetBufferLists function": SourceHandle, pools), so a received one is not sent itself;
 * what is sent is its MDL chain, through a list and a NET_BUFFER that are kept and used again, by
 * each processor from its own store.
 */
#include "bridge.h"

enum {
    STORED_AHEAD = 128,  /* For each processor. */
    STORED_LIMIT = 2048, /* What one processor takes and another gives back does not pile up. */
    REST_BYTES = 0x10000 + PAGE_SIZE,
    CONTEXT_BYTES = ALIGN_UP_BY(sizeof(struct carrier), MEMORY_ALLOCATION_ALIGNMENT),
};

/* --- making --- */

static NET_BUFFER_LIST *
list_create(MDL *chain, ULONG bytes)
{
    NET_BUFFER_LIST *list =
        NdisAllocateNetBufferAndNetBufferList(bridge.list_pool, CONTEXT_BYTES, 0, chain, 0, bytes);
    struct carrier *carrier;

    if (list == NULL) {
        return NULL;
    }
    carrier = (struct carrier *)NET_BUFFER_LIST_CONTEXT_DATA_START(list);
    RtlZeroMemory(carrier, FIELD_OFFSET(struct carrier, room));
    carrier->list = list;
    RtlZeroMemory(cargo_of(list), sizeof(struct cargo));
    cargo_of(list)->carrier = carrier;
    return list;
}

static void
list_destroy(NET_BUFFER_LIST *list)
{
    struct carrier *carrier = cargo_of(list)->carrier;
    MDL *header = carrier->header;
    MDL *rest = carrier->rest;
    MDL *data = carrier->data;
    PVOID memory = carrier->memory;

    if (header != NULL) {
        header->Next = NULL;
        NdisAdjustMdlLength(header, HEADER_ROOM);
        NdisFreeMdl(header);
    }
    NdisFreeNetBufferList(list);
    if (rest != NULL) {
        IoFreeMdl(rest);
    }
    if (data != NULL) {
        NdisFreeMdl(data);
    }
    if (memory != NULL) {
        ExFreePoolWithTag(memory, BRIDGE_TAG);
    }
}

static void
store(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *list)
{
    struct carrier *carrier = cargo_of(list)->carrier;

    if (processor->free_count >= STORED_LIMIT) {
        list_destroy(list);
        return;
    }
    carrier->next = processor->free;
    processor->free = carrier;
    processor->free_count++;
}

/* --- taking --- */

/* What a former use or an adapter may have left, as far as senders and adapters look at it. */
static void
reset_info(NET_BUFFER_LIST *list, const NET_BUFFER_LIST *original)
{
    NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
    NET_BUFFER_LIST_STATUS(list) = NDIS_STATUS_SUCCESS;
    NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo) = NULL;
    NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo) = NULL;
    NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo) = NULL;
    NET_BUFFER_LIST_INFO(list, UdpSegmentationOffloadInfo) = NULL;
    NET_BUFFER_LIST_INFO(list, NetBufferListHashValue) =
        NET_BUFFER_LIST_INFO(original, NetBufferListHashValue);
    NET_BUFFER_LIST_INFO(list, NetBufferListHashInfo) =
        NET_BUFFER_LIST_INFO(original, NetBufferListHashInfo);
}

NET_BUFFER_LIST *
carrier_take(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *original)
{
    const NET_BUFFER *from = NET_BUFFER_LIST_FIRST_NB(original);
    struct carrier *carrier = processor->free;
    NET_BUFFER_LIST *list;
    NET_BUFFER *to;

    if (carrier != NULL) {
        processor->free = carrier->next;
        processor->free_count--;
        list = carrier->list;
    } else {
        list = list_create(NULL, 0);
        if (list == NULL) {
            return NULL;
        }
    }
    to = NET_BUFFER_LIST_FIRST_NB(list);
    NET_BUFFER_FIRST_MDL(to) = NET_BUFFER_FIRST_MDL(from);
    NET_BUFFER_DATA_OFFSET(to) = NET_BUFFER_DATA_OFFSET(from);
    NET_BUFFER_CURRENT_MDL(to) = NET_BUFFER_CURRENT_MDL(from);
    NET_BUFFER_CURRENT_MDL_OFFSET(to) = NET_BUFFER_CURRENT_MDL_OFFSET(from);
    NET_BUFFER_DATA_LENGTH(to) = NET_BUFFER_DATA_LENGTH(from);
    cargo_of(list)->kind = CARRIER_LIST;
    reset_info(list, original);
    return list;
}

NET_BUFFER_LIST *
carrier_clone(NET_BUFFER_LIST *original)
{
    NET_BUFFER_LIST *list =
        NdisAllocateCloneNetBufferList(original, bridge.list_pool, bridge.buffer_pool, 0);

    if (list == NULL) {
        return NULL;
    }
    list->ParentNetBufferList = original;
    cargo_of(list)->kind = CARRIER_CLONE;
    cargo_of(list)->carrier = NULL;
    reset_info(list, original);
    return list;
}

NET_BUFFER_LIST *
carrier_segment(ULONG bytes, UCHAR **out_data)
{
    PVOID memory = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, BRIDGE_TAG);
    MDL *data = memory == NULL ? NULL : NdisAllocateMdl(bridge.protocol, memory, bytes);
    NET_BUFFER_LIST *list = data == NULL ? NULL : list_create(data, bytes);

    if (list == NULL) {
        if (data != NULL) {
            NdisFreeMdl(data);
        }
        if (memory != NULL) {
            ExFreePoolWithTag(memory, BRIDGE_TAG);
        }
        return NULL;
    }
    cargo_of(list)->kind = CARRIER_SEGMENT;
    cargo_of(list)->carrier->data = data;
    cargo_of(list)->carrier->memory = memory;
    *out_data = memory;
    return list;
}

NET_BUFFER_LIST *
carrier_copy(NET_BUFFER_LIST *received)
{
    static const NDIS_NET_BUFFER_LIST_INFO kept[] = {
        TcpIpChecksumNetBufferListInfo, Ieee8021QNetBufferListInfo, TcpRecvSegCoalesceInfo,
        UdpRecvSegCoalesceOffloadInfo,  NetBufferListHashValue,     NetBufferListHashInfo,
    };
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(received);
    ULONG bytes = NET_BUFFER_DATA_LENGTH(buffer);
    UCHAR *data;
    NET_BUFFER_LIST *copy = bytes == 0 ? NULL : carrier_segment(bytes, &data);

    if (copy == NULL) {
        return NULL;
    }
    if (!frame_read(buffer, 0, data, bytes)) {
        list_destroy(copy);
        return NULL;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(kept); i++) {
        NET_BUFFER_LIST_INFO(copy, kept[i]) = NET_BUFFER_LIST_INFO(received, kept[i]);
    }
    return copy;
}

void
carrier_put(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *list)
{
    struct cargo *cargo = cargo_of(list);

    switch (cargo->kind) {
    case CARRIER_LIST:
        if (cargo->carrier->has_header) {
            MmPrepareMdlForReuse(cargo->carrier->rest);
            cargo->carrier->has_header = FALSE;
        }
        store(processor, list);
        break;
    case CARRIER_CLONE:
        NdisFreeCloneNetBufferList(list, 0);
        break;
    default:
        list_destroy(list);
        break;
    }
}

/* --- headers of their own --- */

static BOOLEAN
has_mdls(struct carrier *carrier)
{
    if (carrier->header == NULL) {
        carrier->header = NdisAllocateMdl(bridge.protocol, carrier->room, HEADER_ROOM);
    }
    if (carrier->rest == NULL) {
        carrier->rest = IoAllocateMdl(NULL, REST_BYTES, FALSE, FALSE, NULL);
    }
    return carrier->header != NULL && carrier->rest != NULL;
}

/* What of the chain at @mdl comes after its first @bytes, as a chain; the first MDL may be @part.
 */
static MDL *
chain_after(MDL *mdl, ULONG bytes, MDL *part)
{
    ULONG left;

    while (mdl != NULL && bytes >= MmGetMdlByteCount(mdl)) {
        bytes -= MmGetMdlByteCount(mdl);
        mdl = mdl->Next;
    }
    if (mdl == NULL || bytes == 0) {
        return mdl;
    }
    left = MmGetMdlByteCount(mdl) - bytes;
    if (left > REST_BYTES - PAGE_SIZE) {
        return NULL;
    }
    IoBuildPartialMdl(mdl, part, (PUCHAR)MmGetMdlVirtualAddress(mdl) + bytes, left);
    part->Next = mdl->Next;
    return part;
}

UCHAR *
carrier_own_header(NET_BUFFER_LIST *list, ULONG bytes)
{
    struct carrier *carrier = cargo_of(list)->carrier;
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(list);
    ULONG total = NET_BUFFER_DATA_LENGTH(buffer);
    MDL *rest = NULL;

    if (cargo_of(list)->kind != CARRIER_LIST || bytes > HEADER_ROOM || !has_mdls(carrier) ||
        !frame_read(buffer, 0, carrier->room, bytes)) {
        return NULL;
    }
    if (bytes < total) {
        rest = chain_after(NET_BUFFER_CURRENT_MDL(buffer),
                           NET_BUFFER_CURRENT_MDL_OFFSET(buffer) + bytes, carrier->rest);
        if (rest == NULL) {
            return NULL;
        }
    }
    carrier->has_header = TRUE;
    NdisAdjustMdlLength(carrier->header, bytes);
    carrier->header->Next = rest;
    NET_BUFFER_FIRST_MDL(buffer) = carrier->header;
    NET_BUFFER_DATA_OFFSET(buffer) = 0;
    NET_BUFFER_CURRENT_MDL(buffer) = carrier->header;
    NET_BUFFER_CURRENT_MDL_OFFSET(buffer) = 0;
    return carrier->room;
}

BOOLEAN
frame_read(NET_BUFFER *buffer, ULONG offset, UCHAR *to, ULONG bytes)
{
    MDL *mdl = NET_BUFFER_CURRENT_MDL(buffer);

    if (offset > NET_BUFFER_DATA_LENGTH(buffer) ||
        bytes > NET_BUFFER_DATA_LENGTH(buffer) - offset) {
        return FALSE;
    }
    offset += NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
    for (; bytes > 0 && mdl != NULL; mdl = mdl->Next) {
        ULONG here = MmGetMdlByteCount(mdl);
        const UCHAR *data;

        if (offset >= here) {
            offset -= here;
            continue;
        }
        data = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoExecute);
        if (data == NULL) {
            return FALSE;
        }
        here = min(here - offset, bytes);
        RtlCopyMemory(to, data + offset, here);
        to += here;
        bytes -= here;
        offset = 0;
    }
    return bytes == 0;
}

/* --- life --- */

static NDIS_STATUS
pools_init(void)
{
    NET_BUFFER_LIST_POOL_PARAMETERS lists;
    NET_BUFFER_POOL_PARAMETERS buffers;

    RtlZeroMemory(&lists, sizeof(lists));
    lists.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    lists.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    lists.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    lists.ProtocolId = NDIS_PROTOCOL_ID_DEFAULT;
    lists.fAllocateNetBuffer = TRUE;
    lists.ContextSize = CONTEXT_BYTES;
    lists.PoolTag = BRIDGE_TAG;
    RtlZeroMemory(&buffers, sizeof(buffers));
    buffers.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    buffers.Header.Revision = NET_BUFFER_POOL_PARAMETERS_REVISION_1;
    buffers.Header.Size = NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1;
    buffers.PoolTag = BRIDGE_TAG;
    bridge.list_pool = NdisAllocateNetBufferListPool(NULL, &lists);
    bridge.buffer_pool = NdisAllocateNetBufferPool(NULL, &buffers);
    return bridge.list_pool == NULL || bridge.buffer_pool == NULL ? NDIS_STATUS_RESOURCES
                                                                  : NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
carriers_init(void)
{
    NDIS_STATUS status = pools_init();

    for (ULONG i = 0; status == NDIS_STATUS_SUCCESS && i < bridge.processor_count; i++) {
        for (ULONG n = 0; status == NDIS_STATUS_SUCCESS && n < STORED_AHEAD; n++) {
            NET_BUFFER_LIST *list = list_create(NULL, 0);

            if (list == NULL) {
                status = NDIS_STATUS_RESOURCES;
            } else {
                store(&bridge.processors[i], list);
            }
        }
    }
    return status;
}

void
carriers_fini(void)
{
    for (ULONG i = 0; bridge.processors != NULL && i < bridge.processor_count; i++) {
        struct carrier *next;

        for (struct carrier *carrier = bridge.processors[i].free; carrier != NULL; carrier = next) {
            next = carrier->next;
            list_destroy(carrier->list);
        }
        bridge.processors[i].free = NULL;
    }
    if (bridge.buffer_pool != NULL) {
        NdisFreeNetBufferPool(bridge.buffer_pool);
        bridge.buffer_pool = NULL;
    }
    if (bridge.list_pool != NULL) {
        NdisFreeNetBufferListPool(bridge.list_pool);
        bridge.list_pool = NULL;
    }
}
