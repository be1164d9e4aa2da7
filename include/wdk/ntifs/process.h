/* Processes and tokens ("KeStackAttachProcess", "PsLookupProcessByProcessId"). */
#ifndef __WDK_NTIFS_PROCESS_H
#define __WDK_NTIFS_PROCESS_H

#include "../wdm/types.h"
#include "../wdm/object.h"

EXTERN_C_START

typedef struct _KAPC_STATE {
    LIST_ENTRY ApcListHead[2];
    struct _KPROCESS *Process;
    union {
        UCHAR InProgressFlags;
        struct {
            BOOLEAN KernelApcInProgress : 1;
            BOOLEAN SpecialApcInProgress : 1;
        };
    };
    BOOLEAN KernelApcPending;
    union {
        BOOLEAN UserApcPendingAll;
        struct {
            BOOLEAN SpecialUserApcPending : 1;
            BOOLEAN UserApcPending : 1;
        };
    };
} KAPC_STATE, *PKAPC_STATE, *PRKAPC_STATE;

_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    KeStackAttachProcess(_In_ PRKPROCESS PROCESS, _Out_ PRKAPC_STATE ApcState);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID KeUnstackDetachProcess(_In_ PRKAPC_STATE ApcState);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI NTSTATUS
    PsLookupProcessByProcessId(_In_ HANDLE ProcessId, _Out_ PEPROCESS *Process);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI NTSTATUS
    PsLookupThreadByThreadId(_In_ HANDLE ThreadId, _Out_ PETHREAD *Thread);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI PACCESS_TOKEN
    PsReferencePrimaryToken(_Inout_ PEPROCESS Process);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    PsDereferencePrimaryToken(_In_ PACCESS_TOKEN PrimaryToken);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI BOOLEAN PsIsSystemThread(_In_ PETHREAD Thread);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI LARGE_INTEGER PsGetProcessExitTime(VOID);
_IRQL_requires_max_(PASSIVE_LEVEL) NTKERNELAPI BOOLEAN SeTokenIsAdmin(_In_ PACCESS_TOKEN Token);

#define PsDereferenceImpersonationToken(T) ObDereferenceObject(T)

EXTERN_C_END

#endif
