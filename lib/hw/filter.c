/* Receive filters. See filter.h. */
#include "hw/filter.h"

#include <string.h>

enum { TYPE_OFFSET = 12, TAG_OFFSET = 14, ETHERTYPE_VLAN = 0x8100, VLAN_ID_MASK = 0x0fff };

void
pndis__nic_filter_reset(struct filter *filter, const uint8_t *mac, bool by_vlan)
{
    memset(filter, 0, sizeof(*filter));
    memcpy(filter->mac, mac, FILTER_ADDRESS_BYTES);
    filter->promiscuous = true;
    filter->by_vlan = by_vlan;
    pndis__nic_filter_update(filter);
}

void
pndis__nic_filter_update(struct filter *filter)
{
    filter->open = filter->promiscuous && !filter->by_vlan;
}

static bool
holds(const struct filter_table *table, const uint8_t *address)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (memcmp(table->addresses[i], address, FILTER_ADDRESS_BYTES) == 0) {
            return true;
        }
    }
    return table->overflow;
}

/* Without a tag, and with tag 0 (priority only), a frame belongs to no VLAN. */
static bool
passes_vlan(const struct filter *filter, const uint8_t *frame, size_t bytes)
{
    unsigned vlan;

    if (!filter->by_vlan || bytes < TAG_OFFSET + 2 ||
        (frame[TYPE_OFFSET] << 8 | frame[TYPE_OFFSET + 1]) != ETHERTYPE_VLAN) {
        return true;
    }
    vlan = (unsigned)(frame[TAG_OFFSET] << 8 | frame[TAG_OFFSET + 1]) & VLAN_ID_MASK;
    return vlan == 0 || filter_has_vlan(filter, vlan);
}

/* virtio 1.2, 5.1.6.5.1 "Packet Receive Filtering": the flags that refuse come first. */
static bool
passes_address(const struct filter *filter, const uint8_t *address)
{
    static const uint8_t broadcast[FILTER_ADDRESS_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (memcmp(address, broadcast, FILTER_ADDRESS_BYTES) == 0) {
        return !filter->no_broadcast;
    }
    if ((address[0] & 1) != 0) {
        return !filter->no_multicast &&
               (filter->all_multicast || holds(&filter->multicast, address));
    }
    return !filter->no_unicast &&
           (filter->all_unicast || memcmp(address, filter->mac, FILTER_ADDRESS_BYTES) == 0 ||
            holds(&filter->unicast, address));
}

bool
pndis__nic_filter_passes(const struct filter *filter, const uint8_t *frame, size_t bytes)
{
    if (bytes < FILTER_ADDRESS_BYTES) {
        return false;
    }
    return passes_vlan(filter, frame, bytes) &&
           (filter->promiscuous || passes_address(filter, frame));
}
