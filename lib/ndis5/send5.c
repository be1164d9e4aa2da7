/*
 * Sending: NET_BUFFER_LISTs come down, packets go to the driver, and a list goes up again when all
 * of its packets are complete. NDIS keeps what a serialized miniport cannot take at the moment.
 */
#include "ndis5/packet.h"

#include "ndis/data.h"

#include <stdlib.h>

const char pndis__batch_names[BATCH_NAMES][BATCH_NAME_BYTES] = {
    [BATCH_SEND] = "MiniportSend",
    [BATCH_SEND_PACKETS] = "MiniportSendPackets",
    [BATCH_DPC] = "MiniportHandleInterrupt",
};

/* Where the packets of plain sends are (send_plain.c); NULL: this is no miniport, level or time for
 * them. */
static struct packet_stash *
plain_stash(const struct context *context, const struct miniport5 *miniport)
{
    return data_checked(context) || miniport->serialized || miniport->wants_lists ||
                   miniport->calls->SendPacketsHandler == NULL || context->irql < DISPATCH_LEVEL
               ? NULL
               : stash_of(context, miniport->sends);
}

/* --- lists that are complete --- */

static ULONG
complete_flags(const struct context *context)
{
    return context->irql >= DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0;
}

static void
list_complete(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl)
{
    struct batch *batch = batch_of(context);

    if (batch != NULL && batch->miniport == miniport) {
        batch_add(batch, nbl);
        return;
    }
    nbl->Next = NULL;
    NdisMSendNetBufferListsComplete(&miniport->adapter->handle, nbl, complete_flags(context));
    pndis__n5_maybe_paused(context, miniport);
}

void
pndis__batch_enter(struct context *context, struct batch *batch, struct miniport5 *miniport,
                   enum batch_name name)
{
    batch->miniport = miniport;
    batch->plain = plain_stash(context, miniport);
    batch->plain_handle =
        batch->plain != NULL ? &miniport->adapter->handle : (NDIS_HANDLE)&batch->plain_handle;
    batch->end = &batch->first;
    pndis__guest_enter(context, &batch->frame, &miniport->adapter->owner, pndis__batch_names[name]);
}

void
pndis__batch_leave(struct context *context, struct batch *batch)
{
    pndis__guest_leave(context, &batch->frame);
    if (batch->end != &batch->first) {
        *batch->end = NULL;
        NdisMSendNetBufferListsComplete(&batch->miniport->adapter->handle, batch->first,
                                        complete_flags(context));
        pndis__n5_maybe_paused(context, batch->miniport);
    }
}

void
pndis__one_complete(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl,
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

/* The driver has written how much it has sent in place of the segment size. */
static void
large_send_complete(struct packet_block *block, NET_BUFFER_LIST *nbl)
{
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO sent = {.Value = NULL};

    sent.LsoV1TransmitComplete.TcpPayload =
        PtrToUlong(NDIS_PER_PACKET_INFO_FROM_PACKET(&block->packet, TcpLargeSendPacketInfo));
    sent.LsoV1TransmitComplete.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE;
    NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) = sent.Value;
}

void
pndis__packet_complete(struct context *context, struct miniport5 *miniport,
                       struct packet_block *block, NDIS_STATUS status)
{
    NET_BUFFER_LIST *nbl = block->nbl;

    if (miniport->serialized) {
        pndis__send_ended(miniport, block);
    }
    if (__builtin_expect(is_large_send(nbl), 0)) {
        large_send_complete(block, nbl);
    }
    pndis__packet_of_buffer_free(context, miniport, block);
    pndis__one_complete(context, miniport, nbl, status);
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
            pndis__packet_complete(context, miniport, block, block->status);
        }
        return;
    }
    if (__atomic_load_n(&block->state, __ATOMIC_SEQ_CST) == PACKET_CAME_BACK) {
        pndis__report(context, RULE_N5_SEND_COMPLETE, &miniport->adapter->owner, "MiniportSend",
                      NULL, "%s completed a packet by a call and by the status 0x%08x",
                      miniport->adapter->owner.name, (unsigned)status);
    }
    pndis__packet_complete(context, miniport, block, status);
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
    for (UINT i = 0; miniport->serialized && i < count; i++) {
        NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_PENDING);
        __atomic_store_n(&block_of(packets[i])->state, PACKET_IN_CALL, __ATOMIC_RELAXED);
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

UINT
pndis__packets_give(struct context *context, struct miniport5 *miniport, NDIS_PACKET **packets,
                    UINT count)
{
    bool by_array = miniport->calls->SendPacketsHandler != NULL;
    struct batch batch;
    UINT taken;

    pndis__batch_enter(context, &batch, miniport, by_array ? BATCH_SEND_PACKETS : BATCH_SEND);
    taken = by_array ? call_send_packets(context, miniport, packets, count)
                     : call_send(context, miniport, packets, count);
    pndis__batch_leave(context, &batch);
    return taken;
}

/* Packets on their way to a deserialized miniport. */
struct array {
    UINT count;
    NDIS_PACKET *packets[PACKETS_AT_ONCE];
};

static void
array_add(struct context *context, struct miniport5 *miniport, struct array *array,
          struct packet_block *block)
{
    array->packets[array->count++] = &block->packet;
    if (array->count == PACKETS_AT_ONCE) {
        pndis__packets_give(context, miniport, array->packets, array->count);
        array->count = 0;
    }
}

/* --- down --- */

static void
send_at_once(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl,
             struct array *array)
{
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl), *next; nb != NULL; nb = next) {
        struct packet_block *block = pndis__packet_of_buffer(context, miniport, nbl, nb);

        next = NET_BUFFER_NEXT_NB(nb);
        if (block == NULL) {
            pndis__one_complete(context, miniport, nbl, NDIS_STATUS_RESOURCES);
            continue;
        }
        NDIS_SET_PACKET_STATUS(&block->packet, NDIS_STATUS_PENDING);
        __atomic_store_n(&block->state, PACKET_OUT, __ATOMIC_RELAXED);
        array_add(context, miniport, array, block);
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
    struct packet_stash *plain = plain_stash(context, miniport);
    KIRQL before;

    (void)PortNumber;
    (void)SendFlags;
    array.count = 0;
    before = miniport->serialized ? to_dispatch(context) : context->irql;
    for (NET_BUFFER_LIST *nbl = NetBufferList; nbl != NULL; nbl = next) {
        next = plain != NULL && array.count == 0 ? pndis__send_plain(context, miniport, plain, nbl)
                                                 : nbl;
        if (next != nbl) {
            continue;
        }
        next = nbl->Next;
        NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
        nbl->Next = NULL;
        *left_of(nbl) = count_buffers(nbl);
        if (*left_of(nbl) == 0) {
            list_complete(context, miniport, nbl);
        } else if (miniport->serialized) {
            pndis__send_wait(context, miniport, nbl);
        } else {
            send_at_once(context, miniport, nbl, &array);
        }
    }
    if (miniport->serialized) {
        pndis__serial_drain(context, miniport);
    } else if (array.count != 0) {
        pndis__packets_give(context, miniport, array.packets, array.count);
    }
    from_dispatch(context, miniport->serialized ? before : DISPATCH_LEVEL);
}

/* A cancel that waits its turn. */
struct cancel {
    struct task task; /* First. */
    void *id;
};

static void
run_cancel(struct context *context, struct miniport5 *miniport, struct task *task)
{
    struct cancel *cancel = (struct cancel *)task;
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportCancelSendPackets");
    miniport->calls->CancelSendPacketsHandler(miniport->context, cancel->id);
    pndis__guest_leave(context, &frame);
    free(cancel);
}

/* Best effort: without memory the driver is not asked. */
VOID
pndis__n5_cancel_send(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    struct context *context = context_current();
    struct miniport5 *miniport = MiniportAdapterContext;
    struct cancel *cancel = NULL;

    if (CancelId != NULL) {
        pndis__sends_abort(context, miniport, CancelId, NDIS_STATUS_REQUEST_ABORTED);
    }
    if (miniport->calls->CancelSendPacketsHandler != NULL) {
        cancel = calloc(1, sizeof(*cancel));
    }
    if (cancel != NULL) {
        cancel->task.run = run_cancel;
        cancel->id = CancelId;
        pndis__task_run(context, miniport, &cancel->task);
    }
}

/* --- up --- */

/* Whether @block was with the driver. One that is inside a call is dealt with at its end. */
static bool
take_from_driver(struct context *context, struct miniport5 *miniport, struct packet_block *block,
                 NDIS_STATUS status, const void *caller)
{
    uint32_t out = PACKET_OUT;
    uint32_t state = __atomic_load_n(&block->state, __ATOMIC_ACQUIRE);

    /* Two who complete the same packet at once are told apart where drivers are watched. */
    if (!data_checked(context) && (state == PACKET_OUT || state == PACKET_PLAIN) &&
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

static __attribute__((noinline)) void
complete(NDIS_HANDLE handle, NDIS_PACKET *packet, NDIS_STATUS status, const void *caller)
{
    static const char call[] = "NdisMSendComplete";
    struct context *context = pndis__call(call, PASSIVE_LEVEL, DISPATCH_LEVEL, caller);
    struct miniport5 *miniport = miniport5_of_fast(context, handle, call, caller);

    if (miniport == NULL || !packet_ok(context, packet, call, caller)) {
        return;
    }
    if (status == NDIS_STATUS_PENDING) {
        pndis__report(context, RULE_N5_SEND_COMPLETE, &miniport->adapter->owner, call, caller,
                      "%s completes a send with NDIS_STATUS_PENDING",
                      miniport->adapter->owner.name);
        status = NDIS_STATUS_FAILURE;
    }
    if (take_from_driver(context, miniport, block_of(packet), status, caller)) {
        pndis__packet_complete(context, miniport, block_of(packet), status);
    }
    if (miniport->serialized) {
        pndis__send_resupply(context, miniport);
    }
}

/* Whether @context completes a plain send, and nothing else has to be looked at. */
static inline bool
completes_plain(const struct context *context, const struct batch *batch, NDIS_HANDLE handle,
                NDIS_PACKET *packet, NDIS_STATUS status)
{
    return batch != NULL && batch->plain_handle == handle && packet != NULL &&
           context->irql == DISPATCH_LEVEL && status != NDIS_STATUS_PENDING &&
           !pndis__point_needed(context) &&
           __atomic_load_n(&block_of(packet)->state, __ATOMIC_ACQUIRE) == PACKET_PLAIN;
}

/*
 * NdisMSendComplete. IRQL <= DISPATCH_LEVEL. Once for each packet that was given to MiniportSend or
 * MiniportSendPackets and pends; else N5_SEND_COMPLETE. The packet is NDIS' again.
 */
VOID
NdisMSendComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_PACKET Packet, NDIS_STATUS Status)
{
    struct context *context = context_current();
    struct batch *batch = context == NULL ? NULL : batch_of(context);
    struct packet_block *block = block_of(Packet);
    NET_BUFFER_LIST *nbl;

    if (!completes_plain(context, batch, MiniportAdapterHandle, Packet, Status) ||
        !stash_put(batch->plain, Packet)) {
        complete(MiniportAdapterHandle, Packet, Status, NT_CALLER());
        return;
    }
    nbl = block->nbl;
    block->state = PACKET_AT_HOME;
    if (Status != NDIS_STATUS_SUCCESS) {
        NET_BUFFER_LIST_STATUS(nbl) = Status;
    }
    batch_add(batch, nbl);
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
        pndis__send_resupply(context, miniport);
    }
}
