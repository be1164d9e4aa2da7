#include "demo.h"

#include "network.h"
#include "ping.h"
#include "stack.h"
#include "traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SIDES = 2,
    ECHOES = 20,
    PAUSES = 5,
    PLAIN_SECONDS = 2,
    STEP_US = 150000, /* Between two disturbances. */
};

static const struct side {
    const char *name;
    const char *tap;
    const char *address;
} sides[SIDES] = {{"left", "tap_left", "10.77.0.1"}, {"right", "tap_right", "10.77.0.2"}};

struct demo {
    struct stack stack;
    struct pndis_log *log;
    int networks[SIDES];
    uint64_t began_ns;
    bool good; /* Everything so far went as it should. */
};

static void
expect(struct demo *demo, bool condition, const char *what)
{
    if (!condition) {
        printf("  !! %s\n", what);
        demo->good = false;
    }
}

/* --- the lifecycle timeline --- */

enum { ACTOR_LIMIT = 16, CHAIN_BYTES = 160 };

struct actor {
    char name[48];
    char chain[CHAIN_BYTES]; /* "Running > Pausing > Paused" */
    double from_ms;
    double to_ms;
};

static struct actor *
actor_of(struct actor *actors, unsigned *count, const char *name, size_t bytes)
{
    for (unsigned i = 0; i < *count; i++) {
        if (strlen(actors[i].name) == bytes && memcmp(actors[i].name, name, bytes) == 0) {
            return &actors[i];
        }
    }
    if (*count == ACTOR_LIMIT || bytes >= sizeof(actors[0].name)) {
        return NULL;
    }
    memset(&actors[*count], 0, sizeof(actors[0]));
    memcpy(actors[*count].name, name, bytes);
    return &actors[(*count)++];
}

/* A line of the log: "<ns> <where> state     <who>: <state> -> <state>". */
static void
read_transition(const struct demo *demo, const char *line, size_t bytes, struct actor *actors,
                unsigned *count)
{
    char text[256];
    char *arrow;
    char *colon;
    char *who;
    struct actor *actor;
    uint64_t ns = 0;
    size_t used;

    snprintf(text, sizeof(text), "%.*s", (int)bytes, line);
    arrow = strstr(text, " -> ");
    colon = strstr(text, ": ");
    if (sscanf(text, "%" SCNu64, &ns) != 1 || arrow == NULL || colon == NULL || colon > arrow) {
        return;
    }
    *arrow = '\0';
    for (who = colon; who > text && who[-1] != ' '; who--) {
    }
    actor = actor_of(actors, count, who, (size_t)(colon - who));
    if (actor == NULL) {
        return;
    }
    used = strlen(actor->chain);
    actor->to_ms = (double)(ns - demo->began_ns) / 1e6;
    if (used == 0) {
        actor->from_ms = actor->to_ms;
        used = (size_t)snprintf(actor->chain, CHAIN_BYTES, "%s", colon + 2);
    }
    if (used < CHAIN_BYTES) {
        snprintf(actor->chain + used, CHAIN_BYTES - used, " > %s", arrow + 4);
    }
}

/* What the log has gathered since the last time, one line for each adapter and binding. */
static void
show_timeline(struct demo *demo)
{
    struct actor actors[ACTOR_LIMIT];
    unsigned count = 0;
    const char *line = pndis_log_text(demo->log);

    while (*line != '\0') {
        size_t bytes = strcspn(line, "\n");

        read_transition(demo, line, bytes, actors, &count);
        line += bytes + (line[bytes] == '\n');
    }
    for (unsigned i = 0; i < count; i++) {
        printf("    %9.3f ms  %-26s %s  (%.3f ms)\n", actors[i].from_ms, actors[i].name,
               actors[i].chain, actors[i].to_ms - actors[i].from_ms);
    }
    pndis_log_clear(demo->log);
}

/* --- building --- */

static int
add_side(struct demo *demo, unsigned index)
{
    struct port_settings port = demo->stack.settings->sides[index];
    int here = network_here();
    int result = -1;

    port.tap = sides[index].tap;
    demo->networks[index] = network_create();
    if (here < 0 || demo->networks[index] < 0 || network_enter(demo->networks[index]) != 0) {
        perror("tap_bridge: a network namespace");
    } else {
        result = stack_add_port(&demo->stack, &port);
        if (result == 0 && network_configure(sides[index].tap, sides[index].address, 24) != 0) {
            perror("tap_bridge: the address of the TAP");
            result = -1;
        }
        if (network_enter(here) != 0) {
            perror("tap_bridge: the way back");
            result = -1;
        }
    }
    if (here >= 0) {
        close(here);
    }
    return result;
}

static int
build(struct demo *demo, struct settings *settings)
{
    settings->checked = true;
    if (stack_open(&demo->stack, settings) != 0) {
        return -1;
    }
    demo->began_ns = pndis_machine_now_ns(demo->stack.machine);
    demo->log = pndis_log_open(demo->stack.machine, PNDIS_LOG_STATES);
    if (demo->log == NULL || add_side(demo, 0) != 0 || add_side(demo, 1) != 0) {
        return -1;
    }
    printf("Two networks with a Windows driver stack between them:\n"
           "  %s %s - %s - virtio-net - miniport - NDIS - bridge\n"
           "  %s %s - %s - virtio-net - miniport - NDIS - bridge\n"
           "How it started:\n",
           sides[0].name, sides[0].address, sides[0].tap, sides[1].name, sides[1].address,
           sides[1].tap);
    show_timeline(demo);
    return 0;
}

/* --- the acts --- */

/* With the host's ping where it is, else with an echo of our own. */
static int
run_echo(const struct demo *demo, struct echo_result *result)
{
    const char *ping = ping_path();
    const char *why = ping == NULL ? "is not installed" : "does not run here";

    if (ping != NULL && ping_run(ping, demo->networks[0], sides[1].address, ECHOES, result) == 0) {
        printf("Ping from %s to %s, with %s:\n", sides[0].name, sides[1].name, ping);
        return 0;
    }
    printf("Ping from %s to %s, with an echo of our own, as ping %s:\n", sides[0].name,
           sides[1].name, why);
    return echo_run(demo->networks[0], sides[1].address, ECHOES, result);
}

static void
act_echo(struct demo *demo)
{
    struct echo_result result;

    if (run_echo(demo, &result) != 0) {
        expect(demo, false, "there is no raw socket for an echo (CAP_NET_RAW)");
        return;
    }
    printf("  %u of %u answered, median %.0f us, worst %.0f us\n", result.answered, result.sent,
           result.median_us, result.worst_us);
    expect(demo, result.sent == ECHOES && result.answered == result.sent, "an echo was lost");
}

static void
show_transfer(struct demo *demo, struct transfer *transfer)
{
    bool whole = transfer_finish(transfer);

    printf("  %.0f MiB in %.1f s: %.2f Gbit/s, every byte %s\n",
           (double)transfer->received / 1048576, transfer->seconds,
           (double)transfer->received * 8e-9 / transfer->seconds,
           whole ? "as it was sent" : "NOT as it was sent");
    expect(demo, whole, "the stream broke or was damaged");
}

static void
act_transfer(struct demo *demo)
{
    struct transfer transfer;

    printf("A TCP stream for %d s:\n", PLAIN_SECONDS);
    if (transfer_start(&transfer, demo->networks[0], demo->networks[1], sides[1].address) != 0) {
        expect(demo, false, "no socket for a stream");
        return;
    }
    sleep(PLAIN_SECONDS);
    show_transfer(demo, &transfer);
}

/* Do something to the stack while @transfer runs, and see the stream go on after it. */
static void
disturb(struct demo *demo, struct transfer *transfer, bool (*disturbance)(struct demo *demo))
{
    uint64_t before;

    usleep(STEP_US);
    expect(demo, disturbance(demo), "the stack did not do as it was told");
    before = transfer->received;
    for (unsigned i = 0; i < 100 && transfer->received == before && !transfer->failed; i++) {
        usleep(STEP_US / 3);
    }
    expect(demo, transfer->received > before, "the stream did not go on");
}

static bool
pause_and_restart(struct demo *demo)
{
    bool good = stack_pause(&demo->stack) == 0;
    uint64_t outstanding = stack_outstanding(&demo->stack);

    if (outstanding != 0) {
        printf("  !! %" PRIu64 " NET_BUFFER_LISTs are out in a paused stack\n", outstanding);
    }
    return stack_restart(&demo->stack) == 0 && good && outstanding == 0;
}

static bool
halt_and_initialize(struct demo *demo)
{
    return stack_reinitialize(&demo->stack) == 0;
}

static void
act_pauses(struct demo *demo)
{
    struct transfer transfer;

    printf("A TCP stream, and under it the whole stack is paused and restarted %d times:\n",
           PAUSES);
    if (transfer_start(&transfer, demo->networks[0], demo->networks[1], sides[1].address) != 0) {
        expect(demo, false, "no socket for a stream");
        return;
    }
    for (unsigned i = 0; i < PAUSES; i++) {
        pndis_log_clear(demo->log);
        disturb(demo, &transfer, pause_and_restart);
    }
    printf("  the last of them:\n");
    show_timeline(demo);
    printf("  then both adapters are halted and initialized again:\n");
    disturb(demo, &transfer, halt_and_initialize);
    show_timeline(demo);
    show_transfer(demo, &transfer);
}

/* --- the end --- */

static void
show_ports(struct demo *demo)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct bridge_port_info bridge;
        struct pndis_nic_info nic;
        uint64_t drops = 0;

        pndis_nic_get_info(demo->stack.ports[i].nic, &nic);
        if (!stack_bridge_info(&demo->stack, i, &bridge)) {
            expect(demo, false, "the bridge knows nothing of a port");
            continue;
        }
        for (unsigned n = 0; n < BRIDGE_DROP_COUNT; n++) {
            drops += bridge.counters.dropped[n];
        }
        printf("  %-10s %9" PRIu64 " frames in, %9" PRIu64 " out; since its last start the bridge "
               "copied %" PRIu64 ", cut %" PRIu64 ", dropped %" PRIu64 "\n",
               sides[i].tap, nic.receive.frames, nic.send.frames, bridge.counters.copied,
               bridge.counters.segmented, drops);
    }
}

static void
finish(struct demo *demo)
{
    size_t violations;

    printf("The end:\n");
    show_ports(demo);
    expect(demo, stack_stop(&demo->stack) == 0, "something did not stop");
    show_timeline(demo);
    violations = pndis_violation_count(demo->stack.machine);
    printf("  rules broken: %zu; NET_BUFFER_LISTs, memory, locks, timers left behind: %s\n",
           violations, violations == 0 ? "none" : "see above");
    expect(demo, violations == 0, "a driver broke a rule");
}

int
demo_run(struct settings *settings)
{
    struct demo demo = {.networks = {-1, -1}, .good = true};

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (network_rights() != 0) {
        return 3;
    }
    if (build(&demo, settings) == 0) {
        act_echo(&demo);
        act_transfer(&demo);
        act_pauses(&demo);
        finish(&demo);
    } else {
        demo.good = false;
    }
    pndis_log_close(demo.log);
    if (demo.stack.machine != NULL) {
        stack_close(&demo.stack);
    }
    for (unsigned i = 0; i < SIDES; i++) {
        if (demo.networks[i] >= 0) {
            close(demo.networks[i]);
        }
    }
    printf(demo.good ? "All as it should be.\n" : "Something went wrong; see above.\n");
    return demo.good ? 0 : 1;
}
