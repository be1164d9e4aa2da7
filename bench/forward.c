/*
 * Frames a second through the bridge driver alone: a null miniport indicates a chain, the bridge
 * looks each frame up and sends the received data on another null miniport, which completes in
 * place; all comes back to the first before the next chain. One core, verifier off.
 */
#include "bench.h"
#include "null_miniport.h"

#include <pndis/pndis.h>

#include <stdio.h>
#include <string.h>

enum { RUNS = 9, FRAMES = 4000000 };

pndis_driver_entry bridge_linked_DriverEntry;

static ULONG batch;
static ULONG64 rounds;
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
    frames = null_miniport_indicate(batch, rounds);
    frame_ns = (double)(bench_now_ns() - start) / (double)frames;
    KeLowerIrql(irql);
    return STATUS_UNSUCCESSFUL; /* It has done what it was for. */
}

static void
pump(struct pndis_machine *machine, ULONG chain, ULONG64 times)
{
    batch = chain;
    rounds = times;
    pndis_driver_load(machine, NULL,
                      &(struct pndis_driver_options){.name = "pump", .entry = pump_entry});
}

static double
run(struct pndis_machine *machine, ULONG chain)
{
    double values[RUNS];

    for (unsigned i = 0; i < RUNS; i++) {
        pump(machine, chain, FRAMES / chain);
        values[i] = frame_ns;
    }
    return bench_median(values, RUNS);
}

static void
address_frame(const char *to, const char *from)
{
    memcpy(null_frame, to, 6);
    memcpy(null_frame + 6, from, 6);
}

int
main(void)
{
    static const char one[] = "\x02\xbb\x00\x00\x00\x01";
    static const char other[] = "\x02\xbb\x00\x00\x00\x02";
    static const ULONG batches[] = {1, 8, 32, 64, 256};
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
                                 &(struct pndis_driver_options){
                                     .name = "bridge", .entry = bridge_linked_DriverEntry}),
               "bridge");
    bench_have(pndis_adapter_add(machine, miniport, NULL), "adapter");
    address_frame(other, one);
    pump(machine, 1, 1); /* Host one is on the first port. */
    bench_have(pndis_adapter_add(machine, miniport, NULL), "adapter");
    address_frame(one, other);
    printf("null miniport, bridge, null miniport, and back, verifier off (median of %d)\n", RUNS);
    for (unsigned i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        double ns = run(machine, batches[i]);

        printf("  batch %3u: %6.2f ns a frame, %6.1f M frames/s\n", (unsigned)batches[i], ns,
               1000 / ns);
    }
    pndis_machine_destroy(machine);
    return 0;
}
