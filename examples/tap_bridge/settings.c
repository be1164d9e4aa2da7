/* The command line, as one table: usage, help and what each option does. */
#include "settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_LIMIT = 65535 };

struct reading {
    struct settings *settings;
    struct port_settings first; /* Of the ports before the second --driver. */
    struct port_settings next;  /* Of the ports that follow. */
    unsigned driver_count;
};

static bool
read_number(const char *text, unsigned least, unsigned *out_number)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || number < least || number > VALUE_LIMIT) {
        return false;
    }
    *out_number = (unsigned)number;
    return true;
}

/* --- options --- */

static bool
set_queues(struct reading *reading, const char *value)
{
    return read_number(value, 1, &reading->settings->queues) && reading->settings->queues <= 64;
}

static bool
set_mtu(struct reading *reading, const char *value)
{
    return read_number(value, 68, &reading->settings->mtu);
}

static bool
set_mac(struct reading *reading, const char *value)
{
    uint8_t *mac = reading->settings->mac;
    int used = 0;

    return sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
                  &mac[3], &mac[4], &mac[5], &used) == 6 &&
           value[used] == '\0' && (mac[0] & 1) == 0;
}

static bool
set_driver(struct reading *reading, const char *value)
{
    if (reading->driver_count++ == 1) {
        reading->first = reading->next;
    }
    reading->next = (struct port_settings){.driver = value};
    return *value != '\0';
}

static bool
set_nic(struct reading *reading, const char *value)
{
    return hardware_of_word(value, &reading->next.nic);
}

static bool
set_record(struct reading *reading, const char *value)
{
    reading->settings->record = value;
    return *value != '\0';
}

static bool
set_seconds(struct reading *reading, const char *value)
{
    return read_number(value, 1, &reading->settings->seconds);
}

static bool
set_stats(struct reading *reading, const char *value)
{
    (void)value;
    return reading->settings->stats = true;
}

static bool
set_checked(struct reading *reading, const char *value)
{
    (void)value;
    return reading->settings->checked = true;
}

static bool
set_without_offloads(struct reading *reading, const char *value)
{
    (void)value;
    return reading->settings->without_offloads = true;
}

static bool
set_without_coalescing(struct reading *reading, const char *value)
{
    (void)value;
    return reading->settings->without_coalescing = true;
}

static bool
set_share_threads(struct reading *reading, const char *value)
{
    (void)value;
    return reading->settings->share_threads = true;
}

static bool
set_demo(struct reading *reading, const char *value)
{
    (void)value;
    return reading->settings->demo = true;
}

static const struct option {
    const char *name;
    const char *value; /* What it takes; NULL: nothing. */
    bool (*set)(struct reading *reading, const char *value);
    const char *help;
} options[] = {
    {"--demo", NULL, set_demo, "show it: two networks of its own, traffic, pauses under load"},
    {"--queues", "N", set_queues, "queue pairs of each TAP and adapter, 1 to 64"},
    {"--mtu", "N", set_mtu, "MTU of the TAPs and adapters"},
    {"--mac", "MAC", set_mac, "address of the first adapter; the others count up from it"},
    {"--driver", "NAME", set_driver,
     "miniport of the TAPs that follow, or of the demo's sides: virtio_net, virtio_net51 (NDIS "
     "5.1), or a module's path"},
    {"--nic", "KIND", set_nic,
     "device that it gets: modern (virtio 1.0), legacy (before 1.0), transitional (both), or what "
     "its INF file names (inf, the default)"},
    {"--record", "DIR", set_record, "record each port's frames in DIR/<tap>.pcapng"},
    {"--stats", NULL, set_stats, "a live table of states, counters, rings"},
    {"--checked", NULL, set_checked, "look after every rule and resource of the drivers (slower)"},
    {"--without-offloads", NULL, set_without_offloads,
     "plain frames: no checksum or segment offload"},
    {"--without-coalescing", NULL, set_without_coalescing,
     "UDP datagrams one by one, not several of a flow in one large frame (URO)"},
    {"--share-threads", NULL, set_share_threads,
     "serve all ports by the first one's threads: less latency, one processor"},
    {"--seconds", "N", set_seconds, "stop by itself after so long"},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static void
print_help(FILE *stream)
{
    fprintf(
        stream,
        "tap_bridge [options] TAP TAP...   bridge TAP interfaces through a Windows driver stack\n"
        "tap_bridge --demo                 show it, without any set-up\n\n");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        fprintf(stream, "  %-20s %-5s %s\n", options[i].name,
                options[i].value == NULL ? "" : options[i].value, options[i].help);
    }
    fprintf(stream, "  %-18s %-5s %s\n\n", "--help", "", "this");
    fprintf(stream, "TAPs that exist are opened, others are created and go with the program.\n"
                    "Ctrl-C stops the stack in order; SIGUSR1 pauses and restarts it.\n");
}

static int
wrong(const char *what, const char *argument)
{
    fprintf(stderr, "tap_bridge: %s: %s\nTry tap_bridge --help.\n", argument, what);
    return -1;
}

/* One option. Returns how many arguments it took, or -1. */
static int
read_option(struct reading *reading, const char *name, const char *value)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];

        if (strcmp(option->name, name) != 0) {
            continue;
        }
        if (option->value != NULL && value == NULL) {
            return wrong("a value is missing", name);
        }
        if (!option->set(reading, value)) {
            return wrong("the value makes no sense", name);
        }
        return option->value == NULL ? 1 : 2;
    }
    return wrong("there is no such option", name);
}

static bool
add_port(struct reading *reading, const char *tap)
{
    struct settings *settings = reading->settings;

    if (settings->port_count == PORT_LIMIT) {
        return wrong("too many TAPs", tap) == 0;
    }
    settings->ports[settings->port_count] = reading->next;
    settings->ports[settings->port_count].tap = tap;
    settings->port_count++;
    return true;
}

enum outcome
settings_read(struct settings *settings, int argc, char **argv)
{
    struct reading reading = {.settings = settings, .next = {.driver = "virtio_net"}};

    *settings = (struct settings){.queues = 1};
    for (int i = 1; i < argc;) {
        int taken = 1;

        if (strcmp(argv[i], "--help") == 0) {
            print_help(stdout);
            return OUTCOME_DONE;
        }
        if (argv[i][0] == '-') {
            taken = read_option(&reading, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        } else if (!add_port(&reading, argv[i])) {
            taken = -1;
        }
        if (taken < 0) {
            return OUTCOME_USAGE;
        }
        i += taken;
    }
    settings->sides[0] = reading.driver_count > 1 ? reading.first : reading.next;
    settings->sides[1] = reading.next;
    if (!settings->demo && settings->port_count < 2) {
        print_help(stderr);
        return OUTCOME_USAGE;
    }
    return OUTCOME_RUN;
}
