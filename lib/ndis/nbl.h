/*
 * NET_BUFFER_LISTs and NET_BUFFERs as NDIS makes them: what stands in front of each, and the pools.
 *
 * Every structure has a note before it that says where it came from. Drivers know nothing of it;
 * the functions that free use it to tell a clone from a fragment and to find the block to put back.
 */
#ifndef PNDIS_LIB_NDIS_NBL_H
#define PNDIS_LIB_NDIS_NBL_H

#include "ndis/cache.h"
#include "ndis/ndis_core.h"

enum nbl_kind {
    NBL_PLAIN = 1,
    NBL_CLONE,
    NBL_FRAGMENT,
    NBL_REASSEMBLED,
};

enum { NOTE_MAGIC = 0x6e626c31 };

struct nb_pool {
    struct handle handle;
    struct owner *owner;
    struct cache *cache;
    ULONG tag;
    ULONG data_bytes;
    ULONG mdl_bytes;
};

struct nbl_pool {
    struct handle handle;
    struct owner *owner;
    struct cache *cache;
    NET_BUFFER_LIST_POOL_PARAMETERS parameters;
    size_t context_at; /* Offsets of the parts in a block. */
    size_t mdl_at;
    size_t data_at;
};

struct nb_note {
    uint32_t magic;
    bool part_of_list; /* Allocated together with its NET_BUFFER_LIST. */
    bool own_mdls;     /* Its MDL chain was made for it: clones, fragments. */
    struct nb_pool *pool;
    MDL *first_mdl;                  /* As allocated: the MDL of its data block, or of a clone. */
    struct retreat_record *retreats; /* MDLs that retreats put in front, latest first. */
};

struct nbl_note {
    uint32_t magic;
    uint16_t kind;
    uint16_t flags; /* As given to the allocating function. */
    struct nbl_pool *pool;
    ULONG delta;         /* DataOffsetDelta of a fragment or reassembled list. */
    void *context_first; /* The context allocated with it. */
    const void *holder;  /* Who has it now, in a checked machine. */
};

struct nb_block {
    struct nb_note note;
    NET_BUFFER nb;
};

struct nbl_block {
    struct nbl_note note;
    NET_BUFFER_LIST nbl;
    struct nb_block nb; /* Only where the pool allocates NET_BUFFERs. */
};

static inline struct nbl_note *
nbl_note_of(NET_BUFFER_LIST *nbl)
{
    return &CONTAINING_RECORD(nbl, struct nbl_block, nbl)->note;
}

static inline struct nb_note *
nb_note_of(NET_BUFFER *nb)
{
    return &CONTAINING_RECORD(nb, struct nb_block, nb)->note;
}

/*
 * The pool used where a caller gives none: the machine's own. @kind HANDLE_NBL_POOL or
 * HANDLE_NB_POOL.
 */
struct nbl_pool *pndis__nbl_pool_internal(struct pndis_machine *machine);
struct nb_pool *pndis__nb_pool_internal(struct pndis_machine *machine);

/* A plain list without NET_BUFFERs from @pool, or NULL. */
NET_BUFFER_LIST *pndis__nbl_take(struct context *context, struct nbl_pool *pool,
                                 enum nbl_kind kind);
void pndis__nbl_put(struct context *context, NET_BUFFER_LIST *nbl);
/* A NET_BUFFER with the given chain, or NULL. */
NET_BUFFER *pndis__nb_take(struct context *context, struct nb_pool *pool, MDL *chain, ULONG offset,
                           SIZE_T length);
/* Put @nb back; MDLs that NDIS made for it go too. */
void pndis__nb_put(struct context *context, NET_BUFFER *nb);
/* Set up @nb as freshly allocated. */
void pndis__nb_init(NET_BUFFER *nb, MDL *chain, ULONG offset, SIZE_T length);

/* Forget @nb's retreats; MDLs that NDIS allocated for them are freed. */
void pndis__nb_retreats_free(struct nb_note *note);
/* The same, and the chain that was made for it. */
void pndis__nb_mdls_free(struct nb_note *note);

/*
 * An MDL chain of its own for @length bytes of @nb's data from @offset on, describing the same
 * memory; NULL for want of memory (or when there is less data).
 */
MDL *pndis__mdl_chain_describe(NET_BUFFER *nb, SIZE_T offset, SIZE_T length);
void pndis__mdl_chain_free(MDL *chain);
/* Bytes that @chain describes. */
SIZE_T pndis__mdl_chain_bytes(const MDL *chain);

/* Whether @nbl is a list, @nb a NET_BUFFER, that is allocated from a pool of this machine. */
bool pndis__nbl_is_ours(struct context *context, NET_BUFFER_LIST *nbl);
bool pndis__nb_is_ours(struct context *context, NET_BUFFER *nb);

/* Free the contexts of @nbl. */
void pndis__nbl_contexts_drop(NET_BUFFER_LIST *nbl);
/* The same; those a driver forgot to give back are reported. */
void pndis__nbl_contexts_free(struct context *context, NET_BUFFER_LIST *nbl, const char *call,
                              const void *caller);

#endif
