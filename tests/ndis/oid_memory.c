/*
 * What protocols have set and NDIS answers itself: RSS parameters, hash, encapsulation, receive
 * filters, wake-up patterns, protocol offloads, ports. The sets reach the miniport, the queries do
 * not. OID_GEN_RECEIVE_SCALE_PARAMETERS, OID_PM_WOL_PATTERN_LIST, OID_PM_PROTOCOL_OFFLOAD_LIST,
 * OID_GEN_ENUMERATE_PORTS.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { TABLE = 8, KEY = 40, ROOM = 1024, BITMAP = 24 };

static struct {
    unsigned sets;
    unsigned others; /* Anything else. */
    NDIS_OID oid;
    ULONG id; /* Of the pattern that was added or removed last. */
    NDIS_STATUS status;
} seen;

static NDIS_STATUS
note(struct port *port, PNDIS_OID_REQUEST request)
{
    const UCHAR *buffer = request->DATA.SET_INFORMATION.InformationBuffer;

    (void)port;
    seen.oid = request->DATA.Oid;
    if (request->RequestType != NdisRequestSetInformation) {
        seen.others++;
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    seen.sets++;
    if (seen.oid == OID_PM_ADD_WOL_PATTERN) {
        memcpy(&seen.id, buffer + FIELD_OFFSET(NDIS_PM_WOL_PATTERN, PatternId), sizeof(ULONG));
    } else if (seen.oid == OID_PM_ADD_PROTOCOL_OFFLOAD) {
        memcpy(&seen.id, buffer + FIELD_OFFSET(NDIS_PM_PROTOCOL_OFFLOAD, ProtocolOffloadId),
               sizeof(ULONG));
    } else if (seen.oid == OID_PM_REMOVE_WOL_PATTERN ||
               seen.oid == OID_PM_REMOVE_PROTOCOL_OFFLOAD) {
        memcpy(&seen.id, buffer, sizeof(ULONG));
    }
    return seen.status;
}

static NDIS_RECEIVE_SCALE_CAPABILITIES rss = {
    .Header = {NDIS_OBJECT_TYPE_RSS_CAPABILITIES, NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1,
               NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1},
    .NumberOfInterruptMessages = 1,
    .NumberOfReceiveQueues = 2,
};

static void
with_rss(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->RecvScaleCapabilities = &rss;
}

static void
given_client(struct world *w, bool scales)
{
    miniport_reset();
    miniport.on_oid = note;
    miniport.edit_general = scales ? with_rss : NULL;
    world_running(w, 0);
    memset(&seen, 0, sizeof(seen));
}

static int
set(struct world *w, NDIS_OID oid, const void *data, size_t bytes)
{
    int status = -1;

    pndis_client_set(w->client, oid, data, bytes, &status);
    return status;
}

/* The answer to a query that does not reach the miniport. */
static int
query(struct world *w, NDIS_OID oid, void *buffer, size_t room, size_t *out_bytes)
{
    unsigned before = seen.others;
    int status = -1;

    *out_bytes = 0;
    pndis_client_query(w->client, oid, buffer, room, out_bytes, &status);
    expect(w, seen.others == before);
    return status;
}

/* --- RSS --- */

struct rss_set {
    NDIS_RECEIVE_SCALE_PARAMETERS head;
    UCHAR table[TABLE];
    UCHAR key[KEY];
};

static struct rss_set
rss_parameters(USHORT flags, ULONG hash, UCHAR fill)
{
    struct rss_set parameters;

    memset(&parameters, 0, sizeof(parameters));
    parameters.head.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_RSS_PARAMETERS,
                                                  NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_1,
                                                  NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1};
    parameters.head.Flags = flags;
    parameters.head.HashInformation = hash;
    parameters.head.IndirectionTableSize = TABLE;
    parameters.head.IndirectionTableOffset = offsetof(struct rss_set, table);
    parameters.head.HashSecretKeySize = KEY;
    parameters.head.HashSecretKeyOffset = offsetof(struct rss_set, key);
    memset(parameters.table, fill, TABLE);
    memset(parameters.key, fill + 1, KEY);
    return parameters;
}

/* A query answers with @hash, a table of @table and a key of @key. */
static void
rss_is(struct world *w, ULONG hash, int table, int key)
{
    union {
        NDIS_RECEIVE_SCALE_PARAMETERS head;
        UCHAR bytes[ROOM];
    } answer;
    size_t bytes;

    assert_int_equal(query(w, OID_GEN_RECEIVE_SCALE_PARAMETERS, &answer, sizeof(answer), &bytes),
                     0);
    expect(w, answer.head.Header.Type == NDIS_OBJECT_TYPE_RSS_PARAMETERS);
    assert_int_equal(answer.head.Flags, 0);
    assert_int_equal(answer.head.HashInformation, hash);
    assert_int_equal(answer.head.IndirectionTableSize, table < 0 ? 0 : TABLE);
    assert_int_equal(answer.head.HashSecretKeySize, key < 0 ? 0 : KEY);
    expect(w, answer.head.IndirectionTableOffset + answer.head.IndirectionTableSize <= bytes);
    expect(w, answer.head.HashSecretKeyOffset + answer.head.HashSecretKeySize <= bytes);
    for (unsigned i = 0; table >= 0 && i < TABLE; i++) {
        assert_int_equal(answer.bytes[answer.head.IndirectionTableOffset + i], table);
    }
    for (unsigned i = 0; key >= 0 && i < KEY; i++) {
        assert_int_equal(answer.bytes[answer.head.HashSecretKeyOffset + i], key);
    }
}

static void
set_rss(struct world *w, USHORT flags, ULONG hash, UCHAR fill)
{
    struct rss_set parameters = rss_parameters(flags, hash, fill);

    assert_int_equal(set(w, OID_GEN_RECEIVE_SCALE_PARAMETERS, &parameters, sizeof(parameters)),
                     (int)seen.status);
}

static void
rss_parameters_are_what_was_accepted_last(void **state)
{
    struct world w;

    (void)state;
    given_client(&w, true);
    rss_is(&w, 0, -1, -1);
    set_rss(&w, 0, 0x101, 10);
    assert_int_equal(seen.sets, 1);
    rss_is(&w, 0x101, 10, 11);
    seen.status = NDIS_STATUS_FAILURE;
    set_rss(&w, 0, 0x301, 20);
    seen.status = NDIS_STATUS_SUCCESS;
    rss_is(&w, 0x101, 10, 11);
    set_rss(&w, NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED, 0,
            30);
    rss_is(&w, 0x101, 10, 31);
    set_rss(&w, NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED, 0x401, 40);
    rss_is(&w, 0x401, 40, 31);
    set_rss(&w, NDIS_RSS_PARAM_FLAG_DISABLE_RSS, 0x401, 50);
    rss_is(&w, 0, -1, -1);
    world_close(&w);
}

/* Offsets that lead out of the buffer are the miniport's to refuse; nothing is read there. */
static void
rss_parameters_that_point_nowhere_are_not_read(void **state)
{
    struct rss_set parameters = rss_parameters(0, 0x101, 10);
    UCHAR few[4] = {0};
    struct world w;

    (void)state;
    given_client(&w, true);
    parameters.head.IndirectionTableOffset = 0xfffffff0;
    parameters.head.HashSecretKeyOffset = sizeof(parameters) - 1;
    assert_int_equal(set(&w, OID_GEN_RECEIVE_SCALE_PARAMETERS, &parameters, sizeof(parameters)), 0);
    assert_int_equal(set(&w, OID_GEN_RECEIVE_SCALE_PARAMETERS, few, sizeof(few)), 0);
    assert_int_equal(set(&w, OID_GEN_RECEIVE_SCALE_PARAMETERS, NULL, 0), 0);
    world_close(&w);
}

static void
without_rss_there_are_no_parameters(void **state)
{
    UCHAR buffer[ROOM];
    size_t bytes;
    struct world w;

    (void)state;
    given_client(&w, false);
    assert_int_equal(query(&w, OID_GEN_RECEIVE_SCALE_PARAMETERS, buffer, sizeof(buffer), &bytes),
                     NDIS_STATUS_NOT_SUPPORTED);
    assert_int_equal(query(&w, OID_GEN_RECEIVE_HASH, buffer, sizeof(buffer), &bytes),
                     NDIS_STATUS_NOT_SUPPORTED);
    world_close(&w);
}

/* --- other values --- */

static void
a_value_is_what_was_accepted_last(void **state)
{
    static const NDIS_OID oids[] = {OID_GEN_RECEIVE_HASH, OID_OFFLOAD_ENCAPSULATION,
                                    OID_RECEIVE_FILTER_GLOBAL_PARAMETERS};
    UCHAR given[32];
    UCHAR got[ROOM];
    size_t bytes;
    struct world w;

    (void)state;
    given_client(&w, true);
    assert_int_not_equal(query(&w, OID_OFFLOAD_ENCAPSULATION, got, sizeof(got), &bytes), 0);
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
        memset(given, (int)i + 1, sizeof(given));
        assert_int_equal(set(&w, oids[i], given, sizeof(given)), 0);
        seen.status = NDIS_STATUS_INVALID_PARAMETER;
        assert_int_equal(set(&w, oids[i], got, sizeof(given)), NDIS_STATUS_INVALID_PARAMETER);
        seen.status = NDIS_STATUS_SUCCESS;
        assert_int_equal(query(&w, oids[i], got, sizeof(got), &bytes), 0);
        assert_int_equal(bytes, sizeof(given));
        assert_memory_equal(got, given, sizeof(given));
        assert_int_equal(query(&w, oids[i], got, sizeof(given) - 1, &bytes),
                         NDIS_STATUS_BUFFER_TOO_SHORT);
        assert_int_equal(bytes, sizeof(given));
    }
    world_close(&w);
}

/* Another life of the adapter begins with nothing. */
static void
a_halt_forgets(void **state)
{
    UCHAR given[32] = {0};
    UCHAR got[ROOM];
    size_t bytes;
    struct world w;

    (void)state;
    given_client(&w, true);
    assert_int_equal(set(&w, OID_OFFLOAD_ENCAPSULATION, given, sizeof(given)), 0);
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    expect(&w, pndis_adapter_start(w.adapter) == 0);
    world_add_client(&w);
    assert_int_not_equal(query(&w, OID_OFFLOAD_ENCAPSULATION, got, sizeof(got), &bytes), 0);
    world_close(&w);
}

/* --- wake-up patterns and protocol offloads --- */

struct pattern {
    NDIS_PM_WOL_PATTERN head;
    UCHAR bitmap[BITMAP + 1]; /* Of no aligned length. */
};

static ULONG
add_pattern(struct world *w, UCHAR fill)
{
    struct pattern pattern;

    memset(&pattern, fill, sizeof(pattern));
    assert_int_equal(
        set(w, OID_PM_ADD_WOL_PATTERN, &pattern, offsetof(struct pattern, bitmap) + BITMAP + 1),
        (int)seen.status);
    return seen.id;
}

/* The list has these patterns, by the bytes they are filled with; 0 ends it. */
static void
patterns_are(struct world *w, const ULONG *ids, const UCHAR *fills)
{
    union {
        ULONG64 aligned;
        UCHAR bytes[ROOM];
    } buffer;
    size_t bytes;
    ULONG at = 0;

    memset(buffer.bytes, 0xa5, sizeof(buffer));
    assert_int_equal(query(w, OID_PM_WOL_PATTERN_LIST, buffer.bytes, sizeof(buffer), &bytes), 0);
    if (fills[0] == 0) {
        assert_int_equal(bytes, 0);
        assert_int_equal(buffer.bytes[0], 0xa5);
        return;
    }
    for (unsigned i = 0; fills[i] != 0; i++) {
        const struct pattern *pattern = (const struct pattern *)(buffer.bytes + at);

        expect(w, at + sizeof(*pattern) <= bytes);
        assert_int_equal(pattern->head.PatternId, ids[i]);
        assert_int_equal(pattern->bitmap[0], fills[i]);
        assert_int_equal(pattern->bitmap[BITMAP], fills[i]);
        expect(w, (pattern->head.NextWoLPatternOffset == 0) == (fills[i + 1] == 0));
        at = pattern->head.NextWoLPatternOffset;
    }
    if (bytes > 1) {
        size_t needed;

        assert_int_equal(query(w, OID_PM_WOL_PATTERN_LIST, buffer.bytes, bytes - 1, &needed),
                         NDIS_STATUS_BUFFER_TOO_SHORT);
        assert_int_equal(needed, bytes);
    }
}

static void
indicate_rejected(void *argument)
{
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port_latest()->handle,
        .StatusCode = NDIS_STATUS_PM_WOL_PATTERN_REJECTED,
        .StatusBuffer = argument,
        .StatusBufferSize = sizeof(ULONG),
    };

    NdisMIndicateStatusEx(port_latest()->handle, &indication);
}

static void
patterns_are_numbered_listed_and_removed(void **state)
{
    ULONG ids[3];
    ULONG unknown = 0xdead;
    struct world w;

    (void)state;
    given_client(&w, false);
    patterns_are(&w, ids, (const UCHAR[]){0});
    for (UCHAR i = 0; i < 3; i++) {
        ids[i] = add_pattern(&w, (UCHAR)(i + 1));
    }
    expect(&w, ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    patterns_are(&w, ids, (const UCHAR[]){1, 2, 3, 0});
    seen.status = NDIS_STATUS_PM_WOL_PATTERN_LIST_FULL;
    add_pattern(&w, 9);
    assert_int_equal(set(&w, OID_PM_REMOVE_WOL_PATTERN, &ids[1], sizeof(ULONG)), (int)seen.status);
    patterns_are(&w, ids, (const UCHAR[]){1, 2, 3, 0});
    seen.status = NDIS_STATUS_SUCCESS;
    assert_int_equal(set(&w, OID_PM_REMOVE_WOL_PATTERN, &ids[1], sizeof(ULONG)), 0);
    assert_int_equal(seen.id, ids[1]);
    patterns_are(&w, (const ULONG[]){ids[0], ids[2]}, (const UCHAR[]){1, 3, 0});
    seen.sets = 0;
    assert_int_equal(set(&w, OID_PM_REMOVE_WOL_PATTERN, &ids[1], sizeof(ULONG)),
                     NDIS_STATUS_FILE_NOT_FOUND);
    assert_int_equal(set(&w, OID_PM_REMOVE_WOL_PATTERN, &unknown, sizeof(ULONG)),
                     NDIS_STATUS_FILE_NOT_FOUND);
    assert_int_equal(set(&w, OID_PM_REMOVE_WOL_PATTERN, &unknown, 3), NDIS_STATUS_INVALID_LENGTH);
    assert_int_equal(set(&w, OID_PM_ADD_WOL_PATTERN, &unknown, sizeof(ULONG)),
                     NDIS_STATUS_BUFFER_TOO_SHORT);
    assert_int_equal(seen.sets, 0);
    world_as_driver(&w, indicate_rejected, &ids[0]);
    patterns_are(&w, &ids[2], (const UCHAR[]){3, 0});
    world_close(&w);
}

static void
protocol_offloads_are_listed(void **state)
{
    NDIS_PM_PROTOCOL_OFFLOAD offload;
    NDIS_PM_PROTOCOL_OFFLOAD got;
    size_t bytes;
    ULONG id;
    struct world w;

    (void)state;
    given_client(&w, false);
    memset(&offload, 7, sizeof(offload));
    assert_int_equal(set(&w, OID_PM_ADD_PROTOCOL_OFFLOAD, &offload, sizeof(offload)), 0);
    id = seen.id;
    assert_int_equal(query(&w, OID_PM_PROTOCOL_OFFLOAD_LIST, &got, sizeof(got), &bytes), 0);
    assert_int_equal(bytes, (sizeof(got) + 7) / 8 * 8);
    assert_int_equal(got.ProtocolOffloadId, id);
    assert_int_equal(got.NextProtocolOffloadOffset, 0);
    assert_int_equal(set(&w, OID_PM_REMOVE_PROTOCOL_OFFLOAD, &id, sizeof(id)), 0);
    assert_int_equal(query(&w, OID_PM_PROTOCOL_OFFLOAD_LIST, &got, sizeof(got), &bytes), 0);
    assert_int_equal(bytes, 0);
    world_close(&w);
}

/* "NDIS_STATUS_NOT_SUPPORTED: The NDIS version of the miniport driver is less than NDIS 6.20." */
static void
older_miniports_have_no_numbered_patterns(void **state)
{
    struct pattern pattern;
    struct world w;

    (void)state;
    memset(&pattern, 1, sizeof(pattern));
    miniport_reset();
    miniport.on_oid = note;
    miniport.version = 0x00060001;
    world_running(&w, 0);
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(set(&w, OID_PM_ADD_WOL_PATTERN, &pattern, sizeof(pattern)),
                     NDIS_STATUS_NOT_SUPPORTED);
    assert_int_equal(seen.sets, 0);
    world_close(&w);
}

/* --- what is enabled for low power --- */

static NDIS_PM_CAPABILITIES able = {
    .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_PM_CAPABILITIES_REVISION_2,
               NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2},
    .SupportedWoLPacketPatterns =
        NDIS_PM_WOL_BITMAP_PATTERN_SUPPORTED | NDIS_PM_WOL_MAGIC_PACKET_SUPPORTED,
    .SupportedProtocolOffloads = NDIS_PM_PROTOCOL_OFFLOAD_ARP_SUPPORTED,
};

static void
with_power_management(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    attributes->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    attributes->PowerManagementCapabilitiesEx = &able;
}

/* The sets that reached the miniport, in their order. */
static struct {
    NDIS_OID oids[8];
    unsigned count;
    NDIS_PM_PARAMETERS parameters;
} down;

static NDIS_STATUS
note_order(struct port *port, PNDIS_OID_REQUEST request)
{
    (void)port;
    if (request->RequestType == NdisRequestSetInformation && down.count < 8) {
        down.oids[down.count++] = request->DATA.Oid;
    }
    if (request->DATA.Oid == OID_PM_PARAMETERS) {
        memcpy(&down.parameters, request->DATA.SET_INFORMATION.InformationBuffer,
               request->DATA.SET_INFORMATION.InformationBufferLength);
        return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_NOT_RECOGNIZED;
}

static NDIS_PM_PARAMETERS
enabling(ULONG patterns, ULONG offloads)
{
    NDIS_PM_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_PM_PARAMETERS_REVISION_2,
                   NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_2},
        .EnabledWoLPacketPatterns = patterns,
        .EnabledProtocolOffloads = offloads,
    };

    return parameters;
}

/* "NDIS stores the requested settings and combines them. Before NDIS transitions the network
 * adapter to the low power state, NDIS sends a set request [...]." */
static void
what_is_enabled_is_told_before_the_adapter_goes_down(void **state)
{
    NDIS_PM_PARAMETERS magic = enabling(NDIS_PM_WOL_MAGIC_PACKET_ENABLED, 0);
    NDIS_PM_PARAMETERS arp = enabling(0, NDIS_PM_PROTOCOL_OFFLOAD_ARP_ENABLED);
    NDIS_PM_PARAMETERS syn = enabling(NDIS_PM_WOL_IPV4_TCP_SYN_ENABLED, 0);
    NDIS_PM_PARAMETERS got;
    struct pndis_client *first;
    size_t bytes;
    struct world w;

    (void)state;
    miniport_reset();
    miniport.edit_general = with_power_management;
    world_running(&w, 0);
    first = w.client;
    world_add_client(&w);
    memset(&down, 0, sizeof(down));
    miniport.on_oid = note_order;
    assert_int_equal(set(&w, OID_PM_PARAMETERS, &syn, sizeof(syn)), NDIS_STATUS_INVALID_PARAMETER);
    assert_int_equal(set(&w, OID_PM_PARAMETERS, &syn, 4), NDIS_STATUS_BUFFER_TOO_SHORT);
    assert_int_equal(set(&w, OID_PM_PARAMETERS, &magic, sizeof(magic)), 0);
    assert_int_equal(pndis_client_set(first, OID_PM_PARAMETERS, &arp, sizeof(arp), NULL), 0);
    assert_int_equal(down.count, 0);
    assert_int_equal(query(&w, OID_PM_PARAMETERS, &got, sizeof(got), &bytes), 0);
    assert_int_equal(bytes, NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_2);
    assert_int_equal(got.EnabledWoLPacketPatterns, NDIS_PM_WOL_MAGIC_PACKET_ENABLED);
    assert_int_equal(got.EnabledProtocolOffloads, NDIS_PM_PROTOCOL_OFFLOAD_ARP_ENABLED);
    expect(&w, pndis_adapter_set_power(w.adapter, 3) == 0);
    assert_int_equal(down.count, 2);
    assert_int_equal(down.oids[0], OID_PM_PARAMETERS);
    assert_int_equal(down.oids[1], OID_PNP_SET_POWER);
    assert_int_equal(down.parameters.EnabledWoLPacketPatterns, NDIS_PM_WOL_MAGIC_PACKET_ENABLED);
    assert_int_equal(down.parameters.EnabledProtocolOffloads, NDIS_PM_PROTOCOL_OFFLOAD_ARP_ENABLED);
    expect(&w, pndis_adapter_set_power(w.adapter, 0) == 0);
    world_close(&w);
}

/* --- ports --- */

static NDIS_PORT_NUMBER number;

static void
allocate_and_activate(void *argument)
{
    NDIS_PORT port = {
        .PortCharacteristics = {.Header = {NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS,
                                           NDIS_PORT_CHARACTERISTICS_REVISION_1,
                                           NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1},
                                .XmitLinkSpeed = 4711}};
    NET_PNP_EVENT_NOTIFICATION notification = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
                   NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1},
        .NetPnPEvent = {.NetEvent = NetEventPortActivation,
                        .Buffer = &port,
                        .BufferLength = sizeof(port)},
    };

    NdisMAllocatePort(port_latest()->handle, &port.PortCharacteristics);
    number = port.PortCharacteristics.PortNumber;
    if (*(const bool *)argument) {
        NdisMNetPnPEvent(port_latest()->handle, &notification);
    }
}

static void
deactivate_and_free(void *argument)
{
    NET_PNP_EVENT_NOTIFICATION notification = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
                   NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1},
        .NetPnPEvent = {.NetEvent = NetEventPortDeactivation,
                        .Buffer = argument,
                        .BufferLength = sizeof(NDIS_PORT_NUMBER)},
    };

    NdisMNetPnPEvent(port_latest()->handle, &notification);
    NdisMFreePort(port_latest()->handle, *(const NDIS_PORT_NUMBER *)argument);
}

static void
free_idle(void *argument)
{
    NdisMFreePort(port_latest()->handle, *(const NDIS_PORT_NUMBER *)argument);
}

static void
active_ports_are_enumerated(void **state)
{
    union {
        NDIS_PORT_ARRAY array;
        UCHAR bytes[ROOM];
    } answer;
    const NDIS_PORT_CHARACTERISTICS *second;
    bool active = true;
    bool idle = false;
    NDIS_PORT_NUMBER first;
    size_t bytes;
    struct world w;

    (void)state;
    given_client(&w, false);
    assert_int_equal(query(&w, OID_GEN_ENUMERATE_PORTS, &answer, sizeof(answer), &bytes), 0);
    assert_int_equal(answer.array.NumberOfPorts, 1);
    assert_int_equal(answer.array.Ports[0].PortNumber, NDIS_DEFAULT_PORT_NUMBER);
    assert_int_equal(answer.array.Ports[0].XmitLinkSpeed, PORT_SPEED);
    world_as_driver(&w, allocate_and_activate, &active);
    first = number;
    world_as_driver(&w, allocate_and_activate, &idle);
    assert_int_equal(query(&w, OID_GEN_ENUMERATE_PORTS, &answer, sizeof(answer), &bytes), 0);
    assert_int_equal(answer.array.NumberOfPorts, 2);
    assert_int_equal(bytes, answer.array.OffsetFirstPort + 2 * answer.array.ElementSize);
    second = (const NDIS_PORT_CHARACTERISTICS *)(answer.bytes + answer.array.OffsetFirstPort +
                                                 answer.array.ElementSize);
    assert_int_equal(second->PortNumber, first);
    assert_int_equal(second->XmitLinkSpeed, 4711);
    world_as_driver(&w, deactivate_and_free, &first);
    world_as_driver(&w, free_idle, &number);
    assert_int_equal(query(&w, OID_GEN_ENUMERATE_PORTS, &answer, sizeof(answer), &bytes), 0);
    assert_int_equal(answer.array.NumberOfPorts, 1);
    world_close(&w);
}

/* --- what no miniport is asked --- */

static void
what_is_not_requested_does_not_reach_the_miniport(void **state)
{
    static const NDIS_OID oids[] = {
        OID_GEN_ALIAS,
        OID_GEN_DISCONTINUITY_TIME,
        OID_GEN_INTERFACE_INFO,
        OID_GEN_LAST_CHANGE,
        OID_GEN_UNKNOWN_PROTOS,
        OID_GEN_RCV_CRC_ERROR,
        OID_GEN_PCI_DEVICE_CUSTOM_PROPERTIES,
        OID_NIC_SWITCH_HARDWARE_CAPABILITIES,
        OID_NIC_SWITCH_CURRENT_CAPABILITIES,
        OID_NIC_SWITCH_ENUM_SWITCHES,
        OID_NIC_SWITCH_ENUM_VFS,
        OID_NIC_SWITCH_ENUM_VPORTS,
        OID_NIC_SWITCH_VF_PARAMETERS,
        OID_RECEIVE_FILTER_ENUM_FILTERS,
        OID_RECEIVE_FILTER_ENUM_QUEUES,
        OID_RECEIVE_FILTER_PARAMETERS,
        OID_SRIOV_HARDWARE_CAPABILITIES,
        OID_SRIOV_CURRENT_CAPABILITIES,
        OID_SRIOV_PF_LUID,
        OID_SRIOV_VF_SERIAL_NUMBER,
        OID_QOS_HARDWARE_CAPABILITIES,
        OID_QOS_CURRENT_CAPABILITIES,
        OID_QOS_OPERATIONAL_PARAMETERS,
        OID_QOS_REMOTE_PARAMETERS,
    };
    UCHAR buffer[ROOM];
    size_t bytes;
    struct world w;

    (void)state;
    given_client(&w, false);
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
        assert_int_equal(query(&w, oids[i], buffer, sizeof(buffer), &bytes),
                         NDIS_STATUS_NOT_SUPPORTED);
    }
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rss_parameters_are_what_was_accepted_last),
        cmocka_unit_test(rss_parameters_that_point_nowhere_are_not_read),
        cmocka_unit_test(without_rss_there_are_no_parameters),
        cmocka_unit_test(a_value_is_what_was_accepted_last),
        cmocka_unit_test(a_halt_forgets),
        cmocka_unit_test(patterns_are_numbered_listed_and_removed),
        cmocka_unit_test(protocol_offloads_are_listed),
        cmocka_unit_test(older_miniports_have_no_numbered_patterns),
        cmocka_unit_test(what_is_enabled_is_told_before_the_adapter_goes_down),
        cmocka_unit_test(active_ports_are_enumerated),
        cmocka_unit_test(what_is_not_requested_does_not_reach_the_miniport),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
