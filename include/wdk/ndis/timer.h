/* Timers, events, work items and time ("NDIS Timer Services", "NDIS I/O Work Items"). */
#ifndef __NDIS_TIMER_H
#define __NDIS_TIMER_H

#include "types.h"
#include "objectheader.h"
#include "status.h"
#include "../wdm/dispatcher.h"
#include "../wdm/time.h"

EXTERN_C_START

typedef _Function_class_(NDIS_TIMER_FUNCTION) _IRQL_requires_(DISPATCH_LEVEL) VOID
    NDIS_TIMER_FUNCTION(_In_ PVOID SystemSpecific1, _In_ PVOID FunctionContext,
                        _In_ PVOID SystemSpecific2, _In_ PVOID SystemSpecific3);
typedef NDIS_TIMER_FUNCTION *PNDIS_TIMER_FUNCTION;

#define NDIS_TIMER_CHARACTERISTICS_REVISION_1 1

typedef struct _NDIS_TIMER_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    ULONG AllocationTag;
    PNDIS_TIMER_FUNCTION TimerFunction;
    PVOID FunctionContext;
} NDIS_TIMER_CHARACTERISTICS, *PNDIS_TIMER_CHARACTERISTICS;

#define NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1                                               \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_TIMER_CHARACTERISTICS, FunctionContext)

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisAllocateTimerObject(_In_ NDIS_HANDLE NdisHandle,
                            _In_ PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
                            _Out_ PNDIS_HANDLE pTimerObject);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI BOOLEAN
    NdisSetTimerObject(_In_ NDIS_HANDLE TimerObject, _In_ LARGE_INTEGER DueTime,
                       _In_opt_ LONG MillisecondsPeriod, _In_opt_ PVOID FunctionContext);
#if (NDIS_SUPPORT_NDIS620)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI BOOLEAN
    NdisSetCoalescableTimerObject(_In_ NDIS_HANDLE TimerObject, _In_ LARGE_INTEGER DueTime,
                                  _In_opt_ LONG MillisecondsPeriod, _In_opt_ PVOID FunctionContext,
                                  _In_opt_ ULONG Tolerance);
#endif

NDISAPI BOOLEAN NdisCancelTimerObject(_In_ NDIS_HANDLE TimerObject);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreeTimerObject(_In_ NDIS_HANDLE TimerObject);

typedef struct _NDIS_EVENT {
    KEVENT Event;
} NDIS_EVENT, *PNDIS_EVENT;

NDISAPI VOID NdisInitializeEvent(_Out_ PNDIS_EVENT Event);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisSetEvent(_In_ PNDIS_EVENT Event);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisResetEvent(_In_ PNDIS_EVENT Event);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI BOOLEAN
    NdisWaitEvent(_In_ PNDIS_EVENT Event, _In_ UINT MsToWait);
_IRQL_requires_max_(APC_LEVEL) NDISAPI VOID NdisMSleep(_In_ ULONG MicrosecondsToSleep);

/* Work at PASSIVE_LEVEL. */
typedef _Function_class_(NDIS_IO_WORKITEM_FUNCTION) VOID
    NDIS_IO_WORKITEM_FUNCTION(_In_ PVOID WorkItemContext, _In_ NDIS_HANDLE NdisIoWorkItemHandle);
typedef NDIS_IO_WORKITEM_FUNCTION *NDIS_IO_WORKITEM_ROUTINE;
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_HANDLE
    NdisAllocateIoWorkItem(_In_ NDIS_HANDLE NdisObjectHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisQueueIoWorkItem(_In_ NDIS_HANDLE NdisIoWorkItemHandle,
                        _In_ NDIS_IO_WORKITEM_ROUTINE Routine, _In_ PVOID WorkItemContext);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeIoWorkItem(_In_ NDIS_HANDLE NdisIoWorkItemHandle);

#define NdisGetCurrentSystemTime(_pCurrentTime_) KeQuerySystemTime(_pCurrentTime_)
#define NdisStallExecution(MicroSecondsToStall)  KeStallExecutionProcessor(MicroSecondsToStall)

NDISAPI VOID NdisGetSystemUpTimeEx(_Out_ PLARGE_INTEGER pSystemUpTime);

EXTERN_C_END

#endif
