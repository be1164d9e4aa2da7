/*
 * Sends that wait for a serialized miniport: because somebody is in it, or because it had no
 * resources for them.
 */
#include "ndis5/packet.h"

#include "ndis/reset.h"

#include <utlist.h>

static void
queue_send(struct serial *serial, struct packet_block *block)
{
    brief_lock(&serial->lock);
    block->next = NULL;
    if (serial->last_send == NULL) {
        serial->first_send = block;
    } else {
        serial->last_send->next = block;
    }
    serial->last_send = block;
    block->hang_checks = serial->hang_checks;
    DL_APPEND2(serial->oldest_send, block, older, younger);
    brief_unlock(&serial->lock);
}

void
pndis__send_wait(struct context *context, struct miniport5 *miniport, NET_BUFFER_LIST *nbl)
{
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl), *next; nb != NULL; nb = next) {
        struct packet_block *block = pndis__packet_of_buffer(context, miniport, nbl, nb);

        next = NET_BUFFER_NEXT_NB(nb); /* The list may be gone when its last packet is queued. */
        if (block != NULL) {
            queue_send(&miniport->serial, block);
        } else {
            pndis__one_complete(context, miniport, nbl, NDIS_STATUS_RESOURCES);
        }
    }
}

void
pndis__send_ended(struct miniport5 *miniport, struct packet_block *block)
{
    struct serial *serial = &miniport->serial;

    brief_lock(&serial->lock);
    DL_DELETE2(serial->oldest_send, block, older, younger);
    brief_unlock(&serial->lock);
}

bool
pndis__sends_are_overdue(struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    bool overdue;

    brief_lock(&serial->lock);
    serial->hang_checks++;
    overdue = !miniport->ignores_packet_timeout && serial->oldest_send != NULL &&
              serial->hang_checks - serial->oldest_send->hang_checks > CHECKS_BEFORE_RESET;
    brief_unlock(&serial->lock);
    return overdue;
}

void
pndis__sends_have_time(struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    struct packet_block *block;

    brief_lock(&serial->lock);
    DL_FOREACH2(serial->oldest_send, block, younger)
    {
        block->hang_checks = serial->hang_checks;
    }
    brief_unlock(&serial->lock);
}

void
pndis__send_limit(struct miniport5 *miniport, ULONG most_packets)
{
    miniport->serial.most_packets = min(max(most_packets, 1ul), (ULONG)PACKETS_AT_ONCE);
}

/* Put back what the driver could not take, unless it said meanwhile that it can. */
static void
put_back(struct serial *serial, NDIS_PACKET **packets, UINT count, uint32_t resupplied)
{
    brief_lock(&serial->lock);
    for (UINT i = count; i-- > 0;) {
        struct packet_block *block = block_of(packets[i]);

        block->state = PACKET_AT_HOME;
        block->next = serial->first_send;
        serial->first_send = block;
        if (serial->last_send == NULL) {
            serial->last_send = block;
        }
    }
    serial->stalled = serial->resupplied == resupplied;
    brief_unlock(&serial->lock);
}

void
pndis__send_queued(struct context *context, struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    NDIS_PACKET *packets[PACKETS_AT_ONCE];
    uint32_t resupplied;
    UINT count = 0;
    UINT taken;

    brief_lock(&serial->lock);
    resupplied = serial->resupplied;
    while (serial->first_send != NULL && count < serial->most_packets) {
        struct packet_block *block = serial->first_send;

        serial->first_send = block->next;
        packets[count++] = &block->packet;
    }
    if (serial->first_send == NULL) {
        serial->last_send = NULL;
    }
    brief_unlock(&serial->lock);
    if (count == 0) {
        return;
    }
    taken = pndis__packets_give(context, miniport, packets, count);
    if (taken < count) {
        put_back(serial, packets + taken, count - taken, resupplied);
    }
}

/* Unlink what waits and has @cancel_id (NULL: everything). */
static struct packet_block *
take_sends(struct serial *serial, void *cancel_id)
{
    struct packet_block *taken = NULL;
    struct packet_block **end = &taken;
    struct packet_block **link;

    brief_lock(&serial->lock);
    link = &serial->first_send;
    serial->last_send = NULL;
    while (*link != NULL) {
        struct packet_block *block = *link;

        if (cancel_id == NULL || NDIS_GET_PACKET_CANCEL_ID(&block->packet) == cancel_id) {
            *link = block->next;
            *end = block;
            end = &block->next;
        } else {
            serial->last_send = block;
            link = &block->next;
        }
    }
    *end = NULL;
    if (serial->first_send == NULL) {
        serial->stalled = false;
    }
    brief_unlock(&serial->lock);
    return taken;
}

void
pndis__sends_abort(struct context *context, struct miniport5 *miniport, void *cancel_id,
                   NDIS_STATUS status)
{
    struct packet_block *block = take_sends(&miniport->serial, cancel_id);

    while (block != NULL) {
        struct packet_block *next = block->next;

        pndis__packet_complete(context, miniport, block, status);
        block = next;
    }
}

void
pndis__send_resupply(struct context *context, struct miniport5 *miniport)
{
    struct serial *serial = &miniport->serial;
    bool waits;
    KIRQL before;

    brief_lock(&serial->lock);
    serial->resupplied++;
    waits = serial->stalled;
    serial->stalled = false;
    brief_unlock(&serial->lock);
    if (waits) {
        before = to_dispatch(context);
        pndis__serial_drain(context, miniport);
        from_dispatch(context, before);
    }
}
