/* Receiving: from a miniport up to the bindings, and the return back down. */
#include "ndis/adapter.h"
#include "ndis/data.h"
#include "ndis/port.h"
#include "ndis/receive_filter.h"

/* --- back down --- */

void
pndis__return_to_miniport(struct context *context, struct pndis_adapter *adapter,
                          NET_BUFFER_LIST *nbls, uint64_t count, ULONG flags)
{
    struct frame frame;

    /* The miniport may complete its pause in the callback, so these count as back before it. */
    tally_back(adapter->receives, context, count);
    tally_out(adapter->calls, context, 1);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportReturnNetBufferLists");
    adapter->driver->calls.ReturnNetBufferListsHandler(adapter->context, nbls, flags);
    pndis__guest_leave(context, &frame);
    tally_back(adapter->calls, context, 1);
}

static ULONG
return_flags(const struct context *context)
{
    return context->irql >= DISPATCH_LEVEL ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0;
}

/*
 * "NdisReturnNetBufferLists function". IRQL <= DISPATCH_LEVEL.
 * The protocol gives lists back that it got without NDIS_RECEIVE_FLAGS_RESOURCES, in any grouping,
 * on the binding they came from. A list that the binding does not have is reported (RECV_RETURN)
 * and dropped.
 */
VOID
NdisReturnNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
                         ULONG ReturnFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = NdisBindingHandle;

    if (!handle_ok(context, NdisBindingHandle, HANDLE_BINDING, __func__, NT_CALLER())) {
        return;
    }
    if (data_checked(context)) {
        pndis__dispatch_flag_check(context, NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(ReturnFlags),
                                   __func__, NT_CALLER());
        NetBufferLists = pndis__holder_check(context, NetBufferLists, binding, &binding->owner,
                                             RULE_RECV_RETURN, __func__, NT_CALLER());
    }
    while (NetBufferLists != NULL) {
        uint64_t count;
        NET_BUFFER_LIST *piece = chain_take_source(&NetBufferLists, &count);

        PROBE(context, NBL, .name = __func__, .owner = &binding->owner, .a = count,
              .b = ReturnFlags, .object = piece);
        tally_back(binding->receives, context, count);
        if (handle_ok(context, piece->SourceHandle, HANDLE_ADAPTER, __func__, NT_CALLER())) {
            pndis__return_to_miniport(context, piece->SourceHandle, piece, count, ReturnFlags);
        }
    }
    binding_maybe_quiet(binding);
}

/* --- up --- */

/* With RESOURCES the receiver restores the chain before it returns. */
static void
check_restored(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls,
               NET_BUFFER_LIST *last, uint64_t count)
{
    NET_BUFFER_LIST *nbl = nbls;
    uint64_t left = count;

    while (nbl != NULL && left > 1) {
        nbl = nbl->Next;
        left--;
    }
    if (nbl != last || last->Next != NULL) {
        pndis__report(context, RULE_RECV_RETURN, &binding->owner, "ProtocolReceiveNetBufferLists",
                      NULL, "%s returned from an indication with RESOURCES with another chain",
                      binding->owner.name);
    }
}

bool
pndis__binding_receive(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls,
                       NDIS_PORT_NUMBER port, uint64_t count, ULONG flags)
{
    bool keeps = NDIS_TEST_RECEIVE_CAN_PEND(flags);
    NET_BUFFER_LIST *last = NULL;
    struct frame frame;

    tally_out(binding->calls, context, 1);
    if (__builtin_expect(
            __atomic_load_n(&binding->receive_gate, __ATOMIC_SEQ_CST) != NDIS_STATUS_SUCCESS, 0)) {
        tally_back(binding->calls, context, 1);
        binding_maybe_quiet(binding);
        return false;
    }
    if (data_checked(context)) {
        pndis__holder_set(nbls, keeps ? binding : NULL);
        last = chain_last(nbls);
    }
    if (keeps) {
        tally_out(binding->receives, context, count);
    }
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolReceiveNetBufferLists");
    binding->protocol->calls.ReceiveNetBufferListsHandler(binding->context, nbls, port,
                                                          (ULONG)count, flags);
    pndis__guest_leave(context, &frame);
    if (!keeps && last != NULL) {
        check_restored(context, binding, nbls, last, count);
    }
    tally_back(binding->calls, context, 1);
    binding_maybe_quiet(binding);
    return true;
}

static bool
check_indication(struct context *context, struct pndis_adapter *adapter, NET_BUFFER_LIST *nbls,
                 NDIS_PORT_NUMBER port, ULONG *count, ULONG flags, const void *caller)
{
    const char *call = "NdisMIndicateReceiveNetBufferLists";
    ULONG length = (ULONG)chain_length(nbls);

    pndis__dispatch_flag_check(context, NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(flags), call, caller);
    if (length != *count) {
        pndis__report(context, RULE_RECV_COUNT, &adapter->owner, call, caller,
                      "NumberOfNetBufferLists is %u for a chain of %u", *count, length);
        *count = length;
    }
    if (port != NDIS_DEFAULT_PORT_NUMBER && !pndis__port_is_active(adapter, port)) {
        pndis__report(context, RULE_RECV_PORT, &adapter->owner, call, caller,
                      "%s indicates on port %u, which is not active", adapter->owner.name, port);
    }
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = nbl->Next) {
        if (!pndis__nbl_is_ours(context, nbl)) {
            pndis__report(context, RULE_NBL_ORIGIN, &adapter->owner, call, caller,
                          "%s indicates a NET_BUFFER_LIST that is free or from no NDIS pool",
                          adapter->owner.name);
            return false;
        }
        if (nbl->SourceHandle != &adapter->handle) {
            pndis__report(context, RULE_RECV_SOURCE, &adapter->owner, call, caller,
                          "SourceHandle of a NET_BUFFER_LIST that %s indicates is not its handle",
                          adapter->owner.name);
            nbl->SourceHandle = &adapter->handle;
        }
        if (nbl_note_of(nbl)->holder != NULL) {
            pndis__report(context, RULE_RECV_RETURN, &adapter->owner, call, caller,
                          "%s indicates a NET_BUFFER_LIST that has not been returned yet",
                          adapter->owner.name);
            return false;
        }
    }
    return true;
}

/* Give a run of lists that the same bindings want to all of them: the last one may keep them. */
static bool
deliver_run(struct context *context, struct binding **takers, unsigned taker_count,
            NET_BUFFER_LIST *run, NDIS_PORT_NUMBER port, uint64_t count, ULONG flags)
{
    for (unsigned i = 0; i + 1 < taker_count; i++) {
        pndis__binding_receive(context, takers[i], run, port, count,
                               flags | NDIS_RECEIVE_FLAGS_RESOURCES);
    }
    return taker_count > 0 &&
           pndis__binding_receive(context, takers[taker_count - 1], run, port, count, flags);
}

/* Cut off the first lists of @chain that the same bindings take, who are written to @takers. */
static NET_BUFFER_LIST *
take_run(struct pndis_adapter *adapter, NET_BUFFER_LIST **chain, ULONG flags,
         struct binding *takers[TAKER_LIMIT], unsigned *out_taker_count, uint64_t *out_count)
{
    NET_BUFFER_LIST *first = *chain;
    NET_BUFFER_LIST *last = first;
    uint64_t count = 1;

    *out_taker_count = pndis__takers_of(adapter, first, flags, takers);
    while (last->Next != NULL &&
           pndis__takers_are(adapter, last->Next, flags, takers, *out_taker_count)) {
        last = last->Next;
        count++;
    }
    *chain = last->Next;
    last->Next = NULL;
    *out_count = count;
    return first;
}

static void
distribute(struct context *context, struct pndis_adapter *adapter, NET_BUFFER_LIST *nbls,
           NDIS_PORT_NUMBER port, ULONG flags)
{
    bool keeps = NDIS_TEST_RECEIVE_CAN_PEND(flags);
    NET_BUFFER_LIST *unwanted = NULL;
    NET_BUFFER_LIST **unwanted_end = &unwanted;
    NET_BUFFER_LIST *restored_end = NULL;
    uint64_t unwanted_count = 0;

    while (nbls != NULL) {
        struct binding *takers[TAKER_LIMIT];
        unsigned taker_count;
        uint64_t count;
        NET_BUFFER_LIST *run = take_run(adapter, &nbls, flags, takers, &taker_count, &count);
        bool taken = deliver_run(context, takers, taker_count, run, port, count, flags);

        if (!keeps) {
            /* The miniport gets its chain back as it was. */
            if (restored_end != NULL) {
                restored_end->Next = run;
            }
            restored_end = chain_last(run);
        } else if (!taken) {
            *unwanted_end = run;
            unwanted_end = &chain_last(run)->Next;
            unwanted_count += count;
        }
    }
    if (unwanted != NULL) {
        pndis__return_to_miniport(context, adapter, unwanted, unwanted_count,
                                  return_flags(context));
    }
}

/*
 * "NdisMIndicateReceiveNetBufferLists function". IRQL <= DISPATCH_LEVEL.
 * Without NDIS_RECEIVE_FLAGS_RESOURCES the lists are NDIS' until MiniportReturnNetBufferLists,
 * which may be called before this returns; with it they are the miniport's again on return. Each
 * binding gets what its packet filter lets through; when several take the same list, all but the
 * last get it with RESOURCES. Valid from MiniportRestart to the end of the pause; elsewhere
 * MP_PAUSE_5 (not in a shutdown), and the lists come back.
 */
VOID
NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
                                   PNET_BUFFER_LIST NetBufferList, NDIS_PORT_NUMBER PortNumber,
                                   ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_adapter *adapter =
        adapter_of_fast(context, MiniportAdapterHandle, __func__, NT_CALLER());
    bool keeps = NDIS_TEST_RECEIVE_CAN_PEND(ReceiveFlags);
    struct binding *binding;

    if (adapter == NULL ||
        (data_checked(context) &&
         !check_indication(context, adapter, NetBufferList, PortNumber, &NumberOfNetBufferLists,
                           ReceiveFlags, NT_CALLER()))) {
        return;
    }
    PROBE(context, NBL, .name = __func__, .owner = &adapter->owner, .a = NumberOfNetBufferLists,
          .b = ReceiveFlags, .object = NetBufferList);
    tally_out(adapter->receives, context, NumberOfNetBufferLists);
    if (__builtin_expect(
            __atomic_load_n(&adapter->receive_gate, __ATOMIC_SEQ_CST) != NDIS_STATUS_SUCCESS, 0)) {
        /* A shutdown comes at any time: it may be on its way to a driver that indicates. */
        if (state_of(&adapter->at) != MP_SHUTDOWN) {
            pndis__report(context, RULE_MP_PAUSE_5, &adapter->owner, __func__, NT_CALLER(),
                          "%s indicates receives while it is %s", adapter->owner.name,
                          state_name(&adapter->at));
        }
        if (keeps) {
            pndis__return_to_miniport(context, adapter, NetBufferList, NumberOfNetBufferLists,
                                      return_flags(context));
        } else {
            tally_back(adapter->receives, context, NumberOfNetBufferLists);
        }
        return;
    }
    binding = __atomic_load_n(&adapter->takes_all, __ATOMIC_ACQUIRE);
    if (__builtin_expect(binding == NULL ||
                             !pndis__binding_receive(context, binding, NetBufferList, PortNumber,
                                                     NumberOfNetBufferLists, ReceiveFlags),
                         0)) {
        distribute(context, adapter, NetBufferList, PortNumber, ReceiveFlags);
    }
    if (!keeps) {
        tally_back(adapter->receives, context, NumberOfNetBufferLists);
    }
}
