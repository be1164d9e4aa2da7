/*
 * Frames a second through the NDIS edges alone: a protocol sends prepared chains to a miniport that
 * completes them in place (to the miniport and back), and a miniport indicates chains that the
 * protocol returns in place (up and back).
 */
#include "bench.h"
#include "null_miniport.h"
#include "pump_protocol.h"

#include <pndis/pndis.h>

#include <stdio.h>

enum { RUNS = 9, FRAMES = 4000000, GOAL_NS = 15 };

/* Both return how many lists came back. */
static ULONG64
down(ULONG batch, ULONG64 rounds)
{
    ULONG64 before = pump_completed();

    pump_send(batch, rounds);
    return pump_completed() - before;
}

static const struct way {
    const char *title;
    ULONG64 (*go)(ULONG batch, ULONG64 rounds);
} ways[] = {
    {"client to null miniport and back", down},
    {"null miniport to client and back", null_miniport_indicate},
};

static const struct way *way;
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
    frames = way->go(batch, FRAMES / batch);
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

int
main(void)
{
    static const ULONG batches[] = {1, 8, 32, 256};
    struct pndis_machine *machine =
        bench_have(pndis_machine_create(&(struct pndis_machine_options){.scheduler = PNDIS_LIVE,
                                                                        .without_ledger = true}),
                   "machine");
    struct pndis_driver *miniport =
        bench_have(pndis_driver_load(machine, NULL,
                                     &(struct pndis_driver_options){.name = "null",
                                                                    .entry = null_miniport_entry}),
                   "miniport");

    bench_have(pndis_driver_load(machine, NULL,
                                 &(struct pndis_driver_options){.name = "pump_protocol",
                                                                .entry = pump_protocol_entry}),
               "protocol");
    bench_have(pndis_adapter_add(machine, miniport, NULL), "adapter");
    if (!pump_is_running()) {
        fprintf(stderr, "the protocol is not bound\n");
        return 1;
    }
    for (way = ways; way < ways + sizeof(ways) / sizeof(ways[0]); way++) {
        printf("%s, verifier off (median of %d)\n", way->title, RUNS);
        for (unsigned i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
            double ns;

            batch = batches[i];
            ns = run(machine);
            printf("  batch %3u: %6.2f ns a frame, %6.1f M frames/s%s\n", (unsigned)batch, ns,
                   1000 / ns,
                   batch < 32      ? ""
                   : ns <= GOAL_NS ? "  (goal 15 ns: met)"
                                   : "  (goal 15 ns: missed)");
        }
    }
    pndis_machine_destroy(machine);
    return 0;
}
