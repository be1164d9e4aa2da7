/*
 * Restart attributes of restarts that fail, for want of memory too, and lists that drivers broke:
 * each entry is freed once. MINIPORT_RESTART, NDIS_RESTART_ATTRIBUTES.
 */
#include "support/restart_list.h"

enum { LIVE_TIMEOUT_NS = 1000000000 };

/* --- restarts that fail --- */

static void
failed(struct world *w)
{
    size_t holdings = pndis_adapter_holdings(w->adapter);

    expect(w, pndis_adapter_pause(w->adapter) == 0);
    miniport.restart_status = NDIS_STATUS_FAILURE;
    expect(w, pndis_adapter_restart(w->adapter) == PNDIS_EDRIVER);
    world_expect_clean(w);
    expect(w, pndis_adapter_holdings(w->adapter) == holdings);
    miniport.restart_status = NDIS_STATUS_SUCCESS;
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect(w, pndis_adapter_holdings(w->adapter) == holdings);
}

static void
a_driver_that_changed_nothing_may_fail_its_restart(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        struct world w;

        restart_program();
        miniport.restart = when;
        restart_open(&w, when);
        failed(&w);
        world_close(&w);
    }
}

static NDIS_STATUS
swap_for_a_copy(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_STATUS status = restart_enlarge(port, parameters);

    parameters->RestartAttributes->DataLength -= EXTRA_BYTES;
    restart_general_of(parameters)->MtuSize = PORT_MTU - 1;
    return status;
}

/* A field, one entry more at either end, a larger entry, another entry of the same length. */
static restart_change *const changes[] = {
    restart_edit, restart_add, restart_add_in_front, restart_enlarge, swap_for_a_copy,
};

/* The change is made in the callback; the restart fails there or later. */
static void
a_driver_that_changed_something_must_not_fail_its_restart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
            struct world w;
            size_t holdings;

            restart_program();
            miniport.restart = when;
            restart_open(&w, when);
            holdings = pndis_adapter_holdings(w.adapter);
            expect(&w, pndis_adapter_pause(w.adapter) == 0);
            miniport.on_restart = changes[i];
            miniport.restart_status = NDIS_STATUS_RESOURCES;
            expect(&w, pndis_adapter_restart(w.adapter) == PNDIS_EDRIVER);
            world_expect_violation(&w, "RATTR_FAILED");
            expect(&w, pndis_adapter_holdings(w.adapter) == holdings);

            miniport.on_restart = restart_miniport_looks;
            miniport.restart_status = NDIS_STATUS_SUCCESS;
            expect(&w, pndis_adapter_restart(w.adapter) == 0);
            expect(&w, miniport_found.general.MtuSize == PORT_MTU);
            restart_expect_oids_agree(&w);
            world_close(&w);
        }
    }
}

static void
protocol_fails(struct world *w)
{
    size_t holdings = pndis_adapter_holdings(w->adapter);

    miniport.on_restart = restart_add;
    protocol.restart_status = NDIS_STATUS_FAILURE;
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect(w, pndis_adapter_restart(w->adapter) == PNDIS_EDRIVER);
    world_expect_violation(w, "BD_EVENT_4");
    expect(w, pndis_adapter_holdings(w->adapter) == holdings);
    protocol.restart_status = NDIS_STATUS_SUCCESS;
    restart_holds_nothing(w);
}

static void
the_list_is_freed_once_when_a_protocol_fails_its_restart(void **state)
{
    (void)state;
    restart_under_seeds(NULL, protocol_fails);
}

/* Each allocation of a restart with an added entry fails, in turn. */
static void
the_list_is_freed_once_when_memory_runs_out(void **state)
{
    uint64_t runs = 0;
    bool fired = true;

    (void)state;
    for (uint64_t skip = 0; fired; skip++, runs++) {
        struct world w;
        size_t holdings;
        int result;

        restart_program();
        restart_open(&w, 0);
        holdings = pndis_adapter_holdings(w.adapter);
        miniport.on_restart = restart_add;
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        pndis_fault_arm(w.machine, skip);
        result = pndis_adapter_restart(w.adapter);
        fired = pndis_fault_fired(w.machine);
        pndis_fault_disarm(w.machine);
        expect(&w, fired ? result == PNDIS_EDRIVER || result == PNDIS_ENOMEM || result == 0
                         : result == 0);
        world_expect_clean(&w);
        expect(&w, pndis_adapter_holdings(w.adapter) == holdings);
        if (pndis_adapter_state(w.adapter) == PNDIS_PAUSED) {
            expect(&w, pndis_adapter_restart(w.adapter) == 0);
        }
        world_close(&w);
    }
    assert_true(runs > 1);
}

/* --- broken lists --- */

static NDIS_RESTART_ATTRIBUTES no_pool_memory;

static NDIS_STATUS
link_static_memory(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)port;
    memset(&no_pool_memory, 0, sizeof(no_pool_memory));
    no_pool_memory.Oid = ENTRY_OID;
    *restart_last_link(parameters) = &no_pool_memory;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
link_in_a_circle(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_STATUS status = restart_add(port, parameters);

    *restart_last_link(parameters) = parameters->RestartAttributes;
    return status;
}

static NDIS_STATUS
free_but_leave(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_ATTRIBUTES *entry = restart_entry_new(port, ENTRY_OID, EXTRA_BYTES, 1);

    *restart_last_link(parameters) = entry;
    NdisFreeMemory(entry, 0, 0);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
drop_general(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_RESTART_ATTRIBUTES *general = parameters->RestartAttributes;
    NDIS_STATUS status = restart_add(port, parameters);

    parameters->RestartAttributes = general->Next;
    NdisFreeMemory(general, 0, 0);
    return status;
}

static NDIS_STATUS
empty(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)port;
    NdisFreeMemory(parameters->RestartAttributes, 0, 0);
    parameters->RestartAttributes = NULL;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
exaggerate_length(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_STATUS status = restart_add(port, parameters);

    parameters->RestartAttributes->Next->DataLength = 100000;
    return status;
}

static NDIS_STATUS
change_revision(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)port;
    restart_general_of(parameters)->Header.Revision = 9;
    return NDIS_STATUS_SUCCESS;
}

static const struct {
    const char *rule;
    restart_change *make;
} broken[] = {
    {"RATTR_MEMORY", link_static_memory},
    {"RATTR_MEMORY", link_in_a_circle},
    {"RATTR_MEMORY", free_but_leave},
    {"RATTR_GENERAL", drop_general},
    {"RATTR_GENERAL", empty},
    {"RATTR_LENGTH", exaggerate_length},
    {"RATTR_HEADER", change_revision},
};

/* The stack runs all the same, and overlying drivers see a sound list. */
static void
a_broken_list_is_reported_and_cut_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        struct world w;

        restart_program();
        restart_open(&w, i);
        miniport.on_restart = broken[i].make;
        restart_again(&w);
        world_expect_violation(&w, broken[i].rule);
        expect_state(&w, "Running");
        expect(&w, protocol_found.entries <= 2);
        miniport.on_restart = restart_miniport_looks;
        restart_again(&w);
        expect(&w, miniport_found.entries == 1 && miniport_found.general.MtuSize == PORT_MTU);
        world_close(&w);
    }
}

static NDIS_RESTART_ATTRIBUTES *remembered;

static NDIS_STATUS
add_and_remember(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    NDIS_STATUS status = restart_add(port, parameters);

    remembered = parameters->RestartAttributes->Next;
    return status;
}

static void
free_remembered(void *argument)
{
    (void)argument;
    NdisFreeMemory(remembered, 0, 0);
}

/* "NDIS frees the attributes memory for the miniport drivers." */
static void
an_entry_is_not_the_drivers_to_free_after_the_restart(void **state)
{
    struct world w;

    (void)state;
    restart_program();
    restart_open(&w, 0);
    miniport.on_restart = add_and_remember;
    restart_again(&w);
    world_expect_clean(&w);
    world_as_driver(&w, free_remembered, NULL);
    world_expect_violation(&w, "POOL_FREE");
    miniport.on_restart = restart_miniport_looks;
    restart_again(&w);
    world_close(&w);
}

static void
nothing_is_added_where_there_is_no_list(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        struct world w;
        size_t holdings;

        restart_program();
        miniport.restart = when;
        restart_open(&w, when);
        holdings = pndis_adapter_holdings(w.adapter);
        miniport.on_restart = restart_add;
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_PAUSE) == 0);
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_RESTART) == 0);
        world_settle(&w);
        expect_state(&w, "Running");
        world_expect_violation(&w, "RATTR_NULL");
        expect(&w, pndis_adapter_holdings(w.adapter) == holdings);
        world_close(&w);
    }
}

static NDIS_RESTART_GENERAL_ATTRIBUTES *pending_general;

static NDIS_STATUS
remember_general(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)port;
    pending_general = restart_general_of(parameters);
    return NDIS_STATUS_SUCCESS;
}

static void
edit_and_complete(void *argument)
{
    (void)argument;
    pending_general->MtuSize = PORT_MTU - 1;
    NdisMRestartComplete(port_latest()->handle, NDIS_STATUS_SUCCESS);
}

static void
a_restart_that_nobody_waits_for_any_more_keeps_its_list(void **state)
{
    struct world w;
    int result;

    (void)state;
    restart_program();
    restart_open_with(&w, &(struct pndis_machine_options){
                              .processors = 2,
                              .timeout_ns = world_is_live() ? LIVE_TIMEOUT_NS : 0,
                          });
    miniport.on_restart = remember_general;
    miniport.restart = BY_HAND;
    expect(&w, pndis_adapter_pause(w.adapter) == 0);
    result = pndis_adapter_restart(w.adapter);
    expect(&w, result == PNDIS_ETIMEDOUT || result == PNDIS_ESTALLED);
    world_as_driver(&w, edit_and_complete, NULL);
    world_settle(&w);
    expect_state(&w, "Running");
    miniport.restart = AT_ONCE;
    restart_again(&w);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_that_changed_nothing_may_fail_its_restart),
        cmocka_unit_test(a_driver_that_changed_something_must_not_fail_its_restart),
        cmocka_unit_test(the_list_is_freed_once_when_a_protocol_fails_its_restart),
        cmocka_unit_test(the_list_is_freed_once_when_memory_runs_out),
        cmocka_unit_test(a_broken_list_is_reported_and_cut_back),
        cmocka_unit_test(an_entry_is_not_the_drivers_to_free_after_the_restart),
        cmocka_unit_test(nothing_is_added_where_there_is_no_list),
        cmocka_unit_test(a_restart_that_nobody_waits_for_any_more_keeps_its_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
