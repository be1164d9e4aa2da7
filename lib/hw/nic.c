/* The device as a whole: its life, its state, what hosts ask of it. */
#include "hw/nic.h"

#include <endian.h>
#include <pndis/error.h>
#include <stdio.h>

#include <linux/virtio_pci.h>

#define HEADER_BYTES_MATCH (sizeof(struct virtio_net_hdr_v1) == PNDIS_FRAME_HEADER_BYTES)
_Static_assert(HEADER_BYTES_MATCH, "frames begin with a virtio_net_hdr_v1");

/* --- state --- */

bool
pndis__nic_has(const struct pndis_nic *nic, unsigned feature)
{
    return (nic->features & FEATURE(feature)) != 0;
}

void
pndis__nic_config_changed(struct pndis_nic *nic)
{
    nic->common.generation++;
    __atomic_store_n(&nic->config_event, 1, __ATOMIC_RELEASE);
}

bool
pndis__nic_break(struct pndis_nic *nic, const char *format, ...)
{
    struct context *context = context_current();
    char text[NIC_BREAKDOWN_BYTES];
    va_list arguments;
    bool first;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    brief_lock(&nic->lock);
    first = (__atomic_fetch_or(&nic->status, VIRTIO_CONFIG_S_NEEDS_RESET, __ATOMIC_ACQ_REL) &
             VIRTIO_CONFIG_S_NEEDS_RESET) == 0;
    if (first) {
        memcpy(nic->breakdown, text, sizeof(text));
        nic->breakdowns++;
        pndis__nic_config_changed(nic);
    }
    brief_unlock(&nic->lock);
    if (first && context != NULL) {
        PROBE(context, NOTE, .name = "virtio-net needs a reset:", .detail = text);
    }
    return false;
}

static void
signal_driver(struct pndis_nic *nic, uint16_t vector, uint32_t isr)
{
    if ((nic->options.flags & PNDIS_NIC_NO_MESSAGES) != 0) {
        __atomic_fetch_or(&nic->isr, isr, __ATOMIC_SEQ_CST);
        pndis_device_interrupt(nic->device, 0);
    } else if (vector != QUEUE_NO_VECTOR) {
        pndis_device_interrupt(nic->device, vector);
    }
}

/* virtio 1.2, 4.1.5.3: bit 0 of the ISR is for queues, bit 1 for the configuration. */
void
pndis__nic_interrupt(struct pndis_nic *nic, const struct virtqueue *queue)
{
    signal_driver(nic, __atomic_load_n(&queue->vector, __ATOMIC_RELAXED), 1);
}

void
pndis__nic_flush(struct pndis_nic *nic)
{
    if (__builtin_expect(__atomic_load_n(&nic->config_event, __ATOMIC_RELAXED) == 0, 1) ||
        __atomic_exchange_n(&nic->config_event, 0, __ATOMIC_ACQ_REL) == 0) {
        return;
    }
    if ((__atomic_load_n(&nic->status, __ATOMIC_ACQUIRE) & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
        signal_driver(nic, nic->common.config_vector, VIRTIO_PCI_ISR_CONFIG);
    }
}

void
pndis__nic_set_offloads(struct pndis_nic *nic, uint32_t caps)
{
    const struct pndis_backend_ops *ops = nic->backend->ops;

    __atomic_store_n(&nic->guest_offloads, caps, __ATOMIC_RELAXED);
    if (ops->set_offloads != NULL) {
        brief_lock(&nic->backend_lock);
        ops->set_offloads(nic->backend, caps);
        brief_unlock(&nic->backend_lock);
    }
}

void
pndis__nic_set_pairs(struct pndis_nic *nic, unsigned pairs)
{
    const struct pndis_backend_ops *ops = nic->backend->ops;

    __atomic_store_n(&nic->pairs_used, pairs, __ATOMIC_RELAXED);
    if (ops->set_queues != NULL) {
        brief_lock(&nic->backend_lock);
        ops->set_queues(nic->backend, pairs);
        brief_unlock(&nic->backend_lock);
    }
    for (unsigned i = 0; i < nic->pair_count; i++) {
        pndis__worker_wake(&nic->pairs[i]);
    }
}

/* Without MQ the control queue is what would be the second pair's receive queue, and its lock is
 * held by the command that comes here. */
void
pndis__nic_lock_receive(struct pndis_nic *nic)
{
    for (unsigned i = 0; i < nic->pair_count; i++) {
        if (nic->pairs[i].receive != nic->control) {
            brief_lock(&nic->pairs[i].receive->lock);
        }
    }
}

void
pndis__nic_unlock_receive(struct pndis_nic *nic)
{
    for (unsigned i = nic->pair_count; i-- > 0;) {
        if (nic->pairs[i].receive != nic->control) {
            brief_unlock(&nic->pairs[i].receive->lock);
        }
    }
}

/* virtio 1.2, 5.1.2: without MQ and RSS the control queue is the third one. */
void
pndis__nic_negotiated(struct pndis_nic *nic, uint64_t features)
{
    const uint64_t several = FEATURE(VIRTIO_NET_F_MQ) | FEATURE(VIRTIO_NET_F_RSS);
    unsigned pairs = (features & several) != 0 ? nic->pair_count : 1;
    bool by_vlan = (features & FEATURE(VIRTIO_NET_F_CTRL_VLAN)) != 0;

    brief_lock(&nic->lock);
    nic->features = features;
    brief_unlock(&nic->lock);
    __atomic_store_n(&nic->control,
                     (features & FEATURE(VIRTIO_NET_F_CTRL_VQ)) != 0 ? &nic->queues[2 * pairs]
                                                                     : NULL,
                     __ATOMIC_RELEASE);
    pndis__nic_lock_receive(nic);
    pndis__nic_filter_reset(&nic->filter, nic->config.mac, by_vlan);
    pndis__nic_unlock_receive(nic);
    pndis__nic_set_offloads(nic, pndis__features_guest_caps(features));
    pndis__nic_set_pairs(nic, 1);
}

void
pndis__nic_go(struct pndis_nic *nic)
{
    for (unsigned i = 0; i < nic->pair_count; i++) {
        pndis__worker_wake(&nic->pairs[i]);
    }
}

static void
reset_queues(struct pndis_nic *nic)
{
    for (unsigned i = 0; i < nic->queue_count; i++) {
        brief_lock(&nic->queues[i].lock);
        pndis__queue_reset(&nic->queues[i]);
        brief_unlock(&nic->queues[i].lock);
    }
    for (unsigned i = 0; i < nic->pair_count; i++) {
        __atomic_store_n(&nic->pairs[i].starved, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&nic->pairs[i].blocked, 0, __ATOMIC_RELAXED);
        nic->pairs[i].most_waiting = 0;
    }
}

/* From the first store on no queue is begun; once each lock has been had, none is being worked on.
 */
void
pndis__nic_reset(struct pndis_nic *nic)
{
    brief_lock(&nic->first_use);
    __atomic_store_n(&nic->status, 0, __ATOMIC_SEQ_CST);
    brief_unlock(&nic->first_use);
    reset_queues(nic);
    pndis__steer_reset(nic);
    pndis__nic_set_offloads(nic, 0);
    pndis__nic_set_pairs(nic, 1);
    brief_lock(&nic->lock);
    nic->common =
        (struct common){.config_vector = QUEUE_NO_VECTOR, .generation = nic->common.generation};
    nic->features = 0;
    __atomic_store_n(&nic->legacy, false, __ATOMIC_RELAXED);
    __atomic_store_n(&nic->control, NULL, __ATOMIC_RELEASE);
    memcpy(nic->config.mac, nic->options.mac, sizeof(nic->options.mac));
    nic->config.status &= htole16((uint16_t)~VIRTIO_NET_S_ANNOUNCE);
    brief_unlock(&nic->lock);
    __atomic_store_n(&nic->isr, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&nic->config_event, 0, __ATOMIC_RELAXED);
}

void
pndis__nic_driver_reset(struct pndis_nic *nic)
{
    pndis__nic_reset(nic);
    brief_lock(&nic->lock);
    nic->resets++;
    brief_unlock(&nic->lock);
}

/* --- link --- */

static void
update_link(struct pndis_nic *nic)
{
    bool up = nic->plugged && nic->carrier;

    if (up == (__atomic_load_n(&nic->link, __ATOMIC_RELAXED) != 0)) {
        return;
    }
    __atomic_store_n(&nic->link, up, __ATOMIC_RELAXED);
    nic->config.status = htole16((uint16_t)((le16toh(nic->config.status) & ~VIRTIO_NET_S_LINK_UP) |
                                            (up ? VIRTIO_NET_S_LINK_UP : 0)));
    pndis__nic_config_changed(nic);
}

void
pndis__nic_flush_outside(struct pndis_nic *nic)
{
    struct host_call call;

    if (pndis__host_enter(nic->machine, &call) == 0) {
        pndis__nic_flush(nic);
        pndis__host_leave(&call);
    }
}

void
pndis_nic_set_link(struct pndis_nic *nic, bool up)
{
    const struct pndis_backend_ops *ops = nic->backend->ops;
    bool changed;

    brief_lock(&nic->lock);
    changed = nic->plugged != up;
    nic->plugged = up;
    update_link(nic);
    brief_unlock(&nic->lock);
    if (!changed) {
        return;
    }
    if (ops->set_link != NULL) {
        ops->set_link(nic->backend, up);
    }
    pndis__nic_flush_outside(nic);
}

void
pndis_nic_carrier(struct pndis_nic *nic, bool up)
{
    brief_lock(&nic->lock);
    nic->carrier = up;
    update_link(nic);
    brief_unlock(&nic->lock);
    pndis__nic_flush_outside(nic);
}

bool
pndis_nic_link(const struct pndis_nic *nic)
{
    return __atomic_load_n(&nic->link, __ATOMIC_RELAXED) != 0;
}

bool
pndis_nic_announce(struct pndis_nic *nic)
{
    bool negotiated;

    brief_lock(&nic->lock);
    negotiated = pndis__nic_has(nic, VIRTIO_NET_F_GUEST_ANNOUNCE) &&
                 pndis__nic_has(nic, VIRTIO_NET_F_STATUS);
    if (negotiated) {
        nic->config.status |= htole16(VIRTIO_NET_S_ANNOUNCE);
        pndis__nic_config_changed(nic);
    }
    brief_unlock(&nic->lock);
    pndis__nic_flush_outside(nic);
    return negotiated;
}

void
pndis_nic_break(struct pndis_nic *nic, const char *reason)
{
    pndis__nic_break(nic, "%s", reason);
    pndis__nic_flush_outside(nic);
}

/* --- what backends ask --- */

void
pndis_nic_receivable(struct pndis_nic *nic, unsigned queue)
{
    if (queue < nic->pair_count) {
        pndis__worker_wake(&nic->pairs[queue]);
    }
}

void
pndis_nic_sendable(struct pndis_nic *nic, unsigned queue)
{
    pndis_nic_receivable(nic, queue);
}

uint64_t
pndis_nic_now_ns(struct pndis_nic *nic)
{
    return pndis__now_ns(nic->machine->sched);
}

struct pndis_device *
pndis_nic_device(struct pndis_nic *nic)
{
    return nic->device;
}

struct pndis_backend *
pndis_nic_backend(struct pndis_nic *nic)
{
    return nic->backend;
}
