/* Clients: sending frames, and what happens to received ones. */
#include "ndis/client.h"

#include "ndis/ndis_machine.h"

#include <stdlib.h>
#include <string.h>

/* --- sending --- */

/* What a client keeps for a frame on its way: in the list's ProtocolReserved[0]. */
struct sent_frame {
    MDL mdl;
    PFN_NUMBER pages[CLIENT_FRAME_LIMIT / PAGE_SIZE + 2];
    void *tag;
    uint8_t data[];
};

static struct sent_frame **
sent_of(NET_BUFFER_LIST *nbl)
{
    return (struct sent_frame **)&NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[0];
}

static NET_BUFFER_LIST *
build(struct pndis_client *client, const void *frame, size_t bytes, void *tag)
{
    struct sent_frame *sent = malloc(sizeof(*sent) + bytes);
    NET_BUFFER_LIST *nbl;

    if (sent == NULL) {
        return NULL;
    }
    sent->tag = tag;
    memcpy(sent->data, frame, bytes);
    MmInitializeMdl(&sent->mdl, sent->data, bytes);
    MmBuildMdlForNonPagedPool(&sent->mdl);
    nbl = NdisAllocateNetBufferAndNetBufferList(client->pool, 0, 0, &sent->mdl, 0, bytes);
    if (nbl == NULL) {
        free(sent);
        return NULL;
    }
    nbl->SourceHandle = client->binding;
    *sent_of(nbl) = sent;
    NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, tag);
    return nbl;
}

static void
free_sent(NET_BUFFER_LIST *nbl)
{
    free(*sent_of(nbl));
    NdisFreeNetBufferList(nbl);
}

static int
reserve(struct pndis_client *client, size_t count)
{
    int result = 0;

    brief_lock(&client->lock);
    if (!client->running) {
        result = PNDIS_EBADSTATE;
    } else if (client->sends_outstanding + count > CLIENT_SENDS_LIMIT) {
        result = PNDIS_ELIMIT;
    } else {
        client->sends_outstanding += count;
        client->counts.sent += count;
    }
    brief_unlock(&client->lock);
    switch (result) {
    case PNDIS_EBADSTATE:
        return pndis__fail(result, "%s is not Running", client->name);
    case PNDIS_ELIMIT:
        return pndis__fail(result, "%s has %d frames outstanding", client->name,
                           CLIENT_SENDS_LIMIT);
    default:
        return 0;
    }
}

/* @count sends are over, or were never made; the last one lets a pause go on. */
static void
unreserve(struct pndis_client *client, size_t count)
{
    bool paused;

    brief_lock(&client->lock);
    client->sends_outstanding -= count;
    paused = client->sends_outstanding == 0 && client->pausing != NULL;
    brief_unlock(&client->lock);
    if (paused) {
        pndis__client_paused(client);
    }
}

static NET_BUFFER_LIST *
build_chain(struct pndis_client *client, const void *const *frames, const size_t *bytes,
            size_t count, void *tag)
{
    NET_BUFFER_LIST *chain = NULL;
    NET_BUFFER_LIST **end = &chain;

    for (size_t i = 0; i < count; i++) {
        *end = build(client, frames[i], bytes[i], tag);
        if (*end == NULL) {
            while (chain != NULL) {
                NET_BUFFER_LIST *next = chain->Next;

                free_sent(chain);
                chain = next;
            }
            return NULL;
        }
        end = &(*end)->Next;
    }
    return chain;
}

static int
send_chain(struct context *context, struct pndis_client *client, const void *const *frames,
           const size_t *bytes, size_t count, void *tag)
{
    /* Protocols send at either level; on sim the seed decides which. */
    bool at_dispatch = context->irql == DISPATCH_LEVEL || pndis__chance(context, 2);
    NET_BUFFER_LIST *chain;
    KIRQL before;
    int result = reserve(client, count);

    if (result != 0) {
        return result;
    }
    chain = build_chain(client, frames, bytes, count, tag);
    if (chain == NULL) {
        brief_lock(&client->lock);
        client->counts.sent -= count;
        brief_unlock(&client->lock);
        unreserve(client, count);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a frame");
    }
    if (!at_dispatch) {
        NdisSendNetBufferLists(client->binding, chain, NDIS_DEFAULT_PORT_NUMBER, 0);
        return 0;
    }
    before = pndis__irql_raise(context, DISPATCH_LEVEL);
    NdisSendNetBufferLists(client->binding, chain, NDIS_DEFAULT_PORT_NUMBER,
                           NDIS_SEND_FLAGS_DISPATCH_LEVEL);
    pndis__irql_lower(context, before);
    return 0;
}

int
pndis_client_send_chain(struct pndis_client *client, const void *const *frames, const size_t *bytes,
                        size_t count, void *tag)
{
    struct host_call call;
    int result;

    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == 0 || bytes[i] > CLIENT_FRAME_LIMIT) {
            return pndis__fail(PNDIS_EINVAL, "a frame has 1 to %d bytes", CLIENT_FRAME_LIMIT);
        }
    }
    if (count == 0) {
        return 0;
    }
    result = pndis__host_enter(client->machine, &call);
    if (result == 0) {
        result = send_chain(context_current(), client, frames, bytes, count, tag);
        pndis__host_leave(&call);
    }
    return result;
}

int
pndis_client_send(struct pndis_client *client, const void *frame, size_t bytes)
{
    return pndis_client_send_chain(client, &frame, &bytes, 1, NULL);
}

int
pndis_client_cancel(struct pndis_client *client, void *tag)
{
    struct host_call call;
    int result = pndis__host_enter(client->machine, &call);

    if (result == 0) {
        NdisCancelSendNetBufferLists(client->binding, tag);
        pndis__host_leave(&call);
    }
    return result;
}

VOID
pndis__client_send_complete(NDIS_HANDLE binding_context, PNET_BUFFER_LIST nbls, ULONG flags)
{
    struct pndis_client *client = binding_context;
    size_t count = 0;

    (void)flags;
    while (nbls != NULL) {
        NET_BUFFER_LIST *nbl = nbls;
        NDIS_STATUS status = NET_BUFFER_LIST_STATUS(nbl);
        void *tag = (*sent_of(nbl))->tag;

        nbls = nbl->Next;
        nbl->Next = NULL;
        free_sent(nbl);
        if (client->events.on_sent != NULL) {
            client->events.on_sent(client, status, tag, client->options.user);
        }
        brief_lock(&client->lock);
        client->counts.completed++;
        client->counts.completed_ok += status == NDIS_STATUS_SUCCESS;
        client->counts.last_send_status = status;
        brief_unlock(&client->lock);
        count++;
    }
    unreserve(client, count);
}

/* --- receiving --- */

static void
keep(struct pndis_client *client, const uint8_t *data, size_t bytes)
{
    struct client_frame *frame = malloc(sizeof(*frame) + bytes);
    struct client_frame *dropped = NULL;

    if (frame == NULL) {
        return;
    }
    frame->next = NULL;
    frame->bytes = bytes;
    memcpy(frame->data, data, bytes);
    brief_lock(&client->lock);
    if (client->frame_count == CLIENT_FRAMES_KEPT) {
        dropped = client->frames;
        client->frames = dropped->next;
        client->frame_count--;
    }
    if (client->frames == NULL) {
        client->frames = frame;
    } else {
        client->last_frame->next = frame;
    }
    client->last_frame = frame;
    client->frame_count++;
    brief_unlock(&client->lock);
    free(dropped);
}

static void
look_at(struct pndis_client *client, NET_BUFFER_LIST *nbl, ULONG flags)
{
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb != NULL; nb = NET_BUFFER_NEXT_NB(nb)) {
        ULONG bytes = NET_BUFFER_DATA_LENGTH(nb);
        uint8_t *storage = malloc(bytes + 1);
        const uint8_t *data = storage == NULL ? NULL : NdisGetDataBuffer(nb, bytes, storage, 1, 0);
        const struct pndis_received received = {data, bytes, flags, nbl};

        if (data != NULL && client->events.on_receive != NULL) {
            client->events.on_receive(client, &received, client->options.user);
        } else if (data != NULL) {
            keep(client, data, bytes);
        }
        free(storage);
        brief_lock(&client->lock);
        client->counts.received++;
        client->counts.received_bytes += bytes;
        brief_unlock(&client->lock);
    }
}

static void
return_later(struct pndis_client *client)
{
    /* In units of 100 ns, from now. */
    LARGE_INTEGER due = {.QuadPart = -(LONGLONG)((client->options.return_after_ns + 99) / 100)};

    KeSetTimer(&client->return_timer, due, &client->return_dpc);
}

static void
hold(struct pndis_client *client, NET_BUFFER_LIST *nbls, ULONG count)
{
    bool first;

    brief_lock(&client->lock);
    first = client->held == NULL;
    if (first) {
        client->held = nbls;
    } else {
        client->last_held->Next = nbls;
    }
    while (nbls->Next != NULL) {
        nbls = nbls->Next;
    }
    client->last_held = nbls;
    client->counts.held += count;
    brief_unlock(&client->lock);
    if (first && client->options.return_after_ns != 0) {
        return_later(client);
    }
}

VOID
pndis__client_receive(NDIS_HANDLE binding_context, PNET_BUFFER_LIST nbls, NDIS_PORT_NUMBER port,
                      ULONG count, ULONG flags)
{
    struct pndis_client *client = binding_context;
    ULONG return_flags = 0;

    (void)port;
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = nbl->Next) {
        look_at(client, nbl, flags);
    }
    if (NDIS_TEST_RECEIVE_CANNOT_PEND(flags)) {
        return;
    }
    if (__atomic_load_n(&client->holding, __ATOMIC_RELAXED)) {
        hold(client, nbls, count);
        return;
    }
    if (NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(flags)) {
        NDIS_SET_RETURN_FLAG(return_flags, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
    }
    NdisReturnNetBufferLists(client->binding, nbls, return_flags);
}

/* Cut up to @count lists off the front of what is held. */
static NET_BUFFER_LIST *
take_held(struct pndis_client *client, size_t count, size_t *out_count)
{
    NET_BUFFER_LIST *first;
    NET_BUFFER_LIST *last = NULL;

    *out_count = 0;
    brief_lock(&client->lock);
    first = client->held;
    for (NET_BUFFER_LIST *nbl = first; nbl != NULL && *out_count < count; nbl = nbl->Next) {
        last = nbl;
        ++*out_count;
    }
    if (last != NULL) {
        client->held = last->Next;
        last->Next = NULL;
        client->counts.held -= *out_count;
    }
    brief_unlock(&client->lock);
    return *out_count == 0 ? NULL : first;
}

static VOID
return_held(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct pndis_client *client = deferred_context;
    size_t returned;
    NET_BUFFER_LIST *nbls = take_held(client, SIZE_MAX, &returned);

    (void)dpc;
    (void)argument1;
    (void)argument2;
    if (nbls != NULL) {
        NdisReturnNetBufferLists(client->binding, nbls, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
    }
}

void
pndis__client_returns_init(struct pndis_client *client)
{
    KeInitializeTimer(&client->return_timer);
    KeInitializeDpc(&client->return_dpc, return_held, client);
}

/* Nothing is given back by itself any more. */
static void
stop_returning(struct pndis_client *client)
{
    if (client->options.return_after_ns != 0) {
        KeCancelTimer(&client->return_timer);
        KeFlushQueuedDpcs();
    }
}

size_t
pndis_client_return(struct pndis_client *client, size_t count)
{
    struct host_call call;
    NET_BUFFER_LIST *nbls;
    size_t returned = 0;

    if (pndis__host_enter(client->machine, &call) != 0) {
        return 0;
    }
    nbls = take_held(client, count, &returned);
    if (nbls != NULL) {
        ULONG flags =
            context_current()->irql == DISPATCH_LEVEL ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0;

        NdisReturnNetBufferLists(client->binding, nbls, flags);
    }
    pndis__host_leave(&call);
    return returned;
}

void
pndis_client_hold(struct pndis_client *client, bool hold_them)
{
    __atomic_store_n(&client->holding, hold_them, __ATOMIC_RELAXED);
    if (!hold_them) {
        pndis_client_return(client, SIZE_MAX);
    }
}

size_t
pndis_client_take(struct pndis_client *client, void *buffer, size_t bytes)
{
    struct client_frame *frame;

    brief_lock(&client->lock);
    frame = client->frames;
    if (frame != NULL) {
        client->frames = frame->next;
        client->frame_count--;
    }
    brief_unlock(&client->lock);
    if (frame == NULL) {
        return 0;
    }
    bytes = frame->bytes < bytes ? frame->bytes : bytes;
    memcpy(buffer, frame->data, bytes);
    free(frame);
    return bytes;
}

static bool
is_bound(struct pndis_client *client)
{
    bool bound;

    brief_lock(&client->lock);
    bound = client->binding != NULL;
    brief_unlock(&client->lock);
    return bound;
}

static struct client_frame *
take_frames(struct pndis_client *client)
{
    struct client_frame *frames;

    brief_lock(&client->lock);
    frames = client->frames;
    client->frames = client->last_frame = NULL;
    client->frame_count = 0;
    brief_unlock(&client->lock);
    return frames;
}

/* Its host may close it while its adapter unbinds it. */
void
pndis__client_forget(struct pndis_client *client)
{
    struct client_frame *frames;

    __atomic_store_n(&client->holding, false, __ATOMIC_RELAXED);
    if (is_bound(client)) {
        stop_returning(client);
        pndis_client_return(client, SIZE_MAX);
    }
    frames = take_frames(client);
    while (frames != NULL) {
        struct client_frame *frame = frames;

        frames = frame->next;
        free(frame);
    }
}
