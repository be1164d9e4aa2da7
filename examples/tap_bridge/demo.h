/* --demo: two networks, a bridge between them, traffic, pauses under load; told as a story. */
#ifndef TAP_BRIDGE_DEMO_H
#define TAP_BRIDGE_DEMO_H

#include "settings.h"

/* The program's exit status. */
int demo_run(struct settings *settings);

#endif
