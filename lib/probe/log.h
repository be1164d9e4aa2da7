/* The event log, first of the observers. See <pndis/trace.h>. */
#ifndef PNDIS_LIB_PROBE_LOG_H
#define PNDIS_LIB_PROBE_LOG_H

#include "probe/probe.h"

#include <pndis/trace.h>

/* Start a log on @probe, or return NULL. The public functions do the rest. */
struct pndis_log *pndis__log_open(struct probe *probe, unsigned topics);
/* Close all logs that are still open. */
void pndis__logs_close(struct probe *probe);

#endif
