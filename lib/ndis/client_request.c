/* Clients: OID requests and status indications. */
#include "ndis/client.h"

#include "nt/status_name.h"

#include <stdlib.h>
#include <string.h>

/* A request on the heap, so that one nobody waits for any more can still be completed. */
struct client_request {
    NDIS_OID_REQUEST request; /* First: the completion gets back to it. */
    struct brief_lock lock;
    bool abandoned;
    bool completed;
    NDIS_STATUS status;
    KEVENT done;
    uint8_t buffer[];
};

VOID
pndis__client_oid_complete(NDIS_HANDLE binding_context, PNDIS_OID_REQUEST oid_request,
                           NDIS_STATUS status)
{
    struct client_request *request = (struct client_request *)oid_request;
    bool abandoned;

    (void)binding_context;
    brief_lock(&request->lock);
    request->status = status;
    request->completed = true;
    abandoned = request->abandoned;
    brief_unlock(&request->lock);
    if (abandoned) {
        free(request);
    } else {
        KeSetEvent(&request->done, IO_NO_INCREMENT, FALSE);
    }
}

VOID
pndis__client_status(NDIS_HANDLE binding_context, PNDIS_STATUS_INDICATION indication)
{
    struct pndis_client *client = binding_context;

    brief_lock(&client->lock);
    client->counts.statuses++;
    brief_unlock(&client->lock);
    if (client->events.on_status != NULL) {
        client->events.on_status(client, indication->StatusCode, indication->StatusBuffer,
                                 indication->StatusBufferSize, client->options.user);
    }
}

/* Wait for a pended request; one that does not come is cancelled and left behind. */
static int
await(struct context *context, struct pndis_client *client, struct client_request *request)
{
    enum sleep_result result = pndis__wait(context, &request->done, pndis__deadline(context), true);
    bool completed;

    if (result == SLEEP_WOKEN) {
        return 0;
    }
    NdisCancelOidRequest(client->binding, request->request.RequestId);
    brief_lock(&request->lock);
    completed = request->completed;
    request->abandoned = !completed;
    brief_unlock(&request->lock);
    if (!completed) {
        return pndis__wait_error(result, client->adapter->owner.name, "an OID request");
    }
    /* Its completion is about to set the event, if it has not. */
    pndis__wait(context, &request->done, SCHED_FOREVER, false);
    return 0;
}

static int
ask(struct context *context, struct pndis_client *client, struct client_request *request)
{
    NDIS_STATUS status = NdisOidRequest(client->binding, &request->request);

    if (status == NDIS_STATUS_PENDING) {
        return await(context, client, request);
    }
    request->status = status;
    return 0;
}

/* What an OID request is made of, and where its answer goes. */
struct asked {
    NDIS_REQUEST_TYPE type;
    uint32_t oid;
    void *buffer;
    size_t in_bytes;
    size_t bytes;
    size_t *out_bytes;
    int *out_status;
};

static struct client_request *
make(struct pndis_client *client, const struct asked *asked)
{
    size_t room = asked->in_bytes > asked->bytes ? asked->in_bytes : asked->bytes;
    struct client_request *request = calloc(1, sizeof(*request) + room);
    NDIS_OID_REQUEST *public;

    if (request == NULL) {
        return NULL;
    }
    public = &request->request;
    public->Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    public->Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    public->Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    public->RequestType = asked->type;
    public->RequestId = request;
    public->RequestHandle = client->binding;
    if (asked->in_bytes != 0) {
        memcpy(request->buffer, asked->buffer, asked->in_bytes);
    }
    if (asked->type == NdisRequestMethod) {
        public->DATA.METHOD_INFORMATION.Oid = asked->oid;
        public->DATA.METHOD_INFORMATION.InformationBuffer = request->buffer;
        public->DATA.METHOD_INFORMATION.InputBufferLength = (ULONG)asked->in_bytes;
        public->DATA.METHOD_INFORMATION.OutputBufferLength = (ULONG)asked->bytes;
    } else {
        public->DATA.QUERY_INFORMATION.Oid = asked->oid;
        public->DATA.QUERY_INFORMATION.InformationBuffer = request->buffer;
        public->DATA.QUERY_INFORMATION.InformationBufferLength = (ULONG)room;
    }
    KeInitializeEvent(&request->done, NotificationEvent, FALSE);
    return request;
}

static size_t
result_bytes(const struct client_request *request)
{
    const NDIS_OID_REQUEST *public = &request->request;

    if (public->RequestType == NdisRequestMethod) {
        return request->status == NDIS_STATUS_SUCCESS ? public->DATA.METHOD_INFORMATION.BytesWritten
                                                      : public->DATA.METHOD_INFORMATION.BytesNeeded;
    }
    return request->status == NDIS_STATUS_SUCCESS ? public->DATA.QUERY_INFORMATION.BytesWritten
                                                  : public->DATA.QUERY_INFORMATION.BytesNeeded;
}

static int
hand_over(const struct asked *asked, const struct client_request *request)
{
    if (asked->out_bytes != NULL) {
        *asked->out_bytes = result_bytes(request);
    }
    if (asked->out_status != NULL) {
        *asked->out_status = request->status;
    }
    if (request->status != NDIS_STATUS_SUCCESS) {
        return pndis__fail(PNDIS_EDRIVER, "OID 0x%08x was answered with 0x%08x%s", asked->oid,
                           (unsigned)request->status, pndis__status_name(request->status));
    }
    if (asked->type != NdisRequestSetInformation && asked->bytes != 0) {
        memcpy(asked->buffer, request->buffer, min(asked->bytes, result_bytes(request)));
    }
    return 0;
}

static int
perform(struct pndis_client *client, const struct asked *asked)
{
    struct client_request *request;
    struct host_call call;
    int result = pndis__host_enter(client->machine, &call);

    if (result != 0) {
        return result;
    }
    request = make(client, asked);
    if (request == NULL) {
        result = pndis__fail(PNDIS_ENOMEM, "no memory for an OID request");
    } else {
        result = ask(context_current(), client, request);
        if (result == 0) { /* Else its completion frees it. */
            result = hand_over(asked, request);
            free(request);
        }
    }
    pndis__host_leave(&call);
    return result;
}

int
pndis_client_query(struct pndis_client *client, uint32_t oid, void *buffer, size_t bytes,
                   size_t *out_bytes, int *out_status)
{
    return perform(client, &(struct asked){.type = NdisRequestQueryInformation,
                                           .oid = oid,
                                           .buffer = buffer,
                                           .bytes = bytes,
                                           .out_bytes = out_bytes,
                                           .out_status = out_status});
}

int
pndis_client_set(struct pndis_client *client, uint32_t oid, const void *buffer, size_t bytes,
                 int *out_status)
{
    return perform(client, &(struct asked){.type = NdisRequestSetInformation,
                                           .oid = oid,
                                           .buffer = (void *)(uintptr_t)buffer,
                                           .in_bytes = bytes,
                                           .out_status = out_status});
}

int
pndis_client_method(struct pndis_client *client, uint32_t oid, void *buffer, size_t in_bytes,
                    size_t bytes, size_t *out_bytes, int *out_status)
{
    return perform(client, &(struct asked){.type = NdisRequestMethod,
                                           .oid = oid,
                                           .buffer = buffer,
                                           .in_bytes = in_bytes,
                                           .bytes = bytes,
                                           .out_bytes = out_bytes,
                                           .out_status = out_status});
}
