/*
 * The driver stack between TAPs: TAP, virtio-net device, miniport, NDIS, bridge, and back down.
 * What a host program of pndis has to do is all in stack.c.
 */
#ifndef TAP_BRIDGE_STACK_H
#define TAP_BRIDGE_STACK_H

#include "settings.h"

#include <pndis/pndis.h>
#include <pndis/virtio_net.h>

#include "../../drivers/bridge/bridge_ioctl.h"

struct stack_port {
    char tap[16];
    unsigned mtu;
    struct pndis_nic *nic;
    struct pndis_adapter *adapter;
};

struct stack_driver {
    const char *name;
    struct pndis_driver *driver;
    enum hardware nic; /* What its INF file asks for. */
};

struct stack {
    const struct settings *settings;
    struct pndis_machine *machine;
    struct stack_driver drivers[PORT_LIMIT + 1];
    unsigned driver_count;
    struct stack_port ports[PORT_LIMIT];
    unsigned port_count;
};

/* A machine with the bridge driver in it. Like all here: 0, or -1 after a sentence on stderr. */
int stack_open(struct stack *stack, const struct settings *settings);
/* One more port; from the network namespace that the TAP is to be in. */
int stack_add_port(struct stack *stack, const struct port_settings *port);
/* The card of a port is pulled out, and another one put in on the same TAP, which persists. */
int stack_replace_port(struct stack *stack, unsigned index);
int stack_pause(struct stack *stack);
int stack_restart(struct stack *stack);
/* Halt every adapter and initialize it again. */
int stack_reinitialize(struct stack *stack);
/* Stop everything in order. The machine is still there to be asked. */
int stack_stop(struct stack *stack);
void stack_close(struct stack *stack);

/* The bridge's own view of a port; false when it has none. */
bool stack_bridge_info(struct stack *stack, unsigned port, struct bridge_port_info *out_info);
/* NET_BUFFER_LISTs that drivers have and have not given back. */
uint64_t stack_outstanding(struct stack *stack);

#endif
