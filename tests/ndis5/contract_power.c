/*
 * The contract of power states, Plug and Play events and shutdown of NDIS 5 miniports ("Power
 * Management for Old Miniport Drivers", OID_PNP_SET_POWER, "MiniportPnPEventNotify", "Shutdown
 * Handler (NDIS 5.1)").
 */
#include "miniport51.h"

enum { LOG = 64, D0 = 0, D3 = 3, FRAME = 64 };

static const uint8_t groups[12] = {0x01, 0, 0x5e, 0, 0, 1, 0x01, 0, 0x5e, 0, 0, 2};
static uint8_t frame[FRAME];

/* What is asked of the driver that has to do with power, and what is set. */
static struct {
    NDIS_OID oid;
    ULONG value;
    bool is_query;
    bool was_halted;
} asked[LOG];
static unsigned asked_count;

static W_QUERY_INFORMATION_HANDLER query_information;
static W_SET_INFORMATION_HANDLER set_information;
static NDIS_STATUS capabilities_status;
static UCHAR multicast[64];
static ULONG multicast_bytes;

static void
note(NDIS_OID oid, const void *data, ULONG bytes, bool is_query, bool was_halted)
{
    unsigned at = asked_count++ % LOG;

    asked[at].oid = oid;
    asked[at].is_query = is_query;
    asked[at].was_halted = was_halted;
    asked[at].value = 0;
    if (bytes >= sizeof(ULONG)) {
        memcpy(&asked[at].value, data, sizeof(ULONG));
    }
}

static NDIS_STATUS
note_query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
           PULONG needed)
{
    note(oid, buffer, bytes, true, ((struct nic *)context)->halted);
    if (oid == OID_PNP_CAPABILITIES && capabilities_status != NDIS_STATUS_SUCCESS) {
        return capabilities_status;
    }
    return query_information(context, oid, buffer, bytes, written, needed);
}

static NDIS_STATUS
note_set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    note(oid, buffer, bytes, false, ((struct nic *)context)->halted);
    if (oid == OID_802_3_MULTICAST_LIST && bytes <= sizeof(multicast)) {
        multicast_bytes = bytes;
        memcpy(multicast, buffer, bytes);
    }
    return set_information(context, oid, buffer, bytes, read, needed);
}

static void
own_requests(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = note_query;
    set_information = calls->SetInformationHandler;
    calls->SetInformationHandler = note_set;
}

static void
given(uint64_t seed, bool power)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.power = power;
    miniport51.edit = own_requests;
    asked_count = 0;
    multicast_bytes = 0;
    capabilities_status = power ? NDIS_STATUS_SUCCESS : NDIS_STATUS_NOT_SUPPORTED;
    make_frame_bytes(frame, FRAME, 3);
}

/* Where @oid is in what was asked, from @from on; LOG: nowhere. */
static unsigned
find(NDIS_OID oid, bool is_query, ULONG value, unsigned from)
{
    for (unsigned i = from; i < asked_count && i < LOG; i++) {
        if (asked[i].oid == oid && asked[i].is_query == is_query &&
            (is_query || asked[i].value == value)) {
            return i;
        }
    }
    return LOG;
}

/* --- with power management --- */

static void
a_state_is_asked_for_before_it_is_set(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        unsigned query;
        unsigned set;
        struct world w;

        given(seed, true);
        world5_running(&w, seed);
        expect(&w, find(OID_PNP_CAPABILITIES, true, 0, 0) != LOG);
        asked_count = 0;
        expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
        set = find(OID_PNP_SET_POWER, false, NdisDeviceStateD3, 0);
        query = find(OID_PNP_QUERY_POWER, true, 0, 0);
        expect(&w, set != LOG && (query == LOG || query < set));
        expect(&w, find(OID_PNP_SET_POWER, false, NdisDeviceStateD3, set + 1) == LOG);
        asked_count = 0;
        expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
        expect(&w, find(OID_PNP_SET_POWER, false, NdisDeviceStateD0, 0) != LOG);
        expect(&w, SEEN(nic_latest()->halts) == 0 && SEEN(nic_latest()->initializes) == 1);
        expect(&w, !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
while_it_sleeps_it_gets_no_sends_and_no_other_requests(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        uint32_t value;
        struct world w;
        int status = 0;

        given(seed, true);
        world5_running(&w, seed);
        expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
        asked_count = 0;
        pndis_client_send(w.client, frame, FRAME);
        expect(&w, pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL,
                                      &status) != 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 0 && asked_count == 0);
        expect(&w, world_counts(&w).completed == world_counts(&w).sent);
        expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
        expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->sends) == 1);
        world_close(&w);
    }
}

static void
while_it_sleeps_it_is_not_checked_for_a_hang(void **state)
{
    unsigned checks;
    struct world w;

    (void)state;
    if (world_is_live()) {
        skip(); /* Half a minute of virtual time. */
    }
    given(0, true);
    world5_running(&w, 1);
    expect(&w, pndis_machine_run(w.machine, 10000000000ull) == 0);
    expect(&w, SEEN(nic_latest()->checks) >= 4);
    expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
    checks = SEEN(nic_latest()->checks);
    expect(&w, pndis_machine_run(w.machine, 10000000000ull) == 0);
    expect(&w, SEEN(nic_latest()->checks) == checks);
    expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
    expect(&w, pndis_machine_run(w.machine, 10000000000ull) == 0);
    expect(&w, SEEN(nic_latest()->checks) >= checks + 4);
    world_close(&w);
}

/* --- without --- */

/* "If the miniport driver was halted and reinitialized, NDIS restores" filter and multicast list.
 */
static void
an_old_driver_is_halted_and_its_settings_are_restored_when_it_wakes(void **state)
{
    static const NDIS_STATUS answers[] = {NDIS_STATUS_NOT_SUPPORTED, NDIS_STATUS_INVALID_OID};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(answers); i++) {
        for (unsigned seed = 0; seed < world_seeds(20); seed++) {
            const uint32_t filter = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST;
            struct nic *first;
            struct world w;

            given(seed, false);
            capabilities_status = answers[i];
            world5_running(&w, seed);
            first = nic_latest();
            expect(&w, pndis_client_set(w.client, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                                        sizeof(filter), NULL) == 0);
            expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, groups, sizeof(groups),
                                        NULL) == 0);
            asked_count = multicast_bytes = 0;
            expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
            expect(&w, SEEN(first->halts) == 1);
            expect(&w, find(OID_PNP_SET_POWER, false, NdisDeviceStateD3, 0) == LOG);
            expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
            expect(&w, nic_latest() != first && nic_latest()->packet_filter == filter);
            expect(&w, multicast_bytes == sizeof(groups));
            expect(&w, memcmp(multicast, groups, sizeof(groups)) == 0);
            expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
            world_settle(&w);
            expect(&w, SEEN(nic_latest()->sends) == 1);
            world_close(&w);
        }
    }
}

/* "... NDIS does not halt the miniport driver. Instead, NDIS issues OID_PNP_SET_POWER to D3." */
static void
one_that_asks_not_to_be_halted_is_told_of_the_state_instead(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct world w;

            given(seed, i == 0);
            miniport51.attributes |= NDIS_ATTRIBUTE_NO_HALT_ON_SUSPEND;
            world5_running(&w, seed);
            asked_count = 0;
            expect(&w, pndis_adapter_set_power(w.adapter, D3) == 0);
            expect(&w, SEEN(nic_latest()->halts) == 0);
            expect(&w, find(OID_PNP_SET_POWER, false, NdisDeviceStateD3, 0) != LOG);
            asked_count = 0;
            expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
            expect(&w, find(OID_PNP_SET_POWER, false, NdisDeviceStateD0, 0) != LOG);
            expect(&w, SEEN(nic_latest()->initializes) == 1);
            expect_state(&w, "Running");
            world_close(&w);
        }
    }
}

/* --- events --- */

static struct {
    NDIS_DEVICE_PNP_EVENT event;
    ULONG bytes;
    ULONG value;
    bool null;
    bool passive;
    unsigned halts;
} events[8];
static unsigned event_count;

static VOID
note_event(NDIS_HANDLE context, NDIS_DEVICE_PNP_EVENT event, PVOID buffer, ULONG bytes)
{
    unsigned at = event_count++ % RTL_NUMBER_OF(events);

    events[at].event = event;
    events[at].bytes = bytes;
    events[at].null = buffer == NULL;
    events[at].value = bytes == sizeof(ULONG) ? *(ULONG *)buffer : MAXULONG;
    events[at].passive = KeGetCurrentIrql() == PASSIVE_LEVEL;
    events[at].halts = SEEN(((struct nic *)context)->halts);
}

static void
own_events(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_requests(calls);
    calls->PnPEventNotifyHandler = note_event;
}

/* InformationBuffer points to a ULONG: NdisPowerProfileBattery or NdisPowerProfileAcOnLine. */
static void
a_change_of_the_power_profile_comes_with_its_value(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed, true);
        miniport51.edit = own_events;
        event_count = 0;
        world5_running(&w, seed);
        event_count = 0;
        expect(&w, pndis_adapter_power_profile(w.adapter, false) == 0);
        expect(&w, pndis_adapter_power_profile(w.adapter, true) == 0);
        expect(&w, event_count == 2);
        for (unsigned i = 0; i < 2; i++) {
            expect(&w, events[i].event == NdisDevicePnPEventPowerProfileChanged);
            expect(&w, events[i].bytes == sizeof(ULONG) && events[i].passive);
        }
        expect(&w, events[0].value == NdisPowerProfileBattery);
        expect(&w, events[1].value == NdisPowerProfileAcOnLine);
        world_close(&w);
    }
}

static void
a_surprise_removal_is_told_once_before_the_halt(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed, true);
        miniport51.edit = own_events;
        world5_running(&w, seed);
        event_count = 0;
        expect(&w, pndis_adapter_surprise_remove(w.adapter) == 0);
        expect(&w, event_count == 1);
        expect(&w, events[0].event == NdisDevicePnPEventSurpriseRemoved);
        expect(&w, events[0].null && events[0].bytes == 0 && events[0].passive);
        expect(&w, events[0].halts == 0 && SEEN(nic_latest()->halts) == 1);
        expect_state(&w, "Halted");
        world_close(&w);
    }
}

static void
complete_sends(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), ~0u, NDIS_STATUS_FAILURE);
}

static struct later complete_later;

static VOID
complete_after_event(NDIS_HANDLE context, NDIS_DEVICE_PNP_EVENT event, PVOID buffer, ULONG bytes)
{
    note_event(context, event, buffer, bytes);
    if (event == NdisDevicePnPEventSurpriseRemoved) {
        do_later(&complete_later, FROM_TIMER, complete_sends, NULL);
    }
}

static void
own_completing_event(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_requests(calls);
    calls->PnPEventNotifyHandler = complete_after_event;
}

static unsigned held_at_halt;

static void
look_at_held(struct nic *nic)
{
    held_at_halt = nic->held_count;
}

/* The halt waits for sends that the driver has, also when the NIC is gone. */
static void
sends_are_back_before_the_halt_that_follows_a_removal(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed, true);
        miniport51.edit = own_completing_event;
        miniport51.on_halt = look_at_held;
        miniport51.sending = SEND5_HOLD;
        held_at_halt = ~0u;
        world5_running(&w, seed);
        for (unsigned i = 0; i < 3; i++) {
            expect(&w, pndis_client_send(w.client, frame, FRAME) == 0);
        }
        world_settle(&w);
        expect(&w, nic_latest()->held_count == 3);
        expect(&w, pndis_adapter_surprise_remove(w.adapter) == 0);
        expect(&w, held_at_halt == 0 && SEEN(nic_latest()->halts) == 1);
        expect(&w, world_counts(&w).completed == 3);
        world_close(&w);
    }
}

/* --- shutdown --- */

static KIRQL shutdown_level;
static PVOID shutdown_context;
static unsigned shutdown_calls;

static VOID
note_shutdown(PVOID context)
{
    shutdown_calls++;
    shutdown_context = context;
    shutdown_level = KeGetCurrentIrql();
}

static void
own_shutdown(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_requests(calls);
    calls->AdapterShutdownHandler = note_shutdown;
}

/* As a result of a user operation it runs at PASSIVE_LEVEL, with the adapter's context. */
static void
the_shutdown_function_of_the_characteristics_gets_the_adapter_s_context(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed, true);
        miniport51.acquire &= ~(1u << ACQUIRE_SHUTDOWN_HANDLER);
        miniport51.edit = own_shutdown;
        shutdown_calls = 0;
        world5_running(&w, seed);
        expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
        expect(&w, shutdown_calls == 1 && shutdown_context == nic_latest());
        expect(&w, shutdown_level == PASSIVE_LEVEL);
        world_close(&w);
    }
}

static void
register_and_take_back(struct nic *nic, NDIS_HANDLE wrapper_context)
{
    (void)wrapper_context;
    NdisMRegisterAdapterShutdownHandler(nic->handle, nic, note_shutdown);
    NdisMDeregisterAdapterShutdownHandler(nic->handle);
}

static void
a_shutdown_handler_that_was_deregistered_is_not_called(void **state)
{
    struct world w;

    (void)state;
    given(0, true);
    miniport51.acquire &= ~(1u << ACQUIRE_SHUTDOWN_HANDLER);
    miniport51.on_initialize = register_and_take_back;
    shutdown_calls = 0;
    world5_running(&w, 1);
    expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
    expect(&w, shutdown_calls == 0 && SEEN(nic_latest()->shutdowns) == 0);
    world_close(&w);
}

/* After a bug check nothing of the driver runs any more. */
static void
after_a_bug_check_it_gets_no_sends_and_no_requests(void **state)
{
    uint32_t value;
    struct world w;

    (void)state;
    given(0, true);
    world5_running(&w, 1);
    expect(&w, pndis_adapter_shutdown(w.adapter, true) == 0);
    asked_count = 0;
    pndis_client_send(w.client, frame, FRAME);
    expect(&w,
           pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL, NULL) != 0);
    world_settle(&w);
    expect(&w, SEEN(nic_latest()->shutdowns) == 1 && SEEN(nic_latest()->halts) == 0);
    expect(&w, SEEN(nic_latest()->sends) == 0 && asked_count == 0);
    world_discard(&w);
}

static void
after_an_orderly_shutdown_nothing_of_the_driver_is_called(void **state)
{
    uint32_t value;
    unsigned events_before;
    struct world w;

    (void)state;
    given(0, true);
    world5_running(&w, 1);
    expect(&w, pndis_adapter_shutdown(w.adapter, false) == 0);
    expect(&w, SEEN(nic_latest()->halts) == 1);
    asked_count = 0;
    events_before = SEEN(nic_latest()->events);
    pndis_client_send(w.client, frame, FRAME);
    expect(&w,
           pndis_client_query(w.client, OID_GEN_VENDOR_ID, &value, sizeof(value), NULL, NULL) != 0);
    expect(&w, pndis_adapter_reset(w.adapter) == PNDIS_EBADSTATE);
    expect(&w, pndis_adapter_power_profile(w.adapter, true) == PNDIS_EBADSTATE);
    world_settle(&w);
    expect(&w, SEEN(nic_latest()->sends) == 0 && asked_count == 0);
    expect(&w, SEEN(nic_latest()->resets) == 0 && SEEN(nic_latest()->events) == events_before);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_asked_for_before_it_is_set),
        cmocka_unit_test(while_it_sleeps_it_gets_no_sends_and_no_other_requests),
        cmocka_unit_test(while_it_sleeps_it_is_not_checked_for_a_hang),
        cmocka_unit_test(an_old_driver_is_halted_and_its_settings_are_restored_when_it_wakes),
        cmocka_unit_test(one_that_asks_not_to_be_halted_is_told_of_the_state_instead),
        cmocka_unit_test(a_change_of_the_power_profile_comes_with_its_value),
        cmocka_unit_test(a_surprise_removal_is_told_once_before_the_halt),
        cmocka_unit_test(sends_are_back_before_the_halt_that_follows_a_removal),
        cmocka_unit_test(the_shutdown_function_of_the_characteristics_gets_the_adapter_s_context),
        cmocka_unit_test(a_shutdown_handler_that_was_deregistered_is_not_called),
        cmocka_unit_test(after_a_bug_check_it_gets_no_sends_and_no_requests),
        cmocka_unit_test(after_an_orderly_shutdown_nothing_of_the_driver_is_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
