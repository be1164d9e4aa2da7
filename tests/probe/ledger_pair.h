/*
 * Pairs of calls that acquire something and give it back, one row each: whatever is forgotten is
 * told at unload with what and where; given back, nothing is told.
 */
#ifndef PNDIS_TESTS_LEDGER_PAIR_H
#define PNDIS_TESTS_LEDGER_PAIR_H

#include "nt/nt_support.h"

enum { BYTES = 96 };

/* What the rows of a file play with; it begins with `struct world *w`. */
struct things;

struct pair {
    const char *function; /* As the report names it. */
    const char *what;
    void (*take)(struct things *t);
    void (*give)(struct things *t);
    void (*prepare)(struct things *t); /* What the driver acquires before, and */
    void (*finish)(struct things *t);  /* gives back in any case. */
    const char *rule;                  /* NULL: LEAK_UNLOAD. */
};

/* Zeroed things of @bytes, which the row has been played with. */
static inline struct things *
pair_run(struct world *w, size_t bytes, const struct pair *pair, bool gives_back)
{
    struct things *t = calloc(1, bytes);

    assert_non_null(t);
    world_start(w, 0);
    *(struct world **)t = w;
    if (pair->prepare != NULL) {
        pair->prepare(t);
    }
    pair->take(t);
    if (gives_back) {
        pair->give(t);
    }
    if (pair->finish != NULL) {
        pair->finish(t);
    }
    expect_clean(w);
    return t;
}

static inline void
pair_expect_words(const struct pndis_violation *leak, const struct pair *pair)
{
    const char *what = strstr(leak->message, pair->what);
    char with[80];

    snprintf(with, sizeof(with), "acquired for test with %s in Test", pair->function);
    if (strcmp(leak->subject, "test") != 0 || what == NULL || strstr(leak->message, with) == NULL) {
        fail_msg("%s: %s told \"%s\"", pair->function, leak->subject, leak->message);
    }
    if (strstr(leak->acquired_at, "ledger") == NULL) {
        fail_msg("%s was acquired at \"%s\"", pair->what, leak->acquired_at);
    }
}

static inline void
pairs_forgotten(const struct pair *pairs, size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        const struct pndis_violation *leak;
        struct world w;
        struct things *t = pair_run(&w, bytes, &pairs[i], false);

        world_end(&w);
        leak = pndis_violation_at(w.machine, 0);
        if (leak == NULL) {
            fail_msg("nobody told of %s", pairs[i].function);
        } else {
            pair_expect_words(leak, &pairs[i]);
        }
        expect_broken(&w, pairs[i].rule == NULL ? "LEAK_UNLOAD" : pairs[i].rule);
        pndis_machine_destroy(w.machine);
        free(t);
    }
}

static inline void
pairs_given_back(const struct pair *pairs, size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        struct world w;
        struct things *t = pair_run(&w, bytes, &pairs[i], true);

        if (pndis__ledger_count(w.machine->ledger, &w.driver->owner) != 0) {
            fail_msg("%s is on the account although it was given back", pairs[i].function);
        }
        close_clean(&w);
        free(t);
    }
}

#endif
