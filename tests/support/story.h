/*
 * The event log as a story that a test compares: what happened to whom, without times. A line is
 * "eth0: Paused -> Restarting" or "eth0: > MiniportRestart".
 */
#ifndef PNDIS_TESTS_STORY_H
#define PNDIS_TESTS_STORY_H

#include "support/world.h"

#include <pndis/trace.h>

struct story {
    struct world *world;
    struct pndis_log *log;
};

/*
 * PNDIS_LOG_STATES for what happens in what order, PNDIS_LOG_STORY for the calls too. Opened before
 * any driver is loaded; it ends with the machine.
 */
struct story story_open(struct world *w, unsigned topics);

/* Everything since the last question is exactly @lines; then it is forgotten. */
void story_is(struct story *story, const char *lines);
/* Each of @lines has happened, after the one before it in the list; nothing is forgotten. */
void story_has_in_order(struct story *story, const char *const *lines);
#define STORY_HAS_IN_ORDER(story, ...)                                                             \
    story_has_in_order(story, (const char *const[]){__VA_ARGS__, NULL})
void story_has_not(struct story *story, const char *part);
void story_forget(struct story *story);

#endif
