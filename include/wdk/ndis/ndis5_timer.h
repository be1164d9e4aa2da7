/* Timers and work items of NDIS 5: the driver has the memory of both, so their sizes are the
 * header's ("NDIS_MINIPORT_TIMER", "NDIS_WORK_ITEM"). */
#ifndef __NDIS_NDIS5_TIMER_H
#define __NDIS_NDIS5_TIMER_H

#include "types.h"
#include "timer.h"
#include "ndis5_handlers.h"
#include "../wdm/dpc.h"

EXTERN_C_START

typedef struct _NDIS_TIMER {
    KTIMER Timer;
    KDPC Dpc;
} NDIS_TIMER, *PNDIS_TIMER;

/* Begins like an NDIS_TIMER. */
typedef struct _NDIS_MINIPORT_TIMER {
    KTIMER Timer;
    KDPC Dpc;
    PNDIS_TIMER_FUNCTION MiniportTimerFunction;
    PVOID MiniportTimerContext;
    PNDIS_MINIPORT_BLOCK Miniport;
    struct _NDIS_MINIPORT_TIMER *NextTimer;
} NDIS_MINIPORT_TIMER, *PNDIS_MINIPORT_TIMER;

struct _NDIS_WORK_ITEM;
typedef VOID (*NDIS_PROC)(struct _NDIS_WORK_ITEM *WorkItem, PVOID Context);

typedef struct _NDIS_WORK_ITEM {
    PVOID Context;
    NDIS_PROC Routine;
    UCHAR WrapperReserved[8 * sizeof(PVOID)];
} NDIS_WORK_ITEM, *PNDIS_WORK_ITEM;

NDISAPI VOID NdisMInitializeTimer(_Inout_ PNDIS_MINIPORT_TIMER Timer,
                                  _In_ NDIS_HANDLE MiniportAdapterHandle,
                                  _In_ PNDIS_TIMER_FUNCTION TimerFunction,
                                  _In_opt_ PVOID FunctionContext);
#define NdisMSetTimer(_Timer, _MillisecondsToDelay)                                                \
    NdisSetTimer((PNDIS_TIMER)(_Timer), (_MillisecondsToDelay))
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMSetPeriodicTimer(_In_ PNDIS_MINIPORT_TIMER Timer, _In_ UINT MillisecondPeriod);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisMCancelTimer(_In_ PNDIS_MINIPORT_TIMER Timer, _Out_ PBOOLEAN TimerCancelled);

NDISAPI VOID NdisInitializeTimer(_Inout_ PNDIS_TIMER Timer, _In_ PNDIS_TIMER_FUNCTION TimerFunction,
                                 _In_opt_ PVOID FunctionContext);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisSetTimer(_In_ PNDIS_TIMER Timer, _In_ UINT MillisecondsToDelay);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisSetTimerEx(_In_ PNDIS_TIMER Timer, _In_ UINT MillisecondsToDelay,
                   _In_opt_ PVOID FunctionContext);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisCancelTimer(_In_ PNDIS_TIMER Timer, _Out_ PBOOLEAN TimerCancelled);

#define NdisInitializeWorkItem(_WorkItem, _Routine, _Context)                                      \
    do {                                                                                           \
        (_WorkItem)->Context = (_Context);                                                         \
        (_WorkItem)->Routine = (_Routine);                                                         \
    } while (0)
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisScheduleWorkItem(_In_ PNDIS_WORK_ITEM WorkItem);

NDISAPI VOID NdisGetSystemUpTime(_Out_ PULONG pSystemUpTime);

EXTERN_C_END

#endif
