/* Clocks and randomness. Virtual time is not here: it belongs to the sim scheduler. */
#define _GNU_SOURCE
#include "os/os.h"

#include <sys/random.h>
#include <time.h>

static uint64_t
clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t
pndis__os_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
pndis__os_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint64_t
pndis__os_random_u64(void)
{
    uint64_t value = 0;

    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value)) {
        value = pndis__os_now_ns();
    }
    return value;
}
