/* What drivers of every type share: optional handlers, version, devices, requests of their own. */
#ifndef __NDIS_DRIVER_H
#define __NDIS_DRIVER_H

#include "types.h"
#include "objectheader.h"
#include "status.h"
#include "string.h"
#include "nblaccessors.h"
#include "oidrequest.h"
#include "../wdm/device.h"

EXTERN_C_START

typedef struct _NDIS_DRIVER_OPTIONAL_HANDLERS {
    NDIS_OBJECT_HEADER Header;
} NDIS_DRIVER_OPTIONAL_HANDLERS, *PNDIS_DRIVER_OPTIONAL_HANDLERS;

typedef _Function_class_(SET_OPTIONS) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    SET_OPTIONS(_In_ NDIS_HANDLE NdisDriverHandle, _In_ NDIS_HANDLE DriverContext);
typedef SET_OPTIONS *SET_OPTIONS_HANDLER;
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisSetOptionalHandlers(_In_ NDIS_HANDLE NdisHandle,
                            _In_ PNDIS_DRIVER_OPTIONAL_HANDLERS OptionalHandlers);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI UINT NdisGetVersion(VOID);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI PVOID
    NdisGetRoutineAddress(_In_ PNDIS_STRING NdisRoutineName);

#define NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 1

typedef struct _NDIS_DEVICE_OBJECT_ATTRIBUTES {
    NDIS_OBJECT_HEADER Header;
    PNDIS_STRING DeviceName;
    PNDIS_STRING SymbolicName;
    PDRIVER_DISPATCH *MajorFunctions;
    ULONG ExtensionSize;
    PCUNICODE_STRING DefaultSDDLString;
    LPCGUID DeviceClassGuid;
} NDIS_DEVICE_OBJECT_ATTRIBUTES, *PNDIS_DEVICE_OBJECT_ATTRIBUTES;

#define NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_DEVICE_OBJECT_ATTRIBUTES, DeviceClassGuid)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisRegisterDeviceEx(_In_ NDIS_HANDLE NdisHandle,
                         _In_ PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                         _Out_ PDEVICE_OBJECT *pDeviceObject, _Out_ PNDIS_HANDLE NdisDeviceHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisDeregisterDeviceEx(_In_ NDIS_HANDLE NdisDeviceHandle);
NDISAPI PVOID NdisGetDeviceReservedExtension(_In_ PDEVICE_OBJECT DeviceObject);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisAllocateCloneOidRequest(_In_ NDIS_HANDLE SourceHandle, _In_ PNDIS_OID_REQUEST OidRequest,
                                _In_ UINT PoolTag, _Inout_ PNDIS_OID_REQUEST *ClonedOidRequest);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeCloneOidRequest(_In_ NDIS_HANDLE SourceHandle, _In_ PNDIS_OID_REQUEST Request);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI UCHAR NdisGeneratePartialCancelId(VOID);

/* A cancel identifier is a value in a slot of the list. */
#define NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(_NBL, _CancelId)                                        \
    (NET_BUFFER_LIST_INFO((_NBL), NetBufferListCancelId) = (_CancelId))
#define NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(_NBL)                                                   \
    (NET_BUFFER_LIST_INFO((_NBL), NetBufferListCancelId))

/* On Windows these tell a static analyser and a debugger what type a context handle has. */
#define NDIS_DECLARE_MINIPORT_DRIVER_CONTEXT(type)           ((void)sizeof(type))
#define NDIS_DECLARE_MINIPORT_ADAPTER_CONTEXT(type)          ((void)sizeof(type))
#define NDIS_DECLARE_MINIPORT_ADDDEVICE_CONTEXT(type)        ((void)sizeof(type))
#define NDIS_DECLARE_MINIPORT_INTERRUPT_CONTEXT(type)        ((void)sizeof(type))
#define NDIS_DECLARE_MINIPORT_SGLIST_CONTEXT(type)           ((void)sizeof(type))
#define NDIS_DECLARE_MINIPORT_SHARED_DMA_ASYNC_CONTEXT(type) ((void)sizeof(type))
#define NDIS_DECLARE_FILTER_DRIVER_CONTEXT(type)             ((void)sizeof(type))
#define NDIS_DECLARE_FILTER_MODULE_CONTEXT(type)             ((void)sizeof(type))
#define NDIS_DECLARE_PROTOCOL_DRIVER_CONTEXT(type)           ((void)sizeof(type))
#define NDIS_DECLARE_PROTOCOL_OPEN_CONTEXT(type)             ((void)sizeof(type))
#define NDIS_DECLARE_SHARED_MEMORY_PROVIDER_CONTEXT(type)    ((void)sizeof(type))
#define NDIS_DECLARE_SHARED_MEMORY_ALLOCATION_CONTEXT(type)  ((void)sizeof(type))
#define __sdv_save_adapter_context(context)                  ((void)(context))

EXTERN_C_END

#endif
