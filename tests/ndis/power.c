/*
 * Power and PnP notices: OID_PNP_SET_POWER, "Handling a Set Power Request", "Transitioning to a
 * Sleeping State", "MiniportDevicePnPEventNotify", NetEventSetPower, "Processing the Surprise
 * Removal of a NIC".
 */
#include "support/data_path.h"

enum { SEEDS = 40, FRAME_BYTES = 60, D3 = 3, WORDS = 32 };

/* What the drivers of the adapter were called for, a word each. */
static struct {
    const char *word[WORDS];
    unsigned count;
} journal;

static void
note(const char *word)
{
    if (journal.count < WORDS) {
        journal.word[journal.count] = word;
    }
    journal.count++;
}

/* The words of @story happened in its order, and each that begins with "!" did not. */
static void
story_is_told(struct world *w, const char *const *story)
{
    unsigned at = 0;

    for (; *story != NULL; story++) {
        bool absent = **story == '!';
        bool found = false;

        for (unsigned i = absent ? 0 : at; i < journal.count && !found; i++) {
            found = strcmp(journal.word[i], *story + absent) == 0;
            at = found && !absent ? i + 1 : at;
        }
        if (found == absent) {
            for (unsigned i = 0; i < journal.count; i++) {
                print_message("  %s\n", journal.word[i]);
            }
            fail_msg("%s (seed %llu)", *story, (unsigned long long)w->seed);
        }
    }
}
#define STORY_IS_TOLD(w, ...) story_is_told(w, (const char *const[]){__VA_ARGS__, NULL})

/* --- drivers that keep the journal --- */

static MINIPORT_PAUSE_HANDLER miniport_pause;
static MINIPORT_RESTART_HANDLER miniport_restart;
static NET_PNP_EVENT_HANDLER protocol_event;
static void (*edit_path)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics);
static void (*edit_path_protocol)(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics);
static ULONG attribute_flags;
static NDIS_STATUS power_status;
static NDIS_POWER_PROFILE profile;

static NDIS_STATUS
pause(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    note("miniport pauses");
    return miniport_pause(context, parameters);
}

static NDIS_STATUS
restart(NDIS_HANDLE context, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    note("miniport restarts");
    return miniport_restart(context, parameters);
}

static void
edit_miniport(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path(characteristics);
    miniport_pause = characteristics->PauseHandler;
    miniport_restart = characteristics->RestartHandler;
    characteristics->PauseHandler = pause;
    characteristics->RestartHandler = restart;
}

static NDIS_STATUS
net_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    switch (event->NetPnPEvent.NetEvent) {
    case NetEventSetPower:
        note(*(NET_DEVICE_POWER_STATE *)event->NetPnPEvent.Buffer == NetDeviceStateD0
                 ? "protocol hears of D0"
                 : "protocol hears of Dx");
        break;
    case NetEventPause:
        note("protocol pauses");
        break;
    case NetEventRestart:
        note("protocol restarts");
        break;
    default:
        break;
    }
    return protocol_event(context, event);
}

static void
edit_protocol(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    edit_path_protocol(characteristics);
    protocol_event = characteristics->NetPnPEventHandler;
    characteristics->NetPnPEventHandler = net_event;
}

static void
edit_attributes(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= attribute_flags;
}

static NDIS_STATUS
answer(struct port *port, PNDIS_OID_REQUEST request)
{
    NDIS_OID oid = request->DATA.QUERY_INFORMATION.Oid;

    (void)port;
    if (request->RequestType == NdisRequestQueryInformation && oid == OID_PNP_QUERY_POWER) {
        return NDIS_STATUS_SUCCESS;
    }
    if (request->RequestType != NdisRequestSetInformation || oid != OID_PNP_SET_POWER) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    note(*(NDIS_DEVICE_POWER_STATE *)request->DATA.SET_INFORMATION.InformationBuffer ==
                 NdisDeviceStateD0
             ? "miniport goes to D0"
             : "miniport goes to Dx");
    return power_status == NDIS_STATUS_SUCCESS ? NDIS_STATUS_NOT_RECOGNIZED : power_status;
}

static void
device_event(struct port *port, PNET_DEVICE_PNP_EVENT event)
{
    (void)port;
    if (event->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved) {
        note("miniport hears of surprise removal");
    } else if (event->DevicePnPEvent == NdisDevicePnPEventPowerProfileChanged) {
        note("miniport hears of the power profile");
        profile = event->InformationBufferLength == sizeof(NDIS_POWER_PROFILE)
                      ? *(NDIS_POWER_PROFILE *)event->InformationBuffer
                      : (NDIS_POWER_PROFILE)-1;
    }
}

static NDIS_STATUS
initialized(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)port;
    (void)parameters;
    note("miniport initializes");
    return NDIS_STATUS_SUCCESS;
}

static void
halted(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    note(action == NdisHaltDevicePoweredDown       ? "miniport halts for power"
         : action == NdisHaltDeviceSurpriseRemoved ? "miniport halts for surprise removal"
                                                   : "miniport halts");
}

static void
reset(ULONG flags)
{
    data_path_reset();
    memset(&journal, 0, sizeof(journal));
    edit_path = miniport.edit_characteristics;
    edit_path_protocol = protocol.edit_characteristics;
    attribute_flags = flags;
    power_status = NDIS_STATUS_SUCCESS;
    miniport.edit_characteristics = edit_miniport;
    miniport.edit_registration = edit_attributes;
    miniport.on_oid = answer;
    miniport.on_event = device_event;
    miniport.on_initialize = initialized;
    miniport.on_halt = halted;
    protocol.edit_characteristics = edit_protocol;
}

/* A miniport that manages power, with its OIDs answered as @when says. */
static void
with_power(ULONG flags, enum when when, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset(flags);
        miniport.oid = when;
        data_path_up(&w, seed);
        journal.count = 0;
        test(&w);
        world_close(&w);
    }
}

enum {
    MANAGES = NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND,
    STAYS = MANAGES | NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND,
};

static void
sleep(struct world *w)
{
    struct pndis_adapter_info info;

    journal.count = 0;
    expect(w, pndis_adapter_set_power(w->adapter, D3) == 0);
    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0 && info.d_state == D3);
}

static void
wake(struct world *w)
{
    struct pndis_adapter_info info;

    journal.count = 0;
    expect(w, pndis_adapter_set_power(w->adapter, 0) == 0);
    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0 && info.d_state == 0);
}

static void
send_one(void *argument)
{
    struct opening *opening = opening_latest();

    (void)argument;
    NdisSendNetBufferLists(opening->handle, path_list(opening, FRAME_BYTES, 3),
                           NDIS_DEFAULT_PORT_NUMBER, 0);
}

static void
send_works(struct world *w)
{
    unsigned completed = data_path.completed.lists;

    world_as_driver(w, send_one, NULL);
    world_settle(w);
    expect(w, data_path.completed.lists == completed + 1);
    expect(w, data_path.completed.status[completed] == NDIS_STATUS_SUCCESS);
}

/* --- down and up --- */

static void
there_and_back(struct world *w)
{
    sleep(w);
    STORY_IS_TOLD(w, "protocol hears of Dx", "protocol pauses", "miniport pauses",
                  "miniport goes to Dx", "!miniport halts for power");
    expect_state(w, "Paused");
    expect(w, port_latest()->power == NdisDeviceStateD3);
    wake(w);
    STORY_IS_TOLD(w, "miniport goes to D0", "miniport restarts", "protocol restarts",
                  "protocol hears of D0", "!miniport initializes");
    STORY_IS_TOLD(w, "miniport goes to D0", "miniport hears of the power profile");
    expect_state(w, "Running");
    expect(w, port_latest()->power == NdisDeviceStateD0);
    send_works(w);
}

static void
a_stack_is_paused_before_sleep_and_restarted_after_it(void **state)
{
    (void)state;
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        print_message("OID_PNP_SET_POWER: %s\n", when_names[when]);
        with_power(MANAGES, when, there_and_back);
    }
}

/* "NDIS does not call MiniportPause before OID_PNP_SET_POWER is issued" */
static void
without_pause(struct world *w)
{
    unsigned oids;

    sleep(w);
    STORY_IS_TOLD(w, "protocol hears of Dx", "miniport goes to Dx", "!protocol pauses",
                  "!miniport pauses");
    oids = port_latest()->oids;
    world_as_driver(w, send_one, NULL);
    expect(w, data_path.sent.lists == 0 && data_path.completed.lists == 1);
    expect(w, data_path.completed.status[0] == NDIS_STATUS_LOW_POWER_STATE);
    expect(w, port_latest()->oids == oids);
    wake(w);
    STORY_IS_TOLD(w, "miniport goes to D0", "protocol hears of D0", "!miniport restarts",
                  "!protocol restarts");
    expect_state(w, "Running");
    send_works(w);
}

static void
a_miniport_may_stay_running_over_sleep(void **state)
{
    (void)state;
    with_power(STAYS, AT_ONCE, without_pause);
    with_power(STAYS, FROM_DPC, without_pause);
}

/* "if the miniport driver does not support power management, it will be halted ... does not request
 * the protocol to unbind" */
static void
without_power_management(struct world *w)
{
    unsigned unbinds = protocol.unbinds;
    ULONG packet_filter = port_latest()->packet_filter;

    sleep(w);
    STORY_IS_TOLD(w, "protocol hears of Dx", "protocol pauses", "miniport pauses",
                  "miniport halts for power", "!miniport goes to Dx");
    expect_state(w, "Halted");
    expect(w, protocol.unbinds == unbinds && protocol.openings != NULL);
    wake(w);
    STORY_IS_TOLD(w, "miniport initializes", "miniport restarts", "protocol restarts",
                  "protocol hears of D0", "!miniport goes to D0");
    expect_state(w, "Running");
    expect(w, protocol.unbinds == unbinds);
    expect(w, packet_filter != 0 && port_latest()->packet_filter == packet_filter);
    send_works(w);
}

static void
a_miniport_without_power_management_is_halted_over_sleep(void **state)
{
    (void)state;
    with_power(0, AT_ONCE, without_power_management);
}

static void
query_vendor(void *argument)
{
    static ULONG id;
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestQueryInformation,
    };

    request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    request.DATA.QUERY_INFORMATION.InformationBuffer = &id;
    request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(id);
    *(NDIS_STATUS *)argument = opening_request(opening_latest(), &request);
}

/* "No OID requests can be sent ... in a low-power state, with the exception of OID_PNP_SET_POWER."
 */
static void
asked_asleep(struct world *w)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    unsigned oids;

    sleep(w);
    oids = port_latest()->oids;
    world_as_driver(w, query_vendor, &status);
    expect(w, status == NDIS_STATUS_LOW_POWER_STATE && port_latest()->oids == oids);
    wake(w);
    world_as_driver(w, query_vendor, &status);
    expect(w, status == NDIS_STATUS_SUCCESS);
}

static void
a_sleeping_miniport_gets_no_requests(void **state)
{
    (void)state;
    with_power(MANAGES, AT_ONCE, asked_asleep);
}

static void
refuses(struct world *w)
{
    power_status = NDIS_STATUS_FAILURE;
    expect(w, pndis_adapter_set_power(w->adapter, D3) == PNDIS_EDRIVER);
    expect(w, pndis_adapter_status(w->adapter) == NDIS_STATUS_FAILURE);
    world_expect_violation(w, "POWER_3");
    power_status = NDIS_STATUS_SUCCESS;
}

static void
a_miniport_does_not_fail_to_set_power(void **state)
{
    (void)state;
    with_power(MANAGES, AT_ONCE, refuses);
    with_power(MANAGES, FROM_DPC, refuses);
}

/* --- notices --- */

static void
profiles(struct world *w)
{
    expect(w, pndis_adapter_power_profile(w->adapter, false) == 0);
    STORY_IS_TOLD(w, "miniport hears of the power profile");
    expect(w, profile == NdisPowerProfileBattery);
    expect(w, pndis_adapter_power_profile(w->adapter, true) == 0);
    expect(w, profile == NdisPowerProfileAcOnLine);
    profile = (NDIS_POWER_PROFILE)-1;
    sleep(w);
    wake(w);
    expect(w, profile == NdisPowerProfileAcOnLine);
}

static void
a_miniport_hears_where_the_power_comes_from(void **state)
{
    (void)state;
    with_power(MANAGES, AT_ONCE, profiles);
}

static void
a_miniport_hears_of_the_profile_after_it_is_initialized(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset(MANAGES);
        data_path_up(&w, seed);
        STORY_IS_TOLD(&w, "miniport initializes", "miniport hears of the power profile");
        world_close(&w);
    }
}

static void
removed(struct world *w)
{
    expect(w, pndis_adapter_surprise_remove(w->adapter) == 0);
    STORY_IS_TOLD(w, "miniport hears of surprise removal", "protocol pauses", "miniport pauses",
                  "miniport halts for surprise removal");
    expect_state(w, "Halted");
    expect(w, protocol.openings == NULL);
}

static void
a_miniport_hears_of_surprise_removal_before_it_is_halted(void **state)
{
    (void)state;
    with_power(MANAGES, AT_ONCE, removed);
}

static void
removed_asleep(struct world *w)
{
    sleep(w);
    expect(w, pndis_adapter_surprise_remove(w->adapter) == 0);
    STORY_IS_TOLD(w, "miniport hears of surprise removal", "miniport halts for surprise removal");
    expect_state(w, "Halted");
}

/* Halted for power, the adapter is no longer there to be asked, its protocols are. */
static void
removed_halted(struct world *w)
{
    sleep(w);
    expect_state(w, "Halted");
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, protocol.unbinds == 1 && protocol.openings == NULL);
}

static void
deeper_asleep(struct world *w)
{
    expect(w, pndis_adapter_set_power(w->adapter, 2) == 0);
    sleep(w);
    wake(w);
    expect_state(w, "Running");
    send_works(w);
}

/* From D2 to D3: what was paused for the first is restarted all the same. */
static void
a_sleeping_adapter_may_sleep_deeper(void **state)
{
    (void)state;
    with_power(MANAGES, AT_ONCE, deeper_asleep);
    with_power(0, AT_ONCE, deeper_asleep);
    with_power(STAYS, AT_ONCE, deeper_asleep);
}

static void
a_sleeping_adapter_may_be_removed(void **state)
{
    (void)state;
    with_power(0, AT_ONCE, removed_halted);
    with_power(MANAGES, AT_ONCE, removed_asleep);
    with_power(STAYS, AT_ONCE, removed_asleep);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_is_paused_before_sleep_and_restarted_after_it),
        cmocka_unit_test(a_miniport_may_stay_running_over_sleep),
        cmocka_unit_test(a_miniport_without_power_management_is_halted_over_sleep),
        cmocka_unit_test(a_sleeping_miniport_gets_no_requests),
        cmocka_unit_test(a_miniport_does_not_fail_to_set_power),
        cmocka_unit_test(a_miniport_hears_where_the_power_comes_from),
        cmocka_unit_test(a_miniport_hears_of_the_profile_after_it_is_initialized),
        cmocka_unit_test(a_miniport_hears_of_surprise_removal_before_it_is_halted),
        cmocka_unit_test(a_sleeping_adapter_may_be_removed),
        cmocka_unit_test(a_sleeping_adapter_may_sleep_deeper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
