/*
 * NDIS' loopback of sends.
 *
 * What one binding sends, other bindings of the adapter see if their packet filter matches, as if
 * it had been received; the sender itself only if it set NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK. The
 * frames are shown as clones of the sender's data, with NDIS_RECEIVE_FLAGS_RESOURCES, before the
 * miniport gets them.
 */
#include "ndis/adapter.h"
#include "ndis/data.h"
#include "ndis/receive_filter.h"

static bool
wants_loopback(const struct binding *binding, const struct binding *sender, const UCHAR *address,
               ULONG send_flags)
{
    if (binding == sender && !NDIS_TEST_SEND_FLAG(send_flags, NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK)) {
        return false;
    }
    return (binding->filter.packet_filter & NDIS_PACKET_TYPE_ALL_LOCAL) != 0 ||
           pndis__filter_passes(binding, address);
}

static void
show(struct context *context, struct binding *binding, NET_BUFFER_LIST *nbl, NDIS_PORT_NUMBER port)
{
    ULONG flags = NDIS_RECEIVE_FLAGS_RESOURCES;
    NET_BUFFER_LIST *clone = NdisAllocateCloneNetBufferList(nbl, NULL, NULL, 0);

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

void
pndis__loop_back(struct context *context, struct binding *sender, NET_BUFFER_LIST *nbls,
                 NDIS_PORT_NUMBER port, ULONG send_flags)
{
    struct pndis_adapter *adapter = sender->adapter;

    if ((adapter->attributes.general.MacOptions & NDIS_MAC_OPTION_NO_LOOPBACK) == 0 ||
        (sender->protocol_options & NDIS_PROT_OPTION_NO_LOOPBACK) != 0) {
        return;
    }
    for (NET_BUFFER_LIST *nbl = nbls; nbl != NULL; nbl = nbl->Next) {
        NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
        UCHAR storage[6];
        const UCHAR *address =
            nb == NULL ? NULL : NdisGetDataBuffer(nb, sizeof(storage), storage, 1, 0);

        for (struct binding *binding = adapter->bindings; address != NULL && binding != NULL;
             binding = binding->next) {
            if (wants_loopback(binding, sender, address, send_flags)) {
                show(context, binding, nbl, port);
            }
        }
    }
}
