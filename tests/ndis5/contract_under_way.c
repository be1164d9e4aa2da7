/*
 * Each way in which an adapter comes to its MiniportHalt, with each thing that may be under way
 * then: the driver ends it a little later, and only after that it is halted, once.
 */
#include "miniport51.h"

#include "support/data_path.h"

enum { FRAME = 300, LOOKAHEAD = 40, COUNT = 4, RINGS = 30, D0 = 0, D3 = 3 };

static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 1};
static uint8_t frame[FRAME];
static struct world *world;
static struct later later;
static bool ended;
static bool ended_at_halt;

static void
note_halt(struct nic *nic)
{
    (void)nic;
    ended_at_halt = SEEN(ended);
}

static void
given(struct world *w, uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.on_halt = note_halt;
    make_frame_bytes(frame, FRAME, 1);
    world = w;
    ended = ended_at_halt = false;
}

/* --- the ways --- */

static int
stop(struct world *w)
{
    return pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED);
}

static int
surprise(struct world *w)
{
    return pndis_adapter_surprise_remove(w->adapter);
}

/* A driver without power management is halted for it. */
static int
sleep_deeply(struct world *w)
{
    return pndis_adapter_set_power(w->adapter, D3);
}

static int
shut_down(struct world *w)
{
    return pndis_adapter_shutdown(w->adapter, false);
}

static int
fail_addresses(struct world *w)
{
    miniport51.failed_oid = OID_802_3_MULTICAST_LIST;
    pndis_client_set(w->client, OID_802_3_MULTICAST_LIST, group, sizeof(group), NULL);
    world_settle(w);
    return 0;
}

static int (*const ways[])(struct world *w) = {stop, surprise, sleep_deeply, shut_down,
                                               fail_addresses};

/* --- what is under way: how it begins, and how it ends --- */

static void
begin_transfer(void *argument)
{
    (void)argument;
    miniport51.pend_transfer = true;
    nic_indicate_lookahead(nic_latest(), frame, FRAME, LOOKAHEAD);
}

static void
end_transfer(void *argument)
{
    (void)argument;
    __atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
    nic_complete_transfer(nic_latest());
}

static void
begin_packets(void *argument)
{
    (void)argument;
    nic_indicate(nic_latest(), frame, FRAME, COUNT, NDIS_STATUS_SUCCESS);
}

static void
end_packets(void *argument)
{
    (void)argument;
    __atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
    pndis_client_return(world->client, SIZE_MAX);
}

static void
begin_reset(void *argument)
{
    (void)argument;
    miniport51.reset = BY_HAND;
    NdisMResetMiniport(nic_latest()->handle);
}

static void
end_reset(void *argument)
{
    KIRQL irql;

    (void)argument;
    __atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisMResetComplete(nic_latest()->handle, NDIS_STATUS_SUCCESS, miniport51.addressing_reset);
    KeLowerIrql(irql);
}

static void
end_sends(void *argument)
{
    KIRQL irql;

    (void)argument;
    __atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    nic_complete(nic_latest(), ~0u, NDIS_STATUS_SUCCESS);
    KeLowerIrql(irql);
}

static const struct {
    void (*begin)(void *argument); /* NULL: sends. */
    void (*end)(void *argument);
    bool fails_addresses; /* A request may be made while it is under way. */
} things[] = {
    {begin_transfer, end_transfer, true},
    {begin_packets, end_packets, true},
    {begin_reset, end_reset, false},
    {NULL, end_sends, true},
};

static void
begin(struct world *w, unsigned thing)
{
    pndis_client_hold(w->client, things[thing].begin == begin_packets);
    if (things[thing].begin != NULL) {
        world_at_dispatch(w, things[thing].begin, NULL);
    } else {
        for (unsigned i = 0; i < COUNT; i++) {
            expect(w, pndis_client_send(w->client, frame, FRAME) == 0);
        }
    }
    world_settle(w);
}

struct ending {
    unsigned thing;
    enum when when;
};

static void
end_later(void *argument)
{
    const struct ending *ending = argument;

    do_later(&later, ending->when, things[ending->thing].end, NULL);
}

static void
try_all(unsigned way, struct ending ending, uint64_t seed)
{
    struct world w;

    given(&w, seed);
    miniport51.sending = SEND5_HOLD;
    miniport51.addressing_reset = seed % 4 < 2;
    world5_running(&w, seed);
    begin(&w, ending.thing);
    world_as_driver(&w, end_later, &ending);
    expect(&w, ways[way](&w) == 0);
    expect(&w, SEEN(nic_latest()->halts) == 1 && ended_at_halt);
    expect(&w, SEEN(nic_latest()->initializes) == 1);
    world_close(&w);
    expect(&w, SEEN(nic_latest()->halts) == 1);
}

static void
whatever_is_under_way_ends_before_the_halt_and_the_halt_comes_once(void **state)
{
    (void)state;
    for (unsigned way = 0; way < RTL_NUMBER_OF(ways); way++) {
        for (unsigned thing = 0; thing < RTL_NUMBER_OF(things); thing++) {
            if (ways[way] == fail_addresses && !things[thing].fails_addresses) {
                continue;
            }
            for (enum when when = FROM_DPC; when < WHEN_COUNT; when++) {
                for (unsigned seed = 0; seed < world_seeds(12); seed++) {
                    try_all(way, (struct ending){thing, when}, seed);
                }
            }
        }
    }
}

/* --- interrupts all the while --- */

static void
ring(struct card *this, unsigned range, uint64_t offset, uint64_t value)
{
    (void)range;
    (void)offset;
    (void)value;
    pndis_device_interrupt(this->device, 0);
}

static void
indicate_and_ring(struct nic *nic)
{
    nic_indicate(nic, frame, FRAME, 2, NDIS_STATUS_SUCCESS);
    if (SEEN(nic->dpcs) < RINGS) {
        NdisWriteRegisterUlong((PULONG)nic->io_space, 1);
    }
}

static void
interrupts_that_go_on_do_not_keep_it_from_halting(void **state)
{
    (void)state;
    for (unsigned way = 0; way < RTL_NUMBER_OF(ways); way++) {
        for (unsigned seed = 0; seed < world_seeds(40); seed++) {
            struct world w;
            unsigned dpcs;

            given(&w, seed);
            miniport51.on_dpc = indicate_and_ring;
            card.on_write = ring;
            world5_running(&w, seed);
            pndis_device_interrupt(card.device, 0);
            expect(&w, ways[way](&w) == 0);
            expect(&w, SEEN(nic_latest()->halts) == 1);
            dpcs = SEEN(nic_latest()->dpcs);
            pndis_device_interrupt(card.device, 0);
            world_settle(&w);
            expect(&w, SEEN(nic_latest()->dpcs) == dpcs);
            world_close(&w);
        }
    }
}

/* --- again and again --- */

static void
each_life_of_an_adapter_is_initialized_and_halted_once(void **state)
{
    enum { LIVES = 4 };

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        unsigned lives = 0;
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        for (unsigned life = 1; life < LIVES; life++) {
            if ((seed + life) % 2 != 0) {
                expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
                expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
            } else {
                expect(&w, pndis_client_close(w.client) == 0);
                world_add_client(&w);
            }
            expect_state(&w, "Running");
        }
        world_close(&w);
        for (const struct nic *nic = nic_latest(); nic != NULL; nic = nic->next) {
            expect(&w, SEEN(nic->initializes) == 1 && SEEN(nic->halts) == 1);
            lives++;
        }
        expect(&w, lives == LIVES);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_under_way_ends_before_the_halt_and_the_halt_comes_once),
        cmocka_unit_test(interrupts_that_go_on_do_not_keep_it_from_halting),
        cmocka_unit_test(each_life_of_an_adapter_is_initialized_and_halted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
