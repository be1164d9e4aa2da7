/* Notifications about processes and threads ("PsSetCreateProcessNotifyRoutine"). */
#ifndef __WDK_NTDDK_PROCESS_H
#define __WDK_NTDDK_PROCESS_H

#include "../wdm/types.h"
#include "../wdm/thread.h"

EXTERN_C_START

typedef VOID (*PCREATE_PROCESS_NOTIFY_ROUTINE)(_In_ HANDLE ParentId, _In_ HANDLE ProcessId,
                                               _In_ BOOLEAN Create);
typedef VOID (*PCREATE_THREAD_NOTIFY_ROUTINE)(_In_ HANDLE ProcessId, _In_ HANDLE ThreadId,
                                              _In_ BOOLEAN Create);

_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS
    PsSetCreateProcessNotifyRoutine(_In_ PCREATE_PROCESS_NOTIFY_ROUTINE NotifyRoutine,
                                    _In_ BOOLEAN Remove);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI NTSTATUS
    PsSetCreateThreadNotifyRoutine(_In_ PCREATE_THREAD_NOTIFY_ROUTINE NotifyRoutine);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI NTSTATUS
    PsRemoveCreateThreadNotifyRoutine(_In_ PCREATE_THREAD_NOTIFY_ROUTINE NotifyRoutine);
NTKERNELAPI HANDLE PsGetProcessId(_In_ PEPROCESS Process);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI HANDLE PsGetThreadId(_In_ PETHREAD Thread);
NTKERNELAPI HANDLE PsGetThreadProcessId(_In_ PETHREAD Thread);
NTKERNELAPI LONGLONG PsGetProcessCreateTimeQuadPart(_In_ PEPROCESS Process);

EXTERN_C_END

#endif
