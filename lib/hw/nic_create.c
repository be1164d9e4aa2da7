/* Building a nic, taking it apart, and the nics of a machine. */
#include "hw/nic.h"

#include <endian.h>
#include <pndis/error.h>
#include <stdlib.h>

enum { DEFAULT_QUEUE_SIZE = 1024, DEFAULT_MTU = 1500, DEFAULT_SPEED = 10000, FULL_DUPLEX = 1 };

/* A card that is pulled out loses all it knew. */
static void
unplugged(void *user)
{
    pndis__nic_reset(user);
}

static const struct pndis_device_ops device_ops = {
    .read = pndis__registers_read,
    .write = pndis__registers_write,
    .config_read = pndis__pci_read,
    .config_write = pndis__pci_write,
    .unplugged = unplugged,
};

/* --- the nics of a machine --- */

struct nics {
    struct brief_lock lock;
    struct pndis_nic *first;
};

static void
nic_free(struct pndis_nic *nic)
{
    pndis__workers_stop(nic);
    pndis_nic_record(nic, NULL);
    pndis__os_mutex_fini(&nic->recorder_lock);
    if (nic->opened && nic->backend->ops->close != NULL) {
        nic->backend->ops->close(nic->backend);
    }
    pndis_backend_destroy(nic->backend);
    pndis__workers_free(nic);
    for (unsigned i = 0; i < nic->pair_count && nic->pairs != NULL; i++) {
        free(nic->pairs[i].frames);
        free(nic->pairs[i].heads);
        free(nic->pairs[i].headers);
        free(nic->pairs[i].send_slices);
        pndis__room_destroy(nic->pairs[i].room);
        pndis__mail_destroy(nic->pairs[i].mail);
    }
    free(nic->pairs);
    free(nic->queues);
    free(nic->command);
    free(nic->command_slices);
    free(nic->steering);
    free(nic);
}

/* Nics outlive the drivers, so that these find their hardware until the end. */
static int
stop(struct pndis_machine *machine)
{
    (void)machine;
    return 0;
}

static void
destroy(struct pndis_machine *machine)
{
    struct nics *nics = machine->hw;

    while (nics->first != NULL) {
        struct pndis_nic *nic = nics->first;

        nics->first = nic->next;
        nic_free(nic);
    }
    machine->hw = NULL;
    free(nics);
}

static const struct subsystem subsystem = {.stop = stop, .destroy = destroy};

static struct nics *
nics_of(struct pndis_machine *machine)
{
    struct nics *nics = __atomic_load_n(&machine->hw, __ATOMIC_ACQUIRE);
    struct nics *fresh;

    if (nics != NULL) {
        return nics;
    }
    fresh = calloc(1, sizeof(*fresh));
    if (fresh != NULL && pndis__subsystem_add(machine, &subsystem, &machine->hw, fresh) == 0) {
        nics = __atomic_load_n(&machine->hw, __ATOMIC_ACQUIRE);
    }
    if (nics != fresh) {
        free(fresh);
    }
    return nics;
}

static int
join_machine(struct pndis_nic *nic)
{
    struct nics *nics = nics_of(nic->machine);

    if (nics == NULL) {
        return pndis__fail(PNDIS_ENOMEM, "no memory for a nic, or too many subsystems");
    }
    brief_lock(&nics->lock);
    nic->next = nics->first;
    nics->first = nic;
    brief_unlock(&nics->lock);
    return 0;
}

static void
leave_machine(struct pndis_nic *nic)
{
    struct nics *nics = nic->machine->hw;
    struct pndis_nic **link = &nics->first;

    brief_lock(&nics->lock);
    while (*link != nic) {
        link = &(*link)->next;
    }
    *link = nic->next;
    brief_unlock(&nics->lock);
}

/* --- building --- */

static int
check_options(const struct pndis_virtio_net_options *options, const struct pndis_backend *backend)
{
    if (options->queue_pairs == 0 || options->queue_pairs > PNDIS_NIC_QUEUE_PAIR_LIMIT ||
        options->queue_pairs > backend->queues) {
        return pndis__fail(PNDIS_EINVAL,
                           "a nic has 1 to %d queue pairs, and no more than the %u "
                           "of its backend; not %u",
                           PNDIS_NIC_QUEUE_PAIR_LIMIT, backend->queues, options->queue_pairs);
    }
    if (options->queue_size > PNDIS_NIC_QUEUE_SIZE_LIMIT || options->queue_size < 2 ||
        (options->queue_size & (options->queue_size - 1)) != 0) {
        return pndis__fail(PNDIS_EINVAL,
                           "a queue has a power of two of descriptors up to %d, not "
                           "%u",
                           PNDIS_NIC_QUEUE_SIZE_LIMIT, options->queue_size);
    }
    if (options->mtu < PNDIS_NIC_MTU_MIN || options->mtu > PNDIS_NIC_MTU_MAX) {
        return pndis__fail(PNDIS_EINVAL, "an MTU is %d to %d, not %u", PNDIS_NIC_MTU_MIN,
                           PNDIS_NIC_MTU_MAX, options->mtu);
    }
    if ((options->flags & PNDIS_NIC_TRANSITIONAL) != 0 && BYTE_ORDER != LITTLE_ENDIAN) {
        return pndis__fail(PNDIS_EINVAL, "the legacy interface has the byte order of the driver, "
                                         "which is not the device's on this machine");
    }
    if ((options->mac[0] & 1) != 0) {
        return pndis__fail(PNDIS_EINVAL, "a group address is no MAC address of an adapter");
    }
    return 0;
}

static unsigned
or_else(unsigned value, unsigned other)
{
    return value != 0 ? value : other;
}

static void
complete_options(struct pndis_virtio_net_options *options, const struct pndis_backend *backend)
{
    options->queue_pairs =
        or_else(options->queue_pairs, min(backend->queues, (unsigned)PNDIS_NIC_QUEUE_PAIR_LIMIT));
    options->queue_size = or_else(options->queue_size, DEFAULT_QUEUE_SIZE);
    options->mtu = or_else(options->mtu, or_else(backend->mtu, DEFAULT_MTU));
    options->speed_mbps = or_else(options->speed_mbps, DEFAULT_SPEED);
    if ((options->flags & PNDIS_NIC_LEGACY) != 0) {
        options->flags |= PNDIS_NIC_TRANSITIONAL;
    }
    if ((options->flags & PNDIS_NIC_TRANSITIONAL) != 0) {
        options->flags |= PNDIS_NIC_NO_MESSAGES;
    }
}

static int
create_pair(struct pndis_nic *nic, unsigned index)
{
    struct pair *pair = &nic->pairs[index];
    unsigned size = nic->options.queue_size;

    pair->nic = nic;
    pair->index = index;
    pair->receive = &nic->queues[2 * index];
    pair->send = &nic->queues[2 * index + 1];
    pair->frames = calloc(TRANSMIT_BATCH, sizeof(*pair->frames));
    pair->heads = calloc(TRANSMIT_BATCH, sizeof(*pair->heads));
    pair->headers = calloc(TRANSMIT_BATCH, sizeof(*pair->headers));
    pair->send_slices = calloc((size_t)TRANSMIT_SLICES * size, sizeof(*pair->send_slices));
    pair->mail = pndis__mail_create();
    if (pair->frames == NULL || pair->heads == NULL || pair->headers == NULL ||
        pair->send_slices == NULL || pair->mail == NULL) {
        return PNDIS_ENOMEM;
    }
    return pndis__room_create(pair, &pair->room);
}

/* Memory in whole cache lines. */
static void *
zeroed_lines(size_t bytes)
{
    void *memory = aligned_alloc(_Alignof(struct pair), bytes);

    if (memory != NULL) {
        memset(memory, 0, bytes);
    }
    return memory;
}

static int
create_queues(struct pndis_nic *nic)
{
    int result = 0;

    nic->queue_count = 2 * nic->options.queue_pairs + 1;
    nic->queues = zeroed_lines(nic->queue_count * sizeof(*nic->queues));
    nic->pairs = zeroed_lines(nic->options.queue_pairs * sizeof(*nic->pairs));
    nic->command = calloc(1, CONTROL_BYTES_LIMIT);
    nic->steering = calloc(1, sizeof(*nic->steering));
    nic->command_slices = calloc(nic->options.queue_size, sizeof(*nic->command_slices));
    if (nic->queues == NULL || nic->pairs == NULL || nic->command == NULL ||
        nic->command_slices == NULL || nic->steering == NULL) {
        return PNDIS_ENOMEM;
    }
    nic->pair_count = nic->options.queue_pairs;
    for (unsigned i = 0; i < nic->queue_count; i++) {
        pndis__queue_init(&nic->queues[i], nic, (uint16_t)i, (uint16_t)nic->options.queue_size);
    }
    for (unsigned i = 0; i < nic->pair_count && result == 0; i++) {
        result = create_pair(nic, i);
    }
    return result;
}

static int
create_device(struct pndis_nic *nic)
{
    bool messages = (nic->options.flags & PNDIS_NIC_NO_MESSAGES) == 0;
    struct pndis_device_options options = {
        .name = nic->options.name == NULL ? "virtio-net" : nic->options.name,
        .ranges = {{PNDIS_RANGE_PORT, LEGACY_BYTES}, {PNDIS_RANGE_MEMORY, BAR_BYTES}},
        .range_count = is_modern(nic) ? 2 : 1,
        .messages = messages ? nic->queue_count + NIC_EXTRA_MESSAGES : 0,
        .no_line = messages,
    };

    if (!is_transitional(nic)) {
        options.ranges[0] = options.ranges[1];
        options.range_count = 1;
    }
    nic->device = pndis_device_create(nic->machine, &options, &device_ops, nic);
    return nic->device == NULL ? PNDIS_ENOMEM : 0;
}

/* A locally administered address that no other nic of the machine has. */
static void
choose_mac(struct pndis_nic *nic)
{
    static const uint8_t none[6];
    uint64_t place = is_modern(nic)
                         ? pndis_device_range_address(nic->device, window_range(nic)) / BAR_BYTES
                         : pndis_device_range_address(nic->device, 0) / LEGACY_BYTES;
    uint8_t *mac = nic->options.mac;

    if (memcmp(mac, none, sizeof(none)) == 0) {
        mac[0] = 0x52;
        mac[1] = 0x54;
        mac[2] = !is_modern(nic);
        mac[3] = (uint8_t)(place >> 16);
        mac[4] = (uint8_t)(place >> 8);
        mac[5] = (uint8_t)place;
    }
}

static void
init_config(struct pndis_nic *nic)
{
    nic->offered = pndis__features_offered(&nic->options, nic->backend->caps);
    memcpy(nic->config.mac, nic->options.mac, sizeof(nic->config.mac));
    nic->plugged = (nic->options.flags & PNDIS_NIC_UNPLUGGED) == 0;
    nic->carrier = true;
    nic->link = nic->plugged;
    nic->config.status = htole16(nic->plugged ? VIRTIO_NET_S_LINK_UP : 0);
    nic->config.max_virtqueue_pairs = htole16((uint16_t)nic->pair_count);
    nic->config.mtu = htole16((uint16_t)nic->options.mtu);
    nic->config.speed = htole32(nic->options.speed_mbps);
    nic->config.duplex = FULL_DUPLEX;
    nic->config.rss_max_key_size = HASH_KEY_BYTES;
    nic->config.rss_max_indirection_table_length = htole16(STEER_TABLE_LIMIT);
    nic->config.supported_hash_types = htole32(HASH_TYPES);
    nic->common.config_vector = QUEUE_NO_VECTOR;
    nic->pairs_used = 1;
    pndis__nic_filter_reset(&nic->filter, nic->options.mac, false);
}

static int
open_backend(struct pndis_nic *nic)
{
    const struct pndis_backend_ops *ops = nic->backend->ops;
    int result;

    __atomic_store_n(&nic->backend->nic, nic, __ATOMIC_RELEASE);
    if (nic->machine->options.scheduler == PNDIS_SIM &&
        (nic->options.flags & PNDIS_NIC_POLLED) == 0 && ops->descriptor != NULL &&
        ops->descriptor(nic->backend, 0) >= 0) {
        return pndis__fail(PNDIS_EINVAL,
                           "a %s backend waits for the world outside, which a sim machine cannot: "
                           "use a live one, or PNDIS_NIC_POLLED",
                           ops->name);
    }
    result = ops->open == NULL ? 0 : ops->open(nic->backend, nic, nic->pair_count);
    nic->opened = result == 0;
    return result;
}

static int
build(struct pndis_nic *nic)
{
    int result = create_queues(nic);

    if (result != 0) {
        return pndis__fail(result, "no memory for a nic");
    }
    result = open_backend(nic);
    if (result == 0) {
        result = create_device(nic);
    }
    if (result != 0) {
        return result;
    }
    choose_mac(nic);
    init_config(nic);
    pndis__pci_init(nic);
    if (nic->opened && !nic->plugged && nic->backend->ops->set_link != NULL) {
        nic->backend->ops->set_link(nic->backend, false);
    }
    result = pndis__workers_start(nic);
    return result != 0 ? result : join_machine(nic);
}

int
pndis_virtio_net_create(struct pndis_machine *machine,
                        const struct pndis_virtio_net_options *options,
                        struct pndis_backend *backend, struct pndis_nic **out_nic)
{
    const struct pndis_virtio_net_options defaults = {0};
    struct pndis_nic *nic;
    int result;

    if (backend == NULL) {
        return pndis__fail(PNDIS_EINVAL, "a nic needs a backend; pndis_backend_null() is one");
    }
    nic = calloc(1, sizeof(*nic));
    if (nic == NULL) {
        pndis_backend_destroy(backend);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a nic");
    }
    nic->machine = machine;
    nic->backend = backend;
    pndis__os_mutex_init(&nic->recorder_lock);
    nic->options = options == NULL ? defaults : *options;
    complete_options(&nic->options, backend);
    result = check_options(&nic->options, backend);
    if (result == 0) {
        result = build(nic);
    }
    if (result != 0) {
        pndis__workers_stop(nic);
        if (nic->device != NULL) {
            pndis_device_destroy(nic->device);
        }
        nic_free(nic);
        return result;
    }
    *out_nic = nic;
    return 0;
}

int
pndis_nic_destroy(struct pndis_nic *nic)
{
    if (pndis_device_is_in_use(nic->device)) {
        return pndis__fail(PNDIS_EBUSY, "the nic is the hardware of an adapter");
    }
    /* Nobody may be at work on a device that goes. */
    pndis__workers_stop(nic);
    pndis_device_destroy(nic->device);
    leave_machine(nic);
    nic_free(nic);
    return 0;
}
