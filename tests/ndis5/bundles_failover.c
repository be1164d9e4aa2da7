/*
 * Bundles of adapters whose members go: a secondary is promoted in place of its primary
 * (NdisMPromoteMiniport, "Promoting a Secondary Adapter After the Primary Adapter Fails").
 */
#include "lbfo51.h"

/* --- failover --- */

/* "The miniport driver can call NdisMRemoveMiniport to remove the primary adapter ... can then
 * call NdisMPromoteMiniport to promote a secondary adapter to the primary role." */
static void
fail_over(void *argument)
{
    struct bundle *b = argument;

    lbfo_leave(b->nics[0]);
    assert_int_equal(NdisMRemoveMiniport(b->nics[0]->handle), NDIS_STATUS_SUCCESS);
    lbfo_promote(b->nics[1]);
}

static void
a_secondary_is_promoted_when_the_primary_fails(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        lbfo_expect_sends_reach(&b.w, b.nics[0]);
        world_as_driver(&b.w, fail_over, &b);
        expect(&b.w, lbfo.promote_status == NDIS_STATUS_SUCCESS);
        world_settle(&b.w);
        expect_state(&b.w, "Halted");
        expect(&b.w, SEEN(b.nics[0]->halts) == 1 && lbfo.promotions == 0);
        expect_role(&b.w, b.adapters[1], true);
        lbfo_expect_sends_reach(&b.w, b.nics[1]);
        world_close(&b.w);
    }
}

static int
sleep_without_power_management(struct pndis_adapter *adapter)
{
    return pndis_adapter_set_power(adapter, 3);
}

static int
shut_down(struct pndis_adapter *adapter)
{
    return pndis_adapter_shutdown(adapter, false);
}

/* However the primary comes to its halt. */
static void
a_secondary_is_promoted_from_the_halt_of_the_primary(void **state)
{
    static int (*const ways[])(struct pndis_adapter *) = {
        lbfo_disable,
        pndis_adapter_remove,
        pndis_adapter_surprise_remove,
        sleep_without_power_management,
        shut_down,
    };

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 3);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        expect(&b.w, ways[seed % RTL_NUMBER_OF(ways)](b.adapters[0]) == 0);
        world_settle(&b.w);
        expect(&b.w, SEEN(b.nics[0]->halts) == 1);
        expect(&b.w, SEEN(lbfo.promotions) == 1 && lbfo.promote_status == NDIS_STATUS_SUCCESS);
        expect_role(&b.w, b.adapters[1], true);
        expect_role(&b.w, b.adapters[2], false);
        lbfo_expect_sends_reach(&b.w, b.nics[1]);
        /* The third has another primary now, and is next. */
        expect(&b.w, pndis_adapter_surprise_remove(b.adapters[1]) == 0);
        world_settle(&b.w);
        expect_role(&b.w, b.adapters[2], true);
        lbfo_expect_sends_reach(&b.w, b.nics[2]);
        world_close(&b.w);
    }
}

static VOID
promote_at_removal(NDIS_HANDLE context, NDIS_DEVICE_PNP_EVENT event, PVOID buffer, ULONG bytes)
{
    (void)buffer;
    (void)bytes;
    if (event == NdisDevicePnPEventSurpriseRemoved) {
        lbfo_promote_next(context);
    }
}

static void
notices_removal(NDIS51_MINIPORT_CHARACTERISTICS *characteristics)
{
    characteristics->PnPEventNotifyHandler = promote_at_removal;
}

static void
a_secondary_is_promoted_as_soon_as_the_primary_is_pulled_out(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bundle b;

        lbfo_given(seed);
        miniport51.edit = notices_removal;
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        expect(&b.w, pndis_adapter_surprise_remove(b.adapters[0]) == 0);
        world_settle(&b.w);
        expect(&b.w, SEEN(lbfo.promotions) == 1 && lbfo.promote_status == NDIS_STATUS_SUCCESS);
        expect_role(&b.w, b.adapters[1], true);
        lbfo_expect_sends_reach(&b.w, b.nics[1]);
        world_close(&b.w);
    }
}

/* One that comes back finds the other as the primary. */
static void
a_primary_that_comes_back_is_a_secondary(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
        expect(&b.w, pndis_adapter_start(b.adapters[0]) == 0);
        world_settle(&b.w);
        expect(&b.w, lbfo.set_status == NDIS_STATUS_SUCCESS);
        expect_role(&b.w, b.adapters[0], false);
        expect_role(&b.w, b.adapters[1], true);
        world_close(&b.w);
    }
}

/* The same where its bindings were left in place: they are torn down. */
static void
a_primary_that_slept_loses_its_bindings_to_the_other(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        unsigned secondary_first = seed / 2 % 2;
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        for (unsigned i = 0; i < 2; i++) {
            expect(&b.w, pndis_adapter_set_power(b.adapters[i ^ secondary_first], 3) == 0);
        }
        expect(&b.w, lbfo.member_count == 0);
        for (unsigned i = 2; i-- > 0;) {
            expect(&b.w, pndis_adapter_set_power(b.adapters[i], 0) == 0);
        }
        world_settle(&b.w);
        expect_role(&b.w, b.adapters[0], false);
        expect_role(&b.w, b.adapters[1], true);
        expect(&b.w, SEEN(lbfo.members[1]->halts) == 0);
        lbfo_expect_sends_reach(&b.w, lbfo.members[0]);
        world_close(&b.w);
    }
}

/* The last unbind halts a primary, as any NDIS 5 miniport; the other takes over. */
static void
the_last_unbind_halts_the_primary_only(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 2);
        world_add_client(&b.w);
        expect(&b.w, pndis_client_close(b.w.client) == 0);
        world_settle(&b.w);
        expect_state(&b.w, "Halted");
        expect(&b.w, SEEN(lbfo.promotions) == 1 && SEEN(b.nics[1]->halts) == 0);
        /* A client for the former primary starts it, and finds a secondary. */
        expect(&b.w, pndis_client_open(b.adapters[0], NULL) == NULL);
        expect_role(&b.w, b.adapters[0], false);
        b.w.client = pndis_client_open(b.adapters[1], NULL);
        expect(&b.w, b.w.client != NULL);
        expect_role(&b.w, b.adapters[1], true);
        world_close(&b.w);
    }
}

/* --- the end of a secondary, and of all --- */

static void
a_secondary_comes_and_goes_without_its_primary_noticing(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        expect(&b.w, (seed / 2 % 2 != 0 ? lbfo_disable
                                        : pndis_adapter_surprise_remove)(b.adapters[1]) == 0);
        expect(&b.w, SEEN(b.nics[1]->halts) == 1 && SEEN(lbfo.promotions) == 0);
        expect_role(&b.w, b.adapters[0], true);
        lbfo_expect_sends_reach(&b.w, b.nics[0]);
        if (seed / 2 % 2 != 0) {
            expect(&b.w, pndis_adapter_start(b.adapters[1]) == 0);
            world_settle(&b.w);
            expect_role(&b.w, b.adapters[1], false);
        }
        world_close(&b.w);
    }
}

/* Whoever comes back first is the primary, whatever it was before. */
static void
a_former_secondary_may_be_the_first_to_start(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        for (unsigned i = 2; i-- > 0;) {
            expect(&b.w, lbfo_disable(b.adapters[i]) == 0);
        }
        for (unsigned i = 2; i-- > 0;) {
            expect(&b.w, pndis_adapter_start(b.adapters[i]) == 0);
        }
        world_settle(&b.w);
        expect_role(&b.w, b.adapters[0], false);
        expect_role(&b.w, b.adapters[1], true);
        world_close(&b.w);
    }
}

/* At a bug check nobody is halted. */
static void
a_system_crashes_with_a_bundle_in_it(void **state)
{
    struct bundle b;

    (void)state;
    lbfo_given(0);
    lbfo_open(&b, 1, 3);
    for (unsigned i = 0; i < 3; i++) {
        expect(&b.w, pndis_adapter_shutdown(b.adapters[i], true) == 0);
    }
    world_close(&b.w);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(SEEN(b.nics[i]->halts), 0);
    }
}

static void
secondaries_wait_for_who_promotes_them(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo.forgets_to_promote = true;
        lbfo_open(&b, seed, 2);
        world_load_protocol(&b.w);
        world_settle(&b.w);
        expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
        world_settle(&b.w);
        expect_role(&b.w, b.adapters[1], false);
        expect(&b.w, SEEN(b.nics[1]->halts) == 0);
        world_as_driver(&b.w, lbfo_promote, b.nics[1]);
        expect(&b.w, lbfo.promote_status == NDIS_STATUS_SUCCESS);
        world_settle(&b.w);
        expect_role(&b.w, b.adapters[1], true);
        world_close(&b.w);
    }
}

static void
a_driver_is_unloaded_with_its_bundle(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 3);
        world_load_protocol(&b.w);
        if (seed / 2 % 2 != 0) {
            world_settle(&b.w);
        }
        expect(&b.w, pndis_driver_unload(b.w.driver) == 0);
        for (unsigned i = 0; i < 3; i++) {
            expect(&b.w, SEEN(b.nics[i]->halts) == 1);
        }
        expect(&b.w, miniport51.unloads == 1 && lbfo.member_count == 0);
        world_close(&b.w);
    }
}

static void
a_machine_stops_with_a_bundle_in_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 3);
        world_load_protocol(&b.w);
        world_close(&b.w);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(SEEN(b.nics[i]->halts), 1);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secondary_is_promoted_when_the_primary_fails),
        cmocka_unit_test(a_secondary_is_promoted_from_the_halt_of_the_primary),
        cmocka_unit_test(a_secondary_is_promoted_as_soon_as_the_primary_is_pulled_out),
        cmocka_unit_test(a_primary_that_comes_back_is_a_secondary),
        cmocka_unit_test(a_primary_that_slept_loses_its_bindings_to_the_other),
        cmocka_unit_test(the_last_unbind_halts_the_primary_only),
        cmocka_unit_test(a_secondary_comes_and_goes_without_its_primary_noticing),
        cmocka_unit_test(a_former_secondary_may_be_the_first_to_start),
        cmocka_unit_test(a_system_crashes_with_a_bundle_in_it),
        cmocka_unit_test(secondaries_wait_for_who_promotes_them),
        cmocka_unit_test(a_driver_is_unloaded_with_its_bundle),
        cmocka_unit_test(a_machine_stops_with_a_bundle_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
