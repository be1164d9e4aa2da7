/*
 * What NDIS 6 sees of an NDIS 5 miniport: the answers that NDIS puts together of what the driver
 * says ("OID_GEN_LINK_STATE", "OID_GEN_SUPPORTED_LIST"), and requests of several bindings for one
 * driver.
 */
#include "miniport51.h"

#include "support/data_path.h"
#include "support/protocol.h"

enum { PRIVATE_OID = 0xff010101, GROUPS = 8 };

static W_QUERY_INFORMATION_HANDLER query_information;
static W_SET_INFORMATION_HANDLER set_information;

/* Answers of the test's own; oid 0: none. */
static struct {
    NDIS_OID oid;
    ULONG value;
} own[4];

static unsigned own_queries;
static UCHAR multicast[16 * 6];
static ULONG multicast_bytes;
static unsigned multicast_sets;

static NDIS_STATUS
query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written, PULONG needed)
{
    for (unsigned i = 0; i < RTL_NUMBER_OF(own); i++) {
        if (own[i].oid != oid || oid == 0) {
            continue;
        }
        own_queries++;
        if (bytes < sizeof(ULONG)) {
            *needed = sizeof(ULONG);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        memcpy(buffer, &own[i].value, sizeof(ULONG));
        *written = sizeof(ULONG);
        return NDIS_STATUS_SUCCESS;
    }
    return query_information(context, oid, buffer, bytes, written, needed);
}

static NDIS_STATUS
set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    if (oid == OID_802_3_MULTICAST_LIST && bytes <= sizeof(multicast)) {
        multicast_sets++;
        multicast_bytes = bytes;
        memcpy(multicast, buffer, bytes);
    }
    if (oid == PRIVATE_OID) {
        memcpy(&own[0].value, buffer, bytes < sizeof(ULONG) ? bytes : sizeof(ULONG));
        *read = bytes;
        return NDIS_STATUS_SUCCESS;
    }
    return set_information(context, oid, buffer, bytes, read, needed);
}

static void
own_requests(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = query;
    set_information = calls->SetInformationHandler;
    calls->SetInformationHandler = set;
}

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.edit = own_requests;
    memset(own, 0, sizeof(own));
    own_queries = multicast_sets = 0;
    multicast_bytes = 0;
}

/* --- answers --- */

static void
answers_agree_with_what_the_driver_says(void **state)
{
    static const struct {
        NDIS_OID oid;
        uint32_t value;
    } answers[] = {
        {OID_GEN_MAXIMUM_FRAME_SIZE, 1500},
        {OID_GEN_MAXIMUM_TOTAL_SIZE, 1514},
        {OID_GEN_MAXIMUM_LOOKAHEAD, 1500},
        {OID_GEN_LINK_SPEED, 1000000},
        {OID_GEN_MEDIA_SUPPORTED, NdisMedium802_3},
        {OID_GEN_MEDIA_IN_USE, NdisMedium802_3},
        {OID_GEN_MEDIA_CONNECT_STATUS, NdisMediaStateConnected},
        {OID_GEN_CURRENT_PACKET_FILTER,
         NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST},
        {OID_GEN_VENDOR_ID, 0x515151},
        {OID_802_3_MAXIMUM_LIST_SIZE, 8},
    };

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed);
        own[0].oid = OID_GEN_MAXIMUM_TOTAL_SIZE;
        own[0].value = 1514;
        world5_running(&w, seed);
        for (unsigned i = 0; i < RTL_NUMBER_OF(answers); i++) {
            uint32_t value = ~0u;
            size_t bytes = 0;

            if (pndis_client_query(w.client, answers[i].oid, &value, sizeof(value), &bytes, NULL) !=
                    0 ||
                bytes != sizeof(value) || value != answers[i].value) {
                fail_msg("OID 0x%08x: %u of %zu bytes (seed %u)", answers[i].oid, value, bytes,
                         seed);
            }
        }
        world_close(&w);
    }
}

static void
the_mac_options_have_what_the_driver_set(void **state)
{
    uint32_t options = 0;
    struct world w;

    (void)state;
    given(0);
    world5_running(&w, 1);
    expect(&w, pndis_client_query(w.client, OID_GEN_MAC_OPTIONS, &options, sizeof(options), NULL,
                                  NULL) == 0);
    expect(&w, (options & NDIS_MAC_OPTION_NO_LOOPBACK) != 0);
    expect(&w, (options & NDIS_MAC_OPTION_TRANSFERS_NOT_PEND) != 0);
    expect(&w, (options & NDIS_MAC_OPTION_8021Q_VLAN) == 0);
    world_close(&w);
}

/* An OID of NDIS 6 that no NDIS 5 miniport knows. */
static void
the_link_state_is_made_of_speed_and_connection(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        NDIS_LINK_STATE link;
        size_t bytes = 0;
        struct world w;

        given(i);
        own[0].oid = OID_GEN_LINK_SPEED;
        own[0].value = 10000000;
        own[1].oid = OID_GEN_MEDIA_CONNECT_STATUS;
        own[1].value = i == 0 ? NdisMediaStateConnected : NdisMediaStateDisconnected;
        world5_running(&w, i);
        memset(&link, 0, sizeof(link));
        expect(&w, pndis_client_query(w.client, OID_GEN_LINK_STATE, &link, sizeof(link), &bytes,
                                      NULL) == 0);
        expect(&w, bytes == NDIS_SIZEOF_LINK_STATE_REVISION_1);
        expect(&w, link.Header.Revision == NDIS_LINK_STATE_REVISION_1);
        expect(&w, link.MediaConnectState ==
                       (i == 0 ? MediaConnectStateConnected : MediaConnectStateDisconnected));
        expect(&w, i != 0 || (link.XmitLinkSpeed == 1000000000 && link.RcvLinkSpeed == 1000000000));
        world_close(&w);
    }
}

/* "NDIS filters any supported statistics OIDs out of the list." */
static void
the_supported_list_is_the_driver_s_without_statistics(void **state)
{
    static const NDIS_OID there[] = {OID_GEN_SUPPORTED_LIST, OID_GEN_CURRENT_PACKET_FILTER,
                                     OID_802_3_CURRENT_ADDRESS, OID_802_3_MULTICAST_LIST};
    static const NDIS_OID statistics[] = {OID_GEN_XMIT_OK, OID_GEN_RCV_OK};
    uint32_t list[128];
    size_t bytes = 0;
    struct world w;

    (void)state;
    given(0);
    world5_running(&w, 1);
    expect(&w, pndis_client_query(w.client, OID_GEN_SUPPORTED_LIST, list, sizeof(list), &bytes,
                                  NULL) == 0);
    for (unsigned i = 0; i < RTL_NUMBER_OF(there); i++) {
        unsigned found = 0;

        for (unsigned j = 0; j < bytes / sizeof(uint32_t); j++) {
            found += list[j] == there[i];
        }
        expect(&w, found >= 1);
    }
    for (unsigned j = 0; j < bytes / sizeof(uint32_t); j++) {
        for (unsigned i = 0; i < RTL_NUMBER_OF(statistics); i++) {
            expect(&w, list[j] != statistics[i]);
        }
    }
    world_close(&w);
}

static void
an_oid_that_ndis_does_not_know_goes_to_the_driver(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        uint32_t value = 0x12345678;
        size_t bytes = 0;
        struct world w;
        int status = 0;

        given(seed);
        own[0].oid = PRIVATE_OID;
        world5_running(&w, seed);
        expect(&w, pndis_client_set(w.client, PRIVATE_OID, &value, sizeof(value), NULL) == 0);
        value = 0;
        expect(&w,
               pndis_client_query(w.client, PRIVATE_OID, &value, sizeof(value), &bytes, NULL) == 0);
        expect(&w, value == 0x12345678 && bytes == sizeof(value));
        expect(&w, pndis_client_query(w.client, PRIVATE_OID, &value, 1, &bytes, &status) != 0);
        expect(&w, status == NDIS_STATUS_INVALID_LENGTH && bytes == sizeof(value));
        world_close(&w);
    }
}

/* --- the restart attributes say the same --- */

static NDIS_RESTART_GENERAL_ATTRIBUTES seen;

static NDIS_STATUS
look_at_attributes(struct opening *opening, PNDIS_PROTOCOL_RESTART_PARAMETERS parameters)
{
    PNDIS_RESTART_ATTRIBUTES entry = parameters == NULL ? NULL : parameters->RestartAttributes;

    (void)opening;
    for (; entry != NULL; entry = entry->Next) {
        if (entry->Oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
            memcpy(&seen, entry->Data,
                   entry->DataLength < sizeof(seen) ? entry->DataLength : sizeof(seen));
        }
    }
    return NDIS_STATUS_SUCCESS;
}

static void
protocols_find_it_in_the_restart_attributes(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed);
        protocol_reset();
        protocol.on_restart = look_at_attributes;
        memset(&seen, 0, sizeof(seen));
        world5_open(&w, seed);
        world_load_protocol(&w);
        world5_add(&w);
        expect_state(&w, "Running");
        expect(&w, seen.MtuSize == 1500 && seen.LookaheadSize == 1500);
        expect(&w, seen.MaxXmitLinkSpeed >= 100000000 && seen.MaxRcvLinkSpeed >= 100000000);
        expect(&w, (seen.MacOptions & NDIS_MAC_OPTION_NO_LOOPBACK) != 0);
        expect(&w, seen.MaxMulticastListSize == 8);
        expect(&w, (seen.SupportedPacketFilters & NDIS_PACKET_TYPE_DIRECTED) != 0);
        expect(&w, seen.SupportedOidListLength >= 8 * sizeof(NDIS_OID));
        expect(&w, seen.RecvScaleCapabilities != NULL);
        world_close(&w);
    }
}

/* --- one request at a time --- */

static struct {
    NDIS_OID_REQUEST request;
    ULONG value;
    NDIS_STATUS status;
    unsigned completions;
} asked[3];

static unsigned outstanding;
static unsigned most_outstanding;

static NDIS_STATUS
count_query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
            PULONG needed)
{
    NDIS_STATUS status = query(context, oid, buffer, bytes, written, needed);

    if (oid == OID_GEN_VENDOR_ID && status == NDIS_STATUS_PENDING) {
        outstanding++;
        most_outstanding = outstanding > most_outstanding ? outstanding : most_outstanding;
    }
    return status;
}

static void
own_counting(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_requests(calls);
    calls->QueryInformationHandler = count_query;
}

static VOID
note_answer(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    (void)context;
    for (unsigned i = 0; i < RTL_NUMBER_OF(asked); i++) {
        if (request == &asked[i].request) {
            asked[i].completions++;
            asked[i].status = status;
            return;
        }
    }
    opening_answer(request, status);
}

static void
own_answers(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->OidRequestCompleteHandler = note_answer;
}

static void
ask_all(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < RTL_NUMBER_OF(asked); i++) {
        NDIS_OID_REQUEST *request = &asked[i].request;

        memset(&asked[i], 0, sizeof(asked[i]));
        request->Header =
            (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                                 NDIS_SIZEOF_OID_REQUEST_REVISION_1};
        request->RequestType = NdisRequestQueryInformation;
        request->DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
        request->DATA.QUERY_INFORMATION.InformationBuffer = &asked[i].value;
        request->DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(ULONG);
        asked[i].status = NdisOidRequest(opening_latest()->handle, request);
    }
}

static void
answer_one(void *argument)
{
    (void)argument;
    outstanding--;
    nic_answer(nic_latest());
}

/* "NDIS guarantees that the miniport will have only one outstanding query or set at a time." */
static void
of_several_requests_the_driver_has_one_at_a_time(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed);
        protocol_reset();
        protocol.edit_characteristics = own_answers;
        miniport51.edit = own_counting;
        world5_open(&w, seed);
        world_load_protocol(&w);
        world5_add(&w);
        miniport51.pended_oid = OID_GEN_VENDOR_ID;
        miniport51.answer_when = BY_HAND;
        outstanding = most_outstanding = 0;
        world_as_driver(&w, ask_all, NULL);
        for (unsigned done = 0; done < RTL_NUMBER_OF(asked); done++) {
            world_settle(&w);
            expect(&w, outstanding == 1);
            world_at_dispatch(&w, answer_one, NULL);
        }
        world_settle(&w);
        expect(&w, most_outstanding == 1 && outstanding == 0);
        for (unsigned i = 0; i < RTL_NUMBER_OF(asked); i++) {
            expect(&w, asked[i].completions == 1 && asked[i].status == NDIS_STATUS_SUCCESS);
            expect(&w, asked[i].value == 0x515151);
        }
        miniport51.pended_oid = 0;
        world_close(&w);
    }
}

/* --- filters and addresses of several bindings --- */

static void
the_driver_s_packet_filter_is_that_of_all_bindings_together(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_client *second;
        struct world w;

        given(seed);
        world5_open(&w, seed);
        world5_add(&w);
        w.client = pndis_client_open(
            w.adapter, &(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_DIRECTED});
        expect(&w, nic_latest()->packet_filter == NDIS_PACKET_TYPE_DIRECTED);
        second = pndis_client_open(
            w.adapter, &(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_BROADCAST});
        expect(&w, nic_latest()->packet_filter ==
                       (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST));
        expect(&w, pndis_client_close(second) == 0);
        expect(&w, nic_latest()->packet_filter == NDIS_PACKET_TYPE_DIRECTED);
        world_close(&w);
    }
}

static bool
has_group(uint8_t last)
{
    for (ULONG at = 0; at < multicast_bytes; at += 6) {
        if (multicast[at] == 0x01 && multicast[at + 5] == last) {
            return true;
        }
    }
    return false;
}

/* "OID_802_3_MULTICAST_LIST": NDIS combines the lists, without duplicates. */
static void
the_driver_s_multicast_list_is_that_of_all_bindings_without_duplicates(void **state)
{
    const uint8_t one[18] = {1, 0, 0x5e, 0, 0, 1, 1, 0, 0x5e, 0, 0, 2, 1, 0, 0x5e, 0, 0, 1};
    const uint8_t two[12] = {1, 0, 0x5e, 0, 0, 2, 1, 0, 0x5e, 0, 0, 3};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_client *second;
        uint8_t list[16 * 6];
        size_t bytes = 0;
        struct world w;

        given(seed);
        world5_running(&w, seed);
        second = pndis_client_open(w.adapter, NULL);
        expect(&w,
               pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, one, sizeof(one), NULL) == 0);
        expect(&w, multicast_bytes == 12 && has_group(1) && has_group(2));
        expect(&w, pndis_client_set(second, OID_802_3_MULTICAST_LIST, two, sizeof(two), NULL) == 0);
        expect(&w, multicast_bytes == 18 && has_group(1) && has_group(2) && has_group(3));
        expect(&w, pndis_client_query(w.client, OID_802_3_MULTICAST_LIST, list, sizeof(list),
                                      &bytes, NULL) == 0);
        expect(&w, bytes == 18);
        expect(&w, pndis_client_close(second) == 0);
        expect(&w, multicast_bytes == 12 && has_group(1) && has_group(2));
        world_close(&w);
    }
}

/* "NDIS returns NDIS_STATUS_MULTICAST_FULL if a protocol driver exceeds this limit." */
static void
more_addresses_than_the_driver_has_room_for_are_refused_without_asking_it(void **state)
{
    uint8_t list[(GROUPS + 1) * 6];
    unsigned sets;
    struct world w;
    int status = 0;

    (void)state;
    for (unsigned i = 0; i <= GROUPS; i++) {
        memcpy(list + 6 * i, "\x01\x00\x5e\x00\x00", 5);
        list[6 * i + 5] = (uint8_t)(i + 1);
    }
    given(0);
    world5_running(&w, 1);
    expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, list, GROUPS * 6, NULL) == 0);
    expect(&w, multicast_bytes == GROUPS * 6);
    sets = multicast_sets;
    expect(&w, pndis_client_set(w.client, OID_802_3_MULTICAST_LIST, list, (GROUPS + 1) * 6,
                                &status) != 0);
    expect(&w, status == NDIS_STATUS_MULTICAST_FULL && multicast_sets == sets);
    world_settle(&w);
    expect_state(&w, "Running");
    world_close(&w);
}

/* --- loopback --- */

/* "NDIS_MAC_OPTION_NO_LOOPBACK": then NDIS loops back, else the NIC does. */
static void
ndis_loops_back_for_a_nic_that_does_not(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned seed = 0; seed < world_seeds(10); seed++) {
            struct pndis_client_counts counts;
            struct pndis_client *second;
            uint8_t frame[64];
            struct world w;

            given(seed);
            own[0].oid = OID_GEN_MAC_OPTIONS;
            own[0].value = i == 0 ? NDIS_MAC_OPTION_NO_LOOPBACK : 0;
            world5_running(&w, seed);
            second = pndis_client_open(
                w.adapter,
                &(struct pndis_client_options){.packet_filter = NDIS_PACKET_TYPE_PROMISCUOUS});
            make_frame_bytes(frame, sizeof(frame), 1);
            expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
            world_settle(&w);
            pndis_client_get_counts(second, &counts);
            expect(&w, SEEN(nic_latest()->sends) == 1);
            expect(&w, counts.received == (i == 0 ? 1 : 0));
            world_close(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_agree_with_what_the_driver_says),
        cmocka_unit_test(the_mac_options_have_what_the_driver_set),
        cmocka_unit_test(the_link_state_is_made_of_speed_and_connection),
        cmocka_unit_test(the_supported_list_is_the_driver_s_without_statistics),
        cmocka_unit_test(an_oid_that_ndis_does_not_know_goes_to_the_driver),
        cmocka_unit_test(protocols_find_it_in_the_restart_attributes),
        cmocka_unit_test(of_several_requests_the_driver_has_one_at_a_time),
        cmocka_unit_test(the_driver_s_packet_filter_is_that_of_all_bindings_together),
        cmocka_unit_test(the_driver_s_multicast_list_is_that_of_all_bindings_without_duplicates),
        cmocka_unit_test(more_addresses_than_the_driver_has_room_for_are_refused_without_asking_it),
        cmocka_unit_test(ndis_loops_back_for_a_nic_that_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
