/*
 * Full lifecycles a second on sim: initialize (ten resources), restart, pause, halt, one transition
 * at a time; and the same with a whole stack, a client that binds and unbinds each time.
 */
#include "bench.h"
#include "null_miniport.h"

#include <pndis/pndis.h>

#include <stdio.h>

enum { RUNS = 7, LIFECYCLES = 20000, STACKS = 2000, GOAL = 100000 };

static void
by_steps(struct pndis_adapter *adapter)
{
    bench_must(pndis_adapter_step(adapter, PNDIS_STEP_INITIALIZE), "initialize");
    bench_must(pndis_adapter_step(adapter, PNDIS_STEP_RESTART), "restart");
    bench_must(pndis_adapter_step(adapter, PNDIS_STEP_PAUSE), "pause");
    bench_must(pndis_adapter_step(adapter, PNDIS_STEP_HALT), "halt");
}

static void
by_stack(struct pndis_adapter *adapter)
{
    struct pndis_client *client;

    bench_must(pndis_adapter_start(adapter), "start");
    client = bench_have(pndis_client_open(adapter, NULL), "bind");
    bench_must(pndis_client_close(client), "unbind");
    bench_must(pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED), "stop");
}

static double
per_second(bool ledger, void (*lifecycle)(struct pndis_adapter *adapter), unsigned count)
{
    struct pndis_machine *machine =
        bench_have(pndis_machine_create(&(struct pndis_machine_options){.without_ledger = !ledger}),
                   "machine");
    struct pndis_driver *driver =
        bench_have(pndis_driver_load(machine, NULL,
                                     &(struct pndis_driver_options){.name = "null",
                                                                    .entry = null_miniport_entry}),
                   "driver");
    struct pndis_adapter *adapter = bench_have(pndis_adapter_add(machine, driver, NULL), "adapter");
    double values[RUNS];

    bench_must(pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED), "stop");
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t start = bench_now_ns();

        for (unsigned i = 0; i < count; i++) {
            lifecycle(adapter);
        }
        values[run] = (double)count * 1e9 / (double)(bench_now_ns() - start);
    }
    pndis_machine_destroy(machine);
    return bench_median(values, RUNS);
}

int
main(void)
{
    double plain = per_second(false, by_steps, LIFECYCLES);

    printf("lifecycles a second on sim, ten resources each (median of %d)\n", RUNS);
    printf("  by steps               %9.0f  (goal %d: %.2f)\n", plain, GOAL, plain / GOAL);
    printf("  by steps, leak ledger  %9.0f\n", per_second(true, by_steps, LIFECYCLES));
    printf("  whole stack, a client  %9.0f\n", per_second(false, by_stack, STACKS));
    return 0;
}
