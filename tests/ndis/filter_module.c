/*
 * Filter modules in a stack: "Filter Module States and Operations", FILTER_PAUSE, FILTER_RESTART,
 * NdisFPauseComplete, NdisFRestartComplete. Drivers cannot register filters yet; the module here
 * stands where theirs will.
 */
#include "ndis/filter_module.h"
#include "nt/nt.h"
#include "support/restart_list.h"
#include "support/story.h"

enum { SEEDS = 20 };

/* A module whose every answer a test decides. */
static struct {
    struct filter_module module;
    bool mandatory;
    NDIS_STATUS attach_status;
    enum when pause;
    enum when restart;
    NDIS_STATUS pause_status;
    NDIS_STATUS restart_status;
    void (*on_restart)(NDIS_RESTART_ATTRIBUTES **attributes);
    struct later pause_later;
    struct later restart_later;
    unsigned detaches;
} filter;

static void
complete_pause(void *argument)
{
    (void)argument;
    pndis__filter_pause_complete(context_current(), &filter.module);
}

static void
complete_restart(void *argument)
{
    (void)argument;
    pndis__filter_restart_complete(context_current(), &filter.module, filter.restart_status);
}

static NDIS_STATUS
attach(void *context)
{
    (void)context;
    return filter.attach_status;
}

static void
detach(void *context)
{
    (void)context;
    filter.detaches++;
}

static NDIS_STATUS
pause(void *context)
{
    (void)context;
    if (filter.pause == AT_ONCE) {
        return filter.pause_status;
    }
    do_later(&filter.pause_later, filter.pause, complete_pause, NULL);
    return NDIS_STATUS_PENDING;
}

static NDIS_STATUS
restart(void *context, NDIS_RESTART_ATTRIBUTES **attributes)
{
    (void)context;
    if (filter.on_restart != NULL) {
        filter.on_restart(attributes);
    }
    if (filter.restart == AT_ONCE) {
        return filter.restart_status;
    }
    do_later(&filter.restart_later, filter.restart, complete_restart, NULL);
    return NDIS_STATUS_PENDING;
}

static const struct filter_ops ops = {
    .attach = attach, .detach = detach, .pause = pause, .restart = restart};

static void
filter_reset(void)
{
    miniport_reset();
    memset(&filter, 0, sizeof(filter));
}

static void
add_filter(void *argument)
{
    struct world *w = argument;

    pndis__filter_add(w->adapter, &filter.module, &ops, NULL, "shaper", filter.mandatory);
}

/* A halted adapter with the module over it. */
static void
given_filter(struct world *w, uint64_t seed, bool mandatory)
{
    filter.mandatory = mandatory;
    world_open(w, seed);
    world_add_halted(w);
    world_as_driver(w, add_filter, w);
}

static void
given_running(struct world *w, uint64_t seed)
{
    given_filter(w, seed, true);
    expect(w, pndis_adapter_start(w->adapter) == 0);
    world_add_client(w);
    expect_state(w, "Running");
}

/* --- its place --- */

static void
a_module_pauses_before_the_adapter_and_restarts_after_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct story states;
        struct world w;

        filter_reset();
        given_filter(&w, seed, true);
        states = story_open(&w, PNDIS_LOG_STATES);
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        world_add_client(&w);
        story_forget(&states);
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        STORY_HAS_IN_ORDER(&states, "shaper: Running -> Pausing", "shaper: Pausing -> Paused",
                           "eth0: Running -> Pausing", "eth0: Pausing -> Paused");
        story_forget(&states);
        expect(&w, pndis_adapter_restart(w.adapter) == 0);
        STORY_HAS_IN_ORDER(&states, "eth0: Restarting -> Running", "shaper: Paused -> Restarting",
                           "shaper: Restarting -> Running");
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, filter.detaches == 1);
        world_close(&w);
    }
}

static void
pauses_and_restarts_complete_in_every_way(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        struct world w;

        filter_reset();
        filter.pause = filter.restart = when;
        given_running(&w, when);
        restart_again(&w);
        world_expect_clean(&w);
        expect_state(&w, "Running");
        world_close(&w);
    }
}

static void
an_optional_module_that_fails_to_attach_is_left_out(void **state)
{
    struct world w;

    (void)state;
    filter_reset();
    filter.attach_status = NDIS_STATUS_FAILURE;
    given_filter(&w, 0, false);
    expect(&w, pndis_adapter_start(w.adapter) == 0);
    world_add_client(&w);
    expect_state(&w, "Running");
    expect(&w, filter.detaches == 0);
    world_close(&w);
}

static void
a_mandatory_module_that_fails_to_attach_ends_the_stack(void **state)
{
    struct world w;

    (void)state;
    filter_reset();
    filter.attach_status = NDIS_STATUS_FAILURE;
    given_filter(&w, 0, true);
    expect(&w, pndis_adapter_start(w.adapter) == PNDIS_EDRIVER);
    expect_state(&w, "Halted");
    world_close(&w);
}

/* --- rules --- */

/* FM_PAUSE_2, FILTER_PAUSE: "The filter driver cannot fail the pause request." */
static void
a_pause_that_a_module_fails_is_reported_and_done(void **state)
{
    struct world w;

    (void)state;
    filter_reset();
    given_running(&w, 0);
    filter.pause_status = NDIS_STATUS_FAILURE;
    expect(&w, pndis_adapter_pause(w.adapter) == 0);
    world_expect_violation_of(&w, "FM_PAUSE_2", "shaper", "");
    expect_state(&w, "Paused");
    filter.pause_status = NDIS_STATUS_SUCCESS;
    expect(&w, pndis_adapter_restart(w.adapter) == 0);
    world_close(&w);
}

static void
a_module_completes_only_what_it_was_asked_for(void **state)
{
    static void (*const completions[])(void *) = {complete_pause, complete_restart};

    (void)state;
    for (size_t i = 0; i < sizeof(completions) / sizeof(*completions); i++) {
        struct world w;

        filter_reset();
        given_running(&w, i);
        world_as_driver(&w, completions[i], NULL);
        world_expect_violation_of(&w, "FM_STATE", "no such operation pending", "");
        expect_state(&w, "Running");
        world_close(&w);
    }
}

/* --- what it does to the attributes of others --- */

static NDIS_RESTART_ATTRIBUTES *
added_entry(NDIS_RESTART_ATTRIBUTES **attributes)
{
    NDIS_RESTART_ATTRIBUTES *entry = *attributes;

    while (entry->Oid != ENTRY_OID) {
        entry = entry->Next;
    }
    return entry;
}

static void
change_data(NDIS_RESTART_ATTRIBUTES **attributes)
{
    added_entry(attributes)->Data[0]++;
}

static void
shorten(NDIS_RESTART_ATTRIBUTES **attributes)
{
    added_entry(attributes)->DataLength--;
}

static void
rename_entry(NDIS_RESTART_ATTRIBUTES **attributes)
{
    added_entry(attributes)->Oid++;
}

static void
unlink_entry(NDIS_RESTART_ATTRIBUTES **attributes)
{
    NDIS_RESTART_ATTRIBUTES *entry = added_entry(attributes);

    while (*attributes != entry) {
        attributes = &(*attributes)->Next;
    }
    *attributes = entry->Next;
    NdisFreeMemory(entry, 0, 0);
}

static void
lower_mtu(NDIS_RESTART_ATTRIBUTES **attributes)
{
    pndis__restart_general(*attributes)->MtuSize = PORT_MTU - 100;
}

static void
restart_with(struct world *w, uint64_t seed, void (*on_restart)(NDIS_RESTART_ATTRIBUTES **))
{
    filter_reset();
    miniport.on_restart = restart_add;
    given_running(w, seed);
    filter.on_restart = on_restart;
    restart_again(w);
}

/* RATTR_FOREIGN, FILTER_RESTART: an entry with an OID that it does not know is not its own. */
static void
a_module_leaves_the_entries_of_others_alone(void **state)
{
    static void (*const changes[])(NDIS_RESTART_ATTRIBUTES **) = {change_data, shorten,
                                                                  rename_entry, unlink_entry};

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct world w;

        restart_with(&w, i, changes[i]);
        world_expect_violation_of(&w, "RATTR_FOREIGN", "shaper changed the entry", "");
        expect_state(&w, "Running");
        filter.on_restart = NULL;
        world_close(&w);
    }
}

static void
the_general_attributes_are_a_modules_to_change(void **state)
{
    ULONG value = 0;
    struct world w;

    (void)state;
    restart_with(&w, 0, lower_mtu);
    world_expect_clean(&w);
    expect(&w, pndis_client_query(w.client, OID_GEN_MAXIMUM_FRAME_SIZE, &value, sizeof(value), NULL,
                                  NULL) == 0);
    expect(&w, value == PORT_MTU - 100);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_pauses_before_the_adapter_and_restarts_after_it),
        cmocka_unit_test(pauses_and_restarts_complete_in_every_way),
        cmocka_unit_test(an_optional_module_that_fails_to_attach_is_left_out),
        cmocka_unit_test(a_mandatory_module_that_fails_to_attach_ends_the_stack),
        cmocka_unit_test(a_pause_that_a_module_fails_is_reported_and_done),
        cmocka_unit_test(a_module_completes_only_what_it_was_asked_for),
        cmocka_unit_test(a_module_leaves_the_entries_of_others_alone),
        cmocka_unit_test(the_general_attributes_are_a_modules_to_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
