/* The programmable NDIS 5.1 miniport: what it acquires and undoes. */
#include "miniport51_parts.h"

enum { TAG = 'cqA5', MEMORY_BYTES = 100, SHARED_BYTES = 4096, POOL_PACKETS = 300, FAR_MS = 60000 };

static VOID
nic_timer(PVOID unused1, PVOID context, PVOID unused2, PVOID unused3)
{
    struct nic *nic = context;

    (void)unused1;
    (void)unused2;
    (void)unused3;
    nic_enter(nic);
    saw(&nic->timers);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    if (miniport51.on_timer != NULL) {
        miniport51.on_timer(nic);
    }
    nic_leave(nic);
}

static VOID
nic_periodic(PVOID unused1, PVOID context, PVOID unused2, PVOID unused3)
{
    struct nic *nic = context;

    (void)unused1;
    (void)unused2;
    (void)unused3;
    nic_enter(nic);
    saw(&nic->periodics);
    nic_leave(nic);
}

static NDIS_STATUS
acquire_resources(struct nic *nic)
{
    UCHAR buffer[512];
    UINT bytes = sizeof(buffer);
    NDIS_STATUS status;

    NdisMQueryAdapterResources(&status, nic->wrapper_context, (PNDIS_RESOURCE_LIST)buffer, &bytes);
    if (status == NDIS_STATUS_SUCCESS) {
        nic->found = card_find((PNDIS_RESOURCE_LIST)buffer);
    }
    return status;
}

static NDIS_STATUS
acquire_mapping(struct nic *nic)
{
    NDIS_PHYSICAL_ADDRESS_UNIT unit;
    UINT count = 0;
    NDIS_STATUS status;

    NdisAllocateBuffer(&status, &nic->mapped, nic->buffer_pool, nic->buffer_memory,
                       sizeof(nic->buffer_memory));
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    NdisMStartBufferPhysicalMapping(nic->handle, nic->mapped, 1, TRUE, &unit, &count);
    if (count != 1 || unit.Length != sizeof(nic->buffer_memory)) {
        NdisFreeBuffer(nic->mapped);
        return NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
acquire_dma_channel(struct nic *nic)
{
    NDIS_DMA_DESCRIPTION description = {.DmaChannelSpecified = TRUE, .DmaChannel = 3};

    return NdisMRegisterDmaChannel(&nic->dma_channel, nic->handle, 3, FALSE, &description, 4096);
}

static NDIS_STATUS
acquire(struct nic *nic, enum acquisition what)
{
    const NDIS_PHYSICAL_ADDRESS anywhere = {.QuadPart = -1};
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    switch (what) {
    case ACQUIRE_CONFIGURATION:
        NdisOpenConfiguration(&status, &nic->configuration, nic->wrapper_context);
        return status;
    case ACQUIRE_SHUTDOWN_HANDLER:
        NdisMRegisterAdapterShutdownHandler(nic->handle, nic, nic_shutdown);
        return NDIS_STATUS_SUCCESS;
    case ACQUIRE_IO_PORTS:
        return NdisMRegisterIoPortRange(&nic->io_ports, nic->handle, nic->found.port,
                                        nic->found.port_count);
    case ACQUIRE_IO_SPACE:
        return NdisMMapIoSpace(&nic->io_space, nic->handle, nic->found.memory,
                               nic->found.memory_bytes);
    case ACQUIRE_MEMORY:
        return NdisAllocateMemory(&nic->memory, MEMORY_BYTES, NDIS_MEMORY_NONCACHED, anywhere);
    case ACQUIRE_TAGGED_MEMORY:
        return NdisAllocateMemoryWithTag(&nic->tagged, MEMORY_BYTES, TAG);
    case ACQUIRE_SPIN_LOCK:
        NdisAllocateSpinLock(&nic->lock);
        return NDIS_STATUS_SUCCESS;
    case ACQUIRE_LOOKASIDE:
        NdisInitializeNPagedLookasideList(&nic->lookaside, NULL, NULL, 0, MEMORY_BYTES, TAG, 0);
        return NDIS_STATUS_SUCCESS;
    case ACQUIRE_PACKET_POOL:
        NdisAllocatePacketPool(&status, &nic->packet_pool, POOL_PACKETS, 16);
        return status;
    case ACQUIRE_PACKET:
        NdisAllocatePacket(&status, &nic->packet, nic->packet_pool);
        return status;
    case ACQUIRE_BUFFER_POOL:
        NdisAllocateBufferPool(&status, &nic->buffer_pool, POOL_PACKETS);
        return status;
    case ACQUIRE_BUFFER:
        NdisAllocateBuffer(&status, &nic->buffer, nic->buffer_pool, nic->buffer_memory,
                           sizeof(nic->buffer_memory));
        return status;
    case ACQUIRE_MAP_REGISTERS:
        return NdisMAllocateMapRegisters(nic->handle, 0, NDIS_DMA_32BITS, 4, 4096);
    case ACQUIRE_BUFFER_MAPPING:
        return acquire_mapping(nic);
    case ACQUIRE_SHARED_MEMORY:
        NdisMAllocateSharedMemory(nic->handle, SHARED_BYTES, FALSE, &nic->shared,
                                  &nic->shared_address);
        return nic->shared == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    case ACQUIRE_ASYNC_MEMORY:
        status = NdisMAllocateSharedMemoryAsync(nic->handle, SHARED_BYTES, FALSE, nic);
        while (status == NDIS_STATUS_PENDING && SEEN(nic->allocations) == 0) {
            NdisMSleep(1000);
        }
        return nic->shared_later == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    case ACQUIRE_DMA_CHANNEL:
        return acquire_dma_channel(nic);
    case ACQUIRE_TIMER:
        NdisMInitializeTimer(&nic->timer, nic->handle, nic_timer, nic);
        NdisMSetTimer(&nic->timer, FAR_MS);
        return NDIS_STATUS_SUCCESS;
    case ACQUIRE_PERIODIC_TIMER:
        NdisMInitializeTimer(&nic->periodic, nic->handle, nic_periodic, nic);
        NdisMSetPeriodicTimer(&nic->periodic, FAR_MS);
        return NDIS_STATUS_SUCCESS;
    case ACQUIRE_INTERRUPT:
        return NdisMRegisterInterrupt(&nic->interrupt, nic->handle, 0, 0, !miniport51.asks_no_isr,
                                      FALSE, NdisInterruptLevelSensitive);
    default:
        return NDIS_STATUS_FAILURE;
    }
}

void
nic_allocate_complete(NDIS_HANDLE context, PVOID memory, PNDIS_PHYSICAL_ADDRESS address,
                      ULONG length, PVOID request)
{
    struct nic *nic = context;

    (void)length;
    (void)request;
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    nic->shared_later = memory;
    nic->shared_later_address = *address;
    saw(&nic->allocations);
}

/* "Where cancelling says that the timer had fired, wait for it." */
static void
stop_timer(NDIS_MINIPORT_TIMER *timer, const unsigned *runs, unsigned runs_before)
{
    BOOLEAN cancelled;

    NdisMCancelTimer(timer, &cancelled);
    while (!cancelled && __atomic_load_n(runs, __ATOMIC_SEQ_CST) == runs_before) {
        NdisMSleep(100);
    }
}

static void
undo(struct nic *nic, enum acquisition what)
{
    switch (what) {
    case ACQUIRE_CONFIGURATION:
        NdisCloseConfiguration(nic->configuration);
        break;
    case ACQUIRE_SHUTDOWN_HANDLER:
        NdisMDeregisterAdapterShutdownHandler(nic->handle);
        break;
    case ACQUIRE_IO_PORTS:
        NdisMDeregisterIoPortRange(nic->handle, nic->found.port, nic->found.port_count,
                                   nic->io_ports);
        break;
    case ACQUIRE_IO_SPACE:
        NdisMUnmapIoSpace(nic->handle, nic->io_space, nic->found.memory_bytes);
        break;
    case ACQUIRE_MEMORY:
        NdisFreeMemory(nic->memory, MEMORY_BYTES, NDIS_MEMORY_NONCACHED);
        break;
    case ACQUIRE_TAGGED_MEMORY:
        NdisFreeMemory(nic->tagged, MEMORY_BYTES, 0);
        break;
    case ACQUIRE_SPIN_LOCK:
        NdisFreeSpinLock(&nic->lock);
        break;
    case ACQUIRE_LOOKASIDE:
        NdisDeleteNPagedLookasideList(&nic->lookaside);
        break;
    case ACQUIRE_PACKET_POOL:
        NdisFreePacketPool(nic->packet_pool);
        break;
    case ACQUIRE_PACKET:
        NdisFreePacket(nic->packet);
        break;
    case ACQUIRE_BUFFER_POOL:
        NdisFreeBufferPool(nic->buffer_pool);
        break;
    case ACQUIRE_BUFFER:
        NdisFreeBuffer(nic->buffer);
        break;
    case ACQUIRE_MAP_REGISTERS:
        NdisMFreeMapRegisters(nic->handle);
        break;
    case ACQUIRE_BUFFER_MAPPING:
        NdisMCompleteBufferPhysicalMapping(nic->handle, nic->mapped, 1);
        NdisFreeBuffer(nic->mapped);
        break;
    case ACQUIRE_SHARED_MEMORY:
        NdisMFreeSharedMemory(nic->handle, SHARED_BYTES, FALSE, nic->shared, nic->shared_address);
        break;
    case ACQUIRE_ASYNC_MEMORY:
        NdisMFreeSharedMemory(nic->handle, SHARED_BYTES, FALSE, nic->shared_later,
                              nic->shared_later_address);
        break;
    case ACQUIRE_DMA_CHANNEL:
        NdisMDeregisterDmaChannel(nic->dma_channel);
        break;
    case ACQUIRE_TIMER:
        stop_timer(&nic->timer, &nic->timers, 0);
        break;
    case ACQUIRE_PERIODIC_TIMER:
        stop_timer(&nic->periodic, &nic->periodics, nic->periodics);
        break;
    case ACQUIRE_INTERRUPT:
        NdisMDeregisterInterrupt(&nic->interrupt);
        break;
    default:
        break;
    }
}

NDIS_STATUS
nic_acquire_all(struct nic *nic)
{
    NDIS_STATUS status = acquire_resources(nic);

    for (int what = 0; what < ACQUIRE_COUNT && status == NDIS_STATUS_SUCCESS; what++) {
        if (what == miniport51.fail) {
            return NDIS_STATUS_FAILURE;
        }
        if ((miniport51.acquire >> what & 1) == 0) {
            continue;
        }
        status = acquire(nic, (enum acquisition)what);
        if (status == NDIS_STATUS_SUCCESS) {
            nic->acquired |= 1u << what;
        }
    }
    return status;
}

/* A mapped buffer's MDL goes even where its mapping is forgotten, for its pool's sake. */
static bool
is_forgotten(struct nic *nic, int what)
{
    if (what != miniport51.forget) {
        return false;
    }
    if (what == ACQUIRE_BUFFER_MAPPING) {
        NdisFreeBuffer(nic->mapped);
    }
    return true;
}

void
nic_undo_all(struct nic *nic)
{
    for (int what = ACQUIRE_COUNT; what-- > 0;) {
        if ((nic->acquired >> what & 1) != 0 && !is_forgotten(nic, what)) {
            undo(nic, (enum acquisition)what);
        }
    }
    nic->acquired = 0;
}
