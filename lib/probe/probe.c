/* Who watches, and handing them what happens. */
#include "probe/probe.h"

#include <pndis/error.h>
#include <string.h>

static const char *const kind_names[] = {
#define X(name) [PROBE_##name] = #name,
    PROBE_KINDS(X)
#undef X
};

static const char *const resource_words[] = {
#define X(name, words) [RESOURCE_##name] = words,
    RESOURCES(X)
#undef X
};

void
pndis__probe_init(struct probe *probe)
{
    memset(probe, 0, sizeof(*probe));
    pndis__os_mutex_init(&probe->lock);
}

void
pndis__probe_fini(struct probe *probe)
{
    pndis__os_mutex_fini(&probe->lock);
}

static void
recompute_mask(struct probe *probe)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < PROBE_OBSERVER_LIMIT; i++) {
        mask |= probe->observers[i].mask;
    }
    probe->mask = mask;
}

int
pndis__probe_add(struct probe *probe, uint32_t mask, probe_observe *observe, void *user)
{
    int result = PNDIS_ELIMIT;

    pndis__os_mutex_lock(&probe->lock);
    for (unsigned i = 0; i < PROBE_OBSERVER_LIMIT && result != 0; i++) {
        if (probe->observers[i].observe == NULL) {
            probe->observers[i].observe = observe;
            probe->observers[i].user = user;
            probe->observers[i].mask = mask;
            result = 0;
        }
    }
    recompute_mask(probe);
    pndis__os_mutex_unlock(&probe->lock);
    return result;
}

void
pndis__probe_remove(struct probe *probe, probe_observe *observe, void *user)
{
    pndis__os_mutex_lock(&probe->lock);
    for (unsigned i = 0; i < PROBE_OBSERVER_LIMIT; i++) {
        if (probe->observers[i].observe == observe && probe->observers[i].user == user) {
            memset(&probe->observers[i], 0, sizeof(probe->observers[i]));
        }
    }
    recompute_mask(probe);
    pndis__os_mutex_unlock(&probe->lock);
}

void
pndis__probe_emit(struct probe *probe, const struct probe_event *event)
{
    for (unsigned i = 0; i < PROBE_OBSERVER_LIMIT; i++) {
        if ((probe->observers[i].mask & PROBE_BIT(event->kind)) != 0) {
            probe->observers[i].observe(event, probe->observers[i].user);
        }
    }
}

const char *
pndis__probe_kind_name(enum probe_kind kind)
{
    return kind_names[kind];
}

const char *
pndis__resource_words(enum resource resource)
{
    return resource_words[resource];
}
