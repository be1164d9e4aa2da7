/* Logs of events and errors ("NdisWriteErrorLogEntry", "NdisWriteEventLogEntry"). */
#ifndef __NDIS_LOG_H
#define __NDIS_LOG_H

#include "types.h"
#include "status.h"
#include "../netevent.h"

EXTERN_C_START

typedef ULONG NDIS_ERROR_CODE, *PNDIS_ERROR_CODE;

#define NDIS_ERROR_CODE_RESOURCE_CONFLICT               EVENT_NDIS_RESOURCE_CONFLICT
#define NDIS_ERROR_CODE_OUT_OF_RESOURCES                EVENT_NDIS_OUT_OF_RESOURCE
#define NDIS_ERROR_CODE_HARDWARE_FAILURE                EVENT_NDIS_HARDWARE_FAILURE
#define NDIS_ERROR_CODE_ADAPTER_NOT_FOUND               EVENT_NDIS_ADAPTER_NOT_FOUND
#define NDIS_ERROR_CODE_INTERRUPT_CONNECT               EVENT_NDIS_INTERRUPT_CONNECT
#define NDIS_ERROR_CODE_DRIVER_FAILURE                  EVENT_NDIS_DRIVER_FAILURE
#define NDIS_ERROR_CODE_BAD_VERSION                     EVENT_NDIS_BAD_VERSION
#define NDIS_ERROR_CODE_TIMEOUT                         EVENT_NDIS_TIMEOUT
#define NDIS_ERROR_CODE_NETWORK_ADDRESS                 EVENT_NDIS_NETWORK_ADDRESS
#define NDIS_ERROR_CODE_UNSUPPORTED_CONFIGURATION       EVENT_NDIS_UNSUPPORTED_CONFIGURATION
#define NDIS_ERROR_CODE_INVALID_VALUE_FROM_ADAPTER      EVENT_NDIS_INVALID_VALUE_FROM_ADAPTER
#define NDIS_ERROR_CODE_MISSING_CONFIGURATION_PARAMETER EVENT_NDIS_MISSING_CONFIGURATION_PARAMETER
#define NDIS_ERROR_CODE_BAD_IO_BASE_ADDRESS             EVENT_NDIS_BAD_IO_BASE_ADDRESS
#define NDIS_ERROR_CODE_RECEIVE_SPACE_SMALL             EVENT_NDIS_RECEIVE_SPACE_SMALL
#define NDIS_ERROR_CODE_ADAPTER_DISABLED                EVENT_NDIS_ADAPTER_DISABLED

#define NDIS_MAX_EVENT_LOG_DATA_SIZE                                                               \
    ((ERROR_LOG_MAXIMUM_SIZE - sizeof(IO_ERROR_LOG_PACKET) + sizeof(ULONG)) & ~3)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisWriteErrorLogEntry(_In_ NDIS_HANDLE NdisAdapterHandle, _In_ ULONG ErrorCode,
                           _In_ ULONG NumberOfErrorValues, ...);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisWriteEventLogEntry(_In_ PVOID LogHandle, _In_ NDIS_STATUS EventCode,
                           _In_ ULONG UniqueEventValue, _In_ USHORT NumStrings,
                           _In_opt_ PVOID StringsList, _In_ ULONG DataSize, _In_opt_ PVOID Data);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMCreateLog(_In_ NDIS_HANDLE MiniportAdapterHandle, _In_ UINT Size,
                   _Out_ PNDIS_HANDLE LogHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID NdisMCloseLog(_In_ NDIS_HANDLE LogHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisMWriteLogData(_In_ NDIS_HANDLE LogHandle, _In_ PVOID LogBuffer, _In_ UINT LogBufferSize);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisMFlushLog(_In_ NDIS_HANDLE LogHandle);

EXTERN_C_END

#endif
