/*
 * Task offload ("OID_TCP_TASK_OFFLOAD", "Offloading TCP/IP Tasks (NDIS 5.1)"): what a miniport can
 * do is told as an NDIS 6 adapter tells it, and asked of it in its own words.
 */
#include "miniport51.h"

#include "support/buffers.h"
#include "support/protocol.h"

#include <ndis/ndis5_task.h>

enum { FRAME = 200, MSS = 100, PAYLOAD = 146, LARGEST = 60000, ROOM = 1024 };

struct answer {
    NDIS_TASK_OFFLOAD_HEADER header;
    struct {
        ULONG words[5]; /* NDIS_TASK_OFFLOAD up to its buffer. */
        NDIS_TASK_TCP_IP_CHECKSUM task;
    } checksum;
    struct {
        ULONG words[5];
        NDIS_TASK_TCP_LARGE_SEND task;
    } large_send;
};

enum { TASK_VERSION, TASK_SIZE, TASK_KIND, TASK_NEXT, TASK_BYTES };

static struct answer answer;
static ULONG answer_bytes;
static NDIS_STATUS answer_status;
static ULONG wanted_room;
static NDIS_TASK_OFFLOAD_HEADER asked;
static unsigned queries;
static unsigned sets;
static NDIS_STATUS set_status;
static struct answer set_to;

static W_QUERY_INFORMATION_HANDLER query_information;
static W_SET_INFORMATION_HANDLER set_information;

static NDIS_STATUS
query_tasks(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
            PULONG needed)
{
    if (oid != OID_TCP_TASK_OFFLOAD) {
        return query_information(context, oid, buffer, bytes, written, needed);
    }
    queries++;
    memcpy(&asked, buffer, sizeof(asked));
    if (bytes < wanted_room) {
        *needed = wanted_room;
        return NDIS_STATUS_INVALID_LENGTH;
    }
    memcpy(buffer, &answer, sizeof(answer));
    *written = answer_bytes;
    return answer_status;
}

static NDIS_STATUS
set_tasks(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    if (oid != OID_TCP_TASK_OFFLOAD) {
        return set_information(context, oid, buffer, bytes, read, needed);
    }
    sets++;
    memset(&set_to, 0, sizeof(set_to));
    memcpy(&set_to, buffer, min(bytes, (ULONG)sizeof(set_to)));
    *read = bytes;
    return set_status;
}

static void
own_functions(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    query_information = calls->QueryInformationHandler;
    calls->QueryInformationHandler = query_tasks;
    set_information = calls->SetInformationHandler;
    calls->SetInformationHandler = set_tasks;
}

static void
given(bool serialized)
{
    miniport51_reset();
    if (serialized) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.edit = own_functions;
    queries = sets = 0;
    wanted_room = 0;
    answer_status = set_status = NDIS_STATUS_SUCCESS;
    answer_bytes = sizeof(answer);
    answer = (struct answer){
        .header = {.Version = NDIS_TASK_OFFLOAD_VERSION,
                   .Size = sizeof(answer.header),
                   .OffsetFirstTask = sizeof(answer.header)},
        .checksum = {.words = {NDIS_TASK_OFFLOAD_VERSION, sizeof(NDIS_TASK_OFFLOAD),
                               TcpIpChecksumNdisTask, sizeof(answer.checksum),
                               sizeof(NDIS_TASK_TCP_IP_CHECKSUM)},
                     .task = {.V4Transmit = {.TcpOptionsSupported = 1,
                                             .TcpChecksum = 1,
                                             .UdpChecksum = 1,
                                             .IpChecksum = 1},
                              .V4Receive = {.TcpChecksum = 1}}},
        .large_send = {.words = {NDIS_TASK_OFFLOAD_VERSION, sizeof(NDIS_TASK_OFFLOAD),
                                 TcpLargeSendNdisTask, 0, sizeof(NDIS_TASK_TCP_LARGE_SEND)},
                       .task = {.MaxOffLoadSize = LARGEST,
                                .MinSegmentCount = 2,
                                .TcpOptions = TRUE}},
    };
}

static NDIS_STATUS last_status;
static NDIS_OFFLOAD last_config;

static void
note_status(struct pndis_client *client, int status, const void *data, size_t bytes, void *user)
{
    (void)client;
    (void)user;
    last_status = status;
    if (status == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG) {
        memset(&last_config, 0, sizeof(last_config));
        memcpy(&last_config, data, bytes);
    }
}

static void
running(struct world *w, uint64_t seed)
{
    static const struct pndis_client_events events = {.on_status = note_status};

    world5_open(w, seed);
    world5_add(w);
    w->client = pndis_client_open(w->adapter, &(struct pndis_client_options){.events = &events});
    expect(w, w->client != NULL);
    last_status = 0;
}

static int
offload_of(struct world *w, NDIS_OID oid, NDIS_OFFLOAD *offload)
{
    memset(offload, 0, sizeof(*offload));
    return pndis_client_query(w->client, oid, offload, sizeof(*offload), NULL, NULL);
}

static int
set_encapsulation(struct world *w, ULONG enabled, ULONG type, ULONG header_bytes)
{
    const NDIS_OFFLOAD_ENCAPSULATION encapsulation = {
        .Header = {.Type = NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION,
                   .Revision = NDIS_OFFLOAD_ENCAPSULATION_REVISION_1,
                   .Size = NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1},
        .IPv4 = {.Enabled = enabled, .EncapsulationType = type, .HeaderSize = header_bytes},
    };
    int status = 0;

    pndis_client_set(w->client, OID_OFFLOAD_ENCAPSULATION, &encapsulation, sizeof(encapsulation),
                     &status);
    return status;
}

static int
set_parameters(struct world *w, NDIS_OFFLOAD_PARAMETERS parameters)
{
    int status = 0;

    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_OFFLOAD_PARAMETERS_REVISION_1;
    parameters.Header.Size = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1;
    pndis_client_set(w->client, OID_TCP_OFFLOAD_PARAMETERS, &parameters,
                     NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1, &status);
    return status;
}

/* --- what is told --- */

static void
tasks_are_told_as_an_ndis_6_adapter_tells_them(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        static const NDIS_OID oids[] = {OID_TCP_OFFLOAD_CURRENT_CONFIG,
                                        OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES};
        struct world w;

        given(seed % 2 != 0);
        running(&w, seed);
        expect(&w, asked.Version == NDIS_TASK_OFFLOAD_VERSION && asked.Size == sizeof(asked));
        expect(&w, asked.EncapsulationFormat.Encapsulation == IEEE_802_3_Encapsulation);
        expect(&w, asked.EncapsulationFormat.EncapsulationHeaderSize == 14);
        for (unsigned i = 0; i < RTL_NUMBER_OF(oids); i++) {
            NDIS_OFFLOAD offload;
            const NDIS_TCP_IP_CHECKSUM_OFFLOAD *checksum = &offload.Checksum;

            expect(&w, offload_of(&w, oids[i], &offload) == 0);
            expect(&w, offload.Header.Type == NDIS_OBJECT_TYPE_OFFLOAD);
            expect(&w, checksum->IPv4Transmit.Encapsulation == NDIS_ENCAPSULATION_IEEE_802_3);
            expect(&w, checksum->IPv4Transmit.TcpChecksum == NDIS_OFFLOAD_SUPPORTED);
            expect(&w, checksum->IPv4Transmit.UdpChecksum == NDIS_OFFLOAD_SUPPORTED);
            expect(&w, checksum->IPv4Transmit.IpChecksum == NDIS_OFFLOAD_SUPPORTED);
            expect(&w, checksum->IPv4Transmit.TcpOptionsSupported == NDIS_OFFLOAD_SUPPORTED);
            expect(&w, checksum->IPv4Transmit.IpOptionsSupported == 0);
            expect(&w, checksum->IPv4Receive.TcpChecksum == NDIS_OFFLOAD_SUPPORTED);
            expect(&w, checksum->IPv4Receive.UdpChecksum == 0);
            expect(&w, checksum->IPv6Transmit.TcpChecksum == 0);
            expect(&w, offload.LsoV1.IPv4.MaxOffLoadSize == LARGEST);
            expect(&w, offload.LsoV1.IPv4.MinSegmentCount == 2);
            expect(&w, offload.LsoV1.IPv4.TcpOptions == NDIS_OFFLOAD_SUPPORTED);
            expect(&w, offload.LsoV1.IPv4.IpOptions == 0);
            expect(&w, offload.LsoV2.IPv4.MaxOffLoadSize == 0);
        }
        expect(&w, sets == 0); /* Nothing is done before a protocol asks for it. */
        world_close(&w);
    }
}

static void
a_miniport_without_tasks_has_no_offload(void **state)
{
    struct world w;
    NDIS_OFFLOAD offload;

    (void)state;
    given(false);
    answer_status = NDIS_STATUS_NOT_SUPPORTED;
    running(&w, 1);
    expect(&w, queries == 1);
    expect(&w, offload_of(&w, OID_TCP_OFFLOAD_CURRENT_CONFIG, &offload) != 0);
    expect(&w, set_encapsulation(&w, NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3, 14) ==
                   NDIS_STATUS_NOT_SUPPORTED);
    expect(&w, sets == 0);
    world_close(&w);
}

static void
a_driver_may_ask_for_more_room(void **state)
{
    struct world w;
    NDIS_OFFLOAD offload;

    (void)state;
    given(false);
    wanted_room = ROOM;
    running(&w, 1);
    expect(&w, queries == 2);
    expect(&w, offload_of(&w, OID_TCP_OFFLOAD_CURRENT_CONFIG, &offload) == 0);
    world_close(&w);
}

static void
tasks_outside_of_what_was_written_are_a_violation(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct world w;
        NDIS_OFFLOAD offload;

        given(false);
        switch (i) {
        case 0:
            answer.header.OffsetFirstTask = MAXULONG;
            break;
        case 1:
            answer.checksum.words[TASK_NEXT] = MAXULONG;
            break;
        case 2:
            answer.checksum.words[TASK_NEXT] = 1;
            break;
        case 3:
            answer.large_send.words[TASK_BYTES] = sizeof(answer);
            break;
        default:
            answer_bytes = sizeof(answer.header) - 1;
            break;
        }
        world5_open(&w, i);
        world5_add(&w);
        world_expect_violation(&w, "N5_TASK_OFFLOAD");
        w.client = pndis_client_open(w.adapter, NULL);
        expect(&w, w.client != NULL);
        expect(&w, offload_of(&w, OID_TCP_OFFLOAD_CURRENT_CONFIG, &offload) != 0);
        world_close(&w);
    }
}

/* --- what is asked of the driver --- */

static void
an_encapsulation_has_the_driver_do_its_tasks_until_it_is_taken_back(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed % 2 != 0);
        running(&w, seed);
        expect(&w, set_encapsulation(&w, NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3, 18) ==
                       NDIS_STATUS_SUCCESS);
        expect(&w, sets == 1);
        expect(&w, set_to.header.Version == NDIS_TASK_OFFLOAD_VERSION);
        expect(&w, set_to.header.Size == sizeof(set_to.header));
        expect(&w, set_to.header.EncapsulationFormat.Encapsulation == IEEE_802_3_Encapsulation);
        expect(&w, set_to.header.EncapsulationFormat.EncapsulationHeaderSize == 18);
        expect(&w, set_to.header.OffsetFirstTask == sizeof(set_to.header));
        expect(&w, memcmp(&set_to.checksum, &answer.checksum, sizeof(answer.checksum)) == 0);
        expect(&w, memcmp(&set_to.large_send, &answer.large_send, sizeof(answer.large_send)) == 0);
        world_settle(&w);
        expect(&w, last_status == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG);
        expect(&w, last_config.LsoV1.IPv4.MaxOffLoadSize == LARGEST);
        expect(&w, set_encapsulation(&w, NDIS_OFFLOAD_SET_OFF, 0, 0) == NDIS_STATUS_SUCCESS);
        expect(&w, sets == 2 && set_to.header.OffsetFirstTask == 0);
        world_settle(&w);
        expect(&w, last_config.LsoV1.IPv4.MaxOffLoadSize == 0);
        expect(&w, last_config.Checksum.IPv4Transmit.TcpChecksum == 0);
        world_close(&w);
    }
}

static void
another_encapsulation_is_refused(void **state)
{
    struct world w;

    (void)state;
    given(false);
    running(&w, 1);
    expect(&w, set_encapsulation(&w, NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_NULL, 0) ==
                   NDIS_STATUS_INVALID_PARAMETER);
    expect(&w, sets == 0);
    world_close(&w);
}

static void
parameters_choose_among_the_tasks(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        const NDIS_TASK_TCP_IP_CHECKSUM *checksum = &set_to.checksum.task;
        struct world w;

        given(seed % 2 != 0);
        running(&w, seed);
        expect(&w, set_parameters(
                       &w, (NDIS_OFFLOAD_PARAMETERS){
                               .TCPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED,
                               .UDPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED,
                               .LsoV1 =
                                   NDIS_OFFLOAD_PARAMETERS_LSOV1_DISABLED}) == NDIS_STATUS_SUCCESS);
        expect(&w, sets == 1 && set_to.checksum.words[TASK_KIND] == TcpIpChecksumNdisTask);
        expect(&w, set_to.checksum.words[TASK_NEXT] == 0);
        expect(&w, checksum->V4Transmit.TcpChecksum && !checksum->V4Transmit.UdpChecksum);
        expect(&w, checksum->V4Transmit.IpChecksum && !checksum->V4Receive.TcpChecksum);
        world_settle(&w);
        expect(&w, last_status == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG);
        expect(&w, last_config.Checksum.IPv4Transmit.UdpChecksum == 0);
        expect(&w,
               set_parameters(
                   &w, (NDIS_OFFLOAD_PARAMETERS){.LsoV1 = NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED}) ==
                   NDIS_STATUS_SUCCESS);
        expect(&w, sets == 2 && set_to.large_send.task.MaxOffLoadSize == LARGEST);
        expect(&w, !checksum->V4Transmit.UdpChecksum);
        world_close(&w);
    }
}

static void
what_the_driver_cannot_do_is_refused(void **state)
{
    static const struct {
        NDIS_OFFLOAD_PARAMETERS parameters;
        NDIS_STATUS status;
    } refused[] = {
        {{.UDPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED}, NDIS_STATUS_NOT_SUPPORTED},
        {{.TCPIPv6Checksum = NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED},
         NDIS_STATUS_NOT_SUPPORTED},
        {{.LsoV2IPv4 = NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED}, NDIS_STATUS_NOT_SUPPORTED},
        {{.IPv4Checksum = 5}, NDIS_STATUS_INVALID_DATA},
        {{.LsoV1 = 3}, NDIS_STATUS_INVALID_DATA},
    };
    struct world w;

    (void)state;
    given(false);
    running(&w, 1);
    for (unsigned i = 0; i < RTL_NUMBER_OF(refused); i++) {
        expect(&w, set_parameters(&w, refused[i].parameters) == refused[i].status);
    }
    expect(&w, sets == 0);
    set_status = NDIS_STATUS_FAILURE;
    expect(&w, set_encapsulation(&w, NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3, 14) ==
                   NDIS_STATUS_FAILURE);
    world_close(&w);
}

/* --- packet by packet --- */

static ULONG_PTR seen_checksum;
static ULONG_PTR seen_mss;
static ULONG payload;
static NDIS_HANDLE pool;
static NET_BUFFER_LIST *list;

static void
look(struct nic *nic, NDIS_PACKET *packet)
{
    (void)nic;
    seen_checksum = (ULONG_PTR)NDIS_PER_PACKET_INFO_FROM_PACKET(packet, TcpIpChecksumPacketInfo);
    seen_mss = (ULONG_PTR)NDIS_PER_PACKET_INFO_FROM_PACKET(packet, TcpLargeSendPacketInfo);
    if (seen_mss != 0) {
        NDIS_PER_PACKET_INFO_FROM_PACKET(packet, TcpLargeSendPacketInfo) = ULongToPtr(PAYLOAD);
    }
}

static bool
keep(struct opening *opening, NET_BUFFER_LIST *nbl)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO sent;

    (void)opening;
    sent.Value = NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo);
    payload = sent.LsoV1TransmitComplete.TcpPayload;
    return true;
}

static void
make_list(void *argument)
{
    (void)argument;
    pool = list_pool(TRUE, 0, 0);
    list = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, MDLS(1, FRAME), 0, FRAME);
    list->SourceHandle = opening_latest()->handle;
}

static void
free_list(void *argument)
{
    (void)argument;
    list_free_with_chain(list);
    NdisFreeNetBufferListPool(pool);
}

static void
send_list(void *argument)
{
    (void)argument;
    opening_send_lists(opening_latest(), list);
}

static void
send_with(struct world *w, NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO checksum, ULONG mss)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO large = {.Value = NULL};

    large.LsoV1Transmit.MSS = mss;
    large.LsoV1Transmit.TcpHeaderOffset = mss == 0 ? 0 : 34;
    NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo) = checksum.Value;
    NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo) = large.Value;
    seen_checksum = seen_mss = MAXULONG;
    payload = MAXULONG;
    world_as_driver(w, send_list, NULL);
    world_settle(w);
}

/* "NDIS_TCP_IP_CHECKSUM_PACKET_INFO", "TcpLargeSendPacketInfo": and back, how much was sent. */
static void
each_packet_says_what_is_to_be_done(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO checksum = {.Value = NULL};
        NDIS_TCP_IP_CHECKSUM_PACKET_INFO expected = {.Value = 0};
        struct world w;

        given(seed % 2 != 0);
        miniport51.on_send = look;
        world_open_with(&w, &(struct pndis_machine_options){
                                .seed = seed, .processors = 2, .without_ledger = seed % 4 >= 2});
        w.driver = pndis_driver_load(
            w.machine, NULL,
            &(struct pndis_driver_options){.name = "legacy", .entry = miniport51_entry});
        expect(&w, w.driver != NULL);
        protocol_reset();
        protocol.take_completed = keep;
        world_load_protocol(&w);
        world5_add(&w);
        world_as_driver(&w, make_list, NULL);
        send_with(&w, checksum, 0);
        expect(&w, seen_checksum == 0 && seen_mss == 0 && payload == 0);
        checksum.Transmit.IsIPv4 = checksum.Transmit.TcpChecksum = 1;
        checksum.Transmit.IpHeaderChecksum = 1;
        checksum.Transmit.TcpHeaderOffset = 34;
        expected.Transmit.NdisPacketChecksumV4 = expected.Transmit.NdisPacketTcpChecksum = 1;
        expected.Transmit.NdisPacketIpChecksum = 1;
        send_with(&w, checksum, 0);
        expect(&w, seen_checksum == expected.Value && seen_mss == 0 && payload == 0);
        send_with(&w, checksum, MSS);
        expect(&w, seen_checksum == expected.Value && seen_mss == MSS && payload == PAYLOAD);
        world_as_driver(&w, free_list, NULL);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_are_told_as_an_ndis_6_adapter_tells_them),
        cmocka_unit_test(a_miniport_without_tasks_has_no_offload),
        cmocka_unit_test(a_driver_may_ask_for_more_room),
        cmocka_unit_test(tasks_outside_of_what_was_written_are_a_violation),
        cmocka_unit_test(an_encapsulation_has_the_driver_do_its_tasks_until_it_is_taken_back),
        cmocka_unit_test(another_encapsulation_is_refused),
        cmocka_unit_test(parameters_choose_among_the_tasks),
        cmocka_unit_test(what_the_driver_cannot_do_is_refused),
        cmocka_unit_test(each_packet_says_what_is_to_be_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
