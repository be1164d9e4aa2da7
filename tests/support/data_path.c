#include "support/data_path.h"

#include "support/miniport_parts.h"

struct data_path data_path;

static RECEIVE_NET_BUFFER_LISTS_HANDLER protocol_receive;

/* --- what the ends see --- */

static void
note_call(struct path_end *end, NET_BUFFER_LIST *chain, NDIS_PORT_NUMBER port, ULONG flags,
          ULONG dispatch)
{
    end->calls++;
    end->port = port;
    end->at_dispatch = (flags & dispatch) != 0;
    end->flag_wrong = end->flag_wrong || (end->at_dispatch && KeGetCurrentIrql() < DISPATCH_LEVEL);
    end->flags = flags & ~dispatch;
    for (; chain != NULL; chain = NET_BUFFER_LIST_NEXT_NBL(chain)) {
        if (end->lists < PATH_LISTS) {
            end->list[end->lists] = chain;
            end->status[end->lists] = NET_BUFFER_LIST_STATUS(chain);
        }
        end->lists++;
    }
}

static VOID
send(NDIS_HANDLE context, PNET_BUFFER_LIST chain, NDIS_PORT_NUMBER number, ULONG flags)
{
    note_call(&data_path.sent, chain, number, flags, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
    if (data_path.on_sent != NULL) {
        data_path.on_sent(chain);
    }
    if (!data_path.hold_sends) {
        port_send(context, chain, number, flags);
    }
}

static VOID
return_lists(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    note_call(&data_path.returned, chain, 0, flags, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
    port_return_lists(context, chain, flags);
}

static VOID
send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    (void)context;
    note_call(&data_path.completed, chain, 0, flags, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    if (data_path.on_completed != NULL) {
        data_path.on_completed(chain);
    }
    if (!data_path.keep_completed) {
        path_free(chain);
    }
}

static VOID
receive(NDIS_HANDLE context, PNET_BUFFER_LIST chain, NDIS_PORT_NUMBER port, ULONG count,
        ULONG flags)
{
    note_call(&data_path.received, chain, port, flags, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    data_path.received.count = count;
    if (data_path.on_received != NULL) {
        data_path.on_received(chain);
    }
    if (!data_path.hold_receives || !NDIS_TEST_RECEIVE_CAN_PEND(flags)) {
        protocol_receive(context, chain, port, count, flags);
    }
}

static void
edit_miniport(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->SendNetBufferListsHandler = send;
    characteristics->ReturnNetBufferListsHandler = return_lists;
}

static void
edit_protocol(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    protocol_receive = characteristics->ReceiveNetBufferListsHandler;
    characteristics->ReceiveNetBufferListsHandler = receive;
    characteristics->SendNetBufferListsCompleteHandler = send_complete;
}

void
data_path_reset(void)
{
    memset(&data_path, 0, sizeof(data_path));
    miniport_reset();
    miniport.edit_characteristics = edit_miniport;
    protocol_reset();
    protocol.edit_characteristics = edit_protocol;
}

void
data_path_up(struct world *w, uint64_t seed)
{
    world_open(w, seed);
    world_load_protocol(w);
    world_add_adapter(w);
    expect_state(w, "Running");
    expect(w, opening_latest() != NULL && opening_latest()->running);
}

/* --- lists of the test --- */

NET_BUFFER_LIST *
path_list(struct opening *opening, ULONG bytes, uint8_t fill)
{
    NET_BUFFER_LIST *nbl = NdisAllocateNetBufferList(opening->pool, 0, 0);
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(nbl);

    NdisRetreatNetBufferDataStart(buffer, bytes, 0, NULL);
    make_frame_bytes(NdisGetDataBuffer(buffer, bytes, NULL, 1, 0), bytes, fill);
    nbl->SourceHandle = opening->handle;
    return nbl;
}

NET_BUFFER_LIST *
path_chain(struct opening *opening, unsigned count)
{
    NET_BUFFER_LIST *chain = NULL;

    while (count-- > 0) {
        NET_BUFFER_LIST *nbl = path_list(opening, 60, (uint8_t)count);

        NET_BUFFER_LIST_NEXT_NBL(nbl) = chain;
        chain = nbl;
    }
    return chain;
}

void
path_free(NET_BUFFER_LIST *chain)
{
    while (chain != NULL) {
        NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(chain);

        NET_BUFFER_LIST_NEXT_NBL(chain) = NULL;
        NdisFreeNetBufferList(chain);
        chain = next;
    }
}

struct raised {
    void (*routine)(void *argument);
    void *argument;
};

static void
run_raised(void *argument)
{
    const struct raised *raised = argument;
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    raised->routine(raised->argument);
    KeLowerIrql(irql);
}

void
world_at_dispatch(struct world *w, void (*routine)(void *argument), void *argument)
{
    struct raised raised = {routine, argument};

    world_as_driver(w, run_raised, &raised);
}
