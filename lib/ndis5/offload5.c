/*
 * Task offload: the tasks that an NDIS 5 miniport tells of in OID_TCP_TASK_OFFLOAD, told to who is
 * above as NDIS_OFFLOAD, and set as NDIS_OFFLOAD_PARAMETERS ask for them. Checksums and large sends
 * of TCP over IPv4; IPsec has no counterpart that a protocol could use.
 */
#include "ndis5/ndis5.h"

#include "ndis/oid.h"

#include <stdlib.h>

enum {
    ETHERNET_HEADER = 14,
    TASKS_AT_FIRST = 512, /* Bytes: the driver says how many it wants if these are too few. */
    TASK_HEADER = FIELD_OFFSET(NDIS_TASK_OFFLOAD, TaskBuffer),
};

/* The words of NDIS_TASK_TCP_IP_CHECKSUM, and the bits in each of them. */
enum { V4_TRANSMIT, V4_RECEIVE, V6_TRANSMIT, V6_RECEIVE, CHECKSUM_WORDS };
enum { IP_OPTIONS = 0x01, TCP_OPTIONS = 0x02, TCP = 0x04, UDP = 0x08, IP = 0x10 };

_Static_assert(sizeof(NDIS_TASK_TCP_IP_CHECKSUM) == CHECKSUM_WORDS * sizeof(ULONG), "");

/* --- the tasks in a buffer --- */

static void
write_header(NDIS_TASK_OFFLOAD_HEADER *header, const struct offload5 *offload)
{
    *header = (NDIS_TASK_OFFLOAD_HEADER){
        .Version = NDIS_TASK_OFFLOAD_VERSION,
        .Size = sizeof(*header),
        .EncapsulationFormat = {.Encapsulation = IEEE_802_3_Encapsulation,
                                .Flags = {.FixedHeaderSize = 1},
                                .EncapsulationHeaderSize = offload->header_bytes},
    };
}

static NDIS_TASK_OFFLOAD *
write_task(void *at, NDIS_TASK kind, const void *tasks, ULONG bytes)
{
    NDIS_TASK_OFFLOAD *task = at;

    task->Version = NDIS_TASK_OFFLOAD_VERSION;
    task->Size = sizeof(NDIS_TASK_OFFLOAD);
    task->Task = kind;
    task->OffsetNextTask = 0;
    task->TaskBufferLength = bytes;
    memcpy(task->TaskBuffer, tasks, bytes);
    return task;
}

/* Whether @checksum has more than options in it. */
static bool
has_checksums(const ULONG checksum[CHECKSUM_WORDS])
{
    ULONG all =
        checksum[V4_TRANSMIT] | checksum[V4_RECEIVE] | checksum[V6_TRANSMIT] | checksum[V6_RECEIVE];

    return (all & (TCP | UDP | IP)) != 0;
}

struct task_buffer {
    NDIS_TASK_OFFLOAD_HEADER header;
    uint8_t tasks[2 * TASK_HEADER + sizeof(NDIS_TASK_TCP_IP_CHECKSUM) +
                  sizeof(NDIS_TASK_TCP_LARGE_SEND)];
};

/* Returns how many bytes of @buffer it takes. */
static ULONG
write_tasks(struct task_buffer *buffer, const struct offload5 *offload, const struct tasks5 *tasks)
{
    ULONG bytes = 0;
    NDIS_TASK_OFFLOAD *last = NULL;

    memset(buffer, 0, sizeof(*buffer));
    write_header(&buffer->header, offload);
    if (has_checksums(tasks->checksum)) {
        last = write_task(buffer->tasks, TcpIpChecksumNdisTask, tasks->checksum,
                          sizeof(tasks->checksum));
        bytes = TASK_HEADER + sizeof(tasks->checksum);
    }
    if (tasks->large_send.MaxOffLoadSize != 0) {
        if (last != NULL) {
            last->OffsetNextTask = bytes;
        }
        last = write_task(buffer->tasks + bytes, TcpLargeSendNdisTask, &tasks->large_send,
                          sizeof(tasks->large_send));
        bytes += TASK_HEADER + sizeof(tasks->large_send);
    }
    buffer->header.OffsetFirstTask = last == NULL ? 0 : sizeof(buffer->header);
    return sizeof(buffer->header) + bytes;
}

/* @bytes of it are there. False: no task that could be read. */
static bool
read_task(const NDIS_TASK_OFFLOAD *task, size_t bytes, struct tasks5 *tasks)
{
    size_t in_buffer = bytes - TASK_HEADER;

    if (task->TaskBufferLength > in_buffer) {
        return false;
    }
    switch (task->Task) {
    case TcpIpChecksumNdisTask:
        memcpy(tasks->checksum, task->TaskBuffer,
               min(sizeof(tasks->checksum), (size_t)task->TaskBufferLength));
        return true;
    case TcpLargeSendNdisTask:
        memcpy(&tasks->large_send, task->TaskBuffer,
               min(sizeof(tasks->large_send), (size_t)task->TaskBufferLength));
        return true;
    default:
        return true;
    }
}

/* False: the chain leads out of its buffer. */
static bool
read_tasks(const uint8_t *buffer, size_t bytes, struct tasks5 *tasks)
{
    NDIS_TASK_OFFLOAD_HEADER header;
    NDIS_TASK_OFFLOAD task;
    size_t offset;

    memset(tasks, 0, sizeof(*tasks));
    if (bytes < sizeof(header)) {
        return false;
    }
    memcpy(&header, buffer, sizeof(header));
    offset = header.OffsetFirstTask;
    while (offset != 0) {
        if (offset < sizeof(header) || offset > bytes || bytes - offset < TASK_HEADER) {
            return false;
        }
        memcpy(&task, buffer + offset, TASK_HEADER);
        if (!read_task((const NDIS_TASK_OFFLOAD *)(buffer + offset), bytes - offset, tasks) ||
            (task.OffsetNextTask != 0 && task.OffsetNextTask < TASK_HEADER)) {
            return false;
        }
        offset = task.OffsetNextTask == 0 ? 0 : offset + task.OffsetNextTask;
    }
    return true;
}

/* --- as NDIS 6 tells it --- */

#define SUPPORTED(word, bit) (((word) & (bit)) != 0 ? NDIS_OFFLOAD_SUPPORTED : 0)

static void
fill_checksums(const ULONG words[CHECKSUM_WORDS], NDIS_TCP_IP_CHECKSUM_OFFLOAD *out)
{
#define FILL(word, part, options)                                                                  \
    do {                                                                                           \
        out->part.Encapsulation = words[word] != 0 ? NDIS_ENCAPSULATION_IEEE_802_3 : 0;            \
        out->part.options = SUPPORTED(words[word], IP_OPTIONS);                                    \
        out->part.TcpOptionsSupported = SUPPORTED(words[word], TCP_OPTIONS);                       \
        out->part.TcpChecksum = SUPPORTED(words[word], TCP);                                       \
        out->part.UdpChecksum = SUPPORTED(words[word], UDP);                                       \
    } while (0)

    FILL(V4_TRANSMIT, IPv4Transmit, IpOptionsSupported);
    FILL(V4_RECEIVE, IPv4Receive, IpOptionsSupported);
    FILL(V6_TRANSMIT, IPv6Transmit, IpExtensionHeadersSupported);
    FILL(V6_RECEIVE, IPv6Receive, IpExtensionHeadersSupported);
#undef FILL
    out->IPv4Transmit.IpChecksum = SUPPORTED(words[V4_TRANSMIT], IP);
    out->IPv4Receive.IpChecksum = SUPPORTED(words[V4_RECEIVE], IP);
}

static void
fill_offload(const struct tasks5 *tasks, NDIS_OFFLOAD *out)
{
    memset(out, 0, sizeof(*out));
    out->Header.Type = NDIS_OBJECT_TYPE_OFFLOAD;
    out->Header.Revision = NDIS_OFFLOAD_REVISION_1;
    out->Header.Size = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1;
    fill_checksums(tasks->checksum, &out->Checksum);
    if (tasks->large_send.MaxOffLoadSize != 0) {
        out->LsoV1.IPv4.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
        out->LsoV1.IPv4.MaxOffLoadSize = tasks->large_send.MaxOffLoadSize;
        out->LsoV1.IPv4.MinSegmentCount = tasks->large_send.MinSegmentCount;
        out->LsoV1.IPv4.TcpOptions = SUPPORTED(tasks->large_send.TcpOptions, MAXUCHAR);
        out->LsoV1.IPv4.IpOptions = SUPPORTED(tasks->large_send.IpOptions, MAXUCHAR);
    }
}

/* --- at initialize --- */

/* What the driver can do, in @out. False: nothing. */
static bool
ask(struct context *context, struct miniport5 *miniport, struct tasks5 *out)
{
    ULONG room = TASKS_AT_FIRST;
    uint8_t *buffer = NULL;
    NDIS_STATUS status;
    ULONG bytes = 0;
    bool good;

    memset(out, 0, sizeof(*out));
    do {
        uint8_t *larger = realloc(buffer, room);

        if (larger == NULL) {
            free(buffer);
            return false;
        }
        buffer = larger;
        memset(buffer, 0, room);
        write_header((NDIS_TASK_OFFLOAD_HEADER *)buffer, &miniport->offload);
        status = pndis__n5_query(context, miniport, OID_TCP_TASK_OFFLOAD, buffer, room, &bytes);
        good = bytes > room && bytes <= MAXUSHORT;
        room = bytes;
    } while (status != NDIS_STATUS_SUCCESS && good);
    good = status == NDIS_STATUS_SUCCESS && read_tasks(buffer, bytes, out);
    if (status == NDIS_STATUS_SUCCESS && !good) {
        pndis__report(context, RULE_N5_TASK_OFFLOAD, &miniport->adapter->owner,
                      "MiniportQueryInformation", NULL,
                      "%s answers OID_TCP_TASK_OFFLOAD with tasks that are not within the %u bytes "
                      "that it wrote",
                      miniport->adapter->owner.name, (unsigned)bytes);
    }
    free(buffer);
    return good;
}

void
pndis__n5_offload_learn(struct context *context, struct miniport5 *miniport)
{
    struct offload5 *offload = &miniport->offload;

    memset(offload, 0, sizeof(*offload));
    offload->header_bytes = ETHERNET_HEADER;
    offload->offered = ask(context, miniport, &offload->capable);
    offload->configured = offload->capable;
}

NDIS_STATUS
pndis__n5_offload_attributes(struct miniport5 *miniport)
{
    const struct offload5 *offload = &miniport->offload;
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;
    NDIS_OFFLOAD now;
    NDIS_OFFLOAD hardware;

    if (!offload->offered) {
        return NDIS_STATUS_SUCCESS;
    }
    fill_offload(&offload->configured, &now);
    fill_offload(&offload->capable, &hardware);
    memset(&attributes, 0, sizeof(attributes));
    attributes.OffloadAttributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES;
    attributes.OffloadAttributes.Header.Revision =
        NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    attributes.OffloadAttributes.Header.Size =
        NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    attributes.OffloadAttributes.DefaultOffloadConfiguration = &now;
    attributes.OffloadAttributes.HardwareOffloadCapabilities = &hardware;
    return NdisMSetMiniportAttributes(&miniport->adapter->handle, &attributes);
}

/* --- while it runs --- */

/* Have the driver do what is configured in @wanted, or nothing, and tell who is above. The protocol
 * has to ask before anything of it is done. */
static NDIS_STATUS
use(struct context *context, struct miniport5 *miniport, const struct offload5 *wanted, bool active)
{
    static const struct tasks5 none;
    const struct tasks5 *tasks = active ? &wanted->configured : &none;
    struct task_buffer buffer;
    ULONG bytes = write_tasks(&buffer, wanted, tasks);
    NDIS_STATUS status = pndis__n5_set(context, miniport, OID_TCP_TASK_OFFLOAD, &buffer, bytes);
    NDIS_OFFLOAD now;

    if (status == NDIS_STATUS_SUCCESS) {
        miniport->offload = *wanted;
        fill_offload(tasks, &now);
        pndis__n5_status(miniport, NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, &now, now.Header.Size);
    }
    return status;
}

/* --- OID_TCP_OFFLOAD_PARAMETERS --- */

static const struct {
    size_t offset; /* In NDIS_OFFLOAD_PARAMETERS. */
    unsigned transmit;
    unsigned receive;
    ULONG bit;
} switches[] = {
    {FIELD_OFFSET(NDIS_OFFLOAD_PARAMETERS, IPv4Checksum), V4_TRANSMIT, V4_RECEIVE, IP},
    {FIELD_OFFSET(NDIS_OFFLOAD_PARAMETERS, TCPIPv4Checksum), V4_TRANSMIT, V4_RECEIVE, TCP},
    {FIELD_OFFSET(NDIS_OFFLOAD_PARAMETERS, UDPIPv4Checksum), V4_TRANSMIT, V4_RECEIVE, UDP},
    {FIELD_OFFSET(NDIS_OFFLOAD_PARAMETERS, TCPIPv6Checksum), V6_TRANSMIT, V6_RECEIVE, TCP},
    {FIELD_OFFSET(NDIS_OFFLOAD_PARAMETERS, UDPIPv6Checksum), V6_TRANSMIT, V6_RECEIVE, UDP},
};

static void
set_bit(ULONG *word, ULONG able, ULONG bit, bool on, bool *in_out_able)
{
    *in_out_able = *in_out_able && (!on || (able & bit) != 0);
    *word = on ? *word | bit : *word & ~bit;
}

/* False: it asks for what the driver cannot. */
static bool
switch_checksums(struct offload5 *offload, const uint8_t *parameters)
{
    bool able = true;

    for (size_t i = 0; i < RTL_NUMBER_OF(switches); i++) {
        UCHAR value = parameters[switches[i].offset];
        bool transmit = value == NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED ||
                        value == NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;
        bool receive = value == NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED ||
                       value == NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;

        if (value != NDIS_OFFLOAD_PARAMETERS_NO_CHANGE) {
            set_bit(&offload->configured.checksum[switches[i].transmit],
                    offload->capable.checksum[switches[i].transmit], switches[i].bit, transmit,
                    &able);
            set_bit(&offload->configured.checksum[switches[i].receive],
                    offload->capable.checksum[switches[i].receive], switches[i].bit, receive,
                    &able);
        }
    }
    return able;
}

static bool
is_valid(const NDIS_OFFLOAD_PARAMETERS *parameters, ULONG bytes)
{
    bool valid = bytes >= NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1;

    for (size_t i = 0; valid && i < RTL_NUMBER_OF(switches); i++) {
        valid = ((const uint8_t *)parameters)[switches[i].offset] <=
                NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;
    }
    return valid && parameters->LsoV1 <= NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED;
}

/* "OID_TCP_OFFLOAD_PARAMETERS" */
static NDIS_STATUS
set_parameters(struct context *context, struct miniport5 *miniport, const void *buffer, ULONG bytes)
{
    const NDIS_OFFLOAD_PARAMETERS *parameters = buffer;
    struct offload5 wanted = miniport->offload;

    if (!is_valid(parameters, bytes)) {
        return NDIS_STATUS_INVALID_DATA;
    }
    if (parameters->LsoV1 != NDIS_OFFLOAD_PARAMETERS_NO_CHANGE) {
        wanted.configured.large_send = parameters->LsoV1 == NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED
                                           ? wanted.capable.large_send
                                           : (NDIS_TASK_TCP_LARGE_SEND){0};
    }
    if (!switch_checksums(&wanted, buffer) ||
        (parameters->LsoV1 == NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED &&
         wanted.configured.large_send.MaxOffLoadSize == 0) ||
        parameters->LsoV2IPv4 == NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED ||
        parameters->LsoV2IPv6 == NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    return use(context, miniport, &wanted, true);
}

/* --- OID_OFFLOAD_ENCAPSULATION --- */

/* "OID_OFFLOAD_ENCAPSULATION" */
static NDIS_STATUS
set_encapsulation(struct context *context, struct miniport5 *miniport, const void *buffer,
                  ULONG bytes)
{
    const NDIS_OFFLOAD_ENCAPSULATION *asked = buffer;
    struct offload5 wanted = miniport->offload;

    if (bytes < NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1) {
        return NDIS_STATUS_INVALID_LENGTH;
    }
    if (asked->IPv4.Enabled != NDIS_OFFLOAD_SET_ON) {
        return use(context, miniport, &wanted, false);
    }
    if (asked->IPv4.EncapsulationType != NDIS_ENCAPSULATION_IEEE_802_3) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    wanted.header_bytes = asked->IPv4.HeaderSize;
    return use(context, miniport, &wanted, true);
}

NDIS_STATUS
pndis__n5_offload_set(struct context *context, struct miniport5 *miniport,
                      NDIS_OID_REQUEST *request)
{
    const void *buffer = request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG bytes = request->DATA.SET_INFORMATION.InformationBufferLength;
    NDIS_STATUS status = request->DATA.SET_INFORMATION.Oid == OID_TCP_OFFLOAD_PARAMETERS
                             ? set_parameters(context, miniport, buffer, bytes)
                             : set_encapsulation(context, miniport, buffer, bytes);

    if (status == NDIS_STATUS_SUCCESS) {
        request->DATA.SET_INFORMATION.BytesRead = bytes;
    }
    return status;
}
