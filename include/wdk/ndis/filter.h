/* Filter drivers ("NDIS Filter Driver Functions"). */
#ifndef __NDIS_FILTER_H
#define __NDIS_FILTER_H

#include "types.h"
#include "driver.h"
#include "attributes.h"
#include "restart.h"
#include "pnp.h"
#include "indicate.h"
#include "nblsend.h"
#include "nblreceive.h"
#include "offload.h"

EXTERN_C_START

#define NDIS_FILTER_ATTACH_FLAGS_IGNORE_MANDATORY 0x00000001
#define NDIS_FILTER_DRIVER_MANDATORY              0x00000001
#if (NDIS_SUPPORT_NDIS650)
#define NDIS_FILTER_DRIVER_SUPPORTS_CURRENT_MAC_ADDRESS_CHANGE 0x00000002
#define NDIS_FILTER_DRIVER_SUPPORTS_L2_MTU_SIZE_CHANGE         0x00000004
#endif

#if (NDIS_SUPPORT_NDIS689)
#define NDIS_FILTER_DRIVER_UDP_RSC_NOT_SUPPORTED 0x00000008
#endif

#define NDIS_FILTER_ATTACH_PARAMETERS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS61)
#define NDIS_FILTER_ATTACH_PARAMETERS_REVISION_2 2
#endif
#if (NDIS_SUPPORT_NDIS620)
#define NDIS_FILTER_ATTACH_PARAMETERS_REVISION_3 3
#endif
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_FILTER_ATTACH_PARAMETERS_REVISION_4 4
#endif

typedef struct _NDIS_FILTER_ATTACH_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    NET_IFINDEX IfIndex;
    NET_LUID NetLuid;
    PNDIS_STRING FilterModuleGuidName;
    NET_IFINDEX BaseMiniportIfIndex;
    PNDIS_STRING BaseMiniportInstanceName;
    PNDIS_STRING BaseMiniportName;
    NDIS_MEDIA_CONNECT_STATE MediaConnectState;
    NET_IF_MEDIA_DUPLEX_STATE MediaDuplexState;
    ULONG64 XmitLinkSpeed;
    ULONG64 RcvLinkSpeed;
    NDIS_MEDIUM MiniportMediaType;
    NDIS_PHYSICAL_MEDIUM MiniportPhysicalMediaType;
    NDIS_HANDLE MiniportMediaSpecificAttributes;
    PNDIS_OFFLOAD DefaultOffloadConfiguration;
    USHORT MacAddressLength;
    UCHAR CurrentMacAddress[32];
    NET_LUID BaseMiniportNetLuid;
    NET_IFINDEX LowerIfIndex;
    NET_LUID LowerIfNetLuid;
    ULONG Flags;
#if (NDIS_SUPPORT_NDIS61)
    PNDIS_HD_SPLIT_CURRENT_CONFIG HDSplitCurrentConfig;
#endif
#if (NDIS_SUPPORT_NDIS620)
    PNDIS_RECEIVE_FILTER_CAPABILITIES ReceiveFilterCapabilities;
    PDEVICE_OBJECT MiniportPhysicalDeviceObject;
    PNDIS_NIC_SWITCH_CAPABILITIES NicSwitchCapabilities;
#endif
#if (NDIS_SUPPORT_NDIS630)
    BOOLEAN BaseMiniportIfConnectorPresent;
    PNDIS_SRIOV_CAPABILITIES SriovCapabilities;
    PNDIS_NIC_SWITCH_INFO_ARRAY NicSwitchArray;
#endif
} NDIS_FILTER_ATTACH_PARAMETERS, *PNDIS_FILTER_ATTACH_PARAMETERS;

#define NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_1                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_ATTACH_PARAMETERS, Flags)
#if (NDIS_SUPPORT_NDIS61)
#define NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_2                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_ATTACH_PARAMETERS, HDSplitCurrentConfig)
#endif
#if (NDIS_SUPPORT_NDIS620)
#define NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_3                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_ATTACH_PARAMETERS, NicSwitchCapabilities)
#endif
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_4                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_ATTACH_PARAMETERS, NicSwitchArray)
#endif

#define NDIS_FILTER_RESTART_PARAMETERS_REVISION_1 1

typedef struct _NDIS_FILTER_RESTART_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    NDIS_MEDIUM MiniportMediaType;
    NDIS_PHYSICAL_MEDIUM MiniportPhysicalMediaType;
    PNDIS_RESTART_ATTRIBUTES RestartAttributes;
    NET_IFINDEX LowerIfIndex;
    NET_LUID LowerIfNetLuid;
    ULONG Flags;
} NDIS_FILTER_RESTART_PARAMETERS, *PNDIS_FILTER_RESTART_PARAMETERS;

#define NDIS_SIZEOF__FILTER_RESTART_PARAMETERS_REVISION_1                                          \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_RESTART_PARAMETERS, Flags)

#define NDIS_FILTER_PAUSE_PARAMETERS_REVISION_1 1

typedef struct _NDIS_FILTER_PAUSE_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG PauseReason;
} NDIS_FILTER_PAUSE_PARAMETERS, *PNDIS_FILTER_PAUSE_PARAMETERS;

#define NDIS_SIZEOF_FILTER_PAUSE_PARAMETERS_REVISION_1                                             \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_PAUSE_PARAMETERS, PauseReason)

#define NDIS_FILTER_ATTRIBUTES_REVISION_1 1

typedef struct _NDIS_FILTER_ATTRIBUTES {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
} NDIS_FILTER_ATTRIBUTES, *PNDIS_FILTER_ATTRIBUTES;

#define NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1                                                   \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_ATTRIBUTES, Flags)

/* Entry points. */
typedef SET_OPTIONS FILTER_SET_OPTIONS;

typedef _Function_class_(FILTER_SET_MODULE_OPTIONS) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    FILTER_SET_MODULE_OPTIONS(_In_ NDIS_HANDLE FilterModuleContext);
typedef FILTER_SET_MODULE_OPTIONS *FILTER_SET_FILTER_MODULE_OPTIONS_HANDLER;
typedef _Function_class_(FILTER_ATTACH) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    FILTER_ATTACH(_In_ NDIS_HANDLE NdisFilterHandle, _In_ NDIS_HANDLE FilterDriverContext,
                  _In_ PNDIS_FILTER_ATTACH_PARAMETERS AttachParameters);
typedef FILTER_ATTACH *FILTER_ATTACH_HANDLER;
typedef _Function_class_(FILTER_DETACH) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    FILTER_DETACH(_In_ NDIS_HANDLE FilterModuleContext);
typedef FILTER_DETACH *FILTER_DETACH_HANDLER;
typedef _Function_class_(FILTER_RESTART) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    FILTER_RESTART(_In_ NDIS_HANDLE FilterModuleContext,
                   _In_ PNDIS_FILTER_RESTART_PARAMETERS RestartParameters);
typedef FILTER_RESTART *FILTER_RESTART_HANDLER;
typedef _Function_class_(FILTER_PAUSE) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    FILTER_PAUSE(_In_ NDIS_HANDLE FilterModuleContext,
                 _In_ PNDIS_FILTER_PAUSE_PARAMETERS PauseParameters);
typedef FILTER_PAUSE *FILTER_PAUSE_HANDLER;
typedef _Function_class_(FILTER_SEND_NET_BUFFER_LISTS) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_SEND_NET_BUFFER_LISTS(_In_ NDIS_HANDLE FilterModuleContext,
                                 _In_ PNET_BUFFER_LIST NetBufferList,
                                 _In_ NDIS_PORT_NUMBER PortNumber, _In_ ULONG SendFlags);
typedef FILTER_SEND_NET_BUFFER_LISTS *FILTER_SEND_NET_BUFFER_LISTS_HANDLER;
typedef _Function_class_(FILTER_SEND_NET_BUFFER_LISTS_COMPLETE)
    _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_SEND_NET_BUFFER_LISTS_COMPLETE(_In_ NDIS_HANDLE FilterModuleContext,
                                          _In_ PNET_BUFFER_LIST NetBufferList,
                                          _In_ ULONG SendCompleteFlags);
typedef FILTER_SEND_NET_BUFFER_LISTS_COMPLETE *FILTER_SEND_NET_BUFFER_LISTS_COMPLETE_HANDLER;
typedef _Function_class_(FILTER_CANCEL_SEND_NET_BUFFER_LISTS)
    _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_CANCEL_SEND_NET_BUFFER_LISTS(_In_ NDIS_HANDLE FilterModuleContext, _In_ PVOID CancelId);
typedef FILTER_CANCEL_SEND_NET_BUFFER_LISTS *FILTER_CANCEL_SEND_HANDLER;
typedef _Function_class_(FILTER_RECEIVE_NET_BUFFER_LISTS) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_RECEIVE_NET_BUFFER_LISTS(_In_ NDIS_HANDLE FilterModuleContext,
                                    _In_ PNET_BUFFER_LIST NetBufferLists,
                                    _In_ NDIS_PORT_NUMBER PortNumber,
                                    _In_ ULONG NumberOfNetBufferLists, _In_ ULONG ReceiveFlags);
typedef FILTER_RECEIVE_NET_BUFFER_LISTS *FILTER_RECEIVE_NET_BUFFER_LISTS_HANDLER;
typedef _Function_class_(FILTER_RETURN_NET_BUFFER_LISTS) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_RETURN_NET_BUFFER_LISTS(_In_ NDIS_HANDLE FilterModuleContext,
                                   _In_ PNET_BUFFER_LIST NetBufferLists, _In_ ULONG ReturnFlags);
typedef FILTER_RETURN_NET_BUFFER_LISTS *FILTER_RETURN_NET_BUFFER_LISTS_HANDLER;
typedef _Function_class_(FILTER_OID_REQUEST) _IRQL_requires_max_(DISPATCH_LEVEL) NDIS_STATUS
    FILTER_OID_REQUEST(_In_ NDIS_HANDLE FilterModuleContext, _In_ PNDIS_OID_REQUEST OidRequest);
typedef FILTER_OID_REQUEST *FILTER_OID_REQUEST_HANDLER;
typedef _Function_class_(FILTER_OID_REQUEST_COMPLETE) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_OID_REQUEST_COMPLETE(_In_ NDIS_HANDLE FilterModuleContext,
                                _In_ PNDIS_OID_REQUEST OidRequest, _In_ NDIS_STATUS Status);
typedef FILTER_OID_REQUEST_COMPLETE *FILTER_OID_REQUEST_COMPLETE_HANDLER;
typedef _Function_class_(FILTER_CANCEL_OID_REQUEST) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_CANCEL_OID_REQUEST(_In_ NDIS_HANDLE FilterModuleContext, _In_ PVOID RequestId);
typedef FILTER_CANCEL_OID_REQUEST *FILTER_CANCEL_OID_REQUEST_HANDLER;
typedef _Function_class_(FILTER_DEVICE_PNP_EVENT_NOTIFY) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    FILTER_DEVICE_PNP_EVENT_NOTIFY(_In_ NDIS_HANDLE FilterModuleContext,
                                   _In_ PNET_DEVICE_PNP_EVENT NetDevicePnPEvent);
typedef FILTER_DEVICE_PNP_EVENT_NOTIFY *FILTER_DEVICE_PNP_EVENT_NOTIFY_HANDLER;
typedef _Function_class_(FILTER_NET_PNP_EVENT) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    FILTER_NET_PNP_EVENT(_In_ NDIS_HANDLE FilterModuleContext,
                         _In_ PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification);
typedef FILTER_NET_PNP_EVENT *FILTER_NET_PNP_EVENT_HANDLER;
typedef _Function_class_(FILTER_STATUS) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_STATUS(_In_ NDIS_HANDLE FilterModuleContext,
                  _In_ PNDIS_STATUS_INDICATION StatusIndication);
typedef FILTER_STATUS *FILTER_STATUS_HANDLER;
#if (NDIS_SUPPORT_NDIS61)
typedef _Function_class_(FILTER_DIRECT_OID_REQUEST) _IRQL_requires_max_(DISPATCH_LEVEL) NDIS_STATUS
    FILTER_DIRECT_OID_REQUEST(_In_ NDIS_HANDLE FilterModuleContext,
                              _In_ PNDIS_OID_REQUEST OidRequest);
typedef FILTER_DIRECT_OID_REQUEST *FILTER_DIRECT_OID_REQUEST_HANDLER;
typedef _Function_class_(FILTER_DIRECT_OID_REQUEST_COMPLETE)
    _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_DIRECT_OID_REQUEST_COMPLETE(_In_ NDIS_HANDLE FilterModuleContext,
                                       _In_ PNDIS_OID_REQUEST OidRequest, _In_ NDIS_STATUS Status);
typedef FILTER_DIRECT_OID_REQUEST_COMPLETE *FILTER_DIRECT_OID_REQUEST_COMPLETE_HANDLER;
typedef _Function_class_(FILTER_CANCEL_DIRECT_OID_REQUEST) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_CANCEL_DIRECT_OID_REQUEST(_In_ NDIS_HANDLE FilterModuleContext, _In_ PVOID RequestId);
typedef FILTER_CANCEL_DIRECT_OID_REQUEST *FILTER_CANCEL_DIRECT_OID_REQUEST_HANDLER;
#endif

#if (NDIS_SUPPORT_NDIS680)
typedef _Function_class_(FILTER_SYNCHRONOUS_OID_REQUEST)
    _IRQL_requires_max_(DISPATCH_LEVEL) NDIS_STATUS
    FILTER_SYNCHRONOUS_OID_REQUEST(_In_ NDIS_HANDLE FilterModuleContext,
                                   _Inout_ NDIS_OID_REQUEST *OidRequest, _Out_ PVOID *CallContext);
typedef FILTER_SYNCHRONOUS_OID_REQUEST *FILTER_SYNCHRONOUS_OID_REQUEST_HANDLER;
typedef _Function_class_(FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE)
    _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE(_In_ NDIS_HANDLE FilterModuleContext,
                                            _Inout_ NDIS_OID_REQUEST *OidRequest,
                                            _Inout_ NDIS_STATUS *Status, _In_ PVOID CallContext);
typedef FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE *FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE_HANDLER;
#endif

#define NDIS_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1 1

typedef struct _NDIS_FILTER_PARTIAL_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    FILTER_SEND_NET_BUFFER_LISTS_HANDLER SendNetBufferListsHandler;
    FILTER_SEND_NET_BUFFER_LISTS_COMPLETE_HANDLER SendNetBufferListsCompleteHandler;
    FILTER_CANCEL_SEND_HANDLER CancelSendNetBufferListsHandler;
    FILTER_RECEIVE_NET_BUFFER_LISTS_HANDLER ReceiveNetBufferListsHandler;
    FILTER_RETURN_NET_BUFFER_LISTS_HANDLER ReturnNetBufferListsHandler;
} NDIS_FILTER_PARTIAL_CHARACTERISTICS, *PNDIS_FILTER_PARTIAL_CHARACTERISTICS;

#define NDIS_SIZEOF_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1                                      \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_PARTIAL_CHARACTERISTICS, ReturnNetBufferListsHandler)

#define NDIS_FILTER_CHARACTERISTICS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS61)
#define NDIS_FILTER_CHARACTERISTICS_REVISION_2 2
#endif
#if (NDIS_SUPPORT_NDIS680)
#define NDIS_FILTER_CHARACTERISTICS_REVISION_3 3
#endif

typedef struct _NDIS_FILTER_DRIVER_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    UCHAR MajorNdisVersion;
    UCHAR MinorNdisVersion;
    UCHAR MajorDriverVersion;
    UCHAR MinorDriverVersion;
    ULONG Flags;
    NDIS_STRING FriendlyName;
    NDIS_STRING UniqueName;
    NDIS_STRING ServiceName;
    SET_OPTIONS_HANDLER SetOptionsHandler;
    FILTER_SET_FILTER_MODULE_OPTIONS_HANDLER SetFilterModuleOptionsHandler;
    FILTER_ATTACH_HANDLER AttachHandler;
    FILTER_DETACH_HANDLER DetachHandler;
    FILTER_RESTART_HANDLER RestartHandler;
    FILTER_PAUSE_HANDLER PauseHandler;
    FILTER_SEND_NET_BUFFER_LISTS_HANDLER SendNetBufferListsHandler;
    FILTER_SEND_NET_BUFFER_LISTS_COMPLETE_HANDLER SendNetBufferListsCompleteHandler;
    FILTER_CANCEL_SEND_HANDLER CancelSendNetBufferListsHandler;
    FILTER_RECEIVE_NET_BUFFER_LISTS_HANDLER ReceiveNetBufferListsHandler;
    FILTER_RETURN_NET_BUFFER_LISTS_HANDLER ReturnNetBufferListsHandler;
    FILTER_OID_REQUEST_HANDLER OidRequestHandler;
    FILTER_OID_REQUEST_COMPLETE_HANDLER OidRequestCompleteHandler;
    FILTER_CANCEL_OID_REQUEST_HANDLER CancelOidRequestHandler;
    FILTER_DEVICE_PNP_EVENT_NOTIFY_HANDLER DevicePnPEventNotifyHandler;
    FILTER_NET_PNP_EVENT_HANDLER NetPnPEventHandler;
    FILTER_STATUS_HANDLER StatusHandler;
#if (NDIS_SUPPORT_NDIS61)
    FILTER_DIRECT_OID_REQUEST_HANDLER DirectOidRequestHandler;
    FILTER_DIRECT_OID_REQUEST_COMPLETE_HANDLER DirectOidRequestCompleteHandler;
    FILTER_CANCEL_DIRECT_OID_REQUEST_HANDLER CancelDirectOidRequestHandler;
#endif
#if (NDIS_SUPPORT_NDIS680)
    FILTER_SYNCHRONOUS_OID_REQUEST_HANDLER SynchronousOidRequestHandler;
    FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE_HANDLER SynchronousOidRequestCompleteHandler;
#endif
} NDIS_FILTER_DRIVER_CHARACTERISTICS, *PNDIS_FILTER_DRIVER_CHARACTERISTICS;

#define NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_1                                       \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_DRIVER_CHARACTERISTICS, StatusHandler)
#if (NDIS_SUPPORT_NDIS61)
#define NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2                                       \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_DRIVER_CHARACTERISTICS, CancelDirectOidRequestHandler)
#endif
#if (NDIS_SUPPORT_NDIS680)
#define NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_3                                       \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_DRIVER_CHARACTERISTICS,                                   \
                             SynchronousOidRequestCompleteHandler)
#endif

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisFRegisterFilterDriver(_In_ PDRIVER_OBJECT DriverObject,
                              _In_ NDIS_HANDLE FilterDriverContext,
                              _In_ PNDIS_FILTER_DRIVER_CHARACTERISTICS FilterDriverCharacteristics,
                              _Out_ PNDIS_HANDLE NdisFilterDriverHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisFDeregisterFilterDriver(_In_ NDIS_HANDLE NdisFilterDriverHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisFSetAttributes(_In_ NDIS_HANDLE NdisFilterHandle, _In_ NDIS_HANDLE FilterModuleContext,
                       _In_ PNDIS_FILTER_ATTRIBUTES FilterAttributes);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFPauseComplete(_In_ NDIS_HANDLE NdisFilterHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisFRestartComplete(_In_ NDIS_HANDLE NdisFilterHandle, _In_ NDIS_STATUS Status);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisFRestartFilter(_In_ NDIS_HANDLE NdisFilterHandle);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFSendNetBufferLists(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PNET_BUFFER_LIST NetBufferList,
                            _In_ NDIS_PORT_NUMBER PortNumber, _In_ ULONG SendFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFSendNetBufferListsComplete(_In_ NDIS_HANDLE NdisFilterHandle,
                                    _In_ PNET_BUFFER_LIST NetBufferList,
                                    _In_ ULONG SendCompleteFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFCancelSendNetBufferLists(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PVOID CancelId);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFIndicateReceiveNetBufferLists(_In_ NDIS_HANDLE NdisFilterHandle,
                                       _In_ PNET_BUFFER_LIST NetBufferLists,
                                       _In_ NDIS_PORT_NUMBER PortNumber,
                                       _In_ ULONG NumberOfNetBufferLists, _In_ ULONG ReceiveFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFReturnNetBufferLists(_In_ NDIS_HANDLE NdisFilterHandle,
                              _In_ PNET_BUFFER_LIST NetBufferLists, _In_ ULONG ReturnFlags);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisFOidRequest(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PNDIS_OID_REQUEST OidRequest);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFOidRequestComplete(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PNDIS_OID_REQUEST OidRequest,
                            _In_ NDIS_STATUS Status);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFCancelOidRequest(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PVOID RequestId);
#if (NDIS_SUPPORT_NDIS61)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisFDirectOidRequest(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PNDIS_OID_REQUEST OidRequest);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFDirectOidRequestComplete(_In_ NDIS_HANDLE NdisFilterHandle,
                                  _In_ PNDIS_OID_REQUEST OidRequest, _In_ NDIS_STATUS Status);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFCancelDirectOidRequest(_In_ NDIS_HANDLE NdisFilterHandle, _In_ PVOID RequestId);
#endif

#if (NDIS_SUPPORT_NDIS680)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisFSynchronousOidRequest(_In_ NDIS_HANDLE NdisFilterModuleHandle,
                               _In_ NDIS_OID_REQUEST *OidRequest);
#endif

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFIndicateStatus(_In_ NDIS_HANDLE NdisFilterHandle,
                        _In_ PNDIS_STATUS_INDICATION StatusIndication);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisFNetPnPEvent(_In_ NDIS_HANDLE NdisFilterHandle,
                     _In_ PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisFDevicePnPEventNotify(_In_ NDIS_HANDLE NdisFilterHandle,
                              _In_ PNET_DEVICE_PNP_EVENT NetDevicePnPEvent);

#define NDIS_FILTER_INTERFACE_IM_FILTER 0x00000001
#define NDIS_FILTER_INTERFACE_LW_FILTER 0x00000002
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_FILTER_INTERFACE_SEND_BYPASS    0x00000004
#define NDIS_FILTER_INTERFACE_RECEIVE_BYPASS 0x00000008
#endif

#define NDIS_FILTER_INTERFACE_REVISION_1 1
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_FILTER_INTERFACE_REVISION_2 2
#endif

typedef struct _NDIS_FILTER_INTERFACE {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG FilterType;
    ULONG FilterRunType;
    NET_IFINDEX IfIndex;
    NET_LUID NetLuid;
    NDIS_STRING FilterClass;
    NDIS_STRING FilterInstanceName;
} NDIS_FILTER_INTERFACE, *PNDIS_FILTER_INTERFACE;

#define NDIS_SIZEOF_FILTER_INTERFACE_REVISION_1                                                    \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_FILTER_INTERFACE, FilterInstanceName)

#define NDIS_ENUM_FILTERS_REVISION_1 1

typedef struct _NDIS_ENUM_FILTERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG NumberOfFilters;
    ULONG OffsetFirstFilter;
    NDIS_FILTER_INTERFACE Filter[1];
} NDIS_ENUM_FILTERS, *PNDIS_ENUM_FILTERS;

#define NDIS_SIZEOF_ENUM_FILTERS_REVISION_1 RTL_SIZEOF_THROUGH_FIELD(NDIS_ENUM_FILTERS, Filter)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisEnumerateFilterModules(_In_ NDIS_HANDLE NdisHandle, _In_ PVOID InterfaceBuffer,
                               _In_ ULONG InterfaceBufferLength, _Inout_ PULONG BytesNeeded,
                               _Inout_ PULONG BytesWritten);

EXTERN_C_END

#endif
