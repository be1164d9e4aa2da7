/*
 * The stack of tap_bridge under remote control, for the tests with real tools: reads one command a
 * line from standard input, answers each with a line that begins with "ok" or "failed".
 *
 *     e2e_host [--queues N] [--mtu N] [--record DIR] ... TAP TAP...
 */
#include "../../examples/tap_bridge/network.h"
#include "../../examples/tap_bridge/stack.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct stack stack;

/* --- commands --- */

static int
cycle(unsigned port)
{
    struct pndis_adapter *adapter = stack.ports[port].adapter;
    int result = pndis_adapter_pause(adapter);

    return result == 0 ? pndis_adapter_restart(adapter) : result;
}

static int
reinitialize(unsigned port)
{
    struct pndis_adapter *adapter = stack.ports[port].adapter;
    int result = pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED);

    return result == 0 ? pndis_adapter_start(adapter) : result;
}

static int
do_pause(unsigned port)
{
    return pndis_adapter_pause(stack.ports[port].adapter);
}

static int
do_restart(unsigned port)
{
    return pndis_adapter_restart(stack.ports[port].adapter);
}

static int
reset(unsigned port)
{
    return pndis_adapter_reset(stack.ports[port].adapter);
}

static int
unplug(unsigned port)
{
    pndis_nic_set_link(stack.ports[port].nic, false);
    return 0;
}

static int
plug(unsigned port)
{
    pndis_nic_set_link(stack.ports[port].nic, true);
    return 0;
}

static int
flap(unsigned port)
{
    return unplug(port) == 0 ? plug(port) : -1;
}

static int
break_down(unsigned port)
{
    pndis_nic_break(stack.ports[port].nic, "the test says so");
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(unsigned port);
} commands[] = {
    {"cycle", cycle},         {"pause", do_pause}, {"restart", do_restart},
    {"reinit", reinitialize}, {"reset", reset},    {"unplug", unplug},
    {"plug", plug},           {"flap", flap},      {"break", break_down},
};

/* As an administrator would, and the adapter starts again with it. Adapters are numbered as added.
 */
static int
use_queues(unsigned port, const char *queues)
{
    struct pndis_adapter_info info;
    char key[160];

    if (pndis_adapter_get_info(stack.ports[port].adapter, &info) != 0) {
        return -1;
    }
    snprintf(key, sizeof(key),
             "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\"
             "{4D36E972-E325-11CE-BFC1-08002BE10318}\\%04u",
             info.interface_index);
    return pndis_registry_set_string(stack.machine, key, "*NumRssQueues", queues) == 0
               ? reinitialize(port)
               : -1;
}

/* The TAP has been moved to the namespace @network by now. */
static int
replace(unsigned port, const char *network)
{
    char path[128];
    int here = network_here();
    int there;
    int result = -1;

    snprintf(path, sizeof(path), "/run/netns/%s", network);
    there = open(path, O_RDONLY | O_CLOEXEC);
    if (here >= 0 && there >= 0 && network_enter(there) == 0) {
        result = stack_replace_port(&stack, port);
        if (network_enter(here) != 0) {
            result = -1;
        }
    }
    close(there);
    close(here);
    return result;
}

/* --- answers --- */

static void
print_port(unsigned index)
{
    struct stack_port *port = &stack.ports[index];
    struct bridge_port_info bridge;
    struct pndis_adapter_info adapter;
    struct pndis_nic_info nic;
    uint64_t drops = 0;

    memset(&bridge, 0, sizeof(bridge));
    memset(&adapter, 0, sizeof(adapter));
    pndis_nic_get_info(port->nic, &nic);
    pndis_adapter_get_info(port->adapter, &adapter);
    stack_bridge_info(&stack, index, &bridge);
    for (unsigned i = 0; i < BRIDGE_DROP_COUNT; i++) {
        drops += bridge.counters.dropped[i];
    }
    printf("%s{\"tap\": \"%s\", \"state\": \"%s\", \"received\": %" PRIu64 ", \"sent\": %" PRIu64
           ", \"joined\": %" PRIu64 ", \"ring_empty\": %" PRIu64
           ", \"sends_out\": %zu, \"receives_out\": %zu"
           ", \"queues\": %u, \"bridge_received\": %" PRIu64 ", \"bridge_sent\": %" PRIu64
           ", \"bridge_copied\": %" PRIu64 ", \"bridge_segmented\": %" PRIu64
           ", \"bridge_dropped\": %" PRIu64 ", \"nic_drops\": [",
           index == 0 ? "" : ", ", port->tap, pndis_adapter_state_name(port->adapter),
           nic.receive.frames, nic.send.frames, nic.receive.joined, nic.receive.ring_empty,
           adapter.sends_outstanding, adapter.receives_outstanding, nic.queue_pairs_used,
           bridge.counters.received_frames, bridge.counters.sent_frames, bridge.counters.copied,
           bridge.counters.segmented, drops);
    for (unsigned i = 0; i < PNDIS_DROP_COUNT; i++) {
        printf("%s%" PRIu64, i == 0 ? "" : ", ", nic.receive.drops[i] + nic.send.drops[i]);
    }
    printf("]}");
}

static void
print_stats(void)
{
    printf("ok [");
    for (unsigned i = 0; i < stack.port_count; i++) {
        print_port(i);
    }
    printf("]\n");
}

static void
run_command(const char *name, unsigned port, unsigned times)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        int result = 0;

        if (strcmp(commands[i].name, name) != 0) {
            continue;
        }
        for (unsigned n = 0; n < times && result == 0; n++) {
            result = commands[i].run(port);
        }
        printf(result == 0 ? "ok\n" : "failed: %s\n", pndis_last_error());
        return;
    }
    printf("failed: there is no %s\n", name);
}

static void
serve(void)
{
    char line[128];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char name[32] = "";
        unsigned port = 0;
        char last[32] = "1";

        if (sscanf(line, "%31s %u %31s", name, &port, last) < 1 || strcmp(name, "quit") == 0) {
            return;
        }
        if (strcmp(name, "stats") == 0) {
            print_stats();
        } else if (port >= stack.port_count) {
            printf("failed: there is no port %u\n", port);
        } else if (strcmp(name, "queues") == 0) {
            printf(use_queues(port, last) == 0 ? "ok\n" : "failed: %s\n", pndis_last_error());
        } else if (strcmp(name, "replace") == 0) {
            printf(replace(port, last) == 0 ? "ok\n" : "failed: %s\n", pndis_last_error());
        } else {
            run_command(name, port, (unsigned)strtoul(last, NULL, 10));
        }
        fflush(stdout);
    }
}

int
main(int argc, char **argv)
{
    struct settings settings;
    int result = 0;

    if (settings_read(&settings, argc, argv) != OUTCOME_RUN) {
        return 2;
    }
    settings.persistent = true;
    if (stack_open(&stack, &settings) != 0) {
        return 3;
    }
    for (unsigned i = 0; i < settings.port_count && result == 0; i++) {
        result = stack_add_port(&stack, &settings.ports[i]);
    }
    if (result == 0) {
        printf("ok ready\n");
        fflush(stdout);
        serve();
        /* Nothing comes in any more; what is on its way arrives. */
        for (unsigned i = 0; i < stack.port_count; i++) {
            pndis_nic_set_link(stack.ports[i].nic, false);
        }
    }
    if (stack_stop(&stack) != 0) {
        result = -1;
    }
    printf("%s violations %zu\n",
           result == 0 ? "ok" : "failed:", pndis_violation_count(stack.machine));
    if (pndis_violation_count(stack.machine) != 0) {
        result = -1;
    }
    stack_close(&stack);
    return result == 0 ? 0 : 1;
}
