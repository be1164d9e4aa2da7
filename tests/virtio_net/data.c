/* Frames from one adapter to the other: whole, in order, each way, however they are sent. */
#include "virtio_net/lives.h"

/* "Short frames are padded with zeros to the medium's minimum." */
static void
short_frames_are_padded(void **state)
{
    struct net_world n;

    (void)state;
    net_running(&n, &(struct net_options){0});
    for (size_t bytes = 14; bytes < 62; bytes++) {
        net_send(&n, 0, (uint32_t)bytes, 1, bytes, 1);
        net_wait_received(&n, 1, bytes - 13);
        net_expect(&n, 1, (uint32_t)bytes, 1, bytes);
    }
    net_close(&n);
}

/* Every way in which features and rings can be: small rings, without this feature or that. */
static void
any_device_will_do(void **state)
{
    enum { FRAMES = 100 };
    static const struct {
        const char *what;
        uint64_t features_off;
        unsigned flags;
        unsigned queue_size;
    } devices[] = {
        {"as it is", 0, 0, 0},
        {"no event index", 1ull << 29, 0, 0},
        {"no indirect descriptors", 1ull << 28, 0, 0},
        {"no merged buffers", 1ull << 15, 0, 0},
        {"no merged buffers, no coalescing", 1ull << 15 | 1ull << 7 | 1ull << 8, 0, 0},
        {"no checksums", 1 | 2, 0, 0},
        {"no control queue", 1ull << 17, 0, 0},
        {"no status, no MTU, no speed", 1ull << 16 | 1ull << 3 | 1ull << 63, 0, 0},
        {"line interrupt", 0, PNDIS_NIC_NO_MESSAGES, 0},
        {"line interrupt, no event index", 1ull << 29, PNDIS_NIC_NO_MESSAGES, 0},
        {"rings of 16", 0, 0, 16},
        {"rings of 16, no indirect descriptors", 1ull << 28, 0, 16},
    };

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(devices); i++) {
        for (unsigned seed = 0; seed < world_seeds(8); seed++) {
            struct net_world n;

            if (seed == 0) {
                print_message("%s\n", devices[i].what);
            }
            net_running(&n, &(struct net_options){
                                .seed = seed,
                                .nic = {.features_off = devices[i].features_off,
                                        .flags = devices[i].flags,
                                        .queue_size = devices[i].queue_size},
                            });
            net_send(&n, 0, 0, FRAMES, 200, 8);
            net_send(&n, 1, 0, FRAMES, 1514, 3);
            net_wait_received(&n, 1, FRAMES);
            net_wait_received(&n, 0, FRAMES);
            net_expect(&n, 1, 0, FRAMES, 200);
            net_expect(&n, 0, 0, FRAMES, 1514);
            net_wait_completed(&n, 0);
            net_wait_completed(&n, 1);
            net_close(&n);
        }
    }
}

static void
jumbo_frames(void **state)
{
    static const struct pndis_parameter jumbo = {"*JumboPacket", "9014"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct net_world n;

        net_running(&n, &(struct net_options){
                            .nic = {.mtu = 9000, .features_off = i == 0 ? 0 : 1ull << 15},
                            .parameters = {&jumbo, &jumbo},
                            .parameter_count = {1, 1},
                        });
        net_send(&n, 0, 1, 30, 9014, 4);
        net_wait_received(&n, 1, 30);
        net_expect(&n, 1, 1, 30, 9014);
        net_close(&n);
    }
}

/* NDIS_STATUS_INVALID_LENGTH; nothing leaves. */
static void
frames_that_are_too_long_are_refused(void **state)
{
    struct net_world n;

    (void)state;
    net_running(&n, &(struct net_options){0});
    net_send(&n, 0, 0, 1, 1519, 1);
    net_send(&n, 0, 1, 1, 13, 1);
    net_wait_completed(&n, 0);
    expect_net(&n, net_counts(&n, 0).completed_ok == 0);
    expect_net(&n, net_counts(&n, 0).last_send_status == (int)NDIS_STATUS_INVALID_LENGTH);
    expect_net(&n, net_info(&n, 0).send.frames == 0);
    net_close(&n);
}

int
main(void)
{
    static struct lives lives = {.with = NULL};
#define LIFE(name) cmocka_unit_test_prestate(name, &lives)
    const struct CMUnitTest tests[] = {
        STREAMS(LIFE),
        cmocka_unit_test(short_frames_are_padded),
        cmocka_unit_test(any_device_will_do),
        cmocka_unit_test(jumbo_frames),
        cmocka_unit_test(frames_that_are_too_long_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
