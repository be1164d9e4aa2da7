/* Frames from one adapter to the other through the NDIS 5.1 driver: whole, in order, each way. */
#include "virtio_net/lives.h"
#include "virtio_net51/world51.h"

/* Rings of every size, so that they wrap, run empty and run full; without event indexes too. */
static void
rings_of_any_size_work(void **state)
{
    enum { FRAMES = 300 };

    (void)state;
    for (unsigned size = 2; size <= 1024; size *= 2) {
        for (unsigned plain = 0; plain < 2; plain++) {
            struct net_world n;

            running_51(&n, (struct net_options){
                               .seed = size,
                               .nic = {.queue_size = size,
                                       .features_off = plain != 0 ? (uint64_t)1 << 29 : 0},
                           });
            net_send(&n, 0, 0, FRAMES, 100, 33);
            net_wait_received(&n, 1, FRAMES);
            net_wait_completed(&n, 0);
            net_expect(&n, 1, 0, FRAMES, 100);
            net_close(&n);
        }
    }
}

/* With hardly a buffer left it asks NDIS to copy, and goes on with what it has. */
static void
held_frames_do_not_stop_it(void **state)
{
    enum { RING = 16, FRAMES = 5 * RING };
    struct net_world n;

    (void)state;
    running_51(&n, (struct net_options){.nic = {.queue_size = RING}});
    pndis_client_hold(n.clients[1], true);
    net_send(&n, 0, 0, FRAMES, 120, 1);
    net_wait_received(&n, 1, FRAMES);
    expect_net(&n, net_counts(&n, 1).held > 0);
    pndis_client_hold(n.clients[1], false);
    net_expect(&n, 1, 0, FRAMES, 120);
    net_wait_completed(&n, 0);
    net_close(&n);
}

/* "*JumboPacket" is the longest frame; NDIS is told, and longer ones are refused. */
static void
jumbo_frames_pass_when_configured(void **state)
{
    static const struct pndis_parameter jumbo = {"*JumboPacket", "9014"};
    static const size_t sizes[] = {60, 1514, 1515, 4096, 8192, 9014};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct net_options options = {
            .seed = seed,
            .nic = {.mtu = 9000},
            .parameters = {&jumbo, &jumbo},
            .parameter_count = {1, 1},
        };
        struct pndis_adapter_info info;
        struct net_world n;

        running_51(&n, options);
        expect_net(&n, pndis_adapter_get_info(n.adapters[0], &info) == 0 && info.mtu == 9000);
        for (unsigned i = 0; i < RTL_NUMBER_OF(sizes); i++) {
            net_send(&n, 0, i, 1, sizes[i], 1);
            net_wait_received(&n, 1, i + 1);
            net_expect(&n, 1, i, 1, sizes[i]);
        }
        net_send(&n, 0, 0, 1, 9019, 1);
        net_wait_completed(&n, 0);
        expect_net(&n, net_counts(&n, 0).completed_ok == RTL_NUMBER_OF(sizes));
        net_close(&n);
    }
}

/* What is longer than the driver's buffers does not reach it, what is shorter than a header
 * neither. */
static void
giants_are_the_devices_to_drop(void **state)
{
    struct pndis_backend *source;
    struct pndis_nic *nic;
    struct pndis_nic_info info;
    struct net_options options = with_51((struct net_options){0});
    struct net_world n;

    (void)state;
    net_open(&n, &options);
    expect_net(
        &n, pndis_backend_null(&(struct pndis_null_options){.frame_bytes = 5000, .frame_count = 50},
                               &source) == 0);
    expect_net(&n, pndis_virtio_net_create(n.w.machine, &options.nic, source, &nic) == 0);
    n.adapters[0] = pndis_adapter_add(
        n.w.machine, n.w.driver, &(struct pndis_adapter_options){.device = pndis_nic_device(nic)});
    expect_net(&n, n.adapters[0] != NULL);
    n.w.adapter = n.adapters[0];
    net_add_client(&n, 0, &options);
    world_settle(&n.w);
    pndis_nic_get_info(nic, &info);
    expect_net(&n, info.receive.drops[PNDIS_DROP_TOO_LONG] == 50);
    expect_net(&n, info.breakdowns == 0 && net_counts(&n, 0).received == 0);
    net_close(&n);
}

int
main(void)
{
    static struct lives lives = {.with = with_51};
#define LIFE(name) cmocka_unit_test_prestate(name, &lives)
    const struct CMUnitTest tests[] = {
        STREAMS(LIFE),
        cmocka_unit_test(rings_of_any_size_work),
        cmocka_unit_test(held_frames_do_not_stop_it),
        cmocka_unit_test(jumbo_frames_pass_when_configured),
        cmocka_unit_test(giants_are_the_devices_to_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
