#include "support/protocol.h"

#include <pthread.h>
#include <string.h>

struct protocol_driver protocol;

struct opening *
opening_latest(void)
{
    return protocol.openings;
}

/* --- bind and unbind --- */

/* Different adapters are bound and unbound at the same time. */
static pthread_mutex_t openings_lock = PTHREAD_MUTEX_INITIALIZER;

static void
opening_link(struct opening *opening)
{
    pthread_mutex_lock(&openings_lock);
    opening->next = opening->driver->openings;
    opening->driver->openings = opening;
    pthread_mutex_unlock(&openings_lock);
}

static void
opening_unlink(struct opening *opening)
{
    struct opening **link = &opening->driver->openings;

    pthread_mutex_lock(&openings_lock);
    while (*link != NULL && *link != opening) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = opening->next;
    }
    pthread_mutex_unlock(&openings_lock);
}

static void
opening_free(struct opening *opening)
{
    opening_unlink(opening);
    if (opening->pool != NULL) {
        NdisFreeNetBufferListPool(opening->pool);
    }
    NdisFreeMemory(opening, 0, 0);
}

static struct opening *
opening_new(struct protocol_driver *driver)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = TRUE,
        .PoolTag = 'torP',
        .DataSize = 2048,
    };
    struct opening *opening = NdisAllocateMemoryWithTagPriority(driver->handle, sizeof(*opening),
                                                                'torP', NormalPoolPriority);

    if (opening == NULL) {
        return NULL;
    }
    memset(opening, 0, sizeof(*opening));
    opening->driver = driver;
    KeInitializeSpinLock(&opening->lock);
    KeInitializeEvent(&opening->opened, NotificationEvent, FALSE);
    opening_link(opening);
    opening->pool = NdisAllocateNetBufferListPool(driver->handle, &parameters);
    if (opening->pool == NULL) {
        opening_free(opening);
        return NULL;
    }
    return opening;
}

static NDIS_STATUS
open_adapter(struct opening *opening, PNDIS_BIND_PARAMETERS bind)
{
    static NDIS_MEDIUM media[] = {NdisMedium802_3, NdisMediumIP};
    UINT selected;
    NDIS_OPEN_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        .AdapterName = bind->AdapterName,
        .MediumArray = media,
        .MediumArraySize = RTL_NUMBER_OF(media),
        .SelectedMediumIndex = &selected,
    };
    NDIS_STATUS status = NdisOpenAdapterEx(opening->driver->handle, opening, &parameters,
                                           opening->bind_context, &opening->handle);

    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&opening->opened, Executive, KernelMode, FALSE, NULL);
        status = opening->open_status;
    }
    if (status != NDIS_STATUS_SUCCESS) {
        opening->handle = NULL;
    }
    return status;
}

static VOID
open_complete(NDIS_HANDLE context, NDIS_STATUS status)
{
    struct opening *opening = context;

    opening->open_status = status;
    KeSetEvent(&opening->opened, IO_NO_INCREMENT, FALSE);
}

static void
close_adapter(struct opening *opening)
{
    NDIS_HANDLE handle = opening->handle;

    KeClearEvent(&opening->opened);
    if (handle != NULL && NdisCloseAdapterEx(handle) == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&opening->opened, Executive, KernelMode, FALSE, NULL);
    }
    opening->handle = NULL;
}

static VOID
close_complete(NDIS_HANDLE context)
{
    struct opening *opening = context;

    KeSetEvent(&opening->opened, IO_NO_INCREMENT, FALSE);
}

static void
complete_bind(void *argument)
{
    struct opening *opening = argument;

    NdisCompleteBindAdapterEx(opening->bind_context, opening->driver->bind_status);
}

static NDIS_STATUS
set_packet_filter(struct opening *opening)
{
    NDIS_OID_REQUEST request = {
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestSetInformation,
    };

    if (opening->driver->packet_filter == 0) {
        return NDIS_STATUS_SUCCESS;
    }
    request.DATA.SET_INFORMATION.Oid = OID_GEN_CURRENT_PACKET_FILTER;
    request.DATA.SET_INFORMATION.InformationBuffer = &opening->driver->packet_filter;
    request.DATA.SET_INFORMATION.InformationBufferLength = sizeof(ULONG);
    return opening_request(opening, &request);
}

static NDIS_STATUS
bind_adapter(NDIS_HANDLE context, NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    struct protocol_driver *driver = context;
    struct opening *opening;
    NDIS_STATUS status;

    __atomic_add_fetch(&driver->binds, 1, __ATOMIC_SEQ_CST);
    if (driver->bind_status != NDIS_STATUS_SUCCESS) {
        return driver->bind_status;
    }
    opening = opening_new(driver);
    if (opening == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    opening->bind_context = bind_context;
    status = open_adapter(opening, parameters);
    if (status == NDIS_STATUS_SUCCESS) {
        status = set_packet_filter(opening);
    }
    if (status != NDIS_STATUS_SUCCESS) {
        close_adapter(opening);
        opening_free(opening);
        return status;
    }
    if (driver->bind == AT_ONCE) {
        return NDIS_STATUS_SUCCESS;
    }
    do_later(&opening->bind_later, driver->bind, complete_bind, opening);
    return NDIS_STATUS_PENDING;
}

static void
complete_unbind(void *argument)
{
    struct opening *opening = argument;
    NDIS_HANDLE context = opening->unbind_context;

    opening_free(opening);
    NdisCompleteUnbindAdapterEx(context);
}

static NDIS_STATUS
unbind_adapter(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    struct opening *opening = context;
    struct protocol_driver *driver = opening->driver;

    __atomic_add_fetch(&driver->unbinds, 1, __ATOMIC_SEQ_CST);
    opening->unbind_context = unbind_context;
    opening_return(opening, ~0u);
    close_adapter(opening);
    if (driver->unbind == AT_ONCE) {
        opening_free(opening);
        return NDIS_STATUS_SUCCESS;
    }
    do_later(&opening->unbind_later, driver->unbind, complete_unbind, opening);
    return NDIS_STATUS_PENDING;
}

/* --- events --- */

/* Events are completed at PASSIVE_LEVEL. */
static enum when
at_passive_level(enum when when)
{
    return when == AT_ONCE || when == INSIDE || when == BY_HAND ? when : FROM_THREAD;
}

static void
complete_pause(void *argument)
{
    struct opening *opening = argument;

    NdisCompleteNetPnPEvent(opening->handle, opening->pausing, NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS
pause(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    enum when when = at_passive_level(opening->driver->pause);
    KIRQL irql;
    bool quiet;

    opening->pauses++;
    KeAcquireSpinLock(&opening->lock, &irql);
    opening->running = false;
    opening->pausing = event;
    quiet = opening->sends_out == 0;
    KeReleaseSpinLock(&opening->lock, irql);
    if (!quiet || when == BY_HAND) {
        return NDIS_STATUS_PENDING;
    }
    if (when == AT_ONCE) {
        return NDIS_STATUS_SUCCESS;
    }
    do_later(&opening->event_later, when, complete_pause, opening);
    return NDIS_STATUS_PENDING;
}

static void
set_running(struct opening *opening, bool running)
{
    KIRQL irql;

    KeAcquireSpinLock(&opening->lock, &irql);
    opening->running = running;
    KeReleaseSpinLock(&opening->lock, irql);
}

static void
complete_restart(void *argument)
{
    struct opening *opening = argument;
    NDIS_STATUS status = opening->driver->restart_status;

    set_running(opening, status == NDIS_STATUS_SUCCESS);
    NdisCompleteNetPnPEvent(opening->handle, opening->restarting, status);
}

static NDIS_STATUS
restart(struct opening *opening, PNET_PNP_EVENT_NOTIFICATION event)
{
    struct protocol_driver *driver = opening->driver;
    enum when when = at_passive_level(driver->restart);
    NDIS_STATUS status = driver->restart_status;

    opening->restarts++;
    opening->restarting = event;
    if (driver->on_restart != NULL) {
        status = driver->on_restart(opening, event->NetPnPEvent.Buffer);
        if (status != NDIS_STATUS_SUCCESS) {
            return status;
        }
        status = driver->restart_status;
    }
    if (when == AT_ONCE) {
        set_running(opening, status == NDIS_STATUS_SUCCESS);
        return status;
    }
    do_later(&opening->event_later, when, complete_restart, opening);
    return NDIS_STATUS_PENDING;
}

static NDIS_STATUS
pnp_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    struct opening *opening = context;

    if (opening == NULL) {
        protocol.driver_events++;
        return NDIS_STATUS_SUCCESS;
    }
    switch (event->NetPnPEvent.NetEvent) {
    case NetEventPause:
        return pause(opening, event);
    case NetEventRestart:
        return restart(opening, event);
    default:
        return opening->driver->on_event == NULL ? NDIS_STATUS_SUCCESS
                                                 : opening->driver->on_event(opening, event);
    }
}

/* --- data --- */

static NET_BUFFER_LIST *
make_list(struct opening *opening, const void *frame, ULONG bytes)
{
    NET_BUFFER_LIST *nbl = NdisAllocateNetBufferList(opening->pool, 0, 0);
    NET_BUFFER *buffer = nbl == NULL ? NULL : NET_BUFFER_LIST_FIRST_NB(nbl);

    if (nbl == NULL) {
        return NULL;
    }
    if (NdisRetreatNetBufferDataStart(buffer, bytes, 0, NULL) != NDIS_STATUS_SUCCESS) {
        NdisFreeNetBufferList(nbl);
        return NULL;
    }
    memcpy(NdisGetDataBuffer(buffer, bytes, NULL, 1, 0), frame, bytes);
    nbl->SourceHandle = opening->handle;
    return nbl;
}

static void
free_lists(NET_BUFFER_LIST *chain)
{
    while (chain != NULL) {
        NET_BUFFER_LIST *next = chain->Next;

        chain->Next = NULL;
        NdisFreeNetBufferList(chain);
        chain = next;
    }
}

bool
opening_send_lists(struct opening *opening, NET_BUFFER_LIST *chain)
{
    KIRQL irql;
    bool running;

    KeAcquireSpinLock(&opening->lock, &irql);
    running = opening->running;
    for (NET_BUFFER_LIST *nbl = chain; running && nbl != NULL; nbl = nbl->Next) {
        nbl->SourceHandle = opening->handle;
        nbl->ProtocolReserved[0] = (PVOID)(ULONG_PTR)opening->sent++;
        opening->sends_out++;
    }
    KeReleaseSpinLock(&opening->lock, irql);
    if (running) {
        NdisSendNetBufferLists(opening->handle, chain, NDIS_DEFAULT_PORT_NUMBER, 0);
    }
    return running;
}

bool
opening_send(struct opening *opening, const void *frame, ULONG bytes, unsigned count)
{
    NET_BUFFER_LIST *chain = NULL;

    for (unsigned i = 0; i < count; i++) {
        NET_BUFFER_LIST *nbl = make_list(opening, frame, bytes);

        if (nbl == NULL) {
            free_lists(chain);
            return false;
        }
        nbl->Next = chain;
        chain = nbl;
    }
    if (!opening_send_lists(opening, chain)) {
        free_lists(chain);
        return false;
    }
    return true;
}

unsigned
opening_number(const NET_BUFFER_LIST *nbl)
{
    return (unsigned)(ULONG_PTR)nbl->ProtocolReserved[0];
}

static VOID
send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    struct opening *opening = context;
    unsigned count = 0;
    KIRQL irql;
    bool quiet;

    (void)flags;
    opening->last_send_status = NET_BUFFER_LIST_STATUS(chain);
    while (chain != NULL) {
        NET_BUFFER_LIST *nbl = chain;

        chain = nbl->Next;
        nbl->Next = NULL;
        count++;
        if (opening->driver->on_completed != NULL) {
            opening->driver->on_completed(opening, nbl);
        }
        if (opening->driver->take_completed == NULL ||
            !opening->driver->take_completed(opening, nbl)) {
            NdisFreeNetBufferList(nbl);
        }
    }
    KeAcquireSpinLock(&opening->lock, &irql);
    opening->completed += count;
    opening->sends_out -= count;
    quiet = opening->pausing != NULL && opening->sends_out == 0 && !opening->running;
    KeReleaseSpinLock(&opening->lock, irql);
    if (quiet && opening->driver->pause != BY_HAND) {
        do_later(&opening->event_later, FROM_THREAD, complete_pause, opening);
    }
}

static VOID
receive(NDIS_HANDLE context, PNET_BUFFER_LIST chain, NDIS_PORT_NUMBER port, ULONG count,
        ULONG flags)
{
    struct opening *opening = context;
    KIRQL irql;

    (void)port;
    opening->last_receive_flags = flags;
    if (opening->driver->on_received != NULL) {
        for (NET_BUFFER_LIST *nbl = chain; nbl != NULL; nbl = nbl->Next) {
            opening->driver->on_received(opening, nbl);
        }
    }
    KeAcquireSpinLock(&opening->lock, &irql);
    opening->received += count;
    if (opening->driver->keep_receives && NDIS_TEST_RECEIVE_CAN_PEND(flags)) {
        if (opening->kept == NULL) {
            opening->kept = chain;
        } else {
            opening->last_kept->Next = chain;
        }
        while (chain->Next != NULL) {
            chain = chain->Next;
        }
        opening->last_kept = chain;
        chain = NULL;
    }
    KeReleaseSpinLock(&opening->lock, irql);
    if (chain != NULL && NDIS_TEST_RECEIVE_CAN_PEND(flags)) {
        NdisReturnNetBufferLists(
            opening->handle, chain,
            NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(flags) ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
    }
}

void
opening_return(struct opening *opening, unsigned count)
{
    NET_BUFFER_LIST *chain;
    NET_BUFFER_LIST *last;
    KIRQL irql;

    KeAcquireSpinLock(&opening->lock, &irql);
    chain = last = count == 0 ? NULL : opening->kept;
    for (unsigned i = 1; i < count && last != NULL && last->Next != NULL; i++) {
        last = last->Next;
    }
    if (chain != NULL) {
        opening->kept = last->Next;
        last->Next = NULL;
    }
    KeReleaseSpinLock(&opening->lock, irql);
    if (chain != NULL) {
        NdisReturnNetBufferLists(opening->handle, chain, 0);
    }
}

/* --- requests and status --- */

/* Who waits for a request; it may outlive the binding, which goes when nothing is out any more. */
struct asker {
    KEVENT done;
    NDIS_STATUS status;
};

void
opening_answer(PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    struct asker *asker = *(struct asker **)request->SourceReserved;

    asker->status = status;
    KeSetEvent(&asker->done, IO_NO_INCREMENT, FALSE);
}

static VOID
oid_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    struct opening *opening = context;

    opening->oids_completed++;
    opening_answer(request, status);
}

NDIS_STATUS
opening_request(struct opening *opening, PNDIS_OID_REQUEST request)
{
    struct asker asker;
    NDIS_STATUS status;

    KeInitializeEvent(&asker.done, SynchronizationEvent, FALSE);
    *(struct asker **)request->SourceReserved = &asker;
    status = NdisOidRequest(opening->handle, request);
    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&asker.done, Executive, KernelMode, FALSE, NULL);
        status = asker.status;
    }
    return status;
}

static VOID
status_indication(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
    struct opening *opening = context;

    opening->statuses++;
    opening->last_status = indication->StatusCode;
}

/* --- the driver --- */

static VOID
unload(PDRIVER_OBJECT object)
{
    (void)object;
    NdisDeregisterProtocolDriver(protocol.handle);
}

int
protocol_entry(void *driver_object, void *registry_path)
{
    DRIVER_OBJECT *object = driver_object;
    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
                   NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = (UCHAR)(protocol.version >> 16),
        .MinorNdisVersion = (UCHAR)protocol.version,
        .Name = RTL_CONSTANT_STRING(L"PROGRAMMABLE"),
        .BindAdapterHandlerEx = bind_adapter,
        .UnbindAdapterHandlerEx = unbind_adapter,
        .OpenAdapterCompleteHandlerEx = open_complete,
        .CloseAdapterCompleteHandlerEx = close_complete,
        .NetPnPEventHandler = pnp_event,
        .OidRequestCompleteHandler = oid_complete,
        .StatusHandlerEx = status_indication,
        .ReceiveNetBufferListsHandler = receive,
        .SendNetBufferListsCompleteHandler = send_complete,
    };

    (void)registry_path;
    object->DriverUnload = unload;
    if (protocol.edit_characteristics != NULL) {
        protocol.edit_characteristics(&characteristics);
    }
    return NdisRegisterProtocolDriver(&protocol, &characteristics, &protocol.handle);
}

void
protocol_reset(void)
{
    memset(&protocol, 0, sizeof(protocol));
    protocol.version = 0x0006001E;
    protocol.packet_filter =
        NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST;
}
