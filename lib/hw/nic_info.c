/* What hosts ask about a nic. */
#include "hw/nic.h"

#include <endian.h>

static void
add_counts(struct pndis_nic_counts *sum, const struct pndis_nic_counts *counts)
{
    /* All members are uint64_t, and are written one by one by others at this moment. */
    for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++) {
        ((uint64_t *)sum)[i] += __atomic_load_n((const uint64_t *)counts + i, __ATOMIC_RELAXED);
    }
}

static struct pndis_nic_queue
queue_info(struct virtqueue *queue)
{
    struct pndis_nic_queue info = {0};

    brief_lock(&queue->lock);
    if (pndis__queue_begin(queue)) {
        int waiting = pndis__queue_waiting(queue);

        info.size = queue->size;
        info.waiting = waiting < 0 ? 0 : (unsigned)waiting;
    }
    brief_unlock(&queue->lock);
    return info;
}

void
pndis_nic_get_info(struct pndis_nic *nic, struct pndis_nic_info *out_info)
{
    memset(out_info, 0, sizeof(*out_info));
    brief_lock(&nic->lock);
    memcpy(out_info->mac, nic->config.mac, sizeof(out_info->mac));
    out_info->features_offered = nic->offered;
    out_info->features = nic->features;
    out_info->resets = nic->resets;
    out_info->breakdowns = nic->breakdowns;
    out_info->device_status = nic_status(nic);
    brief_unlock(&nic->lock);
    out_info->link = pndis_nic_link(nic);
    out_info->queue_pairs = nic->pair_count;
    out_info->queue_pairs_used = __atomic_load_n(&nic->pairs_used, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < nic->pair_count; i++) {
        add_counts(&out_info->receive, &nic->pairs[i].received);
        add_counts(&out_info->send, &nic->pairs[i].sent);
        out_info->receive_queues[i] = queue_info(nic->pairs[i].receive);
        out_info->send_queues[i] = queue_info(nic->pairs[i].send);
    }
}

const char *
pndis_nic_drop_text(enum pndis_nic_drop drop)
{
    switch (drop) {
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return text;
        PNDIS_NIC_DROPS(X)
#undef X
    default:
        return "?";
    }
}

size_t
pndis_nic_breakdown(struct pndis_nic *nic, char *text, size_t bytes)
{
    size_t length = 0;

    if (bytes == 0) {
        return 0;
    }
    brief_lock(&nic->lock);
    while (length + 1 < bytes && nic->breakdown[length] != 0) {
        text[length] = nic->breakdown[length];
        length++;
    }
    brief_unlock(&nic->lock);
    text[length] = 0;
    return length;
}
