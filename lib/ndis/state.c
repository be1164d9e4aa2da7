/* The lifecycle tables, laid out as the documentation prints them. See state.h. */
#include "ndis/state.h"

#include <stdio.h>

/* "Miniport Adapter States and Operations": 12 events x 7 states, 19 cells legal. */
static const uint8_t adapter_next[MP_EVENT_COUNT][MP_STATE_COUNT] = {
    [MP_EV_INITIALIZE] = {[MP_HALTED] = MP_INITIALIZING},
    [MP_EV_INITIALIZE_DONE] = {[MP_INITIALIZING] = MP_PAUSED},
    [MP_EV_INITIALIZE_FAILED] = {[MP_INITIALIZING] = MP_HALTED},
    [MP_EV_SHUTDOWN] = {[MP_PAUSED] = MP_SHUTDOWN,
                        [MP_RESTARTING] = MP_SHUTDOWN,
                        [MP_RUNNING] = MP_SHUTDOWN,
                        [MP_PAUSING] = MP_SHUTDOWN},
    [MP_EV_HALT] = {[MP_PAUSED] = MP_HALTED},
    [MP_EV_RESTART] = {[MP_PAUSED] = MP_RESTARTING},
    [MP_EV_RESTART_DONE] = {[MP_RESTARTING] = MP_RUNNING},
    [MP_EV_RESTART_FAILED] = {[MP_RESTARTING] = MP_PAUSED},
    [MP_EV_PAUSE] = {[MP_RUNNING] = MP_PAUSING},
    [MP_EV_PAUSE_DONE] = {[MP_PAUSING] = MP_PAUSED},
    [MP_EV_DATA] = {[MP_RUNNING] = MP_RUNNING, [MP_PAUSING] = MP_PAUSING},
    [MP_EV_OID] = {[MP_PAUSED] = MP_PAUSED,
                   [MP_RESTARTING] = MP_RESTARTING,
                   [MP_RUNNING] = MP_RUNNING,
                   [MP_PAUSING] = MP_PAUSING},
};

/* "Filter Module States and Operations": 11 events x 6 states, 15 cells legal. */
static const uint8_t filter_next[FM_EVENT_COUNT][FM_STATE_COUNT] = {
    [FM_EV_ATTACH] = {[FM_DETACHED] = FM_ATTACHING},
    [FM_EV_ATTACH_DONE] = {[FM_ATTACHING] = FM_PAUSED},
    [FM_EV_ATTACH_FAILED] = {[FM_ATTACHING] = FM_DETACHED},
    [FM_EV_DETACH] = {[FM_PAUSED] = FM_DETACHED},
    [FM_EV_RESTART] = {[FM_PAUSED] = FM_RESTARTING},
    [FM_EV_RESTART_DONE] = {[FM_RESTARTING] = FM_RUNNING},
    [FM_EV_RESTART_FAILED] = {[FM_RESTARTING] = FM_PAUSED},
    [FM_EV_PAUSE] = {[FM_RUNNING] = FM_PAUSING},
    [FM_EV_PAUSE_DONE] = {[FM_PAUSING] = FM_PAUSED},
    [FM_EV_DATA] = {[FM_RUNNING] = FM_RUNNING, [FM_PAUSING] = FM_PAUSING},
    [FM_EV_OID] = {[FM_PAUSED] = FM_PAUSED,
                   [FM_RESTARTING] = FM_RESTARTING,
                   [FM_RUNNING] = FM_RUNNING,
                   [FM_PAUSING] = FM_PAUSING},
};

/* "Protocol Binding States and Operations": 12 events x 7 states, 17 cells legal. */
static const uint8_t binding_next[BD_EVENT_COUNT][BD_STATE_COUNT] = {
    [BD_EV_BIND] = {[BD_UNBOUND] = BD_OPENING},
    [BD_EV_BIND_DONE] = {[BD_OPENING] = BD_PAUSED},
    [BD_EV_BIND_FAILED] = {[BD_OPENING] = BD_UNBOUND},
    [BD_EV_UNBIND] = {[BD_PAUSED] = BD_CLOSING},
    [BD_EV_UNBIND_DONE] = {[BD_CLOSING] = BD_UNBOUND},
    [BD_EV_RESTART] = {[BD_PAUSED] = BD_RESTARTING},
    [BD_EV_RESTART_DONE] = {[BD_RESTARTING] = BD_RUNNING},
    [BD_EV_RESTART_FAILED] = {[BD_RESTARTING] = BD_PAUSED},
    [BD_EV_PAUSE] = {[BD_RUNNING] = BD_PAUSING},
    [BD_EV_PAUSE_DONE] = {[BD_PAUSING] = BD_PAUSED},
    [BD_EV_DATA] = {[BD_RUNNING] = BD_RUNNING, [BD_PAUSING] = BD_PAUSING},
    [BD_EV_OID] = {[BD_CLOSING] = BD_CLOSING,
                   [BD_PAUSED] = BD_PAUSED,
                   [BD_RESTARTING] = BD_RESTARTING,
                   [BD_RUNNING] = BD_RUNNING,
                   [BD_PAUSING] = BD_PAUSING},
};

#define X(name, words) words,
static const char *const adapter_states[] = {MP_STATES(X)};
static const char *const adapter_events[] = {MP_EVENTS(X)};
static const char *const filter_states[] = {FM_STATES(X)};
static const char *const filter_events[] = {FM_EVENTS(X)};
static const char *const binding_states[] = {BD_STATES(X)};
static const char *const binding_events[] = {BD_EVENTS(X)};
#undef X

const struct lifecycle pndis__adapter_lifecycle = {
    .name = "adapter",
    .state_count = MP_STATE_COUNT,
    .event_count = MP_EVENT_COUNT,
    .next = &adapter_next[0][0],
    .state_names = adapter_states,
    .event_names = adapter_events,
    .rule = RULE_MP_STATE,
};

const struct lifecycle pndis__filter_lifecycle = {
    .name = "filter module",
    .state_count = FM_STATE_COUNT,
    .event_count = FM_EVENT_COUNT,
    .next = &filter_next[0][0],
    .state_names = filter_states,
    .event_names = filter_events,
    .rule = RULE_FM_STATE,
};

const struct lifecycle pndis__binding_lifecycle = {
    .name = "binding",
    .state_count = BD_STATE_COUNT,
    .event_count = BD_EVENT_COUNT,
    .next = &binding_next[0][0],
    .state_names = binding_states,
    .event_names = binding_events,
    .rule = RULE_BD_STATE,
};

void
pndis__state_init(struct machine_state *at, const struct lifecycle *lifecycle, struct owner *owner,
                  uint8_t first)
{
    at->lifecycle = lifecycle;
    at->owner = owner;
    at->state = first;
}

bool
pndis__fire(struct context *context, struct machine_state *at, unsigned event, const char *call)
{
    const struct lifecycle *lifecycle = at->lifecycle;
    uint8_t from = at->state;
    uint8_t to = lifecycle->next[event * lifecycle->state_count + from];

    if (to == 0) {
        pndis__report(context, lifecycle->rule, at->owner, call, NULL, "%s while the %s is %s",
                      lifecycle->event_names[event], lifecycle->name, lifecycle->state_names[from]);
        return false;
    }
    if (to == from) {
        return true;
    }
    __atomic_store_n(&at->state, to, __ATOMIC_RELEASE);
    if (pndis__probe_wants(context->probe, PROBE_STATE)) {
        char words[64];

        snprintf(words, sizeof(words), "%s -> %s", lifecycle->state_names[from],
                 lifecycle->state_names[to]);
        PROBE(context, STATE, .name = lifecycle->event_names[event], .detail = words,
              .owner = at->owner, .a = from, .b = to);
    }
    return true;
}
