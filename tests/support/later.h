/*
 * Doing something now or later, as drivers do: in the call itself, from a DPC, from a DPC of
 * another processor, from a timer, from a system thread. Tests run every pended operation through
 * all of them.
 */
#ifndef PNDIS_TESTS_LATER_H
#define PNDIS_TESTS_LATER_H

#include <ndis.h>

enum when {
    AT_ONCE,    /* Do it, and say so by the return value. */
    INSIDE,     /* Do it by a call, and then say that it pends. */
    FROM_DPC,   /* Of this processor. */
    FROM_OTHER, /* From a DPC of another processor. */
    FROM_TIMER,
    FROM_THREAD,
    WHEN_COUNT,
    BY_HAND = WHEN_COUNT, /* The test does it itself. */
};

extern const char *const when_names[WHEN_COUNT];

struct later {
    void (*routine)(void *argument);
    void *argument;
    KDPC dpc;
    KTIMER timer;
    WORK_QUEUE_ITEM work;
};

/* Have @routine called once; never before this returns, unless @when is INSIDE. */
void do_later(struct later *later, enum when when, void (*routine)(void *argument), void *argument);

#endif
