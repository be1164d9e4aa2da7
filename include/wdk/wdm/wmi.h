/* Windows Management Instrumentation, the registration calls ("Registering as a WMI Data
 * Provider"). */
#ifndef __WDK_WDM_WMI_H
#define __WDK_WDM_WMI_H

#include "types.h"

EXTERN_C_START

#define WMIREG_ACTION_REGISTER     1
#define WMIREG_ACTION_DEREGISTER   2
#define WMIREG_ACTION_REREGISTER   3
#define WMIREG_ACTION_UPDATE_GUIDS 4
#define WMIREG_ACTION_BLOCK_IRPS   5
#define WMIREGISTER                0

_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS
    IoWMIRegistrationControl(_In_ PDEVICE_OBJECT DeviceObject, _In_ ULONG Action);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI NTSTATUS IoWMIWriteEvent(_Inout_ PVOID WnodeEventItem);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI ULONG
    IoWMIDeviceObjectToProviderId(_In_ PDEVICE_OBJECT DeviceObject);

EXTERN_C_END

#endif
