/*
 * Rules and violations: what a driver did wrong, as data.
 *
 * pndis reports a broken rule the moment it sees it. The default policy prints the report and ends
 * the process, as a bug check ends Windows; a test asks for PNDIS_POLICY_RECORD and asserts on the
 * records.
 */
#ifndef PNDIS_VERIFIER_H
#define PNDIS_VERIFIER_H

#include <pndis/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_machine;

enum pndis_severity {
    PNDIS_ADVICE, /* The documentation says should, or the rule is inferred. Never ends the process.
                   */
    PNDIS_ERROR,  /* The documentation says must. */
};

/** One broken rule. All strings are UTF-8, never NULL, and live as long as the record. */
struct pndis_violation {
    const char *rule;        /* Permanent id: "MP_PAUSE_3". */
    const char *requirement; /* What the rule asks, in one sentence. */
    const char *page;        /* Title of the documentation page that asks it. */
    const char *message;     /* What happened, with names and numbers. */
    const char *subject;     /* Whose fault: "eth0", "mydriver". */
    const char *call;        /* The function in which it was seen: "NdisMPauseComplete". */
    const char *callback;    /* The driver's entry point that was running, or "". */
    const char *broken_at;   /* Source place of the call, or "". */
    const char *acquired_at; /* Source place where the object came from, or "". */
    enum pndis_severity severity;
    uint64_t time_ns; /* On the machine's clock. */
};

enum pndis_policy {
    PNDIS_POLICY_STOP = 0, /* Report on standard error and abort() on the first PNDIS_ERROR. */
    PNDIS_POLICY_REPORT,   /* Report on standard error and go on. */
    PNDIS_POLICY_RECORD,   /* Only record, and call the machine's on_violation. */
};

typedef void pndis_on_violation(struct pndis_machine *machine,
                                const struct pndis_violation *violation, void *user);

/**
 * How many violations of PNDIS_ERROR severity the machine has recorded so far.
 *
 * @param machine  Borrowed.
 */
PNDIS_API size_t pndis_violation_count(struct pndis_machine *machine);

/**
 * A recorded violation, in the order of their happening, advice included.
 *
 * @param machine  Borrowed.
 * @param index    From 0.
 * @return         Borrowed until pndis_violations_clear() or the end of the machine; NULL past the
 * end.
 */
PNDIS_API const struct pndis_violation *pndis_violation_at(struct pndis_machine *machine,
                                                           size_t index);

/**
 * The first recorded violation of @rule, or NULL.
 *
 * @param rule  A rule id.
 */
PNDIS_API const struct pndis_violation *pndis_violation_of(struct pndis_machine *machine,
                                                           const char *rule);

/** Forget and free all records, so that a test can go on after it has seen what it expected. */
PNDIS_API void pndis_violations_clear(struct pndis_machine *machine);

/** A rule that pndis checks. */
struct pndis_rule {
    const char *id;
    const char *requirement;
    const char *page;
    enum pndis_severity severity;
};

/**
 * The catalogue of rules.
 *
 * @return Borrowed, static; NULL past the end.
 */
PNDIS_API const struct pndis_rule *pndis_rule_at(size_t index);

/**
 * Make one allocation of the drivers fail: the first after the next @skip ones.
 *
 * Counts every call of NT and NDIS by which a driver can allocate something (pool memory, pools and
 * buffer lists, timers, work items, MDLs, threads). A test that wants to see every failure runs the
 * same story with 0, 1, 2 ... until pndis_fault_fired() says that the fault was left unused.
 *
 * @param machine  Borrowed.
 * @param skip     How many to let through first. Arming again starts a new count.
 */
PNDIS_API void pndis_fault_arm(struct pndis_machine *machine, uint64_t skip);

/** Fail nothing any more, and stop counting. */
PNDIS_API void pndis_fault_disarm(struct pndis_machine *machine);

/** Whether an allocation has been made to fail since pndis_fault_arm(). */
PNDIS_API bool pndis_fault_fired(const struct pndis_machine *machine);

/** How many allocations have been tried since pndis_fault_arm(), the failed one included. */
PNDIS_API uint64_t pndis_fault_attempts(const struct pndis_machine *machine);

#ifdef __cplusplus
}
#endif

#endif
