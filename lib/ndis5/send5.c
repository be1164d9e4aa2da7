/*
 * Sending: NET_BUFFER_LISTs come down, packets go to the driver, and a list goes up again when all
 * of its packets are complete. NDIS keeps what a serialized miniport cannot take at the moment.
 */
#include "ndis5/packet.h"

#include "ndis/data.h"

/* What stays in the nearest cache between its making and its completion. */
enum { PACKETS_AT_ONCE = 32 };

const char pndis__in_send[] = "MiniportSendPackets";
const char pndis__in_dpc[] = "MiniportHandleInterrupt";

/* --- lists that are complete --- */

static ULONG
complete_flags(const struct context *context)
{
    return context->irql >= DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0;
}

static void
list_complete(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl)
{
    struct batch *batch = (struct batch *)context->frame;

    nbl->Next = NULL;
    if (batch != NULL && batch->frame.owner == &miniport->adapter->owner &&
        (batch->frame.callback == pndis__in_send || batch->frame.callback == pndis__in_dpc)) {
        if (batch->first == NULL) {
            batch->first = nbl;
        } else {
            batch->last->Next = nbl;
        }
        batch->last = nbl;
        return;
    }
    NdisMSendNetBufferListsComplete(&miniport->adapter->handle, nbl, complete_flags(context));
    pndis__n5_maybe_paused(context, miniport);
}

void
pndis__batch_enter(struct context *context, struct batch *batch, struct miniport5 *miniport,
                   const char *callback)
{
    batch->miniport = miniport;
    batch->first = NULL;
    pndis__guest_enter(context, &batch->frame, &miniport->adapter->owner, callback);
}

void
pndis__batch_leave(struct context *context, struct batch *batch)
{
    pndis__guest_leave(context, &batch->frame);
    if (batch->first != NULL) {
        NdisMSendNetBufferListsComplete(&batch->miniport->adapter->handle, batch->first,
                                        complete_flags(context));
        pndis__n5_maybe_paused(context, batch->miniport);
    }
}

/* How many packets of a list are not complete. */
static uintptr_t *
left_of(NET_BUFFER_LIST *nbl)
{
    return (uintptr_t *)&NET_BUFFER_LIST_MINIPORT_RESERVED(nbl)[0];
}

static void
one_complete(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl,
             NDIS_STATUS status)
{
    if (status != NDIS_STATUS_SUCCESS) {
        __atomic_store_n(&NET_BUFFER_LIST_STATUS(nbl), status, __ATOMIC_RELAXED);
    }
    if (__atomic_load_n(left_of(nbl), __ATOMIC_ACQUIRE) == 1 ||
        __atomic_sub_fetch(left_of(nbl), 1, __ATOMIC_ACQ_REL) == 0) {
        list_complete(context, miniport, nbl);
    }
}

static void
packet_complete(struct context *context, struct miniport5 *miniport, struct packet_block *block,
                NDIS_STATUS status)
{
    NET_BUFFER_LIST *nbl = block->nbl;

    pndis__packet_of_buffer_free(context, miniport, block);
    one_complete(context, miniport, nbl, status);
}

/* --- giving packets to the driver --- */

/* The driver's function has come back from @block with @status, and may have completed it by a
 * call as well. NDIS_STATUS_RESOURCES is the caller's to deal with. */
static void
after_call(struct context *context, struct miniport5 *miniport, struct packet_block *block,
           NDIS_STATUS status)
{
    uint32_t in_call = PACKET_IN_CALL;

    if (status == NDIS_STATUS_PENDING) {
        if (!__atomic_compare_exchange_n(&block->state, &in_call, PACKET_OUT, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            packet_complete(context, miniport, block, block->status);
        }
        return;
    }
    if (__atomic_load_n(&block->state, __ATOMIC_SEQ_CST) == PACKET_CAME_BACK) {
        pndis__report(context, RULE_N5_SEND_COMPLETE, &miniport->adapter->owner, "MiniportSend",
                      NULL, "%s completed a packet by a call and by the status 0x%08x",
                      miniport->adapter->owner.name, (unsigned)status);
    }
    packet_complete(context, miniport, block, status);
}

/* Whether the driver could not take @block now: NDIS keeps it. Only of serialized miniports. */
static bool
not_now(const struct packet_block *block, NDIS_STATUS status)
{
    return status == NDIS_STATUS_RESOURCES &&
           __atomic_load_n(&block->state, __ATOMIC_SEQ_CST) == PACKET_IN_CALL;
}

/* Returns how many of @packets the driver took. */
static UINT
call_send(struct context *context, struct miniport5 *miniport, NDIS_PACKET **packets, UINT count)
{
    for (UINT i = 0; i < count; i++) {
        struct packet_block *block = block_of(packets[i]);
        NDIS_STATUS status;

        __atomic_store_n(&block->state, PACKET_IN_CALL, __ATOMIC_SEQ_CST);
        status =
            miniport->calls->SendHandler(miniport->context, packets[i], packets[i]->Private.Flags);
        if (miniport->serialized && not_now(block, status)) {
            return i;
        }
        after_call(context, miniport, block, status);
    }
    return count;
}

/* A serialized miniport answers in the out-of-band block of each packet. */
static UINT
call_send_packets(struct context *context, struct miniport5 *miniport, NDIS_PACKET **packets,
                  UINT count)
{
    for (UINT i = 0; i < count; i++) {
        NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_PENDING);
        __atomic_store_n(&block_of(packets[i])->state,
                         miniport->serialized ? PACKET_IN_CALL : PACKET_OUT, __ATOMIC_RELAXED);
    }
    miniport->calls->SendPacketsHandler(miniport->context, packets, count);
    for (UINT i = 0; miniport->serialized && i < count; i++) {
        NDIS_STATUS status = NDIS_GET_PACKET_STATUS(packets[i]);

        if (not_now(block_of(packets[i]), status)) {
            return i;
        }
        after_call(context, miniport, block_of(packets[i]), status);
    }
    return count;
}

static UINT
give(struct context *context, struct miniport5 *miniport, NDIS_PACKET **packets, UINT count)
{
    struct batch batch;
    UINT taken;

    pndis__batch_enter(context, &batch, miniport, pndis__in_send);
    taken = miniport->calls->SendPacketsHandler != NULL
                ? call_send_packets(context, miniport, packets, count)
                : call_send(context, miniport, packets, count);
    pndis__batch_leave(context, &batch);
    return taken;
}

/* --- what a serialized miniport waits for --- */

static void
queue_sends(struct serial *serial, struct packet_block *first, struct packet_block *last)
{
    brief_lock(&serial->lock);
    last->next = NULL;
    if (serial->last_send == NULL) {
        serial->first_send = first;
    } else {
        serial->last_send->next = first;
    }
    serial->last_send = last;
    brief_unlock(&serial->lock);
}

/* Put back what the driver could not take, unless it said meanwhile that it can. */
static void
put_back(struct serial *serial, NDIS_PACKET **packets, UINT count, uint32_t resupplied)
{
    brief_lock(&serial->lock);
    for (UINT i = count; i-- > 0;) {
        struct packet_block *block = block_of(packets[i]);

        block->state = PACKET_AT_HOME;
        block->next = serial->first_send;
        serial->first_send = block;
        if (serial->last_send == NULL) {
            serial->last_send = block;
        }
    }
    serial->stalled = serial->resupplied == resupplied;
    brief_unlock(&serial->lock);
}

void
pndis__send_queued(struct context *context, struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    NDIS_PACKET *packets[PACKETS_AT_ONCE];
    uint32_t resupplied;
    UINT count = 0;
    UINT taken;

    brief_lock(&serial->lock);
    resupplied = serial->resupplied;
    while (serial->first_send != NULL && count < PACKETS_AT_ONCE) {
        struct packet_block *block = serial->first_send;

        serial->first_send = block->next;
        packets[count++] = &block->packet;
    }
    if (serial->first_send == NULL) {
        serial->last_send = NULL;
    }
    brief_unlock(&serial->lock);
    if (count == 0) {
        return;
    }
    taken = give(context, miniport, packets, count);
    if (taken < count) {
        put_back(serial, packets + taken, count - taken, resupplied);
    }
}

/* Unlink what waits and has @cancel_id (NULL: everything). */
static struct packet_block *
take_sends(struct serial *serial, void *cancel_id)
{
    struct packet_block *taken = NULL;
    struct packet_block **end = &taken;
    struct packet_block **link;

    brief_lock(&serial->lock);
    link = &serial->first_send;
    serial->last_send = NULL;
    while (*link != NULL) {
        struct packet_block *block = *link;

        if (cancel_id == NULL || NDIS_GET_PACKET_CANCEL_ID(&block->packet) == cancel_id) {
            *link = block->next;
            *end = block;
            end = &block->next;
        } else {
            serial->last_send = block;
            link = &block->next;
        }
    }
    *end = NULL;
    if (serial->first_send == NULL) {
        serial->stalled = false;
    }
    brief_unlock(&serial->lock);
    return taken;
}

void
pndis__sends_abort(struct context *context, struct miniport5 *miniport, void *cancel_id,
                   NDIS_STATUS status)
{
    struct packet_block *block = take_sends(&miniport->serial, cancel_id);

    while (block != NULL) {
        struct packet_block *next = block->next;

        packet_complete(context, miniport, block, status);
        block = next;
    }
}

static void
resupply(struct context *context, struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    bool waits;
    KIRQL before;

    brief_lock(&serial->lock);
    serial->resupplied++;
    waits = serial->stalled;
    serial->stalled = false;
    brief_unlock(&serial->lock);
    if (waits) {
        before = to_dispatch(context);
        pndis__serial_drain(context, miniport);
        from_dispatch(context, before);
    }
}

/* --- down --- */

static void
send_serialized(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl)
{
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl), *next; nb != NULL; nb = next) {
        struct packet_block *block = pndis__packet_of_buffer(context, miniport, nbl, nb);

        next = NET_BUFFER_NEXT_NB(nb); /* The list may be gone when its last packet is queued. */
        if (block != NULL) {
            queue_sends(&miniport->serial, block, block);
        } else {
            one_complete(context, miniport, nbl, NDIS_STATUS_RESOURCES);
        }
    }
}

/* Packets on their way to a deserialized miniport. */
struct array {
    UINT count;
    NDIS_PACKET *packets[PACKETS_AT_ONCE];
};

static void
send_at_once(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl,
             struct array *array)
{
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl), *next; nb != NULL; nb = next) {
        struct packet_block *block = pndis__packet_of_buffer(context, miniport, nbl, nb);

        next = NET_BUFFER_NEXT_NB(nb);
        if (block == NULL) {
            one_complete(context, miniport, nbl, NDIS_STATUS_RESOURCES);
            continue;
        }
        array->packets[array->count++] = &block->packet;
        if (array->count == PACKETS_AT_ONCE) {
            give(context, miniport, array->packets, array->count);
            array->count = 0;
        }
    }
}

static uintptr_t
count_buffers(NET_BUFFER_LIST *nbl)
{
    uintptr_t count = 0;

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb != NULL; nb = NET_BUFFER_NEXT_NB(nb)) {
        count++;
    }
    return count;
}

VOID
pndis__n5_send(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
               NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct array array;
    NET_BUFFER_LIST *next;
    KIRQL before;

    (void)PortNumber;
    (void)SendFlags;
    array.count = 0;
    before = miniport->serialized ? to_dispatch(context) : context->irql;
    for (NET_BUFFER_LIST *nbl = NetBufferList; nbl != NULL; nbl = next) {
        next = nbl->Next;
        nbl->Next = NULL;
        NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
        *left_of(nbl) = count_buffers(nbl);
        if (*left_of(nbl) == 0) {
            list_complete(context, miniport, nbl);
        } else if (miniport->serialized) {
            send_serialized(context, miniport, nbl);
        } else {
            send_at_once(context, miniport, nbl, &array);
        }
    }
    if (miniport->serialized) {
        pndis__serial_drain(context, miniport);
    } else if (array.count != 0) {
        give(context, miniport, array.packets, array.count);
    }
    from_dispatch(context, miniport->serialized ? before : DISPATCH_LEVEL);
}

VOID
pndis__n5_cancel_send(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct frame frame;

    if (CancelId != NULL) {
        pndis__sends_abort(context, miniport, CancelId, NDIS_STATUS_REQUEST_ABORTED);
    }
    if (miniport->calls->CancelSendPacketsHandler != NULL) {
        pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportCancelSendPackets");
        miniport->calls->CancelSendPacketsHandler(miniport->context, CancelId);
        pndis__guest_leave(context, &frame);
    }
}

/* --- up --- */

/* Whether @block was with the driver. One that is inside a call is dealt with at its end. */
static bool
take_from_driver(struct context *context, struct miniport5 *miniport, struct packet_block *block,
                 NDIS_STATUS status, const void *caller)
{
    uint32_t out = PACKET_OUT;

    /* Two who complete the same packet at once are told apart where drivers are watched. */
    if (!data_checked(context) && __atomic_load_n(&block->state, __ATOMIC_ACQUIRE) == PACKET_OUT &&
        block->kind == PACKET_OF_SEND) {
        __atomic_store_n(&block->state, PACKET_AT_HOME, __ATOMIC_RELAXED);
        return true;
    }
    if (__builtin_expect(block->kind == PACKET_OF_SEND, 1)) {
        if (__atomic_compare_exchange_n(&block->state, &out, PACKET_AT_HOME, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return true;
        }
        block->status = status;
        out = PACKET_IN_CALL;
        if (__atomic_compare_exchange_n(&block->state, &out, PACKET_CAME_BACK, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return false;
        }
        if (out == PACKET_OUT &&
            __atomic_exchange_n(&block->state, PACKET_AT_HOME, __ATOMIC_SEQ_CST) == PACKET_OUT) {
            return true;
        }
    }
    pndis__report(context, RULE_N5_SEND_COMPLETE, &miniport->adapter->owner, "NdisMSendComplete",
                  caller, "%s completes a packet that it does not have",
                  miniport->adapter->owner.name);
    return false;
}

/*
 * NdisMSendComplete. IRQL <= DISPATCH_LEVEL. Once for each packet that was given to MiniportSend or
 * MiniportSendPackets and pends; else N5_SEND_COMPLETE. The packet is NDIS' again.
 */
VOID
NdisMSendComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_PACKET Packet, NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        miniport5_of_fast(context, MiniportAdapterHandle, __func__, caller);

    if (miniport == NULL || !packet_ok(context, Packet, __func__, caller)) {
        return;
    }
    if (take_from_driver(context, miniport, block_of(Packet), Status, caller)) {
        packet_complete(context, miniport, block_of(Packet), Status);
    }
    if (miniport->serialized) {
        resupply(context, miniport);
    }
}

/* NdisMSendResourcesAvailable. IRQL <= DISPATCH_LEVEL. A serialized miniport that returned
 * NDIS_STATUS_RESOURCES can take packets again. */
VOID
NdisMSendResourcesAvailable(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (miniport != NULL && miniport->serialized) {
        resupply(context, miniport);
    }
}
