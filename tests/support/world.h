/*
 * What the tests of lib/ndis share: a machine with the programmable miniport in it, one adapter,
 * one client. A test asserts on the host's thread only; what drivers see they count.
 *
 * PNDIS_TEST_LIVE in the environment runs the same tests on the live scheduler, once instead of
 * under many seeds.
 */
#ifndef PNDIS_TESTS_WORLD_H
#define PNDIS_TESTS_WORLD_H

#include "support/miniport.h"

#include <pndis/pndis.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct pndis_machine *machine;
    struct pndis_driver *driver;
    struct pndis_adapter *adapter;
    struct pndis_client *client;
    uint64_t seed;
};

bool world_is_live(void);
/* @seeds on sim, a quarter of them under sanitizers, a few on live. */
unsigned world_seeds(unsigned seeds);

/* A recording machine without any driver. */
void world_open(struct world *w, uint64_t seed);
void world_open_with(struct world *w, const struct pndis_machine_options *options);
/* The miniport, as it has been programmed, and an adapter that is Halted. */
void world_add_halted(struct world *w);
/* The same, started: Paused, for nothing is bound. */
void world_add_adapter(struct world *w);
/* And a client on it: Running. */
void world_add_client(struct world *w);
/* All of it at once. */
void world_running(struct world *w, uint64_t seed);

/* Load the programmable protocol driver; it binds to every adapter that is started. */
struct pndis_driver *world_load_protocol(struct world *w);

/* Run @routine as code of the miniport's driver at PASSIVE_LEVEL, as a thread of its own would. */
void world_as_driver(struct world *w, void (*routine)(void *argument), void *argument);

/* What the client has seen. */
struct pndis_client_counts world_counts(struct world *w);

/* Stop the machine, see that no rule was broken, and free it. */
void world_close(struct world *w);
/* The same after violations that the test has looked at. */
void world_discard(struct world *w);

/* A violation of @rule was recorded; then all are forgotten. */
void world_expect_violation(struct world *w, const char *rule);
/* The same, with @words in its message and @place in where the object was acquired. */
void world_expect_violation_of(struct world *w, const char *rule, const char *words,
                               const char *place);
void world_expect_clean(struct world *w);
void world_print_violations(struct world *w);
/* Let everything happen that happens by itself: 50 ms on sim; on live 10, and until threads sleep.
 */
void world_settle(struct world *w);

/* Like assert_true, and says which seed it was. */
#define expect(w, condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fail_msg("%s (seed %llu): %s", #condition, (unsigned long long)(w)->seed,              \
                     pndis_last_error());                                                          \
        }                                                                                          \
    } while (0)

#define expect_state(w, name)                                                                      \
    do {                                                                                           \
        if (strcmp(pndis_adapter_state_name((w)->adapter), (name)) != 0) {                         \
            fail_msg("the adapter is %s, not %s (seed %llu)",                                      \
                     pndis_adapter_state_name((w)->adapter), (name),                               \
                     (unsigned long long)(w)->seed);                                               \
        }                                                                                          \
    } while (0)

/* A broadcast frame of @bytes. */
size_t make_frame_bytes(uint8_t *frame, size_t bytes, uint8_t fill);

#endif
