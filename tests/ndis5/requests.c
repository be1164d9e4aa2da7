/* Requests to NDIS 5 miniports, what NDIS 6 sees of their attributes, status and power. */
#include "miniport51.h"

static void
given(struct world *w, uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    (void)w;
}

static void
attributes_are_asked_of_the_driver(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const uint8_t address[6] = {0x02, 0, 0, 0, 0, 0x51};
        struct pndis_adapter_info info;
        uint32_t value = 0;
        size_t bytes = 0;
        uint32_t list[64];
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
        expect(&w, memcmp(info.address, address, 6) == 0);
        expect(&w, memcmp(info.permanent_address, address, 6) == 0);
        expect(&w, info.mtu == 1500 && info.connected);
        expect(&w, info.transmit_speed == 100000000);
        expect(&w,
               pndis_client_query(w.client, OID_GEN_DRIVER_VERSION, &value, 2, &bytes, NULL) == 0);
        expect(&w, bytes == 2 && value == 0x0501);
        expect(&w, pndis_client_query(w.client, OID_GEN_SUPPORTED_LIST, list, sizeof(list), &bytes,
                                      NULL) == 0);
        expect(&w, bytes >= 9 * sizeof(uint32_t));
        expect(&w, nic_latest()->packet_filter ==
                       (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                        NDIS_PACKET_TYPE_BROADCAST));
        expect(&w, !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
a_request_may_pend(void **state)
{
    (void)state;
    for (enum when when = INSIDE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            uint32_t value = 0;
            struct world w;

            given(&w, seed);
            miniport51.pended_oid = OID_GEN_VENDOR_ID;
            miniport51.answer_when = when;
            world5_running(&w, seed);
            expect(&w, pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL,
                                          NULL) == 0);
            expect(&w, value == 0x515151);
            world_close(&w);
        }
    }
}

/* NDIS' own questions in the middle of MiniportInitialize's aftermath may pend as well. */
static void
what_ndis_asks_itself_may_pend(void **state)
{
    (void)state;
    for (enum when when = INSIDE; when < WHEN_COUNT; when++) {
        struct pndis_adapter_info info;
        struct world w;

        given(&w, when);
        miniport51.pended_oid = OID_GEN_LINK_SPEED;
        miniport51.answer_when = when;
        world5_running(&w, when);
        expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
        expect(&w, info.transmit_speed == 100000000);
        world_close(&w);
    }
}

static void
answer_by_hand(void *argument)
{
    (void)argument;
    nic_answer(nic_latest());
}

static void
a_request_is_completed_once(void **state)
{
    struct world w;

    (void)state;
    given(&w, 0);
    world5_running(&w, 1);
    nic_latest()->answer_oid = OID_GEN_VENDOR_ID;
    nic_latest()->answer_bytes = 0;
    world_as_driver(&w, answer_by_hand, NULL);
    world_expect_violation(&w, "OID_TWICE");
    world_close(&w);
}

static void
statistics_are_put_together_of_what_the_driver_counts(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        NDIS_STATISTICS_INFO info;
        struct world w;

        given(&w, seed);
        world5_running(&w, seed);
        memset(&info, 0, sizeof(info));
        expect(&w, pndis_client_query(w.client, OID_GEN_STATISTICS, &info, sizeof(info), NULL,
                                      NULL) == 0);
        expect(&w, info.ifInDiscards == 3 && info.ifHCInUcastPkts == 7);
        expect(&w, (info.SupportedStatistics & NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS) != 0);
        expect(&w, (info.SupportedStatistics & NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV) == 0);
        world_close(&w);
    }
}

static void
a_refusal_goes_back_as_it_is(void **state)
{
    uint32_t value = 0;
    struct world w;
    int status = 0;

    (void)state;
    given(&w, 0);
    world5_running(&w, 1);
    expect(&w, pndis_client_set(w.client, OID_GEN_VENDOR_ID, &value, 4, &status) != 0);
    expect(&w, status == NDIS_STATUS_NOT_SUPPORTED);
    expect(&w, pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, 2, NULL, &status) != 0);
    expect(&w, status == NDIS_STATUS_INVALID_LENGTH);
    world_close(&w);
}

/* --- status --- */

static NDIS_STATUS code;
static ULONG hundreds;

static void
indicate(void *argument)
{
    (void)argument;
    NdisMIndicateStatus(nic_latest()->handle, code, hundreds == 0 ? NULL : &hundreds,
                        hundreds == 0 ? 0 : sizeof(hundreds));
    NdisMIndicateStatusComplete(nic_latest()->handle);
}

static void
the_link_of_ndis_5_is_that_of_ndis_6(void **state)
{
    static const struct {
        NDIS_STATUS code;
        ULONG hundreds;
        bool connected;
        uint64_t speed;
    } steps[] = {
        {NDIS_STATUS_MEDIA_DISCONNECT, 0, false, NDIS_LINK_SPEED_UNKNOWN},
        {NDIS_STATUS_MEDIA_CONNECT, 0, true, 100000000},
        {NDIS_STATUS_LINK_SPEED_CHANGE, 100000, true, 100000000}, /* The OID says. */
    };
    struct pndis_client_counts counts;
    struct pndis_adapter_info info;
    struct world w;

    (void)state;
    given(&w, 0);
    world5_running(&w, 1);
    for (unsigned i = 0; i < RTL_NUMBER_OF(steps); i++) {
        code = steps[i].code;
        hundreds = steps[i].hundreds;
        world_as_driver(&w, indicate, NULL);
        world_settle(&w);
        expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
        expect(&w, info.connected == steps[i].connected);
        expect(&w, info.transmit_speed == steps[i].speed);
        pndis_client_get_counts(w.client, &counts);
        expect(&w, counts.statuses == i + 1);
    }
    world_close(&w);
}

/* --- power --- */

static void
a_driver_with_power_management_is_told_of_each_state(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(&w, seed);
        miniport51.power = true;
        world5_running(&w, seed);
        expect(&w, pndis_adapter_set_power(w.adapter, 3) == 0);
        expect(&w, nic_latest()->power == NdisDeviceStateD3 && SEEN(nic_latest()->halts) == 0);
        expect(&w, pndis_adapter_set_power(w.adapter, 0) == 0);
        expect(&w, nic_latest()->power == NdisDeviceStateD0);
        expect_state(&w, "Running");
        world_close(&w);
    }
}

static void
one_without_is_halted_and_initialized_again(void **state)
{
    struct nic *first_life;
    struct world w;

    (void)state;
    given(&w, 0);
    world5_running(&w, 1);
    first_life = nic_latest();
    expect(&w, pndis_adapter_set_power(w.adapter, 3) == 0);
    expect(&w, SEEN(first_life->halts) == 1);
    expect(&w, pndis_adapter_set_power(w.adapter, 0) == 0);
    expect(&w, nic_latest() != first_life);
    expect_state(&w, "Running");
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_asked_of_the_driver),
        cmocka_unit_test(a_request_may_pend),
        cmocka_unit_test(what_ndis_asks_itself_may_pend),
        cmocka_unit_test(a_request_is_completed_once),
        cmocka_unit_test(statistics_are_put_together_of_what_the_driver_counts),
        cmocka_unit_test(a_refusal_goes_back_as_it_is),
        cmocka_unit_test(the_link_of_ndis_5_is_that_of_ndis_6),
        cmocka_unit_test(a_driver_with_power_management_is_told_of_each_state),
        cmocka_unit_test(one_without_is_halted_and_initialized_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
