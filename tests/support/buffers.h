/*
 * Pools, MDL chains and their contents for the tests of NET_BUFFERs; driver code, see guest.h.
 * What a chain holds is found by walking it here, not by asking NDIS.
 */
#ifndef PNDIS_TESTS_BUFFERS_H
#define PNDIS_TESTS_BUFFERS_H

#include "support/guest.h"

enum { BUFFERS_TAG = 'ffuB', POINTER_BYTES = sizeof(void *) };

/* A pool of lists: with a NET_BUFFER each, with @context bytes of context, with @data bytes. */
NDIS_HANDLE list_pool(BOOLEAN with_buffer, USHORT context, ULONG data);
NDIS_HANDLE buffer_pool(ULONG data);

/*
 * A chain of MDLs of the given lengths over memory of their own, filled with consecutive values
 * from @first on; NULL for want of memory.
 */
MDL *mdl_chain(const ULONG *bytes, unsigned count, UCHAR first);
#define MDLS(first, ...)                                                                           \
    mdl_chain((const ULONG[]){__VA_ARGS__}, sizeof((const ULONG[]){__VA_ARGS__}) / sizeof(ULONG),  \
              first)
/* Accepts NULL. */
void mdl_chain_free(MDL *chain);
ULONG mdl_chain_bytes(const MDL *chain);
UCHAR *mdl_memory(const MDL *mdl);
/* Frees the chain of @list's first NET_BUFFER with it. */
void list_free_with_chain(NET_BUFFER_LIST *list);

/* A buffer over a chain of MDLs, made and thrown away together. */
struct chain_buffer {
    NDIS_HANDLE pool;
    MDL *chain;
    NET_BUFFER *buffer;
};

bool chain_buffer_make(struct chain_buffer *f, MDL *chain, ULONG offset, ULONG bytes);
/* Checks that nothing is in front of the chain any more. */
void chain_buffer_free(struct chain_buffer *f);

/* The used data of @buffer into @flat; how many bytes it is, or ~0u if its chain is too short. */
ULONG buffer_read(const NET_BUFFER *buffer, UCHAR *flat, ULONG room);
/* The used data of @buffer are @bytes consecutive values from @first on. */
bool buffer_holds(const NET_BUFFER *buffer, ULONG bytes, UCHAR first);
/* The current MDL and its offset are where DataOffset is; the data lie within the chain. */
bool buffer_is_sound(const NET_BUFFER *buffer);

#endif
