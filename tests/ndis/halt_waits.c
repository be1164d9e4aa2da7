/*
 * MiniportHaltEx comes after the last function of the miniport has returned, also when that one has
 * given everything back long before: "Halting a Miniport Adapter".
 */
#include "support/protocol.h"
#include "support/worker.h"

enum { SEEDS = 200, LINGER_MS = 20 };

static LONG inside;
static LONG halted_inside;
static uint8_t frame[60];

static void
linger(NDIS_HANDLE context, PNET_BUFFER_LIST nbls, NDIS_PORT_NUMBER port_number, ULONG flags)
{
    struct port *port = context;

    (void)port_number;
    (void)flags;
    InterlockedIncrement(&inside);
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
        NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
    }
    NdisMSendNetBufferListsComplete(port->handle, nbls, 0);
    NdisMSleep(LINGER_MS * 1000);
    InterlockedDecrement(&inside);
}

static void
use_linger(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->SendNetBufferListsHandler = linger;
}

static void
look_inside(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    (void)action;
    halted_inside += InterlockedCompareExchange(&inside, 0, 0);
}

static void
send_one(void *argument)
{
    (void)argument;
    opening_send(opening_latest(), frame, sizeof(frame), 1);
}

static void
start_sender(void *argument)
{
    worker_start(argument, send_one, NULL);
    while (InterlockedCompareExchange(&inside, 0, 0) == 0) {
        NdisMSleep(10);
    }
}

static void
join_sender(void *argument)
{
    worker_join(argument);
}

static void
a_halt_waits_for_a_send_function_that_has_not_returned(void **state)
{
    (void)state;
    make_frame_bytes(frame, sizeof(frame), 1);
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;
        struct worker worker;

        miniport_reset();
        protocol_reset();
        miniport.edit_characteristics = use_linger;
        miniport.on_halt = look_inside;
        halted_inside = 0;
        world_open(&w, seed);
        world_load_protocol(&w);
        world_add_adapter(&w);
        expect_state(&w, "Running");
        world_as_driver(&w, start_sender, &worker);
        expect(&w, InterlockedCompareExchange(&inside, 0, 0) == 1);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, halted_inside == 0);
        expect(&w, InterlockedCompareExchange(&inside, 0, 0) == 0);
        world_as_driver(&w, join_sender, &worker);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_halt_waits_for_a_send_function_that_has_not_returned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
