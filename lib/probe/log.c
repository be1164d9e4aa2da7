/* The event log: events as lines of text. Knows how a line looks, not what it means. */
#include "probe/log.h"

#include <inttypes.h>
#include <pndis/verifier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 512 };

struct pndis_log {
    struct probe *probe;
    struct os_mutex lock;
    bool with_times;
    char *text;
    size_t bytes;
    size_t capacity;
};

/* Which topic an event kind belongs to. */
static const struct {
    enum pndis_log_topic topic;
    uint32_t kinds;
} topics_of_kinds[] = {
    {PNDIS_LOG_STATES, PROBE_BIT(PROBE_STATE)},
    {PNDIS_LOG_CALLBACKS, PROBE_BIT(PROBE_ENTER) | PROBE_BIT(PROBE_LEAVE)},
    {PNDIS_LOG_CALLS, PROBE_BIT(PROBE_CALL)},
    {PNDIS_LOG_RESOURCES,
     PROBE_BIT(PROBE_ACQUIRE) | PROBE_BIT(PROBE_RELEASE) | PROBE_BIT(PROBE_ENDS)},
    {PNDIS_LOG_DATA, PROBE_BIT(PROBE_NBL)},
    {PNDIS_LOG_REQUESTS, PROBE_BIT(PROBE_REQUEST)},
    {PNDIS_LOG_EXECUTION, PROBE_BIT(PROBE_IRQL) | PROBE_BIT(PROBE_LOCK) | PROBE_BIT(PROBE_SWITCH) |
                              PROBE_BIT(PROBE_RUN) | PROBE_BIT(PROBE_WAIT)},
    {PNDIS_LOG_NOTES, PROBE_BIT(PROBE_NOTE)},
    {PNDIS_LOG_VIOLATIONS, PROBE_BIT(PROBE_VIOLATION)},
};

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static int
describe(const struct probe_event *event, char *text, size_t bytes)
{
    const struct pndis_violation *violation = event->object;

    switch (event->kind) {
    case PROBE_STATE:
        return snprintf(text, bytes, "%s", event->detail);
    case PROBE_ENTER:
        return snprintf(text, bytes, "> %s%s%s", event->name, event->detail == NULL ? "" : " ",
                        or_empty(event->detail));
    case PROBE_LEAVE:
        if (event->b == 0) {
            return snprintf(text, bytes, "< %s", event->name);
        }
        return snprintf(text, bytes, "< %s returns 0x%08" PRIX32, event->name, (uint32_t)event->a);
    case PROBE_CALL:
        return snprintf(text, bytes, "%s", event->name);
    case PROBE_ACQUIRE:
        return snprintf(text, bytes, "%s: + %s, %" PRIu64 " bytes", event->name,
                        pndis__resource_words(event->resource), event->a);
    case PROBE_RELEASE:
        return snprintf(text, bytes, "%s: - %s", event->name,
                        pndis__resource_words(event->resource));
    case PROBE_NBL:
        return snprintf(text, bytes, "%s, %" PRIu64 " NBL, flags 0x%" PRIX64, event->name, event->a,
                        event->b);
    case PROBE_REQUEST:
        return snprintf(text, bytes, "%s %s 0x%08" PRIX32, event->name, or_empty(event->detail),
                        (uint32_t)event->a);
    case PROBE_IRQL:
        return snprintf(text, bytes, "IRQL %" PRIu64 " -> %" PRIu64, event->a, event->b);
    case PROBE_VIOLATION:
        return snprintf(text, bytes, "violation %s: %s", violation->rule, violation->message);
    default:
        return snprintf(text, bytes, "%s%s%s", or_empty(event->name),
                        event->name == NULL || event->detail == NULL ? "" : " ",
                        or_empty(event->detail));
    }
}

static void
append(struct pndis_log *log, const char *line, size_t bytes)
{
    if (log->bytes + bytes + 1 > log->capacity) {
        size_t capacity = (log->bytes + bytes + 1) * 2;
        char *grown = realloc(log->text, capacity);

        if (grown == NULL) {
            return;
        }
        log->text = grown;
        log->capacity = capacity;
    }
    memcpy(log->text + log->bytes, line, bytes);
    log->bytes += bytes;
    log->text[log->bytes] = 0;
}

static void
on_event(const struct probe_event *event, void *user)
{
    struct pndis_log *log = user;
    char line[LINE_BYTES];
    int used = 0;
    int more;

    if (log->with_times) {
        used = snprintf(line, sizeof(line), "%12" PRIu64 " ", event->time_ns);
        used += event->cpu < 0
                    ? snprintf(line + used, sizeof(line) - (size_t)used, "     c%" PRIu32,
                               event->context)
                    : snprintf(line + used, sizeof(line) - (size_t)used, "p%d@%-2u c%" PRIu32,
                               event->cpu, event->irql, event->context);
        used += snprintf(line + used, sizeof(line) - (size_t)used, " %-9s ",
                         pndis__probe_kind_name(event->kind));
    }
    if (event->owner != NULL) {
        used += snprintf(line + used, sizeof(line) - (size_t)used, "%s: ", event->owner->name);
    }
    more = describe(event, line + used, sizeof(line) - (size_t)used - 1);
    used += more;
    if (used > (int)sizeof(line) - 2) {
        used = (int)sizeof(line) - 2;
    }
    line[used++] = '\n';

    pndis__os_mutex_lock(&log->lock);
    append(log, line, (size_t)used);
    pndis__os_mutex_unlock(&log->lock);
}

struct pndis_log *
pndis__log_open(struct probe *probe, unsigned topics)
{
    struct pndis_log *log = calloc(1, sizeof(*log));
    uint32_t kinds = 0;

    if (log == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(topics_of_kinds) / sizeof(topics_of_kinds[0]); i++) {
        if ((topics & topics_of_kinds[i].topic) != 0) {
            kinds |= topics_of_kinds[i].kinds;
        }
    }
    log->probe = probe;
    log->with_times = (topics & PNDIS_LOG_WITHOUT_TIMES) == 0;
    pndis__os_mutex_init(&log->lock);
    if (pndis__probe_add(probe, kinds, on_event, log) != 0) {
        pndis__os_mutex_fini(&log->lock);
        free(log);
        return NULL;
    }
    return log;
}

void
pndis_log_close(struct pndis_log *log)
{
    if (log == NULL) {
        return;
    }
    pndis__probe_remove(log->probe, on_event, log);
    pndis__os_mutex_fini(&log->lock);
    free(log->text);
    free(log);
}

void
pndis__logs_close(struct probe *probe)
{
    for (unsigned i = 0; i < PROBE_OBSERVER_LIMIT; i++) {
        if (probe->observers[i].observe == on_event) {
            pndis_log_close(probe->observers[i].user);
        }
    }
}

const char *
pndis_log_text(struct pndis_log *log)
{
    return log->text == NULL ? "" : log->text;
}

size_t
pndis_log_bytes(struct pndis_log *log)
{
    return log->bytes;
}

void
pndis_log_clear(struct pndis_log *log)
{
    pndis__os_mutex_lock(&log->lock);
    log->bytes = 0;
    if (log->text != NULL) {
        log->text[0] = 0;
    }
    pndis__os_mutex_unlock(&log->lock);
}
