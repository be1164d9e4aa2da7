/*
 * Frames a second through the packet edges, beside those through the NET_BUFFER_LIST edges in the
 * same run: the same protocol sends to and receives from an NDIS 6 miniport and an NDIS 5.1 one
 * that complete and return in place.
 */
#include "bench.h"
#include "null_miniport51.h"
#include "pump_protocol.h"

#include <pndis/pndis.h>

#include <stdio.h>

enum { RUNS = 9, FRAMES = 2000000, BATCHES = 4, WAYS = 3 };

static const ULONG batches[BATCHES] = {1, 8, 32, 256};
static const double goal = 2;

static ULONG64
down(ULONG batch, ULONG64 rounds)
{
    ULONG64 before = pump_completed();

    pump_send(batch, rounds);
    return pump_completed() - before;
}

static ULONG64 (*way)(ULONG batch, ULONG64 rounds);
static ULONG batch;
static double frame_ns;

static int
pump_entry(void *driver_object, void *registry_path)
{
    uint64_t start;
    ULONG64 frames;
    KIRQL irql;

    (void)driver_object;
    (void)registry_path;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    start = bench_now_ns();
    frames = way(batch, FRAMES / batch);
    frame_ns = (double)(bench_now_ns() - start) / (double)frames;
    KeLowerIrql(irql);
    return STATUS_UNSUCCESSFUL; /* It has done what it was for. */
}

static double
run(struct pndis_machine *machine)
{
    double values[RUNS];

    for (unsigned i = 0; i < RUNS; i++) {
        pndis_driver_load(machine, NULL,
                          &(struct pndis_driver_options){.name = "pump", .entry = pump_entry});
        values[i] = frame_ns;
    }
    return bench_median(values, RUNS);
}

/* Both ways, at each size of batch. */
static void
measure(pndis_driver_entry *entry, ULONG64 (*up)(ULONG batch, ULONG64 rounds),
        double out_ns[WAYS][BATCHES])
{
    struct pndis_machine *machine =
        bench_have(pndis_machine_create(&(struct pndis_machine_options){.scheduler = PNDIS_LIVE,
                                                                        .without_ledger = true}),
                   "machine");
    struct pndis_driver *miniport = bench_have(
        pndis_driver_load(machine, NULL,
                          &(struct pndis_driver_options){.name = "null", .entry = entry}),
        "miniport");

    bench_have(pndis_driver_load(machine, NULL,
                                 &(struct pndis_driver_options){.name = "pump_protocol",
                                                                .entry = pump_protocol_entry}),
               "protocol");
    bench_have(pndis_adapter_add(machine, miniport, NULL), "adapter");
    bench_have(pump_is_running() ? machine : NULL, "binding");
    for (unsigned i = 0; i < BATCHES; i++) {
        batch = batches[i];
        way = down;
        out_ns[0][i] = run(machine);
        way = up;
        out_ns[1][i] = run(machine);
        out_ns[2][i] = out_ns[0][i] + out_ns[1][i];
    }
    pndis_machine_destroy(machine);
}

int
main(void)
{
    static const char *const titles[] = {"client to null miniport and back",
                                         "null miniport to client and back",
                                         "both, as a frame that is forwarded"};
    double lists[WAYS][BATCHES];
    double packets[WAYS][BATCHES];

    measure(null_miniport_entry, null_miniport_indicate, lists);
    measure(null_miniport51_entry, null_miniport51_indicate, packets);
    for (unsigned w = 0; w < WAYS; w++) {
        printf("%s, verifier off (median of %d)\n", titles[w], RUNS);
        for (unsigned i = 0; i < BATCHES; i++) {
            double ratio = packets[w][i] / lists[w][i];

            printf("  batch %3u: NDIS 6 %6.2f ns a frame, NDIS 5.1 %6.2f ns, %.2f times%s\n",
                   (unsigned)batches[i], lists[w][i], packets[w][i], ratio,
                   ratio <= goal ? "  (goal 2: met)" : "  (goal 2: missed)");
        }
    }
    return 0;
}
