#include "virtio_net/net_world.h"

pndis_driver_entry virtio_net_linked_DriverEntry;

enum { HEADER_BYTES = 14, NUMBER_OFFSET = HEADER_BYTES };

/* --- building --- */

static void
make_nics(struct net_world *n, const struct net_options *options)
{
    struct pndis_loopback_options cable = options->cable;
    struct pndis_backend *ends[SIDES];

    if (cable.queues == 0) {
        cable.queues = options->nic.queue_pairs;
    }
    expect_net(n, pndis_backend_loopback(&cable, &ends[0], &ends[1]) == 0);
    for (unsigned side = 0; side < SIDES; side++) {
        expect_net(n, pndis_virtio_net_create(n->w.machine, &options->nic, ends[side],
                                              &n->nics[side]) == 0);
    }
}

void
net_open(struct net_world *n, const struct net_options *options)
{
    const struct pndis_driver_options ours = {
        .name = "virtio_net",
        .entry = virtio_net_linked_DriverEntry,
        .inf = VIRTIO_NET_INF,
    };

    memset(n, 0, sizeof(*n));
    world_open_with(&n->w, &(struct pndis_machine_options){
                               .seed = options->seed,
                               .processors = options->processors == 0 ? 2 : options->processors,
                           });
    n->w.driver =
        pndis_driver_load(n->w.machine, NULL, options->driver == NULL ? &ours : options->driver);
    expect_net(n, n->w.driver != NULL);
    make_nics(n, options);
}

void
net_add_adapter(struct net_world *n, unsigned side, const struct net_options *options)
{
    n->adapters[side] = pndis_adapter_add(n->w.machine, n->w.driver,
                                          &(struct pndis_adapter_options){
                                              .device = pndis_nic_device(n->nics[side]),
                                              .parameters = options->parameters[side],
                                              .parameter_count = options->parameter_count[side],
                                          });
    expect_net(n, n->adapters[side] != NULL);
    n->w.adapter = n->adapters[0];
}

void
net_add_client(struct net_world *n, unsigned side, const struct net_options *options)
{
    n->clients[side] =
        pndis_client_open(n->adapters[side], &(struct pndis_client_options){
                                                 .packet_filter = options->packet_filter,
                                                 .events = options->events,
                                                 .user = options->user,
                                                 .takes_uro = options->clients_take_uro,
                                             });
    expect_net(n, n->clients[side] != NULL);
    n->w.client = n->clients[0];
}

void
net_running(struct net_world *n, const struct net_options *options)
{
    net_open(n, options);
    for (unsigned side = 0; side < SIDES; side++) {
        net_add_adapter(n, side, options);
        expect_net(n, strcmp(pndis_adapter_state_name(n->adapters[side]), "Paused") == 0);
    }
    for (unsigned side = 0; side < SIDES && !options->no_clients; side++) {
        net_add_client(n, side, options);
        expect_net(n, strcmp(pndis_adapter_state_name(n->adapters[side]), "Running") == 0);
    }
}

void
net_close(struct net_world *n)
{
    world_close(&n->w);
}

/* --- frames --- */

static uint8_t
body_byte(uint32_t number, size_t at)
{
    return (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

size_t
net_frame(struct net_world *n, unsigned from, uint8_t *frame, size_t bytes, uint32_t number)
{
    memcpy(frame, net_info(n, !from).mac, 6);
    memcpy(frame + 6, net_info(n, from).mac, 6);
    memcpy(frame + 12, "\x88\xb5", 2);
    for (size_t i = HEADER_BYTES; i < bytes; i++) {
        frame[i] = body_byte(number, i);
    }
    if (bytes >= NUMBER_OFFSET + sizeof(number)) {
        memcpy(frame + NUMBER_OFFSET, &number, sizeof(number));
    }
    return bytes;
}

void
net_send(struct net_world *n, unsigned from, uint32_t first, unsigned count, size_t bytes,
         unsigned chain)
{
    enum { CHAIN_LIMIT = 64 };
    uint8_t *memory = malloc(CHAIN_LIMIT * bytes);

    expect_net(n, memory != NULL && chain <= CHAIN_LIMIT);
    for (unsigned done = 0; done < count;) {
        unsigned here = count - done < chain ? count - done : chain;
        const void *frames[CHAIN_LIMIT];
        size_t lengths[CHAIN_LIMIT];

        for (unsigned i = 0; i < here; i++) {
            frames[i] = memory + i * bytes;
            lengths[i] = net_frame(n, from, memory + i * bytes, bytes, first + done + i);
        }
        expect_net(n, pndis_client_send_chain(n->clients[from], frames, lengths, here, NULL) == 0);
        done += here;
    }
    free(memory);
}

void
net_expect(struct net_world *n, unsigned side, uint32_t first, unsigned count, size_t bytes)
{
    uint8_t *got = malloc(NET_FRAME_LIMIT);
    uint8_t *want = malloc(NET_FRAME_LIMIT);
    size_t padded = bytes < 60 ? 60 : bytes;

    for (unsigned i = 0; i < count; i++) {
        size_t length = pndis_client_take(n->clients[side], got, NET_FRAME_LIMIT);

        memset(want, 0, padded);
        net_frame(n, !side, want, bytes, first + i);
        if (length != padded || memcmp(got, want, padded) != 0) {
            fail_msg("frame %u at side %u is not as it was sent: %zu bytes, number %u (seed %llu)",
                     first + i, side, length, length > 18 ? *(uint32_t *)(got + 14) : 0,
                     (unsigned long long)n->w.seed);
        }
    }
    free(want);
    free(got);
}

/* --- waiting and asking --- */

struct pndis_client_counts
net_counts(struct net_world *n, unsigned side)
{
    struct pndis_client_counts counts;

    pndis_client_get_counts(n->clients[side], &counts);
    return counts;
}

struct pndis_nic_info
net_info(struct net_world *n, unsigned side)
{
    struct pndis_nic_info info;

    pndis_nic_get_info(n->nics[side], &info);
    return info;
}

struct waiting {
    struct net_world *n;
    unsigned side;
    uint64_t count;
};

static bool
has_received(void *user)
{
    struct waiting *w = user;

    return net_counts(w->n, w->side).received >= w->count;
}

void
net_wait_received(struct net_world *n, unsigned side, uint64_t count)
{
    struct waiting w = {n, side, count};

    if (pndis_machine_run_until(n->w.machine, has_received, &w, 0) != 0) {
        fail_msg("side %u received %llu frames of %llu (seed %llu): %s", side,
                 (unsigned long long)net_counts(n, side).received, (unsigned long long)count,
                 (unsigned long long)n->w.seed, pndis_last_error());
    }
}

static bool
has_completed(void *user)
{
    struct waiting *w = user;
    struct pndis_client_counts counts = net_counts(w->n, w->side);

    return counts.completed == counts.sent;
}

void
net_wait_completed(struct net_world *n, unsigned side)
{
    struct waiting w = {n, side, 0};

    expect_net(n, pndis_machine_run_until(n->w.machine, has_completed, &w, 0) == 0);
}
