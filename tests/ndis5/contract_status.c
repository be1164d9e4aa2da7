/*
 * Status of an NDIS 5 miniport as NDIS 6 is told of it ("NDIS_STATUS_LINK_STATE",
 * "NDIS_STATUS_MEDIA_CONNECT", "NDIS_STATUS_MEDIA_DISCONNECT", NdisMIndicateStatus).
 */
#include "miniport51.h"

#include "support/data_path.h"

enum { LOG = 32 };

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
}

static struct {
    int status;
    size_t bytes;
    NDIS_LINK_STATE link;
} told[LOG];
static unsigned told_count;

static void
note_status(struct pndis_client *client, int status, const void *data, size_t bytes, void *user)
{
    unsigned at = told_count++ % LOG;

    (void)client;
    (void)user;
    told[at].status = status;
    told[at].bytes = bytes;
    memset(&told[at].link, 0, sizeof(told[at].link));
    memcpy(&told[at].link, data, bytes < sizeof(told[at].link) ? bytes : sizeof(told[at].link));
}

static struct {
    NDIS_STATUS status;
    ULONG value;
    UINT bytes;
} indication;

static void
indicate(void *argument)
{
    (void)argument;
    NdisMIndicateStatus(nic_latest()->handle, indication.status,
                        indication.bytes == 0 ? NULL : &indication.value, indication.bytes);
    NdisMIndicateStatusComplete(nic_latest()->handle);
}

static void
indicate_status(struct world *w, NDIS_STATUS status, ULONG value, UINT bytes)
{
    indication.status = status;
    indication.value = value;
    indication.bytes = bytes;
    told_count = 0;
    world_at_dispatch(w, indicate, NULL);
    world_settle(w);
}

static void
running_with_status(struct world *w, uint64_t seed)
{
    static const struct pndis_client_events events = {.on_status = note_status};

    world5_open(w, seed);
    world5_add(w);
    w->client = pndis_client_open(w->adapter, &(struct pndis_client_options){.events = &events});
    expect(w, w->client != NULL);
}

static void
expect_link(struct world *w, bool connected, uint64_t speed)
{
    expect(w, told_count == 1 && told[0].status == NDIS_STATUS_LINK_STATE);
    expect(w, told[0].bytes >= NDIS_SIZEOF_LINK_STATE_REVISION_1);
    expect(w, told[0].link.MediaConnectState ==
                  (connected ? MediaConnectStateConnected : MediaConnectStateDisconnected));
    expect(w, !connected || told[0].link.XmitLinkSpeed == speed);
    expect(w, !connected || told[0].link.RcvLinkSpeed == speed);
}

static void
connect_and_disconnect_are_the_link_state_with_its_speed(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed);
        running_with_status(&w, seed);
        indicate_status(&w, NDIS_STATUS_MEDIA_DISCONNECT, 0, 0);
        expect_link(&w, false, 0);
        indicate_status(&w, NDIS_STATUS_MEDIA_CONNECT, 0, 0);
        expect_link(&w, true, 100000000);
        world_close(&w);
    }
}

/* --- the speed is what the driver says when it is asked --- */

static W_QUERY_INFORMATION_HANDLER query_information;
static ULONG speed;
static unsigned speed_queries;

static NDIS_STATUS
query_speed(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
            PULONG needed)
{
    if (oid != OID_GEN_LINK_SPEED || bytes < sizeof(speed)) {
        return query_information(context, oid, buffer, bytes, written, needed);
    }
    speed_queries++;
    memcpy(buffer, &speed, sizeof(speed));
    *written = sizeof(speed);
    return NDIS_STATUS_SUCCESS;
}

static void
own_speed(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = query_speed;
}

static void
running_with_speed(struct world *w, uint64_t seed)
{
    given(seed);
    miniport51.edit = own_speed;
    speed = 1000000;
    running_with_status(w, seed);
    speed_queries = 0;
}

/* "NDIS_STATUS_LINK_SPEED_CHANGE": NDIS queries OID_GEN_LINK_SPEED, and uses the result. */
static void
a_change_of_speed_makes_ndis_ask_for_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        running_with_speed(&w, seed);
        speed = 10000000;
        indicate_status(&w, NDIS_STATUS_LINK_SPEED_CHANGE, 1, sizeof(ULONG));
        expect(&w, speed_queries == 1);
        expect_link(&w, true, 1000000000);
        world_close(&w);
    }
}

/* "NDIS_STATUS_LINK_STATE": the OID is used for changes of the media's state as well. */
static void
a_link_that_comes_back_has_the_speed_that_it_has_then(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        running_with_speed(&w, seed);
        indicate_status(&w, NDIS_STATUS_MEDIA_DISCONNECT, 0, 0);
        speed = 100000;
        indicate_status(&w, NDIS_STATUS_MEDIA_CONNECT, 0, 0);
        expect_link(&w, true, 10000000);
        world_close(&w);
    }
}

static void
comes_and_goes(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 4; i++) {
        NdisMIndicateStatus(nic_latest()->handle, NDIS_STATUS_MEDIA_CONNECT, NULL, 0);
        NdisMIndicateStatus(nic_latest()->handle, NDIS_STATUS_MEDIA_DISCONNECT, NULL, 0);
    }
}

/* Nobody is asked of a link that is gone, or of an adapter that is. */
static void
a_halt_while_the_speed_is_asked_for_is_clean(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        running_with_speed(&w, seed);
        world_as_driver(&w, comes_and_goes, NULL);
        indication.status = NDIS_STATUS_MEDIA_CONNECT;
        indication.bytes = 0;
        world_as_driver(&w, indicate, NULL);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->halts) == 1);
        world_close(&w);
    }
}

static void
other_status_goes_up_as_it_is(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        ULONG value;
        struct world w;

        given(seed);
        running_with_status(&w, seed);
        indicate_status(&w, NDIS_STATUS_MEDIA_SPECIFIC_INDICATION, 0xabcd1234, sizeof(ULONG));
        expect(&w, told_count == 1 && told[0].status == NDIS_STATUS_MEDIA_SPECIFIC_INDICATION);
        memcpy(&value, &told[0].link, sizeof(value));
        expect(&w, told[0].bytes == sizeof(ULONG) && value == 0xabcd1234);
        world_close(&w);
    }
}

/* --- from where and until when --- */

static VOID
indicating_isr(PBOOLEAN recognized, PBOOLEAN queue, NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->isrs);
    pndis_device_interrupt_clear(card.device);
    *recognized = TRUE;
    *queue = FALSE;
    NdisMIndicateStatus(nic->handle, NDIS_STATUS_MEDIA_DISCONNECT, NULL, 0);
}

static void
own_isr(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ISRHandler = indicating_isr;
}

/* "NdisMIndicateStatus": callers run at or below DISPATCH_LEVEL. */
static void
status_from_an_isr_is_a_violation(void **state)
{
    struct world w;

    (void)state;
    given(0);
    miniport51.edit = own_isr;
    running_with_status(&w, 1);
    world_expect_clean(&w);
    pndis_device_interrupt(card.device, 0);
    world_settle(&w);
    expect(&w, SEEN(nic_latest()->isrs) == 1);
    world_expect_violation_of(&w, "CALL_IRQL", "NdisMIndicateStatus", "");
    world_close(&w);
}

static W_INITIALIZE_HANDLER initialize;

static NDIS_STATUS
initialize_disconnected(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM array, UINT count,
                        NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    NDIS_STATUS status = initialize(open_error, selected, array, count, handle, wrapper_context);

    NdisMIndicateStatus(handle, NDIS_STATUS_MEDIA_DISCONNECT, NULL, 0);
    NdisMIndicateStatusComplete(handle);
    NdisMIndicateStatus(handle, NDIS_STATUS_MEDIA_CONNECT, NULL, 0);
    NdisMIndicateStatusComplete(handle);
    return status;
}

static void
own_initialize(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    initialize = calls->InitializeHandler;
    calls->InitializeHandler = initialize_disconnected;
}

/* "Only a deserialized miniport driver can" indicate in the context of its MiniportInitialize. */
static void
a_deserialized_driver_may_tell_of_its_link_while_it_initializes(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_adapter_info info;
        struct world w;

        given(2 * seed);
        miniport51.edit = own_initialize;
        running_with_status(&w, seed);
        expect_state(&w, "Running");
        expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
        expect(&w, info.connected && info.transmit_speed == 100000000);
        world_expect_clean(&w);
        world_close(&w);
    }
}

/* "NdisMIndicateStatus": not from MiniportHalt, MiniportShutdown, or a serialized initialize. */

static void
indicate_connect(struct nic *nic)
{
    NdisMIndicateStatus(nic->handle, NDIS_STATUS_MEDIA_CONNECT, NULL, 0);
}

static void
status_from_a_halt_is_a_violation(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed);
        miniport51.on_halt = indicate_connect;
        running_with_status(&w, seed);
        told_count = 0;
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_expect_violation(&w, "N5_STATUS");
        expect(&w, told_count == 0);
        world_close(&w);
    }
}

static void
status_from_an_initialize_of_a_serialized_driver_is_a_violation(void **state)
{
    struct world w;

    (void)state;
    given(1);
    miniport51.edit = own_initialize;
    running_with_status(&w, 1);
    world_expect_violation(&w, "N5_STATUS");
    expect_state(&w, "Running");
    world_close(&w);
}

/* "NDIS_STATUS_RESET_START": NDIS tells of resets, a miniport does not. */
static void
the_end_of_a_reset_is_not_the_driver_s_to_tell(void **state)
{
    struct world w;

    (void)state;
    given(0);
    running_with_status(&w, 1);
    indicate_status(&w, NDIS_STATUS_RESET_END, 0, 0);
    world_expect_violation(&w, "STATUS_RESET");
    expect(&w, told_count == 0);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_and_disconnect_are_the_link_state_with_its_speed),
        cmocka_unit_test(a_change_of_speed_makes_ndis_ask_for_it),
        cmocka_unit_test(a_link_that_comes_back_has_the_speed_that_it_has_then),
        cmocka_unit_test(a_halt_while_the_speed_is_asked_for_is_clean),
        cmocka_unit_test(other_status_goes_up_as_it_is),
        cmocka_unit_test(status_from_an_isr_is_a_violation),
        cmocka_unit_test(a_deserialized_driver_may_tell_of_its_link_while_it_initializes),
        cmocka_unit_test(status_from_a_halt_is_a_violation),
        cmocka_unit_test(status_from_an_initialize_of_a_serialized_driver_is_a_violation),
        cmocka_unit_test(the_end_of_a_reset_is_not_the_driver_s_to_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
