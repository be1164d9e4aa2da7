/*
 * The ends of the cable for bench/bridge.py, each started in a network namespace of its own.
 *
 *     wire flood INTERFACE MAC FROM TO PORT SECONDS BYTES
 *         Offer UDP datagrams with BYTES of payload, from and to the IPv4 addresses, as fast as
 * they go: one flow, as a connected socket would send it. Prints how many the interface took. wire
 * sink PORT Have them arrive at a socket that nobody reads; the namespace counts them. wire pong
 * PORT Send every datagram back. wire ping ADDRESS PORT COUNT Time COUNT round trips of 18 bytes,
 * one after the other; prints median, 99th percentile and worst in microseconds, and how many were
 * lost.
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

enum {
    BATCH = 64,
    FRAME_LIMIT = 1514,
    IP_BYTES = 20,
    UDP_BYTES = 8,
    PING_BYTES = 18,
    WARM_UP = 500,
    PING_LIMIT = 1000000
};

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

static uint32_t
sum_words(const uint8_t *words, size_t bytes)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < bytes; i += 2) {
        sum += (uint32_t)(words[i] << 8 | words[i + 1]);
    }
    return sum;
}

static unsigned
checksum(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return ~(sum + (sum >> 16)) & 0xffff;
}

static size_t
make_frame(uint8_t *frame, char **arguments, size_t payload)
{
    uint8_t *ip = frame + ETH_HLEN;
    uint8_t *udp = ip + IP_BYTES;

    memset(frame, 0, FRAME_LIMIT);
    if (sscanf(arguments[0], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &frame[0], &frame[1], &frame[2],
               &frame[3], &frame[4], &frame[5]) != 6 ||
        inet_pton(AF_INET, arguments[1], ip + 12) != 1 ||
        inet_pton(AF_INET, arguments[2], ip + 16) != 1) {
        die("the addresses");
    }
    memcpy(frame + 6, "\x02\x77\x00\x00\x00\x01\x08\x00", 8);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(IP_BYTES + UDP_BYTES + payload));
    ip[6] = 0x40; /* Do not fragment. */
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    put16(udp, 9);
    put16(udp + 2, (unsigned)atoi(arguments[3]));
    put16(udp + 4, (unsigned)(UDP_BYTES + payload));
    put16(udp + 6, checksum(sum_words(ip + 12, 8) + IPPROTO_UDP + UDP_BYTES + (uint32_t)payload +
                            sum_words(udp, UDP_BYTES)));
    return ETH_HLEN + IP_BYTES + UDP_BYTES + payload;
}

static void
number_frame(uint8_t *frame, unsigned id)
{
    uint8_t *ip = frame + ETH_HLEN;

    put16(ip + 4, id);
    put16(ip + 10, 0);
    put16(ip + 10, checksum(sum_words(ip, IP_BYTES)));
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
    static uint8_t frames[BATCH][FRAME_LIMIT];
    struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH];
    int fd = open_interface(arguments[0]);
    double end = now_seconds() + atof(arguments[5]);
    uint64_t sent = 0;

    memset(messages, 0, sizeof(messages));
    for (unsigned i = 0; i < BATCH; i++) {
        pieces[i].iov_base = frames[i];
        pieces[i].iov_len = make_frame(frames[i], arguments + 1, (size_t)atoi(arguments[6]) & ~1u);
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (now_seconds() < end) {
        int count;

        for (unsigned i = 0; i < BATCH; i++) {
            number_frame(frames[i], (unsigned)(sent + i) & 0xffff);
        }
        count = sendmmsg(fd, messages, BATCH, 0);
        sent += count > 0 ? (uint64_t)count : 0;
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}

/* --- ping and pong --- */

static int
bound_socket(const char *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
        die(port);
    }
    puts("ready");
    fflush(stdout);
    return fd;
}

static int
sink(char **arguments)
{
    bound_socket(arguments[0]);
    pause();
    return 0;
}

static int
pong(char **arguments)
{
    int fd = bound_socket(arguments[0]);
    uint8_t data[2048];

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
    } modes[] = {{"flood", 7, flood}, {"sink", 1, sink}, {"pong", 1, pong}, {"ping", 3, ping}};

    for (unsigned i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].name) == 0 && argc == 2 + modes[i].arguments) {
            return modes[i].run(argv + 2);
        }
    }
    fprintf(stderr, "wire flood|sink|pong|ping ...; see bench/wire.c\n");
    return 2;
}
