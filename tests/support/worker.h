/* System threads of a test's driver, at PASSIVE_LEVEL beside what the host does. */
#ifndef PNDIS_TESTS_WORKER_H
#define PNDIS_TESTS_WORKER_H

#include "support/world.h"

struct worker {
    void (*routine)(void *argument);
    void *argument;
    PVOID thread;
    bool started;
};

/* Both in driver code: see world_as_driver(). */
void worker_start(struct worker *worker, void (*routine)(void *argument), void *argument);
/* Wait until its routine has returned. */
void worker_join(struct worker *worker);

#endif
