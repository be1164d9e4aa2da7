/*
 * A driver that does what the pages of load balancing and failover ask for ("Initializing a Bundle
 * of Miniport Instances", "Promoting a Secondary Adapter After the Primary Adapter Fails"): the
 * first adapter is the primary, the others are its secondaries; when the primary halts, the next
 * one is promoted. And a machine with such adapters.
 */
#ifndef PNDIS_TESTS_LBFO51_H
#define PNDIS_TESTS_LBFO51_H

#include "miniport51.h"
#include "support/protocol.h"

enum { LBFO_FRAME = 100, LBFO_ADAPTERS = 4 };

struct lbfo {
    struct nic *members[LBFO_ADAPTERS]; /* The primary first. */
    unsigned member_count;
    bool forgets_to_promote;
    NDIS_STATUS set_status; /* Of the last call ... */
    NDIS_STATUS promote_status;
    unsigned promotions; /* ... and how many there were by the driver itself. */
    uint8_t frame[LBFO_FRAME];
};

extern struct lbfo lbfo;

struct bundle {
    struct world w;
    struct pndis_adapter *adapters[LBFO_ADAPTERS];
    struct pndis_device *devices[LBFO_ADAPTERS];
    struct nic *nics[LBFO_ADAPTERS];
};

/* The driver and the protocol as they are programmed at first; serialized with odd seeds. */
void lbfo_given(uint64_t seed);
/* Install one adapter; @bundle_id NULL: without. */
struct pndis_adapter *lbfo_add(struct world *w, const char *bundle_id);
/* A machine with @count adapters of one bundle. */
void lbfo_open(struct bundle *b, uint64_t seed, unsigned count);

/* What the driver does at a halt. */
void lbfo_leave(struct nic *nic);
void lbfo_promote_next(struct nic *leaving);

/* For world_as_driver(). The arguments: two nics, the primary first; one nic. */
void lbfo_set_secondary(void *nics);
void lbfo_promote(void *nic);

int lbfo_disable(struct pndis_adapter *adapter);
size_t lbfo_bindings(struct pndis_adapter *adapter);
/* What the protocol sends on its latest binding reaches @nic. */
void lbfo_expect_sends_reach(struct world *w, struct nic *nic);

/* The protocol is bound to the primary and to nothing else. */
#define expect_role(w, one, is_primary)                                                            \
    do {                                                                                           \
        expect(w, lbfo_bindings(one) == (is_primary));                                             \
        expect(w,                                                                                  \
               strcmp(pndis_adapter_state_name(one), (is_primary) ? "Running" : "Paused") == 0);   \
    } while (0)

#endif
