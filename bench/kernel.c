/*
 * What the kernel under NDIS costs a driver: calls, locks, memory, DPCs, interrupts, and on sim a
 * switch from one context to another. The driver is this program; it measures in its DriverEntry.
 */
#include "bench.h"

#include "nt/nt.h"

#include <pndis/pndis.h>

#include <stdio.h>

enum { RUNS = 7, TURNS = 200000, TAG = 0x686e6542 };

static struct {
    KSPIN_LOCK lock;
    KDPC dpc;
    struct interrupt interrupt;
    KEVENT ping;
    KEVENT pong;
    volatile LONG runs;
} it;

/* --- what is measured; each does its thing @turns times --- */

static void
call(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        KeGetCurrentIrql();
    }
}

static void
levels(unsigned turns)
{
    KIRQL irql;

    for (unsigned i = 0; i < turns; i++) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        KeLowerIrql(irql);
    }
}

static void
lock_from_passive(unsigned turns)
{
    KIRQL irql;

    for (unsigned i = 0; i < turns; i++) {
        KeAcquireSpinLock(&it.lock, &irql);
        KeReleaseSpinLock(&it.lock, irql);
    }
}

static void
lock_at_dispatch(unsigned turns)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    for (unsigned i = 0; i < turns; i++) {
        KeAcquireSpinLockAtDpcLevel(&it.lock);
        KeReleaseSpinLockFromDpcLevel(&it.lock);
    }
    KeLowerIrql(irql);
}

static void
pool(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        ExFreePoolWithTag(ExAllocatePool2(POOL_FLAG_NON_PAGED, 128, TAG), TAG);
    }
}

static VOID
count_run(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    (void)dpc;
    (void)deferred_context;
    (void)argument1;
    (void)argument2;
    it.runs++;
}

static void
dpc(unsigned turns)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    for (unsigned i = 0; i < turns; i++) {
        KeInsertQueueDpc(&it.dpc, NULL, NULL);
        /* Down and up again: the queue is drained on the way. */
        KeLowerIrql(PASSIVE_LEVEL);
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
    }
    KeLowerIrql(PASSIVE_LEVEL);
}

static void
service(struct context *context, struct interrupt *interrupt)
{
    (void)interrupt;
    pndis__dpc_insert(context, &it.dpc, NULL, NULL);
}

static void
interrupt(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        pndis__interrupt_raise(&it.interrupt);
    }
}

static VOID
answer(PVOID user)
{
    unsigned turns = *(const unsigned *)user;

    for (unsigned i = 0; i < turns; i++) {
        KeWaitForSingleObject(&it.ping, Executive, KernelMode, FALSE, NULL);
        KeSetEvent(&it.pong, IO_NO_INCREMENT, FALSE);
    }
}

/* Two switches a turn. */
static void
ping_pong(unsigned turns)
{
    HANDLE handle;

    PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, answer, &turns);
    for (unsigned i = 0; i < turns; i++) {
        KeSetEvent(&it.ping, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(&it.pong, Executive, KernelMode, FALSE, NULL);
    }
    ZwWaitForSingleObject(handle, FALSE, NULL);
    ZwClose(handle);
}

static const struct {
    const char *what;
    void (*run)(unsigned turns);
    unsigned turns;
    bool live_only;
} rows[] = {
    {"a call (KeGetCurrentIrql)", call, TURNS * 10, false},
    {"KeRaiseIrql, KeLowerIrql", levels, TURNS, false},
    {"KeAcquire/ReleaseSpinLock", lock_from_passive, TURNS, false},
    {"the same at DISPATCH_LEVEL", lock_at_dispatch, TURNS, false},
    {"ExAllocatePool2, ExFreePoolWithTag", pool, TURNS, false},
    {"a DPC queued and run", dpc, TURNS, false},
    /* On sim several become one before they are served. */
    {"an interrupt, its ISR, its DPC", interrupt, TURNS, true},
    {"two waits, two switches", ping_pong, TURNS / 20, false},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* --- on a machine --- */

static double results[ROW_COUNT];

static void
prepare(struct pndis_machine *machine)
{
    KeInitializeSpinLock(&it.lock);
    KeInitializeDpc(&it.dpc, count_run, NULL);
    KeInitializeEvent(&it.ping, SynchronizationEvent, FALSE);
    KeInitializeEvent(&it.pong, SynchronizationEvent, FALSE);
    it.interrupt = (struct interrupt){
        .machine = machine,
        .service = service,
        .level = DISPATCH_LEVEL + 3,
        .target = &machine->processors[0],
        .connected = 1,
    };
    it.runs = 0;
}

/* Whether all that was to be run has been run. */
static bool
run_row(unsigned row, bool is_live)
{
    double values[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t start = bench_now_ns();

        rows[row].run(rows[row].turns);
        values[run] = (double)(bench_now_ns() - start) / rows[row].turns;
    }
    results[row] = bench_median(values, RUNS);
    KeFlushQueuedDpcs();
    return it.runs == (is_live ? 2 : 1) * RUNS * TURNS;
}

static int
entry(void *driver_object, void *registry_path)
{
    struct pndis_machine *machine = context_current()->machine;
    bool is_live = machine->options.scheduler == PNDIS_LIVE;
    bool complete = false;

    (void)driver_object;
    (void)registry_path;
    prepare(machine);
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (is_live || !rows[i].live_only) {
            complete = run_row(i, is_live);
        }
    }
    return complete ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static void
measure(enum pndis_scheduler scheduler, bool ledger, double out_results[ROW_COUNT])
{
    struct pndis_machine *machine =
        bench_have(pndis_machine_create(&(struct pndis_machine_options){.scheduler = scheduler,
                                                                        .without_ledger = !ledger}),
                   "machine");

    bench_have(pndis_driver_load(machine, NULL,
                                 &(struct pndis_driver_options){.name = "kernel", .entry = entry}),
               "driver");
    pndis_machine_destroy(machine);
    memcpy(out_results, results, sizeof(results));
}

int
main(void)
{
    double live[ROW_COUNT];
    double sim[ROW_COUNT];
    double ledger[ROW_COUNT];

    measure(PNDIS_LIVE, false, live);
    measure(PNDIS_SIM, false, sim);
    measure(PNDIS_SIM, true, ledger);
    printf("nanoseconds each (median of %d)            live       sim  sim, ledger\n", RUNS);
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (rows[i].live_only) {
            printf("  %-36s %8.1f         -         -\n", rows[i].what, live[i]);
        } else {
            printf("  %-36s %8.1f  %8.1f  %8.1f\n", rows[i].what, live[i], sim[i], ledger[i]);
        }
    }
    return 0;
}
