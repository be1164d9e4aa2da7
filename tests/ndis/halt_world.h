/*
 * What the tests of an adapter's end share: a miniport that notes its halt. Included by one test
 * program each.
 */
#ifndef PNDIS_TESTS_HALT_WORLD_H
#define PNDIS_TESTS_HALT_WORLD_H

#include "support/miniport_parts.h"
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 40 };

static struct {
    unsigned halts;
    NDIS_HALT_ACTION action;
    KIRQL level;
    bool request_pending;
    unsigned sends_in_hand;
} seen;

static inline void
see_halt(struct port *port, NDIS_HALT_ACTION action)
{
    seen.halts++;
    seen.action = action;
    seen.level = KeGetCurrentIrql();
    seen.request_pending = port->request != NULL;
    seen.sends_in_hand = port->sends_in_hand;
}

/* @test with fresh drivers, after @prepare has programmed them. */
static inline void
under_seeds(void (*prepare)(void), void (*test)(struct world *w))
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        protocol_reset();
        memset(&seen, 0, sizeof(seen));
        miniport.on_halt = see_halt;
        if (prepare != NULL) {
            prepare();
        }
        world_open(&w, seed);
        test(&w);
    }
}

#endif
