/* Broken rules become records here. Who is checked for what is decided where the rule applies. */
#include "probe/violation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pndis_rule rules[] = {
#define RULE(id, requirement, severity, page)                                                      \
    [RULE_##id] = {#id, requirement, page, PNDIS_##severity},
#include "probe/rules.def"
#undef RULE
};

enum { MESSAGE_BYTES = 512, PLACE_BYTES = 160, NAME_BYTES = 80, SEVERITY_COUNT = 2 };

struct violation_record {
    struct violation_record *next;
    struct pndis_violation public;
    char message[MESSAGE_BYTES];
    char broken_at[PLACE_BYTES];
    char acquired_at[PLACE_BYTES];
    char subject[NAME_BYTES];
    char call[NAME_BYTES];
    char callback[NAME_BYTES];
};

void
pndis__violations_init(struct violations *violations, struct pndis_machine *machine,
                       enum pndis_policy policy, pndis_on_violation *on_violation, void *user)
{
    memset(violations, 0, sizeof(*violations));
    pndis__os_mutex_init(&violations->lock);
    violations->machine = machine;
    violations->policy = policy;
    violations->on_violation = on_violation;
    violations->user = user;
}

static void
forget_all(struct violations *violations)
{
    while (violations->first != NULL) {
        struct violation_record *record = violations->first;

        violations->first = record->next;
        free(record);
    }
    violations->last = NULL;
    violations->errors = 0;
}

void
pndis__violations_fini(struct violations *violations)
{
    forget_all(violations);
    pndis__os_mutex_fini(&violations->lock);
}

static void
fill(struct violation_record *record, enum rule rule, const struct probe_event *event,
     const void *acquired, const char *format, va_list arguments)
{
    const struct owner *owner = event->owner;

    vsnprintf(record->message, sizeof(record->message), format, arguments);
    snprintf(record->subject, sizeof(record->subject), "%s", owner == NULL ? "" : owner->name);
    snprintf(record->call, sizeof(record->call), "%s", event->name == NULL ? "" : event->name);
    snprintf(record->callback, sizeof(record->callback), "%s",
             event->callback == NULL ? "" : event->callback);
    if (event->caller != NULL) {
        pndis__os_symbol_of(event->caller, record->broken_at, sizeof(record->broken_at));
    }
    if (acquired != NULL) {
        pndis__os_symbol_of(acquired, record->acquired_at, sizeof(record->acquired_at));
    }
    record->public = (struct pndis_violation){
        .rule = rules[rule].id,
        .requirement = rules[rule].requirement,
        .page = rules[rule].page,
        .message = record->message,
        .subject = record->subject,
        .call = record->call,
        .callback = record->callback,
        .broken_at = record->broken_at,
        .acquired_at = record->acquired_at,
        .severity = rules[rule].severity,
        .time_ns = event->time_ns,
    };
}

void
pndis__again_with(const struct violations *violations, struct os_text *text)
{
    if (violations->processors == 0) {
        return;
    }
    pndis__os_text_add(text, "  again with: seed ");
    pndis__os_text_decimal(text, violations->seed);
    pndis__os_text_add(text, ", ");
    pndis__os_text_decimal(text, violations->processors);
    pndis__os_text_add(text, violations->processors == 1 ? " processor\n" : " processors\n");
}

static void
print(const struct violations *violations, const struct pndis_violation *violation)
{
    static const char *const words[SEVERITY_COUNT] = {"advice", "violation"};
    char text[2048];
    char run[96];
    struct os_text again = pndis__os_text(run, sizeof(run));

    pndis__again_with(violations, &again);
    snprintf(text, sizeof(text),
             "\npndis: %s of rule %s: %s\n"
             "  requirement: %s (\"%s\")\n"
             "  who: %s%s%s%s%s\n%s%s%s%s%s%s%s",
             words[violation->severity], violation->rule, violation->message,
             violation->requirement, violation->page, violation->subject,
             violation->call[0] == 0 ? "" : ", in ", violation->call,
             violation->callback[0] == 0 ? "" : ", called from ", violation->callback,
             violation->broken_at[0] == 0 ? "" : "  at: ", violation->broken_at,
             violation->broken_at[0] == 0 ? "" : "\n",
             violation->acquired_at[0] == 0 ? "" : "  acquired at: ", violation->acquired_at,
             violation->acquired_at[0] == 0 ? "" : "\n", run);
    pndis__os_report(text);
}

void
pndis__violation(struct violations *violations, struct probe *probe, enum rule rule,
                 const struct probe_event *event, const void *acquired, const char *format,
                 va_list arguments)
{
    struct violation_record *record = calloc(1, sizeof(*record));
    struct probe_event told = *event;

    if (record == NULL) {
        pndis__os_report("pndis: no memory left to report a violation\n");
        pndis__os_die();
    }
    fill(record, rule, event, acquired, format, arguments);
    pndis__os_mutex_lock(&violations->lock);
    if (violations->last == NULL) {
        violations->first = record;
    } else {
        violations->last->next = record;
    }
    violations->last = record;
    violations->errors += record->public.severity == PNDIS_ERROR;
    pndis__os_mutex_unlock(&violations->lock);

    if (pndis__probe_wants(probe, PROBE_VIOLATION)) {
        told.kind = PROBE_VIOLATION;
        told.object = &record->public;
        pndis__probe_emit(probe, &told);
    }
    if (violations->policy != PNDIS_POLICY_RECORD) {
        print(violations, &record->public);
    }
    if (violations->on_violation != NULL) {
        violations->on_violation(violations->machine, &record->public, violations->user);
    }
    if (violations->policy == PNDIS_POLICY_STOP && record->public.severity == PNDIS_ERROR) {
        pndis__os_die();
    }
}

size_t
pndis__violations_errors(struct violations *violations)
{
    size_t count;

    pndis__os_mutex_lock(&violations->lock);
    count = violations->errors;
    pndis__os_mutex_unlock(&violations->lock);
    return count;
}

const struct pndis_violation *
pndis__violations_at(struct violations *violations, size_t index)
{
    const struct violation_record *record;

    pndis__os_mutex_lock(&violations->lock);
    for (record = violations->first; record != NULL && index > 0; index--) {
        record = record->next;
    }
    pndis__os_mutex_unlock(&violations->lock);
    return record == NULL ? NULL : &record->public;
}

const struct pndis_violation *
pndis__violations_of(struct violations *violations, const char *rule)
{
    const struct violation_record *record;

    pndis__os_mutex_lock(&violations->lock);
    for (record = violations->first; record != NULL; record = record->next) {
        if (strcmp(record->public.rule, rule) == 0) {
            break;
        }
    }
    pndis__os_mutex_unlock(&violations->lock);
    return record == NULL ? NULL : &record->public;
}

void
pndis__violations_clear(struct violations *violations)
{
    pndis__os_mutex_lock(&violations->lock);
    forget_all(violations);
    pndis__os_mutex_unlock(&violations->lock);
}

const struct pndis_rule *
pndis_rule_at(size_t index)
{
    return index < RULE_COUNT ? &rules[index] : NULL;
}
