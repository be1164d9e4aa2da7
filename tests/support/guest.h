/*
 * Routines of a test that run as driver code: a small driver calls them from its DriverEntry, at
 * PASSIVE_LEVEL, and unloads, so that what a routine leaves behind is reported. A routine does not
 * assert; it checks, and the test fails with the first check that did not hold.
 */
#ifndef PNDIS_TESTS_GUEST_H
#define PNDIS_TESTS_GUEST_H

#include "support/world.h"

enum { GUEST_SEEDS = 200 };

typedef void guest_routine(void *argument);

/* A handle for what the routine allocates; NULL when the world has an adapter. */
NDIS_HANDLE guest_handle(void);

void guest_run(struct world *w, guest_routine *routine, void *argument);
/* In a machine without adapters, under many seeds; no rule is broken and nothing is left. */
void guest_run_alone(guest_routine *routine);
/* The same, and @rule is the first that is broken. */
void guest_break_alone(guest_routine *routine, const char *rule);

/* With each allocation of the routine failing in turn; no rule is broken and nothing is left. */
void guest_fail_alone(guest_routine *routine);

bool guest_note(bool holds, const char *condition, const char *file, int line);
#define guest_check(condition) guest_note((condition), #condition, __FILE__, __LINE__)

#endif
