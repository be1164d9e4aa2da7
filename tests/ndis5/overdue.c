/*
 * "NdisMSetAttributesEx function": NDIS times out the sends of a serialized miniport at twice the
 * interval of the check for hang, and resets the miniport then.
 */
#include "miniport51.h"

enum { INTERVAL = 2 };

static const uint64_t second = 1000000000;

static void
given(struct world *w, uint64_t seed, ULONG attributes, enum sending5 sending)
{
    miniport51_reset();
    miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    miniport51.attributes |= attributes;
    miniport51.sending = sending;
    miniport51.room = 1;
    world5_running(w, seed);
}

static void
send_some(struct world *w, unsigned count)
{
    uint8_t frame[64];

    make_frame_bytes(frame, sizeof(frame), 1);
    for (unsigned i = 0; i < count; i++) {
        expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    }
}

static void
complete_all(void *argument)
{
    nic_complete(argument, ~0u, NDIS_STATUS_SUCCESS);
}

static unsigned
resets_after(struct world *w, unsigned intervals)
{
    expect(w, pndis_machine_run(w->machine, intervals * INTERVAL * second) == 0);
    return SEEN(nic_latest()->resets);
}

static void
finish(struct world *w)
{
    world_as_driver(w, complete_all, nic_latest());
    world_close(w);
}

static void
a_send_that_the_driver_keeps_is_a_reason_for_a_reset(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed, 0, SEND5_HOLD);
        send_some(&w, 1);
        expect(&w, resets_after(&w, 1) == 0);
        expect(&w, resets_after(&w, 3) == 1);
        finish(&w);
    }
}

static void
so_is_one_that_ndis_keeps_for_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_client_counts counts;
        struct world w;

        given(&w, seed, 0, SEND5_RESOURCES);
        send_some(&w, 2);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->held_count) == 1);
        expect(&w, resets_after(&w, 4) == 1);
        pndis_client_get_counts(w.client, &counts);
        expect(&w, counts.completed == 1);
        expect(&w, counts.last_send_status == NDIS_STATUS_REQUEST_ABORTED);
        finish(&w);
    }
}

static void
sends_that_come_and_go_are_none(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed, 0, SEND5_HOLD);
        for (unsigned i = 0; i < 8; i++) {
            send_some(&w, 3);
            expect(&w, resets_after(&w, 1) == 0);
            world_as_driver(&w, complete_all, nic_latest());
        }
        finish(&w);
    }
}

static void
after_the_reset_a_send_has_as_long_again(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed, 0, SEND5_HOLD);
        send_some(&w, 1);
        expect(&w, resets_after(&w, 4) == 1);
        expect(&w, resets_after(&w, 1) == 1);
        expect(&w, resets_after(&w, 3) == 2);
        finish(&w);
    }
}

static void
whoever_does_not_want_it_is_not_reset(void **state)
{
    static const ULONG attributes[] = {NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT,
                                       NDIS_ATTRIBUTE_DESERIALIZE};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(attributes); i++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(&w, seed, attributes[i], SEND5_HOLD);
            send_some(&w, 2);
            expect(&w, resets_after(&w, 10) == 0);
            finish(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_send_that_the_driver_keeps_is_a_reason_for_a_reset),
        cmocka_unit_test(so_is_one_that_ndis_keeps_for_it),
        cmocka_unit_test(sends_that_come_and_go_are_none),
        cmocka_unit_test(after_the_reset_a_send_has_as_long_again),
        cmocka_unit_test(whoever_does_not_want_it_is_not_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
