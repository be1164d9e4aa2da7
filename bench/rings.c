/*
 * Frames a second through two virtio-net adapters and the bridge between them: a null backend makes
 * 64-byte frames, the device puts them into the receive ring and interrupts, the driver indicates,
 * the bridge forwards, the other driver sends, the other device swallows. All rings, all edges of
 * NDIS, nothing of the host. One core, verifier off.
 */
#include "bench.h"

#include <pndis/pndis.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { RUNS = 7, FRAME_BYTES = 64 };

static const uint64_t run_ns = 300000000;

pndis_driver_entry bridge_linked_DriverEntry;
pndis_driver_entry virtio_net_linked_DriverEntry;

static struct pndis_nic *
make_nic(struct pndis_machine *machine, unsigned frame_bytes)
{
    struct pndis_backend *backend;
    struct pndis_nic *nic;

    bench_must(
        pndis_backend_null(&(struct pndis_null_options){.frame_bytes = frame_bytes}, &backend),
        "a null backend");
    bench_must(
        pndis_virtio_net_create(
            machine, &(struct pndis_virtio_net_options){.flags = PNDIS_NIC_POLLED}, backend, &nic),
        "a nic");
    return nic;
}

static struct pndis_machine *
make_machine(struct pndis_nic **source, struct pndis_nic **sink)
{
    struct pndis_machine *machine =
        bench_have(pndis_machine_create(&(struct pndis_machine_options){
                       .scheduler = PNDIS_LIVE, .processors = 1, .without_ledger = true}),
                   "a machine");
    struct pndis_driver *miniport = bench_have(
        pndis_driver_load(machine, NULL,
                          &(struct pndis_driver_options){.name = "virtio_net",
                                                         .entry = virtio_net_linked_DriverEntry}),
        "virtio_net");

    bench_have(pndis_driver_load(machine, NULL,
                                 &(struct pndis_driver_options){
                                     .name = "bridge", .entry = bridge_linked_DriverEntry}),
               "the bridge");
    *source = make_nic(machine, FRAME_BYTES);
    *sink = make_nic(machine, 0);
    bench_have(
        pndis_adapter_add(machine, miniport,
                          &(struct pndis_adapter_options){.device = pndis_nic_device(*source)}),
        "the source's adapter");
    bench_have(
        pndis_adapter_add(machine, miniport,
                          &(struct pndis_adapter_options){.device = pndis_nic_device(*sink)}),
        "the sink's adapter");
    return machine;
}

static uint64_t
sent_by(struct pndis_nic *nic)
{
    struct pndis_nic_info info;

    pndis_nic_get_info(nic, &info);
    return info.send.frames;
}

/* On a machine that does other things too, the processor's time says more than the clock's. */
struct result {
    double clock_ns;
    double processor_ns;
};

static double
processor_ns(void)
{
    return (double)clock() * 1e9 / CLOCKS_PER_SEC;
}

static struct result
run(struct pndis_nic *source, struct pndis_nic *sink)
{
    double processor = processor_ns();
    uint64_t start = bench_now_ns();
    uint64_t before = sent_by(sink);
    double frames;
    uint64_t now;

    do {
        for (unsigned i = 0; i < 64; i++) {
            bench_must(pndis_nic_poll(source) < 0 ? -1 : 0, "a poll");
        }
        now = bench_now_ns();
    } while (now - start < run_ns);
    frames = (double)(sent_by(sink) - before);
    return (struct result){(double)(now - start) / frames, (processor_ns() - processor) / frames};
}

int
main(void)
{
    struct pndis_nic *source;
    struct pndis_nic *sink;
    struct pndis_machine *machine = make_machine(&source, &sink);
    double clock_ns[RUNS];
    double cpu_ns[RUNS];

    run(source, sink);
    for (unsigned i = 0; i < RUNS; i++) {
        struct result result = run(source, sink);

        clock_ns[i] = result.clock_ns;
        cpu_ns[i] = result.processor_ns;
    }
    printf("%u-byte frames through two rings and the bridge: %.1f ns, %.2f million a second; "
           "%.1f ns of processor time\n",
           FRAME_BYTES, bench_median(clock_ns, RUNS), 1000 / bench_median(clock_ns, RUNS),
           bench_median(cpu_ns, RUNS));
    pndis_machine_destroy(machine);
    return 0;
}
