/* System threads and processes ("Windows Kernel-Mode Process and Thread Manager"). */
#ifndef __WDK_WDM_THREAD_H
#define __WDK_WDM_THREAD_H

#include "types.h"

EXTERN_C_START

typedef _Function_class_(KSTART_ROUTINE) _IRQL_requires_max_(PASSIVE_LEVEL) VOID
    KSTART_ROUTINE(_In_ PVOID StartContext);
typedef KSTART_ROUTINE *PKSTART_ROUTINE;

_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS
    PsCreateSystemThread(_Out_ PHANDLE ThreadHandle, _In_ ULONG DesiredAccess,
                         _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes,
                         _In_opt_ HANDLE ProcessHandle, _Out_opt_ PCLIENT_ID ClientId,
                         _In_ PKSTART_ROUTINE StartRoutine, _In_opt_ PVOID StartContext);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS
    PsTerminateSystemThread(_In_ NTSTATUS ExitStatus);
NTKERNELAPI HANDLE PsGetCurrentThreadId(VOID);
NTKERNELAPI HANDLE PsGetCurrentProcessId(VOID);
NTKERNELAPI PEPROCESS IoGetCurrentProcess(VOID);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI KPRIORITY
    KeSetPriorityThread(_Inout_ PKTHREAD Thread, _In_ KPRIORITY Priority);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI KPRIORITY
    KeQueryPriorityThread(_In_ PKTHREAD Thread);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI LONG
    KeSetBasePriorityThread(_Inout_ PKTHREAD Thread, _In_ LONG Increment);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI KPROCESSOR_MODE ExGetPreviousMode(VOID);
NTKERNELAPI PKTHREAD KeGetCurrentThread(VOID);

#define PsGetCurrentThread() ((PETHREAD)KeGetCurrentThread())
#define PsGetCurrentProcess  IoGetCurrentProcess

EXTERN_C_END

#endif
