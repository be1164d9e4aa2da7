/*
 * A machine: one simulated Windows computer with processors, a clock, a registry and loaded
 * drivers.
 *
 * Everything belongs to a machine, and two machines in one process do not see each other. On the
 * sim scheduler a machine runs only while the host is inside one of its functions, on the host's
 * own thread, on a virtual clock; the same program and seed give the same run. On the live
 * scheduler drivers run on host threads in real time, and any host thread may call.
 */
#ifndef PNDIS_MACHINE_H
#define PNDIS_MACHINE_H

#include <pndis/error.h>
#include <pndis/verifier.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_machine;

enum pndis_scheduler {
    PNDIS_SIM = 0, /* Deterministic: fibers, seed, virtual time. */
    PNDIS_LIVE,    /* Host threads, real time. */
};

enum { PNDIS_PROCESSOR_LIMIT = 64 };

/** How a machine is built. All zero is a good default: sim, two processors, seed 0, stop on errors.
 */
struct pndis_machine_options {
    enum pndis_scheduler scheduler;
    unsigned processors;   /* 1 to PNDIS_PROCESSOR_LIMIT; 0: 2. */
    uint64_t seed;         /* sim: which of the possible runs. */
    unsigned ndis_version; /* What NdisGetVersion answers, 6.0 to 6.89, as 0x00060059 for 6.89; 0:
                              the highest. */
    enum pndis_policy policy;
    pndis_on_violation *on_violation; /* May be NULL. Called on the thread that broke the rule. */
    void *user;                       /* For on_violation. */
    bool without_ledger; /* Do not account for what drivers acquire: no leak reports, more speed. */
    uint64_t timeout_ns; /* Longest wait of a host call, on the machine's clock; 0: 30 s. */
    size_t stack_bytes;  /* Of fibers, at least 65,536; 0: 256 KiB. */
    const char *file_directory; /* Where NdisOpenFile finds files; NULL: nowhere. Borrowed. */
};

/**
 * Build a machine.
 *
 * @param options  Copied; NULL for all defaults.
 * @return         Destroy with pndis_machine_destroy(); NULL on failure, see pndis_last_error().
 */
PNDIS_API struct pndis_machine *pndis_machine_create(const struct pndis_machine_options *options);

/**
 * Shut everything down in order: close clients, stop adapters, unload drivers, report every leak.
 * The machine remains, so that its records can be read; nothing can be added to it any more.
 *
 * @param machine  Borrowed.
 * @return 0                 Nothing was left behind.
 * @return PNDIS_EBADSTATE   It had been stopped already.
 * @return PNDIS_ETIMEDOUT, PNDIS_ESTALLED  A driver did not let go; what it holds is abandoned.
 */
PNDIS_API int pndis_machine_stop(struct pndis_machine *machine);

/**
 * Stop the machine if that has not been done, and free it with all that belongs to it.
 *
 * @param machine  Taken. NULL is accepted.
 */
PNDIS_API void pndis_machine_destroy(struct pndis_machine *machine);

/** The machine's clock, in nanoseconds since an arbitrary moment before it was created. */
PNDIS_API uint64_t pndis_machine_now_ns(struct pndis_machine *machine);

/**
 * Let @ns go by on the machine's clock: on sim everything that is due happens, on live the caller
 * sleeps.
 *
 * @return 0, or PNDIS_EBUSY when another thread is inside a sim machine.
 */
PNDIS_API int pndis_machine_run(struct pndis_machine *machine, uint64_t ns);

/**
 * sim: run until nothing is left that could run without time going by. live: returns
 * PNDIS_EUNSUPPORTED.
 *
 * Timers that are not due stay where they are. What runs takes a little virtual time, so a timer
 * may become due meanwhile.
 *
 * @return 0, PNDIS_EUNSUPPORTED, or PNDIS_EBUSY when another thread is inside the machine.
 */
PNDIS_API int pndis_machine_settle(struct pndis_machine *machine);

/**
 * Let the machine run until @done says so.
 *
 * @param done        Asked now and again, on the calling thread; returns true to end.
 * @param user        Handed to @done.
 * @param timeout_ns  On the machine's clock; 0: the machine's own timeout.
 * @return 0                @done was satisfied.
 * @return PNDIS_ETIMEDOUT  Time was up first.
 * @return PNDIS_ESTALLED   sim: nothing is left that could run, not even a timer. A driver with a
 * periodic timer, or an adapter that NDIS checks for hangs, has always one, and it is
 * PNDIS_ETIMEDOUT instead.
 */
PNDIS_API int pndis_machine_run_until(struct pndis_machine *machine, bool (*done)(void *user),
                                      void *user, uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
