#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t
nic_drops(const struct pndis_nic_info *nic)
{
    uint64_t drops = 0;

    for (unsigned i = 0; i < PNDIS_DROP_COUNT; i++) {
        drops += nic->receive.drops[i] + nic->send.drops[i];
    }
    return drops;
}

static uint64_t
bridge_drops(const struct bridge_port_info *info)
{
    uint64_t drops = 0;

    for (unsigned i = 0; i < BRIDGE_DROP_COUNT; i++) {
        drops += info->counters.dropped[i];
    }
    return drops;
}

/* How full the rings are: buffers that wait in the device, of those there are. */
static void
ring_fill(const struct pndis_nic_queue *queues, unsigned count, char text[24])
{
    unsigned waiting = 0;
    unsigned size = 0;

    for (unsigned i = 0; i < count; i++) {
        waiting += queues[i].waiting;
        size += queues[i].size;
    }
    snprintf(text, 24, "%u/%u", waiting, size);
}

static void
draw_port(struct table *table, struct stack *stack, unsigned index, double seconds)
{
    struct stack_port *port = &stack->ports[index];
    struct bridge_port_info bridge;
    struct pndis_adapter_info adapter;
    struct pndis_nic_info nic;
    char receive_ring[24];
    char send_ring[24];
    uint64_t frames;
    uint64_t bytes;

    memset(&bridge, 0, sizeof(bridge));
    memset(&adapter, 0, sizeof(adapter));
    stack_bridge_info(stack, index, &bridge);
    pndis_adapter_get_info(port->adapter, &adapter);
    pndis_nic_get_info(port->nic, &nic);
    frames = nic.receive.frames + nic.send.frames;
    bytes = nic.receive.bytes + nic.send.bytes;
    ring_fill(nic.receive_queues, nic.queue_pairs_used, receive_ring);
    ring_fill(nic.send_queues, nic.queue_pairs_used, send_ring);
    printf("%-12s %-9s %-4s %12" PRIu64 " %12" PRIu64 " %9.0f %8.1f %7" PRIu64
           " %5zu %10s %10s %5u\n",
           port->tap, pndis_adapter_state_name(port->adapter), nic.link ? "up" : "down",
           nic.receive.frames, nic.send.frames, (double)(frames - table->frames[index]) / seconds,
           (double)(bytes - table->bytes[index]) * 8e-6 / seconds,
           nic_drops(&nic) + bridge_drops(&bridge),
           adapter.sends_outstanding + adapter.receives_outstanding, receive_ring, send_ring,
           bridge.addresses);
    table->frames[index] = frames;
    table->bytes[index] = bytes;
}

void
table_draw(struct table *table, struct stack *stack)
{
    uint64_t now = pndis_machine_now_ns(stack->machine);
    double seconds = table->at_ns == 0 ? 1 : (double)(now - table->at_ns) / 1e9;

    if (table->drawn && isatty(STDOUT_FILENO)) {
        printf("\033[%uA\033[J", stack->port_count + 1);
    }
    printf("%-12s %-9s %-4s %12s %12s %9s %8s %7s %5s %10s %10s %5s\n", "port", "state", "link",
           "received", "sent", "frames/s", "Mbit/s", "drops", "out", "rx ring", "tx ring", "hosts");
    for (unsigned i = 0; i < stack->port_count; i++) {
        draw_port(table, stack, i, seconds);
    }
    fflush(stdout);
    table->at_ns = now;
    table->drawn = true;
}
