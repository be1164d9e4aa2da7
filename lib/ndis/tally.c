/* Tallies: making them and summing them up. */
#include "ndis/tally.h"

#include <stdlib.h>
#include <string.h>

struct tally *
pndis__tally_create(struct pndis_machine *machine)
{
    unsigned slots = machine->processor_count + 1;
    /* The header takes a line of its own, so that the slots are aligned. */
    size_t bytes = (slots + 1) * sizeof(struct tally_slot);
    struct tally *tally = aligned_alloc(_Alignof(struct tally_slot), bytes);

    if (tally != NULL) {
        memset(tally, 0, bytes);
        tally->slot_count = slots;
    }
    return tally;
}

void
pndis__tally_destroy(struct tally *tally)
{
    free(tally);
}

uint64_t
pndis__tally_outstanding(const struct tally *tally)
{
    uint64_t back = 0;
    uint64_t out = 0;

    /* Coming back is counted after going out, so reading "back" first never gives a negative sum.
     */
    for (unsigned i = 0; i < tally->slot_count; i++) {
        back += __atomic_load_n(&tally->slots[i].back, __ATOMIC_ACQUIRE);
    }
    for (unsigned i = 0; i < tally->slot_count; i++) {
        out += __atomic_load_n(&tally->slots[i].out, __ATOMIC_ACQUIRE);
    }
    return out - back;
}
