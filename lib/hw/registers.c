/* The memory window of the device: which structure an access is for, and the small ones. */
#include "hw/legacy.h"

#include <endian.h>

#include <linux/virtio_pci.h>

/* What a PC's interrupt controller looks like to MSI-X; nobody but the system writes there. */
static const uint64_t message_address = 0xfee00000;

enum { MSIX_ENTRY_BYTES = 16, MSIX_DATA = 2 };

static void
read_device_config(struct pndis_nic *nic, uint32_t offset, unsigned width, void *bytes)
{
    memset(bytes, 0, width);
    brief_lock(&nic->lock);
    if (offset < sizeof(nic->config)) {
        memcpy(bytes, (const uint8_t *)&nic->config + offset,
               min((size_t)width, sizeof(nic->config) - offset));
    }
    brief_unlock(&nic->lock);
}

/* Reading clears it, and lowers the line: first the line, so that a new reason raises it again. */
uint64_t
pndis__isr_read(struct pndis_nic *nic)
{
    pndis_device_interrupt_clear(nic->device);
    return __atomic_exchange_n(&nic->isr, 0, __ATOMIC_SEQ_CST);
}

static uint64_t
read_message_table(uint32_t offset)
{
    unsigned word = offset % MSIX_ENTRY_BYTES / 4;

    return word == 0 ? message_address : word == MSIX_DATA ? offset / MSIX_ENTRY_BYTES : 0;
}

uint64_t
pndis__registers_read(void *user, unsigned range, uint64_t offset, unsigned width)
{
    struct pndis_nic *nic = user;
    uint64_t bytes = 0;

    if (range != window_range(nic)) {
        return pndis__legacy_read(nic, offset, width);
    }
    if (offset < BAR_ISR) {
        pndis__common_read(nic, (uint32_t)offset, width, &bytes);
    } else if (offset < BAR_DEVICE) {
        return offset == BAR_ISR ? pndis__isr_read(nic) : 0;
    } else if (offset < BAR_NOTIFY) {
        read_device_config(nic, (uint32_t)(offset - BAR_DEVICE), width, &bytes);
    } else if (offset >= BAR_MSIX_TABLE && offset < BAR_MSIX_PENDING) {
        return read_message_table((uint32_t)(offset - BAR_MSIX_TABLE));
    }
    return le64toh(bytes);
}

/* --- doorbells --- */

static void
ring_pair(struct pair *pair, bool receive)
{
    if (!receive) {
        __atomic_fetch_add(&pair->sent.doorbells, 1, __ATOMIC_RELAXED);
        pndis__nic_transmit(pair);
        return;
    }
    __atomic_fetch_add(&pair->received.doorbells, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&pair->starved, __ATOMIC_SEQ_CST) != 0) {
        pndis__worker_wake(pair);
    }
}

/* A doorbell before DRIVER_OK has nothing to say; one of a queue that is not there breaks it. */
void
pndis__nic_ring(struct pndis_nic *nic, uint64_t index)
{
    if (!nic_is_live(nic)) {
        return;
    }
    if (index >= nic->queue_count) {
        pndis__nic_break(nic, "the driver rings for queue %llu of %u", (unsigned long long)index,
                         nic->queue_count);
        pndis__nic_flush(nic);
    } else if (&nic->queues[index] == __atomic_load_n(&nic->control, __ATOMIC_ACQUIRE)) {
        pndis__nic_control(nic, &nic->queues[index]);
    } else if (index / 2 < nic->pair_count) {
        ring_pair(&nic->pairs[index / 2], index % 2 == 0);
    }
}

void
pndis__registers_write(void *user, unsigned range, uint64_t offset, unsigned width, uint64_t value)
{
    struct pndis_nic *nic = user;

    if (range != window_range(nic)) {
        pndis__legacy_write(nic, offset, width, value);
    } else if (offset >= BAR_NOTIFY && offset < BAR_MSIX_TABLE) {
        pndis__nic_ring(nic, (offset - BAR_NOTIFY) / NOTIFY_MULTIPLIER);
    } else if (offset < BAR_ISR) {
        pndis__common_write(nic, (uint32_t)offset, width, value);
    }
}
