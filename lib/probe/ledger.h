/*
 * The leak ledger: what every driver has acquired and not yet given back.
 *
 * An observer of ACQUIRE, RELEASE and ENDS events. When an owner's life ends (a halt, a failed
 * initialize, an unload) whatever is still on its account is reported under the rule that the ENDS
 * event names. What was acquired without naming a handle is on the account of the adapter that was
 * running; since it may be meant for the whole driver, a halt moves it to the driver's account.
 */
#ifndef PNDIS_LIB_PROBE_LEDGER_H
#define PNDIS_LIB_PROBE_LEDGER_H

#include "probe/violation.h"

struct ledger;

/* Start keeping accounts; NULL for want of memory. */
struct ledger *pndis__ledger_open(struct probe *probe, struct violations *violations);
void pndis__ledger_close(struct ledger *ledger);

/* Where something was acquired. */
struct ledger_place {
    const char *function;
    const char *callback; /* NULL: outside of one. */
    const void *caller;
};

/* Whether @object is on somebody's account as @resource; then @out_place is where it came from. */
bool pndis__ledger_find(struct ledger *ledger, const void *object, enum resource resource,
                        struct ledger_place *out_place);

/* How many things are on @owner's account. */
size_t pndis__ledger_count(struct ledger *ledger, const struct owner *owner);

#endif
