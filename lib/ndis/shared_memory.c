/* Memory that a driver and its device share: allocated for the adapter, mapped for the device. */
#include "ndis/adapter.h"
#include "ndis/hardware.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"

#include <stdlib.h>

struct shared_memory {
    struct handle handle; /* Of NdisAllocateSharedMemory; unused by the older functions. */
    struct possession possession;
    struct pndis_adapter *adapter;
    bool has_handle;
    void *memory;
    size_t bytes;
    uint64_t address;
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct shared_memory, handle));
}

static void
end_memory(struct context *context, struct shared_memory *shared)
{
    pndis__dma_unmap(shared->adapter->device, shared->address, shared->bytes);
    free(shared->memory);
    pndis__possession_remove(&shared->possession);
    if (shared->has_handle) {
        pndis__handle_retire(pndis__handles_of(context->machine), &shared->handle);
    } else {
        free(shared);
    }
}

static void
reclaim(struct context *context, struct possession *possession)
{
    end_memory(context, CONTAINING_RECORD(possession, struct shared_memory, possession));
}

static struct shared_memory *
allocate(struct context *context, struct pndis_adapter *adapter, size_t bytes)
{
    struct shared_memory *shared = pndis__fault(context) ? NULL : calloc(1, sizeof(*shared));
    size_t rounded = (bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;

    if (shared == NULL) {
        return NULL;
    }
    shared->adapter = adapter;
    shared->bytes = bytes;
    shared->memory = bytes == 0 ? NULL : aligned_alloc(PAGE_SIZE, rounded);
    if (shared->memory == NULL) {
        free(shared);
        return NULL;
    }
    memset(shared->memory, 0, rounded);
    shared->address = pndis__dma_map(adapter->device, shared->memory, bytes);
    if (shared->address == 0) {
        free(shared->memory);
        free(shared);
        return NULL;
    }
    pndis__possession_add(adapter, &shared->possession, reclaim);
    return shared;
}

static struct shared_memory *
find(struct pndis_adapter *adapter, const void *memory)
{
    struct shared_memory *found = NULL;

    brief_lock(&adapter->possession_lock);
    for (struct possession *at = adapter->possessions; at != NULL && found == NULL; at = at->next) {
        struct shared_memory *shared = CONTAINING_RECORD(at, struct shared_memory, possession);

        found = at->reclaim == reclaim && shared->memory == memory ? shared : NULL;
    }
    brief_unlock(&adapter->possession_lock);
    return found;
}

/* --- NdisM --- */

/*
 * "NdisMAllocateSharedMemory function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx, after
 * NdisMRegisterScatterGatherDma. Page aligned and contiguous to the device; @VirtualAddress is NULL
 * when there is no memory.
 */
VOID
NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                          PVOID *VirtualAddress, PNDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, true, __func__, caller);
    struct shared_memory *shared = NULL;

    (void)Cached;
    *VirtualAddress = NULL;
    if (adapter == NULL || adapter->device == NULL) {
        return;
    }
    if (adapter->sg_dma == NULL) {
        pndis__report(context, RULE_SHARED_MEMORY_ORDER, &adapter->owner, __func__, caller,
                      "%s allocates shared memory before it registered DMA", adapter->owner.name);
    }
    shared = allocate(context, adapter, Length);
    if (shared != NULL) {
        *VirtualAddress = shared->memory;
        PhysicalAddress->QuadPart = (LONGLONG)shared->address;
        pndis__acquired(context, RESOURCE_SHARED_MEMORY, shared, Length, 0, &adapter->owner,
                        __func__, caller);
    }
}

/* A request that is completed on a system thread. */
struct async_allocation {
    struct work work;
    struct pndis_adapter *adapter;
    uint32_t halts; /* Of the adapter then: after another the driver must not be called. */
    ULONG bytes;
    PVOID context;
    const char *call;
    const void *caller;
};

static void
complete_one(struct context *context, const struct async_allocation *request,
             MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete)
{
    struct pndis_adapter *adapter = request->adapter;
    struct shared_memory *shared = allocate(context, adapter, request->bytes);
    NDIS_PHYSICAL_ADDRESS address = {.QuadPart = 0};
    struct frame frame;

    if (shared != NULL) {
        address.QuadPart = (LONGLONG)shared->address;
        pndis__acquired(context, RESOURCE_SHARED_MEMORY, shared, request->bytes, 0, &adapter->owner,
                        request->call, request->caller);
    }
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportSharedMemoryAllocateComplete");
    complete(adapter->context, shared == NULL ? NULL : shared->memory, &address, request->bytes,
             request->context);
    pndis__guest_leave(context, &frame);
}

static void
complete_async(struct context *context, struct work *work)
{
    struct async_allocation request = *CONTAINING_RECORD(work, struct async_allocation, work);
    struct pndis_adapter *adapter = request.adapter;
    MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete = NULL;

    __atomic_add_fetch(&adapter->allocations_completing, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&adapter->halts, __ATOMIC_SEQ_CST) == request.halts) {
        complete = pndis__shared_memory_complete_of(adapter);
    }
    if (complete != NULL) {
        pndis__released(context, RESOURCE_SHARED_MEMORY, work, request.call);
    }
    free(CONTAINING_RECORD(work, struct async_allocation, work));
    if (complete != NULL) {
        complete_one(context, &request, complete);
    }
    __atomic_sub_fetch(&adapter->allocations_completing, 1, __ATOMIC_SEQ_CST);
    pndis__adapter_let_go(adapter);
}

void
pndis__shared_memory_settle(struct pndis_adapter *adapter)
{
    pndis__wait_for_none(&adapter->allocations_completing);
}

NDIS_STATUS
pndis__shared_memory_later(struct context *context, struct pndis_adapter *adapter, ULONG bytes,
                           void *request_context, const char *call, const void *caller)
{
    struct async_allocation *request = pndis__fault(context) ? NULL : malloc(sizeof(*request));

    if (request == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    *request =
        (struct async_allocation){.adapter = adapter,
                                  .halts = __atomic_load_n(&adapter->halts, __ATOMIC_SEQ_CST),
                                  .bytes = bytes,
                                  .context = request_context,
                                  .call = call,
                                  .caller = caller};
    pndis__adapter_hold(adapter);
    pndis__acquired(context, RESOURCE_SHARED_MEMORY, &request->work, bytes, 0, &adapter->owner,
                    call, caller);
    work_later(context->machine, &request->work, complete_async);
    return NDIS_STATUS_PENDING;
}

/*
 * "NdisMAllocateSharedMemoryAsyncEx function". IRQL <= DISPATCH_LEVEL.
 * NDIS_STATUS_PENDING, then MiniportSharedMemoryAllocateComplete at PASSIVE_LEVEL, with NULL when
 * there is no memory. NDIS_STATUS_FAILURE without that handler.
 */
NDIS_STATUS
NdisMAllocateSharedMemoryAsyncEx(NDIS_HANDLE MiniportDmaHandle, ULONG Length, BOOLEAN Cached,
                                 PVOID Context)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct handle *handle =
        pndis__handle(context, MiniportDmaHandle, HANDLE_BIT(SG_DMA), __func__, NT_CALLER());
    struct pndis_adapter *adapter;

    (void)Cached;
    if (handle == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    adapter = CONTAINING_RECORD(handle->owner, struct pndis_adapter, owner);
    if (pndis__shared_memory_complete_of(adapter) == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    return pndis__shared_memory_later(context, adapter, Length, Context, __func__, NT_CALLER());
}

static bool
in_shutdown(const struct context *context)
{
    for (const struct frame *frame = context->frame; frame != NULL; frame = frame->up) {
        /* An orderly shutdown of an NDIS 5 miniport ends in its halt. */
        if (strcmp(frame->callback, "MiniportHalt") == 0) {
            return false;
        }
        if (strcmp(frame->callback, "MiniportShutdownEx") == 0) {
            return true;
        }
    }
    return false;
}

/*
 * "NdisMFreeSharedMemory function". IRQL <= DISPATCH_LEVEL, not from MiniportShutdownEx.
 * The exact range that was allocated, once (SHARED_MEMORY_FREE).
 */
VOID
NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                      PVOID VirtualAddress, NDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);
    struct shared_memory *shared;

    (void)Cached;
    if (adapter == NULL) {
        return;
    }
    shared = find(adapter, VirtualAddress);
    if (shared == NULL || shared->bytes != Length ||
        shared->address != (uint64_t)PhysicalAddress.QuadPart || in_shutdown(context)) {
        pndis__report(context, RULE_SHARED_MEMORY_FREE, &adapter->owner, __func__, caller,
                      "%s frees %u bytes of shared memory at %p, %s", adapter->owner.name, Length,
                      VirtualAddress,
                      shared == NULL         ? "which are not allocated"
                      : in_shutdown(context) ? "in MiniportShutdownEx"
                                             : "another range than it allocated");
    }
    if (shared != NULL && !in_shutdown(context)) {
        pndis__released(context, RESOURCE_SHARED_MEMORY, shared, __func__);
        end_memory(context, shared);
    }
}

/* --- NDIS 6.20: for queues of a NIC --- */

/* One element: the map gives contiguous addresses. */
static void
describe(const struct shared_memory *shared, SCATTER_GATHER_LIST *list)
{
    if (list != NULL) {
        list->NumberOfElements = 1;
        list->Elements[0].Address.QuadPart = (LONGLONG)shared->address;
        list->Elements[0].Length = (ULONG)shared->bytes;
        list->Elements[0].Reserved = 0;
    }
}

/*
 * "NdisAllocateSharedMemory function". IRQL: PASSIVE_LEVEL.
 * Fills VirtualAddress and the scatter/gather list of @SharedMemoryParameters, which stay valid
 * until NdisFreeSharedMemory.
 */
NDIS_STATUS
NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
                         PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
                         PNDIS_HANDLE pAllocationHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter = pndis__claim(context, NdisHandle, false, __func__, caller);
    struct shared_memory *shared;

    if (adapter == NULL ||
        !pndis__object_header_check(context, SharedMemoryParameters,
                                    HEADER_SHARED_MEMORY_PARAMETERS, __func__, caller)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (adapter->device == NULL) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    shared = allocate(context, adapter, SharedMemoryParameters->Length);
    if (shared == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    shared->has_handle = true;
    SharedMemoryParameters->VirtualAddress = shared->memory;
    describe(shared, SharedMemoryParameters->SGListBuffer);
    pndis__handle_add(pndis__handles_of(context->machine), &shared->handle, HANDLE_SHARED_MEMORY,
                      &adapter->owner, context->machine, free_memory);
    pndis__acquired(context, RESOURCE_SHARED_MEMORY, shared, SharedMemoryParameters->Length, 0,
                    &adapter->owner, __func__, caller);
    *pAllocationHandle = shared;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisFreeSharedMemory function". IRQL: PASSIVE_LEVEL. */
VOID
NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct shared_memory *shared = (struct shared_memory *)pndis__handle(
        context, AllocationHandle, HANDLE_BIT(SHARED_MEMORY), __func__, NT_CALLER());

    (void)NdisHandle;
    if (shared != NULL) {
        pndis__released(context, RESOURCE_SHARED_MEMORY, shared, __func__);
        end_memory(context, shared);
    }
}

/* "NdisMGetDmaAlignment function". IRQL: PASSIVE_LEVEL. In bytes. */
ULONG
NdisMGetDmaAlignment(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return pndis__claim(context, MiniportAdapterHandle, false, __func__, NT_CALLER()) == NULL ? 0
                                                                                              : 1;
}

/* "NdisGetSharedDataAlignment function". IRQL <= DISPATCH_LEVEL. What keeps processors apart. */
ULONG
NdisGetSharedDataAlignment(VOID)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return SYSTEM_CACHE_ALIGNMENT_SIZE;
}
