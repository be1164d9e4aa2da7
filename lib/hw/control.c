/*
 * The control queue: virtio 1.2, 5.1.6.5. A command is a class, a number, its data, and a byte for
 * the answer. A command that is unknown, not negotiated or malformed is answered with
 * VIRTIO_NET_ERR; a chain that has no room for header or answer breaks the device.
 */
#include "hw/nic.h"

#include <endian.h>
#include <stdlib.h>

enum { TABLE_HEADER_BYTES = 4 };

/* VIRTIO_NET_CTRL_MQ_*, which older copies of <linux/virtio_net.h> do not have. */
enum { CTRL_MQ_RSS_CONFIG = 1, CTRL_MQ_HASH_CONFIG = 2 };

/* A command: @data is a copy. */
struct command {
    struct pndis_nic *nic;
    const uint8_t *data;
    size_t bytes;
    bool *flag; /* Of the filter, that it sets. */
};

static uint16_t
get16(const uint8_t *place)
{
    uint16_t value;

    memcpy(&value, place, sizeof(value));
    return le16toh(value);
}

/* --- receive filters; the receive queues are locked --- */

static bool
set_flag(const struct command *command)
{
    if (command->bytes != 1) {
        return false;
    }
    *command->flag = command->data[0] != 0;
    return true;
}

/* One table from the front of what is left; false when it is cut off. */
static bool
read_table(const uint8_t **at, size_t *left, struct filter_table *table)
{
    uint32_t count;

    if (*left < TABLE_HEADER_BYTES) {
        return false;
    }
    memcpy(&count, *at, sizeof(count));
    count = le32toh(count);
    if (count > (*left - TABLE_HEADER_BYTES) / FILTER_ADDRESS_BYTES) {
        return false;
    }
    table->overflow = count > FILTER_ADDRESS_LIMIT;
    table->count = table->overflow ? 0 : count;
    memcpy(table->addresses, *at + TABLE_HEADER_BYTES, table->count * FILTER_ADDRESS_BYTES);
    *at += TABLE_HEADER_BYTES + count * FILTER_ADDRESS_BYTES;
    *left -= TABLE_HEADER_BYTES + count * FILTER_ADDRESS_BYTES;
    return true;
}

static bool
set_mac_table(const struct command *command)
{
    const uint8_t *at = command->data;
    size_t left = command->bytes;
    struct filter_table unicast;
    struct filter_table multicast;

    if (!read_table(&at, &left, &unicast) || !read_table(&at, &left, &multicast) || left != 0) {
        return false;
    }
    command->nic->filter.unicast = unicast;
    command->nic->filter.multicast = multicast;
    return true;
}

static bool
set_mac(const struct command *command)
{
    struct pndis_nic *nic = command->nic;

    if (command->bytes != FILTER_ADDRESS_BYTES) {
        return false;
    }
    memcpy(nic->filter.mac, command->data, FILTER_ADDRESS_BYTES);
    brief_lock(&nic->lock);
    memcpy(nic->config.mac, command->data, FILTER_ADDRESS_BYTES);
    brief_unlock(&nic->lock);
    return true;
}

static bool
change_vlan(const struct command *command, bool add)
{
    uint32_t *vlans = command->nic->filter.vlans;
    unsigned vlan;

    if (command->bytes != 2 || (vlan = get16(command->data)) >= FILTER_VLANS) {
        return false;
    }
    if (add) {
        vlans[vlan / 32] |= 1u << vlan % 32;
    } else {
        vlans[vlan / 32] &= ~(1u << vlan % 32);
    }
    return true;
}

static bool
add_vlan(const struct command *command)
{
    return change_vlan(command, true);
}

static bool
remove_vlan(const struct command *command)
{
    return change_vlan(command, false);
}

/* --- the rest --- */

static bool
acknowledge_announce(const struct command *command)
{
    struct pndis_nic *nic = command->nic;

    if (command->bytes != 0) {
        return false;
    }
    brief_lock(&nic->lock);
    nic->config.status &= htole16((uint16_t)~VIRTIO_NET_S_ANNOUNCE);
    brief_unlock(&nic->lock);
    return true;
}

static bool
set_pairs(const struct command *command)
{
    unsigned pairs = command->bytes == 2 ? get16(command->data) : 0;

    if (pairs == 0 || pairs > command->nic->pair_count) {
        return false;
    }
    pndis__steer_stop(command->nic);
    pndis__nic_set_pairs(command->nic, pairs);
    return true;
}

static bool
set_rss(const struct command *command)
{
    return pndis__steer_set_rss(command->nic, command->data, command->bytes);
}

static bool
set_hash(const struct command *command)
{
    return pndis__steer_set_hash(command->nic, command->data, command->bytes);
}

static bool
set_offloads(const struct command *command)
{
    uint64_t offloads;
    uint64_t allowed = command->nic->features & pndis__features_guest_offloads();

    if (command->bytes != sizeof(offloads)) {
        return false;
    }
    memcpy(&offloads, command->data, sizeof(offloads));
    offloads = le64toh(offloads);
    if ((offloads & ~allowed) != 0) {
        return false;
    }
    pndis__nic_set_offloads(command->nic, pndis__features_guest_caps(offloads));
    return true;
}

#define FLAG(name) offsetof(struct filter, name)

static const struct {
    uint8_t class;
    uint8_t number;
    uint8_t feature;
    bool filters; /* It changes the receive filters. */
    bool (*run)(const struct command *command);
    size_t flag; /* Of set_flag: where it is in struct filter. */
} commands[] = {
    {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX, true, set_flag,
     FLAG(promiscuous)},
    {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX, true, set_flag,
     FLAG(all_multicast)},
    {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, true, set_flag,
     FLAG(all_unicast)},
    {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA, true, set_flag,
     FLAG(no_multicast)},
    {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, true, set_flag,
     FLAG(no_unicast)},
    {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA, true, set_flag,
     FLAG(no_broadcast)},
    {VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_F_CTRL_RX, true, set_mac_table,
     0},
    {VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_F_CTRL_MAC_ADDR, true, set_mac,
     0},
    {VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_F_CTRL_VLAN, true, add_vlan, 0},
    {VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, VIRTIO_NET_F_CTRL_VLAN, true, remove_vlan, 0},
    {VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, VIRTIO_NET_F_GUEST_ANNOUNCE, false,
     acknowledge_announce, 0},
    {VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_F_MQ, false, set_pairs, 0},
    {VIRTIO_NET_CTRL_MQ, CTRL_MQ_RSS_CONFIG, VIRTIO_NET_F_RSS, false, set_rss, 0},
    {VIRTIO_NET_CTRL_MQ, CTRL_MQ_HASH_CONFIG, VIRTIO_NET_F_HASH_REPORT, false, set_hash, 0},
    {VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
     VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, false, set_offloads, 0},
};

static bool
run_command(struct pndis_nic *nic, size_t bytes)
{
    const struct virtio_net_ctrl_hdr *header = (const struct virtio_net_ctrl_hdr *)nic->command;
    struct command command = {nic, nic->command + sizeof(*header), bytes - sizeof(*header), NULL};
    bool done;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].class != header->class || commands[i].number != header->cmd ||
            !pndis__nic_has(nic, commands[i].feature)) {
            continue;
        }
        command.flag = (bool *)((uint8_t *)&nic->filter + commands[i].flag);
        if (!commands[i].filters) {
            return commands[i].run(&command);
        }
        pndis__nic_lock_receive(nic);
        done = commands[i].run(&command);
        pndis__nic_filter_update(&nic->filter);
        pndis__nic_unlock_receive(nic);
        return done;
    }
    return false;
}

/* Carry out the command in @chain. False: the device is broken now. */
static bool
run_chain(struct virtqueue *queue, const struct chain *chain)
{
    struct pndis_nic *nic = queue->nic;
    const struct pndis_slice *slices = nic->command_slices;
    uint8_t answer = VIRTIO_NET_ERR;

    if (chain->readable_bytes < sizeof(struct virtio_net_ctrl_hdr) || chain->writable_bytes == 0) {
        return pndis__nic_break(nic, "a control command of %llu bytes has no room for %s",
                                (unsigned long long)chain->readable_bytes,
                                chain->writable_bytes == 0 ? "its answer" : "its header");
    }
    if (chain->readable_bytes <= CONTROL_BYTES_LIMIT) {
        size_t bytes =
            pndis__slices_read(slices, chain->readable, 0, nic->command, chain->readable_bytes);

        answer = run_command(nic, bytes) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
    }
    pndis__slices_write(slices + chain->readable, chain->writable, 0, &answer, sizeof(answer));
    queue_give(queue, chain->head, sizeof(answer));
    return true;
}

static void
run_all(struct virtqueue *queue)
{
    struct chain chain;
    int taken;

    do {
        while ((taken = pndis__queue_take(queue, queue->nic->command_slices, &chain)) > 0) {
            if (!run_chain(queue, &chain)) {
                return;
            }
        }
    } while (taken == 0 && pndis__queue_listen(queue));
}

void
pndis__nic_control(struct pndis_nic *nic, struct virtqueue *queue)
{
    bool interrupt = false;

    brief_lock(&queue->lock);
    if (pndis__queue_begin(queue)) {
        run_all(queue);
        interrupt = pndis__queue_publish(queue);
    }
    brief_unlock(&queue->lock);
    if (interrupt) {
        pndis__nic_interrupt(nic, queue);
    }
    pndis__nic_flush(nic);
}
