#include "support/buffers.h"

NDIS_HANDLE
list_pool(BOOLEAN with_buffer, USHORT context, ULONG data)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = with_buffer,
        .ContextSize = context,
        .PoolTag = BUFFERS_TAG,
        .DataSize = data,
    };

    return NdisAllocateNetBufferListPool(guest_handle(), &parameters);
}

NDIS_HANDLE
buffer_pool(ULONG data)
{
    NET_BUFFER_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1},
        .PoolTag = BUFFERS_TAG,
        .DataSize = data,
    };

    return NdisAllocateNetBufferPool(guest_handle(), &parameters);
}

/* --- chains --- */

UCHAR *
mdl_memory(const MDL *mdl)
{
    return MmGetSystemAddressForMdlSafe((MDL *)mdl, NormalPagePriority);
}

static MDL *
mdl_make(ULONG bytes, UCHAR first)
{
    UCHAR *memory =
        NdisAllocateMemoryWithTagPriority(guest_handle(), bytes, BUFFERS_TAG, NormalPoolPriority);
    MDL *mdl = memory == NULL ? NULL : NdisAllocateMdl(guest_handle(), memory, bytes);

    if (mdl == NULL) {
        if (memory != NULL) {
            NdisFreeMemory(memory, 0, 0);
        }
        return NULL;
    }
    for (ULONG i = 0; i < bytes; i++) {
        memory[i] = (UCHAR)(first + i);
    }
    return mdl;
}

MDL *
mdl_chain(const ULONG *bytes, unsigned count, UCHAR first)
{
    MDL *chain = NULL;
    MDL **end = &chain;

    for (unsigned i = 0; i < count; i++) {
        *end = mdl_make(bytes[i], first);
        if (*end == NULL) {
            mdl_chain_free(chain);
            return NULL;
        }
        end = &(*end)->Next;
        first = (UCHAR)(first + bytes[i]);
    }
    return chain;
}

void
mdl_chain_free(MDL *chain)
{
    while (chain != NULL) {
        MDL *next = chain->Next;
        UCHAR *memory = mdl_memory(chain);

        NdisFreeMdl(chain);
        NdisFreeMemory(memory, 0, 0);
        chain = next;
    }
}

ULONG
mdl_chain_bytes(const MDL *chain)
{
    ULONG bytes = 0;

    for (; chain != NULL; chain = chain->Next) {
        bytes += MmGetMdlByteCount(chain);
    }
    return bytes;
}

void
list_free_with_chain(NET_BUFFER_LIST *list)
{
    MDL *chain = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(list));

    NdisFreeNetBufferList(list);
    mdl_chain_free(chain);
}

bool
chain_buffer_make(struct chain_buffer *f, MDL *chain, ULONG offset, ULONG bytes)
{
    f->pool = buffer_pool(0);
    f->chain = chain;
    f->buffer = NdisAllocateNetBuffer(f->pool, chain, offset, bytes);
    return guest_check(f->buffer != NULL);
}

void
chain_buffer_free(struct chain_buffer *f)
{
    guest_check(NET_BUFFER_FIRST_MDL(f->buffer) == f->chain);
    NdisFreeNetBuffer(f->buffer);
    mdl_chain_free(f->chain);
    NdisFreeNetBufferPool(f->pool);
}

/* --- contents --- */

ULONG
buffer_read(const NET_BUFFER *buffer, UCHAR *flat, ULONG room)
{
    ULONG skip = NET_BUFFER_DATA_OFFSET(buffer);
    ULONG left = NET_BUFFER_DATA_LENGTH(buffer);
    ULONG done = 0;

    for (const MDL *mdl = NET_BUFFER_FIRST_MDL(buffer); mdl != NULL && left > 0; mdl = mdl->Next) {
        ULONG bytes = MmGetMdlByteCount(mdl);
        ULONG here = bytes > skip ? bytes - skip : 0;

        here = here < left ? here : left;
        if (here > room - done) {
            return ~0u;
        }
        if (here > 0) {
            memcpy(flat + done, mdl_memory(mdl) + skip, here);
        }
        skip -= skip < bytes ? skip : bytes;
        left -= here;
        done += here;
    }
    return left == 0 ? done : ~0u;
}

bool
buffer_holds(const NET_BUFFER *buffer, ULONG bytes, UCHAR first)
{
    UCHAR flat[4096];

    if (buffer_read(buffer, flat, sizeof(flat)) != bytes) {
        return false;
    }
    for (ULONG i = 0; i < bytes; i++) {
        if (flat[i] != (UCHAR)(first + i)) {
            return false;
        }
    }
    return true;
}

bool
buffer_is_sound(const NET_BUFFER *buffer)
{
    ULONG before = 0; /* Bytes of the chain in front of the current MDL. */
    const MDL *mdl = NET_BUFFER_FIRST_MDL(buffer);

    if (mdl == NULL) {
        return NET_BUFFER_CURRENT_MDL(buffer) == NULL &&
               NET_BUFFER_CURRENT_MDL_OFFSET(buffer) == 0 && NET_BUFFER_DATA_OFFSET(buffer) == 0 &&
               NET_BUFFER_DATA_LENGTH(buffer) == 0;
    }
    for (; mdl != NULL && mdl != NET_BUFFER_CURRENT_MDL(buffer); mdl = mdl->Next) {
        before += MmGetMdlByteCount(mdl);
    }
    return mdl != NULL && NET_BUFFER_CURRENT_MDL_OFFSET(buffer) <= MmGetMdlByteCount(mdl) &&
           before + NET_BUFFER_CURRENT_MDL_OFFSET(buffer) == NET_BUFFER_DATA_OFFSET(buffer) &&
           NET_BUFFER_DATA_OFFSET(buffer) + NET_BUFFER_DATA_LENGTH(buffer) <=
               mdl_chain_bytes(NET_BUFFER_FIRST_MDL(buffer));
}
