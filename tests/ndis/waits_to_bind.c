/*
 * An NDIS 5 miniport without bindings is halted until the next one ("Halt Handler (NDIS 5.1)"). It
 * starts for that as any other does: "Starting a Driver Stack", "Adding a Filter Module", also when
 * it slept meanwhile.
 */
#include "miniport51.h"
#include "ndis/filter_module.h"
#include "support/protocol.h"
#include "support/story.h"

enum { SEEDS = 20, D3 = 3 };

static struct story states;
static struct filter_module shaper;
static NDIS_STATUS attach_status;
static bool is_mandatory;

static NDIS_STATUS
attach(void *context)
{
    (void)context;
    return attach_status;
}

static void
detach(void *context)
{
    (void)context;
}

static NDIS_STATUS
pause(void *context)
{
    (void)context;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
restart(void *context, NDIS_RESTART_ATTRIBUTES **attributes)
{
    (void)context;
    (void)attributes;
    return NDIS_STATUS_SUCCESS;
}

static const struct filter_ops ops = {
    .attach = attach, .detach = detach, .pause = pause, .restart = restart};

static void
add_filter(void *argument)
{
    struct world *w = argument;

    pndis__filter_add(w->adapter, &shaper, &ops, NULL, "shaper", is_mandatory);
}

static void
under_seeds(void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport51_reset();
        miniport51.power = true;
        attach_status = NDIS_STATUS_SUCCESS;
        is_mandatory = true;
        world5_open(&w, seed);
        states = story_open(&w, PNDIS_LOG_STATES);
        world5_add(&w);
        world_add_client(&w);
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
given_unbound(struct world *w)
{
    expect(w, pndis_client_close(w->client) == 0);
    expect_state(w, "Halted");
}

/* A binding comes: the adapter, the filter module over it, the binding, and all is restarted. */
static void
expect_start(struct world *w)
{
    struct nic *before = nic_latest();

    world_as_driver(w, add_filter, w);
    story_forget(&states);
    w->client = pndis_client_open(w->adapter, &(struct pndis_client_options){.name = "late"});
    expect(w, w->client != NULL);
    expect(w, nic_latest() != before && SEEN(nic_latest()->events) == 1);
    STORY_HAS_IN_ORDER(&states, "eth0: Initializing -> Paused", "shaper: Detached -> Attaching",
                       "shaper: Attaching -> Paused", "late@eth0: Opening -> Paused",
                       "eth0: Restarting -> Running", "shaper: Restarting -> Running",
                       "late@eth0: Restarting -> Running");
}

static void
binding_comes(struct world *w)
{
    given_unbound(w);
    expect_start(w);
}

static void
a_binding_starts_it_as_a_stack_starts(void **state)
{
    (void)state;
    under_seeds(binding_comes);
}

static void
mandatory_filter_fails(struct world *w)
{
    given_unbound(w);
    attach_status = NDIS_STATUS_FAILURE;
    world_as_driver(w, add_filter, w);
    expect(w, pndis_client_open(w->adapter, NULL) == NULL);
    expect_state(w, "Halted");
    expect(w, SEEN(nic_latest()->halts) == 1);
}

/* "Initialize that succeeded but whose stack could not be built is halted." */
static void
it_is_halted_when_its_stack_cannot_be_built(void **state)
{
    (void)state;
    under_seeds(mandatory_filter_fails);
}

/* --- asleep --- */

static void
unbound_asleep(struct world *w)
{
    struct nic *before;

    set_power(w, D3);
    given_unbound(w);
    before = nic_latest();
    set_power(w, 0);
    expect_state(w, "Halted");
    expect(w, nic_latest() == before);
    expect_start(w);
}

static void
it_waits_for_a_binding_when_it_is_awake_again(void **state)
{
    (void)state;
    under_seeds(unbound_asleep);
}

static void
sleeps_unbound(struct world *w)
{
    struct pndis_adapter_info info;
    struct nic *before;

    given_unbound(w);
    before = nic_latest();
    set_power(w, D3);
    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0 && info.d_state == D3);
    expect(w, pndis_client_open(w->adapter, NULL) == NULL && nic_latest() == before);
    set_power(w, 0);
    expect_start(w);
}

static void
nothing_starts_it_while_its_device_sleeps(void **state)
{
    (void)state;
    under_seeds(sleeps_unbound);
}

static void
registered_asleep(struct world *w)
{
    struct nic *before;

    given_unbound(w);
    before = nic_latest();
    set_power(w, D3);
    protocol_reset();
    world_load_protocol(w);
    world_settle(w);
    expect(w, nic_latest() == before && protocol.binds == 0);
    world_as_driver(w, add_filter, w);
    set_power(w, 0);
    expect(w, nic_latest() != before && protocol.binds == 1);
    expect(w, state_of(&shaper.at) == FM_RUNNING);
    expect_state(w, "Running");
}

static void
a_protocol_registered_asleep_starts_it_awake(void **state)
{
    (void)state;
    under_seeds(registered_asleep);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binding_starts_it_as_a_stack_starts),
        cmocka_unit_test(it_is_halted_when_its_stack_cannot_be_built),
        cmocka_unit_test(it_waits_for_a_binding_when_it_is_awake_again),
        cmocka_unit_test(nothing_starts_it_while_its_device_sleeps),
        cmocka_unit_test(a_protocol_registered_asleep_starts_it_awake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
