/* Sending, completing and queueing IRPs ("Handling IRPs", "Cancel-Safe IRP Queues", "Using Remove
 * Locks"). */
#ifndef __WDK_WDM_IRP_CALLS_H
#define __WDK_WDM_IRP_CALLS_H

#include "types.h"
#include "irp.h"

EXTERN_C_START

#define IoCallDriver(a, b)      IofCallDriver(a, b)
#define IoCompleteRequest(a, b) IofCompleteRequest(a, b)
#define IoSizeOfIrp(StackSize)  ((USHORT)(sizeof(IRP) + ((StackSize) * (sizeof(IO_STACK_LOCATION)))))

_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI NTSTATUS
    IofCallDriver(_In_ PDEVICE_OBJECT DeviceObject, _In_ PIRP Irp);
NTKERNELAPI VOID IofCompleteRequest(_In_ PIRP Irp, _In_ CCHAR PriorityBoost);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PIRP
    IoAllocateIrp(_In_ CCHAR StackSize, _In_ BOOLEAN ChargeQuota);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID IoFreeIrp(_In_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoInitializeIrp(_Inout_ PIRP Irp, _In_ USHORT PacketSize, _In_ CCHAR StackSize);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoReuseIrp(_Inout_ PIRP Irp, _In_ NTSTATUS Iostatus);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PIRP
    IoBuildDeviceIoControlRequest(_In_ ULONG IoControlCode, _In_ PDEVICE_OBJECT DeviceObject,
                                  _In_opt_ PVOID InputBuffer, _In_ ULONG InputBufferLength,
                                  _Out_opt_ PVOID OutputBuffer, _In_ ULONG OutputBufferLength,
                                  _In_ BOOLEAN InternalDeviceIoControl, _In_opt_ PKEVENT Event,
                                  _Out_ PIO_STATUS_BLOCK IoStatusBlock);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PIRP
    IoBuildSynchronousFsdRequest(_In_ ULONG MajorFunction, _In_ PDEVICE_OBJECT DeviceObject,
                                 _Inout_ PVOID Buffer, _In_opt_ ULONG Length,
                                 _In_opt_ PLARGE_INTEGER StartingOffset, _In_ PKEVENT Event,
                                 _Out_ PIO_STATUS_BLOCK IoStatusBlock);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PIRP
    IoBuildAsynchronousFsdRequest(_In_ ULONG MajorFunction, _In_ PDEVICE_OBJECT DeviceObject,
                                  _Inout_ PVOID Buffer, _In_opt_ ULONG Length,
                                  _In_opt_ PLARGE_INTEGER StartingOffset,
                                  _In_opt_ PIO_STATUS_BLOCK IoStatusBlock);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PIRP
    IoMakeAssociatedIrp(_In_ PIRP Irp, _In_ CCHAR StackSize);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI BOOLEAN IoCancelIrp(_In_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID IoAcquireCancelSpinLock(_Out_ PKIRQL Irql);
_IRQL_requires_(DISPATCH_LEVEL) NTKERNELAPI VOID IoReleaseCancelSpinLock(_In_ KIRQL Irql);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI NTSTATUS
    IoSetCompletionRoutineEx(_In_ PDEVICE_OBJECT DeviceObject, _In_ PIRP Irp,
                             _In_ PIO_COMPLETION_ROUTINE CompletionRoutine, _In_opt_ PVOID Context,
                             _In_ BOOLEAN InvokeOnSuccess, _In_ BOOLEAN InvokeOnError,
                             _In_ BOOLEAN InvokeOnCancel);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI BOOLEAN
    IoForwardIrpSynchronously(_In_ PDEVICE_OBJECT DeviceObject, _In_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoStartPacket(_In_ PDEVICE_OBJECT DeviceObject, _In_ PIRP Irp, _In_opt_ PULONG Key,
                  _In_opt_ PDRIVER_CANCEL CancelFunction);
_IRQL_requires_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoStartNextPacket(_In_ PDEVICE_OBJECT DeviceObject, _In_ BOOLEAN Cancelable);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoStartNextPacketByKey(_In_ PDEVICE_OBJECT DeviceObject, _In_ BOOLEAN Cancelable,
                           _In_ ULONG Key);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI BOOLEAN IoIs32bitProcess(_In_opt_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PEPROCESS IoGetRequestorProcess(_In_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI ULONG IoGetRequestorProcessId(_In_ PIRP Irp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PIRP IoGetTopLevelIrp(VOID);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID IoSetTopLevelIrp(_In_opt_ PIRP Irp);

__wdk_inline PIO_STACK_LOCATION
IoGetCurrentIrpStackLocation(_In_ PIRP Irp)
{
    return Irp->Tail.Overlay.CurrentStackLocation;
}

__wdk_inline PIO_STACK_LOCATION
IoGetNextIrpStackLocation(_In_ PIRP Irp)
{
    return Irp->Tail.Overlay.CurrentStackLocation - 1;
}

__wdk_inline VOID
IoSetNextIrpStackLocation(_Inout_ PIRP Irp)
{
    Irp->CurrentLocation--;
    Irp->Tail.Overlay.CurrentStackLocation--;
}

__wdk_inline VOID
IoSkipCurrentIrpStackLocation(_Inout_ PIRP Irp)
{
    Irp->CurrentLocation++;
    Irp->Tail.Overlay.CurrentStackLocation++;
}

/* Everything but the completion routine, which belongs to the driver that set it. */
__wdk_inline VOID
IoCopyCurrentIrpStackLocationToNext(_Inout_ PIRP Irp)
{
    PIO_STACK_LOCATION current = IoGetCurrentIrpStackLocation(Irp);
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(Irp);

    memcpy(next, current, FIELD_OFFSET(IO_STACK_LOCATION, CompletionRoutine));
    next->Control = 0;
}

__wdk_inline VOID
IoSetCompletionRoutine(_In_ PIRP Irp, _In_opt_ PIO_COMPLETION_ROUTINE CompletionRoutine,
                       _In_opt_ PVOID Context, _In_ BOOLEAN InvokeOnSuccess,
                       _In_ BOOLEAN InvokeOnError, _In_ BOOLEAN InvokeOnCancel)
{
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(Irp);

    next->CompletionRoutine = CompletionRoutine;
    next->Context = Context;
    next->Control = (UCHAR)((InvokeOnSuccess ? SL_INVOKE_ON_SUCCESS : 0) |
                            (InvokeOnError ? SL_INVOKE_ON_ERROR : 0) |
                            (InvokeOnCancel ? SL_INVOKE_ON_CANCEL : 0));
}

__wdk_inline VOID
IoMarkIrpPending(_Inout_ PIRP Irp)
{
    IoGetCurrentIrpStackLocation(Irp)->Control |= SL_PENDING_RETURNED;
}

__wdk_inline PDRIVER_CANCEL
IoSetCancelRoutine(_Inout_ PIRP Irp, _In_opt_ PDRIVER_CANCEL CancelRoutine)
{
    return __atomic_exchange_n(&Irp->CancelRoutine, CancelRoutine, __ATOMIC_SEQ_CST);
}

/* Cancel-safe queues ("Cancel-Safe IRP Queues"). */
typedef struct _IO_CSQ *PIO_CSQ;

typedef struct _IO_CSQ_IRP_CONTEXT {
    ULONG Type;
    PIRP Irp;
    PIO_CSQ Csq;
} IO_CSQ_IRP_CONTEXT, *PIO_CSQ_IRP_CONTEXT;

typedef _Function_class_(IO_CSQ_INSERT_IRP) VOID
    IO_CSQ_INSERT_IRP(_In_ struct _IO_CSQ *Csq, _In_ PIRP Irp);
typedef IO_CSQ_INSERT_IRP *PIO_CSQ_INSERT_IRP;
typedef _Function_class_(IO_CSQ_INSERT_IRP_EX) NTSTATUS
    IO_CSQ_INSERT_IRP_EX(_In_ struct _IO_CSQ *Csq, _In_ PIRP Irp, _In_ PVOID InsertContext);
typedef IO_CSQ_INSERT_IRP_EX *PIO_CSQ_INSERT_IRP_EX;
typedef _Function_class_(IO_CSQ_REMOVE_IRP) VOID IO_CSQ_REMOVE_IRP(_In_ PIO_CSQ Csq, _In_ PIRP Irp);
typedef IO_CSQ_REMOVE_IRP *PIO_CSQ_REMOVE_IRP;
typedef _Function_class_(IO_CSQ_PEEK_NEXT_IRP) PIRP
    IO_CSQ_PEEK_NEXT_IRP(_In_ PIO_CSQ Csq, _In_opt_ PIRP Irp, _In_opt_ PVOID PeekContext);
typedef IO_CSQ_PEEK_NEXT_IRP *PIO_CSQ_PEEK_NEXT_IRP;
typedef _Function_class_(IO_CSQ_ACQUIRE_LOCK) VOID
    IO_CSQ_ACQUIRE_LOCK(_In_ PIO_CSQ Csq, _Out_ PKIRQL Irql);
typedef IO_CSQ_ACQUIRE_LOCK *PIO_CSQ_ACQUIRE_LOCK;
typedef _Function_class_(IO_CSQ_RELEASE_LOCK) VOID
    IO_CSQ_RELEASE_LOCK(_In_ PIO_CSQ Csq, _In_ KIRQL Irql);
typedef IO_CSQ_RELEASE_LOCK *PIO_CSQ_RELEASE_LOCK;
typedef _Function_class_(IO_CSQ_COMPLETE_CANCELED_IRP) VOID
    IO_CSQ_COMPLETE_CANCELED_IRP(_In_ PIO_CSQ Csq, _In_ PIRP Irp);
typedef IO_CSQ_COMPLETE_CANCELED_IRP *PIO_CSQ_COMPLETE_CANCELED_IRP;

typedef struct _IO_CSQ {
    ULONG Type;
    PIO_CSQ_INSERT_IRP CsqInsertIrp;
    PIO_CSQ_REMOVE_IRP CsqRemoveIrp;
    PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp;
    PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock;
    PIO_CSQ_RELEASE_LOCK CsqReleaseLock;
    PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp;
    PVOID ReservePointer;
} IO_CSQ, *PIO_CSQ;

NTKERNELAPI NTSTATUS IoCsqInitialize(_Out_ PIO_CSQ Csq, _In_ PIO_CSQ_INSERT_IRP CsqInsertIrp,
                                     _In_ PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                                     _In_ PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
                                     _In_ PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                                     _In_ PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                                     _In_ PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp);
NTKERNELAPI NTSTATUS IoCsqInitializeEx(_Out_ PIO_CSQ Csq, _In_ PIO_CSQ_INSERT_IRP_EX CsqInsertIrp,
                                       _In_ PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                                       _In_ PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
                                       _In_ PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                                       _In_ PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                                       _In_ PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    IoCsqInsertIrp(_Inout_ PIO_CSQ Csq, _Inout_ PIRP Irp, _Out_opt_ PIO_CSQ_IRP_CONTEXT Context);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI NTSTATUS
    IoCsqInsertIrpEx(_Inout_ PIO_CSQ Csq, _Inout_ PIRP Irp, _Out_opt_ PIO_CSQ_IRP_CONTEXT Context,
                     _In_opt_ PVOID InsertContext);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PIRP
    IoCsqRemoveIrp(_Inout_ PIO_CSQ Csq, _Inout_ PIO_CSQ_IRP_CONTEXT Context);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PIRP
    IoCsqRemoveNextIrp(_Inout_ PIO_CSQ Csq, _In_opt_ PVOID PeekContext);

/* Remove locks ("Using Remove Locks"). */
typedef struct _IO_REMOVE_LOCK_TRACKING_BLOCK *PIO_REMOVE_LOCK_TRACKING_BLOCK;

typedef struct _IO_REMOVE_LOCK_COMMON_BLOCK {
    BOOLEAN Removed;
    BOOLEAN Reserved[3];
    LONG IoCount;
    KEVENT RemoveEvent;
} IO_REMOVE_LOCK_COMMON_BLOCK;

typedef struct _IO_REMOVE_LOCK_DBG_BLOCK {
    LONG Signature;
    ULONG HighWatermark;
    LONGLONG MaxLockedTicks;
    LONG AllocateTag;
    LIST_ENTRY LockList;
    KSPIN_LOCK Spin;
    LONG LowMemoryCount;
    ULONG Reserved1[4];
    PVOID Reserved2;
    PIO_REMOVE_LOCK_TRACKING_BLOCK Blocks;
} IO_REMOVE_LOCK_DBG_BLOCK;

typedef struct _IO_REMOVE_LOCK {
    IO_REMOVE_LOCK_COMMON_BLOCK Common;
} IO_REMOVE_LOCK, *PIO_REMOVE_LOCK;

NTKERNELAPI VOID IoInitializeRemoveLockEx(_In_ PIO_REMOVE_LOCK Lock, _In_ ULONG AllocateTag,
                                          _In_ ULONG MaxLockedMinutes, _In_ ULONG HighWatermark,
                                          _In_ ULONG RemlockSize);
NTKERNELAPI NTSTATUS IoAcquireRemoveLockEx(_In_ PIO_REMOVE_LOCK RemoveLock, _In_ PVOID Tag,
                                           _In_ PCSTR File, _In_ ULONG Line,
                                           _In_ ULONG RemlockSize);
NTKERNELAPI VOID IoReleaseRemoveLockEx(_In_ PIO_REMOVE_LOCK RemoveLock, _In_ PVOID Tag,
                                       _In_ ULONG RemlockSize);
NTKERNELAPI VOID IoReleaseRemoveLockAndWaitEx(_In_ PIO_REMOVE_LOCK RemoveLock, _In_ PVOID Tag,
                                              _In_ ULONG RemlockSize);

#define IoInitializeRemoveLock(Lock, Tag, Maxmin, HighWater)                                       \
    IoInitializeRemoveLockEx(Lock, Tag, Maxmin, HighWater, sizeof(IO_REMOVE_LOCK))
#define IoAcquireRemoveLock(RemoveLock, Tag)                                                       \
    IoAcquireRemoveLockEx(RemoveLock, Tag, __FILE__, __LINE__, sizeof(IO_REMOVE_LOCK))
#define IoReleaseRemoveLock(RemoveLock, Tag)                                                       \
    IoReleaseRemoveLockEx(RemoveLock, Tag, sizeof(IO_REMOVE_LOCK))
#define IoReleaseRemoveLockAndWait(RemoveLock, Tag)                                                \
    IoReleaseRemoveLockAndWaitEx(RemoveLock, Tag, sizeof(IO_REMOVE_LOCK))

/* Error log entries. */
typedef struct _IO_ERROR_LOG_PACKET {
    UCHAR MajorFunctionCode;
    UCHAR RetryCount;
    USHORT DumpDataSize;
    USHORT NumberOfStrings;
    USHORT StringOffset;
    USHORT EventCategory;
    NTSTATUS ErrorCode;
    ULONG UniqueErrorValue;
    NTSTATUS FinalStatus;
    ULONG SequenceNumber;
    ULONG IoControlCode;
    LARGE_INTEGER DeviceOffset;
    ULONG DumpData[1];
} IO_ERROR_LOG_PACKET, *PIO_ERROR_LOG_PACKET;

typedef struct _IO_ERROR_LOG_MESSAGE {
    USHORT Type;
    USHORT Size;
    USHORT DriverNameLength;
    LARGE_INTEGER TimeStamp;
    ULONG DriverNameOffset;
    IO_ERROR_LOG_PACKET EntryData;
} IO_ERROR_LOG_MESSAGE, *PIO_ERROR_LOG_MESSAGE;

/* An entry has 240 bytes: what a message of 512 can hold, but no more than the first limit. */
#define ERROR_LOG_LIMIT_SIZE        (256 - 16)
#define PORT_MAXIMUM_MESSAGE_LENGTH 512
#define IO_ERROR_LOG_MESSAGE_HEADER_LENGTH                                                         \
    (sizeof(IO_ERROR_LOG_MESSAGE) - sizeof(IO_ERROR_LOG_PACKET) + (sizeof(WCHAR) * 40))
#define ERROR_LOG_MESSAGE_LIMIT_SIZE (ERROR_LOG_LIMIT_SIZE + IO_ERROR_LOG_MESSAGE_HEADER_LENGTH)
#define IO_ERROR_LOG_MESSAGE_LENGTH                                                                \
    ((PORT_MAXIMUM_MESSAGE_LENGTH > ERROR_LOG_MESSAGE_LIMIT_SIZE) ? ERROR_LOG_MESSAGE_LIMIT_SIZE   \
                                                                  : PORT_MAXIMUM_MESSAGE_LENGTH)
#define ERROR_LOG_MAXIMUM_SIZE (IO_ERROR_LOG_MESSAGE_LENGTH - IO_ERROR_LOG_MESSAGE_HEADER_LENGTH)

_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI PVOID
    IoAllocateErrorLogEntry(_In_ PVOID IoObject, _In_ UCHAR EntrySize);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID IoWriteErrorLogEntry(_In_ PVOID ElEntry);
NTKERNELAPI VOID IoFreeErrorLogEntry(_In_ PVOID ElEntry);

EXTERN_C_END

#endif
