/* What every driver of the device has to do: cmocka tests whose initial state is a struct lives. */
#ifndef PNDIS_TESTS_LIVES_H
#define PNDIS_TESTS_LIVES_H

#include "virtio_net/net_world.h"

struct lives {
    /* @options with the driver and the devices for it; NULL: they are as they should be. */
    struct net_options (*with)(struct net_options options);
    bool checks_for_hang; /* It is asked whether the device needs a reset. */
};

/* What X makes of each, with commas between: lifecycle operations with frames on their way in both
 * directions; */
#define LIVES(X)                                                                                   \
    X(a_paused_adapter_is_silent)                                                                  \
    , X(a_pause_waits_for_held_frames)                                                             \
    , X(resets_under_load)                                                                         \
    , X(held_frames_survive_a_reset)                                                               \
    , X(a_broken_device_is_reset)                                                                  \
    , X(halts_under_load)                                                                          \
    , X(surprise_removals_under_load)                                                              \
    , X(sleep_and_wake_under_load)                                                                 \
    , X(link_flaps_under_load)

/* frames alone. */
#define STREAMS(X)                                                                                 \
    X(frames_arrive_as_they_were_sent)                                                             \
    , X(chains_keep_their_order)

#define LIFE(name) name(void **state)
void LIVES(LIFE);
void STREAMS(LIFE);
#undef LIFE

#endif
