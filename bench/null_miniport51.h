/* An NDIS 5.1 miniport without hardware: it completes what it is sent, and indicates what a
 * benchmark wants. */
#ifndef PNDIS_BENCH_NULL_MINIPORT51_H
#define PNDIS_BENCH_NULL_MINIPORT51_H

#include "null_miniport.h"

int null_miniport51_entry(void *driver_object, void *registry_path);
/* Indicate @batch packets @rounds times; how many came back. At DISPATCH_LEVEL. */
ULONG64 null_miniport51_indicate(ULONG batch, ULONG64 rounds);

#endif
