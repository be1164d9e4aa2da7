/* DMA: map registers, scatter/gather lists that come with packets, shared memory. */
#include "ndis5/ndis5.h"

#include "ndis/hardware.h"

#include <stdlib.h>

enum { MAP_REGISTER_LIMIT = 64 };

struct map_register {
    MDL *buffer; /* NULL: free. */
    uint64_t address;
    ULONG bytes;
};

struct map_registers {
    struct brief_lock lock;
    ULONG count;
    struct map_register registers[];
};

/* --- the adapter's registration for DMA --- */

/* Called for lists that NDIS builds, of which an NDIS 5 miniport asks for none. */
static VOID
process_list(PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)device;
    (void)reserved;
    (void)list;
    (void)context;
}

/* Shared memory that is there now. */
struct allocated {
    struct task task; /* First. */
    KEVENT done;
    void *address;
    NDIS_PHYSICAL_ADDRESS *physical;
    ULONG length;
    void *request;
};

static void
run_allocated(struct context *context, struct miniport5 *miniport, struct task *task)
{
    struct allocated *call = (struct allocated *)task;
    struct frame frame;

    pndis__guest_enter(context, &frame, &miniport->adapter->owner, "MiniportAllocateComplete");
    miniport->calls->AllocateCompleteHandler(miniport->context, call->address, call->physical,
                                             call->length, call->request);
    pndis__guest_leave(context, &frame);
    KeSetEvent(&call->done, IO_NO_INCREMENT, FALSE);
}

static VOID
allocated(NDIS_HANDLE adapter_context, PVOID address, PNDIS_PHYSICAL_ADDRESS physical, ULONG length,
          PVOID request_context)
{
    struct miniport5 *miniport = adapter_context;
    struct allocated call = {.task = {.run = run_allocated},
                             .address = address,
                             .physical = physical,
                             .length = length,
                             .request = request_context};

    pndis__task_wait(context_current(), miniport, &call.task, &call.done);
}

/* Nobody's to undo: it goes with the adapter. */
static NDIS_STATUS
register_dma(struct context *context, struct miniport5 *miniport, bool addresses_64, ULONG maximum)
{
    NDIS_SG_DMA_DESCRIPTION description = {
        .Header = {.Type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION,
                   .Revision = NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                   .Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1},
        .Flags = addresses_64 ? NDIS_SG_DMA_64_BIT_ADDRESS : 0,
        .MaximumPhysicalMapping = maximum,
        .ProcessSGListHandler = process_list,
        .SharedMemAllocateCompleteHandler =
            miniport->calls->AllocateCompleteHandler == NULL ? NULL : allocated,
    };
    NDIS_STATUS status = miniport->dma != NULL
                             ? NDIS_STATUS_SUCCESS
                             : NdisMRegisterScatterGatherDma(&miniport->adapter->handle,
                                                             &description, &miniport->dma);

    if (status == NDIS_STATUS_SUCCESS) {
        pndis__acquired_as(context, RESOURCE_SG_DMA, miniport->dma, &miniport->adapter->owner, NULL,
                           NULL);
    }
    return status;
}

/*
 * NdisMInitializeScatterGatherDma. IRQL: PASSIVE_LEVEL, from MiniportInitialize of a bus master.
 * From then on each packet that is sent has its list in ScatterGatherListPacketInfo. Nothing undoes
 * it. NDIS_STATUS_NOT_SUPPORTED, NDIS_STATUS_RESOURCES.
 */
NDIS_STATUS
NdisMInitializeScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle, BOOLEAN Dma64BitAddresses,
                                ULONG MaximumPhysicalMapping)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, NT_CALLER());
    NDIS_STATUS status;

    if (miniport == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    status = register_dma(context, miniport, Dma64BitAddresses, MaximumPhysicalMapping);
    miniport->wants_lists = status == NDIS_STATUS_SUCCESS;
    return status;
}

/* --- lists of packets --- */

void
pndis__n5_list_free(struct miniport5 *miniport, SCATTER_GATHER_LIST *list)
{
    for (ULONG i = 0; i < list->NumberOfElements; i++) {
        pndis__dma_unmap(miniport->adapter->device, (uint64_t)list->Elements[i].Address.QuadPart,
                         list->Elements[i].Length);
    }
    free(list);
}

SCATTER_GATHER_LIST *
pndis__n5_list_build(struct miniport5 *miniport, MDL *chain)
{
    SCATTER_GATHER_LIST *list;
    size_t count = 0;

    for (MDL *mdl = chain; mdl != NULL; mdl = mdl->Next) {
        count++;
    }
    list = calloc(1, sizeof(*list) + count * sizeof(SCATTER_GATHER_ELEMENT));
    for (MDL *mdl = list == NULL ? NULL : chain; mdl != NULL; mdl = mdl->Next) {
        SCATTER_GATHER_ELEMENT *element = &list->Elements[list->NumberOfElements];

        if (mdl->ByteCount == 0) {
            continue;
        }
        element->Address.QuadPart = (LONGLONG)pndis__dma_map(
            miniport->adapter->device, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority),
            mdl->ByteCount);
        if (element->Address.QuadPart == 0) {
            pndis__n5_list_free(miniport, list);
            return NULL;
        }
        element->Length = mdl->ByteCount;
        list->NumberOfElements++;
    }
    return list;
}

/* --- map registers --- */

/* NdisQueryMapRegisterCount. IRQL: PASSIVE_LEVEL. What an adapter can have. */
NDIS_STATUS
NdisQueryMapRegisterCount(NDIS_INTERFACE_TYPE BusType, PUINT MapRegisterCount)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    (void)BusType;
    *MapRegisterCount = MAP_REGISTER_LIMIT;
    return NDIS_STATUS_SUCCESS;
}

/*
 * NdisMAllocateMapRegisters. IRQL: PASSIVE_LEVEL, from MiniportInitialize of a bus master, once and
 * before shared memory is allocated. @DmaChannel is for ISA bus masters. NDIS_STATUS_RESOURCES:
 * more than NdisQueryMapRegisterCount says. Undone with NdisMFreeMapRegisters.
 */
NDIS_STATUS
NdisMAllocateMapRegisters(NDIS_HANDLE MiniportAdapterHandle, UINT DmaChannel, NDIS_DMA_SIZE DmaSize,
                          ULONG PhysicalMapRegistersNeeded, ULONG MaximumPhysicalMapping)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    ULONG count = PhysicalMapRegistersNeeded;
    struct map_registers *set;
    NDIS_STATUS status;

    (void)DmaChannel;
    if (miniport == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (miniport->map_registers != NULL) {
        pndis__report(context, RULE_N5_MAP_REGISTER, &miniport->adapter->owner, __func__, caller,
                      "%s allocates map registers and has some", miniport->adapter->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    if (count > MAP_REGISTER_LIMIT || pndis__fault(context)) {
        return NDIS_STATUS_RESOURCES;
    }
    status = register_dma(context, miniport, DmaSize == NDIS_DMA_64BITS, MaximumPhysicalMapping);
    set = status != NDIS_STATUS_SUCCESS
              ? NULL
              : calloc(1, sizeof(*set) + count * sizeof(struct map_register));
    if (set == NULL) {
        return status != NDIS_STATUS_SUCCESS ? status : NDIS_STATUS_RESOURCES;
    }
    set->count = count;
    miniport->map_registers = set;
    pndis__acquired(context, RESOURCE_MAP_REGISTERS, set, 0, 0, &miniport->adapter->owner, __func__,
                    caller);
    return NDIS_STATUS_SUCCESS;
}

void
pndis__map_registers_free(struct miniport5 *miniport)
{
    struct map_registers *set = miniport->map_registers;

    for (ULONG i = 0; set != NULL && i < set->count; i++) {
        if (set->registers[i].buffer != NULL) {
            pndis__dma_unmap(miniport->adapter->device, set->registers[i].address,
                             set->registers[i].bytes);
        }
    }
    free(set);
    miniport->map_registers = NULL;
}

/* NdisMFreeMapRegisters. IRQL: PASSIVE_LEVEL. No buffer is mapped any more. */
VOID
NdisMFreeMapRegisters(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);

    if (miniport == NULL) {
        return;
    }
    if (miniport->map_registers == NULL) {
        pndis__report(context, RULE_N5_MAP_REGISTER, &miniport->adapter->owner, __func__, caller,
                      "%s frees map registers and has none", miniport->adapter->owner.name);
        return;
    }
    pndis__released(context, RESOURCE_MAP_REGISTERS, miniport->map_registers, __func__);
    pndis__map_registers_free(miniport);
}

/* Map register @number, if it is there and (@used) holds @buffer or (not) is free; reports if not.
 */
static struct map_register *
map_register(struct context *context, struct miniport5 *miniport, ULONG number, const MDL *buffer,
             bool used, const char *call, const void *caller)
{
    struct map_registers *set = miniport->map_registers;
    const char *wrong = NULL;

    if (set == NULL || number >= set->count) {
        wrong = "which is not allocated";
    } else if (!used && set->registers[number].buffer != NULL) {
        wrong = "which is in use";
    } else if (used && set->registers[number].buffer != buffer) {
        wrong = "which does not hold that buffer";
    }
    if (wrong != NULL) {
        pndis__report(context, RULE_N5_MAP_REGISTER, &miniport->adapter->owner, call, caller,
                      "%s names map register %u, %s", miniport->adapter->owner.name, number, wrong);
        return NULL;
    }
    return &set->registers[number];
}

/*
 * NdisMStartBufferPhysicalMapping. IRQL <= DISPATCH_LEVEL.
 * The buffer is one range to the device, so @ArraySize is 1 (0: no room in the device's addresses).
 * Undone with NdisMCompleteBufferPhysicalMapping when the transfer is over.
 */
VOID
NdisMStartBufferPhysicalMapping(NDIS_HANDLE MiniportAdapterHandle, PNDIS_BUFFER Buffer,
                                ULONG PhysicalMapRegister, BOOLEAN WriteToDevice,
                                PNDIS_PHYSICAL_ADDRESS_UNIT PhysicalAddressArray, PUINT ArraySize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    struct map_register *entry;

    (void)WriteToDevice; /* Matters to caches only, and here they are coherent. */
    *ArraySize = 0;
    entry = miniport == NULL ? NULL
                             : map_register(context, miniport, PhysicalMapRegister, NULL, false,
                                            __func__, caller);
    if (entry == NULL) {
        return;
    }
    entry->bytes = MmGetMdlByteCount(Buffer);
    entry->address =
        pndis__dma_map(miniport->adapter->device,
                       MmGetSystemAddressForMdlSafe(Buffer, NormalPagePriority), entry->bytes);
    if (entry->address == 0) {
        return;
    }
    entry->buffer = Buffer;
    pndis__acquired(context, RESOURCE_BUFFER_MAPPING, entry, entry->bytes, 0,
                    &miniport->adapter->owner, __func__, caller);
    PhysicalAddressArray[0].PhysicalAddress.QuadPart = (LONGLONG)entry->address;
    PhysicalAddressArray[0].Length = entry->bytes;
    *ArraySize = 1;
}

/* NdisMCompleteBufferPhysicalMapping. IRQL <= DISPATCH_LEVEL. The device cannot reach the buffer
 * any more. */
VOID
NdisMCompleteBufferPhysicalMapping(NDIS_HANDLE MiniportAdapterHandle, PNDIS_BUFFER Buffer,
                                   ULONG PhysicalMapRegister)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    struct map_register *entry =
        miniport == NULL
            ? NULL
            : map_register(context, miniport, PhysicalMapRegister, Buffer, true, __func__, caller);

    if (entry != NULL) {
        pndis__released(context, RESOURCE_BUFFER_MAPPING, entry, __func__);
        pndis__dma_unmap(miniport->adapter->device, entry->address, entry->bytes);
        entry->buffer = NULL;
    }
}

/* --- shared memory --- */

/*
 * NdisMAllocateSharedMemoryAsync. IRQL <= DISPATCH_LEVEL, after NdisMAllocateMapRegisters or
 * NdisMInitializeScatterGatherDma. NDIS_STATUS_PENDING, then MiniportAllocateComplete at
 * DISPATCH_LEVEL, with NULL when there is no memory.
 */
NDIS_STATUS
NdisMAllocateSharedMemoryAsync(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                               PVOID Context)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);

    (void)Cached;
    if (miniport == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (miniport->calls->AllocateCompleteHandler == NULL) {
        pndis__report(context, RULE_N5_HANDLER, &miniport->adapter->owner, __func__, caller,
                      "%s allocates shared memory and has no MiniportAllocateComplete",
                      miniport->adapter->owner.name);
        return NDIS_STATUS_FAILURE;
    }
    if (miniport->dma == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    return pndis__shared_memory_later(context, miniport->adapter, Length, Context, __func__,
                                      caller);
}

/* NdisMUpdateSharedMemory. Any IRQL. Device and processors see the same memory at all times. */
VOID
NdisUpdateSharedMemory(NDIS_HANDLE NdisAdapterHandle, ULONG Length, PVOID VirtualAddress,
                       NDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    (void)Length;
    (void)VirtualAddress;
    (void)PhysicalAddress;
    if (pndis__adapter_of(context, NdisAdapterHandle, __func__, NT_CALLER()) != NULL) {
        KeMemoryBarrier();
    }
}
