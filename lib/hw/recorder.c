/* Recording what goes through a nic. */
#include "hw/nic.h"

#include <pndis/error.h>

uint64_t
pndis__nic_wall_ns(const struct pndis_nic *nic)
{
    return nic->machine->wall_ns_at_zero + pndis__now_ns(nic->machine->sched);
}

void
pndis__nic_record(struct pndis_nic *nic, enum direction direction, const struct pndis_slice *slices,
                  unsigned slice_count, uint32_t bytes)
{
    uint64_t now = pndis__nic_wall_ns(nic);

    pndis__os_mutex_lock(&nic->recorder_lock);
    if (nic->recorder != NULL) {
        pndis__pcapng_write(nic->recorder, direction, now, slices, slice_count, bytes);
    }
    pndis__os_mutex_unlock(&nic->recorder_lock);
}

int
pndis_nic_record(struct pndis_nic *nic, const char *path)
{
    const char *name = nic->options.name == NULL ? "virtio-net" : nic->options.name;
    struct pcapng *next = NULL;
    struct pcapng *last;
    int result = path == NULL ? 0 : pndis__pcapng_open(path, name, &next);

    if (result != 0) {
        return result;
    }
    pndis__os_mutex_lock(&nic->recorder_lock);
    last = nic->recorder;
    __atomic_store_n(&nic->recorder, next, __ATOMIC_RELAXED);
    pndis__os_mutex_unlock(&nic->recorder_lock);
    return pndis__pcapng_close(last);
}
