/*
 * The protocol of the benchmarks: opens the adapter, sends prepared chains, and counts what comes
 * back. It touches nothing but the chain's own links.
 */
#ifndef PNDIS_BENCH_PUMP_PROTOCOL_H
#define PNDIS_BENCH_PUMP_PROTOCOL_H

#include <ndis.h>

#include <pndis/driver.h>

enum { PUMP_BATCH_LIMIT = 256 };

pndis_driver_entry pump_protocol_entry;

/* Whether it is bound and may send. */
BOOLEAN pump_is_running(void);

/* Lists that it got back from the miniport. */
ULONG64 pump_completed(void);

/* In driver code at DISPATCH_LEVEL: send a chain of @batch lists @rounds times. */
void pump_send(ULONG batch, ULONG64 rounds);

#endif
