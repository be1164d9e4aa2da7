/* Pause, restart and what else befalls a binding ("Handling PnP Events in a Protocol Driver"). */
#include "bridge.h"

/*
 * "Pausing a Binding": no new sends, and the pause is over when all have come back. What was
 * received here and is on its way out elsewhere comes back with its own sends; NDIS waits for that.
 */
static NDIS_STATUS
pause(struct port *port)
{
    WriteNoFence(&port->running, FALSE);
    ExWaitForRundownProtectionReleaseCacheAware(port->sending);
    ExRundownCompletedCacheAware(port->sending);
    return NDIS_STATUS_SUCCESS;
}

/* What the stack below is now; without a list of attributes nothing has changed. */
static void
adopt(struct port *port, const NDIS_PROTOCOL_RESTART_PARAMETERS *parameters)
{
    const NDIS_RESTART_ATTRIBUTES *attributes =
        parameters == NULL ? NULL : parameters->RestartAttributes;

    for (; attributes != NULL; attributes = attributes->Next) {
        if (attributes->Oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
            const NDIS_RESTART_GENERAL_ATTRIBUTES *general =
                (const NDIS_RESTART_GENERAL_ATTRIBUTES *)attributes->Data;

            WriteNoFence(&port->mtu, (LONG)general->MtuSize);
            WriteNoFence(&port->tags, (general->MacOptions & NDIS_MAC_OPTION_8021Q_VLAN) != 0);
        }
    }
}

static NDIS_STATUS
restart(struct port *port, const NDIS_PROTOCOL_RESTART_PARAMETERS *parameters)
{
    adopt(port, parameters);
    request_offloads(port);
    request_link_state(port);
    ExReInitializeRundownProtectionCacheAware(port->sending);
    WriteNoFence(&port->running, TRUE);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
BridgeNetPnPEvent(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    struct port *port = context;

    switch (event->NetPnPEvent.NetEvent) {
    case NetEventPause:
        return pause(port);
    case NetEventRestart:
        return restart(port, event->NetPnPEvent.Buffer);
    default:
        /* Power states and removals come with a pause of their own; there is nothing to refuse. */
        return NDIS_STATUS_SUCCESS;
    }
}
