/* The host's own ping between two networks of the demo. */
#ifndef TAP_BRIDGE_PING_H
#define TAP_BRIDGE_PING_H

#include "traffic.h"

/* Where the host has ping; NULL when it is not installed. Static. */
const char *ping_path(void);
/* Have it ping @address from @network. -1: it could not be run or said nothing that can be read. */
int ping_run(const char *path, int network, const char *address, unsigned count,
             struct echo_result *out_result);

#endif
