/*
 * The ends of the cable for bench/bridge.py, each started in a network namespace of its own.
 *
 *     wire flood INTERFACE MAC SECONDS BYTES   offer frames of UDP with BYTES of payload to MAC as
 * fast as they go; prints how many were handed to the interface wire pong PORT send every datagram
 * back wire ping ADDRESS PORT COUNT             time COUNT round trips of 18 bytes, one after the
 * other; prints median, 99th percentile and worst in microseconds
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, FRAME_LIMIT = 1514, PING_BYTES = 18, WARM_UP = 500, PING_LIMIT = 1000000 };

static double
now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- flood --- */

static void
put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* To an address that the receiver does not have: its IP drops it, and answers nothing. */
static size_t
make_frame(uint8_t *frame, const char *mac, size_t payload)
{
    static const uint8_t addresses[8] = {10, 99, 0, 1, 10, 99, 0, 2};
    uint8_t *ip = frame + ETH_HLEN;
    uint32_t sum = 0;

    memset(frame, 0, FRAME_LIMIT);
    if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &frame[0], &frame[1], &frame[2],
               &frame[3], &frame[4], &frame[5]) != 6) {
        die("the address");
    }
    memcpy(frame + 6, "\x02\x77\x00\x00\x00\x01\x08\x00", 8);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(28 + payload));
    ip[8] = 64;
    ip[9] = 17;
    memcpy(ip + 12, addresses, sizeof(addresses));
    for (unsigned i = 0; i < 20; i += 2) {
        sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
    }
    put16(ip + 10, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
    put16(ip + 20, 9);
    put16(ip + 22, 9);
    put16(ip + 24, (unsigned)(8 + payload));
    return ETH_HLEN + 28 + payload;
}

static int
open_interface(const char *interface)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll link = {
        .sll_family = AF_PACKET,
        .sll_ifindex = (int)if_nametoindex(interface),
    };
    int one = 1;

    if (fd < 0 || bind(fd, (struct sockaddr *)&link, sizeof(link)) != 0) {
        die(interface);
    }
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
    return fd;
}

static int
flood(char **arguments)
{
    static uint8_t frame[FRAME_LIMIT];
    struct iovec piece = {frame, make_frame(frame, arguments[1], (size_t)atoi(arguments[3]))};
    struct mmsghdr messages[BATCH];
    int fd = open_interface(arguments[0]);
    double end = now_seconds() + atof(arguments[2]);
    uint64_t sent = 0;

    memset(messages, 0, sizeof(messages));
    for (unsigned i = 0; i < BATCH; i++) {
        messages[i].msg_hdr.msg_iov = &piece;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (now_seconds() < end) {
        int count = sendmmsg(fd, messages, BATCH, 0);

        sent += count > 0 ? (uint64_t)count : 0;
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}

/* --- ping and pong --- */

static int
pong(char **arguments)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(arguments[0]))};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    uint8_t data[2048];

    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
        die("pong");
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof(from);
        ssize_t bytes = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_bytes);

        if (bytes < 0) {
            return 1;
        }
        sendto(fd, data, (size_t)bytes, 0, (struct sockaddr *)&from, from_bytes);
    }
}

static int
compare(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;

    return difference < 0 ? -1 : difference > 0;
}

static int
ping(char **arguments)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(arguments[1]))};
    unsigned count = (unsigned)atoi(arguments[2]);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval patience = {.tv_sec = 1};
    uint8_t data[PING_BYTES] = {0};
    double *times = calloc(count, sizeof(*times));
    unsigned answered = 0;
    unsigned lost = 0;

    if (times == NULL || count == 0 || count > PING_LIMIT ||
        inet_pton(AF_INET, arguments[0], &to.sin_addr) != 1 || fd < 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        die("ping");
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (unsigned i = 0; i < WARM_UP + count; i++) {
        double start = now_seconds();

        if (send(fd, data, sizeof(data), 0) < 0 || recv(fd, data, sizeof(data), 0) < 0) {
            lost++;
        } else if (i >= WARM_UP) {
            times[answered++] = (now_seconds() - start) * 1e6;
        }
    }
    if (answered == 0) {
        die("no answers");
    }
    qsort(times, answered, sizeof(*times), compare);
    printf("%.2f %.2f %.2f %u\n", times[answered / 2], times[answered * 99ull / 100],
           times[answered - 1], lost);
    free(times);
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        int (*run)(char **arguments);
    } modes[] = {{"flood", 4, flood}, {"pong", 1, pong}, {"ping", 3, ping}};

    for (unsigned i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].name) == 0 && argc == 2 + modes[i].arguments) {
            return modes[i].run(argv + 2);
        }
    }
    fprintf(stderr, "wire flood|pong|ping ...; see bench/wire.c\n");
    return 2;
}
