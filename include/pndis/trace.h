/*
 * The event log: what happened on a machine, as text that a test can compare.
 *
 * On the sim scheduler the text is a function of the program, its inputs and the seed, byte for
 * byte.
 */
#ifndef PNDIS_TRACE_H
#define PNDIS_TRACE_H

#include <pndis/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_machine;
struct pndis_log;

/* What a log keeps. */
enum pndis_log_topic {
    PNDIS_LOG_STATES = 1u << 0, /* Lifecycle transitions of adapters, filter modules, bindings. */
    PNDIS_LOG_CALLBACKS = 1u << 1, /* NDIS calls a driver, and what it answered. */
    PNDIS_LOG_CALLS = 1u << 2,     /* A driver calls an NT or NDIS function. */
    PNDIS_LOG_RESOURCES = 1u << 3, /* What drivers acquire and give back. */
    PNDIS_LOG_DATA = 1u << 4,      /* NET_BUFFER_LIST chains crossing an edge. */
    PNDIS_LOG_REQUESTS = 1u << 5,  /* OID requests, status indications, PnP events. */
    PNDIS_LOG_EXECUTION = 1u << 6, /* Context switches, DPCs, timers, interrupts, waits. */
    PNDIS_LOG_NOTES = 1u << 7,     /* DbgPrint, the error log, pndis_log_note(). */
    PNDIS_LOG_VIOLATIONS = 1u << 8,
    PNDIS_LOG_STORY = PNDIS_LOG_STATES | PNDIS_LOG_CALLBACKS | PNDIS_LOG_VIOLATIONS,
    PNDIS_LOG_EVERYTHING = (1u << 9) - 1,

    PNDIS_LOG_WITHOUT_TIMES = 1u << 16, /* Leave out time, processor and IRQL. */
};

/**
 * Start a log.
 *
 * A log is opened and closed only while the machine is quiet: no driver code runs and no other
 * thread is in a call of this machine. On sim that is between the host's calls; on live a host sees
 * to it itself, best by opening its logs before it loads drivers and closing them, or destroying
 * the machine, when adapters are stopped.
 *
 * @param machine  Borrowed; the log ends with it at the latest.
 * @param topics   PNDIS_LOG_* or-ed together.
 * @return         Close with pndis_log_close(), or NULL for want of memory.
 */
PNDIS_API struct pndis_log *pndis_log_open(struct pndis_machine *machine, unsigned topics);

/** End a log and free its text, while the machine is quiet. NULL is accepted. */
PNDIS_API void pndis_log_close(struct pndis_log *log);

/**
 * All lines so far, each ended by a newline.
 *
 * @return Borrowed, valid until the next event; never NULL.
 */
PNDIS_API const char *pndis_log_text(struct pndis_log *log);

/** The length of pndis_log_text() in bytes. */
PNDIS_API size_t pndis_log_bytes(struct pndis_log *log);

/** Forget all lines so far. */
PNDIS_API void pndis_log_clear(struct pndis_log *log);

/** Write a line of the host's own into every log that keeps PNDIS_LOG_NOTES. */
PNDIS_API void pndis_log_note(struct pndis_machine *machine, const char *text);

#ifdef __cplusplus
}
#endif

#endif
