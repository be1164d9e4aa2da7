#include "traffic.h"

#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PORT = 5001,
    PATTERN_BYTES = 1000003, /* No multiple of any segment's length. */
    CHUNK_BYTES = 256 * 1024,
    ECHO_LIMIT = 1000,
    ECHO_WAIT_MS = 1000,
    ECHO_PAUSE_US = 5000,
    PATIENCE_SECONDS = 20,
};

static double
now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Run in another network for as long as @fd is made: sockets stay where they were born. */
static int
socket_in(int network, int domain, int type, int protocol)
{
    int here = network_here();
    int fd = -1;

    if (here < 0) {
        return -1;
    }
    if (network_enter(network) == 0) {
        fd = socket(domain, type | SOCK_CLOEXEC, protocol);
        if (network_enter(here) != 0 && fd >= 0) {
            close(fd);
            fd = -1;
        }
    }
    close(here);
    return fd;
}

static struct sockaddr_in
address_of(const char *address, unsigned port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, address, &in.sin_addr);
    return in;
}

/* --- echo --- */

struct echo {
    struct icmphdr header;
    uint8_t data[56];
};

static uint16_t
checksum_of(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < bytes; i += 2) {
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    }
    while ((sum >> 16) != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return htons((uint16_t)~sum);
}

/* Whether the answer to number @sequence came in time. */
static bool
wait_for_answer(int fd, uint16_t sequence)
{
    double deadline = now_seconds() + ECHO_WAIT_MS / 1e3;

    for (;;) {
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        int left = (int)((deadline - now_seconds()) * 1e3);
        uint8_t packet[256];
        const struct icmphdr *answer;
        ssize_t bytes;
        size_t header;

        if (left <= 0 || poll(&wanted, 1, left) <= 0) {
            return false;
        }
        bytes = recv(fd, packet, sizeof(packet), 0);
        header = bytes > 0 ? (packet[0] & 0x0f) * 4u : 0;
        if (bytes < (ssize_t)(header + sizeof(*answer))) {
            continue;
        }
        answer = (const struct icmphdr *)(packet + header);
        if (answer->type == ICMP_ECHOREPLY && answer->un.echo.sequence == htons(sequence)) {
            return true;
        }
    }
}

static int
compare(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;

    return difference < 0 ? -1 : difference > 0;
}

void
echo_summarize(struct echo_result *result, double *times)
{
    if (result->answered > 0) {
        qsort(times, result->answered, sizeof(times[0]), compare);
        result->median_us = times[result->answered / 2];
        result->worst_us = times[result->answered - 1];
    }
}

int
echo_run(int network, const char *address, unsigned count, struct echo_result *out_result)
{
    struct sockaddr_in to = address_of(address, 0);
    int fd = socket_in(network, AF_INET, SOCK_RAW, IPPROTO_ICMP);
    static double times[ECHO_LIMIT];

    memset(out_result, 0, sizeof(*out_result));
    if (fd < 0) {
        return -1;
    }
    for (unsigned i = 0; i < count && i < ECHO_LIMIT; i++) {
        struct echo request = {
            .header = {.type = ICMP_ECHO, .un.echo.sequence = htons((uint16_t)i)}};
        double start = now_seconds();

        memset(request.data, (int)i, sizeof(request.data));
        request.header.checksum = checksum_of(&request, sizeof(request));
        if (sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
            continue;
        }
        out_result->sent++;
        if (wait_for_answer(fd, (uint16_t)i)) {
            times[out_result->answered++] = (now_seconds() - start) * 1e6;
        }
        usleep(ECHO_PAUSE_US);
    }
    close(fd);
    echo_summarize(out_result, times);
    return 0;
}

/* --- transfer --- */

/* What the stream holds, over and over; long enough to be read from any place of it. */
static const uint8_t *
pattern(void)
{
    static uint8_t bytes[PATTERN_BYTES + CHUNK_BYTES];
    static bool made;

    if (!made) {
        uint32_t random = 1;

        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = i < PATTERN_BYTES ? (uint8_t)(random >> 24) : bytes[i - PATTERN_BYTES];
        }
        made = true;
    }
    return bytes;
}

static void
set_patience(int fd)
{
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static void *
send_stream(void *user)
{
    struct transfer *transfer = user;
    struct sockaddr_in to = address_of(transfer->address, PORT);
    int fd = socket_in(transfer->from, AF_INET, SOCK_STREAM, 0);

    if (fd >= 0) {
        set_patience(fd);
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        transfer->failed = true;
        shutdown(transfer->listener, SHUT_RDWR);
    }
    while (!transfer->stop && !transfer->failed) {
        ssize_t sent =
            send(fd, pattern() + transfer->sent % PATTERN_BYTES, CHUNK_BYTES, MSG_NOSIGNAL);

        if (sent > 0) {
            transfer->sent += (uint64_t)sent;
        } else if (errno != EINTR) {
            transfer->failed = true;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return NULL;
}

static void *
receive_stream(void *user)
{
    struct transfer *transfer = user;
    uint8_t *chunk = malloc(CHUNK_BYTES);
    int fd = accept4(transfer->listener, NULL, NULL, SOCK_CLOEXEC);
    double start = now_seconds();
    uint64_t place = 0;
    ssize_t bytes = -1;

    if (fd >= 0 && chunk != NULL) {
        set_patience(fd);
        while ((bytes = recv(fd, chunk, CHUNK_BYTES, 0)) > 0) {
            if (memcmp(chunk, pattern() + place % PATTERN_BYTES, (size_t)bytes) != 0) {
                transfer->damaged = true;
            }
            place += (uint64_t)bytes;
            transfer->received = place;
        }
    }
    if (bytes < 0) {
        transfer->failed = true;
    }
    transfer->seconds = now_seconds() - start;
    if (fd >= 0) {
        close(fd);
    }
    free(chunk);
    return NULL;
}

static int
listen_in(struct transfer *transfer)
{
    struct sockaddr_in here = address_of(transfer->address, PORT);
    int one = 1;

    transfer->listener = socket_in(transfer->to, AF_INET, SOCK_STREAM, 0);
    if (transfer->listener < 0) {
        return -1;
    }
    setsockopt(transfer->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(transfer->listener, (struct sockaddr *)&here, sizeof(here)) == 0 &&
                   listen(transfer->listener, 1) == 0
               ? 0
               : -1;
}

int
transfer_start(struct transfer *transfer, int from, int to, const char *address)
{
    memset(transfer, 0, sizeof(*transfer));
    transfer->from = from;
    transfer->to = to;
    transfer->address = address;
    pattern();
    if (listen_in(transfer) != 0) {
        return -1;
    }
    if (pthread_create(&transfer->receiver, NULL, receive_stream, transfer) != 0) {
        close(transfer->listener);
        return -1;
    }
    if (pthread_create(&transfer->sender, NULL, send_stream, transfer) != 0) {
        shutdown(transfer->listener, SHUT_RDWR);
        pthread_join(transfer->receiver, NULL);
        close(transfer->listener);
        return -1;
    }
    return 0;
}

bool
transfer_finish(struct transfer *transfer)
{
    transfer->stop = true;
    pthread_join(transfer->sender, NULL);
    pthread_join(transfer->receiver, NULL);
    close(transfer->listener);
    return !transfer->failed && !transfer->damaged && transfer->received == transfer->sent;
}
