/*
 * Bindings that come and go while the adapter sleeps: "Handling a Set Power Request": the restart
 * follows OID_PNP_SET_POWER to D0, and in a low-power state that is the only OID request.
 */
#include "support/data_path.h"

enum { SEEDS = 40, D3 = 3 };

enum {
    MANAGES = NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND,
    STAYS = MANAGES | NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND,
};

static ULONG attribute_flags;

static void
edit_attributes(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= attribute_flags;
}

static void
with_flags(ULONG flags, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        data_path_reset();
        attribute_flags = flags;
        miniport.edit_registration = edit_attributes;
        protocol.packet_filter = NDIS_PACKET_TYPE_DIRECTED;
        world_open(&w, seed);
        test(&w);
        world_close(&w);
    }
}

static void
set_power(struct world *w, unsigned state)
{
    expect(w, pndis_adapter_set_power(w->adapter, state) == 0);
}

static void
unbind(void *argument)
{
    (void)argument;
    NdisUnbindAdapter(opening_latest()->handle);
}

static size_t bindings_left;

static bool
only_these_are_left(void *user)
{
    struct pndis_adapter_info info;

    return pndis_adapter_get_info(user, &info) == 0 && info.binding_count == bindings_left;
}

/* NdisUnbindAdapter, and all that follows from it. */
static void
unbind_and_wait(struct world *w, size_t left)
{
    bindings_left = left;
    world_as_driver(w, unbind, NULL);
    expect(w, pndis_machine_run_until(w->machine, only_these_are_left, w->adapter, 0) == 0);
    world_settle(w);
}

/* --- going --- */

static void
unbinds(struct world *w)
{
    unsigned oids;
    unsigned restarts;

    world_load_protocol(w);
    world_add_adapter(w);
    world_add_client(w);
    expect_state(w, "Running");
    set_power(w, D3);
    oids = port_latest()->oids;
    restarts = port_latest()->restarts;
    unbind_and_wait(w, 1);
    expect(w, protocol.unbinds == 1);
    expect(w, port_latest()->oids == oids && port_latest()->restarts == restarts);
    set_power(w, 0);
    expect_state(w, "Running");
    expect(w, port_latest()->restarts == restarts + 1);
}

static void
an_unbind_asleep_leaves_the_miniport_alone(void **state)
{
    (void)state;
    with_flags(MANAGES, unbinds);
    with_flags(STAYS, unbinds);
}

/* What the miniport is to take changes with the binding; it is told of that awake. */
static void
filter_follows(struct world *w)
{
    world_load_protocol(w);
    world_add_adapter(w);
    expect(w, port_latest()->packet_filter == NDIS_PACKET_TYPE_DIRECTED);
    set_power(w, D3);
    unbind_and_wait(w, 0);
    expect(w, port_latest()->packet_filter == NDIS_PACKET_TYPE_DIRECTED);
    set_power(w, 0);
    expect(w, port_latest()->packet_filter == 0);
}

static void
a_filter_that_changed_asleep_is_told_awake(void **state)
{
    (void)state;
    with_flags(MANAGES, filter_follows);
}

/* --- coming --- */

static void
client_without_filter(struct world *w)
{
    const struct pndis_client_options options = {.no_filter = true};
    unsigned oids;

    world_add_adapter(w);
    set_power(w, D3);
    oids = port_latest()->oids;
    w->client = pndis_client_open(w->adapter, &options);
    expect(w, w->client != NULL && port_latest()->restarts == 0 && port_latest()->oids == oids);
    set_power(w, 0);
    expect(w, port_latest()->restarts == 1);
    expect_state(w, "Running");
}

static void
a_client_opened_asleep_runs_awake(void **state)
{
    (void)state;
    with_flags(MANAGES, client_without_filter);
    with_flags(STAYS, client_without_filter);
}

static void
registered_asleep(struct world *w)
{
    world_add_adapter(w);
    set_power(w, D3);
    world_load_protocol(w);
    world_settle(w);
    expect(w, protocol.binds == 0);
    set_power(w, 0);
    expect(w, protocol.binds == 1);
    expect_state(w, "Running");
}

static void
a_protocol_registered_asleep_is_bound_awake(void **state)
{
    (void)state;
    with_flags(MANAGES, registered_asleep);
    with_flags(STAYS, registered_asleep);
    with_flags(0, registered_asleep);
}

static void
host_restarts(struct world *w)
{
    unsigned restarts;

    world_add_adapter(w);
    world_add_client(w);
    set_power(w, D3);
    restarts = port_latest()->restarts;
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect(w, port_latest()->restarts == restarts);
    set_power(w, 0);
    expect(w, port_latest()->restarts == restarts + 1);
    expect_state(w, "Running");
}

static void
a_restart_asleep_waits_for_d0(void **state)
{
    (void)state;
    with_flags(MANAGES, host_restarts);
}

/* --- the end --- */

static void
given_asleep(struct world *w)
{
    world_load_protocol(w);
    world_add_adapter(w);
    world_add_client(w);
    set_power(w, D3);
}

static void
fails_to_wake(struct world *w)
{
    given_asleep(w);
    miniport.initialize_status = NDIS_STATUS_FAILURE;
    expect(w, pndis_adapter_set_power(w->adapter, 0) == PNDIS_EDRIVER);
    miniport.initialize_status = NDIS_STATUS_SUCCESS;
    set_power(w, 0);
    expect(w, protocol.unbinds == 0);
    expect_state(w, "Running");
}

static void
who_fails_to_wake_may_be_woken_again(void **state)
{
    (void)state;
    with_flags(0, fails_to_wake);
}

static void
driver_unloads(struct world *w)
{
    given_asleep(w);
    expect(w, pndis_driver_unload(w->driver) == 0);
    expect(w, miniport.unloads == 1 && protocol.unbinds == 1);
}

static void
stack_stops(struct world *w)
{
    given_asleep(w);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect_state(w, "Halted");
    expect(w, protocol.unbinds == 1 && protocol.openings == NULL);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == PNDIS_EBADSTATE);
    expect(w, pndis_adapter_start(w->adapter) == 0);
    expect_state(w, "Running");
}

static void
device_disappears(struct world *w)
{
    given_asleep(w);
    expect(w, pndis_adapter_surprise_remove(w->adapter) == 0);
    expect_state(w, "Halted");
    expect(w, protocol.unbinds == 1 && protocol.openings == NULL);
}

/* "Stopping a Driver Stack": the protocols are unbound, also where the adapter is halted already.
 */
static void
what_ends_asleep_unbinds_its_protocols(void **state)
{
    static void (*const ends[])(struct world * w) = {
        given_asleep, /* And the machine stops. */
        driver_unloads,
        stack_stops,
        device_disappears,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        with_flags(0, ends[i]);
        assert_true(protocol.unbinds != 0 && protocol.openings == NULL);
        with_flags(MANAGES, ends[i]);
        with_flags(STAYS, ends[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unbind_asleep_leaves_the_miniport_alone),
        cmocka_unit_test(a_filter_that_changed_asleep_is_told_awake),
        cmocka_unit_test(a_client_opened_asleep_runs_awake),
        cmocka_unit_test(a_protocol_registered_asleep_is_bound_awake),
        cmocka_unit_test(a_restart_asleep_waits_for_d0),
        cmocka_unit_test(what_ends_asleep_unbinds_its_protocols),
        cmocka_unit_test(who_fails_to_wake_may_be_woken_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
