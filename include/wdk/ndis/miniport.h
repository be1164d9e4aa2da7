/* Miniport drivers: entry points, registration, and the calls up into NDIS ("Miniport Driver
 * Functions"). */
#ifndef __NDIS_MINIPORT_H
#define __NDIS_MINIPORT_H

#include "types.h"
#include "driver.h"
#include "attributes.h"
#include "restart.h"
#include "pnp.h"
#include "indicate.h"
#include "port.h"
#include "statistics.h"
#include "nblsend.h"
#include "nblreceive.h"

EXTERN_C_START

typedef enum _NDIS_HALT_ACTION {
    NdisHaltDeviceDisabled,
    NdisHaltDeviceInstanceDeInitialized,
    NdisHaltDevicePoweredDown,
    NdisHaltDeviceSurpriseRemoved,
    NdisHaltDeviceFailed,
    NdisHaltDeviceInitializationFailed,
    NdisHaltDeviceStopped
} NDIS_HALT_ACTION;
typedef NDIS_HALT_ACTION *PNDIS_HALT_ACTION;

typedef enum _NDIS_SHUTDOWN_ACTION {
    NdisShutdownPowerOff,
    NdisShutdownBugCheck
} NDIS_SHUTDOWN_ACTION;
typedef NDIS_SHUTDOWN_ACTION PNDIS_SHUTDOWN_ACTION;

/* Reasons for a pause. */
#define NDIS_PAUSE_NDIS_INTERNAL          0x00000001
#define NDIS_PAUSE_LOW_POWER              0x00000002
#define NDIS_PAUSE_BIND_PROTOCOL          0x00000004
#define NDIS_PAUSE_UNBIND_PROTOCOL        0x00000008
#define NDIS_PAUSE_ATTACH_FILTER          0x00000010
#define NDIS_PAUSE_DETACH_FILTER          0x00000020
#define NDIS_PAUSE_FILTER_RESTART_STACK   0x00000040
#define NDIS_PAUSE_MINIPORT_DEVICE_REMOVE 0x00000080

/* How MiniportInitializeEx was called. */
#define NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1 1

typedef struct _NDIS_MINIPORT_INIT_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    PNDIS_RESOURCE_LIST AllocatedResources;
    NDIS_HANDLE IMDeviceInstanceContext;
    NDIS_HANDLE MiniportAddDeviceContext;
    NET_IFINDEX IfIndex;
    NET_LUID NetLuid;
    PNDIS_PORT_AUTHENTICATION_PARAMETERS DefaultPortAuthStates;
    PNDIS_PCI_DEVICE_CUSTOM_PROPERTIES PciDeviceCustomProperties;
} NDIS_MINIPORT_INIT_PARAMETERS, *PNDIS_MINIPORT_INIT_PARAMETERS;

#define NDIS_SIZEOF_MINIPORT_INIT_PARAMETER_REVISION_1                                             \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_INIT_PARAMETERS, PciDeviceCustomProperties)

#define NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1 1

typedef struct _NDIS_MINIPORT_RESTART_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    PNDIS_RESTART_ATTRIBUTES RestartAttributes;
    ULONG Flags;
} NDIS_MINIPORT_RESTART_PARAMETERS, *PNDIS_MINIPORT_RESTART_PARAMETERS;

#define NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1                                         \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_RESTART_PARAMETERS, Flags)

#define NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1 1

typedef struct _NDIS_MINIPORT_PAUSE_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG PauseReason;
} NDIS_MINIPORT_PAUSE_PARAMETERS, *PNDIS_MINIPORT_PAUSE_PARAMETERS;

#define NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1                                           \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_PAUSE_PARAMETERS, PauseReason)

/* Entry points. */

typedef SET_OPTIONS MINIPORT_SET_OPTIONS;

typedef _Function_class_(MINIPORT_INITIALIZE) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_INITIALIZE(_In_ NDIS_HANDLE NdisMiniportHandle, _In_ NDIS_HANDLE MiniportDriverContext,
                        _In_ PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters);
typedef MINIPORT_INITIALIZE *MINIPORT_INITIALIZE_HANDLER;
typedef _Function_class_(MINIPORT_HALT) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    MINIPORT_HALT(_In_ NDIS_HANDLE MiniportAdapterContext, _In_ NDIS_HALT_ACTION HaltAction);
typedef MINIPORT_HALT *MINIPORT_HALT_HANDLER;
typedef _Function_class_(MINIPORT_UNLOAD) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    MINIPORT_UNLOAD(_In_ PDRIVER_OBJECT DriverObject);
typedef MINIPORT_UNLOAD *MINIPORT_DRIVER_UNLOAD;
typedef _Function_class_(MINIPORT_PAUSE) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_PAUSE(_In_ NDIS_HANDLE MiniportAdapterContext,
                   _In_ PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters);
typedef MINIPORT_PAUSE *MINIPORT_PAUSE_HANDLER;
typedef _Function_class_(MINIPORT_RESTART) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_RESTART(_In_ NDIS_HANDLE MiniportAdapterContext,
                     _In_ PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters);
typedef MINIPORT_RESTART *MINIPORT_RESTART_HANDLER;
typedef _Function_class_(MINIPORT_OID_REQUEST) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_OID_REQUEST(_In_ NDIS_HANDLE MiniportAdapterContext,
                         _In_ PNDIS_OID_REQUEST OidRequest);
typedef MINIPORT_OID_REQUEST *MINIPORT_OID_REQUEST_HANDLER;
typedef _Function_class_(MINIPORT_CANCEL_OID_REQUEST) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    MINIPORT_CANCEL_OID_REQUEST(_In_ NDIS_HANDLE MiniportAdapterContext, _In_ PVOID RequestId);
typedef MINIPORT_CANCEL_OID_REQUEST *MINIPORT_CANCEL_OID_REQUEST_HANDLER;
typedef _Function_class_(MINIPORT_SEND_NET_BUFFER_LISTS) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    MINIPORT_SEND_NET_BUFFER_LISTS(_In_ NDIS_HANDLE MiniportAdapterContext,
                                   _In_ PNET_BUFFER_LIST NetBufferList,
                                   _In_ NDIS_PORT_NUMBER PortNumber, _In_ ULONG SendFlags);
typedef MINIPORT_SEND_NET_BUFFER_LISTS *MINIPORT_SEND_NET_BUFFER_LISTS_HANDLER;
typedef _Function_class_(MINIPORT_RETURN_NET_BUFFER_LISTS) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    MINIPORT_RETURN_NET_BUFFER_LISTS(_In_ NDIS_HANDLE MiniportAdapterContext,
                                     _In_ PNET_BUFFER_LIST NetBufferLists, _In_ ULONG ReturnFlags);
typedef MINIPORT_RETURN_NET_BUFFER_LISTS *MINIPORT_RETURN_NET_BUFFER_LISTS_HANDLER;
typedef _Function_class_(MINIPORT_CANCEL_SEND) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    MINIPORT_CANCEL_SEND(_In_ NDIS_HANDLE MiniportAdapterContext, _In_ PVOID CancelId);
typedef MINIPORT_CANCEL_SEND *MINIPORT_CANCEL_SEND_HANDLER;
typedef _Function_class_(MINIPORT_CHECK_FOR_HANG) _IRQL_requires_max_(PASSIVE_LEVEL) BOOLEAN
    MINIPORT_CHECK_FOR_HANG(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef MINIPORT_CHECK_FOR_HANG *MINIPORT_CHECK_FOR_HANG_HANDLER;
typedef _Function_class_(MINIPORT_RESET) _IRQL_requires_max_(DISPATCH_LEVEL) NDIS_STATUS
    MINIPORT_RESET(_In_ NDIS_HANDLE MiniportAdapterContext, _Out_ PBOOLEAN AddressingReset);
typedef MINIPORT_RESET *MINIPORT_RESET_HANDLER;
typedef _Function_class_(MINIPORT_DEVICE_PNP_EVENT_NOTIFY) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    MINIPORT_DEVICE_PNP_EVENT_NOTIFY(_In_ NDIS_HANDLE MiniportAdapterContext,
                                     _In_ PNET_DEVICE_PNP_EVENT NetDevicePnPEvent);
typedef MINIPORT_DEVICE_PNP_EVENT_NOTIFY *MINIPORT_DEVICE_PNP_EVENT_NOTIFY_HANDLER;
typedef _Function_class_(MINIPORT_SHUTDOWN) VOID
    MINIPORT_SHUTDOWN(_In_ NDIS_HANDLE MiniportAdapterContext,
                      _In_ NDIS_SHUTDOWN_ACTION ShutdownAction);
typedef MINIPORT_SHUTDOWN *MINIPORT_SHUTDOWN_HANDLER;
#if (NDIS_SUPPORT_NDIS61)
typedef _Function_class_(MINIPORT_DIRECT_OID_REQUEST)
    _IRQL_requires_max_(DISPATCH_LEVEL) NDIS_STATUS
    MINIPORT_DIRECT_OID_REQUEST(_In_ NDIS_HANDLE MiniportAdapterContext,
                                _In_ PNDIS_OID_REQUEST OidRequest);
typedef MINIPORT_DIRECT_OID_REQUEST *MINIPORT_DIRECT_OID_REQUEST_HANDLER;
typedef _Function_class_(MINIPORT_CANCEL_DIRECT_OID_REQUEST)
    _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    MINIPORT_CANCEL_DIRECT_OID_REQUEST(_In_ NDIS_HANDLE MiniportAdapterContext,
                                       _In_ PVOID RequestId);
typedef MINIPORT_CANCEL_DIRECT_OID_REQUEST *MINIPORT_CANCEL_DIRECT_OID_REQUEST_HANDLER;
#endif

#if (NDIS_SUPPORT_NDIS680)
typedef _Function_class_(MINIPORT_SYNCHRONOUS_OID_REQUEST)
    _IRQL_requires_max_(DISPATCH_LEVEL) NDIS_STATUS
    MINIPORT_SYNCHRONOUS_OID_REQUEST(_In_ NDIS_HANDLE MiniportAdapterContext,
                                     _In_ NDIS_OID_REQUEST *OidRequest);
typedef MINIPORT_SYNCHRONOUS_OID_REQUEST *MINIPORT_SYNCHRONOUS_OID_REQUEST_HANDLER;
#endif

#define NDIS_INTERMEDIATE_DRIVER 0x00000001
#define NDIS_WDM_DRIVER          0x00000002
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_DRIVER_FLAGS_RESERVED 0x00000008
#endif

#define NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS61)
#define NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 2
#endif
#if (NDIS_SUPPORT_NDIS680)
#define NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3 3
#endif

typedef struct _NDIS_MINIPORT_DRIVER_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    UCHAR MajorNdisVersion;
    UCHAR MinorNdisVersion;
    UCHAR MajorDriverVersion;
    UCHAR MinorDriverVersion;
    ULONG Flags;
    SET_OPTIONS_HANDLER SetOptionsHandler;
    MINIPORT_INITIALIZE_HANDLER InitializeHandlerEx;
    MINIPORT_HALT_HANDLER HaltHandlerEx;
    MINIPORT_DRIVER_UNLOAD UnloadHandler;
    MINIPORT_PAUSE_HANDLER PauseHandler;
    MINIPORT_RESTART_HANDLER RestartHandler;
    MINIPORT_OID_REQUEST_HANDLER OidRequestHandler;
    MINIPORT_SEND_NET_BUFFER_LISTS_HANDLER SendNetBufferListsHandler;
    MINIPORT_RETURN_NET_BUFFER_LISTS_HANDLER ReturnNetBufferListsHandler;
    MINIPORT_CANCEL_SEND_HANDLER CancelSendHandler;
    MINIPORT_CHECK_FOR_HANG_HANDLER CheckForHangHandlerEx;
    MINIPORT_RESET_HANDLER ResetHandlerEx;
    MINIPORT_DEVICE_PNP_EVENT_NOTIFY_HANDLER DevicePnPEventNotifyHandler;
    MINIPORT_SHUTDOWN_HANDLER ShutdownHandlerEx;
    MINIPORT_CANCEL_OID_REQUEST_HANDLER CancelOidRequestHandler;
#if (NDIS_SUPPORT_NDIS61)
    MINIPORT_DIRECT_OID_REQUEST_HANDLER DirectOidRequestHandler;
    MINIPORT_CANCEL_DIRECT_OID_REQUEST_HANDLER CancelDirectOidRequestHandler;
#endif
#if (NDIS_SUPPORT_NDIS680)
    MINIPORT_SYNCHRONOUS_OID_REQUEST_HANDLER SynchronousOidRequestHandler;
#endif
} NDIS_MINIPORT_DRIVER_CHARACTERISTICS, *PNDIS_MINIPORT_DRIVER_CHARACTERISTICS;

#define NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1                                     \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, CancelOidRequestHandler)
#if (NDIS_SUPPORT_NDIS61)
#define NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2                                     \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, CancelDirectOidRequestHandler)
#endif
#if (NDIS_SUPPORT_NDIS680)
#define NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3                                     \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, SynchronousOidRequestHandler)
#endif

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS NdisMRegisterMiniportDriver(
    _In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath,
    _In_opt_ NDIS_HANDLE MiniportDriverContext,
    _In_ PNDIS_MINIPORT_DRIVER_CHARACTERISTICS MiniportDriverCharacteristics,
    _Out_ PNDIS_HANDLE NdisMiniportDriverHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMDeregisterMiniportDriver(_In_ NDIS_HANDLE NdisMiniportDriverHandle);

/* Optional handlers: Plug and Play IRPs, selective suspend. */
typedef _Function_class_(MINIPORT_ADD_DEVICE) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_ADD_DEVICE(_In_ NDIS_HANDLE NdisMiniportHandle,
                        _In_ NDIS_HANDLE MiniportDriverContext);
typedef MINIPORT_ADD_DEVICE *MINIPORT_ADD_DEVICE_HANDLER;
typedef _Function_class_(MINIPORT_REMOVE_DEVICE) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    MINIPORT_REMOVE_DEVICE(_In_ NDIS_HANDLE MiniportAddDeviceContext);
typedef MINIPORT_REMOVE_DEVICE *MINIPORT_REMOVE_DEVICE_HANDLER;
typedef _Function_class_(MINIPORT_PNP_IRP) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_PNP_IRP(_In_ NDIS_HANDLE MiniportAddDeviceContext, _In_ PIRP Irp);
typedef MINIPORT_PNP_IRP *MINIPORT_PNP_IRP_HANDLER;
typedef MINIPORT_PNP_IRP *MINIPORT_START_DEVICE_HANDLER;
typedef MINIPORT_PNP_IRP *MINIPORT_FILTER_RESOURCE_REQUIREMENTS_HANDLER;
typedef MINIPORT_PNP_IRP MINIPORT_START_DEVICE;
typedef MINIPORT_PNP_IRP MINIPORT_FILTER_RESOURCE_REQUIREMENTS;

#define NDIS_MINIPORT_PNP_CHARACTERISTICS_REVISION_1 1

typedef struct _NDIS_MINIPORT_PNP_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    MINIPORT_ADD_DEVICE_HANDLER MiniportAddDeviceHandler;
    MINIPORT_REMOVE_DEVICE_HANDLER MiniportRemoveDeviceHandler;
    MINIPORT_FILTER_RESOURCE_REQUIREMENTS_HANDLER MiniportFilterResourceRequirementsHandler;
    MINIPORT_START_DEVICE_HANDLER MiniportStartDeviceHandler;
    ULONG Flags;
} NDIS_MINIPORT_PNP_CHARACTERISTICS, *PNDIS_MINIPORT_PNP_CHARACTERISTICS;

#define NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1                                        \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_PNP_CHARACTERISTICS, Flags)

#if (NDIS_SUPPORT_NDIS630)
typedef _Function_class_(MINIPORT_IDLE_NOTIFICATION) _IRQL_requires_max_(PASSIVE_LEVEL) NDIS_STATUS
    MINIPORT_IDLE_NOTIFICATION(_In_ NDIS_HANDLE MiniportAdapterContext, _In_ BOOLEAN ForceIdle);
typedef MINIPORT_IDLE_NOTIFICATION *MINIPORT_IDLE_NOTIFICATION_HANDLER;
typedef _Function_class_(MINIPORT_CANCEL_IDLE_NOTIFICATION) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    MINIPORT_CANCEL_IDLE_NOTIFICATION(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef MINIPORT_CANCEL_IDLE_NOTIFICATION *MINIPORT_CANCEL_IDLE_NOTIFICATION_HANDLER;

#define NDIS_MINIPORT_SS_CHARACTERISTICS_REVISION_1 1

typedef struct _NDIS_MINIPORT_SS_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    MINIPORT_IDLE_NOTIFICATION_HANDLER IdleNotificationHandler;
    MINIPORT_CANCEL_IDLE_NOTIFICATION_HANDLER CancelIdleNotificationHandler;
} NDIS_MINIPORT_SS_CHARACTERISTICS, *PNDIS_MINIPORT_SS_CHARACTERISTICS;

#define NDIS_SIZEOF_MINIPORT_SS_CHARACTERISTICS_REVISION_1                                         \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_MINIPORT_SS_CHARACTERISTICS, CancelIdleNotificationHandler)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMIdleNotificationConfirm(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                 _In_ NDIS_DEVICE_POWER_STATE IdlePowerState);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMIdleNotificationComplete(_In_ NDIS_HANDLE MiniportAdapterHandle);
#endif

/* Life cycle. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMPauseComplete(_In_ NDIS_HANDLE MiniportAdapterHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMRestartComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ NDIS_STATUS Status);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMResetComplete(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ NDIS_STATUS Status,
                       _In_ BOOLEAN AddressingReset);
#if (NDIS_SUPPORT_NDIS630)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMResetMiniport(_In_ NDIS_HANDLE MiniportAdapterHandle);
#endif

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMRemoveMiniport(_In_ NDIS_HANDLE MiniportHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMNetPnPEvent(_In_ NDIS_HANDLE MiniportAdapterHandle,
                     _In_ PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification);

/* Data, requests, status. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMIndicateReceiveNetBufferLists(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                       _In_ PNET_BUFFER_LIST NetBufferList,
                                       _In_ NDIS_PORT_NUMBER PortNumber,
                                       _In_ ULONG NumberOfNetBufferLists, _In_ ULONG ReceiveFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMSendNetBufferListsComplete(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                    _In_ PNET_BUFFER_LIST NetBufferList,
                                    _In_ ULONG SendCompleteFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMOidRequestComplete(_In_ NDIS_HANDLE MiniportAdapterHandle,
                            _In_ PNDIS_OID_REQUEST OidRequest, _In_ NDIS_STATUS Status);
#if (NDIS_SUPPORT_NDIS61)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMDirectOidRequestComplete(_In_ NDIS_HANDLE MiniportAdapterHandle,
                                  _In_ PNDIS_OID_REQUEST OidRequest, _In_ NDIS_STATUS Status);
#endif

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMIndicateStatusEx(_In_ NDIS_HANDLE MiniportAdapterHandle,
                          _In_ PNDIS_STATUS_INDICATION StatusIndication);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMAllocatePort(_In_ NDIS_HANDLE NdisMiniportHandle,
                      _Inout_ PNDIS_PORT_CHARACTERISTICS PortCharacteristics);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMFreePort(_In_ NDIS_HANDLE NdisMiniportHandle, _In_ NDIS_PORT_NUMBER PortNumber);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMQueryAdapterInstanceName(_In_ PNDIS_STRING pAdapterInstanceName,
                                  _In_ NDIS_HANDLE MiniportHandle);

EXTERN_C_END

#endif
