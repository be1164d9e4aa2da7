/* Sleeping on a word of memory. Everything that blocks on the live scheduler blocks here. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool
pndis__os_wait(const uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                             .tv_nsec = (long)(deadline_ns % 1000000000u)};
    const struct timespec *limit = deadline_ns == OS_FOREVER ? NULL : &until;

    /* The BITSET form is the one that takes an absolute time of the monotonic clock. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit, NULL,
                FUTEX_BITSET_MATCH_ANY) == -1 &&
        errno == ETIMEDOUT) {
        return false;
    }
    return true;
}

void
pndis__os_wake(const uint32_t *word, unsigned count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count, NULL, NULL,
            0);
}

void
pndis__os_yield(void)
{
    sched_yield();
}

void
pndis__os_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#else
    __asm__ volatile("" ::: "memory");
#endif
}
