/* A cable that takes nothing: sends that wait, are cancelled, or take too long. */
#include "virtio_net/net_world.h"

enum { RING = 16, FRAMES = 40, BYTES = 100 };

/* --- a backend that sends nothing before it is opened --- */

struct clogged {
    struct pndis_backend base;
    bool open;
};

static unsigned
clogged_send(struct pndis_backend *backend, unsigned queue, const struct pndis_frame *frames,
             unsigned count, unsigned *lost)
{
    (void)queue;
    (void)frames;
    (void)lost;
    return ((struct clogged *)backend)->open ? count : 0;
}

static void
clogged_destroy(struct pndis_backend *backend)
{
    free(backend);
}

static const struct pndis_backend_ops clogged_ops = {
    .name = "clogged", .destroy = clogged_destroy, .send = clogged_send};

/* Side 0 has such a cable; there is no side 1. */
static struct clogged *
stalls_running(struct net_world *n, const struct net_options *options)
{
    struct clogged *clogged = calloc(1, sizeof(*clogged));

    assert_non_null(clogged);
    clogged->base.ops = &clogged_ops;
    clogged->base.queues = 1;
    net_open(n, options);
    expect_net(n, pndis_virtio_net_create(n->w.machine,
                                          &(struct pndis_virtio_net_options){.queue_size = RING},
                                          &clogged->base, &n->nics[0]) == 0);
    net_add_adapter(n, 0, options);
    net_add_client(n, 0, options);
    return clogged;
}

static void
unclog(struct net_world *n, struct clogged *clogged)
{
    clogged->open = true;
    pndis_nic_sendable(n->nics[0], 0);
}

/* --- */

/* One frame, for which on_sent gets @tag. */
static void
send_tagged(struct net_world *n, uint32_t number, void *tag)
{
    uint8_t frame[BYTES];
    const void *frames[] = {frame};
    size_t bytes = net_frame(n, 0, frame, BYTES, number);

    expect_net(n, pndis_client_send_chain(n->clients[0], frames, &bytes, 1, tag) == 0);
}

static struct {
    unsigned aborted;
    unsigned done;
    unsigned wrong;
} sent;

static int tag_to_cancel;

static void
on_sent(struct pndis_client *client, int status, void *tag, void *user)
{
    (void)client;
    (void)user;
    if (status == (int)NDIS_STATUS_SEND_ABORTED) {
        sent.aborted++;
        sent.wrong += tag != &tag_to_cancel;
    } else {
        sent.done++;
        sent.wrong += status != 0;
    }
}

/* All that is queued under the id, and only that, comes back as aborted; the rest goes out. */
static void
queued_sends_can_be_cancelled(void **state)
{
    static const struct pndis_client_events events = {.on_sent = on_sent};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_options options = {.seed = seed, .events = &events};
        struct clogged *clogged;
        struct net_world n;

        memset(&sent, 0, sizeof(sent));
        clogged = stalls_running(&n, &options);
        for (unsigned i = 0; i < FRAMES; i++) {
            send_tagged(&n, i, i % 2 == 0 ? &tag_to_cancel : NULL);
        }
        world_settle(&n.w);
        expect_net(&n, sent.aborted == 0);
        expect_net(&n, pndis_client_cancel(n.clients[0], &tag_to_cancel) == 0);
        world_settle(&n.w);
        /* At most the ring's worth of them was with the device already. */
        expect_net(&n, sent.aborted >= (FRAMES - RING) / 2 && sent.aborted <= FRAMES / 2);
        unclog(&n, clogged);
        net_wait_completed(&n, 0);
        expect_net(&n, sent.aborted + sent.done == FRAMES && sent.wrong == 0);
        expect_net(&n, net_info(&n, 0).send.frames == sent.done);
        net_close(&n);
    }
}

static bool
all_completed(void *user)
{
    struct net_world *n = user;

    return net_counts(n, 0).completed == net_counts(n, 0).sent;
}

/* "From NDIS 6.30 the miniport reports a hang when a send is overdue." */
static void
a_device_that_hangs_is_reset(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const struct net_options options = {.seed = seed};
        struct clogged *clogged;
        struct net_world n;
        uint64_t resets;

        clogged = stalls_running(&n, &options);
        resets = net_info(&n, 0).resets;
        for (unsigned i = 0; i < FRAMES; i++) {
            send_tagged(&n, i, NULL);
        }
        expect_net(&n, pndis_machine_run_until(n.w.machine, all_completed, &n, 0) == 0);
        expect_net(&n, net_counts(&n, 0).last_send_status == (int)NDIS_STATUS_RESET_IN_PROGRESS);
        expect_net(&n, net_info(&n, 0).resets == resets + 1);
        /* And once the reset is complete it works again. */
        world_settle(&n.w);
        unclog(&n, clogged);
        send_tagged(&n, 0, NULL);
        net_wait_completed(&n, 0);
        expect_net(&n, net_counts(&n, 0).last_send_status == 0);
        net_close(&n);
    }
}

/* With its ring full of sends the adapter still halts, and they come back. */
static void
a_hanging_device_can_be_removed(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const struct net_options options = {.seed = seed};
        struct net_world n;

        stalls_running(&n, &options);
        for (unsigned i = 0; i < FRAMES; i++) {
            send_tagged(&n, i, NULL);
        }
        expect_net(&n, pndis_adapter_surprise_remove(n.adapters[0]) == 0);
        expect_net(&n, pndis_adapter_holdings(n.adapters[0]) == 0);
        net_close(&n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queued_sends_can_be_cancelled),
        cmocka_unit_test(a_device_that_hangs_is_reset),
        cmocka_unit_test(a_hanging_device_can_be_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
