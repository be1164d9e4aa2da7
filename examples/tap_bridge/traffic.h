/* Traffic of the demo: an ICMP echo and a TCP transfer between two networks. */
#ifndef TAP_BRIDGE_TRAFFIC_H
#define TAP_BRIDGE_TRAFFIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct echo_result {
    unsigned sent;
    unsigned answered;
    double median_us;
    double worst_us;
};

/* The median and the worst of the @answered times, which are sorted. */
void echo_summarize(struct echo_result *result, double *times);
/* Ping @address from @network, @count times. -1: no socket for it. */
int echo_run(int network, const char *address, unsigned count, struct echo_result *out_result);

/*
 * A TCP stream from one network to another, with every byte looked at where it arrives. Both ends
 * are threads; start, look at `received` while it runs, finish.
 */
struct transfer {
    int from; /* Network descriptors. */
    int to;
    const char *address; /* Of the receiver. */
    atomic_uint_fast64_t received;
    atomic_bool stop;    /* The sender ends the stream. */
    atomic_bool damaged; /* A byte was not what had been sent. */
    atomic_bool failed;  /* A socket refused, or the stream broke. */
    uint64_t sent;
    double seconds; /* From the first byte to the last. */
    int listener;
    pthread_t sender;
    pthread_t receiver;
};

int transfer_start(struct transfer *transfer, int from, int to, const char *address);
/* End the stream and wait for its last byte. True when every byte arrived as it was sent. */
bool transfer_finish(struct transfer *transfer);

#endif
