/* Intermediate drivers: miniports above a protocol of the same driver ("NDIS Intermediate
 * Drivers"). */
#ifndef __NDIS_INTERMEDIATE_H
#define __NDIS_INTERMEDIATE_H

#include "types.h"
#include "driver.h"

EXTERN_C_START

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisIMAssociateMiniport(_In_ NDIS_HANDLE DriverHandle, _In_ NDIS_HANDLE ProtocolHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisIMInitializeDeviceInstanceEx(_In_ NDIS_HANDLE DriverHandle,
                                     _In_ PNDIS_STRING DriverInstance,
                                     _In_opt_ NDIS_HANDLE DeviceContext);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisIMCancelInitializeDeviceInstance(_In_ NDIS_HANDLE DriverHandle,
                                         _In_ PNDIS_STRING DeviceInstance);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisIMDeInitializeDeviceInstance(_In_ NDIS_HANDLE NdisMiniportHandle);
_IRQL_requires_max_(APC_LEVEL) NDISAPI NDIS_HANDLE
    NdisIMGetBindingContext(_In_ NDIS_HANDLE NdisBindingHandle);

EXTERN_C_END

#endif
