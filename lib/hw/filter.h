/*
 * Which received frames the driver wants: CTRL_RX, CTRL_MAC and CTRL_VLAN of virtio-net. After a
 * reset everything.
 */
#ifndef PNDIS_LIB_HW_FILTER_H
#define PNDIS_LIB_HW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FILTER_ADDRESS_LIMIT = 64, /* Of a table; a longer one lets all of its kind pass. */
    FILTER_ADDRESS_BYTES = 6,
    FILTER_VLANS = 4096,
    /* Bytes of a frame that decide: destination, VLAN tag. */
    FILTER_BYTES = 18,
};

struct filter_table {
    unsigned count;
    bool overflow;
    uint8_t addresses[FILTER_ADDRESS_LIMIT][FILTER_ADDRESS_BYTES];
};

struct filter {
    bool open; /* Nothing below can stop a frame. */
    bool promiscuous;
    bool all_multicast;
    bool all_unicast;
    bool no_multicast;
    bool no_unicast;
    bool no_broadcast;
    bool by_vlan; /* CTRL_VLAN was negotiated. */
    uint8_t mac[FILTER_ADDRESS_BYTES];
    struct filter_table unicast;
    struct filter_table multicast;
    uint32_t vlans[FILTER_VLANS / 32];
};

void pndis__nic_filter_reset(struct filter *filter, const uint8_t *mac, bool by_vlan);
/* After any change. */
void pndis__nic_filter_update(struct filter *filter);
/* @frame: the first FILTER_BYTES of it, or all if it is shorter. */
bool pndis__nic_filter_passes(const struct filter *filter, const uint8_t *frame, size_t bytes);

static inline bool
filter_has_vlan(const struct filter *filter, unsigned vlan)
{
    return (filter->vlans[vlan / 32] >> vlan % 32 & 1) != 0;
}

#endif
