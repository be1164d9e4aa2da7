/*
 * The list of NDIS_RESTART_ATTRIBUTES in the tests of it: what each driver found in it, and what a
 * miniport may do to it.
 */
#ifndef PNDIS_TESTS_RESTART_LIST_H
#define PNDIS_TESTS_RESTART_LIST_H

#include "support/protocol.h"
#include "support/world.h"

enum {
    RESTART_SEEDS = 20,
    EXTRA_BYTES = 48, /* Of an entry that a miniport adds. */
    OID_LIMIT = 64,
    RESTART_TAG = 'ttaR',
    ENTRY_OID = OID_802_3_CURRENT_ADDRESS,
};

/* What the miniport and the protocol found in the list of the latest restart. */
struct found {
    NDIS_RESTART_ATTRIBUTES *list;
    unsigned entries;
    NDIS_OID first_oid;
    ULONG general_length;
    NDIS_RESTART_GENERAL_ATTRIBUTES general;
    NDIS_RECEIVE_SCALE_CAPABILITIES scaling;
    bool scaling_given;
    NDIS_OID oids[OID_LIMIT];
    ULONG extra_length;
    UCHAR extra[EXTRA_BYTES];
};

extern struct found miniport_found;
extern struct found protocol_found;

void restart_list_look(struct found *found, NDIS_RESTART_ATTRIBUTES *list);

/* Both drivers look, and change nothing. */
void restart_program(void);
/* A running adapter with the protocol and a client. */
void restart_open(struct world *w, uint64_t seed);
void restart_open_with(struct world *w, const struct pndis_machine_options *options);
/* Pause the stack and restart it. */
void restart_again(struct world *w);
/* The same, and no more is on the adapter's account than before; no rule is broken. */
void restart_holds_nothing(struct world *w);
void restart_under_seeds(void (*prepare)(void), void (*test)(struct world *w));

/* What the protocol found is what the stack answers to the OIDs that its fields' pages name. */
void restart_expect_oids_agree(struct world *w);

/* An entry in memory of its own with @bytes of data, all of them @fill. */
NDIS_RESTART_ATTRIBUTES *restart_entry_new(struct port *port, NDIS_OID oid, ULONG bytes,
                                           UCHAR fill);
/* The NULL that ends the list. */
NDIS_RESTART_ATTRIBUTES **restart_last_link(PNDIS_MINIPORT_RESTART_PARAMETERS parameters);
/* The general attributes, which are first. */
NDIS_RESTART_GENERAL_ATTRIBUTES *restart_general_of(PNDIS_MINIPORT_RESTART_PARAMETERS parameters);

/* For miniport.on_restart. */
typedef NDIS_STATUS restart_change(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters);

restart_change restart_miniport_looks;
restart_change restart_edit;         /* Other values in the general attributes. */
restart_change restart_add;          /* An entry at the end. */
restart_change restart_add_in_front; /* An entry at the head. */
restart_change restart_enlarge;      /* A larger entry for the general attributes. */

#endif
