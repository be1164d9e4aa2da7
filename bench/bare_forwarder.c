/*
 * The floor: the least that moves frames between two TAP interfaces of Linux, read() here and
 * write() there, with nothing in between. What pndis does is measured against it.
 *
 * bare_forwarder [--offloads] [--mtu N] [--threads] TAP TAP
 *
 * --offloads  with the vnet header: checksums and segments pass through unresolved, as in pndis
 * --mtu       of both interfaces
 * --threads   one thread for each direction instead of one for both
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum {
    HEADER_BYTES = 12,
    BUFFER_BYTES = 65536 + 64,
    BATCH = 64, /* Frames of one direction before the other gets its turn. */
    PORTS = 2,
};

struct options {
    bool offloads;
    bool threads;
    int mtu;
    const char *names[PORTS];
};

struct direction {
    int from;
    int to;
    uint64_t frames;
    uint64_t lost;
    uint8_t *buffer;
};

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* --- interfaces --- */

static void
must(bool done, const char *what, const char *name)
{
    if (!done) {
        fprintf(stderr, "bare_forwarder: %s %s: %s\n", what, name, strerror(errno));
        exit(3);
    }
}

static void
set_up(const char *name, int mtu)
{
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq interface = {0};

    must(control >= 0, "socket for", name);
    snprintf(interface.ifr_name, IFNAMSIZ, "%s", name);
    if (mtu != 0) {
        interface.ifr_mtu = mtu;
        must(ioctl(control, SIOCSIFMTU, &interface) == 0, "MTU of", name);
    }
    must(ioctl(control, SIOCGIFFLAGS, &interface) == 0, "flags of", name);
    interface.ifr_flags |= IFF_UP;
    must(ioctl(control, SIOCSIFFLAGS, &interface) == 0, "setting up", name);
    close(control);
}

static int
open_tap(const char *name, const struct options *options)
{
    const unsigned long basic = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    struct ifreq interface = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int header_bytes = HEADER_BYTES;
    int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    must(tap >= 0, "/dev/net/tun for", name);
    snprintf(interface.ifr_name, IFNAMSIZ, "%s", name);
    interface.ifr_flags |= options->offloads ? IFF_VNET_HDR : 0;
    must(ioctl(tap, TUNSETIFF, &interface) == 0, "TUNSETIFF", name);
    if (options->offloads) {
        must(ioctl(tap, TUNSETVNETHDRSZ, &header_bytes) == 0, "vnet header of", name);
        must(ioctl(tap, TUNSETOFFLOAD, basic | TUN_F_USO4 | TUN_F_USO6) == 0 ||
                 ioctl(tap, TUNSETOFFLOAD, basic) == 0,
             "offloads of", name);
    }
    set_up(name, options->mtu);
    return tap;
}

/* --- forwarding --- */

/* Returns whether there was a frame. */
static bool
forward_one(struct direction *direction)
{
    ssize_t bytes = read(direction->from, direction->buffer, BUFFER_BYTES);

    if (bytes <= 0) {
        return false;
    }
    direction->frames++;
    direction->lost += write(direction->to, direction->buffer, (size_t)bytes) != bytes;
    return true;
}

static bool
forward_batch(struct direction *direction)
{
    unsigned count = 0;

    while (count < BATCH && forward_one(direction)) {
        count++;
    }
    return count == BATCH;
}

static void
forward_both(struct direction *directions)
{
    while (!stopping) {
        bool more = forward_batch(&directions[0]);

        if (!forward_batch(&directions[1]) && !more) {
            struct pollfd polled[] = {{.fd = directions[0].from, .events = POLLIN},
                                      {.fd = directions[1].from, .events = POLLIN}};

            poll(polled, PORTS, 100);
        }
    }
}

static void *
forward_direction(void *user)
{
    struct direction *direction = user;

    while (!stopping) {
        if (!forward_batch(direction)) {
            struct pollfd polled = {.fd = direction->from, .events = POLLIN};

            poll(&polled, 1, 100);
        }
    }
    return NULL;
}

static void
run(const struct options *options, struct direction *directions)
{
    pthread_t thread;

    if (!options->threads) {
        forward_both(directions);
    } else if (pthread_create(&thread, NULL, forward_direction, &directions[1]) == 0) {
        forward_direction(&directions[0]);
        pthread_join(thread, NULL);
    }
}

static bool
parse(int argc, char **argv, struct options *options)
{
    unsigned names = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--offloads") == 0) {
            options->offloads = true;
        } else if (strcmp(argv[i], "--threads") == 0) {
            options->threads = true;
        } else if (strcmp(argv[i], "--mtu") == 0 && i + 1 < argc) {
            options->mtu = atoi(argv[++i]);
        } else if (argv[i][0] != '-' && names < PORTS) {
            options->names[names++] = argv[i];
        } else {
            return false;
        }
    }
    return names == PORTS;
}

int
main(int argc, char **argv)
{
    struct options options = {0};
    struct direction directions[PORTS] = {0};
    struct sigaction action = {.sa_handler = on_signal};
    int taps[PORTS];

    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: bare_forwarder [--offloads] [--mtu N] [--threads] TAP TAP\n");
        return 2;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (unsigned i = 0; i < PORTS; i++) {
        taps[i] = open_tap(options.names[i], &options);
        directions[i].buffer = malloc(BUFFER_BYTES);
        must(directions[i].buffer != NULL, "memory for", options.names[i]);
    }
    for (unsigned i = 0; i < PORTS; i++) {
        directions[i].from = taps[i];
        directions[i].to = taps[1 - i];
    }
    printf("forwarding between %s and %s\n", options.names[0], options.names[1]);
    fflush(stdout);
    run(&options, directions);
    for (unsigned i = 0; i < PORTS; i++) {
        printf("%s: %llu frames, %llu lost\n", options.names[i],
               (unsigned long long)directions[i].frames, (unsigned long long)directions[i].lost);
    }
    return 0;
}
