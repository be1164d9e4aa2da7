/* Status indications. See status.h. */
#include "ndis/status.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/data.h"
#include "ndis/header.h"
#include "ndis/oid_memory.h"
#include "ndis/port.h"

/* --- the link --- */

/* A driver may indicate a new state while somebody asks: each member is read and written whole. */
#define LINK_GET(member_) __atomic_load_n(&adapter->link.member_, __ATOMIC_RELAXED)
#define LINK_SET(member_, value_)                                                                  \
    __atomic_store_n(&adapter->link.member_, (value_), __ATOMIC_RELAXED)

void
pndis__link_state_fill(const struct pndis_adapter *adapter, NDIS_LINK_STATE *state)
{
    memset(state, 0, sizeof(*state));
    state->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    state->Header.Revision = NDIS_LINK_STATE_REVISION_1;
    state->Header.Size = NDIS_SIZEOF_LINK_STATE_REVISION_1;
    state->MediaConnectState = LINK_GET(connect);
    state->MediaDuplexState = LINK_GET(duplex);
    state->XmitLinkSpeed = LINK_GET(transmit_speed);
    state->RcvLinkSpeed = LINK_GET(receive_speed);
    state->PauseFunctions = LINK_GET(pause_functions);
    state->AutoNegotiationFlags = LINK_GET(auto_negotiation);
}

void
pndis__link_state_from_attributes(struct pndis_adapter *adapter)
{
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &adapter->attributes.general;

    LINK_SET(connect, general->MediaConnectState);
    LINK_SET(duplex, general->MediaDuplexState);
    LINK_SET(transmit_speed, general->XmitLinkSpeed);
    LINK_SET(receive_speed, general->RcvLinkSpeed);
    LINK_SET(pause_functions, general->SupportedPauseFunctions);
    LINK_SET(auto_negotiation, general->AutoNegotiationFlags);
}

static bool
learn_link_state(struct context *context, struct pndis_adapter *adapter,
                 const NDIS_STATUS_INDICATION *indication, const char *call, const void *caller)
{
    const NDIS_LINK_STATE *state = indication->StatusBuffer;

    if (!pndis__object_header_check(context, state, HEADER_LINK_STATE, call, caller)) {
        return false;
    }
    /* The link of another port is not the adapter's. */
    if (indication->PortNumber != NDIS_DEFAULT_PORT_NUMBER) {
        return true;
    }
    LINK_SET(connect, state->MediaConnectState);
    LINK_SET(duplex, state->MediaDuplexState);
    LINK_SET(transmit_speed, state->XmitLinkSpeed);
    LINK_SET(receive_speed, state->RcvLinkSpeed);
    LINK_SET(pause_functions, state->PauseFunctions);
    LINK_SET(auto_negotiation, state->AutoNegotiationFlags);
    return true;
}

static bool
learn_offload(struct context *context, struct pndis_adapter *adapter,
              const NDIS_STATUS_INDICATION *indication, const char *call, const void *caller)
{
    const NDIS_OFFLOAD *offload = indication->StatusBuffer;

    if (offload->Header.Type != NDIS_OBJECT_TYPE_OFFLOAD ||
        offload->Header.Size > indication->StatusBufferSize) {
        pndis__report(context, RULE_OBJECT_HEADER, &adapter->owner, call, caller,
                      "NDIS_OFFLOAD of %s has type 0x%02x and size %u in a buffer of %u",
                      adapter->owner.name, offload->Header.Type, offload->Header.Size,
                      indication->StatusBufferSize);
        return false;
    }
    pndis__headed_copy(&adapter->attributes.offload_default,
                       sizeof(adapter->attributes.offload_default), offload,
                       indication->StatusBufferSize);
    return true;
}

/* "StatusBuffer contains the ULONG identifier of the rejected [one]." */
static ULONG
rejected_id(const NDIS_STATUS_INDICATION *indication)
{
    ULONG id;

    memcpy(&id, indication->StatusBuffer, sizeof(id));
    return id;
}

static bool
learn_pattern_rejected(struct context *context, struct pndis_adapter *adapter,
                       const NDIS_STATUS_INDICATION *indication, const char *call,
                       const void *caller)
{
    (void)context;
    (void)call;
    (void)caller;
    pndis__oid_memory_rejected(adapter, OID_PM_WOL_PATTERN_LIST, rejected_id(indication));
    return true;
}

static bool
learn_offload_rejected(struct context *context, struct pndis_adapter *adapter,
                       const NDIS_STATUS_INDICATION *indication, const char *call,
                       const void *caller)
{
    (void)context;
    (void)call;
    (void)caller;
    pndis__oid_memory_rejected(adapter, OID_PM_PROTOCOL_OFFLOAD_LIST, rejected_id(indication));
    return true;
}

static bool
ours_to_indicate(struct context *context, struct pndis_adapter *adapter,
                 const NDIS_STATUS_INDICATION *indication, const char *call, const void *caller)
{
    pndis__report(context, RULE_STATUS_RESET, &adapter->owner, call, caller,
                  "%s indicates 0x%08x, which is NDIS' business", adapter->owner.name,
                  (unsigned)indication->StatusCode);
    return false;
}

/* Codes that NDIS looks at: how long the buffer has to be, and what it learns. */
static const struct {
    NDIS_STATUS code;
    ULONG bytes;
    bool (*learn)(struct context *context, struct pndis_adapter *adapter,
                  const NDIS_STATUS_INDICATION *indication, const char *call, const void *caller);
} known[] = {
    {NDIS_STATUS_LINK_STATE, NDIS_SIZEOF_LINK_STATE_REVISION_1, learn_link_state},
    {NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, sizeof(NDIS_OBJECT_HEADER), learn_offload},
    {NDIS_STATUS_PM_WOL_PATTERN_REJECTED, sizeof(ULONG), learn_pattern_rejected},
    {NDIS_STATUS_PM_OFFLOAD_REJECTED, sizeof(ULONG), learn_offload_rejected},
    {NDIS_STATUS_RESET_START, 0, ours_to_indicate},
    {NDIS_STATUS_RESET_END, 0, ours_to_indicate},
};

/* --- up --- */

/* Counting before looking whether it is open: see NdisCloseAdapterEx. */
static void
indicate_to(struct context *context, struct binding *binding, NDIS_STATUS_INDICATION *indication)
{
    struct frame frame;

    tally_out(binding->calls, context, 1);
    if (binding_is_open(binding) && binding->protocol->calls.StatusHandlerEx != NULL) {
        pndis__guest_enter(context, &frame, &binding->owner, "ProtocolStatusEx");
        binding->protocol->calls.StatusHandlerEx(binding->context, indication);
        pndis__guest_leave(context, &frame);
    }
    tally_back(binding->calls, context, 1);
    binding_maybe_quiet(binding);
}

/* Returns whether the binding that it is for, or all of them, were there. */
static bool
indicate(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS_INDICATION *indication)
{
    NDIS_HANDLE wanted = indication->DestinationHandle;
    struct binding *binding = NULL;
    bool found = wanted == NULL;

    PROBE(context, REQUEST, .name = "status", .owner = &adapter->owner,
          .a = (uint32_t)indication->StatusCode);
    while ((binding = pndis__binding_next(adapter, binding)) != NULL) {
        if (wanted == NULL || wanted == &binding->handle) {
            found = true;
            indicate_to(context, binding, indication);
        }
    }
    return found;
}

void
pndis__status_indicate(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS code,
                       void *buffer, ULONG bytes)
{
    NDIS_STATUS_INDICATION indication = {
        .Header = {.Type = NDIS_OBJECT_TYPE_STATUS_INDICATION,
                   .Revision = NDIS_STATUS_INDICATION_REVISION_1,
                   .Size = NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = &adapter->handle,
        .StatusCode = code,
        .StatusBuffer = buffer,
        .StatusBufferSize = bytes,
    };

    indicate(context, adapter, &indication);
}

static bool
indication_ok(struct context *context, struct pndis_adapter *adapter,
              const NDIS_STATUS_INDICATION *indication, const char *call, const void *caller)
{
    const char *fault = NULL;

    if (!pndis__object_header_check(context, indication, HEADER_STATUS_INDICATION, call, caller)) {
        return false;
    }
    if (indication->SourceHandle != &adapter->handle) {
        fault = "SourceHandle is not the adapter's handle";
    } else if (indication->Flags != 0) {
        fault = "Flags is not 0";
    } else if (indication->StatusBuffer == NULL && indication->StatusBufferSize != 0) {
        fault = "StatusBuffer is NULL with a size";
    } else if (indication->DestinationHandle == NULL && indication->RequestId != NULL) {
        /* The other way round it may be a request whose RequestId is NULL. */
        fault = "RequestId is set without DestinationHandle";
    }
    if (fault != NULL) {
        pndis__report(context, RULE_STATUS_INDICATION, &adapter->owner, call, caller,
                      "status 0x%08x of %s: %s", (unsigned)indication->StatusCode,
                      adapter->owner.name, fault);
    }
    return fault == NULL;
}

/* "Miniport drivers never indicate status for inactive ports." */
static bool
port_ok(struct context *context, struct pndis_adapter *adapter,
        const NDIS_STATUS_INDICATION *indication, const char *call, const void *caller)
{
    bool ok = indication->PortNumber == NDIS_DEFAULT_PORT_NUMBER ||
              pndis__port_is_active(adapter, indication->PortNumber);

    if (!ok) {
        pndis__report(context, RULE_STATUS_PORT, &adapter->owner, call, caller,
                      "%s indicates status 0x%08x for port %u, which is not active",
                      adapter->owner.name, (unsigned)indication->StatusCode,
                      indication->PortNumber);
    }
    return ok;
}

/*
 * "NdisMIndicateStatusEx function". IRQL <= DISPATCH_LEVEL.
 * From the registration attributes on until MiniportHaltEx returns. The indication and its buffer
 * are borrowed for the call. A malformed one is reported (bug check 0x7C,
 * STATUS_INDICATION_INVALID_BUFFER) and goes nowhere, as does one for what is no binding. One for a
 * binding that has been closed is no fault: who answers a request late cannot know.
 */
VOID
NdisMIndicateStatusEx(NDIS_HANDLE MiniportAdapterHandle, PNDIS_STATUS_INDICATION StatusIndication)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);

    if (adapter == NULL || !pndis__attributes_needed(context, adapter, __func__, caller) ||
        !indication_ok(context, adapter, StatusIndication, __func__, caller) ||
        !port_ok(context, adapter, StatusIndication, __func__, caller)) {
        return;
    }
    for (size_t i = 0; i < RTL_NUMBER_OF(known); i++) {
        if (known[i].code != StatusIndication->StatusCode) {
            continue;
        }
        if (StatusIndication->StatusBufferSize < known[i].bytes) {
            pndis__report(context, RULE_STATUS_INDICATION, &adapter->owner, __func__, caller,
                          "status 0x%08x of %s has %u bytes, less than %u",
                          (unsigned)StatusIndication->StatusCode, adapter->owner.name,
                          StatusIndication->StatusBufferSize, known[i].bytes);
            return;
        }
        if (!known[i].learn(context, adapter, StatusIndication, __func__, caller)) {
            return;
        }
    }
    if (!indicate(context, adapter, StatusIndication) &&
        !pndis__handle_remembered(context->machine, StatusIndication->DestinationHandle,
                                  HANDLE_BIT(BINDING))) {
        pndis__report(context, RULE_STATUS_INDICATION, &adapter->owner, __func__, caller,
                      "status 0x%08x of %s: DestinationHandle is no binding",
                      (unsigned)StatusIndication->StatusCode, adapter->owner.name);
    }
}
