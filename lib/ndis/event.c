/* Delivering PnP events. What they mean is decided by who raises them: stack.c, power.c, port.c. */
#include "ndis/event.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"

/* "A protocol driver should always succeed ..."; these two may be refused. */
static bool
may_be_refused(NET_PNP_EVENT_CODE event)
{
    return event == NetEventQueryRemoveDevice || event == NetEventPortActivation;
}

static void
fill(struct notification *notification, NET_PNP_EVENT_CODE event, void *buffer, ULONG bytes,
     struct pending *operation)
{
    memset(notification, 0, sizeof(*notification));
    notification->public.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    notification->public.Header.Revision = NET_PNP_EVENT_NOTIFICATION_REVISION_1;
    notification->public.Header.Size = NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1;
    notification->public.NetPnPEvent.NetEvent = event;
    notification->public.NetPnPEvent.Buffer = buffer;
    notification->public.NetPnPEvent.BufferLength = bytes;
    notification->operation = operation;
}

/* --- turns --- */

enum sleep_result
pndis__binding_turn_take(struct context *context, struct binding *binding)
{
    uint64_t deadline_ns = pndis__deadline(context);
    enum sleep_result result = pndis__wait(context, &binding->turn, deadline_ns, true);
    NDIS_STATUS status;

    if (result != SLEEP_WOKEN || !binding->event_unanswered) {
        return result;
    }
    result = pndis__pending_wait(context, &binding->event, deadline_ns, true, &status);
    if (result == SLEEP_WOKEN) {
        binding->event_unanswered = false;
    } else {
        pndis__binding_turn_give(binding);
    }
    return result;
}

void
pndis__binding_turn_give(struct binding *binding)
{
    KeSetEvent(&binding->turn, IO_NO_INCREMENT, FALSE);
}

/* --- delivering --- */

/* @binding: NULL for an event of the protocol driver as a whole. */
static NDIS_STATUS
deliver(struct context *context, struct protocol *protocol, struct binding *binding,
        struct notification *notification)
{
    struct owner *owner = binding == NULL ? &protocol->owner : &binding->owner;
    NET_PNP_EVENT_CODE event = notification->public.NetPnPEvent.NetEvent;
    struct pending *operation = notification->operation;
    struct frame frame;
    NDIS_STATUS status;
    NDIS_STATUS answer;
    bool twice;

    PROBE(context, REQUEST, .name = "NetPnPEvent", .owner = owner, .a = event);
    pndis__pending_ask(operation);
    pndis__guest_enter(context, &frame, owner, "ProtocolNetPnPEvent");
    answer = protocol->calls.NetPnPEventHandler(binding == NULL ? NULL : binding->context,
                                                &notification->public);
    pndis__guest_leave_status(context, &frame, answer);
    if (!pndis__pending_returned(operation, answer, &status, &twice) || twice) {
        if (pndis__pending_wait(context, operation, pndis__deadline(context), true, &status) !=
            SLEEP_WOKEN) {
            return NDIS_STATUS_PENDING;
        }
    } else if (binding != NULL) {
        pndis__binding_answered(context, binding, status);
    }
    if (twice) {
        pndis__report(context, RULE_BD_EVENT_3, owner, "ProtocolNetPnPEvent", NULL,
                      "event %d was completed by a call and by the return value 0x%08x", (int)event,
                      (unsigned)answer);
    }
    if (status != NDIS_STATUS_SUCCESS && !may_be_refused(event)) {
        pndis__report(context, RULE_BD_EVENT_4, owner, "ProtocolNetPnPEvent", NULL,
                      "event %d was answered with 0x%08x", (int)event, (unsigned)status);
    }
    return status;
}

NDIS_STATUS
pndis__binding_event_in_turn(struct context *context, struct binding *binding,
                             NET_PNP_EVENT_CODE event, void *buffer, ULONG bytes)
{
    struct notification *notification = &binding->notification;
    NDIS_STATUS status;

    fill(notification, event, buffer, bytes, &binding->event);
    status = deliver(context, binding->protocol, binding, notification);
    binding->event_unanswered = status == NDIS_STATUS_PENDING;
    return status;
}

/* Neither while it is bound nor when its unbind has begun. */
static bool
hears_events(const struct binding *binding)
{
    unsigned state = state_of(&binding->at);

    return state != BD_UNBOUND && state != BD_OPENING && state != BD_CLOSING &&
           !binding_is_closing(binding);
}

NDIS_STATUS
pndis__binding_event(struct context *context, struct binding *binding, NET_PNP_EVENT_CODE event,
                     void *buffer, ULONG bytes)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    if (pndis__binding_turn_take(context, binding) != SLEEP_WOKEN) {
        pndis__report(context, RULE_BD_EVENT_3, &binding->owner, "ProtocolNetPnPEvent", NULL,
                      "%s does not hear of event %d: it has not completed what came before in time",
                      binding->owner.name, (int)event);
        return NDIS_STATUS_PENDING;
    }
    if (hears_events(binding)) {
        status = pndis__binding_event_in_turn(context, binding, event, buffer, bytes);
    }
    pndis__binding_turn_give(binding);
    return status;
}

NDIS_STATUS
pndis__protocol_event(struct context *context, struct protocol *protocol, NET_PNP_EVENT_CODE event,
                      void *buffer, ULONG bytes)
{
    struct notification notification;
    struct pending operation;

    pndis__pending_init(&operation);
    fill(&notification, event, buffer, bytes, &operation);
    return deliver(context, protocol, NULL, &notification);
}

/*
 * "NdisCompleteNetPnPEvent function". IRQL: PASSIVE_LEVEL.
 * Valid once for an event that ProtocolNetPnPEvent returned NDIS_STATUS_PENDING for, with the same
 * notification; else BD_EVENT_3.
 */
VOID
NdisCompleteNetPnPEvent(NDIS_HANDLE NdisBindingHandle, PNET_PNP_EVENT_NOTIFICATION NetPnPEvent,
                        NDIS_STATUS Status)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct binding *binding = (struct binding *)pndis__handle(
        context, NdisBindingHandle, HANDLE_BIT(BINDING), __func__, caller);

    if (binding == NULL) {
        return;
    }
    if (NetPnPEvent != &binding->notification.public || Status == NDIS_STATUS_PENDING ||
        !pndis__pending_claim(&binding->event)) {
        pndis__report(context, RULE_BD_EVENT_3, &binding->owner, __func__, caller,
                      "%s completes an event that is not pending, or with NDIS_STATUS_PENDING",
                      binding->owner.name);
        return;
    }
    /* State first, event second: the driver may send as soon as this returns. */
    pndis__binding_answered(context, binding, Status);
    pndis__pending_complete(&binding->event, Status);
}

void
pndis__device_event(struct context *context, struct pndis_adapter *adapter,
                    NDIS_DEVICE_PNP_EVENT event, void *buffer, ULONG bytes)
{
    NET_DEVICE_PNP_EVENT notification = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NET_DEVICE_PNP_EVENT_REVISION_1,
                   .Size = NDIS_SIZEOF_NET_DEVICE_PNP_EVENT_REVISION_1},
        .DevicePnPEvent = event,
        .InformationBuffer = buffer,
        .InformationBufferLength = bytes,
    };
    NDIS_POWER_PROFILE mains = NdisPowerProfileAcOnLine;
    struct frame frame;

    if (event == NdisDevicePnPEventPowerProfileChanged && buffer == NULL) {
        notification.InformationBuffer = &mains;
        notification.InformationBufferLength = sizeof(mains);
    }
    PROBE(context, REQUEST, .name = "DevicePnPEvent", .owner = &adapter->owner, .a = event);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportDevicePnPEventNotify");
    adapter->driver->calls.DevicePnPEventNotifyHandler(adapter->context, &notification);
    pndis__guest_leave(context, &frame);
}
