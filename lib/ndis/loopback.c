/*
 * NDIS' loopback of sends.
 *
 * "Looping Back NDIS Packets": what one binding sends, the others see as if it had been received,
 * once any of them is promiscuous or asked for NDIS_PACKET_TYPE_ALL_LOCAL; each by its own packet
 * filter, and none that set NDIS_PACKET_TYPE_NO_LOCAL. The sender itself sees it only if it set
 * NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK, which is of no effect on the others. The frames are shown as
 * clones of the sender's data, with NDIS_RECEIVE_FLAGS_RESOURCES, before the miniport gets them.
 */
#include "ndis/adapter.h"
#include "ndis/data.h"
#include "ndis/receive_filter.h"

static bool
wants_loopback(const struct binding *binding, const struct binding *sender, const UCHAR *address,
               ULONG send_flags)
{
    ULONG filter = __atomic_load_n(&binding->filter.packet_filter, __ATOMIC_RELAXED);
    bool asked = binding == sender
                     ? NDIS_TEST_SEND_FLAG(send_flags, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK)
                     : binding->adapter->loops_back && (filter & NDIS_PACKET_TYPE_NO_LOCAL) == 0 &&
                           (binding->protocol_options & NDIS_PROT_OPTION_NO_LOOPBACK) == 0;

    return asked && pndis__packet_type_is_checked(binding->adapter) &&
           pndis__filter_passes(binding, address);
}

/* A list of @nb alone, since what is received has one frame a list ("Indicating Received Ethernet
 * Frames"). */
static NET_BUFFER_LIST *
clone_frame(NET_BUFFER_LIST *nbl, NET_BUFFER *nb)
{
    NET_BUFFER *first = NET_BUFFER_LIST_FIRST_NB(nbl);
    NET_BUFFER *next = NET_BUFFER_NEXT_NB(nb);
    NET_BUFFER_LIST *clone;

    NET_BUFFER_LIST_FIRST_NB(nbl) = nb;
    NET_BUFFER_NEXT_NB(nb) = NULL;
    clone = NdisAllocateCloneNetBufferList(nbl, NULL, NULL, 0);
    NET_BUFFER_LIST_FIRST_NB(nbl) = first;
    NET_BUFFER_NEXT_NB(nb) = next;
    return clone;
}

static void
show(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbl, NET_BUFFER *nb,
     NDIS_PORT_NUMBER port)
{
    ULONG flags = NDIS_RECEIVE_FLAGS_RESOURCES;
    NET_BUFFER_LIST *clone = clone_frame(nbl, nb);

    if (clone == NULL) {
        return; /* Loopback is best effort: without memory the frame is not seen. */
    }
    clone->SourceHandle = &binding->adapter->handle;
    NdisSetNblFlag(clone, NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET);
    if (context->irql >= DISPATCH_LEVEL) {
        flags |= NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL;
    }
    pndis__binding_receive(context, binding, clone, port, 1, flags);
    NdisFreeCloneNetBufferList(clone, 0);
}

static void
loop_frame_back(struct context *context, const struct binding *sender, NET_BUFFER_LIST *nbl,
                NET_BUFFER *nb, NDIS_PORT_NUMBER port, ULONG send_flags)
{
    UCHAR storage[6];
    const UCHAR *address = NdisGetDataBuffer(nb, sizeof(storage), storage, 1, 0);

    for (struct binding *binding = sender->adapter->bindings; address != NULL && binding != NULL;
         binding = binding->next) {
        if (wants_loopback(binding, sender, address, send_flags)) {
            show(context, binding, nbl, nb, port);
        }
    }
}

void
pndis__loop_back(struct context *context, struct binding *sender, NET_BUFFER_LIST *nbls,
                 NDIS_PORT_NUMBER port, ULONG send_flags)
{
    struct pndis_adapter *adapter = sender->adapter;

    /* A miniport without NDIS_MAC_OPTION_NO_LOOPBACK loops back itself. */
    if ((adapter->attributes.general.MacOptions & NDIS_MAC_OPTION_NO_LOOPBACK) == 0) {
        return;
    }
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = nbl->Next) {
        for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb != NULL;
             nb = NET_BUFFER_NEXT_NB(nb)) {
            loop_frame_back(context, sender, nbl, nb, port, send_flags);
        }
    }
}
