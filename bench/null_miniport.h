/*
 * The miniport of the benchmarks: acquires ten resources when it initializes, completes every send
 * in place, and indicates prepared frames when the benchmark asks for them.
 */
#ifndef PNDIS_BENCH_NULL_MINIPORT_H
#define PNDIS_BENCH_NULL_MINIPORT_H

#include <ndis.h>

#include <pndis/driver.h>

enum { NULL_MTU = 1500, NULL_FRAME_BYTES = 60, NULL_BATCH_LIMIT = 256 };

pndis_driver_entry null_miniport_entry;

/* What it indicates; a broadcast unless the benchmark writes other addresses into it. */
extern UCHAR null_frame[NULL_FRAME_BYTES];

/* In driver code at DISPATCH_LEVEL: the adapter that was initialized last indicates a chain of
 * @batch lists @rounds times. Returns how many lists it got back. */
ULONG64 null_miniport_indicate(ULONG batch, ULONG64 rounds);

#endif
