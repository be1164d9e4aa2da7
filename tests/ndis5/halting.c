/*
 * Each occasion of MiniportHalt, and what it waits for ("Halt Handler (NDIS 5.1)"): a failed set of
 * multicast addresses or MAC options, the last unbind, unloading, the system's shutdown.
 */
#include "miniport51.h"

enum { FRAME = 100 };

static uint8_t frame[FRAME];
static struct later return_later;
static struct world *world;
static bool indicated_all;

static void
given(struct world *w, uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    make_frame_bytes(frame, FRAME, 1);
    world = w;
}

static void
expect_halted(struct world *w, unsigned halts)
{
    expect_state(w, "Halted");
    expect(w, SEEN(nic_latest()->halts) == halts && SEEN(nic_latest()->stops) == 1);
    expect(w, !SEEN(nic_latest()->wrong_level));
    world_expect_clean(w);
}

/* --- the occasions --- */

static void
it_halts_when_setting_multicast_addresses_fails(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        const uint8_t list[6] = {0x01, 0, 0x5e, 0, 0, 1};
        struct world w;
        int status = 0;

        given(&w, seed);
        world5_running(&w, seed);
        expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, list, 6, &status) == 0);
        expect(&w, nic_latest()->multicast_bytes == 6 && SEEN(nic_latest()->halts) == 0);
        miniport51.failed_oid = OID_802_3_MULTICAST_LIST;
        expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, NULL, 0, &status) != 0);
        expect(&w, status == NDIS_STATUS_FAILURE);
        world_settle(&w);
        expect_halted(&w, 1);
        world_close(&w);
    }
}

static void
it_halts_when_setting_mac_options_fails(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        const uint32_t options = 0;
        struct world w;
        int status = 0;

        given(&w, seed);
        world5_running(&w, seed);
        expect(&w, pndis_client_set(w.client, OID_GEN_MAC_OPTIONS, &options, 4, &status) == 0);
        expect(&w, SEEN(nic_latest()->halts) == 0);
        miniport51.failed_oid = OID_GEN_MAC_OPTIONS;
        expect(&w, pndis_client_set(w.client, OID_GEN_MAC_OPTIONS, &options, 4, &status) != 0);
        world_settle(&w);
        expect_halted(&w, 1);
        world_close(&w);
    }
}

static void
it_halts_when_the_last_protocol_unbinds_and_starts_for_the_next(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct pndis_client *second;
        struct nic *first_life;
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        second = pndis_client_open(w.adapter, NULL);
        expect(&w, second != NULL);
        expect(&w, pndis_client_close(second) == 0);
        expect_state(&w, "Running");
        expect(&w, pndis_client_close(w.client) == 0);
        expect_halted(&w, 1);
        first_life = nic_latest();
        world_add_client(&w);
        expect_state(&w, "Running");
        expect(&w, nic_latest() != first_life && SEEN(nic_latest()->initializes) == 1);
        expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 1);
        world_close(&w);
    }
}

static void
it_halts_before_the_driver_is_unloaded(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        expect(&w, pndis_client_close(w.client) == 0);
        world_add_client(&w);
        expect(&w, pndis_driver_unload(w.driver) == 0);
        expect(&w, SEEN(nic_latest()->halts) == 1 && miniport51.unloads == 1);
        world_close(&w);
    }
}

static void
at_shutdown_it_stops_the_nic_once_and_halts(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
        expect_state(&w, "Shutdown");
        expect(&w, SEEN(nic_latest()->shutdowns) == 1 && SEEN(nic_latest()->halts) == 1);
        expect(&w, SEEN(nic_latest()->stops) == 1);
        expect(&w, pndis_adapter_holdings(w.adapter) == 0);
        world_close(&w);
        expect(&w, SEEN(nic_latest()->halts) == 1);
    }
}

static void
a_bug_check_calls_the_shutdown_handler_only(void **state)
{
    struct world w;

    (void)state;
    given(&w, 0);
    world5_running(&w, 1);
    expect(&w, pndis_adapter_shutdown(w.adapter, true) == 0);
    expect(&w, SEEN(nic_latest()->shutdowns) == 1 && SEEN(nic_latest()->halts) == 0);
    world_discard(&w);
}

static void
own_shutdown(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    extern void nic_shutdown(PVOID context);

    calls->AdapterShutdownHandler = nic_shutdown;
}

static void
the_characteristics_may_have_the_shutdown_handler(void **state)
{
    struct world w;

    (void)state;
    given(&w, 0);
    miniport51.acquire &= ~(1u << ACQUIRE_SHUTDOWN_HANDLER);
    miniport51.edit = own_shutdown;
    world5_running(&w, 1);
    expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
    expect(&w, SEEN(nic_latest()->shutdowns) == 1 && SEEN(nic_latest()->stops) == 1);
    world_close(&w);
}

static void
it_halts_after_a_surprise_removal(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        expect(&w, pndis_adapter_surprise_remove(w.adapter) == 0);
        expect(&w, SEEN(nic_latest()->events) == 2); /* The power profile, and the removal. */
        expect_halted(&w, 1);
        world_close(&w);
    }
}

/* --- what it waits for --- */

static void
indicate(void *argument)
{
    (void)argument;
    indicated_all = nic_indicate(nic_latest(), frame, FRAME, 5, NDIS_STATUS_SUCCESS);
}

static void
return_all(void *argument)
{
    (void)argument;
    pndis_client_return(world->client, SIZE_MAX);
}

static void
start_returning(void *argument)
{
    do_later(&return_later, *(const enum when *)argument, return_all, NULL);
}

static bool returned_before_halt;

static void
look_at_returns(struct nic *nic)
{
    returned_before_halt = SEEN(nic->returns) == 5;
}

/* From a DPC of this processor, of another, from a timer and from a thread. */
static void
packets_that_are_out_delay_it(void **state)
{
    (void)state;
    for (enum when when = FROM_DPC; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            struct world w;

            given(&w, seed);
            miniport51.on_halt = look_at_returns;
            returned_before_halt = false;
            world5_running(&w, seed);
            pndis_client_hold(w.client, true);
            world_as_driver(&w, indicate, NULL);
            expect(&w, indicated_all);
            world_as_driver(&w, start_returning, &when);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            expect(&w, returned_before_halt);
            expect_halted(&w, 1);
            world_close(&w);
        }
    }
}

static void
it_is_not_called_while_a_packet_is_out(void **state)
{
    struct pndis_machine_options options = {.seed = 1, .processors = 2, .timeout_ns = 50000000};
    struct world w;

    (void)state;
    given(&w, 0);
    world_open_with(&w, &options);
    w.driver = pndis_driver_load(
        w.machine, NULL,
        &(struct pndis_driver_options){.name = "legacy", .entry = miniport51_entry});
    world5_add(&w);
    world_add_client(&w);
    pndis_client_hold(w.client, true);
    world_as_driver(&w, indicate, NULL);
    expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_PAUSE) == 0);
    expect_state(&w, "Pausing");
    expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_HALT) != 0);
    expect(&w, SEEN(nic_latest()->halts) == 0);
    pndis_client_return(w.client, SIZE_MAX);
    expect(&w, pndis_adapter_wait(w.adapter, 0) == 0);
    expect_state(&w, "Paused");
    expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_RESTART) == 0);
    world_close(&w);
}

static void
at_shutdown_too_packets_that_are_out_delay_it(void **state)
{
    const enum when when = FROM_TIMER;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed);
        miniport51.on_halt = look_at_returns;
        returned_before_halt = false;
        world5_running(&w, seed);
        pndis_client_hold(w.client, true);
        world_as_driver(&w, indicate, NULL);
        world_as_driver(&w, start_returning, (void *)&when);
        expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
        expect(&w, returned_before_halt && SEEN(nic_latest()->stops) == 1);
        world_close(&w);
    }
}

/* --- an initialize that does not lead to an adapter --- */

static void
what_was_initialized_in_vain_is_halted(void **state)
{
    static const struct {
        bool no_attributes;
        UINT medium;
        const char *rule;
    } cases[] = {
        {true, MAXULONG, "MP_ATTR_MISSING"},
        {false, 77, "N5_MEDIUM"},
        {false, 0, NULL}, /* A medium that there is, and that is not Ethernet. */
    };

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(cases); i++) {
        struct world w;

        given(&w, i);
        miniport51.no_attributes = cases[i].no_attributes;
        miniport51.medium = cases[i].medium;
        if (cases[i].no_attributes) {
            miniport51.edit = NULL;
        }
        world5_open(&w, i);
        world5_add(&w);
        expect_state(&w, "Halted");
        if (cases[i].rule != NULL) {
            world_expect_violation(&w, cases[i].rule);
        } else {
            expect(&w, pndis_adapter_status(w.adapter) == NDIS_STATUS_UNSUPPORTED_MEDIA);
            expect(&w, SEEN(nic_latest()->halts) == 1);
        }
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_halts_when_setting_multicast_addresses_fails),
        cmocka_unit_test(it_halts_when_setting_mac_options_fails),
        cmocka_unit_test(it_halts_when_the_last_protocol_unbinds_and_starts_for_the_next),
        cmocka_unit_test(it_halts_before_the_driver_is_unloaded),
        cmocka_unit_test(at_shutdown_it_stops_the_nic_once_and_halts),
        cmocka_unit_test(a_bug_check_calls_the_shutdown_handler_only),
        cmocka_unit_test(the_characteristics_may_have_the_shutdown_handler),
        cmocka_unit_test(it_halts_after_a_surprise_removal),
        cmocka_unit_test(packets_that_are_out_delay_it),
        cmocka_unit_test(it_is_not_called_while_a_packet_is_out),
        cmocka_unit_test(at_shutdown_too_packets_that_are_out_delay_it),
        cmocka_unit_test(what_was_initialized_in_vain_is_halted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
