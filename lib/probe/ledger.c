/* The leak ledger. See ledger.h for what it keeps; the rooms above only say ACQUIRE and RELEASE. */
#include "probe/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* One thing can be acquired in several ways (memory that holds a timer), so the key has both. */
struct ledger_key {
    const void *object;
    enum resource resource;
};

struct ledger_entry {
    struct ledger_key key;
    UT_hash_handle hh;
    struct ledger_entry *next; /* On the owner's account, newest first. */
    struct ledger_entry *prev;
    struct owner *owner;
    char acquired_for[sizeof(((struct owner *)0)->name)];
    const char *function;
    const char *callback;
    const void *caller;
    uint64_t bytes;
    uint32_t tag;
    uint32_t count; /* References to an object are many; of everything else there is one. */
    bool inferred;
};

struct ledger {
    struct probe *probe;
    struct violations *violations;
    struct os_mutex lock;
    struct ledger_entry *all;
    struct ledger_entry *spare;
};

static void
account_add(struct owner *owner, struct ledger_entry *entry)
{
    entry->owner = owner;
    entry->prev = NULL;
    entry->next = owner->ledger;
    if (owner->ledger != NULL) {
        owner->ledger->prev = entry;
    }
    owner->ledger = entry;
}

static void
account_remove(struct ledger_entry *entry)
{
    if (entry->prev != NULL) {
        entry->prev->next = entry->next;
    } else {
        entry->owner->ledger = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->prev = entry->prev;
    }
}

static void
forget(struct ledger *ledger, struct ledger_entry *entry)
{
    HASH_DEL(ledger->all, entry);
    account_remove(entry);
    entry->next = ledger->spare;
    ledger->spare = entry;
}

static struct ledger_entry *
find(struct ledger *ledger, const void *object, enum resource resource)
{
    struct ledger_key key;
    struct ledger_entry *entry;

    memset(&key, 0, sizeof(key));
    key.object = object;
    key.resource = resource;
    HASH_FIND(hh, ledger->all, &key, sizeof(key), entry);
    return entry;
}

static void
on_acquire(struct ledger *ledger, const struct probe_event *event)
{
    struct ledger_entry *entry = find(ledger, event->object, event->resource);

    if (entry != NULL && event->resource == RESOURCE_OBJECT_REFERENCE) {
        entry->count++;
        return;
    }
    /* A lock that is set up again in the same place replaces what was there. */
    if (entry != NULL) {
        forget(ledger, entry);
    }
    entry = ledger->spare;
    if (entry == NULL) {
        entry = malloc(sizeof(*entry));
        if (entry == NULL) {
            return;
        }
    } else {
        ledger->spare = entry->next;
    }
    memset(entry, 0, sizeof(*entry));
    entry->key.object = event->object;
    entry->key.resource = event->resource;
    entry->function = event->name;
    entry->callback = event->callback;
    entry->caller = event->caller;
    entry->bytes = event->a;
    entry->tag = (uint32_t)event->b;
    entry->count = 1;
    entry->inferred = event->inferred;
    memcpy(entry->acquired_for, event->owner->name, sizeof(entry->acquired_for));
    account_add(event->owner, entry);
    HASH_ADD(hh, ledger->all, key, sizeof(entry->key), entry);
}

static void
tag_text(uint32_t tag, char text[16])
{
    int used = snprintf(text, 16, ", tag '");

    for (unsigned shift = 0; shift < 32; shift += 8) {
        char letter = (char)(tag >> shift);

        text[used++] = letter >= ' ' && letter <= '~' ? letter : '.';
    }
    text[used++] = '\'';
    text[used] = 0;
}

/* What Windows itself forgives: a spin lock owns nothing that could be lost. */
static enum rule
rule_for(const struct probe_event *event, const struct ledger_entry *entry)
{
    return entry->key.resource == RESOURCE_SPIN_LOCK ? RULE_LEAK_SPIN_LOCK : (enum rule)event->a;
}

static void
report(struct ledger *ledger, const struct probe_event *event, const struct ledger_entry *entry,
       const char *format, ...)
{
    struct probe_event place = *event;
    va_list arguments;

    place.caller = NULL;
    place.callback = NULL; /* None runs any more: the message has that of the acquisition. */
    va_start(arguments, format);
    pndis__violation(ledger->violations, ledger->probe, rule_for(event, entry), &place,
                     entry->caller, format, arguments);
    va_end(arguments);
}

static void
report_leak(struct ledger *ledger, const struct probe_event *event,
            const struct ledger_entry *entry)
{
    char tag[16] = "";
    char bytes[32] = "";

    if (entry->tag != 0) {
        tag_text(entry->tag, tag);
    }
    if (entry->bytes != 0) {
        snprintf(bytes, sizeof(bytes), " of %" PRIu64 " bytes", entry->bytes);
    }
    report(ledger, event, entry, "%s left %s%s%s behind, acquired for %s with %s%s%s",
           event->owner->name, pndis__resource_words(entry->key.resource), bytes, tag,
           entry->acquired_for, entry->function, entry->callback == NULL ? "" : " in ",
           entry->callback == NULL ? "" : entry->callback);
}

/* Take everything off the account that this end is answerable for; what moves up stays tracked. */
static struct ledger_entry *
settle(struct ledger *ledger, const struct probe_event *event)
{
    struct owner *heir = event->b != ENDS_NO_HEIR ? event->owner->parent : NULL;
    struct ledger_entry *left = NULL;

    while (event->owner->ledger != NULL) {
        struct ledger_entry *entry = event->owner->ledger;

        account_remove(entry);
        if (heir != NULL && (entry->inferred || event->b == ENDS_ALL_TO_PARENT)) {
            account_add(heir, entry);
        } else {
            HASH_DEL(ledger->all, entry);
            entry->next = left;
            left = entry;
        }
    }
    return left;
}

/* ENDS: @a is the rule, @b an enum ends_heir. */
static void
on_end(struct ledger *ledger, const struct probe_event *event)
{
    struct ledger_entry *left;

    pndis__os_mutex_lock(&ledger->lock);
    left = settle(ledger, event);
    pndis__os_mutex_unlock(&ledger->lock);

    /* Oldest first, and without the lock: the host's on_violation may do what it likes. */
    while (left != NULL) {
        struct ledger_entry *entry = left;

        left = entry->next;
        if (!event->owner->past_end) {
            report_leak(ledger, event, entry);
        }
        free(entry);
    }
}

static void
on_event(const struct probe_event *event, void *user)
{
    struct ledger *ledger = user;
    struct ledger_entry *entry;

    if (event->kind == PROBE_ENDS) {
        on_end(ledger, event);
        return;
    }
    pndis__os_mutex_lock(&ledger->lock);
    if (event->kind == PROBE_ACQUIRE) {
        on_acquire(ledger, event);
    } else {
        entry = find(ledger, event->object, event->resource);
        if (entry != NULL && --entry->count == 0) {
            forget(ledger, entry);
        }
    }
    pndis__os_mutex_unlock(&ledger->lock);
}

struct ledger *
pndis__ledger_open(struct probe *probe, struct violations *violations)
{
    const uint32_t kinds =
        PROBE_BIT(PROBE_ACQUIRE) | PROBE_BIT(PROBE_RELEASE) | PROBE_BIT(PROBE_ENDS);
    struct ledger *ledger = calloc(1, sizeof(*ledger));

    if (ledger == NULL) {
        return NULL;
    }
    ledger->probe = probe;
    ledger->violations = violations;
    pndis__os_mutex_init(&ledger->lock);
    if (pndis__probe_add(probe, kinds, on_event, ledger) != 0) {
        pndis__os_mutex_fini(&ledger->lock);
        free(ledger);
        return NULL;
    }
    return ledger;
}

void
pndis__ledger_close(struct ledger *ledger)
{
    struct ledger_entry *entry;
    struct ledger_entry *next;

    if (ledger == NULL) {
        return;
    }
    pndis__probe_remove(ledger->probe, on_event, ledger);
    HASH_ITER (hh, ledger->all, entry, next) {
        forget(ledger, entry);
    }
    while (ledger->spare != NULL) {
        entry = ledger->spare;
        ledger->spare = entry->next;
        free(entry);
    }
    pndis__os_mutex_fini(&ledger->lock);
    free(ledger);
}

bool
pndis__ledger_find(struct ledger *ledger, const void *object, enum resource resource,
                   struct ledger_place *out_place)
{
    const struct ledger_entry *entry;

    pndis__os_mutex_lock(&ledger->lock);
    entry = find(ledger, object, resource);
    if (entry != NULL) {
        *out_place = (struct ledger_place){entry->function, entry->callback, entry->caller};
    }
    pndis__os_mutex_unlock(&ledger->lock);
    return entry != NULL;
}

size_t
pndis__ledger_count(struct ledger *ledger, const struct owner *owner)
{
    size_t count = 0;

    pndis__os_mutex_lock(&ledger->lock);
    for (const struct ledger_entry *entry = owner->ledger; entry != NULL; entry = entry->next) {
        count++;
    }
    pndis__os_mutex_unlock(&ledger->lock);
    return count;
}
