/*
 * The three lifecycle tables of NDIS and the one function of each that writes a state.
 *
 * "Miniport Adapter States and Operations", "Filter Module States and Operations" and "Protocol
 * Binding States and Operations" print them as event x state; so do the tables in state.c. A blank
 * cell is an illegal pair.
 */
#ifndef PNDIS_LIB_NDIS_STATE_H
#define PNDIS_LIB_NDIS_STATE_H

#include "nt/nt.h"

/* ILLEGAL is zero, so that what a table does not mention is illegal. */
#define MP_STATES(X)                                                                               \
    X(ILLEGAL, "Illegal")                                                                          \
    X(HALTED, "Halted")                                                                            \
    X(SHUTDOWN, "Shutdown")                                                                        \
    X(INITIALIZING, "Initializing")                                                                \
    X(PAUSED, "Paused")                                                                            \
    X(RESTARTING, "Restarting")                                                                    \
    X(RUNNING, "Running")                                                                          \
    X(PAUSING, "Pausing")

#define MP_EVENTS(X)                                                                               \
    X(INITIALIZE, "initialize")                                                                    \
    X(INITIALIZE_DONE, "initialized")                                                              \
    X(INITIALIZE_FAILED, "initialize failed")                                                      \
    X(SHUTDOWN, "shutdown")                                                                        \
    X(HALT, "halt")                                                                                \
    X(RESTART, "restart")                                                                          \
    X(RESTART_DONE, "restarted")                                                                   \
    X(RESTART_FAILED, "restart failed")                                                            \
    X(PAUSE, "pause")                                                                              \
    X(PAUSE_DONE, "paused")                                                                        \
    X(DATA, "send or receive")                                                                     \
    X(OID, "OID request")

#define FM_STATES(X)                                                                               \
    X(ILLEGAL, "Illegal")                                                                          \
    X(DETACHED, "Detached")                                                                        \
    X(ATTACHING, "Attaching")                                                                      \
    X(PAUSED, "Paused")                                                                            \
    X(RESTARTING, "Restarting")                                                                    \
    X(RUNNING, "Running")                                                                          \
    X(PAUSING, "Pausing")

#define FM_EVENTS(X)                                                                               \
    X(ATTACH, "attach")                                                                            \
    X(ATTACH_DONE, "attached")                                                                     \
    X(ATTACH_FAILED, "attach failed")                                                              \
    X(DETACH, "detach")                                                                            \
    X(RESTART, "restart")                                                                          \
    X(RESTART_DONE, "restarted")                                                                   \
    X(RESTART_FAILED, "restart failed")                                                            \
    X(PAUSE, "pause")                                                                              \
    X(PAUSE_DONE, "paused")                                                                        \
    X(DATA, "send or receive")                                                                     \
    X(OID, "OID request")

#define BD_STATES(X)                                                                               \
    X(ILLEGAL, "Illegal")                                                                          \
    X(UNBOUND, "Unbound")                                                                          \
    X(OPENING, "Opening")                                                                          \
    X(CLOSING, "Closing")                                                                          \
    X(PAUSED, "Paused")                                                                            \
    X(RESTARTING, "Restarting")                                                                    \
    X(RUNNING, "Running")                                                                          \
    X(PAUSING, "Pausing")

#define BD_EVENTS(X)                                                                               \
    X(BIND, "bind")                                                                                \
    X(BIND_DONE, "bound")                                                                          \
    X(BIND_FAILED, "bind failed")                                                                  \
    X(UNBIND, "unbind")                                                                            \
    X(UNBIND_DONE, "unbound")                                                                      \
    X(RESTART, "restart")                                                                          \
    X(RESTART_DONE, "restarted")                                                                   \
    X(RESTART_FAILED, "restart failed")                                                            \
    X(PAUSE, "pause")                                                                              \
    X(PAUSE_DONE, "paused")                                                                        \
    X(DATA, "send or receive")                                                                     \
    X(OID, "OID request")

#define X(name, words) MP_##name,
enum mp_state { MP_STATES(X) MP_STATE_COUNT };
#undef X
#define X(name, words) MP_EV_##name,
enum mp_event { MP_EVENTS(X) MP_EVENT_COUNT };
#undef X
#define X(name, words) FM_##name,
enum fm_state { FM_STATES(X) FM_STATE_COUNT };
#undef X
#define X(name, words) FM_EV_##name,
enum fm_event { FM_EVENTS(X) FM_EVENT_COUNT };
#undef X
#define X(name, words) BD_##name,
enum bd_state { BD_STATES(X) BD_STATE_COUNT };
#undef X
#define X(name, words) BD_EV_##name,
enum bd_event { BD_EVENTS(X) BD_EVENT_COUNT };
#undef X

/* One lifecycle: its table and the words for it. All three have this shape. */
struct lifecycle {
    const char *name;
    unsigned state_count;
    unsigned event_count;
    const uint8_t *next; /* event_count rows of state_count. */
    const char *const *state_names;
    const char *const *event_names;
    enum rule rule; /* What an illegal pair breaks. */
};

extern const struct lifecycle pndis__adapter_lifecycle;
extern const struct lifecycle pndis__filter_lifecycle;
extern const struct lifecycle pndis__binding_lifecycle;

/* Where one instance is in its lifecycle. Read by any thread; written by pndis__fire() only. */
struct machine_state {
    const struct lifecycle *lifecycle;
    struct owner *owner;
    uint8_t state;
};

void pndis__state_init(struct machine_state *at, const struct lifecycle *lifecycle,
                       struct owner *owner, uint8_t first);

static inline uint8_t
state_of(const struct machine_state *at)
{
    return __atomic_load_n(&at->state, __ATOMIC_ACQUIRE);
}

static inline bool
state_allows(const struct machine_state *at, unsigned event)
{
    return at->lifecycle->next[event * at->lifecycle->state_count + state_of(at)] != 0;
}

static inline const char *
state_name(const struct machine_state *at)
{
    return at->lifecycle->state_names[state_of(at)];
}

/*
 * Take @event: check it against the table, write the new state, and tell. An illegal pair changes
 * nothing, is reported under the lifecycle's rule, and returns false.
 */
bool pndis__fire(struct context *context, struct machine_state *at, unsigned event,
                 const char *call);

#endif
