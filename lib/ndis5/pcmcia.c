/*
 * The attribute memory of a PC Card, where its card information structure is. Only bytes at even
 * addresses mean anything there: what drivers and hosts see is the memory without the others.
 */
#include "ndis5/ndis5.h"

#include "ndis/device.h"

static ULONG
attribute_memory(struct miniport5 *miniport, bool write, ULONG offset, void *buffer, ULONG bytes)
{
    return miniport == NULL || miniport->adapter->device == NULL
               ? 0
               : pndis__device_attributes(miniport->adapter->device, write, offset, buffer, bytes);
}

/* NdisReadPcmciaAttributeMemory. IRQL <= DISPATCH_LEVEL, usually from MiniportInitialize. Returns
 * the bytes read: 0 on an adapter that is no PC Card. */
ULONG
NdisReadPcmciaAttributeMemory(NDIS_HANDLE NdisAdapterHandle, ULONG Offset, PVOID Buffer,
                              ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return attribute_memory(pndis__miniport5_of(context, NdisAdapterHandle, __func__, NT_CALLER()),
                            false, Offset, Buffer, Length);
}

/* NdisWritePcmciaAttributeMemory. As NdisReadPcmciaAttributeMemory; returns the bytes written. */
ULONG
NdisWritePcmciaAttributeMemory(NDIS_HANDLE NdisAdapterHandle, ULONG Offset, PVOID Buffer,
                               ULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return attribute_memory(pndis__miniport5_of(context, NdisAdapterHandle, __func__, NT_CALLER()),
                            true, Offset, Buffer, Length);
}
