/*
 * A machine with two virtio-net adapters, the driver of this project on both, a cable between them,
 * and a client on each. Frames sent here arrive there.
 */
#ifndef PNDIS_TESTS_NET_WORLD_H
#define PNDIS_TESTS_NET_WORLD_H

#include "support/world.h"

enum { SIDES = 2, NET_FRAME_LIMIT = 66000 };

struct net_options {
    uint64_t seed;
    unsigned processors;                       /* 0: 2. */
    const struct pndis_driver_options *driver; /* NULL: virtio_net. */
    struct pndis_virtio_net_options nic;       /* Of both sides. */
    struct pndis_loopback_options cable;
    const struct pndis_parameter *parameters[SIDES];
    size_t parameter_count[SIDES];
    unsigned packet_filter;
    const struct pndis_client_events *events;
    void *user;
    bool no_clients;
    bool clients_take_uro;
};

struct net_world {
    struct world w; /* Its adapter and client are those of side 0. */
    struct pndis_nic *nics[SIDES];
    struct pndis_adapter *adapters[SIDES];
    struct pndis_client *clients[SIDES];
};

/* The machine, the driver and both nics; then the adapters and clients. */
void net_open(struct net_world *n, const struct net_options *options);
void net_add_adapter(struct net_world *n, unsigned side, const struct net_options *options);
void net_add_client(struct net_world *n, unsigned side, const struct net_options *options);
/* All of it. */
void net_running(struct net_world *n, const struct net_options *options);
void net_close(struct net_world *n);

/* A frame from @from's address to the other side's, numbered, @bytes long. */
size_t net_frame(struct net_world *n, unsigned from, uint8_t *frame, size_t bytes, uint32_t number);
/* Send frames number @first ... of @bytes each from @from, in chains of at most @chain. */
void net_send(struct net_world *n, unsigned from, uint32_t first, unsigned count, size_t bytes,
              unsigned chain);
/* The next @count frames that @side has received are those, in order, byte by byte. */
void net_expect(struct net_world *n, unsigned side, uint32_t first, unsigned count, size_t bytes);

struct pndis_client_counts net_counts(struct net_world *n, unsigned side);
struct pndis_nic_info net_info(struct net_world *n, unsigned side);
/* Run until @side has received @count frames in all. */
void net_wait_received(struct net_world *n, unsigned side, uint64_t count);
/* Run until everything that @side sent is completed. */
void net_wait_completed(struct net_world *n, unsigned side);

#define expect_net(n, condition) expect(&(n)->w, condition)

#endif
