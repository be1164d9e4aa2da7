/* Status indications and the link: "NdisMIndicateStatusEx", NDIS_STATUS_LINK_STATE. */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 40 };

static NDIS_STATUS_INDICATION indication;
static NDIS_LINK_STATE link_state;

static void
indication_init(NDIS_STATUS code)
{
    memset(&indication, 0, sizeof(indication));
    indication.Header =
        (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                             NDIS_SIZEOF_STATUS_INDICATION_REVISION_1};
    indication.SourceHandle = port_latest()->handle;
    indication.StatusCode = code;
}

static void
link_init(NDIS_MEDIA_CONNECT_STATE connect, ULONG64 speed)
{
    indication_init(NDIS_STATUS_LINK_STATE);
    memset(&link_state, 0, sizeof(link_state));
    link_state.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
                                             NDIS_SIZEOF_LINK_STATE_REVISION_1};
    link_state.MediaConnectState = connect;
    link_state.MediaDuplexState = MediaDuplexStateHalf;
    link_state.XmitLinkSpeed = speed;
    link_state.RcvLinkSpeed = speed / 2;
    link_state.PauseFunctions = NdisPauseFunctionsSendAndReceive;
    link_state.AutoNegotiationFlags = NDIS_LINK_STATE_XMIT_LINK_SPEED_AUTO_NEGOTIATED;
    indication.StatusBuffer = &link_state;
    indication.StatusBufferSize = sizeof(link_state);
}

static void
indicate(void *argument)
{
    NdisMIndicateStatusEx(port_latest()->handle, argument);
}

static void
given_binding(struct world *w, uint64_t seed)
{
    miniport_reset();
    protocol_reset();
    world_open(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
    opening_latest()->statuses = 0;
}

/* --- who gets it --- */

static void
a_status_reaches_every_binding(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_client_counts before;
        struct pndis_client_counts after;
        struct world w;

        given_binding(&w, seed);
        world_add_client(&w);
        opening_latest()->statuses = 0;
        pndis_client_get_counts(w.client, &before);
        indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
        world_as_driver(&w, indicate, &indication);
        world_settle(&w);
        pndis_client_get_counts(w.client, &after);
        expect(&w, opening_latest()->statuses == 1);
        expect(&w, opening_latest()->last_status == NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
        expect(&w, after.statuses == before.statuses + 1);
        world_close(&w);
    }
}

/* "NDIS indicates the status only to the driver that DestinationHandle identifies." */
static void
a_status_for_one_reaches_only_that_one(void **state)
{
    struct pndis_client_counts before;
    struct pndis_client_counts after;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    world_add_client(&w);
    opening_latest()->statuses = 0;
    pndis_client_get_counts(w.client, &before);
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.DestinationHandle = opening_latest()->handle;
    indication.RequestId = &indication;
    world_as_driver(&w, indicate, &indication);
    world_settle(&w);
    pndis_client_get_counts(w.client, &after);
    expect(&w, opening_latest()->statuses == 1 && after.statuses == before.statuses);
    world_close(&w);
}

static void
for_nobody(struct world *w, NDIS_HANDLE destination)
{
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.DestinationHandle = destination;
    indication.RequestId = &indication;
    world_as_driver(w, indicate, &indication);
    world_settle(w);
}

static void
a_status_for_what_is_no_binding_is_reported(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    for_nobody(&w, &w);
    world_expect_violation(&w, "STATUS_INDICATION");
    for_nobody(&w, port_latest()->handle);
    world_expect_violation(&w, "STATUS_INDICATION");
    expect(&w, opening_latest()->statuses == 0);
    world_close(&w);
}

/* A miniport that answers a request later cannot know that who asked has gone. */
static void
a_status_for_a_binding_that_has_gone_reaches_nobody(void **state)
{
    struct pndis_driver *driver;
    NDIS_HANDLE gone;
    struct world w;

    (void)state;
    miniport_reset();
    protocol_reset();
    world_open(&w, 0);
    world_add_adapter(&w);
    driver = world_load_protocol(&w);
    world_settle(&w);
    gone = opening_latest()->handle;
    expect(&w, pndis_driver_unload(driver) == 0);
    for_nobody(&w, gone);
    world_close(&w);
}

/* A request that nobody means to cancel may have a RequestId of NULL, and so has what answers it.
 */
static void
a_status_for_a_request_without_id_is_in_order(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.DestinationHandle = opening_latest()->handle;
    world_as_driver(&w, indicate, &indication);
    world_settle(&w);
    expect(&w, opening_latest()->statuses == 1);
    world_close(&w);
}

/* --- malformed --- */

static void
goes_nowhere(struct world *w, const char *rule)
{
    world_as_driver(w, indicate, &indication);
    world_settle(w);
    expect(w, opening_latest()->statuses == 0);
    world_expect_violation(w, rule);
}

static void
a_malformed_indication_goes_nowhere(void **state)
{
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 1, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        {NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        {NDIS_OBJECT_TYPE_STATUS_INDICATION, 0, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        {NDIS_OBJECT_TYPE_STATUS_INDICATION, 1, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 - 1},
        {NDIS_OBJECT_TYPE_STATUS_INDICATION, 1, 0},
    };
    struct world w;

    (void)state;
    given_binding(&w, 0);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
        indication.Header = headers[i];
        goes_nowhere(&w, "OBJECT_HEADER");
    }
    world_as_driver(&w, indicate, NULL);
    world_expect_violation(&w, "OBJECT_HEADER");
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.SourceHandle = NULL;
    goes_nowhere(&w, "STATUS_INDICATION");
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.SourceHandle = opening_latest()->handle;
    goes_nowhere(&w, "STATUS_INDICATION");
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.Flags = 1;
    goes_nowhere(&w, "STATUS_INDICATION");
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.StatusBufferSize = 4;
    goes_nowhere(&w, "STATUS_INDICATION");
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indication.RequestId = &indication;
    goes_nowhere(&w, "STATUS_INDICATION");
    world_close(&w);
}

static void
a_link_state_that_is_none_changes_nothing(void **state)
{
    struct pndis_adapter_info info;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    link_init(MediaConnectStateDisconnected, 1000000);
    indication.StatusBufferSize = NDIS_SIZEOF_LINK_STATE_REVISION_1 - 1;
    goes_nowhere(&w, "STATUS_INDICATION");
    link_init(MediaConnectStateDisconnected, 1000000);
    indication.StatusBufferSize = 0;
    indication.StatusBuffer = NULL;
    goes_nowhere(&w, "STATUS_INDICATION");
    link_init(MediaConnectStateDisconnected, 1000000);
    link_state.Header.Type = 0;
    goes_nowhere(&w, "OBJECT_HEADER");
    link_init(MediaConnectStateDisconnected, 1000000);
    link_state.Header.Revision = 0;
    goes_nowhere(&w, "OBJECT_HEADER");
    expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
    expect(&w, info.connected && info.transmit_speed == PORT_SPEED);
    world_close(&w);
}

static void
offload_init(NDIS_OFFLOAD *offload, USHORT size)
{
    memset(offload, 0, sizeof(*offload));
    offload->Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_1, size};
    offload->Checksum.IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    indication_init(NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG);
    indication.StatusBuffer = offload;
    indication.StatusBufferSize = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1;
}

static void
the_offload_configuration_is_as_long_as_its_buffer_at_most(void **state)
{
    NDIS_OFFLOAD answer[2];
    NDIS_OFFLOAD offload;
    size_t bytes = 0;
    struct world w;

    (void)state;
    given_binding(&w, 0);
    world_add_client(&w);
    opening_latest()->statuses = 0;
    offload_init(&offload, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1 + 1);
    goes_nowhere(&w, "OBJECT_HEADER");
    offload_init(&offload, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1);
    offload.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    goes_nowhere(&w, "OBJECT_HEADER");
    offload_init(&offload, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1);
    world_as_driver(&w, indicate, &indication);
    world_settle(&w);
    expect(&w, opening_latest()->statuses == 1);
    expect(&w, pndis_client_query(w.client, OID_TCP_OFFLOAD_CURRENT_CONFIG, answer, sizeof(answer),
                                  &bytes, NULL) == 0);
    expect(&w, bytes == NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1);
    expect(&w, answer[0].Checksum.IPv4Transmit.TcpChecksum == NDIS_OFFLOAD_SUPPORTED);
    world_close(&w);
}

/* Attributes from an NDIS that this one does not know: what it knows is what it answers with. */
static NDIS_STATUS
offload_of_the_future(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    static union {
        NDIS_OFFLOAD offload;
        uint8_t bytes[60000];
    } future;
    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES attributes = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
                   NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1},
        .DefaultOffloadConfiguration = &future.offload,
    };

    (void)parameters;
    future.offload.Header =
        (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OFFLOAD, 99, sizeof(future.bytes)};
    return NdisMSetMiniportAttributes(port->handle, (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&attributes);
}

static void
attributes_longer_than_ndis_knows_are_cut(void **state)
{
    static uint8_t answer[60000];
    size_t bytes = 0;
    struct world w;

    (void)state;
    miniport_reset();
    miniport.on_initialize = offload_of_the_future;
    world_open(&w, 0);
    world_add_adapter(&w);
    world_add_client(&w);
    expect(&w, pndis_client_query(w.client, OID_TCP_OFFLOAD_CURRENT_CONFIG, answer, sizeof(answer),
                                  &bytes, NULL) == 0);
    expect(&w, bytes == sizeof(NDIS_OFFLOAD));
    expect(&w, ((NDIS_OFFLOAD *)answer)->Header.Size == sizeof(NDIS_OFFLOAD));
    world_close(&w);
}

/* NDIS indicates the begin and the end of resets. */
static void
a_miniport_does_not_indicate_resets(void **state)
{
    struct world w;

    (void)state;
    given_binding(&w, 0);
    indication_init(NDIS_STATUS_RESET_START);
    goes_nowhere(&w, "STATUS_RESET");
    indication_init(NDIS_STATUS_RESET_END);
    goes_nowhere(&w, "STATUS_RESET");
    expect(&w, pndis_adapter_reset(w.adapter) == 0);
    world_settle(&w);
    expect(&w, opening_latest()->statuses == 2);
    expect(&w, opening_latest()->last_status == NDIS_STATUS_RESET_END);
    world_close(&w);
}

/* --- the link --- */

static ULONG
query_ulong(struct world *w, NDIS_OID oid)
{
    ULONG value = ~0u;

    expect(w, pndis_client_query(w->client, oid, &value, sizeof(value), NULL, NULL) == 0);
    return value;
}

static void
the_oids_follow_the_link(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_adapter_info info;
        NDIS_LINK_STATE answer;
        size_t bytes = 0;
        struct world w;

        given_binding(&w, seed);
        world_add_client(&w);
        opening_latest()->statuses = 0;
        link_init(MediaConnectStateDisconnected, 100000000);
        world_as_driver(&w, indicate, &indication);
        world_settle(&w);
        expect(&w, opening_latest()->statuses == 1);
        expect(&w, query_ulong(&w, OID_GEN_MEDIA_CONNECT_STATUS) == NdisMediaStateDisconnected);
        expect(&w, query_ulong(&w, OID_GEN_MEDIA_DUPLEX_STATE) == MediaDuplexStateHalf);
        expect(&w, query_ulong(&w, OID_GEN_LINK_SPEED) == 1000000);
        expect(&w, pndis_client_query(w.client, OID_GEN_LINK_STATE, &answer, sizeof(answer), &bytes,
                                      NULL) == 0);
        assert_int_equal(bytes, NDIS_SIZEOF_LINK_STATE_REVISION_1);
        assert_memory_equal(&answer, &link_state, bytes);
        expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
        expect(&w, !info.connected && info.transmit_speed == 100000000 &&
                       info.receive_speed == 50000000);
        link_init(MediaConnectStateConnected, 1000000000);
        world_as_driver(&w, indicate, &indication);
        expect(&w, query_ulong(&w, OID_GEN_MEDIA_CONNECT_STATUS) == NdisMediaStateConnected);
        world_close(&w);
    }
}

/* --- states --- */

static void
indicates_in(struct world *w)
{
    unsigned before = opening_latest()->statuses;

    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    world_as_driver(w, indicate, &indication);
    world_settle(w);
    expect(w, opening_latest()->statuses == before + 1);
}

static void
complete_restart(void *argument)
{
    struct port *port = argument;

    port->paused = false;
    NdisMRestartComplete(port->handle, NDIS_STATUS_SUCCESS);
}

static void
complete_pause(void *argument)
{
    port_complete_pause(argument);
}

static void
status_flows_from_paused_to_pausing(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        given_binding(&w, seed);
        indicates_in(&w);
        expect(&w, pndis_adapter_pause(w.adapter) == 0);
        expect_state(&w, "Paused");
        indicates_in(&w);
        miniport.restart = BY_HAND;
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_RESTART) == 0);
        expect_state(&w, "Restarting");
        indicates_in(&w);
        miniport.restart = AT_ONCE;
        world_as_driver(&w, complete_restart, port_latest());
        world_settle(&w);
        expect_state(&w, "Running");
        miniport.pause = BY_HAND;
        expect(&w, pndis_adapter_step(w.adapter, PNDIS_STEP_PAUSE) == 0);
        expect_state(&w, "Pausing");
        indicates_in(&w);
        world_as_driver(&w, complete_pause, port_latest());
        world_settle(&w);
        miniport.pause = AT_ONCE;
        world_close(&w);
    }
}

/* "After setting its registration attributes even if the driver is still in [...] Initialize." */
static NDIS_STATUS
indicate_in_initialize(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)port;
    (void)parameters;
    link_init(MediaConnectStateDisconnected, 1000000);
    indicate(&indication);
    return NDIS_STATUS_SUCCESS;
}

static void
indicate_too_early(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    (void)attributes;
    indication_init(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
    indicate(&indication);
}

static void
status_begins_with_the_registration_attributes(void **state)
{
    struct pndis_adapter_info info;
    struct world w;

    (void)state;
    miniport_reset();
    miniport.on_initialize = indicate_in_initialize;
    world_open(&w, 0);
    world_add_adapter(&w);
    expect_state(&w, "Paused");
    world_expect_clean(&w);
    expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
    expect(&w, !info.connected);
    world_close(&w);

    miniport_reset();
    miniport.edit_registration = indicate_too_early;
    world_open(&w, 0);
    world_add_adapter(&w);
    world_expect_violation(&w, "MP_ATTR_FIRST");
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_reaches_every_binding),
        cmocka_unit_test(a_status_for_one_reaches_only_that_one),
        cmocka_unit_test(a_status_for_what_is_no_binding_is_reported),
        cmocka_unit_test(a_status_for_a_binding_that_has_gone_reaches_nobody),
        cmocka_unit_test(a_status_for_a_request_without_id_is_in_order),
        cmocka_unit_test(a_malformed_indication_goes_nowhere),
        cmocka_unit_test(the_offload_configuration_is_as_long_as_its_buffer_at_most),
        cmocka_unit_test(attributes_longer_than_ndis_knows_are_cut),
        cmocka_unit_test(a_link_state_that_is_none_changes_nothing),
        cmocka_unit_test(a_miniport_does_not_indicate_resets),
        cmocka_unit_test(the_oids_follow_the_link),
        cmocka_unit_test(status_flows_from_paused_to_pausing),
        cmocka_unit_test(status_begins_with_the_registration_attributes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
