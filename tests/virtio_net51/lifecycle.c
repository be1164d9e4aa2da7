/*
 * Every lifecycle operation on the NDIS 5.1 driver with frames on their way in both directions. All
 * packets come back and all resources are undone (the machine's end would report them).
 */
#include "virtio_net/lives.h"
#include "virtio_net/traffic.h"
#include "virtio_net51/world51.h"

/* It knows of no pause: what is queued goes out, and what comes in meanwhile has no taker. */
static void
sends_are_not_lost_by_pauses(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct traffic t = {{0, 0}};
        struct net_world n;

        running_51(&n, (struct net_options){
                           .seed = seed,
                           .cable = {.latency_ns = seed % 3 * 20000},
                       });
        bursts_and_pauses(&n, &t);
        expect_net(&n, net_counts(&n, 1).completed_ok == t.next[1]);
        net_wait_received(&n, 1, net_counts(&n, 0).completed_ok);
        expect_traffic_again(&n);
        net_close(&n);
    }
}

static void
shutdown_stops_the_device(void **state)
{
    struct traffic t = {{0, 0}};
    const uint32_t filter = 1;
    int status = 0;
    struct net_world n;

    (void)state;
    for (unsigned bug_check = 0; bug_check < 2; bug_check++) {
        running_51(&n, (struct net_options){0});
        burst(&n, &t);
        expect_net(&n, pndis_adapter_shutdown(n.adapters[0], bug_check != 0) == 0);
        expect_net(&n, net_info(&n, 0).device_status == 0);
        net_send(&n, 0, 0, 1, FRAME_BYTES, 1);
        if (bug_check == 0) {
            /* MiniportHalt has been called: nobody is left to answer. */
            expect_net(&n, pndis_client_set(n.clients[0], OID_GEN_CURRENT_PACKET_FILTER, &filter,
                                            sizeof(filter), &status) != 0 ||
                               status != 0);
        }
        world_discard(&n.w);
    }
}

int
main(void)
{
    static struct lives lives = {.with = with_51, .checks_for_hang = true};
#define LIFE(name) cmocka_unit_test_prestate(name, &lives)
    const struct CMUnitTest tests[] = {
        LIVES(LIFE),
        cmocka_unit_test(sends_are_not_lost_by_pauses),
        cmocka_unit_test(shutdown_stops_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
