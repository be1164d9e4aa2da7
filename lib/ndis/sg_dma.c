/* Scatter/gather DMA: what a bus-master miniport asks for each frame. */
#include "ndis/hardware.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"
#include "ndis/sg_out.h"

#include <stdlib.h>

/* NDIS recommends room for so many elements. */
enum { RECOMMENDED_ELEMENTS = 64 };

/* SCATTER_GATHER_LIST.Reserved while the list is out: its NET_BUFFER, if any, and one of these. */
enum { SG_CALLERS_BUFFER = 0x5, SG_OWN_BUFFER = 0xa, SG_KIND_MASK = 0xf };

struct sg_dma {
    struct handle handle;
    struct possession possession;
    struct pndis_adapter *adapter;
    MINIPORT_PROCESS_SG_LIST_HANDLER process;
    MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER shared_memory_complete;
    bool addresses_64;
};

/* --- registration --- */

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct sg_dma, handle));
}

static void
end_dma(struct context *context, struct sg_dma *dma)
{
    dma->adapter->sg_dma = NULL;
    pndis__possession_remove(&dma->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &dma->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    struct sg_dma *dma = CONTAINING_RECORD(possession, struct sg_dma, possession);

    dma->adapter->sg_dma = NULL;
    pndis__handle_retire(pndis__handles_of(context->machine), &dma->handle);
}

/*
 * "NdisMRegisterScatterGatherDma function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx, before
 * shared memory is allocated. Writes ScatterGatherListSize back. NDIS_STATUS_NOT_SUPPORTED for an
 * adapter that did not say it is a bus master.
 */
NDIS_STATUS
NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
                              PNDIS_SG_DMA_DESCRIPTION DmaDescription,
                              PNDIS_HANDLE NdisMiniportDmaHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, true, __func__, caller);
    struct sg_dma *dma;

    if (adapter == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (!pndis__object_header_check(context, DmaDescription, HEADER_SG_DMA_DESCRIPTION, __func__,
                                    caller)) {
        return NDIS_STATUS_BAD_VERSION;
    }
    if ((adapter->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER) == 0 ||
        adapter->device == NULL) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    dma = pndis__fault(context) ? NULL : calloc(1, sizeof(*dma));
    if (dma == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    dma->adapter = adapter;
    dma->process = DmaDescription->ProcessSGListHandler;
    dma->shared_memory_complete = DmaDescription->SharedMemAllocateCompleteHandler;
    dma->addresses_64 = (DmaDescription->Flags & NDIS_SG_DMA_64_BIT_ADDRESS) != 0;
    adapter->device->addresses_64 = dma->addresses_64;
    DmaDescription->ScatterGatherListSize = FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) +
                                            RECOMMENDED_ELEMENTS * sizeof(SCATTER_GATHER_ELEMENT);
    adapter->sg_dma = dma;
    pndis__handle_add(pndis__handles_of(context->machine), &dma->handle, HANDLE_SG_DMA,
                      &adapter->owner, context->machine, free_memory);
    pndis__possession_add(adapter, &dma->possession, reclaim);
    pndis__acquired(context, RESOURCE_SG_DMA, dma, 0, 0, &adapter->owner, __func__, caller);
    *NdisMiniportDmaHandle = dma;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMDeregisterScatterGatherDma function". IRQL: PASSIVE_LEVEL. No list is out. */
VOID
NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct sg_dma *dma = (struct sg_dma *)pndis__handle(context, NdisMiniportDmaHandle,
                                                        HANDLE_BIT(SG_DMA), __func__, NT_CALLER());

    if (dma != NULL) {
        pndis__released(context, RESOURCE_SG_DMA, dma, __func__);
        end_dma(context, dma);
    }
}

MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER
pndis__shared_memory_complete_of(const struct pndis_adapter *adapter)
{
    return adapter->sg_dma == NULL ? NULL : adapter->sg_dma->shared_memory_complete;
}

/* --- lists --- */

static size_t
list_bytes(ULONG elements)
{
    return FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) + elements * sizeof(SCATTER_GATHER_ELEMENT);
}

/* One element for each MDL that has some of the @bytes from the start of @mdl. */
static ULONG
count_elements(const MDL *mdl, SIZE_T bytes)
{
    ULONG count = 0;

    for (; mdl != NULL && bytes > 0; mdl = mdl->Next) {
        count += mdl->ByteCount != 0;
        bytes -= min(bytes, (SIZE_T)mdl->ByteCount);
    }
    return count;
}

static void
unmap_elements(struct pndis_device *device, const SCATTER_GATHER_LIST *list)
{
    for (ULONG i = 0; i < list->NumberOfElements; i++) {
        pndis__dma_unmap(device, (uint64_t)list->Elements[i].Address.QuadPart,
                         list->Elements[i].Length);
    }
}

static bool
fill_elements(struct pndis_device *device, SCATTER_GATHER_LIST *list, MDL *mdl, SIZE_T bytes)
{
    list->NumberOfElements = 0;
    for (; mdl != NULL && bytes > 0; mdl = mdl->Next) {
        ULONG here = (ULONG)min(bytes, (SIZE_T)mdl->ByteCount);
        SCATTER_GATHER_ELEMENT *element = &list->Elements[list->NumberOfElements];
        uint64_t address;

        if (here == 0) {
            continue;
        }
        address =
            pndis__dma_map(device, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), here);
        if (address == 0) {
            unmap_elements(device, list);
            return false;
        }
        element->Address.QuadPart = (LONGLONG)address;
        element->Length = here;
        element->Reserved = 0;
        list->NumberOfElements++;
        bytes -= here;
    }
    return true;
}

/* Whether its lists are kept track of. */
static bool
is_watched(const struct pndis_device *device)
{
    return !device->ndis->machine->options.without_ledger;
}

/* All of it in one MDL, and room for its element; NULL: then it takes the long way. */
static inline SCATTER_GATHER_LIST *
build_single(struct pndis_device *device, const NET_BUFFER *nb, MDL *mdl, SIZE_T bytes,
             SCATTER_GATHER_LIST *buffer, ULONG buffer_bytes)
{
    uint64_t address;

    if (buffer == NULL || buffer_bytes < list_bytes(1) || bytes == 0 || bytes > mdl->ByteCount ||
        is_watched(device)) {
        return NULL;
    }
    address = pndis__dma_map(device, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), bytes);
    if (address == 0) {
        return NULL;
    }
    buffer->NumberOfElements = 1;
    buffer->Reserved = (ULONG_PTR)nb | SG_CALLERS_BUFFER;
    buffer->Elements[0] = (SCATTER_GATHER_ELEMENT){
        .Address.QuadPart = (LONGLONG)address,
        .Length = (ULONG)bytes,
    };
    return buffer;
}

static __attribute__((noinline)) SCATTER_GATHER_LIST *
build_any(struct pndis_device *device, const NET_BUFFER *nb, MDL *mdl, SIZE_T bytes, void *buffer,
          ULONG buffer_bytes)
{
    ULONG elements = count_elements(mdl, bytes);
    bool fits = buffer != NULL && buffer_bytes >= list_bytes(elements);
    SCATTER_GATHER_LIST *list = fits ? buffer : malloc(list_bytes(elements));

    if (list == NULL) {
        return NULL;
    }
    if (!fill_elements(device, list, mdl, bytes)) {
        goto undo_list;
    }
    if (is_watched(device) && !pndis__sg_out_add(device, list, !fits)) {
        goto undo_elements;
    }
    list->Reserved = (ULONG_PTR)nb | (fits ? SG_CALLERS_BUFFER : SG_OWN_BUFFER);
    return list;

undo_elements:
    unmap_elements(device, list);
undo_list:
    if (!fits) {
        free(list);
    }
    return NULL;
}

static inline SCATTER_GATHER_LIST *
build_list(struct pndis_device *device, const NET_BUFFER *nb, MDL *mdl, SIZE_T bytes, void *buffer,
           ULONG buffer_bytes)
{
    SCATTER_GATHER_LIST *list = build_single(device, nb, mdl, bytes, buffer, buffer_bytes);

    return list != NULL ? list : build_any(device, nb, mdl, bytes, buffer, buffer_bytes);
}

static bool
right_level(struct context *context, const char *call, const void *caller)
{
    if (context->irql != DISPATCH_LEVEL) {
        pndis__report(context, RULE_DMA_LEVEL, NULL, call, caller, "%s is called at IRQL %u", call,
                      context->irql);
    }
    return context->irql <= DISPATCH_LEVEL;
}

static const char *
reason_not_to_free(struct pndis_device *device, const SCATTER_GATHER_LIST *list,
                   const NET_BUFFER *nb)
{
    ULONG_PTR kind;

    if (is_watched(device) && !pndis__sg_out_is(device, list)) {
        return "that is not allocated";
    }
    kind = list->Reserved & SG_KIND_MASK;
    if (kind != SG_CALLERS_BUFFER && kind != SG_OWN_BUFFER) {
        return "that is not allocated";
    }
    return (list->Reserved & ~(ULONG_PTR)SG_KIND_MASK) == (ULONG_PTR)nb
               ? NULL
               : "with another NET_BUFFER than its own";
}

static void
free_list(struct context *context, struct pndis_adapter *adapter, SCATTER_GATHER_LIST *list,
          const NET_BUFFER *nb, const char *call, const void *caller)
{
    const char *wrong;
    ULONG_PTR kind;

    if (!right_level(context, call, caller)) {
        return;
    }
    wrong = reason_not_to_free(adapter->device, list, nb);
    if (wrong != NULL) {
        pndis__report(context, RULE_DMA_LIST, &adapter->owner, call, caller,
                      "%s frees a scatter/gather list %s", adapter->owner.name, wrong);
        return;
    }
    kind = list->Reserved & SG_KIND_MASK;
    pndis__released(context, RESOURCE_SG_LIST, list, call);
    unmap_elements(adapter->device, list);
    if (is_watched(adapter->device)) {
        pndis__sg_out_remove(adapter->device, list);
    }
    list->Reserved = 0;
    if (kind == SG_OWN_BUFFER) {
        free(list);
    }
}

/* --- handing them over --- */

/* A list whose driver is called back later. */
struct late_list {
    KDPC dpc;
    struct pndis_adapter *adapter;
    MINIPORT_PROCESS_SG_LIST_HANDLER process;
    SCATTER_GATHER_LIST *list;
    PVOID context;
};

static void
call_process(struct context *context, struct pndis_adapter *adapter,
             MINIPORT_PROCESS_SG_LIST_HANDLER process, SCATTER_GATHER_LIST *list,
             PVOID process_context)
{
    struct frame frame;

    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportProcessSGList");
    process(&adapter->physical_device, NULL, list, process_context);
    pndis__guest_leave(context, &frame);
}

static VOID
run_late(struct _KDPC *dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct late_list late = *(struct late_list *)deferred_context;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    free(deferred_context);
    call_process(context_current(), late.adapter, late.process, late.list, late.context);
}

static __attribute__((noinline)) bool
hand_over_late(struct context *context, struct pndis_adapter *adapter,
               MINIPORT_PROCESS_SG_LIST_HANDLER process, SCATTER_GATHER_LIST *list,
               PVOID process_context)
{
    struct late_list *late = malloc(sizeof(*late));

    if (late == NULL) {
        return false;
    }
    *late = (struct late_list){
        .adapter = adapter, .process = process, .list = list, .context = process_context};
    KeInitializeDpc(&late->dpc, run_late, late);
    pndis__dpc_insert(context, &late->dpc, NULL, NULL);
    return true;
}

/* "HAL can call MiniportProcessSGList before or after NDIS returns": on sim the seed decides. */
static inline void
hand_over(struct context *context, struct pndis_adapter *adapter,
          MINIPORT_PROCESS_SG_LIST_HANDLER process, SCATTER_GATHER_LIST *list,
          PVOID process_context)
{
    if (!pndis__chance(context, 8) ||
        !hand_over_late(context, adapter, process, list, process_context)) {
        call_process(context, adapter, process, list, process_context);
    }
}

/*
 * "NdisMAllocateNetBufferSGList function". IRQL: DISPATCH_LEVEL.
 * The list describes the data from the beginning of the NET_BUFFER's CurrentMdl on, so the frame
 * begins CurrentMdlOffset bytes into it. It reaches MiniportProcessSGList inside or after this
 * call, in @ ScatterGatherListBuffer if that is large enough. NDIS_STATUS_RESOURCES: no memory; it
 * is not called then.
 */
NDIS_STATUS
NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PNET_BUFFER NetBuffer,
                             PVOID Context, ULONG Flags, PVOID ScatterGatherListBuffer,
                             ULONG ScatterGatherListBufferSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    const void *caller = NT_CALLER();
    struct sg_dma *dma = NdisMiniportDmaHandle;
    SCATTER_GATHER_LIST *list;

    (void)Flags; /* The direction matters to caches only, and here they are coherent. */
    if (!handle_ok(context, NdisMiniportDmaHandle, HANDLE_SG_DMA, __func__, caller) ||
        !right_level(context, __func__, caller)) {
        return NDIS_STATUS_FAILURE;
    }
    list = pndis__fault(context)
               ? NULL
               : build_list(dma->adapter->device, NetBuffer, NET_BUFFER_CURRENT_MDL(NetBuffer),
                            NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer) + NetBuffer->stDataLength,
                            ScatterGatherListBuffer, ScatterGatherListBufferSize);
    if (list == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    pndis__acquired(context, RESOURCE_SG_LIST, list, 0, 0, &dma->adapter->owner, __func__, caller);
    hand_over(context, dma->adapter, dma->process, list, Context);
    return NDIS_STATUS_SUCCESS;
}

/*
 * "NdisMFreeNetBufferSGList function". IRQL: DISPATCH_LEVEL. When the device is done with it; it
 * cannot reach the memory any more afterwards.
 */
VOID
NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PSCATTER_GATHER_LIST pSGL,
                         PNET_BUFFER NetBuffer)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    struct sg_dma *dma = NdisMiniportDmaHandle;

    if (handle_ok(context, NdisMiniportDmaHandle, HANDLE_SG_DMA, __func__, NT_CALLER())) {
        free_list(context, dma->adapter, pSGL, NetBuffer, __func__, NT_CALLER());
    }
}

/*
 * "NdisBuildScatterGatherList function". IRQL: DISPATCH_LEVEL.
 * As NdisMAllocateNetBufferSGList for any MDL chain and callback; @Parameters says which.
 */
NDIS_STATUS
NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
                           PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter = pndis__claim(context, NdisHandle, false, __func__, caller);
    SCATTER_GATHER_LIST *list;

    if (adapter == NULL || adapter->device == NULL || !right_level(context, __func__, caller)) {
        return NDIS_STATUS_FAILURE;
    }
    list = pndis__fault(context)
               ? NULL
               : build_list(adapter->device, NULL, SGListParameters->Mdl, SGListParameters->Length,
                            SGListParameters->ScatterGatherListBuffer,
                            SGListParameters->ScatterGatherListBufferSize);
    if (list == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    pndis__acquired(context, RESOURCE_SG_LIST, list, 0, 0, &adapter->owner, __func__, caller);
    hand_over(context, adapter, SGListParameters->ProcessSGListHandler, list,
              SGListParameters->Context);
    return NDIS_STATUS_SUCCESS;
}

/* "NdisFreeScatterGatherList function". IRQL: DISPATCH_LEVEL. */
VOID
NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle, PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                          BOOLEAN WriteToDevice)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    struct pndis_adapter *adapter = pndis__adapter_of(context, NdisHandle, __func__, NT_CALLER());

    (void)WriteToDevice;
    if (adapter != NULL) {
        free_list(context, adapter, ScatterGatherListBuffer, NULL, __func__, NT_CALLER());
    }
}
