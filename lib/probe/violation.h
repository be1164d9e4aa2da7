/* Broken rules: the catalogue, making a report of one, and what the policy does with it. */
#ifndef PNDIS_LIB_PROBE_VIOLATION_H
#define PNDIS_LIB_PROBE_VIOLATION_H

#include "probe/probe.h"

#include <pndis/verifier.h>
#include <stdarg.h>

enum rule {
#define RULE(id, requirement, severity, page) RULE_##id,
#include "probe/rules.def"
#undef RULE
    RULE_COUNT
};

/* All violations of one machine. */
struct violations {
    struct os_mutex lock;
    struct violation_record *first;
    struct violation_record *last;
    size_t errors;
    enum pndis_policy policy;
    pndis_on_violation *on_violation;
    struct pndis_machine *machine;
    void *user;
    /* With which another run is the same; @processors 0: none is (live). */
    uint64_t seed;
    unsigned processors;
};

void pndis__violations_init(struct violations *violations, struct pndis_machine *machine,
                            enum pndis_policy policy, pndis_on_violation *on_violation, void *user);
void pndis__violations_fini(struct violations *violations);

/*
 * Record that @event->owner broke @rule, tell the observers and the host, and apply the policy:
 * with PNDIS_POLICY_STOP this does not return for an error. @event carries the place and the time,
 * its
 * @name is the call in which the fault was seen; @acquired may be NULL.
 */
void pndis__violation(struct violations *violations, struct probe *probe, enum rule rule,
                      const struct probe_event *event, const void *acquired, const char *format,
                      va_list arguments);

/* Add the line of a report that says how to have the same run again, if there is a way.
 * Async-signal-safe. */
void pndis__again_with(const struct violations *violations, struct os_text *text);

/* The bodies of the pndis_violation_*() functions of <pndis/verifier.h>. */
size_t pndis__violations_errors(struct violations *violations);
const struct pndis_violation *pndis__violations_at(struct violations *violations, size_t index);
const struct pndis_violation *pndis__violations_of(struct violations *violations, const char *rule);
void pndis__violations_clear(struct violations *violations);

#endif
