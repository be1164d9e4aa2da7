/*
 * Tallies: how many NET_BUFFER_LISTs are out, counted per processor and summed only when somebody
 * waits.
 *
 * Whoever holds a processor has that processor's slot for itself and counts with plain stores.
 * Others share slot 0 and count with atomic instructions. A pause closes the gate in front of the
 * tally, lets every processor be left once (pndis__processors_pass), and from then on the sum only
 * falls.
 */
#ifndef PNDIS_LIB_NDIS_TALLY_H
#define PNDIS_LIB_NDIS_TALLY_H

#include "nt/nt.h"

struct tally_slot {
    uint64_t out;
    uint64_t back;
} __attribute__((aligned(64)));

struct tally {
    unsigned slot_count;
    struct tally_slot slots[];
};

/* NULL for want of memory. */
struct tally *pndis__tally_create(struct pndis_machine *machine);
void pndis__tally_destroy(struct tally *tally);
/* How many are out. Exact once the gate is closed and the processors were flushed. */
uint64_t pndis__tally_outstanding(const struct tally *tally);

static inline void
tally_count(uint64_t *counter, const struct context *context, uint64_t count)
{
    if (__builtin_expect(context->cpu != NULL, 1)) {
        __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + count,
                         __ATOMIC_RELAXED);
    } else {
        __atomic_fetch_add(counter, count, __ATOMIC_SEQ_CST);
    }
}

static inline struct tally_slot *
tally_slot_of(struct tally *tally, const struct context *context)
{
    return &tally->slots[context->cpu == NULL ? 0 : context->cpu->number + 1];
}

static inline void
tally_out(struct tally *tally, const struct context *context, uint64_t count)
{
    tally_count(&tally_slot_of(tally, context)->out, context, count);
}

static inline void
tally_back(struct tally *tally, const struct context *context, uint64_t count)
{
    tally_count(&tally_slot_of(tally, context)->back, context, count);
}

#endif
