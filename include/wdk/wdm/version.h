/* The version of the system, and functions found by name ("RtlGetVersion",
 * "MmGetSystemRoutineAddress"). */
#ifndef __WDK_WDM_VERSION_H
#define __WDK_WDM_VERSION_H

#include "types.h"

EXTERN_C_START

#ifndef UUID_DEFINED
#define UUID_DEFINED
typedef GUID UUID;
#endif

typedef struct _OSVERSIONINFOW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
} OSVERSIONINFOW, RTL_OSVERSIONINFOW, *POSVERSIONINFOW, *LPOSVERSIONINFOW, *PRTL_OSVERSIONINFOW;

typedef struct _OSVERSIONINFOEXW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
    USHORT wServicePackMajor;
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
} OSVERSIONINFOEXW, RTL_OSVERSIONINFOEXW, *POSVERSIONINFOEXW, *LPOSVERSIONINFOEXW,
    *PRTL_OSVERSIONINFOEXW;

#define VER_EQUAL                       1
#define VER_GREATER                     2
#define VER_GREATER_EQUAL               3
#define VER_LESS                        4
#define VER_LESS_EQUAL                  5
#define VER_AND                         6
#define VER_OR                          7
#define VER_CONDITION_MASK              7
#define VER_NUM_BITS_PER_CONDITION_MASK 3
#define VER_MINORVERSION                0x0000001
#define VER_MAJORVERSION                0x0000002
#define VER_BUILDNUMBER                 0x0000004
#define VER_PLATFORMID                  0x0000008
#define VER_SERVICEPACKMINOR            0x0000010
#define VER_SERVICEPACKMAJOR            0x0000020
#define VER_SUITENAME                   0x0000040
#define VER_PRODUCT_TYPE                0x0000080
#define VER_NT_WORKSTATION              0x0000001
#define VER_NT_DOMAIN_CONTROLLER        0x0000002
#define VER_NT_SERVER                   0x0000003

_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlGetVersion(_Out_ PRTL_OSVERSIONINFOW lpVersionInformation);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlVerifyVersionInfo(_In_ PRTL_OSVERSIONINFOEXW VersionInfo, _In_ ULONG TypeMask,
                         _In_ ULONGLONG ConditionMask);
NTSYSAPI ULONGLONG VerSetConditionMask(_In_ ULONGLONG ConditionMask, _In_ ULONG TypeMask,
                                       _In_ UCHAR Condition);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI BOOLEAN RtlIsNtDdiVersionAvailable(_In_ ULONG Version);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI BOOLEAN
    RtlIsServicePackVersionInstalled(_In_ ULONG Version);

#define VER_SET_CONDITION(ConditionMask, TypeBitMask, ComparisonType)                              \
    ((ConditionMask) = VerSetConditionMask((ConditionMask), (TypeBitMask), (ComparisonType)))

_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI PVOID
    MmGetSystemRoutineAddress(_In_ PUNICODE_STRING SystemRoutineName);
NTKERNELAPI NTSTATUS MmIsVerifierEnabled(_In_ PULONG VerifierFlags);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI LOGICAL
    MmIsDriverVerifying(_In_ struct _DRIVER_OBJECT *DriverObject);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI BOOLEAN
    PsGetVersion(_Out_opt_ PULONG MajorVersion, _Out_opt_ PULONG MinorVersion,
                 _Out_opt_ PULONG BuildNumber, _Out_opt_ PUNICODE_STRING CSDVersion);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS ExUuidCreate(_Out_ UUID *Uuid);
NTSYSAPI ULONG RtlNtStatusToDosError(_In_ NTSTATUS Status);
NTSYSAPI ULONG RtlNtStatusToDosErrorNoTeb(_In_ NTSTATUS Status);
NTSYSAPI ULONG RtlRandomEx(_Inout_ PULONG Seed);
NTSYSAPI ULONG RtlRandom(_Inout_ PULONG Seed);

EXTERN_C_END

#endif
