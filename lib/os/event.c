/* Waiting for a descriptor of the outside, for a time, or for another thread, whichever is first.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int
pndis__os_event_init(struct os_event *event)
{
    event->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return event->descriptor < 0 ? -errno : 0;
}

void
pndis__os_event_fini(struct os_event *event)
{
    close(event->descriptor);
}

void
pndis__os_event_signal(struct os_event *event)
{
    const uint64_t one = 1;

    /* Fails only when it is signalled already, as often as it can be. */
    if (write(event->descriptor, &one, sizeof(one)) < 0) {
        return;
    }
}

static short
poll_events(unsigned wanted)
{
    return (short)(((wanted & OS_READABLE) != 0 ? POLLIN : 0) |
                   ((wanted & OS_WRITABLE) != 0 ? POLLOUT : 0));
}

void
pndis__os_event_wait(struct os_event *event, const struct os_watch *watches, unsigned count,
                     uint64_t deadline_ns)
{
    struct pollfd polled[1 + OS_WATCH_LIMIT] = {{.fd = event->descriptor, .events = POLLIN}};
    uint64_t now = deadline_ns == OS_FOREVER ? 0 : pndis__os_now_ns();
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    struct timespec limit = {.tv_sec = (time_t)(left / 1000000000u),
                             .tv_nsec = (long)(left % 1000000000u)};
    uint64_t signals;

    for (unsigned i = 0; i < count; i++) {
        polled[1 + i].fd = watches[i].descriptor;
        polled[1 + i].events = poll_events(watches[i].wanted);
    }
    if (ppoll(polled, 1 + count, deadline_ns == OS_FOREVER ? NULL : &limit, NULL) > 0 &&
        (polled[0].revents & POLLIN) != 0 &&
        read(event->descriptor, &signals, sizeof(signals)) < 0) {
        return;
    }
}
