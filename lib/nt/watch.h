/*
 * Objects inside drivers' memory that the kernel still uses: armed timers, objects that somebody
 * waits for, live locks and lists. Memory that holds one must not be freed, and the pool asks here
 * before it frees. Asking costs a look at one counter when nothing is near.
 */
#ifndef PNDIS_LIB_NT_WATCH_H
#define PNDIS_LIB_NT_WATCH_H

#include "nt/nt.h"

/* kind, what a report calls it */
#define WATCH_KINDS(X)                                                                             \
    X(TIMER, "a timer that is still set")                                                          \
    X(WAITED, "an object that a thread waits for")                                                 \
    X(LOOKASIDE, "a lookaside list that has not been deleted")                                     \
    X(ERESOURCE, "an ERESOURCE that has not been deleted")                                         \
    X(RUNDOWN, "a rundown reference that a thread waits for")                                      \
    X(WORK_ITEM, "a work item that has not been uninitialized")                                    \
    X(QUEUED_WORK, "a work item that is still queued")

enum watch_kind {
#define X(name, words) WATCH_##name,
    WATCH_KINDS(X)
#undef X
        WATCH_KIND_COUNT
};

/* One watched object; part of whatever keeps track of it. */
struct watched {
    const void *object;
    enum watch_kind kind;
    struct watched *next;
    struct watched **link;
    /* Frees what keeps track of it when the machine ends first; NULL: somebody else does. */
    void (*destroy)(struct watched *watched);
    struct watched *next_owned;
    struct watched **owned_link;
};

int pndis__watch_create(struct pndis_machine *machine);
void pndis__watch_destroy(struct pndis_machine *machine);

void pndis__watch_add(struct pndis_machine *machine, struct watched *watched, const void *object,
                      enum watch_kind kind);
/* The same for an object that its driver may forget: @destroy is called with the machine's end. */
void pndis__watch_own(struct pndis_machine *machine, struct watched *watched, const void *object,
                      enum watch_kind kind, void (*destroy)(struct watched *watched));
/* For both. */
void pndis__watch_remove(struct pndis_machine *machine, struct watched *watched);

/* What report to make of a watched object that begins in the @bytes at @start; NULL: there is none.
 */
const char *pndis__watch_find(struct pndis_machine *machine, const void *start, size_t bytes);

#endif
