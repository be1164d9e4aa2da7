/*
 * Everything at once: sends that a DPC completes, packets that a DPC and a timer indicate, resets,
 * pauses and restarts beside them. Nothing is lost, nothing comes twice, and of a serialized
 * miniport no two functions ever run.
 */
#include "miniport51.h"

enum { FRAME = 120, ROUNDS = 12 };

static uint8_t frame[FRAME];

static void
work_in_dpc(struct nic *nic)
{
    nic_indicate(nic, frame, FRAME, 3, NDIS_STATUS_SUCCESS);
    nic_complete(nic, 4, NDIS_STATUS_SUCCESS);
    nic_indicate(nic, frame, FRAME, 1, NDIS_STATUS_RESOURCES);
}

static void
work_in_timer(struct nic *nic)
{
    nic_indicate(nic, frame, FRAME, 2, NDIS_STATUS_SUCCESS);
    nic_complete(nic, 2, NDIS_STATUS_SUCCESS);
}

static void
set_timer(void *argument)
{
    (void)argument;
    NdisMSetTimer(&nic_latest()->timer, 0);
}

static void
complete_all(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), 256, NDIS_STATUS_SUCCESS);
}

static void
one_round(struct world *w, unsigned round)
{
    for (unsigned i = 0; i < 5; i++) {
        pndis_client_send(w->client, frame, FRAME);
    }
    pndis_device_interrupt(card.device, 0);
    world_as_driver(w, set_timer, NULL);
    pndis_client_return(w->client, 4);
    if (round % 4 == 1) {
        pndis_machine_run(w->machine, 100000);
    }
    if (round % 4 == 2) {
        expect(w, pndis_adapter_reset(w->adapter) == 0);
    }
    if (round % 4 == 3) {
        expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_PAUSE) == 0);
        world_as_driver(w, complete_all, NULL);
        pndis_client_return(w->client, SIZE_MAX);
        expect(w, pndis_adapter_wait(w->adapter, 0) == 0);
        expect_state(w, "Paused");
        expect(w, pndis_adapter_step(w->adapter, PNDIS_STEP_RESTART) == 0);
    }
}

static void
nothing_is_lost_and_nothing_comes_twice(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(120); seed++) {
        struct pndis_client_counts counts;
        struct world w;

        miniport51_reset();
        if (seed % 2 != 0) {
            miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
        }
        miniport51.single_send = seed % 4 < 2;
        miniport51.sending = seed % 2 != 0 ? SEND5_RESOURCES : SEND5_HOLD;
        miniport51.room = 6;
        miniport51.on_dpc = work_in_dpc;
        miniport51.on_timer = work_in_timer;
        make_frame_bytes(frame, FRAME, 9);
        world5_running(&w, seed);
        pndis_client_hold(w.client, seed % 8 < 4);
        for (unsigned round = 0; round < ROUNDS; round++) {
            one_round(&w, round);
        }
        world_settle(&w);
        pndis_client_return(w.client, SIZE_MAX);
        for (unsigned i = 0; i < 4 * ROUNDS; i++) {
            world_as_driver(&w, complete_all, NULL);
        }
        world_settle(&w);
        pndis_client_get_counts(w.client, &counts);
        expect(&w, counts.completed == counts.sent);
        expect(&w, seed % 2 == 0 || SEEN(nic_latest()->most_inside) <= 1);
        expect(&w, !SEEN(nic_latest()->wrong_level));
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_nothing_comes_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
