#include "virtio_net/shapes.h"

enum { SHAPES_TAG = 'pahS' };

struct arrived arrived[ARRIVED_LIMIT];

static uint64_t arrived_count;
static PVOID lso_info;

/* --- receiving --- */

static void
on_receive(struct pndis_client *client, const struct pndis_received *frame, void *user)
{
    struct arrived *to = &arrived[arrived_count % ARRIVED_LIMIT];
    const NET_BUFFER_LIST *list = frame->nbl;

    (void)client;
    (void)user;
    to->bytes = frame->bytes;
    memcpy(to->data, frame->data, frame->bytes < NET_FRAME_LIMIT ? frame->bytes : NET_FRAME_LIMIT);
    memcpy(to->info, list->NetBufferListInfo, sizeof(to->info));
    __atomic_fetch_add(&arrived_count, 1, __ATOMIC_SEQ_CST);
}

static const struct pndis_client_events events = {.on_receive = on_receive};

/* --- lists --- */

static void
free_chain(MDL *chain)
{
    while (chain != NULL) {
        MDL *next = chain->Next;
        PVOID memory = MmGetMdlVirtualAddress(chain);

        NdisFreeMdl(chain);
        NdisFreeMemory(memory, 0, 0);
        chain = next;
    }
}

/* The frame's MDLs: the room in front and the data, cut into pieces. */
static MDL *
make_chain(NDIS_HANDLE handle, const struct shape *shape)
{
    size_t total = shape->room + shape->bytes;
    size_t piece = shape->piece == 0 ? total : shape->piece;
    MDL *chain = NULL;
    MDL **end = &chain;

    for (size_t at = 0; at < total; at += piece) {
        size_t here = total - at < piece ? total - at : piece;
        uint8_t *memory =
            NdisAllocateMemoryWithTagPriority(handle, (UINT)here, SHAPES_TAG, NormalPoolPriority);

        for (size_t i = 0; i < here; i++) {
            memory[i] = at + i < shape->room ? 0xee : shape->data[at + i - shape->room];
        }
        *end = NdisAllocateMdl(handle, memory, (UINT)here);
        end = &(*end)->Next;
    }
    return chain;
}

static NDIS_HANDLE
make_list_pool(NDIS_HANDLE handle)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .fAllocateNetBuffer = TRUE,
        .PoolTag = SHAPES_TAG,
    };

    return NdisAllocateNetBufferListPool(handle, &parameters);
}

static NDIS_HANDLE
make_buffer_pool(NDIS_HANDLE handle)
{
    NET_BUFFER_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1},
        .PoolTag = SHAPES_TAG,
    };

    return NdisAllocateNetBufferPool(handle, &parameters);
}

static NET_BUFFER_LIST *
make_list(NDIS_HANDLE handle, const struct list *list)
{
    NDIS_HANDLE list_pool = make_list_pool(handle);
    NDIS_HANDLE buffer_pool = make_buffer_pool(handle);
    const struct shape *first = &list->frames[0];
    NET_BUFFER_LIST *nbl = NdisAllocateNetBufferAndNetBufferList(
        list_pool, 0, 0, make_chain(handle, first), (ULONG)first->room, first->bytes);
    NET_BUFFER **link = &NET_BUFFER_LIST_FIRST_NB(nbl)->Next;

    for (unsigned i = 1; i < list->frame_count; i++) {
        const struct shape *shape = &list->frames[i];

        *link = NdisAllocateNetBuffer(buffer_pool, make_chain(handle, shape), (ULONG)shape->room,
                                      shape->bytes);
        link = &(*link)->Next;
    }
    memcpy(nbl->NetBufferListInfo, list->info, sizeof(list->info));
    nbl->ProtocolReserved[1] = list_pool;
    nbl->ProtocolReserved[2] = buffer_pool;
    return nbl;
}

static bool
take_completed(struct opening *opening, NET_BUFFER_LIST *nbl)
{
    NDIS_HANDLE list_pool = nbl->ProtocolReserved[1];
    NDIS_HANDLE buffer_pool = nbl->ProtocolReserved[2];
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(nbl)->Next;

    (void)opening;
    lso_info = nbl->NetBufferListInfo[TcpLargeSendNetBufferListInfo];
    free_chain(NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(nbl)));
    NET_BUFFER_LIST_FIRST_NB(nbl)->Next = NULL;
    while (buffer != NULL) {
        NET_BUFFER *next = buffer->Next;

        free_chain(NET_BUFFER_FIRST_MDL(buffer));
        NdisFreeNetBuffer(buffer);
        buffer = next;
    }
    NdisFreeNetBufferList(nbl);
    NdisFreeNetBufferListPool(list_pool);
    NdisFreeNetBufferPool(buffer_pool);
    return true;
}

/* --- the world --- */

void
shapes_running(struct net_world *n, const struct net_options *options)
{
    struct net_options with_events = *options;

    protocol_reset();
    protocol.take_completed = take_completed;
    protocol.version = options->clients_take_uro ? 0x00060059 : 0x0006001E;
    protocol.packet_filter = NDIS_PACKET_TYPE_PROMISCUOUS;
    arrived_count = 0;
    memset(arrived, 0, sizeof(arrived));
    with_events.events = &events;
    with_events.packet_filter = NDIS_PACKET_TYPE_PROMISCUOUS;
    net_open(n, &with_events);
    net_add_adapter(n, 0, &with_events);
    world_load_protocol(&n->w);
    world_settle(&n->w);
    expect_net(n, opening_latest() != NULL && opening_latest()->running);
    /* The client comes with its own adapter, which the protocol binds to as well. */
    net_add_adapter(n, 1, &with_events);
    net_add_client(n, 1, &with_events);
    world_settle(&n->w);
}

static struct opening *
sender(void)
{
    struct opening *opening = opening_latest();

    while (opening->next != NULL) {
        opening = opening->next;
    }
    return opening;
}

static void
send_as_driver(void *argument)
{
    struct opening *opening = sender();
    NET_BUFFER_LIST *nbl = make_list(opening->handle, argument);

    if (!opening_send_lists(opening, nbl)) {
        take_completed(opening, nbl);
    }
}

void
shapes_send(struct net_world *n, const struct list *list)
{
    world_as_driver(&n->w, send_as_driver, (void *)list);
}

static bool
all_sent(void *user)
{
    (void)user;
    return sender()->completed == sender()->sent;
}

static bool
all_arrived(void *user)
{
    return __atomic_load_n(&arrived_count, __ATOMIC_SEQ_CST) >= *(uint64_t *)user;
}

NDIS_STATUS
shapes_wait_sent(struct net_world *n)
{
    expect_net(n, pndis_machine_run_until(n->w.machine, all_sent, NULL, 0) == 0);
    return sender()->last_send_status;
}

void
shapes_wait(struct net_world *n, uint64_t count)
{
    if (pndis_machine_run_until(n->w.machine, all_arrived, &count, 0) != 0) {
        char breakdown[200];

        pndis_nic_breakdown(n->nics[0], breakdown, sizeof(breakdown));
        fail_msg("%llu frames arrived of %llu (seed %llu): %s", (unsigned long long)arrived_count,
                 (unsigned long long)count, (unsigned long long)n->w.seed, breakdown);
    }
    shapes_wait_sent(n);
}

PVOID
shapes_lso_info(void)
{
    return lso_info;
}
