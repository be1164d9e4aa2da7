#define _GNU_SOURCE
#include "support/world.h"

#include <dirent.h>
#include <unistd.h>

#include "nt/nt.h"
#include "support/protocol.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

/* How much slower a sanitizer is, roughly: so much fewer seeds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SEED_DIVISOR = 4 };
#else
enum { SEED_DIVISOR = 1 };
#endif

bool
world_is_live(void)
{
    return getenv("PNDIS_TEST_LIVE") != NULL;
}

unsigned
world_seeds(unsigned seeds)
{
    enum { LIVE_RUNS = 3 };

    if (world_is_live()) {
        return seeds > LIVE_RUNS ? LIVE_RUNS : seeds;
    }
    return (seeds + SEED_DIVISOR - 1) / SEED_DIVISOR;
}

void
world_open_with(struct world *w, const struct pndis_machine_options *options)
{
    struct pndis_machine_options recorded = *options;

    memset(w, 0, sizeof(*w));
    recorded.policy = PNDIS_POLICY_RECORD;
    recorded.scheduler = world_is_live() ? PNDIS_LIVE : options->scheduler;
    w->seed = options->seed;
    w->machine = pndis_machine_create(&recorded);
    expect(w, w->machine != NULL);
}

void
world_open(struct world *w, uint64_t seed)
{
    world_open_with(w, &(struct pndis_machine_options){.seed = seed, .processors = 2});
}

static void
load(struct world *w)
{
    if (w->driver == NULL) {
        w->driver = pndis_driver_load(
            w->machine, NULL,
            &(struct pndis_driver_options){.name = "programmable", .entry = miniport_entry});
        expect(w, w->driver != NULL);
    }
}

void
world_add_halted(struct world *w)
{
    load(w);
    w->adapter = pndis_adapter_add(w->machine, w->driver,
                                   &(struct pndis_adapter_options){.flags = PNDIS_ADAPTER_HALTED});
    expect(w, w->adapter != NULL);
}

void
world_add_adapter(struct world *w)
{
    load(w);
    w->adapter = pndis_adapter_add(w->machine, w->driver, NULL);
    expect(w, w->adapter != NULL);
}

void
world_add_client(struct world *w)
{
    w->client = pndis_client_open(w->adapter, NULL);
    expect(w, w->client != NULL);
}

void
world_running(struct world *w, uint64_t seed)
{
    world_open(w, seed);
    world_add_adapter(w);
    world_add_client(w);
    expect_state(w, "Running");
}

struct pndis_driver *
world_load_protocol(struct world *w)
{
    struct pndis_driver *driver = pndis_driver_load(
        w->machine, NULL,
        &(struct pndis_driver_options){.name = "protocol", .entry = protocol_entry});

    expect(w, driver != NULL);
    return driver;
}

void
world_as_driver(struct world *w, void (*routine)(void *argument), void *argument)
{
    struct host_call call;
    struct frame frame;

    expect(w, pndis__host_enter(w->machine, &call) == 0);
    pndis__guest_enter(context_current(), &frame, &w->driver->owner, "Test");
    routine(argument);
    pndis__guest_leave(context_current(), &frame);
    pndis__host_leave(&call);
}

void
world_print_violations(struct world *w)
{
    const struct pndis_violation *violation;

    for (size_t i = 0; (violation = pndis_violation_at(w->machine, i)) != NULL; i++) {
        print_message("seed %llu: %s: %s (%s)\n", (unsigned long long)w->seed, violation->rule,
                      violation->message, violation->acquired_at);
    }
}

void
world_expect_clean(struct world *w)
{
    if (pndis_violation_count(w->machine) != 0) {
        world_print_violations(w);
        fail_msg("rules were broken (seed %llu)", (unsigned long long)w->seed);
    }
}

/* Without debug information a report names the program, and no function of it. */
static bool
names_place(const struct pndis_violation *violation, const char *place)
{
#ifdef TEST_SOURCE_LINES
    return strstr(violation->acquired_at, place) != NULL;
#else
    return *place == 0 || *violation->acquired_at != 0;
#endif
}

void
world_expect_violation_of(struct world *w, const char *rule, const char *words, const char *place)
{
    const struct pndis_violation *violation = pndis_violation_of(w->machine, rule);

    if (violation == NULL) {
        world_print_violations(w);
        fail_msg("%s was not reported (seed %llu)", rule, (unsigned long long)w->seed);
        return;
    }
    if (strstr(violation->message, words) == NULL || !names_place(violation, place)) {
        world_print_violations(w);
        fail_msg("%s does not name %s and %s (seed %llu)", rule, words, place,
                 (unsigned long long)w->seed);
    }
    pndis_violations_clear(w->machine);
}

void
world_expect_violation(struct world *w, const char *rule)
{
    world_expect_violation_of(w, rule, "", "");
}

struct pndis_client_counts
world_counts(struct world *w)
{
    struct pndis_client_counts counts;

    pndis_client_get_counts(w->client, &counts);
    return counts;
}

void
world_close(struct world *w)
{
    expect(w, pndis_machine_stop(w->machine) == 0);
    world_expect_clean(w);
    world_discard(w);
}

void
world_discard(struct world *w)
{
    pndis_machine_destroy(w->machine);
    w->machine = NULL;
}

/* Whether a thread of this process other than the caller's runs, or would if it had a processor. */
static bool
others_run(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    bool found = false;

    while (tasks != NULL && !found && (task = readdir(tasks)) != NULL) {
        char path[300];
        char state = 0;
        FILE *file;

        if (atoi(task->d_name) == 0 || atoi(task->d_name) == gettid()) {
            continue;
        }
        snprintf(path, sizeof(path), "/proc/self/task/%s/stat", task->d_name);
        file = fopen(path, "r");
        if (file != NULL) {
            found = fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state == 'R';
            fclose(file);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return found;
}

void
world_settle(struct world *w)
{
    enum {
        SIM_NS = 50000000,
        LIVE_NS = 10000000,
        LOOK_NS = 2000000,
        LOOKS = 1000,
        QUIET_LOOKS = 3
    };

    expect(w, pndis_machine_run(w->machine, world_is_live() ? LIVE_NS : SIM_NS) == 0);
    if (!world_is_live()) {
        return;
    }
    for (unsigned look = 0, quiet = 0; look < LOOKS && quiet < QUIET_LOOKS; look++) {
        quiet = others_run() ? 0 : quiet + 1;
        expect(w, pndis_machine_run(w->machine, LOOK_NS) == 0);
    }
}

size_t
make_frame_bytes(uint8_t *frame, size_t bytes, uint8_t fill)
{
    memset(frame, fill, bytes);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, "\x02\x00\x00\x00\x00\x01\x88\xb5", 8);
    return bytes;
}
