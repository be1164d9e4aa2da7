/*
 * What the tests of lib/nt share: a machine with the test inside it as if it were a driver's code.
 *
 * PNDIS_TEST_LIVE in the environment runs the same tests on the live scheduler, a few times instead
 * of under many seeds.
 *
 * A test that plays several threads asserts on the main one only, after the others have ended;
 * cmocka leaves a failed test with longjmp, which must not cross from one stack to another.
 */
#ifndef PNDIS_TESTS_NT_SUPPORT_H
#define PNDIS_TESTS_NT_SUPPORT_H

#include "nt/nt.h"

#include <pndis/error.h>
#include <pndis/trace.h>
#include <pndis/verifier.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

/* Sanitizers are slower: fewer seeds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SIM_SEEDS = 50 };
#else
enum { SIM_SEEDS = 200 };
#endif

enum { LIVE_RUNS = 5, TEST_TAG = 0x74736554 };

struct world {
    struct pndis_machine *machine;
    struct context *context;
    struct host_call call;
    struct frame frame;
    struct pndis_driver *driver; /* The one that the test is. */
    PDRIVER_OBJECT object;
    uint64_t seed;
};

/* Like assert_true, and says which seed it was. */
#define expect(w, condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fail_msg("%s (%s, seed %llu)", #condition,                                             \
                     (w)->machine->options.scheduler == PNDIS_SIM ? "sim" : "live",                \
                     (unsigned long long)(w)->seed);                                               \
        }                                                                                          \
    } while (0)

static inline bool
world_is_live(void)
{
    return getenv("PNDIS_TEST_LIVE") != NULL;
}

/* How often to do what comes out differently from one run to the next. */
static inline uint64_t
seed_count(void)
{
    return world_is_live() ? LIVE_RUNS : SIM_SEEDS;
}

/* For what only a scheduler with a virtual clock, or one that knows of all, can show. */
static inline void
on_sim_only(void)
{
    if (world_is_live()) {
        skip();
    }
}

static VOID
world_unload(PDRIVER_OBJECT driver)
{
    (void)driver;
}

static int
world_entry(void *driver_object, void *registry_path)
{
    (void)registry_path;
    ((PDRIVER_OBJECT)driver_object)->DriverUnload = world_unload;
    return STATUS_SUCCESS;
}

static inline void
world_open(struct world *w, const struct pndis_machine_options *options)
{
    struct pndis_machine_options recorded = *options;

    memset(w, 0, sizeof(*w));
    recorded.policy = PNDIS_POLICY_RECORD;
    recorded.scheduler = world_is_live() ? PNDIS_LIVE : options->scheduler;
    w->seed = options->seed;
    w->machine = pndis_machine_create(&recorded);
    assert_non_null(w->machine);
    w->driver = pndis_driver_load(
        w->machine, NULL, &(struct pndis_driver_options){.name = "test", .entry = world_entry});
    assert_non_null(w->driver);
    w->object = &w->driver->object;
    assert_int_equal(pndis__host_enter(w->machine, &w->call), 0);
    w->context = context_current();
    pndis__guest_enter(w->context, &w->frame, &w->driver->owner, "Test");
}

static inline void
world_start(struct world *w, uint64_t seed)
{
    world_open(w, &(struct pndis_machine_options){.seed = seed});
}

/* The test's code has returned, and its driver is unloaded: what it left behind is told. */
static inline void
world_end(struct world *w)
{
    pndis__guest_leave(w->context, &w->frame);
    pndis__host_leave(&w->call);
    pndis_machine_stop(w->machine);
}

static inline void
world_close(struct world *w)
{
    world_end(w);
    pndis_machine_destroy(w->machine);
    w->machine = NULL;
}

/* Exactly one rule was broken, this one; forget it. */
static inline void
expect_broken(struct world *w, const char *rule)
{
    const struct pndis_violation *first = pndis_violation_at(w->machine, 0);

    if (first == NULL || strcmp(first->rule, rule) != 0) {
        fail_msg("%s was not reported, but %s (%s) (seed %llu)", rule,
                 first == NULL ? "nothing" : first->rule, first == NULL ? "" : first->message,
                 (unsigned long long)w->seed);
    }
    if (pndis_violation_at(w->machine, 1) != NULL) {
        fail_msg("after %s (%s) %s was reported too: %s", rule, first->message,
                 pndis_violation_at(w->machine, 1)->rule,
                 pndis_violation_at(w->machine, 1)->message);
    }
    pndis_violations_clear(w->machine);
}

static inline void
expect_clean(struct world *w)
{
    const struct pndis_violation *first = pndis_violation_at(w->machine, 0);

    if (first != NULL) {
        fail_msg("%s: %s (seed %llu)", first->rule, first->message, (unsigned long long)w->seed);
    }
}

/* No rule was broken, and nothing is left that the test acquired. */
static inline void
close_clean(struct world *w)
{
    world_end(w);
    expect_clean(w);
    pndis_machine_destroy(w->machine);
    w->machine = NULL;
}

/* @run in a world of its own for each seed. */
static inline void
under_many_seeds(void (*run)(struct world *w))
{
    struct world w;

    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        world_start(&w, seed);
        run(&w);
    }
}

/* What a machine that has other things to do may add to a time. */
static inline uint64_t
lateness_ns(void)
{
    return world_is_live() ? 1000000000 : 2000000;
}

static inline bool
is_past(struct world *w, uint64_t time_ns)
{
    return pndis_machine_now_ns(w->machine) >= time_ns;
}

static inline LARGE_INTEGER
relative_ms(LONGLONG ms)
{
    return (LARGE_INTEGER){.QuadPart = -ms * 10000};
}

static inline NTSTATUS
wait_ms(PVOID object, LONGLONG ms)
{
    LARGE_INTEGER timeout = relative_ms(ms);

    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}

static inline NTSTATUS
wait_for(PVOID object)
{
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
}

/* Let the others run until time goes by. */
static inline void
delay_ms(LONGLONG ms)
{
    LARGE_INTEGER delay = relative_ms(ms);

    KeDelayExecutionThread(KernelMode, FALSE, &delay);
}

/* Let everybody come to where they wait. */
static inline void
settle(struct world *w)
{
    if (world_is_live()) {
        delay_ms(50);
    } else {
        pndis_machine_settle(w->machine);
    }
}

/* Counts those who are where only one may be; plain on purpose, so that ThreadSanitizer looks too.
 */
struct exclusion {
    LONG inside;
    LONG broken;
    LONG turns;
};

static inline void
exclusion_enter(struct exclusion *exclusion)
{
    exclusion->broken += exclusion->inside != 0;
    exclusion->inside++;
}

static inline void
exclusion_leave(struct exclusion *exclusion)
{
    exclusion->inside--;
    exclusion->turns++;
}

/* A thread of the test's driver. */
struct runner {
    HANDLE handle;
    PVOID thread;
};

static inline void
runner_start(struct runner *runner, PKSTART_ROUTINE routine, PVOID context)
{
    assert_int_equal(PsCreateSystemThread(&runner->handle, THREAD_ALL_ACCESS, NULL, NULL, NULL,
                                          routine, context),
                     STATUS_SUCCESS);
    assert_int_equal(ObReferenceObjectByHandle(runner->handle, THREAD_ALL_ACCESS, *PsThreadType,
                                               KernelMode, &runner->thread, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(ZwClose(runner->handle), STATUS_SUCCESS);
}

static inline void
runner_join(struct runner *runner)
{
    assert_int_equal(wait_for(runner->thread), STATUS_SUCCESS);
    ObDereferenceObject(runner->thread);
}

#endif
