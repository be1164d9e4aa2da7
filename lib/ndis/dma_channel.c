/*
 * Subordinate DMA: channels of the system's DMA controller, which moves data between memory and a
 * NIC that cannot do it itself. The NIC's model asks the controller for bytes with
 * pndis_device_transfer().
 */
#include "ndis/hardware.h"

#include <stdlib.h>

enum { CHANNEL_COUNT = 8 };

struct dma_channel {
    struct handle handle;
    struct possession possession;
    struct pndis_adapter *adapter;
    ULONG number;
    ULONG maximum;
    struct brief_lock lock;
    bool busy;
    bool to_device; /* These are of the transfer that is set up. */
    const MDL *mdl;
    ULONG offset;
    uint8_t *memory;
    ULONG length;
    ULONG remaining;
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct dma_channel, handle));
}

static void
end_channel(struct context *context, struct dma_channel *channel)
{
    channel->adapter->ndis->dma_channels[channel->number] = NULL;
    pndis__possession_remove(&channel->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &channel->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    end_channel(context, CONTAINING_RECORD(possession, struct dma_channel, possession));
}

static struct dma_channel *
channel_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct dma_channel *)pndis__handle(context, handle, HANDLE_BIT(DMA_CHANNEL), call,
                                               caller);
}

/*
 * "NdisMRegisterDmaChannel function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx.
 * @DmaChannel is ignored: the description names it. NDIS_STATUS_RESOURCE_CONFLICT: it is taken.
 */
NDIS_STATUS
NdisMRegisterDmaChannel(PNDIS_HANDLE MiniportDmaHandle, NDIS_HANDLE MiniportAdapterHandle,
                        UINT DmaChannel, BOOLEAN Dma32BitAddresses,
                        PNDIS_DMA_DESCRIPTION DmaDescription, ULONG MaximumLength)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, true, __func__, caller);
    ULONG number = DmaDescription->DmaChannelSpecified ? DmaDescription->DmaChannel : 0;
    struct dma_channel *channel;

    (void)DmaChannel;
    (void)Dma32BitAddresses;
    if (adapter == NULL || adapter->device == NULL || number >= CHANNEL_COUNT) {
        return NDIS_STATUS_FAILURE;
    }
    if (adapter->ndis->dma_channels[number] != NULL) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    channel = pndis__fault(context) ? NULL : calloc(1, sizeof(*channel));
    if (channel == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    channel->adapter = adapter;
    channel->number = number;
    channel->maximum = MaximumLength;
    adapter->ndis->dma_channels[number] = channel;
    pndis__handle_add(pndis__handles_of(context->machine), &channel->handle, HANDLE_DMA_CHANNEL,
                      &adapter->owner, context->machine, free_memory);
    pndis__possession_add(adapter, &channel->possession, reclaim);
    pndis__acquired(context, RESOURCE_DMA_CHANNEL, channel, 0, 0, &adapter->owner, __func__,
                    caller);
    *MiniportDmaHandle = channel;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMDeregisterDmaChannel function". IRQL: PASSIVE_LEVEL. */
VOID
NdisMDeregisterDmaChannel(NDIS_HANDLE MiniportDmaHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct dma_channel *channel = channel_of(context, MiniportDmaHandle, __func__, NT_CALLER());

    if (channel != NULL) {
        pndis__released(context, RESOURCE_DMA_CHANNEL, channel, __func__);
        end_channel(context, channel);
    }
}

/*
 * "NdisMSetupDmaTransfer function". IRQL <= DISPATCH_LEVEL.
 * NDIS_STATUS_RESOURCES when the channel is in use or the length is more than it can do.
 */
VOID
NdisSetupDmaTransfer(PNDIS_STATUS Status, NDIS_HANDLE NdisDmaHandle, PNDIS_BUFFER Buffer,
                     ULONG Offset, ULONG Length, BOOLEAN WriteToDevice)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct dma_channel *channel = channel_of(context, NdisDmaHandle, __func__, NT_CALLER());
    ULONG bytes = MmGetMdlByteCount(Buffer);
    uint8_t *memory;

    *Status = NDIS_STATUS_RESOURCES;
    if (channel == NULL || Length > channel->maximum || Offset > bytes || Length > bytes - Offset) {
        return;
    }
    memory = MmGetSystemAddressForMdlSafe(Buffer, NormalPagePriority);
    brief_lock(&channel->lock);
    if (!channel->busy) {
        channel->busy = true;
        channel->to_device = WriteToDevice != FALSE;
        channel->mdl = Buffer;
        channel->offset = Offset;
        channel->memory = memory + Offset;
        channel->length = channel->remaining = Length;
        *Status = NDIS_STATUS_SUCCESS;
    }
    brief_unlock(&channel->lock);
}

/*
 * "NdisMCompleteDmaTransfer function". IRQL <= DISPATCH_LEVEL.
 * NDIS_STATUS_RESOURCES and DMA_TRANSFER when this is not what was set up: "The DMA controller was
 * released but the data transfer might be incoherent."
 */
VOID
NdisCompleteDmaTransfer(PNDIS_STATUS Status, NDIS_HANDLE NdisDmaHandle, PNDIS_BUFFER Buffer,
                        ULONG Offset, ULONG Length, BOOLEAN WriteToDevice)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct dma_channel *channel = channel_of(context, NdisDmaHandle, __func__, caller);
    bool matches;
    bool busy;

    *Status = NDIS_STATUS_RESOURCES;
    if (channel == NULL) {
        return;
    }
    brief_lock(&channel->lock);
    busy = channel->busy;
    matches = busy && channel->mdl == Buffer && channel->offset == Offset &&
              channel->length == Length && channel->to_device == (WriteToDevice != FALSE);
    channel->busy = false;
    brief_unlock(&channel->lock);
    if (matches) {
        *Status = NDIS_STATUS_SUCCESS;
        return;
    }
    pndis__report(context, RULE_DMA_TRANSFER, &channel->adapter->owner, __func__, caller,
                  busy ? "%s completes another DMA transfer than it set up"
                       : "%s completes a DMA transfer that is not set up",
                  channel->adapter->owner.name);
}

/* "NdisMReadDmaCounter function". IRQL <= DISPATCH_LEVEL. Bytes that remain of the current
 * transfer. */
ULONG
NdisMReadDmaCounter(NDIS_HANDLE MiniportDmaHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct dma_channel *channel = channel_of(context, MiniportDmaHandle, __func__, NT_CALLER());

    return channel == NULL ? 0 : __atomic_load_n(&channel->remaining, __ATOMIC_RELAXED);
}

size_t
pndis_device_transfer(struct pndis_device *device, unsigned number, void *buffer, size_t bytes)
{
    struct dma_channel *channel =
        number < CHANNEL_COUNT ? device->ndis->dma_channels[number] : NULL;
    uint8_t *memory;

    if (channel == NULL || channel->adapter->device != device) {
        return 0;
    }
    brief_lock(&channel->lock);
    bytes = channel->busy ? min(bytes, (size_t)channel->remaining) : 0;
    memory = channel->memory + (channel->length - channel->remaining);
    if (bytes != 0 && channel->to_device) {
        memcpy(buffer, memory, bytes);
    } else if (bytes != 0) {
        memcpy(memory, buffer, bytes);
    }
    channel->remaining -= (ULONG)bytes;
    brief_unlock(&channel->lock);
    return bytes;
}
