/*
 * OIDs that NDIS answers itself, from the attributes of the adapter and from what its miniport
 * indicated: the miniport never sees them, and they say what it said.
 */
#include "support/world.h"

enum { ROOM = 256, GUARD = 0xa5 };

static NDIS_OID seen; /* The last OID that reached the miniport, 0: none. */
static NDIS_STATISTICS_INFO statistics;

static NDIS_STATUS
note_oid(struct port *port, PNDIS_OID_REQUEST request)
{
    (void)port;
    seen = request->DATA.Oid;
    if (request->RequestType == NdisRequestSetInformation || seen != OID_GEN_STATISTICS) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    if (request->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(statistics)) {
        request->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(statistics);
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memcpy(request->DATA.QUERY_INFORMATION.InformationBuffer, &statistics, sizeof(statistics));
    request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(statistics);
    return NDIS_STATUS_SUCCESS;
}

/* Of the programmable miniport, and of the particular adapter. */
static const UCHAR permanent[] = {0x02, 0x50, 0x4e, 0x44, 0x49, 0x53};
static const UCHAR current[] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

static void
particular(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MtuSize = 4000;
    attributes->LookaheadSize = 3000;
    attributes->MaxXmitLinkSpeed = 40000000000;
    attributes->MaxRcvLinkSpeed = 30000000000;
    attributes->XmitLinkSpeed = 20000000000;
    attributes->RcvLinkSpeed = 10000000000;
    attributes->MaxMulticastListSize = 17;
    memcpy(attributes->CurrentMacAddress, current, sizeof(current));
}

static void
given_particular_adapter(struct world *w)
{
    miniport_reset();
    miniport.on_oid = note_oid;
    miniport.edit_general = particular;
    world_running(w, 0);
    seen = 0;
}

/* --- values of a fixed size --- */

struct answer {
    const char *name;
    NDIS_OID oid;
    size_t bytes;
    ULONG number;
    const void *value; /* NULL: the number. */
};

static const void *
value_of(const struct answer *answer)
{
    return answer->value != NULL ? answer->value : &answer->number;
}

#define NAMED(code) .name = #code, .oid = code

static const NDIS_LINK_SPEED most = {.XmitLinkSpeed = 40000000000, .RcvLinkSpeed = 30000000000};

static const NDIS_LINK_STATE link_state = {
    .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
               NDIS_SIZEOF_LINK_STATE_REVISION_1},
    .MediaConnectState = MediaConnectStateConnected,
    .MediaDuplexState = MediaDuplexStateFull,
    .XmitLinkSpeed = 20000000000,
    .RcvLinkSpeed = 10000000000,
    .PauseFunctions = NdisPauseFunctionsUnsupported,
    .AutoNegotiationFlags = 0,
};

static const struct answer answers[] = {
    {NAMED(OID_802_3_PERMANENT_ADDRESS), .bytes = sizeof(permanent), .value = permanent},
    {NAMED(OID_802_3_CURRENT_ADDRESS), .bytes = sizeof(current), .value = current},
    {NAMED(OID_GEN_MAC_OPTIONS), .bytes = sizeof(ULONG),
     .number = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
               NDIS_MAC_OPTION_NO_LOOPBACK},
    {NAMED(OID_GEN_MAXIMUM_LOOKAHEAD), .bytes = sizeof(ULONG), .number = 3000},
    {NAMED(OID_GEN_CURRENT_LOOKAHEAD), .bytes = sizeof(ULONG), .number = 3000},
    {NAMED(OID_GEN_MAXIMUM_FRAME_SIZE), .bytes = sizeof(ULONG), .number = 4000},
    {NAMED(OID_GEN_MEDIA_CONNECT_STATUS), .bytes = sizeof(ULONG),
     .number = NdisMediaStateConnected},
    {NAMED(OID_GEN_MEDIA_CONNECT_STATUS_EX), .bytes = sizeof(ULONG),
     .number = MediaConnectStateConnected},
    {NAMED(OID_GEN_MEDIA_DUPLEX_STATE), .bytes = sizeof(ULONG), .number = MediaDuplexStateFull},
    {NAMED(OID_GEN_MEDIA_SUPPORTED), .bytes = sizeof(ULONG), .number = NdisMedium802_3},
    {NAMED(OID_GEN_MEDIA_IN_USE), .bytes = sizeof(ULONG), .number = NdisMedium802_3},
    {NAMED(OID_GEN_PHYSICAL_MEDIUM), .bytes = sizeof(ULONG), .number = NdisPhysicalMedium802_3},
    {NAMED(OID_GEN_PHYSICAL_MEDIUM_EX), .bytes = sizeof(ULONG), .number = NdisPhysicalMedium802_3},
    {NAMED(OID_GEN_LINK_SPEED), .bytes = sizeof(ULONG),
     .number = 200000000}, /* In units of 100 bits per second. */
    {NAMED(OID_802_3_MAXIMUM_LIST_SIZE), .bytes = sizeof(ULONG), .number = 17},
    {NAMED(OID_GEN_MAX_LINK_SPEED), .bytes = sizeof(most), .value = &most},
    {NAMED(OID_GEN_LINK_STATE), .bytes = NDIS_SIZEOF_LINK_STATE_REVISION_1, .value = &link_state},
    /* What the client asked for when it was bound. */
    {NAMED(OID_GEN_CURRENT_PACKET_FILTER), .bytes = sizeof(ULONG),
     .number = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST},
};

enum { ANSWER_COUNT = sizeof(answers) / sizeof(answers[0]) };

static void
the_answers_are_what_the_miniport_set(void **state)
{
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        uint8_t buffer[ROOM];
        size_t bytes = 0;
        int status = -1;

        memset(buffer, GUARD, sizeof(buffer));
        if (pndis_client_query(w.client, answers[i].oid, buffer, sizeof(buffer), &bytes, &status) !=
                0 ||
            bytes != answers[i].bytes || memcmp(buffer, value_of(&answers[i]), bytes) != 0) {
            ULONG first;

            memcpy(&first, buffer, sizeof(first));
            fail_msg("%s: status %#x, %zu bytes, first %#x", answers[i].name, status, bytes, first);
        }
        for (size_t at = bytes; at < sizeof(buffer); at++) {
            expect(&w, buffer[at] == GUARD);
        }
        if (seen != 0) {
            fail_msg("%s reached the miniport", answers[i].name);
        }
    }
    world_close(&w);
}

/* "BytesNeeded contains the correct value for InformationBufferLength." */
static void
a_short_buffer_is_told_how_long_to_be(void **state)
{
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        for (size_t room = 0; room < answers[i].bytes; room++) {
            uint8_t *buffer = malloc(room == 0 ? 1 : room);
            size_t bytes = 0;
            int status = 0;

            memset(buffer, GUARD, room);
            assert_int_equal(
                pndis_client_query(w.client, answers[i].oid, buffer, room, &bytes, &status),
                PNDIS_EDRIVER);
            if ((status != (int)NDIS_STATUS_BUFFER_TOO_SHORT &&
                 status != (int)NDIS_STATUS_INVALID_LENGTH) ||
                bytes != answers[i].bytes) {
                fail_msg("%s with %zu bytes: status %#x, %zu needed", answers[i].name, room, status,
                         bytes);
            }
            free(buffer);
        }
        assert_int_equal(seen, 0);
    }
    world_close(&w);
}

/* --- version, lists --- */

/* "The high byte is the major version number; the low byte is the minor version number." */
static void
the_driver_version_is_what_the_miniport_registered(void **state)
{
    ULONG version = 0;
    size_t bytes;
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    expect(&w, pndis_client_query(w.client, OID_GEN_DRIVER_VERSION, &version, sizeof(version),
                                  &bytes, NULL) == 0);
    assert_int_equal(version & 0xffff, 0x061e);
    assert_int_equal(seen, 0);
    world_close(&w);
}

static bool
has_oid(const NDIS_OID *list, size_t bytes, NDIS_OID oid)
{
    for (size_t i = 0; i < bytes / sizeof(NDIS_OID); i++) {
        if (list[i] == oid) {
            return true;
        }
    }
    return false;
}

/* "NDIS filters any supported statistics OIDs out of the list." */
static void
the_list_of_oids_is_the_miniports_without_statistics(void **state)
{
    NDIS_OID list[64];
    size_t bytes = 0;
    size_t again = 0;
    int status = 0;
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    expect(&w, pndis_client_query(w.client, OID_GEN_SUPPORTED_LIST, list, sizeof(list), &bytes,
                                  NULL) == 0);
    expect(&w, bytes > 0 && bytes % sizeof(NDIS_OID) == 0);
    expect(&w, has_oid(list, bytes, OID_GEN_VENDOR_ID));
    expect(&w, has_oid(list, bytes, OID_802_3_MULTICAST_LIST));
    expect(&w, !has_oid(list, bytes, OID_GEN_STATISTICS));
    expect(&w, !has_oid(list, bytes, OID_GEN_XMIT_OK));
    expect(&w, !has_oid(list, bytes, OID_GEN_RCV_OK));
    expect(&w, pndis_client_query(w.client, OID_GEN_SUPPORTED_LIST, list, 4, &again, &status) ==
                   PNDIS_EDRIVER);
    assert_int_equal(again, bytes);
    assert_int_equal(seen, 0);
    world_close(&w);
}

/* --- statistics --- */

static const struct {
    const char *name;
    NDIS_OID oid;
    size_t offset;
} counters[] = {
#define COUNTER(oid, field)                                                                        \
    {                                                                                              \
#oid, oid, FIELD_OFFSET(NDIS_STATISTICS_INFO, field)                                       \
    }
    COUNTER(OID_GEN_RCV_DISCARDS, ifInDiscards),
    COUNTER(OID_GEN_BYTES_RCV, ifHCInOctets),
    COUNTER(OID_GEN_BYTES_XMIT, ifHCOutOctets),
    COUNTER(OID_GEN_XMIT_DISCARDS, ifOutDiscards),
    COUNTER(OID_GEN_RCV_ERROR, ifInErrors),
    COUNTER(OID_GEN_XMIT_ERROR, ifOutErrors),
    COUNTER(OID_GEN_DIRECTED_FRAMES_RCV, ifHCInUcastPkts),
    COUNTER(OID_GEN_MULTICAST_FRAMES_RCV, ifHCInMulticastPkts),
    COUNTER(OID_GEN_BROADCAST_FRAMES_RCV, ifHCInBroadcastPkts),
    COUNTER(OID_GEN_DIRECTED_FRAMES_XMIT, ifHCOutUcastPkts),
    COUNTER(OID_GEN_MULTICAST_FRAMES_XMIT, ifHCOutMulticastPkts),
    COUNTER(OID_GEN_BROADCAST_FRAMES_XMIT, ifHCOutBroadcastPkts),
    COUNTER(OID_GEN_DIRECTED_BYTES_RCV, ifHCInUcastOctets),
    COUNTER(OID_GEN_MULTICAST_BYTES_RCV, ifHCInMulticastOctets),
    COUNTER(OID_GEN_BROADCAST_BYTES_RCV, ifHCInBroadcastOctets),
    COUNTER(OID_GEN_DIRECTED_BYTES_XMIT, ifHCOutUcastOctets),
    COUNTER(OID_GEN_MULTICAST_BYTES_XMIT, ifHCOutMulticastOctets),
    COUNTER(OID_GEN_BROADCAST_BYTES_XMIT, ifHCOutBroadcastOctets),
};

static void
fill_statistics(void)
{
    memset(&statistics, 0, sizeof(statistics));
    statistics.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    statistics.Header.Revision = NDIS_STATISTICS_INFO_REVISION_1;
    statistics.Header.Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
    statistics.SupportedStatistics = 0xffffffff;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        ULONG64 value = 0x100000000 * (i + 1) + 1000 + i;

        memcpy((char *)&statistics + counters[i].offset, &value, sizeof(value));
    }
}

/* "NDIS handles this OID for miniport drivers. See OID_GEN_STATISTICS." */
static void
each_counter_comes_from_the_statistics(void **state)
{
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    fill_statistics();
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        ULONG64 wide = 0;
        ULONG narrow = 0;
        size_t bytes = 0;
        int status = 0;

        seen = 0;
        pndis_client_query(w.client, counters[i].oid, &wide, sizeof(wide), &bytes, &status);
        if (status != 0 || bytes != sizeof(wide) || wide != 0x100000000 * (i + 1) + 1000 + i) {
            fail_msg("%s: status %#x, %zu bytes, %#llx", counters[i].name, status, bytes,
                     (unsigned long long)wide);
        }
        if (seen != 0 && seen != OID_GEN_STATISTICS) {
            fail_msg("%s reached the miniport as %#x", counters[i].name, seen);
        }
        pndis_client_query(w.client, counters[i].oid, &narrow, sizeof(narrow), &bytes, &status);
        if (status != (int)NDIS_STATUS_BUFFER_TOO_SHORT || bytes != sizeof(wide)) {
            fail_msg("%s in 32 bits: status %#x, %zu bytes", counters[i].name, status, bytes);
        }
    }
    world_close(&w);
}

static void
what_the_miniport_does_not_count_is_not_supported(void **state)
{
    ULONG64 value;
    int status = 0;
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    fill_statistics();
    statistics.SupportedStatistics = ~(ULONG)NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR;
    pndis_client_query(w.client, OID_GEN_RCV_ERROR, &value, sizeof(value), NULL, &status);
    assert_int_equal(status, (int)NDIS_STATUS_NOT_SUPPORTED);
    pndis_client_query(w.client, OID_GEN_XMIT_ERROR, &value, sizeof(value), NULL, &status);
    assert_int_equal(status, (int)NDIS_STATUS_SUCCESS);
    world_close(&w);
}

static void
the_statistics_themselves_come_from_the_miniport(void **state)
{
    NDIS_STATISTICS_INFO answer;
    size_t bytes = 0;
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    fill_statistics();
    expect(&w, pndis_client_query(w.client, OID_GEN_STATISTICS, &answer, sizeof(answer), &bytes,
                                  NULL) == 0);
    assert_int_equal(seen, OID_GEN_STATISTICS);
    assert_int_equal(bytes, sizeof(answer));
    assert_memory_equal(&answer, &statistics, sizeof(answer));
    world_close(&w);
}

/* --- what may not be set, what nobody knows --- */

static void
what_ndis_answers_cannot_be_set(void **state)
{
    static const NDIS_OID read_only[] = {
        OID_GEN_SUPPORTED_LIST,     OID_GEN_MAC_OPTIONS,          OID_GEN_MAXIMUM_LOOKAHEAD,
        OID_GEN_MAXIMUM_FRAME_SIZE, OID_GEN_LINK_STATE,           OID_GEN_DRIVER_VERSION,
        OID_GEN_MAX_LINK_SPEED,     OID_GEN_MEDIA_CONNECT_STATUS,
    };
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
        uint8_t buffer[ROOM] = {0};
        int status = 0;

        assert_int_equal(pndis_client_set(w.client, read_only[i], buffer, sizeof(buffer), &status),
                         PNDIS_EDRIVER);
        if (seen != 0 ||
            (status != (int)NDIS_STATUS_NOT_SUPPORTED && status != (int)NDIS_STATUS_INVALID_OID)) {
            fail_msg("set of %#x: status %#x, the miniport saw %#x", read_only[i], status, seen);
        }
    }
    world_close(&w);
}

static void
what_ndis_does_not_know_goes_to_the_miniport(void **state)
{
    enum { OF_SOME_VENDOR = 0xff010203 };
    ULONG value;
    int status = 0;
    struct world w;

    (void)state;
    given_particular_adapter(&w);
    expect(&w, pndis_client_query(w.client, OF_SOME_VENDOR, &value, sizeof(value), NULL, &status) ==
                   PNDIS_EDRIVER);
    assert_int_equal(status, NDIS_STATUS_NOT_SUPPORTED);
    assert_int_equal(seen, OF_SOME_VENDOR);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answers_are_what_the_miniport_set),
        cmocka_unit_test(a_short_buffer_is_told_how_long_to_be),
        cmocka_unit_test(the_driver_version_is_what_the_miniport_registered),
        cmocka_unit_test(the_list_of_oids_is_the_miniports_without_statistics),
        cmocka_unit_test(each_counter_comes_from_the_statistics),
        cmocka_unit_test(what_the_miniport_does_not_count_is_not_supported),
        cmocka_unit_test(the_statistics_themselves_come_from_the_miniport),
        cmocka_unit_test(what_ndis_answers_cannot_be_set),
        cmocka_unit_test(what_ndis_does_not_know_goes_to_the_miniport),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
