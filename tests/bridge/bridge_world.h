/*
 * A machine with the bridge driver in it, and programmable miniports as its ports: frames are put
 * on a port's cable, and what the bridge sends is kept with its out-of-band information.
 */
#ifndef PNDIS_TESTS_BRIDGE_WORLD_H
#define PNDIS_TESTS_BRIDGE_WORLD_H

#include "support/world.h"

#include "../drivers/bridge/bridge_ioctl.h"

enum { WORLD_PORTS = 8, SENT_LIMIT = 8192, FRAME_LIMIT = 70000 };

/* A frame that the bridge gave to a port's adapter. */
struct sent {
    unsigned port;
    uint8_t *data;
    size_t bytes;
    size_t first_mdl_bytes; /* Of them, in the first MDL. */
    const void *first_mdl;
    void *info[MaxNetBufferListInfo];
};

struct bridge_world {
    struct world w;
    struct pndis_driver *bridge;
    struct pndis_adapter *adapters[WORLD_PORTS];
    struct port *ports[WORLD_PORTS];
    unsigned port_count;
};

/* What was sent since bridge_forget(), by all ports in the order of their sends. */
extern struct sent sent[SENT_LIMIT];
extern unsigned sent_count;

/* @ports adapters, all Running. Program the miniport before; see bridge_prepare(). */
void bridge_open(struct bridge_world *b, uint64_t seed, unsigned ports);
/* Load the driver; `bridge` is NULL when it could not be. */
void bridge_load(struct bridge_world *b);
/* The machine and the bridge without adapters. */
void bridge_open_empty(struct bridge_world *b, uint64_t seed);
void bridge_add_port(struct bridge_world *b);
/* Everything is stopped; nothing may be left and no rule broken. */
void bridge_close(struct bridge_world *b);
/* A reset miniport whose sends are kept in `sent`. */
void bridge_prepare(void);
void bridge_forget(void);

/* Put @count copies of a frame on the cable of @port. */
void bridge_receive(struct bridge_world *b, unsigned port, const void *frame, size_t bytes,
                    unsigned count, unsigned flags);
/* Complete all sends that are held (SEND_HOLD), and from now on at once. */
void bridge_release(struct bridge_world *b);
/* A frame of 60 bytes from host @from to host @to. Hosts are numbers; ALL_HOSTS is the broadcast.
 */
enum { ALL_HOSTS = 0xff };
void bridge_host_frame(uint8_t frame[60], unsigned to, unsigned from);
void bridge_receive_host(struct bridge_world *b, unsigned port, unsigned to, unsigned from);
/* How many frames @port has been given since bridge_forget(). */
unsigned bridge_sent_on(unsigned port);

/* Ask the control device. */
struct bridge_port_info bridge_info(struct bridge_world *b, unsigned port);
/* On which port @host is; -1: nowhere. */
int bridge_port_of(struct bridge_world *b, unsigned host);
int bridge_control(struct bridge_world *b, uint32_t code, const void *input, size_t bytes);
/* Received and not returned, over all ports. */
unsigned bridge_receives_out(struct bridge_world *b);
/* Let everything come back that is on its way. */
void bridge_wait_until_quiet(struct bridge_world *b);

#endif
