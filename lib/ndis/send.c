/* Sending: from a protocol down to the miniport, and the completion back up. */
#include "ndis/adapter.h"
#include "ndis/data.h"

/* --- down --- */

void
pndis__refuse_sends(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls,
                    uint64_t count, NDIS_STATUS status)
{
    struct frame frame;
    bool at_dispatch = context->irql >= DISPATCH_LEVEL;

    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = nbl->Next) {
        NET_BUFFER_LIST_STATUS(nbl) = status;
    }
    tally_back(binding->sends, context, count);
    tally_out(binding->calls, context, 1);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolSendNetBufferListsComplete");
    binding->protocol->calls.SendNetBufferListsCompleteHandler(
        binding->context, nbls, at_dispatch ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
    pndis__guest_leave(context, &frame);
    tally_back(binding->calls, context, 1);
    binding_maybe_quiet(binding);
}

static void
check_sends(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls, ULONG flags,
            const void *caller)
{
    const char *call = "NdisSendNetBufferLists";

    pndis__dispatch_flag_check(context, NDIS_TEST_SEND_AT_DISPATCH_LEVEL(flags), call, caller);
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = nbl->Next) {
        if (!pndis__nbl_is_ours(context, nbl)) {
            pndis__report(context, RULE_NBL_ORIGIN, &binding->owner, call, caller,
                          "%s sends a NET_BUFFER_LIST that is free or from no NDIS pool",
                          binding->owner.name);
        } else if (nbl->SourceHandle != &binding->handle) {
            pndis__report(context, RULE_SEND_SOURCE, &binding->owner, call, caller,
                          "SourceHandle of a NET_BUFFER_LIST that %s sends is not its binding "
                          "handle",
                          binding->owner.name);
            nbl->SourceHandle = &binding->handle;
        }
    }
}

static void
call_miniport(struct context *context, struct pndis_adapter *adapter, NET_BUFFER_LIST *nbls,
              NDIS_PORT_NUMBER port, ULONG flags)
{
    struct frame frame;

    tally_out(adapter->calls, context, 1);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportSendNetBufferLists");
    adapter->driver->calls.SendNetBufferListsHandler(adapter->context, nbls, port, flags);
    pndis__guest_leave(context, &frame);
    tally_back(adapter->calls, context, 1);
}

/*
 * "NdisSendNetBufferLists function". IRQL <= DISPATCH_LEVEL.
 * The lists are NDIS' until ProtocolSendNetBufferListsComplete, which may come before this returns.
 * While the binding or the adapter takes no sends they come back at once, with NDIS_STATUS_PAUSED,
 * NDIS_STATUS_RESET_IN_PROGRESS, NDIS_STATUS_LOW_POWER_STATE or NDIS_STATUS_ADAPTER_REMOVED.
 */
VOID
NdisSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
                       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = NdisBindingHandle;
    struct pndis_adapter *adapter;
    uint64_t count;
    NDIS_STATUS gate;

    if (!handle_ok(context, NdisBindingHandle, HANDLE_BINDING, __func__, NT_CALLER())) {
        return;
    }
    adapter = binding->adapter;
    if (data_checked(context)) {
        check_sends(context, binding, NetBufferLists, SendFlags, NT_CALLER());
    }
    count = chain_length(NetBufferLists);
    PROBE(context, NBL, .name = __func__, .owner = &binding->owner, .a = count, .b = SendFlags,
          .object = NetBufferLists);
    /* Counting before looking at the gate: see tally.h. */
    tally_out(binding->sends, context, count);
    gate = __atomic_load_n(&binding->send_gate, __ATOMIC_SEQ_CST);
    if (__builtin_expect(gate != NDIS_STATUS_SUCCESS, 0)) {
        /* A driver that restarts is ready to send a moment before it can say so: no violation. */
        if (state_of(&binding->at) != BD_RESTARTING && state_of(&binding->at) != BD_RUNNING) {
            pndis__report(context, RULE_BD_SEND_STATE, &binding->owner, __func__, NT_CALLER(),
                          "%s sends while it is %s", binding->owner.name, state_name(&binding->at));
        }
        pndis__refuse_sends(context, binding, NetBufferLists, count, gate);
        return;
    }
    tally_out(adapter->sends, context, count);
    gate = __atomic_load_n(&adapter->send_gate, __ATOMIC_SEQ_CST);
    if (__builtin_expect(gate != NDIS_STATUS_SUCCESS, 0)) {
        tally_back(adapter->sends, context, count);
        pndis__refuse_sends(context, binding, NetBufferLists, count, gate);
        return;
    }
    if (__builtin_expect(
            adapter->loops_back || (SendFlags & NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK) != 0, 0)) {
        pndis__loop_back(context, binding, NetBufferLists, PortNumber, SendFlags);
    }
    if (data_checked(context)) {
        pndis__holder_set(NetBufferLists, adapter);
    }
    call_miniport(context, adapter, NetBufferLists, PortNumber, SendFlags);
}

/* --- up --- */

static void
complete_to_binding(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbls,
                    uint64_t count, ULONG flags)
{
    struct frame frame;

    tally_back(binding->sends, context, count);
    tally_out(binding->calls, context, 1);
    pndis__guest_enter(context, &frame, &binding->owner, "ProtocolSendNetBufferListsComplete");
    binding->protocol->calls.SendNetBufferListsCompleteHandler(binding->context, nbls, flags);
    pndis__guest_leave(context, &frame);
    tally_back(binding->calls, context, 1);
    binding_maybe_quiet(binding);
}

/*
 * "NdisMSendNetBufferListsComplete function". IRQL <= DISPATCH_LEVEL.
 * The miniport has set the Status of each list and gives all of them back, in any order and
 * grouping. A list that it does not have is reported (SEND_COMPLETE) and dropped.
 */
VOID
NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle, PNET_BUFFER_LIST NetBufferList,
                                ULONG SendCompleteFlags)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_adapter *adapter =
        adapter_of_fast(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (adapter == NULL) {
        return;
    }
    if (data_checked(context)) {
        pndis__dispatch_flag_check(context,
                                   NDIS_TEST_SEND_COMPLETE_AT_DISPATCH_LEVEL(SendCompleteFlags),
                                   __func__, NT_CALLER());
        NetBufferList = pndis__holder_check(context, NetBufferList, adapter, &adapter->owner,
                                            RULE_SEND_COMPLETE, __func__, NT_CALLER());
    }
    while (NetBufferList != NULL) {
        uint64_t count;
        NET_BUFFER_LIST *piece = chain_take_source(&NetBufferList, &count);
        struct binding *binding = piece->SourceHandle;

        PROBE(context, NBL, .name = __func__, .owner = &adapter->owner, .a = count,
              .b = SendCompleteFlags, .object = piece);
        tally_back(adapter->sends, context, count);
        if (handle_ok(context, piece->SourceHandle, HANDLE_BINDING, __func__, NT_CALLER())) {
            complete_to_binding(context, binding, piece, count, SendCompleteFlags);
        }
    }
}

/* --- cancelling --- */

/*
 * "NdisCancelSendNetBufferLists function". IRQL <= DISPATCH_LEVEL.
 * Asks the miniport to complete what it has queued with @CancelId; best effort.
 */
VOID
NdisCancelSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PVOID CancelId)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct binding *binding = NdisBindingHandle;
    struct pndis_adapter *adapter;
    struct frame frame;

    if (!handle_ok(context, NdisBindingHandle, HANDLE_BINDING, __func__, NT_CALLER())) {
        return;
    }
    adapter = binding->adapter;
    if (!adapter->started) {
        return;
    }
    tally_out(adapter->calls, context, 1);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportCancelSend");
    adapter->driver->calls.CancelSendHandler(adapter->context, CancelId);
    pndis__guest_leave(context, &frame);
    tally_back(adapter->calls, context, 1);
}

/*
 * "NdisGeneratePartialCancelId function". IRQL <= DISPATCH_LEVEL.
 * A byte for the top of this driver's cancel ids; NDIS counts them up and starts again after 255.
 */
UCHAR
NdisGeneratePartialCancelId(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct ndis *ndis = pndis__ndis_of(context->machine);

    return __atomic_add_fetch(&ndis->partial_cancel_ids, 1, __ATOMIC_RELAXED);
}
