/*
 * Callbacks begin beside what a DPC is in the middle of: "MINIPORT_PAUSE" has the driver wait for
 * calls of NdisMIndicateReceiveNetBufferLists that are under way, so on some seed there has to be
 * one.
 */
#include "support/world.h"

enum { SEEDS = 500 };

/* A DPC of the miniport that takes its time, and what began while it ran. */
static struct {
    KDPC dpc;
    LONG running;
    bool paused_beside;
    bool reset_beside;
} slow;

static VOID
run_slowly(PKDPC dpc, PVOID context, PVOID one, PVOID two)
{
    (void)dpc;
    (void)context;
    (void)one;
    (void)two;
    InterlockedIncrement(&slow.running);
    for (unsigned i = 0; i < 20; i++) {
        NdisStallExecution(1);
    }
    InterlockedDecrement(&slow.running);
}

static void
queue_it(void *argument)
{
    (void)argument;
    KeInsertQueueDpc(&slow.dpc, NULL, NULL);
}

static void
initialize_it(void *argument)
{
    (void)argument;
    KeInitializeDpc(&slow.dpc, run_slowly, NULL);
    KeSetTargetProcessorDpc(&slow.dpc, 1);
}

static void
before_pause(struct port *port)
{
    (void)port;
    slow.paused_beside |= slow.running != 0;
}

static void
before_reset(struct port *port)
{
    (void)port;
    slow.reset_beside |= slow.running != 0;
}

static void
given_an_adapter(struct world *w, uint64_t seed)
{
    slow.running = 0;
    miniport_reset();
    miniport.on_pause = before_pause;
    miniport.on_reset = before_reset;
    world_open(w, seed);
    world_add_adapter(w);
    w->client = pndis_client_open(w->adapter, NULL);
    expect(w, w->client != NULL);
    world_as_driver(w, initialize_it, NULL);
}

static void
a_pause_begins_beside_a_dpc(void **state)
{
    (void)state;
    slow.paused_beside = false;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world w;

        given_an_adapter(&w, seed);
        world_as_driver(&w, queue_it, NULL);
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        expect(&w, pndis_adapter_restart(w.adapter) == 0);
        world_close(&w);
    }
    assert_true(slow.paused_beside);
}

static void
a_reset_begins_beside_a_dpc(void **state)
{
    (void)state;
    slow.reset_beside = false;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world w;

        given_an_adapter(&w, seed);
        world_as_driver(&w, queue_it, NULL);
        expect(&w, pndis_adapter_reset(w.adapter) == 0);
        world_close(&w);
    }
    assert_true(slow.reset_beside);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_begins_beside_a_dpc),
        cmocka_unit_test(a_reset_begins_beside_a_dpc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
