/*
 * The data path: what came in on one port goes out on others.
 *
 * An indication is taken as a whole: each frame is looked at once, put on a chain for its port, and
 * every port gets one send. A received list is the bridge's until the last send of its data has
 * completed; then it goes back to the port it came from, again in chains.
 */
#include "bridge.h"

/* --- giving received lists back --- */

/* Lists on their way back, of one source at a time. */
struct returns {
    struct port *source;
    NET_BUFFER_LIST *first;
    NET_BUFFER_LIST **end;
};

static void
returns_init(struct returns *returns)
{
    returns->source = NULL;
    returns->first = NULL;
    returns->end = &returns->first;
}

static void
returns_flush(struct returns *returns)
{
    NET_BUFFER_LIST *first = returns->first;

    returns->first = NULL;
    returns->end = &returns->first;
    if (first != NULL) {
        NdisReturnNetBufferLists(returns->source->binding, first, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
    }
}

static void
returns_add(struct returns *returns, struct port *source, NET_BUFFER_LIST *list)
{
    if (returns->source != source) {
        returns_flush(returns);
        returns->source = source;
    }
    NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
    *returns->end = list;
    returns->end = &NET_BUFFER_LIST_NEXT_NBL(list);
}

/* One holder of @original less; the last one sends it home. */
static void
original_release(BRIDGE_PROCESSOR *processor, struct returns *returns, NET_BUFFER_LIST *original,
                 struct port *source, BOOLEAN shared)
{
    if (shared && InterlockedDecrement(&original->ChildRefCount) != 0) {
        return;
    }
    if (source == NULL) {
        carrier_put(processor, original);
    } else {
        returns_add(returns, source, original);
    }
}

/* A carrier is back, or has not been sent. */
static void
carrier_release(BRIDGE_PROCESSOR *processor, struct returns *returns, NET_BUFFER_LIST *list)
{
    struct cargo cargo = *cargo_of(list);

    carrier_put(processor, list);
    if (cargo.original != NULL) {
        original_release(processor, returns, cargo.original, cargo.source, cargo.shared != 0);
    }
}

/* --- what an indication becomes --- */

struct output {
    NET_BUFFER_LIST *first;
    NET_BUFFER_LIST **end;
    ULONG count;
    ULONG64 bytes;
};

struct batch {
    BRIDGE_PROCESSOR *processor;
    struct port *from; /* The port it came in on. */
    struct returns returns;
    ULONG64 used;                       /* A bit for each port that has an output. */
    UCHAR addresses[2 * ADDRESS_BYTES]; /* Of the frame before, if @has_addresses: ... */
    BOOLEAN has_addresses;
    BOOLEAN has_others;
    ULONG64 running; /* Of the other ports; */
    ULONG64 paused;
    ULONG to; /* ... where it went; BRIDGE_PORT_LIMIT: nobody knew. */
    struct output outputs[BRIDGE_PORT_LIMIT];
};

C_ASSERT(BRIDGE_PORT_LIMIT <= 64);

/* A received list, or the bridge's copy of one, while it is being looked at. */
struct parcel {
    NET_BUFFER_LIST *list;
    struct port *source; /* NULL: a copy. */
    BOOLEAN shared;      /* For several ports. */
};

static void
output_add(struct batch *batch, const struct port *to, NET_BUFFER_LIST *list)
{
    struct output *output = &batch->outputs[to->number];
    ULONG64 bit = 1ull << to->number;

    if ((batch->used & bit) == 0) {
        batch->used |= bit;
        output->end = &output->first;
        output->count = 0;
        output->bytes = 0;
    }
    *output->end = list;
    output->end = &NET_BUFFER_LIST_NEXT_NBL(list);
    output->count++;
    output->bytes += NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(list));
}

static void
drop(struct batch *batch, const struct port *to, enum bridge_drop reason, ULONG frames)
{
    count(&batch->processor->counters[to->number].dropped[reason], frames);
}

static void
load(NET_BUFFER_LIST *list, const struct parcel *parcel)
{
    struct cargo *cargo = cargo_of(list);

    cargo->original = parcel->list;
    cargo->source = parcel->source;
    cargo->shared = parcel->shared;
}

/* Send the data themselves. FALSE: it cannot be done that way. */
static BOOLEAN
carry(struct batch *batch, const struct parcel *parcel, const struct port *to,
      const struct needs *needs)
{
    NET_BUFFER_LIST *list =
        parcel->shared ? carrier_clone(parcel->list) : carrier_take(batch->processor, parcel->list);

    if (list == NULL) {
        return FALSE;
    }
    if (needs != NULL && !offload_apply(list, needs)) {
        carrier_put(batch->processor, list);
        return FALSE;
    }
    load(list, parcel);
    output_add(batch, to, list);
    return TRUE;
}

static void
parcel_done(struct batch *batch, const struct parcel *parcel)
{
    original_release(batch->processor, &batch->returns, parcel->list, parcel->source,
                     parcel->shared);
}

/* Send copies, with what the adapter cannot do done. */
static void
send_segments(struct batch *batch, const struct parcel *parcel, const struct port *to,
              const struct needs *needs)
{
    NET_BUFFER_LIST *list = segment_make(batch->processor, parcel->list, needs);

    if (list == NULL) {
        drop(batch, to, BRIDGE_DROP_NO_MEMORY, 1);
    }
    while (list != NULL) {
        NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(list);

        NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
        count(&batch->processor->counters[to->number].segmented, 1);
        output_add(batch, to, list);
        list = next;
    }
    parcel_done(batch, parcel);
}

static BOOLEAN
is_plain(NET_BUFFER_LIST *list, const struct port *to)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sums;

    sums.Value = NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo);
    return !sums.Receive.TcpChecksumValueInvalid && !sums.Receive.IpChecksumValueInvalid &&
           NET_BUFFER_LIST_INFO(list, TcpRecvSegCoalesceInfo) == NULL &&
           NET_BUFFER_LIST_INFO(list, UdpRecvSegCoalesceOffloadInfo) == NULL &&
           NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo) == NULL &&
           NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(list)) <=
               (ULONG)ReadNoFence(&to->mtu) + ETHERNET_HEADER;
}

/* @parcel goes to @to; one reference of it is used up. */
static void
deliver(struct batch *batch, const struct parcel *parcel, const struct port *to)
{
    struct needs needs;
    enum treatment treatment = TREAT_PLAIN;

    if (!ReadNoFence(&to->connected)) {
        drop(batch, to, BRIDGE_DROP_LINK_DOWN, 1);
        parcel_done(batch, parcel);
        return;
    }
    if (!is_plain(parcel->list, to)) {
        treatment = offload_examine(parcel->list, batch->from, to, &needs);
    }
    switch (treatment) {
    case TREAT_PLAIN:
        if (!carry(batch, parcel, to, NULL)) {
            drop(batch, to, BRIDGE_DROP_NO_MEMORY, 1);
            parcel_done(batch, parcel);
        }
        break;
    case TREAT_OFFLOAD:
        if (carry(batch, parcel, to, &needs)) {
            break;
        }
        /* fall through */
    case TREAT_SOFTWARE:
        send_segments(batch, parcel, to, &needs);
        break;
    case TREAT_TOO_LONG:
        drop(batch, to, BRIDGE_DROP_TOO_LONG, 1);
        parcel_done(batch, parcel);
        break;
    case TREAT_MALFORMED:
        drop(batch, batch->from, BRIDGE_DROP_MALFORMED, 1);
        parcel_done(batch, parcel);
        break;
    }
}

/* --- where to --- */

/* All ports but the one it came from, as bits: once for an indication. */
static void
find_others(struct batch *batch)
{
    ULONG limit = (ULONG)ReadULongNoFence(&bridge.port_count);

    batch->running = batch->paused = 0;
    for (ULONG i = 0; i < limit; i++) {
        const struct port *port = &bridge.ports[i];

        if (port != batch->from && ReadNoFence(&port->used)) {
            *(ReadNoFence(&port->running) ? &batch->running : &batch->paused) |= 1ull << i;
        }
    }
    batch->has_others = TRUE;
}

/* Every port that is to see a flooded frame. */
static ULONG64
other_ports(struct batch *batch)
{
    if (!batch->has_others) {
        find_others(batch);
    }
    for (ULONG64 rest = batch->paused; rest != 0; rest &= rest - 1) {
        ULONG number;

        BitScanForward64(&number, rest);
        drop(batch, &bridge.ports[number], BRIDGE_DROP_PAUSED, 1);
    }
    return batch->running;
}

static void
flood(struct batch *batch, struct parcel *parcel)
{
    ULONG64 ports = other_ports(batch);

    count(&batch->processor->counters[batch->from->number].flooded, 1);
    if (ports == 0) {
        parcel_done(batch, parcel);
        return;
    }
    if ((ports & (ports - 1)) != 0) {
        LONG holders = 0;

        for (ULONG64 rest = ports; rest != 0; rest &= rest - 1) {
            holders++;
        }
        parcel->shared = TRUE;
        parcel->list->ChildRefCount = holders;
    }
    while (ports != 0) {
        ULONG number;

        BitScanForward64(&number, ports);
        ports &= ports - 1;
        deliver(batch, parcel, &bridge.ports[number]);
    }
}

static void
drop_malformed(struct batch *batch, const struct parcel *parcel)
{
    drop(batch, batch->from, BRIDGE_DROP_MALFORMED, 1);
    parcel_done(batch, parcel);
}

static void
filter(struct batch *batch, const struct parcel *parcel)
{
    count(&batch->processor->counters[batch->from->number].filtered, 1);
    parcel_done(batch, parcel);
}

/* Addresses that end at a bridge (IEEE 802.1Q, "Reserved addresses"): 01-80-C2-00-00-00 to -0F. */
static BOOLEAN
is_reserved(const UCHAR *address)
{
    static const UCHAR prefix[] = {0x01, 0x80, 0xc2, 0x00, 0x00};

    return RtlCompareMemory(address, prefix, sizeof(prefix)) == sizeof(prefix) &&
           (address[5] & 0xf0) == 0;
}

/*
 * Learn where the frame comes from, and find where it goes. Neighbours in an indication mostly are
 * of one flow: those have been looked up.
 */
static ULONG
route(struct batch *batch, const UCHAR *ethernet)
{
    if (!batch->has_addresses ||
        !RtlEqualMemory(batch->addresses, ethernet, sizeof(batch->addresses))) {
        table_learn(ethernet + ADDRESS_BYTES, batch->from->number);
        batch->to = table_lookup(ethernet);
        RtlCopyMemory(batch->addresses, ethernet, sizeof(batch->addresses));
        batch->has_addresses = TRUE;
    }
    return batch->to;
}

static void
forward(struct batch *batch, struct parcel *parcel)
{
    UCHAR storage[ETHERNET_HEADER];
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(parcel->list);
    MDL *mdl = NET_BUFFER_CURRENT_MDL(buffer);
    ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
    const UCHAR *ethernet;
    ULONG to;

    if (NET_BUFFER_DATA_LENGTH(buffer) >= ETHERNET_HEADER && mdl != NULL &&
        MmGetMdlByteCount(mdl) >= offset + ETHERNET_HEADER) {
        ethernet = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoExecute);
        ethernet = ethernet == NULL ? NULL : ethernet + offset;
    } else {
        ethernet = NdisGetDataBuffer(buffer, ETHERNET_HEADER, storage, 1, 0);
    }
    if (ethernet == NULL || is_group(ethernet + ADDRESS_BYTES)) {
        drop_malformed(batch, parcel);
        return;
    }
    if (is_group(ethernet)) {
        table_learn(ethernet + ADDRESS_BYTES, batch->from->number);
        if (is_reserved(ethernet)) {
            filter(batch, parcel);
        } else {
            flood(batch, parcel);
        }
        return;
    }
    to = route(batch, ethernet);
    if (to >= BRIDGE_PORT_LIMIT) {
        flood(batch, parcel);
    } else if (to == batch->from->number) {
        filter(batch, parcel);
    } else if (!ReadNoFence(&bridge.ports[to].running)) {
        drop(batch, &bridge.ports[to], BRIDGE_DROP_PAUSED, 1);
        parcel_done(batch, parcel);
    } else {
        deliver(batch, parcel, &bridge.ports[to]);
    }
}

/* --- out --- */

static void
drop_output(struct batch *batch, const struct port *to, const struct output *output)
{
    NET_BUFFER_LIST *next;

    drop(batch, to, BRIDGE_DROP_PAUSED, output->count);
    for (NET_BUFFER_LIST *list = output->first; list != NULL; list = next) {
        next = NET_BUFFER_LIST_NEXT_NBL(list);
        carrier_release(batch->processor, &batch->returns, list);
    }
}

static void
send_output(struct batch *batch, struct port *to, const struct output *output)
{
    struct bridge_port_counters *counters = &batch->processor->counters[to->number];
    NDIS_HANDLE binding;

    if (!ExAcquireRundownProtectionCacheAwareEx(to->sending, output->count)) {
        drop_output(batch, to, output);
        return;
    }
    binding = to->binding;
    for (NET_BUFFER_LIST *list = output->first; list != NULL;
         list = NET_BUFFER_LIST_NEXT_NBL(list)) {
        list->SourceHandle = binding;
    }
    count(&counters->sent_frames, output->count);
    count(&counters->sent_bytes, output->bytes);
    NdisSendNetBufferLists(binding, output->first, NDIS_DEFAULT_PORT_NUMBER,
                           NDIS_SEND_FLAGS_DISPATCH_LEVEL);
}

static void
send_outputs(struct batch *batch)
{
    while (batch->used != 0) {
        ULONG number;

        BitScanForward64(&number, batch->used);
        batch->used &= batch->used - 1;
        send_output(batch, &bridge.ports[number], &batch->outputs[number]);
    }
}

/* --- in --- */

/* With NDIS_RECEIVE_FLAGS_RESOURCES the lists are only lent for the call: copies are forwarded. */
static void
forward_copies(struct batch *batch, NET_BUFFER_LIST *lists)
{
    struct bridge_port_counters *counters = &batch->processor->counters[batch->from->number];

    for (NET_BUFFER_LIST *list = lists; list != NULL; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
        struct parcel parcel = {carrier_copy(list), NULL, FALSE};

        if (parcel.list == NULL) {
            drop(batch, batch->from, BRIDGE_DROP_NO_MEMORY, 1);
            continue;
        }
        count(&counters->copied, 1);
        forward(batch, &parcel);
    }
}

static void
forward_lists(struct batch *batch, NET_BUFFER_LIST *lists)
{
    NET_BUFFER_LIST *next;

    for (NET_BUFFER_LIST *list = lists; list != NULL; list = next) {
        struct parcel parcel = {list, batch->from, FALSE};

        next = NET_BUFFER_LIST_NEXT_NBL(list);
        forward(batch, &parcel);
    }
}

static void
count_received(struct batch *batch, NET_BUFFER_LIST *lists, ULONG frames)
{
    struct bridge_port_counters *counters = &batch->processor->counters[batch->from->number];
    ULONG64 bytes = 0;

    for (; lists != NULL; lists = NET_BUFFER_LIST_NEXT_NBL(lists)) {
        bytes += NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(lists));
    }
    count(&counters->received_frames, frames);
    count(&counters->received_bytes, bytes);
}

VOID
BridgeReceive(NDIS_HANDLE context, PNET_BUFFER_LIST lists, NDIS_PORT_NUMBER number, ULONG frames,
              ULONG flags)
{
    struct port *from = context;
    BOOLEAN at_dispatch = NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(flags);
    struct batch batch;
    KIRQL irql = DISPATCH_LEVEL;

    UNREFERENCED_PARAMETER(number);
    if (!at_dispatch) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
    }
    batch.processor = this_processor();
    batch.from = from;
    batch.used = 0;
    batch.has_addresses = batch.has_others = FALSE;
    returns_init(&batch.returns);
    if (!ReadNoFence(&from->running)) {
        drop(&batch, from, BRIDGE_DROP_PAUSED, frames);
        if (NDIS_TEST_RECEIVE_CAN_PEND(flags)) {
            NdisReturnNetBufferLists(from->binding, lists, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
        }
    } else {
        count_received(&batch, lists, frames);
        if (NDIS_TEST_RECEIVE_CAN_PEND(flags)) {
            forward_lists(&batch, lists);
        } else {
            forward_copies(&batch, lists);
        }
        send_outputs(&batch);
        returns_flush(&batch.returns);
    }
    if (!at_dispatch) {
        KeLowerIrql(irql);
    }
}

VOID
BridgeSendComplete(NDIS_HANDLE context, PNET_BUFFER_LIST lists, ULONG flags)
{
    struct port *to = context;
    BOOLEAN at_dispatch = NDIS_TEST_SEND_COMPLETE_AT_DISPATCH_LEVEL(flags);
    struct returns returns;
    BRIDGE_PROCESSOR *processor;
    NET_BUFFER_LIST *next;
    KIRQL irql = DISPATCH_LEVEL;
    ULONG sent = 0;
    ULONG errors = 0;

    if (!at_dispatch) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
    }
    processor = this_processor();
    returns_init(&returns);
    for (NET_BUFFER_LIST *list = lists; list != NULL; list = next) {
        next = NET_BUFFER_LIST_NEXT_NBL(list);
        sent++;
        errors += NET_BUFFER_LIST_STATUS(list) != NDIS_STATUS_SUCCESS;
        carrier_release(processor, &returns, list);
    }
    if (errors != 0) {
        count(&processor->counters[to->number].send_errors, errors);
    }
    returns_flush(&returns);
    ExReleaseRundownProtectionCacheAwareEx(to->sending, sent);
    if (!at_dispatch) {
        KeLowerIrql(irql);
    }
}
