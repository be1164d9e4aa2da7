/* What the command line asks for. */
#ifndef TAP_BRIDGE_SETTINGS_H
#define TAP_BRIDGE_SETTINGS_H

#include "hardware.h"

#include <stdbool.h>
#include <stdint.h>

enum { PORT_LIMIT = 16, DEMO_SIDES = 2 };

struct port_settings {
    const char *tap;
    const char *driver; /* The miniport that drives it: a name or a path. */
    enum hardware nic;  /* The device that it gets. */
};

struct settings {
    struct port_settings ports[PORT_LIMIT];
    unsigned port_count;
    unsigned queues;
    unsigned mtu;       /* 0: the interface's own. */
    uint8_t mac[6];     /* Of the first port's adapter; the others count up. All zero: any. */
    const char *record; /* Directory; NULL: nothing is recorded. */
    unsigned seconds;   /* How long to run; 0: until told to stop. */
    bool stats;
    bool checked; /* Look after every rule and every resource; slower. */
    bool without_offloads;
    bool without_coalescing;
    bool share_threads;
    bool demo;
    struct port_settings sides[DEMO_SIDES]; /* Of the demo, whose TAPs are its own. */
    bool persistent; /* TAPs that are created stay. Not on the command line. */
};

enum outcome { OUTCOME_RUN, OUTCOME_DONE, OUTCOME_USAGE };

/* Read the command line; says what is wrong with it, or prints the help. */
enum outcome settings_read(struct settings *settings, int argc, char **argv);

#endif
