/* What NdisMSetMiniportSecondary and NdisMPromoteMiniport refuse, and that they change nothing
 * then. */
#include "lbfo51.h"

/* --- what is refused --- */

struct pair {
    NDIS_HANDLE secondary;
    NDIS_HANDLE primary;
    NDIS_STATUS status;
};

static void
set_pair(void *argument)
{
    struct pair *pair = argument;

    pair->status = NdisMSetMiniportSecondary(pair->secondary, pair->primary);
}

static void
expect_refused(struct world *w, const struct nic *secondary, const struct nic *primary,
               const char *words)
{
    struct pair pair = {secondary->handle, primary->handle, NDIS_STATUS_PENDING};

    world_as_driver(w, set_pair, &pair);
    expect(w, pair.status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(w, "N5_BUNDLE", words, "");
}

static void
an_adapter_is_not_its_own_secondary_nor_that_of_a_secondary(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 2);
    miniport51.on_initialize = NULL;
    b.adapters[2] = lbfo_add(&b.w, "Bundle1");
    b.nics[2] = nic_latest();
    expect_refused(&b.w, b.nics[0], b.nics[0], "same adapter");
    expect_refused(&b.w, b.nics[2], b.nics[1], "a secondary itself");
    expect_refused(&b.w, b.nics[0], b.nics[2], "has secondaries");
    world_load_protocol(&b.w);
    world_settle(&b.w);
    expect_role(&b.w, b.adapters[0], true);
    expect_role(&b.w, b.adapters[2], true);
    world_close(&b.w);
}

/* "Only miniport instances that have been initialized by the same miniport driver." */
static void
members_of_a_bundle_have_one_driver(void **state)
{
    struct pndis_driver *other;
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 1);
    miniport51.on_initialize = NULL;
    other = pndis_driver_load(
        b.w.machine, NULL,
        &(struct pndis_driver_options){.name = "other", .entry = miniport51_entry});
    expect(&b.w, other != NULL);
    b.w.driver = other;
    lbfo_add(&b.w, "Bundle1");
    expect_refused(&b.w, nic_latest(), b.nics[0], "another driver");
    world_close(&b.w);
}

/* "Specifying Bundle Membership": a string value without regard to case. */
static void
members_of_a_bundle_are_installed_with_the_same_bundle_id(void **state)
{
    static const char *const others[] = {"Bundle2", "Bundle", "", NULL};
    struct pair pair;
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 1);
    miniport51.on_initialize = NULL;
    for (unsigned i = 0; i < RTL_NUMBER_OF(others); i++) {
        lbfo_add(&b.w, others[i]);
        expect_refused(&b.w, nic_latest(), b.nics[0], "BundleId");
    }
    lbfo_add(&b.w, NULL);
    expect_refused(&b.w, nic_latest(), nic_latest()->next, "BundleId");
    lbfo_add(&b.w, "");
    lbfo_add(&b.w, "");
    expect_refused(&b.w, nic_latest(), nic_latest()->next, "BundleId");
    lbfo_add(&b.w, "bUNDLE1");
    pair = (struct pair){nic_latest()->handle, b.nics[0]->handle, NDIS_STATUS_PENDING};
    world_as_driver(&b.w, set_pair, &pair);
    expect(&b.w, pair.status == NDIS_STATUS_SUCCESS);
    world_close(&b.w);
}

static void
make_it_primary(struct nic *nic, NDIS_HANDLE wrapper_context)
{
    (void)wrapper_context;
    lbfo.set_status = NdisMSetMiniportSecondary(lbfo.members[0]->handle, nic->handle);
}

/* "The primary miniport adapter that has already been initialized." */
static void
a_primary_is_initialized(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 1);
    miniport51.on_initialize = make_it_primary;
    lbfo_add(&b.w, "Bundle1");
    expect(&b.w, lbfo.set_status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(&b.w, "N5_BUNDLE", "not initialized", "");
    world_close(&b.w);
}

static void
only_a_secondary_without_a_primary_is_promoted(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 2);
    world_as_driver(&b.w, lbfo_promote, b.nics[0]);
    expect(&b.w, lbfo.promote_status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(&b.w, "N5_BUNDLE", "no secondary", "");
    world_as_driver(&b.w, lbfo_promote, b.nics[1]);
    expect(&b.w, lbfo.promote_status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(&b.w, "N5_BUNDLE", "has not been removed", "");
    world_load_protocol(&b.w);
    world_settle(&b.w);
    expect_role(&b.w, b.adapters[0], true);
    expect_role(&b.w, b.adapters[1], false);
    world_close(&b.w);
}

static void
remove_it(void *nic)
{
    assert_int_equal(NdisMRemoveMiniport(((struct nic *)nic)->handle), NDIS_STATUS_SUCCESS);
}

/* One that failed and was started again is there. */
static void
a_primary_that_was_replaced_is_there(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 1);
    world_as_driver(&b.w, remove_it, b.nics[0]);
    world_settle(&b.w);
    expect_state(&b.w, "Halted");
    expect(&b.w, pndis_adapter_start(b.adapters[0]) == 0);
    lbfo_add(&b.w, "Bundle1");
    expect(&b.w, lbfo.set_status == NDIS_STATUS_SUCCESS);
    world_as_driver(&b.w, lbfo_promote, nic_latest());
    expect(&b.w, lbfo.promote_status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(&b.w, "N5_BUNDLE", "has not been removed", "");
    world_close(&b.w);
}

static struct nic *other_nic;

static void
be_secondary_at_last(struct nic *nic)
{
    lbfo.set_status = NdisMSetMiniportSecondary(nic->handle, other_nic->handle);
}

static void
be_primary_at_last(struct nic *nic)
{
    lbfo_promote(nic);
}

/* From its own MiniportHalt it is too late for both. */
static void
one_that_is_halted_changes_no_roles(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 3);
    other_nic = b.nics[1];
    miniport51.on_halt = NULL;
    expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
    miniport51.on_halt = be_primary_at_last;
    expect(&b.w, lbfo_disable(b.adapters[1]) == 0);
    expect(&b.w, lbfo.promote_status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(&b.w, "N5_BUNDLE", "it is halted", "");
    other_nic = b.nics[2];
    world_as_driver(&b.w, lbfo_promote, b.nics[2]);
    miniport51.on_initialize = NULL;
    expect(&b.w, pndis_adapter_start(b.adapters[0]) == 0);
    miniport51.on_halt = be_secondary_at_last;
    expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
    expect(&b.w, lbfo.set_status == NDIS_STATUS_FAILURE);
    world_expect_violation_of(&b.w, "N5_BUNDLE", "one that is halted", "");
    miniport51.on_halt = NULL;
    world_close(&b.w);
}

/* Without memory both fail, and nothing has changed. */
static void
without_memory_nobody_changes_roles(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    miniport51.on_initialize = NULL;
    world5_open(&b.w, 1);
    world_load_protocol(&b.w);
    for (unsigned i = 0; i < 2; i++) {
        b.adapters[i] = lbfo_add(&b.w, "Bundle1");
        b.nics[i] = nic_latest();
    }
    world_settle(&b.w);
    pndis_fault_arm(b.w.machine, 0);
    world_as_driver(&b.w, lbfo_set_secondary, b.nics);
    expect(&b.w, lbfo.set_status == NDIS_STATUS_FAILURE && pndis_fault_fired(b.w.machine));
    world_settle(&b.w);
    expect_role(&b.w, b.adapters[1], true);
    world_as_driver(&b.w, lbfo_set_secondary, b.nics);
    expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
    pndis_fault_arm(b.w.machine, 0);
    world_as_driver(&b.w, lbfo_promote, b.nics[1]);
    expect(&b.w, lbfo.promote_status == NDIS_STATUS_FAILURE && pndis_fault_fired(b.w.machine));
    world_settle(&b.w);
    expect_role(&b.w, b.adapters[1], false);
    world_close(&b.w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_adapter_is_not_its_own_secondary_nor_that_of_a_secondary),
        cmocka_unit_test(members_of_a_bundle_have_one_driver),
        cmocka_unit_test(members_of_a_bundle_are_installed_with_the_same_bundle_id),
        cmocka_unit_test(a_primary_is_initialized),
        cmocka_unit_test(only_a_secondary_without_a_primary_is_promoted),
        cmocka_unit_test(a_primary_that_was_replaced_is_there),
        cmocka_unit_test(one_that_is_halted_changes_no_roles),
        cmocka_unit_test(without_memory_nobody_changes_roles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
