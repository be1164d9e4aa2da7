/* 10,000 adapters alive in one machine: time and memory of each, and whether they stay flat. */
#include "bench.h"
#include "null_miniport.h"

#include <pndis/pndis.h>

#include <stdio.h>

enum { ADAPTERS = 10000, PARTS = 10, KIB = 1024, GOAL_KIB = 64 };

int
main(void)
{
    struct pndis_machine *machine = bench_have(pndis_machine_create(NULL), "machine");
    struct pndis_driver *driver =
        bench_have(pndis_driver_load(machine, NULL,
                                     &(struct pndis_driver_options){.name = "null",
                                                                    .entry = null_miniport_entry}),
                   "driver");
    uint64_t before = bench_resident_bytes();
    double first = 0;
    double last = 0;
    double bytes;
    uint64_t start;

    printf("%d adapters in one machine, leak ledger on\n", ADAPTERS);
    for (unsigned part = 0; part < PARTS; part++) {
        start = bench_processor_ns();
        for (unsigned i = 0; i < ADAPTERS / PARTS; i++) {
            bench_have(pndis_adapter_add(machine, driver, NULL), "adapter");
        }
        last = (double)(bench_processor_ns() - start) / 1000 / (ADAPTERS / PARTS);
        if (part == 0) {
            first = last;
        }
        printf("  %5u alive: %6.1f us of processor time to add one\n",
               (part + 1) * (ADAPTERS / PARTS), last);
    }
    bytes = (double)(bench_resident_bytes() - before) / ADAPTERS;
    printf("  the last thousand took %.2f of the first\n", last / first);
    printf("  %.1f KiB resident each (goal: under %d)\n", bytes / KIB, GOAL_KIB);
    start = bench_processor_ns();
    pndis_machine_destroy(machine);
    printf("  %.1f us to take one away\n",
           (double)(bench_processor_ns() - start) / 1000 / ADAPTERS);
    return 0;
}
