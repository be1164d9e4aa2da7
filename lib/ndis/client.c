/* Clients: opening and closing them, their binding, and PnP events. */
#include "ndis/client.h"

#include "ndis/ndis_machine.h"
#include "ndis/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- binding --- */

static NDIS_STATUS
bind_adapter(NDIS_HANDLE protocol_context, NDIS_HANDLE bind_context,
             PNDIS_BIND_PARAMETERS parameters)
{
    static const NDIS_MEDIUM media[] = {NdisMedium802_3};
    struct pndis_client *client = protocol_context;
    NDIS_OPEN_PARAMETERS open = {
        .Header = {.Type = NDIS_OBJECT_TYPE_OPEN_PARAMETERS,
                   .Revision = NDIS_OPEN_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        .AdapterName = parameters->AdapterName,
        .MediumArray = (PNDIS_MEDIUM)media,
        .MediumArraySize = 1,
        .SelectedMediumIndex = &client->medium_index,
    };
    NET_BUFFER_LIST_POOL_PARAMETERS pool = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = TRUE,
        .PoolTag = 'tlcP',
    };
    NDIS_STATUS status;

    client->pool = NdisAllocateNetBufferListPool(client->protocol, &pool);
    if (client->pool == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    client->bind_context = bind_context;
    status = NdisOpenAdapterEx(client->protocol, client, &open, bind_context, &client->binding);
    if (status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_PENDING) {
        NdisFreeNetBufferListPool(client->pool);
        client->pool = NULL;
    }
    return status;
}

static VOID
open_complete(NDIS_HANDLE binding_context, NDIS_STATUS status)
{
    struct pndis_client *client = binding_context;

    NdisCompleteBindAdapterEx(client->bind_context, status);
}

static void
unbound(struct pndis_client *client)
{
    NdisFreeNetBufferListPool(client->pool);
    client->pool = NULL;
    brief_lock(&client->lock);
    client->binding = NULL;
    brief_unlock(&client->lock);
}

/* A host's request may be under way on another thread. */
static void
await_requests(const struct pndis_client *client)
{
    const struct binding *binding = client->binding;
    LARGE_INTEGER moment = {.QuadPart = -1000};
    struct context *context = context_current();
    uint64_t deadline = pndis__deadline(context);

    while (__atomic_load_n(&binding->oids_outstanding, __ATOMIC_SEQ_CST) != 0 &&
           pndis__now_ns(context->sched) < deadline) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
}

static NDIS_STATUS
unbind_adapter(NDIS_HANDLE unbind_context, NDIS_HANDLE binding_context)
{
    struct pndis_client *client = binding_context;
    NDIS_STATUS status;

    await_requests(client);
    pndis__client_forget(client);
    client->bind_context = unbind_context;
    status = NdisCloseAdapterEx(client->binding);
    if (status == NDIS_STATUS_SUCCESS) {
        unbound(client);
    }
    return status;
}

static VOID
close_complete(NDIS_HANDLE binding_context)
{
    struct pndis_client *client = binding_context;
    NDIS_HANDLE unbind_context = client->bind_context;

    unbound(client);
    NdisCompleteUnbindAdapterEx(unbind_context);
}

/* --- events --- */

static void
complete_pause(struct context *context, struct work *work)
{
    struct pndis_client *client = CONTAINING_RECORD(work, struct pndis_client, pause_work);
    NET_PNP_EVENT_NOTIFICATION *event = client->pausing;

    (void)context;
    client->pausing = NULL;
    NdisCompleteNetPnPEvent(client->binding, event, NDIS_STATUS_SUCCESS);
}

void
pndis__client_paused(struct pndis_client *client)
{
    /* NdisCompleteNetPnPEvent is for PASSIVE_LEVEL; the last send may complete at DISPATCH_LEVEL.
     */
    work_later(client->machine, &client->pause_work, complete_pause);
}

static NDIS_STATUS
on_pause(struct pndis_client *client, NET_PNP_EVENT_NOTIFICATION *event)
{
    bool outstanding;

    brief_lock(&client->lock);
    client->running = false;
    outstanding = client->sends_outstanding != 0;
    client->pausing = outstanding ? event : NULL;
    brief_unlock(&client->lock);
    return outstanding ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
net_pnp_event(NDIS_HANDLE binding_context, PNET_PNP_EVENT_NOTIFICATION event)
{
    struct pndis_client *client = binding_context;
    NET_PNP_EVENT_CODE code = event->NetPnPEvent.NetEvent;
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    if (client == NULL) {
        return NDIS_STATUS_SUCCESS;
    }
    if (client->events.on_pnp_event != NULL) {
        status = client->events.on_pnp_event(client, code, client->options.user);
    }
    if (code == NetEventPause) {
        return on_pause(client, event);
    }
    if (code == NetEventRestart && status == NDIS_STATUS_SUCCESS) {
        brief_lock(&client->lock);
        client->running = true;
        brief_unlock(&client->lock);
    }
    return status;
}

/* --- opening and closing --- */

static const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS usual_characteristics = {
    .Header = {.Type = NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
               .Revision = NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
               .Size = NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
    .MajorNdisVersion = 6,
    .MinorNdisVersion = 30,
    .BindAdapterHandlerEx = bind_adapter,
    .UnbindAdapterHandlerEx = unbind_adapter,
    .OpenAdapterCompleteHandlerEx = open_complete,
    .CloseAdapterCompleteHandlerEx = close_complete,
    .NetPnPEventHandler = net_pnp_event,
    .OidRequestCompleteHandler = pndis__client_oid_complete,
    .StatusHandlerEx = pndis__client_status,
    .ReceiveNetBufferListsHandler = pndis__client_receive,
    .SendNetBufferListsCompleteHandler = pndis__client_send_complete,
};

static int
bind_change(struct context *context, struct pndis_adapter *adapter, void *user)
{
    struct pndis_client *client = user;

    return pndis__binding_bind(context, adapter, client->protocol);
}

static int
bind_client(struct context *context, struct pndis_client *client)
{
    struct pndis_adapter *adapter = client->adapter;
    int result = pndis__stack_lock(context, adapter);

    if (result != 0) {
        return result;
    }
    if (!adapter_takes_bindings(adapter) || state_of(&adapter->at) == MP_SHUTDOWN) {
        result =
            pndis__fail(PNDIS_EBADSTATE, "%s is %s", adapter->owner.name, state_name(&adapter->at));
    } else {
        result = pndis__stack_modify(context, adapter, bind_change, client);
    }
    pndis__stack_unlock(adapter);
    return result;
}

static ULONG
wanted_filter(const struct pndis_client *client)
{
    ULONG wanted =
        client->options.packet_filter != 0
            ? client->options.packet_filter
            : NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST;

    /* What the host named is asked for as it is; the default is what the adapter can do. */
    return client->options.packet_filter != 0
               ? wanted
               : wanted & client->adapter->attributes.general.SupportedPacketFilters;
}

static int
set_filter(struct pndis_client *client)
{
    ULONG filter = wanted_filter(client);

    return client->options.no_filter ? 0
                                     : pndis_client_set(client, OID_GEN_CURRENT_PACKET_FILTER,
                                                        &filter, sizeof(filter), NULL);
}

static struct pndis_client *
allocate(struct pndis_adapter *adapter, const struct pndis_client_options *options)
{
    struct pndis_client *client = calloc(1, sizeof(*client));
    uint32_t number = ++adapter->ndis->client_count;

    if (client == NULL) {
        return NULL;
    }
    client->machine = adapter->machine;
    client->adapter = adapter;
    client->options = *options;
    if (options->events != NULL) {
        client->events = *options->events;
    }
    client->holding = options->hold_receives || options->return_after_ns != 0;
    if (options->name != NULL) {
        snprintf(client->name, sizeof(client->name), "%s", options->name);
    } else if (number == 1) {
        snprintf(client->name, sizeof(client->name), "client");
    } else {
        snprintf(client->name, sizeof(client->name), "client#%u", number);
    }
    return client;
}

static void
unlink_client(struct ndis *ndis, struct pndis_client *client)
{
    struct pndis_client **link = &ndis->clients;

    while (*link != NULL && *link != client) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = client->next;
    }
}

void
pndis__client_abandon(void *binding_context)
{
    struct pndis_client *client = binding_context;

    brief_lock(&client->lock);
    client->binding = NULL;
    client->running = false;
    client->held = client->last_held = NULL;
    client->counts.held = 0;
    brief_unlock(&client->lock);
}

static int
close_client(struct context *context, struct pndis_client *client)
{
    struct ndis *ndis = pndis__ndis_of(client->machine);
    int result = 0;

    pndis__client_forget(client);
    if (client->protocol != NULL) {
        result = pndis__protocol_deregister(context, client->protocol);
    }
    unlink_client(ndis, client);
    if (client->binding == NULL) {
        free(client);
    }
    return result;
}

static int
open_client(struct context *context, struct pndis_client *client)
{
    struct ndis *ndis = client->adapter->ndis;
    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS characteristics = usual_characteristics;
    int result;

    pndis__client_returns_init(client);
    if (client->options.takes_uro) {
        characteristics.MinorNdisVersion = 89;
    }
    if (pndis__protocol_register(context, NULL, client, &characteristics, client->name, true,
                                 &client->protocol) != NDIS_STATUS_SUCCESS) {
        free(client);
        return pndis__fail(PNDIS_ENOMEM, "no memory for a client");
    }
    client->next = ndis->clients;
    ndis->clients = client;
    result = bind_client(context, client);
    if (result == 0) {
        result = set_filter(client);
    }
    if (result != 0) {
        char reason[400];

        snprintf(reason, sizeof(reason), "%s", pndis_last_error());
        close_client(context, client);
        pndis__fail(result, "%s", reason);
    }
    return result;
}

struct pndis_client *
pndis_client_open(struct pndis_adapter *adapter, const struct pndis_client_options *options)
{
    const struct pndis_client_options defaults = {0};
    struct pndis_client *client;
    struct host_call call;
    int result;

    if (adapter == NULL || adapter->machine->stopped) {
        pndis__fail(PNDIS_EBADSTATE, "there is no adapter, or its machine has been stopped");
        return NULL;
    }
    client = allocate(adapter, options == NULL ? &defaults : options);
    if (client == NULL) {
        pndis__fail(PNDIS_ENOMEM, "no memory for a client");
        return NULL;
    }
    if (pndis__host_begin(adapter->machine, &call) != 0) {
        free(client);
        return NULL;
    }
    result = open_client(context_current(), client);
    pndis__host_leave(&call);
    return result == 0 ? client : NULL;
}

int
pndis_client_close(struct pndis_client *client)
{
    struct host_call call;
    int result;

    if (client == NULL) {
        return 0;
    }
    result = pndis__host_enter(client->machine, &call);
    if (result == 0) {
        result = close_client(context_current(), client);
        pndis__host_leave(&call);
    }
    return result;
}

void
pndis__clients_close(struct context *context, struct ndis *ndis)
{
    while (ndis->clients != NULL) {
        close_client(context, ndis->clients);
    }
}

/* --- questions --- */

const char *
pndis_client_state_name(const struct pndis_client *client)
{
    const struct binding *binding = pndis__binding_find(client->adapter, client->protocol);

    return binding == NULL ? "Unbound" : state_name(&binding->at);
}

struct pndis_adapter *
pndis_client_adapter(const struct pndis_client *client)
{
    return client->adapter;
}

void
pndis_client_get_counts(struct pndis_client *client, struct pndis_client_counts *out_counts)
{
    brief_lock(&client->lock);
    *out_counts = client->counts;
    brief_unlock(&client->lock);
}
