/* Device objects with a security descriptor from the start ("Securing Device Objects"), and the
 * ready descriptors in SDDL. */
#ifndef _WDMSEC_H_
#define _WDMSEC_H_

#include "wdm.h"
#include "ntstrsafe.h"

EXTERN_C_START

#define __WDMSEC_STRING(name, text)                                                                \
    static const UNICODE_STRING name __attribute__((__unused__)) = RTL_CONSTANT_STRING(text)

__WDMSEC_STRING(SDDL_DEVOBJ_KERNEL_ONLY, L"D:P");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL, L"D:P(A;;GA;;;SY)");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL_ADM_ALL, L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL_ADM_RX, L"D:P(A;;GA;;;SY)(A;;GRGX;;;BA)");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R,
                L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R,
                L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW_RES_R,
                L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGW;;;WD)(A;;GR;;;RC)");
__WDMSEC_STRING(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX,
                L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)");

_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS
    WdmlibIoCreateDeviceSecure(_In_ PDRIVER_OBJECT DriverObject, _In_ ULONG DeviceExtensionSize,
                               _In_opt_ PUNICODE_STRING DeviceName, _In_ DEVICE_TYPE DeviceType,
                               _In_ ULONG DeviceCharacteristics, _In_ BOOLEAN Exclusive,
                               _In_ PCUNICODE_STRING DefaultSDDLString,
                               _In_opt_ const GUID *DeviceClassGuid,
                               _Out_ PDEVICE_OBJECT *DeviceObject);

#define IoCreateDeviceSecure WdmlibIoCreateDeviceSecure

EXTERN_C_END

#endif
