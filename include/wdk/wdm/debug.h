/* Debug output, assertions and bug checks ("Using the DbgPrintEx Function", "Asserts and ASSERT
 * macros", "KeBugCheckEx"). */
#ifndef __WDK_WDM_DEBUG_H
#define __WDK_WDM_DEBUG_H

#include "types.h"
#include "irql.h"
#include "../excpt.h"

EXTERN_C_START

#define DPFLTR_ERROR_LEVEL   0
#define DPFLTR_WARNING_LEVEL 1
#define DPFLTR_TRACE_LEVEL   2
#define DPFLTR_INFO_LEVEL    3
#define DPFLTR_MASK          0x80000000

/* Components that filter debug output; the ones that matter to drivers. */
typedef enum _DPFLTR_TYPE {
    DPFLTR_SYSTEM_ID = 0,
    DPFLTR_TCPIP_ID = 30,
    DPFLTR_PNPMGR_ID = 35,
    DPFLTR_NETAPI_ID = 36,
    DPFLTR_SOFTPCI_ID = 54,
    DPFLTR_PCI_ID = 66,
    DPFLTR_IHVDRIVER_ID = 77,
    DPFLTR_IHVVIDEO_ID = 78,
    DPFLTR_IHVAUDIO_ID = 79,
    DPFLTR_IHVNETWORK_ID = 80,
    DPFLTR_IHVSTREAMING_ID = 81,
    DPFLTR_IHVBUS_ID = 82,
    DPFLTR_TCPIP6_ID = 86,
    DPFLTR_VSSDYNDISK_ID = 92,
    DPFLTR_VERIFIER_ID = 93,
    DPFLTR_DEFAULT_ID = 101,
    DPFLTR_NDIS_ID = 120,
    DPFLTR_VPCI_ID = 152
} DPFLTR_TYPE;

NTSYSAPI ULONG DbgPrint(_In_ PCSTR Format, ...);
NTSYSAPI ULONG DbgPrintEx(_In_ ULONG ComponentId, _In_ ULONG Level, _In_ PCSTR Format, ...);
NTSYSAPI ULONG vDbgPrintEx(_In_ ULONG ComponentId, _In_ ULONG Level, _In_ PCCH Format,
                           _In_ va_list arglist);
NTSYSAPI ULONG vDbgPrintExWithPrefix(_In_ PCCH Prefix, _In_ ULONG ComponentId, _In_ ULONG Level,
                                     _In_ PCCH Format, _In_ va_list arglist);
NTSYSAPI ULONG DbgPrintReturnControlC(_In_ PCCH Format, ...);
NTSYSAPI NTSTATUS DbgQueryDebugFilterState(_In_ ULONG ComponentId, _In_ ULONG Level);
NTSYSAPI NTSTATUS DbgSetDebugFilterState(_In_ ULONG ComponentId, _In_ ULONG Level,
                                         _In_ BOOLEAN State);
NTSYSAPI VOID DbgBreakPoint(VOID);
NTSYSAPI VOID DbgBreakPointWithStatus(_In_ ULONG Status);
NTSYSAPI VOID DbgRaiseAssertionFailure(VOID);

/* For corruption after which nothing can be trusted ("__fastfail"). */
#define RtlFailFast(Code) __fastfail(Code)
NTSYSAPI VOID RtlAssert(_In_ PVOID VoidFailedAssertion, _In_ PVOID VoidFileName,
                        _In_ ULONG LineNumber, _In_opt_ PSTR MutableMessage);

extern NTKERNELAPI PBOOLEAN KdDebuggerEnabled;
extern NTKERNELAPI PBOOLEAN KdDebuggerNotPresent;
#define KD_DEBUGGER_ENABLED     (*KdDebuggerEnabled)
#define KD_DEBUGGER_NOT_PRESENT (*KdDebuggerNotPresent)

/* The value of a failed assertion. */
__wdk_inline BOOLEAN
__wdk_assert_failed(_In_ const char *Expression, _In_ const char *File, _In_ ULONG Line,
                    _In_opt_ const char *Message)
{
    RtlAssert((PVOID)Expression, (PVOID)File, Line, (PSTR)Message);
    return FALSE;
}

__wdk_inline BOOLEAN
__wdk_soft_assert_failed(_In_ const char *Expression, _In_ const char *File, _In_ ULONG Line,
                         _In_ const char *Message)
{
    DbgPrint("%s(%lu): soft assertion failed: %s %s\n", File, Line, Expression, Message);
    return FALSE;
}

#if DBG
#define KdPrint(_x_)              DbgPrint _x_
#define KdPrintEx(_x_)            DbgPrintEx _x_
#define vKdPrintEx(_x_)           vDbgPrintEx _x_
#define KdBreakPoint()            DbgBreakPoint()
#define KdBreakPointWithStatus(s) DbgBreakPointWithStatus(s)
#define ASSERT(exp)               ((exp) ? TRUE : __wdk_assert_failed(#exp, __FILE__, __LINE__, NULL))
#define ASSERTMSG(msg, exp)       ((exp) ? TRUE : __wdk_assert_failed(#exp, __FILE__, __LINE__, (msg)))
#define RTL_SOFT_ASSERT(exp)      ((exp) ? TRUE : __wdk_soft_assert_failed(#exp, __FILE__, __LINE__, ""))
#define RTL_SOFT_ASSERTMSG(msg, exp)                                                               \
    ((exp) ? TRUE : __wdk_soft_assert_failed(#exp, __FILE__, __LINE__, (msg)))
#define NT_ASSERT(exp)         ASSERT(exp)
#define NT_ASSERTMSG(msg, exp) ASSERTMSG(msg, exp)
#define NT_VERIFY(exp)         NT_ASSERT(exp)
#define NT_VERIFYMSG(msg, exp) NT_ASSERTMSG(msg, exp)
#else
#define KdPrint(_x_)                 ((void)0)
#define KdPrintEx(_x_)               ((void)0)
#define vKdPrintEx(_x_)              ((void)0)
#define KdBreakPoint()               ((void)0)
#define KdBreakPointWithStatus(s)    ((void)0)
#define ASSERT(exp)                  ((void)0)
#define ASSERTMSG(msg, exp)          ((void)0)
#define RTL_SOFT_ASSERT(exp)         ((void)0)
#define RTL_SOFT_ASSERTMSG(msg, exp) ((void)0)
#define NT_ASSERT(exp)               ((void)0)
#define NT_ASSERTMSG(msg, exp)       ((void)0)
#define NT_VERIFY(exp)               ((exp) ? TRUE : FALSE)
#define NT_VERIFYMSG(msg, exp)       ((exp) ? TRUE : FALSE)
#endif
#define NT_ASSERT_ASSUME(exp)   NT_ASSERT(exp)
#define NT_ASSERT_NOASSUME(exp) NT_ASSERT(exp)
#define NT_FRE_ASSERT(exp)      ((exp) ? TRUE : __wdk_assert_failed(#exp, __FILE__, __LINE__, NULL))
#define NT_FRE_ASSERTMSG(msg, exp)                                                                 \
    ((exp) ? TRUE : __wdk_assert_failed(#exp, __FILE__, __LINE__, (msg)))
#define RTL_VERIFY(exp)         NT_VERIFY(exp)
#define RTL_ASSERT(exp)         ASSERT(exp)
#define NT_ANALYSIS_ASSUME(exp) ((void)0)

/* Code that touches paged memory must run where a page fault can be served ("PAGED_CODE macro"). */
#if DBG
#define PAGED_ASSERT(exp) ASSERT(exp)
#define PAGED_CODE()                                                                               \
    do {                                                                                           \
        if (KeGetCurrentIrql() > APC_LEVEL) {                                                      \
            KdPrint(("Pageable code called at IRQL %d\n", KeGetCurrentIrql()));                    \
            ASSERT(KeGetCurrentIrql() <= APC_LEVEL);                                               \
        }                                                                                          \
    } while (0)
#else
#define PAGED_ASSERT(exp) ((void)0)
#define PAGED_CODE()      ((void)0)
#endif
#define NOP_FUNCTION ((void)0)

DECLSPEC_NORETURN NTKERNELAPI VOID KeBugCheckEx(_In_ ULONG BugCheckCode,
                                                _In_ ULONG_PTR BugCheckParameter1,
                                                _In_ ULONG_PTR BugCheckParameter2,
                                                _In_ ULONG_PTR BugCheckParameter3,
                                                _In_ ULONG_PTR BugCheckParameter4);
DECLSPEC_NORETURN NTKERNELAPI VOID KeBugCheck(_In_ ULONG BugCheckCode);

typedef enum _KBUGCHECK_BUFFER_DUMP_STATE {
    BufferEmpty,
    BufferInserted,
    BufferStarted,
    BufferFinished,
    BufferIncomplete
} KBUGCHECK_BUFFER_DUMP_STATE;

typedef enum _KBUGCHECK_CALLBACK_REASON {
    KbCallbackInvalid,
    KbCallbackReserved1,
    KbCallbackSecondaryDumpData,
    KbCallbackDumpIo,
    KbCallbackAddPages,
    KbCallbackSecondaryMultiPartDumpData,
    KbCallbackRemovePages,
    KbCallbackTriageDumpData,
    KbCallbackReserved2
} KBUGCHECK_CALLBACK_REASON;

struct _KBUGCHECK_REASON_CALLBACK_RECORD;

typedef _Function_class_(KBUGCHECK_CALLBACK_ROUTINE) _IRQL_requires_(HIGH_LEVEL) VOID
    KBUGCHECK_CALLBACK_ROUTINE(_In_ PVOID Buffer, _In_ ULONG Length);
typedef KBUGCHECK_CALLBACK_ROUTINE *PKBUGCHECK_CALLBACK_ROUTINE;
typedef _Function_class_(KBUGCHECK_REASON_CALLBACK_ROUTINE) _IRQL_requires_(HIGH_LEVEL) VOID
    KBUGCHECK_REASON_CALLBACK_ROUTINE(_In_ KBUGCHECK_CALLBACK_REASON Reason,
                                      _In_ struct _KBUGCHECK_REASON_CALLBACK_RECORD *Record,
                                      _Inout_ PVOID ReasonSpecificData,
                                      _In_ ULONG ReasonSpecificDataLength);
typedef KBUGCHECK_REASON_CALLBACK_ROUTINE *PKBUGCHECK_REASON_CALLBACK_ROUTINE;

typedef struct _KBUGCHECK_CALLBACK_RECORD {
    LIST_ENTRY Entry;
    PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine;
    PVOID Buffer;
    ULONG Length;
    PUCHAR Component;
    ULONG_PTR Checksum;
    UCHAR State;
} KBUGCHECK_CALLBACK_RECORD, *PKBUGCHECK_CALLBACK_RECORD;

typedef struct _KBUGCHECK_REASON_CALLBACK_RECORD {
    LIST_ENTRY Entry;
    PKBUGCHECK_REASON_CALLBACK_ROUTINE CallbackRoutine;
    PUCHAR Component;
    ULONG_PTR Checksum;
    KBUGCHECK_CALLBACK_REASON Reason;
    UCHAR State;
} KBUGCHECK_REASON_CALLBACK_RECORD, *PKBUGCHECK_REASON_CALLBACK_RECORD;

typedef struct _KBUGCHECK_SECONDARY_DUMP_DATA {
    PVOID InBuffer;
    ULONG InBufferLength;
    ULONG MaximumAllowed;
    GUID Guid;
    PVOID OutBuffer;
    ULONG OutBufferLength;
} KBUGCHECK_SECONDARY_DUMP_DATA, *PKBUGCHECK_SECONDARY_DUMP_DATA;

#define KeInitializeCallbackRecord(CallbackRecord) (CallbackRecord)->State = BufferEmpty

NTKERNELAPI BOOLEAN KeRegisterBugCheckCallback(_Out_ PKBUGCHECK_CALLBACK_RECORD CallbackRecord,
                                               _In_ PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine,
                                               _In_opt_ PVOID Buffer, _In_ ULONG Length,
                                               _In_ PUCHAR Component);
NTKERNELAPI BOOLEAN KeDeregisterBugCheckCallback(_Inout_ PKBUGCHECK_CALLBACK_RECORD CallbackRecord);
NTKERNELAPI BOOLEAN
KeRegisterBugCheckReasonCallback(_Out_ PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord,
                                 _In_ PKBUGCHECK_REASON_CALLBACK_ROUTINE CallbackRoutine,
                                 _In_ KBUGCHECK_CALLBACK_REASON Reason, _In_ PUCHAR Component);
NTKERNELAPI BOOLEAN
KeDeregisterBugCheckReasonCallback(_Inout_ PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord);

/* Exceptions raised by software. excpt.h has the other half. */
_IRQL_requires_max_(APC_LEVEL) DECLSPEC_NORETURN NTKERNELAPI VOID
    ExRaiseStatus(_In_ NTSTATUS Status);
_IRQL_requires_max_(PASSIVE_LEVEL) DECLSPEC_NORETURN NTKERNELAPI VOID ExRaiseAccessViolation(VOID);
_IRQL_requires_max_(PASSIVE_LEVEL) DECLSPEC_NORETURN NTKERNELAPI VOID
    ExRaiseDatatypeMisalignment(VOID);
DECLSPEC_NORETURN NTSYSAPI VOID RtlRaiseStatus(_In_ NTSTATUS Status);

EXTERN_C_END

#endif
