/* Memory in the call of NDIS 5, and its devices for applications. */
#include "ndis5/ndis5.h"

#include "ndis/memory.h"
#include "nt/pool.h"

/*
 * NdisAllocateMemory. IRQL: PASSIVE_LEVEL, with flags of 0 <= DISPATCH_LEVEL. Contiguous or
 * noncached memory is like any other here; NdisFreeMemory wants the same flags.
 * NDIS_STATUS_FAILURE: no memory.
 */
NDIS_STATUS
NdisAllocateMemory(PVOID *VirtualAddress, UINT Length, UINT MemoryFlags,
                   NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    KIRQL highest = MemoryFlags == 0 ? DISPATCH_LEVEL : PASSIVE_LEVEL;
    struct context *context = NT_CALL(PASSIVE_LEVEL, highest);

    (void)HighestAcceptableAddress;
    *VirtualAddress = pndis__pool_take(context, POOL_NONPAGED, Length,
                                       MEMORY5_TAG | (MemoryFlags & MEMORY5_FLAGS),
                                       POOL_FILL_PATTERN, __func__, NT_CALLER());
    return *VirtualAddress == NULL ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
}

/*
 * NdisMRegisterDevice. IRQL: PASSIVE_LEVEL. The table of routines is copied. As
 * NdisRegisterDeviceEx; undone with NdisMDeregisterDevice.
 */
NDIS_STATUS
NdisMRegisterDevice(NDIS_HANDLE NdisWrapperHandle, PNDIS_STRING DeviceName,
                    PNDIS_STRING SymbolicName, PDRIVER_DISPATCH MajorFunctions[],
                    PDEVICE_OBJECT *pDeviceObject, NDIS_HANDLE *NdisDeviceHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct wrapper *wrapper = pndis__wrapper_of(context, NdisWrapperHandle, __func__, caller);
    NDIS_DEVICE_OBJECT_ATTRIBUTES attributes = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
                   .Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
                   .Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1},
        .DeviceName = DeviceName,
        .SymbolicName = SymbolicName,
        .MajorFunctions = MajorFunctions,
    };
    NDIS_STATUS status;

    if (wrapper == NULL || wrapper->miniport_driver == NULL) {
        *pDeviceObject = NULL;
        *NdisDeviceHandle = NULL;
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    status = NdisRegisterDeviceEx(wrapper->miniport_driver, &attributes, pDeviceObject,
                                  NdisDeviceHandle);
    if (status == NDIS_STATUS_SUCCESS) {
        pndis__acquired_as(context, RESOURCE_DEVICE, *pDeviceObject, &wrapper->driver->owner,
                           __func__, caller);
    }
    return status;
}

/* NdisMDeregisterDevice. IRQL: PASSIVE_LEVEL. The link goes with the device. */
NDIS_STATUS
NdisMDeregisterDevice(NDIS_HANDLE NdisDeviceHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    if (pndis__handle(context, NdisDeviceHandle, HANDLE_BIT(DEVICE), __func__, NT_CALLER()) ==
        NULL) {
        return NDIS_STATUS_FAILURE;
    }
    NdisDeregisterDeviceEx(NdisDeviceHandle);
    return NDIS_STATUS_SUCCESS;
}
