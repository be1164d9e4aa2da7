/* The driver's part of the registry ("NdisOpenConfigurationEx", "NdisReadConfiguration"), and files
 * beside it. */
#ifndef __NDIS_CONFIG_H
#define __NDIS_CONFIG_H

#include "types.h"
#include "objectheader.h"
#include "status.h"
#include "string.h"
#include "memory.h"

EXTERN_C_START

typedef struct {
    USHORT Length;
    PVOID Buffer;
} BINARY_DATA;

/* What NdisReadConfiguration answers for the keywords "Environment" and "ProcessorType". */
typedef enum _NDIS_ENVIRONMENT_TYPE {
    NdisEnvironmentWindows,
    NdisEnvironmentWindowsNt
} NDIS_ENVIRONMENT_TYPE,
    *PNDIS_ENVIRONMENT_TYPE;

typedef enum _NDIS_PROCESSOR_TYPE {
    NdisProcessorX86,
    NdisProcessorMips,
    NdisProcessorAlpha,
    NdisProcessorPpc,
    NdisProcessorAmd64,
    NdisProcessorIA64,
    NdisProcessorArm,
    NdisProcessorArm64
} NDIS_PROCESSOR_TYPE,
    *PNDIS_PROCESSOR_TYPE;

typedef enum _NDIS_PARAMETER_TYPE {
    NdisParameterInteger,
    NdisParameterHexInteger,
    NdisParameterString,
    NdisParameterMultiString,
    NdisParameterBinary
} NDIS_PARAMETER_TYPE;
typedef NDIS_PARAMETER_TYPE *PNDIS_PARAMETER_TYPE;

typedef struct _NDIS_CONFIGURATION_PARAMETER {
    NDIS_PARAMETER_TYPE ParameterType;
    union {
        ULONG IntegerData;
        NDIS_STRING StringData;
        BINARY_DATA BinaryData;
    } ParameterData;
} NDIS_CONFIGURATION_PARAMETER, *PNDIS_CONFIGURATION_PARAMETER;

#define NDIS_CONFIG_FLAG_FILTER_INSTANCE_CONFIGURATION 0x00000001

#define NDIS_CONFIGURATION_OBJECT_REVISION_1 1

typedef struct _NDIS_CONFIGURATION_OBJECT {
    NDIS_OBJECT_HEADER Header;
    NDIS_HANDLE NdisHandle;
    ULONG Flags;
} NDIS_CONFIGURATION_OBJECT, *PNDIS_CONFIGURATION_OBJECT;

#define NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1                                                \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_CONFIGURATION_OBJECT, Flags)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisOpenConfigurationEx(_In_ PNDIS_CONFIGURATION_OBJECT ConfigObject,
                            _Out_ PNDIS_HANDLE ConfigurationHandle);
_IRQL_requires_max_(APC_LEVEL) NDISAPI VOID
    NdisOpenConfigurationKeyByName(_Out_ PNDIS_STATUS Status, _In_ NDIS_HANDLE ConfigurationHandle,
                                   _In_ PNDIS_STRING SubKeyName, _Out_ PNDIS_HANDLE SubKeyHandle);
_IRQL_requires_max_(APC_LEVEL) NDISAPI VOID
    NdisOpenConfigurationKeyByIndex(_Out_ PNDIS_STATUS Status, _In_ NDIS_HANDLE ConfigurationHandle,
                                    _In_ ULONG Index, _Out_ PNDIS_STRING KeyName,
                                    _Out_ PNDIS_HANDLE KeyHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisReadConfiguration(_Out_ PNDIS_STATUS Status,
                          _Out_ PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                          _In_ NDIS_HANDLE ConfigurationHandle, _In_ PNDIS_STRING Keyword,
                          _In_ NDIS_PARAMETER_TYPE ParameterType);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisWriteConfiguration(_Out_ PNDIS_STATUS Status, _In_ NDIS_HANDLE ConfigurationHandle,
                           _In_ PNDIS_STRING Keyword,
                           _In_ PNDIS_CONFIGURATION_PARAMETER ParameterValue);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisCloseConfiguration(_In_ NDIS_HANDLE ConfigurationHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisReadNetworkAddress(_Out_ PNDIS_STATUS Status, _Out_ PVOID *NetworkAddress,
                           _Out_ PUINT NetworkAddressLength, _In_ NDIS_HANDLE ConfigurationHandle);

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisOpenFile(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_HANDLE FileHandle, _Out_ PUINT FileLength,
                 _In_ PNDIS_STRING FileName, _In_ NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID NdisCloseFile(_In_ NDIS_HANDLE FileHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMapFile(_Out_ PNDIS_STATUS Status, _Out_ PVOID *MappedBuffer, _In_ NDIS_HANDLE FileHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID NdisUnmapFile(_In_ NDIS_HANDLE FileHandle);

EXTERN_C_END

#endif
